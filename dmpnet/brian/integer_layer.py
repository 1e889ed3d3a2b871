"""What a step of a layer is in the integers of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from brian2 import Function

from dmpnet.brian.integer_steps import functions, integrate, looked_up, rectify, remember
from dmpnet.brian.real_steps import Steps
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.arithmetic.fixed import Fixed
    from dmpnet.equations.membrane import Membrane
    from dmpnet.trained.layer import Layer


class IntegerSteps(Steps):
    """In the integers of a chip."""

    flags = ""  # every neuron has a threshold of its own

    def __init__(self, layer: Layer, fixed: Fixed, number: int, heard: bool):
        super().__init__(layer, number, heard)
        self.numbers = fixed
        self.slow_counts = "m" in fixed.noisy

    def moved_by(self, membrane: Membrane) -> NoReturn:
        raise DmpnetError("it is given in real numbers, but the layer computes in integers; leave it out, or take the "
                          "network as it was before dmpnet constrain")

    def functions(self, owner: str, units: int, steps: int) -> dict[str, Function]:
        return functions(self.numbers, self.number, {"scalar": "x", "slow": "m", "fast": "u"}[owner], units, steps)

    def rectify(self) -> str:
        return rectify(self.numbers, self.number)

    def remember(self) -> str:
        return remember(self.numbers, self.number)

    def looked_up(self) -> str:
        return looked_up(self.numbers, self.lookahead)

    def integrate(self) -> tuple[str, ...]:
        neuron = self.layer.neuron
        return (integrate(self.numbers, self.number, neuron.decay, neuron.reset, self.layer.W_r is not None,
                          self.layer.slow is not None),)

    def fires(self) -> dict[str, str]:
        return {"threshold": "s > 0", "reset": ""}
