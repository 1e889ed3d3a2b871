"""Files that appear whole or not at all, and where those go that can be had again."""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from dmpnet.disk import archives
from dmpnet.errors import DmpnetError

UNFINISHED = "-unfinished-"
"""In the name of a file that is being written."""
UMASK = threading.Lock()
"""Held while the umask is asked for, which for a moment changes it."""


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`; renamed to `path` when the block ends well, removed when it does not.

    A full disk, an interrupt or an error inside the block leaves an earlier `path` as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}{UNFINISHED}", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        with UMASK:
            umask = os.umask(0)
            os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def swept(folder: Path) -> None:
    """Remove what writers that were killed left in `folder`; for who knows that no one is writing there."""
    for left in folder.glob(f".*{UNFINISHED}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, busy: str = "") -> Iterator[None]:
    """Hold the lock file `path`: after waiting for it, or with `busy`, an error that says so if another holds it.

    A process that dies lets go of it. Who does not wait removes the file in the end.
    """
    lock = filelock.FileLock(path, timeout=0 if busy else -1)
    try:
        lock.acquire()
        while not path.exists():  # removed by who held it, and perhaps made again by another: ours locks nothing
            lock.release()
            lock.acquire()
    except filelock.Timeout as error:
        raise DmpnetError(busy) from error
    try:
        yield
    finally:
        if busy:
            with contextlib.suppress(OSError):
                path.unlink()
        lock.release()


def write_arrays(path: str | Path, **arrays: Any) -> None:
    """Write a compressed .npz under exactly this name (np.savez would add .npz), whole or not at all."""
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def read_arrays(path: Path, refuse: type[DmpnetError], fix: str, only: Collection[str] | None = None,
                single: str = "", check: Callable[[archives.Declared], None] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz archive, all or `only` these where they are there; nothing pickled is ever loaded.

    single : key given to the array of an .npy file; '' takes none
    check : called with what the archive declares, before any of it is unpacked, to raise `refuse`
    Raises `refuse`, naming the file and `fix`, for anything that is no whole file of this kind.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(6)
            file.seek(0)
            if start[:1] == b"\x80":
                raise ValueError("a pickle")
            if start == b"\x93NUMPY" and single:
                return {single: archives.array(path, file)}
            if start[:4] != b"PK\x03\x04":
                raise ValueError("a single array" if start == b"\x93NUMPY" else "it does not begin like one")
            return archives.arrays(path, file, only, check)
    except refuse:
        raise
    except Exception as error:  # damaged bytes come up as whatever zipfile, zlib, tokenize or NumPy trips over first
        size, told = path.stat().st_size if path.exists() else 0, " ".join(str(error).split()) or type(error).__name__
        told = told if len(told) < 300 else f"{told[:300]}..."
        if "pickle" in told:
            raise refuse(f"{path}: holds pickled objects ({size} bytes), which can run code and are never loaded; "
                         f"store plain arrays") from error
        raise refuse(f"{path}: {size} bytes that are not a whole {'.npy or ' * bool(single)}.npz archive of plain "
                     f"arrays ({told}); {fix}") from error


def home() -> Path:
    """The user's home folder; DmpnetError if there is none, as in a container with a user that nobody knows."""
    try:
        return Path.home()
    except (RuntimeError, KeyError) as error:
        raise DmpnetError("HOME is not set and this user has no home folder, but data and compiled programs are kept "
                          "there; set DMPNET_DATA and DMPNET_CACHE, or XDG_CACHE_HOME, to folders you may write"
                          ) from error


def cache_folder() -> Path:
    """The platform's place for files that can be had again: ~/.cache/dmpnet on Linux."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home() / "AppData" / "Local") / "dmpnet" / "Cache"
    if sys.platform == "darwin":
        return home() / "Library" / "Caches" / "dmpnet"
    return Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache") / "dmpnet"


def own_folder() -> Path:
    """The platform's place for a user's files that cannot be had again: ~/.local/share/dmpnet on Linux."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home() / "AppData" / "Local") / "dmpnet"
    if sys.platform == "darwin":
        return home() / "Library" / "Application Support" / "dmpnet"
    return Path(os.environ.get("XDG_DATA_HOME") or home() / ".local" / "share") / "dmpnet"


def digest(path: str | Path, kind: str = "sha256") -> str:
    """Hexadecimal checksum of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def digest_of_settings(settings: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of plain settings, in whatever order they are given."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:16]


def digest_of(*arrays: np.ndarray) -> str:
    """Hexadecimal sha256 of the bytes of arrays, one after the other; not of their shapes."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ravel(array).data)
    return total.hexdigest()
