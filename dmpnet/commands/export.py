"""Writes a network for those who go on elsewhere: NIR, C, memory images, golden vectors, spikes.

nir     a trained network, or a graph that was imported, as one .nir file. Fast neurons become Affine and LIF,
        recurrence a circle, axonal delays Delay, the slow memory a nested graph of NIR's own nodes. What NIR has no
        word for (a soft reset, the rectified input of a slow memory) is not a number there, and said in the metadata:
        `dmpnet import` reads back the same network, and whoever leaves the metadata out never gets half of it
c       integers as a C header, a C program that runs them, and golden.bin, which it compares itself with
mem     what every bank of every core holds, as $readmemh reads it, and the map of its words
golden  inputs, spikes, u, m, x and readout of every step of --samples recordings: .mem for a testbench, golden.bin
csv     spikes of --samples recordings, a line each
neo     the same as a neo.Block in a NIX file, for Elephant (needs the extra: neo)

c, mem and golden take a network in integers (`dmpnet constrain`), or make one for --chip, which needs training data, or
--split subset.
"""

import argparse
from pathlib import Path

from dmpnet import export, reference
from dmpnet.disk.files import whole_file
from dmpnet.errors import DmpnetError
from dmpnet.export import folder
from dmpnet.graph import networks, trained
from dmpnet.graph.graph import Graph
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit
from dmpnet.nir import exporting, tags
from dmpnet.nir import file as nir_file
from dmpnet.results import options, outputs, provenance, script, terminal
from dmpnet.trained.network import TrainedNetwork

FILES = {"nir": ".nir", "csv": ".csv", "neo": ".nix"}
"""Formats of one file; the others are folders."""
FORMATS = ("nir", "c", "mem", "golden", "csv", "neo")


def add(parsers) -> None:
    p = parsers.add_parser("export", description=__doc__)
    p.add_argument("network", metavar="FILE", help="weights file, graph (.npz), or the name of a shipped network")
    p.add_argument("--to", choices=FORMATS, default="nir", help="format (default: nir)")
    p.add_argument("--chip", default="dmp-256", metavar="CHIP",
                   help="whose integers a network in real numbers gets, and whose banks (default: dmp-256)")
    p.add_argument("--samples", type=options.count(1), default=20, metavar="N",
                   help="recordings of golden vectors and of spikes (default: 20)")
    p.add_argument("--split", help="part of the data set for --samples (default: test where its files are, else "
                                   "subset, what ships of it); with subset integers are chosen on others of what ships")
    p.add_argument("--calibration", type=options.count(1), default=200, metavar="N",
                   help="training samples that integers are chosen on (default: 200)")
    options.data_of_network(p)
    p.add_argument("--seed", type=options.seed, default=0, help="of calibration samples (default: 0)")
    p.add_argument("--out", type=Path, help="file or folder (default: network.nir, network.csv, network.nix, or the "
                                            "folder network-c, -mem, -golden)")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    suffix = FILES.get(arguments.to)
    out = arguments.out = arguments.out or Path(f"network{suffix}" if suffix else f"network-{arguments.to}")
    if suffix and out.suffix != suffix:
        raise DmpnetError(f"--out {out}: ends in {out.suffix!r}, but {arguments.to} goes into one {suffix} file; give "
                          f"a name that ends in {suffix}")
    if arguments.to == "nir":
        as_nir(arguments, out)
    elif suffix:
        spikes(arguments, suffix)
    else:
        integers(arguments)


def as_nir(arguments: argparse.Namespace, out: Path) -> None:
    with outputs.Outputs("export", out, None, [out], inputs=outputs.inputs(arguments), known=ours) as written:
        graph = read(arguments.network)
        with written.staged() as staged:
            exporting.save(graph, staged / out.name)
    print(f"{arguments.network}: {graph.shape}, {len(graph.nodes)} nodes\nwritten: {out}")


def spikes(arguments: argparse.Namespace, suffix: str) -> None:
    """Spikes of some recordings, as lines or as a neo.Block."""
    with outputs.one_file("export", arguments.out, suffix, arguments) as written:
        network = networks.named(arguments.network)
        recordings = options.recordings(arguments, network, arguments.split)
        activity = reference.run(network, recordings.batch(slice(None)))
        with written.staged() as staged:
            if suffix == ".csv":
                export.save_lines(activity, network.encoding.dt, staged / arguments.out.name)
            else:
                export.save_block(activity, network.encoding.dt, staged / arguments.out.name, progress=True)
            provenance.write(staged / arguments.out.with_suffix(".json").name, provenance.record(
                "export", script.given(arguments), data=recordings.source, weights=network.provenance))
    total = sum(int(layer.sum()) for layer in activity.spikes)
    print(f"{arguments.network}: {total:,} spikes of {len(recordings):,} recordings\nwritten: {arguments.out}")


def integers(arguments: argparse.Namespace) -> None:
    """A folder of C, memory images or golden vectors."""
    network, described = networks.named(arguments.network), chip.load(arguments.chip)
    if isinstance(network, Graph):
        raise DmpnetError(f"{arguments.network}: a graph of nodes, but {arguments.to} is written of layers in a row; "
                          f"export it to nir, csv or neo")
    names = folder.names(arguments.to, network, described)
    with outputs.in_folder("export", arguments.out, arguments, "export.json", names) as written:
        whole = network if network.integer else made(arguments, network, described)
        s_in = None if arguments.to == "mem" else options.recordings(arguments, whole, arguments.split)
        with written.staged() as staged:
            for name, text in folder.files(arguments.to, whole, described,
                                           None if s_in is None else s_in.batch(slice(None)), arguments.network):
                with whole_file(staged / name) as temporary:
                    temporary.write_bytes(text)
            provenance.write(staged / "export.json", provenance.record(
                "export", script.given(arguments), data=s_in.source if s_in else {}, weights=whole.provenance))
    print(f"{arguments.network}: {whole.shape} in the integers of {whole.provenance['chip']}\nwritten: "
          f"{arguments.out}, {len(names)} files; begin with {arguments.out / 'README.md'}")


def made(arguments: argparse.Namespace, network: TrainedNetwork, described: chip.Chip) -> TrainedNetwork:
    """`network` in the integers of the chip, which it must fit."""
    found = constrain(network, described, options.calibration(arguments, network), progress=True)
    report = fit(found.network, described)
    terminal.say(found.notes)
    if not report.ok:
        terminal.say(report.remedies.splitlines())
        raise report.refusal
    assert isinstance(found.network, TrainedNetwork)
    return found.network


def ours(path: Path) -> bool:
    """Whether a file is one that dmpnet wrote."""
    try:
        return tags.header(nir_file.read(path)[0]) is not None
    except DmpnetError:
        return False


def read(name: str) -> Graph:
    """The graph in file `name`, or that of a trained network: a file's, or the shipped one of that name."""
    network = networks.named(name)
    return network if isinstance(network, Graph) else trained.of(network)
