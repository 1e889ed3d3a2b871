"""Table 1: its rows (models/table1.toml), what the networks of each showed on their test sets, how sure that is."""

import csv
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet.disk import shipped
from dmpnet.disk.results import read
from dmpnet.errors import DmpnetError, meant
from dmpnet.results import answers, folds, ledger, published
from dmpnet.results.intervals import bootstrap, span

LINE = {"parameters": {"paper": int, "trainable": int}, "rates": [float],
        "classes_differing_from_pytorch_float64": int}
"""What a line of the table needs of a seed, beside the accuracy."""


@dataclass(frozen=True)
class Row:
    """One model of the table.

    paper, size : accuracy in percent and parameters as the paper prints them, None and '' where it has no such row
    seeds : how many runs the row is to have
    """

    name: str
    title: str
    label: str
    paper: float | None = None
    size: str = ""
    seeds: int = 1


def rows() -> dict[str, Row]:
    """All rows by name, in the order of the table."""
    by_name = {}
    for part in _parts():
        for name, facts in part["rows"].items():
            by_name[name] = Row(name, part["title"], facts["label"], *_beside(facts.get("paper")), facts["seeds"])
    return by_name


def _beside(row: str | None) -> tuple[float | None, str]:
    """Accuracy and parameters that are printed of a row of the paper's table."""
    if row is None:
        return None, ""
    point = published.printed(row)
    return point.accuracy, f"{point.parameters:g}K"


def notes() -> dict[str, str]:
    """Remark under a part of the table, by title."""
    return {part["title"]: part["note"] for part in _parts() if "note" in part}


def history(name: str) -> str:
    """What the test set had to do with the recipe of a row, '' where nothing is known."""
    part = next((part for part in _parts() if name in part["rows"]), {"rows": {name: {}}})
    row = part["rows"][name]
    return "; ".join(filter(None, (row.get("history", part.get("history", "")), row.get("besides", ""))))


def _parts() -> list[dict[str, Any]]:
    return list(tomllib.loads((shipped.folder() / "table1.toml").read_text()).values())


def row(name: str) -> Row:
    """The row `name`; DmpnetError names all when there is none."""
    known = rows()
    if name not in known:
        raise DmpnetError(f"row {name!r}{meant(name, known)} is not in the table; choose one of {', '.join(known)}")
    return known[name]


def results(name: str, folder: Path | None = None, **more: Any) -> list[dict[str, Any]]:
    """What the whole test set showed, a record a seed, by seed; more : what else is needed of each."""
    paths = [path for path in ((folder or shipped.folder()) / name).glob("seed*.json")
             if path.stem.removeprefix("seed").isdecimal()]
    return [read(path, {"accuracy_brian2": float} | more, f"make it again: dmpnet table1 --retrain {name}")
            for path in sorted(paths, key=lambda p: int(p.stem.removeprefix("seed")))]


def mean_and_error(values: list[float]) -> tuple[float, float | None]:
    """Mean and standard error of the mean (None for one value)."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def interval(runs: list[dict[str, Any]]) -> tuple[float, float] | None:
    """95 % interval of the mean accuracy in percent on these very samples: over seeds; of one seed over its samples.

    What another set of speakers or patients would add is in `sureness`; between networks it is in common.
    """
    right, _ = answers.of_seeds(runs)
    found = bootstrap(right.mean(axis=1) if len(runs) > 1 and right.ndim > 1 else right)
    return None if np.isnan(found.low) else (100 * found.low, 100 * found.high)


def percent(mean: float, error: float | None) -> str:
    """A mean of mean_and_error as text, its error behind it if there is one."""
    return f"{mean:.2f}" + ("" if error is None else f" +- {error:.2f}")


SILENT = 0.001
"""Fraction of a layer's neurons that fire in a step below which it is marked."""


def active(rates: Any, short: bool = False) -> str:
    """Percent of neurons active in a step, layer by layer, means over seeds; a layer below SILENT with a mark; short:
    from 10 % on without decimals."""
    each = np.mean(np.atleast_2d(rates), axis=0)
    return ", ".join(f"{100 * rate:.{0 if short and rate >= 0.0995 else 1}f}{'!' if rate < SILENT else ''}"
                     for rate in each)


def sureness(row: str, runs: list[dict[str, Any]], folder: Path | None = None) -> dict[str, Any]:
    """95 % interval (over seeds, and over speakers or samples), worst and best group, looks at the test set, and what
    has to be said; runs : of `results`, of that folder."""
    right, groups = answers.of_seeds(runs)
    found = bootstrap(right, groups)
    by_group = answers.by_group(right, groups)
    seen = ledger.looks(row)
    recipes = sorted({look.recipe for run in runs for look in _latest(seen, run["seed"])})
    before = max((ledger.before_frozen(row, recipe) for recipe in recipes), default=0)
    marks = [_alone((folder or shipped.folder()) / row, runs[0]["seed"])] * (len(runs) == 1)
    marks += [f"seeds of {len(recipes)} recipes"] * (len(recipes) > 1)
    marks += [f"recipe first committed after {before} look{'s' * (before > 1)}"] * bool(before)
    marks += ["a layer under 0.1 % active"] * bool((np.mean([run["rates"] for run in runs], axis=0) < SILENT).any())
    known = not np.isnan(found.low)
    return {"low %": 100 * found.low if known else None, "high %": 100 * found.high if known else None,
            "groups": by_group, "looks": len(seen), "marks": marks}


def _alone(folder: Path, seed: int) -> str:
    """What is said of a row of one seed: how long it trained, by its curve, which is why."""
    curve = folder / f"seed{seed}.curve.csv"
    if not curve.exists():
        return "one seed"
    with open(curve, newline="") as file:
        lines = list(csv.DictReader(file))
    try:
        return f"one seed, {float(lines[-1]['seconds']) / 60:.0f} min a run"
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise DmpnetError(f"{curve}: no learning curve, its last line has no seconds; train the row again") from error


def _latest(seen: list[ledger.Look], seed: int) -> list[ledger.Look]:
    """The last look at the network of a seed, as a list."""
    return [look for look in seen if look.seed == seed][-1:]


def line(row: Row, runs: list[dict[str, Any]], folder: Path | None = None) -> dict[str, Any]:
    """One line of the table, of runs of `folder`; numbers are None where nothing has been trained."""
    entry: dict[str, Any] = {"row": row.name, "model": row.label, "paper size": row.size or None}
    if not runs:
        return entry | {"by paper's rule": None, "trainable": None, "seeds": f"0/{row.seeds}", "accuracy %": None,
                        "s.e.m.": None, "paper %": row.paper, "difference": None, "Brian2": None, "active %": None,
                        "rates": [], "low %": None, "high %": None, "groups": {},
                        "looks": len(ledger.looks(row.name)), "marks": []}
    accuracy, error = mean_and_error([result["accuracy_brian2"] for result in runs])
    wrong = sum(result["classes_differing_from_pytorch_float64"] for result in runs)
    return entry | sureness(row.name, runs, folder) | {
        "by paper's rule": runs[0]["parameters"]["paper"], "trainable": runs[0]["parameters"]["trainable"],
        "seeds": f"{len(runs)}/{row.seeds}", "accuracy %": accuracy, "s.e.m.": error, "paper %": row.paper,
        "difference": None if row.paper is None else accuracy - row.paper,
        "Brian2": "yes, 0 differ" if not wrong else f"yes, {wrong} differ",
        "rates": np.mean([result["rates"] for result in runs], axis=0).tolist(),
        "active %": active([result["rates"] for result in runs])}


def worst_and_best(groups: dict[str, float]) -> str:
    """Lowest and highest accuracy of a group, '' without groups."""
    return span(min(groups.values()), max(groups.values())) if groups else ""


RECURRENT = "-rsnn"
"""End of the name of a row that parameters are counted against."""
HEADLINE = ("fsnn", "dmp1", "dmp2", "peak")
"""Rows of a data set that the README shows: without a slow memory, and the paper's three sizes of DMP."""


def headline() -> str:
    """HEADLINE of the rows that stand beside a published number, as the README shows them."""
    return summary(only=lambda row: row.paper is not None and row.name.rpartition("-")[2] in HEADLINE, short=True)


def lines(folder: Path | None = None) -> list[dict[str, Any]]:
    """`line` of every row, of the result files in `folder` (None: those that ship).

    fewer % : `fewer` than RECURRENT of the same task
    unheard : its line of `folds.found`, how it does with speakers that it never heard; None where that is not known
    """
    known, found = rows(), {}
    for row in known.values():
        found[row.name] = line(row, results(row.name, folder, **LINE), folder)
    rivals = {known[name].title: entry for name, entry in found.items() if name.endswith(RECURRENT)}
    unheard = {} if folder else {line["row"]: line for line in folds.found()}
    return [entry | {"fewer %": fewer(entry, rivals.get(known[name].title)), "unheard": unheard.get(name)}
            for name, entry in found.items()]


def fewer(entry: dict[str, Any], rival: dict[str, Any] | None) -> float | None:
    """Percent of the parameters of `rival` that a line does without, None where it has more or classifies less."""
    if rival is None or None in (entry["accuracy %"], rival["accuracy %"]):
        return None
    saved = 100 * (1 - entry["by paper's rule"] / rival["by paper's rule"])
    return saved if saved > 0 and entry["accuracy %"] >= rival["accuracy %"] else None


def summary(folder: Path | None = None, only: Callable[[Row], bool] = lambda row: True, short: bool = False) -> str:
    """The trained rows as a table in Markdown, as docs/results.md shows it; `only` those that it is true of; `short`:
    without intervals, groups, looks and marks."""
    shown = []
    for row, entry in zip(rows().values(), lines(folder), strict=True):
        if entry["accuracy %"] is None or not only(row):
            continue
        seeds = entry["seeds"].partition("/")[0]
        sure = {"95 %": span(entry["low %"], entry["high %"]), "by speaker %": worst_and_best(entry["groups"]),
                "looks": entry["looks"],
                "fewer than RSNN %": "" if entry["fewer %"] is None else f"{entry['fewer %']:.0f}"}
        shown.append({"name": f"`{row.name}`", "data": row.title, "model": row.label,
                      "parameters": format(entry["by paper's rule"], ","),
                      "unheard speakers %": _unheard(entry["unheard"], short), "seeds": seeds,
                      "accuracy %": percent(entry["accuracy %"], entry["s.e.m."]), **({} if short else sure),
                      "paper %": "" if row.paper is None else f"{row.paper:.2f}", "active %": entry["active %"],
                      **({} if short else {"marks": "; ".join(entry["marks"])})})
    return markdown(shown)


def _unheard(line: dict[str, Any] | None, short: bool) -> str:
    """A line of `folds.found` as text, its interval behind it unless short; '' for none."""
    if line is None:
        return ""
    return f"{line['accuracy %']:.1f}" + ("" if short else f" ({span(line['low'], line['high'], 1)})")


def markdown(lines: list[dict[str, Any]]) -> str:
    """Lines, each a cell by column, as a table in Markdown; text as it is given."""
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)
