"""One function at many points, on all cores or on a cluster, whatever dies meanwhile."""

import contextlib
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dmpnet import __version__
from dmpnet.disk.files import locked, swept
from dmpnet.errors import DmpnetError, SweepError, SweepWarning
from dmpnet.sweeps import names
from dmpnet.sweeps.answers import Answer
from dmpnet.sweeps.kept import Kept
from dmpnet.system.progress import Progress, Tell, telling

if TYPE_CHECKING:
    from distributed import Client

WRITERS = 4  # threads that write results
SAID = 5  # failed points that an error tells of


@dataclass(frozen=True)
class Failure:
    """What a point came to that raised, or whose workers all died."""

    point: Any
    error: str
    traceback: str


def sweep(run: Callable[..., Any], points: Iterable[Any], scheduler: "str | Client | None" = None, *,
          out: str | Path = "sweep", common: Mapping[str, Any] | None = None, aside: Mapping[str, Any] | None = None,
          processes: int | None = None, retries: int = 3, failures: str = "raise",
          progress: Progress = True) -> list[Any]:
    """run(**point) at every point, in their order; what is in the folder `out` already is read, not made again.

    run : a function that pickles; gives numbers, text, lists, tuples, dictionaries and NumPy arrays
    points : dictionaries of keyword arguments, tuples of them, or single ones; equal points are run once
    scheduler : address of a Dask scheduler or a dask.distributed.Client (extra: cluster); None: this machine
    out : folder of the results, a file each, named by how run is written (sweeps.written), its arguments, our version
    common : keyword arguments that all points share, sent to a worker once
    aside : as common, but results are not named by it: what says where data lie and how many threads work on them
    processes : at once, without a scheduler, beside which it is refused (None: as many as there are cores; 1: no
        other than this one)
    retries : how often a point is tried again whose worker died; what `run` raises is not tried again in this call
    failures : 'raise' a SweepError when all others are done, or 'return' Failures in the places of their results
    progress : called with (done, total) in points; True or a name: a bar; None: silent

    Two calls with one `out` work one after the other. Interrupted, killed or out of room, it goes on when called again.
    """
    if failures not in ("raise", "return"):
        raise DmpnetError(f"failures = {failures!r}, but they are raised at the end or returned; set 'raise' or "
                          f"'return'")
    one_place(scheduler, processes)
    points, common, aside = _asked(run, points, common, aside)
    called = names.name(run)
    each = names.of_points(run, points, common)
    unique = _unique(called, each, points)
    kept = Kept(Path(out), called)
    with alone(kept.folder), telling(progress, len(unique), "point", called.rpartition(".")[2]) as tell:
        found = _there(kept, unique)
        missing = {name: point for name, point in unique.items() if name not in found}
        tell(len(found))
        if missing:
            with _workers((run, common | aside), scheduler, processes, len(missing)) as workers:
                _work(workers, missing, retries, kept, found, tell)
    failed = [(name, one) for name in unique if isinstance(one := found[name], Failure)]
    if failed and failures == "raise":
        raise SweepError(_in_words(kept, failed, len(unique)), [one for _, one in failed])
    return [found[name] for name in each]


def _asked(run: Any, points: Any, common: Any, aside: Any) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """The points and what they share; DmpnetError unless these are points, and arguments that are given once."""
    if not callable(run):
        raise DmpnetError(f"run = {names.shown(run)}, but it is called at every point; give a function")
    if isinstance(points, Mapping | str | bytes) or not isinstance(points, Iterable):
        raise DmpnetError(f"points = {names.shown(points)}, but they are many; give a list, of one point [point], of "
                          f"every choice of several values itertools.product")
    for name, given in (("common", common), ("aside", aside)):
        if not isinstance(given or {}, Mapping):
            raise DmpnetError(f"{name} = {names.shown(given)}, but it holds arguments by name; give a dictionary")
    common, aside = dict(common or {}), dict(aside or {})
    if both := sorted(map(str, {*common} & {*aside})):
        raise DmpnetError(f"{', '.join(both)}: in common and in aside, but results are named by the one and not by the "
                          f"other; give each once")
    return list(points), common, aside


def _unique(called: str, each: list[str], points: list[Any]) -> dict[str, Any]:
    """Points by name, equal ones once, which is said."""
    unique = dict(zip(each, points, strict=True))
    if len(unique) < len(each):
        warnings.warn(f"{len(each) - len(unique)} of {len(each)} points are equal to others and run once, with one "
                      f"result; if {called} draws numbers, give each point a seed", SweepWarning, stacklevel=3)
    return unique


def one_place(scheduler: Any, processes: int | None) -> None:
    """Refuse processes of this machine beside the workers of a cluster, which work in their place."""
    if scheduler is not None and processes not in (None, 1):
        raise DmpnetError(f"processes = {processes}, but the workers of scheduler {scheduler} do the work; leave "
                          f"processes out, or the scheduler")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder of results, after waiting for whoever works in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DmpnetError(f"out = {folder}: no folder can be made there ({error.strerror}); give another") from error
    with locked(folder / ".lock"):
        swept(folder)
        yield


def _there(kept: Kept, unique: Mapping[str, Any]) -> dict[str, Any]:
    """Results that are there; of damaged ones it is said that they are made again."""
    found = {}
    for name in unique:
        if kept.path(name).exists():
            try:
                found[name] = kept.read(name)
            except DmpnetError as error:
                warnings.warn(str(error), SweepWarning, stacklevel=3)
    return found


def _workers(work: tuple[Any, Mapping[str, Any]], scheduler: Any, processes: int | None, most: int) -> Any:
    """Who works, as a context."""
    if scheduler is not None:
        from dmpnet.sweeps.cluster import Cluster

        return Cluster(work, scheduler)
    from dmpnet.sweeps.local import Here, Processes, cores

    if processes is not None and processes < 1:
        raise DmpnetError(f"processes = {processes}, but at least one is needed; set processes >= 1")
    return contextlib.nullcontext(Here(work)) if processes == 1 else Processes(work, min(processes or cores(), most))


def _work(workers: Any, missing: Mapping[str, Any], retries: int, kept: Kept, found: dict[str, Any],
          tell: Tell) -> None:
    """Have the missing points worked on, and keep what comes, while others are still at work."""
    died = dict.fromkeys(missing, 0)
    workers.give(missing)
    with ThreadPoolExecutor(WRITERS) as writers:
        writing: deque[tuple[str, Future]] = deque()
        for name, answer in workers.answers():
            if "version" in answer:
                raise DmpnetError(f"this is dmpnet {__version__}, but worker {answer['worker']} has "
                                  f"{answer['version']}; install the same there, or end that worker, and call again")
            if "died" in answer:
                died[name] += 1
                if died[name] <= retries:
                    warnings.warn(f"point {names.shown(missing[name])}: its worker died ({answer['died']}); it is "
                                  f"tried again, {died[name]} of {retries} times", SweepWarning, stacklevel=3)
                    workers.give({name: missing[name]})
                    continue
                answer = {"error": f"its worker died {died[name]} times", "traceback": answer["died"], "worker": ""}
            writing.append((name, writers.submit(_keep, kept, name, missing[name], answer, died[name])))
            while writing and writing[0][1].done():
                _written(writing.popleft(), found, tell)
        for each in writing:
            _written(each, found, tell)


def _keep(kept: Kept, name: str, point: Any, answer: Answer, died: int) -> Any:
    """Write an answer; gives its result, or a Failure."""
    if "error" in answer:
        kept.fail(name, point, answer)
        return Failure(point, answer["error"], answer["traceback"])
    return kept.write(name, point, answer, died)


def _written(one: tuple[str, Future], found: dict[str, Any], tell: Tell) -> None:
    """Add what has been written to what was found; DmpnetError if it could not be."""
    name, future = one
    try:
        found[name] = future.result()
    except OSError as error:
        raise DmpnetError(f"a result cannot be written ({error}); those before it are kept: make room in the folder "
                          f"out, and call again") from error
    tell(len(found))


def _in_words(kept: Kept, failed: list[tuple[str, Failure]], total: int) -> str:
    """What is said of points that failed."""
    told = [f"{names.shown(one.point)}: {one.error} ({kept.failed(name).name})" for name, one in failed[:SAID]]
    more = f"; and {len(failed) - SAID} more" if len(failed) > SAID else ""
    return (f"{len(failed)} of {total} points of {kept.run} failed, the others are done: {'; '.join(told)}{more}; "
            f"tracebacks are in {kept.folder}, and a further call tries these points alone")
