"""By what a call is known: a digest of the function and of what it is called with, the same on every machine."""

import dataclasses
import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from dmpnet import __version__
from dmpnet.errors import DmpnetError
from dmpnet.sweeps.written import is_tensor, numbers, own, reduced, written

LEAVES = (type(None), bool, int, float, complex, str, bytes)
LONGEST = 200
"""Letters of a point that are shown."""


def digest(*values: Any) -> str:
    """16 hexadecimal digits of values: equal ones have the same, in whatever order dictionaries and sets hold theirs.

    Plain values, arrays, tensors, dataclasses by their fields, functions and classes by their names, those of the
    user's own by how they are written too (dmpnet.sweeps.written), others by what a pickle would keep of them.
    DmpnetError for what cannot be pickled, or holds itself.
    """
    try:
        return _total(values).hexdigest()[:16]
    except RecursionError as error:
        raise DmpnetError("a point holds itself, so that it has no digest; give plain values") from error


def of_points(run: Callable[..., Any], points: Iterable[Any], common: Any) -> list[str]:
    """By what the results of `run` at each of the points are known, with what all have in common."""
    shared = digest(run, common, __version__)
    return [digest(shared, point) for point in points]


def _total(value: Any) -> Any:
    """The sha256 of a value."""
    kind, total = type(value), hashlib.sha256()
    parts: Iterable[Any] = ()
    if kind in LEAVES:
        tag, parts = kind.__name__, [repr(value).encode()]
    elif kind in (list, tuple):
        tag, parts = kind.__name__, map(_total, value)
    elif kind is dict:
        tag, parts = "dict", sorted(_total(key).digest() + _total(each).digest() for key, each in value.items())
    elif kind in (set, frozenset):
        tag, parts = "set", sorted(_total(each).digest() for each in value)
    elif kind is np.ndarray and not value.dtype.hasobject:
        tag, parts = f"array {value.dtype.str} {value.shape}", [np.ascontiguousarray(value).data.cast("B")
                                                               if value.size else b""]
    elif isinstance(value, type | FunctionType | BuiltinFunctionType):
        tag, parts = f"name {name(value)}", _as_written(value)
    elif is_tensor(value):
        tag, parts = f"tensor {value.dtype} {tuple(value.shape)}", [_total(numbers(value))]
    elif dataclasses.is_dataclass(value):
        tag = name(kind)
        parts = [*_as_written(kind), *(_total((field.name, getattr(value, field.name)))
                                       for field in dataclasses.fields(value))]
    else:
        tag, parts = name(kind), map(_total, _reduced(value))
    total.update(f"{tag}\n".encode())
    for part in parts:
        total.update(part if isinstance(part, bytes | memoryview) else part.digest())
    return total


def _as_written(value: Any) -> list[Any]:
    """Of a function or class of the user's own how it is written; nothing of others, which have a version."""
    return [_total(written(value))] if not isinstance(value, BuiltinFunctionType) and own(value) else []


def _reduced(value: Any) -> list[Any]:
    """What a pickle would keep of a value."""
    try:
        return reduced(value)
    except RecursionError:
        raise
    except Exception as error:  # whatever a value of the user's raises
        raise DmpnetError(f"a point holds {shown(value)}, which cannot be pickled ({error}); give plain values"
                          ) from error


def name(function: Callable | type) -> str:
    """Module and name, that of a script by its file; DmpnetError for a function without a name."""
    called = getattr(function, "__qualname__", type(function).__qualname__)
    if called.endswith("<lambda>"):
        raise DmpnetError(f"{called}: has no name by which its results could be known; define it by def")
    module = getattr(function, "__module__", None) or type(function).__module__
    if module == "__main__":
        spec = getattr(sys.modules["__main__"], "__spec__", None)
        file = getattr(sys.modules["__main__"], "__file__", None)
        module = spec.name if spec else Path(file).stem if file else "__main__"
    return f"{module}.{called}"


def shown(value: Any) -> str:
    """A point in a line, short; of a path only the name."""
    text = " ".join(repr(_travelling(value)).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _travelling(value: Any) -> Any:
    if isinstance(value, PurePath):
        return value.name
    if type(value) in (list, tuple):
        return type(value)(_travelling(each) for each in value)
    return {key: _travelling(each) for key, each in value.items()} if type(value) is dict else value
