"""How the nodes of a graph are joined in Brian2: names of groups, which of them a node hears, and in what order.

A group a node, but for a Flatten of one prompt edge, which changes no value: who hears it hears its source. Groups step
in the graph's order, so a prompt edge reads what its source has just computed. A late edge reads what is still there
of the step before, or, where its source comes first, the copy `before` that it then keeps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmpnet.brian import graph_population
from dmpnet.graph.nodes import Flatten, Input
from dmpnet.graph.population import Population

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph

DERIVED = ("{}", "w_{}", "b_{}", "x_{}", "A_{}", "B_{}", "delay_{}", "spikes_{}", "u_{}", "m_{}", "{}_run_regularly",
           "{}_spike_thresholder", "{}_spike_resetter", "x_{}_run_regularly")
"""Names of a node's group and of what goes with it; unlike those of all other nodes."""
READOUT = "readout"
"""Name of the monitor of the output."""


@dataclass(frozen=True)
class Heard:
    """A value that a node takes: `variable` of the group `source`."""

    source: str
    variable: str

    @property
    def symbol(self) -> str:
        """Its name where it is heard."""
        return f"{'before' if self.variable == 'before' else 'from'}_{self.source}"


def names(graph: Graph) -> dict[str, str]:
    """Name of every node's group: the node's own, as far as Brian2 takes it."""
    found: dict[str, str] = {}
    taken = {READOUT}
    for node in graph.nodes:
        plain = re.sub(r"\W", "_", node, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"n_{plain}".replace("__", "_")
        name, number = plain, 1
        while taken & {form.format(name) for form in DERIVED}:
            number += 1
            name = f"{plain}_{number}"
        taken |= {form.format(name) for form in DERIVED}
        found[node] = name
    return found


def source(graph: Graph, name: str) -> str:
    """The node whose group has the values of node `name`: itself, or what a Flatten hears."""
    edges = graph.into(name)
    while isinstance(graph.nodes[name], Flatten) and len(edges) == 1 and not edges[0].late:
        name = edges[0].source
        edges = graph.into(name)
    return name


def variable(graph: Graph, name: str) -> str:
    """Of the group of node `name`, what holds its values."""
    node = graph.nodes[name]
    if isinstance(node, Population):
        return graph_population.gives(node)
    return "s_in" if isinstance(node, Input) else "y"


@dataclass(frozen=True)
class Wiring:
    """Which groups there are and what each hears.

    groups : node -> name of its group, in the order of a step;  heard : node -> values summed
    copied : nodes that keep a copy of what they gave a step before
    """

    groups: dict[str, str]
    heard: dict[str, tuple[Heard, ...]]
    copied: frozenset[str]


def wiring(graph: Graph) -> Wiring:
    """Of a graph."""
    named, place = names(graph), {name: number for number, name in enumerate(graph.order)}
    groups = {name: named[name] for name in graph.order if source(graph, name) == name}
    heard: dict[str, tuple[Heard, ...]] = {}
    copied = set()
    for name in groups:
        values = []
        for edge in graph.into(name):
            origin = source(graph, edge.source)
            overwritten = edge.late and place[origin] < place[name]
            copied |= {origin} if overwritten else set()
            values.append(Heard(groups[origin], "before" if overwritten else variable(graph, origin)))
        heard[name] = tuple(values)
    return Wiring(groups, heard, frozenset(copied))
