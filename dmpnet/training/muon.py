"""Muon (Jordan et al. 2024) in the arithmetic of the model's other products.

torch.optim.Muon makes momentum orthogonal in bfloat16 on every processor. Where it is computed in software a step of
two matrices of 200 x 200 takes as long as the rest of a batch; in float32 it is fifteen times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from dmpnet.training.model import SpikingNetwork


class Muon(torch.optim.Muon):
    """torch.optim.Muon with steps as long as Adam's; its state is the same, whichever arithmetic.

    model : whose `products` say in which arithmetic momentum is made orthogonal
    """

    def __init__(self, groups: list[dict[str, Any]], lr: float, model: SpikingNetwork):
        super().__init__(groups, lr=lr, adjust_lr_fn="match_rms_adamw")
        self.model = model

    @torch.no_grad()
    def step(self, closure=None):
        """As torch.optim.Muon's."""
        if self.model.products == torch.bfloat16:
            return super().step(closure)
        with torch.enable_grad():
            loss = closure() if closure else None
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                kept = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                kept.lerp_(p.grad, 1 - momentum)
                update = orthogonal(p.grad.lerp(kept, momentum), group["ns_coefficients"], group["ns_steps"],
                                    group["eps"])
                p.mul_(1 - lr * group["weight_decay"])
                p.add_(update, alpha=-lr * 0.2 * max(p.shape) ** 0.5)
        return loss


def orthogonal(matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> torch.Tensor:
    """U V^T of a matrix U S V^T, nearly: its singular values come to 0.7 .. 1.2 by Newton and Schulz's iteration."""
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
