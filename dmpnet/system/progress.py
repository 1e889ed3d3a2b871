"""How far long work has come: what `progress` means in every call that has it."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tqdm import tqdm

from dmpnet.errors import DmpnetError

Progress = Callable[[int, int], Any] | str | bool | None
"""Called with (done, total) as the work goes on, up to (total, total); a name, or True for the work's own name: a bar
on standard error, where that is a terminal or a notebook's; None: silent."""

TICK = 0.5
"""Seconds after which a bar is drawn again."""


class Tell(Protocol):
    """Says that so much of the work is done, and, beside a bar, what else is known."""

    def __call__(self, done: int, note: str = "") -> None: ...


class Bar(tqdm):
    """A progress bar whose clock goes on while nothing is done; silent when nobody sees standard error: it is neither a
    terminal nor the output of a notebook's cell."""

    def __init__(self, *args: Any, **kwargs: Any):
        in_a_cell = type(sys.stderr).__module__.partition(".")[0] == "ipykernel"
        super().__init__(*args, disable=False if in_a_cell else None, **kwargs)

    def __enter__(self) -> "Bar":
        self._done = threading.Event()
        if not self.disable:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *why: Any) -> None:
        self._done.set()
        self.close()

    def _tick(self) -> None:
        while not self._done.wait(TICK):
            self.refresh()

    def to(self, done: int, note: str = "") -> None:
        """Move to so much done."""
        self.update(done - self.n)
        if note:
            self.set_postfix_str(note)


def told(task: str) -> None:
    """Say on a terminal what takes a while."""
    if sys.stderr.isatty():
        print(task, file=sys.stderr)


@contextmanager
def telling(progress: Progress, total: int, unit: str, name: str, done: int = 0) -> Iterator[Tell]:
    """Gives what `progress` is told with, over `total` units.

    name : of the bar, if `progress` is True;  done : what was there before, told at once if there is any
    """
    if not (progress is None or isinstance(progress, str | bool) or callable(progress)):
        raise DmpnetError(f"progress = {progress!r}, but it is called with (done, total); give a function, or True or "
                          f"a name for a bar")
    if callable(progress):
        def called(done: int, note: str = "") -> None:
            progress(done, total)

        _begun(called, done)
        yield called
    elif progress:
        with Bar(total=total, unit=unit, desc=name if progress is True else progress, leave=False,
                 dynamic_ncols=True) as bar:
            _begun(bar.to, done)
            yield bar.to
    else:
        yield lambda done, note="": None


def _begun(tell: Tell, done: int) -> None:
    if done:
        tell(done)


def part(tell: Tell, before: int) -> Progress:
    """`progress` of a part of the work, before which so much was done."""
    return lambda done, _: tell(before + done)
