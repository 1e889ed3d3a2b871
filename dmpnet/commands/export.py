"""Writes a network as another tool's file: a trained one, or a graph that was imported, as NIR (.nir).

Fast neurons become Affine and LIF, recurrence a circle, axonal delays Delay, the slow memory a nested graph of NIR's
own nodes. What NIR has no word for (a soft reset, the rectified input of a slow memory) is not a number there, and said
in the metadata: `dmpnet import` reads back the same network, and whoever leaves the metadata out never gets half of it.
"""

import argparse
from pathlib import Path

from dmpnet.errors import DmpnetError
from dmpnet.graph import networks, trained
from dmpnet.graph.graph import Graph
from dmpnet.nir import exporting, tags
from dmpnet.nir import file as nir_file
from dmpnet.results import outputs


def add(parsers) -> None:
    p = parsers.add_parser("export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("network", metavar="FILE", help="weights file, graph (.npz), or the name of a shipped network")
    p.add_argument("--to", choices=("nir",), default="nir", help="format (default: nir)")
    p.add_argument("--out", type=Path, default=Path("network.nir"), help="where it goes (default: network.nir)")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    out = arguments.out
    if out.suffix != ".nir":
        raise DmpnetError(f"--out {out}: ends in {out.suffix!r}, but NIR goes into one .nir file; give a name that "
                          f"ends in .nir")
    with outputs.Outputs("export", out, None, [out], inputs=outputs.inputs(arguments), known=ours) as written:
        graph = read(arguments.network)
        with written.staged() as folder:
            exporting.save(graph, folder / out.name)
    print(f"{arguments.network}: {graph.shape}, {len(graph.nodes)} nodes\nwritten: {out}")


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
