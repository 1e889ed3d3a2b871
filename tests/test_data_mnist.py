"""MNIST: idx files, the subset that ships, the order of the pixels."""

import gzip
import math
import random
import struct
import warnings

import numpy as np
import pytest
from data_files import (
    IMAGES,
    LABELS,
    data_folder,
    digits,
    idx,
    no_settings,  # noqa: F401
    refused,
    untrusted,
    write_digits,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.data import DATASETS, archive, folders, load, mnist
from dmpnet.disk.files import digest_of

SUBSET_SHA256 = "433b45373ea5854af220ecaa5779542557e32a893fbaf90aa26d1e31123335de"
"""Of the subset's images and labels, one after the other: no zip library's doing changes it."""


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
    assert digest_of(subset.values, subset.labels.astype(np.uint8)) == SUBSET_SHA256
    np.testing.assert_array_equal(subset.labels[:10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])  # in every tutorial
    share = np.bincount(subset.labels, minlength=10)
    # 10 classes of about 100: five binomial standard deviations, sqrt(1000 * 0.1 * 0.9) = 9.5
    assert abs(share - 100).max() < 48
    ink = subset.values.reshape(-1, 28, 28) > 0
    for side in (1, 2):  # MNIST digits were scaled to fit 20 x 20 pixels
        lines = np.array([np.ptp(np.flatnonzero(profile)) + 1 for profile in ink.any(side)])
        assert lines.max() == 20


def test_subset_is_the_start_of_the_official_test_set():
    whole, subset = load("smnist", "test", data_folder("smnist", "test")), load("smnist", "subset")
    np.testing.assert_array_equal(subset.values, whole.values[:1000])
    np.testing.assert_array_equal(subset.labels, whole.labels[:1000])


def test_subset_file_is_what_write_subset_makes(tmp_path):
    files = folders.find(DATASETS["smnist"], "test", data_folder("smnist", "test"))
    mnist.write_subset(files, tmp_path / "subset.npz")
    made = archive.read(tmp_path / "subset.npz", ("images", "labels"))
    assert digest_of(made["images"], made["labels"]) == SUBSET_SHA256


def test_altered_subset_is_refused(monkeypatch, tmp_path):
    images, labels, _ = mnist.read_subset(*folders.shipped("smnist"))
    images[500, 14, 14] ^= 1
    np.savez_compressed(tmp_path / mnist.SUBSET, images=images, labels=labels)
    monkeypatch.setattr(folders, "HERE", tmp_path)
    refused(lambda: load("smnist", "subset"), mnist.SUBSET, "differ", "reinstall")
    (tmp_path / mnist.SUBSET).unlink()
    refused(lambda: load("smnist", "subset"), mnist.SUBSET, "missing", "reinstall")


@pytest.mark.parametrize("split", ["train", "test"])
def test_official_mnist(split):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = load("smnist", split, data_folder("smnist", split))
    assert got.source["verified"] is True
    assert len(got) == DATASETS["smnist"].samples[split]
    share = np.bincount(got.labels, minlength=10) / len(got)
    assert 0.08 < share.min() and share.max() < 0.12
