"""A graph on a chip: fan-out against unrolled matrices, trained networks as graphs, sizes by hand, what is refused."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import cli, reference
from dmpnet.commands import fit as fit_command
from dmpnet.data import Recordings
from dmpnet.equations import memory
from dmpnet.errors import DmpnetError
from dmpnet.graph import (
    Affine,
    Convolution,
    Delay,
    Edge,
    Flatten,
    Graph,
    Input,
    Memory,
    Pool,
    Population,
    Rectify,
    Scale,
    Threshold,
    file,
    trained,
)
from dmpnet.hardware import chip, cycles, graph_workload, placement, prices, scatter, workload
from dmpnet.hardware.fit import fit
from dmpnet.hardware.workload import Scattered, Workload
from dmpnet.reference import graphs
from dmpnet.reference.graphs import convolved, pooled
from dmpnet.trained.activity import Activity
from dmpnet.trained.encoding import Encoding

CAMERA = chip.load("dmp-camera")


def unrolled(node):
    """(outputs, inputs) how often each input is added to each output: the dense matrix of `node`, its weights 1."""
    size = math.prod(node.shape_in)
    unit = np.eye(size).reshape(size, *node.shape_in)
    if isinstance(node, Convolution):
        ones = replace(node, weight=np.ones_like(node.weight), bias=None)
        return convolved(ones, unit).reshape(size, -1).T
    if isinstance(node, Pool):
        return pooled(replace(node, mean=False), unit).reshape(size, -1).T
    if isinstance(node, Affine):
        return graphs.Mapping(Affine(np.ones_like(node.weight))).step(unit).reshape(size, -1).T
    return np.eye(size)


def chain(*nodes, kind="spikes", shape=None):
    """input -> nodes -> output, called by number."""
    shape = shape or nodes[0].shape_in
    made = {"in": Input(shape)} | {f"n{number}": node for number, node in enumerate(nodes)}
    names = list(made)
    return Graph(made, tuple(map(Edge, names, names[1:])), names[-1], Encoding(kind, math.prod(shape), 20, 1e-3))


def camera(readout=3, **neurons):
    """2 x 9 x 8 -> 4 x 4 x 4 by a convolution -> 4 x 2 x 2 pooled -> 10 -> readout, as active as random input makes."""
    rng = np.random.default_rng(0)
    settings = {"beta": 0.8, "g": 0.4, "theta": 1.0} | neurons
    return chain(Convolution(rng.normal(0.3, 0.5, (4, 2, 3, 3)), (2, 9, 8), rng.normal(size=4) / 9, (2, 2),
                             ((0, 0), (1, 1))), Population((4, 4, 4), **settings), Pool((4, 4, 4), (2, 2)),
                 Flatten((4, 2, 2)), Affine(rng.normal(0.2, 0.5, (10, 16)), np.zeros(10)),
                 Population((10,), **settings), Affine(rng.normal(size=(readout, 10)), np.zeros(readout)))


def events(graph, rate=0.1, samples=3, steps=20, seed=1):
    return np.random.default_rng(seed).random((samples, steps, *graph.nodes[graph.input].shape_out)) < rate


# how many neurons an event reaches


@st.composite
def convolutions(draw):
    axes = draw(st.integers(1, 2))
    groups, size = draw(st.integers(1, 3)), st.integers(1, 9)
    sizes, kernel = [draw(size) for _ in range(axes)], [draw(st.integers(1, 4)) for _ in range(axes)]
    stride, dilation = ([draw(st.integers(1, 3)) for _ in range(axes)] for _ in range(2))
    padding = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(axes))
    shape, weight = (groups * draw(st.integers(1, 2)), *sizes), (groups * draw(st.integers(1, 3)), 0)
    weight = (weight[0], shape[0] // groups, *kernel)
    try:
        return Convolution(np.ones(weight), shape, None, tuple(stride), padding, tuple(dilation), groups)
    except DmpnetError:
        return Convolution(np.ones((weight[0], weight[1], *[1] * axes)), shape, groups=groups)


@st.composite
def pools(draw, shape):
    kernel = tuple(draw(st.integers(1, size)) for size in shape[1:])
    return Pool(shape, kernel, tuple(draw(st.integers(1, 3)) for _ in kernel),
                tuple(draw(st.integers(0, k // 2)) for k in kernel), draw(st.booleans()))


@given(convolutions())
def test_an_event_reaches_what_the_unrolled_matrix_says(node):
    """Every kernel, stride, padding, dilation and number of groups, at borders too."""
    dense = unrolled(node)
    assert set(np.unique(dense)) <= {0, 1}
    np.testing.assert_array_equal(scatter.fan_out([node], dense.shape[1]), (dense != 0).sum(axis=0))
    behind = np.arange(len(dense)) % 7  # what each output reaches in its turn
    np.testing.assert_array_equal(scatter.through(node, behind.reshape(node.shape_out)).ravel(), behind @ dense)


@given(convolutions(), st.data())
def test_through_several_maps_the_ways_multiply(node, data):
    """Pools before and after, which may overlap; then a fully connected map."""
    before = data.draw(pools(node.shape_in))
    node = replace(node, shape_in=node.shape_in)
    maps = [node, data.draw(pools(node.shape_out))]
    maps = [before, *maps] if before.shape_out == node.shape_in else maps
    maps += [Flatten(maps[-1].shape_out), Affine(np.ones((3, math.prod(maps[-1].shape_out))))]
    dense = np.eye(math.prod(maps[0].shape_in))
    for each in maps:
        dense = unrolled(each) @ dense
    np.testing.assert_array_equal(scatter.fan_out(maps, dense.shape[1]), dense.sum(axis=0))


def test_fan_out_by_hand():
    """3 x 3 kernels for 4 channels at stride 2: a corner lies in one window, an edge in up to two, the middle in up
    to four."""
    node = Convolution(np.ones((4, 1, 3, 3)), (1, 5, 5), stride=(2, 2))
    np.testing.assert_array_equal(scatter.fan_out([node], 25).reshape(5, 5) // 4, [
        [1, 1, 2, 1, 1], [1, 1, 2, 1, 1], [2, 2, 4, 2, 2], [1, 1, 2, 1, 1], [1, 1, 2, 1, 1]])
    np.testing.assert_array_equal(scatter.fan_out([], 3), [1, 1, 1])
    blocks = Affine(np.ones((2, 3, 4)))
    np.testing.assert_array_equal(scatter.fan_out([Scale(np.ones((2, 4))), blocks], 8), [3] * 8)
    gap = Convolution(np.ones((1, 1, 1)), (1, 4), stride=(3,))
    np.testing.assert_array_equal(scatter.fan_out([gap], 4), [1, 0, 0, 1])


# events, cycles, energy


def test_a_run_is_counted_event_by_event():
    """Cycles and synaptic operations of every step, one event after the other on the unrolled matrices."""
    graph, lanes = camera(), 5
    s_in = events(graph)
    seen = graphs.run(graph, s_in)
    assert all(0.01 < layer.mean() < 0.5 for layer in seen.spikes), "silent or saturated"
    described = chip.changed(CAMERA, {"limits.lanes": lanes})
    heard = [s_in.reshape(3, 20, -1), seen.spikes[0]]
    dense = [unrolled(graph.nodes["n0"]), unrolled(graph.nodes["n4"]) @ unrolled(graph.nodes["n2"])]
    for work, active, matrix, sent in zip(graph_workload.of(graph, seen, s_in), heard, dense, seen.spikes, strict=True):
        reach = [int(np.count_nonzero(column)) for column in matrix.T]
        for sample, step in np.ndindex(3, 20):
            fired = np.flatnonzero(active[sample, step])
            assert cycles.timing(work, described).latency[sample, step] == sum(
                max(1, math.ceil(reach[unit] / lanes)) for unit in fired) + 3 * math.ceil(len(matrix) / lanes)
            assert work.events[sample, step] == len(fired) and work.sent[sample, step] == sent[sample, step].sum()
        readout = 3 if len(matrix) == 10 else 0
        operations = int((active @ np.array(reach)).sum())
        assert work.reached == operations and work.sops == operations + int(sent.sum()) * readout
        bits = sum(many * action.bits for action, many in prices.count(work, described)["spike"].items()
                   if action.place == "weights")
        assert bits == 8 * operations
        assert work.dense().reached == 60 * np.count_nonzero(matrix)


def test_neurons_are_updated_once_a_step_whatever_fires():
    graph = camera()
    nothing = np.zeros((2, 20, 2, 9, 8))
    for work in graph_workload.of(graph, graphs.run(graph, nothing), nothing):
        tally = prices.count(work, CAMERA)["output"]
        written = sum(many for action, many in tally.items() if (action.kind, action.place) == ("write", "state"))
        assert written == 40 * work.N and work.reached == 0
        assert (cycles.timing(work, CAMERA).latency == 3 * math.ceil(work.N / 64)).all()


KINDS = [("FSNN", {}), ("DMP", {"d": 5}), ("RSNN", {}), ("DMP+RSNN", {"d": 3}), ("DMP", {"encoding": "analog"}),
         ("DMP", {"delay": 3}), ("DMP", {"reset": "soft"})]


@pytest.mark.parametrize("kind, more", KINDS)
@pytest.mark.parametrize("name", ["dmp", "dmp-camera", "elfcore-like"])
def test_a_trained_network_as_a_graph_needs_and_costs_the_same(kind, more, name):
    """Limits, bytes, ways out, notes; events, cycles, energy: written for both apart."""
    network = random_network(kind=kind, **more)
    graph, described = trained.of(network), chip.load(name)
    ours, theirs = fit(graph, described), fit(network, described)
    assert [(need.rule, need.used, need.available, need.way_out) for need in ours.needs] == [
        (need.rule, need.used, need.available, need.way_out) for need in theirs.needs]
    assert [note.partition(":")[2] for note in ours.notes] == [note.partition(":")[2] for note in theirs.notes]
    s_in = random_input(network, 3)
    seen = reference.run(network, s_in)
    if "delay" in more:
        with pytest.raises(DmpnetError, match="node 'layer1': it has axonal delays"):
            graph_workload.of(graph, graphs.run(graph, s_in), s_in)
        return
    works = workload.of(network, seen, s_in), graph_workload.of(graph, graphs.run(graph, s_in), s_in)
    assert all(0.01 < layer.mean() < 0.5 for layer in seen.spikes), "silent or saturated"
    for one, other in zip(*works, strict=True):
        assert other.scattered is None
        for field in ("N", "M", "d", "classes", "analog", "recurrent", "decay", "reset"):
            assert getattr(one, field) == getattr(other, field), field
        np.testing.assert_array_equal(one.events, other.events)
    assert prices.report(works[0], described) == prices.report(works[1], described)


def test_spikes_of_the_step_before_are_events_of_this_one():
    """The second population hears the first a step late, and the first hears itself through a convolution."""
    first, second = Population((1, 6), 0.5, 1.0), Population((1, 6), 0.5, 1.0)
    around = Convolution(np.full((1, 1, 3), 0.3), (1, 6), padding=((1, 1),))
    nodes = {"in": Input((1, 6)), "a": first, "b": second, "around": around, "on": Scale(np.ones((1, 6)))}
    graph = Graph(nodes, (Edge("in", "a"), Edge("a", "around", True), Edge("around", "a"), Edge("a", "on", True),
                          Edge("on", "b")), "b", Encoding("spikes", 6, 20, 1e-3))
    s_in = events(graph, 0.2)
    seen = graphs.run(graph, s_in)
    one, other = graph_workload.of(graph, seen, s_in)
    own = seen.spikes[0].sum(axis=2)
    before = np.concatenate([0 * own[:, :1], own[:, :-1]], axis=1)
    np.testing.assert_array_equal(other.events, before)
    np.testing.assert_array_equal(one.events, s_in.reshape(3, 20, 6).sum(axis=2) + before)
    assert one.M == 12 and not one.recurrent and {each.reached for each in one.scattered} == {1, 2, 3}
    assert fit(graph, CAMERA).ok


def test_batches_count_as_one():
    graph = camera()
    s_in = events(graph, samples=5)
    whole = graph_workload.of(graph, graphs.run(graph, s_in), s_in)
    parts = workload.joined([graph_workload.of(graph, graphs.run(graph, part), part) for part in (s_in[:2], s_in[2:])])
    assert prices.report(whole, CAMERA) == prices.report(parts, CAMERA)
    assert [work.events.shape for work in parts] == [(5, 20)] * 2


def test_an_event_that_reaches_nothing_still_takes_a_cycle():
    work = Workload(8, 4, 0, np.array([3]), np.array([0]), scattered=(Scattered(0, 4, np.array([3])),))
    assert cycles.timing(work, CAMERA).latency == 3 + 3 and work.reached == 0


def test_events_by_fan_out_come_to_all_events():
    with pytest.raises(DmpnetError, match="do not come to all events"):
        Workload(8, 4, 0, np.array([3]), np.array([0]), scattered=(Scattered(2, 4, np.array([2])),))


def test_spikes_have_to_be_recorded():
    graph = camera()
    s_in = events(graph)
    with pytest.raises(DmpnetError, match="spikes of 0 layers, but the network has 2"):
        graph_workload.of(graph, graphs.run(graph, s_in, ()), s_in)


# the clock


def test_time_needs_a_clock():
    """1,000 steps a second of 1,000 cycles at 200 MHz: 5 ms."""
    assert cycles.milliseconds(1000, CAMERA, 1e-3) == pytest.approx(5.0)
    with pytest.raises(DmpnetError, match="DMP core: it states no clock.*clock.hz"):
        cycles.milliseconds(1000, chip.load("dmp"), 1e-3)
    slower = chip.changed(chip.load("dmp"), {"clock.hz": 100_000_000})
    assert cycles.milliseconds(1000, slower, 1e-3) == pytest.approx(10.0)
    assert slower.source["clock.hz"] == "set by the user"
    assert chip.changed(CAMERA, {"clock.hz": 1}).clock.hz == 1
    with pytest.raises(DmpnetError, match="clock.hz = 0, but it counts something"):
        chip.changed(CAMERA, {"clock.hz": 0})


def test_a_second_of_input_is_told_where_there_is_a_clock():
    graph = camera()
    s_in = events(graph)
    works = graph_workload.of(graph, graphs.run(graph, s_in), s_in)
    told = {line["quantity"]: line["value"] for line in prices.report(works, CAMERA, dt=1e-3)}
    assert told["ms for a second of input, all layers"] == pytest.approx(
        1e3 * 1e3 * told["cycles a step, all layers"] / 200e6)
    assert told["ms for a second of input, slowest layer"] < told["ms for a second of input, all layers"]
    for described, dt in ((CAMERA, None), (chip.load("dmp"), 1e-3)):
        assert not any("second" in line["quantity"] for line in prices.report(works, described, dt=dt))


# sizes by hand


def needs(graph, described=CAMERA, **how):
    return {(need.layer, need.rule): need.used for need in fit(graph, described, **how).needs}


def test_kernels_are_held_once_and_every_neuron_has_its_state():
    """2 x 9 x 8 -> 4 x 4 x 4 by 3 x 3 kernels: 72 weights, a bias a channel; u of 64; then 16 pooled x 10."""
    found = needs(camera())
    assert found["n1", "weights bank"] == 4 * 2 * 9 + 2 * 4 and found["n1", "state bank"] == 2 * 64
    assert found["n1", "neurons"] == 64 and found["n1", "fan-in"] == 2 * 9 * 8
    assert found["n5", "weights bank"] == 10 * 16 + 2 * (10 + 3) + 3 * 10 and found["n5", "fan-in"] == 64
    assert found["n5", "state bank"] == 2 * 10 and found[None, "cores"] == 2
    four = needs(camera(), chip.changed(CAMERA, {"words.W_f.bits": 4, "words.u.bits": 9}))
    assert four["n1", "weights bank"] == 72 // 2 + 2 * 4 and four["n1", "state bank"] == 64 * 9 // 8


def test_shared_nodes_count_once_and_pools_alone_have_one_weight():
    nodes = {"in": Input((1, 4, 4)), "pool": Pool((1, 4, 4), (2, 2)), "a": Population((1, 2, 2), 0.5),
             "flat": Flatten((1, 2, 2)), "b": Population((1, 2, 2), 0.5), "w": Affine(np.ones((3, 4))),
             "flat b": Flatten((1, 2, 2)), "c": Population((3,), 0.5, c=0.1, theta=np.arange(1.0, 4))}
    edges = [("in", "pool"), ("pool", "a"), ("a", "b"), ("a", "flat"), ("flat", "w"), ("b", "flat b"), ("flat b", "w"),
             ("w", "c")]
    graph = Graph(nodes, tuple(Edge(*edge) for edge in edges), "c", Encoding("spikes", 16, 9, 1.0))
    found = needs(graph)
    assert found["a", "weights bank"] == 1 and found["b", "weights bank"] == 1
    assert found["c", "weights bank"] == 12 + 2 * 1 + 2 * 3 and found["c", "fan-in"] == 8  # one c; thresholds each
    assert any("node 'c': every neuron has a threshold of its own" in note for note in fit(graph, CAMERA).notes)


@pytest.mark.parametrize("setting, rule, node, used", [
    ("limits.neurons", "neurons", "n1", 64), ("limits.fan_in", "fan-in", "n1", 144), ("limits.cores", "cores", None, 2),
    ("limits.spikes", "input spikes", "n1", 30), ("memory.weights", "weights bank", "n5", 216),
    ("memory.state", "state bank", "n1", 128)])
def test_a_limit_is_kept_exactly_and_broken_by_one(setting, rule, node, used):
    kept, broken = (fit(camera(), chip.changed(CAMERA, {setting: most}), [30, 20]) for most in (used, used - 1))
    assert kept.ok and [(need.rule, need.layer) for need in broken.violations] == [(rule, node)]
    assert f"limits.{rule}" in str(broken.violations[0]) or f"{setting} = {used}" in str(broken.violations[0])
    assert node is None or str(broken.violations[0]).startswith(f"node '{node}': {used} ")
    assert " 1 too many" in broken.table() and json.loads(json.dumps(broken.record()))["violations"][0]["layer"] == node


def test_ways_out_of_a_kernel_lead_out():
    """Fewer bits help a kernel, fewer neurons do not; the membranes are helped by either."""
    need, = fit(camera(), chip.changed(CAMERA, {"memory.weights": 215, "limits.cores": 2})).violations
    assert "at most 9 neurons" in need.way_out  # fully connected
    small = chain(*list(camera().nodes.values())[1:3])
    need, = fit(small, chip.changed(CAMERA, {"memory.weights": 79})).violations
    assert need.way_out == "give W_f at most 7 bits, or take a chip with memory.weights = 80"
    assert fit(small, chip.changed(CAMERA, {"memory.weights": 79, "words.W_f.bits": 7})).ok
    need, = fit(small, chip.changed(CAMERA, {"memory.state": 127})).violations
    assert need.way_out.startswith("train with at most 63 neurons, or give u at most 15 bits")


def test_slots_of_a_slow_memory():
    graph = trained.of(random_network(d=9))
    eight = chip.load("dmp")
    assert [need.rule for need in fit(graph, eight).violations] == ["slots"] * 2
    blocks = fit(graph, chip.changed(eight, {"memory.slow": 10**4, "memory.state": 10**4}), blocks=True)
    assert blocks.ok and any("d 9 is computed in 2 blocks of 8" in note for note in blocks.notes)


def test_busiest_counts_every_population_and_nothing_learns():
    with pytest.raises(DmpnetError, match="busiest = .*each of 2 layers"):
        fit(camera(), CAMERA, [1])
    with pytest.raises(DmpnetError, match="learns: 'W_f_1', but of a graph nothing learns"):
        fit(camera(), CAMERA, learns={"W_f_1": None})


def test_a_membrane_may_be_read_out():
    """Neurons that do not fire, as the output: cycles and memory as others."""
    graph = chain(Affine(np.ones((4, 6))), Population((4,), 0.9, theta=None))
    assert fit(graph, chip.changed(CAMERA, {"datapath.resets": ["soft"]})).ok
    s_in = events(graph)
    work, = graph_workload.of(graph, Activity(np.zeros((3, 4)), []), s_in)
    assert not work.sent.any() and work.events.sum() == s_in.sum()


# what has no place


def slow(bars=1, **changed):
    """in -> W_f -> lif and in -> w_x -> x -> m -> W_m -> lif."""
    Abar, Bbar = memory.discrete(3, 9.0)
    nodes = {"in": Input((5,)), "W_f": Affine(np.ones((4, 5))), "lif": Population((4,), 0.5),
             "w_x": Affine(np.ones((bars, 5))), "x": Rectify((bars,)),
             "m": Memory(Abar, np.repeat(Bbar[:, None], bars, axis=1)), "W_m": Affine(np.ones((4, 3)))}
    edges = [("in", "W_f"), ("W_f", "lif"), ("in", "w_x"), ("w_x", "x"), ("x", "m"), ("m", "W_m"), ("W_m", "lif")]
    return Graph(nodes | changed, tuple(Edge(*edge) for edge in edges), "lif", Encoding("spikes", 5, 9, 1e-3))


def fires(**how):
    return chain(Affine(np.ones((4, 6))), Population((4,), **{"beta": 0.5} | how))


def reading(*nodes):
    return chain(Affine(np.ones((4, 6))), Population((4,), 0.5), *nodes)


def one_late(graph, source):
    return Graph(graph.nodes, tuple(replace(edge, late=edge.late or edge.source == source) for edge in graph.edges),
                 graph.output, graph.encoding)


REFUSED = {
    "threshold": (lambda: chain(Affine(np.ones((4, 6))), Threshold(np.ones(4)), Population((4,), 0.5)),
                  "n1", "Threshold", "make it a Population with beta = 0"),
    "rectify": (lambda: chain(Affine(np.ones((4, 6))), Rectify((4,)), Population((4,), 0.5)), "n1", "Rectify",
                "put a population there"),
    "weights on weights": (lambda: chain(Affine(np.ones((4, 6))), Affine(np.ones((3, 4))), Population((3,), 0.5)),
                           "n1", "on those of 'n0'", "multiply both into one Affine"),
    "synaptic current": (lambda: fires(alpha=0.5), "n1", "a synaptic current", "alpha = None"),
    "old current": (lambda: fires(g_before=0.5), "n1", "the current of the step before", "g_before = None"),
    "late reset": (lambda: fires(late=True), "n1", "a reset that is late", "late = False"),
    "refractory": (lambda: fires(refractory=2), "n1", "refractory steps", "refractory = 0"),
    "floor": (lambda: fires(floor=-1.0), "n1", "a floor", "floor = None"),
    "start": (lambda: fires(u_0=0.1), "n1", "a start other than 0", "u_0 = 0"),
    "decays": (lambda: fires(beta=np.linspace(0.1, 0.4, 4)), "n1", "a decay each", "one beta"),
    "gains": (lambda: fires(g=np.linspace(0.1, 0.4, 4)), "n1", "a gain each", "one g"),
    "silent": (lambda: chain(Affine(np.ones((4, 6))), Population((4,), 0.5, theta=None), Affine(np.ones((3, 4))),
                             Population((3,), 0.5)), "n1", "that do not fire", "give them a threshold"),
    "output": (lambda: reading(Rectify((4,))), "n2", "an output Rectify", "one Affine on the last of them"),
    "pooled output": (lambda: reading(Affine(np.ones((4, 4))), Affine(np.ones((4, 4)))), "n3", "an output Affine",
                      "one Affine on the last of them"),
    "late twice": (lambda: one_late(one_late(reading(Affine(np.ones((3, 4))), Population((3,), 0.5)), "n1"), "n2"),
                   "n2", "late by 2 steps", "make one edge late"),
    "nowhere": (lambda: Graph(slow().nodes | {"left": Scale(np.ones(5))}, (*slow().edges, Edge("in", "left")), "lif",
                              slow().encoding), "left", "of kind Scale, but a core has what leads to", "leave it out"),
    "memory of two": (lambda: slow(2), "m", "a memory not of this form", "one Affine of what the neurons hear"),
    "memory without ReLU": (lambda: slow(x=Scale(np.ones(1))), "m", "not of this form", "a Rectify"),
    "circle": (lambda: Graph(fires().nodes | {"s": Flatten((4,))},
                             (*fires().edges, Edge("s", "s", True), Edge("n0", "s"), Edge("s", "n1")), "n1",
                             fires().encoding), "s", "a circle of edges through Flatten", "put a population into it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_place_is_refused_by_name_with_a_way_out(case):
    make, name, what, way_out = REFUSED[case]
    graph = make()
    report = fit(graph, CAMERA)
    assert [need.layer for need in report.violations] == [name], report.remedies
    told = report.remedies.splitlines()[0]
    assert told.startswith(f"node '{name}': ") and what in told and way_out in told and "not there" in report.table()
    with pytest.raises(DmpnetError, match=re.escape(f"node '{name}': ")):
        graph_workload.of(graph, Activity(np.zeros(1), []), np.zeros((1, 1, graph.encoding.channels)))


def test_kinds_that_a_chip_lacks_and_delays_are_limits():
    cases = {"decay": fires(decay="linear", beta=0.1), "reset": fires(reset="none"),
             "delays": chain(Delay(np.arange(6)), Affine(np.ones((4, 6))), Population((4,), 0.5))}
    for rule, graph in cases.items():
        need, = fit(graph, CAMERA).violations
        assert need.rule == rule, need
    assert str(fit(fires(u_reset=0.3), CAMERA).violations[0]).startswith(
        "node 'n1': reset to a value other than 0, but a core has soft, hard")
    assert fit(slow(), CAMERA).ok and needs(slow())["lif", "slots"] == 3


def test_all_of_it_is_told_at_once():
    graph = chain(Affine(np.ones((4, 6))), Rectify((4,)), Population((4,), 0.5, alpha=0.5, floor=-1.0),
                  Threshold(np.ones(4)))
    report = fit(graph, chip.changed(CAMERA, {"limits.neurons": 3}))
    assert [(need.layer, need.rule) for need in report.violations] == [
        ("n3", "node"), ("n2", "node"), ("n1", "node"), ("n2", "neurons")]
    assert "a synaptic current and a floor" in report.remedies and "alpha = None, floor = None" in report.remedies
    assert str(report.refusal).endswith("limits broken; take the ways out above")


@given(st.integers(0, 10**6))
def test_any_graph_is_placed_or_refused_by_name(seed):
    """All kinds of nodes, late edges, conventions: a table, and if nothing is refused every event counted."""
    from graphs import random_graph as made

    graph, s_in = made(np.random.default_rng(seed), kind="spikes")
    report = fit(graph, CAMERA)
    assert report.table() and report.record()
    refused = placement.of(graph).refused
    assert {need.layer for need in refused} <= set(graph.nodes)
    if not refused and all(need.rule != "delays" or not need.used for need in report.needs):
        for work in graph_workload.of(graph, graphs.run(graph, s_in), s_in):
            assert work.dense().reached >= work.reached >= 0 and cycles.timing(work, CAMERA).latency.min() > 0


# the command, the recipe


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file.save(camera(), tmp_path / "net.npz")
    return tmp_path


def test_the_command_says_whether_it_fits(saved, capsys):
    assert cli.main(["fit", "net.npz", "--chip", "dmp-camera", "--out", "fit.json"]) == 0
    told = capsys.readouterr().out
    assert "n1" in told and "weights bank (bytes)" in told and "cycles" not in told
    assert json.loads((saved / "fit.json").read_text())["fit"]["fits"]
    assert cli.main(["fit", "net.npz", "--chip", "dmp-camera", "--set", "limits.neurons=63", "--out", "b.json"]) == 2
    found = capsys.readouterr()
    assert "node 'n1': 64 neurons, but 63 fit" in found.out and "1 of" in found.err
    assert not (saved / "b.json").exists()


def test_the_command_counts_a_run(saved, capsys):
    """A shipped trained network on digits that ship."""
    assert cli.main(["fit", "smnist-dmp2", "--samples", "10", "--split", "subset", "--set", "clock.hz=200000000",
                     "--out", "fit.json"]) == 0
    found = json.loads((saved / "fit.json").read_text())
    told = {line["quantity"]: line["value"] for line in found["report"]}
    assert [row["neurons"] for row in found["layers"]] == [200, 200] and found["layers"][1]["reach"] == 200
    assert told["cycles a step, all layers"] == pytest.approx(sum(row["cycles"] for row in found["layers"]))
    assert told["ms for a second of input, all layers"] == pytest.approx(
        told["cycles a step, all layers"] * 1000 / 200e3)
    assert "input spikes" in capsys.readouterr().out


def test_recordings_are_counted_piece_by_piece(monkeypatch):
    """The command's own loop, over more pieces than one, as one run; a layer's row by its name."""
    graph = camera()
    s_in = events(graph, samples=5).reshape(5, 20, -1)
    labels = np.arange(5) % 3
    made = Recordings("made", "test", "spikes", s_in.astype(np.uint8), 1.0, labels, None, 3, 1e-3, None, {})
    monkeypatch.setattr(fit_command, "PIECE", 2)
    works = fit_command.counted(graph, made)
    whole = graph_workload.of(graph, graphs.run(graph, s_in), s_in)
    assert prices.report(works, CAMERA, dt=1e-3) == prices.report(whole, CAMERA, dt=1e-3)
    first, second = fit_command.layers(["n1", "n5"], works, CAMERA)
    assert first["layer"] == "n1" and first["events"] == pytest.approx(s_in.sum() / 100)
    assert second["reach"] == 10 and first["spikes"] == pytest.approx(second["events"])


def test_the_gesture_network_has_the_published_number_of_parameters():
    """1.07 M and with slow memory 1.09 M, by the paper's rule and as stored; it runs on events and fits its chip."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]' in a clone")
    from dmpnet.data.dvs128_gesture import CHANNELS, POOLED
    from dmpnet.graph.graph import parameters
    from dmpnet.torch import camera as recipes
    from dmpnet.torch import graph_of

    shape = (2, POOLED, POOLED)
    s_in = np.random.default_rng(0).random((2, 12, *shape)) < 0.05
    for name, millions in (("fsnn", 1.07), ("dmp", 1.09)):
        recipe = recipes.RECIPES[f"dvs128-gesture-conv-{name}"]
        assert math.prod(shape) == CHANNELS
        torch.manual_seed(0)
        net = recipes.network(recipe, shape, 11)
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the mean of what comes in
        logits = net(torch.from_numpy(s_in.astype(np.float32)))  # as in training: BatchNorm learns what comes in
        graph = graph_of(net, shape, 1e-3, steps=1000)
        held = graph.nodes
        rule = sum(node.weight.size for key, node in held.items() if hasattr(node, "weight") and key != "w_x_0")
        rule += sum(node.A.size for node in held.values() if isinstance(node, Memory))
        assert round(rule / 1e6, 2) == round(parameters(graph) / 1e6, 2) == millions
        seen = graphs.run(graph, s_in)
        assert logits.shape == (2, 11) and torch.isfinite(logits).all()
        assert all(0.005 < layer.mean() < 0.5 for layer in seen.spikes[:2]), "untrained, but its convolutions fire"
        works = graph_workload.of(graph, seen, s_in)
        assert fit(graph, CAMERA, [int(work.S.max()) for work in works]).ok
        assert [work.N for work in works] == [32 * 15 * 15, 64 * 8 * 8, 256]
