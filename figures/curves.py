"""With a slow memory the same neurons learn sequences they cannot learn without.

Reads models/ROW/seedK.curve.csv, written by training (minutes to an hour each). After Sun et al. 2026, figure 2b.
python figures/curves.py STEM
"""

import csv
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dmpnet import drawing

MODELS = Path(__file__).resolve().parent.parent / "models"
TASKS = {"smnist": "S-MNIST", "psmnist": "PS-MNIST", "shd-regen": "shd-regen"}
LOOK = {"dmp2": ("DMP II", drawing.HIGHLIGHT, "-"), "dmp1": ("DMP I", drawing.HIGHLIGHT, "--"),
        "dsnn": ("DSNN, delays", drawing.CLASSES[3], "-"), "rsnn": ("RSNN", drawing.CLASSES[4], "-"),
        "fsnn": ("FSNN, no slow memory", drawing.SECOND, "-")}


def validation(folder: Path) -> list[np.ndarray]:
    """Validation accuracy in percent over epochs, an array a seed; only runs of the length that most have, of equals
    the longest: others are of an older recipe."""
    runs = []
    for path in sorted(folder.glob("seed*.curve.csv")):
        with open(path) as file:
            runs.append(np.array([100 * float(row["validation_accuracy"]) for row in csv.DictReader(file)]))
    lengths = [len(run) for run in runs]
    usual = max(lengths, key=lambda length: (lengths.count(length), length), default=0)
    return [run for run in runs if len(run) == usual]


def curves(folder: Path = MODELS) -> Figure:
    """A panel a task, a line a network: mean over its seeds, shaded by one standard error."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        for ax, (task, title) in zip(figure.subplots(1, 3, sharey=True), TASKS.items(), strict=True):
            for model, (label, colour, line) in LOOK.items():
                runs = validation(folder / f"{task}-{model}")
                if not runs:
                    continue
                epoch, mean = np.arange(1, len(runs[0]) + 1), np.mean(runs, axis=0)
                ax.plot(epoch, mean, line, color=colour, label=f"{label} ({len(runs)})")
                if len(runs) > 1:
                    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
                    ax.fill_between(epoch, mean - error, mean + error, color=colour, alpha=0.25, lw=0)
            ax.set(title=f"{title}, ours", xlabel="epoch", ylim=(0, 101))
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(loc="lower right", title="seeds in brackets", title_fontsize=7)
        figure.axes[0].set_ylabel("validation accuracy (%)")
    return figure


if __name__ == "__main__":
    print(*drawing.save(curves(), sys.argv[1]))
