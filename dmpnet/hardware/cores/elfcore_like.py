"""The DMP network on a core without fusion and heterogeneous stationarity, after the paper's ElfCore variant [ours].

Which of its flags are off says the chip file elfcore-like; sizes and lanes are those of the DMP core.
"""

from dataclasses import replace
from functools import cache
from typing import Any

from dmpnet.hardware import chip, core_run
from dmpnet.hardware.core_run import Assumption, Draw, Run, Task

TITLE = "ElfCore-like"
ORDER = 1
ASSUMED: tuple[Assumption, ...] = ()
FLAGS = ("fusion", "stationarity")


def run(task: Task, draw: Draw) -> Run:
    """The same network, membranes and currents read and written at every term."""
    described = replace(task.chip, datapath=replace(task.chip.datapath, **variant()))
    return core_run.near_memory(task, draw, task.works, described, core_run.slow_and_fast(task.works))


@cache
def variant() -> dict[str, Any]:
    """Flags of the datapath in which it differs."""
    datapath = chip.load("elfcore-like").datapath
    return {flag: getattr(datapath, flag) for flag in FLAGS}
