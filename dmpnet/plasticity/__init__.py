"""Plasticity: STDP rules as records of Brian2 code with units and sources, and synapses that follow them.

    rule("pair-additive").tuned(A_plus=0.01)        a rule, with another parameter
    synapses(rule, source, target, w=0.5)           Brian2 synapses that follow it, traces on neurons
    make_plastic(converted, network, "W_f_2", ...)  in a network of dmpnet.brian.conversion.convert(coupling="synapses")

The order of events within a step is that of dmpnet.plasticity.synapses; dmpnet.plasticity.reference is the same
arithmetic in NumPy. A rule in the integers of a chip, again a rule: dmpnet.hardware.plastic_rules.
"""

from dmpnet.plasticity.catalogue import all_rules, rule
from dmpnet.plasticity.converted import gate_by_memory, make_plastic, weights
from dmpnet.plasticity.device import Device
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.rule import Parameter, Rule
from dmpnet.plasticity.rules.diehl_cook import ADAPTIVE_THRESHOLD
from dmpnet.plasticity.synapses import PlasticSynapses, synapses

__all__ = ["ADAPTIVE_THRESHOLD", "Device", "IntegerRule", "Parameter", "PlasticSynapses", "Rule", "all_rules",
           "gate_by_memory", "make_plastic", "rule", "synapses", "weights"]
