"""Which integers does a plasticity rule become on a chip, and which rules can it have at all?

Every rule of the catalogue but pair-nearest-coincident has an integer form where the array can be read by rows and by
columns. Where it can not:

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

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import floor, inf, log, log2

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import EXACT, Word
from dmpnet.errors import DmpnetError
from dmpnet.hardware.chip import Chip, Plasticity, learning
from dmpnet.plasticity.catalogue import all_rules
from dmpnet.plasticity.device import VARIATION_BITS, Device
from dmpnet.plasticity.integer_rule import Change, Deferred, IntegerRule, Trace
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.rules.reward import REWARD

WIDEST = 46  # bits of a sum: with 16 random bits below it, 64-bit integers and float64, Brian2's type, are exact
FARTHEST = EXACT - 1  # bits by which it is shifted: with a random part of 1 it is less than 2
ROWS = ("pair-nearest", "stochastic-binary")
COLUMNS = ("diehl-cook",)
NEVER = ("pair-nearest-coincident",)  # a trace that has not fallen since its spike is no sign of a spike of this step
LONGEST = 4  # a decay comes at least so often in a time constant


@dataclass(frozen=True)
class Form:
    """A change in real numbers: (t - offset) (amplitude + cross t2) third, of w (or c), t and t2 in units of 1.

    amplitude : a number, or a function of the weight (table);  factor : as in Change
    names : parameters that amplitude, cross and offset are, '' for none
    """

    when: str
    sign: int
    trace: str
    amplitude: float | Callable[[np.ndarray], np.ndarray]
    cross: float = 0.0
    second: str = ""
    offset: float = 0.0
    factor: str = ""
    third: str = ""
    target: str = "w"
    names: tuple[str, str, str] = ("", "", "")


def forms(rule: Rule) -> tuple[Form, ...]:
    """What spikes do by the rules of the catalogue, laid out for integer arithmetic."""
    name, p = rule.name, rule.numbers
    if name.startswith("triplet"):
        return (Form("pre", -1, "o1", p["A2_minus"], p["A3_minus"], "r2", names=("A2_minus", "A3_minus", "")),
                Form("post", 1, "r1", p["A2_plus"], p["A3_plus"], "o2", names=("A2_plus", "A3_plus", "")))
    if name == "diehl-cook":
        return (Form("post", 1, "x", lambda w: p["eta"] * np.maximum(p["w_max"] - w, 0) ** p["mu"],
                     offset=p["x_tar"], names=("eta", "", "x_tar")),)
    if name == "diehl-cook-code":
        return (Form("pre", -1, "y1", p["eta_pre"], names=("eta_pre", "", "")),
                Form("post", 1, "x", 0.0, p["eta_post"], "y2", names=("", "eta_post", "")))
    if name == "reward-modulated":
        return (Form("pre", -1, "y", p["A_minus"], target="c", names=("A_minus", "", "")),
                Form("post", 1, "x", p["A_plus"], target="c", names=("A_plus", "", "")),
                Form("end", 1, "c", 1 / p["tau_w"], third="d"))
    down, up = ("p_minus", "p_plus") if name == "stochastic-binary" else ("A_minus", "A_plus")
    third = {"slow-memory-gated": "gate", "voltage-gated": "voltage"}.get(name, "")
    if name == "pair-multiplicative":
        return (Form("pre", -1, "y", p[down], factor="height", names=(down, "", "")),
                Form("post", 1, "x", p[up], factor="room", names=(up, "", "")))
    return (Form("pre", -1, "y", p[down] * p["w_max"], third=third, names=(down, "", "")),
            Form("post", 1, "x", p[up] * p["w_max"], third=third, names=(up, "", "")))


def reads(name: str) -> tuple[str, ...]:
    """How arrays may be read on which a rule of the catalogue has an integer form."""
    return () if name in NEVER else ("both", *["rows"] * (name in ROWS), *["columns"] * (name in COLUMNS))


TAUS = {"x": ("tau_plus", "tau_x"), "y": ("tau_minus",), "r1": ("tau_plus",), "r2": ("tau_x",), "o1": ("tau_minus",),
        "o2": ("tau_y",), "y1": ("tau_y1",), "y2": ("tau_y2",)}
"""The time constant of each trace, by the names it has."""


def constrain(rule: Rule, chip: Chip, dt: float, *, decay: str | None = None, headroom: int = 4,
              largest_third: float = 2.0, device: Device | None = None) -> IntegerRule:
    """`rule` in the integers of `chip`, in steps of dt seconds.

    decay : kind, 'linear' or 'shift'; None: the first that the chip has
    headroom : spikes after which a trace that is added to saturates, a power of two
    largest_third : gate or reward that the third factor's word must hold
    device : how the memory falls short; None: it does not
    """
    part, device = _check(rule, chip, dt, headroom, largest_third), device or Device()
    kind = decay or part.decay[0]
    if kind not in part.decay:
        raise DmpnetError(f"{rule.name}: decay = {kind!r}, but traces of chip {chip.name} have "
                          f"{', '.join(part.decay)}; choose one of them, or set plasticity.decay")
    made = _weights(rule, chip, dt, part, device)
    if part.reads == "rows":
        return _numbered(_noted(_by_rows(made, part), part))
    adding = {code.split()[0] for code in (rule.pre_reset + "\n" + rule.post_reset).splitlines() if "+=" in code}
    sides = []
    for code in (rule.pre_reset, rule.post_reset):
        names = [line.split()[0] for line in code.splitlines()]
        sides.append(tuple(_trace(name, _tau(rule, name), part.trace, kind, dt,
                                  None if name not in adding else headroom) for name in names))
    made = _third(replace(made, pre=sides[0], post=sides[1]), part, kind, largest_third)
    changes, became = [], []
    for form in forms(rule):
        change, rounded = _change(made, form, part)
        became += rounded
        if change is not None:
            changes.append(change)
            _resolved(made, change)
    used = {name for change in changes for name in (change.trace, change.second)}
    made = replace(made, pre=tuple(t for t in made.pre if t.name in used),
                   post=tuple(t for t in made.post if t.name in used))
    for trace in made.traces.values():
        became.append((_tau_name(rule, trace.name), _tau(rule, trace.name), trace.tau(dt)))
    return _numbered(_noted(replace(made, changes=tuple(changes), became=(*made.became, *became)), part))


# what can be had


def _check(rule: Rule, chip: Chip, dt: float, headroom: int, largest_third: float) -> Plasticity:
    """Raise DmpnetError unless the chip has what the rule takes; its plastic part."""
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
    can = {"rows": ROWS, "columns": COLUMNS}.get(part.reads)
    if can and rule.name not in can:
        raise DmpnetError(f"{rule.name}: it changes weights at spikes of both sides, but the array of chip {chip.name} "
                          f"is read by {part.reads} only; take {' or '.join(can)}, or plasticity.reads = both")
    if part.reads == "rows" and "linear" not in part.decay:
        raise DmpnetError(f"{rule.name}: read by rows, windows are lines, but traces of chip {chip.name} have "
                          f"{', '.join(part.decay)}; set plasticity.decay = linear")
    if rule.name == "stochastic-binary" and part.w.rounding != "stochastic":
        raise DmpnetError(f"{rule.name}: it draws random numbers, but chip {chip.name} rounds w by {part.w.rounding}; "
                          f"set plasticity.w.rounding = stochastic")
    if not 0 < dt < inf:
        raise DmpnetError(f"{rule.name}: dt = {dt}, but a step takes time; set dt > 0 s")
    if headroom < 1 or headroom & headroom - 1:
        raise DmpnetError(f"{rule.name}: headroom = {headroom}, but it is a power of two; set 1, 2, 4, 8 ...")
    if not 0 < largest_third < inf:
        raise DmpnetError(f"{rule.name}: largest_third = {largest_third}, but it is a size; set it above 0")
    return part


# weights


def _weights(rule: Rule, chip: Chip, dt: float, part: Plasticity, device: Device) -> IntegerRule:
    """The rule with its codes, nothing else yet."""
    word = Word(1, "stochastic", signed=False) if rule.name == "stochastic-binary" else part.w
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
    if (device.bend or device.varies) and rule.name == "stochastic-binary":
        raise DmpnetError(f"{rule.name}: bend = {device.bend}, variation = {device.variation}, but a binary weight has "
                          f"no steps to change; leave them at 0")
    notes = []
    if word.signed and low >= 0:
        notes.append(f"weights from {low:g} on leave the sign of w unused: {highest - lowest + 1} codes of "
                     f"{2**word.bits}")
    return IntegerRule(rule, chip.name, dt, word, lowest, highest, unit, (), (), (), 0, device=device,
                       notes=tuple(notes), theta=float(rule.numbers.get("theta_g", 0.0)))


# traces


def _tau_name(rule: Rule, trace: str) -> str:
    return next(name for name in TAUS[trace] if name in rule.parameters)


def _tau(rule: Rule, trace: str) -> float:
    return rule.numbers[_tau_name(rule, trace)]


def _trace(name: str, tau: float, word: Word, kind: str, dt: float, headroom: int | None) -> Trace:
    one = word.high if headroom is None else (word.high + 1) // headroom
    if one < 1:
        raise DmpnetError(f"trace {name}: {word.bits} bits leave nothing for a spike with a headroom of {headroom}; "
                          f"give plasticity.trace more bits, or set headroom = {word.high + 1} or less")
    return decayed(Trace(name, word, one, headroom is None), kind, tau, dt)


def decayed(trace: Trace, kind: str, tau: float, dt: float, size: float | None = None) -> Trace:
    """`trace` that falls as near to exp(-t / tau) as the kind of decay can, in steps of dt.

    size : of a usual jump, one if None
    linear : such a jump falls to 0 in 2 tau, with the area size tau; less than 1 a step is 1 every so many
    shift : of the periods that come LONGEST times in tau at least, the shortest with the nearest area
    """
    if kind == "linear":
        rate = (size or trace.one) * dt / (2 * tau)
        return replace(trace, decay=kind, by=max(round(rate), 1), period=max(round(1 / rate), 1) if rate < 1 else 1)
    tried = [replace(trace, decay=kind, by=by, period=period)
             for period in range(1, max(int(tau / (LONGEST * dt)), 1) + 1)
             for by in range(1, max(trace.word.bits // 2, 1) + 1)]
    if len(tried) > 4096:
        tried = [each for each in tried if each.by == max(trace.word.bits // 2, 1)]
    return min(tried, key=lambda each: (round(abs(log(each.tau(dt, size) / tau)), 2), each.period))


def _third(made: IntegerRule, part: Plasticity, kind: str, largest: float) -> IntegerRule:
    """With a gate, or with eligibilities and a reward, where the rule has them."""
    rule, p = made.rule, made.rule.numbers
    if rule.third_factor == "":
        return made
    one = 2 ** floor(log2(part.third.high / largest)) if part.third.high >= largest else 0
    if one < 1:
        raise DmpnetError(f"{rule.name}: a third factor of {largest:g} leaves nothing below 1 in {part.third.bits} "
                          f"bits; give plasticity.third more, or set largest_third to {part.third.high} or less")
    made = replace(made, third=part.third, one_third=one)
    if rule.name != "reward-modulated":
        return made
    eligible = max(int(part.eligibility.high / (4 * max(p["A_plus"], p["A_minus"]))), 1)
    jump = eligible * max(p["A_plus"], p["A_minus"])
    c = decayed(Trace("c", part.eligibility, eligible), kind, p["tau_c"], made.dt, jump)
    d = decayed(Trace("d", part.third, one), kind, p["tau_d"], made.dt, REWARD * one)
    tonic = round(p["d_0"] * one)
    became = (("tau_c", p["tau_c"], c.tau(made.dt, jump)), ("tau_d", p["tau_d"], d.tau(made.dt, REWARD * one)),
              ("d_0", p["d_0"], tonic / one))
    return replace(made, eligibility=c, reward=d, became=became)


# changes


Became = list[tuple[str, float, float]]


def _change(made: IntegerRule, form: Form, part: Plasticity) -> tuple[Change | None, Became]:
    """`form` in integers, None where it changes nothing; and what became of its parameters."""
    one, other, third = _ones(made, form)
    levels = np.arange(made.lowest, made.highest + 1)
    amplitude = form.amplitude(levels * made.unit) if callable(form.amplitude) else np.array([form.amplitude])
    scale = _scale(made, form)
    if form.target == "w":
        bent = made.device.step(form.sign, len(levels))
        amplitude = amplitude * bent
        if form.cross and len(bent) > 1:
            raise DmpnetError(f"{made.rule.name}: bend = {made.device.bend}, but its steps are sums of two, which a "
                              f"device would have to bend alike; leave bend at 0, or take a pair rule")
    cross = form.cross * scale * (made.device.up if form.sign > 0 else made.device.down)
    gain, high = amplitude * scale / (one * third), part.amplitude.high
    cross /= one * other * third
    if not gain.any() and not cross:
        return None, []
    room = high * (other if cross else 1)
    most = min(log2(room / gain.max()) if gain.any() else inf, log2(high / cross) if cross else inf)
    if most < 0:
        raise DmpnetError(f"{made.rule.name}: a step of {gain.max() * one * third:g} codes of w is more than "
                          f"amplitudes of {part.amplitude.bits} bits can make of a trace; lower the rates, or give "
                          f"plasticity.amplitude more bits")
    tonic = round(made.rule.numbers["d_0"] * made.one_third) if form.third == "d" else 0
    change = Change(form.when, form.target, form.sign, form.trace, np.zeros(1, np.int64), 0, form.factor,
                    round(form.offset * one), form.second if cross else "", 0, form.third, tonic)
    wide = log2(_largest(made, change, gain, cross)) + (VARIATION_BITS + 1) * made.device.varies
    shift = min(floor(most), floor(WIDEST - 1 - wide), FARTHEST - VARIATION_BITS * made.device.varies)
    whole, times = np.rint(gain * 2.0**shift).astype(np.int64), round(cross * 2.0**shift)
    became = [(name, made.rule.numbers[name], made.rule.numbers[name] * rounded / (exact * 2.0**shift))
              for name, rounded, exact in zip(form.names[:2], (whole.max(), times), (gain.max(), cross), strict=True)
              if name and exact]
    if cross and not times:  # then the other part has all of the word
        alone, rest = _change(made, replace(form, cross=0.0, second=""), part)
        return alone, [*rest, became[-1]]
    if form.offset:
        became.append((form.names[2], form.offset, change.offset / one))
    return replace(change, gain=whole, shift=shift, cross=times), became


def _ones(made: IntegerRule, form: Form) -> tuple[int, int, int]:
    """What stands for 1 in the traces and the third factor of a form."""
    traces = made.traces | ({"c": made.eligibility} if made.eligibility else {})
    return (traces[form.trace].one, traces[form.second].one if form.second else 1,
            made.one_third if form.third in ("gate", "d") else 1)


def _scale(made: IntegerRule, form: Form) -> float:
    """Codes that a change of 1 is: of w, of c, or as many parts of w and c as one step takes up."""
    if form.target == "c" and made.eligibility:
        return made.eligibility.one
    if form.factor:
        return 1.0  # (w_max - w) is in codes already
    return (made.dt if form.third == "d" else 1.0) / made.unit


def _resolved(made: IntegerRule, change: Change) -> None:
    """Raise DmpnetError if the change rounds to nothing always."""
    word = made.eligibility.word if change.target == "c" and made.eligibility else made.w
    largest = _largest(made, change, change.gain, change.cross)
    least = {"stochastic": 2.0**-lfsr.BITS, "nearest": 0.5}.get(word.rounding, 1.0)
    if largest / 2.0**change.shift < least:
        raise DmpnetError(f"{made.rule.name}: its largest step is {largest / 2.0**change.shift:.2g} codes of "
                          f"{'an eligibility' if change.target == 'c' else 'w'}, which rounding ({word.rounding}) "
                          f"makes nothing of; set its rounding to stochastic, give it fewer bits, or raise the rates")


def _largest(made: IntegerRule, change: Change, gains: np.ndarray, cross: float) -> float:
    """The largest sum there can be with these in place of the change's own gain and cross."""
    span = made.highest - made.lowest if change.factor else 1
    gain = float(np.abs(gains).max()) * span
    if change.second:
        gain += cross * made.traces[change.second].word.high
    high = made.eligibility.word.high + 1 if change.trace == "c" and made.eligibility else (
        max(made.traces[change.trace].word.high - change.offset, change.offset))
    return gain * high * (made.third.high + 1 + change.tonic if change.third in ("gate", "d") and made.third else 1)


def _by_rows(made: IntegerRule, part: Plasticity) -> IntegerRule:
    """Pairs of latest spikes, all made up for at presynaptic spikes."""
    p, top, dt = made.rule.numbers, part.trace.high, made.dt
    up, down = ("p_plus", "p_minus") if made.rule.name == "stochastic-binary" else ("A_plus", "A_minus")
    if made.device.bend:
        raise DmpnetError(f"{made.rule.name}: bend = {made.device.bend}, but read by rows up and down are one sum; "
                          f"leave it at 0")
    start = part.trace.high
    falls = [max(round(start * dt / (2 * p[tau])), 1) for tau in ("tau_plus", "tau_minus")]
    steps = [p[name] * p["w_max"] / made.unit * factor
             for name, factor in ((up, made.device.up), (down, made.device.down))]
    if not any(steps):
        return made
    shift = min(floor(log2(part.amplitude.high * start / max(steps))), WIDEST - part.trace.bits - part.amplitude.bits)
    if shift < 0:
        raise DmpnetError(f"{made.rule.name}: steps of {max(steps):g} codes of w are more than amplitudes of "
                          f"{part.amplitude.bits} bits can make of a trace; lower the rates")
    a_plus, a_minus = (round(step * 2.0**shift / start) for step in steps)
    counters = [Trace(name, part.trace, top, True, "linear", 1) for name in ("x", "y")]
    change = Deferred(start, top, falls[0], falls[1], a_plus, a_minus, shift)
    least = {"stochastic": 2.0**-lfsr.BITS, "nearest": 0.5}.get(made.w.rounding, 1.0)
    if max(steps) < least:
        raise DmpnetError(f"{made.rule.name}: its largest step is {max(steps):.2g} codes of w, which rounding "
                          f"({made.w.rounding}) makes nothing of; set plasticity.w.rounding = stochastic, give w fewer "
                          f"bits, or raise the rates")
    became = [(name, p[name], p[name] * amplitude * start / (step * 2.0**shift)) for name, amplitude, step in
              zip((up, down), (a_plus, a_minus), steps, strict=True) if step]
    became += [(tau, p[tau], start / fall / 2 * dt) for tau, fall in zip(("tau_plus", "tau_minus"), falls, strict=True)]
    note = (f"of several postsynaptic spikes between two presynaptic ones only the latest counts, and none later than "
            f"{top - 1} steps after the first of the two")
    return replace(made, pre=(counters[0],), post=(counters[1],), changes=(change,),
                   became=(*made.became, *became), notes=(*made.notes, note))


ROUNDED = {"d_0": "third", "x_tar": "trace"}
"""Words that parameters are rounded to; all others to an amplitude."""


def _noted(made: IntegerRule, part: Plasticity) -> IntegerRule:
    """With a note on every parameter that rounding made 0."""
    lost = [f"{name} = {wanted:g} became 0: plasticity.{word} has {getattr(part, word).bits} bits"
            for name, wanted, has in made.became if wanted and not has for word in [ROUNDED.get(name, "amplitude")]]
    return replace(made, notes=(*made.notes, *lost))


def _numbered(made: IntegerRule) -> IntegerRule:
    """Give every change that draws a word of the step, and another one where writes fail."""
    used, changes = 0, []
    for change in made.changes:
        word = made.eligibility.word if change.target == "c" and made.eligibility else made.w
        rounds = word.rounding == "stochastic"
        fails = change.target == "w" and made.device.failing > 0
        changes.append(replace(change, noise=used, failing=used + rounds if fails else -1))
        used += rounds + fails
    return replace(made, changes=tuple(changes), words=used)
