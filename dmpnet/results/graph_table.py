"""A graph as tables: its nodes in the order of a step, and what they come to."""

from dataclasses import fields
from typing import Any

import numpy as np

from dmpnet.graph.graph import Graph, parameters
from dmpnet.graph.nodes import Node, Shape
from dmpnet.graph.population import Population
from dmpnet.results import terminal


def show(graph: Graph, name: str, equations: bool) -> dict[str, Any]:
    """Print the tables, with `equations` also all that the graph does in a step in Brian2; gives them."""
    tables: dict[str, Any] = {"nodes": nodes(graph), "totals": totals(graph)}
    print(terminal.hanging(f"{name}: {graph.kind} {graph.shape}"), end="\n\n")
    print(terminal.table([{key: "" if value is None else value for key, value in row.items() if key != "in"}
                          for row in tables["nodes"]], disable_numparse=True))  # in: what those give that it is from
    print("* late: what it gave a step before\n" if any(edge.late for edge in graph.edges) else "")
    print(terminal.table(tables["totals"], tablefmt="plain"))
    if equations:
        from dmpnet.brian.graphs import convert  # Brian2 takes a second to import

        tables["equations"] = convert(graph, np.zeros((1, 1, graph.encoding.channels))).dynamics()
        print(f"\n{tables['equations']}")
    return tables


def nodes(graph: Graph) -> list[dict[str, Any]]:
    """A row a node: what it takes and gives, what it hears (late edges: *), its parameters, its conventions."""
    return [{"node": name, "kind": type(node).__name__, "in": _shape(node.shape_in), "out": _shape(node.shape_out),
             "from": ", ".join(f"{edge.source}*" if edge.late else edge.source for edge in graph.into(name)),
             "parameters": sum(value.size for value in _arrays(node).values()), "how": _how(node)}
            for name, node in ((name, graph.nodes[name]) for name in graph.order)]


def _how(node: Node) -> str:
    """Its constants, one for all or the range of them, and what is set otherwise than by default."""
    if isinstance(node, Population):
        plain = [f"reset {node.reset}{', late' if node.late else ''}", "v > theta" if node.strict else "v >= theta"]
        return ", ".join([node.decay, *_told(node), *(plain if node.fires else ["does not fire"])])
    settings = [f"{key} {_shape(value) if isinstance(value, tuple) and not isinstance(value[0], tuple) else value}"
                for key in ("kernel", "stride", "padding", "dilation", "groups", "mean", "strict")
                if (value := getattr(node, key, None)) is not None and value != ()]
    kernel = [f"kernel {_shape(node.weight.shape[2:])}"] if hasattr(node, "groups") else []  # type: ignore[attr-defined]
    return ", ".join(kernel + settings)


def _told(node: Population) -> list[str]:
    neutral = {"c": 0, "w": 1, "u_reset": 0, "refractory": 0, "u_0": 0}
    return [f"{key} {_range(value)}" for key, value in _arrays(node).items()
            if value.shape or neutral.get(key) != value]


def _range(value: np.ndarray) -> str:
    return f"{value.item():g}" if not value.shape else f"{value.min():g} to {value.max():g}"


def _arrays(node: Node) -> dict[str, np.ndarray]:
    return {f.name: value for f in fields(node)  # type: ignore[arg-type]
            if isinstance(value := getattr(node, f.name), np.ndarray)}


def _shape(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "1"


def totals(graph: Graph) -> list[tuple[str, str]]:
    """What the nodes come to, the input and where it is from."""
    code, units = graph.encoding, sum(int(np.prod(graph.nodes[name].shape_out)) for name in graph.populations)
    rows = [("numbers stored", f"{parameters(graph):,}   a kernel once, a constant of all neurons once"),
            ("neurons that fire", f"{units:,}"),
            ("state", f"{graph.state:,}   u, i_syn, memories, delays, late edges"),
            *([("chip", f"{graph.provenance.get('chip', 'not said')}: all weights are whole numbers")] if graph.integer
              else []),
            ("class", f"one a sample, of the mean of {graph.output!r}"),
            ("input", f"{code.kind}, {code.channels} channels x {code.steps} steps of {code.dt * 1e3:g} ms"),
            ("data", code.dataset or "not said")]
    return rows + [(key.replace("_", " "), str(value)) for key, value in graph.provenance.items()
                   if isinstance(value, str | int | float) and not (key == "chip" and graph.integer)]
