"""Four hundred neurons that compete come to stand for handwritten digits, without labels, in one pass.

Reads models/digits-competition/learned0.npz, its curve and its histories, made by `dmpnet learn digits` (half an hour
on one quiet core). python figures/learned_digits.py STEM
"""

import csv
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from dmpnet import drawing

MODEL = Path(__file__).resolve().parent.parent / "models" / "digits-competition"
SIDE = 28


def fields(w: np.ndarray, neurons: np.ndarray, rows: int = 10) -> np.ndarray:
    """Receptive fields of the first neurons of every class, a row a class, side by side."""
    lines = []
    for c in range(rows):
        members = np.flatnonzero(neurons == c)[:rows]
        shown = [w[:, n].reshape(SIDE, SIDE) for n in members]
        shown += [np.zeros((SIDE, SIDE))] * (rows - len(shown))
        lines.append(np.concatenate(shown, axis=1))
    return np.concatenate(lines)


def learned_digits(folder: Path = MODEL) -> Figure:
    """Receptive fields; accuracy against images seen; weights over time; their distribution at the end."""
    learned = drawing.arrays(folder / "learned0.npz", "w", "neurons", "histograms")
    w, neurons, histograms = learned["w"].astype(float), learned["neurons"], learned["histograms"]
    with open(folder / "learned0.curve.csv") as file:
        curve = list(csv.DictReader(file))
    seen = [float(row["images"]) / 1000 for row in curve]
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.0, 4.6), layout="constrained")
        axes = figure.subplot_mosaic([["fields", "accuracy"], ["fields", "weights"], ["fields", "end"]],
                                     width_ratios=(1.5, 1))
        image = axes["fields"].imshow(fields(w, neurons), cmap="gray_r", vmin=0, interpolation="nearest")
        axes["fields"].set(xticks=[], yticks=SIDE * (np.arange(10) + 0.5), yticklabels=range(10),
                           ylabel="digit a neuron stands for", title="weights from the pixels, 10 neurons a digit")
        figure.colorbar(image, ax=axes["fields"], shrink=0.5, label="weight (1)")
        known = [(n, float(row["accuracy %"])) for n, row in zip(seen, curve, strict=True) if row["accuracy %"]]
        axes["accuracy"].plot(*zip(*known, strict=True), color=drawing.HIGHLIGHT, lw=0.8)
        axes["accuracy"].set(ylabel="accuracy of the\nlatest images (%)",
                             title="before they were learned from, one seed")
        share = 100 * histograms / histograms.sum(axis=1, keepdims=True)
        shown = axes["weights"].pcolormesh([0, *seen], np.linspace(0, 1, histograms.shape[1] + 1), share.T,
                                           norm=LogNorm(1e-3, 100), cmap="cividis", rasterized=True)
        axes["weights"].set(xlabel="images seen (thousands)", ylabel="weight (1)")
        figure.colorbar(shown, ax=axes["weights"], label="synapses (%)")
        axes["end"].hist(w.ravel(), bins=50, color=drawing.HIGHLIGHT)
        axes["end"].set(yscale="log", xlabel="weight at the end (1)", ylabel="synapses")
    return figure


if __name__ == "__main__":
    drawing.script(__doc__, learned_digits)
