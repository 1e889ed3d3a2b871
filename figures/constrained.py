"""Training in integers wins back most of what few bits lose; below 6 bits the slow memory is what is left to lose.

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

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
SETTINGS = {"8-bit weights, 16-bit state": "8-bit weights\n16-bit m", "4-bit W_f and P, 8-bit slow memory":
            "4-bit W_f, P\n8-bit m", "4-bit W_f and P, 6-bit slow memory": "4-bit W_f, P\n6-bit m",
            "4-bit W_f and P, 4-bit slow memory": "4-bit W_f, P\n4-bit m", "ternary W_f": "ternary\nW_f",
            "binary W_f": "binary\nW_f"}
ROWS = {"shd-regen-dmp2": "shd-regen, DMP II", "smnist-dmp2": "S-MNIST, DMP II"}
PAPER = 0.93  # points, SHD on the chip of Sun et al. 2026: 91.23 to 90.3


def constrained(path: Path = RESULTS / "constrained.json") -> Figure:
    """Points lost by setting, rounded and trained on, a panel a network."""
    runs = results.read(path, {"runs": [{"row": str, "setting": str, "seed": int, "accuracy": float}]})["runs"]
    rows = [row for row in ROWS if any(run["row"] == row and run["setting"] != "as trained" for run in runs)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        axes = figure.subplots(1, len(rows), squeeze=False, width_ratios=[width(runs, row) for row in rows])[0]
        for ax, row in zip(axes, rows, strict=True):
            panel(ax, runs, row)
        axes[0].set(ylabel="lost on the test set (points)")
        handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def width(runs: list[dict[str, Any]], row: str) -> int:
    """Settings of a row there are."""
    return max(2, len([setting for setting in SETTINGS if lost(runs, row, setting) or lost(runs, row, setting +
                                                                                           ", trained on")]))


def lost(runs: list[dict[str, Any]], row: str, setting: str) -> list[float]:
    """Points that each seed lost against the trained network."""
    trained = {run["seed"]: run["accuracy"] for run in runs if (run["row"], run["setting"]) == (row, "as trained")}
    return [trained[run["seed"]] - run["accuracy"] for run in runs
            if (run["row"], run["setting"]) == (row, setting) and run["seed"] in trained]


def panel(ax: Axes, runs: list[dict[str, Any]], row: str) -> None:
    """Mean of the seeds and every seed; below 2 points the axis is linear, above logarithmic."""
    settings = [name for name in SETTINGS if lost(runs, row, name) or lost(runs, row, name + ", trained on")]
    for end, label, colour, mark, shift in (("", "rounded", drawing.SECOND, "s", -0.12),
                                            (", trained on", "trained on in integers", drawing.HIGHLIGHT, "o", 0.12)):
        at = [place for place, name in enumerate(settings) if lost(runs, row, name + end)]
        found = [lost(runs, row, settings[place] + end) for place in at]
        ax.plot(np.array(at) + shift, [np.mean(points) for points in found], mark, color=colour, ms=5, label=label)
        for place, points in zip(at, found, strict=True):
            ax.plot(np.full(len(points), place + shift), points, "_", color=colour, ms=7)
    ax.axhline(PAPER, color=drawing.MUTED, lw=0.8, zorder=0, label="paper's SHD chip (printed)")
    ax.axhline(0, color="k", lw=0.6, zorder=0)
    ax.set_yscale("symlog", linthresh=2)
    points = [point for name in settings for end in ("", ", trained on") for point in lost(runs, row, name + end)]
    ax.set(title=ROWS[row], ylim=(min(*points, 0) - 0.3, max(1.4 * max(points), 2)),
           xlim=(-0.5, max(len(settings), 2) - 0.5))
    ax.set_yticks([-2, -1, 0, 1, 2, 5, 10, 20, 50], ["-2", "-1", "0", "1", "2", "5", "10", "20", "50"])
    ax.set_xticks(range(len(settings)), [SETTINGS[name] for name in settings], fontsize=6)


if __name__ == "__main__":
    drawing.script(__doc__, constrained)
