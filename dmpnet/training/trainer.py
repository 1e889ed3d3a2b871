"""Surrogate-gradient training with checkpoints: killed anywhere, it resumes to the same weights."""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from dmpnet import provenance, weights
from dmpnet.data import Recordings, validation_split
from dmpnet.errors import DmpnetError
from dmpnet.files import whole_file
from dmpnet.training.allocation import keep_freed_memory
from dmpnet.training.model import SpikingNetwork
from dmpnet.training.recipe import Recipe
from dmpnet.weights import Encoding

CURVE = ("epoch", "lr", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rates", "seconds")


@dataclass
class Progress:
    """Where a run stands; all of it is in the checkpoint."""

    epoch: int = 0
    batch: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    best: float = -1.0
    best_epoch: int = 0
    curve: list[list] = field(default_factory=list)


def encoding_of(recordings: Recordings) -> Encoding:
    """What a network trained on these recordings expects."""
    _, steps, channels = recordings.values.shape
    return Encoding(recordings.kind, channels, steps, recordings.dt, recordings.name, recordings.permutation)


class Trainer:
    """Trains one recipe in one folder: checkpoint.pt, curve.csv, weights.npz (best epoch on validation).

    report : called with (progress, batches per epoch) after every batch
    """

    def __init__(self, recipe: Recipe, recordings: Recordings, folder: str | Path,
                 report: Callable[[Progress, int], None] | None = None, every: int = 100):
        self.recipe, self.data, self.folder = recipe, recordings, Path(folder)
        self.report, self.every = report, every
        if recordings.values.shape[2] != recipe.sizes[0] or recordings.classes != recipe.sizes[-1]:
            raise DmpnetError(f"recipe: sizes {recipe.sizes}, but {recordings.name} has {recordings.values.shape[2]} "
                              f"channels and {recordings.classes} classes; set the first and last size to these")
        self.train, self.held_out = validation_split(recordings, recipe.validation, recipe.seed)
        keep_freed_memory()
        torch.manual_seed(recipe.seed)
        self.model = SpikingNetwork(recipe.architecture, products=getattr(torch, recipe.gradients))
        # AdamW without weight decay is Adam
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
        self.progress = Progress()
        self.origin = provenance.record("train", recipe.record(), data=recordings.source)
        self.batches = math.ceil(len(self.train) / recipe.batch)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def resume(self) -> bool:
        """Continue from the folder's checkpoint, if there is one; raises DmpnetError if it is of another recipe."""
        if not self.checkpoint.exists():
            return False
        try:
            state = torch.load(self.checkpoint, weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            raise DmpnetError(f"{self.checkpoint}: not a whole checkpoint ({error.__class__.__name__}); delete it to "
                              f"start again") from error
        theirs, ours = state["recipe"], self.recipe.record()
        differ = [key for key in ours if theirs.get(key) != ours[key] and key != "epochs"]
        if differ or (theirs["epochs"] != ours["epochs"] and self.recipe.schedule == "cosine"):
            key = (differ or ["epochs"])[0]
            raise DmpnetError(f"{self.checkpoint}: trained with {key} = {theirs.get(key)!r}, but this run asks for "
                              f"{ours[key]!r}; use another --out folder, or the same settings")
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"])
        self.progress = Progress(**state["progress"])
        return True

    def save(self) -> None:
        state = {"recipe": self.recipe.record(), "model": self.model.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "random": torch.get_rng_state(),
                 "progress": dict(self.progress.__dict__)}
        with whole_file(self.checkpoint) as temporary:
            torch.save(state, temporary)

    def run(self) -> Progress:
        """Train to the last epoch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        while self.progress.epoch < self.recipe.epochs:
            self._epoch()
        return self.progress

    def _epoch(self) -> None:
        p = self.progress
        order = np.random.RandomState((self.recipe.seed, p.epoch)).permutation(self.train)
        self.model.train()
        while p.batch < self.batches:
            start = time.perf_counter()
            chosen = order[p.batch * self.recipe.batch : (p.batch + 1) * self.recipe.batch]
            lr = self._step(chosen)
            p.seconds += time.perf_counter() - start
            p.batch += 1
            if self.report:
                self.report(p, self.batches)
            if p.batch % self.every == 0 and p.batch < self.batches:
                self.save()
        loss, accuracy, rates = self.evaluate(self.held_out)
        p.epoch += 1
        p.curve.append([p.epoch, lr, p.loss / p.seen, p.correct / p.seen, loss, accuracy,
                        " ".join(f"{rate:.4f}" for rate in rates), round(p.seconds, 1)])
        if accuracy > p.best and p.epoch > self.recipe.rate_ramp:
            p.best, p.best_epoch = accuracy, p.epoch
            self._write_weights(rates)
        p.batch = p.correct = p.seen = 0
        p.loss = 0.0
        self._write_curve()
        self.save()

    def _step(self, chosen: np.ndarray) -> float:
        p, recipe = self.progress, self.recipe
        lr = rate_at(recipe, p.epoch + p.batch / self.batches)
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        s_in = torch.from_numpy(shifted(self.data.batch(chosen, np.float32), recipe, (recipe.seed, p.epoch, p.batch)))
        labels = torch.from_numpy(self.data.labels[chosen])
        logits, rates = self.model(s_in)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        weight = recipe.rate_weight * min(1.0, (p.epoch + 1) / (recipe.rate_ramp + 1))
        total = loss + weight * sum(torch.relu(r.mean() - recipe.rate_target) for r in rates)
        if not torch.isfinite(total):
            raise DmpnetError(f"training diverged: loss {total.item()} at epoch {p.epoch + 1}, batch {p.batch + 1}; "
                              f"lower --lr (now {recipe.lr:g}); {self.checkpoint} still holds the state before")
        self.optimiser.zero_grad()
        total.backward()
        self.optimiser.step()
        p.loss += loss.item() * len(chosen)
        p.correct += int((logits.argmax(1) == labels).sum())
        p.seen += len(chosen)
        return lr

    @torch.no_grad()
    def evaluate(self, index: np.ndarray) -> tuple[float, float, list[float]]:
        """(mean loss, accuracy, mean rate of each layer) on recordings `index`, without dropout."""
        self.model.eval()
        loss, correct, rates = 0.0, 0, np.zeros(len(self.model.layers))
        for start in range(0, len(index), self.recipe.batch):
            chosen = index[start : start + self.recipe.batch]
            labels = torch.from_numpy(self.data.labels[chosen])
            logits, layer_rates = self.model(torch.from_numpy(self.data.batch(chosen, np.float32)))
            loss += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))
            correct += int((logits.argmax(1) == labels).sum())
            rates += [float(rate.mean()) * len(chosen) for rate in layer_rates]
        return loss / len(index), correct / len(index), list(rates / len(index))

    def _write_weights(self, rates: list[float]) -> None:
        p = self.progress
        found = {"epoch": p.best_epoch, "validation_accuracy": p.best, "validation_samples": len(self.held_out),
                 "training_samples": len(self.train), "validation_rates": [round(rate, 5) for rate in rates]}
        weights.save(self.model.trained(encoding_of(self.data), self.origin | found), self.folder / "weights.npz")

    def _write_curve(self) -> None:
        with whole_file(self.folder / "curve.csv") as temporary, open(temporary, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CURVE)
            writer.writerows(self.progress.curve)


def rate_at(recipe: Recipe, epoch: float) -> float:
    """Learning rate at a point in training, in epochs from the start."""
    if recipe.schedule == "constant":
        return recipe.lr
    if recipe.schedule == "step":
        return recipe.lr * 0.5 ** (epoch // 50)
    if epoch < 1:
        return recipe.lr * (0.1 + 0.9 * epoch)
    done = (epoch - 1) / max(recipe.epochs - 1, 1)
    return recipe.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def shifted(s_in: np.ndarray, recipe: Recipe, seed: tuple[int, ...]) -> np.ndarray:
    """s_in (B, T, M) with each sample moved by its own draw of steps and channels; what moves out is lost."""
    if not (recipe.shift_steps or recipe.shift_channels):
        return s_in
    draw = np.random.RandomState(seed)
    moved = np.zeros_like(s_in)
    for sample, out in zip(s_in, moved, strict=True):
        dt = draw.randint(-recipe.shift_steps, recipe.shift_steps + 1)
        dc = draw.randint(-recipe.shift_channels, recipe.shift_channels + 1)
        steps, channels = sample.shape
        out[max(dt, 0) : steps + min(dt, 0), max(dc, 0) : channels + min(dc, 0)] = \
            sample[max(-dt, 0) : steps + min(-dt, 0), max(-dc, 0) : channels + min(-dc, 0)]
    return moved
