"""How few bits can a linearly decaying membrane have on a core that leaks in place? Accuracy on the validation part.

Every seed of a shipped network that decays linearly, as trained and in the integers of `ldlif-256`, which holds it: V
of 11 bits (IMPULSE's), 8 and 6; weights of 8 bits and, as IMPULSE's, of 6. Formats are chosen on training samples and
accuracy is of the validation part that the network was trained without (its epoch was chosen there), in the integer
reference; the test set is left alone. Nothing is trained on. Points lost are paired: the same seed, the same samples.

python analyses/narrow_membranes.py --data FOLDER        (a minute or two a line, 18 of them)
"""

from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import data, reference
from dmpnet.data import Recordings, validation_split
from dmpnet.disk import shipped
from dmpnet.hardware import chip, fit
from dmpnet.hardware.constrain import constrain
from dmpnet.results import options, provenance, script
from dmpnet.trained import weights
from dmpnet.trained.network import TrainedNetwork

NETWORK, CHIP = "shd-regen-dmp2-linear", "ldlif-256"
SETTINGS = {f"{V}-bit V, {W}-bit weights": {"words.u.bits": V, "words.b.bits": V} | {
    f"words.{name}.bits": W for name in ("W_f", "w_x", "W_o")} for W in (8, 6) for V in (11, 8, 6)}
PIECE = 100  # samples that the reference takes at a time


def predicted(network: TrainedNetwork, samples: Recordings) -> tuple[np.ndarray, list[float]]:
    """Classes (n,), and the fraction of neurons of each layer that fire in a step."""
    found, rates = [], []
    for start in range(0, len(samples), PIECE):
        run = reference.run(network, samples.batch(slice(start, start + PIECE)))
        found.append(run.predictions)
        rates.append([len(run.predictions) * layer.mean() for layer in run.spikes])
    return np.concatenate(found), (np.sum(rates, axis=0) / len(samples)).tolist()


def of_a_seed(name: str, seed: int, described: str, calibration: int, folder: Any) -> list[dict[str, Any]]:
    """Accuracy of a trained network and its integers on its validation part, a record a setting."""
    network = weights.load(shipped.path(name).with_name(f"seed{seed}.npz"))
    how = network.provenance["arguments"]
    train = data.load(network.encoding.dataset, "train", folder)
    learned, held = (train.take(part) for part in validation_split(train, how["validation"], how["seed"],
                                                                   by=how.get("by", "class")))
    labels, s_in = held.labels, learned.drawn(calibration, seed)
    trained, rates = predicted(network, held)
    rows = [{"seed": seed, "setting": "as trained", "accuracy": float((trained == labels).mean()), "lost": 0.0,
             "rates": rates, "samples": len(held), "broken": []}]
    for setting, changes in SETTINGS.items():
        core = chip.changed(chip.load(described), changes)
        made = constrain(network, core, s_in, clip=True).network
        found, rates = predicted(made, held)
        right = float((found == labels).mean())
        rows.append({"seed": seed, "setting": setting, "accuracy": right, "lost": rows[0]["accuracy"] - right,
                     "rates": rates, "samples": len(held),
                     "broken": [str(need) for need in fit.fit(made, core).needs if need.over]})
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
    parser.add_argument("--calibration", type=options.count(1), default=200, metavar="N")
    arguments = script.parsed(parser, "narrow_membranes")
    rows = [row for seed in shipped.seeds(arguments.network)
            for row in of_a_seed(arguments.network, seed, arguments.chip, arguments.calibration, arguments.data)]
    print(tabulate(means(rows), headers="keys", floatfmt=".2f"))
    provenance.write(arguments.out, provenance.record("narrow_membranes", script.given(arguments), runs=rows,
                                                      means=means(rows)))


if __name__ == "__main__":
    script.told(main)
