"""Plain values as JSON and back, to the bit: numbers, text, lists, tuples, dictionaries and NumPy arrays of them.

What JSON lacks is an object with one key that begins with $: {"$tuple": [...]}, {"$dict": [[key, value], ...]} where a
key is no text, {"$array": ...} and {"$number": ...} of NumPy as a file .npy in base64. Nothing is pickled.
"""

import base64
import io
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError

LEAVES = (type(None), bool, int, float, str)


def written(value: Any) -> Any:
    """`value` as JSON takes it; DmpnetError, naming its type, if it is not plain."""
    kind = type(value)
    if kind in LEAVES:
        return value
    if kind is list:
        return [written(each) for each in value]
    if kind is tuple:
        return {"$tuple": [written(each) for each in value]}
    if kind is dict:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: written(each) for key, each in value.items()}
        return {"$dict": [[written(key), written(each)] for key, each in value.items()]}
    if (kind is np.ndarray or isinstance(value, np.generic)) and not value.dtype.hasobject:
        file = io.BytesIO()
        np.save(file, value, allow_pickle=False)
        return {"$array" if kind is np.ndarray else "$number": base64.b64encode(file.getvalue()).decode()}
    raise DmpnetError(f"a result holds a {kind.__module__}.{kind.__qualname__}, but results are numbers, text, lists, "
                      f"tuples, dictionaries and NumPy arrays of numbers; return those")


def read(value: Any) -> Any:
    """What `written` was given."""
    if isinstance(value, list):
        return [read(each) for each in value]
    if not isinstance(value, dict):
        return value
    inside: Any
    kind, inside = next(iter(value.items()), ("", None))
    if kind == "$tuple":
        return tuple(read(each) for each in inside)
    if kind == "$dict":
        return {read(key): read(each) for key, each in inside}
    if kind in ("$array", "$number"):
        array = np.load(io.BytesIO(base64.b64decode(inside)), allow_pickle=False)
        return array if kind == "$array" else array[()]
    return {key: read(each) for key, each in value.items()}
