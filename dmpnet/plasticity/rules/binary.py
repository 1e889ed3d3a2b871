"""Stochastic STDP of binary synapses, their random numbers from a shift register as on a chip.

    pre:  w = 0 with probability p_minus y        post:  w = 1 with probability p_plus x

x, y: traces of the latest spike, 1 at it. A synapse switches where its register r < p x 2^16, and then draws the next
word. Every synapse has a register of its own, dmpnet.arithmetic.lfsr at its own place in the cycle; a word is 16
shifts, so that consecutive words share no bits. Nothing comes from Brian2's generator: the draws are the same on every
back end.
"""

import numpy as np
from brian2 import Function, ms

from dmpnet.arithmetic import lfsr
from dmpnet.plasticity.rule import OURS, Parameter, Rule

YOUSEFZADEH = "Yousefzadeh et al. 2018, Front. Neurosci. 12, 665 (1-bit weights, probabilistic switching)"
STRIDE = 40504  # places between the registers of neighbours, without a common factor with the period: all differ


def word(state: np.ndarray) -> np.ndarray:
    """The next word of each register, 16 shifts on."""
    for _ in range(lfsr.BITS):
        state = lfsr.following(state)
    return state


def registers(count: int, seed: int = 1) -> np.ndarray:
    """(count,) int32 first words, one a synapse, spread over the cycle from the state `seed` on."""
    return lfsr.states(lfsr.PERIOD, seed)[np.arange(count) * STRIDE % lfsr.PERIOD].astype(np.int32)


CYTHON = f"""
cdef int lfsr_word(int state):
    cdef int k
    for k in range({lfsr.BITS}):
        state = (state >> 1) ^ ({lfsr.TAPS} * (state & 1))
    return state
"""
CPP = f"""
static inline int32_t lfsr_word(int32_t state)
{{
    for (int k = 0; k < {lfsr.BITS}; k++) state = (state >> 1) ^ ({lfsr.TAPS} * (state & 1));
    return state;
}}
"""


def _function() -> Function:
    """`word` for Brian2, on every target."""
    function = Function(word, arg_units=[1], return_unit=1, arg_types=["integer"], return_type="integer")
    function.implementations.add_numpy_implementation(word, discard_units=True)
    function.implementations.add_implementation("cython", CYTHON)
    function.implementations.add_implementation("cpp", CPP)
    return function


PARAMETERS = {
    "p_plus": Parameter(0.04, "probability of 0 -> 1 by a pair at dt = 0+", OURS, low=0, high=1),
    "p_minus": Parameter(0.04, "probability of 1 -> 0 by a pair at dt = 0-", OURS, low=0, high=1),
    "tau_plus": Parameter(20 * ms, "width of the window of potentiation", OURS),
    "tau_minus": Parameter(20 * ms, "width of the window of depression", OURS),
    "w_min": Parameter(0.0, "the lower weight, always 0", OURS, low=0, high=0),
    "w_max": Parameter(1.0, "the upper weight, always 1", OURS, low=1, high=1),
}

RULES = (
    Rule("stochastic-binary", "weights 0 or 1 that switch by chance, drawn by a shift register", YOUSEFZADEH,
         PARAMETERS, pre_equations="dx/dt = -x/tau_plus : 1", post_equations="dy/dt = -y/tau_minus : 1",
         pre_reset="x = 1", post_reset="y = 1", model="r : integer",
         on_pre=f"w = w*int(r >= p_minus*y_post*{2.0**lfsr.BITS})\nr = lfsr_word(r)",
         on_post=f"w = w + (1 - w)*int(r < p_plus*x_pre*{2.0**lfsr.BITS})\nr = lfsr_word(r)",
         functions={"lfsr_word": _function()}, binary=True),
)
