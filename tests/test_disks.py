"""Full disks: an error that names the folder, or whole results, never part of them."""

import contextlib
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.brian import programs
from dmpnet.brian.simulation import simulate
from dmpnet.errors import BackendError, DmpnetError

compiles = pytest.mark.skipif(shutil.which("g++") is None or shutil.which("make") is None,
                              reason="needs a C++ compiler: g++ and make are not found")


@contextlib.contextmanager
def disk(folder, size):
    """A disk of so many bytes, mounted on `folder`."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs mount: small disks can be mounted by the superuser of Linux only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Lossy:
    """An array whose last bytes are lost without an error, as when a disk is full only as a file is closed."""

    nbytes = 100_000

    def __init__(self, kept):
        self.kept = kept

    def tofile(self, path):
        path.write_bytes(bytes(self.kept))


@pytest.mark.parametrize("kept", [0, 1, 4096, 99_999])
def test_an_array_is_written_whole_or_refused(kept, tmp_path):
    with pytest.raises(BackendError, match=f"w has {kept:,} bytes, but 100,000 are written there.*TMPDIR"):
        programs.write(Lossy(kept), tmp_path / "w")


def test_an_array_on_a_full_disk_is_refused(tmp_path):
    with disk(tmp_path / "disk", 65536) as folder, pytest.raises(BackendError, match="but 100,000 are written"):
        programs.write(np.zeros(100_000, np.uint8), folder / "w")


@pytest.mark.slow
@compiles
def test_small_disks_give_an_error_or_whole_results(tmp_path, monkeypatch):
    """As TMPDIR of compiled programs: 0.2 to 2 MB, of which a batch of 8 needs some 0.8; 4 MB are enough."""
    network = random_network((5, 60, 40, 3), steps=100, seed=3)
    s_in = random_input(network, 40)
    want = reference.run(network, s_in, ("spikes", "u"))
    options = {"backend": "cpp_standalone", "record": ("spikes", "u"), "cache": tmp_path / "cache", "batch": 8}
    simulate(network, s_in, **options)
    outcomes = []
    for size in (200_000, 400_000, 600_000, 700_000, 800_000, 900_000, 1_000_000, 2_000_000, 4_000_000):
        with disk(tmp_path / "disk", size) as folder:
            monkeypatch.setattr("tempfile.tempdir", str(folder))
            try:
                got = simulate(network, s_in, **options)
            except (DmpnetError, OSError) as error:
                assert "\n" not in str(error) and str(folder) in str(error), error
                outcomes.append(False)
            else:
                for a, b in zip(got.spikes, want.spikes, strict=True):
                    np.testing.assert_array_equal(a, b)
                outcomes.append(True)
            assert not [path for path in folder.iterdir() if path.name.startswith("dmpnet-")]
    assert outcomes[-1] and not outcomes[0]


@pytest.mark.slow
@compiles
@pytest.mark.parametrize("size", [200_000, 1_000_000, 2_000_000])
@pytest.mark.parametrize("what", ["out", "TMPDIR", "cache"])
def test_commands_on_small_disks(what, size, tmp_path):
    """A command ends with an error in one line and no result, or with all of it."""
    from dmpnet.trained import weights

    network = random_network((5, 60, 40, 3), steps=400, seed=3)
    weights.save(network, tmp_path / "net.npz")
    np.save(tmp_path / "in.npy", random_input(network, 40))
    with disk(tmp_path / "disk", size) as folder:
        out = (folder if what == "out" else tmp_path) / "o.npz"
        environment = os.environ | {"DMPNET_CACHE": str(folder if what == "cache" else tmp_path / "cache"),
                                    "TMPDIR": str(folder if what == "TMPDIR" else tmp_path)}
        done = subprocess.run([sys.executable, "-m", "dmpnet", "simulate", "net.npz", "in.npy", "--record", "spikes",
                               "u", "--backend", "cpp_standalone", "--out", str(out)], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=600)
        if done.returncode:
            assert done.returncode == 2 and done.stderr.count("\n") == 1 and not out.exists(), done.stderr
            return
        want = reference.run(network, np.load(tmp_path / "in.npy"))
        with np.load(out) as got:
            for number, spikes in enumerate(want.spikes, 1):
                np.testing.assert_array_equal(got[f"layer{number}.spikes"], np.argwhere(spikes))
