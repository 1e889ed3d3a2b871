"""Spike integration is the largest part of a step; events in place of all inputs, then fusion, save most [our model].

Reads analyses/results/core_costs.json, made by analyses/core_costs.py (seconds). Energy and cycles are of our model, on
the spikes of a shipped network; crosses are what Sun et al. 2026 print of their post-layout simulation (d: their
extended data figure 5).
python figures/core_costs.py STEM
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

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
PRICES = {"one bank": "one bank", "bank a lane": "a bank a lane",
          "bank a lane, free registers": "a bank a lane,\nfree registers"}
COLOURS = dict(zip(PRICES, (drawing.HIGHLIGHT, "#56B4E9", drawing.MUTED), strict=True))
PATHS = {"spike": "spikes", "memory": "memory", "update": "update", "output": "neurons, output"}
CASES = {"without fusion": "no fusion", "without stationarity": "no stationarity", "without either": "neither",
         "without dependency breaking": "dependency\nunbroken", "dense integration": "dense\nspikes"}
SHAPE = {"breakdown": {price: {path: float for path in PATHS} for price in PRICES},
         "ablations": [{"case": str, "energy": {price: float for price in PRICES}, "cycles": {"slowest layer": float}}],
         "paper": [{"quantity": str, "paper": (float, None)}]}
SCALED = ("energy", "spike", "memory", "update", "output")


def core_costs(path: Path = RESULTS / "core_costs.json") -> Figure:
    """Energy of a step by path, what each ablation costs, and twice the neurons, ours beside the paper's points."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        parts = figure.subplot_mosaic([["parts", "energy", "energy"], ["cycles", "scaled", "scaled"]],
                                      width_ratios=(1, 1, 0.7))
        breakdown(parts["parts"], found)
        energy(parts["energy"], found)
        cycles(parts["cycles"], found)
        scaled(parts["scaled"], found)
        handles, labels = parts["scaled"].get_legend_handles_labels()
        figure.legend(handles, labels, ncol=4, loc="outside lower center")
    return figure


def breakdown(ax: Axes, found: dict[str, Any]) -> None:
    """pJ of a step, path upon path, a bar a price."""
    shades = ("#009E73", "#E69F00", "k", "#CC79A7")  # of Okabe-Ito, apart from those of the prices
    bottom = np.zeros(len(PRICES))
    for (path, label), colour, hatch in zip(PATHS.items(), shades, ("", "///", "", "..."), strict=True):
        nanojoules = np.array([found["breakdown"][price][path] for price in PRICES]) / 1e3
        ax.bar(range(len(PRICES)), nanojoules, 0.6, bottom=bottom, color=colour, label=label, hatch=hatch,
               edgecolor="white", linewidth=0)
        bottom += nanojoules
    ax.set(ylabel="energy of a step (nJ)", ylim=(0, 1.45 * bottom.max()), title="a  energy by path, our model")
    ax.set_xticks(range(len(PRICES)), list(PRICES.values()), fontsize=6.5)
    ax.legend(ncol=2, loc="upper right", handlelength=1.0, columnspacing=1.0)


def bars(ax: Axes, rows: list[dict[str, float]], labels: list[str]) -> None:
    """A group of bars a row, one a price, ratios over 1."""
    for place, (price, hatch) in enumerate(zip(PRICES, ("", "///", "..."), strict=True)):
        ax.bar(np.arange(len(rows)) + 0.26 * (place - 1), [row[price] for row in rows], 0.24, color=COLOURS[price],
               label=PRICES[price].replace("\n", " "), hatch=hatch, edgecolor="white", linewidth=0)
    ax.axhline(1, color="k", linewidth=0.6)
    ax.set_xticks(range(len(rows)), labels, fontsize=6.5)


def cross(ax: Axes, place: float, value: float, label: str = "") -> None:
    """A ratio that the paper prints."""
    marks.published(ax, place, value, label or None)
    ax.lines[-1].set_zorder(5)  # over the bars


def energy(ax: Axes, found: dict[str, Any]) -> None:
    """Energy of the ablations over the whole core."""
    cases = {case["case"]: case["energy"] for case in found["ablations"]}
    bars(ax, [cases[name] for name in CASES], list(CASES.values()))
    cross(ax, list(CASES).index("without either"), row(found, "energy without fusion and stationarity")["paper"])
    ax.set(ylabel="energy over the whole core", title="b  what is taken away, energy")


def cycles(ax: Axes, found: dict[str, Any]) -> None:
    """Cycles of the ablations over the whole core, in the slowest layer."""
    cases = {case["case"]: case["cycles"]["slowest layer"] for case in found["ablations"]}
    names = [name for name in CASES if name != "dense integration"]
    ax.bar(range(len(names)), [cases[name] for name in names], 0.6, color=drawing.HIGHLIGHT)
    ax.axhline(1, color="k", linewidth=0.6)
    ax.set_xticks(range(len(names)), [CASES[name].replace(" ", "\n") for name in names], fontsize=6.5)
    ax.set(ylabel="cycles over the whole core", title="c  what is taken away, cycles",
           xlabel=f"dense spikes (not drawn): {cases['dense integration']:.1f}")


def scaled(ax: Axes, found: dict[str, Any]) -> None:
    """Twice the neurons, inputs and events, four times the lanes: energy by path, over the core as it is."""
    rows = [row(found, f"N 256, twice the inputs: {path}") for path in SCALED]
    bars(ax, rows, ["all", *PATHS.values()])
    for place, line in enumerate(rows):
        cross(ax, place, line["paper"], "" if place else "published")
    ax.set(ylabel="energy over N = 128", title="d  N = 256, twice the inputs, four times the lanes")


def row(found: dict[str, Any], quantity: str) -> dict[str, Any]:
    """The line of a quantity in the table beside the paper."""
    return next(line for line in found["paper"] if line["quantity"] == quantity)


if __name__ == "__main__":
    drawing.script(__doc__, core_costs)
