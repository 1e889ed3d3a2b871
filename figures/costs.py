"""What a pathway costs: parameters and state of the networks on shd-regen, by the paper's rule.

Reads models/shd-regen-ROW/seed0.npz (minutes of training each). After Sun et al. 2026, figure 1a, whose rule for a
layer is beside the bars; axons have delays of their own here. python figures/costs.py STEM
"""

import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing, weights

MODELS = Path(__file__).resolve().parent.parent / "models"
LOOK = {"fsnn": ("FSNN", drawing.SECOND), "rsnn": ("RSNN", drawing.CLASSES[4]), "dsnn": ("DSNN", drawing.CLASSES[3]),
        "dmp1": ("DMP I, d = 5", drawing.HIGHLIGHT), "dmp2": ("DMP II, d = 10", drawing.HIGHLIGHT),
        "peak": ("DMP peak, d = 30", drawing.HIGHLIGHT)}
RULES = {"fsnn": ("M N", "N"), "rsnn": (r"M N + N$^2$", "2 N"), "dsnn": ("M N + M", r"N + $\Sigma$ delays"),
         "dmp1": (r"M N + N d + d$^2$", "N + d"), "dmp2": (r"M N + N d + d$^2$", "N + d"),
         "peak": (r"M N + N d + d$^2$", "N + d")}


def costs(folder: Path = MODELS) -> Figure:
    """A bar a network: parameters on the left, numbers kept from step to step on the right."""
    networks = [weights.load(folder / f"shd-regen-{row}" / "seed0.npz") for row in LOOK]
    parameters = [weights.parameters(network)["paper"] / 1000 for network in networks]
    state = [sum(layer.state for layer in network.layers) for network in networks]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for part, (ax, counts, label) in enumerate(zip(axes, (parameters, state), (
                "parameters (thousand), with N C of the readout", "numbers kept from step to step"), strict=True)):
            ax.barh(range(len(LOOK)), counts, color=[colour for _, colour in LOOK.values()], height=0.6)
            for place, (row, count) in enumerate(zip(LOOK, counts, strict=True)):
                ax.annotate(f"{count:,.{1 - part}f}   {RULES[row][part]}", (count, place), xytext=(3, 0),
                            textcoords="offset points", va="center", fontsize=7)
            ax.set(xlabel=label, xlim=(0, 1.75 * max(counts)))
            ax.xaxis.set_major_formatter("{x:,.0f}")
        axes[0].set(yticks=range(len(LOOK)), yticklabels=[name for name, _ in LOOK.values()],
                    ylim=(len(LOOK) - 0.5, -0.5))
    return figure


if __name__ == "__main__":
    print(*drawing.save(costs(), sys.argv[1]))
