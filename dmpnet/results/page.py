"""Results as one HTML page that needs nothing else: tables, figures and provenance in it, for screens and for paper."""

import base64
import html
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dmpnet.disk.headers import parsed
from dmpnet.errors import DmpnetError

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --faint: #666; --line: #ddd; --shade: #f5f5f3 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e2dd; --paper: #17181a; --faint: #a19e97; --line: #3a3b3d;
  --shade: #202225 } img { background: #fff; padding: .5rem } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid var(--line);
  padding-top: 1rem } h3, h4 { font-size: 1rem; margin: 1.2rem 0 .3rem } p { color: var(--faint) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
th { text-align: left; border-bottom: 1px solid var(--ink) } th, td { padding: .15rem .6rem .15rem 0;
  vertical-align: top } tr:nth-child(even) td { background: var(--shade) } td.number { text-align: right }
td:first-child { white-space: nowrap }
img { max-width: 100%; box-sizing: border-box } details { margin: .6rem 0 }
summary { cursor: pointer; color: var(--faint) }
nav ul { columns: 3; font-size: .85rem; padding-left: 1rem } a { color: inherit }
@media print { body { font-size: 9pt; max-width: none; margin: 0 } nav { display: none } h2 { break-after: avoid }
  tr, img { break-inside: avoid } details:not([open]) { display: none } .wide { overflow: visible } }
"""
KINDS = {".png": "image/png", ".svg": "image/svg+xml"}
ABOUT = ("command", "arguments", "versions", "commit", "written", "provenance", "files", "made", "source", "data")
"""Keys of a result that say where it is from: shown last, folded."""
MOST = 400
"""Rows of a table that are shown; the rest is told."""


def page(title: str, sections: Iterable[tuple[str, str]]) -> str:
    """The whole page of sections (heading, HTML of its body)."""
    parts = list(sections)
    links = "".join(f'<li><a href="#s{number}">{html.escape(name)}</a></li>' for number, (name, _) in enumerate(parts))
    body = "".join(f'<section id="s{number}"><h2>{html.escape(name)}</h2>{text}</section>\n'
                   for number, (name, text) in enumerate(parts))
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title>'
            f"<style>{STYLE}</style></head>\n<body><h1>{html.escape(title)}</h1>\n<nav><ul>{links}</ul></nav>\n{body}"
            f"</body></html>\n")


def of_results(entry: dict[str, Any]) -> str:
    """What a result file holds: numbers and tables first, where they are from last."""
    shown = {key: value for key, value in entry.items() if key not in ABOUT}
    about = {key: entry[key] for key in ABOUT if key in entry}
    return "".join(_shown(shown, 3)) + (
        f"<details><summary>where it is from</summary>{''.join(_shown(about, 4))}</details>" if about else "")


def read(path: Path) -> dict[str, Any]:
    """A result file of dmpnet; DmpnetError if it is none."""
    try:
        entry = parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DmpnetError(f"{path}: no results ({' '.join(str(error).split())}); give the .json that a command wrote, "
                          f"or its folder") from error
    if "command" not in _origin(entry):
        raise DmpnetError(f"{path}: JSON, but no results of a command of dmpnet, which say which; give another file")
    return entry


def figure(path: Path) -> str:
    """A picture, in the page itself."""
    code = base64.b64encode(path.read_bytes()).decode()
    name = html.escape(path.stem)
    return f'<h4>{name}</h4><img alt="{name}" src="data:{KINDS[path.suffix]};base64,{code}">'


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a table, columns in the order they come."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    columns = [name for name in columns if not all(_deep(row.get(name)) for row in rows)]
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in columns)
    body = "".join("<tr>" + "".join(_cell(row.get(name)) for name in columns) + "</tr>" for row in rows[:MOST])
    rest = f"<p>{len(rows) - MOST:,} rows more in the file</p>" if len(rows) > MOST else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}'


def _deep(value: Any) -> bool:
    """Whether a value has no place in a cell."""
    return isinstance(value, dict) or isinstance(value, list) and len(value) > 8


def _cell(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td class="number">{text(value)}</td>' if number else f"<td>{text(value)}</td>"


def text(value: Any) -> str:
    """A value in words."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(text, value[:8])) + (f" and {len(value) - 8:,} more" if len(value) > 8 else "")
    if isinstance(value, dict):
        return ", ".join(f"{html.escape(str(key))}: {text(each)}" for key, each in value.items())
    return html.escape(str(value))


def _shown(entry: dict[str, Any], level: int) -> Iterator[str]:
    """Scalars as a table of two columns, lists of records as tables, what is nested under headings."""
    flat = {key: value for key, value in entry.items() if not _rows(value) and not isinstance(value, dict)}
    if flat:
        yield table([{"": key, " ": value if not _deep(value) else f"{len(value):,} values"} for key, value in
                     flat.items()])
    for key, value in entry.items():
        if _rows(value) or isinstance(value, dict):
            yield f"<h{min(level, 6)}>{html.escape(str(key))}</h{min(level, 6)}>"
            yield table(value) if _rows(value) else "".join(_shown(value, level + 1)) or "<p>nothing</p>"


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _origin(entry: dict[str, Any]) -> dict[str, Any]:
    """Where a result is from: told in it, or in its provenance."""
    inside = entry.get("provenance")
    return entry | inside if isinstance(inside, dict) else entry


def told(entry: dict[str, Any]) -> str:
    """Command, commit and time of a result, in a line."""
    origin = _origin(entry)
    return " · ".join(str(origin[key])[:19] for key in ("command", "commit", "written") if origin.get(key))


