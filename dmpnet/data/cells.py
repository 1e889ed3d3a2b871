"""Events sorted into steps and channels."""

import math
import warnings
from pathlib import Path

import numpy as np

from dmpnet.disk.archives import check_room
from dmpnet.errors import DataError, DataWarning

CHUNK = 256
"""Recordings sorted at a time: some millions of events, tens of MB."""


TOLD = 0.01
"""Fraction of events lost above which it is said."""

LOST = 0.75
"""Fraction of events that come too late above which their times are of another unit, e.g. ms in place of s."""

ONE_STEP = 0.99
"""Fraction of cells in a single step above which times are of another unit, where recordings have FEW events or more;
with fewer that may be chance."""
FEW = 20


def empty(origin: str | Path, shape: tuple[int, int, int], disk: int) -> np.ndarray:
    """Zeros (n, T, M) for what `disk` bytes describe; DataError if that is more than they can."""
    try:
        check_room(disk, math.prod(shape))
        return np.zeros(shape, np.uint8)
    except (ValueError, MemoryError) as error:
        raise DataError(f"{origin}: {shape[0]} recordings of {shape[1]} steps x {shape[2]} channels do not fit "
                        f"({' '.join(str(error).split())}); take fewer steps, or get the file again") from error


def check_kept(origin: str | Path, values: np.ndarray, events: int, late: int, usual: int, dt: float) -> None:
    """Say what part of the events came after the last step and was dropped; DataError if hardly any is told apart.

    values : (n, T, M) what became of the others;  usual : steps of the data set, fewer may be asked for
    """
    n, T, _ = values.shape
    said = f"{origin}: {late:,} of {events:,} events come at or after {T * dt:g} s"
    if 0 < events == late or (T >= usual and late > LOST * events):
        raise DataError(f"{said}, so that {'nothing is' if events == late else 'hardly anything is'} left to read; "
                        f"check the unit of their times, or take more steps")
    cells = np.count_nonzero(values, axis=(0, 2))
    if T >= usual > 1 and events >= FEW * n and cells.max() > ONE_STEP * cells.sum():
        raise DataError(f"{origin}: {100 * cells.max() / cells.sum():.1f} % of what is read lies in step "
                        f"{cells.argmax()} of {T}, but steps of {1e3 * dt:g} ms tell events apart; check the unit of "
                        f"their times")
    if late > TOLD * events:
        warnings.warn(f"{said}, {100 * late / events:.1f} %, and are dropped; take more steps to keep them",
                      DataWarning, stacklevel=2)


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
