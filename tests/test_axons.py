"""Axons in Brian2: what was sent arrives when it should, and rings are as long as what is under way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet import reference
from dmpnet.brian import axons
from dmpnet.brian.simulation import simulate
from dmpnet.equations.neurons import Neuron
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=5), st.integers(1, 1000))
def test_a_ring_holds_a_spike_until_it_arrives(delay, steps):
    """Slot k is read before slot k + delay is a slot of later steps: more slots than the longest delay, and twice as
    many are never needed."""
    longest = min(max(delay), steps)
    ring = axons.slots(np.array(delay), steps)
    assert ring & (ring - 1) == 0 and longest < ring <= max(1, 2 * longest)


@pytest.mark.parametrize("run", [reference.run, simulate], ids=["reference", "Brian2"])
def test_a_spike_arrives_delay_steps_after_it_was_sent(run):
    """One spike in step 2 on each of five axons: a neuron of threshold 1 that forgets at once fires when it arrives,
    and what would arrive after the end is lost."""
    delay = np.array([0, 1, 3, 4, 9])
    neuron = Neuron(beta=0.0, g=1.0, theta_u=1.0)
    layer = Layer(np.eye(5), np.zeros(5), neuron, delay=delay)
    network = TrainedNetwork((layer,), np.ones((1, 5)), np.zeros(1), Encoding("spikes", 5, 8, 1e-3))
    s_in = np.zeros((1, 8, 5))
    s_in[0, 2] = 1
    found = run(network, s_in).spikes[0][0]
    assert {(int(k), int(j)) for k, j in np.argwhere(found)} == {(2 + d, j) for j, d in enumerate(delay) if 2 + d < 8}
    together = replace(network, layers=(replace(layer, delay=np.full(5, 3)),))
    assert np.flatnonzero(run(together, s_in).spikes[0][0, :, 0]).tolist() == [5]
