"""The slow memory as a chip holds it, over a whole sequence, and its gradient as if nothing were rounded.

    x[k] = X(max(I(total[k]), 0) >> shift_x),  total = w_x . s_in + b_x in whole numbers
    m[k] = M(I(Abar m[k-1]) >> shift_m + I(Bbar x[k]) >> shift_B)                (dmpnet.arithmetic.fixed)

To the fast neurons it is z[k] = (m[k-1], x[k]) where the chip breaks the dependency, read by (P, nu), else m[k]; in the
trained network's units. Sums are exact: whole numbers below 2^53, in float64.
"""

import numpy as np
import torch
from numba import njit

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.fixed import Fixed
from dmpnet.arithmetic.words import ROUNDINGS, Word
from dmpnet.trained.slow_memory import SlowMemory
from dmpnet.training.scan import Blocks

CARRIED = list(ROUNDINGS).index("carried")


class IntegerMemory:
    """Slow memory `slow` of an integer layer with arithmetic `fixed`; `unit` is what one means in total."""

    def __init__(self, slow: SlowMemory, fixed: Fixed, unit: float, dtype: torch.dtype):
        real = fixed.unit_m > 0  # the rest fills up the chip's slots and stays 0
        self.fixed, self.unit, self.dtype = fixed, unit, dtype
        self.lookahead, self.d = slow.nu is not None, int(real.sum())
        self.unit_m, self.unit_x = fixed.unit_m[real], fixed.unit_x
        self.abar, self.bbar = slow.Abar[np.ix_(real, real)].astype(float), slow.Bbar[real].astype(float)
        self.straight = Blocks(self.abar * 2.0**-fixed.shift_m * self.unit_m[:, None] / self.unit_m,
                               self.bbar * 2.0**-fixed.shift_B * self.unit_m / self.unit_x, dtype)
        self.slots = slow.d

    @property
    def units(self) -> np.ndarray:
        """What one means in each dimension of z."""
        return np.append(self.unit_m, self.unit_x) if self.lookahead else self.unit_m

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """z (B, T, d + 1), or (B, T, d), of what reaches x (B, T) >= 0 before it is rounded."""
        fixed, (batch, steps) = self.fixed, x.shape
        held, m = np.empty((batch, steps)), np.empty((batch, steps, self.d))
        remember(np.rint(x.numpy().astype(float) / self.unit), self.abar.T.copy(), self.bbar,
                 *_codes(fixed.x, fixed.shift_x), *_codes(fixed.m, fixed.shift_m), 2.0**-fixed.shift_B,
                 *_range(fixed.I), self._noise("x", steps, 1), self._noise("m", steps, self.slots), held, m)
        z = m * self.unit_m
        if self.lookahead:
            z[:, 1:] = z[:, :-1].copy()
            z[:, 0] = 0
            z = np.concatenate([z, held[..., None] * self.unit_x], axis=2)
        return torch.from_numpy(z).to(self.dtype)

    def backward(self, dz: torch.Tensor) -> torch.Tensor:
        """dL/dx (B, T) of dL/dz, straight through all rounding."""
        if not self.lookahead:
            return self.straight.backward(dz)
        dm = torch.zeros_like(dz[..., : self.d])
        dm[:, :-1] = dz[:, 1:, : self.d]
        return self.straight.backward(dm) + dz[..., self.d].to(self.dtype)

    def _noise(self, name: str, steps: int, units: int) -> np.ndarray:
        """(steps, units), added before rounding at random."""
        if name in self.fixed.noisy:
            return lfsr.noise(steps, units, name, self.fixed.seed) * 2.0**-lfsr.BITS
        return np.zeros((steps, units))


def _codes(word: Word, shift: int) -> tuple:
    return (2.0**-shift, list(ROUNDINGS).index(word.rounding), *_range(word))


def _range(word: Word) -> tuple[float, float, bool]:
    return float(word.low), float(word.high), word.overflow == "wrap"


@njit(nogil=True, cache=True, inline="always")
def _held(value, low, high, wrap):
    if wrap:
        return value - np.floor((value - low) / (high - low + 1)) * (high - low + 1)
    return min(max(value, low), high)


@njit(nogil=True, cache=True, inline="always")
def _rounded(value, rounding, noise):
    if rounding == 1:
        return np.rint(value)
    if rounding == 2:
        return np.trunc(value)
    return np.floor(value + noise)


@njit(nogil=True, cache=True)
def remember(total, abar, bbar, part_x, rounding_x, low_x, high_x, wrap_x, part_m, rounding_m, low_m, high_m, wrap_m,
             part_B, low, high, wrap, noise_x, noise_m, x, m):
    """Fill x (B, T) and m (B, T, d) from total (B, T).

    abar : Abar transposed, as [from, to];  part : 2^-shift;  rounding : place in words.ROUNDINGS
    """
    batch, steps, d = m.shape
    for s in range(batch):
        before = np.zeros(d)
        total_m = np.empty(d)
        for k in range(steps):
            a = max(_held(total[s, k], low, high, wrap), 0.0)
            x[s, k] = _held(_rounded(a * part_x, rounding_x, noise_x[k, 0]), low_x, high_x, wrap_x)
            total_m[:] = 0
            for j in range(d):
                row, value = abar[j], before[j]
                for i in range(d):
                    total_m[i] += value * row[i]
            rest = 0.5
            for i in range(d):
                kept = _held(total_m[i], low, high, wrap) * part_m
                new = _held(x[s, k] * bbar[i], low, high, wrap) * part_B
                if rounding_m == CARRIED:
                    whole = np.floor(kept + new + rest)
                    rest += kept + new - whole
                else:
                    whole = _rounded(kept + new, rounding_m, noise_m[k, i])
                m[s, k, i] = _held(whole, low_m, high_m, wrap_m)
            before = m[s, k].copy()
