"""What a network is asked to read and to record, checked before any work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork

RECORDABLE = ("spikes", "u", "m", "x", "readout")


def check_input(network: TrainedNetwork, s_in: np.ndarray) -> None:
    """Raise DmpnetError unless s_in is a finite, non-empty (B, T, M) array with the network's M channels."""
    channels = network.encoding.channels
    if s_in.ndim != 3 or s_in.shape[2] != channels:
        way_out = "add a leading axis for a single sample, s_in[None]" if s_in.shape[1:] == (channels,) else \
            f"reshape it, or use weights trained on {s_in.shape[-1] if s_in.ndim else 0} channels"
        raise DmpnetError(f"input has shape {s_in.shape}, but this network reads (samples, steps, {channels}); "
                          f"{way_out}")
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


def recorded(record: str | Iterable[str]) -> tuple[str, ...]:
    """Names of what to keep, given one or several; DmpnetError for one that is not RECORDABLE."""
    names = (record,) if isinstance(record, str) else tuple(record)
    for name in names:
        if name not in RECORDABLE:
            raise DmpnetError(f"record {name!r} is not among what can be kept ({', '.join(RECORDABLE)}); "
                              f"choose from these")
    return names
