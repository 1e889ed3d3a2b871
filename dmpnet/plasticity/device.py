"""What memory devices do that words do not: devices differ, writes fail, up is not down, levels are few, states drift.

A Device is an option of an integer rule (dmpnet.hardware.plastic_rules.constrain), seeded, nothing from Brian2's
generator; all of it is off by default, and then it computes as the word alone. Models are the simplest in use, numbers
the user's:

    variation   each synapse changes by its own factor, N(1, sigma) held at 0 and above, a whole number of 1/256
    failing     a write does not take with this probability, whatever it wants to write; it still wears the cell
    up, down    factors of potentiation and depression: asymmetry
    bend        steps shrink toward the end they go to: exp(-bend p), p the part of the way already gone, as of
                memristors in Querlioz et al. 2013 (IEEE Trans. Nanotechnol. 12, 288)
    levels      states a device has, where they are fewer than the word's codes

Drift is apart from that, as no rule brings it about: `drifted` says how weights are read some time after learning.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.errors import DmpnetError

VARIATION_BITS = 8
"""Bits below the point of the factor of a synapse."""


@dataclass(frozen=True)
class Device:
    """How the memory under a weight falls short.

    variation, bend : >= 0;  failing_part : probability, 0 to 1;  up, down : > 0;  levels : 2 or more, None for all
    seed : of the variation
    """

    variation: float = 0.0
    failing_part: float = 0.0
    up: float = 1.0
    down: float = 1.0
    bend: float = 0.0
    levels: int | None = None
    seed: int = 0

    def __post_init__(self):
        for name, low, high in (("variation", 0, 1), ("failing_part", 0, 1), ("bend", 0, 100)):
            if not low <= getattr(self, name) <= high:
                raise DmpnetError(f"device: {name} = {getattr(self, name)}, but it lies between {low} and {high}; set "
                                  f"it there")
        for name in ("up", "down"):
            if not 0 < getattr(self, name) < math.inf:
                raise DmpnetError(f"device: {name} = {getattr(self, name)}, but a factor is positive and finite; set "
                                  f"{name} > 0")
        if self.levels is not None and (self.levels < 2 or self.levels != int(self.levels)):
            raise DmpnetError(f"device: levels = {self.levels}, but a weight that changes has 2 or more, a whole "
                              f"number; set levels so")

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "Device":
        """The device with these fields; DmpnetError for a name or a kind of value there is not."""
        for name, value in settings.items():
            if name not in cls.__dataclass_fields__ or not isinstance(value, int | float) or isinstance(value, bool):
                raise DmpnetError(f"device: {name} = {value!r}, but numbers are set of "
                                  f"{', '.join(cls.__dataclass_fields__)}; choose from them")
        return cls(**settings)

    @property
    def varies(self) -> bool:
        return self.variation > 0

    @property
    def failing(self) -> int:
        """Words of the register below which a write does not take."""
        return round(self.failing_part * 2**lfsr.BITS)

    def factors(self, count: int) -> np.ndarray:
        """(count,) int64 factors of the synapses in units of 2^-VARIATION_BITS."""
        drawn = np.random.default_rng(self.seed).normal(1, self.variation, count)
        return np.clip(np.rint(drawn * 2**VARIATION_BITS), 0, 2 ** (2 * VARIATION_BITS)).astype(np.int64)

    def step(self, sign: int, states: int) -> np.ndarray:
        """(states,) factor of a step up (sign > 0) or down from each state; (1,) where it is the same from all."""
        factor = self.up if sign > 0 else self.down
        if not self.bend:
            return np.array([factor])
        gone = np.linspace(0, 1, states)
        return factor * np.exp(-self.bend * (gone if sign > 0 else gone[::-1]))


def drifted(w: np.ndarray, seconds: float, nu: float, t0: float = 1.0, spread: float = 0.0,
            seed: int = 0) -> np.ndarray:
    """Weights `seconds` after they were written: w (seconds / t0)^-nu, as phase-change memory drifts.

    w : as read t0 after writing;  spread : standard deviation of nu from device to device
    After Boybat et al. 2018 (Nat. Commun. 9, 2514), conductances; nothing changes before t0.
    """
    if not (t0 > 0 and seconds >= 0 and nu >= 0 and spread >= 0):
        raise DmpnetError(f"drift: seconds = {seconds}, nu = {nu}, t0 = {t0}, spread = {spread}, but none is negative "
                          f"and t0 is a time; set them so")
    w = np.asarray(w, float)
    exponent = nu + spread * np.random.default_rng(seed).standard_normal(w.shape) if spread else nu
    return w * np.maximum(seconds / t0, 1.0) ** -np.maximum(exponent, 0)
