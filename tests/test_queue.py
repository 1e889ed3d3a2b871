"""The queue of events: what a core does with more in a step than it holds, in fit, cycles, energy, integers, Brian2."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import cli, reference
from dmpnet.brian.simulation import simulate
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.hardware import actions, chip, cycles, queue, workload
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit
from dmpnet.hardware.parts import QUEUES
from dmpnet.hardware.workload import Workload
from dmpnet.trained import weights

DMP = chip.load("dmp")
EVERYTHING = ("spikes", "u", "m", "x", "readout")


def short(word, most=3, **settings):
    return chip.changed(DMP, {"datapath.queue": word, "limits.spikes": most} | settings)


def constrained(network, word="drop", most=3):
    return constrain(network, short(word, most), random_input(network, 4, rate=0.5, seed=5)).network


def with_queue(network, most):
    return replace(network, layers=tuple(replace(layer, fixed=replace(layer.fixed, queue=most))
                                         for layer in network.layers))


# by hand


def test_the_first_are_let_in():
    """Weights 1, 2, 4, ...: what reaches the membrane tells which events did."""
    network = constrained(random_network((6, 5, 3), kind="FSNN"))
    layer = network.layers[0]
    W_f = np.tile(2**np.arange(6), (5, 1)).astype(np.int8)
    fixed = replace(layer.fixed, shift_f=0, theta_u=np.full(5, 10**4))
    powers = replace(network, layers=(replace(layer, W_f=W_f, b_f=0 * layer.b_f, fixed=fixed),))
    s_in = np.array([[[0, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1]]])
    got = [reference.run(powers, s_in[:, k:k + 1], record=("u",)).u[0][0, 0, 0] for k in range(3)]
    assert got == [2 + 4 + 16, 1 + 2 + 4, 16 + 32]
    assert [reference.run(with_queue(powers, 0), s_in[:, k:k + 1], record=("u",)).u[0][0, 0, 0]
            for k in range(3)] == [2 + 4 + 16 + 32, 63, 48]


def test_what_a_layer_drops_is_as_if_it_had_not_been_sent():
    """Layers are run one after the other, each on what the queue of the next lets in."""
    network = constrained(random_network((9, 16, 12, 3)))
    s_in = random_input(network, 4, rate=0.5, seed=9)
    whole = reference.run(network, s_in, record=EVERYTHING)
    signal = s_in
    for number in range(2):
        one = replace(with_queue(network, 0), layers=(with_queue(network, 0).layers[number],),
                      encoding=replace(network.encoding, channels=network.layers[number].M),
                      W_o=np.zeros((3, network.layers[number].N), np.int8))
        let = np.array([[[value and sum(step[:place] != 0) < 3 for place, value in enumerate(step)] for step in sample]
                        for sample in signal])
        assert let.sum() < 0.8 * (signal != 0).sum(), "little is dropped: this shows nothing"
        alone = reference.run(one, let, record=EVERYTHING)
        np.testing.assert_array_equal(alone.u[0], whole.u[number])
        np.testing.assert_array_equal(alone.m[0], whole.m[number])
        signal = whole.spikes[number]


# Brian2


@pytest.mark.parametrize("coupling", ["shared", "synapses"])
def test_brian2_drops_the_same_events(coupling):
    network = constrained(random_network((9, 16, 12, 3)))
    s_in = random_input(network, 3, rate=0.5, seed=9)
    want = reference.run(network, s_in, record=EVERYTHING)
    assert all(0.005 < rate.mean() < 0.6 for rate in want.rates), "silent or saturated: equality would show nothing"
    other = reference.run(with_queue(network, 0), s_in)
    assert (other.spikes[0] != want.spikes[0]).any() and max(layer.sum(2).max() for layer in want.spikes[:1]) > 3
    assert_same(simulate(network, s_in, coupling=coupling, record=EVERYTHING), want)


def assert_same(got, want):
    for name in ("spikes", "u", "m", "x"):
        for a, b in zip(getattr(got, name), getattr(want, name), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
    np.testing.assert_array_equal(got.readout, want.readout)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(most=st.integers(1, 6), seed=st.integers(0, 5), rate=st.floats(0.1, 1.0), batch=st.integers(1, 3),
       coupling=st.sampled_from(["shared", "synapses"]))
def test_any_queue_drops_the_same_events(most, seed, rate, batch, coupling):
    network = constrained(random_network((7, 10, 8, 3), d=3, seed=seed, steps=20), most=most)
    s_in = random_input(network, 5, rate=rate, seed=seed)
    assert_same(simulate(network, s_in, coupling=coupling, record=EVERYTHING, batch=batch),
                reference.run(network, s_in, record=EVERYTHING))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
def test_compiled_brian2_drops_the_same_events(backend, tmp_path):
    network = constrained(random_network((9, 16, 12, 3)))
    s_in = random_input(network, 11, rate=0.5, seed=9)
    assert_same(simulate(network, s_in, backend=backend, record=EVERYTHING, cache=tmp_path, batch=4),
                reference.run(network, s_in, record=EVERYTHING))


# what a chip does


def test_integers_of_a_chip_that_drops_say_so(tmp_path):
    network = random_network((9, 16, 12, 3))
    found = {word: constrained(network, word) for word in QUEUES}
    assert [layer.queue for layer in found["drop"].layers] == [3, 3]
    assert weights.checksum(found["refuse"]) == weights.checksum(found["passes"]) != weights.checksum(found["drop"])
    weights.save(found["drop"], tmp_path / "drop.npz")
    assert weights.checksum(weights.load(tmp_path / "drop.npz")) == weights.checksum(found["drop"])
    assert not any(layer.queue for layer in constrained(network, "drop", 16).layers)  # there is room for all
    analog = constrained(random_network((9, 16, 12, 3), encoding="analog"))
    assert [layer.queue for layer in analog.layers] == [0, 3]


def test_fit_refuses_or_tells():
    network, busiest = random_network((9, 16, 12, 3)), [7, 3]
    assert not fit(network, short("refuse"), busiest).ok
    violation, = fit(network, short("refuse"), busiest).violations
    assert "7 input spikes in a step, but 3 fit, 4 too many" in str(violation) and "passes" in violation.way_out
    for word, told in (("drop", "3 are let in at once; the others are dropped"), ("passes", "queue is filled 3 times")):
        report = fit(network, short(word), busiest)
        assert report.ok and sum(told in note for note in report.notes) == 1


@pytest.mark.parametrize("kind, delay", [("RSNN", 0), ("FSNN", 4)])
def test_events_without_an_order_are_refused_by_a_chip_that_drops(kind, delay):
    network = random_network((9, 16, 3), kind=kind, delay=delay)
    made = constrained(network)
    assert made.layers[0].queue == 0
    if kind == "RSNN":
        assert [need.rule for need in fit(made, short("drop"), [7]).violations] == ["input spikes"]
    with pytest.raises(WeightsError, match="layer1 drops events beyond 2 a step, but has .*, whose events have no"):
        with_queue(made, 2)


def load(S, sent=0, N=128, d=8, M=700, **more):
    events = np.atleast_1d(np.asarray(S, int))
    return Workload(N, M, d, events, np.full_like(events, sent), **more)


def test_what_each_takes_in_cycles():
    """32 groups: 32 events 1,024 cycles, 103 beside; of 40, 8 are lost, or take 8 * 32 and 7 of a second pass."""
    S = [32, 33, 40, 100]
    assert cycles.timing(load(S), short("drop", 32)).latency.tolist() == [1127] * 4
    assert cycles.timing(load(S), short("refuse", 32)).latency.tolist() == [32 * each + 103 for each in S]
    assert cycles.timing(load(S), short("passes", 32)).latency.tolist() == [1127, 33 * 32 + 110, 40 * 32 + 110,
                                                                            100 * 32 + 103 + 3 * 7]
    works = [load([10, 10], sent=40), load([40, 40], M=128, sent=5)]
    assert cycles.ways(works, short("drop", 32)).tolist() == [10 + 32 + 3 + 5] * 2
    assert cycles.ways(works, short("passes", 32)).tolist() == [10 + 40 + 2 * 3 + 5] * 2


def test_what_each_takes_in_energy():
    """Weights of events that are dropped are not read; passes read what a long queue does."""
    work = load([10, 40])
    read = {word: actions.bits(actions.count(work, short(word, 32))["spike"], "read", "weights") for word in QUEUES}
    assert read["drop"] == 42 * 128 * 8 and read["refuse"] == read["passes"] == 50 * 128 * 8


def test_where_no_order_is_known_costs_are_those_of_a_long_queue():
    work = load([10, 40], sent=3, recurrent=True)
    assert queue.let_in(work, short("drop", 32)) is work
    assert cycles.timing(work, short("drop", 32)).latency.tolist() == cycles.timing(
        work, short("refuse", 32)).latency.tolist()
    analog = load([10, 40], analog=True)
    assert queue.let_in(analog, short("drop", 32)) is analog and (queue.passes(analog, short("passes", 32)) == 1).all()


@given(S=st.lists(st.integers(0, 200), min_size=1, max_size=20), most=st.integers(1, 64))
def test_what_is_beyond_the_queue(S, most):
    lost = queue.lost(load(S), short("drop", most))
    assert lost["busy steps %"] == pytest.approx(100 * np.mean([each > most for each in S]))
    assert lost["events beyond %"] == pytest.approx(100 * sum(max(each - most, 0) for each in S) / max(sum(S), 1))
    assert lost["busiest step"] == max(S) and lost["most passes"] == max(-(-max(S) // most), 1)
    assert queue.let_in(load(S), short("drop", most)).events.tolist() == [min(each, most) for each in S]


def test_events_of_a_dropping_network_are_counted_as_they_are_sent():
    """Costs drop them, `lost` says how many."""
    network = constrained(random_network((9, 16, 12, 3)))
    s_in = random_input(network, 3, rate=0.5, seed=9)
    works = workload.of(network, reference.run(network, s_in), s_in)
    np.testing.assert_array_equal(works[0].events, s_in.sum(axis=2))
    assert queue.lost(works[0], short("drop"))["events beyond %"] > 20


@pytest.mark.parametrize("word", ["dropped", "", None, True])
def test_a_word_that_is_none_is_refused(word):
    with pytest.raises(DmpnetError, match="datapath.queue = .*but it is one of refuse, drop, passes; choose one"):
        chip.changed(DMP, {"datapath.queue": word})
    with pytest.raises(DmpnetError, match="queue = -1, but it counts events"):
        with_queue(constrained(random_network((9, 5, 3))), -1)


def test_the_first_refusal_names_input_spikes_among_all_else(monkeypatch, tmp_path, capsys):
    """Where there is data to count them in; else the rest."""
    network = random_network((9, 16, 12, 3), dataset="shd-regen")
    weights.save(network, tmp_path / "net.npz")
    command = ["constrain", str(tmp_path / "net.npz"), "--chip", "dmp", "--data", str(tmp_path), "--set",
               "datapath.queue=refuse", "limits.spikes=3", "limits.neurons=15", "--out", str(tmp_path / "made.npz")]
    assert cli.main(command) == 2
    without = capsys.readouterr()
    monkeypatch.setattr("dmpnet.results.options.calibration",
                        lambda arguments, network: random_input(network, 4, rate=0.5))
    assert cli.main(command) == 2
    counted = capsys.readouterr()
    assert "16 neurons, but 15 fit" in without.out and "16 neurons, but 15 fit" in counted.out
    assert "input spikes in a step, but 3 fit" in counted.out and "input spikes in a step, but" not in without.out
    assert "1 of " in without.err and "3 of " in counted.err
