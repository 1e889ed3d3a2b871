"""What learning costs on a chip: energy, path by path, and how often cells were written [model of ours].

An array of M inputs and N neurons that learned by an integer rule (dmpnet.plasticity.integer_rule) in T steps:

    weights   every synapse of the spike's row or column read, its step multiplied out, added; written where it changed
              (the step: trace times amplitude, which a table is read for; and one product more each for a second trace,
              for a third factor, and for the way left to a bound; by rows, two for each line)
    traces    read and written when they decay, written when they jump, read by every change that needs them
    random    all registers read and written once a word, in every step, drawn from or not

A row is read when its input spikes whether it learns or not; that read is counted here too, as a core that passes the
spike on in the same access saves it. Changes at the end of a step, those of rules with reward, are counted in every
step; skipping steps without reward would save them. Prices are those of dmpnet.hardware.actions.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.errors import DmpnetError
from dmpnet.hardware.actions import Action, Tally
from dmpnet.hardware.parts import Chip, Plasticity
from dmpnet.hardware.prices import PRICES, Prices, assumptions, pj, price

if TYPE_CHECKING:  # it imports Brian2, which takes a second
    from dmpnet.plasticity.integer_rule import IntegerRule


@dataclass(frozen=True)
class Learning:
    """A run of an array that learned.

    steps : T;  pre, post : spikes of inputs and of neurons in all of them;  writes : (N, M), how often each was written
    """

    rule: "IntegerRule"
    steps: int
    pre: int
    post: int
    writes: np.ndarray

    def __post_init__(self):
        writes = np.asarray(self.writes)
        if writes.ndim != 2 or writes.dtype.kind not in "iu" or writes.min(initial=0) < 0 or not writes.size:
            raise DmpnetError(f"learning: writes are {writes.dtype} of shape {writes.shape}, but whole numbers (N, M) "
                              f"count them; give the writes of every synapse")
        N, M = writes.shape
        for name, count, most in (("pre", self.pre, self.steps * M), ("post", self.post, self.steps * N)):
            if not 0 <= count <= most:
                raise DmpnetError(f"learning: {name} = {count} spikes, but in {self.steps} steps there are 0 to "
                                  f"{most}; count them in the same run")
        if self.writes.sum() > sum(self.events.values()):
            raise DmpnetError(f"learning: {self.writes.sum()} writes, but spikes reached synapses only "
                              f"{sum(self.events.values())} times; count both in the same run")

    @property
    def events(self) -> dict[str, int]:
        """How many synapses were worked on at 'pre', 'post' and 'end', by changes there are."""
        N, M = self.writes.shape
        reached = {"pre": self.pre * N, "post": self.post * M, "end": self.steps * N * M}
        return {when: reached[when] for when in reached if any(each.when == when for each in self.rule.changes)}


def count(run: Learning, chip: Chip) -> dict[str, Tally]:
    """What the core did, path by path."""
    part = _part(chip)
    return {"weights": _weights(run, part), "traces": _traces(run, part), "random": _random(run)}


def _part(chip: Chip) -> Plasticity:
    if chip.plasticity is None:
        raise DmpnetError(f"chip {chip.name} does not learn; take one with a [plasticity]")
    return chip.plasticity


def _weights(run: Learning, part: Plasticity) -> Tally:
    tally: Tally = Counter()
    w, rule = run.rule.w.bits, run.rule
    for change in rule.changes:
        many = run.events[change.when]
        held = part.eligibility.bits if change.target == "c" else w
        place = "traces" if change.target == "c" else "weights"
        tally[Action("read", place, held)] += many
        for action, times in _step(change, w, part).items():
            tally[action] += many * times
        tally[Action("add", "update", held)] += many
        if change.target == "c":
            tally[Action("write", place, held)] += many
    tally[Action("write", "weights", w)] += int(run.writes.sum())
    return tally


def _step(change: Any, w: int, part: Plasticity) -> Tally:
    """What the size of one step takes at one synapse."""
    trace, amplitude = part.trace.bits, part.amplitude.bits
    product = Action("multiply", "update", trace, amplitude)
    if hasattr(change, "fall_plus"):
        return Counter({product: 2}) + Counter({Action("multiply", "update", trace, trace): 2})
    tally: Tally = Counter({product: 1 + bool(change.cross) + (change.third in ("gate", "d"))})
    if change.factor:
        tally[Action("multiply", "update", w, amplitude)] += 1
    if len(change.gain) > 1:
        tally[Action("read", "traces", amplitude)] += 1
    return tally


def _traces(run: Learning, part: Plasticity) -> Tally:
    tally: Tally = Counter()
    N, M = run.writes.shape
    for traces, units, spikes in ((run.rule.pre, M, run.pre), (run.rule.post, N, run.post)):
        for trace in traces:
            ticks = units * trace.falls(run.steps)
            tally[Action("read", "traces", trace.word.bits)] += ticks
            tally[Action("write", "traces", trace.word.bits)] += ticks + spikes
            tally[Action("add", "update", trace.word.bits)] += ticks
    for when, many in run.events.items():
        tally[Action("read", "traces", part.trace.bits)] += many * (when != "end")
    if run.rule.eligibility:
        ticks = N * M * run.rule.eligibility.falls(run.steps)
        for kind in ("read", "write"):
            tally[Action(kind, "traces", part.eligibility.bits)] += ticks
    return tally


def _random(run: Learning) -> Tally:
    many = run.rule.words * run.steps * sum(run.writes.shape)
    return Counter({Action("read", "random", lfsr.BITS): many, Action("write", "random", lfsr.BITS): many})


def wear(writes: np.ndarray, seconds: float, endurance: float | None = None) -> dict[str, float]:
    """Writes per synapse, and how long the most written cell lasts at this rate.

    endurance : writes a cell survives; SRAM has no such limit (None)
    """
    if not seconds > 0 or endurance is not None and not endurance > 0:
        raise DmpnetError(f"wear: {seconds} s, endurance {endurance}, but both are positive; give the time of the run")
    writes = np.asarray(writes)
    found = {"mean": float(writes.mean()), "median": float(np.median(writes)), "most": float(writes.max()),
             "never written": float((writes == 0).mean()), "most in an hour": float(writes.max()) / seconds * 3600}
    if endurance is not None:
        found["lifetime s"] = endurance * seconds / float(writes.max()) if writes.max() else float("inf")
    return found


def report(run: Learning, chip: Chip, prices: Prices = PRICES) -> list[dict[str, Any]]:
    """What the run cost, a line a quantity, and what was assumed."""
    found = {path: pj(tally, chip, prices) for path, tally in count(run, chip).items()}
    total, writes = sum(found.values()), int(run.writes.sum())
    written = price(Action("write", "weights", run.rule.w.bits), chip, prices)
    lines = [(f"pJ a step, {path}", pj / run.steps, f"{100 * pj / total:.0f} %") for path, pj in found.items()]
    lines += [("pJ a step", total / run.steps, "all of learning"),
              ("pJ a step, writing weights", writes * written / run.steps, f"{written:.3g} pJ each"),
              ("synapses reached", sum(run.events.values()), "by spikes, and at the ends of steps"),
              ("writes", writes, "of weights, where the code changed")]
    lines += [(f"writes a synapse, {name}", value, "") for name, value in
              wear(run.writes, run.steps * run.rule.dt).items() if name not in ("never written", "most in an hour")]
    lines += [("never written", wear(run.writes, 1)["never written"], "part of the synapses")]
    return [{"quantity": name, "value": value, "note": note} for name, value, note in lines] + [
        {"quantity": f"assumed: {name}", "value": value, "note": note}
        for name, value, note in assumptions(prices, chip)]
