"""With a slow memory the same neurons learn sequences they cannot learn without.

Reads models/ROW/seedK.curve.csv, written by training (minutes to an hour each). In the first epochs on MNIST, which
training and validation saw in coarser steps, lines are thin. After Sun et al. 2026, figure 2b.
python figures/curves.py STEM
"""

import csv
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dmpnet import drawing
from dmpnet.trained import weights

MODELS = Path(__file__).resolve().parent.parent / "models"
TASKS = {"smnist": "S-MNIST", "psmnist": "PS-MNIST", "shd-regen": "shd-regen"}
LOOK = {"dmp2": ("DMP II", drawing.MODELS["DMP"], "-"), "dmp1": ("DMP I", drawing.MODELS["DMP"], "--"),
        "dsnn": ("DSNN, delays", drawing.MODELS["DSNN"], "-"), "rsnn": ("RSNN", drawing.MODELS["RSNN"], "-"),
        "fsnn": ("FSNN, no slow memory", drawing.MODELS["FSNN"], "-")}


def validation(folder: Path) -> tuple[list[np.ndarray], int]:
    """Validation accuracy in percent over epochs, an array a seed, and how many epochs are coarse.

    Only runs of the recipe that led to the newest seed, as far as their files tell: others are of an older one.
    """
    runs = []
    for path in sorted(folder.glob("seed*.curve.csv")):
        made = weights.load(path.with_name(path.name.replace(".curve.csv", ".npz"))).provenance
        with open(path) as file:
            curve = np.array([100 * float(row["validation_accuracy"]) for row in csv.DictReader(file)])
        runs.append((made["written"], made["arguments"], curve))
    newest = max(runs, key=lambda run: run[0], default=("", {}, None))[1]
    return [curve for _, recipe, curve in runs if all(
        recipe[key] == newest[key] for key in recipe.keys() & newest.keys() - {"seed"})], newest.get("coarse_epochs", 0)


def curves(folder: Path = MODELS) -> Figure:
    """A panel a task, a line a network: mean over its seeds, shaded by one standard error."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 3.3), layout="constrained")
        for ax, (task, title) in zip(figure.subplots(1, 3, sharey=True), TASKS.items(), strict=True):
            thin = ""
            for model, (label, colour, line) in LOOK.items():
                runs, coarse = validation(folder / f"{task}-{model}")
                if not runs:
                    continue
                thin = thin or "; thin: coarse steps" * bool(coarse)
                epoch, mean = np.arange(1, len(runs[0]) + 1), np.mean(runs, axis=0)
                ax.plot(epoch[:coarse + 1], mean[:coarse + 1], line, color=colour, lw=0.7)
                ax.plot(epoch[coarse:], mean[coarse:], line, color=colour, label=f"{label} ({len(runs)})")
                if len(runs) > 1:
                    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
                    ax.fill_between(epoch, mean - error, mean + error, color=colour, alpha=0.25, lw=0)
            ax.set(title=f"{title}, ours", xlabel="epoch", ylim=(0, 101))
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), title="seeds in brackets" + thin,
                      title_fontsize=7)
        figure.axes[0].set_ylabel("validation accuracy (%)")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, curves)
