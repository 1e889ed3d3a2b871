"""The ledger of looks at test sets: what is one, where it is written down, what is refused, what cards say of it."""

import argparse
import csv
import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from networks import bars, random_network

from dmpnet import cli
from dmpnet.data import Recordings
from dmpnet.disk import shipped
from dmpnet.errors import DataWarning, DmpnetError
from dmpnet.graph import networks
from dmpnet.results import answers, differences, evaluation, ledger, options, table, validation
from dmpnet.trained import weights


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(ledger.ENVIRONMENT, str(tmp_path / "looks.csv"))
    return tmp_path / "looks.csv"


def spoken(split="test", n=12):
    rng = np.random.default_rng(0)
    return Recordings("shd-regen", split, "spikes", rng.integers(0, 2, (n, 20, 3), np.uint8), 1.0,
                      np.arange(n) % 4, np.arange(n) % 3, 4, 0.01)


def trained(seed, recipe="r"):
    network = random_network((3, 6, 4), steps=20, dataset="shd-regen", seed=seed)
    return dataclasses.replace(network, provenance={"arguments": {"seed": seed, "validation": 0.25}, "recipe": recipe})


def look(**changes):
    return ledger.Look(**{"row": "a", "seed": 0, "recipe": "r", "weights": "w", "commit": "c", "date": "2026-01-01",
                          "data": "d", "n": 10, "result": 50.0} | changes)


def test_every_network_is_a_look_once(file):
    """Told twice each, of all samples, of some, of the validation part: two lines, and the row's count is two."""
    result = evaluation.evaluate(trained(1), spoken(), row="my row")
    for seed in (0, 1, 0, 1):
        for network, shown in ((trained(seed), spoken()), (trained(seed), spoken().take(slice(5))),
                               (trained(seed + 7), spoken("train")), (trained(seed + 7), spoken("validation"))):
            ledger.note(network, shown, result.accuracy, "my row")
    second, first = ledger.read(file)
    assert (first.row, first.seed, first.recipe, first.data, first.n) == ("my row", 0, "r", "shd-regen", 12)
    assert first.weights == weights.checksum(trained(0))[:16] != second.weights and second.seed == 1
    assert second.result == round(result.accuracy, 4) and second.date <= first.date
    assert [look.weights for look in ledger.looks("my row")] == [second.weights, first.weights]


def test_more_samples_than_before_are_a_look(file):
    ledger.note(trained(0), spoken(n=5), 50.0)
    ledger.note(trained(0), spoken(), 50.0)
    assert [look.n for look in ledger.read(file)] == [5, 12]


def test_the_same_arrays_from_elsewhere_are_the_same_network(file):
    ledger.note(trained(0), spoken(), 50.0)
    ledger.note(dataclasses.replace(trained(0), provenance={}), spoken(), 50.0)
    assert len(ledger.read(file)) == 1


@pytest.mark.parametrize("name", ["shd-regen-dmp2/seed3", "smnist-fsnn", "nmnist-conv-dmp/seed1"])
def test_what_ships_is_a_repeat(file, name):
    """Its digest has not changed since: a change of what a digest is made of would count all of it again."""
    network = networks.named(name)
    row, seed = name.partition("/")[0], int(name.partition("/seed")[2] or 0)
    before, = (look for look in ledger.looks(row) if look.weights == ledger.of_weights(network))
    assert before.seed == seed and ledger.named(network, "") == row and ledger.of_recipe(network) == before.recipe
    assert not ledger.add(dataclasses.replace(before, n=100)) and not file.exists()
    assert ledger.add(dataclasses.replace(before, weights="another"))


def test_every_shipped_network_is_in_the_ledger():
    seen = {look.weights for look in ledger.read(ledger.shipped_file())}
    for under in ("", "graphs"):
        for name in shipped.names(under):
            for seed in shipped.seeds(name, under):
                assert ledger.of_weights(networks.named(f"{name}/seed{seed}")) in seen, (name, seed)


def test_where_a_look_goes(tmp_path, monkeypatch):
    """--ledger, DMPNET_LEDGER, the clone's file; the user's own in tests, in CI, where installed, where read-only."""
    own = tmp_path / "share" / "dmpnet" / "ledger.csv"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv(ledger.ENVIRONMENT, str(tmp_path / "told.csv"))
    assert ledger.place(tmp_path / "given.csv") == tmp_path / "given.csv" and ledger.place() == tmp_path / "told.csv"
    monkeypatch.delenv(ledger.ENVIRONMENT)
    assert ledger.place() == own, "tests do not write into the clone"
    (tmp_path / "clone" / "models").mkdir(parents=True)
    monkeypatch.setattr(shipped, "HERE", tmp_path / "clone" / "dmpnet")
    for name in ledger.TESTING:
        monkeypatch.delenv(name, raising=False)
    assert ledger.place() == own, "no clone without .git"
    (tmp_path / "clone" / ".git").mkdir()
    assert ledger.place() == tmp_path / "clone" / "models" / "ledger.csv"
    monkeypatch.setenv("CI", "true")
    assert ledger.place() == own
    monkeypatch.delenv("CI")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert ledger.place() == own


def test_many_write_at_once_and_none_is_lost_or_doubled(file):
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: ledger.add(look(weights=f"w{number % 20}")), range(40)))
    assert sum(told) == 20 and sorted(look.weights for look in ledger.read(file)) == sorted(f"w{n}" for n in range(20))


def test_a_ledger_that_cannot_be_written_is_told(file, monkeypatch):
    monkeypatch.setattr(ledger, "add", lambda *_: (_ for _ in ()).throw(PermissionError("no")))
    with pytest.warns(DataWarning, match="not in a ledger .no.; give --ledger FILE"):
        assert not ledger.see(look())


@pytest.mark.parametrize("head, line, said", [
    ("a,b", "", "begins with row,seed"), (",".join(ledger.COLUMNS), "1,2", "line 2 is no look"),
    (",".join(ledger.COLUMNS), "a,x,r,w,c,d,d,1,2,s", "line 2 is no look")])
def test_a_damaged_ledger_is_named(file, head, line, said):
    file.write_text(f"{head}\n{line}\n")
    with pytest.raises(DmpnetError, match=said):
        ledger.looks()


def test_thrown_away_weights_are_looks_each(file):
    assert ledger.add(look(weights="")) and ledger.add(look(weights=""))
    assert len(ledger.looks("a")) == 2


def test_a_recipe_that_came_after_a_look_is_marked(file, monkeypatch):
    run = {"seed": 0, "accuracy_brian2": 50.0, "samples": 10, "rates": [0.1, 0.0005]}
    monkeypatch.setattr(ledger, "frozen_recipes", lambda row=None: [ledger.Frozen("a", "r", "2026-01-02", "c")])
    ledger.add(look(date="2026-01-03"))
    assert table.sureness("a", [run])["marks"] == ["one seed", "a layer under 0.1 % active"]
    ledger.add(look(date="2026-01-01", weights="older", recipe="q"))
    sure = table.sureness("a", [run | {"rates": [0.1]}])
    assert sure["looks"] == 2 and sure["marks"] == ["one seed", "recipe first committed after 1 look"]
    ledger.add(look(date="2026-01-04", seed=1, recipe="q", weights="other"))
    assert "seeds of 2 recipes" in table.sureness("a", [run, run | {"seed": 1}])["marks"]
    assert table.active([[0.1, 0.0005]]) == "10.0, 0.1!" and table.active([[0.001], [0.002]]) == "0.1"


def test_a_row_of_one_seed_says_how_long_a_run_takes(file, monkeypatch, tmp_path):
    run = {"seed": 3, "accuracy_brian2": 50.0, "samples": 10, "rates": [0.1]}
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "seed3.curve.csv").write_text("epoch,rates,seconds\n1,0.1 0.2,30.5\n2,0.1 0.2,3540.0\n")
    assert table.sureness("a", [run])["marks"] == ["one seed, 59 min a run"]
    assert table.sureness("a", [run], tmp_path / "elsewhere")["marks"] == ["one seed"]
    assert table.sureness("a", [run, run | {"seed": 4}])["marks"] == []
    (tmp_path / "a" / "seed3.curve.csv").write_text("epoch,rates,seconds\n")
    with pytest.raises(DmpnetError, match="seed3.curve.csv: no learning curve"):
        table.sureness("a", [run])


def test_a_recipe_is_called_by_what_it_sets_but_the_seed():
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.training.recipe import Recipe

    base = Recipe("smnist", sizes=(1, 4, 2), d=2, theta=20.0)
    assert base.digest() == dataclasses.replace(base, seed=5).digest() == Recipe.of(base.record()).digest()
    assert len({base.digest(), *(dataclasses.replace(base, **change).digest() for change in (
        {"d": 3}, {"theta": 21.0}, {"lam": 0.5}, {"kind": "fsnn"}, {"epochs": 51}))}) == 6
    assert base.digest(begun=True) == dataclasses.replace(base, lam=0.5).digest(begun=True)


def test_recipes_of_the_table_are_frozen():
    """A recipe that is changed is added to models/recipes.csv, below the one that it replaces, and committed."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.torch import camera
    from dmpnet.training.recipes import RECIPES

    for row, recipe in RECIPES.items():
        ledger.check_frozen(row, recipe.digest(row.endswith("-linear")))
    for name, recipe in camera.RECIPES.items():
        ledger.check_frozen(name, recipe.digest(name))
    with pytest.raises(DmpnetError, match="row smnist-dmp2: its recipe is x, but .* was frozen before the look"):
        ledger.check_frozen("smnist-dmp2", "x")


def test_choosing_by_a_test_set_is_refused(tmp_path, capsys):
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.training.recipe import Recipe
    from dmpnet.training.trainer import Trainer

    assert cli.main(["codesign", "--look", "--out", str(tmp_path / "o")]) == 2
    assert "nothing is chosen by a test set" in capsys.readouterr().err
    for look, split in ((True, None), (False, "test"), (False, "subset")):
        with pytest.raises(DmpnetError, match="decay --rule best: it chooses by what it is shown"):
            options.no_choice(argparse.Namespace(look=look, split=split), "decay --rule best")
    options.no_choice(argparse.Namespace(look=False, split=None), "decay --rule best")
    with pytest.raises(DmpnetError, match="the epoch would be chosen by a test set"):
        Trainer(Recipe("smnist", "dmp", (1, 4, 2), d=2, theta=20.0), dataclasses.replace(bars(), split="test"),
                tmp_path)
    assert cli.main(["train", "smnist", "--by", "test", "--out", str(tmp_path / "t")]) == 2


def test_the_validation_part_is_what_training_left_out():
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.training.recipe import Recipe
    from dmpnet.training.trainer import Trainer

    network, train = trained(3), spoken("train")
    recipe = Recipe("shd-regen", "dmp", (3, 6, 4), d=2, theta=5.0, validation=0.25, seed=3)
    held = Trainer(recipe, train, shipped.folder()).held_out
    np.testing.assert_array_equal(validation.held_out(network, train), held)
    part = validation.part(network, train)
    np.testing.assert_array_equal(part.values, train.values[held])
    assert part.split == "validation" and 0 < len(part) < len(train)
    network.provenance["arguments"]["by"] = "speaker"
    assert len(set(validation.part(network, train).speakers)) == 1
    network.provenance["training_samples"] = 50
    with pytest.raises(DmpnetError, match="chosen by 50 samples, but shd-regen train has 12"):
        validation.held_out(network, train)
    with pytest.raises(DmpnetError, match="does not say how it was trained"):
        validation.held_out(dataclasses.replace(network, provenance={}), train)


@pytest.mark.parametrize("speakers, steps", [(True, False), (False, False), (False, True)])
def test_answers_are_kept_as_they_were(speakers, steps):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, (29, 7) if steps else 29)
    of = Recordings("d", "test", "spikes", np.zeros((29, 7, 1), np.uint8), 1.0, labels,
                    np.arange(29) % 3 if speakers else None, 3, 0.01)
    predictions = np.where(rng.random(labels.shape) < 0.7, labels, 0)
    right, groups = answers.read(answers.record(predictions, of))
    want = (predictions == labels).reshape(29, -1).mean(axis=1)
    order = np.argsort(of.speakers, kind="stable") if speakers else np.arange(29)
    np.testing.assert_allclose(right, want[order], atol=1e-6)
    assert (groups is None) != speakers and 0 < right.mean() < 1
    if speakers:
        np.testing.assert_array_equal(groups.astype(int), of.speakers[order])


def test_records_without_answers_err_on_the_same_samples():
    right, groups = answers.of_seeds([{"accuracy_brian2": accuracy, "samples": 10} for accuracy in (90.0, 70.0)])
    assert groups is None and right.sum(axis=1).tolist() == [9, 7] and (right[0] >= right[1]).all()
    assert answers.of_seeds([{"accuracy_brian2": 90.0}])[0].tolist() == [0.9]
    with pytest.raises(DmpnetError, match="no samples by group"):
        answers.read({"": [9, "ff"]})


def test_cards_say_how_often_the_test_set_was_looked_at():
    with open(ledger.shipped_file(), newline="") as lines:
        counted = [line["row"] for line in csv.DictReader(lines)]
    for under in ("", "graphs"):
        for name in shipped.names(under):
            card = (shipped.folder() / under / name / "README.md").read_text()
            looks = counted.count(name)
            were = "network of this row was" if looks == 1 else "networks of this row were"
            assert f"\n{looks} {were} evaluated on the test set" in card
            assert "once a seed" not in card and ("95 %:" in card)


def test_a_network_without_slow_memory_is_compared_with_one_made_in_its_way():
    rows = ["a-fsnn", "a-dmp1", "a-dmp2", "a-fsnn-linear", "a-dmp2-linear", "b-fsnn-linear", "ab-fsnn", "ab-dmp2",
            "c-seen"]
    assert differences.pairs(rows) == [("a-dmp2", "a-fsnn"), ("a-dmp2", "a-dmp1"), ("a-dmp2", "a-fsnn-linear"), (
        "a-dmp2-linear", "a-fsnn-linear"), ("a-dmp2", "a-dmp2-linear"), ("ab-dmp2", "ab-fsnn")]
    line = {"of": "a-dmp2-linear", "minus": "a-fsnn-linear", "seeds": 3, "points": 1.0, "low": 0.0, "high": 2.0,
            "p": 0.5, "p by signs": 0.5, "over": "samples"}
    assert [text["DMP II minus"] for text in differences.shown([line, line | {"of": "a-dmp2"}])] == [
        "a-fsnn-linear, both linear", "a-fsnn-linear"]


def test_differences_are_paired_over_seeds_and_samples(tmp_path):
    """By hand: of 16 samples the rows differ on two, and on the same ones for both seeds that they share."""
    def record(name, seed, right):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"seed{seed}.json").write_text(json.dumps(
            {"seed": seed, "accuracy_brian2": 0.0, "parameters": {"paper": 1, "trainable": 1}, "rates": [0.1],
             "classes_differing_from_pytorch_float64": 0, "right": {"": [16, right]}}))

    for seed in (0, 1):
        record("braille-dmp2", seed, "ffff")
        record("braille-fsnn", seed, "fff3")
    record("braille-fsnn", 2, "0000")
    line, = differences.found(tmp_path)
    assert (line["minus"], line["of"], line["seeds"], line["over"]) == ("braille-fsnn", "braille-dmp2", 2, "samples")
    assert line["points"] == pytest.approx(12.5) and line["low"] < 0 < line["high"] and line["p by signs"] == 0.5
    assert "+12.50" in differences.shown([line])[0].values()
    path = tmp_path / "braille-fsnn" / "seed1.json"  # as older records are, which do not say which
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "right"}))
    line, = differences.found(tmp_path)
    assert line["seeds"] == 1 and line["points"] == pytest.approx(12.5)
    assert differences.shown([line | {"p": 0.0, "p by signs": 1e-5}])[0]["p"] == "<1e-99"
