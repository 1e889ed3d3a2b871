"""`progress` means the same in every call that has it: (done, total) as the work goes on, a bar, or nothing."""

import ast
import io
import time
from pathlib import Path

import numpy as np
import pytest
from networks import bars, random_input, random_network

from dmpnet.ann import convert, report
from dmpnet.ann.network import Chain
from dmpnet.brian.simulation import simulate
from dmpnet.data import Recordings
from dmpnet.errors import DmpnetError
from dmpnet.graph import Affine, Rectify
from dmpnet.hardware import chip, precision
from dmpnet.hardware.constrain import constrain
from dmpnet.learning import exam, learner, online, shows
from dmpnet.learning.competition import Competition
from dmpnet.results.evaluation import evaluate
from dmpnet.system import progress as told_by

ROOT = Path(__file__).resolve().parent.parent
TINY = Competition(inputs=200, N=5, present=0.03, norm=120.0, fewest=5, seed=3)


# what it means


def test_a_function_is_called_with_done_and_total():
    calls = []
    with told_by.telling(lambda *told: calls.append(told), 10, "sample", "work", done=3) as tell:
        tell(5, "a note for those who look")
        told_by.part(tell, 5)(4, 5)
        tell(10)
    assert calls == [(3, 10), (5, 10), (9, 10), (10, 10)]


def test_nothing_is_called_that_has_not_begun():
    calls = []
    with told_by.telling(lambda *told: calls.append(told), 10, "sample", "work"):
        pass
    assert calls == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("progress, name", [(True, "its own"), ("mine", "mine"), (None, ""), (False, "")])
def test_a_bar_has_the_name_it_was_asked_for(monkeypatch, progress, name):
    monkeypatch.setattr("sys.stderr", screen := Terminal())
    with told_by.telling(progress, 10, "sample", "its own", done=2) as tell:
        time.sleep(0.15)  # bars are drawn ten times a second at most
        tell(7, "loss 0.5")
    assert bool(screen.getvalue()) == bool(name)
    assert name in screen.getvalue() and ("7/10" in screen.getvalue()) == bool(name)
    assert ("loss 0.5" in screen.getvalue()) == bool(name)


def test_no_bar_where_nobody_looks(capsys):
    with told_by.telling(True, 10, "sample", "work") as tell:
        tell(10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("module", ["ipykernel.iostream", "ipython.of_somebody", "io"])
def test_a_bar_in_a_notebook(monkeypatch, module):
    """Whose output is no terminal, and told by its class."""
    monkeypatch.setattr("sys.stderr", screen := type("OutStream", (io.StringIO,), {"__module__": module})())
    with told_by.telling(True, 10, "sample", "work") as tell:
        time.sleep(0.15)
        tell(7)
    assert ("7/10" in screen.getvalue()) == (module == "ipykernel.iostream")


def test_the_clock_of_a_bar_goes_on_while_nothing_is_done(monkeypatch):
    monkeypatch.setattr(told_by, "TICK", 0.02)
    monkeypatch.setattr("sys.stderr", screen := Terminal())
    with told_by.telling("waiting", 10, "sample", ""):
        time.sleep(0.05)
        before = len(screen.getvalue())
        time.sleep(0.3)
        assert len(screen.getvalue()) > before


@pytest.mark.parametrize("wrong", [3, 0.5, []])
def test_what_is_no_progress_is_told(wrong):
    with pytest.raises(DmpnetError, match=r"progress = .*called with \(done, total\)"):
        simulate(network := random_network(), random_input(network, 2), progress=wrong)


# who means it


def functions():
    """(file, function, what documents it: itself, or its class) of the package."""
    for path in sorted((ROOT / "dmpnet").rglob("*.py")):
        if "models" not in path.relative_to(ROOT / "dmpnet").parts:
            tree = ast.parse(path.read_text())
            homes = {id(inside): node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
                     for inside in node.body if getattr(inside, "name", "") == "__init__"}
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    yield path.relative_to(ROOT).as_posix(), node, homes.get(id(node), node)


def test_every_call_that_has_it_says_the_same_of_it():
    """By its type, its default and its sentence; nothing else is a callback of how far work has come."""
    having = set()
    for file, node, home in functions():
        arguments = [*node.args.args, *node.args.kwonlyargs]
        defaults = [*[None] * (len(node.args.args) - len(node.args.defaults)), *node.args.defaults,
                    *node.args.kw_defaults]
        for argument, default in zip(arguments, defaults, strict=True):
            if argument.arg == "progress" and file != "dmpnet/system/progress.py" and default is not None:
                having.add(home.name)
                sentence = " ".join((ast.get_docstring(home) or "").split()).partition("progress : ")[2]
                silent = "True" if home.name == "sweep" else "None"  # long by nature, and called by hand
                assert ast.unparse(argument.annotation) == "Progress" and ast.unparse(default) == silent, home.name
                assert sentence.startswith("called with (done, total) in "), home.name
                assert "True or a name: a bar; None: silent" in sentence, home.name
    assert {"simulate", "evaluate", "constrain", "search", "predictions", "trainer", "designed", "Trainer", "Learner",
            "OnLine", "traces", "answers", "examined", "responses", "losses", "sweep", "simulated", "bring",
            "save_block"} == having


def fed(labels=3):
    network = random_network((8, 12, labels), kind="DMP I", d=3, steps=20)
    values = (random_input(network, 30) > 0).astype(np.uint8)
    return network, Recordings("random", "train", "spikes", values, 1.0, np.arange(30) % labels, None, labels, 1e-3)


def simulated(tell, folder):
    network = random_network()
    simulate(network, random_input(network, 5), batch=2, progress=tell)


def evaluated(tell, folder):
    network, recordings = fed()
    evaluate(network, recordings, progress=tell)


def constrained(tell, folder):
    network = random_network()
    constrain(network, chip.load("dmp"), random_input(network, 4), progress=tell)


def searched(tell, folder):
    network, described = random_network(), chip.load("dmp")
    s_in = random_input(network, 4)
    precision.search(network, described, int(0.95 * precision.size(network, described)), s_in, s_in,
                     np.zeros(4, np.int64), {"W_f": (8, 6, 4), "P": (8, 6)}, progress=tell)


def trained(tell, folder):
    pytest.importorskip("torch")
    from dmpnet.training.recipe import Recipe
    from dmpnet.training.trainer import Trainer

    Trainer(Recipe("smnist", "dmp", (1, 4, 4, 2), d=2, theta=20.0, batch=16, epochs=2), bars(), folder, tell).run()


def judged(tell, folder):
    pytest.importorskip("torch")
    from dmpnet.training.verdict import predictions

    predictions(*fed(), batch=7, progress=tell)


def images():
    return np.random.default_rng(0).integers(130, 256, (6, 200), dtype=np.uint8)


def learned(tell, folder):
    learner.Learner(TINY, images(), np.arange(6), folder, passes=2, presentations=4, backend="numpy",
                    progress=tell).run()


def asked(tell, folder):
    made = learner.Learner(TINY, images(), np.arange(6), folder, presentations=4, backend="numpy")
    made.run()
    shows.answers(made.finished(), images()[:4], images()[4:], presentations=2, backend="numpy", progress=tell)


def examined(tell, folder):
    made = learner.Learner(TINY, images(), np.arange(6), folder, presentations=4, backend="numpy")
    made.run()
    pictures = Recordings("smnist", "train", "analog", images()[:, :, None], 1 / 255, np.arange(6), None, 10, 1e-3)
    exam.examined(made.finished(), pictures, pictures, "numpy", tell)


def taught(tell, folder):
    online.OnLine(*fed(), folder, 0.1, passes=2, piece=8, progress=tell).run()


def traced(tell, folder):
    online.OnLine(*fed(), folder, 0.1).traces(tell)


def converted(tell, folder):
    rng = np.random.default_rng(0)
    chain = Chain((6,))
    chain.add("fc1", Affine(rng.normal(size=(5, 6))))
    chain.add("relu", Rectify((5,)))
    chain.add("fc2", Affine(rng.normal(size=(3, 5))))
    network = chain.finished()
    x = rng.random((450, 6))
    report.examined(network, convert(network, x[:50], 20), x, progress=tell)


@pytest.mark.parametrize("work", [simulated, evaluated, constrained, searched, trained, judged, learned, asked,
                                  examined, taught, traced, converted], ids=lambda work: work.__name__)
def test_done_grows_to_the_total(work, tmp_path, capsys):
    """And nothing is printed."""
    calls = []
    work(lambda *told: calls.append(told), tmp_path)
    done, totals = zip(*calls, strict=True)
    assert set(totals) == {done[-1]} and np.diff((0, *done)).min() >= 0 and len(set(done)) == len(done)
    assert len(calls) > 1 or work is traced
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("make", ["learner", "trainer", "online"])
def test_who_goes_on_tells_what_there_was(make, tmp_path):
    """The first that is told of a run that goes on is where it stands."""
    calls = []

    def tell(done, total):
        calls.append((done, total))
        if len(calls) == 2:
            raise KeyboardInterrupt

    def begun(progress):
        if make == "learner":
            return learner.Learner(TINY, images(), np.arange(6), tmp_path, passes=2, presentations=3, backend="numpy",
                                   progress=progress)
        if make == "online":
            return online.OnLine(*fed(), tmp_path, 0.1, passes=2, piece=8, progress=progress)
        pytest.importorskip("torch")
        from dmpnet.training.recipe import Recipe
        from dmpnet.training.trainer import Trainer

        return Trainer(Recipe("smnist", "dmp", (1, 4, 4, 2), d=2, theta=20.0, batch=16, epochs=2), bars(), tmp_path,
                       progress, every=1)

    with pytest.raises(KeyboardInterrupt):
        begun(tell).run()
    again, (_, stopped) = [], calls
    run = begun(lambda *told: again.append(told))
    assert run.resume()
    run.run()
    first = stopped[0] if make != "trainer" else calls[0][0]  # a batch is kept after it is told
    assert again[0] == (first, stopped[1]) and again[-1] == (stopped[1], stopped[1])
