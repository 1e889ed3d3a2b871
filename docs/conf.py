"""The site: pages of this folder, models/ as a gallery, docstrings as a reference: sphinx-build -W docs docs/_build.

With `-t quick` the scripts of the gallery do less of everything.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import docstrings  # noqa: E402
import links  # noqa: E402
import scripts  # noqa: E402

import dmpnet  # noqa: E402

project = "dmpnet"
author = copyright = "dmpnet contributors"
version = release = dmpnet.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx_gallery.gen_gallery",
              "sphinx_copybutton"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"dmpnet {release}"
html_show_sourcelink = False
html_static_path, html_css_files = ["style"], ["width.css"]
html_theme_options = {"light_css_variables": {"code-font-size": "80%"}}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

myst_heading_anchors = 3
smartquotes = False
highlight_language = "none"  # formulas and tables, where a page names none
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!dmpnet\.).*")]  # types of others; below, of ours that nobody makes himself
nitpick_ignore = [("py:class", f"dmpnet.{name}") for name in (
    "graph.nodes.Node", "hardware.energy.Assumptions", "hardware.workload.Scattered",
    "plasticity.integer_parts.Change", "plasticity.integer_parts.Deferred", "torch.conversion.Chain")]
suppress_warnings = ["ref.python"]  # of a short name that two modules have

sphinx_gallery_conf = scripts.settings(quick=tags.has("quick"))  # noqa: F821  tags: Sphinx has put it here


def setup(app):
    scripts.first_minute()
    app.connect("autodoc-process-docstring", docstrings.plain)
    app.connect("autodoc-process-signature", docstrings.made)
    app.connect("source-read", links.of_a_page)
    app.connect("include-read", links.of_a_part)
