"""On pixels the first 20 or 40 dimensions of a slow memory bring most; 200 add 0.7 and 1.3 points (one seed each).

Reads models/ROW/seedK.json and seed0.npz, made by `dmpnet table1 --retrain ROW` (minutes to half a day a run). After
Sun et al. 2026, figure 3b, on three tasks, from the rows of their Table 1: FSNN stands at d = 0.
python figures/memory_size.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import table
from dmpnet.trained import weights

MODELS = Path(__file__).resolve().parent.parent / "models"
TASKS = {"smnist": ("S-MNIST", (50, 99.8), (60, 80, 90, 95, 98, 99, 99.5)),
         "psmnist": ("PS-MNIST", (5, 98.4), (10, 50, 80, 90, 95, 97, 98)),
         "shd-regen": ("shd-regen; crosses: official SHD", (45, 93), (50, 60, 70, 80, 85, 90))}
ROWS = ("fsnn", "dmp1", "dmp2", "peak")


def memory_size(folder: Path = MODELS) -> Figure:
    """Test accuracy against d of each layer, mean over seeds with 95 % intervals; hollow: one seed."""
    rows = table.rows()
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        for ax, (task, (title, ends, ticks)) in zip(figure.subplots(1, 3), TASKS.items(), strict=True):
            marks.in_errors(ax, ticks)
            places, means = [], []
            for name in (f"{task}-{row}" for row in ROWS):
                found, d = table.results(name, folder), weights.load(folder / name / "seed0.npz").layers[0].d
                places.append(d)
                means.append(table.mean_and_error([record["accuracy_brian2"] for record in found])[0])
                marks.ours(ax, d, means[-1], table.interval(found), seeds=len(found),
                           colour=drawing.HIGHLIGHT if d else drawing.SECOND, marker="o" if d else "s")
                if rows[name].paper is not None:
                    marks.published(ax, d, rows[name].paper)
            ax.plot(places, means, "-", color=drawing.MUTED, lw=0.8, zorder=1)
            ax.set_xscale("symlog", linthresh=places[1])
            ax.set(title=title, xlabel="d", ylim=ends, xlim=(-0.15 * places[1],
                                                                                                    1.5 * places[-1]))
            ax.set_xticks(places, [f"{place}" for place in places])
            ax.minorticks_off()
        figure.axes[0].set_ylabel("test accuracy (%),\naxis logarithmic in the errors")
        told = "ours: mean, 95 %; hollow: one seed; square: FSNN; d even up to the first, then logarithmic"
        figure.legend(handles=[marks.published_handle()], loc="outside lower center", title=told, title_fontsize=7)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, memory_size)
