"""What figures are drawn from: files of results and of arrays, checked for what is drawn."""

from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.disk import results
from dmpnet.disk.files import read_arrays
from dmpnet.errors import DmpnetError


def by_variant(path: Path, **keys: Any) -> dict[str, list[dict[str, Any]]]:
    """Runs of a results file by variant, in the order of the file; keys : what a run has, and its kind."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for run in results.read(path, {"runs": [{"variant": str} | keys]})["runs"]:
        runs.setdefault(run["variant"], []).append(run)
    return runs


def arrays(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """Of an .npz file that has these, whatever else."""
    contents = read_arrays(Path(path), DmpnetError, "make it again")
    if missing := set(names) - set(contents):
        raise DmpnetError(f"{path}: no array {min(missing)!r}, but it is drawn; make it again")
    return contents
