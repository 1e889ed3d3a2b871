"""What a hierarchy of slow memories buys when a sequence is longer than one of its blocks can span.

Reads analyses/results/hierarchy.json, made by analyses/hierarchy.py (minutes a run). python figures/hierarchy.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import intervals

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"


def hierarchy(path: Path = RESULTS / "hierarchy.json") -> Figure:
    """Test accuracy of every variant with its interval, a point a seed, from the lowest mean to the highest; parameters
    in a column beside them."""
    found = drawing.by_variant(path, accuracy_brian2=float, parameters={"paper": int}, samples=int)
    found = dict(sorted(found.items(), key=lambda one: np.mean([run["accuracy_brian2"] for run in one[1]])))
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(6.0, 1.1 + 0.28 * len(found)), layout="constrained")
        ax = figure.subplots()
        for place, (name, runs) in enumerate(found.items()):
            several = "cascade" in name or "parallel" in name
            for run in runs:
                p = run["accuracy_brian2"]
                marks.ours(ax, p, place, intervals.of_samples(p, run["samples"]), seeds=len(runs), across=True,
                           colour=drawing.HIGHLIGHT if several else "0.35", marker="o" if several else "s")
            mean = np.mean([run["accuracy_brian2"] for run in runs])
            ax.annotate(f"{mean:.1f} %, {runs[0]['parameters']['paper']:,} parameters", (1.02, place),
                        xycoords=("axes fraction", "data"), va="center", fontsize=7)
        ax.axvline(50, color=drawing.MUTED, lw=0.8, zorder=0)
        ax.annotate("chance", (50, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7,
                    color="0.4")
        seen = [run["accuracy_brian2"] for runs in found.values() for run in runs]
        ax.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.5),
               xlim=marks.reaching((48, 92), seen),
               xlabel="test accuracy (%): are two digits in a row the same?\n95 % over samples; hollow: one seed")
        ax.grid(axis="y", lw=0.3, color=drawing.MUTED)
        ax.set_axisbelow(True)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, hierarchy)
