"""Axonal delays in place of the slow memory, a core of Loihi 2's kind, at the published event prices of Loihi [ours].

Its spikes are those of the DMP network. Every event of an input costs a synaptic event a neuron that it reaches, every
neuron an access and an update a step, every spike a spike out (dmpnet.hardware.published, Davies et al. 2018: 14 nm,
with all that our other cores leave out); delays are paid for with the synaptic events. Events of a core follow one on
the other, and a barrier ends a step. Of Loihi 2 no such numbers are published: how far it is from Loihi is drawn.
"""

from dataclasses import replace

import numpy as np

from dmpnet.hardware import actions, core_run
from dmpnet.hardware.core_run import OFF_CHIP, Assumption, Draw, Run, Task
from dmpnet.hardware.published import LOIHI_EVENT_NS, LOIHI_EVENT_PJ
from dmpnet.hardware.workload import Workload

TITLE = "delays (Loihi 2's kind)"
ORDER = 3
PJ = Assumption("event energy over Loihi's", 0.2, 1.0, "log", "ours: as Loihi, to five times less")
NS = Assumption("event time over Loihi's", 0.1, 1.0, "log", "ours: as Loihi, to ten times less")
CORES = Assumption("its cores a layer", 1, 4, "whole", "ours: that share its events evenly, to as many as lanes")
ASSUMED = (PJ, NS, CORES)


def events(work: Workload) -> dict[str, float]:
    """Of a step: how many of each kind."""
    T = work.steps
    readout = int(work.sent.sum()) * work.classes / T
    return {"synapse": work.reached / T + readout, "neuron access": work.N, "neuron update": work.N,
            "spike out": int(work.sent.sum()) / T}


def run(task: Task, draw: Draw) -> Run:
    """Layers of the same sizes, with axonal delays as long as the window of the slow memory."""
    works = [replace(work, d=0) for work in task.works]
    pj, ns = dict.fromkeys(actions.PATHS, 0.0), {"spike": 0.0, "output": 0.0}
    for work in works:
        for kind, many in events(work).items():
            path = "spike" if kind == "synapse" else "output"
            pj[path] += many * LOIHI_EVENT_PJ[kind] * draw[PJ.name]
            ns[path] += many * LOIHI_EVENT_NS[kind] * draw[NS.name] / draw[CORES.name]
    busy = {path: time * 1e-9 * task.clock for path, time in ns.items()}
    barrier = len(works) * LOIHI_EVENT_NS["barrier"] * draw[NS.name] * 1e-9 * task.clock
    needs = core_run.held(works, task.chip) | {"state": state(task, works)}
    if TITLE not in task.known:
        sized = core_run.sized(works, task.chip)
        task.known[TITLE] = sum((tally for work in works for tally in actions.count(work, sized).values()),
                                actions.Tally())
    tally = task.known[TITLE]
    bits = core_run.off_chip(needs, draw["on-chip memory"] * task.need, tally) / task.steps
    taken = max(sum(busy.values()) + barrier, bits / draw["DRAM bits a cycle"])
    lane = replace(task.chip, limits=replace(task.chip.limits, lanes=round(draw[CORES.name])))
    return Run(taken, busy, pj | {OFF_CHIP: bits * draw["DRAM pJ a bit"]}, bits, sum(needs.values()),
               sum(core_run.arithmetic(work, lane) for work in works),
               core_run.feedforward(works) + sum(work.N for work in works))


def state(task: Task, works: list[Workload]) -> int:
    """Bits of membranes, of spikes that wait (a bit a neuron and step of the window) and of the delays of each."""
    windows = [int(np.ceil(window)) for window in task.windows]
    return sum(work.N * (task.chip.words.u.bits + window + window.bit_length())
               for work, window in zip(works, windows, strict=True))
