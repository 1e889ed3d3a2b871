"""How a network is trained: one record, stored with the weights it led to."""

from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from typing import Any

from dmpnet.data import DATASETS
from dmpnet.disk import headers
from dmpnet.disk.files import digest_of_settings
from dmpnet.equations.decay import slope_at_threshold
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError, one_of
from dmpnet.trained.network import TrainedNetwork
from dmpnet.training import effects
from dmpnet.training.architecture import Architecture

SHAPES = {name: ((found.channels, *found.hidden, found.classes), found.d, found.theta)
          for name, found in DATASETS.items()}
"""Units, d and theta of DMP II on each data set, unless told."""

FORMERLY = {"learn_beta": "learn_decay"}
"""Settings that older records call otherwise."""


CHOICES = {"dataset": tuple(SHAPES), "schedule": ("constant", "step", "cosine"),
           "gradients": ("float32", "bfloat16"), "optimiser": ("adam", "muon")}
"""Settings of a recipe that are one of a few words."""

POSITIVE = ("batch", "epochs", "lr", "d_s")
NOT_NEGATIVE = ("std", "weight_decay", "rate_weight", "rate_target", "rate_ramp", "rank_weight", "clip",
                "recurrent_norm", "coarse_counts", "plain_epochs", "average", "shift_channels", "shift_steps",
                "shift_pixels")
FRACTIONS = ("dropout", "validation", "stretch", "drop_events", "kappa")
MOST = 10**10
"""No number of a recipe is larger: seeds are not, and the rest would end in an overflow."""


@dataclass(frozen=True)
class Recipe:
    """Data, network and optimisation of one training run.

    kind to std : of the Architecture, where they are explained; beta (and
        g = 1 - beta), reset, decay, lam, shift, c, floor are those of every layer at the start
        (dmpnet.equations.neurons)
    optimiser : 'adam' (AdamW when weight_decay > 0), or 'muon' for the matrices W_f, W_r, W_m of hidden layers: their
        momentum made orthogonal (Jordan et al. 2024), and Adam for the rest
    lr : peak learning rate
    clip : largest norm of the gradient of all weights together, 0 for no limit; with a limit, a batch whose gradient
        is beyond what float32 holds is left out
    recurrent_norm : largest spectral norm of W_r, 0 for no limit. A step of the membranes, decay beta, multiplies a
        gradient by at most beta + g recurrent_norm (the surrogate is at most 1), so that of 1 it never explodes
    schedule : 'constant', 'step' (halved every 50 epochs) or 'cosine' (one warm-up epoch, then down to 1 % of lr)
    coarse, coarse_epochs : for the first coarse_epochs, `coarse` steps are one: input averaged over them, windows and
        membranes faster by as much, an epoch as much cheaper. The best epoch is one at full length
    coarse_counts : a coarse epoch is so much of a full one in the schedule; 0 for what it costs, 1 / coarse. With more
        the rate falls further in epochs that cost little
    rate_weight, rate_target : activity regulariser, rate_weight * sum over layers of max(mean rate - rate_target, 0)
    rate_ramp : epochs over which rate_weight grows from 0, so that the network learns before it falls quiet; the
        best epoch is one after them
    rank_weight : regulariser, rank_weight * sum over layers of effective rank of m / d (participation ratio, see
        model.effective_rank); slow, layers then run step by step
    shift_channels, shift_steps, stretch : augmentation, each sample moved by up to so many channels and steps, and
        played up to this fraction faster or slower
    shift_pixels : augmentation, each image moved by up to so many pixels both ways (data with a grid: nmnist)
    drop_events : augmentation, up to this fraction of each sample's values set to 0
    plain_epochs : so many last epochs see samples as they are, without augmentation
    average : the network kept is the mean of the weights at the ends of so many last epochs, judged on the validation
        part once; 0 for that of the best epoch
    delay_sigma : width in steps over which delays learn at first, falling to 0.5
    validation : fraction of the training set held out to choose the epoch
    by : 'class' or 'speaker', what `validation_split` holds out
    gradients : 'float32' or 'bfloat16', arithmetic of the matrix products in the backward pass; bfloat16 only where
        it is faster on this processor, which is measured when the run begins
    """

    dataset: str
    kind: str = "dmp"
    sizes: tuple[int, ...] = ()
    d: int = 0
    theta: float | tuple[float, ...] = 0.0
    blocks: tuple[tuple[int, float], ...] = ()
    feed: str = "parallel"
    d_s: int = 1
    acts: str = "current"
    beta: float = 0.5
    decay: str = "exponential"
    lam: float = 0.0
    shift: int = 1
    c: float | None = None
    floor: float | None = None
    learn_decay: bool = False
    each_decay: bool = False
    delay_max: int = 0
    delay_input: bool = False
    delay_sigma: float = 3.0
    kappa: float | None = None
    adaptive: bool = False
    modes: int = 0
    emits: str = "reset"
    mode_dt: tuple[float, float] = (0.01, 0.5)
    reset: str = "hard"
    dropout: float = 0.0
    std: float = 0.0
    optimiser: str = "adam"
    lr: float = 1e-3
    clip: float = 0.0
    recurrent_norm: float = 0.0
    schedule: str = "cosine"
    weight_decay: float = 0.0
    batch: int = 128
    epochs: int = 50
    coarse: int = 1
    coarse_epochs: int = 0
    coarse_counts: float = 0.0
    rate_weight: float = 0.0
    rate_target: float = 0.02
    rate_ramp: int = 0
    rank_weight: float = 0.0
    shift_channels: int = 0
    shift_steps: int = 0
    shift_pixels: int = 0
    stretch: float = 0.0
    drop_events: float = 0.0
    plain_epochs: int = 0
    average: int = 0
    validation: float = 0.1
    by: str = "class"
    gradients: str = "float32"
    seed: int = 0

    def __post_init__(self):
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise DmpnetError(one_of(f"recipe: {name}", getattr(self, name), known))
        self._check_numbers()
        if self.rate_ramp >= self.epochs:
            raise DmpnetError(f"recipe: rate_ramp = {self.rate_ramp}, but the best epoch is one after the ramp and "
                              f"there are {self.epochs}; set rate_ramp < epochs")
        if self.rank_weight and self.kind != "dmp":
            raise DmpnetError(f"recipe: rank_weight = {self.rank_weight}, but a network of kind {self.kind!r} has no "
                              f"slow memory; set rank_weight = 0, or kind = 'dmp'")
        self._check_coarse()
        late = self.epochs - max(self.rate_ramp, self.coarse_epochs)
        if self.average > late:
            raise DmpnetError(f"recipe: average = {self.average}, but the weights are those of epochs after the ramp "
                              f"and at full length, {late} here; lower it")

    def _check_numbers(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, Real) and not abs(value) <= MOST:
                raise DmpnetError(f"recipe: {name} = {value}, but a setting is a number, at most {MOST:g}; set one")
        for name in POSITIVE:
            if not getattr(self, name) > 0:
                raise DmpnetError(f"recipe: {name} = {getattr(self, name)}, but it must be positive; set {name} > 0")
        for name in NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise DmpnetError(f"recipe: {name} = {getattr(self, name)}, but it is a width, a weight or a limit; "
                                  f"set {name} >= 0")
        for name in FRACTIONS:
            if getattr(self, name) is not None and not 0 <= getattr(self, name) < 1:
                raise DmpnetError(f"recipe: {name} = {getattr(self, name)}, but it is a fraction; set 0 <= {name} < 1")
        if not 0.5 <= self.delay_sigma <= 1000:
            raise DmpnetError(f"recipe: delay_sigma = {self.delay_sigma}, but it is some steps and falls to 0.5; set "
                              f"0.5 to 1000")

    def _check_coarse(self) -> None:
        if self.coarse < 1 or not 0 <= self.coarse_epochs < self.epochs:
            raise DmpnetError(f"recipe: coarse = {self.coarse} for {self.coarse_epochs} of {self.epochs} epochs, but "
                              f"the last must see every step; set coarse >= 1 and 0 <= coarse_epochs < epochs")
        if self.coarse_epochs and self.modes and self.emits == "reset":
            raise DmpnetError("recipe: coarse_epochs with modes that are reset, which count single steps; set "
                              "coarse_epochs = 0")
        if self.coarse_epochs and (self.delay_max or self.d_s > 1 or self.decay not in ("exponential", "linear")
                                   or self.adaptive or self.kappa is not None):
            raise DmpnetError("recipe: coarse_epochs with delays, dilation, adaptation, decay by a shift or a class at "
                              "every step, which count single steps; set coarse_epochs = 0")

    @property
    def depends_on_epochs(self) -> bool:
        """Whether the number of epochs decides what happens in the first, so that a run cannot be made longer."""
        return self.schedule == "cosine" or max(self.plain_epochs, self.delay_max, self.average) > 0

    def passed(self, epoch: float) -> float:
        """Where the schedule is at a point in training, in epochs at full length."""
        return (min(epoch, self.coarse_epochs) * (self.coarse_counts or 1 / self.coarse)
                + max(epoch - self.coarse_epochs, 0))

    @property
    def architecture(self) -> Architecture:
        slow = ("d", "theta", "blocks", "feed", "d_s", "acts") if self.kind == "dmp" else ()
        names = (*slow, "delay_max", "delay_input", "learn_decay", "each_decay", "kappa", "adaptive", "modes", "emits",
                 "mode_dt", "dropout", "std")
        shared = {name: getattr(self, name) for name in names}
        neuron = Neuron(self.beta, 1 - self.beta, reset=self.reset, decay=self.decay, lam=self.lam, shift=self.shift,
                        c=self.c, floor=self.floor)
        return Architecture(self.kind, self.sizes, neuron=neuron, **shared)

    def onward(self, epochs: int, lr: float, **changes: Any) -> "Recipe":
        """The recipe of a run that goes on from the network this one led to, without what belongs to a beginning."""
        return replace(self, epochs=epochs, lr=lr, schedule="cosine", rate_ramp=0, coarse_epochs=0,
                       plain_epochs=0, average=0, **changes)

    def record(self) -> dict:
        return asdict(self)

    def digest(self, begun: bool = False) -> str:
        """Name of all settings but the seed; those at their default are left out, so that later ones change nothing.

        begun : of a run that goes on from another network, whose membranes say where lam starts
        """
        default = {field.name: field.default for field in fields(self)}
        return digest_of_settings({key: value for key, value in self.record().items()
                              if value != default[key] and key not in ("seed", *["lam"] * begun)})

    @classmethod
    def of(cls, record: dict) -> "Recipe":
        """The recipe that a trained network's provenance holds; settings that no longer exist are left out."""
        known = {field.name for field in fields(cls)}
        record = {FORMERLY.get(name, name): value for name, value in record.items()}
        return headers.record(cls, {name: value for name, value in record.items() if name in known}, "recipe")

    @classmethod
    def that_led_to(cls, network: TrainedNetwork) -> "Recipe":
        """How `network` was trained; DmpnetError if its file does not say."""
        arguments = network.provenance.get("arguments")
        if not isinstance(arguments, dict) or "dataset" not in arguments:
            raise DmpnetError("network: its file does not say how it was trained, so that its validation part is not "
                              "known; train one with dmpnet train")
        return cls.of(arguments)


def published(dataset: str, kind: str = "dmp", **changes) -> Recipe:
    """The recipe of the authors' code for DMP II, FSNN or RSNN, with our validation split; `changes` override it.

    Where there is none, as for DSNN and for data the paper did not use, it is ours. With linear decay lam is, unless
    given, what beta leaks at threshold (equations.decay.slope_at_threshold). DmpnetError if a change has no effect
    (training.effects).
    """
    if dataset not in SHAPES:
        Recipe(dataset)
    sizes, d, theta = SHAPES[dataset]
    recipe = Recipe(dataset, kind, sizes, d, theta, lr=1e-3, schedule="constant", std=0.02)
    if dataset == "qtdb":
        recipe = replace(recipe, kappa=0.9)
    if kind == "dsnn":
        recipe = replace(recipe, delay_max=30)
    if dataset == "psmnist":
        recipe = replace(recipe, lr=5e-3)
    if dataset.startswith("shd"):
        recipe = replace(recipe, lr=5e-3, weight_decay=0.1, schedule="step", epochs=100, dropout=0.2, std=0.01)
    recipe = replace(recipe, **changes)
    effects.check(recipe, [name for name in changes if name not in effects.CARRIED])
    if recipe.decay == "linear" and "lam" not in changes:
        recipe = replace(recipe, lam=slope_at_threshold(recipe.beta))
    return recipe
