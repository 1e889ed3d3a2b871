"""With 5,000 parameters memory and delays are ahead, with 10,000 and 20,000 neurons that adapt (one seed).

Reads analyses/results/sizes.json, made by analyses/sizes.py --look (half a minute to six a run).
python figures/sizes.py STEM
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import table

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
KINDS = {"shd-regen-adlif": ("FSNN, adaptive (SE-adLIF)", "adaptive", "X"), "shd-regen-dmp2": ("DMP II", "DMP", "o"),
         "shd-regen-delays": ("DMP I + delays", "DMP + delays", "P"), "shd-regen-dsnn": ("DSNN", "DSNN", "D"),
         "shd-regen-fsnn": ("FSNN", "FSNN", "s"), "shd-regen-rsnn": ("RSNN", "RSNN", "^")}
RUN = {"row": str, "size": int, "seed": int, "part": str, "accuracy_brian2": float, "parameters": {"paper": int}}
APART = {"row": str, "size": int, "diverged": str}
"""Of what came apart in training, and is not drawn."""


def sizes(path: Path = RESULTS / "sizes.json") -> Figure:
    """A line a kind: accuracy on shd-regen against parameters by the paper's rule; 95 % over samples."""
    runs = [run for run in results.read(path, {"runs": [(RUN, APART)]})["runs"] if "diverged" not in run]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(3.5, 3.6), layout="constrained")
        ax = figure.subplots()
        for row, (label, kind, marker) in KINDS.items():
            mine = sorted((run for run in runs if run["row"] == row), key=lambda run: run["size"])
            at = [run["parameters"]["paper"] / 1000 for run in mine]
            ax.plot(at, [run["accuracy_brian2"] for run in mine], "-", lw=0.8, color=drawing.MODELS[kind], zorder=1)
            for number, run in enumerate(mine):
                marks.ours(ax, at[number], run["accuracy_brian2"], table.interval([run]), seeds=1, marker=marker,
                           colour=drawing.MODELS[kind], label=None if number else label)
        ticks = sorted({round(run["size"] / 1000) for run in runs})
        part = "test accuracy" if all(run["part"] == "test" for run in runs) else "accuracy"
        ax.set(xscale="log", xlabel="parameters (thousands)", ylabel=f"{part} on shd-regen (%)")
        ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
        ax.minorticks_off()
        ax.grid(axis="y", lw=0.3, color=drawing.MUTED)
        figure.legend(loc="outside lower center", ncols=2, title="95 % over samples; hollow: one seed",
                      title_fontsize=7)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, sizes)
