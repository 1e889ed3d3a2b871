"""A script as a command: its docstring is its help, what cannot be carried out is told in a line."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmpnet.errors import DmpnetError
from dmpnet.results import outputs, provenance, terminal


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The parser of a script: its docstring."""
    terminal.escaped()
    return terminal.Parser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def parsed(parser: argparse.ArgumentParser, command: str, otherwise: str = "") -> argparse.Namespace:
    """What a script was told; its --out, a JSON file of its own, is checked before any work.

    otherwise : --out where none was given, with what was told in it; {part}: '' with --look, else '_validation'
    """
    arguments = parser.parse_args()
    part = "" if getattr(arguments, "look", True) else "_validation"
    arguments.out = arguments.out or Path(otherwise.format(**vars(arguments), part=part))
    outputs.one_file(command, arguments.out, ".json", arguments).check()
    return arguments


def told(main: Callable[[], None]) -> None:
    """Run a script; what cannot be carried out is told in one line, exit code 2."""
    try:
        main()
    except (DmpnetError, OSError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)


def given(arguments: argparse.Namespace) -> dict[str, object]:
    """The arguments of a command as provenance records them: files as paths, of which it keeps the name.

    Where a scheduler is to be found is not recorded, it changes no result; nor are notes said meanwhile.
    """
    return {key: Path(value) if isinstance(value, str) and os.path.isfile(value) else value
            for key, value in vars(arguments).items() if key not in ("execute", "scheduler", "said")}


def printed(command: str, arguments: argparse.Namespace, show: Callable[[argparse.Namespace], dict[str, Any]]) -> None:
    """`show`, which prints; what it gives goes to --out (.json) with provenance, where that is asked for."""
    if arguments.out is None:
        show(arguments)
        return
    with outputs.one_file(command, arguments.out, ".json", arguments):
        provenance.write(arguments.out, show(arguments) | provenance.record(command, given(arguments)))
