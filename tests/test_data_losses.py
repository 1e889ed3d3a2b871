"""What is lost while data are read is said, and refused where hardly anything is left."""

import warnings

import numpy as np
import pytest
from data_files import (
    beats,
    digits,
    nmnist_arrays,
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    write_bins,
    write_digits,
    write_nmnist,
    write_npz,
    write_official,
    write_qtdb,
    write_regenerated,
)
from networks import random_network

from dmpnet import cli
from dmpnet.data import load
from dmpnet.errors import DataWarning
from dmpnet.trained import weights

N, EVENTS = 5, 400


def spoken(late=0, unit=1.0):
    """Recordings of EVENTS events evenly over 0.9 s, the last `late` of them after 1 s, their times in `unit` s."""
    ticks = np.linspace(0, 1800, EVENTS).astype(int)
    ticks[EVENTS - late:] = 2000 + np.arange(late)
    rng = np.random.default_rng(1)
    return [(rng.integers(0, 700, EVENTS), ticks / unit, 3, 1) for _ in range(N)]


def seen(late=0, unit=1.0):
    """The same before the camera, over 270 ms, the last after 300 ms."""
    ms = np.linspace(0, 270, EVENTS)
    ms[EVENTS - late:] = 300 + np.arange(late)
    rng = np.random.default_rng(2)
    return [(rng.integers(0, 2, EVENTS), rng.integers(0, 34, EVENTS), rng.integers(0, 34, EVENTS),
             (ms / unit).astype(int), digit) for digit in range(N)]


def official(folder, late=0, unit=1.0):
    return write_official(folder, spoken(late, unit), time=np.float64)


def regenerated(folder, late=0, unit=1.0):
    arrays = regenerated_arrays([(c, t.astype(int), label, speaker) for c, t, label, speaker in spoken(late)])
    arrays["ticks"] = (arrays["ticks"] / unit).astype(np.uint32)
    return write_regenerated(folder, arrays)


def camera(folder, late=0, unit=1.0):
    arrays = nmnist_arrays(seen(late), [True] * N)
    return write_npz(folder, "nmnist_6k_1ms.npz", arrays | {"t": np.concatenate([r[3] for r in seen(late, unit)])})


def folders(folder, late=0, unit=1.0):
    return write_bins(folder, seen(late, unit))


LOADERS = {"shd": official, "shd-regen": regenerated, "nmnist": camera, "nmnist, folders": folders}


def told(call):
    """What is said of data while `call` runs, but that they are not the official ones."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = call()
    lines = [str(each.message) for each in caught if issubclass(each.category, DataWarning)]
    assert len(lines) == len(caught) and not any("\n" in line for line in lines)
    return got, [line for line in lines if "but not the" not in line]


@pytest.mark.parametrize("late, said", [(0, None), (4, None), (5, "25 of 2,000"), (40, "200 of 2,000")])
@pytest.mark.parametrize("name", LOADERS)
def test_events_that_come_too_late_are_told_over_1_percent(tmp_path, name, late, said):
    folder = LOADERS[name](tmp_path, late)
    got, lines = told(lambda: load(name.split(",")[0], "test", folder))
    assert got.source["events_dropped"] == N * late and got.source["events"] == N * EVENTS
    assert len(lines) == (said is not None)
    for line in lines:
        assert said in line and f"{100 * late / EVENTS:.1f} %" in line and str(tmp_path) in line
        assert {"shd": "1 s", "nmn": "0.3 s"}[name[:3]] in line


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("name", ["shd", "shd-regen", "nmnist"])
def test_times_of_another_unit_are_refused(tmp_path, name, unit):
    """In us or ms in place of s nearly all come too late, the other way round nearly all in the first step."""
    folder = LOADERS[name](tmp_path, unit=unit)
    message = refused(lambda: load(name, "test", folder), folder, "unit")
    assert ("come at or after" if unit < 1 else "step 0") in message


def test_times_in_ms_before_the_camera(tmp_path):
    """The official folders hold microseconds."""
    for time in (1, 1000):
        bins = [(p, y, x, ms // time, digit) for p, y, x, ms, digit in seen()]
        folder = write_bins(tmp_path / str(time), bins)
        if time == 1:
            assert told(lambda folder=folder: load("nmnist", "test", folder))[1] == []
        else:
            refused(lambda folder=folder: load("nmnist", "test", folder), folder, "step 0", "unit")


def test_fewer_steps_that_were_asked_for(tmp_path):
    folder = official(tmp_path)
    got, (line,) = told(lambda: load("shd", "test", folder, steps=10))
    dropped = got.source["events_dropped"]
    assert 0.85 < dropped / (N * EVENTS) < 0.92 and f"{dropped:,} of 2,000 events come at or after 0.1 s" in line


def test_a_set_made_of_others_tells_it_too(tmp_path):
    regenerated(tmp_path, 40)
    write_nmnist(tmp_path, [(*r[:3], r[3] + 200, 3) for r in seen()], [True] * N)  # to 470 ms, where a look takes 400
    _, lines = told(lambda: load("digits-both", "test", tmp_path))
    assert len(lines) == 2 and "halfms" in lines[0] and "nmnist" in lines[1] and "0.4 s" in lines[1]


@pytest.mark.parametrize("without_label, said", [(0, None), (13, None), (14, "56 of 5,204"), (650, "2,600 of 5,204")])
def test_steps_without_a_label_are_told_over_1_percent(tmp_path, without_label, said):
    arrays = beats()
    arrays["y"][:, 1250:] = np.eye(6)[0]
    arrays["y"][:, :without_label] = 0
    got, lines = told(lambda: load("qtdb", "test", write_qtdb(tmp_path, arrays)))
    assert got.source["steps_unlabelled"] == 4 * without_label
    assert len(lines) == (said is not None) and all(said in line and "class 0" in line for line in lines)


def test_no_label_at_all(tmp_path):
    folder = write_qtdb(tmp_path, beats() | {"y": np.zeros((4, 1301, 6), np.uint8)})
    refused(lambda: load("qtdb", "test", folder), folder, "5,204 of 5,204 steps have no label")


def test_no_pair(tmp_path):
    folder = write_digits(tmp_path, *digits(1))
    with pytest.warns(DataWarning, match="not the official"):
        refused(lambda: load("smnist-pairs", "test", folder), folder, "1 image")


@pytest.mark.parametrize("hidden", ["._00001.bin", ".DS_Store", "Thumbs.db", ".00001.bin"])
def test_hidden_files_between_recordings(tmp_path, hidden):
    """What systems leave in folders is no recording."""
    folder = folders(tmp_path)
    want, _ = told(lambda: load("nmnist", "test", folder))
    for digit in range(N):
        (folder / "Test" / str(digit) / hidden).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    (folder / "Test" / hidden).write_bytes(b"")
    got, _ = told(lambda: load("nmnist", "test", folder))
    np.testing.assert_array_equal(got.values, want.values)
    assert got.source["files"] == want.source["files"]


def test_the_command_line_says_it_in_a_note(tmp_path, capsys):
    """Here before it refuses a network of other channels, which takes no time."""
    regenerated(tmp_path, 40)
    weights.save(random_network((3, 5, 20), kind="FSNN", steps=100, dataset="shd-regen"), tmp_path / "three.npz")
    assert cli.main(["decay", str(tmp_path / "three.npz"), "--data", str(tmp_path), "--out", str(tmp_path / "o"),
                     "--look"]) == 2
    first, *rest, last = capsys.readouterr().err.splitlines()
    assert not any("Warning" in line for line in (first, *rest)) and last.startswith("dmpnet: ")
    assert sum(line.startswith("note: ") and "200 of 2,000 events" in line for line in (first, *rest)) == 1
