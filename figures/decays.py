"""DMP networks that leak by subtraction lose little where membranes stop at a floor, and next to nothing trained on.

Reads analyses/results/decays.json, made by analyses/decays.py from the shipped networks. All points are ours; the
paper on linear decay (Shang et al. 2026) states a loss of "around 1 %" and no accuracies.
python figures/decays.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.errors import about
from dmpnet.results.losses import losses

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
TITLES = {"smnist": "S-MNIST", "shd-regen": "shd-regen", "nmnist": "nmnist"}
LOOK = {"dmp2": ("DMP II", drawing.HIGHLIGHT, "o", -0.12), "fsnn": ("FSNN", drawing.SECOND, "s", 0.12)}
LINES = {"linear, no floor": "linear, swapped,\nno floor", "linear, chosen": "linear, swapped,\nfloor",
         "exponential, floor": "exponential,\nfloor", "bit shift, nearest": "bit shift,\nswapped",
         "linear, retrained": "linear, trained on,\nagainst exponential\ntrained on as long"}
"""Decays from top to bottom, and what they are called."""
NEAR = (-2.5, 3.5)
"""Points lost of the wide part of the axis; the narrow one begins where that ends, and is denser. An interval that
begins below ends in a wedge and its number."""


def decays(path: Path = RESULTS / "decays.json") -> Figure:
    """Points lost with 95 % intervals of the paired difference, a pair of panels a data set; hollow: one seed."""
    whole = {"row": str, "decay": str, "seed": int, "part": str, "right": dict, "spikes": float, "mismatched": int}
    runs = results.read(path, {"runs": [whole]})["runs"]
    with about(str(path)):
        found = {(line["row"], line["decay"]): line for line in losses(runs)}
    shown = [data for data in TITLES if any(run["row"].startswith(f"{data}-") for run in runs)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        all_axes = figure.subplots(1, 2 * len(shown), sharey=True, squeeze=False, width_ratios=[2.4, 1] * len(shown))[0]
        for place, data in enumerate(shown):
            near, far = all_axes[2 * place:2 * place + 2]
            lines = [(look, decay, found.get((f"{data}-{kind}", name))) for kind, look in LOOK.items()
                     for decay, name in enumerate(LINES)]
            most = np.nanmax([NEAR[1], *(line["high"] for _, _, line in lines if line)])  # nan: every answer the same
            left = marks.reaching(NEAR, [line["lost"] for _, _, line in lines if line])[0]
            panel(near, far, lines, left)
            near.set(title=TITLES[data], xlabel="points lost", xlim=(left, NEAR[1]))
            far.set(xlim=(NEAR[1], max(float(1.05 * most), 15.0)), xlabel="(denser)")
            marks.broken(near, far)
        all_axes[0].set_yticks(range(len(LINES)), LINES.values())
        all_axes[0].set_ylim(len(LINES) - 0.5, -0.5)
        handles = [Line2D([], [], color=colour, marker=marker, ms=4, lw=1, label=label)
                   for label, colour, marker, _ in LOOK.values()]
        figure.legend(handles=handles, loc="outside lower right", ncols=2, title_fontsize=7,
                      title="ours, 95 % of the paired difference; hollow: one seed; wedge: goes on to "
                            f"the number; axes broken at {NEAR[1]:g} points")
    return figure


def panel(near: Axes, far: Axes, lines: list[tuple[Any, int, dict[str, Any] | None]], left: float) -> None:
    """Both parts of a broken axis that begins at `left`: a point in that which it lies in, its interval in both."""
    for (_, colour, marker, apart), decay, line in lines:
        if line is not None:
            within, beyond = (near, far) if line["lost"] <= NEAR[1] else (far, near)
            marks.ours(within, line["lost"], decay + apart, (line["low"], line["high"]), seeds=line["seeds"],
                       colour=colour, marker=marker, across=True)
            beyond.plot([line["low"], line["high"]], [decay + apart] * 2, color=colour, lw=1)
            if line["low"] < left:
                near.plot(left, decay + apart, "<", color=colour, ms=4, clip_on=False)
                near.annotate(f"{line['low']:.1f}", (left, decay + apart), (4, -2), textcoords="offset points",
                              color=colour, fontsize=6.5, va="top")
    for ax in (near, far):
        ax.axvline(0, color=drawing.MUTED, lw=0.8, zorder=0)
        ax.grid(axis="y", color=drawing.MUTED, lw=0.3)
        ax.set_axisbelow(True)


if __name__ == "__main__":
    drawing.script(__doc__, decays)
