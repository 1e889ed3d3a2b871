"""Which edges of a graph bring what was a step before, so that its nodes can be taken one after the other.

A circle is cut where it leaves a population and is about to close: seen from the input, the populations of a circle
come in an order (edges from the input, then by name), and an edge by which one reaches itself or an earlier one, over
nodes without state, is late as it leaves. Of lif -> w_rec -> lif, lif -> w_rec is late, so that a bias of w_rec acts
from the first step on. A delay of n >= 1 steps in a circle keeps its n: all that leads into it is late, and it holds
n - 1. The order in which a file lists edges plays no part.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dmpnet.graph.nodes import Delay, Node
from dmpnet.graph.population import Population

Pair = tuple[str, str]


@dataclass(frozen=True)
class Cut:
    """What makes a graph of circles one that can be taken in order.

    late : edges a step late;  delays : delays that hold a step less;  around : nodes of a circle without state
    """

    late: frozenset[Pair]
    delays: frozenset[str]
    around: tuple[str, ...] = ()


def cut(nodes: Mapping[str, Node], edges: Iterable[Pair], start: str) -> Cut:
    """For `nodes` joined by `edges`, seen from the input `start`."""
    edges = set(edges)
    ring = circles(nodes, edges)
    delays = {name for name in ring if isinstance(node := nodes[name], Delay) and node.steps.size
              and node.steps.min() >= 1}
    late = {edge for edge in edges if edge[1] in delays}
    ring = circles(nodes, edges - late)
    far = away(edges, start)
    rank = {name: place for place, name in enumerate(sorted(ring, key=lambda name: (far.get(name, len(nodes)), name)))}
    within = {edge for edge in edges - late if ring.get(edge[0], -1) == ring.get(edge[1], -2)}
    behind = _behind(within)
    for edge in sorted(within):
        if isinstance(nodes[edge[0]], Population) and any(
                rank[reached] <= rank[edge[0]] for reached in _reached(nodes, behind, edge[1])):
            late.add(edge)
    return Cut(frozenset(late), frozenset(delays), tuple(sorted(circles(nodes, edges - late))))


def circles(nodes: Iterable[str], edges: Iterable[Pair]) -> dict[str, int]:
    """Of the nodes that lie on circles, the number of their strongly connected component."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = sorted(nodes)
    place = {name: number for number, name in enumerate(names)}
    pairs = np.array([(place[source], place[target]) for source, target in edges], np.int64).reshape(-1, 2)
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(names), len(names)))
    _, labels = connected_components(joined.tocsr(), connection="strong")
    many = np.bincount(labels, minlength=1)[labels] > 1
    many[pairs[pairs[:, 0] == pairs[:, 1], 0]] = True
    return {name: int(labels[number]) for name, number in place.items() if many[number]}


def away(edges: Iterable[Pair], start: str) -> dict[str, int]:
    """Edges between `start` and each node it reaches."""
    behind, found, waiting = _behind(edges), {start: 0}, deque([start])
    while waiting:
        name = waiting.popleft()
        for target in behind.get(name, ()):
            if target not in found:
                found[target] = found[name] + 1
                waiting.append(target)
    return found


def _behind(edges: Iterable[Pair]) -> dict[str, list[str]]:
    """Targets of each source."""
    found: dict[str, list[str]] = {}
    for source, target in edges:
        found.setdefault(source, []).append(target)
    return found


def _reached(nodes: Mapping[str, Node], behind: Mapping[str, list[str]], first: str) -> set[str]:
    """Populations that `first` is, or leads to over nodes without state."""
    found, seen, waiting = set(), {first}, [first]
    while waiting:
        name = waiting.pop()
        if isinstance(nodes[name], Population):
            found.add(name)
            continue
        for target in behind.get(name, ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return found
