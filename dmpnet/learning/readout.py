"""A readout that learns on line by a local rule, sample after sample, nothing sent back through the network.

    r_n   trace of hidden neuron n: its spikes a step, averaged over the sample
    y_c   = sum_n W_cn r_n + b_c,   p_c = 1 / (1 + exp(-y_c))
    W_cn += eta (q_c - p_c) r_n,    b_c += eta (q_c - p_c),    q_c = 1 for the class taught, else 0

The delta rule (Widrow & Hoff 1960) of logistic units: a synapse needs the trace on its one side and the error on its
other, no other synapse's weight. Learned, W_o and b_o are those of an ordinary network of dmpnet.weights.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, TimedArray, second

from dmpnet.plasticity.protocols import brian2_on

EACH = 1.0  # seconds of Brian2 time a sample


@dataclass(frozen=True, eq=False)
class Readout:
    """W (C, N) and b (C,) of a readout."""

    W: np.ndarray
    b: np.ndarray

    def __call__(self, r: np.ndarray) -> np.ndarray:
        """(n,) class told for traces r (n, N)."""
        return (r @ self.W.T + self.b).argmax(axis=1)


def blank(classes: int, N: int) -> Readout:
    """Nothing learned yet."""
    return Readout(np.zeros((classes, N)), np.zeros(classes))


def exact(start: Readout, r: np.ndarray, labels: np.ndarray, eta: float) -> tuple[Readout, np.ndarray]:
    """What Brian2 learns, in NumPy: the readout after all samples, in order, and the class told before each (n,)."""
    W, b = start.W.copy(), start.b.copy()
    told = np.empty(len(r), int)
    for number, (trace, label) in enumerate(zip(r, labels, strict=True)):
        y = W @ trace + b
        told[number] = y.argmax()
        error = -1 / (1 + np.exp(-y))
        error[label] += 1
        W += eta * np.outer(error, trace)
        b += eta * error
    return Readout(W, b), told


def learn(start: Readout, r: np.ndarray, labels: np.ndarray, eta: float,
          backend: str = "numpy") -> tuple[Readout, np.ndarray]:
    """The same in Brian2: a step a sample, W on Synapses, the trace on one side of them, the error on the other."""
    with brian2_on(backend, EACH):
        r_of = TimedArray(np.ascontiguousarray(r, float), dt=EACH * second, name="r_of")
        taught = TimedArray(np.asarray(labels, float), dt=EACH * second, name="taught")
        hidden = NeuronGroup(r.shape[1], "r : 1", name="hidden", namespace={"r_of": r_of})
        classes = NeuronGroup(len(start.b), "y_0 : 1\nb : 1\ny : 1\nerror : 1", name="classes",
                              namespace={"taught": taught, "eta": eta})
        W = Synapses(hidden, classes, "w : 1\ny_0_post = w*r_pre : 1 (summed)", name="W", namespace={"eta": eta})
        W.connect()
        W.w, classes.b = start.W.T.ravel(), start.b
        hidden.run_regularly("r = r_of(t, i)", when="start", name="hidden_trace")
        classes.run_regularly("y = y_0 + b\nerror = int(taught(t) == i) - 1/(1 + exp(-y))", when="thresholds",
                              name="classes_error")
        W.run_regularly("w += eta*error_post*r_pre", when="synapses", name="W_learn")
        classes.run_regularly("b += eta*error", when="synapses", name="classes_learn")
        told = StateMonitor(classes, "y", record=True, when="thresholds", order=1, name="told")
        Network(hidden, classes, W, told).run(len(r) * EACH * second, namespace={})
        return (Readout(np.array(W.w[:]).reshape(r.shape[1], -1).T.copy(), np.array(classes.b[:])),
                np.array(told.y[:]).argmax(axis=0))
