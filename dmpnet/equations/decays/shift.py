"""Decay by a shift, u - u 2^-shift: one shift and one subtraction, as on digital chips; exact in floating point."""

import numpy as np

from dmpnet.equations.decays import Decay

DECAY = Decay(
    "shift", "leak", "u - leak*u",
    left=lambda u, leak: u - leak * u,
    slope=lambda u, leak: np.full_like(u, 1 - leak),
    equation="du/dt = (I - u)*leak/dt : {volt}\nleak : 1 (shared, constant)  # 2^-shift", method="euler",
    left_whole=lambda u, leak, shifted: u - shifted(u, -int(np.log2(leak))),
    kept_whole=lambda rounded: f"u - {rounded('leak*u')}")
