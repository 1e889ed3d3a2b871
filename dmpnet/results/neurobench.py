"""NeuroBench's metrics of a network, by their names, as its harness counts (Yik et al. 2025, Nat Commun 16:1545).

    footprint                bytes of all arrays that are stored
    connection_sparsity      part of the weights that are 0; biases are none
    activation_sparsity      part of all neurons, steps and samples without a spike
    synaptic_operations      of a sample, all steps: Effective_ACs (of spikes: the weight is added), Effective_MACs (of
                             analog input, values, m and x: it is multiplied), both where neither is 0; Dense: all
"""

from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


def of_weights(network: TrainedNetwork) -> dict[str, float]:
    """What hangs on no data: footprint and connection_sparsity."""
    weights = [array for layer in network.layers for array in _weights(layer).values()] + [network.W_o]
    biases = [array for layer in network.layers for array in (
        layer.b_f, *((layer.slow.b_m, layer.slow.b_x) if layer.slow else ()))] + [network.b_o]
    constants = [array for layer in network.layers for more in (layer.adaptation, layer.modes) if more is not None
                 for _, array in more.arrays()]
    delays = [layer.delay for layer in network.layers if layer.delay is not None]
    zeros = sum(int((np.asarray(array) == 0).sum()) for array in weights)
    return {"footprint": sum(np.asarray(array).nbytes for array in (*weights, *biases, *delays, *constants)),
            "connection_sparsity": zeros / sum(np.asarray(array).size for array in weights)}


def metrics(network: TrainedNetwork, s_in: np.ndarray) -> dict[str, Any]:
    """All of them, on s_in (B, T, M), by the NumPy reference."""
    found = reference.run(network, s_in, record=("spikes", "m", "x"))
    samples, steps, _ = np.shape(s_in)
    operations = {"Effective_MACs": 0.0, "Effective_ACs": 0.0, "Dense": 0.0}
    signal, analog = np.asarray(s_in), network.encoding.kind == "analog"
    for number, layer in enumerate(network.layers):
        arrays, spikes = _weights(layer), found.spikes[number]
        for name in ("W_f", "w_x", "W_r"):
            if name in arrays:
                sent = _before(spikes) if name == "W_r" else signal
                kind = "Effective_MACs" if analog and name != "W_r" else "Effective_ACs"
                operations[kind] += _effective(sent, arrays[name])
        m, x = found.m[number], found.x[number]
        if m is not None and x is not None:
            before = _before(m)
            read = before if "nu" in arrays else m
            operations["Effective_MACs"] += sum(_effective(*pair) for pair in (
                (before, arrays["Abar"]), (x, arrays["Bbar"]), (read, arrays["W_m"])))
            operations["Effective_MACs"] += _effective(x, arrays["nu"]) if "nu" in arrays else 0
        operations["Dense"] += samples * steps * sum(array.size for array in arrays.values())
        signal, analog = spikes, layer.values  # values are not 0 where it is active
    operations["Effective_MACs" if analog else "Effective_ACs"] += _effective(signal, np.asarray(network.W_o))
    operations["Dense"] += samples * steps * np.size(network.W_o)
    active = sum(int(spikes.sum()) for spikes in found.spikes) / sum(spikes.size for spikes in found.spikes)
    return of_weights(network) | {"activation_sparsity": 1 - active, "synaptic_operations": {
        name: many / samples for name, many in operations.items()}}


def _weights(layer: Layer) -> dict[str, np.ndarray]:
    """Arrays that something is multiplied by, (units, inputs) each; of an integer layer with nu, W_m is P."""
    found = {"W_f": layer.W_f, "W_r": layer.W_r}
    if layer.slow:
        slow = layer.slow
        found |= {"w_x": np.reshape(slow.w_x, (1, -1)), "Abar": slow.Abar, "Bbar": np.reshape(slow.Bbar, (-1, 1)),
                  "W_m": slow.W_m, "nu": None if slow.nu is None else np.reshape(slow.nu, (-1, 1))}
    return {name: np.asarray(array) for name, array in found.items() if array is not None}


def _effective(sent: np.ndarray, weights: np.ndarray) -> float:
    """How often neither what is sent (B, T, inputs) nor the weight it meets is 0."""
    return float((np.asarray(sent) != 0).sum((0, 1)) @ (weights != 0).sum(0))


def _before(values: np.ndarray) -> np.ndarray:
    """Values (B, T, n) of the step before, 0 before the first."""
    return np.pad(values, ((0, 0), (1, 0), (0, 0)))[:, :-1]
