"""The populations of a converted network, with their equations and constants.

Both couplings (dmpnet.brian.synapses, dmpnet.brian.shared) wire these same groups, by dmpnet.brian.connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Equations

from dmpnet.brian.connections import biases
from dmpnet.brian.integer_layer import IntegerSteps
from dmpnet.brian.mode_steps import ModeSteps
from dmpnet.brian.real_steps import LOOKAHEAD, READ, READOUT, SCALAR, STEP, RealSteps, Steps
from dmpnet.brian.session import Neurons
from dmpnet.brian.timing import Lags
from dmpnet.equations.layer import SLOW
from dmpnet.equations.membrane import Membranes

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork


def steps_of(network: TrainedNetwork, membranes: Membranes = ()) -> list[Steps]:
    """What a step of each layer is: the one place that asks in which numbers a layer computes."""
    found: list[Steps] = []
    for number, layer in enumerate(network.layers, 1):
        heard = (layer.W_r is not None or layer.adaptation is not None
                 or any(above.delay is not None for above in network.layers[number:number + 1]))
        steps = (IntegerSteps(layer, layer.fixed, number, heard) if layer.fixed is not None else
                 ModeSteps(layer, layer.modes, number, heard) if layer.modes is not None else
                 RealSteps(layer, number, heard))
        own = membranes[number - 1] if membranes else None
        found.append(steps.moved_by(own) if own else steps)
    return found


def groups(network: TrainedNetwork, batch: int, lags: Lags, clock: Any, shared_step: bool = True,
           waiting: str = "", membranes: Membranes = ()) -> dict[str, Neurons]:
    """All neuron groups but the input, constants set, by name; their updates are added by the coupling.

    clock : of all of them
    shared_step : one counter k a group, faster; Brian2GeNN needs one a unit, it cannot read back a shared one
    waiting : equations of input that waits for the slow memory, of fast neurons that have one
    membranes : what moves u where it is not the trained decay
    """
    made: dict[str, Neurons] = {}

    def group(name: str, size: int, equations: str, lag: int | None, steps: Steps | None = None, **kwargs) -> Neurons:
        owner, own = name.partition("_")[0], None
        if steps and steps.lookahead:
            equations += LOOKAHEAD[owner][0] + "\n"
        text: Any = equations.format(shared="(shared)" if shared_step else "", each=steps.flags if steps else "")
        if steps and owner == "fast" and (own := steps.membrane):
            text = Equations(text) + own.declared()
            kwargs |= {"method": own.method} if own.equations else {}
        made[name] = Neurons(batch * size, text, name=name, clock=clock,
                             namespace=steps.functions(owner, size, lags.steps) if steps else {}, **kwargs)
        if lag is not None:
            made[name].k = -1 - lag
            made[name].T = lags.steps
        return made[name]

    for number, (layer, steps) in enumerate(zip(network.layers, steps_of(network, membranes), strict=True), 1):
        if layer.slow:
            group(f"scalar_{number}", 1, SCALAR, lags.x[number - 1], steps)
            slow = (STEP + SLOW, lags.m[number - 1]) if steps.slow_counts else (SLOW, None)
            group(f"slow_{number}", layer.slow.d, *slow, steps)
        fast = group(f"fast_{number}", layer.N, steps.equations(waiting), lags.u[number - 1], steps, **steps.fires())
        steps.put(fast, batch)
    group("readout", network.classes, READOUT, lags.readout)
    for name, array in biases(network).items():
        owner, variable = name.split(".")
        made[owner].variables[variable].set_value(np.tile(array, batch))
    return made


def updates(network: TrainedNetwork, membranes: Membranes = ()) -> dict[str, tuple[str, ...]]:
    """The update lines of every population, by name; the readout first, then layer by layer."""
    lines: dict[str, tuple[str, ...]] = {"readout": (READ,)}
    for steps in steps_of(network, membranes):
        lines |= {f"{owner}_{steps.number}": code for owner, code in steps.lines.items()}
    return lines
