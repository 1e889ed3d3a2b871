"""Table 1: its rows, the arithmetic of a line, what is printed, and a row made again from nothing."""

import itertools
import json
import tomllib

import numpy as np
import pytest
from data_files import letters, untrusted, write_braille
from scipy import stats

from dmpnet import cli
from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError
from dmpnet.results import answers, folds, ledger, table
from dmpnet.trained import weights
from dmpnet.trained.network import parameters
from dmpnet.training import card


def result(accuracy, seed=0, differ=0):
    return {"seed": seed, "accuracy_brian2": accuracy, "classes_differing_from_pytorch_float64": differ,
            "parameters": {"paper": 39624, "trainable": 40226}, "rates": [0.1, 0.25]}


def test_rows_are_those_of_the_paper():
    rows = table.rows()
    assert [rows[f"smnist-{kind}"].paper for kind in ("fsnn", "rsnn", "dmp1", "dmp2", "peak")] == \
        [59.00, 74.00, 98.08, 99.20, 99.28]
    assert rows["psmnist-peak"].size == "202K" and rows["shd-regen-dsnn"].paper == 90.98
    assert table.row("shd-regen-dmp2").label == "DMP II"
    with pytest.raises(DmpnetError, match="'nothing' is not in the table; choose one of smnist-fsnn"):
        table.row("nothing")


def test_every_shipped_network_is_a_row_with_its_records():
    assert set(shipped.names()) <= set(table.rows())
    for name in shipped.names():
        found = table.results(name)
        assert [record["seed"] for record in found] == shipped.seeds(name)
        for record in found:
            network = weights.load(shipped.path(f"{name}/seed{record['seed']}"))
            assert record["parameters"] == parameters(network)
            assert network.provenance["arguments"]["seed"] == record["seed"]
            assert sum(record["places_mismatched"]) == 0 and record["classes_differing_from_pytorch_float64"] == 0
            assert (shipped.folder() / name / "README.md").is_file()
            assert shipped.path(f"{name}/seed{record['seed']}").stat().st_size < 1_000_000


@pytest.mark.parametrize("made, said", [
    ({}, "slow memory d = 3, theta = 20 steps"), ({"acts": "gain"}, "slow memory d = 3, theta = 20 steps, on the gain"),
    ({"theta": (20.0, 80.0)}, "slow memory d = 3, theta = 20 and 80 steps"), ({"kind": "fsnn"}, "no slow memory")])
def test_a_card_tells_the_slow_memory_of_every_layer(made, said):
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.trained.encoding import Encoding
    from dmpnet.training import card
    from dmpnet.training.model import SpikingNetwork
    from dmpnet.training.recipe import Recipe

    recipe = Recipe("braille", **{"sizes": (12, 8, 8, 27), "d": 3, "theta": 20.0} | made)
    network = SpikingNetwork(recipe.architecture).trained(Encoding("spikes", 12, 10, 0.001, "braille"), {})
    assert card.memory_of(network) == said


def test_a_card_tells_of_a_recipe_what_acts():
    """No theta where there is no slow memory, no width of delays where there are none."""
    seen = set()
    for name in shipped.names():
        network = weights.load(shipped.path(f"{name}/seed{shipped.seeds(name)[0]}"))
        recipe = next(line for line in (shipped.folder() / name / "README.md").read_text().splitlines()
                      if line.startswith("- **recipe**"))
        layers = network.layers
        remembers, delayed = (any(getattr(layer, of) is not None for layer in layers) for of in ("slow", "delay"))
        assert (" theta " in recipe, " delay_sigma " in recipe) == (remembers, delayed), name
        seen.add((remembers, delayed))
    assert len(seen) == 4


def test_a_card_tells_what_of_the_test_set_was_known_of_the_part_and_of_the_row():
    parts = tomllib.loads((shipped.folder() / "table1.toml").read_text())
    alone = [(part, row) for part in parts.values() for row in part["rows"].values() if "besides" in row]
    for part, row in alone:
        name, = (name for name, facts in part["rows"].items() if facts is row)
        assert table.history(name) == f"{part['history']}; {row['besides']}"
    assert alone and table.history("shd-regen-dmp2-published") == "" == table.history("smnist-dmp2")
    assert table.history("shd-regen-fsnn") == parts["shd-regen"]["history"]


@pytest.mark.parametrize("row, over", [("smnist-dsnn", "(over samples)"),
                                       ("shd-regen-dmp2-published", "(over speakers)"),
                                       ("smnist-dmp2", "(over seeds and samples)"),
                                       ("shd-regen-dmp2", "(over seeds and speakers)")])
def test_an_interval_of_one_seed_is_not_said_to_be_over_seeds(row, over):
    assert over in card.sure(row, table.results(row, **table.LINE))


def test_recipes_have_the_sizes_the_paper_prints():
    """Parameters by the paper's rule, in thousands, are the numbers of its table."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.trained.encoding import Encoding
    from dmpnet.training.model import SpikingNetwork
    from dmpnet.training.recipe import SHAPES
    from dmpnet.training.recipes import RECIPES

    rows = table.rows()
    assert set(RECIPES) == set(rows)
    for name, recipe in RECIPES.items():
        network = SpikingNetwork(recipe.architecture).trained(
            Encoding("analog", SHAPES[recipe.dataset][0][0], 10, 0.001, recipe.dataset), {})
        count = parameters(network)["paper"]
        if rows[name].size:
            assert abs(count / 1000 - float(rows[name].size.rstrip("K"))) < 1, name


def test_mean_and_standard_error():
    values = [90.0, 92.0, 94.0]
    mean, error = table.mean_and_error(values)
    assert mean == 92 and error == pytest.approx(2 / np.sqrt(3))  # deviation 2 by hand
    assert table.mean_and_error([7.0]) == (7.0, None)


def test_an_interval_is_over_seeds_and_of_one_seed_over_samples():
    """Student's of three seeds; a normal one of 400 samples, 80 % right: 2 % is their standard error."""
    low, high = table.interval([result(90.0 + more, seed) | {"samples": 100} for seed, more in enumerate((0, 2, 1))])
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 2, 91, 1 / np.sqrt(3)), abs=0.1)
    low, high = table.interval([result(80.0) | {"samples": 400}])
    assert (low, high) == pytest.approx((76.1, 83.9), abs=0.2)
    assert table.interval([result(80.0)]) is None


def test_a_line_says_what_was_found():
    row = table.Row("r", "t", "DMP II", 91.23, "40K", 5)
    line = table.line(row, [result(90.0), result(92.0, 1), result(91.0, 2, differ=3)])
    assert line["accuracy %"] == 91 and line["difference"] == pytest.approx(-0.23) and line["seeds"] == "3/5"
    assert line["Brian2"] == "yes, 3 differ" and line["active %"] == "10.0, 25.0" and not line["marks"]
    low, high = stats.t.interval(0.95, 2, 91, 1 / np.sqrt(3))
    assert line["low %"] == pytest.approx(low, abs=0.1) and line["high %"] == pytest.approx(high, abs=0.1)
    empty = table.line(row, [])
    assert empty["seeds"] == "0/5" and empty["accuracy %"] is None and empty.keys() == line.keys()


def test_parameters_are_saved_where_no_accuracy_is_lost():
    """Of 100: 40 as good save 60 %; better, but of more parameters, or less good, save none."""
    def entry(size, accuracy):
        return {"by paper's rule": size, "accuracy %": accuracy}

    rival = entry(100, 70.0)
    assert table.fewer(entry(40, 70.0), rival) == pytest.approx(60)
    assert table.fewer(rival, rival) is None and table.fewer(entry(120, 90.0), rival) is None
    assert table.fewer(entry(40, 69.9), rival) is None
    assert table.fewer(entry(40, None), rival) is table.fewer(entry(40, 70.0), None) is None
    found = {line["row"]: line["fewer %"] for line in table.lines()}
    assert found["shd-regen-rsnn"] is None and found["qtdb-dmp2"] is None
    assert found["shd-regen-dmp2"] == pytest.approx(100 * (1 - 39_624 / 69_632))


def test_the_table_is_printed_from_files(tmp_path, capsys):
    (tmp_path / "table1.toml").write_bytes((shipped.folder() / "table1.toml").read_bytes())
    (tmp_path / "smnist-dmp2").mkdir()
    for seed, accuracy in enumerate((98.25, 98.75)):
        (tmp_path / "smnist-dmp2" / f"seed{seed}.json").write_text(json.dumps(result(accuracy, seed)))
    assert cli.main(["table1", "--results", str(tmp_path), "--out", str(tmp_path / "table.json")]) == 0
    out = capsys.readouterr().out
    line, = (line for line in out.splitlines() if line.startswith("smnist-dmp2 ") and "39,624" in line)
    assert "98.50" in line and "95.3-100.0" in line and "-0.70" in line
    sure, = (line for line in out.split("\nrow")[-1].splitlines() if line.startswith("smnist-dmp2 "))
    assert "2/3" in sure.split()
    assert all(name in out for name in table.rows())
    written = json.loads((tmp_path / "table.json").read_text())
    assert {entry["row"] for entry in written["rows"]} == set(table.rows()) and "versions" in written
    assert cli.main(["table1", "--results", str(tmp_path / "nowhere")]) == 2
    assert cli.main(["table1", "--retrain", "nothing"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_speakers_unheard_stand_before_the_published_test_set(capsys, tmp_path):
    """Of the runs that ship, every seed in six folds: what each says it had right, over all that it was asked."""
    runs = json.loads((shipped.folder("analyses") / "results" / "folds.json").read_text())["runs"]
    mine = [run for run in runs if run["row"] == "shd-regen-fsnn"]
    asked, seeds = [sum(n for n, _ in run["right"].values()) for run in mine], {run["seed"] for run in mine}
    assert sorted((run["seed"], run["fold"]) for run in mine) == [*itertools.product(sorted(seeds), range(6))]
    assert sum(asked) == 10_420 * len(seeds) and len(seeds) > 1
    mean = np.average([run["accuracy"] for run in mine], weights=asked)
    assert cli.main(["table1"]) == 0
    unheard, published, *_ = [line.split() for line in capsys.readouterr().out.splitlines()
                              if line.startswith("shd-regen-fsnn ")]
    assert unheard[1] == published[1] == "36,864" and float(unheard[2]) == pytest.approx(mean, abs=0.006)
    line, = (line for line in folds.found() if line["row"] == "shd-regen-fsnn")
    assert unheard[3] == f"{line['low']:.1f}-{line['high']:.1f}" != published[3]
    assert unheard[4:] == ["-", "-", "-"] and published[4] == "48.60"
    assert f"| {mean:.1f} " in next(line for line in table.headline().splitlines() if "`shd-regen-fsnn`" in line)
    (tmp_path / "table1.toml").write_bytes((shipped.folder() / "table1.toml").read_bytes())
    assert all(line["unheard"] is None for line in table.lines(tmp_path))  # of networks of one's own nothing is known


@untrusted
def test_a_row_is_made_again(tmp_path, capsys, monkeypatch):
    """With a recipe of one epoch on a few generated letters, so that it takes seconds."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dataclasses import replace

    from dmpnet.training import recipes

    quick = replace(recipes.RECIPES["braille-dmp2"], epochs=2)
    monkeypatch.setitem(recipes.RECIPES, "braille-dmp2", quick)
    folder = write_braille(tmp_path / "data", letters())
    asked = ["table1", "--retrain", "braille-dmp2", "--seed", "4", "--data", str(folder), "--backend", "numpy",
             "--out", str(tmp_path / "out")]
    assert cli.main([*asked, "--no-test"]) == 0
    assert (tmp_path / "out" / "braille-dmp2" / "seed4.run" / "checkpoint.pt").exists()
    assert cli.main(asked) == 0
    assert "validation samples in Brian2; --look" in capsys.readouterr().out
    looked = [*asked, "--look", "--ledger", str(tmp_path / "looks.csv")]
    assert cli.main(looked) == 2
    assert f"add the line 'braille-dmp2,{quick.digest()},,' to models/recipes.csv" in capsys.readouterr().err
    monkeypatch.setattr(ledger, "frozen_recipes", lambda row=None: [ledger.Frozen(row, quick.digest(), "", "")])
    assert cli.main(looked) == 0
    look, = ledger.read(tmp_path / "looks.csv")
    assert (look.row, look.seed, look.recipe, look.data) == ("braille-dmp2", 4, quick.digest(), "braille")
    made = tmp_path / "out" / "braille-dmp2"
    assert {path.name for path in made.iterdir()} == {"seed4.npz", "seed4.json", "seed4.curve.csv", "README.md"}
    found, = table.results("braille-dmp2", tmp_path / "out")
    right, _ = answers.read(found["right"])
    assert found["accuracy_brian2"] == pytest.approx(100 * right.mean(), abs=1e-9)
    assert found["accuracy_brian2"] == pytest.approx(look.result, abs=1e-4)
    assert found["seed"] == 4 and found["accuracy_brian2"] == found["accuracy_pytorch_float64"]
    assert sum(found["places_mismatched"]) == 0 and found["places_compared"][0] > 0
    assert "# braille-dmp2" in (made / "README.md").read_text() and "older" not in (made / "README.md").read_text()
    monkeypatch.setitem(recipes.RECIPES, "braille-dmp2", replace(quick, epochs=3))
    assert "seed 4: epochs 2, now 3\n" in card.write(made).read_text()
    assert weights.load(made / "seed4.npz").kind == "DMP" and "braille-dmp2 seed4" in capsys.readouterr().out


def test_what_ships_is_evaluated_again_and_is_no_new_look(tmp_path, capsys):
    """Braille letters ship whole; the record says the same but for where it was made, and how long that took."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    asked = ["table1", "--evaluate", "braille-dmp2", "--backend", "numpy", "--out", str(tmp_path)]
    assert cli.main(asked) == 0
    before = table.results("braille-dmp2")[0]
    told = capsys.readouterr().out
    assert f"{before['accuracy_brian2']:.2f} % of the test set by its record" in told and "validation samples" in told
    assert not (tmp_path / "braille-dmp2" / "seed0.json").exists()
    assert cli.main([*asked, "--look", "--ledger", str(tmp_path / "looks.csv")]) == 0
    now, = table.results("braille-dmp2", tmp_path)
    other = {"seconds_brian2", "backend", "provenance", "files"}
    assert now.pop("rates") == pytest.approx(before.pop("rates"), rel=1e-12)
    assert {key: now[key] for key in now.keys() - other} == {key: before[key] for key in before.keys() - other}
    assert not (tmp_path / "looks.csv").exists()
    made, kept = tmp_path / "braille-dmp2" / "seed0.npz", shipped.path("braille-dmp2/seed0")
    assert made.read_bytes() == kept.read_bytes() and (made.parent / "README.md").exists()


@pytest.mark.parametrize("words, said", [
    (["--retrain", "braille-dmp2"], "leave one out"), (["--no-test"], "nothing is trained"),
    (["--scheduler", "tcp://nowhere:1"], "nothing is trained"), (["--seeds", "0", "99"], "seed99")])
def test_what_is_not_of_an_evaluation_is_refused(words, said, capsys, tmp_path):
    assert cli.main(["table1", "--evaluate", "braille-dmp2", *words, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())


@untrusted
@pytest.mark.slow
def test_seeds_train_side_by_side_as_they_do_alone(tmp_path, capsys, monkeypatch):
    """On a worker in this process, where the short recipe holds too."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    distributed = pytest.importorskip("distributed", reason="needs distributed: pip install '.[cluster]' in a clone")
    from dataclasses import replace

    from dmpnet.training import recipes

    monkeypatch.setitem(recipes.RECIPES, "braille-dmp2", replace(recipes.RECIPES["braille-dmp2"], epochs=2))
    folder = write_braille(tmp_path / "data", letters())
    asked = ["table1", "--retrain", "braille-dmp2", "--data", str(folder), "--no-test"]
    with distributed.LocalCluster(1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        assert cli.main([*asked, "--seeds", "4", "5", "--scheduler", cluster.scheduler_address, "--out",
                         str(tmp_path / "both")]) == 0
    told = capsys.readouterr().out
    assert all(f"braille-dmp2 seed{seed}: best epoch" in told for seed in (4, 5))
    assert cli.main([*asked, "--seed", "5", "--out", str(tmp_path / "one")]) == 0
    both, one = (weights.load(tmp_path / out / "braille-dmp2" / "seed5.run" / "weights.npz") for out in ("both", "one"))
    assert weights.checksum(both) == weights.checksum(one)
    assert {path.name for path in (tmp_path / "both" / "braille-dmp2").iterdir()} == {"seed4.run", "seed5.run"}


def test_rows_with_linear_decay_begin_with_the_exponential_ones():
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dataclasses import replace

    from dmpnet.training.recipes import RECIPES, begun

    before = weights.load(shipped.path("shd-regen-dmp2/seed1"))
    recipe, start = begun("shd-regen-dmp2-linear", replace(RECIPES["shd-regen-dmp2-linear"], seed=1))
    for layer, old in zip(start.layers, before.layers, strict=True):
        assert layer.neuron.decay == "linear" and layer.neuron.lam == (1 - old.neuron.beta) / 2
        assert layer.neuron.floor == recipe.floor == -1
        np.testing.assert_array_equal(layer.W_f, old.W_f)
    assert recipe.decay == "linear" and recipe.lam == start.layers[0].neuron.lam
    assert begun("shd-regen-dmp2", RECIPES["shd-regen-dmp2"]) == (RECIPES["shd-regen-dmp2"], None)
    with pytest.raises(DmpnetError, match="shd-regen-dmp2 has the runs"):
        begun("shd-regen-dmp2-linear", replace(recipe, seed=99))
