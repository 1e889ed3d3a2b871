"""Schematics: boxes with words in them and arrows between, on axes without ticks."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

Place = tuple[float, float]


def sheet(ax: Axes, width: float, height: float) -> None:
    """An empty sheet, equal in both directions."""
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.set_axis_off()


def box(ax: Axes, at: Place, size: Place, words: str, colour: str = "k", fill: str = "white") -> None:
    """A box with its middle in `at`; the first line of its words is bold."""
    ax.add_patch(FancyBboxPatch((at[0] - size[0] / 2, at[1] - size[1] / 2), *size, boxstyle="round,pad=0.1",
                                edgecolor=colour, facecolor=fill, linewidth=1.0, zorder=2))
    name, *rest = words.split("\n")
    lines = 0.5 * len(rest)
    ax.annotate(name, (at[0], at[1]), (0, 8 * lines), textcoords="offset points", ha="center", va="center",
                fontsize=7.5, fontweight="bold", zorder=3)
    if rest:
        ax.annotate("\n".join(rest), at, (0, -5), textcoords="offset points", ha="center", va="center", fontsize=6.5,
                    zorder=3, linespacing=1.15)


def arrow(ax: Axes, places: Sequence[Place], words: str = "", colour: str = "k", beside: Place = (0, 4),
          dashed: bool = False) -> None:
    """An arrow along `places`; its words beside the middle of its first piece, `beside` in points."""
    for start, end in zip(places[:-2], places[1:-1], strict=True):
        ax.plot(*zip(start, end, strict=True), color=colour, lw=1.0, ls="--" if dashed else "-", zorder=1,
                solid_capstyle="butt")
    ax.annotate("", places[-1], places[-2], arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.0,
                                                        "shrinkA": 0, "shrinkB": 0,
                                                        "linestyle": "--" if dashed else "-"}, zorder=1)
    middle = ((places[0][0] + places[1][0]) / 2, (places[0][1] + places[1][1]) / 2)
    ax.annotate(words, middle, beside, textcoords="offset points", fontsize=6.5, color=colour, va="center",
                ha="center" if not beside[0] else "left" if beside[0] > 0 else "right")
