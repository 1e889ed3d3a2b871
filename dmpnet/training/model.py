"""The trainable network: PyTorch parameters around the layers, and the way to and from a weights file's network."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from dmpnet import memory
from dmpnet.errors import DmpnetError
from dmpnet.neurons import PUBLISHED_CODE, Neuron
from dmpnet.training.layer import Setting, SpikingLayer
from dmpnet.training.scan import Blocks
from dmpnet.weights import Encoding, Layer, TrainedNetwork, legendre_pathway

INPUT_RATE = 0.05


@dataclass(frozen=True)
class Architecture:
    """Shape of a network to train.

    kind : 'fsnn', 'rsnn' or 'dmp'
    sizes : (M, N_1, ..., N_L, C)
    d, theta : slow memory of every layer (kind 'dmp')
    d_s : dilation
    dropout : fraction of each hidden layer's spikes dropped in training, last layer excepted
    std : width of the truncated normal all weights start from (published: 0.02, SHD 0.01); 0 starts them so that
        at INPUT_RATE each drive moves the membrane by about half a threshold and no memory starts shut (ours)
    """

    kind: str
    sizes: tuple[int, ...]
    d: int = 0
    theta: float = 0.0
    d_s: int = 1
    dropout: float = 0.0
    std: float = 0.0
    neuron: Neuron = field(default=PUBLISHED_CODE)

    def __post_init__(self):
        if self.kind not in ("fsnn", "rsnn", "dmp"):
            raise DmpnetError(f"architecture: kind = {self.kind!r}, but it is fsnn, rsnn or dmp; choose one")


class SpikingNetwork(nn.Module):
    """Maps s_in (B, T, M) to (logits (B, C), list of rates (B, N))."""

    def __init__(self, architecture: Architecture, alpha: float = 4.0, products: torch.dtype = torch.float32):
        super().__init__()
        self.architecture, self.alpha, self.products = architecture, alpha, products
        sizes = architecture.sizes
        self.layers = nn.ModuleList()
        for m, n in zip(sizes[:-2], sizes[1:-1], strict=True):
            self.layers.append(nn.ParameterDict(_start(architecture, n, m)))
        self.W_o = nn.Parameter(_normal((sizes[-1], sizes[-2]), architecture.std or 1.0))
        self.b_o = nn.Parameter(torch.zeros(sizes[-1]))
        self.blocks: dict[torch.dtype, Blocks] = {}

    def _blocks(self, dtype: torch.dtype) -> Blocks | None:
        if self.architecture.kind != "dmp":
            return None
        if dtype not in self.blocks:
            self.blocks[dtype] = Blocks(*memory.discrete(self.architecture.d, self.architecture.theta), dtype)
        return self.blocks[dtype]

    def forward(self, s_in: torch.Tensor, spikes: list | None = None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """`spikes`, if given, is filled with every layer's (B, T, N)."""
        rates = []
        signal = s_in
        last = len(self.layers) - 1
        for number, p in enumerate(self.layers):
            setting = Setting(self.architecture.neuron, self._blocks(s_in.dtype), self.architecture.d_s, self.alpha,
                              record=number < last or "W_r" in p or spikes is not None, products=self.products)
            slow = [p[key] for key in ("w_x", "b_x", "W_m")] if "W_m" in p else [None] * 3
            bias = p["b_f"] + p["b_m"] if "b_m" in p else p["b_f"]
            signal, rate = SpikingLayer.apply(signal, p["W_f"], bias, p["W_r"] if "W_r" in p else None, *slow, setting)
            rates.append(rate)
            if spikes is not None:
                spikes.append(signal)
            if number < last and self.architecture.dropout:
                signal = nn.functional.dropout(signal, self.architecture.dropout, self.training)
        return rates[-1] @ self.W_o.T + self.b_o, rates

    def trained(self, encoding: Encoding, provenance: dict) -> TrainedNetwork:
        """The network as a weights file holds it."""
        a = self.architecture
        layers = []
        for p in self.layers:
            slow = None
            if "W_m" in p:
                slow = legendre_pathway(*(_array(p[key]) for key in ("w_x", "b_x", "W_m", "b_m")), a.theta, a.d_s)
            layers.append(Layer(_array(p["W_f"]), _array(p["b_f"]), a.neuron,
                                _array(p["W_r"]) if "W_r" in p else None, slow))
        return TrainedNetwork(tuple(layers), _array(self.W_o), _array(self.b_o), encoding, provenance)


def from_trained(network: TrainedNetwork, dtype: torch.dtype = torch.float32) -> SpikingNetwork:
    """The trainable network that holds the weights of `network`; layers must share their constants."""
    first = network.layers[0]
    if len({(layer.neuron, (layer.slow.d, layer.slow.theta, layer.slow.d_s) if layer.slow else None)
            for layer in network.layers}) > 1:
        raise DmpnetError("network: its layers differ in neuron constants or slow memory, but the trainer shares "
                          "them between layers; run it with dmpnet.reference or in Brian2")
    slow = {"d": first.slow.d, "theta": first.slow.theta, "d_s": first.slow.d_s} if first.slow else {}
    sizes = (first.M, *(layer.N for layer in network.layers), network.classes)
    model = SpikingNetwork(Architecture(network.kind.lower(), sizes, neuron=first.neuron, **slow)).to(dtype)
    with torch.no_grad():
        for p, layer in zip(model.layers, network.layers, strict=True):
            for key in p:
                source = layer if key in ("W_f", "b_f", "W_r") else layer.slow
                p[key].copy_(torch.as_tensor(getattr(source, key)))
        model.W_o.copy_(torch.as_tensor(network.W_o))
        model.b_o.copy_(torch.as_tensor(network.b_o))
    return model


def _start(architecture: Architecture, n: int, m: int) -> dict[str, torch.Tensor]:
    """Weights of a layer of n neurons on m inputs before training."""
    std = architecture.std
    active = max(m * INPUT_RATE, 1.0)
    layer = {"W_f": _normal((n, m), std or 0.5 / active**0.5), "b_f": torch.zeros(n)}
    if architecture.kind == "rsnn":
        layer["W_r"] = _normal((n, n), std or 0.5 / max(n * INPUT_RATE, 1.0) ** 0.5)
    if architecture.kind == "dmp":
        w_x = _normal((m,), std) if std else torch.full((m,), 1 / active)
        layer |= {"w_x": w_x, "b_x": torch.zeros(()), "W_m": _normal((n, architecture.d), std or 1.0),
                  "b_m": torch.zeros(n)}
    return layer


def _normal(shape: tuple[int, ...], std: float) -> torch.Tensor:
    return nn.init.trunc_normal_(torch.empty(shape), std=std, a=-2 * std, b=2 * std)


def _array(parameter: torch.Tensor) -> np.ndarray:
    return parameter.detach().numpy().copy()
