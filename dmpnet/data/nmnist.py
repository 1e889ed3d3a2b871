"""N-MNIST: handwritten digits before a moving event camera, from one .npz or from the official folders.

Coding: 2 polarities (0: darker, 1: brighter) x 34 x 34 pixels -> 2 x 17 x 17 = 578 channels, polarity first, then y,
then x; a step's value is 1 if any event of the 2 x 2 pixels falls into it, 0 if none does. What comes at or after
T * dt is dropped and counted. 'nmnist-whole' keeps every pixel: 2 x 34 x 34 = 2,312 channels.

nmnist_6k_1ms.npz holds 6,000 recordings of the official TRAINING set, 1,000 of them set apart as a test: an accuracy on
those is not one on the official test set. Its classes 0-6 and 7-9 come from two copies of the set. nmnist_subset.npz,
which ships, holds 100 of the 1,000, 10 a digit.
"""

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data import archive, saccades
from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.cells import CHUNK, check_kept, check_steps, empty, occupy
from dmpnet.data.recordings import Recordings, check_labels
from dmpnet.data.verification import verified
from dmpnet.disk.files import digest, write_arrays
from dmpnet.disk.headers import MOST
from dmpnet.errors import DataError, DataWarning

SUBSET = "nmnist_subset.npz"
ATTRIBUTION = "N-MNIST: G. Orchard, A. Jayawant, G. K. Cohen, N. Thakor 2015"


def _entry(title: str, T: int, channels: int, dt: float) -> Dataset:
    return Dataset(
        title=f"{title}; the test part of nmnist_6k_1ms.npz is not the official test set",
        kind="spikes", classes=10, T=T, channels=channels, dt=dt,
        licence="CC BY-SA 4.0", attribution=ATTRIBUTION,
        source="nmnist_6k_1ms.npz (5,000 + 1,000 recordings of the official training set), or the official folders "
               "Train and Test, https://www.garrickorchard.com/datasets/n-mnist (tonic unpacks them into NMNIST)",
        mirror="",
        files={split: (OfficialFile("nmnist_6k_1ms.npz", "8bc504507b2ff3b61374300de639a253", public=False),)
               for split in ("train", "test")} | {
                   "subset": (OfficialFile(SUBSET, "9f07ffc73caee5613fcdd99d060be89b"),)},
        samples={"train": 5000, "test": 1000, "subset": 100},
        folders=("nmnist", "NMNIST", "N-MNIST"),
        trees={"train": "Train", "test": "Test"},
    )


DATASETS = {
    "nmnist": _entry("N-MNIST, an event camera before handwritten digits", 100, 578, 0.003),
    "nmnist-whole": _entry("N-MNIST with every pixel of its camera, 2 x 34 x 34", 30, 2312, 0.010),
}

SIDE = 34
POOL = {"nmnist": 2, "nmnist-whole": 1}
"""Pixels along each side of what is one channel."""

EVENT_BYTES = 5
OVERFLOW_ROW = 240
OVERFLOW = 2**13
"""An event at y = 240 is none: it says that the clock of all that follows is 8,192 us further on."""

LARGEST = 20_000_000
"""Bytes of a .bin at most."""

WINDOW = 300
"""Milliseconds in which nearly all events of a recording come."""

OFFICIAL = {"train": 60000, "test": 10000}
"""Recordings in the official folders."""


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """Recordings (n, T, 578 or 2312) of the .npz or of an official folder Train or Test."""
    dataset, pool = DATASETS[name], POOL[name]
    side = SIDE // pool
    T = check_steps(name, steps, dataset.T, dataset.dt)
    values, labels, source = read(split, files[0], T, round(1e3 * dataset.dt), pool)
    how = f" by maximum over {pool} x {pool}" if pool > 1 else ""
    source |= {"coding": f"2 x 34 x 34 pixels -> 2 x {side} x {side} channels (polarity, y, x){how}, binary, "
                         f"{T} steps of {1e3 * dataset.dt:g} ms",
               "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "spikes", values, 1.0, labels, None, dataset.classes, dataset.dt, None, source,
                      (2, side, side))


def read(split: str, path: Path, T: int, step: int, pool: int = 2) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """values (n, T, M) at `step` ms a step, labels (n,) and what was read from where; M = 578, 2312 without pooling."""
    return (read_tree if path.is_dir() else read_npz)(split, path, T, step, pool)


def channels(pool: int) -> int:
    """M where pool x pool pixels are one channel."""
    return 2 * (SIDE // pool) ** 2


def channel_of(polarity: np.ndarray, y: np.ndarray, x: np.ndarray, pool: int = 2) -> np.ndarray:
    """Channel 0 to M - 1 of pixels y, x < 34."""
    return (polarity * (SIDE // pool) + y // pool) * (SIDE // pool) + x // pool


def read_npz(split: str, path: Path, T: int, step: int, pool: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The split of nmnist_6k_1ms.npz that `is_test` marks, or of what ships of its test part.

    t, code : (events,) time in ms and polarity * 1156 + y * 34 + x, by sample; n : (samples,) events of each
    label, is_test : (samples,)
    """
    arrays = archive.read(path, {"n": (None,), "t": (None,), "code": (None,), "label": (None,), "is_test": None},
                          T * channels(pool))
    t, code, n = arrays["t"], arrays["code"], arrays["n"].astype(np.int64)
    ends, wanted = _check_npz(path, arrays, split)
    polarity, y, x = np.unravel_index(np.arange(2 * SIDE * SIDE), (2, SIDE, SIDE))
    lookup = channel_of(polarity, y, x, pool).astype(np.int16)
    labels = arrays["label"][wanted].astype(np.int64)
    values = empty(path, (len(labels), T, channels(pool)), path.stat().st_size)
    row = np.cumsum(wanted) - 1
    events = kept = 0
    for first in range(0, len(n), CHUNK):
        last = min(first + CHUNK, len(n))
        some = slice(ends[first], ends[last])
        sample = np.repeat(np.arange(first, last), n[first:last])
        ours, when = wanted[sample], t[some] // step
        keep = ours & (when < T)
        occupy(values, row[sample[keep]], when[keep], lookup[code[some][keep]])
        events, kept = events + int(ours.sum()), kept + int(keep.sum())
    check_kept(path, values, events, events - kept, round(WINDOW / step), 1e-3 * step)
    saccades.check(path, values.reshape(-1, T, 2, SIDE // pool, SIDE // pool), step)
    return values, labels, {
        "files": {path.name: digest(path)}, "verified": verified("nmnist", split, path, len(labels)),
        "part": f"{len(labels):,} recordings of the official training set, not the official test set",
        "events": events, "events_dropped": events - kept}


def write_subset(files: list[Path], path: Path, n: int = 100, seed: int = 0) -> None:
    """Make the subset file from nmnist_6k_1ms.npz: `n` whole recordings of its test part in its layout, as many of each
    digit, drawn with `seed` (Recordings.balanced); nothing changed."""
    with np.load(files[0]) as file:
        whole = dict(file)
    test = np.flatnonzero(whole["is_test"])
    labelled = Recordings("nmnist", "test", "spikes", np.zeros((len(test), 1, 1), np.uint8), 1.0,
                          whole["label"][test].astype(np.int64), None, DATASETS["nmnist"].classes, 1.0)
    numbers = test[labelled.balanced(n, seed)]
    ends = np.concatenate(([0], np.cumsum(whole["n"], dtype=np.int64)))
    events = {key: np.concatenate([whole[key][ends[number]:ends[number + 1]] for number in numbers])
              for key in ("t", "code")}
    each = {key: whole[key][numbers] for key in ("n", "label", "is_test", "src")}
    write_arrays(path, **events, **each, number=numbers.astype(np.uint16))


def _check_npz(path: Path, arrays: dict[str, np.ndarray], split: str) -> tuple[np.ndarray, np.ndarray]:
    """First event of each sample (and the end), and the samples of `split`; DataError for an unsound file."""
    for key in ("t", "code", "n", "label"):
        archive.check(path, key, arrays[key], (None,), len(arrays["t"]) if key == "n" else MOST)
    t, code, marks, samples = arrays["t"], arrays["code"], arrays["is_test"], len(arrays["n"])
    check_labels(arrays["label"], samples, DATASETS["nmnist"].classes, str(path))
    if marks.dtype != bool or marks.shape != (samples,):
        raise DataError(f"{path}: is_test is {marks.dtype} {marks.shape}, but a bool for each of {samples} samples is "
                        f"needed; check how the file is made")
    ends = np.concatenate(([0], np.cumsum(arrays["n"], dtype=np.int64)))
    if not ends[-1] == len(t) == len(code):
        raise DataError(f"{path}: n adds up to {ends[-1]} events, but there are {len(t)} times and {len(code)} codes; "
                        f"the file is not as it was written, get it again")
    if code.size and code.max() >= 2 * SIDE * SIDE:
        raise DataError(f"{path}: code {code.max()}, but 2 x 34 x 34 pixels have codes from 0 to "
                        f"{2 * SIDE * SIDE - 1}; get the file again from its source")
    wanted = ~marks if split == "train" else marks
    if not wanted.any():
        raise DataError(f"{path}: 0 recordings of the {split} part, but at least one is needed; get the file again "
                        f"from its source")
    return ends, wanted


def read_tree(split: str, folder: Path, T: int, step: int,
              pool: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The official folder: `folder`/<digit>/<number>.bin, by digit, then name."""
    paths = [(label, path) for label in range(DATASETS["nmnist"].classes)
             for path in sorted((folder / str(label)).glob("[!.]*.bin"))]  # a Mac adds hidden ._NAME beside NAME
    if not paths:
        raise DataError(f"{folder}: no .bin file in its subfolders 0 to 9, but N-MNIST keeps one a recording there; "
                        f"unpack the official archive again")
    values = empty(folder, (len(paths), T, channels(pool)), sum(path.stat().st_size for _, path in paths))
    sum_ = hashlib.sha256()
    events = kept = 0
    for number, (time, channel) in enumerate(_bins(folder, paths, sum_, pool)):
        when = time // (1000 * step)
        keep = when < T
        occupy(values, np.full(keep.sum(), number), when[keep], channel[keep])
        events, kept = events + len(time), kept + int(keep.sum())
    check_kept(folder, values, events, events - kept, round(WINDOW / step), 1e-3 * step)
    saccades.check(folder, values.reshape(-1, T, 2, SIDE // pool, SIDE // pool), step)
    whole = len(paths) == OFFICIAL[split]
    if not whole:
        warnings.warn(f"{folder}: sound, but not the official {split} set of {OFFICIAL[split]} recordings (it holds "
                      f"{len(paths)}); results on it are not results on N-MNIST", DataWarning, stacklevel=2)
    return values, np.array([label for label, _ in paths]), {
        "files": {f"{folder.name}/": sum_.hexdigest()}, "verified": None if whole else False,
        "part": f"{len(paths):,} recordings of the official {'training' if split == 'train' else 'test'} set",
        "events": events, "events_dropped": events - kept}


def _bins(folder: Path, paths: list[tuple[int, Path]], sum_: Any, pool: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Time (us) and channel of the events of each file; names and bytes go into `sum_`."""
    for _, path in paths:
        try:
            with open(path, "rb") as file:
                content = file.read(LARGEST + 1)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({' '.join(str(error).split())}); unpack the official archive "
                            f"again") from error
        sum_.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode() + content)
        yield parse_bin(content, path, pool)


def parse_bin(content: bytes, origin: str | Path, pool: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Time (us) and channel, int64 (events,) each, of a .bin file.

    Layout: 40 bits an event, x (8), y (8), polarity (1), time in us (23), the highest bit first.
    """
    if len(content) > LARGEST:
        raise DataError(f"{origin}: over {LARGEST:,} bytes, but a recording has some 20,000; unpack the official "
                        f"archive again")
    if not content or len(content) % EVENT_BYTES:
        raise DataError(f"{origin}: {len(content)} bytes, but events of {EVENT_BYTES} bytes are needed, one at least; "
                        f"the file is not whole: unpack the official archive again")
    x, y, high, middle, low = np.frombuffer(content, np.uint8).reshape(-1, EVENT_BYTES).T.astype(np.int64)
    time = (high & 0x7F) << 16 | middle << 8 | low
    marks = y == OVERFLOW_ROW
    time += OVERFLOW * np.cumsum(marks)
    wrong = ~marks & ((x >= SIDE) | (y >= SIDE))
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(f"{origin}: event {at} at x = {x[at]}, y = {y[at]}, but pixels run from 0 to {SIDE - 1}; "
                        f"unpack the official archive again")
    event = ~marks
    return time[event], channel_of(high >> 7, y, x, pool)[event]
