"""Does it fit the chip? One layer a core, the readout in the last layer's; every limit is one function here.

A bank of memory holds words (dmpnet.hardware.chip.Words), their bits summed up and rounded up to bytes:

    weights   W_f (N M), W_r (N N), w_x (M), a bias a neuron and b_x; in the last core W_o (C N) and b_o (C)
    slow      P (N D), nu (N) where the chip breaks the dependency, Abar (D D), Bbar (D)
    state     u (N), m (D), x

and in a core that learns (dmpnet.hardware.plastic_rules), of every array under learning

    weights   w, of every synapse, in place of W_f or W_r
    traces    those of inputs and neurons, eligibilities of synapses, a third factor, tables of w
    random    a 16-bit shift register an input and a neuron, where it draws

Of a graph a layer is a population (dmpnet.hardware.placement): a kernel is held once, its bias once a channel, u of
every neuron.

D is d in whole blocks of slots: all slots are there, used or not. Without slow memory there are no w_x, b_x, x and D
is 0. b_m is added to b_f. Thresholds are held once a layer, or, where neurons have their own, with the weights as u.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dmpnet.disk.headers import shown
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph, check_network
from dmpnet.hardware import graph_core, placement
from dmpnet.hardware.chip import learning
from dmpnet.hardware.limit import Core, Need
from dmpnet.hardware.limits import ARRAY, LEARNING, RULES, cores
from dmpnet.hardware.limits.core import spikes
from dmpnet.hardware.parts import Chip, check_chip
from dmpnet.results import terminal

if TYPE_CHECKING:  # it imports Brian2, which takes a second
    from dmpnet.plasticity.integer_rule import IntegerRule
    from dmpnet.trained.layer import Layer
    from dmpnet.trained.network import TrainedNetwork

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

    @property
    def refusal(self) -> DmpnetError:
        """The error for a network that does not fit, its remedies told before."""
        return DmpnetError(f"{self.network} does not fit chip {self.chip}, {len(self.violations)} of "
                           f"{len(self.needs)} limits broken; take the ways out above")

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


def check_given(called: str, network: Any, chip: Any) -> None:
    """DmpnetError from the function of that name for what is no network, or no chip."""
    check_network(called, network)
    check_chip(called, chip)


def fit(network: TrainedNetwork | Graph, chip: Chip, busiest: Sequence[int] | None = None, blocks: bool = False,
        learns: Mapping[str, IntegerRule] | None = None) -> Report:
    """What `network` needs of `chip`, and whether it is all there.

    busiest : per layer (of a graph: population, in the order of a step), most input spikes in a step of calibration
        data, with W_r the layer's own too; None: not known
    blocks : whether slow memories larger than the slots are computed in blocks of them, zero padded
    learns : integer rules of the weights that learn on the chip, by name: {'W_f_1': rule}
    """
    check_given("fit", network, chip)
    learns = learns or {}
    if isinstance(network, Graph):
        return _of_graph(network, chip, busiest, blocks, learns)
    _check_learns(network, chip, learns)
    _check_busiest(busiest, len(network.layers))
    placed = [replace(core_of(network, number, chip, busiest, blocks), learns={
        name[:3]: rule for name, rule in learns.items() if name[4:] == str(number)})
        for number in range(1, len(network.layers) + 1)]
    needs = [cores(len(placed), chip), *(need for core in placed for rule in RULES + LEARNING * bool(core.learns)
                                         if (need := rule(core, chip)))]
    return Report(f"{network.kind} {network.shape}", chip.name, tuple(needs),
                  tuple(_notes({1} if _analog(network, 1) else set(), chip, placed)))


def unknown_kinds(network: TrainedNetwork | Graph, chip: Chip, blocks: bool) -> list[str]:
    """What `network` computes in a way that `chip` does not: decays, resets and the like, in words."""
    return [f"{need} (dmpnet.fit refuses it)" for need in fit(network, chip, blocks=blocks).violations
            if isinstance(need.available, tuple)]


def _of_graph(graph: Graph, chip: Chip, busiest: Sequence[int] | None, blocks: bool,
              learns: Mapping[str, IntegerRule]) -> Report:
    """A core a population, and what has no place."""
    if learns:
        raise DmpnetError(f"learns: {min(learns)!r}, but of a graph nothing learns on a chip; give a trained network")
    found = placement.of(graph)
    _check_busiest(busiest, len(found.places))
    analog = {place.name for place in found.places if graph.encoding.kind == "analog"
              and any(route.source == graph.input for route in place.routes)}
    placed = [graph_core.of(graph, place, chip.dimensions(place.d), chip.datapath.resets[0], blocks,
                            None if busiest is None or place.name in analog else int(busiest[number]))
              for number, place in enumerate(found.places)]
    needs = [*found.refused, cores(len(placed), chip),
             *(need for core in placed for rule in RULES if (need := rule(core, chip)))]
    return Report(f"{graph.kind} {graph.shape}", chip.name, tuple(needs), tuple(_notes(analog, chip, placed)))


def _check_busiest(busiest: Sequence[int] | None, layers: int) -> None:
    if busiest is not None and (np.shape(busiest) != (layers,) or min(busiest) < 0):
        raise DmpnetError(f"busiest = {shown(busiest)}, but it counts input spikes in each of {layers} layers; give as "
                          f"many numbers >= 0")


def _check_learns(network: TrainedNetwork, chip: Chip, learns: Mapping[str, IntegerRule]) -> None:
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


def fit_array(rule: IntegerRule, chip: Chip, sources: int, targets: int) -> Report:
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


def core_of(network: TrainedNetwork, number: int, chip: Chip, busiest: Sequence[int] | None = None,
            blocks: bool = False) -> Core:
    """What the core of layer `number` is to hold."""
    layer = network.layers[number - 1]
    return Core(
        number, layer.N, layer.M, layer.d, chip.dimensions(layer.d),
        network.classes if number == len(network.layers) else 0, layer.neuron, layer.acts,
        0 if layer.delay is None else int(layer.delay.max(initial=0)), blocks, layer.W_r is not None, _rows(layer),
        None if busiest is None or _analog(network, number) else int(busiest[number - 1]),
        adapts=layer.adaptation is not None, betas=layer.beta is not None, modes=layer.modes is not None)


def _rows(layer: Layer) -> bool:
    return layer.fixed is not None and len(set(layer.fixed.theta_u.tolist())) > 1


def _analog(network: TrainedNetwork, number: int) -> bool:
    return number == 1 and network.encoding.kind == "analog"


def _notes(analog: Container[int | str], chip: Chip, placed: list[Core]) -> list[str]:
    """analog: numbers of layers whose input is."""
    notes = []
    for core in placed:
        if core.number in analog:
            notes.append(f"{core.name}: its input is analog, so the limit on input spikes does not hold there")
        elif core.spikes is None:
            notes.append(f"{core.name}: input spikes in a step are not known, so nothing was checked against "
                         f"the {chip.limits.spikes} that fit; count them on recordings (`dmpnet fit --samples N`, "
                         f"busiest)")
        elif core.spikes > chip.limits.spikes and not spikes(core, chip):
            notes.append(f"{core.name}: up to {core.spikes} input spikes in a step, but {chip.limits.spikes} are let "
                         f"in at once; " + ("the others are dropped" if chip.datapath.queue == "drop" else
                                         f"the queue is filled {-(-core.spikes // chip.limits.spikes)} times"))
        if core.blocks and core.d > chip.limits.slots:
            notes.append(f"{core.name}: d {core.d} is computed in {-(-core.d // chip.limits.slots)} blocks of "
                         f"{chip.limits.slots}" + (f", zero padded to {core.D}" if core.d < core.D else ""))
        elif core.d < core.D == chip.limits.slots:
            notes.append(f"{core.name}: d {core.d} is zero padded to {core.D}")
        if core.rows:
            notes.append(f"{core.name}: every neuron has a threshold of its own, counted with the weights")
    return notes
