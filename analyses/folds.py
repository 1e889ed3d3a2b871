"""How well are spoken digits told that a speaker said whom nothing heard? Two of the twelve speakers left out in turn.

The published test set of shd-regen asks two unheard speakers and ten heard ones. Here training and test part are dealt
anew into six folds by speaker (dmpnet.data.folds); every row is trained from nothing on ten speakers and judged, in
Brian2, by all that the other two said, once (DMP II of fold 0 by two recipes); the mean is over all twelve, its
interval over speakers. With --choose the recipes of CHOICES are compared inside fold 0, on two more speakers held out,
for FSNN, DMP II and neurons that adapt, which come apart with what DMP II takes; the other rows take that. Every
evaluation is a look, in the ledger. With --variants DMP II with one thing changed (analyses/variants.py), where it came
out otherwise than in the paper. Goes on where it was.

python analyses/folds.py --choose --data FOLDER     (a recipe 4 to 8 minutes on a quiet core)
python analyses/folds.py --data FOLDER              (a fold as long)
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from few_bits import late
from tabulate import tabulate
from variants import GROUPS, WITHOUT, fix_at_zero

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.data.folds import FOLDS, fold
from dmpnet.errors import Diverged
from dmpnet.results import answers, options, provenance, script
from dmpnet.results.evaluation import evaluate
from dmpnet.results.folds import AGAINST, shown, summary, variants
from dmpnet.results.validation import VALIDATION
from dmpnet.training.recipe import Recipe
from dmpnet.training.recipes import RECIPES
from dmpnet.training.trainer import Trainer

ROWS = ("shd-regen-fsnn", "shd-regen-dmp2", "shd-regen-adlif", "shd-regen-dmp2-gain", "shd-regen-dmp2-thetas",
        "shd-regen-csilif", "shd-regen-dmp1-adlif", "shd-regen-rsnn", "shd-regen-dsnn", "shd-regen-dmp1",
        "shd-regen-peak", "shd-regen-ssm-spiking", "shd-regen-ssm")
CHOOSE = ("shd-regen-fsnn", "shd-regen-dmp2", "shd-regen-adlif")
AS = dict.fromkeys(("shd-regen-dmp1-adlif", "shd-regen-csilif", "shd-regen-ssm-spiking", "shd-regen-ssm"),
                   "shd-regen-adlif")
"""Whose recipe a row takes, of neurons that adapt or ring; the others take that of AGAINST."""
VARIANTS: dict[str, dict[str, Any]] = {
    name: GROUPS[group][name] for group, name in (("ablation", "no W_f, memory alone"), ("dilation", "d_s 50"),
                                                  ("d", "d 60"))}
"""What changes of AGAINST; its row is called `AGAINST, NAME`."""
CHOICES: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "moved further, events left out": {"shift_channels": 8, "drop_events": 0.4, "batch": 32},
    "rate and clip of neurons that adapt": {"lr": 1e-2, "clip": 1.0},
}
SPEAKERS = 0.2  # of the ten of a fold, held out inside it while recipes are compared


def main() -> None:
    parser = options.script(__doc__, Path("analyses/results/folds.json"))
    parser.add_argument("--choose", action="store_true", help="compare recipes inside fold 0")
    parser.add_argument("--rows", nargs="+", choices=ROWS, metavar="NAME", help="(default: all; none with --variants)")
    parser.add_argument("--variants", nargs="+", default=[], choices=VARIANTS, metavar="NAME",
                        help=f"of {AGAINST}: {'; '.join(VARIANTS)}")
    parser.add_argument("--folds", nargs="+", type=int, default=list(range(FOLDS)), choices=range(FOLDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--runs", type=Path, default=Path("folds.run"), help="folder of checkpoints")
    options.to_ledger(parser)
    options.backend(parser, "cpp_standalone")
    options.quick(parser, "400 samples of the training part alone, an epoch, two rows", few=400, epochs=1,
                  rows=["shd-regen-fsnn", AGAINST], backend="numpy")
    arguments = script.parsed(parser, "folds")
    check_backend(arguments.backend, arguments.processes)
    rows = list(arguments.rows or ([] if arguments.variants else ROWS))
    parts = halves(arguments) if arguments.quick else [
        data.load("shd-regen", split, arguments.data, arguments.download) for split in ("train", "test")]
    told = provenance.Runs(arguments.out.with_name("folds_chosen.json"), "folds", script.given(arguments))
    if arguments.choose:
        choose(arguments, [row for row in CHOOSE if row in rows], told, fold(*parts, 0)[0])
        return
    runs = provenance.Runs(arguments.out, "folds", script.given(arguments))
    for number in arguments.folds:
        learned, judged = fold(*parts, number)
        for row in [*rows, *(f"{AGAINST}, {name}" for name in arguments.variants)]:
            for seed in arguments.seeds:
                how = chosen(told, row)
                if not runs.has(row=row, fold=number, seed=seed, recipe=how):
                    runs.add(measured(arguments, row, number, seed, learned, judged, how))
    print(tabulate(shown(summary(runs.done)), headers="keys", disable_numparse=True))
    print("", tabulate(variants(runs.done), headers="keys", floatfmt=".2f"), sep="\n")


def halves(arguments: argparse.Namespace) -> list[data.Recordings]:
    """A few training samples as two parts, to be dealt anew in place of both that were published: of --quick."""
    train = options.few(arguments, data.load("shd-regen", "train", arguments.data, arguments.download))
    return [train.take(slice(0, None, 2)), replace(train.take(slice(1, None, 2)), split=VALIDATION)]


def choose(arguments: argparse.Namespace, rows: list[str], told: provenance.Runs, learned: data.Recordings) -> None:
    """What each recipe comes to with two speakers of fold 0 held out inside it: mean of the last five epochs, 0 where
    training comes apart. What is a row's recipe already is not another one."""
    for row in rows:
        for number, how in enumerate(CHOICES):
            known = [recipe(row, other) for other in list(CHOICES)[:number]]
            if told.has(row=row, recipe=how) or recipe(row, how) in known:
                continue
            run = Trainer(replace(recipe(row, how), **less(arguments), by="speaker", validation=SPEAKERS), learned,
                          arguments.runs / f"{row}, {how}", f"{row}, {how}")
            found: dict[str, Any] = {"row": row, "recipe": how, "samples": len(run.held_out),
                                     "commit": provenance.commit()}
            try:
                run.finished()
                found["validation %"] = late(run)
            except Diverged as apart:
                found |= {"validation %": 0.0, "diverged": apart.happened}
            told.add(found)
    print(tabulate([{key: run[key] for key in ("row", "recipe", "validation %")} for run in told.done], headers="keys",
                   floatfmt=".2f"))


def chosen(told: provenance.Runs, row: str) -> str:
    """The recipe that did best with speakers held out: of CHOOSE their own, of the others by AS that of DMP II."""
    whose = row if row in CHOOSE else AS.get(row, AGAINST)
    found = {run["recipe"]: run["validation %"] for run in told.done if run["row"] == whose}
    return max(found, key=lambda how: found[how]) if found else next(iter(CHOICES))


def recipe(row: str, how: str) -> Recipe:
    """The recipe of a row, or of a variant of one, with the changes of a choice."""
    of, _, variant = row.partition(", ")
    return replace(RECIPES[of], **CHOICES[how] | {
        key: value for key, value in VARIANTS.get(variant, {}).items() if key != WITHOUT})


def less(arguments: argparse.Namespace) -> dict[str, int]:
    """Epochs of --quick."""
    return {"epochs": arguments.epochs} if arguments.quick else {}


def measured(arguments: argparse.Namespace, row: str, number: int, seed: int, learned: data.Recordings,
             judged: data.Recordings, how: str) -> dict[str, Any]:
    """One row in one fold, trained from nothing, judged by unheard speakers in Brian2."""
    run = Trainer(replace(recipe(row, how), **less(arguments), seed=seed), learned,
                  arguments.runs / f"{row}-{number}-{seed}", f"{row}, fold {number}")
    if without := VARIANTS.get(row.partition(", ")[2], {}).get(WITHOUT):
        fix_at_zero(run, without)
    network = run.finished()
    result = evaluate(network, judged, arguments.backend, f"{row}, fold {number}", arguments.processes,
                      f"{row}, fold {number}", arguments.ledger)
    print(row, number, seed, f"{result.accuracy:.2f} %", flush=True)
    return {"row": row, "fold": number, "seed": seed, "recipe": how, "accuracy": result.accuracy,
            "validation": run.standing.best, "samples": len(judged), "rates": result.rates,
            "compared": sum(result.compared), "mismatched": sum(result.mismatched),
            "right": answers.record(result.predictions, judged), "commit": provenance.commit()}


if __name__ == "__main__":
    script.told(main)
