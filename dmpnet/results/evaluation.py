"""A network on labelled recordings: in Brian2, in the reference, and the two held against each other."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.data import Recordings
from dmpnet.graph.graph import Graph
from dmpnet.results import ledger
from dmpnet.results.matching import check_match
from dmpnet.system.progress import Progress, Tell, telling
from dmpnet.trained.activity import mismatches
from dmpnet.trained.network import TrainedNetwork

CHUNK = 500  # samples simulated at a time, whose spikes are held at once: 500 x 784 x 400 places are 157 MB
PIECE = 100  # samples that the reference takes at a time
ROUNDED = 5  # samples on which rounding is measured


@dataclass(frozen=True)
class Evaluation:
    """What n samples of T steps showed; spikes of every layer, step and neuron were compared.

    labels, predictions, reference_predictions : (n,) int, or (n, T) of a network that classifies every step
    compared, mismatched : per layer, number of places (sample, step, neuron)
    rates : per layer, fraction of places with a spike
    seconds, reference_seconds : wall time of the Brian2 simulation, without compiling, and of the reference
    margin : smallest distance of a membrane from its threshold
    rounding : what another order of sums changes in a membrane, on the first samples (reference.rounding; nan for a
        graph); equal spikes are no accident of this machine where margin / rounding is large
    """

    labels: np.ndarray
    predictions: np.ndarray
    reference_predictions: np.ndarray
    compared: list[int]
    mismatched: list[int]
    rates: list[float]
    seconds: float
    reference_seconds: float
    margin: float
    rounding: float = np.nan

    @property
    def accuracy(self) -> float:
        """Percent of samples (or of all their steps) classified as labelled, in Brian2."""
        return 100 * float((self.predictions == self.labels).mean())

    @property
    def standard_error(self) -> float:
        """Of the accuracy, in percentage points, over samples: steps of one sample are not independent."""
        right = (self.predictions == self.labels).reshape(len(self.labels), -1).mean(axis=1)
        return 100 * float(right.std() / len(right) ** 0.5)

    @property
    def reference_accuracy(self) -> float:
        """Percent of samples (or of all their steps) classified as labelled, in the reference."""
        return 100 * float((self.reference_predictions == self.labels).mean())

    @property
    def agreement(self) -> float:
        """Percent of samples (or of all their steps) to which Brian2 and the reference give the same class."""
        return 100 * float((self.predictions == self.reference_predictions).mean())


def evaluate(network: TrainedNetwork | Graph, recordings: Recordings, backend: str = "numpy",
             progress: Progress = None, processes: int = 1, row: str = "", to: Path | None = None) -> Evaluation:
    """Classify all recordings in Brian2 and in the reference; what is compiled is compiled before the time is taken.
    A look at a test set is written down (dmpnet.results.ledger).

    row, to : what the ledger calls the network where it is not as trained; another file for it
    progress : called with (done, total) in samples, of which one that Brian2 has done and the reference not is half
        done; True or a name: a bar; None: silent
    """
    check_match(network, recordings)
    found = _compared(network, recordings, backend, progress, processes)
    ledger.note(network, recordings, found.accuracy, row, to)
    return found


def _compared(network: TrainedNetwork | Graph, recordings: Recordings, backend: str, progress: Progress,
              processes: int) -> Evaluation:
    from dmpnet.brian.simulation import prepare, simulate  # Brian2 takes a second to import

    compared: Any = 0
    mismatched: Any = 0
    rates: Any = 0
    predictions, expected, margin = [], [], np.inf
    seconds = reference_seconds = 0.0
    with telling(progress, len(recordings), "sample", recordings.name) as tell:
        halves = _Halves(tell)
        for start in range(0, len(recordings), CHUNK):
            s_in = recordings.batch(slice(start, start + CHUNK))
            prepare(network, s_in, backend, processes)
            began = time.perf_counter()
            got = simulate(network, s_in, backend=backend, processes=processes, progress=halves.moved(start))
            seconds += time.perf_counter() - began
            rates = rates + len(s_in) * np.array([rate.mean() for rate in got.rates])
            predictions.append(got.predictions)
            for first in range(0, len(s_in), PIECE):
                began = time.perf_counter()
                want = reference.run(network, s_in[first:first + PIECE])
                reference_seconds += time.perf_counter() - began
                piece = replace(got, spikes=[spikes[first:first + PIECE] for spikes in got.spikes])
                pairs = np.array(mismatches(piece, want))
                compared = compared + pairs[:, 0]
                mismatched = mismatched + pairs[:, 1]
                expected.append(want.predictions)
                margin = min(margin, want.margin)
                halves.add(len(want.predictions))
    return Evaluation(recordings.labels, np.concatenate(predictions), np.concatenate(expected), compared.tolist(),
                      mismatched.tolist(), (rates / len(recordings)).tolist(), seconds, reference_seconds, margin,
                      np.nan if isinstance(network, Graph) else
                      reference.rounding(network, recordings.batch(slice(ROUNDED))))


class _Halves:
    """Counts half samples and tells whole ones."""

    def __init__(self, tell: Tell):
        self.tell, self.done, self.whole = tell, 0, 0

    def add(self, halves: int) -> None:
        self.done += halves
        if self.done // 2 > self.whole:
            self.whole = self.done // 2
            self.tell(self.whole)

    def moved(self, start: int) -> Callable[[int, int], None]:
        """`progress` of a simulation before which 2 `start` halves were done."""
        def to(done: int, _: int) -> None:
            self.add(2 * start + done - self.done)

        return to
