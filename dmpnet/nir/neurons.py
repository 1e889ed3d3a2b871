"""Neurons of NIR as a population: the differential equation under a convention, with the symbols of NIR.

    I        v' = r I                          LI   tau v' = (v_leak - v) + r I
    CubaLI   tau_syn I' = -I + w_in S,  tau_mem v' = (v_leak - v) + r I
    IF, LIF, CubaLIF   the same, and where v > v_threshold a spike, v = v_reset

Euler takes every derivative at the start of the step but the current, which acts at once ('now') or a step later
('before'). Exact is the solution after dt with the input held: beta = exp(-dt/tau_mem), alpha = exp(-dt/tau_syn), and
where the current decays too

    v[k] = beta v + (1 - beta) v_leak + r ((1 - beta - K) I[k] + (K - alpha (1 - beta)) I[k-1])/(1 - alpha)
    K = (alpha - beta) tau_syn/(tau_syn - tau_mem), (dt/tau) beta where both are the same
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from dmpnet.errors import DmpnetError
from dmpnet.graph.nodes import Shape
from dmpnet.graph.population import Population
from dmpnet.nir.conventions import NEEDS, READS, Convention
from dmpnet.nir.maps import Taken
from dmpnet.nir.parts import Part
from dmpnet.nir.values import array, said

NEURONS = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF")
OVER = 1e-6
"""By how much of itself a tau may be below dt by Euler: float32 seconds are off by so much."""

SHORT = 0.1
"""Steps below which a tau of sinabs is in seconds."""


def single(part: Part) -> bool:
    """Whether one constant stands for all neurons of the node."""
    return part.kind in NEURONS and all(np.size(value) == 1 for value in part.fields.values())


def taken(part: Part, incoming: Shape | None, dt: float, convention: Convention) -> Taken:
    """The population of `part`, on input of shape `incoming` where that is known."""
    f = constants(part)
    shape = next(iter(f.values())).shape
    note = ""
    if single(part) and incoming is not None and incoming != shape:
        note, f, shape = f"; one constant for all {incoming}", {k: v.reshape(()) for k, v in f.items()}, incoming
    _platform(part.kind, f, convention, dt)
    how, says, settings = ("convention", *_sinabs(part.kind, f)) if convention.name == "sinabs" else \
        _solved(part.kind, f, dt, convention)
    if "v_threshold" in f:
        settings = {"theta": f["v_threshold"], "u_reset": f["v_reset"], "strict": convention.strict,
                    "reset": convention.reset} | settings
        if convention.name == "snntorch" and part.kind == "IF":
            settings["reset"] = "subtract"
        does = "v = v_reset" if settings["reset"] == "value" else "v - v_threshold"
        says += f"; v {'>' if convention.strict else '>='} v_threshold, then {does} at the end of the step"
        how = "convention"
    else:
        settings["theta"] = None
    settings, scaled = _scaled(part.kind, settings, convention)
    return Population(shape, **settings), "convention" if note else how, says + scaled + note


def constants(part: Part) -> dict[str, np.ndarray]:
    """All fields of a neuron in float64, one shape for all, defaults filled in."""
    f = {key: array(part, key) for key in part.fields}
    if part.kind in ("CubaLI", "CubaLIF"):
        w_in = f.get("w_in", np.ones(()))
        f["w_in"] = np.broadcast_to(w_in, f["v_leak"].shape).copy() if w_in.size == 1 else w_in
    if part.kind in ("IF", "LIF", "CubaLIF"):
        f.setdefault("v_reset", np.zeros_like(f["v_threshold"]))
    shapes = {value.shape for value in f.values()}
    if len(shapes) > 1:
        raise DmpnetError(f"fields of {' and '.join(str(shape) for shape in sorted(shapes))} ("
                          f"{', '.join(f'{key} {value.shape}' for key, value in f.items())}), but all constants of a "
                          f"neuron have one shape; give them so")
    for key in ("tau", "tau_mem", "tau_syn"):
        if key in f and (f[key] <= 0).any():
            raise DmpnetError(f"{key} = {f[key].min():g} s, but a time constant is positive; set {key} > 0")
    return f


def _kept(name: str, tau: np.ndarray, dt: float, method: str) -> np.ndarray:
    """What a step keeps: exp(-dt/tau), or 1 - dt/tau unless that is below 0."""
    if method == "exact":
        return np.exp(-dt / tau)
    if (tau * (1 + OVER) < dt).any():
        raise DmpnetError(f"{name} = {tau.min():g} s is shorter than dt = {dt:g} s, so that by Euler a step keeps "
                          f"1 - dt/tau = {1 - dt / tau.min():g} < 0; give dt <= {tau.min():g}, or method 'exact'")
    return 1 - dt / tau


def _solved(kind: str, f: dict[str, np.ndarray], dt: float, convention: Convention) -> tuple[str, str, dict[str, Any]]:
    """A step of the equations without threshold."""
    if kind in ("I", "IF"):
        if convention.integrate == "current":
            return "exact", f"v + r dt x a step, dt = {dt:g} s", {"beta": 1.0, "g": f["r"] * dt}
        return "convention", "spikes are unit impulses: v + r x a step, whatever dt", {"beta": 1.0, "g": f["r"]}
    exact = convention.method == "exact"
    name = "tau_mem" if "tau_mem" in f else "tau"
    beta = _kept(name, f[name], dt, convention.method)
    gain = 1 - beta if exact else dt / f[name]
    settings: dict[str, Any] = {"beta": beta, "g": f["r"] * gain, "c": f["v_leak"] * gain}
    kept = "exp(-dt/tau)" if exact else "1 - dt/tau"
    says = f"{convention.method}, beta = {kept} = {said(beta)}"
    if "tau_syn" not in f:
        return ("exact" if exact else "convention"), says + ", input held over the step" * exact, settings
    alpha = _kept("tau_syn", f["tau_syn"], dt, convention.method)
    settings |= {"alpha": alpha, "w": f["w_in"] * (1 - alpha if exact else dt / f["tau_syn"])}
    says += f", alpha = {said(alpha)}"
    if exact and convention.current is None:
        K = _crossed(alpha, beta, f["tau_syn"], f["tau_mem"], dt)
        settings |= {"g": f["r"] * (1 - beta - K) / (1 - alpha),
                     "g_before": f["r"] * (K - alpha * (1 - beta)) / (1 - alpha)}
        return "exact", says + ", both equations solved for an input held over the step", settings
    if convention.current == "before":
        settings |= {"g": 0.0, "g_before": settings["g"]}
        return "convention", says + ", the membrane takes the current of the step before", settings
    return "convention", says + ", the membrane takes the current now", settings


def _crossed(alpha: np.ndarray, beta: np.ndarray, tau_syn: np.ndarray, tau_mem: np.ndarray, dt: float) -> np.ndarray:
    """K: what of I[k-1] the membrane has after a step, I decaying meanwhile."""
    apart = np.abs(tau_syn - tau_mem) > 1e-6 * tau_mem
    return np.where(apart, (alpha - beta) * tau_syn / np.where(apart, tau_syn - tau_mem, 1), dt / tau_mem * beta)


def _platform(kind: str, f: dict[str, np.ndarray], convention: Convention, dt: float) -> None:
    """Raise DmpnetError for what a platform does not read as the file says it."""
    name = convention.name
    if name == "nir":
        return
    if kind not in READS[name]:
        raise DmpnetError(f"{name} reads no {kind}; take convention 'nir'")
    for key, value in NEEDS.get((name, kind), {}).items():
        if (f[key] != value).any():
            raise DmpnetError(f"{key} = {said(f[key])}, but {name} takes it as {value:g}, whatever the file says; take "
                              f"convention 'nir'")
    if name == "nengo" and kind == "LIF" and np.ptp(f["tau"]):
        raise DmpnetError(f"tau = {said(f['tau'])}, but nengo takes the first for all; take convention 'nir'")
    if name == "snntorch" and kind == "CubaLIF" and not np.allclose(f["r"], f["tau_mem"] / dt):
        raise DmpnetError(f"r = {said(f['r'])}, but snntorch reads tau_mem/dt = {said(f['tau_mem'] / dt)} alone; give "
                          f"the dt it was written at, 0.0001 s, or take convention 'nir'")


def _sinabs(kind: str, f: dict[str, np.ndarray]) -> tuple[str, dict[str, Any]]:
    """As sinabs writes and reads them: tau counts steps, inputs are not normalised."""
    if kind == "IF":
        return "a step adds x, v is held above -v_threshold, one spike a step at most", {
            "beta": 1.0, "g": 1.0, "floor": -f["v_threshold"]}
    if (f["tau"] < SHORT).any():
        raise DmpnetError(f"tau = {f['tau'].min():g}, but sinabs counts steps, and a membrane that keeps nothing of "
                          f"one is none; if these are seconds, take convention 'nir'")
    beta = np.exp(-1 / f["tau"])
    return f"beta = exp(-1/tau) = {said(beta)}, tau counts steps; a step adds x", {"beta": beta, "g": 1.0}


def _scaled(kind: str, settings: dict[str, Any], convention: Convention) -> tuple[dict[str, Any], str]:
    """v in the units of a platform: nengo's threshold is 1, snntorch's gain is."""
    if convention.name == "nengo":
        unit, says = settings["theta"], "; v in units of v_threshold"
    elif convention.name == "snntorch" and kind != "IF":
        unit, says = settings["g"] * settings.get("w", 1.0), "; v in units of what a spike adds"
        if (np.asarray(unit) <= 0).any():
            raise DmpnetError("its gain is not positive, but snntorch takes v in units of it; take convention 'nir'")
        ones = {"g": np.ones_like(unit)} | ({"w": np.ones_like(unit)} if "w" in settings else {})
        return settings | ones | {key: settings[key] / unit for key in ("theta", "u_reset", "c")}, says
    else:
        return settings, ""
    return settings | {key: settings[key] / unit for key in ("theta", "u_reset", "g", "c") if key in settings}, says


def told(parts: Iterable[Part]) -> float:
    """The one dt of which r = tau/dt and w_in = tau_syn/dt in all neurons, as snnTorch writes them; else NaN."""
    found = set()
    for part in parts:
        try:
            f = constants(part) if part.kind in ("LIF", "CubaLIF") and not part.broken else {}
        except DmpnetError:
            continue
        for tau, gain in (("tau", "r"), ("tau_mem", "r"), ("tau_syn", "w_in")):
            if tau in f and f[tau].size and (f[gain] > 1).all():
                found |= {float(f"{ratio:.5g}") for ratio in np.unique(f[tau] / f[gain])}
    return found.pop() if len(found) == 1 else np.nan
