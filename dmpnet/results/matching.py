"""Whether labelled recordings are what a network was trained to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dmpnet.data import Recordings
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph
    from dmpnet.trained.network import TrainedNetwork


def check_match(network: TrainedNetwork | Graph, recordings: Recordings) -> None:
    """Raise DmpnetError unless `recordings` are some, and what the network was trained to read."""
    if not len(recordings):
        raise DmpnetError(f"{recordings.name} {recordings.split}: 0 samples asked for, but there is nothing to see in "
                          f"fewer than 1; ask for more")
    needs, channels = network.encoding, recordings.values.shape[2]
    right = f"use data of {needs.dataset}" if needs.dataset else "the network names no data set; use data that match"
    if channels != needs.channels or recordings.classes != network.classes:
        raise DmpnetError(f"{recordings.name}: {channels} channels and {recordings.classes} classes, but the network "
                          f"reads {needs.channels} and has {network.classes}; {right}")
    if recordings.labels.ndim != (1 if network.kappa is None else 2):
        theirs, ours = (("step", "sample") if network.kappa is None else ("sample", "step"))
        raise DmpnetError(f"{recordings.name}: labels of shape {recordings.labels.shape}, one a {theirs}, but the "
                          f"network classifies every {ours} (kappa = {network.kappa}); {right}")
    straight = np.arange(needs.steps)
    read, asked = (straight if order is None else order for order in (recordings.permutation, needs.permutation))
    if not np.array_equal(read, asked):
        raise DmpnetError(f"{recordings.name}: its steps come in another order than the network was trained on; load "
                          f"the data with permutation=network.encoding.permutation")
    if recordings.kind != needs.kind:
        raise DmpnetError(f"{recordings.name}: {recordings.kind} input, but the network reads {needs.kind}; "
                          f"{right}")
