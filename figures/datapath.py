"""The DMP core keeps weights, slow memory and state beside four paths that work at once, and visits a neuron once.

Reads models/chips/dmp.toml, the description of the core (its numbers with their sources): nothing here is typed twice.
After Sun et al. 2026, figure 4a. python figures/datapath.py STEM
"""

import tomllib
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing.boxes import arrow, box, sheet

CHIP = Path(__file__).resolve().parent.parent / "models" / "chips" / "dmp.toml"
GREEN, GREY = "#009E73", "0.45"


def datapath(path: Path = CHIP) -> Figure:
    """Banks above, paths in the middle, neurons below; words and limits beside them."""
    chip = tomllib.loads(path.read_text())
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 4.1), layout="constrained")
        ax = figure.subplots()
        sheet(ax, 36, 20.5)
        banks(ax, chip)
        paths(ax, chip)
        ax.annotate(f"{chip['name']}: one layer a core, {value(chip, 'limits', 'cores')} cores; the paper prints no "
                    f"mm², clock or voltage", (18, 20.4), ha="center", va="top", fontsize=8)
    return figure


def value(chip: dict[str, Any], part: str, name: str) -> Any:
    """Of a limit, bank or flag."""
    return chip[part][name]["value"]


def bits(chip: dict[str, Any], name: str) -> int:
    """Of a word."""
    return int(chip["words"][name]["bits"])


def banks(ax: Axes, chip: dict[str, Any]) -> None:
    """What lies in SRAM."""
    n, m, d = (value(chip, "limits", name) for name in ("neurons", "fan_in", "slots"))
    size = {name: f"{value(chip, 'memory', name) / 1000:.3g} kB" for name in ("weights", "slow", "state")}
    box(ax, (7.6, 17), (10, 3), f"weights, {size['weights']}\nW$_f$ {n}×{m}, w$_x$ {m}, W$_o$: {bits(chip, 'W_f')} "
        f"bits;\nbiases {bits(chip, 'b')} bits", drawing.HIGHLIGHT)
    box(ax, (20, 17), (10, 3), f"slow memory's matrices, {size['slow']}\nP = W$_m$Ā {n}×{d}, ν = W$_m$B̄ {n},\n"
        f"Ā {d}×{d}, B̄ {d}: {bits(chip, 'P')} bits", drawing.SECOND)
    box(ax, (30.8, 17), (8, 3), f"state, {size['state']}\nu {n}, {bits(chip, 'u')} bits; m {d},\n"
        f"x: {bits(chip, 'm')} bits", GREEN)


def paths(ax: Axes, chip: dict[str, Any]) -> None:
    """What works on it, and what goes where."""
    lanes, spikes = value(chip, "limits", "lanes"), value(chip, "limits", "spikes")
    queue = {"drop": "more are dropped", "refuse": "more are refused", "passes": "more in passes"}[
        value(chip, "datapath", "queue")]
    box(ax, (2.4, 10), (4.2, 3.4), f"events\n≤ {spikes} a step,\n{queue}", GREY)
    kept = "input" if value(chip, "datapath", "stationarity") else "output"
    box(ax, (10.2, 10), (6.2, 3.4), f"spike integration\n{kept}"
        f"-stationary:\nW$_f$ s, {lanes} neurons a cycle", drawing.HIGHLIGHT)
    box(ax, (17.6, 10), (5.4, 3.4), f"memory A\noutput-stationary:\nP m[k−1], {lanes} neurons", drawing.SECOND)
    box(ax, (23.9, 10), (5, 3.4), f"memory B\nν x[k],\n{lanes} neurons", drawing.SECOND)
    box(ax, (30.8, 10), (6.4, 3.4), "memory update\nm[k] = Ā m[k−1] + B̄ x[k],\na number a cycle", GREEN)
    fused = "in one pass, each read and written once" if value(chip, "datapath", "fusion") else "in passes"
    box(ax, (17, 3), (21, 3.2), f"neurons, {lanes} lanes: leak, add, compare, reset\n{fused}; accumulators "
        f"{bits(chip, 'I')} bits, saturating;\neach current is held in the {bits(chip, 'u')} bits of u", "k")
    box(ax, (32.6, 3), (5.2, 3.2), "spikes out\nto the next core", GREY)
    arrow(ax, [(4.6, 10), (7.0, 10)])
    for x, bank, colour in ((9.6, 15.4, drawing.HIGHLIGHT), (17.6, 15.4, drawing.SECOND),
                            (23.9, 15.4, drawing.SECOND), (31.6, 15.4, GREEN)):
        arrow(ax, [(x, bank), (x, 11.9)], "", colour)
    for x, colour in ((10.2, drawing.HIGHLIGHT), (17.6, drawing.SECOND), (23.9, drawing.SECOND)):
        arrow(ax, [(x, 8.2), (x, 4.8)], "", colour)
    arrow(ax, [(29.4, 15.4), (29.4, 13.4), (25.6, 13.4), (25.6, 11.9)], "", GREEN, dashed=True)
    arrow(ax, [(27.7, 3), (29.9, 3)])
    broken = value(chip, "datapath", "dependency_breaking")
    ax.annotate("A does not wait for m[k]: W$_m$m[k] = P m[k−1] + ν x[k]" if broken else "A waits for m[k]",
                (20.6, 6.4), ha="center", fontsize=6.5, color=drawing.SECOND,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})


if __name__ == "__main__":
    drawing.script(__doc__, datapath)
