"""Plain arrays out of an .npz archive, or a DataError that says what is wrong with it."""

from pathlib import Path

import numpy as np

from dmpnet.errors import DataError
from dmpnet.files import read_arrays


def read(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays `keys` of `path`; nothing pickled is ever loaded."""
    found = read_arrays(path, DataError, "get the file again from its source", keys)
    absent = [key for key in keys if key not in found]
    if absent:
        raise DataError(f"{path}: no array {absent[0]!r}, but the documented layout has {', '.join(keys)}; get the "
                        f"file again from its source")
    return found


def check(path: Path, key: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Raise DataError unless `array` holds integers >= 0 and has `shape` (None: any length)."""
    if array.dtype.kind not in "iu":
        raise DataError(f"{path}: {key} is {array.dtype}, but whole numbers are needed; store integers")
    if array.ndim != len(shape) or any(want not in (None, got) for got, want in zip(array.shape, shape, strict=True)):
        wanted = str(shape).replace("None", "any")
        raise DataError(f"{path}: {key} has shape {array.shape}, but {wanted} is needed; check how the file is made")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise DataError(f"{path}: {key} goes down to {array.min()}, but it counts from 0; check how the file is made")
