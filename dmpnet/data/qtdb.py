"""QT database: two ECG leads as level crossings, and at every step the phase of the heart beat.

Files of Yin, Corradi & Bohte 2021: 1,301 steps of 4 ms (250 Hz, 5.2 s), 4 channels, two a lead of which at most one is
1 at a time. Classes, always in this order: 0 P, 1 PQ, 2 QR, 3 RS, 4 ST, 5 TP.

Two things about these files:
- -1 is no level crossing. It comes once in each recording, on channel 0 at the last step, where all else is 0: a mark
  of the end. It is kept as it is; without it the input is 0 or 1.
- Steps that nobody labelled (8 % of train, 10 % of test; most of them after the last labelled beat) have six zeros for
  their class. They count as class 0, as in the authors' own code, so that accuracies compare with theirs: of the steps
  of class 0, four in ten are such. Their number is source["steps_unlabelled"].
"""

import importlib
import io
import math
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.cells import TOLD, check_steps
from dmpnet.data.recordings import Recordings
from dmpnet.data.verification import verified
from dmpnet.disk.archives import PIECE, ROOM, check_room
from dmpnet.disk.files import digest
from dmpnet.errors import DataError, DataWarning

DATASETS = {
    "qtdb": Dataset(
        title="QT database, level crossings of two ECG leads, the phase of the heart beat at every step",
        kind="analog", classes=6, T=1301, channels=4, dt=0.004,
        licence="PhysioNet open access (not confirmed)",
        attribution="QT database: P. Laguna, R. G. Mark, A. L. Goldberger, G. B. Moody 1997, PhysioNet; coded by "
                    "B. Yin, F. Corradi, S. M. Bohte 2021",
        source="QTDB_train.mat and QTDB_test.mat of the code for Yin, Corradi & Bohte 2021, "
               "doi 10.1038/s42256-021-00397-w",
        mirror="",
        files={"train": (OfficialFile("QTDB_train.mat", "39790ebc28587c94a2245fae7475e6f2"),),
               "test": (OfficialFile("QTDB_test.mat", "4deb6d02f9dae171ad99f2b372926cc0"),)},
        samples={"train": 618, "test": 141},
        folders=("qtdb", "QTDB", "ECG"), d=20, theta=150.0,
    ),
}

COMPRESSED = 15
DENSE = 50
"""Times its own bytes that a file unpacks to at most; it is 24 of the official ones."""
NUMBERS = ("double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
"""Classes of plain arrays, as MATLAB calls them."""


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """Recordings (n, T, 4) of one .mat file, with labels (n, T)."""
    dataset = DATASETS[name]
    T = check_steps(name, steps, dataset.T, dataset.dt, dataset.T)
    path, = files
    x, y = read(path)
    values, one_hot = np.ascontiguousarray(x[:, :T], np.int8), y[:, :T]
    unlabelled = int((~one_hot.any(2)).sum())
    _check_labelled(path, unlabelled, one_hot.shape[0] * T)
    source: dict[str, Any] = {
        "files": {path.name: digest(path)}, "verified": verified(name, split, path, len(x)),
        "coding": f"level crossings of two leads, the first {T} steps of {1e3 * dataset.dt:g} ms",
        "steps_unlabelled": unlabelled, "end_marks": int((values < 0).sum()),
        "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, dataset.kind, values, 1.0, one_hot.argmax(2).astype(np.int64), None,
                      dataset.classes, dataset.dt, None, source)


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """x (n, 1301, 4) of -1, 0, 1 and y (n, 1301, 6), one 1 or none a step.

    The file also holds t (n, 1301), the steps counted, and max_i (n, 1), how many there are: 1,301 everywhere.
    """
    dataset = DATASETS["qtdb"]
    T = dataset.T
    x, y, t, max_i = _variables(path, {"x": (T, dataset.channels), "y": (T, dataset.classes), "t": (T,), "max_i": (1,)})
    if (t != np.arange(T)).any() or (max_i != T).any():
        raise DataError(f"{path}: t does not count the steps from 0 to {T - 1}, or max_i is not {T}, in every "
                        f"recording; get the file again from its source")
    for key, array, allowed in (("x", x, (-1, 0, 1)), ("y", y, (0, 1))):
        wrong = ~np.isin(array, allowed)
        if wrong.any():
            at = np.unravel_index(int(wrong.argmax()), wrong.shape)
            raise DataError(f"{path}: {key} = {array[at]} at sample {at[0]} step {at[1]}, but it is one of "
                            f"{', '.join(map(str, allowed))}; get the file again from its source")
    several = (y != 0).sum(2) > 1
    if several.any():
        sample, step = np.unravel_index(int(several.argmax()), several.shape)
        raise DataError(f"{path}: several classes at sample {sample} step {step}, but a step has one at most; get the "
                        f"file again from its source")
    return x, y


def _check_labelled(path: Path, unlabelled: int, steps: int) -> None:
    """Say how many steps count as class 0 only because nobody labelled them; DataError if these are all."""
    said = f"{path}: {unlabelled:,} of {steps:,} steps have no label"
    if unlabelled == steps:
        raise DataError(f"{said}, so that there is nothing to tell; use the official file")
    if unlabelled > TOLD * steps:
        warnings.warn(f"{said}, {100 * unlabelled / steps:.1f} %, and count as class 0, as in the authors' code",
                      DataWarning, stacklevel=2)


def _variables(path: Path, shapes: dict[str, tuple[int, ...]]) -> list[np.ndarray]:
    """Plain arrays of a MATLAB file (level 5; such a file holds no code), or a DataError.

    shapes : by name, those of one recording
    """
    matlab = importlib.import_module("scipy.io")  # here, because importing scipy takes time
    try:
        content = unpacked(path)
        _check_shapes(path, shapes, {name: (shape, kind) for name, shape, kind in matlab.whosmat(content)})
        found = matlab.loadmat(content, variable_names=tuple(shapes))
        return [np.asarray(found[name]) for name in shapes]
    except DataError:
        raise
    except Exception as error:  # whatever a damaged file makes the parser trip over
        raise DataError(f"{path}: cannot be read as a MATLAB file to its end "
                        f"({' '.join(str(error).split()) or type(error).__name__}); get it again from its source"
                        ) from error


def _check_shapes(path: Path, shapes: dict[str, tuple[int, ...]], there: dict[str, tuple[tuple, str]]) -> None:
    """Raise DataError unless what the file declares, by name, are numbers of these shapes, one or more of each."""
    n = there["x"][0][0] if "x" in there and there["x"][0] else 0
    for name, shape in shapes.items():
        if name not in there:
            raise DataError(f"{path}: no array {name!r}, but the documented layout has {', '.join(shapes)}; get the "
                            f"file again from its source")
        if there[name][0] != (n, *shape) or n < 1 or there[name][1] not in NUMBERS:
            wanted = str((n, *shape)) if n else "of one recording at least"
            raise DataError(f"{path}: {name} is {there[name][1]} {there[name][0]}, but numbers {wanted} are needed; "
                            f"use the official file")
    check_room(path.stat().st_size, sum(8 * n * math.prod(shape) for shape in shapes.values()))


def unpacked(path: Path) -> io.BytesIO:
    """The same MATLAB file with nothing compressed in it; ValueError if that is over 20 MB and DENSE times its bytes.

    SciPy unpacks a tenth of a MB at a time, which can become 100 MB, and tells the shape of nothing before.

    Layout: 128 bytes, then parts of a type and a length, uint32 each, and that many bytes; type 15: compressed.
    """
    disk = path.stat().st_size
    most, content = max(ROOM // 10, DENSE * disk), io.BytesIO()
    with open(path, "rb") as file:
        content.write(head := file.read(128))
        order = "<" if head[126:] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, length = struct.unpack(f"{order}II", tag)
            piece, unzip = file.read(min(length, disk)), zlib.decompressobj()
            if kind != COMPRESSED:
                content.write(tag + piece)
                continue
            while piece and not unzip.eof:
                content.write(unzip.decompress(piece, PIECE))
                piece = unzip.unconsumed_tail
                if content.tell() > most:
                    raise ValueError(f"it unpacks to over {most:,} bytes, more than {DENSE} times its own {disk:,}")
            if not unzip.eof:
                raise ValueError("a compressed part of it ends too early")
    content.seek(0)
    return content
