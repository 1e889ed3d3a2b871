"""Trained weights -> Brian2 populations that take the trained steps, and what they did read back.

Every update is the discrete one of dmpnet.neurons, run by `run_regularly` at the start of a step; spikes are then
thresholded and delivered in the same step and used in the next. Brian2's schedule is the default one (Brian2GeNN takes
no other), so each population works a fixed number of steps behind the input, its `lag`. Until its first input
arrives and after its last it is held at rest; `activity` shifts what was recorded back.

Objects of the network, layer 1 (others alike), B samples side by side, index = sample * size + unit:

    input       the channels                     W_f_1      input -> fast_1
    scalar_1    x = ReLU(w_x . s_in + b_x)       w_x_1      input -> scalar_1,  nu_1  scalar_1 -> fast_1
    slow_1      m = Abar m + Bbar x              Abar_1     slow_1 -> slow_1,  Bbar_1  scalar_1 -> slow_1
    fast_1      u, spikes                        W_m_1      slow_1 -> fast_1,  W_r_1   fast_1 -> fast_1
    readout     y = W_o s + b_o, total = sum y   W_o        last layer -> readout
    spikes_1, u_1, m_1, x_1, y                    monitors

A layer with axonal delays hears axons_1 instead: a unit for each of its inputs that does now what the input did
delay_1 steps ago. Where it passes on spikes that takes a step more.
"""

from collections.abc import Callable, Iterable

import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, StateMonitor, defaultclock, get_device, second

from dmpnet import populations, reference, shared, synapses
from dmpnet.activity import Activity, smoothed
from dmpnet.errors import BackendError, DmpnetError
from dmpnet.populations import Timing
from dmpnet.weights import TrainedNetwork

COUPLINGS = {"synapses": synapses, "shared": shared}
SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]  # Brian2's own, whatever the preferences say

def timing(network: TrainedNetwork, steps: int, coupling: str = "synapses") -> Timing:
    """Lags of every population of `network` under a coupling, on the Brian2 device now set."""
    hop = 2 if _on_genn() else 1  # GeNN delivers a spike before, Brian2 after the neurons of its step are updated
    arrives = hop + (COUPLINGS[coupling].ANALOG_STEPS if network.encoding.kind == "analog" else 0)
    u, m, x, axons = [], [], [], []
    for number, layer in enumerate(network.layers):
        axons.append(None if layer.delay is None else arrives)
        if layer.delay is not None and (number or network.encoding.kind == "spikes"):
            arrives += hop  # values are replayed late, spikes make the axons fire
        slow_steps = COUPLINGS[coupling].SLOW_STEPS if layer.slow else (0, 0)
        x.append(arrives if layer.slow else None)
        m.append(arrives + slow_steps[0] if layer.slow else None)
        u.append(arrives + slow_steps[1])
        arrives = u[-1] + hop
    return Timing(tuple(u), tuple(m), tuple(x), tuple(axons), arrives, steps)


def convert(network: TrainedNetwork, s_in: np.ndarray, *, coupling: str = "synapses",
            record: str | Iterable[str] = ("spikes",)) -> Network:
    """Brian2 network of `network` driven by s_in (B, T, M); run it for `duration(...)`, read it with `activity`.

    s_in : read as it is, as by dmpnet.simulation.simulate
    coupling : 'synapses' is Brian2 Synapses throughout, every sample with its own, to explore, change and lesion;
        'shared' holds each weight once and multiplies for all samples at a time, for many samples (not for GeNN)
    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step
    Sets brian2.defaultclock.dt to the step the network was trained with.
    """
    s_in = np.asarray(s_in)
    reference.check_input(network, s_in)
    record = check(coupling, record)
    if _on_genn():
        _check_genn(network)
    defaultclock.dt = network.encoding.dt * second
    batch, steps, _ = s_in.shape
    lags = timing(network, steps, coupling)
    groups = populations.groups(network, batch, lags, coupling == "shared", COUPLINGS[coupling].WAITING)
    wired = COUPLINGS[coupling].wire(network, s_in, groups, lags)
    converted = Network(*groups.values(), *wired, *_monitors(groups, needed(network, record)))
    if not _on_genn():
        converted.schedule = SCHEDULE
    return converted


def check(coupling: str, record: str | Iterable[str]) -> tuple[str, ...]:
    """Names of what to record; DmpnetError unless they and the coupling are known."""
    if coupling not in COUPLINGS:
        raise DmpnetError(f"coupling = {coupling!r}, but it is one of {', '.join(COUPLINGS)}; choose one")
    return reference.recorded(record)


def needed(network: TrainedNetwork, record: Iterable[str]) -> tuple[str, ...]:
    """What has to be kept for every step: all of `record`, and the readout if it tells a class at every step."""
    return tuple(dict.fromkeys((*record, *(("readout",) if network.kappa is not None else ()))))


def _on_genn() -> bool:
    return get_device().__class__.__name__ == "GeNNDevice"


def _check_genn(network: TrainedNetwork) -> None:
    for number, layer in enumerate(network.layers, 1):
        if layer.delay is not None:
            raise BackendError(f"layer {number} has axonal delays, but Brian2GeNN gives all synapses one delay; run it "
                               f"on numpy, cython or cpp_standalone, or without delays")


def duration(network: TrainedNetwork, steps: int, coupling: str = "synapses"):
    """Time to run a converted network for, in Brian2 seconds, so that the last layer has seen all `steps`."""
    return timing(network, steps, coupling).total * network.encoding.dt * second


def _monitors(groups: dict[str, NeuronGroup], record: tuple[str, ...]) -> list:
    """spikes_1... (counts only unless recorded), u_1..., m_1..., y.

    States are kept at the very start of the next step: at the end of a step Brian2GeNN gives u before the reset.
    """
    monitors = []
    for name, group in groups.items():
        kind, _, number = name.partition("_")
        if kind == "fast":
            monitors.append(SpikeMonitor(group, name=f"spikes_{number}", record="spikes" in record))
        for variable, owner, key, monitor in (("u", "fast", "u", f"u_{number}"), ("m", "slow", "m", f"m_{number}"),
                                              ("x", "scalar", "x", f"x_{number}"), ("y", "readout", "readout", "y")):
            if kind == owner and key in record:
                monitors.append(StateMonitor(group, variable, record=True, order=-1, name=monitor))
    return monitors


Read = Callable[[str, str], np.ndarray]


def activity(converted: Network, network: TrainedNetwork, shape: tuple[int, ...], coupling: str = "synapses",
             record: str | Iterable[str] = ("spikes",), keep: int | None = None) -> Activity:
    """What a converted network did after its run, on input of `shape` (B, T, M), as `reference.run` gives it.

    keep : only the first samples of the batch, all if None
    """
    def read(name: str, variable: str) -> np.ndarray:
        return np.asarray(converted[name].variables[variable].get_value())

    return read_activity(read, network, shape, timing(network, shape[1], coupling), reference.recorded(record),
                         keep)


def read_activity(read: Read, network: TrainedNetwork, shape: tuple[int, ...], lags: Timing,
                  record: tuple[str, ...], keep: int | None = None) -> Activity:
    """Activity from read(group, variable), wherever the values are kept."""
    batch, steps = shape[:2]

    def states(monitor: str, variable: str, lag: int) -> np.ndarray:
        recorded = read(monitor, variable).reshape(lags.total, batch, -1)[lag + 1:lag + 1 + steps, :keep]
        return recorded.swapaxes(0, 1).copy()  # a view of one sample would change with the next run

    def spikes(number: int, n: int, lag: int) -> np.ndarray:
        fired = np.zeros((batch, steps, n), bool)
        sample, unit = np.divmod(read(f"spikes_{number}", "i"), n)
        fired[sample, np.rint(read(f"spikes_{number}", "t") / network.encoding.dt).astype(int) - lag, unit] = True
        return fired[:keep]

    def count(number: int) -> np.ndarray:
        return read(f"spikes_{number}", "count").reshape(batch, -1)[:keep].astype(np.int64)

    layers = list(enumerate(network.layers, 1))
    counts = [count(number) for number, _ in layers]
    y = states("y", "y", lags.readout) if "readout" in needed(network, record) else np.empty(0)
    return Activity(
        logits=read("readout", "total").reshape(batch, -1)[:keep] / steps if network.kappa is None
        else smoothed(y, network.kappa),
        rates=[spiked.mean(axis=0) / steps for spiked in counts],
        counts=counts,
        spikes=[spikes(n, layer.N, lags.u[n - 1]) for n, layer in layers] if "spikes" in record else [],
        u=[states(f"u_{n}", "u", lags.u[n - 1]) for n, _ in layers] if "u" in record else [],
        m=[states(f"m_{n}", "m", lag) if (lag := lags.m[n - 1]) is not None else None
           for n, _ in layers] if "m" in record else [],
        x=[states(f"x_{n}", "x", lag) if (lag := lags.x[n - 1]) is not None else None
           for n, _ in layers] if "x" in record else [],
        readout=y if "readout" in record else None,
    )
