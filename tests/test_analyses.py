"""What analyses share with nothing else: what a variant changes, and what their tables say of several runs."""

import dataclasses
import sys
import types
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")

from networks import bars  # noqa: E402

from dmpnet.data import Recordings  # noqa: E402
from dmpnet.disk import shipped  # noqa: E402
from dmpnet.errors import Diverged  # noqa: E402
from dmpnet.graph import networks  # noqa: E402
from dmpnet.results import ledger  # noqa: E402
from dmpnet.trained import weights  # noqa: E402
from dmpnet.training.recipe import Recipe  # noqa: E402
from dmpnet.training.recipes import RECIPES  # noqa: E402
from dmpnet.training.trainer import Trainer  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parent.parent / "analyses"))
import any_network  # noqa: E402
import hierarchy  # noqa: E402
import sizes  # noqa: E402
import tried  # noqa: E402
import variants  # noqa: E402


@pytest.mark.parametrize("name", ["shd-regen-dmp2", "shd-regen-fsnn", "shd-regen-dmp1"])
def test_a_row_of_the_table_is_found_and_nothing_else(name):
    recipe = dataclasses.replace(RECIPES[name], seed=3)
    network = variants.of_the_table(recipe)
    assert network is not None and Recipe.that_led_to(network) == recipe
    assert variants.of_the_table(dataclasses.replace(recipe, epochs=recipe.epochs - 1)) is None


@pytest.mark.slow
def test_weights_fixed_at_zero_stay_there_while_others_learn(tmp_path):
    run = Trainer(Recipe("smnist", "dmp", (1, 8, 8, 2), d=4, theta=50.0, batch=16, epochs=2), bars(), tmp_path)
    variants.fix_at_zero(run, "W_f")
    with torch.no_grad():
        for layer in run.model.layers:  # the memory alone makes neurons fire
            layer["W_m"].mul_(30)
    before = run.model.W_o.detach().clone()
    run.run()
    assert not any(layer["W_f"].any() for layer in run.model.layers)
    assert not np.array_equal(run.model.W_o.detach(), before)


def test_variants_differ_from_the_base_in_what_they_are_called_by():
    """A change that changes nothing would be an ablation of nothing."""
    base = RECIPES["shd-regen-dmp2"]
    for group, changes in variants.GROUPS.items():
        same = [name for name, change in changes.items()
                if "without" not in change and dataclasses.replace(base, **change) == base]
        assert len(same) <= 1, (group, same)


def test_a_table_of_variants_is_the_mean_over_seeds():
    runs = [{"variant": "a", "accuracy_brian2": accuracy, "without_memory_brian2": 10.0, "rates": [0.1, 0.2],
             "effective_rank": [2.0, 4.0], "parameters": {"paper": 5}} for accuracy in (80.0, 90.0)]
    (line,) = variants.summary(runs)
    assert line["seeds"] == 2 and line["test %"] == 85 and line["s.e.m."] == pytest.approx(5)
    assert line["active %"] == "10.0, 20.0" and line["rank of m"] == "2.0, 4.0"


def test_every_hierarchy_is_trained_alike():
    made = {name: hierarchy.recipe(changes, 0, 10) for name, changes in hierarchy.VARIANTS.items()}
    awake = made.pop("no slow memory, starts awake")
    assert awake.coarse_epochs == 0 and dataclasses.replace(awake, std=0.0, coarse_epochs=7) == made["no slow memory"]
    alike = [dataclasses.replace(recipe, kind="dmp", d=0, theta=0.0, blocks=(), feed="parallel")
             for recipe in made.values()]
    assert all(recipe == alike[0] for recipe in alike)
    sizes = {name: recipe.d or sum(d for d, _ in recipe.blocks) for name, recipe in made.items()
             if recipe.kind == "dmp"}
    assert sizes.pop("one block of 5 over 100 steps") == sizes.pop("one block of 5 over 20 steps") == 5
    assert set(sizes.values()) == {20}


@pytest.mark.parametrize("row", sizes.ROWS)
def test_a_network_of_a_size_has_as_many_neurons_as_that_allows(row):
    recipe = sizes.largest(RECIPES[row], 3_000)
    first, n, second, last = recipe.sizes
    more = dataclasses.replace(recipe, sizes=(first, n + 1, n + 1, last))
    assert n == second and sizes.counted(recipe) <= 3_000 < sizes.counted(more)
    assert dataclasses.replace(recipe, sizes=RECIPES[row].sizes) == RECIPES[row]


@pytest.mark.parametrize("row", tried.TRIALS)
def test_recipes_tried_are_others_each_and_judged_alike(row):
    trial = tried.TRIALS[row]
    made = {way: dataclasses.replace(RECIPES[row], **trial.on | changes) for way, changes in trial.ways.items()}
    assert next(iter(trial.ways)) == tried.AS and trial.ways[tried.AS] == {}
    assert len({recipe.digest() for recipe in made.values()}) == len(made) > 4
    assert len({(recipe.dataset, recipe.by, recipe.validation, recipe.seed) for recipe in made.values()}) == 1
    assert {recipe.kind for recipe in made.values()} == {RECIPES[row].kind}


class Ended:
    """A training run that has come to its end."""

    def __init__(self, accuracies, apart=None):
        lines = [[number, 0.0, 1.0, 0.5, 1.0, accuracy, "0.0300 0.2000", 9.0]
                 for number, accuracy in enumerate(accuracies, 1)]
        self.standing, self.apart = types.SimpleNamespace(curve=lines), apart

    def finished(self):
        if self.apart:
            raise Diverged(self.apart)
        return weights.load(shipped.path("shd-regen-dmp2/seed0"))


@pytest.mark.parametrize("coarse, last, mean", [(0, 5, 70.0), (0, 2, 85.0), (6, 5, 90.0), (0, 99, 45.0)])
def test_what_was_tried_is_the_mean_of_late_epochs_at_full_length(coarse, last, mean):
    recipe = types.SimpleNamespace(epochs=10 if not coarse else 7, coarse_epochs=coarse, digest=str)
    got = tried.found(Ended([number / 10 for number in range(0, 10)] if not coarse else [0.9] * 7), recipe, last)
    assert got["validation %"] == pytest.approx(mean) and got["parameters"] == 39_624
    line = tried.line({"row": "r", "way": "w", "samples": 1_200} | got)
    assert line["held out %"] == f"{mean:.2f}" and line["samples held out"] == "1,200"
    assert line["active %"] == "3.0, 20.0"


def test_what_came_apart_has_no_accuracy_to_be_shown():
    got = tried.found(Ended([], "training diverged: loss nan; lower --lr"), RECIPES["qtdb-dmp2"], 5)
    assert got["validation %"] == 0.0 and got["diverged"] == "training diverged: loss nan"
    assert tried.line({"row": "r", "way": "w", "samples": 9} | got)["held out %"] == "came apart"


@pytest.mark.parametrize("split, looks", [("test", 1), ("validation", 0)])
def test_a_graph_that_reads_a_test_part_is_a_look(tmp_path, split, looks):
    graph = networks.named("nmnist-conv-dmp")
    values = np.random.default_rng(3).random((2, 4, graph.encoding.channels)) < 0.05
    recordings = Recordings("nmnist-whole", split, "spikes", values.astype(np.uint8), 1.0, np.zeros(2, int), None,
                            graph.classes, graph.encoding.dt)
    given = types.SimpleNamespace(backends=["numpy"], ledger=tmp_path / "ledger.csv")
    line, = any_network.compared("some/seed0", replace_steps(graph, 4), recordings, given)
    seen = [look for look in ledger.read(given.ledger) if look.row == "some"]
    assert line["mismatched"] == 0 and len(seen) == looks
    assert [(look.n, look.result) for look in seen] == [(2, pytest.approx(line["test %"]))] * looks


def replace_steps(graph, steps):
    """The graph for sequences of so many steps."""
    return dataclasses.replace(graph, encoding=dataclasses.replace(graph.encoding, steps=steps))


def test_what_came_apart_is_told_and_not_averaged():
    apart = {"row": "shd-regen-adlif", "size": 5_000, "N": 26, "seed": 0, "diverged": "training diverged: loss nan"}
    assert sizes.whole([apart]) == [] and sizes.summary([apart]) == []
