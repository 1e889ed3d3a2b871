"""What a network does on a chip, layer by layer: cycles, time, energy, what saturates, what accuracy integers cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.hardware import bit_errors, cycles, prices
from dmpnet.hardware.parts import Chip
from dmpnet.hardware.workload import Workload
from dmpnet.system.progress import Progress, telling
from dmpnet.trained.network import TrainedNetwork


def costs(works: list[Workload], chip: Chip, dt: float) -> list[dict[str, Any]]:
    """A row a layer, and one of all with the ways of events between them: of a step energy and cycles, their mean and
    most, and ms for a second of input, steps of dt s, where the chip has a clock [our model]."""
    taken = [*(cycles.timing(work, chip).latency for work in works), cycles.all_layers(works, chip)]
    energies = [prices.cost(work, chip).total / work.steps for work in works]
    rows = []
    for number, (step, pj) in enumerate(zip(taken, [*energies, sum(energies)], strict=True), 1):
        row: dict[str, Any] = {
            "layer": str(number) if number <= len(works) else "all, with ways between", "pJ a step": pj,
            "cycles a step": float(step.mean()), "most": int(step.max())}
        if chip.clock is not None:
            row |= {"ms a second": cycles.milliseconds(row["cycles a step"], chip, dt),
                    "at most": cycles.milliseconds(row["most"], chip, dt)}
        rows.append(row)
    return rows


def saturated(overflows: Sequence[Counter[str]]) -> list[dict[str, Any]]:
    """How many values of each word did not fit it (Constrained.overflows), a row a layer; u has its currents too."""
    return [{"layer": number} | {name: count[name] for name in ("x", "m", "u", "I")}
            for number, count in enumerate(overflows, 1)]


def with_errors(integer: TrainedNetwork, chip: Chip, s_in: np.ndarray, labels: np.ndarray, draws: int,
                seed: int = 0) -> list[dict[str, Any]]:
    """Accuracy of `integer` on s_in (B, T, M) with SRAM that holds wrong bits, a row a draw of which they are."""
    rows = []
    for draw in range(draws):
        held, bits = bit_errors.faulty(integer, chip, seed + draw)
        right = float((reference.run(held, s_in).predictions == labels).mean())
        rows.append({"draw": draw, "wrong bits": bits, "accuracy %": 100 * right})
    return rows


def losses(network: TrainedNetwork, integer: TrainedNetwork, s_in: np.ndarray, labels: np.ndarray,
           progress: Progress = None) -> list[dict[str, Any]]:
    """Accuracy on s_in (B, T, M) in real numbers, with one layer at a time in integers, and with all of them.

    progress : called with (done, total) in runs of the network; True or a name: a bar; None: silent
    """
    last = len(network.layers) + 1
    cases: list[tuple[str, tuple[int, ...]]] = [
        ("none", ()), *((f"layer {number}", (number,)) for number in range(1, last)), ("readout", (last,)),
        ("all", tuple(range(1, last + 1)))]
    rows: list[dict[str, Any]] = []
    with telling(progress, len(cases), "run", "one layer in integers at a time") as tell:
        for name, whole in cases:
            found = reference.mixed(network, integer, whole, s_in)
            right = 100 * float((found.predictions == labels).mean())
            rows.append({"in integers": name, "accuracy %": right,
                         "points lost": (rows[0]["accuracy %"] if rows else right) - right})
            tell(len(rows))
    return rows
