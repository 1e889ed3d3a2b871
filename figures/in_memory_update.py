"""In place, all neurons leak in the time of a dozen; energy is saved in wide words and large memories only [ours].

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

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LOOK = {"in place": ("in place [our reconstruction]", drawing.HIGHLIGHT, "o-"),
        "sequential": ("one by one, words of {bits} bits", drawing.SECOND, "s--"),
        "sequential, 32-bit words": ("one by one, 32-bit words", "k", "^:")}
NETWORKS = {"shd-regen-dmp2": "DMP II", "shd-regen-dmp2-sparse": "sparse DMP II"}

SHAPE = {"bits": int, "scaling": [{"N": int, "us": {str: float}, "pj": {name: float for name in LOOK}}],
         "published": [{"name": str, "pj": float, "node": (int, None)}],
         "networks": {name: {"energy": [{"design": str, "pj_per_sop": float}]} for name in NETWORKS}}


def in_memory_update(path: Path = RESULTS / "in_memory_update.json") -> Figure:
    """Time and energy of one leak against N, and pJ per synaptic operation, published and of our model."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        latency, energy, points = figure.subplots(1, 3, gridspec_kw={"width_ratios": (1, 1, 1.05)})
        lines(latency, found, lambda entry, name: entry["us"][name], ("in place", "sequential"))
        latency.set(ylabel="time of one leak (µs)", title="a  time, our model")
        lines(energy, found, lambda entry, name: entry["pj"][name] / entry["N"], tuple(LOOK))
        energy.set(ylabel="energy of one leak per neuron (pJ)", title="b  energy, our model", ylim=(1, 100))
        for axis in (latency.yaxis, energy.yaxis):
            axis.set_major_formatter("{x:g}")
        handles, labels = energy.get_legend_handles_labels()
        figure.legend(handles, labels, ncol=3, loc="outside lower left")
        dots(points, found)
    return figure


def lines(ax: Axes, found: dict[str, Any], value: Any, names: tuple[str, ...]) -> None:
    """`value` of the designs `names` against N, log-log."""
    for name in names:
        label, colour, look = LOOK[name]
        ax.plot([entry["N"] for entry in found["scaling"]], [value(entry, name) for entry in found["scaling"]], look,
                color=colour, markersize=3, label=label.format(bits=found["bits"]))
    ax.set(xscale="log", yscale="log", xlabel="neurons N")


def dots(ax: Axes, found: dict[str, Any]) -> None:
    """Published pJ per synaptic operation in order, ours among them, filled and named as such."""
    rows = [(point["pj"], f"{point['name']}, {point['node']} nm" if point["node"] else point["name"], False)
            for point in found["published"]]
    for network, label in NETWORKS.items():
        energy = {entry["design"]: entry["pj_per_sop"] for entry in found["networks"][network]["energy"]}
        rows.append((energy["in place"], f"our model: {label}", True))
    rows.sort()
    for place, (pj, _, ours) in enumerate(rows):
        ax.plot(pj, place, "D" if ours else "o", color=drawing.HIGHLIGHT if ours else "k", markersize=4,
                markerfacecolor=drawing.HIGHLIGHT if ours else "white")
    ax.set(xscale="log", xlabel="pJ per synaptic operation", ylim=(-0.7, len(rows) - 0.3),
           title="c  published, and our model")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(rows)), [label for _, label, _ in rows], fontsize=6.5)
    for text, (_, _, ours) in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(drawing.HIGHLIGHT if ours else "k")
    ax.grid(axis="y", color=drawing.MUTED, linewidth=0.3)
    ax.set_axisbelow(True)


if __name__ == "__main__":
    drawing.script(__doc__, in_memory_update)
