"""Convolutional networks for an event camera, trained: `python -m dmpnet.torch.camera nmnist-conv-dmp --out FOLDER`.

Two convolutions and two fully connected layers, the first of these with a slow memory (nmnist-conv-dmp) or without
(nmnist-conv-fsnn); dvs128-gesture-conv-dmp and -fsnn are reconstructions, on data that were not at hand (GESTURES).
The folder gets checkpoint.pt, curve.csv and graph.npz (the best epoch on a validation part of the training set);
killed and called again, training goes on to the same weights. It runs in one thread, without randomness but that of the
seed.
"""

import argparse
import csv
import math
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from dmpnet import data
from dmpnet.disk.files import digest_of_settings, whole_file
from dmpnet.equations.neurons import Neuron
from dmpnet.graph import Graph, file
from dmpnet.results import provenance
from dmpnet.torch.conversion import folded, graph_of
from dmpnet.torch.layers import DMP, LIF, EachStep, Readout
from dmpnet.training import checkpoint
from dmpnet.training.allocation import keep_freed_memory
from dmpnet.training.augmentation import augmented

CURVE = ("epoch", "lr", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rates", "seconds")
NOT_DECAYED = ("decay_logit", "lam")


@dataclass(frozen=True)
class Recipe:
    """One training run.

    channels, hidden : of the two convolutions, and neurons of the fully connected layer
    d, theta : its slow memory, d = 0 for none
    beta : of all neurons at the start, g = 1 - beta; each layer learns its own
    gain : what BatchNorm begins with, so that currents of unit variance make neurons fire
    shift_pixels to drop_events : augmentation, as in dmpnet.training.recipe;  dropout : of spikes before the
        fully connected layer
    """

    dataset: str = "nmnist-whole"
    channels: tuple[int, int] = (16, 32)
    hidden: int = 256
    d: int = 8
    theta: float = 30.0
    beta: float = 0.8
    gain: float = 2.5
    dropout: float = 0.2
    lr: float = 3e-3
    weight_decay: float = 0.05
    batch: int = 64
    epochs: int = 25
    shift_pixels: int = 2
    shift_steps: int = 1
    shift_channels: int = 0
    stretch: float = 0.0
    drop_events: float = 0.0
    validation: float = 0.1
    seed: int = 0

    def record(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def digest(self, name: str) -> str:
        """Name of all settings but the seed, for the network `name`."""
        return digest_of_settings({key: value for key, value in self.record().items() if key != "seed"}
                                  | {"name": name})


GESTURES = Recipe("dvs128-gesture", (32, 64), 256, 50, 400.0, 0.9, 4.0, batch=8, epochs=50)
"""A reconstruction of the network of Sun et al. 2026 on DVS128-Gesture, at whose steps of 1 ms it reads 1,000. They
publish the form, 1.07 M parameters without and 1.09 M with slow memory; channels, kernels, neurons, d and theta are
ours, so that the counts come out (W_f, kernels, readout; with it N d + d^2). It was not trained: the data are not at
hand."""
RECIPES = {"nmnist-conv-dmp": Recipe(), "nmnist-conv-fsnn": Recipe(d=0),
           "dvs128-gesture-conv-dmp": GESTURES, "dvs128-gesture-conv-fsnn": replace(GESTURES, d=0)}


def network(recipe: Recipe, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """The network before training, weights drawn by PyTorch's generator: s_in (B, T, *shape) to logits (B, classes)."""
    neuron = Neuron(beta=recipe.beta, g=1 - recipe.beta)
    first, second = recipe.channels
    layers = [EachStep(nn.Conv2d(shape[0], first, 5, 2, 1, bias=False), nn.BatchNorm2d(first)), LIF(neuron, True),
              EachStep(nn.Conv2d(first, second, 3, 2, 1, bias=False), nn.BatchNorm2d(second)), LIF(neuron, True),
              EachStep(nn.Flatten()), nn.Dropout(recipe.dropout)]
    with torch.no_grad():
        features = nn.Sequential(*layers)(torch.zeros(1, 1, *shape)).shape[-1]
    if recipe.d:
        layers.append(DMP(features, recipe.hidden, recipe.d, recipe.theta, neuron, True))
    else:
        plain = nn.Linear(features, recipe.hidden)
        nn.init.normal_(plain.weight, std=0.5 / (0.05 * features) ** 0.5)  # as DMP's W_f
        nn.init.zeros_(plain.bias)
        layers += [plain, LIF(neuron, True)]
    for module in layers:
        for norm in module.modules():
            if isinstance(norm, nn.BatchNorm2d):
                nn.init.constant_(norm.weight, recipe.gain)
                norm.reset_running_stats()
    return nn.Sequential(*layers, Readout(recipe.hidden, classes))


@dataclass
class Standing:
    """Whole epochs behind a run; the checkpoint is written after each."""

    epoch: int = 0
    best: float = -1.0
    best_epoch: int = 0
    curve: list[list] = field(default_factory=list)


class Run:
    """One recipe trained in one folder."""

    def __init__(self, name: str, recipe: Recipe, recordings: data.Recordings, folder: str | Path):
        self.name, self.recipe, self.data, self.folder = name, recipe, recordings, Path(folder)
        self.shape = recordings.grid or recordings.values.shape[2:]
        self.train, self.held_out = data.validation_split(recordings, recipe.validation, recipe.seed)
        torch.manual_seed(recipe.seed)
        self.net = network(recipe, self.shape, recordings.classes)
        kept = [p for n, p in self.net.named_parameters() if p.ndim < 2 or n.endswith(NOT_DECAYED)]
        others = [p for n, p in self.net.named_parameters() if not (p.ndim < 2 or n.endswith(NOT_DECAYED))]
        self.optimiser = torch.optim.AdamW([{"params": others, "weight_decay": recipe.weight_decay},
                                            {"params": kept, "weight_decay": 0.0}], lr=recipe.lr)
        self.standing = Standing()
        self.batches = math.ceil(len(self.train) / recipe.batch)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one; DmpnetError if it is of another recipe or data."""
        if not self.checkpoint.exists():
            return False
        state = checkpoint.read(self.checkpoint)
        for key, ours in (self.recipe.record() | {"data": self.data.checksum}).items():
            theirs = state["data"] if key == "data" else state["recipe"].get(key)
            if theirs != ours:
                raise checkpoint.another(self.checkpoint, key, theirs, ours)
        checkpoint.restore(self.checkpoint, state, self.net, [self.optimiser])
        self.standing = Standing(**state["progress"])
        return True

    def run(self, until: int | None = None) -> Standing:
        """Train to the last epoch, or to epoch `until`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind in (np.float32, np.float64):
            np.finfo(kind).smallest_subnormal  # noqa: B018  NumPy warns if it first looks where there are none
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # products are small: two threads wait for each other more than they help
        torch.set_flush_denormal(True)  # squares of small gradients: without, AdamW takes thirty times as long
        try:
            while self.standing.epoch < min(self.recipe.epochs, until or self.recipe.epochs):
                self._epoch()
        finally:
            torch.set_flush_denormal(False)
            torch.set_num_threads(threads)
        return self.standing

    def graph(self) -> Graph:
        """The network as it is now."""
        _, steps, _ = self.data.values.shape
        p, recipe = self.standing, self.recipe
        found = provenance.record("dmpnet.torch.camera", recipe.record() | {"name": self.name}, data=self.data.source,
                                  recipe=recipe.digest(self.name),
                                  epoch=p.epoch, validation_accuracy=p.best, training_samples=len(self.train),
                                  validation_samples=len(self.held_out))
        return graph_of(self.net, self.shape, self.data.dt, self.data.kind, steps, self.data.name, found)

    def _epoch(self) -> None:
        p, recipe, began = self.standing, self.recipe, time.perf_counter()
        order = np.random.RandomState((recipe.seed, p.epoch)).permutation(self.train)
        torch.manual_seed(1_000_003 * recipe.seed + p.epoch)
        self.net.train()
        lost = correct = 0.0
        for batch in range(self.batches):
            chosen = order[batch * recipe.batch:(batch + 1) * recipe.batch]
            draw = np.random.SeedSequence((recipe.seed, p.epoch, batch)).generate_state(1)[0]
            lr = rate_at(recipe, p.epoch + batch / self.batches)
            for group in self.optimiser.param_groups:
                group["lr"] = lr
            s_in = augmented(self.data.batch(chosen, np.float32), recipe, draw, self.data.grid)
            labels = torch.from_numpy(self.data.labels[chosen])
            logits = self.net(self._shaped(s_in))
            loss = nn.functional.cross_entropy(logits, labels)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            lost += loss.item() * len(chosen)
            correct += int((logits.argmax(1) == labels).sum())
        told, accuracy, rates = self.evaluate(self.held_out)
        p.epoch += 1
        p.curve.append([p.epoch, lr, lost / len(order), correct / len(order), told, accuracy,
                        " ".join(f"{rate:.4f}" for rate in rates), round(time.perf_counter() - began, 1)])
        if accuracy > p.best:
            p.best, p.best_epoch = accuracy, p.epoch
            file.save(self.graph(), self.folder / "graph.npz")
        self._save()

    @torch.no_grad()
    def evaluate(self, index: np.ndarray) -> tuple[float, float, list[float]]:
        """(mean loss, accuracy, mean rate of each spiking layer) of recordings `index`, as after training."""
        net = folded(self.net)
        loss, correct, rates = 0.0, 0, []
        for chosen in np.array_split(index, math.ceil(len(index) / 64)):
            labels = torch.from_numpy(self.data.labels[chosen])
            seen = []
            signal = self._shaped(self.data.batch(chosen, np.float32))
            for module in net:
                signal = module(signal)
                if isinstance(module, (LIF, DMP)):
                    seen.append(signal.mean().item())
            loss += nn.functional.cross_entropy(signal, labels, reduction="sum").item()
            correct += int((signal.argmax(1) == labels).sum())
            rates.append(seen)
        return loss / len(index), correct / len(index), np.mean(rates, axis=0).tolist()

    def _shaped(self, s_in: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(s_in).reshape(*s_in.shape[:2], *self.shape)

    def _save(self) -> None:
        checkpoint.write(self.checkpoint, {
            "recipe": self.recipe.record(), "model": self.net.state_dict(), "start": None, "products": "float32",
            "optimisers": [self.optimiser.state_dict()], "data": self.data.checksum,
            "progress": dict(self.standing.__dict__)})
        with whole_file(self.folder / "curve.csv") as temporary, open(temporary, "w", newline="") as written:
            csv.writer(written).writerows([CURVE, *self.standing.curve])


def rate_at(recipe: Recipe, epoch: float) -> float:
    """Learning rate: up in the first epoch, then along a cosine to 1 % of its peak."""
    if epoch < 1:
        return recipe.lr * (0.1 + 0.9 * epoch)
    done = (epoch - 1) / max(recipe.epochs - 1, 1)
    return recipe.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dmpnet.torch.camera", description=__doc__)
    parser.add_argument("name", choices=tuple(RECIPES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder; a run in it goes on")
    parser.add_argument("--data", type=Path, help="folder with the data set, else as DMPNET_DATA says")
    for name in ("epochs", "d", "shift_pixels", "shift_steps", "hidden", "batch"):
        parser.add_argument("--" + name.replace("_", "-"), type=int)
    for name in ("lr", "theta", "beta", "dropout", "weight_decay", "stretch", "drop_events", "gain"):
        parser.add_argument("--" + name.replace("_", "-"), type=float)
    given = vars(parser.parse_args())
    name, folder, out = given.pop("name"), given.pop("data"), given.pop("out")
    recipe = replace(RECIPES[name], **{key: value for key, value in given.items() if value is not None})
    keep_freed_memory()
    run = Run(name, recipe, data.load(recipe.dataset, "train", folder), out)
    if run.resume():
        print(f"goes on after epoch {run.standing.epoch}", flush=True)
    while run.standing.epoch < recipe.epochs:
        run.run(run.standing.epoch + 1)
        print(*run.standing.curve[-1], flush=True)
    print(f"best: {100 * run.standing.best:.2f} % of the validation part, epoch {run.standing.best_epoch}")


if __name__ == "__main__":
    main()
