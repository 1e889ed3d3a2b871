"""Linear decay in place of exponential without retraining: lam and floor chosen together, on the validation part."""

from itertools import product

import numpy as np

from dmpnet.data import Recordings
from dmpnet.equations.decay import RULES
from dmpnet.results import validation
from dmpnet.system.progress import Progress, part, telling
from dmpnet.trained import swap
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training.verdict import predictions

FLOORS = (None, 0.0, -0.25, -0.5, -1.0, -2.0)
"""Where membranes may stop, in thresholds; None for nowhere."""
MOST = 1000
"""Samples that a choice is judged by at most, balanced over classes."""
Choice = tuple[str, float | None]
"""A rule for lam (dmpnet.equations.decay.RULES) and a floor."""


def search(network: TrainedNetwork, train: Recordings, progress: Progress = None,
           most: int = MOST) -> dict[Choice, float]:
    """Percent of the validation part of `network`, `most` of it at most, that is right under every rule and floor, by
    the PyTorch network.

    train : the whole training set
    progress : called with (done, total) in samples; True or a name: a bar; None: silent
    """
    held_out = validation.part(network, train)
    held_out = held_out.take(held_out.balanced(min(most, len(held_out))))
    choices = list(product(RULES, FLOORS))
    found: dict[Choice, float] = {}
    with telling(progress, len(choices) * len(held_out), "sample", "choosing lam and floor") as tell:
        for rule, floor in choices:
            told = predictions(swap.linear(network, RULES[rule], floor), held_out,
                               progress=part(tell, len(found) * len(held_out)))
            found[rule, floor] = 100 * float(np.mean(told == held_out.labels))
    return found


def best(found: list[dict[Choice, float]]) -> Choice:
    """The rule and floor with the highest mean over searches, one a seed; of equals the first."""
    return max(found[0], key=lambda choice: np.mean([each[choice] for each in found]))
