"""Run a trained network on a Brian2 back end, for one sample or thousands.

Samples are simulated in batches, side by side in one Brian2 network. Memory is bounded: a batch and what is recorded
of it stay under `BUDGET` bytes a process (at least one sample is taken), beside the input and the returned Activity,
which is held twice for a moment when the batches are joined.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.brian import axons, connections, genn, graph_simulation, membranes, shared, standalone
from dmpnet.brian.backends import GENN, check_backend
from dmpnet.brian.batches import BUDGET, asked, at_run_time, batches, counter, fitting, joined
from dmpnet.brian.conversion import built, check, check_genn, needed
from dmpnet.brian.populations import steps_of
from dmpnet.brian.quantities import unitless
from dmpnet.brian.trained_program import Trained, run_each
from dmpnet.equations.membrane import Membranes
from dmpnet.graph.graph import Graph, check_network
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork


def simulate(network: TrainedNetwork | Graph, s_in: np.ndarray, *, backend: str = "numpy", coupling: str = "shared",
             record: str | Iterable[str] = ("spikes",), batch: int | None = None, processes: int = 1,
             progress: Progress = None, cache: str | Path | None = None, membrane: Any = None) -> Activity:
    """Activity of `network` on s_in (B, T, M), simulated by Brian2; equal to `reference.run`, spike for spike.

        seen = dmpnet.simulate(dmpnet.load("smnist-dmp2"), digits, record=("spikes", "m"))
        seen.predictions                                          # (B,)
        seen.spikes[0], seen.m[0]                                 # of layer 1: (B, T, N) bool and (B, T, d)

    network : trained, or a graph, which takes s_in (B, T, *shape of its input, or flat) and 'shared' alone
    s_in : (B, T, M), B samples of T steps (of the network's dt) of M channels, without a unit; read as it is, so in the
        range and, for a permuted task, the order of steps that the network was trained on
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

    What comes back is a dmpnet.trained.activity.Activity, where the shape of every array stands. DmpnetError for input
    of another shape, range or unit than the network reads, and for a setting that is not known; BackendError where
    this machine lacks the back end.
    """
    of: Callable[..., Activity] = graph_simulation.simulate if isinstance(network, Graph) else _simulate
    return of(network, s_in, backend, coupling, record, batch, processes, progress, cache, membrane)


def _simulate(network: TrainedNetwork, s_in: np.ndarray, backend: str, coupling: str, record: str | Iterable[str],
              batch: int | None, processes: int, progress: Progress, cache: str | Path | None,
              membrane: Any) -> Activity:
    """`simulate` of a trained network."""
    check_network("simulate", network)
    unitless("simulate", "s_in", s_in)
    s_in = reference.plain(s_in)
    reference.check_input(network, s_in)
    reference.tell_doubts(network, s_in)
    record = check(coupling, record)
    check_backend(backend, processes, genn=True)
    own = membranes.checked(membrane, steps_of(network), network.encoding.dt)
    membranes.check_drawn(own)
    if backend == GENN:
        check_genn(network, own)
        coupling = "synapses"
    size = asked(batch) or batch_size(network, s_in.shape, backend, coupling, record, processes)
    with telling(progress, len(s_in), "sample", backend) as tell:
        parts = _parts(network, batches(s_in, size), backend, coupling, record, (size, s_in.shape[1]), processes,
                       counter(tell), cache, own)
    return joined(parts, len(s_in))


def _parts(network: TrainedNetwork, pieces: Iterator[tuple[np.ndarray, int]], backend: str, coupling: str,
           record: tuple[str, ...], shape: tuple[int, int], processes: int, done: Callable[[int], None],
           cache: str | Path | None, own: Membranes) -> list[Activity]:
    """Activities of the batches, on the back end; done : called with the number of samples after each."""
    if backend == "cpp_standalone":
        if coupling == "shared":
            return standalone.run(Trained(network, own), pieces, record, shape, processes, done, cache)
        return run_each(network, pieces, record, processes, done, own)
    if backend == GENN:
        return genn.run(network, pieces, record, done)
    return at_run_time(
        backend, pieces, lambda piece: built(network, piece, coupling, record, own),
        None if coupling != "shared" else lambda converted, piece: shared.replay(converted["input"], network, piece),
        done)


def prepare(network: TrainedNetwork | Graph, s_in: np.ndarray, backend: str, processes: int = 1) -> None:
    """Compile what `simulate` of s_in would, so that its time leaves that out; with Cython, by a run of one step."""
    if backend == "cpp_standalone":
        if isinstance(network, Graph):
            graph_simulation.prepare(network, s_in, processes)
            return
        size = batch_size(network, s_in.shape, backend, "shared", ("spikes",), processes)
        standalone.prepare(Trained(network), (size, s_in.shape[1]))
    elif backend == "cython":
        simulate(network, s_in[:1, :1], backend=backend)


def batch_size(network: TrainedNetwork, shape: tuple[int, ...], backend: str, coupling: str, record: tuple[str, ...],
               processes: int = 1) -> int:
    """Samples to simulate side by side, so that a batch and its recording stay under BUDGET bytes."""
    samples, steps, channels = shape
    each = _sample_bytes(network, steps, channels, coupling, record)
    return fitting(samples, each, BUDGET, backend == "cpp_standalone" and coupling != "synapses", processes)


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
