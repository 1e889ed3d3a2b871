"""Events sorted into steps and channels."""

import numpy as np

from dmpnet.errors import DataError

CHUNK = 256
"""Recordings sorted at a time: some millions of events, tens of MB."""


def occupy(values: np.ndarray, sample: np.ndarray, step: np.ndarray, channel: np.ndarray) -> None:
    """Set to 1 the cells of `values` (n, T, M), contiguous, where an event falls.

    sample < n, step < T, channel < M : (events,) integers >= 0
    """
    _, T, M = values.shape
    cell = sample.astype(np.int64)
    cell *= T
    cell += step
    cell *= M
    cell += channel
    values.reshape(-1)[cell] = 1


def check_steps(name: str, steps: int | None, usual: int, dt: float, most: int | None = None) -> int:
    """T: `steps` if given, else `usual`; DataError below 1 and, where a recording ends, above `most`."""
    T = usual if steps is None else steps
    if T < 1 or (most is not None and T > most):
        needed = "steps >= 1" if most is None else f"steps from 1 to {most}"
        holds = "needs at least one step" if most is None else f"has {most} steps"
        raise DataError(f"{name}: steps = {T}, but a recording {holds} of {1e3 * dt:g} ms; set {needed}")
    return T
