"""What the command line can do, one file a command: `add(parsers)` declares it, `execute(arguments)` does it.

A command whose name has a hyphen is a file with an underscore: convert_ann.py is `dmpnet convert-ann`.

The first sentence of its docstring is what `dmpnet --help` says of it, read without importing it.
"""

import ast
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType


def names() -> list[str]:
    """All commands, sorted."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def summary(name: str) -> str:
    """The first sentence of a command's docstring."""
    told = ast.get_docstring(ast.parse((Path(__path__[0]) / f"{_file(name)}.py").read_text())) or ""
    return " ".join(told.split(".", 1)[0].split("\n\n")[0].split())


def command(name: str) -> ModuleType:
    """The module of a command, imported now: what it needs takes time."""
    return importlib.import_module(f"{__name__}.{_file(name)}")


def _file(name: str) -> str:
    return name.replace("-", "_")
