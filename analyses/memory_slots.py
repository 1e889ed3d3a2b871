"""What does rounding a slow memory add to what the fast neurons hear, by bits, slots and way of rounding?

The memories of `shd-regen-dmp2`, seed 0, go through training samples with every number real but m, which each step
rounds to a word: in as many slots as there are dimensions, in the coordinates where that does least harm, and in all 64
of dmp-256 (dmpnet.hardware.basis), to the nearest, at random, and carried from slot to slot. Told is the root mean
square of what W_m m is off by over that of W_m m, with the unit of m at which it is least, of those `constrain` tries.
No accuracy, no test set.

python analyses/memory_slots.py --data FOLDER        (a minute)
"""

from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import reference
from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.numpy_integers import held, shifted
from dmpnet.arithmetic.words import Word
from dmpnet.disk import shipped
from dmpnet.hardware import basis, chip
from dmpnet.hardware.units import CLIPPED
from dmpnet.results import options, provenance, script
from dmpnet.trained import weights
from dmpnet.trained.slow_memory import SlowMemory

NETWORK, CHIP, BITS, FINE = "shd-regen-dmp2", "dmp-256", range(3, 9), 20  # FINE: bits below m's, before it is rounded
Held = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def main() -> None:
    parser = options.script(__doc__, None)
    parser.add_argument("--samples", type=options.count(1), default=60)
    options.quick(parser, "5 samples", samples=5)
    arguments = script.parsed(parser, "memory_slots", "analyses/results/memory_slots.json")
    network = weights.load(shipped.path(NETWORK))
    train = options.training_set(arguments, network)
    run = reference.run(network, train.drawn(arguments.samples, arguments.seed), record=("m", "x"))
    rows: list[dict[str, Any]] = []
    for number, layer in enumerate(network.layers):
        m, x = run.m[number], run.x[number]
        assert layer.slow is not None and m is not None and x is not None
        rows += of_layer(number + 1, layer.slow, m, x[..., 0])
    print(tabulate(rows, headers="keys", floatfmt=".2f"))
    provenance.write(arguments.out, {"rows": rows} | provenance.record(
        "memory_slots", script.given(arguments), data=train.source, weights=network.provenance))


def of_layer(number: int, slow: SlowMemory, m: np.ndarray, x: np.ndarray) -> list[dict[str, Any]]:
    """A row a number of slots, way of rounding and number of bits."""
    slots = chip.load(CHIP).limits.slots
    ways: list[tuple[Held, str]] = [(basis.rotated(slow, m), "nearest")]
    ways += [(basis.spread(slow, m, slots), rounding) for rounding in ("nearest", "stochastic", "carried")]
    said = m @ slow.W_m.T
    return [{"layer": number, "slots": len(held_in[1]), "rounding": rounding, "bits": bits, "off %": 100 * min(
        off(held_in, x, said, Word(bits, rounding), part) for part in CLIPPED)} for held_in, rounding in ways
        for bits in BITS]


def off(held_in: Held, x: np.ndarray, said: np.ndarray, word: Word, part: float) -> float:
    """What a memory held in a word says, against `said` (B, T, N); `part` of what every slot spans fits the word."""
    abar, bbar, W_m, z = held_in
    unit = part * np.abs(z).max((0, 1)) / word.high
    noise = lfsr.noise(z.shape[1], len(bbar), "m") if word.rounding == "stochastic" else np.zeros((z.shape[1], 1), int)
    whole, error = np.zeros((len(z), len(bbar)), np.int64), 0.0
    for k in range(z.shape[1]):
        total = (whole * unit @ abar.T + x[:, k, None] * bbar) / unit
        whole = held(shifted(np.rint(total * 2.0**FINE).astype(np.int64), FINE, word.rounding, noise[k]), word)
        error += float(np.square(whole * unit @ W_m.T - said[:, k]).sum())
    return float(np.sqrt(error / np.square(said).sum()))


if __name__ == "__main__":
    script.told(main)
