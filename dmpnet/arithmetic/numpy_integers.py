"""Integer arithmetic as a chip does it, in 64-bit integers: shifts are shifts here, sums are integer sums.

Brian2 gets floating-point expressions of the same (dmpnet.arithmetic.fixed), from which nothing is taken.
"""

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import Word


def shifted(total: np.ndarray, shift: int, rounding: str, noise: np.ndarray | int = 0) -> np.ndarray:
    """total >> shift (int64), rounded; a negative shift goes left.

    noise : of stochastic rounding, lfsr.BITS bits
    rounding : 'carried' along the last axis
    """
    if shift <= 0:
        return total << -shift
    down = total >> shift
    left = total - (down << shift)
    half = 1 << shift - 1
    if rounding == "carried":
        return np.diff(np.cumsum(total, axis=-1) + half >> shift, axis=-1, prepend=0)
    if rounding == "nearest":
        return down + ((left > half) | ((left == half) & (down & 1 == 1)))
    if rounding == "zero":
        return down + ((total < 0) & (left > 0))
    if rounding == "stochastic":
        below = max(lfsr.BITS - shift, 0)  # bits of noise below those of `left`
        return down + ((left << below) + (np.asarray(noise) << shift + below - lfsr.BITS) >> shift + below)
    return down


def held(value: np.ndarray, word: Word) -> np.ndarray:
    """What a word holds of `value`."""
    if word.overflow == "wrap":
        return (value - word.low) % (1 << word.bits) + word.low
    return np.minimum(np.maximum(value, word.low), word.high)  # half the time of np.clip where arrays are small


def aligned(a: np.ndarray, shift_a: int, b: np.ndarray | int, shift_b: int) -> tuple[np.ndarray, int]:
    """(a >> shift_a) + (b >> shift_b) (int64) before it is rounded: a sum, and the shift it still needs."""
    shift = max(shift_a, shift_b)
    return (a << shift - shift_a) + (b << shift - shift_b), shift


def product(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """values @ matrix of whole numbers, int64; by BLAS in float64, exact because no partial sum reaches 2^53."""
    return (values.astype(float) @ matrix).astype(np.int64)
