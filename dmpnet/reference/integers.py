"""The integer network step by step, in 64-bit integers, written as the chip works: what Brian2 is compared with.

Shifts are shifts here and sums are integer sums; Brian2 gets floating-point expressions of the same
(dmpnet.arithmetic.fixed), from which nothing is taken.
"""

from collections import Counter
from typing import Any

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.fixed import Fixed, Word
from dmpnet.errors import DmpnetError
from dmpnet.reference import Axons, check_input
from dmpnet.trained.activity import Activity, smoothed
from dmpnet.trained.weights import Layer, TrainedNetwork


def shifted(total: np.ndarray, shift: int, rounding: str, noise: np.ndarray | int = 0) -> np.ndarray:
    """total >> shift (int64), rounded; a negative shift goes left.

    noise : of stochastic rounding, lfsr.BITS bits
    """
    if shift <= 0:
        return total << -shift
    down = total >> shift
    left = total - (down << shift)
    half = 1 << shift - 1
    if rounding == "nearest":
        return down + ((left > half) | ((left == half) & (down & 1 == 1)))
    if rounding == "zero":
        return down + ((total < 0) & (left > 0))
    if rounding == "stochastic":
        below = max(lfsr.BITS - shift, 0)  # bits of noise below those of `left`
        return down + ((left << below) + (np.asarray(noise) << shift + below - lfsr.BITS) >> shift + below)
    return down


def held(value: np.ndarray, word: Word) -> np.ndarray:
    """What a word holds of `value`."""
    if word.overflow == "wrap":
        return (value - word.low) % (1 << word.bits) + word.low
    return np.clip(value, word.low, word.high)


def aligned(a: np.ndarray, shift_a: int, b: np.ndarray | int, shift_b: int) -> tuple[np.ndarray, int]:
    """(a >> shift_a) + (b >> shift_b) (int64) before it is rounded: a sum, and the shift it still needs."""
    shift = max(shift_a, shift_b)
    return (a << shift - shift_a) + (b << shift - shift_b), shift


def product(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """values @ matrix of whole numbers, int64; by BLAS in float64, exact because no partial sum reaches 2^53."""
    return (values.astype(float) @ matrix).astype(np.int64)


class Core:
    """Registers of one layer for B samples, at rest.

    overflows : how many values of each quantity did not fit their word so far
    """

    def __init__(self, layer: Layer, fixed: Fixed, batch: int, steps: int):
        def whole(array):
            return np.asarray(array, np.int64)

        def matrix(array):
            return np.asarray(array, float).T

        self.layer, self.fixed, self.overflows = layer, fixed, Counter[str]()
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
        self.noise = {name: lfsr.noise(steps, sizes[name], name) for name in fixed.noisy if name in sizes}

    def step(self, k: int, s_in: np.ndarray) -> int:
        """Advance by one step on s_in (B, M) int64; returns how close a membrane came to its threshold."""
        s_in = self.arriving(k, s_in)
        if self.layer.slow:
            self.remember(k, s_in)
        total = product(s_in, self.W_f)
        if self.W_r is not None:
            total = total + product(self.s, self.W_r)
        v = self._kept(k) + self._shift("u", k, self._hold("I", total), self.fixed.shift_f) + self.b
        if self.layer.slow:
            v = v + self._shift("u", k, *self.I_m)
        if self.fixed.saturates == "before":
            v = self._hold("u", v)
        self.s = (v >= self.theta_u).astype(np.int64)
        reset = v * (1 - self.s) if self.layer.neuron.reset == "hard" else v - self.theta_u * self.s
        self.u = self._hold("u", reset) if self.fixed.saturates == "after" else reset  # no reset leaves the word
        return int(np.abs(v - self.theta_u).min())

    def arriving(self, k: int, s_in: np.ndarray) -> np.ndarray:
        """What reaches the layer in step k when s_in (B, M) is sent: later, where axons have delays."""
        return s_in if self.axons is None else self.axons.step(k, s_in)

    def remember(self, k: int, s_in: np.ndarray) -> None:
        """Advance the slow memory by one step on what arrives, s_in (B, M) int64."""
        before = np.asarray(self.m)
        total = np.maximum(self._hold("I", product(s_in, self.w_x) + self.b_x), 0)
        self.x = self._hold("x", self._shift("x", k, total[:, None], self.fixed.shift_x))
        kept, new = self._hold("I", product(before, self.Abar)), self._hold("I", self.x * self.Bbar)
        fixed = self.fixed
        self.m = self._hold("m", self._shift("m", k, *aligned(kept, fixed.shift_m, new, fixed.shift_B)))
        if k % self.d_s == 0:
            seen = self._hold("I", product(self.m if self.nu is None else before, self.P))
            heard = 0 if self.nu is None else self._hold("I", self.x * self.nu)
            self.I_m = aligned(seen, fixed.shift_I, heard, fixed.shift_nu)

    def _kept(self, k: int) -> np.ndarray:
        neuron, u = self.layer.neuron, self.u
        if neuron.decay == "linear":
            return np.sign(u) * np.maximum(np.abs(u) - int(neuron.lam), 0)
        if neuron.decay == "shift":
            return u - self._shift("u", k, u, neuron.shift)
        fraction, one = neuron.beta.as_integer_ratio()
        return self._shift("u", k, fraction * u, one.bit_length() - 1)

    def _shift(self, name: str, k: int, total: np.ndarray, shift: int) -> np.ndarray:
        word = self.fixed.words[name]
        return shifted(total, shift, word.rounding, self.noise[name][k] if name in self.noise else 0)

    def _hold(self, name: str, value: np.ndarray) -> np.ndarray:
        word = self.fixed.words[name]
        self.overflows[name] += int(((value < word.low) | (value > word.high)).sum())
        return held(value, word)


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


def run(network: TrainedNetwork, s_in: np.ndarray, record: tuple[str, ...] = ("spikes",)) -> Activity:
    """Classify s_in (B, T, M) step by step in integers; record as in dmpnet.reference.run."""
    return watched(network, s_in, record)[0]


def watched(network: TrainedNetwork, s_in: np.ndarray,
            record: tuple[str, ...] = ("spikes",)) -> tuple[Activity, list[Counter[str]]]:
    """The same, and how many values of each layer's x, m, u and I did not fit their words."""
    if not network.fixed:
        raise DmpnetError("network: it computes in real numbers, but this is the integer reference; constrain it to a "
                          "chip first (dmpnet.hardware.constrain)")
    s_in = np.asarray(s_in)
    check_input(network, s_in)
    s_in = levels(s_in, network.encoding.levels)
    batch, steps, _ = s_in.shape
    cores = [Core(layer, layer.fixed, batch, steps) for layer in network.layers if layer.fixed]
    W_o, b_o = np.asarray(network.W_o, float).T, np.asarray(network.b_o, np.int64)
    counts = [np.zeros_like(core.u) for core in cores]
    kept: dict[str, list[list[np.ndarray]]] = {name: [[] for _ in cores] for name in ("spikes", "u", "m", "x")}
    readout, margin = [], np.inf
    for k in range(steps):
        signal = s_in[:, k]
        for number, core in enumerate(cores):
            margin = min(margin, core.step(k, signal))
            signal = core.s
            counts[number] += signal
            for name, value in (("spikes", signal > 0), ("u", core.u), ("m", core.m), ("x", core.x)):
                if name in record and value is not None:
                    kept[name][number].append(value)
        if "readout" in record or network.kappa is not None:
            readout.append(product(signal, W_o) + b_o)
    y = np.stack(readout, axis=1).astype(float) if readout else np.empty(0)
    found: dict[str, Any] = {name: [np.stack(steps, axis=1) if steps else None for steps in layers]
                             for name, layers in kept.items() if name in record}
    activity = Activity(
        logits=smoothed(y, network.kappa) if network.kappa is not None
        else (product(counts[-1], W_o) + steps * b_o) / steps,
        rates=[count.mean(axis=0) / steps for count in counts],
        counts=counts,
        readout=y if "readout" in record else None, margin=float(margin), **found)
    return activity, [core.overflows for core in cores]
