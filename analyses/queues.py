"""More events in a step than a core takes at once: what does it cost to drop them, or to take them in several passes?

The DMP core of the authors' register-transfer sources takes 32 and drops the others; networks that ship, in its
integers, d of the network as its slots, on the part of the training set that they were trained without. Accuracy is of
the integer reference, cycles are of a step of all layers (dmpnet.hardware.cycles). What arrives first is not known of
recordings in steps and is taken to be the lowest channel, so that what is lost are the high ones.

python analyses/queues.py --data FOLDER        (a minute)
"""

from typing import Any

import numpy as np
from tabulate import tabulate

from dmpnet import reference
from dmpnet.hardware import chip as chips
from dmpnet.hardware import cycles, queue, workload
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.parts import QUEUES
from dmpnet.results import options, provenance, script, validation
from dmpnet.trained import weights

NETWORKS = ("shd-regen-dmp2", "shd-regen-dmp1", "shd-regen-dmp2-sparse")
CALIBRATION = 200


def rows(name: str, arguments: Any) -> list[dict[str, Any]]:
    """A row a word of the queue."""
    network = weights.named(name)
    train = options.training_set(arguments, network)
    held = options.few(arguments, train.take(validation.held_out(network, train)))
    calibration, s_in, labels = train.drawn(CALIBRATION, arguments.seed), held.batch(slice(None)), held.labels
    d = max(layer.slow.d for layer in network.layers if layer.slow)
    return [row(network, chips.changed(chips.load("dmp"), {"datapath.queue": word, "limits.slots": d}), calibration,
                s_in, labels) | {"network": name, "queue": word} for word in QUEUES]


def row(network: Any, chip: Any, calibration: np.ndarray, s_in: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """What a network does on a chip."""
    made = constrain(network, chip, calibration).network
    activity = reference.run(made, s_in)
    works = workload.of(made, activity, s_in)
    taken = cycles.all_layers(works, chip)
    return {"validation %": 100 * float((activity.predictions == labels).mean()), "samples": len(labels),
            "cycles a step": float(taken.mean()), "most cycles": int(taken.max()),
            "layers": [queue.lost(work, chip) for work in works]}


def main() -> None:
    parser = options.script(__doc__, "analyses/results/queues.json")
    options.quick(parser, "60 samples a network", few=60)
    arguments = script.parsed(parser, "queues")
    found = [row for name in NETWORKS for row in rows(name, arguments)]
    print(tabulate([{key: each[key] for key in ("network", "queue", "validation %", "cycles a step", "most cycles")}
                    | {f"{key}, layer {number}": layer[key] for number, layer in enumerate(each["layers"], 1)
                       for key in ("busy steps %", "events beyond %")} for each in found], headers="keys",
                   floatfmt=",.2f"))
    provenance.write(arguments.out, {"rows": found, "limit": chips.load("dmp").limits.spikes}
                     | provenance.record("queues", script.given(arguments), chip=chips.load("dmp").source))


if __name__ == "__main__":
    script.told(main)
