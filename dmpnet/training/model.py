"""The trainable network: PyTorch parameters around the layers, and the way to and from a weights file's network."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from dmpnet.equations import memory
from dmpnet.equations.decay import BY_NAME
from dmpnet.equations.neurons import Neuron
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import legendre_pathway
from dmpnet.training import adaptation, modes, plain
from dmpnet.training.adapting import AdaptingMembranes
from dmpnet.training.architecture import Architecture, Pathway
from dmpnet.training.delay import AxonalDelay
from dmpnet.training.layer import Setting, SpikingLayer
from dmpnet.training.membrane import FUSED
from dmpnet.training.ringing import RingingMembranes
from dmpnet.training.scan import Blocks, hold

INPUT_RATE = 0.05
"""Part of the inputs taken to spike in a step where weights are to start well."""


class SpikingNetwork(nn.Module):
    """Maps s_in (B, T, M) to (logits (B, C) or, with kappa, (B, T, C); list of rates (B, N)).

    products : dtype of spikes between layers and of the matrix products of the backward pass, that of the weights
        if None
    neurons, pathways, emits : of each layer, where they differ from the architecture's; emits None without modes
    """

    def __init__(self, architecture: Architecture, alpha: float = 4.0, products: torch.dtype | None = None,
                 neurons: tuple[Neuron, ...] = (), pathways: tuple[Pathway | None, ...] = (),
                 emits: tuple[str | None, ...] = ()):
        super().__init__()
        self.architecture, self.alpha, self.products = architecture, alpha, products
        sizes = architecture.sizes
        depth = len(sizes) - 2
        self.neurons = neurons or (architecture.neuron,) * depth
        self.pathways = pathways or tuple(map(architecture.pathway, range(depth)))
        self.emits = emits or (architecture.emits if architecture.modes else None,) * depth
        self.sigma = 1.0  # width over which a delay looks round itself, in steps
        self.coarse = 1  # so many steps are one: an epoch of less work; parameters are always those of single steps
        self.layers = nn.ModuleList()
        for number, (m, n, pathway) in enumerate(zip(sizes[:-2], sizes[1:-1], self.pathways, strict=True)):
            late = bool(architecture.delay_max and (number or architecture.delay_input))
            rate = 1.0 if number and self.emits[number - 1] == "values" else INPUT_RATE
            self.layers.append(nn.ParameterDict(_start(architecture, n, m, pathway, late, rate)))
        width = sizes[-2] ** -0.5 if self.emits[-1] == "values" else 1.0
        self.W_o = nn.Parameter(_normal((sizes[-1], sizes[-2]), architecture.std or width))
        self.b_o = nn.Parameter(torch.zeros(sizes[-1]))
        self.constants: dict[tuple[Pathway, torch.dtype], Blocks] = {}

    def _blocks(self, pathway: Pathway | None, dtype: torch.dtype) -> Blocks | None:
        if pathway is None:
            return None
        pathway = pathway.coarser(self.coarse)
        if (pathway, dtype) not in self.constants:
            self.constants[pathway, dtype] = Blocks(*memory.hierarchy(pathway.blocks, pathway.feed), dtype)
        return self.constants[pathway, dtype]

    def forward(self, s_in: torch.Tensor, spikes: list | None = None, m: list | None = None,
                generator: torch.Generator | None = None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """`spikes`, `m`, if given, are filled with every layer's (B, T, N) and (B, T, d); `generator` draws dropout."""
        rates = []
        signal, scale = s_in, 1.0
        last = len(self.layers) - 1
        for number in range(last + 1):
            record = number < last or spikes is not None or self.architecture.kappa is not None
            fused = m is None and self.neurons[number].decay in FUSED and "log_a" not in self.layers[number]
            run = self._ringing if self.emits[number] else self._fused if fused else self._stepwise
            signal, rate = run(number, signal, scale, record, m)
            rates.append(rate)
            if spikes is not None:
                spikes.append(signal)
            p = self.architecture.dropout
            if number < last and p and self.training:
                signal = signal * (torch.rand(signal.shape, generator=generator) >= p).to(signal.dtype)
                scale = 1 / (1 - p)
            else:
                scale = 1.0
        W_o = self._readout()
        if self.architecture.kappa is None:
            return rates[-1] @ W_o.T + self.b_o, rates
        return faded(signal.to(W_o.dtype) @ W_o.T + self.b_o, self.architecture.kappa), rates

    def loss(self, s_in: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What training makes small, but for regularisers: cross entropy of logits and labels."""
        return torch.nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())

    def _readout(self) -> torch.Tensor:
        return self.W_o

    def _acts(self, number: int) -> str:
        pathway = self.pathways[number]
        return pathway.acts if pathway else "current"

    @property
    def pace(self) -> float:
        """How much faster membranes run when steps are coarse: the square root [ours].

        With the same decay in time each spike, which costs a whole step, would cost more and rates would rise; with
        the same a step they would fall when steps are single again. Between the two a network changes least.
        """
        return self.coarse**0.5

    def _learned(self, number: int) -> torch.Tensor | None:
        """What stands for the neuron's beta, lam or c."""
        p = self.layers[number]
        if "logit_beta" in p:
            return torch.sigmoid(p["logit_beta"]) ** self.pace
        return p["lam"] * self.pace if "lam" in p else p["c"] if "c" in p else None

    def _fused(self, number: int, signal: torch.Tensor, scale: float, record: bool,
               _: list | None) -> tuple[torch.Tensor, torch.Tensor]:
        p, pathway = self.layers[number], self.pathways[number]
        if "delay" in p:
            signal = AxonalDelay.apply(signal, p["delay"], self.sigma)
        acts = self._acts(number)
        setting = Setting(coarser(self.neurons[number], self.pace), self._blocks(pathway, p["W_f"].dtype),
                          pathway.d_s if pathway else 1, self.alpha, record, self.products, scale, acts)
        slow = [p[key] for key in ("w_x", "b_x", "W_m")] if pathway else [None] * 3
        bias = p["b_f"] + p["b_m"] if pathway and acts == "current" else p["b_f"]
        return SpikingLayer.apply(signal, p["W_f"], bias, p["W_r"] if "W_r" in p else None, *slow,
                                  self._learned(number), setting, None if acts == "current" else p["b_m"])

    def _stepwise(self, number: int, signal: torch.Tensor, scale: float, _: bool,
                  kept: list | None) -> tuple[torch.Tensor, torch.Tensor]:
        p, pathway, I_m = self.layers[number], self.pathways[number], None
        if "delay" in p:
            signal = AxonalDelay.apply(signal, p["delay"], self.sigma)
        signal = signal.to(p["W_f"].dtype) * scale
        m = None
        if pathway:
            abar, bbar = memory.hierarchy(pathway.coarser(self.coarse).blocks, pathway.feed)
            response = torch.tensor(memory.impulse_response(abar, bbar, signal.shape[1]), dtype=signal.dtype)
            m = plain.memory(signal, p["w_x"], p["b_x"], response)
            I_m = hold(m, pathway.d_s) @ p["W_m"].T + p["b_m"]
        if kept is not None:
            kept.append(m)
        adapting, neuron = adaptation.values(p), coarser(self.neurons[number], self.pace)
        if kept is None and adapting and adaptation.compiled(p, neuron, self._acts(number)):
            spikes = AdaptingMembranes.apply(plain.driven(signal, p["W_f"], p["b_f"], I_m, self._acts(number)),
                                             *adapting, self._learned(number), neuron, self.alpha)
            return spikes, spikes.mean(1)
        spikes = plain.layer(signal, p["W_f"], p["b_f"], neuron, self.alpha, p["W_r"] if "W_r" in p else None, I_m,
                             self._acts(number), self._learned(number), adapting)
        return spikes, spikes.mean(1)

    def _ringing(self, number: int, signal: torch.Tensor, scale: float, _: bool,
                 kept: list | None) -> tuple[torch.Tensor, torch.Tensor]:
        p = self.layers[number]
        if kept is not None:
            kept.append(None)
        drive = signal.to(p["W_f"].dtype) * scale @ p["W_f"].T + p["b_f"]
        emitted = RingingMembranes.apply(drive, *modes.values(p, self.coarse), self.neurons[number],
                                         self.emits[number], self.alpha)
        return emitted, emitted.mean(1)

    def trained(self, encoding: Encoding, provenance: dict) -> TrainedNetwork:
        """The network as a weights file holds it."""
        layers = []
        for p, pathway, neuron, emits in zip(self.layers, self.pathways, self.neurons, self.emits, strict=True):
            slow = delay = betas = None
            if pathway:
                several = len(pathway.blocks) > 1
                slow = legendre_pathway(_array(p["w_x"]), p["b_x"].item(), _array(p["W_m"]), _array(p["b_m"]),
                                        pathway.blocks[0][1], pathway.d_s, blocks=pathway.blocks if several else (),
                                        feed=pathway.feed if several else "parallel", acts=pathway.acts)
            if "delay" in p:
                delay = _array(p["delay"].round()).astype(np.int32)
            if "logit_beta" in p:
                kept = torch.sigmoid(p["logit_beta"])
                beta = kept.mean().item()
                neuron, betas = replace(neuron, beta=beta, g=1 - beta), _array(kept) if kept.ndim else None
            if "lam" in p:
                neuron = replace(neuron, lam=p["lam"].item())
            if "c" in p:
                low, high = BY_NAME[neuron.decay].limits(neuron.theta_u)
                neuron = replace(neuron, c=min(max(p["c"].item(), low), high))
            layers.append(Layer(_array(p["W_f"]), _array(p["b_f"]), neuron, _array(p["W_r"]) if "W_r" in p else None,
                                slow, delay, adaptation=adaptation.learned(p), beta=betas,
                                modes=modes.learned(p, emits)))
        return TrainedNetwork(tuple(layers), _array(self.W_o), _array(self.b_o), encoding, provenance,
                              self.architecture.kappa)


def from_trained(network: TrainedNetwork, dtype: torch.dtype = torch.float32) -> SpikingNetwork:
    """The trainable network that holds the weights of `network`."""
    sizes = (network.layers[0].M, *(layer.N for layer in network.layers), network.classes)
    pathways = tuple(Pathway(tuple(slow.blocks) or ((slow.d, slow.theta),), slow.feed, slow.d_s, slow.acts)
                     if (slow := layer.slow) else None for layer in network.layers)
    model = SpikingNetwork(Architecture("fsnn", sizes, kappa=network.kappa),
                           neurons=tuple(layer.neuron for layer in network.layers), pathways=pathways,
                           emits=tuple(layer.modes.emits if layer.modes else None for layer in network.layers))
    with torch.no_grad():
        for p, layer in zip(model.layers, network.layers, strict=True):
            for key in ("W_r", "delay"):
                if getattr(layer, key) is not None:
                    p[key] = nn.Parameter(torch.empty(getattr(layer, key).shape))
            if layer.beta is not None:
                p["logit_beta"] = nn.Parameter(torch.logit(torch.from_numpy(layer.constant)))
            if layer.adaptation is not None:
                p.update({key: nn.Parameter(value) for key, value in adaptation.parameters(layer.adaptation).items()})
            if layer.modes is not None:
                p.update({key: nn.Parameter(value) for key, value in modes.parameters(layer.modes).items()})
    model = model.to(dtype)
    with torch.no_grad():
        for p, layer in zip(model.layers, network.layers, strict=True):
            for key in p.keys() - {*adaptation.PARAMETERS, *modes.PARAMETERS, "logit_beta"}:
                source = layer.slow if key in ("w_x", "b_x", "W_m", "b_m") else layer
                p[key].copy_(torch.as_tensor(getattr(source, key)))
        model.W_o.copy_(torch.as_tensor(network.W_o))
        model.b_o.copy_(torch.as_tensor(network.b_o))
    return model


def _start(architecture: Architecture, n: int, m: int, pathway: Pathway | None,
           late: bool, rate: float) -> dict[str, torch.Tensor]:
    """Weights of a layer of n neurons on m inputs, which may come late, before training.

    rate : part of the inputs that is 1 in a step; 1 of values, which are about 1 throughout
    """
    std = architecture.std
    active = max(m * rate, 1.0)
    drive = 2.0 if architecture.adaptive else 1.0 if architecture.modes else 0.5  # thresholds; w takes most of it
    layer = {"W_f": _normal((n, m), std or drive / active**0.5), "b_f": torch.zeros(n)}
    if architecture.kind == "rsnn":
        layer["W_r"] = _normal((n, n), std or 0.05 / max(n * INPUT_RATE, 1.0) ** 0.5)  # more, and it runs away
    if pathway:
        w_x = _normal((m,), std) if std else torch.full((m,), 1 / active)
        layer |= {"w_x": w_x, "b_x": torch.zeros(()), "W_m": _normal((n, pathway.d), std or 1.0), "b_m": torch.zeros(n)}
    if architecture.adaptive:
        layer |= adaptation.start(n)
    if architecture.modes:
        layer |= modes.start(n, architecture.modes, architecture.emits, architecture.mode_dt)
    if late:
        layer["delay"] = architecture.delay_max * torch.rand(m)
    if architecture.learn_decay and architecture.neuron.decay == "exponential":
        layer["logit_beta"] = torch.logit(torch.full((n,) if architecture.each_decay else (), architecture.neuron.beta))
    if architecture.learn_decay and architecture.neuron.decay == "linear":
        layer["lam"] = torch.tensor(architecture.neuron.lam)
    if architecture.learn_decay and architecture.neuron.c is not None:
        layer["c"] = torch.tensor(architecture.neuron.c)
    return layer


def coarser(neuron: Neuron, steps: float) -> Neuron:
    """The neuron that does in one step what `neuron` does in `steps`, under a constant input and without spikes.

    exponential: beta^steps, g (1 - beta^steps) / (1 - beta);  linear: steps lam, steps g
    """
    if steps == 1:
        return neuron
    if neuron.decay == "linear":
        return replace(neuron, lam=steps * neuron.lam, g=steps * neuron.g)
    beta = neuron.beta**steps
    return replace(neuron, beta=beta, g=neuron.g * (1 - beta) / (1 - neuron.beta))


def effective_rank(m: torch.Tensor) -> torch.Tensor:
    """Number of dimensions that m (B, T, d) fills: the participation ratio (tr C)^2 / tr C^2 of its covariance C; 0 of
    a memory that never changes."""
    flat = m.reshape(-1, m.shape[-1])
    flat = flat - flat.mean(0)
    covariance = flat.T @ flat / len(flat)
    return covariance.trace() ** 2 / (covariance**2).sum().clamp(min=torch.finfo(m.dtype).tiny)


def faded(y: torch.Tensor, kappa: float) -> torch.Tensor:
    """(B, T, classes) the mean of y (B, T, classes) over the steps so far, (1 - kappa) kappa^(k - j) of step j in step
    k, in one product: one a sample, a few columns wide, takes fifteen times as long."""
    samples, steps, classes = y.shape
    columns = y.transpose(0, 1).reshape(steps, samples * classes)
    return (_fade(steps, kappa, y.dtype) @ columns).reshape(steps, samples, classes).transpose(0, 1)


@lru_cache(maxsize=4)
def _fade(steps: int, kappa: float, dtype: torch.dtype) -> torch.Tensor:
    """(T, T): row k holds (1 - kappa) kappa^(k - j) for j <= k, the readout of a class at every step."""
    lag = torch.arange(steps)[:, None] - torch.arange(steps)
    weights = (1 - kappa) * torch.tensor(kappa, dtype=torch.float64) ** lag.clamp(min=0)
    return (weights * (lag >= 0)).to(dtype)


def _normal(shape: tuple[int, ...], std: float) -> torch.Tensor:
    return nn.init.trunc_normal_(torch.empty(shape), std=std, a=-2 * std, b=2 * std)


def _array(parameter: torch.Tensor) -> np.ndarray:
    return parameter.detach().numpy().copy()
