"""Decays of the membrane: accuracies and traces of one neuron, side by side."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmpnet.disk import results
from dmpnet.drawing.inputs import arrays
from dmpnet.drawing.style import HIGHLIGHT, MUTED, STYLE

TRAINED: dict[str, Any] = {"color": MUTED, "lw": 2.2}
SWAPPED: dict[str, Any] = {"color": HIGHLIGHT, "lw": 0.9}
THRESHOLD: dict[str, Any] = {"color": "k", "lw": 0.6, "ls": ":"}


def decays(path: str | Path, traces: str | Path) -> Figure:
    """What each decay costs in accuracy, and how the same neuron's membrane u differs under the same input; a row each.

    Reads results.json and traces.npz of `dmpnet decay`, which take one evaluation a variant to make (seconds each).
    """
    rows = results.read(path, {"rows": [{"decay": str, "accuracy %": float, "s.e.": float}]})["rows"]
    seen = arrays(traces, "u", "names", "neuron", "dt", "theta_u")
    steps, theta_u = min(seen["u"].shape[1], 60), float(seen["theta_u"])
    start = apart(np.clip(seen["u"], -theta_u, theta_u), steps)
    shown = dict(zip(map(str, seen["names"]), seen["u"][:, start : start + steps], strict=True))
    time = (start + np.arange(steps)) * float(seen["dt"]) * 1e3
    ends = max(-2.5 * theta_u, min(u.min() for u in shown.values()) - 0.1 * theta_u), 1.2 * theta_u
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 0.7 + 0.55 * len(rows)), layout="constrained")
        axes = figure.subplots(len(rows), 2, sharex="col", squeeze=False, width_ratios=(1, 1.7))
        for (left, right), row in zip(axes, rows, strict=True):
            left.errorbar(row["accuracy %"], 0, xerr=row["s.e."], fmt="o", color=HIGHLIGHT, ms=4)
            left.axvline(rows[0]["accuracy %"], color=MUTED, lw=0.8, zorder=0)
            left.set(yticks=[0], yticklabels=[row["decay"]], ylim=(-1, 1))
            if row["decay"] in shown:
                traced(right, time, shown[row["decay"]], next(iter(shown.values())), theta_u, ends)
            for ax in (left, right):
                ax.spines["bottom"].set_visible(row is rows[-1])
                ax.tick_params(axis="x", bottom=row is rows[-1])
            left.spines["left"].set_visible(False)
            left.tick_params(axis="y", length=0)
        axes[-1, 0].set_xlabel("accuracy in Brian2 (%)")
        axes[-1, 1].set_xlabel("time (ms)")
        axes[0, 0].set_title("bars: standard error")
        axes[0, 1].set_title(f"u after the reset (1), layer 1, neuron {int(seen['neuron'])}: differs most")
        figure.legend(handles=[Line2D([], [], label=label, **look) for label, look in {
            next(iter(shown)): TRAINED, "the decay of the row": SWAPPED, "threshold": THRESHOLD}.items()],
            loc="outside lower center", ncols=3)
    return figure


def traced(ax: Axes, time: np.ndarray, u: np.ndarray, trained: np.ndarray, theta_u: float,
           ends: tuple[float, float]) -> None:
    """Membrane u (T,) of a variant over the one as trained; what lies below the axis is told."""
    ax.plot(time, trained, **TRAINED)
    ax.plot(time, u, **SWAPPED)
    ax.axhline(theta_u, **THRESHOLD)
    ax.set(ylim=ends, yticks=[0, theta_u])
    if u.min() < ends[0]:
        ax.annotate(f"down to {u.min():.3g}", (time[0], ends[0]), va="bottom", fontsize=6.5)


def apart(u: np.ndarray, steps: int) -> int:
    """First of the `steps` in which membranes u (variants, T) lie farthest apart, on average."""
    between = np.concatenate([[0.0], np.cumsum(np.ptp(u, axis=0))])
    return int((between[steps:] - between[:-steps]).argmax())
