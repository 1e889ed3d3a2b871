"""Streams of random numbers that depend on a seed and a place alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.learning.draws import draw


@given(st.integers(0, 2**31), st.integers(1, 1000), st.integers(0, 2**40))
def test_streams_do_not_run_through_each_others_numbers(seed, apart, start):
    """A stream that is another one some places on would show two learners the same chance; among 2 x 500 numbers of 53
    bits two are equal by chance once in 10^10."""
    places = start + np.arange(500)
    assert not np.isin(draw(places, seed), draw(places, seed + apart)).any()
    assert len(np.unique(draw(places, seed))) == 500
