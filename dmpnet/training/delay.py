"""Learnable axonal delays: each input channel of a layer comes a whole number of steps late.

Forward shifts channel j by round(D_j) steps, so spikes stay 0 and 1 and what is trained is what is deployed. Backward
pretends the spike were spread over neighbouring steps by a Gaussian of width sigma round D_j, whose derivative says
which way to move (as in dilated convolutions with learnable spacings, Hammouamri, Khalfaoui-Hassani & Masquelier 2024).
"""

import math

import numpy as np
import torch
from numba import njit

from dmpnet.training.events import as_numpy, events


class AxonalDelay(torch.autograd.Function):
    """s_in (B, T, M) with channel j late by round(D_j) steps; D (M,) in steps, sigma in steps."""

    @staticmethod
    def forward(ctx, s_in, D, sigma):
        late = D.detach().round().long().numpy()
        source, out = s_in.detach().contiguous(), torch.zeros_like(s_in, memory_format=torch.contiguous_format)
        ctx.seen = events(source, D.detach().numpy().dtype.type)
        _send(ctx.seen.start, ctx.seen.channel, as_numpy(source), as_numpy(out), late)
        ctx.sigma = sigma
        ctx.save_for_backward(D)
        return out

    @staticmethod
    def backward(ctx, ds):
        (D,) = ctx.saved_tensors
        late = D.round().long().numpy()
        ds_in = None
        if ctx.needs_input_grad[0]:
            ds_in = torch.zeros_like(ds, memory_format=torch.contiguous_format)
            _send_back(as_numpy(ds.contiguous()), as_numpy(ds_in), late)
        dD = None
        if ctx.needs_input_grad[1]:
            kind = D.detach().numpy().dtype.type
            gradient = np.zeros(len(D), kind)
            weights = _slopes(D.detach().double().numpy(), late, ctx.sigma).astype(kind)
            _move(*ctx.seen.arrays, ds.to(D.dtype).contiguous().numpy(), late, weights, gradient)
            dD = torch.from_numpy(gradient)
        return ds_in, dD, None


def _slopes(D: np.ndarray, late: np.ndarray, sigma: float) -> np.ndarray:
    """(M, 2w + 1): derivative by D_j of a spike's share at lags late_j - w .. late_j + w, w = 2 sigma at least 1.

    share(tau) = exp(-(tau - D)^2 / 2 sigma^2), made to sum to 1 over the lags
    """
    w = max(1, math.ceil(2 * sigma))
    away = late[:, None] + np.arange(-w, w + 1) - D[:, None]
    share = np.exp(-0.5 * (away / sigma) ** 2)
    share /= share.sum(1, keepdims=True)
    slope = share * away / sigma**2
    return slope - share * slope.sum(1, keepdims=True)


@njit(nogil=True, cache=True)
def _send(start, channel, source, out, late):
    """out[b, k + late_j, j] = source[b, k, j] of every event where that is inside; `out` holds zeros."""
    B, T, _ = source.shape
    for r in range(B * T):
        b, k = divmod(r, T)
        for e in range(start[r], start[r + 1]):
            j = channel[e]
            if k + late[j] < T:
                out[b, k + late[j], j] = source[b, k, j]


@njit(nogil=True, cache=True)
def _send_back(source, out, late):
    """out[b, k, j] = source[b, k + late_j, j] where that is inside; `out` holds zeros."""
    B, T, M = source.shape
    for b in range(B):
        for k in range(T):
            for j in range(M):
                if k + late[j] < T:
                    out[b, k, j] = source[b, k + late[j], j]


@njit(nogil=True, cache=True)
def _move(start, channel, value, ds, late, weights, gradient):
    """gradient_j += sum over events at (b, k, j) and lags tau of ds[b, k + tau, j] weights[j, tau]."""
    B, T, _ = ds.shape
    w = weights.shape[1] // 2
    for r in range(B * T):
        b, k = divmod(r, T)
        for e in range(start[r], start[r + 1]):
            j = channel[e]
            for i in range(weights.shape[1]):
                at = k + late[j] + i - w
                if 0 <= at < T:
                    gradient[j] += value[e] * ds[b, at, j] * weights[j, i]
