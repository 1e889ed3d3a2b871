"""What one core takes for the work that others do too: cycles, energy, area, traffic off the chip [model of ours].

Every core of dmpnet.hardware.cores is given the same layers with the same events (`Task`) and the same draw of what
nobody published (`Assumption`), and says what a step takes (`Run`). All numbers are means over the steps of a run,
layers one after the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.hardware import actions, banks, cycles, energy, limit, prices, published
from dmpnet.hardware import chip as chips
from dmpnet.hardware.actions import PATHS, Tally
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.workload import Workload

Draw = dict[str, float]
"""A value of every assumption, by name."""
OFF_CHIP = "off chip"
FIRST_HELD = ("state", "slow", "weights")
"""What a memory that is too small holds first."""


class Assumption(NamedTuple):
    """What nobody published, from low to high.

    how : 'even' or 'log', drawn between them so; 'whole', whole numbers, drawn as log; 'either', one of both ends
    why : whose the two ends are
    """

    name: str
    low: float
    high: float
    how: str
    why: str

    def drawn(self, seed: int, draws: int) -> np.ndarray:
        """(draws,) values, by a stream of its own, so that a further assumption changes no other."""
        random = np.random.default_rng([seed, zlib.crc32(self.name.encode())]).random(draws)
        if self.how == "either":
            return np.where(random < 0.5, self.low, self.high)
        if self.how == "even":
            return self.low + (self.high - self.low) * random
        value = self.low * (self.high / self.low) ** random
        return np.round(value) if self.how == "whole" else value


COMMON = (
    Assumption("register", 0.0, 1.0, "even", "ours: free, to as in Eyeriss (65 nm, 0.5 kB)"),
    Assumption("banks a lane", 0, 1, "either", "ours: weights in one bank, or a bank a lane"),
    Assumption("smallest memory", 1024, 8192, "log", "ours: bytes below which none is cheaper; published down to 8 kB"),
    Assumption("write over read", 1.0, 2.0, "even", "ours: energy of the same bits"),
    Assumption("on-chip memory", 0.5, 4.0, "log", "ours: of what the DMP core needs, as much in every core"),
    Assumption("DRAM pJ a bit", *published.DRAM_PJ, "even", "Horowitz, ISSCC 2014: 1.3 to 2.6 nJ for 64 bits"),
    Assumption("DRAM bits a cycle", 16, 256, "log", "ours: read beside the work of a step"),
    Assumption("cells a full adder", 10, 40, "log", "ours: area of a full adder in bits of SRAM"))
"""What all cores share."""


@dataclass(frozen=True)
class Task:
    """What every core is asked to do.

    works : layers and their events;  windows : steps that the slow memory of each looks back, 0 for none
    chip : whose words, lanes and datapath the DMP core has;  clock : Hz, of every core that has one
    """

    works: tuple[Workload, ...]
    windows: tuple[float, ...]
    chip: Chip
    clock: float = energy.IMPULSE_CLOCK_HZ
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self):
        if not any(work.d for work in self.works):
            raise DmpnetError("cores: the network has no slow memory, which the DMP core is for; take one that has, "
                              "e.g. shd-regen-dmp2")
        if not 0 < self.clock < float("inf"):
            raise DmpnetError(f"cores: a clock of {self.clock} Hz, but it is positive and finite; set clock > 0")

    @property
    def steps(self) -> int:
        """Of all samples together."""
        return self.works[0].steps

    @cached_property
    def need(self) -> int:
        """Bits of all banks of the DMP core."""
        return sum(held(self.works, sized(list(self.works), self.chip)).values())


@dataclass(frozen=True)
class Run:
    """What a step takes.

    cycles : of all layers;  busy : of them, those in which each path works
    pj : of each path, and OFF_CHIP;  off_chip : bits read and written off the chip
    sram : bits that everything takes, on the chip or off;  arithmetic : full adders
    parameters : of the network that runs on it, by the paper's rule
    """

    cycles: float
    busy: dict[str, float]
    pj: dict[str, float]
    off_chip: float
    sram: int
    arithmetic: int
    parameters: int

    @property
    def total(self) -> float:
        """pJ of all paths."""
        return sum(self.pj.values())

    def area(self, draw: Draw) -> float:
        """In bits of SRAM."""
        return self.sram + draw["cells a full adder"] * self.arithmetic


# what a near-memory core takes


def near_memory(task: Task, draw: Draw, works: Iterable[Workload], chip: Chip, parameters: int) -> Run:
    """`works` on `chip`, its banks as large as they need: cycles, actions and their prices as for any chip."""
    works = list(works)
    key = (chip.name, chip.limits, chip.datapath, chip.words, parameters)
    if key not in task.known:
        task.known[key] = _counted(works, sized(works, chip))
    chip, tallies, latency, busy, needs, adders = task.known[key]
    ours = replace(energy.ASSUMED, smallest=round(draw["smallest memory"]), write_per_read=draw["write over read"])
    charged = prices.Prices(draw["register"], bool(draw["banks a lane"]), ours)
    pj = {path: prices.pj(tallies[path], chip, charged) / task.steps for path in PATHS}
    bits = off_chip(needs, draw["on-chip memory"] * task.need, sum(tallies.values(), Tally())) / task.steps
    pj[OFF_CHIP] = bits * draw["DRAM pJ a bit"]
    return Run(max(latency, bits / draw["DRAM bits a cycle"]), busy, pj, bits, sum(needs.values()),
               adders, parameters)


class Counted(NamedTuple):
    """What hangs on no price: the sized chip, actions of all layers by path, cycles of a step and of each path, bits of
    every bank, full adders."""

    chip: Chip
    tallies: dict[str, Tally]
    latency: float
    busy: dict[str, float]
    needs: dict[str, int]
    adders: int


def _counted(works: list[Workload], chip: Chip) -> Counted:
    counted = [actions.count(work, chip) for work in works]
    timed = [cycles.timing(work, chip) for work in works]
    paths = {"spike": ("spikes",), "memory": ("memory_a", "memory_b"), "update": ("update",), "output": ("neurons",)}
    busy = {path: sum(float(getattr(one.busy, part).mean()) for one in timed for part in parts)
            for path, parts in paths.items()}
    return Counted(chip, {path: sum((one[path] for one in counted), Tally()) for path in PATHS},
                   sum(float(one.latency.mean()) for one in timed), busy, held(works, chip),
                   sum(arithmetic(work, chip) for work in works))


def banks_of(work: Workload, chip: Chip) -> dict[str, int]:
    """Bytes that a layer needs of every bank, by the rule of dmpnet.hardware.fit."""
    core = limit.Core(1, work.N, work.M, work.d, chip.dimensions(work.d), work.classes, Neuron(), "current", 0,
                      True, work.recurrent, False, None)
    return {bank.name: bank.size(core, chip) for bank in banks.BANKS}


def held(works: Iterable[Workload], chip: Chip) -> dict[str, int]:
    """Bits of every bank, of all layers together."""
    needs = [banks_of(work, chip) for work in works]
    return {bank: 8 * sum(need[bank] for need in needs) for bank in needs[0]}


def sized(works: list[Workload], chip: Chip) -> Chip:
    """`chip` with as many slots, neurons and inputs as the largest layer needs, and banks that just hold it."""
    most = {"slots": max(max(work.d for work in works), 1), "neurons": max(work.N for work in works),
            "fan_in": max(work.M + work.N * work.recurrent for work in works),
            "spikes": max(max(int(work.S.max()) for work in works), 1)}
    chip = chips.changed(chip, {f"limits.{name}": value for name, value in most.items()})
    needs = [banks_of(work, chip) for work in works]
    return chips.changed(chip, {f"memory.{bank}": max(max(need[bank] for need in needs), 1) for bank in needs[0]})


def off_chip(needs: dict[str, int], room: float, tally: Tally) -> float:
    """Bits read and written off a chip that has `room` bits: of every bank the part that did not find any.

    What is used most often a bit comes first (FIRST_HELD); within a bank all bits are used as often.
    """
    bits = 0.0
    for bank in FIRST_HELD:
        inside = min(needs[bank], room)
        room -= inside
        outside = 1 - inside / needs[bank] if needs[bank] else 0.0
        bits += outside * sum(actions.bits(tally, kind, bank) for kind in ("read", "write"))
    return bits


def arithmetic(work: Workload, chip: Chip) -> int:
    """Full adders of a layer's core: a product of a and b bits takes a b of them, a sum of a bits a.

    A lane adds weights, multiplies and adds for the slow memory, and leaks, adds and compares; the update works on a
    column of Abar at once.
    """
    words, D = chip.words, chip.dimensions(work.d)
    lane = words.I.bits + words.u.bits * words.beta.bits + 2 * words.u.bits
    if D:
        lane += words.P.bits * words.m.bits + words.I.bits
    return chip.limits.lanes * lane + D * (words.Abar.bits * words.m.bits + words.I.bits)


def feedforward(works: Iterable[Workload]) -> int:
    """Weights of layers and readout without memory or recurrence, by the paper's rule."""
    return sum(work.M * work.N + work.N * work.classes for work in works)


def slow_and_fast(works: Iterable[Workload]) -> int:
    """Weights of a DMP network, by the paper's rule: M N + N d + d^2 a layer, and the readout."""
    works = list(works)
    return feedforward(works) + sum(work.N * work.d + work.d**2 for work in works)
