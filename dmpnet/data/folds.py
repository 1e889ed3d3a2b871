"""Speakers left out in turn: training and test part together, dealt anew so that every speaker is once unheard."""

from dataclasses import replace

import numpy as np

from dmpnet.data.recordings import Recordings
from dmpnet.errors import DataError

FOLDS = 6


def left_out(speakers: np.ndarray, folds: int) -> list[np.ndarray]:
    """Whom each fold leaves out: speakers in the order of their numbers, as many in each fold, to one."""
    names = np.unique(speakers)
    if not 2 <= folds <= len(names):
        raise DataError(f"folds: {folds} of {len(names)} speakers, but a fold leaves out one at least, and not all; "
                        f"set 2 to {len(names)}")
    return np.array_split(names, folds)


def fold(train: Recordings, test: Recordings, number: int, folds: int = FOLDS) -> tuple[Recordings, Recordings]:
    """Training and test part of fold `number`, from 0: everything that its speakers said is the test part.

    train, test : as published, of one data set, with speakers
    """
    if train.speakers is None or test.speakers is None:
        raise DataError(f"{train.name}: folds by speaker, but nobody speaks in it; take its published parts")
    if train.split == test.split or train.values.shape[1:] != test.values.shape[1:]:
        raise DataError(f"folds: {train!r} and {test!r}, but they are the two parts of one data set; give these")
    whole = replace(
        train, values=np.concatenate([train.values, test.values]), labels=np.concatenate([train.labels, test.labels]),
        speakers=np.concatenate([train.speakers, test.speakers]),
        source={"fold": f"{number} of {folds}", train.split: train.source, test.split: test.source})
    assert whole.speakers is not None
    groups = left_out(whole.speakers, folds)
    if not 0 <= number < folds:
        raise DataError(f"folds: number {number}, but there are {folds}; set 0 to {folds - 1}")
    unheard = np.isin(whole.speakers, groups[number])
    return whole.take(~unheard), replace(whole.take(unheard), split=test.split)
