"""What integers does a trained network become on a chip?

Every array gets a unit, what one means, and is rounded to its word. Units are chosen so that sums need shifts alone:

    u        g times the unit of W_f (of its rows with `rows`), shifted left until the membranes seen fit their word
    m, x     so that all seen in calibration fit; shift_m and shift_B so that Abar and Bbar use their words
    P, nu    in units of u over units of m, of x; shift_I and shift_nu so that they use their words

A rounded Abar is another recursion, whose errors the memory sums up over its whole window: W_m Abar read from it would
say something else. So P and nu are fitted anew, to give in calibration what the trained memory gave, by least squares;
a penalty on how far they move from W_m Abar and W_m Bbar is chosen so that the error is least after rounding [ours],
in which what one column loses is made up for by others (dmpnet.hardware.rounding).

Of two bases of the memory, the trained one and that in which rounding does least harm (dmpnet.hardware.basis), the one
with the smaller error is taken. u, m and x, and currents that are held in the word of u, saturate nowhere on the
calibration samples: units grow until they do not (u and m may with `clip`). Accumulators that do are told.
"""

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dmpnet import reference
from dmpnet.arithmetic import lfsr
from dmpnet.arithmetic.fixed import Fixed
from dmpnet.equations.decay import BY_NAME, CONSTANTS, WHOLE
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.graph.graph import Graph
from dmpnet.graph.population import Population
from dmpnet.hardware import exactness, graph_integers, graph_layers, graph_refusals, queue, trained_layers
from dmpnet.hardware.changes import Log, RoundingLoss
from dmpnet.hardware.fit import check_given, fit, unknown_kinds
from dmpnet.hardware.limit import named
from dmpnet.hardware.parts import Chip, Words
from dmpnet.hardware.slow_pathway import in_integers
from dmpnet.hardware.units import ATTEMPTS, LEVELS, ROOM, SPREAD, Options, unit_of, whole_floor
from dmpnet.reference import graphs
from dmpnet.system.progress import Progress, Tell, telling
from dmpnet.trained.activity import Activity
from dmpnet.trained.layer import Layer
from dmpnet.trained.network import TrainedNetwork

TOLD = 0.01  # of the input, or of W_r beside levels of it, what may be cut off without a word


@dataclass(frozen=True)
class Constrained:
    """An integer network and what became of the one it was made from; of a graph a layer is a population.

    activity : what the integer network did in calibration, spikes recorded
    silent : per layer, neurons that fired in calibration before and no longer do
    notes : what the user should know, in words
    overflows : per layer, how many values of x, m, u and I did not fit their words in calibration
    """

    network: TrainedNetwork | Graph
    changes: list[RoundingLoss]
    activity: Activity
    silent: list[int]
    notes: list[str]
    overflows: list[Counter[str]]


def constrain(network: TrainedNetwork | Graph, chip: Chip, s_in: np.ndarray, *, rows: bool = False, clip: bool = False,
              balance: bool = True, rotate: bool = True, compensate: bool = True, blocks: bool = False,
              progress: Progress = None) -> Constrained:
    """`network` in the integers of `chip`, its formats chosen on calibration samples s_in (B, T, M); a graph too.

    rows : W_f, W_r of each neuron with a unit of its own, and so a threshold of its own; else one a layer
    clip : for few bits: let the largest weights and the slow memory saturate where that lowers the squared error, and
        membranes far below a threshold where too few levels would be left up to it
    balance : every dimension of the slow memory with a unit of its own, which costs the chip nothing; else one a layer
    rotate : hold the slow memory in other coordinates, which cost the chip nothing either, where that rounds better
        (dmpnet.hardware.basis)
    compensate : what one column of P loses in rounding others make up for (dmpnet.hardware.rounding); else each weight
        is rounded to the nearest, from where training in integers finds its own way
    blocks : a slow memory larger than the chip's slots is computed in several blocks of them; else it is refused
    progress : called with (done, total) in layers rounded, of as many as it may take; True or a name: a bar; None:
        silent

    Every slow memory is filled up with zeros to the chip's slots, or held in all of them where the chip says `spread`.
    Whether the rest fits: dmpnet.hardware.fit.
    """
    check_given("constrain", network, chip)
    if isinstance(network, Graph):
        graph_refusals.check(network, chip, rows, fit(network, chip).violations)
    else:
        _check(network, rows)
    _check_slots(network, chip, blocks, rotate)
    heard = _heard(network, s_in := reference.plain(s_in))
    options = Options.on(chip, rows, clip, balance, rotate, compensate)
    seen = (graph_integers.seen(network, s_in) if isinstance(network, Graph) else
            reference.run(network, s_in, record=("spikes", "u", "m", "x")))
    integer, changes, activity, overflows = _settled(network, chip, s_in, seen, options, progress)
    _check_exact(integer)
    silent = _silent(seen, activity)
    notes = heard + unknown_kinds(network, chip, blocks) + _notes(network, integer, silent, overflows, clip) + [
        f"{named(change.layer)}: {change.clipped} values of {change.array} do not fit its {change.bits} bits; take more"
        for change in changes if change.clipped and not (clip and change.array in ("W_f", "W_r", "w_x", "W_o"))]
    notes += [f"{named(change.layer)}: every value of {change.array} became 0; give it more bits, or what it is "
              f"multiplied by fewer" for change in changes if change.zeroed and change.error == 1 and change.size > 1]
    return Constrained(integer, changes, activity, silent, notes, overflows)


def _settled(network: TrainedNetwork | Graph, chip: Chip, s_in: np.ndarray, seen: Activity, options: Options,
             progress: Progress) -> tuple[TrainedNetwork | Graph, list[RoundingLoss], Activity, list[Counter[str]]]:
    """The integer network whose units are the first with which nothing saturates that must not, and what it did."""
    room, depth = [ROOM] * len(seen.rates), len(seen.rates)
    with telling(progress, ATTEMPTS * depth, "layer", "choosing formats") as tell:
        for attempt in range(ATTEMPTS):
            integer, changes = _rounded(network, chip, s_in, seen, room, options, tell, attempt * depth)
            activity, overflows = reference.watched(integer, s_in)
            full = [any(counts[name] for name in (("x",) if options.clip else ("u", "m", "x"))) for counts in overflows]
            if not any(full):
                break
            room = [each * 1.2 if more else each for more, each in zip(full, room, strict=True)]
        tell(ATTEMPTS * depth)
    return integer, changes, activity, overflows


def examined(network: TrainedNetwork, integer: TrainedNetwork, s_in: np.ndarray, changes: list[RoundingLoss],
             clip: bool = False) -> Constrained:
    """What became of `network` in `integer`, made from it and trained on (dmpnet.training.quantised).

    changes : what rounding did to the arrays at first;  clip : as in `constrain`
    """
    _check_exact(integer)
    activity, overflows = reference.watched(integer, s_in)
    silent = _silent(reference.run(network, s_in), activity)
    return Constrained(integer, changes, activity, silent, _notes(network, integer, silent, overflows, clip), overflows)


def _silent(before: Activity, after: Activity) -> list[int]:
    """Neurons of each layer that fired before and no longer do."""
    return [int(((a.mean((0, 1)) > 0) & (b.mean((0, 1)) == 0)).sum())
            for a, b in zip(before.spikes, after.spikes, strict=True)]


def _check(network: TrainedNetwork, rows: bool) -> None:
    if network.integer:
        raise DmpnetError("network: it computes in integers already; constrain the trained one it was made from")
    for number, layer in enumerate(network.layers, 1):
        if beyond := layer.beyond_chips():
            raise DmpnetError(f"layer {number}: {beyond}")
        decay = BY_NAME[layer.neuron.decay]
        if decay.left_whole is None:
            raise DmpnetError(f"layer {number}: {decay.name} decay has no form in integers, but a chip computes in "
                              f"them; train one with {' or '.join(WHOLE)} decay")
        if rows and decay.power:
            raise DmpnetError(f"layer {number}: rows of their own units leak by {decay.constant} in their own units, "
                              f"but a chip has one {decay.constant} a layer; leave rows out")


def _layers(network: TrainedNetwork | Graph) -> dict[int | str, Layer]:
    """Layers by number, of a graph its populations by name."""
    if isinstance(network, Graph):
        return {name: graph_layers.layer_of(network, name) for name in network.populations}
    return dict(enumerate(network.layers, 1))


def _heard(network: TrainedNetwork | Graph, s_in: np.ndarray) -> list[str]:
    """What is to be told of calibration input that levels, 0 to 1, do not reach; DmpnetError if nothing is heard."""
    graphs.shaped(network, s_in) if isinstance(network, Graph) else reference.check_input(network, s_in)
    values = s_in[s_in != 0].astype(float)
    if not values.size:
        raise DmpnetError("calibration: s_in is 0 everywhere, but formats are chosen by what a network does; give "
                          "samples of its data")
    if (values < 0).all():
        raise DmpnetError("calibration: no value of s_in is above 0, but a chip hears levels from 0 to 1; scale it to "
                          "0 to 1")
    beyond = float(((values < 0) | (values > 1)).mean())
    return [] if beyond <= TOLD else [
        f"input: {100 * beyond:.0f} % of the values of s_in that are not 0 lie outside 0 to 1 and are held there, as "
        f"levels of input end there; scale it, and train on it so"]


def _check_slots(network: TrainedNetwork | Graph, chip: Chip, blocks: bool, rotate: bool) -> None:
    for name, layer in _layers(network).items():
        if layer.slow and chip.datapath.spread and layer.slow.d < chip.limits.slots and not rotate:
            raise DmpnetError(f"{named(name)}: {chip.name} holds d = {layer.slow.d} in all of its {chip.limits.slots} "
                              f"slots (datapath.spread), which are other coordinates than those trained; leave "
                              f"rotate = False (--keep-basis) out, or set datapath.spread = false")
        if layer.slow and layer.slow.d > chip.limits.slots and not blocks:
            raise DmpnetError(f"{named(name)}: a slow memory of d = {layer.slow.d}, but {chip.name} has "
                              f"{chip.limits.slots} slots; train one with d <= {chip.limits.slots}, or let it be "
                              f"computed in blocks (blocks = True, --blocks)")


def _check_exact(network: TrainedNetwork | Graph) -> None:
    layers: dict[int | str, tuple[Layer, int]] = {}
    if isinstance(network, Graph):
        layers.update(graph_integers.reaching(network))
        W_o = getattr(network.nodes[network.output], "weight", None)
    else:
        W_o, first = network.W_o, network.encoding.levels or 1
        layers.update({number: (layer, first if number == 1 else 1) for number, layer in enumerate(network.layers, 1)})
    exactness.check(layers, W_o, network.encoding.steps)


def _filled(layer: Layer, chip: Chip) -> Layer:
    """The layer with its slow memory filled up to whole blocks of slots; what is added stays 0."""
    slow, fixed = layer.slow, layer.fixed
    if slow is None or fixed is None:
        return layer
    more = chip.dimensions(slow.d) - slow.d
    filled = replace(slow, W_m=np.pad(slow.W_m, ((0, 0), (0, more))), Abar=np.pad(slow.Abar, (0, more)),
                     Bbar=np.pad(slow.Bbar, (0, more)), blocks=(), feed="parallel")
    return replace(layer, slow=filled, fixed=replace(fixed, unit_m=np.pad(fixed.unit_m, (0, more))))


def _rounded(network: TrainedNetwork | Graph, chip: Chip, s_in: np.ndarray, seen: Activity, room: list[float],
             options: Options, tell: Tell, before: int) -> tuple[TrainedNetwork | Graph, list[RoundingLoss]]:
    """The integer network with units for `room` times what was seen; tells its layers, `before` of which were done."""
    words, changes, found = chip.words, [], {}
    levels = words.s_in.high if network.encoding.kind == "analog" else 0
    s_in = replace(network.encoding, levels=levels).read(np.asarray(s_in, float)).astype(np.int64)
    made_of: Any = graph_integers.Rows.of if isinstance(network, Graph) else trained_layers.Layers
    parts = made_of(network, levels)
    for number, (name, layer) in enumerate(parts.layers.items()):
        log, unit_in = Log(name, changes), parts.unit_in(name)
        largest = room[number] * max(np.abs(seen.u[number]).max(), layer.neuron.theta_u)
        whole, fixed = _fast(layer, words, unit_in, largest, options, log)
        if layer.slow is not None:
            whole, fixed = in_integers(layer, layer.slow, whole, fixed, words, unit_in, room[number],
                                       parts.seen(number, seen, s_in), options, log)
        found[name] = _filled(replace(whole, fixed=fixed), chip)
        tell(before + len(found))
    if not isinstance(network, Graph):
        found = {name: replace(layer, fixed=replace(layer.fixed, queue=most)) if most and layer.fixed else layer
                 for (name, layer), most in zip(found.items(), queue.dropping(network, chip), strict=True)}
    return parts.rebuilt(found, _readout(network, words, options, Log(list(found)[-1], changes)), chip.name), changes


def _readout(network: TrainedNetwork | Graph, words: Words, options: Options,
             log: Log) -> tuple[np.ndarray, np.ndarray] | None:
    """W_o and b_o in integers; None for a graph that ends with neurons."""
    node: Any = network
    if isinstance(network, Graph):
        node = network.nodes[network.output]
        if isinstance(node, Population):
            return None
        bias = np.zeros(node.shape_out) if node.bias is None else node.bias
    W_o, b_o = (node.weight, bias) if isinstance(network, Graph) else (network.W_o, network.b_o)
    unit_o = unit_of(W_o, words.W_o, options.clip)
    return log.whole("W_o", W_o / unit_o, words.W_o), log.whole("b_o", b_o / unit_o, words.b)


def _fast(layer: Layer, words: Words, unit_in: float, largest: float, options: Options,
          log: Log) -> tuple[Layer, Fixed]:
    """The layer without its slow memory, and its arithmetic; `largest` |u| has to fit."""
    neuron, axis = layer.neuron, 1 if options.rows else None
    both = layer.W_f if layer.W_r is None or unit_in != 1 else np.concatenate([layer.W_f, layer.W_r], axis=1)
    unit_f = unit_of(both, words.W_f, options.clip, axis) * np.ones(layer.N)
    unit_f = np.maximum(unit_f, unit_f.max() / SPREAD)
    fine = neuron.g * unit_f * unit_in
    if options.clip:
        least = neuron.theta_u if options.saturates == "before" else 0.0  # else none would reach its threshold
        largest = min(largest, max(neuron.theta_u * words.u.high / LEVELS, least))
    shift_f = math.ceil(math.log2(largest / (fine.min() * words.u.high)))
    unit_u = fine * 2.0**shift_f
    theta_u = np.maximum(np.rint(neuron.theta_u / unit_u), 1).astype(np.int64)
    b = neuron.g * (layer.b_f + (layer.slow.b_m if layer.slow else 0)) / unit_u
    recurrent = None if layer.W_r is None else log.whole("W_r", layer.W_r / (unit_f * unit_in)[:, None], words.W_r)
    if recurrent is not None and unit_in != 1 and log.changes[-1].clipped > TOLD * recurrent.size:
        raise DmpnetError(f"{named(log.layer)}: {log.changes[-1].clipped} of {recurrent.size} values of W_r do not fit "
                          f"{words.W_r.bits} bits in the accumulator that W_f s_in shares with it, where a spike is "
                          f"one of {1 / unit_in:g} levels of input; give words.s_in fewer bits, or words.W_r more")
    beta = min(np.rint(neuron.beta * 2**words.beta.bits), words.beta.high) / 2**words.beta.bits
    whole = Neuron(beta, 1.0, float(theta_u.max()), neuron.reset, neuron.decay,
                   float(np.rint(neuron.lam / unit_u[0])), neuron.shift,
                   None if neuron.c is None else BY_NAME[neuron.decay].in_units(neuron.c, unit_u[0]))
    floor = whole_floor(neuron.floor, unit_u, words.u)
    whole = replace(whole, floor=None if floor is None else float(floor.min()))
    fixed = Fixed(theta_u, words.x, words.m, words.u, words.I, 0, 0, 0, shift_f, 0, 0, unit_u, np.empty(0), 1.0,
                  options.saturates, floor, options.currents)
    if fixed.noisy:
        fixed = replace(fixed, seed=lfsr.seeded(options.seed, log.layer))
    return Layer(log.whole("W_f", layer.W_f / unit_f[:, None], words.W_f), log.whole("b", b, words.b), whole,
                 recurrent, None, layer.delay), fixed


def _notes(network: TrainedNetwork | Graph, integer: TrainedNetwork | Graph, silent: list[int],
           overflows: list[Counter[str]], clip: bool) -> list[str]:
    """What the user should know; with `clip` u and m may saturate."""
    notes, made = [], _layers(integer)
    for (name, before), quiet, counts in zip(_layers(network).items(), silent, overflows, strict=True):
        after = made[name]
        if before.neuron.constant > 0 and after.neuron.constant == 0:
            notes.append(f"{named(name)}: {CONSTANTS[before.neuron.decay]} = {before.neuron.constant:g} became 0; "
                         f"take more bits")
        if quiet:
            notes.append(f"{named(name)}: {quiet} neurons fired in calibration and fall silent; take more bits")
        notes += [f"{named(name)}: {count} values of {quantity} do not fit its {after.fixed.words[quantity].bits} bits "
                  f"in calibration; take more bits" for quantity, count in sorted(counts.items())
                  if count and after.fixed and not (clip and quantity in "um")]
    return notes
