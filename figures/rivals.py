"""A DMP II network classifies about as well as state-space models of more parameters, as printed; ours, on pixels too.

Reads models/ROW/seedK.json, made by `dmpnet table1 --retrain ROW` (minutes to half a day a run). After Sun et al. 2026,
extended data figure 2 and table 2: crosses are as they report them; of spoken digits ours are beside them, of up to 40
thousand parameters each, the state-space models a reconstruction (dmpnet/training/recipes.py).
python figures/rivals.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.drawing import marks
from dmpnet.results import published, table

MODELS = Path(__file__).resolve().parent.parent / "models"
TASKS = {"smnist": ("S-MNIST", "smnist", (98.3, 99.5)), "psmnist": ("PS-MNIST", "psmnist", (95, 97.7)),
         "shd": ("shd-regen;\ncrosses: official SHD", "shd-regen", (76, 100)),
         "ssc-2-layers": ("SSC, 2 layers\n(none of ours)", "", (65, 75))}
RIVALS = ("state-space model", "spiking state-space model")
OURS = {"ssm": drawing.MODELS["modes"], "ssm-spiking": drawing.MODELS["modes"], "dmp2": drawing.MODELS["DMP"]}


def rivals(folder: Path = MODELS) -> Figure:
    """A panel a task, zoomed: the three networks one below the other, with their sizes."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 2.5), layout="constrained")
        axes = figure.subplots(1, len(TASKS), sharey=True)
        for ax, (task, (title, row, ends)) in zip(axes, TASKS.items(), strict=True):
            reached: list[float] = []
            others = {entry.name: entry.points[task] for entry in published.literature(task)}
            rows = [*((name, others.get(name)) for name in RIVALS), ("DMP II", published.printed(f"{task}/dmp2"))]
            for place, (_, point) in enumerate(rows):
                if point is not None:
                    marks.published(ax, point.accuracy, place)
                    size = "" if point.parameters is None else f"{point.parameters:g}K"
                    ax.annotate(size, (point.accuracy, place), (0, 7), textcoords="offset points", ha="center",
                                fontsize=6.5)
            for place, (kind, colour) in enumerate(OURS.items()):
                if f"{row}-{kind}" in table.rows() and (found := table.results(f"{row}-{kind}", folder)):
                    mean = table.mean_and_error([record["accuracy_brian2"] for record in found])[0]
                    interval = table.interval(found)
                    reached += [mean, *(interval or ())]
                    marks.ours(ax, mean, place + 0.3, interval, seeds=len(found), colour=colour, across=True)
            ax.set(title=title, xlabel="test accuracy (%)", xlim=marks.reaching(ends, reached), ylim=(2.7, -0.6),
                   yticks=range(3), yticklabels=["state space", "spiking\nstate space", "DMP II"])
            ax.grid(axis="y", lw=0.3, color=drawing.MUTED)
            ax.set_axisbelow(True)
        figure.legend(handles=[
            marks.published_handle("published; above: parameters, where printed"),
            marks.handle(drawing.MODELS["DMP"], "o", "ours, 95 %; hollow: one seed"),
            marks.handle(drawing.MODELS["modes"], "o", "state-space models made again")],
            loc="outside lower center", ncols=3)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, rivals)
