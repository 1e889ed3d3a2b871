"""The populations of a graph as layers whose weights stand in a row, and the graph made of them again, in integers.

Formats are chosen by what the weights are, not by where they lead: the kernels, matrices and scales on all routes to a
population are one row of W_f with one unit, those of its own spikes a row of W_r. The mean of a pool is a factor of the
weights beside it, its sum is left. Biases, whatever maps they come through, are added up to b, one a neuron (c of the
population, which a chip holds once a channel where it is the same in all of it).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dmpnet.graph import pathways
from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import Affine, Memory, Pool
from dmpnet.graph.population import Population
from dmpnet.hardware import graph_layers, placement
from dmpnet.hardware.placement import Place
from dmpnet.hardware.slow_pathway import Seen
from dmpnet.reference import graphs
from dmpnet.trained.activity import Activity
from dmpnet.trained.layer import Layer

PIECE = 20  # samples that calibration takes at a time


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
        _, rest = graph_layers.at_rest(graph)
        found = {}
        for name, place in places.items():
            node: Any = graph.nodes[name]
            layer = graph_layers.layer_of(graph, name)
            own = graph_layers.values(graph.nodes[place.own]).reshape(1, -1) if place.own else None
            row = [factor * graph_layers.values(graph.nodes[each]).ravel() for each, (factor,) in graph_layers.factors(
                graph, place, levels).items()]
            found[name] = replace(layer, W_f=np.concatenate(row or [np.empty(0)])[None], W_r=own,
                                  b_f=rest[name] + layer.b_f / node.g)
        return cls(graph, places, found, levels)

    def unit_in(self, name: str) -> float:
        """What one of its input means."""
        return 1 / self.levels if self.levels and graph_layers.analog(self.graph, self.places[name]) else 1.0

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
            for each in graph_layers.factors(graph, place, 2):
                size = graph_layers.values(nodes[each]).size
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
            node = graph.nodes[graph_layers.weights(graph, route)]
            values = np.abs(graph_layers.values(node))
            sums = values.sum(axis=-1) if isinstance(node, Affine) else values.reshape(len(values), -1).sum(axis=1)
            most += float(sums.max()) * math.prod(
                math.prod(pool.kernel) for name in route.maps if isinstance(pool := graph.nodes[name], Pool))
        layer = graph_layers.layer_of(graph, place.name)
        own = np.abs(graph_layers.values(graph.nodes[place.own])).sum(axis=-1).max() if place.own else 0.0
        heard = graph.encoding.levels if graph_layers.analog(graph, place) else 1
        found[place.name] = replace(layer, W_f=np.full((layer.N, 1), most + own)), heard
    return found
