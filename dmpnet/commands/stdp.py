"""Plasticity rules: all of them with their sources; or what one of them does to a weight, measured in Brian2.

  dmpnet stdp                             every rule with its source
  dmpnet stdp show triplet-visual-full    one of them: equations, parameters, where each value is from
  dmpnet stdp window triplet-visual-full --out triplet.csv --figure triplet.pdf
                                          weight change against the distance of spikes (triplet: and their frequency)
"""

import argparse
import csv
from math import isnan
from pathlib import Path
from typing import Any

from tabulate import tabulate

from dmpnet import provenance
from dmpnet.backends import BACKENDS, check_backend
from dmpnet.commands import options
from dmpnet.files import whole_file


def add(parsers) -> None:
    p = parsers.add_parser("stdp", help="plasticity rules: list them, show one, measure its window",
                           description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.set_defaults(execute=listed)
    actions = p.add_subparsers(title="actions", metavar="ACTION")
    show = actions.add_parser("show", help="equations and parameters of one rule")
    show.add_argument("rule", metavar="RULE", help="its name, as dmpnet stdp lists it")
    show.set_defaults(execute=shown)
    measure = actions.add_parser("window", help="weight change against spike timing, measured in Brian2")
    measure.add_argument("rule", metavar="RULE", help="its name, as dmpnet stdp lists it")
    measure.add_argument("--figure", type=Path, metavar="FILE", help="also draw it, as FILE.png and FILE.pdf")
    measure.add_argument("--backend", default="numpy", metavar="NAME",
                         help=f"Brian2 back end: {', '.join(BACKENDS)} (default: numpy, which compiles nothing)")
    options.common(measure, "stdp-window.csv")
    measure.set_defaults(execute=measured)


def listed(arguments: argparse.Namespace) -> None:
    """Every rule, one a line."""
    from dmpnet.plasticity import rules  # Brian2 takes a second to import

    print(tabulate([{"rule": rule.name, "what it does": rule.says, "source": rule.source}
                    for rule in rules().values()], headers="keys", maxcolwidths=[None, 44, 60]))


def shown(arguments: argparse.Namespace) -> None:
    """One rule in full."""
    from dmpnet.plasticity import rule

    found = rule(arguments.rule)
    print(f"{found.name}: {found.says}\n{found.source}\n")
    for title, code in (("presynaptic traces", found.pre_equations), ("their jumps", found.pre_reset),
                        ("postsynaptic traces", found.post_equations), ("their jumps", found.post_reset),
                        ("third factor", found.third_factor), ("synapse, beside w", found.model),
                        ("presynaptic spike", found.on_pre), ("postsynaptic spike", found.on_post),
                        ("every step", found.each_step)):
        for number, line in enumerate(code.splitlines()):
            print(f"{'' if number else title:<21}{line}")
    print()
    print(tabulate([{"parameter": symbol, "value": str(p.value), "meaning": p.meaning, "source": p.source}
                    for symbol, p in found.parameters.items()], headers="keys", disable_numparse=True,
                   maxcolwidths=[None, None, 40, 60]))


def measured(arguments: argparse.Namespace) -> None:
    """Measure, write the table, its provenance and the figure, print the ends and the middle."""
    from dmpnet.plasticity import protocols, rule

    found = rule(arguments.rule)
    check_backend(arguments.backend)
    pairings = {"window": protocols.window(found, arguments.backend, arguments.seed + 1)}
    if found.name.startswith("triplet"):
        pairings["frequency"] = protocols.frequency(found, arguments.backend)
    rows = [line for protocol, pairing in pairings.items() for line in _lines(protocol, pairing)]
    with whole_file(arguments.out) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    provenance.write(arguments.out.with_suffix(".json"), provenance.record(
        "stdp window", options.given(arguments), parameters=found.numbers, source=found.source))
    shown_rows = [row for row in rows if row["protocol"] == "frequency" or round(1e3 * row["dt s"]) % 10 == 0]
    print(tabulate(shown_rows, headers="keys", floatfmt=("", "g", "g", ".6f", ".6f"), missingval="-"))
    written = [arguments.out]
    if arguments.figure:
        from dmpnet.drawing import save
        from dmpnet.plasticity import drawing

        stem = arguments.figure.with_suffix("") if arguments.figure.suffix in (".png", ".pdf") else arguments.figure
        written += save(drawing.window(arguments.out, found.name), stem)
    print(f"\n{found.name} in Brian2 on {arguments.backend}: {', '.join(str(path) for path in written)}")


def _lines(protocol: str, pairing: Any) -> list[dict[str, Any]]:
    closed = [None] * len(pairing.dw) if pairing.closed is None else pairing.closed.tolist()
    return [{"protocol": protocol, "dt s": round(delta, 6), "rate Hz": None if isnan(rate) else rate, "dw": dw,
             "closed form": form}
            for delta, rate, dw, form in zip(pairing.delta.tolist(), pairing.rate.tolist(), pairing.dw.tolist(), closed,
                                             strict=True)]
