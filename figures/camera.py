"""A second of event video takes our core less than the printed 5 ms with enough lanes and few enough events.

Reads analyses/results/camera_on_chip.json, made by analyses/camera_on_chip.py (two minutes). Time is of our model at
the description's clock; the DVS128-Gesture network is a reconstruction, untrained, its events drawn. Sun et al. 2026
print "under 5 ms", neither clock nor events. python figures/camera.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LANES = {16: (drawing.SECOND, "s"), 64: ("0.45", "D"), 256: (drawing.HIGHLIGHT, "o")}
NETWORKS = {"nmnist-conv-dmp": "a  N-MNIST, trained,\nrecorded events",
            "dvs128-gesture-conv-dmp": "b  DVS128-Gesture's network, untrained,\ndrawn events"}
SHAPE = {"rows": [{"network": str, "events": str, "lanes": int, "ms a second": float, "active %": [float]}],
         "clock_hz": float, "paper_ms": float}


def camera(path: Path = RESULTS / "camera_on_chip.json") -> Figure:
    """ms for a second of video, against the neurons that fire in a step; a mark a number of lanes."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(6.0, 3.0), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
        for ax, (network, title) in zip(axes, NETWORKS.items(), strict=True):
            for lanes, (colour, marker) in LANES.items():
                rows = [row for row in found["rows"] if row["network"] == network and row["lanes"] == lanes]
                ax.plot([row["active %"][0] for row in rows], [row["ms a second"] for row in rows], "-" + marker,
                        color=colour, ms=4, lw=0.8)
            ax.axhspan(0.4, found["paper_ms"], color="0.9", lw=0, zorder=0)
            ax.set(xscale="log", yscale="log", title=title, ylim=(0.4, 120), xlim=(0.8, 14),
                   xlabel="neurons of layer 1 active in a step (%)" if ax is axes[1] else "active in layer 1 (%)")
            marks.published(ax, 0.9, found["paper_ms"])
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_major_formatter("{x:g}")
            ax.minorticks_off()
            ax.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
        axes[0].set_ylabel(f"ms for a second of video,\nour model at {found['clock_hz'] / 1e6:g} MHz")
        figure.legend(handles=[*(marks.handle(colour, marker, f"{lanes} lanes") for lanes, (colour, marker) in
                                 LANES.items()), marks.published_handle("published: under this (shaded)")],
                      loc="outside lower center", ncols=4)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, camera)
