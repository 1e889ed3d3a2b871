"""Plastic Brian2 Synapses from a rule, between any two groups that spike, and in converted networks.

Traces are neuron groups of their own, one unit a neuron, that hear every spike of their neurons: neither model nor
reset of the neurons changes, and spike generators can have them too. The synapses read them as x_pre, y_post.

Order of events within a step, under Brian2's default schedule:

    groups       traces decay by exp(-dt/tau), or as a chip's do
    thresholds   neurons spike
    synapses     on_pre of every presynaptic spike (the weight is passed on before it changes), then on_post of every
                 postsynaptic spike, then the traces jump (order -1, 1, 2)
    end          each_step, then what a third factor does by itself

So a spike sees traces as they were before any spike of its step: a pair in the same step, dt = 0, changes nothing,
and spikes n steps apart see exactly exp(-n dt/tau). If both neurons spike, on_post starts from the weight on_pre left.
(With pair-nearest-coincident the traces jump first, order -2.)

Spikes arrive after a delay: presynaptic ones along the axon, postsynaptic ones back along the dendrite. The synapses
and the traces hear them at the same time, so that a pair is (t_post + post_delay) - (t_pre + delay) apart: a rule with
delays is the rule without, of later spikes. Traces live on neurons, so all synapses of a neuron share its delay.
Axons of a converted network with delays are neurons (axons_1): connect from there.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from brian2 import Network, NeuronGroup, Subgroup, Synapses, get_device, second

from dmpnet import populations, session
from dmpnet.errors import DmpnetError
from dmpnet.hardware import lfsr
from dmpnet.plasticity.binary import registers
from dmpnet.plasticity.groups import (
    PlasticSynapses,
    check_precision,
    check_steps,
    delay_of,
)
from dmpnet.plasticity.names import Code, apart, variables
from dmpnet.plasticity.rule import Rule
from dmpnet.session import Neurons, Wires
from dmpnet.weights import TrainedNetwork

BEFORE_BOTH, AFTER_BOTH = -2, 2  # order of the jumps of traces; on_pre has -1, on_post 1


def synapses(rule: Rule, source: Any, target: Any, *, w: Any = 0.0, i: np.ndarray | None = None,
             j: np.ndarray | None = None, samples: int = 1, transmit: str = "", model: str = "", seed: int = 1,
             delay: Any = 0 * second, post_delay: Any = 0 * second, name: str = "plastic") -> PlasticSynapses:
    """Synapses from source to target that follow `rule`, on the clock of target.

    w : weights at the start, one or one a synapse
    i, j : neurons to connect, all to all if None, source after source
    samples : how many samples lie side by side in target, each with a third factor of its own
    transmit : what a presynaptic spike does to the target with w, e.g. 'I_f_post += w'
    model : further equations, e.g. 'I_r_post = w*s_pre : 1 (summed)'
    seed : of the registers of stochastic rules
    delay : until a presynaptic spike is at the synapses, along the axon; one, or one for each neuron of source
    post_delay : until a postsynaptic spike is, back along the dendrite; one, or one for each neuron of target
    """
    _check(rule, source, target, samples)
    i, j = _ends(rule, i, j, source, target)
    w = check_weights(rule, w, name, len(i))
    code = apart(rule, source, target, transmit, model)
    delays = {"pre": delay_of(rule, "delay", delay, source), "post": delay_of(rule, "post_delay", post_delay, target)}
    if rule.needs and delays["post"].any():
        raise DmpnetError(f"{rule.name}: post_delay = {post_delay}, but it reads {', '.join(rule.needs)} at a spike, "
                          f"which is another when the spike is back; leave it at 0 ms, or choose another rule")
    made = _made(rule, code, source, target, transmit, model, delays, name)
    needed = [*_traces(rule, code, made, source, "pre", seed, 0, delays["pre"]),
              *_traces(rule, code, made, target, "post", seed, len(source), delays["post"])]
    if rule.third_factor:
        made.third = _third(rule, code, made, samples)
        needed.append(made.third)
    made.contain(*needed)
    made.connect(i=i, j=j)
    for side, ends in (("pre", i), ("post", j)):
        if delays[side].ndim and hasattr(made, side):
            getattr(made, side).delay = delays[side][ends] * second
    made.delays_hold = True
    _begin(made, w, j, samples, seed)
    if rule.each_step:
        made.run_regularly(code.each_step, when="end", name=f"{name}_each_step")
    return made


def _begin(made: PlasticSynapses, w: np.ndarray, j: np.ndarray, samples: int, seed: int) -> None:
    """Set the variables of synapses onto neurons j as they are at the start."""
    made.w = w
    if made.third is not None:
        made.sample = j // (len(made.target) // samples)
    if "r : integer" in made.rule.model:
        made.r = registers(len(j), seed)
    for variable, values in made.rule.start.items():
        setattr(made, variable, values(len(j)))


def _made(rule: Rule, code: Code, source: Any, target: Any, transmit: str, model: str, delays: dict[str, np.ndarray],
          name: str) -> PlasticSynapses:
    """The synapses alone, not yet connected."""
    equations = "\n".join(filter(None, ("w : 1", rule.model, "sample : integer (constant)" if rule.third_factor else "",
                                        model)))
    does = {"pre": _lines(transmit, code.on_pre), "post": _lines(code.on_post)}
    return PlasticSynapses(rule, source, target, equations, on_pre=does["pre"], on_post=does["post"],
                           delay={side: float(delays[side]) * second for side in does
                                  if does[side] and not delays[side].ndim}, namespace=code.namespace, name=name)


def _ends(rule: Rule, i: Any, j: Any, source: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """(n,) neurons that n synapses join, all to all if none are given."""
    if (i is None) != (j is None):
        given, missing = ("i", "j") if j is None else ("j", "i")
        raise DmpnetError(f"{rule.name}: {given} without {missing}, but a synapse has two ends; give both, or none for "
                          f"all to all")
    if i is None:
        i, j = np.mgrid[:len(source), :len(target)]
        return i.ravel(), j.ravel()
    i, j = np.atleast_1d(np.asarray(i)), np.atleast_1d(np.asarray(j))
    if i.ndim != 1 or i.shape != j.shape:
        raise DmpnetError(f"{rule.name}: i of shape {i.shape}, j of shape {j.shape}, but both are one number a "
                          f"synapse; give them so")
    return i, j


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
    check_steps(rule, source, target)
    check_precision(rule)
    if rule.whole and len(source) + len(target) > lfsr.PERIOD:
        raise DmpnetError(f"{rule.name}: {len(source)} + {len(target)} neurons, but there are {lfsr.PERIOD} states of "
                          f"a register to give them; put fewer samples side by side")
    if samples < 1 or len(target) % samples:
        raise DmpnetError(f"{rule.name}: samples = {samples}, but {target.name} has {len(target)} neurons; set samples "
                          f"to how many lie side by side")


def check_weights(rule: Rule, w: Any, name: str, count: int | None = None) -> np.ndarray:
    """w as an array; DmpnetError unless every weight lies within the rule's bounds (one of them for binary rules).

    count : of synapses; w is one number, or one for each
    """
    low, high = float(rule["w_min"]), float(rule["w_max"])
    try:
        w = np.asarray(w, float)
    except (TypeError, ValueError):
        raise DmpnetError(f"{name}: w = {w!r}, but weights are numbers; give numbers, or set w of the synapses that "
                          f"are made, as in Brian2") from None
    if count is not None and w.shape not in ((), (count,)):
        raise DmpnetError(f"{name}: w of shape {w.shape}, but it is one number, or one for each of {count} synapses in "
                          f"the order of i and j, all to all source after source; of a matrix (sources, targets) give "
                          f"w.ravel()")
    if not (np.isfinite(w).all() and (w >= low).all() and (w <= high).all()):
        raise DmpnetError(f"{name}: weights from {w.min():g} to {w.max():g}, but {rule.name} keeps them between "
                          f"{low:g} and {high:g}; scale them, or set w_min and w_max with rule.tuned")
    if rule.whole and (w != np.rint(w)).any():
        raise DmpnetError(f"{name}: weights that are not whole, but {rule.name} is that of a chip; give it "
                          f"integer.codes(weights)")
    if "r : integer" in rule.model and not np.isin(w, (low, high)).all():
        raise DmpnetError(f"{name}: weights other than {low:g} and {high:g}, but {rule.name} is binary; round them")
    return w


def _traces(rule: Rule, code: Code, made: PlasticSynapses, neurons: Any, side: str, seed: int, before: int,
            delay: np.ndarray) -> list[Any]:
    """The traces of one side and the synapses by which they hear their neurons' spikes; none if there are none.

    seed, before : of their registers, for rules whose synapses have none, and how many neurons come first in the cycle
    delay : seconds after which a spike is heard, as by the plastic synapses
    """
    equations, reset = getattr(rule, f"{side}_equations"), getattr(rule, f"{side}_reset")
    if not equations:
        return []
    name = f"{made.name}_{side}_traces"
    traces = Neurons(len(neurons), equations, method="exact", namespace=rule.namespace, clock=neurons.clock,
                         name=name)
    for variable in variables(equations):
        made.variables.add_reference(code.called[f"{variable}_{side}"], traces, variable, index=f"_{side}synaptic_idx")
    if "r : integer" in equations:
        traces.r = registers(before + len(neurons), seed)[before:]
    _each_step(traces, getattr(rule, f"{side}_step"), "groups")
    if not reset:
        return [traces]
    own = "|".join(variables(equations))  # compiled code reads x and x_post as two variables, so all are x_post
    jumps = Wires(neurons, traces, on_pre=re.sub(rf"\b({own})\b", r"\1_post", reset), namespace={},
                         clock=neurons.clock, name=f"{name}_jumps")
    jumps.connect(i=np.arange(len(neurons)), j=np.arange(len(neurons)))
    if delay.any():
        jumps.pre.delay = np.broadcast_to(delay, len(neurons)) * second
    jumps.pre.order = BEFORE_BOTH if rule.jumps_first else AFTER_BOTH
    return [traces, jumps]


def _third(rule: Rule, code: Code, made: PlasticSynapses, samples: int) -> NeuronGroup:
    """The third factor, one unit a sample; its step comes after each_step."""
    group = Neurons(samples, rule.third_factor, method="exact", namespace=rule.namespace, clock=made.clock,
                        name=f"{made.name}_third")
    for variable in variables(rule.third_factor):
        made.variables.add_reference(code.called[f"{variable}_third"], group, variable, index="sample")
    _each_step(group, rule.third_step, "end", order=1)
    return group


def _each_step(group: NeuronGroup, code: str, when: str, order: int = 0) -> None:
    """Let `group` run `code` in each step: at "groups", when traces with equations decay, or at the "end"."""
    if code:
        group.run_regularly(code, when=when, order=order, name=f"{group.name}_step")


def gate_by_memory(plastic: PlasticSynapses, slow: NeuronGroup, w_g: np.ndarray) -> Synapses:
    """Synapses that make the gate of every sample w_g . m; the plastic ones contain them from then on.

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
    check_steps(plastic.rule, slow, third)
    made = Wires(slow, third, "w_g : 1\nprojection_post = w_g*m_pre : 1 (summed)", namespace={},
                        clock=third.clock, name=f"{plastic.name}_gate")
    units = np.arange(len(slow))
    made.connect(i=units, j=units // len(w_g))
    made.w_g = np.tile(w_g, len(third))
    third.run_regularly(plastic.rule.gating, name=f"{third.name}_run_regularly")
    plastic.contain(made)
    return made


def make_plastic(converted: Network, network: TrainedNetwork, name: str, rule: Rule, samples: int) -> PlasticSynapses:
    """Replace synapses `name` (W_f_1, W_r_1 ...) of a network converted with coupling='synapses' by plastic ones.

    They start from the weights of the fixed ones (on Brian2's standalone devices, which cannot read them yet, from the
    trained weights) and carry what these carried; each sample learns its own copy. Rules
    that read u learn in trained networks only: in integer ones it is reset before on_post sees it, and in codes.
    """
    _check_converted(converted, network, samples)
    link = _link(network, name)
    if rule.needs and network.layers[int(link.target.rpartition("_")[2]) - 1].fixed:
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
        made = synapses(rule, source, target, w=w, i=sample * m + i,
                        j=sample * n + j, samples=samples, name=f"{name}_plastic",
                        transmit="" if summed else fixed.pre.code,
                        model=f"{link.current}_post = w*s_pre : 1 (summed)" if summed else "")
    converted.remove(fixed)
    fixed._network = "was replaced"  # else Brian2 says, when it is deleted, that it was never used
    converted.add(made)
    return made


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


def _link(network: TrainedNetwork, name: str) -> populations.Connection:
    """The connection of that name, from neurons that spike to neurons that spike."""
    spiking = {link.name: link for link in populations.connections(network)
               if link.carries == "spikes" and link.target.startswith("fast_")}
    if name not in spiking:
        raise DmpnetError(f"{name}: no synapses of this network between neurons that spike; choose from "
                          f"{', '.join(spiking)}")
    return spiking[name]


def weights(plastic: PlasticSynapses, shape: Iterable[int]) -> np.ndarray:
    """Weights after a run, of synapses connected all to all: (samples, targets, sources), a copy."""
    samples, n, m = shape
    return np.array(plastic.synapses.w[:]).reshape(samples, m, n).swapaxes(1, 2)
