"""Does a trained network need its slow memory, and where?

A network that reads digits pixel by pixel is converted to Brian2, gets monitors of our own, and is run again with one
thing cut at a time: what the slow memory of a layer says to its neurons, or what a fifth of layer 1 says to layer 2.
Top: a digit as it comes in; the membrane of a neuron of layer 1, which without its memory forgets each stroke in the
dark pixels after it. Bottom: how active layer 2 is; digits that are read right (dotted: chance).
"""

from brian2 import PopulationRateMonitor, StateMonitor, ms, prefs, second

import dmpnet
from dmpnet.drawing import CLASSES, scripts

NETWORK = "smnist-dmp1"  # 1-200-200-10, slow memories of d = 20; `dmpnet info smnist-dmp1 --equations`
LESIONS = {"whole": "", "no W_m_1": "W_m_1", "no W_m_2": "W_m_2", "4/5 of W_f_2": "W_f_2"}
WATCHED = 7  # neuron of layer 1


def simulate(quick):
    digits = dmpnet.data.load("smnist", "subset", steps=280 if quick else 784)  # quick: the upper rows
    digits = digits.take(digits.balanced(2 if quick else 20, seed=0))
    net = dmpnet.convert(dmpnet.load(NETWORK), digits.batch(slice(None)))
    u = StateMonitor(net["fast_1"], "u", record=[WATCHED])
    rate = PopulationRateMonitor(net["fast_2"])
    net.add(u, rate)
    net.store()
    rows, seen = [], {"pixels": digits.batch([0])[0, :, 0]}
    for name, cut in LESIONS.items():
        net.restore()
        if cut.startswith("W_m"):
            net[cut].w = 0
        elif cut:
            net[cut].w["i % 5 == 0"] = 0  # what every fifth neuron says to the next layer
        net.run(namespace={})
        found = net.activity()
        seen[name] = {"u": u.u[0], "rate": rate.smooth_rate("flat", 21 * ms) / second**-1, "spikes": found.spikes}
        rows.append({"network": name, "right %": 100 * float((found.predictions == digits.labels).mean()),
                     "layer 1 %": 100 * found.spikes[0].mean(), "layer 2 %": 100 * found.spikes[1].mean(),
                     "moved %": 100 * moved(found.spikes, seen["whole"]["spikes"])})
    return rows, seen


def moved(spikes, whole):
    """Places (digit, step, neuron) that differ, over those with a spike."""
    return sum((a != b).sum() for a, b in zip(spikes, whole, strict=True)) / sum(b.sum() for b in whole)


def draw(figure, rows, seen):
    figure.set_size_inches(7.0, 3.6)
    (pixel, u), (rate, right) = figure.subplots(2, 2)
    pixel.fill_between(range(len(seen["pixels"])), seen["pixels"], step="post", color="k", lw=0)
    for (name, found), colour in zip(list(seen.items())[1:], CLASSES, strict=False):
        rate.plot(found["rate"], color=colour, label=name)
        if name in ("whole", "no W_m_1"):
            u.plot(found["u"], color=colour, lw=0.6)
    right.barh(range(len(rows)), [row["right %"] for row in rows], color=CLASSES[:len(rows)])
    right.axvline(10, color="k", lw=0.8, ls=":")
    pixel.set(ylabel="pixel (1)", title="first digit")
    u.set(ylabel="membrane u (1)", title=f"neuron {WATCHED} of layer 1, first digit")
    rate.set(xlabel="time (ms)", ylabel="layer 2 (Hz)", title="all digits")
    right.set(xlabel="read right (%)", yticks=range(len(rows)), yticklabels=[row["network"] for row in rows])
    right.invert_yaxis()
    figure.legend(*rate.get_legend_handles_labels(), loc="outside lower center", ncols=4)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
