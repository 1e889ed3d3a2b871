"""A network that learned without labels is tested: neurons named by training digits, then asked about others."""

from dataclasses import dataclass, replace

import numpy as np

from dmpnet.data import Recordings
from dmpnet.learning import labels
from dmpnet.learning.learned import Learned
from dmpnet.learning.shows import answers
from dmpnet.system.progress import Progress

NAMING = 10_000
"""Training digits, the latest learned from, that name the neurons."""

SET = 2500
"""Digits answered in a row; every set meets the same chances, so that sets may be answered side by side."""


@dataclass(frozen=True)
class Marks:
    """What came out; accuracies in %.

    learned : the network, its neurons named
    """

    learned: Learned
    accuracy: float
    by_class: list[float]
    spikes: float

    @property
    def neurons_of_class(self) -> list[int]:
        """How many neurons stand for each class."""
        neurons = self.learned.neurons
        return np.bincount(neurons[neurons >= 0], minlength=10).tolist()


def examined(learned: Learned, naming: Recordings, test: Recordings, backend: str = "cpp_standalone",
             progress: Progress = None) -> Marks:
    """`learned` with its neurons named by `naming`, nothing changing any more, and what it then says of `test`.

    progress : called with (done, total) in images of both; True or a name: a bar; None: silent
    """
    sets = [part[:, :, 0] for some in (naming, test) for part in _pieces(some.values)]
    spikes = np.concatenate(answers(learned, *sets, backend=backend, progress=progress))
    heard, spikes = spikes[:len(naming)], spikes[len(naming):]
    named = replace(learned, neurons=labels.assigned(heard, naming.labels))
    right = labels.voted(spikes, named.neurons) == test.labels
    by_class = [round(100 * float(right[test.labels == c].mean()), 2) for c in range(10) if (test.labels == c).any()]
    return Marks(named, 100 * float(right.mean()), by_class, float(spikes.sum() / len(test)))


def _pieces(values: np.ndarray) -> list[np.ndarray]:
    return [values[start:start + SET] for start in range(0, len(values), SET)]
