"""Help as it is read: no wider than the terminal, entries in their columns, every word of a docstring in it."""

import importlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet import cli, commands
from dmpnet.disk import shipped
from dmpnet.results import terminal

SCRIPTS = sorted(path for folder in ("models", "analyses", "figures") for path in (shipped.folder(folder)).glob("*.py"))


def words(text: str) -> list[str]:
    """But for the backslashes that a long command gets."""
    return [word for word in text.split() if word != "\\"]


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("name", ["", *commands.names()])
def test_help_of_every_command_is_no_wider_than_the_terminal_and_says_all(name, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        cli.main([name, "--help"] if name else ["--help"])
    shown = capsys.readouterr().out
    usage, rest = shown.split("\n\n", 1)  # one choice of many is a word that argparse does not break
    options = "".join(re.findall(r"(?m)^(?:  -|    \w).*\n?", rest))
    assert max(len(line) for line in rest.splitlines() if line not in options) <= width
    told = cli.DESCRIPTION if not name else (
        importlib.import_module(f"dmpnet.commands.{name.replace('-', '_')}").__doc__ or "")
    assert " ".join(words(told)) in " ".join(words(rest)) and usage.startswith("usage: dmpnet")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
@pytest.mark.parametrize("width", [58, 78])
def test_what_scripts_say_of_themselves_fits_too(path: Path, width):
    doc = path.read_text().split('"""')[1]
    shown = terminal.filled(doc, width)
    assert max(map(len, shown.splitlines())) <= width and words(shown) == words(doc)


def test_an_entry_keeps_its_column_and_a_long_command_its_options_whole():
    text = """\
        A first line, and so much
        more of it.

        things:
          short        what it is, and what
                       else there is
          a name that is longer by far   goes below it
          dmpnet run one --samples all --out there
                       told below it

        where
            dv/dt = -v / tau : 1
        """
    assert terminal.filled(text, 40) == """\
A first line, and so much more of it.

things:
  short        what it is, and what else
               there is
  a name that is longer by far
      goes below it
  dmpnet run one --samples all \\
      --out there
               told below it

where
    dv/dt = -v / tau : 1"""


@given(st.lists(st.text("abc", min_size=1, max_size=9), max_size=60), st.integers(20, 90))
def test_a_paragraph_has_lines_as_full_as_they_can_be(said, width):
    lines = terminal.filled(" ".join(said), width).splitlines()
    assert words("\n".join(lines)) == said
    for line, below in zip(lines, lines[1:], strict=False):
        assert len(line) <= width < len(line) + 1 + len(below.split()[0])
