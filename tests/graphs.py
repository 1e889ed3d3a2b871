"""Random graphs for tests: every kind of node, every convention of a population, late edges where shapes allow."""

import math

import numpy as np

from dmpnet.graph import (
    Affine,
    Convolution,
    Delay,
    Edge,
    Flatten,
    Graph,
    Input,
    Memory,
    Pool,
    Population,
    Rectify,
    Scale,
    Threshold,
)
from dmpnet.reference import graphs
from dmpnet.trained.encoding import Encoding

NAMES = ("0", "conv.1", "lif", "n 2", "b-3", "spikes_lif", "w_lif", "lif_run_regularly", "x", "u", "é", "in", "12a")
"""Some that Brian2 does not take, and some that other objects would like to have."""


def random_population(rng, shape, spread=1.0, mean=0.0, **given):
    """Any population; `spread` is the standard deviation of its input, `mean` its mean, which c takes away."""
    def some(low, high):
        return rng.uniform(low, high, shape) if rng.random() < 0.4 else rng.uniform(low, high)

    g = rng.uniform(0.3, 0.7) / spread
    decay = rng.choice(["exponential", "exponential", "linear", "shift"])
    late = bool(rng.random() < 0.3)
    settings = {
        "decay": str(decay), "beta": some(0.5, 0.95) if decay == "exponential" else some(0.05, 0.3),
        "g": g * some(0.8, 1.2), "c": some(-0.1, 0.1) - g * mean if rng.random() < 0.8 else 0.0,
        "theta": some(0.8, 1.6),
        "strict": bool(rng.random() < 0.5), "late": late,
        "reset": str(rng.choice(["value", "value", "subtract", "subtract", "none"])),
        "u_reset": some(-0.3, 0.3) if rng.random() < 0.5 else 0.0,
        "alpha": some(0.2, 0.8) if rng.random() < 0.4 else None, "w": some(0.5, 1.0),
        "g_before": some(-0.2, 0.2) / spread if rng.random() < 0.3 else None,
        "refractory": rng.integers(0, 4, shape) if not late and rng.random() < 0.4 else 0,
        "floor": some(-0.5, -0.1) if rng.random() < 0.3 else None,
        "u_0": some(-0.4, 0.4) if rng.random() < 0.3 else 0.0}
    return Population(shape, **(settings | given))


def random_map(rng, shape):
    """Any other node that takes `shape`."""
    kinds = ["affine", "scale", "rectify", "delay"] + (["flatten", "pool", "convolution"] * 2 if len(shape) > 1 else
                                                       ["memory"])
    kind = rng.choice(kinds)
    size = math.prod(shape)
    if kind == "affine":
        outer, blocks = int(rng.integers(2, 7)), shape[:-1]
        return Affine(rng.normal(size=(*blocks, outer, shape[-1])) / np.sqrt(shape[-1]),
                      rng.normal(size=(*blocks, outer)) if rng.random() < 0.5 else None)
    if kind == "scale":
        return Scale(rng.normal(size=shape))
    if kind == "rectify":
        return Rectify(shape)
    if kind == "delay":
        return Delay(rng.integers(0, 5, shape))
    if kind == "flatten":
        return Flatten(shape)
    if kind == "memory":
        d = int(rng.integers(1, 5))
        return Memory(0.6 * rng.normal(size=(d, d)) / np.sqrt(d), rng.normal(size=(d, size)) / np.sqrt(size))
    axes = len(shape) - 1
    kernel = tuple(int(rng.integers(1, min(4, size + 1))) for size in shape[1:])
    if kind == "pool":
        return Pool(shape, kernel, tuple(map(int, rng.integers(1, 3, axes))),
                    tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel), bool(rng.random() < 0.5))
    groups = shape[0] if rng.random() < 0.3 else 1
    outer = groups * int(rng.integers(1, 4))
    weight = rng.normal(size=(outer, shape[0] // groups, *kernel))
    return Convolution(weight / np.sqrt(weight[0].size), shape, rng.normal(size=outer) if rng.random() < 0.5 else None,
                       tuple(map(int, rng.integers(1, 3, axes))),
                       tuple(tuple(map(int, rng.integers(0, 3, 2))) for _ in range(axes)), (1,) * axes, groups)


def random_graph(rng, populations=2, kind="analog"):
    """(graph, s_in): a chain with populations in it, the last read out or followed by a map; then more edges."""
    shape = tuple(map(int, [rng.integers(1, 4), *rng.integers(4, 8, rng.integers(0, 3))]))
    nodes = {"in put": Input(shape)}
    steps = 24
    s_in = rng.random((3, steps, *shape)) < 0.4 if kind == "spikes" else rng.normal(size=(3, steps, *shape))
    names = iter(rng.permutation(NAMES))
    edges, last = [], "in put"

    def add(node):
        nonlocal last
        name = str(next(names))
        nodes[name] = node
        edges.append(Edge(last, name))
        last = name

    def graph(output):
        return Graph(nodes, tuple(edges), output, Encoding(kind, math.prod(shape), steps, 1e-3))

    for number in range(populations):
        for _ in range(rng.integers(1, 4)):
            add(random_map(rng, nodes[last].shape_out))
        told = graphs.run(graph(last), s_in, "readout").readout
        if rng.random() < 0.15:
            add(Threshold(np.quantile(told, 0.7, axis=(0, 1)).reshape(nodes[last].shape_out) + 1e-4,
                          bool(rng.random() < 0.5)))
        fires = number == 0 or rng.random() < 0.8
        add(random_population(rng, nodes[last].shape_out, max(float(told.std()), 1e-3), float(told.mean()),
                              **{} if fires else {"theta": None, "late": False}))
    if rng.random() < 0.5:
        add(random_map(rng, nodes[last].shape_out))
    return _with_more_edges(rng, graph(last)), s_in


def _with_more_edges(rng, graph):
    """Late edges between any two that fit, and prompt ones past what lies between."""
    edges, place = list(graph.edges), {name: number for number, name in enumerate(graph.order)}
    pairs = [(a, b) for a in graph.order for b in graph.order
             if b != graph.input and graph.nodes[a].shape_out == graph.nodes[b].shape_in]
    for a, b in pairs:
        prompt = place[a] < place[b] and rng.random() < 0.15
        damped = not isinstance(graph.nodes[b], (Affine, Convolution, Pool, Scale, Memory, Rectify))
        if prompt or (damped and rng.random() < 0.25):
            edges.append(Edge(a, b, not prompt))
    return Graph(graph.nodes, tuple(edges), graph.output, graph.encoding)


def informative(activity):
    """Whether spikes of a run show anything: neither silent nor saturated, and no membrane nearly at its threshold."""
    rate = np.concatenate(activity.rates).mean()
    largest = max(float(np.abs(u).max()) for u in activity.u)
    return 0.01 < rate < 0.5 and activity.margin > 1e-10 * max(1.0, largest)
