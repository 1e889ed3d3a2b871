"""PyTorch modules as graphs: the same spikes, and gradients that are those of the plain statement of a layer."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]'")
pytest.importorskip("numba", reason="needs numba: pip install '.[train]'")
from torch import nn  # noqa: E402

from dmpnet import data  # noqa: E402
from dmpnet.data import Recordings  # noqa: E402
from dmpnet.disk import shipped  # noqa: E402
from dmpnet.equations import memory  # noqa: E402
from dmpnet.equations.neurons import Neuron  # noqa: E402
from dmpnet.errors import DmpnetError  # noqa: E402
from dmpnet.graph import file  # noqa: E402
from dmpnet.graph.graph import parameters  # noqa: E402
from dmpnet.reference import graphs  # noqa: E402
from dmpnet.torch import DMP, LIF, EachStep, Readout, camera, folded, graph_of, verdict  # noqa: E402
from dmpnet.training import plain  # noqa: E402

NEURONS = {"published": Neuron(), "soft": Neuron(0.8, 0.3, 0.9, "soft"),
           "linear": Neuron(decay="linear", lam=0.2, g=0.4), "shift": Neuron(decay="shift", shift=2, g=0.4)}


def images(seed=0, shape=(2, 10, 10), batch=4, steps=25, rate=0.15):
    return (np.random.default_rng(seed).random((batch, steps, *shape)) < rate).astype(float)


def convolutional(neuron, learn=False):
    """A network with one of each module, its BatchNorm as after some training."""
    torch.manual_seed(0)
    net = nn.Sequential(
        EachStep(nn.Conv2d(2, 6, 3, 2, (1, 0), bias=False), nn.BatchNorm2d(6)), LIF(neuron, learn),
        EachStep(nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding="same", groups=2)), LIF(neuron, learn),
        EachStep(nn.AvgPool2d(2, 1, 1), nn.Flatten()), nn.Dropout(0.3),
        DMP(72, 20, 4, 12.0, neuron, learn), nn.Linear(20, 15), LIF(neuron), Readout(15, 5))
    net[0][1].running_mean.normal_(0, 0.1), net[0][1].running_var.uniform_(0.01, 0.03)
    net.double().eval()
    s_in = images()
    for layer, weight in enumerate((net[0][1].weight, net[2][1].weight, net[6].W_f, net[7].weight)):
        for _ in range(20):
            if spikes_of(net, s_in)[0][layer].mean() > 0.05:
                break
            weight.data *= 1.3
    return net


def spikes_of(net, s_in):
    """Spikes of every spiking module, flat, and what comes out at the end."""
    seen, signal = [], torch.from_numpy(s_in)
    with torch.no_grad():
        for module in net:
            signal = module(signal)
            if isinstance(module, (LIF, DMP)):
                seen.append(signal.flatten(2).numpy() > 0)
    return seen, signal.numpy()


@pytest.mark.parametrize("name", NEURONS)
def test_a_graph_spikes_as_its_module(name, tmp_path):
    net, s_in = convolutional(NEURONS[name], learn=name in ("soft", "linear")), images()
    file.save(graph_of(net, (2, 10, 10), 1e-3, provenance={"made": "here"}), tmp_path / "net.npz")
    graph = file.load(tmp_path / "net.npz")
    want, logits = spikes_of(net, s_in)
    got = graphs.run(graph, s_in)
    for layer, other in zip(got.spikes, want, strict=True):
        assert 0.01 < other.mean() < 0.5, "silent or saturated: equality would show nothing"
        assert (layer == other).all()
    assert got.margin > 1e-11 and np.abs(got.logits - logits).max() < 1e-12
    assert graph.provenance == {"made": "here"} and graph.shape == "2x10x10-6x5x4-8x2x2-20-15-5"


def test_parameters_of_a_graph_are_those_of_its_module():
    """Beside the module's: BatchNorm's two arrays become a bias, and Abar, Bbar and neurons' constants are stored."""
    net = nn.Sequential(EachStep(nn.Conv2d(2, 6, 3, bias=False), nn.BatchNorm2d(6)), LIF(), EachStep(nn.Flatten()),
                        DMP(384, 20, 4, 12.0), Readout(20, 5))
    constants = 8 * sum(isinstance(m, (LIF, DMP)) for m in net)  # beta, g, c, theta, u_reset, w, refractory, u_0
    graph = graph_of(net, (2, 10, 10), 1e-3)
    ours = sum(p.numel() for p in net.parameters()) - 6
    assert parameters(graph) == ours + 4 * 4 + 4 + constants


@pytest.mark.parametrize("name", NEURONS)
def test_gradients_are_those_of_the_plain_statement(name):
    neuron = NEURONS[name]
    learn = neuron.decay != "shift"
    lif = LIF(neuron, learn).double()
    rng = np.random.default_rng(2)
    current = torch.tensor(rng.normal(0.8, 1.5, (3, 30, 7)), requires_grad=True)
    weight = torch.tensor(rng.normal(size=(3, 30, 7)))
    spikes = lif(current)
    assert 0.05 < spikes.mean() < 0.6
    wrt = (current, *lif.parameters())
    got = torch.autograd.grad((spikes * weight).sum(), wrt)
    same = plain.layer(current, torch.eye(7, dtype=torch.float64), torch.zeros(7, dtype=torch.float64), neuron,
                       learned=lif.learned)
    assert (same == spikes).all()
    for one, other in zip(got, torch.autograd.grad((same * weight).sum(), wrt), strict=True):
        assert other.abs().max() > 0.01
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9)


def test_gradients_of_a_dmp_are_those_of_the_plain_statement():
    torch.manual_seed(1)
    dmp = DMP(12, 9, 3, 10.0, Neuron(0.7, 0.3)).double()
    s_in = torch.from_numpy(images(3, (12,), steps=40)).requires_grad_()
    weight = torch.randn(4, 40, 9, dtype=torch.float64)
    abar, bbar = memory.discrete(3, 10.0)
    m = plain.memory(s_in, dmp.w_x, dmp.b_x, torch.from_numpy(memory.impulse_response(abar, bbar, 40)))
    same = plain.layer(s_in, dmp.W_f, dmp.b_f, Neuron(0.7, 0.3), I_m=m @ dmp.W_m.T + dmp.b_m)
    spikes = dmp(s_in)
    assert 0.02 < spikes.mean() < 0.5 and (spikes == same).all()
    wrt = (s_in, *dmp.parameters())
    for one, other in zip(*(torch.autograd.grad((s * weight).sum(), wrt) for s in (spikes, same)), strict=True):
        assert other.abs().max() > 1e-3
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9)


def test_where_values_lie_in_memory_does_not_matter():
    current = torch.randn(2, 12, 3, 4, 5, dtype=torch.float64).mul_(3)
    last = current.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    weight, found = torch.randn_like(current), []
    assert last.stride() != current.stride() and (last == current).all()
    for each in (current, last):
        each = each.detach().requires_grad_()
        spikes = LIF()(each)
        found.append((spikes, *torch.autograd.grad((spikes * weight).sum(), each)))
    assert 0.05 < found[0][0].mean() < 0.6
    assert all((one == other).all() for one, other in zip(*found, strict=True))


def test_folded_modules_compute_the_same_and_leave_theirs_alone():
    net, s_in = convolutional(Neuron()), torch.from_numpy(images())
    before = [p.clone() for p in net.parameters()]
    other = folded(net)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in other.modules())
    assert torch.allclose(net[0](s_in), other[0](s_in), atol=1e-12) and net[0](s_in).abs().max() > 1
    assert all((p == q).all() for p, q in zip(net.parameters(), before, strict=True))


class Doubled(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


class Scaled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(("modules", "words"), [
    ([nn.Flatten()], "start_dim = 1"), ([nn.Sigmoid()], "Sigmoid"), ([Doubled(nn.Linear(6, 6))], "Doubled"),
    ([Scaled(6, 6)], "Scaled"), ([nn.BatchNorm1d(6)], "BatchNorm1d"),
    ([nn.Linear(6, 6), EachStep(nn.MaxPool1d(2))], "no spikes"), ([nn.Linear(4, 6)], "takes (4,)"),
    ([EachStep(nn.Conv2d(1, 1, 3, padding_mode="circular"))], "circular"),
    ([EachStep(nn.AvgPool1d(2, ceil_mode=True))], "ceil_mode")])
def test_what_a_graph_does_not_have_is_refused_by_name(modules, words):
    with pytest.raises(DmpnetError) as caught:
        graph_of(nn.Sequential(*modules), (6,), 1e-3)
    assert words in str(caught.value)


def hooked(module):
    module.register_forward_hook(lambda module, given, made: 2 * made)


def own(module):
    module.forward = lambda given: 5 * given


@pytest.mark.parametrize(("change", "words"), [(hooked, "a forward hook"), (own, "a forward of its own"),
                                               (torch.nn.utils.weight_norm, "pre-hook.*remove_weight_norm")])
@pytest.mark.filterwarnings("ignore:.*weight_norm")
def test_what_a_module_does_beside_its_class_is_refused(change, words):
    net = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))
    change(net[0])
    with pytest.raises(DmpnetError, match=f"module '0' .Linear.: has .*{words}"):
        graph_of(net, (6,), 1e-3)
    with pytest.raises(DmpnetError, match="graph_of: 'net' is no torch.nn.Module"):
        graph_of("net", (6,), 1e-3)


def test_input_of_another_shape_is_refused():
    for module, words in ((LIF(), "samples, steps"), (DMP(5, 4, 2, 9.0), "in_features = 5")):
        with pytest.raises(DmpnetError, match=words):
            module(torch.zeros(3, 6) if isinstance(module, LIF) else torch.zeros(3, 6, 7))


def test_a_shift_is_not_learned():
    with pytest.raises(DmpnetError, match="learn_decay"):
        LIF(NEURONS["shift"], learn_decay=True)


# training


def recordings(n=60, steps=6):
    """A bar that stands or lies, in noise; 2 x 12 x 12."""
    rng = np.random.default_rng(5)
    labels = np.arange(n) % 2
    values = (rng.random((n, steps, 2, 12, 12)) < 0.05).astype(np.uint8)
    for sample, label in zip(values, labels, strict=True):
        at = rng.integers(2, 10)
        sample[:, 0, at if label else slice(None), slice(None) if label else at] = 1
    return Recordings("nmnist-whole", "train", "spikes", values.reshape(n, steps, 288), 1.0, labels, None, 2, 0.01,
                      grid=(2, 12, 12))


RECIPE = camera.Recipe(channels=(4, 6), hidden=12, d=3, theta=6.0, batch=16, epochs=6, lr=1e-2)


def test_training_learns_and_its_graph_says_the_same(tmp_path):
    run = camera.Run("test", camera.replace(RECIPE, epochs=15, lr=2e-2, dropout=0.0), recordings(), tmp_path)
    p = run.run()
    assert p.curve[-1][2] < 0.5 * p.curve[0][2] and p.best >= 0.8
    graph = file.load(tmp_path / "graph.npz")
    assert graph.provenance["arguments"]["d"] == 3 and graph.encoding.dataset == "nmnist-whole"
    assert graph.provenance["epoch"] == p.best_epoch
    activity = graphs.run(graph, run.data.batch(run.held_out))
    assert (activity.predictions == run.data.labels[run.held_out]).mean() == p.best
    assert torch.get_num_threads() >= 1 and torch.tensor(1e-40) * 1 > 0, "numbers below the smallest normal are lost"


def test_a_run_killed_after_an_epoch_goes_on_to_the_same_weights(tmp_path):
    whole, first = (camera.Run("test", RECIPE, recordings(), tmp_path / name) for name in ("whole", "pieces"))
    assert not first.resume()
    whole.run()
    first.run(2)
    again = camera.Run("test", RECIPE, recordings(), tmp_path / "pieces")
    assert again.resume() and again.standing.epoch == 2
    again.run()
    ours, theirs = whole.net.state_dict(), again.net.state_dict()
    assert all((ours[name] == theirs[name]).all() for name in ours)
    assert [row[:-1] for row in again.standing.curve] == [row[:-1] for row in whole.standing.curve]
    other = camera.Run("test", camera.replace(RECIPE, lr=0.1), recordings(), tmp_path / "pieces")
    with pytest.raises(DmpnetError, match="lr = 0.01"):
        other.resume()


@pytest.mark.parametrize(("name", "count"), [
    ("nmnist-conv-dmp", 536_974), ("nmnist-conv-fsnn", 536_974 - 2048 - 1 - 8 * 256 - 256)])
def test_the_networks_have_the_size_that_is_told(name, count):
    net = camera.network(camera.RECIPES[name], (2, 34, 34), 10)
    assert sum(p.numel() for p in net.parameters()) == count and 0.3e6 < count < 1.2e6
    assert graph_of(net, (2, 34, 34), 0.01).shape == "2x34x34-16x16x16-32x8x8-256-10"


@pytest.mark.slow
@pytest.mark.parametrize("d", [0, 3])
def test_a_run_is_judged_once_it_is_done(d, tmp_path, monkeypatch):
    recipe = camera.replace(RECIPE, d=d, epochs=8, gain=5.0)
    run = camera.Run("tiny", recipe, recordings(), tmp_path / "run")
    run.run(1)
    monkeypatch.setattr(data, "load", lambda name, split, base: recordings(80, 7).take(np.arange(20, 80)))
    with pytest.raises(DmpnetError, match="1 of 8 epochs"):
        verdict.ship(tmp_path / "run", tmp_path / "graphs")
    assert not (tmp_path / "graphs").exists()
    run.run()
    run.data.source.update(licence="CC0", part="made here")
    file.save(run.graph(), tmp_path / "run" / "graph.npz")
    card = verdict.ship(tmp_path / "run", tmp_path / "graphs")
    found = json.loads((card.parent / "seed0.json").read_text())
    assert found["samples"] == 60 and found["classes_differing_from_pytorch_float64"] == 0
    assert found["places_mismatched"] == [0, 0, 0] and found["margin"] > 1e-12
    assert found["places_compared"] == [60 * 7 * n for n in (4 * 25, 6 * 9, 12)] and min(found["rates"]) > 0.005
    assert found["brian2_mismatched"] == [0, 0, 0] and found["brian2_classes_differing"] == 0
    assert f"**{found['accuracy_brian2']:.2f} %**" in card.read_text() and "made here" in card.read_text()
    altered = file.load(card.parent / "seed0.npz")
    altered.nodes["convolution_1"].weight[:] *= 1.5
    module = verdict.module_of(file.load(card.parent / "seed0.npz"))
    s_in = images(0, (2, 12, 12))
    want = graphs.run(altered, s_in)
    assert any((a != b).any() for a, b in zip(spikes_of(module, s_in)[0], want.spikes, strict=True))


@pytest.mark.parametrize("name", shipped.names("graphs"))
def test_shipped_graphs_are_what_their_records_say(name):
    for seed in shipped.seeds(name, "graphs"):
        path = shipped.path(f"{name}/seed{seed}", "graphs")
        graph, found = file.load(path), json.loads(path.with_suffix(".json").read_text())
        assert found["parameters"] == parameters(graph) and 0.3e6 < found["parameters"] < 1.2e6
        assert graph.provenance["arguments"]["name"] == name and graph.provenance["arguments"]["seed"] == seed
        assert found["places_mismatched"] == found["brian2_mismatched"] == [0, 0, 0]
        assert found["classes_differing_from_pytorch_float64"] == 0
        assert Path(path).stat().st_size < 3e6
        s_in = images(seed, (2, 34, 34), batch=2, steps=12, rate=0.04)
        for layer, other in zip(graphs.run(graph, s_in).spikes, spikes_of(verdict.module_of(graph), s_in)[0],
                                strict=True):
            assert 0.005 < other.mean() < 0.5 and (layer == other).all()
    assert (path.parent / "README.md").read_text() == verdict.card(path.parent)
