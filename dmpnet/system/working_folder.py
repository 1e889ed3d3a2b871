"""The command line runs no code that lies in the folder it is called in.

Brian2 evaluates a file `brian_preferences` there when it is imported, and `python -m` searches the folder for modules
first (dmpnet.__main__). In a script of one's own both stay as they are.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

PREFERENCES = "brian_preferences"
FOLDER = Path(__file__).parents[1] / "commands"
"""Where the file of that name is the command line's own."""


@contextlib.contextmanager
def not_read() -> Iterator[None]:
    """Inside the block Brian2 is imported with the command line's own preferences, and Ctrl-C stays as it is."""
    finder = _Brian2()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(finder)


class _Brian2(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != "brian2":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module
            loader.exec_module = lambda module: _elsewhere(execute, module)
        return spec


def _elsewhere(execute: Any, module: ModuleType) -> None:
    """Execute a module in the folder of the command line's own preferences."""
    handler = signal.getsignal(signal.SIGINT)
    theirs = os.path.exists(PREFERENCES)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # a working folder that is gone: nothing is read there
            stack.enter_context(contextlib.chdir(FOLDER))
        execute(module)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
    if theirs:
        print(f"note: {PREFERENCES} in this folder is not read by the command line; keep preferences of yours in "
              f"~/.brian/user_preferences", file=sys.stderr)
