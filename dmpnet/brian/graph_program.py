"""What the C++ program of a graph depends on, and the files it reads: weights, constants, delays, first membranes.

A program is made for the nodes and edges, their shapes and conventions, and which constants are one for all neurons;
other values of these are other files of the same program.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.arithmetic.fixed import Fixed
from dmpnet.brian import axons, graph_population, graph_recorded, kernels, shared
from dmpnet.brian.graph_wiring import names
from dmpnet.brian.recorded import Read
from dmpnet.graph import file
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Affine, Convolution, Delay, Memory, Node, Scale, Threshold
from dmpnet.graph.population import CONSTANTS, Population
from dmpnet.trained.activity import Activity

PLACEHOLDER = 0.5
"""For a constant of all neurons: none that is left out of the code."""


@dataclass(frozen=True)
class Graphed:
    """The plan of a graph."""

    graph: Graph

    def specification(self, batch: int, steps: int, record: tuple[str, ...]) -> dict[str, Any]:
        graph = self.graph
        nodes = {name: {"kind": type(node).__name__} | _shaping_all(node, steps) for name, node in graph.nodes.items()}
        return {"graph": nodes, "edges": [[edge.source, edge.target, edge.late] for edge in graph.edges],
                "output": graph.output, "kind": graph.encoding.kind, "dt": float(graph.encoding.dt), "batch": batch,
                "steps": steps, "record": sorted(record)}

    def save_blank(self, path: Path, steps: int) -> None:
        file.save(blank(self.graph, steps), path)

    def constants(self, batch: int, steps: int) -> dict[str, np.ndarray]:
        return constants(self.graph, batch, steps)

    def stimulus(self, piece: np.ndarray) -> np.ndarray:
        return shared.by_step(self.graph, piece)

    def activity(self, read: Read, shape: tuple[int, ...], record: tuple[str, ...], keep: int) -> Activity:
        return graph_recorded.read_activity(read, self.graph, shape, record, keep)


def _shaping_all(node: Any, steps: int) -> dict[str, Any]:
    return {f.name: _shaping(node, f.name, steps) for f in fields(node)}


def _shaping(node: Node, name: str, steps: int) -> Any:
    """What of a node's field its code depends on: the shape of an array, and whether it is left out."""
    value = getattr(node, name)
    if isinstance(value, Fixed):
        return value.described
    if not isinstance(value, np.ndarray):
        return value
    if isinstance(node, Delay):
        return axons.slots(value, steps) if value.size else 0
    left_out = bool(isinstance(node, Population) and not value.shape and graph_population.NEUTRAL.get(name) == value)
    return [list(value.shape), graph_population.begins(node) if name == "u_0" else left_out]  # type: ignore[arg-type]


def blank(graph: Graph, steps: int) -> Graph:
    """`graph` with placeholders for everything that a program reads when it runs: no weight shapes a program."""
    return replace(graph, nodes={name: _blank(node, steps) for name, node in graph.nodes.items()}, provenance={},
                   encoding=replace(graph.encoding, steps=steps, dataset=""))


def _blank(node: Node, steps: int) -> Node:
    if isinstance(node, Population):
        plain = replace(node, **{name: _placeholder(node, name) for name in CONSTANTS}, fixed=None)
        return plain if node.fixed is None else _blank_integer(plain, node.fixed)
    if isinstance(node, Delay):
        return Delay(np.full_like(node.steps, axons.slots(node.steps, steps) - 1)) if node.steps.size else node
    arrays = {f.name: value for f in fields(node)  # type: ignore[arg-type]
              if isinstance(value := getattr(node, f.name), np.ndarray)}
    blanked: Node = replace(node, **{name: np.zeros_like(value) for name, value in arrays.items()}) if arrays else node  # type: ignore[type-var]
    return blanked


def _blank_integer(node: Population, fixed: Fixed) -> Population:
    """The placeholders of thresholds in `fixed`, those of biases whole."""
    theta_u = np.ones_like(fixed.theta_u) * (np.ceil(np.asarray(node.theta)).astype(int).ravel() + 1)
    return replace(node, c=np.ceil(node.c), fixed=replace(fixed, theta_u=theta_u))


def _placeholder(node: Population, name: str) -> Any:
    """Of the same shape: an array of equal values would become one for all."""
    value = getattr(node, name)
    if value is None or (not value.shape and graph_population.NEUTRAL.get(name) == value):
        return value
    if name == "u_0":
        return PLACEHOLDER if graph_population.begins(node) else 0.0
    if value.shape:
        return np.arange(value.size).reshape(value.shape)
    return 1 if name == "refractory" else PLACEHOLDER


def constants(graph: Graph, batch: int, steps: int) -> dict[str, np.ndarray]:
    """Everything a program reads but the input, by 'group.variable'."""
    found: dict[str, np.ndarray] = {}
    for name, group in names(graph).items():
        node = graph.nodes[name]
        if isinstance(node, Population):
            for constant, value in graph_population.constants(node).items():
                found[f"{group}.{constant}"] = np.tile(value.ravel(), batch if value.shape else 1)
            if graph_population.begins(node):
                found[f"{group}.u"] = np.tile(np.broadcast_to(node.u_0, node.shape).ravel(), batch)
        elif isinstance(node, (Affine, Convolution)):
            found[f"w_{group}.w"] = kernels.arranged(node)
            if node.bias is not None:
                found[f"b_{group}.b"] = node.bias.ravel()
        elif isinstance(node, Memory):
            found |= {f"A_{group}.w": node.A.T.ravel(), f"B_{group}.w": node.B.T.ravel()}
        elif isinstance(node, Delay):
            found[f"delay_{group}.steps"] = node.steps.ravel()
        elif isinstance(node, (Scale, Threshold)):
            constant = "scale" if isinstance(node, Scale) else "theta"
            found[f"{group}.{constant}"] = np.tile(getattr(node, constant).ravel(), batch)
    return found
