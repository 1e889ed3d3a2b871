"""Uniform random numbers that depend on a seed and a place alone, the same wherever and whenever they are drawn.

    u = draw(place, seed)    place 0, 1, 2 ... of stream `seed`, u in [0, 1)

The place-th output of the generator splitmix64 (Steele, Lea & Flood 2014, OOPSLA, doi 10.1145/2660193.2660195), of
which the upper 53 bits are kept. As nothing is carried from draw to draw, a run that goes on where it was stopped
meets the numbers it would have met.
"""

from typing import Any

import numpy as np
from brian2 import Function

GOLDEN = 0x9E3779B97F4A7C15
MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
UNIT = 2.0**-53


def draw(place: np.ndarray | int, seed: int) -> np.ndarray:
    """Float64 in [0, 1) at every place."""
    with np.errstate(over="ignore"):
        z = (np.asarray(place).astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN) + _mixed(np.uint64(seed))
        return (_mixed(z) >> np.uint64(11)) * UNIT


def _mixed(z: Any) -> Any:
    with np.errstate(over="ignore"):
        for shift, factor in MIX:
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        return z ^ (z >> np.uint64(31))


def function(seed: int) -> Function:
    """`draw` as a Brian2 function chance(unit, units, step): place = step * units + unit."""
    start = int(_mixed(np.uint64(seed)))

    def chance(unit: np.ndarray, units: int, step: int) -> np.ndarray:
        return draw(np.int64(step) * np.int64(units) + unit, seed)

    made = Function(chance, arg_units=[1, 1, 1], return_unit=1, arg_types=["integer"] * 3, return_type="float",
                    stateless=False)
    made.implementations.add_numpy_implementation(chance, discard_units=True)
    fill = {"start": f"{start}ULL", "golden": f"{GOLDEN}ULL", "unit": repr(UNIT)}
    fill |= {f"factor{n}": f"{factor}ULL" for n, (_, factor) in enumerate(MIX)}
    made.implementations.add_implementation("cpp", CPP % fill)
    made.implementations.add_implementation("cython", CYTHON % {key: value.replace("ULL", "") for key, value
                                                                 in fill.items()})
    return made


CPP = """
static inline double chance(const int64_t unit, const int64_t units, const int64_t step)
{
    uint64_t z = ((uint64_t)(step * units + unit) + 1) * %(golden)s + %(start)s;
    z = (z ^ (z >> 30)) * %(factor0)s;
    z = (z ^ (z >> 27)) * %(factor1)s;
    z ^= z >> 31;
    return (double)(z >> 11) * %(unit)s;
}
"""
CYTHON = """
cdef double chance(long long unit, long long units, long long step):
    cdef unsigned long long z = <unsigned long long>(step * units + unit) + 1
    z = z * <unsigned long long>%(golden)s + <unsigned long long>%(start)s
    z = (z ^ (z >> 30)) * <unsigned long long>%(factor0)s
    z = (z ^ (z >> 27)) * <unsigned long long>%(factor1)s
    z = z ^ (z >> 31)
    return <double>(z >> 11) * %(unit)s
"""
