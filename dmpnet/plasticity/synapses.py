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
from typing import Any

import numpy as np
from brian2 import NeuronGroup, Subgroup, second

from dmpnet.arithmetic import lfsr
from dmpnet.brian.quantities import unitless, whole
from dmpnet.brian.session import Neurons, Wires
from dmpnet.errors import DmpnetError
from dmpnet.plasticity.groups import PlasticSynapses, check_precision, check_rule, check_steps, delay_of
from dmpnet.plasticity.names import Code, apart
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.rules.binary import registers
from dmpnet.plasticity.statements import integers, variables

BEFORE_BOTH, AFTER_BOTH = -2, 2  # order of the jumps of traces; on_pre has -1, on_post 1


def synapses(rule: Rule, source: Any, target: Any, *, w: Any = 0.0, i: np.ndarray | None = None,
             j: np.ndarray | None = None, samples: int = 1, transmit: str = "", model: str = "", seed: int = 1,
             delay: Any = 0 * second, post_delay: Any = 0 * second, name: str = "plastic*") -> PlasticSynapses:
    """Synapses from source to target that follow `rule`, on the clock of target.

    w : weights at the start, without a unit; one, or (n,) of n synapses in the order of i and j
    i, j : (n,) integers, neuron of source and of target of each synapse; all to all if None, source after source
    samples : how many samples lie side by side in target, each with a third factor of its own
    transmit : what a presynaptic spike does to the target with w, e.g. 'I_f_post += w'
    model : further equations, e.g. 'I_r_post = w*s_pre : 1 (summed)'
    seed : of the registers of stochastic rules;  name : with * at its end a number follows where it is taken
    delay : time (ms) until a presynaptic spike is at the synapses, along the axon; one, or one a neuron of source
    post_delay : time (ms) until a postsynaptic spike is, back along the dendrite; one, or one a neuron of target

    DmpnetError for groups that never spike or differ in dt, and for weights outside w_min and w_max of the rule.
    """
    _check(rule, source, target, samples)
    i, j = _ends(rule, i, j, source, target)
    w = check_weights(rule, w, name.rstrip("*"), len(i))
    code = apart(rule, source, target, transmit, model)
    delays = {"pre": delay_of(rule, "delay", delay, source), "post": delay_of(rule, "post_delay", post_delay, target)}
    if rule.needs and delays["post"].any():
        raise DmpnetError(f"{rule.name}: post_delay = {post_delay}, but it reads {', '.join(rule.needs)} at a spike, "
                          f"which is another when the spike is back; leave it at 0 ms, or choose another rule")
    plastic = _made(rule, code, source, target, transmit, model, delays, name)
    needed = [*_traces(rule, code, plastic, source, "pre", seed, 0, delays["pre"]),
              *_traces(rule, code, plastic, target, "post", seed, len(source), delays["post"])]
    if rule.third_factor:
        plastic.third = _third(rule, code, plastic, samples)
        needed.append(plastic.third)
    plastic.contain(*needed)
    plastic.connect(i=i, j=j)
    for side, ends in (("pre", i), ("post", j)):
        if delays[side].ndim and hasattr(plastic, side):
            getattr(plastic, side).delay = delays[side][ends] * second
    plastic.delays_hold = True
    _begin(plastic, w, j, samples, seed)
    if rule.each_step:
        plastic.run_regularly(code.each_step, when="end", name=f"{plastic.name}_each_step")
    return plastic


def _begin(plastic: PlasticSynapses, w: np.ndarray, j: np.ndarray, samples: int, seed: int) -> None:
    """Set the variables of synapses onto neurons j as they are at the start."""
    plastic.w = w
    if plastic.third is not None:
        plastic.sample = j // (len(plastic.target) // samples)
    if plastic.rule.stochastic:
        plastic.r = registers(len(j), seed)
    for variable, values in plastic.rule.start.items():
        setattr(plastic, variable, values(len(j)))


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
    if i.ndim != 1 or i.shape != j.shape or not i.size:
        raise DmpnetError(f"{rule.name}: i of shape {i.shape}, j of shape {j.shape}, but both are one number a "
                          f"synapse; give them so")
    return _of(rule, "i", i, source), _of(rule, "j", j, target)


def _of(rule: Rule, symbol: str, ends: np.ndarray, group: Any) -> np.ndarray:
    """`ends` as numbers of neurons of `group`; DmpnetError unless they are."""
    if ends.dtype.kind not in "iu":
        raise DmpnetError(f"{rule.name}: {symbol} of dtype {ends.dtype}, but it numbers neurons; give integers")
    if not 0 <= ends.min() <= ends.max() < len(group):
        raise DmpnetError(f"{rule.name}: {symbol} from {ends.min()} to {ends.max()}, but {group.name} has neurons 0 to "
                          f"{len(group) - 1}; set it there")
    return ends.astype(int)


def _lines(*code: str) -> str | None:
    return "\n".join(filter(None, code)) or None


def _check(rule: Rule, source: Any, target: Any, samples: int) -> None:
    """Raise DmpnetError unless these groups can be joined by this rule."""
    check_rule(rule)
    for group in (source, target):
        if isinstance(group, Subgroup):
            raise DmpnetError(f"{rule.name}: {group.name} is a subgroup, but traces belong to whole groups; connect "
                              f"the group it is part of, with i and j")
        if "spike" not in getattr(group, "events", ()):
            raise DmpnetError(f"{rule.name}: {getattr(group, 'name', group)} never spikes, but a rule is about spikes "
                              f"on both sides; connect groups with a threshold")
    for variable in rule.needs:
        if variable not in target.variables:
            raise DmpnetError(f"{rule.name}: {target.name} has no variable {variable!r}, which this rule reads; "
                              f"choose another rule or give the neurons {variable!r}")
    check_steps(rule, source, target)
    check_precision(rule)
    if rule.whole and len(source) + len(target) > lfsr.PERIOD:
        raise DmpnetError(f"{rule.name}: {len(source)} + {len(target)} neurons, but there are {lfsr.PERIOD} states of "
                          f"a register to give them; put fewer samples side by side")
    if len(target) % whole(rule.name, "samples", samples):
        raise DmpnetError(f"{rule.name}: samples = {samples}, but {target.name} has {len(target)} neurons; set samples "
                          f"to how many lie side by side")


def check_weights(rule: Rule, w: Any, name: str, count: int | None = None) -> np.ndarray:
    """w as an array; DmpnetError unless every weight lies within the rule's bounds (one of them for binary rules).

    count : of synapses; w is one number, or one for each
    """
    low, high = float(rule["w_min"]), float(rule["w_max"])
    unitless(name, "w", w)
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
    if rule.binary and not np.isin(w, (low, high)).all():
        raise DmpnetError(f"{name}: weights other than {low:g} and {high:g}, but {rule.name} is binary; round them")
    return w


def _traces(rule: Rule, code: Code, plastic: PlasticSynapses, neurons: Any, side: str, seed: int, before: int,
            delay: np.ndarray) -> list[Any]:
    """The traces of one side and the synapses by which they hear their neurons' spikes; none if there are none.

    seed, before : of their registers, for rules whose synapses have none, and how many neurons come first in the cycle
    delay : seconds after which a spike is heard, as by the plastic synapses
    """
    equations, reset = getattr(rule, f"{side}_equations"), getattr(rule, f"{side}_reset")
    if not equations:
        return []
    name = f"{plastic.name}_{side}_traces"
    traces = Neurons(len(neurons), equations, method="exact", namespace=rule.namespace, clock=neurons.clock,
                         name=name)
    for variable in variables(equations):
        plastic.variables.add_reference(code.called[f"{variable}_{side}"], traces, variable,
                                        index=f"_{side}synaptic_idx")
    if "r" in integers(equations):
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


def _third(rule: Rule, code: Code, plastic: PlasticSynapses, samples: int) -> NeuronGroup:
    """The third factor, one unit a sample; its step comes after each_step."""
    group = Neurons(samples, rule.third_factor, method="exact", namespace=rule.namespace, clock=plastic.clock,
                        name=f"{plastic.name}_third")
    for variable in variables(rule.third_factor):
        plastic.variables.add_reference(code.called[f"{variable}_third"], group, variable, index="sample")
    _each_step(group, rule.third_step, "end", order=1)
    return group


def _each_step(group: NeuronGroup, code: str, when: str, order: int = 0) -> None:
    """Let `group` run `code` in each step: at "groups", when traces with equations decay, or at the "end"."""
    if code:
        group.run_regularly(code, when=when, order=order, name=f"{group.name}_step")
