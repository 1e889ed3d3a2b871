"""Cycles of a step: four paths side by side, then a pass over the neurons.

After the near-memory core of Sun et al. 2026, by the formulas of their published RTL. G = ceil(N / lanes) groups of
neurons are worked on one after the other, S events come in a step, D dimensions of slow memory are computed:

    spikes      S G    every event visits all groups: I_f += W_f s_in
    memory A    D G    P m[k-1], group by group, D cycles each
    memory B    G      nu x[k], a cycle a group, in the unit of A and after it
    update      D + 1  m[k] = Abar m[k-1] + Bbar x[k], a column of Abar a cycle, then Bbar
    neurons     3 G    read u, leak and add and compare, write u; begins when all currents are there

    step = max(S G, G D + G) + 3 G

An event that reaches not all N but r neurons (a kernel's, dmpnet.hardware.scatter) visits ceil(r / lanes) groups in
place of G, and one at least: as if any `lanes` of them could be reached in a cycle [ours].

When x[k] is known is not in that formula. We take it that w_x is added as an event enters the spike path, so that x is
there when the last one does, after (S - 1) G cycles: then B, which waits for x, ends no later than the formula says,
and so does the update, of which only the last cycle needs x. Events of the layer itself count as others do. [ours]

What is off when a flag of the chip's Datapath is off, each definition ours:

    dependency_breaking   W_m m[k] takes the place of A, D G cycles that wait for the update and so for x; there is no B
    fusion                no accumulators of currents: every integration reads and writes the membranes in their
                          memory, as ODIN does at every event. A leak pass of 3 G comes before and a pass of 3 G that
                          compares and resets after; spikes and memory take turns at the membranes, spikes first
    stationarity          one dataflow for both: the memory's currents too are summed input-stationary, where those of
                          the spikes are, and spikes and memory take turns there, spikes first. As many cycles each

    in_place (on)         all membranes leak at once in their array, 2 B + 1 cycles for B bits whatever N is
                          (dmpnet.hardware.in_memory), in place of the leak pass; fused, beside the other paths

Dense integration: Workload.dense(). Left out: filling and emptying of pipelines, the readout, transport of spikes.
"""

from dataclasses import dataclass

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.hardware import energy, in_memory
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.workload import Workload

NEURON_CYCLES = 3  # authors' RTL: cycles a group of neurons takes


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

    b_for_x : memory B for x[k];  update_for_x : its last cycle for x[k]
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


def timing(work: Workload, chip: Chip, early: bool = False) -> Timing:
    """Cycles of every step of `work`.

    early : x[k] is known when a step begins, where another core sums it; else as the last event enters
    """
    check_leak(work, chip)
    path, G, D = chip.datapath, groups(work.N, chip), chip.dimensions(work.d)
    visited, fewest = visits(work, chip)
    alone = path.fusion and path.stationarity  # spikes and memory have accumulators each
    zero, slow, lookahead = np.zeros_like(visited), D > 0, D > 0 and path.dependency_breaking
    leak = leak_in_place(chip) if path.in_place else 0 if path.fusion else NEURON_CYCLES * G
    start = zero if path.fusion else zero + leak
    spikes = start + visited
    x = zero if early else start + np.maximum(visited - fewest, 0)
    updated = np.maximum(D, x) + 1 if slow else zero
    turn = start if alone else spikes
    began = turn if path.dependency_breaking else np.maximum(turn, updated)
    a = began + D * G if slow else start
    b = np.maximum(a, x) + G if lookahead else a
    last = np.maximum(spikes, b)
    neurons = np.maximum(last, leak)
    busy = Busy(visited, zero + D * G, zero + G * lookahead, zero + (D + 1) * slow,
                zero + NEURON_CYCLES * G + (0 if path.fusion or path.in_place else leak))
    waits = Waits(np.maximum(x - a, 0) * lookahead, np.maximum(x - D, 0) * slow, (began - turn) * slow,
                  (turn - start) * slow, np.maximum(spikes - np.maximum(a + G * lookahead, leak), 0),
                  np.maximum(b - np.maximum(spikes, leak), 0), np.maximum(leak - last, 0))
    return Timing(neurons + NEURON_CYCLES * G, busy, waits)


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
