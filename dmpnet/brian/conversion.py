"""Trained weights -> Brian2 populations that take the trained steps, and what they did read back.

Every update is the discrete one of dmpnet.equations.neurons, run by `run_regularly` at the start of a step; spikes are
then thresholded and delivered in the same step and used in the next. Brian2's schedule is the default one (Brian2GeNN
takes no other), so each population works a fixed number of steps behind the input, its `lag`. Until its first input
arrives and after its last it is held at rest; `activity` shifts what was recorded back.

Objects of the network, layer 1 (others alike), B samples side by side, index = sample * size + unit:

    input       the channels                     W_f_1      input -> fast_1
    scalar_1    x = ReLU(w_x . s_in + b_x)       w_x_1      input -> scalar_1,  nu_1  scalar_1 -> fast_1
    slow_1      m = Abar m + Bbar x              Abar_1     slow_1 -> slow_1,  Bbar_1  scalar_1 -> slow_1
    fast_1      u, spikes                        W_m_1      slow_1 -> fast_1,  W_r_1   fast_1 -> fast_1
    readout     y = W_o s + b_o, total = sum y   W_o        last layer -> readout
    spikes_1, u_1, m_1, x_1, y                    monitors

A layer with axonal delays hears axons_1 instead: a unit for each of its inputs that does now what the input did
delay_1 steps ago. Where it passes on spikes that takes a step more. A layer whose chip drops events that are too many
for its queue hears queue_2 (dmpnet.brian.queues) in place of the layer below.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from brian2 import Clock, NeuronGroup, Synapses, defaultclock, get_device, second

from dmpnet import reference
from dmpnet.brian import membranes, populations, session, shared, synapses
from dmpnet.brian.quantities import unitless
from dmpnet.brian.recorded import needed, read_activity
from dmpnet.brian.timing import Lags, on_genn, timing
from dmpnet.brian.whole_run import WholeRun, check_alone
from dmpnet.equations.membrane import Membranes
from dmpnet.errors import BackendError, DmpnetError, one_of
from dmpnet.trained.activity import Activity
from dmpnet.trained.network import TrainedNetwork

COUPLINGS = {"synapses": synapses, "shared": shared}
CURRENTS = ("I_f", "I_r", "I_m", "I_new")
CURRENT = re.compile(r"\b(I_\w+?)_post\s*[-+*/]?=(?!=)")
STATES = {"u": "fast", "m": "slow", "x": "scalar", "readout": "readout"}
"""What can be recorded beside spikes, and the populations that have it (the readout as y)."""


class Converted(WholeRun):
    """A trained network as a brian2.Network: change it as you like, `run()` it to its end, read its `activity()`.

    trained : the network it was converted from;  shape : (B, T, M) of its input
    coupling, record : as given to `convert`;  timing : how many steps each population works behind the input
    clock : its own, so that no other network and no change of brian2.defaultclock reaches it (Brian2GeNN has one clock)
    """

    def __init__(self, trained: TrainedNetwork, shape: tuple[int, ...], coupling: str, record: tuple[str, ...],
                 lags: Lags, clock: Any, objects: Iterable[Any]):
        super().__init__(objects, clock, trained.encoding.dt, lags.total)
        self.trained, self.shape, self.coupling, self.record, self.timing = trained, shape, coupling, record, lags
        self._kept_currents = {written for obj in self.objects for written in _currents(obj)}

    def _check_sound(self) -> None:
        super()._check_sound()
        for obj in self.objects:
            for neurons, current, _ in set(_currents(obj)) - self._kept_currents:
                raise DmpnetError(f"{obj.name}: writes {current} of {neurons}, which takes it from its own weights in "
                                  f"every step, so that this would be lost; add to u, as by 'u_post += w'")

    def activity(self, keep: int | None = None) -> Activity:
        """What it did, as `reference.run` gives it; DmpnetError unless it ran to its end and recorded every step.

        keep : only the first samples of the batch, all if None
        """
        self._check_sound()
        self._check_whole()
        return read_activity(self._read, self.trained, self.shape, self.timing, self.record, keep)

    @property
    def steps_left(self) -> int:
        """Simulation steps until the readout has seen all of the input: 0 after a whole run."""
        try:
            k = self._read("readout", "k").min()
        except NotImplementedError:  # a program that was not run yet
            return self.timing.total
        return max(self.timing.steps - int(k), 0)

    def _steps_done(self) -> int:
        return int(self._read("readout", "k").min()) + 1 + self.timing.readout


def _currents(obj: Any) -> Iterator[tuple[str, str, str]]:
    """(neurons, current, how) of layers that Synapses write by 'spikes' or 'sums'."""
    if isinstance(obj, Synapses):
        neurons = getattr(obj.target, "source", obj.target).name
        code = "\n".join(path.code for path in obj._pathways if isinstance(path.code, str))
        found = [(current, "spikes") for current in CURRENT.findall(code)]
        found += [(name.removesuffix("_post"), "sums") for name in obj.summed_updaters]
        yield from ((neurons, *one) for one in found if one[0] in CURRENTS and neurons.startswith("fast_"))


def convert(network: TrainedNetwork, s_in: np.ndarray, *, coupling: str = "synapses",
            record: str | Iterable[str] = ("spikes",), membrane: Any = None) -> Converted:
    """Brian2 network of `network` driven by s_in (B, T, M): `run()` it, then read its `activity()`.

    s_in : read as it is, as by dmpnet.brian.simulation.simulate
    coupling : 'synapses' is Brian2 Synapses throughout, every sample with its own, to explore, change and lesion;
        'shared' holds each weight once and multiplies for all samples at a time, for many samples (not for GeNN)
    record : which of 'spikes', 'u', 'm', 'x', 'readout' to keep for every step
    membrane : what moves u in place of the trained decay, Brian2 code or a dmpnet.equations.membrane.Membrane; a list
        has one a layer, None for the trained decay (not for networks in integers, and not for GeNN)

    It has a clock of its own and computes in float64, whatever the user's clock and preferences; the code generation
    target and the compiler's flags are the user's, told by its `compiled_with`.
    """
    unitless("convert", "s_in", s_in)
    s_in = reference.plain(s_in)
    reference.check_input(network, s_in)
    reference.tell_doubts(network, s_in)
    return built(network, s_in, coupling, record, membrane)


def built(network: TrainedNetwork, s_in: np.ndarray, coupling: str = "synapses",
          record: str | Iterable[str] = ("spikes",), membrane: Any = None) -> Converted:
    """What `convert` gives, of input that was checked."""
    record = check(coupling, record)
    own = membranes.checked(membrane, populations.steps_of(network), network.encoding.dt)
    if on_genn():
        check_genn(network, own)
    check_alone()
    batch, steps, _ = s_in.shape
    lags = timing(network, steps, coupling)
    with session.exact():
        clock = _clock(network.encoding.dt)
        groups = populations.groups(network, batch, lags, clock, coupling == "shared", COUPLINGS[coupling].WAITING,
                                    own)
        wired = COUPLINGS[coupling].wire(network, s_in, groups, populations.updates(network, own), lags, clock)
        monitors = _monitors(groups, needed(network, record))
        return Converted(network, s_in.shape, coupling, record, lags, clock, [*groups.values(), *wired, *monitors])


def _clock(dt: float) -> Any:
    """A clock of its own; Brian2GeNN has but one, which is then set."""
    if on_genn():
        defaultclock.dt = dt * second
        return get_device().defaultclock
    return Clock(dt * second, name="dmpnet_clock*")


def check(coupling: str, record: str | Iterable[str]) -> tuple[str, ...]:
    """Names of what to record; DmpnetError unless they and the coupling are known."""
    if coupling not in COUPLINGS:
        raise DmpnetError(one_of("coupling", coupling, COUPLINGS))
    return reference.recorded(record)


def check_genn(network: TrainedNetwork, own: Membranes) -> None:
    """Raise BackendError if Brian2GeNN lacks what the network takes."""
    if own:
        raise BackendError("membrane is given, but on Brian2GeNN a membrane moves by the trained decay; run it on "
                           "numpy, cython or cpp_standalone, or without membrane")
    for number, layer in enumerate(network.layers, 1):
        if layer.queue and number > 1:
            raise BackendError(f"layer {number} drops events beyond {layer.queue} a step, but Brian2GeNN has no queue; "
                               f"run it on numpy, cython or cpp_standalone")
        if layer.carries:
            raise BackendError(f"layer {number} hands on what a slot of m cuts off, but GeNN computes all slots at "
                               f"once; run it on numpy, cython or cpp_standalone")
        if layer.modes is not None:
            raise BackendError(f"layer {number} has modes, which were not tried on Brian2GeNN; run it on numpy, cython "
                               f"or cpp_standalone")
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
            monitors.append(session.Spikes(group, name=f"spikes_{number}", record="spikes" in record))
        for key in record:
            if STATES.get(key) == kind:
                variable = "y" if key == "readout" else key
                monitors.append(session.States(group, variable, record=True, order=-1,
                                             name=f"{variable}_{number}".rstrip("_")))
    return monitors


def activity(converted: Converted, network: TrainedNetwork | None = None, shape: tuple[int, ...] | None = None,
             coupling: str | None = None, record: str | Iterable[str] | None = None,
             keep: int | None = None) -> Activity:
    """`converted.activity(keep)`. The converted network knows all else; what is given here has to agree with it."""
    if network is not None and network is not converted.trained:
        raise DmpnetError("activity: another network than the converted one, but what is read is the latter's; leave "
                          "network out")
    for name, given, own in (("shape", shape and tuple(shape), tuple(converted.shape)),
                             ("coupling", coupling, converted.coupling)):
        if given is not None and given != own:
            raise DmpnetError(f"activity: {name} = {given!r}, but the network was converted with {own!r}; leave {name} "
                              f"out")
    missing = set(reference.recorded(record or ())) - set(converted.record)
    if missing:
        raise DmpnetError(f"activity: record = {', '.join(sorted(missing))}, but the converted network keeps "
                          f"{', '.join(converted.record) or 'nothing'}; convert it with that recorded")
    return converted.activity(keep)
