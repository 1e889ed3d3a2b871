"""The parts of a chip's description: words, banks, limits, datapath, what learning needs, clock."""

from dataclasses import dataclass, fields
from typing import Any

from dmpnet.arithmetic.words import ALONE, EXACT, Word
from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError


@dataclass(frozen=True)
class Words:
    """The word of every quantity, symbols as in dmpnet.equations.neurons; those of BINARY may be a sign alone.

    P : W_m Abar, or W_m where the chip does not break the dependency; b : every bias; s_in : analog input;
    beta : its fraction; I : every accumulator
    """

    W_f: Word
    W_r: Word
    P: Word
    nu: Word
    Abar: Word
    Bbar: Word
    w_x: Word
    W_o: Word
    b: Word
    beta: Word
    s_in: Word
    x: Word
    m: Word
    u: Word
    I: Word

    def __post_init__(self):
        for field in fields(self):
            if getattr(self, field.name).binary and field.name not in BINARY:
                raise DmpnetError(f"words.{field.name}: 1 bits, signed, but a sign takes a bit and leaves at least "
                                  f"one, except in {', '.join(BINARY)}; set bits >= 2")
        for name in CONSTANTS:
            word = getattr(self, name)
            for setting, value, followed in (("rounding", word.rounding, ("nearest", "floor")),  # floor: not said
                                             ("overflow", word.overflow, ("saturate",))):
                if value not in followed:
                    raise DmpnetError(f"words.{name}: {setting} = {value!r}, but it is made once, the nearest that its "
                                      f"word has; set {setting} = {followed[0]}")
        for name in ("x", "u"):
            if getattr(self, name).rounding not in ALONE:
                raise DmpnetError(f"words.{name}: rounding = {getattr(self, name).rounding!r}, but what is cut off is "
                                  f"carried from slot to slot of m alone; set one of {', '.join(ALONE)}")
        if self.I.rounding != "floor":
            raise DmpnetError(f"words.I: rounding = {self.I.rounding!r}, but sums are rounded as x, m or u; leave it "
                              f"out")
        if self.s_in.signed:
            raise DmpnetError("words.s_in: signed = true, but levels of input are counted from 0; set signed = false")
        if self.beta.signed:
            raise DmpnetError("words.beta: signed = true, but it is a fraction; set signed = false")
        for name in ("m", "u", "I"):
            if not getattr(self, name).signed:
                raise DmpnetError(f"words.{name}: signed = false, but it goes below 0; set signed = true")
        if self.beta.bits + self.u.bits > EXACT:
            raise DmpnetError(f"words.beta, words.u: {self.beta.bits} and {self.u.bits} bits, but products are exact "
                              f"to {EXACT}; give one of them fewer")


BINARY = ("W_f", "W_r", "w_x", "W_o")
"""Weights that may be -1 or +1."""
CONSTANTS = ("W_f", "W_r", "P", "nu", "Abar", "Bbar", "w_x", "W_o", "b", "beta", "s_in")
"""Words of what is never shifted: made once, or read."""


@dataclass(frozen=True)
class Memory:
    """SRAM of a core.

    weights : bytes for W_f, W_r, w_x, W_o and biases;  slow : bytes for P, nu, Abar, Bbar;  state : bytes for u, m, x
    """

    weights: int
    slow: int
    state: int


@dataclass(frozen=True)
class Limits:
    """What a core, which holds one layer, takes at most.

    neurons : of a layer
    slots : dimensions of the slow memory, of which all are there, used or not
    fan_in : inputs of a layer;  spikes : input spikes in a step;  lanes : neurons updated in a cycle
    cores : layers the chip holds
    Others, which a description may leave out, are files of dmpnet.hardware.limits.
    """

    neurons: int
    slots: int
    fan_in: int
    spikes: int
    lanes: int
    cores: int


@dataclass(frozen=True)
class Datapath:
    """How it computes.

    decay : kinds of leak its neurons have (dmpnet.equations.decay);  resets : kinds of reset
    dependency_breaking : W_m m[k] as P m[k-1] + nu x[k], so that it need not wait for m[k]
    fusion : leak, spike and memory integration in one pass, one access a neuron and step
    stationarity : input-stationary for the sparse W_f s, output-stationary for the dense P m
    in_place : all membranes leak at once in the array (dmpnet.hardware.in_memory)
    saturates : whether a membrane is held in its word 'after' it is compared and reset, or 'before'
        (dmpnet.arithmetic.fixed); a description may leave it out, then after
    floor : whether a membrane can stop above the end of its word, a comparison at every update; false if left out
    currents : whether the current of the spikes and that of the memory are held in the membrane's word 'each' before
        they are added, or only in their 'sum'; a description may leave it out, then sum
    seed : from which its shift registers start, each layer's and quantity's from another state; they round at random
        where a word does; a description may leave it out, then 1
    queue : what becomes of more events in a step than limits.spikes: 'refuse', 'drop' or 'passes'
        (dmpnet.hardware.queue); a description may leave it out, then refuse
    pads : whether all slots are computed, used or not; else the d that a network has; a description may leave it out,
        then true
    spread : whether a slow memory is held in all slots, so that rounding adds less to what it says, rather than in as
        many as it has dimensions (dmpnet.hardware.basis); false if left out
    """

    decay: tuple[str, ...]
    resets: tuple[str, ...]
    dependency_breaking: bool
    fusion: bool
    stationarity: bool
    in_place: bool
    saturates: str = "after"
    floor: bool = False
    currents: str = "sum"
    seed: int = 1
    queue: str = "refuse"
    pads: bool = True
    spread: bool = False


@dataclass(frozen=True)
class Plasticity:
    """What a core has that learns (dmpnet.hardware.plastic_rules).

    w : word of a weight under learning; its rounding is that of every change
    trace : of a neuron's trace, unsigned;  eligibility : of what a synapse remembers, signed
    amplitude : of the constants by which traces are multiplied, unsigned;  third : of what gates or rewards, signed
    decay : how traces can fall: linear (subtract) or shift
    reads : how the array is reached: rows (all synapses of an input), columns (all of a neuron) or both
    traces : bytes for traces, eligibilities, the third factor;  random : bytes for shift registers
    """

    w: Word
    trace: Word
    eligibility: Word
    amplitude: Word
    third: Word
    decay: tuple[str, ...]
    reads: str
    traces: int
    random: int

    def __post_init__(self):
        for name, signed in (("trace", False), ("amplitude", False), ("eligibility", True), ("third", True)):
            word = getattr(self, name)
            if word.signed != signed or not 2 <= word.bits <= LEARNING or word.overflow != "saturate":
                raise DmpnetError(f"plasticity: {name} is {word}, but it saturates, has {'a' if signed else 'no'} sign "
                                  f"and 2 to {LEARNING} bits; set it so")
        for name in ("w", "trace", "eligibility", "amplitude", "third"):
            if (rounding := getattr(self, name).rounding) not in ALONE:
                raise DmpnetError(f"plasticity: {name} rounds {rounding!r}, but each is rounded by itself; set one of "
                                  f"{', '.join(ALONE)}")
        if self.w.bits > LEARNING or self.w.overflow != "saturate" or self.w.binary:
            raise DmpnetError(f"plasticity: w is {self.w}, but a weight that learns saturates and has at most "
                              f"{LEARNING} bits, not a sign alone; set it so")


@dataclass(frozen=True)
class Errors:
    """Bits that are wrong where SRAM is run at low voltage (dmpnet.hardware.bit_errors).

    weights : of a billion in the weights bank;  slow : of a billion in the slow bank
    """

    weights: int = 0
    slow: int = 0


@dataclass(frozen=True)
class Clock:
    """hz : cycles a second; what is told in seconds needs it."""

    hz: int


@dataclass(frozen=True)
class Energy:
    """Prices in pJ of a chip that knows its own; what is left out is the model's (dmpnet.hardware.prices).

    read : a bit read from any of its memories, in place of what their sizes say;  write : a bit written there
    register : a bit read from or written to a register;  add : a bit of an addition
    multiply : a product of two 8-bit words; others cost as their bits
    """

    read: float | None = None
    write: float | None = None
    register: float | None = None
    add: float | None = None
    multiply: float | None = None


LEARNING = 16
"""Bits of the widest word that learns: products of three, and 16 random bits below, are exact in float64."""
TRACE_DECAYS = ("linear", "shift")
QUEUES = ("refuse", "drop", "passes")
READS = ("rows", "columns", "both")


@dataclass(frozen=True)
class Chip:
    """A chip; source: where each number is from, by 'part.name'.

    plasticity : None on a chip that does not learn;  clock : None where none is stated;  errors : None where SRAM holds
        every bit;  energy : None where all prices are the model's
    """

    name: str
    words: Words
    memory: Memory
    limits: Limits
    datapath: Datapath
    source: dict[str, str]
    plasticity: Plasticity | None = None
    clock: Clock | None = None
    errors: Errors | None = None
    energy: Energy | None = None

    def dimensions(self, d: int) -> int:
        """D, dimensions of slow memory that it computes for d: whole blocks of its slots where it pads, or holds it in
        all of them, 0 for none."""
        if not self.datapath.pads and not self.datapath.spread:
            return d
        return -(-d // self.limits.slots) * self.limits.slots


def check_chip(called: str, chip: Any) -> None:
    """DmpnetError from the function of that name for what is no chip."""
    if not isinstance(chip, Chip):
        raise DmpnetError(f"{called}: chip = {shown(chip)}, but it takes a Chip; load one by its name or description "
                          f"with dmpnet.chip")
