"""What experiments do to synapses, measured in Brian2: pairs of spikes dt apart, and pairs at some frequency.

Every condition is a synapse of its own, all side by side in one simulation.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    TimedArray,
    defaultclock,
    get_device,
    prefs,
    second,
    set_device,
)
from brian2.devices.device import reset_device

from dmpnet.arithmetic import lfsr
from dmpnet.brian import programs
from dmpnet.brian.backends import MAKE, TWO_AT_ONCE, check_backend
from dmpnet.brian.session import run_time
from dmpnet.errors import BackendError
from dmpnet.plasticity import reference
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.rules.reward import REWARD
from dmpnet.plasticity.synapses import synapses
from dmpnet.system.processes import children, held

STEP = 1e-3
"""Seconds a step of every protocol."""

PAIRS = 60
"""Pairs of a protocol of many, as Pfister & Gerstner 2006 took for visual cortex."""

@contextlib.contextmanager
def brian2_on(backend: str, dt: float, **options: Any) -> Iterator[None]:
    """Brian2 on a back end with a clock of dt seconds; the run-time device and preferences as they were, after.

    options : of the C++ standalone device
    """
    check_backend(backend)
    if backend != "cpp_standalone":
        with run_time(backend, dt):
            yield
        return
    if get_device().__class__.__name__ != "RuntimeDevice":
        raise BackendError("cpp_standalone is set as Brian2's device already, with a program of its own; "
                           "set_device('runtime') first")
    before = prefs[MAKE]
    with programs.room(), held() as folder, children() as started, programs.sums_in_order():
        prefs[MAKE] = TWO_AT_ONCE
        set_device(programs.watched_device(started), directory=str(folder / "project"), with_output=False, **options)
        try:
            defaultclock.dt = dt * second
            yield
        finally:
            get_device().reinit()
            reset_device()
            prefs[MAKE] = before


def run(rule: Rule, pre: np.ndarray, post: np.ndarray, w: np.ndarray, *, i: np.ndarray | None = None,
        j: np.ndarray | None = None, dt: float = STEP, backend: str = "numpy", third: float = 0.0, u: float = 1.0,
        seed: int = 1) -> np.ndarray:
    """Weights, one a synapse, after neurons spiked as in pre (T, M) and post (T, N); all to all without i, j.

    third : value of the gate, or of dopamine in the first step; u : membrane of postsynaptic neurons
    """
    return _run(rule, pre, post, w, i, j, dt, backend, third, u, seed, ("w",))["w"]


@dataclass(frozen=True)
class ChipWeights:
    """What synapses on a chip came to, one number a synapse: their codes, and how often they were written."""

    codes: np.ndarray
    writes: np.ndarray


def run_on_chip(rule: IntegerRule, pre: np.ndarray, post: np.ndarray, w: np.ndarray, *, i: np.ndarray | None = None,
                j: np.ndarray | None = None, backend: str = "numpy", third: float = 0.0, u: float = 1.0,
                seed: int = 1) -> ChipWeights:
    """`run` of an integer rule, in its own steps; w and third in real numbers, as for the rule it was made from."""
    code = rule.third_code(third) if rule.third else 0
    variables = _run(rule.brian2, pre, post, rule.codes(w), i, j, rule.dt, backend, code, u, seed, ("w", "writes"))
    return ChipWeights(np.rint(variables["w"]).astype(np.int64), variables["writes"].astype(np.int64))


def _run(rule: Rule, pre: np.ndarray, post: np.ndarray, w: np.ndarray, i: np.ndarray | None, j: np.ndarray | None,
         dt: float, backend: str, third: float, u: float, seed: int, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Variables `wanted` of the synapses after a run."""
    pre, post = np.asarray(pre, bool), np.asarray(post, bool)
    with brian2_on(backend, dt):
        step, neuron = np.nonzero(pre)
        source = SpikeGeneratorGroup(pre.shape[1], neuron, step * dt * second, name="protocol_source")
        fires = TimedArray(post.astype(float), dt=dt * second, name="protocol_fires")
        target = NeuronGroup(post.shape[1], "u : 1 (constant)", threshold="fires(t, i) > 0", reset="",
                             name="protocol_target", namespace={"fires": fires})
        target.u = u
        plastic = synapses(rule, source, target, w=w, i=i, j=j, seed=seed, name="protocol")
        if plastic.third is not None:
            setattr(plastic.third, "gate" if "gate" in plastic.third.variables else "d", third)
        network = Network(source, target, *plastic.objects)
        network.run(len(pre) * dt * second, namespace={})
        named = plastic.synapses.name
        read = programs.finished(network, len(pre) * dt, [f"{named}.{name}" for name in wanted])
        return {name: read(named, name) for name in wanted}


@dataclass(frozen=True)
class Pairing:
    """Weight changes measured by pairs of spikes: at each delta (s) or rate (Hz), and what the closed form says.

    rate : NaN for a single pair
    closed : None where there is none;  spread : standard deviation from synapse to synapse, None where all are alike
    """

    delta: np.ndarray
    rate: np.ndarray
    dw: np.ndarray
    closed: np.ndarray | None = None
    spread: np.ndarray | None = None


def spike_pairs(delta: np.ndarray, rate: np.ndarray, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, n) presynaptic and postsynaptic spikes, a column a condition; one pair: the later spike of all at once."""
    delta = np.rint(np.asarray(delta) / STEP).astype(int)
    period = np.rint(1 / (np.asarray(rate) * STEP)).astype(int)
    first = np.maximum(np.abs(delta).max() - np.maximum(delta, 0), 0) + 1  # of the presynaptic neuron
    at = first[:, None] + period[:, None] * np.arange(pairs)
    pre = np.zeros((int((at + np.maximum(delta, 0)[:, None]).max()) + 2, len(delta)), bool)
    post = pre.copy()
    column = np.arange(len(delta))[:, None]
    pre[at, column] = True
    post[at + delta[:, None], column] = True
    return pre, post


COPIES = 2000  # of a stochastic synapse, whose changes are averaged
AFTER = 3.0  # seconds after a pair in which dopamine turns eligibility into weight


def start(rule: Rule, count: int) -> np.ndarray:
    """Weights before a protocol: 1 for the triplet rule, whose unit that is, else halfway (binary: half are 1)."""
    if rule.binary:
        return np.arange(count) % 2.0
    return np.full(count, 1.0 if rule.law == "triplet" else (rule["w_min"] + rule["w_max"]) / 2)


def in_words(rule: Rule) -> str:
    """What `window` does to each synapse."""
    pairs = f"{PAIRS} pairs at 20 Hz" if rule.repeated else "a single pair"
    reward = f", dopamine for {AFTER:g} s" if rule.eligible else ""
    if rule.stochastic:
        return f"{pairs}, {COPIES:,} synapses, half of them at 1"
    return f"{pairs}{reward}, from w = {start(rule, 1)[0]:g}"


def measure(rule: Rule, delta: np.ndarray, rate: np.ndarray, pairs: int, backend: str = "numpy",
            seed: int = 1) -> np.ndarray:
    """(n,) dw of the rule after `pairs` pairs, delta in s apart, at rate in Hz; third factors: gate 1, one reward."""
    pre, post = spike_pairs(delta, rate, pairs)
    if rule.eligible:
        pre, post = (np.concatenate([s, np.zeros((round(AFTER / STEP), s.shape[1]), bool)]) for s in (pre, post))
    each = np.arange(pre.shape[1]).repeat(COPIES if rule.stochastic else 1)
    w = start(rule, len(each))
    third = REWARD if rule.eligible else 1.0
    after = run(rule, pre, post, w, i=each, j=each, backend=backend, third=third, seed=seed)
    return (after - w).reshape(pre.shape[1], -1).mean(axis=1)


def window(rule: Rule, backend: str = "numpy", seed: int = 1) -> Pairing:
    """dw against delta: one pair; 60 pairs at 20 Hz where one says nothing."""
    delta = window_delta(rule)
    rate = np.full(len(delta), 20.0)
    pairs = PAIRS if rule.repeated else 1
    dw = measure(rule, delta, rate, pairs, backend, seed)
    closed = None
    if rule.law == "triplet":
        closed = np.array([closed_pairing(rule, 20.0, d) for d in delta])
    elif rule.law == "pair":
        closed = reference.pair_window(delta, rule.numbers)
    return Pairing(delta, rate if rule.repeated else np.full(len(delta), np.nan), dw, closed)


MOST = 2_000_000  # spikes or not, neurons times steps, of a protocol on a chip: some seconds


def window_on_chip(rule: IntegerRule, backend: str = "numpy", seed: int = 1) -> Pairing:
    """What `window` measures, in a chip's integers: mean and spread over copies that draw other random numbers."""
    real = rule.rule
    delta = window_delta(real)
    pre, post = spike_pairs(delta, np.full(len(delta), 20.0), PAIRS if real.repeated else 1)
    if rule.eligibility:
        pre, post = (np.concatenate([s, np.zeros((round(AFTER / STEP), s.shape[1]), bool)]) for s in (pre, post))
    if rule.by_rows:  # what came after the presynaptic spike counts at the next
        pre, post = (np.concatenate([s, np.zeros((rule.longest + 2, s.shape[1]), bool)]) for s in (pre, post))
        pre[-1] = True
    copies = int(np.clip(MOST // pre.size, 2, lfsr.PERIOD // (2 * len(delta))))
    each = np.arange(len(delta)).repeat(copies)
    alone, w = np.arange(len(each)), rule.values(rule.codes(start(real, len(each))))
    after = run_on_chip(rule, pre[:, each], post[:, each], w, i=alone, j=alone, backend=backend, seed=seed,
                        third=REWARD if rule.eligibility else 1.0)
    dw = (rule.values(after.codes) - w).reshape(len(delta), -1)
    return Pairing(delta, np.full(len(delta), 20.0 if real.repeated else np.nan), dw.mean(axis=1), None, dw.std(axis=1))


def window_delta(rule: Rule) -> np.ndarray:
    """(n,) distances in s at which a window is measured."""
    return np.arange(-24, 25) * 1e-3 if rule.repeated else np.arange(-50, 51) * 2e-3


def closed_pairing(rule: Rule, rate: float, delta: float) -> float:
    """What a triplet rule comes to after 60 pairs; spikes of the same step (delta = 0) meet only earlier pairs."""
    return reference.triplet_pairing(rate, delta, PAIRS, rule.numbers, nearest=not rule.adding)


def frequency(rule: Rule, backend: str = "numpy") -> Pairing:
    """dw of a triplet rule against frequency, after 60 pairs at dt = +10 and -10 ms."""
    rates = np.array([5.0, 10.0, 20.0, 25.0, 40.0, 50.0])
    delta, rate = np.repeat([0.01, -0.01], len(rates)), np.tile(rates, 2)
    dw = measure(rule, delta, rate, PAIRS, backend)
    return Pairing(delta, rate, dw, np.array([closed_pairing(rule, *both) for both in zip(rate, delta, strict=True)]))
