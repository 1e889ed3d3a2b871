"""The figures that ship (figures/catalogue.toml): of which paper, what they claim, from which results, made by what."""

import ast
import functools
import glob
import inspect
import runpy
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from dmpnet.disk import shipped
from dmpnet.disk.results import read
from dmpnet.drawing import marks
from dmpnet.drawing.figure import drawn
from dmpnet.errors import DmpnetError, meant
from dmpnet.results import provenance


@dataclass(frozen=True)
class Script:
    """A figure of ours: a script in figures/, which draws from files alone.

    reads : files below the repository, as patterns;  mended : what looking at it changed
    """

    name: str
    reads: tuple[str, ...]
    mended: str

    @property
    def path(self) -> Path:
        """Of the script."""
        return shipped.folder("figures") / f"{self.name}.py"

    @property
    def doc(self) -> str:
        """What the script says of itself."""
        return ast.get_docstring(ast.parse(self.path.read_text())) or ""

    @property
    def claim(self) -> str:
        """What the figure shows, in a sentence."""
        return self.doc.splitlines()[0]

    @property
    def asks(self) -> bool:
        """Whether it draws what a command is to give first, which does not ship."""
        return any(not pattern.startswith(("models/", "analyses/")) for pattern in self.reads)

    @property
    def results(self) -> list[str]:
        """Names of the results it reads."""
        prefix = "analyses/results/"
        return sorted({Path(path).stem for pattern in self.reads if pattern.startswith(prefix)
                       for path in glob.glob(str(shipped.folder("analyses") / pattern.removeprefix("analyses/")))})

    def figure(self, results: Path | None = None) -> Figure:
        """Drawn from the results that ship, or from those in the folder `results`, which has all of them; what is
        of small versions says so."""
        draw: Callable[..., Figure] = runpy.run_path(str(self.path), run_name=f"dmpnet.figures.{self.name}")[self.name]
        shipping, given = shipped.folder("analyses") / "results", {}
        for key, parameter in inspect.signature(draw).parameters.items():
            if results and isinstance(parameter.default, Path) and parameter.default.is_relative_to(shipping):
                given[key] = results / parameter.default.relative_to(shipping)
        figure = drawn(lambda: draw(**given), [], self.doc)
        if small := [name for name in self.results if results and provenance.is_quick(
                read(results / f"{name}.json", {}))]:
            marks.quick(figure, small)
        return figure


@dataclass(frozen=True)
class Result:
    """A file in analyses/results.

    command : that makes it;  needs : what it reads that ships;  takes : how long;  look : whether at a test set
    quick : what the script is called with for a small version beside --quick;  quick_takes : how long
    quick_with : another result, with which its small version is made;  not_quick : why there is none
    data : whether it reads data;  timed : whether it is seconds, for which nothing else may run beside
    """

    name: str
    command: str
    needs: tuple[str, ...]
    takes: str
    look: bool = False
    quick: str = ""
    quick_takes: str = ""
    quick_with: str = ""
    not_quick: str = ""
    data: bool = True
    timed: bool = False

    @property
    def path(self) -> Path:
        """Of the file."""
        return shipped.folder("analyses") / "results" / f"{self.name}.json"

    @property
    def small(self) -> str:
        """The command that makes a small version."""
        words = self.command.split()
        return " ".join([*words[:2 if words[0] == "dmpnet" else 1], "--quick", *self.quick.split()])


@dataclass(frozen=True)
class Printed:
    """A figure or table of a paper, and ours.

    shows : what it shows there;  ours : names of scripts or commands, () where there is none
    why : why there is none, or what ours lacks;  reconstruction : what print is silent on, and ours filled in
    """

    paper: str
    name: str
    shows: str
    ours: tuple[str, ...] = ()
    why: str = ""
    reconstruction: str = ""


@functools.cache
def _file() -> dict[str, Any]:
    return tomllib.loads((shipped.folder("figures") / "catalogue.toml").read_text())


def scripts() -> dict[str, Script]:
    """By name, in the order of the file."""
    return {name: Script(name, tuple(facts["reads"]), facts["mended"]) for name, facts in _file()["scripts"].items()}


def results() -> dict[str, Result]:
    """By name."""
    return {name: Result(name, **facts | {"needs": tuple(facts["needs"])})
            for name, facts in _file()["results"].items()}


def printed() -> list[Printed]:
    """Figures and tables of the papers, paper by paper."""
    return [Printed(paper, name, **facts | {"ours": tuple(facts.get("ours", ()))})
            for paper, figures in _file()["printed"].items() for name, facts in figures.items()]


def named(names: list[str]) -> list[Script]:
    """Scripts by name, or by what they stand for ('dmp/2c'); 'all': those that draw from what ships."""
    known, found = scripts(), []
    stand = {f"{each.paper}/{each.name}": [ours for ours in each.ours if ours in known] for each in printed()}
    for name in names:
        if name == "all":
            found += [script for script in known.values() if not script.asks]
        elif name in known:
            found.append(known[name])
        elif stand.get(name):
            found += [known[ours] for ours in stand[name]]
        else:
            raise DmpnetError(f"figure {name!r}{meant(name, known)} is not among {', '.join(known)}, nor a figure of a "
                              f"paper that one stands for; choose one, or all: `dmpnet figures --list` tells of each")
    for script in found:
        if script.asks:
            raise DmpnetError(f"figure {script.name!r} draws {', '.join(script.reads)}, which does not ship; make it, "
                              f"and call python {script.path.parent.name}/{script.path.name}")
    return list(dict.fromkeys(found))


def made_by(script: Script) -> str:
    """Commands that make what a script reads, and how long they take."""
    known = results()
    found = [f"{known[name].command} ({known[name].takes})" for name in script.results]
    if all(path.startswith("models/chips/") for path in script.reads) and script.reads:
        found.append("written by hand")
    elif any(path.startswith("models/") for path in script.reads):
        learned = any("competition" in path for path in script.reads)
        found.append("dmpnet learn digits (half an hour)" if learned else
                     "dmpnet table1 --retrain ROW (minutes to half a day a run on two cores)")
    return "; ".join(dict.fromkeys(found)) or "dmpnet run (seconds)"


def lists() -> dict[str, list[dict[str, str]]]:
    """The tables of figures/README.md, by their first column: figures of the papers, and ours with the checklist."""
    known = scripts()
    return {"figure": [{"figure": f"{each.paper}/{each.name}", "shows": each.shows,
                        "ours": ", ".join(f"`{name}.py`" for name in each.ours) or "none",
                        "what ours is not; reconstruction": "; ".join(
                            [each.why] * bool(each.why)
                            + [f"reconstruction: {each.reconstruction}"] * bool(each.reconstruction))}
                       for each in printed()],
            "ours": [{"ours": f"`{script.name}.py`", "claims": script.claim, "reads": ", ".join(
                f"`{path}`" for path in script.reads), "made by": made_by(script)} for script in known.values()],
            "looked at": [{"looked at": f"`{script.name}.py`", "change": script.mended} for script in known.values()]}
