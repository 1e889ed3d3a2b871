"""What DMP II is ahead of the other rows of its task, paired over the same samples and seeds."""

from pathlib import Path
from typing import Any

from dmpnet.results import answers, table
from dmpnet.results.intervals import paired_difference, sign_flips

AGAINST = "dmp2"


def found(folder: Path | None = None) -> list[dict[str, Any]]:
    """A line a row, by the seeds whose records, its own and those of DMP II of the same task, say which samples were
    right; of FSNN made in a way of its own (a decay, a rate) another one, against DMP II made so too.

    points, low, high, p : of dmpnet.results.intervals.paired_difference, over seeds, and speakers where the data tell
    them, else samples;  p by signs : of sign_flips, over speakers or samples
    """
    lines = []
    for other, row in pairs(list(table.rows())):
        ours, theirs = ({run["seed"]: run for run in table.results(name, folder, **table.LINE)}
                        for name in (other, row))
        seeds = sorted(seed for seed in set(ours) & set(theirs) if "right" in ours[seed] and "right" in theirs[seed])
        if not seeds:
            continue
        (first, groups), (second, _) = (answers.of_seeds([runs[seed] for seed in seeds]) for runs in (ours, theirs))
        if first.shape != second.shape:
            continue
        ahead = paired_difference(first, second, groups)
        lines.append({"of": other, "minus": row, "seeds": len(seeds), "points": 100 * ahead.mean,
                      "low": 100 * ahead.low, "high": 100 * ahead.high, "p": ahead.p,
                      "p by signs": sign_flips(first, second, groups),
                      "over": "speakers" if groups is not None else "samples"})
    return lines


def pairs(rows: list[str]) -> list[tuple[str, str]]:
    """(DMP II of the same task, row) in the order of rows; after NAME-fsnn-WAY, (NAME-dmp2-WAY, NAME-fsnn-WAY)."""
    tasks = [name.removesuffix(AGAINST) for name in rows if name.endswith(f"-{AGAINST}")]
    found = []
    for row in rows:
        alike = row.replace("-fsnn-", f"-{AGAINST}-")
        found += [(f"{task}{AGAINST}", row) for task in tasks if row.startswith(task) and row != f"{task}{AGAINST}"]
        found += [(alike, row)] * (alike != row and alike in rows)
    return found


def shown(lines: list[dict[str, Any]], digits: int = 2) -> list[dict[str, str]]:
    """The lines as text."""
    return [{"DMP II minus": _named(line), "seeds": str(line["seeds"]), "points": f"{line['points']:+.{digits}f}",
             "95 %": f"{line['low']:+.{digits}f} to {line['high']:+.{digits}f}", "over seeds and": line["over"],
             "p": _small(line["p"]), "p by signs": _small(line["p by signs"])} for line in lines]


LEAST = 1e-99
"""Smaller ones are not told apart."""


def _small(p: float) -> str:
    return f"<{LEAST:g}" if p < LEAST else f"{p:.2g}"


def _named(line: dict[str, Any]) -> str:
    _, both, way = line["of"].partition(f"-{AGAINST}-")
    return line["minus"] + (f", both {way}" if both else "")


def summary() -> str:
    """The lines as a table in Markdown, as docs/results.md shows it."""
    lines = found()
    return table.markdown([text | {"DMP II minus": _named(line | {"minus": f"`{line['minus']}`"})}
                           for line, text in zip(lines, shown(lines), strict=True)])
