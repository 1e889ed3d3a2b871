"""A Brian2 network of ours that is run to its end: by its own clock, in float64, and read only when it is whole."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from brian2 import Network, get_device, prefs, second
from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.core.namespace import get_local_namespace
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from dmpnet.brian import dynamics, session
from dmpnet.brian.timing import on_genn
from dmpnet.errors import BackendError, DmpnetError

SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]  # Brian2's own, whatever the preferences say


class WholeRun(Network):
    """A brian2.Network that is run for `total_steps` of `dt` seconds; a step that was broken off is not gone on from.

    clock : its own, so that no other network and no change of brian2.defaultclock reaches it (Brian2GeNN has one clock)
    """

    _BEFORE = "dmpnet: before a restore"

    def __init__(self, objects: Iterable[Any], clock: Any, dt: float, total_steps: int):
        super().__init__(*objects)
        self.clock, self.broken_off, self._dt, self._total_steps = clock, False, dt, total_steps
        self.kept = tuple(obj.name for obj in self.objects if isinstance(obj, session.States))
        self._missed: dict[str | None, frozenset[str]] = {None: frozenset()}  # by stored state, None: now
        if not on_genn():
            self.schedule = SCHEDULE

    @property
    def duration(self):
        """Time of a run, in Brian2 seconds, after which the readout has seen all steps."""
        return self._total_steps * self._dt * second

    @property
    def steps_left(self) -> int:
        """Simulation steps until all of the input was seen: 0 after a whole run."""
        raise NotImplementedError

    def _steps_done(self) -> int:
        """Simulation steps that were taken, and recorded."""
        raise NotImplementedError

    def run(self, duration=None, report=None, report_period=10 * second, namespace=None, profile=None, level=0):
        """As brian2.Network.run; without a duration, all that is left.

        Refused after a run that an exception or Ctrl-C broke off within a step (`restore` an earlier state first), and
        if somebody changed the step of its clock.
        """
        self._check_sound()
        if duration is None:
            duration = max(self.duration - self.t, 0 * second)
        if namespace is None:
            namespace = get_local_namespace(level=level + 1)
        if duration > 0 * second:
            self._missed[None] |= {obj.name for obj in self.objects
                                   if isinstance(obj, session.Spikes) and not obj.active}
        with session.exact():
            try:
                super().run(duration, report, report_period, namespace, profile, level)
            except BaseException:
                self.broken_off = session.broken_off()
                raise

    def store(self, name="default", filename=None):
        """As brian2.Network.store."""
        super().store(name, filename)
        self._missed[name] = self._missed[None]

    def restore(self, name="default", filename=None, restore_random_state=False):
        """As brian2.Network.restore, but all of it or, where that fails (an object was added since), nothing."""
        self.store(self._BEFORE)
        try:
            super().restore(name, filename, restore_random_state)
        except BaseException:
            super().restore(self._BEFORE, restore_random_state=restore_random_state)
            raise
        finally:
            del self._stored_state[self._BEFORE]
        self.broken_off, self._missed[None] = False, self._missed.get(name, self._missed[None])

    def dynamics(self) -> str:
        """What it really does in a step, complete and in order: variables, code, synapses, thresholds and resets."""
        return dynamics.text(self)

    @property
    def compiled_with(self) -> str:
        """Target and compiler flags of its code, the user's: with session.REORDERING, which Brian2 sets, sums may be
        taken in another order, and a membrane within rounding of its threshold may decide otherwise."""
        target = prefs["codegen.target"] if get_device().__class__.__name__ == "RuntimeDevice" else "C++"
        return target if target == "numpy" else f"{target}, {' '.join(get_compiler_and_args()[1])}"

    def _read(self, name: str, variable: str) -> np.ndarray:
        return np.asarray(self[name].variables[variable].get_value())

    def _check_sound(self) -> None:
        if self.broken_off:
            raise DmpnetError("converted network: its last run was broken off within a step, so that some populations "
                              "are a step ahead of others; restore an earlier state, or convert the network again")
        dt = float(self.clock.dt)
        if dt != self._dt:
            raise DmpnetError(f"converted network: its clock has dt = {dt:g} s, but the network was trained with steps "
                              f"of {self._dt:g} s; set clock.dt back")

    def _check_whole(self) -> None:
        left, total = self.steps_left, self._total_steps
        if left:
            raise DmpnetError(f"converted network: it ran {total - left} of {total} steps, but what it does is known "
                              f"after all of them; run it for converted.duration in all, then read it")
        if missed := self._missed[None]:
            raise DmpnetError(f"{', '.join(sorted(missed))}: not active for a part of the run, but all spikes are "
                              f"needed; leave the network's own monitors active, and restore an earlier state or "
                              f"convert again")
        recorded = self._steps_done()
        for monitor in self.objects:
            if isinstance(monitor, session.States) and monitor.name in self.kept and monitor.N != recorded:
                raise DmpnetError(f"{monitor.name}: recorded {monitor.N} of {recorded} steps, but all are needed; "
                                  f"leave the network's own monitors active")


def check_alone() -> None:
    """Names are unique in a standalone program: it has room for one converted network."""
    device = get_device()
    if isinstance(device, CPPStandaloneDevice) and any(
            name.startswith(("_array_readout_total", "_array_dmpnet_clock")) for name in device.arrays.values()):
        raise BackendError("cpp_standalone: its program holds a converted network already, but names are unique in it; "
                           "call device.reinit() and device.activate() before the next, or use "
                           "dmpnet.brian.simulation.simulate")
