"""A trained network reads real digits in Brian2, and every spike is checked: the main job."""

import argparse
import math
import textwrap
from pathlib import Path

import numpy as np

from dmpnet import data
from dmpnet.brian.backends import check_backend
from dmpnet.disk import shipped
from dmpnet.disk.files import whole_file, write_arrays
from dmpnet.errors import DmpnetError
from dmpnet.graph import graph, networks
from dmpnet.graph.graph import Graph
from dmpnet.results import neurobench, options, outputs, provenance, reading, script, terminal
from dmpnet.results.evaluation import Evaluation, evaluate
from dmpnet.trained.network import TrainedNetwork, parameters

SAMPLES = 100  # the first table within half a minute on numpy, where two cores are busy
COUNTED = 20  # samples that NeuroBench's metrics are counted on
FILES = ("predictions.csv", "sample.npz", "portrait.png", "portrait.pdf")
RECORDED = ("spikes", "m", "readout")
NETWORKS = {"smnist": "smnist-dmp2", "psmnist": "psmnist-dmp2", "shd-regen": "shd-regen-dmp2",
            "nmnist": "nmnist-dmp2", "braille": "braille-dmp2", "qtdb": "qtdb-dmp2"}
"""What reads each data set, unless told."""


def add(parsers) -> None:
    p = parsers.add_parser("run", description=__doc__ + " Exit code 1 if one differs.")
    p.add_argument("task", nargs="?", default="smnist", metavar="NETWORK",
                   choices=[*NETWORKS, *shipped.names(), *shipped.names("graphs")],
                   help="a shipped network or graph, or the data set that its DMP II is to read: smnist (handwritten "
                        "digits, pixel by pixel; the default), psmnist, shd-regen (spoken digits), nmnist (digits "
                        "before an event camera), braille, qtdb")
    p.add_argument("--weights", metavar="FILE",
                   help="another network, a graph too; it reads the data it was trained on")
    p.add_argument("--split", help="part of the data set: test, subset (what ships of it: 1,000 digits, 200 spoken, "
                                   "100 before the camera), train or validation (what the network was trained without; "
                                   "default: test where a folder is given or its files are there, else subset)")
    options.to_ledger(p)
    options.samples(p, default=SAMPLES)
    p.add_argument("--trainer", action="store_true",
                   help="also ask the PyTorch network, float32 and float64 (needs the extra: train)")
    options.backend(p)
    options.data_of_network(p)
    options.common(p, "dmpnet-run")
    p.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    check_backend(arguments.backend, arguments.processes, genn=True)
    with outputs.in_folder("run", arguments.out, arguments, "results.json", FILES) as out:
        return compare(arguments, out)


def compare(arguments: argparse.Namespace, out: outputs.Outputs) -> int:
    """Classify, compare, print and write; exit code 1 if a place differs."""
    name = arguments.weights or NETWORKS.get(arguments.task, arguments.task)
    network = networks.named(name)
    if arguments.trainer and isinstance(network, Graph):
        raise DmpnetError(f"--trainer: {name} is a graph, but the PyTorch network is that of `dmpnet train`; leave "
                          f"--trainer out (python -m dmpnet.torch.verdict compares graphs with their modules)")
    recordings = options.recordings(arguments, network, arguments.split)
    count, steps, channels = recordings.values.shape
    size = graph.parameters(network) if isinstance(network, Graph) else parameters(network)["paper"]
    print(textwrap.fill(f"{name} ({network.kind} {network.shape}, {size:,} parameters) reads {count:,} recordings of "
                        f"{recordings.name} ({recordings.split}), {steps} steps x {channels} channels, in Brian2 on "
                        f"{arguments.backend}", 80), end="\n\n")
    result = evaluate(network, recordings, arguments.backend, "simulating", arguments.processes,
                      to=arguments.ledger)
    rows = summary(result, arguments.backend)
    if arguments.trainer and isinstance(network, TrainedNetwork):
        rows += verdicts(network, recordings, result)
    print(terminal.table(rows, tablefmt="plain"))
    print()
    table = layers(network, result)
    print(terminal.table(table, floatfmt=".2f", intfmt=","))
    entry = provenance.record("run", script.given(arguments), data=recordings.source,
                              weights=network.provenance)
    from dmpnet.drawing import save  # Matplotlib takes a while to import: after the table
    from dmpnet.drawing.portrait import portrait

    with out.staged() as folder:
        told = {} if isinstance(network, Graph) else neurobench.metrics(network, recordings.batch(slice(COUNTED)))
        write(folder, entry, rows, table, told, result, reading.numbers(recordings))
        example(network, recordings, folder / "sample.npz")
        save(portrait(folder / "sample.npz"), folder / "portrait")
    print(f"\nfigure, predictions and provenance in {arguments.out}/")
    return options.verdict(result.mismatched, result.compared)


def summary(result: Evaluation, backend: str) -> list[tuple[str, str]]:
    n = len(result.labels)
    share = "%" if result.labels.ndim == 1 else "% of all steps"
    return [
        (f"accuracy in Brian2 ({backend})", f"{result.accuracy:.2f} {share}"),
        ("accuracy of the reference (NumPy, float64)", f"{result.reference_accuracy:.2f} {share}"),
        ("same class", f"{result.agreement:.2f} {share}"),
        ("spikes compared / mismatched", f"{sum(result.compared):,} places / {sum(result.mismatched):,}"),
        ("closest a membrane came to its threshold", f"{result.margin:.1e}{_in_rounding(result)}"),
        ("time per sample, Brian2", f"{1e3 * result.seconds / n:.2f} ms"),
        ("time per sample, NumPy reference", f"{1e3 * result.reference_seconds / n:.2f} ms"),
    ]


def _in_rounding(result: Evaluation) -> str:
    """The margin in units of rounding: what it is worth that no spike differs."""
    if np.isnan(result.rounding):
        return ""
    if np.isinf(result.rounding):
        return ", but rounding alone moves spikes"
    return f", {result.margin / result.rounding:,.0f} x rounding" if result.rounding else ", and nothing is rounded"


def verdicts(network: TrainedNetwork, recordings: data.Recordings, result: Evaluation) -> list[tuple[str, str]]:
    from dmpnet.training.verdict import predictions

    rows = []
    for dtype in ("float32", "float64"):
        theirs = predictions(network, recordings, dtype, progress=True)
        rows.append((f"PyTorch {dtype}: accuracy, classes that differ",
                     f"{100 * (theirs == recordings.labels).mean():.2f} %, {(theirs != result.predictions).sum()}"))
    return rows


def layers(network: TrainedNetwork | Graph, result: Evaluation) -> list[dict[str, object]]:
    of: list[dict[str, object]]
    if isinstance(network, Graph):
        of = [{"layer": name, "neurons": math.prod(network.nodes[name].shape_out)} for name in network.populations]
    else:
        of = [{"layer": number, "neurons": layer.N, "slow memory d": layer.slow.d if layer.slow else 0}
              for number, layer in enumerate(network.layers, 1)]
    return [row | {"active %": 100 * rate, "places compared": compared, "mismatched": mismatched}
            for row, rate, compared, mismatched in
            zip(of, result.rates, result.compared, result.mismatched, strict=True)]


def write(out: Path, entry: dict, rows: list, table: list, told: dict, result: Evaluation, numbers: np.ndarray) -> None:
    """results.json with provenance, predictions.csv with a line for each label: a sample, or a step of a sample.

    told : NeuroBench's metrics;  numbers : of the samples in the data set
    """
    provenance.write(out / "results.json", {"summary": dict(rows), "layers": table, "neurobench": told,
                                          "provenance": entry})
    columns = dict(zip(("sample", "step"), np.indices(result.labels.shape), strict=False))
    columns["sample"] = numbers[columns["sample"]]
    columns |= {"label": result.labels, "brian2": result.predictions, "reference": result.reference_predictions}
    with whole_file(out / "predictions.csv") as temporary:
        np.savetxt(temporary, np.stack([column.ravel() for column in columns.values()], axis=1), fmt="%d",
                   delimiter=",", header=",".join(columns), comments="")


def example(network: TrainedNetwork | Graph, recordings: data.Recordings, path: Path, sample: int = 0) -> None:
    """One recording through Brian2 with everything recorded, for the figure."""
    from dmpnet.brian.simulation import simulate

    s_in = recordings.batch([sample])
    seen = simulate(network, s_in, record=RECORDED if isinstance(network, TrainedNetwork) else ("spikes", "readout"))
    arrays = {"s_in": s_in[0], "label": recordings.labels[sample], "dt": recordings.dt,
              "readout": np.asarray(seen.readout)[0],
              "name": f"{recordings.name} {network.kind} {network.shape}"}
    if recordings.permutation is not None:
        arrays["permutation"] = recordings.permutation
    for number, layer in enumerate(seen.spikes, 1):
        arrays[f"spikes{number}"] = layer[0]
    if network.kappa is not None:
        arrays["logits"] = seen.logits[0]
    arrays |= {f"m{number}": m[0] for number, m in enumerate(seen.m, 1) if m is not None}
    write_arrays(path, **arrays)
