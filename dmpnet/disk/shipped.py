"""Trained networks that ship, found by name: models/NAME/seedK.npz; graphs in models/graphs/NAME.

An installed package has the first seed of each; models/weights.csv lists all. The others lie in the folder that
DMPNET_MODELS names, or in the cache folder once `dmpnet data weights` has brought them, and count there if their
checksum is that of the list.
"""

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path, PurePosixPath

from dmpnet.disk import files
from dmpnet.errors import WeightsError, meant

HERE = Path(__file__).resolve().parents[1]

LIST = "weights.csv"
"""In models/: every file of weights."""

ENVIRONMENT = "DMPNET_MODELS"
"""Names a further folder that is laid out as models/."""


@dataclass(frozen=True)
class Listed:
    """A file of weights: its name below models/, its checksum and size."""

    file: str
    sha256: str
    bytes: int

    def is_at(self, path: Path) -> bool:
        """Whether `path` is this very file."""
        return path.is_file() and path.stat().st_size == self.bytes and files.digest(path) == self.sha256


def folder(name: str = "models") -> Path:
    """Where what ships with this very code lies, models, figures or analyses: beside it where installed, in a
    checkout's top-level folder of that name.

    By place, not by name: a checkout on the path finds its own, whatever dmpnet is installed beside it.
    """
    inside = HERE / name
    return inside if inside.is_dir() else HERE.parent / name


def listed() -> dict[str, Listed]:
    """The files of weights by name: 'smnist-dmp2/seed0.npz', 'graphs/nmnist-conv-dmp/seed1.npz'."""
    path = folder() / LIST
    if not path.is_file():
        return {}
    with open(path, newline="") as lines:
        return {line["file"]: Listed(line["file"], line["sha256"], int(line["bytes"]))
                for line in csv.DictReader(lines)}


def write_list() -> None:
    """Make models/weights.csv anew, of the files that lie in models/."""
    here = folder()
    found = sorted(path.relative_to(here).as_posix() for path in here.rglob("[!.]*.npz"))
    with files.whole_file(here / LIST) as temporary, open(temporary, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(field.name for field in fields(Listed))
        writer.writerows(astuple(Listed(file, files.digest(here / file), (here / file).stat().st_size))
                         for file in found)


def fetched() -> Path:
    """The folder that `dmpnet data weights` fills."""
    return files.cache_folder() / "models"


def places() -> Iterator[Path]:
    """Folders that may hold weights beside the package's own, in order."""
    if named := os.environ.get(ENVIRONMENT):
        yield Path(named).expanduser()
    yield fetched()


def at_hand(file: str) -> Path | None:
    """Where the weights `file` lie, None if nowhere: with the package, else in the first of `places` that has them."""
    inside = folder() / file
    if inside.is_file():
        return inside
    one = listed().get(file)
    return next((place / file for place in places() if one.is_at(place / file)), None) if one else None


def _all(under: str) -> dict[str, list[int]]:
    """Seeds by name, of what is listed and of what lies in models/."""
    inside = {path.relative_to(folder()).as_posix() for path in (folder() / under).glob("*/seed*.npz")}
    found: dict[str, list[int]] = {}
    for file in inside | listed().keys():
        path = PurePosixPath(file)
        if path.parent.parent == PurePosixPath(under) and (seed := re.fullmatch(r"seed(\d+)", path.stem)):
            found.setdefault(path.parent.name, []).append(int(seed[1]))
    return {name: sorted(found[name]) for name in sorted(found)}


def names(under: str = "") -> list[str]:
    """Names of the shipped networks, sorted; under='graphs': of those that are graphs of nodes."""
    return list(_all(under))


def runs(name: str, under: str = "") -> list[int]:
    """Seeds of the runs of `name`, at hand or not."""
    return _all(under).get(name, [])


def file(name: str, seed: int, under: str = "") -> str:
    """A run's file of weights, below models/."""
    return (PurePosixPath(under) / name / f"seed{seed}.npz").as_posix()


def seeds(name: str, under: str = "") -> list[int]:
    """Seeds of the runs of `name`, for who reads all of them: WeightsError names those that are not at hand."""
    known = runs(name, under)
    missing = [seed for seed in known if not at_hand(file(name, seed, under))]
    if missing:
        here = ", ".join(str(seed) for seed in known if seed not in missing) or "none"
        raise WeightsError(f"{name}: all seeds are read, but the weights of {', '.join(map(str, missing))} are not at "
                           f"hand, those of {here} are; {_brought(name)}, or ask for seeds")
    return known


def _brought(name: str) -> str:
    """How to come by the other seeds of a network, wherever they are published."""
    return f"type `dmpnet data weights {name} --from models`, the folder of a clone"


def path(name: str, under: str = "") -> Path:
    """The weights file of a shipped network, 'NAME' (the first seed) or 'NAME/seedK'; under='graphs': of a graph.

    WeightsError names the known ones when there is none, and how to come by weights that are not at hand.
    """
    known = _all(under)
    model, _, run = name.partition("/")
    ran = [f"seed{seed}" for seed in known.get(model, [])]
    if not ran:
        told = ", ".join(known) or "none: this copy was installed without its models folder"
        raise WeightsError(f"shipped network {name!r}{meant(model, known)} is not among the known names "
                           f"({told}); choose one, or give the path of a weights file")
    if run and run not in ran:
        raise WeightsError(f"shipped network {name!r}: {model} has the runs {', '.join(ran)}; choose one")
    file = (PurePosixPath(under) / model / f"{run or ran[0]}.npz").as_posix()
    found = at_hand(file)
    if found is None:
        looked = ", ".join(f"{place}{' (another file of that name)' * (place / file).is_file()}"
                           for place in (folder(), *places()))
        raise WeightsError(f"shipped network {name!r}: an installed dmpnet has the first seed of each, and the weights "
                           f"of this one are not in {looked}; {_brought(model)}")
    return found
