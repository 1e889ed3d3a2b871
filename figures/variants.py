"""What each part of a DMP network does: parts changed, and sweeps of d, theta, d_s, activity and rank of the memory.

Reads analyses/results/variants_GROUP.json, made by analyses/variants.py (a few minutes a run).
python figures/variants.py STEM
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
Runs = dict[str, list[dict[str, Any]]]  # of a group, by variant


def variants(folder: Path = RESULTS) -> Figure:
    """Test accuracy of DMP II on shd-regen, one thing changed at a time: a hollow dot a seed, lines through means."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        axes = figure.subplot_mosaic([["ablation", "ablation", "ablation"], ["d", "theta", "dilation"],
                                      ["activity", "rank", "grid"]], height_ratios=(1.25, 1, 1))
        parts(axes["ablation"], read(folder, "ablation"))
        without = np.mean([run["accuracy_brian2"] for run in read(folder, "ablation")["no memory (FSNN)"]])
        for group, label in (("d", "d, dimensions of m"), ("theta", r"window $\theta$ (steps of 10 ms)"),
                             ("dilation", "dilation $d_s$ (steps)")):
            sweep(axes[group], {float(name.split()[-1]): found for name, found in read(folder, group).items()})
            axes[group].set(xlabel=label)
        measured(axes["activity"], read(folder, "activity"), "rates", 100)
        axes["activity"].set(xlabel="neurons active in a step (%)", xscale="log")
        for formatted in (axes["activity"].xaxis.set_major_formatter, axes["activity"].xaxis.set_minor_formatter):
            formatted(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "125" else "")
        measured(axes["rank"], read(folder, "rank"), "effective_rank", 1)
        axes["rank"].set(xlabel="dimensions that m fills, of 10")
        grid(axes["grid"], read(folder, "grid"))
        for group in ("d", "theta", "dilation", "activity", "rank"):  # one scale: what is noise looks it
            axes[group].axhline(without, color=drawing.MUTED, lw=0.8)
            axes[group].annotate("no slow memory", (0.98, without), xycoords=("axes fraction", "data"), ha="right",
                                 va="bottom", fontsize=7, color="0.4")
            seen = [run["accuracy_brian2"] for runs in read(folder, group).values() for run in runs]
            axes[group].set_ylim(marks.reaching((without - 3, 92), seen))
        for group in ("d", "activity"):
            axes[group].set_ylabel("test accuracy (%)")
    return figure


def read(folder: Path, group: str) -> Runs:
    return drawing.by_variant(folder / f"variants_{group}.json", accuracy_brian2=float, epochs=int, rates=[float],
                              without_memory_brian2=(float, None), effective_rank=[float])


def parts(ax: Axes, found: Runs) -> None:
    """A line a variant: accuracy as trained, and with the slow memory cut off afterwards."""
    for key, label, mark, colour in (("accuracy_brian2", "trained like this", "o", drawing.HIGHLIGHT),
                                     ("without_memory_brian2", "memory cut off afterwards", "v", drawing.SECOND)):
        dots = [(run[key], place) for place, runs in enumerate(found.values()) for run in runs if run[key] is not None]
        ax.plot(*zip(*dots, strict=True), mark, color=colour, ms=4, mfc="white", label=label)
    ax.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.5),
           xlabel="test accuracy (%)")
    ax.set_title("DMP II on shd-regen, hollow: a seed each", loc="left")
    ax.grid(axis="y", lw=0.3)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)


def sweep(ax: Axes, found: dict[float, list[dict[str, Any]]]) -> None:
    """Accuracy against what was set."""
    for value, runs in found.items():
        ax.plot([value] * len(runs), [run["accuracy_brian2"] for run in runs], "o", color=drawing.HIGHLIGHT, ms=3.5,
                mfc="white", zorder=3)
    ax.plot(list(found), [np.mean([run["accuracy_brian2"] for run in runs]) for runs in found.values()],
            color=drawing.HIGHLIGHT)
    apart = [value > 1.6 * before for before, value in pairwise([0.0, *found])]  # else numbers run together
    ax.set(xscale="log", xticks=list(found), xticklabels=[f"{value:g}" * far for value, far in
                                                          zip(found, apart, strict=True)])
    ax.tick_params(axis="x", labelsize=7)
    ax.minorticks_off()


def measured(ax: Axes, found: Runs, key: str, factor: float) -> None:
    """Accuracy against what came of a regulariser, mean over layers; its weight beside the dots."""
    means = []
    for name, runs in found.items():
        x, y = [factor * np.mean(run[key]) for run in runs], [run["accuracy_brian2"] for run in runs]
        ax.plot(x, y, "o", color=drawing.HIGHLIGHT, ms=3.5, mfc="white", zorder=3)
        means.append((np.mean(x), np.mean(y)))
        ax.annotate(name.split()[-1], means[-1], xytext=(-3, 3), ha="right", textcoords="offset points",
                    fontsize=7)
    ax.margins(0.2)  # room for them
    ax.plot(*zip(*sorted(means), strict=True), color=drawing.HIGHLIGHT)
    ax.set_title(f"{next(iter(found)).rsplit(' ', 1)[0]} beside the dots", loc="right", fontsize=7)


def grid(ax: Axes, found: Runs) -> None:
    """Accuracy over d and theta, as a map with numbers."""
    places = {name: tuple(float(part.split()[-1]) for part in name.split(", ")) for name in found}
    rows, columns = (sorted({place[axis] for place in places.values()}) for axis in (0, 1))
    accuracy = np.full((len(rows), len(columns)), np.nan)
    for name, (d, theta) in places.items():
        accuracy[rows.index(d), columns.index(theta)] = np.mean([run["accuracy_brian2"] for run in found[name]])
    middle = np.nanmean([np.nanmin(accuracy), np.nanmax(accuracy)])
    ax.imshow(accuracy, origin="lower", aspect="auto")
    for (row, column), value in np.ndenumerate(accuracy):
        ax.annotate(f"{value:.0f}", (column, row), ha="center", va="center", fontsize=7,
                    color="k" if value > middle else "w")
    epochs = next(iter(found.values()))[0]["epochs"]
    ax.set(xticks=range(len(columns)), xticklabels=[f"{theta:g}" for theta in columns], yticks=range(len(rows)),
           yticklabels=[f"{d:g}" for d in rows], xlabel=r"window $\theta$ (steps of 10 ms)", ylabel="d")
    ax.set_title(f"test accuracy (%), {epochs} epochs", loc="right", fontsize=7)


if __name__ == "__main__":
    drawing.script(__doc__, variants)
