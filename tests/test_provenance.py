"""Results that many runs add to one file: none lost, none taken for what it is not, each with its own record."""

import itertools
import subprocess
import threading

import pytest

from dmpnet.errors import DmpnetError
from dmpnet.results import provenance
from dmpnet.results.provenance import Runs


def test_two_scripts_add_to_one_file(tmp_path):
    one, other = (Runs(tmp_path / "runs.json", "test", {"seed": seed}) for seed in (0, 1))
    one.add({"row": "a"})
    other.add({"row": "b"})
    one.add({"row": "c"})
    assert [run["row"] for run in Runs(tmp_path / "runs.json", "test", {}).done] == ["a", "b", "c"]
    assert one.has(row="b") and not one.has(row="d")


def test_a_run_keeps_the_arguments_it_was_made_with(tmp_path):
    Runs(tmp_path / "runs.json", "test", {"epochs": 1}).add({"row": "a"})
    later = Runs(tmp_path / "runs.json", "test", {"epochs": 30})
    later.add({"row": "b"})
    assert [run["made"]["arguments"]["epochs"] for run in later.done] == [1, 30]


def test_runs_of_a_file_without_records_keep_what_the_file_says(tmp_path):
    provenance.write(tmp_path / "old.json", provenance.record("test", {"epochs": 1}, runs=[{"row": "a"}]))
    runs = Runs(tmp_path / "old.json", "test", {"epochs": 30})
    runs.add({"row": "b"})
    assert [run["made"]["arguments"]["epochs"] for run in Runs(tmp_path / "old.json", "test", {}).done] == [1, 30]


def test_unlike_runs_are_not_averaged(tmp_path):
    runs = Runs(tmp_path / "runs.json", "test", {})
    runs.add({"row": "a", "epochs": 1})
    runs.check(epochs=1)
    with pytest.raises(DmpnetError, match="epochs = 1, but this call asks for 30"):
        runs.check(epochs=30)
    with pytest.raises(DmpnetError, match="d = None"):
        runs.check(d=3)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_damaged_file_is_told_at_once(text, tmp_path):
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(DmpnetError, match="runs.json: .*no results of test"):
        Runs(tmp_path / "runs.json", "test", {})


@pytest.mark.parametrize("changed, counts", [
    ("dmpnet/x.py", True), ("dmpnet/training/recipes.py", True), ("models/chips/dmp.toml", True),
    ("analyses/variants.py", True),
    ("models/row/seed0.json", False), ("analyses/results/new.json", False), ("README.md", False)])
def test_a_checkout_is_not_clean_when_what_decides_results_was_edited(changed, counts, tmp_path, monkeypatch):
    (tmp_path / changed).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / changed).write_text("before")
    (tmp_path / "dmpnet").mkdir(exist_ok=True)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "dmpnet" / "results" / "provenance.py"))
    clean = provenance.commit()
    assert clean and not clean.endswith("+changes")
    (tmp_path / changed).write_text("after")
    assert provenance.commit() == clean + "+changes" * counts


def test_outside_a_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "dmpnet" / "results" / "provenance.py"))
    assert provenance.commit() is None


def test_threads_that_add_to_one_file_lose_nothing(tmp_path):
    """Each reads, adds and writes: without a lock they overwrite each other."""
    def add(thread):
        for number in range(6):
            Runs(tmp_path / "runs.json", "test", {}).add({"thread": thread, "number": number})

    threads = [threading.Thread(target=add, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {(run["thread"], run["number"]) for run in Runs(tmp_path / "runs.json", "test", {}).done}
    assert found == set(itertools.product(range(4), range(6)))


def test_runs_of_another_script_are_not_added_to(tmp_path):
    Runs(tmp_path / "runs.json", "one", {}).add({"row": "a"})
    with pytest.raises(DmpnetError, match="runs.json: no results of other, but of 'one'"):
        Runs(tmp_path / "runs.json", "other", {})
