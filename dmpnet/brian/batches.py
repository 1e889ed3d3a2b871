"""Samples in batches: how many side by side, one batch after the other, and their activities as one."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from brian2 import Network, second

from dmpnet.brian import session
from dmpnet.brian.quantities import whole
from dmpnet.system.progress import Tell
from dmpnet.trained.activity import Activity

BUDGET = 500_000_000
"""Bytes that a batch and what is recorded of it take at most, unless one sample takes more."""
MOST = 500
"""Samples in a batch: more gain nothing, their state no longer fits the cache."""
SIZES = (1, 8, 32, 128, 256)
"""Of compiled batches: few, so few compilations; products take 8 samples at a time."""


def asked(batch: int | None) -> int | None:
    """Samples side by side as a user asks for them, None for as many as fit; DmpnetError for none."""
    return None if batch is None else whole("simulate", "batch", batch)


def fitting(samples: int, each: int, budget: int, compiled: bool, processes: int = 1) -> int:
    """Samples to simulate side by side, of `each` bytes: one of SIZES where a program is compiled for them."""
    fits = max(1, min(MOST, budget // each))
    if not compiled:
        return min(samples, fits)
    wanted = min(fits, -(-samples // processes))
    allowed = [size for size in SIZES if size <= fits]
    return next((size for size in allowed if size >= wanted), allowed[-1])


def batches(s_in: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """s_in in pieces of exactly `size` samples, the last filled up with silence; and how many of each are real."""
    for start in range(0, len(s_in), size):
        piece = s_in[start:start + size]
        if len(piece) < size:
            piece = np.concatenate([piece, np.zeros((size - len(piece), *s_in.shape[1:]), s_in.dtype)])
        yield piece, min(size, len(s_in) - start)


def at_run_time(target: str, pieces: Iterator[tuple[np.ndarray, int]], build: Callable[[np.ndarray], Any],
                replay: Callable[[Any, np.ndarray], None] | None, done: Callable[[int], None]) -> list[Activity]:
    """Activities of the pieces on Brian2's run-time device.

    build : the converted network of a piece;  replay : gives it, back at rest, another; None to build one for each
    done : called with the number of samples, as a batch goes on
    """
    found = []
    with session.run_time(target):
        converted = None
        for piece, keep in pieces:
            if converted is None or replay is None:
                converted = build(piece)
                converted.store()
            else:
                Network.restore(converted)  # nothing was added since it was stored: no need to keep what it recorded
                replay(converted, piece)
            told = _Told(keep, done)
            converted.run(namespace={}, report=told, report_period=0.5 * second)
            found.append(converted.activity(keep))
            told.to(keep)
    return found


def counter(tell: Tell) -> Callable[[int], None]:
    """Adds up the samples of each batch and tells the sum."""
    done = 0

    def count(samples: int) -> None:
        nonlocal done
        done += samples
        tell(done)

    return count


class _Told:
    """Samples of a batch that is under way, told as it goes on: as many as the part of its steps that are done."""

    def __init__(self, samples: int, done: Callable[[int], None]):
        self.samples, self.done, self.told = samples, done, 0

    def __call__(self, elapsed: Any, completed: float, start: Any, duration: Any) -> None:
        self.to(int(self.samples * completed) if completed < 1 else self.told)

    def to(self, samples: int) -> None:
        if samples > self.told:
            self.done(samples - self.told)
            self.told = samples


def joined(parts: list[Activity], samples: int) -> Activity:
    """One Activity of all batches, in order."""
    if len(parts) == 1:
        return parts[0]

    def layers(key: str) -> list:
        columns = zip(*(getattr(part, key) for part in parts), strict=True)
        return [None if column[0] is None else np.concatenate(column) for column in columns]

    rates = zip(*(part.rates for part in parts), strict=True)
    weights = [len(part.logits) / samples for part in parts]
    return Activity(
        logits=np.concatenate([part.logits for part in parts]),
        rates=[sum(weight * rate for weight, rate in zip(weights, layer, strict=True)) for layer in rates],
        counts=layers("counts"), spikes=layers("spikes"), u=layers("u"), m=layers("m"), x=layers("x"),
        readout=None if parts[0].readout is None else np.concatenate([part.readout for part in parts]),
    )
