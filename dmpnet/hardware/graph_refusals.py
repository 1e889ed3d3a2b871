"""What of a graph has no integers on a chip, by name and with a way out each: all of it before any long work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import pathways
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Affine, Delay, Memory, Rectify
from dmpnet.hardware import graph_layers, placement
from dmpnet.hardware.limit import Need
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.placement import Place

KINDS = ("node", "decay", "reset", "delays")
"""What a chip cannot do at all, of the rules of dmpnet.hardware.fit; the others are sizes."""


def check(graph: Graph, chip: Chip, rows: bool, violations: Iterable[Need]) -> None:
    """Raise DmpnetError with all of the graph that has no integers on the chip; violations: of dmpnet.hardware.fit."""
    if graph.integer:
        raise DmpnetError("graph: it computes in integers already; constrain the one it was made from")
    if rows:
        raise DmpnetError("graph: rows of their own units, but the neurons of a channel share a kernel; leave rows out")
    needs = [need for need in (*violations, *refused(graph, chip)) if need.rule in KINDS]
    if needs:
        raise DmpnetError("; ".join(dict.fromkeys(map(str, needs))))


def refused(graph: Graph, chip: Chip) -> list[Need]:
    """What has a place on the chip, but no integers there, with a way out each."""
    found = placement.of(graph)
    if found.refused:
        return []
    needs = [need for place in found.places for need in (
        *_neurons(graph, place.name, chip), *_routes(graph, place), *_memory(graph, place))]
    first, steady = graph_layers.at_rest(graph)
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
            graph_layers.neuron(node)
        except DmpnetError as error:
            yield _no(name, "neurons with", str(error).removeprefix("neuron: "), "those of dmpnet.equations.neurons",
                      "train with such")


def _routes(graph: Graph, place: Place) -> Iterator[Need]:
    for name in sorted(place.nodes):
        if isinstance(graph.nodes[name], Delay):
            yield _no(name, "axonal delays:", "a Delay", "spikes of this step or of the one before",
                      "train without delays")
    for route in place.routes:
        if not graph_layers.weights(graph, route):
            yield _no(place.name, "no weights on the way from", repr(route.source), "one Affine, Convolution or Scale",
                      "put a Scale of ones there")
    for name, factors in graph_layers.factors(graph, place, 2).items():
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
