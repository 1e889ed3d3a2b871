"""Three-factor rules in which the state of a dual-memory-pathway layer decides how much pair STDP counts (ours).

slow-memory-gated: gate = w_g . m of the sample, m the slow memory of a layer (`gate_by_memory`)

    pre:  w -= gate A_minus w_max y          post:  w += gate A_plus w_max x

voltage-gated: as if gate = 1 where the membrane of the postsynaptic neuron is at theta_g or above, else 0; a neuron
that spikes is, so that this gates depression, as in Clopath et al. 2010 (Nat. Neurosci. 13, 344).

The form, pair STDP times a third factor, is that of Fremaux & Gerstner 2016 (Front. Neural Circuits 9, 85).
"""

from dmpnet.plasticity.rule import OURS, Parameter, Rule
from dmpnet.plasticity.rules.pair import PARAMETERS, TRACES

SOURCE = f"{OURS}; form of Fremaux & Gerstner 2016, Front. Neural Circuits 9, 85"
THETA_G = Parameter(0.5, "membrane from which on weights change, half the threshold of the published neuron", OURS)

RULES = (
    Rule("slow-memory-gated", "pair STDP times a projection w_g . m of the slow memory", SOURCE, PARAMETERS, **TRACES,
         on_pre="w = clip(w - gate_third*A_minus*w_max*y_post, w_min, w_max)",
         on_post="w = clip(w + gate_third*A_plus*w_max*x_pre, w_min, w_max)",
         third_factor="gate : 1\nprojection : 1", law="pair"),
    Rule("voltage-gated", "pair STDP where the postsynaptic membrane is at theta_g or above", SOURCE,
         PARAMETERS | {"theta_g": THETA_G}, **TRACES,
         on_pre="w = clip(w - int(u_post >= theta_g)*A_minus*w_max*y_post, w_min, w_max)",
         on_post="w = clip(w + int(u_post >= theta_g)*A_plus*w_max*x_pre, w_min, w_max)", needs=("u",), law="pair"),
)
