"""The Legendre delay against closed forms: what it recalls, its steady states, its limits and its stability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from dmpnet.equations import memory
from dmpnet.errors import DmpnetError

dimensions = st.integers(1, 100)
windows = st.floats(1, 2000)


def held(signal, abar, bbar):
    """Memory (T, d) after each step of `signal` (T,), by the recursion."""
    m, trace = np.zeros(len(bbar)), []
    for x in signal:
        m = abar @ m + bbar * x
        trace.append(m)
    return np.array(trace)


def hold(signal, d, theta):
    """`held` in the plain memory."""
    return held(signal, *memory.discrete(d, theta))


def recall_error(d, theta, delay):
    """Largest error in recalling a sinusoid of 0.7 windows a period, once the window is full."""
    k = np.arange(int(9 * theta))
    omega = 2 * np.pi / (0.7 * theta)
    got = memory.recall(hold(np.sin(omega * k), d, theta), delay, theta)
    # a value held over one step stands, in the mean, for the signal half a step after it entered
    want = np.sin(omega * (k + 0.5 - delay))
    return np.abs(got - want)[int(5 * theta):].max()


def test_published_constants():
    """dmp.md, recomputed from the published code's formula: Bbar and spectral radii to the digits given."""
    _, bbar = memory.discrete(5, 40)
    np.testing.assert_allclose(bbar, [0.02399, -0.07622, 0.11043, -0.15775, 0.16192], atol=5e-6)


@pytest.mark.parametrize("d, theta, radius", [(5, 40, 0.913), (10, 40, 0.878), (30, 40, 0.809), (20, 300, 0.976),
                                              (60, 300, 0.963), (200, 300, 0.943)])
def test_published_spectral_radius(d, theta, radius):
    abar, _ = memory.discrete(d, theta)
    assert np.abs(np.linalg.eigvals(abar)).max() == pytest.approx(radius, abs=5e-4)
    assert np.abs(abar).max() < 1


def test_continuous_matrices_for_two_dimensions():
    """A and B written out by hand from the formula, so that a swapped index or sign shows."""
    a, b = memory.continuous(2, 10.0)
    np.testing.assert_allclose(a, [[-0.1, -0.1], [0.3, -0.3]])
    np.testing.assert_allclose(b, [0.1, -0.3])


@given(windows)
def test_one_dimension_is_a_leaky_average(theta):
    abar, bbar = memory.discrete(1, theta)
    np.testing.assert_allclose(abar, [[np.exp(-1 / theta)]])
    np.testing.assert_allclose(bbar, [-np.expm1(-1 / theta)], rtol=1e-9)


@given(dimensions, windows)
def test_stable(d, theta):
    abar, _ = memory.discrete(d, theta)
    assert np.abs(np.linalg.eigvals(abar)).max() < 1


@given(dimensions, windows)
def test_constant_signal_is_the_first_coefficient(d, theta):
    """A constant is P_0, so the steady state m = (I - Abar)^-1 Bbar is e_0, in continuous time A e_0 = -B."""
    a, b = memory.continuous(d, theta)
    abar, bbar = memory.discrete(d, theta)
    np.testing.assert_allclose(a[:, 0], -b)
    np.testing.assert_allclose(abar[:, 0] + bbar, np.eye(d)[0], atol=1e-9)


def test_constant_signal_is_reached():
    np.testing.assert_allclose(hold(np.ones(2000), 12, 50)[-1], np.eye(12)[0], atol=1e-12)


@given(st.integers(2, 100), windows)
def test_ramp_is_recalled_as_a_straight_line(d, theta):
    """t - delay = t P_0 - theta/2 (P_0 + P_1), so m = t e_0 + c with c = -theta/2 (e_0 + e_1), and A c = e_0."""
    a, _ = memory.continuous(d, theta)
    m = np.zeros(d)
    m[:2] = -theta / 2
    np.testing.assert_allclose(a @ m, np.eye(d)[0], atol=1e-9)
    assert memory.recall(m, 0.25 * theta, theta) == pytest.approx(-0.25 * theta)


def test_recall_evaluates_legendre_polynomials():
    """P_0 = 1, P_1 = z, P_2 = (3 z^2 - 1)/2 with z = 2 delay/theta - 1, batched over leading axes."""
    m = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [2, 3, 5]])
    z = 2 * 7 / 20 - 1
    p = [1, z, (3 * z**2 - 1) / 2]
    np.testing.assert_allclose(memory.recall(m, 7, 20), [*p, np.dot([2, 3, 5], p)])


@pytest.mark.parametrize("fraction", [0.5, 1.0])
def test_delayed_signal_improves_with_dimension(fraction):
    theta = 160
    errors = [recall_error(d, theta, fraction * theta) for d in (4, 6, 8, 12)]
    assert errors[0] > 0.5, "the signal is too slow to tell the dimensions apart"
    assert errors[-1] < 1e-3
    assert all(later < earlier / 2 for earlier, later in zip(errors, errors[1:], strict=False))


def test_delayed_signal_converges_at_second_order():
    """Zero-order hold, half a step accounted for, errs by O(step^2): half the step, a quarter."""
    errors = [recall_error(16, theta, theta / 2) for theta in (80, 160, 320)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 2, atol=0.2)


@given(st.integers(1, 20))
def test_zero_order_hold_meets_the_continuous_system(d):
    """In fine steps Abar - I -> A and Bbar -> B; the first terms left out are A^2/2 and A B/2, the next smaller."""
    a, b = memory.continuous(d, 1e4 * d**2)
    abar, bbar = memory.discrete(d, 1e4 * d**2)
    left_out = np.abs(a @ a / 2).max()
    assert left_out > 1e-10
    np.testing.assert_allclose(abar - np.eye(d) - a, a @ a / 2, atol=1e-3 * left_out)
    np.testing.assert_allclose(bbar - b, a @ b / 2, atol=1e-3 * left_out)


@given(st.integers(1, 60), st.floats(1, 1000))
def test_two_half_steps_are_one_step(d, theta):
    """Exact for an input held over the step: Abar = h^2, Bbar = (h + I) b with h, b those of half steps."""
    abar, bbar = memory.discrete(d, theta)
    half, b = memory.discrete(d, 2 * theta)
    np.testing.assert_allclose(abar, half @ half, atol=1e-11)
    np.testing.assert_allclose(bbar, half @ b + b, atol=1e-11)


@pytest.mark.parametrize("d, theta", [(5, 40), (60, 300), (200, 300)])
def test_convolution_equals_recursion(d, theta):
    x = np.random.default_rng(0).random(784)
    response = memory.impulse_response(*memory.discrete(d, theta), 784)
    by_fft = fftconvolve(x[:, None], response, axes=0)[:784]
    assert np.abs(by_fft).max() > 0.1
    np.testing.assert_allclose(by_fft, hold(x, d, theta), rtol=0, atol=1e-12)


def test_impulse_response_is_powers_of_abar():
    abar, bbar = memory.discrete(6, 30)
    response = memory.impulse_response(abar, bbar, 50)
    np.testing.assert_allclose(response[37], np.linalg.matrix_power(abar, 37) @ bbar)
    np.testing.assert_array_equal(response[0], bbar)
    assert memory.impulse_response(abar, bbar, 0).shape == (0, 6)


@pytest.mark.parametrize("d, theta, named", [(0, 40, "d = 0"), (-3, 40, "d = -3"), (2.5, 40, "d = 2.5"),
                                             (4, 0, "theta = 0"), (4, -1.0, "theta = -1.0"),
                                             (4, float("nan"), "theta = nan"), (4, float("inf"), "theta = inf")])
def test_impossible_memory(d, theta, named):
    with pytest.raises(DmpnetError, match=named) as error:
        memory.discrete(d, theta)
    assert "\n" not in str(error.value) and "; set " in str(error.value)


# several blocks


block = st.tuples(st.integers(1, 30), st.floats(1, 1000))
hierarchies = st.lists(block, min_size=1, max_size=4).map(tuple)


@given(dimensions, windows, st.sampled_from(memory.FEEDS))
def test_one_block_is_the_plain_memory(d, theta, feed):
    for got, want in zip(memory.hierarchy(((d, theta),), feed), memory.discrete(d, theta), strict=True):
        np.testing.assert_array_equal(got, want)


@given(hierarchies)
def test_parallel_blocks_are_separate_memories(blocks):
    """Each block holds, to the bit of a sum, what it would hold alone: x goes to all, none hears another."""
    abar, bbar = memory.hierarchy(blocks)
    x = np.random.default_rng(0).random(50)
    together = held(x, abar, bbar)
    for (d, theta), part in zip(blocks, memory.slices(blocks), strict=True):
        np.testing.assert_allclose(together[:, part], held(x, *memory.discrete(d, theta)), atol=1e-12)
        assert not abar[part, :part.start].any() and not abar[part, part.stop:].any()


@given(hierarchies, st.sampled_from(memory.FEEDS))
def test_a_hierarchy_is_stable(blocks, feed):
    """Each block forgets, none drives an earlier one: the eigenvalues are those of the blocks."""
    abar, _ = memory.hierarchy(blocks, feed)
    for part in memory.slices(blocks):
        assert np.abs(np.linalg.eigvals(abar[part, part])).max() < 1
        assert not abar[part, part.stop:].any()


@given(hierarchies, st.sampled_from(memory.FEEDS))
def test_a_constant_is_the_first_coefficient_of_every_block(blocks, feed):
    """A block lets go of a constant as it took it in, so the next one fills too: (I - Abar) m = Bbar, m = e_0 each."""
    abar, bbar = memory.hierarchy(blocks, feed)
    steady = np.zeros(len(bbar))
    steady[[part.start for part in memory.slices(blocks)]] = 1
    np.testing.assert_allclose(abar @ steady + bbar, steady, atol=1e-8)


@pytest.mark.parametrize("blocks", [((12, 60.0), (12, 60.0)), ((12, 90.0), (10, 40.0)), ((8, 30.0),) * 4])
def test_a_cascade_recalls_the_sum_of_its_windows(blocks):
    """x(t - theta_1 - ... - delay) is read from block i at its `delay`; the last reaches back over all windows."""
    frequency = 1 / 90
    t = np.arange(1000) + 0.5  # held over the step: seen half a step before its end
    m = held(np.sin(2 * np.pi * frequency * t), *memory.hierarchy(blocks, "cascade"))[-1]
    before = 0.0
    for (_, theta), part in zip(blocks, memory.slices(blocks), strict=True):
        for fraction in (0.25, 0.5, 1.0):
            asked = 1000 - before - fraction * theta
            assert memory.recall(m[part], fraction * theta, theta) == pytest.approx(
                np.sin(2 * np.pi * frequency * asked), abs=0.01)
        before += theta
    assert before == memory.window(blocks, "cascade")
    assert before > max(theta for _, theta in blocks) == memory.window(blocks)


def test_a_cascade_is_two_systems_in_series():
    """In fine steps block 2 is a plain memory driven by what block 1 lets go, C m_1: first order in the step."""
    errors = []
    for steps in (100, 200, 400):
        blocks = ((6, steps / 2), (5, steps / 3))
        x = np.sin(2 * np.pi * np.arange(2 * steps) / steps)
        m = held(x, *memory.hierarchy(blocks, "cascade"))
        one, two = memory.slices(blocks)
        np.testing.assert_allclose(m[:, one], held(x, *memory.discrete(*blocks[0])), atol=1e-12)
        errors.append(np.abs(m[:, two] - held(m[:, one].sum(axis=1), *memory.discrete(*blocks[1]))).max())
    assert errors[0] > 1e-3
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.2)


def test_a_cascade_written_out():
    """Two leaky averages in series: A = [[-1/a, 0], [1/b, -1/b]], B = [1/a, 0]."""
    abar, bbar = memory.hierarchy(((1, 10.0), (1, 4.0)), "cascade")
    p, q = np.exp(-1 / 10), np.exp(-1 / 4)
    np.testing.assert_allclose(abar, [[p, 0], [(p - q) / 4 / (1 / 4 - 1 / 10), q]])
    np.testing.assert_allclose(bbar, [1 - p, 1 - q - abar[1, 0]])


@pytest.mark.parametrize("blocks, feed, named", [
    ((), "parallel", "0 blocks"),
    (((4, 40.0), (0, 10.0)), "cascade", "d = 0"), (((4, -1.0),), "parallel", "theta = -1"),
    (((4, 40.0),), "series", "feed = 'series'.*parallel, cascade")])
def test_impossible_hierarchy(blocks, feed, named):
    with pytest.raises(DmpnetError, match=named) as error:
        memory.hierarchy(blocks, feed)
    assert "\n" not in str(error.value)
