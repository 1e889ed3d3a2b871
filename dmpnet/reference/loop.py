"""The run over all steps, one for layers of real numbers and of whole ones: each knows its own `step`."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import pathways
from dmpnet.graph.graph import Graph, check_network
from dmpnet.reference import graphs
from dmpnet.reference.input import check_input, plain, recorded
from dmpnet.reference.integers import IntegerLayer, IntegerReadout, levels
from dmpnet.reference.modes import ModeLayer
from dmpnet.reference.real import RealLayer, RealReadout
from dmpnet.trained.activity import Activity, smoothed
from dmpnet.trained.network import TrainedNetwork

RECORDED = {"spikes": lambda layer: layer.s > 0, "u": lambda layer: layer.u, "m": lambda layer: layer.m,
            "x": lambda layer: layer.x}
"""What a layer is asked for after a step; None where it has no such state."""


class Advancing(Protocol):
    """One layer for B samples: membranes u and spikes s (B, N), slow memory m (B, d) and scalar x (B, 1), or None."""

    u: np.ndarray
    s: np.ndarray
    m: np.ndarray | None
    x: np.ndarray | None

    def step(self, k: int, s_in: np.ndarray) -> float:
        """Advance by one step on s_in (B, M); returns how close a membrane came to its threshold."""


class Reading(Protocol):
    """The readout, and its mean over a sample."""

    def step(self, s: np.ndarray) -> np.ndarray: ...

    def mean(self, total: np.ndarray, steps: int) -> np.ndarray: ...


def run(network: TrainedNetwork | Graph, s_in: np.ndarray, record: str | Iterable[str] = ("spikes",),
        dtype: type = np.float64) -> Activity:
    """Classify s_in (B, T, M) step by step; in integers a network that is constrained to a chip. Or a graph.

    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step
    dtype : arithmetic of real numbers, float64 unless the float32 of training is wanted
    """
    check_network("reference.run", network)
    if network.integer:
        return watched(network, s_in, record)[0]
    if isinstance(network, Graph):
        return graphs.run(network, s_in, record)
    s_in = plain(s_in)
    check_input(network, s_in)
    batch, steps, _ = s_in.shape
    layers = [RealLayer(layer, batch, steps, dtype) if layer.modes is None else
              ModeLayer(layer, layer.modes, batch, dtype) for layer in network.layers]
    return _advanced(layers, RealReadout(network, dtype), s_in, dtype, recorded(record), network.kappa,
                     network.layers[-1].values)


def watched(network: TrainedNetwork | Graph, s_in: np.ndarray,
            record: str | Iterable[str] = ("spikes",)) -> tuple[Activity, list[Counter[str]]]:
    """`run` of a network in integers, and how many values of each layer's x, m, u and I did not fit their words."""
    if not network.integer:
        raise DmpnetError("network: it computes in real numbers, but this is the integer reference; constrain it to a "
                          "chip first (dmpnet.hardware.constrain)")
    s_in = plain(s_in)
    if isinstance(network, Graph):
        read = levels(graphs.shaped(network, s_in), network.encoding.levels)
        registers = {name: IntegerLayer(layer, layer.fixed, *read.shape[:2]) for name in network.populations
                     if (layer := pathways.layer(network, name))}
        return graphs.run(network, read, record, registers), [each.overflows for each in registers.values()]
    check_input(network, s_in)
    batch, steps, _ = s_in.shape
    layers = [IntegerLayer(layer, layer.fixed, batch, steps) for layer in network.layers if layer.fixed]
    read = levels(s_in, network.encoding.levels)
    activity = _advanced(layers, IntegerReadout(network), read, np.int64, recorded(record), network.kappa)
    return activity, [layer.overflows for layer in layers]


def mixed(network: TrainedNetwork, integer: TrainedNetwork, whole: Collection[int], s_in: np.ndarray) -> Activity:
    """`run` of `network` with the layers numbered in `whole`, from 1, in the integers of `integer`, made from it.

    The readout is layer L + 1. Layers pass spikes on, so that one knows nothing of the numbers of another; only the
    first, in integers, reads levels.
    """
    s_in = plain(s_in)
    check_input(network, s_in)
    batch, steps, _ = s_in.shape
    layers = [_Whole(IntegerLayer(made, made.fixed, batch, steps)) if number in whole and made.fixed else
              RealLayer(layer, batch, steps, np.float64)
              for number, (layer, made) in enumerate(zip(network.layers, integer.layers, strict=True), 1)]
    reads = IntegerReadout(integer) if len(layers) + 1 in whole else RealReadout(network, np.float64)
    read = levels(s_in, integer.encoding.levels) if 1 in whole else s_in
    return _advanced(layers, reads, read, np.float64, ("spikes",), network.kappa)


class _Whole:
    """A layer in integers that takes whole numbers of any type."""

    def __init__(self, layer: IntegerLayer):
        self.layer = layer

    def step(self, k: int, s_in: np.ndarray) -> float:
        return self.layer.step(k, s_in.astype(np.int64))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)


def _advanced(layers: Sequence[Advancing], readout: Reading, s_in: np.ndarray, dtype: type, record: tuple[str, ...],
              kappa: float | None, graded: bool = False) -> Activity:
    """What `layers` and their readout do on s_in (B, T, M), taken as `dtype`; graded: the last layer emits values."""
    steps = s_in.shape[1]
    counts = [np.zeros(layer.u.shape, np.int64) for layer in layers]
    kept: dict[str, list[list[np.ndarray]]] = {name: [[] for _ in layers] for name in RECORDED if name in record}
    y, margin = [], np.inf
    total = np.zeros(layers[-1].u.shape)
    for k in range(steps):
        signal = s_in[:, k].astype(dtype)
        for number, layer in enumerate(layers):
            margin = min(margin, layer.step(k, signal))
            signal = layer.s
            counts[number] += signal > 0
            for name, of_layers in kept.items():
                value = RECORDED[name](layer)
                if value is not None:
                    of_layers[number].append(value)
        if graded:
            total += signal
        if "readout" in record or kappa is not None:
            y.append(readout.step(signal))
    stacked = np.stack(y, axis=1) if y else np.empty(0)
    found: dict[str, Any] = {name: [np.stack(values, axis=1) if values else None for values in of_layers]
                             for name, of_layers in kept.items()}
    return Activity(
        logits=readout.mean(total if graded else counts[-1], steps) if kappa is None else smoothed(stacked, kappa),
        rates=[count.mean(axis=0) / steps for count in counts], counts=counts,
        readout=stacked if "readout" in record else None, margin=float(margin), **found)


def rounding(network: TrainedNetwork, s_in: np.ndarray) -> float:
    """By how much rounding moves a membrane on s_in (B, T, M): its largest change when all sums are taken backwards.

    Every back end takes sums in an order of its own, so a membrane nearer to its threshold than this (Activity.margin)
    may fire on one and not on another. 0 for a network in integers; infinite if the two orders differ in a spike.
    """
    if network.integer:
        return 0.0
    record = ("spikes", "u")
    one, other = run(network, s_in, record), run(_backwards(network), plain(s_in)[..., ::-1], record)
    if any((a != b[..., ::-1]).any() for a, b in zip(one.spikes, other.spikes, strict=True)):
        return np.inf
    return max(float(np.abs(a - b[..., ::-1]).max()) for a, b in zip(one.u, other.u, strict=True))


def _backwards(network: TrainedNetwork) -> TrainedNetwork:
    """`network` with its channels, its neurons and what its slow memories hold numbered last to first."""
    def turned(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else np.flip(array)

    def numbered(more: Any) -> Any:
        return None if more is None else replace(more, **{name: np.flip(array) for name, array in more.arrays()})

    layers = [replace(layer, W_f=np.flip(layer.W_f), b_f=np.flip(layer.b_f), W_r=turned(layer.W_r),
                      adaptation=numbered(layer.adaptation), modes=numbered(layer.modes),
                      delay=turned(layer.delay),
                      slow=replace(layer.slow, **{name: np.flip(getattr(layer.slow, name)) for name in (
                          "w_x", "W_m", "b_m", "Abar", "Bbar")}, nu=turned(layer.slow.nu), blocks=())
                      if layer.slow else None) for layer in network.layers]
    return replace(network, layers=tuple(layers), W_o=np.fliplr(network.W_o))
