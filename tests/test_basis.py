"""Coordinates of the slow memory: the same network, and the least noise of all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.arithmetic.numpy_integers import shifted
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


@pytest.mark.slow
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


# more slots than dimensions


@pytest.mark.parametrize("d, D", [(1, 2), (2, 3), (5, 6), (5, 64), (20, 33)])
def test_held_in_more_slots_the_memory_says_the_same(d, D):
    slow, m, x = memory(d=d)
    abar, bbar, W_m, z = basis.spread(slow, m, D)
    assert abar.shape == (D, D) and z.shape[2] == D
    held = np.zeros((len(m), D))
    for k in range(m.shape[1]):
        held = held @ abar.T + x[:, k] * bbar
        np.testing.assert_allclose(held, z[:, k], atol=1e-6 * np.abs(z).max())
    np.testing.assert_allclose(z @ W_m.T, m @ slow.W_m.T, atol=1e-6 * np.abs(m @ slow.W_m.T).max())


@given(st.integers(1, 40), st.integers(1, 40))
def test_a_frame_has_orthonormal_columns_and_of_even_many_rows_as_long_as_each_other(d, more):
    Q = basis.frame(d + more, d)
    np.testing.assert_allclose(Q.T @ Q, np.eye(d), atol=1e-12)
    if d % 2 == 0:
        np.testing.assert_allclose((Q**2).sum(1), d / (d + more), atol=1e-12)


def error(slow, abar, bbar, W_m, m, x, step):
    """Mean square of what rounding every slot to whole steps, at random, does to what the memory says."""
    rng, held, found = np.random.default_rng(0), np.zeros((len(m), len(bbar))), []
    for k in range(m.shape[1]):
        held = held @ abar.T + x[:, k] * bbar
        held = step * np.floor(held / step + rng.random(held.shape))
        found.append(held @ W_m.T - m[:, k] @ slow.W_m.T)
    return float(np.mean(np.square(found)))


@pytest.mark.parametrize("D", [10, 40])
def test_errors_of_rounding_fall_as_slots_are_more(D):
    """d/D of the power where steps are as fine; what a slot spans falls as sqrt(d/D), and so may its step."""
    d = 4
    slow, m, x = memory(d=d)
    least, same = basis.rotated(slow, m), basis.spread(slow, m, D)
    step = np.abs(least[3]).max() / 256
    once, spread = (error(slow, *each[:3], m, x, step) for each in (least, same))
    assert once > 0 and spread / once == pytest.approx(1, abs=0.3)  # orthonormal: as many errors as there were
    finer = step * np.abs(same[3]).max() / np.abs(least[3]).max()
    assert error(slow, *same[:3], m, x, finer) / once == pytest.approx((finer / step) ** 2, rel=0.35)
    assert finer / step < 1.5 * (d / D) ** 0.5


# what is cut off goes on to the next slot


@given(st.lists(st.integers(-2**30, 2**30), min_size=1, max_size=40), st.integers(1, 20))
def test_of_what_slots_cut_off_nothing_is_lost_but_the_last(totals, shift):
    """Sums of rounded slots are the rounded sums: after every slot what is missing is less than a step."""
    got = shifted(np.array([totals]), shift, "carried")[0]
    left = np.cumsum(totals) + (1 << shift - 1) - (np.cumsum(got) << shift)
    assert ((left >= 0) & (left < 1 << shift)).all()
    rest = 1 << shift - 1  # as an adder does it that keeps its low bits
    for total, whole in zip(totals, got, strict=True):
        assert whole == total + rest >> shift
        rest = total + rest & (1 << shift) - 1


def test_errors_that_go_on_cancel_in_a_frame():
    """What a frame of waves reads out turns slowly from slot to slot, so that an error and what is handed on of it
    nearly cancel: of wave j the part 2 sin(pi j / D) is left, at most 0.39 of 4 dimensions in 32 slots."""
    d, D = 4, 32
    slow, m, x = memory(d=d)
    abar, bbar, W_m, z = basis.spread(slow, m, D)
    step = np.abs(z).max() / 7
    found = {}
    for rounding in ("nearest", "carried"):
        held, errors = np.zeros((len(m), D)), []
        for k in range(m.shape[1]):
            fine = np.rint((held @ abar.T + x[:, k] * bbar) / step * 2**20).astype(np.int64)
            held = step * shifted(fine, 20, rounding)
            errors.append(held @ W_m.T - m[:, k] @ slow.W_m.T)
        found[rounding] = np.sqrt(np.mean(np.square(errors)))
    assert found["carried"] < found["nearest"] / 2.5
