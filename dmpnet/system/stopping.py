"""Ctrl-C and SIGTERM to the command line: what was begun is cleared away, one line is told, the exit code says which.

Imports nothing but the standard library, so that it holds while the rest is being imported.
"""

import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
TWICE = 1.0  # seconds within which a second signal is the same one: shells and timeouts send two


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises."""


class Stop:
    """Inside the block SIGINT and SIGTERM raise an exception, again if it was swallowed (in a destructor, say)."""

    def __init__(self) -> None:
        self.signal, self.at, self.deaf = 0, -TWICE, False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> "Stop":
        self.hook, self.disabled = sys.unraisablehook, logging.root.manager.disable
        if threading.current_thread() is threading.main_thread():
            sys.unraisablehook = self._swallowed
            self.before = {number: signal.signal(number, self._raise) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if self.before:
            sys.unraisablehook = self.hook
            logging.disable(self.disabled)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        again = time.monotonic() - self.at < TWICE
        if self.deaf or again:
            return
        self.signal, self.at = number, time.monotonic()
        logging.disable()  # Brian2 warns of what is half built
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    def _swallowed(self, unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            self.hook(unraisable)
        elif not self.deaf:
            self.at = -TWICE
            main = threading.main_thread().ident
            threading.Timer(0.02, signal.pthread_kill, (main, self.signal or signal.SIGINT)).start()


def stoppable(work: Callable[[], int]) -> int:
    """Exit code of work(); 130 or 143, with one line on stderr, if it was stopped.

    Whatever exception a stopped `work` ends with: code that a signal interrupts may turn it into another one.
    """
    with Stop() as stop:
        try:
            try:
                code = work()
            finally:
                stop.deaf = True
        except BaseException as error:
            stop.deaf = True
            if not stop.signal and not isinstance(error, KeyboardInterrupt):
                raise
            stop.signal = stop.signal or signal.SIGINT
        if not stop.signal:
            return code
    with contextlib.suppress(OSError):
        print(f"dmpnet: {SIGNALS[signal.Signals(stop.signal)]}; files written so far are whole", file=sys.stderr)
    return 128 + stop.signal
