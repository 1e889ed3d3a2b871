"""A training that begins with another network in place of drawn weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.trained.network import TrainedNetwork
    from dmpnet.training.model import SpikingNetwork
    from dmpnet.training.recipe import Recipe

LEAKS = ("logit_beta", "lam", ".c")
"""Ends of the names of parameters of decays, which a network to begin with may not have learned."""


def begin(model: SpikingNetwork, start: TrainedNetwork, begun: SpikingNetwork, recipe: Recipe) -> None:
    """Give `model`, of `recipe`, the weights of `start` and the neurons of its layers, which may differ from layer to
    layer; DmpnetError if its arrays are others. begun : `start` once more, as a module
    """
    sizes = (start.layers[0].M, *(layer.N for layer in start.layers), start.classes)
    theirs, ours = begun.state_dict(), model.state_dict()
    missing = {name for name in ours.keys() ^ theirs.keys() if name in theirs or not name.endswith(LEAKS)} | {
        name for name in ours.keys() & theirs.keys() if ours[name].shape != theirs[name].shape}
    if sizes != tuple(recipe.sizes) or missing or begun.emits != model.emits:
        raise DmpnetError(f"start: a {start.kind} of {sizes}, but the recipe is of a {recipe.kind} of {recipe.sizes} "
                          f"and needs the same arrays; give a network of that kind")
    model.neurons = tuple(layer.neuron for layer in start.layers)
    model.load_state_dict(theirs, strict=False)
    with torch.no_grad():
        for parameters, neuron, layer in zip(model.layers, model.neurons, start.layers, strict=True):
            if "lam" in parameters:
                parameters["lam"].fill_(neuron.lam)
            if "c" in parameters:
                parameters["c"].fill_(neuron.constant)
            if "logit_beta" in parameters and layer.beta is None:
                parameters["logit_beta"].copy_(torch.logit(torch.tensor(neuron.beta)))
