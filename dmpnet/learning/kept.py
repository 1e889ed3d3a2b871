"""Files of a learning run: a header in JSON beside arrays, all of it what that run writes, or refused in one line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.disk.files import read_arrays
from dmpnet.disk.headers import parsed, shown, whole
from dmpnet.errors import DmpnetError


def read(path: str | Path, refuse: type[DmpnetError], fix: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of `path`; nothing pickled is ever loaded."""
    arrays = read_arrays(Path(path), refuse, fix)
    try:
        return parsed(str(arrays.pop("header"))), arrays
    except (KeyError, ValueError) as error:
        raise refuse(f"{path}: no readable 'header' ({' '.join(str(error).split())}); {fix}") from error


def check(path: str | Path, arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int | None, ...]],
          refuse: type[DmpnetError], fix: str, least: Mapping[str, float] | None = None) -> None:
    """Raise `refuse` unless there are finite numbers of `shapes` (None: any length), from `least` on where it says."""
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None or array.dtype.kind not in "fiu":
            raise refuse(f"{path}: {name} is {'missing' if array is None else array.dtype}, but it is numbers; {fix}")
        if len(shape) != array.ndim or any(n not in (None, got) for n, got in zip(shape, array.shape, strict=True)):
            raise refuse(f"{path}: {name} has shape {array.shape}, but {str(shape).replace('None', 'any')} is needed; "
                         f"{fix}")
        if not np.isfinite(array).all() or array.min(initial=0) < (least or {}).get(name, -np.inf):
            raise refuse(f"{path}: {name} has values that are NaN, infinite or below what they count from; {fix}")


def check_header(path: str | Path, header: Mapping[str, Any], counts: tuple[str, ...], columns: int, fix: str) -> None:
    """Raise DmpnetError unless a checkpoint's header has a setup, a curve of so many columns, `counts` from 0 on."""
    curve = header.get("curve")
    if not isinstance(header.get("setup"), dict):
        raise DmpnetError(f"{path}: setup = {shown(header.get('setup'))}, but it is a table; {fix}")
    if not isinstance(curve, list) or not all(isinstance(row, list) and len(row) == columns for row in curve):
        raise DmpnetError(f"{path}: curve = {shown(curve)}, but its rows have {columns} columns; {fix}")
    for name in counts:
        if not whole(header.get(name)) or header[name] < 0:
            raise DmpnetError(f"{path}: {name} = {shown(header.get(name))}, but it counts from 0; {fix}")
