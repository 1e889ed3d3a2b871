"""The figures and tables of the papers and ours: what each claims, from which results, drawn again by one call.

  dmpnet figures                          all of them, what each claims, what it is drawn from
  dmpnet figures all --out figures        draw all whose files are at hand (under a minute)
  dmpnet figures table1 dmp/3a            some, by name or by the figure of a paper that they stand for
  dmpnet figures constrained --recompute --data FOLDER
                                          first make again what it reads, where that is stale
  dmpnet figures all --quick --recompute --data FOLDER
                                          small versions of all results, in a quarter of an hour, then all figures

Papers: dmp, Sun et al. 2026; ldlif, Shang et al. 2026; review, Roy et al. 2019. Two calls write the same bytes. A
result is stale where networks, chips or tables that it reads have changed since the commit that it names, perhaps where
only its script has: that is told and left. Made again it lies in --out/results, what ships stays as it is; what looks
at a test set is made again with --look.

With --quick every result is made anew, stale or not, by few samples, one seed and few epochs (--quick of every script):
its provenance and its figures say so, no test set is looked at, and numbers are worth nothing but to see that all is
made. As many are made at a time as there are cores, what is timed alone. Killed and called again it goes on; --list
says what takes how long, and what has no small version.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.results import freshness, options, provenance, published, terminal
from dmpnet.results.outputs import Outputs
from dmpnet.sweeps import local
from dmpnet.system import processes

if TYPE_CHECKING:
    from dmpnet.drawing.catalogue import Result, Script

BY = "figures/{}.py of dmpnet"
SMALL = "quick.json"
"""Beside small versions of results: those that are done, and the seconds that each took."""
AGAIN = "mend what it told, and call again: it goes on where it was"
NAME = 26
"""Letters of the column of names."""


def add(parsers) -> None:
    p = parsers.add_parser("figures", description=__doc__)
    p.add_argument("names", nargs="*", metavar="NAME", help="a figure, or all (none: the list)")
    p.add_argument("--list", action="store_true", help="the list, and how old every result is")
    p.add_argument("--recompute", action="store_true", help="first make again what is read and stale")
    p.add_argument("--look", action="store_true", help="with --recompute: also what looks at a test set")
    p.add_argument("--quick", action="store_true", help="with --recompute: a small version of every result")
    p.add_argument("--processes", type=options.count(1), default=local.cores(), metavar="N",
                   help="small versions made at a time (default: one a core)")
    options.data(p)
    options.common(p, "dmpnet-figures", draws=False)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    from dmpnet.drawing import catalogue, files, save  # Matplotlib takes a while to import

    if arguments.list or not arguments.names:
        print(listing(ages=arguments.list))
        return
    if arguments.quick and (arguments.look or not arguments.recompute):
        raise DmpnetError("figures --quick: small versions of results are made, which looks at no test set; "
                          + ("leave --look out" if arguments.look else "add --recompute"))
    chosen = catalogue.named(arguments.names)
    stems = {script.name: arguments.out / script.name for script in chosen}
    marks = {path: BY.format(name).encode() for name, stem in stems.items() for path in files(stem)}
    with Outputs("figures", arguments.out, None, list(marks), known=lambda path: marks[path] in path.read_bytes()):
        results, lacking = None, {}
        if arguments.recompute:
            results = (small if arguments.quick else recomputed)(arguments, chosen)
        for script in chosen:
            try:
                save(script.figure(results), stems[script.name], BY.format(script.name))
                terminal.say([f"{stems[script.name]}.png, .pdf  {script.claim}"])
            except WeightsError as error:  # of seeds that an installed package has not got
                lacking[script.name] = str(error)
    if lacking and "all" not in arguments.names:
        raise DmpnetError(f"figures: {'; '.join(f'{name} is not drawn: {why}' for name, why in lacking.items())}")
    if lacking:
        terminal.say(["", *(f"{name} is left out: {why}" for name, why in lacking.items()),
                      "`dmpnet data weights --from models` brings the seeds of all networks"])


# the list


def listing(ages: bool = False) -> str:
    """All figures, paper by paper, then ours with what they read; `ages`: also results, and whether they are stale."""
    from dmpnet.drawing import catalogue

    scripts, lines = catalogue.scripts(), []
    for paper, source in published.of("papers").items():
        lines += ["", *textwrap.wrap(f"{paper}: {source}", 80, subsequent_indent="  ")]
        for each in catalogue.printed():
            if each.paper == paper:
                told = [each.why] * bool(each.why) + [f"reconstruction: {each.reconstruction}"] * bool(
                    each.reconstruction)
                lines += _entry(f"{paper}/{each.name}", f"{each.shows}: {', '.join(each.ours) or 'none'}", *told)
    lines += ["", "ours"]
    for script in scripts.values():
        lines += _entry(script.name, script.claim, f"reads {', '.join(script.reads)}",
                        f"made by {catalogue.made_by(script)}")
    if ages:
        drawn = {name for script in scripts.values() for name in script.results}
        lines += ["", "results"]
        for result in catalogue.results().values():
            age = age_of(result)
            less = f"no small version: {result.not_quick}" if result.not_quick else (
                f"small version: {f'with {result.quick_with}' if result.quick_with else result.quick_takes}")
            lines += _entry(result.name, f"stale: {age.stale}, {age.why}", f"made by {result.command} "
                            f"({result.takes})", less, *[] if result.name in drawn else ["no figure draws it"])
    return "\n".join(lines[1:])


def _entry(name: str, *told: str) -> list[str]:
    """A name and what is told of it, in lines of 80 letters."""
    first, *more = [line for part in told for line in textwrap.wrap(part, 78 - NAME)]
    return [f"  {name:{NAME}}{first}", *(" " * (NAME + 2) + line for line in more)]


def age_of(result: "Result") -> freshness.Age:
    """How old a result is."""
    first, second, *_ = [*shlex.split(result.command), ""]
    return freshness.age(result.path, f"dmpnet/commands/{second}.py" if first == "dmpnet" else first, result.needs)


# made again


def recomputed(arguments: argparse.Namespace, chosen: "list[Script]") -> Path:
    """A folder of all results that figures read, stale ones of `chosen` made again there."""
    from dmpnet.drawing import catalogue

    folder, known = arguments.out / "results", catalogue.results()
    asked = [known[name] for name in dict.fromkeys(name for script in chosen for name in script.results)]
    ages = {result.name: age_of(result) for result in asked}
    stale = [result for result in asked if ages[result.name].stale == freshness.STALE]
    for result in asked:
        if (age := ages[result.name]).stale != freshness.STALE:
            print(f"{result.name}: kept; stale: {age.stale}, {age.why}; made by {result.command}")
    if looking := [result.name for result in stale if result.look and not arguments.look]:
        raise DmpnetError(f"figures: {', '.join(looking)} {'are' if len(looking) > 1 else 'is'} stale, but made by "
                          f"looking at a test set; add --look, and the ledger counts it, or leave --recompute out")
    for result in stale:
        print(f"{result.name}: {ages[result.name].why}; {result.command}, {result.takes}", flush=True)
        make(result, folder, arguments, result.command)
    with_the_rest(folder, {result.name for result in stale})
    return folder


def with_the_rest(folder: Path, made: set[str]) -> None:
    """Copy to `folder` all results that ship but those that were made there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (shipped.folder("analyses") / "results").glob("*.json"):
        if path.stem not in made:
            shutil.copyfile(path, folder / path.name)


def small(arguments: argparse.Namespace, chosen: "list[Script]") -> Path:
    """A folder of all results that figures read, of `chosen` (all: of everything) in small versions made there; what
    SMALL names is done."""
    from dmpnet.drawing import catalogue

    folder, known = arguments.out / "results", catalogue.results()
    names = list(known) if "all" in arguments.names else [name for script in chosen for name in script.results]
    asked = [known[name] for name in dict.fromkeys(known[name].quick_with or name for name in names)]
    folder.mkdir(parents=True, exist_ok=True)
    done = json.loads((folder / SMALL).read_text()) if (folder / SMALL).exists() else {}
    for result in asked:
        if result.not_quick:
            print(f"{result.name}: kept, no small version: {result.not_quick}")
        elif result.name in done:
            print(f"{result.name}: done before, in {done[result.name]['s']} s")
    for result, seconds in made_small([each for each in asked if each.name not in done and not each.not_quick],
                                      folder, arguments):
        done[result.name] = {"s": round(seconds)}
        provenance.write(folder / SMALL, done)
    with_the_rest(folder, {name for name in known if (known[name].quick_with or name) in done})
    return folder


def made_small(waiting: "list[Result]", folder: Path,
               arguments: argparse.Namespace) -> "Iterator[tuple[Result, float]]":
    """Each result, and the seconds that its small version took; some at a time, then what is timed, alone."""
    with processes.held() as logs, processes.children() as started:
        def work(result: "Result") -> float:
            print(f"{result.name}: {result.small}, {result.quick_takes}", flush=True)
            command, made = called(result, folder, arguments, result.small)
            log, began = logs / result.name, time.perf_counter()
            log.mkdir()
            said = started.call(command, log, f"figures: {result.name} by {result.small}", AGAIN, Path.cwd())
            seconds = time.perf_counter() - began
            in_place(result, folder, made)
            print(f"{result.name}, in {seconds:.0f} s:\n{said}", flush=True)
            return seconds

        for timed, at_once in ((False, arguments.processes), (True, 1)):
            started.environment |= {"PYTHONPATH": beside()} | local.threads(at_once)
            with processes.threads(at_once, started) as pool:
                making = {pool.submit(work, result): result for result in waiting if result.timed is timed}
                for done in as_completed(making):
                    yield making[done], done.result()


def make(result: "Result", folder: Path, arguments: argparse.Namespace, call: str) -> None:
    """Run `call`, which makes a result, in this Python; killed and called again it goes on where the analysis does."""
    folder.mkdir(parents=True, exist_ok=True)
    command, made = called(result, folder, arguments, call)
    done = subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": beside()})
    if done.returncode:
        raise DmpnetError(f"figures: {result.name} could not be made again ({call} ended with {done.returncode}); "
                          f"{AGAIN}")
    in_place(result, folder, made)


def called(result: "Result", folder: Path, arguments: argparse.Namespace, call: str) -> tuple[list[str], Path]:
    """The command line of `call`, and where it puts a result: the file in `folder`, or a folder of its own."""
    made = folder / f"{result.name}.json"
    if call.startswith("dmpnet"):
        command = ["-m", "dmpnet", *shlex.split(call)[1:]]
        made = folder / result.name if "codesign" in command else made
    else:
        command = [str(shipped.folder("analyses").parent / call.split()[0]), *shlex.split(call)[1:]]
    data = ["--data", str(arguments.data)] * bool(arguments.data) + ["--download"] * arguments.download
    return [sys.executable, *command, "--out", str(made), *data * result.data], made


def beside() -> str:
    """Where Python looks first: scripts of analyses/ import each other."""
    return os.pathsep.join(filter(None, (str(shipped.folder("analyses")), os.environ.get("PYTHONPATH"))))


def in_place(result: "Result", folder: Path, made: Path) -> None:
    """What was made in a folder of its own as the file that figures read."""
    if made.is_dir():
        shutil.copyfile(made / "results.json", folder / f"{result.name}.json")
