"""A layer whose neurons adapt, over a whole sequence, and its adjoint, each one compiled kernel.

Forward, per sample and neuron, for k = 0 .. T-1 (dmpnet.equations.adaptation):

    u[k] = max(decayed(u_after[k-1]) + g (drive[k] - w[k-1]), floor);  s[k] = u[k] >= theta_u
    u_after = 0 or u - theta_u where it fired;  w[k] = rho w[k-1] + (1 - rho) (a u_after[k] + b s[k])

Backward as in dmpnet.training.membrane: the sigmoid surrogate for the step, nothing through the reset.
"""

import math

import numpy as np
import torch
from numba import njit

from dmpnet.equations.neurons import Neuron
from dmpnet.training.membrane import EXPONENTIAL, LINEAR, constants


@njit(nogil=True, cache=True)
def forward(drive, rho, a, b, u, w, s, decay, c, g, theta_u, hard, floor):
    """Fill u (before the reset), w and s (B, T, N) for drive (B, T, N); rho, a, b, c, g (N,)."""
    B, T, N = drive.shape
    zero = drive.dtype.type(0)
    for i in range(B):
        after, wait = np.zeros(N, drive.dtype), np.zeros(N, drive.dtype)
        for k in range(T):
            for n in range(N):
                v = after[n]
                if decay == LINEAR:
                    v = v - c[n] if v > c[n] else (v + c[n] if v < -c[n] else zero)
                elif decay == EXPONENTIAL:
                    v = c[n] * v
                else:
                    v = v - c[n] * v
                v = v + g[n] * (drive[i, k, n] - wait[n])
                v = floor if v < floor else v
                fired = v >= theta_u
                u[i, k, n] = v
                s[i, k, n] = fired
                after[n] = (zero if hard else v - theta_u) if fired else v
                wait[n] = rho[n] * wait[n] + (1 - rho[n]) * (a[n] * after[n] + b[n] * fired)
                w[i, k, n] = wait[n]


@njit(nogil=True, cache=True)
def backward(ds, drive, rho, a, b, u, w, d_drive, d_rho, d_a, d_b, d_c, decay, c, g, theta_u, hard, floor, alpha):
    """The adjoint: fills d_drive (B, T, N) for ds (B, T, N), adds to d_rho, d_a, d_b, d_c (N,)."""
    B, T, N = u.shape
    zero, one = u.dtype.type(0), u.dtype.type(1)
    kept_slope = c.copy() if decay == EXPONENTIAL else one - c
    for i in range(B):
        du, dw = np.zeros(N, u.dtype), np.zeros(N, u.dtype)  # of the step after
        for step in range(T):
            k = T - 1 - step
            for n in range(N):
                v = u[i, k, n]
                fired = v >= theta_u
                left = (zero if hard else v - theta_u) if fired else v
                dw[n] = rho[n] * dw[n] - g[n] * du[n]
                slope = (one if abs(left) > c[n] else zero) if decay == LINEAR else kept_slope[n]
                d_left = slope * du[n] + (1 - rho[n]) * a[n] * dw[n]
                sig = one / (one + math.exp(-alpha * (v - theta_u)))
                gained = (ds[i, k, n] + (1 - rho[n]) * b[n] * dw[n]) * alpha * sig * (one - sig)
                du[n] = gained + (zero if hard and fired else d_left)
                if v <= floor:
                    du[n] = zero
                d_drive[i, k, n] = g[n] * du[n]
                wait = w[i, k - 1, n] if k else zero
                d_a[n] += (1 - rho[n]) * left * dw[n]
                d_b[n] += (1 - rho[n]) * fired * dw[n]
                d_rho[n] += (wait - a[n] * left - b[n] * fired) * dw[n]
                before = u[i, k - 1, n] if k else zero
                kept = (zero if hard else before - theta_u) if before >= theta_u else before
                if decay == LINEAR:
                    d_c[n] += -du[n] if kept > c[n] else (du[n] if kept < -c[n] else zero)
                else:
                    d_c[n] += du[n] * (kept - (drive[i, k, n] - wait))


class AdaptingMembranes(torch.autograd.Function):
    """Spikes (B, T, N) of drive (B, T, N): all that enters u but w.

    rho, a, b : (N,)
    learned : () or (N,), takes the place of the neuron's beta, with g = 1 - beta, or of its lam; None: as they are
    """

    @staticmethod
    def forward(ctx, drive, rho, a, b, learned, neuron: Neuron, alpha: float):
        arrays = [each.detach().contiguous().numpy() for each in (drive, rho, a, b)]
        u, w, s = (np.empty_like(arrays[0]) for _ in range(3))
        kind = u.dtype.type
        ctx.constants = constants(neuron, learned, kind, len(rho))
        forward(*arrays, u, w, s, *ctx.constants)
        ctx.arrays, ctx.alpha, ctx.learns = (*arrays, u, w), kind(alpha), learned is not None
        ctx.each = learned is not None and learned.ndim > 0
        return torch.from_numpy(s)

    @staticmethod
    def backward(ctx, ds):
        drive, rho, a, b, u, w = ctx.arrays
        d_drive, (d_rho, d_a, d_b, d_c) = np.empty_like(u), np.zeros((4, len(rho)), u.dtype)
        backward(ds.contiguous().numpy(), drive, rho, a, b, u, w, d_drive, d_rho, d_a, d_b, d_c, *ctx.constants,
                 ctx.alpha)
        return (*map(torch.from_numpy, (d_drive, d_rho, d_a, d_b)),
                torch.from_numpy(d_c if ctx.each else np.array(d_c.sum())) if ctx.learns else None, None, None)
