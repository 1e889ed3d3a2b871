"""Quantisation-aware training: an integer network trained on as its chip computes it.

Every weight is a real number v that the network uses rounded to its word, unit * Q(v / unit), and that learns as if it
had not been rounded (straight-through); what lies beyond the word's range moves only back. The unit of W_f, and so the
threshold in integers, and that of W_o are learned too (Esser et al. 2020, LSQ); that of P and nu follows the unit of
W_f, because a chip only shifts their sums: it is learned with it. x and m are the chip's integers, bit for bit
(dmpnet.training.integer_memory). Left out: the rounding of u and of biases, 16 bits, 1e-4 of a threshold; and that u,
and where the chip says so each current, ends at its word, which formats without `clip` never let it reach.

Formats of x, m, Abar, Bbar, the unit of w_x, and beta or lam stay as dmpnet.hardware.constrain chose them.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from dmpnet.arithmetic.words import Word
from dmpnet.data import Recordings
from dmpnet.errors import DmpnetError
from dmpnet.hardware import queue
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.units import whole_floor
from dmpnet.system.progress import Progress
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training.architecture import Architecture, Pathway
from dmpnet.training.integer_memory import IntegerMemory
from dmpnet.training.layer import Setting, SpikingLayer
from dmpnet.training.membrane import FUSED
from dmpnet.training.model import SpikingNetwork, from_trained
from dmpnet.training.optimiser import products
from dmpnet.training.recipe import Recipe
from dmpnet.training.trainer import Trainer


class Rounded(torch.autograd.Function):
    """unit * Q(v / unit), Q to the nearest constant of a word; `unit` broadcasts to v.

    Backward: dv = dy, but 0 where v lies outside the word and would move away; dunit = dy (Q(v/unit) - v/unit) inside,
    dy Q(v/unit) outside.
    """

    @staticmethod
    def forward(ctx, v, unit, word):
        part = v / unit
        whole = nearest(part, word)
        ctx.save_for_backward(part, whole, unit)
        ctx.high = word.high
        return whole * unit

    @staticmethod
    def backward(ctx, dy):
        part, whole, unit = ctx.saved_tensors
        outside = part.abs() > ctx.high
        dv = torch.where(outside & (dy * part < 0), 0, dy)
        dunit = (dy * torch.where(outside, whole, whole - part)).sum_to_size(unit.shape)
        return dv, dunit, None


def nearest(part: torch.Tensor, word: Word) -> torch.Tensor:
    """Word.nearest of a tensor."""
    return torch.from_numpy(word.nearest(part.detach().numpy())).to(part.dtype)


def let_in(signal: torch.Tensor, most: int) -> torch.Tensor:
    """signal (B, T, M) without the events of a step beyond the first `most`; 0: all of it."""
    return signal * ((signal != 0).cumsum(-1) <= most) if most else signal


def _check_made_for(integer: TrainedNetwork, chip: Chip) -> None:
    """Raise DmpnetError if `integer` computes otherwise than `chip` does."""
    for number, layer in enumerate(integer.layers, 1):
        fixed, slow = layer.fixed, layer.slow
        assert fixed is not None
        facts: list[tuple[str, Any, Any]] = [(name, word, getattr(chip.words, name))
                                             for name, word in fixed.words.items()]
        facts += [(name, getattr(fixed, name), getattr(chip.datapath, name)) for name in ("saturates", "currents")]
        facts.append(("queue", fixed.queue, queue.dropping(integer, chip)[number - 1]))
        if slow is not None:
            facts.append(("dependency_breaking", slow.nu is not None, chip.datapath.dependency_breaking))
        largest = int(np.abs(layer.W_f.astype(float)).max())
        facts.append(("largest W_f", largest, chip.words.W_f.high if largest > chip.words.W_f.high else largest))
        for name, ours, theirs in facts:
            if ours != theirs:
                raise DmpnetError(f"layer {number}: {name} is {ours!r}, but {chip.name} has {theirs!r}; constrain the "
                                  f"network to the chip it is trained for")


class QuantisedNetwork(SpikingNetwork):
    """Trains `integer`, the network that `constrain` made of `network` for `chip`.

    Parameters are in the trained network's units; W_m holds (P, nu) side by side where the chip breaks the dependency.
    taught : how much of the loss asks for what `network` says rather than for the label (distillation), 0 to 1
    """

    def __init__(self, network: TrainedNetwork, integer: TrainedNetwork, chip: Chip, dropout: float = 0.0,
                 products: torch.dtype | None = None, taught: float = 0.0):
        if any(layer.delay is not None for layer in network.layers):
            raise DmpnetError("network: it has axonal delays, but no chip has, so that there is nothing to train on; "
                              "train one without delays")
        for layer in network.layers:
            if layer.neuron.decay not in FUSED:
                raise DmpnetError(f"network: it has {layer.neuron.decay} decay, but integers are trained with "
                                  f"{', '.join(FUSED)}; constrain it without --finetune")
        _check_made_for(integer, chip)
        self.integer, self.chip = integer, chip
        sizes = (network.layers[0].M, *(layer.N for layer in network.layers), network.classes)
        neurons = tuple(replace(before.neuron, beta=after.neuron.beta, lam=after.neuron.lam * after.fixed.unit_u[0])
                        for before, after in zip(network.layers, integer.layers, strict=True) if after.fixed)
        pathways = tuple(Pathway(slow.all_blocks, slow.feed, slow.d_s) if (slow := layer.slow) else None
                         for layer in network.layers)
        super().__init__(Architecture("fsnn", sizes, kappa=network.kappa, dropout=dropout), products=products,
                         neurons=neurons, pathways=pathways)
        self.layers = nn.ModuleList(nn.ParameterDict({key: _tensor(value) for key, value in arrays.items()}) for arrays
                                    in map(self._start, range(len(neurons)), network.layers))
        self.memories: dict[tuple[int, torch.dtype], IntegerMemory] = {}
        self.W_o, self.b_o = nn.Parameter(_tensor(network.W_o)), nn.Parameter(_tensor(network.b_o))
        if not 0 <= taught <= 1:
            raise DmpnetError(f"taught = {taught:g}, but it is a part of the loss; set it from 0 to 1")
        self.taught = taught
        self.teacher = [from_trained(network)] if taught else []  # in a list: not among what is trained
        self.log_unit_o = nn.Parameter(_tensor(np.log(_unit_of(network.W_o, integer.W_o))))

    def _unit_in(self, number: int) -> float:
        """What one means in the input of layer `number`, from 0."""
        levels = self.integer.encoding.levels
        return 1 / levels if levels and number == 0 else 1.0

    def _start(self, number: int, layer: Layer) -> dict[str, Any]:
        """Parameters of a layer at the start: as trained, but (P, nu), and what was fitted to the integers."""
        after, slow, unit_in = self.integer.layers[number], layer.slow, self._unit_in(number)
        fixed = after.fixed
        assert fixed is not None
        unit = fixed.unit_u / (layer.neuron.g * unit_in) * 2.0**-fixed.shift_f
        if len(set(unit)) == 1:
            unit = unit[:1]
        parameters = {"W_f": layer.W_f, "b_f": layer.b_f + (slow.b_m if slow else 0), "log_unit": np.log(unit[:, None])}
        if layer.W_r is not None:
            parameters["W_r"] = layer.W_r
        if slow and after.slow:
            whole = after.slow.W_m[:, fixed.unit_m > 0]
            if after.slow.nu is not None:
                whole = np.concatenate([whole, after.slow.nu[:, None]], axis=1)
            parameters |= {"w_x": slow.w_x, "b_x": slow.b_x, "W_m": whole * unit[:, None] * self._readout_units(number)}
        return parameters

    def _readout_units(self, number: int) -> np.ndarray:
        """(d + 1,) or (d,): what one means in each column of (P, nu), over the unit of W_f."""
        layer = self.integer.layers[number]
        fixed = layer.fixed
        assert fixed is not None and layer.slow is not None
        units = 2.0**-fixed.shift_I / fixed.unit_m[fixed.unit_m > 0]
        if layer.slow.nu is not None:
            units = np.append(units, 2.0**-fixed.shift_nu / fixed.unit_x)
        return self._unit_in(number) * 2.0**fixed.shift_f * units

    def _unit_w(self, number: int) -> float:
        """What one means in w_x."""
        fixed = self.integer.layers[number].fixed
        assert fixed is not None
        return fixed.unit_x * 2.0**-fixed.shift_x / self._unit_in(number)

    def _memory(self, number: int, dtype: torch.dtype) -> IntegerMemory | None:
        layer = self.integer.layers[number]
        if layer.slow is None or layer.fixed is None:
            return None
        if (number, dtype) not in self.memories:
            self.memories[number, dtype] = IntegerMemory(
                layer.slow, layer.fixed, self._unit_w(number) * self._unit_in(number), dtype)
        return self.memories[number, dtype]

    def rounded(self, number: int) -> dict[str, torch.Tensor]:
        """The weights of layer `number` as the chip holds them, whole multiples of their units."""
        p, words = self.layers[number], self.chip.words
        unit = p["log_unit"].exp()
        unit_b = torch.from_numpy(self._unit_u(number)[0] / self.neurons[number].g).to(unit.dtype)
        parameters = {"W_f": Rounded.apply(p["W_f"], unit, words.W_f), "b_f": Rounded.apply(p["b_f"], unit_b, words.b)}
        if "W_r" in p:
            parameters["W_r"] = Rounded.apply(p["W_r"], unit * self._unit_in(number), words.W_r)
        if "W_m" in p:
            units = unit * torch.from_numpy(self._readout_units(number)).to(unit.dtype)
            d = units.shape[1] - (self.integer.layers[number].slow.nu is not None)
            parameters["w_x"] = Rounded.apply(p["w_x"], torch.tensor(self._unit_w(number), dtype=unit.dtype), words.w_x)
            parameters["W_m"] = Rounded.apply(p["W_m"][:, :d], units[:, :d], words.P)
            if d < units.shape[1]:
                nu = Rounded.apply(p["W_m"][:, d:], units[:, d:], words.nu)
                parameters["W_m"] = torch.cat([parameters["W_m"], nu], dim=1)
        return parameters

    def _unit_u(self, number: int) -> tuple[np.ndarray, int]:
        """(1,) or (N,): what one means in u, and by how many bits more than at first W_f is shifted for it.

        A unit is not smaller than at first, so that membranes have no less room.
        """
        fixed = self.integer.layers[number].fixed
        assert fixed is not None
        unit = self.layers[number]["log_unit"].detach().exp().double().numpy()[:, 0]
        fine = self.neurons[number].g * unit * self._unit_in(number) * 2.0**fixed.shift_f
        more = math.ceil(math.log2((fixed.unit_u[: len(unit)] / fine).max()) - 1e-6)
        return fine * 2.0**more, more

    def _threshold(self, number: int) -> np.ndarray:
        """(1,) or (N,): theta_u in whole numbers."""
        return np.maximum(np.rint(self.neurons[number].theta_u / self._unit_u(number)[0]), 1).astype(np.int64)

    def forward(self, s_in: torch.Tensor, spikes: list | None = None, m: list | None = None,
                generator: torch.Generator | None = None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        levels = self.integer.encoding.levels
        if levels:
            s_in = (s_in * levels).round().clamp(0, levels) / levels
        return super().forward(s_in, spikes, m, generator)

    def loss(self, s_in: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Cross entropy with the labels and, `taught` of it, with what the network in real numbers says."""
        by_label = super().loss(s_in, logits, labels)
        if not self.taught:
            return by_label
        with torch.no_grad():
            said, _ = self.teacher[0](s_in)
        return (1 - self.taught) * by_label + self.taught * torch.nn.functional.cross_entropy(
            logits.flatten(0, -2), said.flatten(0, -2).softmax(-1))

    def _readout(self) -> torch.Tensor:
        return Rounded.apply(self.W_o, self.log_unit_o.exp(), self.chip.words.W_o)

    def _fused(self, number: int, signal: torch.Tensor, scale: float, record: bool,
               _: list | None) -> tuple[torch.Tensor, torch.Tensor]:
        signal = let_in(signal, self.integer.layers[number].queue)
        p, w, pathway = self.layers[number], self.rounded(number), self.pathways[number]
        neuron, unit_u = self.neurons[number], self._unit_u(number)[0]
        if len(unit_u) == 1:  # else a threshold, and a floor, a neuron
            floor = whole_floor(neuron.floor, unit_u, self.chip.words.u)
            neuron = replace(neuron, theta_u=float(self._threshold(number)[0] * unit_u[0]),
                             floor=None if floor is None else float(floor[0] * unit_u[0]))
        setting = Setting(neuron, self._memory(number, p["W_f"].dtype), pathway.d_s if pathway else 1,
                          self.alpha, record, self.products, scale)
        slow = (w["w_x"], p["b_x"], w["W_m"]) if pathway else (None, None, None)
        return SpikingLayer.apply(signal, w["W_f"], w["b_f"], w.get("W_r"), *slow, None, setting)

    def trained(self, encoding: Encoding, provenance: dict) -> TrainedNetwork:
        """The integer network."""
        words = self.chip.words
        unit_o = self.log_unit_o.exp()
        layers = tuple(self._trained_layer(number) for number in range(len(self.layers)))
        return replace(
            self.integer, layers=layers, W_o=_whole(nearest(self.W_o / unit_o, words.W_o), self.integer.W_o),
            b_o=_whole(nearest(self.b_o / unit_o, words.b), self.integer.b_o),
            encoding=replace(encoding, levels=self.integer.encoding.levels),
            provenance=provenance | {"chip": self.integer.provenance["chip"]})

    def _trained_layer(self, number: int) -> Layer:
        """Layer `number` in integers."""
        p, layer, words = self.layers[number], self.integer.layers[number], self.chip.words
        fixed, neuron, g = layer.fixed, layer.neuron, self.neurons[number].g
        assert fixed is not None
        w = {key: value.detach().double().numpy() for key, value in self.rounded(number).items()}
        unit = np.broadcast_to(p["log_unit"].detach().exp().double().numpy()[:, 0], layer.N)
        unit_u, more = self._unit_u(number)
        unit_u, theta_u = np.broadcast_to(unit_u, layer.N), np.broadcast_to(self._threshold(number), layer.N)
        floor = whole_floor(self.neurons[number].floor, unit_u, words.u)
        neuron = replace(neuron, theta_u=float(theta_u.max()), lam=float(np.rint(self.neurons[number].lam / unit_u[0])),
                         floor=None if floor is None else float(floor.min()))
        trained = replace(
            layer, W_f=_whole(w["W_f"] / unit[:, None], layer.W_f), b_f=_whole(g * w["b_f"] / unit_u, layer.b_f),
            neuron=neuron,
            W_r=None if layer.W_r is None else _whole(w["W_r"] / (unit * self._unit_in(number))[:, None], layer.W_r),
            fixed=replace(fixed, theta_u=theta_u, unit_u=unit_u, floor=floor, shift_f=fixed.shift_f + more,
                          shift_I=fixed.shift_I + more, shift_nu=fixed.shift_nu + more))
        slow = layer.slow
        if slow is None:
            return trained
        readout = w["W_m"] / (unit[:, None] * self._readout_units(number))
        P = np.zeros_like(slow.W_m)
        d = int((fixed.unit_m > 0).sum())
        P[:, :d] = np.rint(readout[:, :d])
        b_x = words.b.nearest(p["b_x"].item() / (self._unit_w(number) * self._unit_in(number)))
        slow = replace(slow, w_x=_whole(w["w_x"] / self._unit_w(number), slow.w_x), b_x=_whole(b_x, slow.b_x), W_m=P,
                       nu=None if slow.nu is None else _whole(readout[:, d], slow.nu))
        return replace(trained, slow=slow)


def _tensor(array: Any) -> torch.Tensor:
    return torch.as_tensor(np.asarray(array, np.float32))


def _whole(values: Any, like: np.ndarray) -> np.ndarray:
    """Numbers that are whole but for float32, in the type of `like`."""
    return np.rint(np.asarray(values.detach() if isinstance(values, torch.Tensor) else values)).astype(like.dtype)


def _unit_of(values: np.ndarray, whole: np.ndarray) -> float:
    """What one means in `whole`, which `values` were rounded to."""
    values, whole = np.asarray(values, float), np.asarray(whole, float)
    return float((values * whole).sum() / (whole**2).sum()) if whole.any() else 1.0


def recipe(network: TrainedNetwork, epochs: int, lr: float, optimiser: str = "adam") -> Recipe:
    """How `network` is trained on: as it was trained, its validation part the same, for `epochs` from `lr` down.

    optimiser : of Recipe; 'muon' does better by 4-bit matrices and worse by ternary ones
    """
    return Recipe.that_led_to(network).onward(epochs, lr, optimiser=optimiser, rank_weight=0.0, learn_decay=False)


def trainer(network: TrainedNetwork, integer: TrainedNetwork, chip: Chip, recordings: Recordings, folder: Path,
            epochs: int, lr: float = 1e-3, progress: Progress = None, optimiser: str = "adam",
            taught: float = 0.0) -> Trainer:
    """Trains `integer`, the network that `constrain` made of `network`; finished() is the best on validation.

    recordings : the training set;  folder : of checkpoints, from which a run that was killed goes on
    progress : called with (done, total) in batches of all epochs; True or a name: a bar; None: silent
    taught : of QuantisedNetwork
    """
    chosen = recipe(network, epochs, lr, optimiser)
    model = QuantisedNetwork(network, integer, chip, chosen.dropout, products(chosen), taught)
    return Trainer(chosen, recordings, folder, progress, start=integer, model=model)
