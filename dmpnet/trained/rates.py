"""How near the rates of one network are to what they stand for in another: the question of every conversion."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Agreement:
    """Of values `got` with values `want`, over any number of pieces.

    correlation : Pearson's, over units and samples; nan where one of them is constant
    error : |got - want| / |want|, Euclidean
    """

    def __init__(self) -> None:
        self.n = 0
        self.sums = np.zeros(5)  # of got, want, got^2, want^2, got want
        self.apart = 0.0

    def add(self, got: np.ndarray, want: np.ndarray) -> None:
        """One more piece, arrays of one shape."""
        got, want = np.asarray(got, float).ravel(), np.asarray(want, float).ravel()
        self.n += got.size
        self.sums += got.sum(), want.sum(), got @ got, want @ want, got @ want
        self.apart += float(np.square(got - want).sum())

    @property
    def correlation(self) -> float:
        a, b, aa, bb, ab = self.sums / max(self.n, 1)
        spread = (aa - a * a) * (bb - b * b)
        return float((ab - a * b) / spread**0.5) if spread > 1e-24 * aa * bb else float("nan")

    @property
    def error(self) -> float:
        return float((self.apart / self.sums[3]) ** 0.5) if self.sums[3] > 0 else float("nan")


def layers(got: Sequence[np.ndarray], want: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    """Rates (B, N) of every layer of two networks of one shape, a row a layer: mean rates, correlation, error, and how
    far the neurons' rates have moved as a whole (Earth Mover's Distance, in points: whichever neuron has them)."""
    from scipy.stats import wasserstein_distance  # SciPy's statistics take a second to import

    rows = []
    for number, (a, b) in enumerate(zip(got, want, strict=True), 1):
        found = Agreement()
        found.add(a, b)
        rows.append({"layer": number, "neurons": a.shape[1], "rate %": 100 * float(b.mean()),
                     "constrained rate %": 100 * float(a.mean()), "correlation": found.correlation,
                     "error %": 100 * found.error,
                     "moved": 100 * float(wasserstein_distance(a.mean(0), b.mean(0)))})
    return rows
