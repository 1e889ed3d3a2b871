"""The shift register of a chip's random numbers, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.arithmetic import lfsr
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.plasticity.integer_rule import drawn
from dmpnet.plasticity.rules.binary import registers
from dmpnet.trained import weights


def test_its_states_are_those_of_x16_x14_x13_x11_and_1():
    """A bit that falls out is added at places 16, 14, 13 and 11: 0xACE1 >> 1 = 0x5670, and 0xB400 added 0xE270."""
    state, found = 0xACE1, []
    for _ in range(6):
        state = lfsr.following(state)
        found.append(state)
    assert found == [0xE270, 0x7138, 0x389C, 0x1C4E, 0x0E27, 0xB313]
    np.testing.assert_array_equal(lfsr.states(7, 0xACE1), [0xACE1, *found])


def test_noise_of_a_step_follows_that_of_the_step_before_unit_after_unit_sixteen_shifts_a_word():
    noise = lfsr.noise(5, 3, "u").ravel()
    np.testing.assert_array_equal(noise[1:], lfsr.ahead(noise[:-1], 1))
    starts = {lfsr.noise(1, 1, name, seed)[0, 0] for name in "xmu" for seed in (0, 1, 2)}
    assert len(starts) == 9, "quantities and layers have registers of their own"


def test_words_come_again_after_all_of_them():
    """gcd(16, 2^16 - 1) = 1: every state once, then from the beginning."""
    found = lfsr.words(lfsr.PERIOD + 3, 0xACE1)
    assert found[0] == 0xACE1 and len(set(found[:lfsr.PERIOD].tolist())) == lfsr.PERIOD
    np.testing.assert_array_equal(found[lfsr.PERIOD:], found[:3])


def correlation(one, other):
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_neighbours_draw_without_correlation():
    """Over the whole period, words up to 1,342 apart have none, but for the state 0 that does not occur, up to 4,095
    apart less than 0.05. One shift apart it is 0.38, and so 4,096 words apart, as 16 * 4,096 = 1 modulo the period."""
    found = lfsr.words(lfsr.PERIOD, 1).astype(float)
    assert correlation(lfsr.states(lfsr.PERIOD).astype(float), np.roll(lfsr.states(lfsr.PERIOD), -1)) > 0.37
    apart = np.fft.irfft(np.abs(np.fft.rfft(found - found.mean()))**2, lfsr.PERIOD)
    apart /= apart[0]
    assert np.abs(apart[1:1343]).max() < 0.003 and np.abs(apart[1:4096]).max() < 0.05
    assert apart[4096] == pytest.approx(0.381, abs=0.001)
    assert 16 * 4096 % lfsr.PERIOD == 1


@given(seed=st.integers(0, 10**6))
def test_noise_of_a_layer_is_even_and_its_neighbours_apart(seed):
    """100 steps of 128 units: means and correlations of 12,800 draws, within five standard errors."""
    noise = lfsr.noise(100, 128, "u", seed) / 2.0**lfsr.BITS
    assert abs(noise.mean() - 0.5) < 5 / np.sqrt(12 * noise.size)
    assert abs(correlation(noise[:, 1:], noise[:, :-1])) < 5 / np.sqrt(noise.size)
    assert abs(correlation(noise[1:], noise[:-1])) < 5 / np.sqrt(noise.size)


def test_layers_draw_other_numbers_and_a_seed_all_others():
    network = random_network(d=(4, 6))
    s_in = random_input(network, 4, seed=5)

    def made(seed):
        described = chip.changed(chip.load("dmp"), {"datapath.seed": seed} | {
            f"words.{name}.rounding": "stochastic" for name in "xmu"})
        return constrain(network, described, s_in).network

    one, again, other = made(1), made(1), made(2)
    assert weights.checksum(one) == weights.checksum(again) != weights.checksum(other)
    seeds = [layer.fixed.seed for each in (one, other) for layer in each.layers]
    assert len(set(seeds)) == 4
    moved = replace(one, layers=tuple(replace(layer, fixed=replace(layer.fixed, seed=layer.fixed.seed + 1))
                                      for layer in one.layers))
    drawn = [reference.run(each, s_in, record=("u",)).u[0] for each in (one, moved)]
    assert (drawn[0] != drawn[1]).any()
    alone = reference.run(one, s_in[2:3], record=("u",)).u[0]
    np.testing.assert_array_equal(alone[0], drawn[0][2])  # whatever came before


def test_a_layer_that_draws_nothing_has_no_seed():
    """So its file is the same whatever the chip's is."""
    network = random_network()
    made = constrain(network, chip.load("dmp"), random_input(network, 4, seed=5)).network
    assert all(layer.fixed.seed == 0 and "seed" not in layer.fixed.described for layer in made.layers)
    with pytest.raises(DmpnetError, match="seed = -1, but it names where registers start"):
        replace(made.layers[0].fixed, seed=-1)
    with pytest.raises(DmpnetError, match="datapath.seed = 0, but it counts something"):
        chip.changed(chip.load("dmp"), {"datapath.seed": 0})


def test_what_two_neurons_synapses_draw_in_a_step_differs_by_one_word_for_all_inputs():
    """Words of rows r and columns c: r ^ c, so that four in a rectangle come to 0, and over the inputs of one step two
    neurons agree in the first bit everywhere or nowhere. From step to step that word is another."""
    row, column = (registers(600).astype(np.int64)[part] for part in (slice(300), slice(300, None)))
    noise = drawn(row[:, None], column[None, :], 3)
    apart = noise[:, :-1] ^ noise[:, 1:]
    assert (apart == apart[0]).all() and (apart[0] != 0).all()
    of_pairs = np.array([correlation(noise[:, n], noise[:, n + 1]) for n in range(299)])
    assert np.abs(of_pairs).min() > 0.3, "of sums of independent bits, 3/4 of which is the first"


def test_two_synapses_draw_without_correlation_from_step_to_step():
    """Three synapses, two in a row, two in a column, over 20,000 words: within five standard errors."""
    first, second, other = (lfsr.words(20_000, state).astype(float) for state in (3 ^ 77, 3 ^ 1234, 500 ^ 77))
    np.testing.assert_array_equal(first[:50], [drawn(3, 77, number) for number in range(50)])
    for one, another in ((first, second), (first, other), (second, other)):
        assert abs(correlation(one, another)) < 5 / np.sqrt(20_000)
