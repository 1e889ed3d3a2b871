"""The data sets by name: what each holds, who made it, where the official files are and what they sum to.

A data set is one file of this folder, found by being there: its entries, DATASETS, and `recordings`, which reads them.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from dmpnet.errors import DataError, meant


@dataclass(frozen=True)
class OfficialFile:
    """One file as its makers give it out.

    name : file name, .gz included where it is given out compressed
    md5 : checksum of that file, '' where it is not known here
    content_md5 : checksum of what is inside the .gz, '' where nobody has published it
    public : whether anyone can have it
    """

    name: str
    md5: str
    content_md5: str = ""
    public: bool = True


@dataclass(frozen=True)
class Dataset:
    """One data set as a network reads it: T steps of M channels, one of `classes` labels a sample.

    kind : 'analog' or 'spikes', as in Recordings
    dt : seconds a step stands for (nominal for pixels)
    source : where the official files come from, for people
    mirror : address the files are downloaded from, '' if they are not offered
    files, samples : official files and number of samples of each split; those of 'subset' ship with the package
    folders : subfolders a data folder may keep the files in; downloads go to the first
    trees : for each split, the folder of subfolders, one a class, that may stand in place of `files`
    subfolders : what those are called, as a pattern
    parts : the data sets it is made of; it has no files of its own then
    hidden, d, theta : what `dmpnet train` trains on it unless told: neurons of each layer, dimensions of their slow
        memory and steps in its window (as published where Sun et al. 2026, Table 1, have it; else ours, after SHD)
    """

    title: str
    kind: str
    classes: int
    T: int
    channels: int
    dt: float
    licence: str
    attribution: str
    source: str
    mirror: str
    files: Mapping[str, tuple[OfficialFile, ...]]
    samples: Mapping[str, int]
    folders: tuple[str, ...]
    trees: Mapping[str, str] = field(default_factory=dict)
    subfolders: str = "[0-9]"
    parts: tuple[str, ...] = ()
    hidden: tuple[int, ...] = (128, 128)
    d: int = 10
    theta: float = 40.0

    @property
    def splits(self) -> tuple[str, ...]:
        """'train' and 'test', and 'subset' where a part ships with the package."""
        return tuple(self.samples)

    @property
    def public(self) -> bool:
        """Whether anyone can have all its files, or those of all that it is made of."""
        return all(file.public for files in self.files.values() for file in files) and all(
            DATASETS[part].public for part in self.parts)


DATASETS: dict[str, Dataset] = {}
"""Every data set by name, in the order in which they are shown."""
READERS: dict[str, ModuleType] = {}
"""The file that each is of, by the data set's name: its `recordings` reads it."""
FIRST = ("smnist", "psmnist", "smnist-pairs", "shd", "shd-regen", "nmnist", "qtdb", "braille", "digits-both",
         "digits-heard", "digits-seen")
"""Shown before all others, which follow by file."""


def collect(folder: Iterable[str], package: str) -> None:
    """Fill both with the data sets of every file of `package` that has DATASETS and `recordings`."""
    for found in sorted(pkgutil.iter_modules(folder), key=lambda found: found.name):
        module = importlib.import_module(f"{package}.{found.name}")
        if hasattr(module, "recordings"):
            READERS.update(dict.fromkeys(module.DATASETS, module))
    for name in sorted(READERS, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)):
        DATASETS[name] = READERS[name].DATASETS[name]


def entry(name: str, split: str) -> Dataset:
    """The record of `name`, or a DataError if there is no such data set or split."""
    if name not in DATASETS:
        raise DataError(f"data set {name!r}{meant(name, DATASETS)}: not known, but {', '.join(DATASETS)} are; use "
                        f"one of these names")
    if split not in DATASETS[name].splits:
        known = DATASETS[name].splits
        raise DataError(f"{name}: split {split!r}{meant(split, known)} does not exist, but {', '.join(known)} do; "
                        f"use one of these")
    return DATASETS[name]
