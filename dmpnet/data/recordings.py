"""Samples as a network reads them, step by step, and a validation part taken from them."""

import dataclasses
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from dmpnet.data.catalogue import DATASETS
from dmpnet.errors import DataError, one_of

SPLITS = ("train", "valid", "validation", "test", "subset")
"""Parts that data may be called, beside those of DATASETS: by its name a test set is known, and looks at it counted."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """n labelled samples of T steps and M channels, s_in = values * scale.

    name, split : data set and part of it, as in DATASETS; of your own any name, and one of SPLITS
    kind : 'analog' (a number in [-1, 1] per channel and step) or 'spikes' (0 or 1)
    values : (n, T, M) uint8, in the order the network reads them; int8 where an analog input goes below 0
    scale : 1/255 for pixels and 8-bit sensors, 1 for spikes
    labels : int64, 0 to classes - 1: (n,) one a sample, or (n, T) one a step
    speakers : (n,) int64, or None where nobody speaks
    dt : seconds a step
    permutation : (T,) the pixel read at each step, already applied to `values`, or None
    grid : (planes, rows, columns) that the channels are of, planes first, or that the steps are of, before they were
        permuted, where there is one channel; None where nothing may be moved as an image
    source : what was read (file names, sha256), how it was coded, licence; plain JSON types, for provenance
    """

    name: str
    split: str
    kind: str
    values: np.ndarray
    scale: float
    labels: np.ndarray
    speakers: np.ndarray | None
    classes: int
    dt: float
    permutation: np.ndarray | None = None
    source: dict[str, Any] = field(default_factory=dict)
    grid: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        _check(self)

    def __repr__(self) -> str:
        n, steps, channels = self.values.shape
        return f"<Recordings {self.name} {self.split}, {n:,} samples of {steps:,} steps x {channels} channels>"

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: ArrayLike | slice, dtype: DTypeLike = np.float64) -> np.ndarray:
        """s_in (b, T, M) of the samples `index` (numbers, a slice or a mask).

        Pixels are value / 255 in float64, rounded once to `dtype`.
        """
        kind = np.dtype(dtype)
        if self.kind == "analog" and kind.kind != "f":
            raise DataError(f"{self.name}: batch in {kind}, but analog input is no whole number and would be cut to "
                            f"integers; ask for float64 or float32")
        if self.kind == "spikes":
            return self.values[self._rows(index)].astype(kind)
        codes = np.arange(256, dtype=np.uint8)  # the bytes of `values`, signed or not
        levels = (codes.view(self.values.dtype).astype(np.float64) / (1.0 / self.scale)).astype(kind)
        return levels[self.values[self._rows(index)].view(np.uint8)]

    def take(self, index: ArrayLike | slice) -> "Recordings":
        """The samples `index` alone (numbers, a slice or a mask), in that order."""
        rows = self._rows(index)
        speakers = None if self.speakers is None else self.speakers[rows]
        return dataclasses.replace(self, values=self.values[rows], labels=self.labels[rows], speakers=speakers)

    @cached_property
    def checksum(self) -> str:
        """sha256 of what a network is shown and told: values, their scale, labels."""
        found = hashlib.sha256(f"{self.values.shape} {self.values.dtype} {self.scale!r}".encode())
        for array in (self.values, self.labels.astype("<i8")):
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    def balanced(self, count: int | None, seed: int = 0) -> np.ndarray:
        """Numbers of `count` samples drawn by `seed`, sorted: as many of each class as there can be, to one.

        Samples with a label at every step are drawn all alike. Everything, if there are fewer or `count` is None.
        """
        if count is not None:
            _check_count(count, f"{self.name} {self.split}: ")
        if count is None or count >= len(self):
            return np.arange(len(self))
        random = np.random.RandomState(seed)
        order = random.permutation(len(self))
        labels = self.labels[order] if self.labels.ndim == 1 else np.zeros(len(self), int)
        turn = np.empty(len(self), int)  # of a sample among those of its class
        for label in np.unique(labels):
            turn[labels == label] = np.arange((labels == label).sum())
        lot = random.permutation(self.classes)  # which classes come first where one more does not go round
        return np.sort(order[np.lexsort((lot[labels], turn))][:count])

    def drawn(self, count: int, seed: int = 0) -> np.ndarray:
        """s_in (b, T, M) of `count` samples drawn by `seed`, in the order they have here; all, if there are fewer."""
        return self.batch(drawn_from(np.arange(len(self)), count, seed))

    def _rows(self, index: ArrayLike | slice) -> np.ndarray:
        try:
            return np.atleast_1d(np.arange(len(self))[index])  # type: ignore[index]
        except IndexError as error:
            raise DataError(f"{self.name} {self.split}: no such samples ({error}), but 0 to {len(self) - 1} are there; "
                            f"index with whole numbers in that range, a slice or a mask") from error


def drawn_from(samples: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """`count` of the sample numbers, drawn by `seed`, sorted; all, if there are fewer. The first of a file may all be
    of one class."""
    _check_count(count)
    return np.sort(np.random.RandomState(seed).permutation(samples)[:count])


def _check_count(count: int, origin: str = "") -> None:
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 0:
        raise DataError(f"{origin}{count!r} samples asked for, but they are counted; give a whole number from 0 on")


def _check(recordings: Recordings) -> None:
    """Raise DataError for the first array that does not fit the description in Recordings."""
    origin, values, labels = f"{recordings.name} {recordings.split}", recordings.values, recordings.labels
    known = (*SPLITS, *(DATASETS[recordings.name].splits if recordings.name in DATASETS else ()))
    if recordings.split not in known:
        raise DataError(one_of(f"{recordings.name}: split", recordings.split, dict.fromkeys(known)))
    if recordings.kind not in ("analog", "spikes"):
        raise DataError(f"{origin}: kind {recordings.kind!r}, but it is 'analog' or 'spikes'; set one")
    _check_values(recordings, origin)
    if not 0 < recordings.dt < np.inf:
        raise DataError(f"{origin}: dt {recordings.dt} s, but a step is positive and finite; set dt > 0")
    if not isinstance(recordings.classes, Integral) or recordings.classes < 1:
        raise DataError(f"{origin}: classes = {recordings.classes!r}, but they are counted; set a whole number >= 1")
    check_labels(labels, values.shape[:2] if labels.ndim == 2 else len(values), recordings.classes, origin,
                 "take 1 from all where they count from 1, or set classes to one more than the largest")
    if recordings.speakers is not None and recordings.speakers.shape != labels.shape[:1]:
        raise DataError(f"{origin}: speakers have shape {recordings.speakers.shape}, but {labels.shape[:1]} is needed; "
                        f"give one speaker a sample")
    places = values.shape[1] if values.shape[2] == 1 else values.shape[2]
    if recordings.grid is not None and int(np.prod(recordings.grid)) != places:
        raise DataError(f"{origin}: a grid of {recordings.grid} for {places} "
                        f"{'steps' if values.shape[2] == 1 else 'channels'}, but it must have as many places; fix it, "
                        f"or leave it out")
    if recordings.permutation is not None:
        check_permutation(recordings.permutation, values.shape[1], origin)


def _check_values(recordings: Recordings, origin: str) -> None:
    """Raise DataError unless values * scale are spikes, or lie in [-1, 1]."""
    values, scale = recordings.values, recordings.scale
    if values.ndim != 3 or values.dtype not in (np.uint8, np.int8):
        way = ("round them to 8 bits and give the size of a step as scale, e.g. np.rint(127 * x).astype(np.int8) and "
               "scale 1/127 for x in [-1, 1]" if values.dtype.kind == "f" else "convert")
        raise DataError(f"{origin}: values are {values.dtype} {values.shape}, but uint8 (n, T, M) is needed, or int8; "
                        f"{way}")
    low = int(values.min()) if values.dtype == np.int8 and values.size else 0
    high = int(values.max()) if values.size else 0
    if recordings.kind == "spikes" and not 0 <= low <= high <= 1:
        raise DataError(f"{origin}: values from {low} to {high}, but spikes are 0 or 1; use kind 'analog' or clip")
    if recordings.kind == "spikes" and scale != 1:
        raise DataError(f"{origin}: scale {scale}, but spikes are 0 or 1; set scale = 1, or use kind 'analog'")
    if not 0 < scale < np.inf:
        raise DataError(f"{origin}: scale {scale}, but it is positive and finite; set one, e.g. 1/255")
    largest = max(-low, high)
    if largest * scale > 1 + 1e-9:
        raise DataError(f"{origin}: values up to {largest} by scale {scale:g} come to {largest * scale:g}, but analog "
                        f"input lies in [-1, 1]; set scale = 1/{largest} or less")


def check_labels(labels: np.ndarray, shape: int | tuple[int, ...], classes: int, origin: str,
                 fix: str = "get the file again from its official source") -> None:
    """Raise DataError unless `labels` are integers from 0 to classes - 1 of `shape`: (n,), or (n, T) one a step."""
    shape = (shape,) if isinstance(shape, int) else shape
    if labels.dtype.kind not in "iu":
        raise DataError(f"{origin}: labels are {labels.dtype}, but classes are whole numbers; store integers")
    if labels.shape != shape:
        each = "each sample" if len(shape) == 1 else f"each of {shape[1]} steps"
        raise DataError(f"{origin}: labels of shape {labels.shape} for {shape[0]} samples, but {each} needs one label; "
                        f"use the label file that belongs to the samples")
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        first = np.unravel_index(int(wrong.argmax()), shape)
        where = " step ".join(map(str, first))
        raise DataError(f"{origin}: label {labels[first]} at sample {where}, but classes run from 0 to {classes - 1}; "
                        f"{fix}")


def check_permutation(permutation: np.ndarray, steps: int, origin: str) -> None:
    """Raise DataError unless `permutation` is an ordering of 0 to steps - 1."""
    if (permutation.shape != (steps,) or permutation.dtype.kind not in "iu"
            or not np.array_equal(np.sort(permutation), np.arange(steps))):
        raise DataError(f"{origin}: permutation {permutation.dtype} {permutation.shape} is not an ordering of 0 to "
                        f"{steps - 1}; give each of them once")


def validation_split(recordings: Recordings, fraction: float = 0.1, seed: int = 0,
                     by: str = "class") -> tuple[np.ndarray, np.ndarray]:
    """(train, validation) sample numbers, both sorted, disjoint and together everything.

    by : 'class' holds out round(fraction n) samples, shared among the classes in proportion to their size and, inside
        a class, among its speakers; no share is off by a whole sample. Samples with a label at every step count as
        one class.
        'speaker' holds out whole speakers in an order drawn by `seed`: at least one, never all, and as many as bring
        the samples held out closest to fraction n.

    RandomState because NumPy has frozen its stream: the same seed must hold out the same samples in every version.
    """
    splits = {"class": _by_class, "speaker": _by_speaker}
    if by not in splits:
        raise DataError(f"{recordings.name} {recordings.split}: held out by {by!r}, but it is by 'class' or by "
                        f"'speaker'; choose one")
    out = np.zeros(len(recordings), bool)
    out[splits[by](recordings, fraction, np.random.RandomState(seed))] = True
    return np.flatnonzero(~out), np.flatnonzero(out)


def _by_class(recordings: Recordings, fraction: float, random: np.random.RandomState) -> np.ndarray:
    """The samples to hold out, a fair share of every class and speaker."""
    n = len(recordings)
    held = int(np.floor(fraction * n + 0.5)) if 0 < fraction < 1 else 0
    if not 0 < held < n:
        raise DataError(f"{recordings.name} {recordings.split}: a fraction of {fraction} of {n} samples leaves one "
                        f"part empty, but training and validation need samples; set another one between 0 and 1")
    one = np.zeros(n, np.int64)
    classes = recordings.labels if recordings.labels.ndim == 1 else one
    speakers = one if recordings.speakers is None else recordings.speakers
    order = random.permutation(n)
    chosen = [order[:0]]
    for members, count in _shares(order, classes[order], held, random):
        for few, number in _shares(members, speakers[members], count, random):
            chosen.append(few[:number])
    return np.concatenate(chosen)


def _by_speaker(recordings: Recordings, fraction: float, random: np.random.RandomState) -> np.ndarray:
    """The samples to hold out, everything some speakers said."""
    origin = f"{recordings.name} {recordings.split}"
    if recordings.speakers is None:
        raise DataError(f"{origin}: held out by speaker, but nobody speaks in it; hold out by 'class'")
    names, sizes = np.unique(recordings.speakers, return_counts=True)
    if len(names) < 2:
        raise DataError(f"{origin}: held out by speaker, but it has {len(names)} speaker, and training and validation "
                        f"need one each; hold out by 'class'")
    if not 0 < fraction < 1:
        raise DataError(f"{origin}: a fraction of {fraction} of its speakers leaves one part empty, but training and "
                        f"validation need samples; set another one between 0 and 1")
    order = random.permutation(len(names))
    held = np.cumsum(sizes[order])[:-1]
    count = 1 + int(np.abs(held - fraction * len(recordings)).argmin())
    return np.flatnonzero(np.isin(recordings.speakers, names[order[:count]]))


def _shares(members: np.ndarray, group: np.ndarray, total: int,
            random: np.random.RandomState) -> list[tuple[np.ndarray, int]]:
    """Each group's members (in their order) and its share of `total`, by largest remainder in whole numbers."""
    _, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    share, remainder = np.divmod(total * sizes, len(members))
    first = np.lexsort((random.permutation(len(sizes)), -remainder))
    share[first[:total - share.sum()]] += 1
    return [(members[inverse == g], int(share[g])) for g in range(len(sizes))]
