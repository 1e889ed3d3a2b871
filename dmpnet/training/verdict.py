"""What the trained PyTorch network itself says: the yardstick for the reference and for Brian2."""

from collections.abc import Callable

import numpy as np
import torch

from dmpnet.data import Recordings
from dmpnet.training.model import from_trained
from dmpnet.weights import TrainedNetwork


@torch.no_grad()
def predictions(network: TrainedNetwork, recordings: Recordings, dtype: str = "float32", batch: int = 250,
                progress: Callable[[int], None] | None = None) -> np.ndarray:
    """(n,) classes, or (n, T) with a class a step, by the PyTorch network in float32, as trained, or float64."""
    model = from_trained(network, getattr(torch, dtype)).eval()
    classes = []
    for start in range(0, len(recordings), batch):
        s_in = recordings.batch(slice(start, start + batch), np.dtype(dtype))
        logits, _ = model(torch.from_numpy(s_in))
        classes.append(logits.argmax(-1).numpy())
        if progress:
            progress(len(s_in))
    return np.concatenate(classes)


@torch.no_grad()
def spikes(network: TrainedNetwork, s_in: np.ndarray) -> list[np.ndarray]:
    """Per layer (B, T, N) bool spikes of the PyTorch network in the dtype of s_in (B, T, M)."""
    model = from_trained(network, getattr(torch, str(s_in.dtype))).eval()
    recorded: list[torch.Tensor] = []
    model(torch.from_numpy(s_in), recorded)
    return [layer.numpy() > 0 for layer in recorded]
