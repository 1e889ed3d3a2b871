"""Plasticity in a converted network: which of its synapses learn, what gates them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, get_device

from dmpnet.brian import connections, session
from dmpnet.brian.quantities import unitless
from dmpnet.brian.session import Wires
from dmpnet.errors import DmpnetError
from dmpnet.plasticity.groups import PlasticSynapses, check_rule, check_steps
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.synapses import check_weights, synapses

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork


def gate_by_memory(plastic: PlasticSynapses, slow: NeuronGroup, w_g: np.ndarray) -> Synapses:
    """Synapses that make the gate of every sample w_g . m; the plastic ones contain them from then on.

    slow : the group with m, d units a sample; w_g : (d,)
    The gate is m of the simulation step before: in a converted network the slow memory works one step ahead of the
    fast neurons, so that spikes of sample step k meet w_g . m[k].
    """
    unitless("gate_by_memory", "w_g", w_g)
    w_g = np.asarray(w_g, float)
    third = plastic.third
    if third is None or "gate" not in third.variables:
        raise DmpnetError(f"{plastic.rule.name} has no gate; use slow-memory-gated")
    if len(slow) != len(third) * len(w_g):
        raise DmpnetError(f"w_g has {len(w_g)} numbers, but {slow.name} has {len(slow)} units of {len(third)} samples; "
                          f"give one number a dimension of the memory")
    check_steps(plastic.rule, slow, third)
    gate = Wires(slow, third, "w_g : 1\nprojection_post = w_g*m_pre : 1 (summed)", namespace={},
                        clock=third.clock, name=f"{plastic.name}_gate")
    units = np.arange(len(slow))
    gate.connect(i=units, j=units // len(w_g))
    gate.w_g = np.tile(w_g, len(third))
    third.run_regularly(plastic.rule.gating, name=f"{third.name}_run_regularly")
    plastic.contain(gate)
    return gate


def make_plastic(converted: Network, network: TrainedNetwork, name: str, rule: Rule, samples: int) -> PlasticSynapses:
    """Replace synapses `name` (W_f_1, W_r_1 ...) of a network converted with coupling='synapses' by plastic ones.

    They start from the weights of the fixed ones (on Brian2's standalone devices, which cannot read them yet, from the
    trained weights) and carry what these carried; each sample learns its own copy. Rules
    that read u learn in trained networks only: in integer ones it is reset before on_post sees it, and in codes.
    """
    check_rule(rule)
    _check_converted(converted, network, samples)
    link = _link(network, name)
    if rule.needs and network.layers[int(link.target.rpartition("_")[2]) - 1].integer:
        raise DmpnetError(f"{name}: {rule.name} reads the membrane at a spike, but that of {link.target}, in integers, "
                          f"is reset by then; take the trained network, or a rule of spikes alone")
    fixed = _fixed(converted, name)
    source, target = fixed.source, fixed.target
    n, m = link.weights.shape
    if len(target) != samples * n:
        raise DmpnetError(f"{name}: samples = {samples}, but {target.name} has the {len(target)} neurons of "
                          f"{len(target) // n}; give samples = {len(target) // n}")
    w = np.tile(link.weights.T.ravel(), samples)
    if get_device().__class__.__name__ == "RuntimeDevice":
        w = np.asarray(fixed.w[:], float)
    check_weights(rule, w, name)
    sample, i, j = (ends.ravel() for ends in np.mgrid[:samples, :m, :n])
    summed = link.source == link.target  # W_r has to arrive within the step
    with session.exact():
        plastic = synapses(rule, source, target, w=w, i=sample * m + i,
                        j=sample * n + j, samples=samples, name=f"{name}_plastic",
                        transmit="" if summed else fixed.pre.code,
                        model=f"{link.current}_post = w*s_pre : 1 (summed)" if summed else "")
    converted.remove(fixed)
    fixed._network = "was replaced"  # else Brian2 says, when it is deleted, that it was never used
    converted.add(plastic)
    return plastic


def _check_converted(converted: Network, network: TrainedNetwork, samples: int) -> None:
    """Raise DmpnetError if what a converted network says of itself is not what is said of it here."""
    coupling = getattr(converted, "coupling", "synapses")
    if coupling != "synapses":
        raise DmpnetError(f"coupling = {coupling!r}, but its weights are not Brian2 Synapses; convert with "
                          f"coupling='synapses'")
    if getattr(converted, "trained", network) is not network:
        raise DmpnetError("network: not the one that was converted; give converted.trained")
    shape = getattr(converted, "shape", (samples,))
    if shape[0] != samples:
        raise DmpnetError(f"samples = {samples}, but {shape[0]} were converted side by side; give samples = {shape[0]}")


def _fixed(converted: Network, name: str) -> Synapses:
    """The synapses of that name, which nobody has changed."""
    if name not in {each.name for each in converted.objects}:
        raise DmpnetError(f"{name}: not in the converted network, but plastic synapses take the place of fixed ones; "
                          f"convert with coupling='synapses', and make each of them plastic once")
    fixed = converted[name]
    if hasattr(fixed, "pre") and get_device().__class__.__name__ == "RuntimeDevice" and np.any(fixed.pre.delay_[:]):
        raise DmpnetError(f"{name}: it has a delay, but the trained network has none that plastic synapses could keep; "
                          f"set it to 0 ms")
    return fixed


def _link(network: TrainedNetwork, name: str) -> connections.Connection:
    """The connection of that name, from neurons that spike to neurons that spike."""
    spiking = {link.name: link for link in connections.connections(network)
               if link.carries == "spikes" and link.target.startswith("fast_")}
    if name not in spiking:
        raise DmpnetError(f"{name}: no synapses of this network between neurons that spike; choose from "
                          f"{', '.join(spiking)}")
    return spiking[name]


def weights(plastic: PlasticSynapses, shape: Iterable[int]) -> np.ndarray:
    """Weights after a run, of synapses connected all to all: (samples, targets, sources), a copy."""
    samples, n, m = shape
    return np.array(plastic.synapses.w[:]).reshape(samples, m, n).swapaxes(1, 2)
