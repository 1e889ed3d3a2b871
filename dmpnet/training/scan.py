"""The slow memory over a whole sequence at once, in blocks of steps, and its adjoint.

Within a block of L steps that starts from memory m0 everything is two matrix products,

    m[i] = sum_{j <= i} Abar^(i-j) Bbar x[j] + Abar^(i+1) m0,   i = 0 .. L-1

so T steps cost T/L products of useful size in place of T small ones. The backward pass is the same, transposed.
"""

import numpy as np
import torch

BLOCK = 28


class Blocks:
    """Constants of the block form for one (Abar, Bbar): `response` (L, L d), `powers` (d, L d)."""

    def __init__(self, abar: np.ndarray, bbar: np.ndarray, dtype: torch.dtype, length: int = BLOCK):
        d = len(bbar)
        response = np.zeros((length, length, d))
        powers = np.empty((d, length, d))
        column, power = bbar, abar
        for lag in range(length):
            for j in range(length - lag):
                response[j, j + lag] = column
            powers[:, lag] = power.T
            column, power = abar @ column, abar @ power
        self.d, self.length = d, length
        self.response = torch.tensor(response.reshape(length, length * d), dtype=dtype)
        self.powers = torch.tensor(powers.reshape(d, length * d), dtype=dtype)

    def cut(self, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
        """`response` and `powers` for a block of fewer steps."""
        return self.response[:steps, : steps * self.d], self.powers[:, : steps * self.d]


def forward(x: torch.Tensor, blocks: Blocks) -> torch.Tensor:
    """m (B, T, d) of x (B, T), from m[-1] = 0."""
    batch, steps = x.shape
    m = x.new_empty(batch, steps, blocks.d)
    state = x.new_zeros(batch, blocks.d)
    for start in range(0, steps, blocks.length):
        piece = x[:, start : start + blocks.length]
        response, powers = blocks.cut(piece.shape[1])
        block = torch.addmm(piece @ response, state, powers).view(batch, -1, blocks.d)
        m[:, start : start + blocks.length] = block
        state = block[:, -1]
    return m


def backward(dm: torch.Tensor, blocks: Blocks) -> torch.Tensor:
    """dL/dx (B, T) of dL/dm (B, T, d)."""
    batch, steps, d = dm.shape
    dx = dm.new_empty(batch, steps)
    carry = dm.new_zeros(batch, d)
    for start in reversed(range(0, steps, blocks.length)):
        piece = dm[:, start : start + blocks.length].reshape(batch, -1)
        length = piece.shape[1] // d
        response, powers = blocks.cut(length)
        piece[:, -d:] += carry  # the next block begins where this one ends
        dx[:, start : start + length] = piece @ response.T
        carry = piece @ powers.T
    return dx


def hold(m: torch.Tensor, d_s: int) -> torch.Tensor:
    """m[k_d], k_d = floor(k/d_s) d_s: the memory (B, T, d) as the fast neurons see it under dilation d_s."""
    return m if d_s == 1 else m[:, ::d_s].repeat_interleave(d_s, dim=1)[:, : m.shape[1]].contiguous()


def release(dm: torch.Tensor, d_s: int) -> torch.Tensor:
    """Adjoint of `hold`."""
    if d_s == 1:
        return dm
    held = torch.zeros_like(dm)
    steps = torch.arange(dm.shape[1])
    return held.index_add_(1, steps - steps % d_s, dm)
