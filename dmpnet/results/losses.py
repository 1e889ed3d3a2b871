"""What networks lose against themselves as they were, or trained on as long: runs of an analysis, seed by seed."""

from typing import Any

import numpy as np

from dmpnet.results import answers
from dmpnet.results.intervals import Interval, bootstrap, paired_difference, student

Runs = list[dict[str, Any]]
AS_TRAINED, CONTROL, RETRAINED = "exponential, as trained", "exponential, trained on", "linear, retrained"
AGAINST = {RETRAINED: CONTROL}
"""What a decay is compared with, where not with the network as trained."""
ORDER = (AS_TRAINED, "exponential, floor", "linear, no floor", "linear, chosen", "bit shift, nearest", CONTROL,
         RETRAINED)


def losses(runs: Runs) -> list[dict[str, Any]]:
    """A line for each row and decay, by row: accuracy, and points lost with their 95 % interval, over the same seeds.

    runs : of analyses/decays.py, with row, seed, decay, part, right (dmpnet.results.answers), spikes, mismatched
    """
    found = []
    rows = list(dict.fromkeys(run["row"] for run in runs))
    for row, decay in sorted({(run["row"], run["decay"]) for run in runs}, key=lambda each: (
            rows.index(each[0]), ORDER.index(each[1]) if each[1] in ORDER else len(ORDER), each[1])):
        mine, theirs = (_by_seed(runs, row, each) for each in (decay, AGAINST.get(decay, AS_TRAINED)))
        seeds = sorted(mine.keys() & theirs.keys())
        if seeds:
            found.append({"row": row, "decay": decay, "seeds": len(seeds)}
                         | _lost([mine[seed] for seed in seeds], [theirs[seed] for seed in seeds])
                         | {"spikes": float(np.mean([mine[seed]["spikes"] for seed in seeds])),
                            "mismatched": sum(mine[seed]["mismatched"] for seed in seeds)})
    return found


def over_seeds(runs: Runs) -> list[dict[str, Any]]:
    """A line a row and setting: accuracy, and points that it loses against "as trained", mean over the same seeds.

    runs : with row, setting, seed, accuracy in %
    lost : and its 95 % interval over three seeds or more, by Student's t, as text: "0.06 (-0.45 to 0.57)"
    """
    lines, measured = [], {(run["row"], run["setting"], run["seed"]): run["accuracy"] for run in runs}
    for row, setting in dict.fromkeys((row, setting) for row, setting, _ in measured):
        mine = {seed: value for (*of, seed), value in measured.items() if of == [row, setting]}
        less = [measured[row, "as trained", seed] - value for seed, value in mine.items()
                if (row, "as trained", seed) in measured]
        told = f"{np.mean(less):.2f}" if less else ""
        if interval := student(less):
            told += f" ({interval[0]:.2f} to {interval[1]:.2f})"
        lines.append({"row": row, "setting": setting, "seeds": len(mine),
                      "accuracy %": float(np.mean([*mine.values()])), "lost": "" if setting == "as trained" else told})
    return lines


def differ(runs: Runs, line: dict[str, Any], *counted: str) -> int:
    """Places that differ from the reference in all runs of a line."""
    return int(sum(np.sum(run.get(name, 0)) for run in runs for name in counted
                   if (run["row"], run["setting"]) == (line["row"], line["setting"])))


def lost(mine: Runs, theirs: Runs) -> tuple[Interval, Interval]:
    """Accuracy of runs, and what they lose against others, both a seed each in the same order: paired over seeds and,
    of a test set, which all seeds saw, its groups or samples."""
    (right, groups), (other, _) = answers.of_seeds(mine), answers.of_seeds(theirs)
    if mine[0]["part"] != "test":  # validation parts are of other samples for every seed
        right, other, groups = right.mean(axis=1), other.mean(axis=1), None
    return bootstrap(right, groups), paired_difference(other, right, groups)


def _lost(mine: Runs, theirs: Runs) -> dict[str, float]:
    accuracy, less = lost(mine, theirs)
    return {"accuracy %": 100 * accuracy.mean, "lost": 100 * less.mean, "low": 100 * less.low, "high": 100 * less.high}


def _by_seed(runs: Runs, row: str, decay: str) -> dict[int, dict[str, Any]]:
    return {run["seed"]: run for run in runs if (run["row"], run["decay"]) == (row, decay)}
