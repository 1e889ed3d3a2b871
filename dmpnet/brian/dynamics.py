"""What a Brian2 network really does in a step: all of its code, in the order in which it runs.

Brian2 shows the equations of a group, which for the discrete updates here declare variables alone; what moves them is
code that runs regularly, synapses, thresholds and resets. `steps` reads it from the network itself, so that whatever
was changed, added or made plastic is there too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from brian2 import Network, NeuronGroup
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import Resetter, StateUpdater, Thresholder
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.monitors.spikemonitor import EventMonitor
from brian2.monitors.statemonitor import StateMonitor
from brian2.synapses.synapses import SummedVariableUpdater, SynapticPathway

COMPUTE, FIRE, RESET, HEAR, SUM, PLAY, RECORD = KINDS = ("compute", "fire", "reset", "hear", "sum", "play", "record")


@dataclass(frozen=True)
class Operation:
    """One thing that is done in every step.

    slot : of Brian2's schedule;  of : the object's name, `owner` the group or synapses whose variables the code names
    does : 'compute' runs `code` for every unit, 'fire' makes those spike for which it holds, 'reset' runs it for these,
        'hear' runs it for every synapse whose source (on_post: target) has spiked, 'sum' sets a variable of the target
        to the sum over its synapses, 'play' lets given spikes happen, 'record' keeps variables
    by : the method that integrates `code` over the step, where it is differential equations
    """

    slot: str
    of: str
    owner: str
    does: str
    code: str
    by: str = ""


def steps(network: Network) -> list[Operation]:
    """All that `network` does in a step, in order."""
    found = []
    for obj in network.sorted_objects:
        does, owner, code = _told(obj)
        if code:
            found.append(Operation(obj.when, obj.name, owner, does, code, _method(obj)))
    order = {slot: place for place, slot in enumerate(network.schedule)}
    return sorted(found, key=lambda step: order.get(_slot(step.slot), len(order)))


def _slot(when: str) -> str:
    """The slot of Brian2's schedule that 'before_groups' and the like belong to."""
    return when.removeprefix("before_").removeprefix("after_")


def _told(obj: Any) -> tuple[str, str, str]:
    """What an object does, whose variables its code names, and the code; no code if it does nothing."""
    if isinstance(obj, Thresholder):
        return FIRE, obj.group.name, obj.group.events[obj.event]
    if isinstance(obj, Resetter):
        return RESET, obj.group.name, obj.group.event_codes[obj.event] or ""
    if isinstance(obj, SummedVariableUpdater):
        return SUM, obj.group.name, f"{obj.target_varname} = {obj.expression}"
    if isinstance(obj, SynapticPathway):
        return HEAR, obj.synapses.name, str(obj.code)
    if isinstance(obj, StateUpdater):
        changes = obj.group.equations.diff_eq_expressions
        return COMPUTE, obj.group.name, "\n".join(f"d{name}/dt = {change.code}" for name, change in changes)
    if isinstance(obj, SpikeGeneratorGroup):
        return PLAY, obj.name, "spikes at the times that were given"
    if isinstance(obj, StateMonitor):
        return RECORD, obj.source.name, ", ".join(obj.record_variables)
    if isinstance(obj, EventMonitor):
        return RECORD, obj.source.name, "spikes"
    if isinstance(obj, CodeRunner):
        return COMPUTE, obj.group.name, str(obj.abstract_code or "")
    return COMPUTE, obj.name, ""


def _method(obj: Any) -> str:
    """By what Brian2 integrates the equations of a state updater; the first of several that can."""
    if not isinstance(obj, StateUpdater):
        return ""
    several = obj.method_choice if isinstance(obj.method_choice, list | tuple) else (obj.method_choice,)
    return " or ".join(each if isinstance(each, str) else getattr(each, "__name__", repr(each)) for each in several)


def text(network: Network) -> str:
    """`steps` to be read: variables of every group, then what each slot of a step does, in order."""
    lines = ["variables"]
    for obj in sorted((obj for obj in network.objects if isinstance(obj, NeuronGroup)), key=lambda obj: obj.name):
        lines += [f"  {obj.name}, {len(obj)} units", *_indented(str(obj.equations).split("\n"), 6)]
    slot = ""
    for step in steps(network):
        if step.slot != slot:
            slot = step.slot
            lines += ["", slot]
        lines += [f"  {step.of}{_says(step)}", *_indented(step.code.split("\n"), 6)]
    return "\n".join(lines)


def _says(step: Operation) -> str:
    if step.by:
        return f": integrates by {step.by}"
    return {FIRE: ": fires where", RESET: ": where it fired", HEAR: ": at each spike", SUM: ": sum over synapses",
            RECORD: ": keeps", PLAY: ": plays"}.get(step.does, "")


def _indented(lines: Iterable[str], by: int) -> list[str]:
    return [" " * by + line.strip() for line in lines if line.strip()]
