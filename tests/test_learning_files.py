"""Files of learning that are sound archives and not what that run writes: refused in one line, nothing goes on from
them."""

import json

import numpy as np
import pytest
from test_learning import CLASSES, IMAGES, TINY, recordings

from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.learning import hidden, learned, shows
from dmpnet.learning.learner import Learner
from dmpnet.learning.online import OnLine


def altered(path, where, value):
    """An entry of the header ('header.NAME...') or an array set; None takes it out, a function changes it."""
    with np.load(path) as file:
        arrays = dict(file)
    name, *way = where.split(".")
    tree = json.loads(str(arrays["header"])) if way else arrays
    *before, last = way or [name]
    table = tree
    for key in before:
        table = table[key]
    if value is None:
        del table[last]
    else:
        table[last] = value(table[last]) if callable(value) else value
    if way:
        arrays["header"] = np.array(json.dumps(tree))
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def one_line(call, path, error=DmpnetError):
    with pytest.raises(error) as caught:
        call()
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and "; " in line and len(line) < 600 + len(str(path))


NUMBERS = {"gone": None, "text": "many", "turned": lambda a: a.T[None], "shorter": lambda a: a[:-1],
           "not finite": lambda a: a * float("nan"), "complex": lambda a: a + 1j}
HEADER = {"gone": ("header", None), "a number": ("header", 3), "no JSON": ("header", "{"), "a list": ("header", "[1]"),
          "deep": ("header", '{"a": ' + "[" * 5000 + "]" * 5000 + "}")}
LEARNED = HEADER | {
    "format": ("header.format", "other"), "format a list": ("header.format", [[]]), "settings": ("header.settings", 3),
    "no settings": ("header.settings", None), "provenance": ("header.provenance", []),
    "unknown": ("header.settings.tau", 1), "N": ("header.settings.N", 6), "N a text": ("header.settings.N", "5"),
    "N of thousands of digits": ("header.settings.N", 10**400), "N below 0": ("header.settings.N", -5),
    "dt": ("header.settings.dt", 1e-320), "dt endless": ("header.settings.dt", float("inf")),
    "present": ("header.settings.present", 1e308), "rest": ("header.settings.rest", float("nan")),
    "rule": ("header.settings.rule", ["hebb"]), "rule unknown": ("header.settings.rule", "hebb"),
    "changed": ("header.settings.changed", [["words"]]), "chip": ("header.settings.chip", 3),
    "classes": ("neurons", np.full(5, 1000)), "classes below": ("neurons", np.full(5, -2)),
    "below 0": ("w", lambda w: -w), "histograms": ("histograms", np.zeros(3)),
    "writes": ("writes", np.zeros((5, 200)))} | {
    f"{name} {how}": (name, change) for name in ("w", "theta", "neurons") for how, change in NUMBERS.items()}


@pytest.mark.parametrize("where, value", LEARNED.values(), ids=list(LEARNED))
def test_learned(tmp_path, where, value):
    path = tmp_path / "learned.npz"
    state = shows.beginning(TINY)
    learned.save(learned.Learned(TINY, state.w, state.theta, np.arange(5)), path)
    assert learned.load(path).settings == TINY
    altered(path, where, value)
    one_line(lambda: learned.load(path), path, WeightsError)


COMPETING = HEADER | {
    "setup": ("header.setup", [1]), "no setup": ("header.setup", None), "seen": ("header.seen", "many"),
    "seen below 0": ("header.seen", -1), "seen endless": ("header.seen", float("inf")), "curve": ("header.curve", 3),
    "curve of other columns": ("header.curve", [[1, 2]]), "state": ("header.state", 3),
    "no state": ("header.state", None),
    "count": ("header.state.count", "few"), "shown": ("header.state.shown", 10**400),
    "no intensity": ("header.state.intensity", None), "another": ("header.state.w", 1)} | {
    f"{name} {how}": (name, change) for name in ("w", "theta", "answers", "histograms")
    for how, change in NUMBERS.items() if (name, how) not in (("answers", "shorter"), ("histograms", "shorter"))}


@pytest.fixture(scope="module")
def competed(tmp_path_factory):
    """A run of competing neurons after its first piece: its folder's checkpoint."""
    folder = tmp_path_factory.mktemp("competed")
    Learner(TINY, IMAGES, CLASSES, folder, presentations=4, backend="numpy").run(most=1)
    return (folder / "checkpoint.npz").read_bytes()


@pytest.mark.parametrize("where, value", COMPETING.values(), ids=list(COMPETING))
def test_checkpoint_of_competing_neurons(competed, tmp_path, where, value):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(competed)
    run = Learner(TINY, IMAGES, CLASSES, tmp_path, presentations=4, backend="numpy")
    assert run.resume() and run.seen > 0
    altered(path, where, value)
    one_line(Learner(TINY, IMAGES, CLASSES, tmp_path, presentations=4, backend="numpy").resume, path)


READOUT = HEADER | {
    "setup": ("header.setup", 3), "seen": ("header.seen", None), "n": ("header.n", 0.5), "n below 0": ("header.n", -1),
    "curve": ("header.curve", [1]), "below 0": ("v", lambda v: v - 1)} | {
    f"{name} {how}": (name, change) for name in "Wbav" for how, change in NUMBERS.items()}
TRACES = HEADER | {f"counts {how}": ("counts", change) for how, change in NUMBERS.items()} | {
    "below 0": ("counts", lambda counts: -counts.astype(int) - 1)}


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A readout that learns, its hidden pathway, and the files of its folder after the first piece."""
    folder, data = tmp_path_factory.mktemp("taught"), recordings()
    network = hidden.drawn(data, 30, context=0.0)
    OnLine(network, data, folder, 0.1, passes=2, piece=5).run(most=1)
    return network, data, {name: (folder / name).read_bytes() for name in ("checkpoint.npz", "traces.npz")}


@pytest.mark.parametrize("name, where, value", [
    *(("checkpoint.npz", *each) for each in READOUT.values()), *(("traces.npz", *each) for each in TRACES.values())])
def test_files_of_a_readout_that_learns(taught, tmp_path, name, where, value):
    network, data, files = taught
    for each, content in files.items():
        (tmp_path / each).write_bytes(content)
    run = OnLine(network, data, tmp_path, 0.1, passes=2, piece=5)
    assert run.resume() and run.seen == 5
    altered(tmp_path / name, where, value)
    again = OnLine(network, data, tmp_path, 0.1, passes=2, piece=5)
    one_line(again.resume if name == "checkpoint.npz" else again.traces, tmp_path / name)
