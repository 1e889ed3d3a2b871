"""The integer membrane by hand: what its word holds, when it is held, and the chips whose adder saturates.

One neuron, whose drive in a step is whatever number is asked for; every value below is worked out on paper.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.arithmetic.fixed import SATURATES, Fixed
from dmpnet.arithmetic.words import Word
from dmpnet.brian import standalone
from dmpnet.brian.simulation import simulate
from dmpnet.brian.trained_program import Trained
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.leaks import Clipped, Shifted
from dmpnet.trained import weights
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

LEVELS = 2**20 - 1
RUNS = pytest.mark.parametrize("run", [reference.run, simulate], ids=["reference", "Brian2"])
WIDE = Word(48)
KEEPS = Neuron(decay="linear", lam=0)  # all of its membrane


def neuron(u, theta, saturates="after", reset="soft", decays=KEEPS, I=WIDE, shift_f=0):
    """A network of one neuron on two inputs, of which one excites and one inhibits by what comes in."""
    fixed = Fixed(np.array([theta]), Word(16), Word(16), u, I, 0, 0, 0, shift_f, 0, 0, np.ones(1), np.empty(0), 1.0,
                  saturates)
    layer = Layer(np.array([[1, -1]], np.int8), np.zeros(1, np.int8), replace(decays, theta_u=theta, reset=reset),
                  fixed=fixed)
    return TrainedNetwork((layer,), np.ones((1, 1), np.int8), np.zeros(1, np.int8),
                          Encoding("analog", 2, 4, 1e-3, levels=LEVELS))


def driven(network, drive, run=reference.run):
    """(u after every step, spikes) as lists, of one neuron that gets the whole numbers `drive`."""
    drive = np.array(drive)
    s_in = np.stack([np.maximum(drive, 0), np.maximum(-drive, 0)], axis=-1)[None] / LEVELS
    found = run(network, s_in, record=("spikes", "u"))
    return found.u[0][0, :, 0].astype(int).tolist(), found.spikes[0][0, :, 0].astype(int).tolist()


@RUNS
@pytest.mark.parametrize("word, drive, u", [
    (Word(4), [5, 5, 5, -20], [5, 7, 7, -8]),
    (Word(4), [-5, -5, -5, 9], [-5, -8, -8, 1]),
    (Word(4, overflow="wrap"), [5, 5, 5, 5], [5, -6, -1, 4]),  # 10 - 16, -6 + 5, -1 + 5
    (Word(4, overflow="wrap"), [-5, -5, 23, -1], [-5, 6, -3, -4]),  # -10 + 16, 29 - 32, -4
    (Word(8), [100, 100, -250, -250], [100, 127, -123, -128])])
def test_a_word_holds_what_it_should(run, word, drive, u):
    """All is kept and nothing reaches the threshold, so that u is the held sum of what came in."""
    assert driven(neuron(word, 10**6), drive, run) == (u, [0] * 4)


@RUNS
@pytest.mark.parametrize("word, drive, u", [
    (Word(4), [5, 100, -100, -100], [5, 12, 4, -4]),  # of the currents, the accumulator's 4 bits hold -8 to 7
    (Word(4, overflow="wrap"), [5, 9, -9, 16], [5, -2, 5, 5])])  # 9 - 16 = -7; -9 + 16 = 7; 0
def test_an_accumulator_holds_what_it_should(run, word, drive, u):
    assert driven(neuron(Word(16), 10**6, I=word), drive, run) == (u, [0] * 4)


@RUNS
@pytest.mark.parametrize("rounding, gained", [
    ("floor", [1, 1, 2, 3, -2, -2, -3]), ("zero", [1, 1, 2, 3, -1, -1, -2]), ("nearest", [1, 2, 2, 4, -1, -2, -2])])
def test_a_current_is_rounded_as_it_should(run, rounding, gained):
    """5, 6, 10, 14, -5, -6 and -10 quarters; halves go to the even number."""
    u, _ = driven(neuron(Word(16, rounding), 10**6, shift_f=2), [5, 6, 10, 14, -5, -6, -10], run)
    assert np.diff(u, prepend=0).tolist() == gained


@RUNS
@pytest.mark.parametrize("rounding, u", [
    ("floor", [100, 89, -100, -90]), ("zero", [100, 89, -100, -89]), ("nearest", [100, 90, -100, -90])])
def test_what_is_kept_of_a_membrane_is_rounded_as_it_should(run, rounding, u):
    """230/256 of 100 is 89.84; then a drive that brings it to -100, of which as much is kept."""
    kept = neuron(Word(16, rounding), 10**6, decays=Neuron(beta=230 / 256))
    left = 81 if rounding == "nearest" else 79  # 230/256 of 90 is 80.86, of 89 79.96
    assert driven(kept, [100, 0, -100 - left, 0], run)[0] == u


@RUNS
@pytest.mark.parametrize("reset, saturates, u, spikes", [
    ("soft", "after", [7, 2, 2, 1], [1, 1, 0, 0]),  # 12 - 5 = 7, still above 5: fires again with no input
    ("soft", "before", [2, 2, 2, 1], [1, 0, 0, 0]),  # 12 is held at 7, 7 - 5 = 2
    ("hard", "after", [0, 0, 0, -1], [1, 0, 0, 0]),
    ("hard", "before", [0, 0, 0, -1], [1, 0, 0, 0])])
def test_a_membrane_that_saturates_before_it_is_compared_forgets_what_is_above_its_word(run, reset, saturates, u,
                                                                                       spikes):
    """Four bits, -8 to 7, a threshold of 5 and a drive of 12, none, none, -1."""
    assert driven(neuron(Word(4), 5, saturates, reset), [12, 0, 0, -1], run) == (u, spikes)


@RUNS
@pytest.mark.parametrize("saturates, u, spikes", [
    ("after", [4, 4, -3], [1, 0, 0]),  # 9 fires and leaves 4, which fits; 4; -3
    ("before", [-7, -7, 2], [0, 0, 0])])  # 9 - 16 = -7 does not fire; -14 + 16 = 2
def test_a_membrane_that_wraps_before_it_is_compared_misses_its_spike(run, saturates, u, spikes):
    assert driven(neuron(Word(4, overflow="wrap"), 5, saturates), [9, 0, -7], run) == (u, spikes)


@RUNS
def test_a_threshold_beyond_the_word_is_reached_only_by_what_is_compared_first(run):
    """20 >= 10 fires although u holds no more than 7; where 7 is all that is compared nothing ever would."""
    assert driven(neuron(Word(4), 10), [20, 0], run) == ([7, 7], [1, 0])
    with pytest.raises(DmpnetError, match="theta_u reaches 10, but u saturates at 7 before it is compared.*more bits"):
        neuron(Word(4), 10, "before")
    assert driven(neuron(Word(4), 7, "before"), [20, 0], run) == ([0, 0], [1, 0])


drives = st.lists(st.integers(-300, 300), min_size=1, max_size=60)


@st.composite
def with_a_saturating_adder(draw):
    """A neuron of dmpnet.hardware.leaks, and the same as a layer of a network."""
    B, reset = draw(st.integers(4, 10)), draw(st.sampled_from(["hard", "soft"]))
    theta = draw(st.integers(1, 2**(B - 1) - 1))
    if draw(st.booleans()):
        lam = draw(st.integers(0, theta))
        return Clipped(B, lam, theta, reset), neuron(Word(B), theta, "before", reset,
                                                     Neuron(decay="linear", lam=lam, theta_u=theta))
    k = draw(st.integers(1, B - 1))
    return Shifted(B, k, theta, reset), neuron(Word(B), theta, "before", reset, Neuron(decay="shift", shift=k))


@given(with_a_saturating_adder(), drives)
def test_a_layer_that_saturates_first_is_the_neuron_of_chips_that_do(pair, drive):
    alone, network = pair
    V, spikes, u = np.zeros(1, np.int64), [], []
    for each in drive:
        V, s = alone.step(V, np.array([each]))
        u.append(int(V[0]))
        spikes.append(int(s[0]))
    assert driven(network, drive) == (u, spikes)


# from the chip's word to spikes


def on_a_chip(saturates):
    """A network and its integers, whose currents are then made four times as large: membranes saturate."""
    network = random_network(reset="soft")
    described = chip.changed(chip.load("dmp"), {"words.u.bits": 8, "datapath.saturates": saturates})
    made = constrain(network, described, random_input(network, 4, seed=5), clip=True).network
    louder = [replace(layer.fixed, **{name: getattr(layer.fixed, name) - 2
                                      for name in ("shift_f", "shift_I", "shift_nu")}) for layer in made.layers]
    return network, replace(made, layers=tuple(replace(layer, fixed=fixed) for layer, fixed
                                               in zip(made.layers, louder, strict=True)))


def with_order(network, saturates):
    return replace(network, layers=tuple(replace(layer, fixed=replace(layer.fixed, saturates=saturates))
                                         for layer in network.layers))


@pytest.mark.parametrize("coupling", ["shared", "synapses"])
@pytest.mark.parametrize("saturates", SATURATES)
def test_brian2_saturates_when_the_chip_does(saturates, coupling):
    network, made = on_a_chip(saturates)
    assert all(layer.fixed.saturates == saturates for layer in made.layers)
    s_in = random_input(network, 4, seed=9)
    want, overflows = reference.watched(made, s_in, record=("spikes", "u"))
    assert all(counts["u"] for counts in overflows), "no membrane saturates: the order shows nothing"
    assert all(0.005 < rate.mean() < 0.6 for rate in want.rates), "silent or saturated: equality would show nothing"
    got = simulate(made, s_in, coupling=coupling, record=("spikes", "u"))
    for a, b in zip(got.spikes + got.u, want.spikes + want.u, strict=True):
        np.testing.assert_array_equal(a, b)
    other = reference.run(with_order(made, "before" if saturates == "after" else "after"), s_in)
    assert (other.spikes[0] != want.spikes[0]).any(), "both orders give the same spikes: this shows nothing"


@pytest.mark.slow
@pytest.mark.parametrize("saturates", SATURATES)
def test_compiled_brian2_saturates_when_the_chip_does(saturates, tmp_path):
    network, made = on_a_chip(saturates)
    s_in = random_input(network, 4, seed=9)
    got = simulate(made, s_in, backend="cpp_standalone", record=("spikes", "u"), cache=tmp_path)
    want = reference.run(made, s_in, record=("spikes", "u"))
    for a, b in zip(got.spikes + got.u, want.spikes + want.u, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("bits", [4, 6, 8, 16])
def test_no_membrane_saturates_below_its_threshold(bits):
    """With few bits and `clip`, a threshold of 64 levels would not fit the word: it then has fewer."""
    network = random_network()
    described = chip.changed(chip.load("dmp"), {"words.u.bits": bits, "datapath.saturates": "before"})
    made = constrain(network, described, random_input(network, 4, seed=5), clip=True)
    for layer in made.network.layers:
        assert layer.fixed.theta_u.max() <= 2**(bits - 1) - 1
    assert made.activity.rates[0].mean() > 0.005


def test_membranes_that_saturate_first_have_room_for_what_comes_before_the_reset():
    """u[k] before the reset, not after: on the calibration samples nothing is lost."""
    network = random_network(reset="hard")
    described = chip.changed(chip.load("dmp"), {"words.u.bits": 10, "datapath.saturates": "before"})
    s_in = random_input(network, 4, seed=5)
    made = constrain(network, described, s_in).network
    assert not any(counts["u"] for counts in reference.watched(made, s_in)[1])


def test_a_file_says_it_only_where_it_is_not_as_it_always_was(tmp_path):
    """So the checksums of files that were written before stay what they are."""
    files = {}
    for saturates in SATURATES:
        files[saturates] = on_a_chip(saturates)[1]
        weights.save(files[saturates], tmp_path / f"{saturates}.npz")
        back = weights.load(tmp_path / f"{saturates}.npz")
        assert weights.checksum(back) == weights.checksum(files[saturates])
        assert all(layer.fixed.saturates == saturates for layer in back.layers)
    after, before = (files[saturates].layers[0].fixed.described for saturates in SATURATES)
    assert "saturates" not in after and before["saturates"] == "before"


def test_another_order_is_another_program():
    made = on_a_chip("after")[1]
    keys = [standalone.key(standalone.designed(Trained(each), 4, 40, ("spikes",)))
            for each in (made, with_order(made, "before"))]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("word", ["first", "", None, ["before"]])
def test_an_order_that_is_none_is_refused(word):
    with pytest.raises(DmpnetError, match="saturates = .*but a membrane does so after or before it is compared"):
        neuron(Word(4), 5, word)
    with pytest.raises(DmpnetError, match="datapath.saturates = .*but it is one of after, before; choose one"):
        chip.changed(chip.load("dmp"), {"datapath.saturates": word})
