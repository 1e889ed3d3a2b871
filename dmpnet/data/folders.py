"""Where the files of a data set are looked for: in a folder of the user's, and among those that ship, beside this."""

import os
from pathlib import Path

from dmpnet.data.catalogue import DATASETS, Dataset
from dmpnet.disk.files import cache_folder, digest
from dmpnet.errors import DataError, MissingData

ENVIRONMENT = "DMPNET_DATA"
HERE = Path(__file__).parent
"""Where what ships of the data sets lies; its notices are in NOTICE.md."""
SUBSET = "subset"
"""The part of a data set that ships, some of its test recordings."""


def data_folder(folder: str | Path | None = None) -> Path:
    """`folder` if given, else the one DMPNET_DATA names, else the cache folder."""
    return Path(folder or os.environ.get(ENVIRONMENT) or cache_folder()).expanduser()


def places(dataset: Dataset, base: Path) -> list[Path]:
    """Folders below `base` that may hold the files: itself first, then subfolders of the data set's name."""
    return [base, *(base / sub for sub in dataset.folders)]


def spellings(name: str) -> list[str]:
    """Names under which an official file goes about: without .gz first, with `.idx` for `-idx`."""
    plain = name.removesuffix(".gz")
    forms = dict.fromkeys((plain, plain.replace("-idx", ".idx")))
    return [form + end for end in (("", ".gz") if name.endswith(".gz") else ("",)) for form in forms]


def find(dataset: Dataset, split: str, base: Path) -> list[Path] | None:
    """The files of `split`, all from one folder, or None if no folder holds them all.

    One folder, because images and labels of different origin would go together without anyone noticing. Folders of
    one subfolder a class come before files that stand for them, and if one split has one, so must the other: its
    recordings may be in those files. A set made of others has the files of each. What ships is found too, last.
    """
    if dataset.parts:
        each = [find(DATASETS[part], split, base) for part in dataset.parts]
        return [path for found in each if found for path in found] if all(each) else None
    trees = _trees(dataset, base)
    if trees:
        return [trees[split]] if split in trees else None
    for place in (*places(dataset, base), HERE):
        found = [next((place / form for form in spellings(file.name) if os.path.isfile(place / form)), None)
                 for file in dataset.files[split]]
        if all(found):
            return [path for path in found if path]
    return None


def _trees(dataset: Dataset, base: Path) -> dict[str, Path]:
    """The folder of one subfolder a class of every split that has one."""
    found: dict[str, Path] = {}
    for place in places(dataset, base):
        for split, name in dataset.trees.items():
            if any(path.is_dir() for path in (place / name).glob(dataset.subfolders)):
                found.setdefault(split, place / name)
    return found


def shipped(name: str) -> list[Path]:
    """The files of what ships of a data set, as they were shipped, or a DataError."""
    dataset = DATASETS[name]
    if dataset.parts:
        return [path for part in dataset.parts for path in shipped(part)]
    for file in dataset.files[SUBSET]:
        if not (HERE / file.name).is_file():
            raise DataError(f"{file.name}: missing from the installed package; reinstall dmpnet")
        if digest(HERE / file.name, "md5") != file.md5:
            raise DataError(f"{file.name}: contents differ from what ships of {name}; reinstall dmpnet")
    return [HERE / file.name for file in dataset.files[SUBSET]]


def missing(name: str, split: str, base: Path) -> DataError:
    """The error that says which files are not there, where they were looked for and how to come by them."""
    dataset = DATASETS[name]
    for part in dataset.parts:
        if not find(DATASETS[part], split, base):
            return MissingData(f"{name} is made of {' and '.join(dataset.parts)}: {missing(part, split, base)}")
    wanted = " and ".join(spellings(file.name)[0] + " (not public)" * (not file.public)
                          for file in dataset.files[split])
    trees = _trees(dataset, base)
    if trees:
        wanted = f"{dataset.trees[split]} beside {min(trees.values())} (not {wanted}, which may hold its recordings)"
    elif split in dataset.trees:
        wanted += f" or {dataset.trees[split]} (a folder of subfolders {dataset.subfolders})"
    ways = f"--data FOLDER or {ENVIRONMENT} for a folder that holds them" + (
        ", or --download (download=True) to fetch them" if dataset.mirror else "; there is no download")
    if name == "shd-regen":
        ways += ", but official SHD, data set 'shd', is public"
    if split == "test" and SUBSET in dataset.splits:
        ways += ", or take split 'subset', which ships"
    other = {"shd": "shd-regen", "shd-regen": "shd"}.get(name, "")
    if other and any(find(DATASETS[other], part, base) for part in ("train", "test")):
        return MissingData(f"{name} {split}: {base} holds files of {other} only, but {name} needs {wanted}, and the "
                           f"two are different data sets; load {other!r}, or give {ways} (source: {dataset.source})")
    if not base.is_dir():
        return MissingData(f"{name} {split}: no folder {base}, but {wanted} must be in it; give {ways} "
                           f"(source: {dataset.source})")
    looked = ", ".join(str(place) for place in places(dataset, base) if place.is_dir())
    together = " together" * (len(dataset.files[split]) > 1)
    return MissingData(f"{name} {split}: {wanted} not found{together} in {looked}; give {ways} (source: "
                       f"{dataset.source})")
