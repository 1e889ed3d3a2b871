"""AEDAT 3.1: what event cameras of iniVation and IBM's recordings with them are kept in.

Lines that begin with '#', the first '#!AER-DAT3.1', the last '#!END-HEADER'; then packets, little-endian: type (16
bits, 1: polarity events), source (16), bytes an event, offset of the time, overflow of the time, capacity, number of
events, number of valid ones (32 each); then room for `capacity` events, of which `number` are there. One of polarity is
a word, bit 0 valid, bit 1 polarity (1: brighter), bits 2-16 y, bits 17-31 x, and a time in us (31 bits), to which
`overflow` times 2^31 are added.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.errors import DataError

FIRST, LAST = b"#!AER-DAT3.1", b"#!END-HEADER"
HEADER = np.dtype([("type", "<u2"), ("source", "<u2"), ("size", "<u4"), ("offset", "<u4"), ("overflow", "<u4"),
                   ("capacity", "<u4"), ("number", "<u4"), ("valid", "<u4")])
POLARITY, SIZE = 1, 8
LARGEST = 2_000_000_000
"""Bytes of a recording at most."""


@dataclass(frozen=True, eq=False)
class Events:
    """(events,) int64 each: time in us, x, y, polarity."""

    time: np.ndarray
    x: np.ndarray
    y: np.ndarray
    polarity: np.ndarray


def read(path: Path, sum_: Any = None) -> Events:
    """The valid polarity events of a file, its bytes into `sum_`; DataError if it is of another kind or not whole."""
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path}: over {LARGEST:,} bytes, but a trial has some 100,000,000; get it again")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({' '.join(str(error).split())}); get it again") from error
    if sum_ is not None:
        sum_.update(f"{path.name}\n{len(content)}\n".encode() + content)
    words, times = _packets(content, path)
    if not len(words):
        raise DataError(f"{path}: no event, but a recording has some; get it again from its source")
    word = words.astype(np.int64)
    return Events(times, word >> 17 & 0x7FFF, word >> 2 & 0x7FFF, word >> 1 & 1)


def _packets(content: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Words and times in us of all valid events, in the order of the file."""
    at = _body(content, path)
    words, times = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    packet = 0
    while at < len(content):
        head = np.frombuffer(content[at:at + HEADER.itemsize].ljust(HEADER.itemsize, b"\0"), HEADER)[0]
        count, size = int(head["number"]), int(head["size"])
        start, at = at + HEADER.itemsize, at + HEADER.itemsize + max(count, int(head["capacity"])) * size
        if at > len(content):
            raise DataError(f"{path}: ends inside packet {packet}, {at - len(content):,} bytes too early; it is not "
                            f"whole: get it again from its source")
        packet += 1
        if head["type"] != POLARITY:
            continue
        if size != SIZE:
            raise DataError(f"{path}: polarity events of {size} bytes in packet {packet - 1}, but they have {SIZE}; "
                            f"get it again from its source")
        events = np.frombuffer(content, "<u4", 2 * count, start).reshape(count, 2)
        valid = events[:, 0] & 1 == 1
        words.append(events[valid, 0])
        times.append(events[valid, 1].astype(np.int64) + (int(head["overflow"]) << 31))
    return np.concatenate(words), np.concatenate(times)


def _body(content: bytes, path: Path) -> int:
    """Where the packets begin."""
    if not content.startswith(FIRST):
        raise DataError(f"{path}: begins with {content[:12]!r}, but an AEDAT 3.1 file with {FIRST.decode()!r}; use the "
                        f"official file")
    end = content.find(b"\n" + LAST)
    stop = content.find(b"\n", end + 1)
    if end < 0 or stop < 0:
        raise DataError(f"{path}: its header does not end with {LAST.decode()!r}; it is not whole: get it again")
    return stop + 1
