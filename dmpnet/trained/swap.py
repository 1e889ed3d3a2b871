"""A trained network with another decay in its membranes, weights as they are: what a chip without multipliers would
compute if nobody retrained."""

import math
from collections.abc import Callable
from dataclasses import replace

from dmpnet.equations import decay
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork


def linear(network: TrainedNetwork, rule: Callable[[float, float], float] = decay.least_squares,
           floor: float | None = None) -> TrainedNetwork:
    """`network` with linear decay, each layer's lam chosen from its beta and theta_u by a rule.

    rule : one of dmpnet.equations.decay.RULES, or alike;  in integers the nearest whole lam.
    floor : where membranes stop, in thresholds, e.g. -1 (`floored`); None: as they are
    """
    def leaking(layer: Layer) -> Neuron:
        neuron = layer.neuron
        lam = rule(neuron.beta, neuron.theta_u)
        return replace(neuron, decay="linear", lam=min(round(lam) if layer.fixed else lam, neuron.theta_u))

    swapped = _neurons(network, leaking)
    return swapped if floor is None else floored(swapped, floor)


def floored(network: TrainedNetwork, floor: float | None) -> TrainedNetwork:
    """`network` with membranes that stop at `floor` thresholds, <= 0, or nowhere (None), whatever their decay."""
    if network.integer:
        raise DmpnetError(f"network: it computes in integers, whose floor is set as they are made; give the network "
                          f"in real numbers a floor of {floor}, then constrain it")
    _leaky(network)
    return replace(network, layers=tuple(
        replace(layer, neuron=replace(layer.neuron, floor=None if floor is None else floor * layer.neuron.theta_u))
        for layer in network.layers))


def shift(network: TrainedNetwork) -> TrainedNetwork:
    """`network` with the shift that leaks most like each layer's beta: 2^-shift nearest to 1 - beta on a log scale."""
    return _neurons(network, lambda layer: replace(
        layer.neuron, decay="shift", shift=max(1, round(-math.log2(1 - layer.neuron.beta)))))


def _leaky(network: TrainedNetwork) -> None:
    for number, layer in enumerate(network.layers, 1):
        if layer.modes is not None:
            raise DmpnetError(f"network: layer {number} has modes, but a decay and a floor are those of a leaky "
                              f"membrane; give a network without modes")


def _neurons(network: TrainedNetwork, other: Callable[[Layer], Neuron]) -> TrainedNetwork:
    _leaky(network)
    for number, layer in enumerate(network.layers, 1):
        if layer.neuron.decay != "exponential":
            raise DmpnetError(f"network: layer {number} has decay {layer.neuron.decaying}, but only exponential decay "
                              f"has a beta to start from; give a network trained with exponential decay")
        if layer.beta is not None:
            raise DmpnetError(f"network: every neuron of layer {number} has a beta of its own, but a layer has one lam "
                              f"or shift; give a network trained without each_decay")
    return replace(network, layers=tuple(replace(layer, neuron=other(layer)) for layer in network.layers))
