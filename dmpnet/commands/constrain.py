"""Puts a trained network into the integers of a chip: does it fit, what did rounding do, does it still classify?

Prints what it needs of every limit of the chip, and what each array lost; writes the integer network to --out, which
runs everywhere trained weights run, and the report beside it (.json). A graph of nodes, with convolutions, becomes a
graph in integers; its layers are its populations. Formats are chosen on samples of the training set, with --split
subset on what ships. With --evaluate both networks classify the validation part (with --look, which is counted, the
test set) in Brian2, and their rates are compared layer by layer. A network that does not fit is not written; --set
changes the chip: --set limits.slots=16 words.m.bits=6. Weights of one bit are -1 and +1, of two bits -1, 0 and +1.

--finetune trains the integer network on as the chip computes it (extra: train) and keeps the epoch that is best on the
validation part the network was trained with; killed and called again, it goes on where it was.
"""

import argparse
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.brian.backends import check_backend
from dmpnet.data import drawn_from
from dmpnet.errors import DataWarning, DmpnetError
from dmpnet.graph import networks
from dmpnet.graph.graph import Graph
from dmpnet.hardware import breakdown, chip, graph_refusals, graph_workload, parts, precision, queue, workload
from dmpnet.hardware.constrain import Constrained, constrain, examined
from dmpnet.hardware.fit import Report, fit
from dmpnet.results import options, outputs, provenance, script, terminal, validation
from dmpnet.results.evaluation import evaluate
from dmpnet.system.progress import part, telling
from dmpnet.trained import rates
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

DIFFER = "spikes that differ from the reference"
MEASURED = 400  # samples at most: of the validation part for --budget, of --evaluate one layer at a time
DRAWS = 5  # of wrong bits in SRAM
SHOWN = 100  # samples whose rates are compared layer by layer


def add(parsers) -> None:
    p = parsers.add_parser("constrain", description=__doc__)
    p.add_argument("weights", metavar="FILE", help="weights file, or the name of a shipped network or graph")
    p.add_argument("--chip", default="dmp-256", metavar="CHIP",
                   help=f"description (.toml), or one of {', '.join(chip.names())} (default: dmp-256)")
    p.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="numbers of the chip to change")
    p.add_argument("--rows", action="store_true", help="a unit and a threshold for every neuron")
    p.add_argument("--clip", action="store_true", help="let the largest weights saturate where that rounds finer")
    p.add_argument("--keep-basis", action="store_true", help="hold the slow memory in no coordinates but those trained")
    p.add_argument("--blocks", action="store_true", help="compute a slow memory larger than the slots in blocks")
    p.add_argument("--calibration", type=options.count(1), default=200, metavar="N",
                   help="training samples for formats (default: 200)")
    p.add_argument("--budget", type=options.size, metavar="SIZE", help="search bits of W_f, P, m and u with which all "
                   "banks of all cores take at most so much, e.g. 20kB (dmpnet.hardware.precision); then --clip too")
    p.add_argument("--finetune", type=options.count(0), default=0, metavar="EPOCHS",
                   help="epochs of quantisation-aware training")
    p.add_argument("--lr", type=float, default=1e-3, help="peak learning rate of --finetune (default: 0.001)")
    p.add_argument("--optimiser", choices=("adam", "muon"), default="adam",
                   help="of --finetune: muon for W_f of 4 bits and more, adam for fewer (default: adam)")
    p.add_argument("--evaluate", action="store_true", help="classify with both networks in Brian2")
    p.add_argument("--split", help="part of the data set for --evaluate (default: the validation part, with --look "
                                   "test); subset, a look: what ships, half of it for formats, half to evaluate")
    options.look(p)
    options.samples(p, "samples for --evaluate")
    options.backend(p)
    options.scheduler(p, "networks of --budget")
    options.data_of_network(p)
    options.common(p, "constrained.npz")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    check_backend(arguments.backend, arguments.processes, genn=True)
    run = arguments.out.with_suffix(".run")
    with outputs.one_file("constrain", arguments.out, ".npz", arguments,
                          runs=[run] if arguments.finetune else []) as out:
        return put(arguments, out)


def put(arguments: argparse.Namespace, out: outputs.Outputs) -> int:
    """Fit, constrain, train on and evaluate as asked; print and write. Exit code 1 if a place differs."""
    network = networks.named(arguments.weights)
    described = chip.changed(chip.load(arguments.chip), options.settings(arguments.set))
    report = fitted(arguments, network, described)  # before any data is read
    if not report.ok:
        report = counted(arguments, network, described) or report
        print(report.table(), end="\n\n")
        refuse(report)
    s_in = calibrated_on(arguments, network)
    steps: list[precision.Choice] = []
    if arguments.budget is not None:
        arguments.clip = True
        steps = searched(arguments, network, described, s_in)
        described = chip.changed(described, precision.settings(steps[-1].bits))
    constrained = constrain(network, described, s_in, rows=arguments.rows, clip=arguments.clip,
                     rotate=not arguments.keep_basis, compensate=not arguments.finetune, blocks=arguments.blocks,
                     progress=True)
    works = asked(constrained.network, constrained.activity, s_in)
    report = fit(constrained.network, described, [int(work.S.max()) for work in works], blocks=arguments.blocks)
    print(terminal.hanging(f"{arguments.weights}: {network.kind} {network.shape} on {described.name}"),
          report.table(), f"{rounding(constrained)}\n", sep="\n\n")
    terminal.say((*report.notes, *constrained.notes))
    refuse(report)
    outcome: dict[str, Any] = {"fit": report.record(), "search": [vars(step) for step in steps],
                               "queue": queued(works, described)}
    if arguments.finetune and isinstance(network, TrainedNetwork):
        constrained, outcome["finetuned"] = finetuned(arguments, network, constrained, described, s_in)
    outcome |= on_the_chip(constrained, described, s_in)
    if arguments.evaluate:
        outcome |= evaluated(arguments, network, constrained.network, described)
    with out.staged() as folder:
        networks.save(constrained.network, folder / arguments.out.name)
        provenance.write(folder / f"{arguments.out.stem}.json",
                         outcome | provenance.record("constrain", script.given(arguments), chip=described.source))
    print(f"\nwritten: {arguments.out} and {arguments.out.with_suffix('.json')}")
    rows = outcome.get("accuracy", [])
    return options.verdict(*([row[key] for row in rows] for key in (DIFFER, "compared")))


def calibrated_on(arguments: argparse.Namespace, network: TrainedNetwork | Graph) -> np.ndarray:
    """Samples for formats; what else the command will read is there too, or is told to be missing before any work."""
    if arguments.finetune or arguments.budget is not None:
        options.check_data(arguments, network, "train")
    if arguments.evaluate:
        options.check_data(arguments, network, options.compared_part(arguments))
    return options.calibration(arguments, network)


def fitted(arguments: argparse.Namespace, network: TrainedNetwork | Graph, described: parts.Chip) -> Report:
    """What it needs of the chip; with what of a graph has no integers there."""
    report = fit(network, described, blocks=arguments.blocks)
    if not isinstance(network, Graph):
        return report
    for option in ("rows", "finetune"):
        if getattr(arguments, option):
            raise DmpnetError(f"--{option}: {arguments.weights} is a graph, but {option} is for layers of `dmpnet "
                              f"train`; leave it out")
    return replace(report, needs=(*graph_refusals.refused(network, described), *report.needs))


def asked(network: TrainedNetwork | Graph, activity: Activity, s_in: np.ndarray) -> list[workload.Workload]:
    """What each layer was asked to do on s_in."""
    return (graph_workload.of(network, activity, s_in) if isinstance(network, Graph) else
            workload.of(network, activity, s_in))


def counted(arguments: argparse.Namespace, network: TrainedNetwork | Graph, described: parts.Chip) -> Report | None:
    """The report that knows of input spikes too, so that all that is too much is said at once; None without data."""
    try:
        with warnings.catch_warnings(action="ignore", category=DataWarning):  # nothing is made of the data
            s_in = options.calibration(arguments, network)
        works = asked(network, reference.run(network, s_in), s_in)
    except DmpnetError:
        return None
    return fit(network, described, [int(work.S.max()) for work in works], blocks=arguments.blocks)


def queued(works: list[workload.Workload], described: parts.Chip) -> list[dict[str, Any]]:
    """What is too busy for the chip's queue, a row a layer; prints it where anything is."""
    rows = [{"layer": number} | queue.lost(work, described) for number, work in enumerate(works, 1)]
    if any(row["events beyond %"] for row in rows):
        print(f"\nbeyond {described.limits.spikes} events a step in calibration, {described.datapath.queue}\n\n"
              + terminal.table(rows, floatfmt=".2f", intfmt=","))
    return rows


def on_the_chip(constrained: Constrained, described: parts.Chip, s_in: np.ndarray) -> dict[str, Any]:
    """What a step costs and what saturates in calibration, layer by layer, which it prints, and what became of it."""
    works = asked(constrained.network, constrained.activity, s_in)
    found: dict[str, Any] = {"costs": breakdown.costs(works, described, constrained.network.encoding.dt),
                             "saturated": breakdown.saturated(constrained.overflows)}
    for said, rows in (("a step in calibration [our model, no measurement]", found["costs"]),
                       ("values in calibration that did not fit their words", found["saturated"])):
        print(f"\n{said}\n\n" + terminal.table(rows, floatfmt=",.4g", intfmt=","))
    return found | {"changes": [vars(change) for change in constrained.changes], "notes": constrained.notes,
                    "silent": constrained.silent}


def evaluated(arguments: argparse.Namespace, network: TrainedNetwork | Graph, made: TrainedNetwork | Graph,
              described: parts.Chip) -> dict[str, Any]:
    """What --evaluate asks for; prints it."""
    found = {"accuracy": compared(arguments, network, made), "layers": rates_compared(arguments, network, made)}
    if isinstance(network, Graph) or isinstance(made, Graph):
        return found
    found["lost"] = lost(arguments, network, made)
    return found if described.errors is None else found | {
        "errors": with_errors(arguments, network, made, described)}


def lost(arguments: argparse.Namespace, network: TrainedNetwork, made: TrainedNetwork) -> list[dict[str, Any]]:
    """What each layer's integers cost by themselves, on some of the samples of --evaluate; prints it."""
    recordings = options.compared_on(arguments, network)
    chosen = drawn_from(np.arange(len(recordings)), MEASURED, arguments.seed)
    rows = breakdown.losses(network, made, recordings.batch(chosen), recordings.labels[chosen], True)
    print(f"\n{len(chosen)} samples, one layer at a time in integers\n\n" + terminal.table(rows, floatfmt=".2f"))
    return rows


def with_errors(arguments: argparse.Namespace, network: TrainedNetwork, made: TrainedNetwork,
                described: parts.Chip) -> list[dict[str, Any]]:
    """What wrong bits of the chip's SRAM cost, on the samples of `lost`; prints it."""
    recordings = options.compared_on(arguments, network)
    chosen = drawn_from(np.arange(len(recordings)), MEASURED, arguments.seed)
    rows = breakdown.with_errors(made, described, recordings.batch(chosen), recordings.labels[chosen], DRAWS,
                                  arguments.seed)
    print(f"\n{len(chosen)} samples, with wrong bits in SRAM\n\n" + terminal.table(rows, floatfmt=".2f", intfmt=","))
    return rows


def refuse(report: Report) -> None:
    """Print what does not fit, a line a limit, and raise DmpnetError, if anything does not."""
    if not report.ok:
        terminal.say(report.remedies.splitlines())
        raise report.refusal


def searched(arguments: argparse.Namespace, network: TrainedNetwork | Graph, described: parts.Chip,
             s_in: np.ndarray) -> list[precision.Choice]:
    """Steps of the search for bits, on MEASURED validation samples (of the training set, where the network does not
    say which it was trained without); prints them."""
    train = options.training_set(arguments, network)
    held = validation.held_out(network, train) if validation.is_known(network) else np.arange(len(train))
    held = drawn_from(held, MEASURED, arguments.seed)
    steps = precision.search(network, described, arguments.budget, s_in, train.batch(held), train.labels[held],
                             precision.LADDERS, arguments.blocks, progress=True, scheduler=arguments.scheduler,
                             out=arguments.out.with_suffix(".search"))
    rows = [{**{f"{name} bits": value for name, value in step.bits.items()}, "bytes": step.bytes,
             "validation %": 100 * step.accuracy, "networks tried": step.tried} for step in steps]
    print(terminal.table(rows, floatfmt=".2f", intfmt=",") + "\n")
    return steps


def finetuned(arguments: argparse.Namespace, network: TrainedNetwork, constrained: Constrained, described: parts.Chip,
              s_in: np.ndarray) -> tuple[Constrained, dict[str, Any]]:
    """`constrained` trained on, in the folder of --out that ends in .run, and what that brought, which it prints."""
    from dmpnet.training import quantised

    train = options.training_set(arguments, network)
    assert isinstance(constrained.network, TrainedNetwork)
    trainer = quantised.trainer(network, constrained.network, described, train, arguments.out.with_suffix(".run"),
                                arguments.finetune, arguments.lr, "fine-tuning", arguments.optimiser)
    better = examined(network, trainer.finished(), s_in, constrained.changes, arguments.clip)
    standing = trainer.standing
    print(f"\n{len(trainer.held_out):,} validation samples: {100 * standing.first:.2f} % when rounded, "
          f"{100 * standing.best:.2f} % after epoch {standing.best_epoch} of {standing.epoch}")
    terminal.say(better.notes)
    return better, {"optimiser": trainer.recipe.optimiser, "epochs": standing.epoch, "best_epoch": standing.best_epoch,
                    "validation": standing.best, "validation_rounded": standing.first,
                    "validation_samples": len(trainer.held_out)}


def rounding(constrained: Constrained) -> str:
    """What each array lost, as a table."""
    rows = [{"layer": change.layer, "array": change.array, "bits": change.bits, "numbers": change.size,
             "clipped": change.clipped, "became 0": change.zeroed, "error %": 100 * change.error}
            for change in constrained.changes]
    return terminal.table(rows, floatfmt=".2f", intfmt=",")


def compared(arguments: argparse.Namespace, network: TrainedNetwork | Graph,
             integer: TrainedNetwork | Graph) -> list[dict[str, Any]]:
    """Accuracy, agreement and activity of both networks; prints them."""
    recordings = options.compared_on(arguments, network)
    rows, called = [], f"{options.called(arguments.weights)} on {options.called(arguments.chip)}"
    with telling("simulating", 2 * len(recordings), "sample", "") as tell:
        for name, each in (("trained", network), ("constrained", integer)):
            result = evaluate(each, recordings, arguments.backend, part(tell, len(rows) * len(recordings)),
                              arguments.processes, called if rows else "", arguments.ledger)
            rows.append({"network": name, "accuracy %": result.accuracy, "samples": len(recordings),
                         "active %": ", ".join(f"{100 * rate:.1f}" for rate in result.rates),
                         "compared": sum(result.compared),
                         DIFFER: sum(result.mismatched)})
    print("\n" + terminal.table(rows, floatfmt=".2f", intfmt=","))
    return rows


def rates_compared(arguments: argparse.Namespace, network: TrainedNetwork | Graph,
                   made: TrainedNetwork | Graph) -> list[dict[str, Any]]:
    """How near the rates of the integer network are to those of the trained one, layer by layer, on some of the samples
    of --evaluate; prints it, and in which layer they part most."""
    recordings = options.compared_on(arguments, network)
    s_in = recordings.batch(drawn_from(np.arange(len(recordings)), SHOWN, arguments.seed))
    before, after = ([counts / s_in.shape[1] for counts in reference.run(each, s_in).counts]
                     for each in (network, made))
    rows = rates.layers(after, before)
    if isinstance(made, Graph):
        rows = [row | {"layer": name} for name, row in zip(made.populations, rows, strict=True)]
    print(f"\nrates of {len(s_in)} samples, trained and constrained\n\n" + terminal.table(rows, floatfmt=".3f",
                                                                                        intfmt=","))
    return rows
