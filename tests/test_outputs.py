"""Outputs are refused where they would replace what is not theirs, or cannot be written; two writers are told apart."""

import argparse
import contextlib
import json
import runpy
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from networks import random_input, random_network

from dmpnet import cli
from dmpnet.data import Recordings
from dmpnet.disk import files
from dmpnet.errors import DmpnetError
from dmpnet.results import outputs, provenance
from dmpnet.trained import weights

ROOT = Path(__file__).resolve().parent.parent


def dmpnet(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture
def given(tmp_path):
    """A folder with a network and an input for it."""
    net = random_network((5, 14, 9, 3), d=4, steps=30, seed=4)
    weights.save(net, tmp_path / "net.npz")
    np.savez(tmp_path / "in.npz", s_in=random_input(net, 2))
    return tmp_path


def refused(capsys, folder, *arguments) -> str:
    """The one line of a request refused, after which every file is as it was."""
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    assert dmpnet(*arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("dmpnet: ") and told.count("\n") == 1
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before
    return told


@pytest.mark.parametrize("how", ["as it is", "another spelling", "a link", "a hard link"])
@pytest.mark.parametrize("which", ["net", "in"])
def test_an_input_is_never_replaced(given, capsys, which, how):
    out = given / f"{which}.npz"
    if how == "another spelling":
        (given / "sub").mkdir()
        out = given / "sub" / ".." / f"{which}.npz"
    elif how != "as it is":
        out = given / "other.npz"
        (out.symlink_to if how == "a link" else out.hardlink_to)(given / f"{which}.npz")
    told = refused(capsys, given, "simulate", given / "net.npz", given / "in.npz", "--out", out)
    assert f"what was given as {'weights' if which == 'net' else 'input'}" in told


def test_provenance_replaces_no_input_either(given, capsys):
    """The record of --out chip.npz is chip.json."""
    (given / "chip.json").write_text("{}")
    told = refused(capsys, given, "constrain", given / "net.npz", "--chip", given / "chip.json", "--out",
                   given / "chip.npz")
    assert "chip.json is what was given as chip" in told


COMMANDS = {
    "run --out {}/o": ("o/results.json", "o/predictions.csv", "o/sample.npz", "o/portrait.png", "o/portrait.pdf"),
    "simulate {}/net.npz {}/in.npz --out {}/o.npz": ("o.npz", "o.json"),
    "train smnist --out {}/o": ("o/training.json", "o/weights.npz", "o/curve.csv"),
    "table1 --out {}/o.json": ("o.json",),
    "table1 --retrain smnist-dmp2 --out {}/o": ("o/smnist-dmp2/seed0.npz", "o/smnist-dmp2/README.md",
                                                "o/smnist-dmp2/seed0.run/weights.npz"),
    "decay --finetune 1 --out {}/o": ("o/results.json", "o/traces.npz", "o/decay.pdf", "o/linear.run/weights.npz"),
    "constrain {}/net.npz --finetune 1 --out {}/o.npz": ("o.npz", "o.json", "o.run/curve.csv"),
    "convert-ann {}/net.onnx --dataset mnist --out {}/o.npz": ("o.npz", "o.json"),
    "import {}/net.nir --out {}/o.npz": ("o.npz", "o.json"),
    "export {}/net.npz --out {}/o.nir": ("o.nir",),
    "codesign --out {}/o": ("o/results.json", "o/codesign.png"),
    "stdp window pair-additive --out {}/o.csv --figure {}/f": ("o.csv", "o.json", "f.png", "f.pdf"),
    "learn digits --out {}/o": ("o/learned.npz", "o/learning.json", "o/checkpoint.npz"),
    "learn readout smnist --out {}/o": ("o/weights.npz", "o/traces.npz", "o/answers.json"),
    "info --out {}/o.json": ("o.json",),
    "data --out {}/o.json": ("o.json",),
    "cores {}/net.npz --out {}/o.json": ("o.json",),
    "chip map {}/net.npz --out {}/o.csv": ("o.csv", "o.json"),
    "figures costs --out {}/o": ("o/costs.png", "o/costs.pdf"),
    "fit {}/net.npz --chip dmp --out {}/o.json": ("o.json",),
}


@pytest.mark.parametrize("command, file", [(command, file) for command, names in COMMANDS.items() for file in names
                                           if "checkpoint" not in file])
def test_what_no_run_of_the_command_wrote_stays(given, capsys, command, file):
    """A file of the user's own, or of another command."""
    if command.startswith(("train", "table1 --retrain", "codesign", "decay")):
        pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    (given / file).parent.mkdir(parents=True, exist_ok=True)
    (given / file).write_text('{"command": "another", "files": {}}')
    told = refused(capsys, given, *command.format(given, given, given).split())
    name = Path(file).parent.name if ".run" in file else Path(file).name
    assert name in told and "move it away, or give another --out" in told


def test_every_command_that_writes_is_tried_above():
    def writing(parser, words=()):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, below in action.choices.items():
                    yield from writing(below, (*words, name))
            if "--out" in action.option_strings:
                yield " ".join(words)

    assert all(any(command.startswith(f"{words} ") for command in COMMANDS) for words in writing(cli.parser()))


def test_a_run_replaces_its_own_results_until_they_are_changed(given, capsys):
    command = ("simulate", given / "net.npz", given / "in.npz", "--out", given / "o.npz")
    assert dmpnet(*command) == 0
    first = (given / "o.npz").read_bytes()
    assert dmpnet(*command, "--record", "u") == 0
    assert (given / "o.npz").read_bytes() != first
    np.savez(given / "o.npz", mine=np.arange(3))
    assert "o.npz is there, but not as an earlier `simulate` wrote it" in refused(capsys, given, *command)


def test_results_of_one_command_are_not_replaced_by_those_of_another(given, capsys):
    assert dmpnet("simulate", given / "net.npz", given / "in.npz", "--out", given / "o.npz") == 0
    assert "not as an earlier `constrain`" in refused(capsys, given, "constrain", given / "net.npz", "--chip", "dmp",
                                                      "--out", given / "o.npz")


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("train")])
@pytest.mark.parametrize("fault", ["a file as parent", "a read-only disk", "a full disk"])
def test_what_cannot_be_written_is_told_before_any_work(given, capsys, monkeypatch, command, fault):
    (given / "file").write_text("")
    words = command.replace("{}/o", "{}/file/o" if fault == "a file as parent" else "{}/new/o")
    if fault != "a file as parent":
        def fails(*_, **__):
            raise OSError(*{"a full disk": (28, "No space left on device"),
                            "a read-only disk": (30, "Read-only file system")}[fault])

        monkeypatch.setattr(files.tempfile, "TemporaryFile", fails)
    for reader in (weights, provenance):
        monkeypatch.setattr(reader, "load", lambda *_: pytest.fail("worked first"), raising=False)
    told = refused(capsys, given, *words.format(given, given, given).split())
    assert "--out" in told and {"a file as parent": "is a file, but a folder is due", "a full disk": "No space left",
                                "a read-only disk": "Read-only"}[fault] in told


def test_a_folder_in_place_of_a_result(given, capsys):
    (given / "o" / "results.json").mkdir(parents=True)
    assert "results.json is a folder" in refused(capsys, given, "run", "--out", given / "o")


def a_place(folder, growing=()):
    return outputs.in_folder("test", folder / "out", argparse.Namespace(), "r.json", ("a.csv", "b.csv"), growing)


def test_all_files_take_their_places_or_none(tmp_path):
    with a_place(tmp_path) as out, pytest.raises(OSError), out.staged() as folder:
        (folder / "r.json").write_text('{"command": "test"}')
        (folder / "a.csv").write_text("1")
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir()), "folders that were made and stayed empty go again"
    with a_place(tmp_path) as out, out.staged() as folder:
        for name, text in (("r.json", '{"command": "test"}'), ("a.csv", "1"), ("b.csv", "2")):
            (folder / name).write_text(text)
        assert not (tmp_path / "out" / "r.json").exists()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv", "r.json"]
    assert json.loads((tmp_path / "out" / "r.json").read_text())["files"] == {
        name: files.digest(tmp_path / "out" / name) for name in ("a.csv", "b.csv")}


def test_a_second_writer_is_refused_by_name_and_the_place_is_free_afterwards(tmp_path):
    with a_place(tmp_path), pytest.raises(DmpnetError, match=r"out: another dmpnet is writing there now; wait"):
        a_place(tmp_path).__enter__()
    with a_place(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_who_is_killed_blocks_nobody_and_what_it_left_is_swept(tmp_path):
    code = ("import sys, os, argparse, pathlib; from dmpnet.results import outputs; from dmpnet.disk import files\n"
            f"place = pathlib.Path({str(tmp_path / 'out')!r})\n"
            "out = outputs.in_folder('test', place, argparse.Namespace(), 'r.json')\n"
            "out.__enter__(); staged = out.staged(); staged.__enter__()\n"
            "half = files.whole_file(out.place / 'a.csv'); half.__enter__(); os.kill(os.getpid(), 9)")
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -9
    assert len(list((tmp_path / "out").iterdir())) == 3, "a lock, a folder and half a file"
    with a_place(tmp_path):
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".dmpnet.lock"]
    assert not list((tmp_path / "out").iterdir())


def test_one_of_many_that_start_at_once_writes(tmp_path):
    entered, start, leave = [], threading.Barrier(8), threading.Event()

    def write():
        start.wait()
        with contextlib.suppress(DmpnetError), a_place(tmp_path):
            entered.append(1)
            leave.wait(10)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads[:7]:
        thread.join(1)
    leave.set()
    for thread in threads:
        thread.join()
    assert len(entered) == 1


def test_a_second_training_is_refused_while_the_first_goes_on(tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet import data
    from dmpnet.training.trainer import Trainer

    few = Recordings("smnist", "train", "analog", np.zeros((40, 784, 1), np.uint8), 1 / 255, np.arange(40) % 10, None,
                     10, 1e-3)
    monkeypatch.setattr(data, "load", lambda *_, **__: few)
    command = ("train", "smnist", "--epochs", 1, "--out", tmp_path / "mine")
    seen = []

    def run(self):
        seen.append(dmpnet(*command, "--lr", 0.5))
        assert json.loads((tmp_path / "mine" / "training.json").read_text())["command"] == "train"
        (self.folder / "checkpoint.pt").write_bytes(b"")
        return self.standing

    monkeypatch.setattr(Trainer, "run", run)
    monkeypatch.setattr(Trainer, "resume", lambda self: self.checkpoint.exists())
    assert dmpnet(*command) == 0 and seen == [2]
    assert "mine: another dmpnet is writing there now; wait until it is done" in capsys.readouterr().err
    assert dmpnet(*command) == 0, "and goes on with its own afterwards"


def test_a_folder_of_training_without_its_record_goes_on(tmp_path):
    """As one made by an earlier version: the checkpoint is checked when it is read."""
    for name in outputs.RUN:
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"")
    place = outputs.in_folder("train", tmp_path / "out", argparse.Namespace(), "training.json", growing=outputs.RUN)
    place.check()
    (tmp_path / "out" / "checkpoint.pt").unlink()
    with pytest.raises(DmpnetError, match=r"curve.csv is there, but not as an earlier `train` wrote it"):
        place.check()


def test_the_frozen_network_is_not_replaced_by_its_named_self(tmp_path, capsys):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "learned.npz").write_bytes(b"learned")
    told = refused(capsys, tmp_path, "learn", "digits", "--frozen", tmp_path / "o" / "learned.npz", "--out",
                   tmp_path / "o")
    assert "learned.npz is what was given as frozen" in told


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "analyses").glob("[!_]*.py")))
def test_a_script_leaves_a_file_that_is_not_its_own(script, tmp_path, monkeypatch, capsys):
    """In the first place, before anything is read; and tells how it is called, writing nothing."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    monkeypatch.syspath_prepend(ROOT / "analyses")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text("{}")
    more = {"variants.py": ["d"], "benchmark_learning.py": ["no-such-example.py"]}.get(script, [])
    readme = (ROOT / "README.md").read_bytes()
    for words, code in ((["--help"], 0), ([*more, "--out", "mine.json"], 2)):
        monkeypatch.setattr("sys.argv", [script, *words])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(ROOT / "analyses" / script), run_name="__main__")
        told = capsys.readouterr()
        assert left.value.code == code, told.err
    assert (tmp_path / "mine.json").read_text() == "{}" and (ROOT / "README.md").read_bytes() == readme
    assert script == "readme.py" or told.err.startswith(f"{script}: --out mine.json: mine.json is there, but not as")


def test_what_is_refused_before_anything_grew_leaves_nothing(tmp_path):
    """A command that goes on from its own files keeps a record from the start, but not of a start that never was."""
    out = tmp_path / "learned"
    with pytest.raises(DmpnetError), outputs.Outputs("learn", out, out / "learning.json", growing=[out / "kept.npz"]):
        assert (out / "learning.json").exists()
        raise DmpnetError("refused")
    assert not out.exists()
    with pytest.raises(KeyboardInterrupt), outputs.Outputs("learn", out, out / "learning.json",
                                                           growing=[out / "kept.npz"]):
        (out / "kept.npz").write_bytes(b"begun")
        raise KeyboardInterrupt
    assert (out / "learning.json").exists()
