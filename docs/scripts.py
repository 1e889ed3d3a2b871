"""The scripts of models/ as a gallery: the question is the title, and what is seen when the script is run stands below.

The copies that Sphinx runs, and of which it makes notebooks, differ from the scripts in two places: a line under the
title, and what runs them, because a notebook has no command line.
"""

import ast
import re
import shutil
from pathlib import Path

from brian2 import prefs
from matplotlib import pyplot
from sphinx_gallery.scrapers import figure_rst

FOLDER = Path(__file__).parent
MODELS, COPIES = FOLDER.parent / "models", FOLDER / "_build" / "scripts"
HEADER = """Gallery
=======

Ordinary Brian2 scripts of 40 to 70 lines, one question each, to be read from top to bottom and changed. They need no
data but what ships, and they run from a clone as ``python models/three_decays.py``, installed as
``python -m dmpnet.models.three_decays``. Each page has the script and a Jupyter notebook of it to download.

"""
RUN = """
# %%
# Run, printed and drawn{less}:
{start}rows, seen = simulate(quick={quick})
print(scripts.table(rows))
figure = scripts.drawn(draw, rows, seen)
figure
"""


def first_minute():
    """What the first Python of the README draws, in _build/first_minute.png."""
    text = (FOLDER.parent / "README.md").read_text()
    prefs.codegen.target = "numpy"
    pyplot.switch_backend("agg")
    exec(re.search("```python\n(.*?)```", text, re.S)[1], {})
    pyplot.gcf().set_size_inches(7, 4)
    pyplot.savefig(FOLDER / "_build" / "first_minute.png", dpi=150)
    pyplot.close()


def settings(quick):
    """sphinx_gallery_conf, after the copies are made."""
    shutil.rmtree(COPIES, ignore_errors=True)
    COPIES.mkdir(parents=True)
    (COPIES / "GALLERY_HEADER.rst").write_text(HEADER)
    for path in sorted(MODELS.glob("*.py")):
        if path.stem != "__init__":
            (COPIES / path.name).write_text(copy(path.read_text(), quick))
    return {"examples_dirs": "_build/scripts", "gallery_dirs": "gallery", "filename_pattern": ".", "image_scrapers":
            "scripts.shown", "reset_modules": (), "first_notebook_cell": "%matplotlib inline", "show_memory": False,
            "abort_on_example_error": True, "min_reported_time": 1e9, "show_signature": False,
            "capture_repr": (), "write_computation_times": False}


def copy(text, quick):
    """A script with its question as a title, and without a command line."""
    *_, guard = ast.parse(text).body
    start = "".join(f"{line.strip()}\n" for line in text.splitlines()[guard.lineno:guard.body[-1].lineno - 1])
    lines = text.splitlines()[:guard.lineno - 1]
    question = lines[0].removeprefix('"""')
    lines[:1] = ['"""', question, "=" * len(question)]
    less = ", less of everything" if quick else ""
    return "\n".join(lines).rstrip() + "\n\n" + RUN.format(start=start, quick=quick, less=less)


def shown(block, variables, settings):
    """sphinx-gallery's image scraper: the figure that a block has drawn, which is no pyplot's."""
    figure = variables["example_globals"].pop("figure", None)
    if figure is None:
        return ""
    path = next(variables["image_path_iterator"])
    figure.savefig(path, dpi=150)
    return figure_rst([path], settings["src_dir"])
