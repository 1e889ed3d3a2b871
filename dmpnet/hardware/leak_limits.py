"""What a leak of so many bits can be, and what is refused."""

from numbers import Integral
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError

# limits

WIDTHS = range(4, 17)
"""Bits B of V that our own neurons can have; IMPULSE (arXiv 2105.08217) has 11, tinyODIN 12."""


def limits(B: int) -> tuple[int, int]:
    """Lowest and highest two's complement integer of B bits; DmpnetError unless B is one of WIDTHS."""
    B = _integer("integer neuron", "B", B)
    check_range("integer neuron", "B", B, WIDTHS[0], WIDTHS[-1])
    return -(1 << (B - 1)), (1 << (B - 1)) - 1


def representable(lam: int, B: int) -> int:
    """The leak lam as a Python integer; DmpnetError unless it is 0 or more and fits in two's complement of B bits."""
    lam = _integer("leak", "lam", lam)
    _check_size("leak", "lam", lam, limits(B)[1], f"V's B = {B} bits")
    return lam


def check_leak(name: str, symbol: str, lam: int, largest: int, room: str, theta: int, highest: int) -> None:
    """Raise DmpnetError unless 0 <= lam <= largest, 1 <= theta <= highest and lam <= theta."""
    _check_size(name, symbol, lam, largest, room)
    check_range(name, "theta", theta, 1, highest)
    if lam > theta:
        raise DmpnetError(f"{name}: {symbol} = {lam} is above theta = {theta}, so one step would leak away all that "
                          f"a neuron can hold; set {symbol} <= theta")


def _check_size(name: str, symbol: str, lam: int, largest: int, room: str) -> None:
    if lam < 0:
        raise DmpnetError(f"{name}: {symbol} = {lam}, but a leak is 0 or more; set {symbol} >= 0")
    if lam > largest:
        raise DmpnetError(f"{name}: {symbol} = {lam} does not fit in {room}, the largest is {largest}; "
                          f"set {symbol} <= {largest}")


def check_range(name: str, symbol: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise DmpnetError(f"{name}: {symbol} = {value}, but it lies in {low} to {high}; set {symbol} within that")


def plain(neuron: Any, *symbols: str) -> None:
    """Make fields Python integers, whose arithmetic does not wrap as a NumPy scalar's would."""
    for symbol in symbols:
        object.__setattr__(neuron, symbol, _integer(neuron.name, symbol, getattr(neuron, symbol)))


def _integer(name: str, symbol: str, value: int) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise DmpnetError(f"{name}: {symbol} = {value!r}, but it is an integer; round it")
    return int(value)


def integers(name: str, symbol: str, values: np.ndarray) -> np.ndarray:
    """`values` as int64; DmpnetError for a dtype that does not fit in it."""
    values = np.asarray(values)
    if not np.can_cast(values.dtype, np.int64):
        raise DmpnetError(f"{name}: {symbol} has dtype {values.dtype}, but chips hold integers of at most 64 bits; "
                          f"round it and convert to int64")
    return values.astype(np.int64)
