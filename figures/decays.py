"""Membranes that leak by subtraction lose little where they stop at a floor, and next to nothing once trained on.

Reads analyses/results/decays.json, made by analyses/decays.py from the shipped networks. All points are ours; the
paper on linear decay (Shang et al. 2026) states a loss of "around 1 %" and no accuracies.
python figures/decays.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.errors import about
from dmpnet.results.losses import losses

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
TITLES = {"smnist": "S-MNIST", "shd-regen": "shd-regen", "nmnist": "nmnist"}
LOOK = {"dmp2": ("DMP II", drawing.HIGHLIGHT, "o", -0.12), "fsnn": ("FSNN", drawing.SECOND, "s", 0.12)}
LINES = {"linear, no floor": "linear, swapped,\nno floor", "linear, chosen": "linear, swapped,\nfloor",
         "exponential, floor": "exponential,\nfloor", "bit shift, nearest": "bit shift,\nswapped",
         "linear, retrained": "linear, trained on,\nagainst exponential\ntrained on as long"}
"""Decays from top to bottom, and what they are called."""
NARROW = 2.0
"""Points up to which the axis is even; beyond, logarithmic."""


def decays(path: Path = RESULTS / "decays.json") -> Figure:
    """Points lost with 95 % intervals of the paired difference, a panel a data set; hollow: one seed."""
    whole = {"row": str, "decay": str, "seed": int, "part": str, "right": dict, "spikes": float, "mismatched": int}
    runs = results.read(path, {"runs": [whole]})["runs"]
    with about(str(path)):
        found = {(line["row"], line["decay"]): line for line in losses(runs)}
    shown = [data for data in TITLES if any(run["row"].startswith(f"{data}-") for run in runs)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(1.2 + 1.95 * len(shown), 3.2), layout="constrained")
        for ax, data in zip(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown, strict=True):
            for kind, look in LOOK.items():
                _points(ax, look, [found.get((f"{data}-{kind}", decay)) for decay in LINES])
            ax.axvline(0, color=drawing.MUTED, lw=0.8, zorder=0)
            ax.axvspan(-NARROW, NARROW, color=drawing.MUTED, alpha=0.12, lw=0, zorder=0)
            ax.set_xscale("symlog", linthresh=NARROW, linscale=1.5)
            ax.set(title=TITLES[data], xlabel="points lost", xlim=(-10, 100), xticks=(-2, -1, 0, 1, 2, 10, 50),
                   xticklabels=("-2", "", "0", "", "2", "10", "50"), ylim=(len(LINES) - 0.5, -0.5))
            ax.grid(axis="y", color=drawing.MUTED, lw=0.3)
        ax.set_yticks(range(len(LINES)), LINES.values())
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=2,
                      title="shaded: axis even within 2 points, logarithmic beyond; hollow: one seed", title_fontsize=6)
    return figure


def _points(ax: Any, look: tuple[str, str, str, float], lines: list[dict[str, Any] | None]) -> None:
    """One kind of network: a point a decay, filled where it is of several seeds."""
    label, colour, marker, apart = look
    named = False
    for place, line in enumerate(lines):
        if line is not None:
            ax.errorbar(line["lost"], place + apart, xerr=[[line["lost"] - line["low"]], [line["high"] - line["lost"]]],
                        fmt=marker, color=colour, ms=4, lw=1, mfc=colour if line["seeds"] > 1 else "white",
                        label=None if named else label)
            named = True


if __name__ == "__main__":
    drawing.script(__doc__, decays)
