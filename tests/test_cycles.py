"""Cycles of a step: the authors' formula, limits, and an event simulation, cycle by cycle, that knows no formula."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip, cycles, workload
from dmpnet.hardware.workload import Workload

DMP = chip.changed(chip.load("dmp"), {"limits.spikes": 4096})  # a queue that is long enough
FLAGS = ("dependency_breaking", "fusion", "stationarity")


def load(S, N=128, d=8, M=700, sent=0, **more):
    events = np.atleast_1d(np.asarray(S, int))
    return Workload(N, M, d, events, np.full_like(events, sent), **more)


def core(lanes=4, slots=8, **flags):
    return chip.changed(DMP, {"limits.lanes": lanes, "limits.slots": slots} | {
        f"datapath.{name}": value for name, value in flags.items()})


# an event simulation


class Unit:
    """Does a list of jobs in order, a cycle each; a job starts as soon as all it needs is done."""

    def __init__(self, jobs):
        self.jobs = list(jobs)
        self.busy = self.waited = 0

    def cycle(self, done, taken):
        """Do the next job unless something it needs is missing or taken; what it does is done when the cycle ends."""
        if not self.jobs:
            return None
        needs, resource, name = self.jobs[0]
        if not needs <= done or resource in taken:
            self.waited += 1
            return None
        self.jobs.pop(0)
        self.busy += 1
        if resource:
            taken.add(resource)
        return name


def simulate(S, N, D, described, u_bits=16, counter=True):
    """One step of a core, cycle by cycle: {'latency': ..., path: busy cycles}, and cycles each waited with work left.

    Units: spikes, memory, update, the counter of x, neurons and, where membranes leak in place, the array. Jobs name
    what they need. Control takes 7 cycles in which none of them works.
    """
    path, lanes = described.datapath, described.limits.lanes
    groups = range(0, N, lanes)
    leak = [(set(), None, ("leak", b)) for b in range(2 * u_bits + 1)] if path.in_place else []
    passes = [(set(), None, ("leak", n, c)) for n in groups for c in "ruw"] if not path.fusion and not leak else []
    leaked = {job[2] for job in leak + passes}
    first = set() if path.fusion else leaked  # nothing touches a membrane before it has leaked
    share = None if path.fusion and path.stationarity else "sums"
    spikes = [(first, share, ("spike", s, n)) for s in range(S) for n in groups]
    all_spikes = {job[2] for job in spikes}
    turn = set() if share is None else all_spikes | first
    entered = {("spike", s, n) for s in range(S - 1) for n in groups} | first  # then the last event enters, x is there
    sums = [(set(), None, ("x", s)) for s in range(S + 1)]  # the events, then the rectifier
    x = {job[2] for job in sums} if counter else entered
    update = [(set(), None, ("update", i)) for i in range(D)] + [(x, None, ("update", "x")),
                                                                 (x, None, ("update", "written"))] * (D > 0)
    updated = {("update", "written")} if D else set()
    waits = set() if path.dependency_breaking else updated
    memory = [(turn | waits, share, ("memory", i, n)) for n in groups for i in range(D)]
    if D and path.dependency_breaking:
        memory += [(turn | x, share, ("memory", "nu", n)) for n in groups]
    currents = all_spikes | {job[2] for job in memory} | leaked
    neurons = [(currents, None, ("neurons", n, c)) for n in groups for c in "ruw"]
    units = {"array": Unit(leak), "spikes": Unit(spikes), "memory": Unit(memory), "update": Unit(update),
             "leak pass": Unit(passes), "neurons": Unit(neurons)} | ({"counter": Unit(sums)} if D and counter else {})
    done, clock = set(), 0
    while any(unit.jobs for unit in units.values()):
        taken = set()
        done |= {name for unit in units.values() if (name := unit.cycle(done, taken))}
        clock += 1
        assert clock < 10**5, "the units wait for each other"
    return {"latency": clock + 7} | {name: unit.busy for name, unit in units.items()}, units


def as_simulated(found):
    """A Timing of one step as `simulate` names its parts."""
    busy = {name: int(value[0]) for name, value in vars(found.busy).items()}
    return {"latency": int(found.latency[0]), "spikes": busy["spikes"], "update": busy["update"],
            "memory": busy["memory_a"] + busy["memory_b"], "neurons": busy["neurons"]}


sizes = {"S": st.integers(0, 9), "N": st.integers(1, 40), "d": st.integers(0, 12), "lanes": st.integers(1, 48),
         "slots": st.integers(1, 7)}


@given(**sizes, flags=st.tuples(*[st.booleans()] * 3), in_place=st.booleans(), counter=st.booleans())
def test_the_closed_form_is_the_event_simulation(S, N, d, lanes, slots, flags, in_place, counter):
    described = core(lanes, slots, **dict(zip(FLAGS, flags, strict=True)), in_place=in_place)
    decay = "linear" if in_place else "exponential"
    found = cycles.timing(load(S, N, d, decay=decay), described, counter)
    want, units = simulate(S, N, -(-d // slots) * slots, described, counter=counter)
    got = as_simulated(found)
    assert got == {name: want[name] for name in got} | {"neurons": want["neurons"] + want["leak pass"]}
    waits = {name: int(value[0]) for name, value in vars(found.waits).items()}
    assert min(waits.values()) >= 0
    assert units["update"].waited == waits["update_for_x"]
    leaked = 0 if described.datapath.fusion else want["leak pass"] + want["array"]  # first, where it is not fused
    assert units["memory"].waited == (waits["b_for_x"] + waits["a_for_update"] + waits["a_for_spikes"] + leaked
                                      if d else 0)
    spikes, memory = leaked + want["spikes"], units["memory"].waited + want["memory"] if d else leaked
    assert want["latency"] - want["neurons"] - 7 == max(spikes, memory, want["array"])
    assert waits["neurons_for_memory"] == max(memory - max(spikes, want["array"]), 0)
    assert waits["neurons_for_spikes"] == max(spikes - max(memory - waits["b_for_x"], want["array"]), 0)
    assert waits["neurons_for_leak"] == max(want["array"] - max(spikes, memory), 0)


def test_the_simulation_is_the_authors_formula_where_nothing_is_off():
    for S, N, d, lanes in [(5, 12, 3, 4), (0, 12, 3, 4), (1, 7, 9, 2), (20, 24, 2, 8)]:
        G = -(-N // lanes)
        assert simulate(S, N, d, core(lanes, d))[0]["latency"] == max(S * G, G * d + G) + 3 * G + 7


# closed forms


@given(S=st.integers(0, 700), N=st.integers(1, 2000), d=st.integers(1, 60), lanes=st.integers(1, 64))
def test_the_formula_of_the_authors_rtl(S, N, d, lanes):
    G = -(-N // lanes)
    found = cycles.timing(load(S, N, d), core(lanes, d))
    late = max(S + 1 - G * d, 0) if G < 3 else 0  # B waits for x, longer than the spikes last
    assert found.latency.tolist() == [max(S * G, G * d + late + G) + 3 * G + 7]
    assert as_simulated(found) == {"latency": found.latency[0], "spikes": S * G, "memory": d * G + G, "update": d + 2,
                                   "neurons": 3 * G}


def test_the_core_of_the_authors():
    """32 groups: the memory's 288 cycles last until 9 events come in; 32 are the most, 1,024 cycles; then 96 and 7."""
    found = cycles.timing(load([0, 1, 9, 10, 32]), DMP)
    assert found.latency.tolist() == [391, 391, 391, 423, 1127]
    assert found.waits.neurons_for_spikes.tolist() == [0, 0, 0, 32, 736]
    assert found.waits.neurons_for_memory.tolist() == [288, 256, 0, 0, 0]
    assert not found.waits.b_for_x.any() and found.waits.update_for_x.tolist() == [0, 0, 2, 3, 25]
    shared = cycles.timing(load([0, 1, 9, 10, 32]), DMP, counter=False)
    assert shared.latency.tolist() == found.latency.tolist()
    assert shared.waits.b_for_x.tolist() == [0, 0, 0, 32, 31 * 32 - 256]


def test_two_layers_one_after_the_other():
    """10 events come in (10 cycles), 20 go on (20 + 3), 5 go out (5): 320 + 103, 640 + 103. Of 40, 32 go on."""
    first, second = load(10, sent=20), load(20, M=128, sent=5)
    assert cycles.all_layers([first, second], DMP).tolist() == [10 + 423 + 23 + 743 + 5] == [1204]
    assert cycles.ways([load(10, sent=40), second], chip.load("dmp")) == 10 + 35 + 5
    assert cycles.ways([load(0), load(0, M=128)], DMP) == 0 + 3 + 1
    assert cycles.all_layers([load(9, sent=0)], DMP) == 9 + 391 + 1


def test_dependency_breaking():
    """It saves nothing: m is written after max(8, S + 1) + 2 cycles, then 256 for W_m m, where nu x takes 32 more. Were
    x added in the spike path, 20 events would let it wait for 19 * 32 cycles, two more for m."""
    off = core(dependency_breaking=False)
    assert cycles.timing(load(20), DMP).latency == cycles.timing(load(20), off).latency == 640 + 103
    assert cycles.timing(load(10), DMP).latency == cycles.timing(load(10), off).latency == 320 + 103
    assert cycles.timing(load(0), off).latency == 8 + 2 + 256 + 103 < cycles.timing(load(0), DMP).latency == 288 + 103
    assert cycles.timing(load(20), off).waits.a_for_update == 23
    assert cycles.timing(load(20), off, counter=False).latency == 608 + 2 + 256 + 103
    assert cycles.timing(load(20), off, counter=False).waits.a_for_update == 610


@given(S=st.integers(0, 700), N=st.integers(9, 300), d=st.integers(1, 60), lanes=st.integers(1, 64))
def test_breaking_the_dependency_saves_at_most_what_the_update_lasts_longer_than_nu_x(S, N, d, lanes):
    """Without it W_m m ends at max(D, S + 1) + 2 + G D, with it at G D + G, from three groups on."""
    N, G = max(N, 3 * lanes), -(-max(N, 3 * lanes) // lanes)
    on, off = (cycles.timing(load(S, N, d), core(lanes, d, dependency_breaking=on)).latency[0] for on in (True, False))
    assert off - on <= max(max(d, S + 1) + 2 - G, 0)
    if G * S <= G * d + G:  # the spikes last no longer
        assert off - on == max(d, S + 1) + 2 - G


@given(S=st.integers(0, 700))
def test_on_the_authors_core_it_saves_nothing(S):
    on, off = (cycles.timing(load(S), core(dependency_breaking=on)).latency[0] for on in (True, False))
    assert on >= off


def test_fusion_and_stationarity():
    """Spikes and memory one after the other: 640 + 288; and without fusion a leak pass of 96 more."""
    assert cycles.timing(load(20), core(stationarity=False)).latency == 640 + 288 + 103
    assert cycles.timing(load(20), core(fusion=False)).latency == 96 + 640 + 288 + 103
    assert cycles.timing(load(20), core(fusion=False, stationarity=False)).latency == 96 + 640 + 288 + 103
    assert cycles.timing(load(20), core(fusion=False)).waits.a_for_spikes == 640


def test_leak_in_place():
    """16-bit membranes leak in 33 cycles: unfused in place of 96; fused beside the other paths, which take longer."""
    linear = load(20, decay="linear")
    assert cycles.timing(linear, core(fusion=False, in_place=True)).latency == 33 + 640 + 288 + 103
    assert cycles.timing(linear, core(in_place=True)).latency == cycles.timing(linear, DMP).latency
    one = load(0, 1, 0, decay="linear")
    assert cycles.timing(one, core(in_place=True)).latency == 33 + 3 + 7
    assert cycles.timing(one, core(in_place=True)).waits.neurons_for_leak == 33
    with pytest.raises(DmpnetError, match="decay is exponential; .*in_place = false"):
        cycles.timing(load(20), core(in_place=True))


def test_slots_are_computed_used_or_not():
    assert cycles.timing(load(0, d=1), DMP).latency == cycles.timing(load(0, d=8), DMP).latency == 288 + 103
    assert cycles.timing(load(0, d=9), DMP).latency == 32 * 17 + 103


# limits


@pytest.mark.parametrize("flags", [{}, {"fusion": False}, {"dependency_breaking": False}, {"stationarity": False}])
def test_without_slow_memory(flags):
    """FSNN: nothing but spikes and neurons works, and nobody waits for x or m."""
    found = cycles.timing(load([0, 3], d=0), core(**flags))
    extra = 0 if flags.get("fusion", True) else 96
    assert found.latency.tolist() == [103 + extra, 96 + 103 + extra]
    assert not any(getattr(found.busy, path).any() for path in ("memory_a", "memory_b", "update"))
    assert not any(getattr(found.waits, name).any() for name in vars(found.waits) if name != "neurons_for_spikes")


def test_one_lane_and_too_many():
    assert cycles.timing(load(5), core(lanes=1)).latency == 128 * (9 + 3) + 7
    assert cycles.timing(load(5), core(lanes=128)).latency == 9 + 3 + 7
    assert cycles.timing(load(5), core(lanes=1000)).latency == 9 + 3 + 7


@given(**sizes, flags=st.tuples(*[st.booleans()] * 3))
def test_more_work_takes_no_less_and_flags_save(S, N, d, lanes, slots, flags):
    described = core(lanes, slots, **dict(zip(FLAGS, flags, strict=True)))

    def latency(at, *args):
        return cycles.timing(load(*args), at).latency[0]

    now = latency(described, S, N, d)
    assert latency(described, S + 1, N, d) >= now and latency(described, S, N + 1, d) >= now
    assert latency(described, S, N, d + 1) >= now
    assert latency(core(lanes + 1, slots, **dict(zip(FLAGS, flags, strict=True))), S, N, d) <= now
    for name in ("fusion", "stationarity"):  # dependency breaking may cost: G cycles for nu, see above
        with_it, without = (chip.changed(described, {f"datapath.{name}": on}) for on in (True, False))
        assert latency(with_it, S, N, d) <= latency(without, S, N, d)


@given(S=st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_no_path_works_longer_than_the_step(S):
    found = cycles.timing(load([S, S]), DMP)
    assert found.latency.shape == (2, len(S))
    for busy in vars(found.busy).values():
        assert (busy <= found.latency).all()
    assert found.means()["latency"] == pytest.approx(found.latency.mean())
    assert found.means()["busy spikes"] == pytest.approx(32 * np.mean(S))


def test_dense_integration_works_on_every_input():
    dense = load([3, 0], M=140).dense()
    assert cycles.timing(dense, DMP).latency.tolist() == [140 * 32 + 103] * 2


# workloads


def test_events_of_a_run_are_counted():
    network = random_network((6, 16, 12, 3), d=4)
    s_in = random_input(network, 5)
    activity = reference.run(network, s_in)
    first, second = workload.of(network, activity, s_in)
    assert (first.N, first.M, first.d, first.classes) == (16, 6, 4, 0)
    assert (second.N, second.M, second.d, second.classes) == (12, 16, 4, 3)
    assert first.events.shape == (5, 40) and not first.analog and first.steps == 200
    np.testing.assert_array_equal(first.events, s_in.sum(axis=2))
    np.testing.assert_array_equal(second.events, activity.spikes[0].sum(axis=2))
    np.testing.assert_array_equal(first.sent, second.events)
    assert 0 < second.sent.sum() < second.sent.size * 12, "silent or saturated: counting would show nothing"
    assert second.sops == activity.spikes[0].sum() * 12 + activity.spikes[1].sum() * 3


def test_analog_input_is_dense_where_it_is_not_zero():
    network = random_network((6, 16, 3), encoding="analog")
    s_in = random_input(network, 2, rate=0.3)
    work, = workload.of(network, reference.run(network, s_in), s_in)
    assert work.analog
    np.testing.assert_array_equal(work.events, (s_in > 0).sum(axis=2))


def test_own_spikes_of_a_recurrent_layer_are_events_a_step_later():
    work = Workload(5, 4, 0, np.array([[1, 2, 3]]), np.array([[5, 0, 4]]), recurrent=True)
    assert work.own.tolist() == [[0, 5, 0]] and work.S.tolist() == [[1, 7, 3]]
    assert work.sops == 11 * 5 and work.dense().S.tolist() == [[9, 9, 9]]
    assert replace(work, recurrent=False).sops == 6 * 5
    network = random_network((6, 16, 3), kind="RSNN")
    s_in = random_input(network, 2)
    assert workload.of(network, reference.run(network, s_in), s_in)[0].recurrent


@pytest.mark.parametrize("change, named", [
    ({"N": 0}, "N = 0"), ({"d": -1}, "d = -1"), ({"M": 2}, "events .* to 3, .* 0 to 2"),
    ({"sent": np.array([9, 0])}, "sent .* to 9, .* 0 to 5"), ({"events": np.array([1.5, 0])}, "events are float64"),
    ({"events": np.array([-1, 0])}, "events .* from -1"), ({"events": np.array([1])}, r"shape \(1,\).*\(2,\)"),
    ({"events": np.array([], int), "sent": np.array([], int)}, "a step at least"),
])
def test_impossible_workloads(change, named):
    with pytest.raises(DmpnetError, match=named):
        replace(Workload(5, 4, 2, np.array([1, 3]), np.array([0, 5])), **change)


@pytest.mark.parametrize("settings, named", [({"delay": 3}, "layer 1: .*delays"),
                                             ({"acts": "gain"}, "acts on the gain")])
def test_networks_no_chip_can_run(settings, named):
    network = random_network((6, 8, 3), **settings)
    s_in = random_input(network, 1)
    with pytest.raises(DmpnetError, match=named):
        workload.of(network, reference.run(network, s_in), s_in)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), st.sampled_from(["int8", "uint8", "int16", "uint64"]))
def test_counts_of_any_whole_type_cost_the_same(S, dtype):
    """In bytes 0 - 1 events would be 255, and 100 events of 128 neurons fewer than 100."""
    few, wide = (Workload(128, 700, 8, np.array(S, kind), np.array(S[::-1], kind), recurrent=True)
                 for kind in (dtype, "int64"))
    np.testing.assert_array_equal(cycles.timing(few, DMP).latency, cycles.timing(wide, DMP).latency)
    np.testing.assert_array_equal(cycles.timing(few.dense(), DMP).latency, cycles.timing(wide.dense(), DMP).latency)
    assert few.sops == wide.sops and (few.S == wide.S).all()


def test_spikes_have_to_be_recorded():
    network = random_network((6, 8, 3))
    s_in = random_input(network, 1)
    with pytest.raises(DmpnetError, match="spikes of 0 layers.*record"):
        workload.of(network, reference.run(network, s_in, record=()), s_in)
