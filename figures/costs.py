"""What a pathway costs: parameters and state of the networks on shd-regen, by the paper's rule.

Reads models/shd-regen-ROW/seed0.npz (minutes of training each). After Sun et al. 2026, figure 1a, whose rule for a
layer is beside the bars; axons have delays of their own here. Crosses: parameters as its
Table 1 prints them. python figures/costs.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import published
from dmpnet.trained import weights
from dmpnet.trained.network import parameters

MODELS = Path(__file__).resolve().parent.parent / "models"
RULES = {"FSNN": ("M N", "N"), "RSNN": ("M N + N$^2$", "2 N"), "DSNN": ("M N + M", r"N + $\Sigma$ delays"),
         "DMP": ("M N + N d + d$^2$", "N + d")}  # of a layer: parameters, state
ROWS = {"fsnn": ("FSNN", "FSNN"), "rsnn": ("RSNN", "RSNN"), "dsnn": ("DSNN", "DSNN"), "dmp1": ("DMP", "DMP I, d = 5"),
        "dmp2": ("DMP", "DMP II, d = 10"), "peak": ("DMP", "DMP peak, d = 30")}


def costs(folder: Path = MODELS) -> Figure:
    """A bar a network: parameters on the left, numbers kept from step to step on the right."""
    networks = [weights.load(folder / f"shd-regen-{row}" / "seed0.npz") for row in ROWS]
    counted = [parameters(network)["paper"] / 1000 for network in networks]
    state = [sum(layer.state for layer in network.layers) for network in networks]
    delayed = networks[list(ROWS).index("dsnn")]
    by_rule = sum(layer.N * (1 + delayed.provenance["arguments"]["delay_max"]) for layer in delayed.layers)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for part, (ax, counts, label) in enumerate(zip(axes, (counted, state), (
                "parameters (thousand), with N C of the readout", "numbers kept from step to step"), strict=True)):
            ax.barh(range(len(ROWS)), counts, color=[drawing.MODELS[model] for model, _ in ROWS.values()], height=0.6)
            for place, ((model, _), count) in enumerate(zip(ROWS.values(), counts, strict=True)):
                end = by_rule if part and model == "DSNN" else count
                ax.annotate(f"{count:,.{1 - part}f}   {RULES[model][part]}", (end, place), xytext=(3, 0),
                            textcoords="offset points", va="center", fontsize=7)
            ax.set(xlabel=label, xlim=(0, (1.75 if not part else 2.7) * max(counts)))
            ax.xaxis.set_major_formatter("{x:,.0f}")
        axes[1].barh(list(ROWS).index("dsnn"), by_rule, height=0.6, fill=False, ec="k", lw=0.6, ls="--",
                     label=f"by the printed rule, N + N delay: {by_rule:,}")
        for place, row in enumerate(ROWS):
            marks.published(axes[0], published.printed(f"shd/{row}").parameters, place + 0.42)
        figure.legend(handles=[marks.published_handle("published, in thousands"), axes[1].containers[-1]], ncols=2,
                      loc="outside lower center")
        axes[0].set(yticks=range(len(ROWS)), yticklabels=[label for _, label in ROWS.values()],
                    ylim=(len(ROWS) - 0.3, -0.5))
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, costs)
