"""What a network is asked to read and to record, checked before any work."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.errors import DataWarning, DmpnetError

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph
    from dmpnet.trained.network import TrainedNetwork

RECORDABLE = ("spikes", "u", "m", "x", "readout")


def plain(s_in: Any) -> np.ndarray:
    """s_in as an array; DmpnetError if it is none, or has a unit of Brian2 or a mask, which NumPy drops unsaid."""
    for each in s_in if isinstance(s_in, list | tuple) else [s_in]:
        if not getattr(getattr(each, "dim", None), "is_dimensionless", True):
            raise DmpnetError(f"input has a unit ({each.get_best_unit()}), but networks read plain numbers; divide it "
                              f"by its unit")
    if np.ma.is_masked(s_in):
        raise DmpnetError(f"input has {np.ma.count_masked(s_in)} masked values, but networks read all; fill them, "
                          f"s_in.filled(0)")
    try:
        return np.asarray(s_in)
    except (RuntimeError, TypeError, ValueError) as error:  # a tensor with a gradient, lists of other lengths
        raise DmpnetError(f"input of type {type(s_in).__name__} is no array of numbers "
                          f"({' '.join(str(error).split())}); give one, (samples, steps, channels)") from None


def check_input(network: TrainedNetwork, s_in: np.ndarray) -> None:
    """Raise DmpnetError unless s_in is a finite, non-empty (B, T, M) array with the network's M channels."""
    channels = network.encoding.channels
    if s_in.ndim != 3 or s_in.shape[2] != channels:
        raise DmpnetError(f"input has shape {s_in.shape}, but this network reads (samples, steps, {channels}); "
                          f"{_way_out(network, s_in)}")
    if 0 in s_in.shape:
        raise DmpnetError(f"input has shape {s_in.shape}: nothing to simulate; give at least one sample and one step")
    if s_in.dtype.kind not in "fiub":
        raise DmpnetError(f"input has dtype {s_in.dtype}, but this network reads real numbers; convert it to float64")
    if not np.isfinite(s_in).all():
        raise DmpnetError(f"input has {int((~np.isfinite(s_in)).sum())} values that are NaN or infinite, but 0 are "
                          f"allowed; clean the recording")
    if network.encoding.kind == "spikes" and not np.isin(s_in, (0, 1)).all():
        raise DmpnetError(f"input reaches from {s_in.min():g} to {s_in.max():g}, but this network reads spikes, "
                          f"0 or 1; binarise the recording")


def _way_out(network: TrainedNetwork, s_in: np.ndarray) -> str:
    """How input of another shape becomes what the network reads."""
    channels, steps = network.encoding.channels, network.encoding.steps
    if not s_in.ndim:
        return "give an array of numbers; of recordings take recordings.batch(slice(None))"
    if s_in.shape[1:] == (channels,):
        return "add a leading axis for a single sample, s_in[None]"
    if s_in.ndim == 3 and s_in.shape[1:] == (channels, steps):
        return "swap its last two axes, s_in.swapaxes(1, 2)"
    if s_in[:1].size == channels * steps:
        return f"reshape it, s_in.reshape(-1, {steps}, {channels})"
    if channels == 1 and s_in.ndim == 2:
        return "add an axis for the channel, s_in[..., None]"
    return f"reshape it, or use weights trained on {s_in.shape[-1]} channels"


def doubts(network: TrainedNetwork | Graph, s_in: np.ndarray) -> list[str]:
    """What is probably amiss with the range of input that the network can read."""
    code = network.encoding
    if code.kind != "analog" or not s_in.size:
        return []
    low, high = s_in.min(), s_in.max()
    span = f"input reaches from {low:g} to {high:g}"
    if code.levels:
        outside = float(((s_in < 0) | (s_in > 1)).mean())
        return [f"{100 * outside:.1f} % of the input lie outside 0 to 1, where this network clips them ({span}); "
                f"divide by 255 if these are pixels"] if outside > 0.01 else []
    return [f"{span}, but data sets of analog input lie in [-1, 1], pixels in [0, 1]; divide by 255 if these are pixels"
            ] if high > 1 or low < -1 else []


def tell_doubts(network: TrainedNetwork | Graph, s_in: np.ndarray) -> None:
    """Warn of `doubts` (DataWarning) where the network was trained on a data set whose range is known."""
    for doubt in doubts(network, s_in) if network.encoding.dataset else []:
        warnings.warn(doubt, DataWarning, stacklevel=4)  # the line of the user


def recorded(record: str | Iterable[str]) -> tuple[str, ...]:
    """Names of what to keep, given one or several; DmpnetError for one that is not RECORDABLE."""
    names = tuple(record) if isinstance(record, Iterable) and not isinstance(record, str) else (record,)
    for name in names:
        if name not in RECORDABLE:
            raise DmpnetError(f"record {name!r} is not among what can be kept ({', '.join(RECORDABLE)}); "
                              f"choose from these")
    return names
