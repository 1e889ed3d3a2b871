"""Points on a Dask cluster, whose workers may come and go (extra: cluster)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import cloudpickle

from dmpnet import __version__
from dmpnet.errors import DmpnetError, SweepWarning
from dmpnet.sweeps.answers import Answer, sent

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10  # seconds until a scheduler has to answer
LONG = 30  # seconds after which it is looked whether there are workers
SMALL = 1 << 16
"""Bytes of the call that go along with every point; a larger one is sent to each worker once."""
STOPPING = 1  # seconds that workers have to end, of the two in which all has to


class Cluster:
    """Points on the workers of `scheduler`, its address or a Client of it; as a context it ends what is still going."""

    def __init__(self, work: tuple[Any, Mapping[str, Any]], scheduler: Any):
        self.work = cloudpickle.dumps(work)
        self.client, self.own = connected(scheduler)
        self.name = str(self.client.scheduler.address if self.client.scheduler else scheduler)
        self.call, self.token = sent(__version__), secrets.token_hex(4)
        self.going: dict[Any, str] = {}
        self.told = False

    def __enter__(self) -> Cluster:
        from distributed import as_completed

        try:
            check(self.client, self.name)
            if len(self.work) > SMALL:  # a task that can be done again: what is scattered goes with its worker
                self.work = self.client.submit(same, self.work, key=f"sweep-{self.token}", pure=False)
            self.coming = as_completed(loop=self.client.loop)
        except BaseException:
            self.__exit__()
            raise
        return self

    def give(self, points: Mapping[str, Any]) -> None:
        """Take on points, by name."""
        tries = secrets.token_hex(4)
        futures = self.client.map(
            self.call, [self.work] * len(points), [cloudpickle.dumps(point) for point in points.values()],
            key=[f"point-{name}-{self.token}-{tries}" for name in points], pure=False, retries=0)
        self.going |= dict(zip(futures, points, strict=True))
        self.coming.update(futures)

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """(name, answer) of every point, as they come; those that are there together are fetched together."""
        while self.going:
            self._wait()
            ready = self.coming.next_batch(block=False)
            for future, found in zip(ready, self._fetched(ready), strict=True):
                yield self.going.pop(future), found

    def _wait(self) -> None:
        """Until a point is done; that there is nobody who could do it is said."""
        looked = time.monotonic() - LONG
        while not self.coming.has_ready():
            if time.monotonic() - looked > LONG:
                looked = time.monotonic()
                if not (self.client.scheduler_info(n_workers=-1)["workers"] or self.told):
                    self.told = True
                    warnings.warn(f"scheduler {self.name}: has no workers now; points wait until some come",
                                  SweepWarning, stacklevel=6)
            with self.coming.thread_condition:
                self.coming.thread_condition.wait(0.1)

    def _fetched(self, ready: list[Any]) -> list[Answer]:
        """Answers of futures."""
        if all(future.status == "finished" for future in ready):
            with contextlib.suppress(Exception):  # one was lost after it was done, and cannot be made again
                return self.client.gather(ready)
        return [self._one(future) for future in ready]

    def _one(self, future: Any) -> Answer:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            return {"died": " ".join(str(error).split())}
        except Exception as error:
            if future.status == "error":
                return {"error": f"{type(error).__name__}: {error}", "traceback": str(error), "worker": self.name}
            raise self._gone(future.status) from error
        except asyncio.CancelledError as error:
            raise self._gone(future.status) from error

    def _gone(self, status: str) -> DmpnetError:
        return DmpnetError(f"scheduler {self.name}: gone, or it gave the points up ({status}); results so far are "
                           f"kept: mend that, and call again")

    def __exit__(self, *_: Any) -> None:
        with contextlib.suppress(Exception):
            if self.going:
                self._stop()
        self.going.clear()
        if self.own:
            with contextlib.suppress(Exception):
                self.client.close(timeout=STOPPING)

    def _stop(self) -> None:
        """Give up what waits; end the workers, where a nanny starts them anew, that are at a point of ours."""
        keys = {future.key for future in self.going}
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        at_it = [address for address, those in self.client.processing().items()
                 if keys & set(those) and workers.get(address, {}).get("nanny")]
        self.client.cancel(list(self.going), force=True)
        if at_it:
            self.client.restart_workers(at_it, timeout=STOPPING, raise_for_error=False)


def same(work: bytes) -> bytes:
    """What it is given: a task whose result workers hand on to one another."""
    return work


def connected(scheduler: Any) -> tuple[Client, bool]:
    """A client of a scheduler, and whether it was made here; DmpnetError if there is none."""
    try:
        from distributed import Client
    except ImportError as error:
        raise DmpnetError(f"scheduler = {str(scheduler)!r}, but dask.distributed is not installed; pip install "
                          f"'.[cluster]' in a clone, or leave scheduler out for processes of this machine") from error
    if isinstance(scheduler, Client):
        return scheduler, False
    if not isinstance(scheduler, str):
        raise DmpnetError(f"scheduler = {scheduler!r}, but it is the address of a Dask scheduler or a "
                          f"dask.distributed.Client; give e.g. 'tcp://127.0.0.1:8786', or leave it out")
    try:
        return Client(scheduler, timeout=PATIENCE, set_as_default=False), True
    except (OSError, ValueError) as error:
        raise DmpnetError(f"scheduler {scheduler}: no Dask scheduler answers there within {PATIENCE} s "
                          f"({type(error).__name__}); start one (dask scheduler), or give its address") from error


def check(client: Client, name: str) -> None:
    """Raise DmpnetError, naming them, for workers with another dmpnet, or with several threads."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    there = client.run(who(), workers=list(workers)) if workers else {}
    others = [f"{address} has {found}" for address, (found, _) in sorted(there.items()) if found != __version__]
    if others:
        raise DmpnetError(f"scheduler {name}: this is dmpnet {__version__}, but worker {'; '.join(others)}; install "
                          f"the same there, or end those workers")
    wide = [f"{address} has {worker['nthreads']}" for address, worker in sorted(workers.items())
            if worker["nthreads"] > 1]
    if wide:
        raise DmpnetError(f"scheduler {name}: a worker takes a point at a time, since Brian2 is made for one thread, "
                          f"but {'; '.join(wide)} threads; start them with --nthreads 1, or a LocalCluster with "
                          f"threads_per_worker=1")
    if len({process for _, process in there.values()}) < len(there):
        warnings.warn(f"scheduler {name}: several workers share a process, and there what is of a process, as random "
                      f"generators of PyTorch and preferences of Brian2; for points that use such, give each worker "
                      f"one of its own", SweepWarning, stacklevel=6)


def who() -> Callable[[], tuple[str, str]]:
    """What tells a worker's dmpnet and its process, as it stands, and not as a name in that dmpnet."""
    def of_this_worker() -> tuple[str, str]:
        import os
        import socket

        process = f"{socket.gethostname()}, process {os.getpid()}"
        try:
            import dmpnet
        except ImportError:
            return "none", process
        return str(dmpnet.__version__), process

    return of_this_worker
