"""Small versions of results (--quick): where they go, what marks them, that they look at no test set, and go on."""

import argparse
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from dmpnet import cli
from dmpnet import data as data_sets
from dmpnet.commands import figures
from dmpnet.data import Recordings
from dmpnet.disk import shipped
from dmpnet.drawing import catalogue, marks
from dmpnet.errors import DmpnetError
from dmpnet.results import options, provenance, script
from dmpnet.system.processes import Children
from dmpnet.trained import weights

ROOT = Path(__file__).resolve().parents[1]
RESULTS = shipped.folder("analyses") / "results"


# a script


@pytest.fixture
def parsed(tmp_path, monkeypatch):
    """What a script with --quick was told by these words, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def told(*words):
        parser = options.script("A script.", "analyses/results/queues.json")
        options.look(parser)
        parser.add_argument("--epochs", type=int, default=40)
        parser.add_argument("--runs", type=Path, default=Path("queues.run"))
        options.quick(parser, "less", epochs=2, few=3)
        monkeypatch.setattr("sys.argv", ["queues.py", *words])
        return script.parsed(parser, "queues")

    return told


def test_a_small_version_lies_apart_and_has_numbers_of_its_own(parsed):
    whole, quick = parsed(), parsed("--quick")
    assert (whole.out, whole.epochs, whole.runs) == (Path("analyses/results/queues.json"), 40, Path("queues.run"))
    assert (quick.out, quick.epochs, quick.runs) == (Path("quick/queues.json"), 2, Path("quick/queues.runs"))
    assert parsed("--quick", "--epochs", "7").epochs == parsed("--epochs", "7", "--quick").epochs == 7
    assert parsed("--quick", "--runs", "mine").runs == Path("mine")
    assert not {"quick", "few"} & set(script.given(whole))  # whole results are recorded as they always were
    assert {"quick": True, "few": 3, "epochs": 2}.items() <= script.given(quick).items()


def test_a_small_version_looks_at_no_test_set_and_replaces_nothing_that_ships(parsed):
    with pytest.raises(DmpnetError, match="a small version looks at no test set; leave --look out"):
        parsed("--quick", "--look")
    with pytest.raises(DmpnetError, match="is among the results that ship"):
        parsed("--quick", "--out", str(RESULTS / "queues.json"))
    with pytest.raises(DmpnetError, match="is among the results that ship"):
        provenance.write(RESULTS / "none.json", {"arguments": {"quick": True}})
    assert not (RESULTS / "none.json").exists()


def test_small_and_whole_runs_are_not_averaged(tmp_path):
    for first, second in (({}, {"quick": True}), ({"quick": True}, {})):
        path = tmp_path / f"{len(first)}.json"
        provenance.Runs(path, "variants", first).add({"accuracy": 1.0})
        assert provenance.is_quick(json.loads(path.read_text())) == bool(first)
        provenance.Runs(path, "variants", first)
        with pytest.raises(DmpnetError, match=f"holds {'small' if first else 'whole'} runs"):
            provenance.Runs(path, "variants", second)


def test_what_is_shown_is_of_the_validation_part(monkeypatch):
    """None of what the network was trained on, and the test part is not even read."""
    network, loaded = weights.load(shipped.path("shd-regen-dmp2/seed0")), []
    how = network.provenance
    n = how["training_samples"] + how["validation_samples"]
    labels = np.arange(n) % 20

    def load(name, split, *_, **__):
        loaded.append(split)
        return Recordings(name, split, "spikes", np.zeros((n, 1, 140), np.uint8), 1.0, labels, np.arange(n) // 20 % 10,
                          20, 0.01, None, {"numbers": "all"})

    monkeypatch.setattr(data_sets, "load", load)
    monkeypatch.setattr(data_sets, "located", lambda *_: ())  # nor need any file be there
    quick = argparse.Namespace(quick=True, look=False, few=40, data=None, download=False)
    assert len(options.shown(quick, network)) == len(options.judged(quick, network, load("shd-regen", "train"))) == 40
    assert len(options.learned(quick, network, load("shd-regen", "train"))) == 40
    assert set(loaded) == {"train"} and options.shown(quick, network).split == "validation"
    quick.quick = False
    assert len(options.shown(quick, network)) == n and loaded[-1] == "test"


# all of them


def test_every_result_has_a_small_version_or_a_sentence_why_not():
    for result in catalogue.results().values():
        assert sum(map(bool, (result.quick_takes, result.quick_with, result.not_quick))) == 1, result.name
        first, second, *_ = result.small.split()
        source = ROOT / (f"dmpnet/commands/{second}.py" if first == "dmpnet" else first)
        assert result.not_quick or "options.quick(" in source.read_text(), result.name
        assert "--look" not in result.small and "--quick" in result.small
        if result.quick_with:
            assert catalogue.results()[result.quick_with].quick_takes


whole = Children.call


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Calls of scripts, each of which leaves the shipped result, marked."""
    calls = []

    def run(self, command, folder, task, fix, within):
        calls.append(command[1:])
        out = Path(command[command.index("--out") + 1])
        entry = json.loads((RESULTS / f"{out.stem}.json").read_text())
        entry["arguments"] = entry.get("arguments", {}) | {"quick": True}
        if not out.suffix:
            out.mkdir()
            out = out / "results.json"
        out.write_text(json.dumps(entry))
        return "a table"

    monkeypatch.setattr(Children, "call", run)
    monkeypatch.setenv("DMPNET_LEDGER", str(tmp_path / "ledger.csv"))
    return calls


def told(figure):
    return [text.get_text().replace("\n", " ") for text in figure.texts]


def test_all_are_made_marked_and_drawn_and_nothing_that_ships_is_touched(tmp_path, monkeypatch, made):
    drawn, before = {}, {path.name: path.read_bytes() for path in RESULTS.glob("*.json")}
    monkeypatch.setattr("dmpnet.drawing.save", lambda figure, stem, by: drawn.setdefault(stem.name, figure))
    monkeypatch.setattr(catalogue, "named", lambda names: [catalogue.scripts()[one] for one in ("queues", "few_bits")])
    assert cli.main(["figures", "all", "--quick", "--recompute", "--data", "there", "--out", str(tmp_path)]) == 0
    known = catalogue.results().values()
    assert len(made) == sum(bool(result.quick_takes) for result in known) > 30
    for call in made:
        assert "--quick" in call and "--look" not in call
        assert Path(call[call.index("--out") + 1]).parent == tmp_path / "results"
    assert told(drawn["queues"]) == ["quick version, of few samples and one seed, no test set: queues"]
    assert told(drawn["few_bits"])[0].endswith(" no test set: constrained, few_bits, memory_slots")
    assert {path.name: path.read_bytes() for path in RESULTS.glob("*.json")} == before
    assert not (tmp_path / "ledger.csv").exists()
    assert not told(catalogue.scripts()["queues"].figure())  # whole results are not marked


def test_what_was_made_before_is_not_made_again(tmp_path, monkeypatch, made, capsys):
    """Killed in the second of three, and called again."""
    monkeypatch.setattr("dmpnet.drawing.save", lambda figure, stem, by: None)
    asked, run = ["figures", "queues", "cores", "hierarchy", "--quick", "--recompute", "--processes", "1", "--out",
                  str(tmp_path)], Children.call

    def fails(self, command, folder, *how):
        if "cores" in command:
            return whole(self, [sys.executable, "-c", "print('no room'); raise SystemExit(3)"], folder, *how)
        if "hierarchy" in command[1]:
            time.sleep(1)  # still made when the one before it has failed
        return run(self, command, folder, *how)

    monkeypatch.setattr(Children, "call", fails)
    assert cli.main(asked) == 2 and set(json.loads((tmp_path / "results" / figures.SMALL).read_text())) == {"queues"}
    told = capsys.readouterr()
    assert "queues, in 0 s:\na table" in told.out
    assert re.search("cores by dmpnet cores --quick .*failed with exit code 3: no room; mend what it told", told.err)
    monkeypatch.setattr(Children, "call", run)
    assert cli.main(asked) == 0 and sum("queues" in call[0] for call in made) == 1
    assert "queues: done before" in capsys.readouterr().out
    assert set(json.loads((tmp_path / "results" / figures.SMALL).read_text())) == {"queues", "cores", "hierarchy"}


@pytest.mark.parametrize("words, why", [(["--quick"], "add --recompute"), (["--quick", "--recompute", "--look"],
                                                                          "leave --look out")])
def test_what_a_small_version_is_not(tmp_path, made, capsys, words, why):
    assert cli.main(["figures", "queues", *words, "--out", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err and not made


# figures


def test_an_axis_reaches_as_far_as_its_values():
    assert marks.reaching((48, 92), [50, 90]) == (48, 92)
    low, high = marks.reaching((48, 92), [50, 20, float("nan")])
    assert 15 < low < 20 and high == 92


def test_the_mark_takes_room_of_its_own():
    figure = Figure(figsize=(3.0, 2.0), layout="constrained")
    ax = figure.subplots()
    ax.set_title("below")
    marks.quick(figure, ["queues"])
    figure.draw_without_rendering()
    assert figure.get_size_inches()[1] > 2.0
    assert figure.texts[0].get_window_extent().y0 > ax.get_tightbbox().y1


def test_no_text_of_a_small_version_speaks_of_a_test_set():
    figure = Figure(figsize=(3.0, 2.0), layout="constrained")
    ax = figure.subplots()
    ax.set(xlabel="test accuracy (%)", title="a  test accuracy, one seed")
    ax.set_title("test accuracy (%), 5 epochs", loc="right")
    figure.supylabel("test accuracy on shd-regen (%)")
    marks.quick(figure, ["queues"])
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert [ax.get_xlabel(), ax.get_title(), figure.get_supylabel()] == [
        "accuracy (%)", "a  accuracy, one seed", "accuracy on shd-regen (%)"]
    assert not [text for text in texts if "test" in text and "no test set" not in text]


@pytest.mark.parametrize("at_once", [1, 3])
def test_what_is_timed_is_made_alone_and_the_rest_together(tmp_path, monkeypatch, at_once):
    known, running, most = catalogue.results(), [], {True: 0, False: 0}

    def call(self, command, *_):
        name = Path(command[command.index("--out") + 1]).stem
        running.append(name)
        time.sleep(0.02)
        most[known[name].timed] = max(most[known[name].timed], len(running))
        running.remove(name)

    monkeypatch.setattr(Children, "call", call)
    asked = [result for result in known.values() if result.quick_takes]
    arguments = argparse.Namespace(data=None, download=False, processes=at_once)
    made = [result.name for result, _ in figures.made_small(asked, tmp_path, arguments)]
    assert sorted(made) == sorted(result.name for result in asked) and most == {True: 1, False: at_once}
    assert {name for name in known if known[name].timed} >= {"any_network_speed", "benchmark_training"}


@pytest.mark.slow
def test_a_script_is_quick(tmp_path):
    """The cheapest of all, as it is called."""
    if not (Path(__file__).resolve().parents[2] / "shared" / "data").is_dir():
        pytest.skip("needs data: shared/data")
    folder = str(Path(__file__).resolve().parents[2] / "shared" / "data")
    assert cli.main(["figures", "core_costs", "--quick", "--recompute", "--data", folder, "--out", str(tmp_path)]) == 0
    assert provenance.is_quick(json.loads((tmp_path / "results" / "core_costs.json").read_text()))
