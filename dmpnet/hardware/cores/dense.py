"""The DMP network computed densely, whatever spikes: a processor of the GPU's kind, one recording at a time [ours].

Every weight is multiplied and added in every step, by lanes that hardly wait for each other; a kernel is started a
layer and step. Weights stay in a cache from step to step, or are read from DRAM in each. One recording at a time, as
where events come in: with many side by side weights are read once for all of them, which is another task.
"""

from dmpnet.hardware import core_run, energy
from dmpnet.hardware.core_run import OFF_CHIP, Assumption, Draw, Run, Task
from dmpnet.hardware.workload import Workload

TITLE = "dense (GPU's kind)"
ORDER = 4
LANES = Assumption("dense lanes", 256, 16384, "log", "ours: multiplications and additions a cycle")
BITS = Assumption("dense bits", 8, 32, "whole", "ours: of every number")
LAUNCH = Assumption("launch us", 0.0, 10.0, "even", "ours: until a kernel runs, a layer and step; 0: none")
CACHED = Assumption("cache kept", 0, 1, "either", "ours: weights are read from DRAM in every step, or never")
ASSUMED = (LANES, BITS, LAUNCH, CACHED)


def products(work: Workload) -> dict[str, int]:
    """Of a step: multiplications and additions of every path."""
    M = work.M + work.N * work.recurrent
    return {"spike": M * work.N, "memory": work.N * work.d, "update": work.d**2 + work.d + (work.d > 0) * M,
            "output": work.N * (2 + work.classes)}


def run(task: Task, draw: Draw) -> Run:
    """The same layers; a product reads its weight, a step reads and writes all membranes and m."""
    bits = round(draw[BITS.name])
    made = [products(work) for work in task.works]
    many = {path: sum(one[path] for one in made) for path in made[0]}
    state = sum(work.N + work.d for work in task.works)
    weights = sum(many.values()) - 2 * sum(work.N for work in task.works)  # the leak and reset have none
    size = (weights + state) * bits / 8
    line = energy.bit_line_pj(size)
    pj = {path: count * (energy.multiply_pj(bits) + bits * energy.full_adder_pj() + bits * line)
          for path, count in many.items()}
    pj["output"] += (1 + draw["write over read"]) * state * bits * line
    read = 0.0 if draw[CACHED.name] else weights * bits
    lanes = draw[LANES.name]
    busy = {path: count / lanes for path, count in many.items()}
    launch = len(task.works) * draw[LAUNCH.name] * 1e-6 * task.clock
    return Run(max(sum(busy.values()), read / draw["DRAM bits a cycle"]) + launch, busy,
               pj | {OFF_CHIP: read * draw["DRAM pJ a bit"]}, read, (weights + state) * bits,
               round(lanes * (bits**2 + bits)), core_run.slow_and_fast(task.works))
