"""What an action costs in energy, and the energy of a layer's run."""

import math
from dataclasses import dataclass
from typing import Any

from dmpnet.errors import DmpnetError
from dmpnet.hardware import cycles, energy, published
from dmpnet.hardware.actions import (
    BANKS,
    EYERISS_BITS,
    EYERISS_REGISTER,
    LEARNING_BANKS,
    PATHS,
    Action,
    Tally,
    count,
)
from dmpnet.hardware.parts import Chip, Energy
from dmpnet.hardware.workload import Workload


@dataclass(frozen=True)
class Prices:
    """What the numbers of dmpnet.hardware.energy leave open.

    register : energy of a register bit over a 16th of a 16-bit multiplication and addition; 1, as in Eyeriss; 0, a
        register costs nothing
    split : weights and slow memory have a bank a lane, each priced by its own size; else one each, of all their bytes.
        Which of the two a chip has is not published for the DMP core
    ours : as of the model of the in-place update: writes over reads, the smallest memory with a price of its own
    """

    register: float = EYERISS_REGISTER
    split: bool = False
    ours: energy.Assumptions = energy.ASSUMED

    def __post_init__(self):
        if not 0 <= self.register < math.inf:
            raise DmpnetError(f"energy model: register = {self.register}, but it is a ratio of energies, 0 or more and "
                              f"finite; set register >= 0")


PRICES = Prices()


# energy


def price(action: Action, chip: Chip, prices: Prices = PRICES) -> float:
    """pJ of doing it once, at the chip's own prices where it states them; products of a and b bits as of sqrt(a b)
    bits; sending is paid for by writing the event."""
    own = chip.energy or Energy()
    if action.kind == "send":
        return 0.0
    if action.kind == "leak":
        return energy.in_place(action.bits, action.by, prices.ours).pj
    if action.kind == "add":
        return action.bits * _stated(own.add, energy.full_adder_pj())
    if action.kind == "multiply":
        return _stated(own.multiply, energy.MULTIPLY8_PJ) * action.bits * action.by / 64
    if action.place == "registers":
        return action.bits * _stated(own.register, register_pj(prices))
    write = action.kind == "write"
    bit = energy.bit_line_pj(_bank(action, chip, prices), prices.ours) * (prices.ours.write_per_read if write else 1.0)
    return action.bits * _stated(own.write if write else own.read, bit)


def _stated(own: float | None, models: float) -> float:
    return models if own is None else own


def _bank(action: Action, chip: Chip, prices: Prices) -> float:
    """Bytes of the memory that `action` reaches."""
    size: float = prices.ours.smallest
    if action.place in BANKS:
        size = getattr(chip.memory, action.place)
    elif action.place in LEARNING_BANKS:
        size = getattr(chip.plasticity, action.place)
    return size / chip.limits.lanes if prices.split and action.place in ("weights", "slow") else size


def register_pj(prices: Prices = PRICES) -> float:
    """pJ of a bit read from or written to a register, by the ratio of Eyeriss and the arithmetic of 45 nm."""
    mac = energy.multiply_pj(EYERISS_BITS) + EYERISS_BITS * energy.full_adder_pj()
    return prices.register * mac / EYERISS_BITS


def pj(tally: Tally, chip: Chip, prices: Prices = PRICES) -> float:
    """Energy of all that was done."""
    return sum(many * price(action, chip, prices) for action, many in tally.items())


@dataclass(frozen=True)
class Cost:
    """A layer's run on a core: pJ of each path in all steps, and how long that was.

    cycles : of all steps;  sops : synaptic operations
    """

    pj: dict[str, float]
    steps: int
    cycles: int
    sops: int

    @property
    def total(self) -> float:
        """pJ of all paths."""
        return sum(self.pj.values())


def cost(work: Workload, chip: Chip, prices: Prices = PRICES) -> Cost:
    """Energy and cycles of a layer's run."""
    return Cost({path: pj(tally, chip, prices) for path, tally in count(work, chip).items()}, work.steps,
                int(cycles.timing(work, chip).latency.sum()), work.sops)


def report(works: list[Workload], chip: Chip, prices: Prices = PRICES, dt: float | None = None) -> list[dict[str, Any]]:
    """What a network's run costs, a line a quantity: per step, per inference, per SOP, with what is assumed.

    Per step and inference are means over the samples. A step of the network is that of all layers one after the other,
    with the ways of events between them (`cycles, all layers`); layers on cores of their own take steps as fast as the
    slowest (`cycles, slowest layer`). With dt, the seconds of a step, and a clock of the chip they are also the time
    for a second of input.
    """
    costs = [cost(work, chip, prices) for work in works]
    steps, T = works[0].steps, works[0].events.shape[-1]
    found = {path: sum(each.pj[path] for each in costs) for path in PATHS}
    total, sops = sum(found.values()), sum(each.sops for each in costs)
    lines = [_line(f"pJ a step, {path}", value / steps, f"{100 * value / total:.0f} %")
             for path, value in found.items()]
    taken = {"all layers": (float(cycles.all_layers(works, chip).mean()), "one after the other, ways between them too"),
             "slowest layer": (max(each.cycles for each in costs) / steps, "a core a layer")}
    lines += [_line("pJ a step", total / steps, "all layers"),
              *(_line(f"cycles a step, {name}", value, how) for name, (value, how) in taken.items()),
              *(_line(f"ms for a second of input, {name}", cycles.milliseconds(value, chip, dt),
                      f"at {chip.clock.hz / 1e6:g} MHz") for name, (value, _) in taken.items() if dt and chip.clock),
              _line("nJ an inference", total / steps * T / 1e3, f"{T} steps"),
              _line("SOPs a step", sops / steps, "events times fan-out, readout too; not the slow memory")]
    if sops:
        lines.append(_line("pJ a SOP", total / sops, "all of the energy shared out among the SOPs"))
    return lines + [_line(f"assumed: {name}", value, said) for name, value, said in assumptions(prices, chip)]


def _line(quantity: str, value: float, note: str) -> dict[str, Any]:
    return {"quantity": quantity, "value": value, "note": note}


def assumptions(prices: Prices = PRICES, chip: Chip | None = None) -> list[tuple[str, float, str]]:
    """What is assumed: name, value, whose it is; the chip's own prices first."""
    own = {} if chip is None or chip.energy is None else vars(chip.energy)
    stated = [(f"pJ, {name}: the chip's own", value, chip.source.get(f"energy.{name}", ""))
              for name, value in own.items() if value is not None and chip is not None]
    return stated + [
            ("register pJ/bit", register_pj(prices), f"{prices.register:g} x Eyeriss (65 nm), arithmetic of 45 nm"),
            ("banks a lane", float(prices.split), "ours: 1, weights and slow memory are split among lanes; 0, not"),
            ("smallest memory, bytes", prices.ours.smallest, "ours: nothing smaller has a published price"),
            ("energy of a write over a read", prices.ours.write_per_read, "ours"),
            ("pJ of an 8-bit multiplication", energy.MULTIPLY8_PJ, energy.HOROWITZ),
            ("pJ of an 8-bit addition", energy.ADD8_PJ, energy.HOROWITZ),
            ("pJ of a 32-bit read of 8 kB", energy.SRAM_READ_PJ[0][1], energy.HOROWITZ)]


def beside_published(name: str, pj_per_sop: float) -> list[dict[str, Any]]:
    """Our model's pJ per SOP among those that papers state, of operations that differ, in order."""
    rows = [{"name": point.name, "pJ/SOP": point.pj, "node": point.node, "source": point.source}
            for point in published.PUBLISHED]
    ours = {"name": name, "pJ/SOP": pj_per_sop, "node": 45, "source": "our model"}
    return sorted([*rows, ours], key=lambda row: row["pJ/SOP"])
