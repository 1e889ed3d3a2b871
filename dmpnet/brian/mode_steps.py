"""The step of a layer whose neurons have modes (dmpnet.equations.modes): variables and lines, one of each a mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmpnet.brian.real_steps import Steps
from dmpnet.equations.membrane import WITHIN, Membrane
from dmpnet.equations.modes import ACTIVE, RESETS, TURN, VARIABLES, each
from dmpnet.equations.neurons import THRESHOLD
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.brian.session import Neurons
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.modes import Modes


class ModeSteps(Steps):
    """In real numbers; values are heard as the variable s, spikes as spikes."""

    constants = ()  # no decay but that of the modes

    def __init__(self, layer: Layer, modes: Modes, number: int, heard: bool):
        super().__init__(layer, number, heard or layer.values)
        self.modes = modes

    def moved_by(self, membrane: Membrane) -> Steps:
        raise DmpnetError("it is given for a layer whose neurons have modes in place of a membrane; leave it out, or "
                          "give the network without (modes = None)")

    def equations(self, waiting: str = "") -> str:
        return super().equations(waiting) + "".join(each(VARIABLES, self.modes.n))

    def integrate(self) -> tuple[str, ...]:
        total = "u = " + " + ".join(each("z_re_{j}", self.modes.n))
        emitted = f"s = u*int({ACTIVE})" if self.layer.values else f"s = int({self.fires()['threshold']})"
        return ("I = I_f + b", f"alive = int({WITHIN})", *each(TURN, self.modes.n), total,
                *([emitted] if self.heard else []))

    def fires(self) -> dict[str, str]:
        each_mode, all_of_them = RESETS[self.layer.neuron.reset]
        reset = "\n".join([*each(each_mode, self.modes.n), all_of_them]) if self.modes.emits == "reset" else ""
        return {"threshold": ACTIVE if self.layer.values else THRESHOLD, "reset": reset}

    def put(self, group: Neurons, batch: int) -> None:
        super().put(group, batch)
        group.theta_u = self.layer.neuron.theta_u
