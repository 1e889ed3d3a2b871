"""Braille letters: 12 capacitive sensors of a robot's fingertip while it slides over a letter.

s_in = (255 - x) / 255, as the makers turn it: x is 255 on a sensor that nothing touches and falls with the pressure.
Sampled at 40 Hz (their README and scripts), so a step is 25 ms. In braille_letters.npz, cut to 76 steps, 8 of the 12
sensors never leave 255 and two carry nearly all there is to read.

The makers give no split. Ours, for every letter alike: the repetitions r with r % 5 == 4, 10 of 50, are 'test'.
"""

from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data import archive
from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.cells import check_steps
from dmpnet.data.recordings import Recordings, check_labels
from dmpnet.data.verification import verified
from dmpnet.disk.files import digest
from dmpnet.errors import DataError

DATASETS = {
    "braille": Dataset(
        title="a robot's fingertip sliding over Braille letters",
        kind="analog", classes=27, T=76, channels=12, dt=0.025,
        licence="CC BY 4.0",
        attribution="Braille letters: S. Mueller-Cleve, V. Fra, L. Khacef and others 2022",
        source="braille_letters.npz, converted from the pickle at doi 10.5281/zenodo.7050094 (how: "
               "dmpnet/data/NOTICE.md)",
        mirror="",
        files={split: (OfficialFile("braille_letters.npz", "0d42ae06cfa3b6530a7bbdbf7380e65d"),)
               for split in ("train", "test")},
        samples={"train": 1080, "test": 270},
        folders=("braille", "Braille"), public=False,
    ),
}

TEST_EVERY = 5


def is_test(repetition: np.ndarray) -> np.ndarray:
    """Which repetitions (n,) are test, the same for every letter: the last of each five."""
    return repetition % TEST_EVERY == TEST_EVERY - 1


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """The letters (n, T, 12) of one part of braille_letters.npz."""
    dataset = DATASETS[name]
    path, = files
    x, y, repetition, names = read(path)
    longest = x.shape[1]
    T = check_steps(name, steps, min(dataset.T, longest), dataset.dt, longest)
    ours = is_test(repetition) == (split == "test")
    if not ours.any():
        raise DataError(f"{path}: 0 recordings of the {split} part, but at least one is needed; store the repetitions "
                        f"of each letter from 0 on")
    source: dict[str, Any] = {
        "files": {path.name: digest(path)}, "verified": verified(name, split, path, int(ours.sum())),
        "coding": f"12 sensors, s_in = (255 - x) / 255, the first {T} steps of {1e3 * dataset.dt:g} ms",
        "part": f"repetitions r with r % {TEST_EVERY} {'==' if split == 'test' else '!='} {TEST_EVERY - 1} of each "
                f"letter: dmpnet's split, the makers give none",
        "classes": names, "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, dataset.kind, 255 - x[ours, :T], 1 / 255, y[ours].astype(np.int64), None,
                      dataset.classes, dataset.dt, None, source)


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """x (n, steps, 12) uint8, y (n,) from 0 to 26, repetition (n,) of that letter, names of the 27 letters."""
    dataset = DATASETS["braille"]
    arrays = archive.read(path, {"x": (None, None, dataset.channels), "y": (None,), "names": None,
                                 "repetition": (None,)})
    x, y, repetition, names = (arrays[key] for key in ("x", "y", "repetition", "names"))
    archive.check(path, "x", x, (None, None, dataset.channels))
    if not x.size:
        raise DataError(f"{path}: x has shape {x.shape}, but at least one recording of one step is needed; check how "
                        f"the file is made")
    if x.max() > 255:
        raise DataError(f"{path}: x reaches {x.max()}, but the sensors have 8 bits; store 0 to 255")
    for key in ("y", "repetition"):
        archive.check(path, key, arrays[key], (len(x),))
    check_labels(y, len(x), dataset.classes, str(path))
    if names.dtype.kind != "U" or names.shape != (dataset.classes,):
        raise DataError(f"{path}: names are {names.dtype} {names.shape}, but a text for each of {dataset.classes} "
                        f"letters is needed; check how the file is made")
    twice = len(x) - len(np.unique(np.stack([y, repetition]), axis=1).T)
    if twice:
        raise DataError(f"{path}: {twice} recordings have the letter and repetition of another one, and would lie on "
                        f"both sides of the split; number the repetitions of each letter from 0")
    return x.astype(np.uint8), y, repetition, names.tolist()
