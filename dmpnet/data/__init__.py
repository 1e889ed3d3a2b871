"""Real data sets: where they come from, how they become what a network reads."""

from pathlib import Path

from numpy.typing import ArrayLike

from dmpnet.data import folders, mnist
from dmpnet.data.catalogue import DATASETS, READERS, Dataset, collect, entry
from dmpnet.data.download import download as _download
from dmpnet.data.recordings import Recordings, drawn_from, validation_split
from dmpnet.errors import DataError

__all__ = ["DATASETS", "Dataset", "Recordings", "drawn_from", "load", "validation_split"]

collect(__path__, __name__)


def load(name: str, split: str = "test", folder: str | Path | None = None, download: bool = False,
         steps: int | None = None, permutation: ArrayLike | None = None) -> Recordings:
    """Samples of a data set from its official files.

    name, split : as in DATASETS; 'subset' is what ships of the test part and needs no file, e.g. 1,000 MNIST digits
    folder : where the files are; else the folder DMPNET_DATA names, else the cache folder
    download : fetch what is not there, from the official mirror, into the same folder
    steps : T, else that of DATASETS; the first of 784 pixels (smnist), of 1,301 (qtdb) or of 76 (braille) steps; any
        number of steps of dt for what was recorded as events (3 ms for nmnist, 10 ms for nmnist-whole and
        spoken digits)
    permutation : (784,) order of the pixels, psmnist only; else one fixed order
    """
    entry(name, split)
    pixels = name in ("smnist", "psmnist")
    if not pixels and permutation is not None:
        raise DataError(f"{name}: permutation given, but only the pixels of psmnist are permuted, {name} is read in "
                        f"time; leave it out")
    files = located(name, split, folder, download)
    if pixels:
        return mnist.recordings(name, split, files, steps, permutation)
    return READERS[name].recordings(name, split, files, steps)


def located(name: str, split: str = "test", folder: str | Path | None = None, download: bool = False) -> list[Path]:
    """The files that `load` reads, fetched if need be; MissingData if they are not there."""
    dataset = entry(name, split)
    if split == folders.SUBSET:
        return folders.shipped(name)
    base = folders.data_folder(folder)
    files = folders.find(dataset, split, base)
    if files is None and download:
        _download(name, split, base)
        files = folders.find(dataset, split, base)
    if files is None:
        raise folders.missing(name, split, base)
    return files
