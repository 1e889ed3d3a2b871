"""The slow memory on current, threshold and gain as training compiles it: the spikes of the reference and of the layer
taken step by step, and the gradients that PyTorch derives from the latter."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")

from networks import bars, random_input, random_network  # noqa: E402

from dmpnet import reference  # noqa: E402
from dmpnet.equations.memory import ACTS  # noqa: E402
from dmpnet.equations.neurons import Neuron  # noqa: E402
from dmpnet.training import plain  # noqa: E402
from dmpnet.training.architecture import Architecture  # noqa: E402
from dmpnet.training.model import SpikingNetwork, from_trained  # noqa: E402
from dmpnet.training.recipe import Recipe  # noqa: E402
from dmpnet.training.trainer import Trainer  # noqa: E402


def both(network, s_in, learn_decay):
    """(compiled, step by step): spikes of every layer, logits, gradients of all that is learned and of s_in."""
    net = from_trained(network, torch.float64)
    for p, layer in zip(net.layers, network.layers, strict=True):
        constant = torch.tensor(layer.neuron.constant, dtype=torch.float64)
        if learn_decay and layer.neuron.decay == "exponential":
            p["logit_beta"] = torch.nn.Parameter(torch.logit(constant))
        if learn_decay and layer.neuron.decay == "linear":
            p["lam"] = torch.nn.Parameter(constant)
    s_in = torch.from_numpy(s_in.astype(float)).requires_grad_()
    leaves, found = {"s_in": s_in, **dict(net.named_parameters())}, []
    for memories in (None, []):
        spikes = []
        logits, rates = net(s_in, spikes, memories)
        weights = torch.linspace(-1, 1, spikes[-1].numel(), dtype=torch.float64).view_as(spikes[-1])
        total = logits.square().sum() + (spikes[-1] * weights).sum() + sum(rate.square().sum() for rate in rates)
        found.append(([each.detach().numpy() for each in spikes], logits.detach().numpy(),
                      dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))))
    return found


def assert_agree(compiled, stepwise, least=0.0):
    for a, b in zip(compiled[0], stepwise[0], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(compiled[1], stepwise[1], rtol=1e-9, atol=1e-12)
    for name, b in stepwise[2].items():
        # the surrogate's exponential is a Taylor sum, good to 1e-8 where the slope is not negligible and to 1e-10 of
        # alpha everywhere; up to a hundred of such are summed
        np.testing.assert_allclose(compiled[2][name], b, rtol=1e-6, atol=1e-6 * float(b.abs().max()) + 1e-8,
                                   err_msg=name)
        assert b.abs().max() >= least, f"{name}: no gradient, equality would show nothing"


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(units=st.lists(st.integers(2, 9), min_size=3, max_size=4), kind=st.sampled_from(["DMP", "DMP+RSNN"]),
       acts=st.sampled_from(ACTS), d=st.integers(1, 6), theta=st.floats(3, 30), d_s=st.integers(1, 5),
       samples=st.integers(1, 6), encoding=st.sampled_from(["analog", "spikes"]), steps=st.integers(1, 40),
       reset=st.sampled_from(["hard", "soft"]), decay=st.sampled_from(["exponential", "linear", "shift"]),
       beta=st.floats(0.05, 0.95), g=st.floats(0.1, 3), theta_u=st.floats(0.2, 20), floor=st.none() | st.floats(-3, 0),
       delay=st.sampled_from([0, 6]), learn_decay=st.booleans(), seed=st.integers(0, 99))
def test_compiled_spikes_and_gradients_equal_those_of_the_layer_step_by_step(
        units, kind, acts, d, theta, d_s, samples, encoding, steps, reset, decay, beta, g, theta_u, floor, delay,
        learn_decay, seed):
    g = 1 - beta if learn_decay and decay == "exponential" else g
    neuron = Neuron(beta, g, theta_u, reset, decay, lam=0.3 * beta * theta_u, shift=1 + seed % 5, floor=floor)
    network = random_network(tuple(units), kind=kind, d=d, theta=theta, d_s=d_s, encoding=encoding, delay=delay,
                             acts=acts, neurons=(neuron,) * (len(units) - 2), steps=steps, seed=seed)
    s_in = random_input(network, samples, seed=seed)
    want = reference.run(network, s_in, ("spikes",))
    assume(want.margin > 1e-9)
    compiled, stepwise = both(network, s_in, learn_decay)
    for a, b in zip(compiled[0], want.spikes, strict=True):
        np.testing.assert_array_equal(a, b)
    assert_agree(compiled, stepwise)


CASES = {"hard": {}, "soft, held": {"reset": "soft", "d_s": 3}, "recurrent": {"kind": "DMP+RSNN"},
         "linear, floored, delays": {"neurons": (Neuron(0.8, 0.2, 1.0, "soft", "linear", 0.1, floor=-0.3),) * 2,
                                     "delay": 5},
         "two memories": {"blocks": ((3, 9.0), (4, 20.0)), "neurons": (Neuron(0.9, 0.1),) * 2}}


@pytest.mark.parametrize("acts", ACTS)
@pytest.mark.parametrize("case", CASES)
def test_every_action_is_learned_as_it_computes(case, acts):
    """Of networks whose layers fire, where every parameter has a gradient."""
    network = random_network(seed=5, acts=acts, **CASES[case])
    s_in = random_input(network, 8)
    compiled, stepwise = both(network, s_in, learn_decay=network.layers[0].neuron.decay == "linear")
    for layer in stepwise[0]:
        assert 0.02 < layer.mean() < 0.6, "silent or saturated: equality would show nothing"
    assert_agree(compiled, stepwise, least=1e-3)


@pytest.mark.parametrize("acts", ["threshold", "gain"])
def test_bfloat16_changes_gradients_by_its_rounding_only(acts):
    torch.manual_seed(0)
    net = SpikingNetwork(Architecture("dmp", (20, 60, 40, 5), 6, 30.0, acts=acts, dropout=0.2))
    s_in, labels = (torch.rand(8, 60, 20) < 0.2).float(), torch.arange(8) % 5

    def gradients(products):
        net.products = products
        logits, rates = net(s_in, generator=torch.Generator().manual_seed(0))
        assert all(0.01 < rate.mean() < 0.6 for rate in rates)
        return logits, torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels), list(net.parameters()))

    (a, exact), (b, rounded) = gradients(torch.float32), gradients(torch.bfloat16)
    assert torch.equal(a, b), "the forward pass does not round"
    for x, y in zip(exact, rounded, strict=True):
        assert (x - y).norm() < 0.02 * x.norm()  # 2^-8 a value, a few values deep
    assert any(not torch.equal(x, y) for x, y in zip(exact, rounded, strict=True))


@pytest.mark.parametrize("acts", ["threshold", "gain"])
def test_training_takes_no_layer_step_by_step(acts, tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "layer", None)
    settings = Recipe("smnist", sizes=(1, 8, 6, 2), d=4, theta=20.0, epochs=2, acts=acts, learn_decay=True, coarse=2,
                      coarse_epochs=1, dropout=0.2)
    assert Trainer(settings, bars(), tmp_path).run().epoch == 2
    with pytest.raises(TypeError):  # as what keeps the memory does
        from_trained(random_network(acts=acts))(torch.zeros(1, 3, 6), m=[])
