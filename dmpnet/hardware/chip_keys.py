"""All keys of a chip's description: what each is, what it may be, and what it is where it is left out; and a new one.

Meanings are those of the docstrings in dmpnet.hardware.parts, and of the limits that are files of their own.
"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from itertools import zip_longest
from typing import Any, NamedTuple

from dmpnet.arithmetic.words import OVERFLOWS, ROUNDINGS, Word
from dmpnet.hardware import chip, parts
from dmpnet.hardware.limits import FURTHER

DESCRIBED = re.compile(r"(?:^|\n|;  ?)\s*((?:\w+, )*\w+) : ")
SYMBOLS = "of that symbol (dmpnet/equations/neurons.py)"
HEAD = """# A chip's description

*Made by `dmpnet chip keys`, held against the code by a test.* A chip is a TOML file: `name`, a table for each part, and
in it every number with its source, `neurons = {{ value = 128, source = "where it is from" }}`; a word has `bits` in
place of `value` and may have `rounding` ({rounding}), `overflow` ({overflow}) and
`signed` (true, false). With `base = "dmp"`, a chip that ships or a file beside it, all that a description does not say
is that chip's.

    dmpnet chip new mine --base dmp     # mine.toml, with every number of dmp to be changed
    dmpnet chip check mine.toml         # what is wrong with it, or what it changes
    dmpnet constrain braille-dmp2 --chip mine.toml

Parts {needed} are needed (of the base at least), {optional} are not.
"""


class Key(NamedTuple):
    """A key: what it may be, its value where left out ('needed': it may not be), what it is."""

    name: str
    takes: str
    otherwise: str
    meaning: str


def keys() -> Iterator[Key]:
    """All keys, part by part."""
    for part, kind in (chip.PARTS | chip.OPTIONAL).items():
        meanings = _meanings(kind) | ({limit.name: limit.what for limit in FURTHER} if part == "limits" else {})
        for field in fields(kind):
            name = f"{part}.{field.name}"
            otherwise = "needed" if field.default is MISSING else (
                "the model's" if part == "energy" else "no limit") if field.default is None else (
                str(field.default).lower() if isinstance(field.default, bool) else str(field.default))
            yield Key(name, _takes(name, field), otherwise, meanings.get(field.name, SYMBOLS))


def _takes(name: str, field: Field) -> str:
    if field.type is Word:
        return "a word"
    if name in chip.LISTS:
        return f"a list of {', '.join(chip.LISTS[name])}"
    if name in chip.CHOICES:
        return " or ".join(chip.CHOICES[name])
    if name.startswith("energy."):
        return "pJ"
    return "true or false" if field.type is bool else "a whole number"


def _meanings(kind: type) -> dict[str, str]:
    """What the docstring of a part says of each of its fields."""
    text = (kind if kind is not chip.ALL_LIMITS else parts.Limits).__doc__ or ""
    found: dict[str, str] = {}
    matches = list(DESCRIBED.finditer(text))
    for match, after in zip_longest(matches, matches[1:]):
        said = " ".join(text[match.end():after.start() if after else len(text)].split("\n    Others")[0].split())
        found |= dict.fromkeys(match[1].split(", "), re.sub(r"; a description may leave it out, then \w+", "",
                                                            said.rstrip(";.")))
    return found


def page() -> str:
    """docs/chip-file.md."""
    rows = "\n".join(f"| `{key.name}` | {key.takes} | {key.otherwise} | {key.meaning} |" for key in keys())
    return HEAD.format(rounding=", ".join(ROUNDINGS), overflow=", ".join(OVERFLOWS), needed=", ".join(chip.PARTS),
                       optional=", ".join(chip.OPTIONAL)) + (
        f"\n| key | takes | where left out | is |\n|---|---|---|---|\n{rows}\n")


def new(name: str, base: str) -> str:
    """A description after `base`, every number of which stands there to be changed."""
    described, _ = chip.read(base)
    lines = [f"# {name}, after {base}: take out a # and change the number and its source; what stays out is as there.",
             f"name = {_text(name)}", f"base = {_text(base)}"]
    for part in (*chip.PARTS, *chip.OPTIONAL):
        if part in described:
            lines += ["", f"[{part}]"]
            lines += [f"# {key} = {{ {_entries(entry)} }}" for key, entry in described[part].items()]
    return "\n".join(lines) + "\n"


def _entries(entry: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {_text(value)}" for key, value in entry.items())


def _text(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
