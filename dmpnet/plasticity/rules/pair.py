"""Pair rules: every pair of a presynaptic and a postsynaptic spike, dt = t_post - t_pre apart, counts.

    dw =  A_plus  w_max exp(-dt / tau_plus)     dt > 0
    dw = -A_minus w_max exp( dt / tau_minus)    dt < 0       within [w_min, w_max]

multiplicative: A_plus (w_max - w) and A_minus (w - w_min) in place of A w_max.
nearest: a spike is paired only with the latest spike of the other neuron, not with all of them. Where both spike in one
step, which of them is the latest? Two conventions:

    pair-nearest                the latest before this step: dt = 0 is no pair
    pair-nearest-coincident     the one of this step: dt = 0 is the nearest pair, and changes nothing

NEST's manual of stdp_nn_symm_synapse says the first, the test that comes with it counts a pair of dt = 0 as 0.
"""

from typing import Any

from brian2 import ms

from dmpnet.plasticity.rule import Parameter, Rule, bounds

SONG = "Song, Miller & Abbott 2000, Nat. Neurosci. 3, 919"
RUBIN = "Rubin, Lee & Sompolinsky 2001, Phys. Rev. Lett. 86, 364"
MORRISON = "Morrison, Diesmann & Gerstner 2008, Biol. Cybern. 98, 459, symmetric nearest-neighbour scheme"

PARAMETERS = {
    "A_plus": Parameter(0.005, "potentiation by a pair at dt = 0+, of w_max", SONG, low=0),
    "A_minus": Parameter(0.00525, "depression by a pair at dt = 0-, of w_max: 1.05 A_plus", SONG, low=0),
    "tau_plus": Parameter(20 * ms, "width of the window of potentiation", SONG),
    "tau_minus": Parameter(20 * ms, "width of the window of depression", SONG),
} | bounds(0.0, 1.0, f"{SONG}: conductances from 0 to g_max, here in units of g_max")

TRACES: dict[str, Any] = {
    "pre_equations": "dx/dt = -x/tau_plus : 1", "post_equations": "dy/dt = -y/tau_minus : 1",
    "pre_reset": "x += 1", "post_reset": "y += 1",
}
LATEST: dict[str, Any] = TRACES | {"pre_reset": "x = 1", "post_reset": "y = 1"}
ADDITIVE: dict[str, Any] = {
    "on_pre": "w = clip(w - A_minus*w_max*y_post, w_min, w_max)",
    "on_post": "w = clip(w + A_plus*w_max*x_pre, w_min, w_max)",
}
MULTIPLICATIVE: dict[str, Any] = {
    "on_pre": "w = clip(w - A_minus*(w - w_min)*y_post, w_min, w_max)",
    "on_post": "w = clip(w + A_plus*(w_max - w)*x_pre, w_min, w_max)",
}

COINCIDENT: dict[str, Any] = {  # traces have jumped: 1 is a spike of this step
    "on_pre": "w = clip(w - A_minus*w_max*y_post*int(y_post < 1), w_min, w_max)",
    "on_post": "w = clip(w + A_plus*w_max*x_pre*int(x_pre < 1), w_min, w_max)",
}

RULES = (
    Rule("pair-additive", "all pairs, steps as large at every weight, hard bounds", SONG, PARAMETERS, **TRACES,
         **ADDITIVE, law="pair"),
    Rule("pair-multiplicative", "all pairs, steps shrink toward the bounds", RUBIN, PARAMETERS, **TRACES,
         **MULTIPLICATIVE),
    Rule("pair-nearest", "additive, each spike with the latest of the other neuron", f"{SONG}; {MORRISON}", PARAMETERS,
         **LATEST, **ADDITIVE, law="pair"),
    Rule("pair-nearest-coincident", "nearest, where spikes of one step are each other's nearest and change nothing",
         f"{SONG}; {MORRISON}; coincidences as in NEST, test_stdp_nn_synapses.py", PARAMETERS, **LATEST, **COINCIDENT,
         jumps_first=True, law="pair"),
)
