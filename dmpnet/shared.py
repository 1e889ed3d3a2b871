"""Coupling by shared weights: one copy of each matrix, multiplied for all samples of the batch at once.

The weights are groups of their own (`W_m_1.w` and so on, ordered by source, then target), so they are changed and cut
by name as synapses are. Currents are products of dmpnet.products within the populations' own steps, so nothing waits:
x, m and u of a layer take the same step, one behind the layer below.
"""

import numpy as np
from brian2 import NeuronGroup

from dmpnet import populations, products
from dmpnet.weights import TrainedNetwork

ANALOG_STEPS = 0
SLOW_STEPS = (0, 0)
WAITING = ""
INPUT_ORDER = 1000  # the input steps last: the first layer still reads the values of the step before

CHANNELS = """
s_in : 1                        # value of this step
k : integer (shared)
"""
PLAY = """k += 1
s_in = stimulus(i, k)"""


def wire(network: TrainedNetwork, s_in: np.ndarray, groups: dict[str, NeuronGroup]) -> list:
    """Input and weights; gives every group its step."""
    batch = len(s_in)
    sources = {"input": _input(network, s_in), **groups}
    weights: dict[str, NeuronGroup] = {}
    gather: dict[str, list[str]] = {name: [] for name in groups}
    for link in populations.connections(network):
        weights[link.name] = NeuronGroup(link.weights.size, "w : 1 (constant)", name=link.name, namespace={})
        weights[link.name].variables["w"].set_value(link.weights.T.ravel())
        symbol = link.name.removesuffix("_" + link.target.partition("_")[2])
        product = products.Product(symbol, weights[link.name], sources[link.source], link.carries, batch,
                                   link.weights.shape)
        groups[link.target].namespace[symbol] = product.function()
        gather[link.target].append(f"{link.current} = {symbol}(i)")
    for order, (name, lines) in enumerate(populations.updates(network).items()):
        first = ("k += 1",) if "k" in groups[name].variables else ()
        groups[name].run_regularly("\n".join((*first, *gather[name], *lines)), order=order,
                                   name=f"{name}_run_regularly")
    return [sources["input"], *weights.values()]


def _input(network: TrainedNetwork, s_in: np.ndarray) -> NeuronGroup:
    """`input`: the channels replay the samples from memory; spikes are thresholded as a layer's are."""
    batch, _, channels = s_in.shape
    spiking = {"threshold": "s_in > 0", "reset": ""} if network.encoding.kind == "spikes" else {}
    group = NeuronGroup(batch * channels, CHANNELS, name="input", **spiking,
                        namespace={"stimulus": products.Stimulus(by_step(network, s_in)).function()})
    group.k = -1
    group.run_regularly(PLAY, order=INPUT_ORDER, name="input_run_regularly")
    return group


def by_step(network: TrainedNetwork, s_in: np.ndarray) -> np.ndarray:
    """s_in (B, T, M) as it is replayed: (T, B*M), one byte a spike, float64 a value."""
    dtype = np.bool_ if network.encoding.kind == "spikes" else np.float64
    return np.ascontiguousarray(s_in.swapaxes(0, 1).astype(dtype).reshape(s_in.shape[1], -1))
