"""Plastic Brian2 Synapses from a rule, between any two groups that spike, and in converted networks.

Traces are neuron groups of their own, one unit a neuron, that hear every spike of their neurons: neither model nor
reset of the neurons changes, and spike generators can have them too. The synapses read them as x_pre, y_post.

Order of events within a step, under Brian2's default schedule:

    groups       traces decay by exp(-dt/tau), or as a chip's do
    thresholds   neurons spike
    synapses     on_pre of every presynaptic spike (the weight is passed on before it changes), then on_post of every
                 postsynaptic spike, then the traces jump (order -1, 1, 2)
    end          each_step

So a spike sees traces as they were before any spike of its step: a pair in the same step, dt = 0, changes nothing,
and spikes n steps apart see exactly exp(-n dt/tau). If both neurons spike, on_post starts from the weight on_pre left.
Spikes arrive without delay; where axons have one (axons_1 of a converted network), connect from there.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Network, NeuronGroup, Subgroup, Synapses

from dmpnet import populations
from dmpnet.errors import DmpnetError
from dmpnet.hardware import lfsr
from dmpnet.plasticity.binary import registers
from dmpnet.plasticity.rule import Rule
from dmpnet.weights import TrainedNetwork

AFTER_BOTH = 2  # order of the jumps of traces; on_pre has -1, on_post 1


@dataclass(frozen=True)
class PlasticSynapses:
    """Synapses that follow a rule, with what they need; Network(*plastic.objects) runs them.

    third : one unit a sample with the third factor, e.g. plastic.third.d = 0.5; None if the rule has none
    """

    rule: Rule
    synapses: Synapses
    third: NeuronGroup | None
    objects: tuple[Any, ...]


def synapses(rule: Rule, source: Any, target: Any, *, w: Any = 0.0, i: np.ndarray | None = None,
             j: np.ndarray | None = None, samples: int = 1, transmit: str = "", model: str = "", seed: int = 1,
             name: str = "plastic") -> PlasticSynapses:
    """Synapses from source to target that follow `rule`.

    w : weights at the start, one or one a synapse
    i, j : neurons to connect, all to all if None
    samples : how many samples lie side by side in target, each with a third factor of its own
    transmit : what a presynaptic spike does to the target with w, e.g. 'I_f_post += w'
    model : further equations, e.g. 'I_r_post = w*s_pre : 1 (summed)'
    seed : of the registers of stochastic rules
    """
    _check(rule, source, target, samples)
    if i is None or j is None:
        i, j = (ends.ravel() for ends in np.mgrid[:len(source), :len(target)])
    check_weights(rule, w, name)
    words = registers(len(i), seed) if "r : integer" in rule.model else None
    equations = "\n".join(filter(None, ("w : 1", rule.model, "sample : integer (constant)" if rule.third_factor else "",
                                        model)))
    made = Synapses(source, target, equations, on_pre=_lines(transmit, rule.on_pre), on_post=rule.on_post or None,
                    namespace=rule.namespace, name=name)
    objects = [made, *_traces(rule, made, source, "pre", seed, 0),
               *_traces(rule, made, target, "post", seed, len(source))]
    third = _third(rule, made, samples) if rule.third_factor else None
    made.connect(i=i, j=j)
    made.w = w
    if third is not None:
        made.sample = np.asarray(j) // (len(target) // samples)
        objects.append(third)
    if words is not None:
        made.r = words
    for variable, values in rule.start.items():
        setattr(made, variable, values(len(i)))
    if rule.each_step:
        made.run_regularly(rule.each_step, when="end", name=f"{name}_each_step")
    return PlasticSynapses(rule, made, third, tuple(objects))


def _lines(*code: str) -> str | None:
    return "\n".join(filter(None, code)) or None


def _check(rule: Rule, source: Any, target: Any, samples: int) -> None:
    """Raise DmpnetError unless these groups can be joined by this rule."""
    for group in (source, target):
        if isinstance(group, Subgroup):
            raise DmpnetError(f"{rule.name}: {group.name} is a subgroup, but traces belong to whole groups; connect "
                              f"the group it is part of, with i and j")
        if "spike" not in group.events:
            raise DmpnetError(f"{rule.name}: {group.name} never spikes, but a rule is about spikes on both sides; "
                              f"connect groups with a threshold")
    for variable in rule.needs:
        if variable not in target.variables:
            raise DmpnetError(f"{rule.name}: {target.name} has no variable {variable!r}, which this rule reads; "
                              f"choose another rule or give the neurons {variable!r}")
    if rule.whole and len(source) + len(target) > lfsr.PERIOD:
        raise DmpnetError(f"{rule.name}: {len(source)} + {len(target)} neurons, but there are {lfsr.PERIOD} states of "
                          f"a register to give them; put fewer samples side by side")
    if samples < 1 or len(target) % samples:
        raise DmpnetError(f"{rule.name}: samples = {samples}, but {target.name} has {len(target)} neurons; set samples "
                          f"to how many lie side by side")


def check_weights(rule: Rule, w: Any, name: str) -> None:
    """Raise DmpnetError unless every weight lies within the rule's bounds (and is one of them for binary rules)."""
    low, high = float(rule["w_min"]), float(rule["w_max"])
    w = np.asarray(w, float)
    if not (np.isfinite(w).all() and (w >= low).all() and (w <= high).all()):
        raise DmpnetError(f"{name}: weights from {w.min():g} to {w.max():g}, but {rule.name} keeps them between "
                          f"{low:g} and {high:g}; scale them, or set w_min and w_max with rule.tuned")
    if rule.whole and (w != np.rint(w)).any():
        raise DmpnetError(f"{name}: weights that are not whole, but {rule.name} is that of a chip; give it "
                          f"integer.codes(weights)")
    if "r : integer" in rule.model and not np.isin(w, (low, high)).all():
        raise DmpnetError(f"{name}: weights other than {low:g} and {high:g}, but {rule.name} is binary; round them")


def _variables(equations: str) -> list[str]:
    """Names of the variables that `equations` define."""
    return [first or second for first, second in re.findall(r"^\s*(?:d(\w+)/dt|(\w+))\s*[=:]", equations, re.M)]


def _traces(rule: Rule, made: Synapses, neurons: Any, side: str, seed: int, before: int) -> list[Any]:
    """The traces of one side and the synapses by which they hear their neurons' spikes; none if there are none.

    seed, before : of their registers, for rules whose synapses have none, and how many neurons come first in the cycle
    """
    equations, reset = getattr(rule, f"{side}_equations"), getattr(rule, f"{side}_reset")
    if not equations:
        return []
    name = f"{made.name}_{side}_traces"
    traces = NeuronGroup(len(neurons), equations, method="exact", namespace=rule.namespace, name=name)
    for variable in _variables(equations):
        _refer(made, f"{variable}_{side}", traces, variable, f"_{side}synaptic_idx")
    if "r : integer" in equations:
        traces.r = registers(before + len(neurons), seed)[before:]
    _each_step(traces, getattr(rule, f"{side}_step"))
    if not reset:
        return [traces]
    own = "|".join(_variables(equations))  # compiled code reads x and x_post as two variables, so all are x_post
    jumps = Synapses(neurons, traces, on_pre=re.sub(rf"\b({own})\b", r"\1_post", reset), namespace={},
                     name=f"{name}_jumps")
    jumps.connect(i=np.arange(len(neurons)), j=np.arange(len(neurons)))
    jumps.pre.order = AFTER_BOTH
    return [traces, jumps]


def _third(rule: Rule, made: Synapses, samples: int) -> NeuronGroup:
    """The third factor, one unit a sample."""
    group = NeuronGroup(samples, rule.third_factor, method="exact", namespace=rule.namespace, name=f"{made.name}_third")
    for variable in _variables(rule.third_factor):
        _refer(made, f"{variable}_third", group, variable, "sample")
    _each_step(group, rule.third_step)
    return group


def _each_step(group: NeuronGroup, code: str) -> None:
    """Let `group` run `code` at the beginning of each step, when traces with equations decay."""
    if code:
        group.run_regularly(code, when="groups", name=f"{group.name}_step")


def _refer(made: Synapses, name: str, group: NeuronGroup, variable: str, index: str) -> None:
    """Let the synapses' code read a variable of another group as `name`."""
    if name in made.variables:
        raise DmpnetError(f"{made.name}: the neurons have a variable {name.rpartition('_')[0]!r} of their own, which "
                          f"the trace of that name would hide behind; rename it")
    made.variables.add_reference(name, group, variable, index=index)


def gate_by_memory(plastic: PlasticSynapses, slow: NeuronGroup, w_g: np.ndarray) -> Synapses:
    """Synapses that make the gate of every sample w_g . m; add them to the network as well.

    slow : the group with m, d units a sample; w_g : (d,)
    The gate is m of the simulation step before: in a converted network the slow memory works one step ahead of the
    fast neurons, so that spikes of sample step k meet w_g . m[k].
    """
    w_g = np.asarray(w_g, float)
    third = plastic.third
    if third is None or "gate" not in third.variables:
        raise DmpnetError(f"{plastic.rule.name} has no gate; use slow-memory-gated")
    if len(slow) != len(third) * len(w_g):
        raise DmpnetError(f"w_g has {len(w_g)} numbers, but {slow.name} has {len(slow)} units of {len(third)} samples; "
                          f"give one number a dimension of the memory")
    made = Synapses(slow, third, "w_g : 1\nprojection_post = w_g*m_pre : 1 (summed)", namespace={},
                    name=f"{plastic.synapses.name}_gate")
    units = np.arange(len(slow))
    made.connect(i=units, j=units // len(w_g))
    made.w_g = np.tile(w_g, len(third))
    third.run_regularly(plastic.rule.gating, name=f"{third.name}_run_regularly")
    return made


def make_plastic(converted: Network, network: TrainedNetwork, name: str, rule: Rule, samples: int) -> PlasticSynapses:
    """Replace synapses `name` (W_f_1, W_r_1 ...) of a network converted with coupling='synapses' by plastic ones.

    They start from the trained weights and carry what the fixed ones carried; each sample learns its own copy. Rules
    that read u learn in trained networks only: in integer ones it is reset before on_post sees it, and in codes.
    """
    link = _link(network, name)
    if rule.needs and network.layers[int(link.target.rpartition("_")[2]) - 1].fixed:
        raise DmpnetError(f"{name}: {rule.name} reads the membrane at a spike, but that of {link.target}, in integers, "
                          f"is reset by then; take the trained network, or a rule of spikes alone")
    fixed = converted[name]
    source, target = fixed.source, fixed.target
    n, m = link.weights.shape
    check_weights(rule, link.weights, name)
    sample, i, j = (ends.ravel() for ends in np.mgrid[:samples, :m, :n])
    summed = link.source == link.target  # W_r has to arrive within the step
    made = synapses(rule, source, target, w=np.tile(link.weights.T.ravel(), samples), i=sample * m + i,
                    j=sample * n + j, samples=samples, name=f"{name}_plastic",
                    transmit="" if summed else fixed.pre.code,
                    model=f"{link.current}_post = w*s_pre : 1 (summed)" if summed else "")
    converted.remove(fixed)
    fixed._network = "was replaced"  # else Brian2 says, when it is deleted, that it was never used
    converted.add(*made.objects)
    return made


def _link(network: TrainedNetwork, name: str) -> populations.Connection:
    """The connection of that name, from neurons that spike to neurons that spike."""
    spiking = {link.name: link for link in populations.connections(network)
               if link.carries == "spikes" and link.target.startswith("fast_")}
    if name not in spiking:
        raise DmpnetError(f"{name}: no synapses of this network between neurons that spike; choose from "
                          f"{', '.join(spiking)}")
    return spiking[name]


def weights(plastic: PlasticSynapses, shape: Iterable[int]) -> np.ndarray:
    """Weights after a run, of synapses connected all to all: (samples, targets, sources)."""
    samples, n, m = shape
    return np.asarray(plastic.synapses.w[:]).reshape(samples, m, n).swapaxes(1, 2)
