"""The shift register of a chip's random numbers, by hand."""

import numpy as np
import pytest

from dmpnet.arithmetic import lfsr


def test_its_states_are_those_of_x16_x14_x13_x11_and_1():
    """A bit that falls out is added at places 16, 14, 13 and 11: 0xACE1 >> 1 = 0x5670, and 0xB400 added 0xE270."""
    state, found = 0xACE1, []
    for _ in range(6):
        state = lfsr.following(state)
        found.append(state)
    assert found == [0xE270, 0x7138, 0x389C, 0x1C4E, 0x0E27, 0xB313]
    np.testing.assert_array_equal(lfsr.states(7, 0xACE1), [0xACE1, *found])


def test_noise_of_a_step_follows_that_of_the_step_before_unit_after_unit():
    noise = lfsr.noise(5, 3, "u")
    np.testing.assert_array_equal(noise.ravel()[1:], [lfsr.following(int(state)) for state in noise.ravel()[:-1]])
    starts = {lfsr.noise(1, 1, name)[0, 0] for name in "xmu"}
    assert len(starts) == 3, "quantities have registers of their own"


@pytest.mark.parametrize("leap", [lfsr.ahead, lfsr.later])
def test_a_word_is_sixteen_shifts(leap):
    states = np.array([1, 0xACE1, 0x8000, 0xFFFF])
    want = states
    for _ in range(3 * 16):
        want = lfsr.following(want)
    np.testing.assert_array_equal(leap(states, 3), want)
