"""What a core was asked to do: sizes of its layer, and the events of every step of a run.

An event is an input that is not 0 in a step; analog inputs are events of several bits, which are multiplied. A
recurrent layer has its own spikes of the step before as further events. In a graph an event reaches those neurons that
its kernel covers, fewer at borders (dmpnet.hardware.scatter).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.trained.activity import Activity

if TYPE_CHECKING:
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.network import TrainedNetwork


class Scattered(NamedTuple):
    """Events of one fan-out.

    reached : neurons (sums) that each reaches;  units : inputs that reach so many;  events : (..., T) in each step
    """

    reached: int
    units: int
    events: np.ndarray


@dataclass(frozen=True)
class Workload:
    """One layer of N neurons on M inputs with d dimensions of slow memory (0: none), and its run.

    events : (..., T) whole numbers, inputs that are not 0 in each step;  sent : (..., T), spikes that the layer fired
    classes : of the readout that hangs on the layer, 0 if none does
    analog : inputs have several bits;  recurrent : it has W_r
    decay, reset : of its neurons (dmpnet.equations.neurons)
    scattered : the events by how many neurons they reach, where that is not all N
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
    scattered: tuple[Scattered, ...] | None = None

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
        if self.scattered is not None and not np.array_equal(sum(each.events for each in self.scattered), self.events):
            raise DmpnetError("workload: events by fan-out do not come to all events; count each event once")

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
    def by_fan_out(self) -> tuple[Scattered, ...]:
        """The events, without the layer's own, by how many neurons they reach."""
        return (Scattered(self.N, self.M, self.events),) if self.scattered is None else self.scattered

    @property
    def reached(self) -> int:
        """Sums that all events but the layer's own reach, in all steps: weights read."""
        return sum(each.reached * int(each.events.sum()) for each in self.by_fan_out)

    @property
    def sops(self) -> int:
        """Synaptic operations of the whole run: events times the neurons each reaches, spikes times classes."""
        return self.reached + int(self.own.sum()) * self.N + int(self.sent.sum()) * self.classes

    def dense(self) -> Workload:
        """The same where every input is worked on in every step, whether it is 0 or not.

        A recurrent layer then has all its neurons as inputs, as if they were M more.
        """
        if self.scattered is not None:
            every = tuple(each._replace(events=np.full_like(self.events, each.units)) for each in self.scattered)
            return replace(self, events=np.full_like(self.events, self.M), scattered=every)
        M = self.M + self.N * self.recurrent
        return replace(self, M=M, events=np.full_like(self.events, M), recurrent=False)


def check_recorded(activity: Activity, layers: int) -> None:
    """Raise DmpnetError unless the spikes of so many layers are there."""
    if len(activity.spikes) != layers:
        raise DmpnetError(f"workload: spikes of {len(activity.spikes)} layers, but the network has {layers}; run it "
                          f"with record=('spikes',)")


def of(network: TrainedNetwork, activity: Activity, s_in: np.ndarray) -> list[Workload]:
    """One workload a layer, from a run of `network` on s_in (B, T, M) with its spikes recorded.

    Dilation changes nothing here: the slow memory is integrated in every step.
    """
    check_recorded(activity, len(network.layers))
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
    if beyond := layer.beyond_chips():
        raise DmpnetError(f"layer {number + 1}: {beyond}")
    return Workload(layer.N, layer.M, layer.slow.d if layer.slow else 0, np.count_nonzero(s_in, axis=2),
                    np.count_nonzero(spikes, axis=2), classes, analog, layer.W_r is not None, layer.neuron.decay,
                    layer.neuron.reset)


def joined(parts: list[list[Workload]]) -> list[Workload]:
    """Workloads of the same network on several batches as those of one."""
    return [replace(each[0], events=np.concatenate([work.events for work in each]),
                    sent=np.concatenate([work.sent for work in each]),
                    scattered=None if each[0].scattered is None else tuple(
                        same[0]._replace(events=np.concatenate([one.events for one in same]))
                        for same in zip(*(work.by_fan_out for work in each), strict=True)))
            for each in zip(*parts, strict=True)]
