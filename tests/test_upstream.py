"""Examples offered to Brian2 (models/upstream): they need nothing of ours, run, and compute what ours computes."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dmpnet import reference
from dmpnet.equations.neurons import Neuron
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import legendre_pathway

FOLDER = Path(__file__).resolve().parents[1] / "models" / "upstream"
SCRIPTS = sorted(FOLDER.glob("*.py"))
RUN = """
import json, runpy, sys
import numpy as np
found = runpy.run_path(sys.argv[1])
wanted = json.loads(sys.argv[3])
np.savez(sys.argv[2], **{name: np.asarray(eval(code, found)) for name, code in wanted.items()})
"""


def ran(name, folder, changed, **wanted):
    """What `wanted` is, name by name, once a script has run but for what is `changed`; dmpnet cannot be imported."""
    text = (FOLDER / f"{name}.py").read_text()
    for before, after in changed.items():
        assert before in text
        text = text.replace(before, after)
    (folder / "script.py").write_text(text)
    (folder / "dmpnet.py").write_text("raise ImportError('an example that needs dmpnet')\n")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", RUN, str(folder / "script.py"), str(folder / "found.npz"),
                           json.dumps(wanted)], capture_output=True, text=True, cwd=folder, env=environment,
                          timeout=900)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    with np.load(folder / "found.npz") as found:
        return dict(found)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_is_short_and_needs_brian2_numpy_and_matplotlib_alone(path):
    tree = ast.parse(path.read_text())
    imported = {name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
                for name in ([node.module] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])}
    assert {"brian2", "matplotlib"} <= imported <= {"brian2", "matplotlib", "numpy"}
    assert len(path.read_text().splitlines()) <= 100
    assert "https://doi.org/" in ast.get_docstring(tree)
    assert path.name in (FOLDER / "README.md").read_text()


def test_the_fast_slow_example_spikes_as_the_reference(tmp_path):
    """Its weights as a layer of ours: real arithmetic in NumPy, another order of sums, spike for spike."""
    theta, (M, N, d, steps) = 150, (60, 60, 6, 900)  # window in steps of 2 ms
    fewer = {"= 60, 600, 3": "= 60, 600, 1", "np.arange(40, 241, 40)": "np.arange(40, 241, 100)",
             "first[3]": "first[2]", "watched = 35": "watched = 15"}
    found = ran("Sun_et_al_2026", tmp_path, fewer, times="np.append(first, second)[volley]", i="i", W_f="drives.w_",
                W_m="remembers.w_", w_x="hears.w_", b="fast.b_", spikes="spikes.i", at="spikes.t_")
    s_in = np.zeros((1, steps, M))
    s_in[0, found["times"] // 2 + 1, found["i"]] = 1  # spikes arrive in the next step
    beta = np.exp(-2 / 10)
    slow = legendre_pathway(theta * found["w_x"], 0.0, (1 - beta) * found["W_m"].reshape(d, N).T, np.zeros(N), theta)
    layer = Layer(found["W_f"].reshape(M, N).T, (1 - beta) * found["b"], Neuron(beta, 1.0, 0.015), None, slow)
    network = TrainedNetwork((layer,), np.zeros((1, N)), np.zeros(1), Encoding("spikes", M, steps, 0.002))
    want = reference.run(network, s_in)
    assert want.margin > 100 * reference.rounding(network, s_in) > 0, "a membrane sits on the threshold"
    busy = want.spikes[0][0][s_in[0].any(axis=1)]
    assert 0.01 < busy[:, :N // 2].mean() < 0.5 and 0.01 < busy.mean() < 0.6, "of the steps in which volleys arrive"
    got = np.zeros((steps, N), bool)
    got[np.rint(found["at"] / 0.002).astype(int), found["spikes"]] = True
    np.testing.assert_array_equal(got, want.spikes[0][0])


@pytest.mark.slow
def test_the_slow_memory_tells_intervals_apart_and_the_bias_does_not(tmp_path):
    answers = ran("Sun_et_al_2026", tmp_path, {}, answers="answers")["answers"]  # (interval, with or without, own)
    with_memory, without = answers[:, 0], answers[:, 1]
    own = np.eye(len(answers), dtype=bool)
    assert with_memory[own].mean() > 0.6 > 0.3 > with_memory[~own].mean() and (with_memory.argmax(axis=1) == np.arange(
        len(answers))).sum() >= 4
    assert without.mean() > 0.6 and abs(without[own].mean() - without[~own].mean()) < 0.1


@pytest.mark.slow
def test_the_quick_diehl_cook_learns_digits(tmp_path):
    found = ran("Diehl_Cook_2015_quick", tmp_path, {}, accuracy="accuracy", stands="stands", answers="answers")
    assert found["accuracy"] > 0.7 and len(set(found["stands"])) >= 9
    assert (found["answers"].sum(axis=1) > 0).mean() > 0.95
