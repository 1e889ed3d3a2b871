"""How few bits can a linearly decaying membrane have on a core that leaks in place? Accuracy on the validation part.

Every seed of a shipped network that decays linearly, as trained and in the integers of `ldlif-256`, which holds it: V
of 11 bits (IMPULSE's), 8 and 6; weights of 8 bits and, as IMPULSE's, of 6. Formats are chosen on training samples and
accuracy is of the validation part that the network was trained without (its epoch was chosen there), in the integer
reference; the test set is left alone. Nothing is trained on. Points lost are paired: the same seed, the same samples.

A word that saturates is a floor. These networks were trained with one at -theta and lose little by it; trained without
one they lost 17 points in 8 bits. With --swapped the network is one trained with exponential decay, whose membranes
stay near 0, made to leak by the slope at threshold and not trained on: without a floor it reaches hundreds of
thresholds below 0, which the word cuts off.

python analyses/narrow_membranes.py --data FOLDER        (a minute or two a line, 18 of them; --processes, --scheduler;
                                                         seeds that are done are kept in --sweep)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.data import Recordings
from dmpnet.disk import shipped
from dmpnet.equations import decay
from dmpnet.hardware import chip, fit
from dmpnet.hardware.constrain import constrain
from dmpnet.results import options, provenance, script, validation
from dmpnet.sweeps.sweep import sweep
from dmpnet.trained import swap, weights
from dmpnet.trained.network import TrainedNetwork

NETWORK, CHIP = "shd-regen-dmp2-linear", "ldlif-256"
PIECE = 100  # samples that the reference takes at a time


def settings(V: list[int], W: list[int]) -> dict[str, dict[str, int]]:
    """Words of the chip to change, by name."""
    return {f"{u}-bit V, {w}-bit weights": {"words.u.bits": u, "words.b.bits": u} | {
        f"words.{name}.bits": w for name in ("W_f", "w_x", "W_o")} for w in W for u in V}


def predicted(network: TrainedNetwork, samples: Recordings) -> tuple[np.ndarray, list[float]]:
    """Classes (n,), and the fraction of neurons of each layer that fire in a step."""
    found, rates = [], []
    for start in range(0, len(samples), PIECE):
        run = reference.run(network, samples.batch(slice(start, start + PIECE)))
        found.append(run.predictions)
        rates.append([len(run.predictions) * layer.mean() for layer in run.spikes])
    return np.concatenate(found), (np.sum(rates, axis=0) / len(samples)).tolist()


def of_a_seed(seed: int, name: str, on: str, swapped: bool, words: dict[str, dict[str, int]], calibration: int,
              folder: Path | None, few: int | None = None) -> list[dict[str, Any]]:
    """Accuracy of a trained network and its integers on its validation part, a record a setting."""
    network = weights.load(shipped.path(f"{name}/seed{seed}"))
    train = data.load(network.encoding.dataset, "train", folder)
    learned, held = (train.take(part) for part in validation.split(network, train))
    held = options.part(held, few, 0)
    labels, s_in = held.labels, learned.drawn(calibration, seed)
    rows: list[dict[str, Any]] = []

    def add(setting: str, one: TrainedNetwork, broken: Sequence[str] = ()) -> None:
        found, rates = predicted(one, held)
        right = float((found == labels).mean())
        rows.append({"seed": seed, "setting": setting, "accuracy": right, "rates": rates, "samples": len(held),
                     "lost": rows[0]["accuracy"] - right if rows else 0.0, "broken": list(broken)})

    add("as trained", network)
    if swapped:
        network = swap.linear(network, decay.slope_at_threshold)
        add("linear, no floor", network)
    for setting, changes in words.items():
        core = chip.changed(chip.load(on), changes)
        made = constrain(network, core, s_in, clip=True).network
        add(setting, made, [str(need) for need in fit.fit(made, core).needs if need.over])
    return rows


def means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Over the seeds, a record a setting: accuracy, points lost and their spread."""
    found = []
    for setting in dict.fromkeys(row["setting"] for row in rows):
        some = [row for row in rows if row["setting"] == setting]
        lost = 100 * np.array([row["lost"] for row in some])
        found.append({"setting": setting, "seeds": len(some),
                      "validation %": 100 * float(np.mean([row["accuracy"] for row in some])),
                      "points lost": float(lost.mean()), "most": float(lost.max()),
                      "active %": ", ".join(f"{100 * rate:.1f}" for rate in np.mean([row["rates"] for row in some], 0)),
                      "limits broken": sum(len(row["broken"]) for row in some)})
    return found


def main() -> None:
    parser = options.script(__doc__, "analyses/results/narrow_membranes.json")
    parser.add_argument("--network", default=NETWORK, choices=shipped.names(), metavar="NAME")
    parser.add_argument("--chip", default=CHIP, metavar="CHIP")
    parser.add_argument("--swapped", action="store_true", help="trained with exponential decay, then made linear")
    parser.add_argument("--bits", type=options.count(4), nargs="+", default=[11, 8, 6], help="of V")
    parser.add_argument("--weights", type=options.count(2), nargs="+", default=[8, 6], metavar="BITS")
    parser.add_argument("--seeds", type=options.count(0), nargs="+", help="(default: all that ship)")
    parser.add_argument("--calibration", type=options.count(1), default=200, metavar="N")
    parser.add_argument("--sweep", type=Path, default=Path("narrow_membranes.sweep"), help="folder of seeds done")
    options.workers(parser, "seeds")
    options.quick(parser, "seed 0, 60 samples", seeds=[0], calibration=40, few=60)
    arguments = script.parsed(parser, "narrow_membranes")
    data.load(weights.named(arguments.network).encoding.dataset, "train", arguments.data, arguments.download)
    asked = {"name": arguments.network, "on": arguments.chip, "swapped": arguments.swapped,
             "words": settings(arguments.bits, arguments.weights), "calibration": arguments.calibration}
    asked |= {"few": arguments.few} if arguments.quick else {}
    found = sweep(of_a_seed, [{"seed": seed} for seed in arguments.seeds or shipped.seeds(arguments.network)],
                  arguments.scheduler, out=arguments.sweep, common=asked, aside={"folder": arguments.data},
                  processes=arguments.processes)
    rows = [row for of_one in found for row in of_one]
    print(tabulate(means(rows), headers="keys", floatfmt=".2f"))
    provenance.write(arguments.out, provenance.record("narrow_membranes", script.given(arguments), runs=rows,
                                                      means=means(rows)))


if __name__ == "__main__":
    script.told(main)
