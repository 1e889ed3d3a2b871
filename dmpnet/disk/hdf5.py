"""What is looked at in an HDF5 file before the library reads it."""

import mmap
import struct
from typing import IO

HEAP = b"GCOL\x01\0\0\0"


def check_heaps(content: IO[bytes]) -> None:
    """Raise ValueError for a heap of lists in which the HDF5 library would turn for ever, as it takes no step.

    Layout: GCOL, 1, three times 0, bytes in all, uint64; then objects of a number, uint16, six other bytes and a
    length, uint64, and as many bytes, rounded up to eights; what is free has number 0 and counts these 16 bytes, too.
    """
    with mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(HEAP)
        while at >= 0:
            place, end = at + 16, at + int.from_bytes(data[at + 8:at + 16], "little")
            while place + 16 <= end <= len(data):
                number, length = struct.unpack_from("<H6xQ", data, place)
                step = 16 + -(-length // 8) * 8 if number else length
                if step < 16:
                    raise ValueError("free space without a size")
                place += step
            if max(place, end) > len(data) or place > end:
                raise ValueError("lists that reach beyond their heap")
            at = data.find(HEAP, at + 8)
