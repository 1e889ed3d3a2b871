"""What the banks of a core hold, in words and in bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import WIDEST
from dmpnet.hardware.limit import Core, Need

if TYPE_CHECKING:
    from dmpnet.hardware.parts import Chip

LEARNS = "w of "  # of an array that learns, whose rule says how many bits
Held = dict[str, int]


def held_weights(core: Core, chip: Chip) -> Held:
    """Of inputs, recurrence, readout and biases; u for thresholds of their own, and floors."""
    slow = core.D > 0
    fast = core.N * core.M if core.kernels is None else core.kernels
    biases = core.N if core.biases is None else core.biases
    return {"W_f": fast * ("W_f" not in core.learns),
            "W_r": core.N**2 * (core.recurrent and "W_r" not in core.learns),
            **{f"{LEARNS}{array}": core.N * core.inputs(array) for array in core.learns}, "w_x": core.M * slow,
            "W_o": core.C * core.N, "b": biases + slow + core.C,
            "u": core.N * core.rows * (1 + (core.neuron.floor is not None))}


def held_slow(core: Core, chip: Chip) -> Held:
    """Of the slow memory."""
    return {"P": core.N * core.D, "nu": core.N * (core.D > 0 and chip.datapath.dependency_breaking),
            "Abar": core.D**2, "Bbar": core.D}


def held_state(core: Core, chip: Chip) -> Held:
    """Kept from step to step."""
    return {"u": core.N, "m": core.D, "x": int(core.D > 0)}


def held_traces(core: Core, chip: Chip) -> Held:
    """What learning remembers of spikes, reward and the shape of a step."""
    held = {"trace": 0, "eligibility": 0, "third": 0, "amplitude": 0}
    for array, rule in core.learns.items():
        held["trace"] += len(rule.pre) * core.inputs(array) + len(rule.post) * core.N
        held["eligibility"] += core.N * core.inputs(array) * (rule.eligibility is not None)
        held["third"] += rule.third is not None
        held["amplitude"] += rule.table
    return held


def held_random(core: Core, chip: Chip) -> Held:
    """Shift registers."""
    return {"register": sum((core.inputs(array) + core.N) * (rule.words > 0) for array, rule in core.learns.items())}


@dataclass(frozen=True)
class Bank:
    """A bank of a core: what it holds, and which of its words may get fewer bits."""

    name: str
    held: Callable[[Core, Chip], Held]
    shrinking: tuple[str, ...]

    def size(self, core: Core, chip: Chip, most: int = WIDEST) -> int:
        """Bytes used, with at most `most` bits for the words that may get fewer."""
        bits = sum(count * min(most if word in self.shrinking else WIDEST, bits_of(core, chip, word))
                   for word, count in self.held(core, chip).items() if count)
        return -(-bits // 8)

    @property
    def part(self) -> str:
        """The part of the chip's description that says how large it is."""
        return "plasticity" if self in LEARNING_BANKS else "memory"

    def need(self, core: Core, chip: Chip) -> Need:
        used, available = self.size(core, chip), getattr(getattr(chip, self.part), self.name)
        return Need(f"{self.name} bank", core.number, f"bytes in the {self.name} bank", used, available,
                    self._way_out(core, chip, available) if used > available else "")

    def _way_out(self, core: Core, chip: Chip, available: int) -> str:
        """The most neurons, dimensions and bits with which it fits, each changed alone."""
        slots, held = chip.limits.slots, self.held(core, chip)
        words = [word for word in self.shrinking if held.get(word)]
        neurons = bisect_right(range(1, core.N), available, key=lambda N: self.size(replace(core, N=N), chip))
        d = slots * bisect_right(range(slots, core.D, slots), available,
                                 key=lambda D: self.size(replace(core, D=D), chip))
        bits = bisect_right(range(1, max((bits_of(core, chip, word) for word in words), default=1)), available,
                            key=lambda most: self.size(core, chip, most))
        ways = [f"train with at most {neurons} neurons"] if neurons else []
        ways += [f"train with d at most {d}"] if d else []
        ways += [f"give {', '.join(words)} at most {bits} bits"] if bits > 1 else []  # of one bit, the sign is left
        return ", or ".join([*ways, f"take a chip with {self.part}.{self.name} = {self.size(core, chip)}"])


def bits_of(core: Core, chip: Chip, name: str) -> int:
    """Bits of the word of that name."""
    if name.startswith(LEARNS):
        return core.learns[name.removeprefix(LEARNS)].w.bits
    if name == "register":
        return lfsr.BITS
    return getattr(chip.words if hasattr(chip.words, name) else chip.plasticity, name).bits


BANKS = (Bank("weights", held_weights, ("W_f", "W_r", f"{LEARNS}W_f", f"{LEARNS}W_r", "w_x", "W_o")),
         Bank("slow", held_slow, ("P", "nu", "Abar", "Bbar")),
         Bank("state", held_state, ("u", "m", "x")))
LEARNING_BANKS = (Bank("traces", held_traces, ("trace", "eligibility")), Bank("random", held_random, ()))
