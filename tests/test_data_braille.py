"""Braille letters: pressure as the file holds it, the same repetitions of every letter for test."""

import gc
import warnings

import numpy as np
import pytest
from data_files import (
    changed,
    data_folder,
    letters,
    no_settings,  # noqa: F401
    refused,
    untrusted,
    without,
    write_braille,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.data import DATASETS, braille, load, validation_split


@untrusted
@pytest.mark.parametrize("order", ["by letter", "shuffled"])
def test_parts_are_the_same_repetitions_of_every_letter(tmp_path, order):
    arrays = letters()
    if order == "shuffled":
        some = np.random.default_rng(1).permutation(270)
        arrays |= {key: arrays[key][some] for key in ("x", "y", "repetition")}
    folder = write_braille(tmp_path, arrays)
    ours = np.isin(arrays["repetition"], (4, 9))
    for split, rows in (("test", ours), ("train", ~ours)):
        got = load("braille", split, folder)
        assert (got.kind, got.classes, got.dt, got.scale) == ("analog", 27, 0.025, 1 / 255)
        assert got.values.dtype == np.uint8 and got.labels.dtype == np.int64 and got.speakers is None
        np.testing.assert_array_equal(got.batch(slice(None)), (255 - arrays["x"][rows].astype(int)) / 255.0)
        np.testing.assert_array_equal(got.labels, arrays["y"][rows])
        np.testing.assert_array_equal(np.bincount(got.labels), np.full(27, rows.sum() // 27))
        assert got.source["classes"][19] == "Space" and got.source["classes"][20] == "T"


def test_one_repetition_in_five_is_test():
    assert np.flatnonzero(braille.is_test(np.arange(50))).tolist() == [4, 9, 14, 19, 24, 29, 34, 39, 44, 49]


@untrusted
def test_steps_are_the_first_ones(tmp_path):
    arrays = letters(steps=90)
    folder = write_braille(tmp_path, arrays)
    test = arrays["repetition"] % 5 == 4
    for steps, T in ((None, 76), (10, 10), (90, 90)):
        np.testing.assert_array_equal(load("braille", "test", folder, steps=steps).values, 255 - arrays["x"][test, :T])
    for steps in (0, 91):
        refused(lambda steps=steps: load("braille", "test", folder, steps=steps), f"steps = {steps}", "1 to 90")
    write_braille(tmp_path, letters(steps=51))
    assert load("braille", "test", folder).values.shape == (54, 51, 12)


@pytest.mark.parametrize("change, parts", [
    *((without(key), [f"no array {key!r}"]) for key in ("x", "y", "names", "repetition")),
    (changed("x", lambda a: a / 255), ["x is float64", "whole numbers"]),
    (changed("x", lambda a: np.where(a == a[0, 0, 0], np.nan, a)), ["x is float64"]),
    (changed("x", lambda a: a[..., :11]), ["x has shape (270, 76, 11)", "(any, any, 12)"]),
    (changed("x", lambda a: a.astype(int) - 1), ["x goes down to -1"]),
    (changed("x", lambda a: a.astype(int) + 1), ["x reaches 256", "8 bits"]),
    (changed("x", lambda a: a[:, :0]), ["x has shape (270, 0, 12)", "at least one"]),
    (changed("y", lambda a: a[:-1]), ["y has shape (269,)", "(270,)"]),
    (changed("y", lambda a: a + 1), ["label 27 at sample 260", "0 to 26"]),
    (changed("repetition", lambda a: a[:-1]), ["repetition has shape (269,)"]),
    (changed("repetition", lambda a: a - 1.0), ["repetition is float64"]),
    (changed("repetition", lambda a: a // 2), ["135 recordings have the letter and repetition of another"]),
    (changed("names", lambda a: a[:-1]), ["names are", "(26,)", "27"]),
    (changed("names", lambda a: a.astype(object)), ["pickled", "never"]),
    (lambda arrays: arrays | {k: arrays[k][arrays["repetition"] < 4] for k in ("x", "y", "repetition")},
     ["0 recordings of the test part"]),
])
def test_unsound_files_are_refused(tmp_path, change, parts):
    write_braille(tmp_path, change(letters()))
    refused(lambda: load("braille", "test", tmp_path), tmp_path / "braille_letters.npz", *parts)


def test_the_official_pickle_is_not_loaded(tmp_path):
    path = tmp_path / "braille_letters.npz"
    np.array([{"taxel_data": [], "letter": "A"}], object).dump(path)
    refused(lambda: load("braille", "test", tmp_path), path, "pickled", "never")


@given(st.data())
@settings(max_examples=30)
def test_no_part_of_the_file_is_taken_for_the_whole(tmp_path_factory, data):
    folder = write_braille(tmp_path_factory.mktemp("npz"), letters(5, steps=2))
    path = folder / "braille_letters.npz"
    content = path.read_bytes()
    path.write_bytes(content[:data.draw(st.integers(0, len(content) - 1))])
    refused(lambda: load("braille", "test", folder), path)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_file_is_closed_again(tmp_path):
    path = write_braille(tmp_path, letters(5, steps=2)) / "braille_letters.npz"
    path.write_bytes(path.read_bytes()[:-9])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        refused(lambda: load("braille", "test", tmp_path), path)
        gc.collect()


def test_real_letters():
    folder = data_folder("braille", "test")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train, test = load("braille", "train", folder), load("braille", "test", folder)
    assert train.source["verified"] is test.source["verified"] is True
    for got, each in ((train, 40), (test, 10)):
        np.testing.assert_array_equal(np.bincount(got.labels), np.full(27, each))
        assert len(got) == DATASETS["braille"].samples[got.split] and got.values.shape[1:] == (76, 12)
    seen = {clip.tobytes() for clip in train.values}
    assert len(seen) == 1080 and not seen & {clip.tobytes() for clip in test.values}
    sensors = np.ptp(train.values.reshape(-1, 12), axis=0)
    assert np.flatnonzero(sensors).tolist() == [1, 2, 6, 10] and sensors.max() > 50
    _, held = validation_split(train)
    assert set(np.bincount(train.labels[held], minlength=27)) == {4}
    # the classes are told apart: the nearest of 27 mean letters is right far more often than 1 in 27
    means = np.stack([train.batch(train.labels == letter).mean(0) for letter in range(27)])
    nearest = [np.square(means - clip).sum((1, 2)).argmin() for clip in test.batch(slice(None))]
    assert np.mean(nearest == test.labels) > 0.5
