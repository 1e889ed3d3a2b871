"""NIR graphs for tests, and what they do by the equations in nir's own docstrings, neuron by neuron in plain Python."""

import math

import numpy as np
import pytest

nir = pytest.importorskip("nir", reason="needs nir: pip install '.[nir]' in a clone")

FIELDS = {"IF": ("r", "v_threshold", "v_reset"), "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
          "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
          "LI": ("tau", "r", "v_leak"), "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"), "I": ("r",)}
RANGES = {"tau": (3e-3, 2e-2), "tau_mem": (3e-3, 2e-2), "tau_syn": (2e-3, 9e-3), "r": (0.5, 2.0),
          "v_leak": (-0.1, 0.3), "v_threshold": (0.5, 1.2), "v_reset": (-0.3, 0.1), "w_in": (0.5, 2.0)}


def neuron(kind, n, rng):
    """n neurons of a kind, no two of which are alike."""
    return getattr(nir, kind)(**{name: rng.uniform(*RANGES[name], n) for name in FIELDS[kind]})


def graph(nodes, edges, **how):
    return nir.NIRGraph(nodes, edges, type_check=False, **how)


def chain(*nodes, **how):
    """input -> n0 -> n1 ... -> output"""
    names = [f"n{k}" for k in range(len(nodes))]
    ends = {"input": nir.Input({"input": np.array(nodes[0].input_type["input"])}),
            "output": nir.Output({"output": np.array(nodes[-1].output_type["output"])})}
    order = ["input", *names, "output"]
    return graph(ends | dict(zip(names, nodes, strict=True)), list(zip(order, order[1:], strict=False)), **how)


def euler(node, x, dt, before=False):
    """Spikes, or v of what does not fire, (T, n), of one node on x (T, n): Euler's step of its equations, then where
    v > v_threshold z = 1 and v = v_reset. Inputs of IF and I are currents."""
    kind, steps = type(node).__name__, len(x)
    given = np.zeros(x.shape)
    for n in range(x.shape[1]):
        p = {name: float(getattr(node, name)[n]) for name in FIELDS[kind]}
        v, current = 0.0, 0.0
        for k in range(steps):
            old = current
            current = current + dt / p["tau_syn"] * (-current + p["w_in"] * x[k, n]) if "tau_syn" in p else x[k, n]
            drive = old if before else current
            if kind in ("I", "IF"):
                v = v + dt * p["r"] * drive
            else:
                v = v + dt / p.get("tau", p.get("tau_mem")) * ((p["v_leak"] - v) + p["r"] * drive)
            given[k, n] = v
            if "v_threshold" in p:
                z = v > p["v_threshold"]
                assert abs(v - p["v_threshold"]) > 1e-9, "v lies on the threshold: change the seed"
                given[k, n], v = z, p["v_reset"] if z else v
    return given


def held(node, x, dt):
    """v (T, n) of CubaLI or LI with the input held during steps, by the exponential of the matrix of its equations."""
    from scipy.linalg import expm

    given = np.zeros(x.shape)
    for n in range(x.shape[1]):
        p = {name: float(getattr(node, name)[n]) for name in FIELDS[type(node).__name__]}
        tau = p.get("tau", p.get("tau_mem"))
        # d/dt (v, I, S, 1)
        rows = [[-1 / tau, p["r"] / tau, 0, p["v_leak"] / tau], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
        if "tau_syn" in p:
            rows[1] = [0, -1 / p["tau_syn"], p["w_in"] / p["tau_syn"], 0]
        step, state = expm(np.array(rows) * dt), np.array([0.0, 0.0, 0.0, 1.0])
        for k in range(len(x)):
            state[2] = x[k, n]
            if "tau_syn" not in p:
                state[1] = x[k, n]
            state = step @ state
            given[k, n] = state[0]
    return given


def active(spikes):
    """The same spikes, which are neither silent nor saturated."""
    rate = np.mean(spikes)
    assert 0.01 < rate < 0.5 and not math.isnan(rate), rate
    return spikes
