"""What learning costs: counts by hand, prices, wear, and a real run against the writes that Brian2 counted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip, energy, prices
from dmpnet.hardware.actions import Action
from dmpnet.hardware.learning import Learning, count, report, wear
from dmpnet.hardware.plastic_rules import constrain
from dmpnet.plasticity import integer_reference, protocols, rule

CHIP = chip.load("learning")
PAIR = constrain(rule("pair-nearest"), CHIP, 1e-3)


def run(made=PAIR, steps=100, pre=7, post=5, writes=((3, 0, 1), (0, 2, 0))):
    """Two neurons on three inputs."""
    return Learning(made, steps, pre, post, np.array(writes))


def test_counts_by_hand():
    """7 rows of 2 synapses, 5 columns of 3; 6 of these 29 were written; traces fall every third step."""
    period = PAIR.traces["x"].period
    assert period == 3
    found = count(run(), CHIP)
    events, ticks = 7 * 2 + 5 * 3, 5 * -(-100 // 3)
    assert found["weights"] == {Action("read", "weights", 8): events, Action("multiply", "update", 8, 8): events,
                                Action("add", "update", 8): events, Action("write", "weights", 8): 6}
    assert found["traces"] == {Action("read", "traces", 8): ticks + events, Action("add", "update", 8): ticks,
                               Action("write", "traces", 8): ticks + 7 + 5}
    assert found["random"] == {Action("read", "random", 16): 2 * 100 * 5, Action("write", "random", 16): 2 * 100 * 5}


def test_a_rule_that_changes_at_postsynaptic_spikes_only_reads_columns_only():
    made = constrain(rule("diehl-cook"), CHIP, 1e-3)
    found = count(run(made), CHIP)
    assert found["weights"][Action("read", "weights", 8)] == 5 * 3
    assert found["random"][Action("read", "random", 16)] == 100 * 5


def test_triplets_and_gates_take_more_products():
    for name, times in (("triplet-hippocampal-full", 2), ("slow-memory-gated", 2), ("pair-additive", 1)):
        found = count(run(constrain(rule(name), CHIP, 1e-3)), CHIP)["weights"]
        assert found[Action("multiply", "update", 8, 8)] == times * (7 * 2 + 5 * 3), name


def test_a_way_to_a_bound_is_one_more_product():
    """Of weights of 4 bits, in all 29 synapses."""
    described = chip.changed(CHIP, {"plasticity.w.bits": 4})
    found = count(run(constrain(rule("pair-multiplicative"), described, 1e-3)), described)["weights"]
    assert found[Action("multiply", "update", 8, 8)] == found[Action("multiply", "update", 4, 8)] == 29


def test_a_table_is_read_for_every_step():
    made = constrain(rule("diehl-cook"), CHIP, 1e-3)
    assert made.table and count(run(made), CHIP)["weights"][Action("read", "traces", 8)] == 5 * 3


def test_both_lines_by_rows_take_two_products_each():
    """7 rows of 2: steps since a spike times what falls in a step, and what is left times an amplitude of 6 bits."""
    described = chip.changed(CHIP, {"plasticity.reads": "rows", "plasticity.amplitude.bits": 6})
    found = count(run(constrain(rule("pair-nearest"), described, 1e-3)), described)["weights"]
    assert found[Action("multiply", "update", 8, 6)] == found[Action("multiply", "update", 8, 8)] == 2 * 14


def test_rewards_are_taken_up_in_every_step():
    made = constrain(rule("reward-modulated"), CHIP, 1e-3)
    found = count(run(made), CHIP)
    assert found["weights"][Action("read", "weights", 8)] == 100 * 6
    assert found["weights"][Action("read", "traces", 8)] == found["weights"][Action("write", "traces", 8)] == 29


def test_without_chance_no_register_moves():
    described = chip.changed(CHIP, {"plasticity.w.rounding": "nearest"})
    made = constrain(rule("pair-nearest").tuned(A_plus=0.05, A_minus=0.05), described, 1e-3)
    assert sum(count(run(made), described)["random"].values()) == 0


def test_energy_is_counts_times_prices():
    found = {line["quantity"]: line["value"] for line in report(run(), CHIP)}
    line = energy.bit_line_pj(CHIP.memory.weights)
    weights = 8 * line * (29 + 6) + 29 * (energy.MULTIPLY8_PJ + energy.ADD8_PJ)
    assert found["pJ a step, weights"] == pytest.approx(weights / 100)
    assert found["pJ a step, writing weights"] == pytest.approx(6 * 8 * line / 100)
    assert found["pJ a step, random"] == pytest.approx(2 * 2 * 5 * 16 * energy.bit_line_pj(CHIP.plasticity.random))
    assert found["pJ a step"] == pytest.approx(sum(found[f"pJ a step, {path}"] for path in count(run(), CHIP)))
    assert found["writes"] == 6 and found["synapses reached"] == 29 and found["never written"] == 0.5
    assert any(quantity.startswith("assumed: ") for quantity in found)


def test_writes_that_cost_more_than_reads_cost_more():
    dear = prices.Prices(ours=energy.Assumptions(write_per_read=10.0))
    once, ten = ({line["quantity"]: line["value"] for line in report(run(), CHIP, prices)}
                 for prices in (prices.PRICES, dear))
    assert ten["pJ a step, writing weights"] == pytest.approx(10 * once["pJ a step, writing weights"])


def test_a_chip_that_states_its_prices_is_charged_them():
    """29 products and additions, 35 accesses of 8 bits, by hand; what it does not state stays the model's."""
    own = {"energy.read": 0.5, "energy.write": 2.0, "energy.multiply": 7.0}
    stated = chip.changed(CHIP, own)
    lines = report(run(), stated)
    found = {line["quantity"]: line["value"] for line in lines}
    assert found["pJ a step, weights"] == pytest.approx((8 * (29 * 0.5 + 6 * 2.0) + 29 * (7.0 + energy.ADD8_PJ)) / 100)
    assert found["pJ a step, random"] == pytest.approx(2 * 5 * 16 * (0.5 + 2.0))
    told = {line["quantity"]: line["note"] for line in lines}
    assert told["assumed: pJ, read: the chip's own"] == "set by the user"
    assert "assumed: pJ, add: the chip's own" not in told


def test_wear():
    found = wear(np.array([[3, 0, 1], [0, 2, 0]]), seconds=2.0, endurance=3e6)
    assert found == {"mean": 1.0, "median": 0.5, "most": 3.0, "never written": 0.5, "most in an hour": 5400.0,
                     "lifetime s": 2e6}
    assert "lifetime s" not in wear(np.array([[1]]), 1.0)
    assert wear(np.array([[0]]), 1.0, 10.0)["lifetime s"] == float("inf")


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.5))
def test_no_more_is_written_than_is_reached(seed, rate):
    """Of a run of the reference, whatever the spikes; otherwise Learning would refuse it."""
    rng = np.random.default_rng(seed)
    pre, post = rng.random((50, 4)) < rate, rng.random((50, 3)) < rate
    seen = integer_reference.run(PAIR, pre, post, np.full((3, 4), 128))
    learned = Learning(PAIR, 50, int(pre.sum()), int(post.sum()), seen.writes)
    changed = (np.diff(np.concatenate([np.full((1, 3, 4), 128), seen.w]), axis=0) != 0).sum(axis=0)
    assert (changed <= seen.writes).all()
    assert learned.writes.sum() <= pre.sum() * 3 + post.sum() * 4


def test_a_weight_at_its_bound_is_not_written():
    """It is read at every spike, its step is drawn, and the code stays."""
    pre, post = np.zeros((200, 1), bool), np.zeros((200, 1), bool)
    pre[::4], post[1::4] = True, True
    made = constrain(rule("pair-nearest").tuned(A_minus=0.0, A_plus=0.1), CHIP, 1e-3)
    seen = integer_reference.run(made, pre, post, np.array([[255]]))
    assert seen.writes.sum() == 0 and integer_reference.run(made, pre, post, np.array([[0]])).writes.sum() > 5


def test_writes_of_a_run_in_brian2_are_those_of_the_reference():
    rng = np.random.default_rng(2)
    pre, post = rng.random((80, 6)) < 0.1, rng.random((80, 4)) < 0.1
    seen = protocols.run_on_chip(PAIR, pre, post, np.full(24, 0.5))
    want = integer_reference.run(PAIR, pre, post, np.full((4, 6), 128))
    assert want.writes.sum() > 20
    np.testing.assert_array_equal(seen.writes, want.writes.T.ravel())
    np.testing.assert_array_equal(seen.codes, want.w[-1].T.ravel())


@pytest.mark.parametrize("wrong, told", [
    ({"pre": 301}, "pre = 301 spikes, but in 100 steps there are 0 to 300"), ({"post": -1}, "post = -1"),
    ({"writes": ((1.5,),)}, "whole numbers"), ({"writes": (3, 1)}, "of shape"), ({"writes": ((-1,),)}, "whole numbers"),
    ({"writes": ((30, 0, 0), (0, 0, 0))}, "30 writes, but spikes reached synapses only 29 times"),
])
def test_wrong_counts_are_told(wrong, told):
    with pytest.raises(DmpnetError, match=told):
        run(**wrong)


def test_wrong_times_and_chips_are_told():
    with pytest.raises(DmpnetError, match="0 s"):
        wear(np.array([[1]]), 0)
    with pytest.raises(DmpnetError, match="endurance -1"):
        wear(np.array([[1]]), 1, -1)
    with pytest.raises(DmpnetError, match="does not learn"):
        count(run(), replace(CHIP, plasticity=None))
