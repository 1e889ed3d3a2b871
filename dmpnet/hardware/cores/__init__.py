"""The cores that are compared on the same spikes, a file each: found by being there.

Such a file has TITLE, what it is; ASSUMED, what it alone assumes (dmpnet.hardware.core_run.Assumption); ORDER, its
place; and `run(task, draw)`, which gives a Run. All are models of ours: no core is the chip that it is named after.
"""

import importlib
import pkgutil
from types import ModuleType

from dmpnet.hardware.core_run import COMMON, Assumption, Draw, Run, Task


def _all() -> dict[str, ModuleType]:
    found = {file.name: importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)}
    return dict(sorted(found.items(), key=lambda item: (item[1].ORDER, item[0])))


CORES = _all()
"""By name, the DMP core first."""
ASSUMED: tuple[Assumption, ...] = (*COMMON, *(one for core in CORES.values() for one in core.ASSUMED))
"""All that is assumed."""


def draws(seed: int, many: int) -> list[Draw]:
    """So many draws of all that is assumed."""
    columns = {one.name: one.drawn(seed, many) for one in ASSUMED}
    return [{name: float(column[place]) for name, column in columns.items()} for place in range(many)]


def runs(task: Task, drawn: list[Draw]) -> dict[str, list[Run]]:
    """What a step takes on every core, a Run a draw."""
    return {name: [core.run(task, draw) for draw in drawn] for name, core in CORES.items()}
