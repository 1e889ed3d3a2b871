"""The few values that are not zero, as lists: what a layer reads of its input, step by step.

An input (B, T, M) of spikes, or of pixels on black, is mostly zero. A product with it then adds the rows of a matrix
where a value is, in place of multiplying by zeros; so does the gradient of that matrix.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit


@dataclass(frozen=True)
class Events:
    """start (B*T + 1,) int64: the events of row b*T + k are start[b*T + k] up to start[b*T + k + 1]; channel, value."""

    start: np.ndarray
    channel: np.ndarray
    value: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.start, self.channel, self.value


def events(s_in: torch.Tensor, dtype: type, scale: float = 1.0) -> Events:
    """Of s_in (B, T, M), times `scale`; bfloat16 input holds spikes, 0 or 1."""
    rows = as_numpy(s_in.detach()).reshape(-1, s_in.shape[2])
    spikes = s_in.dtype == torch.bfloat16
    start = np.empty(len(rows) + 1, np.int64)
    start[0] = 0
    _count(rows, start)
    np.cumsum(start, out=start)
    channel, value = np.empty(start[-1], np.int32), np.empty(start[-1], dtype)
    _list(rows, start, channel, value, spikes, dtype(scale))
    return Events(start, channel, value)


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    """The tensor's memory as an array; bfloat16, which NumPy does not know, as int16 of the same bits."""
    return tensor.view(torch.int16).numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()


@njit(nogil=True, cache=True)
def _count(rows, start):
    for r in range(len(rows)):
        n = 0
        for j in range(rows.shape[1]):
            n += rows[r, j] != 0
        start[r + 1] = n


@njit(nogil=True, cache=True)
def _list(rows, start, channel, value, spikes, scale):
    for r in range(len(rows)):
        e = start[r]
        end = start[r + 1]
        j = 0
        while e < end:
            if rows[r, j] != 0:
                channel[e] = j
                value[e] = scale if spikes else scale * rows[r, j]
                e += 1
            j += 1


@njit(nogil=True, cache=True)
def dot(start, channel, value, w, b, out):
    """out (B*T,) = w . s_in + b."""
    for r in range(len(out)):
        total = b
        for e in range(start[r], start[r + 1]):
            total += value[e] * w[channel[e]]
        out[r] = total


@njit(nogil=True, cache=True)
def dot_adjoint(start, channel, value, d_out, dw):
    """dw (M,) += sum over rows of d_out s_in."""
    for r in range(len(d_out)):
        for e in range(start[r], start[r + 1]):
            dw[channel[e]] += value[e] * d_out[r]
