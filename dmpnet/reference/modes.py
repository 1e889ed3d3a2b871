"""One layer whose neurons have modes, step by step, written from the equations of dmpnet.equations.modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.modes import Modes


class ModeLayer:
    """Modes, membranes and what was last emitted of one layer for B samples, at rest."""

    def __init__(self, layer: Layer, modes: Modes, batch: int, dtype: type):
        def cast(array):
            return np.asarray(array, dtype)

        self.n, self.emits, self.neuron = modes.n, modes.emits, layer.neuron
        self.W_f, self.b_f = cast(layer.W_f).T, cast(layer.b_f)
        self.c, self.d, self.B_re, self.B_im = (cast(array).T for array in modes.constants().values())
        self.re, self.im = ([np.zeros((batch, layer.N), dtype) for _ in range(self.n)] for _ in range(2))
        self.u = np.zeros((batch, layer.N), dtype)
        self.s = np.zeros((batch, layer.N), dtype)
        self.m: Any = None
        self.x: Any = None

    def step(self, k: int, s_in: np.ndarray) -> float:
        """Advance by one step on s_in (B, M); returns how close a membrane came to its threshold."""
        I = s_in @ self.W_f + self.b_f
        for j in range(self.n):
            re, im = self.re[j], self.im[j]
            self.re[j] = self.c[j] * re - self.d[j] * im + self.B_re[j] * I
            self.im[j] = self.c[j] * im + self.d[j] * re + self.B_im[j] * I
        self.u = self.re[0]
        for re in self.re[1:]:
            self.u = self.u + re
        if self.emits == "values":
            self.s = np.maximum(self.u, 0)
            return float(np.abs(self.u[self.u != 0]).min(initial=np.inf))  # what nothing has moved is 0 everywhere
        fired = self.u >= self.neuron.theta_u
        margin = np.abs(self.u - self.neuron.theta_u).min()
        self.s = fired.astype(self.u.dtype)
        if self.emits == "reset":
            self._reset(fired)
        return float(margin)

    def _reset(self, fired: np.ndarray) -> None:
        theta_u = self.u.dtype.type(self.neuron.theta_u)
        if self.neuron.reset == "hard":
            self.re, self.im = ([np.where(fired, 0, part) for part in parts] for parts in (self.re, self.im))
            self.u = np.where(fired, 0, self.u)
        else:
            self.re = [np.where(fired, re - theta_u / self.n, re) for re in self.re]
            self.u = np.where(fired, self.u - theta_u, self.u)
