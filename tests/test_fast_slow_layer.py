"""fast_slow_layer in a Brian2 script: spike for spike as the NumPy reference says, on any back end and in any step."""

import functools
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Clock,
    Equations,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
    nA,
    prefs,
    run,
    second,
    start_scope,
    volt,
)
from brian2.utils.logger import catch_logs
from numpy.testing import assert_array_equal

import dmpnet
from dmpnet import fast_slow_layer, plasticity, reference
from dmpnet.equations import memory
from dmpnet.equations.memory import ACTS
from dmpnet.equations.neurons import RESETS
from dmpnet.errors import DmpnetError
from dmpnet.plasticity import reference as exact
from dmpnet.plasticity.protocols import brian2_on
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.network import TrainedNetwork

DECAYS = ("exponential", "linear", "shift")
M, N, D, T = 12, 20, 5, 250
WINDOW, TAU, LAM = 50 * ms, 20 * ms, 0.3 * mV / ms


@pytest.fixture(autouse=True)
def at_run_time(request):
    """Brian2's run-time device on numpy, steps of 1 ms; as before, after."""
    if "backend" in request.fixturenames:
        yield
        return
    with brian2_on("numpy", 1e-3):
        start_scope()
        yield


def fired(dt=1e-3, steps=T, channels=M, rate=100.0, seed=1):
    """Input spikes (steps, channels) at `rate` a second."""
    return np.random.default_rng(seed).random((steps, channels)) < rate * dt


def played(s_in, dt=1e-3, **clock):
    step, channel = np.nonzero(s_in)
    return SpikeGeneratorGroup(s_in.shape[1], channel, step * dt * second, **clock)


def drawn(seed=0, inputs=M, acts="current"):
    """Random weights in volt, that make a layer fire but not saturate."""
    rng = np.random.default_rng(seed)
    return SimpleNamespace(W_f=rng.normal(1.2, 3, (N, inputs)) * mV, W_r=rng.normal(0, 2, (N, N)) * mV,
                           w_x=rng.normal(0.1, 0.1, inputs), b=rng.normal(1, 3, N) * mV,
                           W_m=rng.normal(0, 1, (N, D)) if acts == "gain" else rng.normal(0, 3, (N, D)) * mV)


def made(weights, source, decay="exponential", **options):
    """A layer with its input and recurrence by ordinary Synapses."""
    if decay == "linear":
        options["lam"] = LAM
    given = {"N": N, "d": D, "window": WINDOW, "threshold": 15 * mV, "tau": TAU, "W_m": weights.W_m, "b": weights.b,
             "b_x": 0.3, "decay": decay}
    layer = fast_slow_layer(**given | options)
    S = Synapses(source, layer.fast, "w : volt", on_pre="I_f += w")
    S.connect()
    S.w = weights.W_f.T.ravel()
    R = Synapses(layer.fast, layer.fast, "w : volt", on_pre="I_r += w")
    R.connect()
    R.w = weights.W_r.T.ravel()
    layer.hears(source, weights.w_x)
    spikes = SpikeMonitor(layer.fast)
    m = StateMonitor(layer.slow, "m", record=True, when="end")
    return SimpleNamespace(layer=layer, S=S, R=R, spikes=spikes, m=m, source=source, weights=weights,
                           parts=(layer, S, R, spikes, m))


def as_array(monitor, dt=1e-3, steps=T, units=N):
    spikes = np.zeros((steps, units), bool)
    spikes[np.rint(np.asarray(monitor.t_) / dt).astype(int), np.asarray(monitor.i)] = True
    return spikes


def expected(s_in, *layers, dt=1e-3):
    """What the NumPy reference does with these layers one after the other."""
    network = TrainedNetwork(layers, np.zeros((1, layers[-1].N)), np.zeros(1),
                             Encoding("spikes", s_in.shape[1], len(s_in), dt))
    found = reference.run(network, s_in[None], ("spikes", "m"))
    assert found.margin > 100 * reference.rounding(network, s_in[None]) > 0, "a membrane sits on the threshold"
    return found


def agree(spikes, m, found, number=0):
    want = found.spikes[number][0]
    assert 0.01 < want.mean() < 0.5, "silent or saturated: equality would show nothing"
    assert_array_equal(spikes, want)
    assert np.abs(m - found.m[number][0]).max() <= 1e-12 * np.abs(found.m[number][0]).max() > 0


# against the reference


SLOWLY = [pytest.param("cython", marks=pytest.mark.slow), pytest.param("cpp_standalone", marks=pytest.mark.slow)]


@pytest.mark.parametrize("dt", [1e-3, 5e-4, 2e-4])
@pytest.mark.parametrize("backend", ["numpy", *SLOWLY])
def test_spikes_equal_the_reference(backend, dt, monkeypatch):
    """Three layers in a script, a decay each; dt is set after they are made; run() or a Network has them."""
    monkeypatch.setitem(prefs, "codegen.cpp.extra_compile_args_gcc", ["-O0", "-w"])  # compiles in half the time
    s_in = fired(dt)
    with brian2_on(backend, 1e-3):
        start_scope()
        source = played(s_in, dt)
        one, two, three = (made(drawn(seed), source, decay) for seed, decay in enumerate(DECAYS))
        (layer_1, S_1, R_1, spikes_1, m_1), (layer_2, S_2, R_2, spikes_2, m_2) = one.parts, two.parts  # noqa: F841
        layer_3, S_3, R_3, spikes_3, m_3 = three.parts  # noqa: F841
        defaultclock.dt = dt * second
        if dt == 1e-3:
            run(T * dt * second)
        else:
            Network(source, *one.parts, *two.parts, *three.parts).run(T * dt * second)
        got = [(as_array(each.spikes, dt), np.array(each.m.m).T) for each in (one, two, three)]
    for each, (spikes, m) in zip((one, two, three), got, strict=True):
        trained = each.layer.trained(each.weights.W_f, each.weights.W_r, dt * second)
        agree(spikes, m, expected(s_in, trained, dt=dt))


@pytest.mark.parametrize("acts", ACTS)
@pytest.mark.parametrize("reset", RESETS)
def test_what_the_memory_acts_on_and_resets(acts, reset):
    s_in = fired()
    each = made(drawn(3, acts=acts), played(s_in), "linear", acts=acts, reset=reset)
    Network(each.source, *each.parts).run(T * ms)
    agree(as_array(each.spikes), each.m.m.T, expected(s_in, each.layer.trained(each.weights.W_f, each.weights.W_r)))


def ran(seed=0, change=None, namespace=None, **options):
    """Spikes of a layer with these options, after `change` of what was made."""
    each = made(drawn(seed), played(fired()), **options)
    if change:
        change(each)
    Network(each.source, *each.parts).run(T * ms, namespace=namespace or {})
    return as_array(each.spikes)


@functools.cache
def usual(decay="exponential", seed=0):
    """Spikes of a layer that is as in all tests, neither silent nor saturated."""
    spikes = ran(seed, decay=decay)
    assert 0.01 < spikes.mean() < 0.5
    return spikes


@pytest.mark.parametrize("cut", [lambda each: setattr(each.layer.W_m, "w", 0 * mV),
                                 lambda each: setattr(each.layer.heard[0], "w", 0),
                                 lambda each: setattr(each.S, "w", 0 * mV),
                                 lambda each: setattr(each.R, "w", 0 * mV),
                                 lambda each: setattr(each.layer.fast, "b", 0 * mV),
                                 lambda each: setattr(each.layer.scalar, "b_x", 0)])
def test_every_connection_matters(cut):
    assert (ran(change=cut) != usual()).any()


def test_a_lesion_is_that_of_the_reference():
    s_in, weights = fired(), drawn()
    each = made(weights, played(s_in))
    each.layer.W_m.w = 0 * mV
    Network(each.source, *each.parts).run(T * ms)
    weights.W_m = 0 * weights.W_m
    without = made(weights, each.source).layer.trained(weights.W_f, weights.W_r)
    agree(as_array(each.spikes), each.m.m.T, expected(s_in, without))


def test_two_layers_one_after_the_other():
    s_in = fired()
    one = made(drawn(0), played(s_in), "linear")
    two = made(drawn(1, N), one.layer.fast, "exponential", reset="soft")
    Network(one.source, *one.parts, *two.parts).run(T * ms)
    found = expected(s_in, *(each.layer.trained(each.weights.W_f, each.weights.W_r) for each in (one, two)))
    agree(as_array(one.spikes), one.m.m.T, found, 0)
    agree(as_array(two.spikes), two.m.m.T, found, 1)


def test_several_sources_add_up():
    s_in, weights = fired(), drawn()
    whole = made(weights, played(s_in))
    first, others = played(s_in[:, :5]), played(s_in[:, 5:])
    layer = fast_slow_layer(1, D, WINDOW, 15 * mV, 0 * mV, tau=TAU, b_x=0.3)
    layer.hears(first, weights.w_x[:5])
    m_first = StateMonitor(layer.slow, "m", record=True, when="end")
    network = Network(whole.source, first, others, layer, m_first, *whole.parts)
    network.store()
    network.run(50 * ms)
    assert np.abs(m_first.m - whole.m.m).max() > 0.1 * np.abs(whole.m.m).max()
    network.restore()
    layer.hears(others, weights.w_x[5:])  # also of a network that has the layer already
    network.run(50 * ms)
    assert np.abs(m_first.m - whole.m.m).max() < 1e-12 * np.abs(whole.m.m).max()
    assert_array_equal(layer.trained(np.ones((1, M)) * mV).slow.w_x, whole.layer.trained(weights.W_f).slow.w_x)


def test_without_hears_x_is_its_bias():
    layer = fast_slow_layer(2, 3, 20 * ms, 15 * mV, 0 * mV, tau=TAU, b_x=0.7)
    Network(layer).run(400 * ms)
    assert layer.scalar.x[0] == 0.7
    assert np.array(layer.slow.m) == pytest.approx([0.7, 0, 0], abs=1e-6)  # a constant is P_0 alone
    assert layer.trained(np.ones((2, 4)) * mV).slow.w_x.tolist() == [0, 0, 0, 0]


# steps, clocks, networks, states


def test_the_clock_that_was_given():
    """Its own dt, or that of a clock, whatever the default clock does."""
    dt, s_in = 5e-4, fired(5e-4)
    for number, own in enumerate(({"dt": dt * second}, {"clock": Clock(dt * second)})):
        each = made(drawn(), played(s_in, dt, clock=Clock(dt * second)), **own)
        each.m.active = False
        defaultclock.dt = (1 + number) * ms
        Network(each.source, *each.parts).run(T * dt * second)
        want = expected(s_in, each.layer.trained(each.weights.W_f, each.weights.W_r), dt=dt)
        assert 0.01 < want.spikes[0].mean() < 0.5
        assert_array_equal(as_array(each.spikes, dt), want.spikes[0][0])


def test_dt_may_change_between_runs_and_what_was_changed_stays_without():
    layer = fast_slow_layer(1, 2, 20 * ms, 15 * mV, 0 * mV, tau=TAU, decay="shift")
    network = Network(layer)
    for dt in (1e-3, 5e-4):
        defaultclock.dt = dt * second
        network.run(2 * ms)
        abar, bbar = memory.discrete(2, 0.02 / dt)
        assert_array_equal(np.array(layer.Abar.w).reshape(2, 2).T, abar)
        assert_array_equal(layer.Bbar.w, bbar)
        assert layer.fast.leak == {1e-3: 1 / 16, 5e-4: 1 / 32}[dt]  # nearest to 1 - exp(-dt/tau)
    layer.Abar.w = 0
    network.run(2 * ms)
    assert_array_equal(layer.Abar.w, 0)


def test_the_window_keeps_its_meaning():
    """A signal half a window ago, read from m, in steps of 4, 2 and 1 ms: an error of first order in dt."""
    errors = []
    for dt in (4e-3, 2e-3, 1e-3):
        defaultclock.dt = dt * second
        layer = fast_slow_layer(1, 10, 100 * ms, 15 * mV, 0 * mV, tau=TAU)
        layer.scalar.run_regularly("b_x = 1 + sin(2*pi*5*Hz*t)", when="start")
        m = StateMonitor(layer.slow, "m", record=True, when="end")
        Network(layer, m).run(0.6 * second)
        after = np.asarray(m.t_) + dt
        held = memory.recall(np.array(m.m).T, 0.05, 0.1) - 1 - np.sin(2 * np.pi * 5 * (after - 0.05))
        errors.append(np.abs(held[len(held) // 2:]).max())
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx(1, abs=0.1)
    assert errors[-1] < 0.03


def test_a_spike_counts_the_same_in_any_step():
    """Its volt at once; w_x (2i+1)(-1)^i of the memory to first order; m_0 counts spikes of the window."""
    kicks, counts = [], []
    for dt in (2e-3, 1e-3, 5e-4):
        defaultclock.dt = dt * second
        source = SpikeGeneratorGroup(1, [0], [0] * ms)
        regular = SpikeGeneratorGroup(1, np.zeros(100, int), np.arange(100) * 4 * ms)
        once, often = (fast_slow_layer(1, 4, 100 * ms, 1 * volt, 0 * mV, tau=TAU) for _ in range(2))
        S = Synapses(source, once.fast, on_pre="I_f += 3*mV")
        S.connect()
        once.hears(source, 0.5)
        often.hears(regular, 0.5)
        network = Network(source, regular, once, S, often)
        network.run(2 * dt * second)
        assert once.fast.u_[0] == 0.003
        kicks.append(np.abs(once.slow.m - 0.5 * np.array([1, -3, 5, -7])).max())
        network.run(398 * ms)
        counts.append(float(often.slow.m[0]))
    assert np.log2(np.array(kicks[:-1]) / kicks[1:]) == pytest.approx(1, abs=0.2)
    assert counts == pytest.approx([0.5 * 25] * 3, rel=0.1)


def test_magic_and_explicit_networks_do_the_same():
    first, second_one = made(drawn(), played(fired())), made(drawn(), played(fired()))
    Network(first.source, *first.parts).run(T * ms)
    source, layer, S, R, spikes = second_one.source, *second_one.parts[:4]  # noqa: F841
    run(T / 2 * ms)
    run(T / 2 * ms)
    assert as_array(spikes).any()
    assert_array_equal(as_array(spikes), as_array(first.spikes))


def test_store_and_restore():
    """Also of the step that the memory's matrices are for."""
    each = made(drawn(), played(fired()), "shift")
    network = Network(each.source, *each.parts)
    network.run(50 * ms)
    network.store()
    network.run((T - 50) * ms)
    once = as_array(each.spikes)
    defaultclock.dt = 0.5 * ms
    network.run(1 * ms)
    network.restore()
    network.run((T - 50) * ms)
    assert once[60:].any()
    assert_array_equal(as_array(each.spikes), once)


@pytest.mark.parametrize("change, told", [
    ({"reset": "v = 0*mV"}, "reset = 'v = 0\\*mV' sets v, but the membrane is u, with nothing of your own; set u"),
    ({"dt": 0 * ms}, "dt = 0. s, but it is above 0"), ({"dt": -1 * ms}, "dt = -1. ms"),
    ({"dt": 0.001}, "dt = 0.001 has")])
def test_what_would_never_reset_or_step_is_refused(change, told):
    with pytest.raises(DmpnetError, match=told):
        fast_slow_layer(**GOOD | change)
    fast_slow_layer(**GOOD | {"reset": "a += 1", "model": "a : 1"})
    with pytest.raises(DmpnetError, match="w in your equations, but the layer has variables of that name already"):
        fast_slow_layer(**GOOD | {"model": "dw/dt = -w/(10*ms) : 1"})


@pytest.mark.parametrize("attribute", ["threshold", "tau", "window", "fast"])
def test_what_a_layer_was_made_with_stays(attribute):
    layer = fast_slow_layer(**GOOD)
    with pytest.raises(DmpnetError, match=f"{attribute} cannot be set"):
        setattr(layer, attribute, 50 * ms)
    layer.active = True


@pytest.mark.parametrize("source", [None, [1], 3 * ms])
def test_what_never_spikes_is_not_heard(source):
    layer = fast_slow_layer(**GOOD)
    for wrong in (source, fast_slow_layer(**GOOD)):
        with pytest.raises(DmpnetError, match="never spikes, but the slow memory hears spikes"):
            layer.hears(wrong, 1.0)


def test_names_are_of_their_own():
    layers = [fast_slow_layer(2, 2, 20 * ms, 15 * mV, 0 * mV, tau=TAU) for _ in range(3)]
    layers += [fast_slow_layer(2, 2, 20 * ms, 15 * mV, 0 * mV, tau=TAU, name="cortex")]
    names = [part.name for layer in layers for part in layer.contained_objects]
    assert len(set(names)) == len(names) and "cortex_fast" in names
    Network(layers).run(2 * ms)


def test_names_of_the_script_mean_nothing_to_the_layer():
    window = tau = lam = a = m = theta_u = dmpnet_step = 7.0  # noqa: F841
    each = made(drawn(), played(fired()), "linear")
    with catch_logs() as logs:
        Network(each.source, *each.parts).run(T * ms)
    assert [told for _, where, told in logs if not where.endswith("unused_brian_object")] == []
    want = expected(fired(), each.layer.trained(each.weights.W_f, each.weights.W_r))
    agree(as_array(each.spikes), each.m.m.T, want)


def test_preferences_and_clock_are_left_alone():
    keys = ("core.default_float_dtype", "codegen.target", "core.network.default_schedule")
    before = {key: prefs[key] for key in keys}
    dt = float(defaultclock.dt)
    assert ran().any()
    assert {key: prefs[key] for key in before} == before and float(defaultclock.dt) == dt


# plasticity


def test_stdp_on_its_synapses():
    """pair-additive as its own reference says, on the layer's spikes."""
    rule = plasticity.rule("pair-additive")
    each = made(drawn(), played(fired()))
    w = np.full(M * N, 0.5)
    plastic = plasticity.synapses(rule, each.source, each.layer.fast, w=w, transmit="I_f_post += 1*mV*w")
    each.S.w = 0 * mV
    Network(each.source, *each.parts, plastic).run(T * ms)
    post = as_array(each.spikes)
    assert 0.01 < post.mean() < 0.5
    want = exact.run("pair-additive", fired(), post, np.full((N, M), 0.5), 1e-3, rule.numbers)
    assert np.ptp(want) > 0.01
    assert plasticity.weights(plastic, (1, N, M))[0] == pytest.approx(want, abs=1e-12)


def test_stdp_gated_by_its_slow_memory():
    """The gate is w_g . m of the step before; without a memory to read, nothing is learnt."""
    rule, w_g = plasticity.rule("slow-memory-gated"), np.array([0.3, -0.1, 0.05, 0, 0.1])
    learnt = {}
    for hears in (True, False):
        each = made(drawn(), played(fired()), b_x=0)
        each.layer.heard[0].w = drawn().w_x if hears else 0
        plastic = plasticity.synapses(rule, each.source, each.layer.fast, w=0.5)
        plasticity.gate_by_memory(plastic, each.layer.slow, w_g)
        Network(each.source, *each.parts, plastic).run(T * ms)
        gate = np.concatenate([[0], (np.array(each.m.m).T @ w_g)[:-1]])
        want = exact.run("slow-memory-gated", fired(), as_array(each.spikes), np.full((N, M), 0.5), 1e-3, rule.numbers,
                         third=gate)
        learnt[hears] = plasticity.weights(plastic, (1, N, M))[0]
        assert learnt[hears] == pytest.approx(want, abs=1e-12)
    assert np.ptp(learnt[True]) > 0.01 and np.ptp(learnt[False]) == 0


# membranes of one's own


TOWARD_0 = "int(u > {0}*dt)*(u - {0}*dt) + int(u < -{0}*dt)*(u + {0}*dt)"


def test_a_decay_of_ones_own_as_an_expression():
    """Linear decay written out; its constant given, of each neuron, or (exponential) a name of the script."""
    own = {"decay": TOWARD_0.format("leaks"), "namespace": {"leaks": LAM}}
    each = made(drawn(), played(fired()), **own)
    Network(each.source, *each.parts).run(T * ms)
    assert_array_equal(as_array(each.spikes), usual("linear"))

    def of_each_neuron(each):
        each.layer.fast.rate = LAM

    spikes = ran(change=of_each_neuron, decay=TOWARD_0.format("rate"), model="rate : volt/second (constant)")
    assert_array_equal(spikes, usual("linear"))
    assert_array_equal(ran(decay="u*exp(-dt/mine)", b=0 * mV, acts="threshold", namespace={"mine": TAU}),
                       ran(b=0 * mV, acts="threshold"))


@pytest.mark.parametrize("kind", [str, Equations])
def test_equations_of_ones_own(kind):
    """The built-in membrane written by the user, integrated by Brian2; and the same about another rest."""
    assert_array_equal(ran(decay=kind("du/dt = (I - u)/tau_m : volt"), tau=None, namespace={"tau_m": TAU}), usual())
    tau_m, v_r = TAU, -70 * mV  # noqa: F841
    each = made(drawn(), played(fired()), kind("du/dt = (v_r - u + I)/tau_m : volt"), threshold=-55 * mV,
                reset="u = v_r", tau=None, method="exact")
    each.layer.fast.u = v_r
    Network(each.source, *each.parts).run(T * ms)
    assert_array_equal(as_array(each.spikes), usual())


def test_a_floor():
    each = made(drawn(4), played(fired()), "linear", floor=-2 * mV)
    u = StateMonitor(each.layer.fast, "u", record=True, when="end")
    Network(each.source, *each.parts, u).run(T * ms)
    assert np.min(u.u_) == -0.002
    assert (as_array(each.spikes) != usual("linear", 4)).any()


def test_a_leak_of_ones_own_that_a_floor_stops():
    """u - lam dt where u > 0, never below 0: from 10 mV without input as linear decay, in one line."""
    left = []
    for decay in ("linear", "u - lam*dt*int(u > 0*mV)"):
        layer = fast_slow_layer(1, 2, WINDOW, 15 * mV, 0 * mV, tau=TAU, decay=decay, lam=LAM, floor=0 * mV)
        layer.fast.u = 10 * mV
        u = StateMonitor(layer.fast, "u", record=True, when="end")
        Network(layer, u).run(40 * ms)
        left.append(np.array(u.u_[0]))
    assert left[0] == pytest.approx(np.maximum(0.01 - 0.3 * 1e-3 * np.arange(1, 41), 0), abs=1e-15)
    assert left[1] == pytest.approx(left[0], abs=1e-15)


def test_numbers_without_units():
    """threshold=1.0: u, I_f, b and W_m are numbers; spikes are those in units of 15 mV."""
    s_in, weights = fired(), drawn()
    each = made(weights, played(s_in))
    one = 15 * mV
    plain = fast_slow_layer(N, D, WINDOW, 1.0, weights.W_m / one, tau=TAU, b=weights.b / one, b_x=0.3)
    S = Synapses(each.source, plain.fast, "w : 1", on_pre="I_f += w")
    S.connect()
    S.w = (weights.W_f / one).T.ravel()
    R = Synapses(plain.fast, plain.fast, "w : 1", on_pre="I_r += w")
    R.connect()
    R.w = (weights.W_r / one).T.ravel()
    plain.hears(each.source, weights.w_x)
    spikes = SpikeMonitor(plain.fast)
    Network(each.source, *each.parts, plain, S, R, spikes).run(T * ms)
    assert 0.01 < as_array(spikes).mean() < 0.5
    assert_array_equal(as_array(spikes), as_array(each.spikes))


# what it says


def test_its_equations_can_be_read():
    each = made(drawn(), played(fired()), "linear", acts="threshold")
    lines = each.layer.equations
    for told in ("du/dt = I/tau - clip(u/dt, -lam, lam)", "m = m_kept + m_new", "x_in_post += w", "u >= theta_u - I_m",
                 "u = u + I_f + I_r", "I_m_post = w*m_pre"):
        assert told in lines
    in_order = [lines.rindex(told) for told in ("x = a*int(a > 0)", "m_kept_post", "m = m_kept", "I_m_post",
                                                "du/dt = I/tau - clip", "u = u + I_f", "u >= theta_u", "x_in_post",
                                                "u = 0*volt")]
    assert in_order == sorted(in_order)
    Network(each.source, *each.parts).run(2 * ms)
    assert each.layer.equations == lines
    assert "du/dt" in str(each.layer.fast.equations)


GOOD = {"N": 4, "d": 3, "window": 20 * ms, "threshold": 15 * mV, "tau": TAU, "W_m": 0 * mV}


@pytest.mark.parametrize("wrong, told", [
    ({"threshold": 15 * ms, "W_m": 0 * mV}, "W_m = .* has the unit volt, but with threshold = 15. ms its unit is "
                                            "second; give one of them in another unit"),
    ({"threshold": 15}, "W_m = .* has the unit volt, but with threshold = 15 its unit is 1; give one of them in"),
    ({"threshold": "15 mV"}, "threshold = '15 mV', but it is a number"),
    ({"threshold": -15 * mV}, "threshold = -15. mV, but it lies above the rest, 0"),
    ({"tau": 20}, "tau = 20 has the unit 1, but its unit is second"),
    ({"tau": None}, "tau = None, but the current charges.*; set tau"),
    ({"tau": 0 * ms}, "tau = 0. s, but it is above 0"),
    ({"window": 0 * ms}, "window = 0. s, but it is above 0; set window > 0"),
    ({"window": 20}, "window = 20 has the unit 1, but its unit is second"),
    ({"window": 0.5 * ms, "dt": 1 * ms}, "window = 0.5 ms, but .* at least a step, dt = 1 ms; set a longer"),
    ({"W_m": np.zeros((4, 2)) * mV}, r"W_m has shape \(4, 2\), but \(4, 3\) is needed"),
    ({"W_m": np.zeros((4, 3))}, r"W_m = array of shape \(4, 3\) has the unit 1, but with threshold = .* is volt"),
    ({"W_m": np.full((4, 3), np.nan) * mV}, "W_m has 12 values that are NaN"),
    ({"acts": "gain"}, "W_m = .* has the unit volt, but its unit is 1"),
    ({"acts": "gian"}, r"acts = 'gian' \(did you mean gain\?\)"),
    ({"decay": "linaer"}, r"decay = 'linaer' \(did you mean linear\?\), but it is one of exponential, linear, shift"),
    ({"decay": "linear"}, "lam = None, but a membrane leaks it by subtraction; set lam"),
    ({"lam": LAM}, "lam = .*, but decay 'exponential' has none; leave it out, or set decay = 'linear'"),
    ({"decay": "linear", "lam": 0.3 * mV}, "lam = 300. uV has the unit volt, but with threshold = 15. mV its unit is "
                                            "volt/second; give"),
    ({"threshold": 15, "W_m": 0, "decay": "linear", "lam": 1 * mV / ms}, "lam = .* has the unit volt/second, but with "
                                                                         "threshold = 15 its unit is hertz"),
    ({"decay": "linear", "lam": -0.3 * mV / ms}, "lam = .*, but a leak goes toward 0; set lam >= 0"),
    ({"decay": "du/dt = -u/tau : volt"}, "your equations do not mention I, .* add it"),
    ({"decay": "du/dt = (I - u)/tau : 1"}, "threshold = 15. mV, but u of your equations is not in volt"),
    ({"decay": "du/dt = (I - u)/tau : volt\nI_f : volt"}, "I_f in your equations, but the layer has variables"),
    ({"decay": "u*exp("}, r"decay = 'u\*exp\(', but it cannot be read; write what is kept of u, as 'u\*exp"),
    ({"decay": "du/dt = (I - u)/tau"}, "decay = .*, but it does not read as equations .*du/dt = .I - u./tau : volt"),
    ({"decay": "dv/dt = (I - v)/tau : volt"}, "its equations are of v, but du/dt is missing; add 'du/dt = ... : volt'"),
    ({"reset": "u = ("}, r"reset = 'u = \(', but it cannot be read; write assignments, as 'u = v_r'"),
    ({"model": "b : volt"}, "b in your equations, but the layer has variables of that name"),
    ({"model": "du/dt = -u/tau : volt"}, "u in your equations, .*; rename it there, or give equations of u as decay"),
    ({"method": "euler"}, "method = 'euler', but that of decay 'exponential' is known"),
    ({"reset": "hrad"}, r"reset = 'hrad' \(did you mean hard\?\)"),
    ({"floor": 20 * mV}, "floor = 20. mV, but at threshold = 15. mV every neuron fires"),
    ({"floor": 0}, "floor = 0 has the unit 1, but with threshold = 15. mV its unit is volt"),
    ({"b": np.zeros(3) * mV}, r"b has shape \(3,\), but \(4,\) is needed"),
    ({"b_x": 1 * mV}, "b_x = .* has the unit volt, but its unit is 1"),
    ({"N": 0}, "N = 0, but it counts something"),
    ({"d": 2.5}, "d = 2.5, but it counts something"),
    ({"namespace": {"tau": 3 * ms}}, "namespace has tau, which the layer has too"),
])
def test_what_is_wrong_is_said_before_any_work(wrong, told):
    with pytest.raises(DmpnetError, match=told) as refused:
        fast_slow_layer(**GOOD | wrong)
    assert "\n" not in str(refused.value) and str(refused.value).startswith("fast_slow_layer: ")


def test_hears_says_what_is_wrong():
    layer, source = fast_slow_layer(**GOOD), PoissonGroup(5, 10 / second)
    with pytest.raises(DmpnetError, match=r"w_x has shape \(4,\), but \(5,\) is needed"):
        layer.hears(source, np.ones(4))
    with pytest.raises(DmpnetError, match="w_x = .* has the unit amp, but its unit is 1"):
        layer.hears(source, 1 * nA)
    silent = NeuronGroup(5, "v : 1", name="silent")
    with pytest.raises(DmpnetError, match="silent never spikes, .* set a signal as b_x of"):
        layer.hears(silent, 1)
    assert layer.heard == []
    assert_array_equal(layer.hears(source, 2).w, 2)
    assert_array_equal(layer.hears(source[3:], [4, 5]).i, [0, 1])
    assert_array_equal(layer.heard[1].w, [4, 5])


def test_a_window_shorter_than_the_step_of_the_run():
    layer = fast_slow_layer(**GOOD | {"window": 0.5 * ms})
    with pytest.raises(BrianObjectException) as refused:
        Network(layer).run(2 * ms)
    assert isinstance(refused.value.__cause__, DmpnetError)
    assert "window = 0.5 ms" in str(refused.value.__cause__)
    defaultclock.dt = 0.1 * ms
    Network(again := fast_slow_layer(**GOOD | {"window": 0.5 * ms})).run(1 * ms)
    assert_array_equal(again.slow.m, 0)


def refused_without_layer(run):
    with pytest.raises(BrianObjectException) as refused:
        run(2 * ms)
    assert isinstance(refused.value.__cause__, DmpnetError)
    assert re.fullmatch("(.*)_(fast|slow|scalar): its layer \\1 is not in the network.*; put the layer itself into the "
                        "Network.*", str(refused.value.__cause__))


@pytest.mark.parametrize("parts", [("fast", "slow", "scalar"), ("fast",), ("slow",), ("scalar",)])
def test_groups_without_their_layer_refuse_to_run(parts):
    """With it they may be named too, until it is taken out."""
    each = made(drawn(), played(fired()))
    groups = [getattr(each.layer, part) for part in parts]
    refused_without_layer(Network(groups).run)
    Network(each.source, *each.parts, *groups).run(T * ms)
    assert_array_equal(as_array(each.spikes), usual())
    layer = fast_slow_layer(**GOOD)
    network = Network(layer, *(getattr(layer, part) for part in parts))
    for _ in range(2):
        network.run(2 * ms)
    network.remove(layer)
    refused_without_layer(network.run)


def test_groups_without_their_layer_refuse_a_bare_run():
    layers = [fast_slow_layer(**GOOD)]
    fast = layers[0].fast  # noqa: F841
    refused_without_layer(functools.partial(run, level=1))


@pytest.mark.parametrize("options, W_f, told", [
    ({"decay": "u*exp(-dt/tau)"}, np.zeros((4, 2)) * mV, "decay = .*, but trained membranes have one of exponential"),
    ({}, np.zeros((3, 2)) * mV, r"W_f has shape \(3, 2\), but \(4, 2\)"),
    ({}, np.zeros((4, 5)) * mV, "W_f has 5 inputs, but the slow memory hears 2"),
    ({}, np.zeros((4, 2)), "W_f = .* has the unit 1, but with threshold = 15. mV its unit is volt"),
])
def test_what_has_no_trained_form_is_refused(options, W_f, told):
    layer = fast_slow_layer(**GOOD | options)
    layer.hears(PoissonGroup(2, 10 / second), 1)
    with pytest.raises(DmpnetError, match=told):
        layer.trained(W_f)


def test_importing_dmpnet_imports_no_brian2():
    script = ("import sys, dmpnet; assert 'brian2' not in sys.modules and 'fast_slow_layer' in dir(dmpnet); "
              "from dmpnet import fast_slow_layer; assert 'brian2' in sys.modules")
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
    assert "fast_slow_layer" in dmpnet.__all__
    with pytest.raises(AttributeError, match="no attribute 'fast_slow_layers'"):
        _ = dmpnet.fast_slow_layers
