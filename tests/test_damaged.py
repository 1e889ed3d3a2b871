"""Damaged files of every kind that is read are refused in one line, in time and memory (mutations_of_files.py)."""

import os
import subprocess
import sys
from pathlib import Path

import mutations_of_files as mutations
import numpy as np
import pytest

READERS = ("weights", "chip", "npy", "npz", "idx", "idx.gz", "h5", "h5.gz", "nir", "shd-regen", "mat", "nmnist",
           "nmnist folders", "braille", "runs", "designs", "decays", "portrait", "points", "checkpoint", "competition",
           "learned", "traces", "readout")


def test_some_damaged_files():
    """Of the kinds that are read without PyTorch and Brian2; the others have tests of their own, and the one below."""
    assert mutations.proof(60, 10_000, READERS[:READERS.index("points")]) == []


@pytest.mark.slow
def test_a_thousand_damaged_files():
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]'")
    assert mutations.proof(1000, 0, (*READERS, "integers")) == []


@pytest.mark.parametrize("kind, command", [
    ("weights", ["info", "network.npz"]), ("chip", ["constrain", "smnist-fsnn", "--chip", "chip.toml"]),
    pytest.param("npz", ["simulate", "smnist-fsnn", "s_in.npz", "--out", "out.npz"], marks=pytest.mark.slow),
    pytest.param("learned", ["learn", "digits", "--frozen", "learned.npz", "--data", "none"], marks=pytest.mark.slow)])
def test_the_command_line_says_one_line(tmp_path, kind, command):
    mutations.KINDS[kind].make(tmp_path)
    path, = tmp_path.iterdir()
    path.write_bytes(mutations.cut(np.random.default_rng(1), path.read_bytes()))
    done = subprocess.run([sys.executable, "-m", "dmpnet", *command], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])})
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("dmpnet: ") and path.name in done.stderr
