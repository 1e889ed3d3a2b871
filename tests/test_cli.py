"""The command line as a user meets it: results, and one clear line with exit code 2 for every request gone wrong."""

import argparse
import contextlib
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_files import letters, untrusted, write_braille
from networks import random_input, random_network

from dmpnet import cli, data, drawing, reference
from dmpnet.disk import shipped
from dmpnet.drawing.portrait import portrait
from dmpnet.graph import file, trained
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.results import options, table, terminal
from dmpnet.trained import weights
from dmpnet.trained.network import parameters


@pytest.fixture
def network(tmp_path):
    net = random_network((5, 14, 9, 3), d=4, steps=30, seed=4)
    weights.save(net, tmp_path / "net.npz")
    return net


@pytest.fixture
def digits_reader(tmp_path):
    """A small untrained network that reads MNIST pixels."""
    net = random_network((1, 12, 8, 10), d=4, steps=784, encoding="analog", dataset="smnist", seed=2)
    weights.save(net, tmp_path / "reader.npz")
    return net


def dmpnet(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


def refused(capsys, tmp_path, *arguments) -> str:
    """The one line of an execution that fails with exit code 2 and leaves no result behind."""
    before = sorted(tmp_path.rglob("*"))
    assert dmpnet(*arguments) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("dmpnet: ") and "\n" not in told
    assert sorted(tmp_path.rglob("*")) == before
    return told


@pytest.mark.parametrize("arguments", [[], ["run"], ["simulate"], ["train"], ["info"]])
def test_help_teaches(arguments, capsys):
    with pytest.raises(SystemExit) as done:
        dmpnet(*arguments, "--help")
    assert done.value.code == 0 and len(capsys.readouterr().out) > 300


def options_of(parser):
    """Options by name of a parser and of every one below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from options_of(below)
        yield from ((name, action) for name in action.option_strings)


def test_help_names_the_back_end_that_is_taken():
    found = [action for name, action in options_of(cli.parser()) if name == "--backend"]
    assert {action.default for action in found} == {"numpy", "cpp_standalone"}
    assert all(f"(default: {action.default}" in action.help for action in found)


def test_a_seed_is_where_something_is_drawn_and_refuses_what_is_none(capsys):
    """`stdp` and `learn` have one in each action; `info` draws nothing."""
    taken = [action.type for name, action in options_of(cli.parser()) if name == "--seed"]
    assert set(taken) == {options.seed} and len(taken) == 15
    assert not any("draws nothing" in (action.help or "") for _, action in options_of(cli.parser()))
    assert options.seed("4294967295") == 2**32 - 1
    for wrong in ("-1", "4294967296", "1.5", "one"):
        with pytest.raises(SystemExit) as done:
            dmpnet("run", "--seed", wrong)
        assert done.value.code == 2 and f"'{wrong}', but a seed is a whole number from 0 to 4294967295" in \
            capsys.readouterr().err


@pytest.mark.parametrize("command, least", [
    ("run smnist --samples", 1), ("run smnist --processes", 1), ("decay smnist-dmp2 --samples", 1),
    ("decay smnist-dmp2 --finetune", 0), ("constrain smnist-dmp2 --samples", 1),
    ("constrain smnist-dmp2 --calibration", 1), ("constrain smnist-dmp2 --finetune", 0),
    *[(f"codesign --{name}", 1) for name in ("d", "N", "epochs", "calibration", "measured", "processes")],
    ("codesign --finetune", 0), ("learn digits --samples", 1), ("learn digits --test", 0),
    ("learn digits --neurons", 1), ("learn digits --passes", 1), ("learn readout smnist --test", 1),
    ("stdp show pair-nearest --neurons 4", 1)])
def test_whatever_counts_is_a_whole_number(command, least, capsys):
    for wrong in (str(least - 1), "-5", "1.5", "any"):
        with pytest.raises(SystemExit) as done:
            dmpnet(*command.split(), wrong)
        assert done.value.code == 2
        option, = (word for word in command.split() if word.startswith("--"))
        assert f"argument {option}: '{wrong}', but it counts; give a whole number from {least} on" in \
            capsys.readouterr().err


def test_info_prints_layers_and_both_parameter_counts(network, tmp_path, capsys):
    assert dmpnet("info", tmp_path / "net.npz") == 0
    out = " ".join(capsys.readouterr().out.split())
    paper = 5 * 14 + 14 * 4 + 16 + 14 * 9 + 9 * 4 + 16 + 9 * 3
    assert dmpnet("info", tmp_path / "net.npz", "--out", tmp_path / "i.json") == 0
    assert json.loads((tmp_path / "i.json").read_text())["layers"][1]["neurons N"] == 9
    assert f"{paper:,}" in out and "DMP 5-14-9-3" in out and "31 N + d over layers" in out


def test_info_tells_what_is_not_as_published(network, tmp_path, capsys):
    extended = random_network((5, 14, 9, 3), delay=(7, 0), blocks=((3, 9.0), (2, 20.0)), feed="cascade", acts="gain",
                              kappa=0.9)
    weights.save(extended, tmp_path / "extended.npz")
    assert dmpnet("info", tmp_path / "extended.npz", "--out", tmp_path / "i.json") == 0
    out = " ".join(capsys.readouterr().out.split()).replace("\u00a0", " ")
    for told in ("DMP + delays 5-14-9-3", "0 to 7 steps", "cascade: 3 over 9, 2 over 20", "gain", "kappa = 0.9",
                 f"{5 * 14 + 14 * 5 + 15 + 5 + 14 * 9 + 9 * 5 + 15 + 9 * 3} sum of M N",
                 f"{14 + 5 + 9 + 5 + extended.layers[0].delay.sum()} N + d + sum of delays over layers"):
        assert told in out, told
    layers = json.loads((tmp_path / "i.json").read_text())["layers"]
    assert [layer["delays"] for layer in layers] == ["0 to 7 steps", None]
    assert dmpnet("info", tmp_path / "net.npz") == 0
    out = capsys.readouterr().out
    assert "delays" not in out and "blocks" not in out and "acts on" not in out and "one a sample" in out


def test_info_says_what_an_integer_network_has_from_the_one_it_was_made_from(network, tmp_path, capsys):
    """Parameters without the zeros that fill its slots up; an epoch and an accuracy that are its own if trained on."""
    origin = {"epoch": 16, "validation_accuracy": 0.92147239}
    made = constrain(replace(network, provenance=origin), chip.load("dmp"), random_input(network, 2)).network
    assert [layer.slow.d for layer in made.layers] == [8, 8]
    weights.save(made, tmp_path / "rounded.npz")
    weights.save(replace(made, provenance=origin | {"start": made.provenance}), tmp_path / "trained-on.npz")
    paper = f"{parameters(network)['paper']}   sum of M N"
    for name, stage in (("rounded", ", before"), ("trained-on", "")):
        assert dmpnet("info", tmp_path / f"{name}.npz") == 0
        out = capsys.readouterr().out
        told = dict(re.findall(r"^(epoch|validation accuracy)(.*?)  ", out, re.M))
        assert told == {"epoch": stage, "validation accuracy": stage}
        assert paper in out and "92.15 %" in out and "trainable" not in out


def test_info_lists_the_shipped_networks(capsys):
    """With their mean on the test set, as table 1 has it."""
    assert dmpnet("info") == 0
    lines = {line.split()[0]: line.split()[-2:] for line in capsys.readouterr().out.splitlines() if line}
    assert set(shipped.names()) <= set(lines)
    accuracy = np.mean([result["accuracy_brian2"] for result in table.results("shd-regen-dmp2")])
    assert lines["shd-regen-dmp2"] == ["5", f"{accuracy:.2f}"]


def test_simulate_writes_what_the_reference_computes(network, tmp_path):
    s_in = random_input(network, 4)
    np.save(tmp_path / "in.npy", s_in)
    out = tmp_path / "sub" / "spikes.npz"
    assert dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--record", *reference.RECORDABLE,
                  "--out", out) == 0
    want = reference.run(network, s_in, record=reference.RECORDABLE)
    assert want.margin > 1e-9
    with np.load(out, allow_pickle=False) as got:
        for number in (1, 2):
            np.testing.assert_array_equal(got[f"layer{number}.spikes"], np.argwhere(want.spikes[number - 1]))
            np.testing.assert_allclose(got[f"layer{number}.u"], want.u[number - 1], atol=1e-12)
            np.testing.assert_allclose(got[f"layer{number}.m"], want.m[number - 1], atol=1e-12)
            np.testing.assert_allclose(got[f"layer{number}.x"], want.x[number - 1], atol=1e-12)
        np.testing.assert_allclose(got["readout"], want.readout, atol=1e-12)
        np.testing.assert_array_equal(got["predictions"], want.predictions)
    entry = json.loads((tmp_path / "sub" / "spikes.json").read_text())
    assert entry["command"] == "simulate" and entry["versions"]["numpy"] == np.__version__
    assert entry["arguments"]["weights"] == "net.npz" and str(tmp_path) not in json.dumps(entry)


@pytest.mark.parametrize("record, kept", [([], "predictions"), (["spikes"], "predictions and spikes"),
                                          (["u", "readout"], "predictions and u and readout")])
def test_simulate_names_what_it_kept(network, tmp_path, capsys, record, kept):
    np.save(tmp_path / "in.npy", random_input(network, 1))
    assert dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz", "--record",
                  *record) == 0
    assert capsys.readouterr().out.endswith(f"steps; {kept} in {tmp_path / 'o.npz'}\n")
    with np.load(tmp_path / "o.npz", allow_pickle=False) as got:
        assert {name.split(".")[-1] for name in got} == {"logits", "predictions", *record}


@pytest.mark.parametrize("words", ["run --weights {0} --out {1}/o", "simulate {0} --out {1}/o.npz",
                                   "fit {0} --samples 1", "constrain {0} --out {1}/o.npz",
                                   "decay {0} --out {1}/o", "export {0} --to csv --out {1}/o.csv"])
def test_a_network_that_names_no_data_set_is_told_what_to_give(network, tmp_path, capsys, words):
    told = refused(capsys, tmp_path, *words.format(tmp_path / "net.npz", tmp_path).split())
    assert "net.npz: the file names no data set; give --dataset NAME, or use `dmpnet simulate" in told


def test_a_network_that_names_no_data_set_reads_the_one_that_is_given(digits_reader, tmp_path, capsys, recwarn):
    nameless = replace(digits_reader, encoding=replace(digits_reader.encoding, dataset=""))
    weights.save(nameless, tmp_path / "net.npz")
    assert dmpnet("simulate", tmp_path / "net.npz", "--dataset", "smnist", "--split", "subset", "--samples", 1, "--out",
                  tmp_path / "o.npz") == 0
    assert "of smnist (subset)" in capsys.readouterr().out and not [w for w in recwarn if "in place" in str(w.message)]
    assert "the network names no data set; use data that match" in refused(
        capsys, tmp_path, "simulate", tmp_path / "net.npz", "--dataset", "braille", "--out", tmp_path / "p.npz")


def test_simulate_tells_a_class_at_every_step(network, tmp_path):
    weights.save(replace(network, kappa=0.7), tmp_path / "steps.npz")
    s_in = random_input(network, 2)
    np.save(tmp_path / "in.npy", s_in)
    assert dmpnet("simulate", tmp_path / "steps.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz") == 0
    want = reference.run(replace(network, kappa=0.7), s_in)
    with np.load(tmp_path / "o.npz") as got:
        np.testing.assert_allclose(got["logits"], want.logits, atol=1e-12)
        np.testing.assert_array_equal(got["predictions"], want.predictions)
        assert got["predictions"].shape == (2, 30) and "readout" not in got


@pytest.mark.parametrize("shift, told", [(0.0, ""), (0.5, "note: 50.0 %"), (-0.5, "note: 50.0 %"),
                                         (-2.0, "below is read as 0")])
def test_simulate_tells_what_a_chip_clips(tmp_path, capsys, shift, told):
    """Of values spread evenly over 0 to 1, half lie outside when they are moved by a half; all lost is refused."""
    analog = random_network((2, 9, 3), steps=30, encoding="analog")
    weights.save(constrain(analog, chip.load("dmp"), random_input(analog, 2)).network, tmp_path / "net.npz")
    np.save(tmp_path / "in.npy", np.linspace(0, 1, 120).reshape(2, 30, 2) + shift)
    code = dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz")
    notes = capsys.readouterr().err
    assert code == (2 if shift == -2 else 0) and told in notes and notes.count("\n") == bool(told)


def test_simulate_takes_one_sample_and_npz(network, tmp_path):
    s_in = random_input(network, 1)
    np.savez(tmp_path / "in.npz", s_in=s_in[0])
    assert dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npz", "--out", tmp_path / "o.npz") == 0
    with np.load(tmp_path / "o.npz") as got:
        np.testing.assert_allclose(got["logits"], reference.run(network, s_in).logits, atol=1e-12)


@pytest.mark.parametrize("change, scale, told", [
    ({}, 255, ["input reaches from 0 to 2.*divide by 255"]), ({}, 1, []),
    ({"permutation": np.arange(30)[::-1]}, 1, ["order of its own"]),
    ({"dataset": "smnist"}, 255, ["INPUT has 29 steps, but samples of smnist.* have 30", "input reaches from 0 to 2"]),
])
def test_simulate_notes_input_of_another_scale_order_or_length(tmp_path, capsys, change, scale, told):
    analog = random_network((2, 9, 3), steps=30, encoding="analog")
    weights.save(replace(analog, encoding=replace(analog.encoding, **change)), tmp_path / "net.npz")
    np.save(tmp_path / "in.npy", scale * random_input(analog, 2)[:, :29 if "dataset" in change else 30])
    assert dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz") == 0
    notes = capsys.readouterr().err.splitlines()
    assert len(notes) == len(told) and all(map(re.search, told, notes))


@pytest.mark.parametrize("option", [("--samples", 1), ("--samples", "all"), ("--split", "test"), ("--data", "."),
                                    ("--dataset", "shd"), ("--download",)])
def test_simulate_refuses_what_is_of_the_data_set_beside_input(network, tmp_path, capsys, option):
    np.save(tmp_path / "in.npy", random_input(network, 2))
    assert dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npy", *option, "--out", tmp_path / "o.npz") == 2
    assert f"{option[0]} is of the data set" in capsys.readouterr().err and not (tmp_path / "o.npz").exists()


def test_run_compares_every_spike_and_draws(digits_reader, tmp_path, capsys):
    out = tmp_path / "out"
    assert dmpnet("run", "--weights", tmp_path / "reader.npz", "--samples", 3, "--out", out) == 0
    assert "47,040 places / 0" in capsys.readouterr().out  # 3 samples x 784 steps x 20 neurons
    results = json.loads((out / "results.json").read_text())
    assert [layer["mismatched"] for layer in results["layers"]] == [0, 0]
    assert all(0.5 < layer["active %"] < 60 for layer in results["layers"]), "silent or saturated"
    assert results["provenance"]["data"] and results["provenance"]["arguments"]["samples"] == 3
    digits = data.load("smnist", "subset")
    numbers = digits.balanced(3, 0)
    want = reference.run(digits_reader, digits.batch(numbers))
    with open(out / "predictions.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["brian2"]) for row in rows] == list(want.predictions)
    assert [int(row["sample"]) for row in rows] == list(numbers) and len(set(digits.labels[numbers])) == 3
    assert results["provenance"]["data"]["samples"] | {"numbers": ""} == {
        "taken": 3, "of": 1000, "drawn": "balanced over classes", "seed": 0, "numbers": ""}
    assert (out / "portrait.png").read_bytes()[:4] == b"\x89PNG" and (out / "portrait.pdf").stat().st_size > 1000
    again = tmp_path / "again"
    drawing.save(portrait(out / "sample.npz"), again)
    for suffix in (".png", ".pdf"):
        assert Path(f"{again}{suffix}").read_bytes() == (out / f"portrait{suffix}").read_bytes()


@untrusted
def test_run_reads_the_test_part_of_a_data_set_without_a_subset(tmp_path, capsys):
    """Whatever the task: a network reads what it was trained on."""
    weights.save(random_network((12, 9, 27), encoding="analog", steps=76, dt=0.025, dataset="braille"),
                 tmp_path / "reader.npz")
    write_braille(tmp_path, letters())
    assert dmpnet("run", "--weights", tmp_path / "reader.npz", "--samples", 2, "--data", tmp_path,
                  "--out", tmp_path / "out") == 0
    assert "2 recordings of braille (test)" in capsys.readouterr().out


def test_run_tells_a_class_at_every_step(digits_reader, tmp_path, capsys, monkeypatch):
    """Digits with a label at every step: its row of the picture, cut to ten classes."""
    every_step = replace(digits_reader, kappa=0.9)
    weights.save(every_step, tmp_path / "steps.npz")
    digits = data.load("smnist", "subset").take(slice(2))
    labelled = replace(digits, labels=np.tile(np.arange(784) // 79, (2, 1)))
    monkeypatch.setattr(data, "load", lambda *arguments, **settings: labelled)
    out = tmp_path / "out"
    assert dmpnet("run", "--weights", tmp_path / "steps.npz", "--out", out) == 0
    want = reference.run(every_step, digits.batch(slice(None)))
    right = 100 * np.mean(want.predictions == labelled.labels)
    assert 0 < right < 100 and f"{right:.2f} % of all steps" in capsys.readouterr().out
    with open(out / "predictions.csv") as file:
        rows = np.array([[int(value) for value in row.values()] for row in csv.DictReader(file)])
    sample, step, label, brian2, expected = rows.T.reshape(5, 2, 784)
    np.testing.assert_array_equal([sample, step], np.indices((2, 784)))
    np.testing.assert_array_equal([label, brian2, expected], [labelled.labels, want.predictions, want.predictions])
    assert (out / "portrait.png").stat().st_size > 10_000


def test_the_main_job_on_the_shipped_network(tmp_path, capsys):
    assert dmpnet("run", "--samples", 40, "--out", tmp_path) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert [layer["mismatched"] for layer in results["layers"]] == [0, 0]
    assert results["summary"]["same class"] == "100.00 %"
    assert float(results["summary"]["accuracy in Brian2 (numpy)"].split()[0]) >= 95


def damaged(tmp_path, how):
    """A weights file gone wrong."""
    path = tmp_path / "bad.npz"
    whole = (tmp_path / "net.npz").read_bytes()
    with np.load(tmp_path / "net.npz") as file:
        arrays = dict(file)
    if how == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "pickled":
        arrays["layer1.W_f"] = np.array([{"code": 1}], dtype=object)
        np.savez(path, **arrays)
    else:
        arrays["layer1.W_f"] = {"shape": arrays["layer1.W_f"].T, "nan": arrays["layer1.W_f"] * np.nan}[how]
        np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("how, told", [("truncated", "not a whole .npz"), ("pickled", "pickled"),
                                       ("shape", r"layer1.W_f has shape (5, 14), but ("), ("nan", "70 values")])
@pytest.mark.parametrize("command", ["info", "simulate", "run"])
def test_bad_weights(network, tmp_path, capsys, how, told, command):
    path = damaged(tmp_path, how)
    np.save(tmp_path / "in.npy", random_input(network, 2))
    arguments = {"info": [path], "simulate": [path, tmp_path / "in.npy", "--out", tmp_path / "o.npz"],
                 "run": ["--weights", path, "--out", tmp_path / "out"]}[command]
    line = refused(capsys, tmp_path, command, *arguments)
    assert told in line and "bad.npz" in line


@pytest.mark.parametrize("content, told", [
    (np.zeros((2, 30, 4)), "shape (2, 30, 4), but this network reads (samples, steps, 5)"),
    (np.zeros((0, 30, 5)), "nothing to simulate"), (np.full((1, 30, 5), np.nan), "150 values that are NaN"),
    (np.full((1, 30, 5), 0.5), "0 or 1"), (np.array(["a"]), "dtype"), (np.zeros((1, 1, 30, 5)), "shape")])
def test_bad_input(network, tmp_path, capsys, content, told):
    np.save(tmp_path / "in.npy", content)
    assert told in refused(capsys, tmp_path, "simulate", tmp_path / "net.npz", tmp_path / "in.npy",
                           "--out", tmp_path / "o.npz")


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("write, told", [
    (lambda path: path.write_bytes(b"\x93NUMPY\x01\x00v"), "not a whole"),
    (lambda path: path.write_bytes(npy(np.zeros((1, 30, 5))).replace(b"}", b"x")), "not a whole"),
    (lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True), "pickled"),
    (lambda path: None, "no such input file")])
def test_bad_input_file(network, tmp_path, capsys, write, told):
    write(tmp_path / "in.npy")
    assert told in refused(capsys, tmp_path, "simulate", tmp_path / "net.npz", tmp_path / "in.npy",
                           "--out", tmp_path / "o.npz")


def test_npz_without_s_in(network, tmp_path, capsys):
    np.savez(tmp_path / "in.npz", x=np.zeros(3))
    assert "'s_in' is needed" in refused(capsys, tmp_path, "simulate", tmp_path / "net.npz", tmp_path / "in.npz")


@pytest.mark.parametrize("command, suffix", [(("simulate", "net.npz", "in.npy"), ".npz"),
                                             (("constrain", "net.npz"), ".npz"),
                                             (("stdp", "window", "pair-additive"), ".csv")])
def test_results_of_another_kind_are_refused_before_any_work(tmp_path, capsys, monkeypatch, command, suffix):
    """A folder, or a name that provenance would take: nothing is read, so what is named need not be there."""
    monkeypatch.chdir(tmp_path)
    Path("folder.npz").mkdir()
    Path("folder.csv").mkdir()
    for out, told in ((f"folder{suffix}", "a folder"), ("results.json", "ends in '.json'"), ("results", "ends in ''")):
        line = refused(capsys, tmp_path, *command, "--out", out)
        assert f"--out {out}: {told}" in line and f"ends in {suffix}" in line


def test_requests_that_name_nothing_known(network, digits_reader, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DMPNET_DATA", raising=False)
    np.save(tmp_path / "in.npy", random_input(network, 2))
    simulate = ("simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz")
    run = ("run", "--weights", tmp_path / "reader.npz", "--out", tmp_path / "out")
    for arguments, told in [((*simulate, "--backend", "quantum"), "quantum"), ((*simulate, "--record", "v"), "v: not"),
                            (("info", "no-such-net"), "no-such-net"), (("info", tmp_path / "none.npz"), "no such"),
                            ((*run, "--backend", "quantum"), "quantum"),
                            ((*run, "--split", "holdout"), "holdout"),
                            ((*run, "--split", "test", "--data", tmp_path / "nowhere"), "nowhere"),
                            (("run", "shd-regen", "--data", tmp_path), "shd-regen test")]:
        assert told in refused(capsys, tmp_path, *arguments), arguments


def test_no_compiler(network, tmp_path, capsys, monkeypatch):
    np.save(tmp_path / "in.npy", random_input(network, 2))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    line = refused(capsys, tmp_path, "simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out",
                   tmp_path / "o.npz", "--backend", "cpp_standalone")
    assert "compiler" in line and "numpy" in line


def test_without_torch_training_says_what_to_install(tmp_path):
    blocker = tmp_path / "torch.py"
    blocker.write_text("raise ImportError('blocked', name='torch')\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    done = subprocess.run([sys.executable, "-m", "dmpnet", "train", "smnist", "--out", str(tmp_path / "out")],
                          capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "pip install '.[train]' in a clone" in done.stderr
    assert not (tmp_path / "out").exists()


def test_results_that_cannot_be_written(network, tmp_path, capsys, monkeypatch):
    """A full disk half-way: the old file stays, one line is told."""
    np.save(tmp_path / "in.npy", random_input(network, 2))
    assert dmpnet("simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz") == 0
    earlier = (tmp_path / "o.npz").read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    capsys.readouterr()
    monkeypatch.setattr(np, "savez_compressed", full)
    line = refused(capsys, tmp_path, "simulate", tmp_path / "net.npz", tmp_path / "in.npy", "--out", tmp_path / "o.npz")
    assert "No space left" in line and (tmp_path / "o.npz").read_bytes() == earlier


def test_interrupt(network, tmp_path, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "load", interrupt)
    assert dmpnet("info", tmp_path / "net.npz") == 130 and "interrupted" in capsys.readouterr().err


def test_installed_command_answers():
    command = shutil.which("dmpnet", path=str(Path(sys.executable).parent))
    run = [command] if command else [sys.executable, "-m", "dmpnet"]
    assert subprocess.run([*run, "--version"], capture_output=True, text=True).stdout.startswith("dmpnet ")


def test_python_runs_the_package_as_the_command():
    asked = subprocess.run([sys.executable, "-m", "dmpnet", "info", "no-such-network"], capture_output=True, text=True)
    assert asked.returncode == 2 and "dmpnet: shipped network 'no-such-network'" in asked.stderr
    helped = subprocess.run([sys.executable, "-m", "dmpnet", "--help"], capture_output=True, text=True, check=True)
    assert helped.stdout.startswith("usage: dmpnet ")


@pytest.mark.parametrize("words, told", [
    ("simualte net.npz in.npy", "did you mean simulate?"), ("run shd-regn", "did you mean shd-regen?"),
    ("run --sampels 3", "did you mean --samples?"), ("stdp windw", "did you mean window?"),
    ("learn digit", "did you mean digits?"), ("constrain net.npz --optimiser mun", "did you mean muon?"),
    ("learn digits --decay liner", "did you mean linear?"), ("codesign --bugdet=2kB", "did you mean --budget?")])
def test_a_misspelt_word_is_answered_with_what_was_meant(words, told, capsys):
    with pytest.raises(SystemExit) as left:
        dmpnet(*words.split())
    assert left.value.code == 2 and told in capsys.readouterr().err


def test_places_that_differ_are_an_exit_code(digits_reader, tmp_path, capsys, monkeypatch):
    """One spike of the reference is taken away: all is written, one line says so, and it is no success."""
    run = reference.run

    def other(network, s_in, *arguments, **settings):
        found = run(network, s_in, *arguments, **settings)
        if found.spikes:
            sample, step, neuron = np.argwhere(found.spikes[1])[0]
            found.spikes[1][sample, step, neuron] = 0
        return found

    monkeypatch.setattr(reference, "run", other)
    out = tmp_path / "out"
    assert dmpnet("run", "--weights", tmp_path / "reader.npz", "--samples", 2, "--out", out) == 1
    assert "1 of 31,360 places differ between Brian2 and the reference: exit code 1" in capsys.readouterr().out
    assert sum(layer["mismatched"] for layer in json.loads((out / "results.json").read_text())["layers"]) == 1


def environment(tmp_path, **more):
    """Of a process whose user has no entry in the password file, and no HOME."""
    (tmp_path / "sitecustomize.py").write_text("import pwd\ndef none(*_): raise KeyError('uid')\npwd.getpwuid = none\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path), str(Path(cli.__file__).parent.parent)])
    homes = ("HOME", "XDG_CACHE_HOME", "DMPNET_DATA", "DMPNET_CACHE")
    return {key: value for key, value in os.environ.items() if key not in homes} | {"PYTHONPATH": path} | more


@pytest.mark.parametrize("words, code", [("simulate {}/net.npz {}/in.npy --out {}/o.npz", 0),
                                         ("simulate {}/net.npz {}/in.npy --out {}/o.npz --backend cpp_standalone", 2),
                                         ("run --split test --out {}/o", 2)])
def test_a_user_without_a_home_is_told_what_to_set(network, tmp_path, words, code):
    np.save(tmp_path / "in.npy", random_input(network, 1))
    done = subprocess.run([sys.executable, "-m", "dmpnet", *words.replace("{}", str(tmp_path)).split()], timeout=120,
                          capture_output=True, text=True, env=environment(tmp_path), cwd=tmp_path)
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    assert code == 0 or "set DMPNET_DATA and DMPNET_CACHE" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", [["-m", "dmpnet", "info"], ["-m", "dmpnet", "table1"], ["-c", """
import sys
from dmpnet.results import script
sys.argv[0] = "told.py"
script.told(lambda: print("x" * 200_000))"""]])
def test_a_reader_that_goes_ends_it_without_a_word(words):
    asked = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    asked.stdout.close()
    assert (asked.stderr.read(), asked.wait(120)) == (b"", 141)
    asked.stderr.close()


def test_another_broken_pipe_is_told():
    code = """
from dmpnet.results import script
def broken():
    raise BrokenPipeError(32, "Broken pipe")
script.told(broken)"""
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert asked.returncode == 2 and "Broken pipe" in asked.stderr


def test_a_name_that_cannot_be_printed_is_escaped(network, tmp_path):
    folder = tmp_path / "ch\u00e9"
    folder.mkdir()
    np.save(folder / "in.npy", random_input(network, 1))
    asked = [sys.executable, "-m", "dmpnet", "simulate", str(tmp_path / "net.npz"), str(folder / "in.npy"), "--out"]
    for out, stream, code in (("o.npz", "stdout", 0), ("in.npy", "stderr", 2)):
        done = subprocess.run([*asked, str(folder / out)], capture_output=True, timeout=120,
                              env=environment(tmp_path, PYTHONIOENCODING="ascii"))
        assert done.returncode == code and b"ch\\xe9" in getattr(done, stream), done.stderr
    assert (folder / "o.npz").exists() and (folder / "o.json").exists()


@pytest.mark.parametrize("words", [
    "info", "info shd-regen-delays", "info shd-regen-ssm --equations", "info nmnist-conv-dmp", "info {}/graph.npz",
    "table1", "stdp", "stdp show pair-nearest --chip learning", "stdp show triplet-visual-full", "data",
    "figures --list", "simulate {}/net.npz {}/in.npy --out {}/o.npz",
    "chip check dmp-4bit", "chip map smnist-dmp2", "fit shd-regen-dmp2 --chip dmp --samples 1 --split subset",
    "fit {}/graph.npz", "constrain smnist-dmp2 --split subset --calibration 2 --out {}/c.npz",
    "constrain smnist-dmp2 --chip ldlif-cim --split subset --calibration 2", "run braille --samples 2 --out {}/run",
    "decay braille-dmp2 --split subset --samples 2 --out {}/decay", "export {}/net.npz --out {}/net.nir"])
def test_what_is_printed_fits_80_columns(network, tmp_path, capsys, words):
    """But for the names of folders."""
    np.save(tmp_path / "in.npy", random_input(network, 2))
    file.save(trained.of(network), tmp_path / "graph.npz")
    assert dmpnet(*words.format(*[tmp_path] * 3).split()) == (2 if "--chip dmp" in words or "ldlif" in words else 0)
    out = capsys.readouterr().out.replace(str(tmp_path), "")
    assert out and max(map(len, out.splitlines())) <= 80, [line for line in out.splitlines() if len(line) > 80]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_table_is_as_narrow_as_it_is_asked_to_be(width):
    rows = [{"name": "a-name-that-stays", "what is told of it": "words " * 30, "a number": 1.5}] * 2
    shown = terminal.table(rows, width=width)
    assert max(map(len, shown.splitlines())) <= width and shown.count("a-name-that-stays") == 2
    assert shown.count("words") == 60


@pytest.mark.parametrize("rows, headers, first", [
    ([["x" * 90]], ["name here"], "name here"), ([["a" * 50, "b" * 50]], ["", "two words"], " " * 52 + "two words"),
    ([["row", "words " * 20], ["title"]], ["a name", "what"], "a     what"), ([], ["a", "b"], "a    b")])
def test_headers_of_a_wide_table_are_all_there(rows, headers, first):
    assert terminal.table(rows, headers).splitlines()[0].rstrip() == first


@pytest.mark.parametrize("words, near", [
    (["run", "--backend", "cyton"], "cython"), (["run", "--split", "subst"], "subset"),
    (["simulate", "smnist-dmp2", "x.npy", "--record", "spiks"], "spikes"), (["train", "smnst", "--out", "o"], "smnist"),
    (["constrain", "smnist-dmp2", "--chip", "dmp265"], "dmp-256")])
def test_words_looked_up_later_are_answered_with_what_was_meant_too(words, near, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.zeros((1, 4, 1)))
    with contextlib.suppress(SystemExit):
        assert cli.main(words) == 2
    assert f"did you mean {near}?" in capsys.readouterr().err
