"""The data sets by name: what each holds, who made it, where the official files are and what they sum to."""

from collections.abc import Mapping
from dataclasses import dataclass

from dmpnet.errors import DataError


@dataclass(frozen=True)
class OfficialFile:
    """One file as its makers give it out.

    name : file name, .gz included where it is given out compressed
    md5 : checksum of that file
    content_md5 : checksum of what is inside the .gz, '' where nobody has published it
    """

    name: str
    md5: str
    content_md5: str = ""


@dataclass(frozen=True)
class Dataset:
    """One data set as a network reads it: T steps of M channels, one of `classes` labels a sample.

    dt : seconds a step stands for (nominal for pixels)
    source : where the official files come from, for people
    mirror : address the files are downloaded from, '' if they are not offered
    files, samples : official files and number of samples of each split
    folders : subfolders a data folder may keep the files in; downloads go to the first
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

    @property
    def splits(self) -> tuple[str, ...]:
        """'train' and 'test', and 'subset' where a part ships with the package."""
        return tuple(self.samples)


def _mnist(title: str) -> Dataset:
    return Dataset(
        title=title, kind="analog", classes=10, T=784, channels=1, dt=0.001,
        licence="CC BY-SA 3.0 (as commonly stated; the makers' page names none)",
        attribution="MNIST: Y. LeCun, C. Cortes, C. J. C. Burges",
        source="the MNIST idx files, any MNIST mirror (torchvision keeps them in MNIST/raw)",
        mirror="https://ossci-datasets.s3.amazonaws.com/mnist/",
        files={
            "train": (
                OfficialFile("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                             "6bbc9ace898e44ae57da46a324031adb"),
                OfficialFile("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432",
                             "a25bea736e30d166cdddb491f175f624")),
            "test": (
                OfficialFile("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3",
                             "2646ac647ad5339dbf082846283269ea"),
                OfficialFile("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c",
                             "27ae3e4e09519cfbb04c329615203637")),
        },
        samples={"train": 60000, "test": 10000, "subset": 1000},
        folders=("mnist", "MNIST/raw", "MNIST", "smnist", "psmnist"),
    )


_HEIDELBERG = "Heidelberg Digits: B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke 2020"

DATASETS: dict[str, Dataset] = {
    "smnist": _mnist("MNIST, one pixel a step, row by row"),
    "psmnist": _mnist("MNIST, one pixel a step, in one fixed permuted order"),
    "shd": Dataset(
        title="Spiking Heidelberg Digits", kind="spikes", classes=20, T=100, channels=140, dt=0.010,
        licence="CC BY 4.0", attribution=_HEIDELBERG,
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
        licence="CC BY 4.0", attribution=_HEIDELBERG,
        source="files regenerated from the Heidelberg Digits audio (layout: dmpnet/data/NOTICE.md)",
        mirror="",
        files={"train": (OfficialFile("shd_regen_train_halfms.npz", "16c9654005bed09e1b136ee574db5039"),),
               "test": (OfficialFile("shd_regen_test_halfms.npz", "55145334385f80b6a998831bc328d387"),)},
        samples={"train": 8150, "test": 2270},
        folders=("shd-regen", "shd_regen"),
    ),
}


def entry(name: str, split: str) -> Dataset:
    """The record of `name`, or a DataError if there is no such data set or split."""
    if name not in DATASETS:
        raise DataError(f"data set {name!r}: not known, but {', '.join(DATASETS)} are; use one of these names")
    if split not in DATASETS[name].splits:
        raise DataError(f"{name}: split {split!r} does not exist, but {', '.join(DATASETS[name].splits)} do; "
                        f"use one of these")
    return DATASETS[name]
