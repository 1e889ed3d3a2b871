"""The weights file: what goes in comes out, bit for bit, and nothing else is ever taken for a network."""

import ast
import json
import pickle
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_network

from dmpnet.equations import memory
from dmpnet.equations.memory import ACTS, FEEDS
from dmpnet.equations.neurons import RTL, Neuron
from dmpnet.errors import WeightsError
from dmpnet.trained import weights
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork, arrays, parameters
from dmpnet.trained.slow_memory import SlowMemory, legendre_pathway

NETWORK = random_network((3, 5, 4, 2), kind="DMP+RSNN", d=3, d_s=2, steps=9, dataset="smnist",
                         permutation=np.random.default_rng(0).permutation(9))


EXTENDED = random_network((3, 5, 4, 2), kind="DMP+RSNN", d_s=2, steps=9, dataset="ecg", delay=(7, 2),
                          blocks=((2, 6.0), (3, 4.0)), feed="cascade", acts="threshold", kappa=0.75)


def identical(a, b, name="network"):
    """The same values of the same types and dtypes, through dataclasses, tuples and dicts."""
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
    elif hasattr(a, "__dataclass_fields__"):
        for field in fields(a):
            identical(getattr(a, field.name), getattr(b, field.name), f"{name}.{field.name}")
    elif isinstance(a, tuple):
        for number, (x, y) in enumerate(zip(a, b, strict=True), 1):
            identical(x, y, f"{name}[{number}]")
    else:
        assert a == b and type(a) is type(b), name


def arrays_of(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture
def extended(tmp_path):
    """A sound weights file of EXTENDED, each layer with all its arrays."""
    path = tmp_path / "extended.npz"
    weights.save(EXTENDED, path)
    return spelt_out(path)


@pytest.fixture
def sound(tmp_path):
    """A sound weights file of NETWORK, each layer with all its arrays."""
    path = tmp_path / "sound.npz"
    weights.save(NETWORK, path)
    return spelt_out(path)


def spelt_out(path):
    """`path`, whose second layer's matrices are those of the first, as a file that holds them twice."""
    everything = arrays_of(path)
    slow = json.loads(str(everything["header"]))["slow"]
    assert slow[1].pop("matrices_of") == 1
    return altered(path, {"slow": slow}, layer2__Abar=everything["layer1.Abar"], layer2__Bbar=everything["layer1.Bbar"])


def altered(path, header=None, drop=(), **arrays):
    """`path` with header entries, arrays ('layer1__W_f' for 'layer1.W_f') changed or dropped, written by NumPy."""
    everything = arrays_of(path)
    found = json.loads(str(everything["header"]))
    found.update(header or {})
    everything["header"] = np.array(json.dumps(found))
    everything |= {key.replace("__", "."): np.asarray(value) for key, value in arrays.items()}
    with open(path, "wb") as file:
        np.savez(file, **{key: value for key, value in everything.items() if key not in drop})
    return path


def refused(path, *named):
    """The one line load() refuses `path` with; it names the file and `named`."""
    with pytest.raises(WeightsError) as error:
        weights.load(path)
    line = str(error.value)
    assert "\n" not in line and line.startswith(f"{path}: ") and "; " in line
    for part in named:
        assert part in line
    return line


# round trip


@st.composite
def networks(draw):
    """Any shape, kind, neuron, dtype: round trips do not need activity."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    dtype = draw(st.sampled_from([np.float32, np.float64, np.float16]))
    sizes = draw(st.lists(st.integers(1, 7), min_size=3, max_size=5))
    layers = []
    for m, n in zip(sizes[:-2], sizes[1:-1], strict=True):
        def array(*shape):
            return rng.normal(size=shape).astype(dtype)

        slow = None
        if draw(st.booleans()):
            blocks = tuple(draw(st.lists(st.tuples(st.integers(1, 6), st.floats(1, 500)), max_size=3)))
            d = sum(size for size, _ in blocks) or draw(st.integers(1, 6))
            slow = legendre_pathway(array(m), array(), array(n, d), array(n), draw(st.floats(1, 500)),
                                    draw(st.integers(1, 9)), blocks=blocks, feed=draw(st.sampled_from(FEEDS)),
                                    acts=draw(st.sampled_from(ACTS)))
        neuron = Neuron(draw(st.floats(0, 1, exclude_max=True)), draw(st.floats(-5, 5)), draw(st.floats(1e-3, 1e3)),
                        draw(st.sampled_from(["hard", "soft"])))
        delay = rng.integers(0, 99, m, draw(st.sampled_from([np.uint8, np.int32]))) if draw(st.booleans()) else None
        layers.append(Layer(array(n, m), array(n), neuron, array(n, n) if draw(st.booleans()) else None, slow, delay))
    steps = draw(st.integers(1, 20))
    encoding = Encoding(draw(st.sampled_from(["analog", "spikes"])), sizes[0], steps, draw(st.floats(1e-6, 1)),
                        draw(st.text(max_size=9)), rng.permutation(steps) if draw(st.booleans()) else None)
    provenance = draw(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3))
    kappa = draw(st.none() | st.floats(0, 1, exclude_max=True))
    return TrainedNetwork(tuple(layers), array(sizes[-1], sizes[-2]), array(sizes[-1]), encoding, provenance, kappa)


def test_round_trip_of_what_is_not_as_published(extended):
    identical(weights.load(extended), EXTENDED)


@given(networks())
def test_round_trip_is_bit_exact(tmp_path_factory, network):
    path = tmp_path_factory.mktemp("round") / "network.npz"
    weights.save(network, path)
    identical(weights.load(path), network)


def test_matrices_that_layers_share_are_stored_once(sound):
    """From the bytes of a file that holds them twice to one that does not, and back to the same network."""
    twice = weights.load(sound)
    long = sound.stat().st_size
    weights.save(twice, sound)
    assert {"layer2.Abar", "layer2.Bbar"} & set(arrays_of(sound)) == set() and sound.stat().st_size < long
    identical(weights.load(sound), twice)
    assert weights.checksum(weights.load(sound)) == weights.checksum(twice)
    refused(altered(sound, layer2__Abar=np.eye(3)), "layer2.Abar", "would be left out")
    refused(altered(sound, drop=("layer2.Abar", "layer1.Abar")), "layer1.Abar")
    others = random_network((3, 5, 5, 4, 2), theta=(9.0, 12.0, 9.0))
    weights.save(others, sound)
    assert {f"layer{n}.Abar" for n in (1, 2, 3)} & set(arrays_of(sound)) == {"layer1.Abar", "layer2.Abar"}
    identical(weights.load(sound), others)


def with_slow(**changes):
    return tuple(replace(layer, slow=replace(layer.slow, **changes)) for layer in NETWORK.layers)


OTHERS = {
    "neuron": {"layers": tuple(replace(layer, neuron=Neuron(beta=0.25)) for layer in NETWORK.layers)},
    "delay": {"layers": tuple(replace(layer, delay=np.zeros(layer.M, int)) for layer in NETWORK.layers)},
    **{key: {"layers": with_slow(**{key: value})} for key, value in
       {"theta": 21.0, "d_s": 7, "blocks": ((3, 20.0),), "feed": "cascade", "acts": "threshold"}.items()},
    **{key: {"encoding": replace(NETWORK.encoding, **{key: value})} for key, value in
       {"kind": "analog", "dt": 2e-3, "dataset": "", "permutation": None}.items()},
    "steps": {"encoding": replace(NETWORK.encoding, steps=8, permutation=None)},
    "W_o": {"W_o": 2 * NETWORK.W_o}, "dtype": {"b_o": NETWORK.b_o.astype(np.float32)}, "kappa": {"kappa": 0.5},
}


def test_the_checksum_is_of_all_but_the_provenance():
    sums = {name: weights.checksum(replace(NETWORK, **change)) for name, change in OTHERS.items()}
    assert len({weights.checksum(NETWORK), *sums.values()}) == 1 + len(OTHERS), sums
    assert weights.checksum(replace(NETWORK, provenance={"seed": 3})) == weights.checksum(NETWORK)


@pytest.mark.parametrize("owner", [2, 3, 0, "first", None, [1]])
def test_matrices_of_no_earlier_layer_are_refused(sound, owner):
    weights.save(NETWORK, sound)
    slow = json.loads(str(arrays_of(sound)["header"]))["slow"]
    slow[1]["matrices_of"] = owner
    refused(altered(sound, {"slow": slow}), f"layer{owner}.Abar")


def test_nothing_in_the_file_is_pickled(sound):
    """Every member is a plain array of numbers, the header a string of JSON."""
    everything = arrays_of(sound)
    assert everything.pop("header").dtype.kind == "U"
    assert {array.dtype.kind for array in everything.values()} == {"f", "i"}
    with zipfile.ZipFile(sound) as archive:
        for name in archive.namelist():
            head = archive.read(name)[:200]
            assert head.startswith(b"\x93NUMPY")
            assert ast.literal_eval(head[10:head.index(b"}") + 1].decode())["descr"] != "|O"


def test_documented_keys(sound):
    assert set(arrays_of(sound)) == {
        "header", "readout.W_o", "readout.b_o", "input.permutation",
        *(f"layer{n}.{key}" for n in (1, 2)
          for key in ("W_f", "b_f", "W_r", "w_x", "b_x", "W_m", "b_m", "Abar", "Bbar"))}
    header = json.loads(str(arrays_of(sound)["header"]))
    assert set(header) == {"format", "neurons", "slow", "input", "provenance"}
    assert header["slow"] == [{"theta": 20.0, "d_s": 2}] * 2
    assert header["input"] == {"kind": "spikes", "channels": 3, "steps": 9, "dt": 1e-3, "dataset": "smnist"}


def test_documented_keys_of_what_is_not_as_published(extended):
    """Only what differs is written: a plain network's file is what it was before these existed."""
    assert {key for key in arrays_of(extended) if "delay" in key} == {"layer1.delay", "layer2.delay"}
    header = json.loads(str(arrays_of(extended)["header"]))
    assert set(header) == {"format", "neurons", "slow", "input", "provenance", "kappa"} and header["kappa"] == 0.75
    assert header["slow"] == [{"theta": 10.0, "d_s": 2, "blocks": [[2, 6.0], [3, 4.0]], "feed": "cascade",
                               "acts": "threshold"}] * 2


def test_numpy_scalars_and_paths_are_written_as_json_knows_them(tmp_path):
    layer = NETWORK.layers[0]
    slow = replace(layer.slow, d_s=np.int64(2), theta=np.float32(20))
    network = replace(NETWORK, layers=(replace(layer, slow=slow), NETWORK.layers[1]),
                      provenance={"accuracy": np.float32(0.5), "data": Path("data"), "seed": np.int32(3)})
    weights.save(network, tmp_path / "network.npz")
    got = weights.load(tmp_path / "network.npz")
    assert got.provenance == {"accuracy": 0.5, "data": "data", "seed": 3}
    assert (got.layers[0].slow.d_s, got.layers[0].slow.theta) == (2, 20.0)


def test_file_is_named_as_asked(tmp_path):
    """np.savez would add .npz to a name without it."""
    weights.save(NETWORK, tmp_path / "new" / "network")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["network"]
    identical(weights.load(str(tmp_path / "new" / "network")), NETWORK)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_interrupted_save_leaves_the_earlier_file(sound, monkeypatch, failure):
    before = sound.read_bytes()
    savez = np.savez_compressed

    def broken(file, **arrays):
        savez(file, W_o=arrays["readout.W_o"])
        raise failure

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(type(failure)):
        weights.save(replace(NETWORK, provenance={"later": 1}), sound)
    assert sound.read_bytes() == before
    assert [path.name for path in sound.parent.iterdir()] == ["sound.npz"]


def test_description():
    assert (NETWORK.shape, NETWORK.classes, NETWORK.kind) == ("3-5-4-2", 2, "DMP")
    kinds = [random_network(kind=kind, delay=delay).kind
             for kind in ("FSNN", "RSNN", "DMP") for delay in (0, 3, (0, 3))]
    assert kinds == ["FSNN", "DSNN", "DSNN", "RSNN", "RSNN + delays", "RSNN + delays", "DMP", "DMP + delays",
                     "DMP + delays"]


def test_window_of_a_hierarchy():
    blocks = ((2, 30.0), (5, 50.0), (3, 20.0))
    for feed, theta in (("parallel", 50.0), ("cascade", 100.0)):
        slow = random_network(blocks=blocks, feed=feed).layers[0].slow
        assert (slow.d, slow.theta, slow.all_blocks) == (10, theta, blocks)
    plain = random_network(d=4, theta=20.0).layers[0].slow
    assert (plain.blocks, plain.all_blocks) == ((), ((4, 20.0),))


def test_state_counts_what_recurs():
    """The paper's rule for RSNN is 2 N: the membranes, and the spikes that come back a step later."""
    assert random_network((6, 16, 3), kind="RSNN").layers[0].state == 2 * 16
    assert random_network((6, 16, 3), kind="FSNN").layers[0].state == 16


def test_state_counts_what_is_under_way():
    """N + d + sum of delays; the paper's N + N delay is the case of one delay for all of M = N axons."""
    layer = random_network((6, 16, 3), d=4).layers[0]
    assert layer.state == 16 + 4
    assert replace(layer, delay=np.array([3, 0, 1, 0, 0, 9])).state == 16 + 4 + 13
    assert replace(layer, delay=np.full(6, 200, np.uint8)).state == 16 + 4 + 6 * 200


# parameter counts


def sized(sizes, d=0, recurrent=False):
    """A network of these sizes, weights 0."""
    layers = []
    for m, n in zip(sizes[:-2], sizes[1:-1], strict=True):
        slow = legendre_pathway(np.zeros(m), 0.0, np.zeros((n, d)), np.zeros(n), 40.0) if d else None
        layers.append(Layer(np.zeros((n, m)), np.zeros(n), RTL, np.zeros((n, n)) if recurrent else None, slow))
    return TrainedNetwork(tuple(layers), np.zeros((sizes[-1], sizes[-2])), np.zeros(sizes[-1]),
                          Encoding("analog", sizes[0], 10, 1e-3))


MNIST, SHD, SSC1, SSC2 = (1, 200, 200, 10), (140, 128, 128, 20), (140, 128, 35), (140, 128, 128, 35)


@pytest.mark.parametrize("sizes, d, recurrent, thousands", [
    (MNIST, 0, False, 42), (SHD, 0, False, 37), (SSC1, 0, False, 22), (SSC2, 0, False, 39),
    (MNIST, 0, True, 122), (SHD, 0, True, 70), (SSC1, 0, True, 39), (SSC2, 0, True, 72),
    (MNIST, 40, False, 61), (MNIST, 100, False, 102), (MNIST, 200, False, 202),
    (MNIST, 20, False, 51), (MNIST, 60, False, 73),
    (SHD, 5, False, 38), (SHD, 10, False, 40), (SHD, 30, False, 46),
    (SSC1, 5, False, 23), (SSC1, 10, False, 24), (SSC2, 5, False, 40), (SSC2, 10, False, 42),
])
def test_published_counts(sizes, d, recurrent, thousands):
    """Table 1, rows FSNN, RSNN and DMP, for the d that dmp.md gives each row."""
    assert round(parameters(sized(sizes, d, recurrent))["paper"] / 1e3) == thousands


@pytest.mark.parametrize("sizes, thousands", [(MNIST, 43), (SHD, 37), (SSC1, 23), (SSC2, 39)])
def test_published_counts_with_delays(sizes, thousands):
    """Table 1, row DSNN, to a thousand: one delay an axon of every layer more than FSNN."""
    network = sized(sizes)
    delayed = replace(network, layers=tuple(replace(layer, delay=np.zeros(layer.M, int)) for layer in network.layers))
    before, after = parameters(network), parameters(delayed)
    axons = sum(sizes[:-2])
    assert {key: after[key] - before[key] for key in before} == dict.fromkeys(before, axons)
    assert abs(after["paper"] / 1e3 - thousands) < 1


@pytest.mark.parametrize("feed, recurrent", [("parallel", 4 + 9 + 25), ("cascade", 4 + 9 + 25 + 3 + 5)])
def test_counts_of_a_hierarchy(feed, recurrent):
    """Sum of d_i^2, and for a cascade d_2 + d_3: the coupling B_{i+1} 1^T is of rank one."""
    network = random_network((3, 7, 2), blocks=((2, 6.0), (3, 4.0), (5, 9.0)), feed=feed)
    counts = parameters(network)
    assert counts["paper"] == 3 * 7 + 7 * 10 + recurrent + 2 * 7
    assert counts["trainable"] == counts["stored"] - 10 * 11


def test_it_shows_itself_in_a_line():
    assert repr(random_network((6, 8, 3), dataset="shd")) == "<TrainedNetwork DMP 6-8-3, shd>"
    assert repr(random_network((6, 8, 3), kind="FSNN")) == "<TrainedNetwork FSNN 6-8-3, data not said>"


def test_counts_by_hand():
    """3-5-4-2, d = 3, W_r: rule 3*5 + 25 + 15 + 9, 5*4 + 16 + 12 + 9, 2*4; biases, w_x; frozen Abar and Bbar 24."""
    rule = 3 * 5 + 25 + 15 + 9 + 5 * 4 + 16 + 12 + 9 + 2 * 4
    biases = (5 + 1 + 5) + (4 + 1 + 4) + 2
    counts = parameters(NETWORK)
    assert counts == {"paper": rule, "trainable": rule - 18 + biases + 3 + 5, "stored": rule + biases + 3 + 5 + 6}


# what is refused: bytes


def test_missing_file(tmp_path):
    refused(tmp_path / "absent.npz", "no such weights file")
    refused(tmp_path, "no such weights file")


@pytest.mark.parametrize("fraction", [0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_truncated_file(sound, fraction):
    whole = sound.read_bytes()
    sound.write_bytes(whole[:int(fraction * len(whole))])
    refused(sound, f"{int(fraction * len(whole))} bytes", "not a whole .npz archive")


@given(st.data())
@settings(max_examples=300)
def test_damaged_byte(tmp_path_factory, data):
    """Any byte changed: refused, or (a date, an unused flag) without effect on what is read."""
    path = tmp_path_factory.mktemp("damaged") / "network.npz"
    weights.save(NETWORK, path)
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        identical(weights.load(path), NETWORK)
    except WeightsError as error:
        assert str(error).startswith(f"{path}: ")


@given(st.binary(max_size=300))
def test_random_bytes(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("random") / "network.npz"
    path.write_bytes(content)
    line = refused(path, f"{len(content)} bytes")
    assert ("pickle" in line) == content.startswith(b"\x80")


def test_single_array(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    refused(tmp_path / "array.npy", "not a whole .npz archive")


@pytest.mark.parametrize("protocol", [2, 5])
def test_pickle(tmp_path, protocol):
    path = tmp_path / "network.npz"
    path.write_bytes(pickle.dumps({"W": [1, 2]}, protocol))
    refused(path, "pickled objects", "never loaded")


def test_pickle_inside_is_not_run(sound, tmp_path):
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (trap,))

    with open(sound, "wb") as file:
        np.savez(file, **{"header": np.array("{}"), "layer1.W_f": np.array([Trap()], dtype=object)})
    refused(sound, "pickled objects")
    assert not trap.exists()


@pytest.mark.parametrize("name", ["readme.txt", "layer1.W_f", "header"])
def test_member_that_is_no_array(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "network.npz", "w") as archive:
        archive.writestr(name, "hello")
    refused(tmp_path / "network.npz", f"{name!r} in it is not an array")


# what is refused: arrays


KEYS = sorted(dict(arrays(NETWORK)))
WEIGHTS = [key for key in KEYS if key != "input.permutation"]
OPTIONAL = {"layer1.W_r", "layer2.W_r", "input.permutation"}


@pytest.mark.parametrize("key", sorted({"header", *KEYS} - OPTIONAL))
def test_missing_key(sound, key):
    refused(altered(sound, drop=(key,)), f"'{key}'")


@pytest.mark.parametrize("key", sorted(OPTIONAL))
def test_optional_key(sound, key):
    network = weights.load(altered(sound, drop=(key,)))
    assert key not in dict(arrays(network))


@pytest.mark.parametrize("key", ["layer1.Wr", "layer3.W_f", "bias"])
def test_unknown_key(sound, key):
    """A misspelt optional key, or a layer the header does not have, must not be left out in silence."""
    refused(altered(sound, **{key.replace(".", "__"): np.zeros(3)}), f"'{key}'")


@pytest.mark.parametrize("key", WEIGHTS)
@pytest.mark.parametrize("change", ["one more", "one less", "scalar", "another axis"])
def test_wrong_shape(sound, key, change):
    array = arrays_of(sound)[key]
    if array.ndim == 0:
        wrong = {"one more": np.zeros(2), "one less": np.zeros(0), "scalar": array[None], "another axis": array[None]}
    else:
        wrong = {"one more": np.concatenate([array, array[-1:]]), "one less": array[:-1], "scalar": array.ravel()[0],
                 "another axis": array[None]}
    refused(altered(sound, **{key.replace(".", "__"): wrong[change]}), f"{key.split('.')[0]}.", "has shape")


@pytest.mark.parametrize("M, N, d, C, named", [(0, 5, 3, 2, "W_f"), (3, 0, 3, 2, "W_f"), (3, 5, 0, 2, "W_m"),
                                               (3, 5, 3, 0, "W_o")])
def test_nothing_is_empty(M, N, d, C, named):
    slow = SlowMemory(np.zeros(M), np.array(0.0), np.zeros((N, d)), np.zeros(N), np.zeros((d, d)), np.zeros(d), 9.0)
    with pytest.raises(WeightsError, match=rf"{named} has shape \(\d, \d\), but .* at least one unit"):
        TrainedNetwork((Layer(np.zeros((N, M)), np.zeros(N), Neuron(), slow=slow),), np.zeros((C, N)), np.zeros(C),
                       Encoding("analog", M, 9, 1e-3))


@pytest.mark.parametrize("key", WEIGHTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(sound, key, value):
    array = arrays_of(sound)[key].copy()
    array.reshape(-1)[-1] = value
    refused(altered(sound, **{key.replace(".", "__"): array}), key, "1 values that are NaN or infinite")


@pytest.mark.parametrize("key", WEIGHTS)
@pytest.mark.parametrize("dtype", [complex, bool, "U4"])
def test_not_real_numbers(sound, key, dtype):
    array = arrays_of(sound)[key].astype(dtype)
    refused(altered(sound, **{key.replace(".", "__"): array}), key, f"dtype {array.dtype}")


@pytest.mark.parametrize("order", [np.zeros(9, int), np.arange(1, 10), np.arange(8), np.arange(9.0),
                                   np.arange(9).reshape(3, 3), np.array(0)])
def test_not_a_permutation(sound, order):
    refused(altered(sound, input__permutation=order), "input.permutation", "9 steps")


def test_memory_that_grows(sound):
    refused(altered(sound, layer1__Abar=1.5 * np.eye(3)), "layer1.Abar", "spectral radius 1.5")


@pytest.mark.parametrize("delay, named", [
    (np.array([0, 1]), "shape (2,), but (3,)"), (np.array([0, 1, 2, 3]), "shape (4,)"), (np.array(3), "shape ()"),
    (np.array([0.0, 1.0, 2.0]), "dtype float64"), (np.array([0, -1, -4]), "2 values below 0"),
    (np.array([True, False, True]), "dtype bool"),
])
def test_wrong_delay(extended, delay, named):
    refused(altered(extended, layer1__delay=delay), "layer1.delay", named)


def test_delay_is_optional(extended):
    assert weights.load(altered(extended, drop=("layer1.delay",))).layers[0].delay is None


@pytest.mark.parametrize("feed, at", [("cascade", (0, 3)), ("parallel", (0, 3)), ("parallel", (3, 0))])
def test_blocks_that_are_joined_otherwise(extended, feed, at):
    """Block 1 of two dimensions hears block 2 of three, or in a parallel memory the other way round."""
    blocks = ((2, 6.0), (3, 4.0))
    abar, _ = memory.hierarchy(blocks, feed)
    theta = memory.window(blocks, feed)
    header = {"slow": [{"theta": theta, "d_s": 2, "blocks": blocks, "feed": feed}] * 2}
    sound = altered(extended, header, layer1__Abar=abar, layer2__Abar=abar)
    assert weights.load(sound).layers[1].slow.feed == feed
    abar[at] = 1e-9
    refused(altered(sound, layer1__Abar=abar), "layer1.Abar joins blocks", feed)


# what is refused: the header


@pytest.mark.parametrize("header", ["", "not json", "[1, 2]", "3", '"text"', "{}", '{"format": '])
def test_unreadable_header(sound, header):
    refused(altered_header(sound, np.array(header)), "header")


def altered_header(path, header):
    return altered_raw(path, {**arrays_of(path), "header": header})


def altered_raw(path, arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    return path


@pytest.mark.parametrize("header", [np.zeros(3), np.array(b"\xff"), np.array(3)])
def test_header_that_is_no_text(sound, header):
    refused(altered_header(sound, header), "header")


@pytest.mark.parametrize("format", ["dmpnet-weights-2", "", None, 1])
def test_other_format(sound, format):
    refused(altered(sound, {"format": format}), f"format {format!r}", "'dmpnet-weights-1'")


NEURON, SLOW = {"beta": 0.5, "g": 0.5, "theta_u": 1.0, "reset": "hard"}, {"theta": 20.0, "d_s": 2}
INPUT = {"kind": "spikes", "channels": 3, "steps": 9, "dt": 1e-3, "dataset": ""}


@pytest.mark.parametrize("header, named", [
    ({"neurons": [NEURON]}, "header"), ({"neurons": []}, "header"), ({"slow": [SLOW] * 3}, "header"),
    ({"neurons": 3}, "header"), ({"neurons": None}, "header"), ({"neurons": ["a", "b"]}, "header"),
    ({"neurons": [], "slow": []}, "0 layers"),
    ({"neurons": [NEURON | {"beta": 1.5}, NEURON]}, "beta = 1.5"),
    ({"neurons": [NEURON | {"beta": "0.5"}, NEURON]}, "beta = '0.5'"),
    ({"neurons": [NEURON | {"theta_u": 0}, NEURON]}, "theta_u = 0"),
    ({"neurons": [NEURON, NEURON | {"reset": "none"}]}, "reset = 'none'"),
    ({"neurons": [NEURON | {"tau": 2}, NEURON]}, "tau"),
    ({"slow": [SLOW, None]}, "'layer2."),
    ({"slow": [SLOW, {"theta": 20.0}]}, "d_s = 1"),
    ({"slow": [SLOW | {"d_s": 0}, SLOW]}, "layer1.d_s = 0"), ({"slow": [SLOW | {"d_s": 1.5}, SLOW]}, "d_s = 1.5"),
    ({"slow": [SLOW, SLOW | {"theta": -1}]}, "layer2.theta = -1"),
    ({"slow": [SLOW, SLOW | {"theta": "x"}]}, "layer 2: theta = 'x'"),
    ({"slow": [SLOW, SLOW | {"theta": float("nan")}]}, "layer 2: theta = nan"),
    ({"slow": [SLOW, 3]}, "header"), ({"slow": [SLOW | {"tau": 1}, SLOW]}, "tau"),
    ({"input": INPUT | {"kind": "rate"}}, "'rate'"), ({"input": INPUT | {"channels": 4}}, "layer1.W_f"),
    ({"input": INPUT | {"channels": 3.0}}, "channels = 3.0"), ({"input": INPUT | {"steps": "9"}}, "steps = '9'"),
    ({"input": INPUT | {"steps": 0}}, "0 steps"), ({"input": INPUT | {"dt": 0}}, "0 s"),
    ({"input": INPUT | {"dt": float("nan")}}, "dt = nan"), ({"input": INPUT | {"dt": "1 ms"}}, "dt = '1 ms'"),
    *(({"input": INPUT | {"levels": levels}}, f"levels = {levels!r}") for levels in
      (-3, 2.5, "x", None, True, float("nan"), [1], 2**48, 3)),
    *(({"input": INPUT | {"kind": "analog", "levels": levels}}, f"levels = {levels!r}") for levels in (-3, 3)),
    *(({"input": INPUT | {"dataset": name}}, f"dataset = {name!r}") for name in (None, 3, ["smnist"])),
    *(({"provenance": origin}, f"provenance = {origin!r}") for origin in (None, [1], "here")),
    # what JSON can say and no number of the network can be
    *(({"neurons": [NEURON | {key: value}, NEURON]}, f"{key} = ") for key in ("beta", "g", "theta_u")
      for value in (10**400, float("inf"), float("-inf"), True, [0.5], {}, None)),
    *(({"slow": [SLOW | {key: value}, SLOW]}, key) for key in ("theta", "d_s", "blocks")
      for value in (10**400, -10**30, float("inf"), True, [[10**30, 1.0]], [[1]], {})),
    *(({"input": INPUT | {key: value}}, key) for key in ("steps", "channels", "dt", "levels")
      for value in (10**400, float("-inf"), {})),
    *(({"kappa": value}, "kappa") for value in (10**400, float("nan"), True, [0.5], "0.5")),
    ({"input": INPUT | {"unit": "mV"}}, "unit"), ({"input": {}}, "header"), ({"input": [1]}, "header"),
])
def test_header_that_describes_no_network(sound, header, named):
    if named == "d_s = 1":  # d_s has a default
        assert weights.load(altered(sound, header)).layers[1].slow.d_s == 1
    else:
        refused(altered(sound, header), named)


BLOCKS = {"theta": 10.0, "d_s": 2, "blocks": [[2, 6.0], [3, 4.0]], "feed": "cascade", "acts": "threshold"}


@pytest.mark.parametrize("slow, named", [
    ({"blocks": [[2, 6.0], [2, 4.0]]}, "layer1.blocks has 4 dimensions, but Abar has 5"),
    ({"blocks": [[2, 6.0], [3, 5.0]]}, "reach back 11 steps"), ({"feed": "parallel"}, "reach back 6 steps"),
    ({"blocks": [[2, 6.0], [3.0, 4.0]]}, "[3.0, 4.0]"), ({"blocks": [[2, 6.0], [0, 4.0]]}, "(0, 4.0)"),
    ({"blocks": [[2, "6"], [3, 4.0]]}, "[2, '6']"), ({"blocks": [[5, float("nan")]]}, "[5, nan]"),
    ({"blocks": [2, 3]}, "header"), ({"blocks": 5}, "header"), ({"blocks": [[2, 6.0, 1]]}, "header"),
    ({"blocks": None}, "header"), ({"feed": "series"}, "layer1.feed = 'series'"), ({"feed": None}, "feed = None"),
    ({"acts": "weights"}, "layer1.acts = 'weights'"), ({"acts": None}, "acts = None"), ({"acts": ["gain"]}, "acts"),
])
def test_header_that_describes_no_slow_memory(extended, slow, named):
    refused(altered(extended, {"slow": [BLOCKS | slow, BLOCKS]}), named)


@pytest.mark.parametrize("kappa", [1, 1.5, -0.1, float("nan"), "0.5", [0.5]])
def test_wrong_kappa(extended, kappa):
    refused(altered(extended, {"kappa": kappa}), f"kappa = {kappa!r}")


@pytest.mark.parametrize("key", ["neurons", "slow", "input"])
def test_header_entry_missing(sound, key):
    arrays = arrays_of(sound)
    header = json.loads(str(arrays["header"]))
    del header[key]
    refused(altered_header(sound, np.array(json.dumps(header))), f"'{key}'")


def test_constructor_checks_too():
    """A network that load would refuse cannot be built, and so not saved."""
    with pytest.raises(WeightsError, match=r"network: readout.b_o has shape \(3,\), but \(2,\)"):
        replace(NETWORK, b_o=np.zeros(3))


def test_file_objects_are_closed(sound):
    """A file that was read can be replaced and removed where open files are locked."""
    weights.load(sound)
    sound.unlink()
    assert not sound.exists()
