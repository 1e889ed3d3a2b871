"""A .nir file (HDF5) as records, looked at before any of it is read: sizes, links, types."""

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.disk import archives, hdf5
from dmpnet.errors import DmpnetError
from dmpnet.nir.parts import DEEP, Nested, Part, pairs, part

AGAIN = "write the file again with nir.write"


def extra(name: str) -> Any:
    """A module of the extra `nir`; DmpnetError if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DmpnetError(f"{name} is not installed, but NIR is read and written with it; pip install '.[nir]' in a "
                          f"clone of dmpnet") from error


def read(path: str | Path) -> tuple[Nested, str]:
    """The graph in a .nir file, and the version of NIR it says; DmpnetError, in one line, if it is not whole."""
    path = Path(path)
    if not path.is_file():
        raise DmpnetError(f"{path}: no such file; give the path of a .nir file")
    h5py, size = extra("h5py"), path.stat().st_size
    try:
        if not h5py.is_hdf5(path):
            raise ValueError("it does not begin like one")
        with open(path, "rb") as content:
            hdf5.check_heaps(content)
        with h5py.File(path, "r") as file:
            found = _Reader(h5py, size).group(file, "", 0)
    except DmpnetError as error:
        raise DmpnetError(f"{path}: {error}") from error
    except Exception as error:  # damaged bytes come up as whatever HDF5 trips over first
        told = " ".join(str(error).split())[:300] or type(error).__name__
        raise DmpnetError(f"{path}: {size} bytes that are not a whole NIR file, which is HDF5 ({told}); {AGAIN}"
                          ) from error
    try:
        if not isinstance(found.get("node"), dict):
            raise DmpnetError(f"it has no group 'node', so it is not a NIR file; {AGAIN}")
        top = _part("node", found["node"], 0)
        return (top if isinstance(top, Nested) else Nested({top.kind.lower(): top}, [])), str(found.get("version", ""))
    except DmpnetError as error:
        raise DmpnetError(f"{path}: {error}") from error


class _Reader:
    """Groups as dictionaries, as long as what they declare has room."""

    def __init__(self, h5py: Any, disk: int):
        self.h5py, self.disk, self.size, self.seen = h5py, disk, 0, set()

    def group(self, group: Any, name: str, level: int) -> dict[str, Any]:
        """What a group holds."""
        if level > 2 * DEEP + 4:
            raise DmpnetError(f"groups lie in each other more than {level - 1} deep; lay the graphs out")
        found = {}
        for key in group:
            here = f"{name}/{key}"
            if not isinstance(group.get(key, getlink=True), self.h5py.HardLink):
                raise DmpnetError(f"{_named(here)} is a link to elsewhere, which is not followed; {AGAIN}")
            try:
                item = group[key]
                address = self.h5py.h5o.get_info(item.id).addr
            except (KeyError, OSError, RuntimeError, ValueError) as error:
                raise DmpnetError(f"{_named(here)} cannot be opened ({_told(error)}); {AGAIN}") from error
            if address in self.seen:
                raise DmpnetError(f"{_named(here)} is there twice, by a second link; {AGAIN}")
            self.seen.add(address)
            found[key] = self.group(item, here, level + 1) if isinstance(item, self.h5py.Group) else \
                self.values(item, here)
        return found

    def values(self, item: Any, name: str) -> Any:
        """An array, a number or a text."""
        if not isinstance(item, self.h5py.Dataset) or item.shape is None:
            raise DmpnetError(f"{_named(name)} holds no values; {AGAIN}")
        text = self.h5py.check_string_dtype(item.dtype)
        if item.is_virtual or item.external or (text is None and item.dtype.kind not in "biufS"):
            raise DmpnetError(f"{_named(name)} is of dtype {item.dtype}, or kept elsewhere, but NIR holds numbers and "
                              f"texts; {AGAIN}")
        self.size += math.prod(item.shape) * item.dtype.itemsize
        try:
            archives.check_room(self.disk, self.size)
            value = item[()]
        except Exception as error:  # as above
            raise DmpnetError(f"{_named(name)} of shape {item.shape} cannot be read ({_told(error)}); {AGAIN}"
                              ) from error
        if text is None and item.dtype.kind != "S":
            return archives.native(value) if isinstance(value, np.ndarray) else value
        return _text(value, name)


def _text(value: Any, name: str) -> Any:
    """Bytes decoded, one text or an array of them as lists."""
    try:
        if isinstance(value, np.ndarray):
            return [_text(each, name) for each in value] if value.ndim else _text(value[()], name)
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise DmpnetError(f"{_named(name)} is not text in UTF-8; {AGAIN}") from error


def _named(path: str) -> str:
    """'/node/nodes/lif/tau' as "node 'lif': tau"."""
    names = path.strip("/").split("/")
    if names[:2] == ["node", "nodes"] and len(names) > 2:
        inside = ".".join(name for name in names[2:3] + names[4::2]) if "nodes" in names[3:4] else names[2]
        return f"node {inside!r}: {names[-1]}"
    return repr(path.strip("/"))


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _part(name: str, held: Any, level: int) -> Part | Nested:
    """A group of a file as a node or a graph."""
    if not isinstance(held, dict) or not isinstance(held.get("type"), str):
        return Part("?", broken=f"has no type, so it is no node of NIR; {AGAIN}")
    kind, metadata = held["type"], held.get("metadata")
    if kind != "NIRGraph":
        return part(kind, {key: value for key, value in held.items() if key not in ("type", "metadata")}, metadata)
    nodes, edges = held.get("nodes"), held.get("edges")
    if not isinstance(nodes, dict) or edges is None:
        return Part("?", broken=f"is a graph without nodes or without edges; {AGAIN}") if level else _empty(name)
    if isinstance(edges, np.ndarray) and edges.size:
        raise DmpnetError(f"the edges of {name!r} are numbers, but they are pairs of names; {AGAIN}")
    found = {key: _part(key, node, level + 1) for key, node in nodes.items()}
    return Nested(found, pairs(edges), metadata if isinstance(metadata, dict) else {})


def _empty(name: str) -> Nested:
    raise DmpnetError(f"{name!r} is a graph without nodes or without edges; {AGAIN}")
