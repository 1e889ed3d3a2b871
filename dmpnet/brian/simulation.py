"""Run a trained network on a Brian2 back end, for one sample or thousands.

Samples are simulated in batches, side by side in one Brian2 network. Memory is bounded: a batch and what is recorded
of it stay under `BUDGET` bytes a process (at least one sample is taken), beside the input and the returned Activity,
which is held twice for a moment when the batches are joined.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Network, second

from dmpnet import reference
from dmpnet.brian import axons, connections, genn, membranes, session, shared, standalone
from dmpnet.brian.backends import GENN, check_backend
from dmpnet.brian.conversion import check, check_genn, convert, needed
from dmpnet.equations.membrane import Membranes
from dmpnet.errors import DmpnetError
from dmpnet.system.progress import Progress, Tell, telling
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

BUDGET = 500_000_000
MOST = 500  # samples in a batch: more gain nothing, their state no longer fits the cache
SIZES = (1, 8, 32, 128, 256)  # of compiled batches: few, so few compilations; products take 8 samples at a time


def simulate(network: TrainedNetwork, s_in: np.ndarray, *, backend: str = "numpy", coupling: str = "shared",
             record: str | Iterable[str] = ("spikes",), batch: int | None = None, processes: int = 1,
             progress: Progress = None, cache: str | Path | None = None, membrane: Any = None) -> Activity:
    """Activity of `network` on s_in (B, T, M), simulated by Brian2; equal to `reference.run`, spike for spike.

    s_in : read as it is, so in the range and, for a permuted task, the order of steps that the network was trained on
    backend : 'numpy' starts at once; 'cython' compiles for Brian2's run time; 'cpp_standalone' compiles a program
        once per architecture, steps and batch size, keeps it in `cache`, and is the fastest for many samples; 'genn'
        is Brian2GeNN where it is installed, with synapses
    coupling : see dmpnet.brian.conversion.convert; 'synapses' on cpp_standalone is compiled anew each time
    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step
    batch : samples side by side; chosen by memory if None
    processes : programs run at once (cpp_standalone)
    progress : called with (done, total) in samples, within a batch too at run time; True or a name: a bar; None: silent
    cache : folder of compiled programs; $DMPNET_CACHE, else the user's cache folder
    membrane : what moves u in place of the trained decay, as for `convert`; on cpp_standalone its methods are names and
        its values numbers, which are compiled in

    The user's Brian2 device, preferences and default clock are left as they were; nothing is drawn at random. Calls
    from several threads take turns at run time, for Brian2 has one device and one set of preferences a process.
    """
    s_in = np.asarray(s_in)
    reference.check_input(network, s_in)
    record = check(coupling, record)
    check_backend(backend, processes, genn=True)
    own = membranes.checked(membrane, network)
    membranes.check_drawn(own)
    if backend == GENN:
        check_genn(network, own)
        coupling = "synapses"
    if batch is not None and batch < 1:
        raise DmpnetError(f"batch = {batch}, but a batch has at least one sample; set batch >= 1 or None")
    size = batch or batch_size(network, s_in.shape, backend, coupling, record, processes)
    with telling(progress, len(s_in), "sample", backend) as tell:
        parts = _parts(network, batches(s_in, size), backend, coupling, record, (size, s_in.shape[1]), processes,
                       _counter(tell), cache, own)
    return joined(parts, len(s_in))


def _parts(network: TrainedNetwork, pieces: Iterator[tuple[np.ndarray, int]], backend: str, coupling: str,
           record: tuple[str, ...], shape: tuple[int, int], processes: int, done: Callable[[int], None],
           cache: str | Path | None, own: Membranes) -> list[Activity]:
    """Activities of the batches, on the back end; done : called with the number of samples after each."""
    if backend == "cpp_standalone":
        return standalone.run(network, pieces, coupling, record, shape, processes, done, cache, own=own)
    if backend == GENN:
        return genn.run(network, pieces, record, done)
    return _at_run_time(network, pieces, backend, coupling, record, done, own)


def prepare(network: TrainedNetwork, s_in: np.ndarray, backend: str, processes: int = 1) -> None:
    """Compile what `simulate` of s_in would, so that its time leaves that out; with Cython, by a run of one step."""
    if backend == "cpp_standalone":
        size = batch_size(network, s_in.shape, backend, "shared", ("spikes",), processes)
        standalone.prepare(network, (size, s_in.shape[1]))
    elif backend == "cython":
        simulate(network, s_in[:1, :1], backend=backend)


def _counter(tell: Tell) -> Callable[[int], None]:
    """Adds up the samples of each batch and tells the sum."""
    done = 0

    def count(samples: int) -> None:
        nonlocal done
        done += samples
        tell(done)

    return count


def batch_size(network: TrainedNetwork, shape: tuple[int, ...], backend: str, coupling: str, record: tuple[str, ...],
               processes: int = 1) -> int:
    """Samples to simulate side by side, so that a batch and its recording stay under BUDGET bytes."""
    samples, steps, channels = shape
    each = _sample_bytes(network, steps, channels, coupling, record)
    fits = max(1, min(MOST, BUDGET // each))
    if backend != "cpp_standalone" or coupling == "synapses":
        return min(samples, fits)
    wanted = min(fits, -(-samples // processes))
    allowed = [size for size in SIZES if size <= fits]
    return next((size for size in allowed if size >= wanted), allowed[-1])


def _sample_bytes(network: TrainedNetwork, steps: int, channels: int, coupling: str, record: tuple[str, ...]) -> int:
    units = sum(layer.N for layer in network.layers)
    memory = sum(layer.slow.d for layer in network.layers if layer.slow)
    state = 16 * (units + memory + channels)
    if coupling == "synapses":
        state += 6 * sum(layer.W_f.size + (layer.N**2 if layer.W_r is not None else 0)
                         + (layer.slow.d * (layer.slow.d + layer.N) if layer.slow else 0) for layer in network.layers)
    record = needed(network, record)
    for late in connections.axons(network, steps):
        ring = axons.slots(late.steps, steps) * len(late.steps)
        state += 16 * len(late.steps) + (-(-ring // 8) if late.carries == "spikes" else ring)
    per_step = channels * (1 if network.encoding.kind == "spikes" else 2)
    per_step += units * (1 if "spikes" in record else 0) + units * (2 if "u" in record else 0)
    per_step += 2 * sum(layer.slow is not None for layer in network.layers) if "x" in record else 0
    per_step += (2 * memory if "m" in record else 0) + (2 * network.classes if "readout" in record else 0)
    return 8 * (state + steps * per_step)


def batches(s_in: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """s_in in pieces of exactly `size` samples, the last filled up with silence; and how many of each are real."""
    for start in range(0, len(s_in), size):
        piece = s_in[start:start + size]
        if len(piece) < size:
            piece = np.concatenate([piece, np.zeros((size - len(piece), *s_in.shape[1:]), s_in.dtype)])
        yield piece, min(size, len(s_in) - start)


def _at_run_time(network: TrainedNetwork, pieces: Iterator[tuple[np.ndarray, int]], target: str, coupling: str,
                 record: tuple[str, ...], done: Callable[[int], None],
                 own: Membranes = ()) -> list[Activity]:
    """Batches on Brian2's run-time device; a shared network is built once and brought back to rest."""
    found = []
    with session.run_time(target):
        converted = None
        for piece, keep in pieces:
            if converted is None or coupling != "shared":
                converted = convert(network, piece, coupling=coupling, record=record, membrane=own)
                converted.store()
            else:
                Network.restore(converted)  # nothing was added since it was stored: no need to keep what it recorded
                shared.replay(converted["input"], network, piece)
            told = _Told(keep, done)
            converted.run(namespace={}, report=told, report_period=0.5 * second)
            found.append(converted.activity(keep))
            told.to(keep)
    return found


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
