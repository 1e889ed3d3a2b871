"""Energy and cycles of the state update, in place and one neuron after the other [model of ours, not a measurement].

Both are priced from the same counts (dmpnet.hardware.in_memory) with the same published numbers, so that only what
differs between them differs here. Constants carry their source; what is assumed by us is a field of Assumptions. Left
out: leakage, clock tree, control, wires between banks. Nodes are mixed (memory and adders 45 nm, synaptic operation
65 nm): read ratios, not picojoules.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.hardware import in_memory
from dmpnet.hardware.in_memory import Counts

HOROWITZ = "Horowitz, ISSCC 2014, 45 nm 0.9 V"
SRAM_READ_PJ = ((8 * 1024, 5.0), (32 * 1024, 10.0), (1024 * 1024, 50.0))  # HOROWITZ: (bytes of SRAM, pJ a 32-bit read)
SRAM_WORD = 32  # HOROWITZ: bits of that read
ADD8_PJ, ADD32_PJ = 0.03, 0.1  # HOROWITZ: integer additions of 8 and of 32 bits
MULTIPLY8_PJ, MULTIPLY32_PJ = 0.2, 3.1  # HOROWITZ: integer multiplications
IMPULSE_TOPS_PER_W = 0.99  # arXiv 2105.08217: 65 nm 10T, signed 11-bit operations at 0.85 V
IMPULSE_CLOCK_HZ = 200e6  # arXiv 2105.08217
TINYODIN_WORD = 32  # bits; its README: V, theta, leak strength and a flag of one neuron in one word


@dataclass(frozen=True)
class Assumptions:
    """Ours, each of them: no publication that we know gives these.

    ports : 1, a word line either reads or writes in a cycle, so that a neuron takes 2 cycles, as tinyODIN's and ODIN's
        time reference events do (their READMEs); 2, one reads while another writes (8T cells)
    write_per_read : energy of a write over that of a read of the same bits
    cleared : fraction of columns cleared in an update; 1 is the most there can be
    bank : bytes of SRAM that one in-place bank has; a bit line costs what it costs in a memory of that size, however
        many banks work side by side. 8 kB, the smallest with a published number
    smallest : bytes below which a memory gets no cheaper. 8 kB for the same reason; with both set to less, their
        prices fall together
    sop_pj : energy of one synaptic operation, in memory in both designs; IMPULSE's operation
    clock_hz : of both; IMPULSE's
    """

    ports: int = 1
    write_per_read: float = 1.0
    cleared: float = 1.0
    bank: int = 8 * 1024
    smallest: int = 8 * 1024
    sop_pj: float = 1 / IMPULSE_TOPS_PER_W
    clock_hz: float = IMPULSE_CLOCK_HZ

    def __post_init__(self):
        if self.ports not in (1, 2):
            raise DmpnetError(f"energy model: ports = {self.ports}, but a memory here has 1 or 2; set one")
        if not 0 <= self.cleared <= 1:
            raise DmpnetError(f"energy model: cleared = {self.cleared}, but a fraction lies in 0 to 1; set it there")
        for name in ("write_per_read", "bank", "smallest", "sop_pj", "clock_hz"):
            if not 0 < getattr(self, name) < float("inf"):
                raise DmpnetError(f"energy model: {name} = {getattr(self, name)}, but it is positive and finite; "
                                  f"set {name} > 0")


ASSUMED = Assumptions()


@dataclass(frozen=True)
class Update:
    """One leak of all neurons: cycles, energy in pJ."""

    cycles: int
    pj: float

    def microseconds(self, ours: Assumptions = ASSUMED) -> float:
        return 1e6 * self.cycles / ours.clock_hz


# prices


def bit_line_pj(size: float, ours: Assumptions = ASSUMED) -> float:
    """pJ of one bit line pulled down in a memory of `size` bytes: a 32nd of Horowitz's 32-bit read.

    Straight on log-log paper between his sizes and, with the slopes at the ends, beyond them; below `smallest` as
    there. His read holds decoder, sensing and wires too, so that a bit line here carries its share of them.
    """
    sizes, reads = np.log(np.array(SRAM_READ_PJ)).T
    slopes = np.diff(reads) / np.diff(sizes)
    x = np.log(max(size, ours.smallest))
    outside = slopes[0] * min(x - sizes[0], 0) + slopes[-1] * max(x - sizes[-1], 0)
    return float(np.exp(np.interp(x, sizes, reads) + outside)) / SRAM_WORD


def full_adder_pj() -> float:
    """pJ of one bit of an addition: an eighth of the 8-bit one (a 32nd of the 32-bit one is 17 % less)."""
    return ADD8_PJ / 8


def multiply_pj(B: int) -> float:
    """pJ of a multiplication of B-bit integers, which grows with B^2: 0.2 (B/8)^2 is 3.2 at 32 bits, published 3.1."""
    return MULTIPLY8_PJ * (B / 8) ** 2


def cycles(counts: Counts, ours: Assumptions = ASSUMED) -> int:
    """With one port every read and every write of a row or word takes one; with two they overlap but for the last."""
    return counts.reads + counts.writes if ours.ports == 1 else max(counts.reads, counts.writes) + 1


def _priced(counts: Counts, bits: int, line_pj: float, ours: Assumptions) -> float:
    """pJ of `counts`: `bits` read, all other bit lines written, and the additions."""
    written = counts.bit_lines - bits
    return (bits + ours.write_per_read * written) * line_pj + counts.full_adders * full_adder_pj()


# the two designs


def in_place(B: int, N: int, ours: Assumptions = ASSUMED) -> Update:
    """All N columns of B bits at once [our reconstruction]."""
    counts = in_memory.in_place(B, N, round(ours.cleared * N))
    return Update(cycles(counts, ours), _priced(counts, B * N, bit_line_pj(ours.bank, ours), ours))


def sequential(B: int, N: int, word: int | None = None, decay: str = "linear", ours: Assumptions = ASSUMED) -> Update:
    """One neuron after the other, from one memory that holds nothing but the N words.

    word : bits of a word, all of them read and written; None for B, the least there can be
    decay : 'linear' subtracts, 'exponential' multiplies
    """
    if decay not in ("linear", "exponential"):
        raise DmpnetError(f"energy model: decay = {decay!r}, but it is linear or exponential; choose one")
    counts = in_memory.sequential(B, N, word)
    word = word or B
    pj = _priced(counts, word * N, bit_line_pj(N * word / 8, ours), ours)
    if decay == "exponential":
        pj += N * multiply_pj(B) - counts.full_adders * full_adder_pj()
    return Update(cycles(counts, ours), pj)


def crossover(B: int, quantity: str = "cycles", word: int | None = None, ours: Assumptions = ASSUMED,
              largest: int = 1 << 20) -> int | None:
    """The smallest N from which on, to `largest`, in place takes less of `quantity`, 'cycles' or 'pj'; None: nowhere.

    The advantage grows with N, so that one N divides those without it from those with it.
    """
    if quantity not in ("cycles", "pj"):
        raise DmpnetError(f"energy model: quantity = {quantity!r}, but it is cycles or pj; choose one")

    def wins(N: int) -> bool:
        mine, theirs = in_place(B, N, ours), sequential(B, N, word, ours=ours)
        return getattr(mine, quantity) < (1 - 1e-9) * getattr(theirs, quantity)  # equal sums may differ by rounding

    return first(wins, largest)


def first(wins: Callable[[int], bool], largest: int) -> int | None:
    """The smallest N in 1 to `largest` that `wins`, if all above it do too; None when the largest does not."""
    if not wins(largest):
        return None
    low, high = 0, largest  # high wins, low does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return high


# activity


def share(update_pj: float, sops: float, ours: Assumptions = ASSUMED) -> float:
    """Fraction of a step's energy that the state update takes beside `sops` synaptic operations."""
    return update_pj / (update_pj + sops * ours.sop_pj)


def per_sop(update_pj: float, sops: float, ours: Assumptions = ASSUMED) -> float:
    """pJ per synaptic operation, the update of the state shared out among them; what published pJ/SOP contain."""
    if sops <= 0:
        raise DmpnetError(f"energy model: sops = {sops}, but energy per operation needs some; take a network that "
                          f"spikes")
    return ours.sop_pj + update_pj / sops


# what others published


@dataclass(frozen=True)
class Published:
    """pJ per synaptic operation that a paper states, which is not the same operation in each; node in nm if we know."""

    name: str
    pj: float
    source: str
    node: int | None = None


SURVEY = "PMC10326429, table 3, from "
PUBLISHED = (
    Published("SNE", 0.221, "arXiv 2204.10687"),
    Published("LOKI", 0.266, "arXiv 2511.11205", 22),
    Published("NeuDW-CIM", 0.8, "arXiv 2606.08947", 65),
    Published("Tianjic", 1.54, SURVEY + "Deng et al. 2020"),
    Published("TrueNorth", 2.5, SURVEY + "Akopyan et al. 2015"),
    Published("SENECA", 2.8, "PMC10326429, table 3, its authors' own"),
    Published("ReckOn", 5.3, SURVEY + "Frenkel and Indiveri 2022"),
    Published("SpiNNaker2", 10.0, SURVEY + "Hoeppner et al. 2021"),
    Published("ODIN", 12.7, SURVEY + "Frenkel et al. 2018 (in print IEEE TBioCAS 13(1), 145-158, 2019)", 28),
    Published("NeuronFlow", 20.0, SURVEY + "Moreira et al. 2020"),
    Published("Loihi", 23.6, SURVEY + "Davies et al. 2018"),
    Published("uBrain", 26.0, SURVEY + "Stuijt et al. 2021"),
    Published("SpiNNaker", 45.0, SURVEY + "Stromatias et al. 2013"),
)
LOIHI_EVENT_PJ = {"synapse": 35.5, "neuron access": 51.2, "neuron update": 21.6, "spike out": 69.3}
"""pJ an event: Davies et al. 2018, as in SANA-FE's arch/loihi.yaml."""
