"""Scripts of models/ about fast-slow layers and neurons of one's own: their numbers are those of the physics."""

import numpy as np
import pytest
from test_scripts import rows, simulated

from dmpnet.equations import memory


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scripts")



def test_a_layer_tells_intervals_by_its_slow_memory_alone():
    script, found, seen = simulated("intervals")
    fast, slow = found
    assert 60 < fast["fire at own interval %"] < 95 and 60 < slow["fire at own interval %"] < 95
    assert slow["at others %"] < 20 < 60 < fast["at others %"]
    by_guess = abs(np.subtract.outer(script.OWN, script.OWN)).mean()
    assert slow["told wrong by ms"] < script.OWN[0] / 2 < by_guess / 2 < fast["told wrong by ms"]
    assert (seen["d = 6"]["%"].argmax(axis=0) == np.arange(len(script.OWN))).mean() >= 0.5


def test_what_a_neuron_recalls_of_volleys_is_the_impulse_response():
    """W_m m is the sum of one course a volley, as high as the part of the inputs that spiked in it."""
    script, _, seen = simulated("intervals")
    first = (script.FIRST + script.TRIAL * np.arange(len(script.OWN))) // script.DT
    size = (np.random.default_rng(0).random((2 * len(first), script.M)) < script.FIRING).sum(axis=1)
    impulse = np.zeros(len(first) * script.TRIAL // script.DT)
    impulse[np.append(first, first + script.OWN // script.DT) + 1] = size / (script.M * script.FIRING)
    course = memory.impulse_response(*memory.discrete(6, script.WINDOW / script.DT), len(impulse))
    W_m = script.recalling(6)[script.WATCHED]
    wanted = np.convolve(impulse, course @ W_m)[:len(impulse)] * script.WINDOW / script.DT
    np.testing.assert_allclose(1e3 * seen["d = 6"]["u"].I_m_[0], wanted, rtol=0, atol=1e-9)
    assert wanted.max() > script.HELP / 2 and not seen["no W_m"]["u"].I_m_.any()


def test_neurons_as_equations_move_no_spike_and_others_do(folder):
    trained, same, quadratic, adaptive = rows("own_neuron", folder, "--quick")
    assert 1 < trained["layer 1 %"] < 50 and 1 < trained["layer 2 %"] < 50
    assert same | {"neurons of layer 1": "trained"} == trained and same["spikes moved %"] == 0
    assert adaptive["layer 1 %"] < trained["layer 1 %"] < quadratic["layer 1 %"] < 50
    assert min(quadratic["spikes moved %"], adaptive["spikes moved %"]) > 10


def test_adaptation_forgets_as_its_equation_says():
    """The threshold jumps by rise in the steps in which the neuron spikes, and else falls by exp(-dt/tau_a)."""
    script, _, seen = simulated("own_neuron")
    found = seen["adaptive, 0.3"]
    steps = np.flatnonzero(found["spikes"][0][0, :, script.WATCHED])
    a = np.asarray(found["traces"].a)[0, :270]  # within the sample
    jump = a[1:] - a[:-1] * np.exp(-1e-3 / float(script.TAU_A))
    at = np.flatnonzero(jump > 1e-12)
    assert 3 < len(at) < len(a) / 2 and len(np.unique(at - steps[:len(at)])) == 1
    np.testing.assert_allclose(jump[at], 0.3, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.delete(jump, at), 0, atol=1e-12)


def test_a_pair_is_learned_as_far_as_the_gate_was_open():
    """The gate is its closed form after a cue: a pair counts so much, and nothing without the cue."""
    script, found, seen = simulated("gated_learning")
    for name, (w, gate) in seen.items():
        heard = "no cue" not in name
        course = script.opening(*script.GATES[name])[1]
        learned = (w.w[:, -1] - 0.5) / script.PAIR
        np.testing.assert_allclose(learned, heard * course[script.LAGS // script.DT - 2], rtol=0, atol=1e-9)
        start = script.CUE // script.DT + 2  # m hears a spike in the next step, and the gate m in the one after
        np.testing.assert_allclose(gate.gate[0, start:start + len(course)], heard * course, rtol=0, atol=1e-12)
        assert not gate.gate[0, :start].any()
    half = {row["gate"]: row["a half or more for ms"] for row in found}
    assert 0 == half["160 ms, no cue"] < half["160 ms"] < half["160 ms, d = 6"]
    assert found[0]["at ms"] == 160 and abs(found[0]["pairs"] - 1) < 0.01 and found[0]["least"] < -0.1
