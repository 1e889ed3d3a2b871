"""Plasticity rules: all of them with their sources; or what one of them does to a weight, measured in Brian2.

  dmpnet stdp                             every rule with its source
  dmpnet stdp show triplet-visual-full    one of them: equations, parameters, where each value is from
  dmpnet stdp window triplet-visual-full --out triplet.csv --figure triplet.pdf
                                          weight change against the distance of spikes (triplet: and their frequency)
  dmpnet stdp show pair-nearest --chip learning --neurons 784 400
                                          its integers on a chip, what became of its parameters, what room it takes
  dmpnet stdp window pair-nearest --chip learning --set plasticity.w.bits=4 --out chip.csv --figure chip.pdf
                                          the window in those integers beside the one in real numbers

--chip takes a chip that learns, by name or as a description (.toml); --set changes any of its numbers.
"""

import argparse
import csv
import textwrap
from math import isnan
from pathlib import Path
from typing import Any

from dmpnet.arithmetic import lfsr
from dmpnet.brian.backends import BACKENDS, check_backend
from dmpnet.disk.files import whole_file
from dmpnet.errors import DmpnetError
from dmpnet.hardware.fit import fit_array
from dmpnet.results import options, outputs, provenance, script, terminal


def add(parsers) -> None:
    p = parsers.add_parser("stdp", description=__doc__)
    p.set_defaults(execute=listed)
    actions = p.add_subparsers(title="actions", metavar="ACTION")
    show = actions.add_parser("show", help="equations and parameters of one rule")
    show.add_argument("rule", metavar="RULE", help="its name, as dmpnet stdp lists it")
    show.add_argument("--seed", type=options.seed, default=0, help="of the variation of devices (default: 0)")
    show.add_argument("--neurons", type=options.count(1), nargs=2, default=(784, 400), metavar=("M", "N"),
                      help="inputs and neurons whose room is counted with --chip (default: 784 400)")
    _on_chip(show)
    show.set_defaults(execute=shown)
    measure = actions.add_parser("window", help="weight change against spike timing, measured in Brian2")
    measure.add_argument("rule", metavar="RULE", help="its name, as dmpnet stdp lists it")
    measure.add_argument("--figure", type=_stem, metavar="FILE", help="also draw it, as FILE.png and FILE.pdf")
    measure.add_argument("--backend", default="numpy", metavar="NAME",
                         help=f"Brian2 back end: {', '.join(BACKENDS)} (default: numpy, which compiles nothing)")
    _on_chip(measure)
    options.common(measure, "stdp-window.csv")
    measure.set_defaults(execute=measured)


def _stem(text: str) -> Path:
    """Of a figure's files."""
    path = Path(text)
    if path.suffix not in ("", ".png", ".pdf"):
        raise argparse.ArgumentTypeError(f"{text!r}, but a figure is written as .png and .pdf; leave {path.suffix} out")
    return path.with_suffix("")


def _on_chip(parser: argparse.ArgumentParser) -> None:
    options.plastic_chip(parser)
    parser.add_argument("--device", nargs="+", default=[], metavar="KEY=VALUE",
                        help="how its memory falls short: variation, failing_part, up, down, bend, levels")


def _constrained(arguments: argparse.Namespace, real: Any) -> Any:
    """The rule in the chip's integers and the chip; (None, None) without --chip."""
    from dmpnet.hardware import chip
    from dmpnet.hardware.plastic_rules import constrain
    from dmpnet.plasticity import Device, protocols

    if arguments.chip is None:
        if arguments.set or arguments.decay or arguments.device:
            raise DmpnetError("--set, --decay and --device change a chip, but there is none; add --chip, e.g. --chip "
                              "learning")
        return None, None
    described = chip.changed(chip.load(arguments.chip), options.settings(arguments.set))
    device = Device.of(options.settings(arguments.device) | {"seed": arguments.seed})
    return constrain(real, described, protocols.STEP, decay=arguments.decay, device=device), described


def listed(arguments: argparse.Namespace) -> None:
    """Every rule: what it does, how arrays of a chip that learn by it are read, its source."""
    from dmpnet.hardware.plastic_rules import reads
    from dmpnet.plasticity import all_rules  # Brian2 takes a second to import

    for rule in all_rules().values():
        print(rule.name)
        for line in (rule.says, f"on chips read by: {', '.join(reads(rule.name)) or 'none'}", rule.source):
            print(textwrap.fill(line, 80, initial_indent="    ", subsequent_indent="      "))


def shown(arguments: argparse.Namespace) -> None:
    """One rule in full."""
    from dmpnet.plasticity import rule

    real = rule(arguments.rule)
    integer, described = _constrained(arguments, real)
    if integer is not None:
        print(in_integers(integer, described, *arguments.neurons))
        return
    print(terminal.hanging(f"{real.name}: {real.says}", real.source), end="\n\n")
    code_of(real)
    print()
    print(terminal.table([{"parameter": symbol, "value": str(p.value), "meaning": p.meaning, "source": p.source}
                    for symbol, p in real.parameters.items()], disable_numparse=True))


def code_of(real: Any) -> None:
    """Print the Brian2 code of a rule."""
    for title, code in (("presynaptic traces", real.pre_equations), ("their jumps", real.pre_reset),
                        ("postsynaptic traces", real.post_equations), ("their jumps", real.post_reset),
                        ("third factor", real.third_factor), ("synapse, beside w", real.model),
                        ("presynaptic spike", real.on_pre), ("postsynaptic spike", real.on_post),
                        ("every step", real.each_step), ("third factor, then", real.third_step)):
        for number, line in enumerate(code.splitlines()):
            print(textwrap.fill(f"{'' if number else title:<21}{line}", 80, subsequent_indent=" " * 25,
                                break_long_words=False, break_on_hyphens=False))


def in_integers(integer: Any, described: Any, sources: int, targets: int) -> str:
    """Words, what became of the parameters, notes and the room of an array, as text."""
    report = fit_array(integer, described, sources, targets)
    words = [("w", integer.w.bits, f"codes {integer.lowest} to {integer.highest}, {integer.unit:.4g} each, "
                                f"rounded {'at random' if integer.w.rounding == 'stochastic' else integer.w.rounding}")]
    words += [(trace.name, trace.word.bits, f"1 is {trace.one}, {'set' if trace.latest else 'added'} by a spike, "
               f"{trace.decay} by {trace.by} every {trace.period} steps")
              for trace in (*integer.traces.values(), *filter(None, (integer.eligibility, integer.reward)))]
    became = [{"parameter": f"{name} (s)" if name.startswith("tau") else name, "rule": wanted, "chip": has,
               "off %": round(100 * (has / wanted - 1), 1) + 0.0 if wanted else None}  # -0.0 + 0.0 is 0.0
              for name, wanted, has in integer.became]
    return "\n\n".join(filter(None, (
        f"{integer.name}, steps of {1e3 * integer.dt:g} ms, {integer.words} random words a step",
        terminal.table(words, headers=("number", "bits", "how")),
        terminal.table(became, floatfmt=("", "g", "g", ".1f"), missingval="-"), terminal.hanging(*integer.notes),
        f"{targets} neurons on {sources} inputs:", report.table(),
        terminal.hanging(*report.remedies.splitlines()))))


def measured(arguments: argparse.Namespace) -> None:
    """Measure, write the table, its provenance and the figure, print the ends and the middle."""
    from dmpnet.plasticity import rule

    real = rule(arguments.rule)
    check_backend(arguments.backend)
    figure = [Path(f"{arguments.figure}{end}") for end in (".png", ".pdf")] if arguments.figure else []
    with outputs.one_file("stdp window", arguments.out, ".csv", arguments, figure) as out:
        window(arguments, real, out)


def window(arguments: argparse.Namespace, real: Any, out: outputs.Outputs) -> None:
    """Measure rule `real`, write, print."""
    from dmpnet.plasticity import protocols

    integer, described = _constrained(arguments, real)
    register = arguments.seed % lfsr.PERIOD + 1
    pairings = {"window": protocols.window(real, arguments.backend, register)}
    if real.law == "triplet":
        pairings["frequency"] = protocols.frequency(real, arguments.backend)
    if integer is not None:
        pairings["on chip"] = protocols.window_on_chip(integer, arguments.backend, register)
    rows = [line for protocol, pairing in pairings.items() for line in _lines(protocol, pairing)]
    entry = provenance.record(
        "stdp window", script.given(arguments), parameters=real.numbers, source=real.source,
        **({} if integer is None else {"became": integer.became, "notes": integer.notes, "chip": described.source}))
    chip = "" if integer is None else f"{integer.chip}, {integer.w.bits} bits"
    with out.staged() as folder:
        write(arguments, rows, entry, folder, (real.name, protocols.in_words(real), chip))
    print(f"window: {protocols.in_words(real)}{chip and f'; on chip: {chip}'}\n")
    shown_rows = [row for row in rows if row["protocol"] == "frequency" or round(1e3 * row["dt s"]) % 10 == 0]
    print(terminal.table(shown_rows, floatfmt=("", "g", "g", ".6f", ".6f", ".6f"),
                   missingval="-"))
    terminal.say(() if integer is None else integer.notes)
    print(f"\n{real.name} in Brian2 on {arguments.backend}: {', '.join(map(str, out.files))}")


def write(arguments: argparse.Namespace, rows: list[dict[str, Any]], entry: dict[str, Any], folder: Path,
          words: tuple[str, str, str]) -> None:
    """The table, its provenance and the figure, with what is to be read there, into `folder`."""
    path = folder / arguments.out.name
    with whole_file(path) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    provenance.write(path.with_suffix(".json"), entry)
    if arguments.figure:
        from dmpnet.drawing import save
        from dmpnet.drawing import stdp as drawing

        save(drawing.window(path, *words), folder / arguments.figure.name)


def _lines(protocol: str, pairing: Any) -> list[dict[str, Any]]:
    closed, spread = ([None] * len(pairing.dw) if values is None else values.tolist()
                      for values in (pairing.closed, pairing.spread))
    return [{"protocol": protocol, "dt s": round(delta, 6), "rate Hz": None if isnan(rate) else rate, "dw": dw,
             "closed form": form, "spread": sd}
            for delta, rate, dw, form, sd in zip(pairing.delta.tolist(), pairing.rate.tolist(), pairing.dw.tolist(),
                                                 closed, spread, strict=True)]
