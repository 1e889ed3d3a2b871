"""What others published of energy (models/published.toml), and which ratios their numbers make.

A synaptic operation is not the same in each: read which part of a chip a number is of, in which node.
"""

from dataclasses import dataclass
from typing import NamedTuple

from dmpnet.results import published


@dataclass(frozen=True)
class Published:
    """pJ per synaptic operation that a paper states, which is not the same operation in each.

    node : nm;  scope : of what, and how it was found, as far as we know
    """

    name: str
    pj: float
    source: str
    node: int
    scope: str


PUBLISHED = tuple(Published(**point) for point in published.numbers()["energy"])
LOIHI_EVENT_PJ: dict[str, float] = published.of("loihi")["pj"]
"""pJ an event."""
LOIHI_EVENT_NS: dict[str, float] = published.of("loihi")["ns"]
"""ns an event, one after the other in a core; a barrier ends each step of a chip."""
DRAM_PJ: tuple[float, float] = tuple(published.of("dram")["pj"])
"""pJ a bit of DRAM."""
ABSTRACT = {key: tuple(ends) for key, ends in published.of("abstract").items() if key != "source"}
"""Shang et al. 2026: least and most that it is better by than three published designs, as printed."""


class Pair(NamedTuple):
    """Two published points whose ratios to one energy of the paper's own are both as printed: pJ, from and to."""

    least: str
    most: str
    from_pj: float
    to_pj: float


def printed(text: str) -> tuple[float, float]:
    """The interval of numbers that round to `text`."""
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    return float(text) - half, float(text) + half


def pairs(least: str, most: str, points: tuple[Published, ...] = PUBLISHED) -> list[Pair]:
    """All pairs of points that some energy of the paper's own would give these two printed ratios."""
    found = []
    for low in points:
        for high in points:
            from_pj = max(low.pj / printed(least)[1], high.pj / printed(most)[1])
            to_pj = min(low.pj / printed(least)[0], high.pj / printed(most)[0])
            if from_pj < to_pj:
                found.append(Pair(low.name, high.name, from_pj, to_pj))
    return found
