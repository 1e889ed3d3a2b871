"""Which samples a command reads for a network: of its data set, of another one in its place, of what ships of it."""

import argparse
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dmpnet import data
from dmpnet.data import DATASETS, Recordings, catalogue, folders, heidelberg
from dmpnet.data.folders import SUBSET
from dmpnet.errors import DataWarning, DmpnetError, MissingData

STANDS_IN = {"shd-regen": ("shd",)}
"""Data sets that are read in place of another where they alone are at hand."""


def at_hand(name: str, split: str, folder: Path | None) -> bool:
    """Whether the files of a part lie in `folder`, else where they are looked for."""
    return folders.find(catalogue.entry(name, split), split, folders.data_folder(folder)) is not None


def first_split(name: str, folder: Path | None = None, download: bool = False) -> str:
    """The part that is read where nobody says: test where a folder is given or its files are there, else what ships."""
    dataset = catalogue.entry(name, "test")
    if SUBSET not in dataset.splits or folder or (download and dataset.mirror):
        return "test"
    return "test" if any(at_hand(each, "test", folder) for each in (name, *STANDS_IN.get(name, ()))) else SUBSET


def named(arguments: argparse.Namespace, name: str, split: str) -> str:
    """The data set that is read for a network of `name`: --dataset, or one that stands in; which is said."""
    read = getattr(arguments, "instead", None) or name
    if read == name and split != SUBSET and not at_hand(name, split, arguments.data):
        read = next((other for other in STANDS_IN.get(name, ()) if at_hand(other, split, arguments.data)), name)
    if read != name:
        say(arguments, heidelberg.INSTEAD if (read, name) == ("shd", "shd-regen") else
            f"{read} is read in place of {name}, which the network was trained on; an accuracy on it is not one on "
            f"{name}")
    return read


def data_set(arguments: argparse.Namespace, trained_on: str) -> str:
    """The one that a network was trained on by its file, else --dataset; DmpnetError if neither says."""
    found = trained_on or getattr(arguments, "instead", None)
    if not found:
        given = vars(arguments).get("weights") or vars(arguments).get("network")
        raise DmpnetError(f"{given}: the file names no data set; give --dataset NAME, or use `dmpnet simulate {given} "
                          f"INPUT.npy`")
    return str(found)


def say(arguments: argparse.Namespace, note: str) -> None:
    """Say something of the data, once a command."""
    said = vars(arguments).setdefault("said", set())
    if note not in said:
        said.add(note)
        warnings.warn(note, DataWarning, stacklevel=3)


def load(arguments: argparse.Namespace, name: str, split: str, permutation: ArrayLike | None = None) -> Recordings:
    """A part of the data set of a network, or of one in its place, whose files are there or fetched."""
    return data.load(check(arguments, name, split), split, arguments.data, permutation=permutation)


def check(arguments: argparse.Namespace, name: str, split: str) -> str:
    """The data set that is read; MissingData before any work if its files are not there, with how to go on without."""
    read = named(arguments, name, split)
    try:
        data.located(read, split, arguments.data, arguments.download and bool(catalogue.entry(read, split).mirror))
    except MissingData as error:
        ways = list(_without(arguments, name, split))
        raise MissingData(f"{error}{'; or give ' * bool(ways)}{', or '.join(ways)}") from error
    if arguments.data and not arguments.data.is_dir() and not arguments.download:  # what is read ships
        raise MissingData(f"no folder {arguments.data}; give --data FOLDER that is there, or leave it out")
    return read


def _without(arguments: argparse.Namespace, name: str, split: str) -> Iterator[str]:
    """Options with which a command needs no files of its network's data set."""
    ships = catalogue.entry(name, "test").samples.get(SUBSET)
    if ships and getattr(arguments, "split", SUBSET) != SUBSET:
        counted = " (a look, which is counted)" if split == "train" else ""
        yield f"--split subset, for {ships:,} test samples that ship{counted}"
    if name in STANDS_IN and getattr(arguments, "instead", name) is None:
        yield (f"--dataset {STANDS_IN[name][0]} --download{' --look' * ('look' in arguments)}, for official SHD, which "
               f"is public")


def not_public(rows: Iterable[str]) -> str:
    """In a sentence, the data of which of these rows nobody else has in full."""
    rows = tuple(rows)
    names = [name for name, dataset in DATASETS.items() if not dataset.public and any(
        row == name or row.startswith(f"{name}-") for row in rows)]
    return (f"not public: data of {', '.join(names)}; what ships of it is read with --split subset, and nothing but "
            f"the whole of it makes these rows again (docs/data.md)" if names else "")


# some of them


def taken(recordings: Recordings, chosen: np.ndarray, **how: Any) -> Recordings:
    """The samples `chosen`, by their places; its source says which of the whole part they are."""
    told = {"taken": len(chosen), "of": len(recordings)} | how | {
        "numbers": " ".join(map(str, numbers(recordings)[chosen]))}
    return replace(recordings.take(chosen), source=recordings.source | {"samples": told})


def part(recordings: Recordings, wanted: int | None, seed: int) -> Recordings:
    """`wanted` of the samples, drawn by `seed`; its source says which."""
    chosen = recordings.balanced(wanted, seed)
    if len(chosen) == len(recordings):
        return recordings
    return taken(recordings, chosen, drawn="balanced over classes", seed=seed)


def numbers(recordings: Recordings) -> np.ndarray:
    """Of the samples in the whole part of the data set."""
    told = recordings.source.get("samples")
    return np.array(told["numbers"].split(), int) if told else np.arange(len(recordings))


def apart(arguments: argparse.Namespace, ships: Recordings,
          wanted: int | None = None) -> tuple[Recordings, Recordings]:
    """What ships, in two: half of it, at most `wanted` samples, to choose or learn by, and the others to be tested on.

    For trying things out: both are of the test set, so that no accuracy on the others is one on unseen data.
    """
    half = len(ships) // 2
    first = ships.balanced(half if wanted is None else min(wanted, half), arguments.seed)
    rest = np.setdiff1d(np.arange(len(ships)), first)
    say(arguments, f"{len(first):,} of the {len(ships):,} test samples that ship of {ships.name} stand in for its "
                   f"training set, the other {len(rest):,} for its test set: to try things out, not to quote")
    return taken(ships, first, seed=arguments.seed), taken(ships, rest, seed=arguments.seed)
