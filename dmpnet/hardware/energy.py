"""Energy and cycles of the state update, in place and a few neurons after the others [model of ours, no measurement].

Both work on the same banks, are priced from the same counts (dmpnet.hardware.in_memory) with the same published
numbers, and only what differs between them differs here: in place every row step works on a whole row of a bank, one
after the other on as many words of it as there are lanes. Where the lanes take whole rows (lanes = columns / B) both
raise as many word lines and pull down as many bit lines, and their energies are equal but for the clear, at any price.

A 32-bit read of a bank costs what Horowitz says, split by two assumptions into what an activation takes however many
bits it reads (`fixed`), what a column takes, and what a column takes that was not asked for (`half_selected`):

    read = R (fixed + (1 - fixed) (asked + half_selected beside) / (32 + half_selected (C - 32)))

R pJ and C columns of the bank as Horowitz's, taken to be 256 rows high; a bit line costs as its height.

Constants carry their source; what is assumed by us is a field of Assumptions, its low and its high end in RANGES. Left
out: leakage, clock tree, wires between banks. Nodes are mixed (memory and adders 45 nm, synaptic operation 65 nm): read
ratios, not picojoules.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.hardware import in_memory
from dmpnet.hardware.in_memory import Counts, Rows

HOROWITZ = "Horowitz, ISSCC 2014, 45 nm 0.9 V"
SRAM_READ_PJ = ((8 * 1024, 5.0), (32 * 1024, 10.0), (1024 * 1024, 50.0))  # HOROWITZ: (bytes of SRAM, pJ a 32-bit read)
SRAM_WORD = 32  # HOROWITZ: bits of that read
ADD8_PJ, ADD32_PJ = 0.03, 0.1  # HOROWITZ: integer additions of 8 and of 32 bits
MULTIPLY8_PJ, MULTIPLY32_PJ = 0.2, 3.1  # HOROWITZ: integer multiplications
IMPULSE_TOPS_PER_W = 0.99  # arXiv 2105.08217: 65 nm 10T, signed 11-bit operations at 0.85 V
IMPULSE_CLOCK_HZ = 200e6  # arXiv 2105.08217
IMPULSE_LEAK_TOPS_PER_W = 1.18  # its AccV2V, the leak as a subtraction in place; at third hand, as 11-bit operations
IMPULSE_WORD = 11  # bits of such an operation
TINYODIN_WORD = 32  # bits; its README: V, theta, leak strength and a flag of one neuron in one word
SQUARE = 256  # rows of the bank whose read is Horowitz's: 8 kB are then as wide as high [ours]


@dataclass(frozen=True)
class Assumptions:
    """Ours, each of them: no publication that we know gives these.

    ports : 1, a word line either reads or writes in a cycle, so that a neuron takes 2 cycles, as tinyODIN's and ODIN's
        time reference events do (their READMEs); 2, one reads while another writes (8T cells)
    write_per_read : energy of a write over that of a read of the same bits
    cleared : fraction of columns cleared in an update; 1 is the most there can be
    bank : bytes of SRAM of a bank, in both designs, however many work side by side. 8 kB, the smallest with a
        published number
    smallest : bytes below which a memory gets no cheaper. 8 kB for the same reason; with both set to less, their
        prices fall together
    height : rows of a bank, which has 8 bank / height columns
    lanes : neurons that the sequential design updates at once; adders as many, of B bits
    fixed : part of a 32-bit read that decoder, word line and control take, whatever it reads
    half_selected : of a bit line, what falls in a column of the same bank that is not asked for: 0, where column
        circuits or divided word lines keep it up; 1, where every row activation pulls down all of it
    sop_pj : energy of one synaptic operation, in memory in both designs; IMPULSE's operation
    clock_hz : of both; IMPULSE's
    """

    ports: int = 1
    write_per_read: float = 1.0
    cleared: float = 1.0
    bank: int = 8 * 1024
    smallest: int = 8 * 1024
    height: int = SQUARE
    lanes: int = 1
    fixed: float = 0.0
    half_selected: float = 0.0
    sop_pj: float = 1 / IMPULSE_TOPS_PER_W
    clock_hz: float = IMPULSE_CLOCK_HZ

    def __post_init__(self):
        if self.ports not in (1, 2):
            raise DmpnetError(f"energy model: ports = {self.ports}, but a memory here has 1 or 2; set one")
        for name in ("cleared", "fixed", "half_selected"):
            if not 0 <= getattr(self, name) <= 1:
                raise DmpnetError(f"energy model: {name} = {getattr(self, name)}, but a fraction lies in 0 to 1; set "
                                  f"it there")
        for name in ("write_per_read", "bank", "smallest", "height", "lanes", "sop_pj", "clock_hz"):
            if not 0 < getattr(self, name) < float("inf"):
                raise DmpnetError(f"energy model: {name} = {getattr(self, name)}, but it is positive and finite; "
                                  f"set {name} > 0")
        if self.columns < SRAM_WORD:
            raise DmpnetError(f"energy model: height = {self.height} rows leave {self.columns} columns of a bank of "
                              f"{self.bank} bytes, but a word has {SRAM_WORD}; set a lower height")

    @property
    def columns(self) -> int:
        """Columns of a bank."""
        return int(8 * self.bank // self.height)


ASSUMED = Assumptions()
RANGES: dict[str, tuple[float, float]] = {
    "half_selected": (0.0, 1.0), "fixed": (0.0, 0.5), "lanes": (1, 16), "height": (64, 512),
    "write_per_read": (1.0, 2.0), "cleared": (0.0, 1.0)}
"""Low and high of what is assumed [ours]; lanes as the cores of models/chips have, 4 and 16, or one, as tinyODIN."""


@dataclass(frozen=True)
class Update:
    """One leak of all neurons: cycles, energy in pJ."""

    cycles: int
    pj: float

    def microseconds(self, ours: Assumptions = ASSUMED) -> float:
        return 1e6 * self.cycles / ours.clock_hz


# prices


def read_pj(size: float, ours: Assumptions = ASSUMED) -> float:
    """pJ of a 32-bit read of a memory of `size` bytes.

    Straight on log-log paper between Horowitz's sizes and, with the slopes at the ends, beyond them; below `smallest`
    as there.
    """
    sizes, reads = np.log(np.array(SRAM_READ_PJ)).T
    slopes = np.diff(reads) / np.diff(sizes)
    x = np.log(max(size, ours.smallest))
    outside = slopes[0] * min(x - sizes[0], 0) + slopes[-1] * max(x - sizes[-1], 0)
    return float(np.exp(np.interp(x, sizes, reads) + outside))


def bit_line_pj(size: float, ours: Assumptions = ASSUMED) -> float:
    """pJ of one of the bits of a 32-bit read, with its share of decoder, sensing, wires and columns beside."""
    return read_pj(size, ours) / SRAM_WORD


def rows_pj(rows: Rows, ours: Assumptions = ASSUMED) -> float:
    """pJ of reading rows of banks."""
    R, square = read_pj(ours.bank, ours), 8 * ours.bank / SQUARE
    line = (1 - ours.fixed) * R / (SRAM_WORD + ours.half_selected * (square - SRAM_WORD)) * ours.height / SQUARE
    return rows.activated * ours.fixed * R + (rows.lines + ours.half_selected * rows.beside) * line


def full_adder_pj() -> float:
    """pJ of one bit of an addition: an eighth of the 8-bit one (a 32nd of the 32-bit one is 17 % less)."""
    return ADD8_PJ / 8


def multiply_pj(B: int) -> float:
    """pJ of a multiplication of B-bit integers, which grows with B^2: 0.2 (B/8)^2 is 3.2 at 32 bits, published 3.1."""
    return MULTIPLY8_PJ * (B / 8) ** 2


def published_leak_pj(B: int) -> float:
    """pJ of a leak of one neuron of B bits in place, as the array we modelled after publishes it for 11 [65 nm]."""
    return B / IMPULSE_WORD / IMPULSE_LEAK_TOPS_PER_W


def cycles(counts: Counts, ours: Assumptions = ASSUMED) -> int:
    """With one port every read and every write of a row or word takes one; with two they overlap but for the last."""
    return counts.reads + counts.writes if ours.ports == 1 else max(counts.reads, counts.writes) + 1


def _priced(counts: Counts, ours: Assumptions) -> float:
    """pJ of `counts`: rows read, rows written, and the additions."""
    moved = rows_pj(counts.read, ours) + ours.write_per_read * rows_pj(counts.written, ours)
    return moved + counts.full_adders * full_adder_pj()


# the two designs


def in_place(B: int, N: int, ours: Assumptions = ASSUMED) -> Update:
    """All N columns of B bits at once [our reconstruction]."""
    counts = in_memory.in_place(B, N, round(ours.cleared * N), ours.columns)
    return Update(cycles(counts, ours), _priced(counts, ours))


def sequential(B: int, N: int, word: int | None = None, decay: str = "linear", ours: Assumptions = ASSUMED) -> Update:
    """`lanes` neurons after `lanes` others, from the same banks, which hold nothing but the N words.

    word : bits of a word, all of them read and written; None for B, the least there can be
    decay : 'linear' subtracts, 'exponential' multiplies
    """
    if decay not in ("linear", "exponential"):
        raise DmpnetError(f"energy model: decay = {decay!r}, but it is linear or exponential; choose one")
    counts = in_memory.sequential(B, N, word, ours.lanes, ours.columns)
    pj = _priced(counts, ours)
    if decay == "exponential":
        pj += N * multiply_pj(B) - counts.full_adders * full_adder_pj()
    return Update(cycles(counts, ours), pj)


def crossover(B: int, ours: Assumptions = ASSUMED) -> int:
    """The smallest N from which on in place takes fewer cycles: with one port 2 B + 1 < 2 ceil(N / lanes).

    Of energy there is none: with the same banks the ratio hangs on what is assumed, hardly on N (`band`).
    """
    steps = B + 1 + (ours.ports == 2)
    return (steps - 1) * ours.lanes + 1


# low and high


class Band(NamedTuple):
    """A ratio over all corners of what is assumed: its lowest, its highest, and how far each assumption moves it.

    moves : the factor by which the ratio at its high end is over that at its low end, geometric mean over the corners
        of all others; below 1 where it lowers the ratio
    """

    low: float
    high: float
    moves: dict[str, float]

    @property
    def decides(self) -> str:
        """The assumption that moves it farthest."""
        return max(self.moves, key=lambda name: abs(np.log(self.moves[name])))


def corners(ranges: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """Every choice of low and high ends, the first name slowest."""
    return [dict(zip(ranges, ends, strict=True)) for ends in product(*ranges.values())]


def band(B: int, N: int, word: int | None = None, quantity: str = "pj",
         ranges: dict[str, tuple[float, float]] = RANGES) -> Band:
    """Sequential over in place, in 'pj' or 'cycles', both with the same assumptions, at all their ends."""
    if quantity not in ("cycles", "pj"):
        raise DmpnetError(f"energy model: quantity = {quantity!r}, but it is cycles or pj; choose one")
    ratios = np.array([getattr(sequential(B, N, word, ours=one), quantity) / getattr(in_place(B, N, one), quantity)
                       for one in (replace(ASSUMED, **ends) for ends in corners(ranges))])
    logs = np.log(ratios).reshape((2,) * len(ranges))
    moves = {name: float(np.exp(np.diff(logs, axis=axis).mean())) for axis, name in enumerate(ranges)}
    return Band(float(ratios.min()), float(ratios.max()), moves)


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
