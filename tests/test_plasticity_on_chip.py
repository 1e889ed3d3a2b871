"""Plasticity in a chip's integers: closed forms, limits, refusals, and Brian2 against the integer reference.

Integers are compared for equality. Where an integer rule is held to real numbers, tolerances are those of the words:
half a unit in the last place of a trace, an amplitude or a weight; and of random rounding, its standard error.
"""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    ms,
    second,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from numpy.testing import assert_array_equal

from dmpnet import cli, plasticity
from dmpnet.arithmetic import lfsr, numpy_integers
from dmpnet.arithmetic.words import Word
from dmpnet.brian.conversion import convert, duration, timing
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip, plastic_changes, plastic_rules
from dmpnet.hardware.constrain import constrain as constrain_network
from dmpnet.hardware.plastic_changes import FARTHEST, WIDEST
from dmpnet.hardware.plastic_rules import constrain
from dmpnet.hardware.plastic_traces import decayed
from dmpnet.plasticity import Device, Rule, all_rules, integer_reference, protocols, rule
from dmpnet.plasticity.device import VARIATION_BITS, drifted
from dmpnet.plasticity.integer_parts import Trace
from dmpnet.plasticity.integer_rule import drawn
from dmpnet.plasticity.rules.reward import REWARD

DT = 1e-3
CHIP = chip.load("learning")
SLOW_BACKENDS = [pytest.param(name, marks=pytest.mark.slow) for name in ("cython", "cpp_standalone")]


def on(name, settings=None, tuned=None, **options):
    """Rule `name` on the learning chip with some of its plasticity set otherwise."""
    described = chip.changed(CHIP, {f"plasticity.{key}": value for key, value in (settings or {}).items()})
    return constrain(rule(name).tuned(**(tuned or {})), described, DT, **options)


def spikes(steps, *at):
    """(steps, n) with the spikes of neuron n at the steps `at[n]`."""
    fired = np.zeros((steps, len(at)), bool)
    for neuron, when in enumerate(at):
        fired[list(when), neuron] = True
    return fired


def trains(steps=100, sources=5, targets=4, rate=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((steps, sources)) < rate, rng.random((steps, targets)) < rate


def beginning(made, targets=4, sources=5, seed=5):
    """Codes all over the word."""
    return np.random.default_rng(seed).integers(made.lowest, made.highest + 1, (targets, sources))


# Brian2 against the integer reference

LIVELY = {"A_plus": 0.05, "A_minus": 0.06}
CASES = {  # rules with code of their own, every decay, way of reading, rounding, width and device at least once
    "additive": lambda: on("pair-additive", tuned=LIVELY),
    "additive, linear": lambda: on("pair-additive", decay="linear", tuned=LIVELY),
    "additive, ideal": lambda: constrain(rule("pair-additive"), chip.load("ideal"), DT),
    "multiplicative, 4 bits": lambda: on("pair-multiplicative", {"w.bits": 4}, LIVELY),
    "multiplicative, ideal": lambda: constrain(rule("pair-multiplicative"), chip.load("ideal"), DT),
    "nearest, 2 bits": lambda: on("pair-nearest", {"w.bits": 2}, LIVELY, decay="linear"),
    "nearest, signed": lambda: on("pair-nearest", {"w.signed": True, "w.rounding": "nearest"},
                                  LIVELY | {"w_min": -1.0}),
    "nearest, floor": lambda: on("pair-nearest", {"w.rounding": "floor"}, LIVELY),
    "nearest, zero": lambda: on("pair-nearest", {"w.rounding": "zero"}, LIVELY),
    "by rows": lambda: on("pair-nearest", {"reads": "rows"}, LIVELY),
    "binary by rows": lambda: on("stochastic-binary", {"reads": "rows"}, {"p_plus": 0.6, "p_minus": 0.6}),
    "binary": lambda: on("stochastic-binary", tuned={"p_plus": 0.6, "p_minus": 0.6}),
    "triplet": lambda: on("triplet-visual-full", {"w.bits": 6}),
    "triplet, nearest": lambda: on("triplet-hippocampal-full-nearest", decay="linear"),
    "diehl-cook by columns": lambda: on("diehl-cook", {"reads": "columns"}),
    "diehl-cook-code": lambda: on("diehl-cook-code", tuned={"eta_pre": 0.05, "eta_post": 0.1}),
    "reward": lambda: on("reward-modulated"),
    "reward, linear": lambda: on("reward-modulated", {"third.bits": 12, "eligibility.rounding": "nearest"},
                                 {"A_plus": 0.4}, decay="linear"),
    "gate": lambda: on("slow-memory-gated", tuned=LIVELY),
    "voltage": lambda: on("voltage-gated", tuned=LIVELY),
    "devices": lambda: on("pair-additive", tuned=LIVELY, device=Device(0.3, 0.2, up=0.7, down=1.2, bend=2.0)),
    "levels": lambda: on("pair-additive", tuned=LIVELY, device=Device(levels=11, failing_part=0.5)),
    "devices by rows": lambda: on("pair-nearest", {"reads": "rows"}, LIVELY, device=Device(0.3, 0.2, up=0.7)),
}
GATE = -0.7


def connect(made, source, target, w, name="plastic", seed=1):
    """Plastic synapses and a monitor of every step."""
    plastic = plasticity.synapses(made.brian2, source, target, w=w.T.ravel(), seed=seed, name=name)
    if plastic.third is not None:
        gated = "gate" in plastic.third.variables
        setattr(plastic.third, "gate" if gated else "d", made.third_code(GATE if gated else 0.5))
    monitors = [StateMonitor(plastic.synapses, ["w", *["c"] * bool(made.eligibility)], record=True, when="end",
                             order=9, name=f"{name}_seen")]
    for side, traces in (("pre", made.pre), ("post", made.post)):
        if traces:
            group = next(each for each in plastic.objects if each.name == f"{name}_{side}_traces")
            monitors.append(StateMonitor(group, [trace.name for trace in traces], record=True, when="end", order=9,
                                         name=f"{name}_{side}_seen"))
    return plastic, monitors


def neurons(pre, post):
    """Groups that spike as told, the second with a membrane of 1."""
    (step, neuron), fires = np.nonzero(pre), TimedArray(post.astype(float), dt=DT * second, name="fires_of_target")
    source = SpikeGeneratorGroup(pre.shape[1], neuron, step * DT * second, name="source_of_spikes")
    target = NeuronGroup(post.shape[1], "u : 1 (constant)", threshold="fires(t, i) > 0", reset="",
                         namespace={"fires": fires}, name="target_of_spikes")
    target.u = 1
    return source, target


def course(made, plastic, monitors, shape):
    """What the monitors saw, as the reference gives it."""
    N, M = shape

    def matrix(values):
        return np.asarray(values).T.reshape(-1, M, N).swapaxes(1, 2)

    traces = {name: np.asarray(getattr(each, name)).T for each in monitors[1:] for name in made.traces
              if name in each.recorded_variables}
    return integer_reference.Course(matrix(monitors[0].w), traces,
                                    matrix(monitors[0].c) if made.eligibility else np.array([]),
                                    np.asarray(plastic.synapses.writes[:]).reshape(M, N).T)


def in_brian2(cases, pre, post, w, backend="numpy"):
    """Courses of several rules side by side between the same neurons."""
    with protocols.brian2_on(backend, DT):
        source, target = neurons(pre, post)
        made = {name: connect(each, source, target, w[name], f"plastic_{number}")
                for number, (name, each) in enumerate(cases.items())}
        objects = [each for plastic, monitors in made.values() for each in (*plastic.objects, *monitors)]
        Network(source, target, *objects).run(len(pre) * DT * second, namespace={})
        return {name: course(cases[name], *made[name], w[name].shape) for name in cases}


def in_reference(made, pre, post, w):
    gate = made.third_code(GATE if made.reward is None else 0.5) if made.third else 0
    return integer_reference.run(made, pre, post, w, gate=gate, d=gate, u=np.ones(post.shape))


def assert_equal(made, got, want):
    """Weights, traces and eligibilities of every step, and writes; bit for bit."""
    assert_array_equal(got.w, want.w)
    assert got.traces.keys() == want.traces.keys() == made.traces.keys()
    for name in want.traces:
        assert_array_equal(got.traces[name], want.traces[name])
    assert_array_equal(got.c, want.c)
    assert_array_equal(got.writes, want.writes)


def assert_alive(made, pre, post, want, w):
    """Equality would show something: weights move both ways, all traces are used."""
    assert (pre[:, :4] & post).any(), "no spikes coincide: the order of events is not tested"
    step = np.diff(np.concatenate([w[None], want.w]), axis=0)
    assert want.writes.sum() > 5 and (step > 0).any() and (step < 0).any()
    assert all(values.any() for values in want.traces.values())


@pytest.mark.parametrize("part", range(3))
def test_brian2_holds_the_integers_of_the_reference_at_every_step(part):
    """A third of the cases side by side in each program."""
    compare(dict(list(CASES.items())[part::3]), "numpy")


COMPILED = ("additive, linear", "multiplicative, 4 bits", "by rows", "triplet", "diehl-cook by columns", "reward",
            "gate", "devices")
"""Every kind of line that is generated; all cases at once would be 400 files to compile."""


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("backend", SLOW_BACKENDS)
def test_compiled_back_ends_hold_them_too(backend, part):
    compare({name: CASES[name] for name in COMPILED[part::4]}, backend)


def compare(chosen, backend):
    made = {name: make() for name, make in chosen.items()}
    pre, post = trains()
    w = {name: beginning(each) for name, each in made.items()}
    got = in_brian2(made, pre, post, w, backend)
    for name, each in made.items():
        want = in_reference(each, pre, post, w[name])
        assert_alive(each, pre, post, want, w[name])
        assert_equal(each, got[name], want)


@settings(max_examples=4)
@given(st.lists(st.sampled_from(sorted(CASES)), min_size=2, max_size=2, unique=True), st.integers(0, 2**32 - 1),
       st.floats(0.02, 1.0))
def test_they_are_equal_on_any_spikes(names, seed, rate):
    """Silence and spikes in every step among them, weights that start at the ends of the word too."""
    made = {name: CASES[name]() for name in names}
    pre, post = trains(40, rate=rate, seed=seed)
    w = {name: np.where(beginning(each, seed=seed) % 3, beginning(each, seed=seed + 1), each.highest)
         for name, each in made.items()}
    got = in_brian2(made, pre, post, w)
    for name, each in made.items():
        assert_equal(each, got[name], in_reference(each, pre, post, w[name]))


@settings(max_examples=25)
@given(st.sampled_from(sorted(CASES)), st.integers(0, 2**32 - 1), st.floats(0.02, 1.0))
def test_nothing_leaves_its_word(name, seed, rate):
    made = CASES[name]()
    pre, post = trains(60, rate=rate, seed=seed)
    seen = in_reference(made, pre, post, beginning(made, seed=seed))
    assert made.lowest <= seen.w.min() and seen.w.max() <= made.highest
    for trace, values in seen.traces.items():
        assert 0 <= values.min() and values.max() <= made.traces[trace].word.high
    if made.eligibility:
        assert made.eligibility.word.low <= seen.c.min() and seen.c.max() <= made.eligibility.word.high


@pytest.mark.parametrize("name", ["additive", "multiplicative, 4 bits", "binary", "by rows"])
def test_weights_and_traces_do_saturate(name):
    """Otherwise the test above would show nothing."""
    made = CASES[name]()
    low = in_reference(made, spikes(300, range(1, 300, 2)), spikes(300, range(0, 300, 2))[:, :1],
                       np.array([[made.highest]]))
    assert low.w.min() == made.lowest or name == "multiplicative, 4 bits"
    assert max(values.max() for values in low.traces.values()) == CHIP.plasticity.trace.high


# traces


@pytest.mark.parametrize("by, period", [(6, 1), (1, 3), (200, 1)])
def test_a_linear_trace_falls_on_a_line_and_ends_at_0(by, period):
    trace = Trace("x", Word(8, signed=False), 255, True, "linear", by, period)
    value, seen = np.array(255), []
    for k in range(1, 800):
        value = integer_reference.fallen(trace, value, k)
        seen.append(int(value))
    assert_array_equal(seen, np.maximum(255 - by * (np.arange(1, 800) // period), 0))


@given(st.integers(1, 7), st.integers(0, 9), st.integers(0, 40))
def test_a_trace_falls_as_often_as_it_says(period, anew, steps):
    trace, value = Trace("x", Word(8, signed=False), 255, True, "linear", 1, period, anew), np.array(255)
    for k in range(steps):
        value = integer_reference.fallen(trace, value, k)
    assert 255 - value == trace.falls(steps) == sum((k % (anew or 99)) % period == 0 for k in range(steps))


@given(st.integers(2, 16), st.integers(1, 8), st.booleans())
def test_a_shifted_trace_keeps_its_part_and_ends_at_0(bits, by, negative):
    """Each step leaves x - ceil(x / 2^by): less than x (1 - 2^-by), by less than 1; no trace is stuck above 0."""
    trace = Trace("x", Word(bits, signed=False), 2**bits - 1, True, "shift", by)
    sign, x, steps = -1 if negative else 1, 2**bits - 1, 0
    while x:
        after = sign * int(integer_reference.fallen(trace, np.array(sign * x), 0))
        assert 0 <= after < x and x * (1 - 2.0**-by) - 1 < after <= x * (1 - 2.0**-by)
        x, steps = after, steps + 1
    assert steps <= 2**by * (1 + np.log(2.0**bits)) + 1


@pytest.mark.parametrize("kind", ["linear", "shift"])
@pytest.mark.parametrize("tau", [0.005, 0.02, 0.114, 1.0])
@pytest.mark.parametrize("size", [255, 64, 16])
def test_a_trace_falls_about_as_fast_as_it_should(kind, tau, size):
    """Linear by the rounding of the step, shift by that of its power of two: times of neighbouring shifts are at most
    those of 1 and 2 bits apart, ln 2 / ln(4/3) = 2.4, their middle half. And the area from a jump of that size on is
    size tau, as that of size exp(-t / tau)."""
    trace = decayed(Trace("x", Word(8, signed=False), 255), kind, tau, DT, size)
    rate = size * DT / (2 * tau)
    allowed = -np.log(1 - 0.5 / max(rate, 1 / rate)) if kind == "linear" else np.log(np.log(2) / np.log(4 / 3)) / 2
    assert abs(np.log(trace.tau(DT, size) / tau)) < allowed + 0.01
    uneven = (trace.by / size) ** 2 / 4 if kind == "linear" else 0  # f (1 - f) (by / size)^2, the last step f of one
    assert area(trace, size) * DT == pytest.approx(size * trace.tau(DT, size), rel=uneven + 1e-12)


def area(trace, size):
    """Under the trace after a jump, straight from step to step, tau/dt of exp(-n dt/tau) but for (dt/tau)^2 / 12
    of it: the mean over the steps of a period in which the jump may come."""
    total = 0.0
    for jump in range(trace.period):
        value, k = np.array(size), jump
        total -= size / 2
        while value:
            total, k = total + float(value), k + 1
            value = integer_reference.fallen(trace, value, k)
    return total / trace.period


def test_dopamine_on_a_chip_is_that_of_the_usual_reward():
    """Half of what stands for 1, and so nearer 0, where shifts take off more than their part."""
    made = on("reward-modulated")
    jump = made.third_code(REWARD)
    told = dict((name, has) for name, _, has in made.became)["tau_d"]
    assert jump == made.one_third / 2 and told == pytest.approx(area(made.reward, jump) * DT / jump)
    assert told == pytest.approx(0.2, rel=0.05)


# rounding at random


def test_the_bytes_of_the_register_leap_as_its_bits_shift():
    states = lfsr.states(lfsr.PERIOD).astype(np.int64)
    for words in (0, 1, 3):
        assert_array_equal(lfsr.ahead(states, words), np.roll(states, -words * lfsr.BITS))


def test_what_a_synapse_draws_is_its_two_registers_exclusive_or():
    row, column = np.array([3, 500, 65535]), np.array([1, 77, 12])
    alone = lfsr.ahead(row, 5) ^ lfsr.ahead(column, 5)
    assert_array_equal(drawn(row, column, 5), alone)
    assert (drawn(row, column, 5) != 0).all()


@pytest.mark.parametrize("total, shift", [(1, 4), (123, 7), (-37, 5), (1000, 3)])
def test_rounding_at_random_is_unbiased(total, shift):
    """Over all states of a register the mean is total / 2^shift but for the state 0, which does not occur: a part f
    rounds up in f 2^16 of 2^16 - 1 states."""
    states = lfsr.states(lfsr.PERIOD).astype(np.int64)
    rounded = ((total << lfsr.BITS) + (states << shift)) >> shift + lfsr.BITS
    whole, part = total >> shift, total / 2**shift - (total >> shift)
    assert rounded.mean() == pytest.approx(whole + part * 2**lfsr.BITS / lfsr.PERIOD, abs=1e-9)


def test_a_small_step_is_taken_as_often_as_it_is_large():
    """0.05 of a code in each of 3,000 synapses at once: rounding to nearest would leave them all."""
    count = 3000
    made = on("pair-nearest", tuned={"A_plus": 0.05 / 255 / np.exp(0)})
    step = made.changes[1].gain[0] * 255 / 2.0 ** made.changes[1].shift
    assert step == pytest.approx(0.05, rel=1 / 128)
    pre, post = np.zeros((4, count), bool), np.zeros((4, 1), bool)
    pre[1], post[2] = True, True
    fell = integer_reference.fallen(made.traces["x"], np.array(255), 2) / 255
    after = integer_reference.run(made, pre, post, np.full((1, count), 100)).w[-1] - 100
    p = step * fell
    assert set(np.unique(after)) == {0, 1}
    assert after.mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / count))


def test_steps_that_rounding_makes_nothing_of_are_refused():
    """0.005 x 7 codes: under half a code, so with 3 bits to nearest no weight would ever change."""
    for rounding in ("nearest", "floor", "zero"):
        with pytest.raises(DmpnetError, match="pair-additive: its largest step is .* set its rounding to stochastic"):
            on("pair-additive", {"w.bits": 3, "w.rounding": rounding})
    assert on("pair-additive", {"w.bits": 3}).changes


@pytest.mark.parametrize("variation", [0, 0.2])
def test_tiny_steps_are_shifted_no_further_than_is_exact(variation):
    tiny = rule("slow-memory-gated").tuned(A_plus=1e-9, A_minus=1e-9)
    made = constrain(tiny, chip.load("ideal"), DT, device=Device(variation=variation))
    assert all(change.shift + VARIATION_BITS * made.device.varies == FARTHEST for change in made.changes)


@settings(max_examples=200)
@given(st.integers(-2**WIDEST, 2**WIDEST), st.integers(10, FARTHEST), st.integers(0, 2**16 - 1))
def test_so_far_float64_and_64_bit_integers_round_at_random_alike(total, shift, noise):
    want = (total * 2**16 + noise * 2**shift) // 2 ** (shift + 16)  # Python's whole numbers have no end
    assert np.floor(total / 2.0**shift + noise / 2.0**16) == want
    assert numpy_integers.shifted(np.int64(total), shift, "stochastic", np.int64(noise)) == want


# windows


def window(made, delta):
    """Mean change of w by one pair, delta steps apart, over many registers; and its standard error."""
    count = 2000
    first = 40 if delta < 0 else 5
    pre = np.repeat(spikes(200, [first]), count, axis=1)
    post = spikes(200, [first + delta])
    start = (made.lowest + made.highest) // 2
    changed = integer_reference.run(made, pre, post, np.full((1, count), start)).w[-1] - start
    return changed.mean() * made.unit, max(changed.std(), 0.01) * made.unit / np.sqrt(count)


@pytest.mark.parametrize("delta", [2, 10, 21, 30, -3, -12, -20])
def test_the_linear_window_is_a_line(delta):
    """A (1 - n by / 255), with A as the amplitude word has it."""
    made = on("pair-nearest", decay="linear")
    trace, number = made.traces["x" if delta > 0 else "y"], 1 if delta > 0 else 0
    change = made.changes[number]
    A = change.gain[0] * 255 / 2.0**change.shift * made.unit
    assert pytest.approx((0.00525, 0.005)[number], rel=1 / 128) == A
    want = change.sign * A * max(1 - abs(delta) * trace.by / 255, 0)
    got, error = window(made, delta)
    assert got == pytest.approx(want, abs=4 * error)


@pytest.mark.parametrize("delta", [4, 25, -8])
def test_the_window_by_shifts_follows_the_exponential(delta):
    """Of the ideal chip, within what a period is late at most, and its tau is off."""
    made = constrain(rule("pair-nearest").tuned(A_plus=0.05, A_minus=0.05), chip.load("ideal"), DT)
    trace = made.traces["x"]
    tau, late = trace.tau(DT), trace.period
    got, error = window(made, delta)
    n = abs(delta)
    early, after = (0.05 * np.exp(-max(n + each, 0) * DT / tau) for each in (late, -late))
    assert early - 4 * error - 1e-4 < abs(got) < after + 4 * error + 1e-4 and np.sign(got) == np.sign(delta)


def test_diehl_cook_changes_sign_where_the_trace_meets_its_target():
    """And w^mu is a table: from the highest code no step goes up."""
    made = on("diehl-cook", decay="linear", tuned={"eta": 0.2})
    change, = made.changes
    gain = 0.2 * (1 - np.arange(256) / 255) ** 0.2 * 255 * 2.0**change.shift / made.traces["x"].one
    assert_array_equal(change.gain, np.rint(gain))
    assert change.gain.max() <= CHIP.plasticity.amplitude.high < 2 * change.gain.max()
    one, by = made.traces["x"].one, made.traces["x"].by
    for delta in (1, 5, 30):
        up = one - delta * by > change.offset
        after = integer_reference.run(made, spikes(60, [5]), spikes(60, [5 + delta]), np.array([[100]])).w[-1, 0, 0]
        assert (after > 100) == up and after != 100
    assert change.offset == round(0.4 * one)


def test_the_triplet_term_needs_an_earlier_postsynaptic_spike():
    made = constrain(rule("triplet-visual-minimal"), chip.load("ideal"), DT)
    once = integer_reference.run(made, spikes(60, [20]), spikes(60, [30]), np.array([[32768]]))
    twice = integer_reference.run(made, spikes(60, [20]), spikes(60, [10, 30]), np.array([[32768]]))
    assert once.w[-1, 0, 0] == 32768
    o1, r1, o2 = (np.exp(-n * DT / tau) for n, tau in
                  ((10, made.traces["o1"].tau(DT)), (10, made.traces["r1"].tau(DT)), (20, made.traces["o2"].tau(DT))))
    want = -7.1e-3 * o1 + 6.5e-3 * r1 * o2
    assert (twice.w[-1, 0, 0] - 32768) * made.unit == pytest.approx(want, rel=0.1)


def test_eligibility_waits_for_the_reward():
    made = on("reward-modulated")
    pre, post = spikes(60, [5]), spikes(60, [12])
    none = integer_reference.run(made, pre, post, np.array([[100]]))
    assert none.c.max() > 5 and (none.w == 100).all()
    paid = integer_reference.run(made, pre, post, np.array([[100]]), d=made.third_code(0.5))
    punished = integer_reference.run(made, pre, post, np.array([[100]]), d=made.third_code(-0.5))
    assert paid.w[-1, 0, 0] > 100 > punished.w[-1, 0, 0] and (paid.w[:12] == 100).all()


@pytest.mark.parametrize("gate, sign", [(1.0, 1), (-1.0, -1), (0.0, 0)])
def test_the_gate_scales_and_turns_the_change(gate, sign):
    made = on("slow-memory-gated", tuned=LIVELY)
    seen = integer_reference.run(made, spikes(60, [5]), spikes(60, [10]), np.array([[100]]), gate=made.third_code(gate))
    assert np.sign(seen.w[-1, 0, 0] - 100) == sign


def test_a_closed_voltage_gate_changes_nothing():
    made = on("voltage-gated", tuned=LIVELY)
    below, at = (integer_reference.run(made, spikes(60, [5]), spikes(60, [10]), np.array([[100]]),
                                       u=np.full((60, 1), u)).w[-1, 0, 0] for u in (0.4999, 0.5))
    assert below == 100 < at


# order of events


def test_in_one_step_pre_comes_first_and_traces_jump_last():
    """Multiplicative steps do not commute: from 200, down then up, each by the trace of 10 steps ago and only that."""
    made = on("pair-multiplicative", {"w.rounding": "floor"}, {"A_plus": 0.5, "A_minus": 0.25}, decay="linear")
    both = spikes(30, [5, 15])
    down, up = made.changes
    trace = made.traces["x"].one - 10 * made.traces["x"].by
    after_pre = 200 - (trace * int(down.gain[0]) * 200 >> down.shift)
    want = after_pre + (trace * int(up.gain[0]) * (255 - after_pre) >> up.shift)
    post_first = 200 + (trace * int(up.gain[0]) * 55 >> up.shift)
    assert want != post_first - (trace * int(down.gain[0]) * post_first >> down.shift)
    seen = integer_reference.run(made, both, both, np.array([[200]]))
    assert seen.w[14, 0, 0] == 200 and seen.w[15, 0, 0] == want


def test_read_by_rows_a_late_spike_counts_at_the_next_presynaptic_one():
    """Pre at 5, post at 12, pre at 60, beyond the window of depression: until then the weight waits."""
    made = on("pair-nearest", {"reads": "rows", "w.rounding": "floor"}, {"A_plus": 0.5, "A_minus": 0.5})
    change, = made.changes
    seen = integer_reference.run(made, spikes(80, [5, 60]), spikes(80, [12]), np.array([[100]])).w[:, 0, 0]
    want = change.a_plus * (change.start - 7 * change.fall_plus) >> change.shift
    assert want > 50 and (seen[:60] == 100).all() and (seen[60:] == 100 + want).all()


def test_read_by_rows_an_early_spike_counts_at_once():
    made = on("pair-nearest", {"reads": "rows", "w.rounding": "floor"}, {"A_plus": 0.5, "A_minus": 0.5})
    change, = made.changes
    seen = integer_reference.run(made, spikes(40, [15]), spikes(40, [5]), np.array([[200]])).w[:, 0, 0]
    assert seen[15] == 200 + (-change.a_minus * (change.start - 10 * change.fall_minus) >> change.shift) < 150


def test_read_by_rows_it_is_the_nearest_rule_of_linear_windows():
    """Where each neuron spikes once between the other's, the weight after the next presynaptic spike is the same."""
    tuned = {"A_plus": 0.3, "A_minus": 0.2}
    rows = on("pair-nearest", {"reads": "rows", "w.bits": 16}, tuned)
    both = on("pair-nearest", {"w.bits": 16}, tuned, decay="linear")
    assert both.traces["x"].by == rows.changes[0].fall_plus
    pre, post = spikes(900, range(0, 800, 80)), spikes(900, range(9, 800, 80))
    w = np.array([[20000]])
    ends = [integer_reference.run(each, pre, post, w).w[720, 0, 0] for each in (rows, both)]
    assert abs(ends[0] - ends[1]) <= 20 + abs(ends[1] - 20000) / 64 and abs(ends[1] - 20000) > 5000


# devices


def test_a_device_without_faults_is_the_word():
    pre, post = trains()
    plain, none = on("pair-additive", tuned=LIVELY), on("pair-additive", tuned=LIVELY, device=Device(seed=99))
    w = beginning(plain)
    assert_array_equal(in_reference(plain, pre, post, w).w, in_reference(none, pre, post, w).w)
    still = replace(plain, device=Device(variation=1e-9))  # factors of 256/256
    assert_array_equal(still.device.factors(50), 2**VARIATION_BITS)
    assert_array_equal(in_reference(plain, pre, post, w).w, in_reference(still, pre, post, w).w)


def test_factors_vary_as_told_and_are_the_same_each_time():
    factors = Device(variation=0.2, seed=3).factors(20_000) / 2**VARIATION_BITS
    assert factors.mean() == pytest.approx(1, abs=4 * 0.2 / np.sqrt(20_000) + 2**-9)
    assert factors.std() == pytest.approx(0.2, rel=0.03)
    assert_array_equal(factors, Device(variation=0.2, seed=3).factors(20_000) / 2**VARIATION_BITS)
    assert (factors != Device(variation=0.2, seed=4).factors(20_000) / 2**VARIATION_BITS).any()
    assert Device(variation=1.0).factors(10_000).min() == 0


@pytest.mark.parametrize("part", [0.0, 0.3, 1.0])
def test_writes_fail_as_often_as_told_and_wear_the_cell_all_the_same(part):
    made = on("pair-nearest", tuned={"A_plus": 0.1}, device=Device(failing_part=part))
    count = 3000
    pre, post = np.repeat(spikes(20, [5]), count, axis=1), spikes(20, [10])
    seen = integer_reference.run(made, pre, post, np.full((1, count), 100))
    assert (seen.writes == 1).all()
    assert (seen.w[-1] == 100).mean() == pytest.approx(part, abs=4 * np.sqrt(part * (1 - part) / count))


def test_up_is_not_down():
    plain = on("pair-additive", tuned=LIVELY)
    made = on("pair-additive", tuned=LIVELY, device=Device(up=0.5, down=2.0))
    ratio = [each.gain[0] / 2.0**each.shift / (same.gain[0] / 2.0**same.shift)
             for each, same in zip(made.changes, plain.changes, strict=True)]
    assert ratio == pytest.approx([2.0, 0.5], rel=1 / 64)


def test_bent_steps_shrink_toward_the_end_they_go_to():
    down, up = on("pair-additive", {"amplitude.bits": 16}, LIVELY, device=Device(bend=3.0)).changes
    for gain in (down.gain[::-1], up.gain):
        assert gain[-1] / gain[0] == pytest.approx(np.exp(-3), rel=1e-3) and (np.diff(gain) <= 0).all()


def test_few_levels():
    made = on("pair-additive", device=Device(levels=5))
    assert (made.lowest, made.highest, made.unit) == (0, 4, 0.25)
    assert_array_equal(made.codes([0, 0.3, 1.0]), [0, 1, 4])
    assert_array_equal(made.values([0, 1, 4]), [0, 0.25, 1.0])


def test_drift_is_a_power_of_time():
    w = np.array([0.2, 1.0])
    decades = np.array([drifted(w, 10.0**n, nu=0.05) for n in range(5)])
    assert np.diff(np.log10(decades), axis=0) == pytest.approx(-0.05, rel=1e-12)
    assert_array_equal(drifted(w, 0.5, nu=0.05), w)  # nothing before t0
    assert_array_equal(drifted(w, 1e6, nu=0.0), w)
    spread = drifted(np.ones(20_000), 100.0, nu=0.05, spread=0.01, seed=2)
    assert np.log(spread).mean() / np.log(100) == pytest.approx(-0.05, abs=4 * 0.01 / np.sqrt(20_000))
    assert_array_equal(spread, drifted(np.ones(20_000), 100.0, nu=0.05, spread=0.01, seed=2))


@pytest.mark.parametrize("wrong, told", [
    ({"variation": -0.1}, "variation = -0.1"), ({"failing_part": 1.5}, "failing_part = 1.5"), ({"up": 0.0}, "up = 0.0"),
    ({"down": float("inf")}, "down = inf"), ({"bend": -1}, "bend = -1"), ({"levels": 1}, "levels = 1"),
    ({"variation": float("nan")}, "variation = nan"),
])
def test_wrong_devices(wrong, told):
    with pytest.raises(DmpnetError, match=told):
        Device(**wrong)


def test_wrong_drift():
    with pytest.raises(DmpnetError, match="t0 = 0"):
        drifted(np.ones(2), 1.0, 0.1, t0=0)


# what a rule becomes


@pytest.mark.parametrize("name", [name for name in all_rules() if name != "pair-nearest-coincident"])
def test_every_rule_of_the_catalogue_has_an_integer_form(name):
    made = on(name)
    assert made.changes and made.highest > made.lowest
    assert made.unit * made.highest == pytest.approx(rule(name)["w_max"])
    for change in made.changes:
        assert change.gain.max() <= CHIP.plasticity.amplitude.high * (256 if change.cross else 1)
        assert change.cross <= CHIP.plasticity.amplitude.high
        assert max(change.gain.max(), change.cross) > 127, "half of the amplitude's word is unused"
    assert {parameter for parameter, _, _ in made.became} <= set(rule(name).parameters)


def test_a_rule_that_joins_the_catalogue_has_the_form_of_its_lines_or_none(monkeypatch):
    """One that changes w as another does has its form, whatever it is called; lines of its own are refused by name."""
    soft = replace(rule("pair-additive"), name="soft", on_post="w = clip(w + A_plus*(w_max - w)*x_pre, w_min, w_max)")
    named = replace(rule("pair-multiplicative"), name="triplet-of-mine")
    rules = all_rules() | {made.name: made for made in (soft, named)}
    for module in (plastic_changes, plastic_rules):
        monkeypatch.setattr(module, "all_rules", lambda: rules)
    with pytest.raises(DmpnetError, match="soft: no integer form, as it changes w by lines .*plastic_changes.py"):
        constrain(soft, CHIP, DT)
    assert plastic_rules.reads("soft") == () and plastic_rules.reads("triplet-of-mine") == ("both",)
    made, other = constrain(named, CHIP, DT), on("pair-multiplicative")
    assert [str(change) for change in made.changes] == [str(change) for change in other.changes]


def test_a_step_longer_than_a_trace_lasts_is_told():
    """Somebody's dt = 1 for a millisecond."""
    assert not any("dt is in s" in note for note in constrain(rule("pair-additive"), CHIP, 1e-3).notes)
    notes = constrain(rule("pair-additive"), CHIP, 1).notes
    assert [note for note in notes if "tau_plus = 0.02 s, but a step has 1 s" in note and "dt is in s" in note]


def test_rates_become_amplitudes():
    """A step at a trace of 1 is A w_max in codes, within half a unit of the amplitude."""
    for bits in (4, 8, 12):
        down, up = on("pair-additive", {"amplitude.bits": bits}).changes
        for change, A in ((down, 0.00525), (up, 0.005)):
            step = change.gain[0] * 64 / 2.0**change.shift / 255
            assert step == pytest.approx(A, rel=0.5 / change.gain[0]) and change.gain[0] >= 2 ** (bits - 1)


REFUSED = {
    "does not learn": (lambda: constrain(rule("pair-additive"), chip.load("dmp"), DT),
                       "pair-additive: chip DMP core does not learn, .*memory for traces.*learning"),
    "by rows": (lambda: on("pair-additive", {"reads": "rows"}), "read by rows only; take pair-nearest or stochastic"),
    "by columns": (lambda: on("pair-nearest", {"reads": "columns"}), "read by columns only; take diehl-cook, or"),
    "rows without lines": (lambda: on("pair-nearest", {"reads": "rows", "decay": ["shift"]}), "windows are lines"),
    "decay": (lambda: on("pair-nearest", {"decay": ["shift"]}, decay="linear"), "decay = 'linear', but .* have shift"),
    "own rule": (lambda: constrain(replace(rule("pair-additive"), on_pre="w = w_min"), CHIP, DT), "no integer form"),
    "unknown name": (lambda: constrain(replace(rule("pair-additive"), name="hebb"), CHIP, DT), "hebb: no integer form"),
    "binary without chance": (lambda: on("stochastic-binary", {"w.rounding": "nearest"}), "draws random numbers"),
    "sign": (lambda: on("pair-additive", tuned={"w_min": -1.0}), "w_min = -1, but .*no sign.*w.signed = true"),
    "step": (lambda: constrain(rule("pair-additive"), CHIP, 0.0), "dt = 0.0, but a step takes time"),
    "step in ms": (lambda: constrain(rule("pair-additive"), CHIP, DT * second), "dt = .* has the unit second"),
    "step in words": (lambda: constrain(rule("pair-additive"), CHIP, "1ms"), "dt = '1ms', but a step takes time"),
    "name of a rule": (lambda: constrain("pair-additive", CHIP, DT), "plastic_rules.constrain: rule = 'pair-additive'"),
    "headroom in words": (lambda: on("pair-additive", headroom="4"), "headroom = '4', but it is a power of two"),
    "device by name": (lambda: on("pair-additive", device="pcm"), "device = 'pcm', but it is a Device"),
    "headroom": (lambda: on("pair-additive", headroom=3), "headroom = 3, but it is a power of two"),
    "too much headroom": (lambda: on("pair-additive", headroom=512), "headroom of 512; .*headroom = 256 or less"),
    "third": (lambda: on("slow-memory-gated", largest_third=-1.0), "largest_third = -1"),
    "too large a third": (lambda: on("slow-memory-gated", largest_third=1e3), "third factor of 1000 .*127 or less"),
    "levels": (lambda: on("pair-additive", {"w.bits": 4}, device=Device(levels=17)), "17 levels, but .*16 codes"),
    "bent binary": (lambda: on("stochastic-binary", device=Device(bend=1.0)), "binary weight has no steps"),
    "bent triplet": (lambda: on("triplet-visual-full", device=Device(bend=1.0)), "sums of two"),
    "bent rows": (lambda: on("pair-nearest", {"reads": "rows"}, device=Device(bend=1.0)), "up and down are one sum"),
    "too fast": (lambda: on("pair-additive", {"w.bits": 16, "trace.bits": 4}, {"A_plus": 1.0, "A_minus": 1.0}),
                 "lower the rates"),
    "small steps by rows": (lambda: on("pair-nearest", {"reads": "rows", "w.bits": 3, "w.rounding": "nearest"}),
                            "makes nothing of"),
    "weights beyond": (lambda: on("pair-additive").codes([0.5, 1.5]), "from 0.5 to 1.5, but its codes hold 0 to 1"),
    "no third": (lambda: on("pair-additive").third_code(1.0), "no third factor"),
    "w_min >= w_max": (lambda: on("pair-additive", tuned={"w_min": 1.0}), "w_min < w_max"),
    "negative tau": (lambda: on("pair-additive", tuned={"tau_plus": -1 * ms}), "tau_plus"),
    "unknown rule": (lambda: on("hebb"), "'hebb'.*pair-additive"),
    "too many bits": (lambda: on("pair-additive", {"w.bits": 17}), "at most 16 bits"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_had_is_refused_by_name(what):
    make, told = REFUSED[what]
    with pytest.raises(DmpnetError, match=told) as error:
        make()
    assert "\n" not in str(error.value)


def test_codes_are_whole_in_brian2():
    made = on("pair-additive")
    with protocols.brian2_on("numpy", DT):
        source, target = neurons(*trains(5))
        with pytest.raises(DmpnetError, match="not whole.*codes"):
            plasticity.synapses(made.brian2, source, target, w=0.5)
        with pytest.raises(DmpnetError, match="between 0 and 255"):
            plasticity.synapses(made.brian2, source, target, w=256)
        with pytest.raises(DmpnetError, match="states of a register"):
            plasticity.synapses(made.brian2, NeuronGroup(65535, "v : 1", threshold="v > 1"), target, i=[0], j=[0])


@pytest.mark.parametrize("made, told", [
    (lambda: on("reward-modulated"), "d_0 = 0.002 became 0: plasticity.third has 8 bits"),
    (lambda: on("diehl-cook", {"trace.bits": 2}), "x_tar = 0.4 became 0: plasticity.trace has 2 bits"),
    (lambda: on("pair-nearest", {"reads": "rows"}, {"A_plus": 0.1, "A_minus": 1e-5}),
     "A_minus = 1e-05 became 0: plasticity.amplitude has 8 bits"),
    (lambda: on("stochastic-binary", {"reads": "rows"}, {"p_plus": 1e-6, "p_minus": 0.1}), "p_plus = 1e-06 became 0"),
], ids=["tonic reward", "target", "depression by rows", "potentiation by rows"])
def test_what_rounding_makes_0_is_noted(made, told):
    assert sum(told in note for note in made().notes) == 1


def test_what_becomes_of_targets_and_of_amplitudes_by_rows_is_told():
    """To half a unit of a trace that stands for 1 with 64, and of an amplitude above 127."""
    assert dict((name, has) for name, _, has in on("diehl-cook").became)["x_tar"] == pytest.approx(0.4, abs=0.5 / 64)
    rows = {name: (said, has) for name, said, has in on("pair-nearest", {"reads": "rows"}, LIVELY).became}
    assert rows["A_plus"] == (0.05, pytest.approx(0.05, rel=1 / 128))
    assert rows["A_minus"] == (0.06, pytest.approx(0.06, rel=1 / 256))


def test_an_unused_sign_is_noted():
    assert any("sign" in note for note in on("pair-additive", {"w.signed": True}).notes)
    assert isinstance(on("pair-additive").brian2, Rule) and not on("pair-additive").notes


# in converted networks


def test_an_integer_network_learns_in_its_own_integers():
    """W_f of a constrained network are the codes; afterwards each sample's are those of the reference, bit for bit."""
    trained = random_network((6, 16, 3), steps=30, seed=6)
    s_in = random_input(trained, 2)
    described = chip.changed(CHIP, {"plasticity.w.signed": True})
    network = constrain_network(trained, described, s_in).network
    made = constrain(rule("pair-additive").tuned(A_plus=0.05, A_minus=0.02, w_min=-127.0, w_max=127.0), described,
                     network.encoding.dt)
    assert made.unit == 1 and (made.lowest, made.highest) == (-127, 127)
    with protocols.brian2_on("numpy", network.encoding.dt):
        converted = convert(network, s_in, coupling="synapses")
        plastic = plasticity.make_plastic(converted, network, "W_f_1", made.brian2, 2)
        heard = SpikeMonitor(converted["input"], name="heard")
        converted.add(heard)
        converted.run(duration(network, 30), namespace={})
        got = plasticity.weights(plastic, (2, 16, 6))
        pre, post = (raster(monitor, size, timing(network, 30).total, network.encoding.dt)
                     for monitor, size in ((heard, 12), (converted["spikes_1"], 32)))
    before = network.layers[0].W_f
    assert 0.005 < post.mean() < 0.5, "silent or saturated: equality would show nothing"
    want = integer_reference.run(made, pre, post, np.tile(before, (2, 2))).w[-1]  # registers run on over the samples
    for sample in range(2):
        assert (got[sample] != before).sum() > 20
        assert_array_equal(got[sample], want[sample * 16:(sample + 1) * 16, sample * 6:(sample + 1) * 6])


def test_a_rule_that_reads_the_membrane_is_refused_in_integers():
    """There u is 0 at every spike, so that its gate would never open to potentiation, and theta_g would be a code."""
    trained = random_network((6, 16, 3), steps=30, seed=6)
    network = constrain_network(trained, CHIP, random_input(trained, 2)).network
    made = on("voltage-gated", {"w.signed": True}, {"w_min": -127.0, "w_max": 127.0, "A_plus": 0.05})
    with pytest.raises(DmpnetError, match="W_f_1: voltage-gated reads .* fast_1, in integers.*trained network"):
        plasticity.make_plastic(Network(), network, "W_f_1", made.brian2, 2)


def raster(monitor, size, total, dt):
    """(total, size) spikes by simulation step."""
    fired = np.zeros((total, size), bool)
    fired[np.rint(np.asarray(monitor.t / second) / dt).astype(int), np.asarray(monitor.i)] = True
    return fired


def test_the_gate_of_a_slow_memory_is_a_code():
    """w_g . m, times what stands for 1, rounded and held."""
    made = on("slow-memory-gated")
    w_g = np.array([0.5, -0.25])
    with protocols.brian2_on("numpy", DT):
        source, target = neurons(*trains(5))
        slow = NeuronGroup(2, "m : 1", name="slow_memory")
        slow.m = [0.77, 0.1]
        plastic = plasticity.synapses(made.brian2, source, target, w=100)
        gate = plasticity.gate_by_memory(plastic, slow, w_g)
        network = Network(source, target, slow, gate, *plastic.objects)
        network.run(3 * DT * second, namespace={})
        assert plastic.third.gate[0] == made.third_code(0.5 * 0.77 - 0.25 * 0.1) == round(0.36 * 32)
        slow.m = [1e3, 0]
        network.run(3 * DT * second, namespace={})
        assert plastic.third.gate[0] == 127


# windows in Brian2, and the command


@pytest.mark.parametrize("made", [
    lambda: on("pair-nearest", decay="linear", tuned=LIVELY),
    lambda: on("pair-nearest", {"reads": "rows"}, tuned=LIVELY),
], ids=["both", "rows"])
def test_the_window_measured_in_brian2_is_the_line(made, monkeypatch):
    """The mean over copies, each with registers of its own, within four of its standard errors at every distance."""
    monkeypatch.setattr(protocols, "MOST", 700_000)
    made = made()
    seen = protocols.window_on_chip(made)
    fall = made.changes[0].fall_plus if made.by_rows else made.traces["x"].by
    line = np.maximum(1 - np.abs(seen.delta) / DT * fall / 255, 0)
    want = np.sign(seen.delta) * line * np.where(seen.delta > 0, 0.05, 0.06)
    copies = 700_000 // (len(seen.delta) * (105 + (made.longest + 2) * made.by_rows))
    error = np.maximum(seen.spread, made.unit / 8) / np.sqrt(copies) + 0.06 / 128
    assert copies > 20 and (np.abs(seen.dw) > 4 * error).sum() > 30
    assert (np.abs(seen.dw - want) < 4 * error).all()
    assert seen.closed is None and seen.spread[50] == 0


def dmpnet(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_a_rule_is_shown_as_the_chip_has_it(capsys):
    assert dmpnet("stdp", "show", "triplet-visual-full", "--chip", "learning", "--neurons", 784, 400) == 0
    out = capsys.readouterr().out
    assert "A2_plus = 5e-10 became 0" in out and "codes 0 to 255" in out and "traces bank (bytes)" in out
    assert dmpnet("stdp", "show", "reward-modulated", "--chip", "learning") == 0
    out = capsys.readouterr().out
    assert "too many" in out and "by itself" in out
    assert dmpnet("stdp", "show", "pair-nearest", "--chip", "learning", "--device", "levels=5", "up=0.5") == 0
    assert "codes 0 to 4" in capsys.readouterr().out
    assert dmpnet("stdp", "show", "pair-nearest", "--chip", "learning") == 0  # A_minus: 0.00525 as 0.005249
    assert "tau_minus (s)" in (out := capsys.readouterr().out) and "0.00524902" in out and "-0.0" not in out
    assert dmpnet("stdp") == 0
    assert "both, rows" in (out := capsys.readouterr().out) and "both, columns" in out


def test_a_window_on_a_chip_is_written_and_drawn_beside_the_other(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(protocols, "MOST", 40_000)
    out = tmp_path / "w.csv"
    arguments = ("stdp", "window", "pair-nearest", "--chip", "learning", "--set", "plasticity.w.bits=4", "--out", out)
    assert dmpnet(*arguments, "--figure", tmp_path / "w.pdf") == 0
    assert "from w = 0.5; on chip: learning core, 4 bits\n" in capsys.readouterr().out
    rows = list(csv.DictReader(out.open()))
    kinds = [[row for row in rows if row["protocol"] == kind] for kind in ("window", "on chip")]
    assert [len(kind) for kind in kinds] == [101, 101] and all(row["spread"] for row in kinds[1])
    steps = np.array([float(row["dw"]) for row in kinds[1]])
    assert steps.any() and np.abs(steps).max() <= 1 / 15
    recorded = json.loads(out.with_suffix(".json").read_text())
    assert [name for name, _, _ in recorded["became"]] == ["A_minus", "A_plus", "tau_plus", "tau_minus"]
    assert recorded["chip"]["plasticity.w"] == "set by the user"
    assert (tmp_path / "w.png").stat().st_size > 5_000
    first = out.read_bytes()
    assert dmpnet(*arguments) == 0 and out.read_bytes() == first


@pytest.mark.parametrize("arguments, told", [
    (("--chip", "dmp"), "does not learn"), (("--chip", "loihi"), "loihi"), (("--decay", "linear"), "add --chip"),
    (("--set", "plasticity.w.bits=4"), "add --chip"), (("--device", "levels=4"), "add --chip"),
    (("--chip", "learning", "--device", "colour=4"), "device: colour = 4"),
    (("--chip", "learning", "--device", "levels=2.5"), "levels = 2.5"),
    (("--chip", "learning", "--device", "up=high"), "device: up = 'high'"),
    (("--chip", "learning", "--set", "plasticity.w.bits=40"), "at most 16 bits"),
    (("--chip", "learning", "--set", "plasticity.reads=rows"), "read by rows only"),
])
def test_wrong_requests_end_in_one_line(arguments, told, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert dmpnet("stdp", "window", "pair-additive", *arguments, "--out", "x.csv") == 2
    err = capsys.readouterr().err.strip()
    assert told in err and "\n" not in err and list(tmp_path.iterdir()) == []
