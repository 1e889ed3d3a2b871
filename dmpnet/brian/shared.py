"""Coupling by shared weights: one copy of each matrix, multiplied for all samples of the batch at once.

The weights are groups of their own (`W_m_1.w` and so on, ordered by source, then target), so they are changed and cut
by name as synapses are. Currents are products of dmpnet.brian.products. Those of spikes are taken when Synapses would
deliver them, in the step in which they fall, and kept in the current: at the end of a run Brian2 forgets who spiked.
Values that neurons emit in place of spikes are taken then, too, and arrive as late.
All others are taken within the populations' own steps, so nothing waits: x, m and u of a layer take the same step, one
behind the layer below. Delays are a group, too (`delay_1.steps`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from brian2 import Function

from dmpnet.brian import connections, products, queues
from dmpnet.brian.axons import Arriving, DelayRing
from dmpnet.brian.session import Neurons
from dmpnet.brian.timing import Lags

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph
    from dmpnet.trained.network import TrainedNetwork

WAITING = ""
INPUT_ORDER = 1000  # the input steps last: the first layer still reads the values of the step before

AXONS_ORDER = -1  # axons step first: values they deliver are read in the same step

CHANNELS = """
s_in : 1                        # value of this step
k : integer (shared)
"""
Channels = TypeVar("Channels", bound=Neurons)

PLAY = """k += 1
s_in = %s(i, k)"""


def wire(network: TrainedNetwork, s_in: np.ndarray, groups: dict[str, Neurons], updates: dict[str, tuple[str, ...]],
         lags: Lags, clock: Any) -> list:
    """Input, axons and weights; gives every group its step, of the lines in `updates`."""
    batch = len(s_in)
    sources = {"input": _input(network, s_in, clock), **groups, **queues.groups(network, groups, batch, clock)}
    delays = _axons(network, batch, sources, lags, clock)
    weights: dict[str, Neurons] = {}
    gather: dict[str, list[str]] = {name: [] for name in groups}
    hear: dict[str, list[str]] = {name: [] for name in groups}
    for link in connections.connections(network):
        weights[link.name] = Neurons(link.weights.size, "w : 1 (constant)", name=link.name, namespace={}, clock=clock)
        weights[link.name].variables["w"].set_value(link.weights.T.ravel())
        symbol = link.name.removesuffix("_" + link.target.partition("_")[2])
        product = products.Product(symbol, weights[link.name], sources[link.source], link.carries, batch,
                                   link.weights.shape)
        groups[link.target].namespace[symbol] = product.function()
        (hear if link.carries in ("spikes", "s") else gather)[link.target].append(f"{link.current} = {symbol}(i)")
    for order, (name, lines) in enumerate(updates.items()):
        first = ("k += 1",) if "k" in groups[name].variables else ()
        groups[name].run_regularly("\n".join((*first, *gather[name], *lines)), order=order,
                                   name=f"{name}_run_regularly")
        if hear[name]:
            groups[name].run_regularly("\n".join(hear[name]), when="synapses", name=f"{name}_hears")
    replayed = [group for name, group in sources.items() if name not in groups]
    return [*replayed, *delays, *weights.values()]


def _input(network: TrainedNetwork, s_in: np.ndarray, clock: Any) -> Neurons:
    """`input`: the channels replay the samples from memory."""
    batch, _, channels = s_in.shape
    spiking = network.encoding.kind == "spikes"
    stimulus = products.Stimulus(by_step(network, s_in)).function()
    return _channels(Neurons, "input", batch * channels, "stimulus", stimulus, spiking, -1, INPUT_ORDER, clock)


def replay(group: Neurons, network: TrainedNetwork, s_in: np.ndarray) -> None:
    """Let `input` play other samples of the same shape in the next run."""
    group.namespace["stimulus"].pyfunc.__self__.values[:] = by_step(network, s_in)


def _axons(network: TrainedNetwork, batch: int, sources: dict[str, Neurons], lags: Lags,
           clock: Any) -> list[Neurons]:
    """Adds `axons_1`... to the sources; returns their delays, `delay_1.steps` and so on, one for all samples."""
    made = []
    for axons, lag in zip(connections.axons(network, lags.steps), (lag for lag in lags.axons if lag is not None),
                          strict=True):
        delays = Neurons(len(axons.steps), "steps : integer (constant)", name=axons.delays, namespace={}, clock=clock)
        delays.variables["steps"].set_value(axons.steps)
        under_way = DelayRing(delays, sources[axons.source], axons.carries, lags.steps)
        arriving = _channels(Arriving, axons.name, batch * len(axons.steps), "arriving", under_way.function(),
                             axons.carries == "spikes", -1 - lag, AXONS_ORDER, clock)
        arriving.delivers(under_way)
        sources[axons.name] = arriving
        made.append(delays)
    return made


def _channels(kind: type[Channels], name: str, size: int, symbol: str, values: Function, spiking: bool, k: int,
              order: int, clock: Any) -> Channels:
    """Units that take the value symbol(i, k) in step k; spikes are thresholded as a layer's are."""
    thresholded = {"threshold": "s_in > 0", "reset": ""} if spiking else {}
    group = kind(size, CHANNELS, name=name, **thresholded, namespace={symbol: values}, clock=clock)
    group.k = k
    group.run_regularly(PLAY % symbol, order=order, name=f"{name}_run_regularly")
    return group


def by_step(network: TrainedNetwork | Graph, s_in: np.ndarray) -> np.ndarray:
    """s_in (B, T, ...) as it is replayed: (T, B*M), one byte a spike, float64 a value."""
    dtype = np.bool_ if network.encoding.kind == "spikes" else np.float64
    return np.ascontiguousarray(queues.heard(network, s_in).swapaxes(0, 1).astype(dtype).reshape(s_in.shape[1], -1))
