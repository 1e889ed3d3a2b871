"""Table 1: its rows (models/table1.toml), and what the shipped networks of each row showed on their test sets."""

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
            by_name[name] = Row(name, part["title"], **facts)
    return by_name


def notes() -> dict[str, str]:
    """Remark under a part of the table, by title."""
    return {part["title"]: part["note"] for part in _parts() if "note" in part}


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


def percent(mean: float, error: float | None) -> str:
    """A mean of mean_and_error as text, its error behind it if there is one."""
    return f"{mean:.2f}" + ("" if error is None else f" +- {error:.2f}")


def line(row: Row, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the table; numbers are None where nothing has been trained."""
    entry: dict[str, Any] = {"row": row.name, "model": row.label, "paper size": row.size or None}
    if not runs:
        return entry | {"by paper's rule": None, "trainable": None, "seeds": f"0/{row.seeds}", "accuracy %": None,
                        "s.e.m.": None, "paper %": row.paper, "difference": None, "Brian2": None, "active %": None}
    accuracy, error = mean_and_error([result["accuracy_brian2"] for result in runs])
    wrong = sum(result["classes_differing_from_pytorch_float64"] for result in runs)
    active = np.mean([result["rates"] for result in runs], axis=0)
    return entry | {
        "by paper's rule": runs[0]["parameters"]["paper"], "trainable": runs[0]["parameters"]["trainable"],
        "seeds": f"{len(runs)}/{row.seeds}", "accuracy %": accuracy, "s.e.m.": error, "paper %": row.paper,
        "difference": None if row.paper is None else accuracy - row.paper,
        "Brian2": "yes, 0 differ" if not wrong else f"yes, {wrong} differ",
        "active %": ", ".join(f"{100 * rate:.1f}" for rate in active)}


HEADLINE = ("fsnn", "dmp1", "dmp2", "peak")
"""Rows of a data set that the README shows: without a slow memory, and the paper's three sizes of DMP."""


def headline() -> str:
    """HEADLINE of the rows that stand beside a published number, as the README shows them."""
    return summary(only=lambda row: row.paper is not None and row.name.rpartition("-")[2] in HEADLINE)


def summary(folder: Path | None = None, only: Callable[[Row], bool] = lambda row: True) -> str:
    """The trained rows as a table in Markdown, as docs/results.md shows it; `only` those that it is true of."""
    lines = []
    for row in filter(only, rows().values()):
        runs = results(row.name, folder, **LINE)
        if not runs:
            continue
        entry = line(row, runs)
        lines.append({"name": f"`{row.name}`", "data": row.title, "model": row.label,
                      "parameters": format(entry["by paper's rule"], ","), "seeds": len(runs),
                      "accuracy %": percent(entry["accuracy %"], entry["s.e.m."]),
                      "paper %": "" if row.paper is None else f"{row.paper:.2f}", "active %": entry["active %"]})
    return markdown(lines)


def markdown(lines: list[dict[str, Any]]) -> str:
    """Lines, each a cell by column, as a table in Markdown; text as it is given."""
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)
