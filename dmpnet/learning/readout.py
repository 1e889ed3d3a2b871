"""A readout that learns on line by a local rule, sample after sample, nothing sent back through the network.

    r_n   trace of hidden neuron n: its spikes a step, averaged over the sample
    z_n   = (r_n - a_n) / (sqrt(v_n) + least),  a_n, v_n the mean and variance of its traces so far
    y_c   = sum_n W_cn z_n + b_c,   p_c = 1 / (1 + exp(-y_c))
    W_cn += eta (q_c - p_c) z_n,    b_c += eta (q_c - p_c),    q_c = 1 for the class taught, else 0

The delta rule (Widrow & Hoff 1960) of logistic units on traces that each neuron scales itself, as the covariance rule
(Sejnowski 1977) does: a synapse needs z on its one side and the error on its other, no other synapse's weight. Without
a_n all neurons' common mean makes the rule unstable unless it is very slow. What is learned becomes W_o, b_o of an
ordinary network of dmpnet.trained.weights (`folded`).
"""

from dataclasses import dataclass, replace

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, TimedArray, second

from dmpnet.brian import programs
from dmpnet.plasticity.protocols import brian2_on

EACH = 1.0  # seconds of Brian2 time a sample
FLOOR = 0.01
"""Of the deviation: a spike in 100 steps."""


@dataclass(frozen=True, eq=False)
class Readout:
    """W (C, N) and b (C,) of the readout; a, v (N,) of the hidden neurons' traces, n samples so far."""

    W: np.ndarray
    b: np.ndarray
    a: np.ndarray
    v: np.ndarray
    n: int = 0

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """W_o (C, N), b_o (C,) that tell from r what W, b tell from z."""
        W_o = self.W / (np.sqrt(self.v) + FLOOR)
        return W_o, self.b - W_o @ self.a

    def __call__(self, r: np.ndarray) -> np.ndarray:
        """(n,) class told for traces r (n, N)."""
        W_o, b_o = self.folded()
        return (r @ W_o.T + b_o).argmax(axis=1)


def blank(classes: int, N: int) -> Readout:
    """Nothing learned yet."""
    return Readout(np.zeros((classes, N)), np.zeros(classes), np.zeros(N), np.zeros(N))


def of(W_o: np.ndarray, b_o: np.ndarray, r: np.ndarray) -> Readout:
    """What tells from z what W_o, b_o tell from r, with mean and variance those of known traces r (n, N)."""
    a, v = r.mean(axis=0), r.var(axis=0)
    return Readout(W_o * (np.sqrt(v) + FLOOR), b_o + W_o @ a, a, v, len(r))


def exact(start: Readout, r: np.ndarray, labels: np.ndarray, eta: float) -> tuple[Readout, np.ndarray]:
    """What Brian2 learns, in NumPy: the readout after all samples, in order, and the class told before each (n,)."""
    W, b, a, v = start.W.copy(), start.b.copy(), start.a.copy(), start.v.copy()
    told = np.empty(len(r), int)
    for number, (trace, label) in enumerate(zip(r, labels, strict=True)):
        n = start.n + number + 1
        moved = trace - a
        a += moved / n
        v += (moved * (trace - a) - v) / n
        z = (trace - a) / (np.sqrt(v) + FLOOR)
        y = W @ z + b
        told[number] = y.argmax()
        error = -1 / (1 + np.exp(-y))
        error[label] += 1
        W += eta * np.outer(error, z)
        b += eta * error
    return Readout(W, b, a, v, start.n + len(r)), told


TRACE = """
n += 1
moved = r_of(t, i) - a
a += moved/n
v += (moved*(r_of(t, i) - a) - v)/n
z = (r_of(t, i) - a)/(sqrt(v) + least)
"""


def learn(start: Readout, r: np.ndarray, labels: np.ndarray, eta: float,
          backend: str = "numpy") -> tuple[Readout, np.ndarray]:
    """The same in Brian2: a step a sample, W on Synapses, the trace on one side of them, the error on the other."""
    with brian2_on(backend, EACH):
        r_of = TimedArray(np.ascontiguousarray(r, float), dt=EACH * second, name="r_of")
        taught = TimedArray(np.asarray(labels, float), dt=EACH * second, name="taught")
        hidden = NeuronGroup(r.shape[1], "a : 1\nv : 1\nz : 1\nmoved : 1\nn : 1 (shared)", name="hidden",
                             namespace={"r_of": r_of, "least": FLOOR})
        classes = NeuronGroup(len(start.b), "y_0 : 1\nb : 1\ny : 1\nerror : 1", name="classes",
                              namespace={"taught": taught, "eta": eta})
        W = Synapses(hidden, classes, "w : 1\ny_0_post = w*z_pre : 1 (summed)", name="W", namespace={"eta": eta})
        W.connect()
        W.w, classes.b = start.W.T.ravel(), start.b
        hidden.a, hidden.v, hidden.n = start.a, start.v, start.n
        hidden.run_regularly(TRACE, when="start", name="hidden_trace")
        classes.run_regularly("y = y_0 + b\nerror = int(taught(t) == i) - 1/(1 + exp(-y))", when="thresholds",
                              name="classes_error")
        W.run_regularly("w += eta*error_post*z_pre", when="synapses", name="W_learn")
        classes.run_regularly("b += eta*error", when="synapses", name="classes_learn")
        told = StateMonitor(classes, "y", record=True, when="thresholds", order=1, name="told")
        network = Network(hidden, classes, W, told)
        network.run(len(r) * EACH * second, namespace={})
        read = programs.finished(network, len(r) * EACH, ("W.w", "classes.b", "hidden.a", "hidden.v"))
        learned = replace(start, W=read("W", "w").reshape(r.shape[1], -1).T.copy(), b=read("classes", "b"),
                          a=read("hidden", "a"), v=read("hidden", "v"), n=start.n + len(r))
        return learned, read("told", "y").reshape(len(r), -1).argmax(axis=1)
