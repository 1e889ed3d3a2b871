"""On the same spikes the DMP core takes the least energy on the chip; which is fastest hangs on what is assumed [ours].

Reads analyses/results/cores.json, made by `dmpnet cores shd-regen-dmp2` (seconds once the spikes are there). All are
models of ours: no core here is the chip it is named after. Points are medians, bars the 5th to the 95th percentile of
draws of what nobody published. After Sun et al. 2026, figures 4b to 4d.
python figures/cores.py STEM
"""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
CORES = {"dmp": "DMP core", "elfcore_like": "ElfCore-like", "recurrent": "recurrent\n(ReckOn's kind)",
         "delays": "delays\n(Loihi 2's kind)", "dense": "dense\n(GPU's kind)"}
PATHS = {"spike": (drawing.HIGHLIGHT, "o"), "memory": (drawing.SECOND, "s"), "update": ("#009E73", "^"),
         "output": ("0.55", "v")}
BAND = {"median": float, "low": float, "high": float}
SHAPE = {"clock": float, "time": {name: {"times real time": BAND} for name in CORES},
         "energy": {name: {path: BAND for path in (*PATHS, "on chip", "off chip")} for name in CORES},
         "over ours": {name: {"area": BAND} for name in CORES if name != "dmp"}}


def cores(path: Path = RESULTS / "cores.json") -> Figure:
    """Acceleration over real time, energy of a step by path, area over the DMP core."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.3), layout="constrained")
        time, energy, area = figure.subplots(1, 3, sharey=True)
        bands(time, [found["time"][name]["times real time"] for name in CORES])
        time.set(xscale="log", xlabel="times real time", title=f"a (4b)  speed at {found['clock'] / 1e6:g} MHz")
        time.set_yticks(range(len(CORES)), list(CORES.values()), fontsize=7)
        time.invert_yaxis()
        paths(energy, [found["energy"][name] for name in CORES])
        energy.set(xscale="log", xlabel="energy of a step (nJ)", title="b (4c)  energy")
        figure.legend(*energy.get_legend_handles_labels(), ncol=6, fontsize=7, loc="outside lower right",
                      columnspacing=1)
        ours = {"median": 1.0, "low": 1.0, "high": 1.0}
        bands(area, [found["over ours"].get(name, {"area": ours})["area"] for name in CORES])
        area.set(xscale="log", xlabel="area over the DMP core", title="c (4d)  SRAM and arithmetic")
        for axis in (time, energy, area):
            axis.xaxis.set_major_formatter("{x:g}")
            axis.grid(axis="y", color=drawing.MUTED, linewidth=0.3)
            axis.set_axisbelow(True)
    return figure


def bands(ax: Axes, lines: list[dict[str, float]], colour: str = "k", shift: float = 0.0, label: str = "") -> None:
    """Median and band, a row a core."""
    for place, line in enumerate(lines):
        ax.plot((line["low"], line["high"]), (place + shift,) * 2, color=colour, linewidth=1.5)
        ax.plot(line["median"], place + shift, "o", color=colour, markersize=4, label=label if not place else None)


def paths(ax: Axes, lines: list[dict[str, Any]]) -> None:
    """Paths that take energy, and all on the chip, one below the other; a hollow wedge at most off the chip."""
    for row, (name, (colour, mark)) in enumerate(PATHS.items()):
        for place, line in enumerate(lines):
            if line[name]["high"] > 0:
                bands_of_one(ax, line[name], place - 0.33 + 0.13 * row, colour, name if not place else "", mark)
    for place, line in enumerate(lines):
        bands_of_one(ax, line["on chip"], place + 0.18, "k", "all on the chip" if not place else "", "D")
        if line["off chip"]["high"] > 0:
            ax.plot(line["off chip"]["high"], place + 0.33, ">", color="k", mfc="white", markersize=4,
                    label="off the chip, 95th" if not place else None)


def bands_of_one(ax: Axes, line: dict[str, float], place: float, colour: str, label: str, mark: str = "o") -> None:
    ax.plot((line["low"], line["high"]), (place,) * 2, color=colour, linewidth=1)
    ax.plot(line["median"], place, mark, color=colour, markersize=3, label=label or None)


if __name__ == "__main__":
    drawing.script(__doc__, cores)
