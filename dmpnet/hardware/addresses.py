"""The address map of a core: bank, row and bit of every word it holds.

Words lie in their bank in the order of dmpnet.hardware.banks, array after array, each as many bits as its word has,
with no gap: so a bank takes what `fit` says. A row is as wide as the widest word of the bank times the lanes, so that a
group of neurons finds words of that width side by side [ours]; a narrower word may begin in one row and end in the
next. Within an array the last of its indices runs fastest (ORDERS): weights of an event for all neurons are neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dmpnet.hardware.banks import BANKS, bits_of
from dmpnet.hardware.fit import core_of
from dmpnet.hardware.limit import Core
from dmpnet.hardware.parts import Chip
from dmpnet.trained.network import TrainedNetwork

ORDERS = {"W_f": "input, neuron", "W_r": "neuron it is from, neuron", "w_x": "input", "W_o": "neuron, class",
          "b": "neurons; then x; then classes", "P": "dimension, neuron", "nu": "neuron",
          "Abar": "dimension it is from, dimension", "Bbar": "dimension", "u": "neuron", "m": "dimension", "x": ""}
"""How the words of an array follow each other; of a kernel as the kernel's own do."""


@dataclass(frozen=True)
class Region:
    """Where an array lies: `count` words of `bits` from bit `start` of a bank on, in rows of `width` bits."""

    bank: str
    word: str
    count: int
    bits: int
    start: int
    width: int

    @property
    def order(self) -> str:
        return ORDERS[self.word]

    @property
    def end(self) -> int:
        """The first bit of the bank after it."""
        return self.start + self.count * self.bits

    def place(self, number: int) -> tuple[int, int]:
        """Row and bit in it at which word `number` begins, its lowest bit."""
        return divmod(self.start + number * self.bits, self.width)


def regions(core: Core, chip: Chip) -> Iterator[Region]:
    """Where every array of a core lies, bank by bank."""
    for bank in BANKS:
        held = {word: count for word, count in bank.held(core, chip).items() if count}
        width = chip.limits.lanes * max((bits_of(core, chip, word) for word in held), default=0)
        start = 0
        for word, count in held.items():
            region = Region(bank.name, word, count, bits_of(core, chip, word), start, width)
            yield region
            start = region.end


def of_network(network: TrainedNetwork, chip: Chip) -> Iterator[tuple[int, Region]]:
    """Where every array lies, by the number of its core, from 1: a layer each."""
    for number in range(1, len(network.layers) + 1):
        for region in regions(core_of(network, number, chip, blocks=True), chip):
            yield number, region


COLUMNS = ("core", "bank", "array", "word", "row", "bit", "bits")


def words(number: int, region: Region) -> Iterator[tuple[int, str, str, int, int, int, int]]:
    """COLUMNS of every word of a region of core `number`."""
    return ((number, region.bank, region.word, word, *region.place(word), region.bits)
            for word in range(region.count))
