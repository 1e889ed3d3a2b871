"""Brian2GeNN takes the 'synapses' coupling: its code is generated, and run where GeNN is installed.

Where it is not, what is missing is named before any work; and a stand-in of Brian2GeNN, that delivers events a step
later as GeNN does, goes the whole way of a batch: a process of its own, the device, the steps, the file that is read.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import random_input, random_network
from test_network import assert_informative, assert_same

from dmpnet import cli, reference
from dmpnet.brian import backends
from dmpnet.brian.simulation import simulate
from dmpnet.errors import BackendError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.trained import weights

NAMES = {
    "two layers with memory": "dict(d=(5, 3), d_s=2)",
    "memory and recurrence, soft reset": "dict(kind='DMP+RSNN', reset='soft')",
    "analog input": "dict(shape=(2, 12, 3), encoding='analog')",
    "memory on the threshold, recurrence": "dict(kind='DMP+RSNN', acts='threshold')",
    "memory on the gain, cascade": "dict(acts='gain', blocks=((3, 9.0), (2, 12.0)), feed='cascade')",
    "a class at every step": "dict(kappa=0.8)",
}

# GeNN takes one model a process and changes Brian2's preferences, so each runs in a process of its own.
SCRIPT = """
import sys
import numpy as np
import brian2, brian2genn
from networks import random_input, random_network
from dmpnet import reference
from dmpnet.brian.conversion import activity, convert, duration

execute, directory = sys.argv[1] == "execute", sys.argv[2]
record = ("spikes", "u", "m", "readout")
network = random_network(seed=1, steps=20, **{kwargs})
s_in = random_input(network, 2)
brian2.set_device("genn", directory=directory, use_GPU=False, compile=execute, run=execute)
converted = convert(network, s_in, record=record)
converted.run(duration(network, s_in.shape[1]), namespace={{}})
if execute:
    got, want = activity(converted, network, s_in.shape, record=record), reference.run(network, s_in, record)
    assert want.margin > 1e-9 and all(0.005 < rates.mean() < 0.5 for rates in want.rates)
    for a, b in zip(got.spikes, want.spikes):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(got.u + got.m + [got.readout, got.logits], want.u + want.m + [want.readout, want.logits]):
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
print("done")
"""


def run(task: str, kwargs: str, folder: Path) -> str:
    if importlib.util.find_spec("brian2genn") is None:
        pytest.skip("needs brian2genn: it is not installed here (pip install '.[genn]' in a clone)")
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(kwargs=kwargs), task, str(folder / "genn")], cwd=folder,
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
    assert done.returncode == 0 and "done" in done.stdout, done.stderr[-3000:]
    return (folder / "genn" / "magicnetwork_model.cpp").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_code_is_generated(name, tmp_path):
    model = run("generate", NAMES[name], tmp_path)
    for group in ("fast_1", "scalar_1", "slow_1", "readout"):
        assert f'"{group}"' in model
    for synapses in ("W_f_1", "w_x_1", "Abar_1", "Bbar_1", "W_m_1", "W_o"):
        assert f'"{synapses}"' in model


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_genn_takes_the_trained_steps(name, tmp_path):
    if not os.environ.get("GENN_PATH"):
        pytest.skip("needs GENN_PATH: the folder of a GeNN 4.9 installation")
    run("execute", NAMES[name], tmp_path)


# the back end by its name

STAND_IN = """
import json, os
from brian2 import Network, Synapses, prefs
from brian2.devices.device import RuntimeDevice, all_devices

class GeNNDevice(RuntimeDevice):
    def activate(self, build_on_run=True, **options):
        super().activate(build_on_run=build_on_run)
        prefs.codegen.target = "numpy"
        with open(os.environ["STAND_IN_WAS_ASKED"], "a") as file:
            print(json.dumps(options["use_GPU"]), file=file)

    def network_run(self, network, duration, *args, **kwargs):
        for synapses in network.objects:
            if isinstance(synapses, Synapses) and hasattr(synapses, "pre"):
                synapses.pre.delay = synapses.clock.dt
        Network.run.original_function(network, duration, *args, **kwargs)

all_devices["genn"] = GeNNDevice()
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A GeNN that can be found, and a Brian2GeNN that is Brian2 with events a step later; gives what it was asked."""
    build = tmp_path / "genn" / "bin" / "genn-buildmodel.sh"
    build.parent.mkdir(parents=True)
    build.touch()
    (tmp_path / "site" / "brian2genn").mkdir(parents=True)
    (tmp_path / "site" / "brian2genn" / "__init__.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path / "site"),
                                                                   os.environ.get("PYTHONPATH")])))
    monkeypatch.setenv("GENN_PATH", str(tmp_path / "genn"))
    monkeypatch.setenv("STAND_IN_WAS_ASKED", str(tmp_path / "asked"))
    monkeypatch.delenv("CUDA_PATH", raising=False)
    return tmp_path / "asked"


def test_batches_on_genn_are_those_of_the_reference(stand_in):
    """Of a network with memory and recurrence, two batches, the last one filled up."""
    network = random_network(kind="DMP+RSNN", seed=1, steps=20)
    s_in, told, record = random_input(network, 3), [], ("spikes", "u", "m", "readout")
    got = simulate(network, s_in, backend="genn", record=record, batch=2, progress=lambda *done: told.append(done))
    want = reference.run(network, s_in, record)
    assert_informative(want)
    assert_same(got, want)
    assert told == [(2, 3), (3, 3)] and stand_in.read_text() == "false\nfalse\n"


@pytest.mark.slow
def test_batches_on_a_real_genn_are_those_of_the_reference():
    try:
        backends.check_backend("genn", genn=True)
    except BackendError as lacking:
        pytest.skip(str(lacking))
    network = random_network(kind="DMP+RSNN", seed=1, steps=20)
    s_in, record = random_input(network, 3), ("spikes", "u", "m", "readout")
    got, want = simulate(network, s_in, backend="genn", record=record, batch=2), reference.run(network, s_in, record)
    assert_informative(want)
    assert_same(got, want)


def test_genn_takes_the_gpu_where_there_is_cuda(stand_in, monkeypatch):
    monkeypatch.setenv("CUDA_PATH", "/usr/local/cuda")
    network = random_network(kind="FSNN")
    simulate(network, random_input(network, 1), backend="genn")
    assert stand_in.read_text() == "true\n"


@pytest.mark.filterwarnings("ignore:.*not the official")
def test_a_command_on_genn(stand_in, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    network = random_network(seed=1, steps=20)
    weights.save(network, "net.npz")
    np.save("in.npy", random_input(network, 2))
    assert cli.main(["simulate", "net.npz", "in.npy", "--backend", "genn", "--out", "out.npz"]) == 0
    with np.load("out.npz") as got:
        want = reference.run(network, np.load("in.npy")).predictions
        np.testing.assert_array_equal(got["predictions"], want)


@pytest.mark.parametrize("lacks, told", [
    ("brian2genn", "brian2genn is not installed; pip install 'dmpnet.genn.'"),
    ("GENN_PATH", "GENN_PATH is not set"), ("genn-buildmodel.sh", "no bin/genn-buildmodel.sh in it"),
    ("a compiler", "no-such-compiler")])
def test_what_genn_lacks_is_said_before_any_work(stand_in, monkeypatch, tmp_path, capsys, lacks, told):
    """In one line, exit code 2, before weights or data are read: those named here are not there."""
    if lacks == "brian2genn":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    elif lacks == "GENN_PATH":
        monkeypatch.delenv("GENN_PATH")
    elif lacks == "a compiler":
        monkeypatch.setenv("CXX", "no-such-compiler")
    else:
        next(tmp_path.rglob(lacks)).unlink()
    for words in (["run", "--weights", "none.npz"], ["simulate", "none.npz", "none.npy"], ["decay", "none.npz"],
                  ["constrain", "none.npz"]):
        assert cli.main([*words, "--backend", "genn", "--out", str(tmp_path / "out")]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "backend = 'genn'" in said and "use 'numpy'" in said
        pytest.raises(BackendError, backends.check_backend, "genn", genn=True).match(told)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given, told", [({"delay": (19, 6)}, "axonal delays"),
                                         ({"membrane": "0.5*u + I"}, "membrane")])
def test_what_genn_cannot_do_is_said_before_it_is_compiled(stand_in, given, told):
    network = random_network(**{key: value for key, value in given.items() if key == "delay"})
    with pytest.raises(BackendError, match=f"{told}.*numpy"):
        simulate(network, random_input(network, 1), backend="genn", membrane=given.get("membrane"))
    assert not stand_in.exists()


@pytest.mark.parametrize("words", [["stdp", "window", "pair-additive"], ["learn", "digits"],
                                   ["learn", "readout", "smnist"]])
def test_nothing_learns_on_genn(stand_in, words, capsys, tmp_path):
    assert cli.main([*words, "--backend", "genn", "--out", str(tmp_path / "out")]) == 2
    assert "one of numpy, cython, cpp_standalone" in capsys.readouterr().err


def test_one_process_at_a_time(stand_in):
    with pytest.raises(BackendError, match="processes = 2, but 'genn'"):
        backends.check_backend("genn", 2, genn=True)


def test_slots_that_wait_for_each_other_are_refused_by_name(stand_in):
    network = random_network()
    made = constrain(network, chip.changed(chip.load("dmp"), {"words.m.rounding": "carried"}),
                     random_input(network, 3)).network
    with pytest.raises(BackendError, match="layer 1 hands on what a slot of m cuts off.*cpp_standalone"):
        simulate(made, random_input(made, 2), backend="genn")
    assert not stand_in.exists()
