"""The validation part of a network: the training samples that its training left out to choose the epoch."""

from dataclasses import replace

import numpy as np

from dmpnet.data import Recordings, validation_split
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.trained.network import TrainedNetwork

VALIDATION = "validation"
"""Its name among the parts of a data set."""


def is_known(network: TrainedNetwork | Graph) -> bool:
    """Whether the file of `network` says which samples it was trained without."""
    arguments = network.provenance.get("arguments")
    return isinstance(arguments, dict) and {"validation", "seed"} <= set(arguments)


def held_out(network: TrainedNetwork | Graph, train: Recordings) -> np.ndarray:
    """Numbers of the samples of `train`, the whole training set, that `network` was trained without."""
    return split(network, train)[1]


def split(network: TrainedNetwork | Graph, train: Recordings) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the samples of `train`, the whole training set, that `network` was trained on, and without."""
    if not is_known(network):
        raise DmpnetError("network: its file does not say how it was trained, so that its validation part is not "
                          "known; train one with dmpnet train, or take --split train")
    how, origin = network.provenance["arguments"], network.provenance
    samples = origin.get("training_samples", 0) + origin.get("validation_samples", 0)
    if samples and samples != len(train):
        raise DmpnetError(f"network: trained on and chosen by {samples:,} samples, but {train.name} {train.split} has "
                          f"{len(train):,}, so that its validation part is not known; give the data it was trained on, "
                          f"or take another --split")
    return validation_split(train, how["validation"], how["seed"], by=how.get("by", "class"))


def part(network: TrainedNetwork | Graph, train: Recordings) -> Recordings:
    """The samples of `train` that `network` was trained without."""
    how = network.provenance.get("arguments", {})
    chosen = train.take(held_out(network, train))
    told = {key: how.get(key) for key in ("validation", "seed", "by")}
    return replace(chosen, split=VALIDATION, source=train.source | {"held out": told})
