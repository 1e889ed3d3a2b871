"""The mean of a network's weights over the ends of its last epochs: what training wanders round, nothing chosen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from dmpnet.training.model import SpikingNetwork


class Average:
    """sums : of each array that was added, in float64, so that a run that was killed goes on to the same mean."""

    def __init__(self, sums: dict[str, torch.Tensor] | None = None):
        self.sums = sums or {}

    def add(self, model: "SpikingNetwork") -> None:
        for name, array in model.state_dict().items():
            self.sums[name] = self.sums.get(name, 0) + array.double()

    @contextmanager
    def taken(self, model: "SpikingNetwork", count: int) -> Iterator[None]:
        """`model` with the mean of `count`, and afterwards as it was."""
        own = {name: array.clone() for name, array in model.state_dict().items()}
        model.load_state_dict({name: (self.sums[name] / count).to(array.dtype) for name, array in own.items()})
        try:
            yield
        finally:
            model.load_state_dict(own)
