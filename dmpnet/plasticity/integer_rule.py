"""A plasticity rule in a chip's integers: what it holds, what a spike does, and the Brian2 lines of that.

A weight is a whole number of `unit`, w its code. Traces are whole numbers too, 1 being `one`. A spike changes w by

    w -+= (t - offset) (gain(w) + cross t2) third >> shift        held within lowest and highest

t : trace of the other neuron;  t2 : slower trace of the neuron that spikes;  third : gate;  each where the rule has it

`>> shift` rounds as the chip's word of w does; at random, it adds 16 bits of noise below the point and cuts them off.
Noise comes from shift registers (dmpnet.arithmetic.lfsr), one an input and one a neuron; a synapse takes the exclusive
or of its two, which is again a state of the register, unless they are equal. So 16 bits a neuron are enough, and what
a synapse draws does not depend on the order in which events are worked off. From step to step any two synapses draw
without correlation. Within a step they do not (tested): words of two neurons differ by one word for all inputs, so that
all of their pairs of synapses agree in a bit or none does, and of four where two rows cross two columns three give the
fourth. What is learned from many steps does not see that; a sum over the inputs of one step does. (Some synapses may
draw the same numbers; of more than 65,535 some must.)

Order within a step, as of dmpnet.plasticity.synapses:

    1  registers take `words` new words, traces fall (every `period` steps, in steps that are multiples of it, counted
       from the start of the simulation or of a presentation)
    2  presynaptic spikes: every synapse of the input changes
    3  postsynaptic spikes: every synapse of the neuron changes, from what 2 left
    4  traces of neurons that spiked jump, and saturate
    5  rules with reward: every synapse takes up what it is eligible for; eligibilities fall, and the reward
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Function, TimedArray, second

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import ROUNDINGS, Word
from dmpnet.brian.rounding import WHOLE
from dmpnet.errors import DmpnetError
from dmpnet.plasticity.device import VARIATION_BITS, Device
from dmpnet.plasticity.integer_parts import Change, Deferred, Trace
from dmpnet.plasticity.rule import OURS, Parameter, Rule


@dataclass(frozen=True)
class IntegerRule:
    """`rule` in the integers of a chip; see dmpnet.hardware.plastic_rules.constrain.

    dt : seconds a step
    w : word of a weight, whose codes lie from lowest to highest;  unit : weight of one code
    pre, post : traces of inputs and of neurons;  eligibility, reward : traces of synapses and of the third factor
    words : random words a step, of each register;  one_third : what stands for a third factor of 1
    theta : membrane from which on a voltage gate is open
    became : (parameter, what the rule says, what the chip has)
    notes : what the user should know
    """

    rule: Rule
    chip: str
    dt: float
    w: Word
    lowest: int
    highest: int
    unit: float
    pre: tuple[Trace, ...]
    post: tuple[Trace, ...]
    changes: tuple[Change | Deferred, ...]
    words: int
    eligibility: Trace | None = None
    reward: Trace | None = None
    third: Word | None = None
    one_third: int = 1
    theta: float = 0.0
    device: Device = field(default_factory=Device)
    became: tuple[tuple[str, float, float], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.rule.name} on {self.chip}"

    @property
    def traces(self) -> dict[str, Trace]:
        """All traces of neurons, by name."""
        return {trace.name: trace for trace in (*self.pre, *self.post)}

    @property
    def by_rows(self) -> bool:
        """Whether it makes up for postsynaptic spikes at presynaptic ones."""
        return any(isinstance(change, Deferred) for change in self.changes)

    @property
    def longest(self) -> int:
        """Steps after which a pair is beyond both lines of a rule by rows; 0 for other rules."""
        return max((change.start // min(change.fall_plus, change.fall_minus) + 1
                    for change in self.changes if isinstance(change, Deferred)), default=0)

    @property
    def table(self) -> int:
        """Constants in tables of steps by weight, beside those that are one for all."""
        return sum(len(change.gain) for change in self.changes if isinstance(change, Change) and len(change.gain) > 1)

    def codes(self, weights: Any) -> np.ndarray:
        """Codes nearest to `weights`; DmpnetError if some lie beyond the bounds by more than half a code."""
        exact = np.asarray(weights, float) / self.unit
        near = np.rint(exact)
        if not (np.isfinite(exact).all() and (near >= self.lowest).all() and (near <= self.highest).all()):
            raise DmpnetError(f"{self.name}: weights from {np.min(weights):g} to {np.max(weights):g}, but its codes "
                              f"hold {self.lowest * self.unit:g} to {self.highest * self.unit:g}; scale them, or set "
                              f"w_min and w_max with rule.tuned")
        return near

    def values(self, codes: Any) -> np.ndarray:
        """Weights that codes stand for."""
        return np.asarray(codes, float) * self.unit

    def third_code(self, value: float) -> int:
        """What a gate or a reward of `value` is on the chip."""
        if self.third is None:
            raise DmpnetError(f"{self.name}: it has no third factor to set; choose a gated or a rewarded rule")
        return int(np.clip(np.rint(value * self.one_third), self.third.low, self.third.high))

    @property
    def brian2(self) -> Rule:
        """The same as a record of Brian2 code, for dmpnet.plasticity.synapses; its weights are codes."""
        return _record(self)


# Brian2 code


def drawn(row: Any, column: Any, number: Any) -> np.ndarray:
    """Word `number` from now of the register that two registers make."""
    return lfsr.ahead(np.asarray(row) ^ np.asarray(column), int(number))


CPP = f"""
static const int32_t LFSR_LEAP[256] = {{{", ".join(map(str, lfsr.leap()))}}};
static inline int32_t lfsr_drawn(int32_t row, int32_t column, int32_t number)
{{
    int32_t state = row ^ column;
    for (int32_t k = 0; k < {lfsr.BITS // 8} * number; k++) state = (state >> 8) ^ LFSR_LEAP[state & 255];
    return state;
}}
"""
CYTHON = f"""
cdef int lfsr_drawn(int row, int column, int number):
    cdef int state = row ^ column
    cdef int k
    for k in range({lfsr.BITS}*number):
        state = (state >> 1) ^ ({lfsr.TAPS} * (state & 1))
    return state
"""


def _function() -> Function:
    """`drawn` for Brian2, on every target."""
    function = Function(drawn, arg_units=[1, 1, 1], return_unit=1, arg_types=["integer"] * 3, return_type="integer")
    function.implementations.add_numpy_implementation(drawn, discard_units=True)
    function.implementations.add_implementation("cython", CYTHON)
    function.implementations.add_implementation("cpp", CPP)
    return function


def _record(integer: IntegerRule) -> Rule:
    """Brian2 code of an integer rule."""
    rule, limits = integer.rule, {"w_min": Parameter(integer.lowest, "lowest code", OURS),
                                  "w_max": Parameter(integer.highest, "highest", OURS)}
    functions: dict[str, Any] = {"lfsr_drawn": _function(), **WHOLE}
    code = {when: "\n".join(_lines(integer, number, change, functions) for number, change in enumerate(integer.changes)
                            if change.when == when) for when in ("pre", "post", "end")}
    if integer.eligibility:
        code["end"] = "\n".join((code["end"], integer.eligibility.tick)).strip()
    registers = f"r = lfsr_drawn(r, 0, {integer.words})" if integer.words else ""
    sides: dict[str, Any] = {}
    for side, traces in (("pre", integer.pre), ("post", integer.post)):
        lines = [f"{trace.name} : 1" for trace in traces] + ["r : integer"] * bool(integer.words)
        sides[f"{side}_equations"] = "\n".join(lines)
        sides[f"{side}_reset"] = "\n".join(trace.jump for trace in traces)
        sides[f"{side}_step"] = "\n".join(filter(None, [registers, *(trace.tick for trace in traces)]))
    model = ["writes : integer", *["c : 1"] * bool(integer.eligibility),
             *["vary : 1 (constant)"] * integer.device.varies]
    third = {"gate": "gate : 1\nprojection : 1", "d": "d : 1"}.get(_third(integer), "")
    return Rule(rule.name, rule.says, rule.source, limits, on_pre=code["pre"], on_post=code["post"],
                each_step=code["end"], model="\n".join(model), third_factor=third,
                third_step=integer.reward.tick if integer.reward else "", needs=rule.needs, functions=functions,
                repeated=rule.repeated, whole=True, dt=integer.dt, gating=_gating(integer),
                start={"vary": integer.device.factors} if integer.device.varies else {}, **sides)


def _third(integer: IntegerRule) -> str:
    return next((change.third for change in integer.changes if isinstance(change, Change) and change.third), "")


def _gating(integer: IntegerRule) -> str:
    if integer.third is None:
        return "gate = projection"
    return f"gate = clip(rint(projection*{integer.one_third}), {integer.third.low}, {integer.third.high})"


def _lines(integer: IntegerRule, number: int, change: Change | Deferred, functions: dict[str, Any]) -> str:
    """Brian2 lines of one change."""
    total = _deferred(change) if isinstance(change, Deferred) else _total(integer, number, change, functions)
    shift, sign = change.shift, 1 if isinstance(change, Deferred) else change.sign
    if change.target == "c" and integer.eligibility:
        word = integer.eligibility.word
        return f"c = clip(c {'-+'[sign > 0]} {rounded(word, total, shift, change.noise)}, {word.low}, {word.high})"
    if integer.device.varies:
        total, shift = f"({total})*vary", shift + VARIATION_BITS
    failing = integer.device.failing
    taken = f"int(lfsr_drawn(r_pre, r_post, {change.failing}) >= {failing})" if change.failing >= 0 else ""
    return written(f"clip(w {'-+'[sign > 0]} {rounded(integer.w, total, shift, change.noise)}, {integer.lowest}, "
                   f"{integer.highest})", taken)


def written(wanted: str, taken: str = "") -> str:
    """Brian2 lines that write code `wanted` to w and count it; `taken` is 0 where the write fails."""
    return "\n".join([f"wanted = {wanted}", "writes = writes + int(wanted != w)",
                      f"w = w + (wanted - w)*{taken}" if taken else "w = wanted"])


def rounded(word: Word, total: str, shift: int, noise: int) -> str:
    """Brian2 code of `total` >> shift, rounded as `word` does; noise: number of the word of the step that it takes."""
    down = f"({total})/{2.0**shift}"
    if word.rounding == "stochastic":
        return f"floored({down} + lfsr_drawn(r_pre, r_post, {noise})/{2.0**lfsr.BITS})"
    return ROUNDINGS[word.rounding].format(down)


def _total(integer: IntegerRule, number: int, change: Change, functions: dict[str, Any]) -> str:
    """What is shifted right."""
    other, own = {"pre": ("_post", "_pre"), "post": ("_pre", "_post"), "end": ("", "")}[change.when]
    gain = f"{change.gain[0]}.0"
    if len(change.gain) > 1:
        functions[f"gain_{number}"] = TimedArray(change.gain.astype(float), dt=1 * second)
        gain = f"gain_{number}((w - {integer.lowest})*second)"
    gain += {"room": f"*({integer.highest} - w)", "height": f"*(w - {integer.lowest})", "": ""}[change.factor]
    if change.cross:
        gain = f"({gain} + {change.cross}.0*{change.second}{own})"
    third = {"gate": "*gate_third", "d": f"*(d_third + {change.tonic})",
             "voltage": f"*int(u_post >= {integer.theta!r})", "": ""}[change.third]
    return f"({change.trace}{other} - {change.offset})*{gain}{third}"


def _deferred(change: Deferred) -> str:
    late = f"clip({change.start} - {change.fall_plus}*(y_post - x_pre), 0, {change.start})"
    early = f"clip({change.start} - {change.fall_minus}*({change.top} - y_post), 0, {change.start})"
    return (f"{change.a_plus}.0*{late}*int(y_post > x_pre)*int(x_pre > 0) - "
            f"{change.a_minus}.0*{early}*int(y_post > 0)")
