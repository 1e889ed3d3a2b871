"""Digits learned on a chip, traces by shifts: from 4 bits a weight on as well as in real numbers, written less often.

Reads analyses/results/learned_on_chip.json, made by analyses/learned_on_chip.py (ten minutes a line on a core).
python figures/learned_on_chip.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import intervals

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
SHOWN = (("real numbers", "black", "-"), ("8 bits", drawing.HIGHLIGHT, "-"), ("4 bits", drawing.SECOND, "--"),
         ("binary", drawing.MUTED, "-."))
NEAR = 10  # runs of 500 presentations that a curve is averaged over; the last, shorter one is left out
TESTED = 10_000  # images of the test set, where a run does not say how many

RUN = {"line": str, "settings": {"changed": [[(str, float)]], "chip": str, "decay": str}, "passes": int,
       "accuracy": float, "curve": [[float]]}


def learned_on_chip(path: Path = RESULTS / "learned_on_chip.json") -> Figure:
    """Accuracy against bits; against images seen; writes of a weight against bits."""
    runs = {run["line"]: run for run in results.read(path, {"runs": [RUN]})["runs"]}
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        by_bits, by_images, by_writes = figure.subplots(1, 3)
        accuracy(by_bits, runs)
        curves(by_images, runs)
        writes(by_writes, runs)
    return figure


def bits(run: dict[str, Any]) -> int:
    """Of a weight; the learning core has 8 unless told otherwise."""
    return int(dict(run["settings"]["changed"]).get("plasticity.w.bits", 8))


def on_chip(runs: dict[str, dict[str, Any]], decay: str) -> list[dict[str, Any]]:
    """Runs of one pass on the chip with traces of that decay, by bits."""
    found = [run for run in runs.values() if run["settings"]["chip"] and run["passes"] == 1
             and (run["settings"]["decay"] or "shift") == decay]
    return sorted(found, key=bits)


def accuracy(ax: Axes, runs: dict[str, dict[str, Any]]) -> None:
    """Of the test set, a line a kind of trace; real numbers as a line across."""
    for decay, colour, mark in (("shift", drawing.HIGHLIGHT, "o-"), ("linear", drawing.SECOND, "s--")):
        found, shift = on_chip(runs, decay), 0.12 if decay == "linear" else -0.12
        name = "traces by shifts" if decay == "shift" else "traces by lines"
        ax.plot([bits(run) + shift for run in found], [run["accuracy"] for run in found], mark[1:], color=colour,
                lw=0.8)
        for place, run in enumerate(found):
            marks.ours(ax, bits(run) + shift, run["accuracy"], ends(run), seeds=1, colour=colour,
                       marker=mark[0], label=None if place else name)
    if "real numbers" in runs:
        ax.axhspan(*ends(runs["real numbers"]), color=drawing.MUTED, alpha=0.5, lw=0)
        ax.axhline(runs["real numbers"]["accuracy"], color="black", lw=0.8, label="real numbers")
    ax.set(xlabel="bits of a weight", ylabel="test accuracy (%)", xticks=[1, 2, 4, 6, 8], title="a  one seed, 95 %")
    ax.legend()


def ends(run: dict[str, Any]) -> tuple[float, float]:
    """95 % interval of an accuracy over the images it was measured on."""
    tested = run.get("tested")
    return intervals.of_samples(run["accuracy"], tested if isinstance(tested, int) else TESTED)


def curves(ax: Axes, runs: dict[str, dict[str, Any]]) -> None:
    """Accuracy of the latest images, told before they were learned from, averaged over NEAR runs (a fifth of few)."""
    near = max(1, min([NEAR, *(len(runs[line]["curve"]) // 5 for line, *_ in SHOWN if line in runs)]))
    for line, colour, style in SHOWN:
        if line in runs:
            seen, right = whole(np.array(runs[line]["curve"])).T
            kernel = np.ones(near) / near
            ax.plot(seen[len(kernel) - 1:] / 1000, np.convolve(right, kernel, "valid"), style, color=colour, label=line,
                    marker="." if len(right) < 5 else "")
    ax.set(xlabel="digits seen (thousands)", ylabel="accuracy before\nthey were learned from (%)",
           title=f"b  means of {near} runs" if near > 1 else "b  each run")
    ax.legend()


def whole(curve: np.ndarray) -> np.ndarray:
    """(runs, 2) images seen and percent right, without a last run of fewer images: its mean is of fewer than others."""
    sizes = np.diff(curve[:, 0])
    return curve[:-1] if len(sizes) and sizes[-1] < 0.9 * np.median(sizes) else curve


def writes(ax: Axes, runs: dict[str, dict[str, Any]]) -> None:
    """Mean and most of a weight, in one pass."""
    found = on_chip(runs, "shift")
    for key, label, colour, mark in (("most", "most written", drawing.SECOND, "s--"),
                                     ("mean", "mean", drawing.HIGHLIGHT, "o-")):
        ax.plot([bits(run) for run in found], [run["writes"][key] for run in found], mark, color=colour, ms=4,
                label=label)
    ax.set(xlabel="bits of a weight", ylabel="writes of a weight\nin one pass", yscale="log", xticks=[1, 2, 4, 6, 8],
           title="c  wear")
    ax.legend()


if __name__ == "__main__":
    drawing.script(__doc__, learned_on_chip)
