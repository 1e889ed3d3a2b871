"""Additions as CONTRIBUTING.md tells them: each is one file, put into a copy of the package, nothing else changed."""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
RULE = '''"""A rule of somebody else's."""

from dataclasses import replace

from dmpnet.plasticity.rules.pair import RULES as PAIRS

RULES = (replace(PAIRS[0], name="somebody-elses"),)
'''
COMMAND = '''"""Says hello. What else it does is nobody's business."""


def add(parsers):
    parsers.add_parser("greet", description=__doc__).set_defaults(execute=lambda arguments: print("hello"))
'''


def of_a_page(page, file):
    """The file that a page of docs/ shows."""
    return re.search(f"```python {file}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)[1]


DECAY, DATA = of_a_page("recipes/own-decay.md", "quadratic.py"), of_a_page("recipes/data-set.md", "tones.py")
LIMIT = '''"""Wires: a synapse takes one, and so a core has so many synapses."""

from dmpnet.hardware.limit import Limit

LIMITS = (Limit("wires", "synapses of W_f", lambda core: core.N * core.M, "train fewer neurons"),)
'''
COMPARED = '''
import sys
import numpy as np
from dmpnet import data, reference
from dmpnet.trained import weights

for name, spikes in zip(sys.argv[1::2], sys.argv[2::2]):
    network, seen = weights.load(name), np.load(spikes)
    s_in = np.load("s_in.npy")
    wanted = reference.run(network, s_in, record=("spikes",)).spikes
    for number, layer in enumerate(wanted, 1):
        assert 0.01 < layer.mean() < 0.5, f"layer {number}: {layer.mean():.3f} active"
        assert np.array_equal(np.argwhere(layer), seen[f"layer{number}.spikes"]), number
    assert all(layer.neuron.decay == "quadratic" for layer in network.layers)
    print(*(layer.neuron.c for layer in network.layers))
'''


@pytest.fixture
def copy(tmp_path):
    """The package, copied without an installation."""
    shutil.copytree(ROOT / "dmpnet", tmp_path / "dmpnet", symlinks=True,
                    ignore=shutil.ignore_patterns("models", "__pycache__"))
    (tmp_path / "models").symlink_to(ROOT / "models")
    return tmp_path


def told(folder, *words, start=("-m", "dmpnet")):
    """Exit code of `dmpnet` with these words in `folder`, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "DMPNET_DATA"}
    done = subprocess.run([sys.executable, *start, *words], cwd=folder, capture_output=True, text=True, timeout=600,
                          env=environment | {"PYTHONPATH": str(folder), "DMPNET_CACHE": str(folder / "cache")})
    return done.returncode, done.stdout + done.stderr


def put(folder, **files):
    """Write additions, by path below dmpnet/ with __ for /; nothing that is there is replaced."""
    for name, text in files.items():
        path = folder / "dmpnet" / f"{name.replace('__', '/')}.py"
        assert not path.exists() and path.parent.is_dir()
        path.write_text(text)


def tones(path, count, seed):
    """An archive of tones, spikes of eight channels over 32 steps with others thrown in; its md5, and the spikes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    x = rng.random((count, 32, 8)) < 0.03
    steps = np.arange(32)
    for sample, label in enumerate(labels):
        at = (steps // 4 + rng.integers(0, 2)) % 8
        x[sample, steps, at if label else 7 - at] |= rng.random(32) < 0.8
    np.savez(path, x=x.astype(np.uint8), y=labels)
    return hashlib.md5(path.read_bytes()).hexdigest(), x


@pytest.mark.slow
def test_a_rule_and_a_command_are_a_file_each(copy):
    assert told(copy, "greet")[0] == 2 and told(copy, "stdp", "show", "somebody-elses")[0] == 2
    put(copy, plasticity__rules__somebody=RULE, commands__greet=COMMAND)
    assert told(copy, "greet") == (0, "hello\n") and "Says hello" in told(copy, "--help")[1]
    assert "somebody-elses" in told(copy, "stdp")[1] and told(copy, "stdp", "show", "somebody-elses")[0] == 0
    code, shown = told(copy, "stdp", "window", "somebody-elses", "--out", "w.csv")
    assert code == 0 and (copy / "w.csv").is_file(), shown


@pytest.mark.slow
def test_a_data_set_and_a_decay_are_a_file_each(copy):
    """Trained, its constant learned; told; simulated, in real numbers and in a chip's, spike for spike."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    (copy / "files").mkdir()
    sums = {split: tones(copy / "files" / f"tones_{split}.npz", count, seed)
            for split, count, seed in (("train", 120, 0), ("test", 40, 1))}
    np.save(copy / "s_in.npy", sums["test"][1].astype(np.uint8))
    train = ("train", "tones", "--data", "files", "--std", "0", "--batch", "12", "--epochs", "8", "--lr", "0.01",
             "--decay", "quadratic", "--learn-decay", "--c", "0.5", "--out", "run")
    code, shown = told(copy, *train)
    assert code == 2 and "'tones'" in shown, shown
    put(copy, data__tones=DATA.replace("MD5 OF TRAIN", sums["train"][0]).replace("MD5 OF TEST", sums["test"][0]),
        equations__decays__quadratic=DECAY)

    code, shown = told(copy, *train)
    assert code == 0, shown
    with open(copy / "run" / "curve.csv") as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < 0.8 * losses[0], losses
    code, shown = told(copy, "info", "run/weights.npz")
    assert code == 0 and "quadratic, q 0." in shown and "tones" in shown, shown
    code, shown = told(copy, "run", "--weights", "run/weights.npz", "--data", "files", "--out", "tested")
    assert code == 0, shown  # 1 if a place differs from the reference

    chip = ("--chip", "dmp-256", "--data", "files", "--calibration", "40")
    code, shown = told(copy, "constrain", "run/weights.npz", *chip)
    assert code == 2 and "decay quadratic, but a core has exponential" in shown, shown
    code, shown = told(copy, "constrain", "run/weights.npz", *chip, "--set", 'datapath.decay=["quadratic"]',
                       "--evaluate")
    assert code == 0, shown
    for weights, spikes in (("run/weights.npz", "a.npz"), ("constrained.npz", "b.npz")):
        code, shown = told(copy, "simulate", weights, "s_in.npy", "--out", spikes)
        assert code == 0, shown
    code, shown = told(copy, "run/weights.npz", "a.npz", "constrained.npz", "b.npz", start=("-c", COMPARED))
    assert code == 0, shown
    learned, whole = (list(map(float, line.split())) for line in shown.splitlines()[:2])
    assert all(abs(q - 0.5) > 1e-3 for q in learned), "not learned"
    assert all(np.log2(q) % 1 == 0 for q in whole), "no power of two"


@pytest.mark.slow
def test_a_limit_of_a_chip_is_a_file(copy):
    """Set for a chip that does not state it, or stated; what is too much is refused, with the way out."""
    constrain = ("constrain", "digits-heard", "--chip")
    code, shown = told(copy, *constrain, "ideal", "--set", "limits.wires=1000")
    assert code == 2 and "no 'limits.wires' to set" in shown, shown
    put(copy, hardware__limits__wires=LIMIT)
    code, shown = told(copy, *constrain, "ideal", "--set", "limits.wires=1000")
    assert code == 2 and "synapses of W_f, but 1000 fit" in shown, shown
    assert "train fewer neurons, or take a chip with limits.wires = " in shown
    described = (copy / "models" / "chips" / "ideal.toml").read_text()
    stated = described.replace("[limits]\n", '[limits]\nwires = { value = 2000, source = "ours: a test" }\n')
    assert stated != described
    (copy / "own.toml").write_text(stated)
    code, shown = told(copy, *constrain, "own.toml")
    assert code == 2 and "synapses of W_f, but 2000 fit" in shown, shown
    code, shown = told(copy, *constrain, "ideal")
    assert "synapses of W_f" not in shown and "wires" not in shown, shown
