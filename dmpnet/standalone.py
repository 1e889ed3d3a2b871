"""Batches on compiled C++ programs, each compiled once and kept.

A program is made for an architecture, a number of steps and a batch size; weights, delays and input are files it reads.
So other weights of the same architecture and further batches only rewrite files. A program is found by a digest of all
that shapes it: the architecture, dmpnet's own sources, Brian2 and its preferences, the compiler with its target; its
own bytes are checked before each use. Sources are generated and compiled in a process of their own
(standalone_project), so the user's Brian2 is not touched and names do not depend on what else is alive.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from brian2 import prefs
from brian2.codegen.cpp_prefs import get_compiler_and_args

from dmpnet import axons, files, populations, shared, weights
from dmpnet import network as conversion
from dmpnet.activity import Activity
from dmpnet.errors import BackendError
from dmpnet.weights import TrainedNetwork

HERE = Path(__file__).parent
SOURCES = ("axons", "decay", "fixed", "hardware/lfsr", "network", "neurons", "populations", "products", "shared",
           "standalone", "standalone_project")
PREFERENCES = ("compiler", "extra_compile_args", "extra_compile_args_gcc", "extra_compile_args_msvc",
               "extra_link_args")  # of the user's codegen.cpp that a program is compiled with
PROGRAM = "main.exe" if os.name == "nt" else "main"


def run(network: TrainedNetwork, pieces: Iterator[tuple[np.ndarray, int]], coupling: str, record: tuple[str, ...],
        shape: tuple[int, int], processes: int = 1, done: Callable[[int], None] = lambda samples: None,
        cache: str | Path | None = None) -> list[Activity]:
    """Activity of each piece (input, number of its samples to keep), in order; `processes` programs run at once.

    shape : (samples, steps) of every piece
    done : called with the number of samples after each piece
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="dmpnet-") as scratch, children() as started:
        runner: _Runs
        if coupling == "shared":
            program = compiled(network, *shape, record, cache, started)
            runner = _Batches(program, network, shape, record, Path(scratch), started)
        else:
            runner = _Whole(network, record, Path(scratch), started)
        for (_, keep), result in _in_order(runner.run, pieces, processes, started):
            found.append(result)
            done(keep)
    return found


def _in_order(work: Callable[..., Activity], pieces: Iterator[tuple[np.ndarray, int]], processes: int,
              started: "Children") -> Iterator[tuple[tuple[np.ndarray, int], Activity]]:
    """Results in the order of the pieces; one input more is held in memory than is worked on."""
    with ThreadPoolExecutor(processes) as pool:
        waiting: list = []
        try:
            for piece in pieces:
                waiting.append((piece, pool.submit(work, *piece)))
                if len(waiting) > processes:
                    first, future = waiting.pop(0)
                    yield first, future.result()
            for first, future in waiting:
                yield first, future.result()
        except BaseException:  # an interrupt too: no program outlives this call
            started.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class Children:
    """Processes under way, so that all of them can be ended."""

    def __init__(self):
        self.lock, self.alive, self.closed = threading.Lock(), set(), False

    def call(self, command: list[str], folder: Path, task: str) -> None:
        """Run a command in `folder` to its end; BackendError with the last of its output if it fails."""
        log = folder / "output.txt"
        with open(log, "wb") as output:
            with self.lock:
                if self.closed:
                    raise BackendError(f"{task}: stopped before it began; run it again")
                process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT,
                                           stdin=subprocess.DEVNULL, start_new_session=True, env=_environment())
                self.alive.add(process)
            try:
                process.wait()
            except BaseException:
                _end(process)
                raise
            finally:
                with self.lock:
                    self.alive.discard(process)
        if process.returncode:
            last = " | ".join(log.read_text(errors="replace").split("\n")[-6:]).strip()
            raise BackendError(f"{task} failed with exit code {process.returncode}: {last[-600:]}; check the compiler "
                               f"and the free disk space, or use backend='numpy'")

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


@contextlib.contextmanager
def children() -> Iterator[Children]:
    """Children that are all gone when the block ends."""
    started = Children()
    try:
        yield started
    finally:
        started.kill()


def _environment() -> dict[str, str]:
    """The caller's environment, in which this very dmpnet is the one imported."""
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


# --- programs and where they are kept -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """A compiled batch: its folder, the files it reads and writes by 'group.variable'."""

    folder: Path
    inputs: dict[str, str]
    results: dict[str, tuple[str, str]]


def compiled(network: TrainedNetwork, batch: int, steps: int, record: tuple[str, ...],
             cache: str | Path | None = None, started: Children | None = None) -> Program:
    """The program for this architecture, from the cache or compiled into it (whole or not at all)."""
    folder = cache_folder(cache)
    design = specification(network, batch, steps, record)
    entry = folder / key(design)
    program = _intact(entry)
    if program is not None:
        return program
    try:
        folder.mkdir(parents=True, exist_ok=True)
        building = tempfile.TemporaryDirectory(prefix=".building-", dir=folder)
    except OSError as error:
        raise BackendError(f"{folder}: compiled programs cannot be kept there ({error.strerror}); set DMPNET_CACHE to "
                           f"a folder you may write") from error
    with building as name:
        made = Path(name) / "entry"
        weights.save(blank(network, steps), Path(name) / "blank.npz")
        _build(design, Path(name), made, started or Children())
        for _ in range(3):
            program = _intact(entry)  # another process may have been quicker
            if program is not None:
                return program
            with contextlib.suppress(OSError):
                if entry.exists():  # stale or damaged
                    entry.rename(tempfile.mkdtemp(dir=name) + "/old")
                made.rename(entry)
    program = _intact(entry)
    if program is None:
        raise BackendError(f"{entry}: the compiled program cannot be read back; remove the folder and run again")
    return program


def _build(design: dict[str, Any], folder: Path, made: Path, started: Children) -> None:
    """Generate and compile in a process of its own; `made` then holds the program and manifest.json."""
    (folder / "design.json").write_text(json.dumps(design))
    started.call([sys.executable, "-m", "dmpnet.standalone_project", str(folder), str(made)], folder,
                 "compiling the C++ program")
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["digests"] = {path.relative_to(made).as_posix(): files.digest(path) for path in sorted(made.rglob("*"))
                           if path.is_file() and path.name != "manifest.json"}
    (made / "manifest.json").write_text(json.dumps(manifest))


def _intact(entry: Path) -> Program | None:
    """The program kept in `entry` if every byte of it is as it was written, else None."""
    try:
        manifest = json.loads((entry / "manifest.json").read_text())
        whole = PROGRAM in manifest["digests"] and all(files.digest(entry / name) == value
                                                       for name, value in manifest["digests"].items())
        return Program(entry, manifest["inputs"], manifest["results"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def cache_folder(cache: str | Path | None = None) -> Path:
    """`cache`, else $DMPNET_CACHE, else the platform's cache folder; programs are in its 'standalone'."""
    return Path(cache or os.environ.get("DMPNET_CACHE") or files.cache_folder()).expanduser().absolute() / "standalone"


def blank(network: TrainedNetwork, steps: int) -> TrainedNetwork:
    """`network` with placeholders for everything that a program reads when it runs: no weight shapes a program."""
    def zeros(owner: Any, *names: str) -> dict[str, Any]:
        return {name: 0 * array for name in names if (array := getattr(owner, name)) is not None}

    layers = []
    for layer in network.layers:
        slow, fixed, delay = layer.slow, layer.fixed, layer.delay
        layers.append(replace(
            layer, **zeros(layer, "W_f", "b_f", "W_r"),
            slow=replace(slow, **zeros(slow, *weights.SLOW_ARRAYS, "nu")) if slow else None,
            fixed=replace(fixed, theta_u=np.ones_like(fixed.theta_u)) if fixed else None,
            delay=np.full_like(delay, axons.slots(delay, steps) - 1) if delay is not None else None))
    return replace(network, layers=tuple(layers), **zeros(network, "W_o", "b_o"), provenance={},
                   encoding=replace(network.encoding, steps=steps, permutation=None))


def specification(network: TrainedNetwork, batch: int, steps: int, record: tuple[str, ...]) -> dict[str, Any]:
    """All of a network that its C++ sources depend on: sizes and neuron constants, no weights, no delays."""
    layers = [{"N": layer.N, "M": layer.M, "neuron": asdict(layer.neuron), "W_r": layer.W_r is not None,
               "slow": {"d": layer.slow.d, "d_s": int(layer.slow.d_s), "acts": layer.acts,
                        "broken": layer.slow.nu is not None} if layer.slow else None,
               "fixed": weights.arithmetic(layer.fixed) if layer.fixed else None,
               "slots": axons.slots(layer.delay, steps) if layer.delay is not None else None}
              for layer in network.layers]
    return {"layers": layers, "classes": network.classes, "kind": network.encoding.kind,
            "dt": float(network.encoding.dt), "batch": batch, "steps": steps,
            "record": sorted(conversion.needed(network, record)),
            "preferences": {name: prefs[f"codegen.cpp.{name}"] for name in PREFERENCES}}


def key(design: dict[str, Any]) -> str:
    """Name of the program: a digest of the design and of everything that turns it into a binary."""
    shaping = {"design": design, "sources": {name: files.digest(HERE / f"{name}.py") for name in SOURCES},
               "brian2": importlib.metadata.version("brian2"), "compiler": compiler()}
    return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:32]


def compiler() -> dict[str, str]:
    """The compiler, its version and the instructions it compiles for (it may say 'native')."""
    kind, flags = get_compiler_and_args()
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


# --- runs -----------------------------------------------------------------------------------------------------------


class _Runs(Protocol):
    def run(self, piece: np.ndarray, keep: int) -> Activity: ...


class _Batches:
    """Runs a compiled program on batch after batch; every thread has a folder with the weights written once."""

    def __init__(self, program: Program, network: TrainedNetwork, shape: tuple[int, int], record: tuple[str, ...],
                 scratch: Path, started: Children):
        self.program, self.network, self.record = program, network, record
        self.shape, self.scratch, self.started = shape, scratch, started
        self.lags = conversion.timing(network, shape[1], "shared")
        self.folders = threading.local()

    def _folder(self) -> Path:
        if not hasattr(self.folders, "path"):
            folder = Path(tempfile.mkdtemp(dir=self.scratch))
            (folder / "results").mkdir()
            shutil.copytree(self.program.folder / "static_arrays", folder / "static_arrays")
            self._write(folder, constants(self.network, *self.shape))
            self.folders.path = folder
        return self.folders.path

    def _write(self, folder: Path, arrays: dict[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            array.tofile(folder / "static_arrays" / self.program.inputs[name])

    def run(self, piece: np.ndarray, keep: int) -> Activity:
        folder = self._folder()
        self._write(folder, {"input.stimulus": shared.by_step(self.network, piece)})
        self.started.call([str(self.program.folder / PROGRAM)], folder, "the compiled program")

        def read(group: str, variable: str) -> np.ndarray:
            file, dtype = self.program.results[f"{group}.{variable}"]
            return np.fromfile(folder / "results" / file, dtype)

        return conversion.read_activity(read, self.network, piece.shape, self.lags, self.record, keep)


def constants(network: TrainedNetwork, batch: int, steps: int) -> dict[str, np.ndarray]:
    """Everything a program reads but the input, by 'group.variable': weights, biases and delays."""
    found = {f"{link.name}.w": np.ascontiguousarray(link.weights.T) for link in populations.connections(network)}
    found |= {name: np.tile(array, batch) for name, array in populations.biases(network).items()}
    return found | {f"{each.delays}.steps": each.steps for each in populations.axons(network, steps)}


class _Whole:
    """Compiles and runs one batch at a time, nothing kept: for couplings whose sizes depend on the input."""

    def __init__(self, network: TrainedNetwork, record: tuple[str, ...], scratch: Path, started: Children):
        self.scratch, self.started, self.record = scratch, started, record
        weights.save(network, scratch / "network.npz")

    def run(self, piece: np.ndarray, keep: int) -> Activity:
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        np.save(folder / "s_in.npy", piece)
        self.started.call([sys.executable, "-m", "dmpnet.standalone_project", str(folder), "--whole",
                           str(self.scratch / "network.npz"), str(keep), *self.record], folder,
                          "compiling and running the C++ program")
        return _loaded(folder / "activity.npz")


def _loaded(path: Path) -> Activity:
    with np.load(path) as arrays:
        names = sorted(arrays.files, key=lambda name: (name.partition("_")[0], len(name), name))
        layers: dict[str, Any] = {"rates": [], "counts": [], "spikes": [], "u": [], "m": [], "x": []}
        for name in names:
            field = name.partition("_")[0]
            if field in layers:
                layers[field].append(arrays[name] if arrays[name].size else None)
        return Activity(logits=arrays["logits"], readout=arrays["readout"] if "readout" in names else None, **layers)
