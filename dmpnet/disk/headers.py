"""What text in a file says (JSON, TOML), and records of it whose every entry is of the type it is declared as."""

import dataclasses
import json
import math
import reprlib
import types
import typing
from collections.abc import Callable
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeGuard, TypeVar

import numpy as np

from dmpnet.errors import DmpnetError, meant

DEEP = 100
"""Levels that lists and tables may lie in each other."""

MOST = 2**53
"""Largest whole number of a header: float64, Brian2's type, holds all up to it exactly."""

LONG = 500
"""Characters of a text at most; error messages show it."""

T = TypeVar("T")
KINDS = {int: "a whole number of up to 2^53", float: "a finite number", bool: "true or false",
         str: f"a text of up to {LONG} characters", dict: "a table", list: "a list"}


def parsed(text: str, parse: Callable[[str], Any] = json.loads) -> dict[str, Any]:
    """The table that `text` holds; ValueError, in one line, for anything else."""
    try:
        found = parse(text)
    except RecursionError as error:
        raise ValueError("lists or tables in it lie in each other too deep") from error
    level = [found]
    for _ in range(DEEP):
        level = [each for one in level if isinstance(one, dict | list)
                 for each in (one.values() if isinstance(one, dict) else one)]
    if level:
        raise ValueError(f"lists or tables in it lie in each other more than {DEEP} deep")
    if not isinstance(found, dict):
        raise ValueError(f"{shown(found)} is no table of names and values")
    return found


def whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number that float64 holds exactly."""
    return isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) <= MOST


def real(value: Any) -> TypeGuard[float]:
    """Whether it is a number that float64 holds."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(float(value))
    except OverflowError:
        return False


def shown(value: Any) -> str:
    """A value in an error message: in one line, and not longer than that."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # a whole number of more than 4,300 digits
        return "a number of thousands of digits"


def record(kind: type[T], entries: Any, what: str, **more: Any) -> T:
    """`kind`, a dataclass, of the `entries` a file holds and of `more`; lists become tuples
    unless they are declared as lists.

    DmpnetError names the entry that is not known, not there or not of the type it is declared as.
    """
    if not isinstance(entries, dict):
        raise DmpnetError(f"{what} = {shown(entries)}, but it is a table of names and values; write one")
    hints, fields = _hints(kind), {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in entries:
        if name not in fields or name in more:
            raise DmpnetError(f"{what} has {shown(name)}{meant(str(name)[:80], fields)}, but it takes "
                              f"{', '.join(fields)}; take it out")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in entries and name not in more:
            raise DmpnetError(f"{what} has no {name}, but needs it; add it")
    values = {name: value if _is_list(hints[name]) else _tuples(value) for name, value in entries.items()}
    for name, value in values.items():
        if not fits(value, hints[name]):
            raise DmpnetError(f"{what}: {name} = {shown(entries[name])}, but it is {said(hints[name])}; set one")
    return kind(**values, **more)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _is_list(hint: Any) -> bool:
    return (typing.get_origin(hint) or hint) is list


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def fits(value: Any, hint: Any) -> bool:
    """Whether `value` is of a declared type."""
    if hint in (Any, None, type(None)):
        return hint is Any or value is None
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(fits(value, part) for part in parts)
    if origin in (int, float):
        return whole(value) if origin is int else real(value)
    if not isinstance(value, origin) or (origin is str and len(value) > LONG):
        return False
    if origin is tuple and parts:
        parts = parts[:1] * len(value) if parts[1:] == (...,) else parts
        return len(parts) == len(value) and all(map(fits, value, parts))
    return origin is not dict or all(isinstance(key, str) for key in value)


def said(hint: Any) -> str:
    """A declared type in words."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return " or ".join(said(part) for part in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        first, *rest = typing.get_args(hint)
        return f"a list, each {said(first)}" if rest == [...] else f"a list of {', '.join(map(said, (first, *rest)))}"
    return KINDS.get(typing.get_origin(hint) or hint, "null" if hint in (None, type(None)) else "anything")
