"""Linear decay, sign(u) max(|u| - lam, 0): one subtraction; toward 0 from both sides, never past it.

As in Shang et al. 2026 (arXiv 2603.12739) in our reconstruction; a clipped subtraction once a step, not a differential
equation, which would chatter around 0.
"""

import numpy as np

from dmpnet.equations.decays import Decay

KEPT = "int(u > lam)*(u - lam) + int(u < -lam)*(u + lam)"

DECAY = Decay(
    "linear", "lam", KEPT,
    left=lambda u, lam: np.where(u > lam, u - lam, np.where(u < -lam, u + lam, u.dtype.type(0))),
    slope=lambda u, lam: (np.abs(u) > lam).astype(u.dtype),
    by_constant=lambda u, lam: -np.sign(u) * (np.abs(u) > lam),
    equation="du/dt = I/tau - clip(u/dt, -lam, lam) : {volt}", method="euler",
    left_whole=lambda u, lam, shifted: np.sign(u) * np.maximum(np.abs(u) - int(lam), 0),
    kept_whole=lambda rounded: KEPT,
    power=1, held=np.rint)
