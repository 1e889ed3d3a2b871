"""Exponential decay, beta u: one multiplication."""

import numpy as np

from dmpnet.equations.decays import Decay


def left_whole(u, beta, shifted):
    """beta as a fraction over a power of two, as its word holds it."""
    fraction, one = beta.as_integer_ratio()
    return shifted(fraction * u, one.bit_length() - 1)


DECAY = Decay(
    "exponential", "beta", "beta*u",
    left=lambda u, beta: beta * u,
    slope=lambda u, beta: np.full_like(u, beta),
    by_constant=lambda u, beta: u,
    equation="du/dt = (I - u)/tau : {volt}", method="exact",
    left_whole=left_whole, kept_whole=lambda rounded: rounded("beta*u"),
    multiplies=True)
