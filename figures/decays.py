"""Membranes that leak by subtraction lose next to nothing once retrained, and much when swapped without.

Reads analyses/results/decays.json, made by analyses/decays.py from the shipped networks (minutes on two cores). All
points are ours; the paper on linear decay (Shang et al. 2026) states a loss of "around 1 %" and no accuracies.
python figures/decays.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
TITLES = {"smnist": "S-MNIST", "shd-regen": "shd-regen", "nmnist": "nmnist"}
LOOK = {"dmp2": ("DMP II", drawing.HIGHLIGHT, "o"), "fsnn": ("FSNN", drawing.SECOND, "s")}


def decays(path: Path = RESULTS / "decays.json") -> Figure:
    """Test accuracy of each decay, a panel a data set: mean over seeds, whose values are the small dots."""
    runs = results.read(path, {"runs": [{"row": str, "decay": str, "accuracy %": float}]})["runs"]
    kinds = list(dict.fromkeys(run["decay"] for run in runs))
    shown = [data for data in TITLES if any(run["row"].startswith(f"{data}-") for run in runs)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(0.6 + 2.1 * len(shown), 2.5), layout="constrained")
        for ax, data in zip(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown, strict=True):
            for kind, (label, colour, marker) in LOOK.items():
                points = [accuracies(runs, f"{data}-{kind}", decay) for decay in kinds]
                places = [number for number, values in enumerate(points) if values]
                if not places:
                    continue
                ax.plot([np.mean(points[place]) for place in places], places, marker, color=colour, ms=5, label=label)
                for place in places:
                    ax.plot(points[place], [place] * len(points[place]), ".", color=colour, ms=2.5, alpha=0.6)
            ax.set(title=TITLES[data], xlabel="test accuracy (%)", xlim=(0, 102))
            ax.grid(axis="y", color=drawing.MUTED, lw=0.3)
        ax.set_yticks(range(len(kinds)), kinds)
        ax.invert_yaxis()
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=2)
    return figure


def accuracies(runs: list[dict[str, Any]], row: str, decay: str) -> list[float]:
    """In percent, one a seed."""
    return [run["accuracy %"] for run in runs if (run["row"], run["decay"]) == (row, decay)]


if __name__ == "__main__":
    drawing.script(__doc__, decays)
