"""Traces and third factors of a rule in a chip's words."""

from dataclasses import replace
from math import floor, log, log2

from dmpnet.arithmetic.words import Word
from dmpnet.errors import DmpnetError
from dmpnet.hardware.parts import Plasticity
from dmpnet.plasticity.integer_parts import Trace
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.rules.reward import REWARD

LONGEST = 4  # a decay comes at least so often in a time constant


# traces


def tau(rule: Rule, trace: str) -> float:
    """Of a trace, in s."""
    return rule.numbers[rule.time_constant(trace)]


def trace_of(name: str, tau: float, word: Word, kind: str, dt: float, headroom: int | None) -> Trace:
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


def third(integer: IntegerRule, part: Plasticity, kind: str, largest: float) -> IntegerRule:
    """With a gate, or with eligibilities and a reward, where the rule has them."""
    rule, p = integer.rule, integer.rule.numbers
    if rule.third_factor == "":
        return integer
    one = 2 ** floor(log2(part.third.high / largest)) if part.third.high >= largest else 0
    if one < 1:
        raise DmpnetError(f"{rule.name}: a third factor of {largest:g} leaves nothing below 1 in {part.third.bits} "
                          f"bits; give plasticity.third more, or set largest_third to {part.third.high} or less")
    integer = replace(integer, third=part.third, one_third=one)
    if not rule.eligible:
        return integer
    eligible = max(int(part.eligibility.high / (4 * max(p["A_plus"], p["A_minus"]))), 1)
    jump = eligible * max(p["A_plus"], p["A_minus"])
    c = decayed(Trace("c", part.eligibility, eligible), kind, p["tau_c"], integer.dt, jump)
    d = decayed(Trace("d", part.third, one), kind, p["tau_d"], integer.dt, REWARD * one)
    tonic = round(p["d_0"] * one)
    became = (("tau_c", p["tau_c"], c.tau(integer.dt, jump)), ("tau_d", p["tau_d"], d.tau(integer.dt, REWARD * one)),
              ("d_0", p["d_0"], tonic / one))
    return replace(integer, eligibility=c, reward=d, became=became)
