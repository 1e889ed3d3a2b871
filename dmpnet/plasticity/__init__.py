"""Plasticity: STDP rules as records of Brian2 code with units and sources, and synapses that follow them.

    rule("pair-additive").tuned(A_plus=0.01)        a rule, with another parameter
    synapses(rule, source, target, w=0.5)           Brian2 synapses that follow it, traces on neurons
    make_plastic(converted, network, "W_f_2", ...)  in a network of dmpnet.network.convert(coupling="synapses")
    constrain(rule, chip, dt).brian2                the rule in a chip's integers, again a rule

The order of events within a step is that of dmpnet.plasticity.synapses; dmpnet.plasticity.reference is the same
arithmetic in NumPy.
"""

from dmpnet.plasticity.catalogue import rule, rules
from dmpnet.plasticity.device import Device
from dmpnet.plasticity.diehl_cook import ADAPTIVE_THRESHOLD
from dmpnet.plasticity.integer_rule import IntegerRule
from dmpnet.plasticity.on_chip import constrain
from dmpnet.plasticity.rule import Parameter, Rule
from dmpnet.plasticity.synapses import PlasticSynapses, gate_by_memory, make_plastic, synapses, weights

__all__ = ["ADAPTIVE_THRESHOLD", "Device", "IntegerRule", "Parameter", "PlasticSynapses", "Rule", "constrain",
           "gate_by_memory", "make_plastic", "rule", "rules", "synapses", "weights"]
