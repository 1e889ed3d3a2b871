"""dmpnet.sweep: every point once, in order, whatever dies meanwhile."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_points import dies, odd_fails, picked, squared
from test_signals import alive, gone, on_linux, patience, started, wait_for

import dmpnet
from dmpnet.disk import files
from dmpnet.errors import DmpnetError, SweepError, SweepWarning
from dmpnet.sweeps import cluster, local, names, plain
from dmpnet.sweeps.written import written

quiet = pytest.mark.filterwarnings("ignore::dmpnet.errors.SweepWarning")


def same(first, second):
    assert [sorted(one) for one in first] == [sorted(one) for one in second]
    for one, other in zip(first, second, strict=True):
        assert one["square"] == other["square"] and one["as"][1] == other["as"][1]
        assert one["as"][0].dtype == other["as"][0].dtype and np.array_equal(one["as"][0], other["as"][0])


def ended(folder):
    """How often each point was worked on to its end."""
    return {path.stem: path.stat().st_size for path in Path(folder).glob("*.done")}


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def swept(points, work, out, **how):
    return dmpnet.sweep(squared, points, out=out, aside={"folder": str(work)}, progress=None, **how)


# results


@pytest.mark.filterwarnings("ignore:.*points are equal to others")
@settings(max_examples=15)
@given(points=st.lists(st.integers(0, 30), max_size=12), before=st.lists(st.integers(0, 30), max_size=12))
def test_results_come_in_the_order_of_points_each_made_once(tmp_path_factory, points, before):
    """Whatever is there already, and however often a point is asked for."""
    work, out = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("out")
    for asked in (before, points):
        found = swept([{"x": x} for x in asked], work, out, processes=1)
        assert [one["square"] for one in found] == [x * x for x in asked]
    assert ended(work) == {str(x): 1 for x in {*points, *before}}
    assert len(list(out.glob("*.json"))) == len({*points, *before})


def test_equal_points_are_told(work, tmp_path):
    with pytest.warns(SweepWarning, match="3 of 5 points are equal to others and run once.*give each point a seed"):
        swept([{"x": 1}] * 4 + [{"x": 2}], work, tmp_path / "out", processes=1)


@pytest.mark.parametrize("change, told", [
    ({"points": {"x": [1, 2]}}, "points = .*give a list"), ({"points": "ab"}, "points = 'ab'"),
    ({"points": 3}, "points = 3"),
    ({"common": [1]}, r"common = \[1\], but it holds arguments by name"), ({"run": "squared"}, "run = 'squared'"),
    ({"common": {"by": 1}, "aside": {"by": 3, "folder": "."}}, "by: in common and in aside")])
def test_what_is_no_sweep_is_refused(change, told, tmp_path):
    with pytest.raises(DmpnetError, match=told):
        dmpnet.sweep(**{"run": squared, "points": [1], "out": tmp_path / "out"} | change)
    assert not (tmp_path / "out").exists()


def test_processes_give_the_same_in_the_same_order(work, tmp_path):
    """Late ones first: the first point is the slowest."""
    points = [(x, str(work), 0.3 if x == 0 else 0.0) for x in range(12)]
    found = dmpnet.sweep(squared, points, out=tmp_path / "many", processes=3, progress=None)
    same(found, dmpnet.sweep(squared, points, out=tmp_path / "one", processes=1, progress=None))
    same(found, dmpnet.sweep(squared, points, out=tmp_path / "many", processes=1, progress=None))
    assert set(ended(work).values()) == {2}


def test_what_results_say_of_where_they_come_from(work, tmp_path):
    swept([{"x": 3}], work, tmp_path / "out", processes=1)
    (path,) = (tmp_path / "out").glob("*.json")
    entry = json.loads(path.read_text())
    assert entry["run"] == "sweep_points.squared" and entry["point"] == "{'x': 3}" and entry["result"]["square"] == 9
    assert entry["versions"]["dmpnet"] == dmpnet.__version__ and entry["versions"]["numpy"] == np.__version__
    assert path.stem == names.of_points(squared, [{"x": 3}], {})[0]
    assert str(work) not in path.read_text()


def test_arguments_that_change_a_result_name_it(work, tmp_path):
    """A common one does, one aside does not."""
    points = [{"x": 2}]
    assert swept(points, work, tmp_path / "out", processes=1)[0]["square"] == 4
    assert swept(points, work, tmp_path / "out", processes=1, common={"by": 3})[0]["square"] == 12
    (work / "moved").mkdir()
    assert swept(points, work / "moved", tmp_path / "out", processes=1)[0]["square"] == 4
    assert not ended(work / "moved")


OWN = {"inner": """
def turned(x):
    return -x

def unused(x):
    return x
""", "outer": """
import functools
import numpy as np
import inner
from inner import turned

K, TABLE, UNUSED = 5, {"a": (1, np.arange(3)), "b": {1}}, 0
RULES = {}

class Base:
    power = 2
    def raised(self, x):
        return x**self.power

class Rule(Base):
    @staticmethod
    def doubled(x):
        return 2 * x

def made(by):
    def scaled(x, more=1):
        return (lambda y: y * by + more)(x)
    return scaled

scaled = made(3)

@functools.lru_cache
def cached(x):
    return x + 1

def rule(x):
    return RULES and x

RULES["rule"] = rule

import dataclasses
import datetime
import threading
from math import floor as rounded

@dataclasses.dataclass
class Setting:
    bits: int
    locked: object

class Holder:
    def __init__(self, most):
        self.most, self.lock, self.of = most, threading.Lock(), {"a", "b", "c"}
        self.me = self

SETTING, HOLDER, both = Setting(8, threading.Lock()), Holder(11), np.add
SINCE, LOCK = datetime.timedelta(days=1), threading.Lock()

def run(x, by=1):
    # what the points are asked
    return [SETTING, HOLDER, rounded(x), both(x, x), SINCE, LOCK,
            K, TABLE, RULES, inner.turned(x), turned(x), Rule().raised(x), Rule.doubled(x), scaled(x), cached(x), by,
            np.sin(x), dmpnet and x]

import dmpnet
"""}


def digest_of(folder, sources):
    """Of outer.run, written like this in files of the user's own."""
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text)
    told = subprocess.run([sys.executable, "-c", "import outer; from dmpnet.sweeps import names; "
                           "print(*names.of_points(outer.run, [1, 2], {}))"], cwd=folder, check=True, text=True,
                          capture_output=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
    return told.stdout


def test_a_function_that_is_written_otherwise_is_another(tmp_path):
    """So are those of the user's that it calls and values beside it; comments and what it does not name are not."""
    first = digest_of(tmp_path, OWN)
    same = [("# what the points are asked", "# asked"), (", 0\nRULES", ", 9\nRULES"),
            ("def unused(x):\n    return x", "def unused(x):\n    return 0")]
    other = [("K, TABLE, UNUSED = 5", "K, TABLE, UNUSED = 6"), ("arange(3)", "arange(4)"), ('"b": {1}', '"b": {2}'),
             ("return -x", "return +x"), ("power = 2", "power = 3"), ("x**self.power", "self.power**x"),
             ("2 * x", "3 * x"), ("made(3)", "made(4)"), ("more=1", "more=2"), ("y * by", "y / by"), ("x + 1", "x + 2"),
             ("by=1", "by=2"), ("RULES and x", "RULES or x"), ("np.sin", "np.cos"), ("Setting(8", "Setting(4"),
             ("Holder(11)", "Holder(12)"), ("floor as", "ceil as"), ("np.add", "np.multiply"), ("days=1", "days=2"),
             ("(8, threading.Lock())", "(8, None)")]
    for changes, alike in ((same, True), (other, False)):
        for old, new in changes:
            changed = {name: text.replace(old, new) for name, text in OWN.items()}
            assert (digest_of(tmp_path, changed) == first) is alike, old


def test_what_was_there_is_not_given_for_another_function(tmp_path):
    """Nor mixed with what it gives; what was is there again when the function is."""
    script, seen = tmp_path / "own.py", []
    for by in (2, 3, 2):
        script.write_text(f"import dmpnet\ndef run(x):\n    return {by} * x\nif __name__ == '__main__':\n"
                          f"    print(dmpnet.sweep(run, [1, 2], out='out', processes=1, progress=None))\n")
        seen.append(subprocess.run([sys.executable, script], cwd=tmp_path, check=True, text=True, capture_output=True
                                   ).stdout.strip())
    assert seen == ["[2, 4]", "[3, 6]", "[2, 4]"] and len(list((tmp_path / "out").glob("*.json"))) == 4


def test_progress_counts_what_is_there(work, tmp_path):
    told = []
    swept([{"x": x} for x in (1, 2)], work, tmp_path, processes=1)
    dmpnet.sweep(squared, [{"x": x} for x in (1, 2, 3)], out=tmp_path, aside={"folder": str(work)}, processes=1,
                 progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        [np.float32(0.1), np.int8(-3), np.bool_(True), np.arange(6).reshape(2, 3), np.array(["a", "bc"]), np.zeros(0)]),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(
        st.text() | st.sampled_from(["$tuple", "$dict"]), inner) | st.dictionaries(st.integers() | st.none(), inner),
    max_leaves=8)


@settings(max_examples=20)
@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    again = plain.read(json.loads(json.dumps(plain.written(value))))
    assert repr(again) == repr(value) and names.digest(again) == names.digest(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, [b"bytes"], {"a": np.array([None])}, 1j])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(DmpnetError, match="a result holds a .*; return those"):
        plain.written(value)


@settings(max_examples=20)
@given(st.lists(PLAIN, min_size=2, max_size=4))
def test_different_points_have_different_digests(values):
    by = {names.digest(value): repr(value) for value in values}
    assert len(by) == len({names.digest(values[0]), *(names.digest(value) for value in values)})
    for value in values:
        assert names.digest([value]) != names.digest((value,)) != names.digest(value)
        assert by[names.digest(value)] == repr(value) or isinstance(value, dict | list | tuple)


def test_digests_know_no_order_of_keys_and_few_confusions():
    assert names.digest({"a": 1, "b": [2]}) == names.digest({"b": [2], "a": 1})
    apart = [1, 1.0, True, "1", b"1", None, "None", (1,), [1], {1}, {"1": 1}, {1: "1"}, np.int64(1), np.int32(1),
             np.ones(1), np.ones((1, 1)), Path("1"), squared, odd_fails, names.digest, 0.0, -0.0, [[], 1], [[1]], []]
    assert len({names.digest(value) for value in apart}) == len(apart)
    with pytest.raises(DmpnetError, match="no name by which"):
        dmpnet.sweep(lambda: 1, [{}])


def test_tensors_are_known_by_their_numbers_wherever_they_lie():
    """Their pickles tell where in memory; a sweep would never find its results again."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    for held in ("value", "beside"):
        def known(value, held=held):
            return names.digest(value) if held == "value" else names.digest(written(value))
        one = torch.arange(6.0)
        alike = [one, one.clone(), torch.arange(12.0)[:6], one.clone().requires_grad_()]
        assert len({known(value) for value in alike}) == 1
        apart = [one, one.double(), one.view(2, 3), one.flip(0), one.bfloat16(), one[:0], one[:0].view(0, 2), one[3]]
        assert len({known(value) for value in apart}) == len(apart)


# what goes wrong


def test_points_that_fail_do_not_stop_the_others(tmp_path):
    with pytest.raises(SweepError) as raised:
        dmpnet.sweep(odd_fails, [(x,) for x in range(8)], out=tmp_path, processes=2, progress=None)
    told = str(raised.value)
    assert "4 of 8 points of sweep_points.odd_fails failed" in told and "(3,): ValueError: 3 is odd" in told
    assert "\n" not in told and [one.point for one in raised.value.failures] == [(1,), (3,), (5,), (7,)]
    assert "in odd_fails" in raised.value.failures[0].traceback
    assert len(list(tmp_path.glob("*.json"))) == 4 and len(list(tmp_path.glob("*.failed.txt"))) == 4
    assert "3 is odd" in (tmp_path / f"{names.of_points(odd_fails, [(3,)], {})[0]}.failed.txt").read_text()
    found = dmpnet.sweep(odd_fails, range(8), out=tmp_path / "values", processes=1, failures="return", progress=None)
    assert found[::2] == [0, 2, 4, 6] and [one.error for one in found[1::2]] == [
        f"ValueError: {x} is odd" for x in (1, 3, 5, 7)]


def test_a_worker_that_dies_takes_its_own_point_along_and_is_replaced(tmp_path):
    with pytest.warns(SweepWarning, match=r"its worker died \(EXIT\(7\)\); it is tried again, 1 of 3 times"):
        found = dmpnet.sweep(dies, [{"x": x} for x in range(6)], out=tmp_path / "out", processes=2, progress=None,
                             common={"at": 2}, aside={"folder": str(tmp_path)})
    assert found == list(range(6))


@quiet
def test_a_point_that_always_kills_its_worker_is_given_up(tmp_path):
    """So often and no more, also where no other is left, in which case this very process must not work on it."""
    for _ in range(2):
        with pytest.raises(SweepError, match=r"1 of 4 points .* {'x': 2}: its worker died 2 times"):
            dmpnet.sweep(dies, [{"x": x} for x in range(4)], out=tmp_path, processes=2, retries=1, progress=None,
                         common={"at": 2})
    assert len(list(tmp_path.glob("*.json"))) == 3


@pytest.mark.parametrize("damage", ["cut", "emptied", "changed", "another kind"])
def test_a_damaged_result_is_made_again_with_a_word(work, tmp_path, damage):
    points, out = [{"x": x} for x in range(3)], tmp_path / "out"
    first = swept(points, work, out, processes=1)
    path = out / f"{names.of_points(squared, [{'x': 2}], {})[0]}.json"
    text = path.read_text()
    path.write_text({"cut": text[:len(text) // 2], "emptied": "", "another kind": "[1]",
                     "changed": text.replace('"square": 4', '"square": 5')}[damage])
    assert path.read_text() != text
    with pytest.warns(SweepWarning, match=f"{path.name}.*; it is made again") as told:
        same(swept(points, work, out, processes=1), first)
    assert len(told) == 1 and ended(work) == {"0": 1, "1": 1, "2": 2}
    same(swept(points, work, out, processes=1), first)


def test_a_full_disk_is_told_and_the_next_call_goes_on(work, tmp_path, monkeypatch):
    points, room, fsync = [{"x": x} for x in range(6)], [], os.fsync

    def full(file):
        room.append(file)
        if len(room) > 3:
            raise OSError(28, "No space left on device")
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(DmpnetError, match="a result cannot be written .*No space left.*: make room in the folder"):
            swept(points, work, tmp_path / "out", processes=1)
    assert len(list((tmp_path / "out").iterdir())) == 3 + 1  # and the lock: nothing half-written
    assert [one["square"] for one in swept(points, work, tmp_path / "out", processes=1)] == [x * x for x in range(6)]


def test_files_that_threads_write_leave_the_umask_alone(work, tmp_path):
    umask = os.umask(0o027)
    try:
        swept([{"x": x} for x in range(40)], work, tmp_path / "out", processes=1)
        assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").glob("*.json")} == {0o640}
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(umask)


def test_two_calls_at_once_double_and_lose_nothing(work, tmp_path):
    points, found = [{"x": x, "seconds": 0.02} for x in range(20)], []
    both = [threading.Thread(target=lambda: found.append(swept(points, work, tmp_path / "out", processes=1)))
            for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    same(*found)
    assert ended(work) == {str(x): 1 for x in range(20)}


@pytest.mark.parametrize("wrong, said", [
    ({"processes": 0}, "set processes >= 1"), ({"failures": "ignore"}, "set 'raise' or 'return'"),
    ({"processes": 2, "scheduler": "tcp://127.0.0.1:1"}, "processes = 2, but the workers of scheduler tcp://127.0.0.1:1"),
    ({"out": "{}/file/out"}, "no folder can be made there")])
def test_mistakes_are_told(tmp_path, wrong, said):
    (tmp_path / "file").touch()
    with pytest.raises(DmpnetError, match=said):
        dmpnet.sweep(odd_fails, [2], **{"out": tmp_path / "o"} | {
            key: value.format(tmp_path) if isinstance(value, str) else value for key, value in wrong.items()})


def test_a_worker_with_another_dmpnet_is_refused(work, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "__version__", "9.9")
    with pytest.raises(DmpnetError, match=rf"but worker .* has {dmpnet.__version__}; install the same there"):
        swept([{"x": 1}, {"x": 2}], work, tmp_path / "out", processes=2)
    assert not ended(work)


# signals

SCRIPT = """
import subprocess, sys, time
import dmpnet

def slow(x, folder, long):
    open(f"{folder}/{x}.begun", "a").write(".")
    if x >= 3 and long == "here":
        time.sleep(600)
    subprocess.run(["sleep", "600"] if x >= 3 and long else ["true"])
    return x

print(dmpnet.sweep(slow, [{"x": x} for x in range(6)], out=sys.argv[2], **eval(sys.argv[3]),
                   aside={"folder": sys.argv[1], "long": sys.argv[4] if len(sys.argv) > 4 else ""}))
"""


def sweeping(case, tmp_path, how, *more, **options):
    (tmp_path / "script.py").write_text(SCRIPT)
    return started([sys.executable, str(tmp_path / "script.py"), str(tmp_path), str(tmp_path / "out"), how, *more],
                   case, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def begun(tmp_path):
    return {path.stem: len(path.read_text()) for path in tmp_path.glob("*.begun")}


@on_linux
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
                                    pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_signal_ends_all_and_the_next_call_goes_on(tmp_path, number):
    """To the whole group, as from a terminal; workers and what they started are gone within two seconds."""
    case = f"sweep-{os.urandom(8).hex()}"
    first = sweeping(case, tmp_path, "{'processes': 2}", "program")
    wait_for(lambda: {"3", "4"} <= set(begun(tmp_path)) and sum("sleep 600" in each for each in alive(case)) == 2)
    os.killpg(first.pid, number)
    began = time.monotonic()
    assert gone(case), alive(case)
    assert time.monotonic() - began < patience()
    _, told = first.communicate(timeout=30)
    assert first.returncode and told.count("Traceback") <= 1, told
    assert len(list((tmp_path / "out").glob("*.json"))) == 3
    out, told = sweeping(case, tmp_path, "{'processes': 2}").communicate(timeout=60)
    assert out == "[0, 1, 2, 3, 4, 5]\n", told
    assert begun(tmp_path) == {"0": 1, "1": 1, "2": 1, "3": 2, "4": 2, "5": 1}


def killing(workers, times, pause, done):
    """Kill one of `workers()` at random moments, so often, while not `done`; gives how often."""
    rng, killed = random.Random(0), []

    def go():
        while len(killed) < times and not done.is_set():
            time.sleep(rng.uniform(0, pause))
            if (there := workers()) and not done.is_set():
                pid = rng.choice(there)
                try:
                    if pid not in killed:
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
                except ProcessLookupError:
                    pass

    thread = threading.Thread(target=go)
    thread.start()
    return thread, killed


def loky_workers():
    """Ids of this process's sweep workers, not of what is being started."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_worker(folder)]


def _is_worker(folder):
    try:
        parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and f"{local.MARK}=".encode() in (folder / "environ").read_bytes()
    except OSError:
        return False


@on_linux
@quiet
@pytest.mark.parametrize("points, times, pause", [(12, 2, 1.0), pytest.param(60, 20, 1.0, marks=pytest.mark.slow)])
def test_workers_killed_at_random_moments_lose_and_double_nothing(work, tmp_path, points, times, pause):
    asked, done = [{"x": x, "seconds": 0.2} for x in range(points)], threading.Event()
    thread, killed = killing(loky_workers, times, pause, done)
    try:
        found = swept(asked, work, tmp_path / "out", processes=2, retries=times)
    finally:
        done.set()
        thread.join()
    assert len(killed) > times // 2
    same(found, swept(asked, work, tmp_path / "one", processes=1))
    assert len(list((tmp_path / "out").glob("*.json"))) == points
    again = {x: count - 1 for x, count in ended(work).items()}  # once more by the comparison
    assert set(again) == {str(x) for x in range(points)} and min(again.values()) == 1
    assert sum(again.values()) <= points + len(killed)


# on a cluster

distributed = pytest.importorskip("distributed", reason="needs distributed: pip install '.[cluster]' in a clone")


def dask(workers=2, processes=False):
    import dask

    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"})  # else given up if killed again then
    return distributed.LocalCluster(n_workers=workers, threads_per_worker=1, processes=processes, protocol="tcp://",
                                    dashboard_address=None, worker_dashboard_address=None)


shared = pytest.mark.filterwarnings("ignore:.*several workers share a process")


@pytest.fixture(scope="module")
def workers():
    """A cluster of two workers in this process."""
    with dask() as made:
        yield made


@shared
def test_a_cluster_gives_the_same_by_address_and_by_client(work, tmp_path, workers):
    points = [{"x": x} for x in range(60)]
    found = swept(points, work, tmp_path / "cluster", scheduler=workers.scheduler_address)
    same(found, swept(points, work, tmp_path / "one", processes=1))
    assert set(ended(work).values()) == {2}
    with distributed.Client(workers, set_as_default=False) as client:
        with pytest.warns(SweepWarning, match="several workers share a process"):
            same(found, swept(points, work, tmp_path / "client", scheduler=client, common={"by": 1}))
        assert client.status == "running"


@shared
def test_a_large_call_is_sent_once(tmp_path, workers):
    shared = np.arange(100_000)
    found = dmpnet.sweep(picked, [{"at": at} for at in (5, 7)], workers.scheduler_address, out=tmp_path,
                         common={"values": shared}, progress=None)
    assert found == [5, 7]


@shared
def test_points_fail_on_a_cluster_as_they_do_here(tmp_path, workers):
    with pytest.raises(SweepError, match="2 of 4 points .*ValueError: 3 is odd") as raised:
        dmpnet.sweep(odd_fails, range(4), workers.scheduler_address, out=tmp_path, progress=None)
    assert "in odd_fails" in raised.value.failures[0].traceback


@shared
def test_workers_that_will_not_do_are_refused_by_name(work, tmp_path, workers, monkeypatch):
    address, held = workers.scheduler_address, re.escape(dmpnet.__version__)
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "__version__", "9.9")
        with pytest.raises(DmpnetError, match=rf"this is dmpnet 9\.9, but worker tcp://\S+ has {held}; tcp://\S+ has"):
            swept([{"x": 1}], work, tmp_path / "out", scheduler=address)
        patch.setattr(cluster, "check", lambda *_: None)  # one that comes later
        with pytest.raises(DmpnetError, match=rf"but worker .* has {held}; install the same there"):
            swept([{"x": 1}], work, tmp_path / "out", scheduler=address)
    assert not ended(work)
    client, _ = cluster.connected(address)
    info = client.scheduler_info(n_workers=-1)
    for worker in info["workers"].values():
        worker["nthreads"] = 4
    monkeypatch.setattr(client, "scheduler_info", lambda **_: info)
    with client, pytest.raises(DmpnetError, match=r"tcp://\S+ has 4; .*start them with --nthreads 1"):
        swept([{"x": 1}], work, tmp_path / "out", scheduler=client)


@pytest.mark.parametrize("scheduler, said", [("tcp://127.0.0.1:1", "no Dask scheduler answers there"),
                                             (3, "it is the address of a Dask scheduler"),
                                             ("nonsense://x", "no Dask scheduler answers there")])
def test_no_scheduler(tmp_path, scheduler, said, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(DmpnetError, match=said):
        dmpnet.sweep(odd_fails, [2], scheduler, out=tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_without_dask_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DmpnetError, match="dask.distributed is not installed; pip install"):
        dmpnet.sweep(odd_fails, [2], "tcp://127.0.0.1:1", out=tmp_path)


@pytest.mark.slow
@quiet
def test_cluster_workers_killed_at_random_moments_lose_and_double_nothing(work, tmp_path):
    asked, done = [{"x": x, "seconds": 0.5} for x in range(60)], threading.Event()
    with dask(processes=True) as made:
        def there():  # a nanny gives a worker up that is killed while it starts
            return [each.pid for each in made.workers.values() if each.worker_address in made.scheduler.workers]

        thread, killed = killing(there, 20, 2.0, done)
        try:
            found = swept(asked, work, tmp_path / "out", scheduler=made.scheduler_address, retries=20)
        finally:
            done.set()
            thread.join()
    assert len(killed) > 10
    same(found, swept(asked, work, tmp_path / "one", processes=1))
    assert len(list((tmp_path / "out").glob("*.json"))) == 60
    assert all(count >= 2 for count in ended(work).values()) and sum(ended(work).values()) <= 120 + len(killed)


@pytest.mark.slow
@quiet
def test_a_point_that_kills_cluster_workers_is_given_up(tmp_path):
    with dask(processes=True) as made, pytest.raises(SweepError, match=r"1 of 4 .* {'x': 2}: its worker died 1 times"):
        dmpnet.sweep(dies, [{"x": x} for x in range(4)], made.scheduler_address, out=tmp_path, retries=0,
                     common={"at": 2}, progress=None)
    assert len(list(tmp_path.glob("*.json"))) == 3


@pytest.mark.slow
@on_linux
def test_an_interrupt_frees_the_workers_of_a_cluster(tmp_path):
    case = f"sweep-{os.urandom(8).hex()}"
    with dask(processes=True) as made, distributed.Client(made, set_as_default=False) as client:
        how = repr({"scheduler": made.scheduler_address})
        first = sweeping(case, tmp_path, how, "here")
        wait_for(lambda: {"3", "4"} <= set(begun(tmp_path)))
        os.killpg(first.pid, signal.SIGINT)
        began = time.monotonic()
        first.communicate(timeout=30)
        assert time.monotonic() - began < patience() and not alive(case)
        wait_for(lambda: not any(client.processing().values()), patience())
        out, told = sweeping(case, tmp_path, how).communicate(timeout=60)
    assert out == "[0, 1, 2, 3, 4, 5]\n", told


OTHER = "__version__ = '0.0.7'\n"


@pytest.mark.slow
def test_a_worker_of_another_environment_is_refused(work, tmp_path):
    """It has a dmpnet that knows no sweeps at all."""
    (tmp_path / "other" / "dmpnet").mkdir(parents=True)
    (tmp_path / "other" / "dmpnet" / "__init__.py").write_text(OTHER)
    with dask(workers=1) as made:
        other = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", made.scheduler_address,
                                  "--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", "old"], cwd=tmp_path,
                                 env=os.environ | {"PYTHONPATH": str(tmp_path / "other")}, stderr=subprocess.DEVNULL)
        try:
            with distributed.Client(made, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
                for _ in range(2):
                    with pytest.raises(DmpnetError, match=r"but worker tcp://\S+ has 0\.0\.7; install the same there"):
                        swept([{"x": x} for x in range(8)], work, tmp_path / "out", scheduler=client)
        finally:
            other.kill()
            other.wait()
