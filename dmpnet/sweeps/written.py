"""What a function of the user's own does, as it is written, in plain values: a change of it is another function.

Counted are its byte code and constants, defaults, what it encloses, and the globals that it names: the user's own
functions and classes, likewise; values, and what instances hold, as far as it can be pickled. Functions and classes of
others, of Python, dmpnet or a package, are known by their names.
"""

import copyreg
import dataclasses
import functools
import inspect
import pickle
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

import dmpnet

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), np.ndarray, np.generic)
CONTAINERS = (dict, list, tuple, set, frozenset)
HOLDERS: dict[type, tuple[str, ...]] = {
    staticmethod: ("__func__",), classmethod: ("__func__",), property: ("fget", "fset"),
    functools.partial: ("func", "args", "keywords")}
"""Of functions, and where they hold them."""
INSTALLED = ("site-packages", "dist-packages")


def own(value: Callable[..., Any] | type | ModuleType) -> bool:
    """Whether a function, class or module is the user's: of no installed package, nor a part of Python or dmpnet."""
    if isinstance(value, FunctionType):
        file = value.__code__.co_filename
    else:
        module = inspect.getmodule(value)
        file = getattr(module, "__file__", None) or ("<stdin>" if getattr(module, "__name__", "") == "__main__" else "")
    if not file or file.startswith("<frozen"):  # built in
        return False
    return not (set(INSTALLED) & {*Path(file).parts} or any(Path(file).is_relative_to(folder) for folder in _others()))


@functools.cache
def _others() -> list[Path]:
    return [Path(dmpnet.__file__).parent, *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))]


def written(value: Any, seen: set[int] | None = None) -> Any:
    """What tells `value` from one that is written otherwise; a label for what is not the user's, or seen already."""
    seen = set() if seen is None else seen
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, FunctionType | type):
        if not own(value):
            return f"{value.__module__}.{value.__qualname__}"
        if id(value) in seen:
            return value.__qualname__
        seen.add(id(value))
        parts = _function(value, seen) if isinstance(value, FunctionType) else _class(value, seen)
        return [value.__qualname__, *parts]
    for kind, held in HOLDERS.items():
        if isinstance(value, kind):
            return [kind.__name__, *(written(getattr(value, name), seen) for name in held)]
    if isinstance(value, CONTAINERS):
        if id(value) in seen:
            return "itself"
        seen.add(id(value))
        inside = [written(part, seen) for part in (value.items() if isinstance(value, dict) else value)]
        seen.remove(id(value))
        return [type(value).__name__, *(sorted(inside, key=repr) if isinstance(value, set | frozenset) else inside)]
    if hasattr(value, "__wrapped__"):  # functools.lru_cache
        return written(value.__wrapped__, seen)
    if isinstance(value, BuiltinFunctionType):
        return [value.__qualname__, written(value.__self__, seen)]
    return _instance(value, seen)


def _instance(value: Any, seen: set[int]) -> Any:
    """Its class, and the fields of a dataclass, or what a pickle would keep; of what none keeps the class alone."""
    kind = written(type(value), seen)
    if isinstance(value, ModuleType) or id(value) in seen:
        return kind
    seen.add(id(value))
    if is_tensor(value):
        held = [str(value.dtype), list(value.shape), numbers(value)]
    elif dataclasses.is_dataclass(value):
        held = [[field.name, written(getattr(value, field.name, None), seen)] for field in dataclasses.fields(value)]
    else:
        held = [written(part, seen) for part in _kept(value)]
    seen.remove(id(value))
    return [kind, *held]


def is_tensor(value: Any) -> bool:
    """Whether a value is a dense tensor of torch, whose pickles tell where in memory it lies."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor) and value.layout == torch.strided


def numbers(tensor: Any) -> np.ndarray:
    """Its bits."""
    whole = tensor.detach().cpu().contiguous()
    return whole.view(-1).view(sys.modules["torch"].uint8).numpy() if whole.numel() else np.empty(whole.shape)


def _kept(value: Any) -> list[Any]:
    """What a pickle would keep of an instance: of the user's own even where some part cannot be pickled."""
    try:
        if not own(type(value)):
            pickle.dumps(value)
        return reduced(value)
    except Exception:  # whatever an instance raises that is not made for it
        return []


def reduced(value: Any) -> list[Any]:
    """What a pickle would keep of an instance, its iterators as lists; what cannot be pickled raises what it likes."""
    parts = copyreg.dispatch_table.get(type(value), lambda value: value.__reduce_ex__(4))(value)
    return [list(part) if hasattr(part, "__next__") else part
            for part in (parts if isinstance(parts, tuple) else (parts,))]


def _function(function: FunctionType, seen: set[int]) -> Iterator[Any]:
    code = function.__code__
    yield _code(code)
    yield from (written(function.__defaults__, seen), written(function.__kwdefaults__, seen))
    for cell in function.__closure__ or ():
        try:
            yield written(cell.cell_contents, seen)
        except ValueError:
            yield "empty"
    names = sorted(_names(code))
    for name in names:
        if name in function.__globals__:
            yield [name, *_of_module(function.__globals__[name], names, seen)]


def _of_module(value: Any, names: list[str], seen: set[int]) -> Iterator[Any]:
    """Of a module of the user's what is asked of it by `names`; anything else as it is."""
    if not isinstance(value, ModuleType):
        yield written(value, seen)
    elif own(value) and id(value) not in seen:
        seen.add(id(value))
        for name in names:
            if hasattr(value, name):
                yield [name, *_of_module(getattr(value, name), names, seen)]


def _class(made: type, seen: set[int]) -> Iterator[Any]:
    yield [written(base, seen) for base in made.__bases__]
    for name, value in sorted(vars(made).items()):
        if isinstance(value, (FunctionType, *HOLDERS)) or (
                not name.startswith("__") and isinstance(value, PLAIN + CONTAINERS)):
            yield [name, written(value, seen)]


def _code(code: CodeType) -> list[Any]:
    """What runs: without comments and lines."""
    consts = [_code(const) if isinstance(const, CodeType) else written(const) for const in code.co_consts]
    return [code.co_code, consts, list(code.co_names), list(code.co_varnames), list(code.co_freevars), code.co_flags]


def _names(code: CodeType) -> set[str]:
    """Globals and attributes that code names, functions inside it too."""
    inner = (_names(const) for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*inner)
