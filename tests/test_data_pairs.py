"""Two digits in a row: what a pair is made of, that no image serves twice, that both answers are as frequent."""

import numpy as np
import pytest
from data_files import digits, no_settings, refused, untrusted, write_digits  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dmpnet.data import load, pairs


@given(arrays.arrays(np.uint8, (3, 28, 28)))
def test_a_small_pixel_is_the_mean_of_four(images):
    small = pairs.smaller(images)
    for row, column in ((0, 0), (5, 9), (13, 13)):
        mean = images[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean(axis=(1, 2))
        assert (np.abs(small[:, row, column] - mean) <= 0.5).all()


@given(st.integers(2, 300), st.integers(0, 100))
@settings(deadline=None)
def test_no_image_serves_twice(n, seed):
    first, second = pairs.paired(np.random.RandomState(seed).randint(0, 10, n))
    used = np.concatenate([first, second])
    assert len(first) == len(second) == n // 2 and len(set(used)) == len(used)


def test_half_of_the_pairs_are_the_same_digit():
    labels = np.random.RandomState(1).randint(0, 10, 20000)
    first, second = pairs.paired(labels)
    assert np.mean(labels[first] == labels[second]) == pytest.approx(0.5, abs=0.03)  # 3 sigma of 10,000 coins: 0.015
    np.testing.assert_array_equal(first, pairs.paired(labels)[0])


@untrusted
def test_pairs_are_read_digit_after_digit(tmp_path):
    images, labels = digits(10, 3)
    write_digits(tmp_path, images, labels)
    got = load("smnist-pairs", "test", tmp_path)
    first, second = pairs.paired(labels)
    assert got.values.shape == (5, 392, 1) and got.classes == 2 and got.kind == "analog"
    small = pairs.smaller(images).reshape(10, 196)
    np.testing.assert_array_equal(got.values[:, :196, 0], small[first])
    np.testing.assert_array_equal(got.values[:, 196:, 0], small[second])
    np.testing.assert_array_equal(got.labels, labels[first] == labels[second])
    refused(lambda: load("smnist-pairs", "test", tmp_path, steps=100), "steps = 100", "392")
