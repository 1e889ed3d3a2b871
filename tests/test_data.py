"""Data sets: samples, the parts they are split into, where files are looked for, the catalogue."""

import dataclasses
import hashlib
import json
import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from data_files import (
    IMAGES,
    LABELS,
    TWO,
    beats,
    digits,
    letters,
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    seen,
    untrusted,
    write_braille,
    write_digits,
    write_nmnist,
    write_official,
    write_qtdb,
    write_regenerated,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from test_data_dvs128_gesture import gesture, write_ibm
from test_data_ssc import words, write_ssc

from dmpnet import data
from dmpnet.data import DATASETS, Recordings, drawn_from, folders, load, validation_split
from dmpnet.data.recordings import check_labels
from dmpnet.data.verification import verified
from dmpnet.disk import files
from dmpnet.errors import DataWarning

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
    ({"split": "tets"}, ["split = 'tets' (did you mean test?)", "train, valid, validation, test, subset"]),
    ({"values": np.zeros((2, 4))}, ["float64 (2, 4)", "uint8 (n, T, M)"]),
    ({"values": np.zeros((2, 4, 1))}, ["float64 (2, 4, 1)", "np.rint(127 * x).astype(np.int8) and scale 1/127"]),
    ({"values": np.zeros((2, 4, 1), np.int64)}, ["int64 (2, 4, 1)", "; convert"]),
    ({"values": np.full((2, 4, 1), 255, np.uint8), "scale": 255.0}, ["255 by scale 255", "65025", "[-1, 1]", "1/255"]),
    ({"values": np.full((2, 4, 1), -128, np.int8), "scale": 1 / 127}, ["128 by scale 0.00787402", "1.00787", "1/128"]),
    ({"values": np.ones((2, 4, 1), np.uint8), "kind": "spikes", "scale": 2.0}, ["scale 2.0", "spikes are 0 or 1"]),
    ({"values": np.full((2, 4, 1), 7, np.uint8), "kind": "spikes"}, ["7", "0 or 1"]),
    ({"labels": np.zeros(3, np.int64)}, ["(3,)", "2 samples"]),
    ({"labels": np.array([0, 10])}, ["label 10 at sample 1", "0 to 9", "take 1 from all where they count from 1"]),
    ({"classes": 0}, ["classes = 0", "whole number >= 1"]),
    ({"classes": 2.5}, ["classes = 2.5", "whole number >= 1"]),
    ({"labels": np.array([0, -1])}, ["label -1 at sample 1"]),
    ({"labels": np.array([0.0, np.nan])}, ["float64", "whole numbers"]),
    ({"values": np.full((2, 4, 1), -1, np.int8), "kind": "spikes"}, ["from -1 to -1", "0 or 1"]),
    ({"labels": np.zeros((2, 3), np.int64)}, ["(2, 3)", "each of 4 steps"]),
    ({"labels": np.zeros((3, 4), np.int64)}, ["(3, 4)", "2 samples"]),
    ({"labels": np.array([[0, 1, 2, 3], [4, 5, 10, 7]])}, ["label 10 at sample 1 step 2", "0 to 9"]),
    ({"labels": np.full((2, 4), -1)}, ["label -1 at sample 0 step 0"]),
    ({"labels": np.zeros((2, 4, 1), np.int64)}, ["(2, 4, 1)", "each sample"]),
    ({"speakers": np.zeros(1, int)}, ["speakers", "(1,)", "(2,)"]),
    ({"labels": np.zeros((2, 4), np.int64), "speakers": np.zeros((2, 4), int)}, ["speakers", "(2, 4)", "(2,)"]),
    ({"permutation": np.array([0, 1, 2, 2])}, ["permutation", "0 to 3"]),
    ({"scale": math.nan}, ["scale nan", "positive"]),
    ({"scale": 0.0}, ["scale 0.0", "positive"]),
    ({"dt": 0.0}, ["dt 0.0 s", "positive"]),
])
def test_recordings_that_do_not_fit_together_are_refused(change, parts):
    whole = pixels(np.zeros((2, 4, 1), np.uint8))
    refused(lambda: dataclasses.replace(whole, **change), *parts)


def test_official_labels_that_are_wrong_are_to_be_got_again():
    refused(lambda: check_labels(np.array([0, 20]), 2, 20, "shd_train.h5"), "official source")


@pytest.mark.parametrize("count", [-1, -300, 2.5, "3", True])
def test_samples_are_drawn_by_a_count(count):
    whole = pixels(np.zeros((5, 4, 1), np.uint8))
    for draw in (whole.drawn, whole.balanced, lambda count: drawn_from(np.arange(5), count)):
        refused(lambda draw=draw: draw(count), f"{count!r} samples", "whole number from 0 on")
    assert len(whole.drawn(np.int64(3))) == len(whole.balanced(3)) == 3 and len(whole.drawn(9)) == 5


@pytest.mark.parametrize("split", ["train", "valid", "validation", "test", "subset"])
def test_parts_that_data_may_be_called(split):
    assert dataclasses.replace(pixels(np.zeros((2, 4, 1), np.uint8)), split=split).split == split


def test_a_part_of_a_data_set_of_its_own_may_be_called_as_there(monkeypatch):
    digits = dataclasses.replace(DATASETS["smnist"], samples={"train": 1, "test": 1, "letters": 2})
    monkeypatch.setitem(DATASETS, "smnist", digits)
    assert dataclasses.replace(pixels(np.zeros((2, 4, 1), np.uint8)), split="letters").split == "letters"


def test_they_show_themselves_in_a_line():
    assert repr(load("smnist", "subset")) == "<Recordings smnist subset, 1,000 samples of 784 steps x 1 channels>"


def test_analog_input_may_go_below_0():
    values = np.arange(-128, 128).astype(np.int8).reshape(2, 32, 4)
    recordings = Recordings("qtdb", "test", "analog", values, 1 / 128, np.zeros((2, 32), np.int64), None, 6, 0.004)
    for dtype in (np.float64, np.float32):
        np.testing.assert_array_equal(recordings.batch([1, 0], dtype), (values[[1, 0]] / 128.0).astype(dtype))


def test_labels_at_every_step_go_with_their_samples():
    labels = np.arange(12).reshape(3, 4)
    recordings = Recordings("shd", "train", "spikes", np.zeros((3, 4, 2), np.uint8), 1.0, labels, np.array([7, 8, 9]),
                            12, 0.010)
    assert len(recordings) == 3
    part = recordings.take([2, 0])
    np.testing.assert_array_equal(part.labels, labels[[2, 0]])
    assert part.speakers.tolist() == [9, 7] and len(part) == 2


def test_pixels_are_not_cut_to_integers():
    refused(lambda: pixels(np.zeros((2, 4, 1), np.uint8)).batch(0, np.uint8), "uint8", "float64 or float32")


# Checksums


def test_another_file_is_told_by_what_makes_it_another(tmp_path):
    """Its checksum, where it holds as many recordings; None where none is known."""
    path = tmp_path / "braille_letters.npz"
    path.write_bytes(b"other letters")
    expected, (file,) = DATASETS["braille"].samples["train"], DATASETS["braille"].files["train"]
    with pytest.warns(DataWarning, match=f"of {expected} recordings \\(its md5 is {files.digest(path, 'md5')}, not "
                                         f"{file.md5}\\); results on it"):
        assert verified("braille", "train", path, expected) is False
    with pytest.warns(DataWarning, match=r"recordings \(it holds 3\); results on it are not results on braille"):
        assert verified("braille", "train", path, 3) is False
    assert verified("braille", "train", tmp_path / "no_checksum_of_it.npz", expected) is None


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


def test_some_samples_are_drawn_and_not_the_first():
    """Of a file sorted by class, the first would be of one class."""
    held = np.arange(100, 1100)
    some = data.drawn_from(held, 200, seed=1)
    assert len(set(some)) == 200 and set(some) <= set(held) and (np.diff(some) > 0).all()
    assert np.abs(np.histogram(some, 4, (100, 1100))[0] - 50).max() < 31  # five standard deviations
    assert not np.array_equal(some, data.drawn_from(held, 200, seed=2))
    np.testing.assert_array_equal(data.drawn_from(held, 5000), held)


def test_validation_split_depends_on_the_seed_only():
    recordings = labelled(np.arange(2000) % 20)
    assert not np.array_equal(validation_split(recordings, seed=0)[1], validation_split(recordings, seed=1)[1])
    state = np.random.get_state()[1].copy()
    validation_split(recordings)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, math.nan, 0.01, 0.99])
def test_validation_split_never_leaves_a_part_empty(fraction):
    refused(lambda: validation_split(labelled(np.arange(10)), fraction), fraction, "10 samples")


def test_samples_labelled_at_every_step_are_held_out_as_one_class():
    each = labelled(np.zeros(30))
    steps = Recordings("qtdb", "train", "spikes", np.zeros((30, 4, 1), np.uint8), 1.0,
                       np.random.default_rng(0).integers(0, 6, (30, 4)), None, 6, 0.004)
    for seed in range(3):
        np.testing.assert_array_equal(validation_split(steps, 0.2, seed)[1], validation_split(each, 0.2, seed)[1])


@given(st.lists(st.integers(0, 6), min_size=2, max_size=120).filter(lambda who: len(set(who)) > 1),
       st.floats(0.01, 0.99), st.integers(0, 5))
def test_whole_speakers_are_held_out(who, fraction, seed):
    speakers = 10 * np.array(who)
    recordings = labelled(np.arange(len(who)) % 20, speakers)
    train, held = validation_split(recordings, fraction, seed, by="speaker")
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(len(who)))
    assert (np.diff(train) > 0).all() and (np.diff(held) > 0).all() and len(train) and len(held)
    unheard = set(speakers[held])
    assert not unheard & set(speakers[train])
    off, largest = abs(len(held) - fraction * len(who)), max(np.bincount(who))
    # the last of them is in or out, whichever is closer: half of a speaker, unless one or all but one are held out
    assert off <= largest / 2 or len(unheard) == 1 or len(set(speakers[train])) == 1
    np.testing.assert_array_equal(validation_split(recordings, fraction, seed, by="speaker")[1], held)


def test_which_speakers_depends_on_the_seed_and_how_many_on_the_fraction():
    recordings = labelled(np.arange(100) % 20, np.arange(100) // 10)
    chosen = {frozenset(recordings.speakers[validation_split(recordings, 0.1, seed, "speaker")[1]])
              for seed in range(40)}
    assert chosen == {frozenset([speaker]) for speaker in range(10)}  # every one has his turn
    for fraction, count in ((0.01, 1), (0.14, 1), (0.16, 2), (0.5, 5), (0.99, 9)):
        held = validation_split(recordings, fraction, by="speaker")[1]
        assert len(set(recordings.speakers[held])) == count


def test_speakers_are_held_out_only_where_there_are_some():
    refused(lambda: validation_split(labelled(np.arange(10)), by="speaker"), "shd train", "nobody speaks", "'class'")
    refused(lambda: validation_split(labelled(np.arange(10), np.ones(10, int)), by="speaker"), "1 speaker", "'class'")
    two = labelled(np.arange(10), np.arange(10) % 2)
    for fraction in (0, 1, -0.1, 1.5, math.nan):
        refused(lambda fraction=fraction: validation_split(two, fraction, by="speaker"), fraction, "between 0 and 1")
    refused(lambda: validation_split(two, by="digit"), "'digit'", "'class'", "'speaker'")


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
    refused(lambda: load("smnist"), tmp_path / "cache", *ways, "split 'subset', which ships")
    assert "subset" not in refused(lambda: load("smnist", "train"), *ways)
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    refused(lambda: load("psmnist", "test", tmp_path), tmp_path / "MNIST" / "raw", IMAGES, LABELS, *ways, "mirror")
    refused(lambda: load("shd", "train", tmp_path), "shd_train.h5", "zenkelab.org", *ways)
    message = refused(lambda: load("shd-regen", "test", tmp_path), "shd_regen_test_halfms.npz (not public)",
                      "no download", "official SHD, data set 'shd', is public", "split 'subset', which ships")
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
    refused(lambda: load("qtdb", "subset"), "'subset'", "train, test")


# The catalogue and the package


@pytest.mark.parametrize("name", DATASETS)
def test_catalogue_describes_what_load_gives(name, tmp_path):
    dataset = DATASETS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        write_digits(tmp_path, *digits())
        write_regenerated(tmp_path, regenerated_arrays(TWO))
        write_nmnist(tmp_path, seen(3, labels=[1, 2, 2]), [True] * 3)
        write_qtdb(tmp_path, beats())
        write_braille(tmp_path, letters())
        if name == "shd":
            write_official(tmp_path, TWO)
        if name == "ssc":
            write_ssc(tmp_path, words())
        if name == "dvs128-gesture":
            write_ibm(tmp_path, {"user24_led": [gesture(1)]}, "test")
        got = load(name, "test", tmp_path)
    assert got.values.shape[1:] == (dataset.T, dataset.channels)
    assert (got.kind, got.classes, got.dt) == (dataset.kind, dataset.classes, dataset.dt)
    assert {"train", "test"} <= set(dataset.files) <= set(dataset.splits) == set(dataset.samples)
    source = json.loads(json.dumps(got.source))
    assert source["licence"] == dataset.licence and source["attribution"] == dataset.attribution
    for file, sum_ in source["files"].items():
        assert sum_ == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    assert str(tmp_path) not in json.dumps(source), "a path of this machine in the provenance"


def test_notice_ships_with_the_subsets():
    folder = Path(data.__file__).parent
    sections = (folder / "NOTICE.md").read_text().split("\n## ")[1:-1]
    assert {section.split("\n")[0] for section in sections} == {path.name for path in folder.glob("*.npz")}
    for section, makers, licence in zip(sections, ("Burges", "Mueller-Cleve", "Cramer", "Orchard"), (
            "by-sa/3.0", "by/4.0", "by/4.0", "by-sa/4.0"), strict=True):
        for part in (makers, f"creativecommons.org/licenses/{licence}", "Changes", "How made"):
            assert part in section


def test_notice_says_of_the_sets_it_names_what_their_entries_say():
    """What is not shipped may be told in the file of the data set alone, whose entry names makers and licence."""
    notice = " ".join((Path(data.__file__).parent / "NOTICE.md").read_text().split())
    named = [name for name in DATASETS if f"`{name}`" in notice]
    assert {"smnist-pairs", "shd", "shd-regen", "nmnist", "qtdb", "braille", "digits-both"} < set(named)
    for dataset in map(DATASETS.get, named):
        for file in (file for part in dataset.files.values() for file in part if not file.name.endswith(".gz")):
            assert file.name in notice
        for part in ("CC BY-SA", "CC BY", "PhysioNet"):
            assert part not in dataset.licence or part in notice
    for part in ("CC BY-SA 4.0", "CC BY 4.0", "PhysioNet", "Orchard", "Laguna", "Mueller-Cleve", "Cramer",
                 "not the official test"):
        assert part in notice
    for dataset in DATASETS.values():
        assert dataset.licence and dataset.attribution and dataset.source


def test_data_sets_are_shown_in_one_order():
    """Whatever the files are called."""
    assert list(DATASETS)[:11] == ["smnist", "psmnist", "smnist-pairs", "shd", "shd-regen", "nmnist", "qtdb",
                                   "braille", "digits-both", "digits-heard", "digits-seen"]
    assert set(data.catalogue.READERS) == set(DATASETS)


def test_import_brings_nothing_heavy():
    """dmpnet.data alone, without what dmpnet/__init__.py may import."""
    folder = str(Path(data.__file__).parents[1])
    code = (f"import sys, types; package = types.ModuleType('dmpnet'); package.__path__ = [{folder!r}]; "
            "sys.modules['dmpnet'] = package; import dmpnet.data; "
            "print(*{'torch', 'brian2', 'h5py', 'scipy', 'matplotlib'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
