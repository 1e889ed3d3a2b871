"""The numbers a reader meets are those of the result files, and the Python runs as it stands."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from networks import random_input, random_network

from dmpnet.brian.session import run_time
from dmpnet.disk import shipped
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.results import table
from dmpnet.trained import swap, weights

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {path.name: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}


def runs(name):
    return json.loads((ROOT / "analyses" / "results" / f"{name}.json").read_text())["runs"]


def lines(name, first, columns):
    """The table of a text that begins with column `first`: a list of its cells a line."""
    shown = TEXTS[name][TEXTS[name].index(f"| {first} ") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown]
    assert cells and all(len(line) == columns for line in cells)
    return cells


def test_the_tables_are_those_the_script_writes(monkeypatch):
    """Of analyses/readme.py; the next two do its arithmetic by other means."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    monkeypatch.syspath_prepend(ROOT / "analyses")
    import readme

    for name, tables in readme.TABLES.items():
        text = (ROOT / name).read_text()
        for shown in tables:
            assert f"{shown()}\n" in text
            first = shown().split("\n")[2]
            assert readme.placed(text.replace(first, "| of another day |"), shown()) == text


def test_the_networks_that_ship():
    assert table.summary() + "\n\n" in TEXTS["results.md"]
    assert table.headline() + "\n\n" in TEXTS["README.md"]
    names = [line.split("|")[1].strip() for line in table.headline().splitlines()[2:]]
    assert len(names) == 12 and all(f"| {name} " in table.summary() for name in names)


def test_what_integers_cost_a_convolutional_network():
    found = runs("constrained_graphs")
    trained = {run["seed"]: run["accuracy"] for run in found if run["setting"] == "as trained"}
    shown = lines("chip.md", "`nmnist-conv-dmp` on `dmp-camera`", 3)
    assert {setting for setting, *_ in shown} == {run["setting"] for run in found}
    for setting, accuracy, lost in shown:
        mine = {run["seed"]: run["accuracy"] for run in found if run["setting"] == setting}
        assert mine.keys() == trained.keys() and len(mine) == 3
        assert float(accuracy) == pytest.approx(np.mean(list(mine.values())), abs=0.0051)
        assert float(lost) == pytest.approx(np.mean([trained[seed] - mine[seed] for seed in mine]), abs=0.0051)
    assert not any(sum(run["mismatched"]) for run in found) and all(
        run[f"{name} that differ"] == 0 for run in found if "u compared" in run for name in ("u", "m", "x"))
    rates = {run["setting"]: [row["correlation"] for row in run["layers"]] for run in found
             if run["seed"] == 0 and "layers" in run}
    for setting, told in (("8-bit weights, 16-bit state", (0.999, 0.996, 0.995)),
                          ("4-bit W_f and P, 16-bit state", (0.989, 0.971, 0.971))):
        assert told == pytest.approx(rates[setting], abs=0.00051)


def test_what_few_bits_leave_of_learning():
    measured = {run["line"]: run for run in runs("learned_on_chip")}
    shown = lines("learning.md", "weights and traces", 3)
    assert len(shown) == len(measured)
    for name, accuracy, writes in shown:
        assert float(accuracy) == pytest.approx(measured[name]["accuracy"], abs=0.0051)
        if writes != "-":
            assert float(writes) == pytest.approx(measured[name]["writes"]["mean"], abs=0.051)


def test_what_the_integers_cost():
    measured = {(run["row"], run["setting"], run["seed"]): run["accuracy"] for run in runs("constrained")}
    for row, setting, seeds, accuracy, lost in lines("chip.md", "network", 5):
        row = row.strip("`")
        mine = [(value, measured[row, "as trained", seed] - value) for (name, what, seed), value in measured.items()
                if (name, what) == (row, setting)]
        assert len(mine) == int(seeds)
        np.testing.assert_allclose([float(accuracy), float(lost)], np.mean(mine, axis=0), atol=0.0051)


def test_every_entry_of_a_weights_file_is_named():
    extended = random_network(encoding="analog", kind="DMP+RSNN", d_s=2, delay=3, kappa=0.5, acts="gain",
                              blocks=((2, 6.0), (3, 4.0)), feed="cascade", permutation=np.arange(40))
    plain = random_network(encoding="analog")
    whole = constrain(plain, chip.load("dmp"), random_input(plain, 2)).network
    for network in (extended, swap.linear(extended), swap.shift(extended), whole):
        header, arrays = weights._contents(network)
        entries = {f"layer{{l}}.{key.partition('.')[2]}" if key.startswith("layer") else key for key in arrays}
        entries |= {*header} | {key for part in ("neurons", "slow", "fixed") for key in header.get(part, [{}])[0]
                                if not key.startswith("shift_")}
        told = TEXTS["weights-file.md"]
        for entry in entries | {*header["input"]}:
            assert any(f"`{start}{entry}`" in told for start in ("", "neurons[l].", "slow[l].", "input.")), entry


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if "```python" in text])
def test_the_python_runs_in_order(name, tmp_path, monkeypatch):
    """On two digits and a small network in place of the one that ships."""
    monkeypatch.chdir(tmp_path)
    small = random_network((1, 12, 8, 10), encoding="analog", steps=784, dataset="smnist")
    weights.save(small, tmp_path / "small.npz")
    ships = shipped.path
    monkeypatch.setattr(shipped, "path", lambda name, *place: ships(name, *place) if place else tmp_path / "small.npz")
    found = {}
    with run_time("numpy", 1e-3):
        for block in re.findall("```python\n(.*?)```", TEXTS[name], re.S):
            exec(block.replace("slice(100)", "slice(2)"), found)
    if name == "README.md":
        assert found["seen"].predictions.shape == (2,) and found["seen"].spikes[0].any()
        assert found["made"].network.integer and (found["net"]["W_m_1"].w[:] == 0).all()
        assert found["spikes"].num_spikes > 10
    if name == "sweep.md":
        assert len(found["found"]) == len(list((tmp_path / "sweep").glob("*.json"))) == 3


def test_links_lead_somewhere():
    for name, text in TEXTS.items():
        folder = ROOT if name == "README.md" else ROOT / "docs"
        for link in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (folder / link).exists(), (name, link)


def test_a_newcomer_reads_a_page_or_two():
    assert len(TEXTS["README.md"].splitlines()) <= 150
