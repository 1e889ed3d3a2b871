"""A beta of every neuron: neurons alone as closed form, the same spikes in training, reference and Brian2, the file."""

from dataclasses import replace

import numpy as np
import pytest
from networks import bars, random_input, random_network
from test_network import ALL, COUPLINGS, assert_informative, assert_same, numpy_target, run  # noqa: F401

from dmpnet import reference
from dmpnet.brian.conversion import activity, convert, duration
from dmpnet.brian.simulation import simulate
from dmpnet.cli import main
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph.trained import of
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.trained import swap, weights
from dmpnet.trained.adaptation import Adaptation
from dmpnet.trained.network import TrainedNetwork, parameters

NETWORKS = {"FSNN": {"kind": "FSNN"}, "slow memory": {"d_s": 2}, "recurrent, delays": {"kind": "RSNN", "delay": (5, 3)},
            "memory on the gain, soft reset, floor": {
                "acts": "gain", "neurons": (Neuron(reset="soft", floor=-0.5),) * 2},
            "memory on the threshold": {"acts": "threshold"}, "adapting": {}}


def network_of(case: str = "slow memory") -> TrainedNetwork:
    """A random network whose neurons keep from 0.2 to 0.95 of their membranes."""
    network, rng = random_network(seed=5, **NETWORKS[case]), np.random.default_rng(5)
    layers = tuple(replace(layer, beta=rng.uniform(0.2, 0.95, layer.N).astype(np.float32)) for layer in network.layers)
    if case == "adapting":
        layers = tuple(replace(layer, W_f=2 * layer.W_f, adaptation=Adaptation(*rng.uniform(0, 0.9, (3, layer.N))))
                       for layer in layers)
    return replace(network, layers=layers)


def shared(network: TrainedNetwork) -> TrainedNetwork:
    """With the one beta of each layer's neuron."""
    return replace(network, layers=tuple(replace(layer, beta=None) for layer in network.layers))


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_each_neuron_is_what_it_is_alone(reset):
    network = random_network((6, 16, 3), kind="FSNN", reset=reset, seed=2)
    layer = replace(network.layers[0], beta=np.linspace(0, 0.97, 16))
    s_in = random_input(network, 4)
    together = reference.run(replace(network, layers=(layer,)), s_in, ("spikes", "u"))
    assert_informative(together)
    for n, beta in enumerate(layer.beta):
        one = replace(layer, W_f=layer.W_f[[n]], b_f=layer.b_f[[n]], beta=None,
                      neuron=Neuron(beta, 1 - beta, reset=reset))
        alone = reference.run(replace(network, layers=(one,), W_o=network.W_o[:, [n]]), s_in, ("spikes", "u"))
        np.testing.assert_array_equal(together.spikes[0][:, :, n], alone.spikes[0][:, :, 0])
        np.testing.assert_allclose(together.u[0][:, :, n], alone.u[0][:, :, 0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("case", NETWORKS)
def test_brian2_takes_the_steps_of_the_reference(case, coupling):
    network = network_of(case)
    s_in = random_input(network, 3)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert any((a != b).any() for a, b in zip(want.spikes, reference.run(shared(network), s_in).spikes, strict=True))
    assert_same(run(network, s_in, coupling), want)


def test_a_membrane_of_ones_own_knows_each_beta():
    network = network_of()
    s_in = random_input(network, 2)
    converted = convert(network, s_in, coupling="shared", record=ALL, membrane="beta*u")
    converted.run(duration(network, s_in.shape[1], "shared"), namespace={})
    assert_same(activity(converted, network, s_in.shape, "shared", ALL), reference.run(network, s_in, ALL))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", NETWORKS)
def test_compiled_brian2_takes_the_steps_of_the_reference(case, backend, tmp_path):
    """In batches of one program, which is given betas as it is given weights; none with one a layer is taken for it."""
    network = network_of(case)
    other = replace(network, layers=tuple(replace(layer, beta=0.9 * layer.beta) for layer in network.layers))
    s_in = random_input(network, 3)
    for each in (shared(network), network, other):
        assert_same(simulate(each, s_in, backend=backend, record=ALL, cache=tmp_path), reference.run(each, s_in, ALL))


def test_files_keep_it(tmp_path, capsys):
    network = network_of()
    weights.save(network, tmp_path / "net.npz")
    back = weights.load(tmp_path / "net.npz")
    for layer, before in zip(back.layers, network.layers, strict=True):
        np.testing.assert_array_equal(layer.beta, before.beta)
    assert weights.checksum(back) == weights.checksum(network) != weights.checksum(shared(network))
    assert parameters(back)["paper"] - parameters(shared(back))["paper"] == 16 + 12
    main(["info", str(tmp_path / "net.npz")])
    assert f"exponential, beta {network.layers[0].beta.min():.3g} to" in " ".join(
        capsys.readouterr().out.split()).replace("\u00a0", " ")


@pytest.mark.parametrize("changes, said", [
    ({"beta": np.full(16, 1.0)}, r"layer1.beta is from 1 to 1, .* lies in \[0, 1\)"),
    ({"beta": np.full(16, np.nan)}, "layer1.beta has 16 values that are NaN"), ({"beta": np.zeros(3)}, "layer1.beta"),
    ({"neuron": Neuron(decay="linear", lam=0.1)}, "layer1 has a beta a neuron and linear decay")])
def test_betas_that_are_none_are_refused(changes, said):
    network = network_of()
    with pytest.raises(WeightsError, match=said):
        replace(network, layers=(replace(network.layers[0], **changes), *network.layers[1:]))


def test_what_has_one_beta_a_layer_says_so():
    network = network_of()
    with pytest.raises(DmpnetError, match="layer 1: every neuron has a beta of its own, but on a chip a layer has one"):
        constrain(network, chip.load("dmp"), random_input(network, 2))
    for other in (swap.linear, swap.shift):
        with pytest.raises(DmpnetError, match="every neuron of layer 1 has a beta of its own"):
            other(network)


def test_a_graph_takes_the_same_steps():
    network = network_of("recurrent, delays")
    s_in = random_input(network, 3)
    want = reference.run(network, s_in, ("spikes",))
    assert_informative(want)
    np.testing.assert_allclose(reference.run(of(network), s_in).logits, want.logits, atol=1e-12)


@pytest.mark.parametrize("case", NETWORKS)
def test_the_trainer_takes_the_same_steps_and_learns_every_beta(case):
    """Compiled, and step by step with PyTorch's own gradient."""
    torch = pytest.importorskip("torch")
    from dmpnet.training import model

    network = network_of(case)
    s_in = random_input(network, 8)
    want = reference.run(network, s_in, ("spikes",))
    assert_informative(want)
    trainable, gradients = model.from_trained(network, torch.float64), []
    for memories in (None, []):
        spikes = []
        logits, _ = trainable(torch.from_numpy(s_in.astype(float)), spikes, memories)
        for a, b in zip(spikes, want.spikes, strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b)
        gradients.append(torch.autograd.grad(logits.square().sum(), [p["logit_beta"] for p in trainable.layers]))
    for a, b, layer in zip(*gradients, network.layers, strict=True):
        assert a.shape == (layer.N,) and (b != 0).sum() > layer.N / 2
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7 * float(b.abs().max()))
    back = trainable.trained(network.encoding, {})
    for layer, before in zip(back.layers, network.layers, strict=True):
        np.testing.assert_allclose(layer.beta, before.beta, rtol=1e-7)


def test_a_run_learns_a_beta_of_every_neuron_and_another_goes_on_from_it(tmp_path):
    torch = pytest.importorskip("torch")
    from dmpnet.training.recipe import Recipe
    from dmpnet.training.trainer import Trainer
    from dmpnet.training.verdict import spikes

    settings = Recipe("smnist", sizes=(1, 16, 8, 2), d=5, theta=20.0, lr=2e-2, batch=9, epochs=3, beta=0.8,
                      learn_decay=True, each_decay=True)
    first = Trainer(settings, bars(), tmp_path / "first")
    with torch.no_grad():
        for p in first.model.layers:
            p["b_f"] += torch.linspace(0.3, 1.6, len(p["b_f"]))  # some neurons fire on their own
    network = first.finished()
    assert all(np.ptp(layer.beta) > 1e-3 and layer.beta.dtype == np.float32 for layer in network.layers)
    s_in = bars().batch(slice(0, 20))
    want = reference.run(network, s_in)
    assert want.margin > 1e-9, "a membrane sits on the threshold: change the seed"
    for layer, got in zip(want.spikes, spikes(network, s_in), strict=True):
        assert 0.005 < layer.mean() < 0.6, "silent or saturated: equality would show nothing"
        np.testing.assert_array_equal(got, layer)
    begun = Trainer(replace(settings, epochs=1), bars(), tmp_path / "second", start=network)
    for p, layer in zip(begun.model.layers, network.layers, strict=True):
        np.testing.assert_allclose(p["logit_beta"].sigmoid().detach(), layer.beta, rtol=1e-6)
    for changes in ({"each_decay": False}, {"each_decay": False, "learn_decay": False}):
        with pytest.raises(DmpnetError, match="needs the same arrays"):
            Trainer(replace(settings, **changes), bars(), tmp_path / "third", start=network)


@pytest.mark.parametrize("changes", [{}, {"learn_decay": True, "decay": "linear", "lam": 0.1}])
def test_it_is_beta_that_is_learned_of_every_neuron(changes):
    pytest.importorskip("torch")
    from dmpnet.training.recipe import Recipe

    with pytest.raises(DmpnetError, match="each_decay with learn_decay"):
        Recipe("smnist", sizes=(1, 4, 2), each_decay=True, **changes).architecture  # noqa: B018
