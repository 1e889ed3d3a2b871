"""NIR, the Neuromorphic Intermediate Representation: its graphs as ours, ours as its, and how every node is taken.

    from_nir(graph, dt)   a nir.NIRGraph, or the path of a .nir file, as a dmpnet.graph.Graph
    report(graph, dt)     every node of it: taken exactly, by a convention that is named, or refused and why
    to_nir(network)       a Graph or a trained network as a nir.NIRGraph;  save(network, path) writes the file

NIR says what a neuron is by a differential equation; a step of dt is a choice, and so is what a spike does in it. The
choices are a Convention (dmpnet.nir.conventions), by name those of the platforms that read NIR.
"""

from dmpnet.nir.conventions import CONVENTIONS, Convention
from dmpnet.nir.exporting import save, to_nir
from dmpnet.nir.importing import from_nir, report
from dmpnet.nir.rows import Report, Row

__all__ = ["CONVENTIONS", "Convention", "Report", "Row", "from_nir", "report", "save", "to_nir"]
