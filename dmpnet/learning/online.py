"""The readout of a spiking network learns on line in Brian2; killed anywhere, it goes on to the same weights.

The folder gets traces.npz (what the hidden pathway, which does not change, did), checkpoint.npz after every few
thousand samples, curve.csv and weights.npz, a network as any other.
"""

import csv
import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.brian.simulation import simulate
from dmpnet.data import Recordings
from dmpnet.disk.files import whole_file, write_arrays
from dmpnet.errors import DmpnetError
from dmpnet.learning import kept, readout
from dmpnet.learning.readout import Readout
from dmpnet.results import provenance
from dmpnet.results.matching import check_match
from dmpnet.system.progress import Progress, telling
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

RULE_ON = {"numpy": "numpy", "cython": "cython", "cpp_standalone": "numpy"}
"""Where the rule runs, by back end of the hidden pathway: a step a sample is too little to compile a program for."""

FIX = "delete it to start again"
PIECE = 2000
"""Samples between two checkpoints."""


def traces(network: TrainedNetwork, s_in: np.ndarray, **options) -> np.ndarray:
    """(n, N) spikes of the last layer a step, averaged over each sample, in Brian2: what a readout learns from.

    options : of dmpnet.brian.simulation.simulate
    """
    return simulate(network, s_in, record=(), **options).counts[-1] / s_in.shape[1]


class OnLine:
    """Teaches the readout of `network` all recordings, `passes` times, in an order drawn by the seed.

    eta : learning rate
    progress : called with (done, total) in samples of all passes; True or a name: a bar; None: silent
    backend : of the hidden pathway and of the readout
    """

    def __init__(self, network: TrainedNetwork, recordings: Recordings, folder: str | Path, eta: float = 0.002,
                 passes: int = 5, seed: int = 0, progress: Progress = None,
                 backend: str = "numpy", piece: int = PIECE):
        check_match(network, recordings)
        if network.integer or network.kappa is not None:
            raise DmpnetError("learn readout: this network computes in integers or classifies every step, but "
                              "the delta rule here teaches one class a sample in real numbers; give another network")
        if passes < 1 or not 0 < eta < np.inf:
            raise DmpnetError(f"learn readout: passes = {passes}, eta = {eta}, but both are positive; set them")
        self.network, self.data, self.folder = network, recordings, Path(folder)
        self.eta, self.passes, self.seed, self.piece = eta, passes, seed, piece
        self.progress, self.backend = progress, backend
        self.readout: Readout | None = None  # begun with once the traces are known
        self.seen = 0
        self.curve: list[list[float]] = []

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.npz"

    @cached_property
    def _setup(self) -> dict[str, Any]:
        """What a run must share with the one it continues."""
        return {"network": weights.checksum(self.network), "samples": len(self.data),
                "data": self.data.checksum, "eta": self.eta, "seed": self.seed, "piece": self.piece}

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one; DmpnetError if it is of another run."""
        if not self.checkpoint.exists():
            return False
        header, arrays = kept.read(self.checkpoint, DmpnetError, FIX)
        kept.check_header(self.checkpoint, header, ("seen", "n"), 2, FIX)
        for key, value in self._setup.items():
            if header["setup"].get(key) != value:
                raise DmpnetError(f"{self.checkpoint}: learned with {key} = {header['setup'].get(key)!r}, but this run "
                                  f"asks for {value!r}; use another --out folder, or the same settings and data")
        C, N = self.network.W_o.shape
        kept.check(self.checkpoint, arrays, {"W": (C, N), "b": (C,), "a": (N,), "v": (N,)}, DmpnetError, FIX, {"v": 0})
        self.readout = Readout(**{key: arrays[key] for key in ("W", "b", "a", "v")}, n=header["n"])
        self.seen, self.curve = header["seen"], header["curve"]
        return True

    def traces(self, progress: Progress = None) -> np.ndarray:
        """(n, N) of all recordings, from Brian2 or from the folder.

        progress : called with (done, total) in recordings; True or a name: a bar; None: silent
        """
        path, setup = self.folder / "traces.npz", self._setup | {"whole": True}  # those of earlier versions may not be
        if path.exists():
            header, arrays = kept.read(path, DmpnetError, FIX)
            if header == setup:
                kept.check(path, arrays, {"counts": (len(self.data), self.network.W_o.shape[1])}, DmpnetError, FIX,
                           {"counts": 0})
                return arrays["counts"] / self.data.values.shape[1]
        steps = self.data.values.shape[1]
        pieces = []
        with telling(progress, len(self.data), "recording", "hidden pathway") as tell:
            for start in range(0, len(self.data), PIECE):
                s_in = self.data.batch(slice(start, start + PIECE))
                pieces.append(traces(self.network, s_in, backend=self.backend))
                tell(start + len(s_in))
        r = np.concatenate(pieces)
        write_arrays(path, header=np.array(json.dumps(setup)), counts=np.rint(r * steps).astype(np.uint16))
        return r

    def run(self, most: int | None = None) -> TrainedNetwork:
        """Learn to the end, or `most` further pieces; gives the network, also in weights.npz."""
        r, n = self.traces(), len(self.data)
        self.readout = self.readout or self._begun(r)
        with telling(self.progress, self.passes * n, "sample", "learning", self.seen) as tell:
            while self.seen < self.passes * n and most != 0:
                order = np.random.RandomState((self.seed, self.seen // n)).permutation(n)
                chosen = order[self.seen % n:self.seen % n + self.piece]
                labels = self.data.labels[chosen]
                self.readout, classes = readout.learn(self.readout, r[chosen], labels, self.eta, RULE_ON[self.backend])
                self.seen += len(chosen)
                accuracy = 100 * float((classes == labels).mean())
                self.curve.append([self.seen, accuracy])
                self._save(self.readout)
                tell(self.seen, f"accuracy of the latest {accuracy:.1f} %")
                most = None if most is None else most - 1
        network = self.learned()
        weights.save(network, self.folder / "weights.npz")
        return network

    def _begun(self, r: np.ndarray) -> Readout:
        """Nothing, or what the network's readout tells already."""
        if not self.network.W_o.any():
            return readout.blank(self.network.classes, r.shape[1])
        return readout.of(np.asarray(self.network.W_o, float), np.asarray(self.network.b_o, float), r)

    def learned(self) -> TrainedNetwork:
        """The network with what its readout has learned so far."""
        if self.readout is None:
            return self.network
        origin = provenance.record("learn readout", {**self._setup, "passes": self.passes}, samples_seen=self.seen,
                                   data=self.data.source, hidden=self.network.provenance)
        W_o, b_o = self.readout.folded()
        return replace(self.network, W_o=W_o, b_o=b_o, provenance=origin)

    def _save(self, state: Readout) -> None:
        header = {"setup": self._setup, "seen": self.seen, "curve": self.curve, "n": state.n}
        write_arrays(self.checkpoint, header=np.array(json.dumps(header)), W=state.W, b=state.b, a=state.a, v=state.v)
        with whole_file(self.folder / "curve.csv") as temporary, open(temporary, "w", newline="") as file:
            csv.writer(file).writerows([["samples", "accuracy before teaching %"], *self.curve])
