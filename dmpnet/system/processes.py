"""Processes and temporary folders that do not outlive what they are for.

    children()    commands under way, each in a process group of its own; all are gone when the block ends
    watched()     if this process is killed outright, what carries its mark is ended too (Linux, dmpnet.system.watcher)
    held(prefix)  a temporary folder, gone when the block ends; what a killed process left is removed by the next one
    workplace()   both for a command of the command line, and for all that it calls
"""

import atexit
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dmpnet.errors import BackendError

try:
    import fcntl
except ImportError:  # Windows: folders are not locked there, so none is swept
    fcntl = None  # type: ignore[assignment]

HERE = Path(__file__).resolve().parent
MARK = "DMPNET_STARTED_BY"
LOCK = ".held-by-dmpnet"
COMPILER = "check the compiler and the free disk space, or use backend='numpy'"


class Children:
    """Processes under way, so that all of them can be ended."""

    def __init__(self, environment: dict[str, str] | None = None):
        self.lock, self.alive, self.closed = threading.Lock(), set(), False
        self.environment = environment or {}

    def call(self, command: list[str], folder: Path, task: str, fix: str = COMPILER, within: Path | None = None) -> str:
        """Run a command in `folder` (or `within` another) to its end; its output, also in folder/output.txt.

        BackendError with the last of its output, and `fix`, if it fails.
        """
        log = folder / "output.txt"
        with open(log, "wb") as output:
            with self.lock:
                if self.closed:
                    raise BackendError(f"{task}: stopped before it began; run it again")
                process = subprocess.Popen(command, cwd=within or folder, stdout=output, stderr=subprocess.STDOUT,
                                           stdin=subprocess.DEVNULL, start_new_session=True,
                                           env={**os.environ, **safely(), **self.environment})
                self.alive.add(process)
            try:
                process.wait()
            except BaseException:
                _end(process)
                raise
            finally:
                with self.lock:
                    self.alive.discard(process)
        said = log.read_text(errors="replace")
        if process.returncode:
            last = " | ".join(said.strip().split("\n")[-6:])
            raise BackendError(f"{task} failed with exit code {process.returncode}: {last[-600:]}; {fix}")
        return said

    def kill(self) -> None:
        """End every process and let no other begin."""
        with self.lock:
            self.closed = True
            for process in self.alive:
                _end(process)


def _end(process: subprocess.Popen) -> None:
    """Kill a process and what it started (make, compilers)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def safely() -> dict[str, str]:
    """What makes Python import this very dmpnet, and nothing from the working folder, beside the caller's variables."""
    root = HERE.parents[1]
    installed = root.name in ("site-packages", "dist-packages")  # found anyway, and not before the caller's PYTHONPATH
    paths = [*([] if installed else [str(root)]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


@contextlib.contextmanager
def children() -> Iterator[Children]:
    """Children that are all gone when the block ends, and when this process does."""
    with watched() as mark:
        started = Children(mark)
        try:
            yield started
        finally:
            started.kill()


def in_order(work: Callable[..., Any], pieces: Iterator[tuple], at_once: int,
             started: Children) -> Iterator[tuple[tuple, Any]]:
    """(piece, work(*piece)) in the order of the pieces; one input more is held in memory than is worked on."""
    with threads(at_once, started) as pool:
        waiting: list = []
        for piece in pieces:
            waiting.append((piece, pool.submit(work, *piece)))
            if len(waiting) > at_once:
                first, future = waiting.pop(0)
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


@contextlib.contextmanager
def threads(at_once: int, started: Children) -> Iterator[ThreadPoolExecutor]:
    """So many threads, each of which waits for a process of `started`; what ends the block early ends these too."""
    with ThreadPoolExecutor(at_once) as pool:
        try:
            yield pool
        except BaseException:  # an interrupt too: no program outlives this call
            started.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextlib.contextmanager
def watched() -> Iterator[dict[str, str]]:
    """What to put into the environment of processes that are to end with this one; nothing if that is done already."""
    if not sys.platform.startswith("linux") or MARK in os.environ:
        yield {}
        return
    mark = {MARK: secrets.token_hex(16)}
    watcher = subprocess.Popen([sys.executable, "-I", "-S", str(HERE / "watcher.py"), f"{MARK}={mark[MARK]}"],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True, bufsize=0)
    pipe: Any = watcher.stdin
    try:
        yield mark
        with contextlib.suppress(OSError):
            pipe.write(b".")  # all ended well; otherwise it looks for what is left
    finally:
        pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            watcher.wait(2)


# --- temporary folders ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def held(prefix: str = "dmpnet-", parent: str | Path | None = None) -> Iterator[Path]:
    """A new folder in `parent` (that of temporary files), removed when the block ends.

    It is locked as long as its process lives; those that no process holds any more are removed first.
    """
    parent = Path(parent or tempfile.gettempdir())
    _sweep(prefix, parent)
    folder, lock = _locked(prefix, parent)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _locked(prefix: str, parent: Path) -> tuple[Path, int]:
    """A new folder and its lock, held."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
        if os.name == "nt" or os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)  # swept before it was locked


def _sweep(prefix: str, parent: Path) -> None:
    """Remove the folders that `held` made for processes that are gone."""
    if fcntl is None:
        return
    for lock in parent.glob(f"{prefix}*/{LOCK}"):
        with contextlib.suppress(OSError):  # held, or gone meanwhile
            handle = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if os.fstat(handle).st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(lock.parent)
            finally:
                os.close(handle)


def _remove(folder: Path) -> None:
    """Remove a held folder, its lock last: what is interrupted here can be swept."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != LOCK:
                path.unlink(missing_ok=True)
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()


@contextlib.contextmanager
def workplace() -> Iterator[None]:
    """For the time of a command: whoever makes temporary files makes them in one held folder, and whatever is started
    is watched and imports nothing from the working folder.

    A folder in which libraries have left files goes when the process does, after they have cleared away what is theirs.
    """
    places = contextlib.ExitStack()
    atexit.register(places.close)
    with watched() as mark:
        wanted = mark | {"PYTHONSAFEPATH": "1"}
        before = tempfile.tempdir, {key: os.environ.get(key) for key in (*wanted, "TMPDIR")}
        with contextlib.suppress(OSError):  # nowhere to write: a matter for those who need to
            tempfile.tempdir = wanted["TMPDIR"] = str(places.enter_context(held()))
        os.environ.update(wanted)
        try:
            yield
        finally:
            tempfile.tempdir, variables = before
            for key, value in variables.items():
                os.environ.pop(key, None)
                if value is not None:
                    os.environ[key] = value
            if "TMPDIR" not in wanted or os.listdir(wanted["TMPDIR"]) == [LOCK]:
                atexit.unregister(places.close)
                places.close()
