"""A script as a command: its docstring is its help, what cannot be carried out is told in a line."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmpnet.errors import DmpnetError
from dmpnet.results import outputs, provenance, terminal

KEPT = ("runs", "work", "sweep")
"""Options of folders for what is kept while a script works."""


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The parser of a script: its docstring."""
    terminal.escaped()
    return terminal.Parser(description=doc)


def parsed(parser: argparse.ArgumentParser, command: str, otherwise: str = "") -> argparse.Namespace:
    """What a script was told; its --out, a JSON file of its own, is checked before any work.

    With --quick what is kept while it works lies beside --out, apart from that of whole results.
    otherwise : --out where none was given, with what was told in it; {part}: '' with --look, else '_validation'
    """
    arguments = parser.parse_args()
    quick, look = getattr(arguments, "quick", False), getattr(arguments, "look", True)
    if quick and getattr(arguments, "look", False):
        raise DmpnetError(f"{command} --quick: a small version looks at no test set; leave --look out")
    if arguments.out is None:
        name = otherwise.format(**vars(arguments), part="" if look or quick else "_validation")
        arguments.out = Path("quick") / Path(name).name if quick else Path(name)
    provenance.check_place(arguments.out, quick)
    for name in KEPT:
        if quick and getattr(arguments, name, None) == parser.get_default(name) is not None:
            setattr(arguments, name, arguments.out.with_suffix(f".{name}"))
    outputs.one_file(command, arguments.out, ".json", arguments).check()
    return arguments


def told(main: Callable[[], None]) -> None:
    """Run a script; what cannot be carried out is told in one line, exit code 2."""
    try:
        main()
        print(end="", flush=True)
    except (DmpnetError, OSError) as error:
        sys.exit(terminal.failed(Path(sys.argv[0]).name, error))


def given(arguments: argparse.Namespace) -> dict[str, object]:
    """The arguments of a command as provenance records them: files as paths, of which it keeps the name.

    Where a scheduler is to be found is not recorded: it changes no result; nor are notes said meanwhile, nor --quick
    where it was not given.
    """
    left = ("execute", "scheduler", "said", *["quick"] * (not getattr(arguments, "quick", False)))
    return {key: Path(value) if isinstance(value, str) and os.path.isfile(value) else value
            for key, value in vars(arguments).items() if key not in left}


def printed(command: str, arguments: argparse.Namespace, show: Callable[[argparse.Namespace], dict[str, Any]]) -> None:
    """`show`, which prints; what it gives goes to --out (.json) with provenance, where that is asked for."""
    if arguments.out is None:
        show(arguments)
        return
    with outputs.one_file(command, arguments.out, ".json", arguments):
        provenance.write(arguments.out, show(arguments) | provenance.record(command, given(arguments)))
