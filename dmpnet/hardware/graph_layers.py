"""A population of a graph as a layer: neurons, slow memory, what its weights are multiplied by, what comes at rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dmpnet.equations.decay import BY_NAME
from dmpnet.equations.neurons import Neuron
from dmpnet.graph import pathways
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Delay, Pool
from dmpnet.graph.population import Population
from dmpnet.hardware import placement
from dmpnet.hardware.placement import Place, Route
from dmpnet.reference import graphs
from dmpnet.trained.layer import Layer
from dmpnet.trained.slow_memory import SlowMemory


def layer_of(graph: Graph, name: str) -> Layer:
    """Population `name` and its slow memory as a layer whose W_f s its maps take: W_f (N, 0); its c as b_f."""
    node: Any = graph.nodes[name]
    ways, found = pathways.of(graph, name), pathways.layer(graph, name)
    return Layer(found.W_f, found.b_f, neuron(node), fixed=found.fixed,
                 slow=SlowMemory(**pathways.slow(graph, ways), theta=1.0) if ways.m else None)


def neuron(node: Population) -> Neuron:
    """Its neurons, theta_u the highest of the thresholds; DmpnetError for what a layer's neurons have not."""
    decay, constant = BY_NAME[node.decay], float(np.max(node.beta))
    if decay.field == "shift":
        constant = -math.log2(constant) if constant > 0 else 0
        constant = int(constant) if constant % 1 == 0 else constant
    theta = 1.0 if node.theta is None else float(np.max(node.theta))
    constants: dict[str, Any] = {"beta": 0.0, decay.field: constant}
    return Neuron(g=float(np.max(node.g)), theta_u=theta, reset="hard" if node.reset == "value" else "soft",
                  decay=node.decay, **constants)


def weights(graph: Graph, route: Route) -> str:
    return next((name for name in route.maps if isinstance(graph.nodes[name], placement.WEIGHTS)), "")


def factors(graph: Graph, place: Place, levels: int) -> dict[str, set[float]]:
    """Of every weight node of W_f, what its weights are multiplied by: pools' means, and where analog input in `levels`
    is heard beside spikes, the levels that a spike is."""
    found: dict[str, set[float]] = {}
    mixed = levels if analog(graph, place) else 1
    for route in place.routes:
        mean = math.prod(node.factor for name in route.maps if isinstance(node := graph.nodes[name], Pool))
        found.setdefault(weights(graph, route), set()).add(mean * (1 if route.source == graph.input else mixed))
    return {name: factors for name, factors in found.items() if name}


def analog(graph: Graph, place: Place) -> bool:
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


def values(node: Any) -> np.ndarray:
    """Weights, whatever they are called."""
    return np.asarray(getattr(node, "weight", getattr(node, "scale", None)))
