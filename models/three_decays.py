"""What does a neuron make of the same input if its membrane leaks by a factor, by a subtraction or by a shift?

On a chip a factor (exponential decay) needs a multiplier, a subtraction (linear) and a shift do not. Left: a membrane
forgets one pulse; with linear decay it is at 0 after a while and stays there. Middle: the same noise. Right: steady
input; what leaks at threshold, over g, must come in before a neuron fires, and with linear decay the rate then rises
in a straight line.
"""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, StateMonitor, TimedArray, ms, prefs

from dmpnet.drawing import CLASSES, scripts
from dmpnet.equations.decay import decayed, least_squares
from dmpnet.equations.neurons import RESETS, THRESHOLD, UPDATES, Neuron

# One step:  u = decayed(u) + g I;  s = u >= theta_u;  then u = u - theta_u       (dmpnet.equations)
DT = 1 * ms
BETA, G, THETA_U = 0.9, 0.1, 1.0  # kept each step (tau = 9.5 ms), gain, threshold
LAM = least_squares(BETA, THETA_U)  # 0.05, nearest to the exponential leak over all u from 0 to threshold
NEURONS = {decay: Neuron(BETA, G, THETA_U, "soft", decay, LAM, shift=3) for decay in UPDATES}  # 2^-3 = 0.125
PULSE, NOISE = 0.9 * THETA_U / G, (0.8, 1.2)  # current of one step; mean and standard deviation, for 8 steps each


def simulate(quick):
    """Neuron 0 gets a pulse, neuron 1 noise, all others steady currents; one group a decay."""
    steps, steady = (400, np.linspace(0, 3, 31)) if quick else (4000, np.linspace(0, 3, 121))
    currents = np.zeros((steps, 2 + len(steady)))
    currents[5, 0] = PULSE
    currents[:, 1] = np.random.default_rng(0).normal(*NOISE, steps // 8).repeat(8)
    currents[:, 2:] = steady
    net, u, spikes = Network(), {}, {}
    for decay, neuron in NEURONS.items():
        constants = {"beta": BETA, "lam": LAM, "leak": neuron.leak, "g": G, "theta_u": THETA_U}
        group = NeuronGroup(currents.shape[1], "u : 1\nI : 1", threshold=THRESHOLD, reset=RESETS["soft"], dt=DT,
                            namespace=constants | {"drive": TimedArray(currents, dt=DT)})
        group.run_regularly("I = drive(t, i)\n" + UPDATES[decay])
        u[decay] = StateMonitor(group, "u", record=[0, 1], when="end")
        spikes[decay] = SpikeMonitor(group)
        net.add(group, u[decay], spikes[decay])
    net.run(steps * DT, namespace={})
    seen = {decay: {"u": u[decay].u[:], "rate": spikes[decay].count[2:] / steps, "steady": steady} for decay in u}
    return [row(decay, seen[decay], int(spikes[decay].count[1])) for decay in seen], seen


def row(decay, seen, spikes):  # of the table; least I: that fired; then spikes on noise, and in a step at I = 2
    gone = np.flatnonzero(seen["u"][0, 6:] == 0)
    leak = THETA_U - float(decayed(np.array(THETA_U), decay, NEURONS[decay].constant))
    return {"decay": NEURONS[decay].decaying, "ms to 0": int(gone[0]) + 1 if len(gone) else "never",
            "leak/g": leak / G, "least I": float(seen["steady"][seen["rate"] > 0].min()),
            "on noise": spikes, "at I = 2": float(np.interp(2, seen["steady"], seen["rate"]))}


def draw(figure, rows, seen):
    pulse, noise, rate = figure.subplots(1, 3)
    for (decay, found), colour, line in zip(seen.items(), CLASSES, ("-", "--", "-."), strict=False):
        pulse.plot(found["u"][0, :60], line, color=colour, label=decay)
        noise.plot(found["u"][1, :100], line, color=colour)
        rate.plot(found["steady"], found["rate"], line, color=colour)
    rate.plot([LAM / G, 3], [0, (3 * G - LAM) / THETA_U], "k:", label="(g I - lam)/theta_u")
    pulse.set(xlabel="time (ms)", ylabel="membrane u (1)", title="after one pulse")
    noise.set(xlabel="time (ms)", ylabel="u after the reset (1)", title="the same noise, threshold 1")
    rate.set(xlabel="steady current I (1)", ylabel="spikes a step (1)", title="steady input")
    pulse.legend()
    rate.legend(loc="upper left", borderpad=0)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
