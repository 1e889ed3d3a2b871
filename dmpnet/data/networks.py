"""Weights of networks that ship, brought into the cache folder: from where they are published, a clone, an archive."""

import contextlib
import hashlib
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from dmpnet.data import download
from dmpnet.disk import shipped
from dmpnet.disk.files import whole_file
from dmpnet.disk.shipped import Listed
from dmpnet.errors import WeightsError, meant
from dmpnet.system.progress import Progress, telling

ADDRESS = ""
"""Where the weights of this version are published: the URL of a folder laid out as models/, or of an archive that has
one, such as the source distribution; '' until they are. The only place that names it."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
WAYS = "the models/ folder of a clone, a .zip or .tar of one, or the URL of either"

Read = Callable[[Listed, Path], None]
"""Writes a file of the list to a path of that name, whole and right or not at all."""


def rows() -> list[str]:
    """Names under which weights are listed."""
    return sorted({PurePosixPath(file).parent.name for file in shipped.listed()})


def wanted(names: Sequence[str]) -> list[Listed]:
    """The files of these rows, of all if none is named; WeightsError for a name that has none."""
    for name in names:
        if name not in rows():
            raise WeightsError(f"weights of {name!r}{meant(name, rows())}: no such row, but {', '.join(rows())} are; "
                               f"choose of these")
    return [one for one in shipped.listed().values() if not names or PurePosixPath(one.file).parent.name in names]


def bring(names: Sequence[str] = (), source: str = "", progress: Progress = None) -> list[Path]:
    """The weights of these rows (none named: all) that are not at hand, written into the cache folder.

    source : a folder, an archive or a URL; '' takes ADDRESS
    progress : called with (done, total) in files; True or a name: a bar; None: silent
    """
    missing = [one for one in wanted(names) if not shipped.at_hand(one.file)]
    if not missing:
        return []
    if not (source or ADDRESS):
        raise WeightsError(f"weights: {len(missing)} files are not at hand, but no address is known, as these weights "
                           f"are not published yet; say where they are by --from: {WAYS}")
    target = shipped.fetched()
    with opened(source or ADDRESS, missing) as read, telling(progress, len(missing), "file", "weights") as tell:
        for done, one in enumerate(missing, 1):
            read(one, target / one.file)
            tell(done, one.file)
    return [target / one.file for one in missing]


@contextlib.contextmanager
def opened(source: str, missing: Sequence[Listed]) -> Iterator[Read]:
    """How to read the files `missing` from a folder, an archive or a URL; WeightsError where it lacks some."""
    if urlsplit(source).scheme in ("http", "https", "file"):
        if not urlsplit(source).path.endswith(ARCHIVES):
            yield lambda one, path: download.fetch(f"{source.rstrip('/')}/{one.file}", path, one.sha256, "sha256",
                                                   "name another place by --from")
            return
        with tempfile.TemporaryDirectory(prefix="dmpnet-weights-") as folder:
            path = Path(folder) / PurePosixPath(urlsplit(source).path).name
            download.fetch(source, path, "", hand="name another place by --from")
            with archived(path, source, missing) as read:
                yield read
    elif Path(source).is_dir():
        base = Path(source) / "models" if (Path(source) / "models").is_dir() else Path(source)
        check({one.file for one in missing if (base / one.file).is_file()}, missing, str(base))
        yield lambda one, path: keep((base / one.file).read_bytes(), one, path, str(base / one.file))
    elif Path(source).is_file():
        with archived(Path(source), source, missing) as read:
            yield read
    else:
        raise WeightsError(f"--from {source}: no such folder or file, and no http(s) URL; give {WAYS}")


@contextlib.contextmanager
def archived(path: Path, source: str, missing: Sequence[Listed]) -> Iterator[Read]:
    """How to read from an archive, in which a file may lie below any folder."""
    with contextlib.ExitStack() as stack:
        try:
            members: dict[str, Callable[[], Any]]
            if tarfile.is_tarfile(path):  # asked first: the last .npz in it makes a .tar pass for a .zip
                tar = stack.enter_context(tarfile.open(path))
                members = {member.name: partial(tar.extractfile, member) for member in tar if member.isfile()}
            else:
                packed = stack.enter_context(zipfile.ZipFile(path))
                members = {name: partial(packed.open, name) for name in packed.namelist()}
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise WeightsError(f"--from {source}: not an archive that can be read ({error}); give {WAYS}") from error
        inside = {one.file: min((name for name in members if f"/{name}".endswith(f"/{one.file}")), key=len, default="")
                  for one in missing}
        check({file for file, name in inside.items() if name}, missing, source)

        def read(one: Listed, target: Path) -> None:
            with members[inside[one.file]]() as member:
                keep(member.read(one.bytes + 1), one, target, f"{source}: {inside[one.file]}")

        yield read


def check(found: set[str], missing: Sequence[Listed], source: str) -> None:
    """WeightsError if `source` has not all that is asked for."""
    lacking = [one.file for one in missing if one.file not in found]
    if lacking:
        raise WeightsError(f"--from {source}: {len(lacking)} of {len(missing)} files of weights are not there, e.g. "
                           f"{lacking[0]}; give {WAYS}")


def keep(content: bytes, one: Listed, path: Path, source: str) -> None:
    """Write `content` to `path` if it is the file that the list has."""
    found = hashlib.sha256(content).hexdigest()
    if found != one.sha256:
        raise WeightsError(f"{source}: sha256 {found}, but this version's {one.file} has {one.sha256}; nothing was "
                           f"kept of it; take the models/ folder of this version")
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
