"""What is read from and shown on a terminal: misspelt words, letters it lacks, help and tables too wide for it."""

import argparse
import io
import itertools
import os
import re
import select
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import tabulate as tabulating
from tabulate import tabulate

from dmpnet.errors import meant

LEAST, MOST = 6, 18
"""Letters that a column of text keeps; length of a word that is never broken."""
WIDEST = 118
"""Letters of a line of help on a terminal that has room for more."""


class Help(argparse.HelpFormatter):
    """Help whose description is no wider than the terminal either: see `filled`."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return filled(text, min(width, WIDEST))


class Parser(argparse.ArgumentParser):
    """A parser that knows what was meant: by a command, an option, a choice; its description keeps its columns."""

    def __init__(self, *, formatter_class: Any = Help, **named: Any):
        super().__init__(formatter_class=formatter_class, **named)
        self._negative_number_matcher = re.compile(r"-\.?\d")  # -1ms is a value too, as of Python 3.14

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Words that this parser does not know are its error, which then names its options, not those above it."""
        args = list(sys.argv[1:] if args is None else args)
        options = [name for action in self._actions for name in action.option_strings]
        if not any(isinstance(action, argparse._SubParsersAction) for action in self._actions):
            for word in itertools.takewhile(lambda word: word != "--", args):  # what follows may pass for another
                name = word.partition("=")[0]
                if name.startswith("--") and not any(option.startswith(name) for option in options):
                    self.error(f"unrecognized arguments: {word}{meant(name, options)}")
        known, others = super().parse_known_args(args, namespace)
        if others:
            self.error(f"unrecognized arguments: {' '.join(others)}{meant(others[0].partition('=')[0], options)}")
        return known, others

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = meant(str(value), map(str, action.choices or ()))
            raise argparse.ArgumentError(action, error.message + hint) from None


ENTRY = re.compile(r"( *\S.*?  +)(\S.*)")
"""A name or a command, and after two spaces or more what is told of it; lines below, further in, go on with that."""


def filled(text: str, width: int) -> str:
    """`text` in lines no wider than `width`: paragraphs anew, entries (`ENTRY`) in their column, or below their name
    where half a line or more is left of it; an indented line as it is, and a command that needs a second one with a
    backslash."""
    blocks = re.split(r"\n\s*\n", textwrap.dedent(text).strip("\n"))
    return "\n\n".join("\n".join(line for part in _parts(block.splitlines()) for line in _laid(*part, width))
                       for block in blocks)


def _parts(lines: list[str]) -> list[tuple[str, int, str]]:
    """Of a block: the name of each entry, '' for a paragraph; the column of what is told, and that."""
    parts: list[tuple[str, int, str]] = []
    for line in lines:
        inner = len(line) - len(line.lstrip())
        name, column, told = parts[-1] if parts else ("", 0, "")
        if found := ENTRY.fullmatch(line):
            parts.append((found[1].rstrip(), len(found[1]), found[2]))
        elif parts and (inner > len(name) - len(name.lstrip()) if name else not inner):
            parts[-1] = (name, column or inner, f"{told} {line.strip()}".strip())
        else:
            parts.append((line, 0, "") if inner else ("", 0, line))
    return parts


def _laid(name: str, column: int, told: str, width: int) -> list[str]:
    """An entry or a paragraph in lines."""
    inner = " " * (len(name) - len(name.lstrip()))
    beside = column <= width // 2 and len(name) < column
    left = " " * column if column <= width // 2 else inner + " " * 4
    told_in = textwrap.wrap(told, width, initial_indent=left, subsequent_indent=left, break_on_hyphens=False)
    if beside and told_in:
        return [name + told_in[0][len(name):], *told_in[1:]]
    typed = " --" in name
    whole = re.sub(r"(--\S+) (?=[^-\s])", "\\1\xa0", name.strip())  # an option and its value stay together
    named = textwrap.wrap(whole, width - 2 * typed, initial_indent=inner, subsequent_indent=inner + " " * 4,
                          break_on_hyphens=False, break_long_words=False)
    return [*(line.replace("\xa0", " ") + " \\" * (typed and line != named[-1]) for line in named), *told_in]


def escaped() -> None:
    """Print what the terminal's encoding lacks as \\x escapes, rather than to fail half-way."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


UNREAD = 141
"""Exit code of what ended because nobody reads its output any more, as a shell has it of SIGPIPE."""


def failed(name: str, error: Exception) -> int:
    """Tell in one line, after the name of the program, why it ended; its exit code. Of output that goes to `head`, or
    to another reader that has gone, nothing is told."""
    if isinstance(error, BrokenPipeError) and _unread():
        return UNREAD
    print(f"{name}: {error}", file=sys.stderr)
    return 2


def _unread() -> bool:
    """Whether stdout is a pipe without a reader; what is left to be printed then goes nowhere."""
    try:
        out = sys.stdout.fileno()
    except (AttributeError, OSError):  # none, or no file
        return False
    asked = select.poll()
    asked.register(out, 0)
    if not any(found & (select.POLLERR | select.POLLHUP) for _, found in asked.poll(0)):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out)
    os.close(nowhere)
    return True


def table(rows: Iterable[Any], headers: Sequence[str] = (), width: int = 80, **how: Any) -> str:
    """`rows`, dictionaries or sequences, as a table no wider than `width`.

    Where it would be, headers first take as many lines as it takes to be no wider than what is below them, then the
    widest text does, word by word; the names in the first column stay whole.
    """
    rows = list(rows)
    if rows and isinstance(rows[0], dict):
        headers = list(dict.fromkeys(key for row in rows for key in row))
        rows = [[row.get(key) for key in headers] for row in rows]
    shown = tabulate(rows, headers, **how)
    widest = max(map(len, rows), default=0)  # a title or a rule between rows has one cell
    columns = list(zip(*(row for row in rows if len(row) == widest), strict=False))
    limits = [max(len(str(cell)) for cell in column) for column in columns]
    if _width(shown) > width:
        shown = _close(rows, _no_wider(headers, limits), **how)
    words = [max((len(word) for cell in column if isinstance(cell, str) for word in cell.split()), default=0)
             for column in columns]
    least = [max(LEAST, word if not place else min(word, MOST)) for place, word in enumerate(words)]
    while _width(shown) > width and (
            long := [place for place, word in enumerate(words) if word and limits[place] > least[place]]):
        limits[max(long, key=lambda place: limits[place])] -= 1
        shown = _close([[_wrapped(cell, limit) for cell, limit in zip(row, limits, strict=False)] for row in rows],
                       _no_wider(headers, limits), **how)
    return shown


def hanging(*texts: str, width: int = 80) -> str:
    """Texts in lines no wider than `width`, each further in from its second line on; longer words stay whole."""
    return "\n".join(textwrap.fill(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
                     for text in texts)


def say(texts: Iterable[str]) -> None:
    """Print texts, each as `hanging` has it."""
    for text in texts:
        print(hanging(text))


def _no_wider(headers: Sequence[str], limits: Sequence[int]) -> list[str]:
    """Headers on as many lines as it takes to be no wider than their columns, word by word."""
    return [_wrapped(header, max([limit, *(len(word) for word in header.split())]))
            for header, limit in zip(headers, limits, strict=False)]


def _close(rows: list[Any], headers: Sequence[str], **how: Any) -> str:
    """tabulate without the two columns that it leaves beside a header of numbers."""
    before, tabulating.MIN_PADDING = tabulating.MIN_PADDING, 0
    try:
        return tabulate(rows, headers, **how)
    finally:
        tabulating.MIN_PADDING = before


def _wrapped(cell: Any, width: int) -> Any:
    """Text on as many lines as it takes; numbers as they are."""
    return "\n".join(textwrap.wrap(cell, width, break_on_hyphens=False)) if isinstance(cell, str) else cell


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)
