"""Does it fit the chip? One layer a core, the readout in the last layer's; every limit is one function here.

A bank of memory holds words (dmpnet.hardware.chip.Words), their bits summed up and rounded up to bytes:

    weights   W_f (N M), W_r (N N), w_x (M), a bias a neuron and b_x; in the last core W_o (C N) and b_o (C)
    slow      P (N D), nu (N) where the chip breaks the dependency, Abar (D D), Bbar (D)
    state     u (N), m (D), x

and in a core that learns (dmpnet.hardware.plastic_rules), of every array under learning

    weights   w, of every synapse, in place of W_f or W_r
    traces    those of inputs and neurons, eligibilities of synapses, a third factor, tables of w
    random    a 16-bit shift register an input and a neuron, where it draws

D is d in whole blocks of slots: all slots are there, used or not. Without slow memory there are no w_x, b_x, x and D
is 0. b_m is added to b_f. Thresholds are held once a layer, or, where neurons have their own, with the weights as u.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.words import WIDEST
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.hardware.chip import Chip, dimensions, learning
from dmpnet.results import terminal
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

if TYPE_CHECKING:  # it imports Brian2, which takes a second
    from dmpnet.plasticity.integer_rule import IntegerRule


@dataclass(frozen=True)
class Core:
    """What one core is to hold: layer `number` from 1, of N neurons on M inputs with d dimensions of slow memory.

    D : d in whole blocks of slots, zero padded;  C : classes of the readout, 0 but in the last core
    blocks : whether d may be computed in several blocks;  recurrent : whether it has W_r
    rows : whether every neuron has a threshold of its own;  delay : longest axonal delay in steps
    spikes : most input spikes in a step; None if nobody counted, or the input is analog
    learns : rules of the arrays that learn, W_f or W_r
    """

    number: int
    N: int
    M: int
    d: int
    D: int
    C: int
    neuron: Neuron
    acts: str
    delay: int
    blocks: bool
    recurrent: bool
    rows: bool
    spikes: int | None
    learns: "Mapping[str, IntegerRule]" = field(default_factory=dict)

    def inputs(self, array: str) -> int:
        """Inputs of W_f or W_r."""
        return self.N if array == "W_r" else self.M


@dataclass(frozen=True)
class Need:
    """What a layer (None: the network) uses of something the chip limits, and a way out if that is too much.

    rule : name of the limit;  available : the most there may be, or the kinds there are
    """

    rule: str
    layer: int | None
    what: str
    used: int | str
    available: int | tuple[str, ...]
    way_out: str

    @property
    def over(self) -> int:
        """How many too many; 1 for a kind the chip does not have."""
        if isinstance(self.available, tuple):
            return int(self.used not in self.available)
        return max(int(self.used) - self.available, 0)

    def __str__(self) -> str:
        where = "network" if self.layer is None else f"layer {self.layer}"
        if isinstance(self.available, tuple):
            return f"{where}: {self.what} {self.used}, but a core has {', '.join(self.available)}; {self.way_out}"
        return f"{where}: {self.used} {self.what}, but {self.available} fit, {self.over} too many; {self.way_out}"


# what the banks hold: how many numbers of each word

LEARNS = "w of "  # of an array that learns, whose rule says how many bits

Held = dict[str, int]


def held_weights(core: Core, chip: Chip) -> Held:
    """Of inputs, recurrence, readout and biases; u for thresholds of their own."""
    slow = core.D > 0
    return {"W_f": core.N * core.M * ("W_f" not in core.learns),
            "W_r": core.N**2 * (core.recurrent and "W_r" not in core.learns),
            **{f"{LEARNS}{array}": core.N * core.inputs(array) for array in core.learns}, "w_x": core.M * slow,
            "W_o": core.C * core.N, "b": core.N + slow + core.C, "u": core.N * core.rows}


def held_slow(core: Core, chip: Chip) -> Held:
    """Of the slow memory."""
    return {"P": core.N * core.D, "nu": core.N * (core.D > 0 and chip.datapath.dependency_breaking),
            "Abar": core.D**2, "Bbar": core.D}


def held_state(core: Core, chip: Chip) -> Held:
    """Kept from step to step."""
    return {"u": core.N, "m": core.D, "x": int(core.D > 0)}


def held_traces(core: Core, chip: Chip) -> Held:
    """What learning remembers of spikes, reward and the shape of a step."""
    held = {"trace": 0, "eligibility": 0, "third": 0, "amplitude": 0}
    for array, rule in core.learns.items():
        held["trace"] += len(rule.pre) * core.inputs(array) + len(rule.post) * core.N
        held["eligibility"] += core.N * core.inputs(array) * (rule.eligibility is not None)
        held["third"] += rule.third is not None
        held["amplitude"] += rule.table
    return held


def held_random(core: Core, chip: Chip) -> Held:
    """Shift registers."""
    return {"register": sum((core.inputs(array) + core.N) * (rule.words > 0) for array, rule in core.learns.items())}


@dataclass(frozen=True)
class Bank:
    """A bank of a core: what it holds, and which of its words may get fewer bits."""

    name: str
    held: Callable[[Core, Chip], Held]
    shrinking: tuple[str, ...]

    def size(self, core: Core, chip: Chip, most: int = WIDEST) -> int:
        """Bytes used, with at most `most` bits for the words that may get fewer."""
        bits = sum(count * (min(most, _bits(core, chip, word)) if word in self.shrinking else _bits(core, chip, word))
                   for word, count in self.held(core, chip).items() if count)
        return -(-bits // 8)

    @property
    def part(self) -> str:
        """The part of the chip's description that says how large it is."""
        return "plasticity" if self in LEARNING_BANKS else "memory"

    def need(self, core: Core, chip: Chip) -> Need:
        used, available = self.size(core, chip), getattr(getattr(chip, self.part), self.name)
        return Need(f"{self.name} bank", core.number, f"bytes in the {self.name} bank", used, available,
                    self._way_out(core, chip, available) if used > available else "")

    def _way_out(self, core: Core, chip: Chip, available: int) -> str:
        """The most neurons, dimensions and bits with which it fits, each changed alone."""
        slots, held = chip.limits.slots, self.held(core, chip)
        words = [word for word in self.shrinking if held.get(word)]
        neurons = bisect_right(range(1, core.N), available, key=lambda N: self.size(replace(core, N=N), chip))
        d = slots * bisect_right(range(slots, core.D, slots), available,
                                 key=lambda D: self.size(replace(core, D=D), chip))
        bits = bisect_right(range(1, max((_bits(core, chip, word) for word in words), default=1)), available,
                            key=lambda most: self.size(core, chip, most))
        ways = [f"train with at most {neurons} neurons"] if neurons else []
        ways += [f"train with d at most {d}"] if d else []
        ways += [f"give {', '.join(words)} at most {bits} bits"] if bits > 1 else []  # of one bit, the sign is left
        return ", or ".join([*ways, f"take a chip with {self.part}.{self.name} = {self.size(core, chip)}"])


def _bits(core: Core, chip: Chip, name: str) -> int:
    if name.startswith(LEARNS):
        return core.learns[name.removeprefix(LEARNS)].w.bits
    if name == "register":
        return lfsr.BITS
    return getattr(chip.words if hasattr(chip.words, name) else chip.plasticity, name).bits


BANKS = (Bank("weights", held_weights, ("W_f", "W_r", f"{LEARNS}W_f", f"{LEARNS}W_r", "w_x", "W_o")),
         Bank("slow", held_slow, ("P", "nu", "Abar", "Bbar")),
         Bank("state", held_state, ("u", "m", "x")))
LEARNING_BANKS = (Bank("traces", held_traces, ("trace", "eligibility")), Bank("random", held_random, ()))


# the limits


def neurons(core: Core, chip: Chip) -> Need:
    """N neurons a core."""
    most = chip.limits.neurons
    return Need("neurons", core.number, "neurons", core.N, most,
                f"train with at most {most}, or take a chip with limits.neurons = {core.N}")


def slots(core: Core, chip: Chip) -> Need:
    """d within the slots; computed in blocks of them, any d."""
    most = chip.limits.slots
    return Need("slots", core.number, "dimensions of slow memory", core.d, core.D if core.blocks and core.d else most,
                f"train with d at most {most}, or compute it in {core.D // most} blocks of {most} (--blocks)")


def fan_in(core: Core, chip: Chip) -> Need:
    """M inputs, with W_r the layer's own N neurons too."""
    most, used = chip.limits.fan_in, core.M + core.N * core.recurrent
    own = f" ({core.N} of them its own neurons)" if core.recurrent else ""
    return Need("fan-in", core.number, f"inputs{own}", used, most,
                f"train with at most {most}, or take a chip with limits.fan_in = {used}")


def spikes(core: Core, chip: Chip) -> Need | None:
    """Input spikes in the busiest step; None where they are not known."""
    if core.spikes is None:
        return None
    most = chip.limits.spikes
    return Need("input spikes", core.number, "input spikes in a step", core.spikes, most,
                f"train for sparser activity or with shorter steps, or take a chip with limits.spikes = {core.spikes}")


def decay(core: Core, chip: Chip) -> Need:
    """Kind of leak."""
    kinds = chip.datapath.decay
    return Need("decay", core.number, "decay", core.neuron.decay, kinds,
                f"train with {' or '.join(kinds)} decay, or swap it in the trained network (dmpnet.trained.swap)")


def reset(core: Core, chip: Chip) -> Need:
    """Kind of reset."""
    kinds = chip.datapath.resets
    return Need("reset", core.number, "reset", core.neuron.reset, kinds, f"train with {' or '.join(kinds)} reset")


def acts(core: Core, chip: Chip) -> Need:
    """A core adds what the slow memory says to the current; no chip here does anything else."""
    return Need("acts", core.number, "slow memory acting on the", core.acts, ("current",),
                "train with acts = 'current'")


def delays(core: Core, chip: Chip) -> Need:
    """No chip here has axonal delays."""
    return Need("delays", core.number, "steps of axonal delay", core.delay, 0, "train without delays")


def weights_bank(core: Core, chip: Chip) -> Need:
    """Bytes of W_f, W_r, w_x, W_o and biases."""
    return BANKS[0].need(core, chip)


def slow_bank(core: Core, chip: Chip) -> Need:
    """Bytes of P, nu, Abar and Bbar."""
    return BANKS[1].need(core, chip)


def state_bank(core: Core, chip: Chip) -> Need:
    """Bytes of u, m and x."""
    return BANKS[2].need(core, chip)


def traces_bank(core: Core, chip: Chip) -> Need:
    """Bytes of traces, eligibilities, third factors and tables."""
    return LEARNING_BANKS[0].need(core, chip)


def random_bank(core: Core, chip: Chip) -> Need:
    """Bytes of shift registers."""
    return LEARNING_BANKS[1].need(core, chip)


RULES = (neurons, slots, fan_in, spikes, decay, reset, acts, delays, weights_bank, slow_bank, state_bank)
LEARNING = (traces_bank, random_bank)
"""Limits of cores that learn, beside RULES."""
ARRAY = (neurons, fan_in, weights_bank, *LEARNING)
"""Limits of an array that learns by itself."""


def cores(network: TrainedNetwork, chip: Chip) -> Need:
    """One layer a core."""
    most, used = chip.limits.cores, len(network.layers)
    return Need("cores", None, "layers", used, most,
                f"train with at most {most}, or take a chip with limits.cores = {used}")


# all of them

ALONE = "Each way out is enough for its limit by itself, all else unchanged; every limit needs one."


@dataclass(frozen=True)
class Report:
    """Everything a network needs of a chip, limit by limit; notes: what the user should know beside."""

    network: str
    chip: str
    needs: tuple[Need, ...]
    notes: tuple[str, ...]

    @property
    def banks(self) -> list[Need]:
        """Bytes of every bank."""
        return [need for need in self.needs if need.rule.endswith(" bank")]

    @property
    def violations(self) -> list[Need]:
        return [need for need in self.needs if need.over]

    @property
    def ok(self) -> bool:
        return not self.violations

    @property
    def remedies(self) -> str:
        """What is too much, a line each, with ways out; '' if all fits."""
        return "\n".join([*map(str, self.violations), ALONE] if self.violations else [])

    def table(self) -> str:
        """A line a layer and limit."""
        return terminal.table(map(_line, self.needs), disable_numparse=True,
                        colalign=("right", "left", "right", "right", "right", "left"))

    def record(self) -> dict[str, Any]:
        """The same for JSON; ways out only where one is needed."""
        return {"network": self.network, "chip": self.chip, "fits": self.ok,
                "needs": [_record(need) for need in self.needs],
                "violations": [_record(need) | {"way_out": need.way_out} for need in self.violations],
                "notes": list(self.notes)}

    def check(self) -> None:
        """Raise DmpnetError with all that is too much, if anything is."""
        if not self.ok:
            raise DmpnetError(f"{self.network} does not fit chip {self.chip}, {len(self.violations)} of "
                              f"{len(self.needs)} limits broken: " + "; ".join(
                                  f"({number}) {need}" for number, need in enumerate(self.violations, 1)))


def _record(need: Need) -> dict[str, Any]:
    available = list(need.available) if isinstance(need.available, tuple) else need.available
    return {"layer": need.layer, "rule": need.rule, "used": need.used, "available": available, "over": need.over}


def _line(need: Need) -> dict[str, str]:
    line = {"layer": "all" if need.layer is None else str(need.layer),
            "limit": f"{need.rule} (bytes)" if need.rule.endswith(" bank") else need.rule}
    if isinstance(need.available, tuple):
        line |= {"used": str(need.used), "available": ", ".join(need.available), "%": "-"}
        return line | {"": "not there" if need.over else ""}
    percent = f"{100 * int(need.used) / need.available:.1f}" if need.available else "-"
    line |= {"used": f"{need.used:,}", "available": f"{need.available:,}", "%": percent}
    return line | {"": f"{need.over:,} too many" if need.over else ""}


def fit(network: TrainedNetwork, chip: Chip, busiest: Sequence[int] | None = None, blocks: bool = False,
        learns: "Mapping[str, IntegerRule] | None" = None) -> Report:
    """What `network` needs of `chip`, and whether it is all there.

    busiest : per layer, most input spikes in a step of calibration data, with W_r the layer's own too; None: not known
    blocks : whether slow memories larger than the slots are computed in blocks of them, zero padded
    learns : integer rules of the weights that learn on the chip, by name: {'W_f_1': rule}
    """
    learns = learns or {}
    _check_learns(network, chip, learns)
    if busiest is not None and (len(busiest) != len(network.layers) or min(busiest) < 0):
        raise DmpnetError(f"busiest = {list(busiest)}, but it counts input spikes in each of {len(network.layers)} "
                          f"layers; give as many numbers >= 0")
    placed = [replace(_core(network, number, chip, busiest, blocks), learns={
        name[:3]: rule for name, rule in learns.items() if name[4:] == str(number)})
        for number in range(1, len(network.layers) + 1)]
    needs = [cores(network, chip), *(need for core in placed for rule in RULES + LEARNING * bool(core.learns)
                                     if (need := rule(core, chip)))]
    return Report(f"{network.kind} {network.shape}", chip.name, tuple(needs), tuple(_notes(network, chip, placed)))


def _check_learns(network: TrainedNetwork, chip: Chip, learns: "Mapping[str, IntegerRule]") -> None:
    """Raise DmpnetError unless the network has all of these weights, and the chip learns."""
    there = [f"{array}_{number}" for number, layer in enumerate(network.layers, 1)
             for array in ("W_f", "W_r") if array == "W_f" or layer.W_r is not None]
    for name in learns:
        if name not in there:
            raise DmpnetError(f"learns: {name!r}, but the weights of this network that can are {', '.join(there)}; "
                              f"choose some")
    if learns:
        _check_plastic(chip)


def _check_plastic(chip: Chip) -> None:
    if chip.plasticity is None:
        raise DmpnetError(f"chip {chip.name} does not learn, it has no room for traces; take one that does "
                          f"({', '.join(learning())}), or describe its [plasticity]")


def fit_array(rule: "IntegerRule", chip: Chip, sources: int, targets: int) -> Report:
    """What `targets` neurons on `sources` inputs need of `chip`, all of their synapses learning by `rule`.

    A bias or threshold a neuron is counted with the weights.
    """
    _check_plastic(chip)
    for name, count in (("sources", sources), ("targets", targets)):
        if count < 1:
            raise DmpnetError(f"{rule.name}: {name} = {count}, but it counts neurons; set {name} >= 1")
    core = Core(1, targets, sources, 0, 0, 0, Neuron(), "current", 0, False, False, False, None, {"W_f": rule})
    needs = [need for limit in ARRAY if (need := limit(core, chip))]
    return Report(f"{rule.rule.name} {sources}-{targets}", chip.name, tuple(needs), rule.notes)


def _core(network: TrainedNetwork, number: int, chip: Chip, busiest: Sequence[int] | None, blocks: bool) -> Core:
    layer = network.layers[number - 1]
    return Core(
        number, layer.N, layer.M, layer.d, dimensions(layer.d, chip),
        network.classes if number == len(network.layers) else 0, layer.neuron, layer.acts,
        0 if layer.delay is None else int(layer.delay.max(initial=0)), blocks, layer.W_r is not None, _rows(layer),
        None if busiest is None or _analog(network, number) else int(busiest[number - 1]))


def _rows(layer: Layer) -> bool:
    return layer.fixed is not None and len(set(layer.fixed.theta_u.tolist())) > 1


def _analog(network: TrainedNetwork, number: int) -> bool:
    return number == 1 and network.encoding.kind == "analog"


def _notes(network: TrainedNetwork, chip: Chip, placed: list[Core]) -> list[str]:
    notes = []
    for core in placed:
        if _analog(network, core.number):
            notes.append(f"layer {core.number}: its input is analog, so the limit on input spikes does not hold there")
        elif core.spikes is None:
            notes.append(f"layer {core.number}: input spikes in a step are not known, so nothing was checked against "
                         f"the {chip.limits.spikes} that fit; give calibration data")
        if core.blocks and core.d > chip.limits.slots:
            notes.append(f"layer {core.number}: d {core.d} is computed in {core.D // chip.limits.slots} blocks of "
                         f"{chip.limits.slots}, zero padded to {core.D}")
        elif core.d < core.D == chip.limits.slots:
            notes.append(f"layer {core.number}: d {core.d} is zero padded to {core.D}")
        if core.rows:
            notes.append(f"layer {core.number}: every neuron has a threshold of its own, counted with the weights")
    return notes
