"""Random trained networks for tests: small, seeded, active but not saturated; and recordings to train small ones on."""

from dataclasses import replace
from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.data import Recordings
from dmpnet.equations.decay import decayed
from dmpnet.equations.neurons import Neuron
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork
from dmpnet.trained.slow_memory import legendre_pathway


def random_network(shape: tuple[int, ...] = (6, 16, 12, 3), *, kind: str = "DMP", d: int | tuple[int, ...] = 4,
                   theta: float | tuple[float, ...] = 20.0, d_s: int = 1, reset: str = "hard", steps: int = 40,
                   encoding: str = "spikes", neurons: tuple[Neuron, ...] = (), seed: int = 0,
                   dt: float = 1e-3, acts: str = "current", blocks: tuple[tuple[int, float], ...] = (),
                   feed: str = "parallel", delay: int | tuple[int, ...] = 0, kappa: float | None = None,
                   **encoding_fields: Any) -> TrainedNetwork:
    """A network with untrained, scaled weights whose layers fire at about 5 to 20 %.

    shape : units from input to readout, e.g. (6, 16, 12, 3) for two layers
    kind : 'DMP', 'RSNN' or 'FSNN'; 'DMP+RSNN' has both slow memory and W_r
    d, theta : one value, or one a layer; neurons : one a layer, else the published neuron with `reset`
    blocks, feed, acts : of every slow memory, in place of d and theta
    delay : longest axonal delay, one value or one a layer; 0 for a layer without
    """
    rng = np.random.default_rng(seed)
    code = Encoding(encoding, shape[0], steps, dt, **encoding_fields)
    layers: tuple[Layer, ...] = ()
    for number, (m, n) in enumerate(zip(shape[:-2], shape[1:-1], strict=True)):
        neuron = neurons[number] if neurons else Neuron(reset=reset)
        dim, window = _of_layer(d, number), _of_layer(theta, number)
        memory = {"theta": window, "d_s": d_s, "blocks": blocks, "feed": feed, "acts": acts}
        layer = _layer(rng, m, n, neuron, kind, sum(size for size, _ in blocks) or int(dim), memory)
        longest = int(_of_layer(delay, number))
        if longest:
            layer = replace(layer, delay=_delays(m, longest, seed))
        layers = _with_activity(layers, layer, code)
    return TrainedNetwork(layers, rng.normal(size=(shape[-1], shape[-2])), rng.normal(size=shape[-1]), code,
                          kappa=kappa)


def _delays(m: int, longest: int, seed: int) -> np.ndarray:
    """(m,) steps from 0 to `longest`, the longest among them (a generator of its own: the weights stay the same)."""
    delay = np.random.default_rng([seed, longest]).integers(0, longest + 1, m)
    delay[m // 2] = longest
    return delay


def random_input(network: TrainedNetwork, samples: int, steps: int | None = None, rate: float = 0.2,
                 seed: int = 1) -> np.ndarray:
    """(samples, steps, M): spikes with probability `rate`, or analog values in [0, 1) of which `rate` are not 0."""
    rng = np.random.default_rng(seed)
    shape = (samples, steps or network.encoding.steps, network.encoding.channels)
    active = rng.random(shape) < rate
    return active if network.encoding.kind == "spikes" else active * rng.random(shape)


def _of_layer(value: Any, number: int) -> float:
    return value[number] if isinstance(value, tuple) else value


def _with_activity(below: tuple[Layer, ...], layer: Layer, code: Encoding, rate: float = 0.1) -> tuple[Layer, ...]:
    """`below` and `layer`, its bias shifted by bisection until it fires at about `rate`."""
    high = 8 * _rheobase(layer.neuron)
    low = -high
    for _ in range(12):
        middle = (low + high) / 2
        layers = (*below, replace(layer, b_f=layer.b_f + middle))
        network = TrainedNetwork(layers, np.zeros((1, layer.N)), np.zeros(1), code)
        found = reference.run(network, random_input(network, 2, steps=min(code.steps, 60)), record=()).rates[-1].mean()
        low, high = (low, middle) if found > rate else (middle, high)
    return layers


def _rheobase(neuron: Neuron) -> float:
    """The steady current that holds the membrane at threshold: what leaks there in a step, over g."""
    level = np.array([neuron.theta_u])
    leak = float((level - decayed(level, neuron.decay, neuron.constant))[0])
    return (leak or 0.05 * neuron.theta_u) / neuron.g  # a membrane that keeps all has none: any small current does


def _layer(rng: np.random.Generator, m: int, n: int, neuron: Neuron, kind: str, d: int,
           memory: dict[str, Any]) -> Layer:
    """Weights in units of the current that holds the membrane at threshold, so that any beta, g, theta_u fires."""
    rheobase = _rheobase(neuron)
    fan_in = 0.2 * m  # inputs active at once, about
    W_f = rheobase * rng.normal(0.15, 0.8, size=(n, m)) / np.sqrt(max(fan_in, 1))
    b_f = rheobase * rng.normal(0.1, 0.2, size=n)
    W_r = rheobase * rng.normal(0, 0.5, size=(n, n)) / np.sqrt(0.1 * n + 1) if "RSNN" in kind else None
    slow = None
    if "DMP" in kind:
        w_x = rng.normal(0.5, 0.5, size=m) / max(fan_in, 1)
        W_m = rheobase * rng.normal(0, 1.2, size=(n, d)) / np.sqrt(d)
        b_x, b_m = 0.05 * rng.normal(), 0.1 * rheobase * rng.normal(size=n)
        scale = 1 / rheobase if memory["acts"] == "gain" else 1.0  # a gain is a factor, not a current
        slow = legendre_pathway(w_x, b_x, scale * W_m, scale * b_m, **memory)
    return Layer(W_f, b_f, neuron, W_r, slow)


def bars(n=60, steps=20):
    """Two classes: a bright pulse early or late. A feed-forward network without memory cannot tell them apart."""
    draw = np.random.RandomState(0)
    labels = np.arange(n) % 2
    values = draw.randint(0, 30, (n, steps, 1)).astype(np.uint8)
    for sample, label in enumerate(labels):
        values[sample, 3 + 8 * label : 6 + 8 * label] = 250
    return Recordings("smnist", "train", "analog", values, 1 / 255, labels.astype(np.int64), None, 2, 0.001)
