"""Digits spoken and seen: the same digit in ear and eye, the same pairs in all three sets."""

import json
import warnings

import numpy as np
import pytest
from data_files import (
    TWO,
    data_folder,
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    seen,
    spoken,
    untrusted,
    write_bins,
    write_nmnist,
    write_regenerated,
)
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.data import DATASETS, cells, digits, load, validation_split

NAMES = ("digits-both", "digits-heard", "digits-seen")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """2 chunks of clips and 3 looks at every digit, in both parts."""
    folder = tmp_path_factory.mktemp("digits")
    for split, seed in (("train", 1), ("test", 2)):
        write_regenerated(folder, regenerated_arrays(spoken(cells.CHUNK + 5, events=60, seed=seed)), split)
    return write_nmnist(folder, seen(60, labels=np.arange(60) % 10), np.arange(60) < 30)


@untrusted
@pytest.mark.parametrize("split", ["train", "test"])
def test_ear_and_eye_have_the_same_digit(folder, split):
    clips = load("shd-regen", split, folder)
    looks = load("nmnist", split, folder)
    both, heard, seen_ = (load(name, split, folder) for name in NAMES)
    assert both.values.shape == (len(clips), 100, 718) and both.values.dtype == np.uint8
    for got in (both, heard, seen_):
        assert (got.kind, got.classes, got.dt) == ("spikes", 10, 0.01)
        np.testing.assert_array_equal(got.labels, clips.labels % 10)
        np.testing.assert_array_equal(got.speakers, clips.speakers)
    np.testing.assert_array_equal(both.values[:, :, :140], clips.values)
    np.testing.assert_array_equal(heard.values[:, :, :140], clips.values)
    np.testing.assert_array_equal(seen_.values[:, :, 140:], both.values[:, :, 140:])
    assert not heard.values[:, :, 140:].any() and not seen_.values[:, :, :140].any()
    # 30 steps of 10 ms and 100 of 3 ms are the same 300 ms: the same channels are ever 1
    pixels, shapes = both.values[:, :30, 140:].any(1), looks.values.any(1)
    same = (pixels[:, None] == shapes[None]).all(2)
    assert (same.sum(1) == 1).all(), "each pair has one look, and no two looks are alike"
    np.testing.assert_array_equal(looks.labels[same.argmax(1)], both.labels)
    assert 0.001 < both.values.mean() < 0.5


@untrusted
def test_an_event_is_seen_in_its_step_of_10_ms(tmp_path):
    clip = (np.array([5]), np.array([10]), 13, 7)
    write_regenerated(tmp_path, regenerated_arrays([clip]))
    ms = np.array([0, 9, 10, 299, 300, 312, 399])
    look = (np.arange(7) % 2, np.full(7, 33), np.arange(7), ms, 3)
    write_nmnist(tmp_path, [look], [True])
    got = load("digits-both", "test", tmp_path)
    want = np.zeros((100, 718), np.uint8)
    want[0, 1] = 1
    want[ms // 10, 140 + 289 * (np.arange(7) % 2) + 17 * 16 + np.arange(7) // 2] = 1
    np.testing.assert_array_equal(got.values[0], want)
    assert got.labels.tolist() == [3] and got.speakers.tolist() == [7]
    short = load("digits-both", "test", tmp_path, steps=20)
    np.testing.assert_array_equal(short.values[0], want[:20])
    np.testing.assert_array_equal(load("digits-both", "test", tmp_path, steps=120).values[0, :100], want)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=80), st.integers(1, 12),
       st.booleans())
def test_pairs_are_fair_and_keep_speakers_apart(samples, each, spoken):
    digit, speaker = np.array(samples).T
    shown = np.random.default_rng(len(samples)).permutation(np.repeat(np.arange(3), each))
    partner = digits.pairs(digit, speaker if spoken else None, shown, "file")
    np.testing.assert_array_equal(shown[partner], digit)
    np.testing.assert_array_equal(digits.pairs(digit, speaker if spoken else None, shown, "file"), partner)
    groups = speaker if spoken else np.zeros(len(digit), int)
    for d in range(3):
        sizes = np.bincount(groups[digit == d])
        shares = [set(partner[(digit == d) & (groups == g)]) for g in np.unique(groups[digit == d])]
        if all(each * size >= sizes.sum() for size in sizes[sizes > 0]):  # a look at least for every speaker
            assert sum(map(len, shares)) == len(set().union(*shares)), "one look goes to two speakers"
        for g in np.unique(groups[digit == d]):
            used = np.unique(partner[(digit == d) & (groups == g)], return_counts=True)[1]
            assert np.ptp(used) <= 1, "a look is used more often than another"


@pytest.mark.parametrize("partner, speakers, told", [
    ([4, 4, 1, 7, 4], [0, 0, 3, 3, 0], "3 images, each used 1 to 3 times, 0 by more"),
    ([4, 4, 1, 7, 4], [0, 1, 3, 3, 0], "3 images, each used 1 to 3 times, 1 by more"),
    ([4, 4], None, "1 images, each used 2 to 2 times, 0 by more"),
])
def test_what_is_said_of_the_pairs_is_counted(partner, speakers, told):
    assert digits._dealt(np.array(partner), None if speakers is None else np.array(speakers)).startswith(told)


@untrusted
def test_the_eye_reads_the_official_folders_too(tmp_path, folder):
    clips = folder / "shd_regen_test_halfms.npz"
    (tmp_path / "shd-regen").mkdir()
    (tmp_path / "shd-regen" / clips.name).write_bytes(clips.read_bytes())
    looks = seen(30, labels=np.arange(30) // 3)
    write_bins(tmp_path / "nmnist", looks)
    got = load("digits-both", "test", tmp_path)
    assert set(got.source["files"]) == {clips.name, "Test/"}
    write_nmnist(tmp_path / "other", looks, np.ones(30, bool))
    (tmp_path / "other" / clips.name).write_bytes(clips.read_bytes())
    np.testing.assert_array_equal(load("digits-both", "test", tmp_path / "other").values, got.values)


def test_both_sets_must_be_there(tmp_path):
    refused(lambda: load("digits-seen", "test", tmp_path), "digits-seen is made of shd-regen and nmnist",
            "shd_regen_test_halfms.npz", "no download")
    write_regenerated(tmp_path, regenerated_arrays(TWO))
    refused(lambda: load("digits-heard", "test", tmp_path), "nmnist_6k_1ms.npz (not public) or Test")
    refused(lambda: load("digits-heard", "test", tmp_path, download=True), "not offered", "--data")


@untrusted
def test_a_digit_never_seen_is_refused(tmp_path):
    write_regenerated(tmp_path, regenerated_arrays(TWO))
    write_nmnist(tmp_path, seen(3, labels=[1, 3, 4]), [True] * 3)
    refused(lambda: load("digits-both", "test", tmp_path), "nmnist_6k_1ms.npz", "no recording of digit 2")


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_pairs(split):
    where = data_folder("digits-both", split)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = load("digits-both", split, where)
    assert len(got) == DATASETS["digits-both"].samples[split] and got.source["verified"] in (True, None)
    assert {"shd_regen_" + split + "_halfms.npz"} < set(json.loads(json.dumps(got.source))["files"])
    ear, eye = got.values[:, :, :140], got.values[:, :, 140:]
    # an image lasts 0.31 s; all but a few of the voices go on
    assert eye[:, 29].any() and not eye[:, 32:].any() and ear[:, 32:].any((1, 2)).mean() > 0.99
    assert eye.any((1, 2)).all() and 0.01 < got.values.mean() < 0.1
    used = {"train": "5000 images, each used 1 to 2 times, 0", "test": "1000 images, each used 1 to 4 times, 10"}[split]
    assert got.source["pairs"].endswith(f"; {used} by more than one speaker")
    if split == "train":
        looks = np.array([hash(look.tobytes()) for look in eye[:, :31]])
        train, held = validation_split(got, 0.1, by="speaker")
        assert not set(got.speakers[train]) & set(got.speakers[held])
        assert not set(looks[train]) & set(looks[held]), "an image of the validation part was trained on"
        train, held = validation_split(got, 0.1)
        assert set(looks[train]) & set(looks[held]), "by class there is overlap, or the test above shows nothing"
