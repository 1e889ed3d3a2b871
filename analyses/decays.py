"""What does a network lose if its membranes leak by subtraction: at once, by each rule of lam, and after retraining?

Every seed of every row that has a partner NAME-linear, on the whole test set in Brian2: as trained, with another decay
put in its place, and the partner, which went on from there for some epochs with linear decay, lam learned.

python analyses/decays.py --data FOLDER      (S-MNIST some minutes a network, the others seconds; goes on where it was)
"""

import argparse
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data, provenance, shipped, table, weights
from dmpnet.commands import options
from dmpnet.commands.decay import line, swapped
from dmpnet.evaluation import evaluate
from dmpnet.weights import TrainedNetwork


def main() -> None:
    partners = [name for name in shipped.names() if f"{name}-linear" in shipped.names()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=partners, choices=partners, metavar="NAME")
    options.data(parser)
    options.backend(parser)
    parser.set_defaults(backend="cpp_standalone")
    options.common(parser, "results/decays.json")
    arguments = parser.parse_args()
    runs = provenance.Runs(arguments.out, "decays", options.given(arguments))
    for row in arguments.rows:
        for seed in shipped.seeds(f"{row}-linear"):
            for variant, network in variants(row, seed).items():
                if runs.has(row=row, seed=seed, decay=variant):
                    continue
                recordings = data.load(network.encoding.dataset, "test", arguments.data, arguments.download,
                                       permutation=network.encoding.permutation)
                result = evaluate(network, recordings, arguments.backend, processes=arguments.processes)
                runs.add({"row": row, "seed": seed} | line(variant, network, result, recordings, None))
                print(row, seed, variant, f"{result.accuracy:.2f} %", flush=True)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f"))


def variants(row: str, seed: int) -> dict[str, TrainedNetwork]:
    """The network as trained, with other decays in its place, and retrained."""
    found = swapped(weights.load(shipped.path(f"{row}/seed{seed}")))
    return found | {"linear, retrained": weights.load(shipped.path(f"{row}-linear/seed{seed}"))}


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
    main()
