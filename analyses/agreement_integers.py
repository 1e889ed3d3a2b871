"""Do Brian2's back ends hold the integers of the chip? Real inputs, every membrane, slow memory, scalar and spike.

Shipped DMP networks on the 8-bit DMP core, and with few bits and rounding at random, on samples of their test sets,
against the integer reference, which takes nothing from Brian2's code.

python analyses/agreement_integers.py --data FOLDER             (some minutes, most of them compiling)
"""

from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import reference
from dmpnet.brian.simulation import simulate
from dmpnet.disk import shipped
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.results import options, provenance, script
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

SAMPLES = {"shd-regen-dmp2": 100, "smnist-dmp2": 20}
CHIPS: dict[str, dict[str, Any]] = {
    "dmp-256": {},
    "4-bit W_f and P, 6-bit m, at random": {f"words.{name}.bits": 4 for name in ("W_f", "P", "nu")}
    | {"words.m.bits": 6} | {f"words.{name}.rounding": "stochastic" for name in ("x", "m", "u")},
}
QUANTITIES = ("spikes", "u", "m", "x")


def main() -> None:
    parser = options.script(__doc__, "analyses/results/agreement_integers.json")
    parser.add_argument("--backends", nargs="+", default=["numpy", "cython", "cpp_standalone"], metavar="NAME")
    options.quick(parser, "5 samples of the validation part, Brian2 in NumPy", few=5, backends=["numpy"])
    arguments = script.parsed(parser, "agreement_integers")
    rows: list[dict[str, Any]] = []
    for name, count in SAMPLES.items():
        network = weights.load(shipped.path(name))
        train, test = options.training_set(arguments, network), options.shown(arguments, network)
        s_in = train.drawn(8 if arguments.quick else 100, arguments.seed)
        for integers, changes in CHIPS.items():
            described = chip.changed(chip.load("dmp-256"), changes)
            made = constrain(network, described, s_in, clip=bool(changes)).network
            rows += compared(made, test.drawn(count, arguments.seed), arguments.backends,
                             {"network": name, "integers": integers, "samples": min(count, len(test))})
    print(tabulate(rows, headers="keys", floatfmt=".2f", intfmt=","))
    provenance.write(arguments.out, provenance.record("agreement_integers", script.given(arguments), rows=rows))


def compared(made: TrainedNetwork, s_in: np.ndarray, backends: list[str],
             about: dict[str, Any]) -> list[dict[str, Any]]:
    """A line a back end and quantity: places (sample, step, unit), and those where Brian2 holds another integer."""
    want = reference.run(made, s_in, record=QUANTITIES)
    rows = []
    for backend in backends:
        got = simulate(made, s_in, backend=backend, record=QUANTITIES)
        for quantity in QUANTITIES:
            pairs = [(np.asarray(a, float), np.asarray(b, float)) for a, b in
                     zip(getattr(got, quantity), getattr(want, quantity), strict=True) if b is not None]
            rows.append(about | {
                "back end": backend, "quantity": quantity,
                "not 0 %": 100 * np.mean([(b != 0).mean() for _, b in pairs]),
                "places": sum(b.size for _, b in pairs), "differ": int(sum((a != b).sum() for a, b in pairs))})
    return rows


if __name__ == "__main__":
    script.told(main)
