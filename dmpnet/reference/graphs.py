"""A graph step by step in NumPy, written from the equations of dmpnet.graph, for B samples at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dmpnet.equations.decay import decayed
from dmpnet.errors import DmpnetError
from dmpnet.graph import pathways
from dmpnet.graph.nodes import (
    Affine,
    Convolution,
    Delay,
    Flatten,
    Input,
    Memory,
    Node,
    Pool,
    Rectify,
    Scale,
    Threshold,
)
from dmpnet.graph.population import Population
from dmpnet.reference.graph_integers import Counting, Given
from dmpnet.reference.input import plain, recorded
from dmpnet.trained.activity import Activity

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph
    from dmpnet.reference.integers import IntegerLayer


def run(graph: Graph, s_in: np.ndarray, record: str | Iterable[str] = ("spikes",),
        registers: dict[str, IntegerLayer] | None = None) -> Activity:
    """What `graph` does on s_in (B, T, *shape of the input, or flat), in float64.

    The layers of the Activity are graph.populations, flat; its readout is what graph.output gives, and its logits
    their mean over the steps; its m and x those of the Memory that a population hears through an Affine.

    registers : of every population of a graph in integers (dmpnet.reference.run makes them), whose input is whole
    """
    record = recorded(record)
    s_in = shaped(graph, s_in)
    if graph.integer and registers is None:
        raise DmpnetError("graph: it computes in integers; run it with dmpnet.reference.run")
    batch, steps = s_in.shape[:2]
    ways = {name: pathways.of(graph, name) for name in graph.populations}
    held = registers or {}
    inside = {inner for name in held for inner in ways[name].inside}
    stepping: dict[str, Any] = {
        name: Counting(ways[name], held[name], (batch, *graph.nodes[name].shape_out)) if name in held else
        _Summing(graph, name, batch) for name in graph.order if name not in inside}
    given: Given = {name: np.zeros((batch, *node.shape_out)) for name, node in graph.nodes.items()}
    kept: dict[str, dict[str, list]] = {key: {name: [] for name in graph.populations}
                                        for key in ("spikes", "u", "m", "x")}
    recording = _Recording(ways, stepping, record)
    y, margin = [], np.inf
    for k in range(steps):
        before = dict(given)
        given[graph.input] = s_in[:, k].astype(np.float64)
        for name, each in stepping.items():
            if name != graph.input:
                given[name] = each.step(k, given, before)
        for name in graph.populations:
            margin = min(margin, stepping[name].margin)
            for key, value in recording.of(name, given).items():
                kept[key][name].append(value)
        y.append(given[graph.output].reshape(batch, -1))
    return _activity(kept, np.stack(y, axis=1), record, margin)


def _activity(kept: dict[str, dict[str, list]], readout: np.ndarray, record: tuple[str, ...],
              margin: float) -> Activity:
    """Of what populations did, by quantity and name, a list of steps each, and the readout (B, T, C)."""
    stacked: dict[str, list[Any]] = {key: [np.stack(values, axis=1) if values else None for values in found.values()]
                                     for key, found in kept.items() if key in record or key == "spikes"}
    spikes = stacked["spikes"]
    return Activity(logits=readout.mean(axis=1), rates=[each.mean(axis=(0, 1)) for each in spikes],
                    counts=[each.sum(axis=1, dtype=np.int64) for each in spikes],
                    readout=readout if "readout" in record else None, margin=float(margin),
                    **stacked | ({} if "spikes" in record else {"spikes": []}))


class _Recording:
    """What is kept of populations after a step."""

    def __init__(self, ways: dict[str, pathways.Pathways], stepping: dict[str, Any], record: tuple[str, ...]):
        self.ways, self.stepping, self.record = ways, stepping, record

    def of(self, name: str, given: Given) -> Given:
        """spikes, and u, m and x where they are there and wanted, (B, units)."""
        each, ways = self.stepping[name], self.ways[name]
        found = {"spikes": given[name].reshape(len(given[name]), -1) > 0}
        if "u" in self.record:
            found["u"] = each.u.reshape(len(each.u), -1)
        for key, node in (("m", ways.m), ("x", ways.x)):
            if node and key in self.record:
                found[key] = getattr(each.registers, key) if isinstance(each, Counting) else given[node]
        return found


def shaped(graph: Graph, s_in: np.ndarray) -> np.ndarray:
    """s_in (B, T, ...) with the shape of the graph's input; DmpnetError if it does not fit or is not finite."""
    s_in = plain(s_in)
    shape = graph.nodes[graph.input].shape_out
    flat = (graph.encoding.channels,)
    if s_in.ndim < 2 or s_in.shape[2:] not in (shape, flat):
        raise DmpnetError(f"input of shape {s_in.shape}, but the graph takes (samples, steps, "
                          f"{', '.join(map(str, shape))}); arrange it so")
    if not len(s_in) or not s_in.shape[1]:
        raise DmpnetError(f"input of shape {s_in.shape} holds no step; give at least one sample of one step")
    if s_in.dtype.kind not in "biuf" or not np.isfinite(s_in).all():
        raise DmpnetError(f"input of dtype {s_in.dtype} holds values that are not finite numbers; repair it")
    if graph.encoding.kind == "spikes" and ((s_in != 0) & (s_in != 1)).any():
        raise DmpnetError("input has values other than 0 and 1, but the graph takes spikes; binarise it, or set "
                          "encoding.kind = 'analog'")
    return s_in.reshape(*s_in.shape[:2], *shape)


class _Summing:
    """A node that takes the sum of what its edges bring."""

    def __init__(self, graph: Graph, name: str, batch: int):
        node = graph.nodes[name]
        kinds: dict[type, Any] = {Population: Firing, Delay: Delaying, Memory: Remembering}
        kind = kinds.get(type(node))
        self.node: Any = kind(node, batch) if kind else Mapping(node)
        self.edges, self.shape = graph.into(name), (batch, *node.shape_in)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.node, name)

    def step(self, k: int, given: Given, before: Given) -> np.ndarray:
        x = np.zeros(self.shape)
        for edge in self.edges:
            x = x + (before if edge.late else given)[edge.source]
        y: np.ndarray = self.node.step(x)
        return y


class Mapping:
    """A node that keeps nothing from step to step."""

    def __init__(self, node: Node):
        self.node = node

    def step(self, x: np.ndarray) -> np.ndarray:
        """What it gives, (B, *shape_out), for x (B, *shape_in)."""
        node = self.node
        if isinstance(node, Affine):
            y = np.matmul(node.weight, x[..., None])[..., 0] if node.weight.ndim > 2 else x @ node.weight.T
            return y if node.bias is None else y + node.bias
        if isinstance(node, Convolution):
            return convolved(node, x)
        if isinstance(node, Pool):
            return pooled(node, x)
        if isinstance(node, Scale):
            return node.scale * x
        if isinstance(node, Threshold):
            return (x > node.theta if node.strict else x >= node.theta).astype(np.float64)
        if isinstance(node, Rectify):
            return np.maximum(x, 0)
        if isinstance(node, (Flatten, Input)):
            return x.reshape(len(x), *node.shape_out)
        raise DmpnetError(f"graph: a node of kind {type(node).__name__} has no reference; write it in "
                          f"dmpnet.reference.graphs")


def convolved(node: Convolution, x: np.ndarray) -> np.ndarray:
    """The cross-correlation of x (B, C_in, *S) with node's kernels, (B, C_out, *S_out): a product for each group."""
    axes = range(2, x.ndim)
    x = np.pad(x, ((0, 0), (0, 0), *node.padding))
    reach = tuple(d * (k - 1) + 1 for d, k in zip(node.dilation, node.weight.shape[2:], strict=True))
    windows: np.ndarray = sliding_window_view(x, reach, axis=tuple(axes))  # type: ignore[call-overload]
    steps = (slice(None), slice(None), *(slice(None, None, s) for s in node.stride),
             *(slice(None, None, d) for d in node.dilation))
    windows = windows[steps]  # (B, C_in, *S_out, *K)
    out, inner = len(node.weight) // node.groups, node.weight.shape[1]
    kernel_axes = (1, *range(2 + len(axes), windows.ndim))
    given = []
    for group in range(node.groups):
        w = node.weight[group * out:(group + 1) * out]
        part = np.tensordot(windows[:, group * inner:(group + 1) * inner], w, (kernel_axes, tuple(range(1, w.ndim))))
        given.append(np.moveaxis(part, -1, 1))
    y = np.concatenate(given, axis=1)
    return y if node.bias is None else y + node.bias.reshape(-1, *(1 for _ in axes))


def pooled(node: Pool, x: np.ndarray) -> np.ndarray:
    """Sums, or means, of x (B, C, *S) over node's windows."""
    axes = tuple(range(2, x.ndim))
    x = np.pad(x, ((0, 0), (0, 0), *((pad, pad) for pad in node.padding)))
    windows: np.ndarray = sliding_window_view(x, node.kernel, axis=axes)  # type: ignore[call-overload]
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in node.stride))]
    return windows.sum(axis=tuple(range(2 + len(axes), windows.ndim))) * node.factor


class Delaying:
    """A ring of the last inputs."""

    def __init__(self, node: Delay, batch: int):
        longest = int(node.steps.max()) if node.steps.size else 0
        self.steps, self.k = node.steps.ravel(), 0
        self.ring = np.zeros((longest + 1, batch, node.steps.size))

    def step(self, x: np.ndarray) -> np.ndarray:
        size = len(self.ring)
        self.ring[self.k % size] = x.reshape(len(x), -1)
        y = self.ring[(self.k - self.steps) % size, :, np.arange(len(self.steps))].T.reshape(x.shape)
        self.k += 1
        return y


class Remembering:
    """m = A m + B x."""

    def __init__(self, node: Memory, batch: int):
        self.A, self.B = node.A.T, node.B.T
        self.m = np.zeros((batch, len(node.A)))

    def step(self, x: np.ndarray) -> np.ndarray:
        self.m = self.m @ self.A + x @ self.B
        return self.m


class Firing:
    """Membranes u, synaptic currents i and spikes s of a population, (B, *shape)."""

    def __init__(self, node: Population, batch: int):
        whole = (batch, *node.shape)
        self.node = node
        self.u = np.broadcast_to(node.u_0, whole).astype(np.float64)
        self.i, self.s = np.zeros(whole), np.zeros(whole)
        self.since = np.full(whole, np.iinfo(np.int64).max // 2)  # steps since its last spike
        self.margin = np.inf

    def step(self, x: np.ndarray) -> np.ndarray:
        node: Any = self.node
        before, self.i = self.i, x if node.alpha is None else node.alpha * self.i + node.w * x
        v = decayed_by(node, self.u) + node.g * self.i
        if node.g_before is not None:
            v = v + node.g_before * before
        v = v + node.c
        if node.late and node.fires:
            v = self._reset(v, self.s > 0)
        if node.floor is not None:
            v = np.maximum(v, node.floor)
        rests = self.since < node.refractory
        v = np.where(rests, self.u, v)
        if node.theta is None:
            self.u = v
            return v
        fired = (v > node.theta if node.strict else v >= node.theta) & ~rests
        self.margin = float(np.abs(v - node.theta)[~rests].min(initial=np.inf))
        self.since = np.where(fired, 0, self.since + 1)
        self.s = fired.astype(np.float64)
        self.u = v if node.late else self._reset(v, fired)
        return self.s

    def _reset(self, v: np.ndarray, fired: np.ndarray) -> np.ndarray:
        node: Any = self.node
        if node.reset == "value":
            return np.where(fired, node.u_reset, v)
        return np.where(fired, v - node.theta, v) if node.reset == "subtract" else v


def decayed_by(node: Any, u: np.ndarray) -> np.ndarray:
    """u after a step of the population's decay, its constant one for all or one each."""
    if node.beta.ndim == 0:
        return decayed(u, node.decay, float(node.beta))
    constant = node.beta
    if node.decay == "exponential":
        return constant * u
    if node.decay == "shift":
        return u - constant * u
    return np.where(u > constant, u - constant, np.where(u < -constant, u + constant, 0.0))
