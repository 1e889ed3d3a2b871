"""The slow memory over a whole sequence at once, in blocks of steps, and its adjoint.

Within a block of L steps that starts from memory m0,

    m[i] = sum_{j <= i} Abar^(i-j) Bbar x[j] + Abar^(i+1) m0,   i = 0 .. L-1

so all blocks together are one matrix product, [x m0] times one constant matrix, once the m0 are known; and those
follow each other by the last row alone. The backward pass is the same, transposed.
"""

import numpy as np
import torch

BLOCK = 28


class Blocks:
    """Constants of the block form for one (Abar, Bbar).

    whole : (L + d, L d), the rows of x above those of m0; last : its last d columns
    """

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
        self.whole = torch.tensor(np.concatenate([response, powers]).reshape(length + d, length * d), dtype=dtype)
        self.last = self.whole[:, -d:].contiguous()
        self.rounded = self.whole.to(torch.bfloat16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """m (B, T, d) of x (B, T), from m[-1] = 0."""
        batch, steps = x.shape
        length, d = self.length, self.d
        count = -(-steps // length)
        known = x.new_zeros(batch, count, length + d)  # x of each block, then the memory it starts from
        known[:, :, :length] = torch.nn.functional.pad(x, (0, count * length - steps)).view(batch, count, length)
        for block in range(1, count):
            torch.mm(known[:, block - 1], self.last, out=known[:, block, length:])
        m = (known.view(-1, length + d) @ self.whole).view(batch, count * length, d)
        return m if count * length == steps else m[:, :steps].contiguous()

    def backward(self, dm: torch.Tensor) -> torch.Tensor:
        """dL/dx (B, T) of dL/dm (B, T, d), which may be bfloat16; the result has the constants' type."""
        batch, steps, d = dm.shape
        length = self.length
        count = -(-steps // length)
        whole = self.rounded if dm.dtype == torch.bfloat16 else self.whole
        if count * length != steps:
            dm = torch.nn.functional.pad(dm, (0, 0, 0, count * length - steps))
        known = (dm.reshape(batch * count, length * d) @ whole.T).to(self.whole.dtype).view(batch, count, length + d)
        for block in reversed(range(1, count)):  # a block's end is the next one's beginning
            known[:, block - 1].addmm_(known[:, block, length:], self.last.T)
        return known[:, :, :length].reshape(batch, -1)[:, :steps]


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
