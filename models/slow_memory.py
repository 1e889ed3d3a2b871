"""What does a slow memory of d numbers still know of the last theta steps?

m[k] = Abar m[k-1] + Bbar x[k] holds the window as coefficients of Legendre polynomials (Voelker et al. 2019); a signal
of any delay up to theta is read from them. Left: x, and what three memories recall of it. Middle: errors by delay.
Right: a sine is held if d is larger than 2 pi times its periods in the window; lines are the closed form.
"""

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, TimedArray, ms, prefs

from dmpnet.drawing import CLASSES, MUTED, scripts
from dmpnet.equations import memory

DT, THETA, DIMENSIONS = 1 * ms, 100, (3, 6, 12)  # steps of the window; d of three memories
PERIODS = np.array([0.25, 0.5, 1, 1.5, 2, 3, 4])  # of a sine in the window


def simulate(quick):
    steps, delays = (6 if quick else 26) * THETA, np.arange(0, THETA, 10 if quick else 5)
    sines = np.sin(2 * np.pi * PERIODS * np.arange(steps)[:, None] / THETA)
    signals = np.column_stack([sines, sines[:, [1, 2, 4]] @ [1, 0.7, 0.5]])  # last, a sum of three
    was = np.stack([signals[2 * THETA - delay:steps - delay] for delay in delays])  # whole periods of every sine
    rows, seen, half = [], {"x": signals[:, -1], "delays": delays}, len(delays) // 2
    for d in DIMENSIONS:
        m = remembered(d, signals)[2 * THETA:]
        recalled = np.stack([memory.recall(m, delay + 0.5, THETA) for delay in delays])  # x is held for a step
        error = 100 * np.sqrt(((recalled - was)**2).mean(axis=1) / (was**2).mean(axis=1))  # (delays, signals)
        seen[d] = {"recalled": recalled[half, :, -1], "window": error[:, -1], "sines": error[half, :-1]}
        rows.append({"d": d, "error % of now": error[0, -1], "theta/2 ago": error[half, -1], "latest": error[-1, -1],
                     "periods to 10 %": float(PERIODS[error[half, :-1] < 10].max(initial=0))})
    return rows, seen


def remembered(d, signals):  # m (steps, signals, d) of d neurons a signal
    names, (Abar, Bbar) = {"x": TimedArray(signals, dt=DT), "d": d}, memory.discrete(d, THETA)
    slow = NeuronGroup(d * signals.shape[1], "m : 1\nkept : 1\nBbar : 1 (constant)", dt=DT, namespace=names)
    slow.Bbar = np.tile(Bbar, signals.shape[1])
    slow.run_regularly("m = kept + Bbar*x(t, i // d)")  # at the start of a step; then kept = Abar m
    joined = Synapses(slow, slow, "Abar : 1\nkept_post = Abar*m_pre : 1 (summed)", dt=DT, namespace=names)
    joined.connect("i // d == j // d")
    joined.Abar = Abar[joined.j % d, joined.i % d]
    recorded = StateMonitor(slow, "m", record=True, when="end")
    Network(slow, joined, recorded).run(len(signals) * DT, namespace={})
    return recorded.m[:].T.reshape(len(signals), -1, d)


def closed(d, delay):
    """Errors of sines, % of their rms: |P(delay) . (1 - Abar/z)^-1 Bbar - z^-delay|, z on the unit circle."""
    Abar, Bbar = memory.discrete(d, THETA)
    return [100 * abs(memory.recall(np.linalg.solve(np.eye(d) - Abar / z, Bbar), delay + 0.5, THETA) - z**-delay)
            for z in np.exp(2j * np.pi * PERIODS / THETA)]


def draw(figure, rows, seen):
    signal, window, sines = figure.subplots(1, 3)
    signal.plot(seen["x"][150:350], color=MUTED, lw=3, label="x, 50 ms ago")
    for d, colour in zip(DIMENSIONS, CLASSES, strict=False):
        signal.plot(seen[d]["recalled"][:200], color=colour, label=f"recalled, d = {d}")
        window.plot(seen["delays"], seen[d]["window"], ".-", color=colour)
        sines.plot(PERIODS, closed(d, THETA // 2), "-", PERIODS, seen[d]["sines"], "o", ms=3, color=colour)
    signal.set(xlabel="time (ms)", ylabel="signal (1)")
    window.set(xlabel="delay (ms)", ylabel="error (% of rms)", yscale="log")
    sines.set(xlabel="periods in the window", ylabel="error, 50 ms ago (% of rms)", yscale="log")
    figure.legend(loc="outside lower center", ncols=4)


if __name__ == "__main__":
    prefs.codegen.target = "numpy"  # starts at once
    scripts.show(__doc__, simulate, draw)
