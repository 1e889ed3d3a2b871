"""Official files fetched on request, by pooch: checked, and whole or not there at all."""

import contextlib
import http.client
import logging
import os
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dmpnet.data.catalogue import DATASETS
from dmpnet.data.folders import spellings
from dmpnet.disk.files import whole_file
from dmpnet.errors import DataError
from dmpnet.system.progress import Bar

PIECE = 1 << 20
"""Bytes read at a time."""

TIMEOUT = 60.0
"""Seconds without an answer before giving up."""

RETRIES = 2
"""Further attempts after one that failed, each a second later than the one before."""


def download(name: str, split: str, base: Path) -> None:
    """Fetch the files of `split` that are not there yet into the data set's own subfolder of `base`."""
    dataset = DATASETS[name]
    if not dataset.mirror:
        raise DataError(f"{name} {split}: asked to download, but it is not offered anywhere; give its folder with "
                        f"--data or DMPNET_DATA (source: {dataset.source})")
    target = base / dataset.folders[0]
    for file in dataset.files[split]:
        if not any(os.path.isfile(target / form) for form in spellings(file.name)):
            fetch(dataset.mirror + file.name, target / file.name, file.md5)


def fetch(url: str, path: Path, checksum: str, kind: str = "md5", hand: str = "") -> None:
    """Copy `url` to `path`, which appears only once length and checksum are right.

    kind : of the checksum, 'md5' or 'sha256'; a checksum of '' is not known
    hand : what else the user may do where it fails
    """
    import pooch  # what it imports takes a third of a second

    hand = f"try again, or {hand or f'put the official {path.name} into {path.parent} by hand'}"
    try:
        with whole_file(path) as temporary, _silent(pooch.get_logger()), Bar(
                total=1, unit="B", unit_scale=True, desc=path.name, leave=False) as bar:
            temporary.unlink()
            known = f"{kind}:{checksum}" if checksum else None
            kept = pooch.create(temporary.parent, "", registry={temporary.name: known}, urls={temporary.name: url},
                                retry_if_failed=RETRIES)
            kept.fetch(temporary.name, downloader=_reader(url, bar))
    except OSError as error:
        raise DataError(f"{url}: {_reason(error, path)}; {hand}") from error
    except ValueError as error:  # so pooch calls a wrong checksum
        got = re.search(r"but got (\w+)", str(error))
        raise DataError(f"{url}: {kind} {got[1] if got else 'unknown'}, but the official file has {checksum}; nothing "
                        f"was kept; {hand}") from error


def _reader(url: str, bar: Bar) -> Callable[[str, str, Any], None]:
    """Called by pooch with a URL, the file to write and itself."""
    import pooch

    if urlsplit(url).scheme == "file":
        return _copy
    return pooch.HTTPDownloader(bar, PIECE, timeout=TIMEOUT, hooks={"response": _as_sent},
                                headers={"User-Agent": "dmpnet", "Accept-Encoding": "identity"})


def _copy(url: str, target: str, _: Any) -> None:
    shutil.copyfile(urllib.request.url2pathname(urlsplit(url).path), target)


def _as_sent(response: Any, **_: Any) -> None:
    """Keep an answer as it is: unpacked on the way, as where a server calls .gz an encoding, it has another checksum.

    What the server refuses is not asked for again: an OSError that is none of requests'.
    """
    if 400 <= response.status_code < 500:
        raise OSError(f"the server answers {response.status_code} {response.reason}")
    response.raw.headers.pop("Content-Encoding", None)


def _reason(error: BaseException, path: Path) -> str:
    """What went wrong, in a line."""
    inner: BaseException | None = error
    while inner and not isinstance(inner, http.client.IncompleteRead):
        inner = inner.__cause__ or inner.__context__
    if isinstance(inner, http.client.IncompleteRead) and inner.expected is not None:
        got = inner.partial if isinstance(inner.partial, int) else len(inner.partial)  # urllib3 has a number
        return f"{got} bytes arrived, but {got + inner.expected} were announced; nothing was kept"
    return f"cannot be downloaded to {path} ({' '.join(str(error).split()) or type(error).__name__})"


@contextlib.contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Without pooch's own lines."""
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
