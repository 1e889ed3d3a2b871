"""Neurons of other libraries in nn.Sequential as nodes of a graph, read from the modules' own attributes.

    snnTorch        Leaky, Synaptic, RLeaky; both reset_delay, reset_mechanism subtract, zero, none
    SpikingJelly    IFNode, LIFNode, ParametricLIFNode; decay_input, v_reset a value or None (soft)
    Norse           LIF, LIFCell, LIFBoxCell
    Sinabs          LIF, IAF and their Squeeze forms, with one spike a step

None of them is imported here: a module is known by its class's full name, exactly, as subclasses do other things. Where
an arithmetic in float32 made a constant, its value in the module is the one that is taken.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import Affine, Convolution, Scale, Shape, Threshold
from dmpnet.graph.population import Population
from dmpnet.torch import conversion
from dmpnet.torch.conversion import Chain, array, refused


def from_module(module: nn.Module, shape: Shape, dt: float, kind: str = "spikes", steps: int = 1, dataset: str = "",
                provenance: dict[str, Any] | None = None, timed: bool = False) -> Graph:
    """`module`, of snnTorch, SpikingJelly, Norse, Sinabs and PyTorch's own layers in nn.Sequential, from rest.

    shape, dt, kind, steps, dataset, provenance : as in dmpnet.torch.graph_of
    timed : nn.Flatten counts its dimensions from those of samples and steps on, not from that of samples
    """
    return conversion.graph_of(module, shape, dt, kind, steps, dataset, provenance, PEERS, timed)


def leaky(chain: Chain, module: Any) -> None:
    """snnTorch. A reset to zero that is late zeroes what decays, so it is one at once; Synaptic and RLeaky zero the sum
    with the new input.

    Without delay a membrane that is above the threshold after it was reset is lowered by another threshold for the
    comparison alone: with z = beta z' - beta theta s' + x of a leaky integrator, s = [z - theta r > theta], where
    r = [z' - theta s' > theta].
    """
    kind, shape = type(module).__name__, chain.shape
    _snntorch_check(module)
    beta, theta = (np.broadcast_to(array(value), shape) for value in (module.beta.clamp(0, 1), module.threshold))
    alpha = np.broadcast_to(array(module.alpha.clamp(0, 1)), shape) if kind == "Synaptic" else None
    reset = {"subtract": "subtract", "zero": "value", "none": "none"}[module.reset_mechanism]
    if reset == "subtract" and not module.reset_delay:
        spiking = _reset_twice(chain, shape, alpha, beta, theta)
        if kind == "RLeaky":
            _recurrent(chain, module.recurrent, shape, spiking, chain.integrator)
        chain.last, chain.spikes = spiking, True
        return
    if reset == "value" and not module.reset_delay and (theta < 0).any():
        raise refused(module, f"threshold = {theta.min():g} with reset_mechanism = 'zero', reset_delay = False, where "
                              f"neurons at rest would fire", "set a threshold >= 0")
    late = reset == "subtract" or (reset == "value" and module.reset_delay and kind != "Leaky")
    spiking = chain.fires(Population(shape, beta, theta=theta, strict=True, reset=reset, late=late, alpha=alpha))
    if kind == "RLeaky":
        _recurrent(chain, module.recurrent, shape, spiking, spiking)
        chain.last, chain.spikes = spiking, True


def _snntorch_check(module: Any) -> None:
    if module.state_quant:
        raise refused(module, "state_quant is set, but membranes of a graph are real numbers",
                      "set state_quant = False")
    if module.inhibition:
        raise refused(module, "inhibition = True, but neurons of a graph fire by themselves", "set inhibition = False")
    if (array(module.graded_spikes_factor) != 1).any():
        raise refused(module, f"graded_spikes_factor = {array(module.graded_spikes_factor)}, but a spike is 1",
                      "put the factor into the weights behind it")


def _reset_twice(chain: Chain, shape: Shape, alpha: np.ndarray | None, beta: np.ndarray, theta: np.ndarray) -> str:
    """Nodes of snnTorch's reset by subtraction without delay; the name of what fires."""
    if alpha is not None:
        chain.add("current", Population(shape, alpha, theta=None))
    z = chain.add("membrane", Population(shape, beta, theta=None))
    chain.integrator = z
    spiking = chain.unique("population")
    lowered = chain.add("lowered", Scale(-theta * np.ones(shape)), (spiking, True))
    above = chain.add("above", Threshold(theta * np.ones(shape)), (z, True), (lowered, False))
    again = chain.add("again", Scale(-theta * np.ones(shape)), above)
    back = chain.add("back", Scale(-beta * theta * np.ones(shape)), (spiking, True))
    chain.edges.append(Edge(back, z))
    chain.add("population", Population(shape, 0.0, theta=theta, strict=True, reset="none"), z, again)
    return spiking


def _recurrent(chain: Chain, module: Any, shape: Shape, source: str, target: str) -> None:
    """What recurs, a step late, from `source` to `target`."""
    if isinstance(module, nn.Linear):
        node: Any = Affine(array(module.weight), array(module.bias))
    elif isinstance(module, nn.Conv2d):
        padding = tuple((each, each) for each in module.padding)
        node = Convolution(array(module.weight), shape, array(module.bias), padding=padding)
    else:
        node = Scale(np.broadcast_to(array(module.V), shape))
    name = chain.add("recurrent", node, (source, True))
    chain.edges.append(Edge(name, target))


def jelly(chain: Chain, module: Any) -> None:
    """SpikingJelly: H = V + X (IF), V + (X - (V - V_reset)) / tau, or V - (V - V_reset) / tau + X unless decay_input;
    fires at H >= V_th."""
    if getattr(module.surrogate_function, "spiking", True) is False:
        raise refused(module, "surrogate_function.spiking = False gives no spikes", "set spiking = True")
    if getattr(module, "_neuron_precision", None) is not None:
        raise refused(module, "a precision of its own is set", "leave the precision to the tensors")
    hard = module.v_reset is not None
    rest = float(module.v_reset) if hard else 0.0
    beta, g = 1.0, 1.0
    if type(module).__name__ != "IFNode":
        share = array(module.w.sigmoid()) if type(module).__name__ == "ParametricLIFNode" else 1 / module.tau
        beta, g = 1 - share, share if module.decay_input else 1.0
    chain.fires(Population(chain.shape, beta, g, (1 - beta) * rest, float(module.v_threshold), u_0=rest, u_reset=rest,
                           reset="value" if hard else "subtract"))


def norse(chain: Chain, module: Any) -> None:
    """Norse: J = (1 - dt/tau_syn) J' + x, v = v' + dt/tau_mem (v_leak - v' + J), fires above v_th; a box has no J."""
    p, boxed = module.p, type(module).__name__.startswith("LIFBox")
    if p.method not in ("super", "heaviside"):
        raise refused(module, f"method = {p.method!r}", "set method = 'super'; spikes that it gives are 0 or 1")
    share, leak = _float64(module.dt * p.tau_mem_inv), _float64(p.v_leak)
    subtract = boxed and p.reset_method.__name__ == "reset_subtract"
    if boxed and not subtract and p.reset_method.__name__ != "reset_value":
        raise refused(module, f"reset_method = {p.reset_method.__name__}", "take reset_value or reset_subtract")
    chain.fires(Population(chain.shape, 1 - share, share, share * leak, _float64(p.v_th), True, u_0=leak,
                           u_reset=_float64(p.v_reset), reset="subtract" if subtract else "value",
                           alpha=None if boxed else 1 - _float64(module.dt * p.tau_syn_inv)))


def _float64(value: Any) -> Any:
    return array(torch.as_tensor(value))


def lifted(chain: Chain, module: Any) -> None:
    """Norse's Lift: a module on every step."""
    outside, chain.timed = chain.timed, False
    conversion.read(chain, module.lifted_module, conversion.READERS | PEERS)
    chain.timed = outside


def sinabs(chain: Chain, module: Any) -> None:
    """Sinabs: i = alpha_syn (i' + x), v = alpha_mem v' + (1 - alpha_mem) i, or + i unless norm_input; fires at
    v >= threshold; v is held above min_v_mem after the reset, which is the same before it where that is <= 0."""
    single = getattr(module.spike_fn, "__name__", "") == "SingleSpike"
    if not single and getattr(module.spike_fn, "max_num_spikes_per_bin", None) != 1:
        raise refused(module, "several spikes a step", "set spike_fn = SingleSpike, or MaxSpike(1)")
    theta, floor = array(module.spike_threshold), module.min_v_mem
    subtract = type(module.reset_fn).__name__ == "MembraneSubtract"
    value = module.reset_fn.subtract_value if subtract else module.reset_fn.reset_value
    if subtract and value is not None and (value != theta).any():
        raise refused(module, f"subtract_value = {value:g}, threshold {theta}", "set subtract_value = None")
    if not subtract and value:
        raise refused(module, f"reset_value = {value:g}, which Sinabs adds to every neuron in every step", "set 0")
    if floor is not None and (array(floor) > 0).any():
        raise refused(module, f"min_v_mem = {array(floor)}", "set it to 0 or less")
    mem, syn = array(module.alpha_mem_calculated), array(module.alpha_syn_calculated)
    syn = None if "IAF" in type(module).__name__ and module.tau_syn is None else syn
    chain.fires(Population(chain.shape, mem, 1 - mem if module.norm_input else 1.0, theta=theta,
                           reset="subtract" if subtract else "value", alpha=syn, w=1.0 if syn is None else syn,
                           floor=None if floor is None else array(floor)))


def wrapped(kind: type) -> Callable[[Chain, Any], None]:
    """The reader of PyTorch's `kind`, for a library's own class of it."""
    return conversion.READERS[kind]


def idle(chain: Chain, module: Any) -> None:
    """Nothing, once trained."""


_JELLY = "spikingjelly.activation_based.layer."
PEERS: dict[str | type, Callable[[Chain, Any], None]] = {
    **{f"snntorch._neurons.{name.lower()}.{name}": leaky for name in ("Leaky", "Synaptic", "RLeaky")},
    "spikingjelly.activation_based.neuron.integrate_and_fire.IFNode": jelly,
    "spikingjelly.activation_based.neuron.lif.LIFNode": jelly,
    "spikingjelly.activation_based.neuron.plif.ParametricLIFNode": jelly,
    **{f"{_JELLY}stateless_wrapper.{kind.__name__}": wrapped(kind) for kind in (
        nn.Linear, nn.Conv1d, nn.Conv2d, nn.AvgPool1d, nn.AvgPool2d, nn.MaxPool1d, nn.MaxPool2d, nn.Flatten)},
    **{f"{_JELLY}dropout.{name}": idle for name in ("Dropout", "Dropout2d")},
    **{f"norse.torch.module.{name}": norse for name in ("lif.LIF", "lif.LIFCell", "lif_box.LIFBoxCell")},
    "norse.torch.module.lift.Lift": lifted,
    **{f"sinabs.layers.{name}": sinabs for name in ("lif.LIF", "lif.LIFSqueeze", "iaf.IAF", "iaf.IAFSqueeze")}}
"""By a class's full name."""
