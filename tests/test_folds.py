"""Folds of speakers: everyone is once unheard, nothing is lost, nothing heard is asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.data.folds import fold, left_out
from dmpnet.data.recordings import Recordings
from dmpnet.errors import DataError


def part(split, speakers, seed, spoken=True):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (len(speakers), 5, 3)).astype(np.uint8)
    return Recordings("shd-regen", split, "spikes", values, 1.0, rng.integers(0, 4, len(speakers)),
                      np.asarray(speakers, np.int64) if spoken else None, 4, 0.01)


@given(st.lists(st.integers(0, 11), min_size=8, max_size=60), st.lists(st.integers(0, 11), min_size=4, max_size=40),
       st.integers(2, 6))
def test_every_sample_is_asked_once_by_networks_that_never_heard_its_speaker(heard, asked, folds):
    train, test = part("train", [*heard, 0, 1, 2, 3, 4, 5], 0), part("test", asked, 1)
    told = []
    for number in range(folds):
        learned, judged = fold(train, test, number, folds)
        assert not set(learned.speakers) & set(judged.speakers)
        assert len(learned) + len(judged) == len(train) + len(test)
        assert (learned.split, judged.split) == ("train", "test")
        told += [(row.tobytes(), label, who) for row, label, who
                 in zip(judged.values, judged.labels, judged.speakers, strict=True)]
    every = [(row.tobytes(), label, who) for each in (train, test) for row, label, who
             in zip(each.values, each.labels, each.speakers, strict=True)]
    assert sorted(told) == sorted(every)


def test_twelve_speakers_in_six_folds_are_two_each():
    assert [each.tolist() for each in left_out(np.arange(12), 6)] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]


@pytest.mark.parametrize("folds, number, said", [(1, 0, "1 of 6 speakers"), (7, 0, "7 of 6"), (3, 3, "number 3")])
def test_folds_that_are_none_are_refused(folds, number, said):
    with pytest.raises(DataError, match=said):
        fold(part("train", range(6), 0), part("test", [2, 3], 1), number, folds)


def test_where_nobody_speaks_there_are_no_folds():
    with pytest.raises(DataError, match="nobody speaks"):
        fold(part("train", range(6), 0, spoken=False), part("test", [1], 1), 0)
