"""A ReLU network as data: nodes of a graph in a row, which take a whole sample at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph import Affine, Convolution, Flatten, Input, Node, Pool, Rectify
from dmpnet.reference import graphs

LINEAR = (Affine, Convolution, Pool, Flatten)
PIECE = 100
"""Samples computed at a time."""

Stage = tuple[tuple[str, ...], str | None]
"""Names of the linear nodes in a row, and of the Rectify that ends them; None where the network ends."""


@dataclass(frozen=True, eq=False)
class Network:
    """y = W_L relu(W_{L-1} ... relu(W_1 x + b_1) ... + b_{L-1}) + b_L, the W_l any linear nodes.

    nodes : by name, from the Input on, each taking what the one before gives: Affine, Convolution, mean or sum Pool,
        Flatten, Rectify
    notes : what the reader left out, in words
    """

    nodes: Mapping[str, Node]
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "nodes", dict(self.nodes))
        shape: Any = None
        for name, node in self.nodes.items():
            if (shape is None) != isinstance(node, Input) or not isinstance(node, (Input, Rectify, *LINEAR)):
                raise DmpnetError(f"ANN: {name!r} is a {type(node).__name__}, but a network is one Input, then Affine, "
                                  f"Convolution, Pool, Flatten and Rectify; rewrite it so")
            if shape is not None and node.shape_in != shape:
                raise DmpnetError(f"ANN: {name!r} takes {node.shape_in}, but what is before it gives {shape}; flatten "
                                  f"or reshape between them")
            shape = node.shape_out
        if not any(isinstance(node, (Affine, Convolution)) for node in self.nodes.values()):
            raise DmpnetError("ANN: no layer with weights, so that there is nothing to convert; give a whole network")

    def __repr__(self) -> str:
        inner = [self.nodes[name].shape_out for names, name in self.stages if name]
        return "<ReLU network " + "-".join("x".join(map(str, s)) for s in (self.shape, *inner, self.shape_out)) + ">"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a sample."""
        return next(iter(self.nodes.values())).shape_out

    @property
    def shape_out(self) -> tuple[int, ...]:
        """Of what it gives."""
        return next(reversed(list(self.nodes.values()))).shape_out

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What lies between one Rectify and the next."""
        found: list[Stage] = []
        row: list[str] = []
        for name, node in list(self.nodes.items())[1:]:
            if isinstance(node, Rectify):
                found.append((tuple(row), name))
                row = []
            else:
                row.append(name)
        return (*found, (tuple(row), None)) if row else tuple(found)

    def through(self, stage: Stage, x: np.ndarray) -> np.ndarray:
        """What a stage gives for x (B, *shape), rectified where it is."""
        names, last = stage
        for name in (*names, *([last] if last else [])):
            x = graphs.Mapping(self.nodes[name]).step(x)
        return x

    def activations(self, x: np.ndarray) -> list[np.ndarray]:
        """What every stage gives for x (B, *shape), in float64."""
        x, given = samples(self, x), []
        for stage in self.stages:
            x = self.through(stage, x)
            given.append(x)
        return given

    def logits(self, x: np.ndarray) -> np.ndarray:
        """(B, C) what it gives for x (B, *shape)."""
        x = samples(self, x)
        return np.concatenate([self.activations(x[first:first + PIECE])[-1].reshape(len(x[first:first + PIECE]), -1)
                               for first in range(0, len(x), PIECE)])


def samples(network: Network, x: np.ndarray) -> np.ndarray:
    """x (B, *shape) as float64; DmpnetError if it does not fit, is empty or not finite."""
    x = np.asarray(x)
    if x.shape[1:] != network.shape or not len(x):
        raise DmpnetError(f"ANN: samples of shape {x.shape}, but the network takes (samples, "
                          f"{', '.join(map(str, network.shape))}), one at least; arrange them so")
    if x.dtype.kind not in "biuf" or not np.isfinite(x).all():
        raise DmpnetError(f"ANN: samples of dtype {x.dtype} hold values that are not finite numbers; repair them")
    return x.astype(np.float64)


class Chain:
    """Puts a network together, layer by layer, and folds what scales and shifts into the weights before it."""

    def __init__(self, shape: tuple[int, ...]):
        self.nodes: dict[str, Node] = {"input": Input(tuple(map(int, shape)))}
        self.notes: list[str] = []

    @property
    def shape(self) -> tuple[int, ...]:
        """What the last layer gives."""
        return self.nodes[self._last].shape_out

    @property
    def _last(self) -> str:
        return next(reversed(self.nodes))

    def add(self, name: str, node: Node) -> None:
        """One more layer; its shape is checked now, so that the error names it."""
        if node.shape_in != self.shape:
            raise DmpnetError(f"layer {name!r} takes {node.shape_in}, but what is before it gives {self.shape}; give "
                              f"the shape of a sample as the network was trained, and flatten where it does")
        name = name if name and name not in self.nodes else f"{name or 'layer'}.{len(self.nodes)}"
        self.nodes[name] = node

    def scaled(self, name: str, scale: np.ndarray, shift: np.ndarray) -> None:
        """y = scale x + shift, a number each for all or one a channel: batch normalisation, biases, input in units."""
        scale, shift = (np.broadcast_to(np.asarray(each, np.float64), self.shape[:1]) for each in (scale, shift))
        before = self.nodes[self._last]
        if isinstance(before, (Affine, Convolution)) and before.weight.ndim >= 2:
            self.nodes[self._last] = folded(before, scale, shift)
        elif len(self.shape) == 1:
            self.add(name, Affine(np.diag(scale), shift))
        else:
            kernel = scale.reshape(-1, 1, *(1 for _ in self.shape[1:]))
            self.add(name, Convolution(kernel, self.shape, shift, groups=len(scale)))

    def finished(self) -> Network:
        return Network(self.nodes, tuple(self.notes))


def folded(node: Affine | Convolution, scale: np.ndarray, shift: np.ndarray) -> Affine | Convolution:
    """The node whose output y becomes scale y + shift, (C,) each."""
    bias = np.zeros(len(scale)) if node.bias is None else node.bias
    by = scale.reshape(-1, *(1 for _ in node.weight.shape[1:]))
    return replace(node, weight=node.weight * by, bias=scale * bias + shift)


def normalised(network: Network, mean: np.ndarray, std: np.ndarray) -> Network:
    """The network that takes x and computes with (x - mean) / std, a number for all or one a channel."""
    mean, std = np.atleast_1d(np.asarray(mean, float)), np.atleast_1d(np.asarray(std, float))
    channels = network.shape[0] if len(network.shape) > 1 else 1
    if not ({mean.size, std.size} <= {1, channels} and (std > 0).all()):
        raise DmpnetError(f"ANN: mean {mean.tolist()} and std {std.tolist()} for input of shape {network.shape}, but "
                          f"each is one number, or one for each of {channels} channels, std above 0; give them so")
    chain = Chain(network.shape)
    chain.scaled("normalised", 1 / std, -mean / std)
    first, *others = network.nodes.values()
    for name, node in zip(list(network.nodes)[1:], others, strict=True):
        chain.add(name, node)
    return replace(chain.finished(), notes=network.notes)
