"""A fast-slow layer on one screen: in continuous time, as a Brian2 script writes it, and the step that training takes.

    continuous time                    unit   decay         one step of dt
    x = ReLU(w_x . n + b_x)            1                    x[k] = ReLU(w_x . n[k] + b_x)
    dm/dt = A m + B x                  1                    m[k] = Abar m[k-1] + Bbar x[k]
    I = W_m m + b                      volt                 I[k] = W_m m[k] + b
    du/dt = (I - u)/tau                volt   exponential   u[k] = beta u[k-1] + (1 - beta) I[k]
    du/dt = I/tau - lam sign(u)        volt   linear        u[k] = sign(u) max(|u| - lam dt, 0) + I[k] dt/tau
    du/dt = (I - u)/tau                volt   shift         u[k] = u - u 2^-shift + I[k] 2^-shift
    u jumps by I_f + I_r               volt                 u[k] = ... + I_f[k] + I_r[k]
    spikes where u >= theta_u, then u = 0 (hard reset) or u - theta_u (soft reset)

    Abar = expm(A dt),  Bbar = A^-1 (Abar - 1) B            zero-order hold, exact while x is held
    beta = exp(-dt/tau)                                     exact while I is held
    lam dt                                                  exact while u keeps its sign and I is held
    2^-shift = dt/tau                                       Euler's step: first order

n: input in spikes a window, n[k] = s_in[k] window/dt, so that to first order a spike adds w_x (2i+1)(-1)^i to m_i,
whatever dt and window; m_0 counts weighted spikes over the window. I_f, I_r: volt that spikes add at once. `linear`
is a clipped difference quotient (dmpnet.equations.decays), because -lam sign(u) by Euler's steps chatters around 0.

Training (dmpnet.equations.neurons) writes u[k] = decayed(u[k-1]) + g (W_f s_in + b_f + W_r s + W_m m): there, g W_f is
the volt of a spike, and g = 1 - beta, dt/tau or 2^-shift makes of W_m m + b_f what du/dt makes of a held I.

Slow memory: Voelker, Kajic & Eliasmith 2019 (NeurIPS 32). Layer: Sun et al. 2026 (Nature Machine Intelligence 8,
901-912). Linear decay: Shang et al. 2026 (arXiv 2603.12739), in our reconstruction.
"""

from dmpnet.equations import memory
from dmpnet.equations.decay import BY_NAME

MEMBRANES = {decay.name: (decay.equation, decay.method) for decay in BY_NAME.values() if decay.equation}
"""Of each decay: the equation of u, and the Brian2 method whose step is the one above."""

FAST = """
I = {held} : {volt}             # what is held during a step
I_m : {volt_m}                  # W_m m
b : {volt} (constant)           # bias
I_f : {volt}                    # W_f s_in, spikes that have arrived since the last step
I_r : {volt}                    # the same, which a slow memory that acts on the gain leaves as it is
"""
HELD = {"current": "I_m + b", "threshold": "b", "gain": "b"}
KICK = {"current": "I_f + I_r", "threshold": "I_f + I_r", "gain": "I_f*(1 + I_m) + I_r"}
THRESHOLDS = {"current": "u >= theta_u", "threshold": "u >= theta_u - I_m", "gain": "u >= theta_u"}
RESETS = {"hard": "u = 0*{volt}", "soft": "u = u - theta_u"}

SCALAR = """
x : 1                           # weighted input, spikes a window
x_in : 1                        # w_x . s_in, spikes that have arrived since the last step
b_x : 1                         # bias, or a signal
step : second (shared, constant)  # dt that Abar, Bbar and leak are made for
"""
RECTIFY = """a = x_in*window/dt + b_x
x = a*int(a > 0)
x_in = 0"""

SLOW = """
m : 1
m_kept : 1                      # Abar m of the step before
m_new : 1                       # Bbar x
"""
REMEMBER = "m = m_kept + m_new"


def written_out(d: int) -> str:
    """dm/dt = A m + B x in Brian2, a line a dimension; `window` in seconds, x : 1 from elsewhere.

    A window and B window are whole numbers. Brian2's method 'exact' takes d = 1 alone, 'euler' and 'rk4' any.
    """
    a, b = memory.continuous(d, 1.0)
    sums = (" ".join(f"{factor:+.0f}*m{j}" for j, factor in enumerate(row)) for row in a)
    return "\n".join(f"dm{i}/dt = ({terms} {b[i]:+.0f}*x)/window : 1" for i, terms in enumerate(sums))
