"""Recurrent weights in place of the slow memory, a core of ReckOn's kind: N x N of them, the layers as large [ours].

Its spikes are those of the DMP network, which also come back a step later as events of the layer itself. ReckOn
(Frenkel and Indiveri 2022) holds W_f and W_r in SRAM and works on one event after the other; how many neurons a cycle
such a core updates, and whether it fuses the integration, are drawn. Learning on the chip is left out.
"""

from dataclasses import replace

from dmpnet.hardware import core_run
from dmpnet.hardware.core_run import Assumption, Draw, Run, Task

TITLE = "recurrent (ReckOn's kind)"
ORDER = 2
LANES = Assumption("its lanes over ours", 0.25, 1.0, "log", "ours: a neuron a cycle beside 4, to as many")
FUSED = Assumption("it fuses integration", 0, 1, "either", "ours: currents in accumulators, or added to membranes")
ASSUMED = (LANES, FUSED)


def run(task: Task, draw: Draw) -> Run:
    """Layers of the same sizes, with W_r and no slow memory."""
    works = [replace(work, d=0, recurrent=True) for work in task.works]
    lanes = max(round(draw[LANES.name] * task.chip.limits.lanes), 1)
    described = replace(task.chip, limits=replace(task.chip.limits, lanes=lanes),
                        datapath=replace(task.chip.datapath, fusion=bool(draw[FUSED.name])))
    return core_run.near_memory(task, draw, works, described,
                                core_run.feedforward(works) + sum(work.N**2 for work in works))
