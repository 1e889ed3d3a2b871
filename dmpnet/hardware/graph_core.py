"""What the core of a graph's population is to hold: kernels once, a bias a channel, u of every neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.graph.nodes import Affine, Convolution, Delay, Node, Rectify
from dmpnet.hardware import placement, scatter
from dmpnet.hardware.limit import Core, Kinds

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph


def of(graph: Graph, place: placement.Place, D: int, reset: str, blocks: bool, spikes: int | None) -> Core:
    """The core of `place`; see Core for the rest. reset: of neurons that do not fire, as any core has it."""
    neurons: Any = graph.nodes[place.name]
    N, M = placement.units(graph, place.name), sum(placement.units(graph, name) for name, _ in place.hears())
    kernels, biases = weights(graph, place), bias_words(graph, place)
    full = len(place.routes) == 1 and kernels == N * M
    kinds = Kinds(neurons.decay, placement.reset(neurons) or reset)
    return Core(place.name, N, M, place.d, D, placement.units(graph, place.readout) if place.readout else 0, kinds,
                "current", delay(graph, place), blocks, bool(place.own), neurons.fires and neurons.theta.ndim > 0,
                spikes, kernels=None if full else kernels, biases=None if biases == N else biases)


def _maps(graph: Graph, place: placement.Place) -> dict[str, Node]:
    return {name: graph.nodes[name] for route in place.routes for name in route.maps}


def weights(graph: Graph, place: placement.Place) -> int:
    """Weights of W_f: those of each node once, and one for a route without, as of a pool alone."""
    plain = sum(not any(scatter.stored(graph.nodes[name]) for name in route.maps) for route in place.routes)
    return plain + sum(map(scatter.stored, _maps(graph, place).values()))


def bias_words(graph: Graph, place: placement.Place) -> int:
    """Words of bias: one a neuron, or one a channel where all come from convolutions."""
    neurons: Any = graph.nodes[place.name]
    found = [_once(neurons.c) * bool(np.any(neurons.c))]
    looks = {edge.source for edge in graph.edges if isinstance(graph.nodes[edge.target], Rectify)}
    for name in place.nodes - {place.readout} - looks:
        node = graph.nodes[name]
        if isinstance(node, (Affine, Convolution)) and node.bias is not None:
            found.append(node.bias.size if isinstance(node, Convolution) else placement.units(graph, place.name))
    return max(found)


def _once(c: np.ndarray) -> int:
    """How many numbers a constant of neurons is: one a channel (the first axis) where it is the same in all of it."""
    rows = c.reshape(len(c), -1) if c.ndim else c.reshape(1, 1)
    return len(rows) if (rows == rows[:, :1]).all() else rows.size


def delay(graph: Graph, place: placement.Place) -> int:
    """Steps of the longest axonal delay."""
    return max((sum(int(node.steps.max(initial=0)) for name in route.maps
                    if isinstance(node := graph.nodes[name], Delay)) for route in place.routes), default=0)
