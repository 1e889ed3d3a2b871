"""The page of results: whole, sound, and asking for nothing from outside."""

import json
import shutil
import subprocess
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpnet import cli
from dmpnet.commands import report
from dmpnet.results import ledger, page

VOID = {"meta", "img", "br", "link", "input"}
VALUES = st.recursive(st.none() | st.booleans() | st.integers(-10**9, 10**9) | st.floats(allow_nan=False) | st.text(),
                      lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=5),
                      max_leaves=30)


class Read(HTMLParser):
    """A page as a browser reads it: tags closed in order, what it would fetch, text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.fetched, self.text, self.cells = [], [], "", []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "poster")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def outside(read):
    return [link for link in read.fetched if not link.startswith(("#", "data:image/"))]


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_whatever_results_hold_the_page_is_sound_and_text_stays_text(entry):
    read = Read(page.page("a <b> & c", [("x < y", page.of_results(entry))]))
    assert not outside(read) and "a <b> & c" in read.text and "x < y" in read.text


def test_numbers_of_a_file_stand_in_the_page_and_pictures_are_in_it(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps({
        "summary": {"accuracy": "98.5 %"},
        "layers": [{"layer": 1, "active %": 12.5}, {"layer": 2, "active %": 0.03125}],
        "provenance": {"command": "run", "commit": "abc", "written": "2026-01-01T00:00:00+00:00"}}))
    (folder / "more.json").write_text(json.dumps({"command": "run", "rows": [{"a": 1}]}))
    (folder / "portrait.png").write_bytes(b"\x89PNG picture")
    assert cli.main(["report", str(tmp_path / "r.html"), str(folder)]) in (0, None)
    read = Read((tmp_path / "r.html").read_text())
    assert {"98.5 %", "12.50", "0.0312", "active %"} <= set(read.cells)
    assert not outside(read) and sum(link.startswith("data:image/png;base64,") for link in read.fetched) == 1
    assert json.loads((tmp_path / "r.json").read_text())["command"] == "report"


@pytest.mark.parametrize("drawn", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_without_results_it_is_all_that_ships(drawn, tmp_path, monkeypatch):
    if not drawn:
        monkeypatch.setattr(report, "drawn", lambda: "<p>left out</p>")
    assert cli.main(["report", str(tmp_path / "r.html")]) in (0, None)
    text = (tmp_path / "r.html").read_text()
    read = Read(text)
    assert not outside(read) and len(text) < 20_000_000
    assert {"shd-regen-dmp2", "smnist-dmp2"} <= set(read.cells)
    assert not drawn or sum(link.startswith("data:image/png") for link in read.fetched) > 25
    assert sum(look.row in read.cells for look in ledger.looks()) > 50


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_without_errors_or_requests(scheme, tmp_path):
    """Headless Chromium without a network: nothing in its log, and a page as wide as the window, not blank."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs chromium: to look at the page")
    assert cli.main(["report", str(tmp_path / "r.html")]) in (0, None)
    shot = tmp_path / "r.png"
    done = subprocess.run([
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--host-resolver-rules=MAP * 0",
        f"--blink-settings=preferredColorScheme={['dark', 'light'].index(scheme)}", "--window-size=1200,3000",
        f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}", (tmp_path / "r.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    pixels = matplotlib.image.imread(shot)[..., :3]
    assert pixels.shape[:2] == (3000, 1200) and 0.02 < (np.abs(pixels - pixels[5, 5]).sum(2) > 0.3).mean() < 0.6
    assert (pixels[5, 5].mean() > 0.5) == (scheme == "light")


@pytest.mark.parametrize("content, said", [("{", "no results"), ("[]", "no results"),
                                           ('{"provenance": 3}', "which say which"), ('{"a": 1}', "which say which")])
def test_what_is_no_result_is_named(tmp_path, content, said, capsys):
    (tmp_path / "x.json").write_text(content)
    assert cli.main(["report", str(tmp_path / "r.html"), str(tmp_path / "x.json")]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "r.html").exists()


def test_a_page_is_html_and_a_picture_a_picture(tmp_path, capsys):
    assert cli.main(["report", str(tmp_path / "r.txt")]) == 2 and ".html" in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "r.html"), "--figures", str(tmp_path / "none.png")]) == 2
    assert "no such picture" in capsys.readouterr().err
