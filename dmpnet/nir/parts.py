"""A NIR graph as plain records, from nir's objects or a file, and nested graphs laid out flat."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError, meant

DEEP = 50
"""Levels that graphs may lie in each other."""
MOST_EDGES = 1_000_000

FIELDS: dict[str, dict[str, bool]] = {
    "Affine": {"weight": True, "bias": True}, "Linear": {"weight": True}, "Scale": {"scale": True},
    "Conv1d": {"input_shape": False, "weight": True, "stride": True, "padding": True, "dilation": True,
               "groups": True, "bias": True},
    "SumPool2d": {"kernel_size": True, "stride": True, "padding": True},
    "Flatten": {"input_type": False, "start_dim": True, "end_dim": True},
    "Threshold": {"threshold": True}, "Delay": {"delay": True},
    "I": {"r": True}, "IF": {"r": True, "v_threshold": True, "v_reset": False},
    "LI": {"tau": True, "r": True, "v_leak": True},
    "LIF": {"tau": True, "r": True, "v_leak": True, "v_threshold": True, "v_reset": False},
    "CubaLI": {"tau_syn": True, "tau_mem": True, "r": True, "v_leak": True, "w_in": False},
    "CubaLIF": {"tau_syn": True, "tau_mem": True, "r": True, "v_leak": True, "v_threshold": True, "v_reset": False,
                "w_in": False},
    "Input": {"shape": True}, "Output": {"shape": True},
}
FIELDS |= {"Conv2d": FIELDS["Conv1d"], "AvgPool2d": FIELDS["SumPool2d"]}
"""Primitives of NIR 1.0.8: their fields, and whether a file must have them."""


@dataclass
class Part:
    """One node: its type, fields and metadata; `broken` says why it cannot be read."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    broken: str = ""


@dataclass
class Nested:
    """A graph of parts and of graphs."""

    nodes: dict[str, "Part | Nested"]
    edges: list[tuple[str, str]]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Flat:
    """All parts by name, edges between them, (source, target) to how often; `whole` says what is wrong as a whole."""

    nodes: dict[str, Part]
    edges: Counter[tuple[str, str]]
    whole: list[tuple[str, str]] = field(default_factory=list)


def part(kind: str, held: dict[str, Any], metadata: Any = None) -> Part:
    """A node whose fields are those of its kind, or broken."""
    metadata = metadata if isinstance(metadata, dict) else {}
    if kind not in FIELDS:
        return Part(kind, metadata=metadata, broken=(
            f"type {kind!r}{meant(kind, FIELDS)} is none of NIR 1.0.8, which has {', '.join(sorted(FIELDS))} and "
            f"NIRGraph; write it with these"))
    held = {key: value for key, value in held.items() if value is not None}
    for key, needed in FIELDS[kind].items():
        if needed and key not in held:
            return Part(kind, metadata=metadata, broken=f"has no {key}, but needs it; write the file again with nir")
    for key in held:
        if key not in FIELDS[kind]:
            return Part(kind, metadata=metadata, broken=(
                f"has {shown(key)}{meant(key, FIELDS[kind])}, which NIR 1.0.8 does not know of a {kind}; take it out"))
    return Part(kind, held, metadata)


def of(graph: Any, level: int = 0) -> Nested:
    """A nir.NIRGraph, or one node of nir, as records; told by the names of its classes, so that nir is not needed."""
    if level > DEEP:
        raise DmpnetError(f"graphs lie in each other more than {DEEP} deep; lay them out")
    if type(graph).__name__ != "NIRGraph" or not isinstance(getattr(graph, "nodes", None), dict):
        if is_dataclass(graph) and type(graph).__name__ in FIELDS:
            return Nested({type(graph).__name__.lower(): _object(graph)}, [])
        raise DmpnetError(f"{type(graph).__name__} is no NIR graph; give a nir.NIRGraph or the path of a .nir file")
    nodes: dict[str, Part | Nested] = {
        str(name): of(node, level + 1) if type(node).__name__ == "NIRGraph" else _object(node)
        for name, node in graph.nodes.items()}
    return Nested(nodes, pairs(graph.edges), graph.metadata if isinstance(graph.metadata, dict) else {})


def pairs(edges: Iterable[Any]) -> list[tuple[str, str]]:
    """Edges as (source, target)."""
    try:
        return [(str(source), str(target)) for source, target in edges]
    except (TypeError, ValueError) as error:
        raise DmpnetError(f"edges are not pairs of names ({error}); write the file again with nir") from error


def _object(node: Any) -> Part:
    kind = type(node).__name__
    held = {f.name: getattr(node, f.name, None) for f in fields(node)} if is_dataclass(node) else {}
    metadata = held.pop("metadata", None)
    types = {key: held.pop(key, None) for key in ("input_type", "output_type")}
    shape = (types["output_type" if kind == "Output" else "input_type"] or {})
    shape = next(iter(shape.values()), None) if isinstance(shape, dict) else shape
    if kind in ("Input", "Output"):
        held = {"shape": shape}
    elif kind == "Flatten":
        held["input_type"] = shape
    return part(kind, held, metadata)


class _Layout:
    """Nested graphs laid out: what is inside 'a' is called 'a.b', and what leads into 'a' leads into its Input."""

    def __init__(self) -> None:
        self.nodes: dict[str, Part] = {}
        self.edges: list[tuple[str, str]] = []
        self.whole: list[tuple[str, str]] = []

    def add(self, graph: Nested, prefix: str = "", level: int = 0) -> tuple[dict[str, str], dict[str, str]]:
        """Where an edge into, or out of, each node of `graph` leads."""
        if level > DEEP:
            raise DmpnetError(f"graphs lie in each other more than {DEEP} deep; lay them out")
        into, out = {}, {}
        for name, node in graph.nodes.items():
            if isinstance(node, Nested):
                into[name], out[name] = self._nested(node, prefix + name, level)
                continue
            own = self._free(prefix + name)
            self.nodes[own] = Part("Pass") if level and node.kind in ("Input", "Output") else node
            into[name] = out[name] = own
        seen = set()
        for source, target in graph.edges:
            wrong = next((end for end in (source, target) if end not in graph.nodes), None)
            if wrong is not None:
                self._wrong(prefix, f"an edge {source!r} -> {target!r}, but there is no node {wrong!r}"
                                    f"{meant(wrong, graph.nodes)}; mend the edge")
            elif (source, target) in seen:
                self._wrong(prefix, f"the edge {source!r} -> {target!r} is there twice, which nir refuses; take one "
                                    f"out, or put a Scale of 2 on it")
            elif not out[source] or not into[target]:
                side = f"{target!r} has not one Input" if not into[target] else f"{source!r} has not one Output"
                self._wrong(prefix, f"an edge {source!r} -> {target!r}, but the graph {side}; lay it out, or give it "
                                    f"one")
            else:
                seen.add((source, target))
                self.edges.append((out[source], into[target]))
        return into, out

    def _nested(self, graph: Nested, name: str, level: int) -> tuple[str, str]:
        """(in, out): the nodes by which a nested graph is reached and left, '' where there is not one."""
        into, out = self.add(graph, f"{name}.", level + 1)
        ends = []
        for kind, side, names in (("Input", 1, into), ("Output", 0, out)):
            of_kind = [each for each, node in graph.nodes.items() if isinstance(node, Part) and node.kind == kind]
            bare = [each for each in graph.nodes if all(edge[side] != each for edge in graph.edges)]
            chosen = of_kind or bare
            ends.append(names[chosen[0]] if len(chosen) == 1 else "")
        return ends[0], ends[1]

    def _free(self, name: str) -> str:
        while name in self.nodes:
            name += "_"
        return name

    def _wrong(self, prefix: str, says: str) -> None:
        self.whole.append((prefix.rstrip(".") or "graph", says))


def flat(graph: Nested) -> Flat:
    """`graph` without nested ones; edges that pass through their Inputs and Outputs join the nodes behind."""
    layout = _Layout()
    layout.add(graph)
    edges = Counter(layout.edges)
    for name in [name for name, node in layout.nodes.items() if node.kind == "Pass"]:
        before = {edge[0]: count for edge, count in edges.items() if edge[1] == name}
        behind = {edge[1]: count for edge, count in edges.items() if edge[0] == name}
        if name in behind:
            layout.whole.append((name, "leads into itself, a circle without any node; take the edge out"))
        edges = Counter({edge: count for edge, count in edges.items() if name not in edge})
        for source, times in before.items():
            for target, count in behind.items():
                if name not in (source, target):
                    edges[source, target] += times * count
        if edges.total() > MOST_EDGES:
            raise DmpnetError(f"over {MOST_EDGES:,} edges once nested graphs are laid out; write it smaller")
        del layout.nodes[name]
    return Flat(layout.nodes, edges, layout.whole)
