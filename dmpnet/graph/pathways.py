"""What a population hears as a layer does: its fast pathway and its slow memory; both as a Layer.

    spikes -> maps -> population                               W_f, W_r: sums of whole numbers, whatever the maps
    spikes -> Affine (1, M) -> Rectify -> Memory -> Affine     w_x, x, m, W_m: with nu P, and a step late
                               Rectify -> Affine               nu, where the chip breaks the dependency

In integers a population with a slow memory steps as dmpnet.arithmetic.fixed tells, its biases in c.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.equations.decay import BY_NAME
from dmpnet.errors import DmpnetError
from dmpnet.graph.nodes import Affine, Convolution, Delay, Flatten, Input, Memory, Node, Pool, Rectify, Scale

if TYPE_CHECKING:
    from dmpnet.arithmetic.fixed import Fixed
    from dmpnet.graph.graph import Edge, Graph

SUMS = (Affine, Convolution, Delay, Flatten, Input, Pool, Scale)
"""What gives whole numbers for whole numbers and keeps none of its own."""


@dataclass(frozen=True)
class Pathways:
    """Of one population.

    fast, seen, ahead : edges that bring W_f s and W_r s; W_m m, or P m; nu x
    x, m : names of the scalar and of the slow memory, '' for none;  looks : edges that bring w_x s to x
    """

    fast: tuple[Edge, ...]
    seen: tuple[Edge, ...]
    ahead: tuple[Edge, ...]
    x: str
    m: str
    looks: tuple[Edge, ...]

    @property
    def inside(self) -> list[str]:
        """Nodes of its slow memory from x on: x, m, W_m, nu."""
        return [self.x, self.m, *(edge.source for edge in (*self.seen, *self.ahead))] if self.m else []


def of(graph: Graph, name: str) -> Pathways:
    """Those of population `name`."""
    found: dict[type, list[Edge]] = {Memory: [], Rectify: [], object: []}
    for edge in graph.into(name):
        into = graph.into(edge.source)
        behind: type = type(graph.nodes[into[0].source]) if len(into) == 1 else object
        found[behind if isinstance(graph.nodes[edge.source], Affine) and behind in found else object].append(edge)
    m = graph.into(found[Memory][0].source)[0].source if found[Memory] else ""
    x = next((edge.source for edge in graph.into(m) if isinstance(graph.nodes[edge.source], Rectify)), "")
    return Pathways(tuple(found[object]), tuple(found[Memory]), tuple(found[Rectify]), x, m, graph.into(x))


def layer(graph: Graph, name: str) -> Any:
    """Population `name` and its slow memory in the fields of a trained layer, whose W_f s its maps take: W_f (N, 0)."""
    node: Any = graph.nodes[name]
    ways, N = of(graph, name), math.prod(node.shape)
    neuron = SimpleNamespace(decay=node.decay, constant=float(np.max(node.beta)),
                             reset="hard" if node.reset == "value" else "soft")
    b = np.broadcast_to(node.c, node.shape).ravel()
    return SimpleNamespace(N=N, W_f=np.zeros((N, 0)), b_f=b, neuron=neuron, W_r=None, delay=None, fixed=node.fixed,
                           slow=SimpleNamespace(**slow(graph, ways), d=math.prod(graph.nodes[ways.m].shape_out), d_s=1)
                           if ways.m else None)


def slow(graph: Graph, ways: Pathways) -> dict[str, Any]:
    """The arrays of a slow memory, by their names in a layer."""
    looks, seen, ahead, memory = ([graph.nodes[edge.source] for edge in ways.looks], graph.nodes[ways.seen[0].source],
                                  [graph.nodes[edge.source] for edge in ways.ahead], graph.nodes[ways.m])
    assert isinstance(seen, Affine) and isinstance(memory, Memory)
    w_x = np.concatenate([look.weight[0] for look in looks])  # type: ignore[attr-defined]
    b_x = sum((look.bias[0] for look in looks if look.bias is not None), 0.0)  # type: ignore[attr-defined]
    return {"w_x": w_x, "b_x": np.asarray(b_x), "W_m": seen.weight, "b_m": np.zeros(len(seen.weight)),
            "Abar": memory.A, "Bbar": memory.B[:, 0],
            "nu": ahead[0].weight[:, 0] if ahead else None}  # type: ignore[attr-defined]


def integer(graph: Graph) -> bool:
    """Whether its populations compute in integers."""
    return any(fixed(graph, name) is not None for name in graph.nodes)


def neurons(node: Node) -> bool:
    """Whether it is a population."""
    return hasattr(node, "fixed")


def fixed(graph: Graph, name: str) -> Fixed | None:
    """How population `name` computes in integers."""
    return getattr(graph.nodes[name], "fixed", None)


def check(graph: Graph) -> None:
    """Raise DmpnetError for the first node of a graph in integers that has no place in their arithmetic."""
    whole = integer(graph)
    if (whole and graph.encoding.kind == "analog") != (graph.encoding.levels > 0):
        raise DmpnetError(f"graph: input.levels = {graph.encoding.levels}, but analog input of a graph in integers, no "
                          f"other, has levels; make it with dmpnet.hardware.constrain")
    if not whole:
        return
    inside: list[str] = []
    for name, node in graph.nodes.items():
        if neurons(node):
            ways = of(graph, name)
            inside += ways.inside
            if fixed(graph, name) is None or not _sound(graph, ways, node) or len(set(inside)) < len(inside):
                raise _unsound(name)
    for name, node in graph.nodes.items():
        arrays = [getattr(node, key, None) for key in ("weight", "bias", "scale", "A", "B", "c")]
        biased = getattr(node, "bias", None) is not None and name != graph.output and not _looks(graph, name)
        placed = isinstance(node, SUMS) or neurons(node) or name in inside
        if not placed or biased or getattr(node, "mean", False) or any(
                array is not None and (array % 1).any() for array in arrays):
            raise _unsound(name)


def _unsound(name: str) -> DmpnetError:
    return DmpnetError(f"node {name!r}: no such node computes in integers (whole numbers, biases in c of the neurons, "
                       f"a slow memory of Affine, Rectify, Memory, Affine); make the graph with "
                       f"dmpnet.hardware.constrain")


def _looks(graph: Graph, name: str) -> bool:
    """Whether it brings w_x s to an x."""
    return all(isinstance(graph.nodes[edge.target], Rectify) for edge in graph.edges if edge.source == name)


def _sound(graph: Graph, ways: Pathways, node: Any) -> bool:
    """Whether neurons and pathways are those of a layer."""
    plain = type(node)(node.shape, node.beta, 1.0, node.c, reset=node.reset, decay=node.decay, fixed=node.fixed)
    same = all(np.array_equal(getattr(node, f.name), getattr(plain, f.name)) for f in fields(node)
               if f.name not in ("shape", "fixed"))
    return same and BY_NAME[node.decay].left_whole is not None and node.reset in ("value", "subtract") and (
        not (ways.seen or ways.ahead) or _formed(graph, ways))


def _formed(graph: Graph, ways: Pathways) -> bool:
    """Whether a slow memory is one: an x of one number, W_m m prompt or, beside nu, late."""
    ahead = [graph.into(edge.source)[0] for edge in ways.ahead]
    seen, feed = graph.into(ways.seen[0].source) if ways.seen else (), graph.into(ways.m)
    late = [edge.late for edge in (*ways.seen, *ways.ahead, *ahead, *ways.looks, *feed)]
    return (len(ways.seen) == len(feed) == 1 and len(ways.ahead) < 2 and bool(ways.x and ways.looks)
            and all(edge.source == ways.x for edge in ahead) and not any(late) and seen[0].late == bool(ahead)
            and graph.nodes[ways.m].shape_in == (1,)
            and all(isinstance(graph.nodes[edge.source], Affine) for edge in ways.looks))
