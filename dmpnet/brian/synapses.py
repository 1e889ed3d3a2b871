"""Coupling by Brian2 Synapses: every sample has its own, and any of them can be changed or cut.

Spikes are events (W_f, w_x, W_o); what is not a spike is a summed variable (Abar m, Bbar x, W_m m, analog input), and
so is W_r s, which has to arrive within the step (Brian2GeNN delivers events a step later), and what neurons emit in
place of spikes, which so arrives when spikes would. A summed variable is
computed after the step that reads it, so x reaches m one step later and m reaches u another one later; what
came by W_f waits for them in the fast neurons. (Not by a synaptic delay: with one, Brian2GeNN reads s of another step.)
Axonal delays are those of `delay_1` and so on, one synapse an axon, or for analog input one a value that is not 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.brian import connections, queues
from dmpnet.brian.connections import Connection, DelayedInputs
from dmpnet.brian.session import Generator, Neurons, Wires
from dmpnet.brian.timing import Lags

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork

WAITING = """
I_in : 1                        # W_f s_in as it arrives
I_1 : 1                         # of the step before
I_2 : 1                         # of two steps before
"""
WAIT = """I_f = I_2
I_2 = I_1
I_1 = I_in"""

CHANNELS = """
s_in : 1                        # value of this step
s_next : 1
"""
PLAY = """s_in = s_next
s_next = 0"""


def wire(network: TrainedNetwork, s_in: np.ndarray, groups: dict[str, Neurons], updates: dict[str, tuple[str, ...]],
         lags: Lags, clock: Any) -> list:
    """Input, axons and synapses; gives every group its step, of the lines in `updates`."""
    s_in = queues.heard(network, s_in)
    objects = [*_input(network, s_in, clock), *queues.groups(network, groups, len(s_in), clock).values()]
    sources = {**groups, **{obj.name: obj for obj in objects}}
    for axons in connections.axons(network, lags.steps):
        if axons.carries == "spikes":
            made = _axons(axons, sources[axons.source], len(s_in))
        else:
            made = _played(s_in, sources["values"], axons.name, axons.delays, axons.steps)
        sources[axons.name] = made[0]
        objects += made
    clear: dict[str, list[str]] = {name: [] for name in groups}
    for link in connections.connections(network):
        source, target = sources[link.source], groups[link.target]
        current = "I_in" if link.current == "I_f" and "I_in" in target.variables else link.current
        if link.source == link.target and link.carries == "spikes":
            wired = _summed(link, source, target, current, "s")
        elif link.carries == "spikes":
            wired = _events(link, source, target, current)
            clear[link.target].append(f"{current} = 0")  # collects spikes: starts the next step from 0
        else:
            late = (link.carries, link.current) == ("x", "I_x")  # x of the step that m_before waited for
            wired = _summed(link, source, target, current, "x_before" if late else link.carries)
        objects.append(_connected(wired, link.weights, len(s_in)))
    for name, lines in updates.items():
        first = ("k += 1",) if "k" in groups[name].variables else ()
        wait = (WAIT,) if "I_in" in groups[name].variables else ()
        groups[name].run_regularly("\n".join((*first, *wait, *lines, *clear[name])), name=f"{name}_run_regularly")
    return objects


def _events(link: Connection, source: Neurons, target: Neurons, current: str) -> Wires:
    """A spike of the source adds w to the target's current."""
    return Wires(source, target, "w : 1", on_pre=f"{current}_post += w", name=link.name, namespace={},
                 clock=target.clock)


def _summed(link: Connection, source: Neurons, target: Neurons, current: str, variable: str) -> Wires:
    """The target's current is the sum of w times a variable of the source, every step."""
    return Wires(source, target, f"w : 1\n{current}_post = w*{variable}_pre : 1 (summed)", name=link.name,
                 namespace={}, clock=target.clock)


def _connected(synapses: Wires, weights: np.ndarray, batch: int) -> Wires:
    """All-to-all within each sample; weights (N, M), synapses ordered by sample, source, target."""
    n, m = weights.shape
    sample = np.arange(batch)[:, None, None]
    i = np.broadcast_to(sample * m + np.arange(m)[None, :, None], (batch, m, n)).ravel()
    j = np.broadcast_to(sample * n + np.arange(n)[None, None, :], (batch, m, n)).ravel()
    synapses.connect(i=i, j=j)
    synapses.w = np.tile(np.asarray(weights, float).T.ravel(), batch)
    return synapses


def _input(network: TrainedNetwork, s_in: np.ndarray, clock: Any) -> list:
    """`input`: a spike generator, or channels whose values are played by one generator spike a value that is not 0."""
    batch, _, channels = s_in.shape
    if network.encoding.kind == "spikes":
        step, sample, channel = np.nonzero(s_in.swapaxes(0, 1))
        return [Generator(batch * channels, sample * channels + channel,
                                    step * clock.dt, name="input", sorted=True, clock=clock)]
    step, *_ = np.nonzero(s_in.swapaxes(0, 1))
    count = max(len(step), 1)  # an all-dark input has one silent generator: Brian2 takes no empty groups
    values = Generator(count, np.arange(len(step)), step * clock.dt, name="values", sorted=True, clock=clock)
    return [values, *_played(s_in, values, "input", "play")]


def _played(s_in: np.ndarray, values: Generator, name: str, play: str,
            delay: np.ndarray | None = None) -> list:
    """Channels `name` whose values come from the generator by synapses `play`, each channel its delay (M,) late."""
    batch, _, channels = s_in.shape
    step, sample, channel = np.nonzero(s_in.swapaxes(0, 1))
    group = _channels(name, batch * channels, values.clock)
    synapses = Wires(values, group, "w : 1", on_pre="s_next_post += w", name=play, namespace={}, clock=group.clock)
    target = np.zeros(len(values), int)
    target[:len(step)] = sample * channels + channel
    synapses.connect(i=np.arange(len(values)), j=target)
    synapses.w = np.resize(s_in[sample, step, channel], len(values)) if len(step) else 0
    if delay is not None:
        synapses.delay = delay[target % channels] * group.clock.dt
    return [group, synapses]


def _axons(axons: DelayedInputs, source: Any, batch: int) -> list:
    """Units that spike as the source did, each after its delay."""
    group = _channels(axons.name, len(source), source.clock, threshold="s_in > 0", reset="")
    synapses = Wires(source, group, on_pre="s_next_post += 1", name=axons.delays, namespace={}, clock=group.clock)
    synapses.connect(i=np.arange(len(source)), j=np.arange(len(source)))
    synapses.delay = np.tile(axons.steps, batch) * group.clock.dt
    return [group, synapses]


def _channels(name: str, size: int, clock: Any, **spiking: str) -> Neurons:
    """Units that take over in the next step what has arrived in this one."""
    group = Neurons(size, CHANNELS, name=name, namespace={}, clock=clock, **spiking)
    group.run_regularly(PLAY, name=f"{name}_run_regularly")
    return group
