"""One layer of a trained network."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dmpnet.arithmetic.fixed import Fixed
from dmpnet.equations.decay import BY_NAME, WHOLE
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import WeightsError
from dmpnet.trained.adaptation import Adaptation
from dmpnet.trained.modes import Modes
from dmpnet.trained.shapes import LONGEST, fits, rows
from dmpnet.trained.slow_memory import SlowMemory


@dataclass(frozen=True)
class Layer:
    """One layer of N fast neurons on M inputs: W_f (N, M), b_f (N,), optional W_r (N, N), slow memory, axonal delays,
    adaptation.

    beta : (N,) what each neuron keeps of its membrane where every one has its own, with g = 1 - beta; None: all have
        the neuron's constants
    modes : in place of the one leaky membrane, whose theta_u and reset alone then count
    delay : (M,) integer steps >= 0 by which each input reaches W_f and w_x later, or None; what would arrive after
        the last step is lost
    fixed : how it computes in integers, then all arrays are whole numbers; None: in real numbers
    """

    W_f: np.ndarray
    b_f: np.ndarray
    neuron: Neuron
    W_r: np.ndarray | None = None
    slow: SlowMemory | None = None
    delay: np.ndarray | None = None
    fixed: Fixed | None = None
    adaptation: Adaptation | None = None
    beta: np.ndarray | None = None
    modes: Modes | None = None

    @property
    def N(self) -> int:
        return self.W_f.shape[0]

    @property
    def M(self) -> int:
        return self.W_f.shape[1]

    @property
    def integer(self) -> bool:
        """Whether it computes in integers."""
        return self.fixed is not None

    @property
    def arithmetic(self) -> dict[str, Any]:
        """How it computes in integers, as JSON stores it; {} in real numbers."""
        return {} if self.fixed is None else self.fixed.described

    @property
    def thresholds(self) -> np.ndarray | None:
        """(N,) thresholds of the neurons where each has its own; None: all have the neuron's theta_u."""
        return None if self.fixed is None else self.fixed.theta_u

    @property
    def floors(self) -> np.ndarray | None:
        """(N,) floors of the neurons where each has its own; None: all have the neuron's."""
        return None if self.fixed is None else self.fixed.floor

    @property
    def constant(self) -> Any:
        """What the decay needs: one number, or (N,) float64 where every neuron has its own beta."""
        return self.neuron.constant if self.beta is None else np.asarray(self.beta, float)

    @property
    def g(self) -> Any:
        """Gain on the current: one number, or (N,) float64."""
        return self.neuron.g if self.beta is None else 1 - np.asarray(self.beta, float)

    @property
    def decaying(self) -> str:
        """Its decay in words."""
        if self.beta is None:
            return self.neuron.decaying
        floor = "" if self.neuron.floor is None else f", floor {self.neuron.floor:g}"
        return f"exponential, beta {self.beta.min():.3g} to {self.beta.max():.3g}{floor}"

    @property
    def d(self) -> int:
        """Dimensions of the slow memory, 0 without one; those that a chip fills up with zeros are none."""
        if self.slow is None:
            return 0
        return self.slow.d if self.fixed is None else int((self.fixed.unit_m > 0).sum())

    @property
    def queue(self) -> int:
        """Events that are let in a step, those of the lowest inputs; 0: all."""
        return self.fixed.queue if self.fixed else 0

    @property
    def carries(self) -> bool:
        """Whether a slot of its slow memory hands on what rounding cuts off to the next."""
        return self.slow is not None and self.fixed is not None and self.fixed.m.rounding == "carried"

    @property
    def acts(self) -> str:
        """What the slow memory acts on; 'current' too if there is none."""
        return self.slow.acts if self.slow else "current"

    @property
    def values(self) -> bool:
        """Whether it passes on values, not spikes."""
        return self.modes is not None and self.modes.emits == "values"

    @property
    def state(self) -> int:
        """Numbers kept from step to step: N + d, the spikes that recur, N, adaptation, N, and what is under way in the
        axons, sum of delay. Of n modes, 2 n N in place of N.

        (The paper's rule, N + N delay, gives every axon the same delay.)
        """
        under_way = 0 if self.delay is None else int(np.sum(self.delay, dtype=np.int64))
        recurs = 0 if self.W_r is None else self.N
        adapts = 0 if self.adaptation is None else self.N
        fast = self.N if self.modes is None else 2 * self.modes.r.size
        return fast + (self.slow.d if self.slow else 0) + recurs + adapts + under_way

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Its arrays, by the names that follow 'layer1.' in a weights file."""
        yield "W_f", self.W_f
        yield "b_f", self.b_f
        if self.W_r is not None:
            yield "W_r", self.W_r
        if self.slow is not None:
            yield from self.slow.arrays()
        if self.delay is not None:
            yield "delay", self.delay
        if self.adaptation is not None:
            yield from self.adaptation.arrays()
        if self.beta is not None:
            yield "beta", self.beta
        if self.modes is not None:
            yield from self.modes.arrays()
        if self.fixed is not None:
            yield from self.fixed.arrays()

    def emptied(self) -> "Layer":
        """The same layer with every weight 0, every threshold of its own 1 and every floor 0: what it is before it is
        given them."""
        slow: dict[str, Any] = {name: 0 * array for name, array in self.slow.arrays()} if self.slow else {}
        modes: dict[str, Any] = {name: 0 * array for name, array in self.modes.arrays()} if self.modes else {}
        adapting = [0 * array for _, array in self.adaptation.arrays()] if self.adaptation else []
        return replace(
            self, W_f=0 * self.W_f, b_f=0 * self.b_f, W_r=None if self.W_r is None else 0 * self.W_r,
            slow=replace(self.slow, **slow) if self.slow else None,
            adaptation=Adaptation(*adapting) if adapting else None, beta=None if self.beta is None else 0 * self.beta,
            modes=replace(self.modes, **modes) if self.modes else None,
            fixed=replace(self.fixed, theta_u=np.ones_like(self.fixed.theta_u), floor=None if self.fixed.floor is None
                          else 0 * self.fixed.floor) if self.fixed else None)

    def check(self, origin: str, name: str, channels: int) -> None:
        """Raise WeightsError for the first of its arrays that does not fit a layer of so many inputs."""
        n = rows(self.W_f)
        fits(origin, f"{name}.W_f", self.W_f, (n, channels))
        fits(origin, f"{name}.b_f", self.b_f, (n,))
        if self.W_r is not None:
            fits(origin, f"{name}.W_r", self.W_r, (n, n))
        if self.slow is not None:
            ends = self.fixed is not None and self.fixed.m.overflow == "saturate"
            self.slow.check(origin, name, n, channels, self.fixed.shift_m if self.fixed else 0, ends)
        if self.delay is not None:
            _delay_fits(origin, f"{name}.delay", self.delay, channels)
        if self.adaptation is not None:
            self.adaptation.check(origin, name, n)
        if self.beta is not None:
            fits(origin, f"{name}.beta", self.beta, (n,))
            _beta_fits(origin, name, self.beta, self.neuron)
        if self.modes is not None:
            self.modes.check(origin, name, n)
            self._check_beside_modes(origin, name)
        if self.fixed is not None:
            self._check_fixed(origin, name, self.fixed)

    def _check_beside_modes(self, origin: str, name: str) -> None:
        """A layer of modes has nothing else that moves its membranes."""
        others = {"recurrent weights": self.W_r, "a slow memory": self.slow, "axonal delays": self.delay,
                  "adaptation": self.adaptation, "a floor": self.neuron.floor}
        for what, found in others.items():
            if found is not None:
                raise WeightsError(f"{origin}: {name} has modes and {what}, but modes hear W_f s_in + b_f alone; leave "
                                   f"one of them out")

    def _check_fixed(self, origin: str, name: str, fixed: Fixed) -> None:
        """All that enters integer sums is whole, and the chip knows how to compute it."""
        fits(origin, f"{name}.theta_u", fixed.theta_u, (self.N,))
        fits(origin, f"{name}.unit_u", fixed.unit_u, (self.N,))
        if fixed.floor is not None:
            fits(origin, f"{name}.floor", fixed.floor, (self.N,))
        if (fixed.floor is None) != (self.neuron.floor is None):
            where = "its neurons" if fixed.floor is None else "integers"
            raise WeightsError(f"{origin}: {name} has a floor in {where} alone, but it has one in both or in none; "
                               f"make it with dmpnet.hardware.constrain")
        if self.slow or fixed.unit_m.shape != (0,):
            fits(origin, f"{name}.unit_m", fixed.unit_m, (self.slow.d if self.slow else 0,))
        whole = {"W_f": self.W_f, "b_f": self.b_f, "W_r": self.W_r} | dict(self.slow.arrays() if self.slow else ())
        for key, array in whole.items():
            if array is not None and array.dtype.kind not in "iu":
                raise WeightsError(f"{origin}: {name}.{key} has dtype {array.dtype}, but this layer computes in "
                                   f"integers; make it with dmpnet.hardware.constrain")
        if self.neuron.decay == "linear" and self.neuron.lam % 1:
            raise WeightsError(f"{origin}: {name} has lam = {self.neuron.lam:g}, but in integers a membrane leaks a "
                               f"whole number a step; round it")
        if BY_NAME[self.neuron.decay].left_whole is None:
            raise WeightsError(f"{origin}: {name} has {self.neuron.decay} decay, but that has no form in integers; "
                               f"constrain a network with {' or '.join(WHOLE)} decay")
        if fixed.queue and (self.W_r is not None or self.delay is not None):
            raise WeightsError(f"{origin}: {name} drops events beyond {fixed.queue} a step, but has "
                               f"{'recurrent weights' if self.W_r is not None else 'axonal delays'}, whose events have "
                               f"no order of arrival; constrain it for a chip with datapath.queue = passes")
        if beyond := self.beyond_chips():
            raise WeightsError(f"{origin}: {name}: {beyond}")

    def beyond_chips(self) -> str | None:
        """What no chip here does, so that it has no form in integers, and the way out; None of what one may hold."""
        if self.adaptation is not None:
            return "its neurons adapt, but on a chip they do not; train without adaptation"
        if self.beta is not None:
            return "every neuron has a beta of its own, but on a chip a layer has one; train without each_decay"
        if self.modes is not None:
            return "its neurons have modes, but on a chip a membrane is one number; train without modes"
        if self.acts != "current":
            return (f"its slow memory acts on the {self.acts}, but on a chip it acts on the current; "
                    f"train one with acts = 'current'")
        return None


def _beta_fits(origin: str, name: str, beta: np.ndarray, neuron: Neuron) -> None:
    if neuron.decay != "exponential":
        raise WeightsError(f"{origin}: {name} has a beta a neuron and {neuron.decay} decay, but it is exponential "
                           f"decay that keeps beta; leave one of them out")
    if not ((beta >= 0) & (beta < 1)).all():
        raise WeightsError(f"{origin}: {name}.beta is from {beta.min():g} to {beta.max():g}, but the kept fraction "
                           f"lies in [0, 1); use exp(-dt/tau)")


def _delay_fits(origin: str, name: str, delay: np.ndarray, channels: int) -> None:
    fits(origin, name, delay, (channels,))
    if delay.dtype.kind not in "iu":
        raise WeightsError(f"{origin}: {name} has dtype {delay.dtype}, but delays count steps; round them to integers")
    if (delay < 0).any():
        raise WeightsError(f"{origin}: {name} has {int((delay < 0).sum())} values below 0, but nothing arrives before "
                           f"it is sent; set delays >= 0")
    if delay.max() > LONGEST:
        raise WeightsError(f"{origin}: {name} reaches {delay.max()} steps, but at most {LONGEST} are counted; set "
                           f"smaller delays")
