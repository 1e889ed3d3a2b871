"""The numbers a reader meets are those of the result files, and what is to be pasted runs as it stands."""

import json
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot
from networks import random_input, random_network
from scipy.stats import ttest_1samp

from dmpnet import cli
from dmpnet.brian.session import run_time
from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.results import table
from dmpnet.trained import swap, weights

ROOT = Path(__file__).resolve().parent.parent
PAGES = {path.relative_to(ROOT / "docs").as_posix(): path for path in sorted((ROOT / "docs").glob("**/*.md"))
         if not {"_build", "gallery"} & {*path.relative_to(ROOT / "docs").parts}} | {"README.md": ROOT / "README.md"}
TEXTS = {name: path.read_text() for name, path in PAGES.items()}
FENCE = re.compile("^```(.*)\n((?:.*\n)*?)```$", re.M)
RUN = ("chip", "fit", "import")
"""Commands of pages that are run; the others need data, take long or are tested as such, and are parsed."""


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
    with pytest.raises(DmpnetError, match="no table begins with the columns new, one"):
        readme.placed(text, "| new | one |\n|---|---|\n| 1 | 2 |")


def test_the_cards_are_those_the_script_writes(monkeypatch):
    """Of their weights, their records and the ledger, as these are now."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    monkeypatch.syspath_prepend(ROOT / "analyses")
    import readme

    cards = {path: text for path, text in readme.written() if path.parent.parent.name == "models"}
    assert {path.parent.name for path in cards} == {path.parent.name for path in (ROOT / "models").glob("*/seed0.json")}
    assert [path.parent.name for path, text in cards.items() if path.read_text() != text] == []


def test_the_networks_that_ship():
    assert table.summary() + "\n\n" in TEXTS["results.md"]
    assert table.headline() + "\n\n" in TEXTS["README.md"]
    names = [line.split("|")[1].strip() for line in table.headline().splitlines()[2:]]
    assert len(names) == 12 and all(f"| {name} " in table.summary() for name in names)


def is_told(told, lost):
    """`told` is the mean of points lost and, of three seeds or more, Student's interval: SciPy's own."""
    mean, *ends = (float(number) for number in re.findall(r"-?\d+\.\d+", told))
    assert mean == pytest.approx(np.mean(lost), abs=0.0051) and bool(ends) == (len(lost) > 2)
    if ends:
        np.testing.assert_allclose(ends, ttest_1samp(lost, 0).confidence_interval(0.95), atol=0.0051)


def test_what_integers_cost_a_convolutional_network():
    found = runs("constrained_graphs")
    trained = {run["seed"]: run["accuracy"] for run in found if run["setting"] == "as trained"}
    shown = lines("chip.md", "`nmnist-conv-dmp` on `dmp-camera`", 4)
    assert {setting for setting, *_ in shown} == {run["setting"] for run in found}
    for setting, seeds, accuracy, lost in shown:
        mine = {run["seed"]: run["accuracy"] for run in found if run["setting"] == setting}
        assert mine.keys() == trained.keys() and len(mine) == int(seeds) == 3
        assert float(accuracy) == pytest.approx(np.mean(list(mine.values())), abs=0.0051)
        if setting != "as trained":
            is_told(lost, [trained[seed] - mine[seed] for seed in mine])
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
    for row, setting, seeds, accuracy, told in lines("chip.md", "network", 5):
        row = row.strip("`")
        mine = [(value, measured[row, "as trained", seed] - value) for (name, what, seed), value in measured.items()
                if (name, what) == (row, setting)]
        assert len(mine) == int(seeds)
        assert float(accuracy) == pytest.approx(np.mean([value for value, _ in mine]), abs=0.0051)
        is_told(told, [lost for _, lost in mine])


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


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small network in place of the one that ships, two digits in place of 100, and an empty folder to work in."""
    network = random_network((1, 12, 8, 10), encoding="analog", steps=784, dataset="smnist")
    weights.save(network, tmp_path / "small.npz")
    ships = shipped.path
    monkeypatch.setattr(shipped, "path", lambda name, *place: ships(name, *place) if place else tmp_path / "small.npz")


CHECKED = {
    "README.md": lambda found: found["seen"].predictions.shape == (2,) and found["seen"].spikes[0].any()
    and (found["net"]["W_m_1"].w[:] == 0).all(),
    "recipes/fast-slow-layer.md": lambda found: found["spikes"].num_spikes > 10 and (found["m"].m[0] > 0).any(),
    "recipes/fit-report.md": lambda found: found["made"].network.integer and not found["report"].ok,
    "recipes/own-chip.md": lambda found: found["mine"].limits.neurons == 256 and found["mine"].words.u.bits == 20,
    "sweep.md": lambda found: len(found["found"]) == len(list(Path("sweep").glob("*.json"))) == 3,
    "recipes/own-decay.md": lambda found: found["seen"].spikes[0].any()
    and (found["other"].spikes[0] != found["seen"].spikes[0]).any(),
    "recipes/data-set.md": lambda found: np.abs(found["analog"].batch(slice(None)) - found["waves"]).max() < 0.51 / 127,
    "recipes/torch.md": lambda found: all(0.01 < layer.mean() < 0.5 for layer in found["seen"].spikes)
    and found["u"].u.any() and (found["classes"] == found["labels"].numpy()).mean() > 0.7}
"""What a page's names must be after it was run, beside what it asserts itself."""
SLOW = ("sweep.md",)  # recipes/sweep.md calls the same function


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
                                  for name, text in TEXTS.items() if re.search("^```python$", text, re.M)])
def test_what_a_page_says_runs_in_order(name, tmp_path, monkeypatch, capsys, request):
    """`python` as it stands; `text` is what was printed; a fence with a file's name is that file; commands of RUN.

    What is printed is of networks that ship; after the last of it, and elsewhere, a small one stands in for them.
    """
    if "import torch" in TEXTS[name]:
        pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    fences = FENCE.findall(TEXTS[name])
    shown = max((number for number, (info, _) in enumerate(fences) if info == "text"), default=-1)
    monkeypatch.chdir(tmp_path)
    pyplot.switch_backend("agg")
    found, printed = {}, ""
    with run_time("numpy", 1e-3):
        for number, (info, block) in enumerate(fences):
            if number > shown:
                request.getfixturevalue("small")
            language, _, file = info.partition(" ")
            if info == "python":
                exec(block.replace("slice(100)", "slice(2)"), found)
                printed = capsys.readouterr().out
            elif info == "text":
                assert block == printed
            elif language == "toml":
                (tmp_path / file).write_text(block)
            elif info == "sh":
                for words in map(shlex.split, block.splitlines()):
                    assert words[0] != "dmpnet" or words[1] not in RUN or cli.main(words[1:]) == 0
    assert CHECKED.get(name, bool)(found)
    pyplot.close("all")


@cache
def cached_parser():
    return cli.parser()


def lines_of_commands(text):
    """What stands on a line by itself, in a fence or indented, without what is said of it there."""
    return [re.split(" {2,}", line)[0] for line in re.findall("^ *(dmpnet .*)$", text, re.M)]


def options_of(parser):
    """All options of a parser and of those below it."""
    below = [one for action in parser._actions if isinstance(action.choices, dict) for one in action.choices.values()]
    return {*parser._option_string_actions}.union(*map(options_of, below))


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if "dmpnet " in text])
def test_commands_are_taken(name):
    """On a line they are whole; in a sentence or a table their options are there."""
    parser = cached_parser()
    for line in lines_of_commands(TEXTS[name]):
        assert parser.parse_args(shlex.split(line)[1:]).execute
    known = parser._subparsers._group_actions[0].choices
    for told in re.findall("`(dmpnet [a-z][^`]*)`", TEXTS[name]):
        words = told.split()[1:]
        assert {word for word in words if word.startswith("--")} <= options_of(known[words[0]]), told


def test_scripts_that_are_named_are_there():
    named = {script for text in TEXTS.values() for script in re.findall(r"python ((?:\w+/)+\w+\.py)", text)}
    assert len(named) >= 5 and all((ROOT / script).is_file() for script in named)


def test_links_lead_somewhere():
    for name, text in TEXTS.items():
        for link in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (PAGES[name].parent / link).exists(), (name, link)


def test_chips_are_as_much_ours_as_told():
    shown = lines("reconstruction.md", "chip", 4)
    assert {name.strip("`") for name, *_ in shown} == {*chip.names()}
    for name, numbers, ours, _ in shown:
        described = tomllib.loads((ROOT / "models" / "chips" / f"{name.strip('`')}.toml").read_text())
        sources = [entry["source"] for part in described.values() if isinstance(part, dict) for entry in part.values()]
        assert (int(numbers), int(ours)) == (len(sources), sum(source.startswith("ours") for source in sources)), name


def test_a_newcomer_reads_a_page_or_two():
    assert len(TEXTS["README.md"].splitlines()) <= 150
    recipes = [name for name in TEXTS if name.startswith("recipes/") and name != "recipes/index.md"]
    assert len(recipes) == 10 and all(len(TEXTS[name].splitlines()) <= 110 for name in recipes)
