"""The data sets by name: what each holds, who made it, where the official files are and what they sum to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dmpnet.errors import DataError, meant


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

    kind : 'analog' or 'spikes', as in Recordings
    dt : seconds a step stands for (nominal for pixels)
    source : where the official files come from, for people
    mirror : address the files are downloaded from, '' if they are not offered
    files, samples : official files and number of samples of each split
    folders : subfolders a data folder may keep the files in; downloads go to the first
    trees : for each split, the folder of one subfolder a class that may stand in place of `files`
    parts : the data sets it is made of; it has no files of its own then
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
    parts: tuple[str, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """'train' and 'test', and 'subset' where a part ships with the package."""
        return tuple(self.samples)


def _mnist(title: str, classes: int = 10, T: int = 784, samples: Mapping[str, int] | None = None) -> Dataset:
    return Dataset(
        title=title, kind="analog", classes=classes, T=T, channels=1, dt=0.001,
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
        samples=samples or {"train": 60000, "test": 10000, "subset": 1000},
        folders=("mnist", "MNIST/raw", "MNIST", "smnist", "psmnist"),
    )


_HEIDELBERG = "Heidelberg Digits: B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke 2020"
_NMNIST = "N-MNIST: G. Orchard, A. Jayawant, G. K. Cohen, N. Thakor 2015"


def _digits(title: str) -> Dataset:
    return Dataset(
        title=title, kind="spikes", classes=10, T=100, channels=140 + 578, dt=0.010,
        licence="CC BY-SA 4.0 (audio: CC BY 4.0)", attribution=f"{_HEIDELBERG}; {_NMNIST}",
        source="the files of shd-regen and of nmnist", mirror="", files={"train": (), "test": ()},
        samples={"train": 8150, "test": 2270}, folders=(), parts=("shd-regen", "nmnist"),
    )


def _camera(title: str, T: int, channels: int, dt: float) -> Dataset:
    return Dataset(
        title=f"{title}; the test part of nmnist_6k_1ms.npz is not the official test set",
        kind="spikes", classes=10, T=T, channels=channels, dt=dt,
        licence="CC BY-SA 4.0", attribution=_NMNIST,
        source="nmnist_6k_1ms.npz (5,000 + 1,000 recordings of the official training set), or the official folders "
               "Train and Test, https://www.garrickorchard.com/datasets/n-mnist (tonic unpacks them into NMNIST)",
        mirror="",
        files={split: (OfficialFile("nmnist_6k_1ms.npz", "8bc504507b2ff3b61374300de639a253"),)
               for split in ("train", "test")},
        samples={"train": 5000, "test": 1000},
        folders=("nmnist", "NMNIST", "N-MNIST"),
        trees={"train": "Train", "test": "Test"},
    )


DATASETS: dict[str, Dataset] = {
    "smnist": _mnist("MNIST, one pixel a step, row by row"),
    "psmnist": _mnist("MNIST, one pixel a step, in one fixed permuted order"),
    "smnist-pairs": _mnist("two MNIST digits in a row at a quarter of their size: the same digit or not?", 2, 392,
                           {"train": 30000, "test": 5000}),
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
    "nmnist": _camera("N-MNIST, an event camera before handwritten digits", 100, 578, 0.003),
    "nmnist-whole": _camera("N-MNIST with every pixel of its camera, 2 x 34 x 34", 30, 2312, 0.010),
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
        folders=("qtdb", "QTDB", "ECG"),
    ),
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
        folders=("braille", "Braille"),
    ),
    "digits-both": _digits("digits spoken and seen: an shd-regen clip beside an N-MNIST recording of the same digit"),
    "digits-heard": _digits("the pairs of digits-both, the vision channels 0"),
    "digits-seen": _digits("the pairs of digits-both, the audio channels 0"),
}


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
