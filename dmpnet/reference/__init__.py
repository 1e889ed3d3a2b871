"""The trained arithmetic, step by step, in NumPy: what every simulator is compared with."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dmpnet.equations.decay import decayed
from dmpnet.errors import DmpnetError
from dmpnet.trained.activity import Activity, smoothed
from dmpnet.trained.weights import Layer, TrainedNetwork

RECORDABLE = ("spikes", "u", "m", "x", "readout")


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


class _State:
    """Membranes, slow memory, axons and last spikes of one layer for B samples of T steps, at rest."""

    def __init__(self, layer: Layer, batch: int, steps: int, dtype: type):
        def cast(array):
            return np.asarray(array, dtype)

        self.neuron, slow = layer.neuron, layer.slow
        self.acts = layer.acts
        self.W_f, self.b_f = cast(layer.W_f).T, cast(layer.b_f)
        self.W_r = cast(layer.W_r).T if layer.W_r is not None else None
        self.axons = Axons(layer.delay, batch, steps, dtype) if layer.delay is not None else None
        self.u = np.zeros((batch, layer.N), dtype)
        self.s = np.zeros((batch, layer.N), dtype)
        self.m = self.x = self.I_m = None
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
        self.u = decayed(self.u, self.neuron.decay, self.neuron.constant) + self.u.dtype.type(self.neuron.g) * I
        level = theta_u - (self.I_m + self.b_m) if self.acts == "threshold" else theta_u
        fired = self.u >= level
        margin = np.abs(self.u - level).min()
        self.s = fired.astype(self.u.dtype)
        self.u = np.where(fired, 0 if self.neuron.reset == "hard" else self.u - theta_u, self.u)
        return float(margin)

    def _remember(self, k: int, s_in: np.ndarray) -> None:
        before = self.m
        self.x = np.maximum(s_in @ self.w_x + self.b_x, 0)[:, None]
        self.m = self.m @ self.Abar + self.x * self.Bbar
        if k % self.d_s == 0:
            self.I_m = self.m @ self.W_m if self.nu is None else before @ self.W_m + self.x * self.nu


def check_input(network: TrainedNetwork, s_in: np.ndarray) -> None:
    """Raise DmpnetError unless s_in is a finite, non-empty (B, T, M) array with the network's M channels."""
    channels = network.encoding.channels
    if s_in.ndim != 3 or s_in.shape[2] != channels:
        way_out = "add a leading axis for a single sample, s_in[None]" if s_in.shape[1:] == (channels,) else \
            f"reshape it, or use weights trained on {s_in.shape[-1] if s_in.ndim else 0} channels"
        raise DmpnetError(f"input has shape {s_in.shape}, but this network reads (samples, steps, {channels}); "
                          f"{way_out}")
    if 0 in s_in.shape:
        raise DmpnetError(f"input has shape {s_in.shape}: nothing to simulate; give at least one sample and one step")
    if s_in.dtype.kind not in "fiub":
        raise DmpnetError(f"input has dtype {s_in.dtype}, but this network reads real numbers; convert it to float64")
    if not np.isfinite(s_in).all():
        raise DmpnetError(f"input has {int((~np.isfinite(s_in)).sum())} values that are NaN or infinite, but 0 are "
                          f"allowed; clean the recording")
    if network.encoding.kind == "spikes" and not np.isin(s_in, (0, 1)).all():
        raise DmpnetError(f"input reaches from {s_in.min():g} to {s_in.max():g}, but this network reads spikes, "
                          f"0 or 1; binarise the recording")


def recorded(record: str | Iterable[str]) -> tuple[str, ...]:
    """Names of what to keep, given one or several; DmpnetError for one that is not RECORDABLE."""
    names = (record,) if isinstance(record, str) else tuple(record)
    for name in names:
        if name not in RECORDABLE:
            raise DmpnetError(f"record {name!r} is not among what can be kept ({', '.join(RECORDABLE)}); "
                              f"choose from these")
    return names


def run(network: TrainedNetwork, s_in: np.ndarray, record: str | Iterable[str] = ("spikes",),
        dtype: type = np.float64) -> Activity:
    """Classify s_in (B, T, M) step by step; a network constrained to a chip in integers (dmpnet.reference.integers).

    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step
    dtype : arithmetic, float64 unless the float32 of training is wanted
    """
    s_in = np.asarray(s_in)
    record = recorded(record)
    if network.fixed:
        from dmpnet.reference import integers  # which has its axons from here

        return integers.run(network, s_in, record)
    check_input(network, s_in)
    batch, steps, _ = s_in.shape
    layers = [_State(layer, batch, steps, dtype) for layer in network.layers]
    W_o, b_o = np.asarray(network.W_o, dtype).T, np.asarray(network.b_o, dtype)
    counts = [np.zeros(state.u.shape) for state in layers]
    spikes: list[list[np.ndarray]] = [[] for _ in layers]
    u: list[list[np.ndarray]] = [[] for _ in layers]
    m: list[list[np.ndarray]] = [[] for _ in layers]
    x: list[list[np.ndarray]] = [[] for _ in layers]
    margin = np.inf
    readout = []
    for k in range(steps):
        signal = s_in[:, k].astype(dtype)
        for number, state in enumerate(layers):
            margin = min(margin, state.step(k, signal))
            signal = state.s
            counts[number] += signal
            if "spikes" in record:
                spikes[number].append(signal > 0)
            if "u" in record:
                u[number].append(state.u)
            if "m" in record and state.m is not None:
                m[number].append(state.m)
            if "x" in record and state.x is not None:
                x[number].append(state.x)
        if "readout" in record or network.kappa is not None:
            readout.append(signal @ W_o + b_o)
    y = np.stack(readout, axis=1) if readout else np.empty(0)
    return Activity(
        logits=(counts[-1].astype(dtype) / steps) @ W_o + b_o if network.kappa is None else smoothed(y, network.kappa),
        rates=[count.mean(axis=0) / steps for count in counts],
        counts=[count.astype(np.int64) for count in counts],
        spikes=[np.stack(layer, axis=1) for layer in spikes if layer],
        u=[np.stack(layer, axis=1) for layer in u if layer],
        m=[np.stack(layer, axis=1) if layer else None for layer in m] if "m" in record else [],
        x=[np.stack(layer, axis=1) if layer else None for layer in x] if "x" in record else [],
        readout=y if "readout" in record else None,
        margin=margin,
    )


def rounding(network: TrainedNetwork, s_in: np.ndarray) -> float:
    """By how much rounding moves a membrane on s_in (B, T, M): its largest change when all sums are taken backwards.

    Every back end takes sums in an order of its own, so a membrane nearer to its threshold than this (Activity.margin)
    may fire on one and not on another. 0 for a network in integers; infinite if the two orders differ in a spike.
    """
    if network.fixed:
        return 0.0
    record = ("spikes", "u")
    one, other = run(network, s_in, record), run(_backwards(network), np.asarray(s_in)[..., ::-1], record)
    if any((a != b[..., ::-1]).any() for a, b in zip(one.spikes, other.spikes, strict=True)):
        return np.inf
    return max(float(np.abs(a - b[..., ::-1]).max()) for a, b in zip(one.u, other.u, strict=True))


def _backwards(network: TrainedNetwork) -> TrainedNetwork:
    """`network` with its channels, its neurons and what its slow memories hold numbered last to first."""
    def turned(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else np.flip(array)

    layers = [replace(layer, W_f=np.flip(layer.W_f), b_f=np.flip(layer.b_f), W_r=turned(layer.W_r),
                      delay=turned(layer.delay),
                      slow=replace(layer.slow, **{name: np.flip(getattr(layer.slow, name)) for name in (
                          "w_x", "W_m", "b_m", "Abar", "Bbar")}, nu=turned(layer.slow.nu), blocks=())
                      if layer.slow else None) for layer in network.layers]
    return replace(network, layers=tuple(layers), W_o=np.fliplr(network.W_o))
