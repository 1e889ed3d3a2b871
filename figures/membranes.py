"""A membrane that leaks by subtraction is empty within a few steps, if lam > 0; exponential decay leaves a tail.

Reads models/ROW/seed0.npz of networks trained with exponential and with linear decay (minutes each): beta and lam of
every layer are theirs, the curves follow from the equations (dmpnet.equations.decay). Of the neuron of Shang et al.
2026 only the abstract is at hand [our reconstruction]. python figures/membranes.py STEM
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dmpnet import drawing
from dmpnet.equations import decay
from dmpnet.trained import weights

MODELS = Path(__file__).resolve().parent.parent / "models"
ROWS = {"shd-regen-dmp2": "shd-regen", "nmnist-dmp2": "nmnist", "smnist-dmp2": "S-MNIST"}
LOOK = {"exponential": (drawing.HIGHLIGHT, "-o"), "linear": (drawing.SECOND, "--s")}
STEPS = 9


def membranes(folder: Path = MODELS) -> Figure:
    """From the threshold down without input, step by step: layer 1 above, layer 2 below, a column a network."""
    with matplotlib.rc_context(drawing.STYLE):
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.subplots(2, len(ROWS), sharey=True)
        for column, (row, title) in zip(axes.T, ROWS.items(), strict=True):
            for name in (row, f"{row}-linear"):
                network = weights.load(folder / name / "seed0.npz")
                for number, (ax, layer) in enumerate(zip(column, network.layers, strict=True), 1):
                    neuron = layer.neuron
                    colour, line = LOOK[neuron.decay]
                    symbol = {"beta": "β", "lam": "λ"}[decay.CONSTANTS[neuron.decay]]
                    u = falling(neuron.theta_u, neuron.decay, neuron.constant)
                    ax.plot(1e3 * network.encoding.dt * np.arange(STEPS), u, line, color=colour, ms=3, lw=0.9,
                            label=f"{neuron.decay}, {symbol} {neuron.constant:.2f}")
                    ax.set_title(f"{title}, layer {number}")
                    ax.legend(loc="upper right")
            column[-1].set_xlabel("time without input (ms)")
        for ax in axes[:, 0]:
            ax.set_ylabel("membrane u\n(thresholds)")
    return figure


def falling(theta_u: float, kind: str, constant: float) -> np.ndarray:
    """(STEPS,) membrane over the threshold, from the threshold on."""
    u = [np.array([theta_u])]
    for _ in range(STEPS - 1):
        u.append(decay.decayed(u[-1], kind, constant))
    return np.concatenate(u) / theta_u


if __name__ == "__main__":
    drawing.script(__doc__, membranes)
