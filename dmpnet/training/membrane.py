"""The membrane scan over a whole sequence, and its adjoint, each one compiled kernel.

Forward, per sample and neuron, for k = 0 .. T-1:

    u[k] = beta u_after[k-1] + g (I[k] + W_r s[k-1]);  s[k] = u[k] >= theta_u;  u_after = 0 or u - theta_u

Backward uses the sigmoid surrogate in place of the derivative of the step, and no gradient through the reset:

    g'(v) = alpha sig(alpha v) (1 - sig(alpha v)),  v = u - theta_u

Spikes are sparse, so W_r s[k-1] adds the columns of the neurons that fired instead of multiplying by zeros.
"""

import numpy as np
from numba import njit, prange


@njit(parallel=True, cache=True)
def forward(current, W_r, spikes, rate, beta, g, theta_u, hard):
    """Run the scan; `current` (B, T, N) becomes u before the reset.

    W_r : (N, N) transposed to [from, to], or (0, 0) for none
    spikes : (B, T, N) filled with 0 and 1, or (0, 0, 0) when only the rate is wanted
    rate : (B, N) filled with the fraction of steps with a spike
    """
    B, T, N = current.shape
    for b in prange(B):
        kept = np.zeros(N, current.dtype)
        count = np.zeros(N, current.dtype)
        fired = np.empty(N, np.int64)
        events = 0
        for k in range(T):
            u = current[b, k]
            if W_r.size:
                for e in range(events):
                    column = W_r[fired[e]]
                    for n in range(N):
                        u[n] += column[n]
            for n in range(N):
                u[n] = beta * kept[n] + g * u[n]
                s = current.dtype.type(1) if u[n] >= theta_u else current.dtype.type(0)
                count[n] += s
                kept[n] = u[n] * (1 - s) if hard else u[n] - theta_u * s
            if spikes.size:
                row = spikes[b, k]
                for n in range(N):
                    row[n] = 1 if u[n] >= theta_u else 0
            if W_r.size:
                events = 0
                for n in range(N):
                    if u[n] >= theta_u:
                        fired[events] = n
                        events += 1
        for n in range(N):
            rate[b, n] = count[n] / T


@njit(inline="always")
def _surrogate(v, alpha):
    # exp(-y) = 1 / exp(y/16)^16 with a Taylor sum: only products, so the loop over neurons vectorises;
    # relative error below 1e-8 where the slope is not negligible
    y = alpha * abs(v)
    z = min(y, y * 0 + 60) * (y * 0 + 0.0625)
    p = 1 + z * (1 + z / 2 * (1 + z / 3 * (1 + z / 4 * (1 + z / 5 * (1 + z / 6 * (1 + z / 7 * (1 + z / 8)))))))
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    e = 1 / p
    return alpha * e / ((1 + e) * (1 + e))


@njit(parallel=True, cache=True, fastmath=True)
def backward(u, W_r, ds, drate, beta, g, theta_u, hard, alpha):
    """The adjoint scan; `u` (B, T, N) as left by `forward` becomes dL/dI.

    W_r : (N, N) as [to, from], or (0, 0)
    ds : dL/ds (B, T, N), or (0, 0, 0) for none
    drate : dL/drate (B, N)
    """
    B, T, N = u.shape
    for b in prange(B):
        carry = np.zeros(N, u.dtype)
        back = np.zeros(N, u.dtype)
        share = drate[b] / u.dtype.type(T)
        for step in range(T):
            k = T - 1 - step
            row = u[b, k]
            for n in range(N):
                back[n] = share[n]
            if ds.size:
                up = ds[b, k]
                for n in range(N):
                    back[n] += up[n]
            if W_r.size and step:
                after = u[b, k + 1]
                for to in range(N):
                    weights = W_r[to]
                    for n in range(N):
                        back[n] += after[to] * weights[n]
            for n in range(N):
                v = row[n] - theta_u
                through = carry[n] * (0 if (hard and v >= 0) else beta)
                carry[n] = back[n] * _surrogate(v, alpha) + through
                row[n] = g * carry[n]
