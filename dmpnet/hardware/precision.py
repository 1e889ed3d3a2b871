"""Which bits for which quantity, when a budget of bytes has to do? W_f, P (with nu), m and u: a ladder of bits each.

Greedy, by sensitivity: from the widest bits, always the one rung down that loses least accuracy for a byte saved,
until the budget is met. Bytes are those of the banks of dmpnet.hardware.fit, all cores together; accuracy is that of
the integer network on samples not used for training or formats. A step is never taken back, so the result need not be
the best there is; with L ladders of R rungs it takes at most L^2 R networks in place of R^L.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet import reference
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.hardware.chip import changed
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit
from dmpnet.hardware.parts import Chip
from dmpnet.sweeps.sweep import sweep
from dmpnet.system.progress import Progress, telling

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork

Bits = dict[str, int]
LADDERS: dict[str, tuple[int, ...]] = {"W_f": (8, 6, 4, 3, 2, 1), "P": (8, 6, 4, 3), "m": (16, 12, 8, 6, 4),
                                       "u": (16, 12, 10, 8)}
TOGETHER = {"W_f": ("W_f", "W_r"), "P": ("P", "nu")}
"""Words that have the bits of a ladder, where it is more than its own."""
BATCH = 250  # samples at a time


@dataclass(frozen=True)
class Choice:
    """A choice of bits, with what it takes and what it gets; tried: networks looked at up to here."""

    bits: Bits
    bytes: int
    accuracy: float
    tried: int


def greedy(ladders: Mapping[str, tuple[int, ...]], size: Callable[[Bits], int], accuracy: Callable[[Bits], float],
           budget: int, ahead: Callable[[list[Bits]], None] = lambda choices: None) -> list[Choice]:
    """Steps from the widest bits to the first that fit `budget`; rungs of a ladder go down.

    ahead : is told which choices will be asked for next, which may be looked at side by side
    size, accuracy : of a choice of bits. Of rungs that save nothing none is taken, unless nothing else is left to try.
    """
    lowest = size({name: rungs[-1] for name, rungs in ladders.items()})
    if lowest > budget:
        raise DmpnetError(f"budget: {budget:,} bytes, but {lowest:,} are needed with the fewest bits; allow more, or "
                          f"train a smaller network")
    place = dict.fromkeys(ladders, 0)

    def bits(of: Mapping[str, int]) -> Bits:
        return {name: ladders[name][rung] for name, rung in of.items()}

    now = bits(place)
    steps = [Choice(now, size(now), accuracy(now), 1)]
    tried = 1
    while steps[-1].bytes > budget:
        candidates = []
        lower = [place | {name: place[name] + 1} for name in ladders if place[name] + 1 < len(ladders[name])]
        ahead([bits(below) for below in lower])
        for below in lower:
            took, got = size(bits(below)), accuracy(bits(below))
            tried += 1
            saved = steps[-1].bytes - took
            candidates.append(((steps[-1].accuracy - got) / saved if saved > 0 else math.inf, -saved, below, took, got))
        _, _, place, took, got = min(candidates, key=lambda each: each[:2])
        steps.append(Choice(bits(place), took, got, tried))
    return steps


def settings(bits: Bits) -> dict[str, Any]:
    """What `chip.changed` takes for a choice of bits."""
    return {f"words.{word}.bits": value for name, value in bits.items() for word in TOGETHER.get(name, (name,))}


def size(network: TrainedNetwork | Graph, chip: Chip, blocks: bool = False) -> int:
    """Bytes of all banks of all cores."""
    return sum(int(need.used) for need in fit(network, chip, blocks=blocks).banks)


def search(network: TrainedNetwork | Graph, chip: Chip, budget: int, s_in: np.ndarray, validation: np.ndarray,
           labels: np.ndarray, ladders: Mapping[str, tuple[int, ...]] = LADDERS, blocks: bool = False,
           progress: Progress = None, scheduler: Any = None, out: Path | None = None) -> list[Choice]:
    """Bits for `network` on `chip` within `budget` bytes: the last of the steps returned.

    s_in (b, T, M) : samples on which formats are chosen;  validation (n, T, M), labels (n,) or (n, T) : on which
        accuracy is measured
    ladders : rungs above the chip's own bits are left out
    progress : called with (done, total) in networks tried, of as many as it may take; True or a name: a bar; None:
        silent
    scheduler, out : of a Dask cluster on which the networks of a step are tried side by side, and where results lie
    """
    rungs = _rungs(ladders, chip)
    known: dict[tuple, float] = {}
    given: dict[str, Any] = {"network": network, "chip": chip, "s_in": s_in, "validation": validation, "labels": labels,
             "blocks": blocks}

    def bytes_of(bits: Bits) -> int:
        return size(network, changed(chip, settings(bits)), blocks)

    def accuracy(bits: Bits) -> float:
        key = tuple(bits.values())
        if key not in known:
            known[key] = tried(bits, **given)
            tell(len(known))
        return known[key]

    def ahead(choices: list[Bits]) -> None:
        new = [bits for bits in choices if tuple(bits.values()) not in known]
        found = sweep(tried, [{"bits": bits} for bits in new], scheduler, out=out or "search", common=given,
                      progress=None)
        known.update((tuple(bits.values()), right) for bits, right in zip(new, found, strict=True))
        tell(len(known))

    most = 1 + len(rungs) * sum(len(ladder) - 1 for ladder in rungs.values())
    with telling(progress, most, "network", "searching") as tell:
        steps = greedy(rungs, bytes_of, accuracy, budget, *([ahead] if scheduler else []))
        tell(most)
    return steps


def _rungs(ladders: Mapping[str, tuple[int, ...]], chip: Chip) -> dict[str, tuple[int, ...]]:
    """Of each ladder those that are not above the chip's own bits."""
    rungs = {name: tuple(bits for bits in ladder if bits <= getattr(chip.words, name).bits)
             for name, ladder in ladders.items()}
    for name, ladder in rungs.items():
        if not ladder:
            raise DmpnetError(f"{name}: a ladder of {', '.join(map(str, ladders[name]))} bits, but {chip.name} has "
                              f"{getattr(chip.words, name).bits}; give rungs that are not above it")
    return rungs


def tried(bits: Bits, network: TrainedNetwork | Graph, chip: Chip, s_in: np.ndarray, validation: np.ndarray,
          labels: np.ndarray, blocks: bool) -> float:
    """Fraction of `validation` that the integers of a choice of bits classify as labelled."""
    made = constrain(network, changed(chip, settings(bits)), s_in, clip=True, blocks=blocks).network
    return measured(made, validation, labels)


def measured(network: TrainedNetwork | Graph, s_in: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of s_in (n, T, M) classified as labelled, by the reference."""
    parts = np.array_split(np.arange(len(labels)), math.ceil(len(labels) / BATCH))
    right = [reference.run(network, s_in[part], record=()).predictions == labels[part] for part in parts]
    return float(np.concatenate(right).mean())
