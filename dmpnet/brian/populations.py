"""The populations of a converted network: equations, constants, and the table of what is connected to what.

Both couplings (dmpnet.brian.synapses, dmpnet.brian.shared) wire these same groups. The equations are the discrete ones
of dmpnet.equations.neurons; a step is a few lines of update, run once a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Equations

from dmpnet.brian import integer_steps
from dmpnet.brian.session import Neurons
from dmpnet.equations.decay import CONSTANTS
from dmpnet.equations.membrane import WITHIN, Membrane
from dmpnet.equations.neurons import LOWERED, RESETS, THRESHOLD, UPDATES
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

STEP = """
k : integer {shared}            # step of the sample, < 0 before the first input has arrived
T : integer (shared, constant)  # steps of the sample
"""

U = "u : 1                           # membrane\n"
FAST = STEP + """
s : 1                           # 1 if it fires in this step
I_f : 1                         # W_f s_in
I_r : 1                         # W_r s of the step before
I_m : 1                         # W_m m as last looked at
I_new : 1                       # W_m m
b : 1 (constant)                # b_f, and b_m if that is a current
g : 1 (shared, constant)
theta_u : 1 ({each}constant)
d_s : integer (shared, constant)
"""
LOOK = "I_m = int(k % d_s == 0)*{new} + int(k % d_s != 0)*I_m"
BROKEN = {  # where W_m m[k] is P m[k-1] + nu x[k], by owner: variables and the lines before its update
    "fast": ("I_x : 1                         # nu x", ()),
    "slow": ("m_before : 1                    # m of the step before", ("m_before = m",)),
    "scalar": ("x_before : 1                    # x of the step before", ("x_before = x",)),
}
ACTING = """
b_m : 1 (constant)              # of a slow memory that acts on the threshold or the gain
"""
THRESHOLDS = {"current": THRESHOLD, "threshold": f"{LOWERED} and k >= 0 and k < T", "gain": THRESHOLD}

SCALAR = STEP + """
x : 1
x_in : 1                        # w_x . s_in
b_x : 1 (constant)
"""
RECTIFY = """a = x_in + b_x
x = a*int(a > 0 and k >= 0 and k < T)"""

SLOW = """
m : 1
m_kept : 1                      # Abar m of the step before
m_new : 1                       # Bbar x
"""
REMEMBER = "m = m_kept + m_new"

READOUT = STEP + """
y : 1
total : 1                       # sum of y over the sample
I_o : 1                         # W_o s
b_o : 1 (constant)
"""
READ = """y = (I_o + b_o)*int(k >= 0 and k < T)
total += y"""

Membranes = Sequence[Membrane | None]
"""What moves u in place of the trained decay, one a layer; empty if no layer has any."""


@dataclass(frozen=True)
class Timing:
    """How many simulation steps each population works behind the input; u : one a layer, m : as u, None without memory.

    axons : one a layer, when they take in a step, None without delays
    steps : of the sample; total : of the simulation, until the readout has seen the last and a step more, at whose
        start the last states are recorded
    """

    u: tuple[int, ...]
    m: tuple[int | None, ...]
    x: tuple[int | None, ...]
    axons: tuple[int | None, ...]
    readout: int
    steps: int

    @property
    def total(self) -> int:
        return self.steps + self.readout + 1


@dataclass(frozen=True)
class Connection:
    """One matrix: what it carries from which group to which variable of which group.

    carries : 'spikes', or the variable of the source that is multiplied
    weights : (targets, sources) float64, of one sample
    """

    name: str
    source: str
    carries: str
    target: str
    current: str
    weights: np.ndarray


@dataclass(frozen=True)
class Axons:
    """The delayed inputs of one layer: a unit for each, `name`, and its delay, held by `delays`.

    source, carries : as of a Connection
    steps : (M,) int32 delays, no longer than the sample: what would arrive later is lost
    """

    name: str
    delays: str
    source: str
    carries: str
    steps: np.ndarray


def axons(network: TrainedNetwork, steps: int) -> list[Axons]:
    """Axons of every layer that has delays, for samples of `steps`."""
    found = []
    source, carries = "input", "spikes" if network.encoding.kind == "spikes" else "s_in"
    for number, layer in enumerate(network.layers, 1):
        if layer.delay is not None:
            delay = np.minimum(layer.delay, steps).astype(np.int32)
            found.append(Axons(f"axons_{number}", f"delay_{number}", source, carries, delay))
        source, carries = f"fast_{number}", "spikes"
    return found


def connections(network: TrainedNetwork) -> list[Connection]:
    """Every matrix of the network, input to readout."""
    source, carries = "input", "spikes" if network.encoding.kind == "spikes" else "s_in"
    found = []

    def connect(name: str, source: str, carries: str, target: str, current: str, weights: np.ndarray) -> None:
        found.append(Connection(name, source, carries, target, current, np.asarray(weights, float)))

    for number, layer in enumerate(network.layers, 1):
        fast, memory, scalar = f"fast_{number}", f"slow_{number}", f"scalar_{number}"
        source = source if layer.delay is None else f"axons_{number}"
        connect(f"W_f_{number}", source, carries, fast, "I_f", layer.W_f)
        if layer.W_r is not None:
            connect(f"W_r_{number}", fast, "spikes", fast, "I_r", layer.W_r)
        if layer.slow:
            connect(f"w_x_{number}", source, carries, scalar, "x_in", layer.slow.w_x[None, :])
            connect(f"Abar_{number}", memory, "m", memory, "m_kept", layer.slow.Abar)
            connect(f"Bbar_{number}", scalar, "x", memory, "m_new", layer.slow.Bbar[:, None])
            broken = layer.slow.nu is not None
            connect(f"W_m_{number}", memory, "m_before" if broken else "m", fast, "I_new", layer.slow.W_m)
            if layer.slow.nu is not None:
                connect(f"nu_{number}", scalar, "x", fast, "I_x", layer.slow.nu[:, None])
        source, carries = fast, "spikes"
    connect("W_o", source, carries, "readout", "I_o", network.W_o)
    return found


def groups(network: TrainedNetwork, batch: int, lags: Timing, clock: Any, shared_step: bool = True,
           waiting: str = "", membranes: Membranes = ()) -> dict[str, Neurons]:
    """All neuron groups but the input, constants set, by name; their updates are added by the coupling.

    clock : of all of them
    shared_step : one counter k a group, faster; Brian2GeNN needs one a unit, it cannot read back a shared one
    waiting : equations of input that waits for the slow memory, of fast neurons that have one
    membranes : what moves u where it is not the trained decay
    """
    made: dict[str, Neurons] = {}

    def group(name: str, size: int, equations: str, lag: int | None, layer: Layer | None = None,
              membrane: Membrane | None = None, **kwargs) -> None:
        if layer and layer.slow and layer.slow.nu is not None:
            equations += BROKEN[name.partition("_")[0]][0] + "\n"
        each = "" if layer and layer.fixed else "shared, "
        if membrane and membrane.equations:
            kwargs["method"] = membrane.method
        text = equations.format(shared="(shared)" if shared_step else "", each=each)
        made[name] = Neurons(batch * size, Equations(text) + membrane.declared() if membrane else text, name=name,
                             clock=clock, namespace=integer_steps.rounding(layer, name, size, lags.steps), **kwargs)
        if lag is not None:
            made[name].k = -1 - lag
            made[name].T = lags.steps

    for number, layer in enumerate(network.layers, 1):
        if layer.slow:
            group(f"scalar_{number}", 1, SCALAR, lags.x[number - 1], layer)
            noisy = layer.fixed and "m" in layer.fixed.noisy
            group(f"slow_{number}", layer.slow.d, STEP + SLOW if noisy else SLOW, lags.m[number - 1] if noisy else None,
                  layer)
        membrane, fast = (membranes[number - 1] if membranes else None), f"fast_{number}"
        group(fast, layer.N, fast_equations(layer, membrane, waiting), lags.u[number - 1], layer, membrane,
              **_fires(layer, membrane))
        _set_fast(made[fast], layer, membrane, batch)
    group("readout", network.classes, READOUT, lags.readout)
    for name, array in biases(network).items():
        owner, variable = name.split(".")
        made[owner].variables[variable].set_value(np.tile(array, batch))
    return made


def fast_equations(layer: Layer, membrane: Membrane | None = None, waiting: str = "") -> str:
    """Variables of the fast neurons of a layer; of u and what goes with it, only what `membrane` does not declare."""
    constants = "".join(f"{name} : 1 (shared, constant)\n" for name in _constants(layer, membrane))
    return (("" if membrane and membrane.equations else U) + FAST + constants + (waiting if layer.slow else "")
            + (ACTING if layer.acts != "current" else ""))


def _constants(layer: Layer, membrane: Membrane | None) -> tuple[str, ...]:
    """What the decay of a layer needs beside g and theta_u; a membrane of the user's own may need any."""
    return tuple(CONSTANTS.values()) if membrane else (CONSTANTS[layer.neuron.decay],)


def _set_fast(group: Neurons, layer: Layer, membrane: Membrane | None, batch: int) -> None:
    """Give the fast neurons of a layer their constants, and what their membrane brings with it."""
    for key in (*_constants(layer, membrane), "g", *(() if layer.fixed else ("theta_u",))):
        setattr(group, key, getattr(layer.neuron, key))
    group.d_s = layer.slow.d_s if layer.slow else 1
    if membrane:
        membrane.put(group, batch, f"s = int({_fires(layer, membrane)['threshold']})")


def _fires(layer: Layer, membrane: Membrane | None = None) -> dict[str, str]:
    """Threshold and reset of the fast neurons of a layer, as Brian2 takes them."""
    if layer.fixed:
        return {"threshold": "s > 0", "reset": ""}
    reset = RESETS[layer.neuron.reset]
    if membrane:
        lowered = LOWERED if layer.acts == "threshold" else THRESHOLD
        return {"threshold": membrane.fires(lowered), "reset": reset if membrane.reset is None else membrane.reset}
    return {"threshold": THRESHOLDS[layer.acts], "reset": reset}


def biases(network: TrainedNetwork) -> dict[str, np.ndarray]:
    """Trained constants of one sample's units, float64, by 'group.variable'."""
    found = {"readout.b_o": network.b_o}
    for number, layer in enumerate(network.layers, 1):
        found[f"fast_{number}.b"] = np.asarray(layer.b_f, float)
        if layer.slow:
            if layer.slow.acts == "current":
                found[f"fast_{number}.b"] = found[f"fast_{number}.b"] + layer.slow.b_m
            else:
                found[f"fast_{number}.b_m"] = layer.slow.b_m
            found[f"scalar_{number}.b_x"] = np.atleast_1d(layer.slow.b_x)
        if layer.fixed:
            found[f"fast_{number}.theta_u"] = layer.fixed.theta_u
    return {name: np.asarray(array, float) for name, array in found.items()}


def updates(network: TrainedNetwork, membranes: Membranes = ()) -> dict[str, tuple[str, ...]]:
    """The update lines of every population, by name, x before m before u as they depend on each other."""
    lines: dict[str, tuple[str, ...]] = {"readout": (READ,)}
    for number, layer in enumerate(network.layers, 1):
        broken = bool(layer.slow and layer.slow.nu is not None)
        if layer.slow:
            before = {owner: early if broken else () for owner, (_, early) in BROKEN.items()}
            rectify, remember = RECTIFY, REMEMBER
            if layer.fixed:
                rectify = integer_steps.rectify(layer.fixed, number)
                remember = integer_steps.remember(layer.fixed, number)
            lines[f"scalar_{number}"] = (*before["scalar"], rectify)
            lines[f"slow_{number}"] = (*before["slow"], remember)
        new = integer_steps.looked_up(layer.fixed, broken) if layer.fixed else "(I_new + I_x)" if broken else "I_new"
        look = (LOOK.format(new=new),) if layer.slow else ()
        whole = layer.fixed and integer_steps.integrate(layer.fixed, number, layer.neuron.decay, layer.neuron.reset,
                                                layer.W_r is not None, layer.slow is not None)
        membrane = membranes[number - 1] if membranes else None
        lines[f"fast_{number}"] = (*look, *([whole] if whole else _steps(layer, _heard(network, number), membrane)))
    return lines


def _heard(network: TrainedNetwork, number: int) -> bool:
    """Whether spikes of layer `number` are read as a variable: by the layer itself, or by axons of the next."""
    above = network.layers[number:number + 1]
    return network.layers[number - 1].W_r is not None or any(layer.delay is not None for layer in above)


def _steps(layer: Layer, heard: bool, membrane: Membrane | None = None) -> tuple[str, ...]:
    """The update of the fast neurons once I_m is known; heard : s is read by others, W_r or axons."""
    drive = "I_f*(1 + (I_m + b_m))" if layer.acts == "gain" else "I_f"
    terms = [drive, *(["I_r"] if layer.W_r is not None else []),
             *(["I_m"] if layer.slow and layer.acts == "current" else []), "b"]
    current = "I = " + " + ".join(terms)
    if membrane and membrane.equations:
        return (current,)  # what follows is integrated by Brian2
    moved = (*membrane.moved(), *membrane.held()) if membrane else (UPDATES[layer.neuron.decay], f"u = u*int({WITHIN})")
    return (current, *moved, *([f"s = int({_fires(layer, membrane)['threshold']})"] if heard else []))
