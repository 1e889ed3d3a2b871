"""Numbers with units as a script gives them, checked and in SI units."""

from typing import Any

import numpy as np
from brian2 import DimensionMismatchError, Quantity, get_dimensions, second
from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit

from dmpnet.errors import DmpnetError


def unit(of: Any) -> str:
    """The name by which Brian2's equations call the SI unit of these dimensions: 'volt', 'volt/second', '1'."""
    if of is DIMENSIONLESS:
        return "1"
    named, of_a_rate = repr(get_unit(of)), repr(get_unit(of * second.dim))
    return f"{of_a_rate}/second" if of_a_rate.isidentifier() and not named.isidentifier() else named


def dimensions(owner: str, symbol: str, value: Any) -> Any:
    """The dimensions of a number; DmpnetError if it is none."""
    try:
        np.asarray(value, float)
        return get_dimensions(value)
    except (TypeError, ValueError, DimensionMismatchError):
        raise DmpnetError(f"{owner}: {symbol} = {value!r}, but it is a number; give one, with its unit") from None


def number(owner: str, symbol: str, value: Any, of: Any, shape: tuple[int, ...] = (), given: str = "") -> np.ndarray:
    """`value` in SI units, an array of `shape` or one number for all; DmpnetError unless its dimensions are `of`.

    given : what else was given, if that is why they are: 'threshold = 15'
    """
    found, array = dimensions(owner, symbol, value), np.asarray(value, float)
    if found != of and given:
        raise DmpnetError(f"{owner}: {symbol} = {shown(value)} has the unit {unit(found)}, but with {given} its unit "
                          f"is {unit(of)}; give one of them in another unit")
    if found != of:
        raise DmpnetError(f"{owner}: {symbol} = {shown(value)} has the unit {unit(found)}, but its unit is {unit(of)}; "
                          f"give it in that unit")
    if array.shape not in ((), shape):
        raise DmpnetError(f"{owner}: {symbol} has shape {array.shape}, but {shape} is needed here; give it so, or one "
                          f"number for all")
    if not np.isfinite(array).all():
        raise DmpnetError(f"{owner}: {symbol} has {int((~np.isfinite(array)).sum())} values that are NaN or infinite, "
                          f"but 0 are allowed; set finite ones")
    return np.broadcast_to(array, shape).copy()


def unitless(owner: str, symbol: str, value: Any) -> None:
    """DmpnetError if what is read as plain numbers, one or a list or an array of them, has a unit: NumPy drops it."""
    if isinstance(value, list | tuple):
        for each in value:
            unitless(owner, symbol, each)
    elif isinstance(value, Quantity) and value.dim is not DIMENSIONLESS:
        raise DmpnetError(f"{owner}: {symbol} = {shown(value)} has the unit {unit(value.dim)}, but it is without one; "
                          f"divide it by its unit")


def positive(owner: str, symbol: str, value: Any, of: Any) -> float:
    """One number above 0 in SI units."""
    found = float(number(owner, symbol, value, of))
    if found <= 0:
        raise DmpnetError(f"{owner}: {symbol} = {shown(value)}, but it is above 0; set {symbol} > 0")
    return found


def whole(owner: str, symbol: str, value: Any) -> int:
    """A count of at least one."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 1:
        raise DmpnetError(f"{owner}: {symbol} = {value!r}, but it counts something; set a whole number >= 1")
    return int(value)


def shown(value: Any) -> str:
    """A value in one line, an array by its shape."""
    return str(value) if np.ndim(value) == 0 else f"array of shape {np.shape(value)}"
