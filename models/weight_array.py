"""How few bits, and how many broken cells, does a trained array of weights bear?

A memory holds each weight in a few bits, and some of its cells are stuck. Both are done here to one array at a time,
the rest as trained, nothing retrained: W_f of layer 2, on spikes, and W_m of layer 2, on its slow memory. Left:
weights rounded to so many bits. Right: so many of them lost, stuck at 0, or stuck at the largest of their sign.
"""

from dataclasses import replace

import numpy as np

import dmpnet
from dmpnet.drawing import HIGHLIGHT, MUTED, SECOND, scripts

NETWORK = "smnist-dmp1"  # 1-200-200-10, slow memories of d = 20
ARRAYS = {"W_f_2": HIGHLIGHT, "W_m_2": SECOND}


HOW = {"rounded": lambda w, bits, random: np.rint(w / (unit := abs(w).max() / (2**(bits - 1) - 1))) * unit,
       "lost": lambda w, part, random: np.where(random.random(w.shape) < part, 0, w),
       "stuck": lambda w, part, random: np.where(random.random(w.shape) < part, abs(w).max() * np.sign(w), w)}


def changed(trained, array, how, much):
    """`trained` with one array of layer 2 changed, the same cells whatever else."""
    one, two = trained.layers
    random = np.random.default_rng(0)
    if array == "W_f_2":
        return replace(trained, layers=(one, replace(two, W_f=how(two.W_f, much, random))))
    return replace(trained, layers=(one, replace(two, slow=replace(two.slow, W_m=how(two.slow.W_m, much, random)))))


def simulate(quick):
    trained, digits = dmpnet.load(NETWORK), dmpnet.data.load("smnist", "subset", steps=280 if quick else 784)
    digits = digits.take(digits.balanced(2 if quick else 200, seed=0))
    settings = {"rounded": (2,), "lost": (), "stuck": (0.2,)} if quick else {
        "rounded": (2, 3, 4, 6, 8), "lost": (0.02, 0.05, 0.1, 0.2, 0.4), "stuck": (0.005, 0.02, 0.05, 0.1, 0.2)}
    s_in, backend = digits.batch(slice(None)), "numpy" if quick else "cpp_standalone"  # compiled once, for all of them
    whole = dmpnet.simulate(trained, s_in, backend=backend)
    rows = [line("none", "as trained", 0, whole, whole, digits.labels)]
    for array, how, much in ((array, how, much) for array in ARRAYS for how, some in settings.items() for much in some):
        found = dmpnet.simulate(changed(trained, array, HOW[how], much), s_in, backend=backend)
        rows.append(line(array, how, much, found, whole, digits.labels))
    return rows, None


def line(array, how, much, found, whole, labels):
    moved = (found.spikes[1] != whole.spikes[1]).sum() / whole.spikes[1].sum()  # of layer 2
    return {"array": array, "weights": how, "bits or part": much,
            "read right %": 100 * float((found.predictions == labels).mean()), "spikes moved %": 100 * float(moved)}


def draw(figure, rows, seen):
    bits, cells = figure.subplots(1, 2, sharey=True)
    for array, colour in ARRAYS.items():
        for ax, how, style in ((bits, "rounded", "o-"), (cells, "lost", "^:"), (cells, "stuck", "s--")):
            mine = [row for row in rows if (row["array"], row["weights"]) == (array, how)]
            ax.plot([row["bits or part"] for row in mine], [row["read right %"] for row in mine], style, ms=3,
                    color=colour, label=f"{array}, {how}")
    bits.axhline(10, color=MUTED, label="chance")
    bits.set(xlabel="bits of a weight", ylabel="read right (%)", ylim=(0, 102))
    cells.set(xlabel="part of the weights (1)", xscale="log")
    cells.xaxis.set_major_formatter("{x:g}")
    figure.legend(loc="outside lower center", ncols=4)


if __name__ == "__main__":
    scripts.show(__doc__, simulate, draw)
