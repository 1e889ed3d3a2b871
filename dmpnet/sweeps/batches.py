"""A network in Brian2 batch by batch, on processes of this machine or on the workers of a cluster."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.brian.backends import check_backend
from dmpnet.brian.batches import joined
from dmpnet.brian.simulation import simulate
from dmpnet.errors import DataWarning, DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.reference import check_input, plain, tell_doubts
from dmpnet.reference.graphs import shaped
from dmpnet.sweeps.sweep import sweep
from dmpnet.system.processes import held
from dmpnet.system.progress import Progress
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

if TYPE_CHECKING:
    from distributed import Client

BATCH = 100
"""Samples of a point, unless told."""


def simulated(network: TrainedNetwork | Graph, s_in: np.ndarray, scheduler: str | Client | None = None, *,
              batch: int = BATCH, out: str | Path | None = None, processes: int | None = None,
              progress: Progress = None, **how: Any) -> Activity:
    """What `dmpnet.simulate(network, s_in, **how)` gives, its batches on processes or on the workers of a cluster.

    scheduler, processes : as of `dmpnet.sweep`
    batch : samples of a point; the network and all of s_in go to a worker once
    out : folder of the batches, which a call that was killed goes on from; None: one that is removed afterwards
    progress : called with (done, total) in batches; True or a name: a bar; None: silent
    how : further arguments of `dmpnet.simulate`: backend, coupling, record, membrane, cache
    """
    if batch < 1:
        raise DmpnetError(f"batch = {batch}, but a batch has a sample at least; set batch >= 1")
    check_backend(how.get("backend", "numpy"), 1, genn=True)
    s_in = plain(s_in)
    if isinstance(network, Graph):
        s_in = shaped(network, s_in)
    else:
        check_input(network, s_in)
    tell_doubts(network, s_in)
    points = [{"first": first, "last": min(first + batch, len(s_in))} for first in range(0, len(s_in), batch)]
    with contextlib.nullcontext(out) if out is not None else held() as folder:
        parts = sweep(piece, points, scheduler, out=folder, common={"network": network, "s_in": s_in, "how": how},
                      processes=processes, progress=progress)
    return joined([Activity(**{name: _read(value) for name, value in part.items()}) for part in parts], len(s_in))


def piece(first: int, last: int, network: TrainedNetwork | Graph, s_in: np.ndarray,
          how: dict[str, Any]) -> dict[str, Any]:
    """Of samples `first` to `last` the fields of their Activity, in plain values; spikes eight a byte."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # said of all of it
        activity = simulate(network, s_in[first:last], **how)
    return {field.name: _written(getattr(activity, field.name)) for field in fields(activity) if field.name != "margin"}


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(each) for each in value]
    return (np.packbits(value), value.shape) if isinstance(value, np.ndarray) and value.dtype == bool else value


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(each) for each in value]
    if not isinstance(value, tuple):
        return value
    bits, shape = value
    return np.unpackbits(bits, count=int(np.prod(shape))).astype(bool).reshape(shape)
