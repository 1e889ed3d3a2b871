"""A core, what it needs of what a chip limits, and one such limit: its number in a description, and its check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dmpnet.equations.neurons import Neuron
    from dmpnet.hardware.parts import Chip
    from dmpnet.plasticity.integer_rule import IntegerRule


class Kinds(NamedTuple):
    """What a chip has to know of neurons: how they leak, how they are reset, where they stop."""

    decay: str
    reset: str
    floor: float | None = None


def named(number: int | str) -> str:
    """Of a core: by the number of its layer, or the name of its node."""
    return f"{'layer' if isinstance(number, int) else 'node'} {number!r}"


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
    adapts : whether its neurons adapt;  betas : whether each has a beta of its own;  modes : whether they have modes
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
    adapts: bool = False
    betas: bool = False
    modes: bool = False

    @property
    def name(self) -> str:
        """'layer 1', or 'node 'conv1'' of a graph."""
        return named(self.number)

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
        where = "network" if self.layer is None else named(self.layer)
        if isinstance(self.available, tuple):
            return f"{where}: {self.what} {self.used}, but a core has {', '.join(self.available)}; {self.way_out}"
        return f"{where}: {self.used} {self.what}, but {self.available} fit, {self.over} too many; {self.way_out}"


@dataclass(frozen=True)
class Limit:
    """Something of which a core takes so many and no more.

    name : its key in [limits] of a description, which may leave it out
    what : what is counted, in words
    used : how many a core needs; None where that is not known
    way_out : what makes them fewer
    default : how many there are where a description leaves it out; None: there is no limit then
    """

    name: str
    what: str
    used: Callable[[Core], int | None]
    way_out: str
    default: int | None = None

    def __call__(self, core: Core, chip: Chip) -> Need | None:
        """What `core` needs of it; None where there is no limit, or nobody knows."""
        most, used = getattr(chip.limits, self.name, self.default), self.used(core)
        if most is None or used is None:
            return None
        return Need(self.name.replace("_", " "), core.number, self.what, used, most,
                    f"{self.way_out}, or take a chip with limits.{self.name} = {used}")
