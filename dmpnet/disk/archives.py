"""What a file unpacks to, by what it says itself, looked at before any of it is unpacked.

A compressed file can stand for a thousand times its own bytes, and a header for any shape at all. So whatever is read
may become ROOM bytes, or RATIO times what lies on the disk where that is more: arrays that deflate further hold
nearly nothing but zeros, and np.savez, which does not compress, keeps those of any size.
"""

import gzip
import math
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO

import numpy as np

ROOM = 200_000_000
RATIO = 250
PIECE = 1 << 20
"""Bytes unpacked at a time."""

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
Declared = dict[str, np.ndarray]
"""Arrays of the shapes and dtypes that a file declares; they take no memory and hold nothing."""


def check_room(disk: int, size: int) -> None:
    """Raise ValueError if `size` bytes are too much for what takes so little on the disk."""
    if size > max(ROOM, RATIO * disk):
        raise ValueError(f"it would take {size:,} bytes, but at most {ROOM:,} are unpacked, or {RATIO} times the "
                         f"{disk:,} of the file")


def hollow(file: IO[bytes], size: int) -> np.ndarray:
    """The array that an .npy of `size` bytes declares, as in Declared; ValueError if it is not just as long."""
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the format, which is not one of plain arrays")
    shape, _, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("a pickle")
    needed = file.tell() + math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or needed != size:
        raise ValueError(f"its header says {dtype} {shape}, {needed:,} bytes in all, but there are {size:,}")
    if dtype.itemsize > ROOM:
        raise ValueError(f"one element takes {dtype.itemsize:,} bytes, but at most {ROOM:,} are unpacked, or {RATIO} "
                         f"times those of the file")
    return np.broadcast_to(np.zeros((), dtype), shape)


def declared(path: Path, archive: zipfile.ZipFile, only: Collection[str] | None) -> Declared:
    """The arrays of an .npz, all or `only` these, before any is unpacked; ValueError if they are too much."""
    entries: Declared = {}
    for info in archive.infolist():
        key = info.filename.removesuffix(".npy")
        if only is not None and key not in only:
            continue
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{key!r} is compressed in a way that np.savez_compressed does not use")
        if key == info.filename or key in entries:
            raise ValueError(f"{key!r} in it is {'there twice' if key in entries else 'not an array'}")
        with archive.open(info) as member:
            entries[key] = hollow(member, info.file_size)
    check_room(path.stat().st_size, sum(array.nbytes for array in entries.values()))
    return entries


def arrays(path: Path, file: IO[bytes], only: Collection[str] | None,
           check: Callable[[Declared], None] | None) -> dict[str, np.ndarray]:
    """What an .npz holds, all or `only` these, in this machine's byte order; `check` sees first what it declares."""
    with zipfile.ZipFile(file) as archive:
        entries = declared(path, archive, only)
        if check:
            check(entries)
        for key in entries:
            with archive.open(f"{key}.npy") as member:
                entries[key] = native(np.lib.format.read_array(member, allow_pickle=False))
    return entries


def array(path: Path, file: IO[bytes]) -> np.ndarray:
    """What an .npy holds, in this machine's byte order."""
    hollow(file, path.stat().st_size)
    file.seek(0)
    return native(np.lib.format.read_array(file, allow_pickle=False))


def native(array: np.ndarray) -> np.ndarray:
    """The same values in this machine's byte order: programs that Brian2 compiles read the bytes."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def unzipped(path: Path, ratio: int) -> Iterator[bytes]:
    """The content of a .gz in pieces; ValueError once it is over 20 MB and `ratio` times the bytes of the file."""
    size, most = 0, max(ROOM // 10, ratio * path.stat().st_size)
    with gzip.open(path) as file:
        while piece := file.read(PIECE):
            size += len(piece)
            if size > most:
                raise ValueError(f"it unpacks to over {most:,} bytes, {ratio} times those of the file")
            yield piece
