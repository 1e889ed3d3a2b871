"""A trained network whose membranes move by code or equations of the user's own, integrated by Brian2."""

import json
import shutil
from dataclasses import replace

import brian2
import numpy as np
import pytest
from brian2 import Equations, StateMonitor, get_device, ms, mV
from brian2.devices.device import reset_device
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from test_dynamics import Read
from test_network import ALL, COUPLINGS, NETWORKS, assert_informative, assert_same, numpy_target  # noqa: F401

from dmpnet import data, reference
from dmpnet.brian import conversion, dynamics, membranes, populations, standalone
from dmpnet.brian.conversion import convert
from dmpnet.brian.simulation import simulate
from dmpnet.brian.trained_program import Trained
from dmpnet.disk import shipped
from dmpnet.equations.decay import DECAYS, decayed
from dmpnet.equations.membrane import EXPONENTIAL, INTEGRATED, LINEAR, Membrane
from dmpnet.equations.memory import ACTS
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import BackendError, DmpnetError
from dmpnet.hardware import chip, constrain
from dmpnet.trained import weights

FORMS = {"expression": DECAYS, "equations": INTEGRATED}
SEVERAL = ("delays in layer 2, recurrence", "memory on the gain, recurrence, delays",
           "linear decay, soft reset, recurrence", "shift and exponential decay")


def trained_decays(network, form):
    """The decay of every layer as a membrane of one's own, in one of FORMS."""
    return [FORMS[form][layer.neuron.decay] for layer in network.layers]


def run(network, s_in, membrane, coupling="shared"):
    converted = convert(network, s_in, coupling=coupling, record=ALL, membrane=membrane)
    converted.run(namespace={})
    return converted.activity()


# the trained decays, in the user's words


@pytest.mark.parametrize("form, coupling", [("expression", "shared"), ("equations", "shared"),
                                            ("equations", "synapses")])
@pytest.mark.parametrize("name", SEVERAL)
def test_the_trained_decay_in_ones_own_words_takes_the_trained_steps(name, form, coupling):
    network = random_network(seed=1, **NETWORKS[name])
    s_in = random_input(network, samples=3)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert all(0.01 < rates.mean() < 0.5 for rates in want.rates)
    assert_same(run(network, s_in, trained_decays(network, form), coupling), want)


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(["DMP", "FSNN", "DMP+RSNN"]), d_s=st.integers(1, 4), samples=st.integers(1, 3),
       encoding=st.sampled_from(["analog", "spikes"]), reset=st.sampled_from(["hard", "soft"]),
       beta=st.floats(0, 0.95), g=st.floats(0.1, 3), theta_u=st.floats(0.2, 20), seed=st.integers(0, 99),
       delay=st.sampled_from([0, 6]), acts=st.sampled_from(ACTS), form=st.sampled_from(list(FORMS)),
       decays=st.tuples(*[st.sampled_from(list(DECAYS))] * 2), coupling=st.sampled_from(COUPLINGS))
def test_any_network_takes_the_trained_steps_in_ones_own_words(kind, d_s, samples, encoding, reset, beta, g, theta_u,
                                                              seed, delay, acts, decays, form, coupling):
    neurons = tuple(Neuron(beta, g, theta_u, reset, decay, 0.3 * beta * theta_u, 1 + seed % 5) for decay in decays)
    network = random_network((4, 9, 7, 2), kind=kind, d_s=d_s, encoding=encoding, delay=delay, acts=acts,
                             neurons=neurons, steps=25, seed=seed)
    s_in = random_input(network, samples, seed=seed)
    want = reference.run(network, s_in, ALL)
    if want.margin > 1e-9:  # else the trained network itself is undecided
        got = run(network, s_in, trained_decays(network, form), coupling)
        for a, b in zip(got.spikes, want.spikes, strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(got.u, want.u, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-11 * theta_u)


def test_a_trained_decay_differs_from_another():
    """What the tests above would miss if a membrane were not asked."""
    neuron = Neuron(beta=0.8, g=0.3, lam=0.15, shift=4)
    network = random_network(seed=1, neurons=(neuron, neuron))
    s_in, found = random_input(network, samples=1), {}
    for decay, own in INTEGRATED.items():
        layers = [replace(layer, neuron=replace(layer.neuron, decay=decay)) for layer in network.layers]
        want = reference.run(replace(network, layers=tuple(layers)), s_in)
        assert_informative(want)
        found[decay] = run(network, s_in, own).spikes[0]
        np.testing.assert_array_equal(found[decay], want.spikes[0])
    assert all((found[one] != found[another]).any() for one in found for another in set(found) - {one})


def margins(network, s_in, found):
    """How far each membrane of `found` was from its threshold before the reset, one (B, T, N) a layer; of networks
    without recurrence, delays and blocks only."""
    signal, all_of = s_in.astype(float), []
    for number, layer in enumerate(network.layers):
        assert layer.W_r is None and layer.delay is None and layer.slow.nu is None and layer.acts == "current"
        seen = found.m[number][:, np.arange(s_in.shape[1]) // layer.slow.d_s * layer.slow.d_s]
        I = signal @ layer.W_f.T + layer.b_f + seen @ layer.slow.W_m.T + layer.slow.b_m
        before = np.concatenate([np.zeros_like(I[:, :1]), found.u[number][:, :-1]], axis=1)
        u = decayed(before, layer.neuron.decay, layer.neuron.constant) + layer.neuron.g * I
        all_of.append(np.abs(u - layer.neuron.theta_u))
        signal = found.spikes[number].astype(float)
    return all_of


def assert_places(network, s_in, got, want, allowed):
    """Spikes are equal, but for so many first places of a sample at which rounding decides (a margin below 1e-12)."""
    differ = [(layer, sample, *place) for layer, (a, b) in enumerate(zip(got.spikes, want.spikes, strict=True), 1)
              for sample in np.flatnonzero((a != b).any(axis=(1, 2))) for place in np.argwhere(a[sample] != b[sample])]
    assert len(differ) <= allowed, f"(layer, sample, step, neuron): {differ[:20]} of {len(differ)}"
    for layer, sample, k, n in differ:
        one = s_in[sample:sample + 1]
        margin = margins(network, one, reference.run(network, one, ALL))[layer - 1][0, k, n]
        assert margin < 1e-12, f"layer {layer}, sample {sample}, step {k}, neuron {n}: margin {margin}"


def digits(count):
    """A shipped network, digits, and what it does."""
    network = weights.load(shipped.path("smnist-dmp2"))
    s_in = data.load("smnist", "subset").batch(slice(count))
    want = reference.run(network, s_in)
    assert all(0.01 < rates.mean() < 0.5 for rates in want.rates), "silent or saturated"
    return network, s_in, want


def test_a_shipped_network_integrated_by_brian2_spikes_as_trained():
    """S-MNIST DMP II, du/dt solved exactly: no spike of 10 digits differs."""
    network, s_in, want = digits(10)
    assert want.margin > 1e-10, "a membrane sits on the threshold"
    assert_places(network, s_in, simulate(network, s_in, membrane=EXPONENTIAL), want, allowed=0)
    two = reference.run(network, s_in[:2], ALL)
    assert min(layer.min() for layer in margins(network, s_in[:2], two)) == pytest.approx(two.margin, rel=1e-6)
    slower = simulate(network, s_in[:1], membrane=replace(EXPONENTIAL, method="euler"))
    assert (slower.spikes[0] != want.spikes[0][:1]).any(), "the method makes no difference"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "cpp_standalone"])
def test_all_shipped_digits_spike_as_trained(backend, tmp_path):
    """1,000 digits; 5 places may differ, and each by rounding."""
    if backend == "cpp_standalone" and shutil.which("g++") is None:
        pytest.skip("needs a C++ compiler: g++ is not found")
    network, s_in, want = digits(1000)
    assert len(s_in) == 1000
    got = simulate(network, s_in, membrane=EXPONENTIAL, backend=backend, cache=tmp_path)
    assert_places(network, s_in, got, want, allowed=5)


# neurons that are other than the trained ones


class Adaptive:
    """Leaky, tau one a neuron; a threshold that starts at 1 + a_0, rises by 0.3 at each spike and decays."""

    tau, tau_a, rest = np.linspace(2.0, 9.0, 64), 15.0, 0.4

    def __init__(self, shape):
        self.u, self.a = np.zeros(shape), np.full(shape, self.rest)
        self.E = np.exp(-1 / self.tau[:shape[1]])

    def step(self, I):
        self.u = self.E * self.u + (1 - self.E) * I
        self.a = self.a * np.exp(-1 / self.tau_a)
        self.level, fired = 1 + self.a, self.u > 1 + self.a
        self.u, self.a = np.where(fired, 0, self.u), self.a + 0.3 * fired
        return fired

    @classmethod
    def membrane(cls, n):
        return Membrane("""
            du/dt = (I - u)/tau : 1
            da/dt = -a/tau_a : 1
            tau : second (constant)
            """, threshold="u > 1 + a", reset="u = 0; a += rise", rest={"a": cls.rest},
                        namespace={"tau": cls.tau[:n] * ms, "tau_a": cls.tau_a * ms, "rise": 0.3, "unused": "x"})


class Quadratic:
    """Quadratic integrate-and-fire from -1 by Euler steps."""

    rest = np.linspace(-1.2, -0.8, 64)

    def __init__(self, shape):
        self.u, self.level = np.tile(self.rest[:shape[1]], (shape[0], 1)), np.full(shape, 2.0)

    def step(self, I):
        self.u = self.u + 1 / 5 * (self.u**2 - 0.5 + I)
        fired = self.u >= 2
        self.margin = np.abs(self.u - 2).min()
        self.u = np.where(fired, -1, self.u)
        return fired

    @classmethod
    def membrane(cls, n):
        return Membrane("du/dt = (u**2 - 0.5 + I)/tau : 1", method="euler", threshold="u >= 2", reset="u = -1",
                        namespace={"tau": 5 * ms}, rest={"u": cls.rest[:n]})


class Kept:
    """An expression with a constant of its own, from above the threshold."""

    def __init__(self, shape):
        self.u, self.kept = np.full(shape, 5.0), np.linspace(0.3, 0.9, 64)[:shape[1]]

    def step(self, I):
        self.u = self.kept * self.u**2 / (1 + np.abs(self.u)) + 0.5 * I
        fired = self.u >= 1
        self.u = np.where(fired, 0, self.u)
        return fired

    @classmethod
    def membrane(cls, n):
        return Membrane("kept*u**2/(1 + abs(u))", namespace={"kept": np.linspace(0.3, 0.9, 64)[:n]}, rest={"u": 5.0})


OTHERS = {"adaptive threshold": Adaptive, "quadratic": Quadratic, "expression": Kept}


def plain(network, s_in, neuron):
    """Spikes (B, T, N) of every layer in a loop of its own, for layers with memory and recurrence, nothing else."""
    layers = network.layers
    state = [neuron((len(s_in), layer.N)) for layer in layers]
    s, m = ([np.zeros((len(s_in), size)) for size in sizes] for sizes in zip(
        *((layer.N, layer.slow.d) for layer in layers), strict=True))
    spikes = [[] for _ in layers]
    for k in range(s_in.shape[1]):
        signal = s_in[:, k].astype(float)
        for n, layer in enumerate(layers):
            x = np.maximum(signal @ layer.slow.w_x + layer.slow.b_x, 0)
            m[n] = m[n] @ layer.slow.Abar.T + x[:, None] * layer.slow.Bbar
            I = (signal @ layer.W_f.T + layer.b_f + s[n] @ layer.W_r.T + m[n] @ layer.slow.W_m.T + layer.slow.b_m)
            signal = s[n] = state[n].step(I).astype(float)
            spikes[n].append(signal > 0)
    return [np.stack(layer, axis=1) for layer in spikes]


def other(name, steps=40):
    """A network for a neuron of OTHERS, its input, its membranes, and the spikes of a plain loop."""
    network = random_network((6, 16, 12, 3), kind="DMP+RSNN", seed=2, steps=steps)
    scale = {"adaptive threshold": 4.0, "quadratic": 2.0, "expression": 1.0}[name]
    network = replace(network, layers=tuple(replace(layer, W_f=scale * layer.W_f, b_f=scale * np.abs(layer.b_f))
                                            for layer in network.layers))
    s_in = random_input(network, samples=3)
    want = plain(network, s_in, OTHERS[name])
    for spikes in want:
        assert 0.01 < spikes.mean() < 0.5, f"{spikes.mean()}: silent or saturated"
    return network, s_in, [OTHERS[name].membrane(layer.N) for layer in network.layers], want


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("name", OTHERS)
def test_another_neuron_does_what_a_plain_loop_does(name, coupling):
    network, s_in, own, want = other(name)
    got = run(network, s_in, own, coupling)
    for number, spikes in enumerate(want):
        np.testing.assert_array_equal(got.spikes[number], spikes)
        np.testing.assert_array_equal(got.counts[number], spikes.sum(axis=1))
    if coupling == "shared":  # which is built once for all batches
        in_batches = simulate(network, s_in, batch=2, membrane=own)
        np.testing.assert_array_equal(in_batches.spikes[1], want[1])
    assert (reference.run(network, s_in).spikes[0] != want[0]).any()


def errors_of(method):
    """Errors of one integrated step of u from 0.5 toward g I = 1, for tau of 4 and of 8 steps, where it is known."""
    network = random_network((1, 2, 1), kind="FSNN", steps=2)
    layer = replace(network.layers[0], W_f=np.zeros((2, 1)), b_f=np.ones(2), neuron=Neuron(0.5, 1.0, theta_u=10.0))
    network, tau = replace(network, layers=(layer,), W_o=np.zeros((1, 2)), b_o=np.zeros(1)), np.array([4.0, 8.0])
    own = Membrane("du/dt = (g*I - u)/tau : 1", method, namespace={"tau": tau * ms}, rest={"u": 0.5})
    u = run(network, np.zeros((1, 2, 1), bool), own).u[0][0, 0]
    return np.abs(u - (1 - 0.5 * np.exp(-1 / tau)))


def midpoint(equations, variables=None, method_options=None):
    """The midpoint rule for u alone, as code: what Brian2 takes for a method of one's own."""
    (_, rate), = equations.get_substituted_expressions(variables)
    half = rate.code.replace("u)", "(u + dt/2*_rate))")
    return f"_rate = {rate.code}\nu = u + dt*({half})"


@pytest.mark.parametrize("method, order", [("euler", 1), ("rk2", 2), (midpoint, 2), ("rk4", 4)])
def test_a_method_integrates_to_its_order(method, order):
    """One step is wrong by (dt/tau)^(order + 1) / (order + 1)!, so twice the tau makes it that much smaller."""
    coarse, fine = errors_of(method)
    assert fine > 1e-9 and np.log2(coarse / fine) == pytest.approx(order + 1, abs=0.25)


def test_exact_is_exact():
    assert errors_of("exact").max() < 1e-15


# where in the step, and before and after the sample


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_variables_start_from_rest_with_the_sample_and_go_back_to_it(coupling):
    """a and c move toward 1 in the steps of the sample alone, a from 0.3, c from 0: by Euler's method what is missing
    to 1 is multiplied by 1 - dt/tau a step."""
    network = random_network(seed=1, steps=12)
    own = Membrane("du/dt = (beta*u + g*I - u)/dt : 1\nda/dt = (1 - a)/tau : 1\ndc/dt = (1 - c)/tau : 1", "euler",
                   rest={"a": 0.3}, namespace={"tau": 5 * ms})
    converted = convert(network, random_input(network, 2), coupling=coupling, membrane=[None, own])
    converted.add(StateMonitor(converted["fast_2"], ["a", "c"], record=True, when="end", clock=converted.clock,
                               name="seen"))
    converted.run(namespace={})
    lag, still = converted.timing.u[1], 0.8 ** np.arange(1, 13)
    for name, rest in (("a", 0.3), ("c", 0.0)):
        found = np.asarray(getattr(converted["seen"], name))
        np.testing.assert_array_equal(found[:, :lag], rest)
        np.testing.assert_allclose(found[:, lag:lag + 12] - (1 - (1 - rest) * still), 0, atol=1e-15)
        assert (found[:, lag + 12:] == rest).all() and found.shape[1] > lag + 12 > 12


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_membrane_is_integrated_between_its_current_and_its_threshold(coupling):
    network = random_network(kind="DMP+RSNN", steps=5)
    converted = convert(network, random_input(network, 1), coupling=coupling, membrane=[EXPONENTIAL, None])
    steps = dynamics.steps(converted)
    places = {step.of: place for place, step in enumerate(steps)}
    assert (places["fast_1_run_regularly"] < places["fast_1_stateupdater"] < places["fast_1_held"]
            < places["W_r_1" if coupling == "shared" else "W_r_1_summed_variable_I_r_post"]
            if "W_r_1_summed_variable_I_r_post" in places else places["fast_1_spike_thresholder"])
    moved = next(step for step in steps if step.of == "fast_1_stateupdater")
    assert (moved.code, moved.by, moved.does) == ("du/dt = (g*I/(1 - beta) - u)/tau", "exact", "compute")
    assert "fast_1_stateupdater: integrates by exact\n      du/dt = (g*I/(1 - beta) - u)/tau" in converted.dynamics()
    assert not any(step.by for step in steps if step.owner == "fast_2")


def test_a_subexpression_that_is_kept_over_the_step_is_of_this_step():
    """Brian2 would take it before I is known."""
    network = random_network(seed=1)
    s_in = random_input(network, 2)
    want = reference.run(network, s_in)
    assert_informative(want)
    own = "du/dt = (J - u)*(-log(beta)/dt) : 1\nJ = g*I/(1 - beta) : 1 (constant over dt)"
    np.testing.assert_array_equal(run(network, s_in, own).spikes[1], want.spikes[1])


@pytest.mark.parametrize("name", ["RSNN", "linear decay", "delays in layer 2, recurrence"])
@pytest.mark.parametrize("form", FORMS)
def test_what_is_printed_is_what_runs(name, form):
    """Read aloud, Euler's method too: u + dt times what is printed."""
    network = random_network(seed=1, steps=25, **NETWORKS[name])
    s_in = random_input(network, 1)
    want = reference.run(network, s_in)
    assert_informative(want)
    own = [DECAYS[layer.neuron.decay] if form == "expression" else replace(
        LINEAR, step=f"du/dt = ({DECAYS[layer.neuron.decay]} + g*I - u)/dt : 1") for layer in network.layers]
    read = Read(convert(network, s_in, membrane=own))
    read.steps = [replace(step, code=f"u = u + {read.dt}*({step.code.removeprefix('du/dt = ')})".replace(
        "/dt", f"/{read.dt}")) if step.by else step for step in read.steps]
    assert sum(step.by == "euler" for step in read.steps) == (2 if form == "equations" else 0)
    converted = convert(network, s_in, membrane=own)
    spikes = read.run(converted.timing.total)
    for number, layer in enumerate(want.spikes, 1):
        lag = converted.timing.u[number - 1]
        assert {(k - lag, n) for k, n in spikes[f"fast_{number}"]} == set(map(tuple, np.argwhere(layer[0])))


def test_constants_are_state_that_a_user_may_change():
    """One a neuron, the same in all samples; afterwards as given anew."""
    network = random_network(seed=1)
    s_in, n = random_input(network, 2), network.layers[0].N
    own = Membrane("kept*u", namespace={"kept": np.linspace(0.1, 0.9, n)})
    converted = convert(network, s_in, membrane=[own, None])
    np.testing.assert_array_equal(converted["fast_1"].kept[:], np.tile(np.linspace(0.1, 0.9, n), 2))
    converted["fast_1"].kept = 0.5
    converted.run(namespace={})
    want = reference.run(network, s_in)
    assert_informative(want)
    np.testing.assert_array_equal(converted.activity().spikes[0], want.spikes[0])
    assert (run(network, s_in, [own, None]).spikes[0] != want.spikes[0]).any()


# what is refused


U = "du/dt = (g*I - u)/tau : 1"
REFUSED = {
    "one too few": ([None], "membrane: 1 are given, but the network has 2 layers"),
    "not code": (3, "membrane of layer 1: 3 is given, but"),
    "no expression": ("beta*", "membrane of layer 1: step = 'beta\\*', but it cannot be read; write what is kept of u"),
    "an assignment": ("u = beta*u", "step = 'u = beta\\*u', but it cannot be read"),
    "no unit": ("du/dt = -u/ms", "does not read as equations.*write them as 'du/dt"),
    "no du/dt": ([None, "dv/dt = (I - v)/ms : 1"], "layer 2: its equations are of v, but du/dt is missing"),
    "unknown name": ("betta*u", "betta has no meaning \\(did you mean beta\\?\\).*give it in namespace"),
    "unknown constant": (U, "tau has no meaning.*give it in namespace"),
    "unknown in the threshold": (Membrane("beta*u", threshold="u > level"), "level has no meaning"),
    "unknown in the reset": (Membrane("beta*u", reset="v = 0"), "v has no meaning"),
    "no input": ("du/dt = -u/(20*ms) : 1", "layer 1: your equations do not mention I, but .* hears its input; add it"),
    "no input in layer 2": ([None, Membrane("du/dt = (drive - u)/ms : 1\ndrive = 0.5 : 1")],
                            "layer 2: your equations do not mention I, .*e.g. du/dt = .g.I - u./tau : 1"),
    "u in volt": (Membrane("du/dt = -u/ms : volt"), "u is in V, but a trained u has no unit"),
    "tau in volt": (Membrane(U, namespace={"tau": 3 * mV}), "Brian2 cannot take it so"),
    "tau without unit": (Membrane(U + "\ntau : second", namespace={"tau": 3}), "tau = 3, but it is declared in s"),
    "kept in volt": (Membrane("u*kept", namespace={"kept": 3 * mV}), "Brian2 cannot take it so"),
    "no value": (Membrane(U + "\ntau : second"), "tau has no value; give it in namespace"),
    "too many values": (Membrane("kept*u", namespace={"kept": np.ones(5)}), "kept has shape \\(5,\\), but .* 16 n"),
    "not a number": (Membrane("kept*u", namespace={"kept": np.nan}), "kept = nan, but a constant is a finite"),
    "no value at all": (Membrane("kept*u", namespace={"kept": "0.5"}), "namespace: kept = '0.5', but"),
    "the layer's name": (Membrane("lam*u", namespace={"lam": 0.3}), "lam is defined, but the layer"),
    "the weights' name": (Membrane("du/dt = (I - u)/ms : 1\ndw/dt = -w/ms : 1"), "w is defined, but the layer or its"),
    "rest of what does not move": (Membrane("beta*u", rest={"a": 1}), "rest: a is given, but what can rest is u"),
    "no condition": (Membrane("beta*u", threshold="u + 1"), "threshold = 'u \\+ 1', but it is no condition"),
    "calculates with a condition": ("beta*u*(u > 0)", "'u > 0' is a condition.*write int\\(u > 0\\)"),
    "is a condition": ("u > 0", "step = 'u > 0', but 'u > 0' is a condition"),
    "a condition in equations": ("du/dt = (I*a - u)/ms : 1\na = I > 0 : 1", "a = 'I > 0', but 'I > 0' is a condition"),
    "not linear": ("du/dt = (I - u**2)/ms : 1", "method = 'exact', but Brian2 cannot integrate.*set another"),
    "no method": (Membrane("du/dt = (I - u)/ms : 1", "rk5"), "method = 'rk5'.*one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_is_told_before_anything_is_built(name, monkeypatch):
    def build(*args, **kwargs):
        raise AssertionError("it was being built")

    monkeypatch.setattr(conversion.populations, "groups", build)
    monkeypatch.setattr(standalone, "compiled", build)
    network, (membrane, says) = random_network(), REFUSED[name]
    s_in = random_input(network, 1)
    for ask in (lambda: convert(network, s_in, membrane=membrane),
                lambda: simulate(network, s_in, membrane=membrane, backend="cpp_standalone")):
        with pytest.raises(DmpnetError, match=says) as told:
            ask()
        assert "\n" not in str(told.value)
    with pytest.raises(AssertionError, match="being built"):
        convert(network, s_in, membrane="beta*u")


def test_a_network_in_integers_keeps_its_own():
    network = random_network(encoding="analog", seed=1)
    made = constrain.constrain(network, chip.load("dmp-256"), random_input(network, 8)).network
    with pytest.raises(DmpnetError, match="layer 1: it is given in real numbers, but the layer computes in integers"):
        convert(made, random_input(network, 1), membrane=EXPONENTIAL)


def test_a_threshold_on_which_memory_acts_names_it():
    network = random_network(seed=1, **NETWORKS["memory on the threshold"])
    s_in = random_input(network, 2)
    with pytest.raises(DmpnetError, match="slow memory acts on the threshold; subtract \\(I_m \\+ b_m\\)"):
        convert(network, s_in, membrane=Membrane("beta*u", threshold="u >= theta_u"))
    own = Membrane("beta*u", threshold="u + (I_m + b_m) >= theta_u")
    want = reference.run(network, s_in)
    assert_informative(want)
    np.testing.assert_array_equal(run(network, s_in, own).spikes[1], want.spikes[1])


def test_a_simulation_draws_nothing_at_random():
    network = random_network()
    s_in = random_input(network, 1)
    for own in ("beta*u + 0.1*rand()", Membrane("beta*u", reset="u = randn()"),
                Membrane("du/dt = (I - u)/ms + xi*ms**-0.5 : 1", "euler")):
        with pytest.raises(DmpnetError, match="layer 1: it draws random numbers, but simulate.*network.convert"):
            simulate(network, s_in, membrane=own)
        membranes.checked(own, populations.steps_of(network), network.encoding.dt)
    convert(network, s_in, membrane=own).run(namespace={})


def test_brian2genn_keeps_the_trained_decay(monkeypatch):
    monkeypatch.setattr(conversion, "on_genn", lambda: True)
    network = random_network()
    with pytest.raises(BackendError, match="membrane is given, but on Brian2GeNN.*numpy"):
        convert(network, random_input(network, 1), membrane="beta*u")


# compiled programs


def test_a_membrane_is_part_of_a_program_and_of_its_key():
    network = random_network(seed=1)

    def key(*own):
        checked = membranes.checked(list(own), populations.steps_of(network), network.encoding.dt) if own else ()
        return standalone.key(standalone.designed(Trained(network, checked), 3, 40, ("spikes",)))

    def leaky(**more):
        return Membrane(U, **({"namespace": {"tau": 5 * ms}} | more))

    n = network.layers[0].N
    keys = [key(), key(None, "beta*u"), key("beta*u", None), key(leaky(), None), key(leaky(method="rk4"), None),
            key(leaky(namespace={"tau": 6 * ms}), None), key(leaky(namespace={"tau": np.full(n, 5) * ms}), None),
            key(leaky(rest={"u": 0.1}), None), key(leaky(threshold="u > 1"), None), key(leaky(reset="u = 0"), None)]
    assert len(set(keys)) == len(keys) and key(leaky(), None) == keys[3] and key(None, None) == key()


def test_functions_do_not_go_into_another_process():
    network = random_network()
    s_in, squashed = random_input(network, 1), brian2.Function(np.tanh, arg_units=[1], return_unit=1)
    for own, what in ((Membrane(U.replace("tau", "ms"), midpoint), "method"),
                      (Membrane("squashed(u)", namespace={"squashed": squashed}), "squashed")):
        assert simulate(network, s_in, membrane=own).counts[0].shape == (1, 16)
        with pytest.raises(BackendError, match=f"membrane of layer 1: {what} is a function.*use 'numpy'"):
            simulate(network, s_in, membrane=own, backend="cpp_standalone")


def test_membranes_go_whole_into_another_process():
    """Values to the last bit, with their units."""
    own = [None, replace(Adaptive.membrane(12), method="rk4"), Membrane("beta*u"),
           Membrane(Equations("du/dt = -u/tau : 1\nn : integer\ntau : second (constant)"), rest={"n": 3, "u": 0.1},
                    namespace={"tau": 3 * ms})]
    again = membranes.read(json.loads(json.dumps(membranes.described(own))))
    assert again[0] is None and membranes.described(again) == membranes.described(own)
    for one, other_one in zip(own[1:], again[1:], strict=True):
        assert (one.declared(), one.method, one.threshold, one.reset) == (
            other_one.declared(), other_one.method, other_one.threshold, other_one.reset)
        for name, value in one.values.items():
            np.testing.assert_array_equal(value, other_one.values[name])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler: g++ is not found")
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_compiled_program_does_what_a_plain_loop_does(coupling, tmp_path):
    network, s_in, own, want = other("adaptive threshold")
    got = simulate(network, s_in, membrane=own, backend="cpp_standalone", coupling=coupling, batch=2, cache=tmp_path)
    for number, spikes in enumerate(want):
        np.testing.assert_array_equal(got.spikes[number], spikes)


def test_nothing_of_a_users_session_is_touched_by_what_is_refused():
    brian2.set_device("cpp_standalone", build_on_run=False)
    try:
        network = random_network()
        with pytest.raises(DmpnetError, match="has no meaning"):
            convert(network, random_input(network, 1), membrane=[EXPONENTIAL, Membrane(U)])
        assert not [name for name in get_device().arrays.values() if "fast" in name]
        convert(network, random_input(network, 1), membrane=Equations(EXPONENTIAL.step))
    finally:
        get_device().reinit()
        reset_device()
