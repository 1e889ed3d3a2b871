"""A figure as files, and as a command that makes them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import matplotlib
from matplotlib.figure import Figure

from dmpnet.disk.files import whole_file
from dmpnet.drawing.style import STYLE
from dmpnet.errors import DmpnetError
from dmpnet.results import terminal
from dmpnet.results.outputs import Outputs

T = TypeVar("T")


def save(figure: Figure, stem: str | Path, by: str | None = None) -> list[Path]:
    """Write figure as `stem`.png and `stem`.pdf, whole or not at all; the same figure gives the same bytes.

    by : what draws it, to be found in the files again
    """
    paths = files(stem)
    if engine := figure.get_layout_engine():  # laid out once, for both files alike
        with matplotlib.rc_context(STYLE):
            engine.execute(figure)
            figure.set_layout_engine(None)
    pdf = {"CreationDate": None, "Producer": None} | ({"Creator": by} if by else {})
    for path, metadata in zip(paths, ({"Software": by}, pdf), strict=True):
        with matplotlib.rc_context(STYLE), whole_file(path) as temporary:
            figure.savefig(temporary, metadata=metadata)
    return paths


def files(stem: str | Path) -> list[Path]:
    """Of a figure."""
    return [Path(f"{stem}.png"), Path(f"{stem}.pdf")]


def script(doc: str | None, draw: Callable[..., Figure], *inputs: str) -> None:
    """A figure as a command: given `inputs`, if any, and STEM, it writes what `draw` makes of them. --help is `doc`."""
    terminal.escaped()
    parser = terminal.Parser(description=doc)
    for name in (*inputs, "STEM"):
        parser.add_argument(name, type=Path, help="writes STEM.png and STEM.pdf" if name == "STEM" else None)
    *given, stem = vars(parser.parse_args()).values()
    by = f"figures/{parser.prog} of dmpnet"
    try:
        Outputs(by, stem, None, files(stem), inputs=dict(zip(inputs, given, strict=True)), option="STEM",
                known=lambda path: by.encode() in path.read_bytes()).check()
        print(*drawn(lambda: save(draw(*given), stem, by), given, doc))
    except (DmpnetError, OSError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def drawn(draw: Callable[[], T], given: list[Path], doc: str | None) -> T:
    """What `draw` gives; DmpnetError if what it reads, `given` or named in `doc`, cannot be drawn."""
    try:
        return draw()
    except DmpnetError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, StopIteration) as error:
        named = [*map(str, given)] or re.findall(r"\S+/\S+\.(?:json|npz|csv)", doc or "") or ["its files"]
        why = f"{error.__class__.__name__}: {' '.join(str(error).split())}"
        raise DmpnetError(f"{', '.join(named)}: cannot be drawn ({why}), but results of the kind that --help names "
                          f"can; make them again") from error
