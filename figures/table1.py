"""A slow memory of a few numbers a layer is worth more accuracy than many times as many recurrent weights.

Reads models/ROW/seedK.json through dmpnet.results.table, made by `dmpnet table1 --retrain ROW` (minutes to an hour a
run on two cores). After Sun et al. 2026, figure 2c: their printed points are open, ours filled. python
figures/table1.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmpnet import drawing
from dmpnet.results import table

MODELS = Path(__file__).resolve().parent.parent / "models"
PARTS = {"S-MNIST": "S-MNIST", "PS-MNIST": "PS-MNIST", "shd-regen": "shd-regen (paper: official SHD)"}
LOOK = {"FSNN": (drawing.MODELS["FSNN"], "s"), "RSNN": (drawing.MODELS["RSNN"], "^"),
        "DSNN": (drawing.MODELS["DSNN"], "D"), "DMP I": (drawing.MODELS["DMP"], "v"),
        "DMP II": (drawing.MODELS["DMP"], "o"), "DMP peak": (drawing.MODELS["DMP"], "p"),
        "DMP I + delays": (drawing.MODELS["DMP + delays"], "P")}


def accuracy_against_parameters(folder: Path = MODELS) -> Figure:
    """A panel a task; ours is the mean over seeds on the whole test set in Brian2, with its standard error.

    The paper's marks are wider and above, so that they are seen where ours hide behind them.
    """
    rows = table.rows().values()
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        for ax, (title, shown) in zip(figure.subplots(1, 3), PARTS.items(), strict=True):
            for row in rows:
                if row.title != title or row.label not in LOOK:
                    continue
                colour, marker = LOOK[row.label]
                if row.paper is not None:
                    ax.plot(float(row.size.rstrip("K")), row.paper, marker, mfc="none", color=colour, ms=9, zorder=3)
                found = table.results(row.name, folder)
                if found:
                    mean, error = table.mean_and_error([record["accuracy_brian2"] for record in found])
                    ax.errorbar(found[0]["parameters"]["paper"] / 1000, mean, error, fmt=marker, color=colour, ms=4)
            ax.set(title=shown, xlabel="parameters (thousand)", ylim=(0, 103))
        figure.axes[0].set_ylabel("test accuracy (%)")
        handles = [Line2D([], [], color=colour, marker=marker, ls="", label=label)
                   for label, (colour, marker) in LOOK.items()]
        handles += [Line2D([], [], color="k", marker="o", ms=4, ls="", label="ours, in Brian2"),
                    Line2D([], [], color="k", marker="o", mfc="none", ms=9, ls="", label="printed in the paper")]
        figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, accuracy_against_parameters)
