"""The in-memory update [our reconstruction] against the integer neuron, bit for bit, and its counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.errors import DmpnetError
from dmpnet.hardware import in_memory, leak_limits, leaks
from dmpnet.hardware.in_memory import Counts, Rows


def mismatches(V, B, lam):
    """Cells of the array that differ from the integer neuron's leak."""
    rows, _ = in_memory.update(in_memory.to_bits(V, B), lam)
    return int((rows != in_memory.to_bits(leaks.clipped(V, lam), B)).sum())


@pytest.mark.parametrize("B", range(4, 9))
def test_every_state_and_every_leak(B):
    low, high = leak_limits.limits(B)
    V = np.arange(low, high + 1)
    assert sum(mismatches(V, B, lam) for lam in range(high + 1)) == 0


@given(st.sampled_from(leak_limits.WIDTHS), st.data())
def test_random_states(B, data):
    """Wider words, both signs, with the limits and the states next to 0 and to the leak."""
    low, high = leak_limits.limits(B)
    lam = data.draw(st.integers(0, high))
    near = [v for c in (0, lam, -lam) for v in (c - 1, c, c + 1) if low <= v <= high]
    V = np.array([low, low + 1, high - 1, high, *near, *data.draw(st.lists(st.integers(low, high)))])
    assert (V < 0).any() and (V > 0).any()
    assert mismatches(V, B, lam) == 0


@pytest.mark.slow
def test_a_million_random_states_and_every_leak():
    """B from 4 to 16, 16 states to each of the 65,528 leaks: seconds."""
    rng = np.random.default_rng(0)
    seen = wrong = below = 0
    for B in leak_limits.WIDTHS:
        low, high = leak_limits.limits(B)
        for lam in range(high + 1):
            V = rng.integers(low, high + 1, 16)
            V[:2] = low, high
            wrong, seen, below = wrong + mismatches(V, B, lam), seen + len(V), below + int((V < 0).sum())
    assert seen >= 10**6 and 0.4 < below / seen < 0.6
    assert wrong == 0


def scalar_update(v, lam, B):
    """One column by hand: ripple-carry addition over a list of bits, then the clear."""
    cells = [(v % 2**B) // 2**b % 2 for b in range(B)]
    addend = (lam if v < 0 else 2**B - lam) % 2**B
    out, carry = [], 0
    for b in range(B):
        total = cells[b] + addend // 2**b % 2 + carry
        out.append(total % 2)
        carry = total // 2
    return [0] * B if out[-1] != cells[-1] else out


def test_the_carry_ripples_as_by_hand():
    """Against an adder written out for one column, so that rows and bits are seen, not only the integers they mean."""
    V = np.arange(-32, 32)
    for lam in (0, 1, 7, 13, 31):
        rows, _ = in_memory.update(in_memory.to_bits(V, 6), lam)
        assert rows.T.tolist() == [scalar_update(int(v), lam, 6) for v in V]


def test_bits_are_twos_complement_least_significant_first():
    rows = in_memory.to_bits(np.array([5, -1, -8, 0]), 4)
    assert rows.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0]]
    assert rows.dtype == np.uint8


def test_the_array_given_stays_as_it_was():
    bits = in_memory.to_bits(np.array([5, -5]), 6)
    kept = bits.copy()
    in_memory.update(bits, 2)
    np.testing.assert_array_equal(bits, kept)


def test_a_leak_of_an_unsigned_scalar():
    assert mismatches(np.arange(-128, 128), 8, np.uint8(100)) == 0


# counts


def test_counts_written_out():
    """Four columns of 6 rows, lam = 3: 5 -> 2, -2 -> 0 (cleared), 2 -> 0 (cleared), 3 -> 0 (met, not passed)."""
    rows, counts = in_memory.update(in_memory.to_bits(np.array([5, -2, 2, 3]), 6), 3)
    np.testing.assert_array_equal(rows, in_memory.to_bits(np.array([2, 0, 0, 0]), 6))
    assert counts == Counts(row_steps=7, reads=6, writes=7, read=Rows(6, 24), written=Rows(7, 24 + 2), full_adders=24)
    assert counts.bit_lines == 2 * 6 * 4 + 2


@given(st.sampled_from(leak_limits.WIDTHS), st.integers(1, 300), st.integers(0, 2**32))
def test_counts_of_an_update_are_those_of_the_formula(B, N, seed):
    rng = np.random.default_rng(seed)
    low, high = leak_limits.limits(B)
    V, lam = rng.integers(low, high + 1, N), int(rng.integers(0, high + 1))
    _, counts = in_memory.update(in_memory.to_bits(V, B), lam)
    cleared = sum((v >= 0) != (v + (lam if v < 0 else -lam) >= 0) for v in V.tolist())
    assert counts == in_memory.in_place(B, N, cleared)


@given(st.sampled_from(leak_limits.WIDTHS), st.integers(1, 10**5))
def test_steps_do_not_grow_with_the_array_and_sequential_ones_do(B, N):
    assert in_memory.in_place(B, N, 0).row_steps == in_memory.in_place(B, 1, 0).row_steps == B + 1
    one_by_one = in_memory.sequential(B, N)
    assert one_by_one == Counts(N, N, N, Rows(N, N * B), Rows(N, N * B), N * B)
    assert in_memory.sequential(B, N, 32).bit_lines == 64 * N
    assert in_memory.in_place(B, N, N).bit_lines == one_by_one.bit_lines + N, "the clear is all that is done more"


def test_rows_of_banks_by_hand():
    """10 neurons of 8 bits in banks of 32 columns: in place a bank and 8 rows of it, 22 columns beside; in words one
    row a neuron, 24 columns beside; with 4 lanes three rows (4 + 4 + 2 words), with 8 two of two banks each."""
    moved = in_memory.in_place(8, 10, 0, 32)
    assert moved.read == Rows(8, 80, 8 * 22) and moved.written == Rows(9, 80, 8 * 22)
    assert in_memory.sequential(8, 10, columns=32).read == Rows(10, 80, 10 * 24)
    four, eight = (in_memory.sequential(8, 10, lanes=lanes, columns=32) for lanes in (4, 8))
    assert (four.reads, four.read) == (3, Rows(3, 80, 16)) and (eight.reads, eight.read) == (2, Rows(3, 80, 16))
    assert in_memory.in_place(8, 33, 0, 32).read.activated == 16, "a second bank"


@given(st.sampled_from([4, 8, 16]), st.integers(1, 20))
def test_with_lanes_for_whole_rows_both_move_the_same(B, banks):
    """Equal banks, equal width: as many rows and bit lines; in place a row more, which clears."""
    N = 64 * banks
    one, other = in_memory.in_place(B, N, 0, 64), in_memory.sequential(B, N, lanes=64 // B, columns=64)
    assert one.read == other.read and one.full_adders == other.full_adders
    assert one.written == other.written._replace(activated=other.written.activated + banks)


@pytest.mark.parametrize("call, named", [
    (lambda: in_memory.sequential(8, 10, lanes=0), "lanes = 0"),
    (lambda: in_memory.sequential(12, 10, columns=8), "rows of 8 bits.*word of 12"),
    (lambda: in_memory.to_bits(np.array([8]), 4), "V reaches from 8 to 8, but B = 4 bits hold -8 to 7"),
    (lambda: in_memory.to_bits(np.array([1]), 3), "B = 3"), (lambda: in_memory.to_bits(np.array([1]), 17), "B = 17"),
    (lambda: in_memory.to_bits(np.array([1.0]), 8), "V is float64"),
    (lambda: in_memory.to_bits(np.array([[1]]), 8), r"shape \(1, 1\)"),
    (lambda: in_memory.update(np.zeros((8, 2), np.uint8), 128), "lam = 128.*B = 8 bits.*127"),
    (lambda: in_memory.update(np.zeros((8, 2), np.uint8), -1), "lam = -1.*0 or more"),
    (lambda: in_memory.update(np.zeros((8, 2), np.uint8), 1.0), "lam = 1.0.*integer"),
    (lambda: in_memory.update(np.zeros((8, 2), np.int64), 1), "bits are int64"),
    (lambda: in_memory.update(np.full((8, 2), 2, np.uint8), 1), "a cell holds 2"),
    (lambda: in_memory.update(np.zeros((3, 2), np.uint8), 1), "B = 3"),
    (lambda: in_memory.in_place(8, 0, 0), "N = 0"), (lambda: in_memory.in_place(8, 4, 5), "cleared = 5.*N = 4"),
    (lambda: in_memory.sequential(8, 0), "N = 0"), (lambda: in_memory.sequential(12, 4, 8), "word of 8 bits.*B = 12"),
])
def test_impossible_arrays(call, named):
    with pytest.raises(DmpnetError, match=named) as error:
        call()
    assert "\n" not in str(error.value) and ";" in str(error.value)
