"""Docstrings of dmpnet are plain text; here they become what Sphinx reads.

    name, other : what they are            a term and its definition, which goes on in indented lines
        indented lines, as these           as they stand
    `code`, and all else                   text, in which no sign has a meaning of its own
"""

import re

TERM = re.compile(r"(?:^|;  ?)((?:[\w*]+(?:\[\w+\])?)(?:, [\w*]+)*) : ")


def plain(app, what, name, obj, options, lines):
    """autodoc-process-docstring: changes `lines` where they are."""
    found, rest = [], list(lines)
    while rest:
        line = rest.pop(0)
        if line.startswith(" "):
            block = [line] + taken(rest)
            found += ["::", "", *block, ""]
        elif TERM.match(line):
            text = " ".join([line, *(more.strip() for more in taken(rest, blank=False))])
            found += ["", *(part for term, says in terms(text) for part in (f"``{term}``", f"    {safe(says)}")), ""]
        else:
            found.append(safe(line))
    lines[:] = [*found, ""]


def made(app, what, name, obj, options, signature, returns):
    """autodoc-process-signature: a default that is a function or made by one is `...`, which is Python to Sphinx."""
    return signature and re.sub(r"= <.*?>+(?=[,)])", "= ...", signature), returns


def taken(rest, blank=True):
    """The indented lines that come next, empty ones between them too if `blank`, out of `rest`."""
    count = 0
    for number, line in enumerate(rest, 1):
        if line.startswith(" "):
            count = number
        elif line or not blank:
            break
    found, rest[:count] = rest[:count], []
    return found


def terms(text):
    """[(term, what it is)] of 'a : of this kind;  b, c : of that'."""
    parts = TERM.split(text)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def safe(text):
    """Plain text as reStructuredText that shows it."""
    code = re.split(r"(`[^`]+`)", text)
    return "".join(f"`{part}`" if number % 2 else re.sub(r"([*|`\\<>]|_(?=\W|$))", r"\\\1", part)
                   for number, part in enumerate(code))
