"""Plain arrays out of an .npz archive, or a DataError that says what is wrong with it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dmpnet.disk.archives import check_room
from dmpnet.disk.files import read_arrays
from dmpnet.disk.headers import MOST
from dmpnet.errors import DataError

Layout = Mapping[str, tuple[int | None, ...] | None]
"""Shape of whole numbers by key (None: any length), None for an array that the caller looks at."""


def read(path: Path, layout: Layout, becomes: int = 0) -> dict[str, np.ndarray]:
    """The arrays of `layout`; what is of another layout is not even unpacked, nothing pickled is ever loaded.

    becomes : bytes that each entry of the first array becomes once it is read
    """
    def check_layout(declared: dict[str, np.ndarray]) -> None:
        absent = [key for key in layout if key not in declared]
        if absent:
            raise DataError(f"{path}: no array {absent[0]!r}, but the documented layout has {', '.join(layout)}; get "
                            f"the file again from its source")
        for key, shape in layout.items():
            if shape is not None:
                check_shape(path, key, declared[key], shape)
        if becomes:
            check_room(path.stat().st_size, becomes * len(declared[next(iter(layout))]))

    return read_arrays(path, DataError, "get the file again from its source", tuple(layout), check=check_layout)


def check_shape(path: Path, key: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Raise DataError unless `array` is of whole numbers and has `shape` (None: any length)."""
    if array.dtype.kind not in "iu":
        raise DataError(f"{path}: {key} is {array.dtype}, but whole numbers are needed; store integers")
    if array.ndim != len(shape) or any(want not in (None, got) for got, want in zip(array.shape, shape, strict=True)):
        wanted = str(shape).replace("None", "any")
        raise DataError(f"{path}: {key} has shape {array.shape}, but {wanted} is needed; check how the file is made")


def check(path: Path, key: str, array: np.ndarray, shape: tuple[int | None, ...], most: int = MOST) -> None:
    """Raise DataError unless `array` has `shape` (None: any length) and holds integers from 0 to `most`."""
    check_shape(path, key, array, shape)
    if array.size and array.min() < 0:
        raise DataError(f"{path}: {key} goes down to {array.min()}, but it counts from 0; check how the file is made")
    if array.size and array.max() > most:
        raise DataError(f"{path}: {key} goes up to {array.max()}, but at most {most} is possible; check how the file "
                        f"is made")
