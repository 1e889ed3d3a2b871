"""The trainer: the same spikes as the reference, the gradients PyTorch itself derives, and runs that resume exactly."""

import dataclasses
import math
import re
import resource
import zipfile
from dataclasses import fields

import numpy as np
import pytest
import scipy.signal

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")

from networks import bars  # noqa: E402

from dmpnet import cli, data, reference  # noqa: E402
from dmpnet.commands.train import OPTIONS  # noqa: E402
from dmpnet.data import Recordings  # noqa: E402
from dmpnet.equations import memory  # noqa: E402
from dmpnet.equations.decay import decayed  # noqa: E402
from dmpnet.equations.neurons import Neuron  # noqa: E402
from dmpnet.errors import DmpnetError  # noqa: E402
from dmpnet.trained import swap, weights  # noqa: E402
from dmpnet.trained.encoding import Encoding  # noqa: E402
from dmpnet.training import (  # noqa: E402
    augmentation,
    effects,
    optimiser,  # noqa: E402
    plain,
    scan,
    trainer,
)
from dmpnet.training.architecture import Architecture  # noqa: E402
from dmpnet.training.delay import AxonalDelay  # noqa: E402
from dmpnet.training.layer import Setting, SpikingLayer  # noqa: E402
from dmpnet.training.model import SpikingNetwork, coarser, effective_rank, faded, from_trained  # noqa: E402
from dmpnet.training.recipe import SHAPES, Recipe, published  # noqa: E402
from dmpnet.training.verdict import predictions, spikes  # noqa: E402
from dmpnet.training.workers import workers  # noqa: E402

ANALOG = Encoding("analog", 1, 50, 0.001, "smnist")


class Surrogate(torch.autograd.Function):
    """The step with the published surrogate, as PyTorch users write it."""

    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v >= 0).to(v.dtype)

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        sig = torch.sigmoid(4 * v)
        return grad * 4 * sig * (1 - sig)


def plain_layer(s_in, p, neuron, theta, d_s):
    """One layer step by step; PyTorch derives the gradients."""
    batch, steps, _ = s_in.shape
    u = s = held = torch.zeros(batch, len(p["b"]), dtype=s_in.dtype)
    slow = "W_m" in p
    if slow:
        abar, bbar = map(torch.tensor, memory.discrete(p["W_m"].shape[1], theta))
        m = torch.zeros(batch, len(bbar), dtype=s_in.dtype)
    out = []
    for k in range(steps):
        current = s_in[:, k] @ p["W_f"].T + p["b"]
        if "W_r" in p:
            current = current + s @ p["W_r"].T
        if slow:
            m = m @ abar.T + torch.relu(s_in[:, k] @ p["w_x"] + p["b_x"])[:, None] * bbar
            held = m if k % d_s == 0 else held
            current = current + held @ p["W_m"].T
        u = neuron.beta * u + neuron.g * current
        if neuron.floor is not None:
            u = u.clamp(min=neuron.floor)
        s = Surrogate.apply(u - neuron.theta_u)
        u = u * (1 - s.detach()) if neuron.reset == "hard" else u - neuron.theta_u * s.detach()
        out.append(s)
    return torch.stack(out, dim=1)


def layer_weights(kind, m, n, d, seed=0):
    g = torch.Generator().manual_seed(seed)

    def draw(*shape, scale=1.0):
        return (scale * torch.randn(shape, generator=g, dtype=torch.float64)).requires_grad_()

    p = {"W_f": draw(n, m, scale=0.7), "b": draw(n, scale=0.3)}
    if kind == "rsnn":
        p["W_r"] = draw(n, n, scale=0.5)
    if kind == "dmp":
        p |= {"w_x": draw(m, scale=0.5), "b_x": draw(scale=0.1), "W_m": draw(n, d, scale=2.0)}
    return p


@pytest.mark.parametrize("kind, reset, d_s, floor", [
    ("fsnn", "hard", 1, None), ("rsnn", "hard", 1, None), ("rsnn", "soft", 1, -0.3), ("dmp", "hard", 1, None),
    ("dmp", "soft", 1, None), ("dmp", "hard", 3, -0.2)])
def test_gradients_equal_those_of_a_plain_loop(kind, reset, d_s, floor):
    neuron = Neuron(beta=0.8, g=0.6, theta_u=0.9, reset=reset, floor=floor)
    p = layer_weights(kind, m=5, n=9, d=4)
    s_in = (torch.rand(6, 65, 5, generator=torch.Generator().manual_seed(1)) < 0.4).double().requires_grad_()
    blocks = scan.Blocks(*memory.discrete(4, 20.0), torch.float64) if kind == "dmp" else None
    seen = torch.randn(6, 65, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def ours():
        s, rate = SpikingLayer.apply(s_in, p["W_f"], p["b"], p.get("W_r"), p.get("w_x"), p.get("b_x"), p.get("W_m"),
                                     None, Setting(neuron, blocks, d_s))
        assert torch.allclose(rate, s.mean(1), rtol=0, atol=1e-15)
        return s

    def plain():
        return plain_layer(s_in, p, neuron, 20.0, d_s)

    leaves = [s_in, *p.values()]
    want, got = plain(), ours()
    assert 0.02 < want.mean() < 0.6, "silent or saturated: equality would show nothing"
    assert torch.equal(got, want)
    gradients = [torch.autograd.grad((s * seen).sum(), leaves) for s in (ours(), plain())]
    for name, a, b in zip(["s_in", *p], *gradients, strict=True):
        # the surrogate's exponential is a Taylor sum, good to 1e-8
        assert torch.allclose(a, b, rtol=1e-6, atol=1e-6 * float(b.abs().max())), name
        assert b.abs().max() > 0, f"{name}: no gradient, equality would show nothing"


@pytest.mark.parametrize("decay, start", [("exponential", 0.7), ("linear", 0.15)])
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_gradient_of_what_decay_learns_equals_that_of_the_stepwise_layer(reset, decay, start):
    p, neuron = layer_weights("rsnn", 5, 9, 4), Neuron(theta_u=0.5, reset=reset, decay=decay, lam=0.1)
    s_in = (torch.rand(6, 65, 5, generator=torch.Generator().manual_seed(1)) < 0.4).double()
    seen = torch.randn(6, 65, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    learned = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    got, _ = SpikingLayer.apply(s_in, p["W_f"], p["b"], p["W_r"], None, None, None, learned, Setting(neuron, None))
    want = plain.layer(s_in, p["W_f"], p["b"], neuron, W_r=p["W_r"], learned=learned)
    assert 0.02 < want.mean() < 0.6, "silent or saturated: equality would show nothing"
    assert torch.equal(got, want)
    a, b = (torch.autograd.grad((s * seen).sum(), learned)[0] for s in (got, want))
    assert torch.allclose(a, b, rtol=1e-6) and abs(b) > 0.1


@pytest.mark.parametrize("decay", ["exponential", "linear", "shift"])
def test_the_step_of_any_decay_has_the_gradients_of_pytorch(decay, monkeypatch):
    """The way of decays that the fused layer does not have, taken for those that it has."""
    p, neuron = layer_weights("rsnn", 5, 9, 4), Neuron(theta_u=0.5, decay=decay, lam=0.1, shift=2)
    s_in = (torch.rand(6, 65, 5, generator=torch.Generator().manual_seed(1)) < 0.4).double().requires_grad_()
    learned = None if decay == "shift" else torch.tensor(neuron.constant, dtype=torch.float64, requires_grad=True)
    leaves = [s_in, p["W_f"], p["W_r"], *([] if learned is None else [learned])]

    def spikes_and_gradients():
        s = plain.layer(s_in, p["W_f"], p["b"], neuron, W_r=p["W_r"], learned=learned)
        return s, torch.autograd.grad((s * torch.linspace(-1, 1, 9).double()).sum(), leaves)

    want, by_pytorch = spikes_and_gradients()
    monkeypatch.setattr(plain, "_decayed", plain.Decayed.apply)
    got, by_file = spikes_and_gradients()
    assert 0.02 < want.mean() < 0.6, "silent or saturated: equality would show nothing"
    assert torch.equal(got, want)
    for a, b in zip(by_file, by_pytorch, strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-14) and b.abs().max() > 0.01


@pytest.mark.parametrize("kind, changes", [("dmp", {"neuron": Neuron(decay="linear", lam=0.1)}),
                                           ("dmp", {"neuron": Neuron(decay="shift", shift=2, reset="soft")}),
                                           ("dmp", {}), ("dmp", {"d_s": 3}), ("rsnn", {}), ("dsnn", {}),
                                           ("dmp", {"learn_decay": True, "delay_max": 6, "delay_input": True}),
                                           ("fsnn", {"adaptive": True, "learn_decay": True}),
                                           ("dmp", {"adaptive": True, "acts": "gain", "learn_decay": True, "neuron":
                                                    Neuron(decay="linear", lam=0.1, floor=-1.0, reset="soft")})])
def test_fused_and_stepwise_networks_agree(kind, changes):
    torch.manual_seed(0)
    slow = {"d": 6, "theta": (20.0, 30.0)} if kind == "dmp" else {}
    delays = {"delay_max": 9} if kind == "dsnn" else {}
    model = SpikingNetwork(Architecture(kind, (5, 12, 8, 3), **slow, **delays, **changes)).double()
    with torch.no_grad():
        for layer in model.layers:
            layer["b_f"] += torch.linspace(0.0, 1.2, len(layer["b_f"]))  # some neurons fire on their own
            if "log_a" in layer:
                layer["b_f"] *= 6
                layer["W_f"] *= 4
    s_in = (torch.rand(4, 60, 5, generator=torch.Generator().manual_seed(1)) < 0.4).double()
    spikes_a, spikes_b = [], []
    a, _ = model(s_in, spikes_a)
    b, _ = model(s_in, spikes_b, m=[])
    for x, y in zip(spikes_a, spikes_b, strict=True):
        assert 0.02 < x.mean() < 0.6, "silent or saturated: equality would show nothing"
        assert torch.equal(x, y)
    weight = torch.randn(a.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    used = list(model.parameters())
    for x, y in zip(*(torch.autograd.grad((out * weight).sum(), used) for out in (a, b)), strict=True):
        assert torch.allclose(x, y, rtol=1e-5, atol=1e-7 * float(y.abs().max()) + 1e-12)


def test_bfloat16_changes_gradients_by_its_rounding_only():
    torch.manual_seed(0)
    model = SpikingNetwork(Architecture("dmp", (20, 60, 40, 5), 6, 30.0))
    s_in = (torch.rand(8, 60, 20) < 0.2).float()
    labels = torch.arange(8) % 5

    def gradients(products):
        model.products = products
        logits, _ = model(s_in)
        return logits, torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels), list(model.parameters()))

    (a, exact), (b, rounded) = gradients(torch.float32), gradients(torch.bfloat16)
    assert torch.equal(a, b), "the forward pass does not round"
    for x, y in zip(exact, rounded, strict=True):
        assert (x - y).norm() < 0.02 * x.norm()  # 2^-8 a value, a few values deep
    assert any(not torch.equal(x, y) for x, y in zip(exact, rounded, strict=True))


@pytest.mark.parametrize("faster, expected", [(True, torch.bfloat16), (False, torch.float32)])
def test_products_are_bfloat16_only_where_that_is_faster(monkeypatch, faster, expected):
    monkeypatch.setattr(optimiser, "bfloat16_is_faster", lambda: faster)
    assert optimiser.products(Recipe("smnist", sizes=(1, 4, 10), gradients="bfloat16")) == expected
    assert optimiser.products(Recipe("smnist", sizes=(1, 4, 10))) == torch.float32


def test_a_resumed_run_keeps_the_products_it_began_with(monkeypatch, tmp_path):
    monkeypatch.setattr(optimiser, "bfloat16_is_faster", lambda: True)
    recordings = bars()
    settings = recipe(epochs=1, gradients="bfloat16")
    trainer.Trainer(settings, recordings, tmp_path).run()
    monkeypatch.setattr(optimiser, "bfloat16_is_faster", lambda: False)
    again = trainer.Trainer(settings, recordings, tmp_path)
    assert again.model.products == torch.float32
    again.resume()
    assert again.model.products == torch.bfloat16


def test_axonal_delay_shifts_and_hands_gradients_back():
    s_in = (torch.rand(2, 30, 4, generator=torch.Generator().manual_seed(0)) < 0.3).double().requires_grad_()
    D = torch.tensor([0.0, 1.4, 7.6, 40.0], dtype=torch.float64, requires_grad=True)
    out = AxonalDelay.apply(s_in, D, 1.0)
    for j, late in enumerate([0, 1, 8]):
        assert torch.equal(out[:, late:, j], s_in[:, : 30 - late, j]) and not out[:, :late, j].any()
    assert not out[:, :, 3].any() and out[:, :, :3].any()
    probe = torch.randn(2, 30, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    back = torch.autograd.grad((out * probe).sum(), s_in)[0]
    assert torch.isclose((back * s_in).sum(), (out * probe).sum())  # <S s, p> = <s, S* p>


def test_gradient_of_a_delay_is_that_of_the_blurred_spike():
    sigma, steps = 1.5, 40
    s_in = torch.zeros(1, steps, 1, dtype=torch.float64)
    s_in[0, [5, 11], 0] = 1
    probe = torch.randn(1, steps, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    D = torch.tensor([6.3], dtype=torch.float64, requires_grad=True)
    got = torch.autograd.grad((AxonalDelay.apply(s_in, D, sigma) * probe).sum(), D)[0]
    lags = torch.arange(6 - 3, 6 + 4, dtype=torch.float64)
    share = torch.exp(-0.5 * ((lags - D) / sigma) ** 2)
    share = share / share.sum()
    blurred = sum(share[i] * probe[0, int(lag) + at, 0] for i, lag in enumerate(lags) for at in (5, 11))
    assert torch.isclose(got, torch.autograd.grad(blurred, D)[0]) and abs(got) > 1e-3


def test_a_delay_is_learned():
    """The target is the input 9 steps late; the gradient must find it from 4."""
    s_in = (torch.rand(16, 80, 1, generator=torch.Generator().manual_seed(0)) < 0.05).double()
    target = AxonalDelay.apply(s_in, torch.tensor([9.0], dtype=torch.float64), 1.0)
    D = torch.tensor([4.0], dtype=torch.float64, requires_grad=True)
    kernel = torch.exp(-0.5 * (torch.arange(-8, 9, dtype=torch.float64) / 3) ** 2).view(1, 1, -1)

    def smooth(x):
        return torch.nn.functional.conv1d(x.transpose(1, 2), kernel, padding=8)

    optimiser = torch.optim.Adam([D], lr=0.2)
    for _ in range(120):
        optimiser.zero_grad()
        ((smooth(AxonalDelay.apply(s_in, D, 2.0)) - smooth(target)) ** 2).mean().backward()
        optimiser.step()
    assert round(D.item()) == 9


def test_gradient_of_the_rate_is_that_of_the_mean_spike():
    p = layer_weights("dmp", 5, 9, 4)
    s_in = (torch.rand(2, 40, 5, generator=torch.Generator().manual_seed(1)) < 0.4).double()
    setting = Setting(Neuron(), scan.Blocks(*memory.discrete(4, 20.0), torch.float64))
    arguments = (s_in, p["W_f"], p["b"], None, p["w_x"], p["b_x"], p["W_m"], None)
    weight = torch.arange(9.0, dtype=torch.float64)
    spikes_out, _ = SpikingLayer.apply(*arguments, setting)
    a = torch.autograd.grad((spikes_out.mean(1) * weight).sum(), p["W_m"])[0]
    _, rate = SpikingLayer.apply(*arguments, dataclasses.replace(setting, record=False))
    b = torch.autograd.grad((rate * weight).sum(), p["W_m"])[0]
    assert torch.allclose(a, b, rtol=1e-12) and a.abs().max() > 0


@pytest.mark.parametrize("steps", [1, 27, 28, 29, 100])
def test_blocks_of_the_slow_memory_equal_the_recursion_and_its_adjoint(steps):
    abar, bbar = memory.discrete(6, 30.0)
    blocks = scan.Blocks(abar, bbar, torch.float64)
    x = torch.randn(2, steps, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    m, want = np.zeros((2, 6)), []
    for k in range(steps):
        m = m @ abar.T + x[:, k, None].numpy() * bbar
        want.append(m)
    got = blocks.forward(x)
    np.testing.assert_allclose(got, np.stack(want, axis=1), atol=1e-12)
    probe = torch.randn(2, steps, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    inner = (blocks.forward(x) * probe).sum()  # <S x, p> = <x, S* p>
    np.testing.assert_allclose((x * blocks.backward(probe)).sum(), inner, rtol=1e-12)


@pytest.mark.parametrize("kind", ["fsnn", "rsnn", "dmp"])
def test_trained_network_spikes_as_the_reference(kind, tmp_path):
    torch.manual_seed(3)
    slow = {"d": 7, "theta": 25.0} if kind == "dmp" else {}
    model = SpikingNetwork(Architecture(kind, (1, 30, 20, 4), **slow))
    with torch.no_grad():
        for p in model.layers:
            p["b_f"] += torch.linspace(0.3, 1.3, len(p["b_f"]))  # some neurons fire on their own
    path = tmp_path / "w.npz"
    weights.save(model.trained(ANALOG, {}), path)
    network = weights.load(path)
    s_in = np.random.RandomState(0).rand(6, 50, 1)
    want = reference.run(network, s_in)
    assert want.margin > 1e-9, "a membrane sits on the threshold: change the seed"
    for layer, got in zip(want.spikes, spikes(network, s_in), strict=True):
        assert 0.005 < layer.mean() < 0.6, "silent or saturated: equality would show nothing"
        np.testing.assert_array_equal(got, layer)
    with torch.no_grad():
        logits, rates = from_trained(network, torch.float64)(torch.tensor(s_in))
    np.testing.assert_allclose(logits, want.logits, atol=1e-12)
    np.testing.assert_allclose(rates[0].mean(0), want.rates[0], atol=1e-12)


def recipe(**changes):
    settings = {"kind": "dmp", "sizes": (1, 16, 8, 2), "d": 5, "theta": 20.0, "lr": 1e-2, "batch": 9, "epochs": 3,
                "dropout": 0.2, "shift_steps": 1}
    return Recipe("smnist", **settings | changes)


def same_files(a, b):
    x, y = weights.load(a / "weights.npz"), weights.load(b / "weights.npz")
    return all(np.array_equal(p.W_f, q.W_f) and np.array_equal(p.slow.W_m, q.slow.W_m)
               for p, q in zip(x.layers, y.layers, strict=True)) and np.array_equal(x.W_o, y.W_o)


@pytest.mark.parametrize("stop_after, changes", [
    (2, {}), (6, {}), (11, {}), (5, {"optimiser": "muon"}), (5, {"coarse": 2, "coarse_epochs": 1}),
    (11, {"coarse": 2, "coarse_epochs": 1}), (9, {"average": 2}), (16, {"average": 2}), (18, {"average": 2})])
def test_a_killed_run_resumes_to_the_same_weights(tmp_path, stop_after, changes):
    class Killed(Exception):
        pass

    def kill(done, _):
        if done == stop_after:
            raise Killed

    settings = recipe(**changes)
    whole = trainer.Trainer(settings, bars(), tmp_path / "whole")
    whole.run()
    with pytest.raises(Killed):
        trainer.Trainer(settings, bars(), tmp_path / "cut", kill, every=2).run()
    again = trainer.Trainer(settings, bars(), tmp_path / "cut", every=2)
    again.resume()
    again.run()
    for a, b in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert same_files(tmp_path / "whole", tmp_path / "cut")
    strip = [[row.rsplit(",", 1)[0] for row in (tmp_path / name / "curve.csv").read_text().splitlines()]
             for name in ("whole", "cut")]
    assert strip[0] == strip[1] and len(strip[0]) == 4


def test_a_checkpoint_with_other_optimisers_is_refused(tmp_path):
    run = trainer.Trainer(recipe(optimiser="muon"), bars(), tmp_path)
    run.save()
    state = torch.load(run.checkpoint, weights_only=True)
    state["optimisers"] = state["optimisers"][:-1]
    torch.save(state, run.checkpoint)
    with pytest.raises(DmpnetError, match="another version"):
        run.resume()


def test_muon_moves_a_matrix_equally_in_all_directions(tmp_path):
    """A step is lr times a nearly orthogonal matrix, as long as Adam's: 0.2 a value."""
    run = trainer.Trainer(recipe(optimiser="muon", epochs=1, schedule="constant", lr=0.01), bars(), tmp_path)
    moved, before = run.model.layers[0]["W_m"], run.model.layers[0]["W_m"].detach().clone()
    with workers() as run.pool:
        run._step(run.train[:9])
    step = torch.linalg.svdvals(moved.detach() - before) / (0.01 * 0.2 * max(moved.shape) ** 0.5)
    assert 0.6 < step.min() and step.max() < 1.3, "Newton-Schulz brings singular values to 0.7 .. 1.2"
    ours = {id(p) for muon in run.optimisers[1:] for group in muon.param_groups for p in group["params"]}
    assert {name for name, p in run.model.named_parameters() if id(p) in ours} == {
        "layers.0.W_m", "layers.1.W_f", "layers.1.W_m"}


@pytest.mark.parametrize("neuron", [Neuron(beta=0.9, g=0.3), Neuron(decay="linear", lam=0.01, g=0.2)])
def test_a_coarser_neuron_does_in_one_step_what_it_did_in_some(neuron):
    """A constant current from rest: exact for exponential decay; linear decay takes lam off a rest of 0 later."""
    u = 0.0
    for _ in range(4):
        u = decayed(np.float64(u), neuron.decay, neuron.constant) + neuron.g * 0.5
    once = coarser(neuron, 4)
    taken = neuron.lam if neuron.decay == "linear" else 0.0  # by steps 2 to 4; step 1 has nothing to take
    assert once.g * 0.5 - 3 * taken == pytest.approx(u, rel=1e-12)
    kept = decayed(decayed(np.float64(0.7), neuron.decay, neuron.constant), neuron.decay, neuron.constant)
    twice = coarser(neuron, 2)
    assert decayed(np.float64(0.7), twice.decay, twice.constant) == pytest.approx(kept, rel=1e-12)


def test_a_coarse_memory_is_the_memory_of_an_input_that_holds():
    model = SpikingNetwork(Architecture("dmp", (1, 6, 4, 2), 5, 40.0)).double()
    x = torch.rand(3, 12, 1, generator=torch.Generator().manual_seed(0)).double()
    fine: list = []
    model(x.repeat_interleave(4, dim=1), m=fine)
    model.coarse = 4
    coarse: list = []
    model(x, m=coarse)
    assert fine[0].abs().max() > 0.1, "an empty memory would show nothing"
    assert torch.allclose(coarse[0], fine[0][:, 3::4], rtol=0, atol=1e-12)


def test_plain_epochs_see_samples_as_they_are(tmp_path, monkeypatch):
    moved = []
    augmented = trainer.augmentation.augmented
    monkeypatch.setattr(trainer.augmentation, "augmented", lambda *args: moved.append(run.standing.epoch) or
                        augmented(*args))
    run = trainer.Trainer(recipe(epochs=4, plain_epochs=3), bars(), tmp_path)
    run.run()
    assert set(moved) == {0}
    monkeypatch.undo()
    plain, never = ({"shift_steps": 1, "plain_epochs": 3}, {"shift_steps": 0})
    runs = [trainer.Trainer(recipe(epochs=3, **changes), bars(), tmp_path / str(number)).run()
            for number, changes in enumerate((plain, never))]
    assert [row[:-1] for row in runs[0].curve] == [row[:-1] for row in runs[1].curve]  # all but seconds


def test_another_seed_gives_other_weights(tmp_path):
    for seed in (0, 1):
        trainer.Trainer(recipe(seed=seed, epochs=1), bars(), tmp_path / str(seed)).run()
    assert not same_files(tmp_path / "0", tmp_path / "1")


@pytest.mark.parametrize("changes", [{}, {"coarse": 2, "coarse_epochs": 8}])
def test_training_learns_what_needs_memory(tmp_path, changes):
    data = bars(200)
    done = trainer.Trainer(recipe(epochs=12, lr=2e-2, dropout=0.0, validation=0.3, **changes), data, tmp_path).run()
    assert done.best == 1.0 and done.best_epoch > changes.get("coarse_epochs", 0)
    network = weights.load(tmp_path / "weights.npz")
    for dtype in ("float32", "float64"):
        assert (predictions(network, data, dtype, batch=7) == data.labels).mean() > 0.95
    assert network.provenance["arguments"]["lr"] == 2e-2 and network.encoding.steps == 20


def test_the_regulariser_lowers_activity(tmp_path):
    rates = []
    for weight in (0.0, 20.0):
        run = trainer.Trainer(recipe(epochs=10, rate_weight=weight), bars(), tmp_path / str(weight))
        run.run()
        rates.append(sum(run.evaluate(run.held_out)[2]))
    assert rates[1] < 0.7 * rates[0]


def test_a_memory_that_never_changes_fills_no_dimension():
    assert effective_rank(torch.ones(2, 5, 3)) == 0


def test_effective_rank_counts_dimensions():
    draw = torch.Generator().manual_seed(0)
    flat = torch.randn(4, 5000, 3, generator=draw, dtype=torch.float64) @ torch.linalg.qr(
        torch.randn(7, 7, generator=draw, dtype=torch.float64))[0][:3]
    assert effective_rank(flat + 5) == pytest.approx(3, rel=0.01)  # 3 equal directions of 7, whatever the mean
    assert effective_rank(flat[:, :, :1]) == pytest.approx(1)


def test_the_rank_regulariser_lowers_the_rank_of_the_memory(tmp_path):
    ranks = []
    for weight in (0.0, 3.0):
        run = trainer.Trainer(recipe(epochs=6, rank_weight=weight), bars(), tmp_path / str(weight))
        run.run()
        memories = []
        with torch.no_grad():
            run.model(torch.from_numpy(run.data.batch(run.held_out, np.float32)), m=memories)
        ranks.append(sum(float(effective_rank(m)) for m in memories))
    assert 2 <= ranks[1] < 0.95 * ranks[0]


def steps_and_labels(n=40, steps=30):
    """Class 1 from 5 steps after a pulse until the end: a label at every step that needs memory."""
    draw = np.random.RandomState(1)
    values, labels = np.zeros((n, steps, 1), np.uint8), np.zeros((n, steps), np.int64)
    for sample, at in enumerate(draw.randint(2, 20, n)):
        values[sample, at : at + 2] = 250
        labels[sample, at + 5 :] = 1
    return Recordings("qtdb", "train", "analog", values, 1 / 255, labels, None, 2, 0.001)


def test_a_class_at_every_step_is_learned_and_equals_the_reference(tmp_path):
    data = steps_and_labels()
    settings = recipe(kappa=0.6, epochs=25, lr=2e-2, dropout=0.0, shift_steps=0, theta=(20.0, 30.0), batch=10)
    done = trainer.Trainer(dataclasses.replace(settings, dataset="qtdb"), data, tmp_path).run()
    assert done.best > 0.85 > 1.1 * max(data.labels.mean(), 1 - data.labels.mean())
    network = weights.load(tmp_path / "weights.npz")
    assert network.kappa == 0.6 and [layer.slow.theta for layer in network.layers] == [20.0, 30.0]
    want = reference.run(network, data.batch(slice(0, 9)))
    np.testing.assert_array_equal(predictions(network, data, "float64")[:9], want.predictions)
    with torch.no_grad():
        logits, _ = from_trained(network, torch.float64)(torch.from_numpy(data.batch(slice(0, 9))))
    np.testing.assert_allclose(logits, want.logits, atol=1e-12)


@pytest.mark.parametrize("samples, steps, kappa", [(3, 40, 0.9), (1, 7, 0.5), (4, 1, 0.99), (2, 9, 0.0)])
def test_the_readout_of_every_step_is_a_low_pass_of_those_before(samples, steps, kappa):
    y = torch.from_numpy(np.random.default_rng(2).normal(size=(samples, steps, 5))).requires_grad_()
    got = faded(y, kappa)
    weights = torch.from_numpy(np.random.default_rng(3).normal(size=got.shape))
    (weights * got).sum().backward()
    through = lambda x: scipy.signal.lfilter([1 - kappa], [1, -kappa], x, axis=1)  # noqa: E731
    np.testing.assert_allclose(got.detach(), through(y.detach()), atol=1e-13)
    np.testing.assert_allclose(y.grad, through(weights.numpy()[:, ::-1])[:, ::-1], atol=1e-13)


def test_labels_and_kappa_must_fit(tmp_path):
    with pytest.raises(DmpnetError, match="a label a step; set kappa"):
        trainer.Trainer(recipe(), steps_and_labels(), tmp_path)
    with pytest.raises(DmpnetError, match="a label a sample; set None"):
        trainer.Trainer(recipe(kappa=0.5), bars(), tmp_path)


@pytest.mark.parametrize("changes", [{"delay_max": 6}, {"delay_max": 6, "delay_input": True},
                                     {"learn_decay": True, "beta": 0.8}, {"acts": "threshold"}, {"acts": "gain"},
                                     {"decay": "linear", "lam": 0.1}, {"decay": "shift", "shift": 3},
                                     {"decay": "linear", "lam": 0.05, "learn_decay": True, "lr": 0.05},
                                     {"blocks": ((3, 8.0), (4, 20.0)), "feed": "cascade"},
                                     {"blocks": ((3, 8.0), (4, 20.0))}, {"kind": "dsnn", "delay_max": 5},
                                     {"kind": "rsnn", "clip": 0.5}])
def test_every_kind_of_network_trains_and_equals_the_reference(tmp_path, changes):
    data = bars()
    run = trainer.Trainer(recipe(**changes), data, tmp_path)
    with torch.no_grad():
        for p in run.model.layers:
            p["b_f"] += torch.linspace(0.3, 1.6, len(p["b_f"]))  # some neurons fire on their own
    run.run()
    network = weights.load(tmp_path / "weights.npz")
    s_in = data.batch(slice(0, 20))
    want = reference.run(network, s_in)
    assert want.margin > 1e-9, "a membrane sits on the threshold: change the seed"
    for layer, got in zip(want.spikes, spikes(network, s_in), strict=True):
        assert 0.005 < layer.mean() < 0.6, "silent or saturated: equality would show nothing"
        np.testing.assert_array_equal(got, layer)
    if "delay_max" in changes:
        assert network.layers[1].delay.max() > 0
    if changes.get("learn_decay"):
        constants = [layer.neuron.constant for layer in network.layers]
        assert len({changes.get("lam", changes.get("beta")), *constants}) == 3 and min(constants) >= 0


def test_a_batch_in_pieces_is_the_same_batch(tmp_path, monkeypatch):
    grads = []
    for rows in (10**6, 40):
        monkeypatch.setattr(trainer, "ROWS", rows)
        run = trainer.Trainer(recipe(dropout=0.0, shift_steps=0, batch=20), bars(), tmp_path / str(rows))
        with workers() as run.pool:
            run._step(run.train[:20])
        grads.append([p.grad.clone() for p in run.parameters])
    for a, b in zip(*grads, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-6 * float(a.abs().max()) + 1e-8)


def test_the_best_epoch_is_one_at_full_regularisation(tmp_path):
    done = trainer.Trainer(recipe(epochs=4, rate_weight=1.0, rate_ramp=2), bars(), tmp_path).run()
    assert done.best_epoch in (3, 4)
    with pytest.raises(DmpnetError, match="rate_ramp = 4"):
        recipe(epochs=4, rate_ramp=4)


def test_what_is_kept_is_the_mean_of_the_last_epochs(tmp_path):
    """By the checkpoints of a run, and judged as it is."""
    seen = {}

    class Told(trainer.Trainer):
        def save(self):
            super().save()
            if self.standing.batch == 0:
                seen[self.standing.epoch] = {name: array.clone() for name, array in self.model.state_dict().items()}

    run = Told(recipe(epochs=5, average=3, learn_decay=True, beta=0.8, lr=2e-2, dropout=0.0), bars(), tmp_path)
    with torch.no_grad():
        for p in run.model.layers:
            p["b_f"] += torch.linspace(0.3, 1.6, len(p["b_f"]))  # some neurons fire on their own
    last = run.run()
    network = weights.load(tmp_path / "weights.npz")
    kept = from_trained(network).state_dict()
    for name, array in kept.items():
        mean = torch.stack([seen[epoch][name].double() for epoch in (3, 4, 5)]).mean(0).float()
        assert torch.allclose(array, mean, rtol=1e-6, atol=1e-9), name
        assert not torch.equal(array, seen[5][name]), "the last epoch alone would show nothing"
    beta = torch.stack([seen[epoch]["layers.0.logit_beta"] for epoch in (3, 4, 5)]).mean().sigmoid()
    assert network.layers[0].neuron.beta == pytest.approx(float(beta), rel=1e-6)
    for name, array in run.model.state_dict().items():
        assert torch.equal(array, seen[5][name]), "the run itself goes on from where it was"
    held_out = dataclasses.replace(bars(), values=bars().values[run.held_out], labels=bars().labels[run.held_out])
    assert last.best == (predictions(network, held_out) == held_out.labels).mean()
    facts = network.provenance
    assert (facts["averaged"], facts["epoch"], facts["validation_accuracy"]) == (3, 5, last.best)


def test_a_checkpoint_without_its_sums_is_refused(tmp_path):
    run = trainer.Trainer(recipe(epochs=2, average=2), bars(), tmp_path)
    run.run()
    state = torch.load(run.checkpoint, weights_only=True)
    for wrong in ({}, state["sums"] | {"W": torch.zeros(1)}, state["sums"] | {"W_o": state["model"]["W_o"]}):
        torch.save(state | {"sums": wrong}, run.checkpoint)
        with pytest.raises(DmpnetError, match="sums: .* no run of this recipe writes"):
            trainer.Trainer(recipe(epochs=2, average=2), bars(), tmp_path).resume()


def test_validation_part_is_never_trained_on(tmp_path):
    run = trainer.Trainer(recipe(), bars(), tmp_path)
    assert not set(run.train) & set(run.held_out) and len(run.held_out) > 0
    assert sorted([*run.train, *run.held_out]) == list(range(60))


def test_moved_samples_keep_what_stays_inside():
    s_in = np.random.RandomState(0).rand(40, 12, 6)
    moved = augmentation.augmented(s_in, recipe(shift_steps=2, shift_channels=1), 0)
    for a, b in zip(s_in, moved, strict=True):
        places = [(dt, dc) for dt in range(-2, 3) for dc in range(-1, 2)
                  if np.array_equal(np.roll(a, (dt, dc), (0, 1))[2:-2, 1:-1], b[2:-2, 1:-1])]
        assert len(places) == 1
    assert (moved != s_in).any()


def test_moved_images_keep_what_stays_inside():
    images = np.random.RandomState(0).rand(3, 2, 5, 6)
    for dy, dx in ((0, 0), (2, -1), (-1, 3), (-2, -2)):
        out = augmentation.moved(images, dy, dx)
        for row in range(5):
            for column in range(6):
                inside = 0 <= row - dy < 5 and 0 <= column - dx < 6
                want = images[..., row - dy, column - dx] if inside else 0
                assert (out[..., row, column] == want).all()


def test_images_are_moved_on_their_grid_only(tmp_path):
    s_in = np.zeros((30, 4, 2 * 5 * 6))
    s_in.reshape(30, 4, 2, 5, 6)[:, :, 1, 2, 3] = 1
    changed = augmentation.augmented(s_in, recipe(shift_steps=0, shift_pixels=1), 0, (2, 5, 6)).reshape(30, 4, 2, 5, 6)
    assert not changed[:, :, 0].any() and (changed.sum((2, 3, 4)) == 1).all()
    places = {tuple(np.argwhere(sample[0, 1])[0]) for sample in changed}
    assert 5 < len(places) <= 9 and all(1 <= y <= 3 and 2 <= x <= 4 for y, x in places)
    with pytest.raises(DmpnetError, match="shift_pixels = 1, but the input of smnist is no image"):
        trainer.Trainer(recipe(shift_pixels=1), bars(), tmp_path)
    with pytest.raises(DmpnetError, match="shift_pixels = 5, but smnist has 4 pixels a side"):
        trainer.Trainer(recipe(shift_pixels=5), dataclasses.replace(bars(), grid=(1, 4, 5)), tmp_path)


def test_images_of_one_pixel_a_step_move_in_any_order_of_reading():
    image = np.zeros((1, 4, 5), np.float32)
    image[0, 1, 2] = 1
    order = np.random.RandomState(0).permutation(20)
    for permutation in (None, order):
        read = image.ravel() if permutation is None else image.ravel()[permutation]
        out = augmentation.augmented(np.tile(read, (40, 1))[:, :, None], recipe(shift_steps=0, shift_pixels=1), 0,
                                     (1, 4, 5), permutation)[:, :, 0]
        back = np.empty_like(out)
        back[:, slice(None) if permutation is None else permutation] = out
        places = {tuple(np.argwhere(sample)[0]) for sample in back.reshape(-1, 4, 5)}
        assert (back.sum(1) == 1).all() and places == {(y, x) for y in (0, 1, 2) for x in (1, 2, 3)}


def test_coarser_steps_hold_means_of_pixels_and_whether_there_was_a_spike():
    values = np.array([[10, 20, 0, 0, 9]], np.float32)[:, :, None]
    np.testing.assert_array_equal(augmentation.coarser(values, 2, "analog")[0, :, 0], [15, 0, 4.5])  # half silent
    spikes = np.eye(3, dtype=np.float32)[None]
    np.testing.assert_array_equal(augmentation.coarser(spikes, 2, "spikes"), [[[1, 1, 0], [0, 0, 1]]])


def test_learning_rate_schedules():
    cosine = published("smnist", schedule="cosine", epochs=10, lr=1.0)
    rates = [optimiser.rate_at(cosine, epoch) for epoch in np.linspace(0, 10, 50)]
    assert rates[0] == pytest.approx(0.1) and max(rates) <= 1 and rates[-1] == pytest.approx(0.01)
    begun = dataclasses.replace(cosine, coarse=4, coarse_epochs=8)
    assert optimiser.rate_at(begun, 8) > 0.5 and optimiser.rate_at(begun, 10) == pytest.approx(0.01)  # 2 of 4 are done
    counted = dataclasses.replace(begun, coarse_counts=1.0)
    assert all(optimiser.rate_at(counted, epoch) == optimiser.rate_at(cosine, epoch) for epoch in (3, 8, 10))
    step = published("shd")
    assert [optimiser.rate_at(step, epoch) for epoch in (0, 49.9, 50, 99)] == [5e-3, 5e-3, 2.5e-3, 2.5e-3]


@pytest.mark.parametrize("wrong, told", [({"kind": "lstm"}, "kind = 'lstm'"), ({"lr": 0}, "lr = 0"),
                                         ({"schedule": "zigzag"}, "schedule = 'zigzag'"),
                                         ({"optimiser": "sgd"}, "optimiser = 'sgd'"),
                                         ({"coarse": 2, "coarse_epochs": 50}, "every step"),
                                         ({"coarse": 2, "coarse_epochs": 1, "d_s": 2}, "single steps"),
                                         ({"batch": 0}, "batch = 0"),
                                         ({"kind": "fsnn", "rank_weight": 0.1}, "no slow memory"),
                                         ({"average": -1}, "average = -1"),
                                         ({"rate_weight": 1.0, "rate_ramp": 2, "average": 2}, "average = 2.*, 1 here"),
                                         ({"dropout": 1.5}, "dropout = 1.5"), ({"gradients": "int8"}, "gradients"),
                                         ({"sizes": (3, 8, 2)}, "1 channels"), ({"sizes": ()}, r"sizes = \(\)"),
                                         ({"sizes": (1, 0, 2)}, r"sizes = \(1, 0, 2\)"),
                                         ({"sizes": (1, -3, 8, 2)}, r"sizes = \(1, -3, 8, 2\)"),
                                         ({"sizes": (1, 2.5, 2)}, "whole numbers"),
                                         ({"sizes": (1, 10**6, 10**6, 2)}, r"a matrix of 1e\+12 weights"),
                                         ({"kind": "rsnn", "sizes": (1, 10**6, 2)}, r"a matrix of 1e\+12 weights"),
                                         ({"d": 60, "sizes": (1, 10**8, 2)}, r"a matrix of 6e\+09 weights"),
                                         ({"std": -1.0}, "std = -1.0"), ({"std": math.nan}, "std = nan"),
                                         ({"lr": math.inf}, "lr = inf"), ({"lr": 1e300}, r"lr = 1e\+300"),
                                         ({"clip": math.nan}, "clip = nan"), ({"weight_decay": -1.0}, "weight_decay"),
                                         ({"shift_steps": -1}, "shift_steps = -1"), ({"d_s": 0}, "d_s = 0"),
                                         ({"delay_max": 10**20}, "delay_max = 1000"), ({"kappa": 1.0}, "kappa = 1.0"),
                                         ({"delay_max": 5, "delay_sigma": 0.0}, "delay_sigma = 0.0"),
                                         ({"delay_max": 5, "delay_sigma": 1e9}, "delay_sigma = 1000000000.0"),
                                         ({"delay_max": 21}, "delay_max = 21"), ({"shift_steps": 21}, "shift_steps"),
                                         ({"d_s": 21}, "d_s = 21, but smnist has 20 steps"),
                                         ({"coarse": 21, "coarse_epochs": 1}, "coarse = 21"),
                                         ({"shift_channels": 2}, "shift_channels = 2, but smnist has 1 channels"),
                                         ({"d": -1}, "d = -1"), ({"d": 10**6}, "set 1 to 10000"),
                                         ({"theta": 0.5}, "theta = 0.5 steps"), ({"theta": math.nan}, "theta = nan"),
                                         ({"blocks": ((3, 20.0), (2, 0.9))}, "theta = 0.9"),
                                         ({"kind": "fsnn", "modes": 1, "mode_dt": (0.1, math.inf)}, "mode_dt")])
def test_wrong_settings_are_named(tmp_path, wrong, told):
    with pytest.raises(DmpnetError, match=told):
        trainer.Trainer(recipe(**wrong), bars(), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong, told", [
    (["--kind", "dsnn", "--delay-max", "785"], "delay_max = 785, but smnist has 784 steps"),
    (["--shift-channels", "2"], "shift_channels = 2, but smnist has 1 channels"),
    (["--hidden", "100000000"], "a matrix of 6e+09 weights"), (["--blocks", "-1:5"], "d = -1, but it counts"),
    (["--theta", "300", "0.5"], "theta = 0.5 steps"), (["--d", "20000", "--hidden", "9"], "d = 20000, but")])
def test_the_command_names_wrong_sizes_before_it_looks_for_data(tmp_path, capsys, wrong, told):
    assert cli.main(["train", "smnist", *wrong, "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind, asked, beside", [
    ("fsnn", {"d": 5}, "kind = 'fsnn'"), ("rsnn", {"theta": 10.0}, "kind = 'rsnn'"),
    ("dsnn", {"acts": "gain"}, "kind = 'dsnn'"), ("fsnn", {"blocks": ((5, 20.0),)}, "kind = 'fsnn'"),
    ("dmp", {"d": 7, "blocks": ((5, 20.0), (5, 80.0))}, "blocks = "), ("dmp", {"feed": "cascade"}, r"blocks = \(\)"),
    ("dmp", {"lam": 0.2}, "decay = 'exponential'"), ("dmp", {"lam": 0.2, "decay": "shift"}, "decay = 'shift'"),
    ("dmp", {"shift": 3}, "decay = 'exponential'"), ("dmp", {"c": 0.2, "decay": "linear"}, "decay = 'linear'"),
    ("fsnn", {"decay": "linear", "modes": 2}, "modes = 2"), ("dmp", {"emits": "values"}, "modes = 0"),
    ("fsnn", {"mode_dt": (0.1, 0.2)}, "modes = 0"), ("fsnn", {"reset": "soft", "emits": "spikes", "modes": 1}, "emits"),
    ("dmp", {"delay_input": True}, "delay_max = 0"), ("fsnn", {"delay_sigma": 4.0}, "delay_max = 0"),
    ("dmp", {"coarse_epochs": 3}, "coarse = 1"), ("dmp", {"rate_target": 0.1}, "rate_weight = 0.0"),
    ("dmp", {"rate_ramp": 5}, "rate_weight = 0.0"), ("dmp", {"recurrent_norm": 1.0}, "kind = 'dmp'"),
    ("dmp", {"dropout": 0.1, "sizes": (12, 8, 27)}, r"sizes = \(12, 8, 27\)")])
def test_what_has_no_effect_is_refused_by_name(kind, asked, beside):
    name = next(iter(asked))
    with pytest.raises(DmpnetError, match=f"recipe: {name} = .*, but it changes nothing where {beside}.*; leave it"):
        published("braille", kind, **asked)


def test_what_is_at_its_default_or_was_not_asked_for_is_let_be():
    default = {field.name: field.default for field in fields(Recipe)}
    for kind in ("fsnn", "rsnn", "dsnn", "dmp"):
        asked = {name: default[name] for names, *_ in effects.IDLE for name in names if name != "sizes"}
        assert published("braille", kind, **asked | {"delay_max": 30, "d": 5 * (kind == "dmp")}).architecture
        assert published("shd", kind, sizes=(140, 8, 20)).dropout == 0.2


@pytest.mark.parametrize("words, told", [
    (["--coarse", "4"], "coarse = 4, but it changes nothing where coarse_epochs = 0"),
    (["--kind", "fsnn", "--modes", "2", "--beta", "0.9"], "beta = 0.9, but it changes nothing where modes = 2"),
    (["--dropout", "0.1", "--hidden", "8"], r"dropout = 0.1, but it changes nothing where sizes = (12, 8, 27)")])
def test_what_is_typed_without_effect_is_refused(words, told, tmp_path, capsys):
    """Also what recipes of the table carry."""
    assert cli.main(["train", "braille", *words, "--out", str(tmp_path / "o")]) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "o").exists()


def test_linear_decay_leaks_what_beta_does_at_threshold_unless_told():
    assert published("braille", decay="linear").lam == 0.5
    assert published("braille", decay="linear", beta=0.8).architecture.neuron.lam == pytest.approx(0.2)
    assert published("braille", decay="linear", beta=0.8, lam=0.1).lam == 0.1
    assert published("braille", decay="linear", lam=0.0).lam == published("braille").lam == 0.0


def test_a_floor_is_trained_with_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load", lambda *_: bars())
    words = ["--hidden", "8", "8", "--epochs", "1", "--decay", "linear", "--floor", "-1", "--d", "4", "--beta", "0.8"]
    monkeypatch.setitem(SHAPES, "smnist", ((1, 8, 2), 4, 20.0))
    assert cli.main(["train", "smnist", *words, "--out", str(tmp_path)]) == 0
    neuron = weights.load(tmp_path / "weights.npz").layers[0].neuron
    assert (neuron.decay, neuron.floor) == ("linear", -1.0) and neuron.lam == pytest.approx(0.2)


def test_help_tells_the_defaults_that_recipes_have():
    """As 'X', or 'X, DATA or KIND Y' where these have another."""
    options = {name: told for settings in OPTIONS.values() for name, (_, told) in settings.items()}
    for name, told in options.items():
        first, *others = re.search(r"default: ([^)]+)\)", told)[1].split(", ")
        values = {"none": None, "the data set's": SHAPES["smnist"][1], "1 - beta": 0.0, "the decay's own": None}
        plain = getattr(published("smnist"), name)
        assert values.get(first, first) == plain or float(first) == plain, name
        for other in others:
            *of, value = other.replace(" and ", " ").split()
            for one in set(of) & {"dsnn", *SHAPES}:
                found = getattr(published("smnist", one) if one == "dsnn" else published(one), name)
                assert str(found) == value or float(value) == found, (name, one)
    assert {*options} >= {"floor", "lam", "std"} and "shd 0.01" in options["std"]


def test_a_terminal_is_told_what_takes_a_while(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert cli.main(["train", "braille", "--coarse", "4"]) == 2
    assert capsys.readouterr().err.startswith("loading PyTorch, usually 5 to 10 s\n")
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    assert cli.main(["train", "braille", "--coarse", "4"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_checkpoint_of_another_recipe_or_damaged_is_refused(tmp_path):
    trainer.Trainer(recipe(epochs=1), bars(), tmp_path).run()
    with pytest.raises(DmpnetError, match="lr = 0.01"):
        trainer.Trainer(recipe(epochs=1, lr=0.5), bars(), tmp_path).resume()
    content = (tmp_path / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(DmpnetError, match="not a whole checkpoint"):
        trainer.Trainer(recipe(epochs=1), bars(), tmp_path).resume()


def put(tree, path, value):
    """`tree` with what lies at `path` replaced, or taken out where `value` is None."""
    *way, last = path
    for key in way:
        tree = tree[key]
    if value is None:
        del tree[last]
    else:
        tree[last] = value(tree[last]) if callable(value) else value


WRONG_STATE = {
    "no dict": ((), None), "recipe no dict": (("recipe",), 3), "no recipe": (("recipe",), None),
    "a size that is a text": (("recipe", "sizes"), ("1", 2)), "epochs endless": (("recipe", "epochs"), float("inf")),
    "a rate of thousands of digits": (("recipe", "lr"), 10**400), "no data set": (("recipe", "dataset"), "mnist"),
    "products": (("products",), "save"), "products no text": (("products",), 3), "start": (("start",), 3),
    "progress no dict": (("progress",), []), "another progress": (("progress", "lap"), 1),
    "epoch": (("progress", "epoch"), "two"), "epoch below 0": (("progress", "epoch"), -1),
    "batch": (("progress", "batch"), 10**30), "batch after the last": (("progress", "batch"), 1000),
    "seen": (("progress", "seen"), float("nan")), "a batch but nothing seen": (("progress", "seen"), 0),
    "curve": (("progress", "curve"), [3]), "curve too short": (("progress", "curve"), [[1, 2]]),
    "curve of other epochs": (("progress", "curve"), []),
    "no model": (("model",), None), "model a list": (("model",), []), "an array gone": (("model", "W_o"), None),
    "an array more": (("model", "W"), torch.zeros(3)), "an array no tensor": (("model", "W_o"), [0.5]),
    "turned": (("model", "layers.0.W_f"), lambda w: w.T.contiguous()),
    "doubled": (("model", "W_o"), lambda w: w.double()),
    "not finite": (("model", "W_o"), lambda w: w * float("nan")), "sparse": (("model", "W_o"), lambda w: w.to_sparse()),
    "of every size": (("model", "W_o"), lambda w: w.new_zeros(1).expand(10**6, 10**6)),
    "optimisers": (("optimisers",), 3), "none": (("optimisers", 0), 3),
    "no groups": (("optimisers", 0, "param_groups"), 3),
    "group no dict": (("optimisers", 0, "param_groups", 0), 3),
    "factor": (("optimisers", 0, "param_groups", 0, "factor"), "x"),
    "params": (("optimisers", 0, "param_groups", 0, "params"), [0, torch.zeros(3)]),
    "betas": (("optimisers", 0, "param_groups", 0, "betas"), torch.zeros(2)),
    "eps": (("optimisers", 0, "param_groups", 0, "eps"), float("nan")), "state": (("optimisers", 0, "state"), []),
    "moment gone": (("optimisers", 0, "state", 0, "exp_avg"), None),
    "moment no tensor": (("optimisers", 0, "state", 0, "step"), 3),
    "moment of another size": (("optimisers", 0, "state", 0, "exp_avg"), torch.zeros(7)),
    "moment below 0": (("optimisers", 0, "state", 0, "exp_avg_sq"), lambda v: v - 1),
    "moment of no one": (("optimisers", 0, "state", 99), {}), "moments no dict": (("optimisers", 0, "state", 0), 3)}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The state of a run stopped in its second epoch, and where it lies."""
    run = trainer.Trainer(recipe(optimiser="muon"), bars(), tmp_path_factory.mktemp("begun"), every=1)

    def stop(done, total):
        if done == total // run.recipe.epochs + 2:
            raise KeyboardInterrupt

    run.progress = stop
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert (run.standing.epoch, run.standing.batch) == (1, 2)
    return run.checkpoint.read_bytes()


@pytest.mark.parametrize("where, value", WRONG_STATE.values(), ids=list(WRONG_STATE))
def test_a_sound_file_of_something_else_is_refused(begun, tmp_path, where, value):
    """And changes nothing of the run that was to go on from it."""
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(begun)
    run = trainer.Trainer(recipe(optimiser="muon"), bars(), tmp_path)
    before = {name: array.clone() for name, array in run.model.state_dict().items()}
    state = torch.load(path, weights_only=True)
    put(state, where, value) if where else None
    torch.save(state if where else [1, 2], path)
    with pytest.raises(DmpnetError) as error:
        run.resume()
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value) and len(str(error.value)) < 600
    assert "delete it" in str(error.value) or "another --out" in str(error.value)
    assert all(torch.equal(array, before[name]) for name, array in run.model.state_dict().items())
    assert run.standing == trainer.Standing()
    path.write_bytes(begun)
    assert run.resume() and run.standing.epoch == 1


def test_a_packed_checkpoint_is_not_unpacked(tmp_path):
    """torch.save packs nothing; what is packed may stand for a thousand times its bytes."""
    run = trainer.Trainer(recipe(), bars(), tmp_path)
    run.save()
    with zipfile.ZipFile(run.checkpoint) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(run.checkpoint, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert torch.load(run.checkpoint, weights_only=True), "PyTorch would"
    with pytest.raises(DmpnetError, match="not a whole checkpoint"):
        run.resume()


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path):
    run = trainer.Trainer(recipe(), bars(), tmp_path)
    run.save()
    before = run.checkpoint.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match="checkpoint.pt") as error:
            run.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(error.value) and "whole" in str(error.value)
    assert run.checkpoint.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_divergence_is_one_line(tmp_path):
    run = trainer.Trainer(recipe(), bars(), tmp_path)
    with torch.no_grad():
        run.model.W_o.fill_(float("nan"))
    with pytest.raises(DmpnetError, match="diverged"):
        run.run()


def explodes(run, when):
    """A gradient beyond float32 in layer 1 where `when` says so of where the run stands."""
    run.model.layers[0]["W_f"].register_hook(
        lambda gradient: gradient * float("inf") if when(run.standing) else gradient)


@pytest.mark.parametrize("clip, batch", [(0.0, 1), (1.0, 5)])
def test_a_gradient_that_explodes_leaves_the_checkpoint_whole(tmp_path, clip, batch):
    """A hidden layer whose weights are not finite is silent and the loss finite: only the gradient tells."""
    run = trainer.Trainer(recipe(clip=clip), bars(), tmp_path, every=1)
    explodes(run, lambda standing: standing.epoch > 0)
    with pytest.raises(DmpnetError, match=f"diverged: loss .*, gradient .* at epoch {2 + (clip > 0)}, batch {batch}"):
        run.run()
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["model"]
    assert all(array.isfinite().all() for array in kept.values())


def test_the_norm_of_recurrent_weights_is_bounded(tmp_path):
    """By the limit, whatever they are at first; what is below it is left alone."""
    for limit, factor, expected in ((1.0, 1e3, 1.0), (1.0, 1.0, None), (0.0, 1e3, None)):
        settings = {"kind": "rsnn", "d": 0, "theta": 0.0, "lr": 1e-6, "epochs": 1, "recurrent_norm": limit}
        run = trainer.Trainer(recipe(**settings), bars(), tmp_path / f"{limit}-{factor}")
        with torch.no_grad():
            before = [layer["W_r"].mul_(factor).clone() for layer in run.model.layers]
        run.run()
        for layer, W_r in zip(run.model.layers, before, strict=True):
            after = layer["W_r"].detach()
            direction = W_r / torch.linalg.matrix_norm(W_r, 2) if expected else W_r
            torch.testing.assert_close(after, direction, rtol=1e-3, atol=1e-4)


def test_where_gradients_are_clipped_a_batch_beyond_float32_is_left_out(tmp_path):
    run = trainer.Trainer(recipe(clip=1.0), bars(), tmp_path / "left out")
    explodes(run, lambda standing: standing.epoch == 1 and standing.batch == 2)
    run.run()
    assert run.standing.epoch == 3 and run.standing.left_out == 0
    assert all(parameter.isfinite().all() for parameter in run.parameters)
    other = trainer.Trainer(recipe(clip=1.0), bars(), tmp_path / "whole")
    other.run()
    assert other.standing.curve[0][:7] == run.standing.curve[0][:7]
    assert not torch.equal(other.model.W_o, run.model.W_o)


@pytest.mark.parametrize("other", ["values", "labels"])
def test_a_run_goes_on_with_the_recordings_it_began_with_only(tmp_path, other):
    trainer.Trainer(recipe(epochs=1), bars(), tmp_path).run()
    changed = dataclasses.replace(bars(), **{other: np.ascontiguousarray(getattr(bars(), other)[::-1])})
    with pytest.raises(DmpnetError, match="taught other recordings"):
        trainer.Trainer(recipe(epochs=1), changed, tmp_path).resume()
    assert trainer.Trainer(recipe(epochs=1), bars(), tmp_path).resume()


def test_a_run_goes_on_where_settings_came_later(tmp_path):
    """A checkpoint that knows nothing of a setting did as its default says."""
    trainer.Trainer(recipe(epochs=1), bars(), tmp_path).run()
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del state["recipe"]["recurrent_norm"]
    torch.save(state, tmp_path / "checkpoint.pt")
    assert trainer.Trainer(recipe(epochs=1), bars(), tmp_path).resume()
    with pytest.raises(DmpnetError, match="recurrent_norm = 0.0, but this run asks for 2.0"):
        trainer.Trainer(recipe(epochs=1, recurrent_norm=2.0), bars(), tmp_path).resume()


@pytest.mark.parametrize("changes, may", [({}, True), ({"plain_epochs": 1}, False), ({"delay_max": 4}, False),
                                          ({"average": 1}, False)])
def test_a_run_is_made_longer_only_where_its_length_decided_nothing(tmp_path, changes, may):
    settings = {"schedule": "constant", "epochs": 1} | changes
    trainer.Trainer(recipe(**settings), bars(), tmp_path / "run").run()
    longer = trainer.Trainer(recipe(**settings | {"epochs": 2}), bars(), tmp_path / "run")
    if may:
        assert longer.resume()
    else:
        with pytest.raises(DmpnetError, match="epochs = 1, but this run asks for 2"):
            longer.resume()


def test_a_recipe_is_read_from_its_record():
    """Settings that no longer exist are left out, renamed ones are found."""
    record = recipe(learn_decay=True).record()
    assert Recipe.of(record | {"gone": 1}) == recipe(learn_decay=True)
    record["learn_beta"] = record.pop("learn_decay")
    assert Recipe.of(record) == recipe(learn_decay=True)


def test_training_goes_on_from_a_trained_network_with_another_decay(tmp_path):
    trainer.Trainer(recipe(), bars(), tmp_path / "first").run()
    first = weights.load(tmp_path / "first" / "weights.npz")
    begun = swap.linear(first)
    again = Recipe.of(first.provenance["arguments"])
    assert again == recipe()
    again = dataclasses.replace(again, decay="linear", lam=0.25, learn_decay=True, epochs=1)
    run = trainer.Trainer(again, bars(), tmp_path / "again", start=begun)
    s_in = bars().batch(slice(0, 20), np.float32)
    with torch.no_grad():
        model_logits, _ = run.model.eval()(torch.from_numpy(s_in))
    np.testing.assert_allclose(model_logits, reference.run(begun, s_in, dtype=np.float32).logits, atol=1e-5)
    run.run()
    after = weights.load(tmp_path / "again" / "weights.npz")
    assert [layer.neuron.decay for layer in after.layers] == ["linear"] * 2
    assert not np.array_equal(after.layers[0].W_f, first.layers[0].W_f)
    assert len({0.25, *(layer.neuron.lam for layer in after.layers)}) == 3
    with pytest.raises(DmpnetError, match="start: a DMP of"):
        trainer.Trainer(dataclasses.replace(again, sizes=(1, 8, 8, 2)), bars(), tmp_path / "other", start=begun)


def test_lam_never_leaves_its_range(tmp_path):
    for lam, lr in ((0.001, 0.2), (0.999, 0.2)):
        run = trainer.Trainer(recipe(decay="linear", lam=lam, learn_decay=True, lr=lr), bars(), tmp_path / str(lam))
        run.run()
        assert all(0 <= layer["lam"].item() <= 1 for layer in run.model.layers)
        weights.load(tmp_path / str(lam) / "weights.npz")


def test_a_run_goes_on_from_the_network_it_began_with_only(tmp_path):
    """Two networks of one recipe: the checkpoint of what became of one is not the other's."""
    starts = []
    for seed in (1, 2):
        trainer.Trainer(recipe(epochs=1, seed=seed), bars(), tmp_path / str(seed)).run()
        starts.append(weights.load(tmp_path / str(seed) / "weights.npz"))
    run = trainer.Trainer(recipe(epochs=1), bars(), tmp_path / "tuned", start=starts[0])
    network = run.finished()
    assert network.provenance["start"]["arguments"]["seed"] == 1
    assert trainer.Trainer(recipe(epochs=1), bars(), tmp_path / "tuned", start=starts[0]).resume()
    for other in (starts[1], None):
        with pytest.raises(DmpnetError, match="began with another network"):
            trainer.Trainer(recipe(epochs=1), bars(), tmp_path / "tuned", start=other).resume()


def test_after_a_run_that_failed_the_network_can_still_be_judged(tmp_path):
    run = trainer.Trainer(recipe(), bars(), tmp_path)
    with torch.no_grad():
        run.model.W_o.fill_(float("nan"))
    with pytest.raises(DmpnetError, match="diverged"):
        run.run()
    assert len(run.evaluate(run.held_out)[2]) == 2
