"""Integer plasticity step by step in 64-bit integers, written as a chip would do it: what Brian2 is compared with.

Shifts are shifts here, the register goes a bit at a time, events are worked off one after the other: inputs that spiked
in order, then neurons. Nothing is taken from the Brian2 code of dmpnet.plasticity.integer_rule, only its constants.
"""

from dataclasses import dataclass

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.numpy_integers import held, shifted
from dmpnet.arithmetic.words import Word
from dmpnet.plasticity.device import VARIATION_BITS
from dmpnet.plasticity.integer_parts import Change, Deferred, Trace
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.rules.binary import registers


@dataclass(frozen=True)
class Course:
    """What a run did, after every step.

    w : (T, N, M) codes;  traces : (T, n) each, by name;  c : (T, N, M) eligibilities, empty if the rule has none
    writes : (N, M), how often each cell was written with another code
    """

    w: np.ndarray
    traces: dict[str, np.ndarray]
    c: np.ndarray
    writes: np.ndarray


class Synapses:
    """The array of N x M synapses of an integer rule, its traces and registers, at rest."""

    def __init__(self, rule: IntegerRule, w: np.ndarray, seed: int = 1):
        self.rule, self.w = rule, np.array(w, np.int64)
        N, M = self.w.shape
        self.traces = {t.name: np.zeros(n, np.int64) for t, n in (*((t, M) for t in rule.pre),
                                                                  *((t, N) for t in rule.post))}
        words = registers(M + N, seed).astype(np.int64)
        self.row, self.column = words[:M], words[M:]
        self.c = np.zeros((N, M), np.int64)
        self.d = 0
        self.writes = np.zeros((N, M), np.int64)
        self.vary = rule.device.factors(N * M).reshape(M, N).T if rule.device.varies else None

    def step(self, k: int, pre: np.ndarray, post: np.ndarray, gate: int = 0, u: np.ndarray | None = None) -> None:
        """Advance by step k; pre (M,), post (N,) spikes, gate of the step, u (N,) membranes."""
        rule, self.gate, self.u = self.rule, gate, u
        self.row, self.column = (_ahead(register, rule.words) for register in (self.row, self.column))
        for trace in rule.traces.values():
            self.traces[trace.name] = fallen(trace, self.traces[trace.name], k)
        for m in np.flatnonzero(pre):
            self._change("pre", np.arange(len(post)), np.array([m]))
        for n in np.flatnonzero(post):
            self._change("post", np.array([n]), np.arange(len(pre)))
        for traces, fired in ((rule.pre, pre), (rule.post, post)):
            for trace in traces:
                before = self.traces[trace.name]
                after = trace.one if trace.latest else held(before + trace.one, trace.word)
                self.traces[trace.name] = np.where(fired, after, before)
        self._change("end", np.arange(len(post)), np.arange(len(pre)))
        if rule.eligibility:
            self.c = fallen(rule.eligibility, self.c, k)
        if rule.reward:
            self.d = int(fallen(rule.reward, np.array(self.d), k))

    def _change(self, when: str, n: np.ndarray, m: np.ndarray) -> None:
        """All changes of that moment to the synapses of inputs m and neurons n."""
        place = np.ix_(n, m)
        for change in self.rule.changes:
            if change.when != when:
                continue
            if isinstance(change, Deferred):
                total, sign = self._deferred(change, n, m), 1
            else:
                total, sign = self._total(change, n, m), change.sign
            if change.target == "c" and self.rule.eligibility:
                word = self.rule.eligibility.word
                step = self._rounded(word, total, change.shift, change.noise, n, m)
                self.c[place] = held(self.c[place] + sign * step, word)
            else:
                self._write(change, total, sign, n, m)

    def _write(self, change: Change | Deferred, total: np.ndarray, sign: int, n: np.ndarray, m: np.ndarray) -> None:
        rule, place, shift = self.rule, np.ix_(n, m), change.shift
        if self.vary is not None:
            total, shift = total * self.vary[place], shift + VARIATION_BITS
        before = self.w[place]
        step = self._rounded(rule.w, total, shift, change.noise, n, m)
        after = np.minimum(np.maximum(before + sign * step, rule.lowest), rule.highest)
        self.writes[place] += after != before
        if change.failing >= 0:
            after = np.where(self._word(change.failing, n, m) < rule.device.failing, before, after)
        self.w[place] = after

    def _total(self, change: Change, n: np.ndarray, m: np.ndarray) -> np.ndarray:
        """(n, m) what is shifted right."""
        rule, w = self.rule, self.w[np.ix_(n, m)]
        gain = change.gain[w - rule.lowest] if len(change.gain) > 1 else np.full_like(w, change.gain[0])
        if change.factor:
            gain = gain * (rule.highest - w if change.factor == "room" else w - rule.lowest)
        if change.cross:
            gain = gain + change.cross * self._seen(change.second, n, m)
        total = (self._seen(change.trace, n, m) - change.offset) * gain
        if change.third == "gate":
            return total * self.gate
        if change.third == "d":
            return total * (self.d + change.tonic)
        if change.third == "voltage":
            return total * (np.asarray(self.u)[n] >= rule.theta)[:, None]
        return total

    def _deferred(self, change: Deferred, n: np.ndarray, m: np.ndarray) -> np.ndarray:
        p, q = self._seen("x", n, m), self._seen("y", n, m)
        late = np.maximum(change.start - change.fall_plus * (q - p), 0)
        early = np.maximum(change.start - change.fall_minus * (change.top - q), 0)
        return change.a_plus * np.where((q > p) & (p > 0), late, 0) - change.a_minus * np.where(q > 0, early, 0)

    def _seen(self, name: str, n: np.ndarray, m: np.ndarray) -> np.ndarray:
        """A trace as a row, a column or a matrix."""
        if name == "c":
            return self.c[np.ix_(n, m)]
        values = self.traces[name]
        return values[m][None, :] if name in [trace.name for trace in self.rule.pre] else values[n][:, None]

    def _rounded(self, word: Word, total: np.ndarray, shift: int, noise: int, n: np.ndarray,
                 m: np.ndarray) -> np.ndarray:
        return shifted(total, shift, word.rounding, self._word(noise, n, m) if word.rounding == "stochastic" else 0)

    def _word(self, number: int, n: np.ndarray, m: np.ndarray) -> np.ndarray:
        return _ahead(self.row[m][None, :] ^ self.column[n][:, None], number)


def run(rule: IntegerRule, pre: np.ndarray, post: np.ndarray, w: np.ndarray, gate: np.ndarray | int = 0, d: int = 0,
        u: np.ndarray | None = None, seed: int = 1, every: bool = True) -> Course:
    """pre (T, M) and post (T, N) spikes, w (N, M) codes at the start.

    gate : (T,) of each step, or one for all;  d : reward at the start;  u : (T, N) membranes
    every : keep every step; else only the last, as if T were 1
    """
    pre, post = np.asarray(pre, bool), np.asarray(post, bool)
    array = Synapses(rule, w, seed)
    array.d = d
    gates = np.broadcast_to(gate, len(pre))
    seen: dict[str, list[np.ndarray]] = {name: [] for name in array.traces}
    weights, eligible = [], []
    for k in range(len(pre)):
        array.step(k, pre[k], post[k], int(gates[k]), None if u is None else u[k])
        if not every and k < len(pre) - 1:
            continue
        weights.append(array.w.copy())
        for name, values in array.traces.items():
            seen[name].append(values)
        if rule.eligibility:
            eligible.append(array.c.copy())
    return Course(np.array(weights), {name: np.array(values) for name, values in seen.items()}, np.array(eligible),
                  array.writes)


def fallen(trace: Trace, value: np.ndarray, k: int) -> np.ndarray:
    """The trace after the decay of step k."""
    if trace.decay == "none" or (k % trace.anew if trace.anew else k) % trace.period:
        return value
    size = np.abs(value)
    lost = trace.by if trace.decay == "linear" else (size + (1 << trace.by) - 1) >> trace.by
    return np.sign(value) * np.maximum(size - lost, 0)


def _ahead(state: np.ndarray, words: int) -> np.ndarray:
    for _ in range(words * lfsr.BITS):
        state = lfsr.following(state)
    return state
