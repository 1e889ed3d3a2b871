"""How one layer computes in integers: its words, shifts and thresholds.

All values are whole numbers. One step k, X() the rounding and overflow of the word of X, >> a shift that X rounds
(dmpnet.arithmetic.words; where m rounds 'carried' one slot after the other, the bits cut off going on to the next):

    x[k]   = X(max(I(w_x . s_in[k] + b_x), 0) >> shift_x)
    m[k]   = M(I(Abar m[k-1]) >> shift_m + I(Bbar x[k]) >> shift_B), rounded once, after the sum
    I_m[k] = I(P m[k-1]) >> shift_I + I(nu x[k]) >> shift_nu, not yet rounded; on a chip that does not break the
             dependency I(W_m m[k]) >> shift_I
    v      = kept(u[k-1]) + (I(W_f s_in[k] + W_r s[k-1]) >> shift_f) + I_m[k_d] + b, both rounded as u
    v      = max(v, floor) where there is one
    s[k]   = v >= theta_u;   u[k] = U(0 where it fired, or v - theta_u)

kept: beta u, rounded as u; or u -+ lam, clipped at 0; or u - (u >> shift). Order as in the authors' RTL: leak, add
currents, compare, reset, saturate, write back. `currents` says where they end: in 'each', as in that RTL, the current
of the spikes and that of the memory are each held in the word of u before they are added; in their 'sum' the
accumulators alone hold them, and their sum is held as u is. A chip whose adder saturates (dmpnet.hardware.leaks has
some) holds v itself before it compares, U(v), and a reset cannot leave the word again: `saturates`. A sum overflows
once, when it is whole, not at every term [ours]: the same wherever no partial sum leaves the accumulator.
"""

from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

import numpy as np

from dmpnet.arithmetic.words import ALONE, EXACT, WIDEST, Word
from dmpnet.errors import DmpnetError

SATURATES = ("after", "before")
"""Where a membrane is held in its word: after it is compared and reset, as it is written back, or before."""
CURRENTS = ("sum", "each")
"""What of the currents is held in the word of u: their sum with the membrane alone, or each before it is added."""


@dataclass(frozen=True)
class Fixed:
    """How a layer computes in integers.

    theta_u : (N,) thresholds, whole numbers; a neuron with a scale of its own has a threshold of its own
    x, m, u, I : words of the scalar, the slow memory, the membranes and every accumulator
    shift_x, shift_m, shift_B, shift_f, shift_I, shift_nu : bits by which sums are shifted right, negative: left
    unit_u, unit_m, unit_x : what one means in the trained network's numbers, (N,), (d,), (); only to read back
        (m in the basis it is held in, see dmpnet.hardware.basis)
    saturates : whether u is held in its word (or wraps) 'after' it is compared and reset, or 'before'
    floor : (N,) what membranes never fall below, whole numbers within u's word; None for its end, which is one for
        nothing where it saturates
    currents : whether that of the spikes and that of the memory are held in the word of u 'each' before they are added,
        or only in their 'sum'
    seed : of the registers that round at random
    queue : events that are let in a step, those of the lowest inputs, the others are dropped; 0: all are let in
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
    floor: np.ndarray | None = None
    currents: str = "sum"
    seed: int = 0
    queue: int = 0

    def __post_init__(self):
        if self.saturates not in SATURATES:
            raise DmpnetError(f"fixed point: saturates = {self.saturates!r}, but a membrane does so "
                              f"{' or '.join(SATURATES)} it is compared; set one")
        if self.currents not in CURRENTS:
            raise DmpnetError(f"fixed point: currents = {self.currents!r}, but they are held in the word of u in their "
                              f"sum alone or each; set one of {', '.join(CURRENTS)}")
        for name, counts in (("seed", "names where registers start"), ("queue", "counts events, 0 for all")):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise DmpnetError(f"fixed point: {name} = {value!r}, but it {counts}; set a whole number >= 0")
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
        for name in ("x", "u", "I"):
            if getattr(self, name).rounding not in ALONE:
                raise DmpnetError(f"fixed point: {name} rounds {getattr(self, name).rounding!r}, but what is cut off "
                                  f"goes on from slot to slot of m alone; set one of {', '.join(ALONE)}")
        if self.floor is not None and (self.floor.dtype.kind not in "iu" or self.floor.max(initial=0) > 0
                                       or self.floor.min(initial=0) < self.u.low):
            raise DmpnetError(f"fixed point: floor is {self.floor.dtype} from {self.floor.min(initial=0)} to "
                              f"{self.floor.max(initial=0)}, but floors are whole numbers from {self.u.low}, the "
                              f"end of u's word, to 0; set them there, or None")
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
    def described(self) -> dict[str, Any]:
        """Words, shifts and what of OPTIONS is not as it was before there were any, as JSON stores them."""
        told = {name: getattr(self, name) for name, default in OPTIONS.items() if getattr(self, name) != default}
        return {name: asdict(word) for name, word in self.words.items()} | self.shifts | told

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Its arrays, by name."""
        for name in FIXED_ARRAYS:
            yield name, getattr(self, name)
        if self.floor is not None:
            yield "floor", self.floor

    @property
    def noisy(self) -> tuple[str, ...]:
        """Quantities that are rounded at random."""
        return tuple(name for name, word in self.words.items() if word.rounding == "stochastic")


FIXED_ARRAYS = tuple(f.name for f in fields(Fixed) if f.type is np.ndarray)
OPTIONS = {f.name: f.default for f in fields(Fixed) if f.default is not MISSING and f.name != "floor"}
"""What older files do not say, and how it was then."""
WORDS = ("x", "m", "u", "I")
SHIFTS = ("shift_x", "shift_m", "shift_B", "shift_f", "shift_I", "shift_nu")
ADDED = (("shift_m", "shift_B"), ("shift_I", "shift_nu"))
