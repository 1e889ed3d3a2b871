"""Designs of a network and its chip: what they cost, and how well they classify."""

from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from dmpnet.disk import results
from dmpnet.drawing.style import CLASSES, MUTED, STYLE
from dmpnet.results import pareto

DESIGNS = {"budget": int, "points": [{"d": int, "N": int, "W_f": int, "P": int, "m": int, "bytes": int, "nJ": float,
                                      "accuracy": float}],
           "fronts": {name: {"front": [int]} for name in ("bytes", "nJ")}}
"""Results of `dmpnet codesign`."""


def codesign(path: str | Path) -> Figure:
    """Designs by what they cost and still classify: bytes on the left, energy on the right; fronts, and what to take.

    What to take is the cheapest that is about as good as the best within the budget: a knee of the front would be
    wherever much is gained for little, also among designs that hardly classify.

    Reads results.json of `dmpnet codesign` (minutes of training).
    """
    designs = results.read(path, DESIGNS)
    points, budget = designs["points"], designs["budget"]
    bits = list(dict.fromkeys((point["W_f"], point["P"], point["m"]) for point in points))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 3.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (name, label) in zip(axes, {"bytes": "memory of all cores (kB)",
                                            "nJ": "energy of an inference, our model (nJ)"}.items(), strict=True):
            scale = 1e-3 if name == "bytes" else 1.0
            for choice, colour, mark in zip(bits, cycle(CLASSES), cycle("osD^v<>"), strict=False):
                mine = [point for point in points if (point["W_f"], point["P"], point["m"]) == choice]
                ax.plot([scale * point[name] for point in mine], [100 * point["accuracy"] for point in mine], mark,
                        color=colour, ms=4, label="W_f {}, P {}, m {} bits".format(*choice))
            front = [points[place] for place in designs["fronts"][name]["front"]]
            ax.step([scale * point[name] for point in front], [100 * point["accuracy"] for point in front], "-",
                    where="post", color=MUTED, zorder=0, label="front")
            named(ax, name, scale, points, budget)
            ax.set(xscale="log", xlabel=label)
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "246" else "")
            ax.tick_params(axis="x", which="both", length=3, pad=3)
        axes[0].axvline(1e-3 * budget, color="k", lw=0.6, ls=":", label=f"budget, {budget / 1e3:g} kB")
        axes[0].set(ylabel="accuracy of the integers,\nvalidation part (%)")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def named(ax: Axes, cost: str, scale: float, points: list[dict[str, Any]], budget: int) -> None:
    """Marks the cheapest design that is about as good as the best within the budget, and that one."""
    for point, mark, size, what, offset, side, level in (
            (pareto.enough(points, budget, cost), "o", 10, "cheapest of those within 2 s.e. of it", (-8, 4), "right",
             "bottom"),
            (pareto.best(points, budget), "s", 12, "most accurate within the budget", (9, -8), "left", "top")):
        if point is not None:
            at = scale * point[cost], 100 * point["accuracy"]
            ax.plot(*at, mark, ms=size, mfc="none", color="k", label=what)
            ax.annotate(f"d {point['d']}, N {point['N']},\n{point['W_f']} bits", at, offset, textcoords="offset points",
                        ha=side, va=level, fontsize=7, path_effects=[withStroke(linewidth=2, foreground="white")])
