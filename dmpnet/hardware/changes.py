"""What rounding did to a layer: unit, largest value and error of every array."""

from dataclasses import dataclass

import numpy as np

from dmpnet.arithmetic.words import Word


@dataclass(frozen=True)
class RoundingLoss:
    """What rounding did to one array.

    layer : its number, in a graph the name of the population
    clipped : values beyond the word's range; zeroed : values that became 0 and were not; error : root mean square of
        the difference over that of the array
    """

    layer: int | str
    array: str
    bits: int
    size: int
    clipped: int
    zeroed: int
    error: float


@dataclass(frozen=True)
class Log:
    """Rounds the arrays of one layer and writes down what that changed."""

    layer: int | str
    changes: list[RoundingLoss]

    def whole(self, name: str, values: np.ndarray, word: Word, held: np.ndarray | None = None) -> np.ndarray:
        """`values`, in units of their own, as integers of `word`: `held`, or the nearest."""
        values = np.asarray(values, float)
        held = word.nearest(values) if held is None else held
        norm = float(np.sqrt((values**2).sum()))
        beyond = np.zeros_like(values) if word.binary else np.abs(values - word.nearest(values)) > 0.5
        self.changes.append(RoundingLoss(self.layer, name, word.bits, values.size, int(beyond.sum()),
                                   int(((held == 0) & (values != 0)).sum()),
                                   float(np.sqrt(((held - values) ** 2).sum())) / norm if norm else 0.0))
        return held.astype(np.min_scalar_type(-(1 << max(word.bits - (1 if word.signed else 0), 1))))
