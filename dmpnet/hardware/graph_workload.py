"""What cores were asked to do in a run of a graph: events of its populations, by how many neurons each reaches."""

from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.hardware import graph_core, placement, scatter
from dmpnet.hardware.workload import Scattered, Workload, check_recorded
from dmpnet.trained.activity import Activity


def of(graph: Graph, activity: Activity, s_in: np.ndarray) -> list[Workload]:
    """One workload a population, from a run of `graph` on s_in (B, T, ...) with its spikes recorded."""
    placed, s_in = placement.of(graph), np.asarray(s_in)
    placed.check()
    check_recorded(activity, len(graph.populations))
    given = dict(zip(graph.populations, activity.spikes, strict=True))
    given[graph.input] = s_in.reshape(*s_in.shape[:2], -1)
    return [_of_place(graph, place, given) for place in placed.places]


def _of_place(graph: Graph, place: placement.Place, given: dict[str, np.ndarray]) -> Workload:
    if graph_core.delay(graph, place):
        raise DmpnetError(f"node {place.name!r}: it has axonal delays, but no chip here does, so that its costs are "
                          f"not known; train without delays")
    neurons: Any = graph.nodes[place.name]
    N, none = placement.units(graph, place.name), np.zeros(given[graph.input].shape[:2], np.int64)
    by_reach: dict[int, Scattered] = {}
    for (source, late), routes in place.hears().items():
        active = given[source] != 0
        reach = sum(scatter.fan_out([graph.nodes[name] for name in route.maps], active.shape[2]) for route in routes)
        for many in np.unique(reach).tolist():
            before = by_reach.get(many, Scattered(many, 0, none))
            events = np.count_nonzero(active[..., reach == many], axis=2)
            if late:
                events = np.concatenate([none[:, :1], events[:, :-1]], axis=1)
            by_reach[many] = Scattered(many, before.units + int((reach == many).sum()), before.events + events)
    scattered = tuple(by_reach[many] for many in sorted(by_reach))
    sent = np.count_nonzero(given[place.name], axis=2) if neurons.fires else none
    return Workload(N, sum(each.units for each in scattered), place.d, sum((each.events for each in scattered), none),
                    sent, placement.units(graph, place.readout) if place.readout else 0,
                    graph.encoding.kind == "analog" and any(route.source == graph.input for route in place.routes),
                    bool(place.own), neurons.decay, placement.reset(neurons) or "soft",
                    None if set(by_reach) == {N} else scattered)
