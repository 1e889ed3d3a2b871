"""Axons of the shared coupling: what the inputs of a layer send arrives later, each by its own number of steps.

    arriving(i, k) = what unit i of the source sent in step k - delay_j, 0 before step 0;   i = sample * M + j

A ring holds what is under way: in step k what the source sends is written `delay_j` slots ahead, and slot k delivered.
It is part of the state of the units that deliver, so that a run goes on from where it was stored.
Delays are the constant `steps` of a group of M units, read when a sample begins; a compiled program has a ring for the
delays there are when it is generated.
"""

from typing import Any

import numpy as np
from brian2 import Function, NeuronGroup

from dmpnet.brian.products import array_name, of_step
from dmpnet.brian.session import Neurons
from dmpnet.errors import DmpnetError


def slots(delay: np.ndarray, steps: int) -> int:
    """Size of a compiled program's ring: a power of two, so that other delays up to about the same longest fit too."""
    return 1 << int(min(int(delay.max()), steps)).bit_length()


class DelayRing:
    """What `source` carries in batch * M channels, delivered late.

    carries : 'spikes', read as the source's s (of neurons) or s_in (of the input), or the variable that is read
    """

    def __init__(self, delays: NeuronGroup, source: NeuronGroup, carries: str, steps: int):
        self.delays, self.steps, self.M = delays, steps, len(delays)
        self.spiking = carries == "spikes"
        spikes = "s_in" if "s_in" in source.variables else "s"
        self.v = source.variables[spikes if self.spiking else carries]
        self.y = np.zeros(len(source))
        self.rest()

    def rest(self) -> None:
        """Empty the axons and read their delays."""
        delay = np.asarray(self.delays.variables["steps"].get_value())
        if (delay < 0).any():
            raise DmpnetError(f"{self.delays.name}.steps = {delay.min()}, but nothing arrives before it is sent; set "
                              f"delays >= 0")
        self.delay = np.resize(np.minimum(delay, self.steps), len(self.y))
        self.ring = np.zeros((self.delay.max() + 1, len(self.y)), bool if self.spiking else float)

    def compute(self, k: int) -> None:
        """Take in what the source sends in step k and fill the buffer y with what arrives."""
        if k <= 0:
            self.rest()
        v = self.v.get_value()
        self.ring[(k - 1) % len(self.ring)] = 0
        self.ring[(k + self.delay) % len(self.ring), np.arange(len(v))] = v
        self.y[:] = self.ring[k % len(self.ring)]

    def __call__(self, i: np.ndarray, k: int) -> np.ndarray:
        """All elements at once, as NumPy code asks for them."""
        self.compute(k)
        return self.y[i]

    def function(self) -> Function:
        """arriving(i, k) as a Brian2 function of the channel's index and the step."""
        made = of_step(self, "arriving", "")
        made.implementations.add_dynamic_implementation("cpp", lambda _: self._cpp(), lambda _: None)
        return made

    def _cpp(self) -> str:
        try:
            self.rest()
            longest = self.delay
        except NotImplementedError:  # set by an expression, so known to the program alone
            longest = np.full(1, self.steps)
        fill = {"TYPE": "uint8_t" if self.spiking else "double", "WIDTH": len(self.y), "SOURCES": self.M,
                "SLOTS": slots(longest, self.steps), "STEPS": self.steps,
                "DELAYS": f"brian::{array_name(self.delays.variables['steps'])}",
                "SOURCE": f"brian::{array_name(self.v)}"}
        code = CPP
        for key, value in fill.items():
            code = code.replace(f"%{key}%", str(value))
        return code


class Arriving(Neurons):
    """The units that deliver: `axons_1` and so on. What is under way is stored and restored with them."""

    under_way: DelayRing

    def delivers(self, axons: DelayRing) -> None:
        self.add_attribute("under_way")
        self.under_way = axons

    def _full_state(self) -> dict[str, Any]:
        return super()._full_state() | {RING: (self.under_way.ring.copy(), self.under_way.delay.copy())}

    def _restore_from_full_state(self, state: dict[str, Any]) -> None:
        ring, delay = state[RING]
        super()._restore_from_full_state({name: value for name, value in state.items() if name != RING})
        self.under_way.ring, self.under_way.delay = ring.copy(), delay.copy()


RING = "0_ring"
"""No name of a variable begins with a digit."""

CPP = """
static %TYPE% _arriving_ring[%SLOTS%][%WIDTH%];
static inline int32_t _arriving_late(const int32_t j) { return %DELAYS%[j] < %STEPS% ? %DELAYS%[j] : %STEPS%; }
static void _arriving_compute(const int32_t k)
{
    for (int i = 0; i < %WIDTH%; i++) _arriving_ring[(k - 1) & (%SLOTS% - 1)][i] = 0;
    for (int b = 0; b < %WIDTH% / %SOURCES%; b++)
        for (int j = 0; j < %SOURCES%; j++)
            _arriving_ring[(k + _arriving_late(j)) & (%SLOTS% - 1)][b * %SOURCES% + j] = %SOURCE%[b * %SOURCES% + j];
}
static inline double arriving(const int32_t i, const int32_t k)
{
    if (k < 0) return 0.0;
    if (i == 0) _arriving_compute(k);
    return (double)_arriving_ring[k & (%SLOTS% - 1)][i];
}
"""
