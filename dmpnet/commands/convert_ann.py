"""Converts a ReLU network that was never spiking into integrate-and-fire neurons, and tells which layer loses what.

FILE is an ONNX file (extra: onnx), or the state_dict of the nn.Sequential that --model makes (extra: train; nothing
pickled is loaded). Thresholds and weights are balanced on samples of the training set (with --split subset of what
ships); both networks then classify the samples of --split, the converted one in Brian2, whose first samples are held
against the reference (exit code 1 if a spike differs). Prints accuracy against the number of steps and, layer by layer,
how near the rates are to the activations they stand for. The graph goes to --out, what was found beside it (.json).
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from dmpnet import data
from dmpnet.ann import images, onnx_file, report
from dmpnet.ann.conversion import NORMALISATIONS, PERCENTILE, READOUTS, RESETS, convert
from dmpnet.ann.network import Network, normalised
from dmpnet.brian.backends import check_backend
from dmpnet.data.folders import SUBSET
from dmpnet.errors import DmpnetError, WeightsError
from dmpnet.graph import Graph, file
from dmpnet.reference import graphs
from dmpnet.results import options, outputs, provenance, reading, script, terminal
from dmpnet.trained.activity import Activity, mismatches

LOOKED = 20
"""Samples of which every place is compared with the reference."""
NAMES = {"mnist": "smnist"}
"""Data sets that go by another name where samples are read as a whole."""


def add(parsers) -> None:
    p = parsers.add_parser("convert-ann", description=__doc__)
    p.add_argument("network", metavar="FILE", type=Path, help="net.onnx, or a state_dict (.pt) with --model")
    p.add_argument("--model", metavar="MODULE:FUNCTION", help="what makes the nn.Sequential of a state_dict; or "
                                                              "FILE.py:function. This runs your code")
    p.add_argument("--dataset", required=True, metavar="NAME", help="what it reads, e.g. mnist, nmnist, braille")
    options.data(p)
    p.add_argument("--shape", type=options.count(1), nargs="+", metavar="N", help="of a sample, where neither file nor "
                                                                                  "data tell")
    p.add_argument("--mean", type=float, nargs="+", default=[0.0], help="taken off the input as in training, one or "
                                                                        "one a channel (default: 0)")
    p.add_argument("--std", type=float, nargs="+", default=[1.0], help="what the input was divided by (default: 1)")
    p.add_argument("--steps", type=options.count(1), default=50, metavar="T", help="steps a sample (default: 50)")
    p.add_argument("--normalisation", choices=NORMALISATIONS, default="percentile",
                   help="what a layer's largest rate stands for: see dmpnet.ann.conversion (default: percentile)")
    p.add_argument("--percentile", type=float, default=PERCENTILE, help="of --normalisation percentile (default: 99.9)")
    p.add_argument("--reset", choices=tuple(RESETS), default="subtract", help="default: subtract")
    p.add_argument("--readout", choices=READOUTS, default="sum", help="sum of what the last layer gives, or counts of "
                                                                      "spikes (default: sum)")
    p.add_argument("--calibration", type=options.count(1), default=500, metavar="N",
                   help="training samples that scales are chosen on (default: 500)")
    p.add_argument("--split", help="part of the data set that is classified (default: test where its files are "
                                   "there, else what ships)")
    options.samples(p)
    options.backend(p)
    options.common(p, "converted.npz")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    check_backend(arguments.backend, arguments.processes)
    with outputs.one_file("convert-ann", arguments.out, ".npz", arguments) as out:
        return converted(arguments, out)


def converted(arguments: argparse.Namespace, out: outputs.Outputs) -> int:
    """Read, convert, classify; print and write."""
    name = NAMES.get(arguments.dataset, arguments.dataset)
    check(arguments)
    drawn, recordings = read_samples(arguments, name)
    network = normalised(read(arguments, recordings), np.array(arguments.mean), np.array(arguments.std))
    graph = convert(network, images.images(drawn, network.shape), arguments.steps, arguments.normalisation,
                    arguments.reset, percentile=arguments.percentile, readout=arguments.readout, dataset=name)
    print(terminal.hanging(f"{arguments.network}: {network!r} on {len(recordings):,} samples of {recordings.name} "
                           f"({recordings.split}), calibrated on {len(drawn):,} of its {drawn.split} part"), end="\n\n")
    terminal.say(network.notes)
    run = _InBrian2(arguments.backend, arguments.processes)
    examined = report.examined(network, graph, images.images(recordings, network.shape), recordings.labels, run=run,
                               progress=True)
    show(examined)
    print(f"{run.compared:,} places of {len(run.first)} samples compared between Brian2 ({arguments.backend}) and the "
          f"reference / {run.mismatched:,} differ")
    write(arguments, out, graph, examined, recordings, {"compared": run.compared, "mismatched": run.mismatched})
    return options.verdict([run.mismatched], [run.compared])


def check(arguments: argparse.Namespace) -> None:
    """DmpnetError before any data is read, if FILE is not there, or is a state_dict of nobody knows what."""
    if not arguments.network.is_file():
        raise WeightsError(f"{arguments.network}: no such file; give an ONNX file, or a state_dict with --model")
    if arguments.network.suffix != ".onnx" and not arguments.model:
        raise DmpnetError(f"{arguments.network}: ends in {arguments.network.suffix!r}, but what is not .onnx is read "
                          f"as the state_dict of a module; give --model MODULE:FUNCTION")


class _InBrian2:
    """Runs a graph in Brian2, its first samples also in the reference."""

    def __init__(self, backend: str, processes: int):
        self.backend, self.processes = backend, processes
        self.compared = self.mismatched = 0
        self.first = np.zeros(0)

    def __call__(self, graph: Graph, s_in: np.ndarray, record: tuple[str, ...]) -> Activity:
        from dmpnet.brian.simulation import simulate  # Brian2 takes a second to import

        activity = simulate(graph, s_in, backend=self.backend, processes=self.processes, record=record)
        if not len(self.first):
            self.first = s_in[:LOOKED]
            some = replace(activity, spikes=[spikes[:LOOKED] for spikes in activity.spikes])
            pairs = np.array(mismatches(some, graphs.run(graph, self.first)))
            self.compared, self.mismatched = (int(number) for number in pairs.sum(axis=0))
        return activity


def read_samples(arguments: argparse.Namespace, name: str) -> tuple[data.Recordings, data.Recordings]:
    """Samples that scales are chosen on, of the training set or with --split subset of what ships, and --samples."""
    split = arguments.split or options.first_split(name, arguments.data, arguments.download)
    if split == SUBSET:
        drawn, tested = reading.apart(arguments, data.load(name, SUBSET), arguments.calibration)
    else:
        train = reading.load(arguments, name, "train")
        drawn = train.take(data.drawn_from(np.arange(len(train)), arguments.calibration, arguments.seed))
        tested = reading.load(arguments, name, split)
    return drawn, options.part(tested, arguments.samples, arguments.seed)


def read(arguments: argparse.Namespace, recordings: data.Recordings) -> Network:
    """The network in the file, for samples of the data set."""
    given = tuple(arguments.shape) if arguments.shape else None
    if arguments.network.suffix == ".onnx":
        return onnx_file.read(arguments.network, given)
    from dmpnet.training import sequential

    module = sequential.load_state(sequential.built(arguments.model), arguments.network)
    return sequential.read(module, given or images.shape_of(recordings))


def show(found: report.Examined) -> None:
    """The tables, and the layer that loses most."""
    print(terminal.table(found.accuracy(), floatfmt=".2f"))
    print("\n" + terminal.table(found.layers, floatfmt=".3f", intfmt=","))
    worst = max(found.layers, key=lambda row: row["own error %"])
    print(f"\nmost is lost in layer {worst['layer']!r}: its rates are {worst['own error %']:.1f} % off what it should "
          f"make of the rates it receives")


def write(arguments: argparse.Namespace, out: outputs.Outputs, graph: Graph, found: report.Examined,
          recordings: data.Recordings, places: dict[str, int]) -> None:
    """The graph, and the record beside it."""
    entry = provenance.record("convert-ann", script.given(arguments), data=recordings.source)
    with out.staged() as folder:
        file.save(graph, folder / arguments.out.name)
        provenance.write(folder / f"{arguments.out.stem}.json",
                         {"samples": len(recordings), "accuracy": found.accuracy(), "layers": found.layers,
                          "places": places} | entry)
    print(f"\nwritten: {arguments.out} and {arguments.out.with_suffix('.json')}")
