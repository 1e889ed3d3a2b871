"""Downloads: whole and right, or not there at all."""

import dataclasses
import functools
import gzip
import hashlib
import http.server
import threading
from pathlib import Path

import numpy as np
import pytest
from data_files import (
    IMAGES,
    LABELS,
    digits,
    no_settings,  # noqa: F401
    refused,
    spoken,
    untrusted,
    write_digits,
    write_official,
)

from dmpnet.data import DATASETS, download, load


class Mirror(http.server.SimpleHTTPRequestHandler):
    """A web server that, asked for a name starting with 'short', stops half way."""

    def do_GET(self):
        if not self.path.startswith("/short"):
            return super().do_GET()
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // 2])

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path):
    """(folder, address) of a server on this machine."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Mirror, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def md5(content):
    return hashlib.md5(content).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_fetch_copies_whole_files(mirror, tmp_path, scheme):
    folder, url = mirror
    content = np.random.default_rng(0).bytes(3 * download.PIECE // 2)
    (folder / "file.gz").write_bytes(content)
    target = tmp_path / "new" / "folder" / "file.gz"
    download.fetch((url if scheme == "http" else folder.as_uri() + "/") + "file.gz", target, md5(content))
    assert target.read_bytes() == content and names(target.parent) == ["file.gz"]


@pytest.mark.parametrize("name, parts", [
    ("wrong.gz", ["md5", "nothing was kept"]),
    ("short.gz", ["500 bytes", "1000 were announced"]),
    ("absent.gz", ["404"]),
])
def test_failed_downloads_leave_nothing_and_harm_nothing(mirror, tmp_path, name, parts):
    folder, url = mirror
    content = bytes(1000)
    for file in ("wrong.gz", "short.gz"):
        (folder / file).write_bytes(content if file == "short.gz" else b"other")
    target = tmp_path / "cache" / name
    refused(lambda: download.fetch(url + name, target, md5(content)), url + name, *parts, "by hand")
    assert names(target.parent) == []
    target.write_bytes(b"earlier")
    refused(lambda: download.fetch(url + name, target, md5(content)), *parts)
    assert names(target.parent) == [name] and target.read_bytes() == b"earlier"


def test_download_without_network_or_room_is_one_line(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 2.0)
    refused(lambda: download.fetch("http://127.0.0.1:9/file.gz", tmp_path / "file.gz", "0"), "127.0.0.1:9", "by hand")
    (tmp_path / "blocked").write_text("a file where the folder should be")
    (mirror[0] / "file.gz").write_bytes(b"x")
    refused(lambda: download.fetch(mirror[1] + "file.gz", tmp_path / "blocked" / "file.gz", md5(b"x")), "blocked")


def offer(monkeypatch, name, url, folder):
    """Let `name` be downloaded from `url`, where `folder` holds its test files."""
    dataset = DATASETS[name]
    test = tuple(dataclasses.replace(file, md5=md5((folder / file.name).read_bytes()))
                 for file in dataset.files["test"])
    changed = dataclasses.replace(dataset, mirror=url, files={**dataset.files, "test": test})
    monkeypatch.setitem(DATASETS, name, changed)


@untrusted
def test_load_downloads_only_when_asked_and_only_once(mirror, tmp_path, monkeypatch):
    folder, url = mirror
    images, labels = digits()
    write_digits(folder, images, labels, IMAGES + ".gz", LABELS + ".gz")
    offer(monkeypatch, "smnist", url, folder)
    refused(lambda: load("smnist"), "--download")
    got = load("smnist", download=True)
    np.testing.assert_array_equal(got.values.reshape(images.shape), images)
    assert names(tmp_path / "cache" / "mnist") == [IMAGES + ".gz", LABELS + ".gz"]
    for path in folder.iterdir():
        path.unlink()
    np.testing.assert_array_equal(load("smnist", download=True).values, got.values)
    np.testing.assert_array_equal(load("smnist").values, got.values)


@untrusted
def test_download_goes_into_the_given_folder_and_fetches_what_is_missing(mirror, tmp_path, monkeypatch):
    folder, url = mirror
    write_official(folder, spoken())
    (folder / "shd_test.h5.gz").write_bytes(gzip.compress((folder / "shd_test.h5").read_bytes()))
    offer(monkeypatch, "shd", url, folder)
    got = load("shd", "test", tmp_path / "mine", download=True)
    assert len(got) == 5 and names(tmp_path / "mine" / "shd") == ["shd_test.h5.gz"]


def test_a_download_that_fails_checks_is_no_data_set(mirror, tmp_path, monkeypatch):
    folder, url = mirror
    write_digits(folder, *digits(), IMAGES + ".gz", LABELS + ".gz")
    offer(monkeypatch, "smnist", url, folder)
    (folder / (LABELS + ".gz")).write_bytes(b"a login page")
    refused(lambda: load("smnist", download=True), LABELS, "md5")
    assert names(tmp_path / "cache" / "mnist") == [IMAGES + ".gz"]
    refused(lambda: load("smnist"), "not found together")


def test_regenerated_set_is_not_offered(tmp_path):
    refused(lambda: load("shd-regen", "test", tmp_path, download=True), "not offered", "--data")
