"""A layer whose neurons have modes, over a whole sequence, and its adjoint, each one compiled kernel.

Forward, per sample and neuron, for k = 0 .. T-1 (dmpnet.equations.modes):

    z_j[k] = (c_j + i d_j) z_j_after[k-1] + B_j drive[k];  u[k] = sum_j Re z_j[k];  s[k] = u[k] >= theta_u or ReLU(u[k])
    z_j_after = z_j, but where it fired and is reset Re z_j - theta_u/n or 0

Backward as in dmpnet.training.membrane: the sigmoid surrogate for the step, nothing through the reset. With p_j[k] the
gradient by z_j[k], as Re and Im, q[k] = (c_j - i d_j) p_j[k+1] is that by z_j_after[k] and

    p_j[k] = du[k] + q[k], the latter 0 where a hard reset was;  dI[k] = sum_j Re B_j Re p_j[k] + Im B_j Im p_j[k]

The states of one sample are computed again for it, as those of all samples would not fit into memory.
"""

import numpy as np
import torch
from numba import njit

from dmpnet.equations.modes import EMITS
from dmpnet.equations.neurons import Neuron
from dmpnet.training.membrane import SERIES, surrogate

RESET, SPIKES, VALUES = range(len(EMITS))


@njit(nogil=True, cache=True)
def _turn(drive, c, d, B_re, B_im, re, im, u, turned):
    """One step of a mode re, im (N,) that drive (N,) drives; adds it to u (N,). turned (N,) is scratch.

    Loops here and below write one array each: of more the compiler would not know that they do not overlap.
    """
    for n in range(len(u)):
        turned[n] = c[n] * re[n] - d[n] * im[n] + B_re[n] * drive[n]
    for n in range(len(u)):
        im[n] = c[n] * im[n] + d[n] * re[n] + B_im[n] * drive[n]
    for n in range(len(u)):
        re[n] = turned[n]
    for n in range(len(u)):
        u[n] += turned[n]


@njit(nogil=True, cache=True)
def _reset(re, im, u, theta_u, hard):
    """What a spike leaves of re, im (n, N)."""
    modes, N = re.shape
    zero, share = u.dtype.type(0), theta_u / u.dtype.type(modes)
    for j in range(modes):
        re_j, im_j = re[j], im[j]
        for n in range(N):
            re_j[n] = (zero if hard else re_j[n] - share) if u[n] >= theta_u else re_j[n]
        for n in range(N):
            im_j[n] = zero if hard and u[n] >= theta_u else im_j[n]


@njit(nogil=True, cache=True)
def forward(drive, c, d, B_re, B_im, u, s, theta_u, emits, hard):
    """Fill u (before the reset) and s (B, T, N) for drive (B, T, N); c, d, B_re, B_im (n, N)."""
    B, T, N = drive.shape
    zero, one = drive.dtype.type(0), drive.dtype.type(1)
    turned = np.empty(N, drive.dtype)
    for i in range(B):
        re, im = np.zeros_like(c), np.zeros_like(c)
        for k in range(T):
            row, emitted = u[i, k], s[i, k]
            row[:] = 0
            for j in range(len(c)):
                _turn(drive[i, k], c[j], d[j], B_re[j], B_im[j], re[j], im[j], row, turned)
            if emits == VALUES:
                for n in range(N):
                    emitted[n] = row[n] if row[n] > zero else zero
            else:
                for n in range(N):
                    emitted[n] = one if row[n] >= theta_u else zero
            if emits == RESET:
                _reset(re, im, u[i, k], theta_u, hard)


@njit(nogil=True, cache=True)
def _states(drive, c, d, B_re, B_im, re, im, u, turned, theta_u, emits, hard):
    """Fill re, im (T + 1, n, N) of a sample with what each step begins with."""
    re[0], im[0] = 0, 0
    for k in range(len(drive)):
        re[k + 1], im[k + 1] = re[k], im[k]
        u[:] = 0
        for j in range(len(c)):
            _turn(drive[k], c[j], d[j], B_re[j], B_im[j], re[k + 1, j], im[k + 1, j], u, turned)
        if emits == RESET:
            _reset(re[k + 1], im[k + 1], u, theta_u, hard)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _before(c, d, p_re, p_im, du, kept, q):
    """p_re, p_im (N,) of a mode, a step back: du + kept (c - i d) p. q (N,) is scratch."""
    for n in range(len(c)):
        q[n] = kept[n] * (c[n] * p_re[n] + d[n] * p_im[n])
    for n in range(len(c)):
        p_im[n] = kept[n] * (c[n] * p_im[n] - d[n] * p_re[n])
    for n in range(len(c)):
        p_re[n] = du[n] + q[n]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _gather(a, b, x, y, into):
    """into + a x + b y (N,)."""
    for n in range(len(into)):
        into[n] += a[n] * x[n] + b[n] * y[n]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _slopes(ds, u, du, kept, theta_u, emits, hard, alpha, series):
    """Fill du (N,), the gradient by u, and kept (N,), 0 where a hard reset was and else 1."""
    zero, one = u.dtype.type(0), u.dtype.type(1)
    if emits == VALUES:
        for n in range(len(u)):
            du[n] = ds[n] if u[n] > zero else zero
    else:
        for n in range(len(u)):
            du[n] = ds[n] * surrogate(u[n] - theta_u, alpha, series)
    if emits == RESET and hard:
        for n in range(len(u)):
            kept[n] = zero if u[n] >= theta_u else one


@njit(nogil=True, cache=True, error_model="numpy")  # a check for zero would bar SIMD
def backward(ds, drive, c, d, B_re, B_im, u, d_drive, d_c, d_d, d_B_re, d_B_im, theta_u, emits, hard, alpha, series):
    """The adjoint: fills d_drive (B, T, N) for ds (B, T, N), adds to d_c, d_d, d_B_re, d_B_im (n, N)."""
    B, T, N = u.shape
    modes = len(c)
    re, im = np.empty((T + 1, modes, N), u.dtype), np.empty((T + 1, modes, N), u.dtype)
    du, kept, q, none = np.empty(N, u.dtype), np.ones(N, u.dtype), np.empty(N, u.dtype), np.zeros(N, u.dtype)
    for i in range(B):
        _states(drive[i], c, d, B_re, B_im, re, im, du, q, theta_u, emits, hard)
        p_re, p_im = np.zeros((modes, N), u.dtype), np.zeros((modes, N), u.dtype)
        for step in range(T):
            k = T - 1 - step
            _slopes(ds[i, k], u[i, k], du, kept, theta_u, emits, hard, alpha, series)
            row, into = drive[i, k], d_drive[i, k]
            into[:] = 0
            for j in range(modes):
                _before(c[j], d[j], p_re[j], p_im[j], du, kept, q)
                _gather(B_re[j], B_im[j], p_re[j], p_im[j], into)
                _gather(p_re[j], none, row, none, d_B_re[j])
                _gather(p_im[j], none, row, none, d_B_im[j])
                _gather(p_re[j], p_im[j], re[k, j], im[k, j], d_c[j])
                for n in range(N):
                    d_d[j, n] += p_im[j, n] * re[k, j, n] - p_re[j, n] * im[k, j, n]


class RingingMembranes(torch.autograd.Function):
    """What neurons emit, (B, T, N), for drive (B, T, N); c, d, B_re, B_im : (N, n), r cos phi, r sin phi and B."""

    @staticmethod
    def forward(ctx, drive, c, d, B_re, B_im, neuron: Neuron, emits: str, alpha: float):
        drive = drive.detach().contiguous().numpy()
        constants = [each.detach().T.contiguous().numpy() for each in (c, d, B_re, B_im)]
        u, s = np.empty_like(drive), np.empty_like(drive)
        kind = u.dtype.type
        ctx.settings = kind(neuron.theta_u), EMITS.index(emits), neuron.reset == "hard"
        forward(drive, *constants, u, s, *ctx.settings)
        ctx.arrays, ctx.alpha = (drive, *constants, u), kind(alpha)
        return torch.from_numpy(s)

    @staticmethod
    def backward(ctx, ds):
        u, c = ctx.arrays[-1], ctx.arrays[1]
        d_drive, by_constant = np.empty_like(u), [np.zeros_like(c) for _ in range(4)]
        backward(ds.contiguous().numpy(), *ctx.arrays, d_drive, *by_constant, *ctx.settings, ctx.alpha,
                 tuple(map(u.dtype.type, SERIES)))
        return (torch.from_numpy(d_drive), *(torch.from_numpy(each).T for each in by_constant), None, None, None)
