"""What is left of a membrane after one step without input, and how one kind of decay stands in for another.

    exponential   beta u                        one multiplication
    linear        sign(u) max(|u| - lam, 0)     one subtraction; toward 0 from both sides, never past it
    shift         u - u 2^-shift                one shift and one subtraction, as on digital chips

Linear decay as in Shang et al. 2026 (arXiv 2603.12739) in our reconstruction; it is a clipped subtraction once a step,
not a differential equation, which would chatter around 0. In floating point the shift is exact.
"""

import math

import numpy as np

from dmpnet.errors import DmpnetError

DECAYS = {
    "exponential": "beta*u",
    "linear": "int(u > lam)*(u - lam) + int(u < -lam)*(u + lam)",
    "shift": "u - leak*u",
}
"""Brian2 expression of each; leak = 2^-shift."""

CONSTANTS = {"exponential": "beta", "linear": "lam", "shift": "leak"}
"""The one constant each needs."""


def decayed(u: np.ndarray, decay: str, constant: float) -> np.ndarray:
    """Membranes u after one step of `decay` with its constant (CONSTANTS), in the arithmetic of u's dtype."""
    c = u.dtype.type(constant)
    if decay == "exponential":
        return c * u
    if decay == "shift":
        return u - c * u
    return np.where(u > c, u - c, np.where(u < -c, u + c, u.dtype.type(0)))


def slope_at_threshold(beta: float, theta_u: float = 1.0) -> float:
    """lam that leaks at threshold as much as exponential decay: (1 - beta) theta_u."""
    return (1 - _fraction(beta)) * theta_u


def least_squares(beta: float, theta_u: float = 1.0) -> float:
    """lam nearest to the exponential leak (1 - beta) u over u from 0 to threshold: (1 - beta) theta_u / 2."""
    return (1 - _fraction(beta)) * theta_u / 2


def equal_half_life(beta: float, theta_u: float = 1.0) -> float:
    """lam under which a membrane falls from threshold to half in the same time: (theta_u / 2) ln beta / ln 0.5."""
    if beta == 0:
        raise DmpnetError("decay: beta = 0 has no half-life, the membrane is gone in one step; use slope_at_threshold")
    return 0.5 * theta_u * math.log(_fraction(beta)) / math.log(0.5)


RULES = {"slope at threshold": slope_at_threshold, "least squares": least_squares, "equal half-life": equal_half_life}
"""Ways to choose lam for a given beta; the fourth is to learn it."""


def _fraction(beta: float) -> float:
    if not 0 <= beta < 1:
        raise DmpnetError(f"decay: beta = {beta}, but the kept fraction lies in [0, 1); use exp(-dt/tau)")
    return beta
