"""NeuroBench's metrics: counted one by one, and in the limits where they are known."""

from dataclasses import replace

import numpy as np
import pytest
from networks import random_input, random_network
from test_constrain import constrained

from dmpnet import reference
from dmpnet.results import neurobench


def by_hand(network, s_in):
    """(ACs, MACs) of a sample, product by product."""
    run = reference.run(network, s_in, record=("spikes", "m", "x"))
    acs = macs = 0
    signal = s_in
    for layer, spikes, m, x in zip(network.layers, run.spikes, run.m, run.x, strict=True):
        for sample in range(len(s_in)):
            for k in range(s_in.shape[1]):
                sent = sum(int((layer.W_f[:, j] != 0).sum()) + (layer.slow is not None and layer.slow.w_x[j] != 0)
                           for j in np.flatnonzero(signal[sample, k]))
                if network.encoding.kind == "analog" and layer is network.layers[0]:
                    macs += sent
                else:
                    acs += sent
                if layer.W_r is not None and k:
                    acs += sum(int((layer.W_r[:, j] != 0).sum()) for j in np.flatnonzero(spikes[sample, k - 1]))
                if layer.slow:
                    slow = layer.slow
                    old = m[sample, k - 1] if k else np.zeros(slow.d)
                    macs += sum(int((slow.Abar[:, j] != 0).sum()) for j in np.flatnonzero(old))
                    read = old if slow.nu is not None else m[sample, k]
                    macs += sum(int((slow.W_m[:, j] != 0).sum()) for j in np.flatnonzero(read))
                    if x[sample, k, 0]:
                        macs += int((slow.Bbar != 0).sum())
                        macs += int((slow.nu != 0).sum()) if slow.nu is not None else 0
        signal = spikes
    acs += sum(int((network.W_o[:, j] != 0).sum()) for *_, j in np.argwhere(signal))
    return acs / len(s_in), macs / len(s_in)


@pytest.mark.parametrize("facts", [{}, {"kind": "RSNN"}, {"kind": "DMP+RSNN"}, {"encoding": "analog"}])
@pytest.mark.parametrize("integer", [False, True])
def test_operations_are_counted_one_by_one(facts, integer):
    network = random_network(steps=12, **facts)
    network = constrained(network).network if integer else network
    s_in = random_input(network, 2)
    found = neurobench.metrics(network, s_in)["synaptic_operations"]
    acs, macs = by_hand(network, s_in)
    assert found["Effective_ACs"] == pytest.approx(acs) and found["Effective_MACs"] == pytest.approx(macs)
    assert 0 < acs + macs < found["Dense"]


def test_a_silent_network_does_nothing_and_a_dense_one_everything():
    network = random_network(kind="FSNN", steps=5)
    still = replace(network, layers=tuple(replace(layer, b_f=np.zeros_like(layer.b_f)) for layer in network.layers))
    quiet = neurobench.metrics(still, np.zeros((2, 5, 6)))
    assert quiet["synaptic_operations"]["Effective_ACs"] == 0 and quiet["activation_sparsity"] == 1
    first = network.layers[0].W_f.size * 5
    full = neurobench.metrics(network, np.ones((2, 5, 6)))["synaptic_operations"]
    assert full["Effective_ACs"] >= first and full["Dense"] == 5 * sum(
        array.size for array in (network.layers[0].W_f, network.layers[1].W_f, network.W_o))


def test_zeros_are_sparsity_and_bytes_are_those_of_the_arrays():
    network = random_network(kind="FSNN")
    half = network.layers[0].W_f.copy()
    half[: len(half) // 2] = 0
    cut = replace(network, layers=(replace(network.layers[0], W_f=half), *network.layers[1:]))
    weights = sum(array.size for array in (*(layer.W_f for layer in network.layers), network.W_o))
    assert neurobench.of_weights(network)["connection_sparsity"] == 0
    assert neurobench.of_weights(cut)["connection_sparsity"] == pytest.approx(half.size / 2 / weights)
    arrays = [array for layer in network.layers for array in (layer.W_f, layer.b_f)] + [network.W_o, network.b_o]
    assert neurobench.of_weights(network)["footprint"] == sum(np.asarray(array).nbytes for array in arrays)
