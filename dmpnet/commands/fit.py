"""Does a network fit a chip, and what would a run cost there: cycles, latency, energy?

Of a trained network, or of a graph of nodes with convolutions (dmpnet.graph), whose layers are its populations. Prints
what it needs of every limit of the chip; with --samples also what recordings of its data set cost, from the spikes of
the NumPy reference in real numbers: cycles of a step, ms for a second of input at the chip's clock, energy. A model of
ours, no measurement. `dmpnet constrain` makes the integers. Exit code 2 if it does not fit.
"""

import argparse
import textwrap
from typing import Any

from dmpnet import reference
from dmpnet.data import Recordings
from dmpnet.graph import networks
from dmpnet.graph.graph import Graph
from dmpnet.hardware import chip, cycles, fit, graph_workload, parts, prices, workload
from dmpnet.hardware.workload import Workload
from dmpnet.results import options, script, terminal
from dmpnet.system.progress import telling
from dmpnet.trained.network import TrainedNetwork

PIECE = 20  # samples that the reference takes at a time


def add(parsers) -> None:
    p = parsers.add_parser("fit", description=__doc__)
    p.add_argument("weights", metavar="FILE", help="weights file, or the name of a shipped network or graph")
    p.add_argument("--chip", default="dmp-256", metavar="CHIP",
                   help=f"description (.toml), or one of {', '.join(chip.names())} (default: dmp-256)")
    p.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="numbers of the chip to change")
    p.add_argument("--blocks", action="store_true", help="compute a slow memory larger than the slots in blocks")
    p.add_argument("--samples", type=options.count(0), default=0, metavar="N",
                   help="so many recordings, drawn by --seed, whose run is counted (default: 0, none)")
    p.add_argument("--split", help="part of the data set for --samples (default: test where its "
                                   "files are, else subset, what ships of it)")
    options.data_of_network(p)
    options.common(p, None)
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    script.printed("fit", arguments, show)


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the tables; gives them."""
    network = networks.named(arguments.weights)
    described = chip.changed(chip.load(arguments.chip), options.settings(arguments.set))
    found = fit.fit(network, described, blocks=arguments.blocks)
    works: list[Workload] = []
    if arguments.samples:  # also of what does not fit: the busiest step is among its limits
        works = counted(network, options.recordings(arguments, network, arguments.split))
        found = fit.fit(network, described, [int(work.S.max()) for work in works], arguments.blocks)
    print(textwrap.fill(f"{arguments.weights}: {found.network} on {described.name}", 80, break_long_words=False,
                        break_on_hyphens=False), f"\n{found.table()}\n", sep="\n")
    terminal.say(found.notes)
    if not found.ok:
        terminal.say(found.remedies.splitlines())
        raise found.refusal
    return {"fit": found.record()} | (cost(found, works, described, network.encoding.dt) if works else {})


def cost(fitted: fit.Report, works: list[Workload], described: parts.Chip, dt: float) -> dict[str, Any]:
    """What a run costs, layer by layer and in all; prints it."""
    names = [need.layer for need in fitted.needs if need.rule == "neurons"]
    rows = layers(names, works, described)
    found = prices.report(works, described, dt=dt)
    print("\nof a step, mean over the recordings: events, neurons that each reaches, spikes,\ncycles\n")
    print(terminal.table(rows, floatfmt=",.1f", intfmt=","))
    print("\n" + terminal.table(found, floatfmt=",.4g"))
    return {"layers": rows, "report": found}


def layers(names: list[Any], works: list[Workload], described: parts.Chip) -> list[dict[str, Any]]:
    """A row a layer: sizes, and of a step events, neurons that each reaches, spikes, cycles and the most of them."""
    rows = []
    for name, work in zip(names, works, strict=True):
        timed = cycles.timing(work, described)
        rows.append({"layer": name, "neurons": work.N, "inputs": work.M, "d": work.d,
                     "events": float(work.S.mean()), "reach": work.reached / max(int(work.events.sum()), 1),
                     "spikes": float(work.sent.mean()), "cycles": float(timed.latency.mean()),
                     "most": int(timed.latency.max())})
    return rows


def counted(network: TrainedNetwork | Graph, recordings: Recordings) -> list[Workload]:
    """Workloads of the network's layers on `recordings`, by the reference."""
    found = []
    with telling("running", len(recordings), "sample", "") as tell:
        for start in range(0, len(recordings), PIECE):
            part = recordings.batch(slice(start, start + PIECE))
            found.append(graph_workload.of(network, reference.run(network, part), part) if isinstance(network, Graph)
                         else workload.of(network, reference.run(network, part), part))
            tell(min(start + PIECE, len(recordings)))
    return workload.joined(found)
