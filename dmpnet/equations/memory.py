"""The slow pathway: a Legendre delay memory, m[k] = Abar m[k-1] + Bbar x[k].

A scalar signal x enters; the d-vector m holds its last `theta` steps as coefficients of shifted Legendre
polynomials (Voelker, Kajic & Eliasmith 2019). Frozen, the same in every layer of a trained network. `hierarchy` joins
several such blocks into one memory.
"""

from collections.abc import Sequence

import numpy as np

from dmpnet.errors import DmpnetError, one_of

FEEDS = ("parallel", "cascade")
ACTS = ("current", "threshold", "gain")
"""What W_m m is added to; dmpnet.equations.neurons has the equations."""
Blocks = Sequence[tuple[int, float]]


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
    return _held(*continuous(d, theta))


def _held(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zero-order hold of dm/dt = A m + B x over one step."""
    from scipy.linalg import expm  # here, because importing scipy takes time

    abar = expm(a)
    return abar, np.linalg.solve(a, (abar - np.eye(len(b))) @ b)


def hierarchy(blocks: Blocks, feed: str = "parallel") -> tuple[np.ndarray, np.ndarray]:
    """Abar (d, d) and Bbar (d,) of blocks ((d_1, theta_1), (d_2, theta_2), ...), d = sum d_i; m holds them in order.

    feed : 'parallel', every block hears x; or 'cascade', block i+1 hears x as it was theta_i steps before block i
        heard it: A_{i+1,i} = B_{i+1} 1^T, because P_j(1) = 1 for every Legendre polynomial

    A cascade is formed in continuous time and discretised as a whole, so no block lags another by a step.
    """
    from scipy.linalg import block_diag

    check_feed(feed)
    if not blocks:
        raise DmpnetError("slow memory: 0 blocks, but a hierarchy has at least one; give ((d, theta), ...)")
    if feed == "parallel" or len(blocks) == 1:
        separate = [discrete(d, theta) for d, theta in blocks]
        return block_diag(*(abar for abar, _ in separate)), np.concatenate([bbar for _, bbar in separate])
    pieces = [continuous(d, theta) for d, theta in blocks]
    a = block_diag(*(piece for piece, _ in pieces))
    b = np.zeros(len(a))
    b[:blocks[0][0]] = pieces[0][1]
    here = slices(blocks)
    for before, after, (_, enters) in zip(here, here[1:], pieces[1:], strict=False):
        a[after, before] = enters[:, None]
    abar, bbar = _held(a, b)
    for rows in here:
        abar[rows, rows.stop:] = 0  # exactly, not to rounding: no later block reaches an earlier one
    return abar, bbar


def slices(blocks: Blocks) -> list[slice]:
    """Where each block lies in m."""
    ends = np.cumsum([0, *(d for d, _ in blocks)])
    return [slice(int(start), int(stop)) for start, stop in zip(ends, ends[1:], strict=False)]


def window(blocks: Blocks, feed: str = "parallel") -> float:
    """Steps back that the whole memory reaches: the longest of parallel blocks, all of a cascade one after another."""
    check_feed(feed)
    return float((max if feed == "parallel" else sum)(theta for _, theta in blocks))


def check_feed(feed: str) -> None:
    """Raise DmpnetError unless `feed` is one of FEEDS."""
    if feed not in FEEDS:
        raise DmpnetError(one_of("slow memory: feed", feed, FEEDS))


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
    from scipy.special import eval_legendre

    return m @ eval_legendre(np.arange(m.shape[-1]), 2.0 * delay / theta - 1.0)
