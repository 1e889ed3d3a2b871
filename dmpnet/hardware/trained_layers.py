"""A trained network as the layers that integers are made of; a graph: dmpnet.hardware.graph_integers.Rows."""

from dataclasses import replace

import numpy as np

from dmpnet.hardware.slow_pathway import Seen
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork


class Layers:
    """Layers by number, from 1; levels : of analog input."""

    def __init__(self, network: TrainedNetwork, levels: int):
        self.network, self.levels, self.layers = network, levels, dict(enumerate(network.layers, 1))

    def unit_in(self, number: int) -> float:
        """What one of its input means."""
        return 1 / self.levels if self.levels and number == 1 else 1.0

    def seen(self, place: int, activity: Activity, s_in: np.ndarray) -> Seen:
        """What the slow memory of the layer at `place`, from 0, took and held."""
        return Seen.of(activity, place, s_in)

    def rebuilt(self, found: dict, readout: tuple[np.ndarray, np.ndarray], chip: str) -> TrainedNetwork:
        """The network with the integers of its layers `found`."""
        code = replace(self.network.encoding, levels=self.levels)
        return replace(self.network, layers=tuple(found.values()), W_o=readout[0], b_o=readout[1], encoding=code,
                       provenance=self.network.provenance | {"chip": chip})
