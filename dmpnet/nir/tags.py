"""What `export` says in the metadata beside what NIR expresses, read back: the network as it was, bit for bit.

A tag that the node's own fields contradict, because another tool changed them since, is refused, not believed.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from dmpnet.disk.headers import parsed, record
from dmpnet.errors import DmpnetError
from dmpnet.graph.file import KINDS
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Convolution, Delay, Memory, Node, Threshold
from dmpnet.nir import maps
from dmpnet.nir.parts import Nested, Part
from dmpnet.nir.values import raw
from dmpnet.nir.writing import TAG, written
from dmpnet.trained.encoding import Encoding

FORMAT = "dmpnet-nir-1"
NEAR = 1e-6
"""By how much of itself a field may differ from what the tag says: float32 does."""
MENDED = "tags that the file contradicts; write it again, or read it without them (tags=False, --ignore-tags)"


def of_graph(graph: Graph) -> dict[str, Any]:
    """Metadata of a whole graph: dt, how samples reach it, its nodes in order, where it comes from."""
    code = graph.encoding
    order = None if code.permutation is None else np.asarray(code.permutation).tolist()
    encoding = {"kind": code.kind, "channels": code.channels, "steps": code.steps, "dt": code.dt,
                "dataset": code.dataset, "levels": code.levels, "permutation": order}
    header = {"format": FORMAT, "encoding": encoding, "nodes": list(graph.nodes), "provenance": graph.provenance}
    return {TAG: json.dumps(header, default=_plain)}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def header(graph: Nested) -> dict[str, Any] | None:
    """What the tag of a whole graph says, its encoding as an Encoding; None without one."""
    if TAG not in graph.metadata:
        return None
    try:
        found = parsed(str(graph.metadata[TAG]))
        if found.get("format") != FORMAT or not isinstance(found.get("nodes"), list):
            raise ValueError("of another format")
        held = dict(found["encoding"])
        order = held.pop("permutation", None)
        encoding = record(Encoding, held, "encoding", permutation=None if order is None else np.asarray(order))
        encoding.check("encoding")
        return found | {"encoding": encoding}
    except (KeyError, TypeError, ValueError) as error:
        raise DmpnetError(f"metadata '{TAG}' of the graph cannot be read ({' '.join(str(error).split())[:200]}); "
                          f"{MENDED}") from error


def folded(graph: Nested, dt: float) -> Nested:
    """`graph` with every nested graph that is tagged as a slow memory as one node."""
    nodes: dict[str, Part | Nested] = {}
    for name, node in graph.nodes.items():
        if isinstance(node, Nested) and TAG in node.metadata:
            try:
                nodes[name] = _memory(node, dt)
            except (DmpnetError, KeyError, AttributeError, ValueError, TypeError) as error:
                nodes[name] = Part("NIRGraph", broken=f"metadata '{TAG}': {error}; {MENDED}")
        else:
            nodes[name] = node
    return Nested(nodes, graph.edges, graph.metadata)


def _memory(node: Nested, dt: float) -> Part:
    held = parsed(str(node.metadata[TAG]))
    if held != {"kind": "Memory"}:
        raise ValueError("no tag of a nested graph")
    made = Memory(*(np.asarray(node.nodes[key].fields["weight"]) for key in "AB"))  # type: ignore[union-attr]
    want = written(made, dt)
    assert isinstance(want, Nested)
    if set(want.edges) != set(node.edges) or want.nodes.keys() != node.nodes.keys():
        raise ValueError("its nodes or edges are not those of a slow memory")
    for key, part in want.nodes.items():
        agree(part, node.nodes[key])
    return Part("Memory", {"A": made.A, "B": made.B})


def restored(part: Part, incoming: tuple[int, ...] | None, dt: float) -> Node:
    """The node that was written as `part`; DmpnetError if its own fields say otherwise."""
    try:
        held = parsed(str(part.metadata[TAG]))
        arrays = {key.removeprefix(f"{TAG}_"): np.asarray(value) for key, value in part.metadata.items()
                  if key.startswith(f"{TAG}_")}
        held = {key: tuple(value) if isinstance(value, list) else value for key, value in held.items()} | arrays
        kind = KINDS[str(held.pop("kind"))]
        if kind in (Convolution, Threshold):
            plain: Any = maps.taken(part, incoming, dt, False)[0]
            made = replace(plain, **held)
        else:
            made = kind(**held)
        want = written(made, dt)
    except DmpnetError as error:
        raise DmpnetError(f"metadata '{TAG}': {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DmpnetError(f"metadata '{TAG}' cannot be read ({' '.join(str(error).split())[:200]}); {MENDED}"
                          ) from error
    agree(want, part)
    return made


def agree(want: Part | Nested, part: Part | Nested) -> None:
    """Raise DmpnetError unless `part` is what `want` says, to the precision of float32."""
    if isinstance(want, Nested) or isinstance(part, Nested) or want.kind != part.kind:
        raise DmpnetError(f"it is a {getattr(part, 'kind', 'graph')}, but not by its {MENDED}")
    for key, value in want.fields.items():
        found = part.fields.get(key)
        if isinstance(value, str) or isinstance(found, str):
            same = type(value) is type(found) and value == found
        else:
            one, other = np.asarray(value, np.float64), raw(part, key)
            same = one.shape == other.shape and np.allclose(one, other, NEAR, 0, equal_nan=True)
        if not same:
            raise DmpnetError(f"{key} is not what the tag in its metadata says: {MENDED}")


def is_late(part: Part) -> bool:
    """Whether a Delay stands for an edge that is a step late."""
    try:
        return part.kind == "Delay" and parsed(str(part.metadata.get(TAG, ""))) == {"kind": "late"}
    except ValueError:
        return False


def late(shape: tuple[int, ...], dt: float) -> Part:
    """The Delay that stands for a late edge."""
    part = written(Delay(np.ones(shape, np.int64)), dt)
    assert isinstance(part, Part)
    return Part(part.kind, part.fields, {TAG: json.dumps({"kind": "late"})})
