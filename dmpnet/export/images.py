"""What the banks of the cores hold of an integer network, as memory images that $readmemh of a testbench reads.

Where each word lies: dmpnet.hardware.addresses (`dmpnet chip map`). A line is a row of the bank in hexadecimal digits,
highest bit first; a word is in two's complement from its lowest bit on, a binary weight (1 bit with a sign) 1 for +1
and 0 for -1. The state bank is all zeros: cores begin at rest.
"""

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.export.header import check_whole
from dmpnet.hardware import addresses
from dmpnet.hardware.addresses import Region
from dmpnet.hardware.parts import Chip
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


def images(network: TrainedNetwork, chip: Chip) -> Iterator[tuple[str, list[str]]]:
    """Name ('core1_weights') and lines of every bank that holds something, core by core (a layer each)."""
    check_whole("memory images", network)
    last, placed = len(network.layers), [*addresses.of_network(network, chip)]
    for number, layer in enumerate(network.layers, 1):
        held = _words(layer, network if number == last else None)
        for bank, regions in groupby((region for core, region in placed if core == number), lambda region: region.bank):
            yield f"core{number}_{bank}", rows([*regions], {} if bank == "state" else held)


def rows(regions: list[Region], held: dict[str, np.ndarray]) -> list[str]:
    """Lines of a bank with `regions`, filled with the words of `held` in order; those of an array not there are 0."""
    width, bits = regions[0].width, np.zeros(regions[-1].end, np.uint8)
    for region in regions:
        words = held.get(region.word, np.zeros(region.count, np.int64))
        if len(words) != region.count:
            raise DmpnetError(f"memory images: {len(words)} words of {region.word}, but the {region.bank} bank has "
                              f"{region.count}; constrain the network to this chip")
        low, high = (-1, 1) if region.bits == 1 else (-(1 << region.bits - 1), (1 << region.bits - 1) - 1)
        if len(words) and not low <= words.min() <= words.max() <= high:
            raise DmpnetError(f"memory images: {region.word} from {words.min()} to {words.max()}, but its words have "
                              f"{region.bits} bits on this chip; give the one that the network was constrained to")
        codes = (words > 0).astype(np.int64) if region.bits == 1 else words
        bits[region.start:region.end] = (codes[:, None] >> np.arange(region.bits) & 1).ravel()
    padded = np.pad(bits, (0, -len(bits) % width)).reshape(-1, width)
    digits = -(-width // 4)
    return [f"{int(''.join(map(str, row[::-1])), 2):0{digits}x}" for row in padded]


def _words(layer: Layer, readout: TrainedNetwork | None) -> dict[str, np.ndarray]:
    """The words of every array of a core, in the order of addresses.ORDERS, the last index fastest."""
    fixed, slow = layer.fixed, layer.slow
    assert fixed is not None
    biases = [np.asarray(layer.b_f, np.int64) + (np.asarray(slow.b_m, np.int64) if slow else 0)]
    found = {"W_f": layer.W_f.T, "u": fixed.theta_u if fixed.floor is None else [fixed.theta_u, fixed.floor]}
    if layer.W_r is not None:
        found["W_r"] = layer.W_r.T
    if slow:
        biases.append(np.atleast_1d(slow.b_x))
        found |= {"w_x": slow.w_x, "P": slow.W_m.T, "Abar": slow.Abar.T, "Bbar": slow.Bbar}
        found |= {} if slow.nu is None else {"nu": slow.nu}
    if readout is not None:
        biases.append(np.asarray(readout.b_o))
        found["W_o"] = readout.W_o.T
    found["b"] = np.concatenate(biases)
    return {name: np.asarray(values).astype(np.int64).ravel() for name, values in found.items()}
