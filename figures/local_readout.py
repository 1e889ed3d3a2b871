"""With slow memory as context a local rule learns what it cannot without; it wins 23 % or more of drift back.

Reads analyses/results/local_readout.json and adaptation.json, made by analyses/local_readout.py and adaptation.py
(minutes each). python figures/local_readout.py STEM
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

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
BACKPROPAGATION = {"shd-regen": "shd-regen", "smnist": "S-MNIST"}
LABELS = {"speaker 4": "a new speaker, 4", "speaker 5": "a new speaker, 5", "a class after 19 others":
          "a new class,\nafter 19 others"}
LOOKS = {"without drift %": ("without drift", "o", "k"), "drifted %": ("drifted", "v", drawing.SECOND),
         "adapted %": ("adapted", "^", drawing.HIGHLIGHT), "old after %": ("old condition after", "s", "#009E73")}
BREAK = 67.0

DRIFTS = {"runs": [{"rows": [{"drift": str, "without drift %": float, "drifted %": float, "adapted %": float,
                              "old after %": float}]}]}


def local_readout(learned: Path = RESULTS / "local_readout.json", drifts: Path = RESULTS / "adaptation.json") -> Figure:
    """Test accuracy by how it was learned, a panel a set; accuracy before drift, under it, and after learning."""
    runs = results.read(learned, {"runs": [{"data": str, "pathway": str, "test": float}]})["runs"]
    sets = [name for name in BACKPROPAGATION if any(run["data"] == name for run in runs)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 1.9 + 1.6 * len(sets)), layout="constrained")
        axes = figure.subplot_mosaic([[name, "far", "near"] for name in sets], width_ratios=(1.3, 0.5, 1))
        for name in sets:
            accuracies(axes[name], name, [run for run in runs if run["data"] == name])
        drifted(axes["far"], axes["near"], [run["rows"] for run in results.read(drifts, DRIFTS)["runs"]])
        figure.legend(*axes["near"].get_legend_handles_labels(), loc="outside lower right", ncols=4,
                      title="mean and 95 % over seeds; hollow: one seed; left: a stroke a seed", title_fontsize=7)
    return figure


def accuracies(ax: Axes, name: str, runs: list[dict[str, Any]]) -> None:
    """A row a way of learning: every seed, mean and interval."""
    rows = [(f"{kind}, backpropagation", [run["accuracy_brian2"] for run in table.results(f"{name}-{row}")], "0.4",
             "s") for kind, row in (("DMP II", "dmp2"), ("FSNN", "fsnn"))]
    for pathway, colour in (("DMP, drawn", drawing.HIGHLIGHT), ("DMP, W_f by STDP", drawing.HIGHLIGHT),
                            ("the same without slow memory", drawing.SECOND)):
        found = [run["test"] for run in runs if run["pathway"] == pathway]
        if found:
            rows.append((f"{pathway}, local", found, colour, "o"))
    for place, (_, found, colour, marker) in enumerate(rows):
        mean = float(np.mean(found))
        ax.plot(found, [place - 0.22] * len(found), "|", color=colour, ms=5)
        marks.ours(ax, mean, place, intervals.student(found), seeds=len(found), colour=colour, marker=marker,
                   across=True)
        ax.annotate(f"{mean:.1f}", (mean, place), xytext=(0, -6), textcoords="offset points", va="top", ha="center",
                    fontsize=7)
    ax.set(yticks=range(len(rows)), yticklabels=[name.replace(", ", ",\n", 1) for name, *_ in rows],
           ylim=(len(rows) - 0.3, -0.6), xlabel="test accuracy (%)", title=BACKPROPAGATION[name],
           xlim=marks.reaching((15, 105) if name == "smnist" else (55, 92), [value for _, found, *_ in rows for value in
                                                                             found]))
    ax.grid(axis="y", lw=0.3, color=drawing.MUTED)
    ax.set_axisbelow(True)


def drifted(far: Axes, near: Axes, seeds: list[list[dict[str, Any]]]) -> None:
    """A line a quantity within each row, means over seeds, on a broken axis."""
    rows = seeds[0]
    for line, (key, (label, marker, colour)) in enumerate(LOOKS.items()):
        for number in range(len(rows)):
            found = [lines[number][key] for lines in seeds]
            for ax in (far, near):
                marks.ours(ax, float(np.mean(found)), number + 0.19 * (line - 1.5), intervals.student(found),
                           seeds=len(found), colour=colour, marker=marker, across=True,
                           label=label if not number else None)
    for ax in (far, near):
        ax.set(ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
        for place in range(1, len(rows)):
            ax.axhline(place - 0.5, color=drawing.MUTED, lw=0.3)
    far.set(xlim=(-4, BREAK), xticks=(0, 30, 60), yticklabels=[
        LABELS.get(row["drift"], row["drift"].replace(" dead, ", "\ndead, ").replace(" samples, ", " samples,\n"))
        for row in rows])
    near.set(xlim=(BREAK, 101), title="shd-regen under drift", xlabel="test (%), axis broken")
    marks.broken(far, near)


if __name__ == "__main__":
    drawing.script(__doc__, local_readout)
