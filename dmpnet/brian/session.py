"""The user's Brian2 session: what dmpnet needs of it while it works, one thread at a time, and puts back after.

Brian2 has one device, one set of preferences and one handler of Ctrl-C for all that runs in a process. The arithmetic
here does not depend on how the user has set them: what it needs holds inside a block, whatever is set outside.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    get_device,
    prefs,
    second,
    set_device,
)
from brian2.devices.device import reset_device
from brian2.groups.group import Group

from dmpnet.disk import files

ONE_AT_A_TIME = threading.RLock()
EXACT: dict[str, Any] = {"core.default_float_dtype": np.float64, "core.default_integer_dtype": np.int32}
"""Preferences by which Brian2 makes variables and the intermediate values of code: those of the trained arithmetic."""
FLAGS = ("codegen.cpp.extra_compile_args", "codegen.cpp.extra_compile_args_gcc")
REORDERING = "-ffast-math"
"""The compiler's licence to take sums in another order, and to think that no value is infinite; Brian2 sets it."""
STOPS = "core.stop_on_keyboard_interrupt"
"""Whether Ctrl-C ends a run as if it were done; not a preference of Brian2 2.5, where it interrupts."""
COMPILED: dict[str, dict[Any, Any]] = {}
"""What Cython has compiled in this process without REORDERING, by folder."""


@contextlib.contextmanager
def preferred(wanted: dict[str, Any]) -> Iterator[None]:
    """These Brian2 preferences inside the block, the user's after it; other threads wait."""
    with ONE_AT_A_TIME:
        before = {key: prefs[key] for key in wanted}
        try:
            for key, value in wanted.items():
                prefs[key] = value
            yield
        finally:
            for key, value in before.items():
                prefs[key] = value


def exact() -> contextlib.AbstractContextManager[None]:
    """The preferences that the arithmetic needs, on any device and target; other threads wait."""
    return preferred(EXACT)


@contextlib.contextmanager
def run_time(target: str, dt: float | None = None) -> Iterator[None]:
    """Brian2's run-time device on `target`, with the preferences of the trained arithmetic; all put back after.

    dt : seconds a step of a default clock that is there inside the block, for groups without a clock of their own
    Ctrl-C interrupts, where Brian2 would end the run and return as if all of it were done.
    """
    wanted = {"codegen.target": target, "codegen.string_expression_target": "numpy"} | EXACT
    if STOPS in prefs:
        wanted[STOPS] = False
    with preferred(wanted), sums_in_order() if target == "cython" else contextlib.nullcontext():
        switched = get_device().__class__.__name__ != "RuntimeDevice"
        if switched:
            set_device("runtime")
        device = get_device()
        clock = device.defaultclock
        try:
            if dt is not None:
                device.defaultclock = Clock(dt * second, name="defaultclock")
            yield
        finally:
            device.defaultclock = clock
            if switched:
                reset_device()


@contextlib.contextmanager
def sums_in_order() -> Iterator[None]:
    """Cython that is compiled without REORDERING and kept apart: Brian2's caches do not ask what flags were set."""
    flags = {name: in_order(prefs[name]) for name in FLAGS}
    folder = Path(os.environ.get("DMPNET_CACHE") or files.cache_folder()).expanduser().absolute() / "cython"
    folder /= hashlib.sha256(repr(flags).encode()).hexdigest()[:16]
    from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager as manager

    before = manager._code_cache
    with preferred(flags | {"codegen.runtime.cython.cache_dir": str(folder)}):
        manager._code_cache = COMPILED.setdefault(str(folder), {})
        try:
            yield
        finally:
            manager._code_cache = before


def in_order(flags: list[str] | None) -> list[str] | None:
    """Compiler flags without REORDERING, which -Ofast implies."""
    return None if flags is None else ["-O3" if flag == "-Ofast" else flag for flag in flags if flag != REORDERING]


class Quiet(Group):
    """A group of ours within what the user holds (a converted network, a layer): names in its code that the script has
    too are its own, without a warning for each, and none if it is never run."""

    def __del__(self):
        pass  # Brian2 tells of what was made and never used, a screen of it where a network is

    def resolve_all(self, identifiers, run_namespace, user_identifiers=None, additional_variables=None):
        own = {*self.variables, *(getattr(self, "namespace", None) or ())}
        theirs = {name: value for name, value in run_namespace.items() if name not in own}
        return super().resolve_all(identifiers, theirs, user_identifiers, additional_variables)


class Neurons(Quiet, NeuronGroup):
    """A brian2.NeuronGroup that is Quiet."""


class Wires(Quiet, Synapses):
    """A brian2.Synapses that is Quiet."""


class Generator(Quiet, SpikeGeneratorGroup):
    """A brian2.SpikeGeneratorGroup that is Quiet."""


class Spikes(Quiet, SpikeMonitor):
    """A brian2.SpikeMonitor that is Quiet."""


class States(Quiet, StateMonitor):
    """A brian2.StateMonitor that is Quiet."""


def broken_off() -> bool:
    """Whether an exception has just come out of a Brian2 run that had begun, not of its preparation.

    The run is then over for Brian2 too, which would take the next Ctrl-C for a request to stop it. Brian2 before 2.6
    does not tell: any run that failed there had begun.
    """
    if not hasattr(Network, "_globally_running"):
        return True
    began, Network._globally_running = Network._globally_running, False
    return began
