"""Slow memories carry the gradient of a last step over their window; without one it dies sooner, on QTDB by little.

Reads analyses/results/gradient_reach.json, made by analyses/gradient_reach.py (two minutes). After Sun et al. 2026,
extended data figure 4, with our networks on six tasks; where a slow memory hears nothing its gradient is 0.
python figures/gradient_reach.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dmpnet import drawing
from dmpnet.disk import results

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
TASKS = {"shd-regen": "shd-regen", "nmnist": "N-MNIST", "smnist": "S-MNIST", "psmnist": "PS-MNIST", "qtdb": "QTDB",
         "braille": "Braille"}
LOOK = {"dmp2": ("DMP II", drawing.HIGHLIGHT, "-"), "fsnn": ("FSNN", drawing.SECOND, "--")}
SHAPE = {"gradients": {f"{task}-{kind}": [float] for task in TASKS for kind in LOOK}, "dt": {str: float}}


def gradient_reach(path: Path = RESULTS / "gradient_reach.json") -> Figure:
    """Norm of the gradient at the first hidden layer, relative to the last step, against time before it; by task."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.8), layout="constrained")
        for ax, (task, title) in zip(figure.subplots(2, 3, sharey=True).flat, TASKS.items(), strict=True):
            for kind, (label, colour, line) in LOOK.items():
                norms = found["gradients"][f"{task}-{kind}"]
                ax.plot([-back for back in range(len(norms))], [norm / norms[-1] for norm in reversed(norms)], line,
                        color=colour, label=label)
            ax.xaxis.set_major_locator(MaxNLocator(4))
            ax.set(yscale="log", ylim=(1e-12, 30), title=f"{title}, {len(norms)} steps of "
                                                        f"{1e3 * found['dt'][f'{task}-dmp2']:g} ms")
        figure.supxlabel("steps before the last", fontsize=8)
        figure.supylabel("gradient, relative to the last step", fontsize=8)
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=2, title_fontsize=7,
                      title="ours, one seed each; loss on the last step alone")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, gradient_reach)
