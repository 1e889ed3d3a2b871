"""What a layer's adaptation is made of (its equations: dmpnet.equations.adaptation)."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from dmpnet.errors import WeightsError
from dmpnet.trained.shapes import fits


@dataclass(frozen=True)
class Adaptation:
    """Constants of one layer's adaptation, one a neuron (N,), per step.

    rho_w : what is kept of w, in [0, 1);  a_w : how much w follows u;  b_w : by how much a spike moves it
    """

    rho_w: np.ndarray
    a_w: np.ndarray
    b_w: np.ndarray

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Its arrays, by the names that follow 'layer1.' in a weights file."""
        for name in ADAPTATION_ARRAYS:
            yield name, getattr(self, name)

    def check(self, origin: str, name: str, neurons: int) -> None:
        """Raise WeightsError for the first of its arrays that does not fit a layer of so many neurons."""
        for key, array in self.arrays():
            fits(origin, f"{name}.{key}", array, (neurons,))
        if not ((self.rho_w >= 0) & (self.rho_w < 1)).all():
            raise WeightsError(f"{origin}: {name}.rho_w is from {self.rho_w.min():g} to {self.rho_w.max():g}, but the "
                               f"kept fraction lies in [0, 1); use exp(-dt/tau_w)")


ADAPTATION_ARRAYS = tuple(each.name for each in fields(Adaptation))
