"""Are all sums of a network in integers exact in float64, Brian2's type?"""

import math
from collections.abc import Mapping

import numpy as np

from dmpnet.arithmetic.words import EXACT
from dmpnet.errors import DmpnetError
from dmpnet.hardware.limit import named
from dmpnet.trained.layer import Layer


def check(layers: Mapping[int | str, tuple[Layer, int]], W_o: np.ndarray | None, steps: int) -> None:
    """Raise DmpnetError if a sum may be too large for float64, Brian2's type, to hold it exactly.

    layers : by number or name, with the largest input of each;  W_o : of the readout, whose sums over steps count
    """
    reaches = {f"{named(name)}: sums of {array}": most for name, (layer, heard) in layers.items()
               for array, most in reach(layer, heard).items()}
    if W_o is not None:
        reaches["readout: sums of W_o"] = largest((W_o, steps))
    for what, most in reaches.items():
        if most > 2**EXACT:
            raise DmpnetError(f"{what} may reach 2^{math.log2(most):.1f}, but are exact to 2^{EXACT}; give it, or "
                              f"what it is multiplied by, fewer bits")


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
