"""What do a chip's integers cost? Shipped networks as trained and constrained, in Brian2.

On their validation parts; with --look on whole test sets, to another file.

Formats are chosen on 200 training samples, epochs of quantisation-aware training on the validation part a network was
trained with. Every spike is compared with the integer reference. Goes on where it was.

python analyses/constrained.py --data FOLDER        (shd-regen a minute a line, S-MNIST ten, on two cores; a fine-tuned
                                                    line of shd-regen five minutes more; --settings, --seeds for less)
"""

import argparse
from pathlib import Path
from typing import Any

from tabulate import tabulate

from dmpnet.brian.backends import check_backend
from dmpnet.disk import shipped
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain, examined
from dmpnet.results import options, provenance, script
from dmpnet.results.evaluation import evaluate
from dmpnet.results.losses import differ, over_seeds
from dmpnet.trained import weights
from dmpnet.training import quantised

ROWS = ("shd-regen-dmp2", "smnist-dmp2")
LOW = {f"words.{name}.bits": 4 for name in ("W_f", "P", "nu")}
EPOCHS, LR = 30, 3e-3  # of quantisation-aware training
SETTINGS: dict[str, dict[str, int] | None] = {
    "as trained": None,
    "8-bit weights, 16-bit state": {},
    "6-bit slow memory": {"words.m.bits": 6},
    "4-bit W_f and P, 8-bit slow memory": LOW | {"words.m.bits": 8},
    "4-bit W_f and P, 6-bit slow memory": LOW | {"words.m.bits": 6},
    "4-bit W_f and P, 4-bit slow memory": LOW | {"words.m.bits": 4},
    "ternary W_f": {"words.W_f.bits": 2},
    "binary W_f": {"words.W_f.bits": 1},
}
LOWEST = "4-bit W_f and P, 4-bit slow memory"
TRAINED = ", trained on"  # ends the name of a setting with quantisation-aware training
NAMES = [*SETTINGS, *(name + TRAINED for name, changes in SETTINGS.items() if changes is not None)]


def main() -> None:
    parser = options.script(__doc__, None)
    options.look(parser)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=shipped.names(), metavar="NAME")
    parser.add_argument("--settings", nargs="+", default=NAMES, choices=NAMES, metavar="SETTING")
    parser.add_argument("--seeds", nargs="+", type=int, help="of each row (default: all that ship)")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--optimiser", choices=("adam", "muon"), default="muon",
                        help="of quantisation-aware training; adam for ternary and binary W_f (default: muon)")
    parser.add_argument("--runs", type=Path, default=Path("constrained.runs"), help="folder of checkpoints")
    parser.add_argument("--chip", default="dmp-256")
    parser.add_argument("--calibration", type=int, default=200)
    options.backend(parser, "cpp_standalone")
    options.quick(parser, "spoken digits, seed 0, the first and the lowest bits, trained on for an epoch on 60 "
                  "samples, 60 judged", few=60, calibration=40, epochs=1, seeds=[0], backend="numpy", rows=[ROWS[0]],
                  settings=[*list(SETTINGS)[:2], LOWEST, *(name + TRAINED for name in (list(SETTINGS)[1], LOWEST))])
    arguments = script.parsed(parser, "constrained", "analyses/results/constrained{part}.json")
    check_backend(arguments.backend, arguments.processes)
    runs = provenance.Runs(arguments.out, "constrained", script.given(arguments))
    runs.check(part=options.part_of(arguments))
    for row in arguments.rows:
        for setting in arguments.settings:
            for seed in arguments.seeds or shipped.seeds(row):
                if runs.has(row=row, setting=setting, seed=seed):
                    continue
                found = measured(arguments, row, setting, seed)
                runs.add({"row": row, "setting": setting, "seed": seed, "part": options.part_of(arguments)} | found)
                print(row, setting, seed, f"{found['accuracy']:.2f} %", flush=True)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f"))


def measured(arguments: argparse.Namespace, row: str, setting: str, seed: int) -> dict[str, Any]:
    """The validation part or the whole test set in Brian2, with one network in one setting."""
    network = weights.load(shipped.path(f"{row}/seed{seed}"))
    train = options.training_set(arguments, network)
    test = options.judged(arguments, network, train)
    found: dict[str, Any] = {}
    changes = SETTINGS[setting.removesuffix(TRAINED)]
    if changes is not None:
        described = chip.changed(chip.load(arguments.chip), changes)
        s_in = train.drawn(arguments.calibration, arguments.seed)
        made = constrain(network, described, s_in, clip=bool(changes), compensate=not setting.endswith(TRAINED))
        if setting.endswith(TRAINED):
            run = quantised.trainer(network, made.network, described, options.learned(arguments, network, train),
                                    arguments.runs / f"{row}-{setting}-{seed}", arguments.epochs, LR,
                                    f"{row} {seed}, {setting}", arguments.optimiser)
            made = examined(network, run.finished(), s_in, made.changes, clip=bool(changes))
            found = {"epochs": run.standing.epoch, "best_epoch": run.standing.best_epoch, "lr": LR,
                     "optimiser": arguments.optimiser, "validation": run.standing.best,
                     "validation_rounded": run.standing.first}
        network = made.network
        found |= {"silent": made.silent, "notes": made.notes, "commit": provenance.commit()}
    result = evaluate(network, test, arguments.backend, test.split, arguments.processes,
                      f"{row}, {setting}" if changes is not None else "", arguments.ledger)
    return found | {"accuracy": result.accuracy, "rates": result.rates, "samples": len(test),
                    "compared": result.compared, "mismatched": result.mismatched}


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a row and setting: mean over seeds, what the integers cost, and spikes that differ."""
    return [line | {"spikes that differ": differ(runs, line, "mismatched")} for line in over_seeds(runs)]


if __name__ == "__main__":
    script.told(main)
