"""One HTML page of results: tables, figures, provenance, in a file that needs nothing else.

`dmpnet report run-folder other.json` shows what these commands wrote, with the figures beside it; without any, all that
ships: the table, its differences, all figures, the ledger of looks at test sets, and the results of the analyses. The
page asks for nothing from outside, is light or dark as the reader's screen, and prints.
"""

import argparse
import html
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dmpnet.disk import shipped
from dmpnet.disk.files import whole_file
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.results import differences, ledger, outputs, page, provenance, script, table
from dmpnet.system.progress import telling

COLUMNS = ("row", "model", "by paper's rule", "accuracy %", "low %", "high %", "paper %", "difference", "seeds",
           "looks", "active %", "Brian2", "marks")
TITLE = "dmpnet: results"


def add(parsers) -> None:
    p = parsers.add_parser("report", description=__doc__)
    p.add_argument("out", type=Path, metavar="OUT", help="the page, a .html")
    p.add_argument("results", nargs="*", type=Path, metavar="RESULTS",
                   help="folders and .json files that commands wrote (default: all that ships)")
    p.add_argument("--figures", nargs="+", type=Path, default=[], metavar="FILE",
                   help=f"pictures ({', '.join(page.KINDS)}) to show as well")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    for path in arguments.figures:
        if path.suffix not in page.KINDS or not path.is_file():
            raise DmpnetError(f"--figures {path}: no such picture; give {' or '.join(page.KINDS)} files")
    with outputs.one_file("report", arguments.out, ".html", arguments) as out:
        sections = [*(given(arguments.results) if arguments.results else everything())]
        if arguments.figures:
            sections.append(("figures", "".join(map(page.figure, arguments.figures))))
        entry = provenance.record("report", script.given(arguments))
        with out.staged() as folder:
            with whole_file(folder / arguments.out.name) as temporary:
                temporary.write_text(page.page(TITLE, [*sections, ("this page", page.of_results(entry))]),
                                     encoding="utf-8")
            provenance.write(folder / arguments.out.with_suffix(".json").name, entry)
    print(f"written: {arguments.out}, {len(sections)} parts")


def given(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """A section a result file, with the pictures beside it."""
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise DmpnetError(f"{path}: no results in it (.json); give a folder that a command wrote into")
        beside = sorted(path.glob("*") if path.is_dir() else path.parent.glob(f"{path.stem}.*"))
        for file in files:
            entry, pictures = page.read(file), [each for each in beside if each.suffix in page.KINDS]
            beside = []  # shown once, with the first file of a folder
            yield (f"{path.name}: {file.name}" if path.is_dir() else file.name), (
                f"<p>{page.told(entry)}</p>{page.of_results(entry)}{''.join(map(page.figure, pictures))}")


def everything() -> Iterator[tuple[str, str]]:
    """All that ships."""
    lines = table.lines()
    made = [{key: line[key] for key in COLUMNS} for line in lines if line["accuracy %"] is not None]
    yield "networks that ship, beside the paper", page.table(made)
    yield "differences, paired", page.table(differences.found(None))
    yield "figures", drawn()
    yield "looks at test sets", page.table([vars(look) for look in reversed(ledger.looks())])
    for file in sorted((shipped.folder("analyses") / "results").glob("*.json")):
        entry = page.read(file)
        yield file.stem.replace("_", " "), f"<p>{page.told(entry)}</p>{page.of_results(entry)}"


def drawn() -> str:
    """All figures, from results that ship, each with what it claims."""
    from dmpnet.drawing import catalogue, save  # Matplotlib takes a while to import

    chosen, parts = catalogue.named(["all"]), []
    with tempfile.TemporaryDirectory() as name, telling("drawing", len(chosen), "figure", "") as tell:
        for number, script in enumerate(chosen, 1):
            stem = Path(name) / script.name
            try:
                save(script.figure(None), stem, script.name)
                parts.append(page.figure(stem.with_suffix(".png")) + f"<p>{html.escape(script.claim)}</p>")
            except WeightsError as error:  # of seeds that an installed package has not got
                parts.append(f"<p>{script.name} is not drawn: {html.escape(str(error))}</p>")
            tell(number)
    return "".join(parts)
