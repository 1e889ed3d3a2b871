"""Whether results are older than what makes them: by the commits that they name, where git can tell.

A result is stale where a network, chip or table that it reads has changed since a commit that one of its runs names;
perhaps, where only the code of the script or command that makes it has (docstrings and comments apart), which may be
for another reason than its numbers. What a script calls in dmpnet is held to the same spikes by the tests, not by this.
"""

import ast
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dmpnet.disk import results, shipped

STALE, PERHAPS, FRESH, UNKNOWN = "yes", "perhaps", "no", "?"


class Age(NamedTuple):
    """stale : STALE, PERHAPS, FRESH or UNKNOWN;  why : what changed, or why it cannot be told."""

    stale: str
    why: str


def commits(path: Path) -> list[str]:
    """Commits that a result names, of its runs or of all of it; '+changes' where there were some besides."""
    entry = results.read(path, {})
    made = [run.get("made", {}) for run in entry.get("runs", []) if isinstance(run, dict)]
    return sorted({str(record["commit"]) for record in (entry, *made) if record.get("commit")})


def age(path: Path, script: str, needs: Sequence[str], root: Path | None = None) -> Age:
    """Of the result in `path`, which `script` makes from `needs`: files, or folders of weights, below `root`."""
    root = root or shipped.folder("analyses").parent
    if not (root / ".git").exists():
        return Age(UNKNOWN, "not a clone: nothing tells what has changed since")
    named = commits(path)
    if not named:
        return Age(UNKNOWN, "names no commit")
    try:
        since = {(commit.removesuffix("+changes"), name) for commit in named
                 for name in _changed(root, commit.removesuffix("+changes"), (script, *needs))}
    except (OSError, subprocess.SubprocessError):
        return Age(UNKNOWN, f"git does not know {named[0][:9]}")
    read = sorted({name for commit, name in since if name != script and (
        name.endswith(".npz") or name.endswith(".toml") and not _same(root, commit, name))})
    if read:
        return Age(STALE, f"changed since: {', '.join(read[:2])}{' ...' * (len(read) > 2)}")
    if any(name == script and not _same(root, commit, name) for commit, name in since):
        return Age(PERHAPS, "the code of its script changed since")
    beside = "; made with changes that no commit holds" * any("+" in commit for commit in named)
    return Age(FRESH, f"as now{beside}")


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=30,
                          check=True).stdout


def _changed(root: Path, commit: str, of: Sequence[str]) -> set[str]:
    """Files of these that differ from `commit`, now."""
    return set(filter(None, _git(root, "diff", "--name-only", "-z", commit, "--", *of).split("\0")))


def _same(root: Path, commit: str, name: str) -> bool:
    """Whether a script or description says the same as in `commit`, however it is written."""
    try:
        then, now = _git(root, "show", f"{commit}:{name}"), (root / name).read_text()
    except (OSError, subprocess.SubprocessError):
        return False  # was not there, or is no longer
    if name.endswith(".toml"):
        return _says(tomllib.loads(now), tomllib.loads(then))
    return _code(now) == _code(then)


def _says(now: Any, then: Any) -> bool:
    """Whether two descriptions ask for the same thing, whatever source they name.

    A switch that is off now and was not there then asks for nothing: the feature came later, and this has it not.
    """
    if not isinstance(now, dict) or not isinstance(then, dict):
        return bool(now == then)
    added = [value.get("value") if isinstance(value, dict) else value for value in
             (now[key] for key in now.keys() - then.keys() - {"source"})]
    return all(value is False for value in added) and not then.keys() - now.keys() - {"source"} and all(
        _says(now[key], then[key]) for key in now.keys() & then.keys() - {"source"})


def _code(text: str) -> str:
    """The code of a script, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
