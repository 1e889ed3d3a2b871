"""The ledger: every look at a test set, a line each, in models/ledger.csv, which ships.

A look is an evaluation, on a test set or a part of it, of a network that was not evaluated on as many of its samples
before. The same network again is a repeat, which nothing can be chosen by, and is not written down.

Where dmpnet runs from a clone the line goes into the clone's file, to be committed; tests, CI, installed packages and
trees that may not be written to have a file of the user's own (or --ledger FILE, or DMPNET_LEDGER).
"""

import csv
import os
import warnings
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from dmpnet.data import Recordings
from dmpnet.disk import files, shipped
from dmpnet.errors import DataWarning, DmpnetError
from dmpnet.graph import file as graphs
from dmpnet.graph.graph import Graph
from dmpnet.results import provenance
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

NAME, ENVIRONMENT = "ledger.csv", "DMPNET_LEDGER"
TEST = ("test", "subset")
"""Parts of data sets that are test sets, or of one."""
TESTING = ("PYTEST_CURRENT_TEST", "CI")
"""Set in the environment of tests and of CI."""


@dataclass(frozen=True)
class Look:
    """A line of the ledger.

    row : of the table, or what was evaluated;  seed : of its training, -1 where none is known
    recipe, weights : digests, '' where not known (of what was thrown away)
    data, n : data set and how many of its test samples;  result : accuracy in percent
    source : 'evaluated' by this file's `note`, or 'history', from the repository's log
    """

    row: str
    seed: int
    recipe: str
    weights: str
    commit: str
    date: str
    data: str
    n: int
    result: float
    source: str = "evaluated"


COLUMNS = [field.name for field in fields(Look)]


def of_weights(network: TrainedNetwork | Graph) -> str:
    """Digest of what a network computes, not of where it comes from."""
    return (graphs.checksum(network) if isinstance(network, Graph) else weights.checksum(network))[:16]


def shipped_file() -> Path:
    """The ledger that ships, in a clone the one that grows."""
    return shipped.folder() / NAME


def place(given: Path | None = None) -> Path:
    """The file that looks go to from here: `given`, DMPNET_LEDGER, the clone's, or the user's own."""
    told = given or os.environ.get(ENVIRONMENT)
    if told:
        return Path(told).expanduser()
    clone = (shipped.HERE.parent / ".git").exists() and not any(os.environ.get(name) for name in TESTING)
    ours = shipped_file()
    return ours if clone and os.access(ours.parent, os.W_OK) else files.own_folder() / NAME


def read(path: Path) -> list[Look]:
    """The lines of a ledger, none if there is no such file; DmpnetError names a line that is none."""
    if not path.exists():
        return []
    found = []
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        lines = csv.reader(file)
        if next(lines, COLUMNS) != COLUMNS:
            raise DmpnetError(f"{path}: no ledger of looks, which begins with {','.join(COLUMNS)}; give another file")
        for number, line in enumerate(lines, 2):
            try:
                row, seed, recipe, of, commit, date, data, n, result, source = line
                found.append(Look(row, int(seed), recipe, of, commit, date, data, int(n), float(result), source))
            except ValueError as error:
                raise DmpnetError(f"{path}: line {number} is no look ({error}), but has {', '.join(COLUMNS)}; mend it, "
                                  f"or take the file back from git") from error
    return found


def looks(row: str | None = None, given: Path | None = None) -> list[Look]:
    """All looks by date, or those of a row: of the ledger that ships, and of the one written to from here."""
    paths = dict.fromkeys(path.resolve() for path in (shipped_file(), place(given)))
    return sorted((look for path in paths for look in read(path) if row in (None, look.row)),
                  key=lambda look: look.date)


def add(look: Look, given: Path | None = None) -> bool:
    """Write `look` down, others that write meanwhile waiting; False, and nothing written, for a repeat."""
    path = place(given)
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.locked(path.with_name(f".{path.name}.lock")):
        if any(is_repeat(look, of) for of in looks(given=given)):
            return False
        lines = [*read(path), look]
        with files.whole_file(path) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(map(astuple, lines))
    return True


def is_repeat(look: Look, before: Look) -> bool:
    """Whether `before` had told what `look` tells."""
    return (look.weights, look.data) == (before.weights, before.data) and look.n <= before.n and look.weights != ""


def note(network: TrainedNetwork | Graph, recordings: Recordings, accuracy: float, row: str = "",
         given: Path | None = None) -> bool:
    """Write down that `network` was `accuracy` percent right on `recordings`, if these are of a test set.

    row : what it is where it is not as trained; else the row of the table its weights or its recipe are of
    """
    if recordings.split not in TEST:
        return False
    settings = network.provenance.get("arguments")
    seed = settings.get("seed") if isinstance(settings, dict) else None
    recipe = of_recipe(network)
    return see(Look(row or named(network, recipe), seed if isinstance(seed, int) else -1, recipe, of_weights(network),
                    *here_and_now(), recordings.name, len(recordings), round(accuracy, 4)), given)


def see(look: Look, given: Path | None = None) -> bool:
    """`add`; where no ledger can be written to, that is told, and what was seen is not lost."""
    try:
        return add(look, given)
    except OSError as error:
        warnings.warn(f"{look.row}: this look at the test set of {look.data} is not in a ledger ({error}); give "
                      f"--ledger FILE or {ENVIRONMENT}", DataWarning, stacklevel=2)
        return False


def here_and_now() -> tuple[str, str]:
    """Commit and date of a look."""
    return provenance.commit() or "", datetime.now(UTC).isoformat(timespec="seconds")


def of_recipe(network: TrainedNetwork | Graph) -> str:
    """Digest of the recipe that led to `network`: what its file says, else what the ledger knows of its weights."""
    told = network.provenance.get("recipe")
    if isinstance(told, str):
        return told
    known = of_weights(network)
    return next((look.recipe for look in read(shipped_file()) if look.weights == known), "")


def named(network: TrainedNetwork | Graph, recipe: str) -> str:
    """The row of a network: that of its weights, else the one its recipe was frozen for, else a name of its own."""
    known = of_weights(network)
    rows = [look.row for look in read(shipped_file()) if look.weights == known]
    rows += [frozen.row for frozen in frozen_recipes() if frozen.recipe == recipe]
    return rows[0] if rows else " ".join(filter(None, (network.encoding.dataset, network.kind, recipe)))


@dataclass(frozen=True)
class Frozen:
    """A recipe of a row and the commit that it was first in: a line of models/recipes.csv, the last of a row its own.

    date, commit : '' until the line is committed
    """

    row: str
    recipe: str
    date: str
    commit: str


def frozen_recipes(row: str | None = None) -> list[Frozen]:
    """Recipes in the order they came, of all rows or one."""
    path = shipped.folder() / "recipes.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        found = [Frozen(*line) for line in list(csv.reader(file))[1:] if len(line) == 4]
    return [frozen for frozen in found if row in (None, frozen.row)]


def check_frozen(row: str, recipe: str) -> None:
    """DmpnetError unless `recipe` is the one frozen for `row`: what has been seen can no more decide what it is."""
    held = [frozen.recipe for frozen in frozen_recipes(row)]
    if not held or held[-1] != recipe:
        raise DmpnetError(f"row {row}: its recipe is {recipe}, but {held[-1] if held else 'none'} was frozen before "
                          f"the look; add the line '{row},{recipe},,' to models/recipes.csv, commit it, then look")


def before_frozen(row: str, recipe: str, given: Path | None = None) -> int:
    """How many looks of `row` there were before `recipe` was first committed; 0 where that is not known."""
    dates = [frozen.date for frozen in frozen_recipes(row) if frozen.recipe == recipe]
    return sum(look.date < dates[0] for look in looks(row, given)) if dates and dates[0] else 0
