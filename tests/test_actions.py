"""What a core does, by hand and by law; and what that costs, at prices that others published."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.errors import DmpnetError
from dmpnet.hardware import actions, chip, energy, prices, published, workload
from dmpnet.hardware.actions import PATHS, Action
from dmpnet.hardware.prices import PRICES, Prices
from dmpnet.hardware.workload import Workload

DMP = chip.load("dmp")
FREE = Prices(register=0)
LINE = 5 / 32  # pJ a bit of a memory of 8 kB


def load(S=(3, 1), N=8, d=8, M=20, sent=(2, 0), **more):
    return Workload(N, M, d, np.array(S), np.array(sent), **more)


def core(**settings):
    """The DMP core; flags of its datapath by name, other numbers as limits__lanes = 4."""
    return chip.changed(DMP, {key.replace("__", ".") if "__" in key else f"datapath.{key}": value
                              for key, value in settings.items()})


def moved(tally, place):
    return actions.bits(tally, "read", place), actions.bits(tally, "write", place)


def everything(work, described):
    return sum(actions.count(work, described).values(), Counter())


workloads = st.builds(
    lambda N, M, d, S, classes, analog, recurrent, reset: Workload(
        N, M, d, np.minimum(S, M), np.minimum(S[::-1], N), classes, analog, recurrent, "linear", reset),
    st.integers(1, 30), st.integers(1, 30), st.integers(0, 20),
    st.lists(st.integers(0, 30), min_size=1, max_size=5).map(np.array), st.integers(0, 10), st.booleans(),
    st.booleans(), st.sampled_from(["hard", "soft"]))
chips = st.builds(lambda broken, fusion, stationarity, in_place, lanes: core(
    dependency_breaking=broken, fusion=fusion, stationarity=stationarity, in_place=in_place, limits__lanes=lanes),
    *[st.booleans()] * 4, st.integers(1, 40))


# counts by hand: 2 steps, 4 events, 8 neurons in 2 groups, 8 dimensions


def test_spike_path_by_hand():
    """4 events of 5 bits of address; 32 weights of 8 bits; as many sums of 24 bits read and written."""
    tally = actions.count(load(), DMP)["spike"]
    assert moved(tally, "events") == (4 * 5, 0) and moved(tally, "weights") == (32 * 8, 0)
    assert moved(tally, "registers") == (32 * 24, 32 * 24) and moved(tally, "state") == (0, 0)
    assert actions.operations(tally, "add") == 32 and actions.operations(tally, "multiply") == 0


def test_analog_events_are_multiplied():
    tally = actions.count(load(analog=True), DMP)["spike"]
    assert tally[Action("multiply", "lanes", 8, 8)] == 32 and moved(tally, "events") == (4 * (5 + 8), 0)
    assert actions.count(load(analog=True), DMP)["update"][Action("multiply", "update", 8, 8)] == 4


def test_memory_path_by_hand():
    """A step: 64 of P and 8 of nu; 8 of m and x read by each of 2 groups; 72 terms; 8 sums stored."""
    tally = actions.count(load(), DMP)["memory"]
    assert moved(tally, "slow") == (2 * 72 * 8, 0) and moved(tally, "state") == (2 * 2 * 9 * 16, 0)
    assert moved(tally, "registers") == (0, 2 * 8 * 24)
    assert actions.operations(tally, "add") == actions.operations(tally, "multiply") == 2 * 72


def test_update_path_by_hand():
    """4 of w_x in all; a step: 64 of Abar, 8 of Bbar, b_x; x and m read and written."""
    tally = actions.count(load(), DMP)["update"]
    assert moved(tally, "weights") == (4 * 8 + 2 * 16, 0) and moved(tally, "slow") == (2 * 72 * 8, 0)
    assert moved(tally, "state") == (2 * 9 * 16, 2 * 9 * 16)
    assert actions.operations(tally, "multiply") == 2 * 72 and actions.operations(tally, "add") == 4 + 2 + 2 * 72


def test_output_path_by_hand():
    """A step: 8 membranes read and written, 2 sums of each, its bias; 2 spikes of 3 bits of address, soft reset."""
    tally = actions.count(load(), DMP)["output"]
    assert moved(tally, "state") == (2 * 8 * 16, 2 * 8 * 16) and moved(tally, "weights") == (2 * 8 * 16, 0)
    assert moved(tally, "registers") == (2 * 16 * 24, 0) and moved(tally, "events") == (0, 2 * 3)
    assert tally[Action("multiply", "lanes", 16, 8)] == 16 and actions.operations(tally, "send") == 2
    assert actions.operations(tally, "add") == 2 * 8 * 4 + 2
    assert actions.operations(actions.count(load(reset="hard"), DMP)["output"], "add") == 2 * 8 * 4


def test_readout_by_hand():
    more = everything(load(classes=5), DMP) - everything(load(), DMP)
    assert more == Counter({Action("read", "weights", 8): 10, Action("add", "lanes", 24): 10,
                            Action("read", "registers", 24): 10, Action("write", "registers", 24): 10})


def test_linear_decay_subtracts():
    exponential, linear = (everything(load(decay=decay), DMP) for decay in ("exponential", "linear"))
    assert exponential - linear == Counter({Action("multiply", "lanes", 16, 8): 16})
    assert linear - exponential == Counter({Action("add", "lanes", 16): 16})


def test_recurrent_events_read_w_r():
    work = load(sent=(2, 8), recurrent=True)
    wide = chip.changed(DMP, {"words.W_r.bits": 4})
    tally = actions.count(work, wide)["spike"]
    assert tally[Action("read", "weights", 4)] == 2 * 8 and tally[Action("read", "weights", 8)] == 4 * 8
    assert moved(tally, "events") == (4 * 5 + 2 * 3, 0)


# what is off with a flag


def membranes(described, work=None):
    """Times that a neuron's membrane is read in a step with 4 events, 8 dimensions."""
    tally = Counter()
    for path, counted in actions.count(work or load(S=(4,), sent=(2,)), described).items():
        tally += counted if path in ("spike", "output") else Counter()
    both = moved(tally, "state")
    assert both[0] == both[1], "a membrane that is read is written"
    return both[0] / (8 * 16)


def test_fused_a_membrane_is_accessed_once_a_step():
    assert membranes(DMP) == 1
    assert membranes(core(fusion=False)) == 4 + 2  # each event; leak and threshold
    assert membranes(core(fusion=False, in_place=True), load(S=(4,), sent=(2,), decay="linear")) == 4 + 1
    apart = actions.count(load(), core(fusion=False))
    assert actions.bits(apart["memory"], "write", "state") == 2 * 8 * 16, "the memory's sum is added once"
    both = actions.count(load(), core(fusion=False, stationarity=False))
    assert actions.bits(both["memory"], "write", "state") == 2 * 8 * 9 * 16, "its every term is added"
    assert not any(moved(counted, "registers") != (0, 0) for counted in both.values())


def test_stationarity_trades_sums_for_reads_of_m():
    """Output-stationary every group reads m; input-stationary m is read once, but each term reads and writes a sum."""
    tally = actions.count(load(), core(stationarity=False))["memory"]
    assert moved(tally, "state") == (2 * 9 * 16, 0) and moved(tally, "registers") == (2 * 72 * 24, 2 * 72 * 24)


def test_without_dependency_breaking_there_is_no_nu():
    less = actions.count(load(), DMP)["memory"] - actions.count(load(), core(dependency_breaking=False))["memory"]
    assert less[Action("read", "slow", 8)] == 16 and less[Action("multiply", "lanes", 8, 16)] == 16
    assert less[Action("read", "state", 16)] == 2 * 2


def test_leak_in_place_is_priced_as_the_in_place_update():
    """16-bit membranes; what it takes of the fused pass is the subtraction alone, and it adds an update of its own."""
    work = load(decay="linear")
    one, other = (sum(prices.cost(work, core(in_place=on)).pj.values()) for on in (True, False))
    assert one - other == pytest.approx(2 * energy.in_place(16, 8).pj - 16 * 16 * 0.03 / 8)
    with pytest.raises(DmpnetError, match="decay is exponential"):
        actions.count(load(), core(in_place=True))


# laws


@given(workloads, chips)
def test_counts_are_whole_and_no_path_takes_anothers(work, described):
    counted = actions.count(work, described)
    assert set(counted) == set(PATHS)
    assert all(isinstance(many, int) and many > 0 for tally in counted.values() for many in tally.values())
    total = prices.pj(sum(counted.values(), Counter()), described)
    cost = prices.cost(work, described)
    assert cost.total == pytest.approx(sum(cost.pj.values())) == pytest.approx(total)


@given(workloads, chips)
def test_a_run_costs_what_its_steps_cost(work, described):
    """But for spikes that a recurrent layer sends to itself into the next step."""
    work = replace(work, recurrent=False)
    steps = [replace(work, events=work.events[k:k + 1], sent=work.sent[k:k + 1]) for k in range(len(work.events))]
    parts = sum((everything(step, described) for step in steps), Counter())
    assert everything(work, described) == parts


@given(workloads, chips)
def test_more_events_and_neurons_cost_more(work, described):
    base = prices.cost(work, described)
    more = replace(work, events=np.minimum(work.events + 1, work.M))
    assert prices.cost(more, described).total >= base.total
    assert (prices.cost(more, described).total > base.total) == bool((more.events > work.events).any())
    assert prices.cost(replace(work, N=work.N + 1), described).total > base.total
    everything = chip.changed(described, {"datapath.queue": "refuse"})  # a core that drops has less to do when dense
    assert prices.cost(work.dense(), everything).total >= prices.cost(work, everything).total * (1 - 1e-12)


@given(workloads, chips)
def test_registers_cost_what_they_move(work, described):
    """Linear in their price: what they take at 1 is the bits moved times the price of one."""
    registers = sum(moved(everything(work, described), "registers"))
    with_them, without = (prices.cost(work, described, each).total for each in (PRICES, FREE))
    assert with_them - without == pytest.approx(registers * prices.register_pj(), abs=1e-6)


@given(workloads)
def test_fusion_saves_wherever_an_accumulator_bit_costs_less(work):
    """An event reads and writes 24 bits of a register (0.054 pJ) or 16 of a memory (5/32 pJ)."""
    fused, apart = (prices.cost(work, core(fusion=on)).pj["spike"] for on in (True, False))
    assert 24 * prices.register_pj() < 16 * LINE
    assert fused <= apart and (fused < apart) == bool(work.S.any())


def test_no_events_no_spike_path():
    silent = actions.count(load(S=(0, 0), sent=(0, 0)), DMP)
    assert not silent["spike"] and silent["memory"] == actions.count(load(), DMP)["memory"]
    assert load(S=(0, 0), sent=(0, 0)).sops == 0


@pytest.mark.parametrize("flags", [{}, {"fusion": False}, {"stationarity": False}, {"dependency_breaking": False}])
def test_without_slow_memory(flags):
    counted = actions.count(load(d=0), core(**flags))
    assert not counted["memory"] and not counted["update"]
    assert actions.bits(counted["output"], "read", "registers") == (2 * 8 * 24 if flags != {"fusion": False} else 0)


def test_slots_are_computed_used_or_not():
    assert everything(load(d=1), DMP) == everything(load(d=8), DMP) != everything(load(d=9), DMP)
    assert everything(load(d=9), DMP) == everything(load(d=16), DMP)


def test_lanes_change_how_often_m_is_read_and_nothing_else():
    few, many = (everything(load(), core(limits__lanes=lanes)) for lanes in (1, 1000))
    assert few - many == Counter({Action("read", "state", 16): 2 * 7 * 9})
    assert not many - few


# prices


def test_energy_of_the_spike_path_summed_by_hand():
    """Banks of 8 kB: 4 addresses of 5 bits, 32 weights of 8 bits, 32 additions of 24 bits, 1,536 bits of registers."""
    small = core(memory__weights=8192)
    mac = 0.2 * 4 + 0.03 * 2  # Horowitz's 8-bit numbers at 16 bits, squared and linear
    want = (20 + 256) * LINE + 32 * 24 * 0.03 / 8 + 1536 * mac / 16
    assert prices.cost(load(), small).pj["spike"] == pytest.approx(want)
    assert prices.cost(load(), small, FREE).pj["spike"] == pytest.approx((20 + 256) * LINE + 32 * 24 * 0.03 / 8)


def test_prices_are_the_published_ones():
    assert prices.price(Action("multiply", "lanes", 8, 8), DMP) == pytest.approx(0.2)
    assert prices.price(Action("multiply", "lanes", 16, 16), DMP) == pytest.approx(energy.multiply_pj(16))
    assert prices.price(Action("multiply", "lanes", 8, 16), DMP) == pytest.approx(0.4)
    assert prices.price(Action("add", "lanes", 8), DMP) == pytest.approx(0.03)
    assert prices.price(Action("read", "weights", 32), core(memory__weights=32768)) == pytest.approx(10)
    assert prices.price(Action("read", "state", 32), DMP) == pytest.approx(5)
    assert prices.price(Action("send", "events", 1), DMP) == 0
    dear = Prices(ours=energy.Assumptions(write_per_read=2.0))
    assert prices.price(Action("write", "state", 32), DMP, dear) == pytest.approx(10)
    assert prices.price(Action("read", "state", 32), DMP, dear) == pytest.approx(5)


def test_a_bank_a_lane_is_priced_by_its_size():
    """Of 128 kB, four lanes have 32 kB each: 10 pJ a 32-bit read; the state is in one piece."""
    split, large = Prices(split=True), core(memory__weights=4 * 32768, memory__state=32768)
    assert prices.price(Action("read", "weights", 32), large, split) == pytest.approx(10)
    assert prices.price(Action("read", "weights", 32), large) > 15
    assert prices.price(Action("read", "state", 32), large, split) == pytest.approx(10)


@pytest.mark.parametrize("units, bits", [(1, 1), (2, 1), (3, 2), (128, 7), (129, 8), (700, 10)])
def test_address(units, bits):
    assert actions.address(units) == bits


@pytest.mark.parametrize("register", [-1, float("inf"), float("nan")])
def test_impossible_prices(register):
    with pytest.raises(DmpnetError, match="register = .*register >= 0"):
        Prices(register=register)


# what is told


def test_report_of_a_network():
    """Sums of the table are those of the layers, from the spikes of a run; assumptions stand in the same table."""
    network = random_network((6, 16, 12, 3), d=4)
    s_in = random_input(network, 5)
    works = workload.of(network, reference.run(network, s_in), s_in)
    lines = {line["quantity"]: line for line in prices.report(works, DMP)}
    costs = [prices.cost(work, DMP) for work in works]
    step = lines["pJ a step"]["value"]
    assert step == pytest.approx(sum(cost.total for cost in costs) / 200)
    assert step == pytest.approx(sum(lines[f"pJ a step, {path}"]["value"] for path in PATHS))
    assert lines["nJ an inference"]["value"] == pytest.approx(step * 40 / 1e3)
    assert lines["pJ a SOP"]["value"] == pytest.approx(step / lines["SOPs a step"]["value"])
    assert lines["cycles a step, all layers"]["value"] > lines["cycles a step, slowest layer"]["value"] > 0
    assert lines["assumed: register pJ/bit"]["value"] == prices.register_pj()
    assert all(line["note"] for line in lines.values())


def test_report_of_a_silent_network_has_no_energy_per_operation():
    lines = [line["quantity"] for line in prices.report([load(S=(0, 0), sent=(0, 0))], DMP)]
    assert "pJ a step" in lines and "pJ a SOP" not in lines


def test_beside_published():
    rows = prices.beside_published("ours", 5.0)
    assert [row["pJ/SOP"] for row in rows] == sorted(row["pJ/SOP"] for row in rows)
    assert len(rows) == len(published.PUBLISHED) + 1
    assert {"name": "ours", "pJ/SOP": 5.0, "node": 45, "source": "our model"} in rows
