"""A slow memory and axonal delays, alone and together.

Reads models/shd-regen-ROW/seedK.json through dmpnet.results.table, made by `dmpnet table1 --retrain ROW` (minutes
each). After Sun et al. 2026, figure 3c. python figures/delays.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import table

MODELS = Path(__file__).resolve().parent.parent / "models"
ROWS = {"shd-regen-fsnn": ("neither\n(FSNN)", drawing.MODELS["FSNN"], "s"),
        "shd-regen-dmp1": ("slow memory\n(DMP I)", drawing.MODELS["DMP"], "v"),
        "shd-regen-dsnn": ("delays\n(DSNN)", drawing.MODELS["DSNN"], "D"),
        "shd-regen-delays": ("both (DMP I\n+ delays)", drawing.MODELS["DMP + delays"], "P")}


def delays(folder: Path = MODELS) -> Figure:
    """A column a network: every seed, mean and 95 % interval over seeds; what the paper printed, of official SHD."""
    rows = table.rows()
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(3.5, 3.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        for place, (name, (_, colour, marker)) in enumerate(ROWS.items()):
            found = table.results(name, folder)
            accuracies = [record["accuracy_brian2"] for record in found]
            mean = table.mean_and_error(accuracies)[0]
            for ax in (upper, lower):
                ax.plot([place - 0.2] * len(accuracies), accuracies, "_", color=colour, ms=6)
                marks.ours(ax, place, mean, table.interval(found), seeds=len(found), colour=colour, marker=marker)
                ax.annotate(f"{mean:.1f}", (place, mean), xytext=(6, -2), textcoords="offset points", fontsize=7,
                            clip_on=True, annotation_clip=True)
                if rows[name].paper is not None:
                    marks.published(ax, place + 0.25, rows[name].paper)
        upper.set(ylim=(83.5, 92))
        lower.set(xticks=range(len(ROWS)), xticklabels=[label for label, *_ in ROWS.values()],
                  xlim=(-0.5, len(ROWS) - 0.4), ylim=(45, 75))
        marks.broken(lower, upper, "y")
        figure.supylabel("test accuracy on shd-regen (%), axis broken", fontsize=8)
        handles = [Line2D([], [], color="k", marker="_", ms=6, ls="", label="ours, a seed"),
                   Line2D([], [], color="k", marker="o", ms=4, ls="", label="mean, 95 %"),
                   marks.published_handle("published, official SHD")]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, columnspacing=0.8, handletextpad=0.2)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, delays)
