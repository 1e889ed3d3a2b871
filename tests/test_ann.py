"""Networks that were never spiking: what is read, how rates stand for activations, and which layer loses it."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.ann import conversion, images, layer_report, report
from dmpnet.ann.conversion import convert
from dmpnet.ann.network import Chain, Network, normalised
from dmpnet.data import Recordings
from dmpnet.errors import DmpnetError
from dmpnet.graph import Affine, Convolution, Flatten, Input, Pool, Rectify, Threshold
from dmpnet.reference import graphs


def random_network(seed=0, shape=(2, 8, 8), classes=5):
    """A convolution, normalised and pooled, and two fully connected layers, all biased."""
    rng = np.random.default_rng(seed)
    chain = Chain(shape)
    chain.add("conv", Convolution(rng.normal(size=(4, shape[0], 3, 3)) / 4, shape, rng.normal(size=4) / 10))
    chain.scaled("norm", rng.uniform(0.5, 2, 4), rng.normal(size=4) / 10)
    chain.add("relu1", Rectify(chain.shape))
    chain.add("pool", Pool(chain.shape, (2, 2), mean=True))
    chain.scaled("units", rng.uniform(0.5, 2, 4), rng.normal(size=4))  # two layers with weights in a row
    chain.add("flat", Flatten(chain.shape))
    size = chain.shape[0]
    chain.add("fc1", Affine(rng.normal(size=(12, size)) / size**0.5, rng.normal(size=12) / 5))
    chain.add("relu2", Rectify((12,)))
    chain.add("fc2", Affine(rng.normal(size=(classes, 12)) / 12**0.5, rng.normal(size=classes)))
    return chain.finished()


def samples(n=20, shape=(2, 8, 8), seed=1):
    return np.random.default_rng(seed).random((n, *shape))


def levelled(network, x, at=0.0):
    """The network with the same mean output for every class, so that each is told of some samples."""
    last = network.nodes["fc2"]
    return Network(network.nodes | {"fc2": Affine(last.weight, last.bias - network.logits(x).mean(0) + at)})


# rates


@given(st.floats(-0.5, 1.6), st.integers(1, 60))
@settings(max_examples=60)
def test_a_rate_is_the_activation_rounded_and_cut_off(z, T):
    """From theta / 2, a constant z a step makes floor(T z + 1/2) spikes, none below 0 and T at most."""
    if T * z % 1 - 0.5 and abs((T * z + 0.5) % 1) < 1e-9:
        return
    network = Network({"in": Input((1,)), "fc": Affine(np.ones((1, 1))), "relu": Rectify((1,))})
    graph = convert(network, np.array([[1.0]]), T, "max")
    activity = graphs.run(graph, np.full((1, T, 1), z))
    counts = int(np.clip(math.floor(T * z + 0.5), 0, T))
    whole = abs(T * z + 0.5 - round(T * z + 0.5)) < 1e-9
    assert abs(int(activity.counts[0][0, 0]) - counts) <= whole


@pytest.mark.parametrize("normalisation", ["max", "robust"])
def test_with_many_steps_the_converted_network_is_the_network(normalisation):
    """The error of a rate falls as 1/T: ten times the steps leave less than a fifth of it, where nothing is cut off."""
    network, x = random_network(), samples()
    errors = []
    for T in (50, 500):
        graph = convert(network, x, T, normalisation)
        activity = graphs.run(graph, np.broadcast_to(x[:, None], (len(x), T, *x.shape[1:])))
        assert 0.01 < activity.rates[0].mean() < 0.5
        errors.append(np.abs(activity.logits - network.logits(x)).max())
    assert errors[1] < errors[0] / 5 and errors[1] < 0.02
    assert (activity.predictions == network.logits(x).argmax(1)).all()


def test_scales_leave_what_the_network_computes():
    """Without the rounding of rates, lambda_l times a layer of the graph in its units is the layer of the network."""
    network, x = random_network(), samples()
    graph = convert(network, x, 10, "percentile", percentile=99.0)
    lam = graph.provenance["lambda"]
    assert len(set(lam.values())) == 2 and all(abs(each - 1) > 0.01 for each in lam.values())
    value, want = x, dict(zip((name for _, name in network.stages), network.activations(x), strict=True))
    for name in graph.order[1:]:
        node = graph.nodes[name]
        value = np.maximum(node.g * value, 0) if name in lam else graphs.Mapping(node).step(value)
        if name in lam:
            assert np.abs(lam[name] * value - want[name]).max() < 1e-12
    assert np.abs(value - want[None]).max() < 1e-12


def test_normalisations_are_what_they_say():
    network, x = random_network(), samples(200)
    a = network.activations(x)
    assert conversion.scales(network, x, 50, "max") == pytest.approx([a[0].max(), a[1].max(), 1.0])
    assert conversion.scales(network, x, 50, "percentile", 90)[0] == pytest.approx(np.percentile(a[0], 90))
    values = a[1].ravel()
    lam = conversion.least(values, 20)

    def lost(scale):
        return np.square(scale * np.clip(np.floor(20 * values / scale + 0.5), 0, 20) / 20 - values).mean()

    assert values.max() > lam and lost(lam) < min(lost(values.max()), lost(np.percentile(values, 95)))


def test_a_large_layer_keeps_its_maximum(monkeypatch):
    network, x = random_network(), samples(30)
    want = conversion.scales(network, x, 50, "max")
    monkeypatch.setattr(conversion, "MOST", 50)
    assert conversion.scales(network, x, 50, "max") == want


def test_reset_to_zero_loses_what_lay_above():
    network, x = random_network(), samples()
    lost = {}
    for reset in ("subtract", "zero"):
        rows = layer_report(network, convert(network, x, 200, "max", reset), x)
        lost[reset] = rows[-1]["error %"]
    assert lost["zero"] > 3 * lost["subtract"] > 0


def test_counts_of_a_last_population_tell_the_class_too():
    network, x = levelled(random_network(), samples(80), 0.5), samples(80)
    x = x[network.logits(x).max(1) > 0.2]
    graph = convert(network, x, 400, "max", readout="counts")
    assert graph.populations == ("relu1", "relu2", "counts") and graph.output == "counts"
    found = report.examined(network, graph, x)
    assert len(found.layers) == 3
    clear = np.diff(np.sort(network.logits(x))[:, -2:])[:, 0] > 0.05
    assert clear.sum() > 10 and (found.snn == found.ann)[clear].all()


def test_a_rectifier_without_weights_before_it_has_its_own_gain():
    network = Network({"in": Input((3,)), "relu": Rectify((3,)), "fc": Affine(np.eye(3))})
    x = np.array([[0.2, 4.0, -1.0], [0.5, 2.0, 1.0]])
    graph = convert(network, x, 400, "max")
    activity = graphs.run(graph, np.broadcast_to(x[:, None], (2, 400, 3)))
    assert np.abs(activity.logits - np.maximum(x, 0)).max() <= 4.0 / 400


# the report


def test_the_report_finds_the_layer_that_is_spoilt():
    network, x = random_network(), samples(30)
    sound = convert(network, x, 300, "max")
    before = layer_report(network, sound, x)
    assert [row["layer"] for row in before] == ["relu1", "relu2"]
    assert all(row["correlation"] > 0.99 and row["error %"] < 5 and row["cut off %"] == 0 for row in before)
    spoilt = dict(sound.nodes)
    spoilt["fc1"] = Affine(sound.nodes["fc1"].weight, sound.nodes["fc1"].bias + 0.2)
    after = layer_report(network, type(sound)(spoilt, sound.edges, sound.output, sound.encoding, sound.provenance), x)
    assert after[0] == before[0] and after[1]["own error %"] > 5 * before[1]["own error %"]
    spoilt["conv"] = Convolution(0.5 * sound.nodes["conv"].weight, (2, 8, 8), sound.nodes["conv"].bias)
    spoilt["fc1"] = sound.nodes["fc1"]
    first = layer_report(network, type(sound)(spoilt, sound.edges, sound.output, sound.encoding, sound.provenance), x)
    assert first[0]["own error %"] > 20 and first[1]["error %"] > 3 * first[1]["own error %"]


def test_accuracy_against_steps_comes_from_one_run(monkeypatch):
    monkeypatch.setattr(report, "STEPS", (1, 3, 9, 100))
    network, x = levelled(random_network(), samples(30)), samples(30)
    labels = network.logits(x).argmax(1)
    labels[:3] = (labels[:3] + 1) % 5
    graph = convert(network, x, 50, "max")
    found = report.examined(network, graph, x, labels)
    assert list(found.by_steps) == [1, 3, 9, 50]
    for T in (1, 3, 9, 50):
        alone = report.examined(network, graph, x, labels, steps=T)
        np.testing.assert_array_equal(found.by_steps[T], alone.snn)
    rows = found.accuracy()
    assert rows[0] == {"steps": "ANN", "accuracy %": 90.0}
    assert rows[-1]["accuracy %"] == 100 * (found.snn == labels).mean()
    assert rows[-1]["points lost"] == pytest.approx(90 - rows[-1]["accuracy %"])
    assert len(set(map(tuple, found.by_steps.values()))) > 1, "all T alike: which T is told would not show"
    assert found.layers[-1]["accuracy from here %"] == pytest.approx(rows[-1]["accuracy %"])  # the readout is linear


# what is refused


@pytest.mark.parametrize("wrong, words", [
    (lambda: Network({"in": Input((2,)), "t": Threshold(np.ones(2))}), "'t' is a Threshold"),
    (lambda: Network({"in": Input((2,)), "fc": Affine(np.ones((3, 4)))}), "'fc' takes (4,)"),
    (lambda: Network({"in": Input((2,)), "r": Rectify((2,))}), "no layer with weights"),
    (lambda: Network({"fc": Affine(np.ones((3, 4)))}), "one Input"),
    (lambda: convert(random_network(), samples(), 0), "steps = 0"),
    (lambda: convert(random_network(), samples(), 9, "median"), "normalisation = 'median'"),
    (lambda: convert(random_network(), samples(), 9, reset="none"), "reset = 'none'"),
    (lambda: convert(random_network(), samples(), 9, percentile=0), "percentile = 0"),
    (lambda: convert(random_network(), -9 * np.ones((3, 1, 8, 8)), 9), "shape (3, 1, 8, 8)"),
    (lambda: convert(random_network(), np.full((3, 2, 8, 8), np.nan), 9), "not finite"),
    (lambda: convert(Network({"in": Input((1,)), "fc": Affine(-np.ones((1, 1))), "r": Rectify((1,))}),
                     np.ones((2, 1)), 9), "layer 'r': nothing in it is active"),
    (lambda: layer_report(random_network(), convert(Network(dict(list(random_network().nodes.items())[:3])),
                                                    samples(), 9), samples()), "scales of relu1"),
    (lambda: normalised(random_network(), np.zeros(3), np.ones(1)), "2 channels"),
])
def test_what_is_no_network_or_no_setting_is_refused(wrong, words):
    with pytest.raises(DmpnetError) as caught:
        wrong()
    assert words in str(caught.value)


def test_input_in_units_of_its_spread_is_folded_in_before_the_padding():
    network, x = random_network(shape=(2, 8, 8)), samples()
    mean, std = np.array([0.3, 0.1]), np.array([0.5, 2.0])
    want = network.logits((x - mean[:, None, None]) / std[:, None, None])
    assert np.abs(normalised(network, mean, std).logits(x) - want).max() < 1e-12
    assert normalised(network, np.zeros(1), np.ones(1)).logits(x).shape == want.shape


def test_samples_are_images_means_or_all_steps():
    values = np.random.default_rng(0).integers(0, 2, (3, 6, 4)).astype(np.uint8)
    seen = Recordings("x", "test", "spikes", values, 1.0, np.zeros(3, int), None, 2, 1e-3, grid=(1, 2, 2))
    assert images.shape_of(seen) == (1, 2, 2)
    np.testing.assert_array_equal(images.images(seen, (1, 2, 2)), values.mean(1).reshape(3, 1, 2, 2))
    np.testing.assert_array_equal(images.images(seen, (24,)), values.reshape(3, 24))
    with pytest.raises(DmpnetError, match="7 values"):
        images.images(seen, (7,))


# ONNX


def onnx_model(nodes, constants=(), shape=("N", 2, 8, 8), out="y"):
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install '.[onnx]' in a clone")
    kind = onnx.TensorProto.DOUBLE
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, into, [to], name=name, **how) for op, name, into, to, how in nodes], "g",
        [onnx.helper.make_tensor_value_info("x", kind, shape)], [onnx.helper.make_tensor_value_info(out, kind, None)],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in dict(constants).items()])
    return onnx.helper.make_model(graph)


def saved(tmp_path, *model, **how):
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install '.[onnx]' in a clone")
    onnx.save(onnx_model(*model, **how), str(tmp_path / "net.onnx"))
    return tmp_path / "net.onnx"


def whole(rng):
    """Every op that is read, and the arrays it takes."""
    held = {"w": rng.normal(size=(4, 1, 3, 3)), "b": rng.normal(size=4), "gamma": rng.uniform(0.5, 2, 4),
            "beta": rng.normal(size=4), "mean": rng.normal(size=4), "var": rng.uniform(0.5, 2, 4),
            "off": rng.random((1, 2, 1, 1)), "by": np.array(0.7), "flat": np.array([-1, 36]),
            "W": rng.normal(size=(36, 7)), "B": rng.normal(size=7), "V": rng.normal(size=(7, 3)),
            "C": rng.normal(size=3)}
    nodes = [("Sub", "sub", ["x", "off"], "1", {}), ("Div", "div", ["1", "by"], "2", {}),
             ("Conv", "conv", ["2", "w", "b"], "3", {"pads": [1, 0, 1, 0], "strides": [1, 1], "group": 2}),
             ("BatchNormalization", "bn", ["3", "gamma", "beta", "mean", "var"], "4", {"epsilon": 1e-3}),
             ("Relu", "relu", ["4"], "5", {}),
             ("AveragePool", "pool", ["5"], "6", {"kernel_shape": [2, 2], "strides": [3, 2]}),
             ("Dropout", "drop", ["6"], "7", {}), ("Reshape", "reshape", ["7", "flat"], "8", {}),
             ("MatMul", "matmul", ["8", "W"], "9", {}), ("Add", "add", ["9", "B"], "10", {}),
             ("Relu", "relu2", ["10"], "11", {}),
             ("Gemm", "gemm", ["11", "V", "C"], "12", {"alpha": 0.5, "beta": 2.0}),
             ("Softmax", "softmax", ["12"], "y", {})]
    return nodes, held


def test_an_onnx_file_computes_what_its_ops_say(tmp_path):
    """Against onnx's own reference evaluator, which was written from the standard."""
    from dmpnet.ann import onnx_file

    nodes, held = whole(np.random.default_rng(3))
    path = saved(tmp_path, nodes, held)
    network, x = onnx_file.read(path), samples(4)
    evaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator(str(path))
    want, = evaluator.run(None, {"x": x})
    shown = np.exp(network.logits(x))
    assert np.abs(shown / shown.sum(1, keepdims=True) - want).max() < 1e-12 and want.std() > 0.05
    assert "Softmax" in network.notes[0] and network.stages[0][1] == "relu"


@pytest.mark.parametrize("change, words", [
    (lambda nodes, held: nodes.__setitem__(5, ("MaxPool", "pool", ["5"], "6", {"kernel_shape": [2, 2]})),
     ["'pool' is a MaxPool", "average pooling"]),
    (lambda nodes, held: nodes.__setitem__(4, ("Softmax", "soft", ["4"], "5", {})), ["'soft' is a Softmax", "the end"]),
    (lambda nodes, held: nodes.__setitem__(4, ("Gelu", "gelu", ["4"], "5", {})), ["'gelu' is a Gelu"]),
    (lambda nodes, held: nodes[5][4].update(ceil_mode=1), ["'pool'", "ceil_mode"]),
    (lambda nodes, held: nodes[5][4].update(pads=[1, 1, 1, 1]), ["'pool'", "not counted"]),
    (lambda nodes, held: nodes[2][4].update(auto_pad="SAME_UPPER"), ["'conv'", "auto_pad"]),
    (lambda nodes, held: nodes.__setitem__(9, ("Add", "add", ["9", "9"], "10", {})), ["'add'"]),
    (lambda nodes, held: nodes.insert(6, ("Relu", "branch", ["6"], "z", {})), ["'branch' and 'drop'", "branches"]),
    (lambda nodes, held: held.update(W=held["W"][:30]), ["matmul", "(30,)"]),
    (lambda nodes, held: held.update(flat=np.array([6, -1, 6])), ["'reshape'", "Flatten"]),
    (lambda nodes, held: held.update(B=np.ones((7, 7))), ["'add'", "one number a channel"]),
    (lambda nodes, held: nodes[11][4].update(transA=1), ["'gemm'", "transA"]),
    (lambda nodes, held: held.update(w=np.full((4, 1, 3, 3), np.inf)), ["'conv'", "not finite"]),
])
def test_what_has_no_place_in_an_onnx_file_is_refused_by_name(tmp_path, change, words):
    from dmpnet.ann import onnx_file

    nodes, held = whole(np.random.default_rng(3))
    change(nodes, held)
    path = saved(tmp_path, nodes, held)
    with pytest.raises(DmpnetError) as caught:
        onnx_file.read(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    for each in words:
        assert each in message, message


def test_a_damaged_onnx_file_and_an_open_shape_are_told(tmp_path):
    from dmpnet.ann import onnx_file

    nodes, held = whole(np.random.default_rng(3))
    path = saved(tmp_path, nodes, held, shape=("N", 2, "H", "W"))
    with pytest.raises(DmpnetError, match="--shape"):
        onnx_file.read(path)
    assert onnx_file.read(path, (2, 8, 8)).shape == (2, 8, 8)
    content = path.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 9):
        path.write_bytes(content[:length])
        with pytest.raises(DmpnetError, match="net.onnx"):
            onnx_file.read(path)


# torch


def test_a_sequential_computes_what_torch_does(tmp_path):
    torch = pytest.importorskip("torch")
    from torch import nn

    from dmpnet.training import sequential

    torch.manual_seed(0)
    make = lambda: nn.Sequential(  # noqa: E731
        nn.Conv2d(2, 4, 3, stride=2, padding="valid", groups=2), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Sequential(nn.Conv2d(4, 6, 3, padding="same", dilation=1), nn.ReLU(), nn.BatchNorm2d(6)),
        nn.AvgPool2d(2, padding=1), nn.Flatten(2), nn.Conv1d(6, 5, 2), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(15, 9), nn.BatchNorm1d(9), nn.ReLU(),
        nn.Linear(9, 3), nn.LogSoftmax(1))
    trained = make().double()
    trained(torch.rand(64, 2, 8, 8, dtype=torch.float64) * 3)  # statistics that are not 0 and 1
    torch.save(trained.state_dict(), tmp_path / "net.pt")
    module = sequential.load_state(make().double(), tmp_path / "net.pt")
    network, x = sequential.read(module, (2, 8, 8)), samples(6)
    want = module[:-1](torch.tensor(x)).detach().numpy()
    assert np.abs(network.logits(x) - want).max() < 1e-12
    assert "LogSoftmax" in network.notes[0] and len(network.stages) == 4


@pytest.mark.parametrize("layer, words", [
    ("MaxPool2d(2)", "'1' is a MaxPool2d.*AvgPool2d"), ("Softmax(1)", "'1' is a Softmax.*end"),
    ("GELU()", "'1' is a GELU.*ReLU"), ("LSTM(3, 3)", "'1' is a LSTM.*nn.Sequential"),
    ("AvgPool2d(2, ceil_mode=True)", "'1'.*ceil_mode"), ("AdaptiveAvgPool2d(3)", "'1': adaptive pooling"),
    ("Conv2d(4, 4, 3, padding=1, padding_mode='reflect')", "'1': padding_mode"),
    ("BatchNorm2d(4, track_running_stats=False)", "'1': keeps no running"),
])
def test_a_layer_that_has_no_rate_is_refused_by_name(layer, words):
    pytest.importorskip("torch")
    from torch import nn

    from dmpnet.training import sequential

    module = nn.Sequential(nn.Conv2d(2, 4, 3), eval(f"nn.{layer}", {"nn": nn}), nn.Flatten())
    with pytest.raises(DmpnetError, match=words):
        sequential.read(module, (2, 8, 8))


class Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_pickled_is_loaded(tmp_path):
    torch = pytest.importorskip("torch")
    from torch import nn

    from dmpnet.training import sequential

    for content in (nn.Linear(2, 2), nn.Linear(2, 3).state_dict(), [1]):
        torch.save(content, tmp_path / "net.pt")
        with pytest.raises(DmpnetError, match="net.pt: no state_dict of this module"):
            sequential.load_state(nn.Linear(2, 2), tmp_path / "net.pt")
    torch.save({"weight": Runs(tmp_path / "ran")}, tmp_path / "net.pt")
    with pytest.raises(DmpnetError, match="net.pt"):
        sequential.load_state(nn.Linear(2, 2), tmp_path / "net.pt")
    assert not (tmp_path / "ran").exists()


# the command


@pytest.mark.filterwarnings("ignore:.*not the official")
def test_the_command_tells_what_was_lost_and_where(tmp_path, capsys, monkeypatch):
    from data_files import digits, write_digits

    from dmpnet import cli
    from dmpnet.graph import file

    rng = np.random.default_rng(5)
    images_, labels = digits(30)
    write_digits(tmp_path, images_, labels, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    write_digits(tmp_path, *digits(50), "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    held = {"W": rng.normal(size=(20, 784)) / 28, "B": rng.normal(size=20), "V": rng.normal(size=(10, 20)),
            "C": rng.normal(size=10)}
    path = saved(tmp_path, [("Flatten", "flat", ["x"], "1", {}), ("Gemm", "fc1", ["1", "W", "B"], "2", {"transB": 1}),
                            ("Relu", "relu", ["2"], "3", {}), ("Gemm", "fc2", ["3", "V", "C"], "y", {"transB": 1})],
                 held, shape=("N", 1, 28, 28))
    asked = ["convert-ann", str(path), "--dataset", "mnist", "--data", str(tmp_path), "--samples", "40", "--out",
             str(tmp_path / "made.npz")]
    assert cli.main(asked) == 0
    out = capsys.readouterr().out
    for said in ("ANN", "points lost", "correlation", "relu", "most is lost in layer 'relu'"):
        assert said.replace(" ", "") in out.replace("\n", "").replace(" ", "") or said in out, out
    graph, found = file.load(tmp_path / "made.npz"), json.loads((tmp_path / "made.json").read_text())
    assert graph.encoding.dataset == "smnist" and graph.encoding.steps == 50 and graph.populations == ("relu",)
    assert found["samples"] == 40 and [row["steps"] for row in found["accuracy"]] == ["ANN", 10, 20, 50]
    assert found["places"] == {"compared": 20 * 50 * 20, "mismatched": 0} and "differ" in out
    assert found["command"] == "convert-ann" and found["arguments"]["steps"] == 50
    assert cli.main([*asked, "--dataset", "mnisst"]) == 2 and "did you mean" in capsys.readouterr().err
    assert cli.main(["convert-ann", str(tmp_path / "none.onnx"), *asked[2:], "--data", "nowhere"]) == 2
    assert "none.onnx: no such file" in capsys.readouterr().err
    assert cli.main([*asked, "--data", "nowhere"]) == 2
    told = capsys.readouterr().err
    assert "no folder nowhere" in told and "give --data FOLDER or" in told
    (tmp_path / "net.pt").write_bytes(b"")
    assert cli.main(["convert-ann", str(tmp_path / "net.pt"), *asked[2:]]) == 2
    assert "--model" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("DMPNET_DATA", str(tmp_path / "empty"))  # what ships is read, and calibrated on, unasked
    alone = [*asked[:4], "--calibration", "30", "--samples", "10", "--out", str(tmp_path / "alone.npz")]
    assert cli.main(alone) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "on 10 samples of smnist (subset), calibrated on 30 of its subset part" in out, out
