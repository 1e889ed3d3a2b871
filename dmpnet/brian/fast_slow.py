"""A layer of fast neurons with one slow memory, for a Brian2 script of one's own: dmpnet.fast_slow_layer.

Within a step of dt, in Brian2's default schedule, `dmpnet.equations.layer` from top to bottom:

    groups       x from the spikes that have arrived since the last step, then m from x, I_m = W_m m, and u
    thresholds   neurons spike
    synapses     spikes are delivered, for the next step: to I_f or I_r of fast neurons, to x of a slow memory
    resets       neurons that spiked are reset
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from brian2 import BrianObject, Synapses, get_device, prefs, second
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.spikesource import SpikeSource
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from dmpnet.brian import dynamics
from dmpnet.brian.fast_slow_membrane import FastSlowMembrane
from dmpnet.brian.quantities import number, positive, shown, whole
from dmpnet.brian.session import Neurons, Wires
from dmpnet.equations import layer, memory
from dmpnet.errors import DmpnetError
from dmpnet.trained.layer import Layer
from dmpnet.trained.slow_memory import legendre_pathway

FIXED = ("window", "membrane", "given", "fast", "slow", "scalar", "Abar", "Bbar", "W_m", "heard")
ORDER = {"scalar": -4, "slow": -2, "fast": 0}
"""Of the updates within a step; sums over synapses come one before their target's."""


def fast_slow_layer(N: int, d: int, window: Any, threshold: Any, W_m: Any, *, tau: Any = None,
                    decay: Any = "exponential", lam: Any = None, reset: str = "hard", floor: Any = None,
                    acts: str = "current", b: Any = None, b_x: float = 0.0, model: Any = "", method: Any = None,
                    namespace: Mapping[str, Any] | None = None, dt: Any = None, clock: Any = None,
                    name: str = "fast_slow_layer*") -> "FastSlowLayer":
    """N fast neurons and their slow memory, as Brian2 groups; one step of them is in dmpnet.equations.layer.

    d, window : dimensions of the slow memory, and the time (ms, s) it reaches back, at least dt
    threshold : of u, in volt; whatever its unit is (also none), u, I_f, I_r and b have it, lam a second of it
    W_m : (N, d) volt; how the fast neurons hear m, m_0 being the number of spikes, weighted by w_x, in the window
    tau : time constant (ms) of the membrane: of its decay if that is exponential, and with which I charges it
    decay : 'exponential'; 'linear' by lam volt a second; 'shift', exponential by the nearest power of two a step; an
        expression for what is kept of u in a step, 'u - lam*dt*int(u > 0*mV)'; or equations for u,
        'du/dt = (v_r - u + I)/tau_m : volt', by Brian2's `method`, where I = W_m m + b is held during a step
    reset : 'hard' to 0, 'soft' by the threshold, or code, 'u = v_r'
    floor : u never falls below it
    acts : W_m m changes the 'current'; the 'threshold', which falls by it; or the 'gain' on I_f, 1 + W_m m (W_m : 1)
    b, b_x : bias of I, one or (N,) volt; of x, spikes a window
    model, namespace : further equations of the fast neurons, and what their code names that the script does not
    dt, clock : of all of it; the default clock. dt is taken when a run starts

    In code: u, I, I_m, I_f, I_r, b, theta_u, tau, lam. I_f and I_r are volt a spike: taken once a step, then 0. So a
    spike adds its weight once, and everything else is a rate, a time or a current, whatever dt. Only the rectification
    is of one step's input: a negative w_x takes from what arrives in the same step.
    """
    membrane = FastSlowMembrane(name.rstrip("*"), threshold, tau, decay, lam, reset, floor, acts, model, method,
                                dict(namespace or {}))
    return FastSlowLayer(N, d, window, membrane, W_m, b, b_x, dt, clock, name)


class Part(Neurons):
    """A group of a layer, which is prepared for a run by its layer; DmpnetError where that is not in the network.

    layer : the layer's name;  prepared : names of its groups that it has prepared for the run that begins
    """

    def __init__(self, layer: str, prepared: set[str], *args: Any, **kwargs: Any):
        self._layer, self._prepared = layer, prepared
        super().__init__(*args, **kwargs)

    def before_run(self, run_namespace: Mapping[str, Any] | None = None) -> None:
        """Brian2 calls this before each run, after that of the layer, whose order is the lowest."""
        if self.name not in self._prepared:
            raise DmpnetError(f"{self.name}: its layer {self._layer} is not in the network, but without it nothing "
                              f"enters or leaves the slow memory; put the layer itself into the Network, in place of "
                              f"its groups, or keep it in a variable of its own for run()")
        self._prepared.remove(self.name)
        super().before_run(run_namespace)


class FastSlowLayer(BrianObject):
    """What fast_slow_layer makes: run(), or a Network that has it, runs all of it.

    fast, slow, scalar : groups with u, spikes, I_f; m, d units; x, one unit. They run with the layer: a Network has the
        layer itself, or they refuse
    Abar, Bbar, W_m : Synapses between them, with weights w
    heard : Synapses by which the slow memory hears, one for each call of `hears`
    """

    add_to_magic_network = True

    def __init__(self, N: int, d: int, window: Any, membrane: FastSlowMembrane, W_m: Any, b: Any, b_x: float,
                 dt: Any, clock: Any, name: str):
        owner = membrane.owner
        N, d = whole(owner, "N", N), whole(owner, "d", d)
        self.window = positive(owner, "window", window, second.dim)
        self.membrane, self.heard = membrane, list[Synapses]()
        self.given: dict[str, np.ndarray] = {
            "W_m": number(owner, "W_m", W_m, DIMENSIONLESS, (N, d)) if membrane.acts == "gain" else
            membrane.number("W_m", W_m, (N, d)),
            "b": membrane.number("b", 0 * membrane.threshold if b is None else b, (N,)),
            "b_x": number(owner, "b_x", b_x, DIMENSIONLESS), "w_x": np.zeros(0)}
        if dt is not None:
            self._check_dt(positive(owner, "dt", dt, second.dim))
        equations = membrane.equations
        super().__init__(dt=dt, clock=clock, order=min(ORDER.values()) - 1, name=name)
        self._prepared = set[str]()
        self.scalar = self._group("scalar", 1, layer.SCALAR, layer.RECTIFY, {"window": self.window * second})
        self.slow = self._group("slow", d, layer.SLOW, layer.REMEMBER, {})
        self.fast = self._group("fast", N, equations, membrane.update, {**membrane.constants, **membrane.namespace},
                                threshold=layer.THRESHOLDS[membrane.acts], reset=membrane.resets,
                                method=membrane.integrated_by)
        self.Abar = self._sum("Abar", self.slow, self.slow, "m_kept", "m", "1")
        self.Bbar = self._sum("Bbar", self.scalar, self.slow, "m_new", "x", "1")
        self.W_m = self._sum("W_m", self.slow, self.fast, "I_m", "m", "1" if membrane.acts == "gain" else membrane.volt)
        self.W_m.w_ = self.given["W_m"].T.ravel()
        self.fast.b_, self.scalar.b_x = self.given["b"], float(self.given["b_x"])
        self._made = True

    def __setattr__(self, attribute: str, value: Any) -> None:
        """Refuse what would change nothing: constants of the layer, and names that it does not have."""
        if "_made" in vars(self) and not attribute.startswith("_") and (
                attribute in FIXED or not hasattr(self, attribute)):
            raise DmpnetError(f"{self.name}: {attribute} cannot be set, as the layer keeps what it was made with; make "
                              f"another for other constants, and set variables of its groups, as layer.fast.u")
        super().__setattr__(attribute, value)

    def _group(self, part: str, size: int, equations: Any, update: str, namespace: dict, **spiking: Any) -> Part:
        """A group of the layer that runs `update` in each step, in its place."""
        made = Part(self.name, self._prepared, size, equations, order=ORDER[part], namespace=namespace,
                    clock=self.clock, name=f"{self.name}_{part}", **spiking)
        runs = made.run_regularly(update, when="groups", order=ORDER[part] + (part == "fast"),
                                  name=f"{made.name}_update")
        runs.needed_variables = sorted(get_identifiers(update) & set(DEFAULT_UNITS))  # Brian2 overlooks int(u > 0*mV)
        self.contained_objects.append(made)
        return made

    def _sum(self, symbol: str, source: Neurons, target: Neurons, variable: str, of: str, unit: str) -> Wires:
        """Synapses all to all by which a variable of the target is the sum of w times one of the source."""
        made = Wires(source, target, f"w : {unit}\n{variable}_post = w*{of}_pre : {unit} (summed)", namespace={},
                     clock=self.clock, name=f"{self.name}_{symbol}")
        i, j = (ends.ravel() for ends in np.mgrid[:len(source), :len(target)])
        made.connect(i=i, j=j)
        self.contained_objects.append(made)
        return made

    def hears(self, source: Any, w_x: Any) -> Synapses:
        """Synapses by which the slow memory sums up spikes of `source`, w_x one number or (len(source),).

        Ordinary ones (w, delay): change or cut them. Several sources add up.
        """
        if not isinstance(source, SpikeSource) or "spike" not in getattr(source, "events", {"spike": None}):
            named = source.name if hasattr(source, "name") else shown(source)
            raise DmpnetError(f"{self.name}: {named} never spikes, but the slow memory hears spikes; connect a group "
                              f"with a threshold (of a layer its `fast`), or set a signal as b_x of {self.scalar.name}")
        w_x = number(self.name, "w_x", w_x, DIMENSIONLESS, (len(source),))
        made = Wires(source, self.scalar, "w : 1", on_pre="x_in_post += w", namespace={}, clock=self.clock,
                     name=f"{self.name}_w_x_{len(self.heard) + 1}")
        made.connect(i=np.arange(len(source)), j=np.zeros(len(source), int))
        made.w = w_x
        self.given["w_x"] = np.append(self.given["w_x"], w_x)
        self.heard.append(made)
        self.contained_objects.append(made)
        return made

    def before_run(self, run_namespace: Mapping[str, Any]) -> None:
        """Brian2 calls this before each run: Abar, Bbar and leak are those of the dt that it has by then."""
        dt = float(self.clock.dt_)
        if dt != float(np.ravel(self.scalar.variables["step"].get_value())[0]):
            self._check_dt(dt)
            abar, bbar = memory.discrete(len(self.slow), self.window / dt)
            self.Abar.w, self.Bbar.w = abar.T.ravel(), bbar
            if "leak" in self.fast.variables:
                self.fast.leak = self.membrane.leak(dt)
            self.scalar.step = dt * second
        device = get_device()
        if hasattr(device, "synapses"):  # of a program: Brian2 gives it queues of spikes for a network's own alone
            device.synapses |= {part for part in self.contained_objects if isinstance(part, Synapses)}
        self._prepared.update(part.name for part in (self.scalar, self.slow, self.fast))
        super().before_run(run_namespace)

    def _check_dt(self, dt: float) -> None:
        if self.window < dt:
            raise DmpnetError(f"{self.membrane.owner}: window = {1e3 * self.window:g} ms, but the slow memory reaches "
                              f"back at least a step, dt = {1e3 * dt:g} ms; set a longer window or a smaller dt")

    @property
    def equations(self) -> str:
        """All that it does in a step, in order, to be printed."""
        parts = [part for each in self.contained_objects for part in (each, *each.contained_objects)]
        return dynamics.text(SimpleNamespace(objects=parts, schedule=prefs["core.network.default_schedule"],
                                             sorted_objects=sorted(parts, key=lambda part: part.order)))

    def trained(self, W_f: Any, W_r: Any = None, dt: Any = None) -> Layer:
        """The dmpnet.trained.layer.Layer that it equals step for step if I_f hears W_f (N, M) volt, and I_r W_r (N, N).

        dt : the clock's; as it was made, whatever has been changed or cut since. Inputs arrive a step later, as in
            Brian2 (delay 1). u in volt; g W_m m and g b_f of it are what I adds to u in a step, w_x is that of a step
        """
        owner, N = self.membrane.owner, len(self.fast)
        step = float(self.clock.dt_) if dt is None else positive(owner, "dt", dt, second.dim)
        self._check_dt(step)
        M = np.shape(W_f)[-1] if np.ndim(W_f) else 1
        w_x = self.given["w_x"] if self.heard else np.zeros(M)
        if len(w_x) != M:
            raise DmpnetError(f"{owner}: W_f has {M} inputs, but the slow memory hears {len(w_x)}; give W_f of the "
                              f"same, 0 where fast neurons do not hear one")
        neuron, gain, theta = self.membrane.neuron(step), self.membrane.gain(step), self.window / step
        acts, b_x = self.membrane.acts, float(self.given["b_x"])
        W_m = self.given["W_m"] * (gain if acts == "current" else 1)
        slow = legendre_pathway(theta * w_x, b_x, W_m, np.zeros(N), theta, acts=acts)
        return Layer(self.membrane.number("W_f", W_f, (N, M)), gain * self.given["b"], neuron,
                     None if W_r is None else self.membrane.number("W_r", W_r, (N, N)), slow, np.ones(M, int))
