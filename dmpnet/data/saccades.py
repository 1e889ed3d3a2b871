"""How the camera of N-MNIST moved tells polarity and axes: a check of what no structure of the file shows.

The camera turns three times, 105 ms each, before a bright digit on dark ground. While the image moves, pixels at the
front of a stroke grow brighter and those behind it darker: the brighter events lie ahead of the darker ones, in the
direction of the movement, in all recordings alike. In files whose polarities are swapped they lie behind, in those
whose axes are transposed to another side.
"""

from pathlib import Path

import numpy as np

from dmpnet.errors import DataError

TURN = 105
"""Milliseconds of a turn of the camera."""
AHEAD = np.array([[-1.0, -3.6], [-2.7, 3.9], [4.0, 0.1]])
"""Pixels (x, y) by which brighter events lie ahead of darker ones in each turn: means over the 6,000 recordings of
nmnist_6k_1ms.npz, in each of which both signs are these (the last y aside)."""
FEW = 5
"""Cells of each polarity in a turn below which it tells nothing."""
TOLD = 200
"""Recordings that are looked at, evenly taken from all."""
SURE, FAR = 0.95, 4.0
"""Cosine with a known pattern, and its length in pixels, from which it is no chance."""
PATTERNS = {"the polarities are swapped": -AHEAD, "x and y are transposed": AHEAD[:, ::-1],
            "the polarities are swapped and x and y transposed": -AHEAD[:, ::-1],
            "x runs backwards": AHEAD * [-1, 1], "y runs backwards": AHEAD * [1, -1]}


def ahead(values: np.ndarray, step: int) -> np.ndarray:
    """(3, 2) mean (x, y) by which brighter cells of values (n, T, 2, rows, columns) lie ahead of darker ones, in pixels
    of 34; nan for a turn that tells nothing.

    step : ms a step
    """
    some = values[::max(1, len(values) // TOLD)]
    rows, columns = some.shape[3:]
    found = np.full((3, 2), np.nan)
    for turn in range(3):
        part = some[:, turn * TURN // step:(turn + 1) * TURN // step].sum(axis=1, dtype=np.int64)  # (n, 2, rows, cols)
        count = part.sum(axis=(2, 3))
        part = part[(count >= FEW).all(axis=1)]
        if len(part):
            count = part.sum(axis=(2, 3))
            x = (part.sum(axis=2) @ np.arange(columns)) / count * 34 / columns
            y = (part.sum(axis=3) @ np.arange(rows)) / count * 34 / rows
            found[turn] = (x[:, 1] - x[:, 0]).mean(), (y[:, 1] - y[:, 0]).mean()
    return found


def check(origin: str | Path, values: np.ndarray, step: int) -> None:
    """Raise DataError if values (n, T, 2, rows, columns) show a camera that moved as where polarities are swapped or
    axes transposed."""
    if values.shape[1] * step < 2 * TURN:
        return
    found = ahead(values, step)
    known = np.isfinite(found).all(axis=1)
    length = float(np.linalg.norm(found[known]))
    if known.sum() < 2 or length < FAR:
        return
    for what, pattern in PATTERNS.items():
        cosine = float((found[known] * pattern[known]).sum() / (length * np.linalg.norm(pattern[known])))
        right = float((found[known] * AHEAD[known]).sum() / (length * np.linalg.norm(AHEAD[known])))
        if cosine > max(SURE, right):
            shown = "; ".join(f"{x:+.1f}, {y:+.1f}" for x, y in found[known])
            raise DataError(f"{origin}: brighter events lie {shown} pixels (x, y) from darker ones in the turns of the "
                            f"camera, as where {what}; write polarity 1 for brighter, x across and y down")
