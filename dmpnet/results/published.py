"""What others published and we show beside ours: models/published.toml, every number once, with its source."""

import functools
import tomllib
from typing import Any, NamedTuple

from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError


class Point(NamedTuple):
    """A network of somebody.

    accuracy : % of the test set;  parameters : in thousands, None where they are not printed
    """

    accuracy: float
    parameters: float | None = None


class Literature(NamedTuple):
    """Networks under one name, by data set, and where their numbers are from."""

    name: str
    source: str
    points: dict[str, Point]


@functools.cache
def numbers() -> dict[str, Any]:
    """The file as it stands, read once."""
    return tomllib.loads((shipped.folder() / "published.toml").read_text())


def of(part: str) -> dict[str, Any]:
    """The numbers of a part of the file by name, and their `source`; DmpnetError names all parts when there is none."""
    if part not in numbers():
        raise DmpnetError(f"published numbers {part!r}: no such part in published.toml, which has "
                          f"{', '.join(numbers())}; choose one")
    found: dict[str, Any] = numbers()[part]
    return found


def table1(data: str) -> dict[str, Point]:
    """Networks of Sun et al. 2026, Table 1, on a data set, by model."""
    return {model: Point(*point) for model, point in of("table1")[data].items()}


def printed(row: str) -> Point:
    """What is printed of 'DATA/MODEL' in that table."""
    data, _, model = row.partition("/")
    return table1(data)[model]


def literature(data: str) -> list[Literature]:
    """Whose networks on a data set are shown beside ours."""
    return [Literature(entry["name"], entry["source"], {data: Point(*entry[data])})
            for entry in numbers()["literature"] if data in entry]


def lost_on_hardware() -> float:
    """Points that the paper's SHD network loses on its chip."""
    return float(printed("shd/dmp2").accuracy - of("chips")["dmp"])
