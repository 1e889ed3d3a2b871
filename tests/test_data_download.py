"""Downloads: whole and right, or not there at all."""

import dataclasses
import functools
import gzip
import hashlib
import http.server
import threading
from pathlib import Path

import numpy as np
import pooch
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
from dmpnet.errors import DataError


class Mirror(http.server.SimpleHTTPRequestHandler):
    """A web server that stops half way, asked for a name with 'short', or the first time for one with 'once'.

    What is called 'encoded' it declares to be packed on the way.
    """

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        halved = "short" in self.path or "once" in self.path and self.asked.count(self.path) == 1
        if not halved and "encoded" not in self.path:
            return super().do_GET()
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        if "encoded" in self.path:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // (1 + halved)])

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """(folder, address) of a server on this machine, asked once."""
    monkeypatch.setattr(download, "RETRIES", 0)
    Mirror.asked.clear()
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


def test_what_breaks_off_is_tried_again_and_what_is_refused_is_not(mirror, tmp_path, monkeypatch, capfd):
    folder, url = mirror
    for name in ("once", "short"):
        (folder / name).write_bytes(bytes(1000))
    monkeypatch.setattr(download, "RETRIES", 1)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    download.fetch(url + "once", tmp_path / "new" / "once", md5(bytes(1000)))
    refused(lambda: download.fetch(url + "short", tmp_path / "new" / "short", "0"), "1000 were announced")
    refused(lambda: download.fetch(url + "absent", tmp_path / "new" / "absent", "0"), "404")
    assert Mirror.asked == ["/once", "/once", "/short", "/short", "/absent"] and names(tmp_path / "new") == ["once"]
    assert capfd.readouterr() == ("", ""), "neither bar nor log where nobody looks"


def test_a_file_is_kept_as_it_was_sent(mirror, tmp_path):
    """Not unpacked where the server says that it is packed on the way, and readable as the user's other files are."""
    folder, url = mirror
    content = gzip.compress(b"inside")
    (folder / "encoded.gz").write_bytes(content)
    download.fetch(url + "encoded.gz", tmp_path / "encoded.gz", hashlib.sha256(content).hexdigest(), "sha256")
    assert (tmp_path / "encoded.gz").read_bytes() == content
    (tmp_path / "other").write_text("")
    assert (tmp_path / "encoded.gz").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_or_an_interrupt_leaves_what_was_there(mirror, tmp_path, monkeypatch, error):
    def breaks(_, url, file, pooch):
        Path(file).write_bytes(b"half")
        raise error

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", breaks)
    target = tmp_path / "cache" / "file.gz"
    target.parent.mkdir()
    target.write_bytes(b"earlier")
    with pytest.raises(DataError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
        download.fetch(mirror[1] + "file.gz", target, "0")
    assert isinstance(error, KeyboardInterrupt) or "No space left on device" in str(caught.value)
    assert names(target.parent) == ["file.gz"] and target.read_bytes() == b"earlier"


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
