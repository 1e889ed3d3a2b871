"""A network in integers as a C header: every array and constant of every layer, for network.c beside it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.fixed import SHIFTS
from dmpnet.arithmetic.words import ROUNDINGS, Word
from dmpnet.errors import DmpnetError
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

PROGRAM = Path(__file__).with_name("network.c")
"""The C program that runs a network of such a header on golden vectors."""
TYPES = """\
#include <stddef.h>
#include <stdint.h>

enum { FLOOR, NEAREST, ZERO, STOCHASTIC, CARRIED }; /* how bits shifted out below are rounded; NEAREST: ties to even */
enum { EXPONENTIAL, LINEAR, SHIFT };       /* constant / 2^constant_shift * u; towards 0 by constant; u - u/2^shift */

typedef struct { int64_t low, high; int rounding, wrap; } word;

/* Matrices row by row: W_f (N, M), W_r (N, N), P (N, d), Abar (d, d). d: 0 without slow memory. NULL: none. */
typedef struct {
    int M, N, d, d_s;
    const int32_t *W_f, *W_r, *w_x, *P, *nu, *Abar, *Bbar;
    const int64_t *b, *theta_u, *floor;
    int64_t b_x;
    word x, m, u, I;
    int shift_x, shift_m, shift_B, shift_f, shift_I, shift_nu;
    int decay; int64_t constant; int constant_shift;
    int hard, before, each; /* reset to 0; saturates before it is compared; each current held in u's word */
    int queue;              /* events let in a step; 0: all */
    const int *delay; int longest;
    uint16_t random_x, random_m, random_u; /* where the shift registers of what rounds STOCHASTIC start */
} layer;
"""
A_LINE = 16  # numbers
DECAYS = {"exponential": "EXPONENTIAL", "linear": "LINEAR", "shift": "SHIFT"}


def check_whole(what: str, network: TrainedNetwork) -> None:
    """Raise DmpnetError for a network that is not in a chip's integers."""
    if not network.integer:
        raise DmpnetError(f"{what}: the network computes in real numbers, but hardware takes integers; constrain it to "
                          f"a chip first (dmpnet constrain, or --chip)")


def header(network: TrainedNetwork, name: str = "network") -> str:
    """network.h of an integer network; `name` is told in it."""
    check_whole("header", network)
    arrays, layers = [], []
    for number, layer in enumerate(network.layers, 1):
        given = dict(_arrays(layer))
        arrays += [_array(f"{key}_{number}", *given[key]) for key in given]
        layers.append(_layer(layer, {key: f"{key}_{number}" for key in given}))
    encoding = network.encoding
    return "\n".join([
        f"/* {name}: {network.shape}, {encoding.steps} steps of {encoding.dt:g} s, made by dmpnet export.",
        f"   Input: {'levels 0 to ' + str(encoding.levels) if encoding.levels else 'spikes, 0 or 1'}. */", TYPES,
        f"#define LAYERS {len(layers)}", f"#define CLASSES {network.classes}", "", *arrays,
        _array("W_o", np.asarray(network.W_o), "int32_t"), _array("b_o", np.asarray(network.b_o), "int64_t"),
        "static const layer layers[LAYERS] = {", ",\n".join(layers), "};", ""])


def _arrays(layer: Layer) -> Iterator[tuple[str, tuple[np.ndarray, str]]]:
    """Name, values and C type of every array a layer has."""
    fixed, slow = layer.fixed, layer.slow
    assert fixed is not None
    bias = np.asarray(layer.b_f, np.int64) + (np.asarray(slow.b_m, np.int64) if slow else 0)
    found = {"W_f": layer.W_f, "W_r": layer.W_r}
    if slow:
        found |= {"w_x": slow.w_x, "P": slow.W_m, "nu": slow.nu, "Abar": slow.Abar, "Bbar": slow.Bbar}
    yield from ((name, (np.asarray(values), "int32_t")) for name, values in found.items() if values is not None)
    wide = {"b": bias, "theta_u": np.broadcast_to(fixed.theta_u, layer.N), "floor": fixed.floor}
    yield from ((name, (np.broadcast_to(values, layer.N), "int64_t")) for name, values in wide.items()
                if values is not None)
    if layer.delay is not None:
        yield "delay", (np.asarray(layer.delay), "int")


def _array(name: str, values: np.ndarray, kind: str) -> str:
    whole = [str(int(value)) for value in values.ravel()]
    lines = [", ".join(whole[start:start + A_LINE]) for start in range(0, len(whole), A_LINE)]
    shape = ", ".join(map(str, values.shape))
    return f"static const {kind} {name}[{values.size}] = {{ /* ({shape}) */\n    " + ",\n    ".join(lines) + "\n};\n"


def _layer(layer: Layer, names: dict[str, str]) -> str:
    fixed, slow, neuron = layer.fixed, layer.slow, layer.neuron
    assert fixed is not None
    if neuron.decay not in DECAYS:
        raise DmpnetError(f"export: {neuron.decay} decay, but the C program knows {', '.join(DECAYS)}; add it to "
                          f"network.c, or train one of these")
    constant, down = _constant(layer)
    facts: dict[str, object] = {"M": layer.M, "N": layer.N, "d": slow.d if slow else 0, "d_s": slow.d_s if slow else 1}
    facts |= names | {"b_x": int(slow.b_x) if slow else 0}
    facts |= {name: _word(word) for name, word in fixed.words.items()} | {name: getattr(fixed, name) for name in SHIFTS}
    facts |= {"decay": DECAYS[neuron.decay], "constant": constant, "constant_shift": down,
              "hard": int(neuron.reset == "hard"), "before": int(fixed.saturates == "before"),
              "each": int(fixed.currents == "each"), "queue": fixed.queue,
              "longest": int(np.max(layer.delay)) if layer.delay is not None else 0}
    facts |= {f"random_{name}": lfsr.seeded(name, fixed.seed) for name in fixed.noisy if name in "xmu"}
    return "    { " + ",\n      ".join(f".{name} = {value}" for name, value in facts.items()) + " }"


def _constant(layer: Layer) -> tuple[int, int]:
    """The constant of a layer's decay, as a whole number over a power of two."""
    neuron = layer.neuron
    if neuron.decay == "shift":
        return 1, neuron.shift
    fraction, one = float(neuron.constant).as_integer_ratio()
    return fraction, one.bit_length() - 1


def _word(word: Word) -> str:
    return f"{{ {word.low}, {word.high}, {list(ROUNDINGS).index(word.rounding)}, {int(word.overflow == 'wrap')} }}"
