"""Ctrl-C, SIGTERM and SIGKILL: one line, an exit code that says which, nothing left running, nothing left behind."""

import csv
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest
from data_files import digits, write_digits
from networks import random_input, random_network

from dmpnet.errors import BackendError
from dmpnet.system import processes, stopping
from dmpnet.trained import weights

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs Linux: or macOS, whose signals these are")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: /proc tells what is running")


def patience():
    """Seconds within which processes have to be gone: 2 on an idle machine."""
    return 2 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


def alive(case):
    """Command lines of the processes that have `case` in their environment, seen without dmpnet.system.watcher."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if case.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            pass
    return found


def started(script, case, **options):
    """A Python process of its own session that has `case` in its environment."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CASE": case, **options.pop("environment", {})}
    command = script if isinstance(script, list) else [sys.executable, "-c", script]
    return subprocess.Popen(command, env=environment, start_new_session=True, **options)


def gone(case):
    until = time.monotonic() + patience()
    while alive(case) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(case)


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)


# signals in the command itself


@pytest.mark.parametrize("number, code, word", [(signal.SIGINT, 130, "interrupted"),
                                                (signal.SIGTERM, 143, "terminated")])
@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_ends_the_work_in_one_line(number, code, word, times, capsys):
    """Also where it comes twice, as from a terminal that tells the whole group, and while things are cleared away."""
    cleared = []
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    def work():
        try:
            signal.raise_signal(number)
            raise AssertionError("not interrupted")
        finally:
            for _ in range(times - 1):
                signal.raise_signal(number)
            cleared.append(True)

    assert stopping.stoppable(work) == code
    assert capsys.readouterr().err == f"dmpnet: {word}; files written so far are whole\n"
    assert cleared and [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_is_half_built_at_a_signal_is_no_matter_of_warnings(capfd):
    """Brian2 logs a warning for every object that is in no network yet."""
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger("brian2").addHandler(handler)
    try:
        def work():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                logging.getLogger("brian2").warning("getting deleted, but was never included in a network")

        assert stopping.stoppable(work) == 130 and capfd.readouterr().err.count("\n") == 1
        logging.getLogger("brian2").warning("as before")
        assert "as before" in capfd.readouterr().err
    finally:
        logging.getLogger("brian2").removeHandler(handler)


def test_a_signal_that_a_library_turns_into_another_error_is_still_one(capsys):
    def work():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise ImportError("some module: half imported") from None
        return 0

    assert stopping.stoppable(work) == 143
    assert capsys.readouterr().err.count("\n") == 1


def test_a_signal_that_a_destructor_swallows_comes_again(capsys):
    class Interrupted:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def work():
        Interrupted()
        for _ in range(1000):
            time.sleep(0.01)
        return 0

    began = time.monotonic()
    assert stopping.stoppable(work) == 130 and time.monotonic() - began < 8
    assert capsys.readouterr().err.count("\n") == 1


def test_errors_and_exit_codes_without_a_signal_stay_as_they_are():
    def fail():
        raise RuntimeError("a fault of dmpnet's own")

    assert stopping.stoppable(lambda: 7) == 7
    with pytest.raises(RuntimeError):
        stopping.stoppable(fail)


# processes

CALLS = """
import sys
from pathlib import Path
from dmpnet.system.processes import children
with children() as started:
    started.call(["sh", "-c", "sleep 100 & sleep 100 & echo here > here; wait"], Path(sys.argv[1]), "waiting")
"""


@on_linux
def test_what_a_killed_process_started_is_ended(tmp_path):
    """A grandchild in a group of its own, as a compiler that make has started."""
    case = uuid.uuid4().hex
    process = started([sys.executable, "-c", CALLS, str(tmp_path)], case)
    wait_for((tmp_path / "here").exists)
    assert len(alive(case)) >= 4
    process.kill()
    process.wait()
    assert gone(case), alive(case)


@on_linux
def test_in_a_workplace_also_what_others_started_is_ended(tmp_path):
    """As Brian2 starts compilers for Cython: neither through dmpnet nor in a group of their own."""
    case = uuid.uuid4().hex
    script = ("import subprocess, time; from dmpnet.system.processes import workplace\n"
              "with workplace():\n    subprocess.Popen(['sh', '-c', 'sleep 100 & echo > here; wait']); time.sleep(100)")
    process = started(script, case, cwd=tmp_path)
    wait_for((tmp_path / "here").exists)
    process.kill()
    process.wait()
    assert gone(case), alive(case)


@on_linux
def test_a_workplace_leaves_no_trace_when_it_ends():
    before, folder = dict(os.environ), processes.tempfile.gettempdir()
    with processes.workplace():
        assert os.environ["TMPDIR"] == processes.tempfile.gettempdir() != folder
        assert subprocess.run([sys.executable, "-c", "import sys; sys.exit(sys.flags.safe_path)"]).returncode == 1
        inside = Path(os.environ["TMPDIR"])
    assert dict(os.environ) == before and processes.tempfile.gettempdir() == folder and not inside.exists()


def test_a_library_may_clear_its_temporary_files_away_at_the_end_of_the_process(tmp_path):
    """As Matplotlib does with its cache and Brian2 with its log; then the folder goes, with what else is in it."""
    script = ("import atexit, os, tempfile; from dmpnet.system.processes import workplace\n"
              "with workplace():\n    left = tempfile.mkdtemp(); tempfile.mkdtemp(); atexit.register(os.rmdir, left)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, "", [])


def test_nothing_begins_after_the_end(tmp_path):
    with processes.children() as under_way:
        pass
    with pytest.raises(BackendError, match="stopped before it began"):
        under_way.call(["sh", "-c", "echo"], tmp_path, "late")


# folders

HOLDS = """
import sys, time
from pathlib import Path
from dmpnet.system.processes import held
with held("dmpnet-", sys.argv[1]) as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text("27 MB")
    (Path(sys.argv[1]) / "ready").write_text("")
    time.sleep(100)
"""


def test_folders_of_killed_processes_are_swept_and_no_others(tmp_path):
    """One of a living process, one that is a user's own, and one of this process stay."""
    (tmp_path / "dmpnet-results").mkdir()
    (tmp_path / "dmpnet-results" / "mine.npz").write_text("")
    process = started([sys.executable, "-c", HOLDS, str(tmp_path)], "holds")
    wait_for((tmp_path / "ready").exists)
    with processes.held("dmpnet-", tmp_path) as mine:
        assert len(list(tmp_path.glob("dmpnet-*"))) == 3
        process.kill()
        process.wait()
        with processes.held("dmpnet-", tmp_path):
            assert len(list(tmp_path.glob("dmpnet-*"))) == 3 and mine.exists()
    assert [path.name for path in tmp_path.glob("dmpnet-*")] == ["dmpnet-results"]
    assert (tmp_path / "dmpnet-results" / "mine.npz").exists()


# code in the working folder


def test_the_command_runs_nothing_that_lies_in_the_working_folder(tmp_path):
    """Neither modules named as those that are imported, nor Brian2's preferences, which Brian2 evaluates."""
    network = random_network((5, 9, 3), steps=10)
    weights.save(network, tmp_path / "net.npz")
    np.save(tmp_path / "in.npy", random_input(network, 2))
    ran = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    by_python = subprocess.run([sys.executable, "-c", "import runpy, sys; print(*sys.modules)"], capture_output=True,
                               text=True, check=True).stdout.split()  # before it asks us anything
    for name in {"numpy", "scipy", "brian2", *sys.stdlib_module_names} - set(by_python):
        (tmp_path / f"{name}.py").write_text(ran)
    evaluated = f"codegen.target = [open({str(tmp_path / 'ran')!r}, 'w'), 'numpy'][1]\n"
    (tmp_path / "brian_preferences").write_text(evaluated)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": ""}
    done = subprocess.run([sys.executable, "-m", "dmpnet", "simulate", "net.npz", "in.npy", "--out", "o.npz"],
                          cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists() and (tmp_path / "o.npz").exists()
    assert done.stderr.count("\n") == 1 and "brian_preferences in this folder is not read" in done.stderr


# whole commands, killed at random moments

KILLS = {signal.SIGKILL: 20, signal.SIGINT: 10, signal.SIGTERM: 10}
FEW = float(os.environ.get("DMPNET_KILLS", 1))  # part of them
COMMANDS = {
    "run": ["run", "--weights", "smnist-dmp2", "--samples", "8", "--out", "{out}"],
    "numpy": ["simulate", "net.npz", "in.npy", "--out", "{out}/o.npz"],
    "cython": ["simulate", "net.npz", "in.npy", "--out", "{out}/o.npz", "--backend", "cython"],
    "cpp_standalone": ["simulate", "net.npz", "in.npy", "--out", "{out}/o.npz", "--backend", "cpp_standalone"],
    "train": ["train", "smnist", "--hidden", "6", "--epochs", "3", "--batch", "8", "--validation", "0.2", "--by",
              "class", "--data", "data", "--out", "{out}"],
    "learn digits": ["learn", "digits", "--neurons", "8", "--samples", "30", "--test", "4", "--backend", "numpy",
                     "--data", "data", "--out", "{out}"],
    "learn readout": ["learn", "readout", "smnist", "--neurons", "12", "--test", "4", "--passes", "2", "--data",
                      "data", "--out", "{out}"],
    "codesign": ["codesign", "--processes", "2", "--dataset", "smnist", "--d", "2", "3", "--N", "4", "--bits",
                 "8:8:16", "--epochs", "1", "--calibration", "4", "--data", "data", "--out", "{out}"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what the commands read."""
    folder = tmp_path_factory.mktemp("signals")
    images, labels = digits(40)
    write_digits(folder / "data", images, labels, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    write_digits(folder / "data", images[:8], labels[:8])
    network = random_network((5, 30, 20, 3), steps=400, seed=3)
    weights.save(network, folder / "net.npz")
    np.save(folder / "in.npy", random_input(network, 40))
    return folder


class Command:
    """A command with folders of its own for results, temporary files and caches."""

    def __init__(self, name, place, number):
        self.place, self.case = place, uuid.uuid4().hex
        self.own = place / f"{name}-{number}".replace(" ", "-")
        for folder in ("tmp", "cache", "out"):
            (self.own / folder).mkdir(parents=True, exist_ok=True)
        self.words = [word.format(out=self.own / "out" / "results") for word in COMMANDS[name]]

    def start(self):
        return started([sys.executable, "-m", "dmpnet", *self.words], self.case, cwd=self.place, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, environment={
                           "TMPDIR": str(self.own / "tmp"), "DMPNET_CACHE": str(self.own / "cache"),
                           "XDG_CACHE_HOME": str(self.own / "cache"), "PYTHONWARNINGS": "ignore"})

    def run(self):
        process = self.start()
        said = process.communicate(timeout=900)
        assert process.returncode == 0, said
        return self.results()

    def results(self):
        """Every number that was written, by file and name; no times, no versions."""
        found = {}
        for path in sorted((self.own / "out").rglob("*")):
            name = str(path.relative_to(self.own / "out"))
            if path.suffix == ".npz":
                with np.load(path, allow_pickle=False) as arrays:
                    found |= {f"{name}: {key}": arrays[key].tobytes() for key in arrays.files if key != "header"}
            elif path.suffix == ".csv":
                with open(path, newline="") as file:
                    found[name] = [{key: value for key, value in row.items() if key != "seconds"}
                                   for row in csv.DictReader(file)]
        return found

    def left(self):
        """What should not be there once a command has ended."""
        return [path for folder in ("tmp", "cache", "out") for path in (self.own / folder).rglob("*")
                if folder == "tmp" or "building-" in path.name or "unfinished" in path.name]


@pytest.mark.slow
@on_linux
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stopped_at_any_moment_starts_again_and_ends_the_same(name, place):
    """Files are whole or absent, as the next run shows by ending with the same bits."""
    random = np.random.RandomState(len(name))
    began = time.monotonic()
    first = Command(name, place, 0)
    want = first.run()
    assert want and not first.left()
    lasts, number = time.monotonic() - began, 0
    for signum, times in KILLS.items():
        for _ in range(max(1, round(FEW * times / len(COMMANDS)))):
            number += 1
            command, after = Command(name, place, number), random.uniform(0.3, lasts)
            process = command.start()
            time.sleep(after)
            process.send_signal(signum)
            _, error = process.communicate(timeout=60)
            told = f"{signal.Signals(signum).name} after {after:.2f} of {lasts:.2f} s: {process.returncode}, {error}"
            assert gone(command.case), f"{told}; {alive(command.case)}"
            if process.returncode and signum == signal.SIGKILL:  # else it was done before
                assert process.returncode == -signum, told
            elif process.returncode:
                assert process.returncode == 128 + signum, told
                assert error.count("\n") == 1 and "files written so far" in error, told
                assert not [path for path in command.left() if "out" not in path.parts], told
            assert command.run() == want, told
            assert not command.left(), f"{told}; {command.left()}"
            shutil.rmtree(command.own)
