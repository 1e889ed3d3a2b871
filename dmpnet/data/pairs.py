"""Two handwritten digits in a row, one pixel a step: is the second the same digit as the first?

A digit is 14 x 14 pixels, each the mean of four of MNIST's, so a pair takes 392 steps and the answer needs what was
seen 196 steps ago. Every image is used once: half of the images come first, each followed by one of the other half,
in half of the pairs of the same class as far as the classes allow.
"""

from pathlib import Path

import numpy as np

from dmpnet.data import mnist
from dmpnet.data.recordings import Recordings
from dmpnet.errors import DataError

DATASETS = {
    "smnist-pairs": mnist.described("two MNIST digits in a row at a quarter of their size: the same digit or not?", 20,
                                    2, 392, {"train": 30000, "test": 5000}, (128, 128)),
}

SIDE = mnist.SIDE // 2
STEPS = 2 * SIDE * SIDE


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """The pairs (n, 392, 1) of one split of MNIST, label 1 where both digits are the same."""
    if steps not in (None, STEPS):
        raise DataError(f"{name}: steps = {steps}, but two digits take {STEPS}; leave steps out")
    images, digits, source = mnist.read_files(split, *files)
    if len(images) < 2:
        raise DataError(f"{files[0]}: {len(images)} image, but a pair takes two; use the official file")
    small = smaller(images).reshape(len(images), SIDE * SIDE)
    first, second = paired(digits)
    values = np.concatenate([small[first], small[second]], axis=1)[:, :, None]
    labels = (digits[first] == digits[second]).astype(np.int64)
    dataset = DATASETS[name]
    source |= {"coding": f"two digits of {SIDE} x {SIDE} pixels (means of 2 x 2), one pixel a step row by row, "
                         f"s_in = value / 255; label: the same digit or not",
               "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "analog", values, 1 / 255, labels, None, dataset.classes, dataset.dt, None, source)


def smaller(images: np.ndarray) -> np.ndarray:
    """(n, 14, 14) uint8, the mean of each 2 x 2 pixels of images (n, 28, 28), rounded."""
    n = len(images)
    blocks = images.reshape(n, SIDE, 2, SIDE, 2).astype(np.uint16).sum(axis=(2, 4))
    return ((blocks + 2) // 4).astype(np.uint8)


def paired(digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (n // 2,) of the first and of the second image of every pair, a fixed draw; no index comes twice.

    A coin asks for the same digit or another; the partner is drawn from the images still free that give it, or from
    any when there are none.
    """
    draw = np.random.RandomState(0)
    order = draw.permutation(len(digits))
    half = len(digits) // 2
    first, rest = order[:half], order[half : 2 * half]
    waiting = {digit: list(rest[digits[rest] == digit]) for digit in range(10)}
    second = np.empty(half, np.int64)
    coins = draw.randint(0, 2, half)
    for pair, (index, same) in enumerate(zip(first, coins, strict=True)):
        own = int(digits[index])
        others = [digit for digit in range(10) if digit != own and waiting[digit]]
        if (same and waiting[own]) or not others:
            second[pair] = waiting[own].pop()
        else:
            sizes = np.cumsum([len(waiting[digit]) for digit in others])
            chosen = others[int(np.searchsorted(sizes, draw.randint(sizes[-1]), side="right"))]
            second[pair] = waiting[chosen].pop()
    return first, second
