"""Can what came before decide whether a synapse learns?

Neurons are driven to spike once, 4 ms after their input, each at another time after a cue that only the slow memory
hears. A pair counts as the gate w_g . m says, which Legendre polynomials as w_g open a delay after the cue. Left: gate,
d = 12, and weights. Middle, right: what was learned by when (line: closed form), more shortly the larger d; where the
gate is below 0 the same pair depresses; without the cue nothing is learned.
"""

import numpy as np
from brian2 import Network, SpikeGeneratorGroup, StateMonitor, Synapses, ms, mV, prefs

import dmpnet
from dmpnet import plasticity
from dmpnet.drawing import CLASSES, MUTED, scripts
from dmpnet.equations.memory import discrete, impulse_response, recall
from dmpnet.plasticity import reference

# gate = w_g . m;  w -= gate A_minus w_max y at a presynaptic, w += gate A_plus w_max x at a postsynaptic spike
RULE, APART = dmpnet.rule("slow-memory-gated"), 4  # ms from input to output spike
PAIR = reference.pair_window(1e-3 * APART, RULE.numbers)  # what such a pair brings if the gate is 1
DT, WINDOW, CUE, LAGS = 2, 300, 20, np.arange(20, 300, 10)  # ms; LAGS: from the cue to a neuron's output spike
GATES = {"80 ms": (12, 80), "160 ms": (12, 160), "240 ms": (12, 240), "160 ms, d = 6": (6, 160),
         "160 ms, d = 3": (3, 160), "160 ms, no cue": (12, 160)}  # d; delay after the cue at which it is to be open


def opening(d, delay):  # w_g (d,), and the gate (steps,) after a cue, 1 at most
    P = recall(np.eye(d), delay, WINDOW)
    course = impulse_response(*discrete(d, WINDOW / DT), WINDOW // DT) @ P
    return P * DT / WINDOW / course.max(), course / course.max()


def simulate(quick):
    cue, pre, drive = (SpikeGeneratorGroup(len(after), range(len(after)), (CUE + after) * ms, dt=DT * ms)
                       for after in (np.zeros(1), LAGS - APART, LAGS - DT))
    net, rows, seen, each = Network(cue, pre, drive), [], {}, np.arange(len(LAGS))
    for name in list(GATES)[1::2] if quick else GATES:
        layer = dmpnet.fast_slow_layer(len(LAGS), GATES[name][0], WINDOW * ms, 15 * mV, 0 * mV, tau=10 * ms, dt=DT * ms)
        layer.hears(cue, float("no cue" not in name))
        W_f = Synapses(drive, layer.fast, on_pre="I_f += 20*mV", dt=DT * ms)
        W_f.connect(j="i")
        plastic = dmpnet.plastic(RULE, pre, layer.fast, w=0.5, i=each, j=each, name=f"{layer.name}_plastic")
        plasticity.gate_by_memory(plastic, layer.slow, opening(*GATES[name])[0])
        seen[name] = [StateMonitor(of, what, record=True, when="end", dt=DT * ms)
                      for of, what in ((plastic, "w"), (plastic.third, "gate"))]
        net.add(layer, W_f, plastic, *seen[name])
    net.run(400 * ms, namespace={})
    for name, (w, _) in seen.items():
        pairs = (w.w[:, -1] - 0.5) / PAIR
        rows.append({"gate": name, "pairs": pairs.max(), "at ms": int(LAGS[pairs.argmax()]) if pairs.any() else None,
                     "least": pairs.min(), "a half or more for ms": 10 * int((2 * pairs > pairs.max()).sum())})
    return rows, seen


def draw(figure, rows, seen):
    (time, delays, dims), (w, gate) = figure.subplots(1, 3), seen["160 ms"]
    time.fill_between(gate.t / ms - CUE, gate.gate[0], color=MUTED, lw=0)
    time.plot(w.t / ms - CUE, (w.w[4:24:4].T - 0.5) / PAIR)
    for (name, (w, _)), colour in zip(seen.items(), CLASSES, strict=False):
        for ax in [delays] * (GATES[name][0] == 12 and "no" not in name) + [dims] * (GATES[name][1] == 160):
            ax.plot(LAGS, (w.w[:, -1] - 0.5) / PAIR, ".", color=colour, label=name * (ax is delays or len(name) > 6))
            ax.plot(LAGS, ("no" not in name) * opening(*GATES[name])[1][LAGS // DT - 2], color=colour)
            ax.set(xlabel="output spike after the cue (ms)", ylabel="change of w (pairs)")
    time.set(xlabel="time after the cue (ms)", ylabel="gate (1), change of w (pairs)")
    figure.legend(loc="outside lower center", ncols=6)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
