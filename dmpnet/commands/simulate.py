"""A trained network on your input, or on its own data, in Brian2; spikes of every layer in one file.

The file holds logits, predictions and each layer's spikes as rows (sample, step, neuron); provenance goes beside it.
A network that classifies every step has logits and predictions for each of them.

Input is read as it is: give analog values in the range the network was trained on ([0, 1] for pixels), and the steps of
a permuted task in its order (input.permutation of the weights file).
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.brian.backends import check_backend
from dmpnet.disk.files import read_arrays, write_arrays
from dmpnet.errors import DataError, DmpnetError, meant
from dmpnet.graph import networks
from dmpnet.graph.graph import Graph
from dmpnet.reference import RECORDABLE, check_input, doubts
from dmpnet.reference.graphs import shaped
from dmpnet.results import options, outputs, provenance, script, terminal
from dmpnet.sweeps.sweep import one_place
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

RECORDINGS = 10
"""Read, unless --samples says how many."""
NOT_SAID = 0


def add(parsers) -> None:
    p = parsers.add_parser("simulate", description=__doc__)
    p.add_argument("weights", metavar="WEIGHTS", help="weights file, or the name of a shipped network")
    p.add_argument("input", metavar="INPUT", type=Path, nargs="?",
                   help=".npy, or .npz with 's_in': (samples, steps, channels), or (steps, channels) for one sample "
                        "(default: recordings of the data set that the network was trained on)")
    p.add_argument("--split", help="part of that data set (default: test where its files are, else subset, what ships "
                                   "of it)")
    options.samples(p, "recordings of it", RECORDINGS)
    p.set_defaults(samples=NOT_SAID)
    options.data_of_network(p)
    p.add_argument("--record", nargs="*", default=["spikes"], metavar="WHAT",
                   help=f"what to keep for every step: {', '.join(RECORDABLE)} (default: spikes)")
    options.backend(p)
    options.scheduler(p, "batches of 100 samples")
    options.common(p, "spikes.npz")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    unknown = set(arguments.record) - set(RECORDABLE)
    if unknown:
        near = meant(sorted(unknown)[0], RECORDABLE)
        raise DmpnetError(f"--record {' '.join(sorted(unknown))}{near}: not recordable; choose from "
                          f"{', '.join(RECORDABLE)}")
    check_backend(arguments.backend, arguments.processes, genn=True)
    one_place(arguments.scheduler, arguments.processes)
    of_the_data = {"--samples": arguments.samples != NOT_SAID, "--split": arguments.split, "--data": arguments.data,
                   "--download": arguments.download, "--dataset": arguments.instead}
    idle = [option for option, given in of_the_data.items() if given]
    if arguments.input and idle:
        raise DmpnetError(f"{idle[0]} is of the data set that the network was trained on, but INPUT {arguments.input} "
                          f"is read, all of it; leave one of them out")
    arguments.samples = RECORDINGS if arguments.samples == NOT_SAID else arguments.samples
    with outputs.one_file("simulate", arguments.out, ".npz", arguments) as out:
        run(arguments, out)


def run(arguments: argparse.Namespace, out: outputs.Outputs) -> None:
    """Read, simulate, write, print."""
    network = networks.named(arguments.weights)
    recordings = None if arguments.input else options.recordings(arguments, network, arguments.split)
    s_in = recordings.batch(slice(None)) if recordings else read_input(arguments.input)
    if isinstance(network, Graph):
        s_in = shaped(network, s_in[None] if s_in.shape[1:] == network.nodes[network.input].shape_out else s_in)
    else:
        check_input(network, s_in)
    for note in [] if recordings else notes(network, s_in):
        print(f"note: {note}", file=sys.stderr)
    how: dict[str, Any] = {"backend": arguments.backend, "record": tuple(arguments.record), "progress": True}
    if arguments.scheduler:
        from dmpnet.sweeps.batches import simulated

        activity = simulated(network, s_in, arguments.scheduler, **how)
    else:
        from dmpnet.brian.simulation import simulate  # Brian2 takes a second to import

        activity = simulate(network, s_in, processes=arguments.processes, **how)
    entry = provenance.record("simulate", script.given(arguments), weights=network.provenance,
                              **({"data": recordings.source} if recordings else {}))
    with out.staged() as folder:
        write(activity, folder / arguments.out.name)
        provenance.write(folder / f"{arguments.out.stem}.json", entry)
    places = s_in.shape[0] * s_in.shape[1]
    names = network.populations if isinstance(network, Graph) else range(1, len(activity.rates) + 1)
    print(terminal.table([{"layer": name, "neurons": len(rate), "spikes": round(float(rate.sum()) * places),
                     "active %": 100 * rate.mean()} for name, rate in zip(names, activity.rates, strict=True)],
                   floatfmt=".2f"))
    of = f" of {recordings.name} ({recordings.split})" if recordings else ""
    print(f"\n{len(s_in)} samples{of} x {s_in.shape[1]} steps; "
          f"{' and '.join(['predictions', *arguments.record])} in {arguments.out}")


def notes(network: TrainedNetwork | Graph, s_in: np.ndarray) -> list[str]:
    """What is probably amiss with INPUT that the network can read, beside what `simulate` says itself."""
    code = network.encoding
    if code.levels and s_in.any() and s_in.max() <= 0:
        raise DmpnetError(f"INPUT reaches from {s_in.min():g} to {s_in.max():g}, but this network reads 0 to 1, "
                          f"and all below is read as 0; scale it to 0 to 1")
    remarks = [] if code.dataset else doubts(network, s_in)
    if code.permutation is not None:
        remarks.append("this network reads steps in an order of its own, and INPUT is taken to come in it: "
                       "s_in[:, network.encoding.permutation]")
    if code.dataset and s_in.shape[1] != code.steps:
        remarks.append(f"INPUT has {s_in.shape[1]:,} steps, but samples of {code.dataset}, which this network was "
                       f"trained on, have {code.steps:,}")
    return remarks


def read_input(path: Path) -> np.ndarray:
    """(B, T, M) numbers of an .npy file or of 's_in' in an .npz file."""
    if not path.is_file():
        raise DataError(f"{path}: no such input file; give an .npy or .npz with (samples, steps, channels)")
    arrays = read_arrays(path, DataError, "write it with np.save", ("s_in",), single="s_in")
    if not arrays:
        raise DataError(f"{path}: no array 's_in', but 's_in' is needed; save it with np.savez(file, s_in=...)")
    content = arrays["s_in"]
    if content.dtype.kind not in "fiub":
        raise DataError(f"{path}: dtype {content.dtype}, but input is numbers; save float64, uint8 or bool")
    return content[None] if content.ndim == 2 else content


def write(activity: Activity, path: Path) -> None:
    """One .npz: logits, predictions, each layer's spikes as (sample, step, neuron), and what else was recorded."""
    arrays: dict[str, Any] = {"logits": activity.logits, "predictions": activity.predictions}
    for number, spikes in enumerate(activity.spikes, 1):
        arrays[f"layer{number}.spikes"] = np.argwhere(spikes).astype(np.int32)
    for number, u in enumerate(activity.u, 1):
        arrays[f"layer{number}.u"] = u
    for name, layers in (("m", activity.m), ("x", activity.x)):
        arrays |= {f"layer{number}.{name}": layer for number, layer in enumerate(layers, 1) if layer is not None}
    if activity.readout is not None:
        arrays["readout"] = activity.readout
    write_arrays(path, **arrays)
