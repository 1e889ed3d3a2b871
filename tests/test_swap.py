"""Another decay in a trained network: what is put in place, what stays, and the command that compares."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from data_files import letters, untrusted, write_braille
from networks import random_network

from dmpnet import cli, reference
from dmpnet.commands.decay import traces
from dmpnet.equations import decay
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.results import ledger
from dmpnet.trained import swap, weights


def two_layers(**changes):
    return random_network(neurons=(Neuron(0.8, 0.2, 1.0), Neuron(0.5, 0.5, 2.0)), **changes)


@pytest.mark.parametrize("rule", decay.RULES.values(), ids=decay.RULES)
def test_linear_decay_is_put_in_place_layer_by_layer(rule):
    network = two_layers()
    other = swap.linear(network, rule)
    for before, after in zip(network.layers, other.layers, strict=True):
        assert after.neuron.decay == "linear" and after.neuron.g == before.neuron.g
        assert after.neuron.lam == pytest.approx(min(rule(before.neuron.beta, before.neuron.theta_u),
                                                     before.neuron.theta_u))
        assert after.W_f is before.W_f and after.slow is before.slow
    with pytest.raises(DmpnetError, match="layer 1 has decay linear"):
        swap.linear(other)


def test_the_nearest_shift_keeps_a_power_of_two():
    shifts = [layer.neuron.shift for layer in swap.shift(two_layers()).layers]
    assert shifts == [2, 1]  # 1 - 0.8 is nearest to 1/4, 1 - 0.5 is 1/2
    exact = random_network(neurons=(Neuron(0.875, 0.2), Neuron(0.9375, 0.2)))
    assert [layer.neuron.leak for layer in swap.shift(exact).layers] == [0.125, 0.0625]


def test_other_decays_survive_the_weights_file(tmp_path):
    for number, other in enumerate((swap.linear(two_layers()), swap.shift(two_layers()))):
        weights.save(other, tmp_path / f"{number}.npz")
        assert [layer.neuron for layer in weights.load(tmp_path / f"{number}.npz").layers] == \
            [layer.neuron for layer in other.layers]


def test_the_command_compares_decays(tmp_path, capsys):
    asked = ["decay", "smnist-dmp2", "--samples", "20", "--out", str(tmp_path / "out"), "--split"]
    assert cli.main([*asked, "test"]) == 2 and "a look at a test set" in capsys.readouterr().err
    assert cli.main([*asked, "subset", "--ledger", str(tmp_path / "looks.csv")]) == 0  # by its name a look, and counted
    looks = ledger.read(tmp_path / "looks.csv")  # as trained is none: it ships, and was looked at on all digits
    told = ["exponential, floor", "linear, no floor", *(f"linear, {rule}" for rule in decay.RULES),
            "bit shift, nearest"]
    seen = [look.row.removeprefix("smnist-dmp2, ") for look in looks]  # nor is what analyses/decays.py has looked at
    assert seen == [name for name in told if name in seen] and len(seen) > 1 and {look.n for look in looks} == {20}
    out = capsys.readouterr().out
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["rows"]
    assert [row["decay"] for row in rows] == ["exponential, as trained", "exponential, floor", "linear, no floor",
                                              *(f"linear, {rule}" for rule in decay.RULES), "bit shift, nearest"]
    assert rows[2]["accuracy %"] < 50 < 85 < rows[3]["accuracy %"], "a floor is what linear decay lacks"
    assert all(row["mismatched"] == 0 for row in rows)
    assert all(word in out for row in rows for word in row["decay"].split()), "a name may take several lines"
    assert rows[0]["accuracy %"] >= 90 and rows[0]["lost"] is None
    assert rows[1]["lost"] == pytest.approx(rows[0]["accuracy %"] - rows[1]["accuracy %"])
    with open(tmp_path / "out" / "results.csv") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    with np.load(tmp_path / "out" / "traces.npz") as seen:
        assert seen["u"].shape == (len(rows), 784) and (seen["u"][0] != seen["u"][1]).any()
    assert (tmp_path / "out" / "decay.png").stat().st_size > 10_000


def test_traces_are_of_a_neuron_whose_membranes_differ(monkeypatch):
    """Of three: one that spikes most and is alike in all, one that is far apart but silent, one that fires and differs.

    What no floor stops does not choose: it would take neuron 0, far below all others."""
    u = np.zeros((2, 1, 40, 3))
    u[1, 0, :, 1], u[1, 0, :, 2] = 1.0, 0.3
    away = np.zeros((1, 40, 3)) - [50, 0, 0]
    network = random_network()
    fired = np.zeros((1, 40, 3), bool)
    fired[0, ::2, 0] = fired[0, 3, 2] = True
    floored = swap.linear(network, decay.slope_at_threshold, -1.0)
    variants = {"as trained": network, "floor": floored,
                "no floor": swap.floored(swap.linear(network, decay.slope_at_threshold), None)}
    given = [SimpleNamespace(u=[values]) for values in (*u, away)]
    monkeypatch.setattr("dmpnet.commands.decay.reference.run", lambda net, s_in, record=("spikes",): (
        SimpleNamespace(spikes=[fired]) if record == ("spikes",) else given.pop(0)))
    seen = traces(network, variants, SimpleNamespace(batch=lambda numbers: None, dt=1e-3))
    assert seen["neuron"] == 2 and list(seen["names"]) == list(variants)
    np.testing.assert_array_equal(seen["u"], np.stack([*u[:, 0, :, 2], away[0, :, 2]]))


def test_a_network_without_beta_is_refused_before_work(tmp_path, capsys):
    weights.save(swap.linear(two_layers(dataset="smnist")), tmp_path / "linear.npz")
    assert cli.main(["decay", str(tmp_path / "linear.npz"), "--out", str(tmp_path / "out")]) == 2
    assert "only exponential decay has a beta" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_network_of_unknown_data_is_refused_in_one_line(tmp_path, capsys):
    weights.save(two_layers(), tmp_path / "mine.npz")  # its file does not say what it was trained on
    assert cli.main(["decay", str(tmp_path / "mine.npz"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "out").exists()


@untrusted
def test_fine_tuning_trains_both_decays_on(tmp_path, capsys):
    torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet import data
    from dmpnet.training.recipe import published
    from dmpnet.training.trainer import Trainer

    folder = write_braille(tmp_path / "data", letters())
    recipe = published("braille", sizes=(12, 16, 12, 27), epochs=2, std=0.0, seed=3)
    Trainer(recipe, data.load("braille", "train", folder), tmp_path / "run").run()
    out = tmp_path / "out"
    asked = ["decay", str(tmp_path / "run" / "weights.npz"), "--data", str(folder), "--finetune", "1", "--lr", "0.05"]
    assert cli.main([*asked, "--out", str(out)]) == 0
    rows = {row["decay"]: row for row in json.loads((out / "results.json").read_text())["rows"]}
    assert all(row["mismatched"] == 0 for row in rows.values())
    for kind in ("linear", "exponential"):  # the epoch is chosen on samples that the network was not trained on
        state = torch.load(out / f"{kind}.run" / "checkpoint.pt", weights_only=True)
        assert state["recipe"]["seed"] == recipe.seed
    assert rows["linear, fine-tuned"]["constants"].startswith("lam")
    assert rows["linear, fine-tuned"]["constants"].endswith("; floor -1")
    assert rows["exponential, fine-tuned"]["constants"].startswith("beta")
    assert rows["exponential, fine-tuned"]["constants"] != rows["exponential, as trained"]["constants"]
    assert (out / "linear.run" / "checkpoint.pt").exists() and (out / "exponential.run" / "checkpoint.pt").exists()


@untrusted
def test_lam_and_floor_are_chosen_together_on_what_was_not_trained_on(tmp_path, capsys):
    """The best of all rules and floors by the validation part, and no other sample."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet import data
    from dmpnet.results import validation
    from dmpnet.training import swapping
    from dmpnet.training.recipe import published
    from dmpnet.training.trainer import Trainer

    folder = write_braille(tmp_path / "data", letters())
    train = data.load("braille", "train", folder)
    recipe = published("braille", sizes=(12, 16, 12, 27), epochs=2, std=0.0, seed=3)
    network = Trainer(recipe, train, tmp_path / "run").finished()
    found = swapping.search(network, train)
    assert set(found) == {(rule, floor) for rule in decay.RULES for floor in swapping.FLOORS}
    held_out = validation.part(network, train)
    for (rule, floor), value in list(found.items())[::5]:
        swapped = swap.linear(network, decay.RULES[rule], floor)
        told = reference.run(swapped, held_out.batch(slice(None)), ()).predictions
        assert value == pytest.approx(100 * (told == held_out.labels).mean())
    other = {choice: 100.0 * (choice == ("equal half-life", -0.5)) for choice in found}
    assert swapping.best([found, other, other]) == ("equal half-life", -0.5) or max(found.values()) > 66
    out = tmp_path / "out"
    asked = ["decay", str(tmp_path / "run" / "weights.npz"), "--data", str(folder), "--search", "--out", str(out)]
    assert cli.main(asked) == 0
    rows = {row["decay"]: row for row in json.loads((out / "results.json").read_text())["rows"]}
    assert rows["linear, chosen"]["accuracy %"] == pytest.approx(max(found.values()), abs=0.01)
