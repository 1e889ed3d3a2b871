"""The package as a whole: what it imports, installs and says of itself; and the suite's own rule on skips."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dmpnet
from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.hardware import chip
from dmpnet.plasticity import rule
from dmpnet.results import table

ROOT = Path(__file__).resolve().parents[1]

BLOCKED = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ImportError(name + " is blocked here")

sys.meta_path.insert(0, Blocked())
import dmpnet
names = ["dmpnet"] + [found.name for found in pkgutil.walk_packages(dmpnet.__path__, "dmpnet.", onerror=print)
                      if not found.name.startswith(("dmpnet.torch", "dmpnet.training", "dmpnet.models",
                                                "dmpnet.analyses"))]
for name in names:
    importlib.import_module(name)
print(*names)
"""


def python(script, *arguments, **environment):
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=300,
                          env={**os.environ, **environment})


@pytest.mark.parametrize("refused", [("torch", "numba", "h5py", "nir", "brian2genn", "brian2cuda"),
                                     *(pytest.param(each, marks=pytest.mark.slow) for each in (
                                         ("torch", "numba"), ("h5py", "nir"), ("brian2genn", "brian2cuda")))])
def test_imports_without(refused):
    """PyTorch is imported in dmpnet.training only; every optional package only where its extra is used."""
    done = python(BLOCKED.format(refused=refused))
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    assert {"dmpnet.reference", "dmpnet.trained.weights", "dmpnet.cli", "dmpnet.data"} <= set(imported)
    assert len(imported) > 15


def test_command_line_needs_no_torch_to_say_what_it_can():
    script = "import sys; sys.modules['torch'] = sys.modules['numba'] = None; from dmpnet.cli import main; main()"
    done = python(script, "--help")
    assert done.returncode == 0 and "dmpnet run" in done.stdout, done.stderr


# what is installed


def setup():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def listed(value):
    return [line for line in value.splitlines() if line]


def test_every_package_is_installed():
    """setup.cfg lists the folders by name: a forgotten one would be missing only for users."""
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "dmpnet").rglob("__init__.py")}
    assert set(listed(setup()["options"]["packages"])) == folders | {
        f"dmpnet.{name}" for name in ("analyses", "figures", "models")}
    stray = [path for path in (ROOT / "dmpnet").rglob("*.py") if not (path.parent / "__init__.py").is_file()]
    assert not stray


def test_requirements():
    """The pins that make a plain install import, see setup.cfg."""
    options, extras = setup()["options"], setup()["options.extras_require"]
    assert options["python_requires"] == ">=3.11"
    assert 'numpy<2.4; python_version < "3.12"' in listed(options["install_requires"])
    assert {"train", "shd", "nir", "genn", "test"} <= set(extras)
    assert "brian2==2.5.4" in listed(extras["genn"])


def test_shipped_networks_are_found_by_name():
    at_home = sorted({path.parent.name for path in (ROOT / "models").glob("*/seed*.npz")})
    assert shipped.names() == at_home
    for name in at_home:
        first = shipped.seeds(name)[0]
        content = (ROOT / "models" / name / f"seed{first}.npz").read_bytes()
        assert shipped.path(name).read_bytes() == shipped.path(f"{name}/seed{first}").read_bytes() == content
        with pytest.raises(WeightsError, match="has the runs seed"):
            shipped.path(f"{name}/seed999")


def test_a_checkout_on_the_path_takes_its_own_networks_and_chips():
    """Not those of another dmpnet that is installed: numbers of one version would go with code of another."""
    assert shipped.folder() == Path(dmpnet.__file__).resolve().parents[1] / "models" or (
        shipped.folder() == Path(dmpnet.__file__).resolve().parent / "models")


def test_unknown_shipped_network():
    with pytest.raises(WeightsError, match="'no-such'") as error:
        shipped.path("no-such")
    assert all(name in str(error.value) for name in shipped.names()) and "\n" not in str(error.value)
    with pytest.raises(WeightsError):
        shipped.path("../models/" + (shipped.names() or ["x"])[0])


@pytest.mark.parametrize("ask, name, near", [
    (shipped.path, "smnist-dpm2", "smnist-dmp2"), (shipped.path, "smnst-dmp2/seed0", "smnist-dmp2"),
    (chip.load, "dmp256", "dmp-256"), (rule, "pair-aditive", "pair-additive"),
    (table.row, "psmnist_dmp1", "psmnist-dmp1")])
def test_a_misspelt_name_is_told_the_nearest(ask, name, near):
    with pytest.raises(DmpnetError, match=f"{name}' \\(did you mean {near}\\?\\)"):
        ask(name)


# what it says of itself


def test_one_version():
    assert dmpnet.__version__ == re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M)[1]
    assert dmpnet.__version__ == re.search(r"^## \[(\d.*?)\]", (ROOT / "CHANGES.md").read_text(), re.M)[1]
    assert dmpnet.__version__ == setup_version()


def setup_version():
    """What an installer reads: the attribute named in setup.cfg."""
    module, _, attribute = setup()["metadata"]["version"].removeprefix("attr: ").rpartition(".")
    return getattr(sys.modules[module], attribute)


def test_citation_names_the_papers():
    cited = (ROOT / "CITATION.cff").read_text()
    for source in ("10.1038/s42256-026-01255-3", "arXiv:2603.12739", "10.1038/s41586-019-1677-2"):
        assert source in cited


def tracked():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git: the list of tracked files")
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


MACHINE_PATH = re.compile(rb"(?<![\w.~>}])/(?:root|work|home|Users|opt|mnt|scratch)/[\w.]")


def test_no_path_of_some_machine():
    """Neither in text nor in the provenance that weights and results carry."""
    found = [f"{path.relative_to(ROOT)}: {match[0]!r}" for path in tracked()
             for match in MACHINE_PATH.finditer(searchable(path)) if path != Path(__file__)]
    assert not found


def searchable(path):
    """The bytes of a text file, or of the header of a weights file."""
    if path.suffix != ".npz":
        return path.read_bytes()
    with np.load(path, allow_pickle=False) as arrays:
        return b"\n".join(str(arrays[key]).encode() for key in arrays.files if arrays[key].dtype.kind == "U")


def test_machine_paths_would_be_found():
    assert MACHINE_PATH.search(b'"data": "/' + b'work/shared"') and MACHINE_PATH.search(b"/" + b"root/.cache")
    assert not MACHINE_PATH.search(b"see https://example.org/work/1 and ../work/2 and src/opt/3")


# the suite's own rule: a skip nobody expects fails the run

SKIPS = """
import pytest
def test_runs(): pass
def test_skips(): pytest.skip({reason!r})
@pytest.mark.xfail(reason="known", strict=True)
def test_known(): assert False
"""


@pytest.mark.parametrize("reason, ci, code", [
    ("needs GENN_PATH: it is not set", "true", 0), ("needs torch: not installed", "", 0),
    ("needs torch: not installed", "true", 1), ("needs data: none", "", 0), ("needs data: none", "true", 0),
    ("flaky", "", 1), ("flaky", "true", 1), ("it needs GENN_PATH:", "", 1),
])
def test_unexpected_skip_fails_the_run(tmp_path, reason, ci, code):
    """In a folder without shared data beside it; pytest's own summary stays the last line."""
    folder = tmp_path / "checkout" / "tests"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(SKIPS.format(reason=reason))
    done = run_pytest(folder, ci)
    assert done.returncode == code, done.stdout
    *_, last = done.stdout.strip().splitlines()
    assert last.startswith("1 passed, 1 skipped, 1 xfailed")
    assert ("UNEXPECTED SKIP" in done.stdout) == bool(code)
    assert not code or f"test_it.py::test_skips: {reason}" in done.stdout


def run_pytest(folder, ci):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder,
                          env={**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""})


def test_missing_data_fails_where_shared_data_lies(tmp_path):
    folder = tmp_path / "checkout" / "tests"
    folder.mkdir(parents=True)
    (tmp_path / "shared" / "data").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(SKIPS.format(reason="needs data: not found"))
    assert run_pytest(folder, "true").returncode == 1
    assert run_pytest(folder, "").returncode == 0


def test_module_skipped_as_a_whole_is_seen(tmp_path):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    (tmp_path / "test_other.py").write_text("def test_runs(): pass\n")
    done = run_pytest(tmp_path, "")
    assert done.returncode == 1 and "UNEXPECTED SKIP" in done.stdout, done.stdout
