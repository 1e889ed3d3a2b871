"""What do words below eight bits cost once the network is trained on in them? Paired seeds, recipes chosen on speakers
that no training heard.

Two chips: `dmp-4bit` holds W_f, P, nu and the slow memory m in 4 bits each, `dmp-ternary` every weight in {-1, 0, 1}
units. (The records have a 4-bit chip that rounded m to the nearest as well, the first that was tried.) With --choose
each of RECIPES trains on a network that never heard two speakers of the training set, which is trained first, and is
judged by them; the best of a chip is what the shipped seeds are trained on with, as they chose their own epoch. Beside
accuracy: how far the rates of the neurons have moved (Earth Mover's Distance). On the validation part; with --look on
the whole test set, to another file. Goes on where it was.

python analyses/few_bits.py --choose --data FOLDER     (a recipe 3 to 6 minutes on a quiet core)
python analyses/few_bits.py --data FOLDER              (a seed as long)
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.brian.backends import check_backend
from dmpnet.disk import shipped
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain, examined
from dmpnet.results import answers, options, provenance, script
from dmpnet.results.evaluation import evaluate
from dmpnet.results.losses import lost
from dmpnet.trained import rates, weights
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training import quantised
from dmpnet.training.recipes import RECIPES as SHIPPED
from dmpnet.training.trainer import Trainer

ROW = "shd-regen-dmp2"
SPEAKERS = 0.2  # of the ten of the training set, whom nothing hears while recipes are chosen
PIECE = 100  # samples that the reference takes at a time
EPOCHS, LR = 15, 3e-3
CHIPS = ("dmp-256", "dmp-4bit", "dmp-ternary")
"""The first, of 8 bits, is the control: trained on as long, as the 4-bit one is."""
RECIPES: dict[str, dict[str, Any]] = {
    "muon": {"optimiser": "muon"},
    "muon, a third of the rate": {"optimiser": "muon", "lr": LR / 3},
    "muon, taught by the real network": {"optimiser": "muon", "taught": 0.7},
    "adam": {"optimiser": "adam"},
    "adam, taught by the real network": {"optimiser": "adam", "taught": 0.7},
}
AS_TRAINED = "as trained"


def main() -> None:
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--choose", action="store_true", help="compare recipes on the speakers held out")
    parser.add_argument("--chips", nargs="+", default=list(CHIPS), choices=chip.names(), metavar="NAME")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES), metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, help="default: all that ship")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--runs", type=Path, default=Path("few_bits.run"), help="folder of checkpoints")
    parser.add_argument("--calibration", type=int, default=200)
    options.backend(parser, "cpp_standalone")
    options.quick(parser, "two chips, seed 0, an epoch on 100 samples, 100 judged, --choose two recipes", few=100,
                  epochs=1, seeds=[0], calibration=20, chips=list(CHIPS[:2]), backend="numpy",
                  recipes=list(RECIPES)[::3])
    arguments = script.parsed(parser, "few_bits", "analyses/results/few_bits{part}.json")
    check_backend(arguments.backend, arguments.processes)
    train = data.load("shd-regen", "train", arguments.data, arguments.download)
    told = provenance.Runs(arguments.out.with_name("few_bits_chosen.json"), "few_bits", script.given(arguments))
    if arguments.choose:
        choose(arguments, told, train)
        return
    runs = provenance.Runs(arguments.out, "few_bits", script.given(arguments))
    runs.check(part=options.part_of(arguments))
    for name in (AS_TRAINED, *arguments.chips):
        for seed in arguments.seeds or shipped.seeds(ROW):
            if not runs.has(chip=name, seed=seed):
                runs.add(measured(arguments, name, seed, train, None if name == AS_TRAINED else chosen(told, name)))
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f"))


def choose(arguments: argparse.Namespace, told: provenance.Runs, train: data.Recordings) -> None:
    """What each recipe comes to with speakers that nothing heard."""
    recipe = replace(SHIPPED[ROW], by="speaker", validation=SPEAKERS)
    if arguments.quick:
        recipe, train = replace(recipe, epochs=3), options.few(arguments, train)
    first = Trainer(recipe, train, arguments.runs / "speakers held out", "speakers held out")
    network = first.finished()
    for name in arguments.chips:
        for how in arguments.recipes:
            if not told.has(chip=name, recipe=how):
                run, _ = made_with(arguments, network, name, how, train, arguments.runs / f"{name}, {how}")
                run.finished()
                told.add({"chip": name, "recipe": how, "validation %": late(run), "as trained %": late(first),
                          "rounded %": 100 * run.standing.first, "samples": len(run.held_out),
                          "epochs": arguments.epochs, "commit": provenance.commit()})
    print(tabulate([{key: run[key] for key in ("chip", "recipe", "validation %", "rounded %", "as trained %")}
                    for run in told.done], headers="keys", floatfmt=".2f"))


def late(run: Trainer) -> float:
    """Accuracy on the validation part in %, mean of the last five epochs, as one is noise."""
    return 100 * float(np.mean([line[5] for line in run.standing.curve[-5:]]))


def chosen(told: provenance.Runs, name: str) -> str:
    """The recipe with which a chip did best by the speakers held out; that of the first chip is the 4-bit one's."""
    found = {run["recipe"]: run["validation %"] for run in told.done if run["chip"] == name}
    if not found:
        return next(iter(RECIPES)) if name == CHIPS[1] else chosen(told, CHIPS[1])
    return max(found, key=lambda recipe: found[recipe])


def made_with(arguments: argparse.Namespace, network: TrainedNetwork, name: str, how: str, train: data.Recordings,
              folder: Path) -> tuple[Trainer, Any]:
    """The trainer of `network` on a chip with a recipe, and what rounding alone made of it."""
    described, s_in = chip.load(name), train.drawn(arguments.calibration, arguments.seed)
    made = constrain(network, described, s_in, clip=True)
    return quantised.trainer(network, made.network, described, train, folder, arguments.epochs,
                             progress=f"{name}, {how}", **{"lr": LR} | RECIPES[how]), made


def measured(arguments: argparse.Namespace, name: str, seed: int, train: data.Recordings,
             how: str | None) -> dict[str, Any]:
    """One seed on a chip, or as trained (`how` None): accuracy in Brian2, and how far rates have moved."""
    network = weights.load(shipped.path(f"{ROW}/seed{seed}"))
    judged, found = options.judged(arguments, network, train), {}
    integer = network
    if how is not None:
        run, made = made_with(arguments, network, name, how, options.learned(arguments, network, train),
                              arguments.runs / f"{name}-{seed}")
        integer = run.finished()
        notes = examined(network, integer, train.drawn(arguments.calibration, arguments.seed), made.changes, True).notes
        found = {"recipe": how, "epochs": run.standing.epoch, "best_epoch": run.standing.best_epoch, "notes": notes,
                 "moved": moved(network, integer, judged), "commit": provenance.commit()}
    result = evaluate(integer, judged, arguments.backend, judged.split, arguments.processes,
                      f"{ROW}, {name}" if how else "", arguments.ledger)
    print(name, seed, f"{result.accuracy:.2f} %", flush=True)
    return {"chip": name, "seed": seed, "part": options.part_of(arguments), "accuracy": result.accuracy,
            "rates": result.rates, "compared": sum(result.compared), "mismatched": sum(result.mismatched),
            "right": answers.record(result.predictions, judged)} | found


def moved(network: TrainedNetwork, integer: TrainedNetwork, judged: data.Recordings) -> list[float]:
    """Earth Mover's Distance of the neurons' mean rates before and after, of each layer, in points."""
    found: list[list[np.ndarray]] = [[], []]
    for start in range(0, len(judged), PIECE):
        s_in = judged.batch(slice(start, start + PIECE))
        for kept, each in zip(found, (network, integer), strict=True):
            kept.append([counts / s_in.shape[1] for counts in reference.run(each, s_in).counts])
    before, after = ([np.concatenate(layer) for layer in zip(*kept, strict=True)] for kept in found)
    return [row["moved"] for row in rates.layers(after, before)]


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a chip: accuracy, points lost against the network as trained and, of few bits, the control trained on as
    long in 8, with 95 % intervals, over the same seeds."""
    lines = []
    of = {name: {run["seed"]: run for run in runs if run["chip"] == name} for name in (AS_TRAINED, *CHIPS)}
    for name, mine in of.items():
        if not mine:
            continue
        right = float(np.mean([run["accuracy"] for run in mine.values()]))
        line: dict[str, Any] = {"chip": name, "seeds": len(mine), "accuracy %": right}
        for against in (AS_TRAINED, CHIPS[0]):
            seeds = sorted(mine.keys() & of[against].keys())
            if name != against and seeds and (against, name) != (CHIPS[0], AS_TRAINED):
                _, less = lost([mine[seed] for seed in seeds], [of[against][seed] for seed in seeds])
                line |= {f"lost, {against}": f"{100 * less.mean:.2f} ({100 * less.low:.2f} to {100 * less.high:.2f})"}
        if moves := [run["moved"] for run in mine.values() if "moved" in run]:
            line["rates moved"] = ", ".join(f"{value:.2f}" for value in np.mean(moves, axis=0))
        lines.append(line | {"spikes that differ": sum(run["mismatched"] for run in mine.values())})
    return lines


if __name__ == "__main__":
    script.told(main)
