"""Nodes of a graph without neurons: what each makes of its input in a step. Shapes are of one sample.

    Affine        y = W x + b                          Scale      y = s x
    Convolution   y = b + sum over its window of w x   Pool       y = sum or mean over its window
    Flatten       y = x, dimensions start to end made one
    Threshold     y = 1 where x > theta (>= theta unless strict), else 0
    Delay         y[k] = x[k - steps], 0 before        Rectify    y = max(x, 0)
    Memory        m[k] = A m[k-1] + B x[k], y = m      (the slow memory of a dual memory pathway)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dmpnet.errors import DmpnetError

Shape = tuple[int, ...]


class Node(Protocol):
    """One node: the shape it takes, the shape it gives."""

    @property
    def shape_in(self) -> Shape: ...

    @property
    def shape_out(self) -> Shape: ...


class UnitByUnit:
    """A node that gives a value for each it takes: the shape of its first field."""

    @property
    def shape_in(self) -> Shape:
        return self.shape_out

    @property
    def shape_out(self) -> Shape:
        own = getattr(self, next(iter(self.__dataclass_fields__)))  # type: ignore[attr-defined]
        return own if isinstance(own, tuple) else own.shape


@dataclass(frozen=True)
class Input(UnitByUnit):
    """What the samples are: values of this shape in every step."""

    shape: Shape


@dataclass(frozen=True, eq=False)
class Affine:
    """y = weight x + bias: weight (..., N, M), bias (..., N) or None; leading dimensions are blocks of their own."""

    weight: np.ndarray
    bias: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, "weight", _finite("Affine", "weight", self.weight))
        if self.weight.ndim < 2:
            raise DmpnetError(f"Affine: weight of shape {self.weight.shape}, but it has rows and columns; give "
                              f"(..., N, M)")
        if self.bias is not None:
            object.__setattr__(self, "bias", _finite("Affine", "bias", self.bias))
            if self.bias.shape != self.shape_out:
                raise DmpnetError(f"Affine: bias of shape {self.bias.shape}, but the weight {self.weight.shape} gives "
                                  f"{self.shape_out}; give one value a row")

    @property
    def shape_in(self) -> Shape:
        return (*self.weight.shape[:-2], self.weight.shape[-1])

    @property
    def shape_out(self) -> Shape:
        return self.weight.shape[:-1]


@dataclass(frozen=True, eq=False)
class Scale(UnitByUnit):
    """y = scale x, unit by unit."""

    scale: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "scale", _finite("Scale", "scale", self.scale))


@dataclass(frozen=True, eq=False)
class Convolution:
    """Cross-correlation along the n last axes, as PyTorch's conv1d and conv2d.

    weight : (C_out, C_in / groups, *K);  bias : (C_out,) or None
    shape_in : (C_in, *S)
    stride, dilation : one a axis, >= 1;  padding : (before, after) a axis, zeros
    """

    weight: np.ndarray
    shape_in: Shape
    bias: np.ndarray | None = None
    stride: Shape = ()
    padding: tuple[tuple[int, int], ...] = ()
    dilation: Shape = ()
    groups: int = 1

    def __post_init__(self):
        object.__setattr__(self, "weight", _finite("Convolution", "weight", self.weight))
        axes, shape = self.weight.ndim - 2, tuple(map(int, self.shape_in))
        object.__setattr__(self, "shape_in", shape)
        if axes not in (1, 2) or len(shape) != axes + 1:
            raise DmpnetError(f"Convolution: weight of shape {self.weight.shape} on input of shape {shape}, but it is "
                              f"(C_out, C_in / groups, *kernel) on (C_in, *size), along one or two axes")
        for name in ("stride", "dilation"):
            object.__setattr__(self, name, _each("Convolution", name, getattr(self, name) or 1, axes))
        padding = self.padding or ((0, 0),) * axes
        object.__setattr__(self, "padding", tuple((int(low), int(high)) for low, high in padding))
        object.__setattr__(self, "groups", int(self.groups))
        self._check(axes)
        if self.bias is not None:
            object.__setattr__(self, "bias", _finite("Convolution", "bias", self.bias))
            if self.bias.shape != self.weight.shape[:1]:
                raise DmpnetError(f"Convolution: bias of shape {self.bias.shape}, but there are {len(self.weight)} "
                                  f"output channels; give one value each")

    def _check(self, axes: int) -> None:
        channels, into = self.shape_in[0], self.weight.shape[1] * self.groups
        if self.groups < 1 or channels != into or len(self.weight) % self.groups:
            raise DmpnetError(f"Convolution: {self.groups} groups, {channels} input and {len(self.weight)} output "
                              f"channels with kernels of {self.weight.shape[1]} channels, but groups divides both and "
                              f"C_in = groups x {self.weight.shape[1]}")
        if len(self.padding) != axes or min(min(self.padding)) < 0:
            raise DmpnetError(f"Convolution: padding = {self.padding}, but it is (before, after) for each of {axes} "
                              f"axes, none below 0")
        if min(self.shape_out) < 1:
            raise DmpnetError(f"Convolution: kernel {self.weight.shape[2:]} with dilation {self.dilation} does not fit "
                              f"input {self.shape_in[1:]} padded by {self.padding}; pad more or take a smaller kernel")

    @property
    def shape_out(self) -> Shape:
        sizes = (_windows(size + low + high, kernel, stride, dilation) for size, (low, high), kernel, stride, dilation
                 in zip(self.shape_in[1:], self.padding, self.weight.shape[2:], self.stride, self.dilation,
                        strict=True))
        return (len(self.weight), *sizes)


@dataclass(frozen=True)
class Pool:
    """Sum, or mean (zeros of the padding counted, as in PyTorch), over windows of the last axes.

    shape_in : (C, *S);  kernel, stride : one a axis;  padding : one a axis, on both sides
    """

    shape_in: Shape
    kernel: Shape
    stride: Shape = ()
    padding: Shape = ()
    mean: bool = False

    def __post_init__(self):
        shape = tuple(map(int, self.shape_in))
        object.__setattr__(self, "shape_in", shape)
        axes = len(shape) - 1
        if axes < 1:
            raise DmpnetError(f"Pool: input of shape {shape}, but it is (C, *size); reshape it")
        object.__setattr__(self, "kernel", _each("Pool", "kernel", self.kernel, axes))
        object.__setattr__(self, "stride", _each("Pool", "stride", self.stride or self.kernel, axes))
        object.__setattr__(self, "padding", _each("Pool", "padding", self.padding or 0, axes, 0))
        if min(self.shape_out) < 1:
            raise DmpnetError(f"Pool: windows of {self.kernel} do not fit input {shape[1:]} padded by {self.padding}; "
                              f"take smaller ones")

    @property
    def shape_out(self) -> Shape:
        return (self.shape_in[0], *(_windows(size + 2 * pad, kernel, stride, 1) for size, pad, kernel, stride in zip(
            self.shape_in[1:], self.padding, self.kernel, self.stride, strict=True)))

    @property
    def factor(self) -> float:
        """By what a sum is multiplied: 1, or 1 over the size of the window for the mean."""
        return 1.0 / math.prod(self.kernel) if self.mean else 1.0


@dataclass(frozen=True)
class Flatten:
    """The same values, dimensions `start` to `end` of them as one."""

    shape_in: Shape
    start: int = 0
    end: int = -1

    def __post_init__(self):
        object.__setattr__(self, "shape_in", tuple(map(int, self.shape_in)))
        low, high = self._range
        if not 0 <= low <= high < len(self.shape_in):
            raise DmpnetError(f"Flatten: dimensions {self.start} to {self.end} of shape {self.shape_in}, but it has "
                              f"{len(self.shape_in)}; count them from 0, the batch left out")

    @property
    def _range(self) -> tuple[int, int]:
        return tuple(side % len(self.shape_in) if side < 0 else side for side in (self.start, self.end))  # type: ignore

    @property
    def shape_out(self) -> Shape:
        low, high = self._range
        return (*self.shape_in[:low], math.prod(self.shape_in[low:high + 1]), *self.shape_in[high + 1:])


@dataclass(frozen=True, eq=False)
class Threshold(UnitByUnit):
    """1 where x > theta (x >= theta unless strict), else 0."""

    theta: np.ndarray
    strict: bool = True

    def __post_init__(self):
        object.__setattr__(self, "theta", _finite("Threshold", "theta", self.theta))


@dataclass(frozen=True, eq=False)
class Delay(UnitByUnit):
    """x of so many steps before, one number of steps a unit; 0 before the first step."""

    steps: np.ndarray

    def __post_init__(self):
        steps = np.asarray(self.steps)
        if steps.dtype.kind not in "iu" or (steps.size and steps.min() < 0):
            raise DmpnetError("Delay: steps are whole numbers >= 0; round them")
        object.__setattr__(self, "steps", steps.astype(np.int64))


@dataclass(frozen=True)
class Rectify(UnitByUnit):
    """max(x, 0)."""

    shape: Shape


@dataclass(frozen=True, eq=False)
class Memory:
    """m[k] = A m[k-1] + B x[k], m[-1] = 0: A (d, d), B (d, n)."""

    A: np.ndarray
    B: np.ndarray

    def __post_init__(self):
        for name in ("A", "B"):
            object.__setattr__(self, name, _finite("Memory", name, getattr(self, name)))
        if self.A.ndim != 2 or self.B.ndim != 2 or self.A.shape != (len(self.B), len(self.B)):
            raise DmpnetError(f"Memory: A of shape {self.A.shape}, B of shape {self.B.shape}, but they are (d, d) and "
                              f"(d, n)")

    @property
    def shape_in(self) -> Shape:
        return (self.B.shape[1],)

    @property
    def shape_out(self) -> Shape:
        return (len(self.A),)


def _windows(size: int, kernel: int, stride: int, dilation: int) -> int:
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def _each(owner: str, name: str, value: int | Sequence[int], axes: int, least: int = 1) -> Shape:
    """One whole number an axis, from one for all or one each."""
    values = np.atleast_1d(np.asarray(value))
    if values.size == 1:
        values = np.repeat(values, axes)
    if values.shape != (axes,) or values.dtype.kind not in "iu" or values.min() < least:
        raise DmpnetError(f"{owner}: {name} = {value}, but it is a whole number >= {least} for each of {axes} axes")
    return tuple(map(int, values))


def _finite(owner: str, name: str, array: np.ndarray) -> np.ndarray:
    """As float64; DmpnetError unless all of it is finite."""
    array = np.asarray(array, np.float64)
    if not np.isfinite(array).all():
        raise DmpnetError(f"{owner}: {name} has {int((~np.isfinite(array)).sum())} values that are not finite; repair "
                          f"the file it came from")
    return array
