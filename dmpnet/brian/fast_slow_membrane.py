"""The membrane of a fast-slow layer's neurons in Brian2: one of three decays, or a decay or equations of one's own."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from brian2 import Equations, get_dimensions, second
from brian2.equations.equations import EquationError
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from dmpnet.brian.quantities import dimensions, number, positive, shown, unit
from dmpnet.equations import layer
from dmpnet.equations.membrane import check_code, check_hears, integrated
from dmpnet.equations.memory import ACTS
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError, about, one_of

ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)\s*(?:\*\*|//|[-+*/%])?=(?!=)")
"""Names that code sets."""
STEPS = ("exponential", "linear", "shift")
"""Decays whose step a trained network has under the same constants."""


@dataclass(frozen=True)
class FastSlowMembrane:
    """How u leaks, fires and is reset; the arguments are those of dmpnet.fast_slow_layer.

    owner : the layer's name, for errors
    """

    owner: str
    threshold: Any
    tau: Any = None
    decay: Any = "exponential"
    lam: Any = None
    reset: str = "hard"
    floor: Any = None
    acts: str = "current"
    model: Any = ""
    method: Any = None
    namespace: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.acts not in ACTS:
            raise DmpnetError(one_of(f"{self.owner}: acts", self.acts, ACTS))
        if self.reset not in layer.RESETS and not re.search(r"(?<![<>=!])=(?!=)", str(self.reset)):
            raise DmpnetError(one_of(f"{self.owner}: reset", self.reset, layer.RESETS) + ", or give code, 'u = v_r'")
        with about(self.owner):
            check_code("reset", self.reset, "exec", "assignments, as 'u = v_r'")
        volt = dimensions(self.owner, "threshold", self.threshold)
        self._check_decay()
        theta_u = float(number(self.owner, "threshold", self.threshold, volt))
        if theta_u <= 0 and (self.own_equations is None or self.reset in layer.RESETS):
            raise DmpnetError(f"{self.owner}: threshold = {self.threshold}, but it lies above the rest, 0; set it so, "
                              f"or give equations with another rest and a reset to it, 'u = v_r'")
        if self.tau is not None:
            positive(self.owner, "tau", self.tau, second.dim)
        if self.lam is not None and self.number("lam", self.lam, per=second.dim) < 0:
            raise DmpnetError(f"{self.owner}: lam = {self.lam}, but a leak goes toward 0; set lam >= 0")
        if self.floor is not None and self.number("floor", self.floor) >= theta_u:
            raise DmpnetError(f"{self.owner}: floor = {self.floor}, but at threshold = {self.threshold} every neuron "
                              f"fires; set floor below it")
        clash = set(self.namespace) & set(self.constants)
        if clash:
            raise DmpnetError(f"{self.owner}: namespace has {', '.join(sorted(clash))}, which the layer has too; give "
                              f"it as argument, or call it otherwise")

    def _check_decay(self) -> None:
        """Raise DmpnetError unless decay is a known one with its constants, an expression of u, or equations of u."""
        if self.own_equations is not None:
            return
        if self.decay not in tuple(layer.MEMBRANES) and "u" not in get_identifiers(str(self.decay)):
            raise DmpnetError(one_of(f"{self.owner}: decay", self.decay, layer.MEMBRANES)
                              + ", or give what is kept of u in a step, 'u*exp(-dt/tau)', or equations, 'du/dt = ...'")
        for symbol, where, why in (("tau", True, "the current charges the membrane with it"),
                                   ("lam", self.decay == "linear", "a membrane leaks it by subtraction")):
            if where and getattr(self, symbol) is None:
                raise DmpnetError(f"{self.owner}: {symbol} = None, but {why}; set {symbol}")
        if self.lam is not None and self.decay in ("exponential", "shift"):
            raise DmpnetError(f"{self.owner}: lam = {self.lam}, but decay {self.decay!r} has none; leave it out, or "
                              f"set decay = 'linear'")
        if self.method is not None:
            raise DmpnetError(f"{self.owner}: method = {self.method!r}, but that of decay {self.decay!r} is known; "
                              f"leave it out, or give equations of your own, 'du/dt = ...'")

    def number(self, symbol: str, value: Any, shape: tuple[int, ...] = (), per: Any = DIMENSIONLESS) -> np.ndarray:
        """`value` in SI units, whose unit is the threshold's, `per` dimensions; DmpnetError if it is another."""
        return number(self.owner, symbol, value, get_dimensions(self.threshold) / per, shape,
                      f"threshold = {shown(self.threshold)}")

    @property
    def volt(self) -> str:
        """The unit of u as Brian2's equations call it, that of the threshold."""
        return unit(get_dimensions(self.threshold))

    @cached_property
    def own_equations(self) -> Equations | None:
        """The user's own equations for u, if that is what decay is."""
        code = self.decay if isinstance(self.decay, Equations) else str(self.decay)
        with about(self.owner):
            return integrated(code, "decay", "u*exp(-dt/tau)", self.moves)

    @property
    def moves(self) -> str:
        """Equations as they may be written, in its unit."""
        return f"du/dt = (I - u)/tau : {self.volt}"

    @property
    def equations(self) -> Equations:
        """All equations of the fast neurons."""
        gain = self.acts == "gain"
        ours = Equations(layer.FAST.format(volt=self.volt, volt_m="1" if gain else self.volt,
                                           held=layer.HELD[self.acts]))
        own = self.own_equations
        if own is None:
            membrane, _ = layer.MEMBRANES.get(self.decay, ("u : {volt}", None))
            own = Equations(membrane.format(volt=self.volt))
        model = self.model if isinstance(self.model, Equations) else Equations(self.model or "")
        clash = ({*ours.names, "w"} & (own.names | model.names)) | (own.names & model.names)  # w: of its synapses
        if clash:
            raise DmpnetError(f"{self.owner}: {', '.join(sorted(clash))} in your equations, but the layer has "
                              f"variables of that name already; rename it there, or give equations of u as decay")
        if "u" not in own.names or own["u"].dim is not get_dimensions(self.threshold):
            raise DmpnetError(f"{self.owner}: threshold = {self.threshold}, but u of your equations is not in "
                              f"{self.volt}; give both in one unit")
        if self.acts == "current" and self.own_equations is not None:
            with about(self.owner):
                check_hears(own.identifiers, {"I", "I_m"}, "its slow memory", self.moves)
        try:
            whole = own + ours + model
        except EquationError as wrong:
            raise DmpnetError(f"{self.owner}: equations that do not fit together ({wrong}); change them") from None
        assigned = {*ASSIGNED.findall(str(self.reset))}
        if self.reset not in layer.RESETS and not assigned & whole.names:
            raise DmpnetError(f"{self.owner}: reset = {self.reset!r} sets {', '.join(sorted(assigned))}, but the "
                              f"membrane is u, with {', '.join(sorted(model.names)) or 'nothing'} of your own; set u, "
                              f"'u = 0*{self.volt}'")
        return whole

    @property
    def integrated_by(self) -> Any:
        """Brian2's method for what is a differential equation."""
        if self.own_equations is not None:
            return self.method or ("exact", "euler", "heun")
        return layer.MEMBRANES.get(self.decay, ("", "euler"))[1]

    @property
    def update(self) -> str:
        """Code that follows integration in every step: what an own decay keeps, what spikes add, the floor."""
        kept = "u" if self.own_equations or self.decay in layer.MEMBRANES else f"({self.decay}) + I*dt/tau"
        lines = [f"u = {kept} + {layer.KICK[self.acts]}"]
        if self.floor is not None:
            lines.append("u = int(u < u_low)*u_low + int(u >= u_low)*u")
        return "\n".join([*lines, f"I_f = 0*{self.volt}", f"I_r = 0*{self.volt}"])

    @property
    def resets(self) -> str:
        return layer.RESETS.get(self.reset, self.reset).format(volt=self.volt)

    @property
    def constants(self) -> dict[str, Any]:
        """What equations and code of the fast neurons may name, beside variables."""
        given = {"theta_u": self.threshold, "tau": self.tau, "lam": self.lam, "u_low": self.floor}
        return {symbol: value for symbol, value in given.items() if value is not None}

    def leak(self, dt: float) -> float:
        """The power of two nearest to 1 - exp(-dt/tau), below 1: what shift decay takes away in a step."""
        if self.decay != "shift":
            return 0.0
        return 2.0 ** -max(round(-math.log2(-math.expm1(-dt / float(self.tau)))), 1)

    def gain(self, dt: float) -> float:
        """The part g of a held current that a step adds to u."""
        if self.decay == "exponential":
            return -math.expm1(-dt / float(self.tau))
        return self.leak(dt) or dt / float(self.tau)

    def neuron(self, dt: float) -> Neuron:
        """The trained neuron that this is in steps of dt seconds; DmpnetError if there is none."""
        if self.decay not in STEPS:
            raise DmpnetError(f"{self.owner}: decay = {shown(self.decay)!r}, but trained membranes have one of "
                              f"{', '.join(STEPS)}; choose one")
        if self.reset not in layer.RESETS or self.model:
            raise DmpnetError(f"{self.owner}: reset = {self.reset!r}, model = {str(self.model)!r}, but trained "
                              f"membranes have reset 'hard' or 'soft' and no other variables; leave them so")
        constants: dict[str, Any] = {"beta": math.exp(-dt / float(self.tau)),
                                     "floor": None if self.floor is None else float(self.floor)}
        if self.decay == "linear":
            constants["lam"] = float(self.lam) * dt
        elif self.decay == "shift":
            constants["shift"] = -round(math.log2(self.leak(dt)))
        return Neuron(g=1.0, theta_u=float(self.threshold), reset=self.reset, decay=self.decay, **constants)
