"""What a graph in Brian2 records, and that read back as the reference gives it, wherever the values are kept."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from dmpnet.brian import session
from dmpnet.brian.graph_wiring import READOUT, names, source, variable
from dmpnet.brian.recorded import Read, fired
from dmpnet.graph import pathways
from dmpnet.graph.graph import Graph
from dmpnet.trained.activity import Activity


def total(graph: Graph) -> str:
    """'group.variable' of the sum of the output over the steps."""
    return f"{names(graph)[source(graph, graph.output)]}.total"


def monitors(graph: Graph, groups: dict[str, Any], record: tuple[str, ...]) -> list[Any]:
    """spikes_NAME of what fires (counts only unless recorded), u_NAME, m_NAME and x_NAME of its slow memory, readout;
    states as a step leaves them."""
    made, named = [], names(graph)
    for name in graph.populations:
        group = groups[named[name]]
        made.append(session.Spikes(group, name=f"spikes_{group.name}", record="spikes" in record))
        if "u" in record:
            made.append(session.States(group, "u", record=True, when="end", name=f"u_{group.name}"))
        for key, node in _slow(graph, name, record).items():
            made.append(session.States(groups[named[node]], "y", record=True, when="end", name=f"{key}_{group.name}"))
    if "readout" in record:
        output = source(graph, graph.output)
        made.append(session.States(groups[named[output]], variable(graph, output), record=True, when="end",
                                   name=READOUT))
    return made


def _slow(graph: Graph, name: str, record: Collection[str]) -> dict[str, str]:
    """The nodes that hold m and x of a population, of those wanted."""
    ways = pathways.of(graph, name)
    return {key: node for key, node in (("m", ways.m), ("x", ways.x)) if node and key in record}


def read_activity(read: Read, graph: Graph, shape: tuple[int, ...], record: tuple[str, ...],
                  keep: int | None = None) -> Activity:
    """Activity from read(group, variable), wherever the values are kept."""
    batch, steps = shape[:2]
    named, output = names(graph), source(graph, graph.output)

    def states(monitor: str, value: str) -> np.ndarray:
        found = read(monitor, value).reshape(steps, batch, -1)[:, :keep]
        return found.swapaxes(0, 1).copy()  # a view of one sample would change with the next run

    slow: dict[str, Any] = {key: [states(f"{key}_{named[name]}", "y") if _slow(graph, name, (key,)) else None
                                  for name in graph.populations] for key in ("m", "x") if key in record}
    layers = {named[name]: math.prod(graph.nodes[name].shape_out) for name in graph.populations}
    counts = [read(f"spikes_{group}", "count").reshape(batch, -1)[:keep].astype(np.int64) for group in layers]
    return Activity(
        logits=read(named[output], "total").reshape(batch, -1)[:keep] / steps,
        rates=[count.mean(axis=0) / steps for count in counts], counts=counts,
        spikes=[fired(read, f"spikes_{group}", (batch, steps, units), graph.encoding.dt)[:keep]
                for group, units in layers.items()] if "spikes" in record else [],
        u=[states(f"u_{group}", "u") for group in layers] if "u" in record else [],
        readout=states(READOUT, variable(graph, output)) if "readout" in record else None, **slow)
