"""Converted networks do what was trained: every coupling, layer by layer, against the reference (NumPy target)."""

from dataclasses import replace

import brian2
import numpy as np
import pytest
from brian2 import NeuronGroup, Synapses
from brian2.devices.device import reset_device
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.brian import conversion
from dmpnet.brian.conversion import activity, convert, duration, timing
from dmpnet.brian.simulation import simulate
from dmpnet.equations.decay import DECAYS
from dmpnet.equations.memory import ACTS
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import BackendError, DmpnetError
from dmpnet.trained.activity import Activity
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import SlowMemory

ALL = ("spikes", "u", "m", "x", "readout")
COUPLINGS = ("synapses", "shared")
TWO_NEURONS = (Neuron(0.8, 0.3, 2.0), Neuron(0.5, 1.0, 10.0, "soft"))

NETWORKS = {
    "published neuron": {},
    "every constant differs": {"neurons": TWO_NEURONS, "d": (5, 3), "theta": (30.0, 10.0)},
    "RSNN": {"kind": "RSNN"},
    "FSNN": {"kind": "FSNN"},
    "soft reset, memory and recurrence": {"kind": "DMP+RSNN", "reset": "soft"},
    "dilation": {"d_s": 3},
    "analog": {"shape": (1, 16, 12, 3), "encoding": "analog", "d_s": 2},
    "analog FSNN, one layer": {"shape": (3, 10, 2), "encoding": "analog", "kind": "FSNN"},
    "three layers": {"shape": (5, 9, 8, 7, 2)},
    "delays": {"delay": (12, 7)},
    "delays in layer 1, no memory": {"delay": (9, 0), "kind": "FSNN"},
    "delays in layer 2, recurrence": {"delay": (0, 60), "kind": "DMP+RSNN", "reset": "soft"},
    "delays of analog input": {"shape": (3, 16, 12, 3), "encoding": "analog", "delay": (11, 3)},
    "parallel blocks": {"blocks": ((3, 9.0), (2, 30.0))},
    "cascade": {"blocks": ((3, 9.0), (2, 12.0), (4, 15.0)), "feed": "cascade", "d_s": 2},
    "memory on the threshold": {"acts": "threshold", "neurons": TWO_NEURONS, "d_s": 3},
    "memory on the threshold, recurrence": {"acts": "threshold", "kind": "DMP+RSNN"},
    "memory on the gain": {"acts": "gain", "neurons": TWO_NEURONS, "d_s": 2},
    "memory on the gain, recurrence, delays": {"acts": "gain", "kind": "DMP+RSNN", "delay": 5},
    "a class at every step": {"kappa": 0.8},
    "linear decay": {"neurons": (Neuron(g=0.3, decay="linear", lam=0.15),
                                 Neuron(theta_u=2.0, decay="linear", lam=0.4))},
    "linear decay, soft reset, recurrence": {"kind": "RSNN", "neurons": (
        Neuron(g=0.5, reset="soft", decay="linear", lam=0.05), Neuron(g=0.8, reset="soft", decay="linear", lam=0.2))},
    "shift and exponential decay": {"neurons": (Neuron(g=0.4, decay="shift", shift=3), Neuron(0.8, 0.3))},
}


@pytest.fixture(autouse=True)
def numpy_target():
    before, dt = brian2.prefs["codegen.target"], brian2.defaultclock.dt
    brian2.prefs["codegen.target"] = "numpy"
    yield
    brian2.prefs["codegen.target"] = before
    brian2.defaultclock.dt = dt


def assert_informative(want: Activity) -> None:
    """Equality shows something: no membrane sits on its threshold by accident, no layer is silent or saturated."""
    assert want.margin > 1e-9, "a membrane sits on the threshold: change the seed"
    for counts, spikes in zip(want.counts, want.spikes, strict=True):
        np.testing.assert_array_equal(counts, spikes.sum(axis=1))
    for rates in want.rates:
        assert 0.005 < rates.mean() < 0.5, "silent or saturated: equality would show nothing"


def assert_same(got: Activity, want: Activity) -> None:
    """Equal spikes; sums in another order differ by rounding, a few 1e-16 of values that are about 1 a step."""
    for a, b in zip(got.spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(got.u + got.m + got.x + got.rates, want.u + want.m + want.x + want.rates, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got.logits, want.logits, rtol=1e-12, atol=1e-12)
    if want.readout is not None:
        np.testing.assert_allclose(got.readout, want.readout, rtol=1e-12, atol=1e-12)


def run(network: TrainedNetwork, s_in: np.ndarray, coupling: str, change=lambda converted: None) -> Activity:
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    change(converted)
    converted.run(duration(network, s_in.shape[1], coupling), namespace={})
    return activity(converted, network, s_in.shape, coupling, ALL)


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_converted_network_takes_the_trained_steps(name, coupling):
    network = random_network(seed=1, **NETWORKS[name])
    s_in = random_input(network, samples=3)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert_same(run(network, s_in, coupling), want)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(units=st.lists(st.integers(2, 9), min_size=3, max_size=5), kind=st.sampled_from(["DMP", "RSNN", "DMP+RSNN"]),
       d=st.integers(1, 6), theta=st.floats(3, 30), d_s=st.integers(1, 5), samples=st.integers(1, 4),
       encoding=st.sampled_from(["analog", "spikes"]), reset=st.sampled_from(["hard", "soft"]), beta=st.floats(0, 0.95),
       g=st.floats(0.1, 3), theta_u=st.floats(0.2, 20), steps=st.integers(1, 25), seed=st.integers(0, 99),
       delay=st.sampled_from([0, 1, 6, 30]), acts=st.sampled_from(ACTS), decay=st.sampled_from(list(DECAYS)),
       coupling=st.sampled_from(COUPLINGS), floor=st.none() | st.floats(-3, 0))
def test_any_network_takes_the_trained_steps(units, kind, d, theta, d_s, encoding, beta, g, theta_u, reset, samples,
                                             steps, seed, delay, acts, decay, coupling, floor):
    neuron = Neuron(beta, g, theta_u, reset, decay, lam=0.3 * beta * theta_u, shift=1 + seed % 5, floor=floor)
    network = random_network(tuple(units), kind=kind, d=d, theta=theta, d_s=d_s, encoding=encoding, delay=delay,
                             acts=acts, neurons=(neuron,) * (len(units) - 2), steps=steps, seed=seed)
    s_in = random_input(network, samples, seed=seed)
    want = reference.run(network, s_in, ALL)
    if want.margin > 1e-9:  # else the trained network itself is undecided
        got = run(network, s_in, coupling)
        for a, b in zip(got.spikes, want.spikes, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(got.logits, want.logits, rtol=1e-9, atol=1e-9)


def dyadic_network(kind: str = "analog") -> TrainedNetwork:
    """Weights, beta and g are such that all sums are exact and membranes land on the threshold of 1 exactly."""
    slow = SlowMemory(np.array([0.5, 0.25]), np.array(0.0), np.array([[1.0], [0.5], [-1.0]]), np.array([0.5, 0.0, 1.0]),
                      np.array([[0.5]]), np.array([0.5]), theta=1.0)
    first = Layer(np.array([[1.0, 1.0], [2.0, -1.0], [0.5, 3.0]]), np.array([0.0, 0.5, 0.5]), Neuron(), slow=slow)
    second = Layer(np.array([[1.0, 1.0, 0.0], [2.0, 0.0, -1.0]]), np.array([1.0, 0.0]), Neuron(reset="soft"))
    return TrainedNetwork((first, second), np.eye(2), np.zeros(2), Encoding(kind, 2, 30, 1e-3))


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_membrane_exactly_on_the_threshold_fires(coupling):
    network = dyadic_network("spikes")
    s_in = random_input(network, samples=4, rate=0.5)
    want = reference.run(network, s_in, ALL)
    assert want.margin == 0, "no membrane lands on the threshold: the case shows nothing"
    got = run(network, s_in, coupling)
    assert_same(got, want)
    above = [replace(layer, neuron=replace(layer.neuron, theta_u=np.nextafter(1.0, 2))) for layer in network.layers]
    strict = reference.run(replace(network, layers=tuple(above)), s_in)
    assert (strict.spikes[0] != want.spikes[0]).any(), "'>' would give the same spikes"


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("lesioned", ["W_m_1", "W_f_2", "W_r_1", "w_x_1", "W_o"])
@pytest.mark.parametrize("delay", [0, 8])
def test_a_lesion_by_name_is_the_trained_network_without_these_weights(lesioned, coupling, delay):
    network = random_network(kind="DMP+RSNN", seed=2, delay=delay)
    s_in = random_input(network, samples=2)

    def cut(converted):
        converted[lesioned].w = 0

    got = run(network, s_in, coupling, cut)
    want = reference.run(without(network, lesioned), s_in, ALL)
    assert want.margin > 1e-9
    assert_same(got, want)
    whole = reference.run(network, s_in)
    assert (whole.spikes[1] != want.spikes[1]).any() or (whole.logits != want.logits).any(), "the lesion does nothing"


def without(network: TrainedNetwork, name: str) -> TrainedNetwork:
    if name == "W_o":
        return replace(network, W_o=0 * network.W_o)
    matrix, number = name.rsplit("_", 1)
    layers = list(network.layers)
    layer = layers[int(number) - 1]
    if matrix in ("W_f", "W_r"):
        layer = replace(layer, **{matrix: 0 * getattr(layer, matrix)})
    else:
        layer = replace(layer, slow=replace(layer.slow, **{matrix: 0 * getattr(layer.slow, matrix)}))
    layers[int(number) - 1] = layer
    return replace(network, layers=tuple(layers))


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_constants_are_state_that_a_user_may_change(coupling):
    network = random_network(kind="FSNN", seed=3)
    s_in = random_input(network, samples=2)
    higher = replace(network.layers[1], neuron=Neuron(beta=0.25, g=0.75, theta_u=1.5))

    def change(converted):
        converted["fast_2"].beta, converted["fast_2"].g, converted["fast_2"].theta_u = 0.25, 0.75, 1.5

    assert_same(run(network, s_in, coupling, change),
                reference.run(replace(network, layers=(network.layers[0], higher)), s_in, ALL))


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_nothing_acts_before_the_first_input_or_after_the_last(coupling):
    network = random_network(seed=4)
    for layer in network.layers:
        layer.b_f[:] = np.abs(layer.b_f) + 3  # fires without input
    s_in = random_input(network, samples=1, steps=7)
    got = run(network, s_in, coupling)
    assert_same(got, reference.run(network, s_in, ALL))
    assert got.spikes[0][:, 0].any() and got.spikes[0][:, -1].any()


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_objects_are_brian2_objects_found_by_name(coupling):
    network = random_network(kind="DMP+RSNN")
    converted = convert(network, random_input(network, 2), coupling=coupling, record=ALL)
    for name in ("fast_1", "slow_1", "scalar_1", "fast_2", "slow_2", "scalar_2", "readout"):
        assert isinstance(converted[name], NeuronGroup)
    for name in ("W_f_1", "W_r_1", "w_x_1", "Abar_1", "Bbar_1", "W_m_1", "W_o"):
        assert isinstance(converted[name], Synapses if coupling == "synapses" else NeuronGroup)
    for name in ("input", "spikes_1", "u_2", "m_1", "y"):
        assert converted[name].name == name
    assert converted.schedule == ["start", "groups", "thresholds", "synapses", "resets", "end"]


def test_a_layer_works_behind_the_input_by_its_place():
    network = random_network(shape=(4, 5, 6, 2))
    assert timing(network, 10, "shared").u == (1, 2)
    assert timing(network, 10, "synapses").u == (3, 6)
    assert timing(network, 10, "synapses").total == 10 + 7 + 1


def test_axons_take_a_step_where_they_pass_on_spikes():
    """Analog values are replayed late instead."""
    spiking = random_network(shape=(4, 5, 6, 2), delay=9)
    assert timing(spiking, 10, "shared").u == (2, 4) and timing(spiking, 10, "shared").axons == (1, 3)
    assert timing(spiking, 10, "synapses").u == (4, 8)
    analog = random_network(shape=(4, 5, 6, 2), delay=9, encoding="analog")
    assert timing(analog, 10, "shared").u == (1, 3)
    assert timing(analog, 10, "synapses").u == timing(replace_delays(analog, (None, 9)), 10, "synapses").u


def replace_delays(network: TrainedNetwork, delays: tuple) -> TrainedNetwork:
    """Delays of every layer: None, an array, or a number for all axons."""
    layers = tuple(replace(layer, delay=None if delay is None else np.zeros(layer.M, int) + delay)
                   for layer, delay in zip(network.layers, delays, strict=True))
    return replace(network, layers=layers)


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("number", [1, 2])
def test_delays_are_state_that_a_user_may_change(coupling, number):
    """Longer ones too than the network was converted with."""
    network = random_network(delay=4, seed=3)
    s_in = random_input(network, samples=2)
    other = np.arange(network.layers[number - 1].M) * 3 % 29

    def change(converted):
        if coupling == "shared":
            converted[f"delay_{number}"].steps = other
        else:
            converted[f"delay_{number}"].delay = np.tile(other, 2) * network.encoding.dt * brian2.second

    delays = [layer.delay for layer in network.layers]
    delays[number - 1] = other
    want = reference.run(replace_delays(network, tuple(delays)), s_in, ALL)
    assert_informative(want)
    assert_same(run(network, s_in, coupling, change), want)


def test_a_compiled_program_has_room_for_delays_set_after_conversion():
    """The ring is for the delays when it is generated; for any of the sample where only the program knows them."""
    network = random_network(delay=4)
    brian2.set_device("cpp_standalone", build_on_run=False)
    try:
        converted = convert(network, random_input(network, 1), coupling="shared")
        converted["delay_1"].steps = 29
        converted["delay_2"].steps = "3*i"
        converted.run(duration(network, 40, "shared"), namespace={})
        code = {name: made.code.cpp_file for name, made in brian2.get_device().code_objects.items()}
    finally:
        brian2.get_device().reinit()
        reset_device()
    for axons, slots in (("axons_1", 32), ("axons_2", 64)):  # Brian2 numbers names that an earlier network still holds
        found = [text for name, text in code.items() if name.startswith(f"{axons}_run_regularly")]
        assert len(found) == 1 and f"_arriving_ring[{slots}]" in found[0]


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_axons_are_a_population(coupling):
    """They spike as their layer hears it: what was sent, each by its delay later; what is cut no longer arrives."""
    network = random_network(delay=(11, 5), seed=4)
    s_in = random_input(network, samples=2)
    converted = convert(network, s_in, coupling=coupling)
    monitors = {name: brian2.SpikeMonitor(converted[name], name=f"seen_{name}") for name in ("axons_1", "axons_2")}
    converted.add(*monitors.values())
    converted.run(duration(network, 40, coupling), namespace={})
    sent = [s_in, reference.run(network, s_in).spikes[0]]
    for layer, signal, lag, monitor in zip(network.layers, sent, timing(network, 40, coupling).axons,
                                           monitors.values(), strict=True):
        want = {(sample, k + delay, j) for sample, k, j in np.argwhere(signal)
                if k + (delay := layer.delay[j]) < 40}
        sample, j = np.divmod(monitor.i, layer.M)
        k = np.rint(monitor.t / brian2.second / network.encoding.dt).astype(int) - lag
        assert {entry for entry in zip(sample, k, j, strict=True) if entry[1] < 40} == want and len(want) > 50


@pytest.mark.parametrize("late", [-1, np.array([0, 3, -2, 0, 0, 0])])
def test_negative_delays_are_refused(late):
    network = random_network(delay=4)
    converted = convert(network, random_input(network, 1), coupling="shared")
    converted["delay_1"].steps = late
    with pytest.raises(brian2.BrianObjectException) as caught:
        converted.run(duration(network, 40, "shared"), namespace={})
    error: BaseException = caught.value
    while error.__cause__ is not None:
        error = error.__cause__
    assert isinstance(error, DmpnetError) and f"delay_1.steps = {np.min(late)}, but" in str(error)


def test_delays_are_refused_where_brian2genn_has_none(monkeypatch):
    monkeypatch.setattr(conversion, "on_genn", lambda: True)
    network = random_network(delay=(0, 4))
    with pytest.raises(BackendError, match="layer 2 has axonal delays, but Brian2GeNN"):
        convert(network, random_input(network, 1))


def test_one_sample_of_a_batch_does_not_touch_another():
    network = random_network(seed=5)
    s_in = random_input(network, samples=4)
    together = simulate(network, s_in)
    for sample in range(4):
        alone = simulate(network, s_in[sample:sample + 1])
        np.testing.assert_array_equal(alone.spikes[1][0], together.spikes[1][sample])


def test_silence_is_simulated_too():
    network = random_network(encoding="analog", seed=6)
    s_in = np.zeros((1, 12, network.encoding.channels))
    for coupling in COUPLINGS:
        assert_same(run(network, s_in, coupling), reference.run(network, s_in, ALL))


@pytest.mark.parametrize("wrong, says", [({"coupling": "dense"}, "'dense'"), ({"record": ("v",)}, "'v'")])
def test_unknown_requests_are_named(wrong, says):
    network = random_network(kind="FSNN")
    with pytest.raises(DmpnetError, match=says):
        convert(network, random_input(network, 1), **wrong)
