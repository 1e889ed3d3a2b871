"""A trained network as a graph of nodes: what dmpnet.equations.neurons says of a layer, node by node.

    layer1.delay -> layer1.W_f -> layer1 -> layer1.W_r -> layer1 (a step late)
    layer1.delay -> layer1.w_x -> layer1.x -> layer1.m -> layer1.W_m -> layer1 -> layer2.W_f ... -> readout

In integers the bias is c of the neurons: it is added after the sum is shifted.
"""

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import Affine, Delay, Input, Memory, Node, Rectify
from dmpnet.graph.population import Population
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


def of(network: TrainedNetwork) -> Graph:
    """`network` as a Graph; DmpnetError, by name, for what a graph does not express."""
    if network.kappa is not None:
        raise DmpnetError(f"network: kappa = {network.kappa:g} tells a class at every step, but a graph tells one a "
                          f"sample; give the trained network itself")
    nodes: dict[str, Node] = {"input": Input((network.encoding.channels,))}
    edges: list[Edge] = []
    source = "input"
    for number, layer in enumerate(network.layers, 1):
        source = _layer(f"layer{number}", layer, source, nodes, edges)
    nodes["readout"] = Affine(network.W_o, network.b_o)
    edges.append(Edge(source, "readout"))
    return Graph(nodes, tuple(edges), "readout", network.encoding, network.provenance)


def _layer(name: str, layer: Layer, source: str, nodes: dict[str, Node], edges: list[Edge]) -> str:
    """Add the nodes and edges of one layer on `source`; the name of what fires."""
    check(name, layer)
    neuron, slow = layer.neuron, layer.slow
    if layer.delay is not None:
        nodes[f"{name}.delay"] = Delay(layer.delay)
        edges.append(Edge(source, f"{name}.delay"))
        source = f"{name}.delay"
    b = np.asarray(layer.b_f, np.float64) + (slow.b_m if slow else 0)
    nodes[f"{name}.W_f"] = Affine(layer.W_f, None if layer.integer else b)
    nodes[name] = Population((layer.N,), layer.constant, layer.g, b if layer.integer else 0.0, neuron.theta_u,
                             decay=neuron.decay, reset="value" if neuron.reset == "hard" else "subtract",
                             floor=neuron.floor, fixed=layer.fixed)
    edges += [Edge(source, f"{name}.W_f"), Edge(f"{name}.W_f", name)]
    if layer.W_r is not None:
        nodes[f"{name}.W_r"] = Affine(layer.W_r)
        edges += [Edge(name, f"{name}.W_r", late=True), Edge(f"{name}.W_r", name)]
    if slow:
        nodes |= {f"{name}.w_x": Affine(np.asarray(slow.w_x)[None], np.asarray(slow.b_x).reshape(1)),
                  f"{name}.x": Rectify((1,)), f"{name}.m": Memory(slow.Abar, np.asarray(slow.Bbar)[:, None]),
                  f"{name}.W_m": Affine(slow.W_m)}
        edges += [Edge(source, f"{name}.w_x"), Edge(f"{name}.w_x", f"{name}.x"), Edge(f"{name}.x", f"{name}.m"),
                  Edge(f"{name}.m", f"{name}.W_m", late=slow.nu is not None), Edge(f"{name}.W_m", name)]
        if slow.nu is not None:
            nodes[f"{name}.nu"] = Affine(np.asarray(slow.nu)[:, None])
            edges += [Edge(f"{name}.x", f"{name}.nu"), Edge(f"{name}.nu", name)]
    return name


def check(name: str, layer: Layer) -> None:
    """Raise DmpnetError for what no node does."""
    if layer.queue:
        raise DmpnetError(f"{name}: it drops what is beyond {layer.queue} events a step, but a graph drops none; give "
                          f"the trained network itself")
    if layer.adaptation is not None:
        raise DmpnetError(f"{name}: its neurons adapt, but in a graph they do not; give the trained network itself")
    if layer.modes is not None:
        raise DmpnetError(f"{name}: its neurons have modes, but in a graph they have none; give the trained network "
                          f"itself")
    if layer.acts != "current":
        raise DmpnetError(f"{name}: its slow memory acts on the {layer.acts}, but in a graph on the current; give the "
                          f"trained network itself")
    if layer.slow and layer.slow.d_s != 1:
        raise DmpnetError(f"{name}: d_s = {layer.slow.d_s}, but a graph looks at its memory every step; set d_s = 1, "
                          f"or give the trained network itself")
