"""Hidden pathways without gradients: fast neurons tuned to channels and to states of the slow memory, drawn (ours).

A neuron hears a bump of channels less another, both at random places, and a random direction of m, each component of
which is scaled to its spread on real input. So it spikes where some channels are active in some context, and a readout
of spike counts sees what came when. Without labels, STDP can then tune W_f to what comes in the context that makes a
neuron spike (`by_stdp`).
"""

from dataclasses import replace

import numpy as np

from dmpnet.brian import programs
from dmpnet.brian.conversion import convert, duration
from dmpnet.brian.session import run_time
from dmpnet.data import Recordings
from dmpnet.equations import memory
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.plasticity import make_plastic, rule, weights
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import SlowMemory

SAMPLES = 500
"""Of the recordings, on which the spread of m is measured."""


BLOCKS = ((5, 15.0), (5, 60.0))
"""Of the slow memory, (d, theta) each, chosen on validation speakers of shd-regen."""


def drawn(recordings: Recordings, N: int = 1000, blocks: memory.Blocks = BLOCKS, width: float = 7.0,
          bias: float = 0.0, context: float = 1.0, seed: int = 0) -> TrainedNetwork:
    """One layer of N neurons on the channels of `recordings`, its readout all 0.

    blocks : of the slow memory, (d, theta) each
    width : of a bump, in channels
    bias : current without input in the mean context
    context : standard deviation of the current from the slow memory; 0: no slow memory
    """
    random = np.random.RandomState(seed)
    M, classes = recordings.values.shape[2], recordings.classes
    W_f = _bumps(random, N, M, width) - 0.7 * _bumps(random, N, M, width)
    W_f /= np.sqrt((W_f**2).sum(axis=1, keepdims=True))
    slow, b_f = None, np.full(N, bias)
    if context:
        w_x = np.full(M, 6.0 / M)
        abar, bbar = memory.hierarchy(blocks)
        m = _states(recordings.batch(slice(0, SAMPLES)), w_x, abar, bbar)
        W_m = context * random.standard_normal((N, len(bbar))) / m.std(axis=(0, 1)) / np.sqrt(len(bbar))
        slow = SlowMemory(w_x, np.zeros(()), W_m, -W_m @ m.mean(axis=(0, 1)), abar, bbar, memory.window(blocks),
                          blocks=tuple(blocks) if len(blocks) > 1 else ())
    reads = Encoding(recordings.kind, M, recordings.values.shape[1], recordings.dt, recordings.name,
                     recordings.permutation)
    return TrainedNetwork((Layer(W_f, b_f, Neuron(), slow=slow),), np.zeros((classes, N)), np.zeros(classes), reads)


GAP = 60  # silent steps between samples, so that what was heard before is forgotten
DEPRESSION = 1.3  # of what pairs depress to what they potentiate; chosen on validation speakers of shd-regen


def by_stdp(network: TrainedNetwork, recordings: Recordings, samples: int = 150, A_plus: float = 1e-4,
            seed: int = 0) -> TrainedNetwork:
    """`network` with W_f of its one layer learned by additive pair STDP in Brian2, and scaled to unit length.

    samples : of the recordings, drawn by the seed, heard once, one after the other
    A_plus : potentiation by a pair; weights lie between -1 and 1
    """
    if len(network.layers) != 1 or network.encoding.kind != "spikes":
        raise DmpnetError(f"hidden pathway: {len(network.layers)} layers on {network.encoding.kind} input, but STDP is "
                          f"laid out here for one layer that hears spikes; give such a network")
    layer = network.layers[0]
    chosen = recordings.drawn(samples, seed)
    stream = np.pad(chosen, ((0, 0), (0, GAP), (0, 0))).reshape(1, -1, chosen.shape[2])
    learns = rule("pair-additive").tuned(w_min=-1.0, w_max=1.0, A_plus=A_plus, A_minus=DEPRESSION * A_plus)
    with run_time("numpy", network.encoding.dt):
        converted = convert(network, stream, coupling="synapses", record=())
        plastic = make_plastic(converted, network, "W_f_1", learns, 1)
        lasts = duration(network, stream.shape[1], "synapses")
        converted.run(lasts, namespace={})
        programs.finished(converted, float(lasts), ())
        W_f = weights(plastic, (1, layer.N, layer.M))[0]
    W_f = W_f / np.sqrt((W_f**2).sum(axis=1, keepdims=True))
    return replace(network, layers=(replace(layer, W_f=W_f),))


def _bumps(random: np.random.RandomState, N: int, M: int, width: float) -> np.ndarray:
    """(N, M) Gaussian bumps at random places; with one channel, 1 or -1."""
    if M == 1:
        return random.choice([-1.0, 1.0], (N, 1))
    return np.exp(-0.5 * ((np.arange(M) - random.uniform(0, M, (N, 1))) / width) ** 2)


def _states(s_in: np.ndarray, w_x: np.ndarray, abar: np.ndarray, bbar: np.ndarray) -> np.ndarray:
    """(n, T, d) of the slow memory on s_in (n, T, M)."""
    x = np.maximum(s_in @ w_x, 0)
    m = np.zeros((*x.shape, len(bbar)))
    before = np.zeros((len(x), len(bbar)))
    for k in range(x.shape[1]):
        before = m[:, k] = before @ abar.T + x[:, k:k + 1] * bbar
    return m
