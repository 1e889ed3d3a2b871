"""dmpnet constrain: what a user sees of a network that fits its chip, and of one that does not."""

import json
import re

import numpy as np
import pytest
from data_files import digits, write_digits
from networks import random_network

from dmpnet import cli
from dmpnet.trained import weights


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A network that reads digits, in a folder with some to calibrate on; returns the arguments that name both."""
    network = random_network((1, 12, 10, 10), encoding="analog", steps=784, dataset="smnist")
    weights.save(network, tmp_path / "trained.npz")
    images, labels = digits(6)
    write_digits(tmp_path, images, labels, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    write_digits(tmp_path, images, labels, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    return ["constrain", str(tmp_path / "trained.npz"), "--data", str(tmp_path), "--calibration", "3",
            "--out", str(tmp_path / "made.npz")]


@pytest.mark.filterwarnings("ignore:.*not the official")
def test_a_network_that_fits_is_written_in_integers(trained, tmp_path, capsys):
    assert cli.main([*trained, "--chip", "dmp", "--evaluate", "--look"]) == 0
    out = capsys.readouterr().out
    made = weights.load(tmp_path / "made.npz")
    assert made.integer and made.layers[0].W_f.dtype == np.int8 and made.encoding.levels == 255
    record = json.loads((tmp_path / "made.json").read_text())
    assert record["fit"]["fits"] and {row["network"] for row in record["accuracy"]} == {"trained", "constrained"}
    assert all(row["spikes that differ from the reference"] == 0 for row in record["accuracy"])
    layers = record["layers"]
    assert [row["neurons"] for row in layers] == [12, 10] and all(row["rate %"] > 1 for row in layers)
    assert all(0.9 < row["correlation"] <= 1 and 0 < row["error %"] < 30 for row in layers), layers
    assert "authors' RTL" in record["chip"]["limits.neurons"]
    for said in ("weights bank", "state bank", "error %", "W_f", "trained", "constrained"):
        assert said in out


def test_what_does_not_fit_is_told_limit_by_limit(trained, capsys):
    assert cli.main([*trained, "--chip", "dmp", "--set", "limits.neurons=8", "memory.slow=100"]) == 2
    table, told = capsys.readouterr().out.split("\n\n")
    assert "slow bank (bytes)" in table and table.count("too many") == 4
    *lines, alone = told.replace("\n  ", " ").splitlines()
    assert [line[:8] for line in lines] == ["layer 1:", "layer 1:", "layer 2:", "layer 2:"]
    assert "12 neurons, but 8 fit, 4 too many; train with at most 8" in lines[0] and "by itself" in alone


@pytest.mark.parametrize("wrong, said", [
    (["--set", "limits.neurons=8", "limits.cores=1"], "3 of .* limits broken; take the ways out above"),
    (["--set", "limits.slots"], "--set limits.slots: no value"),
    (["--set", "limits.slots=9", "limits.slots=8"], "--set limits.slots=8: limits.slots is set to 9 before"),
    (["--set", "limits.slot=3"], "no 'limits.slot' to set"),
    (["--set", "words.m.bits=many"], "words.m.bits = 'many'"),
    (["--chip", "loihi"], "chip 'loihi' is not among those that ship.*dmp-256"),
])
def test_what_does_not_fit_is_told_before_any_work_and_not_written(trained, tmp_path, capsys, wrong, said):
    assert cli.main([*trained, "--chip", "dmp", *wrong]) == 2
    error = capsys.readouterr().err
    assert re.search(said, error) and error.count("\n") == 1
    assert not (tmp_path / "made.npz").exists()
