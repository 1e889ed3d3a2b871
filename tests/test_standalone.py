"""Compiled programs: compiled once per architecture, found again, never trusted when they have changed."""

import json
import os
import shutil
import sys
import tempfile
import threading
import time

import numpy as np
import pytest
from networks import random_input, random_network
from test_network import ALL, TWO_NEURONS, assert_informative, assert_same

from dmpnet import reference, standalone, standalone_project
from dmpnet.backends import MAKE
from dmpnet.errors import BackendError
from dmpnet.simulation import simulate

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
    biases = standalone.populations.biases
    monkeypatch.setattr(standalone.populations, "biases", lambda network: written.append(network) or biases(network))
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


@pytest.mark.parametrize("damage", ["truncated", "one byte", "no manifest", "manifest of another", "missing"])
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
        return standalone.key(standalone.specification(network, batch, steps, record))

    first = key()
    assert key() == first
    assert key(random_network(seed=2, **DESIGN)) == first  # other weights
    others = [key(batch=10), key(steps=41), key(record=()), key(random_network(seed=1, **{**DESIGN, "d_s": 2})),
              key(random_network(seed=1, **{**DESIGN, "encoding": "analog"})),
              *(key(random_network(seed=1, **{**DESIGN, "acts": acts})) for acts in ("threshold", "gain")),
              *(key(random_network(seed=1, **{**DESIGN, "delay": delay})) for delay in (0, (16, 5), (12, 8)))]
    monkeypatch.setitem(standalone.prefs, "codegen.cpp.extra_compile_args", ["-O1"])
    others.append(key())
    monkeypatch.undo()
    shutil.copytree(standalone.HERE, tmp_path / "dmpnet", ignore=shutil.ignore_patterns("data", "models", "*.npz"))
    (tmp_path / "dmpnet" / "products.py").write_text("changed")
    monkeypatch.setattr(standalone, "HERE", tmp_path / "dmpnet")
    others.append(key())
    monkeypatch.undo()
    monkeypatch.setattr(standalone, "compiler", lambda: {"compiler": "another"})
    others.append(key())
    assert len({first, *others}) == 1 + len(others)


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
    network = random_network(seed=1, **DESIGN)
    found = []
    threads = [threading.Thread(target=lambda: found.append(standalone.compiled(network, 9, 40, ALL, tmp_path)))
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
    with standalone.children() as started:
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
    with standalone.children() as started, pytest.raises(BackendError, match="trying.*exit code 3.*no space") as caught:
        started.call([sys.executable, "-c", "print('no space'); raise SystemExit(3)"], tmp_path, "trying")
    assert "\n" not in str(caught.value)


def test_a_failing_compilation_leaves_nothing_in_the_cache(tmp_path, monkeypatch):
    def fail(design, folder, made, started):
        made.mkdir()
        raise BackendError("no")

    monkeypatch.setattr(standalone, "_build", fail)
    network = random_network(seed=1, **DESIGN)
    with pytest.raises(BackendError):
        standalone.compiled(network, 9, 40, ALL, tmp_path)
    assert list((tmp_path / "standalone").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    network = random_network(seed=1, **DESIGN)
    with pytest.raises(BackendError, match="DMPNET_CACHE"):
        standalone.compiled(network, 9, 40, ALL, tmp_path / "file")


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
