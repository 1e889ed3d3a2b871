"""What a network to be trained is made of."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from numbers import Integral

from dmpnet.equations.decay import BY_NAME
from dmpnet.equations.memory import ACTS
from dmpnet.equations.modes import EMITS
from dmpnet.equations.neurons import PUBLISHED_CODE, Neuron
from dmpnet.errors import DmpnetError, one_of

MOST, LONGEST = 2**28, 10_000
"""Weights of a matrix, and dimensions of a slow memory, whose Abar is a square of them: more is a slip of the hand."""


@dataclass(frozen=True)
class Pathway:
    """What is fixed of a layer's slow memory.

    blocks : ((d_1, theta_1), ...), one for a plain memory;  feed, d_s, acts : as in SlowMemory
    """

    blocks: tuple[tuple[int, float], ...]
    feed: str = "parallel"
    d_s: int = 1
    acts: str = "current"

    @property
    def d(self) -> int:
        return sum(d for d, _ in self.blocks)

    def coarser(self, steps: int) -> "Pathway":
        """The pathway where `steps` steps are one."""
        return replace(self, blocks=tuple((d, theta / steps) for d, theta in self.blocks))


@dataclass(frozen=True)
class Architecture:
    """Shape of a network to train.

    kind : 'fsnn', 'rsnn', 'dsnn' or 'dmp'
    sizes : (M, N_1, ..., N_L, C)
    d, theta : slow memory (kind 'dmp'), theta one number or one a layer
    blocks, feed : in place of d and theta, a hierarchy of memories in every layer (memory.hierarchy)
    d_s, acts : dilation, and how the memory acts (dmpnet.equations.neurons)
    delay_max : axonal delays of the hidden neurons, learned, of up to so many steps; 0 for none
    delay_input : the input channels have such delays too
    learn_decay : beta of each layer is learned from neuron.beta on, with g = 1 - beta, or lam or c from
        the neuron's on
    each_decay : so that every neuron has a beta of its own, all from neuron.beta on
    kappa : None for a class a sample; else a class at every step, see TrainedNetwork
    adaptive : neurons adapt (dmpnet.equations.adaptation), with constants of their own, learned
    modes : of each neuron (dmpnet.equations.modes), learned, kind 'fsnn'; 0 for leaky membranes
    emits : what neurons with modes emit;  mode_dt : from where to where their time steps start
    dropout : fraction of each hidden layer's spikes dropped in training, last layer excepted
    std : width of the truncated normal all weights start from (published: 0.02, SHD 0.01); 0 starts them so that
        at INPUT_RATE each drive moves the membrane by about half a threshold (two, of neurons that adapt; of modes, a
        drive of variance 1) and no memory starts shut (ours)
    """

    kind: str
    sizes: tuple[int, ...]
    d: int = 0
    theta: float | tuple[float, ...] = 0.0
    blocks: tuple[tuple[int, float], ...] = ()
    feed: str = "parallel"
    d_s: int = 1
    acts: str = "current"
    delay_max: int = 0
    delay_input: bool = False
    learn_decay: bool = False
    each_decay: bool = False
    kappa: float | None = None
    adaptive: bool = False
    modes: int = 0
    emits: str = "reset"
    mode_dt: tuple[float, float] = (0.01, 0.5)
    dropout: float = 0.0
    std: float = 0.0
    neuron: Neuron = field(default=PUBLISHED_CODE)

    def __post_init__(self):
        if self.kind not in ("fsnn", "rsnn", "dsnn", "dmp"):
            raise DmpnetError(one_of("architecture: kind", self.kind, ("fsnn", "rsnn", "dsnn", "dmp")))
        if len(self.sizes) < 3 or any(not isinstance(size, Integral) or size < 1 for size in self.sizes):
            raise DmpnetError(f"architecture: sizes = {self.sizes}, but they count channels, neurons of each hidden "
                              f"layer and classes; set three whole numbers >= 1, or more")
        d = (sum(d for d, _ in self.blocks) or self.d) if self.kind == "dmp" else 0
        largest = max(n * max(m, n if self.kind == "rsnn" else d) for m, n in pairwise(self.sizes))
        if largest > MOST:
            raise DmpnetError(f"architecture: sizes = {self.sizes}, but that is a matrix of {largest:.2g} weights; "
                              f"train fewer neurons, for at most {MOST:.2g}")
        if self.std < 0:
            raise DmpnetError(f"architecture: std = {self.std}, but it is a width; set std >= 0")
        if self.kind == "dsnn" and self.delay_max < 1:
            raise DmpnetError(f"architecture: delay_max = {self.delay_max}, but a dsnn has axonal delays; set "
                              f"delay_max >= 1")
        if self.delay_max < 0:
            raise DmpnetError(f"architecture: delay_max = {self.delay_max}, but a delay counts steps; set it >= 0")
        if self.acts not in ACTS:
            raise DmpnetError(one_of("architecture: acts", self.acts, ACTS))
        if self.learn_decay and BY_NAME[self.neuron.decay].by_constant is None:
            raise DmpnetError(f"architecture: learn_decay with decay = {self.neuron.decay!r}, but its constant has no "
                              f"gradient (a shift is a whole number of bits); choose its value, or another decay")
        if self.each_decay and not (self.learn_decay and self.neuron.decay == "exponential"):
            raise DmpnetError(f"architecture: each_decay with learn_decay = {self.learn_decay} and decay = "
                              f"{self.neuron.decay!r}, but it is beta that is learned of every neuron; set "
                              f"learn_decay, and exponential decay")
        if isinstance(self.theta, tuple) and len(self.theta) != len(self.sizes) - 2:
            raise DmpnetError(f"architecture: theta = {self.theta}, but there are {len(self.sizes) - 2} hidden layers; "
                              f"give one number, or one a layer")

        self._check_modes()

    def _check_modes(self) -> None:
        if self.modes < 0:
            raise DmpnetError(f"architecture: modes = {self.modes}, but it counts modes of a neuron; set modes >= 0")
        if self.emits not in EMITS:
            raise DmpnetError(one_of("architecture: emits", self.emits, EMITS))
        if not 0 < self.mode_dt[0] <= self.mode_dt[1] < float("inf"):
            raise DmpnetError(f"architecture: mode_dt = {self.mode_dt}, but time steps are positive, the shortest "
                              f"first; set two such numbers")
        others = {"kind": self.kind != "fsnn", "adaptive": self.adaptive, "delay_max": self.delay_max > 0,
                  "learn_decay": self.learn_decay, "floor": self.neuron.floor is not None}
        for name in [name for name, there in others.items() if self.modes and there]:
            found = getattr(self, name, self.neuron.floor)
            raise DmpnetError(f"architecture: modes = {self.modes} with {name} = {found!r}, but modes stand in place "
                              f"of a membrane and hear W_f s_in alone; set modes = 0, or take a plain fsnn")

    def pathway(self, number: int) -> Pathway | None:
        """Slow memory of hidden layer `number`, from 0."""
        if self.kind != "dmp":
            return None
        theta = self.theta[number] if isinstance(self.theta, tuple) else self.theta
        blocks = self.blocks or ((self.d, theta),)
        for d, theta in blocks:
            if not 1 <= d <= LONGEST:
                raise DmpnetError(f"architecture: d = {d}, but it counts dimensions of a slow memory; set 1 to "
                                  f"{LONGEST}")
            if not 1 <= theta < float("inf"):
                raise DmpnetError(f"architecture: theta = {theta} steps, but a window lasts a step at least; set theta "
                                  f">= 1")
        return Pathway(blocks, self.feed, self.d_s, self.acts)
