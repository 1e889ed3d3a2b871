"""Nodes of NIR without neurons, as nodes of a graph: what NIR says, whatever the convention."""

from collections.abc import Callable

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import nodes
from dmpnet.graph.nodes import Node, Shape
from dmpnet.nir.parts import Part
from dmpnet.nir.values import array, limited, raw, shape, whole

Taken = tuple[Node, str, str]
"""The node, 'exact' or 'convention', and what is said of it."""
NEAR = 1e-6
"""By how much a delay may miss a whole number of steps, of a step: float32 seconds do by so much."""


def takes_shape(part: Part) -> bool:
    """Whether the shape of what reaches it is needed to know what it is."""
    return part.kind in ("SumPool2d", "AvgPool2d") or part.kind in ("Conv1d", "Conv2d") and (
        "input_shape" not in part.fields) or part.kind == "Flatten" and "input_type" not in part.fields


def taken(part: Part, incoming: Shape | None, dt: float, round_delays: bool) -> Taken:
    """`part`, on input of shape `incoming`."""
    if part.kind == "Delay":
        return _delay(part, dt, round_delays)
    return MAPS[part.kind](part, incoming), "exact", ""


def _affine(part: Part, incoming: Shape | None) -> Node:
    return nodes.Affine(array(part, "weight"), array(part, "bias") if "bias" in part.fields else None)


def _scale(part: Part, incoming: Shape | None) -> Node:
    return nodes.Scale(array(part, "scale"))


def _threshold(part: Part, incoming: Shape | None) -> Node:
    return nodes.Threshold(array(part, "threshold"), strict=True)


def _convolution(part: Part, incoming: Shape | None) -> Node:
    axes = 1 if part.kind == "Conv1d" else 2
    weight, bias = array(part, "weight"), array(part, "bias")
    if weight.ndim != axes + 2:
        raise DmpnetError(f"weight of shape {weight.shape}, but it is (C_out, C_in / groups, "
                          f"{', '.join('HW'[-axes:])}); give {axes + 2} dimensions")
    groups, = whole(part, "groups", 1, 1)
    stride, dilation = whole(part, "stride", axes, 1), whole(part, "dilation", axes, 1)
    if "input_shape" in part.fields:
        size = shape(part, "input_shape")
        incoming = (weight.shape[1] * groups, *(size * axes if len(size) == 1 else size))
    if incoming is None:
        raise DmpnetError("input_shape is not said, and not known from what reaches it; set it")
    made = nodes.Convolution(weight, incoming, bias, stride, _padding(part, axes, weight.shape[2:], stride, dilation),
                             dilation, groups)
    limited(made.shape_out)
    return made


def _padding(part: Part, axes: int, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    """Zeros before and behind each axis; by 'same' those that keep the size, the odd one behind, as in PyTorch."""
    said = part.fields["padding"]
    if not isinstance(said, str):
        return tuple((pad, pad) for pad in whole(part, "padding", axes, 0))
    if said == "valid":
        return ((0, 0),) * axes
    if said != "same":
        raise DmpnetError(f"padding = {said!r}, but it is 'same', 'valid' or whole numbers; set one")
    if max(stride) > 1:
        raise DmpnetError(f"padding = 'same' with stride {stride}, which no two readers pad alike; set numbers")
    total = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
    return tuple((zeros // 2, zeros - zeros // 2) for zeros in total)


def _pool(part: Part, incoming: Shape | None) -> Node:
    if incoming is None or len(incoming) != 3:
        raise DmpnetError(f"input of shape {incoming}, but it is (C, H, W); put it behind such a node")
    made = nodes.Pool(incoming, whole(part, "kernel_size", 2, 1), whole(part, "stride", 2, 1),
                      whole(part, "padding", 2, 0), mean=part.kind == "AvgPool2d")
    limited(made.shape_out)
    return made


def _flatten(part: Part, incoming: Shape | None) -> Node:
    if "input_type" in part.fields:
        incoming = shape(part, "input_type")
    if incoming is None:
        raise DmpnetError("input_type is not said, and not known from what reaches it; set it")
    start, end = (int(raw(part, key).ravel()[0]) for key in ("start_dim", "end_dim"))
    return nodes.Flatten(incoming, start, end)


def _delay(part: Part, dt: float, round_delays: bool) -> Taken:
    delay = array(part, "delay")
    if (delay < 0).any():
        raise DmpnetError(f"delay = {delay.min():g} s, but nothing arrives before it is sent; set delays >= 0")
    steps = delay / dt
    off = np.abs(steps - np.rint(steps)).max(initial=0)
    if steps.max(initial=0) > LONGEST:
        raise DmpnetError(f"delay = {delay.max():g} s is {steps.max():.0f} steps of {dt:g} s, but at most {LONGEST:,} "
                          f"are held; give a larger dt")
    node = nodes.Delay(np.rint(steps).astype(np.int64))
    if off <= NEAR * max(1.0, steps.max(initial=0)):
        return node, "exact", f"{_span(node.steps)} steps"
    if not round_delays:
        raise DmpnetError(f"delay is no whole number of steps of dt = {dt:g} s (off by up to {off:.2g} of one); give a "
                          f"dt that divides it, or round delays (round_delays=True, --round-delays)")
    return node, "convention", f"rounded to {_span(node.steps)} steps, by up to {off:.2g} of one"


def _span(steps: np.ndarray) -> str:
    low, high = (int(steps.min()), int(steps.max())) if steps.size else (0, 0)
    return f"{low}" if low == high else f"{low} to {high}"


LONGEST = 10**6
MAPS: dict[str, Callable[[Part, Shape | None], Node]] = {
    "Affine": _affine, "Linear": _affine, "Scale": _scale, "Threshold": _threshold, "Conv1d": _convolution,
    "Conv2d": _convolution, "SumPool2d": _pool, "AvgPool2d": _pool, "Flatten": _flatten}
