"""Learning without labels: input drawn by chance, competition, weights, and going on where a run was stopped."""

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, NetworkOperation, NeuronGroup, SpikeMonitor, mV, second
from brian2 import ms as millisecond
from numpy.testing import assert_allclose, assert_array_equal

from dmpnet import cli, reference
from dmpnet.brian.simulation import simulate
from dmpnet.data import Recordings
from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.learning import competition, draws, hidden, labels, learned, online, readout, shows
from dmpnet.learning.competition import Competition
from dmpnet.learning.learner import Learner
from dmpnet.learning.online import OnLine
from dmpnet.learning.shows import answers
from dmpnet.plasticity import protocols, rule
from dmpnet.plasticity.protocols import brian2_on
from dmpnet.trained import weights

TINY = Competition(inputs=200, N=5, present=0.03, norm=120.0, fewest=5, seed=3)
RANDOM = np.random.RandomState(5)
IMAGES = (RANDOM.randint(130, 256, (7, 200)) * (RANDOM.rand(7, 200) < 0.5)).astype(np.uint8)
CLASSES = np.array([0, 1, 2, 0, 1, 2, 0])


# chance


def test_draws_are_splitmix64():
    """The first outputs of the published generator from state 0."""
    published = (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC)
    assert_array_equal(draws.draw(np.arange(4), 0), [(word >> 11) * 2.0**-53 for word in published])


def test_draws_are_uniform_and_streams_differ():
    """Mean and variance of 10^5 uniform numbers within 5 standard errors; no two streams correlate beyond that."""
    u, other = draws.draw(np.arange(100_000), 1), draws.draw(np.arange(100_000), 2)
    assert abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 1e5)
    assert abs(u.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / 1e5)
    assert abs(np.corrcoef(u, other)[0, 1]) < 5 / np.sqrt(1e5)


def test_pixels_spike_at_an_eighth_of_their_value_times_the_intensity():
    """0, 128, 255 at intensity 2: 0, 32, 63.75 Hz; counts within 5 standard deviations of binomial ones."""
    settings = replace(TINY, inputs=3, N=2, norm=1.0, fewest=0, present=0.4)
    images = np.tile(np.array([0, 128, 255], np.uint8), (5, 1))
    with shows.opened(settings, 5, False, "numpy") as shown:
        heard = SpikeMonitor(shown.network["input"])
        shown.network.add(heard)
        shown.network.store()
        shown.show(shows.beginning(settings), images)
        counts = np.bincount(np.array(heard.i), minlength=3)
    p = np.array([0, 128, 255]) * 2 / 8 * settings.dt
    n = 5 * settings.steps
    assert counts[0] == 0
    assert (np.abs(counts - n * p) <= 5 * np.sqrt(n * p * (1 - p))).all()


# the network


def test_an_inhibitory_neuron_spikes_once_for_a_spike_of_its_partner():
    """Why there are none here: constants and Euler step of the authors' code, one excitatory spike of weight 10.4."""
    with brian2_on("numpy", 0.5e-3):
        inhibitory = NeuronGroup(1, """dv/dt = (-60*mV - v + g_e*(0*mV - v))/(10*ms) : volt (unless refractory)
                                       dg_e/dt = -g_e/(1*ms) : 1""", threshold="v > -40*mV", reset="v = -45*mV",
                                 refractory=2 * millisecond, method="euler", namespace={"mV": mV, "ms": millisecond})
        inhibitory.v, inhibitory.g_e = -60 * mV, 10.4
        heard = SpikeMonitor(inhibitory)
        Network(inhibitory, heard).run(0.1 * second, namespace={})
        assert heard.num_spikes == 1


def test_a_conductance_brings_the_charge_it_brings_in_continuous_time():
    """Its sum over steps of 1 ms is its integral: tau."""
    for tau in (competition.CONSTANTS["tau_e"], competition.CONSTANTS["tau_i"]):
        decays = np.exp(-np.arange(200) * TINY.dt / float(tau))
        assert competition.charge(TINY, tau) * decays.sum() * TINY.dt == pytest.approx(float(tau), rel=1e-12)


def plain(settings, images):
    """The same network, written again step by step in NumPy: spikes of each image, w, theta, presentations."""
    state = shows.beginning(settings)
    w, theta = state.w.copy(), state.theta.copy()
    number, found = 0, []
    unit = {key: competition.charge(settings, competition.CONSTANTS[key]) for key in ("tau_e", "tau_i")}
    for image in images:
        intensity, count = settings.intensity, np.zeros(settings.N, int)
        while True:
            count, w, theta = presented(settings, image, intensity, number, w, theta, unit)
            number += 1
            if count.sum() >= settings.fewest or intensity >= settings.brightest:
                break
            intensity += 1
        found.append(count)
    return np.array(found), w, theta, number


def presented(s, image, intensity, number, w, theta, unit):
    theta = theta * np.exp(-s.rest / 1e4)
    w = w * (s.norm / w.sum(axis=0))
    v, g_e, g_i = np.full(s.N, -0.065), np.zeros(s.N), np.zeros(s.N)
    x, y1, y2 = np.zeros(s.inputs), np.zeros(s.N), np.zeros(s.N)
    ready, count = np.zeros(s.N, int), np.zeros(s.N, int)
    p = image.astype(float) * intensity * s.dt / 8
    for k in range(s.steps):
        total = 1 + g_e + g_i
        target = (-0.065 - 0.1 * g_i) / total
        moved = target + (v - target) * np.exp(-s.dt * total / 0.1)
        v = np.where(ready <= 0, moved, v)
        ready -= 1
        g_e, g_i = g_e * np.exp(-s.dt / 1e-3), g_i * np.exp(-s.dt / 2e-3)
        theta = theta * np.exp(-s.dt / 1e4)
        x, y1, y2 = x * np.exp(-s.dt / 0.02), y1 * np.exp(-s.dt / 0.02), y2 * np.exp(-s.dt / 0.04)
        place = (number * s.steps + k) * s.inputs + np.arange(s.inputs)
        pre = draws.draw(place, s.seed) < p
        post = (v > -0.052 + theta - 0.02) & (ready < 0)
        g_e = g_e + pre @ w * unit["tau_e"]
        g_i = g_i + (post.sum() - post) * s.inhibition * unit["tau_i"]
        w = np.where(pre[:, None], np.clip(w - 1e-4 * y1, 0, 1), w)
        w = np.where(post, np.clip(w + 0.01 * x[:, None] * y2, 0, 1), w)
        x, y1, y2 = np.where(pre, 1, x), np.where(post, 1, y1), np.where(post, 1, y2)
        v, theta, ready, count = np.where(post, -0.065, v), theta + 5e-5 * post, np.where(post, 4, ready), count + post
    return count, w, theta


@pytest.fixture(scope="module")
def expected():
    found = plain(TINY, IMAGES)
    totals = found[0].sum(axis=1)
    assert 2 <= totals.min() and totals.max() < 100, "silent or saturated: equality would show nothing"
    scaled = competition.normalised(shows.beginning(TINY).w, TINY)
    assert np.abs(found[1] - scaled).max() > 0.02, "nothing was learned"
    assert found[3] > len(IMAGES), "no image was shown again"
    return found


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.slow),
                                     pytest.param("cython", marks=pytest.mark.slow)])
def test_brian2_learns_what_numpy_learns(backend, expected):
    """Spikes equal; weights and thresholds to 1e-9 of the largest: some 1,000 steps, each rounded otherwise."""
    spikes, w, theta, number = expected
    with shows.opened(TINY, 16, True, backend) as shown:
        state, got = shown.show(shows.beginning(TINY), IMAGES)
    assert_array_equal(got, spikes)
    assert state.shown == number
    assert_allclose(state.w, w, rtol=0, atol=1e-9)
    assert_allclose(state.theta, theta, rtol=1e-9)


def test_weights_sum_to_the_norm_and_silence_changes_nothing():
    """Two images in a run of 6 presentations: what is left over is silent and leaves all as it was."""
    with shows.opened(TINY, 6, True, "numpy") as shown:
        state, spikes = shown.show(shows.beginning(TINY), IMAGES[:2])
        again, none = shown.show(state, IMAGES[:0])
    assert len(spikes) == 2 and len(none) == 0 and state.shown == again.shown < 6
    assert_array_equal(state.w, again.w)
    assert_array_equal(state.theta, again.theta)
    drift = np.abs(state.w.sum(axis=0) - TINY.norm).max()
    assert 0 < drift < 1  # of one presentation; the next scales it away
    assert_allclose(competition.normalised(state.w, TINY).sum(axis=0), TINY.norm, rtol=1e-12)


def test_an_image_too_dark_is_shown_again_brighter_and_passed_on_at_the_end():
    settings = replace(TINY, brightest=4)
    with shows.opened(settings, 6, True, "numpy") as shown:
        state, spikes = shown.show(shows.beginning(settings), np.zeros((1, 200), np.uint8))
    assert state.shown == 3 and state.intensity == 4 and spikes.sum() == 0  # intensities 2, 3, 4


@pytest.mark.slow
def test_frozen_networks_answer_and_stay_as_they_are():
    state = shows.beginning(TINY)
    found = learned.Learned(TINY, state.w, state.theta, np.arange(5))
    spikes, again = answers(found, IMAGES[:2], IMAGES[:2], presentations=2, backend="numpy")
    assert spikes.shape == (2, 5) and spikes.sum() > 6
    assert_array_equal(spikes, again)
    assert_array_equal(spikes[:1], answers(found, IMAGES[:1], presentations=3, backend="numpy")[0])
    assert_array_equal(found.w, shows.beginning(TINY).w)


# runs


def test_an_interrupted_run_ends_with_the_same_bits(tmp_path):
    whole = Learner(TINY, IMAGES, CLASSES, tmp_path / "whole", passes=2, presentations=4, backend="numpy")
    whole.run()
    stopped = Learner(TINY, IMAGES, CLASSES, tmp_path / "stopped", passes=2, presentations=4, backend="numpy")
    stopped.run(most=2)
    assert 0 < stopped.seen < 14
    resumed = Learner(TINY, IMAGES, CLASSES, tmp_path / "stopped", passes=2, presentations=4, backend="numpy")
    assert resumed.resume()
    resumed.run()
    assert resumed.seen == whole.seen == 14
    assert resumed.state.w.tobytes() == whole.state.w.tobytes()
    assert resumed.state.theta.tobytes() == whole.state.theta.tobytes()
    assert resumed.curve == whole.curve
    assert_array_equal(resumed.finished().neurons, whole.finished().neurons)
    assert_array_equal(learned.load(tmp_path / "stopped/learned.npz").w, learned.load(tmp_path / "whole/learned.npz").w)


def test_the_length_of_a_run_changes_nothing(tmp_path):
    ends = []
    for presentations in (3, 8):
        learner = Learner(TINY, IMAGES, CLASSES, tmp_path / f"{presentations}", presentations=presentations,
                          backend="numpy")
        learner.run()
        ends.append(learner.state.w.tobytes())
    assert ends[0] == ends[1]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    learner = Learner(TINY, IMAGES, CLASSES, tmp_path, presentations=4, backend="numpy")
    learner.run(most=1)
    with pytest.raises(DmpnetError, match="seed = 3, but this run asks for 4"):
        Learner(replace(TINY, seed=4), IMAGES, CLASSES, tmp_path, presentations=4).resume()
    for images, classes in ((255 - IMAGES, CLASSES), (IMAGES, (CLASSES + 1) % 3)):
        with pytest.raises(DmpnetError, match="learned with data = .*or the same settings and data"):
            Learner(TINY, images, classes, tmp_path, presentations=4).resume()
    (tmp_path / "checkpoint.npz").write_bytes(b"PK half a file")
    with pytest.raises(DmpnetError, match="not a whole .*delete it"):
        learner.resume()


@pytest.mark.parametrize("change, told", [({"images": IMAGES[:, :4]}, "200 inputs"), ({"passes": 0}, "passes >= 1")])
def test_bad_requests_are_refused_before_anything_is_built(change, told, tmp_path):
    given = {"images": IMAGES, "labels": CLASSES, "folder": tmp_path} | change
    with pytest.raises(DmpnetError, match=told):
        Learner(TINY, **given)


@pytest.mark.parametrize("change, told", [
    ({"N": 1}, "N >= 2"), ({"dt": -1e-3}, "dt > 0"), ({"rule": "hebb"}, "no such rule"),
    ({"rule": "slow-memory-gated"}, "third factor"), ({"norm": 0.0}, "norm > 0")])
def test_settings_that_cannot_be_are_refused(change, told):
    with pytest.raises(DmpnetError, match=told):
        replace(TINY, **change)


def test_the_command_line_refuses_before_any_work(tmp_path, capsys, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "file").write_text("")
    for options, told in ((["digits", "--rule", "hebb", "--data", str(tmp_path)], "dmpnet"),
                          (["digits", "--out", str(tmp_path / "file")], "is a file, but a folder is due there"),
                          (["readout", "braille", "--by", "class"], "--by class: nothing is held out"),
                          (["readout", "shd-regen", "--backend", "neuron"], "choose one")):
        assert cli.main(["learn", *options]) == 2
        said = capsys.readouterr().err
        assert told in said and said.count("\n") == 1
    assert not list(Path().iterdir())


@pytest.mark.parametrize("path", sorted((shipped.folder() / "digits-competition").glob("learned*.npz")),
                         ids=lambda path: path.stem)
def test_what_ships_was_learned(path):
    """Weights of every neuron sum to the norm (half precision: 784 rounding errors), every class has neurons."""
    found = learned.load(path)
    assert_allclose(found.w.sum(axis=0), found.settings.norm, rtol=2**-11)
    assert set(found.neurons[found.neurons >= 0]) == set(range(10))
    contrast = found.w.std(axis=0) / competition.start(found.settings)["w"].std(axis=0)
    assert (contrast > 1).mean() > 0.9, "weights are as blurred as at the start"


def test_a_learned_file_is_read_back_or_refused(tmp_path):
    state = shows.beginning(TINY)
    with pytest.raises(WeightsError, match=r"\(200, 5\)"):
        learned.Learned(TINY, state.w.T, state.theta, np.zeros(5))
    (tmp_path / "other.npz").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="dmpnet learn digits"):
        learned.load(tmp_path / "other.npz")
    learned.save(learned.Learned(TINY, state.w, state.theta, np.arange(5), {"seed": 3}), tmp_path / "mine.npz")
    back = learned.load(tmp_path / "mine.npz")
    assert back.settings == TINY and back.provenance == {"seed": 3}
    assert_allclose(back.w, state.w, rtol=2**-11)  # half precision


# labels


def test_neurons_stand_for_what_they_answer_most_and_silent_ones_for_nothing():
    responses = np.array([[3, 0, 0, 1], [1, 0, 0, 1], [0, 5, 0, 2]])
    assert_array_equal(labels.assigned(responses, np.array([0, 0, 1]), 3), [0, 1, -1, 1])


def test_the_vote_is_of_the_mean_so_that_large_classes_do_not_win_by_size():
    neurons = np.array([0, 0, 0, 1, -1])
    responses = np.array([[1, 1, 1, 2, 9], [4, 0, 0, 1, 9], [0, 0, 0, 0, 9]])
    assert_array_equal(labels.voted(responses, neurons, 3), [1, 0, 0])




# a readout that learns on line


def test_stdp_tunes_a_drawn_pathway_and_leaves_silent_channels_alone():
    """Rows have unit length again; between two channels that never spike nothing but the scale can change."""
    random = np.random.RandomState(2)
    values = (random.rand(12, 40, 6) < 0.2).astype(np.uint8)
    values[:, :, 4:] = 0
    heard = Recordings("tiny", "train", "spikes", values, 1.0, np.arange(12) % 3, None, 3, 0.01)
    before = hidden.drawn(heard, 20, blocks=((4, 20.0),), width=2.0, seed=1)
    after = hidden.by_stdp(before, heard, samples=12, A_plus=5e-3)
    W_f, old = after.layers[0].W_f, before.layers[0].W_f
    assert_allclose((W_f**2).sum(axis=1), 1, rtol=1e-12)
    assert_allclose(W_f[:, 4] * old[:, 5], W_f[:, 5] * old[:, 4], rtol=1e-9)
    assert np.abs(W_f - old)[:, :4].mean() > 0.004, "nothing was learned"
    assert_array_equal(hidden.by_stdp(before, heard, samples=12, A_plus=5e-3).layers[0].W_f, W_f)
    with pytest.raises(DmpnetError, match="hears spikes"):
        hidden.by_stdp(weights.load(shipped.path("smnist-dmp2")), heard)


def recordings(n=12, T=20, M=8, classes=3, seed=0):
    """Spikes of channels of one's class, a class in each third of the channels, and some of the others."""
    random = np.random.RandomState(seed)
    taught = random.randint(0, classes, n)
    likely = np.where(np.arange(M) * classes // M == taught[:, None], 0.5, 0.1)
    values = (random.rand(n, T, M) < likely[:, None]).astype(np.uint8)
    return Recordings("tiny", "train", "spikes", values, 1.0, taught.astype(np.int64), None, classes, 0.01)


def test_a_delta_step_is_the_gradient_of_the_logistic_loss():
    """W - W_0 = -eta dL/dW, L = -sum_c log p(q_c | y_c), by differences of 1e-6, whose error is of order 1e-9."""
    random = np.random.RandomState(0)
    start = readout.Readout(random.randn(3, 4), random.randn(3), np.zeros(4), np.ones(4), 10**12)  # z = r/1.01
    r = random.rand(4)

    def loss(W):
        y = W @ r / 1.01 + start.b
        return np.logaddexp(0, np.where(np.arange(3) == 1, -y, y)).sum()

    after, _ = readout.exact(start, r[None], np.array([1]), 0.3)
    slope = np.array([[(loss(start.W + h) - loss(start.W - h)) / 2e-6 for n in range(4)
                       for h in [1e-6 * (np.arange(12).reshape(3, 4) == 4 * c + n)]] for c in range(3)])
    assert_allclose(after.W - start.W, -0.3 * slope, atol=1e-8)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cython", marks=pytest.mark.slow),
                                     pytest.param("cpp_standalone", marks=pytest.mark.slow)])
def test_brian2_learns_the_readout_numpy_learns(backend):
    """40 samples; sums over 30 neurons may round otherwise, a few eps a sample."""
    random = np.random.RandomState(1)
    r, taught = random.rand(40, 30), random.randint(0, 4, 40)
    want, told = readout.exact(readout.blank(4, 30), r, taught, 0.5)
    got, said = readout.learn(readout.blank(4, 30), r, taught, 0.5, backend)
    assert np.abs(want.W).max() > 0.5 and len(set(told)) > 1
    for key in ("W", "b", "a", "v"):
        assert_allclose(getattr(got, key), getattr(want, key), rtol=0, atol=1e-12)
    assert_allclose(want.a, r.mean(axis=0), rtol=1e-12)
    assert_allclose(want.v, r.var(axis=0), rtol=1e-11)
    W_o, b_o = want.folded()
    back = readout.of(W_o, b_o, r)
    assert_allclose(back.W, want.W, rtol=1e-10)
    assert_allclose(back.b, want.b, rtol=1e-10)
    assert_array_equal(said, told)


def test_a_drawn_pathway_spikes_by_context_and_its_traces_are_mean_spikes():
    data = recordings()
    network = hidden.drawn(data, 30, blocks=((3, 5.0), (2, 10.0)), width=1.5)
    spikes = reference.run(network, data.batch(slice(None))).spikes[0]
    assert 0.02 < spikes.mean() < 0.5
    assert_allclose(online.traces(network, data.batch(slice(None))), spikes.mean(axis=1), rtol=1e-12)
    assert network.kind == "DMP" and hidden.drawn(data, 30, context=0.0).kind == "FSNN"


@pytest.mark.slow
def test_a_setting_with_a_unit_is_named():
    with pytest.raises(DmpnetError, match="competition: present = 0.35 s has the unit second, but it is without one"):
        Competition(present=350 * millisecond)


def test_interrupted_on_line_learning_ends_with_the_same_bits_and_its_network_runs_anywhere(tmp_path):
    data = recordings()
    network = hidden.drawn(data, 30, blocks=((3, 5.0),), width=1.5)
    whole = OnLine(network, data, tmp_path / "whole", 0.1, passes=3, piece=5).run()
    OnLine(network, data, tmp_path / "stopped", 0.1, passes=3, piece=5).run(most=4)
    resumed = OnLine(network, data, tmp_path / "stopped", 0.1, passes=3, piece=5)
    assert resumed.resume() and 0 < resumed.seen < 36
    found = resumed.run()
    assert found.W_o.tobytes() == whole.W_o.tobytes() and found.b_o.tobytes() == whole.b_o.tobytes()
    loaded = weights.load(tmp_path / "stopped/weights.npz")
    logits = simulate(loaded, data.batch(slice(None))).logits
    assert_array_equal(logits.argmax(axis=1), reference.run(found, data.batch(slice(None))).logits.argmax(axis=1))
    assert (logits.argmax(axis=1) == data.labels).mean() > 0.7
    with pytest.raises(DmpnetError, match="eta = 0.1, but this run asks for 0.5"):
        OnLine(network, data, tmp_path / "stopped", 0.5, passes=3, piece=5).resume()
    with pytest.raises(DmpnetError, match="both are positive"):
        OnLine(network, data, tmp_path / "other", eta=0.0)


def test_on_line_learning_does_not_go_on_with_other_data(tmp_path):
    """As many samples, but other ones, or others' labels; nor are what they were heard as taken for each other."""
    data = recordings()
    network = hidden.drawn(data, 30, context=0.0)
    OnLine(network, data, tmp_path, 0.1, passes=2, piece=5).run(most=1)
    for other in (recordings(seed=1), replace(data, labels=(data.labels + 1) % 3)):
        with pytest.raises(DmpnetError, match="learned with data = .*or the same settings and data"):
            OnLine(network, other, tmp_path, 0.1, passes=2, piece=5).resume()
    other = OnLine(network, recordings(seed=1), tmp_path, 0.1, passes=2, piece=5)
    assert_array_equal(other.traces(), online.traces(network, other.data.batch(slice(None))))


# runs that do not come to their end


def a_delta_rule(folder):
    return readout.learn(readout.blank(2, 3), np.ones((40, 3)), np.zeros(40, int), 0.1)


def images(folder):
    with shows.opened(TINY, 6, True, "numpy") as shown:
        return shown.show(shows.beginning(TINY), IMAGES[:2])


def a_hidden_pathway(folder):
    data = recordings()
    return hidden.by_stdp(hidden.drawn(data, 8, blocks=((3, 5.0),), width=1.5), data, samples=12)


def a_protocol(folder):
    spikes = np.eye(40, 2, dtype=bool)
    return protocols.run(rule("pair-additive"), spikes, spikes, np.full(4, 0.5))


def whole_learning(folder):
    data = recordings()
    return OnLine(hidden.drawn(data, 8, blocks=((3, 5.0),), width=1.5), data, folder, 0.1, passes=2, piece=5).run()


@pytest.mark.parametrize("what", [a_delta_rule, images, a_hidden_pathway, a_protocol, whole_learning])
@pytest.mark.parametrize("stop, raised", [(lambda network: signal.raise_signal(signal.SIGINT), KeyboardInterrupt),
                                          (Network.stop, DmpnetError)])
def test_half_a_run_is_not_taken_for_all_of_it(what, stop, raised, tmp_path, monkeypatch):
    """Brian2 ends a run at Ctrl-C, or where `stop` is called, and returns as if nothing had happened."""
    run, halves = Network.run, []

    def half(network, duration, *arguments, **options):
        middle = network.t + duration / 2
        clock = min((each.clock for each in network.objects), key=lambda clock: clock.dt_)

        def at_half(t):
            if t >= middle and not halves:
                halves.append(t)
                stop(network)

        halfway = NetworkOperation(at_half, clock=clock)
        network.add(halfway)
        try:
            run(network, duration, *arguments, **options)
        finally:
            network.remove(halfway)

    monkeypatch.setattr(Network, "run", half)
    with pytest.raises(raised):
        what(tmp_path)
    assert halves and not list(tmp_path.rglob("*.np*"))
