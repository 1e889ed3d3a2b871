"""Official files fetched on request: checked, and whole or not there at all."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path

from dmpnet.data.catalogue import DATASETS
from dmpnet.data.folders import spellings
from dmpnet.disk.files import whole_file
from dmpnet.errors import DataError

PIECE = 1 << 20
"""Bytes read at a time."""

TIMEOUT = 60.0
"""Seconds without an answer before giving up."""


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


def fetch(url: str, path: Path, md5: str) -> None:
    """Copy `url` to `path`, which appears only once length and checksum are right."""
    hand = f"try again, or put the official {path.name} into {path.parent} by hand"
    try:
        with whole_file(path) as temporary:
            got = _receive(url, temporary, hand)
            if got != md5:
                raise DataError(f"{url}: md5 {got}, but the official file has {md5}; nothing was kept; {hand}")
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{url}: cannot be downloaded to {path} ({reason}); {hand}") from error


def _receive(url: str, path: Path, hand: str) -> str:
    """Write the bytes behind `url` to `path`; their md5."""
    sum_ = hashlib.md5(usedforsecurity=False)
    size = 0
    request = urllib.request.Request(url, headers={"User-Agent": "dmpnet"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, open(path, "wb") as file:
        announced = answer.headers.get("Content-Length")
        while piece := answer.read(PIECE):
            sum_.update(piece)
            size += file.write(piece)
    if announced is not None and size != int(announced):
        raise DataError(f"{url}: {size} bytes arrived, but {announced} were announced; nothing was kept; {hand}")
    return sum_.hexdigest()
