"""Where currents end: each in the word of the membrane before it is added, as in the authors' RTL, or in their sum."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.arithmetic.fixed import CURRENTS, Fixed
from dmpnet.arithmetic.words import Word
from dmpnet.brian import standalone
from dmpnet.brian.simulation import simulate
from dmpnet.brian.trained_program import Trained
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.trained import weights
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import SlowMemory

DMP = chip.load("dmp")
RUNS = pytest.mark.parametrize("run", [
    reference.run, simulate, lambda *given, **more: simulate(*given, coupling="synapses", **more)],
    ids=["reference", "shared", "synapses"])


def of_the_authors(currents, weight=127, M=8, N=4, d=8, P=0, theta_u=512):
    """The authors' layer, all weights alike: no shift, no bias, beta 230/256, threshold 512 subtracted, words of dmp.

    P : W_m Abar, which meets m[k-1]; Abar is 0
    """
    words = DMP.words
    fixed = Fixed(np.full(N, theta_u), words.x, words.m, words.u, words.I, 0, 0, 0, 0, 0, 0, np.ones(N), np.ones(d),
                  1.0, currents=currents)
    whole = {"w_x": np.full(M, weight, np.int16), "b_x": np.zeros((), np.int8), "b_m": np.zeros(N, np.int8),
             "W_m": np.full((N, d), P, np.int16), "Abar": np.zeros((d, d), np.int8),
             "Bbar": np.full(d, weight, np.int16), "nu": np.full(N, weight, np.int16)}
    layer = Layer(np.full((N, M), weight, np.int16), np.zeros(N, np.int8), Neuron(230 / 256, 1.0, 512.0, "soft"),
                  slow=SlowMemory(theta=40.0, **whole), fixed=fixed)
    return TrainedNetwork((layer,), np.ones((2, N), np.int8), np.zeros(2, np.int8), Encoding("spikes", M, 3, 1e-3))


@RUNS
@pytest.mark.parametrize("currents, u", [("each", 32_763), ("sum", 32_767)])
def test_all_weights_127_from_rest(run, currents, u):
    """Four events: 4 * 127 = 508 by the spikes, 127 * 508 = 64,516 by the memory; less the threshold of 512.

    Each held: 508 + 32,767 - 512 = 32,763. In their sum: 64,512, of which the word holds 32,767.
    """
    s_in = np.zeros((1, 3, 8))
    s_in[0, 0, :4] = 1
    found = run(of_the_authors(currents), s_in, record=("spikes", "u", "x"))
    assert found.x[0][0, 0, 0] == 508 and found.spikes[0][0, 0].all()
    assert found.u[0][0, 0].tolist() == [u] * 4


@RUNS
@pytest.mark.parametrize("currents", CURRENTS)
def test_a_current_is_held_at_both_ends_whatever_the_other_does(run, currents):
    """In Python's numbers, three steps of eight events: spikes +1,016; the memory +129,032, then as much and P m.

    With P = -127 the memory's current is far below the word from the second step on, and the leak acts on what was
    held.
    """
    def held(value):
        return max(-32_768, min(32_767, value))

    u, wanted, m = 0, [], 0
    for _ in range(3):
        x = 127 * 8
        currents_k = [127 * 8, held24(-127 * 8 * m) + held24(127 * x)]
        v = (230 * u >> 8) + sum(map(held, currents_k) if currents == "each" else currents_k)
        u, m = held(v - 512 if v >= 512 else v), held(127 * x)
        wanted.append(u)
    found = run(of_the_authors(currents, P=-127), np.ones((1, 3, 8)), record=("u",))
    assert found.u[0][0, :, 0].tolist() == wanted
    assert wanted[1] < 0 < wanted[0], "the memory's current does not change its sign: one end is not met"


def held24(value):
    """What an accumulator of 24 bits holds."""
    return max(-2**23, min(2**23 - 1, value))


def loud(network, by):
    """The integer network with all currents 2^by as large."""
    return replace(network, layers=tuple(replace(layer, fixed=replace(layer.fixed, **{
        name: getattr(layer.fixed, name) - by for name in ("shift_f", "shift_I", "shift_nu")}))
        for layer in network.layers))


@lru_cache
def constrained(currents, by=0, seed=0, **settings):
    network = random_network(reset="soft", seed=seed)
    described = chip.changed(DMP, {"words.u.bits": 8, "datapath.currents": currents} | settings)
    return loud(constrain(network, described, random_input(network, 4, seed=5), clip=True).network, by)


def told(network, currents):
    return replace(network, layers=tuple(replace(layer, fixed=replace(layer.fixed, currents=currents))
                                         for layer in network.layers))


def lively(made):
    return all(0.005 < rate.mean() < 0.6 for rate in reference.run(made, random_input(made, 3, seed=9)).rates)


def assert_same(made, coupling="shared"):
    s_in = random_input(made, 3, seed=9)
    want = reference.run(made, s_in, record=("spikes", "u"))
    got = simulate(made, s_in, coupling=coupling, record=("spikes", "u"))
    for a, b in zip(got.spikes + got.u, want.spikes + want.u, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("coupling", ["shared", "synapses"])
@pytest.mark.parametrize("currents", CURRENTS)
def test_brian2_holds_them_where_the_reference_does(currents, coupling):
    made = told(constrained("each", 2), currents)
    assert lively(made), "silent or saturated: equality would show nothing"
    assert_same(made, coupling)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 3), by=st.integers(0, 2), overflow=st.sampled_from(["saturate", "wrap"]),
       rounding=st.sampled_from(["floor", "nearest", "zero"]), saturates=st.sampled_from(["after", "before"]),
       currents=st.sampled_from(CURRENTS), coupling=st.sampled_from(["shared", "synapses"]))
def test_brian2_holds_them_so_in_any_words(seed, by, overflow, rounding, saturates, currents, coupling):
    made = constrained(currents, by, seed, **{"words.u.overflow": overflow, "words.u.rounding": rounding,
                                              "datapath.saturates": saturates})
    assume(lively(made))
    assert_same(made, coupling)


def test_it_tells():
    """The same integers with the other word are another network: else equality above would show nothing."""
    made = constrained("each", 2)
    s_in = random_input(made, 3, seed=9)
    each, both = (reference.run(told(made, word), s_in) for word in ("each", "sum"))
    assert any((a != b).any() for a, b in zip(each.spikes, both.spikes, strict=True))
    counted = reference.watched(made, s_in)[1]
    assert all(counts["u"] for counts in counted), "no current is too large for its word"


def test_without_clip_no_current_saturates_in_calibration():
    network = random_network(reset="soft")
    s_in = random_input(network, 4, seed=5)
    made = constrain(network, chip.changed(DMP, {"words.u.bits": 9}), s_in).network
    assert all(layer.fixed.currents == "each" for layer in made.layers)
    assert not any(counts["u"] for counts in reference.watched(made, s_in)[1])


def test_a_file_says_it_only_where_it_is_not_as_it_always_was(tmp_path):
    found = {}
    for word in CURRENTS:
        made = constrained(word)
        weights.save(made, tmp_path / f"{word}.npz")
        back = weights.load(tmp_path / f"{word}.npz")
        assert weights.checksum(back) == weights.checksum(made)
        found[word] = back.layers[0].fixed
        assert found[word].currents == word
    assert "currents" not in found["sum"].described and found["each"].described["currents"] == "each"


def test_another_word_is_another_program():
    made = constrained("each")
    keys = [standalone.key(standalone.designed(Trained(each), 4, 40, ("spikes",)))
            for each in (made, told(made, "sum"))]
    assert keys[0] != keys[1]


def test_the_authors_chips_hold_each_and_the_ideal_one_the_sum():
    found = {name: chip.load(name).datapath.currents for name in chip.names()}
    assert {name for name, word in found.items() if word == "each"} >= {"dmp", "dmp-256", "dmp-camera"}
    assert found["ideal"] == "sum"


@pytest.mark.parametrize("word", ["both", "", None, True])
def test_a_word_that_is_none_is_refused(word):
    with pytest.raises(DmpnetError, match="currents = .*; set one of sum, each"):
        replace(of_the_authors("sum").layers[0].fixed, currents=word)
    with pytest.raises(DmpnetError, match="datapath.currents = .*but it is one of sum, each; choose one"):
        chip.changed(DMP, {"datapath.currents": word})


def test_words_of_one_bit_more_would_do():
    """The closed form of the difference: with a word that holds the memory's current both are the same."""
    s_in = np.zeros((1, 3, 8))
    s_in[0, 0, :4] = 1
    wide = [replace(made, layers=(replace(made.layers[0], fixed=replace(made.layers[0].fixed, u=Word(18))),))
            for made in map(of_the_authors, CURRENTS)]
    assert [reference.run(made, s_in, record=("u",)).u[0][0, 0, 0] for made in wide] == [64_512] * 2
