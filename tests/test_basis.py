"""Coordinates of the slow memory: the same network, and the least noise of all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.hardware import basis


def memory(seed=0, d=5):
    network = random_network(d=d, seed=seed)
    seen = reference.run(network, random_input(network, 6), record=("m", "x"))
    return network.layers[0].slow, seen.m[0], seen.x[0]


def noise(K, W):
    return float(np.diag(K) @ np.diag(W))


@pytest.mark.parametrize("d", [1, 2, 5, 20])
def test_in_other_coordinates_the_memory_says_the_same(d):
    slow, m, x = memory(d=d)
    abar, bbar, W_m, z = basis.rotated(slow, m)
    held = np.zeros((len(m), d))
    for k in range(m.shape[1]):
        held = held @ abar.T + x[:, k] * bbar
        np.testing.assert_allclose(held, z[:, k], atol=1e-6 * np.abs(z).max())
    np.testing.assert_allclose(z @ W_m.T, m @ slow.W_m.T, atol=1e-6 * np.abs(m @ slow.W_m.T).max())


@given(st.integers(0, 50))
def test_no_coordinates_make_less_noise(seed):
    """The bound of Mullis and Roberts is met, and random coordinates stay above it."""
    slow, m, _ = memory(seed % 5)
    K, W = map(basis._full, basis.moments(slow, m))
    T = basis.quiet(slow, m)
    back = np.linalg.inv(T)
    least = np.sqrt(np.maximum(np.linalg.eigvals(K @ W).real, 0)).sum() ** 2 / len(K)
    assert noise(back @ K @ back.T, T.T @ W @ T) == pytest.approx(least, rel=1e-3)
    other = np.random.default_rng(seed).normal(size=K.shape)
    back = np.linalg.inv(other)
    assert noise(back @ K @ back.T, other.T @ W @ other) > least
    assert noise(K, W) > least
