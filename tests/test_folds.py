"""Folds of speakers: everyone is once unheard, nothing is lost, nothing heard is asked."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.data.folds import fold, left_out
from dmpnet.data.recordings import Recordings
from dmpnet.disk import shipped
from dmpnet.errors import DataError
from dmpnet.results import answers
from dmpnet.results.folds import ahead, shown, summary, variants


def part(split, speakers, seed, spoken=True):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (len(speakers), 5, 3)).astype(np.uint8)
    return Recordings("shd-regen", split, "spikes", values, 1.0, rng.integers(0, 4, len(speakers)),
                      np.asarray(speakers, np.int64) if spoken else None, 4, 0.01)


@given(st.lists(st.integers(0, 11), min_size=8, max_size=60), st.lists(st.integers(0, 11), min_size=4, max_size=40),
       st.integers(2, 6))
def test_every_sample_is_asked_once_by_networks_that_never_heard_its_speaker(heard, asked, folds):
    train, test = part("train", [*heard, 0, 1, 2, 3, 4, 5], 0), part("test", asked, 1)
    told = []
    for number in range(folds):
        learned, judged = fold(train, test, number, folds)
        assert not set(learned.speakers) & set(judged.speakers)
        assert len(learned) + len(judged) == len(train) + len(test)
        assert (learned.split, judged.split) == ("train", "test")
        told += [(row.tobytes(), label, who) for row, label, who
                 in zip(judged.values, judged.labels, judged.speakers, strict=True)]
    every = [(row.tobytes(), label, who) for each in (train, test) for row, label, who
             in zip(each.values, each.labels, each.speakers, strict=True)]
    assert sorted(told) == sorted(every)


def test_twelve_speakers_in_six_folds_are_two_each():
    assert [each.tolist() for each in left_out(np.arange(12), 6)] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]


@pytest.mark.parametrize("folds, number, said", [(1, 0, "1 of 6 speakers"), (7, 0, "7 of 6"), (3, 3, "number 3")])
def test_folds_that_are_none_are_refused(folds, number, said):
    with pytest.raises(DataError, match=said):
        fold(part("train", range(6), 0), part("test", [2, 3], 1), number, folds)


def test_where_nobody_speaks_there_are_no_folds():
    with pytest.raises(DataError, match="nobody speaks"):
        fold(part("train", range(6), 0, spoken=False), part("test", [1], 1), 0)


# what came of them

def run_of(row, number, seed, right, recipe="as shipped"):
    """Of a fold whose two speakers said as many samples each; right: of each of both, how many."""
    labels, who = np.zeros(20, int), np.repeat([2 * number, 2 * number + 1], 10)
    predictions = np.concatenate([np.r_[np.zeros(n, int), np.ones(10 - n, int)] for n in right])
    told = answers.record(predictions, Recordings("shd-regen", "test", "spikes", np.zeros((20, 1, 1), np.uint8), 1.0,
                                                  labels, who, 2, 0.01))
    return {"row": row, "fold": number, "seed": seed, "recipe": recipe, "accuracy": 5.0 * sum(right), "mismatched": 0,
            "right": told}


def folds_of(row, seeds=(0,), **how):
    return [run_of(row, number, seed, (10 if number else 4, 8), **how) for seed in seeds for number in range(6)]


def test_the_mean_is_over_all_twelve_and_worst_and_best_are_speakers():
    line, = summary(folds_of("shd-regen-fsnn", (0, 1)))
    assert line["accuracy %"] == pytest.approx(100 * (4 + 5 * 10 + 6 * 8) / 120)
    assert (line["worst"], line["best"], line["seeds"], line["ahead"]) == (40, 100, 2, None)
    assert line["low"] < line["accuracy %"] < line["high"] <= 100


def test_a_fold_may_have_one_speaker():
    """Eleven of them: the last is alone."""
    runs = folds_of("shd-regen-fsnn")
    del runs[-1]["right"]["11"]
    line, = summary(runs)
    assert line["accuracy %"] == pytest.approx(100 * (4 + 5 * 10 + 5 * 8) / 110)


def test_a_row_that_lacks_a_fold_is_not_shown():
    assert summary(folds_of("shd-regen-fsnn")[:-1]) == []
    line, = summary(folds_of("shd-regen-fsnn", (0, 1))[:-1])
    assert line["seeds"] == 1


def test_a_recipe_that_was_not_taken_does_not_count():
    tried = run_of("shd-regen-dmp2", 0, 0, (0, 0), "as shipped")
    line, = summary([tried, *folds_of("shd-regen-dmp2", recipe="chosen")])
    assert line["recipe"] == "chosen" and line["worst"] == 40


def test_dmp_is_ahead_by_the_samples_that_both_were_asked():
    """Of the first fold's first speaker alone 6 of 10 more: 6 of 120 samples."""
    better = [run_of("shd-regen-dmp2", number, seed, (10, 8)) for seed in (0, 1) for number in range(6)]
    dmp, fsnn = summary(better + folds_of("shd-regen-fsnn"))
    assert dmp["ahead"] is None and fsnn["ahead"] == pytest.approx(5.0) and fsnn["from"] < 5 < fsnn["to"]
    told = shown([dmp, fsnn])
    assert [line["DMP II ahead (95 %)"][:5] for line in told] == ["", "+5.00"]
    assert [line["seeds"] for line in told] == ["2", "1"]


def test_any_row_may_be_what_others_are_beside_and_the_best_comes_first():
    worse = folds_of("shd-regen-fsnn") + [run_of("shd-regen-dmp2", number, 0, (10, 8)) for number in range(6)]
    dmp, fsnn = summary(worse, "shd-regen-fsnn")
    assert (dmp["row"], fsnn["row"]) == ("shd-regen-dmp2", "shd-regen-fsnn")
    assert fsnn["ahead"] is None and dmp["ahead"] == pytest.approx(-5) and dmp["from"] < -5 < dmp["to"]
    assert ahead(fsnn) == "" and ahead(dmp).startswith("-5.00 (-")


def test_a_variant_is_beside_dmp_in_the_folds_that_it_has():
    """Two of six: of fold 0 the first speaker 4 of 10 in place of 10, of fold 1 none less: 6 of 40."""
    best = [run_of("shd-regen-dmp2", number, 0, (10, 8)) for number in range(6)]
    changed = [run_of("shd-regen-dmp2, d_s 50", number, 0, (10 if number else 4, 8)) for number in (1, 0)]
    assert [line["row"] for line in summary(best + changed * 6)] == ["shd-regen-dmp2"]
    line, = variants(best + changed)
    assert (line["variant"], line["folds"], line["seeds"]) == ("d_s 50", 2, 1)
    assert line["accuracy %"] == pytest.approx(100 * 30 / 40) and line["DMP II %"] == pytest.approx(90)
    assert line["less"] == pytest.approx(15) and line["from"] < 15 < line["to"]
    other = [run | {"seed": 1} for run in changed]
    assert variants(best + other) == [] and variants(changed) == []


def test_a_variant_is_trained_with_the_recipe_that_its_row_takes(monkeypatch):
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    monkeypatch.syspath_prepend(shipped.folder("analyses"))
    import folds

    for how in folds.CHOICES:
        base = folds.recipe(folds.AGAINST, how)
        for name, changes in folds.VARIANTS.items():
            made = folds.recipe(f"{folds.AGAINST}, {name}", how)
            assert made == replace(base, **{key: value for key, value in changes.items() if key != "without"})
            assert (made == base) is ("without" in changes)
    assert folds.chosen(chosen_in_the_first_fold(), f"{folds.AGAINST}, d 60") == folds.chosen(
        chosen_in_the_first_fold(), folds.AGAINST)


def chosen_in_the_first_fold():
    """What was compared inside the first fold, as it ships."""
    return SimpleNamespace(done=json.loads((shipped.folder("analyses") / "results" / "folds_chosen.json").read_text())[
        "runs"])
