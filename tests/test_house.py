"""The plan of the house: what is public, what imports what, how large a room is."""

import ast
import functools
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import dmpnet
from dmpnet import commands, moved

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path for path in (ROOT / "dmpnet").rglob("*.py") if "models" not in path.parts)
HEAVY = ("numpy", "scipy", "brian2", "torch", "matplotlib")


def imported(*code):
    """Which of HEAVY a fresh Python has imported after `code`."""
    told = subprocess.run([sys.executable, "-c", "; ".join(
        ("import sys", *code, f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"))],
        capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    return told.stderr.split()


def imports():
    """Modules of dmpnet that each file of it imports when it runs, inside functions too."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    found = {}
    for name, path in modules.items():
        tree = ast.parse(path.read_text())
        types = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.If)
                 and "TYPE_CHECKING" in ast.unparse(node.test) for inner in ast.walk(node)}
        found[name] = {f"{node.module}.{one.name}" if f"{node.module}.{one.name}" in modules else str(node.module)
                       for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and id(node) not in types
                       and str(node.module).startswith("dmpnet") for one in node.names} - {name}
    return found


IMPORTS = imports()


@functools.cache
def level(name):
    """1 for a file that imports no other; else one more than the highest that it imports."""
    return 1 + max(map(level, IMPORTS[name] & IMPORTS.keys()), default=0)


def test_what_is_public_is_there_and_says_what_it_does():
    for name in dmpnet.__all__:
        assert getattr(dmpnet, name).__doc__, name
        assert name in dir(dmpnet) and f"dmpnet.{name}" in (dmpnet.__doc__ or ""), name
    with pytest.raises(AttributeError, match="no attribute 'no_such'; it has .*simulate"):
        dmpnet.no_such  # noqa: B018
    assert (ROOT / "dmpnet" / "py.typed").is_file()


def test_old_names_stay_for_a_release():
    from dmpnet.neurons import Neuron
    from dmpnet.simulation import simulate
    from dmpnet.weights import Encoding, Layer, TrainedNetwork, legendre_pathway

    from dmpnet import data, network, shipped, weights
    from dmpnet.equations import neurons
    from dmpnet.trained.layer import Layer as New

    assert simulate is dmpnet.simulate and network.convert is dmpnet.convert and Neuron is neurons.Neuron
    assert data is dmpnet.data and weights.load and shipped.path and weights.Layer is Layer is New
    assert Encoding and TrainedNetwork and legendre_pathway
    with pytest.raises(ImportError, match="no_such"):
        from dmpnet.weights import no_such  # noqa: F401
    with pytest.raises(AttributeError, match=r"it held is now in dmpnet\.equations\.neurons"):
        importlib.import_module("dmpnet.neurons").no_such  # noqa: B018


def test_every_old_name_leads_somewhere():
    for name, homes in moved.HOMES.items():
        assert not (ROOT / "dmpnet" / f"{name}.py").exists() and not (ROOT / "dmpnet" / name).exists()
        for home in homes:
            assert importlib.import_module(f"dmpnet.{home}")


def test_importing_takes_no_time():
    assert imported("import dmpnet") == []


def test_help_takes_no_time():
    assert imported("from dmpnet.cli import parser", "parser('').format_help()") == []


def test_help_tells_a_sentence_of_every_command():
    assert {"run", "info", "train"} < set(commands.names())
    for name in commands.names():
        assert 20 < len(commands.summary(name)) < 120, commands.summary(name)
        assert hasattr(commands.command(name), "add"), name


def test_few_modules_lie_at_the_top():
    assert len([path for path in FILES if path.parent == ROOT / "dmpnet"]) <= 6


# the contract of imports


def contract(folder):
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run([sys.executable, "-c", code, "setup.cfg"], cwd=folder, capture_output=True, text=True,
                          timeout=300)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources, to be spoilt."""
    pytest.importorskip("importlinter", reason="needs import-linter: pip install '.[test]' in a clone")
    folder = tmp_path_factory.mktemp("house")
    for path in [*FILES, ROOT / "setup.cfg", *(ROOT / "figures").glob("*.py")]:
        place = folder / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path.read_text())
    return folder


def test_imports_keep_the_contract(copy):
    done = contract(copy)
    assert done.returncode == 0 and "4 kept, 0 broken" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("file, line, broken", [
    ("equations/decay", "from dmpnet.hardware import chip", "folders import one way"),
    ("brian/session", "def late():\n    from dmpnet.plasticity import rule", "folders import one way"),
    ("hardware/cycles", "from dmpnet.hardware import actions", "no circles"),
    ("learning/labels", "def late():\n    import torch", "PyTorch in training and torch only"),
    ("trained/swap", "import brian2", "no Brian2"),
])
def test_what_breaks_the_contract_is_seen(copy, file, line, broken):
    path = copy / "dmpnet" / f"{file}.py"
    before = path.read_text()
    path.write_text(f"{before}\n\n{line}\n")
    try:
        done = contract(copy)
    finally:
        path.write_text(before)
    assert done.returncode == 1
    assert any(broken in told and "BROKEN" in told for told in done.stdout.splitlines()), done.stdout


# sizes


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_files_and_functions_stay_small():
    long_files = {str(path.relative_to(ROOT)): length for path in FILES
                  if (length := len(path.read_text().splitlines())) > 300}
    long_functions = {f"{path.relative_to(ROOT)}: {name}": length for path in FILES
                      for name, length in functions(path) if length > 40}
    print(long_files, long_functions)
    assert len(long_files) <= 3 and len(long_functions) <= 2


def test_imports_go_down_few_steps():
    """Levels: the longest chain of files each of which imports the next when it runs."""
    assert max(level(name) for name in IMPORTS) <= 10


OWN = ("arithmetic", "export", "hardware", "trained", "commands", "training")
"""Folders of a chip, or of networks made for one."""


def elsewhere():
    """Files outside OWN, with their trees."""
    return {path.relative_to(ROOT / "dmpnet").as_posix(): ast.parse(path.read_text()) for path in FILES
            if path.relative_to(ROOT / "dmpnet").parts[0] not in OWN}


def test_few_ask_in_which_numbers_a_layer_computes():
    """The reference's loop and Brian2's populations make its steps, of a graph its populations; others refuse what they
    have no integers for, or tell it."""
    asks = {name: {ast.unparse(node).rpartition(".")[2] for node in ast.walk(tree) if isinstance(node, ast.Attribute)
                   and ast.unparse(node.value) != "np"} & {"fixed", "integer"} for name, tree in elsewhere().items()}
    assert {name for name, asked in asks.items() if "fixed" in asked} == {
        "reference/loop.py", "brian/populations.py", "graph/population.py", "graph/pathways.py", "graph/trained.py",
        "graph/file.py", "brian/graph_integers.py", "brian/graph_population.py", "brian/graph_program.py"}
    assert {name for name, asked in asks.items() if asked == {"integer"}} == {
        "plasticity/converted.py", "learning/online.py", "graph/graph.py", "reference/graphs.py", "nir/exporting.py",
        "results/graph_table.py"}


def test_of_the_others_only_what_learns_on_a_chip_imports_one():
    named = {name for name in elsewhere() if any(other.startswith("dmpnet.hardware") for other in IMPORTS[
        f"dmpnet.{name.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")])}
    assert named == {"learning/competition.py"}
