"""A graph (dmpnet.graph) as a Brian2 network, spike for spike what dmpnet.reference.graphs gives.

Every node is a group, B samples side by side, index = sample * units + unit, and takes its step by `run_regularly` in
the graph's order: step k of the simulation computes step k of all nodes. What fires has s > 0 as its threshold, so its
spikes are events too, for monitors and Synapses of the user. Objects, for a population lif and a convolution conv:

    conv          y = W_conv(i) of from_lif, the values of lif (linked)      lif       u, i_syn, s, constants
    w_conv, b_conv   kernels w and biases b, once (dmpnet.brian.kernels)     spikes_lif, u_lif, readout    monitors

In integers every population, slow memory and its scalar take the step of a layer's (dmpnet.brian.graph_integers).

An input holds s_in, a delay keeps delay_NAME.steps, a memory has A_NAME and B_NAME; x_NAME is what a product takes
where that is a sum. Names that Brian2 does not take are changed; `ConvertedGraph.groups` tells by node.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from brian2 import Clock, linked_var, second

from dmpnet.brian import graph_integers, graph_population, graph_recorded, kernels, products, session, shared
from dmpnet.brian.axons import Arriving, DelayRing
from dmpnet.brian.graph_wiring import Heard, Wiring, source, variable, wiring
from dmpnet.brian.quantities import unitless
from dmpnet.brian.session import Neurons
from dmpnet.brian.timing import on_genn
from dmpnet.brian.whole_run import WholeRun, check_alone
from dmpnet.errors import BackendError, DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Affine, Convolution, Delay, Flatten, Input, Memory, Node, Pool, Rectify, Scale, Threshold
from dmpnet.graph.population import Population
from dmpnet.reference.graphs import shaped
from dmpnet.reference.input import recorded
from dmpnet.trained.activity import Activity

COUNT = graph_population.COUNT


class ConvertedGraph(WholeRun):
    """A graph as a brian2.Network: change it as you like, `run()` it to its end, read its `activity()`.

    graph : what it was converted from;  shape : (B, T, M) of its input, flat;  record : as given to `convert`
    groups : names of the groups, by node;  clock : its own
    """

    def __init__(self, graph: Graph, shape: tuple[int, ...], record: tuple[str, ...], clock: Any,
                 objects: Iterable[Any]):
        super().__init__(objects, clock, graph.encoding.dt, shape[1])
        self.graph, self.shape, self.record = graph, shape, record
        self.groups = wiring(graph).groups

    def activity(self, keep: int | None = None) -> Activity:
        """What it did, as the reference gives it; DmpnetError unless it ran to its end and recorded every step.

        keep : only the first samples of the batch, all if None
        """
        self._check_sound()
        self._check_whole()
        return graph_recorded.read_activity(self._read, self.graph, self.shape, self.record, keep)

    @property
    def steps_left(self) -> int:
        """Steps of the input that are still to come: 0 after a whole run."""
        try:
            return max(self.shape[1] - self._steps_done(), 0)
        except NotImplementedError:  # a program that was not run yet
            return self.shape[1]

    def _steps_done(self) -> int:
        return int(self._read(self.groups[self.graph.input], "k").min()) + 1


def convert(graph: Graph, s_in: np.ndarray, *, record: str | Iterable[str] = ("spikes",)) -> ConvertedGraph:
    """Brian2 network of `graph` driven by s_in (B, T, *shape of the input, or flat): `run()` it, read its `activity()`.

    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step

    It has a clock of its own and computes in float64, whatever the user's clock and preferences; the code generation
    target and the compiler's flags are the user's, told by its `compiled_with`. Not for Brian2GeNN.
    """
    record = recorded(record)
    unitless("convert", "s_in", s_in)
    s_in = shaped(graph, s_in)
    if on_genn():
        raise BackendError("graph: Brian2GeNN has no products of kernels held once; run it on numpy, cython or "
                           "cpp_standalone")
    check_alone()
    batch, steps = s_in.shape[:2]
    with session.exact():
        clock = Clock(graph.encoding.dt * second, name="dmpnet_clock*")
        objects = _Builder(graph, s_in, clock).objects()
        objects += graph_recorded.monitors(graph, {each.name: each for each in objects}, record)
        return ConvertedGraph(graph, (batch, steps, graph.encoding.channels), record, clock, objects)


def replay(converted: ConvertedGraph, s_in: np.ndarray) -> None:
    """Let the input play other samples of the same shape in the next run."""
    stimulus = converted[converted.groups[converted.graph.input]].namespace["stimulus"]
    stimulus.pyfunc.__self__.values[:] = shared.by_step(converted.graph, s_in)


class _Builder:
    """Makes the groups of a graph, then gives each its step."""

    def __init__(self, graph: Graph, s_in: np.ndarray, clock: Any):
        self.graph, self.s_in, self.batch, self.clock = graph, s_in, len(s_in), clock
        self.wiring: Wiring = wiring(graph)
        self.made: dict[str, Any] = {}
        self.counted = graph_integers.counted(graph)

    def objects(self) -> list[Any]:
        for name, group in self.wiring.groups.items():
            self.made[group] = self._group(name, group)
        order = 0
        for name, group in self.wiring.groups.items():
            lines = self._lines(name, group, order)
            value = variable(self.graph, name)
            if name in self.wiring.copied:
                lines.insert(lines[0] == COUNT, f"before = {value}")  # shared numbers come first in Brian2
            last = [f"total += {value}"] if name == source(self.graph, self.graph.output) else []
            self._step(group, [*lines, *last], order + 1)
            order += 2
        return list(self.made.values())

    def _group(self, name: str, group: str) -> Any:
        """The neurons or values of a node, with what they hear declared."""
        node = self.graph.nodes[name]
        extra = ["before : 1  # the step before"] if name in self.wiring.copied else []
        extra += [graph_population.STEP] if name in self.counted and not isinstance(node, Population) else []
        extra += ["total : 1  # sum over the steps"] if name == source(self.graph, self.graph.output) else []
        if not _multiplies(node):
            extra += _declared(self.wiring.heard[name], group)
        size = self.batch * math.prod(node.shape_out)
        fires = {"threshold": f"{value} > 0", "reset": ""} if (value := _event(self.graph, name)) else {}
        kind = Arriving if isinstance(node, Delay) else Neurons
        made: Any = kind(size, "\n".join((_equations(node), *extra)), name=group, namespace={}, clock=self.clock,
                         **fires)
        if isinstance(node, Population):
            graph_population.put(made, node, self.batch)
        elif isinstance(node, (Scale, Threshold)):
            constant = "scale" if isinstance(node, Scale) else "theta"
            made.variables[constant].set_value(np.tile(getattr(node, constant).ravel(), self.batch))
        if "k" in made.variables:
            made.k = -1
        if name in self.counted:
            made.namespace.update(self.counted[name].functions(self.s_in.shape[1]))
        return made

    def _lines(self, name: str, group: str, order: int) -> list[str]:
        """What a step of a node does."""
        node, made = self.graph.nodes[name], self.made[group]
        if isinstance(node, Input):
            made.namespace["stimulus"] = products.Stimulus(shared.by_step(self.graph, self.s_in)).function()
            return [COUNT, "s_in = stimulus(i, k)"]
        if _multiplies(node):
            return self._product(name, group, order)
        counted = self.counted.get(name)
        if counted and isinstance(node, Population):
            parts = graph_integers.split(self.graph, name, self.wiring.heard[name])
            return counted.neurons(node, *(self._heard(each, group) if each or not number else ""
                                           for number, each in enumerate(parts)))
        x = self._heard(self.wiring.heard[name], group)
        if counted:
            return counted.scalar(x)
        if isinstance(node, Population):
            return graph_population.lines(node, x)
        return _mapped(node, x)

    def _product(self, name: str, group: str, order: int) -> list[str]:
        """A node that multiplies all its input, its weights in groups of their own."""
        node, made = self.graph.nodes[name], self.made[group]
        heard = self.wiring.heard[name]
        if len(heard) != 1:
            heard = (self._summed(name, group, order),)
        value = self.made[heard[0].source]
        if isinstance(node, Delay):
            steps = self._constants(f"delay_{group}", "steps : integer (constant)", node.steps.ravel())
            ring = DelayRing(steps, value, heard[0].variable, self.s_in.shape[1])
            made.namespace["arriving"] = ring.function()
            made.delivers(ring)
            return [COUNT, "y = arriving(i, k)"]
        if isinstance(node, Memory):
            for symbol, matrix, of, carries in ((f"A_{group}", node.A, made, "y"),
                                                (f"B_{group}", node.B, value, heard[0].variable)):
                weights = self._constants(symbol, "w : 1 (constant)", matrix.T.ravel())
                made.namespace[symbol] = products.Product(symbol, weights, of, carries, self.batch,
                                                          matrix.shape).function()
            kept, new = f"A_{group}(i)", f"B_{group}(i)"
            return self.counted[name].memory(kept, new) if name in self.counted else [f"y = {kept} + {new}"]
        assert isinstance(node, (Affine, Convolution, Pool))
        w: Any = None
        bias: Any = None
        if not isinstance(node, Pool):
            w = self._constants(f"w_{group}", "w : 1 (constant)", kernels.arranged(node)).variables["w"]
            if node.bias is not None:
                bias = self._constants(f"b_{group}", "b : 1 (constant)", node.bias.ravel()).variables["b"]
        product = kernels.Kernels(f"W_{group}", kernels.geometry(node), w, bias,
                                  value.variables[heard[0].variable], self.batch)
        made.namespace[f"W_{group}"] = product.function()
        return [f"y = W_{group}(i)"]

    def _summed(self, name: str, group: str, order: int) -> Heard:
        """x_NAME: the sum of what a product takes."""
        heard, summed = self.wiring.heard[name], f"x_{group}"
        size = self.batch * math.prod(self.graph.nodes[name].shape_in)
        self.made[summed] = Neurons(size, "\n".join(("y : 1", *_declared(heard, summed))), name=summed, namespace={},
                                    clock=self.clock)
        self._step(summed, [f"y = {self._heard(heard, summed)}"], order)
        return Heard(summed, "y")

    def _heard(self, heard: tuple[Heard, ...], group: str) -> str:
        """The sum of what a group hears, linked; what it gave itself in the step before it has."""
        for each in set(heard):
            if each.source != group:
                setattr(self.made[group], each.symbol, linked_var(self.made[each.source], each.variable))
        return " + ".join(each.variable if each.source == group else each.symbol for each in heard) or "0"

    def _constants(self, name: str, equation: str, values: np.ndarray) -> Neurons:
        made = self.made[name] = Neurons(values.size, equation, name=name, namespace={}, clock=self.clock)
        made.variables[equation.split()[0]].set_value(values)
        return made

    def _step(self, group: str, lines: list[str], order: int) -> None:
        self.made[group].run_regularly("\n".join(lines), order=order, name=f"{group}_run_regularly")


def _multiplies(node: Node) -> bool:
    """Whether it takes all of its input at once, by a function."""
    return isinstance(node, (Affine, Convolution, Pool, Memory, Delay))


def _declared(heard: tuple[Heard, ...], group: str) -> list[str]:
    return sorted({f"{each.symbol} : 1 (linked)" for each in heard if each.source != group})


def _event(graph: Graph, name: str) -> str:
    """The variable by which a node spikes, '' if it does not."""
    node = graph.nodes[name]
    spikes = (isinstance(node, Population) and node.fires) or (isinstance(node, Input)
                                                              and graph.encoding.kind == "spikes")
    return variable(graph, name) if spikes else ""


def _equations(node: Node) -> str:
    """Variables of a node's group."""
    if isinstance(node, Population):
        return graph_population.equations(node)
    if isinstance(node, Input):
        return "s_in : 1  # value of this step\nk : integer (shared)"
    own = {Scale: "\nscale : 1 (constant)", Threshold: "\ntheta : 1 (constant)", Delay: "\nk : integer (shared)"}
    return "y : 1" + own.get(type(node), "")


def _mapped(node: Node, x: str) -> list[str]:
    """The lines of a node that makes a value of a value."""
    if isinstance(node, Scale):
        return [f"y = scale*({x})"]
    if isinstance(node, Threshold):
        return [f"y = int({x} {'>' if node.strict else '>='} theta)"]
    if isinstance(node, Rectify):
        return [f"x = {x}", "y = int(x > 0)*x"]
    if isinstance(node, Flatten):
        return [f"y = {x}"]
    raise DmpnetError(f"graph: a node of kind {type(node).__name__} has no Brian2 code; write it in "
                      f"dmpnet.brian.graphs")
