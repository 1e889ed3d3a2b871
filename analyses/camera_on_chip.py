"""Do convolutional networks of an event camera fit a chip, and is a second of input there in under 5 ms?

Two networks on the chip `dmp-camera`, whose sizes, lanes and clock are ours, and on the same chip with other lanes:

    nmnist-conv-dmp   as it ships, on N-MNIST recordings it was not trained on, spikes of the NumPy reference
    gestures          our reconstruction of the network of Sun et al. 2026 on DVS128-Gesture (dmpnet.torch.camera),
                      untrained: DVS128-Gesture was not at hand. Its events are drawn: every unit of the input and of
                      every layer fires in a step with the probability stated

The paper prints "under 5 ms" for a second of video and neither clock nor events; cycles and energy are a model of ours
(dmpnet.hardware.cycles, actions), no measurement, the clock an assumption. Layers take a step one after the other;
`slowest layer` is what cores side by side would come to.

python analyses/camera_on_chip.py --data FOLDER        (two minutes)
"""

from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet.commands.fit import counted, layers
from dmpnet.disk import shipped
from dmpnet.graph import file
from dmpnet.graph.graph import Graph, parameters
from dmpnet.hardware import chip as chips
from dmpnet.hardware import graph_workload, prices
from dmpnet.hardware.fit import fit
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.workload import Workload
from dmpnet.results import options, provenance, published, script, validation
from dmpnet.trained.activity import Activity

CHIP = "dmp-camera"
LANES = (16, 64, 256)
RATES = (0.01, 0.02, 0.05, 0.10)
"""Of every unit of input and layers of the untrained network."""
PAPER_MS = float(published.of("claims")["milliseconds"])
"""Sun et al. 2026: "under 5 ms" for a second of video on DVS128-Gesture."""
DRAWN = 4
"""Samples of events that are drawn; one with --quick."""


def gestures(seed: int) -> Graph:
    """The reconstruction, its weights as before training."""
    import torch

    from dmpnet.data.dvs128_gesture import DATASETS, POOLED
    from dmpnet.torch import camera, graph_of

    shape, dataset = (2, POOLED, POOLED), DATASETS["dvs128-gesture"]
    torch.manual_seed(seed)
    net = camera.network(camera.RECIPES["dvs128-gesture-conv-dmp"], shape, dataset.classes)
    return graph_of(net, shape, dataset.dt, steps=dataset.T, dataset="dvs128-gesture")


def drawn(graph: Graph, rate: float, rng: np.random.Generator, samples: int = DRAWN) -> list[Workload]:
    """What cores do if every unit fires with probability `rate` in a step."""
    def events(name: str) -> np.ndarray:
        size = int(np.prod(graph.nodes[name].shape_out))
        return rng.random((samples, graph.encoding.steps, size), np.float32) < rate

    made = [events(name) for name in graph.populations]
    return graph_workload.of(graph, Activity(np.zeros(0), [], spikes=made), events(graph.input))


def told(graph: Graph, works: list[Workload], chip: Chip, case: dict[str, Any]) -> dict[str, Any]:
    """A run on a chip: does it fit, cycles, latency, energy."""
    report = fit(graph, chip, [int(work.S.max()) for work in works])
    costs = {line["quantity"]: line["value"] for line in prices.report(works, chip, dt=graph.encoding.dt)}
    steps = 1 / graph.encoding.dt
    ms = costs["ms for a second of input, all layers"]
    names = list(graph.populations)
    return case | {
        "lanes": chip.limits.lanes, "fits": report.ok, "active %": [100 * float(work.sent.mean()) / work.N
                                                                  for work in works],
        "cycles a step": costs["cycles a step, all layers"], "ms a second": ms, "under 5 ms": ms < PAPER_MS,
        "ms a second, slowest layer": costs["ms for a second of input, slowest layer"],
        "uJ a second": costs["pJ a step"] * steps / 1e6, "MHz for 5 ms": costs["cycles a step, all layers"] * steps
        / (PAPER_MS / 1e3) / 1e6, "layers": layers(names, works, chip)}


def main() -> None:
    parser = options.script(__doc__, "analyses/results/camera_on_chip.json")
    parser.add_argument("--samples", type=options.count(1), default=200, help="N-MNIST recordings (default: 200)")
    options.quick(parser, "10 recordings of the validation part, one drawn, two rates", samples=10)
    arguments = script.parsed(parser, "camera_on_chip")
    digits = file.load(shipped.path("nmnist-conv-dmp", "graphs"))
    recordings = options.recordings(arguments, digits, validation.VALIDATION if arguments.quick else "test")
    networks = {"nmnist-conv-dmp": digits, "dvs128-gesture-conv-dmp": gestures(arguments.seed)}
    rng = np.random.default_rng(arguments.seed)
    runs = [("nmnist-conv-dmp", "recorded", counted(digits, recordings))]
    runs += [("dvs128-gesture-conv-dmp", f"drawn, {100 * rate:g} %",
              drawn(networks["dvs128-gesture-conv-dmp"], rate, rng, 1 if arguments.quick else DRAWN))
             for rate in (RATES[::2] if arguments.quick else RATES)]
    described = [chips.changed(chips.load(CHIP), {"limits.lanes": lanes}) for lanes in LANES]
    rows = [told(networks[name], works, chip, {"network": name, "events": events})
            for name, events, works in runs for chip in described]
    fits = {name: fit(graph, chips.load(CHIP)).record() for name, graph in networks.items()}
    show(rows)
    provenance.write(arguments.out, {
        "rows": rows, "fit": fits, "paper_ms": PAPER_MS, "clock_hz": chips.load(CHIP).clock.hz,
        "parameters": {name: parameters(graph) for name, graph in networks.items()},
        "not run": "DVS128-Gesture itself; the reconstruction is untrained and its events are drawn"}
        | provenance.record("camera_on_chip", script.given(arguments), data=recordings.source,
                            chip=chips.load(CHIP).source, weights=digits.provenance))


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print(tabulate([{key: value for key, value in row.items() if key not in ("layers", "active %")} for row in rows],
                   headers="keys", floatfmt=",.3g"))


if __name__ == "__main__":
    script.told(main)
