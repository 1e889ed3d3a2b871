"""Products of one shared matrix with a whole batch, as functions Brian2 equations can call: `I_m = W_m(i)`.

    W(i) = sum_j w[j, n] v[sample, j],   i = sample * targets + n

v is a variable of the source group, or its spikes of the step before. The first element asked for (i = 0) computes
the product for the whole batch into a buffer, the others read it: v may therefore be overwritten element by
element in the same update (m = Abar m). Written for the NumPy (BLAS), Cython and C++ standalone targets.
"""

import weakref
from typing import Any

import numpy as np
from brian2 import Function, NeuronGroup, get_device

_LIVE: "weakref.WeakValueDictionary[int, Any]" = weakref.WeakValueDictionary()


class Buffered:
    """A product as a Brian2 function of the target's index: `compute` fills its buffer y for the whole batch."""

    symbol: str
    y: np.ndarray

    def compute(self) -> None:
        raise NotImplementedError

    def __call__(self, i: np.ndarray) -> np.ndarray:
        """All elements at once, as NumPy code asks for them."""
        self.compute()
        return self.y[i] if len(i) < len(self.y) else self.y.copy()

    def function(self) -> Function:
        """The product as a Brian2 function of the target's index."""
        made = Function(self.__call__, arg_units=[1], return_unit=1, arg_types=["integer"], return_type="float",
                        stateless=False)
        # without discard_units Brian2 checks the result of every call, and prints all of it into a message first
        made.implementations.add_numpy_implementation(lambda i: self(i), discard_units=True)
        made.implementations.add_implementation(
            "cython", CYTHON.format(module=__name__, symbol=self.symbol, parameter="", argument=""),
            namespace=handed(self, self.symbol))
        made.implementations.add_dynamic_implementation("cpp", lambda _: self._cpp(), lambda _: self._arrays())
        return made

    def _cpp(self) -> str:
        raise NotImplementedError

    def _arrays(self) -> dict[str, np.ndarray] | None:
        """What its C++ reads beside the variables of groups: name_values as _namespacename_values."""
        return None


class Product(Buffered):
    """w (sources, targets) of group `weights` times what `source` `carries`, for `batch` samples."""

    def __init__(self, symbol: str, weights: NeuronGroup, source: NeuronGroup, carries: str, batch: int,
                 shape: tuple[int, int]):
        self.symbol, self.batch, (self.targets, self.sources) = symbol, batch, shape
        self.spiking = carries == "spikes"
        variable = "_spikespace" if self.spiking else carries
        self.w, self.v = weights.variables["w"], source.variables[variable]
        self.y = np.zeros(batch * self.targets)

    def compute(self) -> None:
        """Fill the buffer y for the whole batch."""
        v = self.v.get_value()
        if self.spiking:
            spikes = v[:v[-1]]
            v = np.zeros(self.batch * self.sources)
            v[spikes] = 1
        w = self.w.get_value().reshape(self.sources, self.targets)
        np.matmul(v.reshape(self.batch, self.sources), w, out=self.y.reshape(self.batch, self.targets))

    def _cpp(self) -> str:
        kernel = CPP_SPIKES if self.spiking else CPP_STATE
        fill = {"SYMBOL": self.symbol, "BATCH": self.batch, "SOURCES": self.sources, "TARGETS": self.targets,
                "WEIGHTS": f"brian::{array_name(self.w)}", "SOURCE": f"brian::{array_name(self.v)}"}
        code = kernel + CPP_READ
        for key, value in fill.items():
            code = code.replace(f"%{key}%", str(value))
        return code


def array_name(variable: Any) -> str:
    """Name of a variable's array in the program now generated: Brian2 numbers those of two groups of one name."""
    return get_device().get_array_name(variable)


def handed(buffered: Any, symbol: str) -> dict[str, np.ndarray]:
    """What generated Cython, which takes only arrays, needs to call buffered.compute and to read the result, y."""
    _LIVE[id(buffered)] = buffered
    return {f"{symbol}_handle": np.array([id(buffered)], np.int64), f"{symbol}_y": buffered.y}


def compute(handle: int, *step: int) -> None:
    """Fill the buffer of the function with this handle: what generated Cython calls."""
    _LIVE[handle].compute(*step)


CYTHON = """
from {module} import compute as _compute_{symbol}
cdef double {symbol}(int i{parameter}):
    global _namespace{symbol}_handle
    global _namespace{symbol}_y
    if i == 0:
        _compute_{symbol}(_namespace{symbol}_handle[0]{argument})
    return _namespace{symbol}_y[i]
"""

# One row of w is added for every spike: the rows are contiguous, so the inner loop vectorises.
CPP_SPIKES = """
static double _%SYMBOL%_y[%BATCH% * %TARGETS%];
static void _%SYMBOL%_compute()
{
    const int32_t* spikes = %SOURCE%;
    const int32_t count = spikes[%BATCH% * %SOURCES%];
    for (int k = 0; k < %BATCH% * %TARGETS%; k++) _%SYMBOL%_y[k] = 0;
    for (int32_t k = 0; k < count; k++)
    {
        const int32_t sample = spikes[k] / %SOURCES%;
        const double* __restrict__ w = %WEIGHTS% + (spikes[k] - sample * %SOURCES%) * %TARGETS%;
        double* __restrict__ y = _%SYMBOL%_y + sample * %TARGETS%;
        for (int n = 0; n < %TARGETS%; n++) y[n] += w[n];
    }
}
"""

# Tiles of 8 samples by 8 targets stay in registers (AVX-512), so each loaded weight serves 8 samples.
CPP_STATE = """
static double _%SYMBOL%_y[%BATCH% * %TARGETS%];
template <int R, int C> static inline void _%SYMBOL%_tile(const double* __restrict__ v, const double* __restrict__ w,
                                                          double* __restrict__ y)
{
    double sum[R][C] = {};
    for (int j = 0; j < %SOURCES%; j++)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) sum[r][c] += v[r * %SOURCES% + j] * w[j * %TARGETS% + c];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) y[r * %TARGETS% + c] = sum[r][c];
}
template <int R> static void _%SYMBOL%_rows(const double* v, double* y)
{
    int n = 0;
    for (; n + 8 <= %TARGETS%; n += 8) _%SYMBOL%_tile<R, 8>(v, %WEIGHTS% + n, y + n);
    for (; n + 4 <= %TARGETS%; n += 4) _%SYMBOL%_tile<R, 4>(v, %WEIGHTS% + n, y + n);
    for (; n < %TARGETS%; n++) _%SYMBOL%_tile<R, 1>(v, %WEIGHTS% + n, y + n);
}
static void _%SYMBOL%_compute()
{
    int b = 0;
    for (; b + 8 <= %BATCH%; b += 8)
        _%SYMBOL%_rows<8>(%SOURCE% + b * %SOURCES%, _%SYMBOL%_y + b * %TARGETS%);
    for (; b < %BATCH%; b++)
        _%SYMBOL%_rows<1>(%SOURCE% + b * %SOURCES%, _%SYMBOL%_y + b * %TARGETS%);
}
"""

CPP_READ = """
static inline double %SYMBOL%(const int32_t i)
{
    if (i == 0) _%SYMBOL%_compute();
    return _%SYMBOL%_y[i];
}
"""


def of_step(buffered: Any, symbol: str, cpp: str, namespace: dict[str, np.ndarray] | None = None) -> Function:
    """`buffered`, called with a unit's index i and the step k, as the Brian2 function symbol(i, k)."""
    made = Function(buffered.__call__, arg_units=[1, 1], return_unit=1, arg_types=["integer", "integer"],
                    return_type="float", stateless=False)
    made.implementations.add_numpy_implementation(lambda i, k: buffered(i, k), discard_units=True)
    made.implementations.add_implementation(
        "cython", CYTHON.format(module=__name__, symbol=symbol, parameter=", int k", argument=", k"),
        namespace=handed(buffered, symbol))
    made.implementations.add_implementation("cpp", cpp, namespace=namespace)
    return made


class Stimulus:
    """stimulus(i, k): value of channel i in step k, 0 outside the samples.

    values : (T, channels of the batch); may be overwritten between runs to play other samples of the same shape
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self.y = np.zeros(values.shape[1])

    def compute(self, k: int) -> None:
        """Fill the buffer y with step k."""
        self.y[:] = self.values[k] if 0 <= k < len(self.values) else 0

    def __call__(self, i: np.ndarray, k: int) -> np.ndarray:
        """All elements at once, as NumPy code asks for them."""
        self.compute(k)
        return self.y[i]

    def function(self) -> Function:
        """The stimulus as a Brian2 function of the channel's index and the step."""
        size = {"steps": self.values.shape[0], "width": self.values.shape[1]}
        return of_step(self, "stimulus", REPLAY_CPP.format(**size), {"stimulus_values": self.values.reshape(-1)})


REPLAY_CPP = """
static inline double stimulus(const int32_t i, const int32_t k)
{{
    return k < 0 || k >= {steps} ? 0.0 : (double)_namespacestimulus_values[k * (size_t){width} + i];
}}
"""


class Table:
    """symbol(i, k): a number for every unit of a sample and step, the same in all samples; 0 outside the steps.

    values : (T, units of a sample)
    """

    def __init__(self, symbol: str, values: np.ndarray):
        self.symbol, self.values = symbol, np.ascontiguousarray(values, float)

    def __call__(self, i: np.ndarray, k: np.ndarray) -> np.ndarray:
        steps, units = self.values.shape
        inside = (k >= 0) & (k < steps)
        return np.where(inside, self.values[np.where(inside, k, 0), i % units], 0.0)

    def function(self) -> Function:
        """The table as a Brian2 function of the unit's index and the step."""
        made = Function(self.__call__, arg_units=[1, 1], return_unit=1, arg_types=["integer", "integer"],
                        return_type="float", stateless=False)
        made.implementations.add_numpy_implementation(lambda i, k: self(i, k), discard_units=True)
        fill = {"symbol": self.symbol, "steps": len(self.values), "units": self.values.shape[1]}
        flat = {f"{self.symbol}_values": self.values.reshape(-1)}
        made.implementations.add_implementation("cython", TABLE_CYTHON.format(**fill), namespace=flat)
        made.implementations.add_implementation("cpp", TABLE_CPP.format(**fill), namespace=flat)
        return made


TABLE_CYTHON = """
cdef double {symbol}(int i, int k):
    global _namespace{symbol}_values
    if k < 0 or k >= {steps}:
        return 0.0
    return _namespace{symbol}_values[k*{units} + i % {units}]
"""

TABLE_CPP = """
static inline double {symbol}(const int32_t i, const int32_t k)
{{
    return k < 0 || k >= {steps} ? 0.0 : _namespace{symbol}_values[k * (size_t){units} + i % {units}];
}}
"""
