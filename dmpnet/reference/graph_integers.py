"""A population of a graph in integers: the registers of a layer, driven by what its maps sum up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dmpnet.graph.graph import Edge
    from dmpnet.graph.pathways import Pathways
    from dmpnet.reference.integers import IntegerLayer

Given = dict[str, np.ndarray]


class Counting:
    """Membranes, spikes and slow memory of a population with these pathways; shape: of what it gives, (B, ...)."""

    def __init__(self, ways: Pathways, registers: IntegerLayer, shape: tuple[int, ...]):
        self.ways, self.registers, self.shape = ways, registers, shape
        self.margin = np.inf

    @property
    def u(self) -> np.ndarray:
        return self.registers.u

    def step(self, k: int, given: Given, before: Given) -> np.ndarray:
        """Its spikes in step k, of what nodes give in it and gave before."""
        if self.ways.m:
            self.registers.take_in(k, self._sum(self.ways.looks, given, before)[:, 0])
        self.margin = self.registers.integrate(k, self._sum(self.ways.fast, given, before))
        return self.registers.s.reshape(self.shape).astype(np.float64)

    def _sum(self, edges: tuple[Edge, ...], given: Given, before: Given) -> np.ndarray:
        """(B, units) int64 of what edges bring: float64 holds sums of whole numbers exactly."""
        total = sum((before if edge.late else given)[edge.source].reshape(self.shape[0], -1) for edge in edges)
        return np.asarray(total).astype(np.int64) + np.zeros((self.shape[0], 1), np.int64)
