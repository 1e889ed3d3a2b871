"""How do neurons that forget within 10 ms tell an interval of 200 ms?

One volley is too weak to fire them. Their slow memory hears it too, and W_m, Legendre polynomials, untrained, brings
each neuron what came its own interval ago, in time for a second volley. Middle: so neurons answer intervals near their
own. Right: the nearer, the larger d; with a bias in place of W_m they fire as often, but at all intervals alike.
"""

import numpy as np
from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, Synapses, ms, mV, prefs

from dmpnet import fast_slow_layer
from dmpnet.drawing import CLASSES, scripts
from dmpnet.equations.memory import discrete, impulse_response, recall

# One step:  x from spikes;  m = Abar m + Bbar x;  du/dt = (W_m m + b - u)/tau;  u += I_f      (dmpnet.equations.layer)
DT, WINDOW, TAU, TRIAL, FIRST = 2, 300, 10, 600, 20  # ms; FIRST volley of a trial
OWN, EACH, M, FIRING = np.arange(40, 241, 40), 10, 60, 0.5  # intervals, ms; neurons of each; inputs; part of a volley
THETA_U, HELP, VOLLEY, BIAS = 15, 8, 10, 6.5  # mV: threshold, W_m m at most, a volley on average, b in place of W_m
LAYERS, WATCHED = {"no W_m": 1, "d = 3": 3, "d = 6": 6, "d = 12": 12}, 32  # d; neuron, of 160 ms


def recalling(d):  # W_m (neurons, d), mV: of each neuron the signal as it was its own interval ago, HELP at most
    P = np.stack([recall(np.eye(d), own, WINDOW) for own in OWN.repeat(EACH)])
    return HELP * DT / WINDOW * P / (impulse_response(*discrete(d, WINDOW / DT), WINDOW) @ P.T).max(axis=0)[:, None]


def simulate(quick):
    rng, first = np.random.default_rng(0), FIRST + TRIAL * np.arange(len(OWN) * (1 if quick else 5))
    interval = np.resize(OWN, len(first))
    volley, i = np.nonzero(rng.random((2 * len(first), M)) < FIRING)
    inputs = SpikeGeneratorGroup(M, i, np.append(first, first + interval)[volley] * ms, dt=DT * ms)
    w = (rng.random((M, len(OWN) * EACH)) < 0.5) * VOLLEY / (0.5 * M * FIRING)  # mV; a neuron hears half of the inputs
    net, rows, seen = Network(inputs), [], {}
    for name, d in list(LAYERS.items())[::2 if quick else 1]:
        W_m, b = (recalling(d), 0) if name != "no W_m" else (0, BIAS)
        layer = fast_slow_layer(w.shape[1], d, WINDOW * ms, THETA_U * mV, W_m * mV, tau=TAU * ms, b=b * mV, dt=DT * ms)
        layer.hears(inputs, 1 / (M * FIRING))  # m_0 counts volleys
        W_f = Synapses(inputs, layer.fast, "w : volt", on_pre="I_f += w", dt=DT * ms)
        W_f.connect()
        W_f.w = w.ravel() * mV
        u = StateMonitor(layer.fast, ["u", "I_m"], record=[WATCHED], when="thresholds", order=-1, dt=DT * ms)
        seen[name] = {"spikes": SpikeMonitor(layer.fast), "u": u}
        net.add(layer, W_f, *seen[name].values())
    net.run(TRIAL * len(first) * ms, namespace={})
    edges = np.add.outer(first + interval, (-0.5, 9.5)).ravel(), np.arange(w.shape[1] + 1)  # 10 ms from second volleys
    for name, found in seen.items():
        fired = np.histogram2d(found["spikes"].t / ms, found["spikes"].i, edges)[0][::2] > 0
        found["%"] = 100 * fired.reshape(-1, len(OWN), len(OWN), EACH).mean(axis=(0, 3))  # (interval, own)
        rows.append({"layer": name, "fire at own interval %": found["%"].diagonal().mean(),
                     "at others %": found["%"][~np.eye(len(OWN), dtype=bool)].mean(),  # told: mean of those that fire
                     "told wrong by ms": abs(fired @ OWN.repeat(EACH) / fired.sum(axis=1).clip(1) - interval).mean()})
    return rows, seen


def draw(figure, rows, seen):
    (pair, own, apart), k = figure.subplots(1, 3), np.arange(1 - len(OWN), len(OWN))
    for (name, found), colour in zip(seen.items(), CLASSES, strict=False):
        pair.plot(DT * np.arange(125) - FIRST, found["u"].u[0, 3 * TRIAL // DT:][:125] / mV, color=colour)
        apart.plot(40 * k, [found["%"].diagonal(-n).mean() for n in k], ".-", color=colour, label=name)
    own.plot(OWN, seen["d = 6"]["%"], ".-")
    pair.set(xlabel="time (ms)", ylabel="membrane u (mV)", title="neuron of 160 ms; threshold 15 mV")
    own.set(xlabel="interval (ms)", ylabel="neurons that fire (%)", title="d = 6, neurons of 40 to 240 ms")
    apart.set(xlabel="interval - own (ms)", ylabel="neurons that fire (%)", title="all neurons")
    figure.legend(loc="outside lower center", ncols=4)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
