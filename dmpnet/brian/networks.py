"""Any network as a Brian2 network of one's own: trained layers, or a graph of nodes."""

from collections.abc import Iterable
from typing import Any, overload

import numpy as np

from dmpnet.brian import conversion, graph_simulation, graphs
from dmpnet.graph.graph import Graph, check_network
from dmpnet.trained.network import TrainedNetwork


@overload
def convert(network: TrainedNetwork, s_in: np.ndarray, *, coupling: str = "synapses",
            record: str | Iterable[str] = ("spikes",), membrane: Any = None) -> conversion.Converted: ...


@overload
def convert(network: Graph, s_in: np.ndarray, *,
            record: str | Iterable[str] = ("spikes",)) -> graphs.ConvertedGraph: ...


def convert(network: Any, s_in: np.ndarray, *, coupling: str | None = None,
            record: str | Iterable[str] = ("spikes",), membrane: Any = None) -> Any:
    """Brian2 network of `network` driven by s_in (B, T, M): `run()` it, then read its `activity()`.

        net = dmpnet.convert(dmpnet.load("smnist-dmp2"), digits[:2], record=("spikes", "u"))
        net.run()
        net.activity().spikes[0]                                  # of layer 1: (B, T, N)
        net.activity().predictions                                # (B,)

    network : a trained network, or a graph of nodes; s_in of a graph may have the shape of its input
    s_in : B samples of T steps (of the network's dt) of M channels, without a unit; read as it is, so in the range and,
        for a permuted task, the order of steps that the network was trained on
    coupling : of a trained network: 'synapses' (if None) is Brian2 Synapses throughout, every sample with its own, to
        explore, change and lesion; 'shared' holds each weight once and multiplies for all samples at a time. The
        kernels of a graph are always shared
    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step; of a graph, 'spikes', 'u', 'readout'
    membrane : of a trained network: what moves u in place of the trained decay, see dmpnet.brian.conversion.convert

    What `activity()` gives is a dmpnet.trained.activity.Activity, where the shape of every array stands. DmpnetError
    for input of another shape, range or unit than the network reads, and for a setting that is not known.
    """
    if isinstance(network, Graph):
        graph_simulation.check("numpy", coupling or "shared", membrane)
        return graphs.convert(network, s_in, record=record)
    check_network("convert", network)
    return conversion.convert(network, s_in, coupling=coupling or "synapses", record=record, membrane=membrane)
