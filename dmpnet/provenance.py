"""Where a result comes from: written beside it by every command."""

import importlib.metadata
import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dmpnet import __version__
from dmpnet.files import whole_file

PACKAGES = ("numpy", "scipy", "brian2", "torch", "numba", "Cython", "matplotlib")


def commit() -> str | None:
    """Commit of the checkout dmpnet runs from, with '+changes' if it has uncommitted ones; None when installed."""
    folder = Path(__file__).resolve().parent
    if not (folder.parent / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(folder.parent), *arguments], capture_output=True, text=True,
                              timeout=10, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", "dmpnet") else "")
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
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"command": command, "arguments": arguments, "versions": versions, "commit": commit(), "written": now} | more


class Runs:
    """Results of many runs in one file, written after each, so that a script called again goes on where it was."""

    def __init__(self, path: Path, command: str, arguments: dict[str, Any]):
        self.path, self.command, self.arguments = path, command, arguments
        self.done: list[dict[str, Any]] = json.loads(path.read_text())["runs"] if path.exists() else []

    def has(self, **of: Any) -> bool:
        """Whether a run with these values is there already."""
        return any(all(run[key] == value for key, value in of.items()) for run in self.done)

    def add(self, run: dict[str, Any]) -> None:
        """Keep `run`, and write all."""
        self.done.append(run)
        write(self.path, record(self.command, self.arguments, runs=self.done))


def write(path: str | Path, entry: dict[str, Any]) -> None:
    """Write `entry` as JSON, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(entry, indent=2, default=str) + "\n")
