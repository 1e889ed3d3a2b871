"""With the same banks, energy is saved in place only where columns beside a word fall, little with many lanes [ours].

Reads analyses/results/in_memory_update.json, made by analyses/in_memory_update.py (seconds). Time and energy are of our
model, of a circuit reconstructed by us; published energies as their papers state them, of operations that differ.
python figures/in_memory_update.py STEM
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
LANES = {"1 lanes": ("one by one", "k", "^:"), "4 lanes": ("4 lanes", drawing.SECOND, "s--"),
         "16 lanes": ("16 lanes", "0.45", "v-.")}
LOOK = {"in place": ("in place [our reconstruction]", drawing.HIGHLIGHT, "o-"), **LANES}
NETWORKS = {"shd-regen-dmp2-linear": "DMP II", "shd-regen-dmp2-sparse": "sparse DMP II"}
ABSTRACT = [float(end) for end in published.of("abstract")["pJ a SOP"]]

SHAPE = {"times": [{"N": int} | {name: float for name in LOOK}],
         "selected": [{"half_selected": float} | {name: float for name in LANES}],
         "published": [{"name": str, "pj": float, "node": int}],
         "networks": {name: {"energy": [{"design": str, "pj_per_sop": float, "low": float, "high": float}]}
                      for name in NETWORKS}}


def in_memory_update(path: Path = RESULTS / "in_memory_update.json") -> Figure:
    """Time of one leak against N, energy of one by one over in place, pJ per synaptic operation, published and ours."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        latency, energy, points = figure.subplots(1, 3, gridspec_kw={"width_ratios": (1, 1, 1.05)})
        lanes = [[entry[name] for entry in found["times"]] for name in LANES]
        latency.fill_between([entry["N"] for entry in found["times"]], lanes[-1], lanes[0], color=drawing.MUTED,
                             alpha=0.25, lw=0)
        for name, (label, colour, look) in LOOK.items():
            latency.plot([entry["N"] for entry in found["times"]], [entry[name] for entry in found["times"]], look,
                         color=colour, markersize=3, label=label)
        latency.set(xscale="log", yscale="log", xlabel="neurons N", ylabel="time of one leak (µs)",
                    title="a  time, our model")
        latency.yaxis.set_major_formatter("{x:g}")
        ratios(energy, found["selected"])
        figure.legend(*latency.get_legend_handles_labels(), ncol=4, loc="outside lower left")
        dots(points, found)
    return figure


def ratios(ax: Axes, rows: list[dict[str, Any]]) -> None:
    """Energy of sequential over in place, against how much falls in columns beside a word."""
    ax.axhspan(*ABSTRACT, color=drawing.MUTED, alpha=0.2, linewidth=0)
    ax.text(0.02, 27, f"shaded: the abstract's {ABSTRACT[0]:g} to {ABSTRACT[1]:g}", va="top", fontsize=6.5, color="k")
    for name, (_, colour, look) in LANES.items():
        ax.plot([row["half_selected"] for row in rows], [row[name] for row in rows], look, color=colour, markersize=3,
                markevery=4)
    ax.axhline(1, color=drawing.HIGHLIGHT, linewidth=0.8)
    ax.set(yscale="log", ylim=(0.7, 30), xlabel="fraction of bit lines falling beside a word",
           ylabel="one by one over in place",
           title="b  energy, our model")
    ax.yaxis.set_major_formatter("{x:g}")


def dots(ax: Axes, found: dict[str, Any]) -> None:
    """Published pJ per synaptic operation in order, ours among them with their ranges, filled and named as such."""
    rows: list[tuple[float, str, tuple[float, float] | None]] = [
        (point["pj"], f"{point['name']}, {point['node']} nm", None) for point in found["published"]]
    for network, label in NETWORKS.items():
        energy = {entry["design"]: entry for entry in found["networks"][network]["energy"]}["in place"]
        rows.append((energy["pj_per_sop"], f"our model: {label}", (energy["low"], energy["high"])))
    rows.sort(key=lambda row: row[0])
    for place, (pj, _, ends) in enumerate(rows):
        if ends:
            ax.plot(ends, (place, place), color=drawing.HIGHLIGHT, linewidth=2)
            ax.plot(pj, place, "D", color=drawing.HIGHLIGHT, markersize=4)
        else:
            marks.published(ax, pj, place)
    ax.set(xscale="log", xlabel="pJ per synaptic operation", ylim=(-0.7, len(rows) - 0.3),
           title="c  published, and our model")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(rows)), [label for _, label, _ in rows], fontsize=6.5)
    for text, (_, _, ends) in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(drawing.HIGHLIGHT if ends else "k")
    ax.grid(axis="y", color=drawing.MUTED, linewidth=0.3)
    ax.set_axisbelow(True)


if __name__ == "__main__":
    drawing.script(__doc__, in_memory_update)
