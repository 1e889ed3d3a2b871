"""Results in JSON, read as what they must be: one line that names the file where they are not."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dmpnet.errors import DmpnetError

NAMES = {dict: "an object", list: "a list", str: "text", int: "a whole number", float: "a finite number",
         bool: "true or false", type(None): "null"}


def read(path: str | Path, shape: Any, fix: str = "make it again, or get it again") -> Any:
    """What `path` holds, if it is of `shape`; else DmpnetError with the first place that is not, and `fix`.

    shape : a type (int, float, str, dict ...), None, [shape of each], {key: shape} of keys that must be there,
        {str: shape} of whatever keys there are, or a tuple of shapes, one of which it must be
    """
    try:
        found = json.loads(Path(path).read_text())
    except (ValueError, RecursionError) as error:
        raise DmpnetError(f"{path}: not whole JSON ({error.__class__.__name__}: {error}); {fix}") from error
    wrong = unlike(found, shape)
    if wrong:
        raise DmpnetError(f"{path}: {wrong}; {fix}")
    return found


def unlike(value: Any, shape: Any, at: str = "all of it") -> str:
    """'' if `value` is of `shape`, else what is amiss, and where."""
    if isinstance(shape, tuple):
        found = [unlike(value, each, at) for each in shape]
        return found[0] if all(found) else ""
    kind = shape if isinstance(shape, type) else type(shape)
    of_kind = isinstance(value, (int, float) if kind is float else kind) and (kind is bool) == isinstance(value, bool)
    if not of_kind or (kind is float and not abs(value) < 1e300):
        return f"{at} is {shown(value)}, but must be {NAMES[kind]}"
    parts: Iterable[tuple[str, Any, Any]] = ()
    if isinstance(shape, list):
        parts = ((f"{at}, {place}", each, shape[0]) for place, each in enumerate(value))
    elif isinstance(shape, dict):
        missing = [key for key in shape if key is not str and key not in value]
        if missing:
            return f"{at} has no {missing[0]!r}, but must have it"
        parts = ((f"{at}, {key!r}", each, shape.get(key, shape.get(str))) for key, each in value.items()
                 if key in shape or str in shape)
    return next(filter(None, (unlike(each, of, place) for place, each, of in parts)), "")


def shown(value: Any) -> str:
    """A value, short and on one line."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."
