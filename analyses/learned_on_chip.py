"""What do few bits and traces without exponentials leave of learning without labels? Diehl & Cook's network on a chip.

400 neurons learn 60,000 digits once by STDP, weights and traces in the integers of the learning core, at 8 to 1 bits a
weight, traces that fall by shifts or lines; beside it real numbers, one pass and three. Accuracy is that of 10,000 test
digits, nothing changing any more, neurons named by the last 10,000 training digits. Nothing was chosen by it: rates and
times are those of the rule in real numbers. Killed and called again it goes on where it was.

python analyses/learned_on_chip.py --look --data FOLDER          (ten minutes a line on a core; --lines picks some)
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data
from dmpnet.disk.files import digest_of_settings
from dmpnet.hardware import actions, prices
from dmpnet.hardware import chip as chips
from dmpnet.learning import exam
from dmpnet.learning.competition import Competition
from dmpnet.learning.learned import checksum
from dmpnet.learning.learner import Learner
from dmpnet.results import ledger, options, provenance, script

REAL = "real numbers"
LINES: dict[str, tuple[dict[str, Any], int]] = {
    REAL: ({}, 1),
    **{f"{bits} bits" if bits > 1 else "binary": ({"chip": "learning", "changed": (("plasticity.w.bits", bits),)}, 1)
       for bits in (8, 6, 4, 2, 1)},
    "8 bits, linear traces": ({"chip": "learning", "decay": "linear"}, 1),
    "4 bits, linear traces": ({"chip": "learning", "decay": "linear", "changed": (("plasticity.w.bits", 4),)}, 1),
    "real numbers, three passes": ({}, 3),
    "8 bits, three passes": ({"chip": "learning"}, 3),
}


def learned(settings: Competition, passes: int, train: data.Recordings, folder: Path) -> Learner:
    """The learner at its end."""
    learner = Learner(settings, train.values[:, :, 0], train.labels, folder, passes, progress=folder.name)
    learner.resume()
    learner.run()
    return learner


def run(settings: Competition, passes: int, train: data.Recordings, test: data.Recordings,
        folder: Path) -> dict[str, Any]:
    """Learn, test, and what was written."""
    learner = learned(settings, passes, train, folder)
    naming = train.take(slice(-exam.NAMING, None))
    marks = exam.examined(learner.finished(), naming, test, progress="testing")
    found = {"weights": checksum(marks.learned)[:16], "settings": asdict(settings), "passes": passes,
             "tested": len(test), "images": learner.seen, "presentations": learner.state.shown,
             "accuracy": marks.accuracy, "accuracy_by_class": marks.by_class,
             "neurons_of_class": marks.neurons_of_class, "spikes_an_image": marks.spikes,
             "curve": [[row[0], row[2]] for row in learner.curve if row[2] is not None],
             "histogram": learner.histograms[-1].tolist()}
    return found | worn(learner)


def worn(learner: Learner) -> dict[str, Any]:
    """Writes of a weight, and the energy of all of them by the model's prices; nothing for real numbers."""
    settings, writes = learner.settings, learner.state.writes
    if writes is None or settings.integers is None:
        return {}
    chip = chips.changed(chips.load(settings.chip), dict(settings.changed))
    price = prices.price(actions.Action("write", "weights", settings.integers.w.bits), chip)
    report = settings.report
    return {"writes": {"mean": float(writes.mean()), "median": float(np.median(writes)), "most": int(writes.max()),
                       "an image": float(writes.sum() / learner.seen)},
            "nJ of writes an image": 1e-3 * price * float(writes.sum() / learner.seen),
            "room": {need.rule: need.used for need in report.needs} if report else {}}


def parts(arguments: argparse.Namespace) -> tuple[data.Recordings, data.Recordings]:
    """Training digits, and test digits; with --quick other training digits in place of these."""
    train = data.load("smnist", "train", arguments.data)
    if arguments.quick:
        learned, held = (train.take(part) for part in data.validation_split(train, 0.1, arguments.seed))
        return options.part(learned, arguments.samples, arguments.seed), options.few(arguments, held)
    return options.part(train, arguments.samples, arguments.seed), data.load("smnist", "test", arguments.data)


def main() -> None:
    parser = options.script(__doc__, "analyses/results/learned_on_chip.json")
    options.look(parser)
    parser.add_argument("--lines", nargs="+", default=list(LINES), choices=list(LINES), metavar="LINE",
                        help=f"of {'; '.join(LINES)} (default: all)")
    options.samples(parser, "training digits")
    parser.add_argument("--runs", type=Path, default=Path("learned-on-chip.run"), help="folder for checkpoints")
    options.quick(parser, "1,100 training digits, 200 others told, two lines", samples=1100, few=200,
                  lines=[REAL, "8 bits"])
    arguments = script.parsed(parser, "learned_on_chip")
    options.only_looks(arguments, "learned_on_chip: all training digits are learned from, and test digits told")
    runs = provenance.Runs(arguments.out, "learned_on_chip", script.given(arguments))
    train, test = parts(arguments)
    for line in arguments.lines:
        if runs.has(line=line, seed=arguments.seed, digits=len(train)):
            continue
        changes, passes = LINES[line]
        folder = arguments.runs / f"{line.replace(',', '').replace(' ', '-')}-{arguments.seed}"
        found = run(Competition(seed=arguments.seed, **changes), passes, train, test, folder)
        look = ledger.Look(f"digits by STDP, {line}", arguments.seed, digest_of_settings(found["settings"]),
                           found.pop("weights"), *ledger.here_and_now(), test.name, len(test),
                           round(found["accuracy"], 4))
        if not arguments.quick:
            ledger.see(look, arguments.ledger)
        runs.add({"line": line, "seed": arguments.seed, "digits": len(train)} | found)
        print(line, f"{found['accuracy']:.2f} %", flush=True)
    print(tabulate([{"weights and traces": run["line"], "seed": run["seed"], "digits": run["digits"],
                     "test %": run["accuracy"], "writes a weight": run.get("writes", {}).get("mean"),
                     "most": run.get("writes", {}).get("most"),
                     "nJ of writes an image": run.get("nJ of writes an image")} for run in runs.done],
                   headers="keys", floatfmt=("", "", "", ".2f", ".0f", ".0f", ".1f"), missingval="-"))


if __name__ == "__main__":
    script.told(main)
