"""The energy model [ours]: published numbers come out where they went in, sums by hand, limits, and who wins when."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.errors import DmpnetError
from dmpnet.hardware import energy, in_memory, leak_limits, published
from dmpnet.hardware.energy import ASSUMED, RANGES, Assumptions
from dmpnet.hardware.in_memory import Rows

widths = st.sampled_from(leak_limits.WIDTHS)
sizes = st.integers(1, 1 << 20)


# prices


@pytest.mark.parametrize("kilobytes, pj", [(8, 5.0), (32, 10.0), (1024, 50.0)])
def test_a_32_bit_read_costs_what_horowitz_says(kilobytes, pj):
    assert 32 * energy.bit_line_pj(kilobytes * 1024) == pytest.approx(pj)


def test_memory_prices_between_and_beyond():
    """Half way on log-log paper between 8 and 32 kB: 16 kB, sqrt(5 * 10); beyond 1 MB the slope from 32 kB goes on."""
    assert 32 * energy.bit_line_pj(16 * 1024) == pytest.approx(np.sqrt(50))
    assert 32 * energy.bit_line_pj(32 * 2**20) == pytest.approx(50 * 5)  # 1 MB is 32 times 32 kB, and 5 times the pJ
    assert energy.bit_line_pj(1) == energy.bit_line_pj(8 * 1024)


def test_memories_smaller_than_any_published_are_an_assumption():
    """From 32 to 8 kB a read halves; going on so, 2 kB take 2.5 pJ, if it is assumed that they can."""
    small = Assumptions(smallest=2048, bank=2048)
    assert 32 * energy.bit_line_pj(2048, small) == 32 * energy.bit_line_pj(1, small) == pytest.approx(2.5)
    assert energy.in_place(8, 256, small).pj < 0.52 * energy.in_place(8, 256).pj
    assert energy.in_place(8, 256, small).pj > energy.sequential(8, 256, ours=small).pj


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_32_bit_read_costs_the_same_however_it_is_split(fixed, half_selected):
    """Of a bank of 8 kB, 256 by 256: 5 pJ, whatever part is the decoder's and whatever falls beside."""
    ours = Assumptions(fixed=fixed, half_selected=half_selected)
    assert energy.rows_pj(Rows(1, 32, 256 - 32), ours) == pytest.approx(5.0)


def test_a_row_by_hand():
    """Half for the decoder: 2.5 pJ; all of 256 columns falls, so that each costs 2.5 / 256; at half the height half."""
    ours = Assumptions(fixed=0.5, half_selected=1)
    assert energy.rows_pj(Rows(3, 100, 20), ours) == pytest.approx(3 * 2.5 + 120 * 2.5 / 256)
    assert energy.rows_pj(Rows(3, 100, 20), replace(ours, height=128)) == pytest.approx(3 * 2.5 + 120 * 2.5 / 512)
    assert replace(ours, height=128).columns == 512


@given(st.floats(1, 1e9), st.floats(1, 1e9))
def test_a_larger_memory_is_never_cheaper(a, b):
    assert (energy.bit_line_pj(min(a, b)) <= energy.bit_line_pj(max(a, b)) * (1 + 1e-12))


def test_arithmetic_meets_horowitz_at_both_of_his_widths():
    """Exact at 8 bits; at 32 the linear and the square law miss his 0.1 and 3.1 pJ by a fifth and by 4 %."""
    assert 8 * energy.full_adder_pj() == pytest.approx(energy.ADD8_PJ)
    assert 32 * energy.full_adder_pj() == pytest.approx(energy.ADD32_PJ, rel=0.21)
    assert energy.multiply_pj(8) == energy.MULTIPLY8_PJ
    assert energy.multiply_pj(32) == pytest.approx(energy.MULTIPLY32_PJ, rel=0.04)


# cycles


def test_a_neuron_takes_two_cycles_as_on_tinyodin():
    """Its README: a time reference event for all neurons takes 2 (SPI_MAX_NEUR + 1) cycles, 512 for 256 neurons."""
    assert energy.sequential(12, 256, energy.TINYODIN_WORD).cycles == 512


@given(widths, sizes)
def test_cycles(B, N):
    assert energy.in_place(B, N).cycles == 2 * B + 1
    assert energy.sequential(B, N).cycles == 2 * N
    two = Assumptions(ports=2)
    assert energy.in_place(B, N, two).cycles == B + 2 and energy.sequential(B, N, ours=two).cycles == N + 1


@given(widths, st.integers(1, 64), st.sampled_from([1, 2]))
def test_in_place_is_faster_from_a_dozen_neurons_a_lane_on(B, lanes, ports):
    """2B + 1 < 2 ceil(N / lanes); with two ports B + 2 < ceil(N / lanes) + 1."""
    ours = Assumptions(ports=ports, lanes=lanes)
    N = energy.crossover(B, ours)
    assert energy.in_place(B, N, ours).cycles < energy.sequential(B, N, ours=ours).cycles
    assert energy.in_place(B, N - 1, ours).cycles >= energy.sequential(B, N - 1, ours=ours).cycles


def test_what_lanes_leave_of_the_time():
    """11 bits, 256 neurons: 512 cycles over 23 are 22; with 4 and 16 lanes 5.6 and 1.4; with as many adders (N / B
    lanes of B bits, here 16 of 16) 2 B over 2 B + 1."""
    ratios = [energy.sequential(11, 256, ours=Assumptions(lanes=lanes)).cycles / 23 for lanes in (1, 4, 16)]
    assert energy.in_place(11, 256).cycles == 23 and np.round(ratios, 1).tolist() == [22.3, 5.6, 1.4]
    assert energy.sequential(16, 256, ours=Assumptions(lanes=16)).cycles == energy.in_place(16, 256).cycles - 1


def test_microseconds():
    assert energy.sequential(8, 1000).microseconds() == pytest.approx(10)  # 2,000 cycles of 5 ns


# energy


def test_energy_summed_by_hand():
    """B = 8, N = 256: 256 bytes, priced as 8 kB, 5/32 pJ a bit line."""
    line, adds = 5 / 32, 256 * 0.03
    assert energy.sequential(8, 256).pj == pytest.approx(256 * 16 * line + adds)
    assert energy.in_place(8, 256).pj == pytest.approx(256 * 17 * line + adds)  # one bit line a column more: the clear
    assert energy.sequential(8, 256, 32).pj == pytest.approx(256 * 64 * line + adds)  # 10 pJ a neuron
    assert energy.sequential(8, 256, decay="exponential").pj == pytest.approx(256 * (16 * line + 0.2))


def test_equal_conditions_by_hand():
    """8 bits, 256 neurons, a bank of 256 by 256: in place 8 rows read and 8 written, 256 columns of each, and a row
    that clears. 32 lanes take whole rows: 8 read and 8 written. So equal but for the clear, whatever a row costs."""
    for fixed, half_selected in ((0, 0), (0.5, 0), (0, 1), (0.3, 0.4)):
        ours = Assumptions(fixed=fixed, half_selected=half_selected, lanes=32, cleared=0)
        line = 5 * (1 - fixed) / (32 + half_selected * 224)
        by_hand = 16 * (5 * fixed + 256 * line) + 256 * 0.03
        assert energy.sequential(8, 256, ours=ours).pj == pytest.approx(by_hand)
        assert energy.in_place(8, 256, ours).pj == pytest.approx(by_hand + 5 * fixed)


def test_one_word_a_cycle_by_hand():
    """One lane: 256 rows read and 256 written for 8 bits each, 248 columns beside: 32 times the bit lines of a bank
    in which all of them fall, and so 32 times the energy, beside that of the adders."""
    ours = Assumptions(half_selected=1, cleared=0)
    line, adds = 5 / 256, 256 * 0.03
    assert energy.sequential(8, 256, ours=ours).pj == pytest.approx(512 * 256 * line + adds)
    assert energy.in_place(8, 256, ours).pj == pytest.approx(16 * 256 * line + adds)


def test_banks_are_the_same_at_every_size():
    """262,144 neurons of 32-bit words: both in banks of 8 kB, so that no size makes a crossover."""
    N = 2**18
    assert energy.sequential(8, N, 32).pj == pytest.approx(N * (64 * 5 / 32 + 0.03))
    assert energy.in_place(8, N).pj == pytest.approx(N * (17 * 5 / 32 + 0.03))


def test_writes_can_cost_more():
    twice = Assumptions(write_per_read=2.0, cleared=0)
    for design in (energy.in_place(8, 100, twice), energy.sequential(8, 100, ours=twice)):
        assert design.pj == pytest.approx(100 * (8 * 5 / 32 * 3 + 0.03))


@given(widths, st.integers(1, 4096))
def test_equal_prices_equal_energy_but_for_the_clear(B, N):
    """In a small memory in place saves time, not energy: the same bit lines fall, and at most one a column more."""
    ratio = energy.in_place(B, N).pj / energy.sequential(B, N).pj
    assert 1 < ratio < 1 + 1 / (2 * B)
    assert energy.in_place(B, N, Assumptions(cleared=0)).pj == pytest.approx(energy.sequential(B, N).pj)


@given(widths, st.integers(1, 64), st.integers(1, 64))
def test_banks_full_the_ratio_hangs_not_on_the_number_of_neurons(B, one, other):
    """So there is no N from which on energy is saved."""
    ours = Assumptions(half_selected=0.5, fixed=0.2, lanes=2)
    ratios = [energy.sequential(B, 256 * many, ours=ours).pj / energy.in_place(B, 256 * many, ours).pj
              for many in (one, other)]
    assert ratios[0] == pytest.approx(ratios[1])


def test_the_published_leak_lies_within_ours():
    """1.18 TOPS/W are 0.85 pJ an operation of 11 bits; sequential at 8 kB over that is 4.1, or 11.8 in words of 32."""
    assert energy.published_leak_pj(11) == pytest.approx(1 / 1.18)
    ours = [energy.in_place(11, 256, replace(ASSUMED, **ends)).pj / 256 for ends in energy.corners(RANGES)]
    assert min(ours) < energy.published_leak_pj(11) < energy.in_place(11, 256).pj / 256 < max(ours)
    unlike = [energy.sequential(11, 256, word).pj / 256 / energy.published_leak_pj(11) for word in (11, 32)]
    assert np.round(unlike, 1).tolist() == [4.1, 11.8]


# low and high


def test_a_band_is_over_all_corners():
    """Two assumptions, four corners, by hand: only where columns beside fall do lanes change the energy."""
    ranges = {"half_selected": (0.0, 1.0), "lanes": (1, 16)}
    found = energy.band(8, 256, ranges=ranges)
    each = {(half, lanes): energy.sequential(8, 256, ours=ours).pj / energy.in_place(8, 256, ours).pj
            for half in (0, 1) for lanes in (1, 16) for ours in [Assumptions(half_selected=half, lanes=lanes)]}
    assert found.low == min(each.values()) < 1 and each[0, 1] == pytest.approx(each[0, 16])
    assert found.high == max(each.values()) == each[1, 1] > 25 and each[1, 16] < 2
    assert found.moves["half_selected"] == pytest.approx(
        np.sqrt(each[1, 1] / each[0, 1] * each[1, 16] / each[0, 16]))
    assert found.moves["lanes"] == pytest.approx(np.sqrt(each[0, 16] / each[0, 1] * each[1, 16] / each[1, 1]))
    assert found.decides == "half_selected"
    assert energy.band(8, 256, quantity="cycles", ranges=ranges).decides == "lanes"


def test_the_abstract_lies_within_the_band_of_a_core():
    band = energy.band(11, 256)
    assert band.low < 1.1 < 16.7 < band.high


@given(widths, st.integers(1, 10**5))
def test_a_multiplication_costs_more_than_a_subtraction(B, N):
    """Exponential beside linear decay: the difference is arithmetic alone, and never the larger part."""
    linear, exponential = energy.sequential(B, N), energy.sequential(B, N, decay="exponential")
    assert exponential.pj - linear.pj == pytest.approx(N * (energy.multiply_pj(B) - B * energy.full_adder_pj()))
    assert linear.pj < exponential.pj < 1.5 * linear.pj and linear.cycles == exponential.cycles


# activity


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e7))
def test_share_and_energy_per_operation_agree(update, sops):
    """(update + sops e) / sops is e / (1 - share)."""
    assert energy.per_sop(update, sops) == pytest.approx(ASSUMED.sop_pj / (1 - energy.share(update, sops)), rel=1e-6)


def test_share_written_out():
    half = replace(ASSUMED, sop_pj=2.0)
    assert energy.share(100, 50, half) == 0.5 and energy.per_sop(100, 50, half) == 4.0
    assert energy.share(100, 0) == 1
    assert ASSUMED.sop_pj == pytest.approx(1.0101, rel=1e-4)  # 0.99 TOPS/W


# published


def test_published_points():
    """As ldlif.md lists them; each says where from."""
    points = {point.name: point.pj for point in published.PUBLISHED}
    assert points == {"SNE": 0.221, "LOKI": 0.266, "NeuDW-CIM": 0.8, "Tianjic": 1.54, "TrueNorth": 2.5, "SENECA": 2.8,
                      "ReckOn": 5.3, "SpiNNaker2": 10, "ODIN": 12.7, "NeuronFlow": 20, "Loihi": 23.6, "uBrain": 26,
                      "SpiNNaker": 45}
    assert all("arXiv" in point.source or "PMC" in point.source for point in published.PUBLISHED)
    assert all(point.node >= 14 and point.scope for point in published.PUBLISHED)


def test_two_pairs_of_published_points_make_the_range_of_the_abstract():
    """1.54 and 23.6 over 1.41 are 1.1 and 16.7; so are 0.8 and 12.7 over 0.76; and no other two of thirteen."""
    found = published.pairs(*published.ABSTRACT["pJ a SOP"])
    assert {(pair.least, pair.most) for pair in found} == {("Tianjic", "Loihi"), ("NeuDW-CIM", "ODIN")}
    for pair, own in zip(sorted(found), (0.76, 1.41), strict=True):
        assert pair.from_pj < own < pair.to_pj
        pj = {point.name: point.pj for point in published.PUBLISHED}
        assert (round(pj[pair.least] / own, 1), round(pj[pair.most] / own, 1)) == (1.1, 16.7)


def test_no_pair_makes_the_other_range():
    assert published.pairs(*published.ABSTRACT["energy efficiency"]) == []


@given(st.floats(0.01, 50), st.floats(1.2, 20), st.floats(1.5, 9))
def test_a_pair_is_found_where_there_is_one(own, least, times):
    points = tuple(published.Published(name, pj, "", 45, "") for name, pj in
                   (("a", own * least), ("b", own * least * times), ("c", 1e4 * own)))
    found = published.pairs(f"{least:.2f}", f"{least * times:.1f}", points)
    assert any((pair.least, pair.most) == ("a", "b") and pair.from_pj <= own * (1 + 1e-9)
               and own <= pair.to_pj * (1 + 1e-9) for pair in found)


def test_intervals_that_are_printed_so():
    assert published.printed("16.7") == pytest.approx((16.65, 16.75)) and published.printed("69") == (68.5, 69.5)

@pytest.mark.parametrize("call, named", [
    (lambda: Assumptions(ports=3), "ports = 3"), (lambda: Assumptions(cleared=1.5), "cleared = 1.5.*0 to 1"),
    (lambda: Assumptions(write_per_read=0), "write_per_read = 0"), (lambda: Assumptions(bank=-1), "bank = -1"),
    (lambda: Assumptions(clock_hz=float("nan")), "clock_hz = nan"), (lambda: Assumptions(sop_pj=0), "sop_pj = 0"),
    (lambda: Assumptions(smallest=float("inf")), "smallest = inf"),
    (lambda: energy.in_place(3, 10), "B = 3"), (lambda: energy.in_place(8, 0), "N = 0"),
    (lambda: energy.sequential(17, 10), "B = 17"), (lambda: energy.sequential(12, 10, 8), "word of 8 bits"),
    (lambda: energy.sequential(12, 10, 0), "word of 0 bits"),
    (lambda: energy.sequential(8, 10, decay="shift"), "decay = 'shift'"),
    (lambda: energy.band(8, 9, quantity="joules"), "quantity = 'joules'"), (lambda: energy.per_sop(1, 0), "sops = 0"),
    (lambda: Assumptions(lanes=0), "lanes = 0"), (lambda: Assumptions(height=0), "height = 0"),
    (lambda: Assumptions(fixed=-0.1), "fixed = -0.1.*0 to 1"), (lambda: Assumptions(half_selected=2), "half_sel.* = 2"),
    (lambda: Assumptions(height=4096), "height = 4096 rows leave 16 columns.*a word has 32"),
])
def test_impossible_models(call, named):
    with pytest.raises(DmpnetError, match=named) as error:
        call()
    assert "\n" not in str(error.value) and ";" in str(error.value)


def test_the_model_prices_what_an_update_counted():
    """End to end: the counts of an update that was carried out, at the prices above, are the model's energy."""
    N, B = 500, 11
    V = np.random.default_rng(0).integers(-30, 31, N)
    rows, counts = in_memory.update(in_memory.to_bits(V, B), 12)
    cleared = counts.bit_lines - 2 * B * N
    assert 50 < cleared < 450
    model = energy.in_place(B, N, Assumptions(cleared=cleared / N))
    assert model.pj == pytest.approx(counts.bit_lines * 5 / 32 + counts.full_adders * 0.03 / 8)
    assert model.cycles == counts.reads + counts.writes == 23
