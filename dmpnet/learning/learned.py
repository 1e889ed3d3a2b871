"""What a competing network learned, in one .npz file; only this file knows the format.

    header      JSON: format, settings (Competition), provenance
    w           (inputs, N) float16, each neuron's weights summing to settings.norm; on a chip uint16, codes
    theta       (N,) float32, adaptive part of the thresholds in volt
    neurons     (N,) int8, class each neuron stands for, -1: none
    histograms  (runs, bins) int64, weights from 0 to the rule's w_max after every run of learning, if it was kept
    writes      (inputs, N) int64, how often each weight was written while it learned, on a chip
"""

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.errors import WeightsError
from dmpnet.files import write_arrays
from dmpnet.learning.competition import Competition

FORMAT = "dmpnet-competition-1"
HISTORY = ("histograms", "writes")


@dataclass(frozen=True, eq=False)
class Learned:
    """A network that no longer learns: its settings, weights, thresholds and the classes its neurons stand for."""

    settings: Competition
    w: np.ndarray
    theta: np.ndarray
    neurons: np.ndarray
    provenance: dict[str, Any] = field(default_factory=dict)
    histograms: np.ndarray | None = None
    writes: np.ndarray | None = None

    def __post_init__(self):
        s = self.settings
        for name, shape in (("w", (s.inputs, s.N)), ("theta", (s.N,)), ("neurons", (s.N,))):
            array = getattr(self, name)
            if array.shape != shape or not np.isfinite(array).all():
                raise WeightsError(f"{name} has shape {array.shape}, finite: {np.isfinite(array).all()}, but "
                                   f"{shape} finite numbers are needed; give those of {s.N} neurons")


def as_kept(w: np.ndarray, settings: Competition) -> np.ndarray:
    """Weights in the type in which a file holds them."""
    return w.astype(np.uint16 if settings.chip else np.float16)


def save(learned: Learned, path: str | Path) -> None:
    """Write `learned` to one .npz file, whole or not at all; no pickle."""
    header = {"format": FORMAT, "settings": asdict(learned.settings), "provenance": learned.provenance}
    more = {name: getattr(learned, name) for name in HISTORY if getattr(learned, name) is not None}
    write_arrays(path, header=np.array(json.dumps(header)), w=as_kept(learned.w, learned.settings),
                 theta=learned.theta.astype(np.float32), neurons=learned.neurons.astype(np.int8), **more)


def load(path: str | Path) -> Learned:
    """The network that `path` holds, in float64."""
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            arrays = {name: file[name] for name in ("w", "theta", "neurons")}
            more = {name: file[name] for name in HISTORY if name in file}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path}: cannot be read as a learned network ({error.__class__.__name__}: {error}); give "
                           f"a file that `dmpnet learn digits` wrote") from error
    if header.get("format") != FORMAT:
        raise WeightsError(f"{path}: format {header.get('format')!r}, but {FORMAT!r} is read here; give a file that "
                           f"`dmpnet learn digits` wrote")
    return Learned(Competition(**header["settings"]), arrays["w"].astype(float), arrays["theta"].astype(float),
                   arrays["neurons"].astype(int), header["provenance"], **more)
