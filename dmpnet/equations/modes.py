"""Modes: a membrane that is the sum of n damped oscillations, each driven by the current of its own neuron.

    I[k]   = W_f s_in[k] + b_f
    z_j[k] = r_j exp(i phi_j) z_j[k-1] + B_j I[k],   j = 1 .. n, z_j complex, z_j[-1] = 0
    u[k]   = Re z_1[k] + ... + Re z_n[k]

and what the neuron emits is one of

    'reset'    s[k] = u[k] >= theta_u, then Re z_j - theta_u/n for every Re z_j (soft reset), or z_j = 0 (hard)
    'spikes'   s[k] = u[k] >= theta_u, and nothing is reset
    'values'   s[k] = ReLU(u[k])

An impulse of I is answered by Re(B_1 r_1^k exp(i k phi_1)) + ...: each mode loses the part 1 - r_j a step and crosses
zero every pi / phi_j steps. Where phi_j = 0 it is a leaky membrane with beta = r_j, g = B_j.

'reset' with one mode, a real B and a soft reset is C-SiLIF of Fabre, Dudchenko & Neftci 2025 ("Structured State Space
Model Dynamics and Parametrization for Spiking Neural Networks"), in whose code z and B are half of ours, theta_u = 1,
and u > theta_u fires. 'spikes' and 'values' are layers of a diagonal state space (S4D: Gu et al. 2022, NeurIPS 35): of
its C_j B_j only the product reaches u, and is our B_j. How Sun et al. 2026 made the "spiking SSM" and "SSM" that they
compare with is not published: these two are our reconstruction.

In real numbers, as every place computes it, with c_j = r_j cos phi_j and d_j = r_j sin phi_j:

    Re z_j, Im z_j  ->  c_j Re z_j - d_j Im z_j + Re B_j I,   c_j Im z_j + d_j Re z_j + Im B_j I
"""

EMITS = ("reset", "spikes", "values")

VARIABLES = """
z_re_{j} : 1                    # mode {j}
z_im_{j} : 1
c_{j} : 1 (constant)            # r cos phi
d_{j} : 1 (constant)            # r sin phi
B_re_{j} : 1 (constant)
B_im_{j} : 1 (constant)
"""
TURN = """turned_{j} = (c_{j}*z_re_{j} - d_{j}*z_im_{j} + B_re_{j}*I)*alive
z_im_{j} = (c_{j}*z_im_{j} + d_{j}*z_re_{j} + B_im_{j}*I)*alive
z_re_{j} = turned_{j}"""
RESETS = {"soft": ("z_re_{j} = z_re_{j} - theta_u/{n}", "u = u - theta_u"),
          "hard": ("z_re_{j} = 0\nz_im_{j} = 0", "u = 0")}
ACTIVE = "u > 0"  # where values are emitted; spikes by the THRESHOLD of dmpnet.equations.neurons


def each(line: str, n: int) -> list[str]:
    """A line of the equations for each of n modes."""
    return [line.format(j=j, n=n) for j in range(1, n + 1)]
