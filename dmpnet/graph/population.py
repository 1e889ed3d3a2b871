"""A population of neurons, each with its own constants, in the conventions of dmpnet and of other tools.

One step k, x the summed input (Population's fields in the equations):

    i[k] = alpha i[k-1] + w x[k]                                  without alpha: i[k] = x[k]
    v    = decayed(u[k-1]) + g i[k] + g_before i[k-1] + c         decayed: beta u; linear, shift: dmpnet.equations.decay
    v    = max(v, floor)                                          floor: where the membrane stops, None for nowhere
    s[k] = v > theta (strict) or v >= theta
    u[k] = u_reset, v - theta ('subtract') or v ('none') where s[k], else v

A reset that is `late` acts on what the next step has computed, before its threshold, as in snnTorch by default: with
r = s[k-1], v = u_reset ('value') where r, v - theta r ('subtract'). In the steps 1 to `refractory` after a spike u
keeps its value and no spike is fired; i goes on. Without theta there are no spikes, and the node gives u itself.

    IF         beta = 1, g = r dt            LIF, Euler  beta = 1 - dt/tau, g = r dt/tau, c = v_leak dt/tau
    snnTorch   beta, g = 1, strict, late     LIF, exact  beta = exp(-dt/tau), g = r (1 - beta), c = v_leak (1 - beta)
    CubaLIF    alpha, w of tau_syn and w_in likewise; g_before in place of g where the membrane takes the old current
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from dmpnet.equations.decay import DECAYS
from dmpnet.errors import DmpnetError, one_of
from dmpnet.graph.nodes import Shape

if TYPE_CHECKING:
    from dmpnet.arithmetic.fixed import Fixed

RESETS = ("value", "subtract", "none")


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of a `shape`; every constant is a number for all or an array of that shape.

    decay : 'exponential' by beta, 'linear' by beta = lam a step, 'shift' by beta = 2^-shift of itself
    beta, g, c : kept of u, gain on i[k], constant added;  g_before : gain on i[k-1], None for 0
    alpha, w : kept of the synaptic current, gain on x; alpha None for no such current
    theta : threshold, None for neurons that do not fire;  strict : v > theta, else v >= theta
    reset : 'value' (to u_reset), 'subtract' theta, 'none';  late : a step later
    refractory : whole steps without update;  floor : u is held above it;  u_0 : u before the first step
    fixed : how it and its slow memory compute in integers, whose thresholds are then theta; c is b, in units of u
    """

    shape: Shape
    beta: np.ndarray | float
    g: np.ndarray | float = 1.0
    c: np.ndarray | float = 0.0
    theta: np.ndarray | float | None = 1.0
    strict: bool = False
    reset: str = "value"
    u_reset: np.ndarray | float = 0.0
    late: bool = False
    alpha: np.ndarray | float | None = None
    w: np.ndarray | float = 1.0
    g_before: np.ndarray | float | None = None
    refractory: np.ndarray | int = 0
    floor: np.ndarray | float | None = None
    u_0: np.ndarray | float = 0.0
    decay: str = "exponential"
    fixed: Fixed | None = None

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(map(int, self.shape)))
        if self.fixed is not None:
            if self.fixed.theta_u.size != math.prod(self.shape):
                raise DmpnetError(f"population: {self.fixed.theta_u.size} thresholds in integers for neurons of shape "
                                  f"{self.shape}; give one a neuron")
            object.__setattr__(self, "theta", self.fixed.theta_u.reshape(self.shape))
        if self.reset not in RESETS:
            raise DmpnetError(one_of("population: reset", self.reset, RESETS))
        if self.decay not in tuple(DECAYS):
            raise DmpnetError(one_of("population: decay", self.decay, DECAYS))
        for name in CONSTANTS:
            value = getattr(self, name)
            if value is None and name in ("theta", "alpha", "g_before", "floor"):
                continue
            object.__setattr__(self, name, self._constant(name, value))
        if self.late and np.any(self.refractory):
            raise DmpnetError("population: a late reset would fall into the refractory steps, where u keeps its value; "
                              "set late = False or refractory = 0")

    def _constant(self, name: str, value: np.ndarray | float) -> np.ndarray:
        """As an array: () where one value holds for all, else of the population's shape."""
        array = np.asarray(value, np.int64 if name == "refractory" else np.float64)
        if name == "refractory" and not np.array_equal(array, np.asarray(value)):
            raise DmpnetError("population: refractory counts steps; round it to whole numbers")
        if array.shape not in ((), self.shape):
            raise DmpnetError(f"population: {name} of shape {array.shape} for neurons of shape {self.shape}; give one "
                              f"number, or one a neuron")
        if not np.isfinite(array).all():
            raise DmpnetError(f"population: {name} has values that are not finite; set finite ones")
        if array.size and (array == array.flat[0]).all():
            array = array.ravel()[:1].reshape(()).copy()
        return array

    @property
    def shape_in(self) -> Shape:
        return self.shape

    @property
    def shape_out(self) -> Shape:
        return self.shape

    @property
    def fires(self) -> bool:
        return self.theta is not None


CONSTANTS = tuple(f.name for f in fields(Population)
                  if f.name not in ("shape", "strict", "reset", "late", "decay", "fixed"))
"""Fields that are numbers, one for all neurons or one each."""
