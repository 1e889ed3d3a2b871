"""One layer in real numbers, step by step, written from the equations of dmpnet.equations.neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.equations.decay import decayed
from dmpnet.reference.axons import Axons

if TYPE_CHECKING:
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.network import TrainedNetwork


class RealLayer:
    """Membranes, slow memory, axons and last spikes of one layer for B samples of T steps, at rest."""

    def __init__(self, layer: Layer, batch: int, steps: int, dtype: type):
        def cast(array):
            return np.asarray(array, dtype)

        self.neuron, slow = layer.neuron, layer.slow
        self.acts = layer.acts
        self.constant, self.g = cast(layer.constant), cast(layer.g)
        self.W_f, self.b_f = cast(layer.W_f).T, cast(layer.b_f)
        self.W_r = cast(layer.W_r).T if layer.W_r is not None else None
        self.axons = Axons(layer.delay, batch, steps, dtype) if layer.delay is not None else None
        self.u = np.zeros((batch, layer.N), dtype)
        self.s = np.zeros((batch, layer.N), dtype)
        self.w: Any = None
        if layer.adaptation is not None:
            self.rho_w, self.a_w, self.b_w = (cast(array) for _, array in layer.adaptation.arrays())
            self.w = np.zeros((batch, layer.N), dtype)
        self.m: Any = None
        self.x: Any = None
        self.I_m: Any = None
        if slow:
            self.nu = cast(slow.nu) if slow.nu is not None else None
            self.w_x, self.b_x, self.W_m, self.b_m = (cast(a) for a in (slow.w_x, slow.b_x, slow.W_m.T, slow.b_m))
            self.Abar, self.Bbar, self.d_s = cast(slow.Abar).T, cast(slow.Bbar), slow.d_s
            self.m = np.zeros((batch, slow.d), dtype)
            if self.acts == "current":
                self.b_f = self.b_f + self.b_m

    def step(self, k: int, s_in: np.ndarray) -> float:
        """Advance by one step on s_in (B, M); returns how close a membrane came to its threshold."""
        if self.axons is not None:
            s_in = self.axons.step(k, s_in)
        theta_u = self.neuron.theta_u
        if self.m is not None:
            self._remember(k, s_in)
        I = s_in @ self.W_f
        if self.acts == "gain":
            I *= 1 + (self.I_m + self.b_m)
        I += self.b_f
        if self.W_r is not None:
            I += self.s @ self.W_r
        if self.m is not None and self.acts == "current":
            I += self.I_m
        if self.w is not None:
            I -= self.w
        self.u = decayed(self.u, self.neuron.decay, self.constant) + self.g * I
        if self.neuron.floor is not None:
            self.u = np.maximum(self.u, self.u.dtype.type(self.neuron.floor))
        level = theta_u - (self.I_m + self.b_m) if self.acts == "threshold" else theta_u
        fired = self.u >= level
        margin = np.abs(self.u - level).min()
        self.s = fired.astype(self.u.dtype)
        self.u = np.where(fired, 0 if self.neuron.reset == "hard" else self.u - theta_u, self.u)
        if self.w is not None:
            self.w = self.rho_w * self.w + (1 - self.rho_w) * (self.a_w * self.u + self.b_w * self.s)
        return float(margin)

    def _remember(self, k: int, s_in: np.ndarray) -> None:
        before = self.m
        self.x = np.maximum(s_in @ self.w_x + self.b_x, 0)[:, None]
        self.m = self.m @ self.Abar + self.x * self.Bbar
        if k % self.d_s == 0:
            self.I_m = self.m @ self.W_m if self.nu is None else before @ self.W_m + self.x * self.nu


class RealReadout:
    """y = W_o s + b_o in real numbers."""

    def __init__(self, network: TrainedNetwork, dtype: type):
        self.W_o, self.b_o = np.asarray(network.W_o, dtype).T, np.asarray(network.b_o, dtype)

    def step(self, s: np.ndarray) -> np.ndarray:
        """y (B, C) of the last layer's spikes s (B, N)."""
        return s @ self.W_o + self.b_o

    def mean(self, total: np.ndarray, steps: int) -> np.ndarray:
        """Mean of y over the steps, (B, C), from how often each neuron fired, or the sum of its values, (B, N)."""
        return (total.astype(self.W_o.dtype) / steps) @ self.W_o + self.b_o
