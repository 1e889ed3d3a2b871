"""Axonal delays in the reference, of real numbers and of whole ones."""

import numpy as np


class Axons:
    """The inputs of one layer under way, for B samples: what each channel sent in the last steps."""

    def __init__(self, delay: np.ndarray, batch: int, steps: int, dtype: type):
        self.delay = np.minimum(delay, steps).astype(np.int64)  # later than the last step: never
        self.channel = np.arange(len(delay))
        self.sent = np.zeros((self.delay.max() + 1, batch, len(delay)), dtype)

    def step(self, k: int, s_in: np.ndarray) -> np.ndarray:
        """What arrives in step k (B, M), s_in_j[k - delay_j], when s_in (B, M) is sent."""
        self.sent[k % len(self.sent)] = s_in
        return self.sent[(k - self.delay) % len(self.sent), :, self.channel].T
