"""N-MNIST: an event lands in the cell its place and time say, from either source, and nothing unsound is read."""

import warnings

import numpy as np
import pytest
from data_files import (
    TWO,
    changed,
    data_folder,
    event_bytes,
    nmnist_arrays,
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    seen,
    untrusted,
    without,
    write_bins,
    write_nmnist,
    write_npz,
    write_regenerated,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.data import DATASETS, cells, folders, load, nmnist, saccades

PIXEL = st.tuples(st.integers(0, 1), st.integers(0, 33), st.integers(0, 33))
TEST = [True, False, True, True, False, False]


def pooled(recording, T, step=3):
    """One recording (T, 578), event by event."""
    values = np.zeros((T, 2, 17, 17), np.uint8)
    for polarity, y, x, ms in zip(*recording[:4], strict=True):
        if ms < step * T:
            values[ms // step, polarity, y // 2, x // 2] = 1
    return values.reshape(T, 578)


@untrusted
@given(PIXEL, st.integers(0, 2**23 - 1), st.integers(1, 120))
@settings(max_examples=40)
def test_an_event_lands_in_one_computed_cell(tmp_path_factory, pixel, microseconds, T):
    folder = tmp_path_factory.mktemp("one")
    (folder / "Test" / "4").mkdir(parents=True)
    (folder / "Test" / "4" / "00001.bin").write_bytes(event_bytes(*pixel, microseconds))
    if microseconds >= 3000 * T:
        refused(lambda: load("nmnist", "test", folder, steps=T), folder, "1 of 1 events", f"{0.003 * T:g} s", "unit")
        return
    got = load("nmnist", "test", folder, steps=T)
    polarity, y, x = pixel
    assert got.values.shape == (1, T, 578) and got.values.sum() == 1
    assert got.values[0, microseconds // 3000, 289 * polarity + 17 * (y // 2) + x // 2] == 1
    assert got.labels.tolist() == [4]
    assert (got.source["events"], got.source["events_dropped"]) == (1, 0)


@pytest.mark.parametrize("microseconds, step", [(0, 0), (2999, 0), (3000, 1), (299_999, 99)])
def test_steps_begin_every_3_ms(tmp_path, microseconds, step):
    time, channel = nmnist.parse_bin(event_bytes(1, 33, 33, microseconds), "file")
    assert time.tolist() == [microseconds] and channel.tolist() == [577]
    (tmp_path / "Test" / "0").mkdir(parents=True)
    (tmp_path / "Test" / "0" / "1.bin").write_bytes(event_bytes(1, 33, 33, microseconds))
    with pytest.warns(UserWarning, match="not results on N-MNIST"):
        values = load("nmnist", "test", tmp_path).values
    assert np.argwhere(values).tolist() == [[0, step, 577]]


@untrusted
def test_both_sources_give_the_same(tmp_path):
    recordings = seen()
    a = load("nmnist", "test", write_nmnist(tmp_path / "a", recordings, [True] * 6))
    b = load("nmnist", "test", write_bins(tmp_path / "b" / "NMNIST", recordings).parent)
    by_digit = np.argsort([r[4] for r in recordings], kind="stable")
    np.testing.assert_array_equal(a.values[by_digit], b.values)
    np.testing.assert_array_equal(a.labels[by_digit], b.labels)
    for got in (a, b):
        assert (got.kind, got.classes, got.dt, got.scale) == ("spikes", 10, 0.003, 1.0)
        assert got.labels.dtype == np.int64 and got.speakers is None and got.permutation is None
        assert got.source["events"] == 1200 and 0 < got.source["events_dropped"] < 300
        assert 0.001 < got.values.mean() < 0.5


@untrusted
def test_parts_are_what_is_test_marks_across_chunks(tmp_path):
    rng = np.random.default_rng(1)
    n = 2 * cells.CHUNK + 3
    recordings = seen(n, events=20, seed=6)
    test = rng.random(n) < 0.3
    folder = write_nmnist(tmp_path, recordings, test)
    for split, ours in (("test", test), ("train", ~test)):
        got = load("nmnist", split, folder)
        mine = [r for r, is_ours in zip(recordings, ours, strict=True) if is_ours]
        np.testing.assert_array_equal(got.values, [pooled(r, 100) for r in mine])
        np.testing.assert_array_equal(got.labels, [r[4] for r in mine])
        assert got.source["events"] == 20 * len(mine)
        assert got.source["events_dropped"] == sum((r[3] >= 300).sum() for r in mine) > 0
        assert "not the official test" in got.source["part"]


@untrusted
def test_order_and_repetition_of_events_do_not_matter_and_more_steps_only_add(tmp_path):
    recordings, rng = seen(), np.random.default_rng(7)
    again = []
    for *event, label in recordings:
        order = rng.permutation(np.repeat(np.arange(len(event[0])), 2))
        again.append((*(column[order] for column in event), label))
    a = load("nmnist", "test", write_nmnist(tmp_path / "a", recordings, [True] * 6))
    b = load("nmnist", "test", write_nmnist(tmp_path / "b", again, [True] * 6))
    np.testing.assert_array_equal(a.values, b.values)
    for T in (40, 110):
        part = load("nmnist", "test", tmp_path / "a", steps=T)
        np.testing.assert_array_equal(part.values[:, :100], a.values[:, :T])
    assert part.source["events_dropped"] == 0
    refused(lambda: load("nmnist", "test", tmp_path / "a", steps=0), "steps = 0", "3 ms", "steps >= 1")


@untrusted
def test_whole_keeps_every_pixel_in_its_place(tmp_path):
    recordings = seen()
    files = (write_nmnist(tmp_path / "a", recordings, [True] * 6),
             write_bins(tmp_path / "b" / "NMNIST", recordings).parent)
    for folder in files:
        got = load("nmnist-whole", "test", folder)
        assert got.grid == (2, 34, 34) and got.values.shape == (6, 30, 2312)
        want = np.zeros((6, 30, 2, 34, 34), np.uint8)
        in_order = recordings if folder is files[0] else sorted(recordings, key=lambda r: r[4])
        for sample, (polarity, y, x, ms, _) in zip(want, in_order, strict=True):
            keep = ms < 300
            sample[ms[keep] // 10, polarity[keep], y[keep], x[keep]] = 1
        np.testing.assert_array_equal(got.values, want.reshape(6, 30, 2312))
        assert 0.001 < got.values.mean() < 0.5 and "2 x 34 x 34 channels" in got.source["coding"]


def test_pooling_joins_2_x_2_pixels_of_one_polarity():
    polarity, y, x = np.unravel_index(np.arange(2 * 34 * 34), (2, 34, 34))
    channel = nmnist.channel_of(polarity, y, x)
    np.testing.assert_array_equal(np.bincount(channel), np.full(578, 4))
    np.testing.assert_array_equal(channel.reshape(2, 34, 34)[:, ::2, ::2].ravel(), np.arange(578))
    np.testing.assert_array_equal(channel.reshape(2, 34, 34)[:, 1::2, 1::2].ravel(), np.arange(578))


def test_an_overflow_mark_is_no_event_but_moves_the_clock():
    mark = event_bytes(0, 240, 7, 0)
    content = event_bytes(0, 1, 2, 100) + mark + event_bytes(1, 3, 4, 50) + mark + event_bytes(1, 3, 4, 60)
    time, channel = nmnist.parse_bin(content, "file")
    assert time.tolist() == [100, 50 + 8192, 60 + 2 * 8192]
    assert channel.tolist() == [1, 289 + 17 + 2, 289 + 17 + 2]


@pytest.mark.parametrize("content, parts", [
    (b"", ["0 bytes", "not whole"]),
    (event_bytes(0, 1, 2, 3)[:-1], ["4 bytes", "not whole"]),
    (event_bytes(0, 1, 2, 3) + b"\0", ["6 bytes"]),
    (event_bytes(0, 1, 2, 3) + event_bytes(0, 1, 34, 3), ["event 1 at x = 34, y = 1", "0 to 33"]),
    (event_bytes(1, 34, 0, 3), ["event 0 at x = 0, y = 34"]),
])
def test_unsound_bin_files_are_refused(tmp_path, content, parts):
    write_bins(tmp_path, seen(2, labels=[3, 5]))
    path = tmp_path / "Test" / "3" / "00000.bin"
    path.write_bytes(content)
    refused(lambda: load("nmnist", "test", tmp_path), path, *parts, "unpack")


def test_folders_without_recordings_and_of_another_part_are_no_data(tmp_path):
    (tmp_path / "Test" / "3").mkdir(parents=True)
    refused(lambda: load("nmnist", "test", tmp_path), tmp_path / "Test", "no .bin file")
    refused(lambda: load("nmnist", "train", tmp_path), "Train beside", tmp_path / "Test", "no download", "DMPNET_DATA")


@untrusted
@pytest.mark.parametrize("there, absent", [("train", "test"), ("test", "train")])
def test_the_two_parts_are_never_of_two_sources(tmp_path, there, absent):
    """The file's recordings are of the official training set: its test part would have been trained on."""
    recordings = seen(labels=range(6))
    write_nmnist(tmp_path, recordings, TEST)
    write_bins(tmp_path / "NMNIST", recordings, there)
    for split in ("train", "test"):
        write_regenerated(tmp_path, regenerated_arrays(TWO), split)
    assert len(load("nmnist", there, tmp_path)) == 6
    for name in ("nmnist", "digits-seen"):
        refused(lambda name=name: load(name, absent, tmp_path), f"nmnist {absent}", f"{absent.title()} beside",
                tmp_path / "NMNIST" / there.title(), "not nmnist_6k_1ms.npz")


@untrusted
def test_official_folders_go_before_the_file_and_their_digest_covers_every_byte(tmp_path):
    recordings = seen(3, labels=[1, 1, 8])
    write_nmnist(tmp_path, seen(6), [True] * 6)
    write_bins(tmp_path / "N-MNIST", recordings)
    first = load("nmnist", "test", tmp_path).source
    assert "official test set" in first["part"] and set(first["files"]) == {"Test/"}
    assert load("nmnist", "test", tmp_path).source == first
    write_bins(tmp_path / "N-MNIST", [*recordings[:2], (*recordings[2][:3], recordings[2][3] // 2, 8)])
    assert load("nmnist", "test", tmp_path).source["files"] != first["files"]


def test_negative_numbers_do_not_pass_for_large_ones(tmp_path):
    arrays = nmnist_arrays(seen(), TEST)
    for key in ("t", "code", "n", "label"):
        signed = arrays | {key: arrays[key].astype(np.int64)}
        signed[key][0] = -1
        write_npz(tmp_path, "nmnist_6k_1ms.npz", signed)
        refused(lambda: load("nmnist", "test", tmp_path), f"{key} goes down to -1")


@pytest.mark.parametrize("change, parts", [
    *((without(key), [f"no array {key!r}"]) for key in ("t", "code", "n", "label", "is_test")),
    (changed("t", lambda a: a[:-1]), ["n adds up to 1200 events", "1199 times", "1200 codes"]),
    (changed("code", lambda a: np.append(a, 3)), ["1201 codes"]),
    (changed("code", lambda a: np.where(np.arange(len(a)) == 9, 2312, a)), ["code 2312", "0 to 2311"]),
    (changed("t", lambda a: np.where(a == a[0], np.nan, a)), ["t is float64", "whole numbers"]),
    (changed("t", lambda a: a[:, None]), ["t has shape (1200, 1)", "(any,)"]),
    (changed("n", lambda a: a[:-1]), ["labels of shape (6,) for 5 samples"]),
    (changed("label", lambda a: a + 9), ["label", "0 to 9"]),
    (changed("label", lambda a: a.astype("U1")), ["label", "<U1"]),
    (changed("is_test", lambda a: a.astype(np.uint8)), ["is_test is uint8 (6,)", "bool"]),
    (changed("is_test", lambda a: a[:-1]), ["is_test is bool (5,)"]),
    (changed("is_test", lambda a: a & False), ["0 recordings of the test part"]),
    (changed("code", lambda a: a.astype(object)), ["pickled", "never"]),
])
def test_unsound_files_are_refused(tmp_path, change, parts):
    arrays = nmnist_arrays(seen(labels=[0, 1, 2, 3, 4, 5]), TEST)
    write_npz(tmp_path, "nmnist_6k_1ms.npz", change(arrays))
    refused(lambda: load("nmnist", "test", tmp_path), tmp_path / "nmnist_6k_1ms.npz", *parts)


@untrusted
@given(st.data())
@settings(max_examples=40)
def test_no_part_of_the_file_is_taken_for_the_whole(tmp_path_factory, data):
    folder = write_nmnist(tmp_path_factory.mktemp("npz"), seen(events=20), TEST)
    path = folder / "nmnist_6k_1ms.npz"
    content = path.read_bytes()
    path.write_bytes(content[:data.draw(st.integers(0, len(content) - 1))])
    refused(lambda: load("nmnist", "test", folder), path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_recordings(split):
    folder = data_folder("nmnist", split)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = load("nmnist", split, folder)
    source = folders.find(DATASETS["nmnist"], split, folder)[0]
    if source.is_dir():
        assert len(got) == nmnist.OFFICIAL[split]
        return
    assert got.source["verified"] is True and len(got) == DATASETS["nmnist"].samples[split]
    np.testing.assert_array_equal(np.bincount(got.labels), np.full(10, len(got) // 10))
    with np.load(source) as file:
        t, code, n, test = (file[key] for key in ("t", "code", "n", "is_test"))
    ends, ours = np.cumsum(n.astype(int)), np.flatnonzero(test == (split == "test"))
    for row in (0, 1, cells.CHUNK, len(got) - 1):
        some = slice(ends[ours[row]] - n[ours[row]], ends[ours[row]])
        polarity, y, x = np.unravel_index(code[some].astype(int), (2, 34, 34))
        np.testing.assert_array_equal(got.values[row], pooled((polarity, y, x, t[some].astype(int)), 100))
    # a saccade every 100 ms: the camera sees next to nothing where it turns, much between
    activity = got.values.mean((0, 2))
    assert activity[15:18].min() > 2 * activity[[0, 29, 30, 65, 66, 67]].max()
    assert 0.03 < got.values.mean() < 0.05 and got.source["events_dropped"] < 0.001 * got.source["events"]


# what the camera's movement tells


def moving(n=4, swap=False, transpose=False):
    """Recordings of a bright bar seen by a camera that turns as N-MNIST's: brighter where it goes, darker behind."""
    rng, recordings = np.random.default_rng(8), []
    for _ in range(n):
        events = []
        for turn, (ahead_x, ahead_y) in enumerate(((-1, -3), (-3, 4), (4, 0))):
            for polarity in (0, 1):
                sign = polarity - 0.5
                x, y = (rng.integers(12, 22, 80) + round(sign * by) for by in (ahead_x, ahead_y))
                events.append(np.stack([np.full(80, polarity), y, x, rng.integers(105 * turn, 105 * turn + 95, 80)]))
        polarity, y, x, ms = np.concatenate(events, axis=1)
        order = np.argsort(ms)
        polarity, (y, x) = (1 - polarity if swap else polarity), ((x, y) if transpose else (y, x))
        recordings.append((polarity[order], y[order], x[order], ms[order], 3))
    return recordings


@untrusted
@pytest.mark.parametrize("swap, transpose, said", [
    (False, False, None), (True, False, "the polarities are swapped;"), (False, True, "x and y are transposed;"),
    (True, True, "the polarities are swapped and x and y transposed;")])
def test_swapped_polarities_and_transposed_axes_are_told_by_the_movement(tmp_path, swap, transpose, said):
    recordings = moving(swap=swap, transpose=transpose)
    for folder in (write_nmnist(tmp_path / "a", recordings, [True] * 4), write_bins(tmp_path / "b", recordings)):
        if said is None:
            assert len(load("nmnist", "test", folder, steps=110)) == 4
            assert len(load("nmnist", "test", folder, steps=70)) == 4
        else:
            refused(lambda folder=folder: load("nmnist", "test", folder, steps=110), folder, said, "1 for brighter")
            refused(lambda folder=folder: load("nmnist", "test", folder, steps=70), folder)
            assert len(load("nmnist", "test", folder, steps=60)) == 4  # less than two turns tell nothing


def test_real_recordings_move_as_the_check_has_it():
    got = load("nmnist", "test", data_folder("nmnist", "test")).values.reshape(-1, 100, 2, 17, 17)
    assert np.abs(saccades.ahead(got, 3) - saccades.AHEAD).max() < 0.6
    for number in range(0, 1000, 100):
        saccades.check("one", got[number:number + 1], 3)
    for wrong in (got[:, :, ::-1], got.swapaxes(3, 4), got[..., ::-1], got[:, :, :, ::-1]):
        refused(lambda wrong=wrong: saccades.check("file", wrong, 3), "file", "as where")
