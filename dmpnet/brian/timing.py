"""When each population of a converted network works, in steps behind its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from brian2 import get_device

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork


class Later(NamedTuple):
    """Steps that a coupling takes: from analog input to the first layer, from x to m and to u."""

    analog: int
    slow: tuple[int, int]


LATER = {"synapses": Later(1, (1, 2)), "shared": Later(0, (0, 0))}
"""Synapses: analog values are played into the input group a step ahead, and wait for the slow memory two steps."""


@dataclass(frozen=True)
class Lags:
    """How many simulation steps each population works behind the input; u : one a layer, m : as u, None without memory.

    axons : one a layer, when they take in a step, None without delays
    steps : of the sample; total : of the simulation, until the readout has seen the last and a step more, at whose
        start the last states are recorded
    """

    u: tuple[int, ...]
    m: tuple[int | None, ...]
    x: tuple[int | None, ...]
    axons: tuple[int | None, ...]
    readout: int
    steps: int

    @property
    def total(self) -> int:
        return self.steps + self.readout + 1


def on_genn() -> bool:
    return get_device().__class__.__name__ == "GeNNDevice"


def timing(network: TrainedNetwork, steps: int, coupling: str = "synapses") -> Lags:
    """Lags of every population of `network` under a coupling, on the Brian2 device now set."""
    hop = 2 if on_genn() else 1  # GeNN delivers a spike before, Brian2 after the neurons of its step are updated
    arrives = hop + (LATER[coupling].analog if network.encoding.kind == "analog" else 0)
    u, m, x, axons = [], [], [], []
    for number, layer in enumerate(network.layers):
        axons.append(None if layer.delay is None else arrives)
        if layer.delay is not None and (number or network.encoding.kind == "spikes"):
            arrives += hop  # values are replayed late, spikes make the axons fire
        slow_steps = LATER[coupling].slow if layer.slow else (0, 0)
        x.append(arrives if layer.slow else None)
        m.append(arrives + slow_steps[0] if layer.slow else None)
        u.append(arrives + slow_steps[1])
        arrives = u[-1] + hop
    return Lags(tuple(u), tuple(m), tuple(x), tuple(axons), arrives, steps)
