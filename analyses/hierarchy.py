"""What does a hierarchy of slow memories buy when a sequence is longer than one block can span?

smnist-pairs: two digits in a row, 392 steps, is the second the same digit as the first? All networks are
1-128-128-2; the slow memories of a layer have 20 numbers however they are split, beside one of 5 alone. Validation
part (--look: whole test set, to another file), in Brian2. The control is the network without slow memory that starts
awake: large starting weights, in single steps. With the starting weights of the others it is silent before training,
and stayed so with rates of 1e-3 to 16e-3, by Muon and by Adam, with the limit on activity and without it.

python analyses/hierarchy.py --data FOLDER --seeds 0 1       (a run takes about 3 minutes; goes on where it was)
"""

from pathlib import Path
from typing import Any

from tabulate import tabulate

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.results import options, provenance, script, table
from dmpnet.results.evaluation import evaluate
from dmpnet.training import card
from dmpnet.training.recipe import Recipe, published
from dmpnet.training.recipes import PIXELS
from dmpnet.training.trainer import Trainer

VARIANTS: dict[str, dict[str, Any]] = {
    "no slow memory": {"kind": "fsnn"},
    "no slow memory, starts awake": {"kind": "fsnn", "std": 4.0, "coarse_epochs": 0},
    "one block of 5 over 20 steps": {"d": 5, "theta": 20.0},
    "one block of 5 over 100 steps": {"d": 5, "theta": 100.0},
    "one block of 20 over 100 steps": {"d": 20, "theta": 100.0},
    "one block of 20 over 400 steps": {"d": 20, "theta": 400.0},
    "cascade of four, 5 over 100 steps each": {"blocks": ((5, 100.0),) * 4, "feed": "cascade"},
    "in parallel, 5 each over 50, 100, 200, 400": {"blocks": ((5, 50.0), (5, 100.0), (5, 200.0), (5, 400.0))},
}


def recipe(changes: dict[str, Any], seed: int, epochs: int) -> Recipe:
    """A training recipe on smnist-pairs, the same for every variant but what starts awake; the last three epochs are at
    full length."""
    how = PIXELS | {"kind": "dmp", "epochs": epochs, "coarse_epochs": max(epochs - 3, 0), "shift_pixels": 0} | changes
    return published("smnist-pairs", **how, seed=seed)


def main() -> None:
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS, metavar="NAME")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--runs", type=Path, default=Path("hierarchy.run"), help="folder for checkpoints")
    options.backend(parser, "cpp_standalone")
    options.quick(parser, "300 samples, 2 epochs", few=300, epochs=2, backend="numpy")
    arguments = script.parsed(parser, "hierarchy", "analyses/results/hierarchy{part}.json")
    check_backend(arguments.backend, arguments.processes)
    runs = provenance.Runs(arguments.out, "hierarchy", script.given(arguments))
    runs.check(epochs=arguments.epochs, part=options.part_of(arguments))
    train = options.few(arguments, data.load("smnist-pairs", "train", arguments.data, arguments.download))
    for seed in arguments.seeds:
        for number, (name, changes) in enumerate(VARIANTS.items()):
            if name not in arguments.variants or runs.has(variant=name, seed=seed):
                continue
            folder = arguments.runs / f"{number}-{seed}"
            network = Trainer(recipe(changes, seed, arguments.epochs), train, folder, name).finished()
            test = options.judged(arguments, network, train)
            result = evaluate(network, test, arguments.backend, test.split, arguments.processes, f"hierarchy: {name}",
                              arguments.ledger)
            runs.add({"variant": name, "epochs": arguments.epochs, "part": options.part_of(arguments)}
                     | card.measured(network, test, result))
            print(f"{name}, seed {seed}: {result.accuracy:.2f} %", flush=True)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f", intfmt=","))


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a variant, mean over seeds, in the order of VARIANTS."""
    rows = []
    found = dict.fromkeys(run["variant"] for run in runs)
    for name in sorted(found, key=[*VARIANTS, *found].index):
        mine = [run for run in runs if run["variant"] == name]
        accuracy, error = table.mean_and_error([run["accuracy_brian2"] for run in mine])
        rows.append({"slow memory of a layer": name, "seeds": len(mine), "parameters": mine[0]["parameters"]["paper"],
                     "test %": accuracy, "s.e.m.": error, "active %": table.active([run["rates"] for run in mine])})
    return rows


if __name__ == "__main__":
    script.told(main)
