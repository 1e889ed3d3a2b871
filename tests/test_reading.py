"""Which samples a command reads for a network: what ships where nothing is there, official SHD for shd-regen."""

import argparse
import json

import numpy as np
import pytest
from data_files import (
    no_settings,  # noqa: F401
    refused,
    regenerated_arrays,
    spoken,
    untrusted,
    write_official,
    write_regenerated,
)
from networks import random_network

from dmpnet import cli, data, reference
from dmpnet.results import options, reading
from dmpnet.trained import weights


def asked(**given):
    return argparse.Namespace(**{"data": None, "download": False, "instead": None, "split": None, "samples": None,
                                 "seed": 0} | given)


@pytest.fixture
def hearer(tmp_path):
    """A small untrained network that reads shd-regen."""
    network = random_network((140, 12, 8, 20), dt=0.010, dataset="shd-regen", seed=5)
    weights.save(network, tmp_path / "hearer.npz")
    return network


@untrusted
def test_test_is_read_where_a_folder_is_given_or_files_are_there_else_what_ships(tmp_path, monkeypatch):
    assert [reading.first_split(name) for name in ("smnist", "shd-regen", "nmnist", "digits-both", "qtdb", "braille")] \
        == ["subset"] * 4 + ["test"] * 2
    assert reading.first_split("shd-regen", tmp_path) == reading.first_split("smnist", download=True) == "test"
    assert reading.first_split("shd-regen", download=True) == "subset", "there is no download"
    monkeypatch.setenv("DMPNET_DATA", str(tmp_path))
    assert reading.first_split("shd-regen") == "subset"
    write_official(tmp_path / "shd", spoken(3))
    assert reading.first_split("shd-regen") == "test"


@untrusted
def test_official_shd_stands_in_for_shd_regen_and_is_said_once(tmp_path):
    write_official(tmp_path, spoken(6, seed=1))
    given = asked(data=tmp_path)
    with pytest.warns(UserWarning) as said:
        first, again = (reading.load(given, "shd-regen", "test") for _ in range(2))
    told = [str(one.message) for one in said if "in place of" in str(one.message)]
    assert len(told) == 1 and "official SHD" in told[0] and "\n" not in told[0]
    assert first.name == again.name == "shd" and first.checksum == data.load("shd", "test", tmp_path).checksum
    write_regenerated(tmp_path, regenerated_arrays(spoken(4, seed=2)))
    assert reading.load(asked(data=tmp_path), "shd-regen", "test").name == "shd-regen", "its own files come first"
    with pytest.warns(UserWarning, match="official SHD is read in place of shd-regen"):
        assert reading.load(asked(data=tmp_path, instead="shd"), "shd-regen", "test").name == "shd"


@untrusted
def test_a_network_of_shd_regen_runs_on_official_shd(hearer, tmp_path, capsys):
    write_official(tmp_path, spoken(6, seed=1))
    assert cli.main(["simulate", str(tmp_path / "hearer.npz"), "--data", str(tmp_path), "--out",
                     str(tmp_path / "out.npz")]) == 0
    shown = capsys.readouterr()
    assert "6 samples of shd (test)" in shown.out and shown.err.count("in place of shd-regen") == 1
    with np.load(tmp_path / "out.npz") as file:
        want = reference.run(hearer, data.load("shd", "test", tmp_path).batch(slice(None))).spikes[1]
        np.testing.assert_array_equal(file["layer2.spikes"], np.argwhere(want))
    assert 0.005 < want.mean() < 0.5, "silent or saturated: equality would show nothing"


@pytest.mark.parametrize("given, split, said, unsaid", [
    ({}, "train", ["shd_regen_train_halfms.npz (not public)", "--split subset, for 200", "counted", "--dataset"], []),
    ({"look": False}, "train", ["--dataset shd --download --look"], []),
    ({}, "test", ["--split subset", "--dataset shd"], ["counted"]),
    ({"split": "subset"}, "train", ["--dataset shd"], ["--split"]),
    ({"instead": "shd"}, "train", ["shd_train.h5", "--split subset"], ["--dataset"])])
def test_what_is_missing_says_how_to_go_on_without_it(given, split, said, unsaid):
    message = refused(lambda: reading.check(asked(**given), "shd-regen", split), *said)
    assert not [part for part in unsaid if part in message.partition("(source")[2]]
    bare = argparse.Namespace(data=None, download=False)  # of a command that has neither option
    assert "--split" not in refused(lambda: reading.check(bare, "shd-regen", split))


def test_a_folder_that_is_not_there_is_told_whatever_ships(tmp_path):
    nowhere = tmp_path / "nowhere"
    refused(lambda: reading.check(asked(data=nowhere), "braille", "test"), f"no folder {nowhere}; give --data FOLDER")


def test_integers_are_chosen_by_other_samples_than_are_shown(hearer):
    given = asked(split="subset", calibration=150)
    with pytest.warns(UserWarning, match="100 of the 200 test samples .* not to quote"):
        chosen_by, shown = options.calibration(given, hearer), options.recordings(given, hearer, "subset")
    ships = data.load("shd-regen", "subset")
    rest = reading.numbers(shown)
    np.testing.assert_array_equal(shown.values, ships.values[rest])
    np.testing.assert_array_equal(chosen_by, ships.batch(np.setdiff1d(np.arange(200), rest)))
    assert len(rest) == 100 and set(np.bincount(shown.labels)) == {5}


def late(*words):
    """Of a command that takes a while, drawing mostly."""
    return pytest.param(words, marks=pytest.mark.slow)


@pytest.mark.parametrize("words", [
    ("simulate", "--samples", "2"), ("fit", "--samples", "2"), ("export", "--to", "csv", "--samples", "2"),
    ("export", "--to", "golden", "--split", "subset", "--samples", "2"),
    late("constrain", "--chip", "dmp", "--evaluate", "--split", "subset", "--samples", "4"),
    late("run", "--samples", "2"), late("cores", "--samples", "2", "--draws", "2"),
    late("decay", "--split", "subset", "--samples", "4")])
def test_commands_work_at_once(words, hearer, tmp_path, capsys):
    """No data, an empty cache; each says which part it read, or its record does."""
    command, *rest = words
    out = {"constrain": "o.npz", "simulate": "o.npz", "fit": "o.json", "cores": "o.json"}.get(command, "o")
    out = "o.csv" if "csv" in rest else out
    network = str(tmp_path / "hearer.npz")
    assert cli.main([command, *(["--weights", network] if command == "run" else [network]), *rest,
                     "--out", str(tmp_path / out)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    if command in ("run", "simulate", "decay"):
        assert "of shd-regen (subset)" in shown
    if command == "constrain":
        rows = json.loads((tmp_path / "o.json").read_text())["accuracy"]
        assert [row["samples"] for row in rows] == [4, 4] and not any(
            row["spikes that differ from the reference"] for row in rows)
    if command == "export":
        record = json.loads(next(tmp_path.glob("o*/export.json"), tmp_path / "o.json").read_text())
        assert record["data"]["samples"]["taken"] == 2


@pytest.mark.parametrize("command", ["decay", "constrain"])
def test_what_compares_names_what_ships_before_any_work(command, hearer, tmp_path, capsys):
    assert cli.main([command, str(tmp_path / "hearer.npz"), "--out", str(tmp_path / "o.npz")]) == 2
    assert "give --split subset, for 200 test samples that ship (a look, which is counted)" in capsys.readouterr().err


def test_what_learns_does_so_from_half_of_what_ships(tmp_path, capsys):
    assert cli.main(["learn", "readout", "shd-regen", "--split", "subset", "--neurons", "10", "--passes", "1",
                     "--samples", "10", "--test", "10", "--out", str(tmp_path / "o")]) == 0
    shown = capsys.readouterr()
    assert "100 of the 200 test samples" in shown.err and "of 10 test samples" in shown.out
    assert cli.main(["learn", "digits", "--out", str(tmp_path / "d")]) == 2
    assert "smnist test" in (told := capsys.readouterr().err) and "--split subset" in told


def test_rows_whose_data_nobody_else_has_are_named():
    said = reading.not_public(["shd-regen-dmp2", "smnist-dmp2", "braille-dmp2", "nmnist-fsnn"])
    assert "data of shd-regen, nmnist;" in said and reading.not_public(["smnist-dmp2"]) == ""
