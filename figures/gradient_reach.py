"""The slow memory carries the gradient of a last-step loss tens of steps back; without it the gradient dies in ten.

Reads analyses/results/gradient_reach.json, made by analyses/gradient_reach.py (seconds). After Sun et al. 2026,
extended data figure 4, with our networks. python figures/gradient_reach.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LOOK = {"shd-regen-dmp2": ("DMP II", drawing.HIGHLIGHT, "-"), "shd-regen-fsnn": ("FSNN", drawing.SECOND, "--")}
STEP_MS = 10


def gradient_reach(path: Path = RESULTS / "gradient_reach.json") -> Figure:
    """Norm of the gradient at the first hidden layer, relative to the last step, against time before it."""
    found = results.read(path, {"gradients": {name: [float] for name in LOOK}})["gradients"]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(3.4, 2.4), layout="constrained")
        ax = figure.subplots()
        for name, norms in found.items():
            label, colour, line = LOOK[name]
            ax.plot([-STEP_MS * back for back in range(len(norms))], [norm / norms[-1] for norm in reversed(norms)],
                    line, color=colour, label=f"{label}, ours, one seed")
        ax.set(yscale="log", ylim=(1e-12, 3), xlabel="time before the last step (ms)",
               ylabel="gradient, relative to the last step", title="shd-regen, loss on the last step alone")
        ax.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, gradient_reach)
