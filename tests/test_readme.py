"""The numbers a reader meets are those of the result files."""

import json
from pathlib import Path

import numpy as np
import pytest

from dmpnet import table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def runs(name):
    return json.loads((ROOT / "analyses" / "results" / f"{name}.json").read_text())["runs"]


def lines(first, columns):
    """The table of the README that begins with column `first`: a list of its cells a line."""
    shown = README[README.index(f"| {first} ") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown]
    assert cells and all(len(line) == columns for line in cells)
    return cells


def test_the_tables_are_those_the_script_writes(monkeypatch):
    """Of analyses/readme.py; the next two do its arithmetic by other means."""
    pytest.importorskip("torch", reason="needs torch: pip install 'dmpnet[train]'")
    monkeypatch.syspath_prepend(ROOT / "analyses")
    import readme

    for shown in readme.TABLES:
        assert shown() + "\n\n" in README
        first = shown().split("\n")[2]
        assert readme.placed(README.replace(first, "| of another day |"), shown()) == README


def test_the_networks_that_ship():
    assert table.summary() + "\n\n" in README


def test_what_few_bits_leave_of_learning():
    measured = {run["line"]: run for run in runs("learned_on_chip")}
    shown = lines("weights and traces", 3)
    assert len(shown) == len(measured)
    for name, accuracy, writes in shown:
        assert float(accuracy) == pytest.approx(measured[name]["accuracy"], abs=0.0051)
        if writes != "-":
            assert float(writes) == pytest.approx(measured[name]["writes"]["mean"], abs=0.051)


def test_what_the_integers_cost():
    measured = {(run["row"], run["setting"], run["seed"]): run["accuracy"] for run in runs("constrained")}
    for row, setting, seeds, accuracy, lost in lines("network", 5):
        row = row.strip("`")
        mine = [(value, measured[row, "as trained", seed] - value) for (name, what, seed), value in measured.items()
                if (name, what) == (row, setting)]
        assert len(mine) == int(seeds)
        np.testing.assert_allclose([float(accuracy), float(lost)], np.mean(mine, axis=0), atol=0.0051)
