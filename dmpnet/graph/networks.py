"""Whatever network a file holds: trained, or a graph."""

from pathlib import Path

from dmpnet.disk import shipped
from dmpnet.graph import file
from dmpnet.graph.graph import Graph
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork


def named(name: str | Path) -> TrainedNetwork | Graph:
    """The network in file `name`, or the shipped one of that name: named("smnist-dmp2"), named("smnist-dmp2/seed1").

    A Graph where the file holds one. WeightsError as by `dmpnet.trained.weights.load`, and for a name that is neither.
    """
    if file.is_graph(name):
        return file.load(name)
    if not Path(name).is_file() and str(name).partition("/")[0] in shipped.names("graphs"):
        return file.load(shipped.path(str(name), "graphs"))
    return weights.named(name)
