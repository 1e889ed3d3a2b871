"""How a row does with speakers that it never heard: all twelve, two at a time, each asked once by analyses/folds.py."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmpnet.data.folds import FOLDS
from dmpnet.disk import results, shipped
from dmpnet.results import answers
from dmpnet.results.intervals import bootstrap, paired_difference, span

Runs = list[dict[str, Any]]
Answers = tuple[NDArray, NDArray, list[int]]
"""Right (seeds, samples), whose the samples are, and the seeds."""
AGAINST = "shd-regen-dmp2"
RUN = {"row": str, "fold": int, "seed": int, "recipe": str, "accuracy": float, "mismatched": int, "right": dict}


def found(against: str = AGAINST) -> list[dict[str, Any]]:
    """The lines of the runs that ship."""
    runs = results.read(shipped.folder("analyses") / "results" / "folds.json", {"runs": [RUN]})["runs"]
    return summary(runs, against)


def taken(runs: Runs, row: str) -> Runs:
    """The runs of a row with its last recipe: another may have been tried in a fold before it was chosen."""
    mine = [run for run in runs if run["row"] == row]
    return [run for run in mine if run["recipe"] == mine[-1]["recipe"]]


def answered(runs: Runs, row: str, folds: Collection[int] = range(FOLDS)) -> Answers | None:
    """Those of `folds`; None where no seed has every one of them."""
    mine = [run for run in taken(runs, row) if run["fold"] in folds]
    whole = [seed for seed in sorted({run["seed"] for run in mine})
             if len({run["fold"] for run in mine if run["seed"] == seed}) == len(folds)]
    rows, groups = [], np.empty(0)
    for seed in whole:
        parts = [run["right"] for run in sorted(mine, key=lambda run: run["fold"]) if run["seed"] == seed]
        rows.append(np.concatenate([answers.read(right)[0] for right in parts]))
        groups = np.concatenate([np.repeat(list(right), [n for n, _ in right.values()]) for right in parts])
    return (np.stack(rows), groups, whole) if whole else None


def _beside(one: Answers, other: Answers) -> tuple[NDArray, NDArray] | None:
    """Right (seeds, samples) of both, by the seeds that both have; None where there is none."""
    common = sorted({*one[2]} & {*other[2]})
    first, second = (right[[seeds.index(seed) for seed in common]] for right, _, seeds in (one, other))
    return (first, second) if common else None


def summary(runs: Runs, against: str = AGAINST) -> list[dict[str, Any]]:
    """A line a row with all folds, the best first: accuracy over all twelve speakers, worst and best of them, and
    against a row.

    runs : of analyses/folds.py, with row, fold, seed, recipe, right (dmpnet.results.answers), mismatched
    ahead, from, to : points that `against` has more, paired over the same samples and the seeds that both have
    """
    lines, best = [], answered(runs, against)
    for row in dict.fromkeys(run["row"] for run in runs if ", " not in run["row"]):
        got = answered(runs, row)
        if got is None:
            continue
        (right, groups, seeds), mine = got, taken(runs, row)
        interval, speakers = bootstrap(right, groups), answers.by_group(right, groups)
        line = {"row": row, "seeds": len(seeds), "accuracy %": 100 * interval.mean, "low": 100 * interval.low,
                "high": 100 * interval.high, "worst": min(speakers.values()), "best": max(speakers.values()),
                "recipe": mine[-1]["recipe"],
                "ahead": None, "from": None, "to": None,
                "mismatched": sum(run["mismatched"] for run in mine)}
        if best is not None and row != against and (both := _beside(best, got)):
            more = paired_difference(*both, groups)
            line |= {"ahead": 100 * more.mean, "from": 100 * more.low, "to": 100 * more.high}
        lines.append(line)
    return sorted(lines, key=lambda line: -line["accuracy %"])


def variants(runs: Runs) -> list[dict[str, Any]]:
    """A line a row `AGAINST, what changed`, in the folds that it has: accuracy, that of AGAINST there, and how much
    less it is, paired over the same samples and the seeds that both have."""
    lines = []
    for row in dict.fromkeys(run["row"] for run in runs if run["row"].startswith(f"{AGAINST}, ")):
        folds = sorted({run["fold"] for run in taken(runs, row)})
        got, best = (answered(runs, of, folds) for of in (row, AGAINST))
        if got is None or best is None or not (both := _beside(best, got)):
            continue
        (first, second), less = both, paired_difference(*both, got[1])
        lines.append({"variant": row.partition(", ")[2], "folds": len(folds), "seeds": len(first),
                      "accuracy %": 100 * float(second.mean()), "DMP II %": 100 * float(first.mean()),
                      "less": 100 * less.mean, "from": 100 * less.low, "to": 100 * less.high})
    return lines


def shown(lines: list[dict[str, Any]], digits: int = 2) -> list[dict[str, str]]:
    """The lines as text."""
    return [{"six folds of speakers": line["row"], "seeds": str(line["seeds"]),
             "accuracy %": f"{line['accuracy %']:.{digits}f}", "95 %": span(line["low"], line["high"], digits),
             "worst-best %": span(line["worst"], line["best"], digits),
             "DMP II ahead (95 %)": ahead(line, digits)} for line in lines]


def ahead(line: dict[str, Any], digits: int = 2) -> str:
    """Points that a row has more than that of a line, with their interval; '' of itself."""
    return "" if line["ahead"] is None else (
        f"{line['ahead']:+.{digits}f} ({line['from']:+.{digits}f} to {line['to']:+.{digits}f})")
