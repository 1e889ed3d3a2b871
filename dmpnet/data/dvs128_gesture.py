"""DVS128-Gesture: eleven hand and arm gestures before an event camera, from IBM's recordings or tonic's arrays.

Coding: 2 polarities (0: darker, 1: brighter) x 128 x 128 pixels -> 2 x 32 x 32 = 2,048 channels, polarity first, then
y, then x; a step's value is 1 if any event of the 4 x 4 pixels falls into it, 0 if none does. A gesture lasts some 6 s;
read are its first T * dt, what comes later is dropped and counted.

IBM:    trials_to_train.txt, trials_to_test.txt: names of trials; beside them NAME.aedat and NAME_labels.csv, lines of
        class from 1, start and end in us. A gesture begins at its start.
tonic:  ibmGestureTrain/, ibmGestureTest/: TRIAL/CLASS.npy, class from 0, (events, 4) of x, y, polarity, time in ms. A
        gesture begins at its first event. Where a trial has a class twice, tonic has one of the two.

Not tried on the official files, which are not at hand: whether x and y are transposed, or the polarities swapped, no
structure of the file tells.
"""

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data import aedat
from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.cells import check_steps, empty, occupy
from dmpnet.data.recordings import Recordings
from dmpnet.disk.archives import hollow
from dmpnet.disk.files import digest
from dmpnet.errors import DataError, DataWarning

LISTS = {"train": "trials_to_train.txt", "test": "trials_to_test.txt"}
DATASETS = {
    "dvs128-gesture": Dataset(
        title="DVS128-Gesture, hand and arm gestures before an event camera (read from its layouts, not tried on it)",
        kind="spikes", classes=11, T=1000, channels=2048, dt=0.001,
        licence="CC BY 4.0", attribution="DVS128-Gesture: A. Amir, B. Taba, D. Berg and others 2017",
        source="DvsGesture.tar.gz, https://research.ibm.com/interactive/dvsgesture/, unpacked, or tonic's folders "
               "ibmGestureTrain and ibmGestureTest",
        mirror="",
        files={split: (OfficialFile(name, ""),) for split, name in LISTS.items()},
        samples={"train": 1176, "test": 288},
        folders=("DVSGesture", "DvsGesture", "dvs128-gesture", "DVS128Gesture"),
        trees={"train": "ibmGestureTrain", "test": "ibmGestureTest"}, subfolders="user*",
    ),
}

SIDE, POOL = 128, 4
POOLED = SIDE // POOL
CHANNELS = 2 * POOLED * POOLED
ARRAYS = {"train": 1077, "test": 264}
"""Recordings in tonic's folders."""
SHORTEST, LONGEST = 0.3, 60.0
"""Seconds that gestures of a file last in the middle, half of them shorter: 6 s, so in another unit 6,000 or 0.006."""
MANY = 1000
"""Events of which some are brighter and some darker."""

Gesture = tuple[str, int, np.ndarray, np.ndarray]
"""Where it is from, class, time in us from its start and channel of its events."""


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """Gestures (n, T, 2048) of IBM's trials or of tonic's folders."""
    dataset = DATASETS[name]
    T = check_steps(name, steps, dataset.T, dataset.dt)
    path, = files
    sum_ = hashlib.sha256()
    if path.is_dir():
        count, size, found = _arrays(path, sum_)
        official = ARRAYS[split]
    else:
        count, size, found = _trials(path, sum_)
        official = dataset.samples[split]
    values = empty(path, (count, T, CHANNELS), size)
    labels, events, kept = np.zeros(count, np.int64), 0, 0
    for number, (origin, label, time, channel) in enumerate(found):
        step = time // round(1e6 * dataset.dt)
        keep = step < T
        if not keep.any():
            raise DataError(f"{origin}: no event in the first {T * dataset.dt:g} s, so that nothing is left to read; "
                            f"check the unit of its times, or take more steps")
        occupy(values, np.full(int(keep.sum()), number), step[keep], channel[keep])
        labels[number], events, kept = label, events + len(time), kept + int(keep.sum())
    if count != official:
        warnings.warn(f"{path}: sound, but not the {split} part of {official} gestures (it holds {count}); results on "
                      f"it are not results on DVS128-Gesture", DataWarning, stacklevel=2)
    told = {f"{path.name}/": sum_.hexdigest()} if path.is_dir() else {path.name: digest(path)}
    source = {"files": told, "recordings": sum_.hexdigest(), "verified": None if count == official else False,
              "coding": f"2 x 128 x 128 pixels -> 2 x 32 x 32 channels (polarity, y, x) by maximum over 4 x 4, binary, "
                        f"the first {T} steps of {1e3 * dataset.dt:g} ms",
              "layout": "tonic's arrays" if path.is_dir() else "IBM's trials", "events": events,
              "events_dropped": events - kept, "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "spikes", values, 1.0, labels, None, dataset.classes, dataset.dt, None, source,
                      (2, POOLED, POOLED))


def channel_of(origin: str | Path, x: np.ndarray, y: np.ndarray, polarity: np.ndarray) -> np.ndarray:
    """Channel 0 to 2047; DataError for a pixel or polarity that no event has."""
    for key, array, most in (("x", x, SIDE - 1), ("y", y, SIDE - 1), ("polarity", polarity, 1)):
        wrong = (array < 0) | (array > most)
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(f"{origin}: {key} = {array[at]} in event {at}, but it is 0 to {most}; events are x, y, "
                            f"polarity, time in this order: check it, or get the file again")
    if len(polarity) >= MANY and polarity.min() == polarity.max():
        raise DataError(f"{origin}: all {len(polarity):,} events have polarity {polarity[0]}, but a hand makes pixels "
                        f"brighter and darker; check where the file keeps the polarity")
    return (polarity * POOLED + y // POOL) * POOLED + x // POOL


def check_unit(origin: str | Path, seconds: np.ndarray, unit: str) -> None:
    """Raise DataError if gestures that last so long (n,) say that times are not in `unit`."""
    middle = float(np.median(seconds))
    if not SHORTEST <= middle <= LONGEST:
        raise DataError(f"{origin}: gestures of {middle:g} s, half of them shorter, if its times are in {unit}, but "
                        f"they last some 6 s; check the unit of its times")


def _trials(path: Path, sum_: Any) -> tuple[int, int, Iterator[Gesture]]:
    """Number of gestures, bytes and gestures of the trials that the list `path` names."""
    names = _listed(path)
    other = next(path.with_name(name) for name in LISTS.values() if name != path.name)
    both = sorted(set(names) & set(_listed(other))) if other.is_file() else []
    if both:
        raise DataError(f"{path}: {both[0]} is in {other.name}, too, and would be on both sides of the split; get the "
                        f"lists again from their source")
    rows = [(path.with_name(name), *row) for name in names
            for row in _labels(path.with_name(name.removesuffix(".aedat") + "_labels.csv"))]
    for name in names:
        if not path.with_name(name).is_file():
            raise DataError(f"{path}: names {name}, but it is not beside it; unpack the official archive again")
    check_unit(path, np.array([(end - start) / 1e6 for _, _, start, end in rows]), "us")
    return len(rows), sum(path.with_name(name).stat().st_size for name in names), _gestures(rows, sum_)


def _listed(path: Path) -> list[str]:
    """Names of the trials in a list; DataError if there is none, or one that is no plain name."""
    try:
        names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text ({error}); get it again from its source") from error
    wrong = [name for name in names if not name.endswith(".aedat") or Path(name).name != name]
    if wrong or not names or len(set(names)) < len(names):
        said = f"line {wrong[0][:80]!r}" if wrong else "a trial twice" if names else "no trial"
        raise DataError(f"{path}: {said}, but it lists names that end in .aedat, each once; get it again from its "
                        f"source")
    return names


def _labels(path: Path) -> list[tuple[int, int, int]]:
    """Class from 0, start and end in us of every gesture of a trial."""
    try:
        head, *lines = path.read_text(encoding="utf-8").split()
        rows = [tuple(map(int, line.split(","))) for line in lines]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as class,startTime_usec,endTime_usec and whole numbers ({error}); "
                        f"get it again from its source") from error
    for row in rows:
        if len(row) != 3 or not 1 <= row[0] <= 11 or not 0 <= row[1] < row[2]:
            raise DataError(f"{path}: {','.join(map(str, row))}, but it is a class from 1 to 11, a start and a later "
                            f"end; get it again from its source")
    if not rows or not head.startswith("class"):
        raise DataError(f"{path}: no gesture below a line class,startTime_usec,endTime_usec; get it again from its "
                        f"source")
    return [(row[0] - 1, row[1], row[2]) for row in rows]


def _gestures(rows: list[tuple[Path, int, int, int]], sum_: Any) -> Iterator[Gesture]:
    """The gestures of IBM's trials, one trial in memory at a time."""
    held: Path | None = None
    for path, label, start, end in rows:
        if path != held:
            events, held = aedat.read(path, sum_), path
            sum_.update(path.with_name(path.stem + "_labels.csv").read_bytes())
        ours = (events.time >= start) & (events.time < end)
        if not ours.any():
            raise DataError(f"{path}: no event from {start} to {end} us, where its labels have class {label + 1} "
                            f"(events come from {events.time.min()} to {events.time.max()} us); the recording is not "
                            f"whole, its times are in another unit, or the labels are another trial's")
        yield str(path), label, events.time[ours] - start, channel_of(path, *(each[ours] for each in (
            events.x, events.y, events.polarity)))


def _arrays(folder: Path, sum_: Any) -> tuple[int, int, Iterator[Gesture]]:
    """Number of gestures, bytes and gestures of tonic's arrays, by trial, then class."""
    paths = sorted((path for path in folder.glob("[!.]*/[!.]*.npy")),
                   key=lambda path: (path.parent.name, path.stem.zfill(3)))
    for path in paths:
        if not path.stem.isdecimal() or int(path.stem) > 10:
            raise DataError(f"{path}: named {path.stem!r}, but an array is named by its class, 0 to 10; unpack the "
                            f"archive again")
    if not paths:
        raise DataError(f"{folder}: no .npy file in its subfolders, but tonic keeps one a gesture there; unpack the "
                        f"archive again")
    return len(paths), sum(path.stat().st_size for path in paths), _read_arrays(folder, paths, sum_)


def _read_arrays(folder: Path, paths: list[Path], sum_: Any) -> Iterator[Gesture]:
    for path in paths:
        x, y, polarity, time = read_array(path)
        sum_.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
        yield str(path), int(path.stem), np.rint(1000 * (time - time[0])).astype(np.int64), channel_of(
            path, x, y, polarity)


def read_array(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, polarity (int64) and time in ms (float64) of the events of one of tonic's arrays, (events, 4)."""
    try:
        with open(path, "rb") as file:
            hollow(file, path.stat().st_size)
        events = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise DataError(f"{path}: cannot be read as an array to its end ({' '.join(str(error).split())}); unpack the "
                        f"archive again") from error
    if events.ndim != 2 or events.shape[1] != 4 or events.dtype.kind not in "iuf":
        way = "transpose it" if events.ndim == 2 and events.shape[0] == 4 else "check how it is made"
        raise DataError(f"{path}: {events.dtype} {events.shape}, but events are lines of x, y, polarity, time, "
                        f"(events, 4); {way}")
    events = events.astype(np.float64)
    if not len(events) or not np.isfinite(events).all():
        raise DataError(f"{path}: {'no event' if not len(events) else 'values that are not finite'}, but a gesture has "
                        f"events of whole numbers; unpack the archive again")
    if (events[:, :3] % 1).any() or (np.diff(events[:, 3]) < 0).any():
        raise DataError(f"{path}: columns 0 to 2 are not whole, or column 3 goes back, but they are x, y, polarity and "
                        f"the time, which goes on; check their order")
    x, y, polarity = events[:, :3].T.astype(np.int64)
    check_unit(path, events[-1:, 3] / 1e3 - events[:1, 3] / 1e3, "ms")
    return x, y, polarity, events[:, 3]
