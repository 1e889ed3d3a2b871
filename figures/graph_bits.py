"""A convolutional network keeps its accuracy with 8-bit weights, and loses 0.7 with 4 (-0.7 to 2.2, three seeds).

Reads analyses/results/constrained_graphs.json, made by analyses/constrained_graphs.py (two minutes a line): 500
recordings of N-MNIST, in Brian2. After the bits against accuracy that Roy et al. 2019 review.
python figures/graph_bits.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import intervals

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LOOK = {"nmnist-conv-dmp": ("with slow memory", drawing.HIGHLIGHT, "o", -0.12),
        "nmnist-conv-fsnn": ("without", drawing.SECOND, "s", 0.12)}
SHAPE = {"runs": [{"row": str, "setting": str, "seed": int, "accuracy": float, "samples": int}]}


def graph_bits(path: Path = RESULTS / "constrained_graphs.json") -> Figure:
    """Points lost against the trained network by setting: every seed, mean, 95 % over seeds."""
    runs = results.read(path, SHAPE)["runs"]
    settings = [name for name in dict.fromkeys(run["setting"] for run in runs) if name != "as trained"]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(4.6, 2.8), layout="constrained")
        ax = figure.subplots()
        for row, (label, colour, marker, shift) in LOOK.items():
            trained = {run["seed"]: run["accuracy"] for run in runs if (run["row"], run["setting"]) == (row,
                                                                                                       "as trained")}
            for place, setting in enumerate(settings if trained else ()):
                found = [trained[run["seed"]] - run["accuracy"] for run in runs
                         if (run["row"], run["setting"]) == (row, setting)]
                if found:
                    ax.plot([place + shift] * len(found), found, "_", color=colour, ms=8)
                    marks.ours(ax, place + shift, float(np.mean(found)), intervals.student(found), seeds=len(found),
                               colour=colour, marker=marker, label=None if place else label)
        ax.axhline(0, color="k", lw=0.6, zorder=0)
        ax.set(ylabel="lost (points)", title=f"N-MNIST, convolutional, {runs[0]['samples']} samples")
        ax.set_xticks(range(len(settings)), [name.replace(", ", ",\n").replace(" slow", "\nslow") for name in settings],
                      fontsize=6.5)
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, title_fontsize=7,
                      title="mean and 95 % over seeds, a stroke a seed")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, graph_bits)
