"""Surrogate-gradient training with checkpoints: killed anywhere, it resumes to the same weights."""

import csv
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from dmpnet.data import Recordings, validation_split
from dmpnet.disk.files import whole_file
from dmpnet.disk.headers import record, shown
from dmpnet.errors import Diverged, DmpnetError
from dmpnet.results import ledger, provenance
from dmpnet.system.progress import Progress, telling
from dmpnet.trained import weights
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training import augmentation, checkpoint, lengths
from dmpnet.training.allocation import keep_freed_memory
from dmpnet.training.averaging import Average
from dmpnet.training.beginning import begin
from dmpnet.training.model import SpikingNetwork, effective_rank, from_trained
from dmpnet.training.optimiser import bound, optimisers, products, rate_at
from dmpnet.training.recipe import Recipe
from dmpnet.training.workers import workers

ROWS = 25_088  # samples times steps of a piece of a batch at most: 32 sequences of pixels
LEFT_OUT = 10
"""Batches in a row left out because their gradient is not finite, where gradients are clipped; more are divergence."""
CURVE = ("epoch", "lr", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rates", "seconds")


@dataclass
class Standing:
    """Where a run stands; all of it is in the checkpoint."""

    epoch: int = 0
    batch: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    left_out: int = 0  # batches in a row, now
    seconds: float = 0.0
    first: float = -1.0  # before training, where that counts
    best: float = -1.0
    best_epoch: int = 0
    curve: list[list] = field(default_factory=list)


def encoding_of(recordings: Recordings) -> Encoding:
    """What a network trained on these recordings expects."""
    _, steps, channels = recordings.values.shape
    return Encoding(recordings.kind, channels, steps, recordings.dt, recordings.name, recordings.permutation)


class Trainer:
    """Trains one recipe in one folder: checkpoint.pt, curve.csv, weights.npz (best epoch on validation, or an average).

    progress : called with (done, total) in batches of all epochs; True or a name: a bar; None: silent
    start : a trained network to begin with, weights and neurons, of the recipe's kind and sizes
    model : what to train in place of the recipe's architecture, with the weights of `start` in it already (integers:
        dmpnet.training.quantised); kept as it is, epoch 0, unless an epoch is better
    """

    def __init__(self, recipe: Recipe, recordings: Recordings, folder: str | Path,
                 progress: Progress = None, every: int = 100,
                 start: TrainedNetwork | None = None, model: SpikingNetwork | None = None):
        self.recipe, self.data, self.folder = recipe, recordings, Path(folder)
        self.progress, self.every = progress, every
        architecture = model.architecture if model else recipe.architecture
        if recordings.values.shape[2] != recipe.sizes[0] or recordings.classes != recipe.sizes[-1]:
            raise DmpnetError(f"recipe: sizes {recipe.sizes}, but {recordings.name} has {recordings.values.shape[2]} "
                              f"channels and {recordings.classes} classes; set the first and last size to these")
        self.train, self.held_out = validation_split(recordings, recipe.validation, recipe.seed, by=recipe.by)
        if (recordings.labels.ndim == 2) != (recipe.kappa is not None):
            raise DmpnetError(f"recipe: kappa = {recipe.kappa}, but {recordings.name} has a label a "
                              f"{'step; set kappa, e.g. 0.9' if recordings.labels.ndim == 2 else 'sample; set None'}")
        lengths.check(recipe, recordings)
        if recordings.split in ledger.TEST:
            raise DmpnetError(f"{recordings.name} {recordings.split}: the epoch would be chosen by a test set, but "
                              f"nothing is; give the training set")
        keep_freed_memory()
        torch.manual_seed(recipe.seed)
        self.model = model or SpikingNetwork(architecture, products=products(recipe))
        self.began: str | None = None  # checksum of the network begun with
        if start is not None:
            self.began = weights.checksum(start)
        if start is not None and model is None:
            begin(self.model, start, from_trained(start), recipe)
        self.as_it_is = model is not None
        self.parameters = list(self.model.parameters())
        self.optimisers = optimisers(self.model, recipe)
        self.standing, self.average = Standing(), Average()
        self.pool: ThreadPoolExecutor | None = None
        self.origin = provenance.record("train", recipe.record(), data=recordings.source,
                                        products=str(self.model.products).removeprefix("torch."),
                                        recipe=recipe.digest(start is not None))
        if start is not None:
            self.origin["start"] = start.provenance
        self._look()
        self.batches = math.ceil(len(self.train) / recipe.batch)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def resume(self) -> bool:
        """Continue from the folder's checkpoint, if there is one; raises DmpnetError if it is of another recipe."""
        if not self.checkpoint.exists():
            return False
        state = checkpoint.read(self.checkpoint)
        try:
            theirs = Recipe.of(state["recipe"]).record()  # settings that came later: default
            standing = record(Standing, state["progress"], "progress")
        except DmpnetError as error:
            raise DmpnetError(f"{self.checkpoint}: {error}; or delete it to start again") from error
        ours = self.recipe.record()
        longer = () if self.recipe.depends_on_epochs else ("epochs",)
        differ = [key for key in ours if theirs[key] != ours[key] and key not in longer]
        if differ:
            key = differ[0]
            raise checkpoint.another(self.checkpoint, key, theirs[key], ours[key])
        if state.get("start") != self.began:
            raise DmpnetError(f"{self.checkpoint}: this run began with another network than the one given now; use "
                              f"another --out folder, or the same network")
        if state.get("data", self.data.checksum) != self.data.checksum:
            raise DmpnetError(f"{self.checkpoint}: this run was taught other recordings than those of {self.data.name} "
                              f"given now; use another --out folder, or the same data")
        self._check_standing(standing)
        sums = checkpoint.sums(self.checkpoint, state, self.model, self._averages(standing.epoch))
        checkpoint.restore(self.checkpoint, state, self.model, self.optimisers)
        self.origin["products"] = state["products"]
        self.model.products = getattr(torch, state["products"])
        self.standing, self.average = standing, Average(sums)
        self._look()
        return True

    def _check_standing(self, p: Standing) -> None:
        """Raise DmpnetError unless a run can be there: counts from 0 on, samples seen once an epoch has begun."""
        counts = ("epoch", "batch", "correct", "seen", "left_out", "best_epoch")
        wrong = [name for name in counts if getattr(p, name) < 0]
        if p.batch >= max(self.batches, 1) or (p.batch > 0) != (p.seen > 0):
            wrong.append("batch")
        if any(not isinstance(row, list) or len(row) != len(CURVE) for row in p.curve) or len(p.curve) != p.epoch:
            wrong.append("curve")
        if wrong:
            raise checkpoint.unsound(self.checkpoint, f"progress: {wrong[0]} = {shown(getattr(p, wrong[0]))}")

    @property
    def steps(self) -> int:
        """T, as this epoch counts it."""
        return -(-self.data.values.shape[1] // self.model.coarse)

    def _look(self) -> None:
        """See the samples as coarsely as this epoch does."""
        self.model.coarse = self.recipe.coarse if self.standing.epoch < self.recipe.coarse_epochs else 1

    def _seen(self, chosen: np.ndarray, augmented: Callable[[np.ndarray], np.ndarray] = lambda s_in: s_in,
              ) -> torch.Tensor:
        """s_in (B, T, M) of recordings `chosen` as this epoch sees them."""
        s_in = augmented(self.data.batch(chosen, np.float32))
        return torch.from_numpy(augmentation.coarser(s_in, self.model.coarse, self.data.kind))

    def save(self) -> None:
        state = {"recipe": self.recipe.record(), "model": self.model.state_dict(),
                 "optimisers": [optimiser.state_dict() for optimiser in self.optimisers], "start": self.began,
                 "data": self.data.checksum, "products": self.origin["products"],
                 "sums": self.average.sums,
                 "progress": dict(self.standing.__dict__)}  # all that is drawn is drawn from the seed and these
        checkpoint.write(self.checkpoint, state)

    def run(self) -> Standing:
        """Train to the last epoch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        p = self.standing
        try:
            with (workers() as self.pool, telling(self.progress, self.recipe.epochs * self.batches, "batch",
                                                  "training", p.epoch * self.batches + p.batch) as self.tell):
                if self.as_it_is and self.standing == Standing():
                    _, self.standing.first, rates = self.evaluate(self.held_out)
                    self.standing.best = self.standing.first
                    self._write_weights(rates)
                while self.standing.epoch < self.recipe.epochs:
                    self._epoch()
        finally:
            self.pool = None
        return self.standing

    def finished(self) -> TrainedNetwork:
        """The network of the best epoch, once the run has gone on from its checkpoint, if any, to its end."""
        self.resume()
        self.run()
        return weights.load(self.folder / "weights.npz")

    def _epoch(self) -> None:
        p = self.standing
        self._look()
        order = np.random.RandomState((self.recipe.seed, p.epoch)).permutation(self.train)
        self.model.train()
        while p.batch < self.batches:
            start = time.perf_counter()
            chosen = order[p.batch * self.recipe.batch : (p.batch + 1) * self.recipe.batch]
            lr = self._step(chosen)
            p.seconds += time.perf_counter() - start
            p.batch += 1
            self.tell(p.epoch * self.batches + p.batch,
                      f"loss {p.loss / p.seen:.4f}, best validation {100 * max(p.best, 0):.2f} %")
            if p.batch % self.every == 0 and p.batch < self.batches:
                self.save()
        loss, accuracy, rates = self.evaluate(self.held_out)
        p.epoch += 1
        p.curve.append([p.epoch, lr, p.loss / p.seen, p.correct / p.seen, loss, accuracy,
                        " ".join(f"{rate:.4f}" for rate in rates), round(p.seconds, 1)])
        if accuracy > p.best and p.epoch > max(self.recipe.rate_ramp, self.recipe.coarse_epochs):
            p.best, p.best_epoch = accuracy, p.epoch
            self._write_weights(rates)
        if self._averages(p.epoch):
            self.average.add(self.model)
        if self.recipe.average and p.epoch == self.recipe.epochs:
            self._keep_average()
        p.batch = p.correct = p.seen = 0
        p.loss = 0.0
        self._write_curve()
        self.save()

    def _averages(self, epoch: int) -> bool:
        """Whether the weights after so many epochs are in the average."""
        return epoch > self.recipe.epochs - self.recipe.average

    def _keep_average(self) -> None:
        with self.average.taken(self.model, self.recipe.average):
            _, self.standing.best, rates = self.evaluate(self.held_out)
            self.standing.best_epoch = self.standing.epoch
            self._write_weights(rates)

    def _pieces(self, chosen: np.ndarray) -> list[np.ndarray]:
        """The batch in an even number of pieces of at most ROWS rows, the same whatever the number of threads."""
        rows = len(chosen) * self.steps
        return [piece for piece in np.array_split(chosen, 2 * math.ceil(rows / (2 * ROWS))) if len(piece)]

    def _step(self, chosen: np.ndarray) -> float:
        p, recipe = self.standing, self.recipe
        lr = rate_at(recipe, p.epoch + p.batch / self.batches)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = lr * group["factor"]
        self.model.sigma = 0.5 + (recipe.delay_sigma - 0.5) * max(0.0, 1 - 2 * p.epoch / recipe.epochs)
        pieces = self._pieces(chosen)
        results = list(self.pool.map(self._piece, range(len(pieces)), pieces))
        shares = [len(piece) / len(chosen) for piece in pieces]
        loss = sum(share * result[0] for share, result in zip(shares, results, strict=True))
        for number, parameter in enumerate(self.parameters):
            parameter.grad = sum(share * result[3][number] for share, result in zip(shares, results, strict=True))
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, recipe.clip or math.inf))
        whole = math.isfinite(norm)  # of weights that are not finite a layer falls silent, and the loss stays finite
        p.left_out = 0 if whole else p.left_out + 1
        if not math.isfinite(loss) or p.left_out > (LEFT_OUT if recipe.clip else 0):
            raise Diverged(f"training diverged: loss {loss:g}, gradient {norm:g} at epoch {p.epoch + 1}, batch "
                           f"{p.batch + 1}; lower --lr (now {recipe.lr:g}); {self.checkpoint} still holds the state "
                           f"before")
        if whole:
            list(self.pool.map(lambda optimiser: optimiser.step(), self.optimisers))
        bound(self.model, recipe)
        seen = self.data.labels[chosen].size
        p.loss += sum(share * result[1] for share, result in zip(shares, results, strict=True)) * seen
        p.correct += sum(result[2] for result in results)
        p.seen += seen
        return lr

    def _piece(self, number: int, chosen: np.ndarray) -> tuple[float, float, int, tuple]:
        """(loss with regulariser, loss, correct, gradients) of a piece of the batch.

        The mean rate that the regulariser looks at is that of the piece.
        """
        p, recipe = self.standing, self.recipe
        draw = np.random.SeedSequence((recipe.seed, p.epoch, p.batch, number)).generate_state(2)
        if p.epoch < recipe.epochs - recipe.plain_epochs:
            s_in = self._seen(chosen, lambda s_in: augmentation.augmented(s_in, recipe, draw[0], self.data.grid,
                                                                          self.data.permutation))
        else:
            s_in = self._seen(chosen)
        labels = torch.from_numpy(self.data.labels[chosen])
        memories: list | None = [] if recipe.rank_weight else None
        logits, rates = self.model(s_in, m=memories, generator=torch.Generator().manual_seed(int(draw[1])))
        loss = self.model.loss(s_in, logits, labels)
        weight = recipe.rate_weight * min(1.0, (p.epoch + 1) / (recipe.rate_ramp + 1))
        total = loss + weight * sum(torch.relu(r.mean() - recipe.rate_target) for r in rates)
        for m in memories or ():
            total = total + recipe.rank_weight * effective_rank(m) / m.shape[2]
        gradients = torch.autograd.grad(total, self.parameters)
        return total.item(), loss.item(), int((logits.argmax(-1) == labels).sum()), gradients

    def evaluate(self, index: np.ndarray) -> tuple[float, float, list[float]]:
        """(mean loss, accuracy, mean rate of each layer) on recordings `index`, without dropout."""
        self.model.eval()
        size = max(1, ROWS // self.steps)
        pieces = np.array_split(index, math.ceil(len(index) / size))
        with nullcontext(self.pool) if self.pool else workers() as pool:
            results = list(pool.map(self._judged, pieces))
        loss, correct, seen = np.sum([result[:3] for result in results], axis=0)
        rates = np.average([result[3] for result in results], axis=0, weights=[len(piece) for piece in pieces])
        return float(loss / seen), float(correct / seen), rates.tolist()

    @torch.no_grad()
    def _judged(self, chosen: np.ndarray) -> tuple[float, int, int, list[float]]:
        labels = torch.from_numpy(self.data.labels[chosen])
        logits, rates = self.model(self._seen(chosen))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="sum")
        return float(loss), int((logits.argmax(-1) == labels).sum()), labels.numel(), [float(r.mean()) for r in rates]

    def _write_weights(self, rates: list[float]) -> None:
        p = self.standing
        facts = {"epoch": p.best_epoch, "validation_accuracy": p.best, "validation_samples": len(self.held_out),
                 "training_samples": len(self.train), "validation_rates": [round(rate, 5) for rate in rates]}
        if self.recipe.average and p.best_epoch == self.recipe.epochs:
            facts["averaged"] = self.recipe.average
        weights.save(self.model.trained(encoding_of(self.data), self.origin | facts), self.folder / "weights.npz")

    def _write_curve(self) -> None:
        with whole_file(self.folder / "curve.csv") as temporary, open(temporary, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CURVE)
            writer.writerows(self.standing.curve)
