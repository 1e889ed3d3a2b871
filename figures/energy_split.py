"""The leak takes a ninth to a fifth of the energy of a step here; it decides only where almost nothing spikes.

Reads analyses/results/in_memory_update.json, made by analyses/in_memory_update.py (seconds). Energy is of our model, of
a circuit reconstructed by us; Shang et al. 2026 print no split that is at hand. python figures/energy_split.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
NETWORKS = {"shd-regen-dmp2-linear": "DMP II", "shd-regen-dmp2-sparse": "sparse DMP II"}
LOOK = {"in place": (drawing.HIGHLIGHT, "o-"), "sequential": (drawing.SECOND, "s--")}
SHAPE = {"networks": {name: {"energy": [{"design": str, "update_pj": float, "sops_pj": float}]} for name in NETWORKS},
         "sweep": [{"active": float} | {name: float for name in LOOK}]}


def energy_split(path: Path = RESULTS / "in_memory_update.json") -> Figure:
    """nJ of a step, synaptic operations and leak; share of the leak against the inputs that are active."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        bars, share = figure.subplots(1, 2, width_ratios=(1.3, 1))
        rows = [(f"{label},\n{entry['design']}", entry) for name, label in NETWORKS.items()
                for entry in found["networks"][name]["energy"]]
        sops, leak = (np.array([entry[key] for _, entry in rows]) / 1e3 for key in ("sops_pj", "update_pj"))
        bars.barh(range(len(rows)), sops, 0.6, color=drawing.HIGHLIGHT, label="synaptic operations")
        bars.barh(range(len(rows)), leak, 0.6, left=sops, color=drawing.SECOND, hatch="///", edgecolor="white", lw=0,
                  label="leak of all membranes")
        for place, (whole, part) in enumerate(zip(sops + leak, leak, strict=True)):
            bars.annotate(f"{100 * part / whole:.0f} %", (whole, place), (4, 0), textcoords="offset points",
                          va="center", fontsize=7)
        bars.set(yticks=range(len(rows)), yticklabels=[label for label, _ in rows], ylim=(len(rows) - 0.5, -0.5),
                 xlabel="energy of a step (nJ), our model", xlim=(0, 1.12 * (sops + leak).max()), title="a  shd-regen")
        for name, (colour, line) in LOOK.items():
            share.plot([100 * row["active"] for row in found["sweep"]], [100 * row[name] for row in found["sweep"]],
                       line, color=colour, ms=4, label=name)
        share.set(xscale="log", xlabel="inputs active in a step (%)", ylabel="leak's share of energy (%)",
                  ylim=(0, 100), title="b  1,024 neurons on 1,024 inputs, our model")
        share.xaxis.set_major_formatter("{x:g}")
        share.legend()
        figure.legend(*bars.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, energy_split)
