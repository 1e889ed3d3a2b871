"""STDP gated by reward that comes later: each synapse remembers in c what it would have learned (Izhikevich 2007).

    dc/dt = -c / tau_c + STDP(dt) delta(t - t_pre/post)      eligibility trace
    dw/dt = c (d + d_0) / tau_w                              d: dopamine above its tonic level d_0
    dd/dt = -d / tau_d                                       d jumps when there is a reward

Both products decay exponentially over a step, so the step is taken exactly, whatever its length. What d is set to, by
hand before a run or by a spike, is d at the beginning of the step it is set in.
"""

from brian2 import ms, second

from dmpnet.plasticity.rule import Parameter, Rule, bounds

PAPER = "Izhikevich 2007, Cereb. Cortex 17, 2443"
CODE = f"{PAPER}, the author's code (daspnet.m)"

PARAMETERS = {
    "A_plus": Parameter(0.1, "eligibility by a pair at dt = 0+", CODE, low=0),
    "A_minus": Parameter(0.15, "loss of it by a pair at dt = 0-: 1.5 A_plus", CODE, low=0),
    "tau_plus": Parameter(20 * ms, "width of the window of potentiation", CODE),
    "tau_minus": Parameter(20 * ms, "width of the window of depression", CODE),
    "tau_c": Parameter(1 * second, "decay of the eligibility trace", PAPER),
    "tau_d": Parameter(0.2 * second, "decay of dopamine", PAPER),
    "d_0": Parameter(0.002, "tonic dopamine", CODE, low=0),
    "tau_w": Parameter(10 * ms, "w takes up c times dopamine in this time", CODE),
} | bounds(0.0, 4.0, f"{CODE}, in mV")
REWARD = 0.5
"""Rise of d at a reward (daspnet.m)."""

RULES = (
    Rule("reward-modulated", "nearest pairs leave an eligibility trace, dopamine turns it into weight", PAPER,
         PARAMETERS, pre_equations="dx/dt = -x/tau_plus : 1", post_equations="dy/dt = -y/tau_minus : 1",
         pre_reset="x = 1", post_reset="y = 1", model="c : 1",
         on_pre="c -= A_minus*y_post", on_post="c += A_plus*x_pre",
         each_step="""tau = tau_c*tau_d/(tau_c + tau_d)
taken = -d_third*tau*expm1(-dt/tau) - d_0*tau_c*expm1(-dt/tau_c)
w = clip(w + c*taken/tau_w, w_min, w_max)
c = c*exp(-dt/tau_c)""",
         third_factor="d : 1", third_step="d = d*exp(-dt/tau_d)"),
)
