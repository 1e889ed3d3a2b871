"""In which coordinates is a slow memory held so that rounding it does least harm?

A chip holds any Abar. With m = T z the network says the same, from Tinv Abar T, Tinv Bbar and W_m T; but what rounding
z at every step adds to W_m m depends on T. With K the second moment of m and W the sum over lags n of
(Abar^n)' W_m' W_m Abar^n, both in coordinates z: dimension i spans sqrt(K_ii), and so does the error of rounding it,
whose square comes out W_ii times. The sum of K_ii W_ii is least, (sum sigma)^2 / d with sigma^2 the eigenvalues of K W,
where K equals W and its diagonal is even (Mullis and Roberts 1976; Hwang 1977).

A chip may have more slots than a memory has dimensions. Held in D slots, z = Q y with y as above and Q of d orthonormal
columns (a tight frame), a memory says the same too, from Q A Q', Q B and W Q'. Each slot spans sqrt(d/D) of what a
dimension spanned, and of the errors of D slots Q' keeps d parts in D: what rounding adds is d/D times as much.
"""

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from dmpnet.trained.slow_memory import SlowMemory

LEAST = 1e-6  # of the mean eigenvalue is added to all: directions that are never used


def moments(slow: SlowMemory, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """K and W (d, d) of the memory that went through m (B, T, d)."""
    z = m.reshape(-1, m.shape[2])
    return z.T @ z / len(z), solve_discrete_lyapunov(slow.Abar.T, slow.W_m.T.astype(float) @ slow.W_m)


def quiet(slow: SlowMemory, m: np.ndarray) -> np.ndarray:
    """T (d, d), m = T z, such that rounding z changes W_m m least, where m (B, T, d) is what the memory holds."""
    K, W = map(_full, moments(slow, m))
    root = np.linalg.cholesky(K)
    squares, axes = np.linalg.eigh(root.T @ W @ root)
    sigma = np.sqrt(squares)
    return root @ axes / np.sqrt(sigma) @ _even(np.diag(sigma))


def rotated(slow: SlowMemory, m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Abar, Bbar, W_m and m in the coordinates of `quiet`."""
    T = quiet(slow, m)
    return _seen_through(slow, m, T, np.linalg.inv(T))


def spread(slow: SlowMemory, m: np.ndarray, D: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Abar (D, D), Bbar, W_m and m of the memory held in D slots, D > d."""
    T, Q = quiet(slow, m), frame(D, slow.d)
    return _seen_through(slow, m, T @ Q.T, Q @ np.linalg.inv(T))


def frame(D: int, d: int) -> np.ndarray:
    """Q (D, d), orthonormal columns: waves round D places, and a constant where d is odd; rows as long as each other
    where d is even."""
    angle = 2 * np.pi * np.outer(np.arange(D), np.arange(1, d // 2 + 1)) / D
    waves = np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(D, -1) * np.sqrt(2 / D)
    return np.concatenate([waves, np.full((D, d % 2), D**-0.5)], axis=1)


def _seen_through(slow: SlowMemory, m: np.ndarray, T: np.ndarray,
                  back: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Abar, Bbar, W_m and m in coordinates z = back m, m = T z."""
    return back @ slow.Abar @ T, back @ slow.Bbar, slow.W_m @ T, m @ back.T


def _full(gram: np.ndarray) -> np.ndarray:
    """`gram` with a little of every direction."""
    return gram + (LEAST * np.trace(gram) / len(gram) or 1.0) * np.eye(len(gram))


def _even(gram: np.ndarray) -> np.ndarray:
    """Rotation Q that makes all of the diagonal of Q' gram Q equal: the smallest and the largest turned at a time."""
    d = len(gram)
    Q = np.eye(d)
    for _ in range(d - 1):
        now = Q.T @ gram @ Q
        low, high = np.diag(now).argmin(), np.diag(now).argmax()
        mean = np.trace(now) / d
        a, b, c = now[high, high] - mean, 2 * now[low, high], now[low, low] - mean
        if a - c < 1e-12 * mean:
            break
        t = (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)  # a > 0 > c: real
        turn = np.array([[1, -t], [t, 1]]) / np.hypot(1, t)
        Q[:, [low, high]] = Q[:, [low, high]] @ turn
    return Q
