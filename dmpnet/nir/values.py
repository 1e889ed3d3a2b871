"""Fields of a NIR node as finite float64 arrays, whole numbers and shapes."""

import math
from typing import Any

import numpy as np

from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError
from dmpnet.graph.nodes import Shape
from dmpnet.nir.parts import Part

LARGEST = 10**8
"""Values that a node gives in a step at most."""


def raw(part: Part, key: str) -> np.ndarray:
    """A field as an array of numbers, in its own dtype, not yet known to be finite."""
    try:
        value = np.asarray(part.fields.get(key))
    except Exception as error:  # what another library's tensors say when they are no arrays
        raise DmpnetError(f"{key} is no array ({' '.join(str(error).split())[:200]}); give numbers") from error
    if value.dtype.kind not in "biuf":
        raise DmpnetError(f"{key} = {shown(part.fields.get(key))}, but it is an array of numbers; give one")
    return value


def array(part: Part, key: str) -> np.ndarray:
    """A field in float64, all of it finite."""
    value = raw(part, key).astype(np.float64)
    wrong = int((~np.isfinite(value)).sum())
    if wrong:
        raise DmpnetError(f"{key} has {wrong} of {value.size} values that are not finite" + (
            ", by which dmpnet marks what NIR does not express: its tags in the metadata say it, and were not read; "
            "read it with its tags, or export again" if "dmpnet" in part.metadata else "; repair them"))
    return value


def whole(part: Part, key: str, axes: int, least: int) -> Shape:
    """A field as one whole number an axis, from one for all or one each."""
    value = raw(part, key)
    if value.size == 1:
        value = np.repeat(value.ravel(), axes)
    if value.shape != (axes,) or (value != np.rint(value)).any() or value.min() < least or value.max() > LARGEST:
        raise DmpnetError(f"{key} = {shown(value.tolist())}, but it is a whole number from {least} on, for each of "
                          f"{axes} axes; set one")
    return tuple(int(each) for each in value)


def shape(part: Part, key: str) -> Shape:
    """A field as a shape: (N,), (C, H, W) ..."""
    value = np.atleast_1d(raw(part, key))
    if value.ndim != 1 or (value != np.rint(value)).any() or (value < 1).any():
        raise DmpnetError(f"{key} = {shown(value.tolist())}, but a shape is whole numbers >= 1; set them")
    return limited(tuple(int(each) for each in value))


def limited(shape: Shape) -> Shape:
    """The same shape; DmpnetError if it has more values than a node may give."""
    size = math.prod(shape)
    if size > LARGEST:
        raise DmpnetError(f"shape {shape} is {size:,} values, but a node gives at most {LARGEST:,} a step; make it "
                          f"smaller")
    return shape


def said(numbers: Any) -> str:
    """Numbers in a word: '0.01', or '0.001 to 0.02'."""
    numbers = np.asarray(numbers)
    low, high = (numbers.min(), numbers.max()) if numbers.size else (0, 0)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
