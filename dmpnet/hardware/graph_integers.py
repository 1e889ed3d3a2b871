"""The populations of a graph as layers whose weights stand in a row, and the graph made of them again, in integers.

Formats are chosen by what the weights are, not by where they lead: the kernels, matrices and scales on all routes to a
population are one row of W_f with one unit, those of its own spikes a row of W_r. The mean of a pool is a factor of the
weights beside it, its sum is left. Biases, whatever maps they come through, are added up to b, one a neuron (c of the
population, which a chip holds once a channel where it is the same in all of it).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import pathways
from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import Affine, Delay, Memory, Pool, Rectify
from dmpnet.graph.population import Population
from dmpnet.hardware import placement
from dmpnet.hardware.fit import fit
from dmpnet.hardware.limit import Need
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.placement import Place, Route
from dmpnet.hardware.slow_pathway import Seen
from dmpnet.reference import graphs
from dmpnet.trained.activity import Activity
from dmpnet.trained.layer import Layer

PIECE = 20  # samples that calibration takes at a time
KINDS = ("node", "decay", "reset", "delays")
"""What a chip cannot do at all, of the rules of dmpnet.hardware.fit; the others are sizes."""


def check(graph: Graph, chip: Chip, rows: bool) -> None:
    """Raise DmpnetError with all of the graph that has no integers on the chip."""
    if graph.integer:
        raise DmpnetError("graph: it computes in integers already; constrain the one it was made from")
    if rows:
        raise DmpnetError("graph: rows of their own units, but the neurons of a channel share a kernel; leave rows out")
    needs = [need for need in (*fit(graph, chip).violations, *refused(graph, chip)) if need.rule in KINDS]
    if needs:
        raise DmpnetError("; ".join(dict.fromkeys(map(str, needs))))


def refused(graph: Graph, chip: Chip) -> list[Need]:
    """What has a place on the chip, but no integers there, with a way out each."""
    found = placement.of(graph)
    if found.refused:
        return []
    needs = [need for place in found.places for need in (
        *_neurons(graph, place.name, chip), *_routes(graph, place), *_memory(graph, place))]
    first, steady = at_rest(graph)
    needs += [_no(name, "a bias that arrives", "a step late", "biases of the same step",
                  "make the edge before those weights late, not the one behind them")
              for name, x in steady.items() if not np.array_equal(x, first[name])]
    held = Counter(name for place in found.places for name in place.nodes if _holds(graph, name))
    return needs + [_no(name, "weights or a memory heard by", "two populations", "one population a node",
                        "give each a node of its own") for name, count in sorted(held.items()) if count > 1]


def _no(name: str, what: str, used: str, available: str, way_out: str) -> Need:
    return Need("node", name, what, used, (available,), way_out)


def _holds(graph: Graph, name: str) -> bool:
    return isinstance(graph.nodes[name], (*placement.WEIGHTS, Memory, Rectify))


def _neurons(graph: Graph, name: str, chip: Chip) -> Iterator[Need]:
    node: Any = graph.nodes[name]
    most = chip.words.beta.high / 2**chip.words.beta.bits
    if not node.fires:
        yield _no(name, "neurons", "that do not fire", "a leak, a threshold and a reset",
                  "give them a threshold, or read out by an Affine")
    elif node.decay == "exponential" and np.any((node.beta < 0) | (node.beta >= 1)):
        yield _no(name, "a leak beta =", f"{np.max(node.beta):g}", f"0 to {most:g}", "train with a leak, or take decay "
                  "'linear' with beta = 0, none, on a chip that has it")
    elif np.any(node.g <= 0) or np.any(node.theta <= 0):
        yield _no(name, "neurons of which g or theta is", "0 or less", "g > 0, theta > 0",
                  "take the sign into the weights, and another threshold")
    else:
        try:
            pathways.neuron(node)
        except DmpnetError as error:
            yield _no(name, "neurons with", str(error).removeprefix("neuron: "), "those of dmpnet.equations.neurons",
                      "train with such")


def _routes(graph: Graph, place: Place) -> Iterator[Need]:
    for name in sorted(place.nodes):
        if isinstance(graph.nodes[name], Delay):
            yield _no(name, "axonal delays:", "a Delay", "spikes of this step or of the one before",
                      "train without delays")
    for route in place.routes:
        if not _weights(graph, route):
            yield _no(place.name, "no weights on the way from", repr(route.source), "one Affine, Convolution or Scale",
                      "put a Scale of ones there")
    for name, factors in _factors(graph, place, 2).items():
        if len(factors) > 1:
            yield _no(name, "weights of what comes with", "factors of its own", "one factor for all it hears",
                      "give means of pools, or levels of input and spikes, weights of their own")


def _memory(graph: Graph, place: Place) -> Iterator[Need]:
    ways = pathways.of(graph, place.name)
    if not place.d:
        return
    late = any(edge.late for edge in graph.into(ways.seen[0].source)) if ways.seen else False
    if not ways.m or ways.ahead or late or any(edge.late for edge in ways.seen):
        yield _no(place.name, "a slow memory heard", "late, ahead or beside others", "W_m m of the same step alone",
                  "give the network as it was before its dependency was broken")
    elif not all(isinstance(graph.nodes[edge.source], Affine) for edge in ways.looks):
        yield _no(ways.x, "a scalar that hears", "other nodes", "Affine nodes", "let w_x lead to it without others")


def _weights(graph: Graph, route: Route) -> str:
    return next((name for name in route.maps if isinstance(graph.nodes[name], placement.WEIGHTS)), "")


def _factors(graph: Graph, place: Place, levels: int) -> dict[str, set[float]]:
    """Of every weight node of W_f, what its weights are multiplied by: pools' means, and where analog input in `levels`
    is heard beside spikes, the levels that a spike is."""
    found: dict[str, set[float]] = {}
    mixed = levels if _analog(graph, place) else 1
    for route in place.routes:
        mean = math.prod(node.factor for name in route.maps if isinstance(node := graph.nodes[name], Pool))
        found.setdefault(_weights(graph, route), set()).add(mean * (1 if route.source == graph.input else mixed))
    return {name: factors for name, factors in found.items() if name}


def _analog(graph: Graph, place: Place) -> bool:
    return graph.encoding.kind == "analog" and any(route.source == graph.input for route in place.routes)


def at_rest(graph: Graph) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What populations take while nothing fires and memories are empty: in the first step, and later; (N,)."""
    given: dict[str, np.ndarray] = {name: np.zeros((1, *node.shape_out)) for name, node in graph.nodes.items()}
    took = []
    for _ in range(2):
        before, taken = dict(given), {}
        for name in graph.order:
            node = graph.nodes[name]
            x = sum(((before if edge.late else given)[edge.source] for edge in graph.into(name)),
                    np.zeros((1, *node.shape_in)))
            if isinstance(node, Population):
                taken[name] = x.ravel()
            elif isinstance(node, placement.MAPS) and not isinstance(node, Delay):
                given[name] = graphs.Mapping(node).step(x)
        took.append(taken)
    return took[0], took[1]


def seen(graph: Graph, s_in: np.ndarray) -> Activity:
    """What it did on s_in (B, T, ...), piece by piece; of u only the largest |u| of each neuron, (1, 1, N)."""
    parts = [graphs.run(graph, s_in[start:start + PIECE], ("spikes", "u", "m", "x"))
             for start in range(0, len(s_in), PIECE)]
    u = [np.max([np.abs(part.u[i]).max((0, 1), keepdims=True) for part in parts], axis=0)
         for i in range(len(graph.populations))]
    joined: dict[str, Any] = {
        name: [None if each[0] is None else np.concatenate(each)
               for each in zip(*(getattr(part, name) for part in parts), strict=True)] for name in ("spikes", "m", "x")}
    logits = np.concatenate([part.logits for part in parts])
    return Activity(logits, [spikes.mean((0, 1)) for spikes in joined["spikes"]], u=u, **joined)


@dataclass(frozen=True)
class Rows:
    """A graph as layers: layers by the name of their population, W_f and W_r a row of all weights, b_f one a neuron.

    levels : of analog input
    """

    graph: Graph
    places: Mapping[str, Place]
    layers: Mapping[str, Layer]
    levels: int

    @classmethod
    def of(cls, graph: Graph, levels: int) -> Rows:
        places = {place.name: place for place in placement.of(graph).places}
        _, rest = at_rest(graph)
        found = {}
        for name, place in places.items():
            node: Any = graph.nodes[name]
            layer = pathways.layer(graph, name)
            own = _values(graph.nodes[place.own]).reshape(1, -1) if place.own else None
            row = [factor * _values(graph.nodes[each]).ravel() for each, (factor,) in _factors(
                graph, place, levels).items()]
            found[name] = replace(layer, W_f=np.concatenate(row or [np.empty(0)])[None], W_r=own,
                                  b_f=rest[name] + layer.b_f / node.g)
        return cls(graph, places, found, levels)

    def unit_in(self, name: str) -> float:
        """What one of its input means."""
        return 1 / self.levels if self.levels and _analog(self.graph, self.places[name]) else 1.0

    def seen(self, number: int, activity: Activity, s_in: np.ndarray) -> Seen:
        """What the slow memory of a population took and held, from what the graph did on s_in."""
        name = list(self.layers)[number]
        given = dict(zip(self.graph.populations, activity.spikes, strict=True))
        given[self.graph.input] = s_in.reshape(*s_in.shape[:2], -1)

        def taken(name: str) -> np.ndarray:
            return sum((given[edge.source] if edge.source in given else taken(edge.source)  # else a Flatten
                        for edge in self.graph.into(name)), np.zeros((), np.int64))

        looks = [taken(edge.source) for edge in pathways.of(self.graph, name).looks]
        m, x = activity.m[number], activity.x[number]
        assert m is not None and x is not None
        return Seen(np.concatenate(looks, axis=2), m, x)

    def rebuilt(self, found: Mapping[str, Layer], readout: tuple[np.ndarray, np.ndarray] | None, chip: str) -> Graph:
        """The graph with the integers of its layers `found`."""
        graph = self.graph
        nodes, edges = dict(graph.nodes), list(graph.edges)
        nodes |= {name: replace(node, mean=False) for name, node in nodes.items() if isinstance(node, Pool)}
        for name, whole in found.items():
            place = self.places[name]
            row, at = whole.W_f[0], 0
            for each in _factors(graph, place, 2):
                size = _values(nodes[each]).size
                nodes[each] = _with_values(nodes[each], row[at:at + size])
                at += size
            if place.own and whole.W_r is not None:
                nodes[place.own] = _with_values(nodes[place.own], whole.W_r[0])
            nodes[name] = _population(graph.nodes[name], whole)
            if whole.slow is not None:
                self._remembering(name, whole, nodes, edges)
        if readout:
            nodes[graph.output] = Affine(*readout)
        return Graph(nodes, tuple(edges), graph.output, replace(graph.encoding, levels=self.levels),
                     graph.provenance | {"chip": chip})

    def _remembering(self, name: str, whole: Layer, nodes: dict[str, Any], edges: list[Edge]) -> None:
        """Puts a slow memory into nodes and edges: the first w_x has b_x; nu makes W_m m late."""
        slow, ways, at = whole.slow, pathways.of(self.graph, name), 0
        assert slow is not None
        for number, edge in enumerate(ways.looks):
            size = nodes[edge.source].weight.size
            nodes[edge.source] = Affine(slow.w_x[None, at:at + size], None if number else np.reshape(slow.b_x, 1))
            at += size
        seen = ways.seen[0].source
        nodes |= {ways.m: Memory(slow.Abar, slow.Bbar[:, None]), seen: Affine(slow.W_m)}
        if slow.nu is not None:
            nu = f"{seen}.nu"
            while nu in nodes:
                nu += "'"
            nodes[nu] = Affine(slow.nu[:, None])
            edges[edges.index(Edge(ways.m, seen))] = Edge(ways.m, seen, True)
            edges += [Edge(ways.x, nu), Edge(nu, name)]


def _values(node: Any) -> np.ndarray:
    """Weights, whatever they are called."""
    return np.asarray(getattr(node, "weight", getattr(node, "scale", None)))


def _with_values(node: Any, values: np.ndarray) -> Any:
    """The node with other weights and without bias."""
    if not hasattr(node, "weight"):
        return replace(node, scale=values.reshape(node.scale.shape))
    return replace(node, weight=values.reshape(node.weight.shape), bias=None)


def _population(node: Any, whole: Layer) -> Population:
    """Its neurons in integers, v >= theta_u: one more where v has to be above what is whole as it was (a reset by
    subtraction then takes that one too)."""
    fixed, N = whole.fixed, math.prod(node.shape)
    assert fixed is not None
    theta = np.broadcast_to(node.theta, node.shape).ravel() / fixed.unit_u
    theta_u = np.maximum(np.rint(theta), 1).astype(np.int64) + (node.strict & (theta == np.rint(theta)))
    return Population(node.shape, whole.neuron.constant, 1.0, np.broadcast_to(whole.b_f, N).reshape(node.shape),
                      reset=node.reset, decay=node.decay,
                      fixed=replace(fixed, theta_u=theta_u, unit_u=np.full(N, fixed.unit_u)))


def reaching(graph: Graph) -> dict[str, tuple[Layer, int]]:
    """Populations in integers as layers whose W_f is the most that a sum comes to of inputs of 1, and the largest
    input."""
    found = {}
    for place in placement.of(graph).places:
        most = 0.0
        for route in place.routes:
            node = graph.nodes[_weights(graph, route)]
            values = np.abs(_values(node))
            sums = values.sum(axis=-1) if isinstance(node, Affine) else values.reshape(len(values), -1).sum(axis=1)
            most += float(sums.max()) * math.prod(
                math.prod(pool.kernel) for name in route.maps if isinstance(pool := graph.nodes[name], Pool))
        layer = pathways.layer(graph, place.name)
        own = np.abs(_values(graph.nodes[place.own])).sum(axis=-1).max() if place.own else 0.0
        heard = graph.encoding.levels if _analog(graph, place) else 1
        found[place.name] = replace(layer, W_f=np.full((layer.N, 1), most + own)), heard
    return found
