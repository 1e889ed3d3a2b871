"""Training in integers: the chip's memory bit for bit, weights that are what is written, gradients straight through."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")

from data_files import digits, write_digits  # noqa: E402
from networks import bars, random_input, random_network  # noqa: E402

from dmpnet import cli, reference  # noqa: E402
from dmpnet.arithmetic.words import Word  # noqa: E402
from dmpnet.equations.neurons import Neuron  # noqa: E402
from dmpnet.errors import DmpnetError  # noqa: E402
from dmpnet.hardware import chip  # noqa: E402
from dmpnet.hardware.constrain import constrain  # noqa: E402
from dmpnet.reference.integers import IntegerLayer  # noqa: E402
from dmpnet.trained import weights  # noqa: E402
from dmpnet.training import quantised  # noqa: E402
from dmpnet.training.integer_memory import IntegerMemory  # noqa: E402
from dmpnet.training.recipe import Recipe  # noqa: E402
from dmpnet.training.trainer import Trainer  # noqa: E402

DMP = chip.load("dmp")
RECIPE = Recipe("smnist", sizes=(1, 12, 10, 2), d=4, theta=20.0, batch=16, epochs=1)


def described(**words):
    return chip.changed(DMP, {key.replace("__", "."): value for key, value in words.items()})


def quantised_network(network, described, dtype=torch.float64, **options):
    made = constrain(network, described, random_input(network, 4, seed=5), **options).network
    return quantised.QuantisedNetwork(network, made, described).to(dtype), made


def moved(model, seed=0):
    """Every parameter a little elsewhere, as after some training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            spread = parameter.std() if parameter.numel() > 1 else 0.1
            parameter += 0.3 * spread * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return model


def written(model, network):
    return model.trained(network.encoding, {"arguments": {}})


@pytest.mark.parametrize("words, accumulator", [
    ({}, 24), ({}, 21), ({"words__m__bits": 5, "words__x__bits": 5}, 24), ({"words__m__rounding": "zero"}, 24),
    ({"words__m__rounding": "nearest", "words__x__rounding": "nearest"}, 24),
    ({"words__m__rounding": "stochastic", "words__x__rounding": "stochastic"}, 24),
    ({"words__m__bits": 5, "words__m__rounding": "carried"}, 24),
    ({"words__m__bits": 6, "words__m__overflow": "wrap"}, 10)])
def test_the_memory_is_the_chips_bit_for_bit(words, accumulator):
    network = random_network(d=3)
    made = constrain(network, described(**words), random_input(network, 4, seed=5)).network
    layer, s_in = made.layers[0], random_input(network, 5, seed=9)
    layer = replace(layer, fixed=replace(layer.fixed, I=replace(layer.fixed.I, bits=accumulator)))
    core = IntegerLayer(layer, layer.fixed, *s_in.shape[:2])
    memory = IntegerMemory(layer.slow, layer.fixed, layer.fixed.unit_x * 2.0**-layer.fixed.shift_x, torch.float64)
    total = np.maximum(s_in @ layer.slow.w_x.astype(float) + float(layer.slow.b_x), 0)
    got = memory.forward(torch.from_numpy(total * memory.unit)).numpy() / memory.units
    for k in range(s_in.shape[1]):
        np.testing.assert_allclose(got[:, k, :3], core.m[:, :3], atol=1e-6)  # of the step before
        core.remember(k, s_in[:, k].astype(np.int64))
        np.testing.assert_allclose(got[:, k, 3:], core.x, atol=1e-6)
    assert len(np.unique(np.rint(got))) > 5 and (core.overflows["I"] > 0) == (accumulator < 24)


@pytest.mark.parametrize("broken", [True, False])
def test_gradient_of_the_memory_is_the_adjoint_of_what_it_does_with_fine_words(broken):
    """<S x, p> = <x, S* p>, up to the rounding of words so fine that S is as good as linear."""
    fine = {f"words__{name}__bits": 24 for name in ("m", "x", "w_x", "Abar", "Bbar", "P", "nu")}
    fine["words__I__bits"] = 48
    network = random_network()
    made = constrain(network, described(**fine, datapath__dependency_breaking=broken), random_input(network, 4)).network
    layer = made.layers[0]
    memory = IntegerMemory(layer.slow, layer.fixed, layer.fixed.unit_x * 2.0**-layer.fixed.shift_x, torch.float64)
    generator = torch.Generator().manual_seed(0)
    x = 0.5 * torch.rand(2, 40, generator=generator, dtype=torch.float64)
    z = memory.forward(x)
    probe = torch.randn(z.shape, generator=generator, dtype=torch.float64)
    assert ((x * memory.backward(probe)).sum() / (z * probe).sum()).item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("bits", [8, 4, 2, 1])
@pytest.mark.parametrize("rows", [False, True])
def test_weights_in_training_are_the_written_integers_times_their_units(bits, rows):
    network = random_network()
    model, _ = quantised_network(network, described(words__W_f__bits=bits), torch.float32, rows=rows)
    made = written(moved(model), network)
    for number, layer in enumerate(made.layers):
        used = {name: value.detach().numpy() for name, value in model.rounded(number).items()}
        unit = model.layers[number]["log_unit"].detach().exp().numpy()
        np.testing.assert_array_equal(layer.W_f * unit, used["W_f"])
        np.testing.assert_allclose(layer.fixed.unit_u / model.neurons[number].g * 2.0**-layer.fixed.shift_f, unit[:, 0]
                                   * np.ones(layer.N), rtol=1e-6)
        read = np.concatenate([layer.slow.W_m[:, layer.fixed.unit_m > 0], layer.slow.nu[:, None]], axis=1)
        np.testing.assert_allclose(read * unit * model._readout_units(number), used["W_m"], rtol=1e-5)
        np.testing.assert_allclose(layer.slow.w_x * model._unit_w(number), used["w_x"], rtol=1e-5)
        high = described(words__W_f__bits=bits).words.W_f.high
        assert 0.8 * high <= np.abs(layer.W_f).max() <= high and len(np.unique(layer.W_f)) > 1


@pytest.mark.parametrize("facts, words", [
    ({}, {}), ({"encoding": "analog"}, {}), ({"reset": "soft", "d_s": 3}, {}), ({"kind": "RSNN"}, {}),
    ({"neurons": (Neuron(0.8, 0.2, decay="linear", lam=0.1),) * 2}, {}), ({}, {"words__W_f__bits": 4}),
    ({"neurons": (Neuron(0.9, 0.3, floor=-0.2),) * 2}, {}), ({}, {"datapath__dependency_breaking": False}),
    ({}, {"datapath__spread": True, "words__m__bits": 5, "words__m__rounding": "stochastic"}),
    ({}, {"datapath__spread": True, "words__m__bits": 4, "words__m__rounding": "carried"})])
def test_what_is_trained_computes_what_is_written(facts, words):
    """Membranes alone are not rounded in training, to 28 bits here: a spike in a thousand may tell."""
    network = random_network(**facts)
    fine = described(words__u__bits=28, words__I__bits=48, words__b__bits=30, **words)
    model, _ = quantised_network(network, fine)
    s_in = random_input(network, 4, seed=9)
    for change in (lambda same: same, moved):
        change(model)
        spikes = []
        with torch.no_grad():
            model.eval()(torch.tensor(s_in, dtype=torch.float64), spikes)
        want = reference.run(written(model, network), s_in)
        for a, b in zip(spikes, want.spikes, strict=True):
            assert 0.005 < b.mean() < 0.9, "silent or saturated: equality would show nothing"
            assert (a.numpy() == b).mean() > 0.99


def test_gradients_pass_rounding_as_if_it_were_not_there():
    """dv = dy; dunit = dy (Q - v/unit) inside; what lies outside moves only back, and dunit = dy Q there."""
    v = torch.tensor([0.26, -0.74, 9.0, -9.0], dtype=torch.float64, requires_grad=True)
    unit = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = quantised.Rounded.apply(v, unit, Word(3))
    np.testing.assert_array_equal(y.detach(), [0.5, -0.5, 1.5, -1.5])
    dy = torch.tensor([2.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    dv, dunit = torch.autograd.grad((y * dy).sum(), (v, unit))
    np.testing.assert_array_equal(dv, [2, 1, 1, 0])  # down the gradient: 9 falls, -9 would fall further
    assert dunit.item() == pytest.approx(2 * (1 - 0.52) + (-1 + 1.48) + 3 - 3)


def test_delays_are_refused():
    network = random_network(delay=3)
    with pytest.raises(DmpnetError, match="axonal delays.*train one without"):
        quantised_network(network, DMP)


@pytest.mark.parametrize("key, value, told", [
    ("words__m__bits", 12, "layer 1: m is .*bits=16.*but DMP core has .*bits=12.*"),
    ("words__u__rounding", "nearest", "layer 1: u is .*floor.*but DMP core has .*nearest.*"),
    ("datapath__saturates", "before", "layer 1: saturates is 'after', but DMP core has 'before'"),
    ("datapath__currents", "sum", "layer 1: currents is 'each', but DMP core has 'sum'"),
    ("datapath__dependency_breaking", False, "layer 1: dependency_breaking is True, but DMP core has False"),
    ("words__W_f__bits", 4, "layer 1: largest W_f is 127, but DMP core has 7")])
def test_an_integer_network_is_not_trained_for_a_chip_it_was_not_made_for(key, value, told):
    """Units of the one with words of the other would be neither."""
    network = random_network()
    made = constrain(network, DMP, random_input(network, 4)).network
    with pytest.raises(DmpnetError, match=f"{told}; constrain"):
        quantised.QuantisedNetwork(network, made, described(**{key: value}))


FEW = described(words__W_f__bits=2, words__P__bits=3, words__nu__bits=3, words__m__bits=6)


def with_few_bits(network):
    return constrain(network, FEW, bars(96, 30).batch(slice(0, 8)), clip=True, compensate=False).network


@pytest.fixture
def rounded_to_little():
    """A network, and the integer network in which few bits left little of it."""
    network = random_network((1, 12, 10, 2), encoding="analog", steps=30, dataset="smnist")
    network = replace(network, provenance={"arguments": RECIPE.record()})
    return network, with_few_bits(network), FEW


@pytest.mark.slow
def test_training_in_integers_wins_back_what_rounding_took(tmp_path):
    """Four networks that tell all samples, as ternary ones half of them; one alone may by chance not learn."""
    first, best, fell = [], [], []
    for seed in range(1, 5):
        network = Trainer(replace(RECIPE, seed=seed, epochs=20, lr=1e-2), bars(96, 30), tmp_path / f"{seed}").finished()
        run = quantised.trainer(network, with_few_bits(network), FEW, bars(96, 30), tmp_path / f"few {seed}", 20, 1e-2)
        run.finished()
        losses = [line[2] for line in run.standing.curve]
        first, best, fell = [*first, run.standing.first], [*best, run.standing.best], [*fell, losses[-1] / losses[0]]
    assert np.mean(first) < 0.7 and np.mean(best) > 0.95
    assert np.mean(fell) < 0.7


def test_training_in_integers_keeps_the_best(rounded_to_little, tmp_path):
    network, made, few = rounded_to_little
    run = quantised.trainer(network, made, few, bars(96, 30), tmp_path, 20, 3e-2)
    better = run.finished()
    assert run.standing.best >= run.standing.first
    assert better.integer and set(np.unique(better.layers[0].W_f)) <= {-1, 0, 1}
    assert better.provenance["chip"] == few.name and better.provenance["start"]["arguments"]["dataset"] == "smnist"
    s_in = bars(96, 30).batch(run.held_out)
    accuracy = (reference.run(better, s_in).predictions == bars(96, 30).labels[run.held_out]).mean()
    assert accuracy == pytest.approx(run.standing.best, abs=0.15)  # 10 samples, of which membranes may turn one


def test_a_network_no_epoch_improves_stays_as_it_was(rounded_to_little, tmp_path):
    network, made, few = rounded_to_little
    run = quantised.trainer(network, made, few, bars(96, 30), tmp_path, 1, 1e-9)
    stayed = run.finished()
    assert run.standing.best_epoch == 0 and run.standing.best == run.standing.first
    for a, b in zip(stayed.layers, made.layers, strict=True):
        np.testing.assert_array_equal(a.W_f, b.W_f)
        np.testing.assert_array_equal(a.slow.W_m, b.slow.W_m)
        np.testing.assert_array_equal(a.fixed.theta_u, b.fixed.theta_u)


def test_a_killed_run_goes_on_to_the_same_integers_and_not_on_another_chip(rounded_to_little, tmp_path):
    network, made, few = rounded_to_little
    whole = quantised.trainer(network, made, few, bars(96, 30), tmp_path / "whole", 2, 1e-2).finished()

    def kill(done, total):
        if done == total // 2 + 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantised.trainer(network, made, few, bars(96, 30), tmp_path / "cut", 2, 1e-2, kill).run()
    again = quantised.trainer(network, made, few, bars(96, 30), tmp_path / "cut", 2, 1e-2).finished()
    assert weights.checksum(again) == weights.checksum(whole)
    other = constrain(network, DMP, bars(96, 30).batch(slice(0, 8))).network
    with pytest.raises(DmpnetError, match="began with another network"):
        quantised.trainer(network, other, DMP, bars(96, 30), tmp_path / "cut", 2, 1e-2).resume()


def test_where_a_network_was_trained_must_be_known(tmp_path):
    network = random_network()
    made = constrain(network, DMP, random_input(network, 4)).network
    with pytest.raises(DmpnetError, match="does not say how it was trained"):
        quantised.trainer(network, made, DMP, bars(96, 30), tmp_path, 1)


@pytest.mark.filterwarnings("ignore:.*not the official")
def test_finetuning_from_the_command_line(tmp_path, capsys):
    network = random_network((1, 8, 6, 10), encoding="analog", steps=784, dataset="smnist")
    how = replace(RECIPE, sizes=(1, 8, 6, 10))
    weights.save(replace(network, provenance={"arguments": how.record()}), tmp_path / "trained.npz")
    images, labels = digits(30)
    write_digits(tmp_path, images, labels, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    command = ["constrain", str(tmp_path / "trained.npz"), "--data", str(tmp_path), "--calibration", "3", "--chip",
               "dmp", "--set", "words.W_f.bits=1", "--out", str(tmp_path / "made.npz")]
    assert cli.main([*command, "--finetune", "1", "--optimiser", "muon"]) == 0
    assert "validation samples" in capsys.readouterr().out
    made = weights.load(tmp_path / "made.npz")
    assert made.integer and set(np.unique(made.layers[0].W_f)) == {-1, 1}
    done = json.loads((tmp_path / "made.json").read_text())["finetuned"]
    assert (done["epochs"], done["optimiser"]) == (1, "muon")
    assert (tmp_path / "made.run" / "curve.csv").exists()


# taught by the network in real numbers


def test_a_pupil_is_asked_for_what_its_teacher_says():
    """By the softmax of the reference's logits, in the part that is asked; the least is the entropy of that."""
    network = random_network()
    made = constrain(network, described(), random_input(network, 4, seed=5)).network
    s_in = random_input(network, 6, seed=9)
    said = torch.tensor(reference.run(network, s_in).logits).softmax(-1)
    labels, logits = torch.tensor([0, 1, 2, 0, 1, 2]), torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    asked = torch.from_numpy(s_in.astype(np.float32))
    by_label = torch.nn.functional.cross_entropy(logits, labels)
    by_teacher = -(said * logits.log_softmax(-1)).sum(-1).mean()
    assert abs(float(by_label - by_teacher)) > 0.05
    for taught in (0.0, 0.7, 1.0):
        model = quantised.QuantisedNetwork(network, made, described(), taught=taught)
        got = model.loss(asked, logits, labels)
        assert float(got) == pytest.approx(float((1 - taught) * by_label + taught * by_teacher), rel=1e-5)
        plain = quantised.QuantisedNetwork(network, made, described())
        assert [name for name, _ in model.named_parameters()] == [name for name, _ in plain.named_parameters()]
    best = model.loss(asked, said.log().float(), labels)
    assert float(best) == pytest.approx(float(-(said * said.log()).sum(-1).mean()), rel=1e-4)


@pytest.mark.parametrize("taught", [-0.1, 1.5])
def test_a_part_of_the_loss_lies_between_none_and_all(taught):
    network = random_network()
    made = constrain(network, described(), random_input(network, 4, seed=5)).network
    with pytest.raises(DmpnetError, match="taught = .* from 0 to 1"):
        quantised.QuantisedNetwork(network, made, described(), taught=taught)
