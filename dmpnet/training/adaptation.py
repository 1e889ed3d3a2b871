"""Adaptation that is learned: rho_w = sigmoid(logit_rho), a_w = Q exp(log_a), b_w = Q exp(log_b), one a neuron.

As Baronig et al. 2025 start them for spoken digits: tau_w even over 240 to 1,200 ms, here in steps of 10 ms, a over 0
to 1, b over 0 to 2, Q = 120. Their bounds on a and b are not kept, but both stay positive: where a_w < -1, w runs
away.
"""

from collections.abc import Mapping

import numpy as np
import torch

from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.trained.adaptation import Adaptation
from dmpnet.training.membrane import FUSED

Q = 120.0
TAU_W = (24.0, 120.0)  # steps
PARAMETERS = ("logit_rho", "log_a", "log_b")


def start(n: int) -> dict[str, torch.Tensor]:
    """Of n neurons, drawn."""
    tau = TAU_W[0] + (TAU_W[1] - TAU_W[0]) * torch.rand(n)
    return {"logit_rho": torch.logit(torch.exp(-1 / tau)), "log_a": torch.rand(n).log(),
            "log_b": (2 * torch.rand(n)).log()}


def values(p: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None:
    """rho_w, a_w, b_w (N,) of a layer's parameters; None where it does not adapt."""
    if "log_a" not in p:
        return None
    return torch.sigmoid(p["logit_rho"]), Q * p["log_a"].exp(), Q * p["log_b"].exp()


def compiled(p: Mapping[str, torch.Tensor], neuron: Neuron, acts: str) -> bool:
    """Whether the layer adapts and dmpnet.training.adapting has it: its neurons do not hear each other in the step."""
    return "log_a" in p and "W_r" not in p and acts != "threshold" and neuron.decay in FUSED


def learned(p: Mapping[str, torch.Tensor]) -> Adaptation | None:
    """As a weights file holds it."""
    found = values(p)
    return None if found is None else Adaptation(*(each.detach().numpy().copy() for each in found))


def parameters(adaptation: Adaptation) -> dict[str, torch.Tensor]:
    """That give these values; DmpnetError where none do."""
    for name in ("a_w", "b_w"):
        lowest = getattr(adaptation, name).min()
        if lowest < 0:
            raise DmpnetError(f"adaptation: {name} is as low as {lowest:g}, but training keeps it positive, so that "
                              f"nothing runs away; set {name} >= 0")
    rho_w, a_w, b_w = (torch.from_numpy(np.asarray(array, np.float64)) for _, array in adaptation.arrays())
    return {"logit_rho": torch.logit(rho_w), "log_a": (a_w / Q).log(), "log_b": (b_w / Q).log()}
