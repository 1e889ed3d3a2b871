"""What a competing network learned, in one .npz file; only this file knows the format.

    header      JSON: format, settings (Competition), provenance
    w           (inputs, N) float16, each neuron's weights summing to settings.norm; on a chip uint16, codes
    theta       (N,) float32, adaptive part of the thresholds in volt
    neurons     (N,) int8, class each neuron stands for, -1: none
    histograms  (runs, bins) int64, weights from 0 to the rule's w_max after every run of learning, if it was kept
    writes      (inputs, N) int64, how often each weight was written while it learned, on a chip
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.disk.files import digest_of, write_arrays
from dmpnet.disk.headers import record, shown
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.learning import kept
from dmpnet.learning.competition import Competition

FORMAT = "dmpnet-competition-1"
FIX = "give a file that `dmpnet learn digits` wrote"
MOST = 127
"""Largest class that a file can say a neuron stands for."""
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


def checksum(learned: Learned) -> str:
    """sha256 of what it answers by, not of where it comes from."""
    return digest_of(as_kept(learned.w, learned.settings), learned.theta.astype(np.float32),
                     learned.neurons.astype(np.int8))


def save(learned: Learned, path: str | Path) -> None:
    """Write `learned` to one .npz file, whole or not at all; no pickle."""
    header = {"format": FORMAT, "settings": asdict(learned.settings), "provenance": learned.provenance}
    more = {name: getattr(learned, name) for name in HISTORY if getattr(learned, name) is not None}
    write_arrays(path, header=np.array(json.dumps(header)), w=as_kept(learned.w, learned.settings),
                 theta=learned.theta.astype(np.float32), neurons=learned.neurons.astype(np.int8), **more)


def load(path: str | Path) -> Learned:
    """The network that `path` holds, in float64."""
    header, arrays = kept.read(path, WeightsError, FIX)
    if header.get("format") != FORMAT:
        raise WeightsError(f"{path}: format {shown(header.get('format'))}, but {FORMAT!r} is read here; {FIX}")
    try:
        settings = record(Competition, header.get("settings"), "settings")
    except DmpnetError as error:
        raise WeightsError(f"{path}: {error}; or {FIX}") from error
    shapes: dict[str, tuple[int | None, ...]] = {
        "w": (settings.inputs, settings.N), "theta": (settings.N,), "neurons": (settings.N,)}
    history = {"histograms": (None, None), "writes": (settings.inputs, settings.N)}
    kept.check(path, arrays, shapes | {name: history[name] for name in HISTORY if name in arrays}, WeightsError, FIX,
               {"w": 0, "neurons": -1, "histograms": 0, "writes": 0})
    if not isinstance(header.get("provenance"), dict) or arrays["neurons"].max() > MOST:
        raise WeightsError(f"{path}: its provenance is no table, or neurons stand for classes above {MOST}; {FIX}")
    return Learned(settings, arrays["w"].astype(float), arrays["theta"].astype(float), arrays["neurons"].astype(int),
                   header["provenance"], **{name: arrays[name] for name in HISTORY if name in arrays})
