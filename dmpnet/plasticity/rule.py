"""What a plasticity rule is: its equations, what a spike does, every parameter with unit and source."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from brian2 import DimensionMismatchError, Equations, Quantity, get_dimensions, second
from brian2.utils.stringtools import get_identifiers

from dmpnet.errors import DmpnetError
from dmpnet.plasticity.statements import assigned, factors, integers, variables

OURS = "ours"


@dataclass(frozen=True)
class Parameter:
    """One constant of a rule: a number or Brian2 quantity, what it means, where its value is from, where it may lie.

    A time is always > 0 and finite.
    """

    value: Any
    meaning: str
    source: str
    low: float = -math.inf
    high: float = math.inf

    def check(self, owner: str, symbol: str) -> None:
        """Raise DmpnetError unless the value is one number within its limits."""
        try:
            number = float(self.value)  # a quantity in SI units
        except (TypeError, ValueError):
            raise DmpnetError(f"{owner}: {symbol} = {self.value!r}, but it is one number; set one") from None
        if get_dimensions(self.value) == get_dimensions(second):
            if not 0 < number < math.inf:
                raise DmpnetError(f"{owner}: {symbol} = {self.value}, but a time is positive and finite; "
                                  f"set {symbol} > 0 s")
        elif not (math.isfinite(number) and self.low <= number <= self.high):
            raise DmpnetError(f"{owner}: {symbol} = {self.value}, but it lies between {self.low:g} and {self.high:g}; "
                              f"set it there")


@dataclass(frozen=True)
class Rule:
    """A plasticity rule of a weight w (1), as Brian2 code; traces live on neurons, one a neuron.

    pre_equations, post_equations : traces of presynaptic and postsynaptic neurons
    pre_reset, post_reset : their jumps at a spike of that neuron, after every synapse has seen the spike
    model : further variables of a synapse, beside w
    on_pre, on_post : what a spike does to the synapse
    each_step : what happens to every synapse at the end of each step
    third_factor : equations of what gates or rewards, one unit a sample
    needs : variables the postsynaptic neurons must have
    repeated : one pair of spikes says nothing about it, it takes many
    pre_step, post_step : what happens to traces at the beginning of each step, where equations do not say it
    third_step : what happens to the third factor at the end of each step, after each_step
    jumps_first : traces jump before synapses see the spikes of a step, which a trace of 1 then tells
    whole : weights are whole numbers, codes of a chip (dmpnet.plasticity.integer_rule)
    dt : seconds a step, if the rule was made for steps of one length; None: any
    gating : what a gate makes of the projection of a slow memory
    start : what further variables of n synapses are at the start, functions of n
    binary : a weight is w_min or w_max, nothing between
    law : the closed form of its windows in dmpnet.plasticity.reference, 'pair' or 'triplet'; '': there is none
    """

    name: str
    says: str
    source: str
    parameters: Mapping[str, Parameter]
    on_pre: str
    on_post: str
    pre_equations: str = ""
    post_equations: str = ""
    pre_reset: str = ""
    post_reset: str = ""
    model: str = ""
    each_step: str = ""
    third_factor: str = ""
    needs: tuple[str, ...] = ()
    functions: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False
    pre_step: str = ""
    post_step: str = ""
    third_step: str = ""
    jumps_first: bool = False
    whole: bool = False
    dt: float | None = None
    gating: str = "gate = projection"
    start: Mapping[str, Callable[[int], Any]] = field(default_factory=dict)
    binary: bool = False
    law: str = ""

    def __post_init__(self):
        for symbol, parameter in self.parameters.items():
            parameter.check(self.name, symbol)
        low, high = float(self["w_min"]), float(self["w_max"])
        if low >= high:
            raise DmpnetError(f"{self.name}: w_min = {low:g}, w_max = {high:g}, but weights need room between them; "
                              f"set w_min < w_max")
        for symbol in ("on_pre", "on_post", "each_step"):
            code = getattr(self, symbol)
            if not (self.binary or self.whole or {"w_min", "w_max"} & get_identifiers(code)) and "w" in assigned(code):
                raise DmpnetError(f"{self.name}: {symbol} = {code!r} sets w without w_min or w_max, which it never "
                                  f"leaves; write w = clip(..., w_min, w_max)")
        if high <= 0 and "w_max" in factors(self.on_pre + "\n" + self.on_post):
            raise DmpnetError(f"{self.name}: w_max = {high:g}, but its steps are parts of w_max, which below 0 would "
                              f"depress where they potentiate; set w_max > 0, or choose a rule whose steps are not "
                              f"(pair-multiplicative)")

    def __getitem__(self, symbol: str) -> Any:
        """The value of one parameter."""
        return self.parameters[symbol].value

    def tuned(self, **values: Any) -> "Rule":
        """The rule with other parameters, each in its unit: rule.tuned(tau_plus=10*ms)."""
        changed = dict(self.parameters)
        for symbol, value in values.items():
            if symbol not in changed:
                raise DmpnetError(f"{self.name}: no parameter {symbol!r}; choose from {', '.join(changed)}")
            before = changed[symbol].value
            try:
                same = get_dimensions(value) == get_dimensions(before)
            except (TypeError, DimensionMismatchError):
                same = False
            if not same:
                unit = str(before.get_best_unit()) if isinstance(before, Quantity) else "none"
                raise DmpnetError(f"{self.name}: {symbol} = {value!r}, but its unit is {unit}; give it in that unit")
            changed[symbol] = replace(changed[symbol], value=value, source=OURS)
        return replace(self, parameters=changed)

    @cached_property
    def stochastic(self) -> bool:
        """Whether every synapse draws random numbers, from a register r of its own."""
        return "r" in integers(self.model)

    @cached_property
    def eligible(self) -> bool:
        """Whether a synapse keeps in c what it would have learned, until there is a reward."""
        return "c" in variables(self.model)

    @cached_property
    def adding(self) -> set[str]:
        """Traces to which a spike adds; it sets the others."""
        jumps = assigned(self.pre_reset) | assigned(self.post_reset)
        return {trace for trace, operation in jumps.items() if operation == "+="}

    def time_constant(self, trace: str) -> str:
        """Which parameter is that of a trace: the one in its equation."""
        equation = Equations(f"{self.pre_equations}\n{self.post_equations}")[trace]
        return next(name for name in self.parameters if name in equation.identifiers)

    @property
    def namespace(self) -> dict[str, Any]:
        """What the rule's Brian2 code refers to: parameters and functions."""
        return {symbol: parameter.value for symbol, parameter in self.parameters.items()} | dict(self.functions)

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters as plain numbers in SI units, for dmpnet.plasticity.reference."""
        return {symbol: float(parameter.value) for symbol, parameter in self.parameters.items()}


def bounds(low: float, high: float, source: str = OURS) -> dict[str, Parameter]:
    """The limits w never leaves."""
    return {"w_min": Parameter(low, "smallest weight", source), "w_max": Parameter(high, "largest weight", source)}
