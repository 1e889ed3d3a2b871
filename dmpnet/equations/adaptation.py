"""Adaptation: a current w that follows the membrane and the spikes of its own neuron, and works against both.

    I[k] = ... - w[k-1]                                         what else I is: dmpnet.equations.neurons
    u[k], s[k], reset                                           there too
    w[k] = rho_w w[k-1] + (1 - rho_w) (a_w u[k] + b_w s[k])     u[k] after the reset

u moves first and w follows the new u (symplectic Euler): SE-adLIF of Baronig, Ferrand, Sabathiel & Legenstein 2025
(Nature Communications 16, 5776), whose beta, q a and q b are rho_w, a_w and b_w here. Between spikes, where decay is
exponential,

    [u, w] -> [[beta, -g], [(1 - rho_w) a_w beta, rho_w - (1 - rho_w) a_w g]] [u, w],

which has the determinant beta rho_w, whatever a_w: u rings. It loses sqrt(beta rho_w) a step and turns by phi, where

    2 sqrt(beta rho_w) cos phi = beta + rho_w - (1 - rho_w) a_w g.
"""

VARIABLES = """
I_w : 1                         # w of the step before (a synapse has a w of its own)
rho_w : 1 (constant)
a_w : 1 (constant)
b_w : 1 (constant)
"""
FOLLOWS = "I_w = (rho_w*I_w + (1 - rho_w)*(a_w*u + b_w*s))*int({within})"  # before u and s move
