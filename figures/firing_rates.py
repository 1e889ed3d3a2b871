"""Linear decay changes firing little, but of FSNN of S-MNIST by half and twice; about a third fire a step at most.

Reads models/ROW/seedK.json, made by `dmpnet table1 --retrain ROW` (minutes to half a day a run): whole test sets, in
Brian2. For the comparison of Shang et al. 2026, whose firing rates are not at hand.
python figures/firing_rates.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import intervals, table

MODELS = Path(__file__).resolve().parent.parent / "models"
PAIRS = {"smnist-fsnn": "S-MNIST, FSNN", "smnist-dmp2": "S-MNIST, DMP II", "shd-regen-fsnn": "shd-regen, FSNN",
         "shd-regen-dmp2": "shd-regen, DMP II", "nmnist-fsnn": "nmnist, FSNN", "nmnist-dmp2": "nmnist, DMP II"}


def firing_rates(folder: Path = MODELS) -> Figure:
    """Percent of neurons that fire in a step, a panel a layer: both decays, mean and every seed."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True, sharex=True)
        for end, label, colour, marker, shift in (("", "exponential decay", drawing.HIGHLIGHT, "o", -0.15),
                                                  ("-linear", "linear decay", drawing.SECOND, "s", 0.15)):
            for place, row in enumerate(PAIRS):
                rates = 100 * np.array([record["rates"] for record in table.results(row + end, folder, rates=[float])])
                for layer, ax in enumerate(axes):
                    found = list(rates[:, layer])
                    marks.ours(ax, float(np.mean(found)), place + shift, intervals.student(found), seeds=len(found),
                               colour=colour, marker=marker, across=True, label=None if place else label)
        for number, ax in enumerate(axes, 1):
            ax.set(xlabel="neurons active in a step (%)", title=f"layer {number}", yticks=range(len(PAIRS)),
                   yticklabels=PAIRS.values(), ylim=(len(PAIRS) - 0.5, -0.5))
            ax.set_xlim(left=0)
            ax.grid(axis="y", lw=0.3, color=drawing.MUTED)
            ax.set_axisbelow(True)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, title_fontsize=7,
                      title="mean, 95 % over seeds; hollow: one seed")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, firing_rates)
