"""Queues of events between layers: of those that fire in a step the first are let in, unit by unit, the others dropped.

A layer whose chip drops events (Fixed.queue) hears `queue_2`, and so on, in place of the layer below: a unit for each
of its inputs that spikes in the same step, if there is room. Into the first layer no more is played than there is room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.brian.products import Buffered, array_name
from dmpnet.brian.session import Neurons
from dmpnet.trained.network import TrainedNetwork

if TYPE_CHECKING:
    from dmpnet.graph.graph import Graph

SYMBOL = "let_in"


def heard(network: TrainedNetwork | Graph, s_in: np.ndarray) -> np.ndarray:
    """s_in (B, T, ...) as the network reads it, without the events that its first layer drops."""
    s_in = network.encoding.read(s_in)
    most = network.layers[0].queue if isinstance(network, TrainedNetwork) else 0
    return s_in * (np.cumsum(s_in != 0, axis=-1) <= most) if most else s_in


def name(number: int) -> str:
    """Of the units that layer `number` hears."""
    return f"queue_{number}"


def groups(network: TrainedNetwork, below: dict[str, Neurons], batch: int, clock: Any) -> dict[str, Neurons]:
    """Units of every queue between layers, by name."""
    found = {}
    for number, layer in enumerate(network.layers[1:], 2):
        if layer.queue:
            room = Room(below[f"fast_{number - 1}"], batch, layer.M, layer.queue)
            made = Neurons(batch * layer.M, "let : 1", threshold="let > 0", reset="", name=name(number),
                           namespace={SYMBOL: room.function()}, clock=clock)
            made.run_regularly(f"let = {SYMBOL}(i)", when="before_thresholds", name=f"{made.name}_run_regularly")
            found[made.name] = made
    return found


class Room(Buffered):
    """let_in(i): 1 where unit i of `source` fires and fewer than `most` of its sample with lower numbers do."""

    symbol = SYMBOL

    def __init__(self, source: Neurons, batch: int, units: int, most: int):
        self.s, self.batch, self.units, self.most = source.variables["s"], batch, units, most
        self.y = np.zeros(batch * units)

    def compute(self) -> None:
        """Fill the buffer y for the whole batch."""
        s = self.s.get_value().reshape(self.batch, self.units) > 0
        self.y[:] = (s & (np.cumsum(s, axis=1) <= self.most)).ravel()

    def _cpp(self) -> str:
        code = CPP
        for key, value in {"BATCH": self.batch, "UNITS": self.units, "MOST": self.most,
                           "SOURCE": f"brian::{array_name(self.s)}"}.items():
            code = code.replace(f"%{key}%", str(value))
        return code


CPP = """
static double _let_in_y[%BATCH% * %UNITS%];
static void _let_in_compute()
{
    for (int b = 0; b < %BATCH%; b++)
    {
        int left = %MOST%;
        for (int j = b * %UNITS%; j < (b + 1) * %UNITS%; j++)
            _let_in_y[j] = %SOURCE%[j] > 0 && left-- > 0 ? 1.0 : 0.0;
    }
}
static inline double let_in(const int32_t i)
{
    if (i == 0) _let_in_compute();
    return _let_in_y[i];
}
"""
