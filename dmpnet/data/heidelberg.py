"""Spoken digits as spikes of 700 cochlea channels: official SHD (.h5) and shd-regen (.npz), coded alike.

Coding: 700 channels -> 140, a step's value is 1 if any of 5 neighbours spikes in its 10 ms, 0 if none does. What
comes at or after T * 10 ms is dropped and counted.
"""

import contextlib
import importlib
import math
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data import archive
from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.cells import CHUNK, check_kept, check_steps, empty, occupy
from dmpnet.data.recordings import Recordings, check_labels
from dmpnet.data.verification import verified
from dmpnet.disk import hdf5
from dmpnet.disk.archives import check_room, unzipped
from dmpnet.disk.files import digest, write_arrays
from dmpnet.errors import DataError

ATTRIBUTION = "Heidelberg Digits: B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke 2020"
SUBSET = "shd_subset.npz"
DATASETS = {
    "shd": Dataset(
        title="Spiking Heidelberg Digits", kind="spikes", classes=20, T=100, channels=140, dt=0.010,
        licence="CC BY 4.0", attribution=ATTRIBUTION,
        source="the official .h5 files, https://zenkelab.org/datasets/",
        mirror="https://zenkelab.org/datasets/",
        files={"train": (OfficialFile("shd_train.h5.gz", "d47c9825dee33347913e8ce0f2be08b0"),),
               "test": (OfficialFile("shd_test.h5.gz", "3062a80ec0c5719404d5b02e166543b1"),)},
        samples={"train": 8156, "test": 2264},
        folders=("shd", "SHD", "hsd", "HSD"),
    ),
    "shd-regen": Dataset(
        title="Heidelberg Digits audio put again through the published cochlea model (close to SHD, not equal to it)",
        kind="spikes", classes=20, T=100, channels=140, dt=0.010,
        licence="CC BY 4.0", attribution=ATTRIBUTION,
        source="files regenerated from the Heidelberg Digits audio (layout: dmpnet/data/NOTICE.md)",
        mirror="",
        files={"train": (OfficialFile("shd_regen_train_halfms.npz", "16c9654005bed09e1b136ee574db5039",
                                      public=False),),
               "test": (OfficialFile("shd_regen_test_halfms.npz", "55145334385f80b6a998831bc328d387", public=False),),
               "subset": (OfficialFile(SUBSET, "8e5180d2e1c35d64cfebbfc6bda60312"),)},
        samples={"train": 8150, "test": 2270, "subset": 200},
        folders=("shd-regen", "shd_regen"),
    ),
}

PART = "200 of the 2,270 test recordings: 10 a class, 16 or 17 a speaker"
INSTEAD = ("official SHD is read in place of shd-regen, which the network was trained on: the same voices through the "
           "makers' own run of the cochlea model, some 3 % more cells occupied, partly other test recordings (2,264, "
           "not 2,270); an accuracy on it is not one on shd-regen")
"""What is said where official SHD is read for a network of shd-regen."""

CHANNELS = 700
NEIGHBOURS = 5
STEPS_A_SECOND = 100
TICKS_A_STEP = 20
"""shd-regen stores times in half milliseconds."""

DENSE = 20
"""Times its own bytes that a .h5.gz unpacks to at most; the official ones are half as large as what is in them."""

LISTS = 32
"""Lists read at a time from HDF5, in which all may be the same one."""


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """The spoken digits of one file, (n, T, 140)."""
    dataset = DATASETS[name]
    T = check_steps(name, steps, dataset.T, dataset.dt)
    path, = files
    read: Callable[..., Any] = read_official if name == "shd" else read_regenerated
    values, labels, speakers, events, dropped = read(path, T)
    check_kept(path, values, events, dropped, dataset.T, dataset.dt)
    source: dict[str, Any] = {
        "files": {path.name: digest(path)}, "verified": verified(name, split, path, len(labels)),
        "coding": f"{CHANNELS} channels -> {CHANNELS // NEIGHBOURS} by maximum over {NEIGHBOURS} neighbours, binary, "
                  f"{T} steps of 10 ms",
        "events": events, "events_dropped": dropped, **({"part": PART} if split == "subset" else {}),
        "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "spikes", values, 1.0, labels, speakers, dataset.classes, dataset.dt, None, source)


def step_at(time: np.ndarray) -> np.ndarray:
    """Step k (int64) of each time in s (float64), k/100 <= time < (k + 1)/100 as floating point numbers compare.

    floor(100 time) alone is one off where the product rounds: 100 * 0.29 = 28.999999999999996.
    """
    step = np.floor(time * STEPS_A_SECOND)
    step -= time < step / STEPS_A_SECOND
    step += time >= (step + 1) / STEPS_A_SECOND
    return step.astype(np.int64)


def read_regenerated(path: Path, T: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """values (n, T, 140), labels, speakers, events, dropped events of a shd_regen_*_halfms.npz.

    counts (n, 700) events a channel; ticks, their times in 0.5 ms, by sample, then channel; labels, speaker (n,)
    """
    arrays = archive.read(path, {"counts": (None, CHANNELS), "ticks": (None,), "labels": (None,), "speaker": (None,)},
                          T * CHANNELS // NEIGHBOURS)
    counts, ticks = arrays["counts"], arrays["ticks"]
    archive.check(path, "counts", counts, (None, CHANNELS), len(ticks))
    archive.check(path, "ticks", ticks, (None,))
    n = len(counts)
    _describe(path, arrays["labels"], arrays["speaker"], n)
    ends = np.concatenate(([0], np.cumsum(counts.sum(1, dtype=np.int64))))
    if ends[-1] != len(ticks):
        raise DataError(f"{path}: counts add up to {ends[-1]} events, but there are {len(ticks)} ticks; the file is "
                        f"not as it was written, get it again")
    values = empty(path, (n, T, CHANNELS // NEIGHBOURS), path.stat().st_size)
    kept = 0
    for first in range(0, n, CHUNK):
        some = counts[first:first + CHUNK]
        step = ticks[ends[first]:ends[first + len(some)]] // TICKS_A_STEP
        keep = step < T
        line = np.repeat(np.arange(some.size, dtype=np.int32), some.ravel())[keep]
        sample, channel = np.divmod(line, CHANNELS)
        occupy(values[first:first + CHUNK], sample, step[keep], channel // NEIGHBOURS)
        kept += len(line)
    return values, arrays["labels"].astype(np.int64), arrays["speaker"].astype(np.int64), len(ticks), len(ticks) - kept


def write_subset(files: list[Path], path: Path, n: int = 200, seed: int = 0) -> None:
    """Make the subset file from shd_regen_test_halfms.npz: `n` whole recordings in its layout, nothing changed.

    They are taken one by one, of the class that has fewest yet, of its speakers the one who has fewest yet, first over
    all classes and then in this one, the first that is left in an order drawn with `seed`.
    """
    with np.load(files[0]) as file:
        whole = dict(file)
    numbers = _balanced(whole["labels"], whole["speaker"], n, seed)
    ends = np.concatenate(([0], np.cumsum(whole["counts"].sum(1, dtype=np.int64))))
    ticks = np.concatenate([whole["ticks"][ends[number]:ends[number + 1]] for number in numbers])
    each = {key: whole[key][numbers] for key in ("counts", "labels", "speaker", "trial", "filename")}
    write_arrays(path, **each, ticks=ticks, number=numbers.astype(np.uint16))


def _balanced(labels: np.ndarray, speakers: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Numbers of `n` recordings as write_subset takes them, sorted."""
    left = np.random.RandomState(seed).permutation(len(labels))
    pairs = np.zeros((labels.max() + 1, speakers.max() + 1), int)  # taken of each class and speaker
    taken = []
    for _ in range(n):
        own, spoke = labels[left], speakers[left]
        place = np.lexsort((pairs[own, spoke], pairs.sum(axis=0)[spoke], pairs.sum(axis=1)[own]))[0]
        pairs[own[place], spoke[place]] += 1
        taken.append(left[place])
        left = np.delete(left, place)
    return np.sort(taken)


def _describe(path: Path, labels: np.ndarray, speakers: np.ndarray | None, n: int, classes: int = 20) -> None:
    """Check what every recording carries besides its spikes."""
    if not n:
        raise DataError(f"{path}: 0 recordings, but at least one is needed; get the file again from its source")
    archive.check(path, "labels", labels, (n,))
    if speakers is not None:
        archive.check(path, "speaker", speakers, (n,))
    check_labels(labels, n, classes, str(path))


def read_official(path: Path, T: int, classes: int = 20, speakers: bool = True,
                  ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, int, int]:
    """values (n, T, 140), labels, speakers, events, dropped events of an official shd_*.h5, ssc_*.h5 or .h5.gz.

    spikes/times (n,) lists in s, spikes/units (n,) lists of channels, labels (n,), extra/speaker (n,)
    speakers : whether they must be there; else they are None where they are not
    """
    with _hdf5(path) as file:
        times, units = _lists(path, file, "spikes/times"), _lists(path, file, "spikes/units")
        n = len(times)
        if len(units) != n:
            raise DataError(f"{path}: {n} lists of times but {len(units)} of units; get the file again from its source")
        labels = _numbers(path, file, "labels", n)
        spoke = _numbers(path, file, "extra/speaker", n) if speakers or "extra/speaker" in file else None
        _describe(path, labels, spoke, n, classes)
        values = empty(path, (n, T, CHANNELS // NEIGHBOURS), path.stat().st_size)
        events = kept = 0
        for first in range(0, n, LISTS):
            some = slice(first, min(first + LISTS, n))
            heard = times[some]
            events += sum(map(len, heard))
            if events * times.id.get_type().get_super().get_size() > file.id.get_filesize():
                raise DataError(f"{path}: more events than fit into the file, so that lists in it are one and the "
                                f"same; get the file again from its source")
            sample, time, channel = _events(path, heard, units[some], first)
            keep = time < T / STEPS_A_SECOND
            occupy(values[some], sample[keep], step_at(time[keep]), channel[keep] // NEIGHBOURS)
            kept += int(keep.sum())
    return (values, labels.astype(np.int64), None if spoke is None else spoke.astype(np.int64), events,
            events - kept)


def _events(path: Path, times: np.ndarray, units: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sample (from 0), time in s and channel of every event in the lists; `first` is the first sample's number.

    Times go to float64 before any arithmetic: the files hold float16, whose own arithmetic is too coarse for 10 ms.
    """
    lengths = [len(list_) for list_ in times]
    for number, (length, list_) in enumerate(zip(lengths, units, strict=True), first):
        if length != len(list_):
            raise DataError(f"{path}: recording {number} has {length} times but {len(list_)} units; get the file again "
                            f"from its source")
    sample = np.repeat(np.arange(len(times)), lengths)
    time, channel = np.concatenate(times).astype(np.float64), np.concatenate(units).astype(np.int64)
    for key, array, wrong, limit in (
            ("time", time, ~((time >= 0) & (time < np.inf)), "times are finite and >= 0 s"),
            ("unit", channel, (channel < 0) | (channel >= CHANNELS), f"channels run from 0 to {CHANNELS - 1}")):
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(f"{path}: {key} {array[at]} in recording {first + sample[at]}, but {limit}; get the file "
                            f"again from its source")
    return sample, time, channel


@contextlib.contextmanager
def _hdf5(path: Path) -> Iterator[Any]:
    """The open HDF5 file; a .gz is first decompressed, to its end, into a nameless temporary file."""
    try:
        h5py = importlib.import_module("h5py")
    except ImportError as error:
        raise DataError(f"{path}: an HDF5 file, but h5py is not installed; pip install '.[shd]' in a clone") from error
    try:
        with contextlib.ExitStack() as stack:
            content: Any
            if path.suffix == ".gz":
                content = stack.enter_context(tempfile.TemporaryFile())
                content.writelines(unzipped(path, DENSE))
                content.flush()
            else:
                content = stack.enter_context(open(path, "rb"))
            hdf5.check_heaps(content)
            yield stack.enter_context(h5py.File(content, "r"))
    except DataError:
        raise
    except (OSError, EOFError, zlib.error, RuntimeError, KeyError, ValueError, MemoryError) as error:
        raise DataError(f"{path}: cannot be read as HDF5 to its end ({' '.join(str(error).split())}); delete it and "
                        f"get it again from {DATASETS['shd'].mirror}") from error


def _member(path: Path, file: Any, key: str) -> Any:
    """A data set of the file, of which nothing is read yet; DataError if it, or a piece of it, is too much."""
    if key not in file or not hasattr(file[key], "dtype"):
        raise DataError(f"{path}: no data {key!r}, but the official files have spikes/times, spikes/units, labels and "
                        f"extra/speaker; use the official file")
    data, disk = file[key], file.id.get_filesize()
    check_room(disk, data.dtype.itemsize * max(data.size or 0, math.prod(data.chunks or ())))
    return data


def _numbers(path: Path, file: Any, key: str, n: int) -> np.ndarray:
    """(n,) whole numbers."""
    data = _member(path, file, key)
    archive.check_shape(path, key.removeprefix("extra/"), data, (n,))
    return np.asarray(data)


def _lists(path: Path, file: Any, key: str) -> Any:
    """The data set of (n,) number lists, of the kind times or units need; nothing is read yet."""
    data = _member(path, file, key)
    kinds = "f" if key == "spikes/times" else "iu"
    inner = importlib.import_module("h5py").check_vlen_dtype(data.dtype)
    if data.ndim != 1 or inner is None or np.dtype(inner).kind not in kinds:
        raise DataError(f"{path}: {key} is {data.dtype} {data.shape}, but there are (n,) lists of "
                        f"{'floats' if kinds == 'f' else 'integers'}; use the official file")
    return data
