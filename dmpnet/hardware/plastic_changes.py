"""The changes of weights of a rule in a chip's words."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import floor, inf, log2

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import EXACT
from dmpnet.errors import DmpnetError
from dmpnet.hardware.parts import Plasticity
from dmpnet.plasticity.catalogue import all_rules
from dmpnet.plasticity.device import VARIATION_BITS
from dmpnet.plasticity.integer_parts import Change
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.rule import Rule

WIDEST = 46  # bits of a sum: with 16 random bits below it, 64-bit integers and float64, Brian2's type, are exact
FARTHEST = EXACT - 1  # bits by which it is shifted: with a random part of 1 it is less than 2


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


LAID_OUT = ("pair-additive", "pair-multiplicative", "slow-memory-gated", "voltage-gated", "stochastic-binary",
            "diehl-cook", "diehl-cook-code", "reward-modulated", "triplet-visual-full")
"""Rules of the catalogue that `forms` lays out; one whose spikes do the same to w, line by line, has the same form."""


def like(rule: Rule) -> str | None:
    """Which of LAID_OUT changes weights as `rule` does; None: no one has laid it out."""
    rules, lines = all_rules(), (rule.on_pre, rule.on_post, rule.each_step)
    return next((name for name in LAID_OUT
                 if (rules[name].on_pre, rules[name].on_post, rules[name].each_step) == lines), None)


def forms(rule: Rule) -> tuple[Form, ...]:
    """What spikes do by the rules of the catalogue, laid out for integer arithmetic."""
    name, p = like(rule), rule.numbers
    if name is None:
        raise DmpnetError(f"{rule.name}: no integer form, as it changes w by lines that nobody has laid out for chips; "
                          f"lay them out in dmpnet/hardware/plastic_changes.py, or take a rule that is "
                          f"({', '.join(LAID_OUT)})")
    if name == "triplet-visual-full":
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
    down, up = ("p_minus", "p_plus") if rule.binary else ("A_minus", "A_plus")
    third = {"slow-memory-gated": "gate", "voltage-gated": "voltage"}.get(name, "")
    if name == "pair-multiplicative":
        return (Form("pre", -1, "y", p[down], factor="height", names=(down, "", "")),
                Form("post", 1, "x", p[up], factor="room", names=(up, "", "")))
    return (Form("pre", -1, "y", p[down] * p["w_max"], third=third, names=(down, "", "")),
            Form("post", 1, "x", p[up] * p["w_max"], third=third, names=(up, "", "")))


Became = list[tuple[str, float, float]]


def change_of(integer: IntegerRule, form: Form, part: Plasticity) -> tuple[Change | None, Became]:
    """`form` in integers, None where it changes nothing; and what became of its parameters."""
    one, other, third = _ones(integer, form)
    levels = np.arange(integer.lowest, integer.highest + 1)
    amplitude = form.amplitude(levels * integer.unit) if callable(form.amplitude) else np.array([form.amplitude])
    scale = _scale(integer, form)
    if form.target == "w":
        bent = integer.device.step(form.sign, len(levels))
        amplitude = amplitude * bent
        if form.cross and len(bent) > 1:
            raise DmpnetError(f"{integer.rule.name}: bend = {integer.device.bend}, but its steps are sums of two, "
                              f"which a device would have to bend alike; leave bend at 0, or take a pair rule")
    cross = form.cross * scale * (integer.device.up if form.sign > 0 else integer.device.down)
    gain, high = amplitude * scale / (one * third), part.amplitude.high
    cross /= one * other * third
    if not gain.any() and not cross:
        return None, []
    room = high * (other if cross else 1)
    most = min(log2(room / gain.max()) if gain.any() else inf, log2(high / cross) if cross else inf)
    if most < 0:
        raise DmpnetError(f"{integer.rule.name}: a step of {gain.max() * one * third:g} codes of w is more than "
                          f"amplitudes of {part.amplitude.bits} bits can make of a trace; lower the rates, or give "
                          f"plasticity.amplitude more bits")
    tonic = round(integer.rule.numbers["d_0"] * integer.one_third) if form.third == "d" else 0
    change = Change(form.when, form.target, form.sign, form.trace, np.zeros(1, np.int64), 0, form.factor,
                    round(form.offset * one), form.second if cross else "", 0, form.third, tonic)
    wide = log2(_largest(integer, change, gain, cross)) + (VARIATION_BITS + 1) * integer.device.varies
    shift = min(floor(most), floor(WIDEST - 1 - wide), FARTHEST - VARIATION_BITS * integer.device.varies)
    whole, times = np.rint(gain * 2.0**shift).astype(np.int64), round(cross * 2.0**shift)
    became = [(name, integer.rule.numbers[name], integer.rule.numbers[name] * rounded / (exact * 2.0**shift))
              for name, rounded, exact in zip(form.names[:2], (whole.max(), times), (gain.max(), cross), strict=True)
              if name and exact]
    if cross and not times:  # then the other part has all of the word
        alone, rest = change_of(integer, replace(form, cross=0.0, second=""), part)
        return alone, [*rest, became[-1]]
    if form.offset:
        became.append((form.names[2], form.offset, change.offset / one))
    return replace(change, gain=whole, shift=shift, cross=times), became


def _ones(integer: IntegerRule, form: Form) -> tuple[int, int, int]:
    """What stands for 1 in the traces and the third factor of a form."""
    traces = integer.traces | ({"c": integer.eligibility} if integer.eligibility else {})
    return (traces[form.trace].one, traces[form.second].one if form.second else 1,
            integer.one_third if form.third in ("gate", "d") else 1)


def _scale(integer: IntegerRule, form: Form) -> float:
    """Codes that a change of 1 is: of w, of c, or as many parts of w and c as one step takes up."""
    if form.target == "c" and integer.eligibility:
        return integer.eligibility.one
    if form.factor:
        return 1.0  # (w_max - w) is in codes already
    return (integer.dt if form.third == "d" else 1.0) / integer.unit


def resolved(integer: IntegerRule, change: Change) -> None:
    """Raise DmpnetError if the change rounds to nothing always."""
    word = integer.eligibility.word if change.target == "c" and integer.eligibility else integer.w
    largest = _largest(integer, change, change.gain, change.cross)
    least = {"stochastic": 2.0**-lfsr.BITS, "nearest": 0.5}.get(word.rounding, 1.0)
    if largest / 2.0**change.shift < least:
        raise DmpnetError(f"{integer.rule.name}: its largest step is {largest / 2.0**change.shift:.2g} codes of "
                          f"{'an eligibility' if change.target == 'c' else 'w'}, which rounding ({word.rounding}) "
                          f"makes nothing of; set its rounding to stochastic, give it fewer bits, or raise the rates")


def _largest(integer: IntegerRule, change: Change, gains: np.ndarray, cross: float) -> float:
    """The largest sum there can be with these in place of the change's own gain and cross."""
    span = integer.highest - integer.lowest if change.factor else 1
    gain = float(np.abs(gains).max()) * span
    if change.second:
        gain += cross * integer.traces[change.second].word.high
    high = integer.eligibility.word.high + 1 if change.trace == "c" and integer.eligibility else (
        max(integer.traces[change.trace].word.high - change.offset, change.offset))
    third = integer.third.high + 1 + change.tonic if change.third in ("gate", "d") and integer.third else 1
    return gain * high * third
