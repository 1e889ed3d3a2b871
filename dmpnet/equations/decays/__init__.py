"""Decays of the membrane, one a file, found by being there: what is left of u after one step without input."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
FIELDS = {"beta": "beta", "lam": "lam", "leak": "shift"}
"""Constants that every Neuron has, and its field that sets each; leak = 2^-shift."""


@dataclass(frozen=True)
class Decay:
    """One decay, with its one constant c.

    constant : c in Brian2 code: beta, lam or leak, else a symbol of its own, which a Neuron holds in its field c
    low, high, default : of that constant, where the threshold is 1
    kept : Brian2 expression of u and the constant
    left : the same in NumPy, of u in any shape and c, in the arithmetic of u's dtype
    slope, by_constant : derivatives of left(u, c) to u and to c, for training; None where c cannot be learned
    equation, method : of u in continuous time, of unit {volt}, and the Brian2 method whose step is this one
        (dmpnet.equations.layer); '' for none
    left_whole : in the integers of a chip, in NumPy: of u int64, c, and shifted(total, bits), which rounds total
        2^-bits as u is rounded; None where no chip can have it
    kept_whole : the same as Brian2 code, not derived from it: of rounded(code), which rounds an expression as u is
        rounded
    power : c is in units of u to this power, and so are low and high in those of the threshold
    held : the nearest to c that a chip can have, in its own units of u
    multiplies : whether a chip multiplies every membrane by a constant
    """

    name: str
    constant: str
    kept: str
    left: Callable[[Array, float], Array]
    slope: Callable[[Array, float], Array]
    by_constant: Callable[[Array, float], Array] | None = None
    equation: str = ""
    method: str = ""
    left_whole: Callable[[Array, float, Callable[[Array, int], Array]], Array] | None = None
    kept_whole: Callable[[Callable[[str], str]], str] | None = None
    low: float = 0.0
    high: float = 1.0
    default: float = 0.1
    power: int = 0
    held: Callable[[float], float] = float
    multiplies: bool = False

    @property
    def field(self) -> str:
        """Of a Neuron, that holds its constant."""
        return FIELDS.get(self.constant, "c")

    def limits(self, theta_u: float) -> tuple[float, float]:
        """Least and largest constant of a neuron with this threshold."""
        return self.low * theta_u**self.power, self.high * theta_u**self.power

    def in_units(self, c: float, unit: float) -> float:
        """The constant of a chip whose u counts in units of `unit`."""
        return float(self.held(c / unit**self.power))
