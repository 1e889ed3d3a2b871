"""What is left of a membrane after one step without input, and how one kind of decay stands in for another.

    exponential   beta u                        one multiplication
    linear        sign(u) max(|u| - lam, 0)     one subtraction; toward 0 from both sides, never past it
    shift         u - u 2^-shift                one shift and one subtraction, as on digital chips

Each is a file of dmpnet.equations.decays, found by being there; so are others.
"""

import importlib
import math
import pkgutil

import numpy as np

from dmpnet.equations import decays
from dmpnet.equations.decays import Decay
from dmpnet.errors import DmpnetError

FILES = sorted(file.name for file in pkgutil.iter_modules(decays.__path__))
BY_NAME: dict[str, Decay] = {found.name: found for found in (
    importlib.import_module(f"{decays.__name__}.{file}").DECAY for file in FILES)}
DECAYS = {name: decay.kept for name, decay in BY_NAME.items()}
"""Brian2 expression of each; leak = 2^-shift."""

FLOORED = "{0} = int({0} >= lowest)*{0} + int({0} < lowest)*lowest"
"""Brian2 line that stops a membrane, u or v, at its floor; lowest, as `floor` is a function of Brian2."""

CONSTANTS = {name: decay.constant for name, decay in BY_NAME.items()}
"""The one constant each needs."""

WHOLE = tuple(name for name, decay in BY_NAME.items() if decay.left_whole)
"""Those that chips can have."""


def decayed(u: np.ndarray, decay: str, constant: float | np.ndarray) -> np.ndarray:
    """Membranes u after one step of `decay` with its constant (CONSTANTS), one or one each, in u's dtype."""
    return BY_NAME[decay].left(u, u.dtype.type(constant))


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
