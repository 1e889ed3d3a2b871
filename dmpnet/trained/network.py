"""A trained network: its layers, its readout, how samples reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.disk.headers import real, shown
from dmpnet.errors import WeightsError
from dmpnet.trained.shapes import fits, rows

if TYPE_CHECKING:
    from dmpnet.trained.encoding import Encoding
    from dmpnet.trained.layer import Layer


@dataclass(frozen=True)
class TrainedNetwork:
    """Layers in order, the readout y[k] = W_o s_last[k] + b_o, W_o (C, N), b_o (C,), and where it comes from.

    kappa : None for one class a sample, from the mean of y; in [0, 1) for a class at every step, from
        ybar[k] = kappa ybar[k-1] + (1 - kappa) y[k], ybar[-1] = 0
    """

    layers: tuple[Layer, ...]
    W_o: np.ndarray
    b_o: np.ndarray
    encoding: Encoding
    provenance: dict[str, Any] = field(default_factory=dict)
    kappa: float | None = None

    def __repr__(self) -> str:
        return f"<TrainedNetwork {self.kind} {self.shape}, {self.encoding.dataset or 'data not said'}>"

    @property
    def classes(self) -> int:
        return len(self.b_o)

    @property
    def integer(self) -> bool:
        """Whether it computes in integers."""
        return self.layers[0].integer

    @property
    def kind(self) -> str:
        """'DMP', 'RSNN' or 'FSNN'; with axonal delays 'DMP + delays', 'RSNN + delays' or 'DSNN'; where neurons
        adapt, with ', adaptive' after it. Of layers of modes alone 'C-SiLIF', 'spiking SSM' or 'SSM'."""
        modes = " + ".join(dict.fromkeys(layer.modes.called(layer.neuron.reset) for layer in self.layers
                                         if layer.modes))
        if all(layer.modes for layer in self.layers):
            return modes
        return (self._kind + (", adaptive" if any(layer.adaptation for layer in self.layers) else "")
                + (f", {modes}" if modes else ""))

    @property
    def _kind(self) -> str:
        delays = any(layer.delay is not None for layer in self.layers)
        if any(layer.slow for layer in self.layers):
            return "DMP + delays" if delays else "DMP"
        if any(layer.W_r is not None for layer in self.layers):
            return "RSNN + delays" if delays else "RSNN"
        return "DSNN" if delays else "FSNN"

    @property
    def shape(self) -> str:
        """Numbers of units from input to readout: '1-200-200-10'."""
        return "-".join(map(str, (self.layers[0].M, *(layer.N for layer in self.layers), self.classes)))

    def __post_init__(self):
        check(self)


def check(network: TrainedNetwork, origin: str = "network") -> None:
    """Raise WeightsError for the first array whose shape does not fit its neighbours or that is not finite."""
    if not network.layers:
        raise WeightsError(f"{origin}: 0 layers, but a network needs at least one; add layer1.W_f and layer1.b_f")
    channels = network.encoding.channels
    for number, layer in enumerate(network.layers, 1):
        layer.check(origin, f"layer{number}", channels)
        if layer.delay is not None and number > 1 and network.layers[number - 2].values:
            raise WeightsError(f"{origin}: layer{number} has axonal delays, but layer{number - 1} passes on values, "
                               f"and axons between layers carry spikes; leave the delays out")
        channels = layer.N
    fits(origin, "readout.W_o", network.W_o, (rows(network.W_o), channels))
    fits(origin, "readout.b_o", network.b_o, (rows(network.W_o),))
    network.encoding.check(origin)
    whole = network.integer and network.encoding.kind == "analog"
    if len({layer.integer for layer in network.layers}) > 1 or whole != (network.encoding.levels > 0):
        raise WeightsError(f"{origin}: some of it computes in integers (input.levels = {network.encoding.levels}), but "
                           f"then all layers do, and analog input, no other, has levels; make it with "
                           f"dmpnet.hardware.constrain")
    if not isinstance(network.provenance, dict):
        raise WeightsError(f"{origin}: provenance = {network.provenance!r}, but it names its entries; give a dict")
    kappa = network.kappa
    if kappa is not None and not (real(kappa) and 0 <= kappa < 1):
        raise WeightsError(f"{origin}: kappa = {shown(kappa)}, but the fraction kept of the readout lies in [0, 1); "
                           f"set one, or None for one class a sample")


def arrays(network: TrainedNetwork) -> Iterator[tuple[str, np.ndarray]]:
    """All its arrays, by the names they have in a weights file."""
    for number, layer in enumerate(network.layers, 1):
        for key, array in layer.arrays():
            yield f"layer{number}.{key}", array
    yield "readout.W_o", network.W_o
    yield "readout.b_o", network.b_o
    if network.encoding.permutation is not None:
        yield "input.permutation", network.encoding.permutation


def parameters(network: TrainedNetwork) -> dict[str, int]:
    """Parameter counts: 'paper' by its rule, sum over layers (M N + N d + d^2) + N C; 'trainable'; 'stored'.

    The paper's rule leaves out biases and w_x and counts the frozen Abar; W_r adds N^2 a layer, axonal delays M,
    adaptation 3 N, a beta of each neuron N, n modes 4 n N, or 3 n N where B is real.
    In a hierarchy d^2 is the sum of d_i^2; a cascade adds d_{i+1} for each coupling, which is of rank one. What a chip
    fills up with zeros is only stored.
    """
    paper = network.W_o.size
    frozen = 0
    for layer in network.layers:
        paper += layer.W_f.size + (layer.W_r.size if layer.W_r is not None else 0)
        paper += layer.delay.size if layer.delay is not None else 0
        for more in (layer.adaptation, layer.modes):
            paper += sum(array.size for _, array in more.arrays()) if more is not None else 0
        paper += layer.beta.size if layer.beta is not None else 0
        if layer.slow is not None:
            sizes = [layer.d] if layer.integer else [size for size, _ in layer.slow.all_blocks]
            paper += layer.N * sum(sizes) + sum(size**2 for size in sizes)
            paper += sum(sizes[1:]) if layer.slow.feed == "cascade" else 0
            frozen += layer.slow.Abar.size + layer.slow.Bbar.size
    stored = sum(array.size for key, array in arrays(network) if not key.startswith("input."))
    return {"paper": paper, "trainable": stored - frozen, "stored": stored}
