"""Digits spoken and seen at once: each shd-regen clip beside an N-MNIST recording of the same digit.

Channels: 140 of the cochlea, then 2 x 17 x 17 of the camera; 100 steps of 10 ms for both, so that the camera is done
after some 31 of them. 'digits-heard' and 'digits-seen' are the same pairs with the other sense's channels 0.

In the training part an N-MNIST recording is paired with clips of one speaker only (there are fewer recordings than
clips: each of nmnist_6k_1ms.npz is used once or twice). So whole speakers held out for validation are unheard voices
with unseen images; held out by class, images of the training part come again. In the test part there are fewer: each is
used one to four times, ten of 1,000 by two speakers. `source` says it of what was read.
"""

from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data import heidelberg, nmnist
from dmpnet.data.catalogue import Dataset
from dmpnet.data.cells import CHUNK
from dmpnet.data.recordings import Recordings
from dmpnet.errors import DataError


def _described(title: str) -> Dataset:
    return Dataset(
        title=title, kind="spikes", classes=10, T=100, channels=140 + 578, dt=0.010,
        licence="CC BY-SA 4.0 (audio: CC BY 4.0)", attribution=f"{heidelberg.ATTRIBUTION}; {nmnist.ATTRIBUTION}",
        source="the files of shd-regen and of nmnist", mirror="", files={"train": (), "test": (), "subset": ()},
        samples={"train": 8150, "test": 2270, "subset": 200}, folders=(), parts=("shd-regen", "nmnist"),
    )


DATASETS = {
    "digits-both": _described("digits spoken and seen: an shd-regen clip beside an N-MNIST recording of the same "
                              "digit"),
    "digits-heard": _described("the pairs of digits-both, the vision channels 0"),
    "digits-seen": _described("the pairs of digits-both, the audio channels 0"),
}

HEARD = heidelberg.CHANNELS // heidelberg.NEIGHBOURS
SEED = 0
"""Of the pairs."""

LOOK = 40
"""Steps of 10 ms that a look may take; N-MNIST recordings last 0.32 s."""


def recordings(name: str, split: str, files: list[Path], steps: int | None = None) -> Recordings:
    """Pairs (n, T, 718), in the order of shd-regen and with its speakers."""
    dataset = DATASETS[name]
    clips = heidelberg.recordings("shd-regen", split, files[:1], steps)
    n, T, _ = clips.values.shape
    looks, shown, seen = nmnist.read(split, files[1], min(T, LOOK), round(1e3 * dataset.dt))
    digits = clips.labels % dataset.classes
    partner = pairs(digits, clips.speakers, shown, files[1])
    values = np.zeros((n, T, dataset.channels), np.uint8)
    if name != "digits-seen":
        values[:, :, :HEARD] = clips.values
    if name != "digits-heard":
        for first in range(0, n, CHUNK):
            some = slice(first, first + CHUNK)
            values[some, :looks.shape[1], HEARD:] = looks[partner[some]]
    heard = clips.source
    source: dict[str, Any] = {
        "files": heard["files"] | seen["files"], "verified": _both(heard["verified"], seen["verified"]),
        "coding": f"channels 0 to 139: {heard['coding']}; 140 to 717: N-MNIST, 2 x 17 x 17 channels (polarity, y, x), "
                  f"binary, {T} steps of 10 ms",
        "part": f"N-MNIST: {seen['part']}",
        "pairs": f"same digit, drawn with seed {SEED}; {_dealt(partner, clips.speakers)}",
        "licence": dataset.licence, "attribution": dataset.attribution}
    return Recordings(name, split, "spikes", values, 1.0, digits, clips.speakers, dataset.classes, dataset.dt, None,
                      source)


def pairs(digits: np.ndarray, speakers: np.ndarray | None, shown: np.ndarray, origin: Path) -> np.ndarray:
    """(n,) the number of the recording in `shown` (its digits) that goes with each clip.

    The recordings of a digit, in an order drawn with SEED, are dealt out to its speakers in proportion to their clips,
    and each speaker uses all of his equally often (one more or less). RandomState because NumPy has frozen its stream.
    """
    random = np.random.RandomState(SEED)
    speakers = np.zeros(len(digits), np.int64) if speakers is None else speakers
    partner = np.empty(len(digits), np.int64)
    for digit in np.unique(digits):
        own = random.permutation(np.flatnonzero(shown == digit))
        if not len(own):
            raise DataError(f"{origin}: no recording of digit {digit}, but it is spoken and must be seen; use the "
                            f"whole file")
        clips = np.flatnonzero(digits == digit)
        names, sizes = np.unique(speakers[clips], return_counts=True)
        ends = np.cumsum(sizes) * len(own) // len(clips)
        for speaker, first, last in zip(names, np.append(0, ends), ends, strict=False):
            his = clips[speakers[clips] == speaker]
            last = max(last, first + 1)  # with fewer recordings than speakers, some share
            partner[his] = np.resize(own[first:last], len(his))
    return partner


def _dealt(partner: np.ndarray, speakers: np.ndarray | None) -> str:
    """How often images are used, and by whom, in words."""
    uses = np.unique(partner, return_counts=True)[1]
    heard = np.unique([partner, np.zeros_like(partner) if speakers is None else speakers], axis=1)[0]
    shared = int((np.unique(heard, return_counts=True)[1] > 1).sum())
    return f"{len(uses)} images, each used {uses.min()} to {uses.max()} times, {shared} by more than one speaker"


def _both(*known: bool | None) -> bool | None:
    """Whether all are known to be official: False if one is known not to be, None if one is not known."""
    return False if False in known else None if None in known else True
