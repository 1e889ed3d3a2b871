"""What a network that reads a whole sample at once is given of a data set: pixels, or events counted."""

import math

import numpy as np

from dmpnet.data import Recordings
from dmpnet.errors import DmpnetError


def shape_of(recordings: Recordings) -> tuple[int, ...]:
    """Of an image, where samples are some: (planes, rows, columns); else (steps, channels)."""
    return recordings.grid or recordings.values.shape[1:]


def images(recordings: Recordings, shape: tuple[int, ...]) -> np.ndarray:
    """Samples (n, *shape), float64: the pixels of an image, what events come to on average, or all steps.

    Of data that are read pixel by pixel the image; of an event camera the fraction of steps with an event in a pixel;
    else every step and channel, or the mean over steps where the network has an input a channel.
    """
    n, T, M = recordings.values.shape
    if recordings.permutation is not None:
        raise DmpnetError(f"{recordings.name}: its pixels come in a permuted order, but a network that reads a whole "
                          f"sample needs the image; take 'smnist'")
    size = math.prod(shape)
    if size not in (T * M, M):
        raise DmpnetError(f"{recordings.name}: {T} steps of {M} channels, but the ANN takes {shape}, {size} values; "
                          f"give data of {size} values a sample")
    x = np.empty((n, *shape))
    for first in range(0, n, 100):
        some = recordings.batch(slice(first, first + 100))
        x[first:first + 100] = (some if size == T * M else some.mean(axis=1)).reshape(len(some), *shape)
    return x
