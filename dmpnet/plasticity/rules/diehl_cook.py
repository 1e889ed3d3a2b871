"""The rules of Diehl & Cook 2015 for unsupervised learning of digits, and the adaptive threshold that goes with them.

diehl-cook, as printed: at a postsynaptic spike only, x the presynaptic trace, x_tar its target

    w += eta (x - x_tar) (w_max - w)^mu

diehl-cook-code, as in the authors' code: at both, y2 the slower trace of the postsynaptic neuron before the spike

    pre:  w -= eta_pre y1         post:  w += eta_post x y2         traces are set to 1, not increased
"""

from dataclasses import dataclass
from typing import Any

from brian2 import ms, mV

from dmpnet.plasticity.rule import Parameter, Rule, bounds

PAPER = "Diehl & Cook 2015, Front. Comput. Neurosci. 9, 99"
CODE = f"{PAPER}, the authors' code (github.com/peter-u-diehl/stdp-mnist at b99f526)"
UNUSED = "which the rule programmed there does not use"

PRINTED = {
    "eta": Parameter(0.01, "learning rate", f"{CODE}: nu_ee_post", low=0),
    "x_tar": Parameter(0.4, "trace at which nothing changes", f"{CODE}: STDP_offset, {UNUSED}", low=0),
    "mu": Parameter(0.2, "how much the change depends on the weight", f"{CODE}: exp_ee_post, {UNUSED}", low=0),
    "tau_x": Parameter(20 * ms, "decay of x", f"{CODE}: tc_pre_ee"),
} | bounds(0.0, 1.0, f"{CODE}: wmax_ee")
PROGRAMMED = {
    "eta_pre": Parameter(0.0001, "depression at a presynaptic spike", f"{CODE}: nu_ee_pre", low=0),
    "eta_post": Parameter(0.01, "potentiation at a postsynaptic spike", f"{CODE}: nu_ee_post", low=0),
    "tau_x": Parameter(20 * ms, "decay of x", f"{CODE}: tc_pre_ee"),
    "tau_y1": Parameter(20 * ms, "decay of y1", f"{CODE}: tc_post_1_ee"),
    "tau_y2": Parameter(40 * ms, "decay of y2", f"{CODE}: tc_post_2_ee"),
} | bounds(0.0, 1.0, f"{CODE}: wmax_ee")

RULES = (
    Rule("diehl-cook", "at postsynaptic spikes, toward inputs that were active", PAPER, PRINTED,
         pre_equations="dx/dt = -x/tau_x : 1", pre_reset="x += 1", on_pre="",
         on_post="w = clip(w + eta*(x_pre - x_tar)*(w_max - w)**mu, w_min, w_max)"),
    Rule("diehl-cook-code", "at both spikes, a triplet rule", CODE, PROGRAMMED,
         pre_equations="dx/dt = -x/tau_x : 1", pre_reset="x = 1",
         post_equations="dy1/dt = -y1/tau_y1 : 1\ndy2/dt = -y2/tau_y2 : 1", post_reset="y1 = 1\ny2 = 1",
         on_pre="w = clip(w - eta_pre*y1_post, w_min, w_max)",
         on_post="w = clip(w + eta_post*x_pre*y2_post, w_min, w_max)", repeated=True),
)


@dataclass(frozen=True)
class AdaptiveThreshold:
    """A threshold that every spike raises: lines for the model, threshold and reset of a neuron with membrane v."""

    equations: str
    threshold: str
    reset: str
    parameters: dict[str, Parameter]

    @property
    def namespace(self) -> dict[str, Any]:
        """What its Brian2 code refers to."""
        return {symbol: parameter.value for symbol, parameter in self.parameters.items()}


ADAPTIVE_THRESHOLD = AdaptiveThreshold(
    equations="dtheta/dt = -theta/tau_theta : volt", threshold="v > v_thresh + theta - theta_offset",
    reset="theta += theta_plus",
    parameters={
        "theta_plus": Parameter(0.05 * mV, "rise at a spike", f"{CODE}: theta_plus_e"),
        "tau_theta": Parameter(1e7 * ms, "decay of theta", f"{CODE}: tc_theta"),
        "theta_offset": Parameter(20 * mV, "theta at the start, taken off again", f"{CODE}: offset"),
        "v_thresh": Parameter(-52 * mV, "threshold at the start", f"{CODE}: v_thresh_e"),
    })
