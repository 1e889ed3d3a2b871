"""Training in integers wins back most where few bits lose over five points; a slow memory of 4 bits loses most.

Reads analyses/results/constrained.json, made by analyses/constrained.py (a minute to ten a line): whole test sets in
Brian2, mean over seeds of the points lost against the trained network, and each seed.
python figures/constrained.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import intervals, published

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
SETTINGS = {"8-bit weights, 16-bit state": "8-bit weights\n16-bit m", "4-bit W_f and P, 8-bit slow memory":
            "4-bit W_f, P\n8-bit m", "4-bit W_f and P, 6-bit slow memory": "4-bit W_f, P\n6-bit m",
            "4-bit W_f and P, 4-bit slow memory": "4-bit W_f, P\n4-bit m", "ternary W_f": "ternary\nW_f",
            "binary W_f": "binary\nW_f"}
ROWS = {"shd-regen-dmp2": "shd-regen, DMP II", "smnist-dmp2": "S-MNIST, DMP II"}
KINDS = (("", "rounded", drawing.SECOND, "s", -0.14), (", trained on", "trained on in integers", drawing.HIGHLIGHT,
                                                       "o", 0.14))
NEAR, FAR = (-2.2, 4), (4, 70)


def constrained(path: Path = RESULTS / "constrained.json") -> Figure:
    """Points lost by setting, rounded and trained on, a panel a network; up to 4 points even, above logarithmic."""
    runs = results.read(path, {"runs": [{"row": str, "setting": str, "seed": int, "accuracy": float}]})["runs"]
    rows = [row for row in ROWS if settings(runs, row)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        parts = figure.subplots(2, len(rows), squeeze=False, height_ratios=(1, 1.5),
                                width_ratios=[max(1.5, len(settings(runs, row))) for row in rows])
        for (far, near), row in zip(parts.T, rows, strict=True):
            panel(near, far, runs, row)
            points = [point for name in settings(runs, row) for end, *_ in KINDS
                      for point in lost(runs, row, name + end)]
            far.set(title=ROWS[row], ylim=(FAR[0], marks.reaching(FAR, points)[1]), yscale="log")
            far.set_yticks([5, 10, 20, 50], ["5", "10", "20", "50"])
            far.minorticks_off()
            near.set(ylim=(marks.reaching(NEAR, points)[0], NEAR[1]), yticks=(-2, -1, 0, 1, 2, 3))
            marks.broken(near, far, "y")
        parts[1, 0].set_ylabel("lost on the test set (points)")
        parts[0, 0].set_ylabel("logarithmic")
        handles, labels = parts[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4,
                      title="mean and 95 % over seeds, a stroke a seed; hollow: one seed", title_fontsize=7)
    return figure


def settings(runs: list[dict[str, Any]], row: str) -> list[str]:
    """Settings of a row there are."""
    return [name for name in SETTINGS if any(lost(runs, row, name + end) for end, *_ in KINDS)]


def lost(runs: list[dict[str, Any]], row: str, setting: str) -> list[float]:
    """Points that each seed lost against the trained network."""
    trained = {run["seed"]: run["accuracy"] for run in runs if (run["row"], run["setting"]) == (row, "as trained")}
    return [trained[run["seed"]] - run["accuracy"] for run in runs
            if (run["row"], run["setting"]) == (row, setting) and run["seed"] in trained]


def panel(near: Axes, far: Axes, runs: list[dict[str, Any]], row: str) -> None:
    """Mean of the seeds with its interval, and every seed, in both parts of the axis."""
    names = settings(runs, row)
    for end, label, colour, mark, shift in KINDS:
        for place, found in enumerate(lost(runs, row, name + end) for name in names):
            for ax in (near, far) if found else ():
                first = None if label in ax.get_legend_handles_labels()[1] else label
                marks.ours(ax, place + shift, float(np.mean(found)), intervals.student(found), seeds=len(found),
                           colour=colour, marker=mark, label=first)
                ax.plot(np.full(len(found), place + shift), found, "_", color=colour, ms=7)
    if row.startswith("shd"):
        marks.published(near, 0.36, published.lost_on_hardware(), "published, official SHD on their chip")
    near.axhline(0, color="k", lw=0.6, zorder=0)
    for ax in (near, far):
        ax.set(xlim=(-0.5, max(len(names), 2) - 0.5), xticks=range(len(names)))
    near.set_xticklabels([SETTINGS[name] for name in names], fontsize=6.5)


if __name__ == "__main__":
    drawing.script(__doc__, constrained)
