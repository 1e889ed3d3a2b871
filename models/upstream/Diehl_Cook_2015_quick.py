"""
Unsupervised learning of digits, quickly
========================================
The network of:

    Diehl PU, Cook M (2015). Unsupervised learning of digit recognition using spike-timing-dependent plasticity.
    Frontiers in Computational Neuroscience 9, 99. https://doi.org/10.3389/fncom.2015.00099

in a small form that learns in less than a minute: 20 neurons see 250 drawn digits. Each neuron comes to stand for one
of them by a postsynaptic STDP rule, competition by inhibition, a threshold that rises with every spike, and weights
that are brought to a constant sum before each presentation. To be quick, all that is learned is one run, in which a
TimedArray holds the digits; inhibition goes from neuron to neuron, without the layer of inhibitory neurons; membranes
are set back in place of a pause; steps are of 1 ms; thresholds fall back within 15 s, not hours. Labels are used after
learning only: a neuron stands for the digit that it answers most, and a new digit is taken for the one whose neurons
spike most.
"""
import matplotlib.pyplot as plt
from brian2 import *

prefs.codegen.target = "numpy"  # nothing to compile; without this line, Cython makes longer runs faster
defaultclock.dt = 1*ms
seed(1)
rng = np.random.default_rng(1)

# Digits of 7 rows of 5 cells, 2 x 2 pixels a cell, spoilt by noise
ROWS = bytes.fromhex("0e11131519110e 040c040404040e 0e11010204081f 1f02040201110e 02060a121f0202"
                     "1f101e0101110e 0608101e11110e 1f010204080808 0e11110e11110e 0e11110f01020c")
CELLS = np.unpackbits(np.frombuffer(ROWS, np.uint8)[:, None], axis=1)[:, 3:].reshape(10, 7, 5)


def drawn(digit):
    image = np.kron(CELLS[digit], np.ones((2, 2)))
    return np.abs(image - (rng.random(image.shape) < 0.05)).ravel()


learn, test, N, present = 250, 100, 20, 150*ms
labels = np.concatenate([rng.permutation(np.repeat(np.arange(10), n//10)) for n in (learn, test)])
images = np.array([drawn(digit) for digit in labels])
pixels = TimedArray(images, dt=present)
inputs = PoissonGroup(images.shape[1], rates="pixels(t, i)*128*Hz")

v_rest, v_inh = -65*mV, -100*mV
rise, forgets, rate = 0.5*mV, 1/(15*second), 0.02  # of thresholds: at a spike, and back; of learning
neurons = NeuronGroup(N, """dv/dt = (v_rest - v - g_e*v + g_i*(v_inh - v))/(100*ms) : volt (unless refractory)
                            dg_e/dt = -g_e/(1*ms) : 1
                            dg_i/dt = -g_i/(2*ms) : 1
                            dtheta/dt = -theta*forgets : volt""", refractory=5*ms, method="exponential_euler",
                      threshold="v > -52*mV + theta", reset="v = v_rest; theta += rise")
rivals = Synapses(neurons, neurons, on_pre="g_i_post += 17")
rivals.connect("i != j")
plastic = Synapses(inputs, neurons, "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)", on_pre="g_e_post += w; x += 1",
                   on_post="w = clip(w + rate*(x - 0.4)*(1 - w)**0.2, 0, 1)")
plastic.connect()
plastic.w = "0.1 + 0.2*rand()"


@network_operation(dt=present, when="start")
def next_image():
    w = plastic.w[:].reshape(len(inputs), N)
    plastic.w = (w*norm/w.sum(axis=0)).clip(0, 1).ravel()
    neurons.v, neurons.g_e, neurons.g_i = v_rest, 0, 0


spikes, norm = SpikeMonitor(neurons), 20
run(learn*present)
rise, forgets, rate = 0*mV, 0*Hz, 0
run(test*present)

# (presentations, N) spikes; the digit of each neuron; the digit each new image is taken for
answers = np.histogram2d(spikes.t/present, spikes.i, (np.arange(learn + test + 1), np.arange(N + 1)))[0]
late = slice(learn//2, learn)
means = np.array([answers[late][labels[late] == digit].mean(axis=0) for digit in range(10)])
stands = means.argmax(axis=0)
members = stands == np.arange(10)[:, None]
votes = answers[learn:] @ members.T/members.sum(axis=1).clip(1)
accuracy = (votes.argmax(axis=1) == labels[learn:]).mean()

figure, axes = plt.subplots(2, 10, figsize=(9, 2.8), layout="constrained")
w = np.array(plastic.w).reshape(14, 10, N)
for n, ax in zip(np.argsort(stands, kind="stable"), axes.flat, strict=True):
    ax.imshow(w[:, :, n], cmap="Greys", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[], title=stands[n])
figure.suptitle(f"weights of {N} neurons after {learn} digits; of {test} new ones {accuracy:.0%} are read right")
plt.show()
