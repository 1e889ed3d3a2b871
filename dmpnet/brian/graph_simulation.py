"""Run a graph on a Brian2 back end, in batches, as dmpnet.brian.simulation does a trained network."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.brian import axons, graphs, standalone
from dmpnet.brian.backends import GENN, check_backend
from dmpnet.brian.batches import BUDGET, asked, at_run_time, batches, counter, fitting, joined
from dmpnet.brian.graph_program import Graphed
from dmpnet.brian.quantities import unitless
from dmpnet.errors import BackendError, DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Delay, Scale, Threshold
from dmpnet.graph.population import CONSTANTS, Population
from dmpnet.reference.graphs import shaped
from dmpnet.reference.input import recorded, tell_doubts
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.activity import Activity


def simulate(graph: Graph, s_in: np.ndarray, backend: str = "numpy", coupling: str = "shared",
             record: str | Iterable[str] = ("spikes",), batch: int | None = None, processes: int = 1,
             progress: Progress = None, cache: str | Path | None = None, membrane: Any = None) -> Activity:
    """Activity of `graph` on s_in (B, T, *shape of the input, or flat); the arguments as of simulation.simulate.

    progress : called with (done, total) in samples, within a batch too at run time; True or a name: a bar; None: silent
    """
    record = recorded(record)
    check(backend, coupling, membrane)
    check_backend(backend, processes, genn=True)
    unitless("simulate", "s_in", s_in)
    s_in = shaped(graph, s_in)
    tell_doubts(graph, s_in)
    size = asked(batch) or batch_size(graph, s_in.shape, backend, record, processes)
    flat = s_in.reshape(*s_in.shape[:2], -1)
    with telling(progress, len(s_in), "sample", backend) as tell:
        if backend == "cpp_standalone":
            parts = standalone.run(Graphed(graph), batches(flat, size), record, (size, s_in.shape[1]),
                                   processes, counter(tell), cache)
        else:
            parts = at_run_time(backend, batches(flat, size),
                                lambda piece: graphs.convert(graph, piece, record=record), graphs.replay,
                                counter(tell))
    return joined(parts, len(s_in))


def prepare(graph: Graph, s_in: np.ndarray, processes: int = 1) -> None:
    """Compile the C++ program that `simulate` of s_in needs."""
    size = batch_size(graph, np.shape(s_in), "cpp_standalone", ("spikes",), processes)
    standalone.prepare(Graphed(graph), (size, np.shape(s_in)[1]))


def check(backend: str, coupling: str, membrane: Any) -> None:
    """Raise DmpnetError for what a graph cannot be run with."""
    if coupling != "shared":
        raise DmpnetError(f"coupling = {coupling!r}, but the products of a graph's kernels are shared; set coupling = "
                          f"'shared'")
    if membrane is not None:
        raise DmpnetError("membrane is given, but the populations of a graph have their own equations; change those of "
                          "dmpnet.brian.graphs.convert's network instead")
    if backend == GENN:
        raise BackendError("backend = 'genn', but Brian2GeNN has no products of kernels held once; use 'numpy', "
                           "'cython' or 'cpp_standalone'")


def batch_size(graph: Graph, shape: tuple[int, ...], backend: str, record: tuple[str, ...], processes: int = 1) -> int:
    """Samples to simulate side by side, so that a batch and its recording stay under BUDGET bytes."""
    each = _sample_bytes(graph, shape[1], record)
    return fitting(shape[0], each, BUDGET, backend == "cpp_standalone", processes)


def _sample_bytes(graph: Graph, steps: int, record: tuple[str, ...]) -> int:
    """State twice (it is stored to be brought back), what a step works with, the input and what is recorded."""
    state, per_step = 0, graph.encoding.channels * (1 if graph.encoding.kind == "spikes" else 2)
    for node in graph.nodes.values():
        units = max(math.prod(node.shape_out), math.prod(node.shape_in))
        state += 4 * units
        if isinstance(node, Population):
            state += units * (6 + sum(bool(np.ndim(getattr(node, name))) for name in CONSTANTS))
            per_step += units * (node.fires * ("spikes" in record) + 2 * node.fires * ("u" in record))
        elif isinstance(node, (Scale, Threshold)):
            state += units
        elif isinstance(node, Delay) and units:
            state += axons.slots(node.steps, steps) * units
    per_step += 2 * graph.classes if "readout" in record else 0
    return 8 * (state + steps * per_step)
