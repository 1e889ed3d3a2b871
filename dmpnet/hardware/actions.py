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

from collections import Counter
from typing import NamedTuple

from dmpnet.equations.decay import BY_NAME
from dmpnet.hardware import cycles, queue
from dmpnet.hardware.parts import Chip
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


# counts


def count(work: Workload, chip: Chip) -> dict[str, Tally]:
    """What a core did in all steps of `work`, path by path."""
    cycles.check_leak(work, chip)
    work = queue.let_in(work, chip)
    counted = {"spike": spike(work, chip), "memory": memory(work, chip), "update": update(work, chip),
               "output": output(work, chip)}
    return {path: Counter({action: many for action, many in tally.items() if many}) for path, tally in counted.items()}


def spike(work: Workload, chip: Chip) -> Tally:
    """W_f s_in and, of a recurrent layer, W_r s."""
    words, inputs, own = chip.words, int(work.events.sum()), int(work.own.sum())
    reached = work.reached  # N each, or what kernels cover
    value = words.s_in.bits if work.analog else 0
    tally: Tally = Counter()
    tally[Action("read", "events", address(work.M) + value)] += inputs
    tally[Action("read", "events", address(work.N))] += own
    tally[Action("read", "weights", words.W_f.bits)] += reached
    tally[Action("read", "weights", words.W_r.bits)] += own * work.N
    if work.analog:
        tally[Action("multiply", "lanes", words.W_f.bits, value)] += reached
    return tally + _summed(chip, reached + own * work.N)


def memory(work: Workload, chip: Chip) -> Tally:
    """P m[k-1] + nu x[k], or W_m m[k]."""
    words, T, N, D = chip.words, work.steps, work.N, chip.dimensions(work.d)
    if not D:
        return Counter()
    lookahead, stationary = chip.datapath.dependency_breaking, chip.datapath.stationarity
    times = T * cycles.groups(N, chip) if stationary else T
    tally: Tally = Counter({
        Action("read", "slow", words.P.bits): T * N * D, Action("read", "state", words.m.bits): times * D,
        Action("multiply", "lanes", words.P.bits, words.m.bits): T * N * D})
    if lookahead:
        tally[Action("read", "slow", words.nu.bits)] += T * N
        tally[Action("read", "state", words.x.bits)] += times
        tally[Action("multiply", "lanes", words.nu.bits, words.x.bits)] += T * N
    terms = T * N * (D + lookahead)
    if not stationary:
        return tally + _summed(chip, terms)
    tally[Action("add", "lanes", words.I.bits)] += terms
    if chip.datapath.fusion:
        tally[Action("write", "registers", words.I.bits)] += T * N
        return tally
    return tally + _summed(chip, T * N)


def update(work: Workload, chip: Chip) -> Tally:
    """x[k] and m[k]."""
    words, T, D, inputs = chip.words, work.steps, chip.dimensions(work.d), int(work.events.sum())
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
    if BY_NAME[work.decay].multiplies:
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
