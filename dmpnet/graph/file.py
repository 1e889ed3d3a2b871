"""The .npz file that holds a graph: a header, and every array of a node under the node's own name."""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.arithmetic import stored
from dmpnet.arithmetic.fixed import Fixed
from dmpnet.disk.files import read_arrays, write_arrays
from dmpnet.disk.headers import parsed, record, shown
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph import nodes
from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.population import Population
from dmpnet.trained.encoding import Encoding

FORMAT = "dmpnet-graph-1"
KINDS: dict[str, Any] = {kind.__name__: kind for kind in (
    nodes.Affine, nodes.Convolution, nodes.Delay, nodes.Flatten, nodes.Input, nodes.Memory, nodes.Pool, nodes.Rectify,
    nodes.Scale, nodes.Threshold, Population)}


def save(graph: Graph, path: str | Path) -> None:
    """Write `graph` to one .npz file, whole or not at all; no pickle."""
    header, held = _contents(graph)
    write_arrays(path, header=np.array(json.dumps(header, default=_plain)), **held)


def checksum(graph: Graph) -> str:
    """sha256 of everything its file holds but the provenance: of what it computes, not of where it comes from."""
    header, held = _contents(graph)
    del header["provenance"]
    total = hashlib.sha256(json.dumps(header, default=_plain).encode())
    for key, array in held.items():
        total.update(f"{key} {array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _contents(graph: Graph) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of its file."""
    held: dict[str, np.ndarray] = {}
    listed = {}
    for number, (name, node) in enumerate(graph.nodes.items()):
        plain: dict[str, Any] = {"kind": type(node).__name__, "number": number}
        for f in fields(node):  # type: ignore[arg-type]
            value = getattr(node, f.name)
            if isinstance(value, np.ndarray):
                held[f"{number}.{f.name}"] = _narrow(value) if graph.integer else value
            elif isinstance(value, Fixed):
                plain[f.name] = value.described | {"unit_x": value.unit_x}
                held |= {f"{number}.{f.name}.{key}": array for key, array in value.arrays()}
            elif f.name != "fixed":  # of a graph in real numbers, whose files are as they were
                plain[f.name] = value
        listed[name] = plain
    encoding = {key: getattr(graph.encoding, key) for key in ("kind", "channels", "steps", "dt", "dataset")}
    encoding |= {"levels": graph.encoding.levels} if graph.encoding.levels else {}
    return {"format": FORMAT, "nodes": listed, "output": graph.output, "input": encoding,
            "edges": [[edge.source, edge.target, edge.late] for edge in graph.edges],
            "provenance": graph.provenance}, held


def load(path: str | Path) -> Graph:
    """Read a graph's file; WeightsError, naming the file and the node, if it is not whole or does not fit together."""
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; give the path of a graph written by dmpnet")
    found = read_arrays(path, WeightsError, "copy or download the file again")
    try:
        header = parsed(str(found.pop("header")))
        if header["format"] != FORMAT:
            raise WeightsError(f"format {shown(header['format'])}, but this version reads {FORMAT!r}; use the dmpnet "
                               f"version that wrote it")
        made = {name: _node(name, plain, found) for name, plain in header["nodes"].items()}
        if found:
            raise WeightsError(f"key {min(found)!r} is not one this graph has; write the file with "
                               f"dmpnet.graph.file.save")
        edges = tuple(Edge(str(source), str(target), bool(late)) for source, target, late in header["edges"])
        return Graph(made, edges, header["output"], record(Encoding, header["input"], "input"),
                     header.get("provenance", {}))
    except DmpnetError as error:
        raise WeightsError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: the header does not describe a graph ({error}); write the file with "
                           f"dmpnet.graph.file.save") from error


def is_graph(path: str | Path) -> bool:
    """Whether a readable file says that it holds a graph."""
    try:
        with np.load(path, allow_pickle=False) as held:
            return bool(json.loads(str(held["header"]))["format"] == FORMAT)
    except Exception:  # whatever is wrong with it, whoever reads it as something else will say
        return False


def _node(name: str, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> nodes.Node:
    settings: dict[str, Any] = {key: tuple(map(_tupled, value)) if isinstance(value, list) else value
                                for key, value in plain.items()}
    kind = KINDS.get(settings.pop("kind"))
    if kind is None:
        raise WeightsError(f"node {name!r} is of kind {shown(plain['kind'])}, but a graph has "
                           f"{', '.join(sorted(KINDS))}; use the dmpnet version that wrote it")
    prefix = f"{settings.pop('number')}."
    for key in [key for key in arrays if key.startswith(prefix)]:
        settings[key.removeprefix(prefix)] = arrays.pop(key)
    if settings.get("fixed") is not None:
        settings["fixed"] = stored.fixed(settings["fixed"], f"fixed of node {name!r}",
                                         lambda key: settings.pop(f"fixed.{key}"), settings.pop("fixed.floor", None))
    try:
        return kind(**settings)
    except TypeError as error:
        raise WeightsError(f"node {name!r}: {error}; write the file with dmpnet.graph.file.save") from error


def _narrow(array: np.ndarray) -> np.ndarray:
    """Whole numbers in the fewest bytes; others as they are."""
    if not array.size or (array % 1).any():
        return array
    low, high = int(array.min()), int(array.max())
    return array.astype(np.min_scalar_type(min(low, -high - 1) if low < 0 else high))


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
