"""With a slow memory the same neurons learn sequences they cannot learn without.

Reads models/ROW/seedK.curve.csv, written by training (minutes to an hour each). In the first epochs on MNIST, which
training and validation saw in coarser steps, lines are thin. After Sun et al. 2026, figure 2b.
python figures/curves.py STEM
"""

import csv
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats

from dmpnet import drawing
from dmpnet.disk import shipped
from dmpnet.drawing import marks
from dmpnet.trained import weights

MODELS = Path(__file__).resolve().parent.parent / "models"
TASKS = {"smnist": ("S-MNIST", (30, 99.3), (40, 60, 80, 90, 95, 98, 99)),
         "psmnist": ("PS-MNIST", (20, 98), (30, 50, 70, 80, 90, 95, 97)),
         "shd-regen": ("shd-regen", (5, 95), (10, 40, 60, 70, 80, 90, 94))}
"""Name, ends of the axis, its ticks."""
LOOK = {"dmp2": ("DMP II", drawing.MODELS["DMP"], "-"), "dmp1": ("DMP I", drawing.MODELS["DMP"], "--"),
        "dsnn": ("DSNN, delays", drawing.MODELS["DSNN"], "-."), "rsnn": ("RSNN", drawing.MODELS["RSNN"], ":"),
        "fsnn": ("FSNN, no slow memory", drawing.MODELS["FSNN"], (0, (5, 1, 1, 1, 1, 1)))}


def validation(folder: Path) -> tuple[list[np.ndarray], int]:
    """Validation accuracy in percent over epochs, an array a seed, and how many epochs are coarse.

    Only runs of the recipe that led to the newest seed, as far as their files tell: others are of an older one.
    """
    runs = []
    for path in sorted(folder.glob("seed*.curve.csv")):
        beside = path.with_name(path.name.replace(".curve.csv", ".npz"))
        made = weights.load(beside if beside.is_file() else shipped.path(f"{folder.name}/{beside.stem}")).provenance
        with open(path) as file:
            curve = np.array([100 * float(row["validation_accuracy"]) for row in csv.DictReader(file)])
        runs.append((made["written"], made["arguments"], curve))
    newest = max(runs, key=lambda run: run[0], default=("", {}, None))[1]
    return [curve for _, recipe, curve in runs if all(
        recipe[key] == newest[key] for key in recipe.keys() & newest.keys() - {"seed"})], newest.get("coarse_epochs", 0)


def curves(folder: Path = MODELS) -> Figure:
    """A panel a task, a line a network: mean over its seeds, shaded by its 95 % interval over them (of two: both)."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.5), layout="constrained")
        for ax, (task, (title, ends, ticks)) in zip(figure.subplots(1, 3), TASKS.items(), strict=True):
            marks.in_errors(ax, ticks)
            coarse = any([line(ax, *validation(folder / f"{task}-{model}"), look) for model, look in LOOK.items()])
            ax.set(title=title, xlabel="epoch", ylim=ends)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), title_fontsize=7, handlelength=2.6,
                      title="seeds in brackets" + "; thin: coarse steps" * coarse)
        figure.axes[0].set_ylabel("validation accuracy (%),\naxis logarithmic in the errors")
    return figure


def line(ax: Axes, runs: list[np.ndarray], coarse: int, look: tuple) -> bool:
    """Of a network; whether some of its epochs are coarse."""
    if not runs:
        return False
    label, colour, style = look
    epoch, mean = np.arange(1, len(runs[0]) + 1), np.mean(runs, axis=0)
    ax.plot(epoch[:coarse + 1], mean[:coarse + 1], ls=style, color=colour, lw=0.6)
    ax.plot(epoch[coarse:], mean[coarse:], ls=style, color=colour, lw=1.1, label=f"{label} ({len(runs)})")
    if len(runs) == 2:  # an interval of two says nothing
        for run in runs:
            ax.plot(epoch, run, ls=style, color=colour, lw=0.4)
    elif len(runs) > 2:
        half = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs)) * stats.t.ppf(0.975, len(runs) - 1)
        ax.fill_between(epoch, mean - half, np.minimum(mean + half, 99.9), color=colour, alpha=0.2, lw=0)
    return bool(coarse)


if __name__ == "__main__":
    drawing.script(__doc__, curves)
