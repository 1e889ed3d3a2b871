"""One layer over a whole sequence as a single differentiable operation.

Nothing recurs from spikes to the slow memory or to W_f s_in, so all but the membrane is parallel over time. The
backward pass is written out: it reuses the buffer of the membranes and never copies a (B, T, N) array twice.
"""

from dataclasses import dataclass

import torch

from dmpnet.neurons import Neuron
from dmpnet.training import membrane, scan


@dataclass(frozen=True)
class Setting:
    """What a layer needs beside its weights.

    alpha : steepness of the surrogate sigmoid
    record : return spikes (B, T, N); otherwise only rates
    products : dtype of the matrix products of the backward pass, torch.bfloat16 is faster where the processor has it
    """

    neuron: Neuron
    blocks: scan.Blocks | None
    d_s: int = 1
    alpha: float = 4.0
    record: bool = True
    products: torch.dtype = torch.float32


class SpikingLayer(torch.autograd.Function):
    """(spikes (B, T, N) or empty, rate (B, N)) of s_in (B, T, M)."""

    @staticmethod
    def forward(ctx, s_in, W_f, b, W_r, w_x, b_x, W_m, setting):
        batch, steps, channels = s_in.shape
        flat = s_in.reshape(-1, channels)
        current = torch.addmm(b, flat, W_f.T)
        m = active = None
        if W_m is not None:
            x = torch.relu_(torch.addmv(b_x, flat, w_x)).view(batch, steps)
            active = x > 0
            m = _hold(scan.forward(x, setting.blocks), setting.d_s)
            current.addmm_(m.view(-1, m.shape[2]), W_m.T)
        current = current.view(batch, steps, -1)
        spikes = torch.empty_like(current) if setting.record else current.new_empty(0, 0, 0)
        rate = current.new_empty(batch, current.shape[2])
        recurrent = W_r.T.contiguous() if W_r is not None else current.new_empty(0, 0)
        membrane.forward(current.numpy(), recurrent.numpy(), spikes.numpy(), rate.numpy(),
                         *_constants(setting.neuron, current.numpy().dtype.type))
        ctx.setting, ctx.recurrent = setting, W_r is not None
        ctx.save_for_backward(s_in, W_f, W_r, w_x, W_m, m, active, current, spikes)
        return spikes, rate

    @staticmethod
    def backward(ctx, ds, drate):
        s_in, W_f, W_r, w_x, W_m, m, active, u, spikes = ctx.saved_tensors
        setting, channels = ctx.setting, s_in.shape[2]
        kind = u.numpy().dtype.type
        ds = ds.contiguous() if setting.record else u.new_empty(0, 0, 0)
        membrane.backward(u.numpy(), (W_r if ctx.recurrent else u.new_empty(0, 0)).numpy(force=True), ds.numpy(),
                          drate.contiguous().numpy(), *_constants(setting.neuron, kind), kind(setting.alpha))
        dI = u.view(-1, u.shape[2])
        db = dI.sum(0)
        low = dI.to(setting.products) if u.dtype == torch.float32 else dI
        flat = s_in.reshape(-1, channels)
        dW_f = _product(low.T, flat)
        dW_r = _product(low.view(u.shape)[:, 1:].reshape(-1, u.shape[2]).T,
                        spikes[:, :-1].reshape(-1, u.shape[2])) if ctx.recurrent else None
        dw_x = db_x = dW_m = dx = None
        if W_m is not None:
            dW_m = _product(low.T, m.view(-1, m.shape[2]))
            dm = _product(low, W_m).view(m.shape)
            dx = (scan.backward(_release(dm, setting.d_s), setting.blocks) * active).view(-1)
            dw_x, db_x = flat.T @ dx, dx.sum()
        ds_in = None
        if ctx.needs_input_grad[0]:
            ds_in = _product(low, W_f)
            if dx is not None:
                ds_in.addr_(dx, w_x)
            ds_in = ds_in.view(s_in.shape)
        return ds_in, dW_f, db, dW_r, dw_x, db_x, dW_m, None


def _constants(neuron: Neuron, kind: type) -> tuple:
    return kind(neuron.beta), kind(neuron.g), kind(neuron.theta_u), neuron.reset == "hard"


def _product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a @ b.to(a.dtype)).to(b.dtype)


def _hold(m: torch.Tensor, d_s: int) -> torch.Tensor:
    """m[k_d], k_d = floor(k/d_s) d_s."""
    return m if d_s == 1 else m[:, ::d_s].repeat_interleave(d_s, dim=1)[:, : m.shape[1]].contiguous()


def _release(dm: torch.Tensor, d_s: int) -> torch.Tensor:
    """Adjoint of `_hold`."""
    if d_s == 1:
        return dm
    held = torch.zeros_like(dm)
    steps = torch.arange(dm.shape[1])
    return held.index_add_(1, steps - steps % d_s, dm)
