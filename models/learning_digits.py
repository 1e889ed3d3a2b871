"""Can neurons learn digits by STDP, without labels?

In the network of Diehl & Cook 2015 neurons compete: who spikes first inhibits the others, synapses turn to the pixels
that made their neuron spike, and a threshold that rises with every spike gives each its turn. Left: weights of some
neurons, before and after; each comes to look like digits that it answers. Middle: all weights. Right and table: digits
named by the neurons that answer, which are named by all they answered before; the last digits were not learned from.
It compiles a C++ program; --quick does not.
"""

from tempfile import TemporaryDirectory

import numpy as np

from dmpnet import data
from dmpnet.drawing import HIGHLIGHT, MUTED, SECOND, scripts
from dmpnet.learning import competition, labels
from dmpnet.learning.learner import Learner

# Equations, constants and where they are from: dmpnet/learning/competition.py; `dmpnet stdp show diehl-cook-code`
WHOLE = competition.Competition(N=100)  # 350 ms an image, of which one that brings fewer than 5 spikes is shown again
QUICK = competition.Competition(N=16, present=0.15, intensity=8, fewest=2)
PASSES, LEARNED, TEST = 3, 800, 200  # through the first digits that ship; the others are the test


def simulate(quick):
    settings, passes, learned, test = (QUICK, 1, 8, 2) if quick else (WHOLE, PASSES, LEARNED, TEST)
    digits = data.load("smnist", "subset")
    shown = digits.take([*np.tile(np.arange(learned), passes), *range(learned, learned + test)])
    with TemporaryDirectory() as folder:
        learner = Learner(settings, shown.values[:, :, 0], shown.labels, folder,
                          presentations=10 if quick else 500, backend="numpy" if quick else "cpp_standalone")
        learner.run()
    seen = {name: competition.normalised(w, settings) for name, w in (
        ("before", competition.start(settings)["w"]), ("after", learner.state.w))} | {"answers": learner.answers}
    return [block(first, test, learner.answers, shown.labels) for first in range(test, len(shown), test)], seen


def block(first, size, answers, truth):
    """Digits `first` to `first` + size, named by neurons that are named by all digits before."""
    here = slice(first, first + size)
    named = labels.assigned(answers[:first], truth[:first])
    right = labels.voted(answers[here], named) == truth[here]
    return {"shown before": first, "digits": "again" if LEARNED <= first < PASSES * LEARNED else "new",
            "spikes a digit": float(answers[here].sum(axis=1).mean()), "right %": 100 * float(right.mean())}


def fields(w):
    """The weights (784, N) of up to 25 neurons as images, side by side."""
    side = min(5, int(w.shape[1]**0.5))
    return np.block([[np.pad(w[:, side * row + column].reshape(28, 28), 1) for column in range(side)]
                     for row in range(side)])


def draw(figure, rows, seen):
    before, after, weights, right = figure.subplots(1, 4, width_ratios=(1, 1, 0.9, 0.9))
    for ax, name in ((before, "before"), (after, "after")):
        ax.imshow(fields(seen[name]), cmap="gray_r", vmin=0, vmax=np.quantile(fields(seen["after"]), 0.99))
        ax.set(xticks=[], yticks=[], title=f"weights, {name}")
        weights.hist(seen[name].ravel(), 50, histtype="step", color={"before": MUTED}.get(name, HIGHLIGHT), label=name)
    right.plot([row["shown before"] for row in rows], [row["right %"] for row in rows], "o-", ms=3, color=HIGHLIGHT)
    right.plot(rows[-1]["shown before"], rows[-1]["right %"], "s", color=SECOND, label="new, after learning")
    right.axhline(10, color=MUTED, ls=":")
    weights.set(xlabel="weight (1)", ylabel="synapses", yscale="log")
    right.set(xlabel="digits shown before", ylabel="named right (%)", ylim=(0, 100))
    figure.legend(loc="outside lower center", ncols=3)


if __name__ == "__main__":
    scripts.show(__doc__, simulate, draw)
