"""Where the files of a data set are looked for."""

import os
from pathlib import Path

from dmpnet.data.catalogue import DATASETS, Dataset
from dmpnet.disk.files import cache_folder
from dmpnet.errors import DataError

ENVIRONMENT = "DMPNET_DATA"


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
    recordings may be in those files. A set made of others has the files of each.
    """
    if dataset.parts:
        each = [find(DATASETS[part], split, base) for part in dataset.parts]
        return [path for found in each if found for path in found] if all(each) else None
    trees = _trees(dataset, base)
    if trees:
        return [trees[split]] if split in trees else None
    for place in places(dataset, base):
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


def missing(name: str, split: str, base: Path) -> DataError:
    """The error that says which files are not there, where they were looked for and how to come by them."""
    dataset = DATASETS[name]
    for part in dataset.parts:
        if not find(DATASETS[part], split, base):
            return DataError(f"{name} is made of {' and '.join(dataset.parts)}: {missing(part, split, base)}")
    wanted = " and ".join(spellings(file.name)[0] for file in dataset.files[split])
    trees = _trees(dataset, base)
    if trees:
        wanted = f"{dataset.trees[split]} beside {min(trees.values())} (not {wanted}, which may hold its recordings)"
    elif split in dataset.trees:
        wanted += f" or {dataset.trees[split]} (a folder of subfolders {dataset.subfolders})"
    ways = f"--data FOLDER or {ENVIRONMENT} for a folder that holds them" + (
        ", or --download (download=True) to fetch them" if dataset.mirror else "; there is no download")
    if split == "test" and "subset" in dataset.splits:
        ways += ", or take split 'subset', which ships"
    other = {"shd": "shd-regen", "shd-regen": "shd"}.get(name, "")
    if other and any(find(DATASETS[other], part, base) for part in ("train", "test")):
        return DataError(f"{name} {split}: {base} holds files of {other} only, but {name} needs {wanted}, and the two "
                         f"are different data sets; load {other!r}, or give {ways} (source: {dataset.source})")
    if not base.is_dir():
        return DataError(f"{name} {split}: no folder {base}, but {wanted} must be in it; give {ways} "
                         f"(source: {dataset.source})")
    looked = ", ".join(str(place) for place in places(dataset, base) if place.is_dir())
    return DataError(f"{name} {split}: {wanted} not found together in {looked}; give {ways} (source: {dataset.source})")
