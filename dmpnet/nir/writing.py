"""Nodes of a graph as nodes of NIR, and what NIR does not express as a tag beside a value that is not finite.

A population is LIF, CubaLIF, IF, LI, CubaLI or I by Euler's step: tau = dt/(1 - beta), r = g/(1 - beta), v_leak =
c/(1 - beta). NIR's threshold is strict: v >= theta is v > the number just below theta. A slow memory is a nested graph
of NIR's own, m = A Delay_dt(m) + B x. What NIR does not have (a soft reset, one a step late, a floor, refractory steps,
max(x, 0), ...) is NaN where it would have to be, and said in the metadata: a reader without the tags is refused, or
computes with NaN, and is never given half a network.
"""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import nodes
from dmpnet.graph.nodes import Node
from dmpnet.graph.population import Population
from dmpnet.nir.parts import Nested, Part

TAG = "dmpnet"


def written(node: Node, dt: float) -> Part | Nested:
    """`node` as NIR's own, tagged with what that does not say."""
    return WRITERS[type(node)](node, dt)


def tagged(node: Any, *names: str) -> dict[str, Any]:
    """Metadata that says a node's kind and its fields, all or those of these names: arrays by themselves, the rest as
    JSON."""
    metadata, plain = {}, {"kind": type(node).__name__}
    for name in names or [f.name for f in fields(node)]:
        value = getattr(node, name)
        if isinstance(value, np.ndarray) and value.ndim:
            metadata[f"{TAG}_{name}"] = value
        else:
            plain[name] = value.item() if isinstance(value, np.ndarray) else value
    return {TAG: json.dumps(plain)} | metadata


def _input(node: Any, dt: float) -> Part:
    return Part("Input", {"shape": np.array(node.shape)})


def _affine(node: Any, dt: float) -> Part:
    if node.bias is None:
        return Part("Linear", {"weight": node.weight})
    return Part("Affine", {"weight": node.weight, "bias": node.bias})


def _scale(node: Any, dt: float) -> Part:
    return Part("Scale", {"scale": node.scale})


def _flatten(node: Any, dt: float) -> Part:
    return Part("Flatten", {"input_type": np.array(node.shape_in), "start_dim": node.start, "end_dim": node.end})


def _delay(node: Any, dt: float) -> Part:
    return Part("Delay", {"delay": node.steps * dt})


def _threshold(node: Any, dt: float) -> Part:
    return Part("Threshold", {"threshold": _strict(node.theta, node.strict)},
                {} if node.strict else tagged(node, "strict", "theta"))


def _strict(theta: np.ndarray, strict: bool) -> np.ndarray:
    """The threshold that v must be above."""
    return theta if strict else np.nextafter(theta, -np.inf)


def _convolution(node: Any, dt: float) -> Part:
    kernel = [d * (k - 1) for d, k in zip(node.dilation, node.weight.shape[2:], strict=True)]
    padding: Any = [low for low, high in node.padding]
    if any(low != high for low, high in node.padding):
        if any(pads != (zeros // 2, zeros - zeros // 2) for pads, zeros in zip(node.padding, kernel, strict=True)) \
                or max(node.stride) > 1:
            raise DmpnetError(f"padding = {node.padding}, but NIR pads both sides alike; pad by a larger kernel of "
                              f"zeros, or alike")
        padding = "same"
    two = len(kernel) == 2

    def each(values: Any) -> Any:
        return values if isinstance(values, str) else tuple(map(int, values)) if two else int(values[0])

    bias = np.zeros(len(node.weight)) if node.bias is None else node.bias
    return Part("Conv2d" if two else "Conv1d", {
        "input_shape": each(node.shape_in[1:]), "weight": node.weight, "stride": each(node.stride),
        "padding": each(padding), "dilation": each(node.dilation), "groups": node.groups, "bias": bias},
        tagged(node, "bias") if node.bias is None else {})


def _pool(node: Any, dt: float) -> Part:
    if len(node.kernel) == 2:
        return Part("AvgPool2d" if node.mean else "SumPool2d", {
            "kernel_size": np.array(node.kernel), "stride": np.array(node.stride), "padding": np.array(node.padding)})
    if len(node.kernel) > 2:
        raise DmpnetError(f"pools along {len(node.kernel)} axes, but NIR has two at most; pool in two nodes")
    channels, size = node.shape_in
    return Part("Conv1d", {
        "input_shape": size, "weight": np.full((channels, 1, *node.kernel), node.factor), "stride": node.stride[0],
        "padding": node.padding[0], "dilation": 1, "groups": channels, "bias": np.zeros(channels)}, tagged(node))


def _rectify(node: Any, dt: float) -> Part:
    return Part("Scale", {"scale": np.full(node.shape, np.nan)}, tagged(node))


def _memory(node: Any, dt: float) -> Nested:
    """m = A Delay_dt(m) + B x."""
    d, n = node.B.shape
    inside: dict[str, Part | Nested] = {
        "input": Part("Input", {"shape": np.array([n])}), "B": Part("Linear", {"weight": node.B}),
        "m": Part("Scale", {"scale": np.ones(d)}), "before": Part("Delay", {"delay": np.full(d, dt)}),
        "A": Part("Linear", {"weight": node.A}), "output": Part("Output", {"shape": np.array([d])})}
    edges = [("input", "B"), ("B", "m"), ("m", "before"), ("before", "A"), ("A", "m"), ("m", "output")]
    return Nested(inside, edges, {TAG: json.dumps({"kind": "Memory"})})


def _population(node: Any, dt: float) -> Part:
    """Euler's constants; `whole` is whether they say all of it."""
    beta = 1 - node.beta if node.decay == "shift" else node.beta
    integrates, cuba = bool((beta == 1).all()), node.alpha is not None
    whole = not (node.decay == "linear" or node.floor is not None or np.any(node.refractory) or np.any(node.u_0)
                 or node.g_before is not None or (node.fires and (node.reset != "value" or node.late)))
    low = (cuba and bool(((node.alpha < 0) | (node.alpha >= 1)).any())) or not (integrates and not cuba) and bool(
        ((beta < 0) | (beta >= 1)).any())
    whole = whole and not low and not (integrates and np.any(node.c))
    lost = 1 - np.where((beta < 0) | (beta >= 1), 0, beta)
    if integrates and not cuba:
        kind, f = "I", {"r": node.g}
    elif not cuba:
        kind, f = "LI", {"tau": dt / lost, "r": node.g / lost, "v_leak": node.c / lost}
    else:
        gone = 1 - np.where((node.alpha < 0) | (node.alpha >= 1), 0, node.alpha)
        kind, f = "CubaLI", {"tau_syn": dt / gone, "tau_mem": dt / lost, "r": node.g / lost, "v_leak": node.c / lost,
                             "w_in": node.w / gone}
    if node.fires:
        kind += "F"
        f |= {"v_threshold": _strict(node.theta, node.strict), "v_reset": node.u_reset if whole else np.nan}
    elif not whole:
        f |= {"v_leak" if "v_leak" in f else "r": np.nan}
    whole_shape = {key: np.broadcast_to(value, node.shape).astype(np.float64) for key, value in f.items()}
    return Part(kind, whole_shape, tagged(node))


WRITERS: dict[type, Callable[[Any, float], Part | Nested]] = {
    nodes.Input: _input, nodes.Affine: _affine, nodes.Scale: _scale, nodes.Flatten: _flatten, nodes.Delay: _delay,
    nodes.Threshold: _threshold, nodes.Convolution: _convolution, nodes.Pool: _pool, nodes.Rectify: _rectify,
    nodes.Memory: _memory, Population: _population}
