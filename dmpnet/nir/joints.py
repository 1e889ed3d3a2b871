"""Edges that join what does not fit."""

from collections.abc import Collection, Mapping

from dmpnet.errors import DmpnetError
from dmpnet.graph.nodes import Node
from dmpnet.nir.circles import Pair
from dmpnet.nir.parts import Flat
from dmpnet.nir.values import shape

APART = "put a node between them that changes the shape"


def misfits(nodes: Mapping[str, Node], flat: Flat, late: Collection[Pair], start: str,
            end: str) -> list[tuple[str, str]]:
    """What is wrong, by the node that an edge leads into; of nodes that could not be taken nothing is said."""
    found = []
    for source, target in sorted({*flat.edges, *late}):
        if target == start or source == end:
            found.append((target, f"an edge {source!r} -> {target!r}, but nothing leads into an Input or out of an "
                                  f"Output; take it out"))
        elif source in nodes and target in nodes:
            gives, takes = nodes[source].shape_out, nodes[target].shape_in
            if gives != takes:
                found.append((target, f"takes {takes}, but {source!r} gives {gives}; {APART}"))
    return found + _at_the_end(nodes, flat, end)


def _at_the_end(nodes: Mapping[str, Node], flat: Flat, end: str) -> list[tuple[str, str]]:
    """What is wrong with the Output."""
    if end not in flat.nodes:
        return []
    sources = [source for source, target in flat.edges if target == end]
    if not sources:
        return [(end, "nothing leads into it; join it to what is read out")]
    given = {source: nodes[source].shape_out for source in sorted(sources) if source in nodes}
    try:
        takes = shape(flat.nodes[end], "shape") if "shape" in flat.nodes[end].fields else next(iter(given.values()), ())
    except DmpnetError as error:
        return [(end, str(error))]
    return [(end, f"takes {takes}, but {source!r} gives {gives}; {APART}") for source, gives in given.items()
            if gives != takes]
