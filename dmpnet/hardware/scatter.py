"""How many sums an event reaches: its kernel scattered, counted at borders too.

An event is an input of a node that is not 0. A convolution adds C_out / groups weights of it at each place whose window
it lies in; a fully connected map one to each neuron. Pools and Flatten are addresses: an event goes on to every window
that it lies in. What a chain of maps comes to is the number of ways through it, whatever the weights are.
"""

import math
from collections.abc import Sequence

import numpy as np

from dmpnet.graph.nodes import Affine, Convolution, Node, Pool, Shape


def fan_out(maps: Sequence[Node], units: int) -> np.ndarray:
    """(units,) sums that an event of each unit reaches through `maps`, the one nearest to it first; 1 without any."""
    if not maps:
        return np.ones(units, np.int64)
    reached = np.ones(maps[-1].shape_out, np.int64)
    for node in reversed(maps):
        reached = through(node, reached)
    return reached.ravel()


def through(node: Node, reached: np.ndarray) -> np.ndarray:
    """(*shape_in) what an event reaches if one of each unit that `node` gives reaches `reached` (*shape_out)."""
    if isinstance(node, Affine):
        return np.broadcast_to(reached.sum(axis=-1, keepdims=True), node.shape_in)
    if isinstance(node, Convolution):
        grouped = reached.reshape(node.groups, -1, *reached.shape[1:]).sum(axis=1)
        channels = np.repeat(grouped, node.shape_in[0] // node.groups, axis=0)
        return windows(channels, node.shape_in, node.weight.shape[2:], node.stride, node.dilation,
                       [low for low, _ in node.padding])
    if isinstance(node, Pool):
        return windows(reached, node.shape_in, node.kernel, node.stride, (1,) * len(node.kernel), node.padding)
    return reached.reshape(node.shape_in)


def windows(reached: np.ndarray, shape: Shape, kernel: Shape, stride: Shape, dilation: Shape,
            before: Sequence[int]) -> np.ndarray:
    """(C, *S) for each place the sum of `reached` (C, *S_out) over the windows that it lies in."""
    far = [pad + max(size, (many - 1) * step + reach * (taps - 1) + 1) for size, pad, many, step, reach, taps in zip(
        shape[1:], before, reached.shape[1:], stride, dilation, kernel, strict=True)]
    found = np.zeros((shape[0], *far), np.int64)
    for tap in np.ndindex(*kernel):
        places = tuple(slice(reach * at, reach * at + step * (many - 1) + 1, step) for at, reach, step, many in zip(
            tap, dilation, stride, reached.shape[1:], strict=True))
        found[(slice(None), *places)] += reached
    return found[(slice(None), *(slice(pad, pad + size) for pad, size in zip(before, shape[1:], strict=True)))]


def stored(node: Node) -> int:
    """Weights that a chip holds of a node: a kernel once."""
    weights = getattr(node, "weight", getattr(node, "scale", None))
    return 0 if weights is None else math.prod(weights.shape)
