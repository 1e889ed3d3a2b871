"""With slow memory as context a local rule learns what it cannot learn without; it also wins back what drift costs.

Reads analyses/results/local_readout.json and adaptation.json, made by analyses/local_readout.py and adaptation.py
(minutes each). python figures/local_readout.py STEM
"""

import json
import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"


def local_readout(learned: Path = RESULTS / "local_readout.json", drifts: Path = RESULTS / "adaptation.json") -> Figure:
    """Test accuracy by how it was learned; accuracy before drift, under it, and after learning."""
    found, rows = json.loads(learned.read_text()), json.loads(drifts.read_text())["rows"]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
        _accuracies(left, found)
        _drifts(right, rows)
    return figure


def _accuracies(ax, found: dict) -> None:
    back = found["backpropagation"]
    bars = [("DMP II, backpropagation", back["shd-regen-dmp2"], drawing.MUTED),
            ("FSNN, backpropagation", back["shd-regen-fsnn"], drawing.MUTED)]
    bars += [(run["pathway"] + ", local", run["test"], colour)
             for run, colour in zip(found["runs"], (drawing.HIGHLIGHT, drawing.SECOND), strict=True)]
    for place, (_, accuracy, colour) in enumerate(bars):
        ax.barh(place, accuracy, color=colour, height=0.7)
        ax.annotate(f"{accuracy:.1f}", (accuracy, place), xytext=(-3, 0), textcoords="offset points", ha="right",
                    va="center", color="k" if colour == drawing.MUTED else "w")
    ax.set(yticks=range(len(bars)), yticklabels=[name.replace(", ", ",\n", 1) for name, *_ in bars], ylim=(3.6, -0.6),
           xlabel="shd-regen, test (%)")


def _drifts(ax, rows: list[dict]) -> None:
    looks = (("without drift %", "o", "k"), ("drifted %", "v", drawing.SECOND), ("adapted %", "^", drawing.HIGHLIGHT),
             ("old after %", "s", drawing.MUTED))
    names = {"old after %": "old condition after"}
    for key, marker, colour in looks:
        ax.plot([row[key] for row in rows], range(len(rows)), marker, color=colour, ms=5,
                label=names.get(key, key.removesuffix(" %")))
    ax.set(yticks=range(len(rows)), yticklabels=[row["drift"].replace(" after", "\nafter").replace(" channels",
                                                                                                   "\nchannels")
                                                 for row in rows], ylim=(len(rows) - 0.5, -0.5),
           xlabel="shd-regen, test (%)")
    ax.legend()


if __name__ == "__main__":
    print(*drawing.save(local_readout(), sys.argv[1]))
