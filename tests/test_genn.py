"""Brian2GeNN takes the 'synapses' coupling: its code is generated, and run where GeNN is installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
