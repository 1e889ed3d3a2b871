"""Points in processes of this machine, each alone with its worker: who dies takes but its own point along.

A worker is a loky executor of one process, since an executor of several is given up as a whole when one of them dies.
"""

import contextlib
import os
import re
import secrets
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from functools import partial
from typing import Any

import cloudpickle
import loky

from dmpnet import __version__
from dmpnet.sweeps.answers import Answer, answer, sent
from dmpnet.system import watcher
from dmpnet.system.processes import held, safely, watched

MARK = "DMPNET_SWEEP"
"""In the environment of workers and of all that they start."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""By what libraries are told how many threads to take."""


class Here:
    """Points one after the other in this very process."""

    def __init__(self, work: tuple[Any, Mapping[str, Any]]):
        self.work, self.waiting = work, deque()

    def give(self, points: Mapping[str, Any]) -> None:
        """Take on points, by name."""
        self.waiting.extend(points.items())

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """(name, answer) of every point, as they come."""
        while self.waiting:
            name, point = self.waiting.popleft()
            yield name, answer(partial(self._all, point))

    def _all(self, point: Any) -> tuple[Any, Mapping[str, Any], Any]:
        return (*self.work, point)


class Processes(Here):
    """Points in `number` processes; as a context it ends them, with all that they started."""

    def __init__(self, work: tuple[Any, Mapping[str, Any]], number: int):
        super().__init__(work)
        self.number, self.mark = number, f"{MARK}={secrets.token_hex(16)}"
        self.call = sent(__version__)
        self.places = contextlib.ExitStack()
        self.idle: list[loky.ProcessPoolExecutor] = []
        self.busy: dict[Future, tuple[loky.ProcessPoolExecutor, str, Any]] = {}

    def __enter__(self) -> "Processes":
        with contextlib.ExitStack() as places:
            mark = places.enter_context(watched())
            self.file = places.enter_context(held()) / "work"
            self.file.write_bytes(cloudpickle.dumps(self.work))
            self.environment = safely() | threads(self.number) | mark | dict([self.mark.split("=")])
            self.places = places.pop_all()
        return self

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """(name, answer) of every point, as they come."""
        while self.waiting or self.busy:
            while self.waiting and len(self.busy) < self.number:
                self._begin(*self.waiting.popleft())
            for future in wait(self.busy, return_when=FIRST_COMPLETED).done:
                worker, name, _ = self.busy.pop(future)
                try:
                    found = future.result()
                    self.idle.append(worker)
                except BrokenExecutor as error:
                    worker.shutdown(wait=False, kill_workers=True)
                    found = {"died": how(error)}
                if self.waiting:  # before the answer is looked at, which takes a while
                    self._begin(*self.waiting.popleft())
                yield name, found

    def _begin(self, name: str, point: Any) -> None:
        with unheard(signal.SIGINT):  # nor by the worker that this may start: it is for this process to end it
            while True:
                worker = self.idle.pop() if self.idle else loky.ProcessPoolExecutor(
                    1, context=loky.backend.get_context("loky"), env=self.environment)
                try:
                    future = worker.submit(self.call, str(self.file), cloudpickle.dumps(point))
                    break
                except BrokenExecutor:  # it died while it was idle
                    worker.shutdown(wait=False, kill_workers=True)
        self.busy[future] = worker, name, point

    def __exit__(self, *_: Any) -> None:
        workers = [*self.idle, *(worker for worker, _, _ in self.busy.values())]
        for worker in workers:
            worker.shutdown(wait=False, kill_workers=True)
        if sys.platform.startswith("linux"):
            watcher.end(os.fsencode(self.mark))
        self.places.close()


def how(error: BrokenExecutor) -> str:
    """In a few words how a worker ended, out of loky's many."""
    codes = re.search(r"exit codes? .*?\{(.*?)\}", str(error), re.S)
    return codes[1] if codes else str(error).partition(".")[0]


def threads(processes: int) -> dict[str, str]:
    """An equal part of the cores for each of so many processes, where the environment does not say otherwise."""
    each = str(max(1, cores() // processes))
    return {name: each for name in THREADS if name not in os.environ}


def cores() -> int:
    """Cores that this process may use; 1 inside a sweep, whose workers have them all."""
    return 1 if MARK in os.environ else loky.cpu_count()


@contextlib.contextmanager
def unheard(number: int) -> Iterator[None]:
    """Inside the block a signal waits, and what is started there never gets it."""
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
