"""One layer over a whole sequence as a single differentiable operation.

Nothing recurs from spikes to the slow memory or to W_f s_in, so all but the membrane is parallel over time. The
backward pass is written out: products with spikes go event by event, what is dense stays in BLAS, and no array of
(B, T, N) is copied that need not be.
"""

from dataclasses import dataclass

import numpy as np
import torch

from dmpnet.equations.neurons import Neuron
from dmpnet.training import membrane, scan
from dmpnet.training.events import Events, as_numpy, dot, dot_adjoint, events
from dmpnet.training.integer_memory import IntegerMemory

DENSE = 0.06  # of the input active: from here on a BLAS product is faster for the gradient of W_f than its events


@dataclass(frozen=True)
class Setting:
    """What a layer needs beside its weights.

    blocks : the slow memory, in real numbers or as a chip holds it; what it gives is read by W_m
    alpha : steepness of the surrogate sigmoid
    record : return spikes (B, T, N); otherwise only rates
    products : dtype of spikes and of the matrix products of the backward pass; torch.bfloat16 is faster
    scale : factor on the input, 1 / (1 - dropout) where some of it was dropped
    acts : what the slow memory acts on (dmpnet.equations.neurons)
    """

    neuron: Neuron
    blocks: scan.Blocks | IntegerMemory | None
    d_s: int = 1
    alpha: float = 4.0
    record: bool = True
    products: torch.dtype | None = None
    scale: float = 1.0
    acts: str = "current"


class SpikingLayer(torch.autograd.Function):
    """(spikes (B, T, N) or empty, rate (B, N)) of s_in (B, T, M).

    b : (N,) b_f, and b_m where a slow memory acts on the current
    learned : () or (N,), takes the place of the neuron's beta, with g = 1 - beta, or of its lam
    b_m : (N,) where it acts on the threshold or the gain
    """

    @staticmethod
    def forward(ctx, s_in, W_f, b, W_r, w_x, b_x, W_m, learned, setting, b_m=None):
        batch, steps, _ = s_in.shape
        kind = as_numpy(W_f.detach()).dtype.type
        low = setting.products or W_f.dtype
        seen = events(s_in, kind, setting.scale)
        drive = W_f.new_empty(batch, steps, len(b))
        m = active = None
        acting, fed = (torch.empty_like(drive) if yes else drive.new_empty(0, 0, 0)
                       for yes in (b_m is not None, setting.acts == "gain"))
        if W_m is not None:
            x = W_f.new_empty(batch * steps)
            dot(*seen.arrays, w_x.detach().numpy(), kind(b_x.item()), x.numpy())
            x = torch.relu_(x).view(batch, steps)
            active = x > 0
            m = scan.hold(setting.blocks.forward(x), setting.d_s)
            if b_m is None:
                torch.mm(m.view(-1, m.shape[2]), W_m.T, out=drive.view(-1, len(b)))
            else:
                torch.addmm(b_m, m.view(-1, m.shape[2]), W_m.T, out=acting.view(-1, len(b)))
            m = m.to(low)
        spikes = torch.empty(drive.shape if setting.record else (0, 0, 0), dtype=low)
        rate = W_f.new_empty(batch, len(b))
        ctx.constants = membrane.constants(setting.neuron, learned, kind, len(b))
        one = membrane.ONE if low == torch.bfloat16 else kind(1)
        membrane.forward(drive.numpy(), m is not None and b_m is None, acting.numpy(), fed.numpy(), *seen.arrays,
                         _transposed(W_f), b.detach().numpy(),
                         _transposed(W_r) if W_r is not None else np.empty((0, 0), kind), as_numpy(spikes), one,
                         rate.numpy(), *ctx.constants)
        ctx.setting, ctx.seen, ctx.each = setting, seen, learned is not None and learned.ndim > 0
        ctx.save_for_backward(s_in, W_f, W_r, w_x, W_m, m, active, drive, acting, fed)
        return spikes, rate

    @staticmethod
    def backward(ctx, ds, drate):
        s_in, W_f, W_r, w_x, W_m, m, active, u, acting, fed = ctx.saved_tensors
        setting, seen = ctx.setting, ctx.seen
        kind, (n, channels) = u.numpy().dtype.type, W_f.shape
        low = setting.products or u.dtype
        dI = u if low == u.dtype else torch.empty(*u.shape[:2], -(-n // 8) * 8 + 8, dtype=low)  # a column for dx
        dI_m = torch.empty_like(acting, dtype=low)
        dense = len(seen.channel) > DENSE * s_in.numel() and s_in.dtype == low
        dW_f, db = np.zeros((0, 0) if dense else (channels, n), kind), np.zeros(n, kind)
        dW_r = np.zeros((n, n) if W_r is not None else (0, 0), kind)
        dc = np.zeros(n if ctx.needs_input_grad[7] else 0, kind)
        membrane.backward(u.numpy(), acting.numpy(), fed.numpy(), W_r.numpy() if W_r is not None else dW_r,
                          as_numpy(ds.contiguous() if setting.record else dI.new_empty(0, 0, 0)),
                          drate.contiguous().numpy(), *seen.arrays, as_numpy(dI), as_numpy(dI_m), dW_f, dW_r, db, dc,
                          *ctx.constants, kind(setting.alpha), tuple(map(kind, membrane.SERIES)))
        wide = dI.view(-1, dI.shape[2])
        dI = wide[:, :n]
        dw_x = db_x = dW_m = db_m = dx = ds_in = None
        if W_m is not None:
            dI_m = dI_m.view(-1, n) if acting.numel() else dI
            dW_m = (dI_m.T @ m.view(-1, m.shape[2])).to(W_m.dtype)
            dm = (dI_m @ W_m.to(low)).view(m.shape)
            dx = (setting.blocks.backward(scan.release(dm, setting.d_s)) * active).view(-1)
            db_x, dw_x = dx.sum(), _input_weights(seen, dx, channels)
            db_m = dI_m.sum(0, dtype=u.dtype) if acting.numel() else None
        if ctx.needs_input_grad[0]:
            ds_in = _to_input(wide, n, dx, W_f, w_x).view(s_in.shape).to(s_in.dtype)
            if setting.scale != 1:
                ds_in *= setting.scale
        by_input = (setting.scale * (dI.T @ s_in.view(-1, channels)).to(u.dtype) if dense
                    else torch.from_numpy(dW_f).T)
        return (ds_in, by_input, torch.from_numpy(db),
                torch.from_numpy(dW_r).T if W_r is not None else None, dw_x, db_x, dW_m,
                torch.from_numpy(dc if ctx.each else np.array(dc.sum())) if dc.size else None, None, db_m)


def _transposed(matrix: torch.Tensor) -> np.ndarray:
    return matrix.detach().T.contiguous().numpy()


def _to_input(dI: torch.Tensor, n: int, dx: torch.Tensor | None, W_f: torch.Tensor,
              w_x: torch.Tensor | None) -> torch.Tensor:
    """dL/ds_in = dI W_f + dx w_x, one product where dI (rows, at least n) has columns to spare."""
    if dx is None or w_x is None:
        return dI[:, :n] @ W_f.to(dI.dtype)
    if dI.shape[1] == n:
        return torch.addr(dI @ W_f, dx, w_x)
    dI[:, n] = dx
    dI[:, n + 1 :] = 0
    weights = W_f.new_zeros(dI.shape[1], W_f.shape[1], dtype=dI.dtype)
    weights[:n], weights[n] = W_f, w_x
    return dI @ weights


def _input_weights(seen: Events, dx: torch.Tensor, channels: int) -> torch.Tensor:
    dw_x = np.zeros(channels, seen.value.dtype)
    dot_adjoint(*seen.arrays, dx.numpy(), dw_x)
    return torch.from_numpy(dw_x)
