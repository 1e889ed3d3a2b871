"""The layer's equations in continuous time against the step that training takes: exactly equal, or with what order."""

import numpy as np
import pytest
from brian2 import BrianObjectException, DimensionMismatchError, Network, NeuronGroup, ms, mV, second, volt
from brian2.stateupdaters.base import UnsupportedEquationsException
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.equations import layer, memory
from dmpnet.equations.decay import decayed
from dmpnet.plasticity.protocols import brian2_on

EPS = np.finfo(float).eps
TAU = 0.02
rng = np.random.default_rng(0)
U, I = rng.normal(0, 0.02, (2, 400))  # volt


def step(decay, dt, u=U, held=I, steps=1, method=None, **constants):
    """u after steps of dt seconds by Brian2 from the equation of u, I held."""
    equation, exact = layer.MEMBRANES[decay]
    with brian2_on("numpy", dt):
        group = NeuronGroup(len(u), equation.format(volt="volt") + "\nI : volt", method=method or exact,
                            namespace={"tau": TAU * second} | {key: value for key, value in constants.items()
                                                               if key != "leak"})
        group.u_, group.I_ = u, held
        if "leak" in constants:
            group.leak = constants["leak"]
        Network(group).run(steps * dt * second, namespace={})
        return np.array(group.u_)


def order(errors):
    """Orders of convergence when a step is halved each time."""
    return np.log2(np.array(errors[:-1]) / errors[1:])


@settings(max_examples=10)
@given(st.floats(1e-5, 2e-2))
def test_exponential_decay_is_beta_exactly(dt):
    beta = np.exp(-dt / TAU)
    want = decayed(U, "exponential", beta) + (1 - beta) * I
    assert np.abs(step("exponential", dt) - want).max() <= 8 * EPS * np.abs([U, I]).max()
    assert np.abs(want - U).max() > 1e-3 * dt / TAU * np.abs(U).max()


@settings(max_examples=10)
@given(st.floats(1e-5, 5e-3), st.floats(0.1, 5))
def test_linear_decay_is_a_clipped_subtraction(dt, lam):
    want = decayed(U, "linear", lam * dt) + I * dt / TAU
    assert np.abs(step("linear", dt, lam=lam * volt / second) - want).max() <= 8 * EPS * np.abs([U, I]).max()


@pytest.mark.parametrize("shift", [1, 3, 6])
def test_shift_decay_is_eulers_step_of_the_exponential(shift):
    leak = 2.0**-shift
    want = decayed(U, "shift", leak) + leak * I
    assert np.abs(step("shift", 1e-3, leak=leak) - want).max() <= 8 * EPS * np.abs([U, I]).max()
    by_euler = step("exponential", TAU * leak, method="euler")  # dt/tau = 2^-shift
    assert np.abs(by_euler - want).max() <= 8 * EPS * np.abs([U, I]).max()


def test_a_subtraction_that_is_not_clipped_chatters():
    """-lam sign(u) by Euler ends within lam dt of 0 on either side, the clipped one at 0."""
    dt, lam, steps = 1e-3, 1.0, 100
    with brian2_on("numpy", dt):
        chatters = NeuronGroup(len(U), "du/dt = -lam*sign(u) : volt", method="euler",
                               namespace={"lam": lam * volt / second})
        chatters.u_ = U
        Network(chatters).run(steps * dt * second, namespace={})
        left = np.abs(np.array(chatters.u_))
    assert 0.5 * lam * dt < left.max() <= lam * dt * (1 + 1e-9)
    at_rest = step("linear", dt, held=np.zeros_like(U), steps=steps, lam=lam * volt / second)
    assert np.abs(at_rest).max() <= EPS * np.abs(U).max()


def test_linear_decay_in_continuous_time_loses_nothing_by_the_step():
    """Where u keeps its sign, a held I and lam are integrated exactly: any dt gives u + T (I/tau - lam sign u)."""
    T, lam = 4e-3, 0.5
    keeps = np.abs(U) > T * (np.abs(I) / TAU + lam)
    want = U + T * (I / TAU - lam * np.sign(U))
    assert keeps.sum() > 50
    for steps in (1, 4, 16):
        got = step("linear", T / steps, steps=steps, lam=lam * volt / second)
        assert np.abs(got - want)[keeps].max() < 1e-15


@pytest.mark.parametrize("method, expected", [("euler", 1), ("rk2", 2), ("rk4", 4)])
def test_other_methods_converge_to_beta_with_their_order(method, expected):
    beta = np.exp(-1)
    want = beta * U + (1 - beta) * I
    errors = [np.abs(step("exponential", TAU / n, steps=n, method=method) - want).max() for n in (8, 16, 32, 64)]
    assert order(errors) == pytest.approx(expected, abs=0.12)


# the slow memory


def remembered(d, window, x, dt, steps, method, start=None):
    """m (d,) after steps of dt seconds by Brian2 from dm/dt = A m + B x written out, x held."""
    with brian2_on("numpy", dt):
        group = NeuronGroup(1, layer.written_out(d) + "\nx : 1", method=method, namespace={"window": window * second})
        group.x = x
        for i, value in enumerate(np.zeros(d) if start is None else start):
            setattr(group, f"m{i}", value)
        Network(group).run(steps * dt * second, namespace={})
        return np.array([getattr(group, f"m{i}")[0] for i in range(d)])


def test_written_out_equations_are_those_of_voelker():
    assert layer.written_out(2) == ("dm0/dt = (-1*m0 -1*m1 +1*x)/window : 1\n"
                                    "dm1/dt = (+3*m0 -3*m1 -3*x)/window : 1")


def test_exact_integration_is_the_zero_order_hold():
    abar, bbar = memory.discrete(1, 50)
    assert remembered(1, 0.05, 0.7, 1e-3, 1, "exact", [0.3]) == pytest.approx(0.3 * abar[0] + 0.7 * bbar, rel=1e-14)


@pytest.mark.parametrize("d", [2, 5])
def test_exact_integration_is_refused_from_two_dimensions_on(d):
    """Their eigenvalues are complex, which Brian2 does not take; from five on there is no closed form."""
    with pytest.raises(BrianObjectException) as refused:
        remembered(d, 0.05, 1.0, 1e-3, 1, "exact")
    assert isinstance(refused.value.__cause__, UnsupportedEquationsException | NotImplementedError)


@pytest.mark.parametrize("d", [3, 6])
@pytest.mark.parametrize("method, expected", [("euler", 1), ("rk4", 4)])
def test_the_memory_converges_to_its_exact_step(d, method, expected):
    """Abar, Bbar over a tenth of the window in one step, and Brian2's methods in n."""
    window, T = 0.1, 0.01
    abar, bbar = memory.discrete(d, window / T)
    m = rng.normal(size=d)
    want = abar @ m + bbar * 0.7
    errors = [np.abs(remembered(d, window, 0.7, T / n, n, method, m) - want).max() for n in (16, 32, 64)]
    assert order(errors) == pytest.approx(expected, abs=0.25)


def test_a_spike_adds_whole_numbers_to_the_memory():
    """An impulse of n = window/dt for a step adds (2i+1)(-1)^i as dt falls; what follows is expm(A t) of it."""
    d, window = 6, 0.1
    kick = (2 * np.arange(d) + 1) * (-1.0) ** np.arange(d)
    later = remembered(d, window, 0.0, 1e-4, 300, "rk4", kick)
    jumps, answers = [], []
    for dt in (2e-3, 1e-3, 5e-4):
        abar, bbar = memory.discrete(d, window / dt)
        heard = memory.impulse_response(abar, bbar * window / dt, round(0.03 / dt) + 1)
        jumps.append(np.abs(heard[0] - kick).max())
        answers.append(np.abs(heard[-1] - later).max())
    assert order(jumps) == pytest.approx(1, abs=0.15)
    assert order(answers) == pytest.approx(1, abs=0.15)


def test_the_delay_is_the_window_whatever_the_step():
    """The signal half a window ago, read from m: off by what d dimensions cannot hold and half a step."""
    window, delay = 0.1, 0.05

    def off(d, dt):
        abar, bbar = memory.discrete(d, window / dt)
        t = np.arange(round(0.6 / dt)) * dt
        m, errors = np.zeros(d), []
        for now in t:
            m = abar @ m + bbar * np.sin(2 * np.pi * 5 * now)  # held from now to now + dt
            errors.append(memory.recall(m, delay, window) - np.sin(2 * np.pi * 5 * (now + dt - delay)))
        return np.abs(errors[len(t) // 2:]).max()

    fine = [off(10, dt) for dt in (4e-3, 2e-3, 1e-3)]
    assert order(fine) == pytest.approx(1, abs=0.1)
    assert off(1, 1e-3) > 0.3 > 0.03 > off(10, 1e-3)


def test_units_are_those_written_beside_the_equations():
    """Brian2 checks units: with lam in volt a second it runs, in volt it does not."""
    assert np.isfinite(step("linear", 1e-3, lam=1 * mV / ms)).all()
    with pytest.raises(BrianObjectException) as refused:
        step("linear", 1e-3, lam=1 * mV)
    assert isinstance(refused.value.__cause__, DimensionMismatchError)
