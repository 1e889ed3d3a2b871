"""Bits that SRAM holds wrong: two's complement by hand, as many as stated, and nothing but them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.arithmetic.words import Word
from dmpnet.brian.simulation import simulate
from dmpnet.errors import DmpnetError
from dmpnet.hardware import bit_errors, breakdown, chip
from dmpnet.hardware.constrain import constrain

ALL = bit_errors.BILLION


def low(weights=0, slow=0):
    return chip.changed(chip.load("dmp"), {f"errors.{name}": value for name, value in
                                           (("weights", weights), ("slow", slow)) if value})


@pytest.mark.parametrize("word, values, held", [
    (Word(8), [0, 1, -1, 127, -128], [-1, -2, 0, -128, 127]), (Word(4), [0, 7, -8, 3], [-1, -8, 7, -4]),
    (Word(4, signed=False), [0, 15, 5], [15, 0, 10]), (Word(1), [-1, 1], [1, -1])])
def test_every_bit_wrong_is_the_complement(word, values, held):
    found, many = bit_errors.wrong(np.array(values, np.int8), word, ALL, np.random.default_rng(0))
    assert found.tolist() == held and many == word.bits * len(values)


@given(bits=st.integers(2, 12), rate=st.sampled_from([0, 1e-3, 1e-2, 0.3]), seed=st.integers(0, 99))
def test_as_many_bits_are_wrong_as_stated(bits, rate, seed):
    word = Word(bits)
    values = np.random.default_rng(seed + 1).integers(word.low, word.high + 1, 3000)
    held, many = bit_errors.wrong(values, word, int(rate * ALL), np.random.default_rng(seed))
    assert word.low <= held.min() and held.max() <= word.high
    apart = (values ^ held) & (1 << bits) - 1
    assert many == sum(bin(each).count("1") for each in apart.tolist())
    expected = rate * bits * 3000
    assert abs(many - expected) <= 6 * np.sqrt(expected) + (rate > 0)


def test_a_bank_without_errors_holds_what_it_should():
    network = random_network((6, 16, 12, 3), kind="DMP+RSNN")
    made = constrain(network, low(), random_input(network, 4, seed=5)).network
    for described, same in ((low(weights=ALL // 10), ("W_m", "nu", "Abar", "Bbar")), (low(slow=ALL // 10), ("w_x",))):
        held, many = bit_errors.faulty(made, described, 1)
        layers = list(zip(made.layers, held.layers, strict=True))
        assert many > 0 and all((getattr(a.slow, name) == getattr(b.slow, name)).all()
                                for a, b in layers for name in same)
        changed = [(a.W_f != b.W_f).any() and (a.W_r != b.W_r).any() for a, b in layers]
        assert all(changed) if "nu" in same else not any(changed) and (made.W_o == held.W_o).all()
        other = bit_errors.faulty(made, described, 2)[0]
        name = "W_f" if "nu" in same else "slow.Abar"
        assert any((_of(a, name) != _of(b, name)).any() for a, b in zip(held.layers, other.layers, strict=True))


def _of(layer, name):
    return layer.slow.Abar if "." in name else layer.W_f


def test_brian2_computes_what_wrong_bits_say():
    network = random_network((6, 16, 12, 3))
    s_in = random_input(network, 3, seed=9)
    made = constrain(network, low(), random_input(network, 4, seed=5)).network
    held, _ = bit_errors.faulty(made, low(ALL // 200, ALL // 200), 0)
    want = reference.run(held, s_in, record=("spikes", "u"))
    assert all(0.005 < rate.mean() < 0.9 for rate in want.rates) and (
        want.spikes[0] != reference.run(made, s_in).spikes[0]).any()
    got = simulate(held, s_in, record=("spikes", "u"))
    for a, b in zip(got.spikes + got.u, want.spikes + want.u, strict=True):
        np.testing.assert_array_equal(a, b)


def test_more_wrong_bits_cost_more():
    network = random_network((6, 16, 12, 3))
    s_in = random_input(network, 60, seed=5)
    made = constrain(network, low(), s_in).network
    labels = reference.run(made, s_in).predictions
    rates = [np.mean([row["accuracy %"] for row in breakdown.with_errors(made, low(each, each), s_in, labels, 4)])
             for each in (1, ALL // 1000, ALL // 10)]
    assert rates[0] == 100 > rates[2] and rates[1] > rates[2]


def test_what_has_no_wrong_bits_is_refused():
    network = random_network((6, 5, 3))
    with pytest.raises(DmpnetError, match="states no bit errors; set errors.weights"):
        bit_errors.faulty(network, chip.load("dmp"), 0)
    with pytest.raises(DmpnetError, match="computes in real numbers, but SRAM holds integers"):
        bit_errors.faulty(network, low(1, 1), 0)
    with pytest.raises(DmpnetError, match="errors.weights = -1, but it counts"):
        low(weights=-1)
    assert replace(low(5), errors=None).errors is None and low(5).errors.slow == 0
