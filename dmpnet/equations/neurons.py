"""Fast spiking neurons: parameters beside the equations they enter.

One step k of one layer, as trained (Sun et al. 2026, Nature Machine Intelligence 8, 901-912):

    x[k] = ReLU(w_x . s_in[k] + b_x)                    one scalar a layer
    m[k] = Abar m[k-1] + Bbar x[k]                      slow memory, d numbers a layer
    I[k] = W_f s_in[k] + b_f + W_r s[k-1] + W_m m[k_d] + b_m,   k_d = floor(k/d_s) d_s
    u[k] = decayed(u[k-1]) + g I[k]                     beta u[k-1] as published; linear, shift: dmpnet.equations.decay
    u[k] = max(u[k], floor)                             where the membrane has one
    s[k] = u[k] >= theta_u, then u[k] = 0 (hard reset) or u[k] - theta_u (soft reset)

A layer without W_m, w_x is a feed-forward network (FSNN), one with W_r a recurrent network (RSNN). With axonal delays
(DSNN) s_in_j[k - delay_j] stands for s_in_j[k], 0 before the first step.

Neurons that adapt hear I[k] - w[k-1] (dmpnet.equations.adaptation).

The slow memory may act in other ways than on the current, as published (SlowMemory.acts; ours):

    'current'    as above
    'threshold'  I[k] = W_f s_in[k] + b_f + W_r s[k-1],   s[k] = u[k] >= theta_u - (W_m m[k_d] + b_m)
    'gain'       I[k] = W_f s_in[k] (1 + W_m m[k_d] + b_m) + b_f + W_r s[k-1]

With 'threshold' a soft reset subtracts theta_u all the same, and may leave u below the floor until the next step; in
every other case a floor before the comparison is one after the reset, as floor <= 0 < theta_u.
"""

from dataclasses import dataclass
from numbers import Integral, Real

from dmpnet.equations.decay import BY_NAME, CONSTANTS, DECAYS
from dmpnet.errors import DmpnetError, one_of

UPDATES = {decay: f"u = {kept} + g*I" for decay, kept in DECAYS.items()}
THRESHOLD = "u >= theta_u"
LOWERED = "u >= theta_u - (I_m + b_m)"  # THRESHOLD where the slow memory acts on it
RESETS = {"hard": "u = 0", "soft": "u = u - theta_u"}


@dataclass(frozen=True)
class Neuron:
    """Constants of one layer's fast neurons, dimensionless, per step.

    beta : fraction of the membrane kept each step, in [0, 1); for a time constant tau it is exp(-dt/tau)
    g : gain on the summed current
    theta_u : firing threshold, > 0
    reset : 'hard' sets u to 0, 'soft' subtracts theta_u
    decay : 'exponential' by beta, 'linear' by lam a step, 'shift' by u 2^-shift a step, or another by c
    lam : in [0, theta_u], used by linear decay; shift : whole number >= 1, used by shift decay
    c : the constant of any other decay (dmpnet.equations.decays), its default if None
    floor : what the membrane never falls below, <= 0; None for nothing. Inhibition may drive a membrane hundreds of
        thresholds down, from where a constant leak needs as many steps back; a chip's word ends somewhere
    """

    beta: float = 0.5
    g: float = 0.5
    theta_u: float = 1.0
    reset: str = "hard"
    decay: str = "exponential"
    lam: float = 0.0
    shift: int = 1
    c: float | None = None
    floor: float | None = None

    def __post_init__(self):
        for name in ("beta", "g", "theta_u", "lam"):
            value = getattr(self, name)
            if not isinstance(value, Real):
                raise DmpnetError(f"neuron: {name} = {value!r}, but it is a number; set one")
            object.__setattr__(self, name, float(value))  # a NumPy scalar would set the arithmetic's dtype
        if not 0 <= self.beta < 1:
            raise DmpnetError(f"neuron: beta = {self.beta}, but the kept fraction lies in [0, 1); use exp(-dt/tau)")
        if not 0 < self.theta_u < float("inf"):
            raise DmpnetError(f"neuron: theta_u = {self.theta_u}, but a threshold is positive and finite; "
                              f"set theta_u > 0")
        if not abs(self.g) < float("inf"):
            raise DmpnetError(f"neuron: g = {self.g}, but the gain is a finite number; set g, e.g. 1 - beta")
        if self.reset not in tuple(RESETS):
            raise DmpnetError(one_of("neuron: reset", self.reset, RESETS))
        if self.decay not in tuple(DECAYS):
            raise DmpnetError(one_of("neuron: decay", self.decay, DECAYS))
        if not 0 <= self.lam <= self.theta_u:
            raise DmpnetError(f"neuron: lam = {self.lam}, but what leaks in a step lies between 0 and the threshold "
                              f"theta_u = {self.theta_u}; set it by a rule of dmpnet.equations.decay, e.g. "
                              f"least_squares")
        if not isinstance(self.shift, Integral) or isinstance(self.shift, bool) or not 1 <= self.shift <= 64:
            raise DmpnetError(f"neuron: shift = {self.shift!r}, but a membrane is shifted by a whole number of bits; "
                              f"set 1 to 64")
        if self.floor is not None and not (isinstance(self.floor, Real) and -float("inf") < self.floor <= 0):
            raise DmpnetError(f"neuron: floor = {self.floor!r}, but a membrane rests at 0 and stops at or below it; "
                              f"set floor <= 0, e.g. -theta_u, or None")
        object.__setattr__(self, "floor", None if self.floor is None else float(self.floor))
        object.__setattr__(self, "shift", int(self.shift))
        object.__setattr__(self, "c", self._own())

    def _own(self) -> float | None:
        """c, checked, or its default; None for a decay that does not use it."""
        decay = BY_NAME[self.decay]
        if decay.field != "c":
            return None
        low, high = decay.limits(self.theta_u)
        c = decay.default * self.theta_u**decay.power if self.c is None else self.c
        if not isinstance(c, Real) or not low <= c <= high:
            raise DmpnetError(f"neuron: c = {c!r}, but {decay.constant} of {decay.name} decay lies between {low:g} and "
                              f"{high:g} where theta_u = {self.theta_u:g}; set c within that")
        return float(c)

    @property
    def leak(self) -> float:
        """2^-shift."""
        return 2.0 ** -self.shift

    @property
    def constant(self) -> float:
        """The one number its decay needs: beta, lam, leak or c."""
        return self.constants[CONSTANTS[self.decay]]

    @property
    def constants(self) -> dict[str, float]:
        """What decays may name in Brian2 code."""
        own = {} if self.c is None else {CONSTANTS[self.decay]: self.c}
        return {"beta": self.beta, "lam": self.lam, "leak": self.leak} | own

    @property
    def decaying(self) -> str:
        """Its decay in words: 'exponential, beta 0.5'."""
        floor = "" if self.floor is None else f", floor {self.floor:g}"
        return f"{self.decay}, {CONSTANTS[self.decay]} {self.constant:g}{floor}"


PUBLISHED_CODE = Neuron(beta=0.5, g=0.5, theta_u=1.0, reset="hard")  # u = 0.5 u + 0.5 I, the authors' training code
RTL = Neuron(beta=230 / 256, g=1.0, theta_u=512.0, reset="soft")  # defaults of the authors' Chisel hardware
