"""One layer in 64-bit integers, step by step, written as the chip works: what Brian2 is compared with, bit for bit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.numpy_integers import aligned, held, product, shifted
from dmpnet.equations.decay import BY_NAME
from dmpnet.reference.axons import Axons

if TYPE_CHECKING:
    from dmpnet.arithmetic.fixed import Fixed
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.network import TrainedNetwork


class IntegerLayer:
    """Registers of one layer for B samples, at rest.

    overflows : how many values of each quantity did not fit their word so far
    """

    def __init__(self, layer: Layer, fixed: Fixed, batch: int, steps: int):
        def whole(array):
            return np.asarray(array, np.int64)

        def matrix(array):
            return np.asarray(array, float).T

        self.layer, self.numbers, self.overflows = layer, fixed, Counter[str]()
        self.W_f, self.b, self.theta_u = matrix(layer.W_f), whole(layer.b_f), whole(fixed.theta_u)
        self.W_r = matrix(layer.W_r) if layer.W_r is not None else None
        self.axons = Axons(layer.delay, batch, steps, np.int64) if layer.delay is not None else None
        self.u = np.zeros((batch, layer.N), np.int64)
        self.s = np.zeros((batch, layer.N), np.int64)
        self.x: np.ndarray | None = None
        self.m: np.ndarray | None = None
        self.I_m: tuple[np.ndarray, int] = np.zeros((), np.int64), 0
        if layer.slow:
            slow = layer.slow
            self.d_s = slow.d_s
            self.b = self.b + whole(slow.b_m)
            self.w_x, self.b_x = matrix(slow.w_x), whole(slow.b_x)
            self.Abar, self.Bbar, self.P = matrix(slow.Abar), whole(slow.Bbar), matrix(slow.W_m)
            self.nu = whole(slow.nu) if slow.nu is not None else None
            self.m = np.zeros((batch, slow.d), np.int64)
        sizes = {"x": 1, "m": layer.slow.d if layer.slow else 0, "u": layer.N}
        self.noise = {name: lfsr.noise(steps, sizes[name], name, fixed.seed) for name in fixed.noisy if name in sizes}

    def step(self, k: int, s_in: np.ndarray) -> int:
        """Advance by one step on s_in (B, M) int64; returns how close a membrane came to its threshold."""
        s_in = self.let_in(self.arriving(k, s_in))
        if self.layer.slow:
            self.remember(k, s_in)
        total = product(s_in, self.W_f)
        if self.W_r is not None:
            total = total + product(self.s, self.W_r)
        return self.integrate(k, total)

    def integrate(self, k: int, total: np.ndarray) -> int:
        """Advance the membranes by one step on W_f s_in + W_r s, (B, N) int64; returns as `step`."""
        v = self._kept(k) + self._current(k, self._hold("I", total), self.numbers.shift_f) + self.b
        if self.layer.slow:
            v = v + self._current(k, *self.I_m)
        if self.numbers.saturates == "before":
            v = self._hold("u", v)
        if self.numbers.floor is not None:
            v = np.maximum(v, self.numbers.floor)
        self.s = (v >= self.theta_u).astype(np.int64)
        reset = v * (1 - self.s) if self.layer.neuron.reset == "hard" else v - self.theta_u * self.s
        self.u = self._hold("u", reset) if self.numbers.saturates == "after" else reset  # no reset leaves the word
        return int(np.abs(v - self.theta_u).min())

    def arriving(self, k: int, s_in: np.ndarray) -> np.ndarray:
        """What reaches the layer in step k when s_in (B, M) is sent: later, where axons have delays."""
        return s_in if self.axons is None else self.axons.step(k, s_in)

    def let_in(self, s_in: np.ndarray) -> np.ndarray:
        """What of the events (B, M) the queue holds: the first, input by input."""
        most = self.numbers.queue
        return s_in * (np.cumsum(s_in != 0, axis=1) <= most) if most else s_in

    def remember(self, k: int, s_in: np.ndarray) -> None:
        """Advance the slow memory by one step on what arrives, s_in (B, M) int64."""
        self.take_in(k, product(s_in, self.w_x) + self.b_x)

    def take_in(self, k: int, total: np.ndarray) -> None:
        """Advance the slow memory by one step on w_x . s_in + b_x, (B,) int64, and what the membranes hear of it."""
        before = np.asarray(self.m)
        self.carry_on(k, total)
        if k % self.d_s == 0:
            fixed = self.numbers
            seen = self._hold("I", product(np.asarray(self.m) if self.nu is None else before, self.P))
            heard = 0 if self.nu is None else self._hold("I", self.x * self.nu)
            self.I_m = aligned(seen, fixed.shift_I, heard, fixed.shift_nu)

    def carry_on(self, k: int, total: np.ndarray) -> None:
        """Advance x and m alone, as `take_in` does."""
        total = np.maximum(self._hold("I", total), 0)
        self.x = self._hold("x", self._shift("x", k, total[:, None], self.numbers.shift_x))
        kept, new = self._hold("I", product(np.asarray(self.m), self.Abar)), self._hold("I", self.x * self.Bbar)
        fixed = self.numbers
        self.m = self._hold("m", self._shift("m", k, *aligned(kept, fixed.shift_m, new, fixed.shift_B)))

    def _kept(self, k: int) -> np.ndarray:
        left = BY_NAME[self.layer.neuron.decay].left_whole
        assert left is not None  # by Layer.check
        return left(self.u, self.layer.neuron.constant, lambda total, bits: self._shift("u", k, total, bits))

    def _current(self, k: int, total: np.ndarray, shift: int) -> np.ndarray:
        """What is added to the membrane of an accumulator."""
        current = self._shift("u", k, total, shift)
        return self._hold("u", current) if self.numbers.currents == "each" else current

    def _shift(self, name: str, k: int, total: np.ndarray, shift: int) -> np.ndarray:
        word = self.numbers.words[name]
        return shifted(total, shift, word.rounding, self.noise[name][k] if name in self.noise else 0)

    def _hold(self, name: str, value: np.ndarray) -> np.ndarray:
        kept = held(value, self.numbers.words[name])
        self.overflows[name] += int(np.count_nonzero(kept != value))
        return kept


class IntegerReadout:
    """y = W_o s + b_o in whole numbers."""

    def __init__(self, network: TrainedNetwork):
        self.W_o, self.b_o = np.asarray(network.W_o, float).T, np.asarray(network.b_o, np.int64)

    def step(self, s: np.ndarray) -> np.ndarray:
        """y (B, C) of the last layer's spikes s (B, N)."""
        return (product(s, self.W_o) + self.b_o).astype(float)

    def mean(self, counts: np.ndarray, steps: int) -> np.ndarray:
        """Mean of y over the steps, (B, C), from how often each neuron fired, (B, N)."""
        return (product(counts, self.W_o) + steps * self.b_o) / steps


def levels(s_in: np.ndarray, most: int) -> np.ndarray:
    """s_in as whole numbers; analog values v as the nearest to `most` v (ties to even), no less than 0 or over `most`.

    Reads on its own, as an oracle must: float64 whatever comes.
    """
    if not most:
        return s_in.astype(np.int64)
    scaled = np.multiply(s_in, most, dtype=np.float64)
    below = np.floor(scaled)
    over = scaled - below
    up = (over > 0.5) | ((over == 0.5) & (below % 2 == 1))
    return np.minimum(np.maximum(below + up, 0), most).astype(np.int64)
