"""A module of PyTorch as a graph: what each of its parts is, BatchNorm folded into what it follows."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from dmpnet.disk.headers import shown
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Edge, Graph
from dmpnet.graph.nodes import Affine, Convolution, Flatten, Input, Memory, Node, Pool, Rectify, Shape, Threshold
from dmpnet.graph.population import Population
from dmpnet.torch.layers import DMP, LIF, EachStep, Readout, Spiking
from dmpnet.trained.encoding import Encoding

IDLE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Identity)
"""What does nothing once a network is trained."""
CONTAINERS = ("norse.torch.module.sequential.SequentialState", *(
    f"spikingjelly.activation_based.layer.container.{name}"
    for name in ("SeqToANNContainer", "MultiStepContainer", "StepModeContainer")))
"""nn.Sequential of others: one module after another, only their states or steps are handled otherwise."""
BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass
class Chain:
    """Nodes one after another, as a module is read.

    last, shape : name of what was added last, and the shape that it gives;  spikes : whether that is 0 or 1
    timed : modules see (B, T, ...), not a step;  integrator : membrane of the last neurons, where that is a node
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    last: str = ""
    spikes: bool = False
    timed: bool = True
    integrator: str = ""

    def unique(self, kind: str) -> str:
        """The next name of a kind."""
        return kind if kind == "input" else f"{kind}_{sum(other.startswith(kind + '_') for other in self.nodes)}"

    def add(self, kind: str, node: Node, *sources: str | tuple[str, bool]) -> str:
        """Put `node` behind `sources`, (name, late) of those that are late, or behind what was last."""
        name = self.unique(kind)
        for source in sources or ([self.last] if self.last else []):
            self.edges.append(Edge(source, name) if isinstance(source, str) else Edge(source[0], name, source[1]))
        self.nodes[name], self.last, self.spikes = node, name, False
        return name

    def fires(self, node: Population, *sources: str) -> str:
        """Put neurons there."""
        name = self.add("population", node, *sources)
        self.spikes = node.fires
        return name

    @property
    def shape(self) -> Shape:
        return self.nodes[self.last].shape_out


Reader = Callable[[Chain, Any], None]


def graph_of(module: nn.Module, shape: Shape, dt: float, kind: str = "spikes", steps: int = 1, dataset: str = "",
             provenance: dict[str, Any] | None = None, readers: dict[str | type, Reader] | None = None,
             timed: bool = True) -> Graph:
    """What `module` does on samples (B, T, *shape) once it is trained (as after module.eval()), in steps of dt s.

    kind, steps, dataset : of the input, see dmpnet.trained.encoding;  readers, timed : for dmpnet.torch.peers
    """
    _check(module)
    chain = Chain(timed=timed)
    chain.add("input", Input(tuple(shape)))
    chain.spikes = kind == "spikes"
    read(chain, folded(module), READERS | (readers or {}))
    channels = int(np.prod(shape, dtype=int))
    return Graph(chain.nodes, tuple(chain.edges), chain.last, Encoding(kind, channels, steps, dt, dataset),
                 provenance or {})


def _check(module: Any) -> None:
    """DmpnetError for what is no module, or does more than its classes say: hooks, a forward of one instance."""
    if not isinstance(module, nn.Module):
        raise DmpnetError(f"graph_of: {shown(module)} is no torch.nn.Module; give one, trained")
    for name, part in module.named_modules():
        does = [what for what, there in (("a forward hook", part._forward_hooks), ("a forward pre-hook",
                part._forward_pre_hooks), ("a forward of its own", "forward" in vars(part))) if there]
        if does:
            raise DmpnetError(f"module {name!r} ({type(part).__name__}): has {' and '.join(does)}, which no graph "
                              f"knows of; remove it (weight_norm by torch.nn.utils.remove_weight_norm), or write a "
                              f"module")


def folded(module: nn.Module) -> nn.Module:
    """A copy of `module` in eval mode, in which the convolution or linear map before each BatchNorm does its work."""
    module = copy.deepcopy(module).eval()
    parts = _parts(module)
    for (parent, name, before), (owner, place, norm) in zip(parts, parts[1:], strict=False):
        if isinstance(norm, BATCH_NORM) and isinstance(before, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            fuse: Any = fuse_linear_bn_eval if isinstance(before, nn.Linear) else fuse_conv_bn_eval
            setattr(parent, name, fuse(before, norm))
            setattr(owner, place, nn.Identity())
    return module


def _parts(module: nn.Module) -> list[tuple[nn.Module, str, nn.Module]]:
    """(parent, name in it, module) of all that nn.Sequentials hold, in order."""
    found = []
    for name, child in module.named_children() if isinstance(module, nn.Sequential) else ():
        found += _parts(child) if isinstance(child, nn.Sequential) else [(module, name, child)]
    return found


def read(chain: Chain, module: nn.Module, readers: dict[str | type, Reader]) -> None:
    """Add what `module` is; DmpnetError names one that a graph does not have."""
    if isinstance(module, IDLE):
        return
    if isinstance(module, nn.Sequential) and (_plain(module) or _named(module) in CONTAINERS):
        outside, chain.timed = chain.timed, chain.timed and not isinstance(module, EachStep)
        for child in module:
            read(chain, child, readers)
        chain.timed = outside
        return
    reader = _reader(module, readers)
    if reader is None:
        known = sorted(kind if isinstance(kind, str) else kind.__name__ for kind in readers)
        raise DmpnetError(f"module {type(module).__name__} ({_shown(module)}): a graph has nothing that is known to do "
                          f"the same; use nn.Sequential of {', '.join(known)}")
    reader(chain, module)


def _reader(module: nn.Module, readers: dict[str | type, Reader]) -> Reader | None:
    """By the class's full name, or by a class whose forward pass it has unchanged."""
    kind = type(module)
    return readers.get(_named(module)) or next((readers[base] for base in kind.__mro__ if base in readers
                            and kind.forward is base.forward), None)


def _named(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _plain(module: nn.Sequential) -> bool:
    """Whether its modules follow each other and nothing else is done."""
    return type(module).forward in (nn.Sequential.forward, EachStep.forward)


def refused(module: nn.Module, what: str, fix: str) -> DmpnetError:
    """The error for a module whose settings a graph does not have."""
    return DmpnetError(f"module {type(module).__name__}: {what}; {fix}")


def _shown(module: nn.Module) -> str:
    text = " ".join(repr(module).split())
    return text if len(text) < 80 else text[:77] + "..."


def array(tensor: torch.Tensor | None) -> Any:
    """As float64, None for None."""
    return None if tensor is None else tensor.detach().cpu().double().numpy()


def linear(chain: Chain, module: nn.Linear) -> None:
    if len(chain.shape) != 1:
        raise refused(module, f"input of shape {chain.shape}, but it maps a row of values", "put nn.Flatten before it")
    chain.add("affine", Affine(array(module.weight), array(module.bias)))


def convolution(chain: Chain, module: nn.Conv2d) -> None:
    if module.padding_mode != "zeros":
        raise refused(module, f"padding_mode = {module.padding_mode!r}, but a graph pads with zeros", "set 'zeros'")
    if isinstance(module.padding, str):
        reach = [d * (k - 1) if module.padding == "same" else 0
                 for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        padding = tuple((total // 2, total - total // 2) for total in reach)
    else:
        padding = tuple((each, each) for each in module.padding)
    chain.add("convolution", Convolution(array(module.weight), chain.shape, array(module.bias), module.stride, padding,
                                         module.dilation, module.groups))


def average_pool(chain: Chain, module: nn.AvgPool2d) -> None:
    if module.ceil_mode or getattr(module, "divisor_override", None) is not None:
        raise refused(module, "ceil_mode or divisor_override is set", "set ceil_mode = False, divisor_override = None")
    if np.any(module.padding) and not module.count_include_pad:
        raise refused(module, "padded, with count_include_pad = False", "set count_include_pad = True")
    chain.add("pool", Pool(chain.shape, module.kernel_size, module.stride, module.padding, mean=True))


def max_pool(chain: Chain, module: nn.MaxPool2d) -> None:
    """Of spikes the largest is 1 where any is: a sum of at least 1."""
    if not chain.spikes:
        raise refused(module, "the largest of values that are no spikes", "use nn.AvgPool2d, or pool spikes")
    if module.ceil_mode or np.any(np.asarray(module.dilation) != 1) or module.return_indices:
        raise refused(module, "ceil_mode, dilation or return_indices is set", "leave them out")
    chain.add("pool", Pool(chain.shape, module.kernel_size, module.stride, module.padding))
    chain.add("threshold", Threshold(np.full(chain.shape, 0.5)))
    chain.spikes = True


def flatten(chain: Chain, module: nn.Flatten) -> None:
    spikes, before = chain.spikes, 2 if chain.timed else 1
    ends = [end - before if end >= 0 else end for end in (module.start_dim, module.end_dim)]
    if module.start_dim >= 0 and ends[0] < 0 or module.end_dim >= 0 and ends[1] < 0:
        raise refused(module, f"start_dim = {module.start_dim} joins samples or steps", f"set start_dim = {before}")
    chain.add("flatten", Flatten(chain.shape, *ends))
    chain.spikes = spikes


def rectify(chain: Chain, _: nn.ReLU) -> None:
    chain.add("rectify", Rectify(chain.shape))


def population(module: Spiking, shape: Shape) -> Population:
    """The neurons of our modules."""
    neuron = module.neuron
    return Population(shape, neuron.constant, neuron.g, theta=neuron.theta_u, decay=neuron.decay,
                      reset="value" if neuron.reset == "hard" else "subtract", floor=neuron.floor)


def lif(chain: Chain, module: LIF) -> None:
    chain.fires(population(module, chain.shape))


def dmp(chain: Chain, module: DMP) -> None:
    source = chain.last
    fast = chain.add("W_f", Affine(array(module.W_f), array(module.b_f)), source)
    chain.add("w_x", Affine(array(module.w_x)[None], array(module.b_x)[None]), source)
    chain.add("x", Rectify((1,)))
    chain.add("memory", Memory(module.Abar, module.Bbar[:, None]))
    slow = chain.add("W_m", Affine(array(module.W_m), array(module.b_m)))
    chain.fires(population(module, (module.out_features,)), fast, slow)


def readout(chain: Chain, module: Readout) -> None:
    linear(chain, module.linear)


READERS: dict[str | type, Reader] = {
    nn.Linear: linear, nn.Conv1d: convolution, nn.Conv2d: convolution, nn.AvgPool1d: average_pool,
    nn.AvgPool2d: average_pool, nn.MaxPool1d: max_pool, nn.MaxPool2d: max_pool, nn.Flatten: flatten, nn.ReLU: rectify,
    LIF: lif, DMP: dmp, Readout: readout}
"""What is read how."""
