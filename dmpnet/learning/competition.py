"""The network of Diehl & Cook 2015: neurons that compete for digits and learn them without labels.

    input    784 pixels; each spikes by chance, at pixel/8 x intensity Hz
    exc      N leaky neurons with conductances and an adaptive threshold
    plastic  input -> exc, all to all, by a rule of dmpnet.plasticity; each neuron's weights sum to `norm` at the start
             of every presentation
    rivals   exc -> every other exc neuron, inhibition

    tau dv/dt = v_rest - v + g_e (0 - v) + g_i (v_inh - v),  tau_e dg_e/dt = -g_e,  tau_i dg_i/dt = -g_i

An image is shown for `present`; if fewer than `fewest` spikes came it is shown again, brighter by 1. Constants are
those of the authors' code (github.com/peter-u-diehl/stdp-mnist). What differs from it, to be fast and exact:

- No inhibitory neurons: each would spike once for every spike of its partner (tests/test_learning.py), so that the
  partner's spike inhibits the rivals itself, a step of 1 ms later.
- The rest of 150 ms is not simulated: v, g and traces start each presentation at rest, theta decays in closed form.
- dt is 1 ms, not 0.5; g_e and g_i are scaled such that a spike brings the charge it brings in continuous time.
- Input arrives without the random delays of 0 to 10 ms, which change nothing for input without temporal structure.
- What is drawn at random comes from dmpnet.learning.draws: no two presentations share a draw, and a run that goes on
  where it was stopped ends with the same weights.

With a `chip`, weights and traces of the plastic synapses are the integers of its core that learns
(dmpnet.plasticity.integer_rule), weights in codes; neurons and their thresholds stay in real numbers. Bringing weights
to their sum is then a rounded product, w norm / total, and only ever brings them down, as rounding up what stays put
would be a random walk.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from brian2 import Clock, Network, NeuronGroup, SpikeMonitor, Synapses, TimedArray, exp, linked_var, ms, mV, second

from dmpnet.brian.quantities import unitless
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip as chips
from dmpnet.hardware import parts
from dmpnet.hardware.fit import Report, fit_array
from dmpnet.hardware.plastic_rules import constrain
from dmpnet.learning import draws
from dmpnet.plasticity.catalogue import rule
from dmpnet.plasticity.integer_rule import IntegerRule, rounded, written
from dmpnet.plasticity.rule import Rule
from dmpnet.plasticity.rules.diehl_cook import ADAPTIVE_THRESHOLD
from dmpnet.plasticity.synapses import synapses

EQUATIONS = """
dv/dt = (v_rest - v + g_e*(0*mV - v) + g_i*(v_inh - v))/tau : volt (unless refractory)
dg_e/dt = -g_e/tau_e : 1
dg_i/dt = -g_i/tau_i : 1
"""
LEARNING = """
tau_theta : second
factor : 1                      # what brings the weights' sum to norm
total : 1 (linked)
image : integer (linked)
last : integer (linked)
"""
REST = """
v = v_rest
g_e = 0
g_i = 0
lastspike = -1*second
"""
DECAY = """
tau_theta = tau_theta_0 + int(image >= last)*forever
theta = theta*exp(-rest/tau_theta)
"""
CONSTANTS = {"v_rest": -65 * mV, "v_reset": -65 * mV, "v_inh": -100 * mV, "tau": 100 * ms, "tau_e": 1 * ms,
             "tau_i": 2 * ms}
REFRACTORY = 5 * ms
LONGEST = 1_000_000
FOREVER = 1e300 * second
SHOWN = """
image : integer     # of this run, -1 before the first
last : integer      # image after the last
intensity : integer
count : integer     # spikes of this presentation
shown : integer     # presentations before this run
"""
SHOW = """
enough = int(count >= fewest or intensity >= brightest)
image = image + enough
intensity = enough*intensity_0 + (1 - enough)*(intensity + 1)
count = 0
"""


@dataclass(frozen=True)
class Competition:
    """A network and how it is shown images; everything that shapes what it learns.

    inputs, N : pixels, neurons
    rule : name of a plasticity rule with traces of presynaptic and postsynaptic neurons
    dt, present, rest : seconds a step, of a presentation, of a pause after it
    intensity, fewest, brightest : of an image at first; spikes it has to bring; intensity at which it is passed on
    norm, inhibition : sum of a neuron's weights, conductance a spike of a rival adds
    chip : that holds weights and traces, by name or as a description; '' for real numbers
    changed : numbers of the chip set otherwise, (('plasticity.w.bits', 4), ...)
    decay : of traces on the chip, 'shift' or 'linear'; '' for the first it has
    """

    inputs: int = 784
    N: int = 400
    rule: str = "diehl-cook-code"
    dt: float = 1e-3
    present: float = 0.35
    rest: float = 0.15
    intensity: int = 2
    fewest: int = 5
    brightest: int = 20
    norm: float = 78.0
    inhibition: float = 17.0
    seed: int = 0
    chip: str = ""
    changed: tuple[tuple[str, Any], ...] = ()
    decay: str = ""

    def __post_init__(self):
        object.__setattr__(self, "changed", tuple((key, value) for key, value in self.changed))  # lists, from JSON
        for name in ("inputs", "N", "dt", "present", "rest", "intensity", "norm", "inhibition"):
            unitless("competition", name, getattr(self, name))
        for name in ("inputs", "N", "dt", "present", "intensity", "norm"):
            if not 0 < getattr(self, name) < np.inf:
                raise DmpnetError(f"competition: {name} = {getattr(self, name)}, but it is positive; set {name} > 0")
        for name in ("rest", "inhibition"):
            if not 0 <= getattr(self, name) < np.inf:
                raise DmpnetError(f"competition: {name} = {getattr(self, name)}, but it is not below 0; set "
                                  f"{name} >= 0")
        if not self.present / self.dt < LONGEST:
            raise DmpnetError(f"competition: present = {self.present}, dt = {self.dt}, but a presentation takes fewer "
                              f"than {LONGEST} steps; set a larger dt")
        if self.N < 2 or self.steps < 1:
            raise DmpnetError(f"competition: {self.N} neurons, {self.steps} steps a presentation, but there are rivals "
                              f"from 2 neurons on, and a step; set N >= 2 and present >= dt")
        if self.plasticity.third_factor or self.plasticity.needs:
            raise DmpnetError(f"competition: {self.rule} needs a third factor or the membrane of a DMP layer, which "
                              f"are not here; choose a rule of spikes alone, e.g. diehl-cook-code")
        if not self.chip and (self.changed or self.decay):
            raise DmpnetError("competition: numbers or traces of a chip, but no chip; name one, e.g. learning")

    @property
    def steps(self) -> int:
        """Steps of a presentation."""
        return round(self.present / self.dt)

    @property
    def plasticity(self) -> Rule:
        """The rule with its parameters."""
        return rule(self.rule)

    @property
    def integers(self) -> IntegerRule | None:
        """The rule in the chip's integers, with one more random word a step for bringing weights to their sum; traces
        count their steps from the start of each presentation."""
        return _integers(self.rule, self.chip, self.changed, self.decay, self.dt, self.steps) if self.chip else None

    @property
    def unit(self) -> float:
        """What a weight of 1 in the arrays stands for: of one code, on a chip."""
        return self.integers.unit if self.integers else 1.0

    @property
    def report(self) -> Report | None:
        """What the array needs of the chip."""
        if self.integers is None:
            return None
        return fit_array(self.integers, _chip(self.chip, self.changed), self.inputs, self.N)


def _chip(name: str, changed: tuple[tuple[str, Any], ...]) -> parts.Chip:
    return chips.changed(chips.load(name), dict(changed))


@cache
def _integers(name: str, chip: str, changed: tuple[tuple[str, Any], ...], decay: str, dt: float,
              steps: int) -> IntegerRule:
    integer = constrain(rule(name), _chip(chip, changed), dt, decay=decay or None)
    pre, post = (tuple(replace(trace, anew=steps) for trace in traces) for traces in (integer.pre, integer.post))
    integer = replace(integer, pre=pre, post=post)
    return replace(integer, words=integer.words + 1) if integer.w.rounding == "stochastic" else integer


def start(settings: Competition) -> dict[str, np.ndarray]:
    """Weights w (inputs, N), uniform below 0.3 as in the authors' code, and theta (N,) in volt, drawn by the seed.

    On a chip, w is in codes, rounded at random by the same seed.
    """
    random = np.random.RandomState(settings.seed)
    w = (random.random_sample((settings.inputs, settings.N)) + 0.01) * 0.3
    if settings.chip:
        w = np.floor(w / settings.unit + random.random_sample(w.shape))
    return {"w": w, "theta": np.full(settings.N, float(ADAPTIVE_THRESHOLD.namespace["theta_offset"]))}


def normalised(w: np.ndarray, settings: Competition) -> np.ndarray:
    """w (inputs, N), every neuron's weights scaled to sum to norm; on a chip as they are, as the next presentation does
    it."""
    return w if settings.chip else w * (settings.norm / w.sum(axis=0))


def build(settings: Competition, presentations: int, learns: bool = True) -> tuple[Network, TimedArray]:
    """The Brian2 network for `presentations` of images, and the array of images it is shown, to be filled before a run.

    learns : False leaves out all that changes weights and thresholds, which is faster
    """
    pixels = TimedArray(np.zeros((presentations, settings.inputs)), dt=settings.dt * second, name="pixels")
    each = Clock(dt=settings.present * second, name="presentations")
    shown = _presenter(settings, each)
    source = _input(settings, shown, pixels, each)
    exc = _neurons(settings, shown, learns, each)
    objects = [shown, source, exc, *_inhibition(settings, exc), *_counted(exc, shown),
               SpikeMonitor(exc, name="spikes"),
               *(_plastic(settings, source, exc, each) if learns else _fixed(settings, source, exc))]
    return Network(*objects), pixels


def _presenter(settings: Competition, each: Clock) -> NeuronGroup:
    """Which image is shown, how bright, and how many spikes it brought."""
    shown = NeuronGroup(1, SHOWN, name="shown", namespace={
        "fewest": settings.fewest, "brightest": settings.brightest, "intensity_0": settings.intensity})
    shown.run_regularly(SHOW, clock=each, when="start", order=-1, name="shown_run_regularly")
    return shown


def _input(settings: Competition, shown: NeuronGroup, pixels: TimedArray, each: Clock) -> NeuronGroup:
    """Pixels that spike by chance."""
    names = ("image", "last", "intensity", "shown")
    source = NeuronGroup(
        settings.inputs, "p : 1\n" + "\n".join(f"{name} : integer (linked)" for name in names),
        threshold=f"p > 0 and chance(i, {settings.inputs}, shown*{settings.steps} + t_in_timesteps) < p", reset="",
        name="input", namespace={"pixels": pixels, "chance": draws.function(settings.seed), "each": settings.dt
                                 * second, "scale": settings.dt / 8})
    for name in names:
        setattr(source, name, linked_var(shown, name))
    source.run_regularly("p = int(image < last)*intensity*scale*pixels(image*each, i)", clock=each, when="start",
                         name="input_run_regularly")
    return source


def _neurons(settings: Competition, shown: NeuronGroup, learns: bool, each: Clock) -> NeuronGroup:
    """Neurons at rest at the start of each presentation; thresholds move only while there are images."""
    threshold = ADAPTIVE_THRESHOLD
    fixed = {name: value for name, value in threshold.namespace.items() if name != "tau_theta"}
    exc = NeuronGroup(settings.N, EQUATIONS + (threshold.equations + LEARNING if learns else "theta : volt"),
                      threshold=threshold.threshold, reset="v = v_reset\n" + (threshold.reset if learns else ""),
                      refractory=REFRACTORY, method="exponential_euler", name="exc",
                      namespace=CONSTANTS | fixed | {
                          "norm": settings.norm / settings.unit, "rest": settings.rest * second,
                          "tau_theta_0": threshold.namespace["tau_theta"], "forever": FOREVER})
    if learns:
        exc.image, exc.last = linked_var(shown, "image"), linked_var(shown, "last")
    exc.run_regularly(REST + (DECAY if learns else ""), clock=each, when="start", name="exc_run_regularly")
    return exc


def charge(settings: Competition, tau: Any) -> float:
    """What a conductance of 1 is multiplied by so that its sum over steps is its integral, tau."""
    return float(tau / (settings.dt * second) * (1 - exp(-settings.dt * second / tau)))


def _inhibition(settings: Competition, exc: NeuronGroup) -> list[Synapses]:
    rivals = Synapses(exc, exc, on_pre="g_i_post += g", name="rivals", namespace={
        "g": settings.inhibition * charge(settings, CONSTANTS["tau_i"])})
    i, j = np.nonzero(~np.eye(settings.N, dtype=bool))
    rivals.connect(i=i, j=j)
    return [rivals]


def _counted(exc: NeuronGroup, shown: NeuronGroup) -> list[Synapses]:
    counted = Synapses(exc, shown, on_pre="count_post += 1", name="counted", namespace={})
    counted.connect(i=np.arange(len(exc)), j=0)
    return [counted]


def _fixed(settings: Competition, source: NeuronGroup, exc: NeuronGroup) -> list[Any]:
    fixed = Synapses(source, exc, "w : 1", on_pre="g_e_post += w*unit", name="plastic", namespace={
        "unit": settings.unit * charge(settings, CONSTANTS["tau_e"])})
    i, j = (ends.ravel() for ends in np.mgrid[:settings.inputs, :settings.N])
    fixed.connect(i=i, j=j)
    return [fixed]


def _plastic(settings: Competition, source: NeuronGroup, exc: NeuronGroup, each: Clock) -> list[Any]:
    """Synapses that follow the rule, their traces 0 and each neuron's weights scaled at the start of a presentation."""
    unit, integer = settings.unit * charge(settings, CONSTANTS["tau_e"]), settings.integers
    rule = integer.brian2 if integer else settings.plasticity
    plastic = synapses(rule, source, exc, transmit=f"g_e_post += w*{unit!r}", name="plastic")
    for traces in (group for group in plastic.objects if isinstance(group, NeuronGroup)):
        forget = "\n".join(f"{name} = 0" for name in sorted(traces.equations.names - {"r"}))
        traces.run_regularly(forget, clock=each, when="start", name=f"{traces.name}_run_regularly")
    totals = NeuronGroup(settings.N, "total : 1", clock=each, name="totals", namespace={})
    sums = Synapses(source, totals, "total_post = w_now : 1 (summed)", name="sums", namespace={})
    sums.variables.add_reference("w_now", plastic.synapses, "w")
    i, j = (ends.ravel() for ends in np.mgrid[:settings.inputs, :settings.N])  # in the order of the plastic ones
    sums.connect(i=i, j=j)
    exc.total = linked_var(totals, "total")
    factor = "clip(norm/(total + int(total == 0)), 0, 1)" if integer else "norm/total"
    exc.run_regularly(f"factor = {factor}*int(image < last) + int(image >= last)", clock=each, when="thresholds",
                      name="exc_scale")
    scaled = "w = w*factor_post"
    if integer:
        scaled = written(rounded(integer.w, "w*factor_post", 0, integer.words - 1))
    plastic.synapses.run_regularly(scaled, clock=each, when="thresholds", order=1, name="plastic_scale")
    return [*plastic.objects, totals, sums]
