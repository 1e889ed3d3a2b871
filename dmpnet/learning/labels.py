"""What the neurons of a network without labels stand for, and the class their spikes vote for.

As in Diehl & Cook 2015: a neuron stands for the class it answers most on average; an image is of the class whose
neurons answer most on average.
"""

import numpy as np


def assigned(responses: np.ndarray, labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """(N,) class of each neuron, -1 if it never spiked.

    responses (n, N) spikes, labels (n,) of the images they answer
    """
    rates = np.stack([responses[labels == c].mean(axis=0) if (labels == c).any() else np.zeros(responses.shape[1])
                      for c in range(classes)])
    return np.where(rates.max(axis=0) > 0, rates.argmax(axis=0), -1)


def voted(responses: np.ndarray, neurons: np.ndarray, classes: int = 10) -> np.ndarray:
    """(n,) class whose neurons spiked most on average; classes without neurons are never chosen."""
    members = np.stack([neurons == c for c in range(classes)], axis=1).astype(float)
    size = members.sum(axis=0)
    votes = responses @ members / np.maximum(size, 1)
    return np.where(size > 0, votes, -1.0).argmax(axis=1)
