"""Which core holds what of a graph: a population each, with all that leads to it from others that fire.

    spikes -> Affine, Convolution or Scale -> population              W_f; pools, Flatten before and after: addresses
    its own spikes of the step before -> Affine -> population         W_r
    spikes -> Affine (1, M) -> Rectify -> Memory -> Affine (N, d)     slow memory: w_x, x, m, W_m
    population -> Affine, the graph's output                          readout, in that population's core

The mean of a pool is a factor of the weights beside it. What has no place is a Need with its name and a way out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dmpnet.errors import DmpnetError
from dmpnet.graph.nodes import Affine, Convolution, Delay, Flatten, Input, Memory, Node, Pool, Rectify, Scale
from dmpnet.graph.population import Population
from dmpnet.hardware.limit import Need

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph

WEIGHTS = (Affine, Convolution, Scale)
MAPS = (*WEIGHTS, Pool, Flatten, Delay)
PLACED = ("Affine", "Convolution", "Scale", "Pool", "Flatten", "populations", "slow memories")


class Route(NamedTuple):
    """A way on which spikes of `source` reach a population, of the step before if `late`; maps: nearest to it first."""

    source: str
    late: bool
    maps: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What the core of one population holds.

    routes : to W_f;  own : name of W_r, '' for none;  d : dimensions of its slow memory, 0 for none, without what a
        chip has filled up with zeros
    readout : the output node that hangs on it, '' for none;  nodes : names of all that is in the core
    """

    name: str
    routes: tuple[Route, ...]
    own: str
    d: int
    readout: str
    nodes: frozenset[str]

    def hears(self) -> dict[tuple[str, bool], list[Route]]:
        """Its routes by what they come from."""
        found: dict[tuple[str, bool], list[Route]] = {}
        for route in self.routes:
            found.setdefault((route.source, route.late), []).append(route)
        return found


@dataclass(frozen=True)
class Placement:
    """A place a population, in the order of a step, and what has none."""

    places: tuple[Place, ...]
    refused: tuple[Need, ...]

    def check(self) -> None:
        """Raise DmpnetError for all that has no place."""
        if self.refused:
            raise DmpnetError("; ".join(map(str, self.refused)))


def of(graph: Graph) -> Placement:
    """Where the nodes of `graph` go."""
    refused: list[Need] = []
    readout = _readout(graph, refused)
    places = tuple(_place(graph, name, readout, refused) for name in graph.order
                   if isinstance(graph.nodes[name], Population))
    heard = _heard(graph)
    refused += [_no_place(name, "a node of kind", type(graph.nodes[name]).__name__, "leave it out",
                          ("what leads to neurons or the readout",))
                for name in graph.order if name not in heard]
    return Placement(places, tuple({need.layer: need for need in reversed(refused)}.values())[::-1])


def _no_place(name: str, what: str, used: str, way_out: str, there: tuple[str, ...] = PLACED) -> Need:
    return Need("node", name, what, used, there, way_out)


def _ways(graph: Graph, target: str, maps: tuple[str, ...] = (), late: int = 0) -> Iterator[
        tuple[str, tuple[str, ...], int]]:
    """Back from `target` through maps to what is none: its name, the maps from there on, late edges."""
    for edge in graph.into(target):
        name = edge.source
        if isinstance(graph.nodes[name], MAPS) and name not in maps:
            yield from _ways(graph, name, (name, *maps), late + edge.late)
        else:
            yield name, maps, late + edge.late


def _heard(graph: Graph) -> set[str]:
    """What leads to neurons or to the output."""
    heard = {graph.input, graph.output, *(name for name in graph.nodes if isinstance(graph.nodes[name], Population))}
    while more := {edge.source for edge in graph.edges if edge.target in heard} - heard:
        heard |= more
    return heard


def _readout(graph: Graph, refused: list[Need]) -> tuple[str, str, tuple[str, ...]]:
    """(population, output, maps) where an Affine is the output, else blanks."""
    node = graph.nodes[graph.output]
    if isinstance(node, Population):
        return "", "", ()
    ways = list(_ways(graph, graph.output))
    if isinstance(node, Affine) and len(ways) == 1:
        source, maps, late = ways[0]
        if not late and isinstance(graph.nodes[source], Population) and all(
                isinstance(graph.nodes[each], Flatten) for each in maps) and node.weight.ndim == 2:
            return source, graph.output, (*maps, graph.output)
    refused.append(_no_place(graph.output, "an output", type(node).__name__,
                             "end the network with neurons, or with one Affine on the last of them",
                             ("one Affine on one population", "neurons")))
    return "", "", ()


def _place(graph: Graph, name: str, readout: tuple[str, str, tuple[str, ...]], refused: list[Need]) -> Place:
    refused += _neurons(graph, name)
    routes, nodes, own, slow = [], {name}, "", ""
    for source, maps, late in _ways(graph, name):
        node = graph.nodes[source]
        if isinstance(node, Memory):
            nodes |= _slow(graph, source, maps, slow, refused)
            slow = source
        elif isinstance(node, Rectify) and _feeds_memory(graph, source, name, maps):
            nodes |= set(maps)
        elif isinstance(node, (Input, Population)):
            problem = _problem(graph, source, maps, late)
            refused += problem
            nodes |= set(maps)
            if not own and source == name and late and _full(graph, maps):
                own = maps[0]
            elif not problem:
                routes.append(Route(source, late > 0, maps))
        else:
            refused.append(_unplaced(graph, source, node))
    hangs = readout[0] == name
    return Place(name, tuple(routes), own, _dimensions(graph, name, slow) if slow else 0,
                 readout[1] if hangs else "", frozenset(nodes | set(readout[2] if hangs else ())))


def _dimensions(graph: Graph, name: str, memory: str) -> int:
    fixed = graph.nodes[name].fixed  # type: ignore[attr-defined]
    return int((fixed.unit_m > 0).sum()) if fixed else len(graph.nodes[memory].A)  # type: ignore[attr-defined]


def _unplaced(graph: Graph, name: str, node: Node) -> Need:
    if isinstance(node, MAPS):
        return _no_place(name, "a circle of edges through", type(node).__name__, "put a population into it",
                         ("circles through neurons",))
    fix = {"Threshold": "make it a Population with beta = 0", "Rectify": "put a population there in its place"}
    return _no_place(name, "a node of kind", type(node).__name__, fix.get(type(node).__name__, "leave it out"))


def _full(graph: Graph, maps: tuple[str, ...]) -> bool:
    """Whether a route is one fully connected map."""
    return len(maps) == 1 and isinstance(node := graph.nodes[maps[0]], Affine) and node.weight.ndim == 2


def _problem(graph: Graph, source: str, maps: tuple[str, ...], late: int) -> list[Need]:
    """What keeps a route from being one."""
    weights = [name for name in maps if isinstance(graph.nodes[name], WEIGHTS)]
    node = graph.nodes[source]
    if isinstance(node, Population) and not node.fires:
        return [_no_place(source, "neurons that others hear, but", "that do not fire", "give them a threshold",
                          ("spikes between cores",))]
    if len(weights) > 1:
        return [_no_place(weights[1], f"weights on those of {weights[0]!r}, neurons between them:", "none",
                          "multiply both into one Affine, or put a population between them", ("neurons between them",))]
    if late > 1:
        return [_no_place(maps[0], "spikes that come late by", f"{late} steps", "make one edge late",
                          ("spikes of this step", "spikes of the step before"))]
    return []


def _feeds_memory(graph: Graph, source: str, name: str, maps: tuple[str, ...]) -> bool:
    """Whether `source` is the x of a slow memory of the population, which hears it by nu as well."""
    memories = {edge.target for edge in graph.edges if edge.source == source
                and isinstance(graph.nodes[edge.target], Memory)}
    heard = {other for other, _, _ in _ways(graph, name)}
    return len(maps) == 1 and isinstance(graph.nodes[maps[0]], Affine) and bool(memories & heard)


def _slow(graph: Graph, name: str, maps: tuple[str, ...], other: str, refused: list[Need]) -> set[str]:
    """Nodes of a slow memory that a population hears through `maps`."""
    memory = graph.nodes[name]
    into = graph.into(name)
    scalar = len(into) == 1 and not into[0].late and isinstance(memory, Memory) and memory.B.shape[1] == 1
    x = into[0].source if scalar else ""
    looks = [node for edge in into for _, through, _ in _ways(graph, edge.source) for node in through]
    ways = list(_ways(graph, x)) if scalar and isinstance(graph.nodes[x], Rectify) else []
    if not (ways and len(maps) == 1 and isinstance(graph.nodes[maps[0]], Affine) and other in ("", name) and all(
            isinstance(graph.nodes[source], (Input, Population)) and not late and sum(
                isinstance(graph.nodes[node], Affine) for node in through) == 1 and all(
                    isinstance(graph.nodes[node], (Affine, Flatten, Delay)) for node in through)
            for source, through, late in ways)):
        refused.append(_no_place(name, "a memory", "not of this form", "give it one input, through one Affine of what "
                                 "the neurons hear and a Rectify, and let them hear it through one Affine",
                                 ("one slow memory a population: Affine, Rectify, Memory, Affine",)))
    return {name, *maps, *looks, *(edge.source for edge in into)}


NEURONS = {
    "a synaptic current": (lambda node: node.alpha is not None, "alpha = None"),
    "the current of the step before": (lambda node: node.g_before is not None, "g_before = None"),
    "a reset that is late": (lambda node: node.late and node.fires, "late = False"),
    "refractory steps": (lambda node: bool(node.refractory.any()), "refractory = 0"),
    "a floor": (lambda node: node.floor is not None, "floor = None"),
    "a start other than 0": (lambda node: bool(node.u_0.any()), "u_0 = 0"),
    "a decay each": (lambda node: node.beta.ndim > 0, "one beta"),
    "a gain each": (lambda node: node.g.ndim > 0, "one g, the weights multiplied by the others"),
}
"""What neurons of a graph may have and those of a chip have not, and what to set."""


def _neurons(graph: Graph, name: str) -> list[Need]:
    node = graph.nodes[name]
    found = [(what, fix) for what, (has, fix) in NEURONS.items() if has(node)]
    if not found:
        return []
    return [_no_place(name, "neurons with", " and ".join(what for what, _ in found),
                      f"train with {', '.join(fix for _, fix in found)}", ("a leak, a threshold and a reset",))]


def reset(node: Population) -> str:
    """Kind of reset, as a chip calls it; '' of neurons that do not fire."""
    if not node.fires:
        return ""
    if node.reset == "value":
        return "to a value other than 0" if node.u_reset.any() else "hard"  # type: ignore[union-attr]
    return {"subtract": "soft"}.get(node.reset, node.reset)


def units(graph: Graph, name: str) -> int:
    """Units of a node."""
    return math.prod(graph.nodes[name].shape_out)
