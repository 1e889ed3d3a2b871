"""What every figure marks alike: published points, ours with their intervals, single seeds, broken axes, errors.

A black cross is published, in every figure and nothing else is; ours are dots of a colour and a shape, with 95 %
intervals, hollow where they are of one seed, on top of the crosses, whose arms reach beyond them.
"""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import NullLocator

from dmpnet.drawing.style import SECOND

PUBLISHED: dict[str, Any] = {"marker": "x", "color": "k", "ms": 6.5, "mew": 1.1, "ls": "", "zorder": 2}
ROOM = 0.22
"""Inches below a figure for what it is a small version of."""
SEEDS = "hollow: one seed"


def published(ax: Axes, x: Any, y: Any, label: str | None = None) -> None:
    """Points that somebody printed."""
    ax.plot(x, y, label=label, **PUBLISHED)


def published_handle(label: str = "published") -> Line2D:
    """For a legend."""
    return Line2D([], [], label=label, **PUBLISHED)


def handle(colour: str, marker: str, label: str) -> Line2D:
    """Of ours, for a legend."""
    return Line2D([], [], color=colour, marker=marker, ls="", ms=4, label=label)


def ours(ax: Axes, x: float, y: float, ends: Sequence[float] | None = None, *, seeds: int = 2, colour: str,
         marker: str = "o", across: bool = False, label: str | None = None) -> None:
    """A mean of ours with its interval.

    ends : of the interval, low and high, None where there is none;  across : it is of x
    seeds : of how many it is the mean
    """
    value = x if across else y
    spread = None if ends is None else np.abs(np.array([[ends[0]], [ends[1]]]) - value)
    ax.errorbar(x, y, xerr=spread if across else None, yerr=None if across else spread, fmt=marker, color=colour, ms=4,
                lw=1, mfc=colour if seeds > 1 else "white", zorder=3, label=label)


def quick(figure: Figure, names: Sequence[str]) -> None:
    """A line above a figure of small versions of results, in room of its own; no accuracy of it is of a test set."""
    for text in figure.findobj(Text):
        text.set_text(text.get_text().replace("test accuracy", "accuracy"))
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + ROOM)
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):
        layout.set(rect=(0, 0, 1, height / (height + ROOM)))
    told = f"quick version, of few samples and one seed, no test set: {', '.join(names)}"
    figure.text(0.005, 1 - 0.02 / (height + ROOM), "\n".join(textwrap.wrap(told, round(24 * width))), fontsize=6,
                color=SECOND, va="top")


def reaching(ends: tuple[float, float], values: Iterable[float]) -> tuple[float, float]:
    """Ends of an axis: these, or as far as the values lie, with a twentieth of room."""
    there = [value for value in values if np.isfinite(value)]
    low, high = min([ends[0], *there]), max([ends[1], *there])
    room = 0.05 * (high - low)
    return low - room * (low < ends[0]), high + room * (high > ends[1])


def in_errors(ax: Axes, ticks: Sequence[float], which: str = "y") -> None:
    """An axis of percent on which errors, 100 less it, are logarithmic: 98 to 99 takes as much room as 80 to 90."""
    def forward(percent: Any) -> Any:
        return -np.log10(np.maximum(100 - np.asarray(percent, float), 1e-3))

    def inverse(place: Any) -> Any:
        return 100 - 10 ** -np.asarray(place, float)

    axis = ax.yaxis if which == "y" else ax.xaxis
    (ax.set_yscale if which == "y" else ax.set_xscale)("function", functions=(forward, inverse))
    axis.set_ticks(list(ticks), [f"{tick:g}" for tick in ticks])
    axis.set_minor_locator(NullLocator())


def broken(first: Axes, second: Axes, along: str = "x") -> None:
    """Two axes side by side (x), or one above the other (y, `first` below), as one that is broken: two strokes."""
    if along == "x":
        first.spines["right"].set_visible(False)
        second.spines["left"].set_visible(False)
        second.tick_params(axis="y", left=False, labelleft=False)
        places, stroke = ((first, 1, 0), (second, 0, 0)), ((-1, -2), (1, 2))
    else:
        second.spines["bottom"].set_visible(False)
        second.tick_params(axis="x", bottom=False, labelbottom=False)
        places, stroke = ((first, 0, 1), (second, 0, 0)), ((-2, -1), (2, 1))
    for ax, x, y in places:
        ax.plot([x], [y], transform=ax.transAxes, marker=stroke, ms=7, color="k", mew=0.8, clip_on=False, ls="",
                zorder=10)
