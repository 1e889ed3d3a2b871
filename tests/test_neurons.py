"""Neuron constants: the published sets, and what is refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.equations.neurons import PUBLISHED_CODE, RESETS, RTL, THRESHOLD, UPDATES, Neuron
from dmpnet.errors import DmpnetError


def test_published_sets():
    """dmp.md: u = 0.5 u + 0.5 I, threshold 1, hard reset; hardware: 230/256, threshold 512, subtraction."""
    assert dataclasses.astuple(PUBLISHED_CODE)[:5] == (0.5, 0.5, 1.0, "hard", "exponential")
    assert dataclasses.astuple(RTL)[:5] == (0.8984375, 1.0, 512.0, "soft", "exponential")
    assert PUBLISHED_CODE == Neuron()


@given(st.floats(0, 1, exclude_max=True), st.floats(-10, 10), st.floats(-10, 10), st.floats(0.1, 1e4))
def test_equation_strings_are_the_documented_step(beta, u, I, theta_u):
    """The strings, executed as Python, give beta u + g I, a spike at the threshold itself, and both resets."""
    scope = {"beta": beta, "g": 0.75, "u": u, "I": I, "theta_u": theta_u}
    exec(UPDATES["exponential"], scope)
    assert scope["u"] == beta * u + 0.75 * I
    for distance, fires in ((0, True), (-theta_u / 8, False), (theta_u / 8, True)):
        assert eval(THRESHOLD, {"u": theta_u + distance, "theta_u": theta_u}) is fires
    for reset, left in (("hard", 0), ("soft", 1.5)):
        after = {"u": theta_u + 1.5, "theta_u": theta_u}
        exec(RESETS[reset], after)
        assert after["u"] == pytest.approx(left)


@pytest.mark.parametrize("wrong, named", [
    ({"beta": 1.0}, "beta = 1.0"), ({"beta": -0.1}, "beta = -0.1"), ({"beta": float("nan")}, "beta = nan"),
    ({"g": float("inf")}, "g = inf"), ({"g": float("nan")}, "g = nan"),
    ({"theta_u": 0.0}, "theta_u = 0.0"), ({"theta_u": -1.0}, "theta_u = -1.0"),
    ({"theta_u": float("nan")}, "theta_u = nan"), ({"theta_u": float("inf")}, "theta_u = inf"),
    ({"reset": "none"}, "reset = 'none'"), ({"beta": "half"}, "beta = 'half'"), ({"theta_u": None}, "theta_u = None"),
    ({"reset": ["hard"]}, r"reset = \['hard'\]"), ({"decay": "slow"}, "decay = 'slow'"), ({"lam": -0.1}, "lam = -0.1"),
    ({"lam": 1.5}, "lam = 1.5, .* theta_u = 1.0"), ({"lam": float("nan")}, "lam = nan"), ({"shift": 0}, "shift = 0"),
    ({"shift": 1.5}, "shift = 1.5"), ({"shift": True}, "shift = True"),
])
def test_impossible_constants(wrong, named):
    with pytest.raises(DmpnetError, match=named) as error:
        Neuron(**wrong)
    assert "\n" not in str(error.value)


def test_constants_are_plain_numbers():
    """NumPy scalars would change the arithmetic's dtype and cannot be written to a file's header."""
    neuron = Neuron(beta=np.exp(np.float32(-0.1)), g=np.float64(1), theta_u=np.int64(2))
    kinds = [type(value) for value in dataclasses.astuple(neuron)]
    assert kinds == [float, float, float, str, str, float, int, type(None), type(None)]
    assert type(Neuron(floor=np.int64(-1)).floor) is float
