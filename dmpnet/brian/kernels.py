"""Kernels held once and multiplied for a whole batch: what an Affine, a Convolution or a Pool makes of its input.

    W(i) = bias + factor sum w x,   i = sample * units + unit, units (G * N, *Q), 'C' order

G groups of I channels in and N channels out, at P positions in and Q positions out, J places of a kernel:

    Convolution   G groups, channels and positions of its shapes        Pool   a group a channel, w = 1
    Affine        a group a block, no positions: P = Q = J = 1

w is (G, I, J, N): what one value adds to all output channels of a position is contiguous. C++ adds that for every
value of the input that is not 0, spike or number. NumPy multiplies what each output position sees, a few samples at a
time, by BLAS; where few values are not 0, what those are seen by, as a sparse matrix. No matrix of all inputs by all
outputs is made. Both take sums in an order that is always the same.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_matrix

from dmpnet.brian.products import Buffered, array_name
from dmpnet.graph.nodes import Affine, Convolution, Pool, Shape

COLUMNS = 4_000_000
"""Bytes of what output positions see that are gathered at a time: they stay in the cache."""
ALONE = 250_000
"""Multiplications for which BLAS starts no threads; for so few they take longer, on a busy machine 100 times."""
SPARSE = 0.04
"""Part of the input that is not 0 below which the sparse product is the faster (measured, 3 x 3 and 5 x 5 kernels)."""


@dataclass(frozen=True)
class Geometry:
    """Sizes, and where a kernel lies: axes are those of positions, none for an Affine."""

    groups: int
    inner: int
    outer: int
    size: Shape
    kernel: Shape
    given: Shape
    stride: Shape
    dilation: Shape
    padding: tuple[tuple[int, int], ...]
    factor: float = 1.0

    @property
    def units(self) -> int:
        """Values given."""
        return self.groups * self.outer * self.out

    @property
    def taken(self) -> int:
        """Values taken."""
        return self.groups * self.inner * math.prod(self.size)

    @property
    def out(self) -> int:
        """Positions of the output."""
        return math.prod(self.given)

    @property
    def places(self) -> int:
        """Places of a kernel."""
        return math.prod(self.kernel)

    @cached_property
    def seen(self) -> np.ndarray:
        """(P, J): the output position by which input position p is seen at place j of its kernel, -1 for none."""
        found = np.zeros((1, 1), np.int64)
        for size, kernel, given, stride, dilation, (low, _) in zip(
                self.size, self.kernel, self.given, self.stride, self.dilation, self.padding, strict=True):
            at = np.arange(size)[:, None] + low - np.arange(kernel) * dilation
            q = np.where((at % stride == 0) & (at >= 0) & (at < given * stride), at // stride, -1)
            both = found[:, None, :, None] * given + q[None, :, None, :]
            both[(found < 0)[:, None, :, None] | (q < 0)[None, :, None, :]] = -1
            found = both.reshape(len(found) * size, -1)
        return found


def geometry(node: Affine | Convolution | Pool) -> Geometry:
    """Of what a node multiplies."""
    if isinstance(node, Affine):
        *blocks, outer, inner = node.weight.shape
        return Geometry(math.prod(blocks), inner, outer, (), (), (), (), (), ())
    if isinstance(node, Convolution):
        outer, inner, *kernel = node.weight.shape
        return Geometry(node.groups, inner, outer // node.groups, node.shape_in[1:], tuple(kernel), node.shape_out[1:],
                        node.stride, node.dilation, node.padding)
    return Geometry(node.shape_in[0], 1, 1, node.shape_in[1:], node.kernel, node.shape_out[1:], node.stride,
                    (1,) * len(node.kernel), tuple((pad, pad) for pad in node.padding), node.factor)


def arranged(node: Affine | Convolution) -> np.ndarray:
    """Its weights as they are held, (G, I, J, N), flat."""
    sizes = geometry(node)
    w = node.weight.reshape(sizes.groups, sizes.outer, sizes.inner, sizes.places)
    return np.ascontiguousarray(w.transpose(0, 2, 3, 1)).ravel()


class Kernels(Buffered):
    """The product of `weights` (None for a Pool) with the values `x` of all samples, and what `bias` adds a channel.

    weights, bias, x : variables of groups
    """

    def __init__(self, symbol: str, sizes: Geometry, weights: Any, bias: Any, x: Any, batch: int):
        self.symbol, self.sizes, self.w, self.bias, self.x, self.batch = symbol, sizes, weights, bias, x, batch
        self.y = np.zeros(batch * sizes.units)
        each = 8 * sizes.out * sizes.groups * sizes.inner * sizes.places
        self.at_once = max(1, min(batch, COLUMNS // each))
        padded = (size + low + high for size, (low, high) in zip(sizes.size, sizes.padding, strict=True))
        self.padded = np.zeros((self.at_once, sizes.groups * sizes.inner, *padded))

    def compute(self) -> None:
        sizes = self.sizes
        x = self.x.get_value()
        y = self.y.reshape(self.batch, sizes.groups, sizes.outer, sizes.out)
        if self.w is None:
            self._pool(x, y)
        elif sizes.size and sizes.groups == 1 and np.count_nonzero(x) < SPARSE * len(x):
            self._sparse(x, y)
        else:
            self._dense(x.reshape(self.batch, sizes.groups * sizes.inner, *sizes.size), y)
        if sizes.factor != 1:
            y *= sizes.factor
        if self.bias is not None:
            y += self.bias.get_value().reshape(1, sizes.groups, sizes.outer, 1)

    def _pool(self, x: np.ndarray, y: np.ndarray) -> None:
        """Sums over windows, place by place."""
        sizes = self.sizes
        to = y.reshape(self.batch, sizes.groups, *sizes.given)
        to[:] = 0
        for part in self._parts():
            windows = self._windows(x.reshape(self.batch, sizes.groups, *sizes.size)[part])
            for place in np.ndindex(*sizes.kernel):
                to[part] += windows[(..., *place)]

    def _dense(self, x: np.ndarray, y: np.ndarray) -> None:
        """BLAS, of all that the output positions of a few samples see."""
        sizes = self.sizes
        columns = sizes.inner * sizes.places
        w = self.w.get_value().reshape(sizes.groups, columns, sizes.outer)
        if not sizes.size:
            y[..., 0] = (x.reshape(self.batch, sizes.groups, columns).swapaxes(0, 1) @ w).swapaxes(0, 1)
            return
        axes, step = len(sizes.size), max(1, ALONE // (columns * sizes.outer))
        order = (0, 1, *range(2 + axes, 2 + 2 * axes), *range(2, 2 + axes))
        for part in self._parts():
            seen = self._windows(x[part]).transpose(order)  # (B, G * I, *K, *Q)
            seen = seen.reshape(len(seen), sizes.groups, columns, sizes.out)
            for q in range(0, sizes.out, step):
                np.matmul(w.swapaxes(1, 2), seen[..., q:q + step], out=y[part, ..., q:q + step])

    def _sparse(self, x: np.ndarray, y: np.ndarray) -> None:
        """As `_dense`, of one group, but what is seen is a sparse matrix."""
        sizes = self.sizes
        found = np.flatnonzero(x)
        channel, position = np.divmod(found, len(sizes.seen))
        sample, channel = np.divmod(channel, sizes.inner)
        q = sizes.seen[position]
        inside = q >= 0
        rows = (sample[:, None] * sizes.out + q)[inside]
        columns = (channel[:, None] * sizes.places + np.arange(sizes.places))[inside]
        values = np.broadcast_to(x[found][:, None], q.shape)[inside]
        w = self.w.get_value().reshape(sizes.inner * sizes.places, sizes.outer)
        seen = csr_matrix((values, (rows, columns)), (self.batch * sizes.out, len(w)))
        y[:, 0] = (seen @ w).reshape(self.batch, sizes.out, sizes.outer).swapaxes(1, 2)

    def _parts(self) -> list[slice]:
        return [slice(start, min(start + self.at_once, self.batch)) for start in range(0, self.batch, self.at_once)]

    def _windows(self, x: np.ndarray) -> np.ndarray:
        """What each output position sees of x (B, C, *S): a view (B, C, *Q, *K)."""
        sizes = self.sizes
        padded = self.padded[:len(x)]
        inner: Any = (..., *(slice(low, low + size) for size, (low, _) in zip(sizes.size, sizes.padding, strict=True)))
        padded[inner] = x
        reach = tuple(d * (k - 1) + 1 for d, k in zip(sizes.dilation, sizes.kernel, strict=True))
        windows: np.ndarray = sliding_window_view(  # type: ignore[call-overload]
            padded, reach, axis=tuple(range(2, padded.ndim)))
        steps = (*(slice(None, None, stride) for stride in sizes.stride), *(slice(None, None, d) for d in
                                                                            sizes.dilation))
        return windows[(slice(None), slice(None), *steps)]

    def _arrays(self) -> dict[str, np.ndarray]:
        """`seen` without its gaps: the pairs (j, q) of input position p are first[p] to first[p + 1]."""
        inside = self.sizes.seen >= 0
        first = np.concatenate([[0], inside.sum(axis=1).cumsum()])
        arrays = {"first": first, "place": np.nonzero(inside)[1], "to": self.sizes.seen[inside]}
        return {f"{self.symbol}_{name}": array.astype(np.int32) for name, array in arrays.items()}

    def _cpp(self) -> str:
        sizes = self.sizes
        fill = {"SYMBOL": self.symbol, "GROUPS": sizes.groups, "INNER": sizes.inner, "OUTER": sizes.outer,
                "POSITIONS": math.prod(sizes.size), "OUT": sizes.out, "PLACES": sizes.places, "UNITS": sizes.units,
                "X": f"brian::{array_name(self.x)}", "FACTOR": f"{sizes.factor!r} * " if sizes.factor != 1 else "",
                "ADD": "x" if self.w is None else "x * w[n]",
                "WEIGHTS": "" if self.w is None else CPP_WEIGHTS.replace("%W%", f"brian::{array_name(self.w)}"),
                "BIAS": "" if self.bias is None else f" + brian::{array_name(self.bias)}[g * %OUTER% + n]"}
        code = CPP
        for key in ("WEIGHTS", "BIAS", *fill):
            code = code.replace(f"%{key}%", str(fill[key]))
        return code


CPP_WEIGHTS = """
                const double* __restrict__ w = %W% + ((g * %INNER% + c) * (size_t)%PLACES% + place[k]) * %OUTER%;"""

# A sample's sums stay in the cache: its first unit computes them all, the others read.
CPP = """
static double _%SYMBOL%_sum[%UNITS%], _%SYMBOL%_y[%UNITS%];
static int32_t _%SYMBOL%_first;
static void _%SYMBOL%_compute(const int32_t* first, const int32_t* place, const int32_t* to, const size_t sample)
{
    const double* __restrict__ from = %X% + sample * %GROUPS% * %INNER% * %POSITIONS%;
    for (int i = 0; i < %UNITS%; i++) _%SYMBOL%_sum[i] = 0;
    for (int g = 0; g < %GROUPS%; g++)
        for (int c = 0; c < %INNER%; c++)
            for (int p = 0; p < %POSITIONS%; p++)
            {
                const double x = *from++;
                if (x == 0) continue;
                for (int k = first[p]; k < first[p + 1]; k++)
                {%WEIGHTS%
                    double* __restrict__ y = _%SYMBOL%_sum + (g * %OUT% + to[k]) * %OUTER%;
                    for (int n = 0; n < %OUTER%; n++) y[n] += %ADD%;
                }
            }
    for (int g = 0; g < %GROUPS%; g++)
        for (int n = 0; n < %OUTER%; n++)
            for (int q = 0; q < %OUT%; q++)
                _%SYMBOL%_y[(g * %OUTER% + n) * %OUT% + q] = %FACTOR%_%SYMBOL%_sum[(g * %OUT% + q) * %OUTER% + n]%BIAS%;
}
static inline double %SYMBOL%(const int32_t i)
{
    if (i == 0 || (uint32_t)(i - _%SYMBOL%_first) >= %UNITS%)
    {
        const int32_t sample = i / %UNITS%;
        _%SYMBOL%_compute(_namespace%SYMBOL%_first, _namespace%SYMBOL%_place, _namespace%SYMBOL%_to, sample);
        _%SYMBOL%_first = sample * %UNITS%;
    }
    return _%SYMBOL%_y[i - _%SYMBOL%_first];
}
"""
