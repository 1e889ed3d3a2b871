"""Spoken digits: official SHD and shd-regen, binned alike."""

import gzip
import struct
import sys
from functools import partial

import numpy as np
import pytest
from data_files import (
    TWO,
    binned,
    changed,
    data_folder,
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    spoken,
    untrusted,
    without,
    write_official,
    write_regenerated,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.data import DATASETS, cells, folders, heidelberg, load, validation_split
from dmpnet.errors import DataError

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
    late, events = sum(tick >= 20 * T for each in lists for _, tick in each), sum(map(len, lists))
    for name in ("shd-regen", "shd"):
        if 0 < events == late or (T >= 100 and late > 0.75 * events):
            refused(partial(load, name, "test", folder, steps=T), f"{late} of {events} events", "unit")
            continue
        got = load(name, "test", folder, steps=T)
        np.testing.assert_array_equal(got.values, want)
        assert (got.source["events"], got.source["events_dropped"]) == (events, late)


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
    recordings = spoken(n=cells.CHUNK + 3, events=40)
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
    refused(lambda: load("shd", "test", tmp_path), "h5py", "pip install '.[shd]' in a clone")


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
def test_real_regenerated_recordings(split):
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
    for n in (0, 1, cells.CHUNK - 1, cells.CHUNK, len(got) - 1):
        channel = np.repeat(np.arange(700), counts[n])
        want = binned(channel, ticks[ends[n] - len(channel):ends[n]].astype(int) // 20, 100)
        np.testing.assert_array_equal(got.values[n], want)
    assert got.source["events"] == ends[-1] and got.source["events_dropped"] == (ticks >= 2000).sum()


def test_real_training_part_splits_by_class_and_speaker():
    recordings = load("shd-regen", "train", data_folder("shd-regen", "train"), steps=1)
    train, held = validation_split(recordings)
    assert len(held) == 815
    pairs = recordings.labels * 12 + recordings.speakers
    everyone = np.bincount(pairs, minlength=240)
    share = np.bincount(pairs[held], minlength=240)
    # 0.1 of the pair, rounded twice (class, then speaker): less than two samples off
    assert (abs(share - 0.1 * everyone) < 2).all()


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_official_shd(split):
    pytest.importorskip("h5py")
    got = load("shd", split, data_folder("shd", split))
    assert got.source["verified"] is not False and 0.02 < got.values.mean() < 0.5


@untrusted
@pytest.mark.parametrize("number, length", [(0, 0), (0, 15), (1, 2**64 - 16), (1, 2**63)])
def test_a_heap_in_which_the_library_takes_no_step(tmp_path, number, length):
    """HDF5 itself never returns from reading such lists (free space of size 0)."""
    pytest.importorskip("h5py")
    path = write_official(tmp_path, TWO) / "shd_test.h5"
    content = bytearray(path.read_bytes())
    at = content.index(b"GCOL\x01\0\0\0") + 16
    content[at:at + 16] = struct.pack("<H6xQ", number, length)
    path.write_bytes(content)
    refused(lambda: load("shd", "test", tmp_path), path, "HDF5")
