"""Linear-leak neurons in integers, as public chips have them: what one step without input takes from V, and one step.

One step of N neurons, V and I integers (N,), s 0 or 1:

    V = saturate(leak(V));  V = saturate(V + I);  s = V >= theta;  V = 0 or V - theta where s;  write back

A reset cannot leave the chip's limits, theta > 0: these saturate before they compare, as a layer does whose chip says
so (`saturates` of dmpnet.arithmetic.fixed; the DMP core saturates after). Where a chip does it otherwise its class
says so. The chips are event-driven: they add, saturate, compare and reset at every single synaptic event, and leak
when a time reference arrives. Here I is the sum over the events of a step, saturated once, so that V may differ from
the chip's where it saturates or crosses theta between two events of one step [ours].

Read for this, no code taken: github.com/ChFrenkel/tinyODIN at 1865653 (lif_neuron.v), github.com/ChFrenkel/ODIN at
1781931 (src/LIF_neuron_blocks/lif_neuron_state.v), github.com/markplagge/NeMo at 5edb82c (src/neuro/tn_neuron.c, a
TrueNorth simulator after Cassidy et al. 2013, IJCNN, "Cognitive computing building block").
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dmpnet.equations.decay import decayed
from dmpnet.equations.neurons import RESETS
from dmpnet.errors import DmpnetError
from dmpnet.hardware.leak_limits import check_leak, check_range, integers, limits, plain

# leaks: V (N,) after one step without input


def floored(V: np.ndarray, L: int) -> np.ndarray:
    """ODIN: V - L, not below 0."""
    return np.maximum(V - L, 0)


def signed(V: np.ndarray, lam: int, sign: int, reversal: bool, stop: bool) -> np.ndarray:
    """TrueNorth: V + Omega sign lam, Omega = sgn(V) with leak reversal, else 1; sgn(0) = 0.

    With reversal sign = -1 leaks toward 0 and +1 away from it; `stop` then ends at 0 a leak that would cross it,
    without `stop` V hops to the other side and back. Without reversal `stop` changes nothing.
    """
    leaked = V + (np.sign(V) if reversal else 1) * sign * lam
    return np.where(np.sign(leaked) == np.sign(V), leaked, 0) if reversal and stop else leaked


def clipped(V: np.ndarray, lam: int) -> np.ndarray:
    """Ours, and tinyODIN's (V >= 0 -> V - L, V < 0 -> V + L, both held at 0): sign(V) max(|V| - lam, 0)."""
    return decayed(V, "linear", lam)


def shifted(V: np.ndarray, k: int) -> np.ndarray:
    """V - (V >> k), arithmetic shift, which rounds down: exponential decay by 1 - 2^-k without a multiplier.

    Rounding down makes it lopsided: a negative V always moves and ends at 0 (never at -1: -1 >> k = -1), a positive V
    stops at 2^k - 1, where V >> k = 0.
    """
    return V - (V >> k)


# neurons


class IntegerNeuron(ABC):
    """A neuron that holds V as an integer within `limits` and fires from `theta` on; what all of them do in a step."""

    name: ClassVar[str]
    theta: int
    reset: str = "hard"
    leak_first: bool = True

    @property
    @abstractmethod
    def limits(self) -> tuple[int, int]:
        """Lowest and highest V."""

    @abstractmethod
    def leak(self, V: np.ndarray) -> np.ndarray:
        """V (N,) after one step without input."""

    def step(self, V: np.ndarray, I: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """V (N,) int64 and spikes (N,) bool after one step with summed synaptic input I (N,)."""
        V, I = self.state(V), integers(self.name, "I", I)
        V = self._leaked(V) if self.leak_first else self._add(V, I)
        V = self._add(V, I) if self.leak_first else self._leaked(V)
        s = self.theta <= V
        return np.where(s, 0 if self.reset == "hard" else V - self.theta, V), s

    def _leaked(self, V: np.ndarray) -> np.ndarray:
        return np.clip(self.leak(V), *self.limits)  # only a leak away from 0 can leave them

    def _add(self, V: np.ndarray, I: np.ndarray) -> np.ndarray:
        low, high = self.limits
        I = np.clip(I, low - high, high - low)  # more than that saturates, whatever V: int64 cannot wrap
        return np.clip(V + I, low, high)

    def state(self, V: np.ndarray) -> np.ndarray:
        """V as int64; DmpnetError unless its values are integers within the limits."""
        V = integers(self.name, "V", V)
        low, high = self.limits
        if V.size and not (low <= V.min() and V.max() <= high):
            raise DmpnetError(f"{self.name}: V reaches from {V.min()} to {V.max()}, but it holds {low} to {high}; "
                              f"saturate it, or take more bits")
        return V


@dataclass(frozen=True)
class _SevenBitLeak(IntegerNeuron):
    """What tinyODIN and ODIN share: V = 0 after a spike, a leak strength L of 7 bits, theta up to `highest`."""

    L: int
    theta: int
    highest: ClassVar[int]

    def __post_init__(self):
        plain(self, "L", "theta")
        check_leak(self.name, "L", self.L, 127, "7 bits", self.theta, self.highest)


@dataclass(frozen=True)
class TinyODIN(_SevenBitLeak):
    """tinyODIN: V signed 12 bit, saturating at 0x7FF and 0x800 (-2048), V = 0 after a spike.

    Read in lif_neuron.v, beyond what is commonly said of it: the leak strength L has 7 bits, so 0 to 127; theta is an
    unsigned 12-bit word, and one above 0x7FF is never reached; the comparison also follows a leak, where it cannot
    fire, V being below theta already.

    L : leak a step, 0 to 127
    theta : threshold, 1 to 4095
    """

    highest: ClassVar[int] = 4095
    name: ClassVar[str] = "tinyODIN"
    limits: ClassVar[tuple[int, int]] = (-0x800, 0x7FF)

    def leak(self, V: np.ndarray) -> np.ndarray:
        return clipped(V, self.L)


@dataclass(frozen=True)
class ODIN(_SevenBitLeak):
    """ODIN's LIF neuron: V unsigned 8 bit, 0 to 255, saturating at both ends, V = 0 after a spike.

    Read in lif_neuron_state.v: the leak strength L has 7 bits; inhibition, like the leak, ends at 0. The chip's leak
    can be switched off: L = 0.

    L : leak a step, 0 to 127
    theta : threshold, 1 to 255
    """

    highest: ClassVar[int] = 255
    name: ClassVar[str] = "ODIN"
    limits: ClassVar[tuple[int, int]] = (0, 255)

    def leak(self, V: np.ndarray) -> np.ndarray:
        return floored(V, self.L)


@dataclass(frozen=True)
class TrueNorth(IntegerNeuron):
    """TrueNorth's deterministic neuron: V from -393216 to 393216, leak of -255 to 255.

    Order, unlike the others: a tick adds the input, then leaks, then compares (Cassidy et al. 2013; NeMo), so
    `leak_first` is False; other simulators leak first (SANA-FE), and True does so here. Limits and `stop` as in NeMo
    (its check against "ringing", which it always makes with leak reversal). NeMo lets a V above the limit spike and
    stay there; here it saturates and, theta lying below the limit, spikes and resets. Left out: the negative
    threshold, reset to a potential other than 0, all stochastic modes.

    lam : size of the leak a tick, 0 to 255 (9 bits with its sign)
    theta : threshold, 1 to 262143 (18 bits)
    sign : -1 or +1, of the leak
    reversal : whether the leak turns with the sign of V
    stop : with reversal, whether a leak that crosses 0 ends there
    reset : 'hard' (V = 0, the chip's normal reset) or 'soft' (V - theta, its linear reset)
    """

    lam: int
    theta: int
    sign: int = -1
    reversal: bool = True
    stop: bool = True
    reset: str = "hard"
    leak_first: bool = False
    name: ClassVar[str] = "TrueNorth"
    limits: ClassVar[tuple[int, int]] = (-393216, 393216)

    def __post_init__(self):
        plain(self, "lam", "theta", "sign")
        check_leak(self.name, "lam", self.lam, 255, "9 bits with its sign", self.theta, 2**18 - 1)
        _check_reset(self.name, self.reset)
        if self.sign not in (-1, 1):
            raise DmpnetError(f"TrueNorth: sign = {self.sign!r}, but a leak has sign -1 or 1; set one")

    def leak(self, V: np.ndarray) -> np.ndarray:
        return signed(V, self.lam, self.sign, self.reversal, self.stop)


class _OfBits(IntegerNeuron):
    """Ours: V is a signed integer of B bits."""

    B: int

    @property
    def limits(self) -> tuple[int, int]:
        return limits(self.B)


@dataclass(frozen=True)
class Clipped(_OfBits):
    """Our integer LD-LIF: V signed B bit, saturating, leak by clipped subtraction (after Shang et al. 2026,
    arXiv 2603.12739, whose widths are not known to us; what is updated in memory, dmpnet.hardware.in_memory).

    B : bits of V, 4 to 16
    lam : leak a step, 0 to 2^(B-1) - 1 and not above theta
    theta : threshold, 1 to 2^(B-1) - 1
    reset : 'hard' (V = 0) or 'soft' (V - theta)
    """

    B: int
    lam: int
    theta: int
    reset: str = "hard"
    name: ClassVar[str] = "integer LD-LIF"

    def __post_init__(self):
        plain(self, "B", "lam", "theta")
        high = limits(self.B)[1]
        check_leak(self.name, "lam", self.lam, high, f"V's B = {self.B} bits", self.theta, high)
        _check_reset(self.name, self.reset)

    def leak(self, V: np.ndarray) -> np.ndarray:
        return clipped(V, self.lam)


@dataclass(frozen=True)
class Shifted(_OfBits):
    """V signed B bit, saturating, that decays by a shift, V - (V >> k): the multiplier-free exponential [ours].

    B : bits of V, 4 to 16
    k : 1 to B - 1; a fraction 2^-k is lost a step, rounded as in `shifted`
    theta : threshold, 1 to 2^(B-1) - 1; V rests anywhere below 2^k, so a theta above 2^k - 1 is wise
    reset : 'hard' (V = 0) or 'soft' (V - theta)
    """

    B: int
    k: int
    theta: int
    reset: str = "hard"
    name: ClassVar[str] = "integer shift neuron"

    def __post_init__(self):
        plain(self, "B", "k", "theta")
        check_range(self.name, "theta", self.theta, 1, limits(self.B)[1])
        check_range(self.name, "k", self.k, 1, self.B - 1)
        _check_reset(self.name, self.reset)

    def leak(self, V: np.ndarray) -> np.ndarray:
        return shifted(V, self.k)


def _check_reset(name: str, reset: str) -> None:
    if reset not in tuple(RESETS):
        raise DmpnetError(f"{name}: reset = {reset!r}, but it is one of {', '.join(RESETS)}; choose one")
