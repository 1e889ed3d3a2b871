"""Which integers does a plasticity rule become on a chip, and which rules can it have at all?

Every rule of the catalogue but pair-nearest-coincident has an integer form where the array can be read by rows and by
columns (of a new one it has to be laid out: dmpnet.hardware.plastic_changes). Where it can not:

    rows       pair-nearest and stochastic-binary, by counters (dmpnet.plasticity.integer_rule.Deferred): at a
               presynaptic spike both windows are made up for, of the latest postsynaptic spike only; windows are linear
    columns    diehl-cook, which changes weights at postsynaptic spikes only

All others are refused by name, and so are rules that are not of the catalogue, whose arithmetic nobody has laid out.

What becomes of a rule [ours]: w in codes of w_max / highest; a trace that is set stands for 1 with its largest number,
one that is added to with a `headroom`-th of a power of two of it, so that it saturates after as many spikes; tau by
the subtraction that leaves the same area under the trace, or the shift and period that come nearest to it (`decayed`);
amplitudes with as many bits as their word has, and a shift. Where even the largest step of a rule rounds to nothing,
always, it is refused.
"""

from dataclasses import replace
from math import floor, log2
from typing import Any

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import Word
from dmpnet.brian.quantities import unitless
from dmpnet.disk.headers import real, whole
from dmpnet.errors import DmpnetError
from dmpnet.hardware.chip import learning
from dmpnet.hardware.parts import Chip, Plasticity, check_chip
from dmpnet.hardware.plastic_changes import WIDEST, change_of, forms, like, resolved
from dmpnet.hardware.plastic_traces import tau, third, trace_of
from dmpnet.plasticity.catalogue import all_rules
from dmpnet.plasticity.device import Device
from dmpnet.plasticity.groups import check_rule
from dmpnet.plasticity.integer_parts import Deferred, Trace
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.statements import assigned

ROWS = ("pair-nearest", "stochastic-binary")
COLUMNS = ("diehl-cook",)
NEVER = ("pair-nearest-coincident",)  # a trace that has not fallen since its spike is no sign of a spike of this step


def reads(name: str) -> tuple[str, ...]:
    """How arrays may be read on which a rule of the catalogue has an integer form."""
    if name in NEVER or like(all_rules()[name]) is None:
        return ()
    return ("both", *["rows"] * (name in ROWS), *["columns"] * (name in COLUMNS))


def constrain(rule: Rule, chip: Chip, dt: float, *, decay: str | None = None, headroom: int = 4,
              largest_third: float = 2.0, device: Device | None = None) -> IntegerRule:
    """`rule` in the integers of `chip`, in steps of dt seconds.

    decay : kind, 'linear' or 'shift'; None: the first that the chip has
    headroom : spikes after which a trace that is added to saturates, a power of two
    largest_third : gate or reward that the third factor's word must hold
    device : how the memory falls short; None: it does not
    """
    part, device = _check(rule, chip, dt, headroom, largest_third, device), device or Device()
    kind = decay or part.decay[0]
    if kind not in part.decay:
        raise DmpnetError(f"{rule.name}: decay = {kind!r}, but traces of chip {chip.name} have "
                          f"{', '.join(part.decay)}; choose one of them, or set plasticity.decay")
    integer = _weights(rule, chip, dt, part, device)
    if part.reads == "rows":
        return _numbered(_noted(_by_rows(integer, part), part))
    sides = []
    for code in (rule.pre_reset, rule.post_reset):
        sides.append(tuple(trace_of(name, tau(rule, name), part.trace, kind, dt,
                                    headroom if name in rule.adding else None) for name in assigned(code)))
    integer = third(replace(integer, pre=sides[0], post=sides[1]), part, kind, largest_third)
    changes, became = [], []
    for form in forms(rule):
        change, rounded = change_of(integer, form, part)
        became += rounded
        if change is not None:
            changes.append(change)
            resolved(integer, change)
    used = {name for change in changes for name in (change.trace, change.second)}
    integer = replace(integer, pre=tuple(t for t in integer.pre if t.name in used),
                      post=tuple(t for t in integer.post if t.name in used))
    for trace in integer.traces.values():
        became.append((rule.time_constant(trace.name), tau(rule, trace.name), trace.tau(dt)))
    return _numbered(_noted(replace(integer, changes=tuple(changes), became=(*integer.became, *became)), part))


# what can be had


def _check(rule: Rule, chip: Chip, dt: float, headroom: int, largest_third: float, device: Any) -> Plasticity:
    """Raise DmpnetError unless the chip has what the rule takes; its plastic part."""
    check_rule(rule, "plastic_rules.constrain")
    check_chip("plastic_rules.constrain", chip)
    part = chip.plasticity
    if part is None:
        raise DmpnetError(f"{rule.name}: chip {chip.name} does not learn, it has no memory for traces; take one that "
                          f"does ({', '.join(learning())}), or describe its [plasticity]")
    known = all_rules().get(rule.name)
    if known is None or (known.on_pre, known.on_post, known.each_step) != (rule.on_pre, rule.on_post, rule.each_step):
        raise DmpnetError(f"{rule.name}: no integer form, as it is not a rule of the catalogue; take one that is, with "
                          f"parameters of your own (rule.tuned)")
    if rule.name in NEVER:
        raise DmpnetError(f"{rule.name}: no integer form, as integer traces do not tell a spike of the same step from "
                          f"one a moment ago; take pair-nearest")
    forms(rule)
    can = {"rows": ROWS, "columns": COLUMNS}.get(part.reads)
    if can and rule.name not in can:
        raise DmpnetError(f"{rule.name}: it changes weights at spikes of both sides, but the array of chip {chip.name} "
                          f"is read by {part.reads} only; take {' or '.join(can)}, or plasticity.reads = both")
    if part.reads == "rows" and "linear" not in part.decay:
        raise DmpnetError(f"{rule.name}: read by rows, windows are lines, but traces of chip {chip.name} have "
                          f"{', '.join(part.decay)}; set plasticity.decay = linear")
    if rule.binary and part.w.rounding != "stochastic":
        raise DmpnetError(f"{rule.name}: it draws random numbers, but chip {chip.name} rounds w by {part.w.rounding}; "
                          f"set plasticity.w.rounding = stochastic")
    unitless(rule.name, "dt", dt)
    if not real(dt) or dt <= 0:
        raise DmpnetError(f"{rule.name}: dt = {dt!r}, but a step takes time; set dt > 0 s, a number without unit")
    if not whole(headroom) or headroom < 1 or headroom & headroom - 1:
        raise DmpnetError(f"{rule.name}: headroom = {headroom!r}, but it is a power of two; set 1, 2, 4, 8 ...")
    if device is not None and not isinstance(device, Device):
        raise DmpnetError(f"{rule.name}: device = {device!r}, but it is a Device; give dmpnet.plasticity.Device(...)")
    if not real(largest_third) or largest_third <= 0:
        raise DmpnetError(f"{rule.name}: largest_third = {largest_third}, but it is a size; set it above 0")
    return part


# weights


def _weights(rule: Rule, chip: Chip, dt: float, part: Plasticity, device: Device) -> IntegerRule:
    """The rule with its codes, nothing else yet."""
    word = Word(1, "stochastic", signed=False) if rule.binary else part.w
    low, high = rule.numbers["w_min"], rule.numbers["w_max"]
    states = word.high + 1
    if device.levels:
        if device.levels > states:
            raise DmpnetError(f"{rule.name}: {device.levels} levels, but a word of {word.bits} bits has {states} codes "
                              f"from 0 on; set levels within that, or give w more bits")
        states = device.levels
    if low < 0 and not word.signed:
        raise DmpnetError(f"{rule.name}: w_min = {low:g}, but weights of chip {chip.name} have no sign; set w_min "
                          f">= 0, or plasticity.w.signed = true")
    unit = max(high, -low) / (states - 1)
    lowest, highest = round(low / unit), round(high / unit)
    if lowest == highest:
        raise DmpnetError(f"{rule.name}: w from {low:g} to {high:g} is a single code of {word.bits} bits; give w more")
    if (device.bend or device.varies) and rule.binary:
        raise DmpnetError(f"{rule.name}: bend = {device.bend}, variation = {device.variation}, but a binary weight has "
                          f"no steps to change; leave them at 0")
    notes = []
    if word.signed and low >= 0:
        notes.append(f"weights from {low:g} on leave the sign of w unused: {highest - lowest + 1} codes of "
                     f"{2**word.bits}")
    return IntegerRule(rule, chip.name, dt, word, lowest, highest, unit, (), (), (), 0, device=device,
                       notes=tuple(notes), theta=float(rule.numbers.get("theta_g", 0.0)))


def _by_rows(integer: IntegerRule, part: Plasticity) -> IntegerRule:
    """Pairs of latest spikes, all made up for at presynaptic spikes."""
    p, top, dt = integer.rule.numbers, part.trace.high, integer.dt
    up, down = ("p_plus", "p_minus") if integer.rule.binary else ("A_plus", "A_minus")
    if integer.device.bend:
        raise DmpnetError(f"{integer.rule.name}: bend = {integer.device.bend}, but read by rows up and down are one "
                          f"sum; leave it at 0")
    start = part.trace.high
    falls = [max(round(start * dt / (2 * p[tau])), 1) for tau in ("tau_plus", "tau_minus")]
    steps = [p[name] * p["w_max"] / integer.unit * factor
             for name, factor in ((up, integer.device.up), (down, integer.device.down))]
    if not any(steps):
        return integer
    shift = min(floor(log2(part.amplitude.high * start / max(steps))), WIDEST - part.trace.bits - part.amplitude.bits)
    if shift < 0:
        raise DmpnetError(f"{integer.rule.name}: steps of {max(steps):g} codes of w are more than amplitudes of "
                          f"{part.amplitude.bits} bits can make of a trace; lower the rates")
    a_plus, a_minus = (round(step * 2.0**shift / start) for step in steps)
    counters = [Trace(name, part.trace, top, True, "linear", 1) for name in ("x", "y")]
    change = Deferred(start, top, falls[0], falls[1], a_plus, a_minus, shift)
    least = {"stochastic": 2.0**-lfsr.BITS, "nearest": 0.5}.get(integer.w.rounding, 1.0)
    if max(steps) < least:
        raise DmpnetError(f"{integer.rule.name}: its largest step is {max(steps):.2g} codes of w, which rounding "
                          f"({integer.w.rounding}) makes nothing of; set plasticity.w.rounding = stochastic, give w "
                          f"fewer bits, or raise the rates")
    became = [(name, p[name], p[name] * amplitude * start / (step * 2.0**shift)) for name, amplitude, step in
              zip((up, down), (a_plus, a_minus), steps, strict=True) if step]
    became += [(tau, p[tau], start / fall / 2 * dt) for tau, fall in zip(("tau_plus", "tau_minus"), falls, strict=True)]
    note = (f"of several postsynaptic spikes between two presynaptic ones only the latest counts, and none later than "
            f"{top - 1} steps after the first of the two")
    return replace(integer, pre=(counters[0],), post=(counters[1],), changes=(change,),
                   became=(*integer.became, *became), notes=(*integer.notes, note))


ROUNDED = {"d_0": "third", "x_tar": "trace"}
"""Words that parameters are rounded to; all others to an amplitude."""


def _noted(integer: IntegerRule, part: Plasticity) -> IntegerRule:
    """With a note on every parameter that rounding made 0, and every time constant below a step."""
    lost = [f"{name} = {wanted:g} became 0: plasticity.{word} has {getattr(part, word).bits} bits"
            for name, wanted, has in integer.became if wanted and not has for word in [ROUNDED.get(name, "amplitude")]]
    gone = [f"{name} = {value:g} s, but a step has {integer.dt:g} s: what it is of is gone in the next; dt is in s"
            for name, value in integer.rule.numbers.items() if name.startswith("tau") and value < integer.dt]
    return replace(integer, notes=(*integer.notes, *lost, *gone))


def _numbered(integer: IntegerRule) -> IntegerRule:
    """Give every change that draws a word of the step, and another one where writes fail."""
    used, changes = 0, []
    for change in integer.changes:
        word = integer.eligibility.word if change.target == "c" and integer.eligibility else integer.w
        rounds = word.rounding == "stochastic"
        fails = change.target == "w" and integer.device.failing > 0
        changes.append(replace(change, noise=used, failing=used + rounds if fails else -1))
        used += rounds + fails
    return replace(integer, changes=tuple(changes), words=used)
