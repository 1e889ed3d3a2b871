"""Rounding to whole numbers in Brian2 code, on every target."""

from collections.abc import Callable

import numpy as np
from brian2 import Function


def _whole(name: str, function: Callable) -> Function:
    """Rounding to whole numbers as a Brian2 function; C has it as `name`."""
    made = Function(lambda v: function(v), arg_units=[1], return_unit=1)
    made.implementations.add_numpy_implementation(lambda v: function(v), discard_units=True)
    made.implementations.add_implementation("cpp", "", name=name)
    made.implementations.add_implementation("cython", f"from libc.math cimport {name}", name=name)
    return made


WHOLE = {"rint": _whole("rint", np.rint), "trunc": _whole("trunc", np.trunc), "floored": _whole("floor", np.floor)}
"""Not `floor`, which is Brian2's own in every namespace, and in NumPy ends at 32 bits."""


def carried(symbol: str, units: int) -> Function:
    """symbol(v, i): v of unit i as a whole number, what is cut off added to the next of the `units` of a sample, half
    to the first. Compiled code goes from unit to unit, in one thread."""
    def whole(v: np.ndarray, i: np.ndarray) -> np.ndarray:
        sums = np.floor(np.cumsum(np.reshape(v, (-1, units)), axis=1) + 0.5)
        return np.diff(sums, axis=1, prepend=0).ravel()

    made = Function(whole, arg_units=[1, 1], return_unit=1, arg_types=["float", "integer"], return_type="float",
                    stateless=False)
    made.implementations.add_numpy_implementation(whole, discard_units=True)
    fill = {"symbol": symbol, "units": units}
    made.implementations.add_implementation("cython", CARRIED_CYTHON.format(**fill))
    made.implementations.add_implementation("cpp", CARRIED_CPP.format(**fill))
    return made


CARRIED_CYTHON = """
from libc.math cimport floor as floor_{symbol}
cdef double rest_{symbol} = 0.5

cdef double {symbol}(double v, int i):
    global rest_{symbol}
    cdef double total = v + (0.5 if i % {units} == 0 else rest_{symbol})
    rest_{symbol} = total - floor_{symbol}(total)
    return total - rest_{symbol}
"""

CARRIED_CPP = """
#ifdef _OPENMP
#error "dmpnet: m rounds slot after slot, in one thread; set prefs.devices.cpp_standalone.openmp_threads = 0"
#endif
static inline double {symbol}(const double v, const int32_t i)
{{
    static double rest;
    const double total = v + (i % {units} == 0 ? 0.5 : rest);
    rest = total - floor(total);
    return total - rest;
}}
"""
