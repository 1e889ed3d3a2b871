"""The DMP core: fast spikes and a slow memory, fused, each with the dataflow that suits it (Sun et al. 2026)."""

from dmpnet.hardware import core_run
from dmpnet.hardware.core_run import Assumption, Draw, Run, Task

TITLE = "DMP core"
ORDER = 0
ASSUMED: tuple[Assumption, ...] = ()


def run(task: Task, draw: Draw) -> Run:
    """The network as it is, on the chip as it is."""
    return core_run.near_memory(task, draw, task.works, task.chip, core_run.slow_and_fast(task.works))
