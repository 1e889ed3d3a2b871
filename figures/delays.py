"""A slow memory and axonal delays, alone and together.

Reads models/shd-regen-ROW/seedK.json through dmpnet.results.table, made by `dmpnet table1 --retrain ROW` (minutes
each). After Sun et al. 2026, figures 3c and 3d. python figures/delays.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmpnet import drawing
from dmpnet.results import table

MODELS = Path(__file__).resolve().parent.parent / "models"
ROWS = {"shd-regen-fsnn": ("neither\n(FSNN)", drawing.MODELS["FSNN"]),
        "shd-regen-dmp1": ("slow memory\n(DMP I)", drawing.MODELS["DMP"]),
        "shd-regen-dsnn": ("delays\n(DSNN)", drawing.MODELS["DSNN"]),
        "shd-regen-delays": ("both\n(DMP I + delays)", drawing.MODELS["DMP + delays"])}


def delays(folder: Path = MODELS) -> Figure:
    """A column a network: every seed, mean and standard error; what the paper printed beside them, of official SHD."""
    rows = table.rows()
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(3.6, 2.8), layout="constrained")
        ax = figure.subplots()
        for place, (name, (_, colour)) in enumerate(ROWS.items()):
            accuracies = [record["accuracy_brian2"] for record in table.results(name, folder)]
            mean, error = table.mean_and_error(accuracies)
            ax.plot([place - 0.12] * len(accuracies), accuracies, ".", color=colour, ms=3)
            ax.errorbar(place, mean, error, fmt="o", color=colour, ms=4)
            ax.annotate(f"{mean:.1f}", (place, mean), xytext=(0, -8), textcoords="offset points", ha="center",
                        va="top", fontsize=7)
            if rows[name].paper is not None:
                ax.plot(place + 0.2, rows[name].paper, "o", mfc="none", color="k", ms=5)
        ax.set(xticks=range(len(ROWS)), xticklabels=[label for label, _ in ROWS.values()], xlim=(-0.5, len(ROWS) - 0.5),
               ylabel="test accuracy on shd-regen (%)")
        handles = [Line2D([], [], color="k", marker=".", ms=3, ls="", label="ours, a seed"),
                   Line2D([], [], color="k", marker="o", ms=4, ls="", label="ours, mean, s.e.m."),
                   Line2D([], [], color="k", marker="o", mfc="none", ms=5, ls="", label="paper, official SHD")]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, columnspacing=1)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, delays)
