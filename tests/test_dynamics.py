"""What a network says it does in a step is what it does: read aloud in plain Python, it gives the same spikes."""

import math

import brian2
import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeGeneratorGroup, Synapses, ms, prefs
from networks import random_input, random_network
from test_network import NETWORKS, assert_informative

from dmpnet import cli, reference
from dmpnet.brian import dynamics
from dmpnet.brian.conversion import convert

WORDS = {"floored": math.floor, "rint": round, "trunc": math.trunc, "sign": np.sign,
         "clip": lambda x, low, high: min(max(x, low), high)}


@pytest.fixture(autouse=True)
def numpy_target():
    before = prefs["codegen.target"]
    prefs["codegen.target"] = "numpy"
    yield
    prefs["codegen.target"] = before


class Read:
    """A network in plain Python: a dictionary of variables for every unit, moved by `dynamics.steps` alone."""

    def __init__(self, network):
        self.steps, self.dt = dynamics.steps(network), float(network.clock.dt)
        self.units, self.synapses, self.played, self.spikes = {}, {}, {}, {}
        for obj in network.objects:
            if isinstance(obj, NeuronGroup):
                self.units[obj.name] = [{} for _ in range(len(obj))]
                for name in obj.equations.names:
                    values = np.broadcast_to(obj.variables[name].get_value(), len(obj))
                    for unit, value in zip(self.units[obj.name], values.tolist(), strict=True):
                        unit[name] = value
            elif isinstance(obj, Synapses):
                w = np.asarray(obj.w[:]) if "w" in obj.variables else np.zeros(len(obj))
                late = np.rint(np.broadcast_to(obj.pre.delay_[:], len(obj)) / self.dt).astype(int) if hasattr(
                    obj, "pre") else np.zeros(len(obj), int)
                self.synapses[obj.name] = (obj.source.name, obj.target.name, [*zip(
                    np.asarray(obj.i[:]).tolist(), np.asarray(obj.j[:]).tolist(), w.tolist(), late.tolist(),
                    strict=True)])
            elif isinstance(obj, SpikeGeneratorGroup):
                at = np.rint(np.asarray(obj.variables["spike_time"].get_value()) / self.dt).astype(int)
                self.played[obj.name] = [*zip(at.tolist(), obj.variables["neuron_index"].get_value().tolist(),
                                              strict=True)]

    def run(self, total):
        under_way = {}
        for k in range(total):
            fired = {}
            for step in self.steps:
                code = compile(step.code, step.of, "exec" if step.does != "fire" else "eval") if step.does in (
                    "compute", "fire", "reset", "hear") else None
                if step.does == "compute":
                    for unit in self.units[step.owner]:
                        exec(code, dict(WORDS), unit)
                elif step.does == "fire":
                    fired[step.owner] = [n for n, unit in enumerate(self.units[step.owner])
                                         if eval(code, dict(WORDS), unit)]
                elif step.does == "play":
                    fired[step.owner] = [n for at, n in self.played[step.owner] if at == k]
                elif step.does == "reset":
                    for n in fired[step.owner]:
                        exec(code, dict(WORDS), self.units[step.owner][n])
                elif step.does == "record" and step.code == "spikes":
                    self.spikes.setdefault(step.owner, []).extend((k, n) for n in fired[step.owner])
                elif step.does == "hear":
                    self.hear(k, step, code, fired, under_way)
                elif step.does == "sum":
                    self.add_up(step)
        return self.spikes

    def hear(self, k, step, code, fired, under_way):
        source, target, synapses = self.synapses[step.owner]
        spiked = set(fired[source])
        for i, j, w, late in synapses:
            if i in spiked:
                under_way.setdefault((step.of, k + late), []).append((j, w))
        for j, w in under_way.pop((step.of, k), []):
            seen = {f"{name}_post": value for name, value in self.units[target][j].items()} | {"w": w}
            exec(code, dict(WORDS), seen)
            for name in self.units[target][j]:
                self.units[target][j][name] = seen[f"{name}_post"]

    def add_up(self, step):
        variable, _, expression = step.code.partition(" = ")
        source, target, synapses = self.synapses[step.owner]
        total = [0.0] * len(self.units[target])
        for i, j, w, _ in synapses:
            total[j] += eval(expression, {f"{name}_pre": value for name, value in self.units[source][i].items()}
                             | {"w": w})
        for unit, value in zip(self.units[target], total, strict=True):
            unit[variable.removesuffix("_post")] = value


@pytest.mark.parametrize("name", ["published neuron", "soft reset, memory and recurrence", "dilation", "analog",
                                  "delays of analog input", "delays in layer 2, recurrence", "parallel blocks",
                                  "memory on the threshold", "memory on the gain, recurrence, delays", "linear decay",
                                  "shift and exponential decay"])
def test_what_is_printed_is_what_runs(name):
    network = random_network(seed=1, steps=25, **NETWORKS[name])
    s_in = random_input(network, 1)
    want = reference.run(network, s_in)
    assert_informative(want)
    converted = convert(network, s_in)
    read = Read(converted)
    printed = converted.dynamics()
    assert all(line.strip() in printed for step in read.steps for line in step.code.split("\n"))
    spikes = read.run(converted.timing.total)
    converted.run()
    for number, layer in enumerate(converted.activity().spikes, 1):
        np.testing.assert_array_equal(layer, want.spikes[number - 1])
        lag, got = converted.timing.u[number - 1], np.zeros_like(layer)
        for k, n in spikes[f"fast_{number}"]:
            got[0, k - lag, n] = True
        np.testing.assert_array_equal(got, layer)


@pytest.mark.parametrize("coupling, told", [([], "u = beta*u + g*I"), (["shared"], "I_f = W_f(i)")])
def test_the_command_prints_it(coupling, told, capsys):
    assert cli.main(["info", "smnist-dmp2", "--equations", *coupling]) == 0
    said = capsys.readouterr().out
    assert told in said and "fires where" in said and max(map(len, said.split("\n"))) <= 80
    assert cli.main(["info", "--equations"]) == 2


def test_what_is_changed_is_printed():
    """A lesion is a weight; code of the user's own and synapses that learn are steps."""
    from dmpnet import plasticity

    network = random_network(steps=5)
    converted = convert(network, random_input(network, 1))
    before = dynamics.steps(converted)
    converted["fast_1"].run_regularly("u += 0.5", when="end", name="kick")
    rule = plasticity.rule("pair-additive").tuned(w_min=-100, w_max=100)
    plasticity.make_plastic(converted, network, "W_f_2", rule, 1)
    after = dynamics.steps(converted)
    assert dynamics.Operation("end", "kick", "fast_1", "compute", "u += 0.5") in after
    new = {step.of for step in after} - {step.of for step in before}
    assert {"W_f_2_plastic_pre", "W_f_2_plastic_post"} <= new and "W_f_2_pre" not in {step.of for step in after}
    traces = [step.code for step in after if step.of == "W_f_2_plastic_pre_traces_stateupdater"]
    assert traces == ["dx/dt = -x/tau_plus"]


def test_slots_come_in_the_order_of_the_schedule():
    group = NeuronGroup(1, "du/dt = -u/(10*ms) : 1", threshold="u > 1", reset="u = 0", name="group*")
    group.run_regularly("u += 1", when="before_resets", name="late*")
    network = brian2.Network(group)
    found = [(step.slot, step.does) for step in dynamics.steps(network)]
    assert found == [("groups", "compute"), ("thresholds", "fire"), ("before_resets", "compute"), ("resets", "reset")]
    assert "du/dt = -u/(10*ms)" in dynamics.text(network) and ms
