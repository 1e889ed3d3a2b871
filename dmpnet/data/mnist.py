"""Handwritten digits read one pixel a step: MNIST idx files, plain or .gz, and the subset that ships here."""

import gzip
import hashlib
import math
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dmpnet.data import archive
from dmpnet.data.catalogue import Dataset, OfficialFile
from dmpnet.data.recordings import Recordings, check_labels, check_permutation
from dmpnet.disk.archives import RATIO, ROOM
from dmpnet.disk.files import digest, write_arrays
from dmpnet.errors import DataError, DataWarning

SUBSET = "mnist_subset.npz"


def described(title: str, d: int, classes: int = 10, T: int = 784, samples: Mapping[str, int] | None = None,
              hidden: tuple[int, ...] = (200, 200)) -> Dataset:
    """An entry of data made from the MNIST files."""
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
        } | ({} if samples else {"subset": (OfficialFile(SUBSET, "d135913dd040b278888b3dac3a96d13f"),)}),
        samples=samples or {"train": 60000, "test": 10000, "subset": 1000},
        folders=("mnist", "MNIST/raw", "MNIST", "smnist", "psmnist"), hidden=hidden, d=d, theta=300.0,
    )


DATASETS = {
    "smnist": described("MNIST, one pixel a step, row by row", 60),
    "psmnist": described("MNIST, one pixel a step, in one fixed permuted order", 100),
}

SIDE = 28
PIXELS = SIDE * SIDE


def recordings(name: str, split: str, files: list[Path], steps: int | None = None,
               permutation: ArrayLike | None = None) -> Recordings:
    """The digits of the image and label `files`, or of the one file that ships, (n, 784, 1), row by row or permuted."""
    order = _order(name, steps, permutation)
    images, labels, source = read_subset(*files) if split == "subset" else read_files(split, *files)
    values = images.reshape(len(images), PIXELS)
    values = values[:, :steps] if order is None else np.take(values, order, axis=1)
    dataset = DATASETS[name]
    reading = "row by row" if order is None else (
        "in the given permuted order" if permutation is not None else "in the order RandomState(0).permutation(784)")
    source |= {"coding": f"one pixel a step {reading}, s_in = value / 255",
               "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "analog", np.ascontiguousarray(values)[:, :, None], 1 / 255,
                      labels.astype(np.int64), None, dataset.classes, dataset.dt, order, source,
                      (1, SIDE, SIDE) if values.shape[1] == PIXELS else None)


def fixed_permutation() -> np.ndarray:
    """(784,) the order psmnist reads pixels in, the same for every sample and everyone.

    From RandomState because NumPy has frozen that stream (NEP 19): a network trained with one version meets the same
    order in every other. The generators that replaced it make no such promise.
    """
    return np.random.RandomState(0).permutation(PIXELS).astype(np.int64)


def _order(name: str, steps: int | None, permutation: ArrayLike | None) -> np.ndarray | None:
    """(784,) the pixel read at each step, None for row by row."""
    if name == "smnist":
        if permutation is not None:
            raise DataError("smnist: permutation given, but smnist is read row by row; load 'psmnist'")
        if steps is not None and not 1 <= steps <= PIXELS:
            raise DataError(f"smnist: steps = {steps}, but an image has {PIXELS} pixels; set steps from 1 to {PIXELS}")
        return None
    if steps not in (None, PIXELS):
        raise DataError(f"psmnist: steps = {steps}, but a permutation reads all {PIXELS} pixels; leave steps out")
    if permutation is None:
        return fixed_permutation()
    order = np.array(permutation)
    check_permutation(order, PIXELS, "psmnist")
    return order.astype(np.int64)


def read_files(split: str, image_file: Path, label_file: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Images (n, 28, 28) uint8, labels (n,) uint8 and where they are from, each idx file checked on the way."""
    official = DATASETS["smnist"].files[split]
    images, images_known = _known(image_file, 3, official[0])
    labels, labels_known = _known(label_file, 1, official[1])
    if images.shape[1:] != (SIDE, SIDE) or not len(images):
        raise DataError(f"{image_file}: images {images.shape}, but MNIST has (n, {SIDE}, {SIDE}) with n > 0; "
                        f"use the official file")
    if len(images) != len(labels):
        raise DataError(f"{label_file}: {len(labels)} labels for the {len(images)} images of {image_file.name}; "
                        f"use two files of the same set")
    check_labels(labels, len(images), 10, str(label_file))
    return images, labels, {"files": {path.name: digest(path) for path in (image_file, label_file)},
                            "verified": images_known and labels_known}


def _known(path: Path, dimensions: int, official: OfficialFile) -> tuple[np.ndarray, bool]:
    """The array of an idx file, and whether it is byte for byte the official one (Fashion-MNIST goes by its names)."""
    content = _content(path, dimensions)
    array = parse_idx(content, dimensions, path)
    known = hashlib.md5(content, usedforsecurity=False).hexdigest() == official.content_md5
    if not known:
        warnings.warn(f"{path}: a sound idx file, but not the official {official.name.removesuffix('.gz')}; results on "
                      f"it are not results on MNIST", DataWarning, stacklevel=2)
    return array, known


def _content(path: Path, dimensions: int) -> bytes:
    """The bytes of an idx file, one more at most than its header says there are."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            head = file.read(4 + 4 * dimensions)
            size, disk = math.prod(parse_shape(head, dimensions, path)), path.stat().st_size
            if size > max(ROOM, RATIO * disk):
                raise DataError(f"{path}: {disk:,} bytes, but its header needs {size:,}; the file is not whole: delete "
                                f"it and get it again")
            return head + file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); delete it and get it again from an MNIST "
                        f"mirror") from error


def parse_shape(head: bytes, dimensions: int, origin: str | Path) -> tuple[int, ...]:
    """The lengths that an idx file's first bytes declare."""
    wanted = 0x0800 + dimensions
    magic = int.from_bytes(head[:4], "big")
    if head[:2] == b"\x1f\x8b":
        raise DataError(f"{origin}: is compressed, but its name does not say so; rename it to end in .gz")
    if len(head) >= 4 and magic != wanted:
        what = {1: "labels", 3: "images"}.get(dimensions, f"{dimensions} dimensions")
        raise DataError(f"{origin}: magic number {magic}, but an idx file of {what} starts with {wanted}; "
                        f"check that images and labels are not swapped, or get it again")
    if len(head) < 4 + 4 * dimensions:
        raise DataError(f"{origin}: {len(head)} bytes, but its header needs {4 + 4 * dimensions}; the file is not "
                        f"whole: delete it and get it again")
    return tuple(int.from_bytes(head[at:at + 4], "big") for at in range(4, 4 + 4 * dimensions, 4))


def parse_idx(content: bytes, dimensions: int, origin: str | Path) -> np.ndarray:
    """The uint8 array an idx file's bytes hold (a writable copy).

    Layout: 0, 0, 8 (unsigned byte), number of dimensions; each length as big-endian uint32; the values.
    """
    shape = parse_shape(content, dimensions, origin)
    head = 4 + 4 * dimensions
    if len(content) - head != math.prod(shape):
        raise DataError(f"{origin}: {len(content)} bytes, but its header needs {head + math.prod(shape)}; the file is "
                        f"not whole: delete it and get it again")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape).copy()


def read_subset(path: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The first 1,000 official test images (1000, 28, 28), their labels (1000,) and where they are from."""
    arrays = archive.read(path, {"images": (None, SIDE, SIDE), "labels": (None,)})
    return arrays["images"], arrays["labels"], {
        "files": {path.name: digest(path)}, "verified": True, "part": "the first 1,000 test digits, official order"}


def write_subset(files: list[Path], path: Path, n: int = 1000) -> None:
    """Make the subset file from the official test images and labels: the first `n`, nothing changed."""
    images, labels, _ = read_files("test", *files)
    write_arrays(path, images=images[:n], labels=labels[:n])
