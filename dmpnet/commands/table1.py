"""The paper's Table 1 beside ours, from what ships; --retrain makes a row again, --evaluate asks its networks again.

Sun et al. 2026: parameters, accuracy over seeds on whole test sets in Brian2, the paper's value, the difference, and
how active the neurons are.

With --retrain a row is made again from nothing: trained, and evaluated in Brian2 on the validation part, with --seeds
several times: --processes of these trainings side by side, or on the workers of --scheduler. With --look,
which the ledger counts, it is evaluated on the whole test set and written with its card; its recipe must have been
frozen before (models/recipes.csv). Killed and called again, it goes on where it was (extra: train).

With --evaluate the networks of a row that ship are evaluated as they are, of --seed or --seeds, as --retrain does, and
what their records said before stands beside it; the ledger does not count the same network twice (extra: train).
"""

import argparse
import shutil
import textwrap
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from tabulate import SEPARATING_LINE

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.disk import shipped
from dmpnet.disk.files import whole_file
from dmpnet.errors import DmpnetError
from dmpnet.results import (
    differences,
    folds,
    intervals,
    ledger,
    options,
    outputs,
    provenance,
    reading,
    script,
    table,
    terminal,
    validation,
)
from dmpnet.results.evaluation import evaluate
from dmpnet.sweeps.sweep import sweep
from dmpnet.system.processes import held
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

COLUMNS = {"row": "row", "by paper's rule": "by paper's rule", "accuracy %": "accuracy %", "95 %": "95 %",
           "paper %": "paper %", "difference": "minus paper", "active %": "active %"}
SURE = ("row", "seeds", "looks", "by speaker %", "fewer", "to be said")
"""What is printed in two tables; all is in --out."""
LEGEND = """\
accuracy: mean over seeds on the whole test set, in Brian2, epoch chosen on a
validation part of the training set; 95 %: over seeds, and over speakers where
the data tell, else samples; by speaker: the worst and the best; looks: networks
of the row, those since replaced too, that were evaluated on the test set
(models/ledger.csv); fewer: parameters by the paper's rule, in percent, than
RSNN of the same task has, where no less is classified correctly; DMP II minus:
paired over the same samples and seeds, where records say which samples were
right; p by signs: of speakers' or samples' signs drawn anew; unheard, six folds
of speakers: all twelve of shd-regen, two at a time, whom no network that is
asked about them has heard (analyses/folds.py), the main number of its rows;
paper: as printed there, epoch chosen on the test set for MNIST and SHD; active:
neurons firing in a step, layer by layer, ! under 0.1 %; samples or steps
classified otherwise than by PyTorch in float64:
"""


def add(parsers) -> None:
    p = parsers.add_parser("table1", description=__doc__)
    p.add_argument("--results", type=Path, metavar="FOLDER", help="where rows lie (default: those that ship)")
    p.add_argument("--markdown", action="store_true", help="only the rows there are, short, as in the README")
    p.add_argument("--retrain", metavar="ROW", help="train this row with --seed, into --out, and evaluate it")
    p.add_argument("--evaluate", metavar="ROW", help="evaluate this row as it ships, its --seed, and write it to --out")
    p.add_argument("--seeds", type=options.seed, nargs="+", metavar="SEED",
                   help="with --retrain and --evaluate: these, not --seed")
    p.add_argument("--no-test", action="store_true", help="with --retrain: train only, evaluate nothing")
    options.look(p)
    options.data(p)
    options.backend(p, "cpp_standalone")
    options.scheduler(p, "trainings of --seeds")
    options.common(p, None)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    if arguments.retrain and arguments.evaluate:
        raise DmpnetError(f"table1 --retrain {arguments.retrain} --evaluate {arguments.evaluate}: one makes networks, "
                          f"the other takes those that ship; leave one out")
    if arguments.retrain:
        return retrain(arguments)
    if arguments.evaluate:
        return evaluate_again(arguments)
    script.printed("table1", arguments, show)
    return 0


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table; gives its lines, differences of rows, and folds of speakers."""
    if arguments.results and not arguments.results.is_dir():
        raise DmpnetError(f"--results {arguments.results}: no such folder; give the one that --retrain wrote into")
    remarks, lines, ahead = table.notes(), table.lines(arguments.results), differences.found(arguments.results)
    of_folds = [] if arguments.results else folds.found()
    found = {"rows": lines, "differences": ahead, "folds": of_folds}
    if arguments.markdown:
        print(table.summary(arguments.results))
        return found
    shown: list[list[str]] = []
    for title, part in groupby(zip(table.rows().values(), lines, strict=True), key=lambda pair: pair[0].title):
        of_title = [line for _, line in part]
        if unheard := [_printed(_unheard(line)) for line in of_title if line["unheard"]]:
            shown += [[f"{title}, unheard"], *unheard, [SEPARATING_LINE]]
        shown += [[title], *map(_printed, of_title), [SEPARATING_LINE]]
    print(terminal.table(shown[:-1], list(COLUMNS.values()), stralign="right", colalign=("left",),
                   disable_numparse=True))
    print("\n" + terminal.table([_sure(line) for line in lines if line["accuracy %"] is not None], SURE,
                                disable_numparse=True))
    if ahead:
        print("\n" + terminal.table(differences.shown(ahead, 1), disable_numparse=True))
    if of_folds:
        print("\n" + terminal.table(folds.shown(of_folds, 1), disable_numparse=True))
    for title, remark in remarks.items():
        print("\n" + textwrap.fill(f"{title}: {remark}", 80), end="")
    apart = [f"{line['row']} {line['Brian2']}" for line in lines if line["Brian2"] not in (None, "yes, 0 differ")]
    print(f"\n\n{LEGEND}{', '.join(apart) or 'none'}")
    print(textwrap.fill(reading.not_public(table.rows()), 80))
    return found


def _printed(line: dict[str, Any]) -> list[str]:
    """A line of the table as text: two decimals, thousands apart, a dash where there is nothing."""
    def text(key: str, value: Any) -> str:
        if value is None:
            return "-"
        if isinstance(value, float):
            return f"{value:+.2f}" if key == "difference" else f"{value:.2f}"
        return f"{value:,}" if isinstance(value, int) else str(value)

    shown = line | {"95 %": intervals.span(line["low %"], line["high %"], 1) or None,
                    "active %": table.active(line["rates"], short=True) if line["rates"] else None}
    return [text(key, shown[key]) for key in COLUMNS]


def _unheard(line: dict[str, Any]) -> dict[str, Any]:
    """A line with what it shows of speakers that it never heard in place of the published test set."""
    of = line["unheard"]
    return line | {"accuracy %": of["accuracy %"], "low %": of["low"], "high %": of["high"], "paper %": None,
                   "difference": None, "rates": []}


def _sure(line: dict[str, Any]) -> list[str]:
    """How sure a line is: seeds, looks, worst and best speaker, and what has to be said."""
    return [line["row"], line["seeds"], str(line["looks"]), table.worst_and_best(line["groups"]) or "-",
            "-" if line["fewer %"] is None else f"{line['fewer %']:.0f} %", "; ".join(line["marks"]) or "-"]


def retrain(arguments: argparse.Namespace) -> int:
    """Make row --retrain with --seed or every one of --seeds: weights, curve, record and card in --out/ROW."""
    row = table.row(arguments.retrain)
    seeds = list(dict.fromkeys(arguments.seeds or [arguments.seed]))
    if arguments.scheduler or len(seeds) > 1 < arguments.processes:
        train_ahead(arguments, row, seeds)
    else:
        check_backend(arguments.backend, arguments.processes, genn=True)
    codes = []
    for arguments.seed in seeds:
        with of_seed(arguments, row) as out:
            codes.append(train_row(arguments, row, out))
    return max(codes)


def evaluate_again(arguments: argparse.Namespace) -> int:
    """Evaluate what ships of row --evaluate with --seed or every one of --seeds; record and card in --out/ROW."""
    row = table.row(arguments.evaluate)
    if arguments.no_test or arguments.scheduler:
        raise DmpnetError(f"table1 --evaluate {row.name}: --no-test and --scheduler are of training, and nothing is "
                          f"trained; leave them out")
    check_backend(arguments.backend, arguments.processes, genn=True)
    seeds = list(dict.fromkeys(arguments.seeds or [arguments.seed]))
    found = {seed: shipped.path(f"{row.name}/seed{seed}") for seed in seeds}  # before anything is evaluated
    codes = []
    for arguments.seed, path in found.items():
        before = {run["seed"]: run["accuracy_brian2"] for run in table.results(row.name)}.get(arguments.seed)
        print(f"{row.name} seed{arguments.seed}: " + ("no record of the test set" if before is None else
                                                       f"{before:.2f} % of the test set by its record"), flush=True)
        with of_seed(arguments, row) as out:
            codes.append(judged(arguments, row, out, weights.load(path), path, path.with_suffix(".curve.csv")))
    return max(codes)


def of_seed(arguments: argparse.Namespace, row: table.Row) -> outputs.Outputs:
    """What is written of --seed."""
    from dmpnet.training import card  # needs PyTorch, as little else here

    name = f"seed{arguments.seed}"
    return outputs.in_folder("table1", (arguments.out or Path("table1")) / row.name, arguments, f"{name}.json",
                             (f"{name}.npz", f"{name}.curve.csv", "README.md"), runs=[f"{name}.run"], known=card.known)


def train_ahead(arguments: argparse.Namespace, row: table.Row, seeds: list[int]) -> None:
    """Train those of `seeds` that are not trained yet side by side, each in its own folder, where train_row finds it.

    No result is kept but the trainings themselves, which go on where they were.
    """
    from dmpnet.training.recipes import RECIPES

    for arguments.seed in reversed(seeds):
        of_seed(arguments, row).check()
    data.load(RECIPES[row.name].dataset, "train", arguments.data, arguments.download)
    with of_seed(arguments, row) as out, held() as kept:
        sweep(train_one, [{"seed": seed} for seed in seeds], arguments.scheduler, out=kept, common={"row": row.name},
              aside={"folder": out.place.absolute(), "data_in": arguments.data}, processes=arguments.processes,
              progress=row.name)
        missing = [seed for seed in seeds if not (out.place / f"seed{seed}.run" / "weights.npz").exists()]
    if missing:
        raise DmpnetError(f"--scheduler {arguments.scheduler}: seeds {', '.join(map(str, missing))} were trained, but "
                          f"{out.place} here has nothing of it; give an --out on a disk that the workers share")


def train_one(row: str, seed: int, folder: Path, data_in: Path | None) -> float:
    """Train a row with a seed, in a folder of `folder`; gives its accuracy on the validation part."""
    from dmpnet.training.recipes import RECIPES

    trainer = trainer_of(row, seed, folder, data.load(RECIPES[row].dataset, "train", data_in))
    trainer.finished()
    return float(trainer.standing.best)


def trainer_of(row: str, seed: int, folder: Path, train: data.Recordings) -> Any:
    """The training of a row with a seed, which goes on from what is in seedK.run of `folder`."""
    from dmpnet.training.recipes import RECIPES, begun
    from dmpnet.training.trainer import Trainer

    recipe, start = begun(row, replace(RECIPES[row], seed=seed))
    return Trainer(recipe, train, folder / f"seed{seed}.run", f"{row} seed{seed}", start=start)


def train_row(arguments: argparse.Namespace, row: table.Row, out: outputs.Outputs) -> int:
    """Train, evaluate, write."""
    from dmpnet.training.recipes import RECIPES, begun

    recipe, start = begun(row.name, replace(RECIPES[row.name], seed=arguments.seed))
    if arguments.look:
        ledger.check_frozen(row.name, recipe.digest(start is not None))
        reading.check(arguments, recipe.dataset, "test")  # before the training
    folder, name = out.place, f"seed{arguments.seed}"
    train = data.load(recipe.dataset, "train", arguments.data, arguments.download)
    trainer = trainer_of(row.name, arguments.seed, folder, train)
    network, standing = trainer.finished(), trainer.standing
    print(f"{row.name} {name}: best epoch {standing.best_epoch} of {standing.epoch}, {100 * standing.best:.2f} % on "
          f"validation", flush=True)
    if arguments.no_test:
        return 0
    code = judged(arguments, row, out, network, trainer.folder / "weights.npz", trainer.folder / "curve.csv", train)
    if arguments.look:
        shutil.rmtree(trainer.folder)
    return code


def judged(arguments: argparse.Namespace, row: table.Row, out: outputs.Outputs, network: TrainedNetwork,
           kept: Path, curve: Path, train: data.Recordings | None = None) -> int:
    """What the validation part (of `train`, read unless given) shows of a network; with --look the whole test set,
    then its weights `kept`, `curve` (if there is one), record and card are written."""
    name, encoding = f"seed{arguments.seed}", network.encoding
    split = "test" if arguments.look else "train"
    given = None if arguments.look else train
    recordings = given or data.load(encoding.dataset, split, arguments.data, arguments.download)
    if not arguments.look:
        recordings = validation.part(network, recordings)
        result = evaluate(network, recordings, arguments.backend, "validation", arguments.processes)
        print(f"{row.name} {name}: {result.accuracy:.2f} % of {len(recordings):,} validation samples in Brian2; --look "
              f"tells what the test set shows")
        return options.verdict(result.mismatched, result.compared)
    from dmpnet.training import card  # needs PyTorch

    result = evaluate(network, recordings, arguments.backend, "test", arguments.processes, row.name, arguments.ledger)
    numbers = card.measured(network, recordings, result) | {"backend": arguments.backend}
    numbers["provenance"] = provenance.record("table1", script.given(arguments), data=recordings.source)
    with out.staged() as staged:
        for path, at in ((kept, f"{name}.npz"), (curve, f"{name}.curve.csv")):
            if path.exists():
                with whole_file(staged / at) as temporary:
                    shutil.copy(path, temporary)
        provenance.write(staged / f"{name}.json", numbers)
    written = card.write(out.place)
    print(f"{row.name} {name}: {result.accuracy:.2f} % of {len(recordings):,} test samples in Brian2; card in "
          f"{written}")
    return options.verdict(result.mismatched, result.compared)
