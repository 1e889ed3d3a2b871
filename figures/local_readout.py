"""With slow memory as context a local rule learns what it cannot learn without; it also wins back what drift costs.

Reads analyses/results/local_readout.json and adaptation.json, made by analyses/local_readout.py and adaptation.py
(minutes each). python figures/local_readout.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.results import table

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
BACKPROPAGATION = {"shd-regen": "shd-regen", "smnist": "S-MNIST"}
LABELS = {"speaker 4": "a new speaker, 4", "speaker 5": "a new speaker, 5", "a class after 19 others":
          "a new class,\nafter 19 others"}

DRIFTS = {"runs": [{"rows": [{"drift": str, "without drift %": float, "drifted %": float, "adapted %": float,
                              "old after %": float}]}]}


def local_readout(learned: Path = RESULTS / "local_readout.json", drifts: Path = RESULTS / "adaptation.json") -> Figure:
    """Test accuracy by how it was learned, a panel a set; accuracy before drift, under it, and after learning."""
    runs = results.read(learned, {"runs": [{"data": str, "pathway": str, "test": float}]})["runs"]
    sets = [name for name in BACKPROPAGATION if any(run["data"] == name for run in runs)]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 1.4 + 1.7 * len(sets)), layout="constrained")
        axes = figure.subplot_mosaic([[name, "drift"] for name in sets], width_ratios=(1, 1.3))
        for name in sets:
            _accuracies(axes[name], name, [run for run in runs if run["data"] == name])
        _drifts(axes["drift"], [run["rows"] for run in results.read(drifts, DRIFTS)["runs"]])
    return figure


def _accuracies(ax, name: str, runs: list[dict]) -> None:
    """Bars: means over seeds, and every seed."""
    bars = [(f"{kind}, backpropagation", [run["accuracy_brian2"] for run in table.results(f"{name}-{row}")],
             drawing.MUTED) for kind, row in (("DMP II", "dmp2"), ("FSNN", "fsnn"))]
    for pathway, colour in (("DMP, drawn", drawing.HIGHLIGHT), ("DMP, W_f by STDP", drawing.HIGHLIGHT),
                            ("the same without slow memory", drawing.SECOND)):
        found = [run["test"] for run in runs if run["pathway"] == pathway]
        if found:
            bars.append((f"{pathway}, local", found, colour))
    for place, (_, accuracies, colour) in enumerate(bars):
        mean = float(np.mean(accuracies))
        ax.barh(place, mean, color=colour, height=0.7)
        ax.plot(accuracies, [place] * len(accuracies), "|", color="k", ms=6)
        ax.annotate(f"{mean:.1f}", (1, place), xytext=(3, 0), textcoords="offset points", va="center",
                    color="k" if colour == drawing.MUTED else "w")
    ax.set(yticks=range(len(bars)), yticklabels=[name.replace(", ", ",\n", 1) for name, *_ in bars],
           ylim=(len(bars) - 0.4, -0.6), xlabel="test (%)", title=BACKPROPAGATION[name])


def _drifts(ax, seeds: list[list[dict]]) -> None:
    """Means over seeds."""
    looks = (("without drift %", "o", "k"), ("drifted %", "v", drawing.SECOND), ("adapted %", "^", drawing.HIGHLIGHT),
             ("old after %", "s", drawing.MUTED))
    names = {"old after %": "old condition after"}
    rows = seeds[0]
    for key, marker, colour in looks:
        ax.plot([np.mean([lines[number][key] for lines in seeds]) for number in range(len(rows))], range(len(rows)),
                marker, color=colour, ms=5, label=names.get(key, key.removesuffix(" %")))
    ax.set(yticks=range(len(rows)), yticklabels=[LABELS.get(row["drift"], row["drift"].replace(" dead, ", "\ndead, "))
                                                 for row in rows], ylim=(len(rows) - 0.5, -0.5),
           xlabel=f"test (%), mean of {len(seeds)} seed{'s' * (len(seeds) > 1)}", title="shd-regen under drift")
    ax.legend()


if __name__ == "__main__":
    drawing.script(__doc__, local_readout)
