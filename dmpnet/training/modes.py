"""Modes that are learned, with a time step dt a neuron: r exp(i phi) = exp(dt A), A = -exp(log_A) + i A_im.

Where they are reset, B = 2 C with a real C, and otherwise the input is held for a step, B = 2 C (exp(dt A) - 1) / A
with a complex C: a mode and its conjugate, of which Re z counts once, make the 2.

As the authors of C-SiLIF start it: log_A = log 1/2, A_im = pi, dt even in its logarithm, C even over 0 to 1. As S4D-Lin
(Gu et al. 2022) starts: the same but A_im = 0, pi, 2 pi ..., and C normal. Ours: there, C is scaled so that white input
of variance 1 moves u by a variance of 1, and weights on values start for inputs that are all about 1.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch

from dmpnet.trained.modes import Modes

PARAMETERS = ("log_dt", "log_A", "A_im", "C_re", "C_im")
MOST = 1 - 2**-24
"""The largest r, which float32 tells from 1."""


def start(neurons: int, n: int, emits: str, dt: tuple[float, float]) -> dict[str, torch.Tensor]:
    """Of n modes a neuron, drawn; dt : from where to where it is even in its logarithm."""
    low, high = map(math.log, dt)
    resets = emits == "reset"
    p = {"log_dt": low + (high - low) * torch.rand(neurons), "log_A": torch.full((neurons, n), math.log(0.5)),
         "A_im": math.pi * torch.arange(n).add(int(resets)).expand(neurons, n).clone()}
    if resets:
        return p | {"C_re": torch.rand(neurons, n)}
    p |= {"C_re": torch.randn(neurons, n), "C_im": torch.randn(neurons, n)}
    scale = _variance(*values(p)).rsqrt()[:, None]
    return p | {"C_re": scale * p["C_re"], "C_im": scale * p["C_im"]}


def values(p: Mapping[str, torch.Tensor], steps: float = 1.0) -> tuple[torch.Tensor, ...]:
    """c, d, B_re, B_im (N, n) of a layer's parameters, where `steps` steps are one."""
    r, phi = _turn(p, steps)
    c, d = r * torch.cos(phi), r * torch.sin(phi)
    if "C_im" not in p:
        return c, d, 2 * p["C_re"], torch.zeros_like(c)
    B = 2 * torch.complex(p["C_re"], p["C_im"]) * (torch.complex(c, d) - 1) / _A(p)
    return c, d, B.real, B.imag


def learned(p: Mapping[str, torch.Tensor], emits: str | None) -> Modes | None:
    """As a weights file holds it; None of a layer without."""
    if emits is None:
        return None
    r, phi = _turn(p)
    _, _, B_re, B_im = values(p)
    phi = torch.remainder(phi + math.pi, 2 * math.pi) - math.pi
    r, phi, B_re, B_im = (each.detach() for each in (r, phi, B_re, B_im))
    return Modes(_array(r), _array(phi), _array(B_re), _array(B_im) if "C_im" in p else None, emits)


def parameters(modes: Modes) -> dict[str, torch.Tensor]:
    """That give these values, with dt so that a neuron's modes decay by 1/2 a unit of time on average."""
    r, phi, B_re = (torch.from_numpy(np.asarray(array, np.float64)) for array in (modes.r, modes.phi, modes.B_re))
    rate = -r.clamp(min=1e-12).log()
    dt = 2 * rate.mean(1, keepdim=True)
    p = {"log_dt": dt[:, 0].log(), "log_A": (rate / dt).log(), "A_im": phi / dt}
    if modes.B_im is None:
        return p | {"C_re": B_re / 2}
    B = torch.complex(B_re, torch.from_numpy(np.asarray(modes.B_im, np.float64)))
    C = B * _A(p) / (torch.polar(r, phi) - 1) / 2
    return p | {"C_re": C.real, "C_im": C.imag}


def _turn(p: Mapping[str, torch.Tensor], steps: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """r and phi (N, n)."""
    dt = steps * p["log_dt"].exp()[:, None]
    return torch.exp(-dt * p["log_A"].exp()).clamp(max=MOST), dt * p["A_im"]


def _array(values: torch.Tensor) -> np.ndarray:
    return values.numpy().copy()


def _A(p: Mapping[str, torch.Tensor]) -> torch.Tensor:
    return torch.complex(-p["log_A"].exp(), p["A_im"])


def _variance(c: torch.Tensor, d: torch.Tensor, B_re: torch.Tensor, B_im: torch.Tensor) -> torch.Tensor:
    """(N,) the sum of squares of the answer to an impulse, Re sum_j B_j (c_j + i d_j)^k over all k >= 0."""
    turn, B = torch.complex(c, d), torch.complex(B_re, B_im)
    one, other = turn[:, :, None] * turn[:, None, :], turn[:, :, None] * turn[:, None, :].conj()
    pairs = B[:, :, None] * B[:, None, :] / (1 - one) + B[:, :, None] * B[:, None, :].conj() / (1 - other)
    return pairs.real.sum((1, 2)) / 2
