"""The margin: how near any membrane came to its threshold, wherever in the run that was."""

import numpy as np
import pytest

from dmpnet import reference
from dmpnet.arithmetic.fixed import Fixed
from dmpnet.arithmetic.words import Word
from dmpnet.data import Recordings
from dmpnet.equations.neurons import Neuron
from dmpnet.results import evaluation
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

FORGETS = Neuron(beta=0.0, g=1.0, theta_u=1.0)  # u is the drive of the step


def network(weight=1.0):
    """Two layers of a neuron, of which the second gets `weight` a spike of the first."""
    first, second = (Layer(np.full((1, 1), w), np.zeros(1), FORGETS) for w in (1.0, weight))
    return TrainedNetwork((first, second), np.ones((2, 1)), np.zeros(2), Encoding("analog", 1, 3, 1e-3))


def heard(*samples):
    return np.array(samples, float)[:, :, None]


@pytest.mark.parametrize("samples, margin", [
    ([[0.95, 0.5, 0.2]], 0.05), ([[0.5, 0.95, 0.2]], 0.05), ([[0.5, 0.2, 0.95]], 0.05),
    ([[0.2, 1.25, 0.2]], 0.25),  # above it, fired: before the reset
    ([[0.2, 0.5, 0.4], [0.5, 0.875, 0.2]], 0.125)])
def test_the_margin_is_the_smallest_distance_of_any_step_and_sample(samples, margin):
    assert reference.run(network(weight=3.0), heard(*samples)).margin == pytest.approx(margin, rel=1e-12)


def test_the_margin_is_that_of_any_layer():
    """One spike of the first layer brings the second to 1.01."""
    assert reference.run(network(weight=1.01), heard([0.2, 2.0, 0.2])).margin == pytest.approx(0.01, rel=1e-12)


def test_the_margin_of_integers_is_whole_and_of_any_step():
    fixed = Fixed(np.array([5]), Word(8), Word(8), Word(8), Word(16), 0, 0, 0, 0, 0, 0, np.ones(1), np.empty(0), 1.0)
    layer = Layer(np.ones((1, 1), np.int8), np.zeros(1, np.int8), Neuron(beta=0.0, theta_u=5.0), fixed=fixed)
    made = TrainedNetwork((layer,), np.ones((1, 1), np.int8), np.zeros(1, np.int8),
                          Encoding("analog", 1, 3, 1e-3, levels=10))
    for drive, margin in (([3, 0, 1], 2), ([0, 9, 1], 4), ([0, 1, 5], 0)):
        assert reference.run(made, heard(drive) / 10).margin == margin


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0], [2, 0, 1]])
def test_the_margin_of_an_evaluation_is_that_of_all_its_samples(order, monkeypatch):
    """Looked at one by one."""
    monkeypatch.setattr(evaluation, "CHUNK", 1)
    values = np.array([[50, 90, 20], [50, 98, 0], [3, 70, 40]], np.uint8)[order][:, :, None]  # hundredths
    data = Recordings("ours", "test", "analog", values, 1 / 100, np.array([0, 1, 0]), None, 2, 1e-3)
    assert evaluation.evaluate(network(weight=3.0), data).margin == pytest.approx(0.02, rel=1e-9)
