"""What others published of energy, and which ratios their numbers make.

A synaptic operation is not the same in each: read which part of a chip a number is of, in which node.
"""

from dataclasses import dataclass
from typing import NamedTuple

SURVEY = "PMC10326429, table 3, from "
EVERY = "as its authors print it; the survey says that operations differ"


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


PUBLISHED = (
    Published("SNE", 0.221, "arXiv 2204.10687", 22, "digital accelerator of convolutions, 4 bits; its abstract"),
    Published("LOKI", 0.266, "arXiv 2511.11205", 22, "digital accelerator at 0.59 V, full throughput; its abstract"),
    Published("NeuDW-CIM", 0.8, "arXiv 2606.08947", 65, "compute-in-memory macro of the same group"),
    Published("Tianjic", 1.54, SURVEY + "Deng et al. 2020", 28, "chip, " + EVERY),
    Published("TrueNorth", 2.5, SURVEY + "Akopyan et al. 2015", 28, "chip, " + EVERY),
    Published("SENECA", 2.8, "PMC10326429, table 3, its authors' own", 22, "core, synthesised, no silicon"),
    Published("ReckOn", 5.3, SURVEY + "Frenkel and Indiveri 2022", 28, "chip that learns, " + EVERY),
    Published("SpiNNaker2", 10.0, SURVEY + "Hoeppner et al. 2021", 22, "many-core processor, " + EVERY),
    Published("ODIN", 12.7, SURVEY + "Frenkel et al. 2018 (in print IEEE TBioCAS 13(1), 145-158, 2019)", 28,
              "chip that learns, " + EVERY),
    Published("NeuronFlow", 20.0, SURVEY + "Moreira et al. 2020", 28, "many-core chip, " + EVERY),
    Published("Loihi", 23.6, SURVEY + "Davies et al. 2018", 14, "least energy of the synaptic part of an event"),
    Published("uBrain", 26.0, SURVEY + "Stuijt et al. 2021", 40, "chip without a clock, " + EVERY),
    Published("SpiNNaker", 45.0, SURVEY + "Stromatias et al. 2013", 130, "many-core processor, " + EVERY),
)

DAVIES = "Davies et al. 2018, 14 nm, SPICE, as in SANA-FE's arch/loihi.yaml"
LOIHI_EVENT_PJ = {"synapse": 35.5, "neuron access": 51.2, "neuron update": 21.6, "spike out": 69.3}
"""DAVIES: pJ an event."""
LOIHI_EVENT_NS = {"synapse": 4.0, "neuron access": 6.0, "neuron update": 3.7, "spike out": 30.0, "barrier": 299.0}
"""DAVIES: ns an event, one after the other in a core; a barrier ends each step of a chip."""
DRAM_PJ = (20.0, 40.0)
"""pJ a bit of DRAM: 1.3 to 2.6 nJ an access of 64 bits (Horowitz, ISSCC 2014)."""

ABSTRACT = {"pJ a SOP": ("1.1", "16.7"), "energy efficiency": ("15.9", "69")}
"""Shang et al. 2026, arXiv 2603.12739: least and most that it is better by than three published designs, as printed."""


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
