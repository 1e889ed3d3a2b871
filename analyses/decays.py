"""What does a network lose if its membranes leak by subtraction: at once, by each rule of lam, and after retraining?

Every seed of every row that has a partner NAME-linear, on its validation part (--look: the whole test set, to another
file) in Brian2: as trained, with another decay put in its place, and the partner, which went on from there for some
epochs with linear decay, lam learned. Beside it the control: exponential decay that went on in the same way for as
long, which is what retraining alone brings.

python analyses/decays.py --data FOLDER      (a seed about 3 minutes, of S-MNIST 20; goes on where it was)
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.commands.decay import line, swapped
from dmpnet.disk import shipped
from dmpnet.results import options, provenance, script, table
from dmpnet.results.evaluation import evaluate
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training.recipes import RECIPES, begun
from dmpnet.training.trainer import Trainer

CONTROL = "exponential, trained on"


def main() -> None:
    partners = [name for name in shipped.names() if f"{name}-linear" in shipped.names()]
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--rows", nargs="+", default=partners, choices=partners, metavar="NAME")
    parser.add_argument("--runs", type=Path, default=Path("decays.run"), help="folder for the controls' checkpoints")
    options.backend(parser, "cpp_standalone")
    arguments = script.parsed(parser, "decays", "analyses/results/decays{part}.json")
    check_backend(arguments.backend, arguments.processes)
    runs = provenance.Runs(arguments.out, "decays", script.given(arguments))
    runs.check(part=options.part_of(arguments))
    for row in arguments.rows:
        for seed in shipped.seeds(f"{row}-linear"):
            measure(arguments, runs, row, seed)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f"))


def measure(arguments: argparse.Namespace, runs: provenance.Runs, row: str, seed: int) -> None:
    """What is not yet there of one seed of a row."""
    before = weights.load(shipped.path(f"{row}/seed{seed}"))
    variants = swapped(before) | {"linear, retrained": weights.load(shipped.path(f"{row}-linear/seed{seed}")),
                                  CONTROL: before}
    missing = [variant for variant in variants if not runs.has(row=row, seed=seed, decay=variant)]
    if not missing:
        return
    train = data.load(before.encoding.dataset, "train", arguments.data, arguments.download,
                      permutation=before.encoding.permutation)
    test = options.judged(arguments, before, train)
    for variant in missing:
        network = variants[variant] if variant != CONTROL else control(
            row, before, train, arguments.runs / f"{row}-{seed}")
        named = "" if variant in ("exponential, as trained", "linear, retrained") else f"{row}, {variant}"
        result = evaluate(network, test, arguments.backend, test.split, arguments.processes, named, arguments.ledger)
        runs.add({"row": row, "seed": seed, "part": options.part_of(arguments)}
                 | line(variant, network, result, test, None))
        print(row, seed, variant, f"{result.accuracy:.2f} %", flush=True)


def control(row: str, network: TrainedNetwork, train: data.Recordings, folder: Path) -> TrainedNetwork:
    """`network` trained on as its partner was, with exponential decay."""
    seed = network.provenance["arguments"]["seed"]
    recipe, _ = begun(f"{row}-linear", replace(RECIPES[f"{row}-linear"], seed=seed))
    beta = network.layers[0].neuron.beta
    return Trainer(replace(recipe, decay="exponential", beta=beta), train, folder, f"{row}, trained on as it is",
                   start=network).finished()


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean over seeds of each row and decay, and what it loses against the same seeds as trained."""
    found = []
    for row, variant in dict.fromkeys((run["row"], run["decay"]) for run in runs):
        chosen = [run for run in runs if (run["row"], run["decay"]) == (row, variant)]
        before = {run["seed"]: run["accuracy %"] for run in runs
                  if run["row"] == row and run["decay"] == "exponential, as trained"}
        accuracy, error = table.mean_and_error([run["accuracy %"] for run in chosen])
        lost = np.mean([before[run["seed"]] - run["accuracy %"] for run in chosen])
        found.append({"row": row, "decay": variant, "seeds": len(chosen), "accuracy %": accuracy, "s.e.m.": error,
                      "lost": lost, "spikes": np.mean([run["spikes"] for run in chosen]),
                      "mismatched": sum(run["mismatched"] for run in chosen)})
    return found


if __name__ == "__main__":
    script.told(main)
