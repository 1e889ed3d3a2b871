"""Decay of the membrane: closed forms, limits, the rules that choose lam, the Brian2 expressions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from dmpnet.equations import decay
from dmpnet.equations.neurons import UPDATES, Neuron
from dmpnet.errors import DmpnetError

membranes = st.floats(-20, 20, allow_subnormal=False)
fractions = st.floats(0.01, 0.99)


@given(membranes, st.floats(0, 5))
def test_linear_decay_goes_toward_zero_and_never_past_it(u, lam):
    left = float(decay.decayed(np.array([u]), "linear", lam)[0])
    assert left == math.copysign(max(abs(u) - lam, 0), u) or left == 0 == max(abs(u) - lam, 0)
    assert left * u >= 0 and abs(left) <= abs(u)


@given(membranes, st.integers(1, 12))
def test_shift_decay_is_exponential_with_that_fraction(u, shift):
    left = float(decay.decayed(np.array([u]), "shift", 2.0**-shift)[0])
    assert left == pytest.approx((1 - 2.0**-shift) * u, rel=1e-15, abs=1e-300)


def test_a_membrane_alone_falls_as_the_closed_forms_say():
    """From 1: beta^k; 1 - k lam until 0; (1 - 2^-shift)^k."""
    u = {"exponential": np.ones(1), "linear": np.ones(1), "shift": np.ones(1)}
    for k in range(1, 30):
        u = {name: decay.decayed(left, name, {"exponential": 0.9, "linear": 0.0625, "shift": 0.125}[name])
             for name, left in u.items()}
        assert u["exponential"][0] == pytest.approx(0.9**k)
        assert u["linear"][0] == max(1 - k / 16, 0)  # sixteenths are exact
        assert u["shift"][0] == pytest.approx(0.875**k)


@given(fractions, st.floats(0.1, 100))
def test_slope_rule_leaks_the_same_at_threshold(beta, theta_u):
    lam = decay.slope_at_threshold(beta, theta_u)
    assert theta_u - lam == pytest.approx(beta * theta_u)


@pytest.mark.parametrize("beta", [0.5, 0.8, 0.95])
def test_least_squares_rule_minimises_the_difference_of_the_leaks(beta):
    def off(lam):
        return quad(lambda u: ((1 - beta) * u - lam) ** 2, 0, 2.0)[0]

    best = minimize_scalar(off, bounds=(0, 2), method="bounded").x
    assert decay.least_squares(beta, 2.0) == pytest.approx(best, rel=1e-4)


@given(fractions, st.floats(0.1, 100))
def test_half_life_rule_takes_as_long_to_half(beta, theta_u):
    steps = math.log(0.5) / math.log(beta)  # beta^steps = 1/2
    assert theta_u - steps * decay.equal_half_life(beta, theta_u) == pytest.approx(theta_u / 2)


def test_rules_give_the_documented_numbers():
    """ldlif.md, theta = 1: beta 0.8, 0.9, 0.95."""
    got = {name: [rule(beta) for beta in (0.8, 0.9, 0.95)] for name, rule in decay.RULES.items()}
    np.testing.assert_allclose(got["slope at threshold"], [0.200, 0.100, 0.050], atol=5e-4)
    np.testing.assert_allclose(got["least squares"], [0.100, 0.050, 0.025], atol=5e-4)
    np.testing.assert_allclose(got["equal half-life"], [0.161, 0.076, 0.037], atol=5e-4)


@pytest.mark.parametrize("rule", decay.RULES.values(), ids=decay.RULES)
def test_rules_refuse_what_is_no_fraction(rule):
    for beta in (-0.1, 1.0, 2.0, float("nan")):
        with pytest.raises(DmpnetError, match="beta = "):
            rule(beta)


@given(membranes, membranes, st.sampled_from([Neuron(decay="linear", lam=0.3), Neuron(decay="shift", shift=3),
                                               Neuron(beta=0.7, g=0.3)]))
def test_brian2_expressions_are_the_same_step(u, I, neuron):
    scope = {"u": u, "I": I, "g": neuron.g, decay.CONSTANTS[neuron.decay]: neuron.constant}
    exec(UPDATES[neuron.decay], scope)
    assert scope["u"] == decay.decayed(np.array([u]), neuron.decay, neuron.constant)[0] + neuron.g * I


@pytest.mark.parametrize("name", decay.DECAYS)
def test_derivatives_are_those_of_the_step(name):
    """By central differences, away from the kinks of a linear decay."""
    found, c, e = decay.BY_NAME[name], 0.25, 1e-6
    u = np.linspace(-2, 2, 82)
    assert np.abs(np.abs(u) - c).min() > 10 * e and np.abs(u).min() > 10 * e
    np.testing.assert_allclose(found.slope(u, c), (found.left(u + e, c) - found.left(u - e, c)) / (2 * e), atol=1e-8)
    if found.by_constant is not None:
        np.testing.assert_allclose(found.by_constant(u, c), (found.left(u, c + e) - found.left(u, c - e)) / (2 * e),
                                   atol=1e-8)
        assert np.abs(found.by_constant(u, c)).max() > 0.5


@pytest.mark.parametrize("name, c", [("exponential", 205 / 256), ("linear", 37.0), ("shift", 2.0**-3)])
def test_integer_forms_say_the_same_in_numpy_and_in_brian2(name, c):
    """One computed, one Brian2 code, here in exact fractions; both round down."""
    found, u = decay.BY_NAME[name], np.r_[-2**15, -400:401, 2**15 - 1]
    code = found.kept_whole(lambda text: f"floor({text})")
    want = [eval(code, {"u": Fraction(int(each)), found.constant: Fraction(c), "floor": math.floor, "int": int})
            for each in u]
    assert found.left_whole(u, c, lambda total, bits: total >> bits).tolist() == want


def test_a_neuron_holds_c_for_other_decays_alone():
    assert [Neuron(decay=name, c=0.3).c for name in ("exponential", "linear", "shift")] == [None] * 3
    assert Neuron(0.7, lam=0.2, shift=3).constants == {"beta": 0.7, "lam": 0.2, "leak": 0.125}
