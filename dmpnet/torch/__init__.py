"""Modules for PyTorch's nn.Sequential, trained by a loop of your own, and any of them as a graph (extra `train`).

    LIF, DMP, Readout, EachStep   modules over whole sequences, (B, T, ...): dmpnet.torch.layers
    graph_of(module, input)       what a module is, as a dmpnet.graph.Graph
    from_module(module)           the same of modules of snnTorch, SpikingJelly, Norse, Sinabs: dmpnet.torch.peers
    folded(module)                a copy without BatchNorm: it stands in the convolutions

    net = nn.Sequential(EachStep(nn.Conv2d(2, 16, 5, 2), nn.BatchNorm2d(16)), LIF(),
                        EachStep(nn.Flatten()), DMP(3600, 256, d=8, theta=30), Readout(256, 10))
    logits = net(s_in)                                   # s_in (B, T, 2, 34, 34), logits (B, 10)
    graph = graph_of(net, (2, 34, 34), dt=0.01)
"""

import dmpnet.training  # noqa: F401  says what to install where PyTorch or Numba is missing
from dmpnet.torch.conversion import folded, graph_of
from dmpnet.torch.layers import DMP, LIF, EachStep, Readout
from dmpnet.torch.peers import from_module

__all__ = ["DMP", "LIF", "EachStep", "Readout", "folded", "from_module", "graph_of"]
