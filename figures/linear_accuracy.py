"""DMP networks with linear decay are not told apart from exponential ones (to 2.2 points); FSNN do no worse.

Reads models/ROW/seedK.json (dmpnet table1 --retrain ROW) and analyses/results/narrow_membranes.json and
narrow_membranes_swapped.json, made by analyses/narrow_membranes.py (a minute or two a line). Shang et al. 2026 state a
loss of "around 1 %" and compare with a quantised model; no accuracy of theirs is at hand.
python figures/linear_accuracy.py STEM
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
from dmpnet.results import intervals, table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "analyses" / "results"
PAIRS = {"smnist-fsnn": "S-MNIST\nFSNN", "smnist-dmp2": "S-MNIST\nDMP II", "shd-regen-fsnn": "shd-regen\nFSNN",
         "shd-regen-dmp2": "shd-regen\nDMP II", "nmnist-fsnn": "nmnist\nFSNN", "nmnist-dmp2": "nmnist\nDMP II"}
SHAPE = {"runs": [{"seed": int, "setting": str, "accuracy": float, "lost": float}]}


def linear_accuracy(trained: Path = RESULTS / "narrow_membranes.json",
                    swapped: Path = RESULTS / "narrow_membranes_swapped.json") -> Figure:
    """Test accuracy of both decays, pair by pair; points lost with few bits of membrane and of weights."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.3), layout="constrained")
        axes = figure.subplot_mosaic([["pairs", "far"], ["pairs", "near"]], width_ratios=(1.4, 1), height_ratios=(1, 2))
        pairs, near, far = (axes[name] for name in ("pairs", "near", "far"))
        marks.in_errors(pairs, (60, 70, 80, 90, 95, 98, 99))
        for place, row in enumerate(PAIRS):
            for end, colour, marker, shift in (("", drawing.HIGHLIGHT, "o", -0.13),
                                               ("-linear", drawing.SECOND, "s", 0.13)):
                found = table.results(row + end)
                mean = table.mean_and_error([record["accuracy_brian2"] for record in found])[0]
                marks.ours(pairs, place + shift, mean, table.interval(found), seeds=len(found), colour=colour,
                           marker=marker, label=None if place else "linear decay" if end else "exponential decay")
        pairs.set(ylabel="test accuracy (%),\naxis logarithmic in the errors", ylim=(50, 99.7),
                  title="a  trained with it")
        pairs.set_xticks(range(len(PAIRS)), list(PAIRS.values()), fontsize=6.5)
        networks = {"trained with linear decay and a floor": results.read(trained, SHAPE)["runs"],
                          "exponential, then swapped": results.read(swapped, SHAPE)["runs"]}
        for ax in (near, far):
            few_bits(ax, networks)
        points = [100 * run["lost"] for runs in networks.values() for run in runs]
        near.set(ylim=(marks.reaching((-0.8, 4.5), points)[0], 4.5), ylabel="lost (points of validation part)")
        far.set(ylim=marks.reaching((30, 56), [point for point in points if point > 4.5]),
                title="b  shd-regen, DMP II, integers")
        marks.broken(near, far, "y")
        handles, labels = pairs.get_legend_handles_labels()
        more, told = near.get_legend_handles_labels()
        figure.legend([*handles, *more], [*labels, *told], loc="outside lower center", ncols=2, title_fontsize=7,
                      title="mean, 95 % over seeds (of one: over samples, hollow); b: a stroke a seed")
    return figure


def few_bits(ax: Axes, networks: dict[str, list[dict[str, Any]]]) -> None:
    """Points lost of the validation part of shd-regen against the network in real numbers."""
    settings = [name for name in dict.fromkeys(run["setting"] for runs in networks.values() for run in runs)
                if name != "as trained"]
    for (label, runs), colour, marker, shift in zip(networks.items(), ("#009E73", "#CC79A7"), ("D", "v"), (-0.13, 0.13),
                                                    strict=True):
        for place, setting in enumerate(settings):
            found = [100 * run["lost"] for run in runs if run["setting"] == setting]
            if found:
                first = label not in ax.get_legend_handles_labels()[1]
                marks.ours(ax, place + shift, float(np.mean(found)), intervals.student(found), seeds=len(found),
                           colour=colour, marker=marker, label=label if first else None)
                ax.plot([place + shift] * len(found), found, "_", color=colour, ms=7)
    ax.axhline(0, color="k", lw=0.6, zorder=0)
    ax.set_xticks(range(len(settings)), [setting.replace(", ", ",\n").replace(" of ", "\nof ") for setting in settings],
                  fontsize=6.5)


if __name__ == "__main__":
    drawing.script(__doc__, linear_accuracy)
