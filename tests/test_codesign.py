"""dmpnet codesign: designs trained, measured, kept, and the best of them named."""

import json
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")

from data_files import digits, write_digits  # noqa: E402

from dmpnet import cli  # noqa: E402
from dmpnet.commands import codesign  # noqa: E402
from dmpnet.hardware import chip, precision  # noqa: E402
from dmpnet.results import pareto  # noqa: E402
from dmpnet.trained import weights  # noqa: E402
from dmpnet.training import designs  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*not the official")


@pytest.fixture
def command(tmp_path):
    images, labels = digits(40)
    write_digits(tmp_path, images, labels, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    return ["codesign", "--data", str(tmp_path), "--dataset", "smnist", "--d", "2", "3", "--N", "4", "--bits", "8:8:16",
            "2:4:8", "--epochs", "1", "--calibration", "4", "--out", str(tmp_path / "out")]


def results(tmp_path):
    return json.loads((tmp_path / "out" / "results.json").read_text())


def run(tmp_path):
    """The folder of the training of the first design."""
    (found,) = (tmp_path / "out" / "points").glob("d2-N4-*.run")
    return found


@pytest.mark.slow
def test_every_design_is_measured_and_the_knee_is_named(command, tmp_path, capsys):
    assert cli.main([*command, "--budget", "0.3kB", "--finetune", "1"]) == 0
    out, found = capsys.readouterr().out, results(tmp_path)
    points = found["points"]
    assert [(p["d"], p["N"], p["W_f"], p["P"], p["m"]) for p in points] == [
        (2, 4, 8, 8, 16), (2, 4, 2, 4, 8), (3, 4, 8, 8, 16), (3, 4, 2, 4, 8)]
    # layer 1: 4 W_f, 1 w_x, 5 biases of 2 bytes; P 4 x 2, nu 4, Abar 4, Bbar 2; u 4, m 2, x 1 of 2 bytes
    # layer 2: 16 W_f, 4 w_x, 40 W_o, 5 + 10 biases of 2 bytes; the rest as in layer 1
    assert points[0]["bytes"] == (4 + 1 + 10) + 18 + 14 + (16 + 4 + 40 + 30) + 18 + 14
    assert points[1]["bytes"] < points[0]["bytes"] < points[2]["bytes"]
    assert points[1]["nJ"] < points[0]["nJ"] and points[1]["cycles"] == points[0]["cycles"]
    assert "least bytes within two standard errors of it" in out
    assert "knee of bytes within 300 bytes" in out and found["fronts"]["bytes"]["knee"] is not None
    best = max((p for p in points if p["bytes"] <= 300), key=lambda p: (p["accuracy"], -p["bytes"]))
    assert f"most accurate within 300 bytes: d {best['d']}, N {best['N']}, bits W_f {best['W_f']}" in out
    made = weights.load(run(tmp_path) / "2-4-8" / "weights.npz")
    assert set(np.unique(made.layers[1].W_f)) <= {-1, 0, 1}
    assert (tmp_path / "out" / "codesign.png").exists() and "authors' RTL" in found["chip"]["words.u"]


@pytest.mark.parametrize("budget, named", [(99, None), (100, 0), (250, 2), (10**6, 3)])
def test_the_most_accurate_design_within_the_budget_is_named_and_of_equals_the_smallest(budget, named):
    points = [{"bytes": size, "accuracy": accuracy} for size, accuracy in ((100, 0.5), (250, 0.7), (200, 0.7),
                                                                          (900, 0.8), (950, 0.8))]
    best = pareto.best(points, budget)
    assert best == (None if named is None else points[named])


@pytest.mark.slow
def test_what_is_there_is_not_made_again_nor_mixed_with_other_settings(command, tmp_path, capsys, monkeypatch):
    assert cli.main(command) == 0
    first = results(tmp_path)["points"]
    monkeypatch.setattr(designs, "designed", None)  # would be called to make one
    assert cli.main([*command, "--budget", "10"]) == 0
    assert results(tmp_path)["points"] == first
    assert "none, no design fits 10 bytes, the smallest takes" in capsys.readouterr().out
    assert cli.main([*command, "--seed", "1"]) == 2
    assert "2 of 2 points of dmpnet.commands.codesign.design failed" in capsys.readouterr().err
    monkeypatch.undo()
    assert cli.main([*command, "--seed", "1"]) == 0 and results(tmp_path)["points"] != first
    assert len(list((tmp_path / "out" / "points").glob("*.json"))) == 4


@pytest.mark.slow
def test_in_processes_the_same(command, tmp_path):
    assert cli.main(command) == 0
    assert cli.main([*command, "--processes", "2", "--out", str(tmp_path / "two")]) == 0
    assert json.loads((tmp_path / "two" / "results.json").read_text())["points"] == results(tmp_path)["points"]


@pytest.mark.slow
def test_on_a_cluster_the_same(command, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs distributed: pip install '.[cluster]' in a clone")
    assert cli.main(command) == 0
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert cli.main([*command, "--scheduler", cluster.scheduler_address, "--out", str(tmp_path / "two")]) == 0
    two = json.loads((tmp_path / "two" / "results.json").read_text())
    assert two["points"] == results(tmp_path)["points"] and "scheduler" not in two["arguments"]


@pytest.mark.parametrize("wrong, said", [
    (["--bits", "8:8"], "--bits 8:8: not three numbers; write W_f:P:m"),
    (["--bits", "8:1:8"], "words.P.*a sign takes a bit"),
    (["--chip", "loihi"], "chip 'loihi' is not among those that ship")])
def test_mistakes_are_told_before_any_work(command, tmp_path, capsys, wrong, said):
    assert cli.main([*command, *wrong]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and re.search(said, error)
    assert not (tmp_path / "out").exists()


def test_the_knee_is_sought_within_the_budget_only():
    points = [{"bytes": 10 * 4**n, "nJ": 4**n, "accuracy": a} for n, a in enumerate((0.2, 0.4, 0.8, 0.82, 0.83))]
    assert codesign.judged(points, 10**6)["bytes"] == {"front": [0, 1, 2, 3, 4], "knee": 2}
    assert codesign.judged(points, 50)["bytes"]["knee"] == 1
    assert codesign.judged(points, 5)["nJ"]["knee"] is None


@pytest.mark.parametrize("text, bytes_", [("20kB", 20_000), ("1.5 MB", 1_500_000), ("16KiB", 16_384), ("300", 300)])
def test_sizes_as_people_write_them(text, bytes_):
    assert codesign.options.size(text) == bytes_


@pytest.mark.parametrize("text", ["", "kB", "-3", "3 elephants", "0", "1.2.3"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(Exception, match="a size is a number of bytes, e.g. 20kB"):
        codesign.options.size(text)


@pytest.mark.slow
def test_bits_under_a_budget_from_the_command_line(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(precision, "LADDERS", {"W_f": (8, 4, 2)})
    assert cli.main(command) == 0
    trained = run(tmp_path) / "trained" / "weights.npz"
    network, described = weights.load(trained), chip.load("dmp")
    budget = precision.size(network, described) - 8  # of 20 bytes of W_f
    assert cli.main(["constrain", str(trained), "--data", str(tmp_path), "--chip", "dmp", "--calibration", "4",
                     "--budget", str(budget), "--out", str(tmp_path / "made.npz")]) == 0
    assert "networks tried" in capsys.readouterr().out
    steps = json.loads((tmp_path / "made.json").read_text())["search"]
    assert steps[-1]["bytes"] <= budget < steps[0]["bytes"]
