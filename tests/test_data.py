"""Data sets: what is read is what the file holds, and nothing but a whole, sound file is read."""

import dataclasses
import functools
import gzip
import hashlib
import http.server
import json
import math
import os
import random
import struct
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet import data, files
from dmpnet.data import DATASETS, Recordings, archive, download, folders, heidelberg, load, mnist, validation_split
from dmpnet.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[1]
LOCAL = [Path(folder) for folder in (os.environ.get("DMPNET_DATA"), REPOSITORY / ".." / "shared" / "data") if folder]
IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


@pytest.fixture(scope="session")
def data_folder():
    """Function (name, split) -> local folder with the files of that split; skips the test where there is none."""

    def folder(name, split):
        for base in LOCAL:
            if folders.find(DATASETS[name], split, base):
                return base
        files = ", ".join(file.name.removesuffix(".gz") for file in DATASETS[name].files[split])
        need = "data" if name == "shd-regen" else "official data"  # the latter is not at hand where this is developed
        pytest.skip(f"needs {need}: {files} in the folder DMPNET_DATA names or in ../shared/data")

    return folder


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """The user's own folders play no part: no DMPNET_DATA, an empty cache."""
    monkeypatch.delenv("DMPNET_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")


def refused(call, *parts):
    """The DataError of `call` is one line that holds all `parts`."""
    with pytest.raises(DataError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert str(part) in message, f"{part!r} is not in {message!r}"
    return message


def untrusted(function):
    """Mark a test whose small files are, rightly, reported as not the official ones."""
    return pytest.mark.filterwarnings("ignore:.*but not the:UserWarning")(function)


# What files look like, written independently of the readers


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def digits(n=6, seed=1):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n).astype(np.uint8)


def write_digits(folder, images, labels, image_name=IMAGES, label_name=LABELS):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((image_name, images), (label_name, labels)):
        (folder / name).write_bytes(gzip.compress(idx(array)) if name.endswith(".gz") else idx(array))
    return folder


def spoken(n=5, events=300, seed=2, last_tick=2600):
    """A list of (channels, ticks, label, speaker)."""
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, 700, events), rng.integers(0, last_tick, events), int(rng.integers(20)),
             int(rng.integers(12))) for _ in range(n)]


def regenerated_arrays(recordings):
    counts = np.array([np.bincount(channel, minlength=700) for channel, *_ in recordings], np.uint8).reshape(-1, 700)
    ticks = [tick[np.argsort(channel, kind="stable")] for channel, tick, *_ in recordings]
    return {"counts": counts, "ticks": np.concatenate([np.zeros(0, int), *ticks]).astype(np.uint16),
            "labels": np.array([r[2] for r in recordings], np.uint8),
            "speaker": np.array([r[3] for r in recordings], np.uint8)}


def write_regenerated(folder, arrays, split="test"):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"shd_regen_{split}_halfms.npz", **arrays)
    return folder


def write_official(folder, recordings, split="test", time=np.float16, change=None):
    """The layout of shd_*.h5; `change` may alter the open file before it is closed."""
    h5py = pytest.importorskip("h5py")
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / f"shd_{split}.h5", "w") as file:
        times = file.create_dataset("spikes/times", (len(recordings),), h5py.vlen_dtype(time))
        units = file.create_dataset("spikes/units", (len(recordings),), h5py.vlen_dtype(np.uint16))
        for number, (channel, tick, *_) in enumerate(recordings):
            times[number], units[number] = (tick / 2000).astype(time), channel
        file["labels"] = np.array([r[2] for r in recordings], np.uint16)
        file["extra/speaker"] = np.array([r[3] for r in recordings], np.uint16)
        if change:
            change(file)
    return folder


def binned(channel, step, T):
    """One recording (T, 140), event by event."""
    values = np.zeros((T, 140), np.uint8)
    for c, k in zip(channel, step, strict=True):
        if k < T:
            values[k, c // 5] = 1
    return values


# Recordings


def pixels(values):
    n = len(values)
    return Recordings("smnist", "test", "analog", values, 1 / 255, np.zeros(n, np.int64), None, 10, 0.001)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_pixels_are_value_over_255_rounded_once(dtype):
    levels = np.arange(256, dtype=np.uint8).reshape(2, 128, 1)
    got = pixels(levels).batch([0, 1], dtype)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, (levels / 255.0).astype(dtype))
    assert (levels * (1 / 255) != levels / 255.0).any(), "multiplying gives the same: equality would show nothing"


def test_spikes_stay_zero_and_one():
    recordings = Recordings("shd", "test", "spikes", np.eye(3, dtype=np.uint8)[None], 1.0, np.array([4]), np.array([1]),
                            20, 0.010)
    for dtype in (np.float64, np.float32, np.uint8, bool):
        np.testing.assert_array_equal(recordings.batch(0, dtype), np.eye(3)[None])


def test_batch_and_take_accept_numbers_slices_and_masks():
    rng = np.random.default_rng(0)
    recordings = Recordings("shd", "train", "spikes", rng.integers(0, 2, (6, 4, 3), np.uint8), 1.0, np.arange(6),
                            np.arange(6) + 10, 20, 0.010)
    for index, rows in ((2, [2]), ([5, 1, 1], [5, 1, 1]), (slice(1, 6, 2), [1, 3, 5]), (np.arange(6) % 3 == 0, [0, 3]),
                        ([], [])):
        np.testing.assert_array_equal(recordings.batch(index), recordings.values[rows])
        part = recordings.take(index)
        assert len(part) == len(rows)
        np.testing.assert_array_equal(part.labels, rows)
        np.testing.assert_array_equal(part.speakers, np.array(rows, int) + 10)
        np.testing.assert_array_equal(part.values, recordings.values[rows])
    refused(lambda: recordings.batch([6]), "shd train", "6", "0 to 5")
    refused(lambda: recordings.batch(np.ones(5, bool)), "mask")
    refused(lambda: recordings.take(np.array([0.5])), "whole numbers")


@pytest.mark.parametrize("change, parts", [
    ({"kind": "sound"}, ["'sound'", "'analog' or 'spikes'"]),
    ({"values": np.zeros((2, 4))}, ["float64 (2, 4)", "uint8 (n, T, M)"]),
    ({"values": np.full((2, 4, 1), 7, np.uint8), "kind": "spikes"}, ["7", "0 or 1"]),
    ({"labels": np.zeros(3, np.int64)}, ["(3,)", "2 samples"]),
    ({"labels": np.array([0, 10])}, ["label 10 at sample 1", "0 to 9"]),
    ({"labels": np.array([0, -1])}, ["label -1 at sample 1"]),
    ({"labels": np.array([0.0, np.nan])}, ["float64", "whole numbers"]),
    ({"speakers": np.zeros(1, int)}, ["speakers", "(1,)", "(2,)"]),
    ({"permutation": np.array([0, 1, 2, 2])}, ["permutation", "0 to 3"]),
    ({"scale": math.nan}, ["scale nan", "positive"]),
    ({"dt": 0.0}, ["dt 0.0 s", "positive"]),
])
def test_recordings_that_do_not_fit_together_are_refused(change, parts):
    whole = pixels(np.zeros((2, 4, 1), np.uint8))
    refused(lambda: dataclasses.replace(whole, **change), *parts)


def test_pixels_are_not_cut_to_integers():
    refused(lambda: pixels(np.zeros((2, 4, 1), np.uint8)).batch(0, np.uint8), "uint8", "float64 or float32")


# Validation part


def labelled(labels, speakers=None):
    labels = np.asarray(labels, np.int64)
    return Recordings("shd", "train", "spikes", np.zeros((len(labels), 1, 1), np.uint8), 1.0, labels,
                      None if speakers is None else np.asarray(speakers), 20, 0.010)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=10, max_size=120),
       st.floats(0.06, 0.94), st.integers(0, 5), st.booleans())
@settings(deadline=None)
def test_validation_split_is_stratified(samples, fraction, seed, spoken):
    labels, speakers = np.array(samples).T
    recordings = labelled(labels, speakers if spoken else None)
    train, held = validation_split(recordings, fraction, seed)
    n, total = len(labels), len(held)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(n))
    assert (np.diff(train) > 0).all() and (np.diff(held) > 0).all()
    assert abs(total - fraction * n) <= 0.5 + 1e-9  # the product is a rounded float
    for label in np.unique(labels):
        in_class = (labels == label).sum()
        held_class = (labels[held] == label).sum()
        assert abs(held_class * n - total * in_class) < n, "a class's share is off by a whole sample"
        for speaker in np.unique(speakers[labels == label]) if spoken else ():
            size = ((labels == label) & (speakers == speaker)).sum()
            share = ((labels[held] == label) & (speakers[held] == speaker)).sum()
            assert abs(share * in_class - held_class * size) < in_class, "a speaker's share is off by a whole sample"
    np.testing.assert_array_equal(validation_split(recordings, fraction, seed)[1], held)


def test_validation_split_depends_on_the_seed_only():
    recordings = labelled(np.arange(2000) % 20)
    assert not np.array_equal(validation_split(recordings, seed=0)[1], validation_split(recordings, seed=1)[1])
    state = np.random.get_state()[1].copy()
    validation_split(recordings)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, math.nan, 0.01, 0.99])
def test_validation_split_never_leaves_a_part_empty(fraction):
    refused(lambda: validation_split(labelled(np.arange(10)), fraction), fraction, "10 samples")


# MNIST


@given(st.lists(st.integers(0, 5), min_size=1, max_size=3), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_idx_round_trip(shape, rng):
    array = np.frombuffer(rng.randbytes(math.prod(shape)), np.uint8).reshape(shape)
    np.testing.assert_array_equal(mnist.parse_idx(idx(array), len(shape), "file"), array)


@untrusted
@pytest.mark.parametrize("image_name", [IMAGES, IMAGES + ".gz", "t10k-images.idx3-ubyte", "t10k-images.idx3-ubyte.gz"])
@pytest.mark.parametrize("label_name", [LABELS, LABELS + ".gz", "t10k-labels.idx1-ubyte", "t10k-labels.idx1-ubyte.gz"])
@pytest.mark.parametrize("place", ["", "MNIST/raw", "mnist"])
def test_smnist_reads_row_by_row_under_every_spelling(tmp_path, image_name, label_name, place):
    images, labels = digits()
    write_digits(tmp_path / place, images, labels, image_name, label_name)
    got = load("smnist", "test", tmp_path)
    assert (got.kind, got.classes, got.dt, got.scale) == ("analog", 10, 0.001, 1 / 255)
    assert got.speakers is None and got.permutation is None
    assert got.values.shape == (6, 784, 1) and got.values.dtype == np.uint8 and got.values.flags.writeable
    assert got.labels.dtype == np.int64
    np.testing.assert_array_equal(got.labels, labels)
    for row, column in ((0, 0), (0, 27), (1, 0), (13, 5), (27, 27)):
        np.testing.assert_array_equal(got.values[:, 28 * row + column, 0], images[:, row, column])
    assert set(got.source["files"]) == {image_name, label_name}


@untrusted
def test_train_and_test_are_different_files(tmp_path):
    write_digits(tmp_path, *digits(4, 1))
    write_digits(tmp_path, *digits(7, 2), "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    assert len(load("smnist", "test", tmp_path)) == 4 and len(load("smnist", "train", tmp_path)) == 7


def test_steps_of_smnist_are_the_first_pixels():
    whole, part = load("smnist", "subset"), load("smnist", "subset", steps=100)
    np.testing.assert_array_equal(part.values, whole.values[:, :100])
    for steps in (0, -1, 785):
        refused(lambda steps=steps: load("smnist", "subset", steps=steps), f"steps = {steps}", "784")
    refused(lambda: load("psmnist", "subset", steps=100), "steps = 100", "784")


def test_psmnist_is_smnist_in_one_fixed_order():
    plain, permuted = load("smnist", "subset"), load("psmnist", "subset")
    order = permuted.permutation
    np.testing.assert_array_equal(np.sort(order), np.arange(784))
    assert (order != np.arange(784)).mean() > 0.9
    np.testing.assert_array_equal(permuted.values, plain.values[:, order])
    np.testing.assert_array_equal(permuted.values[:, np.argsort(order)], plain.values)
    np.testing.assert_array_equal(permuted.labels, plain.labels)
    np.testing.assert_array_equal(load("psmnist", "subset").permutation, order)


def test_default_order_is_the_documented_stream():
    """The Mersenne Twister seeded with 0, and a Fisher-Yates shuffle from the end, masked draws: written out here."""
    state = [0]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + i) % 2**32)
    twister = random.Random()
    twister.setstate((3, (*state, 624), None))
    order = list(range(784))
    for i in range(783, 0, -1):
        while (j := twister.getrandbits(32) & (1 << i.bit_length()) - 1) > i:
            pass
        order[i], order[j] = order[j], order[i]
    np.testing.assert_array_equal(mnist.fixed_permutation(), order)


def test_given_order_is_used_and_checked():
    plain, backwards = load("smnist", "subset"), np.arange(784)[::-1]
    got = load("psmnist", "subset", permutation=backwards.tolist())
    np.testing.assert_array_equal(got.values, plain.values[:, ::-1])
    np.testing.assert_array_equal(got.permutation, backwards)
    for wrong in (np.arange(783), np.zeros(784, int), np.arange(784.0), np.arange(1, 785)):
        refused(lambda wrong=wrong: load("psmnist", "subset", permutation=wrong), "permutation", "0 to 783")
    refused(lambda: load("smnist", "subset", permutation=backwards), "row by row", "psmnist")
    refused(lambda: load("shd", "test", permutation=backwards), "permutation", "leave it out")


def damage_header(content, at, value):
    return content[:at] + struct.pack(">I", value) + content[at + 4:]


@untrusted
@pytest.mark.parametrize("name, change, parts", [
    (IMAGES, lambda c: c[:-1], ["not whole", str(16 + 6 * 784 - 1), str(16 + 6 * 784)]),
    (IMAGES, lambda c: c + b"\0", ["not whole"]),
    (IMAGES, lambda c: c[:10], ["not whole", "10 bytes"]),
    (IMAGES, lambda c: b"", ["not whole", "0 bytes"]),
    (IMAGES, lambda c: damage_header(c, 4, 7), ["not whole", str(16 + 7 * 784)]),
    (IMAGES, lambda c: damage_header(c, 4, 2**32 - 1), ["not whole"]),
    (IMAGES, lambda c: damage_header(c, 0, 2049), ["magic number 2049", "2051"]),
    (IMAGES, lambda c: idx(np.zeros((6, 27, 28), np.uint8)), ["(6, 27, 28)", "28"]),
    (IMAGES, lambda c: idx(np.zeros((0, 28, 28), np.uint8)), ["(0, 28, 28)", "n > 0"]),
    (IMAGES, lambda c: gzip.compress(c), ["compressed", ".gz"]),
    (LABELS, lambda c: damage_header(c, 0, 2051), ["magic number 2051", "2049"]),
    (LABELS, lambda c: c[:-1], ["not whole"]),
    (LABELS, lambda c: idx(np.zeros(5, np.uint8)), ["5 labels", "6 images"]),
    (LABELS, lambda c: c[:-1] + b"\x0a", ["label 10 at sample 5", "0 to 9"]),
])
def test_unsound_idx_files_are_refused(tmp_path, name, change, parts):
    path = write_digits(tmp_path, *digits()) / name
    path.write_bytes(change(path.read_bytes()))
    refused(lambda: load("smnist", "test", tmp_path), path, *parts)


@untrusted
@given(st.data())
@settings(deadline=None, max_examples=60)
def test_no_part_of_an_idx_file_is_taken_for_the_whole(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("idx")
    suffix = data.draw(st.sampled_from(["", ".gz"]))
    victim = data.draw(st.sampled_from([IMAGES, LABELS])) + suffix
    path = write_digits(folder, *digits(2), IMAGES + suffix, LABELS + suffix) / victim
    content = path.read_bytes()
    path.write_bytes(content[:data.draw(st.integers(0, len(content) - 1))])
    refused(lambda: load("smnist", "test", folder), path)


@untrusted
def test_damage_inside_gz_is_found(tmp_path):
    path = write_digits(tmp_path, *digits(), IMAGES + ".gz") / (IMAGES + ".gz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    refused(lambda: load("smnist", "test", tmp_path), path, "get it again")


def test_sound_files_that_are_not_mnist_are_reported(tmp_path):
    """Fashion-MNIST has the same file names, counts and layout."""
    write_digits(tmp_path, *digits())
    with pytest.warns(UserWarning, match="not results on MNIST"):
        assert load("smnist", "test", tmp_path).source["verified"] is False


def test_subset_needs_no_file():
    subset = load("smnist", "subset")
    assert len(subset) == DATASETS["smnist"].samples["subset"] == 1000
    assert subset.source["verified"] is True
    assert mnist.subset_sum(subset.values, subset.labels.astype(np.uint8)) == mnist.SUBSET_SHA256
    np.testing.assert_array_equal(subset.labels[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])  # in every tutorial
    share = np.bincount(subset.labels, minlength=10)
    # 10 classes of about 100: five binomial standard deviations, sqrt(1000 * 0.1 * 0.9) = 9.5
    assert abs(share - 100).max() < 48
    ink = subset.values.reshape(-1, 28, 28) > 0
    for side in (1, 2):  # MNIST digits were scaled to fit 20 x 20 pixels
        lines = np.array([np.ptp(np.flatnonzero(profile)) + 1 for profile in ink.any(side)])
        assert lines.max() == 20


def test_subset_is_the_start_of_the_official_test_set(data_folder):
    whole, subset = load("smnist", "test", data_folder("smnist", "test")), load("smnist", "subset")
    np.testing.assert_array_equal(subset.values, whole.values[:1000])
    np.testing.assert_array_equal(subset.labels, whole.labels[:1000])


def test_subset_file_is_what_write_subset_makes(data_folder, tmp_path):
    files = folders.find(DATASETS["smnist"], "test", data_folder("smnist", "test"))
    mnist.write_subset(files, tmp_path / "subset.npz")
    made = archive.read(tmp_path / "subset.npz", ("images", "labels"))
    assert mnist.subset_sum(made["images"], made["labels"]) == mnist.SUBSET_SHA256


def test_altered_subset_is_refused(monkeypatch, tmp_path):
    images, labels, _ = mnist.read_subset()
    images[500, 14, 14] ^= 1
    np.savez_compressed(tmp_path / mnist.SUBSET, images=images, labels=labels)
    monkeypatch.setattr(mnist.resources, "files", lambda _: tmp_path)
    refused(lambda: load("smnist", "subset"), mnist.SUBSET, "reinstall")
    (tmp_path / mnist.SUBSET).unlink()
    refused(lambda: load("smnist", "subset"), mnist.SUBSET, "reinstall")


@pytest.mark.parametrize("split", ["train", "test"])
def test_official_mnist(data_folder, split):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = load("smnist", split, data_folder("smnist", split))
    assert got.source["verified"] is True
    assert len(got) == DATASETS["smnist"].samples[split]
    share = np.bincount(got.labels, minlength=10) / len(got)
    assert 0.08 < share.min() and share.max() < 0.12


# Spoken digits

EVENTS = st.lists(st.tuples(st.integers(0, 699), st.integers(0, 2200)), max_size=40)


@untrusted
@given(st.lists(EVENTS, min_size=1, max_size=4), st.integers(1, 110))
@settings(deadline=None, max_examples=50)
def test_binning_is_what_a_loop_over_events_does(tmp_path_factory, lists, T):
    folder = tmp_path_factory.mktemp("shd")
    recordings = [(*np.array(events, int).reshape(-1, 2).T, number, 3) for number, events in enumerate(lists)]
    write_regenerated(folder, regenerated_arrays(recordings))
    write_official(folder, recordings, time=np.float64)
    want = [binned(channel, tick // 20, T) for channel, tick, *_ in recordings]
    for name in ("shd-regen", "shd"):
        got = load(name, "test", folder, steps=T)
        np.testing.assert_array_equal(got.values, want)
        assert got.source["events"] == sum(map(len, lists))
        assert got.source["events_dropped"] == sum(tick >= 20 * T for events in lists for _, tick in events)


@given(st.integers(0, 2000), st.sampled_from([-1, 0, 1]), st.sampled_from([np.float16, np.float32, np.float64]))
@settings(deadline=None)
def test_steps_begin_at_hundredths_of_a_second(k, side, dtype):
    time = dtype(k / 100)
    if side:
        time = np.nextafter(time, dtype(side * np.inf))
    exact = np.float64(time)
    step = int(heidelberg.step_at(np.array([max(exact, 0.0)]))[0])
    assert step / 100 <= max(exact, 0.0) < (step + 1) / 100


def test_steps_do_not_slip_where_products_round():
    k = np.arange(1000)
    assert (np.floor(k / 100 * 100) != k).any(), "no product rounds down: equality would show nothing"
    np.testing.assert_array_equal(heidelberg.step_at(k / 100), k)
    np.testing.assert_array_equal(heidelberg.step_at(np.nextafter(k[1:] / 100, 0)), k[:-1])


@untrusted
def test_spoken_digits_carry_labels_and_speakers(tmp_path):
    recordings = spoken(n=heidelberg.CHUNK + 3, events=40)
    write_regenerated(tmp_path, regenerated_arrays(recordings))
    write_official(tmp_path, recordings)
    for name in ("shd", "shd-regen"):
        got = load(name, "test", tmp_path)
        assert (got.name, got.split, got.kind) == (name, "test", "spikes")
        assert (got.classes, got.dt, got.scale) == (20, 0.01, 1.0)
        assert got.values.shape == (len(recordings), 100, 140) and got.values.dtype == np.uint8
        assert got.labels.dtype == np.int64 and got.permutation is None
        np.testing.assert_array_equal(got.labels, [r[2] for r in recordings])
        np.testing.assert_array_equal(got.speakers, [r[3] for r in recordings])
        want = [binned(r[0], heidelberg.step_at((r[1] / 2000).astype(np.float16 if name == "shd" else float)
                                                .astype(float)), 100) for r in recordings]
        np.testing.assert_array_equal(got.values, want)
        assert 0.001 < got.values.mean() < 0.5


@untrusted
def test_order_and_repetition_of_events_do_not_matter_and_more_steps_only_add(tmp_path):
    recordings = spoken()
    rng = np.random.default_rng(5)
    shuffled = []
    for channel, tick, *rest in recordings:
        order = rng.permutation(np.repeat(np.arange(len(tick)), 2))
        shuffled.append((channel[order], tick[order], *rest))
    arrays = regenerated_arrays(shuffled)
    assert (np.diff(arrays["ticks"].astype(int)) < 0).any()
    a = load("shd-regen", "test", write_regenerated(tmp_path / "a", regenerated_arrays(recordings)))
    b = load("shd-regen", "test", write_regenerated(tmp_path / "b", arrays))
    np.testing.assert_array_equal(a.values, b.values)
    assert b.source["events_dropped"] == 2 * a.source["events_dropped"] > 0
    part = load("shd-regen", "test", tmp_path / "a", steps=60)
    np.testing.assert_array_equal(part.values, a.values[:, :60])
    longest = load("shd-regen", "test", tmp_path / "a", steps=140)
    assert longest.source["events_dropped"] == 0
    np.testing.assert_array_equal(longest.values[:, :100], a.values)
    refused(lambda: load("shd-regen", "test", tmp_path / "a", steps=0), "steps = 0", "steps >= 1")


@untrusted
def test_official_shd_compressed_is_the_same(tmp_path):
    path = write_official(tmp_path / "plain", spoken()) / "shd_test.h5"
    (tmp_path / "packed" / "shd").mkdir(parents=True)
    (tmp_path / "packed" / "shd" / "shd_test.h5.gz").write_bytes(gzip.compress(path.read_bytes()))
    plain, packed = load("shd", "test", tmp_path / "plain"), load("shd", "test", tmp_path / "packed")
    np.testing.assert_array_equal(plain.values, packed.values)
    np.testing.assert_array_equal(plain.speakers, packed.speakers)
    assert list(packed.source["files"]) == ["shd_test.h5.gz"]


def replace(key, array):
    def change(file):
        del file[key]
        if array is not None:
            file[key] = array
    return change


def vlen(key, number, values):
    def change(file):
        file[key][number] = values
    return change


TWO = [(np.array([5, 6]), np.array([10, 30]), 1, 0), (np.array([7, 8]), np.array([50, 70]), 2, 1)]


@pytest.mark.parametrize("change, parts", [
    (replace("labels", None), ["'labels'", "extra/speaker"]),
    (replace("extra/speaker", None), ["'extra/speaker'"]),
    (replace("spikes/times", None), ["'spikes/times'"]),
    (replace("spikes", None), ["'spikes/times'"]),
    (replace("spikes/units", np.zeros((2, 3), int)), ["spikes/units", "(2, 3)", "lists of integers"]),
    (replace("spikes/times", np.zeros(2)), ["spikes/times", "lists of floats"]),
    (replace("labels", np.array([1, 20])), ["label 20 at sample 1", "0 to 19"]),
    (replace("labels", np.array([1.0, np.nan])), ["labels", "float64"]),
    (replace("labels", np.array([1, 2, 3])), ["labels", "(3,)", "(2,)"]),
    (replace("extra/speaker", np.array([1])), ["speaker", "(1,)", "(2,)"]),
    (replace("extra/speaker", np.array([1, -1])), ["speaker", "-1"]),
    (vlen("spikes/times", 1, [0.1, np.nan]), ["time nan in recording 1", "finite"]),
    (vlen("spikes/times", 1, [0.1, np.inf]), ["time inf in recording 1", "finite"]),
    (vlen("spikes/times", 0, [-0.125, 0.2]), ["time -0.125 in recording 0", ">= 0"]),
    (vlen("spikes/units", 1, [3, 700]), ["unit 700 in recording 1", "0 to 699"]),
    (vlen("spikes/times", 1, [0.1]), ["recording 1 has 1 times but 2 units"]),
])
def test_unsound_official_files_are_refused(tmp_path, change, parts):
    write_official(tmp_path, TWO, change=change)
    refused(lambda: load("shd", "test", tmp_path), tmp_path / "shd_test.h5", *parts)


def test_lists_of_times_and_units_must_pair(tmp_path):
    def change(file):
        import h5py
        del file["spikes/units"]
        file.create_dataset("spikes/units", (3,), h5py.vlen_dtype(np.uint16))
    write_official(tmp_path, TWO, change=change)
    refused(lambda: load("shd", "test", tmp_path), "2 lists of times but 3 of units")


def test_empty_official_file_is_refused(tmp_path):
    write_official(tmp_path, [])
    refused(lambda: load("shd", "test", tmp_path), "0 recordings")


@untrusted
@given(st.data())
@settings(deadline=None, max_examples=40)
def test_no_part_of_an_hdf5_file_is_taken_for_the_whole(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("h5")
    path = write_official(folder, TWO) / "shd_test.h5"
    content = path.read_bytes()
    if data.draw(st.booleans()):
        path.unlink()
        path, content = path.with_name("shd_test.h5.gz"), gzip.compress(content)
    path.write_bytes(content[:data.draw(st.integers(0, len(content) - 1))])
    refused(lambda: load("shd", "test", folder), path, "get it again")


def test_without_h5py_the_error_names_the_extra(tmp_path, monkeypatch):
    write_official(tmp_path, TWO)
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused(lambda: load("shd", "test", tmp_path), "h5py", "pip install dmpnet[shd]")


def without(key):
    return lambda arrays: {k: v for k, v in arrays.items() if k != key}


def changed(key, function):
    return lambda arrays: arrays | {key: function(arrays[key])}


@pytest.mark.parametrize("change, parts", [
    *((without(key), [f"no array {key!r}"]) for key in ("counts", "ticks", "labels", "speaker")),
    (changed("ticks", lambda a: a[:-1]), ["counts add up to 4 events", "3 ticks"]),
    (changed("ticks", lambda a: np.append(a, 3)), ["counts add up to 4 events", "5 ticks"]),
    (changed("ticks", lambda a: np.where(a == 10, np.nan, a)), ["ticks", "float64", "whole numbers"]),
    (changed("ticks", lambda a: a.astype(int) - 20), ["ticks goes down to -10"]),
    (changed("ticks", lambda a: a[:, None]), ["ticks", "(4, 1)", "(any,)"]),
    (changed("counts", lambda a: a[:, :-1]), ["counts", "(2, 699)", "(any, 700)"]),
    (changed("counts", lambda a: a * 1.5), ["counts", "float64"]),
    (changed("counts", lambda a: a.astype(int) - 1), ["counts goes down to -1"]),
    (changed("labels", lambda a: a + 19), ["label 20 at sample 0", "0 to 19"]),
    (changed("labels", lambda a: a[:1]), ["labels", "(1,)", "(2,)"]),
    (changed("labels", lambda a: a.astype("U2")), ["labels", "<U2"]),
    (changed("speaker", lambda a: a[:1]), ["speaker", "(1,)", "(2,)"]),
    (changed("counts", lambda a: a.astype(object)), ["pickled", "never"]),
    (lambda arrays: {key: a[:0] for key, a in arrays.items()}, ["0 recordings"]),
])
def test_unsound_regenerated_files_are_refused(tmp_path, change, parts):
    write_regenerated(tmp_path, change(regenerated_arrays(TWO)))
    refused(lambda: load("shd-regen", "test", tmp_path), tmp_path / "shd_regen_test_halfms.npz", *parts)


@pytest.mark.parametrize("content", [b"", b"no archive", np.random.default_rng(0).bytes(500)])
def test_regenerated_file_must_be_an_archive(tmp_path, content):
    (tmp_path / "shd_regen_test_halfms.npz").write_bytes(content)
    refused(lambda: load("shd-regen", "test", tmp_path), "shd_regen_test_halfms.npz")


def test_pickles_and_bare_arrays_are_not_archives(tmp_path):
    path = tmp_path / "shd_regen_test_halfms.npz"
    np.array([{"a": 1}], object).dump(path)
    refused(lambda: load("shd-regen", "test", tmp_path), "pickled")
    with open(path, "wb") as file:
        np.save(file, np.arange(3))
    refused(lambda: load("shd-regen", "test", tmp_path), "a single array")


@untrusted
@given(st.data())
@settings(deadline=None, max_examples=100)
def test_damaged_archives_are_refused_or_harmless(tmp_path_factory, data):
    """Cut anywhere: refused. A byte changed anywhere: refused, or the very same recordings."""
    folder = write_regenerated(tmp_path_factory.mktemp("npz"), regenerated_arrays(spoken(3)))
    path, whole = folder / "shd_regen_test_halfms.npz", load("shd-regen", "test", folder)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(content[:at])
        refused(lambda: load("shd-regen", "test", folder), path)
        return
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        got = load("shd-regen", "test", folder)
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        np.testing.assert_array_equal(got.values, whole.values)
        np.testing.assert_array_equal(got.labels, whole.labels)


def test_sound_files_of_another_size_are_reported(tmp_path):
    write_regenerated(tmp_path, regenerated_arrays(TWO))
    write_official(tmp_path, TWO)
    for name in ("shd", "shd-regen"):
        with pytest.warns(UserWarning, match=f"not results on {name}"):
            assert load(name, "test", tmp_path).source["verified"] is False


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_regenerated_recordings(data_folder, split):
    folder = data_folder("shd-regen", split)
    got = load("shd-regen", split, folder)
    assert got.source["verified"] is True and len(got) == DATASETS["shd-regen"].samples[split]
    assert set(np.unique(got.labels)) == set(range(20))
    held_out = np.isin(got.speakers, (4, 5))
    assert held_out.sum() == 0 if split == "train" else held_out.mean() > 0.5
    assert 0.02 < got.values.mean() < 0.5 and (got.values.reshape(len(got), -1).max(1) == 1).all()
    with np.load(folders.find(DATASETS["shd-regen"], split, folder)[0]) as file:
        counts, ticks = file["counts"], file["ticks"]
    ends = np.cumsum(counts.sum(1, dtype=int))
    for n in (0, 1, heidelberg.CHUNK - 1, heidelberg.CHUNK, len(got) - 1):
        channel = np.repeat(np.arange(700), counts[n])
        want = binned(channel, ticks[ends[n] - len(channel):ends[n]].astype(int) // 20, 100)
        np.testing.assert_array_equal(got.values[n], want)
    assert got.source["events"] == ends[-1] and got.source["events_dropped"] == (ticks >= 2000).sum()


def test_real_training_part_splits_by_class_and_speaker(data_folder):
    recordings = load("shd-regen", "train", data_folder("shd-regen", "train"), steps=1)
    train, held = validation_split(recordings)
    assert len(held) == 815
    pairs = recordings.labels * 12 + recordings.speakers
    everyone = np.bincount(pairs, minlength=240)
    share = np.bincount(pairs[held], minlength=240)
    # 0.1 of the pair, rounded twice (class, then speaker): less than two samples off
    assert (abs(share - 0.1 * everyone) < 2).all()


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_official_shd(data_folder, split):
    pytest.importorskip("h5py")
    got = load("shd", split, data_folder("shd", split))
    assert got.source["verified"] is not False and 0.02 < got.values.mean() < 0.5


# Where files are looked for


def test_argument_goes_before_environment_before_cache(monkeypatch, tmp_path):
    assert folders.data_folder() == tmp_path / "cache"
    monkeypatch.setenv("DMPNET_DATA", str(tmp_path / "env"))
    assert folders.data_folder() == tmp_path / "env"
    assert folders.data_folder(str(tmp_path / "given")) == tmp_path / "given"
    monkeypatch.setenv("DMPNET_DATA", "")
    assert folders.data_folder() == tmp_path / "cache"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folders.data_folder("~/there") == tmp_path / "there"


@pytest.mark.parametrize("platform, variable, want", [
    ("linux", "XDG_CACHE_HOME", "set/dmpnet"), ("linux", None, ".cache/dmpnet"),
    ("darwin", None, "Library/Caches/dmpnet"), ("win32", "LOCALAPPDATA", "set/dmpnet/Cache"),
    ("win32", None, "AppData/Local/dmpnet/Cache")])
def test_cache_is_where_the_platform_wants_it(monkeypatch, tmp_path, platform, variable, want):
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "set"))
    assert files.cache_folder() == tmp_path / want


@untrusted
def test_environment_folder_is_read(monkeypatch, tmp_path):
    write_digits(tmp_path / "MNIST" / "raw", *digits())
    monkeypatch.setenv("DMPNET_DATA", str(tmp_path))
    assert len(load("smnist")) == 6


def test_missing_files_say_where_and_what_and_how(tmp_path):
    ways = ["--data", "DMPNET_DATA", "--download"]
    refused(lambda: load("smnist", "test", tmp_path / "nowhere"), "no folder", tmp_path / "nowhere", IMAGES, *ways)
    refused(lambda: load("smnist"), tmp_path / "cache", *ways)
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    refused(lambda: load("psmnist", "test", tmp_path), tmp_path / "MNIST" / "raw", IMAGES, LABELS, *ways, "mirror")
    refused(lambda: load("shd", "train", tmp_path), "shd_train.h5", "zenkelab.org", *ways)
    message = refused(lambda: load("shd-regen", "test", tmp_path), "shd_regen_test_halfms.npz", "no download")
    assert "--download" not in message


def test_images_and_labels_come_from_one_folder(tmp_path):
    images, labels = digits()
    write_digits(tmp_path, images, labels)
    (tmp_path / "mnist").mkdir()
    (tmp_path / LABELS).rename(tmp_path / "mnist" / LABELS)
    refused(lambda: load("smnist", "test", tmp_path), "not found together", LABELS)


def test_the_two_spoken_sets_are_never_mixed(tmp_path):
    write_regenerated(tmp_path / "a", regenerated_arrays(TWO), "train")
    refused(lambda: load("shd", "test", tmp_path / "a"), "files of shd-regen only", "different data sets", "zenkelab")
    write_official(tmp_path / "b" / "shd", TWO)
    refused(lambda: load("shd-regen", "train", tmp_path / "b"), "files of shd only", "different data sets")


def test_unknown_names_and_splits_list_the_known_ones():
    refused(lambda: load("mnist"), "'mnist'", *DATASETS)
    refused(lambda: load("shd", "valid"), "'valid'", "train", "test")
    refused(lambda: load("shd-regen", "subset"), "'subset'", "train, test")


# Download


class Mirror(http.server.SimpleHTTPRequestHandler):
    """A web server that, asked for a name starting with 'short', stops half way."""

    def do_GET(self):
        if not self.path.startswith("/short"):
            return super().do_GET()
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // 2])

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path):
    """(folder, address) of a server on this machine."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Mirror, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def md5(content):
    return hashlib.md5(content).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_fetch_copies_whole_files(mirror, tmp_path, scheme):
    folder, url = mirror
    content = np.random.default_rng(0).bytes(3 * download.PIECE // 2)
    (folder / "file.gz").write_bytes(content)
    target = tmp_path / "new" / "folder" / "file.gz"
    download.fetch((url if scheme == "http" else folder.as_uri() + "/") + "file.gz", target, md5(content))
    assert target.read_bytes() == content and names(target.parent) == ["file.gz"]


@pytest.mark.parametrize("name, parts", [
    ("wrong.gz", ["md5", "nothing was kept"]),
    ("short.gz", ["500 bytes", "1000 were announced"]),
    ("absent.gz", ["404"]),
])
def test_failed_downloads_leave_nothing_and_harm_nothing(mirror, tmp_path, name, parts):
    folder, url = mirror
    content = bytes(1000)
    for file in ("wrong.gz", "short.gz"):
        (folder / file).write_bytes(content if file == "short.gz" else b"other")
    target = tmp_path / "cache" / name
    refused(lambda: download.fetch(url + name, target, md5(content)), url + name, *parts, "by hand")
    assert names(target.parent) == []
    target.write_bytes(b"earlier")
    refused(lambda: download.fetch(url + name, target, md5(content)), *parts)
    assert names(target.parent) == [name] and target.read_bytes() == b"earlier"


def test_download_without_network_or_room_is_one_line(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 2.0)
    refused(lambda: download.fetch("http://127.0.0.1:9/file.gz", tmp_path / "file.gz", "0"), "127.0.0.1:9", "by hand")
    (tmp_path / "blocked").write_text("a file where the folder should be")
    (mirror[0] / "file.gz").write_bytes(b"x")
    refused(lambda: download.fetch(mirror[1] + "file.gz", tmp_path / "blocked" / "file.gz", md5(b"x")), "blocked")


def offer(monkeypatch, name, url, folder):
    """Let `name` be downloaded from `url`, where `folder` holds its test files."""
    dataset = DATASETS[name]
    test = tuple(dataclasses.replace(file, md5=md5((folder / file.name).read_bytes()))
                 for file in dataset.files["test"])
    changed = dataclasses.replace(dataset, mirror=url, files={**dataset.files, "test": test})
    monkeypatch.setitem(DATASETS, name, changed)


@untrusted
def test_load_downloads_only_when_asked_and_only_once(mirror, tmp_path, monkeypatch):
    folder, url = mirror
    images, labels = digits()
    write_digits(folder, images, labels, IMAGES + ".gz", LABELS + ".gz")
    offer(monkeypatch, "smnist", url, folder)
    refused(lambda: load("smnist"), "--download")
    got = load("smnist", download=True)
    np.testing.assert_array_equal(got.values.reshape(images.shape), images)
    assert names(tmp_path / "cache" / "mnist") == [IMAGES + ".gz", LABELS + ".gz"]
    for path in folder.iterdir():
        path.unlink()
    np.testing.assert_array_equal(load("smnist", download=True).values, got.values)
    np.testing.assert_array_equal(load("smnist").values, got.values)


@untrusted
def test_download_goes_into_the_given_folder_and_fetches_what_is_missing(mirror, tmp_path, monkeypatch):
    folder, url = mirror
    write_official(folder, spoken())
    (folder / "shd_test.h5.gz").write_bytes(gzip.compress((folder / "shd_test.h5").read_bytes()))
    offer(monkeypatch, "shd", url, folder)
    got = load("shd", "test", tmp_path / "mine", download=True)
    assert len(got) == 5 and names(tmp_path / "mine" / "shd") == ["shd_test.h5.gz"]


def test_a_download_that_fails_checks_is_no_data_set(mirror, tmp_path, monkeypatch):
    folder, url = mirror
    write_digits(folder, *digits(), IMAGES + ".gz", LABELS + ".gz")
    offer(monkeypatch, "smnist", url, folder)
    (folder / (LABELS + ".gz")).write_bytes(b"a login page")
    refused(lambda: load("smnist", download=True), LABELS, "md5")
    assert names(tmp_path / "cache" / "mnist") == [IMAGES + ".gz"]
    refused(lambda: load("smnist"), "not found together")


def test_regenerated_set_is_not_offered(tmp_path):
    refused(lambda: load("shd-regen", "test", tmp_path, download=True), "not offered", "--data")


# The catalogue and the package


@pytest.mark.parametrize("name", DATASETS)
def test_catalogue_describes_what_load_gives(name, tmp_path):
    dataset = DATASETS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        write_digits(tmp_path, *digits())
        write_regenerated(tmp_path, regenerated_arrays(TWO))
        if name == "shd":
            write_official(tmp_path, TWO)
        got = load(name, "test", tmp_path)
    assert got.values.shape[1:] == (dataset.T, dataset.channels)
    assert (got.kind, got.classes, got.dt) == (dataset.kind, dataset.classes, dataset.dt)
    assert set(dataset.files) == {"train", "test"} <= set(dataset.splits) == set(dataset.samples)
    source = json.loads(json.dumps(got.source))
    assert source["licence"] == dataset.licence and source["attribution"] == dataset.attribution
    for file, sum_ in source["files"].items():
        assert sum_ == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    assert str(tmp_path) not in json.dumps(source), "a path of this machine in the provenance"


def test_notice_ships_with_the_subset():
    notice = (Path(data.__file__).parent / "NOTICE.md").read_text()
    for part in (mnist.SUBSET, "LeCun", "Cortes", "Burges", "first 1,000", "ShareAlike 3.0", "Changes"):
        assert part in notice


def test_import_brings_nothing_heavy():
    """dmpnet.data alone, without what dmpnet/__init__.py may import."""
    folder = str(Path(data.__file__).parents[1])
    code = (f"import sys, types; package = types.ModuleType('dmpnet'); package.__path__ = [{folder!r}]; "
            "sys.modules['dmpnet'] = package; import dmpnet.data; "
            "print(*{'torch', 'brian2', 'h5py', 'scipy', 'matplotlib'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
