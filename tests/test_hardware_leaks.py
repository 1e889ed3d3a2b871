"""Integer linear-leak neurons against plain Python integers, one neuron at a time, and against what leaks must do."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmpnet.errors import DmpnetError
from dmpnet.hardware import leak_limits
from dmpnet.hardware.leaks import ODIN, Clipped, Shifted, TinyODIN, TrueNorth

# the oracles: one V at a time, written from the chips' descriptions and not from the arrays' formulas


def hold(v, low, high):
    return low if v < low else high if v > high else v


def tinyodin_leak(n, v):
    for _ in range(n.L):  # one unit after the other, until 0
        v += (v < 0) - (v > 0)
    return v


def odin_leak(n, v):
    return v - min(v, n.L)


def truenorth_leak(n, v):
    if not n.reversal:
        return v + n.lam * n.sign
    if v == 0:
        return 0
    away = abs(v) + n.sign * n.lam  # on V's own side
    if away < 0 and n.stop:
        away = 0
    return away if v > 0 else -away


def clipped_leak(n, v):
    if -n.lam <= v <= n.lam:
        return 0
    return v - n.lam if v > 0 else v + n.lam


def shifted_leak(n, v):
    return v - v // 2**n.k  # Python's // rounds down


ORACLES = {TinyODIN: tinyodin_leak, ODIN: odin_leak, TrueNorth: truenorth_leak, Clipped: clipped_leak,
           Shifted: shifted_leak}


def oracle(n, v, current):
    """(V, s) of one neuron after one step."""
    low, high = n.limits
    for what in ("leak", "input") if n.leak_first else ("input", "leak"):
        v = hold(v + current if what == "input" else ORACLES[type(n)](n, v), low, high)
    if v < n.theta:
        return v, False
    return (0 if n.reset == "hard" else v - n.theta), True


# what can be drawn


resets = st.sampled_from(["hard", "soft"])


@st.composite
def leak_and_threshold(draw, largest, highest):
    theta = draw(st.integers(1, highest))
    return draw(st.integers(0, min(largest, theta))), theta


@st.composite
def tinyodins(draw):
    return TinyODIN(*draw(leak_and_threshold(127, 4095)))


@st.composite
def odins(draw):
    return ODIN(*draw(leak_and_threshold(127, 255)))


@st.composite
def truenorths(draw):
    theta = draw(st.one_of(st.integers(1, 600), st.integers(1, 2**18 - 1)))
    lam = draw(st.integers(0, min(255, theta)))
    return TrueNorth(lam, theta, draw(st.sampled_from([-1, 1])), draw(st.booleans()), draw(st.booleans()), draw(resets),
                     draw(st.booleans()))


@st.composite
def clippeds(draw):
    B = draw(st.sampled_from(leak_limits.WIDTHS))
    return Clipped(B, *draw(leak_and_threshold(2**(B - 1) - 1, 2**(B - 1) - 1)), draw(resets))


@st.composite
def shifteds(draw):
    B = draw(st.sampled_from(leak_limits.WIDTHS))
    return Shifted(B, draw(st.integers(1, B - 1)), draw(st.integers(1, 2**(B - 1) - 1)), draw(resets))


neurons = st.one_of(tinyodins(), odins(), truenorths(), clippeds(), shifteds())


def near(neuron):
    """Values where something happens: the limits, 0, the threshold, the leak."""
    low, high = neuron.limits
    leak = getattr(neuron, "L", getattr(neuron, "lam", 1))
    centres = (low, high, 0, neuron.theta, leak, -leak, neuron.theta + leak)
    return sorted({hold(c + d, low, high) for c in centres for d in (-1, 0, 1)})


def pairs(neuron, seed, n=300):
    """V (N,) and I (N,): all pairs of telling values, and random ones from the middle to far beyond saturation."""
    rng = np.random.default_rng(seed)
    low, high = neuron.limits
    telling = near(neuron)
    drives = telling + [high - low, low - high, neuron.theta - telling[0]]
    V = np.concatenate([np.repeat(telling, len(drives)), rng.integers(low, high + 1, n)])
    I = np.concatenate([np.tile(drives, len(telling)), rng.integers(low, high + 1, n) // rng.integers(1, 20, n)])
    return V, I


@given(neurons, st.integers(0, 2**32))
def test_a_step_is_that_of_the_chip(neuron, seed):
    V, I = pairs(neuron, seed)
    got, spikes = neuron.step(V, I)
    want = [oracle(neuron, int(v), int(i)) for v, i in zip(V, I, strict=True)]
    np.testing.assert_array_equal(got, [v for v, _ in want])
    np.testing.assert_array_equal(spikes, [s for _, s in want])
    assert got.dtype == np.int64 and spikes.dtype == bool
    low, high = neuron.limits
    assert low <= got.min() and got.max() <= high


@given(neurons, st.integers(0, 2**32))
def test_a_leak_is_that_of_the_chip(neuron, seed):
    V, _ = pairs(neuron, seed)
    np.testing.assert_array_equal(neuron.leak(V), [ORACLES[type(neuron)](neuron, int(v)) for v in V])


EXAMPLES = [TinyODIN(5, 200), ODIN(3, 100), TrueNorth(7, 1000), TrueNorth(7, 1000, reversal=False),
            TrueNorth(7, 1000, stop=False, reset="soft"), Clipped(11, 5, 300, "soft"), Shifted(12, 3, 300)]


@pytest.mark.parametrize("neuron", EXAMPLES, ids=lambda neuron: f"{neuron.name}-{neuron.reset}")
def test_a_run_of_many_steps(neuron):
    """400 steps in which neurons fire, rest, saturate and go below 0; every V and every spike."""
    rng = np.random.default_rng(1)
    high = neuron.limits[1]
    I = rng.integers(-neuron.theta // 2, neuron.theta, (400, 40))
    I[rng.random(I.shape) < 0.01] = 3 * high
    I[rng.random(I.shape) < 0.01] = -3 * high
    V, v = np.zeros(40, np.int64), [0] * 40
    lowest, spikes = 0, np.zeros(40)
    for drive in I:
        V, s = neuron.step(V, drive)
        want = [oracle(neuron, a, int(b)) for a, b in zip(v, drive, strict=True)]
        v = [a for a, _ in want]
        np.testing.assert_array_equal(V, v)
        np.testing.assert_array_equal(s, [b for _, b in want])
        lowest, spikes = min(lowest, V.min()), spikes + s
    assert lowest <= neuron.limits[0] + 7 and 0.05 < spikes.mean() / 400 < 0.6, "nothing to compare"


@pytest.mark.parametrize("neuron", EXAMPLES, ids=lambda neuron: f"{neuron.name}-{neuron.reset}")
def test_the_threshold_itself_fires(neuron):
    """>=, not >, on what the leak left if that comes last."""
    late = 0 if neuron.leak_first else neuron.lam
    _, spikes = neuron.step(np.zeros(3, np.int64), neuron.theta + late + np.array([-1, 0, 1]))
    assert spikes.tolist() == [False, True, True]


# facts of the chips


def test_tinyodin_saturates_at_its_hexadecimal_limits():
    V, s = TinyODIN(0, 4095).step(np.array([2040, -2040]), np.array([8, -9]))
    assert V.tolist() == [0x7FF, 0x7FF - 0xFFF] and not s.any(), "a threshold above 0x7FF is never reached"


def test_tinyodin_leaks_as_ours_does():
    V = np.arange(-2048, 2048)
    for L in (0, 1, 5, 127):
        np.testing.assert_array_equal(TinyODIN(L, 200).leak(V), Clipped(12, L, 200).leak(V))


def test_odin_knows_no_negative_potential():
    V, s = ODIN(3, 255).step(np.array([2, 50, 250]), np.array([-1, -100, 100]))
    assert V.tolist() == [0, 0, 0] and s.tolist() == [False, False, True]


def test_truenorth_leak_modes():
    """The four of Cassidy et al. 2013 at V = 3, 0, -3 with lam = 5; the last differs from theirs by the stop."""
    V = np.array([3, 0, -3])
    modes = {(-1, False): [-2, -5, -8], (1, False): [8, 5, 2], (1, True): [8, 0, -8], (-1, True): [0, 0, 0]}
    for (sign, reversal), want in modes.items():
        assert TrueNorth(5, 9, sign, reversal).leak(V).tolist() == want
    assert TrueNorth(5, 9, stop=False).leak(V).tolist() == [-2, 0, 2]


def test_truenorth_adds_before_it_leaks():
    """4 + 8 - 5 = 7; with the leak first, which is held at 0, it is 0 + 8. 4 + 12 - 5 = 11 fires, as 0 + 12 does."""
    V, I = np.array([4, 4]), np.array([8, 12])
    assert TrueNorth(5, 10).step(V, I)[0].tolist() == [7, 0]
    assert TrueNorth(5, 10, leak_first=True).step(V, I)[0].tolist() == [8, 0]


def test_truenorth_saturates():
    top = 393216
    neuron = TrueNorth(255, 2**18 - 1, sign=1)
    assert neuron.step(np.array([-top]), np.array([-top]))[0].tolist() == [-top]
    assert neuron.step(np.array([top]), np.array([0]))[1].all()


# what every leak toward 0 must do


@given(st.one_of(tinyodins(), clippeds()), st.integers(0, 2**32))
def test_a_linear_leak_is_odd_shrinks_and_never_crosses_zero(neuron, seed):
    V, _ = pairs(neuron, seed)
    V = V[V > neuron.limits[0]]  # its negative is no state
    leaked = neuron.leak(V)
    np.testing.assert_array_equal(neuron.leak(-V), -leaked)
    assert (np.abs(leaked) <= np.abs(V)).all() and (leaked * V >= 0).all()


@given(clippeds())
def test_a_linear_leak_empties_in_the_steps_it_should(neuron):
    """ceil(|V| / lam) steps to 0, from both limits."""
    if neuron.lam == 0:
        return
    for start in neuron.limits:
        V, steps = np.array([start]), 0
        while steps < 500 and V[0]:
            V, steps = neuron.leak(V), steps + 1
        assert steps == min(500, -(-abs(start) // neuron.lam))


@given(shifteds())
@example(Shifted(16, 1, 5))
def test_where_a_shift_comes_to_rest(neuron):
    """Negative values reach 0, positive ones stay below 2^k: what rounding down means."""
    V = np.array([*neuron.limits, -1, 1, 0, 2**neuron.k - 1])
    before = None
    while before is None or (V != before).any():
        V, before = neuron.leak(V), V
    top = neuron.limits[1]
    assert V.tolist() == [0, min(top, 2**neuron.k - 1), 0, 1, 0, min(top, 2**neuron.k - 1)]


def test_a_shift_follows_the_exponential():
    """Rounding adds less than 1 a step, so that V stays within 2^k of (1 - 2^-k)^n V_0, the sum of what is kept."""
    k, V = 4, np.array([30_000, -30_000])
    for step in range(1, 60):
        V = Shifted(16, k, 100).leak(V)
        assert np.abs(V - np.array([30_000, -30_000]) * (1 - 2**-k)**step).max() < 2**k


def test_a_neuron_under_constant_drive_fires_at_the_rate_it_should():
    """Soft reset, V above lam throughout: theta a spike, I - lam gained a step, so (I - lam) / theta spikes a step."""
    neuron = Clipped(12, lam=7, theta=100, reset="soft")
    V, spikes = np.array([10]), 0
    for _ in range(1000):
        V, s = neuron.step(V, np.array([27]))
        spikes += int(s[0])
    assert V[0] == 10 and spikes == (27 - 7) * 1000 / 100


def test_no_sum_wraps_around():
    """The largest int64 saturates like any other large current, and NumPy scalars count as plain integers."""
    huge = np.iinfo(np.int64)
    neuron = Clipped(8, np.uint8(3), np.int8(100))
    assert neuron.step(np.array([100, -100]), np.array([huge.max, huge.min]))[0].tolist() == [0, -128]
    assert TrueNorth(np.uint8(200), 1000).leak(np.array([500, -500])).tolist() == [300, -300]


@pytest.mark.parametrize("make, named", [
    (lambda: TinyODIN(-1, 100), "tinyODIN: L = -1.*L >= 0"), (lambda: TinyODIN(128, 200), "L = 128.*7 bits.*127"),
    (lambda: TinyODIN(5, 4096), "theta = 4096"), (lambda: TinyODIN(50, 40), "L = 50 is above theta = 40"),
    (lambda: ODIN(-3, 100), "ODIN: L = -3"), (lambda: ODIN(3, 256), "theta = 256.*1 to 255"),
    (lambda: ODIN(128, 200), "L = 128 does not fit"), (lambda: ODIN(1, 0), "theta = 0"),
    (lambda: TrueNorth(256, 1000), "lam = 256.*9 bits"), (lambda: TrueNorth(1, 2**18), "theta = 262144"),
    (lambda: TrueNorth(1, 10, sign=0), "sign = 0"), (lambda: TrueNorth(1, 10, reset="none"), "reset = 'none'"),
    (lambda: TrueNorth(-1, 10), "lam = -1"), (lambda: TrueNorth(11, 10), "lam = 11 is above theta = 10"),
    (lambda: Clipped(3, 1, 2), "B = 3.*4 to 16"), (lambda: Clipped(17, 1, 2), "B = 17.*4 to 16"),
    (lambda: Clipped(8, -1, 100), "lam = -1"), (lambda: Clipped(8, 128, 100), "lam = 128.*B = 8 bits.*127"),
    (lambda: Clipped(8, 60, 50), "lam = 60 is above theta = 50"), (lambda: Clipped(8, 1, 128), "theta = 128"),
    (lambda: Clipped(8, 1.5, 100), "lam = 1.5.*integer"), (lambda: Clipped(8, 1, 100, "linear"), "reset = 'linear'"),
    (lambda: Clipped(8.0, 1, 100), "B = 8.0.*integer"), (lambda: Clipped(8, True, 100), "lam = True"),
    (lambda: Shifted(8, 0, 100), "k = 0.*1 to 7"), (lambda: Shifted(8, 8, 100), "k = 8.*1 to 7"),
    (lambda: Shifted(2, 1, 1), "B = 2"), (lambda: Shifted(8, 2, 0), "theta = 0"),
    (lambda: Shifted(8, 2, 9, "off"), "reset = 'off'"),
    (lambda: Clipped(8, 1, 9).step(np.array([128]), np.array([0])), "V reaches from 128 to 128.*-128 to 127"),
    (lambda: ODIN(1, 9).step(np.array([-1]), np.array([0])), "V reaches from -1 to -1.*0 to 255"),
    (lambda: Clipped(8, 1, 9).step(np.array([0.0]), np.array([0])), "V has dtype float64"),
    (lambda: Clipped(8, 1, 9).step(np.array([0]), np.array([0], np.uint64)), "I has dtype uint64"),
])
def test_impossible_neurons(make, named):
    with pytest.raises(DmpnetError, match=named) as error:
        make()
    assert "\n" not in str(error.value) and ";" in str(error.value)
