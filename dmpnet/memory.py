"""The slow pathway: a Legendre delay memory, m[k] = Abar m[k-1] + Bbar x[k].

A scalar signal x enters; the d-vector m holds its last `theta` steps as coefficients of shifted Legendre
polynomials (Voelker, Kajic & Eliasmith 2019). Frozen, the same in every layer of a trained network.
"""

import numpy as np
from scipy.linalg import expm
from scipy.special import eval_legendre

from dmpnet.errors import DmpnetError


def continuous(d: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """A (d, d) and B (d,) of dm/dt = A m + B x, time in steps.

    A_ij = (2i+1)/theta * (-1 if i < j else (-1)^(i-j+1)),  B_i = (2i+1)/theta * (-1)^i
    """
    if d < 1 or d != int(d):
        raise DmpnetError(f"slow memory: d = {d}, but it counts dimensions, at least one; set d >= 1")
    if not 0 < theta < np.inf:
        raise DmpnetError(f"slow memory: theta = {theta} steps, but the window must be positive and finite; "
                          f"set theta > 0")
    i, j = np.ogrid[:d, :d]
    scale = (2 * np.arange(d) + 1) / theta
    a = np.where(i < j, -1.0, (-1.0) ** (i - j + 1))
    return scale[:, None] * a, scale * (-1.0) ** np.arange(d)


def discrete(d: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Abar (d, d) and Bbar (d,) by zero-order hold over one step.

    Abar = expm(A),  Bbar = A^-1 (Abar - I) B
    """
    a, b = continuous(d, theta)
    abar = expm(a)
    return abar, np.linalg.solve(a, (abar - np.eye(d)) @ b)


def impulse_response(abar: np.ndarray, bbar: np.ndarray, steps: int) -> np.ndarray:
    """H (steps, d), the memory's answer to a unit impulse at step 0: H[k] = Abar^k Bbar."""
    h = np.empty((steps, len(bbar)), dtype=bbar.dtype)
    m = bbar
    for k in range(steps):
        h[k] = m
        m = abar @ m
    return h


def recall(m: np.ndarray, delay: float, theta: float) -> np.ndarray:
    """The signal `delay` steps ago as the memory m (..., d) holds it, 0 <= delay <= theta.

    x(t - delay) ~ sum_i P_i(2 delay/theta - 1) m_i, P_i the Legendre polynomials
    """
    return m @ eval_legendre(np.arange(m.shape[-1]), 2.0 * delay / theta - 1.0)
