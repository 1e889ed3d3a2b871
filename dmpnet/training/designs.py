"""One design of a network and its chip: trained, put into integers, and what these take, cost and still classify.

The chip is made to measure: as many slots as d, cores as large as the layers, banks as large as what they hold.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dmpnet.data import Recordings, drawn_from
from dmpnet.hardware import cycles, precision, prices, workload
from dmpnet.hardware.banks import BANKS
from dmpnet.hardware.chip import changed
from dmpnet.hardware.constrain import Constrained, constrain, examined
from dmpnet.hardware.fit import fit
from dmpnet.hardware.parts import Chip
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training import quantised
from dmpnet.training.recipe import Recipe
from dmpnet.training.trainer import Trainer


@dataclass(frozen=True)
class Effort:
    """How much is done for each design.

    epochs : of training;  finetune : of quantisation-aware training, for each choice of bits
    calibration : samples for formats and spikes;  measured : validation samples at most
    """

    epochs: int
    finetune: int
    calibration: int
    measured: int


def designed(recipe: Recipe, chip: Chip, choices: list[precision.Bits], effort: Effort, recordings: Recordings,
             folder: Path, progress: Progress = None) -> list[dict[str, Any]]:
    """Points of one trained network (d and N in `recipe`), one for each choice of bits (W_f, P, m).

    Every run lies in `folder` and goes on from there. Accuracy is that of the integer network, and `trained` that of
    the network in real numbers, on the validation part; the test set is left alone.

    progress : called with (done, total) in networks, the trained one and its integers; True or a name: a bar; None:
        silent
    """
    run = Trainer(replace(recipe, epochs=effort.epochs), recordings, folder / "trained")
    points = []
    with telling(progress, 1 + len(choices), "network", "designing") as tell:
        network = run.finished()
        tell(1)
        s_in = recordings.batch(drawn_from(run.train, effort.calibration, recipe.seed))
        held = drawn_from(run.held_out, effort.measured, recipe.seed)
        validation, labels = recordings.batch(held), recordings.labels[held]
        trained = precision.measured(network, validation, labels)
        for bits in choices:
            few = changed(chip, precision.settings(bits) | {"limits.slots": recipe.d,
                                                            "limits.neurons": max(recipe.sizes)})
            constrained = _in_integers(network, few, s_in, effort.finetune, recordings,
                                folder / "-".join(map(str, bits.values())))
            points.append({"d": recipe.d, "N": recipe.sizes[1], **bits, "bytes": precision.size(network, few),
                           "accuracy": precision.measured(constrained.network, validation, labels), "trained": trained,
                           "samples": len(held), **costs(constrained, few, s_in)})
            tell(1 + len(points))
    return points


def _in_integers(network: TrainedNetwork, chip: Chip, s_in: np.ndarray, epochs: int, recordings: Recordings,
                 folder: Path) -> Constrained:
    """`network` in the integers of `chip`, trained on in them for so many epochs, in `folder`."""
    constrained = constrain(network, chip, s_in, clip=True, compensate=not epochs)
    if not epochs:
        return constrained
    better = quantised.trainer(network, constrained.network, chip, recordings, folder, epochs)
    return examined(network, better.finished(), s_in, constrained.changes, clip=True)


def costs(constrained: Constrained, chip: Chip, s_in: np.ndarray) -> dict[str, float]:
    """nJ an inference and cycles a step of all layers, on s_in, with banks made to measure [our model]."""
    banks = fit(constrained.network, chip).banks
    used = {bank.name: max(need.used for need in banks if need.rule == f"{bank.name} bank") for bank in BANKS}
    small = changed(chip, {f"memory.{name}": max(int(bytes_), 1) for name, bytes_ in used.items()})
    works = workload.of(constrained.network, constrained.activity, s_in)
    return {"nJ": sum(prices.cost(work, small).total for work in works) / len(s_in) / 1e3,
            "cycles": float(cycles.all_layers(works, small).mean())}
