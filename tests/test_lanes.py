"""Fresh environments, as users make them: other Pythons, and Brian2GeNN with its old Brian2. Slow: they install."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = (ROOT / "tests" / "test_equations.py", ROOT / "tests" / "test_fast_slow_layer.py")  # on numpy, by default
NOT_SOURCE = shutil.ignore_patterns(".git", "build", "dist", "*.egg-info", ".*cache*", "__pycache__", "venv", ".venv")


def interpreter(version):
    """A working python{version} of this machine; a pyenv shim on the path may refuse to be one."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for candidate in (shutil.which(f"python{version}"), *versions.glob(f"{version}*/bin/python{version}")):
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    pytest.skip(f"needs python{version}: none on the path or under pyenv")


def run(*command, folder, timeout=900):
    """Standard output of a command in `folder`, without this environment's own paths."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=timeout)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def environment(folder, python, extra="", *more):
    """bin/ of a new environment with this package and its `extra`; the source is a copy, so that none is built in."""
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE)
    run(python, "-m", "venv", folder / "venv", folder=folder)
    run(folder / "venv" / "bin" / "pip", "install", "--quiet", f"{folder / 'source'}{extra}", *more, folder=folder)
    return folder / "venv" / "bin"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_main_job_after_a_plain_install(version, tmp_path):
    binaries = environment(tmp_path, interpreter(version), "", "pytest", "hypothesis")
    told = run(binaries / "dmpnet", "run", "--samples", "20", "--out", "out", folder=tmp_path)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["provenance"]["versions"]["python"].startswith(version)
    assert [layer["mismatched"] for layer in results["layers"]] == [0, 0], told
    assert all(layer["places compared"] > 0 and layer["active %"] > 0.5 for layer in results["layers"])
    assert (tmp_path / "out" / "portrait.png").stat().st_size > 10_000
    told = suite(binaries, tmp_path, *SCRIPTS)
    assert " passed" in told and "skipped" not in told.splitlines()[-1], told


@pytest.fixture(scope="module")
def genn(tmp_path_factory):
    """bin/ of an environment with Brian2GeNN and pytest; Brian2GeNN 1.7 needs Python 3.11 or 3.12."""
    folder = tmp_path_factory.mktemp("genn")
    python = sys.executable if sys.version_info[:2] in ((3, 11), (3, 12)) else interpreter("3.12")
    return environment(folder, python, "[genn]", "pytest", "hypothesis")


def suite(binaries, folder, *arguments):
    return run(binaries / "python", "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments,
               folder=folder)


def test_genn_takes_the_generated_code(genn, tmp_path):
    """Code generation needs no GeNN; the same environment runs the conversion on Brian2 2.5.4 and NumPy 1."""
    version = run(genn / "python", "-c", "import brian2, numpy; print(brian2.__version__, numpy.__version__)",
                  folder=tmp_path)
    assert version.startswith("2.5.4 1.")
    told = suite(genn, tmp_path, ROOT / "tests" / "test_genn.py", ROOT / "tests" / "test_network.py",
                 ROOT / "tests" / "test_weights.py", *SCRIPTS)
    assert " passed" in told and "skipped" not in told.splitlines()[-1], told


def test_genn_spikes_as_trained(genn, tmp_path):
    if not os.environ.get("GENN_PATH"):
        pytest.skip("needs GENN_PATH: the folder of a GeNN 4.9 installation")
    told = suite(genn, tmp_path, "-m", "slow", ROOT / "tests" / "test_genn.py")
    assert " passed" in told and "skipped" not in told.splitlines()[-1], told
