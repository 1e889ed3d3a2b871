"""
Fast neurons with one slow memory
=================================
The fast-slow layer of the dual-memory-pathway network of:

    Sun P, Su Z, Achterberg J, Indiveri G, Goodman DFM, Akarca D (2026).
    Algorithm-hardware co-design of neuromorphic networks with dual memory pathways.
    Nature Machine Intelligence 8, 901-912. https://doi.org/10.1038/s42256-026-01255-3

Two volleys of spikes arrive, 40 to 240 ms apart. A membrane that forgets within 10 ms answers the second volley in the
same way after any interval. In the fast-slow layer one scalar x, the weighted sum of the input spikes, enters a slow
memory of d = 6 numbers that all neurons share, a Legendre delay (Voelker, Kajic & Eliasmith, 2019, NeurIPS 32):

    dm/dt = A m + B x        holds the last 300 ms of x as coefficients of Legendre polynomials
    du/dt = (I_m + b - u)/tau,  I_m = W_m m

Nothing is trained: each row of W_m is the polynomials' values at one delay, so that each neuron is helped by what came
in one interval ago. So the neurons answer the intervals near their own. The plain neurons have a bias in its place.
"""
import matplotlib.pyplot as plt
from brian2 import *
from numpy.polynomial.legendre import legvander

prefs.codegen.target = "numpy"  # the network is small: nothing to compile
defaultclock.dt = 2*ms
rng = np.random.default_rng(2026)

# Input: trials with two volleys, in which half of the M inputs spike
M, trial, repeats = 60, 600, 3
intervals = np.arange(40, 241, 40)  # ms
first = 20 + trial*np.arange(len(intervals)*repeats)
second = first + np.resize(intervals, len(first))
volley, i = np.nonzero(rng.random((2*len(first), M)) < 0.5)
inputs = SpikeGeneratorGroup(M, i, np.append(first, second)[volley]*ms)

# Slow memory: A and B of a Legendre delay over `window`, discretised exactly for an x that is held during a step
d, window = 6, 300*ms
row, column = np.ogrid[:d, :d]
scale = (2*np.arange(d) + 1)*float(defaultclock.dt/window)
A = scale[:, None]*np.where(row < column, -1.0, (-1.0)**(row - column + 1))
B = scale*(-1.0)**np.arange(d)
rates, modes = np.linalg.eig(A)
Abar = ((modes*np.exp(rates)) @ np.linalg.inv(modes)).real
Bbar = np.linalg.solve(A, (Abar - np.eye(d)) @ B)

scalar = NeuronGroup(1, "x : 1\nx_in : 1")  # x counts volleys, rectified
scalar.run_regularly("x = clip(x_in, 0, inf)*window/dt\nx_in = 0", when="groups", order=-3)
slow = NeuronGroup(d, "m : 1\nkept : 1\nb_x : 1 (constant)\nx : 1 (linked)")
slow.x, slow.b_x = linked_var(scalar, "x"), Bbar
slow.run_regularly("m = kept + b_x*x", when="groups", order=-2)
recurrent = Synapses(slow, slow, "w : 1\nkept_post = w*m_pre : 1 (summed)")
recurrent.connect()
recurrent.w = Abar.T.ravel()
hears = Synapses(inputs, scalar, "w : 1", on_pre="x_in_post += w")
hears.connect()
hears.w = 2/M

# Fast neurons: 10 of each interval with W_m, then as many with a bias in its place
own = np.repeat(intervals, 10)  # ms
N, tau, theta = 2*len(own), 10*ms, 15*mV
P = legvander(2*own*ms/window - 1, d - 1)  # row n: what came own[n] ago, read from m
volleys = [np.linalg.matrix_power(Abar, k) @ Bbar*window/defaultclock.dt for k in range(int(window/defaultclock.dt))]
W_m = np.zeros((N, d))
W_m[:N//2] = P/(P @ np.array(volleys).T).max(axis=1)[:, None]  # at most 1 after a single volley
fast = NeuronGroup(N, "du/dt = (I_m + b - u)/tau : volt\nI_m : volt\nI_f : volt\nb : volt (constant)",
                   threshold="u >= theta", reset="u = 0*mV", method="exact")
fast.run_regularly("u += I_f\nI_f = 0*mV", when="after_groups")  # a spike adds its weight once
fast.b[N//2:] = 6.5*mV
remembers = Synapses(slow, fast, "w : volt\nI_m_post = w*m_pre : volt (summed)")
remembers.connect()
remembers.w = 8*mV*W_m.T.ravel()
drives = Synapses(inputs, fast, "w : volt", on_pre="I_f_post += w")
drives.connect()
drives.w = rng.choice([0, 20*2/M], len(drives))*mV  # a volley brings 10 mV: too little alone

spikes = SpikeMonitor(fast)
watched = 35  # of 160 ms
membrane = StateMonitor(fast, ["u", "I_m"], record=[watched, watched + N//2], when="before_thresholds")
run(trial*len(first)*ms)

# Which neurons fire within 10 ms of the second volley?
edges = np.add.outer(second, (-0.5, 10)).ravel()
fired = np.histogram2d(spikes.t/ms, spikes.i, (edges, np.arange(N + 1)))[0][::2] > 0
answers = fired.reshape(repeats, len(intervals), 2, len(intervals), 10).mean(axis=(0, 4))  # (interval, half, own)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
shown = slice(3*trial//2, 3*trial//2 + 130)  # the trial with an interval of 160 ms
for n, name in enumerate(("with slow memory", "with bias")):
    left.plot(membrane.t[shown]/ms - first[3], membrane.u[n, shown]/mV, f"C{n}", label=f"u, {name}")
left.plot(membrane.t[shown]/ms - first[3], membrane.I_m[0, shown]/mV, "k:", label="I_m = W_m m")
left.axhline(theta/mV, color="0.7")
left.set(xlabel="time since first volley (ms)", ylabel="mV", title="a neuron of 160 ms")
left.legend(frameon=False, fontsize="small")
for ax, half, name in ((middle, 0, "with slow memory"), (right, 1, "with bias")):
    image = ax.imshow(100*answers[:, half], origin="lower", vmin=0, vmax=100, extent=(20, 260, 20, 260))
    ax.set(xlabel="interval the neuron recalls (ms)", ylabel="interval of the volleys (ms)", title=name)
figure.colorbar(image, ax=right, label="neurons that fire (%)")
plt.show()
