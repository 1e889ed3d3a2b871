"""Links of Markdown as they are in the repository, to where the same text stands on the site."""

import posixpath
import re

PAGES = {"README.md": "index.md", "CHANGES.md": "changes.md", "CONTRIBUTING.md": "contributing.md",
         "models": "models.md", "models/README.md": "models.md", "figures/README.md": "figures.md"}
"""Pages that take in a file from outside docs/."""


def of_a_page(app, docname, source):
    """source-read: the links of a page of docs/."""
    source[0] = led(source[0], posixpath.dirname(f"docs/{docname}"))


def of_a_part(app, path, docname, content):
    """include-read: the links of a file that a page takes in; path: from docs/."""
    content[0] = led(content[0], posixpath.normpath(posixpath.join("docs", path.parent.as_posix())))


def led(text, folder):
    """`text` with its links, which start from `folder` of the repository, as Sphinx finds them."""
    def to(link):
        target, _, anchor = link[1].partition("#")
        if "://" in target or not target:
            return link[0]
        place = posixpath.normpath(posixpath.join(folder, target))
        place = posixpath.relpath(f"docs/{PAGES[place]}" if place in PAGES else place, "docs")
        return f"](/{place}{'#' + anchor if anchor else ''})"
    parts = re.split(r"(^```.*?^```)", text, flags=re.M | re.S)  # code is left as it is
    return "".join(part if number % 2 else re.sub(r"\]\(([^)\s]+)\)", to, part) for number, part in enumerate(parts))
