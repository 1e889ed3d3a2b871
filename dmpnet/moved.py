"""Old names of modules, for one release: `from dmpnet.neurons import Neuron` finds what now lies in folders.

A finder that Python asks only where no file has the name; the module it gives looks each name up where it went.
It imports only what every Python has frozen: a user's `typing.py` in the working folder is not run by `-m dmpnet`.
"""

import importlib
import importlib.util
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

HOMES = {
    "activity": ("trained.activity",),
    "decay": ("equations.decay",),
    "memory": ("equations.memory",),
    "network": ("brian.networks", "brian.conversion"),
    "neurons": ("equations.neurons",),
    "simulation": ("brian.simulation",),
    "weights": ("trained.weights", "trained.network", "trained.layer", "trained.slow_memory", "trained.encoding"),
}
"""Where the names of each old module are looked up, in this order."""


class Moved:
    """Finds dmpnet.NAME for the old names."""

    def find_spec(self, fullname: str, path: "Sequence[str] | None" = None,
                  target: "ModuleType | None" = None) -> "ModuleSpec | None":
        parent, _, name = fullname.rpartition(".")
        loader: Any = self
        return importlib.util.spec_from_loader(fullname, loader) if parent == "dmpnet" and name in HOMES else None

    def create_module(self, spec: "ModuleSpec") -> None:
        """None: an ordinary module."""

    def exec_module(self, module: "ModuleType") -> None:
        homes = HOMES[module.__name__.rpartition(".")[2]]

        def found(name: str) -> "Any":
            for home in homes:
                with_it = importlib.import_module(f"dmpnet.{home}")
                if not name.startswith("__") and hasattr(with_it, name):
                    return getattr(with_it, name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}; what it held is now in "
                                 f"{' and '.join(f'dmpnet.{home}' for home in homes)}")

        vars(module).update(__getattr__=found, __doc__=f"The old place of dmpnet.{homes[0]}; it stays for one release.")


def known() -> None:
    """Let Python know the old names, once."""
    if not any(type(finder).__name__ == Moved.__name__ for finder in sys.meta_path):
        sys.meta_path.append(Moved())
