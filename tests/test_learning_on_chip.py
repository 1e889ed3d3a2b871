"""Competition in a chip's integers: bit for bit what shift registers and shifts make of it, on every back end."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dmpnet import cli
from dmpnet.arithmetic import lfsr
from dmpnet.errors import DmpnetError
from dmpnet.learning import competition, draws, learned, shows
from dmpnet.learning.competition import Competition
from dmpnet.learning.learner import Learner
from dmpnet.learning.shows import answers
from dmpnet.plasticity import integer_reference

RANDOM = np.random.RandomState(5)
IMAGES = (RANDOM.randint(130, 256, (7, 200)) * (RANDOM.rand(7, 200) < 0.5)).astype(np.uint8)
CLASSES = np.array([0, 1, 2, 0, 1, 2, 0])


def tiny(bits, decay="shift"):
    """Weights begin with a sum of 31, as 0.155 is their mean."""
    return Competition(inputs=200, N=5, present=0.03, norm=28.0, intensity=8, fewest=5, seed=3, chip="learning",
                       decay=decay, changed=(("plasticity.w.bits", bits),))


def plain(s, images):
    """The same, step by step, the array as dmpnet.plasticity.integer_reference has it."""
    state = shows.beginning(s)
    array, theta, number, found = integer_reference.Synapses(s.integers, state.w.T), state.theta.copy(), 0, []
    for image in images:
        intensity = s.intensity
        while True:
            count, theta = presented(s, image, intensity, number, array, theta)
            number += 1
            if count.sum() >= s.fewest or intensity >= s.brightest:
                break
            intensity += 1
        found.append(count)
    return np.array(found), array.w.T, theta, number, array.writes.T


def scale(s, array):
    """w norm / total, cut off after adding the word of this step that no change of weights takes."""
    made, before = s.integers, array.w.copy()
    noise = array.row[None, :] ^ array.column[:, None]
    for _ in range((2 * made.words - 1) * lfsr.BITS):  # this step's words, and all of them but the first
        noise = lfsr.following(noise)
    share = np.minimum(s.norm / s.unit / np.maximum(before.sum(axis=1, keepdims=True), 1), 1.0)
    down = before * share
    array.w = np.floor(down + noise / 2.0**16).astype(np.int64)
    array.writes += array.w != before


def presented(s, image, intensity, number, array, theta):
    unit_e, unit_i = (competition.charge(s, competition.CONSTANTS[key]) for key in ("tau_e", "tau_i"))
    theta = theta * np.exp(-s.rest / 1e4)
    v, g_e, g_i = np.full(s.N, -0.065), np.zeros(s.N), np.zeros(s.N)
    ready, count = np.zeros(s.N, int), np.zeros(s.N, int)
    p = image.astype(float) * intensity * s.dt / 8
    for values in array.traces.values():
        values[:] = 0
    scale(s, array)
    for k in range(s.steps):
        total = 1 + g_e + g_i
        target = (-0.065 - 0.1 * g_i) / total
        v = np.where(ready <= 0, target + (v - target) * np.exp(-s.dt * total / 0.1), v)
        ready -= 1
        g_e, g_i, theta = g_e * np.exp(-s.dt / 1e-3), g_i * np.exp(-s.dt / 2e-3), theta * np.exp(-s.dt / 1e4)
        step = number * s.steps + k
        pre = draws.draw(step * s.inputs + np.arange(s.inputs), s.seed) < p
        post = (v > -0.052 + theta - 0.02) & (ready < 0)
        g_e = g_e + array.w @ pre * s.unit * unit_e
        g_i = g_i + (post.sum() - post) * s.inhibition * unit_i
        array.step(step, pre, post)
        v, theta, ready, count = np.where(post, -0.065, v), theta + 5e-5 * post, np.where(post, 4, ready), count + post
    return count, theta


UNEVEN = replace(tiny(4), present=0.031)
"""Its traces fall every few steps of its 31."""


@pytest.mark.parametrize("settings", [tiny(8), tiny(8, "linear"), tiny(4), tiny(1), UNEVEN],
                         ids=["8", "8 linear", "4", "1", "31 steps"])
@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.slow),
                                     pytest.param("cython", marks=pytest.mark.slow)])
def test_brian2_learns_the_codes_that_shift_registers_make(backend, settings):
    spikes, w, theta, number, writes = plain(settings, IMAGES)
    totals = spikes.sum(axis=1)
    assert 2 <= totals.min() and totals.max() < 100, "silent or saturated: equality would show nothing"
    assert (w != shows.beginning(settings).w).mean() > 0.02 and writes.sum() > 30, "nothing was learned"
    with shows.opened(settings, 40, True, backend) as shown:
        state, got = shown.show(shows.beginning(settings), IMAGES)
    assert_array_equal(got, spikes)
    assert state.shown == number
    assert_array_equal(state.w, w)
    assert_array_equal(state.writes, writes)
    assert_allclose(state.theta, theta, rtol=1e-9)


@pytest.mark.parametrize("bits", [8, 4, 2, 1])
def test_codes_stay_within_their_word_and_sums_below_the_norm(bits):
    """Scaling starts every presentation: what a neuron has above the norm was learned in the last one, or is what
    rounding at random adds: 200 times a variance of at most 1/4, five standard deviations."""
    settings = tiny(bits)
    with shows.opened(settings, 16, True, "numpy") as shown:
        state, spikes = shown.show(shows.beginning(settings), IMAGES)
    made = settings.integers
    assert state.w.min() >= made.lowest and state.w.max() <= made.highest == 2**bits - 1
    assert_array_equal(state.w, np.rint(state.w))
    learned_last = spikes[-1].max() * 200 * 0.01 / settings.unit
    assert (state.w.sum(axis=0) <= settings.norm / settings.unit + learned_last + 5 * np.sqrt(200 / 4)).all()


def test_codes_at_the_start_stand_for_the_weights_at_the_start():
    """Rounding at random is right on average: 10^6 weights, 5 standard errors of a code's fraction."""
    settings = Competition(inputs=1000, N=1000, norm=78.0, chip="learning", changed=(("plasticity.w.bits", 4),))
    exact = competition.start(replace(settings, chip="", changed=()))["w"]
    off = competition.start(settings)["w"] - exact / settings.unit
    assert np.abs(off).max() < 1 and abs(off.mean()) < 5 * 0.5 / 1e3


@pytest.mark.slow
def test_an_interrupted_run_on_chip_ends_with_the_same_bits(tmp_path):
    def learner(name):
        return Learner(tiny(4), IMAGES, CLASSES, tmp_path / name, passes=2, presentations=4, backend="numpy")

    whole, stopped = learner("whole"), learner("stopped")
    whole.run()
    stopped.run(most=2)
    resumed = learner("stopped")
    assert resumed.resume() and 0 < resumed.seen < 14
    resumed.run()
    for name in ("w", "theta", "writes"):
        assert getattr(resumed.state, name).tobytes() == getattr(whole.state, name).tobytes()
    assert resumed.curve == whole.curve
    assert_array_equal(resumed.histograms, whole.histograms)
    assert (whole.histograms.sum(axis=1) == 1000).all()


def test_the_length_of_a_run_changes_nothing_on_chip(tmp_path):
    """Registers go on from run to run; traces that fall every few steps count them from the start of a presentation."""
    assert all(UNEVEN.steps % trace.period for trace in UNEVEN.integers.traces.values())
    ends = []
    for presentations in (3, 8):
        learner = Learner(UNEVEN, IMAGES, CLASSES, tmp_path / f"{presentations}", presentations=presentations,
                          backend="numpy")
        learner.run()
        ends.append(learner.state.w.tobytes())
    assert ends[0] == ends[1]


def test_registers_go_on_where_they_were():
    words = lfsr.states(30, 77)
    assert_array_equal(lfsr.later(words, 7), lfsr.ahead(words, 7))
    assert_array_equal(lfsr.later(lfsr.later(words, 10**9), 5), lfsr.later(words, 10**9 + 5))


@pytest.mark.slow
def test_learned_codes_are_read_back_and_answer_what_they_answered(tmp_path):
    settings = tiny(2, "linear")
    Learner(settings, IMAGES, CLASSES, tmp_path, presentations=4, backend="numpy").run()
    learner = Learner(settings, IMAGES, CLASSES, tmp_path, presentations=4, backend="numpy")
    learner.resume()
    found = learner.finished()
    back = learned.load(tmp_path / "learned.npz")
    assert back.settings == settings and set(np.unique(back.w)) <= {0, 1, 2, 3}
    assert_array_equal(back.w, learner.state.w)
    assert_array_equal(back.writes, learner.state.writes)
    assert_array_equal(answers(back, IMAGES, presentations=4, backend="numpy")[0],
                       answers(found, IMAGES, presentations=4, backend="numpy")[0])
    real = replace(back, settings=replace(settings, chip="", changed=(), decay=""), w=back.w * settings.unit)
    assert_array_equal(answers(real, IMAGES, presentations=4, backend="numpy")[0],
                       answers(back, IMAGES, presentations=4, backend="numpy")[0])


@pytest.mark.parametrize("change, told", [
    ({"chip": ""}, "no chip"), ({"chip": "dmp", "changed": ()}, "does not learn"),
    ({"decay": "none"}, "traces of chip"), ({"changed": (("plasticity.w.bit", 4),)}, "plasticity.w.bit")])
def test_chips_that_cannot_are_refused_before_anything_is_built(change, told, tmp_path):
    with pytest.raises(DmpnetError, match=told):
        Learner(replace(tiny(8), **change), IMAGES, CLASSES, tmp_path)


def test_a_chip_without_room_for_traces_is_refused(tmp_path):
    for key, bank in (("plasticity.traces", "traces"), ("plasticity.random", "random")):
        settings = replace(tiny(8), changed=((key, 100),))
        with pytest.raises(DmpnetError, match=bank):
            Learner(settings, IMAGES, CLASSES, tmp_path)
    assert not any(tmp_path.iterdir())


def test_the_command_line_refuses_a_chip_that_does_not_learn(capsys, tmp_path):
    assert cli.main(["learn", "digits", "--chip", "dmp", "--data", str(tmp_path)]) == 2
    assert "does not learn" in capsys.readouterr().err
