"""QT database: the input as the file holds it, a label at every step, and nothing unsound read."""

import numpy as np
import pytest
from data_files import (
    beats,
    changed,
    data_folder,
    no_settings,  # noqa: F401
    refused,
    untrusted,
    without,
    write_qtdb,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.data import DATASETS, load, validation_split
from dmpnet.errors import DataError, DataWarning


@untrusted
def test_input_and_labels_are_those_of_the_file(tmp_path):
    arrays = beats()
    got = load("qtdb", "test", write_qtdb(tmp_path, arrays))
    assert (got.kind, got.classes, got.dt, got.scale) == ("analog", 6, 0.004, 1.0)
    assert got.values.dtype == np.int8 and got.labels.dtype == np.int64 and got.labels.shape == (4, 1301)
    for dtype in (np.float64, np.float32):
        s_in = got.batch(slice(None), dtype)
        assert s_in.dtype == dtype and set(np.unique(s_in)) == {-1, 0, 1}
        np.testing.assert_array_equal(s_in, arrays["x"])
    labelled = arrays["y"].any(2)
    np.testing.assert_array_equal(got.labels[labelled], np.argwhere(arrays["y"])[:, 2])
    assert (got.labels[~labelled] == 0).all() and set(np.unique(got.labels)) == set(range(6))
    assert got.source["steps_unlabelled"] == 4 * 51 and got.source["end_marks"] == 4
    part = got.take([2, 0])
    np.testing.assert_array_equal(part.labels, got.labels[[2, 0]])
    np.testing.assert_array_equal(part.values, got.values[[2, 0]])


@untrusted
def test_steps_are_the_first_ones(tmp_path):
    folder = write_qtdb(tmp_path, beats())
    whole, part = load("qtdb", "test", folder), load("qtdb", "test", folder, steps=300)
    np.testing.assert_array_equal(part.values, whole.values[:, :300])
    np.testing.assert_array_equal(part.labels, whole.labels[:, :300])
    assert part.source["end_marks"] == part.source["steps_unlabelled"] == 0
    for steps in (0, -1, 1302):
        refused(lambda steps=steps: load("qtdb", "test", folder, steps=steps), f"steps = {steps}", "1 to 1301")


def test_one_file_that_is_missing_is_not_missing_together(tmp_path):
    message = refused(lambda: load("qtdb", "test", tmp_path), "QTDB_test.mat not found in")
    assert "together" not in message


@untrusted
def test_train_and_test_are_different_files(tmp_path):
    write_qtdb(tmp_path, beats(3, 1), "train")
    write_qtdb(tmp_path / "QTDB", beats(5, 2))
    assert len(load("qtdb", "train", tmp_path)) == 3 and len(load("qtdb", "test", tmp_path)) == 5


@untrusted
def test_validation_holds_out_whole_recordings(tmp_path):
    recordings = load("qtdb", "train", write_qtdb(tmp_path, beats(40), "train"), steps=5)
    train, held = validation_split(recordings, 0.1, 3)
    assert len(held) == 4
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(40))
    assert not np.array_equal(held, validation_split(recordings, 0.1, 4)[1])
    refused(lambda: validation_split(recordings, by="speaker"), "qtdb train", "nobody speaks", "'class'")


def at(index, value, dtype=None):
    def change(array):
        array = array.astype(dtype or array.dtype)
        array[index] = value
        return array
    return change


@pytest.mark.parametrize("change, parts", [
    *((without(key), [f"no array {key!r}", "x, y"]) for key in ("x", "y", "t", "max_i")),
    (changed("t", at((1, 5), 6)), ["t does not count the steps from 0 to 1300"]),
    (changed("max_i", at((1, 0), 1300)), ["max_i is not 1301"]),
    (changed("t", lambda a: a[:, 1:]), ["t is uint16 (4, 1300)"]),
    (changed("x", at((1, 7, 2), 2)), ["x = 2 at sample 1 step 7", "-1, 0, 1"]),
    (changed("x", at((1, 7, 2), np.nan, float)), ["x = nan at sample 1 step 7"]),
    (changed("x", at((1, 7, 2), 0.5, float)), ["x = 0.5"]),
    (changed("y", at((2, 9, 0), 6)), ["y = 6 at sample 2 step 9", "0, 1"]),
    (changed("y", at((2, 9), 1)), ["several classes at sample 2 step 9"]),
    (changed("y", at((2, 9, 0), np.nan, float)), ["y = nan"]),
    (changed("x", lambda a: a[:, :-1]), ["x is int16 (4, 1300, 4)", "(4, 1301, 4)"]),
    (changed("x", lambda a: a[..., :3]), ["x is int16 (4, 1301, 3)"]),
    (changed("x", lambda a: a[0]), ["x is int16 (1301, 4)"]),
    (changed("x", lambda a: a[:0]), ["x is", "(0, 1301, 4)"]),
    (changed("y", lambda a: a[:-1]), ["y is uint8 (3, 1301, 6)", "(4, 1301, 6)"]),
    (changed("y", lambda a: a.argmax(2)), ["y is int64 (4, 1301)"]),
    (changed("x", lambda a: {"a": 1}), ["x is", "numbers"]),
    (changed("y", lambda a: "text"), ["y is", "numbers"]),
])
def test_unsound_files_are_refused(tmp_path, change, parts):
    write_qtdb(tmp_path, change(beats()))
    refused(lambda: load("qtdb", "test", tmp_path), tmp_path / "QTDB_test.mat", *parts)


@pytest.mark.parametrize("content", [b"", b"no matrix", np.random.default_rng(0).bytes(500), b"\x89HDF\r\n\x1a\n" * 99])
def test_other_files_are_no_matlab_files(tmp_path, content):
    (tmp_path / "QTDB_test.mat").write_bytes(content)
    refused(lambda: load("qtdb", "test", tmp_path), tmp_path / "QTDB_test.mat", "MATLAB", "get it again")


def test_pickles_are_not_loaded(tmp_path):
    path = tmp_path / "QTDB_test.mat"
    np.array([{"a": 1}], object).dump(path)
    refused(lambda: load("qtdb", "test", tmp_path), path, "MATLAB")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return (write_qtdb(tmp_path_factory.mktemp("mat"), beats(2)) / "QTDB_test.mat").read_bytes()


@untrusted
@given(st.data())
@settings(max_examples=60)
def test_damaged_files_are_refused_or_harmless(tmp_path_factory, sound, data):
    """Cut anywhere: refused. A byte changed: refused, or the very same recordings."""
    folder = tmp_path_factory.mktemp("mat")
    path, content = folder / "QTDB_test.mat", bytearray(sound)
    where = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(content[:where])
        refused(lambda: load("qtdb", "test", folder), path)
        return
    content[where] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    want = beats(2)
    try:
        got = load("qtdb", "test", folder)
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        np.testing.assert_array_equal(got.values, want["x"])
        np.testing.assert_array_equal(got.labels, want["y"].argmax(2))


@pytest.mark.parametrize("split, unlabelled", [("train", 0.082), ("test", 0.104)])
def test_real_recordings(split, unlabelled):
    with pytest.warns(DataWarning) as told:  # and of nothing else
        got = load("qtdb", split, data_folder("qtdb", split))
    assert [f"{100 * unlabelled:.1f} %, and count as class 0" in str(each.message) for each in told] == [True]
    n = len(got)
    assert got.source["verified"] is True and n == DATASETS["qtdb"].samples[split]
    assert abs(got.source["steps_unlabelled"] / (1301 * n) - unlabelled) < 0.001
    np.testing.assert_array_equal(np.argwhere(got.values < 0), [(sample, 1300, 0) for sample in range(n)])
    up_or_down = (got.values > 0).reshape(n, 1301, 2, 2)  # a lead crosses a level one way at a time
    assert not up_or_down.all(3).any() and up_or_down.any((0, 1)).all()
    # a heart goes through its phases in order: P, PQ, QR, RS, ST, TP, P; what nobody labelled counts as P
    before, after = got.labels[:, :-1], got.labels[:, 1:]
    moves = (after - before)[after != before] % 6
    assert (moves == 1).mean() > 0.95
    # 250 Hz: from one QR to the next 0.3 to 2 s, 30 to 200 beats a minute; 60 to 80 in the middle
    beat = np.concatenate([np.diff(np.flatnonzero((b != 2) & (a == 2))) for b, a in zip(before, after, strict=True)])
    assert 0.75 < got.dt * np.median(beat) < 1.0
    assert np.mean((got.dt * beat > 0.3) & (got.dt * beat < 2)) > 0.99
    assert 0.05 < (got.values > 0).mean() < 0.1
