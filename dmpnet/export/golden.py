"""Golden vectors: what an integer network is shown and does in every step, as one file of 64-bit whole numbers."""

from collections.abc import Iterator

import numpy as np

from dmpnet import reference
from dmpnet.export.header import check_whole
from dmpnet.reference.integers import levels
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

ORDER = """\
int64, little-endian: samples, steps, inputs; then of every sample, of every step,
    s_in of the inputs; of every layer s and u of its neurons and, with a slow memory, m of its dimensions and x;
    y of the classes
and after the steps of a sample its class (-1 where there is one a step).
"""


def golden(network: TrainedNetwork, s_in: np.ndarray, found: Activity | None = None) -> np.ndarray:
    """The file (ORDER) of an integer network on s_in (B, T, M), flat int64; s, u, m, x are those after each step.

    found : what `ran` gave, if that is known
    """
    found = found or ran(network, s_in)
    samples, steps, inputs = np.shape(s_in)
    parts = [levels(np.asarray(s_in), network.encoding.levels)]
    for spikes, u, m, x in zip(found.spikes, found.u, found.m, found.x, strict=True):
        parts += [spikes, u] + ([m, x] if m is not None and x is not None else [])
    assert found.readout is not None
    body = np.concatenate([np.asarray(part, np.int64) for part in (*parts, np.rint(found.readout))], axis=2)
    classes = np.full(samples, -1) if network.kappa is not None else found.predictions
    whole = np.concatenate([body.reshape(samples, -1), np.asarray(classes, np.int64)[:, None]], axis=1)
    return np.concatenate([[samples, steps, inputs], whole.ravel()]).astype("<i8")


def signals(network: TrainedNetwork, s_in: np.ndarray,
            found: Activity | None = None) -> Iterator[tuple[str, int, np.ndarray]]:
    """The same, signal by signal: name, bits a unit, values (B T, units) or, of classes, (B, 1)."""
    found, most = found or ran(network, s_in), network.encoding.levels
    yield "inputs", max(most, 1).bit_length(), _steps(levels(np.asarray(s_in), most))
    for number, layer in enumerate(network.layers):
        fixed, u, m, x = layer.fixed, found.u[number], found.m[number], found.x[number]
        assert fixed is not None
        yield f"layer{number + 1}_s", 1, _steps(found.spikes[number])
        yield f"layer{number + 1}_u", fixed.u.bits, _steps(u)
        if m is not None and x is not None:
            yield f"layer{number + 1}_m", fixed.m.bits, _steps(m)
            yield f"layer{number + 1}_x", fixed.x.bits, _steps(x)
    y = _steps(np.rint(np.asarray(found.readout)))
    yield "readout", int(np.abs(y).max(initial=1)).bit_length() + 1, y
    if network.kappa is None:
        yield "classes", max(network.classes - 1, 1).bit_length(), np.asarray(found.predictions, np.int64)[:, None]


def ran(network: TrainedNetwork, s_in: np.ndarray) -> Activity:
    """All that an integer network does on s_in (B, T, M), by the reference."""
    check_whole("golden vectors", network)
    return reference.run(network, s_in, record=("spikes", "u", "m", "x", "readout"))


def _steps(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.int64).reshape(-1, values.shape[2])
