"""What the C++ program of a trained network depends on, and the files it reads: weights, biases and delays.

With shared coupling a program is made for an architecture, and other weights are other files of it; by synapses its
sizes depend on the input, so that one is compiled for each batch.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.brian import axons, connections, membranes, programs, recorded, shared
from dmpnet.brian.standalone import Report, gathered
from dmpnet.brian.timing import timing
from dmpnet.equations.membrane import Membranes
from dmpnet.system.processes import Children, children, held
from dmpnet.trained import weights
from dmpnet.trained.activity import Activity
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


@dataclass(frozen=True)
class Trained:
    """The plan of a trained network of shared coupling.

    own : membranes in place of the trained decays, one a layer
    """

    network: TrainedNetwork
    own: Membranes = ()

    def specification(self, batch: int, steps: int, record: tuple[str, ...]) -> dict[str, Any]:
        """Sizes, neuron constants and membranes, no weights, no delays."""
        network = self.network
        return {"layers": [_shaping(layer, steps) for layer in network.layers], "classes": network.classes,
                "kind": network.encoding.kind, "dt": float(network.encoding.dt), "batch": batch, "steps": steps,
                "record": sorted(recorded.needed(network, record)), "membranes": membranes.described(self.own)}

    def save_blank(self, path: Path, steps: int) -> None:
        weights.save(blank(self.network, steps), path)

    def constants(self, batch: int, steps: int) -> dict[str, np.ndarray]:
        network = self.network
        found = {f"{link.name}.w": np.ascontiguousarray(link.weights.T) for link in connections.connections(network)}
        found |= {name: np.tile(array, batch) for name, array in connections.biases(network).items()}
        return found | {f"{each.delays}.steps": each.steps for each in connections.axons(network, steps)}

    def stimulus(self, piece: np.ndarray) -> np.ndarray:
        return shared.by_step(self.network, piece)

    def activity(self, read: recorded.Read, shape: tuple[int, ...], record: tuple[str, ...], keep: int) -> Activity:
        return recorded.read_activity(read, self.network, shape, timing(self.network, shape[1], "shared"), record, keep)


def _shaping(layer: Layer, steps: int) -> dict[str, Any]:
    """What of a layer its code depends on."""
    return {"N": layer.N, "M": layer.M, "neuron": asdict(layer.neuron), "W_r": layer.W_r is not None,
            "slow": {"d": layer.slow.d, "d_s": int(layer.slow.d_s), "acts": layer.acts,
                     "lookahead": layer.slow.nu is not None} if layer.slow else None,
            "integers": layer.arithmetic, "adapts": layer.adaptation is not None,
            "betas": layer.beta is not None,
            "modes": (layer.modes.n, layer.modes.emits) if layer.modes else None,
            "slots": axons.slots(layer.delay, steps) if layer.delay is not None else None}


def blank(network: TrainedNetwork, steps: int) -> TrainedNetwork:
    """`network` with placeholders for everything that a program reads when it runs: no weight shapes a program."""
    layers = [replace(layer.emptied(), delay=None if layer.delay is None else np.full_like(
        layer.delay, axons.slots(layer.delay, steps) - 1)) for layer in network.layers]
    return replace(network, layers=tuple(layers), W_o=0 * network.W_o, b_o=0 * network.b_o, provenance={},
                   encoding=replace(network.encoding, steps=steps, permutation=None))


def run_each(network: TrainedNetwork, pieces: Iterator[tuple[np.ndarray, int]], record: tuple[str, ...],
             processes: int = 1, done: Callable[[int], None] = lambda samples: None, own: Membranes = (),
             report: Report = programs.told) -> list[Activity]:
    """As standalone.run, by synapses."""
    report("compiling a C++ program for each batch, usually 15 to 25 s")
    with held() as scratch, children() as started:
        return gathered(_Whole(network, record, scratch, started, own).run, pieces, processes, started, done)


class _Whole:
    """Compiles and runs one batch at a time, nothing kept: for couplings whose sizes depend on the input."""

    @programs.room()
    def __init__(self, network: TrainedNetwork, record: tuple[str, ...], scratch: Path, started: Children,
                 own: Membranes = ()):
        self.scratch, self.started, self.record = scratch, started, record
        weights.save(network, scratch / "network.npz")
        (scratch / "membranes.json").write_text(json.dumps(membranes.described(own)))

    @programs.room()
    def run(self, piece: np.ndarray, keep: int) -> Activity:
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        np.save(folder / "s_in.npy", piece)
        self.started.call([sys.executable, "-m", "dmpnet.brian.standalone_project", str(folder), "--whole",
                           str(self.scratch / "network.npz"), str(keep), *self.record], folder,
                          "compiling and running the C++ program")
        return recorded.loaded(folder / "activity.npz")
