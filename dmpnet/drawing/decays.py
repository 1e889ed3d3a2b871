"""Decays of the membrane: accuracies and traces of one neuron, side by side."""

from itertools import cycle
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet.disk import results
from dmpnet.drawing.inputs import arrays
from dmpnet.drawing.style import CLASSES, HIGHLIGHT, MUTED, STYLE


def decays(path: str | Path, traces: str | Path) -> Figure:
    """Linear decay: what it costs in accuracy, and how the same neuron's membrane differs under the same input.

    Reads results.json and traces.npz of `dmpnet decay`, which take one evaluation a variant to make (seconds each).
    """
    rows = results.read(path, {"rows": [{"decay": str, "accuracy %": float, "s.e.": float}]})["rows"]
    seen = arrays(traces, "u", "names", "neuron", "dt", "theta_u")
    names = [row["decay"] for row in rows]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
        accuracy, error = ([row[key] for row in rows] for key in ("accuracy %", "s.e."))
        left.errorbar(accuracy, range(len(rows)), xerr=error, fmt="o", color=HIGHLIGHT, ms=4)
        left.axvline(rows[0]["accuracy %"], color=MUTED, lw=0.8, zorder=0)
        left.set(yticks=range(len(rows)), yticklabels=names, xlabel="accuracy in Brian2 (%)",
                 ylim=(len(rows) - 0.5, -0.5))
        steps = min(seen["u"].shape[1], 60)
        theta_u = float(seen["theta_u"])
        start = apart(np.clip(seen["u"], -theta_u, theta_u), steps)
        time = (start + np.arange(steps)) * float(seen["dt"]) * 1e3
        lines = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
        for (name, u), colour, line in zip(zip(seen["names"], seen["u"], strict=True), cycle(CLASSES), cycle(lines),
                                           strict=False):
            right.plot(time, u[start : start + steps], ls=line, color=colour, label=str(name))
        right.axhline(theta_u, color="k", lw=0.6)
        right.annotate("threshold", (time[0], theta_u), va="bottom", fontsize=7)
        least = float(seen["u"][:, start : start + steps].min())
        low = max(-2.5 * theta_u, least - 0.1 * theta_u)
        right.set_ylim(low, 1.3 * theta_u)
        if least < low:
            right.annotate(f"below: down to {least:.3g}", (time[0], low), va="bottom", fontsize=7)
        right.set(xlabel="time (ms)", ylabel="membrane u after the reset (1)",
                  title=f"layer 1, neuron {int(seen['neuron'])}, where they differ most")
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def apart(u: np.ndarray, steps: int) -> int:
    """First of the `steps` in which membranes u (variants, T) lie farthest apart, on average."""
    between = np.concatenate([[0.0], np.cumsum(np.ptp(u, axis=0))])
    return int((between[steps:] - between[:-steps]).argmax())
