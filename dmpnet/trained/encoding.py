"""How samples reach a trained network."""

from dataclasses import dataclass

import numpy as np

from dmpnet.arithmetic.words import WIDEST
from dmpnet.disk.headers import real, shown, whole
from dmpnet.errors import WeightsError
from dmpnet.trained.shapes import LONGEST


@dataclass(frozen=True)
class Encoding:
    """How samples reach the first layer.

    kind : 'analog' (a number per channel and step) or 'spikes' (0 or 1)
    channels, steps : M of the first layer and T the network was trained on
    dt : seconds a step stands for
    dataset : name in dmpnet.data
    permutation : order in which the pixels are read, (T,), or None
    levels : an analog value v is read as the whole number nearest to levels v, held in 0 to levels, by layers that
        compute in integers; 0: as it is
    """

    kind: str
    channels: int
    steps: int
    dt: float
    dataset: str = ""
    permutation: np.ndarray | None = None
    levels: int = 0

    def read(self, s_in: np.ndarray) -> np.ndarray:
        """s_in (B, T, M) as the first layer reads it; levels are taken in float64, whatever its dtype."""
        s_in = np.asarray(s_in)
        if not self.levels:
            return s_in
        return np.clip(np.rint(s_in.astype(np.float64) * self.levels), 0, self.levels)

    def check(self, origin: str) -> None:
        if self.kind not in ("analog", "spikes"):
            raise WeightsError(f"{origin}: input kind {self.kind!r}, but it is 'analog' or 'spikes'; set one")
        if not (whole(self.steps) and whole(self.channels)):
            raise WeightsError(f"{origin}: {shown(self.steps)} steps of {shown(self.channels)} channels, but both "
                               f"count something; set whole numbers")
        if not 1 <= self.steps <= LONGEST or not real(self.dt) or self.dt <= 0:
            raise WeightsError(f"{origin}: {self.steps} steps of {shown(self.dt)} s, but both must be positive, "
                               f"and steps at most {LONGEST}; set them")
        if not isinstance(self.dataset, str):
            raise WeightsError(f"{origin}: dataset = {self.dataset!r}, but it is a name in dmpnet.data, or '' for none "
                               f"of them; set one")
        levels = self.levels
        if not whole(levels) or not 0 <= levels < 1 << WIDEST:
            raise WeightsError(f"{origin}: input.levels = {shown(levels)}, but they are whole numbers, 0 for none, "
                               f"below 2^{WIDEST}; set one")
        order = self.permutation
        if order is not None and not (order.dtype.kind in "iu" and order.shape == (self.steps,)
                                      and (np.sort(order) == np.arange(self.steps)).all()):
            raise WeightsError(f"{origin}: input.permutation is not an ordering of the {self.steps} steps 0 to "
                               f"{self.steps - 1}; store the permutation used in training")
