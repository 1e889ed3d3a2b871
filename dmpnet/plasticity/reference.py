"""The rules step by step in NumPy, without Brian2, and what they come to in closed form.

A run: pre (T, M) and post (T, N) spikes, w (N, M) at the start, one synapse from every m to every n; p are the
parameters in SI units (Rule.numbers). The order of events is that of dmpnet.plasticity.synapses.
"""

from collections.abc import Callable

import numpy as np

from dmpnet.arithmetic import lfsr
from dmpnet.plasticity.rules.binary import registers

Amount = Callable[[np.ndarray, int], np.ndarray]
P = dict[str, float]


def trace(spikes: np.ndarray, tau: float, dt: float, latest: bool = False) -> np.ndarray:
    """(T, n) trace each spike of a step meets: decayed, before the jumps of that step.

    latest : a spike sets it to 1, it does not add 1
    """
    before = np.zeros(spikes.shape)
    x = np.zeros(spikes.shape[1])
    for k, fired in enumerate(spikes):
        x = x * np.exp(-dt / tau)
        before[k] = x
        x = np.where(fired, 1.0 if latest else x + 1, x)
    return before


def run(name: str, pre: np.ndarray, post: np.ndarray, w: np.ndarray, dt: float, p: P,
        third: np.ndarray | None = None, u: np.ndarray | None = None, seed: int = 1) -> np.ndarray:
    """Weights (N, M) after all steps of rule `name`.

    third : (T,) gate, or d at the beginning of each step, by rule
    u : (T, N) postsynaptic membranes, for voltage-gated
    """
    pre, post, w = np.asarray(pre, bool), np.asarray(post, bool), np.array(w, float)
    if name == "stochastic-binary":
        return _binary(pre, post, w, dt, p, seed)
    if name == "reward-modulated":
        return _reward(pre, post, w, dt, p, np.zeros(len(pre)) if third is None else third)
    on_pre, on_post = _changes(name, pre, post, dt, p, third, u)
    for k in range(len(pre)):
        w[:, pre[k]] = np.clip(w - on_pre(w, k), p["w_min"], p["w_max"])[:, pre[k]]
        w[post[k]] = np.clip(w + on_post(w, k), p["w_min"], p["w_max"])[post[k]]
    return w


def _changes(name: str, pre: np.ndarray, post: np.ndarray, dt: float, p: P, third: np.ndarray | None,
             u: np.ndarray | None) -> tuple[Amount, Amount]:
    """What a presynaptic spike of step k takes from w and a postsynaptic one adds, (N, M) or broadcast to it."""
    if name.startswith("triplet"):
        return _triplet(pre, post, dt, p, name.endswith("nearest"))
    if name == "diehl-cook":
        x = trace(pre, p["tau_x"], dt)
        return (lambda w, k: 0 * w), (lambda w, k: p["eta"] * (x[k] - p["x_tar"]) * (p["w_max"] - w) ** p["mu"])
    if name == "diehl-cook-code":
        x = trace(pre, p["tau_x"], dt, latest=True)
        y1, y2 = (trace(post, p[tau], dt, latest=True) for tau in ("tau_y1", "tau_y2"))
        return (lambda w, k: p["eta_pre"] * y1[k][:, None]), (lambda w, k: p["eta_post"] * x[k] * y2[k][:, None])
    return _pair(name, pre, post, dt, p, third, u)


def _pair(name: str, pre: np.ndarray, post: np.ndarray, dt: float, p: P, third: np.ndarray | None,
          u: np.ndarray | None) -> tuple[Amount, Amount]:
    nearest = name.startswith("pair-nearest")
    x, y = trace(pre, p["tau_plus"], dt, nearest), trace(post, p["tau_minus"], dt, nearest)
    if name.endswith("coincident"):
        x, y = np.where(pre, 0, x), np.where(post, 0, y)
    soft = name == "pair-multiplicative"
    gate: np.ndarray = np.ones((len(pre), 1))
    if name == "slow-memory-gated" and third is not None:
        gate = third[:, None]
    if name == "voltage-gated" and u is not None:
        gate = (u >= p["theta_g"]).astype(float)

    def depression(w: np.ndarray, k: int) -> np.ndarray:
        return gate[k][:, None] * p["A_minus"] * (w - p["w_min"] if soft else p["w_max"]) * y[k][:, None]

    def potentiation(w: np.ndarray, k: int) -> np.ndarray:
        return gate[k][:, None] * p["A_plus"] * (p["w_max"] - w if soft else p["w_max"]) * x[k]

    return depression, potentiation


def _triplet(pre: np.ndarray, post: np.ndarray, dt: float, p: P, latest: bool) -> tuple[Amount, Amount]:
    r1, r2 = (trace(pre, p[tau], dt, latest) for tau in ("tau_plus", "tau_x"))
    o1, o2 = (trace(post, p[tau], dt, latest) for tau in ("tau_minus", "tau_y"))
    return (lambda w, k: o1[k][:, None] * (p["A2_minus"] + p["A3_minus"] * r2[k]),
            lambda w, k: r1[k] * (p["A2_plus"] + p["A3_plus"] * o2[k])[:, None])


def _reward(pre: np.ndarray, post: np.ndarray, w: np.ndarray, dt: float, p: P, d: np.ndarray) -> np.ndarray:
    """d : (T,) dopamine above tonic at each step, whatever brought it there; it decays over the step."""
    x, y = trace(pre, p["tau_plus"], dt, latest=True), trace(post, p["tau_minus"], dt, latest=True)
    c = np.zeros(w.shape)
    both = 1 / (1 / p["tau_c"] + 1 / p["tau_d"])
    for k in range(len(pre)):
        c[:, pre[k]] -= p["A_minus"] * y[k][:, None]
        c[post[k]] += p["A_plus"] * x[k]
        taken = d[k] * both * -np.expm1(-dt / both) + p["d_0"] * p["tau_c"] * -np.expm1(-dt / p["tau_c"])
        w = np.clip(w + c * taken / p["tau_w"], p["w_min"], p["w_max"])
        c *= np.exp(-dt / p["tau_c"])
    return w


def _binary(pre: np.ndarray, post: np.ndarray, w: np.ndarray, dt: float, p: P, seed: int) -> np.ndarray:
    """Registers in the order of the synapses, source after source; a word is 16 shifts, one state at a time."""
    x, y = trace(pre, p["tau_plus"], dt, latest=True), trace(post, p["tau_minus"], dt, latest=True)
    (N, M), scale = w.shape, 2.0**lfsr.BITS
    r = registers(w.size, seed).reshape(M, N).T.copy()
    for k in range(len(pre)):
        for m in np.flatnonzero(pre[k]):
            for n in range(N):
                w[n, m] = 0 if r[n, m] < p["p_minus"] * y[k, n] * scale else w[n, m]
                r[n, m] = _next_word(int(r[n, m]))
        for n in np.flatnonzero(post[k]):
            for m in range(M):
                w[n, m] = 1 if r[n, m] < p["p_plus"] * x[k, m] * scale else w[n, m]
                r[n, m] = _next_word(int(r[n, m]))
    return w


def _next_word(state: int) -> int:
    for _ in range(lfsr.BITS):
        state = lfsr.following(state)
    return state


def pair_window(delta: np.ndarray, p: P) -> np.ndarray:
    """dw of one pair, delta = t_post - t_pre in s, of the additive rule away from its bounds."""
    delta = np.asarray(delta, float)
    potentiation = p["A_plus"] * np.exp(-np.maximum(delta, 0) / p["tau_plus"])
    depression = p["A_minus"] * np.exp(np.minimum(delta, 0) / p["tau_minus"])
    return p["w_max"] * np.where(delta > 0, potentiation, np.where(delta < 0, -depression, 0))


def triplet_pairing(rate: float, delta: float, pairs: int, p: P, nearest: bool = False) -> float:
    """dw of the triplet rule by `pairs` pairs, delta = t_post - t_pre in s apart, at `rate` in Hz; without bounds.

    The trace that spike number k meets is a geometric series in q = exp(-1/(rate tau)) over the partners before it,
    the latest `lead` s ago; nearest keeps its first term.
    """
    k, period = np.arange(pairs), 1 / rate

    def met(count: np.ndarray, lead: float, tau: float) -> np.ndarray:
        q = np.exp(-period / tau)
        series = np.minimum(count, 1) if nearest else (1 - q**count) / (1 - q)
        return series * np.exp(-lead / tau)

    r1 = met(k + (delta > 0), delta % period or period, p["tau_plus"])
    o1 = met(k + (delta < 0), -delta % period or period, p["tau_minus"])
    r2, o2 = (met(k, period, p[tau]) for tau in ("tau_x", "tau_y"))
    return float((r1 * (p["A2_plus"] + p["A3_plus"] * o2) - o1 * (p["A2_minus"] + p["A3_minus"] * r2)).sum())


def reward_after(c: float, d: float, time: float, p: P) -> float:
    """dw from eligibility c and dopamine d (above tonic) both set at 0, after `time` s; without bounds.

    Eligibility times reward: c (d tau (1 - exp(-t/tau)) + d_0 tau_c (1 - exp(-t/tau_c))) / tau_w,
    1/tau = 1/tau_c + 1/tau_d.
    """
    tau = p["tau_c"] * p["tau_d"] / (p["tau_c"] + p["tau_d"])
    decayed = d * tau * -np.expm1(-time / tau) + p["d_0"] * p["tau_c"] * -np.expm1(-time / p["tau_c"])
    return float(c * decayed / p["tau_w"])
