"""Arrays of a trained network: real numbers, finite, of the shape their place needs."""

import numpy as np

from dmpnet.errors import WeightsError

LONGEST = 2**31 - 1
"""Steps at most, which Brian2 counts in 32 bits."""


def rows(array: np.ndarray) -> int:
    """How many rows it has, 0 if it is no array of rows."""
    return array.shape[0] if array.ndim else 0


def fits(origin: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise WeightsError unless `array` holds finite numbers in `shape`."""
    if array.dtype.kind not in "fiu":
        raise WeightsError(f"{origin}: {name} has dtype {array.dtype}, but weights are real numbers; store float32")
    if array.shape != shape:
        raise WeightsError(f"{origin}: {name} has shape {array.shape}, but {shape} is needed here; "
                           f"check the layer sizes the file was written for")
    if 0 in shape:
        raise WeightsError(f"{origin}: {name} has shape {shape}, but layers, their inputs, slow memories and readouts "
                           f"have at least one unit; leave out what has none")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise WeightsError(f"{origin}: {name} has {bad} values that are NaN or infinite, but 0 are allowed; "
                           f"use a checkpoint from before training diverged")
