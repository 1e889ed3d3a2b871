"""What is connected to what in a converted network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork


@dataclass(frozen=True)
class Connection:
    """One matrix: what it carries from which group to which variable of which group.

    carries : 'spikes', or the variable of the source that is multiplied, 's' of neurons that emit values
    weights : (targets, sources) float64, of one sample
    """

    name: str
    source: str
    carries: str
    target: str
    current: str
    weights: np.ndarray


@dataclass(frozen=True)
class DelayedInputs:
    """The delayed inputs of one layer: a unit for each, `name`, and its delay, held by `delays`.

    source, carries : as of a Connection
    steps : (M,) int32 delays, no longer than the sample: what would arrive later is lost
    """

    name: str
    delays: str
    source: str
    carries: str
    steps: np.ndarray


def axons(network: TrainedNetwork, steps: int) -> list[DelayedInputs]:
    """Axons of every layer that has delays, for samples of `steps`."""
    found = []
    source, carries = "input", "spikes" if network.encoding.kind == "spikes" else "s_in"
    for number, layer in enumerate(network.layers, 1):
        if layer.delay is not None:
            delay = np.minimum(layer.delay, steps).astype(np.int32)
            found.append(DelayedInputs(f"axons_{number}", f"delay_{number}", source, carries, delay))
        source, carries = f"fast_{number}", "spikes"
    return found


def connections(network: TrainedNetwork) -> list[Connection]:
    """Every matrix of the network, input to readout."""
    source, carries = "input", "spikes" if network.encoding.kind == "spikes" else "s_in"
    found = []

    def connect(name: str, source: str, carries: str, target: str, current: str, weights: np.ndarray) -> None:
        found.append(Connection(name, source, carries, target, current, np.asarray(weights, float)))

    for number, layer in enumerate(network.layers, 1):
        fast, memory, scalar = f"fast_{number}", f"slow_{number}", f"scalar_{number}"
        source = source if layer.delay is None else f"axons_{number}"
        source = f"queue_{number}" if layer.queue and number > 1 else source
        connect(f"W_f_{number}", source, carries, fast, "I_f", layer.W_f)
        if layer.W_r is not None:
            connect(f"W_r_{number}", fast, "spikes", fast, "I_r", layer.W_r)
        if layer.slow:
            connect(f"w_x_{number}", source, carries, scalar, "x_in", layer.slow.w_x[None, :])
            connect(f"Abar_{number}", memory, "m", memory, "m_kept", layer.slow.Abar)
            connect(f"Bbar_{number}", scalar, "x", memory, "m_new", layer.slow.Bbar[:, None])
            lookahead = layer.slow.nu is not None
            connect(f"W_m_{number}", memory, "m_before" if lookahead else "m", fast, "I_new", layer.slow.W_m)
            if layer.slow.nu is not None:
                connect(f"nu_{number}", scalar, "x", fast, "I_x", layer.slow.nu[:, None])
        source, carries = fast, "s" if layer.values else "spikes"
    connect("W_o", source, carries, "readout", "I_o", network.W_o)
    return found


def biases(network: TrainedNetwork) -> dict[str, np.ndarray]:
    """Trained constants of one sample's units, float64, by 'group.variable'."""
    found = {"readout.b_o": network.b_o}
    for number, layer in enumerate(network.layers, 1):
        found[f"fast_{number}.b"] = np.asarray(layer.b_f, float)
        if layer.slow:
            if layer.slow.acts == "current":
                found[f"fast_{number}.b"] = found[f"fast_{number}.b"] + layer.slow.b_m
            else:
                found[f"fast_{number}.b_m"] = layer.slow.b_m
            found[f"scalar_{number}.b_x"] = np.atleast_1d(layer.slow.b_x)
        if layer.thresholds is not None:
            found[f"fast_{number}.theta_u"] = layer.thresholds
        if layer.floors is not None:
            found[f"fast_{number}.lowest"] = layer.floors
        if layer.beta is not None:
            found |= {f"fast_{number}.beta": layer.constant, f"fast_{number}.g": layer.g}
        if layer.adaptation is not None:
            found |= {f"fast_{number}.{key}": array for key, array in layer.adaptation.arrays()}
        if layer.modes is not None:
            found |= {f"fast_{number}.{key}_{j}": of_mode for key, array in layer.modes.constants().items()
                      for j, of_mode in enumerate(array.T, 1)}
    return {name: np.asarray(array, float) for name, array in found.items()}
