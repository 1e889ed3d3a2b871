"""Plastic synapses in a user's own Brian2 script: its names, clocks, delays, networks, devices and precision.

Whatever the script has, weights are those of the rule on the same spikes, or the request is refused by name.
"""

import gc
import re
from dataclasses import replace

import brian2
import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, SpikeGeneratorGroup, TimedArray, ms, prefs, second, start_scope
from brian2.utils.logger import catch_logs
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from numpy.testing import assert_allclose, assert_array_equal

from dmpnet import plasticity
from dmpnet.brian.conversion import convert
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip, plastic_rules
from dmpnet.plasticity import all_rules, integer_reference, names, protocols, rule
from dmpnet.plasticity import reference as exact

EPS = np.finfo(float).eps
DT = protocols.STEP
PAIR = rule("pair-additive")
AFTER_5_MS = 0.005 * np.exp(-5 / 20)  # of A_plus, potentiation 5 ms before a postsynaptic spike


@pytest.fixture(autouse=True)
def at_run_time():
    """Brian2's run-time device on numpy, steps of 1 ms; as before, after."""
    with protocols.brian2_on("numpy", DT):
        yield


def pair(delta=5.0, **options):
    """A presynaptic neuron that spikes at 10 ms, and a postsynaptic one delta ms later."""
    return (SpikeGeneratorGroup(1, [0], [10] * ms, **options),
            SpikeGeneratorGroup(1, [0], [10 + delta] * ms, **options))


def spiking(fired, side, extra=""):
    """Neurons that spike as in fired (T, n), with a membrane u of 1 and further variables."""
    fires = TimedArray(fired.astype(float), dt=DT * second, name=f"{side}_fires")
    made = NeuronGroup(fired.shape[1], f"u : 1 (constant)\n{extra}", threshold=f"{side}_fires(t, i) > 0", reset="",
                       name=f"{side}_neurons", namespace={f"{side}_fires": fires})
    made.u = 1
    return made


def trains(steps=60, sources=3, targets=2, rate=0.15, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((steps, sources)) < rate, rng.random((steps, targets)) < rate


def set_third(plastic, value=0.7):
    if plastic.third is not None:
        setattr(plastic.third, "gate" if "gate" in plastic.third.variables else "d", value)


def test_several_plastic_synapses_have_names_of_their_own():
    source, target = SpikeGeneratorGroup(1, [0], [1] * ms), SpikeGeneratorGroup(1, [0], [2] * ms)
    both = [plasticity.synapses(rule("pair-additive"), source, target, w=0.5) for _ in range(2)]
    Network(source, target, both).run(5 * ms)
    names = [part.name for each in both for part in each.objects]
    assert len({*names}) == len(names) and both[0].w[0] == both[1].w[0] != 0.5


def test_synapses_that_no_network_ever_had_are_told():
    """As Brian2's own: kept in a dict, a bare run() does not find them. Nothing is told of what is in them."""
    def script(keep):
        start_scope()
        source, target = pair()
        kept = {"ab": plasticity.synapses(PAIR, source, target, w=0.5)}
        if keep:
            plastic = kept["ab"]  # noqa: F841
        brian2.run(40 * ms)
        return float(kept["ab"].w[0])

    for keep in (True, False):
        with catch_logs() as logs:
            w = script(keep)
            gc.collect()
        told = [text for _, where, text in logs if where.endswith("unused_brian_object")]
        assert (w > 0.5) == keep and len(told) == 1 - keep
        assert keep or "'plastic' is getting deleted, but was never included in a network" in told[0]


# names

OF_A_KIND = ("pair-additive", "triplet-visual-full", "diehl-cook-code", "reward-modulated", "slow-memory-gated",
             "voltage-gated", "stochastic-binary", "pair-nearest on learning")


def of_kind(name):
    if name.endswith("learning"):
        return plastic_rules.constrain(rule("pair-nearest").tuned(A_plus=0.3), chip.load("learning"), DT).brian2
    return rule(name).tuned(p_plus=0.9, p_minus=0.9) if name == "stochastic-binary" else rule(name)


def in_its_code(made):
    """Names that the rule's code mentions, with the ends that Brian2 gives to names of neurons and without."""
    code = "\n".join((made.on_pre, made.on_post, made.each_step, made.pre_equations, made.post_equations,
                      made.third_factor))
    found = (names.get_identifiers(code) | set(made.parameters)) - names.EVERYWHERE - {"u", "u_post"}
    found |= {name.removesuffix(end) for name in found for end in ("_pre", "_post", "_third") if name.endswith(end)}
    return sorted(name for name in found if not name.endswith(("_pre", "_post")) and name != "u")


def weights_with(made, sources="", targets=""):
    pre, post = trains()
    start_scope()
    source, target = spiking(pre, "first", sources), spiking(post, "second", targets)
    mine = {(group.name, name): (group, name) for group, given in ((source, sources), (target, targets))
            for name in names.variables(given)}
    for group, name in mine.values():
        setattr(group, name, 3.25)
    plastic = plasticity.synapses(made, source, target, w=np.round(np.linspace(0.2, 0.9, 6)))
    set_third(plastic, 1)
    Network(source, target, plastic).run(len(pre) * DT * second, namespace={})
    for group, name in mine.values():
        assert_array_equal(getattr(group, name)[:], 3.25, err_msg=f"{group.name}.{name}")
    return np.array(plastic.w[:])


@pytest.mark.slow
@settings(max_examples=10)
@given(st.data())
def test_variables_of_the_neurons_are_left_alone_whatever_they_are_called(data):
    made = of_kind(data.draw(st.sampled_from(OF_A_KIND)))
    some = st.lists(st.sampled_from(in_its_code(made)), max_size=4, unique=True)
    sources, targets = ("\n".join(f"{name} : 1" for name in data.draw(some)) for _ in range(2))
    try:
        got = weights_with(made, sources, targets)
    except DmpnetError as refused:
        assert any(f"a variable {name!r}" in str(refused) for own in (sources, targets)
                   for name in names.variables(own))
        return
    assert_array_equal(got, weights_with(made))


def test_names_that_collide_do_not_refuse_the_rule():
    """Otherwise the test above would show nothing: tau, a trace, a parameter, and one whose end is Brian2's."""
    for name, sources, targets in (("reward-modulated", "x : 1", "tau : 1\ntaken : 1\ny : 1\nA_plus : 1\nw_max : 1"),
                                   ("diehl-cook-code", "eta : 1\nx : 1", "eta : 1\ny1 : 1")):
        got = weights_with(rule(name), sources, targets)
        assert_array_equal(got, weights_with(rule(name)))
        assert (got != np.round(np.linspace(0.2, 0.9, 6))).any()


def test_a_rule_that_reads_what_it_does_not_declare_is_refused():
    reads = replace(PAIR, on_post="w = clip(w + A_plus*w_max*x_pre*v_post, w_min, w_max)")
    group = NeuronGroup(1, "v : 1", threshold="v > 1", reset="", namespace={})
    with pytest.raises(DmpnetError, match="reads v_post of the neurons.*needs"):
        plasticity.synapses(reads, group, group)
    assert plasticity.synapses(replace(reads, needs=("v",)), group, group).rule.needs == ("v",)


def test_variables_of_the_script_are_no_cause_for_warnings():
    """Of that name: weights, traces, parameters and what is computed on the way; values are not theirs either."""
    w = x = y = r = c = k = d = tau = taken = A_plus = tau_plus = d_third = 7.0  # noqa: F841
    pre, post = pair()
    plastic = plasticity.synapses(rule("reward-modulated").tuned(d_0=0.0), pre, post, w=1.0)
    plastic.third.d = 0.5
    network = Network(pre, post, plastic)
    with catch_logs() as logs:
        network.run(40 * ms)
    assert [told for _, where, told in logs if not where.endswith("unused_brian_object")] == []
    p = plastic.rule.numbers
    want = exact.reward_after(p["A_plus"] * np.exp(-5 / 20), 0.5 * np.exp(-15 / 200), 25e-3, p)
    assert plastic.w[0] - 1 == pytest.approx(want, rel=1e-12)


def test_the_script_is_read_where_its_own_code_is():
    unit, k = 3.0, 2.0  # noqa: F841
    pre = SpikeGeneratorGroup(1, [0], [10] * ms)
    post = NeuronGroup(1, "I : 1", threshold="I > 1", reset="")
    plastic = plasticity.synapses(PAIR, pre, post, w=0.25, transmit="I_post += w*unit")
    Network(pre, post, plastic).run(20 * ms)
    assert post.I[0] == 0.75
    plastic.w = "k/4"
    assert plastic.w[0] == 0.5


# what belongs together


@pytest.mark.parametrize("how", ["plastic", "synapses", "objects", "run()", "run() of the synapses"])
def test_traces_and_third_factor_come_with_the_synapses(how):
    """And run once each: twice, a trace would decay by exp(-10/20)."""
    start_scope()
    pre, post = pair()
    if how == "run()":
        plastic = plasticity.synapses(PAIR, pre, post, w=0.5, name="learns")
        brian2.run(40 * ms, namespace={})
        got = plastic.w[0]
    elif how == "run() of the synapses":
        synapses = plasticity.synapses(PAIR, pre, post, w=0.5, name="learns").synapses
        brian2.run(20 * ms, namespace={})
        brian2.run(20 * ms, namespace={})
        got = synapses.w[0]
    else:
        plastic = plasticity.synapses(PAIR, pre, post, w=0.5, name="learns")
        parts = {"plastic": [plastic], "synapses": [plastic.synapses], "objects": plastic.objects}[how]
        Network(pre, post, *parts).run(40 * ms, namespace={})
        got = plastic.w[0]
    assert got - 0.5 == pytest.approx(AFTER_5_MS, abs=2 * EPS)


def test_stored_traces_and_third_factors_are_restored():
    pre, post = pair()
    plastic = plasticity.synapses(rule("reward-modulated"), pre, post, w=1.0)
    plastic.third.d = 0.5
    network = Network(pre, post, plastic)
    network.run(12 * ms, namespace={})
    network.store()
    network.run(20 * ms, namespace={})
    first = plastic.w[0]
    network.restore()
    assert plastic.w[0] == 1 and first > 1
    network.run(20 * ms, namespace={})
    assert plastic.w[0] == first


def test_a_gate_comes_with_its_synapses():
    memory = NeuronGroup(2, "m : 1 (constant)", name="memory")
    memory.m = [0.5, 0.25]
    for added in (False, True):
        pre, post = pair()
        plastic = plasticity.synapses(rule("slow-memory-gated"), pre, post, w=0.5)
        gate = plasticity.gate_by_memory(plastic, memory, [1.0, -1.0])
        slow, memory = memory, NeuronGroup(2, "m : 1 (constant)", name="memory")
        memory.m = [0.5, 0.25]
        Network(pre, post, slow, plastic, *[gate] * added).run(40 * ms, namespace={})
        assert plastic.w[0] - 0.5 == pytest.approx(0.25 * AFTER_5_MS, abs=2 * EPS)


# clocks


@pytest.mark.parametrize("default", [1.0, 5.0])
@pytest.mark.parametrize("delta", [0.5, 5.5, -0.3])
def test_a_rule_works_in_the_steps_of_its_neurons(default, delta):
    brian2.defaultclock.dt = default * ms
    pre, post = pair(delta, dt=0.1 * ms)
    plastic = plasticity.synapses(PAIR, pre, post, w=0.5)
    Network(pre, post, plastic).run(40 * ms, namespace={})
    want = exact.pair_window(np.array(delta * 1e-3), PAIR.numbers)
    assert plastic.w[0] - 0.5 == pytest.approx(float(want), abs=100 * EPS)


def test_reward_counts_in_the_steps_of_the_neurons():
    changes = []
    for default in (1.0, 5.0):
        brian2.defaultclock.dt = default * ms
        pre, post = pair(dt=0.5 * ms)
        plastic = plasticity.synapses(rule("reward-modulated").tuned(d_0=0.0), pre, post, w=1.0)
        plastic.third.d = 0.5
        Network(pre, post, plastic).run(40 * ms, namespace={})
        changes.append(plastic.w[0] - 1)
    p = plastic.rule.numbers
    want = exact.reward_after(p["A_plus"] * np.exp(-5 / 20), 0.5 * np.exp(-15 / 200), 25e-3, p)
    assert_allclose(changes, want, rtol=1e-12)


def test_steps_changed_later_are_followed_or_refused():
    pre, post = pair(5.5)
    plastic = plasticity.synapses(PAIR, pre, post, w=0.5)
    brian2.defaultclock.dt = 0.1 * ms
    Network(pre, post, plastic).run(40 * ms, namespace={})
    assert plastic.w[0] - 0.5 == pytest.approx(0.005 * np.exp(-5.5 / 20), abs=100 * EPS)
    fine = Clock(dt=0.1 * ms)
    pre, _ = pair(clock=fine)
    _, post = pair(dt=0.1 * ms)
    plastic = plasticity.synapses(PAIR, pre, post, w=0.5)
    fine.dt = 0.2 * ms
    refused_at_run(Network(pre, post, plastic), "pair-additive: dt of .* = 0.2 ms, .* = 0.1 ms")


def refused_at_run(network, told):
    """Brian2 says which object could not run, and that for this reason."""
    with pytest.raises(brian2.BrianObjectException) as raised:
        network.run(1 * ms, namespace={})
    assert isinstance(raised.value.__cause__, DmpnetError)
    assert re.search(told, str(raised.value.__cause__)), raised.value.__cause__
    assert "\n" not in str(raised.value.__cause__)


def test_neurons_of_different_steps_are_refused():
    (pre, _), (_, post) = pair(dt=0.1 * ms), pair()
    with pytest.raises(DmpnetError, match="dt of .* = 0.1 ms, .* = 1 ms, .* same clock"):
        plasticity.synapses(PAIR, pre, post)


def test_a_rule_of_a_chip_runs_in_the_steps_it_was_made_for():
    made = plastic_rules.constrain(PAIR, chip.load("learning"), DT).brian2
    with pytest.raises(DmpnetError, match="dt = 0.1 ms of .* made for steps of 1 ms; constrain it for dt = 0.0001 s"):
        plasticity.synapses(made, *pair(dt=0.1 * ms))
    pre, post = pair()
    plastic = plasticity.synapses(made, pre, post)
    brian2.defaultclock.dt = 0.5 * ms
    refused_at_run(Network(pre, post, plastic), "made for steps of 1 ms")


# delays

WIDE = {"w_min": -100.0, "w_max": 100.0}


def later(fired, steps):
    """Spikes (T, n) that arrive after steps (n,)."""
    arrived = np.zeros_like(fired)
    for neuron, wait in enumerate(np.broadcast_to(steps, fired.shape[1])):
        arrived[wait:, neuron] = fired[:len(fired) - wait, neuron]
    return arrived


@pytest.mark.slow
@settings(max_examples=15)
@given(st.sampled_from([name for name in all_rules() if name != "voltage-gated"]), st.data())
def test_a_rule_with_delays_is_the_rule_of_later_spikes(name, data):
    """Of an axon and a dendrite, one for all or one for each neuron."""
    pre, post = trains(rate=0.3)
    delays = [data.draw(st.one_of(st.integers(0, 12), st.lists(st.integers(0, 12), min_size=n, max_size=n)))
              for n in (3, 2)]
    chosen = rule(name).tuned(p_plus=0.6, p_minus=0.6) if name == "stochastic-binary" else rule(name)
    w = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    source, target = spiking(pre, "first"), spiking(post, "second")
    plastic = plasticity.synapses(chosen, source, target, w=w.T.ravel(), delay=delays[0] * ms,
                                  post_delay=delays[1] * ms)
    set_third(plastic)
    Network(source, target, plastic).run(len(pre) * DT * second, namespace={})
    arrived = later(pre, delays[0]), later(post, delays[1])
    course = 0.7 * np.exp(-np.arange(len(pre)) * (DT / 0.2 if name == "reward-modulated" else 0))
    want = exact.run(name, *arrived, w, DT, chosen.numbers, third=course)
    assert_allclose(np.array(plastic.w[:]).reshape(3, 2).T, want, rtol=0, atol=3 * 60 * 4 * EPS)


@pytest.mark.parametrize("delay, post_delay", [(3, 0), (0, 4), (2, 11), (15, 0)])
def test_a_pair_is_as_far_apart_as_its_spikes_arrive(delay, post_delay):
    """(t_post + post_delay) - (t_pre + delay), which may turn the sign."""
    pre, post = pair()
    plastic = plasticity.synapses(PAIR, pre, post, w=0.5, delay=delay * ms, post_delay=post_delay * ms)
    Network(pre, post, plastic).run(60 * ms, namespace={})
    want = exact.pair_window(np.array((5 + post_delay - delay) * 1e-3), PAIR.numbers)
    assert plastic.w[0] - 0.5 == pytest.approx(float(want), abs=20 * EPS)


def test_a_weight_arrives_after_the_delay_of_the_axon():
    pre, post = SpikeGeneratorGroup(1, [0], [10] * ms), NeuronGroup(1, "I : 1", threshold="I > 1", reset="")
    plastic = plasticity.synapses(PAIR, pre, post, w=0.5, transmit="I_post += w", delay=3 * ms)
    network = Network(pre, post, plastic)
    network.run(13 * ms, namespace={})
    assert post.I[0] == 0
    network.run(1 * ms, namespace={})
    assert post.I[0] == 0.5


@pytest.mark.parametrize("side, argument", [("pre", "delay"), ("post", "post_delay")])
@pytest.mark.parametrize("built", [0, [1, 2]])
def test_a_delay_set_behind_the_back_of_the_traces_is_refused(side, argument, built):
    pre, post = (SpikeGeneratorGroup(2, [0], [at] * ms) for at in (10, 15))
    plastic = plasticity.synapses(PAIR, pre, post, **{argument: built * ms})
    for value in (3 * ms, [1, 2, 3, 4] * ms, "rand()*ms"):
        with pytest.raises(DmpnetError, match=r"plastic\w*: delay set of .*give delay and post_delay to "):
            getattr(plastic, side).delay = value
    with pytest.raises(DmpnetError, match="delay set of"):
        getattr(plastic, side).delay[:1] = 3 * ms


# bounds below zero


def test_rules_whose_steps_are_parts_of_w_max_want_it_above_zero():
    refused = set()
    for name, found in all_rules().items():
        if name == "stochastic-binary":
            continue
        for low, high in ((-1.0, 0.0), (-2.0, -1.0)):
            try:
                found.tuned(w_min=low, w_max=high)
            except DmpnetError as error:
                assert f"{name}: w_max = {high:g}, but its steps are parts of w_max" in str(error)
                refused.add(name)
    assert refused == {"pair-additive", "pair-nearest", "pair-nearest-coincident", "slow-memory-gated",
                       "voltage-gated"}


@pytest.mark.parametrize("name, raised", [
    ("pair-multiplicative", 0.005 * 0.5), ("triplet-hippocampal-minimal", 0.0053), ("diehl-cook", None)])
def test_other_rules_potentiate_between_bounds_below_zero(name, raised):
    """Their steps are of the range or absolute: w from -2 to -1 is w from 0 to 1 moved."""
    pre, post = np.zeros((30, 1), bool), np.zeros((30, 1), bool)
    pre[10], post[15] = True, True
    got = [protocols.run(rule(name).tuned(w_min=low, w_max=low + 1), pre, post, low + 0.5)[0] - low - 0.5
           for low in (-2.0, 0.0)]
    assert got[0] == pytest.approx(got[1], abs=8 * EPS) and got[0] > 0
    if raised:
        tau = 16.8 if name.startswith("triplet") else 20
        assert got[0] == pytest.approx(raised * np.exp(-5 / tau), abs=8 * EPS)


# devices and precision


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 looks for values above 1e50
def test_in_single_precision_a_pair_changes_the_weight_by_the_window_to_that_precision():
    before, prefs["core.default_float_dtype"] = prefs["core.default_float_dtype"], np.float32
    try:
        for name in ("pair-additive", "reward-modulated"):
            pre, post = pair()
            plastic = plasticity.synapses(rule(name), pre, post, w=0.5)
            set_third(plastic)
            Network(pre, post, plastic).run(40 * ms, namespace={})
            assert plastic.w[:].dtype == np.float32
            p = plastic.rule.numbers
            want = AFTER_5_MS if name == "pair-additive" else exact.reward_after(
                0.1 * np.exp(-5 / 20), 0.7 * np.exp(-15 / 200), 25e-3, p)
            # w of 0.5 is rounded once a step, x and d by as much of themselves
            assert plastic.w[0] - 0.5 == pytest.approx(want, abs=40 * float(np.finfo(np.float32).eps))
    finally:
        prefs["core.default_float_dtype"] = before


def test_integers_of_a_chip_are_refused_in_single_precision():
    made = plastic_rules.constrain(PAIR, chip.load("learning"), DT).brian2
    pre, post = pair()
    plastic = plasticity.synapses(made, pre, post)
    before, prefs["core.default_float_dtype"] = prefs["core.default_float_dtype"], np.float32
    try:
        refused_at_run(Network(pre, post, plastic), "default_float_dtype = float32.*set it to float64")
        with pytest.raises(DmpnetError, match="default_float_dtype = float32"):
            plasticity.synapses(made, *pair())
    finally:
        prefs["core.default_float_dtype"] = before


def test_weights_that_were_read_stay():
    """Brian2 gives a view, of memory that is free once the synapses are gone."""
    plastic = plasticity.synapses(PAIR, *pair(), w=0.5)
    read = plasticity.weights(plastic, (1, 1, 1))
    plastic.w = 0.7
    assert_array_equal(read, 0.5)


def test_report_and_profile_change_nothing(capsys):
    pre, post = pair()
    plastic = plasticity.synapses(PAIR, pre, post, w=0.5)
    network = Network(pre, post, plastic)
    network.run(40 * ms, report="text", profile=True, namespace={})
    assert plastic.w[0] - 0.5 == pytest.approx(AFTER_5_MS, abs=2 * EPS)
    assert {f"{plastic.name}_pre", f"{plastic.name}_pre_traces_jumps_pre"} <= {
        name for name, _ in network.profiling_info}


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [True, False])
def test_in_a_standalone_program_of_the_users(tmp_path, monkeypatch, at_once):
    """Delays, each step, a third factor and registers; delays are held there too."""
    pre, post = trains(rate=0.3)
    monkeypatch.setitem(prefs, "codegen.cpp.extra_compile_args_gcc", ["-O0", "-w"])  # compiles in half the time
    brian2.set_device("cpp_standalone", directory=tmp_path / "program", build_on_run=at_once)
    try:
        brian2.defaultclock.dt = DT * second
        source, target = spiking(pre, "first"), spiking(post, "second")
        made = {}
        for number, name in enumerate(("stochastic-binary", "reward-modulated")[:1 + at_once]):
            made[name] = plasticity.synapses(_chosen(name), source, target, w=np.ones(6), name=f"learns_{number}",
                                             delay=[1, 0, 3] * ms, post_delay=2 * ms)
            set_third(made[name])
            with pytest.raises(DmpnetError, match="delay set"):
                made[name].pre.delay = "i*ms"
        network = Network(source, target, *made.values())
        network.run(len(pre) * DT * second, namespace={}, report="text")
        if not at_once:
            brian2.device.build(directory=tmp_path / "program", compile=True, run=True)
        got = {name: np.array(plastic.w[:]).reshape(3, 2).T for name, plastic in made.items()}
    finally:
        brian2.device.reinit()
        brian2.set_device("runtime")
    arrived = later(pre, [1, 0, 3]), later(post, 2)
    course = 0.7 * np.exp(-np.arange(len(pre)) * DT / 0.2)
    for name, w in got.items():
        want = exact.run(name, *arrived, np.ones((2, 3)), DT, _chosen(name).numbers, third=course)
        assert (want != 1).any()
        assert_allclose(w, want, rtol=0, atol=3 * 60 * 4 * EPS, err_msg=name)


def _chosen(name):
    return rule(name).tuned(p_plus=0.6, p_minus=0.6) if name == "stochastic-binary" else rule(name)


# rewards set by hand


def test_a_reward_set_by_hand_counts_undecayed_from_the_next_step_on():
    """c d tau (1 - exp(-T/tau)) / tau_w: a pair left c, d is set between two runs."""
    chosen = rule("reward-modulated").tuned(d_0=0.0)
    pre, post = pair()
    plastic = plasticity.synapses(chosen, pre, post, w=0.0)
    network = Network(pre, post, plastic)
    network.run(20 * ms, namespace={})
    plastic.third.d = 0.5
    network.run(200 * ms, namespace={})
    c = 0.1 * np.exp(-5 / 20) * np.exp(-5 / 1000)  # 5 ms after the postsynaptic spike
    tau = 1 / (1 / 1.0 + 1 / 0.2)
    want = c * 0.5 * tau * (1 - np.exp(-0.2 / tau)) / 0.01
    assert plastic.w[0] == pytest.approx(want, rel=1e-12)
    assert plastic.third.d[0] == pytest.approx(0.5 * np.exp(-1), rel=1e-12)


def test_a_reward_of_a_chip_counts_undecayed_too():
    """c (d + d_0) gain >> shift in the first step, of an eligibility and a reward set by hand."""
    made = plastic_rules.constrain(rule("reward-modulated"), chip.load("ideal"), DT)
    step = next(change for change in made.changes if change.when == "end")
    c, d = made.eligibility.word.high // 4, made.third_code(0.5)
    pre, post = pair()
    plastic = plasticity.synapses(made.brian2, pre, post, w=made.codes(1.0))
    plastic.c, plastic.third.d = c, d
    Network(pre, post, plastic).run(DT * second, namespace={})
    undecayed, fallen = (c * (reward + step.tonic) * int(step.gain[0]) / 2**step.shift for reward in
                         (d, int(integer_reference.fallen(made.reward, np.array(d), 0))))
    assert undecayed - fallen > 2
    assert abs(plastic.w[0] - made.codes(1.0) - undecayed) <= 1  # rounded
    assert plastic.third.d[0] == integer_reference.fallen(made.reward, np.array(d), 0)


# spikes of one step


def coincident(name):
    """Weights by hand: pre at 10 and 20 ms, post at 20 ms; and the other way round."""
    pre, post = np.zeros((40, 2), bool), np.zeros((40, 2), bool)
    pre[[10, 20], 0] = post[20, 0] = pre[20, 1] = True
    post[[10, 20], 1] = True
    return protocols.run(rule(name), pre, post, 0.5, i=[0, 1], j=[0, 1]) - 0.5


def test_of_spikes_in_one_step_the_spike_before_counts_or_nothing():
    assert_allclose(coincident("pair-nearest"), [0.005 * np.exp(-0.5), -0.00525 * np.exp(-0.5)], atol=4 * EPS)
    assert_array_equal(coincident("pair-nearest-coincident"), 0)


def test_after_a_coincidence_both_conventions_go_on_alike():
    pre, post = np.zeros((40, 1), bool), np.zeros((40, 1), bool)
    pre[10], post[[10, 14]] = True, True
    got = [protocols.run(rule(name), pre, post, 0.5)[0] - 0.5 for name in ("pair-nearest", "pair-nearest-coincident")]
    assert_allclose(got, 0.005 * np.exp(-4 / 20), atol=4 * EPS)


def test_a_chip_has_no_traces_that_tell_a_coincidence():
    with pytest.raises(DmpnetError, match="pair-nearest-coincident: no integer form.*take pair-nearest"):
        plastic_rules.constrain(rule("pair-nearest-coincident"), chip.load("learning"), DT)


# in converted networks


def converted_network(**said):
    network = random_network(steps=5)
    made = convert(network, random_input(network, 2))
    for name, value in said.items():
        setattr(made, name, value(network))
    return network, made


WIDER = PAIR.tuned(**WIDE)


@pytest.mark.parametrize("said, samples, told", [
    ({}, 1, "samples = 1, but .*give samples = 2"), ({}, 4, "give samples = 2"),
    ({"shape": lambda network: (3, 5, 6)}, 2, "samples = 2, but 3 were converted"),
    ({"coupling": lambda network: "shared"}, 2, "convert with coupling='synapses'"),
    ({"trained": lambda network: replace(network)}, 2, "give converted.trained")])
def test_what_is_said_twice_of_a_converted_network_agrees(said, samples, told):
    network, made = converted_network(**said)
    with pytest.raises(DmpnetError, match=told):
        plasticity.make_plastic(made, network, "W_f_1", WIDER, samples)


def test_synapses_become_plastic_once_and_without_a_delay_of_their_own():
    network, made = converted_network()
    plasticity.make_plastic(made, network, "W_f_1", WIDER, 2)
    with pytest.raises(DmpnetError, match="W_f_1: not in the converted network.*once"):
        plasticity.make_plastic(made, network, "W_f_1", WIDER, 2)
    made["W_f_2"].pre.delay = 2 * ms
    with pytest.raises(DmpnetError, match="W_f_2: it has a delay"):
        plasticity.make_plastic(made, network, "W_f_2", WIDER, 2)


def test_a_lesion_made_before_learning_is_not_undone():
    """What is made plastic starts from the weights that are there, not from those that were trained."""
    network, made = converted_network()
    made["W_f_1"].w = 0.25 * np.asarray(made["W_f_1"].w[:])
    cut = np.asarray(made["W_f_1"].w[:]).copy()
    plastic = plasticity.make_plastic(made, network, "W_f_1", WIDER, 2)
    assert np.abs(cut).max() > 0.1
    np.testing.assert_array_equal(plastic.w[:], cut)
