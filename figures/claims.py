"""By our model two of five printed claims hold, one does not, and two hang on what nobody published.

Reads analyses/results/cores.json, made by `dmpnet cores shd-regen-dmp2` (seconds once the spikes are there): medians
and the 5th to the 95th of 100 draws of what is not published. Claims are those of Sun et al. 2026, of a post-layout
simulation. python figures/claims.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import published

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LOOK = {"inside": (drawing.HIGHLIGHT, "o"), "undecidable": ("0.45", "D"), "outside": (drawing.SECOND, "s")}
KEYS = ("throughput", "energy", "milliseconds", "dram-percent", "fewer-percent")
"""Of the claims in published.toml, in the order in which `dmpnet cores` judges them."""
SHAPE = {"claims": [{"claim": str, "verdict": str, "unit": str, "median": float, "low": float, "high": float}]}


def claims(path: Path = RESULTS / "cores.json") -> Figure:
    """A panel a claim, each in its unit: what is claimed shaded, ours as a band."""
    found = results.read(path, SHAPE)["claims"]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(5.6, 0.62 * len(found) + 0.5), layout="constrained")
        for ax, line, key in zip(figure.subplots(len(found), 1), found, KEYS, strict=True):
            panel(ax, line, published.of("claims")[key])
        handles = [marks.handle(colour, marker, f"ours: {name}") for name, (colour, marker) in LOOK.items()]
        figure.legend(handles=[*handles, marks.published_handle("published; shaded: what it allows")],
                      loc="outside lower center", ncols=4, columnspacing=0.8)
    return figure


def panel(ax: Axes, line: dict[str, Any], said: Any) -> None:
    """One claim."""
    colour, marker = LOOK[line["verdict"]]
    ends = said if isinstance(said, list) else [said]
    most = 1.15 * max(line["high"], *ends) if "%" not in line["unit"] else 103
    least = 0.0 if "%" not in line["unit"] or "fewer" in line["claim"] else 60.0
    one = (least, said) if line["claim"].startswith("<") else (said, most)
    allowed = tuple(said) if isinstance(said, list) else one
    ax.axvspan(*allowed, color="0.88", lw=0, zorder=0)
    marks.published(ax, ends, [0] * len(ends))
    marks.ours(ax, line["median"], 0, (line["low"], line["high"]), colour=colour, marker=marker, across=True)
    ax.set(xlim=(least, most), yticks=[0], yticklabels=[line["claim"]], ylim=(-1, 1))
    ax.annotate(line["unit"], (1, 0.02), xycoords="axes fraction", ha="right", va="bottom", fontsize=6)
    ax.tick_params(axis="x", labelsize=7, pad=1)


if __name__ == "__main__":
    drawing.script(__doc__, claims)
