"""Evaluation counts what differs, and refuses data the network was not trained to read."""

import dataclasses
import time

import numpy as np
import pytest
from networks import random_network

from dmpnet import data, reference
from dmpnet.brian import simulation, standalone
from dmpnet.errors import DmpnetError
from dmpnet.results import evaluation


@pytest.fixture(scope="module")
def digits():
    return data.load("smnist", "subset").take(slice(5))


@pytest.fixture(scope="module")
def network():
    return random_network((1, 12, 8, 10), d=4, steps=784, encoding="analog", dataset="smnist", seed=2)


def test_counts_places_and_agrees(network, digits):
    done = []
    result = evaluation.evaluate(network, digits, progress=lambda *told: done.append(told))
    want = reference.run(network, digits.batch(slice(None)))
    assert done[-1] == (5, 5) and result.agreement == 100.0
    assert result.compared == [5 * 784 * 12, 5 * 784 * 8] and result.mismatched == [0, 0]
    assert result.accuracy == 100 * np.mean(want.predictions == digits.labels)
    np.testing.assert_allclose(result.rates, [rate.mean() for rate in want.rates])
    assert all(0.005 < rate < 0.6 for rate in result.rates)


def test_a_spike_too_many_is_seen(network, digits, monkeypatch):
    """Break Brian2's answer on purpose: one spike moved in layer 2 of one sample."""
    simulate = simulation.simulate

    def wrong(*arguments, **settings):
        activity = simulate(*arguments, **settings)
        activity.spikes[1][3, 100, 2] ^= True
        return activity

    monkeypatch.setattr(simulation, "simulate", wrong)
    assert evaluation.evaluate(network, digits).mismatched == [0, 1]


@pytest.mark.parametrize("change, told", [({"channels": 2}, "channels"), ({"kind": "spikes"}, "analog input"),
                                          ({"permutation": np.arange(784)[::-1]}, "another order")])
def test_other_data_is_refused(network, digits, change, told):
    other = random_network((2, 12, 8, 10), d=4, steps=784, encoding="analog", seed=2) if "channels" in change else \
        dataclasses.replace(network, encoding=dataclasses.replace(network.encoding, **change))
    with pytest.raises(DmpnetError, match=told):
        evaluation.evaluate(other, digits)


def of(labels, predictions):
    return evaluation.Evaluation(labels, predictions, predictions, [1], [0], [0.1], 1.0, 1.0, 0.1)


def test_the_standard_error_of_one_class_a_sample_is_binomial():
    labels = np.zeros(50, int)
    p = 0.3
    assert of(labels, (np.arange(50) >= 15).astype(int)).standard_error == pytest.approx(
        100 * (p * (1 - p) / 50) ** 0.5)


def test_steps_of_one_sample_are_no_samples():
    """Samples told wholly right or wholly wrong: however many steps they have, they are as many samples."""
    right = np.arange(20) % 2
    for steps in (1, 100):
        labels = np.zeros((20, steps), int)
        assert of(labels, labels + right[:, None]).standard_error == pytest.approx(100 * 0.5 / 20**0.5)


def test_nothing_to_evaluate(network, digits):
    with pytest.raises(DmpnetError, match="0 samples"):
        evaluation.evaluate(network, digits.take(slice(0)))


def test_a_class_at_every_step_is_held_against_a_label_at_every_step(network, digits):
    every_step = dataclasses.replace(network, kappa=0.9)
    labels = np.random.default_rng(0).integers(0, 10, (5, 784))
    result = evaluation.evaluate(every_step, dataclasses.replace(digits, labels=labels))
    want = reference.run(every_step, digits.batch(slice(None)))
    assert result.predictions.shape == (5, 784) and result.mismatched == [0, 0] and result.agreement == 100.0
    assert result.accuracy == 100 * np.mean(want.predictions == labels)
    assert 0 < result.accuracy < 100


@pytest.mark.parametrize("kappa, labels, told", [
    (None, np.zeros((5, 784), int), r"\(5, 784\), one a step, but the network classifies every sample"),
    (0.9, np.zeros(5, int), r"\(5,\), one a sample, but the network classifies every step \(kappa = 0.9\)")])
def test_labels_that_answer_another_question(network, digits, kappa, labels, told):
    with pytest.raises(DmpnetError, match=told):
        evaluation.check_match(dataclasses.replace(network, kappa=kappa), dataclasses.replace(digits, labels=labels))


def test_the_time_of_a_sample_leaves_compiling_out(network, digits, monkeypatch):
    """A program that takes a second to compile, then none to run."""
    compiled = []
    monkeypatch.setattr(standalone, "prepare", lambda *asked: (time.sleep(1), compiled.append(asked)))
    monkeypatch.setattr(simulation, "simulate", lambda network, s_in, **options: reference.run(network, s_in))
    result = evaluation.evaluate(network, digits, backend="cpp_standalone")
    assert compiled and compiled[0][1] == (8, 784) and result.seconds < 1


def test_progress_counts_every_sample_once_and_moves_within_a_batch(network, monkeypatch):
    """Brian2 and the reference are half a sample each; twice a second Brian2 says how far it is in its steps."""
    told, asked = [], []
    run = simulation.built.__globals__["Converted"].run

    def often(self, *args, report=None, report_period=None, **kwargs):
        asked.append(float(report_period))
        run(self, *args, report=report, report_period=1e-3 * report_period, **kwargs)

    monkeypatch.setattr(simulation.built.__globals__["Converted"], "run", often)
    digits = data.load("smnist", "subset").take(slice(40))
    evaluation.evaluate(network, digits, progress=lambda *done: told.append(done))
    assert told[-1] == (40, 40) and len(told) > 5 and asked == [0.5]
    assert np.diff([done for done, _ in told]).min() > 0
