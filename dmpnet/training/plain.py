"""The layer step by step, gradients by PyTorch: slow, short, for variants the fused layer does not have.

Also an independent statement of the same arithmetic, against which the fused layer is tested.
"""

import torch

from dmpnet.equations.decay import BY_NAME, decayed
from dmpnet.equations.neurons import Neuron

Adapting = tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None


class Spike(torch.autograd.Function):
    """1 where v >= 0; backward the slope of a sigmoid, alpha sig(alpha v) (1 - sig(alpha v))."""

    @staticmethod
    def forward(ctx, v, alpha):
        ctx.save_for_backward(v)
        ctx.alpha = alpha
        return (v >= 0).to(v.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (v,) = ctx.saved_tensors
        sig = torch.sigmoid(ctx.alpha * v)
        return gradient * ctx.alpha * sig * (1 - sig), None


def memory(s_in: torch.Tensor, w_x: torch.Tensor, b_x: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    """m (B, T, d) of s_in (B, T, M); response (T, d): Abar^k Bbar, the memory's answer to a unit impulse."""
    x = torch.relu(s_in @ w_x + b_x)
    size = 2 * s_in.shape[1]
    product = torch.fft.rfft(x, size)[:, :, None] * torch.fft.rfft(response, size, dim=0)
    return torch.fft.irfft(product, size, dim=1)[:, : s_in.shape[1]]


class Decayed(torch.autograd.Function):
    """dmpnet.equations.decay.decayed of any decay, with the derivatives that its file states."""

    @staticmethod
    def forward(ctx, u, decay, c):
        ctx.save_for_backward(u)
        ctx.decay, ctx.c = BY_NAME[decay], float(c)
        return torch.from_numpy(decayed(u.detach().numpy(), decay, ctx.c))

    @staticmethod
    def backward(ctx, gradient):
        u, c = ctx.saved_tensors[0].numpy(), ctx.c
        dc = gradient.new_tensor((gradient.numpy() * ctx.decay.by_constant(u, c)).sum()) if ctx.needs_input_grad[2] \
            else None
        return gradient * torch.from_numpy(ctx.decay.slope(u, u.dtype.type(c))), None, dc


def _decayed(u: torch.Tensor, decay: str, c: float | torch.Tensor) -> torch.Tensor:
    """The same; of the three decays that the fused layer has, by PyTorch."""
    if decay == "exponential":
        return c * u
    if decay == "shift":
        return u - c * u
    if decay != "linear":
        return Decayed.apply(u, decay, c)
    return torch.where(u > c, u - c, torch.where(u < -c, u + c, torch.zeros_like(u)))


def driven(s_in: torch.Tensor, W_f: torch.Tensor, b_f: torch.Tensor, I_m: torch.Tensor | None,
           acts: str) -> torch.Tensor:
    """I (B, T, N) but for what recurs and adapts; arguments as of `layer`."""
    drive = s_in @ W_f.T
    if acts == "gain" and I_m is not None:
        drive = drive * (1 + I_m)
    drive = drive + b_f
    return drive + I_m if acts == "current" and I_m is not None else drive


def layer(s_in: torch.Tensor, W_f: torch.Tensor, b_f: torch.Tensor, neuron: Neuron, alpha: float = 4.0,
          W_r: torch.Tensor | None = None, I_m: torch.Tensor | None = None, acts: str = "current",
          learned: torch.Tensor | None = None, adapting: Adapting = None) -> torch.Tensor:
    """Spikes (B, T, N) of s_in (B, T, M).

    I_m : (B, T, N), W_m m + b_m as last looked at;  acts : see dmpnet.equations.neurons
    learned : () or (N,), takes the place of the neuron's beta, with g = 1 - beta, or of its lam or c
    adapting : rho_w, a_w, b_w (N,) where the neurons adapt (dmpnet.equations.adaptation)
    """
    c = neuron.constant if learned is None else learned
    g = neuron.g if learned is None or neuron.decay != "exponential" else 1 - learned
    drive = driven(s_in, W_f, b_f, I_m, acts)
    u = s = w = drive.new_zeros(drive[:, 0].shape)
    spikes = []
    for k in range(s_in.shape[1]):
        current = drive[:, k] if W_r is None else drive[:, k] + s @ W_r.T
        u = _decayed(u, neuron.decay, c) + g * (current if adapting is None else current - w)
        if neuron.floor is not None:
            u = torch.where(u > neuron.floor, u, u.new_tensor(neuron.floor))
        limit = neuron.theta_u - (I_m[:, k] if acts == "threshold" and I_m is not None else 0)
        s = Spike.apply(u - limit, alpha)
        fired = s.detach()
        u = u * (1 - fired) if neuron.reset == "hard" else u - neuron.theta_u * fired
        if adapting is not None:
            rho_w, a_w, b_w = adapting
            w = rho_w * w + (1 - rho_w) * (a_w * u + b_w * s)
        spikes.append(s)
    return torch.stack(spikes, dim=1)
