"""Descriptions of chips: all their keys on one page, those that begin with another's, the command that checks them."""

from pathlib import Path

import numpy as np
import pytest
from networks import random_input, random_network

from dmpnet import cli, reference
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip, chip_keys
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit

DOCS = Path(__file__).resolve().parents[1] / "docs"
OWN = 'name = "mine"\nbase = "dmp"\n[limits]\nneurons = { value = 200, source = "here" }\n'


def described(folder, text, name="mine.toml"):
    (folder / name).write_text(text)
    return folder / name


# the page


def test_the_page_is_what_the_command_prints(capsys):
    assert cli.main(["chip", "keys"]) == 0
    assert capsys.readouterr().out == (DOCS / "chip-file.md").read_text(), "run: dmpnet chip keys > docs/chip-file.md"


def test_the_page_has_every_key_and_what_a_chip_does_with_a_wrong_value():
    told = {key.name: key for key in chip_keys.keys()}
    assert [*told] == list(dict.fromkeys(".".join(name.split(".")[:2]) for name in chip.SETTINGS))
    assert all(key.meaning for key in told.values())
    dmp = chip.load("dmp")
    for name, key in told.items():
        if key.takes == "a word" or name.startswith(("plasticity", "clock")):
            continue
        wrong = {"a whole number": 0.5, "true or false": "yes"}.get(key.takes, "neither")
        with pytest.raises(DmpnetError, match=name):
            chip.changed(dmp, {name: wrong})
        if " or " in key.takes and key.takes != "true or false":
            for word in key.takes.split(" or "):
                chip.changed(dmp, {name: word})


# a chip after another


def test_what_a_description_does_not_say_is_its_bases(tmp_path):
    mine, dmp = chip.load(described(tmp_path, OWN)), chip.load("dmp")
    assert mine.name == "mine" and mine.limits.neurons == 200 and mine.source["limits.neurons"] == "here"
    assert chip.changed(mine, {"limits.neurons": 128}).limits == dmp.limits
    assert (mine.words, mine.memory, mine.datapath) == (dmp.words, dmp.memory, dmp.datapath)
    assert {name for name in mine.source if mine.source[name] != dmp.source[name]} == {"limits.neurons"}


def test_a_base_may_have_a_base_and_lie_beside_it(tmp_path):
    described(tmp_path, OWN)
    text = 'name = "third"\nbase = "mine.toml"\n[words]\nW_f = { bits = 4, source = "x" }\n[clock]\n' \
           'hz = { value = 1000, source = "x" }\n'
    third = chip.load(described(tmp_path, text, "third.toml"))
    assert third.name == "third" and third.limits.neurons == 200 and third.words.W_f.bits == 4
    assert third.clock is not None and third.clock.hz == 1000


@pytest.mark.parametrize("text, told", [
    ('name = "mine"\nbase = "mine.toml"\n', "not one that has this as its base"),
    ('name = "mine"\nbase = 3\n', "base = 3, but it names another chip"),
    ('name = "mine"\nbase = "dpm"\n', "chip 'dpm'.*is not among those that ship"),
    ('name = "mine"\nbase = "elsewhere.toml"\n', "no such chip description"),
    ('base = "dmp"\n', "no name"),
    ('name = "mine"\nbase = "dmp"\nlimits = 3\n', "mine.toml: limits has nothing"),
    ('name = "mine"\nbase = "dmp"\n[limits]\nslot = { value = 3, source = "x" }\n', "limits has .*slot"),
    ('name = "mine"\nbase = "dmp"\n[limits]\nslots = { value = 3 }\n', "limits.slots has no source")])
def test_a_wrong_base_is_refused(tmp_path, text, told):
    with pytest.raises(DmpnetError, match=told):
        chip.load(described(tmp_path, text))


# the command


def test_a_new_chip_is_its_base_and_is_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in chip.names():
        assert cli.main(["chip", "new", f"after-{name}", "--base", name]) == 0
        made, base = chip.load(f"after-{name}.toml"), chip.load(name)
        assert made.name == f"after-{name}" and vars(made) | {"name": base.name} == vars(base)
        text = Path(f"after-{name}.toml").read_text()  # and what stands there to be changed is what the base says
        described(tmp_path, text.replace("\n# ", "\n").replace(f'base = "{name}"\n', ""), "whole.toml")
        assert vars(chip.load("whole.toml")) | {"name": base.name} == vars(base)
    assert cli.main(["chip", "new", "after-dmp"]) == 2
    assert "not written over" in capsys.readouterr().err
    described(tmp_path, OWN)
    assert cli.main(["chip", "check", "mine.toml"]) == 0
    out = capsys.readouterr().out
    line, = (line for line in out.splitlines() if line.startswith("limits.neurons"))
    assert line.split() == ["limits.neurons", "200", "128", "here"] and "1 of them its own" in out
    assert cli.main(["chip", "check", "dmp"]) == 0
    described(tmp_path, OWN.replace("200", "-1"))
    assert cli.main(["chip", "check", "mine.toml"]) == 2
    assert "limits.neurons = -1" in capsys.readouterr().err


# a chip that does not pad


def test_a_chip_that_does_not_pad_computes_the_dimensions_there_are():
    network = random_network(d=5)
    s_in = random_input(network, 4, seed=5)
    pads, does_not = (chip.changed(chip.load("dmp"), {"datapath.pads": pads}) for pads in (True, False))
    made = [constrain(network, each, s_in).network for each in (pads, does_not)]
    assert [[layer.slow.d for layer in each.layers] for each in made] == [[8, 8], [5, 5]]
    for a, b in zip(*(reference.run(each, s_in, record=("spikes", "u")).u for each in made), strict=True):
        np.testing.assert_array_equal(a, b)
    bytes_of = [next(need.used for need in fit(network, each).needs if need.rule == "slow bank")
                for each in (pads, does_not)]
    assert bytes_of == [16 * 8 + 16 + 64 + 8, 16 * 5 + 16 + 25 + 5]
    assert not any("padded" in note for note in fit(network, does_not).notes)
