"""All membranes of an SRAM array leak at once, where they are stored [our reconstruction].

After Shang et al. 2026 (arXiv 2603.12739), of which we know the idea, not the circuit: everything here is ours.
One neuron a column, one bit of V a row (row 0 the least significant), two's complement; a full adder, a sign latch and
a multiplexer at each column. One update of all N columns, B rows, leak lam:

    row step b = 0 .. B-1   read row b, add bit b of -lam (V >= 0) or of +lam (V < 0) and the carry, write row b back
    row step B              all word lines up: columns whose sign bit flipped are cleared to 0

The multiplexer obeys the sign latch, which the column sets whenever its sign row is written, so that it knows the sign
before the least significant bit is added. V - lam and V + lam toward 0 cannot overflow, and the sign flips exactly when
0 was passed (or, from below, met), so this is sign(V) max(|V| - lam, 0), dmpnet.hardware.leaks.clipped, bit for bit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.hardware import leak_limits


class Rows(NamedTuple):
    """Rows of banks that were activated: how many, bit lines that fell there, and bit lines of the same rows beside.

    activated : word lines raised, in all banks
    lines : bit lines of cells that were asked for
    beside : bit lines of the other columns of those banks, half selected
    """

    activated: int
    lines: int
    beside: int = 0


@dataclass(frozen=True)
class Counts:
    """What an update did [our reconstruction].

    Bit lines, the rule: a column has a precharged pair of bit lines. A read or a write of one cell pulls down exactly
    one of the two, whatever the bit; clearing a column pulls down one, once for all its rows. Columns of the same bank
    that nobody asked for may fall all the same: how much of one they cost is priced in dmpnet.hardware.energy.

    row_steps : one after the other, read and write-back together
    reads, writes : word-line activations that sense, and that write, one after the other: banks work side by side
    read, written : rows of all banks
    full_adders : one-bit additions
    """

    row_steps: int
    reads: int
    writes: int
    read: Rows
    written: Rows
    full_adders: int

    @property
    def bit_lines(self) -> int:
        """Bit lines of cells that were asked for."""
        return self.read.lines + self.written.lines


def to_bits(V: np.ndarray, B: int) -> np.ndarray:
    """Rows of the array (B, N), uint8 0 or 1, least significant first, that hold the integers V (N,)."""
    V = np.asarray(V)
    low, high = leak_limits.limits(B)
    if V.dtype.kind not in "iu" or V.ndim != 1:
        raise DmpnetError(f"in-memory array: V is {V.dtype} of shape {V.shape}, but it is integer (N,); convert it")
    if V.size and not (low <= V.min() and V.max() <= high):
        raise DmpnetError(f"in-memory array: V reaches from {V.min()} to {V.max()}, but B = {B} bits hold {low} to "
                          f"{high}; saturate it, or take more bits")
    return (V.astype(np.int64) >> np.arange(B)[:, None] & 1).astype(np.uint8)


def update(bits: np.ndarray, lam: int) -> tuple[np.ndarray, Counts]:
    """Rows (B, N) after all columns leaked by lam in place, and what that took [our reconstruction]."""
    rows = _checked(bits).copy()
    B, N = rows.shape
    lam = leak_limits.representable(lam, B)
    negative = rows[B - 1].copy()  # the sign latches
    carry = np.zeros(N, np.uint8)
    steps = reads = lines = adders = 0
    for b in range(B):
        a = rows[b]
        addend = np.where(negative, lam >> b & 1, -lam >> b & 1).astype(np.uint8)  # the multiplexers
        rows[b], carry = a ^ addend ^ carry, a & addend | carry & (a ^ addend)
        steps, reads, lines, adders = steps + 1, reads + 1, lines + N, adders + N
    flipped = rows[B - 1] != negative
    rows[:, flipped] = 0
    written = Rows(reads + 1, lines + int(flipped.sum()))
    return rows, Counts(steps + 1, reads, reads + 1, Rows(reads, lines), written, adders)


def in_place(B: int, N: int, cleared: int, columns: int | None = None) -> Counts:
    """What `update` takes for N columns of B rows of which `cleared` pass 0 [our reconstruction].

    columns : of a bank, as many banks as N takes work side by side; None for one of N. A clear falls in those columns
        alone that it clears
    """
    _check_columns(N)
    if not 0 <= cleared <= N:
        raise DmpnetError(f"in-memory array: cleared = {cleared}, but 0 to N = {N} columns pass 0; set it within that")
    leak_limits.limits(B)
    columns = columns or N
    banks = -(-N // columns)
    read = Rows(banks * B, B * N, B * (banks * columns - N))
    return Counts(B + 1, B, B + 1, read, Rows(banks * (B + 1), B * N + cleared, read.beside), B * N)


def sequential(B: int, N: int, word: int | None = None, lanes: int = 1, columns: int | None = None) -> Counts:
    """What the same leak takes `lanes` neurons after `lanes` others: read V, subtract, write V.

    word : bits a memory word has, all of which are read and written; None for B. tinyODIN keeps V (12 bits), theta, L
        and a flag in one of 32 (its README, "Memory organization")
    lanes : words that are read, updated and written at once, from as many banks as they take: those of a row together
    columns : of a bank; None for what the lanes ask for, so that no column lies beside
    """
    _check_columns(N)
    leak_limits.limits(B)
    word = B if word is None else word
    if word < B:
        raise DmpnetError(f"sequential memory: a word of {word} bits cannot hold V of B = {B}; set word >= B")
    if lanes < 1:
        raise DmpnetError(f"sequential memory: lanes = {lanes}, but at least one neuron is updated at once; set "
                          f"lanes >= 1")
    columns = lanes * word if columns is None else columns
    if columns < word:
        raise DmpnetError(f"sequential memory: rows of {columns} bits cannot hold a word of {word}; take a larger or "
                          f"a lower bank")
    steps, together = -(-N // lanes), min(lanes, columns // word)
    full, rest = divmod(N, lanes)
    rows = full * -(-lanes // together) + -(-rest // together)
    moved = Rows(rows, N * word, rows * columns - N * word)
    return Counts(steps, steps, steps, moved, moved, B * N)


def _check_columns(N: int) -> None:
    if N < 1:
        raise DmpnetError(f"memory: N = {N}, but at least one neuron is updated; set N >= 1")


def _checked(bits: np.ndarray) -> np.ndarray:
    """`bits`; DmpnetError unless it is (B, N) of 0 and 1 with a B we model."""
    if bits.ndim != 2 or bits.dtype != np.uint8:
        raise DmpnetError(f"in-memory array: bits are {bits.dtype} of shape {bits.shape}, but rows are uint8 (B, N); "
                          f"make them with to_bits")
    leak_limits.limits(bits.shape[0])
    if bits.size and bits.max() > 1:
        raise DmpnetError(f"in-memory array: a cell holds {bits.max()}, but a bit is 0 or 1; make them with to_bits")
    return bits
