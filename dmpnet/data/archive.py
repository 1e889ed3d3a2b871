"""Plain arrays out of an .npz archive, or a DataError that says what is wrong with it."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from dmpnet.errors import DataError


def read(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays `keys` of `path`; nothing pickled is ever loaded."""
    try:
        with open(path, "rb") as content:  # np.load closes a file of its own only if it is sound
            file = np.load(content, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            absent = [key for key in keys if key not in file.files]
            if absent:
                raise DataError(f"{path}: no array {absent[0]!r}, but the documented layout has {', '.join(keys)}; "
                                f"get the file again from its source")
            return {key: file[key] for key in keys}
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError, MemoryError) as error:
        if "pickle" in str(error):
            raise DataError(f"{path}: holds pickled objects, which can run code and are never loaded; store plain "
                            f"arrays") from error
        raise DataError(f"{path}: not a whole .npz archive of plain arrays ({_line(error)}); get the file again from "
                        f"its source") from error


def check(path: Path, key: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Raise DataError unless `array` holds integers >= 0 and has `shape` (None: any length)."""
    if array.dtype.kind not in "iu":
        raise DataError(f"{path}: {key} is {array.dtype}, but whole numbers are needed; store integers")
    if array.ndim != len(shape) or any(want not in (None, got) for got, want in zip(array.shape, shape, strict=True)):
        wanted = str(shape).replace("None", "any")
        raise DataError(f"{path}: {key} has shape {array.shape}, but {wanted} is needed; check how the file is made")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise DataError(f"{path}: {key} goes down to {array.min()}, but it counts from 0; check how the file is made")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
