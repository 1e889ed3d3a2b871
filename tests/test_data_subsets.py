"""What ships of the data sets: whole recordings of the full files, as many of each class and speaker, read as those.

No file of a user's is needed, none is read.
"""

import shutil

import numpy as np
import pytest
from data_files import (
    changed,
    data_folder,
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    seen,
    spoken,
    write_nmnist,
    write_regenerated,
)

from dmpnet.data import DATASETS, folders, heidelberg, load, nmnist

SHIP = [name for name in DATASETS if "subset" in DATASETS[name].splits and name not in ("digits-heard", "digits-seen")]
MADE = {"shd-regen": (heidelberg, "counts", "labels", ("ticks",)), "nmnist": (nmnist, "n", "label", ("t", "code"))}
"""Of each file that is made here: its reader, events of a recording, labels, what each event has."""


def arrays(path):
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize("name", SHIP)
def test_what_ships_needs_no_file(name):
    got = load(name, "subset")
    assert len(got) == DATASETS[name].samples["subset"] and got.source["verified"] is True
    assert 0.005 < np.mean(got.values > 0) < 0.5, "silent or saturated"
    if "mnist" not in name or name.startswith("nmnist"):
        np.testing.assert_array_equal(np.bincount(got.labels), np.full(got.classes, len(got) // got.classes))
    if name == "shd-regen":
        assert set(np.bincount(got.speakers)) == {16, 17}
        assert np.bincount(20 * got.speakers + got.labels).max() == 2, "a speaker's recordings are of different classes"


def test_all_of_braille_ships():
    train, test, subset = (load("braille", split) for split in ("train", "test", "subset"))
    assert len(train) + len(test) == 1350 and train.source["verified"] is test.source["verified"] is True
    np.testing.assert_array_equal(subset.values, test.values)


@pytest.mark.parametrize("name", MADE)
def test_what_ships_is_of_the_full_files_event_by_event_and_made_again(name, tmp_path):
    module, events, labels, of_event = MADE[name]
    file, = folders.find(DATASETS[name], "test", data_folder(name, "test"))
    whole, part = arrays(file), arrays(folders.HERE / module.SUBSET)
    ends, own = ([0, *np.cumsum(found[events].reshape(len(found[labels]), -1).sum(1, dtype=int))]
                 for found in (whole, part))
    assert (np.diff(part["number"].astype(int)) > 0).all()
    for place, number in enumerate(part["number"]):
        for key in set(whole) - set(of_event):
            np.testing.assert_array_equal(part[key][place], whole[key][number])
        for key in of_event:
            np.testing.assert_array_equal(part[key][own[place]:own[place + 1]],
                                          whole[key][ends[number]:ends[number + 1]])
    assert name == "shd-regen" or part["is_test"].all()
    module.write_subset([file], tmp_path / "made.npz")
    made = arrays(tmp_path / "made.npz")
    assert made.keys() == part.keys() and all(np.array_equal(made[key], part[key]) for key in made)


def test_a_subset_is_balanced_whatever_it_is_taken_from(tmp_path):
    """Of 600 clips, half of them speaker 0's; of 60 digits, half of them a 1."""
    clips = [(*clip[:2], number % 20, max(0, number // 20 % 4 - 1)) for number, clip in
             enumerate(spoken(600, events=3))]
    folder = write_regenerated(tmp_path, changed("trial", lambda _: np.zeros(600, np.uint8))(
        regenerated_arrays(clips) | {"trial": None, "filename": np.full(600, b"x")}))
    heidelberg.write_subset([folder / "shd_regen_test_halfms.npz"], tmp_path / "few.npz", 60)
    few = arrays(tmp_path / "few.npz")
    assert set(np.bincount(few["labels"])) == {3} and set(np.bincount(few["speaker"])) == {20}
    write_nmnist(tmp_path, seen(60, labels=[number % 10 if number % 2 else 1 for number in range(60)]), [True] * 60)
    nmnist.write_subset([tmp_path / "nmnist_6k_1ms.npz"], tmp_path / "few.npz", 10)
    assert np.bincount(arrays(tmp_path / "few.npz")["label"]).tolist() == [0, 2, 0, 2, 0, 2, 0, 2, 0, 2]


@pytest.mark.parametrize("name", ["shd-regen", "nmnist", "digits-seen"])
def test_what_is_not_as_it_was_shipped_is_refused(name, tmp_path, monkeypatch):
    for module in (heidelberg, nmnist):
        shutil.copy(folders.HERE / module.SUBSET, tmp_path)
    monkeypatch.setattr(folders, "HERE", tmp_path)
    assert len(load(name, "subset"))
    path = tmp_path / (heidelberg if name == "shd-regen" else nmnist).SUBSET
    path.write_bytes(path.read_bytes() + b"0")
    refused(lambda: load(name, "subset"), path.name, "reinstall")
