"""Brian2 groups of a plasticity rule: they run with their neurons, on the clock of their neurons, or say why not.

Whatever a plastic synapse needs (traces, their jumps, the third factor) is contained in it, in Brian2's sense: a
Network that has the synapses, or a bare run(), has all of it, and has it once. Nothing of them looks like a name in
the user's script that it would have to be told from.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2 import BrianObject, NeuronGroup, Quantity, Synapses, get_device, have_same_dimensions, prefs, second

from dmpnet.brian.session import Wires
from dmpnet.errors import DmpnetError
from dmpnet.plasticity.rule import Rule

SAME = 1e-9
"""Steps that differ by less than this part are the same."""


class PlasticSynapses(Wires):
    """Brian2 Synapses that follow a rule, with what they need: Network(neurons, plastic) or run() runs them.

    rule : the rule
    third : one unit a sample with the third factor, e.g. plastic.third.d = 0.5; None if the rule has none
    objects : the synapses and what they contain
    """

    def __init__(self, rule: Rule, source: Any, target: Any, *args: Any, **kwargs: Any):
        self.rule = rule
        self.third: NeuronGroup | None = None
        self.objects: tuple[Any, ...] = (self,)
        self.delays_hold = False
        super().__init__(source, target, *args, clock=target.clock, **kwargs)

    def __del__(self):
        BrianObject.__del__(self)  # they are the user's: Brian2 tells if no network ever had them

    @property
    def synapses(self) -> "PlasticSynapses":
        """Themselves."""
        return self

    def contain(self, *needed: Any) -> None:
        """Make what the rule needs part of the synapses."""
        self.contained_objects.extend(needed)
        self.objects = (*self.objects, *needed)

    def before_run(self, run_namespace: Mapping[str, Any]) -> None:
        """Brian2 calls this before each run; steps and precision may have changed since."""
        check_steps(self.rule, self.source, self.target)
        check_precision(self.rule)
        device = get_device()
        if hasattr(device, "synapses"):  # of a program: Brian2 gives it queues of spikes for a network's own alone
            device.synapses |= {part for part in self.objects if isinstance(part, Synapses)}
        super().before_run(run_namespace)

    def check_variable_write(self, variable: Any) -> None:
        """Brian2 calls this before a variable of the synapses or of their pathways is set."""
        super().check_variable_write(variable)
        if self.delays_hold and variable.name == "delay":
            raise DmpnetError(f"{self.name}: delay set of synapses that are made, but their traces jump at the delays "
                              f"they were made with; give delay and post_delay to plasticity.synapses")


def check_rule(rule: Any, called: str = "plastic") -> None:
    """DmpnetError from the function of that name unless it is a rule."""
    if not isinstance(rule, Rule):
        raise DmpnetError(f"{called}: rule = {rule!r}, but it is a Rule; give dmpnet.rule('pair-additive'), of an "
                          f"IntegerRule its `brian2`")


def check_steps(rule: Rule, source: Any, target: Any) -> None:
    """Raise DmpnetError unless both groups take the same steps, and those of the rule if it has its own."""
    steps = {group.name: float(group.clock.dt_) for group in (source, target)}
    here = float(target.clock.dt_)
    if not np.isclose(float(source.clock.dt_), here, rtol=SAME, atol=0):
        told = ", ".join(f"{name} = {1e3 * dt:g} ms" for name, dt in steps.items())
        raise DmpnetError(f"{rule.name}: dt of {told}, but spikes of both meet in one step; give them the same clock")
    if rule.dt and not np.isclose(rule.dt, here, rtol=SAME, atol=0):
        raise DmpnetError(f"{rule.name}: dt = {1e3 * here:g} ms of {target.name}, but the rule was made for steps of "
                          f"{1e3 * rule.dt:g} ms; constrain it for dt = {here:g} s, or give the neurons its dt")


def check_precision(rule: Rule) -> None:
    """Raise DmpnetError if floating-point numbers are too short for whole numbers of a chip."""
    kind = np.dtype(prefs["core.default_float_dtype"])
    if rule.whole and kind != np.float64:
        raise DmpnetError(f"{rule.name}: brian2.prefs.core.default_float_dtype = {kind}, but integers of a chip are "
                          f"exact in float64 only; set it to float64")


def delay_of(rule: Rule, argument: str, value: Any, group: Any) -> np.ndarray:
    """Seconds, () or one a neuron of `group`, of a delay that was given as `argument`."""
    if not (isinstance(value, Quantity) and have_same_dimensions(value, second)):
        raise DmpnetError(f"{rule.name}: {argument} = {value!r}, but it is a time; give it in ms")
    seconds = np.asarray(value / second, float)
    if seconds.shape not in ((), (len(group),)):
        raise DmpnetError(f"{rule.name}: {argument} of shape {seconds.shape}, but traces live on neurons, so that all "
                          f"synapses of one share a delay; give one, or one for each of the {len(group)} neurons of "
                          f"{group.name}")
    if not (np.isfinite(seconds).all() and (seconds >= 0).all()):
        raise DmpnetError(f"{rule.name}: {argument} = {value}, but a spike arrives after it was sent; set it >= 0 ms")
    return seconds
