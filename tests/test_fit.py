"""Does it fit the chip: each limit broken by exactly one and kept exactly, sizes by hand, all that is wrong at once."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import cli
from dmpnet.disk import shipped
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit, fit_array
from dmpnet.hardware.limit import Core, Limit
from dmpnet.hardware.limits import ARRAY, LEARNING, RULES
from dmpnet.hardware.plastic_rules import constrain as constrained_rule
from dmpnet.plasticity import rule
from dmpnet.trained import weights
from dmpnet.trained.adaptation import Adaptation
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.modes import Modes
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import legendre_pathway

DMP = chip.changed(chip.load("dmp"), {"datapath.queue": "refuse"})  # what else it does: test_queue.py
BANKS = ("weights bank", "slow bank", "state bank")


def network(M=10, N=12, d=5, C=3, kind="DMP", neuron=None, encoding="spikes", delay=0, acts="current", layers=1,
            adaptation=None, beta=None, modes=None):
    """Of zeros, as nothing but its shape is asked for; every layer has N neurons, the first M inputs."""
    made = []
    for inputs in [M] + [N] * (layers - 1):
        slow = legendre_pathway(np.zeros(inputs), 0.0, np.zeros((N, d)), np.zeros(N), 20.0, acts=acts) if d else None
        made.append(Layer(np.zeros((N, inputs)), np.zeros(N), neuron or Neuron(),
                          np.zeros((N, N)) if "RSNN" in kind else None, slow,
                          np.arange(inputs) % (delay + 1) if delay else None, adaptation=adaptation, beta=beta,
                          modes=modes))
    return TrainedNetwork(tuple(made), np.zeros((C, N)), np.zeros(C), Encoding(encoding, M, 40, 1e-3))


def roomy(**settings):
    """The DMP core with room for everything but what `settings` limit: memory__slow = 3 for 'memory.slow'."""
    room = {f"memory.{name}": 10**9 for name in ("weights", "slow", "state")} | {
        f"limits.{name}": 10**6 for name in ("neurons", "fan_in", "spikes", "cores")} | {
        "datapath.decay": ["exponential", "linear", "shift"], "datapath.resets": ["hard", "soft"]}
    return chip.changed(DMP, room | {key.replace("__", "."): value for key, value in settings.items()})


def bank(report, name, layer=1):
    return next(need.used for need in report.banks if (need.rule, need.layer) == (name, layer))


# sizes by hand


def test_banks_by_hand():
    """10-12-3, d 5 in 8 slots; 8-bit weights, 16-bit states and biases."""
    report = fit(network(), DMP)
    assert {need.rule: (need.layer, need.used, need.available) for need in report.banks} == {
        "weights bank": (1, 12 * 10 + 10 + 3 * 12 + 2 * (12 + 1 + 3), 93158),  # W_f, w_x, W_o; b_f, b_x, b_o
        "slow bank": (1, 12 * 8 + 12 + 8 * 8 + 8, 1224),  # P, nu, Abar, Bbar
        "state bank": (1, 2 * (12 + 8 + 1), 274)}  # u, m, x


def test_banks_by_hand_without_slow_memory_but_recurrent():
    report = fit(network(d=0, kind="RSNN"), DMP)
    assert [need.used for need in report.banks] == [12 * 10 + 12 * 12 + 3 * 12 + 2 * (12 + 3), 0, 2 * 12]


def test_only_the_last_core_has_the_readout():
    first, last = (fit(network(layers=2, C=C), DMP) for C in (3, 4))
    assert bank(first, "weights bank", 1) == bank(last, "weights bank", 1)
    assert bank(last, "weights bank", 2) - bank(first, "weights bank", 2) == 12 + 2


def test_nu_is_held_only_where_the_dependency_is_broken():
    waits = chip.changed(DMP, {"datapath.dependency_breaking": False})
    assert bank(fit(network(), DMP), "slow bank") - bank(fit(network(), waits), "slow bank") == 12


@pytest.mark.parametrize("M, d, kilobytes, within", [(140, 10, 20, 0.02), (700, 8, 92, 0.01)])
def test_a_layer_takes_as_much_as_the_authors_say(M, d, kilobytes, within):
    """Sun et al. 2026: about 20 kB for 140 inputs and d 10, 92 kB for 700 and d 8; N 128, without a readout."""
    described = chip.changed(DMP, {"limits.slots": d})
    report = fit(network(M, 128, d, layers=2), described)
    assert sum(need.used for need in report.banks if need.layer == 1) == pytest.approx(1000 * kilobytes, rel=within)


def test_the_dmp_core_holds_just_what_its_limits_let_in():
    report = fit(network(M=700, N=128, d=8, C=20), DMP, [32])
    assert report.ok and [need.used for need in report.banks] == [need.available for need in report.banks]


@pytest.mark.parametrize("name, C", [("dmp-256", 35), ("elfcore-like", 35), ("ldlif-cim", 20),
                                     ("ldlif-256", 35)])
def test_the_other_cores_too(name, C):
    core = chip.load(name)
    limits, neuron = core.limits, Neuron(decay=core.datapath.decay[0], lam=0.1)
    report = fit(network(limits.fan_in, limits.neurons, limits.slots, C, neuron=neuron), core, [limits.spikes])
    assert report.ok and [need.used for need in report.banks] == [need.available for need in report.banks]


def test_a_threshold_a_neuron_takes_memory():
    """Constrained with units a row, every neuron has its own; else one holds for the layer."""
    trained = random_network((6, 8, 3))
    shared, own = (fit(constrain(trained, DMP, random_input(trained, 2), rows=rows).network, DMP)
                   for rows in (False, True))
    assert bank(own, "weights bank") - bank(shared, "weights bank") == 2 * 8
    assert any("threshold of its own" in note for note in own.notes)
    assert not any("threshold" in note for note in shared.notes)
    assert bank(shared, "weights bank") == bank(fit(trained, DMP), "weights bank")


@pytest.mark.parametrize("name", ["smnist-dmp2", "shd-regen-dmp2", "shd-regen-rsnn", "digits-both"])
def test_shipped_networks_on_the_larger_core(name):
    trained = weights.load(shipped.path(name))
    assert fit(trained, chip.load("dmp-256"), [140, 200]).ok and fit(trained, chip.load("ideal"), [140, 200]).ok
    assert not fit(trained, chip.load("ldlif-cim")).ok  # trained with exponential decay


@pytest.mark.parametrize("name", [name for name in shipped.names() if name.endswith("-linear")])
def test_shipped_networks_that_decay_linearly_on_the_linear_core(name):
    trained = weights.load(shipped.path(name))
    assert fit(trained, chip.load("ldlif-256"), [trained.layers[0].M, 200]).ok
    assert not fit(trained, chip.load("dmp-256")).ok, "which decays exponentially"


# each limit, kept exactly and broken by one

LIMITS = {
    "neurons": ({"limits.neurons": 12}, {"N": 12}, {"N": 13}, (13, 12), "at most 12, or .* limits.neurons = 13"),
    "slots": ({"limits.slots": 5}, {"d": 5}, {"d": 6}, (6, 5), r"d at most 5, .* 2 blocks of 5 \(--blocks\)"),
    "fan-in": ({"limits.fan_in": 10}, {"M": 10}, {"M": 11}, (11, 10), "at most 10, or .* limits.fan_in = 11"),
    "delays": ({}, {"delay": 0}, {"delay": 1}, (1, 0), "train without delays"),
    "cores": ({"limits.cores": 2}, {"layers": 2}, {"layers": 3}, (3, 2), "at most 2, or .* limits.cores = 3"),
}


@pytest.mark.parametrize("rule", LIMITS)
def test_a_limit_is_kept_exactly_and_broken_by_one(rule):
    settings, kept, broken, (used, available), way_out = LIMITS[rule]
    described = roomy(**settings)
    assert fit(network(**kept), described).ok
    assert_broken(fit(network(**broken), described), rule, used, available, way_out)


def test_a_limit_that_a_chip_does_not_state_is_none():
    """Its number may be left out, then its default holds, or there is no limit; and what nobody knows breaks none."""
    wires = Limit("wires", "synapses", lambda core: core.N * core.M, "train fewer neurons")
    core = Core(2, 12, 10, 0, 0, 0, Neuron(), "current", 0, False, False, False, None)
    assert wires(core, DMP) is None and replace(wires, default=120)(core, DMP).over == 0
    need = replace(wires, default=119)(core, DMP)
    assert str(need) == ("layer 2: 120 synapses, but 119 fit, 1 too many; train fewer neurons, or take a chip with "
                         "limits.wires = 120")
    assert replace(wires, default=1, used=lambda core: core.spikes)(core, DMP) is None


def assert_broken(report, rule, used, available, way_out):
    """By `rule` and nothing else; said in the list, the table, the record and the error."""
    assert not report.ok and [need.rule for need in report.violations] == [rule]
    need, = report.violations
    assert (need.used, need.available, need.over) == (used, available, used - available)
    assert re.search(way_out, need.way_out), need.way_out
    line, = (line for line in report.table().splitlines() if line.endswith(" too many"))
    assert rule in line and f" {used - available:,} too many" in line
    assert report.record()["violations"] == [{"layer": need.layer, "rule": rule, "used": used, "available": available,
                                              "over": used - available, "way_out": need.way_out}]
    where = "network" if need.layer is None else f"layer {need.layer}"
    with pytest.raises(DmpnetError, match=f"{where}: {used} .*but {available} fit, {used - available} too many"):
        report.check()


def test_recurrent_neurons_are_inputs_too():
    assert fit(network(kind="RSNN"), roomy(limits__fan_in=22)).ok
    report = fit(network(kind="RSNN"), roomy(limits__fan_in=21))
    assert_broken(report, "fan-in", 22, 21, "at most 21")
    assert "12 of them its own neurons" in str(report.violations[0])


def test_input_spikes_in_a_step():
    described = roomy(limits__spikes=32)
    assert fit(network(layers=2), described, [32, 32]).ok
    report = fit(network(d=8, layers=2), described, [32, 33])
    assert_broken(report, "input spikes", 33, 32, "sparser.*limits.spikes = 33")
    assert report.violations[0].layer == 2 and not report.notes


def test_unknown_input_spikes_are_noted():
    report = fit(network(d=8, layers=2), roomy(limits__spikes=1))
    assert report.ok and len(report.notes) == 2 and "layer 2: input spikes in a step are not known" in report.notes[1]


def test_input_spikes_are_counted_on_samples_also_of_what_does_not_fit(capsys):
    """d 10 fits no 8 slots; --samples asks for the busiest step all the same."""
    asked = ["fit", "shd-regen-dmp2", "--chip", "dmp", "--split", "subset"]
    assert cli.main(asked) == 2
    told = " ".join(capsys.readouterr().out.split())
    assert "against the 32 that fit; count them on recordings (`dmpnet fit --samples N`, busiest)" in told
    assert cli.main([*asked, "--samples", "1", "--set", "datapath.queue=refuse"]) == 2
    told = " ".join(capsys.readouterr().out.split())
    assert "input spikes in a step, but 32 fit" in told and "not known" not in told


def test_analog_input_has_no_spikes_to_count():
    """In the first layer; those above it hear spikes."""
    described = roomy(limits__spikes=1)
    assert fit(network(d=8, encoding="analog", layers=2), described, [99, 1]).notes == (
        "layer 1: its input is analog, so the limit on input spikes does not hold there",)
    report = fit(network(encoding="analog", layers=2), described, [99, 2])
    assert_broken(report, "input spikes", 2, 1, "sparser")


@pytest.mark.parametrize("busiest", [[], [1], [1, 2, 3], [1, -1]])
def test_input_spikes_are_counted_in_every_layer(busiest):
    with pytest.raises(DmpnetError, match="busiest = .*each of 2 layers"):
        fit(network(layers=2), DMP, busiest)


@pytest.mark.parametrize("name, way_out", [
    ("weights", "at most 11 neurons, or give W_f, w_x, W_o at most 7 bits, or .*memory.weights = 198"),
    ("slow", "at most 11 neurons, or give P, nu, Abar, Bbar at most 7 bits, or .*memory.slow = 180"),
    ("state", "at most 11 neurons, or give u, m, x at most 15 bits, or .*memory.state = 42"),
])
def test_a_bank_holds_its_last_byte_and_not_one_more(name, way_out):
    used = bank(fit(network(), DMP), f"{name} bank")
    assert fit(network(), roomy(**{f"memory__{name}": used})).ok
    assert_broken(fit(network(), roomy(**{f"memory__{name}": used - 1})), f"{name} bank", used, used - 1, way_out)


def test_bits_are_summed_before_they_are_rounded_up_to_bytes():
    """12 u and 8 m of 3 bits and x of 2: 62 bits are 8 bytes, not 12 + 8 + 1."""
    described = roomy(words__u__bits=3, words__m__bits=3, words__x__bits=2)
    assert bank(fit(network(), described), "state bank") == 8


KINDS = {
    "decay": ({"datapath.decay": ["exponential", "shift"]}, {"neuron": Neuron(decay="linear", lam=0.1)},
              "layer 1: decay linear, but a core has exponential, shift; train with exponential or shift decay, or "
              "swap it in the trained network (dmpnet.trained.swap)"),
    "reset": ({"datapath.resets": ["soft"]}, {"neuron": Neuron(reset="hard")},
              "layer 1: reset hard, but a core has soft; train with soft reset"),
    "floor": ({}, {"neuron": Neuron(floor=-1.0)},
              "layer 1: floor of the membranes any, but a core has none; take a chip with datapath.floor = true, or a "
              "network without (dmpnet.trained.swap.floored)"),
    "acts": ({}, {"acts": "threshold"},
             "layer 1: slow memory acting on the threshold, but a core has current; train with acts = 'current'"),
    "adaptation": ({}, {"adaptation": Adaptation(*np.zeros((3, 12)))},
                   "layer 1: adaptation any, but a core has none; train without adaptation"),
    "betas": ({}, {"beta": np.full(12, 0.5)},
              "layer 1: beta one a neuron, but a core has one a layer; train without each_decay"),
    "modes": ({}, {"modes": Modes(*np.zeros((3, 12, 1))), "d": 0},
              "layer 1: modes any, but a core has none; train without modes"),
}


@pytest.mark.parametrize("rule", KINDS)
def test_a_kind_the_chip_does_not_have(rule):
    settings, broken, message = KINDS[rule]
    report = fit(network(**broken), roomy(**settings))
    assert [need.rule for need in report.violations] == [rule] and str(report.violations[0]) == message
    assert report.violations[0].over == 1 and "not there" in report.table()
    assert fit(network(neuron=Neuron(reset="soft")), roomy(**settings)).ok


def test_gain_is_refused_too():
    assert [need.rule for need in fit(network(acts="gain"), roomy()).violations] == ["acts"]


def test_every_rule_was_broken_here():
    """A rule added without a test of its own fails here."""
    broken = {*LIMITS, *KINDS, *BANKS, "input spikes"}
    both = fit(network(**KINDS["adaptation"][1], **KINDS["betas"][1]), DMP, [1]).needs
    rings = fit(network(**KINDS["modes"][1]), DMP, [1]).needs
    assert {need.rule for need in (*both, *rings)} == broken
    assert len(both) == len(RULES) and len(rings) == len(RULES) - 1


# learning

LEARNS = chip.load("learning")


def learns(name="pair-additive", **settings):
    """The learning core with room for everything but what `settings` limit, and a rule on it."""
    room = {f"memory.{bank}": 10**9 for bank in ("weights", "slow", "state")} | {
        f"limits.{limit}": 10**6 for limit in ("neurons", "fan_in", "spikes", "cores", "slots")} | {
        "plasticity.traces": 10**9, "plasticity.random": 10**9}
    described = chip.changed(LEARNS, room | {key.replace("__", "."): value for key, value in settings.items()})
    return constrained_rule(rule(name), described, 1e-3), described


def test_an_array_that_learns_by_hand():
    """10 inputs, 12 neurons: a byte a synapse, 2 a neuron's bias, a trace a neuron, a 16-bit register a neuron."""
    report = fit_array(*learns(), 10, 12)
    assert {need.rule: need.used for need in report.needs} == {
        "neurons": 12, "fan-in": 10, "weights bank": 120 + 24, "traces bank": 10 + 12, "random bank": 2 * (10 + 12)}
    assert len(report.needs) == len(ARRAY)


@pytest.mark.parametrize("name, traces", [
    ("pair-multiplicative", 10 + 12), ("triplet-hippocampal-full", 2 * (10 + 12)), ("diehl-cook", 10 + 256),
    ("reward-modulated", 10 + 12 + 120 + 1), ("slow-memory-gated", 10 + 12 + 1)])
def test_what_rules_remember_takes_room(name, traces):
    """Two traces a neuron; a table of 256 steps for w^mu; an eligibility a synapse, and the reward."""
    assert bank(fit_array(*learns(name), 10, 12), "traces bank") == traces


def test_binary_weights_take_a_bit_each_and_without_chance_no_register_is_needed():
    assert bank(fit_array(*learns("stochastic-binary"), 10, 12), "weights bank") == 120 // 8 + 24
    assert bank(fit_array(*learns(plasticity__w__rounding="nearest"), 10, 12), "random bank") == 0


@pytest.mark.parametrize("name, used, way_out", [
    ("memory.weights", 144, "at most 11 neurons, or give w of W_f at most 7 bits, or take .* memory.weights = 144"),
    ("plasticity.traces", 22, "at most 11 neurons, or give trace at most 7 bits, or .* plasticity.traces = 22"),
    ("plasticity.random", 44, "at most 11 neurons, or take a chip with plasticity.random = 44"),
    ("limits.neurons", 12, "at most 11, or take a chip with limits.neurons = 12"),
    ("limits.fan_in", 10, "at most 9, or take a chip with limits.fan_in = 10"),
])
def test_room_to_learn_is_kept_exactly_and_broken_by_one(name, used, way_out):
    setting = name.replace(".", "__")
    assert fit_array(*learns(**{setting: used}), 10, 12).ok
    limit = {"neurons": "neurons", "fan_in": "fan-in"}.get(name.partition(".")[2], f"{name.partition('.')[2]} bank")
    assert_broken(fit_array(*learns(**{setting: used - 1}), 10, 12), limit, used, used - 1, way_out)


def test_a_chip_without_room_for_traces_is_refused_before_anything_runs():
    made, _ = learns()
    for asked in (lambda: fit_array(made, DMP, 10, 12), lambda: fit(network(), DMP, learns={"W_f_1": made}),
                  lambda: constrained_rule(rule("pair-additive"), DMP, 1e-3)):
        with pytest.raises(DmpnetError, match="chip DMP core does not learn.*traces.*ideal, learning"):
            asked()
    with pytest.raises(DmpnetError, match="traces bank, but 21 fit, 1 too many"):
        fit_array(*learns(plasticity__traces=21), 10, 12).check()


def test_a_network_that_learns_needs_more_than_one_that_does_not():
    """W_f of the second layer and its W_r: their words are those of w, with traces and registers of their own."""
    made, described = learns(plasticity__w__bits=4)
    asked = network(kind="RSNN", layers=2)
    still = fit(asked, described)
    report = fit(asked, described, learns={"W_f_2": made, "W_r_2": made})
    assert {need.rule for need in report.needs if need.layer == 2} - {
        need.rule for need in still.needs if need.layer == 2} == {"traces bank", "random bank"}
    assert bank(still, "weights bank", 2) - bank(report, "weights bank", 2) == 2 * 144 // 2  # half a byte each
    assert bank(report, "weights bank", 1) == bank(still, "weights bank", 1)
    assert bank(report, "traces bank", 2) == 4 * 12 and bank(report, "random bank", 2) == 2 * 4 * 12
    assert len([need for need in report.needs if need.rule in ("traces bank", "random bank")]) == len(LEARNING)


def test_each_array_that_learns_takes_the_bits_of_its_own_rule():
    """10 inputs and 12 neurons: where one of two arrays has 1 bit a synapse, not 8, that saves 7 of each 8."""
    bytes_, described = learns()
    bits, _ = learns("stochastic-binary")
    asked = network(kind="RSNN")
    still = bank(fit(asked, described), "weights bank")
    for arrays, saved in (({"W_f_1": bytes_, "W_r_1": bits}, 144), ({"W_f_1": bits, "W_r_1": bytes_}, 120)):
        assert still - bank(fit(asked, described, learns=arrays), "weights bank") == saved * 7 // 8


@pytest.mark.parametrize("name", ["W_f_3", "W_r_1", "W_o", ""])
def test_only_weights_that_are_there_can_learn(name):
    made, described = learns()
    with pytest.raises(DmpnetError, match="weights of this network that can are W_f_1, W_f_2;"):
        fit(network(layers=2), described, learns={name: made})


@pytest.mark.parametrize("sources, targets", [(0, 5), (5, 0)])
def test_an_array_has_neurons(sources, targets):
    with pytest.raises(DmpnetError, match="= 0, but it counts neurons"):
        fit_array(*learns(), sources, targets)


def test_diehl_and_cooks_network_fits_the_learning_core_but_not_with_eligibilities():
    assert fit_array(constrained_rule(rule("diehl-cook"), LEARNS, 5e-4), LEARNS, 784, 400).ok
    report = fit_array(constrained_rule(rule("reward-modulated"), LEARNS, 5e-4), LEARNS, 784, 400)
    assert [need.rule for need in report.violations] == ["traces bank"]


# ways out


def test_ways_out_lead_out():
    """What a message says would fit does, and one more does not."""
    asked = network(M=20, N=40, d=20)
    described = roomy(memory__slow=1000, memory__weights=700, limits__slots=8)
    report = fit(asked, described, blocks=True)
    found = {need.rule: list(map(int, re.findall(r"at most (\d+)", need.way_out))) for need in report.violations}
    assert set(found) == {"weights bank", "slow bank"}
    neurons, bits = found["weights bank"]
    assert_leads(lambda N: network(M=20, N=N, d=20), lambda N: described, "weights bank", neurons)
    assert_leads(lambda b: asked, lambda b: chip.changed(
        described, {f"words.{name}.bits": b for name in ("W_f", "w_x", "W_o")}), "weights bank", bits)
    neurons, d, bits = found["slow bank"]
    assert_leads(lambda N: network(M=20, N=N, d=20), lambda N: described, "slow bank", neurons)
    assert_leads(lambda d: network(M=20, N=40, d=d), lambda d: described, "slow bank", d)
    assert_leads(lambda b: asked, lambda b: chip.changed(
        described, {f"words.{name}.bits": b for name in ("P", "nu", "Abar", "Bbar")}), "slow bank", bits)


def assert_leads(asked, described, rule, most):
    def broken(value):
        return rule in [need.rule for need in fit(asked(value), described(value), blocks=True).violations]

    assert not broken(most) and broken(most + 1)


def test_no_way_out_is_promised_that_is_none():
    """Three bytes hold no neuron; 60 hold some, and one bit a weight (422 bits in all), which would be its sign."""
    need, = fit(network(), roomy(memory__weights=3)).violations
    assert need.way_out.startswith("take a chip with memory.weights = ")
    need, = fit(network(), roomy(memory__weights=60)).violations
    assert "neurons" in need.way_out and "bits" not in need.way_out


# blocks


def test_in_blocks_any_d_is_computed_but_takes_memory():
    """d 9 in 8 slots is two blocks, zero padded to 16."""
    alone, blocks = fit(network(d=8), roomy(), blocks=True), fit(network(d=9), roomy(), blocks=True)
    refused = fit(network(d=9), roomy())
    assert not refused.ok and not any("blocks" in note for note in refused.notes)
    assert blocks.ok and any("d 9 is computed in 2 blocks of 8, zero padded to 16" in note for note in blocks.notes)
    assert not any("blocks" in note for note in alone.notes)
    assert bank(blocks, "slow bank") == 12 * 16 + 12 + 16 * 16 + 16 > bank(alone, "slow bank")
    assert bank(blocks, "state bank") == 2 * (12 + 16 + 1) > bank(alone, "state bank")
    assert bank(blocks, "weights bank") == bank(alone, "weights bank")


def test_what_fills_slots_up_is_no_dimension():
    """Neither of a trained network nor of the integers it became, which hold the zeros."""
    trained = random_network((6, 8, 3), d=5)
    made = constrain(trained, DMP, random_input(trained, 2)).network
    assert made.layers[0].slow.d == 8
    for each in (trained, made):
        report = fit(each, DMP, [6])
        assert report.notes == ("layer 1: d 5 is zero padded to 8",)
        assert next(need.used for need in report.needs if need.rule == "slots") == 5
        assert bank(report, "slow bank") == 8 * 8 + 8 + 8 * 8 + 8


def test_in_blocks_the_banks_still_have_an_end():
    report = fit(network(N=128, d=9), DMP, blocks=True)
    assert [need.rule for need in report.violations] == ["slow bank", "state bank"]


# several at once


def test_all_that_is_wrong_is_said_at_once():
    wrong = network(M=800, N=129, d=9, layers=3, delay=4, neuron=Neuron(decay="linear", lam=0.1), acts="gain")
    report = fit(wrong, DMP, [33, 0, 0])
    first = {need.rule for need in report.violations if need.layer == 1}
    assert first == {"neurons", "slots", "fan-in", "input spikes", "decay", "acts", "delays", "slow bank",
                     "state bank", "weights bank"}
    assert {need.layer for need in report.violations} == {None, 1, 2, 3}
    with pytest.raises(DmpnetError, match="does not fit chip DMP core") as error:
        report.check()
    assert all(str(need) in str(error.value) for need in report.violations) and "\n" not in str(error.value)
    *told, alone = report.remedies.splitlines()
    assert told == list(map(str, report.violations)) and "by itself" in alone


def test_one_that_fits_is_let_through():
    report = fit(network(d=8), DMP, [10])
    report.check()
    assert report.ok and not report.violations and not report.notes and report.remedies == ""


def test_record_is_json():
    report = fit(network(N=129, neuron=Neuron(decay="shift")), DMP)
    found = json.loads(json.dumps(report.record()))
    assert found["fits"] is False and found["chip"] == "DMP core" and found["network"] == "DMP 10-129-3"
    assert len(found["needs"]) == len(report.needs) and found["notes"] == list(report.notes)
    assert {violation["rule"] for violation in found["violations"]} == {"neurons", "decay", "state bank", "slow bank"}


def test_table_lines_up():
    lines = fit(network(layers=2, N=129), DMP).table().splitlines()
    head, rule, *rows = lines
    assert head.split() == ["layer", "limit", "used", "available", "%"] and len(rows) == 23
    end = head.index("available") + len("available")
    assert all(row[end - 1] != " " and row[end] == " " for row in rows)  # numbers end where the heading does
    state = next(row for row in rows if "state bank" in row)
    assert state.split() == ["1", "state", "bank", "(bytes)", "276", "274", "100.7", "2", "too", "many"]


# properties

sizes = st.integers(1, 24)
networks = st.builds(network, M=sizes, N=sizes, d=st.integers(0, 12), C=sizes, layers=st.integers(1, 3),
                     kind=st.sampled_from(("DMP", "RSNN")))


@given(networks, st.fixed_dictionaries({
    "limits.neurons": sizes, "limits.slots": st.integers(1, 12), "limits.fan_in": st.integers(1, 48),
    "limits.cores": st.integers(1, 3), "memory.weights": st.integers(1, 2000), "memory.slow": st.integers(1, 600),
    "memory.state": st.integers(1, 150)}), st.booleans())
def test_it_fits_if_and_only_if_no_limit_is_broken(asked, settings, blocks):
    """The limits written out once more, from arrays; the sizes of banks are held to those by hand above."""
    described = chip.changed(DMP, settings)
    report, limits = fit(asked, described, blocks=blocks), described.limits
    fits = len(asked.layers) <= limits.cores and all(need.used <= need.available for need in report.banks) and all(
        layer.N <= limits.neurons and layer.M + (0 if layer.W_r is None else layer.N) <= limits.fan_in
        and (blocks or layer.slow is None or layer.slow.d <= limits.slots) for layer in asked.layers)
    assert report.ok == fits == (not report.violations)


@given(networks, st.sampled_from(("W_f", "W_r", "P", "nu", "Abar", "Bbar", "w_x", "W_o", "b", "x", "m", "u")),
       st.integers(2, 30), st.integers(2, 30))
def test_more_bits_never_take_fewer_bytes(asked, word, a, b):
    less, more = (fit(asked, chip.changed(DMP, {f"words.{word}.bits": bits})) for bits in sorted((a, b)))
    assert all(p.used <= q.used for p, q in zip(less.banks, more.banks, strict=True))


@given(sizes, sizes, st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_more_neurons_and_dimensions_never_take_fewer_bytes(M, N, d, neurons, dimensions):
    less, more = fit(network(M, N, d), DMP), fit(network(M, N + neurons, d + dimensions), DMP)
    assert all(p.used <= q.used for p, q in zip(less.banks, more.banks, strict=True))
    assume(neurons)
    assert bank(less, "state bank") < bank(more, "state bank")


@given(networks, st.integers(1, 12))
def test_unused_slots_are_held_all_the_same(asked, d):
    """Any d from 1 to the slots takes the same bytes."""
    assume(asked.layers[0].slow is not None)
    other = tuple(replace(layer, slow=legendre_pathway(np.zeros(layer.M), 0.0, np.zeros((layer.N, d)),
                                                       np.zeros(layer.N), 20.0)) for layer in asked.layers)
    described = roomy(limits__slots=12)
    a, b = fit(asked, described), fit(replace(asked, layers=other), described)
    assert [need.used for need in a.banks] == [need.used for need in b.banks]
