"""On a chip the window of STDP stays, in the mean; fewer bits write cells less often, and the weights follow less.

Reads analyses/results/on_chip_stdp.json, made by analyses/on_chip_stdp.py (some minutes): windows of pair-nearest, and
what it did on spikes of real recordings, in steps of 10 ms. Energy is of our model.
python figures/on_chip_stdp.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LOOK = {"8 bits, shift": ("o", drawing.HIGHLIGHT), "8 bits, linear": ("s", drawing.SECOND),
        "8 bits, by rows": ("^", "#009E73")}
PATHS = {"weights": (drawing.HIGHLIGHT, ""), "traces": (drawing.SECOND, "///"), "random": (drawing.MUTED, "...")}

SHAPE = {"windows": {name: {"dt": [float], "dw": [float]} for name in ("real numbers", *LOOK)},
         "runs": {str: {"wear": {"mean": float, "most": float}, "error": float,
                        "energy": {f"pJ a step, {path}": float for path in PATHS}}}}


def on_chip_stdp(path: Path = RESULTS / "on_chip_stdp.json") -> Figure:
    """Windows, writes per synapse, energy of a step and how well the weights follow those in real numbers."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        (left, wear), (energy, error) = figure.subplots(2, 2)
        window(left, found["windows"])
        names = list(found["runs"])
        runs = [found["runs"][name] for name in names]
        dots(wear, names, {"mean": [run["wear"]["mean"] for run in runs],
                           "most written": [run["wear"]["most"] for run in runs]})
        wear.set(xlabel="writes of a synapse", title="b  wear")
        stacked(energy, names, runs)
        dots(error, names, {"": [run["error"] for run in runs]})
        error.set(xlabel="r.m.s. difference of weights (1)", title="d  from weights in real numbers", xlim=(0.005, 1))
    return figure


def window(ax: Axes, windows: dict[str, Any]) -> None:
    """Mean changes against the distance of two spikes."""
    ax.axhline(0, color=drawing.MUTED, lw=0.6)
    ax.plot(1e3 * np.array(windows["real numbers"]["dt"]), windows["real numbers"]["dw"], "k-", lw=0.8,
            label="real numbers")
    for name, (marker, colour) in LOOK.items():
        ax.plot(1e3 * np.array(windows[name]["dt"]), windows[name]["dw"], marker, ms=1.8, color=colour, label=name)
    ax.set(xlabel="$t_{post} - t_{pre}$ (ms)", ylabel="mean weight change (1)", title="a  window, mean of synapses")
    ax.legend(markerscale=1.6, handletextpad=0.3, loc="lower right", fontsize=6.5)


def dots(ax: Axes, names: list[str], values: dict[str, list[float]]) -> None:
    """Points on a logarithmic axis, a line a case from the top down."""
    for (label, points), look in zip(values.items(), (("o", drawing.HIGHLIGHT), ("D", drawing.SECOND)), strict=False):
        ax.plot(points, np.arange(len(names)), look[0], ms=4, color=look[1], label=label)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("")
    ax.set_yticks(np.arange(len(names)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", color=drawing.MUTED, linewidth=0.3)
    if len(values) > 1:
        ax.legend(loc="lower left", frameon=True, edgecolor="none", framealpha=1)


def stacked(ax: Axes, names: list[str], runs: list[dict[str, Any]]) -> None:
    """Energy of a step, path by path."""
    start = np.zeros(len(names))
    for path, (colour, hatch) in PATHS.items():
        part = np.array([run["energy"][f"pJ a step, {path}"] for run in runs]) / 1e3
        ax.barh(np.arange(len(names)), part, left=start, height=0.6, color=colour, label=path, hatch=hatch,
                edgecolor="white", linewidth=0)
        start += part
    ax.set_yticks(np.arange(len(names)), names)
    ax.invert_yaxis()
    ax.set(xlabel="energy of learning a step (nJ)", title="c  energy, our model")
    ax.legend()


if __name__ == "__main__":
    drawing.script(__doc__, on_chip_stdp)
