"""What a command writes: checked before any work, locked while it works, in place all at once when it is done.

Nothing is overwritten but what an earlier run of the same command wrote. What it wrote its record says: a JSON file
with the name of the command and, as `files`, the sha256 of each file beside it, or null for one that grows while the
command works, and that it goes on from.
"""

import argparse
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dmpnet.disk.files import UNFINISHED, digest, locked, swept, whole_file
from dmpnet.errors import DmpnetError
from dmpnet.results import provenance
from dmpnet.trained import weights

PROBE = 64 * 1024
"""Bytes written and removed again where results are due: too few for the results, enough to meet a full disk."""
NO_INPUT = ("out", "figure", "execute")
"""What a command is told that names nothing it reads."""
RUN = ("checkpoint.pt", "curve.csv", "weights.npz")
"""What a training run keeps in its folder."""


class Outputs:
    """The files of one call of a command; as a context it keeps others from writing them meanwhile.

    place : file or folder as the command line names it, with `option`
    record : the JSON file that says what was written; None where files say so themselves
    files : those that come with it, all at once, through `staged`
    growing : those that the command goes on from
    runs : folders of training runs that the command goes on from
    known : whether a file that no record names is of the command all the same
    """

    def __init__(self, command: str, place: Path, record: Path | None, files: Sequence[Path] = (),
                 growing: Sequence[Path] = (), runs: Sequence[Path] = (), inputs: dict[str, Path] | None = None,
                 known: Callable[[Path], bool] = lambda path: False, option: str = "--out"):
        self.command, self.place, self.record, self.option, self.known = command, place, record, option, known
        self.files, self.growing, self.runs, self.inputs = list(files), list(growing), list(runs), inputs or {}
        self.paths = [*([record] if record else []), *self.files, *self.growing]
        self._made: list[Path] = []
        self._begins = False
        self._held = contextlib.ExitStack()

    def check(self) -> "Outputs":
        """Raise DmpnetError for an output that is an input, is not this command's, or cannot be written."""
        earlier = provenance.of(self.record, self.command) if self.record else None
        for path in self.paths:
            for name, given in self.inputs.items():
                if _same(path, given):
                    raise self._error(f"{path} is what was given as {name}, but results would replace it", "")
            if path.is_dir():
                raise self._error(f"{path} is a folder, but results go into a file of that name")
            if os.path.lexists(path) and not self._mine(path, earlier):
                raise self._error(f"{path} is there, but not as an earlier `{self.command}` wrote it")
        for run in self.runs:
            if os.path.lexists(run) and not run.is_dir():
                raise self._error(f"{run} is a file, but the folder of a run is due there")
            if any((run / name).exists() for name in RUN[1:]) and not _begun(run):
                raise self._error(f"{run} holds files, but not of a run of dmpnet")
        for folder in dict.fromkeys(path.parent for path in self.paths):
            self._probe(folder)
        return self

    def _error(self, what: str, way: str = "move it away, or ") -> DmpnetError:
        return DmpnetError(f"{self.option} {self.place}: {what}; {way}give another {self.option}")

    def _mine(self, path: Path, earlier: dict[str, Any] | None) -> bool:
        """Whether an earlier run of the command wrote `path` as it is."""
        if path.suffix == ".json" or not path.is_file():
            return provenance.of(path, self.command) is not None
        named = (earlier or {}).get("files")
        if isinstance(named, dict) and path.name in named and named[path.name] in (None, digest(path)):
            return True
        going_on = path in self.growing and any(other.stem == "checkpoint" and other.exists() for other in self.growing)
        return going_on or self.known(path)

    def _probe(self, folder: Path) -> None:
        """Make `folder`, write some kB in it and remove them."""
        for place in (folder, *folder.parents):
            if os.path.lexists(place) and not place.is_dir():
                raise self._error(f"{place} is a file, but a folder is due there")
        try:
            for place in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
                place.mkdir(exist_ok=True)
                self._made.append(place)
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(bytes(PROBE))
                probe.flush()
                os.fsync(probe.fileno())
        except OSError as error:
            self._leave()
            raise self._error(f"nothing can be written in {folder} ({error.strerror})", "mend that, or ") from error

    def __enter__(self) -> "Outputs":
        try:
            self.check()
            self._held.enter_context(locked(self._lock, f"{self.option} {self.place}: another dmpnet is writing there "
                                                        f"now; wait until it is done, or give another {self.option}"))
            self.check()  # again: now nobody writes there
            for folder in dict.fromkeys(path.parent for path in self.paths):
                swept(folder)
            for run in self.runs:
                swept(run)
            if self.growing and self.record and not self.record.exists():
                self._begins = True
                self.keep({})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        if self._begins and self.record and not any(path.exists() for path in self.growing):
            self.record.unlink(missing_ok=True)  # refused before anything grew
        self._held.close()
        self._leave()

    @property
    def _lock(self) -> Path:
        beside = self.place in self.paths
        return self.place.with_name(f".{self.place.name}.lock") if beside else self.place / ".dmpnet.lock"

    def _leave(self) -> None:
        """Remove the folders that were made and are empty."""
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._made = []

    def keep(self, entry: dict[str, Any]) -> None:
        """Write the record of what grows."""
        assert self.record is not None
        provenance.write(self.record, {"command": self.command} | entry
                         | {"files": {path.name: None for path in self.growing}})

    @contextlib.contextmanager
    def staged(self) -> Iterator[Path]:
        """A folder to write record and files in, under their names; all take their places when the block ends well.

        The record comes first: what it names may then be missing, but is never of another run.
        """
        beside = (self.record or self.files[0]).parent
        with tempfile.TemporaryDirectory(prefix=f".dmpnet{UNFINISHED}", dir=beside) as name:
            folder = Path(name)
            yield folder
            written = {path: folder / path.name for path in self.paths if (folder / path.name).exists()}
            if self.record:
                provenance.seal(written[self.record], [made for path, made in written.items() if path != self.record])
            for path, made in written.items():
                if path.parent == beside:
                    made.replace(path)
                else:
                    with whole_file(path) as temporary:
                        shutil.copyfile(made, temporary)


def one_file(command: str, out: Path, suffix: str, arguments: argparse.Namespace, more: Sequence[Path] = (),
             runs: Sequence[Path] = ()) -> Outputs:
    """Results in the file `out`, with provenance beside it (.json), unless they are JSON themselves.

    DmpnetError if `out` is of another kind than `suffix`.
    """
    if out.is_dir() or out.suffix != suffix:
        beside = "" if suffix == ".json" else ", provenance beside it (.json)"
        raise DmpnetError(f"--out {out}: {'a folder' if out.is_dir() else f'ends in {out.suffix!r}'}, but results go "
                          f"into one {suffix} file{beside}; give a name that ends in {suffix}")
    return Outputs(command, out, out.with_suffix(".json"), [*([] if suffix == ".json" else [out]), *more], runs=runs,
                   inputs=inputs(arguments))


def in_folder(command: str, out: Path, arguments: argparse.Namespace, record: str, files: Sequence[str] = (),
              growing: Sequence[str] = (), runs: Sequence[str] = (),
              known: Callable[[Path], bool] = lambda path: False) -> Outputs:
    """Results in the folder `out`, under these names."""
    some, grow, going = ([out / name for name in names] for names in (files, growing, runs))
    return Outputs(command, out, out / record, some, grow, going, inputs(arguments), known)


def during(work: Callable[[argparse.Namespace], Any], of: Callable[[argparse.Namespace], Outputs],
           ) -> Callable[[argparse.Namespace], Any]:
    """`work` with its outputs checked before it and held while it goes on."""
    def held(arguments: argparse.Namespace) -> Any:
        with of(arguments):
            return work(arguments)

    return held


def inputs(arguments: argparse.Namespace) -> dict[str, Path]:
    """The files that a command was given to read, by argument."""
    return {key: Path(value) for key, value in vars(arguments).items()
            if key not in NO_INPUT and isinstance(value, str | Path) and os.path.isfile(value)}


def _same(path: Path, given: Path) -> bool:
    """Whether two names are of one file, or would be."""
    with contextlib.suppress(OSError):
        return os.path.samefile(path, given)
    return os.path.realpath(path) == os.path.realpath(given)


def _begun(run: Path) -> bool:
    """Whether `run` is the folder of a training run: one with a checkpoint, or killed before the first."""
    if (run / RUN[0]).exists():
        return True
    try:
        return weights.load(run / RUN[2]).provenance.get("command") == "train"
    except (DmpnetError, OSError):
        return False
