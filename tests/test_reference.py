"""The NumPy reference against closed forms, against plain Python loops, and against what must not change it."""

import re
from dataclasses import replace
from functools import lru_cache
from math import ceil, log

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import random_input
from networks import random_network as build

from dmpnet import data, reference
from dmpnet.disk import shipped
from dmpnet.equations import memory
from dmpnet.equations.memory import ACTS
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.trained import weights
from dmpnet.trained.activity import Activity, mismatches, smoothed
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import legendre_pathway

KINDS = ("FSNN", "RSNN", "DMP", "DMP+RSNN")
seeds = st.integers(0, 2**16)
random_network = lru_cache(build)  # Hypothesis asks for the same few again and again


def one_neuron(neuron, w=1.0, b=0.0, **pathways):
    """One neuron on one analog channel, its readout the spike itself."""
    layer = Layer(np.array([[w]]), np.array([b]), neuron, **pathways)
    return TrainedNetwork((layer,), np.ones((1, 1)), np.zeros(1), Encoding("analog", 1, 100, 1e-3))


def drive(network, current, **options):
    """Activity of one sample with `current` (T,) on its single channel."""
    return reference.run(network, np.asarray(current, float)[None, :, None], record=("spikes", "u", "m", "readout"),
                         **options)


def sure(activity: Activity):
    """Skip this draw if a membrane came so near the threshold that rounding could decide a spike."""
    assume(activity.margin > 1e-9)
    return activity


def lively(spikes):
    assert 0.005 < np.mean([layer.mean() for layer in spikes]) < 0.5, "silent or saturated: equality shows nothing"


def plain_loops(network, sample):
    """Spikes, u and m of every layer for one sample (T, M), number by number: the equations of dmp.md."""
    signal = [[float(v) for v in row] for row in sample]
    everything = []
    for layer in network.layers:
        c, slow = layer.neuron, layer.slow
        u, s = [0.0] * layer.N, [0.0] * layer.N
        m = [0.0] * (slow.d if slow else 0)
        seen = m
        spikes, membranes, memories = [], [], []
        delay = [0] * layer.M if layer.delay is None else layer.delay
        for k in range(len(signal)):
            s_in = [signal[k - delay[j]][j] if k >= delay[j] else 0.0 for j in range(layer.M)]
            if slow:
                x = max(0.0, sum(slow.w_x[j] * s_in[j] for j in range(layer.M)) + slow.b_x)
                m = [sum(slow.Abar[i, j] * m[j] for j in range(slow.d)) + slow.Bbar[i] * x for i in range(slow.d)]
                if k == k // slow.d_s * slow.d_s:
                    seen = m
            before, s = s, []
            for n in range(layer.N):
                I, threshold = sum(layer.W_f[n, j] * s_in[j] for j in range(layer.M)), c.theta_u
                told = slow.b_m[n] + sum(slow.W_m[n, i] * seen[i] for i in range(slow.d)) if slow else 0
                if slow and slow.acts == "gain":
                    I *= 1 + told
                elif slow and slow.acts == "threshold":
                    threshold -= told
                else:
                    I += told
                I += layer.b_f[n]
                if layer.W_r is not None:
                    I += sum(layer.W_r[n, j] * before[j] for j in range(layer.N))
                u[n] = c.beta * u[n] + c.g * I
                s.append(1.0 if u[n] >= threshold else 0.0)
                if s[n]:
                    u[n] = 0.0 if c.reset == "hard" else u[n] - c.theta_u
            spikes.append(s)
            membranes.append(list(u))
            memories.append(m)
        everything.append((np.array(spikes) > 0, np.array(membranes), np.array(memories)))
        signal = spikes
    return everything


# one neuron, closed forms


@given(st.floats(0, 0.999), st.floats(0.01, 2), st.floats(-3, 3), st.integers(0, 10))
def test_impulse_response(beta, g, w, start):
    """Below threshold an impulse at step k0 leaves u[k] = beta^(k-k0) g w."""
    network = one_neuron(Neuron(beta, g, theta_u=10.0), w)
    u = drive(network, np.arange(40) == start).u[0][0, :, 0]
    k = np.arange(40) - start
    np.testing.assert_allclose(u, np.where(k >= 0, beta ** np.maximum(k, 0) * g * w, 0), atol=1e-12)


@given(st.floats(0, 0.95), st.floats(0.01, 2), st.floats(-5, 5))
def test_constant_current_below_threshold(beta, g, I):
    """u[k] = g I (1 - beta^(k+1)) / (1 - beta), towards g I / (1 - beta)."""
    steady = g * I / (1 - beta)
    network = one_neuron(Neuron(beta, g, theta_u=1 + abs(steady)), b=I)
    activity = drive(network, np.zeros(400))
    np.testing.assert_allclose(activity.u[0][0, :, 0], steady * (1 - beta ** np.arange(1, 401)), atol=1e-9)
    assert activity.u[0][0, -1, 0] == pytest.approx(steady, abs=1e-6)
    assert not activity.spikes[0].any()


@given(st.floats(0.05, 0.99), st.floats(0.1, 2), st.floats(1.05, 20))
def test_interval_under_constant_current(beta, g, drive_over_rheobase):
    """Hard reset: the first n with g I (1 - beta^n) / (1 - beta) >= theta_u, again and again."""
    theta_u = 1.7
    I = drive_over_rheobase * theta_u * (1 - beta) / g
    exact = log(1 - 1 / drive_over_rheobase) / log(beta)
    assume(abs(exact - round(exact)) > 1e-6)
    n = ceil(exact)
    spikes = drive(one_neuron(Neuron(beta, g, theta_u), b=I), np.zeros(300)).spikes[0][0, :, 0]
    np.testing.assert_array_equal(np.flatnonzero(spikes), np.arange(n - 1, 300, n))


@given(seeds, st.floats(0, 0.999), st.floats(0.5, 2))
def test_soft_reset_conserves_charge(seed, beta, g):
    """What came in is in the membrane, leaked, or spent: sum g I = u_T + (1 - beta) sum u[k-1] + theta_u spikes."""
    current = np.random.default_rng(seed).normal(1, 3, size=200)
    activity = drive(one_neuron(Neuron(beta, g, 1.3, "soft")), current)
    u = activity.u[0][0, :, 0]
    spent = 1.3 * activity.spikes[0].sum()
    assert spent > 0
    assert g * current.sum() == pytest.approx(u[-1] + (1 - beta) * u[:-1].sum() + spent, abs=1e-9)


@given(st.floats(0.01, 0.95))
def test_soft_reset_without_leak_counts_exactly(load):
    """As beta -> 1 the spike count is the integral of g I over theta_u, rounded down."""
    theta_u, steps = 2.0, 500
    exact = load * steps
    assume(abs(exact - round(exact)) > 1e-6)
    almost_one = float(np.nextafter(1, 0))
    activity = drive(one_neuron(Neuron(almost_one, 0.5, theta_u, "soft"), b=load * theta_u / 0.5), np.zeros(steps))
    assert activity.spikes[0].sum() == int(exact)


@pytest.mark.parametrize("reset, left", [("hard", [0.0, 0.0]), ("soft", [0.0, 0.5])])
def test_spike_exactly_on_the_threshold(reset, left):
    """>=, not >: 0.5 * 2 = 1 fires, the next smaller current does not; 0.5 * 3 = 1.5 leaves 0.5 if subtracted."""
    network = one_neuron(Neuron(reset=reset))
    on, above, below = (drive(network, [I]) for I in (2.0, 3.0, np.nextafter(2.0, 0)))
    assert on.spikes[0].all() and on.margin == 0
    assert above.spikes[0].all()
    assert not below.spikes[0].any() and 0 < below.margin < 1e-15
    assert [on.u[0].item(), above.u[0].item()] == left


def test_hard_reset_forgets_and_soft_reset_fires_again():
    """A large impulse: one spike and nothing left, or one after another, the threshold off and an eighth leaked."""
    impulse = [9.0, 0, 0, 0, 0, 0, 0, 0]  # 9, 7, 5.25, 3.71875, 2.37890625, 1.20654296875, 0.18072509765625
    hard = drive(one_neuron(Neuron(beta=0.875, g=1.0, theta_u=1.0)), impulse)
    soft = drive(one_neuron(Neuron(beta=0.875, g=1.0, theta_u=1.0, reset="soft")), impulse)
    np.testing.assert_array_equal(hard.spikes[0][0, :, 0], [1, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(hard.u[0], 0)
    np.testing.assert_array_equal(soft.spikes[0][0, :, 0], [1, 1, 1, 1, 1, 1, 0, 0])


# the slow pathway


def slow_drive(d_s, seed=0, b_x=0.1):
    """(network, input) of one subthreshold neuron that hears nothing but its slow memory, d = 4, theta = 15."""
    rng = np.random.default_rng(seed)
    slow = legendre_pathway(np.array([0.8]), b_x, rng.normal(size=(1, 4)), np.array([0.05]), 15.0, d_s)
    network = one_neuron(Neuron(0.7, 0.3, theta_u=1e6), w=0.0, slow=slow)
    return network, rng.normal(size=100)


def test_slow_memory_is_the_convolution_of_the_rectified_projection():
    network, current = slow_drive(d_s=1)
    slow = network.layers[0].slow
    x = np.maximum(slow.w_x[0] * current + slow.b_x, 0)
    assert 0.2 < (x == 0).mean() < 0.8, "the rectifier is not exercised"
    response = memory.impulse_response(slow.Abar, slow.Bbar, 100)
    want = [sum(response[k - j] * x[j] for j in range(k + 1)) for k in range(100)]
    np.testing.assert_allclose(drive(network, current).m[0][0], want, atol=1e-12)


@given(st.integers(1, 120), seeds)
def test_dilation_holds_the_memory_current(d_s, seed):
    """The membrane filters I[k] = W_m m[floor(k/d_s) d_s] + b_m, with m itself advancing at every step."""
    network, current = slow_drive(d_s, seed)
    slow, neuron = network.layers[0].slow, network.layers[0].neuron
    activity = drive(network, current)
    k = np.arange(100)
    I = activity.m[0][0][k // d_s * d_s] @ slow.W_m[0] + slow.b_m[0]
    kept = np.tril(neuron.beta ** np.maximum(k[:, None] - k, 0))
    np.testing.assert_allclose(activity.u[0][0, :, 0], neuron.g * kept @ I, atol=1e-12)
    undilated = drive(replace_slow(network, d_s=1), current)
    np.testing.assert_array_equal(activity.m[0], undilated.m[0])
    assert d_s == 1 or np.abs(activity.u[0] - undilated.u[0]).max() > 1e-6


def replace_slow(network, **changes):
    layers = tuple(replace(layer, slow=replace(layer.slow, **changes)) for layer in network.layers)
    return replace(network, layers=layers)


@given(seeds)
def test_without_memory_weights_a_dmp_is_a_feedforward_network(seed):
    """W_m = 0 leaves b_f + b_m as the bias of an FSNN."""
    network = random_network(kind="DMP", seed=seed % 8)
    mute = tuple(replace(layer, slow=replace(layer.slow, W_m=0 * layer.slow.W_m)) for layer in network.layers)
    plain = tuple(replace(layer, b_f=layer.b_f + layer.slow.b_m, slow=None) for layer in network.layers)
    s_in = random_input(network, 3, seed=seed)
    want = sure(reference.run(replace(network, layers=plain), s_in))
    got = reference.run(replace(network, layers=mute), s_in)
    assert want.spikes[0].any() and replace(network, layers=plain).kind == "FSNN"
    assert [wrong for _, wrong in mismatches(got, want)] == [0, 0]
    assert [wrong for _, wrong in mismatches(reference.run(network, s_in), want)] != [0, 0]


def acting(acts, W_m=0.0, b_m=0.0, theta_u=1e6, beta=0.5, reset="hard", b=0.0):
    """One neuron whose slow memory, one leaky average of the input, acts on its membrane, threshold or gain."""
    slow = legendre_pathway(np.array([1.0]), 0.0, np.array([[W_m]]), np.array([b_m]), 10.0, acts=acts)
    return one_neuron(Neuron(beta, 1.0, theta_u, reset), b=b, slow=slow)


@given(st.sampled_from(ACTS), st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 0.9))
def test_steady_membrane_under_constant_input(acts, W_m, b_m, beta):
    """The memory of a constant input 2 is 2: u -> (W_f 2 (1 + W_m 2 + b_m) + b_f) / (1 - beta) for a gain, ..."""
    u = drive(acting(acts, W_m, b_m, beta=beta, b=0.3), np.full(400, 2.0)).u[0][0, -1, 0]
    drives = {"current": 2 + 0.3 + 2 * W_m + b_m, "threshold": 2 + 0.3, "gain": 2 * (1 + 2 * W_m + b_m) + 0.3}
    assert u == pytest.approx(drives[acts] / (1 - beta), abs=1e-9)


@given(st.floats(-2, 4))
def test_a_lowered_threshold_is_crossed_earlier(lowered):
    """Under constant current u = 1, 1.5, 1.75, ... towards 2; with threshold 3 - b_m it fires from b_m > 1 on."""
    activity = drive(acting("threshold", b_m=lowered, theta_u=3.0, b=1.0), np.zeros(60))
    spikes = activity.spikes[0][0, :, 0]
    assume(activity.margin > 1e-9)
    steps = [k for k in range(60) if 2 - 2.0**-k >= 3 - lowered]
    assert np.flatnonzero(spikes)[:1].tolist() == steps[:1]
    assert spikes.all() == (lowered >= 2)


def test_a_lowered_threshold_takes_off_the_whole_one():
    """Soft reset: 3 >= 5 - 2.5 fires and leaves 3 - 5 = -2; margin is the distance from the effective threshold."""
    activity = drive(acting("threshold", b_m=2.5, theta_u=5.0, beta=0.0, reset="soft"), [3.0])
    assert activity.spikes[0].item() and activity.u[0].item() == -2 and activity.margin == 0.5
    on = drive(acting("threshold", b_m=2.0, theta_u=5.0, beta=0.0), [3.0])
    assert on.spikes[0].item() and on.margin == 0


@pytest.mark.parametrize("acts", ["threshold", "gain"])
def test_the_memory_acts_as_held(acts):
    """Dilation holds what the threshold or the gain hears of the memory too."""
    network = replace_slow(random_network(acts=acts, seed=3), d_s=4)
    s_in = random_input(network, 3)
    want, undilated = reference.run(network, s_in), reference.run(replace_slow(network, d_s=1), s_in)
    lively(want.spikes)
    assert mismatches(want, undilated)[0][1] > 0
    np.testing.assert_array_equal(plain_loops(network, s_in[1])[1][0], want.spikes[1][1])


# axonal delays


@given(st.integers(1, 30), st.sampled_from(KINDS), st.sampled_from(("spikes", "analog")), seeds)
def test_equal_delays_are_a_later_input(delay, kind, encoding, seed):
    """The same delay on all inputs of layer 1 is the input shifted, its last `delay` steps lost."""
    network = random_network(kind=kind, encoding=encoding, seed=seed % 4)
    first = replace(network.layers[0], delay=np.full(6, delay, np.uint8))
    s_in = random_input(network, 2, seed=seed)
    shifted = np.concatenate([np.zeros_like(s_in[:, :delay]), s_in[:, :-delay]], axis=1)
    want = sure(reference.run(network, shifted))
    got = reference.run(replace(network, layers=(first, network.layers[1])), s_in)
    assert [wrong for _, wrong in mismatches(got, want)] == [0, 0]


def test_each_input_arrives_after_its_own_delay():
    """Channels 0 to 3 spike in step 2 and reach their neurons 0, 1, 5 and 8 steps later; 8 is past the last step, 9."""
    layer = Layer(2 * np.eye(4), np.zeros(4), Neuron(), delay=np.array([0, 1, 5, 8]))
    network = TrainedNetwork((layer,), np.zeros((1, 4)), np.zeros(1), Encoding("spikes", 4, 10, 1e-3))
    s_in = np.zeros((1, 10, 4))
    s_in[0, 2] = 1
    assert np.argwhere(reference.run(network, s_in).spikes[0][0]).tolist() == [[2, 0], [3, 1], [7, 2]]


@pytest.mark.parametrize("number", [0, 1])
def test_delays_of_a_layer_reach_its_memory_and_its_neurons(number):
    network = random_network(delay=12, seed=2)
    s_in = random_input(network, 3)
    want = reference.run(network, s_in, record=("spikes", "m"))
    lively(want.spikes)
    layers = list(network.layers)
    layers[number] = replace(layers[number], delay=0 * layers[number].delay)
    other = reference.run(replace(network, layers=tuple(layers)), s_in, record=("spikes", "m"))
    assert mismatches(other, want)[number][1] > 0 and np.abs(other.m[number] - want.m[number]).max() > 0.01
    plain = tuple(replace(layer, delay=None) for layer in network.layers)
    none = tuple(replace(layer, delay=0 * layer.delay) for layer in network.layers)
    a, b = (reference.run(replace(network, layers=layers), s_in) for layers in (plain, none))
    assert [wrong for _, wrong in mismatches(a, b)] == [0, 0]


# a class at every step


@given(st.floats(0, 1, exclude_max=True), seeds)
def test_a_class_at_every_step(kappa, seed):
    """ybar[k] = (1 - kappa) sum_j kappa^(k-j) y[j], the closed form of the recursion."""
    network = random_network(kind="FSNN", seed=seed % 4)
    s_in = random_input(network, 2, seed=seed)
    mean = reference.run(network, s_in, record=("readout",))
    activity = reference.run(replace(network, kappa=kappa), s_in, record=("readout",))
    np.testing.assert_array_equal(activity.readout, mean.readout)
    k = np.arange(40)
    kept = (1 - kappa) * np.tril(float(kappa) ** np.maximum(k[:, None] - k, 0))
    np.testing.assert_allclose(activity.logits, np.einsum("kj,bjc->bkc", kept, mean.readout), atol=1e-12)
    assert activity.predictions.shape == (2, 40) and mean.predictions.shape == (2,)
    assert reference.run(replace(network, kappa=kappa), s_in, record=()).readout is None


def test_smoothing_a_constant_and_nothing():
    """A constant y is approached as 1 - kappa^(k+1); kappa = 0 is y itself."""
    y = np.broadcast_to([2.0, -1.0], (3, 20, 2))
    np.testing.assert_allclose(smoothed(y, 0.9), y * (1 - 0.9 ** np.arange(1, 21))[:, None], atol=1e-12)
    np.testing.assert_array_equal(smoothed(y, 0.0), y)
    assert smoothed(y.astype(np.float32), 0.9).dtype == np.float32


# whole networks


@settings(max_examples=30)
@given(st.sampled_from(KINDS), st.sampled_from(("hard", "soft")), st.sampled_from((1, 3)),
       st.sampled_from(("spikes", "analog")), seeds)
def test_equals_plain_loops(kind, reset, d_s, encoding, seed):
    network = random_network((3, 5, 4, 2), kind=kind, reset=reset, d_s=d_s, d=3, encoding=encoding, seed=seed % 8)
    s_in = random_input(network, 2, seed=seed)
    got = sure(reference.run(network, s_in, record=("spikes", "u", "m")))
    for sample in range(2):
        for number, (spikes, u, m) in enumerate(plain_loops(network, s_in[sample])):
            np.testing.assert_array_equal(got.spikes[number][sample], spikes)
            np.testing.assert_allclose(got.u[number][sample], u, atol=1e-11)
            if network.layers[number].slow:
                np.testing.assert_allclose(got.m[number][sample], m, atol=1e-11)


@settings(max_examples=30)
@given(st.sampled_from(("FSNN", "DMP", "DMP+RSNN")), st.sampled_from(("hard", "soft")), st.sampled_from(ACTS),
       st.sampled_from(((), ((2, 9.0), (3, 6.0)))), st.sampled_from(memory.FEEDS),
       st.sampled_from((0, 1, 6, (4, 0), (0, 60))), st.sampled_from(("spikes", "analog")), seeds)
def test_extensions_equal_plain_loops(kind, reset, acts, blocks, feed, delay, encoding, seed):
    network = random_network((3, 5, 4, 2), kind=kind, reset=reset, acts=acts, blocks=blocks, feed=feed, delay=delay,
                             d_s=2, d=3, encoding=encoding, seed=seed % 4)
    s_in = random_input(network, 1, seed=seed)
    got = sure(reference.run(network, s_in, record=("spikes", "u", "m")))
    for number, (spikes, u, m) in enumerate(plain_loops(network, s_in[0])):
        np.testing.assert_array_equal(got.spikes[number][0], spikes)
        np.testing.assert_allclose(got.u[number][0], u, atol=1e-10)
        if network.layers[number].slow:
            np.testing.assert_allclose(got.m[number][0], m, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_loops_were_exercised(kind, reset):
    """The networks of the test above spike, and their resets and recurrence matter."""
    network = random_network((3, 5, 4, 2), kind=kind, reset=reset, d=3)
    s_in = random_input(network, 8)
    want = reference.run(network, s_in)
    lively(want.spikes)
    other = {"hard": "soft", "soft": "hard"}[reset]
    changed = [replace(network, layers=tuple(replace(layer, neuron=Neuron(reset=other)) for layer in network.layers))]
    if "RSNN" in kind:
        changed.append(replace(network, layers=tuple(replace(layer, W_r=layer.W_r.T) for layer in network.layers)))
    if "DMP" in kind:
        changed.append(replace_slow(network, d_s=3))
    for altered in changed:
        assert sum(wrong for _, wrong in mismatches(reference.run(altered, s_in), want)) > 0


def test_recurrence_acts_one_step_later():
    """Neuron 0 fires at step 0 and excites neuron 1 through W_r: it fires at step 1, not at 0."""
    layer = Layer(np.array([[2.0], [0.0]]), np.zeros(2), Neuron(), W_r=np.array([[0.0, 0.0], [2.0, 0.0]]))
    network = TrainedNetwork((layer,), np.zeros((1, 2)), np.zeros(1), Encoding("spikes", 1, 3, 1e-3))
    np.testing.assert_array_equal(drive(network, [1, 0, 0]).spikes[0][0], [[1, 0], [0, 1], [0, 0]])


def test_layers_pass_spikes_within_a_step():
    layer = Layer(np.array([[2.0]]), np.zeros(1), Neuron())
    network = TrainedNetwork((layer,) * 3, np.ones((1, 1)), np.zeros(1), Encoding("spikes", 1, 3, 1e-3))
    for spikes in drive(network, [0, 1, 0]).spikes:
        np.testing.assert_array_equal(spikes[0, :, 0], [0, 1, 0])


@given(st.sampled_from(KINDS), st.integers(1, 39), seeds)
def test_the_future_changes_nothing(kind, step, seed):
    network = random_network(kind=kind, d_s=2, seed=seed % 8)
    s_in = random_input(network, 2, seed=seed)
    altered = s_in.copy()
    altered[:, step:] = ~altered[:, step:]
    a, b = (reference.run(network, x, record=("spikes", "u", "m", "readout")) for x in (s_in, altered))
    for before, after in zip(a.spikes + a.u + [m for m in a.m if m is not None] + [a.readout],
                             b.spikes + b.u + [m for m in b.m if m is not None] + [b.readout], strict=True):
        np.testing.assert_array_equal(before[:, :step], after[:, :step])
    assert (a.spikes[0] != b.spikes[0]).any()


@given(st.sampled_from(KINDS), seeds)
def test_samples_do_not_meet(kind, seed):
    """A batch of B equals B runs; logits and membranes to rounding, spikes exactly."""
    network = random_network(kind=kind, seed=seed % 8)
    s_in = random_input(network, 3, seed=seed)
    batch = sure(reference.run(network, s_in, record=("spikes", "u")))
    for sample in range(3):
        alone = reference.run(network, s_in[sample:sample + 1], record=("spikes", "u"))
        for number in range(2):
            np.testing.assert_array_equal(batch.spikes[number][sample], alone.spikes[number][0])
            np.testing.assert_allclose(batch.u[number][sample], alone.u[number][0], atol=1e-11)
        np.testing.assert_allclose(batch.logits[sample], alone.logits[0], atol=1e-12)


@given(st.sampled_from(KINDS), seeds)
def test_renumbered_neurons_spike_alike(kind, seed):
    """Neurons of layer 1 in another order: its spikes reordered, everything behind it unchanged."""
    network = random_network(kind=kind, seed=seed % 8)
    order = np.random.default_rng(seed).permutation(network.layers[0].N)
    first, second = network.layers
    slow = first.slow and replace(first.slow, W_m=first.slow.W_m[order], b_m=first.slow.b_m[order])
    W_r = None if first.W_r is None else first.W_r[np.ix_(order, order)]
    heard = second.slow and replace(second.slow, w_x=second.slow.w_x[order])
    renumbered = replace(network, layers=(
        replace(first, W_f=first.W_f[order], b_f=first.b_f[order], W_r=W_r, slow=slow),
        replace(second, W_f=second.W_f[:, order], slow=heard)))
    s_in = random_input(network, 3, seed=seed)
    want, got = sure(reference.run(network, s_in)), reference.run(renumbered, s_in)
    np.testing.assert_array_equal(got.spikes[0], want.spikes[0][:, :, order])
    np.testing.assert_array_equal(got.spikes[1], want.spikes[1])
    np.testing.assert_allclose(got.logits, want.logits, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_the_mean_readout(kind):
    network = random_network(kind=kind)
    activity = reference.run(network, random_input(network, 4), record=("spikes", "readout"))
    lively(activity.spikes)
    np.testing.assert_allclose(activity.logits, activity.readout.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(activity.readout, activity.spikes[-1] @ network.W_o.T + network.b_o, atol=1e-12)
    np.testing.assert_array_equal(activity.predictions, activity.readout.sum(axis=1).argmax(axis=1))
    for rates, spikes in zip(activity.rates, activity.spikes, strict=True):
        np.testing.assert_allclose(rates, spikes.mean(axis=(0, 1)))


def test_single_precision():
    """float32 throughout, near float64: rounding is about 1e-7 a step, kept for 1 / (1 - beta) = 2 steps."""
    network = random_network(reset="soft")
    s_in = random_input(network, 3)
    double, single = (reference.run(network, s_in, record=("spikes", "u", "m", "readout"), dtype=dtype)
                      for dtype in (np.float64, np.float32))
    assert double.margin > 1e-5, "a membrane sits within float32 rounding of the threshold: change the seed"
    assert {array.dtype for array in (*single.u, *single.m, single.readout)} == {np.dtype("float32")}
    assert [wrong for _, wrong in mismatches(single, double)] == [0, 0]
    for a, b in zip(single.u + single.m, double.u + double.m, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert (a != b).any()


def test_only_what_is_asked_for_is_recorded():
    network = random_network(kind="DMP")
    s_in = random_input(network, 2)
    bare = reference.run(network, s_in, record=())
    assert (bare.spikes, bare.u, bare.m, bare.readout) == ([], [], [], None)
    full = reference.run(network, s_in, record=reference.RECORDABLE)
    np.testing.assert_array_equal(bare.logits, full.logits)
    shapes = [[array.shape for array in arrays] for arrays in (full.spikes, full.u, full.m)]
    assert shapes == [[(2, 40, 16), (2, 40, 12)]] * 2 + [[(2, 40, 4)] * 2]
    assert reference.run(random_network(kind="FSNN"), s_in, record=("m",)).m == [None, None]


def test_mismatches_are_counted_by_place():
    network = random_network()
    want = reference.run(network, random_input(network, 2))
    flipped = [layer.copy() for layer in want.spikes]
    flipped[1][0, 3, 5] ^= True
    flipped[1][1, 7, 2] ^= True
    assert mismatches(replace(want, spikes=flipped), want) == [(2 * 40 * 16, 0), (2 * 40 * 12, 2)]


# what is refused


@pytest.mark.parametrize("encoding, s_in, named", [
    ("spikes", np.zeros((2, 10, 5)), r"shape \(2, 10, 5\).*\(samples, steps, 6\)"),
    ("spikes", np.zeros((10, 6)), r"shape \(10, 6\)"),
    ("spikes", np.zeros(6), r"shape \(6,\)"),
    ("spikes", np.float64(0), r"shape \(\)"),
    ("spikes", np.zeros((0, 10, 6)), r"\(0, 10, 6\).*nothing to simulate"),
    ("spikes", np.zeros((2, 0, 6)), r"\(2, 0, 6\).*nothing to simulate"),
    ("spikes", np.full((1, 4, 6), 0.5), "reaches from 0.5 to 0.5.*binarise"),
    ("spikes", -np.ones((1, 4, 6)), "reaches from -1 to -1"),
    ("spikes", np.full((1, 4, 6), np.nan), "24 values that are NaN"),
    ("analog", np.array([[[0, 1, 2, np.inf, 4, np.nan]]]), "2 values that are NaN"),
    ("analog", np.zeros((1, 4, 6), complex), "dtype complex128"),
    ("analog", np.full((1, 4, 6), "a"), "dtype <U1"),
    ("analog", np.full((1, 4, 6), None), "dtype object"),
])
def test_wrong_input(encoding, s_in, named):
    network = random_network(encoding=encoding)
    with pytest.raises(DmpnetError, match=named) as error:
        reference.run(network, s_in)
    assert "\n" not in str(error.value)


def test_unknown_record():
    network = random_network()
    with pytest.raises(DmpnetError, match="record 'spike'.*spikes, u, m, x, readout"):
        reference.run(network, random_input(network, 1), record=("spike",))


def test_one_name_of_what_to_keep_is_enough():
    network = random_network()
    s_in = random_input(network, 2)
    assert len(reference.run(network, s_in, record="u").u) == 2
    for wrong, named in (("spike", "'spike'"), (3, "3"), ((3,), "3")):
        with pytest.raises(DmpnetError, match=f"record {named} is not"):
            reference.run(network, s_in, record=wrong)


@pytest.mark.parametrize("channels, wrong, way_out", [
    (6, lambda s_in: s_in[0], "s_in[None]"),
    (6, lambda s_in: s_in.swapaxes(1, 2), "s_in.swapaxes(1, 2)"),
    (6, lambda s_in: s_in.reshape(3, 8, 30), "s_in.reshape(-1, 40, 6)"),
    (1, lambda s_in: s_in[..., 0], "s_in.reshape(-1, 40, 1)"),
    (1, lambda s_in: s_in[:, :30, 0], "s_in[..., None]"),
])
def test_the_way_out_of_a_wrong_shape_is_one(channels, wrong, way_out):
    """What the message says makes of the input what the network reads."""
    network = random_network((channels, 9, 3))
    s_in = random_input(network, 3)
    with pytest.raises(DmpnetError, match=re.escape(way_out)):
        reference.run(network, wrong(s_in))
    mended = eval(way_out, {"s_in": wrong(s_in)})
    np.testing.assert_array_equal(mended, s_in[:len(mended), :mended.shape[1]])


def test_no_array_is_told_what_is():
    with pytest.raises(DmpnetError, match=r"shape \(\).*recordings.batch"):
        reference.run(random_network(), np.asarray(object()))


@pytest.mark.parametrize("value", [1, True, 1.0, np.uint8(1), np.float32(1)])
def test_any_real_type_of_spike_is_the_same_spike(value):
    network = random_network()
    active = random_input(network, 2)
    want = reference.run(network, active)
    got = reference.run(network, np.where(active, value, type(value)(0)))
    np.testing.assert_array_equal(got.logits, want.logits)


def test_analog_input_may_be_negative():
    network = random_network(encoding="analog")
    assert np.isfinite(reference.run(network, -random_input(network, 1)).logits).all()


# rounding


@pytest.mark.parametrize("kwargs", [{}, {"kind": "DMP+RSNN", "reset": "soft", "d_s": 3}, {"delay": (12, 7)},
                                    {"encoding": "analog", "acts": "gain", "blocks": ((3, 9.0), (2, 12.0)),
                                     "feed": "cascade"}])
def test_another_order_of_sums_moves_membranes_by_rounding_alone(kwargs):
    """A few 1e-16 of sums of about 1, over some ten terms and steps; nearer thresholds are told by margin."""
    network = random_network(seed=3, **kwargs)
    s_in = random_input(network, 3)
    found = reference.rounding(network, s_in)
    assert 1e-17 < found < 1e-13 < 1e-9 < reference.run(network, s_in).margin


def test_rounding_of_a_shipped_network_is_seen():
    """Its weights are float32, so that sums over spikes are exact in float64; those of the slow memory are not."""
    network = weights.load(shipped.path("smnist-dmp2"))
    digits = data.load("smnist", "subset").batch(slice(2))
    assert 1e-15 < reference.rounding(network, digits) < 1e-11


def test_a_spike_that_rounding_decides_is_told():
    """(1 + 1e16) - 1e16 is 0 in float64, (-1e16 + 1e16) + 1 is 1: only backwards the neuron fires."""
    layer = Layer(np.array([[1, 1e16, -1e16]]), np.zeros(1), Neuron(g=1.0, theta_u=0.5))
    network = TrainedNetwork((layer,), np.ones((1, 1)), np.zeros(1), Encoding("spikes", 3, 1, 1e-3))
    assert reference.rounding(network, np.ones((1, 1, 3), bool)) == np.inf


def test_sums_of_few_bits_do_not_round():
    """Weights, biases, beta and g that are small multiples of 1/64: all sums of one step are exact."""
    layer = random_network(seed=3, kind="FSNN").layers[0]
    dyadic = replace(layer, W_f=np.rint(layer.W_f * 64) / 64, b_f=np.rint(layer.b_f * 64) / 64)
    network = TrainedNetwork((dyadic,), np.ones((2, layer.N)), np.zeros(2), Encoding("spikes", layer.M, 8, 1e-3))
    s_in = random_input(network, 5, rate=0.5)
    assert reference.run(network, s_in).rates[0].mean() > 0.01 and reference.rounding(network, s_in) == 0
