"""A competing network learns image after image; killed anywhere, it goes on to the same weights.

The folder gets checkpoint.npz after every run of a few hundred presentations, curve.csv and, at the end, learned.npz.
"""

import csv
import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np

from dmpnet.disk.files import digest, digest_of, whole_file, write_arrays
from dmpnet.disk.headers import record
from dmpnet.errors import DmpnetError
from dmpnet.learning import kept, shows
from dmpnet.learning import labels as voting
from dmpnet.learning.competition import Competition, normalised
from dmpnet.learning.learned import Learned, as_kept, save
from dmpnet.learning.shows import State
from dmpnet.results import provenance
from dmpnet.system.progress import Progress, telling

BINS = 64
"""Of the histogram of weights, from 0 to w_max, that every run adds."""

WINDOW = 10_000
"""Latest images whose answers say what a neuron stands for."""

FIX = "delete it to start again"
FIRST = 500  # images before the first accuracy
CURVE = ("images", "presentations", "accuracy %", "spikes an image", "mean theta mV", "w below 0.02 %", "w above 0.5 %",
         "writes a weight")


class Learner:
    """Learns `passes` times from images (n, inputs) uint8 in their order; labels only measure.

    progress : called with (done, total) in images of all passes; True or a name: a bar; None: silent
    """

    def __init__(self, settings: Competition, images: np.ndarray, labels: np.ndarray, folder: str | Path,
                 passes: int = 1, presentations: int = shows.PRESENTATIONS,
                 progress: Progress = None, backend: str = "cpp_standalone"):
        if passes < 1:
            raise DmpnetError(f"passes = {passes}, but the images are seen at least once; set passes >= 1")
        if images.ndim != 2 or images.shape[1] != settings.inputs or not len(images):
            raise DmpnetError(f"images have shape {images.shape}, but this network has {settings.inputs} inputs; give "
                              f"(n, {settings.inputs}) with n > 0")
        if settings.report is not None and settings.report.violations:
            raise DmpnetError("\n".join(str(need) for need in settings.report.violations))
        self.settings, self.images, self.labels = settings, images, np.asarray(labels)
        self.folder, self.total, self.presentations = Path(folder), passes * len(images), presentations
        self.progress, self.backend = progress, backend
        self.state, self.seen = shows.beginning(settings), 0
        self.answers = np.zeros((0, settings.N), np.uint8)
        self.curve: list[list[float | None]] = []
        self.histograms = np.zeros((0, BINS), np.int64)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.npz"

    @cached_property
    def _setup(self) -> dict[str, object]:
        """What a run must share with the one it continues; data: sha256 of images and labels."""
        setup = asdict(self.settings) | {"presentations": self.presentations, "images": len(self.images),
                                         "data": digest_of(self.images, self.labels)}
        return json.loads(json.dumps(setup))

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one; DmpnetError if it is of another run."""
        if not self.checkpoint.exists():
            return False
        header, arrays = kept.read(self.checkpoint, DmpnetError, FIX)
        kept.check_header(self.checkpoint, header, ("seen",), len(CURVE), FIX)
        for key, value in self._setup.items():
            if header["setup"].get(key) != value:
                raise DmpnetError(f"{self.checkpoint}: learned with {key} = {header['setup'].get(key)!r}, but this run "
                                  f"asks for {value!r}; use another --out folder, or the same settings and data")
        each: tuple[int | None, ...] = (self.settings.inputs, self.settings.N)
        shapes = {"w": each, "theta": each[1:], "answers": (None, *each[1:]), "histograms": (None, BINS)}
        shapes |= {"writes": each} if self.settings.chip else {}
        kept.check(self.checkpoint, arrays, shapes, DmpnetError, FIX, {"w": 0, "histograms": 0, "writes": 0})
        writes = arrays["writes"] if self.settings.chip else None
        try:
            self.state = record(State, header.get("state"), "state", w=arrays["w"], theta=arrays["theta"],
                                writes=writes)
        except DmpnetError as error:
            raise DmpnetError(f"{self.checkpoint}: {error}; or {FIX}") from error
        self.seen, self.curve, self.answers = header["seen"], header["curve"], arrays["answers"]
        self.histograms = arrays["histograms"]
        return True

    def save(self) -> None:
        """Write the checkpoint."""
        state = {key: getattr(self.state, key) for key in ("shown", "intensity", "count")}
        header = {"setup": self._setup, "seen": self.seen, "curve": self.curve, "state": state}
        writes = {} if self.state.writes is None else {"writes": self.state.writes}
        write_arrays(self.checkpoint, header=np.array(json.dumps(header)), w=self.state.w, theta=self.state.theta,
                     answers=self.answers, histograms=self.histograms, **writes)

    def run(self, most: int | None = None) -> None:
        """Learn to the last image, or through `most` further runs of Brian2."""
        if self.seen >= self.total:
            return
        with (shows.opened(self.settings, self.presentations, True, self.backend) as shown,
              telling(self.progress, self.total, "image", "learning", self.seen) as tell):
            while self.seen < self.total and most != 0:
                accuracy = self._piece(shown)
                tell(self.seen, "" if accuracy is None else f"accuracy of the latest {accuracy:.1f} %")
                most = None if most is None else most - 1

    def _piece(self, shown: shows.Shows) -> float | None:
        """One run of Brian2; % of its images named right before they were learned from."""
        n = len(self.images)
        chosen = np.arange(self.seen, min(self.seen + self.presentations, self.total)) % n
        self.state, spikes = shown.show(self.state, self.images[chosen])
        accuracy = self._accuracy(spikes, self.labels[chosen[:len(spikes)]])
        self.answers = np.concatenate([self.answers, np.minimum(spikes, 255).astype(np.uint8)])[-WINDOW:]
        self.seen += len(spikes)
        w = self.state.w * self.settings.unit
        self.curve.append([self.seen, self.state.shown, accuracy, float(spikes.sum() / max(len(spikes), 1)),
                           1e3 * float(self.state.theta.mean()), 100 * float((w < 0.02).mean()),
                           100 * float((w > 0.5).mean()),
                           None if self.state.writes is None else float(self.state.writes.mean())])
        high = float(self.settings.plasticity["w_max"])
        self.histograms = np.vstack([self.histograms, np.histogram(w, BINS, (0, high))[0]])
        self.save()
        self._write_curve()
        return accuracy

    def _latest(self) -> np.ndarray:
        """Labels of the images that `answers` are about."""
        return self.labels[np.arange(self.seen - len(self.answers), self.seen) % len(self.images)]

    def _accuracy(self, spikes: np.ndarray, labels: np.ndarray) -> float | None:
        """% of images named right by what neurons stood for before these images."""
        if self.seen < FIRST or not len(labels):
            return None
        neurons = voting.assigned(self.answers, self._latest())
        return 100 * float((voting.voted(spikes, neurons) == labels).mean())

    def _write_curve(self) -> None:
        with whole_file(self.folder / "curve.csv") as temporary, open(temporary, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CURVE)
            writer.writerows([["" if value is None else round(value, 4) for value in row] for row in self.curve])

    def finished(self) -> Learned:
        """What was learned so far, also written to learned.npz; neurons named by what they answered meanwhile."""
        learned = Learned(self.settings, as_kept(normalised(self.state.w, self.settings), self.settings).astype(float),
                          self.state.theta.astype(np.float32).astype(float),
                          voting.assigned(self.answers, self._latest()),
                          provenance.record("learn digits", asdict(self.settings), images_seen=self.seen,
                                            presentations=self.state.shown, checkpoint=digest(self.checkpoint)),
                          self.histograms, self.state.writes)
        save(learned, self.folder / "learned.npz")
        return learned
