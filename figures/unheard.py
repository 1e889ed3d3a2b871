"""With speakers that no network heard: what each of shd-regen's twelve gets, asked in six folds, and the mean of all.

Reads analyses/results/folds.json, made by analyses/folds.py (minutes a fold). python figures/unheard.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.disk import results
from dmpnet.drawing import marks
from dmpnet.results import answers, folds

RESULTS = Path(__file__).resolve().parent.parent / "analyses" / "results"
ROWS = {"shd-regen-fsnn": ("FSNN", "FSNN", "s"), "shd-regen-rsnn": ("RSNN", "RSNN", "^"),
        "shd-regen-dsnn": ("DSNN", "DSNN", "D"), "shd-regen-dmp1": ("DMP I", "DMP", "v"),
        "shd-regen-dmp2": ("DMP II", "DMP", "o"), "shd-regen-dmp2-gain": ("DMP II,\ngain", "DMP", "h"),
        "shd-regen-dmp2-thetas": ("gain, two\nthetas", "DMP", "H"),
        "shd-regen-peak": ("DMP\npeak", "DMP", "P"),
        "shd-regen-adlif": ("FSNN,\nadapts", "adaptive", "X"),
        "shd-regen-dmp1-adlif": ("DMP I,\nadapts", "adaptive", "p"),
        "shd-regen-csilif": ("C-SiLIF", "modes", "<"), "shd-regen-ssm-spiking": ("SSM,\nspikes", "modes", ">"),
        "shd-regen-ssm": ("SSM,\nvalues", "modes", "d")}


def unheard(path: Path = RESULTS / "folds.json") -> Figure:
    """A column a row: a stroke a speaker, mean over all twelve with its 95 % interval over speakers and seeds."""
    runs = results.read(path, {"runs": [folds.RUN]})["runs"]
    lines = sorted(folds.summary(runs), key=lambda line: list(ROWS).index(line["row"]))
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(min(max(3.5, 0.72 * len(lines)), 7.1), 3.0), layout="constrained")
        ax = figure.subplots()
        for place, line in enumerate(lines):
            label, kind, marker = ROWS[line["row"]]
            right, groups, _ = folds.answered(runs, line["row"])
            each = list(answers.by_group(right, groups).values())
            ax.plot(np.full(len(each), place - 0.2), each, "_", color=drawing.MODELS[kind], ms=7)
            marks.ours(ax, place, line["accuracy %"], (line["low"], line["high"]), seeds=line["seeds"],
                       colour=drawing.MODELS[kind], marker=marker)
            ax.annotate(f"{line['accuracy %']:.1f}", (place, line["accuracy %"]), xytext=(6, -2),
                        textcoords="offset points", fontsize=7)
        ax.set(xticks=range(len(lines)), xticklabels=[ROWS[line["row"]][0] for line in lines],
               xlim=(-0.5, len(lines) - 0.3), ylabel="accuracy on speakers never heard (%)")
        ax.set_xlabel("stroke: a speaker; 95 % over speakers and seeds; hollow: one seed", fontsize=7)
        ax.grid(axis="y", lw=0.3, color=drawing.MUTED)
        ax.set_axisbelow(True)
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, unheard)
