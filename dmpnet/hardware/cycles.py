"""Cycles of a step: four paths side by side, then a pass over the neurons; and of all layers, one after the other.

After the near-memory core of Sun et al. 2026, as their RTL counts when it is simulated. G = ceil(N / lanes) groups of
neurons are worked on one after the other, S events come in a step, D dimensions of slow memory are computed:

    spikes      S G    every event visits all groups: I_f += W_f s_in
    memory A    D G    P m[k-1], group by group, D cycles each
    memory B    G      nu x[k], a cycle a group, in the unit of A and after it
    x           S + 1  w_x . s_in, by a counter and a memory of its own: an event a cycle, then the rectifier
    update      D + 2  m[k] = Abar m[k-1] + Bbar x[k], a column of Abar a cycle, then Bbar, then m is written
    neurons     3 G    read u, leak and add and compare, write u; begins when all currents are there
    control     7      of a step, whatever it does

    step = max(S G, G D + G) + 3 G + 7

As x is known so early, B waits for it only where A is done first, G D < S + 1: then B ends at S + 1 + G, which is
later than the formula says for G = 1 and G = 2 alone (tested). And breaking the dependency saves at most max(D, S + 1)
+ 2 - G cycles: unbroken, W_m m[k] begins when m is written, and needs no B, which takes G. On their core, 32 groups and
d = 8, that is nothing, whatever S is. It pays where x is added in the spike path instead, `counter` False: known as the
last event enters that, after (S - 1) G cycles [ours].

    layers      one after the other; events come in, S cycles, and go out, max(1, spikes), not overlapped; between two
                layers min(fired, limits.spikes) + 3, or with more passes (dmpnet.hardware.queue) fired + 3 for each

An event that reaches not all N but r neurons (a kernel's, dmpnet.hardware.scatter) visits ceil(r / lanes) groups in
place of G, and one at least: as if any `lanes` of them could be reached in a cycle [ours]. Events of the layer itself
count as others do, but not for x [ours].

What is off when a flag of the chip's Datapath is off, each definition ours:

    dependency_breaking   W_m m[k] takes the place of A, D G cycles that wait for the update; there is no B
    fusion                no accumulators of currents: every integration reads and writes the membranes in their
                          memory, as ODIN does at every event. A leak pass of 3 G comes before and a pass of 3 G that
                          compares and resets after; spikes and memory take turns at the membranes, spikes first
    stationarity          one dataflow for both: the memory's currents too are summed input-stationary, where those of
                          the spikes are, and spikes and memory take turns there, spikes first. As many cycles each

    in_place (on)         all membranes leak at once in their array, 2 B + 1 cycles for B bits whatever N is
                          (dmpnet.hardware.in_memory), in place of the leak pass; fused, beside the other paths

Dense integration: Workload.dense(). Left out: the readout, which their RTL has not.
"""

from dataclasses import dataclass

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.hardware import energy, in_memory, queue
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.workload import Workload

NEURON_CYCLES = 3  # authors' RTL: cycles a group of neurons takes
CONTROL = 7  # authors' RTL, simulated: cycles of a step beside those of its paths
HANDOVER = 3  # authors' RTL, simulated: cycles between two layers beside one an event


@dataclass(frozen=True)
class Busy:
    """Cycles in which each path works, arrays over the steps (..., T)."""

    spikes: np.ndarray
    memory_a: np.ndarray
    memory_b: np.ndarray
    update: np.ndarray
    neurons: np.ndarray


@dataclass(frozen=True)
class Waits:
    """Cycles for which one waits for another that it needs, arrays over the steps (..., T).

    b_for_x : memory B for x[k];  update_for_x : its last two cycles for x[k]
    a_for_update : W_m m[k] for m[k], where the dependency is not broken
    a_for_spikes : memory A for its turn at accumulators or membranes
    neurons_for_spikes, neurons_for_memory, neurons_for_leak : the last pass for the last of those, beyond the others;
        beyond the memory as if it had not waited for x, which it does for the spikes
    """

    b_for_x: np.ndarray
    update_for_x: np.ndarray
    a_for_update: np.ndarray
    a_for_spikes: np.ndarray
    neurons_for_spikes: np.ndarray
    neurons_for_memory: np.ndarray
    neurons_for_leak: np.ndarray


@dataclass(frozen=True)
class Timing:
    """A run of one layer on a core: cycles of each step (..., T), who works and who waits in them."""

    latency: np.ndarray
    busy: Busy
    waits: Waits

    def means(self) -> dict[str, float]:
        """Everything, mean over the steps."""
        return {"latency": float(self.latency.mean())} | {
            f"{name} {path}": float(cycles.mean())
            for name, part in (("busy", self.busy), ("waits", self.waits)) for path, cycles in vars(part).items()}


def groups(N: int, chip: Chip) -> int:
    """G, groups of neurons worked on one after the other."""
    return -(-N // chip.limits.lanes)


def leak_in_place(chip: Chip) -> int:
    """Cycles in which all membranes leak at once in their array."""
    return energy.cycles(in_memory.in_place(chip.words.u.bits, 1, 0))


def visits(work: Workload, chip: Chip) -> tuple[np.ndarray, int]:
    """Groups that the events of each step visit (..., T), and the fewest that one event does."""
    G = groups(work.N, chip)
    each = [max(groups(some.reached, chip), 1) for some in work.by_fan_out]
    visited = sum((many * some.events for many, some in zip(each, work.by_fan_out, strict=True)), G * work.own)
    return visited, min([*each, *[G] * work.recurrent], default=G)


def timing(work: Workload, chip: Chip, counter: bool = True) -> Timing:
    """Cycles of every step of `work`.

    counter : x[k] is summed by a counter of its own; else in the spike path, and known as the last event enters that
    """
    check_leak(work, chip)
    work, again = queue.let_in(work, chip), CONTROL * (queue.passes(work, chip) - 1)
    path, G, D = chip.datapath, groups(work.N, chip), chip.dimensions(work.d)
    visited, fewest = visits(work, chip)
    alone = path.fusion and path.stationarity  # spikes and memory have accumulators each
    zero, slow, lookahead = np.zeros_like(visited), D > 0, D > 0 and path.dependency_breaking
    leak = leak_in_place(chip) if path.in_place else 0 if path.fusion else NEURON_CYCLES * G
    start = zero if path.fusion else zero + leak
    spikes = start + visited
    x = work.events + 1 if counter else start + np.maximum(visited - fewest, 0)
    updated = np.maximum(D, x) + 2 if slow else zero
    turn = start if alone else spikes
    began = turn if path.dependency_breaking else np.maximum(turn, updated)
    a = began + D * G if slow else start
    b = np.maximum(a, x) + G if lookahead else a
    last = np.maximum(spikes, b)
    neurons = np.maximum(last, leak)
    busy = Busy(visited, zero + D * G, zero + G * lookahead, zero + (D + 2) * slow,
                zero + NEURON_CYCLES * G + (0 if path.fusion or path.in_place else leak))
    waits = Waits(np.maximum(x - a, 0) * lookahead, np.maximum(x - D, 0) * slow, (began - turn) * slow,
                  (turn - start) * slow, np.maximum(spikes - np.maximum(a + G * lookahead, leak), 0),
                  np.maximum(b - np.maximum(spikes, leak), 0), np.maximum(leak - last, 0))
    return Timing(neurons + NEURON_CYCLES * G + CONTROL + again, busy, waits)


def all_layers(works: list[Workload], chip: Chip, counter: bool = True) -> np.ndarray:
    """(..., T) cycles of every step of all layers, one after the other, with the ways in, between and out."""
    return sum(timing(work, chip, counter).latency for work in works) + ways(works, chip)


def ways(works: list[Workload], chip: Chip) -> np.ndarray:
    """(..., T) cycles in which events come in, go from layer to layer, and out."""
    most = chip.limits.spikes
    many = chip.datapath.queue == "passes"  # else those beyond do not get on
    between = sum((work.sent + HANDOVER * np.maximum(-(-work.sent // most), 1) if many else
                   np.minimum(work.sent, most) + HANDOVER for work in works[:-1]), np.zeros_like(works[0].events))
    return works[0].events + between + np.maximum(works[-1].sent, 1)


def check_leak(work: Workload, chip: Chip) -> None:
    """Raise DmpnetError where membranes leak in place, but not by subtraction."""
    if chip.datapath.in_place and work.decay != "linear":
        raise DmpnetError(f"chip {chip.name}: its membranes leak in place, by subtraction, but the layer's decay is "
                          f"{work.decay}; take a network with linear decay, or set datapath.in_place = false")


def milliseconds(cycles: float, chip: Chip, dt: float) -> float:
    """What a chip takes for a second of input, in steps of dt s, of so many cycles each; ms."""
    if chip.clock is None:
        raise DmpnetError(f"chip {chip.name}: it states no clock, so that cycles are no time; set clock.hz")
    return 1e3 * cycles / dt / chip.clock.hz
