"""Which of many designs are worth a look: those that no other beats, and the one after which more buys little."""

from collections.abc import Sequence
from typing import Any

import numpy as np

SAMPLES = 815
"""Of the validation part of shd-regen, which designs are measured on."""


def front(cost: Sequence[float], gain: Sequence[float]) -> list[int]:
    """Places of the designs than which none has more gain for the same cost or less cost for the same gain, by cost.

    Of equals the first.
    """
    order = sorted(range(len(cost)), key=lambda place: (cost[place], -gain[place], place))
    places: list[int] = []
    for place in order:
        if not places or gain[place] > gain[places[-1]]:
            places.append(place)
    return places


def knee(cost: Sequence[float], gain: Sequence[float]) -> int:
    """Place on the front farthest above the line from its first to its last design, cost on a logarithmic scale.

    Of a front of one or two, the one with the most gain. (Satopaa et al. 2011, as a distance in the unit square.)
    """
    places = front(cost, gain)
    x, y = np.log([cost[place] for place in places]), np.array([gain[place] for place in places], float)
    if len(places) < 3:
        return places[-1]
    above = (y - y[0]) / (y[-1] - y[0]) - (x - x[0]) / (x[-1] - x[0])
    return places[int(above.argmax())]


def best(points: list[dict[str, Any]], budget: int) -> dict[str, Any] | None:
    """The design within a budget of bytes that classifies best, of equals the smallest; None if none fits."""
    within = [point for point in points if point["bytes"] <= budget]
    return max(within, key=lambda point: (point["accuracy"], -point["bytes"]), default=None)


def enough(points: list[dict[str, Any]], budget: int, cost: str) -> dict[str, Any] | None:
    """The design within a budget of bytes that costs least among those about as good as the best there.

    About as good: two standard errors of the best's accuracy at most below it, of as many `samples` as it was measured
    on (SAMPLES where that is not said); None if none fits
    """
    most = best(points, budget)
    if most is None:
        return None
    p = most["accuracy"]
    least = p - 2 * float(np.sqrt(p * (1 - p) / most.get("samples", SAMPLES)))
    return min((point for point in points if point["bytes"] <= budget and point["accuracy"] >= least),
               key=lambda point: (point[cost], -point["accuracy"]))
