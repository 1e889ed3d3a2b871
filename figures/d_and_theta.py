"""How much a slow memory holds counts more than over which window: small d loses most, and more with longer windows.

Reads analyses/results/variants_grid.json, variants_d.json and variants_theta.json, made by analyses/variants.py (a
minute to four a run). After Sun et al. 2026, figures 2a and extended data 1, on one of their three tasks and one seed;
crosses are the d and theta that the paper has for SHD. python figures/d_and_theta.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import intervals, published

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
TESTED = 2270


def d_and_theta(grid: Path = RESULTS / "variants_grid.json", by_d: Path = RESULTS / "variants_d.json",
                by_theta: Path = RESULTS / "variants_theta.json") -> Figure:
    """Accuracy over d and theta as a map; along d and along theta, trained longer, with intervals over samples."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        over, along_d, along_theta = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
        grid_map(over, drawing.by_variant(grid, accuracy_brian2=float, epochs=int))
        for ax, path, label, title in ((along_d, by_d, "d", "b  along d, θ = 40"),
                                       (along_theta, by_theta, "θ (steps of 10 ms)", "c  along θ, d = 10")):
            found = drawing.by_variant(path, accuracy_brian2=float, epochs=int)
            line(ax, found)
            seen = [run["accuracy_brian2"] for runs in found.values() for run in runs]
            ax.set(xlabel=label, ylim=marks.reaching((78.5, 92), seen),
                   title=f"{title}, {next(iter(found.values()))[0]['epochs']} epochs")
        solutions = published.of("solutions")["shd"]
        for model, (d, theta) in solutions.items():
            marks.published(along_d, d, published.printed(f"shd/{model}").accuracy)
            if (d, theta) == (10, 40):
                marks.published(along_theta, theta, published.printed(f"shd/{model}").accuracy)
        along_d.set_ylabel("test accuracy (%)")
        figure.legend(handles=[marks.published_handle("published: a, d and θ on the map; b, c, official SHD")],
                      loc="outside lower center")
    return figure


def grid_map(ax: Axes, found: dict[str, list[dict[str, Any]]]) -> None:
    """Accuracy over d and theta, numbers in the cells; the published choices that lie on it."""
    places = {name: tuple(float(part.split()[-1]) for part in name.split(", ")) for name in found}
    rows, columns = (sorted({place[axis] for place in places.values()}) for axis in (0, 1))
    accuracy = np.full((len(rows), len(columns)), np.nan)
    for name, (d, theta) in places.items():
        accuracy[rows.index(d), columns.index(theta)] = np.mean([run["accuracy_brian2"] for run in found[name]])
    ax.imshow(accuracy, origin="lower", aspect="auto", cmap="cividis")
    middle = np.nanmean([np.nanmin(accuracy), np.nanmax(accuracy)])
    for (row, column), value in np.ndenumerate(accuracy):
        ax.annotate(f"{value:.1f}", (column, row), (0, 4), textcoords="offset points", ha="center", fontsize=6.5,
                    color="k" if value > middle else "w")
    for d, theta in published.of("solutions")["shd"].values():
        if d in rows and theta in columns:
            at = columns.index(theta), rows.index(d) - 0.22
            ax.plot(*at, "o", ms=8, mfc="white", mec="none")
            marks.published(ax, *at)
    epochs = next(iter(found.values()))[0]["epochs"]
    ax.set(xticks=range(len(columns)), xticklabels=[f"{theta:g}" for theta in columns], yticks=range(len(rows)),
           yticklabels=[f"{d:g}" for d in rows], xlabel="window θ (steps of 10 ms)", ylabel="d",
           title=f"a  test accuracy (%), {epochs} epochs, one seed")


def line(ax: Axes, found: dict[str, list[dict[str, Any]]]) -> None:
    """One thing changed; hollow: one seed, 95 % over samples."""
    values = [float(name.split()[-1]) for name in found]
    means = [float(np.mean([run["accuracy_brian2"] for run in runs])) for runs in found.values()]
    ax.plot(values, means, color=drawing.HIGHLIGHT, lw=0.8)
    for value, mean, runs in zip(values, means, found.values(), strict=True):
        marks.ours(ax, value, mean, intervals.of_samples(mean, TESTED), seeds=len(runs), colour=drawing.HIGHLIGHT)
    shown = [value for value in values if value not in (25.0, 2.0)]
    ax.set_xscale("log")
    ax.set_xticks(shown, [f"{value:g}" for value in shown], fontsize=7)
    ax.minorticks_off()


if __name__ == "__main__":
    drawing.script(__doc__, d_and_theta)
