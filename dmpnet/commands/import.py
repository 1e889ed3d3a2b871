"""Reads a NIR graph of another tool: first a report of how every node is taken, then the network as a file.

Each node is taken exactly, by a convention that the report names, or refused, and then what to do. NIR says neurons by
differential equations, so that a step of --dt is a choice: --method euler or exact, or all choices of a platform with
--convention. --check stops after the report, which --out then writes as JSON. Exit code 2 if anything is refused.
"""

import argparse
from pathlib import Path
from typing import Any

from dmpnet.errors import DmpnetError
from dmpnet.graph import file
from dmpnet.graph.graph import Graph
from dmpnet.nir import importing
from dmpnet.nir.conventions import CHOICES, CONVENTIONS
from dmpnet.nir.rows import Report
from dmpnet.results import outputs, provenance, script, terminal

CHANGES = ("method", "reset", "current", "integrate", "round_delays", "output", "input", "steps", "dataset")


def add(parsers) -> None:
    p = parsers.add_parser("import", description=__doc__)
    p.add_argument("nir", metavar="FILE", help="a .nir file")
    p.add_argument("--dt", type=seconds, metavar="TIME", help="a step: 1ms, 100us, 0.001 (default: what the file says)")
    p.add_argument("--convention", default="nir", choices=tuple(CONVENTIONS),
                   help="of which platform (default: nir, the equations as they stand)")
    for name, what in (("method", "how equations become steps"), ("reset", "to v_reset, or by v_threshold"),
                       ("current", "of CubaLIF: the membrane takes that of this step or of the one before"),
                       ("integrate", "inputs of IF: spikes that add r, or currents that add r dt")):
        p.add_argument(f"--{name}", choices=tuple(each for each in CHOICES[name] if each), help=what)
    p.add_argument("--round-delays", action="store_true", help="take delays by the nearest number of steps")
    p.add_argument("--ignore-tags", action="store_true", help="read NIR's own nodes alone in a file of dmpnet export")
    p.add_argument("--output", metavar="NAME", help="which Output is read, where there are several")
    p.add_argument("--input", choices=("analog", "spikes"), default="analog", help="of samples (default: analog)")
    p.add_argument("--steps", type=int, default=1, metavar="T", help="of samples (default: 1, not said)")
    p.add_argument("--dataset", default="", metavar="NAME", help="of samples, as dmpnet.data calls it")
    p.add_argument("--check", action="store_true", help="stop after the report")
    p.add_argument("--out", type=Path, help="the network, .npz (default: imported.npz); with --check the report, .json")
    p.set_defaults(execute=execute)


def seconds(text: str) -> float:
    """'1ms', '100us', '0.1 ms', '0.001s' or '0.001' in seconds."""
    number = text.strip().rstrip("smu").strip()
    unit = text.strip()[len(number):].strip()
    try:
        found = float(number) / 1000 ** ("s", "ms", "us").index(unit or "s")
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}, but a step is a time > 0; give it as 1ms, 100us or 0.001")
    return found


def execute(arguments: argparse.Namespace) -> None:
    if arguments.check:
        checked(arguments)
        return
    out = arguments.out = arguments.out or Path("imported.npz")
    with outputs.one_file("import", out, ".npz", arguments) as written:
        graph, report = taken(arguments)
        with written.staged() as folder:
            file.save(graph, folder / out.name)
            provenance.write(folder / f"{out.stem}.json",
                             {"report": report.record()} | provenance.record("import", script.given(arguments)))
    print(f"\nwritten: {out} and {out.with_suffix('.json')}")


def checked(arguments: argparse.Namespace) -> None:
    """The report alone."""
    if arguments.out is None:
        examined(arguments).report.refuse()
        return
    with outputs.one_file("import", arguments.out, ".json", arguments):
        report = examined(arguments).report
        provenance.write(arguments.out, report.record() | provenance.record("import", script.given(arguments)))
    report.refuse()


def taken(arguments: argparse.Namespace) -> tuple[Graph, Report]:
    """The network, if nothing is refused."""
    found = examined(arguments)
    return found.given(), found.report


def examined(arguments: argparse.Namespace) -> importing.Taking:
    """The import; prints its report."""
    settings: dict[str, Any] = {name: getattr(arguments, name) for name in CHANGES}
    found = importing.Taking(arguments.nir, arguments.dt, convention=arguments.convention,
                             tags=not arguments.ignore_tags, **settings)
    show(found.report)
    return found


def show(report: Report) -> None:
    """Print the table."""
    if not report.rows:
        raise DmpnetError(f"{report.origin}: a graph without nodes; nothing is to be taken")
    print(terminal.hanging(f"{report.origin}: dt = {report.dt:g} s, convention {report.convention['name']}"),
          terminal.table(report.table()), sep="\n\n")
    print("\n{exact} exact, {convention} by convention, {refused} refused".format(**report.counts))
    terminal.say(report.notes)
