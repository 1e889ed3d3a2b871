"""What does each part of a DMP network do? DMP II on shd-regen with one thing changed at a time.

Every variant is trained with the recipe of the table's row (fewer epochs with --epochs), its epoch chosen on the
validation part, and evaluated on that in Brian2 (--look: on the whole test set, to another file); a variant that is a
row of the table is not trained again. Killed and called again it goes on where it was.

python analyses/variants.py ablation --data FOLDER --seeds 0 1 2   (groups: see GROUPS; a run takes 3 to 4 minutes on a
core; with the rank of the memory regularised, which is computed step by step, 20)
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.disk import shipped
from dmpnet.results import options, provenance, script, table
from dmpnet.results.evaluation import evaluate
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training import card
from dmpnet.training.model import effective_rank
from dmpnet.training.recipe import Recipe
from dmpnet.training.recipes import MATRICES, RECIPES
from dmpnet.training.trainer import Trainer

WITHOUT = "without"
"""Of a variant: matrices of that name are zero throughout."""
GROUPS: dict[str, dict[str, dict[str, Any]]] = {
    "ablation": {
        "as in the table": {},
        "no memory (FSNN)": MATRICES | {"kind": "fsnn"},  # as in the table too, with the optimiser better for it
        "no W_f, memory alone": {WITHOUT: "W_f"},
        "memory on the threshold": {"acts": "threshold"}, "memory on the gain": {"acts": "gain"},
        "one theta a layer, 20 and 80": {"theta": (20.0, 80.0)},
        "beta fixed at 0.5, as published": {"beta": 0.5, "learn_decay": False},
    },
    "rank": {f"rank weight {w:g}": {"rank_weight": w} for w in (0.0, 0.1, 0.3, 1.0)},
    "activity": {"rate weight 0": {}} | {f"rate weight {w:g}": {"rate_weight": w, "rate_ramp": 30}
                                         for w in (1.0, 3.0, 10.0, 30.0)},
    "d": {f"d {d}": {"d": d} for d in (1, 2, 5, 10, 20, 30, 60)},
    "theta": {f"theta {theta:g}": {"theta": theta} for theta in (5.0, 10.0, 20.0, 40.0, 80.0, 160.0)},
    "dilation": {f"d_s {d_s}": {"d_s": d_s} for d_s in (1, 2, 5, 10, 20, 50)},
    "grid": {f"d {d}, theta {theta:g}": {"d": d, "theta": theta}
             for d in (2, 5, 10, 20) for theta in (10.0, 20.0, 40.0, 80.0, 160.0)},
}

FEW = {"ablation": ("as in the table", "no memory (FSNN)", "no W_f, memory alone"),
       "rank": ("rank weight 0", "rank weight 0.3"), "activity": ("rate weight 0", "rate weight 10"),
       "d": ("d 1", "d 5", "d 20"), "theta": ("theta 5", "theta 40", "theta 160"), "dilation": ("d_s 1", "d_s 10"),
       "grid": ("d 2, theta 10", "d 2, theta 160", "d 20, theta 10", "d 20, theta 160")}
"""What --quick makes of a group."""


def main() -> None:
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("group", choices=list(GROUPS))
    parser.add_argument("--variants", nargs="+", metavar="NAME", help="of the group (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, default=RECIPES["shd-regen-dmp2"].epochs)
    parser.add_argument("--runs", type=Path, default=Path("variants.run"), help="folder for checkpoints")
    options.quick(parser, "400 samples, 3 epochs, two to four of a group", few=400, epochs=3)
    arguments = script.parsed(parser, "variants", "analyses/results/variants_{group}{part}.json")
    runs = provenance.Runs(arguments.out, "variants", script.given(arguments))
    runs.check(epochs=arguments.epochs, part=options.part_of(arguments))
    group = GROUPS[arguments.group]
    if arguments.quick:
        group = {name: group[name] | ({"rate_ramp": 1} if "rate_ramp" in group[name] else {})  # 30 epochs otherwise
                 for name in FEW[arguments.group]}
    if unknown := set(arguments.variants or ()) - set(group):
        parser.error(f"--variants {' '.join(map(repr, unknown))}, but {arguments.group} has {'; '.join(group)}")
    train = options.few(arguments, data.load("shd-regen", "train", arguments.data))
    for name, changes in group.items():
        if arguments.variants and name not in arguments.variants:
            continue
        for seed in arguments.seeds:
            if runs.has(variant=name, seed=seed):
                continue
            folder = arguments.runs / f"{arguments.group}-{name.replace(' ', '-').replace(',', '')}-{seed}"
            network = trained(changes, seed, arguments.epochs, train, folder)
            found = judged(arguments, network, options.judged(arguments, network, train), name)
            runs.add({"variant": name, "seed": seed, "epochs": arguments.epochs, "part": options.part_of(arguments)}
                     | found)
            print(name, seed, f"{found['accuracy_brian2']:.2f} %", flush=True)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f"))


def trained(changes: dict[str, Any], seed: int, epochs: int, train: data.Recordings, folder: Path) -> TrainedNetwork:
    """Train one variant, unless it is of the table."""
    changes = dict(changes)
    without = changes.pop(WITHOUT, None)
    recipe = replace(RECIPES["shd-regen-dmp2"], seed=seed, epochs=epochs, **changes)
    network = None if without else of_the_table(recipe)
    if network is None:
        trainer = Trainer(recipe, train, folder, folder.name)
        if without:
            fix_at_zero(trainer, without)
        network = trainer.finished()
    return network


def judged(arguments: argparse.Namespace, network: TrainedNetwork, test: data.Recordings, name: str) -> dict[str, Any]:
    """What the network shows, as it is and with its memory cut off."""
    result = evaluate(network, test, "numpy", test.split, row=f"variants: {name}", to=arguments.ledger)
    record = card.measured(network, test, result)
    seen = reference.run(network, test.batch(slice(0, 256)), record=("m",))
    record["effective_rank"] = [float(effective_rank(torch.from_numpy(m))) for m in seen.m if m is not None]
    return record | {"without_memory_brian2": lesioned(network, test, name, arguments.ledger)}


def of_the_table(recipe: Recipe) -> TrainedNetwork | None:
    """The shipped network that this recipe led to, if there is one."""
    for name in shipped.names():
        if name.startswith(recipe.dataset) and recipe.seed in shipped.runs(name):
            network = weights.load(shipped.path(f"{name}/seed{recipe.seed}"))
            if Recipe.that_led_to(network) == recipe:
                return network
    return None


def fix_at_zero(trainer: Trainer, name: str) -> None:
    """Train without the matrices of that name."""
    with torch.no_grad():
        for layer in trainer.model.layers:
            layer[name].zero_()
            layer[name].register_hook(torch.zeros_like)


def lesioned(network: TrainedNetwork, test: data.Recordings, name: str, ledger: Path | None) -> float | None:
    """Accuracy in percent when the memory of the finished network is cut off (gamma = 0), without retraining."""
    if network.layers[0].slow is None:
        return None
    layers = tuple(replace(layer, slow=replace(slow, W_m=np.zeros_like(slow.W_m))) if (slow := layer.slow) else layer
                   for layer in network.layers)
    return evaluate(replace(network, layers=layers), test, "numpy", "memory cut off",
                    row=f"variants: {name}, memory cut off", to=ledger).accuracy


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a variant: mean and standard error over seeds."""
    rows = []
    for name in dict.fromkeys(run["variant"] for run in runs):
        mine = [run for run in runs if run["variant"] == name]
        accuracy, error = table.mean_and_error([run["accuracy_brian2"] for run in mine])
        cut = [run["without_memory_brian2"] for run in mine]
        rows.append({"variant": name, "seeds": len(mine), "test %": accuracy, "s.e.m.": error,
                     "memory cut afterwards %": np.mean(cut) if None not in cut else None,
                     "active %": table.active([run["rates"] for run in mine]),
                     "rank of m": _layers([run["effective_rank"] for run in mine]),
                     "parameters": mine[0]["parameters"]["paper"]})
    return rows


def _layers(values: list[list[float]]) -> str:
    return ", ".join(f"{mean:.1f}" for mean in np.mean(values, axis=0))


if __name__ == "__main__":
    script.told(main)
