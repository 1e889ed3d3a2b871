"""A chip as its description says: how many bits each quantity has, how much fits, how it computes (models/chips)."""

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, make_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.arithmetic.fixed import CURRENTS, SATURATES
from dmpnet.arithmetic.words import Word
from dmpnet.disk import shipped
from dmpnet.disk.headers import MOST, parsed, record, shown, whole
from dmpnet.equations.decay import WHOLE
from dmpnet.equations.neurons import RESETS
from dmpnet.errors import DmpnetError, meant
from dmpnet.hardware.limits import FURTHER
from dmpnet.hardware.parts import (
    QUEUES,
    READS,
    TRACE_DECAYS,
    Chip,
    Clock,
    Datapath,
    Energy,
    Errors,
    Limits,
    Memory,
    Plasticity,
    Words,
    check_chip,
)

ALL_LIMITS = make_dataclass("Limits", [(limit.name, int | None, limit.default) for limit in FURTHER],
                            bases=(Limits,), frozen=True)
PARTS: dict[str, type] = {"words": Words, "memory": Memory, "limits": ALL_LIMITS, "datapath": Datapath}
OPTIONAL: dict[str, type] = {"plasticity": Plasticity, "clock": Clock, "errors": Errors, "energy": Energy}
LONGEST = 100_000
"""Bytes of a description at most; those that ship have some 3,000."""
LISTS: dict[str, tuple[str, ...]] = {"datapath.decay": WHOLE, "datapath.resets": tuple(RESETS),
                                     "plasticity.decay": TRACE_DECAYS}
CHOICES: dict[str, tuple[str, ...]] = {"datapath.saturates": SATURATES, "datapath.currents": CURRENTS,
                                      "datapath.queue": QUEUES, "plasticity.reads": READS}


def load(path: str | Path) -> Chip:
    """The chip of a description file, or the shipped one of that name ('dmp').

    In the file every number is a table with its source: `neurons = {value = 128, source = "..."}`; a word has `bits`
    (and rounding, overflow, signed) in place of `value`. With `base = "dmp"`, a shipped chip or another file (from the
    folder of this one), what it does not say is that chip's.
    """
    return described_by(*read(path))


def read(path: str | Path, within: tuple[Path, ...] = ()) -> tuple[dict[str, Any], str]:
    """What a description says, with what its base does, and the file's name.

    within : descriptions that have it as their base
    """
    described, file = _parsed(path)
    base = described.pop("base", None)
    if base is None:
        return described, file.name
    if not isinstance(base, str) or file in within:
        raise DmpnetError(f"{file.name}: base = {shown(base)}, but it names another chip, that ships or is described "
                          f"in a file" + (", and not one that has this as its base" if file in within else "")
                          + "; correct it")
    inherited, _ = read(file.parent / base if base.endswith(".toml") else base, (*within, file))
    parts = {part: entries | described.get(part, {}) if isinstance(described.get(part, {}), dict) else described[part]
             for part, entries in inherited.items() if isinstance(entries, dict)}
    return {name: value for name, value in inherited.items() if name != "name"} | described | parts, file.name


def own(path: str | Path) -> tuple[dict[str, Any], str | Path | None]:
    """What a description says by itself, and its base: the name of one that ships, a file, or None."""
    described, file = _parsed(path)
    base = described.pop("base", None)
    return described, file.parent / base if base and base.endswith(".toml") else base


def _parsed(path: str | Path) -> tuple[dict[str, Any], Path]:
    """What the file of a description says by itself, and the file."""
    if not isinstance(path, str | os.PathLike):
        raise DmpnetError(f"chip: a {type(path).__name__}, but a chip is loaded by its name or the path of its "
                          f"description; give one, e.g. 'dmp-256'")
    file = Path(str(path))
    if file.suffix != ".toml" and not file.is_file():
        file = shipped.folder() / "chips" / f"{path}.toml"
        if not file.exists():
            raise DmpnetError(f"chip {str(path)!r}{meant(str(path), names())} is not among those that ship "
                              f"({', '.join(names())}); choose one, or give the path of a description (.toml)")
    try:
        with open(file, "rb") as description:
            text = description.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise ValueError(f"over {LONGEST} bytes")
        described = parsed(text.decode(), tomllib.loads)
    except OSError as error:
        raise DmpnetError(f"{file}: no such chip description ({error.strerror}); give the path of a .toml, or one "
                          f"of {', '.join(names())}") from error
    except ValueError as error:
        raise DmpnetError(f"{file}: not a chip description ({' '.join(str(error).split())}); write TOML as in "
                          f"models/chips") from error
    return described, file


def names() -> list[str]:
    """Names of the chips that ship."""
    return sorted(path.stem for path in (shipped.folder() / "chips").glob("[!.]*.toml"))


def described_by(described: dict[str, Any], origin: str) -> Chip:
    """The chip that a parsed description describes; DmpnetError names what is missing, unknown or without source."""
    unknown = described.keys() - {"name", *PARTS, *OPTIONAL}
    if unknown or not isinstance(described.get("name"), str):
        raise DmpnetError(f"{origin}: {'key ' + shown(min(unknown)) if unknown else 'no name'}, but a chip has a name "
                          f"and the parts {', '.join(PARTS)}, and may have {', '.join(OPTIONAL)}; correct it")
    source: dict[str, str] = {}
    parts = {part: _part(kind, described.get(part), f"{origin}: {part}", part, source)
             for part, kind in (PARTS | OPTIONAL).items() if part in PARTS or part in described}
    return Chip(described["name"], source=source, **parts)


def _part(kind: type, entries: Any, origin: str, part: str, source: dict[str, str]) -> Any:
    found = set(entries) if isinstance(entries, dict) else set()
    wanted = [field.name for field in fields(kind) if field.default is MISSING or field.name in found]
    if not isinstance(entries, dict) or found != set(wanted):
        raise DmpnetError(f"{origin} has {_listed(found)}, but {', '.join(wanted)} belong "
                          f"there; add {', '.join(sorted(set(wanted) - found)) or 'nothing'}, take out "
                          f"{_listed(found - set(wanted))}")
    values = {}
    for name in wanted:
        entry = entries[name]
        if not isinstance(entry, dict) or not isinstance(entry.get("source"), str) or not entry["source"].strip():
            raise DmpnetError(f"{origin}.{name} has no source, but every number of a chip is from somewhere; write "
                              f"{name} = {{..., source = \"...\"}}")
        source[f"{part}.{name}"] = entry["source"]
        rest = {key: value for key, value in entry.items() if key != "source"}
        values[name] = (_word(rest, f"{origin}.{name}") if _is_word(kind, name)
                        else _value(kind, part, name, rest, origin))
    return kind(**values)


def _listed(found: set[str]) -> str:
    """Names of a file in an error message."""
    return ", ".join(shown(name)[1:-1] for name in sorted(found)) or "nothing"


def _is_word(kind: type, name: str) -> bool:
    return any(field.name == name and field.type is Word for field in fields(kind))


WORD = tuple(field.name for field in fields(Word))
SETTINGS = tuple(f"{part}.{field.name}{detail}" for part, kind in (PARTS | OPTIONAL).items() for field in fields(kind)
                 for detail in ([f".{each}" for each in WORD] if _is_word(kind, field.name) else [""]))
"""What `changed` can set."""


def _word(entry: dict[str, Any], origin: str) -> Word:
    if "bits" not in entry or not entry.keys() <= {*WORD}:
        raise DmpnetError(f"{origin}: {_listed({*entry})}, but a word has bits, and may have "
                          f"{', '.join(WORD[1:])}; correct it")
    try:
        return record(Word, entry, "word")
    except DmpnetError as error:
        raise DmpnetError(f"{origin}: {str(error).removeprefix('word: ')}") from error


def _value(kind: type, part: str, name: str, entry: dict[str, Any], origin: str) -> Any:
    value = entry.get("value")
    if set(entry) != {"value"}:
        raise DmpnetError(f"{origin}.{name} has {_listed({*entry})}, but a number has a value and "
                          f"a source; write {name} = {{value = ..., source = \"...\"}}")
    known, choices = LISTS.get(f"{part}.{name}"), CHOICES.get(f"{part}.{name}")
    if known:
        if not isinstance(value, list) or not value or not all(each in known for each in value):
            raise DmpnetError(f"{origin}.{name} = {shown(value)}, but it lists some of {', '.join(known)}; correct it")
        return tuple(value)
    if choices:
        if value not in choices:
            raise DmpnetError(f"{origin}.{name} = {shown(value)}{meant(str(value)[:80], choices)}, but it is one of "
                              f"{', '.join(choices)}; choose one")
    elif kind is Datapath and name != "seed":
        if not isinstance(value, bool):
            raise DmpnetError(f"{origin}.{name} = {shown(value)}, but it is true or false; set one")
    elif kind is Energy:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise DmpnetError(f"{origin}.{name} = {shown(value)}, but it is an energy in pJ; set a number >= 0")
    elif not whole(value) or value < 1:
        raise DmpnetError(f"{origin}.{name} = {shown(value)}, but it counts something; set a whole number from 1 to "
                          f"{MOST}")
    return value


def changed(chip: Chip, settings: Mapping[str, Any]) -> Chip:
    """`chip` with some numbers set otherwise: {'limits.neurons': 256, 'words.W_f.bits': 4, 'memory.slow': 20_000}."""
    check_chip("changed", chip)
    if not isinstance(settings, Mapping) or not all(isinstance(key, str) for key in settings):
        raise DmpnetError(f"changed: settings = {shown(settings)}, but they are numbers by name; give a dictionary, "
                          f"e.g. {{'limits.neurons': 256}}")
    for key, given in settings.items():
        value = given.item() if isinstance(given, np.generic) else list(given) if isinstance(given, tuple) else given
        part, _, rest = key.partition(".")
        name, _, detail = rest.partition(".")
        if key not in SETTINGS:
            raise DmpnetError(f"chip {chip.name}: no {key!r} to set{meant(key, SETTINGS)}; say e.g. limits.neurons, "
                              f"memory.slow or, of a word, words.W_f.{{{','.join(WORD)}}}")
        before, kind = getattr(chip, part), (PARTS | OPTIONAL)[part]
        if before is None and sum(field.default is MISSING for field in fields(kind)) > 1:
            raise DmpnetError(f"chip {chip.name}: {key} cannot be set, as it has no {part}; take a chip that has, "
                              f"e.g. {', '.join(learning())}")
        if detail:
            try:
                value = replace(getattr(before, name), **{detail: value})
            except DmpnetError as error:
                raise DmpnetError(f"chip {chip.name}: {key} = {value!r}: {error}") from error
        else:
            value = _value(kind, part, name, {"value": value}, f"chip {chip.name}: {part}")
        chip = replace(chip, **{part: kind(**{name: value}) if before is None else replace(before, **{name: value})},
                       source=chip.source | {f"{part}.{name}": "set by the user"})
    return chip


def learning() -> list[str]:
    """Names of the shipped chips that learn."""
    return [name for name in names() if load(name).plasticity is not None]
