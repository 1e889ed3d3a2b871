"""Are all sums of a network in integers exact in float64, Brian2's type?"""

import math

import numpy as np

from dmpnet.arithmetic.words import EXACT
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.graph.nodes import Affine
from dmpnet.hardware import graph_integers
from dmpnet.hardware.limit import named
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


def check(network: TrainedNetwork | Graph) -> None:
    """Raise DmpnetError if a sum may be too large for float64, Brian2's type, to hold it exactly."""
    reaches = {}
    for name, (layer, heard) in _layers(network).items():
        reaches |= {f"{named(name)}: sums of {array}": most for array, most in reach(layer, heard).items()}
    readout = network.nodes[network.output] if isinstance(network, Graph) else network
    W_o = readout.weight if isinstance(readout, Affine) else getattr(readout, "W_o", None)
    if W_o is not None:
        reaches["readout: sums of W_o"] = largest((W_o, network.encoding.steps))
    for what, most in reaches.items():
        if most > 2**EXACT:
            raise DmpnetError(f"{what} may reach 2^{math.log2(most):.1f}, but are exact to 2^{EXACT}; give it, or "
                              f"what it is multiplied by, fewer bits")


def _layers(network: TrainedNetwork | Graph) -> dict[int | str, tuple[Layer, int]]:
    """Layers, and the largest input of each."""
    if isinstance(network, Graph):
        return {**graph_integers.reaching(network)}
    return {number: (layer, network.encoding.levels or 1 if number == 1 else 1)
            for number, layer in enumerate(network.layers, 1)}


def reach(layer: Layer, heard: int) -> dict[str, float]:
    """What sums of each array come to at most: before they are held, and shifted left, where four are added.

    heard : largest input
    """
    slow, fixed = layer.slow, layer.fixed
    assert fixed is not None
    reaches = {"W_f": (fixed.shift_f, largest((layer.W_f, heard), *([] if layer.W_r is None else [(layer.W_r, 1)])))}
    if slow:
        total = largest((slow.w_x, heard), (np.atleast_1d(slow.b_x), 1))
        m, x = fixed.m.high, min(fixed.x.high, total * 2.0**-fixed.shift_x + 1)
        reaches |= {"w_x": (fixed.shift_x, total), "Abar": (fixed.shift_m, largest((slow.Abar, m))),
                  "Bbar": (fixed.shift_B, largest((slow.Bbar[:, None], x))),
                  "P": (fixed.shift_I, largest((slow.W_m, m)))}
        if slow.nu is not None:
            reaches["nu"] = fixed.shift_nu, largest((slow.nu[:, None], x))
    return {name: max(most, 4 * min(most, fixed.I.high) * 2.0**-shift * (shift < 0))
            for name, (shift, most) in reaches.items()}


def largest(*parts: tuple[np.ndarray, float]) -> float:
    """What a sum of products comes to at most, of rows and their largest inputs."""
    return float(np.max(sum(np.abs(np.asarray(rows, float)).sum(axis=-1) * high for rows, high in parts)))
