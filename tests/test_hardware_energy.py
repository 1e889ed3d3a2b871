"""The energy model [ours]: published numbers come out where they went in, sums by hand, limits, and who wins when."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.errors import DmpnetError
from dmpnet.hardware import energy, in_memory, leak_limits
from dmpnet.hardware.energy import ASSUMED, Assumptions

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


@given(widths)
def test_in_place_is_faster_from_a_dozen_neurons_on(B):
    """2B + 1 < 2N from N = B + 1 on; with two ports B + 2 < N + 1 from B + 2 on."""
    assert energy.crossover(B) == B + 1
    assert energy.crossover(B, ours=Assumptions(ports=2)) == B + 2


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


def test_energy_of_a_large_memory_summed_by_hand():
    """262,144 neurons of 32-bit words are 1 MB, 50 pJ a read and as much a write; in place stays at the bank's 5/32."""
    N = 2**18
    assert energy.sequential(8, N, 32).pj == pytest.approx(N * (2 * 50 + 0.03))
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


@given(widths, sizes, sizes)
def test_the_advantage_grows_with_the_number_of_neurons(B, one, other):
    def gain(N):
        return np.array([energy.sequential(B, N).pj / energy.in_place(B, N).pj,
                         energy.sequential(B, N).cycles / energy.in_place(B, N).cycles])

    assert (gain(min(one, other)) <= gain(max(one, other)) * (1 + 1e-9)).all()


@given(widths)
def test_an_energy_crossover_is_where_the_lines_cross(B):
    N = energy.crossover(B, "pj")
    assert N * B / 8 > ASSUMED.smallest, "only a memory dearer than a bank can lose"
    assert energy.in_place(B, N).pj < energy.sequential(B, N).pj
    assert energy.in_place(B, N - 1).pj >= energy.sequential(B, N - 1).pj * (1 - 1e-9)


def test_crossovers_at_the_ends():
    assert energy.crossover(12, "pj", energy.TINYODIN_WORD) == 1, "32 bits moved for 12: in place always takes less"
    assert energy.crossover(16, "pj", largest=1000) is None
    assert energy.first(lambda N: N >= 37, 1000) == 37


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
    points = {point.name: point.pj for point in energy.PUBLISHED}
    assert points == {"SNE": 0.221, "LOKI": 0.266, "NeuDW-CIM": 0.8, "Tianjic": 1.54, "TrueNorth": 2.5, "SENECA": 2.8,
                      "ReckOn": 5.3, "SpiNNaker2": 10, "ODIN": 12.7, "NeuronFlow": 20, "Loihi": 23.6, "uBrain": 26,
                      "SpiNNaker": 45}
    assert all("arXiv" in point.source or "PMC" in point.source for point in energy.PUBLISHED)


@pytest.mark.parametrize("call, named", [
    (lambda: Assumptions(ports=3), "ports = 3"), (lambda: Assumptions(cleared=1.5), "cleared = 1.5.*0 to 1"),
    (lambda: Assumptions(write_per_read=0), "write_per_read = 0"), (lambda: Assumptions(bank=-1), "bank = -1"),
    (lambda: Assumptions(clock_hz=float("nan")), "clock_hz = nan"), (lambda: Assumptions(sop_pj=0), "sop_pj = 0"),
    (lambda: Assumptions(smallest=float("inf")), "smallest = inf"),
    (lambda: energy.in_place(3, 10), "B = 3"), (lambda: energy.in_place(8, 0), "N = 0"),
    (lambda: energy.sequential(17, 10), "B = 17"), (lambda: energy.sequential(12, 10, 8), "word of 8 bits"),
    (lambda: energy.sequential(12, 10, 0), "word of 0 bits"),
    (lambda: energy.sequential(8, 10, decay="shift"), "decay = 'shift'"),
    (lambda: energy.crossover(8, "joules"), "quantity = 'joules'"), (lambda: energy.per_sop(1, 0), "sops = 0"),
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
