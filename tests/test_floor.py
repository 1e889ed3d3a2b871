"""A membrane that stops at a floor: closed forms and limits, and the same spikes in training, reference and Brian2."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from test_constrain import EVERYTHING, constrained
from test_constrain import assert_same as assert_same_integers
from test_network import ALL, COUPLINGS, assert_informative, assert_same, numpy_target, run  # noqa: F401

from dmpnet import reference
from dmpnet.brian.simulation import simulate
from dmpnet.equations.membrane import INTEGRATED
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph.trained import of
from dmpnet.reference import graphs
from dmpnet.trained import swap, weights
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

NEURONS = {"exponential": Neuron(0.9, 0.3, floor=-0.4), "linear": Neuron(0.8, 0.2, decay="linear", lam=0.1, floor=-0.2),
           "shift": Neuron(0.75, 0.25, decay="shift", shift=3, floor=-0.3),
           "soft reset": Neuron(0.9, 0.3, 1.5, "soft", floor=0.0)}


def network_of(case: str, **facts) -> TrainedNetwork:
    """A random network whose inputs are strong, so that inhibition takes membranes far down."""
    network = random_network(neurons=(NEURONS[case],) * 2, seed=4, **facts)
    return replace(network, layers=tuple(replace(layer, W_f=5 * layer.W_f, b_f=layer.b_f - layer.W_f.mean())
                                         for layer in network.layers))


def reached(network: TrainedNetwork, s_in: np.ndarray) -> None:
    """Equality shows something: in every layer membranes stand at their floor, and without one they go below."""
    for number, layer in enumerate(network.layers):
        floor = layer.neuron.floor if layer.fixed is None else layer.fixed.floor
        u = reference.run(network, s_in, ("u",)).u[number]
        assert (u >= floor).all() and 0.01 < (u == floor).mean() < 0.9


def pushed_down(neuron: Neuron) -> tuple[np.ndarray, np.ndarray]:
    """u and spikes of one neuron whose input takes 3 a step away for 5 steps, then gives 0.5."""
    network = TrainedNetwork((Layer(np.array([[-3.0, 0.5]]), np.zeros(1), neuron),), np.ones((1, 1)), np.zeros(1),
                             Encoding("spikes", 2, 40, 1e-3))
    s_in = np.zeros((1, 40, 2))
    s_in[0, :5, 0] = s_in[0, 5:, 1] = 1
    found = reference.run(network, s_in, ("spikes", "u"))
    return found.u[0][0, :, 0], found.spikes[0][0, :, 0]


def test_from_its_floor_a_membrane_is_back_after_as_many_steps_as_it_lies_deep():
    """Linear decay by 0.1 a step helps the climb of 0.5: 0.6 a step below 0, 0.4 above."""
    u, s = pushed_down(Neuron(g=1.0, decay="linear", lam=0.1, floor=-3.0))
    np.testing.assert_allclose(u[:12], [-3] * 5 + [-2.4, -1.8, -1.2, -0.6, 0.0, 0.5, 0.9], atol=1e-12)
    assert s.argmax() == 12
    deep, late = pushed_down(Neuron(g=1.0, decay="linear", lam=0.1))
    assert deep.min() == pytest.approx(-3 * 5 + 0.4) and late.argmax() == 4 + 25 + 2  # 25 steps to 0.4


def test_a_floor_that_nothing_reaches_is_none():
    for case in NEURONS:
        network = network_of(case)
        s_in = random_input(network, 3)
        deep, without = swap.floored(network, -1e6), swap.floored(network, None)
        one, other = (reference.run(each, s_in, ALL) for each in (deep, without))
        for a, b in zip(one.u + one.spikes, other.u + other.spikes, strict=True):
            np.testing.assert_array_equal(a, b)
        assert any((a != b).any() for a, b in zip(reference.run(network, s_in).spikes, other.spikes, strict=True))


@pytest.mark.parametrize("floor", [0.1, np.nan, -np.inf, "low"])
def test_a_floor_above_rest_is_refused(floor):
    with pytest.raises(DmpnetError, match="neuron: floor = .*set floor <= 0"):
        Neuron(floor=floor)


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("case", NEURONS)
def test_brian2_stops_where_the_reference_does(case, coupling):
    network = network_of(case)
    s_in = random_input(network, 3)
    reached(network, s_in)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert_same(run(network, s_in, coupling), want)


@pytest.mark.parametrize("case", ["exponential", "linear"])
def test_what_brian2_integrates_stops_too(case):
    network = network_of(case)
    s_in = random_input(network, 3)
    got = simulate(network, s_in, membrane=INTEGRATED[NEURONS[case].decay], record=ALL)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    for a, b in zip(got.spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(got.u[0], want.u[0], atol=1e-12)


def test_where_memory_acts_on_the_threshold_a_soft_reset_may_leave_it_below():
    """The floor stands before the comparison: what a reset takes away is given back a step later."""
    network = random_network(neurons=(Neuron(0.9, 0.3, 1.0, "soft", floor=-0.2),) * 2, acts="threshold", seed=3)
    s_in = random_input(network, 4)
    want = reference.run(network, s_in, ("u",))
    assert (want.u[0] < -0.2).any() or (want.u[1] < -0.2).any()
    assert_same(run(network, s_in, "shared"), reference.run(network, s_in, ALL))


@settings(max_examples=10, deadline=None)
@given(decay=st.sampled_from(["exponential", "linear", "shift"]), floor=st.floats(-3, 0), reset=st.sampled_from(
    ["hard", "soft"]), seed=st.integers(0, 99), bits=st.integers(6, 16), saturates=st.sampled_from(["after", "before"]),
    rounding=st.sampled_from(["floor", "nearest", "stochastic"]))
def test_any_floor_is_the_same_integer_in_brian2(decay, floor, reset, seed, bits, saturates, rounding):
    neuron = Neuron(0.75, 0.25, 1.0, reset, decay, lam=0.1, shift=2, floor=floor)
    network = random_network((5, 8, 7, 3), neurons=(neuron,) * 2, d=3, seed=seed % 7, steps=25)
    made = constrained(network, words__u__bits=bits, words__u__rounding=rounding,
                       datapath__saturates=saturates).network
    s_in = random_input(network, 2, seed=seed)
    for layer, a in zip(made.layers, reference.run(made, s_in, ("u",)).u, strict=True):
        assert (a >= layer.fixed.floor).all() and (layer.fixed.floor >= layer.fixed.u.low).all()
    got, want = simulate(made, s_in, record=EVERYTHING), reference.run(made, s_in, record=EVERYTHING)
    for name in ("spikes", "u", "m", "x"):
        for a, b in zip(getattr(got, name), getattr(want, name), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.parametrize("case", NEURONS)
def test_integers_stop_at_the_nearest_whole_floor(case):
    network = network_of(case)
    made = constrained(network).network
    s_in = random_input(network, 3, seed=9)
    reached(made, s_in)
    assert_same_integers(simulate(made, s_in, record=EVERYTHING), reference.run(made, s_in, record=EVERYTHING))
    for layer, before in zip(made.layers, network.layers, strict=True):
        assert np.abs(layer.fixed.floor * layer.fixed.unit_u - before.neuron.floor).max() <= layer.fixed.unit_u[0] / 2


def test_rows_of_their_own_units_have_floors_of_their_own():
    network = network_of("exponential")
    made = constrained(network, options={"rows": True}).network
    assert len(np.unique(made.layers[0].fixed.floor)) > 1
    s_in = random_input(network, 3, seed=9)
    assert_same_integers(simulate(made, s_in, record=EVERYTHING), reference.run(made, s_in, record=EVERYTHING))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", NEURONS)
def test_compiled_brian2_stops_where_the_reference_does(case, backend, tmp_path):
    network = network_of(case)
    s_in = random_input(network, 3)
    assert_same(simulate(network, s_in, backend=backend, record=ALL, cache=tmp_path), reference.run(network, s_in, ALL))
    made = constrained(network).network
    assert_same_integers(simulate(made, s_in, backend=backend, record=EVERYTHING, cache=tmp_path),
                         reference.run(made, s_in, record=EVERYTHING))


def test_the_graph_of_a_network_stops_too():
    network = network_of("linear")
    s_in = random_input(network, 3)
    want, got = reference.run(network, s_in), graphs.run(of(network), s_in)
    for a, b in zip(got.spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(a.reshape(b.shape), b)


@pytest.mark.parametrize("case", NEURONS)
def test_files_keep_it(case, tmp_path):
    network = network_of(case)
    for each in (network, constrained(network).network):
        weights.save(each, tmp_path / "net.npz")
        back = weights.load(tmp_path / "net.npz")
        assert weights.checksum(back) == weights.checksum(each) != weights.checksum(without_floor(each))
        assert [layer.neuron for layer in back.layers] == [layer.neuron for layer in each.layers]


def without_floor(network: TrainedNetwork) -> TrainedNetwork:
    return replace(network, layers=tuple(
        replace(layer, neuron=replace(layer.neuron, floor=None), fixed=layer.fixed and replace(layer.fixed, floor=None))
        for layer in network.layers))


def test_a_floor_in_the_neurons_alone_is_refused():
    made = constrained(network_of("linear")).network
    layer = made.layers[0]
    with pytest.raises(WeightsError, match="layer1 has a floor in its neurons alone"):
        replace(made, layers=(replace(layer, fixed=replace(layer.fixed, floor=None)), *made.layers[1:]))


def test_swap_gives_floors_in_thresholds():
    network = random_network(neurons=(Neuron(0.8, 0.2, 2.0), Neuron(0.5, 0.5, 0.5)))
    assert [layer.neuron.floor for layer in swap.linear(network, floor=-1).layers] == [-2, -0.5]
    assert [layer.neuron.floor for layer in swap.floored(swap.floored(network, -1), None).layers] == [None, None]
    with pytest.raises(DmpnetError, match="computes in integers"):
        swap.floored(constrained(network).network, -1)
