"""What the trained PyTorch network itself says: the yardstick for the reference and for Brian2."""

import numpy as np
import torch

from dmpnet.data import Recordings
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training.model import from_trained
from dmpnet.training.workers import workers


def predictions(network: TrainedNetwork, recordings: Recordings, dtype: str = "float32", batch: int = 64,
                progress: Progress = None) -> np.ndarray:
    """(n,) classes, or (n, T) with a class a step, by the PyTorch network in float32, as trained, or float64.

    progress : called with (done, total) in samples; True or a name: a bar; None: silent
    """
    model = from_trained(network, getattr(torch, dtype)).eval()

    @torch.no_grad()
    def classes(start: int) -> np.ndarray:
        logits, _ = model(torch.from_numpy(recordings.batch(slice(start, start + batch), np.dtype(dtype))))
        return logits.argmax(-1).numpy()

    told, done = [], 0
    with workers() as pool, telling(progress, len(recordings), "sample", f"PyTorch {dtype}") as tell:
        for piece in pool.map(classes, range(0, len(recordings), batch)):
            told.append(piece)
            done += len(piece)
            tell(done)
    return np.concatenate(told)


@torch.no_grad()
def spikes(network: TrainedNetwork, s_in: np.ndarray) -> list[np.ndarray]:
    """Per layer (B, T, N) bool spikes of the PyTorch network in the dtype of s_in (B, T, M)."""
    model = from_trained(network, getattr(torch, str(s_in.dtype))).eval()
    recorded: list[torch.Tensor] = []
    model(torch.from_numpy(s_in), recorded)
    return [layer.numpy() > 0 for layer in recorded]
