"""Layers over whole sequences (B, T, ...): spiking neurons, a fast-slow layer, a readout, any module step by step.

The equations are those of dmpnet.equations.neurons. Gradients take the slope of a sigmoid for that of the step, and
none goes through the reset (dmpnet.training.membrane).
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from dmpnet.equations import memory
from dmpnet.equations.neurons import PUBLISHED_CODE, Neuron
from dmpnet.errors import DmpnetError
from dmpnet.training import membrane
from dmpnet.training.layer import Setting, SpikingLayer
from dmpnet.training.scan import Blocks

INPUT_RATE = 0.05
"""Activity for which a layer's weights are scaled before training."""


class Membranes(torch.autograd.Function):
    """Spikes (B, T, N) of the currents (B, T, N); learned as in SpikingLayer."""

    @staticmethod
    def forward(ctx, current, learned, neuron, alpha):
        u = current.detach().clone(memory_format=torch.contiguous_format)
        kind = u.numpy().dtype.type
        batch, steps, n = u.shape
        spikes, rate = torch.empty_like(u), u.new_empty(batch, n)
        ctx.constants, ctx.alpha = membrane.constants(neuron, learned, kind, n), kind(alpha)
        none, nothing = np.empty((0, 0), kind), _nothing(batch * steps, kind)
        membrane.forward(u.numpy(), True, *[np.empty((0, 0, 0), kind)] * 2, *nothing, none, np.zeros(n, kind), none,
                         spikes.numpy(), kind(1), rate.numpy(), *ctx.constants)
        ctx.save_for_backward(u)
        return spikes

    @staticmethod
    def backward(ctx, ds):
        (u,) = ctx.saved_tensors
        batch, steps, n = u.shape
        kind = u.numpy().dtype.type
        none, nothing, acting = np.empty((0, 0), kind), _nothing(batch * steps, kind), np.empty((0, 0, 0), kind)
        dI, dc = torch.empty_like(u), np.zeros(n if ctx.needs_input_grad[1] else 0, kind)
        membrane.backward(u.numpy(), acting, acting, none, ds.contiguous().numpy(), np.zeros((batch, n), kind),
                          *nothing, dI.numpy(), acting, none, none, np.zeros(n, kind), dc, *ctx.constants, ctx.alpha,
                          tuple(map(kind, membrane.SERIES)))
        return dI, torch.tensor(dc.sum()) if dc.size else None, None, None


def _nothing(rows: int, kind: type) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """No events in so many rows."""
    return np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, kind)


class Spiking(nn.Module):
    """Neurons whose decay may be learned: beta with g = 1 - beta, or lam."""

    def __init__(self, neuron: Neuron, learn_decay: bool, alpha: float):
        super().__init__()
        kind = type(self).__name__
        if neuron.decay not in membrane.FUSED:
            raise DmpnetError(f"{kind}: decay = {neuron.decay!r}, but its membranes have {', '.join(membrane.FUSED)}; "
                              f"set one of these")
        if learn_decay and neuron.decay == "shift":
            raise DmpnetError(f"{kind}: learn_decay with decay = 'shift', but a shift is a whole number; set "
                              f"learn_decay = False")
        self.start, self.alpha, self.decay_logit, self.lam = neuron, alpha, None, None
        if learn_decay and neuron.decay == "exponential":
            self.decay_logit = nn.Parameter(torch.logit(torch.tensor(neuron.beta)))
        elif learn_decay:
            self.lam = nn.Parameter(torch.tensor(neuron.lam))

    @property
    def learned(self) -> torch.Tensor | None:
        return self.lam if self.decay_logit is None else torch.sigmoid(self.decay_logit)

    @property
    def neuron(self) -> Neuron:
        """The constants as they are now."""
        if self.lam is not None:
            return replace(self.start, lam=self.lam.item())
        if self.decay_logit is None:
            return self.start
        beta = torch.sigmoid(self.decay_logit).item()
        return replace(self.start, beta=beta, g=1 - beta)

    def extra_repr(self) -> str:
        return f"{self.neuron.decaying}, theta_u {self.neuron.theta_u:g}, reset {self.neuron.reset}"


class LIF(Spiking):
    """Spikes, 0 or 1, of the current I (B, T, ...) that enters each neuron:

        u[k] = decayed(u[k-1]) + g I[k];  s[k] = u[k] >= theta_u, then u[k] = 0 (hard reset) or u[k] - theta_u (soft)

    neuron : constants of all neurons;  learn_decay : beta, with g = 1 - beta, or lam is a parameter
    alpha : steepness of the surrogate
    """

    def __init__(self, neuron: Neuron = PUBLISHED_CODE, learn_decay: bool = False, alpha: float = 4.0):
        super().__init__(neuron, learn_decay, alpha)

    def forward(self, current: torch.Tensor) -> torch.Tensor:
        _sequence("LIF", current, 3)
        strides = current.stride()
        order = (0, 1, *sorted(range(2, current.ndim), key=lambda axis: -strides[axis]))  # as they lie in memory
        dense = current.permute(order)
        flat = dense.reshape(*dense.shape[:2], math.prod(dense.shape[2:]))
        spikes = Membranes.apply(flat, self.learned, self.start, self.alpha).reshape(dense.shape)
        return spikes.permute(tuple(np.argsort(order)))


class DMP(Spiking):
    """A fully connected layer with a slow memory beside it: s_in (B, T, M) to spikes (B, T, N).

        x[k] = ReLU(w_x . s_in[k] + b_x);  m[k] = Abar m[k-1] + Bbar x[k];  I[k] = W_f s_in[k] + b_f + W_m m[k] + b_m

    d, theta : numbers in the memory, and steps that it reaches back;  the rest as in LIF
    """

    def __init__(self, in_features: int, out_features: int, d: int, theta: float, neuron: Neuron = PUBLISHED_CODE,
                 learn_decay: bool = False, alpha: float = 4.0):
        super().__init__(neuron, learn_decay, alpha)
        self.in_features, self.out_features, self.d, self.theta = in_features, out_features, d, theta
        self.Abar, self.Bbar = memory.discrete(d, theta)
        active = max(in_features * INPUT_RATE, 1.0)
        self.W_f = nn.Parameter(0.5 / active**0.5 * torch.randn(out_features, in_features))
        self.b_f = nn.Parameter(torch.zeros(out_features))
        self.w_x = nn.Parameter(torch.full((in_features,), 1 / active))
        self.b_x = nn.Parameter(torch.zeros(()))
        self.W_m = nn.Parameter(torch.randn(out_features, d))
        self.b_m = nn.Parameter(torch.zeros(out_features))
        self.blocks: dict[torch.dtype, Blocks] = {}

    def forward(self, s_in: torch.Tensor) -> torch.Tensor:
        _sequence("DMP", s_in, 3)
        if s_in.shape[-1] != self.in_features:
            raise DmpnetError(f"DMP: input of {s_in.shape[-1]} values a step, but in_features = {self.in_features}; "
                              f"set it to the former")
        dtype = self.W_f.dtype
        if dtype not in self.blocks:
            self.blocks[dtype] = Blocks(self.Abar, self.Bbar, dtype)
        spikes, _ = SpikingLayer.apply(s_in.contiguous(), self.W_f, self.b_f + self.b_m, None, self.w_x, self.b_x,
                                       self.W_m, self.learned, Setting(self.start, self.blocks[dtype],
                                                                       alpha=self.alpha))
        return spikes

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, d {self.d}, theta {self.theta:g}, {super().extra_repr()}"


class Readout(nn.Module):
    """Logits (B, C), the mean over the steps of W_o s[k] + b_o; s (B, T, N)."""

    def __init__(self, in_features: int, classes: int):
        super().__init__()
        self.linear = nn.Linear(in_features, classes)

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        _sequence("Readout", s, 3)
        return self.linear(s.mean(1))


class EachStep(nn.Sequential):
    """Modules without time, one after another, on every step of (B, T, ...): steps are samples to them, so that a
    convolution is one call for the whole sequence."""

    def __init__(self, *modules: nn.Module):
        super().__init__(*modules)

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        _sequence("EachStep", s, 3)
        each = s.reshape(-1, *s.shape[2:])
        if each.ndim == 4:  # channels last: convolutions of few channels are up to five times as fast on a CPU
            each = each.contiguous(memory_format=torch.channels_last)
        y = super().forward(each)
        return y.reshape(*s.shape[:2], *y.shape[1:])


def _sequence(owner: str, s: torch.Tensor, least: int) -> None:
    if s.ndim < least:
        raise DmpnetError(f"{owner}: input of shape {tuple(s.shape)}, but it is (samples, steps, ...); add the "
                          f"dimension of steps")
