"""An integer as a chip holds it, and the Brian2 expressions of what becomes of a value in it.

Sums of such words are exact in float64, in which Brian2 computes; so every back end computes integers.
"""

from dataclasses import dataclass

import numpy as np

from dmpnet.errors import DmpnetError

ROUNDINGS = {"floor": "floored({0})", "nearest": "rint({0})", "zero": "trunc({0})",
             "stochastic": "floored({0} + noise_{1}(i, k))", "carried": "carried_{1}({0}, i)"}
"""Brian2 expression of each, of a value {0} of quantity {1}."""
ALONE = tuple(name for name in ROUNDINGS if name != "carried")
"""Those that round a value by itself."""
OVERFLOWS = {"saturate": "clip({0}, {1}, {2})", "wrap": "(({0}) - {3}*floored((({0}) - ({1}))/{3}))"}
"""Brian2 expression of each, of a value {0} in a word from {1} to {2}, {3} values in all."""
WIDEST = 48  # bits: sums of such words are whole numbers that float64, Brian2's type, holds exactly
EXACT = 53  # bits of those whole numbers


@dataclass(frozen=True)
class Word:
    """An integer as the chip holds it.

    bits : 1 to WIDEST, with the sign where it has one; a signed word of one bit is -1 or +1 (binary weights)
    rounding : what becomes of bits shifted out below: 'floor' (shift right), 'nearest' (ties to even), 'zero'
        (toward zero), 'stochastic' (up with the probability of what is cut off, by dmpnet.arithmetic.lfsr), 'carried'
        (of slots one after the other: what is cut off is added to the next slot of the same step, half to the first)
    overflow : what is too large is held at the limits ('saturate') or loses its upper bits ('wrap')
    """

    bits: int
    rounding: str = "floor"
    overflow: str = "saturate"
    signed: bool = True

    def __post_init__(self):
        if not isinstance(self.bits, int) or isinstance(self.bits, bool) or not 1 <= self.bits <= WIDEST:
            raise DmpnetError(f"word: bits = {self.bits!r}, but a word has 1 to {WIDEST} of them; set bits within that")
        if self.signed not in (True, False):
            raise DmpnetError(f"word: signed = {self.signed!r}, but a word has a sign or not; set true or false")
        for name, known in (("rounding", ROUNDINGS), ("overflow", OVERFLOWS)):
            if getattr(self, name) not in tuple(known):
                raise DmpnetError(f"word: {name} = {getattr(self, name)!r}, but it is one of {', '.join(known)}; "
                                  f"choose one")

    @property
    def binary(self) -> bool:
        """Whether it holds a sign alone."""
        return self.bits == 1 and self.signed

    @property
    def low(self) -> int:
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def high(self) -> int:
        return 1 if self.binary else (1 << self.bits - 1 if self.signed else 1 << self.bits) - 1

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """The constants of this word nearest to `values`, from -high: two signed bits are ternary, -1, 0 or 1."""
        if self.binary:
            return np.where(values < 0, -1.0, 1.0)
        return np.clip(np.rint(values), -self.high if self.signed else 0, self.high)

    def rounded(self, expression: str, quantity: str) -> str:
        """Brian2 expression of `expression`, which may have a fraction, as a whole number."""
        return ROUNDINGS[self.rounding].format(expression, quantity)

    def shifted(self, expression: str, shift: int, quantity: str) -> str:
        """Brian2 expression of `expression` >> shift, rounded; a negative shift multiplies."""
        if shift <= 0:
            return f"({expression})*{float(1 << -shift)}" if shift else expression
        return self.rounded(f"({expression})/{float(1 << shift)}", quantity)

    def held(self, expression: str) -> str:
        """Brian2 expression of what the word holds of `expression`."""
        return OVERFLOWS[self.overflow].format(expression, float(self.low), float(self.high), float(1 << self.bits))
