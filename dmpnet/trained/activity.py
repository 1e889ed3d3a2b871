"""What a run of a network leaves behind, and how two runs are held against each other."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Activity:
    """One run of B samples over T steps; list entries are layers, first to last.

    logits : (B, C) float64, the readout averaged over steps; (B, T, C), `smoothed`, of a network that classifies
        every step
    spikes : list of (B, T, N) bool, or empty if not recorded; of neurons that emit values where these are above 0
    rates : list of (N,) float64, fraction of steps with a spike, mean over samples
    counts : list of (B, N) int64, spikes of each neuron in each sample
    u : list of (B, T, N), membranes after the reset of each step, if recorded
    m : list of (B, T, d) or None for a layer without slow memory, if recorded
    x : list of (B, T, 1) or None for a layer without slow memory, if recorded
    readout : (B, T, C), W_o s_last[k] + b_o step by step, if recorded
    margin : smallest distance of any membrane from its threshold (as lowered by the slow memory, where that acts on
        it) before the reset, over the run (reference only)
    """

    logits: np.ndarray
    rates: list[np.ndarray]
    counts: list[np.ndarray] = field(default_factory=list)
    spikes: list[np.ndarray] = field(default_factory=list)
    u: list[np.ndarray] = field(default_factory=list)
    m: list[np.ndarray | None] = field(default_factory=list)
    x: list[np.ndarray | None] = field(default_factory=list)
    readout: np.ndarray | None = None
    margin: float = np.nan

    @property
    def predictions(self) -> np.ndarray:
        """(B,) class with the largest logit; (B, T) of a network that classifies every step."""
        return self.logits.argmax(axis=-1)


def smoothed(readout: np.ndarray, kappa: float) -> np.ndarray:
    """ybar (B, T, C) of y = readout (B, T, C): ybar[k] = kappa ybar[k-1] + (1 - kappa) y[k], ybar[-1] = 0."""
    ybar = (1 - kappa) * readout
    for k in range(1, readout.shape[1]):
        ybar[:, k] += kappa * ybar[:, k - 1]
    return ybar


def mismatches(got: Activity, want: Activity) -> list[tuple[int, int]]:
    """Per layer (places compared, places that differ): a place is one neuron, step and sample."""
    return [(a.size, int((a != b).sum())) for a, b in zip(got.spikes, want.spikes, strict=True)]
