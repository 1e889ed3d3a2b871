"""Do networks of nodes spike in Brian2 as in the reference? Convolutional networks and NIR files, every place compared.

Shipped graphs classify the test part that they were made for. A NIR file with N-MNIST's 2 x 34 x 34 pixels reads the
same recordings in binary steps of 1 ms; any other reads spikes drawn at random, and no accuracy is told. --race
instead times the first graph in C++ beside its PyTorch module, in the same call; nothing else should run then.

python analyses/any_network.py --data FOLDER --nir cnn_sinabs.nir braille_noDelay_bias_zero.nir
"""

import argparse
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

import dmpnet
from dmpnet import nir, reference
from dmpnet.brian.simulation import prepare, simulate
from dmpnet.data import Recordings, catalogue, folders, nmnist
from dmpnet.disk import shipped
from dmpnet.graph import Graph, networks
from dmpnet.results import ledger, options, provenance, script
from dmpnet.system import progress
from dmpnet.trained.activity import mismatches

DRAWN, STEPS, RATE = 50, 256, 0.05
"""Samples, steps and spikes a channel and step, where there are no recordings."""
DRAWN_NAME = "drawn at random"
BATCH = 100
"""Samples simulated at a time."""
RACED = 1000
WINDOW = 300
"""Steps of 1 ms."""


def main() -> None:
    parser = options.script(__doc__, "analyses/results/any_network.json")
    parser.add_argument("--nir", nargs="*", type=Path, default=[], metavar="FILE")
    parser.add_argument("--networks", nargs="*", metavar="NAME", help="default: all shipped graphs, all seeds",
                        default=[f"{name}/seed{seed}" for name in shipped.names("graphs")
                                 for seed in shipped.runs(name, "graphs")])
    parser.add_argument("--backends", nargs="+", default=["numpy", "cpp_standalone"], metavar="NAME")
    parser.add_argument("--race", action="store_true", help="time, compare nothing")
    options.samples(parser)
    options.to_ledger(parser)
    options.quick(parser, "20 samples of the validation part of the first graph, one back end", few=20,
                  networks=[f"{shipped.names('graphs')[0]}/seed0"], backends=["numpy"])
    arguments = script.parsed(parser, "any_network")
    if arguments.race:
        speed = raced(arguments)
        print("\n".join(f"{key}: {value:.3g}" for key, value in speed.items()))
        provenance.write(arguments.out, provenance.record("any_network", script.given(arguments), speed=speed))
        return
    rows: list[dict[str, Any]] = []
    for name in arguments.networks:
        graph: Any = networks.named(name)
        recordings = options.part(options.shown(arguments, graph), arguments.samples, arguments.seed)
        rows += compared(name, graph, recordings, arguments)
    for path in arguments.nir:
        graph = dmpnet.from_nir(path, nir.report(path).dt)  # 1 ms where the file does not tell
        recordings = options.part(camera(arguments.data) if graph.encoding.channels == nmnist.channels(1)
                                  else drawn(graph), arguments.samples, arguments.seed)
        graph = replace(graph, encoding=replace(graph.encoding, kind="spikes", dataset=recordings.name,
                                                steps=recordings.values.shape[1]))
        rows += compared(path.name, graph, recordings, arguments)
    print(tabulate(rows, headers="keys", floatfmt=".2f", intfmt=","))
    given = script.given(arguments) | {"nir": [path.name for path in arguments.nir]}
    provenance.write(arguments.out, provenance.record("any_network", given, rows=rows))


def compared(name: str, graph: Graph, recordings: Recordings, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A row a back end; the reference runs once. Accuracy on a test part is a look, in the ledger."""
    seen = {backend: Seen() for backend in arguments.backends}
    margin, rates = np.inf, np.zeros(len(graph.populations))
    with progress.telling(name, len(recordings), "sample", name) as tell:
        for first in range(0, len(recordings), BATCH):
            s_in = recordings.batch(slice(first, first + BATCH))
            want = reference.run(graph, s_in)
            margin = min(margin, want.margin)
            rates += len(s_in) * np.array([rate.mean() for rate in want.rates]) / len(recordings)
            for backend, line in seen.items():
                prepare(graph, s_in, backend)
                got = simulate(graph, s_in, backend=backend)
                line.pairs += np.sum(mismatches(got, want), axis=0)
                line.other += int((got.predictions != want.predictions).sum())
                line.right += int((got.predictions == recordings.labels[first:first + BATCH]).sum())
            tell(first + len(s_in))
    if told := recordings.name != DRAWN_NAME:
        right = next(iter(seen.values())).right
        ledger.note(graph, recordings, 100 * right / len(recordings), name.partition("/")[0], arguments.ledger)
    return [{"network": name, "back end": backend, "samples": len(recordings),
             "test %": 100 * line.right / len(recordings) if told else None,
             "active %": ", ".join(f"{100 * rate:.1f}" for rate in rates), "places": int(line.pairs[0]),
             "mismatched": int(line.pairs[1]), "other class": line.other, "margin": margin}
            for backend, line in seen.items()]


@dataclass
class Seen:
    """What a back end did: places compared and mismatched, classes other than the reference's, and right."""

    pairs: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))
    other: int = 0
    right: int = 0


def camera(folder: Path | None) -> Recordings:
    """The test part of N-MNIST in steps of 1 ms, 0 or 1 a pixel, polarity and step."""
    found = folders.find(catalogue.entry("nmnist-whole", "test"), "test", folders.data_folder(folder))
    if found is None:
        raise folders.missing("nmnist-whole", "test", folders.data_folder(folder))
    values, labels, source = nmnist.read("test", found[0], WINDOW, 1, 1)
    return Recordings("nmnist-whole", "test", "spikes", values, 1.0, labels, None, 10, 1e-3, None, source)


def drawn(graph: Graph) -> Recordings:
    """Spikes at random, without labels."""
    spikes = np.random.default_rng(0).random((DRAWN, STEPS, graph.encoding.channels)) < RATE
    return Recordings(DRAWN_NAME, "test", "spikes", spikes.astype(np.uint8), 1.0, np.zeros(DRAWN, int), None,
                      graph.classes, graph.encoding.dt)


def raced(arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds for RACED recordings: the module in float32 and Brian2 in C++, compiled before; best of three."""
    import torch

    from dmpnet.torch.verdict import module_of

    graph: Any = networks.named(arguments.networks[0])
    s_in = options.shown(arguments, graph).batch(slice(RACED))
    samples = len(s_in)
    net = module_of(graph).float().eval()
    shaped = torch.from_numpy(s_in).float().reshape(*s_in.shape[:2], *graph.nodes[graph.input].shape_out)

    @torch.no_grad()
    def module() -> None:
        for piece in shaped.split(100):
            net(piece)

    prepare(graph, s_in, "cpp_standalone", 2)
    brian2 = min(seconds(lambda: simulate(graph, s_in, backend="cpp_standalone", record=(), processes=2))
                 for _ in range(3))
    torchs = min(seconds(module) for _ in range(3))
    return {"samples": samples, "PyTorch float32, s": torchs, "Brian2 C++, 2 processes, s": brian2,
            "Brian2 / PyTorch": brian2 / torchs}


def seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    script.told(main)
