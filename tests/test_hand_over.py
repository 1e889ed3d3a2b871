"""Integer networks as C, memory images, golden vectors and spikes: read back by others than those who wrote them."""

import csv
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from networks import random_input, random_network
from test_constrain import CASES, constrained

from dmpnet import cli, export, reference
from dmpnet.errors import DmpnetError
from dmpnet.export import folder
from dmpnet.export.golden import signals
from dmpnet.hardware import addresses, chip
from dmpnet.hardware.fit import core_of
from dmpnet.trained import weights


def written(to, network, s_in, path, described=None):
    path.mkdir(exist_ok=True)
    described = described or chip.load("dmp")
    found = dict(folder.files(to, network, described, s_in, "drawn"))
    for name, content in found.items():
        (path / name).write_bytes(content)
    assert sorted(found) == sorted(folder.names(to, network, described))
    return path


def run(path):
    """(exit code, what it says) of the exported C program."""
    built = subprocess.run(["cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-o", "network", "network.c"],
                           cwd=path, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    done = subprocess.run(["./network", "golden.bin"], cwd=path, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def alive(activity):
    for rate in activity.rates:
        assert 0.005 < rate.mean() < 0.6, "silent or saturated: equality would show nothing"


# C


@pytest.mark.parametrize("case", ["published", "soft reset", "delays", "linear", "at random", "accumulators wrap",
                                  "held in all slots, carried"] + [
                                      pytest.param(case, marks=pytest.mark.slow) for case in (
                                      "analog input", "dilated", "recurrent", "no memory", "two blocks", "shift",
                                      "a label every step", "dependency unbroken", "few bits", "to nearest",
                                      "toward zero", "accumulators saturate")])
def test_the_c_program_does_what_the_integers_do(case, tmp_path):
    facts, words = CASES[case]
    made = constrained(random_network(**facts), **words).network
    s_in = random_input(made, 3, seed=9)
    alive(reference.run(made, s_in))
    code, said = run(written("c", made, s_in, tmp_path))
    assert code == 0 and " 0 of " in said and " 0 classes" in said, said


def test_the_c_program_tells_a_weight_that_is_wrong(tmp_path):
    made = constrained(random_network()).network
    s_in = random_input(made, 2)
    layer = made.layers[0]
    other = replace(made, layers=(replace(layer, W_f=layer.W_f + np.eye(*layer.W_f.shape, dtype=layer.W_f.dtype)),
                                  *made.layers[1:]))
    path = written("c", made, s_in, tmp_path)
    (path / "network.h").write_text(export.header(other))
    code, said = run(path)
    assert code == 1 and "layer 1: u" in said


def test_floors_queues_and_a_saturating_adder_too(tmp_path):
    from dmpnet.equations.neurons import Neuron

    network = random_network(neurons=(Neuron(0.8, 0.2, floor=-0.2),) * 2)
    made = constrained(network, datapath__floor=True, datapath__saturates="before", words__u__bits=10).network
    made = replace(made, layers=tuple(replace(layer, fixed=replace(layer.fixed, queue=2)) for layer in made.layers))
    s_in = random_input(made, 3, rate=0.6)
    alive(reference.run(made, s_in))
    assert run(written("c", made, s_in, tmp_path))[0] == 0


@pytest.mark.slow
def test_every_spike_of_twenty_recordings(tmp_path, capsys):
    """The public command on real data, compiled as its README says."""
    out = tmp_path / "out"
    assert cli.main(["export", "shd-regen-dmp2", "--to", "c", "--out", str(out)]) in (0, None)
    assert "network.c" in (out / "README.md").read_text() and "4 files" in capsys.readouterr().out
    code, said = run(out)
    assert code == 0 and said.startswith("20 samples") and int(said.split(", ")[1].split()[0]) > 50_000


# memory images


@pytest.mark.parametrize("case", ["published", "recurrent", "no memory", "few bits"])
def test_images_hold_every_word_where_the_map_says(case, tmp_path):
    facts, words = CASES[case]
    described = chip.changed(chip.load("dmp"), {key.replace("__", "."): value for key, value in words.items()})
    made = constrained(random_network(**facts), **words).network
    path = written("mem", made, None, tmp_path, described)
    told = {}
    with open(path / "map.csv") as file:
        for line in csv.DictReader(file):
            core, bank, bits = int(line["core"]), line["bank"], int(line["bits"])
            rows = (path / f"core{core}_{bank}.mem").read_text().split()
            width = next(region.width for region in addresses.regions(core_of(made, core, described), described)
                         if region.bank == bank)
            whole = sum(int(row, 16) << number * width for number, row in enumerate(rows))
            code = whole >> int(line["row"]) * width + int(line["bit"]) & (1 << bits) - 1
            told.setdefault((core, bank, line["array"]), []).append(code - (code >> bits - 1 << bits))
    for core, layer in enumerate(made.layers, 1):
        for name, array in {"W_f": layer.W_f, "W_r": layer.W_r}.items():
            if array is not None:
                np.testing.assert_array_equal(np.reshape(told[core, "weights", name], array.T.shape).T, array)
        if layer.slow:
            P = np.reshape(told[core, "slow", "P"], layer.slow.W_m.T.shape).T
            np.testing.assert_array_equal(P, layer.slow.W_m)
            np.testing.assert_array_equal(told[core, "slow", "Bbar"], layer.slow.Bbar)
            assert told[core, "weights", "b"][layer.N] == layer.slow.b_x
        assert told[core, "weights", "b"][:layer.N] == (layer.b_f + (layer.slow.b_m if layer.slow else 0)).tolist()
        assert not any(told[core, "state", "u"])
    assert told[len(made.layers), "weights", "b"][-made.classes:] == made.b_o.tolist()


# golden vectors


def test_golden_lines_hold_what_the_reference_did(tmp_path):
    made = constrained(random_network()).network
    s_in = random_input(made, 2)
    path = written("golden", made, s_in, tmp_path)
    want = reference.run(made, s_in, record=("spikes", "u", "m", "x"))
    alive(want)
    bits = {name: width for name, width, _ in signals(made, s_in)}
    arrays = {"inputs": s_in, "layer1_s": want.spikes[0], "layer2_u": want.u[1], "layer1_m": want.m[0],
              "layer2_x": want.x[1]}
    for name, array in arrays.items():
        lines = (path / f"{name}.mem").read_text().split()
        assert len(lines) == array.shape[0] * array.shape[1]
        for line, values in zip(lines, array.reshape(-1, array.shape[2]), strict=True):
            codes = [int(line, 16) >> unit * bits[name] & (1 << bits[name]) - 1 for unit in range(len(values))]
            assert codes == [int(value) % (1 << bits[name]) for value in values]
    assert [int(line, 16) for line in (path / "classes.mem").read_text().split()] == want.predictions.tolist()
    assert f"layer1_m {bits['layer1_m']}" in (path / "README.md").read_text()


def test_a_label_every_step_has_no_class_a_sample(tmp_path):
    made = constrained(random_network(kappa=0.9)).network
    path = written("golden", made, random_input(made, 2), tmp_path)
    assert (path / "readout.mem").exists() and not (path / "classes.mem").exists()


# spikes


def test_lines_of_spikes_are_the_spikes(tmp_path):
    network = random_network()
    activity = reference.run(network, random_input(network, 2))
    alive(activity)
    export.save_lines(activity, 1e-3, tmp_path / "spikes.csv")
    for wrong, dt, told in ((replace(activity, spikes=[]), 1e-3, "Activity without spikes.*record='spikes'"),
                            (activity, "1ms", "dt = '1ms'"), (activity, 0, "dt = 0")):
        with pytest.raises(DmpnetError, match=told):
            list(export.lines(wrong, dt))
    got = [np.zeros_like(spikes) for spikes in activity.spikes]
    with open(tmp_path / "spikes.csv") as file:
        for line in csv.DictReader(file):
            got[int(line["layer"]) - 1][int(line["sample"]), int(line["step"]), int(line["neuron"])] = 1
            assert float(line["s"]) == pytest.approx(1e-3 * int(line["step"]))
    for a, b in zip(got, activity.spikes, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_neo_block_has_a_train_a_neuron_and_is_read_back(tmp_path):
    neo = pytest.importorskip("neo", reason="needs neo: the extra of that name")
    network = random_network()
    activity = reference.run(network, random_input(network, 2))
    told = []
    export.save_block(activity, 1e-3, tmp_path / "spikes.nix", lambda *so_far: told.append(so_far))
    trains = 2 * sum(layer.N for layer in network.layers)
    assert told == [(done, trains) for done in range(1, trains + 1)]
    with neo.io.NixIO(str(tmp_path / "spikes.nix"), mode="ro") as file:
        block, = file.read_all_blocks()
        assert len(block.segments) == 2 and len(block.segments[0].spiketrains) == sum(layer.N for layer
                                                                                      in network.layers)
        for sample, segment in enumerate(block.segments):
            for train in segment.spiketrains:
                number, neuron = int(train.annotations["layer"]), int(train.annotations["neuron"])
                steps = np.rint(train.magnitude / 1e-3).astype(int)
                np.testing.assert_array_equal(steps, np.flatnonzero(activity.spikes[number - 1][sample, :, neuron]))


# refusals


def test_banks_of_another_chip_are_refused_where_they_cut_words_off():
    """Eight bits in words of four would lose their upper halves without a word."""
    made = constrained(random_network()).network
    other = chip.changed(chip.load("dmp"), {"words.W_f.bits": 4})
    with pytest.raises(DmpnetError, match=r"W_f from -\d+ to \d+, but its words have 4 bits.*constrained to"):
        list(export.images(made, other))


@pytest.mark.parametrize("call", [lambda network: export.header(network),
                                  lambda network: export.golden(network, random_input(network, 1)),
                                  lambda network: list(export.images(network, chip.load("dmp")))])
def test_real_numbers_are_refused_by_name(call):
    with pytest.raises(DmpnetError, match="real numbers.*constrain"):
        call(random_network())


def test_the_command_names_the_ending_it_wants(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    weights.save(random_network(), tmp_path / "mine.npz")
    assert cli.main(["export", "mine.npz", "--to", "csv", "--out", "spikes.txt"]) == 2
    assert "one .csv file" in capsys.readouterr().err and not list(tmp_path.glob("spikes*"))
