"""The step of a layer in real numbers: equations of its populations and the Brian2 lines that move them.

The equations are the discrete ones of dmpnet.equations.neurons; a step is a few lines of update, run once a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brian2 import Function

from dmpnet.equations.adaptation import FOLLOWS, VARIABLES
from dmpnet.equations.decay import CONSTANTS, FLOORED
from dmpnet.equations.layer import REMEMBER
from dmpnet.equations.membrane import WITHIN, Membrane
from dmpnet.equations.neurons import LOWERED, RESETS, THRESHOLD, UPDATES
from dmpnet.errors import DmpnetError

if TYPE_CHECKING:
    from dmpnet.brian.session import Neurons
    from dmpnet.trained.layer import Layer

STEP = """
k : integer {shared}            # step of the sample, < 0 before the first input has arrived
T : integer (shared, constant)  # steps of the sample
"""
U = "u : 1                           # membrane\n"
FAST = STEP + """
s : 1                           # 1 if it fires in this step
I_f : 1                         # W_f s_in
I_r : 1                         # W_r s of the step before
I_m : 1                         # W_m m as last looked at
I_new : 1                       # W_m m
b : 1 (constant)                # b_f, and b_m if that is a current
theta_u : 1 ({each}constant)
d_s : integer (shared, constant)
"""
LOOK = "I_m = int(k % d_s == 0)*{new} + int(k % d_s != 0)*I_m"
LOOKAHEAD = {  # where W_m m[k] is P m[k-1] + nu x[k], by owner: variables and the lines before its update
    "fast": ("I_x : 1                         # nu x", ()),
    "slow": ("m_before : 1                    # m of the step before", ("m_before = m",)),
    "scalar": ("x_before : 1                    # x of the step before", ("x_before = x",)),
}
ACTING = """
b_m : 1 (constant)              # of a slow memory that acts on the threshold or the gain
"""
LOWEST = "lowest : 1 ({each}constant)     # the floor of u\n"
THRESHOLDS = {"current": THRESHOLD, "threshold": f"{LOWERED} and k >= 0 and k < T", "gain": THRESHOLD}
SCALAR = STEP + """
x : 1
x_in : 1                        # w_x . s_in
b_x : 1 (constant)
"""
RECTIFY = """a = x_in + b_x
x = a*int(a > 0 and k >= 0 and k < T)"""

READOUT = STEP + """
y : 1
total : 1                       # sum of y over the sample
I_o : 1                         # W_o s
b_o : 1 (constant)
"""
READ = """y = (I_o + b_o)*int(k >= 0 and k < T)
total += y"""


class Steps:
    """What a step of one layer is in Brian2, in numbers of any kind.

    heard : whether its spikes are read as a variable, by itself or by axons of the next layer
    lookahead : whether W_m m[k] is P m[k-1] + nu x[k]
    flags : of theta_u;  slow_counts : whether the slow memory knows the step
    """

    flags = "shared, "
    slow_counts = False

    def __init__(self, layer: Layer, number: int, heard: bool, membrane: Membrane | None = None):
        self.layer, self.number, self.heard, self.membrane = layer, number, heard, membrane
        self.lookahead = bool(layer.slow and layer.slow.nu is not None)

    def moved_by(self, membrane: Membrane) -> Steps:
        """The same with u moved by a membrane of the user's own; DmpnetError where there can be none."""
        raise NotImplementedError

    def functions(self, owner: str, units: int, steps: int) -> dict[str, Function]:
        """What the lines of scalar, slow or fast call, of so many units a sample."""
        return {}

    @property
    def lines(self) -> dict[str, tuple[str, ...]]:
        """The updates of its populations, x before m before u as they depend on each other."""
        found = {}
        before = {owner: early if self.lookahead else () for owner, (_, early) in LOOKAHEAD.items()}
        if self.layer.slow:
            found["scalar"] = (*before["scalar"], self.rectify())
            found["slow"] = (*before["slow"], self.remember())
        look = (LOOK.format(new=self.looked_up()),) if self.layer.slow else ()
        found["fast"] = (*look, *self.integrate())
        return found

    def rectify(self) -> str:
        """x from x_in."""
        return RECTIFY

    def remember(self) -> str:
        """m from m_kept and m_new."""
        return REMEMBER

    def looked_up(self) -> str:
        """I_m from I_new, and I_x where there is lookahead."""
        return "(I_new + I_x)" if self.lookahead else "I_new"

    def integrate(self) -> tuple[str, ...]:
        """u and s once I_m is known."""
        raise NotImplementedError

    def fires(self) -> dict[str, str]:
        """Threshold and reset, as Brian2 takes them."""
        raise NotImplementedError

    def put(self, group: Neurons, batch: int) -> None:
        """Give the fast neurons their constants, and what their membrane brings with it."""
        constants = self.layer.neuron.constants | {"g": self.layer.neuron.g}
        own = () if self.layer.beta is None else ("beta", "g")  # of every neuron: given to a program as weights are
        for key in (*self.constants, "g"):
            if key not in own:
                setattr(group, key, constants[key])
        group.d_s = self.layer.slow.d_s if self.layer.slow else 1

    @property
    def constants(self) -> tuple[str, ...]:
        """What the decay needs beside g and theta_u; a membrane of the user's own may need any."""
        neuron = self.layer.neuron
        return tuple(neuron.constants) if self.membrane else (CONSTANTS[neuron.decay],)

    def equations(self, waiting: str = "") -> str:
        """Variables of the fast neurons; of u and what goes with it, only what the membrane does not declare."""
        flags = "constant" if self.layer.beta is not None else "shared, constant"
        constants = "".join(f"{name} : 1 ({flags})\n" for name in (*self.constants, "g"))
        return (("" if self.membrane and self.membrane.equations else U) + FAST + constants
                + (waiting if self.layer.slow else "") + (ACTING if self.layer.acts != "current" else "")
                + (LOWEST if self.layer.neuron.floor is not None else "")
                + (VARIABLES if self.layer.adaptation is not None else ""))


class RealSteps(Steps):
    """In real numbers, where a membrane of the user's own may stand for the trained decay."""

    def moved_by(self, membrane: Membrane) -> Steps:
        if self.layer.adaptation is not None:
            raise DmpnetError("it is given for a layer whose neurons adapt to the trained membrane; leave it out, or "
                              "write an adaptation into yours and give the network without (adaptation = None)")
        return RealSteps(self.layer, self.number, self.heard, membrane)

    def integrate(self) -> tuple[str, ...]:
        layer, membrane = self.layer, self.membrane
        drive = "I_f*(1 + (I_m + b_m))" if layer.acts == "gain" else "I_f"
        terms = [drive, *(["I_r"] if layer.W_r is not None else []),
                 *(["I_m"] if layer.slow and layer.acts == "current" else []), "b"]
        current = "I = " + " + ".join(terms) + (" - I_w" if layer.adaptation is not None else "")
        if membrane and membrane.equations:
            return (current,)  # what follows is integrated by Brian2
        moved = (*membrane.moved(), *self.floored(), *membrane.held()) if membrane else (
            UPDATES[layer.neuron.decay], *self.floored(), f"u = u*int({WITHIN})")
        follows = () if layer.adaptation is None else (FOLLOWS.format(within=WITHIN),)
        return (*follows, current, *moved, *([f"s = int({self.fires()['threshold']})"] if self.heard else []))

    def floored(self) -> tuple[str, ...]:
        """The line that stops u at its floor, whatever moved it."""
        return () if self.layer.neuron.floor is None else (FLOORED.format("u"),)

    def fires(self) -> dict[str, str]:
        reset, own = RESETS[self.layer.neuron.reset], self.membrane
        if own:
            lowered = LOWERED if self.layer.acts == "threshold" else THRESHOLD
            return {"threshold": own.fires(lowered), "reset": reset if own.reset is None else own.reset}
        return {"threshold": THRESHOLDS[self.layer.acts], "reset": reset}

    def put(self, group: Neurons, batch: int) -> None:
        super().put(group, batch)
        group.theta_u = self.layer.neuron.theta_u
        if self.layer.neuron.floor is not None:
            group.lowest = self.layer.neuron.floor
        if self.membrane:
            self.membrane.put(group, batch, (*self.floored(), *self.membrane.held(),
                                             f"s = int({self.fires()['threshold']})"))
