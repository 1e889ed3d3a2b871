"""Bookkeeping of events, against SANA-FE (Boyle et al. 2025), an independent simulator of neuromorphic chips.

SANA-FE replays the spikes of a run on a core a layer, all its prices but one at 0: what it charges counts the events.
It has no slow memory, so that only the spike path, the sending and the readout are compared.
"""

import numpy as np
import pytest

sanafe = pytest.importorskip("sanafe", reason="needs sanafe: pip install '.[sanafe]' in a clone")

from networks import random_input, random_network  # noqa: E402

from dmpnet import reference  # noqa: E402
from dmpnet.hardware import actions, chip, workload  # noqa: E402
from dmpnet.hardware.constrain import constrain  # noqa: E402

FREE = {"axon_in": "energy_message_in: 0.0, latency_message_in: 0.0",
        "axon_out": "energy_message_out: 0.0, latency_message_out: 0.0"}
SOMA = ("energy_access_neuron: 0.0, latency_access_neuron: 0.0, energy_update_neuron: 0.0, "
        "latency_update_neuron: 0.0, energy_spike_out: 0.0, latency_spike_out: 0.0")
HOPS = ", ".join(f"energy_{way}_hop: 0.0, latency_{way}_hop: 0.0" for way in ("north", "east", "south", "west"))
SYNAPSE = 2.5  # what an event at a synapse costs


def architecture(tmp_path, cores, units):
    """A core a layer; `units` spike sources each."""
    (tmp_path / "cores.yaml").write_text(f"""
architecture:
  name: cores
  attributes: {{link_buffer_size: 1, width: {cores}, height: 1, topology: mesh}}
  tile:
    - name: tile[0..{cores - 1}]
      attributes: {{{HOPS}}}
      core:
        - name: core
          attributes: {{buffer_position: soma, max_neurons_supported: {units}}}
          axon_in: [{{name: axon_in, attributes: {{{FREE["axon_in"]}}}}}]
          synapse:
            - name: synapse
              attributes: {{model: current_based, energy_process_spike: {SYNAPSE}, latency_process_spike: 0.0}}
          dendrite:
            - name: dendrite
              attributes: {{model: accumulator, energy_update: 0.0, latency_update: 0.0}}
          soma:
            - {{name: "replayed[0..{units - 1}]", attributes: {{model: input, {SOMA}}}}}
            - {{name: neuron, attributes: {{model: leaky_integrate_fire, {SOMA}}}}}
          axon_out: [{{name: axon_out, attributes: {{{FREE["axon_out"]}}}}}]
""")
    return sanafe.load_arch(tmp_path / "cores.yaml")


def replayed(tmp_path, trains, classes):
    """SANA-FE's record of spike trains (T, units), one a layer, all to all from layer to layer and to the readout."""
    arch = architecture(tmp_path, len(trains) + 1, max(train.shape[1] for train in trains))
    network = sanafe.Network()
    groups = [network.create_neuron_group(f"layer{number}", train.shape[1]) for number, train in enumerate(trains)]
    for group, train in zip(groups, trains, strict=True):
        for unit, neuron in enumerate(group.neurons):
            neuron.set_attributes(soma_hw_name=f"replayed[{unit}]",
                                  model_attributes={"spikes": [int(spike) for spike in train[:, unit]]})
    groups.append(network.create_neuron_group("readout", classes))
    for neuron in groups[-1].neurons:
        neuron.set_attributes(soma_hw_name="neuron", model_attributes={"threshold": 1e9})
    for before, after in zip(groups[:-1], groups[1:], strict=True):
        before.connect_neurons_dense(after, {"weight": [0.0] * (len(before.neurons) * len(after.neurons))})
    for group, tile in zip(groups, arch.tiles, strict=True):
        for neuron in group.neurons:
            neuron.map_to_core(tile.cores[0])
    simulated = sanafe.SpikingChip(arch)
    simulated.load(network)
    return simulated.sim(len(trains[0]), perf_trace=True, timing_model="simple")


@pytest.mark.parametrize("seed", [0, 1])
def test_synaptic_operations_and_sent_spikes_are_those_of_sanafe(seed, tmp_path):
    described = chip.load("dmp")
    network = random_network((6, 16, 12, 3), kind="FSNN", seed=seed)
    made = constrain(network, described, random_input(network, 4)).network
    s_in = random_input(network, 1, seed=9 + seed)
    activity = reference.run(made, s_in)
    assert all(0.01 < rate.mean() < 0.6 for rate in activity.rates), "silent or saturated: counts would show nothing"
    works = workload.of(made, activity, s_in)
    found = replayed(tmp_path, [s_in[0], *(spikes[0] for spikes in activity.spikes)], network.classes)
    sops = sum(work.S[0] * work.N + work.sent[0] * work.classes for work in works)
    np.testing.assert_array_equal(found["perf_trace"]["spikes"], sops)
    assert found["spikes"] == sum(work.sops for work in works) > 0
    assert found["energy"]["total"] == pytest.approx(SYNAPSE * sum(work.sops for work in works))
    tallies = [actions.count(work, described) for work in works]
    read = sum(many for tally in tallies for path in ("spike", "output") for action, many in tally[path].items()
               if (action.kind, action.place, action.bits) == ("read", "weights", 8))
    assert read == found["spikes"], "a weight is read for every synaptic operation, and for nothing else"
    sent = sum(actions.operations(tally["output"], "send") for tally in tallies)
    assert sent + s_in.sum() == found["neurons_fired"] == found["packets_sent"]
