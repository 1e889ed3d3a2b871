"""Neurons that adapt: closed forms and limits, and the same spikes in training, reference and Brian2."""

from dataclasses import replace

import numpy as np
import pytest
from networks import random_input, random_network
from test_network import ALL, COUPLINGS, assert_informative, assert_same, numpy_target, run  # noqa: F401

from dmpnet import reference
from dmpnet.brian.conversion import convert
from dmpnet.brian.simulation import simulate
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph.trained import of
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit
from dmpnet.reference.loop import rounding
from dmpnet.results import neurobench
from dmpnet.trained import weights
from dmpnet.trained.adaptation import ADAPTATION_ARRAYS, Adaptation
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork, parameters

NETWORKS = {"FSNN": {"kind": "FSNN"}, "slow memory": {}, "recurrent": {"kind": "RSNN"}, "delays": {"delay": (5, 3)},
            "memory on the gain, soft reset": {"acts": "gain", "reset": "soft"},
            "linear decay with a floor": {"neurons": (Neuron(0.8, 0.2, decay="linear", lam=0.1, floor=-0.5),) * 2}}


def network_of(case: str = "FSNN") -> TrainedNetwork:
    """A random network whose neurons adapt, each with constants of its own."""
    network, rng = random_network(seed=5, **NETWORKS[case]), np.random.default_rng(5)
    return replace(network, layers=tuple(replace(layer, W_f=2 * layer.W_f, adaptation=Adaptation(
        rng.uniform(0.7, 0.95, layer.N), rng.uniform(0, 2, layer.N), rng.uniform(0, 2, layer.N)))
        for layer in network.layers))


def without(network: TrainedNetwork) -> TrainedNetwork:
    return replace(network, layers=tuple(replace(layer, adaptation=None) for layer in network.layers))


def alone(neuron: Neuron, rho: float, a: float, b: float, I: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """u and spikes of one neuron that is given I."""
    one = np.ones(1)
    layer = Layer(np.ones((1, 1)), np.zeros(1), neuron, adaptation=Adaptation(rho * one, a * one, b * one))
    network = TrainedNetwork((layer,), np.ones((1, 1)), np.zeros(1), Encoding("analog", 1, len(I), 1e-3))
    found = reference.run(network, I[None, :, None], ("spikes", "u"))
    return found.u[0][0, :, 0], found.spikes[0][0, :, 0]


@pytest.mark.parametrize("beta, rho, a", [(0.9, 0.95, 8.0), (0.8, 0.9, 20.0), (0.95, 0.99, 120.0)])
def test_a_membrane_rings_at_the_angle_and_damping_of_its_matrix(beta, rho, a):
    """Between spikes: zeros pi / phi steps apart, sqrt(beta rho) lost a step; u[k+1] = tr u[k] - det u[k-1]."""
    I = np.zeros(200)
    I[0] = 1.0
    u, s = alone(Neuron(beta, 1 - beta, 1e6), rho, a, 1.0, I)
    assert not s.any()
    trace, det = beta + rho - (1 - rho) * a * (1 - beta), beta * rho
    np.testing.assert_allclose(u[2:], trace * u[1:-1] - det * u[:-2], atol=1e-15)
    phi = np.arccos(trace / 2 / np.sqrt(det))
    k = np.arange(200)
    # u = det^(k/2) (cos k phi + c sin k phi), c from the step after the first
    c = (u[1] / u[0] / np.sqrt(det) - np.cos(phi)) / np.sin(phi)
    np.testing.assert_allclose(u, u[0] * det ** (k / 2) * (np.cos(k * phi) + c * np.sin(k * phi)), atol=1e-12)
    crossings = np.flatnonzero(np.diff(np.sign(u[:int(8 * np.pi / phi)])))
    assert len(crossings) >= 6 and np.abs(np.diff(crossings) - np.pi / phi).max() <= 1


def test_spikes_under_a_constant_current_come_later_until_w_stands():
    """Fired every n steps, w stands at W = b (1 - rho) / (1 - rho^n) with a spike and u climbs to `reached` in n: what
    it takes lies between the n that falls short of the threshold and the next."""
    rho, b, I = 0.98, 3.0, 2.0
    _, s = alone(Neuron(0.8, 0.2, 1.0), rho, 0.0, b, np.full(1500, I))
    between = np.diff(np.flatnonzero(s))
    assert between[0] == 4 and (np.diff(between[:20]) >= 0).all()  # without w: 1 - 0.8^n >= 1/2, n = 4

    def reached(n: int) -> float:
        return sum(0.2 * 0.8 ** (n - 1 - j) * (I - b * (1 - rho) / (1 - rho**n) * rho**j) for j in range(n))

    assert set(between[-100:]) == {5, 6} and reached(5) < 1 < reached(6)


def test_w_that_nothing_moves_changes_no_spike():
    network = network_of("slow memory")
    still = replace(network, layers=tuple(replace(layer, adaptation=replace(
        layer.adaptation, a_w=0 * layer.adaptation.a_w, b_w=0 * layer.adaptation.b_w)) for layer in network.layers))
    s_in = random_input(network, 4)
    moved, stands, plain = (reference.run(each, s_in, ALL) for each in (network, still, without(network)))
    for a, b, c in zip(stands.u, plain.u, moved.u, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("case", NETWORKS)
def test_brian2_adapts_as_the_reference_does(case, coupling):
    network = network_of(case)
    s_in = random_input(network, 3)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert any((a != b).any() for a, b in zip(want.spikes, reference.run(without(network), s_in).spikes, strict=True))
    assert_same(run(network, s_in, coupling), want)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", NETWORKS)
def test_compiled_brian2_adapts_as_the_reference_does(case, backend, tmp_path):
    """In batches of one program, which is given the constants as it is given weights."""
    network = network_of(case)
    other = replace(network, layers=tuple(replace(layer, adaptation=Adaptation(*(
        0.9 * array for _, array in layer.adaptation.arrays()))) for layer in network.layers))
    s_in = random_input(network, 3)
    for each in (network, other):
        assert_same(simulate(each, s_in, backend=backend, record=ALL, cache=tmp_path), reference.run(each, s_in, ALL))


def test_w_is_seen_in_brian2():
    """By the name it has in the equations, before u moves: that of the step before."""
    network = network_of()
    s_in = random_input(network, 1)
    converted = convert(network, s_in, coupling="shared")
    converted.run()
    assert "I_w = (rho_w*I_w + (1 - rho_w)*(a_w*u + b_w*s))" in str(converted.dynamics())
    np.testing.assert_array_equal(converted["fast_2"].a_w[:], network.layers[1].adaptation.a_w)


def test_what_rounding_does_is_found_where_neurons_adapt():
    """Numbered last to first, each neuron keeps its own constants."""
    network = network_of("slow memory")
    assert 0 < rounding(network, random_input(network, 2)) < 1e-12


def test_files_keep_it(tmp_path):
    network = network_of()
    weights.save(network, tmp_path / "net.npz")
    back = weights.load(tmp_path / "net.npz")
    assert weights.checksum(back) == weights.checksum(network) != weights.checksum(without(network))
    assert back.kind == "FSNN, adaptive" and back.layers[0].state == 2 * back.layers[0].N
    assert parameters(back)["paper"] - parameters(without(back))["paper"] == 3 * (16 + 12)
    stored = [neurobench.of_weights(each)["footprint"] for each in (back, without(back))]
    assert stored[0] - stored[1] == 8 * 3 * (16 + 12)
    with np.load(tmp_path / "net.npz") as arrays:
        kept = {name: arrays[name] for name in arrays if name != "layer2.b_w"}
    np.savez(tmp_path / "net.npz", **kept)
    with pytest.raises(WeightsError, match=r"layer2\.b_w"):
        weights.load(tmp_path / "net.npz")


@pytest.mark.parametrize("field, value, said", [("rho_w", 1.0, r"layer1.rho_w is from .* to 1, .* lies in \[0, 1\)"),
                                                ("a_w", np.nan, "layer1.a_w has 16 values that are NaN")])
def test_constants_that_are_none_are_refused(field, value, said):
    network = network_of()
    layer = network.layers[0]
    with pytest.raises(WeightsError, match=said):
        replace(network, layers=(replace(layer, adaptation=replace(layer.adaptation, **{
            field: np.full(layer.N, value)})), *network.layers[1:]))


def test_what_cannot_adapt_says_so():
    network = network_of()
    s_in = random_input(network, 2)
    with pytest.raises(DmpnetError, match="layer 1: its neurons adapt, but on a chip they do not"):
        constrain(network, chip.load("dmp"), s_in)
    assert "adaptation" in [need.rule for need in fit(network, chip.load("dmp")).violations]
    assert "adaptation" not in [need.rule for need in fit(without(network), chip.load("dmp")).violations]
    with pytest.raises(DmpnetError, match="its neurons adapt, but in a graph they do not"):
        of(network)
    with pytest.raises(DmpnetError, match="membrane of layer 1: it is given for a layer whose neurons adapt"):
        simulate(network, s_in, membrane="beta*u")


def test_the_trainer_takes_the_same_steps_and_learns_every_constant():
    torch = pytest.importorskip("torch")
    from dmpnet.training import model

    network = network_of("slow memory")
    s_in = random_input(network, 8)
    want = reference.run(network, s_in, ("spikes",))
    assert_informative(want)
    trainable, spikes = model.from_trained(network, torch.float64), []
    logits, _ = trainable(torch.from_numpy(s_in.astype(float)), spikes=spikes)
    for a, b in zip(spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b)
    np.testing.assert_allclose(logits.detach().numpy(), want.logits, atol=1e-12)
    logits.square().sum().backward()
    assert all((p[name].grad != 0).any() for p in trainable.layers for name in ("logit_rho", "log_a", "log_b"))
    back = trainable.trained(network.encoding, {})
    for layer, before in zip(back.layers, network.layers, strict=True):
        for name in ADAPTATION_ARRAYS:
            np.testing.assert_allclose(getattr(layer.adaptation, name), getattr(before.adaptation, name), rtol=1e-12)
