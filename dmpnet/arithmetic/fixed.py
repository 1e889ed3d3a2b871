"""Integer arithmetic of one layer, as a chip has it: words, shifts, and the Brian2 lines that follow them.

All values are whole numbers. One step k, X() the rounding and overflow of the word of X, >> a shift that X rounds:

    x[k]   = X(max(I(w_x . s_in[k] + b_x), 0) >> shift_x)
    m[k]   = M(I(Abar m[k-1]) >> shift_m + I(Bbar x[k]) >> shift_B), rounded once, after the sum
    I_m[k] = I(P m[k-1]) >> shift_I + I(nu x[k]) >> shift_nu, not yet rounded; on a chip that does not break the
             dependency I(W_m m[k]) >> shift_I
    v      = kept(u[k-1]) + (I(W_f s_in[k] + W_r s[k-1]) >> shift_f) + U(I_m[k_d]) + b
    s[k]   = v >= theta_u;   u[k] = U(0 where it fired, or v - theta_u)

kept: beta u, rounded as u; or u -+ lam, clipped at 0; or u - (u >> shift). Order as in the authors' RTL: leak, add
saturated currents, compare, reset, saturate, write back. A chip whose adder saturates (dmpnet.hardware.leaks has some)
holds v itself before it compares, U(v), and a reset cannot leave the word again: `saturates`. A sum overflows once,
when it is whole, not at every term [ours]: the same wherever no partial sum leaves the accumulator. Sums of such words
are exact in float64, in which Brian2 computes; so every back end computes integers.
"""

from dataclasses import dataclass

import numpy as np

from dmpnet.equations.decay import DECAYS
from dmpnet.errors import DmpnetError

ROUNDINGS = {"floor": "floored({0})", "nearest": "rint({0})", "zero": "trunc({0})",
             "stochastic": "floored({0} + noise_{1}(i, k))"}
"""Brian2 expression of each, of a value {0} of quantity {1}."""
OVERFLOWS = {"saturate": "clip({0}, {1}, {2})", "wrap": "(({0}) - {3}*floored((({0}) - ({1}))/{3}))"}
"""Brian2 expression of each, of a value {0} in a word from {1} to {2}, {3} values in all."""
SATURATES = ("after", "before")
"""Where a membrane is held in its word: after it is compared and reset, as it is written back, or before."""
WIDEST = 48  # bits: sums of such words are whole numbers that float64, Brian2's type, holds exactly
EXACT = 53  # bits of those whole numbers


@dataclass(frozen=True)
class Word:
    """An integer as the chip holds it.

    bits : 1 to WIDEST, with the sign where it has one; a signed word of one bit is -1 or +1 (binary weights)
    rounding : what becomes of bits shifted out below: 'floor' (shift right), 'nearest' (ties to even), 'zero'
        (toward zero), 'stochastic' (up with the probability of what is cut off, by dmpnet.arithmetic.lfsr)
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


@dataclass(frozen=True)
class Fixed:
    """How a layer computes in integers.

    theta_u : (N,) thresholds, whole numbers; a neuron with a scale of its own has a threshold of its own
    x, m, u, I : words of the scalar, the slow memory, the membranes and every accumulator
    shift_x, shift_m, shift_B, shift_f, shift_I, shift_nu : bits by which sums are shifted right, negative: left
    unit_u, unit_m, unit_x : what one means in the trained network's numbers, (N,), (d,), (); only to read back
        (m in the basis it is held in, see dmpnet.hardware.basis)
    saturates : whether u is held in its word (or wraps) 'after' it is compared and reset, or 'before'
    """

    theta_u: np.ndarray
    x: Word
    m: Word
    u: Word
    I: Word
    shift_x: int
    shift_m: int
    shift_B: int
    shift_f: int
    shift_I: int
    shift_nu: int
    unit_u: np.ndarray
    unit_m: np.ndarray
    unit_x: float
    saturates: str = "after"

    def __post_init__(self):
        if self.saturates not in SATURATES:
            raise DmpnetError(f"fixed point: saturates = {self.saturates!r}, but a membrane does so "
                              f"{' or '.join(SATURATES)} it is compared; set one")
        for name in SHIFTS:
            value = getattr(self, name)
            if not isinstance(value, int) or not -WIDEST <= value <= WIDEST:
                raise DmpnetError(f"fixed point: {name} = {value!r}, but a sum is shifted by -{WIDEST} to {WIDEST} "
                                  f"bits; set it within that")
        for one, other in ADDED:
            a, b, most = getattr(self, one), getattr(self, other), self.apart(self.I)
            if abs(a - b) > most:
                raise DmpnetError(f"fixed point: {one} = {a} and {other} = {b}, but sums of {self.I.bits} bits are "
                                  f"added exactly at most {most} bits apart; bring them nearer")
        if self.theta_u.dtype.kind not in "iu" or self.theta_u.min(initial=1) < 1:
            raise DmpnetError(f"fixed point: theta_u is {self.theta_u.dtype} from {self.theta_u.min(initial=1)}, but "
                              f"thresholds are whole numbers >= 1; use a finer unit of u")
        if self.saturates == "before" and self.theta_u.max(initial=1) > self.u.high:
            raise DmpnetError(f"fixed point: theta_u reaches {self.theta_u.max()}, but u saturates at {self.u.high} "
                              f"before it is compared, and would never fire; use a coarser unit of u, or more bits")

    @staticmethod
    def apart(accumulator: Word) -> int:
        """By how many bits the shifts of two such accumulators may differ, for their sum to be exact."""
        return EXACT - accumulator.bits

    @property
    def words(self) -> dict[str, Word]:
        return {name: getattr(self, name) for name in WORDS}

    @property
    def shifts(self) -> dict[str, int]:
        return {name: int(getattr(self, name)) for name in SHIFTS}

    @property
    def noisy(self) -> tuple[str, ...]:
        """Quantities that are rounded at random."""
        return tuple(name for name, word in self.words.items() if word.rounding == "stochastic")


WORDS = ("x", "m", "u", "I")
SHIFTS = ("shift_x", "shift_m", "shift_B", "shift_f", "shift_I", "shift_nu")
ADDED = (("shift_m", "shift_B"), ("shift_I", "shift_nu"))


def kept(fixed: Fixed, number: int, decay: str) -> str:
    """Brian2 expression of what is left of u after one step."""
    if decay == "shift":
        return f"u - {fixed.u.rounded('leak*u', f'u_{number}')}"
    return fixed.u.rounded(DECAYS[decay], f"u_{number}") if decay == "exponential" else DECAYS[decay]


def rectify(fixed: Fixed, number: int) -> str:
    """Brian2 lines that take x from x_in in layer `number`."""
    return (f"a = {fixed.I.held('x_in + b_x')}\n"
            f"a = {fixed.x.shifted('a*int(a > 0)', fixed.shift_x, f'x_{number}')}\n"
            f"x = {fixed.x.held('a')}*int(k >= 0 and k < T)")


def remember(fixed: Fixed, number: int) -> str:
    """Brian2 lines that take m from m_kept and m_new."""
    a = f"{_aligned(fixed, 'm_kept', 'shift_m')} + {_aligned(fixed, 'm_new', 'shift_B')}"
    return f"a = {fixed.m.rounded(a, f'm_{number}')}\nm = {fixed.m.held('a')}"


def looked_up(fixed: Fixed, broken: bool) -> str:
    """Brian2 expression of I_m from I_new, and I_x where the chip breaks the dependency; it may have a fraction."""
    seen = _aligned(fixed, "I_new", "shift_I")
    return f"({seen} + {_aligned(fixed, 'I_x', 'shift_nu')})" if broken else seen


def _aligned(fixed: Fixed, total: str, shift: str) -> str:
    """Brian2 expression of what an accumulator holds of `total` over 2^shift."""
    return f"{fixed.I.held(total)}*{2.0 ** -getattr(fixed, shift)!r}"


def integrate(fixed: Fixed, number: int, decay: str, reset: str, recurrent: bool, slow: bool) -> str:
    """Brian2 lines that take u and s from the currents I_f, I_r, I_m and b."""
    lines = [f"a = {fixed.I.held('I_f + I_r' if recurrent else 'I_f')}",
             f"v = {kept(fixed, number, decay)} + {fixed.u.shifted('a', fixed.shift_f, f'u_{number}')} + b"]
    if slow:
        lines.append(f"v = v + {fixed.u.rounded('I_m', f'u_{number}')}")
    lines.append("v = v*int(k >= 0 and k < T)")
    left, held, fires = "v*(1 - s)" if reset == "hard" else "v - theta_u*s", fixed.u.held("v"), "s = int(v >= theta_u)"
    lines += [f"v = {held}", fires, f"u = {left}"] if fixed.saturates == "before" else [
        fires, f"v = {left}", f"u = {held}"]
    return "\n".join(lines)
