"""The steps of a graph in a chip's integers as Brian2 lines: those of a layer, node by node.

    x        a = I(what w_x brings), x = X(max(a, 0) >> shift_x)            y of the Rectify
    m        M(I(A m) >> shift_m + I(B x) >> shift_B)                       y of the Memory
    u, s     of the sums I_f (all that is fast), I_new (W_m m) and I_x (nu x), each of which an accumulator holds
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brian2 import Function

from dmpnet.brian import integer_steps
from dmpnet.brian.graph_population import COUNT
from dmpnet.graph import pathways

if TYPE_CHECKING:
    from dmpnet.arithmetic.fixed import Fixed
    from dmpnet.graph.graph import Edge, Graph
    from dmpnet.graph.population import Population



@dataclass(frozen=True)
class Counted:
    """A node that computes in integers.

    quantity : what it holds, 'u', 'm' or 'x';  fixed, number : of its population;  units : of a sample
    """

    quantity: str
    fixed: Fixed
    number: int
    units: int

    def functions(self, steps: int) -> dict[str, Any]:
        """What its lines call or name that is no variable of the group."""
        called: dict[str, Function] = integer_steps.functions(self.fixed, self.number, self.quantity, self.units, steps)
        return {**called, "T": steps}

    def scalar(self, x: str) -> list[str]:
        """Lines of x, the expression of its input given."""
        return [COUNT, f"x_in = {x}", *integer_steps.rectify(self.fixed, self.number, "x_in").splitlines(), "y = x"]

    def memory(self, kept: str, new: str) -> list[str]:
        """Lines of m, A m and B x given."""
        return [COUNT, f"m_kept = {kept}", f"m_new = {new}",
                *integer_steps.remember(self.fixed, self.number).splitlines(), "y = m"]

    def neurons(self, node: Population, fast: str, seen: str, ahead: str) -> list[str]:
        """Lines of u and s, W_f s, W_m m and nu x given; '' where there is no such."""
        slow = [f"I_new = {seen}", *[f"I_x = {ahead}"] * bool(ahead),
                f"I_m = {integer_steps.looked_up(self.fixed, bool(ahead))}"] if seen else []
        reset = "hard" if node.reset == "value" else "soft"
        return [COUNT, f"I_f = {fast}", *slow, *integer_steps.integrate(
            self.fixed, self.number, node.decay, reset, False, bool(seen)).splitlines()]


def counted(graph: Graph) -> dict[str, Counted]:
    """The nodes of a graph that do, by name; the sums of all others are whole numbers as they are."""
    found = {}
    for number, name in enumerate(graph.populations, 1):
        fixed = pathways.fixed(graph, name)
        if fixed is not None:
            ways = pathways.of(graph, name)
            held = {"u": name} | ({"x": ways.x, "m": ways.m} if ways.m else {})
            found |= {node: Counted(quantity, fixed, number, math.prod(graph.nodes[node].shape_out))
                      for quantity, node in held.items()}
    return found


def split(graph: Graph, name: str, heard: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """What a population hears, an entry an edge, as what is fast, W_m m, and nu x."""
    ways = pathways.of(graph, name)
    of: dict[Edge, list[Any]] = {}
    for edge, value in zip(graph.into(name), heard, strict=True):
        of.setdefault(edge, []).append(value)
    return [tuple(value for edge in dict.fromkeys(edges) for value in of[edge])
            for edges in (ways.fast, ways.seen, ways.ahead)]
