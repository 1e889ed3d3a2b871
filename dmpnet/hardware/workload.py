"""What a core was asked to do: sizes of its layer, and the events of every step of a run.

An event is an input that is not 0 in a step; analog inputs are events of several bits, which are multiplied. A
recurrent layer has its own spikes of the step before as further events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.trained.activity import Activity

if TYPE_CHECKING:
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.network import TrainedNetwork


@dataclass(frozen=True)
class Workload:
    """One layer of N neurons on M inputs with d dimensions of slow memory (0: none), and its run.

    events : (..., T) whole numbers, inputs that are not 0 in each step;  sent : (..., T), spikes that the layer fired
    classes : of the readout that hangs on the layer, 0 if none does
    analog : inputs have several bits;  recurrent : it has W_r
    decay, reset : of its neurons (dmpnet.equations.neurons)
    """

    N: int
    M: int
    d: int
    events: np.ndarray
    sent: np.ndarray
    classes: int = 0
    analog: bool = False
    recurrent: bool = False
    decay: str = "exponential"
    reset: str = "soft"

    def __post_init__(self):
        for name, least in (("N", 1), ("M", 1), ("d", 0), ("classes", 0)):
            if getattr(self, name) < least:
                raise DmpnetError(f"workload: {name} = {getattr(self, name)}, but it counts and is at least {least}; "
                                  f"set {name} >= {least}")
        if np.shape(self.events) != np.shape(self.sent) or np.size(self.events) == 0:
            raise DmpnetError(f"workload: events of shape {np.shape(self.events)} and sent of {np.shape(self.sent)}, "
                              f"but both are (..., T) with a step at least; count both in the same steps")
        for name, most in (("events", self.M), ("sent", self.N)):
            counts = np.asarray(getattr(self, name))
            if counts.dtype.kind not in "iu" or counts.min() < 0 or counts.max() > most:
                raise DmpnetError(f"workload: {name} are {counts.dtype} from {counts.min()} to {counts.max()}, but "
                                  f"whole numbers from 0 to {most} can be; count them in every step")
            object.__setattr__(self, name, counts.astype(np.int64))  # bytes would wrap in sums and products

    @property
    def steps(self) -> int:
        """Steps of all samples together."""
        return int(np.size(self.events))

    @property
    def own(self) -> np.ndarray:
        """(..., T) events that come from the layer itself: what it sent in the step before, if it is recurrent."""
        before = np.zeros_like(self.sent)
        if self.recurrent:
            before[..., 1:] = self.sent[..., :-1]
        return before

    @property
    def S(self) -> np.ndarray:
        """(..., T) events of the spike path, the layer's own among them."""
        return self.events + self.own

    @property
    def sops(self) -> int:
        """Synaptic operations of the whole run: events times the neurons each reaches, spikes times classes."""
        return int(self.S.sum()) * self.N + int(self.sent.sum()) * self.classes

    def dense(self) -> Workload:
        """The same where every input is worked on in every step, whether it is 0 or not.

        A recurrent layer then has all its neurons as inputs, as if they were M more.
        """
        M = self.M + self.N * self.recurrent
        return replace(self, M=M, events=np.full_like(self.events, M), recurrent=False)


def of(network: TrainedNetwork, activity: Activity, s_in: np.ndarray) -> list[Workload]:
    """One workload a layer, from a run of `network` on s_in (B, T, M) with its spikes recorded.

    Dilation changes nothing here: the slow memory is integrated in every step.
    """
    if len(activity.spikes) != len(network.layers):
        raise DmpnetError(f"workload: spikes of {len(activity.spikes)} layers, but the network has "
                          f"{len(network.layers)}; run it with record=('spikes',)")
    inputs = [network.encoding.read(np.asarray(s_in)), *activity.spikes[:-1]]
    last = len(network.layers) - 1
    return [_of_layer(layer, number, inputs[number], activity.spikes[number],
                      network.classes if number == last else 0, number == 0 and network.encoding.kind == "analog")
            for number, layer in enumerate(network.layers)]


def _of_layer(layer: Layer, number: int, s_in: np.ndarray, spikes: np.ndarray, classes: int,
              analog: bool) -> Workload:
    if layer.delay is not None:
        raise DmpnetError(f"layer {number + 1}: it has axonal delays, but no chip here does, so that its costs are not "
                          f"known; train without delays")
    if layer.acts != "current":
        raise DmpnetError(f"layer {number + 1}: its slow memory acts on the {layer.acts}, but on a chip it acts on the "
                          f"current; train with acts = 'current'")
    return Workload(layer.N, layer.M, layer.slow.d if layer.slow else 0, np.count_nonzero(s_in, axis=2),
                    np.count_nonzero(spikes, axis=2), classes, analog, layer.W_r is not None, layer.neuron.decay,
                    layer.neuron.reset)
