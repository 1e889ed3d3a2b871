"""A slow memory of four bits costs a point or so where all slots of a chip hold it and hand on what rounding cuts off.

Reads analyses/results/memory_slots.json, made by analyses/memory_slots.py (a minute), few_bits.json, made by
analyses/few_bits.py (five to ten minutes a seed and chip), and constrained.json, made by analyses/constrained.py.
Ten slots were trained on for 30 epochs, 64 for 15.
python figures/few_bits.py STEM
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
from dmpnet.results.losses import lost

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "analyses" / "results"
WAYS = {("d", "nearest"): ("10 slots, to the nearest", "#D55E00", "o", ":"),
        ("all", "stochastic"): ("64 slots, at random", "#CC79A7", "v", "-."),
        ("all", "nearest"): ("64 slots, to the nearest", "#E69F00", "s", "--"),
        ("all", "carried"): ("64 slots, carried", "#0072B2", "D", "-")}
BEFORE = {"4-bit W_f and P, 4-bit slow memory": "4 bits,\n10 slots,\nonly rounded",
          "4-bit W_f and P, 4-bit slow memory, trained on": "4 bits,\n10 slots,\ntrained on"}
NOW = {"dmp-256": "8 bits,\n16 of m,\ntrained on", "dmp-4bit": "4 bits,\n64 slots,\ncarried,\ntrained on",
       "dmp-ternary": "ternary\nweights,\ntrained on"}
AS_TRAINED = "as trained"


def few_bits(slots: Path = RESULTS / "memory_slots.json", few: Path = RESULTS / "few_bits.json",
             before: Path = RESULTS / "constrained.json") -> Figure:
    """What rounding adds to what neurons hear, by bits; points lost on the test set of shd-regen."""
    rows = results.read(slots, {"rows": [{"layer": int, "slots": int, "rounding": str, "bits": int,
                                          "off %": float}]})["rows"]
    now = results.read(few, {"runs": [{"chip": str, "seed": int, "part": str, "right": dict}]})["runs"]
    then = results.read(before, {"runs": [{"row": str, "setting": str, "seed": int, "accuracy": float}]})["runs"]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        heard, losing = figure.subplots(1, 2, width_ratios=(1.15, 1))
        by_bits(heard, rows)
        points(losing, now, [run for run in then if run["row"] == "shd-regen-dmp2"])
        figure.legend(*heard.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def by_bits(ax: Axes, rows: list[dict[str, Any]]) -> None:
    """Layer 1 drawn strong, layer 2 faint."""
    least = min(row["slots"] for row in rows)
    for (slots, rounding), (label, colour, marker, line) in WAYS.items():
        for layer, strength in ((1, 1.0), (2, 0.4)):
            mine = [row for row in rows if row["layer"] == layer and row["rounding"] == rounding
                    and (row["slots"] == least) == (slots == "d")]
            ax.plot([row["bits"] for row in mine], [row["off %"] for row in mine], line, color=colour, marker=marker,
                    ms=4, alpha=strength, label=label if layer == 1 else None)
    ax.set(yscale="log", xlabel="bits of a slot", ylabel="what neurons hear is off by (%, rms)",
           title="a  rounding m alone; faint: layer 2")
    ax.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
    ax.minorticks_off()


def points(ax: Axes, now: list[dict[str, Any]], then: list[dict[str, Any]]) -> None:
    """Points lost, paired over seeds; intervals over seeds and speakers, of the older ones over seeds."""
    names, reached = [], []
    for setting, label in BEFORE.items():
        found = [next(run["accuracy"] for run in then if (run["setting"], run["seed"]) == (AS_TRAINED, mine["seed"]))
                 - mine["accuracy"] for mine in then if mine["setting"] == setting]
        mean, ends = float(np.mean(found)), intervals.student(found)
        marks.ours(ax, len(names), mean, ends, seeds=len(found), colour="#D55E00")
        reached += [mean, *(ends or ())]
        names.append(label)
    whole = {run["seed"]: run for run in now if run["chip"] == AS_TRAINED}
    for name, label in NOW.items():
        mine = {run["seed"]: run for run in now if run["chip"] == name}
        if not mine:
            continue
        _, gap = lost(*([of[seed] for seed in sorted(mine)] for of in (mine, whole)))
        mean, ends = 100 * gap.mean, (100 * gap.low, 100 * gap.high)
        marks.ours(ax, len(names), mean, ends, seeds=len(mine), colour="#0072B2", marker="D")
        reached += [mean, *ends]
        names.append(label)
    ax.axhline(0, color="k", lw=0.6, zorder=0)
    ax.set_yscale("symlog", linthresh=2, linscale=0.8)
    ax.set_yticks([-2, -1, 0, 1, 2, 5, 10, 20, 40], ["-2", "-1", "0", "1", "2", "5", "10", "20", "40"])
    ax.minorticks_off()
    ax.set(ylabel="points lost of the test set\n(logarithmic beyond 2)", ylim=marks.reaching((-2.6, 40), reached),
           title="b  W_f, P and m of few bits; hollow: one seed\n95 % over seeds (dots), and speakers (diamonds)",
           xlim=(-0.5, len(names) - 0.5))
    ax.set_xticks(range(len(names)), names, fontsize=6.5)


if __name__ == "__main__":
    drawing.script(__doc__, few_bits)
