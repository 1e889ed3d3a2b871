"""A graph, or a trained network, as a nir.NIRGraph and a .nir file.

Edges a step late are plain circles where a reader cuts them as dmpnet does (dmpnet.nir.circles), else Delays of dt.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.disk.files import whole_file
from dmpnet.errors import DmpnetError
from dmpnet.graph import trained
from dmpnet.graph.graph import Graph
from dmpnet.nir import circles, tags
from dmpnet.nir.file import extra
from dmpnet.nir.parts import Nested, Part
from dmpnet.nir.writing import written
from dmpnet.trained.network import TrainedNetwork


def to_nir(network: Graph | TrainedNetwork) -> Any:
    """`network` as a nir.NIRGraph; what NIR does not express is in its metadata (writing.py)."""
    nir = extra("nir")
    return _object(nir, laid_out(trained.of(network) if isinstance(network, TrainedNetwork) else network))


def save(network: Graph | TrainedNetwork, path: str | Path) -> None:
    """Write `network` to one .nir file, whole or not at all."""
    graph = to_nir(network)
    with whole_file(path) as temporary:
        extra("nir").write(temporary, graph)


def laid_out(graph: Graph) -> Nested:
    """`graph` as records of NIR."""
    if graph.integer:
        raise DmpnetError("graph: it computes in integers, but NIR's nodes in real numbers; export the network before "
                          "it was constrained")
    dt, nodes = graph.encoding.dt, {}
    for name, node in graph.nodes.items():
        if not name or "/" in name or name.strip(".") == "":
            raise DmpnetError(f"node {name!r}: a file of NIR is organised by names, in which {name!r} is none; call it "
                              f"otherwise")
        try:
            nodes[name] = written(node, dt)
        except DmpnetError as error:
            raise DmpnetError(f"node {name!r}: {error}") from error
    edges = [(edge.source, edge.target) for edge in graph.edges if not edge.late]
    behind = [(edge.source, edge.target) for edge in graph.edges if edge.late]
    twice = next((pair for pair, count in Counter(edges).items() if count > 1), None)
    if twice:
        raise DmpnetError(f"the edge {twice[0]!r} -> {twice[1]!r} is there twice, which NIR refuses; put a Scale of 2 "
                          f"on one")
    if plain(graph, edges, behind):
        edges += behind
    else:
        for source, target in behind:
            name = _free(nodes, f"{source} to {target}")
            nodes[name] = tags.late(graph.nodes[source].shape_out, dt)
            edges += [(source, name), (name, target)]
    output = _free(nodes, "output")
    nodes[output] = Part("Output", {"shape": np.array(graph.nodes[graph.output].shape_out)})
    return Nested(nodes, [*edges, (graph.output, output)], tags.of_graph(graph))


def plain(graph: Graph, prompt: list[circles.Pair], behind: list[circles.Pair]) -> bool:
    """Whether the late edges of `graph` are those at which a reader cuts its circles."""
    found = circles.cut(graph.nodes, [*prompt, *behind], graph.input)
    return not found.delays and found.late == set(behind) and len({*prompt, *behind}) == len(prompt) + len(behind)


def _free(nodes: dict[str, Any], name: str) -> str:
    while name in nodes:
        name += "_"
    return name


def _object(nir: Any, part: Part | Nested) -> Any:
    """A record as nir's own object."""
    if isinstance(part, Nested):
        return nir.NIRGraph({name: _object(nir, node) for name, node in part.nodes.items()}, list(part.edges),
                            dict(part.metadata), type_check=False)
    held = dict(part.fields)
    if part.kind in ("Input", "Output"):
        held = {f"{part.kind.lower()}_type": {part.kind.lower(): held["shape"]}}
    elif part.kind == "Flatten":
        held["input_type"] = {"input": held["input_type"]}
    return getattr(nir, part.kind)(**held, metadata=dict(part.metadata))
