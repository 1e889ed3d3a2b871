"""A ReLU network as integrate-and-fire neurons whose rates are its activations.

A neuron without leak that loses theta at each spike, driven by a constant z a step from u_0 = theta / 2, has fired
after T steps

    floor(T z / theta + 1/2) times, held in 0 to T,

so that its rate is relu(z) / theta rounded to the nearest multiple of 1/T and cut off at 1 (Diehl et al. 2015,
doi 10.1109/IJCNN.2015.7280696; Rueckauer et al. 2017, doi 10.3389/fnins.2017.00682). Layer l is put into units of
lambda_l, its largest activation worth telling apart, so that theta = 1 for all:

    W_l -> W_l lambda_{l-1} / lambda_l,   b_l -> b_l / lambda_l

    lambda   'max'          the largest activation in calibration (Diehl et al.)
             'percentile'   the 99.9th percentile of all activations of the layer (Rueckauer et al.), or another
             'robust'       what loses least: of a grid of percentiles up to the maximum the one with the smallest
                            mean square of lambda rate - relu(z), cut off and rounded as above [ours]

The input is the same current in every step; the last layer does not fire, the mean of what it gives is the output.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from dmpnet.ann.network import PIECE, Network, samples
from dmpnet.errors import DmpnetError, one_of
from dmpnet.graph import Affine, Convolution, Edge, Graph, Node, Population
from dmpnet.trained.encoding import Encoding

NORMALISATIONS = ("percentile", "robust", "max")
RESETS = {"subtract": "subtract", "zero": "value"}
READOUTS = ("sum", "counts")
PERCENTILE = 99.9
GRID = (*np.linspace(95, 99.5, 10), *np.linspace(99.6, 100, 21))
"""Percentiles that 'robust' chooses from."""
MOST = 2_000_000
"""Activations of a layer that are kept for its percentiles: evenly taken from all."""


def convert(network: Network, calibration_x: np.ndarray, steps: int, normalisation: str = "percentile",
            reset: str = "subtract", *, percentile: float = PERCENTILE, readout: str = "sum", dt: float = 1e-3,
            dataset: str = "") -> Graph:
    """`network` as a graph of IF populations, balanced on calibration_x (B, *shape), samples of the training set.

    steps : T it is to be run for
    reset : 'subtract' theta, or to 'zero', which loses what lay above the threshold
    readout : 'sum' of what the last layer gives, or 'counts' of spikes of one more population
    dt : s a step;  dataset : name in dmpnet.data, kept with the graph
    """
    _check(network, steps, normalisation, reset, percentile, readout)
    x = samples(network, calibration_x)
    lam = scales(network, x, steps, normalisation, percentile, readout == "counts")
    nodes: dict[str, Node] = dict(list(network.nodes.items())[:1])
    before, kept = 1.0, {}
    for (names, rectify), after in zip(network.stages, lam, strict=True):
        nodes |= _scaled(network, names, before, after)
        if rectify or readout == "counts":
            name = rectify or "counts"
            weighted = any(isinstance(network.nodes[each], (Affine, Convolution)) for each in names)
            shape = network.nodes[rectify or names[-1]].shape_out
            nodes[name] = Population(shape, 1.0, 1.0 if weighted else before / after, theta=1.0, reset=RESETS[reset],
                                     u_0=0.5)
            kept[name] = after
        before = after
    order = list(nodes)
    told = {"command": "convert-ann", "lambda": kept, "normalisation": normalisation, "reset": reset,
            "percentile": percentile if normalisation == "percentile" else None, "calibration": len(x), "steps": steps,
            "notes": list(network.notes)}
    edges = tuple(Edge(a, b) for a, b in zip(order, order[1:], strict=False))
    return Graph(nodes, edges, order[-1], Encoding("analog", math.prod(network.shape), steps, dt, dataset), told)


def _check(network: Network, steps: int, normalisation: str, reset: str, percentile: float, readout: str) -> None:
    for name, value, known in (("normalisation", normalisation, NORMALISATIONS), ("reset", reset, RESETS),
                               ("readout", readout, READOUTS)):
        if value not in known:
            raise DmpnetError(one_of(f"convert: {name}", value, known))
    if steps < 1:
        raise DmpnetError(f"convert: steps = {steps}, but a rate needs one at least; set steps >= 1")
    if not 0 < percentile <= 100:
        raise DmpnetError(f"convert: percentile = {percentile}, but it lies above 0 and up to 100; set 99.9")
    if "counts" in network.nodes:
        raise DmpnetError("convert: a layer is called 'counts', as the one that is added; give it another name")


def _scaled(network: Network, names: tuple[str, ...], before: float, after: float) -> dict[str, Node]:
    """The linear nodes of a stage that takes values in units of `before` and gives them in units of `after`."""
    weighted = [name for name in names if isinstance(network.nodes[name], (Affine, Convolution))]
    made: dict[str, Node] = {}
    for name in names:
        node: Any = network.nodes[name]
        if name in weighted:
            unit = after if name == weighted[-1] else before
            bias = None if node.bias is None else node.bias / unit
            node = replace(node, weight=node.weight * (before / unit), bias=bias)
        made[name] = node
    return made


def scales(network: Network, x: np.ndarray, steps: int, normalisation: str, percentile: float = PERCENTILE,
           counts: bool = False) -> list[float]:
    """lambda of every stage, 1 for a last one that does not fire; DmpnetError, naming the layer, if one is silent."""
    stages = network.stages
    found = []
    for (names, rectify), a in zip(stages, _activations(network, x), strict=True):
        name = rectify or names[-1]
        if rectify is None and not counts:
            found.append(1.0)
            continue
        a = np.maximum(a, 0)
        if not a.max() > 0:
            raise DmpnetError(f"layer {name!r}: nothing in it is active on {len(x)} calibration samples, so that its "
                              f"rates have no scale; give samples of the data it was trained on, scaled as then")
        lam = a.max() if normalisation == "max" else float(np.percentile(a, percentile))
        if normalisation == "robust":
            lam = least(a, steps)
        if lam <= 0:
            raise DmpnetError(f"layer {name!r}: its {percentile}th percentile is 0, as fewer activations are above; "
                              f"set a higher percentile, or normalisation = 'max'")
        found.append(float(lam))
    return found


def least(a: np.ndarray, steps: int) -> float:
    """The scale with which activations a >= 0 lose least in mean square as rates of T = `steps` steps."""
    tried = np.unique(np.percentile(a, GRID))
    tried = tried[tried > 0]
    errors = [float(np.square(lam * np.minimum(np.floor(steps * a / lam + 0.5), steps) / steps - a).mean())
              for lam in tried]
    return float(tried[int(np.argmin(errors))])


def _activations(network: Network, x: np.ndarray) -> list[np.ndarray]:
    """What every stage gives on x, flat; of large layers evenly taken values, each piece's maximum with them."""
    kept: list[list[np.ndarray]] = [[] for _ in network.stages]
    for first in range(0, len(x), PIECE):
        for row, a in zip(kept, network.activations(x[first:first + PIECE]), strict=True):
            stride = max(1, a[0].size * len(x) // MOST)
            row += [a.ravel()[::stride], a.max(keepdims=True).ravel()] if stride > 1 else [a.ravel()]
    return [np.concatenate(row) for row in kept]
