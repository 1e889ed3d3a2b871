"""What a core does in a run, and what that takes in energy [model of ours, not a measurement].

Counts follow from the sizes of a layer and its events (dmpnet.hardware.workload), paths and what is off with a flag as
in dmpnet.hardware.cycles. S events in a step, G groups of neurons, D dimensions; bits as in the chip's Words:

    spike     an event is read (its address, or its value too), S N weights read, S N currents added
    memory    N D of P and N of nu read and multiplied, m read by every group, x too; N sums written for the last pass
    update    S of w_x read and added to x; Abar, Bbar read and multiplied, m read and written
    output    u read and written once, leak, currents and bias added, compared; spikes sent; the readout, W_o s

Sums: those of the spikes, N of them, are read and written at each event, in accumulators, which are registers. Those of
the memory stay in the lane until they are whole (output-stationary). Without stationarity they too are read and written
with each of the D + 1 terms, but m is read once, not by every group. Without fusion all this happens to the membranes
in their memory; leak and threshold read and write them once each. Sums of x, m and the readout stay in accumulators.

Prices are those of dmpnet.hardware.energy (45 nm, published) and of Prices (ours or, for registers, 65 nm published).
Left out: leakage, clock tree, control, wires, the way from core to core. Read ratios, not picojoules.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from dmpnet.errors import DmpnetError
from dmpnet.hardware import cycles, energy
from dmpnet.hardware.chip import Chip, dimensions
from dmpnet.hardware.workload import Workload

EYERISS = "Chen, Emer and Sze, ISCA 2016, table IV, 65 nm"
# EYERISS: an access to a register file of 0.5 kB over a 16-bit multiplication and addition; read off a model of that
# paper, nn_dataflow's test_eyeriss_isca16
EYERISS_REGISTER = 1.0
EYERISS_BITS = 16  # EYERISS: bits of both
PATHS = ("spike", "memory", "update", "output")
BANKS = ("weights", "slow", "state")
LEARNING_BANKS = ("traces", "random")


class Action(NamedTuple):
    """One thing a core does.

    kind : 'read' or 'write' of `bits` in `place`, 'add' of `bits`, 'multiply' of `bits` by `by` bits, 'send' of a
        spike, 'leak' of `by` membranes of `bits` in place
    place : for reads and writes a bank of the chip's memory, 'registers' or 'events', the buffer of what comes in
    """

    kind: str
    place: str
    bits: int
    by: int = 0


Tally = Counter[Action]
"""How often each was done."""


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
    ours: energy.Assumptions = energy.OURS

    def __post_init__(self):
        if not 0 <= self.register < math.inf:
            raise DmpnetError(f"energy model: register = {self.register}, but it is a ratio of energies, 0 or more and "
                              f"finite; set register >= 0")


OURS = Prices()


# counts


def count(work: Workload, chip: Chip) -> dict[str, Tally]:
    """What a core did in all steps of `work`, path by path."""
    cycles.check_leak(work, chip)
    counted = {"spike": spike(work, chip), "memory": memory(work, chip), "update": update(work, chip),
               "output": output(work, chip)}
    return {path: Counter({action: many for action, many in tally.items() if many}) for path, tally in counted.items()}


def spike(work: Workload, chip: Chip) -> Tally:
    """W_f s_in and, of a recurrent layer, W_r s."""
    words, inputs, own = chip.words, int(work.events.sum()), int(work.own.sum())
    value = words.s_in.bits if work.analog else 0
    tally: Tally = Counter()
    tally[Action("read", "events", address(work.M) + value)] += inputs
    tally[Action("read", "events", address(work.N))] += own
    tally[Action("read", "weights", words.W_f.bits)] += inputs * work.N
    tally[Action("read", "weights", words.W_r.bits)] += own * work.N
    if work.analog:
        tally[Action("multiply", "lanes", words.W_f.bits, value)] += inputs * work.N
    return tally + _summed(chip, (inputs + own) * work.N)


def memory(work: Workload, chip: Chip) -> Tally:
    """P m[k-1] + nu x[k], or W_m m[k]."""
    words, T, N, D = chip.words, work.steps, work.N, dimensions(work.d, chip)
    if not D:
        return Counter()
    broken, stationary = chip.datapath.dependency_breaking, chip.datapath.stationarity
    times = T * cycles.groups(N, chip) if stationary else T
    tally: Tally = Counter({
        Action("read", "slow", words.P.bits): T * N * D, Action("read", "state", words.m.bits): times * D,
        Action("multiply", "lanes", words.P.bits, words.m.bits): T * N * D})
    if broken:
        tally[Action("read", "slow", words.nu.bits)] += T * N
        tally[Action("read", "state", words.x.bits)] += times
        tally[Action("multiply", "lanes", words.nu.bits, words.x.bits)] += T * N
    terms = T * N * (D + broken)
    if not stationary:
        return tally + _summed(chip, terms)
    tally[Action("add", "lanes", words.I.bits)] += terms
    if chip.datapath.fusion:
        tally[Action("write", "registers", words.I.bits)] += T * N
        return tally
    return tally + _summed(chip, T * N)


def update(work: Workload, chip: Chip) -> Tally:
    """x[k] and m[k]."""
    words, T, D, inputs = chip.words, work.steps, dimensions(work.d, chip), int(work.events.sum())
    if not D:
        return Counter()
    tally: Tally = Counter()
    if work.analog:
        tally[Action("multiply", "update", words.w_x.bits, words.s_in.bits)] += inputs
    tally[Action("read", "weights", words.w_x.bits)] += inputs
    tally[Action("read", "weights", words.b.bits)] += T
    tally[Action("write", "state", words.x.bits)] += T
    tally[Action("read", "state", words.x.bits)] += T
    tally[Action("read", "slow", words.Abar.bits)] += T * D * D
    tally[Action("read", "slow", words.Bbar.bits)] += T * D
    tally[Action("read", "state", words.m.bits)] += T * D
    tally[Action("write", "state", words.m.bits)] += T * D
    tally[Action("multiply", "update", words.Abar.bits, words.m.bits)] += T * D * D
    tally[Action("multiply", "update", words.Bbar.bits, words.x.bits)] += T * D
    tally[Action("add", "update", words.I.bits)] += inputs + T + T * D * (D + 1)
    return tally


def output(work: Workload, chip: Chip) -> Tally:
    """The pass over the neurons, the spikes they send, the readout."""
    words, path, updates, sent = chip.words, chip.datapath, work.steps * work.N, int(work.sent.sum())
    passes = 1 if path.fusion or path.in_place else 2
    tally: Tally = Counter({
        Action("read", "state", words.u.bits): passes * updates,
        Action("write", "state", words.u.bits): passes * updates,
        Action("read", "weights", words.b.bits): updates})
    if path.fusion:  # sums of the spikes, and of the memory where they are apart
        sums = 1 + (work.d > 0 and path.stationarity)
        tally[Action("read", "registers", words.I.bits)] += sums * updates
        tally[Action("add", "lanes", words.u.bits)] += sums * updates
    tally[Action("add", "lanes", words.u.bits)] += 2 * updates + (sent if work.reset == "soft" else 0)
    tally[Action("send", "events", 1)] += sent
    tally[Action("write", "events", address(work.N))] += sent
    return tally + _leak(work, chip) + _readout(work, chip)


def _leak(work: Workload, chip: Chip) -> Tally:
    u, updates = chip.words.u.bits, work.steps * work.N
    if chip.datapath.in_place:
        return Counter({Action("leak", "state", u, work.N): work.steps})
    if work.decay == "exponential":
        return Counter({Action("multiply", "lanes", u, chip.words.beta.bits): updates})
    return Counter({Action("add", "lanes", u): updates})


def _readout(work: Workload, chip: Chip) -> Tally:
    """W_o s of the last core: a weight a class and spike, the sums in accumulators; b_o once a sample, left out."""
    many, I = int(work.sent.sum()) * work.classes, chip.words.I.bits
    return Counter({Action("read", "weights", chip.words.W_o.bits): many, Action("add", "lanes", I): many,
                    Action("read", "registers", I): many, Action("write", "registers", I): many})


def _summed(chip: Chip, terms: int) -> Tally:
    """`terms` added, each to a sum that is read and written: a current in its accumulator, or a membrane."""
    place, bits = ("registers", chip.words.I.bits) if chip.datapath.fusion else ("state", chip.words.u.bits)
    return Counter({Action("add", "lanes", bits): terms, Action("read", place, bits): terms,
                    Action("write", place, bits): terms})


def address(units: int) -> int:
    """Bits that name one of `units`."""
    return max((units - 1).bit_length(), 1)


def bits(tally: Tally, kind: str, place: str) -> int:
    """Bits read from or written to a place."""
    return sum(many * action.bits for action, many in tally.items() if (action.kind, action.place) == (kind, place))


def operations(tally: Tally, kind: str) -> int:
    """How many additions, multiplications, leaks in place or sent spikes."""
    return sum(many for action, many in tally.items() if action.kind == kind)


# energy


def price(action: Action, chip: Chip, prices: Prices = OURS) -> float:
    """pJ of doing it once; products of a and b bits as of sqrt(a b) bits; sending is paid for by writing the event."""
    if action.kind == "send":
        return 0.0
    if action.kind == "leak":
        return energy.in_place(action.bits, action.by, prices.ours).pj
    if action.kind == "add":
        return action.bits * energy.full_adder_pj()
    if action.kind == "multiply":
        return energy.MULTIPLY8_PJ * action.bits * action.by / 64
    if action.place == "registers":
        return action.bits * register_pj(prices)
    size: float = prices.ours.smallest
    if action.place in BANKS:
        size = getattr(chip.memory, action.place)
    elif action.place in LEARNING_BANKS:
        size = getattr(chip.plasticity, action.place)
    if prices.split and action.place in ("weights", "slow"):
        size /= chip.limits.lanes
    write = prices.ours.write_per_read if action.kind == "write" else 1.0
    return action.bits * energy.bit_line_pj(size, prices.ours) * write


def register_pj(prices: Prices = OURS) -> float:
    """pJ of a bit read from or written to a register, by the ratio of Eyeriss and the arithmetic of 45 nm."""
    mac = energy.multiply_pj(EYERISS_BITS) + EYERISS_BITS * energy.full_adder_pj()
    return prices.register * mac / EYERISS_BITS


def pj(tally: Tally, chip: Chip, prices: Prices = OURS) -> float:
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


def cost(work: Workload, chip: Chip, prices: Prices = OURS) -> Cost:
    """Energy and cycles of a layer's run."""
    return Cost({path: pj(tally, chip, prices) for path, tally in count(work, chip).items()}, work.steps,
                int(cycles.timing(work, chip).latency.sum()), work.sops)


def report(works: list[Workload], chip: Chip, prices: Prices = OURS) -> list[dict[str, Any]]:
    """What a network's run costs, a line a quantity: per step, per inference, per SOP, with what is assumed.

    Per step and inference are means over the samples. A step of the network is that of all layers one after the other
    (`cycles, all layers`); layers on cores of their own take steps as fast as the slowest (`cycles, slowest layer`).
    """
    costs = [cost(work, chip, prices) for work in works]
    steps, T = works[0].steps, works[0].events.shape[-1]
    found = {path: sum(each.pj[path] for each in costs) for path in PATHS}
    total, sops = sum(found.values()), sum(each.sops for each in costs)
    lines = [_line(f"pJ a step, {path}", value / steps, f"{100 * value / total:.0f} %")
             for path, value in found.items()]
    lines += [_line("pJ a step", total / steps, "all layers"),
              _line("cycles a step, all layers", sum(each.cycles for each in costs) / steps, "one after the other"),
              _line("cycles a step, slowest layer", max(each.cycles for each in costs) / steps, "a core a layer"),
              _line("nJ an inference", total / steps * T / 1e3, f"{T} steps"),
              _line("SOPs a step", sops / steps, "events times fan-out, readout too; not the slow memory")]
    if sops:
        lines.append(_line("pJ a SOP", total / sops, "all of the energy shared out among the SOPs"))
    return lines + [_line(f"assumed: {name}", value, said) for name, value, said in assumptions(prices)]


def _line(quantity: str, value: float, note: str) -> dict[str, Any]:
    return {"quantity": quantity, "value": value, "note": note}


def assumptions(prices: Prices = OURS) -> list[tuple[str, float, str]]:
    """What is assumed: name, value, whose it is."""
    return [("register pJ/bit", register_pj(prices), f"{prices.register:g} x Eyeriss (65 nm), arithmetic of 45 nm"),
            ("banks a lane", float(prices.split), "ours: 1, weights and slow memory are split among lanes; 0, not"),
            ("smallest memory, bytes", prices.ours.smallest, "ours: nothing smaller has a published price"),
            ("energy of a write over a read", prices.ours.write_per_read, "ours"),
            ("pJ of an 8-bit multiplication", energy.MULTIPLY8_PJ, energy.HOROWITZ),
            ("pJ of an 8-bit addition", energy.ADD8_PJ, energy.HOROWITZ),
            ("pJ of a 32-bit read of 8 kB", energy.SRAM_READ_PJ[0][1], energy.HOROWITZ)]


def beside_published(name: str, pj_per_sop: float) -> list[dict[str, Any]]:
    """Our model's pJ per SOP among those that papers state, of operations that differ, in order."""
    rows = [{"name": point.name, "pJ/SOP": point.pj, "source": point.source} for point in energy.PUBLISHED]
    return sorted([*rows, {"name": name, "pJ/SOP": pj_per_sop, "source": "our model"}], key=lambda row: row["pJ/SOP"])
