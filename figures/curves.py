"""With a slow memory the same neurons learn sequences they cannot learn without.

Reads models/NAME/seed0.curve.csv, written by training (minutes to an hour each). python figures/curves.py STEM
"""

import csv
import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dmpnet import drawing

MODELS = Path(__file__).resolve().parent.parent / "models"
TASKS = {"S-MNIST": ("smnist-dmp2", "smnist-fsnn"), "shd-regen": ("shd-regen-dmp2", "shd-regen-dmp2-sparse",
                                                                    "shd-regen-fsnn")}
LOOK = {"dmp2": ("DMP II", drawing.HIGHLIGHT, "-"),
        "dmp2-sparse": ("DMP II, activity regularised", drawing.HIGHLIGHT, "--"),
        "fsnn": ("FSNN, no slow memory", drawing.SECOND, "-")}


def curves(folder: Path = MODELS) -> Figure:
    """Validation accuracy over epochs, a panel a task, a line a network; one seed each."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(6.0, 2.6), layout="constrained")
        for ax, (task, names) in zip(figure.subplots(1, 2), TASKS.items(), strict=True):
            for name in names:
                label, colour, line = LOOK[name.removeprefix(task.lower().replace("s-", "s") + "-")]
                with open(folder / name / "seed0.curve.csv") as file:
                    rows = list(csv.DictReader(file))
                ax.plot([int(row["epoch"]) for row in rows], [100 * float(row["validation_accuracy"]) for row in rows],
                        line, color=colour, label=label)
            ax.set(title=f"{task}, ours, one seed", xlabel="epoch", ylabel="validation accuracy (%)", ylim=(0, 101))
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(loc="lower right")
    return figure


if __name__ == "__main__":
    print(*drawing.save(curves(), sys.argv[1]))
