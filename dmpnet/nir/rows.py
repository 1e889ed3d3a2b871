"""The report of an import: a row a node, and edges that bring what was a step before."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dmpnet.errors import DmpnetError

HOW = ("exact", "convention", "refused")


@dataclass(frozen=True)
class Row:
    """How one node is taken.

    how : 'exact', as NIR defines it whatever the convention; 'convention', by the choice that `says` names; 'refused'
    says : what it becomes, or why it cannot be and what to do
    """

    node: str
    kind: str
    how: str
    says: str


@dataclass(frozen=True)
class Report:
    """Rows, and what they were made with: dt in seconds, the convention, notes on the whole."""

    origin: str
    dt: float
    convention: dict[str, Any]
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.how == "refused"]

    @property
    def ok(self) -> bool:
        """Whether nothing is refused."""
        return not self.refused

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are exact, by convention, refused."""
        return {how: sum(row.how == how for row in self.rows) for how in HOW}

    def table(self) -> list[dict[str, str]]:
        """A row a node, to print."""
        return [asdict(row) for row in self.rows]

    def record(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return {"origin": self.origin, "ok": self.ok, "dt": self.dt, "convention": self.convention,
                "counts": self.counts, "nodes": self.table(), "notes": list(self.notes)}

    def refuse(self) -> None:
        """Raise DmpnetError, in one line, if anything is refused."""
        if self.refused:
            first, more = self.refused[0], len(self.refused) - 1
            others = f" ({more} more refused: {', '.join(repr(row.node) for row in self.refused[1:6])}" \
                     f"{', ...' if more > 5 else ''})" if more else ""
            raise DmpnetError(f"{self.origin}: {first.kind} {first.node!r}: {first.says}{others}")
