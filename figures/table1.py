"""A slow memory of a few numbers a layer is worth more accuracy than many times as many recurrent weights.

Reads models/ROW/seedK.json through dmpnet.results.table, made by `dmpnet table1 --retrain ROW` (minutes to half a day a
run on two cores). After Sun et al. 2026, figure 2c and Table 1: their printed points are crosses, a line from ours to
each. python figures/table1.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import published, table

MODELS = Path(__file__).resolve().parent.parent / "models"
PARTS = {"S-MNIST": ("S-MNIST", "smnist", (55, 99.75), (60, 80, 90, 95, 98, 99, 99.5)),
         "PS-MNIST": ("PS-MNIST", "psmnist", (5, 98.4), (10, 50, 70, 80, 90, 95, 98)),
         "shd-regen": ("shd-regen; crosses: official SHD", "shd", (45, 96.2), (50, 60, 70, 80, 85, 90, 95))}
LOOK = {"FSNN": (drawing.MODELS["FSNN"], "s"), "RSNN": (drawing.MODELS["RSNN"], "^"),
        "DSNN": (drawing.MODELS["DSNN"], "D"), "DMP I": (drawing.MODELS["DMP"], "v"),
        "DMP II": (drawing.MODELS["DMP"], "o"), "DMP peak": (drawing.MODELS["DMP"], "p"),
        "DMP I + delays": (drawing.MODELS["DMP + delays"], "P"),
        "FSNN, adaptive (SE-adLIF)": (drawing.MODELS["adaptive"], "X"),
        "DMP I, adaptive": (drawing.MODELS["adaptive"], "*"),
        "DMP II, memory on the gain": (drawing.MODELS["DMP"], "h"), "C-SiLIF": (drawing.MODELS["modes"], "<")}


def table1(folder: Path = MODELS) -> Figure:
    """A panel a task: mean over seeds on the whole test set in Brian2 with its 95 % interval.

    Over seeds; where there is one, over samples (hollow).
    """
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.5), layout="constrained")
        for ax, (title, (shown, data, ends, ticks)) in zip(figure.subplots(1, 3), PARTS.items(), strict=True):
            marks.in_errors(ax, ticks)
            panel(ax, [row for row in table.rows().values() if row.title == title and row.label in LOOK], folder)
            literature(ax, data)
            ax.set(title=shown, xlabel="parameters (thousand)", ylim=ends, xscale="log", xlim=(33, 250 if
                                                                                               data != "shd" else 90))
            places = (40, 60, 100, 200) if data != "shd" else (40, 50, 60, 70)
            ax.set_xticks(places, [f"{place}" for place in places])
            ax.minorticks_off()
        figure.axes[0].set_ylabel("test accuracy (%),\naxis logarithmic in the errors")
        made = {row.label for row in table.rows().values() if table.results(row.name, folder)}
        handles = [Line2D([], [], color=colour, marker=marker, ls="", ms=4, label=label)
                   for label, (colour, marker) in LOOK.items() if label in made]
        handles += [Line2D([], [], color="k", marker="o", ms=4, mfc="white", ls="",
                           label="ours, 95 %; hollow: one seed"),
                    marks.published_handle()]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def panel(ax: Axes, rows: list[table.Row], folder: Path) -> None:
    """Ours, and the cross that each stands beside."""
    for row in rows:
        colour, marker = LOOK[row.label]
        found = table.results(row.name, folder)
        if row.paper is not None:
            marks.published(ax, float(row.size.rstrip("K")), row.paper)
        if not found:
            continue
        size, mean = found[0]["parameters"]["paper"] / 1000, table.mean_and_error([
            record["accuracy_brian2"] for record in found])[0]
        if row.paper is not None:
            ax.plot([size, float(row.size.rstrip("K"))], [mean, row.paper], "-", color=colour, lw=0.6, zorder=1)
        marks.ours(ax, size, mean, table.interval(found), seeds=len(found), colour=colour, marker=marker)


def literature(ax: Axes, data: str) -> None:
    """Networks of others whose sizes are printed, by name."""
    for other in published.literature(data):
        point = other.points[data]
        if point.parameters is not None:
            marks.published(ax, point.parameters, point.accuracy)
            right = data == "shd" and point.parameters < 60
            ax.annotate(SHORT.get(other.name, other.name), (point.parameters, point.accuracy), fontsize=6,
                        xytext=(5 if right else -5, 0), textcoords="offset points", ha="left" if right else "right",
                        va="center")


SHORT = {"state-space model": "SSM", "spiking state-space model": "spiking SSM"}

if __name__ == "__main__":
    drawing.script(__doc__, table1)
