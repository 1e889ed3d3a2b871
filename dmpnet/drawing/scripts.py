"""Simulation scripts (models/): each asks one question, prints what it found, draws it and says where that is from."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from dmpnet.drawing.figure import files, save
from dmpnet.drawing.style import STYLE
from dmpnet.results import provenance, script, terminal
from dmpnet.results.outputs import Outputs

Rows = list[dict[str, Any]]


def show(doc: str | None, simulate: Callable[[bool], tuple[Rows, Any]], draw: Callable[..., None]) -> None:
    """A script as a command: it prints the rows and writes SCRIPT.png, .pdf and .json (provenance) into --out.

    simulate : given whether to be quick, gives the rows of the table, and what else was seen
    draw : puts rows and what else was seen into an empty figure, 7 inches wide
    """
    parser = script.parser(doc)
    parser.add_argument("--quick", action="store_true", help="less of everything: a few seconds")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="FOLDER",
                        help="where figure and provenance go (default: here)")
    script.told(lambda: _show(parser.parse_args(), Path(sys.argv[0]).stem, simulate, draw))


def _show(arguments: Any, name: str, simulate: Callable[[bool], tuple[Rows, Any]], draw: Callable[..., None]) -> None:
    by, stem = f"models/{name}.py", arguments.out / name
    record = stem.with_suffix(".json")
    with Outputs(by, record, record, files(stem)) as out:
        rows, seen = simulate(arguments.quick)
        print(table(rows))
        with out.staged() as folder:
            provenance.write(folder / record.name, provenance.record(by, script.given(arguments), rows=rows))
            save(drawn(draw, rows, seen), folder / name, f"{by} of dmpnet")
    print(f"\nfigure and provenance: {stem}.png, .pdf, .json")


def table(rows: Rows) -> str:
    """As it is printed: three digits, 80 columns."""
    return terminal.table(rows, floatfmt=".3g", intfmt=",", missingval="-")


def drawn(draw: Callable[..., None], rows: Rows, seen: Any) -> Figure:
    """The figure that a script draws."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 2.6), layout="constrained")
        draw(figure, rows, seen)
    return figure
