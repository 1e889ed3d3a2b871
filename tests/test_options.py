"""What commands share: samples drawn evenly over classes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.data import Recordings
from dmpnet.results import options, reading, script


def sorted_by_class(sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return Recordings("some", "test", "spikes", np.zeros((len(labels), 2, 1), np.uint8), 1.0, labels, None, len(sizes),
                      1e-3)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 60), st.integers(0, 5))
def test_as_many_samples_of_each_class_as_there_can_be(sizes, wanted, seed):
    """No class has two more than another, unless the other is all taken."""
    recordings = sorted_by_class(sizes)
    numbers = recordings.balanced(wanted, seed)
    assert len(numbers) == min(wanted, len(recordings)) and (np.diff(numbers) > 0).all()
    counts = np.bincount(recordings.labels[numbers], minlength=len(sizes))
    left = counts < np.array(sizes)
    assert not left.any() or counts.max() - counts[left].min() <= 1
    np.testing.assert_array_equal(numbers, recordings.balanced(wanted, seed))


def test_another_seed_draws_other_samples_and_enough_are_all_in_order():
    recordings = sorted_by_class([40, 40])
    assert list(recordings.balanced(10, 0)) != list(recordings.balanced(10, 1))
    for wanted in (80, 81, None):
        np.testing.assert_array_equal(recordings.balanced(wanted, 3), np.arange(80))
    a_step = replace(recordings, labels=np.stack([recordings.labels] * 2, axis=1))
    assert len(set(a_step.balanced(30, 0))) == 30 and a_step.balanced(30, 0).max() > 40


def test_which_samples_were_taken_is_told():
    recordings = sorted_by_class([5, 5])
    some = options.part(recordings, 4, 1)
    np.testing.assert_array_equal(reading.numbers(some), recordings.balanced(4, 1))
    np.testing.assert_array_equal(some.labels, recordings.labels[reading.numbers(some)])
    assert options.part(recordings, None, 1) is recordings and list(reading.numbers(recordings)) == list(range(10))
    fewer = options.part(some, 2, 3)  # of those: numbered as in the whole part
    np.testing.assert_array_equal(fewer.labels, recordings.labels[reading.numbers(fewer)])


def test_a_script_knows_no_other_words():
    with pytest.raises(SystemExit):
        script.parser("a script").parse_args(["--hlep"])
