"""Which recipes were tried to bring a row up, and what did each come to on samples held out? No test set is read.

Spoken digits: two of the ten speakers of the training set are held out, with little activity in half the epochs.
Pixels: 10,800 of the training digits are trained on, 6,000 are held out, with delays in 5 epochs of 13; with a memory,
permuted, 6,000 and 4,000, in 11 epochs of 20.
ECG: the row's own validation part. Every recipe of a row hears the same samples in the same order, from one seed; its
accuracy is the mean over the last epochs at full length, as one is noise. What a row takes from here it takes as a new
recipe, frozen before it is looked at (models/recipes.csv). Goes on where it was.

python analyses/tried.py --data FOLDER      (a recipe of speech and ECG 3 to 9 minutes on a core, of pixels 4 to 13)
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from folds import CHOICES
from tabulate import tabulate

from dmpnet import data
from dmpnet.errors import Diverged
from dmpnet.results import options, provenance, script, table
from dmpnet.trained.network import parameters
from dmpnet.training.recipe import Recipe
from dmpnet.training.recipes import LATE, MATRICES, RECIPES
from dmpnet.training.trainer import Trainer

GAIN = {"acts": "gain"}
TWO = GAIN | {"theta": (20.0, 80.0)}
FEWER = {"rate_weight": 30.0}
FAR = {"delay_sigma": 12.0}
DELAYS = {f"delays of up to {most}": {"delay_max": most} for most in (30, 100)} | {
    "found from farther away": FAR, "delays of up to 100, found from farther away": FAR | {"delay_max": 100}}
LEARNED = {"beta": 0.8, "learn_decay": True}
WINDOWS = {"theta": (50.0, 500.0)}
EACH = {"each_decay": True}
AS, MOVED_FURTHER = "as shipped", "moved further, events left out"
FAST, MOVED = CHOICES["rate and clip of neurons that adapt"], CHOICES[MOVED_FURTHER]


@dataclass(frozen=True)
class Trial:
    """Recipes of one row: their changes by name, how they are judged (`on`, changes of all of them, and the mean over
    the `last` epochs), and how many training samples they are given (None: all)."""

    ways: dict[str, dict[str, Any]]
    on: dict[str, Any] = field(default_factory=dict)
    last: int = 5
    samples: int | None = None


UNHEARD = {"by": "speaker", "validation": 0.2}
TRIALS = {
    "shd-regen-dmp2": Trial({
        AS: {}, MOVED_FURTHER: MOVED, "memory on the gain": GAIN,
        "gain, rate 1e-2, clip 1": GAIN | FAST, "gain, a beta for every neuron": GAIN | EACH,
        "gain, theta 20 and 80": TWO, "gain, d = 30": GAIN | {"d": 30},
        f"gain, {MOVED_FURTHER}": GAIN | MOVED, "gain, neurons that adapt": GAIN | FAST | {
            "adaptive": True},
        "gain, theta 20 and 80, delays learned": TWO | LATE, "gain, theta 20 and 80, 80 epochs": TWO | {"epochs": 80},
    }, UNHEARD),
    "shd-regen-dmp2-sparse": Trial({
        AS: {}, "memory on the gain": GAIN, "gain, theta 20 and 80": TWO, "beta from 0.8, learned": LEARNED,
        "gain, theta 20 and 80, beta from 0.8, learned": TWO | LEARNED,
        "regulariser 30": FEWER, "memory on the gain, regulariser 30": GAIN | FEWER,
    }, UNHEARD | {"epochs": 40, "rate_ramp": 25}),
    "qtdb-dmp2": Trial({
        AS: {}, "no dropout": {"dropout": 0.0}, "memory on the gain": GAIN, "a beta for every neuron": EACH,
        "neurons that adapt": FAST | {"adaptive": True}, "rate 1e-2, clip 1": FAST,
        "kappa 0.5": {"kappa": 0.5}, "theta 100 and 1,300": {"theta": (100.0, 1300.0)}, "theta 50 and 500": WINDOWS,
        "kappa 0.95, theta 50 and 500": WINDOWS | {"kappa": 0.95},
        "gain, theta 50 and 500, no dropout": WINDOWS | GAIN | {"dropout": 0.0},
        "rate 1e-2, clip 1, theta 50 and 500": WINDOWS | FAST,
        "rate 2e-2, clip 1, theta 50 and 500": WINDOWS | FAST | {"lr": 2e-2},
        "Muon, theta 50 and 500": WINDOWS | MATRICES | {"clip": 1.0},
        "rate 1e-2, clip 1, theta 50 and 500, no dropout": WINDOWS | FAST | {"dropout": 0.0},
        "rate 2e-2, clip 1, theta 50 and 500, 80 epochs": WINDOWS | FAST | {"lr": 2e-2, "epochs": 80},
    }),
    "smnist-dmp2": Trial({
        AS: {}, "memory on the gain": GAIN, "theta 75 and 300": {"theta": (75.0, 300.0)},
        "no limit on activity": {"rate_weight": 0.0}, "three more epochs at full length": {"epochs": 16},
    }, {"validation": 6_000 / 16_800}, last=2, samples=16_800),
    **{f"{pixels}-dsnn": Trial({AS: {}, **DELAYS}, {"validation": 6_000 / 16_800, "epochs": 5}, last=2, samples=16_800)
       for pixels in ("smnist", "psmnist")},
    "psmnist-dmp1": Trial({
        AS: {}, "memory on the gain": GAIN, "a beta for every neuron": EACH, "theta 196 and 784": {
            "theta": (196.0, 784.0)}, "theta as published": {"theta": 300.0},
    }, {"validation": 0.4, "epochs": 11, "coarse_epochs": 8, "plain_epochs": 1}, last=2, samples=10_000),
}


def main() -> None:
    parser = options.script(__doc__, Path("analyses/results/tried.json"))
    parser.add_argument("--rows", nargs="+", default=list(TRIALS), choices=list(TRIALS), metavar="NAME")
    parser.add_argument("--ways", nargs="+", metavar="NAME", help="of a row's recipes, these (default: all)")
    parser.add_argument("--runs", type=Path, default=Path("tried.run"), help="folder of checkpoints")
    options.quick(parser, "400 samples, an epoch, the first two recipes of spoken digits", few=400, epochs=1,
                  rows=["shd-regen-dmp2"], ways=list(TRIALS["shd-regen-dmp2"].ways)[:2])
    arguments = script.parsed(parser, "tried")
    known = {way for row in arguments.rows for way in TRIALS[row].ways}
    if unknown := set(arguments.ways or ()) - known:
        parser.error(f"--ways {' '.join(map(repr, sorted(unknown)))}, but --rows have {'; '.join(sorted(known))}")
    runs = provenance.Runs(arguments.out, "tried", script.given(arguments))
    less = {"epochs": arguments.epochs} if arguments.quick else {}
    for row in arguments.rows:
        trial, train = TRIALS[row], None
        for way in arguments.ways or trial.ways:
            if way not in trial.ways or runs.has(row=row, way=way, seed=arguments.seed):
                continue
            if train is None:
                train = options.few(arguments, data.load(RECIPES[row].dataset, "train", arguments.data,
                                                         arguments.download)).take(slice(0, trial.samples))
            recipe = replace(RECIPES[row], **trial.on | trial.ways[way] | less, seed=arguments.seed)
            name = f"{row}, {way}"
            run = Trainer(recipe, train, arguments.runs / f"{name}, seed {arguments.seed}", name)
            runs.add({"row": row, "way": way, "seed": arguments.seed, "samples": len(run.held_out)}
                     | found(run, recipe, trial.last))
            print(name, f"{runs.done[-1]['validation %']:.2f} %", flush=True)
    print(tabulate(shown(runs.done), headers="keys", disable_numparse=True))


def found(run: Trainer, recipe: Recipe, last: int) -> dict[str, Any]:
    """What a run comes to: mean over its last epochs, 0 where it comes apart."""
    made = {"digest": recipe.digest(), "commit": provenance.commit()}
    try:
        network = run.finished()
    except Diverged as apart:
        return made | {"validation %": 0.0, "diverged": apart.happened}
    lines = run.standing.curve[-min(last, recipe.epochs - recipe.coarse_epochs):]
    return made | {"validation %": 100 * float(np.mean([line[5] for line in lines])),
                   "trained %": 100 * float(np.mean([line[3] for line in lines])),
                   "active": [float(rate) for rate in lines[-1][6].split()], "seconds": lines[-1][7],
                   "parameters": parameters(network)["paper"]}


def shown(runs: list[dict[str, Any]]) -> list[dict[str, str]]:
    """A line a recipe, in the order of TRIALS."""
    return [line(run) for row, trial in TRIALS.items() for way in trial.ways for run in runs
            if (run["row"], run["way"]) == (row, way)]


def line(run: dict[str, Any]) -> dict[str, str]:
    """One recipe in words; what came apart has no more than its name."""
    told = {"row": run["row"], "recipe": run["way"], "samples held out": f"{run['samples']:,}"}
    if "diverged" in run:
        return told | {"parameters": "", "held out %": "came apart", "training %": "", "active %": ""}
    return told | {"parameters": f"{run['parameters']:,}", "held out %": f"{run['validation %']:.2f}",
                   "training %": f"{run['trained %']:.2f}", "active %": table.active([run["active"]])}


if __name__ == "__main__":
    script.told(main)
