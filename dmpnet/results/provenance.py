"""Where a result comes from: written beside it by every command."""

import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dmpnet import __version__
from dmpnet.disk import results, shipped
from dmpnet.disk.files import digest, locked, whole_file
from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError

PACKAGES = ("numpy", "scipy", "brian2", "torch", "numba", "Cython", "matplotlib")
CODE = ("dmpnet", ":(glob)models/**/*.py", ":(glob)models/**/*.toml", ":(glob)analyses/*.py")
"""What decides results, as git names it."""
EARLIER = {"part": "test"}
"""What runs were that do not say it: they are older than the saying."""
RECORD = ("arguments", "versions", "commit", "written")
"""Of `record`, what differs from run to run."""


def commit() -> str | None:
    """Commit of the checkout dmpnet runs from, with '+changes' if it has uncommitted ones; None when installed."""
    folder = Path(__file__).resolve().parents[1]
    if not (folder.parent / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(folder.parent), *arguments], capture_output=True, text=True,
                              timeout=10, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", *CODE) else "")
    except (OSError, subprocess.SubprocessError):
        return None


def record(command: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Versions, commit, command, arguments, time, and whatever else describes the result.

    Of a path only the name is kept: results travel, and where a folder lay on one machine is nobody's business.
    """
    arguments = {key: value.name if isinstance(value, Path) else value for key, value in arguments.items()}
    versions = {"dmpnet": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"command": command, "arguments": arguments, "versions": versions, "commit": commit(),
            "written": now()} | more


def now() -> str:
    """The time, as records tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Runs:
    """Results of many runs in one file, written after each, so that a script called again goes on where it was.

    Every run keeps its own record, as `made`. The file is read anew each time: two scripts may add to it.
    """

    def __init__(self, path: Path, command: str, arguments: dict[str, Any]):
        self.path, self.command, self.arguments = path, command, arguments
        for run in self.done:  # a damaged file is told before hours of work
            if is_quick(run["made"]) != bool(arguments.get("quick")):
                raise DmpnetError(f"{path}: holds {'small' if is_quick(run['made']) else 'whole'} runs, but this call "
                                  f"makes others (--quick); give another --out")

    @property
    def done(self) -> list[dict[str, Any]]:
        """The runs that are there; DmpnetError if the file is damaged."""
        if not self.path.exists():
            return []
        entry = results.read(self.path, {"command": str, "runs": [dict]}, f"no results of {self.command}: move it away "
                                                                          f"to start anew, or give another --out")
        if entry["command"] != self.command:
            raise DmpnetError(f"{self.path}: no results of {self.command}, but of {shown(entry['command'])}; move it "
                              f"away to start anew, or give another --out")
        whole = {key: entry.get(key) for key in RECORD}
        return [run if "made" in run else run | {"made": whole} for run in entry["runs"]]

    def has(self, **of: Any) -> bool:
        """Whether a run with these values is there already."""
        return any(all(run.get(key) == value for key, value in of.items()) for run in self.done)

    def check(self, **of: Any) -> None:
        """Raise DmpnetError if a run was made with other values: averages would be over unlike things."""
        for run in self.done:
            for key, value in of.items():
                if run.get(key, EARLIER.get(key)) != value:
                    raise DmpnetError(f"{self.path}: holds a run with {key} = {run.get(key)!r}, but this call asks for "
                                      f"{value!r}; give another --out, or the same {key}")

    def add(self, run: dict[str, Any]) -> None:
        """Keep `run`, and write all, others waiting meanwhile."""
        made = record(self.command, self.arguments)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            done = [*self.done, run | {"made": {key: made[key] for key in RECORD}}]
            write(self.path, {"command": self.command, "runs": done})


def is_quick(entry: dict[str, Any]) -> bool:
    """Whether a result, or one of its runs, is a small version of it (--quick)."""
    made = [entry, *(run.get("made") or {} for run in entry.get("runs", ()) if isinstance(run, dict))]
    return any(isinstance(told := each.get("arguments"), dict) and bool(told.get("quick")) for each in made)


def check_place(path: str | Path, quick: bool) -> None:
    """DmpnetError if a small version of a result is to lie among those that ship."""
    if quick and Path(path).resolve().is_relative_to((shipped.folder("analyses") / "results").resolve()):
        raise DmpnetError(f"{path}: is among the results that ship, which are whole, but this is a small version "
                          f"(--quick); give another --out")


def write(path: str | Path, entry: dict[str, Any]) -> None:
    """Write `entry` as JSON, whole or not at all."""
    check_place(path, is_quick(entry))
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(entry, indent=2, default=str) + "\n")


def of(path: Path, command: str) -> dict[str, Any] | None:
    """The record in `path` if it is one that `command` wrote."""
    try:
        entry = json.loads(path.read_text())
        by = entry["command"] if "command" in entry else entry["provenance"]["command"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return entry if by == command else None


def seal(path: Path, files: Iterable[Path]) -> None:
    """Add to the record in `path` the digests of the files that come with it."""
    write(path, json.loads(path.read_text()) | {"files": {file.name: digest(file) for file in files}})
