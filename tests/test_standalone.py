"""Compiled programs: compiled once per architecture, found again, never trusted when they have changed."""

import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from networks import random_input, random_network
from test_network import ALL, TWO_NEURONS, assert_informative, assert_same

import dmpnet
from dmpnet import reference
from dmpnet.brian import standalone, standalone_project, trained_program
from dmpnet.brian.backends import MAKE
from dmpnet.brian.simulation import simulate
from dmpnet.brian.trained_program import Trained
from dmpnet.errors import BackendError
from dmpnet.plasticity.protocols import brian2_on
from dmpnet.system.processes import Children, children

DESIGN = {"shape": (6, 16, 12, 3), "neurons": TWO_NEURONS, "d": (5, 1), "theta": (30.0, 10.0), "kind": "DMP+RSNN",
          "delay": (12, 5)}

pytestmark = pytest.mark.skipif(shutil.which("g++") is None or shutil.which("make") is None,
                                reason="needs a C++ compiler: g++ and make are not found")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with the program of DESIGN for 9 samples (a tile of 8 and one left over): the only compilation here."""
    folder = tmp_path_factory.mktemp("cache")
    network = random_network(seed=1, **DESIGN)
    s_in = random_input(network, samples=9)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert_same(simulate(network, s_in, backend="cpp_standalone", record=ALL, batch=9, cache=folder), want)
    return folder


@pytest.fixture
def no_compiling(monkeypatch):
    def refuse(*args):
        raise AssertionError("compiled again")

    monkeypatch.setattr(standalone, "_build", refuse)


def entry(cache):
    found, = (cache / "standalone").iterdir()
    return found


@pytest.mark.parametrize("processes", [1, 2])
def test_other_weights_and_more_batches_use_the_same_program(processes, cache, no_compiling, monkeypatch):
    """Each process writes the weights once, for all of its batches."""
    written = []
    links, biases = trained_program.connections, trained_program.connections.biases
    monkeypatch.setattr(links, "biases", lambda network: written.append(network) or biases(network))
    network = random_network(seed=2, **DESIGN)
    s_in = random_input(network, samples=20)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    told = []
    got = simulate(network, s_in, backend="cpp_standalone", record=ALL, batch=9, processes=processes, cache=cache,
                   progress=lambda *done: told.append(done))
    assert_same(got, want)
    assert told == [(9, 20), (18, 20), (20, 20)] and 1 <= len(written) <= processes


@pytest.mark.parametrize("delay", [(8, 7), (15, 4)])
def test_other_delays_use_the_same_program(delay, cache, no_compiling):
    """Delays are a file; the ring of 16 or 8 steps that is compiled in is large enough for all up to 15 or 7."""
    network = random_network(seed=4, **{**DESIGN, "delay": delay})
    s_in = random_input(network, samples=9)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert_same(simulate(network, s_in, backend="cpp_standalone", record=ALL, batch=9, cache=cache), want)


def test_trained_scalars_are_no_part_of_the_program(cache, no_compiling):
    """Arrays of one element (b_x, Bbar of d = 1) are files too: Brian2 would write them into the source."""
    network = random_network(seed=3, **DESIGN)
    assert network.layers[1].slow.Bbar.size == 1
    network.layers[1].slow.Bbar[:] *= 2
    s_in = random_input(network, samples=9)
    assert_same(simulate(network, s_in, backend="cpp_standalone", record=ALL, batch=9, cache=cache),
                reference.run(network, s_in, ALL))


@pytest.mark.parametrize("damage", ["truncated", "one byte", "no manifest", "manifest of another", "missing",
                                    "kept array", "writable", "folder writable"])
def test_a_damaged_program_is_compiled_again(damage, cache, tmp_path, monkeypatch):
    shutil.copytree(cache, tmp_path / "cache")
    kept = entry(tmp_path / "cache")
    program, manifest = kept / standalone.PROGRAM, kept / "manifest.json"
    if damage == "truncated":
        os.truncate(program, program.stat().st_size // 2)
    elif damage == "one byte":
        content = bytearray(program.read_bytes())
        content[len(content) // 2] ^= 1
        program.write_bytes(content)
    elif damage == "no manifest":
        manifest.write_text("{")
    elif damage == "manifest of another":
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "digests": {standalone.PROGRAM: "0"}}))
    elif damage == "kept array":  # of which the program is sure that it is as it was compiled with
        array = next(path for path in (kept / "static_arrays").iterdir() if path.stat().st_size)
        array.write_bytes(bytes([array.read_bytes()[0] ^ 1]) + array.read_bytes()[1:])
    elif damage == "writable":  # by others, who may have put their own program there with its own digest
        program.chmod(0o722)
    elif damage == "folder writable":
        kept.chmod(0o777)
    else:
        program.unlink()
    built = []

    def copy(design, folder, made, started):
        built.append(design)
        shutil.copytree(entry(cache), made)

    monkeypatch.setattr(standalone, "_build", copy)
    network = random_network(seed=1, **DESIGN)
    s_in = random_input(network, samples=9)
    got = simulate(network, s_in, backend="cpp_standalone", record=ALL, batch=9, cache=tmp_path / "cache")
    assert_same(got, reference.run(network, s_in, ALL))
    assert len(built) == 1 and [path.name for path in (tmp_path / "cache" / "standalone").iterdir()] == [kept.name]


def test_the_key_holds_all_that_shapes_a_program(monkeypatch, tmp_path):
    network = random_network(seed=1, **DESIGN)

    def key(network=network, batch=9, steps=40, record=ALL):
        return standalone.key(standalone.designed(Trained(network), batch, steps, record))

    first = key()
    assert key() == first
    assert key(random_network(seed=2, **DESIGN)) == first  # other weights
    others = [key(random_network(seed=1, **{**DESIGN, "kind": "DMP"})),  # without W_r
              key(batch=10), key(steps=41), key(record=()),
              key(random_network(seed=1, **{**DESIGN, "d_s": 2})),
              key(random_network(seed=1, **{**DESIGN, "encoding": "analog"})),
              *(key(random_network(seed=1, **{**DESIGN, "acts": acts})) for acts in ("threshold", "gain")),
              *(key(random_network(seed=1, **{**DESIGN, "delay": delay})) for delay in (0, (16, 5), (12, 8)))]
    monkeypatch.setitem(standalone.prefs, "codegen.cpp.extra_compile_args", ["-O1"])
    others.append(key())
    monkeypatch.undo()
    shutil.copytree(standalone.HERE, tmp_path / "dmpnet", ignore=shutil.ignore_patterns("data", "models", "*.npz"))
    (tmp_path / "dmpnet" / "brian" / "products.py").write_text("changed")
    monkeypatch.setattr(standalone, "HERE", tmp_path / "dmpnet")
    others.append(key())
    monkeypatch.undo()
    monkeypatch.setattr(standalone, "compiler", lambda: {"compiler": "another"})
    others.append(key())
    assert len({first, *others}) == 1 + len(others)


def test_a_program_is_for_the_user_alone(cache):
    """What anybody else could have written would be run."""
    for path in (entry(cache).parent, entry(cache), *entry(cache).rglob("*")):
        assert path.stat().st_mode & 0o077 == 0 and path.stat().st_uid == os.geteuid(), path


def test_programs_in_the_folder_of_another_user_are_refused(cache, monkeypatch, no_compiling):
    network, another = random_network(seed=1, **DESIGN), os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    with pytest.raises(BackendError, match=f"belongs to user {another - 1}.*DMPNET_CACHE"):
        simulate(network, random_input(network, 9), backend="cpp_standalone", record=ALL, batch=9, cache=cache)


def test_a_folder_others_may_write_is_closed_to_them(tmp_path):
    (tmp_path / "standalone").mkdir()
    (tmp_path / "standalone").chmod(0o777)
    standalone._own(tmp_path / "standalone")
    assert (tmp_path / "standalone").stat().st_mode & 0o777 == 0o700


# what a program wrote


def results(cache):
    """Files of the program by 'group.variable'."""
    manifest = json.loads((entry(cache) / "manifest.json").read_text())["results"]
    return {name: file for name, (file, *_) in (manifest["arrays"] | manifest["clocks"]).items()}


def numbers(path, dtype, change):
    content = np.fromfile(path, dtype)
    change(content)
    content.tofile(path)


def shortened(file, kept):
    return lambda folder: os.truncate(folder / file, int(kept * (folder / file).stat().st_size))


def at(content, place, value):
    content[place] = value


@pytest.mark.parametrize("name", ["spikes_1.i", "spikes_1.t", "spikes_1.count", "spikes_2.N", "u_1.u", "u_1.t", "m_1.m",
                                  "x_2.x", "y.y", "readout.total", "clock"])
@pytest.mark.parametrize("kept", [0, 0.999])
def test_part_of_a_file_is_not_believed(name, kept, cache, no_compiling, monkeypatch):
    files = results(cache)
    file = files[name] if name != "clock" else next(file for name, file in files.items() if "." not in name)
    told = after(monkeypatch, shortened(file, kept), cache)
    assert f"{file} has " in told and " bytes, but " in told and "TMPDIR" in told


@pytest.mark.parametrize("name, dtype, change, said", [
    ("spikes_1.i", np.int32, lambda i: at(i, 0, (i[0] + 1) % 16), "not the .* that were counted"),
    ("spikes_1.i", np.int32, lambda i: at(i, 0, 9 * 16), "not the .* that were counted"),
    ("spikes_2.i", np.int32, lambda i: at(i, -1, -1), "not the .* that were counted"),
    ("spikes_1.t", float, lambda t: at(t, -1, 1.0), "not the .* that were counted"),
    ("spikes_1.t", float, lambda t: at(t, 0, -1e-3), "not the .* that were counted"),
    ("spikes_1.count", np.int32, lambda count: at(count, 0, count[0] + 1), "not the .* that were counted")])
def test_spikes_other_than_those_counted_are_not_believed(name, dtype, change, said, cache, no_compiling, monkeypatch):
    file = results(cache)[name]
    assert re.search(said, after(monkeypatch, lambda folder: numbers(folder / file, dtype, change), cache))


def test_a_run_that_ended_early_is_not_believed(cache, no_compiling, monkeypatch):
    """As Brian2's programs do at Ctrl-C: exit code 0, all files written."""
    file = next(file for name, file in results(cache).items() if "." not in name)
    told = after(monkeypatch, lambda folder: numbers(folder / file, np.int64, lambda k: at(k, 0, 17)), cache)
    assert "ended after 17 of " in told


def test_what_the_batch_before_wrote_is_not_believed(cache, no_compiling, monkeypatch):
    """A program that cannot open its files leaves none of those that were there."""
    network, call, runs = random_network(seed=2, **DESIGN), Children.call, []

    def second_does_nothing(self, command, folder, task):
        runs.append(command)
        return call(self, command, folder, task) if len(runs) == 1 else ""

    monkeypatch.setattr(Children, "call", second_does_nothing)
    with pytest.raises(BackendError, match="has 0 bytes, but"):
        simulate(network, random_input(network, 18), backend="cpp_standalone", record=ALL, batch=9, cache=cache)
    assert len(runs) == 2


def after(monkeypatch, damage, cache):
    """What `simulate` says when the files its program wrote are damaged; one line that names their folder."""
    network, call = random_network(seed=2, **DESIGN), Children.call

    def damaging(self, command, folder, task):
        said = call(self, command, folder, task)
        damage(folder / "results")
        return said

    monkeypatch.setattr(Children, "call", damaging)
    with pytest.raises(BackendError) as caught:
        simulate(network, random_input(network, 9), backend="cpp_standalone", record=ALL, batch=9, cache=cache)
    assert "\n" not in str(caught.value) and os.sep + "results" in str(caught.value)
    return str(caught.value)


# how programs are compiled


@pytest.mark.parametrize("theirs", [None, ["-w", "-Ofast", "-ffast-math", "-std=c++11"]])
def test_no_flag_lets_the_compiler_change_the_arithmetic(theirs, monkeypatch):
    """The others are the user's, in the cached programs as in those of rules and learning."""
    name = "codegen.cpp.extra_compile_args_gcc"
    if theirs is not None:
        monkeypatch.setitem(standalone.prefs, name, theirs)
    before = list(standalone.prefs[name])
    assert "-ffast-math" in before, "nothing to leave out"
    design = standalone.designed(Trained(random_network(seed=1, **DESIGN)), 9, 40, ALL)
    with brian2_on("cpp_standalone", 1e-3):
        during = list(standalone.prefs[name])
    assert list(standalone.prefs[name]) == before
    for flags in (during, design["preferences"]["extra_compile_args_gcc"], standalone.compiler()["flags"].split()):
        assert not {"-ffast-math", "-Ofast"} & set(flags)
        assert set(before) - set(flags) <= {"-ffast-math", "-Ofast"} and ("-O3" in flags)


def test_a_compiler_that_fails_says_so_in_one_line(tmp_path, monkeypatch, capfd):
    """Also in programs that Brian2 would compile in a shell, which prints all and hears no Ctrl-C."""
    from dmpnet.learning import readout

    monkeypatch.setitem(standalone.prefs, "devices.cpp_standalone.make_cmd_unix", "sh")
    monkeypatch.setattr("dmpnet.plasticity.protocols.TWO_AT_ONCE", ["-c", "seq 60; echo no space; exit 3"])
    with pytest.raises(BackendError, match="compiling the C.. program failed with exit code 3.*no space") as caught:
        readout.learn(readout.blank(2, 3), np.ones((4, 3)), np.zeros(4, int), 0.1, "cpp_standalone")
    assert "\n" not in str(caught.value) and capfd.readouterr() == ("", "")


def test_compiling_is_told_once_and_can_be_done_ahead(cache, tmp_path, monkeypatch):
    def copy(design, folder, made, started):
        shutil.copytree(entry(cache), made)

    monkeypatch.setattr(standalone, "_build", copy)
    network, told = random_network(seed=1, **DESIGN), []
    for _ in range(2):
        standalone.prepare(Trained(network), (9, 40), ALL, tmp_path, told.append)
    assert len(told) == 1 and "compiling" in told[0] and " s" in told[0]


@pytest.mark.parametrize("task", ["build", "whole"])
def test_programs_compute_in_float64_whatever_the_user_prefers(task, tmp_path, monkeypatch):
    class Begun(Exception):
        pass

    def begin(*args, **settings):
        raise Begun

    for name in (MAKE, "devices.cpp_standalone.openmp_threads"):
        monkeypatch.setitem(standalone.prefs, name, standalone.prefs[name])  # put back afterwards
    monkeypatch.setitem(standalone.prefs, "core.default_float_dtype", np.float32)
    monkeypatch.setattr(standalone_project, "set_device", begin)
    (tmp_path / "design.json").write_text('{"preferences": {}}')
    with pytest.raises(Begun):
        getattr(standalone_project, task)(tmp_path, *((tmp_path,) if task == "build" else ("", 1, ())))
    assert standalone.prefs["core.default_float_dtype"] == np.float64


def test_two_processes_may_compile_the_same_program(cache, tmp_path, monkeypatch):
    together = threading.Barrier(2)

    def copy(design, folder, made, started):
        shutil.copytree(entry(cache), made)
        together.wait()

    monkeypatch.setattr(standalone, "_build", copy)
    plan = Trained(random_network(seed=1, **DESIGN))
    found = []
    threads = [threading.Thread(target=lambda: found.append(standalone.compiled(plan, 9, 40, ALL, tmp_path)))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and found[0] == found[1]
    assert [path.name for path in (tmp_path / "standalone").iterdir()] == [entry(cache).name]


def test_an_interrupt_leaves_no_folder_and_no_process(cache, tmp_path, monkeypatch, no_compiling):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    network = random_network(seed=1, **DESIGN)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(network, random_input(network, 36), backend="cpp_standalone", record=ALL, batch=9, processes=2,
                 cache=cache, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX process groups")
def test_children_and_what_they_started_are_ended(tmp_path):
    failed = []
    with children() as started:
        def wait():
            try:
                started.call(["sh", "-c", "sleep 60 & echo $! > grandchild; wait"], tmp_path, "waiting")
            except BackendError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        while not (tmp_path / "grandchild").exists() or not (tmp_path / "grandchild").read_text().strip():
            time.sleep(0.01)
        started.kill()
        thread.join(10)
    assert failed and not thread.is_alive()
    grandchild = int((tmp_path / "grandchild").read_text())
    for _ in range(500):
        try:
            os.kill(grandchild, 0)
        except ProcessLookupError:
            return
        state = tmp_path.joinpath(f"/proc/{grandchild}/stat")
        if state.exists() and state.read_text().split()[2] == "Z":
            return  # ended, not yet reaped by init
        time.sleep(0.01)
    raise AssertionError("the grandchild is still running")


def test_a_failing_program_says_why(tmp_path):
    with children() as started, pytest.raises(BackendError, match="trying.*exit code 3.*no space") as caught:
        started.call([sys.executable, "-c", "print('no space'); raise SystemExit(3)"], tmp_path, "trying")
    assert "\n" not in str(caught.value)


def test_a_failing_compilation_leaves_nothing_in_the_cache(tmp_path, monkeypatch):
    def fail(design, folder, made, started):
        made.mkdir()
        raise BackendError("no")

    monkeypatch.setattr(standalone, "_build", fail)
    network = random_network(seed=1, **DESIGN)
    with pytest.raises(BackendError):
        standalone.compiled(Trained(network), 9, 40, ALL, tmp_path)
    assert list((tmp_path / "standalone").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    network = random_network(seed=1, **DESIGN)
    with pytest.raises(BackendError, match="DMPNET_CACHE"):
        standalone.compiled(Trained(network), 9, 40, ALL, tmp_path / "file")


def test_the_cache_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("DMPNET_CACHE", str(tmp_path))
    assert standalone.cache_folder() == tmp_path / "standalone"
    assert standalone.cache_folder(tmp_path / "mine") == tmp_path / "mine" / "standalone"
    monkeypatch.delenv("DMPNET_CACHE")
    assert standalone.cache_folder().parts[-2:] == ("dmpnet", "standalone")


def test_padding_does_not_reach_the_results(cache, no_compiling):
    network = random_network(seed=4, **DESIGN)
    s_in = random_input(network, samples=1)
    got = simulate(network, s_in, backend="cpp_standalone", record=ALL, batch=9, cache=cache)
    assert_same(got, reference.run(network, s_in, ALL))
    assert np.isfinite(got.logits).all() and got.logits.shape == (1, 3)


def test_decays_are_part_of_what_a_program_depends_on():
    """They are imported by being there, which no import statement tells."""
    named = standalone.sources(standalone.HERE)
    assert {f"equations/decays/{name}.py" for name in ("exponential", "linear", "shift")} < set(named)


def test_a_child_imports_this_very_dmpnet_and_none_of_its_folders_as_packages(tmp_path, monkeypatch):
    """dmpnet/torch is not the torch that a child means, nor dmpnet/nir the nir."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    code = ("import dmpnet, os, sys; print(os.path.realpath(dmpnet.__file__)); "
            "print(os.path.dirname(dmpnet.__file__) in sys.path)")
    with children() as started:
        told = started.call([sys.executable, "-c", code], tmp_path, "looking")
    assert told.split() == [str(Path(dmpnet.__file__).resolve()), "False"]
