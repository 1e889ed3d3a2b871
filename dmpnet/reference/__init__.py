"""The trained arithmetic, step by step, in NumPy: what every simulator is compared with.

    run(network, s_in)         spikes, membranes and classes, in real numbers or in a chip's integers
    watched(network, s_in)     the same in integers, and what did not fit the words
    mixed(network, integer, whole, s_in)    some layers in integers, the others in real numbers
    rounding(network, s_in)    by how much rounding moves a membrane, to hold a margin against
"""

from dmpnet.reference.input import RECORDABLE, check_input, doubts, plain, recorded, tell_doubts
from dmpnet.reference.loop import mixed, rounding, run, watched

__all__ = ["RECORDABLE", "check_input", "doubts", "mixed", "plain", "recorded", "rounding", "run", "tell_doubts",
           "watched"]
