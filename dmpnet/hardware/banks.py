"""What the banks of a core hold, in words and in bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import WIDEST
from dmpnet.hardware.parts import Chip

if TYPE_CHECKING:
    from dmpnet.equations.neurons import Neuron

if TYPE_CHECKING:  # it imports Brian2, which takes a second
    from dmpnet.plasticity.integer_rule import IntegerRule


class Kinds(NamedTuple):
    """What a chip has to know of neurons: how they leak, how they are reset."""

    decay: str
    reset: str


@dataclass(frozen=True)
class Core:
    """What one core is to hold: a layer of N neurons on M inputs with d dimensions of slow memory.

    number : of the layer, from 1; its name in a graph
    D : d in whole blocks of slots, zero padded;  C : classes of the readout, 0 but in the last core
    blocks : whether d may be computed in several blocks;  recurrent : whether it has W_r
    rows : whether every neuron has a threshold of its own;  delay : longest axonal delay in steps
    spikes : most input spikes in a step; None if nobody counted, or the input is analog
    learns : rules of the arrays that learn, W_f or W_r
    kernels : weights of W_f, where it is no N x M: kernels, held once;  biases : of neurons, where not one each
    """

    number: int | str
    N: int
    M: int
    d: int
    D: int
    C: int
    neuron: Neuron | Kinds
    acts: str
    delay: int
    blocks: bool
    recurrent: bool
    rows: bool
    spikes: int | None
    learns: Mapping[str, IntegerRule] = field(default_factory=dict)
    kernels: int | None = None
    biases: int | None = None

    def inputs(self, array: str) -> int:
        """Inputs of W_f or W_r."""
        return self.N if array == "W_r" else self.M


@dataclass(frozen=True)
class Need:
    """What a layer (or node; None: the network) uses of something the chip limits, and a way out if that is too much.

    rule : name of the limit;  available : the most there may be, or the kinds there are
    """

    rule: str
    layer: int | str | None
    what: str
    used: int | str
    available: int | tuple[str, ...]
    way_out: str

    @property
    def over(self) -> int:
        """How many too many; 1 for a kind the chip does not have."""
        if isinstance(self.available, tuple):
            return int(self.used not in self.available)
        return max(int(self.used) - self.available, 0)

    def __str__(self) -> str:
        kind = "layer" if isinstance(self.layer, int) else "node"
        where = "network" if self.layer is None else f"{kind} {self.layer!r}"
        if isinstance(self.available, tuple):
            return f"{where}: {self.what} {self.used}, but a core has {', '.join(self.available)}; {self.way_out}"
        return f"{where}: {self.used} {self.what}, but {self.available} fit, {self.over} too many; {self.way_out}"


# what the banks hold: how many numbers of each word

LEARNS = "w of "  # of an array that learns, whose rule says how many bits
Held = dict[str, int]


def held_weights(core: Core, chip: Chip) -> Held:
    """Of inputs, recurrence, readout and biases; u for thresholds of their own."""
    slow = core.D > 0
    fast = core.N * core.M if core.kernels is None else core.kernels
    biases = core.N if core.biases is None else core.biases
    return {"W_f": fast * ("W_f" not in core.learns),
            "W_r": core.N**2 * (core.recurrent and "W_r" not in core.learns),
            **{f"{LEARNS}{array}": core.N * core.inputs(array) for array in core.learns}, "w_x": core.M * slow,
            "W_o": core.C * core.N, "b": biases + slow + core.C, "u": core.N * core.rows}


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
        bits = sum(count * (min(most, _bits(core, chip, word)) if word in self.shrinking else _bits(core, chip, word))
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
        bits = bisect_right(range(1, max((_bits(core, chip, word) for word in words), default=1)), available,
                            key=lambda most: self.size(core, chip, most))
        ways = [f"train with at most {neurons} neurons"] if neurons else []
        ways += [f"train with d at most {d}"] if d else []
        ways += [f"give {', '.join(words)} at most {bits} bits"] if bits > 1 else []  # of one bit, the sign is left
        return ", or ".join([*ways, f"take a chip with {self.part}.{self.name} = {self.size(core, chip)}"])


def _bits(core: Core, chip: Chip, name: str) -> int:
    if name.startswith(LEARNS):
        return core.learns[name.removeprefix(LEARNS)].w.bits
    if name == "register":
        return lfsr.BITS
    return getattr(chip.words if hasattr(chip.words, name) else chip.plasticity, name).bits


BANKS = (Bank("weights", held_weights, ("W_f", "W_r", f"{LEARNS}W_f", f"{LEARNS}W_r", "w_x", "W_o")),
         Bank("slow", held_slow, ("P", "nu", "Abar", "Bbar")),
         Bank("state", held_state, ("u", "m", "x")))
LEARNING_BANKS = (Bank("traces", held_traces, ("trace", "eligibility")), Bank("random", held_random, ()))
