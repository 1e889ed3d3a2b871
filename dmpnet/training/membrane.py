"""The membrane scan over a whole sequence, and its adjoint, each one compiled kernel.

Forward, per sample and neuron, for k = 0 .. T-1:

    u[k] = max(decayed(u_after[k-1]) + g (drive[k] + W_f s_in[k] + W_r s[k-1]), floor);  s[k] = u[k] >= theta_u
    u_after = 0 or u - theta_u where it fired;  decayed: dmpnet.equations.decay, its constant is c here

A slow memory's I_m = W_m m + b_m may act otherwise than in drive: on the gain, W_f s_in[k] (1 + I_m[k]), or on the
threshold, theta_u - I_m[k] in the comparison.

Backward uses the sigmoid surrogate in place of the derivative of the step, and no gradient through the reset nor
through a floor that was reached:

    g'(v) = alpha sig(alpha v) (1 - sig(alpha v)),  v = u - theta_u, or u - (theta_u - I_m)

Spikes are sparse: W_f s_in and W_r s[k-1] add the columns of what fired, and so do the gradients of W_f and W_r.
Arrays of spikes and of gradients may be bfloat16, seen here as int16 of the same bits.
"""

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from dmpnet.equations.neurons import Neuron

EXPONENTIAL, LINEAR, SHIFT = range(3)
FUSED = {"exponential": EXPONENTIAL, "linear": LINEAR, "shift": SHIFT}
"""Decays that the kernels have; of others dmpnet.training.plain takes a step after the other."""
SAMPLES = 4  # whose recurrent gradients are one product: fewer read W_r too often, with more OpenBLAS starts threads
ONE = np.int16(0x3F80)  # 1.0 in bfloat16


@njit(nogil=True, cache=True)
def forward(drive, given, acting, fed, start, channel, value, W_f, b, W_r, spikes, one, rate, decay, c, g, theta_u,
            hard, floor):
    """Run the scan; `drive` (B, T, N) becomes u before the reset.

    given : `drive` holds a current already (W_m m); else it is filled anew
    acting : I_m (B, T, N) of a memory that acts otherwise, or (0, 0, 0)
    fed : (B, T, N) filled with W_f s_in where the memory acts on the gain, else (0, 0, 0)
    start, channel, value : events of s_in
    W_f : (M, N) transposed to [from, to];  b : (N,)
    W_r : (N, N) as [from, to], or (0, 0) for none
    spikes : (B, T, N) filled with 0 and `one`, or (0, 0, 0) when only the rate is wanted
    rate : (B, N) filled with the fraction of steps with a spike
    decay : EXPONENTIAL, LINEAR or SHIFT, with its constant c (N,);  g : (N,)
    floor : the lowest number of the arrays' type for none (infinities would bar SIMD in the adjoint)
    """
    B, T, N = drive.shape
    zero, whole = drive.dtype.type(0), drive.dtype.type(1)
    lowered = acting.size > fed.size
    limit = np.full(N, theta_u)
    for s in range(B):
        kept = np.zeros(N, drive.dtype)
        count = np.zeros(N, drive.dtype)
        fired = np.empty(N, np.int64)
        fires = 0
        for k in range(T):
            u = drive[s, k]
            for n in range(N):
                u[n] = u[n] + b[n] if given else (zero if fed.size else b[n])
            e = start[s * T + k]
            end = start[s * T + k + 1]
            while e + 4 <= end:  # four at a time: u is read and written once for them
                v0, v1, v2, v3 = value[e], value[e + 1], value[e + 2], value[e + 3]
                c0, c1, c2, c3 = W_f[channel[e]], W_f[channel[e + 1]], W_f[channel[e + 2]], W_f[channel[e + 3]]
                for n in range(N):
                    u[n] += v0 * c0[n] + v1 * c1[n] + v2 * c2[n] + v3 * c3[n]
                e += 4
            while e < end:
                column = W_f[channel[e]]
                v = value[e]
                for n in range(N):
                    u[n] += v * column[n]
                e += 1
            if fed.size:
                for n in range(N):
                    fed[s, k, n] = u[n]
                    u[n] = u[n] * (whole + acting[s, k, n]) + b[n]
            if lowered:
                for n in range(N):
                    limit[n] = theta_u - acting[s, k, n]
            for f in range(fires):
                column = W_r[fired[f]]
                for n in range(N):
                    u[n] += column[n]
            if decay == LINEAR:
                for n in range(N):
                    v = kept[n]
                    kept[n] = v - c[n] if v > c[n] else (v + c[n] if v < -c[n] else zero)
            elif decay == SHIFT:
                for n in range(N):
                    kept[n] = kept[n] - c[n] * kept[n]
            else:
                for n in range(N):
                    kept[n] = c[n] * kept[n]
            for n in range(N):
                v = kept[n] + g[n] * u[n]
                u[n] = floor if v < floor else v
                spike = whole if u[n] >= limit[n] else zero
                count[n] += spike
                kept[n] = u[n] * (1 - spike) if hard else u[n] - theta_u * spike
            if spikes.size:
                row = spikes[s, k]
                for n in range(N):
                    row[n] = one if u[n] >= limit[n] else 0
            if W_r.size:
                fires = 0
                for n in range(N):
                    if u[n] >= limit[n]:
                        fired[fires] = n
                        fires += 1
        for n in range(N):
            rate[s, n] = count[n] / T


SERIES = (*(1 / math.factorial(n) / 16**n for n in range(9)), 40.0)
"""Taylor coefficients of exp(y/16), and the y above which the surrogate is cut off (at 4e-18 alpha)."""


@njit(inline="always")
def surrogate(v, alpha, c):
    # p = exp(y) as exp(y/16)^16 with a Taylor sum: only products, in the arrays' own precision, so the loop over
    # neurons vectorises; relative error below 1e-8 where the slope is not negligible
    y = min(alpha * abs(v), c[9])
    p = c[0] + y * (c[1] + y * (c[2] + y * (c[3] + y * (c[4] + y * (c[5] + y * (c[6] + y * (c[7] + y * c[8])))))))
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    q = p + c[0]
    return alpha * p / (q * q)


def _read(row, total, bits):
    """total += row, whatever the row's type; `bits` is scratch of int32."""


@overload(_read, inline="always")
def _read_any(row, total, bits):
    if isinstance(row.dtype, types.Integer):
        def low(row, total, bits):
            full = bits.view(np.float32)
            for n in range(len(total)):
                bits[n] = np.int32(row[n]) << 16
            for n in range(len(total)):
                total[n] += full[n]
        return low

    def same(row, total, bits):
        for n in range(len(total)):
            total[n] += row[n]
    return same


def _write(total, row):
    """row = total, rounded to the row's type."""


@overload(_write, inline="always")
def _write_any(total, row):
    if isinstance(row.dtype, types.Integer):
        def low(total, row):
            bits = total.view(np.int32)
            for n in range(len(total)):
                row[n] = (bits[n] + 0x7FFF + ((bits[n] >> 16) & 1)) >> 16
        return low

    def same(total, row):
        for n in range(len(total)):
            row[n] = total[n]
    return same


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")  # a check for zero would bar SIMD
def backward(u, acting, fed, W_r, ds, drate, start, channel, value, dI, dacting, dW_f, dW_r, db, dc, decay, c, g,
             theta_u, hard, floor, alpha, series):
    """The adjoint scan; u (B, T, N) and fed as left by `forward`.

    W_r : (N, N) as [to, from], or (0, 0)
    ds : dL/ds (B, T, N), or (0, 0, 0) for none;  drate : dL/drate (B, N)
    dI : (B, T, N or more) filled with dL/dI in its first N columns, as W_f s_in enters I; may be u itself
    dacting : like acting, filled with dL/dI_m; may be acting itself
    dW_f (M, N), dW_r (N, N), db (N,), dc (N,) : zeros, filled with the gradients, or empty where one is not
        wanted (db always is); matrices as [from, to]; dc is that of beta where g = 1 - beta, or of lam
    alpha, series : steepness of the surrogate, and SERIES as a tuple of the arrays' type
    """
    B, T, N = u.shape
    together = SAMPLES if W_r.size else 1
    carries = np.empty((together, N), u.dtype)
    afters = np.empty((together, N), u.dtype)
    recurrent = np.empty((together, N), u.dtype)
    back = np.empty(N, u.dtype)
    bits = np.empty(N, np.int32)
    rest = np.zeros(N, u.dtype)
    limit, earlier = np.full(N, theta_u), np.full(N, theta_u)
    part, scaled = np.empty(N, u.dtype), np.empty(N, u.dtype)
    lowered = acting.size > fed.size
    zero = u.dtype.type(0)
    one = u.dtype.type(1)
    shares = drate / u.dtype.type(T)
    kept_slope = c.copy() if decay == EXPONENTIAL else one - c
    per_g = one / g
    for first in range(0, B, together):
        carries[:] = 0
        afters[:] = 0
        for step in range(T):
            k = T - 1 - step
            if W_r.size and step:
                np.dot(afters, W_r, recurrent)
            for i in range(min(together, B - first)):
                s = first + i
                carry, after, row = carries[i], afters[i], u[s, k]
                if lowered:
                    for n in range(N):
                        limit[n] = theta_u - acting[s, k, n]
                        earlier[n] = theta_u - (acting[s, k - 1, n] if k else zero)
                for n in range(N):
                    back[n] = shares[s, n]
                if ds.size:
                    _read(ds[s, k], back, bits)
                if W_r.size and step:
                    for n in range(N):
                        back[n] += recurrent[i, n]
                if decay == LINEAR:
                    for n in range(N):
                        left = row[n] if row[n] < limit[n] else (zero if hard else row[n] - theta_u)
                        carry[n] = carry[n] if abs(left) > c[n] else zero
                else:
                    for n in range(N):
                        carry[n] = carry[n] * (zero if hard and row[n] >= limit[n] else kept_slope[n])
                for n in range(N):
                    part[n] = back[n] * surrogate(row[n] - limit[n], alpha, series)
                    slope = part[n] + carry[n]
                    carry[n] = slope if row[n] > floor else zero
                    after[n] = g[n] * carry[n]
                before = u[s, k - 1] if k else rest
                if dW_r.size:
                    for j in range(N):
                        if before[j] >= earlier[j]:
                            total = dW_r[j]
                            for n in range(N):
                                total[n] += after[n]
                if dc.size:
                    for n in range(N):
                        fired = before[n] >= earlier[n]
                        kept = (zero if hard else before[n] - theta_u) if fired else before[n]
                        if decay == LINEAR:
                            dc[n] += -carry[n] if kept > c[n] else (carry[n] if kept < -c[n] else zero)
                        else:
                            dc[n] += carry[n] * (kept - (row[n] - c[n] * kept) * per_g[n])
                for n in range(N):
                    db[n] += after[n]
                if lowered:
                    _write(part, dacting[s, k])
                if fed.size:
                    for n in range(N):
                        part[n] = after[n] * fed[s, k, n]
                    into = scaled
                    for n in range(N):
                        into[n] = after[n] * (one + acting[s, k, n])
                    _write(part, dacting[s, k])
                else:
                    into = after
                if dW_f.size:
                    for e in range(start[s * T + k], start[s * T + k + 1]):
                        total = dW_f[channel[e]]
                        d = value[e]
                        for n in range(N):
                            total[n] += d * into[n]
                _write(into, dI[s, k])


def constants(neuron: Neuron, learned: Any, kind: type, n: int) -> tuple:
    """decay, c, g, theta_u, hard and floor of `forward`.

    learned : a tensor, () or (n,), that takes the place of the neuron's beta, with g = 1 - beta, or of its lam, or None
    """
    c: Any = neuron.constant if learned is None else learned.detach().double().numpy()
    g = neuron.g if learned is None or neuron.decay != "exponential" else 1 - c
    floor = np.finfo(kind).min if neuron.floor is None else kind(neuron.floor)
    return (FUSED[neuron.decay], np.full(n, c, kind), np.full(n, g, kind), kind(neuron.theta_u), neuron.reset == "hard",
            kind(floor))
