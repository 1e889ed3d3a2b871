"""A network of any nodes: what other tools make, and convolutions, as data.

    graph.nodes        maps and delays: Affine, Scale, Convolution, Pool, Flatten, Threshold, Delay, Rectify, Memory
    graph.population   neurons with constants each: IF, LIF, CubaLIF, their leaky integrators, the conventions of others
    graph.pathways     what a population hears as a layer does, and what it needs to compute in a chip's integers
    graph.graph        Graph: nodes by name, edges between them, and the order in which a step takes them

In every step k each node takes the sum of what its edges bring, flat along the order of NumPy ('C'), and gives one
value a unit; an edge that is `late` brings what its source gave a step before, 0 at first. The NumPy reference
(dmpnet.reference.graphs) and Brian2 (dmpnet.brian.graphs) are written from these definitions independently.
"""

from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import (
    Affine,
    Convolution,
    Delay,
    Flatten,
    Input,
    Memory,
    Node,
    Pool,
    Rectify,
    Scale,
    Threshold,
)
from dmpnet.graph.population import Population

__all__ = ["Affine", "Convolution", "Delay", "Edge", "Flatten", "Graph", "Input", "Memory", "Node", "Pool",
           "Population", "Rectify", "Scale", "Threshold"]
