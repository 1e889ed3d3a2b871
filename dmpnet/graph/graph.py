"""Nodes by name and the edges between them: one input, one output, and the order in which a step takes the nodes."""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import pathways
from dmpnet.graph.nodes import Delay, Input, Node, Shape
from dmpnet.graph.population import Population
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.network import TrainedNetwork


@dataclass(frozen=True, order=True)
class Edge:
    """What `source` gives is added to what `target` takes; `late`: what it gave a step before, 0 in the first."""

    source: str
    target: str
    late: bool = False


@dataclass(frozen=True, eq=False)
class Graph:
    """A network of nodes.

    nodes : by name; exactly one of them an Input, and the edges that are not late make no circle
    edges : between them, in any order; two from one node to another count twice
    output : name of the node whose values are read out, averaged over the steps for the class
    encoding : how samples reach the input: kind, dt, data set; channels is the size of the input
    provenance : where it comes from
    """

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    output: str
    encoding: Encoding
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "nodes", dict(self.nodes))
        object.__setattr__(self, "edges", tuple(sorted(self.edges)))
        check(self)
        object.__setattr__(self, "order", _order(self))

    order: tuple[str, ...] = field(init=False, repr=False)
    """Names in the order a step takes them: each after all that its prompt edges come from; else by name."""

    def __repr__(self) -> str:
        return f"<Graph {self.shape}, {len(self.nodes)} nodes, {self.encoding.dataset or 'data not said'}>"

    @property
    def input(self) -> str:
        """Name of the input."""
        return next(name for name, node in self.nodes.items() if isinstance(node, Input))

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of what fires, in order of a step: the layers of an Activity."""
        return tuple(name for name in self.order if isinstance(node := self.nodes[name], Population) and node.fires)

    @property
    def classes(self) -> int:
        """Values read out in a step."""
        return math.prod(self.nodes[self.output].shape_out)

    @property
    def kappa(self) -> None:
        """One class a sample (a trained network may tell one at every step)."""

    @property
    def kind(self) -> str:
        return "graph"

    @property
    def integer(self) -> bool:
        """Whether it computes in integers."""
        return pathways.integer(self)

    @property
    def shape(self) -> str:
        """Units from input to output: '2x34x34-16x16x16-10'."""
        shapes = [self.nodes[self.input].shape_out, *(self.nodes[name].shape_out for name in self.populations)]
        if self.output not in self.populations:
            shapes.append(self.nodes[self.output].shape_out)
        return "-".join("x".join(map(str, shape)) or "1" for shape in shapes)

    def into(self, name: str) -> tuple[Edge, ...]:
        """Edges that end at a node."""
        return tuple(edge for edge in self.edges if edge.target == name)

    @property
    def state(self) -> int:
        """Numbers kept from step to step: u and i of populations, m of memories, what is under way in delays and on
        late edges."""
        kept = 0
        for node in self.nodes.values():
            size = math.prod(node.shape_out)
            if isinstance(node, Population):
                kept += size * (2 if node.alpha is not None or node.g_before is not None else 1)
            elif isinstance(node, Delay):
                kept += int(node.steps.sum())
            elif hasattr(node, "A"):
                kept += size
        late = {edge.source for edge in self.edges if edge.late}
        return kept + sum(math.prod(self.nodes[name].shape_out) for name in late)


def parameters(graph: Graph) -> int:
    """Stored weights, biases and constants: a kernel counts once, a constant of all neurons once."""
    held = (getattr(node, f.name) for node in graph.nodes.values() for f in fields(node))  # type: ignore[arg-type]
    return sum(int(value.size) for value in held if isinstance(value, np.ndarray))


def check(graph: Graph) -> None:
    """Raise DmpnetError for the first edge without a node, or node whose shape does not fit what reaches it."""
    inputs = [name for name, node in graph.nodes.items() if isinstance(node, Input)]
    if len(inputs) != 1:
        raise DmpnetError(f"graph: {len(inputs)} inputs ({', '.join(map(repr, inputs)) or 'none'}), but samples reach "
                          f"one; join them into one Input")
    for edge in graph.edges:
        for end in (edge.source, edge.target):
            if end not in graph.nodes:
                raise DmpnetError(f"graph: an edge {edge.source!r} -> {edge.target!r}, but there is no node {end!r}")
        gives, takes = graph.nodes[edge.source].shape_out, graph.nodes[edge.target].shape_in
        if gives != takes:
            raise DmpnetError(f"graph: {edge.source!r} gives {gives}, but {edge.target!r} takes {takes}; put a node "
                              f"between them that changes the shape")
        if isinstance(graph.nodes[edge.target], Input):
            raise DmpnetError(f"graph: an edge {edge.source!r} -> {edge.target!r}, but nothing leads into an input")
    if graph.output not in graph.nodes:
        raise DmpnetError(f"graph: output = {graph.output!r}, but there is no such node")
    size = math.prod(graph.nodes[inputs[0]].shape_out)
    if graph.encoding.channels != size:
        raise DmpnetError(f"graph: the input has {size} units, but encoding.channels = {graph.encoding.channels}; set "
                          f"channels to {size}")
    graph.encoding.check("graph")
    pathways.check(graph)


def _order(graph: Graph) -> tuple[str, ...]:
    """Kahn's order, the first name first among those that may come next."""
    waits = {name: sum(not edge.late for edge in graph.into(name)) for name in graph.nodes}
    ready = [name for name, count in waits.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for edge in graph.edges:
            if edge.source == name and not edge.late:
                waits[edge.target] -= 1
                if not waits[edge.target]:
                    heapq.heappush(ready, edge.target)
    if len(order) < len(graph.nodes):
        around = sorted(set(graph.nodes) - set(order))
        raise DmpnetError(f"graph: {', '.join(map(repr, around))} wait for each other within a step; make one edge of "
                          f"each circle late")
    return tuple(order)


def shapes(graph: Graph) -> dict[str, tuple[Shape, Shape]]:
    """(taken, given) of every node, in the order of a step."""
    return {name: (graph.nodes[name].shape_in, graph.nodes[name].shape_out) for name in graph.order}


def check_network(called: str, network: Any) -> None:
    """DmpnetError from the function of that name for what is neither a trained network nor a graph."""
    if isinstance(network, TrainedNetwork | Graph):
        return
    way = ("give its `network`" if isinstance(getattr(network, "network", None), TrainedNetwork | Graph) else
           "load one by its name with dmpnet.load, read a PyTorch module with dmpnet.torch.graph_of or from_module, a "
           "NIR graph with dmpnet.from_nir")
    raise DmpnetError(f"{called}: a {type(network).__name__}, but it takes a trained network or a graph; {way}")
