"""A core that drops the events beyond its queue loses a third to half of its accuracy; in several passes it loses none.

Reads analyses/results/queues.json, made by analyses/queues.py (a minute): validation part of shd-regen, in the integers
of the DMP core. After the core of Sun et al. 2026 as its register-transfer sources compute.
python figures/queues.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import intervals

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
LOOK = {"refuse": ("a queue for all", "k", "D", -0.2), "drop": ("dropped", drawing.SECOND, "s", 0.0),
        "passes": ("in passes", drawing.HIGHLIGHT, "o", 0.2)}
NETWORKS = {"shd-regen-dmp2": "DMP II", "shd-regen-dmp1": "DMP I", "shd-regen-dmp2-sparse": "DMP II,\nsparse"}
SHAPE = {"rows": [{"network": str, "queue": str, "validation %": float, "samples": int, "cycles a step": float,
                   "most cycles": float}], "limit": int}


def queues(path: Path = RESULTS / "queues.json") -> Figure:
    """Accuracy with 95 % over samples; cycles a step, mean and most."""
    found = results.read(path, SHAPE)
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(6.2, 2.8), layout="constrained")
        accuracy, time = figure.subplots(1, 2)
        for row in found["rows"]:
            label, colour, marker, shift = LOOK[row["queue"]]
            place = list(NETWORKS).index(row["network"]) + shift
            p = row["validation %"]
            marks.ours(accuracy, place, p, intervals.of_samples(p, row["samples"]), seeds=1, colour=colour,
                       marker=marker, label=None if row["network"] != "shd-regen-dmp2" else label)
            time.plot([place, place], [row["cycles a step"], row["most cycles"]], "-", color=colour, lw=0.8)
            time.plot(place, row["cycles a step"], marker, color=colour, ms=4)
            time.plot(place, row["most cycles"], "_", color=colour, ms=7)
        accuracy.set(ylabel="validation accuracy (%)", title=f"a  more than {found['limit']} events in a step")
        time.set(ylabel="cycles of a step", title="b  mean, and most (stroke), our model", ylim=(0, None))
        for ax in (accuracy, time):
            ax.set(xticks=range(len(NETWORKS)), xticklabels=NETWORKS.values(), xlim=(-0.5, len(NETWORKS) - 0.5))
        figure.legend(*accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=3, title_fontsize=7,
                      title="one seed each; a: 95 % over samples")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, queues)
