"""Whatever network a file holds: trained, or a graph."""

import os
from pathlib import Path

from dmpnet.disk import shipped
from dmpnet.disk.headers import shown
from dmpnet.errors import WeightsError
from dmpnet.graph import file
from dmpnet.graph.graph import Graph
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork


def save(network: TrainedNetwork | Graph, path: str | Path) -> None:
    """Write `network` to one .npz file, whole or not at all."""
    if isinstance(network, Graph):
        file.save(network, path)
    else:
        weights.save(network, path)


def named(name: str | Path) -> TrainedNetwork | Graph:
    """The network in file `name`, or the shipped one of that name: "smnist-dmp2", "smnist-dmp2/seed1".

    A Graph where the file holds one, as "nmnist-conv-dmp" does. WeightsError as by
    `dmpnet.trained.weights.load`, and for a name that is neither.
    """
    if not isinstance(name, str | os.PathLike):
        raise WeightsError(f"{shown(name)} is given, but a network is loaded by its name or the path of its file; give "
                           f"one, e.g. 'smnist-dmp2'")
    if not Path(name).exists() and str(name).partition("/")[0] in shipped.names("graphs"):
        return file.load(shipped.path(str(name), "graphs"))
    return file.load(name) if file.is_graph(name) else weights.named(name)
