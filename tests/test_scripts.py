"""Simulation scripts of models/: each is short, runs, draws what it says, and its numbers are those of the physics."""

import ast
import importlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from matplotlib.image import imread

import dmpnet
from dmpnet import data
from dmpnet.brian.session import run_time
from dmpnet.disk import shipped
from dmpnet.drawing import scripts
from dmpnet.equations import decay, memory
from dmpnet.hardware import chip, fit
from dmpnet.plasticity import reference
from dmpnet.trained import weights

MODELS = Path(__file__).resolve().parent.parent / "models"
SCRIPTS = sorted(path.stem for path in MODELS.glob("*.py") if path.stem not in ("__init__", "recipes"))
IMPORTED, DEFINED = (ast.Import, ast.ImportFrom), (ast.FunctionDef, ast.Assign)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="module")
def decays():
    return simulated("three_decays")


def simulated(name):
    """A script's functions, and the rows and what else its quick run saw."""
    script = importlib.import_module(f"dmpnet.models.{name}")
    with run_time("numpy", 1e-3):
        return script, *script.simulate(True)


@cache
def shown(name, folder, *options):
    """What a script printed, run as a user would: from its file, in an empty folder."""
    where = Path(mkdtemp(prefix=name, dir=folder))
    here = str(Path(dmpnet.__file__).resolve().parents[1])
    done = subprocess.run([sys.executable, str(MODELS / f"{name}.py"), *options], cwd=where, capture_output=True,
                          text=True, timeout=900, env=os.environ | {"PYTHONPATH": here})
    assert done.returncode == 0, done.stderr
    return where, done


def rows(name, folder, *options):
    """The table, as it stands in the provenance."""
    return json.loads((shown(name, folder, *options)[0] / f"{name}.json").read_text())["rows"]


def check_shown(name, folder, *options):
    where, done = shown(name, folder, *options)
    printed = done.stdout.splitlines()
    assert max(map(len, printed)) <= 80 and printed[-1].startswith("figure and provenance: ")
    assert not done.stderr, done.stderr
    assert {path.name for path in where.iterdir() if not path.name.endswith(".lock")} == {
        f"{name}.{kind}" for kind in ("png", "pdf", "json")}
    ink = (imread(where / f"{name}.png")[..., :3] < 0.9).any(axis=-1)
    assert 0.01 < ink.mean() < 0.6, "a figure that is blank, or all ink"
    columns = np.array_split(ink, 4, axis=1)
    assert all(part.mean() > 0.005 for part in columns), "a panel is empty"
    found = json.loads((where / f"{name}.json").read_text())
    assert found["command"] == f"models/{name}.py" and found["arguments"]["quick"] == bool(options)
    assert set(found["files"]) == {f"{name}.png", f"{name}.pdf"}
    assert all(str(key).split()[0] in done.stdout for row in found["rows"] for key in row)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_shows_what_it_found(name, folder):
    check_shown(name, folder, "--quick")


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_shows_all_of_it(name, folder):
    check_shown(name, folder)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_short_asks_a_question_and_does_nothing_when_imported(name):
    text = (MODELS / f"{name}.py").read_text()
    assert 40 <= len(text.splitlines()) <= 70
    tree = ast.parse(text)
    question = ast.get_docstring(tree).splitlines()[0]
    assert question.endswith("?") and not [part for part in Path(name).parts if part in ("utils", "core", "misc")]
    *body, last = tree.body[1:]
    assert all(isinstance(part, IMPORTED + DEFINED) for part in body) and isinstance(last, ast.If)
    assert ast.unparse(last.test) == "__name__ == '__main__'"
    assert question in (MODELS / "README.md").read_text() and f"`{name}.py`" in (MODELS / "README.md").read_text()


def test_a_script_replaces_its_own_figure_and_no_other(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mine.py", "--quick", "--out", str(tmp_path)])
    asked = []

    def call(colour):
        scripts.show("Who?", lambda quick: ([{"n": asked.append(quick) or len(asked)}], colour),
                     lambda figure, rows, seen: figure.subplots().plot([0, rows[0]["n"]], color=seen))

    call("k")
    first = (tmp_path / "mine.png").read_bytes()
    call("r")
    assert asked == [True, True] and (tmp_path / "mine.png").read_bytes() != first
    assert json.loads((tmp_path / "mine.json").read_text())["rows"] == [{"n": 2}]
    (tmp_path / "mine.pdf").write_text("of somebody else")
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        call("k")
    assert left.value.code == 2 and "mine.pdf is there, but not as an earlier" in capsys.readouterr().err
    assert len(asked) == 2 and (tmp_path / "mine.pdf").read_text() == "of somebody else"


def test_a_script_finds_the_same_again(decays, folder):
    """In another process; test_neurons_turn_to_the_digits_they_answer asks the same of one that draws by chance."""
    assert rows("three_decays", folder, "--quick") == decays[1]


# the physics they are about


def test_linear_decay_ends_and_the_others_do_not(decays):
    script, found, seen = decays
    start = script.PULSE * script.G
    for decay_, u in ((name, one["u"][0, 5:]) for name, one in seen.items()):
        zero = np.flatnonzero(u == 0)
        assert u[0] == start
        if decay_ == "linear":
            assert zero[0] == np.ceil(start / script.LAM - 1e-9) and (u[zero[0]:] == 0).all()
        else:
            assert not len(zero) and (np.diff(u) < 0).all()
    assert [row["ms to 0"] for row in found] == ["never", 18, "never"]


def test_a_neuron_fires_when_more_comes_in_than_leaks_at_threshold(decays):
    _, found, seen = decays
    for row, one in zip(found, seen.values(), strict=True):
        grid = one["steady"][1] - one["steady"][0]
        assert 0 < row["least I"] - row["leak/g"] <= grid + 1e-9


def test_the_rate_of_linear_decay_is_a_straight_line(decays):
    """Each step lam leaks, or less in the one after a spike: (g I - lam)/theta <= rate <= (g I - lam)/(theta - lam)."""
    script, _, seen = decays
    rate, I = seen["linear"]["rate"], seen["linear"]["steady"]
    more, step = np.maximum(script.G * I - script.LAM, 0), 1 / 400
    assert (rate >= more / script.THETA_U - step).all()
    assert (rate <= more / (script.THETA_U - script.LAM) + step).all() and rate.max() > 0.2


def test_the_membrane_takes_the_step_of_the_package(decays):
    """The same noise through dmpnet.equations.decay: equal membranes, so equal spikes."""
    script, _, seen = decays
    noise = np.random.default_rng(0).normal(*script.NOISE, 50).repeat(8)
    for name, one in seen.items():
        u, expected, fired, margin = np.zeros(1), [], [], np.inf
        for I in noise:
            u = decay.decayed(u, name, script.NEURONS[name].constant) + script.G * I
            margin = min(margin, float(abs(u - script.THETA_U).min()))
            fired.append(u >= script.THETA_U)
            u = u - script.THETA_U * fired[-1]
            expected.append(u)
        assert 0.01 < np.mean(fired) < 0.5 and margin > 1e-9
        np.testing.assert_allclose(one["u"][1], np.concatenate(expected), rtol=0, atol=1e-12)


def test_a_memory_recalls_sines_as_its_closed_form_says():
    script, found, seen = simulated("slow_memory")
    for d in script.DIMENSIONS:
        np.testing.assert_allclose(seen[d]["sines"], script.closed(d, script.THETA // 2), rtol=0.02, atol=0.01)
    held = [row["periods to 10 %"] for row in found]
    assert held == sorted(set(held)) and all(2 * np.pi * periods < d + 1 for periods, d in
                                             zip(held, script.DIMENSIONS, strict=True))
    errors = np.array([[row[key] for key in ("error % of now", "theta/2 ago", "latest")] for row in found])
    assert (np.diff(errors, axis=0) < 0).all()


def test_a_memory_in_brian2_is_its_impulse_response():
    script = importlib.import_module("dmpnet.models.slow_memory")
    impulse = np.zeros((40, 2))
    impulse[0, 1] = 1
    with run_time("numpy", 1e-3):
        m = script.remembered(6, impulse)
    wanted = memory.impulse_response(*memory.discrete(6, script.THETA), 40)
    np.testing.assert_allclose(m[:, 1], wanted, rtol=0, atol=1e-12)
    assert not m[:, 0].any() and abs(wanted).max() > 0.01


def test_pairs_change_a_synapse_by_their_order_and_triplets_by_their_frequency():
    script, found, seen = simulated("pairing")
    np.testing.assert_array_equal(np.sign(seen["window"]), np.sign(seen["delta"]))
    np.testing.assert_allclose(seen["window"], seen["closed"], rtol=1e-9, atol=1e-15)
    for apart in (10, -10):
        wanted = [reference.triplet_pairing(rate, 1e-3 * apart, 20, script.TRIPLET.numbers) for rate in seen["rates"]]
        np.testing.assert_allclose(seen[script.TRIPLET.name, apart], wanted, rtol=1e-6)
    pair, triplet = ({row["dt (ms)"]: (row["20 Hz"], row["50 Hz"]) for row in found if row["rule"] == rule.name}
                     for rule in (script.PAIR, script.TRIPLET))
    assert pair[-10][0] < pair[-10][1] < 0 < pair[10][0] and triplet[-10][0] < 0 < triplet[-10][1]


def test_a_lesion_is_felt_from_there_on(folder):
    found = {row["network"]: row for row in rows("reading_digits", folder, "--quick")}
    whole, deaf = found.pop("whole"), found.pop("no W_m_1")
    assert whole["moved %"] == 0 and 1 < whole["layer 1 %"] < 50 and 1 < whole["layer 2 %"] < 50
    assert deaf["layer 1 %"] < whole["layer 1 %"] / 2
    for row in found.values():  # of layer 2 alone
        assert row["layer 1 %"] == whole["layer 1 %"] and row["layer 2 %"] != whole["layer 2 %"] and row["moved %"] > 1


def test_what_does_not_fit_is_what_the_report_says(folder):
    found = {row["limit"]: row for row in rows("on_a_chip", folder, "--quick")}
    trained = weights.load(shipped.path("smnist-dmp1"))
    broken = {need.rule for need in fit.fit(trained, chip.load("dmp")).violations}
    assert {limit for limit, row in found.items() if row["too much for"] != "none"} == broken
    assert found["neurons"]["needs"] == trained.layers[0].N and found["slots"]["needs"] == trained.layers[0].d
    assert fit.fit(trained, chip.load("dmp-256")).ok


@pytest.mark.slow
def test_integers_follow_the_membrane():
    """Up to what rounding moves: spikes now and then, and with them the membrane."""
    _, _, seen = simulated("on_a_chip")
    assert all(0.01 < rate < 0.5 for name in ("real", "integers") for rate in seen[name]["rate"])
    assert np.corrcoef(seen["real"]["u"], seen["integers"]["u"])[0, 1] > 0.95
    assert abs(seen["unit_u"] * seen["integers"]["u"] - seen["real"]["u"]).mean() < 0.1 * abs(seen["real"]["u"]).mean()


@pytest.mark.parametrize("array", ["W_f_2", "W_m_2"])
def test_cells_of_one_array_are_changed_and_no_others(array):
    script = importlib.import_module("dmpnet.models.weight_array")
    trained = weights.load(shipped.path(script.NETWORK))
    before = {"W_f_2": trained.layers[1].W_f, "W_m_2": trained.layers[1].slow.W_m}
    for how, much in (("rounded", 3), ("lost", 0.2), ("stuck", 0.2)):
        one, two = script.changed(trained, array, how=script.HOW[how], much=much).layers
        after = {"W_f_2": two.W_f, "W_m_2": two.slow.W_m}
        w, most = after.pop(array), abs(before[array]).max()
        assert one is trained.layers[0] and all(after[name] is before[name] for name in after)
        if how == "rounded":
            assert len(np.unique(w)) <= 7 and abs(w - before[array]).max() <= most / 3 / 2 * (1 + 1e-6)
        else:
            part = (w != before[array]).mean()
            assert abs(part - much) < 0.03 and set(np.unique(abs(w[w != before[array]]))) == {most * (how == "stuck")}


def test_a_broken_array_moves_spikes(folder):
    whole, *others = rows("weight_array", folder, "--quick")
    assert whole["spikes moved %"] == 0 and all(row["spikes moved %"] > 10 for row in others)


@pytest.mark.slow
def test_more_bits_move_fewer_spikes_and_more_broken_cells_more(folder):
    found = rows("weight_array", folder)
    for array in ("W_f_2", "W_m_2"):
        for how, order in (("rounded", -1), ("lost", 1), ("stuck", 1)):
            moved = [row["spikes moved %"] for row in found if (row["array"], row["weights"]) == (array, how)]
            assert len(moved) == 5 and (order * np.diff(moved) > 0).all(), (array, how)


def test_neurons_turn_to_the_digits_they_answer(folder):
    """What a neuron's weights gained lies where the digits it answered are bright; their sum stays."""
    script, found, seen = simulated("learning_digits")
    for w in (seen["before"], seen["after"]):
        np.testing.assert_allclose(w.sum(axis=0), script.QUICK.norm)
    images = data.load("smnist", "subset").values[:10, :, 0].astype(float)
    answered = seen["answers"].sum(axis=0) >= 5
    gained = (seen["after"] - seen["before"])[:, answered]
    bright = (images.T @ seen["answers"])[:, answered]
    alike = [np.corrcoef(one, other)[0, 1] for one, other in zip(gained.T, bright.T, strict=True)]
    assert answered.sum() >= 3 and min(alike) > 0.3
    assert found == rows("learning_digits", folder, "--quick")
    assert len(found) == 4 and all(row["spikes a digit"] >= script.QUICK.fewest for row in found)


@pytest.mark.slow
def test_digits_never_learned_from_are_named_far_above_chance(folder):
    assert rows("learning_digits", folder)[-1]["right %"] > 50
