"""Rounding with the inputs in mind."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.arithmetic.words import Word
from dmpnet.hardware.rounding import compensated


def correlated(seed, k, samples=400):
    """Inputs (samples, k) of which most lie near a plane of few dimensions, as those of a slow memory do."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, 3)) @ rng.normal(size=(3, k)) + 0.1 * rng.normal(size=(samples, k))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(8, 20), bits=st.integers(3, 8))
def test_products_with_correlated_inputs_err_less_than_rounded_to_nearest(seed, k, bits):
    """Where at least five columns can make up for others; four columns near three dimensions may even do worse."""
    z, word = correlated(seed, k), Word(bits)
    matrix = np.random.default_rng(seed + 1).uniform(-0.6, 0.6, (40, k)) * word.high
    made = compensated(matrix, z.T @ z / len(z), [word] * k)
    assert (made == np.rint(made)).all() and np.abs(made).max() <= word.high
    ours, nearest = (np.square(z @ (whole - matrix).T).mean() for whole in (made, word.nearest(matrix)))
    assert ours < 0.5 * nearest


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 8), bits=st.integers(1, 6))
def test_inputs_that_do_not_go_together_are_rounded_to_the_nearest(seed, k, bits):
    matrix = 10 * np.random.default_rng(seed).normal(size=(5, k))
    weight = np.random.default_rng(seed).uniform(0.1, 3, k)
    np.testing.assert_array_equal(compensated(matrix, np.diag(weight), [Word(bits)] * k), Word(bits).nearest(matrix))


def test_a_memory_that_never_moved_is_rounded_to_the_nearest():
    matrix = np.array([[0.4, -1.6], [2.2, 7.9]])
    np.testing.assert_array_equal(compensated(matrix, np.zeros((2, 2)), [Word(4), Word(3)]), [[0, -2], [2, 3]])


def test_what_a_column_loses_the_next_makes_up_for():
    """Two inputs that are always equal: only the sum of a row counts."""
    made = compensated(np.array([[1.4, 2.4], [-0.4, 5.3]]), np.ones((2, 2)), [Word(4)] * 2)
    np.testing.assert_array_equal(made.sum(1), [4, 5])
