"""What NIR leaves open: how an equation becomes a step of dt, and what a spike does in it.

    method     euler: beta = 1 - dt/tau, gain dt/tau          exact: beta = exp(-dt/tau), gain 1 - beta, input held
    reset      value: v = v_reset, as NIR says                subtract: v = v - v_threshold
    current    of CubaLIF and CubaLI, what the membrane takes: 'now' I[k], 'before' I[k-1]; None: by exact the solution
               of both equations for a held input, by euler 'now'
    integrate  of IF and I: 'impulse' v + r x a step, x counts spikes; 'current' v + r dt x, x is a current
    strict     v > v_threshold, as NIR says; else v >= v_threshold

The platforms, as their importers and the paper's scripts take NIR (Pedersen et al. 2024, Nature Communications 15,
8122). What a platform does not read or drops without a word is refused under its name.

    norse      euler, hard reset to 0; r of LIF and IF must be 1
    nengo      exact, hard reset to 0, v in units of v_threshold; r must be 1
    snntorch   euler, hard reset to 0 (IF: subtract), v in units of the gain, so that a step adds x; IF: r must be 1
    sinabs     IF: subtract, >=, v held above -v_threshold; LIF: beta = exp(-1/tau), tau counts steps, a step adds x
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from dmpnet.errors import DmpnetError, one_of

CHOICES: dict[str, tuple[Any, ...]] = {
    "method": ("euler", "exact"), "reset": ("value", "subtract"), "current": (None, "now", "before"),
    "integrate": ("impulse", "current")}


@dataclass(frozen=True)
class Convention:
    """The choices, and by what name."""

    name: str = "nir"
    method: str = "euler"
    reset: str = "value"
    current: str | None = None
    integrate: str = "impulse"
    strict: bool = True

    def record(self) -> dict[str, Any]:
        return asdict(self)


CONVENTIONS = {convention.name: convention for convention in (
    Convention(), Convention("norse", current="now"), Convention("nengo", "exact"),
    Convention("snntorch", current="now"), Convention("sinabs", "exact", "subtract", strict=False))}
READS = {"norse": ("IF", "LIF", "CubaLIF"), "nengo": ("IF", "LIF"), "snntorch": ("IF", "LIF", "CubaLIF"),
         "sinabs": ("IF", "LIF", "LI")}
"""Neurons that a platform's importer reads."""
NEEDS: dict[tuple[str, str], dict[str, float]] = {
    ("norse", "IF"): {"r": 1, "v_reset": 0}, ("norse", "LIF"): {"r": 1, "v_reset": 0},
    ("norse", "CubaLIF"): {"v_leak": 0, "v_reset": 0},
    ("nengo", "IF"): {"r": 1, "v_reset": 0}, ("nengo", "LIF"): {"r": 1, "v_leak": 0, "v_reset": 0},
    ("snntorch", "IF"): {"r": 1, "v_reset": 0}, ("snntorch", "LIF"): {"v_leak": 0, "v_reset": 0},
    ("snntorch", "CubaLIF"): {"v_leak": 0, "v_reset": 0},
    ("sinabs", "IF"): {"r": 1, "v_reset": 0}, ("sinabs", "LIF"): {"r": 1, "v_leak": 0, "v_reset": 0},
    ("sinabs", "LI"): {"r": 1, "v_leak": 0},
}
"""Fields that a platform takes to be so, whatever the file says."""


def chosen(name: str = "nir", **choices: Any) -> Convention:
    """The convention `name` with what is given in place of None; a platform's own choices are not to be changed."""
    if name not in CONVENTIONS:
        raise DmpnetError(one_of("convention", name, CONVENTIONS))
    found = CONVENTIONS[name]
    for key, value in choices.items():
        if value is None:
            continue
        if value not in CHOICES[key]:
            raise DmpnetError(one_of(key, value, [each for each in CHOICES[key] if each]))
        if name != "nir" and value != getattr(found, key):
            raise DmpnetError(f"{key} = {value!r}, but the convention {name} takes {getattr(found, key)!r}; leave "
                              f"{key} out, or take convention 'nir'")
        found = replace(found, **{key: value})
    return found
