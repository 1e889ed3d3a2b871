"""Real data sets: where they come from, how they become what a network reads."""

from pathlib import Path

from numpy.typing import ArrayLike

from dmpnet.data import folders, heidelberg, mnist
from dmpnet.data.catalogue import DATASETS, Dataset, entry
from dmpnet.data.download import download as _download
from dmpnet.data.recordings import Recordings, validation_split
from dmpnet.errors import DataError

__all__ = ["DATASETS", "Dataset", "Recordings", "load", "validation_split"]


def load(name: str, split: str = "test", folder: str | Path | None = None, download: bool = False,
         steps: int | None = None, permutation: ArrayLike | None = None) -> Recordings:
    """Samples of a data set from its official files.

    name, split : as in DATASETS; 'subset' is 1,000 MNIST test digits that need no file
    folder : where the files are; else the folder DMPNET_DATA names, else the cache folder
    download : fetch what is not there, from the official mirror, into the same folder
    steps : T; for pixels the first `steps` of 784 (smnist only), for spoken digits steps of 10 ms (default 100)
    permutation : (784,) order of the pixels, psmnist only; else one fixed order
    """
    dataset = entry(name, split)
    spoken = name in ("shd", "shd-regen")
    if spoken and permutation is not None:
        raise DataError(f"{name}: permutation given, but spoken digits are read in time; leave it out")
    if split == "subset":
        return mnist.recordings(name, split, None, steps, permutation)
    base = folders.data_folder(folder)
    files = folders.find(dataset, split, base)
    if files is None and download:
        _download(name, split, base)
        files = folders.find(dataset, split, base)
    if files is None:
        raise folders.missing(name, split, base)
    if spoken:
        return heidelberg.recordings(name, split, files, steps)
    return mnist.recordings(name, split, files, steps, permutation)
