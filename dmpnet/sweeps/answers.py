"""What becomes of a point where it is worked on: a result as text, or what was raised."""

import hashlib
import json
import os
import pickle
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dmpnet.sweeps import plain

Answer = dict[str, Any]
"""One of
    result (JSON of dmpnet.sweeps.plain), sha256, seconds, worker
    error (a line), traceback, worker
    version, worker : of a worker with another dmpnet, which did nothing
    died : what happened to the worker
"""


def answered(work: bytes | str, point: bytes) -> Answer:
    """The answer of a pickled call to a pickled point; `work` is the call, or the file that holds it."""
    def load() -> tuple[Callable[..., Any], Mapping[str, Any], Any]:
        packed = work if isinstance(work, bytes) else Path(work).read_bytes()
        return (*pickle.loads(packed), pickle.loads(point))

    return answer(load)


def answer(load: Callable[[], tuple[Callable[..., Any], Mapping[str, Any], Any]]) -> Answer:
    """The answer of the function, the arguments that all points share and the point that `load` gives."""
    began, worker = time.perf_counter(), f"{socket.gethostname()}, process {os.getpid()}"
    try:
        run, common, point = load()
        text = text_of(plain.written(called(run, common, point)))
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        return {"error": f"{type(error).__name__}: {said}", "traceback": traceback.format_exc(), "worker": worker}
    return {"result": text, "sha256": checksum(text), "seconds": time.perf_counter() - began, "worker": worker}


def called(run: Callable[..., Any], common: Mapping[str, Any], point: Any) -> Any:
    """run(**point) of a dictionary, run(*point) of a tuple, else run(point); with the common keyword arguments."""
    if isinstance(point, dict):
        return run(**common, **point)
    return run(*(point if isinstance(point, tuple) else (point,)), **common)


def text_of(written: Any) -> str:
    """JSON as checksums take it."""
    return json.dumps(written, separators=(",", ":"))


def checksum(text: str) -> str:
    """Of a result's JSON."""
    return hashlib.sha256(text.encode()).hexdigest()


def sent(version: str) -> Callable[[bytes | str, bytes], Answer]:
    """`answered`, for a worker of whom nothing is known: it first looks whether the dmpnet there is of this version.

    A function inside a function, which is sent as it stands and not as a name in a dmpnet that may be another one.
    """
    def at_worker(work: bytes | str, point: bytes) -> Answer:
        import dmpnet

        if dmpnet.__version__ != version:
            return {"version": dmpnet.__version__, "worker": __import__("socket").gethostname()}
        from dmpnet.sweeps.answers import answered

        return answered(work, point)

    return at_worker
