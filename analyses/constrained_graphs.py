"""What do a chip's integers cost a convolutional network? Shipped graphs as trained and constrained, in Brian2.

Classified is the validation part each network was trained with, 500 N-MNIST recordings; formats are chosen on samples
of the rest of the training set. The test set is not looked at. Spikes of every neuron and step are compared with the
reference, and of the first samples also membranes and slow memories, bit for bit. Goes on where it was.

python analyses/constrained_graphs.py --data FOLDER        (two minutes a line on a quiet machine)
"""

import argparse
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.brian.backends import check_backend
from dmpnet.brian.simulation import simulate
from dmpnet.disk import shipped
from dmpnet.graph import file
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.results import options, provenance, script, validation
from dmpnet.results.evaluation import evaluate
from dmpnet.results.losses import differ, over_seeds
from dmpnet.trained import rates

ROWS = ("nmnist-conv-dmp",)
LOW = {f"words.{name}.bits": 4 for name in ("W_f", "P", "nu")}
SETTINGS: dict[str, dict[str, int] | None] = {
    "as trained": None,
    "8-bit weights, 16-bit state": {},
    "6-bit slow memory": {"words.m.bits": 6},
    "4-bit W_f and P, 16-bit state": LOW,
    "4-bit W_f and P, 8-bit state": LOW | {"words.m.bits": 8, "words.u.bits": 8},
}
VALUES = 20  # samples whose membranes and slow memories are compared too


def main() -> None:
    parser = options.script(__doc__, "analyses/results/constrained_graphs.json")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=shipped.names("graphs"), metavar="NAME")
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS), metavar="SETTING")
    parser.add_argument("--seeds", nargs="+", type=int, help="of each row (default: all that ship)")
    parser.add_argument("--chip", default="dmp-camera")
    parser.add_argument("--calibration", type=int, default=100)
    options.backend(parser)
    options.quick(parser, "seed 0, 16 samples", few=16, calibration=10, seeds=[0])
    arguments = script.parsed(parser, "constrained_graphs")
    check_backend(arguments.backend, arguments.processes)
    runs = provenance.Runs(arguments.out, "constrained_graphs", script.given(arguments))
    for row in arguments.rows:
        for seed in arguments.seeds or shipped.seeds(row, "graphs"):
            for setting in arguments.settings:
                if not runs.has(row=row, setting=setting, seed=seed):
                    found = measured(arguments, row, setting, seed)
                    runs.add({"row": row, "setting": setting, "seed": seed} | found)
                    print(row, setting, seed, f"{found['accuracy']:.2f} %", found["mismatched"], flush=True)
    print(tabulate(summary(runs.done), headers="keys", floatfmt=".2f"))


def measured(arguments: argparse.Namespace, row: str, setting: str, seed: int) -> dict[str, Any]:
    """The validation part in Brian2, with one network in one setting."""
    trained = network = file.load(shipped.path(f"{row}/seed{seed}", "graphs"))
    train = options.training_set(arguments, network)
    learned, held_out = validation.split(network, train)
    found: dict[str, Any] = {}
    changes = SETTINGS[setting]
    if changes is not None:
        described = chip.changed(chip.load(arguments.chip), changes)
        s_in = train.batch(data.drawn_from(learned, arguments.calibration, arguments.seed))
        made = constrain(network, described, s_in, clip=bool(changes))
        network = made.network
        few = train.batch(held_out[:4 if arguments.quick else VALUES])
        got, want = (run(network, few, record=("spikes", "u", "m", "x")) for run in (
            lambda *a, **k: simulate(*a, backend=arguments.backend, **k), reference.run))
        after, before = ([counts / s_in.shape[1] for counts in reference.run(each, few).counts]
                         for each in (network, trained))
        found = {"silent": made.silent, "notes": made.notes, "layers": rates.layers(after, before)} | {
            f"{name} that differ": sum(int((a != b).sum()) for a, b in zip(getattr(got, name), getattr(want, name),
                                                                           strict=True) if b is not None)
            for name in ("u", "m", "x")} | {"u compared": sum(each.size for each in want.u)}
    held = options.few(arguments, train.take(held_out))
    result = evaluate(network, held, arguments.backend, "validation", arguments.processes)
    return found | {"accuracy": result.accuracy, "rates": result.rates, "samples": len(held),
                    "compared": result.compared, "mismatched": result.mismatched,
                    "classes that differ": int(np.sum(result.predictions != result.reference_predictions))}


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a row and setting: mean over seeds, what the integers cost, and what differs from the reference."""
    return [line | {"spikes that differ": differ(runs, line, "mismatched"),
                    "u, m, x that differ": differ(runs, line, *(f"{name} that differ" for name in ("u", "m", "x")))}
            for line in over_seeds(runs)]


if __name__ == "__main__":
    script.told(main)
