"""Cores on the same spikes: sums by hand, laws, draws, verdicts; and the command."""

import contextlib
import dataclasses
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dmpnet
from dmpnet.cli import main
from dmpnet.errors import DmpnetError
from dmpnet.hardware import actions, chip, claims, core_run, cores, cycles, energy, prices
from dmpnet.hardware.actions import Action, Tally
from dmpnet.hardware.claims import Claim
from dmpnet.hardware.core_run import OFF_CHIP, Assumption, Run, Task
from dmpnet.hardware.cores import delays, dense, dmp, elfcore_like, recurrent
from dmpnet.hardware.workload import Workload
from dmpnet.trained.network import parameters

DMP = chip.load("dmp")
NOMINAL = {one.name: one.high for one in cores.ASSUMED} | {
    "banks a lane": 0, "smallest memory": 8192, "write over read": 1.0, "its lanes over ours": 1.0,
    "its cores a layer": 1, "dense lanes": 256, "dense bits": 8, "launch us": 0.0}
"""All fits on the chip; prices are those of energy.ASSUMED; others as fast as ours, Loihi as it is."""


def work(S=(3, 1), N=8, d=8, M=20, sent=(2, 0), **more):
    return Workload(N, M, d, np.array(S), np.array(sent), **more)


def task(*works, window=10.0, **more):
    works = works or (work(classes=5),)
    return Task(works, tuple(window * (one.d > 0) for one in works), DMP, **more)


def draw(**changes):
    assert changes.keys() <= NOMINAL.keys()
    return NOMINAL | changes


# each core by hand: 2 steps, 4 events on 8 neurons, 8 dimensions, 2 spikes to 5 classes


def test_the_dmp_core_is_what_the_model_of_a_chip_says():
    """Its cycles and energy are those of dmpnet.hardware.cycles and prices, summed over layers."""
    asked = task(work(), work(S=(2, 0), M=8, classes=5))
    sized = core_run.sized(list(asked.works), DMP)
    ran = cores.CORES["dmp"].run(asked, draw())
    assert ran.cycles == sum(cycles.timing(one, sized).latency.mean() for one in asked.works) > 0
    costs = [prices.cost(one, sized) for one in asked.works]
    assert ran.total == pytest.approx(sum(cost.total for cost in costs) / 2) and ran.pj[OFF_CHIP] == 0
    assert ran.pj["memory"] == pytest.approx(sum(cost.pj["memory"] for cost in costs) / 2)


def test_area_by_hand():
    """4 lanes: a sum of 24 bits, a product of 16 by 8, two sums of 16, for the memory a product of 8 by 16 and a sum of
    24; the update 8 of the latter. W_f 160, w_x 20, W_o 40 bytes and 14 biases of two; P, nu, Abar, Bbar; u, m, x."""
    ran = cores.CORES["dmp"].run(task(), draw())
    assert ran.arithmetic == 4 * (24 + 128 + 32 + 128 + 24) + 8 * (128 + 24)
    assert ran.sram == 8 * (160 + 20 + 40 + 28 + 64 + 8 + 64 + 8 + 16 + 16 + 2)
    assert ran.area(draw(**{"cells a full adder": 10})) == ran.sram + 10 * ran.arithmetic
    assert ran.parameters == 20 * 8 + 8 * 8 + 64 + 8 * 5


def test_recurrent_weights_by_hand():
    """The 2 spikes of step 1 come back in step 2: 6 events in all on 2 groups; 16 weights more are read. No memory."""
    ran = recurrent.run(task(), draw())
    assert ran.busy["spike"] == 6 * 2 / 2 and ran.busy["memory"] == ran.busy["update"] == ran.pj["memory"] == 0
    assert ran.parameters == 20 * 8 + 64 + 8 * 5
    assert ran.sram == 8 * (160 + 64 + 40 + 26 + 16)
    tally = actions.count(dataclasses.replace(work(classes=5), d=0, recurrent=True), DMP)["spike"]
    assert tally[Action("read", "weights", 8)] == 48
    one = recurrent.run(task(), draw(**{"its lanes over ours": 0.25}))
    assert one.busy["spike"] == 6 * 8 / 2 and one.pj == pytest.approx(ran.pj)
    assert recurrent.run(task(), draw(**{"it fuses integration": 0})).total > ran.total


def test_delays_by_hand():
    """4 events reach 8 neurons each, 2 spikes 5 classes: 21 synaptic events a step; 8 accesses and updates; a spike."""
    ran = delays.run(task(), draw())
    assert ran.pj["spike"] == pytest.approx(21 * 35.5)
    assert ran.pj["output"] == pytest.approx(8 * (51.2 + 21.6) + 69.3)
    ns = 21 * 4.0 + 8 * (6.0 + 3.7) + 30.0 + 299.0
    assert ran.cycles == pytest.approx(ns * 0.2), "200 MHz: a fifth of a cycle a ns"
    assert delays.run(task(clock=400e6), draw()).cycles == pytest.approx(ns * 0.4)
    assert ran.parameters == 20 * 8 + 8 + 8 * 5
    assert ran.sram == 8 * (160 + 40 + 26) + 8 * (16 + 10 + 4), "10 steps of one bit wait, a delay has 4"
    fifth = delays.run(task(), draw(**{"event energy over Loihi's": 0.2, "event time over Loihi's": 0.1}))
    assert fifth.total == pytest.approx(ran.total / 5) and fifth.cycles == pytest.approx(ran.cycles / 10)


def test_dense_by_hand():
    """20 by 8, 8 by 8, 64 + 8 and 20 of w_x, 8 leaks and resets and 40 of the readout: 372 products, 356 weights."""
    ran = dense.run(task(), draw())
    assert dense.products(work(classes=5)) == {"spike": 160, "memory": 64, "update": 92, "output": 56}
    assert sum(ran.busy.values()) == ran.cycles == pytest.approx(372 / 256)
    line = energy.bit_line_pj(8192)
    assert ran.total == pytest.approx(372 * (0.2 + 0.03 + 8 * line) + 2 * 16 * 8 * line)
    late = dense.run(task(), draw(**{"launch us": 10.0}))
    assert late.cycles == pytest.approx(372 / 256 + 2000), "200 cycles a us"
    read = dense.run(task(), draw(**{"cache kept": 0, "DRAM bits a cycle": 16, "DRAM pJ a bit": 30}))
    assert read.off_chip == 356 * 8 and read.pj[OFF_CHIP] == 356 * 8 * 30 and read.cycles == 356 * 8 / 16


def test_the_variant_differs_by_its_flags_alone():
    """With the flags of the DMP core it costs what that does; without them more."""
    asked, flags = task(), elfcore_like.variant()
    assert flags == {"fusion": False, "stationarity": False}
    alone = dataclasses.replace(asked, chip=chip.changed(DMP, {f"datapath.{name}": value
                                                               for name, value in flags.items()}), known={})
    assert elfcore_like.run(asked, draw()) == dmp.run(alone, draw())
    assert elfcore_like.run(asked, draw()).total > dmp.run(asked, draw()).total


def test_parameters_are_those_of_trained_networks():
    """By the paper's rule, of networks that ship with the same layers."""
    network, theirs = dmpnet.load("shd-regen-dmp2"), dmpnet.load("shd-regen-rsnn")
    quiet = np.zeros((1, 2), int)
    works = [Workload(layer.N, layer.M, layer.d, quiet, quiet, network.classes * last)
             for layer, last in zip(network.layers, (0, 1), strict=True)]
    asked = task(*works)
    assert dmp.run(asked, draw()).parameters == parameters(network)["paper"] == 39_624
    assert recurrent.run(asked, draw()).parameters == parameters(theirs)["paper"]


# off the chip


def test_what_does_not_fit_is_fetched():
    """Room for state, slow memory and half of the weights: half of what is read of those comes from outside."""
    needs = {"weights": 70, "slow": 20, "state": 10}
    tally = Tally({Action("read", "weights", 8): 10, Action("read", "slow", 8): 5, Action("write", "state", 16): 3,
                   Action("read", "registers", 24): 100})
    assert core_run.off_chip(needs, 65, tally) == pytest.approx(40)
    assert core_run.off_chip(needs, 20, tally) == pytest.approx(80 + 20) and core_run.off_chip(needs, 100, tally) == 0
    assert core_run.off_chip(needs, 0, tally) == 80 + 40 + 48


@settings(max_examples=25)
@given(st.floats(0.1, 4), st.floats(0.1, 4))
def test_more_memory_is_never_more_traffic(one, other):
    asked = task()
    for name in ("dmp", "recurrent", "delays"):
        less, more = (cores.CORES[name].run(asked, draw(**{"on-chip memory": part})).off_chip
                      for part in sorted((one, other)))
        assert less >= more
    assert cores.CORES["dmp"].run(asked, draw(**{"on-chip memory": 1.0})).off_chip == 0


def test_traffic_takes_energy_and_may_take_the_time():
    asked = task()
    kept, fetched = (dmp.run(asked, draw(**{"on-chip memory": part, "DRAM pJ a bit": 20, "DRAM bits a cycle": bits}))
                     for part, bits in ((1, 16), (0.5, 16)))
    assert fetched.off_chip > 0 and fetched.total == pytest.approx(kept.total + 20 * fetched.off_chip)
    assert fetched.cycles == max(kept.cycles, fetched.off_chip / 16)
    slow = dmp.run(asked, draw(**{"on-chip memory": 0.5, "DRAM bits a cycle": 1}))
    assert slow.cycles == slow.off_chip > kept.cycles


# draws


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_draws_lie_between_the_ends_and_follow_the_seed(seed):
    drawn = cores.draws(seed, 50)
    assert drawn == cores.draws(seed, 50) != cores.draws(seed + 1, 50)
    for one in cores.ASSUMED:
        values = np.array([each[one.name] for each in drawn])
        assert (one.low <= values).all() and (values <= one.high).all() and len(set(values)) > 1
        if one.how in ("whole", "either"):
            assert (values == np.round(values)).all()
    assert len({one.name for one in cores.ASSUMED}) == len(cores.ASSUMED)
    assert {claims.OURS, *claims.PUBLISHED} < set(cores.CORES) and next(iter(cores.CORES)) == claims.OURS


def test_draws_are_spread_as_they_say():
    """Even: half above the middle; log: half above the geometric mean; an assumption's draws hang on its name alone."""
    for how, middle in (("even", 50.5), ("log", 10.0)):
        values = Assumption("a", 1, 100, how, "").drawn(0, 4000)
        assert abs((values > middle).mean() - 0.5) < 0.03
    assert not np.array_equal(values, Assumption("b", 1, 100, "log", "").drawn(0, 4000))


# claims


def claim(values, least=4.0, most=np.inf):
    return Claim("c", "", lambda task, runs: np.array(values), least, most)


def judge(values, drawn, **more):
    return claims.judged(claim(values, **more), task(), {}, drawn)


def test_verdicts():
    """Of 100 draws: all above, none, those where lanes are many; and 10 with nothing to compare."""
    drawn = [{"lanes": float(n % 10), "other": float((7 * n) % 100)} for n in range(100)]
    assert judge(np.full(100, 5.0), drawn).verdict == "inside"
    outside = judge(np.full(100, 4.0), drawn)
    assert (outside.verdict, outside.holds, outside.decides) == ("outside", 0, ""), "the end is not inside"
    half = judge([draw["lanes"] for draw in drawn], drawn, least=4.5)
    assert (half.verdict, half.decides, half.when_high, half.when_low, half.holds) == (
        "undecidable", "lanes", 1, 0, 0.5)
    some = judge([np.nan if draw["lanes"] == 0 else 9.0 for draw in drawn], drawn)
    assert (some.verdict, some.holds, some.decides) == ("undecidable", 1, "lanes") and some.nothing == pytest.approx(.1)
    assert judge(np.full(100, np.nan), drawn).verdict == "undecidable"
    few = judge([9.0 if n else 0.0 for n in range(100)], drawn)
    assert few.verdict == "inside" and few.holds == 0.99


def fake(cycles=1.0, pj=1.0, off_chip=0.0, parameters=1):
    return Run(cycles, {}, {"spike": pj}, off_chip, 8000, 1, parameters)


def test_numbers_of_the_claims_by_hand():
    """The best of the two published kinds, draw by draw; traffic and parameters beside recurrent weights."""
    runs = {"dmp": [fake(10, 2, 1, 60)] * 2, "elfcore_like": [fake(1, 1)] * 2, "dense": [fake(1, 1)] * 2,
            "recurrent": [fake(50, 30, 20, 100), fake(50, 30, 0, 100)], "delays": [fake(70, 20), fake(30, 40)]}
    asked = task(clock=1e6)
    assert claims.throughput(asked, runs).tolist() == [5, 3] and claims.efficiency(asked, runs).tolist() == [10, 15]
    reduced = claims.traffic(asked, runs)
    assert reduced[0] == pytest.approx(95) and np.isnan(reduced[1])
    assert claims.parameters(asked, runs).tolist() == pytest.approx([40, 40])
    assert claims.milliseconds(0.01)(asked, runs).tolist() == pytest.approx([1, 1]), "100 steps of 10 us"
    assert "from 0.2 MHz on" in claims.clock(5, 0.01)(asked, runs)


def test_from_how_many_lanes_on():
    """64 neurons, no events: 3 G cycles of neurons and G d of memory, so that twice the lanes take about half."""
    quiet = np.zeros((1, 2), int)
    asked = task(Workload(64, 8, 8, quiet, quiet, 2))
    times = [claims.taken(asked, lanes) for lanes in claims.doubled(4, 64)]
    assert claims.doubled(4, 64) == [4, 8, 16, 32, 64] and times == sorted(times, reverse=True)
    runs = {name: [fake(5 * times[2])] for name in claims.PUBLISHED}
    assert claims.lanes(5.01)(asked, runs).endswith("from 32 on") and claims.lanes(4.99)(asked, runs).endswith("16 on")
    assert claims.lanes(1e6)(asked, runs).endswith("not with any number")


def test_up_to_which_d_parameters_are_saved():
    """128 inputs, 128 neurons, one layer, 20 classes: 35,328 with W_r; 40 % less are 21,196.8, so 128 d + d^2 below
    2,252.8, d up to 15."""
    quiet = np.zeros((1, 2), int)
    asked = task(Workload(128, 128, 10, quiet, quiet, 20))
    runs = {"recurrent": [recurrent.run(asked, draw())]}
    assert runs["recurrent"][0].parameters == 35_328 and claims.fewer(40)(asked, runs).endswith("up to 15")
    assert 128 * 15 + 15**2 < 2_252.8 < 128 * 16 + 16**2


@pytest.mark.parametrize("call, named", [
    (lambda: task(work(d=0)), "no slow memory.*shd-regen-dmp2"), (lambda: task(clock=0), "a clock of 0 Hz"),
    (lambda: task(clock=float("nan")), "a clock of nan Hz"),
])
def test_impossible_tasks(call, named):
    with pytest.raises(DmpnetError, match=named):
        call()


# the command


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Printed and written by `dmpnet cores` of the digits that ship."""
    out = tmp_path_factory.mktemp("cores") / "cores.json"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert not main(["cores", "smnist-dmp2", "--samples", "1", "--draws", "20", "--out", str(out)])
    return printed.getvalue(), json.loads(out.read_text())


def test_the_command_prints_what_fits_a_terminal_and_writes_the_same(told):
    printed, found = told
    assert max(map(len, printed.splitlines())) <= 80
    assert "median (5th-95th percentile of 20 draws)" in printed and "of 100 draws" not in printed
    assert all(core.TITLE.split()[0] in printed for core in cores.CORES.values())
    assert found["command"] == "cores" and found["clock"] == energy.IMPULSE_CLOCK_HZ and found["steps"] == 784
    assert set(found["time"]) == set(found["energy"]) == set(found["area"]) == set(found["use"]) == set(cores.CORES)
    for line in found["time"].values():
        assert 0 < line["cycles a step"]["low"] <= line["cycles a step"]["median"] <= line["cycles a step"]["high"]
        assert line["ms an inference"]["median"] == pytest.approx(784 * line["ms a step"]["median"])
    assert [one["claim"] for one in found["claims"]] == [one.says for one in claims.of_the_paper(1e-3)]
    assert {one["verdict"] for one in found["claims"]} <= {"inside", "outside", "undecidable"}
    assert {one["name"] for one in found["assumed"]} == {one.name for one in cores.ASSUMED}


def test_a_path_never_works_longer_than_a_step(told):
    for line in told[1]["use"].values():
        assert all(0 <= use["high"] <= 100 for use in line.values()) and line["spike"]["high"] > 0


@pytest.mark.parametrize("words, named", [
    (["smnist-fsnn"], "smnist-fsnn has no slow memory"), (["nmnist-conv-dmp"], "a graph of nodes"),
    (["smnist-dmp2", "--chip", "none"], "chip 'none'"), (["smnist-dmp2", "--samples", "1", "--mhz", "0"], "clock of 0"),
])
def test_what_cannot_be_compared(words, named, capsys):
    assert main(["cores", *words]) == 2
    assert named in capsys.readouterr().err
