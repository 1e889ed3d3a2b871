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
