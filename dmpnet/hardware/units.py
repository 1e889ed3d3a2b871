"""Units: what one means in each word, so that shifts do the rest."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dmpnet.arithmetic.fixed import Fixed
from dmpnet.arithmetic.words import Word
from dmpnet.hardware.parts import Chip

ROOM = 1.1  # of the range seen in calibration, at first
SPREAD = 8  # largest unit of a row to the smallest: membranes share a word
ATTEMPTS = 12  # of units, each a fifth larger where something saturates
LEVELS = 64  # of u below its threshold at least (half as many after rounding to a shift), where it may saturate
CLIPPED = (1.0, 0.8, 0.65, 0.5, 0.4)  # of the range seen, what m may have where it may saturate


@dataclass(frozen=True)
class Options:
    """rows, clip, balance, rotate, compensate of `constrain`; lookahead: whether the chip reads ahead of m[k];
    saturates : when its membranes do, 'before' they are compared or 'after';  currents : which of them do, 'each' or
    their 'sum';  seed : of its shift registers;  held_in : slots that hold a memory of so many dimensions."""

    rows: bool
    clip: bool
    balance: bool
    rotate: bool
    compensate: bool
    lookahead: bool
    saturates: str
    currents: str
    seed: int
    held_in: Callable[[int], int]

    @classmethod
    def on(cls, chip: Chip, rows: bool, clip: bool, balance: bool, rotate: bool, compensate: bool) -> "Options":
        """Those asked for, and what of them the chip decides."""
        path = chip.datapath
        return cls(rows, clip, balance, rotate, compensate, path.dependency_breaking, path.saturates, path.currents,
                   path.seed, chip.dimensions if path.spread else int)


def shift_for(fits: float, largest: float) -> int:
    """The fewest bits by which to shift right for `largest` to be at most `fits`; negative: to the left."""
    return math.ceil(math.log2(largest / fits) - 1e-9)


def bits_left(word: Word, largest: float, accumulator: Word, total: float) -> int:
    """The most bits by which to shift left for `largest` to fit its word and `total` the accumulator."""
    return -max(shift_for(word.high, largest or 1.0), shift_for(accumulator.high, total or 1.0))


def brought_near(a: int, b: int, accumulator: Word) -> tuple[int, int]:
    """Two shifts as near as the sum of two such accumulators needs them."""
    apart = Fixed.apart(accumulator)
    return min(a, b + apart), min(b, a + apart)


def unit_of(values: np.ndarray, word: Word, clip: bool, axis: int | None = None) -> np.ndarray:
    """What one means so that the largest |value| (of each row with axis = 1) is the word's; with `clip`, and for signs
    alone, so that the squared error is least."""
    values = np.asarray(values, float)
    if word.binary:
        unit = np.abs(values).mean(axis=axis)
        return np.where(unit > 0, unit, 1.0)
    largest = np.abs(values).max(axis=axis)
    full = np.where(largest > 0, largest, 1.0) / word.high
    if not clip:
        return full

    def error(unit):
        unit = np.expand_dims(unit, axis) if axis is not None else unit
        return ((word.nearest(values / unit) * unit - values) ** 2).sum(axis=axis)

    tried = np.array([part * full for part in np.linspace(1, 0.3, 36)])
    best = np.argmin([error(unit) for unit in tried], axis=0)
    return np.take_along_axis(tried, np.expand_dims(best, 0), axis=0)[0]


def whole_floor(floor: float | None, unit_u: np.ndarray, u: Word) -> np.ndarray | None:
    """(N,) the floor in whole units, within the word of u; None for none."""
    return None if floor is None else np.maximum(np.rint(floor / unit_u), u.low).astype(np.int64)
