"""What the modes of a layer's neurons are made of (their equations: dmpnet.equations.modes)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dmpnet.disk.headers import shown
from dmpnet.equations.modes import EMITS
from dmpnet.errors import WeightsError
from dmpnet.trained.shapes import fits


@dataclass(frozen=True)
class Modes:
    """Constants of n modes of each of a layer's neurons, (N, n) each, per step; what the neurons emit.

    r : what is kept of a mode, in [0, 1);  phi : by how much it turns, in [-pi, pi]
    B_re, B_im : what the current adds to it; B_im None where B is real
    emits : 'reset', 'spikes' or 'values' (dmpnet.equations.modes)
    """

    r: np.ndarray
    phi: np.ndarray
    B_re: np.ndarray
    B_im: np.ndarray | None = None
    emits: str = "reset"

    @property
    def n(self) -> int:
        """Modes of a neuron."""
        return self.r.shape[1]

    def called(self, reset: str) -> str:
        """What a network of such layers is called, whose neurons have this reset."""
        silif = "C-SiLIF" if self.n == 1 and self.B_im is None and reset == "soft" else "SSM with reset"
        return {"reset": silif, "spikes": "spiking SSM", "values": "SSM"}[self.emits]

    def constants(self) -> dict[str, np.ndarray]:
        """What a step multiplies by: c = r cos phi, d = r sin phi, B_re, B_im, float64 (N, n)."""
        r, phi, B_re = (np.asarray(array, float) for array in (self.r, self.phi, self.B_re))
        B_im = np.zeros_like(B_re) if self.B_im is None else np.asarray(self.B_im, float)
        return {"c": r * np.cos(phi), "d": r * np.sin(phi), "B_re": B_re, "B_im": B_im}

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Its arrays, by the names that follow 'layer1.' in a weights file."""
        for name in MODE_ARRAYS:
            array = getattr(self, name)
            if array is not None:
                yield name, array

    def check(self, origin: str, name: str, neurons: int) -> None:
        """Raise WeightsError for the first of its arrays that does not fit a layer of so many neurons."""
        n = self.r.shape[1] if self.r.ndim == 2 else 1
        for key, array in self.arrays():
            fits(origin, f"{name}.{key}", array, (neurons, n))
        if not ((self.r >= 0) & (self.r < 1)).all():
            raise WeightsError(f"{origin}: {name}.r is from {self.r.min():g} to {self.r.max():g}, but what a mode "
                               f"keeps lies in [0, 1); use exp(-dt/tau)")
        if np.abs(self.phi).max() > np.pi + 1e-6:  # pi itself in float32 is more than pi
            raise WeightsError(f"{origin}: {name}.phi is from {self.phi.min():g} to {self.phi.max():g}, but a mode "
                               f"turns by at most pi a step, more is less the other way; add or take away 2 pi")
        if self.emits not in EMITS:
            raise WeightsError(f"{origin}: {name}.emits = {shown(self.emits)}, but it is one of {', '.join(EMITS)}; "
                               f"choose one")


MODE_ARRAYS = ("r", "phi", "B_re", "B_im")
