"""What do pairs of spikes do to a synapse, and why does it matter how often they come?

Left: two synapses while spikes come in pairs, and the traces that the rule reads. Middle: a single pair at any
distance, in Brian2 (points) and in closed form (line). Right and table: 60 pairs at some frequency; by pairs, order
matters less and less, by triplets what is frequent potentiates, as in visual cortex (squares: Sjostrom et al. 2001).
"""

import numpy as np
from brian2 import Network, SpikeGeneratorGroup, StateMonitor, ms, prefs

from dmpnet import plasticity
from dmpnet.data.sjostrom import SJOSTROM
from dmpnet.drawing import CLASSES, HIGHLIGHT, SECOND, scripts
from dmpnet.plasticity import reference

# pair-additive:  w -= A_minus w_max y at a presynaptic, w += A_plus w_max x at a postsynaptic spike; x, y their traces
PAIR = plasticity.rule("pair-additive")  # A 0.005 and 0.00525, tau 20 ms: Song, Miller & Abbott 2000
TRIPLET = plasticity.rule("triplet-visual-full")  # Pfister & Gerstner 2006; `dmpnet stdp show` has the equations
START = {PAIR.name: 0.5, TRIPLET.name: 1.0}  # the triplet rule's unit is the weight before
DT, FIRST = 1 * ms, 101  # of all steps that of the first pair's later spike


def paired(rule, delta, rate, pairs, traces=()):
    """What synapses side by side did while their neurons spiked in pairs, delta (ms) apart, at rate (Hz)."""
    each = np.arange(len(delta))
    at = FIRST - np.maximum(delta, 0)[:, None] + np.rint(1e3 / rate).astype(int)[:, None] * np.arange(pairs)
    pre, post = (SpikeGeneratorGroup(len(each), each.repeat(pairs), steps.ravel() * DT, dt=DT)
                 for steps in (at, at + delta[:, None]))
    plastic = plasticity.synapses(rule, pre, post, w=START[rule.name], i=each, j=each)
    seen = StateMonitor(plastic, ["w", *traces], record=True, when="end")
    Network(pre, post, plastic, seen).run((at.max() + FIRST) * DT, namespace={})
    return seen


def simulate(quick):
    delta, pairs = np.arange(-100, 101, 20 if quick else 5), 20 if quick else 60
    rates = np.array([20.0, 50.0] if quick else [5.0, 10.0, 20.0, 40.0, 50.0])
    rows, seen = [], {"traces": paired(PAIR, np.array([8, -8]), np.full(2, 10.0), 3, ["x_pre", "y_post"]),
                      "delta": delta, "window": paired(PAIR, delta, np.full(len(delta), 10.0), 1).w[:, -1] - 0.5,
                      "closed": reference.pair_window(1e-3 * delta, PAIR.numbers), "rates": rates}
    for rule in (PAIR, TRIPLET):  # all pairs side by side
        after = paired(rule, np.repeat([10, -10], len(rates)), np.tile(rates, 2), pairs).w[:, -1] - START[rule.name]
        for apart, changes in ((10, after[:len(rates)]), (-10, after[len(rates):])):
            seen[rule.name, apart] = changes
            rows.append({"rule": rule.name, "dt (ms)": apart} | {
                f"{rate:g} Hz": round(float(dw), 3) for rate, dw in zip(rates, changes, strict=True)})
    return rows, seen


def draw(figure, rows, seen):
    traces, window, often = figure.subplots(1, 3)
    found, closed = seen["traces"], np.where(seen["delta"], seen["closed"], np.nan)
    traces.fill_between(found.t / ms, found.x_pre[0], color=CLASSES[2], alpha=0.4, lw=0, label="trace x, +8 ms")
    traces.fill_between(found.t / ms, found.y_post[0], color=CLASSES[3], alpha=0.4, lw=0, label="trace y, +8 ms")
    for apart, w, colour in zip((8, -8), found.w, (HIGHLIGHT, SECOND), strict=True):
        traces.plot(found.t / ms, 100 * (w - w[0]), color=colour, label=f"w, {apart:+} ms")
    window.plot(seen["delta"], seen["window"], "o", seen["delta"], closed, "k", ms=2.5, lw=0.7)
    for place, apart, colour in ((0, 10, HIGHLIGHT), (2, -10, SECOND)):
        often.plot(seen["rates"], seen[PAIR.name, apart], ":", color=colour, label=f"pair, {apart:+} ms")
        often.plot(seen["rates"], seen[TRIPLET.name, apart], "-", color=colour, label=f"triplet, {apart:+} ms")
        often.plot(list(SJOSTROM), [dw[place] for dw in SJOSTROM.values()], "s", color=colour, ms=3, mfc="w")
    traces.set(xlabel="time (ms)", ylabel="trace (1), change of w (%)")
    window.set(xlabel="post - pre (ms)", ylabel="change of w (1)")
    often.set(xlabel="frequency (Hz)", ylabel="change of w (1)")
    figure.legend(loc="outside lower center", ncols=4)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
