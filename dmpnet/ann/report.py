"""Which layer loses it: rates of a converted network beside the activations they stand for, layer by layer.

    correlation, error   of lambda_l rate with the activation, over units and samples (dmpnet.trained.rates)
    own error            the same with what the layer of the ANN gives on the rates that the population itself received:
                         what is lost here, not brought along
    cut off              activations above lambda_l, which no rate reaches
    accuracy from here   of the ANN's layers after this one on these rates: what is lost up to here
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dmpnet.ann.network import Network, samples
from dmpnet.errors import DmpnetError
from dmpnet.graph import Graph, Population
from dmpnet.reference import graphs
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.activity import Activity
from dmpnet.trained.rates import Agreement

HELD = 100_000_000
"""Spikes held at once, of all steps of the samples simulated at a time."""
STEPS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Numbers of steps T at which accuracy is told, and the last."""

Run = Callable[..., Activity]


@dataclass(frozen=True)
class Examined:
    """What a converted network did on n labelled samples.

    ann, snn : (n,) classes of both, the second after all steps
    by_steps : (n,) classes after T steps, by T
    layers : a row a population, as the docstring of this file has it
    """

    labels: np.ndarray | None
    ann: np.ndarray
    by_steps: dict[int, np.ndarray]
    layers: list[dict[str, Any]]

    @property
    def snn(self) -> np.ndarray:
        return self.by_steps[max(self.by_steps)]

    def accuracy(self) -> list[dict[str, Any]]:
        """Accuracy and agreement with the ANN against T, the ANN itself first; percent."""
        rows: list[dict[str, Any]] = [{"steps": "ANN", "accuracy %": _percent(self.ann, self.labels)}]
        for T, classes in self.by_steps.items():
            rows.append({"steps": T, "accuracy %": _percent(classes, self.labels),
                         "points lost": _lost(self.ann, classes, self.labels),
                         "same class as the ANN %": _percent(classes, self.ann)})
        return rows


def layer_report(network: Network, graph: Graph, x: np.ndarray, labels: np.ndarray | None = None,
                 steps: int | None = None) -> list[dict[str, Any]]:
    """A row for every population of `graph`, made from `network`, on samples x (B, *shape)."""
    return examined(network, graph, x, labels, steps).layers


def examined(network: Network, graph: Graph, x: np.ndarray, labels: np.ndarray | None = None, steps: int | None = None,
             run: Run = graphs.run, progress: Progress = None) -> Examined:
    """Both networks on x (B, *shape), the converted one for `steps`, or what it was made for.

    run : what runs a graph, the reference or Brian2
    progress : called with (done, total) in samples; True or a name: a bar; None: silent
    """
    x, T = samples(network, x), steps or graph.encoding.steps
    lam = _lambdas(network, graph)
    held = _Held(network, graph, lam, labels)
    times = [each for each in STEPS if each < T] + [T]
    classes: dict[int, list[np.ndarray]] = {each: [] for each in times}
    neurons = sum(math.prod(graph.nodes[name].shape_out) for name in graph.populations)
    piece = int(np.clip(HELD // (T * neurons), 1, 200))
    with telling(progress, len(x), "sample", "simulating") as tell:
        for first in range(0, len(x), piece):
            some = x[first:first + piece]
            held_still = np.broadcast_to(some[:, None], (len(some), T, *some.shape[1:]))
            activity = run(graph, held_still, ("spikes", "readout"))
            so_far = np.cumsum(np.asarray(activity.readout), axis=1)
            for each in times:
                classes[each].append(so_far[:, each - 1].argmax(axis=-1))
            held.add(some, [counts / T for counts in activity.counts], slice(first, first + piece))
            tell(first + len(some))
    return Examined(labels, np.concatenate(held.ann), {each: np.concatenate(row) for each, row in classes.items()},
                    held.rows())


class _Held:
    """Rates of every population beside the activations of the network, sample by sample."""

    def __init__(self, network: Network, graph: Graph, lam: dict[str, float], labels: np.ndarray | None):
        self.network, self.graph, self.lam, self.labels = network, graph, lam, labels
        self.all, self.own = ([Agreement() for _ in lam] for _ in range(2))
        self.rate, self.cut, self.right, self.n = np.zeros(len(lam)), np.zeros(len(lam)), np.zeros(len(lam)), 0
        self.ann: list[np.ndarray] = []

    def add(self, x: np.ndarray, rates: list[np.ndarray], where: slice) -> None:
        wanted = self.network.activations(x)
        self.ann.append(wanted[-1].reshape(len(x), -1).argmax(axis=-1))
        before = x
        for number, (lam, rate) in enumerate(zip(self.lam.values(), rates, strict=True)):
            stage = self.network.stages[number]
            want = np.maximum(wanted[number], 0)
            got = lam * rate.reshape(want.shape)
            self.all[number].add(got, want)
            self.own[number].add(got, np.maximum(self.network.through(stage, before), 0))
            self.rate[number] += len(x) * rate.mean()
            self.cut[number] += len(x) * (want > lam).mean()
            before = got
            if self.labels is not None:
                self.right[number] += (self._continued(number, got) == self.labels[where]).sum()
        self.n += len(x)

    def _continued(self, number: int, x: np.ndarray) -> np.ndarray:
        """Classes that the stages after `number` tell from x."""
        for stage in self.network.stages[number + 1:]:
            x = self.network.through(stage, x)
        return x.reshape(len(x), -1).argmax(axis=-1)

    def rows(self) -> list[dict[str, Any]]:
        found = []
        for number, (name, lam) in enumerate(self.lam.items()):
            row = {"layer": name, "neurons": int(np.prod(self.graph.nodes[name].shape_out)), "lambda": lam,
                   "rate %": 100 * self.rate[number] / self.n, "correlation": self.all[number].correlation,
                   "error %": 100 * self.all[number].error, "own error %": 100 * self.own[number].error,
                   "cut off %": 100 * self.cut[number] / self.n}
            if self.labels is not None:
                row["accuracy from here %"] = 100 * self.right[number] / self.n
            found.append(row)
        return found


def _lambdas(network: Network, graph: Graph) -> dict[str, float]:
    """lambda by population, in order; DmpnetError unless the graph was made from such a network."""
    lam = graph.provenance.get("lambda", {})
    names = [name or "counts" for _, name in network.stages]
    names = names if "counts" in lam else [name for name in names if name != "counts"]
    if list(lam) != names or any(not isinstance(graph.nodes.get(name), Population) for name in names):
        raise DmpnetError(f"graph: scales of {', '.join(lam) or 'no layer'}, but the ANN has {', '.join(names)}; give "
                          f"the graph that dmpnet.ann.convert made of it")
    return {name: float(lam[name]) for name in names}


def _percent(classes: np.ndarray, labels: np.ndarray | None) -> float:
    return float("nan") if labels is None else 100 * float((classes == labels).mean())


def _lost(ann: np.ndarray, snn: np.ndarray, labels: np.ndarray | None) -> float:
    return _percent(ann, labels) - _percent(snn, labels)
