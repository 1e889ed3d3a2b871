"""C++ programs that Brian2 makes: what they are compiled with, and what they left behind, believed only when whole.

A program tells nobody that a disk was full: Brian2's code writes without looking and exits with 0. So every file is
held against the size it must have, a run's clocks against the steps asked for, and spikes against their counts.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Network, SpikeMonitor, StateMonitor, get_device, prefs
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices

from dmpnet.brian import session
from dmpnet.errors import BackendError
from dmpnet.system.processes import Children
from dmpnet.system.progress import told

Read = Callable[[str, str], np.ndarray]
ROOM = "free space there, or set TMPDIR to a folder with more room"


def sums_in_order() -> contextlib.AbstractContextManager[None]:
    """Compile with the user's flags, but none that changes the arithmetic; the preferences as they were, after."""
    return session.preferred({name: session.in_order(prefs[name]) for name in session.FLAGS})


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Files that cannot be written inside the block are a BackendError that names them and the way out."""
    try:
        yield
    except OSError as error:
        where = error.filename or tempfile.gettempdir()
        raise BackendError(f"{where}: a compiled program needs to write there ({error.strerror or error}); {ROOM}"
                           ) from error


class WatchedDevice(CPPStandaloneDevice):
    """C++ standalone whose compilers are children that can be ended and say nothing unless they fail."""

    started: Children

    def compile_source(self, directory: str, compiler: str, debug: bool, clean: bool) -> None:
        """As Brian2 does it, where a shell runs make and hears no Ctrl-C."""
        if os.name == "nt":
            super().compile_source(directory, compiler, debug, clean)
            return
        check_inputs(self, Path(directory))
        told("compiling a C++ program, usually 15 to 25 s")
        make = prefs["devices.cpp_standalone.make_cmd_unix"], *prefs["devices.cpp_standalone.extra_make_args_unix"]
        self.started.call([*make], Path(directory), "compiling the C++ program")


def watched_device(started: Children) -> str:
    """The name under which Brian2 knows a new WatchedDevice."""
    all_devices["dmpnet_watched"] = device = WatchedDevice()
    device.started = started
    return "dmpnet_watched"


# --- what a program reads --------------------------------------------------------------------------------------------


def write(array: np.ndarray, path: Path) -> None:
    """Write the bytes of an array; BackendError unless all of them got there."""
    try:
        array.tofile(path)
    except OSError as error:
        raise _short(path, array.nbytes, path.stat().st_size if path.exists() else 0) from error
    _sized(path, array.nbytes)


def check_inputs(device: CPPStandaloneDevice, project: Path, given: Iterable[np.ndarray] = ()) -> None:
    """BackendError unless the arrays that Brian2 wrote for a program are whole, also those `given` for this run.

    Which of the files `init_*` is whose Brian2 does not tell, so their sizes are compared.
    """
    folder = project / "static_arrays"
    for name, array in device.static_arrays.items():
        if (folder / name).exists():
            _sized(folder / name, array.nbytes)
    wanted = sorted(array.nbytes for array in given if array.size > 1)
    found = sorted(path.stat().st_size for path in folder.glob("init_*") if path.suffix != ".lock")
    if given and found != wanted:
        raise _short(folder, sum(wanted), sum(found))


# --- what it left ----------------------------------------------------------------------------------------------------


def described(device: CPPStandaloneDevice, network: Network, names: Iterable[str] = ()) -> dict[str, Any]:
    """Where the results of a network built for `device` will be, as JSON: what `Written` needs.

    names : 'group.variable' of those that are no monitor's
    """
    clocks = {clock.name: (_file(device, clock.variables["timestep"]), round(network.t_ / clock.dt_), clock.dt_)
              for clock in device.clocks}
    arrays, spikes = {}, []
    for group in network.sorted_objects:
        monitor = isinstance(group, SpikeMonitor | StateMonitor)
        if isinstance(group, SpikeMonitor):
            spikes.append(group.name)
        for name, variable in getattr(group, "variables", {}).items():
            if not isinstance(variable, ArrayVariable) or variable.owner is None or variable.owner.name != group.name:
                continue
            if name == "N" or f"{group.name}.{name}" in names or (monitor and not name.startswith("_")):
                size: int | None = int(variable.size) if not isinstance(variable, DynamicArrayVariable) else None
                if size is None and isinstance(group, StateMonitor):
                    size = clocks[group.clock.name][1] * (variable.size[1] if variable.ndim == 2 else 1)
                arrays[f"{group.name}.{name}"] = (_file(device, variable), np.dtype(variable.dtype).str, size)
    return {"clocks": clocks, "arrays": arrays, "spikes": spikes}


def _file(device: CPPStandaloneDevice, variable: ArrayVariable) -> str:
    return Path(device.get_array_filename(variable)).name


class Written:
    """read(group, variable) of the results of a run; BackendError unless all that is `described` is there, and whole.

    Arrays whose length is known only after a run have as many elements as their group has (N).
    """

    def __init__(self, folder: Path, described: dict[str, Any]):
        self.folder, self.arrays, self.clocks = folder, described["arrays"], described["clocks"]
        for file, steps, _ in self.clocks.values():
            done = int(_sized(folder / file, 8, np.int64)[0])
            if done != steps:
                raise BackendError(f"{folder}: the compiled program ended after {done} of {steps} steps; run it again")
        for name in self.arrays:
            _sized(folder / self.arrays[name][0], self._bytes(name))
        for monitor in described["spikes"]:
            self._check_spikes(monitor)

    def __call__(self, group: str, variable: str) -> np.ndarray:
        file, dtype, _ = self.arrays[f"{group}.{variable}"]
        return np.fromfile(self.folder / file, dtype)

    def _bytes(self, name: str) -> int:
        _, dtype, size = self.arrays[name]
        if size is None:
            file, count, _ = self.arrays[f"{name.partition('.')[0]}.N"]
            size = int(_sized(self.folder / file, np.dtype(count).itemsize, count)[0])
        return size * np.dtype(dtype).itemsize

    def _check_spikes(self, monitor: str) -> None:
        """As many spikes of each neuron as were counted, all within the run."""
        count = self(monitor, "count")
        kept = int(count.sum())
        agree = kept == self(monitor, "N")[0] or f"{monitor}.i" not in self.arrays
        if f"{monitor}.i" in self.arrays:
            i, t = self(monitor, "i"), self(monitor, "t")
            end = max(steps * dt for _, steps, dt in self.clocks.values())
            agree = agree and len(i) == len(t) == kept and (not kept or bool(
                0 <= i.min() and i.max() < len(count) and (np.bincount(i, minlength=len(count)) == count).all()
                and 0 <= t.min() and t.max() < end and (np.diff(t) >= 0).all()))
        if not agree:
            raise BackendError(f"{self.folder}: the spikes of {monitor} are not the {kept:,} that were counted; {ROOM}")


def _sized(path: Path, expected: int, dtype: Any = None) -> Any:
    """The content of a file, if a dtype is given; BackendError unless it has `expected` bytes."""
    found = path.stat().st_size if path.exists() else 0
    if found != expected:
        raise _short(path, expected, found)
    return None if dtype is None else np.fromfile(path, dtype)


def _short(path: Path, expected: int, found: int) -> BackendError:
    return BackendError(f"{path.parent}: {path.name} has {found:,} bytes, but {expected:,} are written there; {ROOM}")


def finished(network: Network, seconds: float, names: Iterable[str]) -> Read:
    """read(group, variable) of what a network did, once it is proved that it ran to `seconds`, on whatever device.

    names : 'group.variable' of all that will be read
    """
    device = get_device()
    if isinstance(device, CPPStandaloneDevice):
        check_inputs(device, Path(device.project_dir))
        try:
            return Written(Path(device.results_dir), described(device, network, tuple(names)))
        except BackendError:
            if Network._globally_stopped:  # Brian2 heard Ctrl-C, and so did the program
                raise KeyboardInterrupt from None
            raise
    came_to = float(np.asarray(network.t_))  # a view of the clock's after a run that was stopped
    if abs(came_to - seconds) > 1e-9 * seconds:
        if Network._globally_stopped:
            raise KeyboardInterrupt
        raise BackendError(f"Brian2 stopped after {came_to:g} of {seconds:g} s of the network's time; run it again")
    return lambda group, variable: np.array(network[group].variables[variable].get_value())
