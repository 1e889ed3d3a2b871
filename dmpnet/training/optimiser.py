"""Optimisers of a recipe, their rate over the epochs, and what a step is bounded by."""

from __future__ import annotations

import math
import time
from functools import cache
from typing import TYPE_CHECKING

import torch

from dmpnet.equations.decay import BY_NAME
from dmpnet.training.muon import Muon

if TYPE_CHECKING:
    from dmpnet.training.model import SpikingNetwork
    from dmpnet.training.recipe import Recipe

FACTORS = {"delay": 10.0, "W_r": 0.1}
"""Learning rate of some parameters to that of weights: delays are some ten steps where weights are some tenths, and
recurrent weights that move as fast as the others make gradients explode."""
MATRICES = ("W_f", "W_r", "W_m")
"""What Muon moves: matrices between many and many."""
NO_DECAY = ("delay", "logit_beta", "lam", "c", "logit_rho", "log_a", "log_b", "log_dt", "log_A", "A_im", "C_re", "C_im",
            "log_unit", "log_unit_o")
"""What weight decay leaves alone; the last two are units of integers."""


def products(recipe: Recipe) -> torch.dtype:
    """Type of the backward pass's products: bfloat16 where the recipe allows it and it is faster here, else float32."""
    return torch.bfloat16 if recipe.gradients == "bfloat16" and bfloat16_is_faster() else torch.float32


@cache
def bfloat16_is_faster() -> bool:
    """Measured, in some 50 ms: processors with AVX-512 or AMX have instructions for it, of very different speed, and
    others compute it in software."""
    def seconds(kind: torch.dtype) -> float:
        a, b = torch.ones(4096, 208, dtype=kind), torch.ones(208, 200, dtype=kind)
        times = []
        for _ in range(5):
            began = time.perf_counter()
            torch.mm(a, b)
            times.append(time.perf_counter() - began)
        return min(times)

    return seconds(torch.bfloat16) < seconds(torch.float32)


def rate_at(recipe: Recipe, epoch: float) -> float:
    """Learning rate at a point in training, in epochs from the start."""
    if recipe.schedule == "constant":
        return recipe.lr
    if recipe.schedule == "step":
        return recipe.lr * 0.5 ** (epoch // 50)
    if epoch < 1:
        return recipe.lr * (0.1 + 0.9 * epoch)
    first = recipe.passed(1)
    done = (recipe.passed(epoch) - first) / max(recipe.passed(recipe.epochs) - first, 1)
    return recipe.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def optimisers(model: SpikingNetwork, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or Muon for the matrices of hidden layers, one a kind, and AdamW for the rest.

    AdamW without decay is Adam. No two share a parameter: they may step at the same time.
    """
    matrices: dict[str, dict] = {}
    others: dict[str, dict] = {}
    for name, parameter in model.named_parameters():
        kind = name.rsplit(".", 1)[-1]
        matrix = kind in MATRICES and min(parameter.shape) > 1
        groups = matrices if matrix and recipe.optimiser == "muon" else others
        fixed = kind in NO_DECAY
        group = groups.setdefault(kind if fixed or kind in FACTORS or groups is matrices else "weights", {
            "params": [], "factor": FACTORS.get(kind, 1.0), "weight_decay": 0.0 if fixed else recipe.weight_decay})
        group["params"].append(parameter)
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(list(others.values()), lr=recipe.lr)]
    for group in matrices.values():  # the rate that suits Adam suits Muon, as its steps are made as long
        found.append(Muon([group], recipe.lr, model))
    return found


@torch.no_grad()
def bound(model: SpikingNetwork, recipe: Recipe) -> None:
    """Take what a step moved too far back: delays, W_r beyond its norm, constants of decays."""
    for layer in model.layers:
        if "delay" in layer:
            layer["delay"].clamp_(0, recipe.delay_max)
        if "W_r" in layer and recipe.recurrent_norm:
            norm = torch.linalg.matrix_norm(layer["W_r"], 2)
            layer["W_r"].mul_(recipe.recurrent_norm / norm.clamp(min=recipe.recurrent_norm))
        if "lam" in layer:  # below 0 the membrane would grow by itself, above the threshold nothing is kept
            layer["lam"].clamp_(0, model.neurons[0].theta_u)
        if "c" in layer:
            neuron = model.neurons[0]
            layer["c"].clamp_(*BY_NAME[neuron.decay].limits(neuron.theta_u))
