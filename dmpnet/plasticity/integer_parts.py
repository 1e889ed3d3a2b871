"""The parts of a rule in integers: traces, changes of weights at once and deferred."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from dmpnet.arithmetic.words import Word


@dataclass(frozen=True)
class Trace:
    """A whole number that spikes raise and time lowers.

    one : what stands for 1;  latest : a spike sets it to one, it does not add one
    decay : 'linear', by is taken off, down to 0; 'shift', by bits: the trace >> by, rounded up, is taken off, so that
        it ends at 0 too; 'none'
    period : steps from one decay to the next;  anew : steps after which they are counted from 0 again, 0: never
    """

    name: str
    word: Word
    one: int
    latest: bool = True
    decay: str = "none"
    by: int = 0
    period: int = 1
    anew: int = 0

    @property
    def tick(self) -> str:
        """Brian2 line of its decay."""
        if self.decay == "none":
            return ""
        size = f"abs({self.name})"
        lost = f"{self.by}.0" if self.decay == "linear" else f"ceil({size}/{2.0**self.by})"
        step = f"t_in_timesteps % {self.anew}" if self.anew else "t_in_timesteps"
        due = f"*int({step} % {self.period} == 0)" if self.period > 1 else ""
        return f"{self.name} = sign({self.name})*clip({size} - {lost}{due}, 0, {max(self.word.high, -self.word.low)})"

    def falls(self, steps: int) -> int:
        """How often, in so many steps from the first on."""
        whole, rest = divmod(steps, self.anew or steps + 1)
        return whole * -(-self.anew // self.period) - (-rest // self.period)

    @property
    def jump(self) -> str:
        """Brian2 line of what a spike does to it."""
        if self.latest:
            return f"{self.name} = {self.one}"
        return f"{self.name} = clip({self.name} + {self.one}, {self.word.low}, {self.word.high})"

    def tau(self, dt: float, size: float | None = None) -> float:
        """Seconds in which an exponential of the same area falls by e; size of a jump, one if None.

        The area is that of lines from decay to decay, the mean over when within a period the jump comes.
        """
        size = size or self.one
        ticks = size / self.by / 2 if self.decay == "linear" else _shifts(max(round(size), 1), self.by)
        return ticks * self.period * dt


@cache
def _shifts(size: int, by: int) -> float:
    """Area over size of a trace that falls from it by shifts, in decays."""
    total, x = -size / 2, size
    while x:
        total, x = total + x, x - (x + (1 << by) - 1 >> by)
    return total / size


@dataclass(frozen=True)
class Change:
    """What happens to a synapse `when` a neuron spikes ('pre', 'post') or a step ends ('end').

    target : 'w', or 'c', the eligibility
    sign : +1 or -1;  trace, offset, cross, second, shift : as above, no second trace: ''
    gain : (1,) or a number for every code of w, whole; what it is times `factor`
    factor : '' 1, 'room' highest - w, 'height' w - lowest
    third : '' none, 'gate', 'voltage' (int(u >= theta)), 'd', a reward beside `tonic`
    noise : number of the word of the step that rounds;  failing : of the word that decides whether a write takes
    """

    when: str
    target: str
    sign: int
    trace: str
    gain: np.ndarray
    shift: int
    factor: str = ""
    offset: int = 0
    second: str = ""
    cross: int = 0
    third: str = ""
    tonic: int = 0
    noise: int = 0
    failing: int = -1


@dataclass(frozen=True)
class Deferred:
    """What a presynaptic spike does where only rows can be read: it makes up for the latest postsynaptic spike.

    Traces are counters here, at `top` when their neuron spikes, less by 1 a step; p of the input, of its spike before
    this one, q of the neuron. Both windows are lines, fall a step, from `start`:

        w += a_plus max(start - fall_plus (q - p), 0)      if q > p > 0
        w -= a_minus max(start - fall_minus (top - q), 0)  if q > 0         both >> shift as one sum
    """

    start: int
    top: int
    fall_plus: int
    fall_minus: int
    a_plus: int
    a_minus: int
    shift: int
    when: str = "pre"
    target: str = "w"
    noise: int = 0
    failing: int = -1
