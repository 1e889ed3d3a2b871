"""The site of docs/: built without a warning, with a page for all that is public, a figure and a notebook a script."""

import importlib
import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.image import imread

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.stem for path in (ROOT / "models").glob("*.py") if path.stem != "__init__")
PUBLIC = ("dmpnet", "dmpnet.graph", "dmpnet.nir", "dmpnet.plasticity", "dmpnet.torch", "dmpnet.data")


@pytest.fixture
def module(monkeypatch):
    """A module of docs/, by name."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module


@pytest.mark.parametrize("package", PUBLIC)
def test_what_is_public_is_in_the_reference(package):
    if package == "dmpnet.torch":
        pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    told = {line.split("::")[1].strip() for path in (ROOT / "docs" / "api").glob("*.rst")
            for line in path.read_text().splitlines() if line.startswith(".. auto")}
    named = {f"{package}.{name}" for name in importlib.import_module(package).__all__} - {"dmpnet.data"}
    same = {"dmpnet.data.DATASETS"}  # a table of its own: docs/data.md
    assert named - same <= told, named - told


def test_a_docstring_becomes_what_it_looks_like(module):
    """Terms, blocks and text, in which no sign means anything to Sphinx."""
    lines = ["Says |u| of `net` and *all* W_.", "", "    m = A_m  # *", "", "u, v : (B, T); goes", "    on here",
             "x : one;  y : two, 'a : b'", "end"]
    module("docstrings").plain(None, "function", "f", None, None, lines)
    assert lines == ["Says \\|u\\| of ``net`` and \\*all\\* W\\_.", "", "::", "", "    m = A_m  # *", "", "",
                     "", "``u, v``", "    (B, T); goes on here", "", "", "``x``", "    one", "``y``",
                     "    two, 'a : b'", "", "end", ""]


def test_links_lead_where_the_text_stands_on_the_site(module):
    led = module("links").led
    assert led("[a](docs/chip.md#x) [b](CHANGES.md) [c](models) [d](https://e.org)", "") == (
        "[a](/chip.md#x) [b](/changes.md) [c](/models.md) [d](https://e.org)")
    assert led("[a](../chip.md) [b](../../figures/README.md)", "docs/recipes") == "[a](/chip.md) [b](/figures.md)"
    assert led("[a](../models/ledger.csv)\n```python\nf[0](x)\n```\n", "docs") == (
        "[a](/../models/ledger.csv)\n```python\nf[0](x)\n```\n")


class Page(HTMLParser):
    """Links and code of a page of the site."""

    def __init__(self, path):
        super().__init__()
        self.links, self.code, self.inside = [], [], 0
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.links += [values["href"]] if tag == "a" and "href" in values else []
        if tag == "pre":
            self.code.append("")
            self.inside = 1

    def handle_endtag(self, tag):
        self.inside = 0 if tag == "pre" else self.inside

    def handle_data(self, data):
        if self.inside:
            self.code[-1] += data


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Built from a copy, so that a clone stays as it is; scripts do less of everything."""
    pytest.importorskip("sphinx_gallery", reason="needs sphinx: pip install '.[docs]' in a clone")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("_build", "gallery", "__pycache__"))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("models/*.*"), ROOT / "figures" / "README.md"):
        (folder / path.relative_to(ROOT)).parent.mkdir(exist_ok=True)
        shutil.copy(path, folder / path.relative_to(ROOT))
    (folder / "dmpnet").symlink_to(ROOT / "dmpnet")
    done = subprocess.run([sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-t", "quick", "docs", "html"],
                          cwd=folder, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr.lower()
    return folder


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(site):
    html = site / "html"
    for name in ("index", "recipes/torch", "api/dmpnet", "gallery/index", "changes", "contributing", "chip-file"):
        assert len((html / f"{name}.html").read_text()) > 5000, name
    for page in html.rglob("*.html"):
        for link in Page(page).links:
            target = link.partition("#")[0]
            assert "://" in target or (page.parent / target).exists(), (page, link)


@pytest.mark.slow
def test_from_the_front_page_to_a_network_in_three_clicks_and_a_paste(site):
    """The first link to a recipe is the one; its code, pasted as a whole, ends with membranes of Brian2."""
    pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    front = Page(site / "html" / "index.html")
    assert any("pip install" in code for code in front.code) and "recipes/torch.html" in front.links
    pasted = "\n".join(Page(site / "html" / "recipes" / "torch.html").code)
    run = subprocess.run([sys.executable, "-c", f"{pasted}\nassert u.u.any() and seen.spikes[1].any()"], cwd=site,
                         capture_output=True, text=True, timeout=300)
    assert run.returncode == 0 and run.stdout.endswith("(3, 50)\n"), run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_a_page_a_figure_and_a_notebook(name, site):
    """The notebook runs as Jupyter runs it, with options on its command line that are not the script's."""
    assert imread(site / "docs" / "gallery" / "images" / f"sphx_glr_{name}_001.png")[..., :3].std() > 0.02
    page = (site / "html" / "gallery" / f"{name}.html").read_text()
    question = (ROOT / "models" / f"{name}.py").read_text().partition("\n")[0].strip('"')
    assert f"<h1>{question}" in page and f"{name}.ipynb" in page and "Traceback" not in page
    cells = json.loads((site / "docs" / "gallery" / f"{name}.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    run = subprocess.run([sys.executable, "-c", code.replace("%matplotlib inline", ""), "-f", "kernel.json"], cwd=site,
                         capture_output=True, text=True, timeout=600)
    assert run.returncode == 0 and len(run.stdout.splitlines()) > 3, run.stderr


