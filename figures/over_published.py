"""What others print of a synaptic operation is from a fifth to forty times our model's, as wide as the abstract.

Reads analyses/results/in_memory_update.json, made by analyses/in_memory_update.py (seconds): published over ours, in
place, and what our assumptions leave open. Operations differ from chip to chip. After the ratios of Shang et al. 2026.
python figures/over_published.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import published

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
SHAPE = {"published": [{"name": str, "over ours": float, "least": float, "most": float, "node": int}]}


def over_published(path: Path = RESULTS / "in_memory_update.json") -> Figure:
    """A row a chip: the ratio as assumed, and its range over our assumptions; the abstract's two ranges shaded."""
    rows = sorted(results.read(path, SHAPE)["published"], key=lambda row: row["over ours"])
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(5.2, 3.4), layout="constrained")
        ax = figure.subplots()
        ranges = {name: ends for name, ends in published.of("abstract").items() if name != "source"}
        for (name, ends), shade, hatch in zip(ranges.items(), ("0.85", "0.92"), ("", "//"), strict=True):
            ax.axvspan(*map(float, ends), facecolor=shade, hatch=hatch, edgecolor="white", lw=0, zorder=0,
                       label=f"abstract, {name}: {ends[0]} to {ends[1]}")
        for place, row in enumerate(rows):
            ax.plot((row["least"], row["most"]), (place, place), "-", color="k", lw=1)
            marks.published(ax, row["over ours"], place)
        ax.axvline(1, color=drawing.HIGHLIGHT, lw=1, label="ours, in place [our model]")
        ax.set(xscale="log", xlabel="published pJ per synaptic operation, over our model's",
               yticks=range(len(rows)), yticklabels=[f"{row['name']}, {row['node']} nm" for row in rows])
        ax.xaxis.set_major_formatter("{x:g}")
        handles, labels = ax.get_legend_handles_labels()
        figure.legend([*handles, marks.published_handle()], [*labels, "published over ours; line: our assumptions"],
                      loc="outside lower center", ncols=2)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, over_published)
