"""The queue of a core: as many events of a step as it takes at once, limits.spikes, and what becomes of more.

    refuse   a network with a busier step does not fit; cycles and energy are those of a queue that is long enough
    drop     the first are let in, the others are lost, as in the authors' RTL. What arrives first is not known of
             recordings in steps: it is taken to be the lowest address, as between two layers of that RTL. Events of a
             layer itself, late ones and those of a graph's kernels have no such order: there it refuses [ours]
    passes   the queue is filled and worked off again until all events are in; sums stay in their accumulators, so
             that nothing changes but the time: every further pass takes the control of a step anew [ours]

Analog input is no events, it has a buffer for all of it [ours].
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.hardware.parts import Chip

if TYPE_CHECKING:
    from dmpnet.hardware.workload import Workload
    from dmpnet.trained.network import TrainedNetwork


def let_in(work: Workload, chip: Chip) -> Workload:
    """`work` without the events that a core drops."""
    most = chip.limits.spikes
    if chip.datapath.queue != "drop" or work.analog or work.recurrent or work.scattered is not None:
        return work
    return replace(work, events=np.minimum(work.events, most))


def passes(work: Workload, chip: Chip) -> np.ndarray:
    """(..., T) how often the queue is filled in each step, at least once."""
    if chip.datapath.queue != "passes" or work.analog:
        return np.ones_like(work.events)
    return np.maximum(-(-work.S // chip.limits.spikes), 1)


def lost(work: Workload, chip: Chip) -> dict[str, Any]:
    """What of the steps of a run is too busy for the queue: % of the steps, the events beyond it in % of all, the
    busiest step, and how often the queue is filled in a step, mean and most."""
    many, most = np.zeros_like(work.S) if work.analog else work.S, chip.limits.spikes
    beyond = np.maximum(many - most, 0)
    filled = np.maximum(-(-many // most), 1)
    return {"busy steps %": 100 * float((beyond > 0).mean()),
            "events beyond %": 100 * float(beyond.sum()) / max(int(many.sum()), 1), "busiest step": int(many.max()),
            "mean passes": float(filled.mean()), "most passes": int(filled.max())}


def dropping(network: TrainedNetwork, chip: Chip) -> list[int]:
    """Per layer, events that are let in a step where some may be dropped, 0 where none is (Fixed.queue)."""
    most = chip.limits.spikes * (chip.datapath.queue == "drop")
    analog = network.encoding.kind == "analog"
    return [most * (layer.M > most and layer.W_r is None and layer.delay is None and not (analog and number == 0))
            for number, layer in enumerate(network.layers)]
