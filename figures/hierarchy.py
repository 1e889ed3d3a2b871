"""What a hierarchy of slow memories buys when a sequence is longer than one of its blocks can span.

Reads analyses/results/hierarchy.json, made by analyses/hierarchy.py (minutes a run). python figures/hierarchy.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"


def hierarchy(path: Path = RESULTS / "hierarchy.json") -> Figure:
    """Test accuracy of every variant, a dot a seed; parameters beside them."""
    found = drawing.by_variant(path, accuracy_brian2=float, parameters={"paper": int})
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(6.0, 0.9 + 0.28 * len(found)), layout="constrained")
        ax = figure.subplots()
        for place, (name, runs) in enumerate(found.items()):
            accuracies = [run["accuracy_brian2"] for run in runs]
            several = "cascade" in name or "parallel" in name
            ax.plot(accuracies, [place] * len(runs), "o", color=drawing.HIGHLIGHT if several else "0.35", ms=4)
            ax.annotate(f"{np.mean(accuracies):.1f} %, {runs[0]['parameters']['paper']:,} parameters",
                        (max(accuracies), place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=7)
        ax.axvline(50, color=drawing.MUTED, lw=0.8)
        ax.annotate("chance", (50, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7,
                    color="0.4")
        ax.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.5), xlim=(48, 112),
               xticks=range(50, 101, 10), xlabel="test accuracy (%): are two digits in a row the same?")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, hierarchy)
