"""Bits that SRAM at low voltage holds wrong: cells that fail stay so, and the network computes with what they hold.

Every bit of the weights and slow banks is wrong with the probability that the chip's description states, [errors], each
by itself; its bank's words are two's complement. Which cells fail is drawn. Membranes and slow memories, written in
every step, are taken to be right [ours]: a chip that saves there, too, does worse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dmpnet.arithmetic.words import Word
from dmpnet.errors import DmpnetError
from dmpnet.hardware.parts import Chip
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

BILLION = 10**9


def wrong(values: np.ndarray, word: Word, errors: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """What cells hold of whole numbers of `word`, and how many bits are wrong, `errors` of a billion."""
    flipped = rng.random((*np.shape(values), word.bits)) < errors / BILLION
    mask = (flipped * (1 << np.arange(word.bits, dtype=np.int64))).sum(axis=-1)
    if word.binary:
        return np.where(mask > 0, -values, values).astype(values.dtype), int(flipped.sum())
    held = np.asarray(values, np.int64) & (1 << word.bits) - 1 ^ mask
    held = np.where(held > word.high, held - (1 << word.bits), held) if word.signed else held
    return held.astype(np.promote_types(np.asarray(values).dtype, np.min_scalar_type(word.low))), int(flipped.sum())


def faulty(network: TrainedNetwork, chip: Chip, seed: int) -> tuple[TrainedNetwork, int]:
    """`network`, in the integers of `chip`, as its SRAM holds it, and how many bits are wrong."""
    if chip.errors is None:
        raise DmpnetError(f"chip {chip.name}: it states no bit errors; set errors.weights and errors.slow, wrong bits "
                          f"of a billion")
    if not network.integer:
        raise DmpnetError("network: it computes in real numbers, but SRAM holds integers; constrain it to the chip "
                          "first")
    rng, many, of_weights, of_slow = np.random.default_rng(seed), 0, chip.errors.weights, chip.errors.slow

    def drawn(owner: Any, errors: int, **arrays: str) -> dict[str, Any]:
        nonlocal many
        found = {}
        for name, word in arrays.items():
            if getattr(owner, name) is not None:
                found[name], count = wrong(np.asarray(getattr(owner, name)), getattr(chip.words, word), errors, rng)
                many += count
        return found

    def of_layer(layer: Layer) -> Layer:
        slow = layer.slow and replace(
            layer.slow, **drawn(layer.slow, of_weights, w_x="w_x", b_x="b"),
            **drawn(layer.slow, of_slow, W_m="P", nu="nu", Abar="Abar", Bbar="Bbar"))
        return replace(layer, slow=slow, **drawn(layer, of_weights, W_f="W_f", W_r="W_r", b_f="b"))

    layers = tuple(map(of_layer, network.layers))
    return replace(network, layers=layers, **drawn(network, of_weights, W_o="W_o", b_o="b")), many
