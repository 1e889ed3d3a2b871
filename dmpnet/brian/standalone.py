"""Batches on compiled C++ programs, each compiled once and kept.

A program is made for a plan (dmpnet.brian.trained_program, dmpnet.brian.graph_program), a number of steps and a batch
size; weights, delays and input are files it reads. So other weights of the same architecture and further batches only
rewrite files. A program is found by a digest of all that shapes it: the architecture, dmpnet's own sources, Brian2 and
its preferences, the compiler with its target; its own bytes, and that nobody else may have written them, are checked
before each use; what it wrote, after it (dmpnet.brian.programs). Sources are generated and compiled in a process of
their own (standalone_project), so the user's Brian2 is not touched and names do not depend on what else is alive.
Compiler flags are the user's, less -ffast-math.
"""

import ast
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from brian2 import prefs
from brian2.codegen.cpp_prefs import get_compiler_and_args

from dmpnet.brian import programs, recorded, session
from dmpnet.disk import files
from dmpnet.errors import BackendError
from dmpnet.system.processes import Children, children, held, in_order
from dmpnet.trained.activity import Activity

HERE = Path(__file__).parents[1]
BUILDER = "brian/standalone_project.py"
FOUND = "equations/decays/*.py"  # imported by being there
PREFERENCES = ("compiler", "extra_compile_args", "extra_compile_args_gcc", "extra_compile_args_msvc",
               "extra_link_args")  # of the user's codegen.cpp that a program is compiled with
PROGRAM = "main.exe" if os.name == "nt" else "main"
COMPILING = "compiling a C++ program, usually 15 to 25 s; kept for the next run"

Report = Callable[[str], None]


def run(plan: "Plan", pieces: Iterator[tuple[np.ndarray, int]], record: tuple[str, ...], shape: tuple[int, int],
        processes: int = 1, done: Callable[[int], None] = lambda samples: None, cache: str | Path | None = None,
        report: Report = programs.told) -> list[Activity]:
    """Activity of each piece (input, number of its samples to keep), in order; `processes` programs run at once.

    shape : (samples, steps) of every piece
    done : called with the number of samples after each piece
    report : called with a line before a program is compiled
    """
    with held() as scratch, children() as started:
        program = compiled(plan, *shape, record, cache, started, report)
        runner = _Batches(program, plan, shape, record, scratch, started)
        return gathered(runner.run, pieces, processes, started, done)


def gathered(run: Callable[[np.ndarray, int], Activity], pieces: Iterator[tuple[np.ndarray, int]], processes: int,
             started: Children, done: Callable[[int], None]) -> list[Activity]:
    """What `run` gives of each piece, in order, `processes` at once."""
    found = []
    for (_, keep), result in in_order(run, pieces, processes, started):
        found.append(result)
        done(keep)
    return found


def prepare(plan: "Plan", shape: tuple[int, int], record: tuple[str, ...] = ("spikes",),
            cache: str | Path | None = None, report: Report = programs.told) -> None:
    """Compile what a `run` on batches of `shape` needs, so that its time leaves that out."""
    with children() as started:
        compiled(plan, *shape, record, cache, started, report)


# --- programs and where they are kept -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """A compiled batch: its folder, the files it reads by 'group.variable', those it writes as `programs.described`."""

    folder: Path
    inputs: dict[str, str]
    results: dict[str, Any]


def compiled(plan: "Plan", batch: int, steps: int, record: tuple[str, ...], cache: str | Path | None = None,
             started: Children | None = None, report: Report = programs.told) -> Program:
    """The program of a plan, from the cache or compiled into it (whole or not at all)."""
    folder = cache_folder(cache)
    design = designed(plan, batch, steps, record)
    entry = folder / key(design)
    try:
        _own(folder)
        program = _intact(entry)
        if program is None:
            with held(".building-", folder) as building:
                plan.save_blank(building / "blank.npz", steps)
                report(COMPILING)
                _build(design, building, building / "entry", started or Children())
                program = _placed(building, entry)
    except OSError as error:
        raise BackendError(f"{folder}: compiled programs cannot be kept there ({error.strerror or error}); set "
                           f"DMPNET_CACHE to a folder of yours with 10 MB of room") from error
    if program is None:
        raise BackendError(f"{entry}: the compiled program cannot be read back as a file that only you may write; "
                           f"remove the folder, or set DMPNET_CACHE to another")
    return program


def _own(folder: Path) -> None:
    """Make the cache's folder, for the user alone; BackendError if it is another's, who could change what is run."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.name != "nt":
        status = folder.stat()
        if status.st_uid != os.geteuid():
            raise BackendError(f"{folder}: belongs to user {status.st_uid}, but programs kept there are run as user "
                               f"{os.geteuid()}; set DMPNET_CACHE to a folder of yours")
        if status.st_mode & 0o077:
            folder.chmod(0o700)


def _build(design: dict[str, Any], folder: Path, made: Path, started: Children) -> None:
    """Generate and compile in a process of its own; `made` then holds the program and manifest.json."""
    (folder / "design.json").write_text(json.dumps(design))
    started.call([sys.executable, "-m", "dmpnet.brian.standalone_project", str(folder), str(made)], folder,
                 "compiling the C++ program")
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["digests"] = {path.relative_to(made).as_posix(): files.digest(path) for path in sorted(made.rglob("*"))
                           if path.is_file() and path.name != "manifest.json"}
    (made / "manifest.json").write_text(json.dumps(manifest))


def _placed(building: Path, entry: Path) -> Program | None:
    """The program built in `building`, moved to `entry` unless another process was quicker."""
    for number in range(3):
        program = _intact(entry)
        if program is not None:
            return program
        with contextlib.suppress(OSError):
            if os.path.lexists(entry):  # stale, damaged or not to be trusted
                entry.rename(building / f"old{number}")
            (building / "entry").rename(entry)
    return _intact(entry)


def _intact(entry: Path) -> Program | None:
    """The program kept in `entry` if it is the user's and every byte of it is as it was written, else None."""
    try:
        if not all(map(_mine, (entry, entry / "manifest.json"))):
            return None
        manifest = json.loads((entry / "manifest.json").read_text())
        kept = {path.relative_to(entry).as_posix(): path for path in entry.rglob("*")}
        whole = PROGRAM in manifest["digests"] and all(map(_mine, kept.values())) and all(
            files.digest(kept[name]) == value for name, value in manifest["digests"].items())
        return Program(entry, manifest["inputs"], manifest["results"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mine(path: Path) -> bool:
    """Whether nobody but the user may have written `path`."""
    status = path.lstat()
    return os.name == "nt" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def cache_folder(cache: str | Path | None = None) -> Path:
    """`cache`, else $DMPNET_CACHE, else the platform's cache folder; programs are in its 'standalone'."""
    return Path(cache or os.environ.get("DMPNET_CACHE") or files.cache_folder()).expanduser().absolute() / "standalone"


def designed(plan: "Plan", batch: int, steps: int, record: tuple[str, ...]) -> dict[str, Any]:
    """All that the C++ sources of a plan depend on, and the user's preferences that they are compiled with."""
    return plan.specification(batch, steps, record) | {"preferences": _preferences()}


def _preferences() -> dict[str, Any]:
    return {name: _without_reordering(prefs[f"codegen.cpp.{name}"]) for name in PREFERENCES}


def _without_reordering(preference: Any) -> Any:
    return session.in_order(preference) if isinstance(preference, list) else preference


@functools.cache
def sources(folder: Path) -> list[str]:
    """Every file of dmpnet, which lies in `folder`, that BUILDER imports, however far: what a program may depend on."""
    found, ahead = set(), {BUILDER, *(str(path.relative_to(folder)) for path in folder.glob(FOUND))}
    while ahead:
        name = ahead.pop()
        found.add(name)
        for node in ast.walk(ast.parse((folder / name).read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "dmpnet":
                module = Path(*str(node.module).split(".")[1:])
                near = [module, *(module / one.name for one in node.names)]
                files_of = {str(path) for one in near for path in (Path(f"{one}.py"), one / "__init__.py")}
                ahead |= {path for path in files_of if (folder / path).is_file()} - found
    return sorted(found)


def key(design: dict[str, Any]) -> str:
    """Name of the program: a digest of the design and of everything that turns it into a binary."""
    shaping = {"design": design, "sources": {name: files.digest(HERE / name) for name in sources(HERE)},
               "brian2": importlib.metadata.version("brian2"), "compiler": compiler()}
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:32]


def compiler() -> dict[str, str]:
    """The compiler, its version and the instructions it compiles for (it may say 'native')."""
    kind, flags = get_compiler_and_args()
    flags = session.in_order(flags) or []
    if kind != "unix":
        return {"compiler": kind, "flags": " ".join(flags)}
    program = os.environ.get("CXX") or "g++"
    command = [*program.split(), *flags, "-dM", "-E", "-x", "c++", os.devnull]
    try:
        macros = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BackendError(f"backend = 'cpp_standalone': the C++ compiler {program!r} does not run ({error}); "
                           f"install one, set CXX, or use 'numpy'") from error
    return {"compiler": str(shutil.which(program.split()[0])), "flags": " ".join(flags),
            "macros": hashlib.sha256(macros).hexdigest()}


# --- what a program is made of ---------------------------------------------------------------------------------------


class Plan(Protocol):
    """What is compiled: all that its program depends on, and the files that this reads and writes."""

    def specification(self, batch: int, steps: int, record: tuple[str, ...]) -> dict[str, Any]:
        """All that its C++ sources depend on: no weights."""

    def save_blank(self, path: Path, steps: int) -> None:
        """Write what standalone_project builds from, with placeholders for all that a program reads."""

    def constants(self, batch: int, steps: int) -> dict[str, np.ndarray]:
        """Everything a program reads but the input, by 'group.variable'."""

    def stimulus(self, piece: np.ndarray) -> np.ndarray:
        """A batch as it is replayed."""

    def activity(self, read: recorded.Read, shape: tuple[int, ...], record: tuple[str, ...], keep: int) -> Activity:
        """What a program did, from read(group, variable)."""


# --- runs -----------------------------------------------------------------------------------------------------------


class _Batches:
    """Runs a compiled program on batch after batch; every thread has a folder with the weights written once."""

    def __init__(self, program: Program, plan: Plan, shape: tuple[int, int], record: tuple[str, ...],
                 scratch: Path, started: Children):
        self.program, self.plan, self.record = program, plan, record
        self.shape, self.scratch, self.started = shape, scratch, started
        self.folders = threading.local()

    def _folder(self) -> Path:
        if not hasattr(self.folders, "path"):
            folder = Path(tempfile.mkdtemp(dir=self.scratch))
            shutil.copytree(self.program.folder / "static_arrays", folder / "static_arrays")
            self._write(folder, self.plan.constants(*self.shape))
            self.folders.path = folder
        return self.folders.path

    def _write(self, folder: Path, arrays: dict[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            programs.write(array, folder / "static_arrays" / self.program.inputs[name])

    @programs.room()
    def run(self, piece: np.ndarray, keep: int) -> Activity:
        folder = self._folder()
        self._write(folder, {"input.stimulus": self.plan.stimulus(piece)})
        results = folder / "results"
        shutil.rmtree(results, ignore_errors=True)  # of the batch before
        results.mkdir()
        self.started.call([str(self.program.folder / PROGRAM)], folder, "the compiled program")
        read = programs.Written(results, self.program.results)
        return self.plan.activity(read, piece.shape, self.record, keep)
