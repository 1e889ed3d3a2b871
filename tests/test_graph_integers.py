"""Graphs in a chip's integers: against trained networks, unrolled matrices, exact numbers and Brian2, bit for bit."""

import json
import math
import re
import shutil
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from test_constrain_command import trained as digits_to_read  # noqa: F401
from test_graph import unrolled

from dmpnet import cli, reference
from dmpnet.brian import graph_simulation, standalone
from dmpnet.brian.simulation import simulate
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
    file,
    networks,
    trained,
)
from dmpnet.hardware import chip, graph_integers
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit
from dmpnet.nir import to_nir
from dmpnet.trained import weights
from dmpnet.trained.encoding import Encoding

CAMERA = chip.load("dmp-camera")
LEAKS = {"datapath.decay": ["exponential", "linear", "shift"]}
ALL = ("spikes", "u", "m", "x", "readout")
compiles = pytest.mark.skipif(shutil.which("g++") is None or shutil.which("make") is None,
                              reason="needs a C++ compiler: g++ and make are not found")


def assert_same(got, want):
    """Bit for bit, all that is recorded."""
    for name in ("spikes", "u", "m", "x"):
        for a, b in zip(getattr(got, name), getattr(want, name), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_array_equal(a, b, err_msg=name)
    np.testing.assert_array_equal(got.readout, want.readout)
    np.testing.assert_array_equal(got.logits, want.logits)


def informative(activity):
    return all(0.01 < rate.mean() < 0.5 for rate in activity.rates)


def drawn(seed, kind="spikes", steps=25):
    """(graph, s_in): a convolution with what convolutions have, a pool, neurons with W_r and a slow memory, a readout;
    scaled to the activity it comes to."""
    rng = np.random.default_rng(seed)
    axes, groups = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    kernel = tuple(map(int, rng.integers(1, 4, axes)))
    shape = (2, *map(int, rng.integers(5, 8, axes)))
    conv = Convolution(
        rng.normal(0.2, 1, (2 * groups, 2 // groups, *kernel)), shape, rng.normal(size=2 * groups) / 8,
        tuple(map(int, rng.integers(1, 3, axes))), tuple(tuple(map(int, rng.integers(0, 3, 2))) for _ in range(axes)),
        tuple(map(int, rng.integers(1, 3, axes))), groups)
    decay = [{"beta": rng.uniform(0.3, 0.9)}, {"decay": "linear"}, {"beta": 0.25, "decay": "shift"}]
    reset = [{}, {"reset": "subtract"}]

    def population(of, x, **more):
        level = max(0.6 * float(np.quantile(x, 0.9)), 0.1 * float(x.std()), 1e-3)  # it fires now and then
        leaks = {"beta": 0.1 * level}  # lam, well below every threshold; other decays have a beta of their own
        return Population(of, g=0.6, **(
            {"theta": level} | leaks | more | decay[rng.integers(3)] | reset[rng.integers(2)]))

    def heard(graph):
        return reference.run(graph, s_in, "readout").readout

    s_in = rng.random((3, steps, *shape)) < 0.3
    s_in = s_in * rng.random(s_in.shape) if kind == "analog" else s_in
    code = Encoding(kind, math.prod(shape), steps, 1e-3)
    nodes, edges = {"in": Input(shape), "conv": conv}, [Edge("in", "conv")]
    of, theta = conv.shape_out, rng.uniform(0.8, 1.2, conv.shape_out) if rng.random() < 0.5 else 1.0
    first = population(of, heard(Graph(nodes, tuple(edges), "conv", code)), c=rng.uniform(0, 0.05))
    nodes["first"] = replace(first, theta=first.theta * theta, strict=bool(rng.random() < 0.5))
    nodes["pool"] = Pool(of, tuple(min(2, size) for size in of[1:]), mean=bool(rng.random() < 0.7))
    nodes["flat"] = Flatten(nodes["pool"].shape_out)
    M = math.prod(nodes["flat"].shape_out)
    nodes["W_f"] = Affine(rng.normal(0.3, 1, (9, M)), rng.normal(size=9) / 4)
    names = ["conv", "first", "pool", "flat", "W_f"]
    edges += [Edge(a, b) for a, b in zip(names, names[1:], strict=False)]
    x = heard(Graph(nodes, tuple(edges), "W_f", code))
    nodes["second"] = replace(population((9,), x), decay="exponential", beta=0.7)
    nodes |= {"W_r": Affine(rng.normal(size=(9, 9)) * float(x.std()) / 3),
              "of": Flatten(of),
              "w_x": Affine(rng.uniform(0, 2 / math.prod(of), (1, math.prod(of))), np.array([0.05])),
              "relu": Rectify((1,)), "m": Memory(0.8 * np.linalg.qr(rng.normal(size=(3, 3)))[0],
                                             rng.normal(size=(3, 1))),
              "W_m": Affine(rng.normal(size=(9, 3)) * float(x.std())),
              "out": Affine(rng.normal(size=(4, 9)), np.ones(4))}
    edges += [Edge("W_f", "second"), Edge("second", "W_r", True), Edge("W_r", "second"), Edge("first", "of"),
              Edge("of", "w_x"), Edge("w_x", "relu"), Edge("relu", "m"), Edge("m", "W_m"), Edge("W_m", "second"),
              Edge("second", "out")]
    return Graph(nodes, tuple(edges), "out", code), s_in


# what a trained network becomes, and what becomes of it as a graph

KINDS = [("FSNN", {}, "dmp-camera", True), ("DMP", {"d": 5}, "elfcore-like", False),
         ("DMP+RSNN", {"d": 3, "reset": "soft"}, "dmp-camera", False),
         ("DMP", {"encoding": "analog"}, "dmp-camera", True)]


@pytest.mark.parametrize("kind, more, name, clip", KINDS)
def test_a_trained_network_and_the_graph_of_it_become_the_same_integers(kind, more, name, clip):
    network, described = random_network(kind=kind, **more), chip.load(name)
    described = chip.changed(described, {"datapath.resets": ["soft", "hard"], "datapath.decay": ["exponential"]})
    s_in = random_input(network, 3)
    theirs = constrain(network, described, s_in, clip=clip)
    ours = constrain(trained.of(network), described, s_in, clip=clip)
    want = reference.run(theirs.network, s_in, ALL)
    assert informative(want)
    graph = trained.of(theirs.network)
    for made in (graph, ours.network):
        assert made.integer
        assert_same(reference.run(made, s_in, ALL), want)
    assert len(ours.network.nodes) == len(graph.nodes)
    for name, node in ours.network.nodes.items():
        for f in fields(node):
            if isinstance(value := getattr(node, f.name), np.ndarray):
                np.testing.assert_array_equal(value, getattr(graph.nodes[name.replace("W_m.nu", "nu")], f.name))
    needs = [[(need.rule, need.used) for need in fit(each, described).needs] for each in (theirs.network, ours.network)]
    assert needs[0] == needs[1]
    assert theirs.silent == ours.silent and [(a.array, a.error, a.bits) for a in theirs.changes] == [
        (b.array, pytest.approx(b.error, rel=1e-9, abs=1e-12), b.bits) for b in ours.changes]


@given(st.integers(0, 10**6), st.sampled_from(["spikes", "analog"]))
@settings(max_examples=3, deadline=None)
def test_a_convolution_in_integers_is_its_unrolled_matrix(seed, kind):
    graph, s_in = drawn(seed, kind)
    made = constrain(graph, chip.changed(CAMERA, LEAKS), s_in, clip=True).network
    conv, pool = made.nodes["conv"], made.nodes["pool"]
    windows = Convolution(np.ones((len(conv.weight), 1, *pool.kernel)), pool.shape_in, None, pool.stride,
                          groups=len(conv.weight))
    size, (of, flat) = math.prod(conv.shape_in), (conv.shape_out, math.prod(conv.shape_out))
    nodes = dict(made.nodes)
    nodes |= {"conv": Affine(unrolled(conv)), "shape": Flatten(conv.shape_in), "first": replace(
        nodes["first"], shape=(flat,), c=np.broadcast_to(nodes["first"].c, of).ravel()),
        "pool": Affine(unrolled(windows)), "flat": Flatten((math.prod(pool.shape_out),)),
        "of": Flatten((flat,))}
    edges = [edge for edge in made.edges if edge.target != "conv"] + [Edge("in", "shape"), Edge("shape", "conv")]
    dense = Graph(nodes, tuple(edges), "out", made.encoding)
    assert size == dense.nodes["conv"].shape_in[0]
    assert_same(reference.run(dense, s_in, ALL), reference.run(made, s_in, ALL))


def exact(rng, strict):
    """A graph whose numbers are whole in units of 1/16 (1/64 behind the mean of a pool), and that leaks such."""
    def whole(shape, low=-40, high=60):
        found = rng.integers(low, high, shape)
        found.flat[0] = 127
        return found / 16

    conv = Convolution(whole((4, 1, 3, 2)), (2, 7, 6), rng.integers(-20, 20, 4) / 16, (2, 1), ((1, 2), (0, 1)), (1, 2),
                       2)
    of, more = conv.shape_out, {"decay": "linear", "g": 0.5, "strict": strict}
    reset = "value" if strict else "subtract"  # theta_u is one more where v has to be above theta
    pool = Pool(of, (2, 2), mean=True)
    M = math.prod(pool.shape_out)
    nodes = {"in": Input((2, 7, 6)), "conv": conv, "first": Population(of, 1 / 32, theta=6.0, reset=reset, **more),
             "pool": pool, "flat": Flatten(pool.shape_out), "W": Affine(whole((5, M)), rng.integers(-9, 9, 5) / 16),
             "second": Population((5,), 1 / 16, c=1 / 128, theta=3 / 8 + 3.0, **more),
             "out": Affine(rng.normal(size=(2, 5)))}
    names = list(nodes)
    return Graph(nodes, tuple(map(Edge, names, names[1:])), "out", Encoding("spikes", 84, 30, 1e-3))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_numbers_that_are_whole_already_lose_nothing(seed, strict):
    """Kernels, biases (through a pool's mean too), constants, thresholds and leaks: every spike, every membrane."""
    rng = np.random.default_rng(seed)
    graph, s_in = exact(rng, strict), rng.random((4, 30, 2, 7, 6)) < 0.2
    described = chip.changed(CAMERA, {"datapath.decay": ["linear"], "words.u.bits": 24, "words.b.bits": 24})
    made = constrain(graph, described, s_in)
    got, want = (reference.run(each, s_in, ALL) for each in (made.network, graph))
    assert informative(want) and all(change.error == 0 for change in made.changes if change.array in ("W_f", "b"))
    for name, a, b, s, t in zip(graph.populations, got.u, want.u, got.spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(s, t)
        np.testing.assert_array_equal(a * made.network.nodes[name].fixed.unit_u, b)
    assert not made.silent[0] and not made.notes


def test_a_sum_is_held_shifted_and_its_bias_added_after():
    """By hand: three pixels of 3, 2, 2 under a kernel of ones; I holds 7 levels, so 7 -> 3, >> 1 -> 1, and b = 2."""
    made = constrain(small(), CAMERA, np.ones((1, 5, 1, 3))).network
    word = replace(made.nodes["lif"].fixed.I, bits=3)
    fixed = replace(made.nodes["lif"].fixed, I=word, shift_f=1, theta_u=np.array([9]),
                    u=replace(made.nodes["lif"].fixed.u, rounding="floor"))
    nodes = dict(made.nodes) | {"conv": replace(made.nodes["conv"], weight=np.array([[[3.0, 2.0, 2.0]]])),
                                "lif": replace(made.nodes["lif"], fixed=fixed, c=2.0, beta=0.5)}
    graph = Graph(nodes, made.edges, made.output, made.encoding)
    found = reference.run(graph, np.array([1, 1, 0, 1, 1])[None, :, None, None] * np.ones((1, 5, 1, 3)), "u")
    assert found.u[0].ravel().tolist() == [3, 4, 4, 5, 5]  # floor(u / 2) + 3, + 2 where nothing comes
    assert reference.watched(graph, np.ones((1, 5, 1, 3)))[1][0]["I"] == 5


def small(**neurons):
    conv = Convolution(np.ones((1, 1, 3)), (1, 3))
    nodes = {"in": Input((1, 3)), "conv": conv, "lif": Population((1, 1), **({"beta": 0.5, "theta": 4.0} | neurons)),
             "flat": Flatten((1, 1)), "out": Affine(np.ones((2, 1)))}
    names = list(nodes)
    return Graph(nodes, tuple(map(Edge, names, names[1:])), "out", Encoding("spikes", 3, 5, 1e-3))


# Brian2

words = st.fixed_dictionaries({"W_f": st.integers(2, 8), "P": st.integers(3, 8), "x": st.integers(6, 16),
                               "m": st.integers(5, 16), "u": st.integers(8, 20), "I": st.integers(10, 24)})


def in_integers(seed, kind, bits, rounding, overflow, saturates):
    graph, s_in = drawn(seed, kind)
    changes = {f"words.{name}.bits": value for name, value in bits.items()} | {"datapath.saturates": saturates}
    changes |= {f"words.{name}.{key}": value for name in ("x", "m", "u")
                for key, value in (("rounding", rounding), ("overflow", overflow))}
    return constrain(graph, chip.changed(CAMERA, changes | LEAKS | {"words.b.bits": 24}), s_in, clip=True).network, s_in


def agree(seed, kind, **drawn_words):
    try:
        made, s_in = in_integers(seed, kind, **drawn_words)
    except DmpnetError as error:  # a memory that so few bits cannot hold, a threshold beyond a word
        assert re.search("grows? without bound|would never fire|bits apart|leaks in a step lies", str(error)), error
        assume(False)
    want = reference.run(made, s_in, ALL)
    assume(informative(want) and np.abs(want.m[1]).max() > 1 and want.x[1].any())
    assert_same(simulate(made, s_in, record=ALL, batch=2), want)


def any_words(examples):
    def wrapped(test):
        return settings(max_examples=examples, deadline=None)(given(
            seed=st.integers(0, 10**6), kind=st.sampled_from(["spikes", "analog"]), bits=words,
            rounding=st.sampled_from(["floor", "nearest", "zero", "stochastic"]),
            overflow=st.sampled_from(["saturate", "wrap"]), saturates=st.sampled_from(["after", "before"]))(test))
    return wrapped


@any_words(3)
def test_any_graph_in_any_words_is_the_same_in_brian2(**given):
    agree(**given)


@pytest.mark.slow
@any_words(60)
def test_many_graphs_in_any_words_are_the_same_in_brian2(**given):
    agree(**given)


WORDS = {"bits": {"W_f": 6, "P": 8, "x": 12, "m": 10, "u": 12, "I": 16}, "rounding": "stochastic",
         "overflow": "saturate", "saturates": "after"}


def like(seed):
    """Graphs of one form, of other weights."""
    made, s_in = in_integers(5, "spikes", **WORDS)
    rng = np.random.default_rng(seed)

    def other(node):
        if isinstance(node, (Affine, Convolution)):
            return replace(node, weight=rng.permuted(node.weight, axis=0))
        return replace(node, c=node.c + seed) if isinstance(node, Population) else node

    return Graph({name: other(node) for name, node in made.nodes.items()}, made.edges, "out", made.encoding), s_in


@compiles
@pytest.mark.slow
def test_compiled_programs_are_the_same_and_take_other_weights(tmp_path, monkeypatch):
    graph, s_in = like(0)
    want = reference.run(graph, s_in, ALL)
    assert informative(want) and want.x[1].any()
    assert_same(simulate(graph, s_in, backend="cpp_standalone", record=ALL, cache=tmp_path), want)
    monkeypatch.setattr(standalone, "_build", lambda *_: pytest.fail("compiled again"))
    graph, s_in = like(1)
    want = reference.run(graph, s_in, ALL)
    assert want.spikes[0].any()
    assert_same(simulate(graph, s_in, backend="cpp_standalone", record=ALL, cache=tmp_path), want)


@pytest.mark.slow
def test_the_same_in_cython():
    pytest.importorskip("Cython")
    graph, s_in = like(0)
    assert_same(simulate(graph, s_in, backend="cython", record=ALL), reference.run(graph, s_in, ALL))


def test_words_and_shifts_shape_a_program_weights_do_not():
    def key(graph):
        return standalone.key(standalone.designed(graph_simulation.Graphed(graph), 3, 25, ALL))

    (one, _), (other, _) = like(0), like(1)
    shifted = replace(one.nodes["first"], fixed=replace(one.nodes["first"].fixed, shift_f=9))
    assert key(one) == key(other)
    assert key(one) != key(Graph(dict(one.nodes) | {"first": shifted}, one.edges, "out", one.encoding))


# files


@pytest.mark.parametrize("kind", ["spikes", "analog"])
def test_a_file_holds_it_whole(kind, tmp_path):
    graph, s_in = exponential(5, kind)
    made = constrain(graph, CAMERA, s_in).network
    networks.save(made, tmp_path / "made.npz")
    back = networks.named(tmp_path / "made.npz")
    assert back.integer and back.encoding == made.encoding and back.provenance["chip"] == CAMERA.name
    assert (back.encoding.levels > 0) == (kind == "analog")
    assert back.nodes["first"].fixed.described == made.nodes["first"].fixed.described
    assert_same(reference.run(back, s_in, ALL), reference.run(made, s_in, ALL))
    held = np.load(tmp_path / "made.npz")
    assert {str(held[key].dtype) for key in held if key.endswith(".weight")} <= {"int8", "uint8"}


UNSOUND = {
    "a weight that is not whole": lambda n: {"conv": replace(n["conv"], weight=n["conv"].weight + 0.5)},
    "a bias before the shift": lambda n: {"conv": replace(n["conv"], bias=np.ones(len(n["conv"].weight)))},
    "a mean": lambda n: {"pool": replace(n["pool"], mean=True)},
    "neurons in real numbers": lambda n: {"first": replace(n["first"], fixed=None)},
    "a gain": lambda n: {"first": replace(n["first"], g=2.0)},
    "a late reset": lambda n: {"first": replace(n["first"], late=True)},
}


@pytest.mark.parametrize("case", UNSOUND)
def test_what_is_not_in_integers_is_told_by_name(case):
    made = integers()
    spoilt = UNSOUND[case](made.nodes)
    with pytest.raises(DmpnetError, match=f"node '{next(iter(spoilt))}': no such node computes in integers"):
        Graph(made.nodes | spoilt, made.edges, made.output, made.encoding)


def test_levels_and_other_formats():
    made = integers()
    with pytest.raises(DmpnetError, match="input.levels = 7, but analog input"):
        Graph(made.nodes, made.edges, made.output, replace(made.encoding, levels=7))
    with pytest.raises(DmpnetError, match="in integers, but NIR"):
        to_nir(made)
    with pytest.raises(DmpnetError, match="in integers already"):
        constrain(made, CAMERA, drawn(5)[1])


# what is refused


def wrong(**nodes):
    return lambda graph: Graph(dict(graph.nodes) | {name: made(graph.nodes[name]) for name, made in nodes.items()},
                               graph.edges, graph.output, graph.encoding)


def edges(*pairs):
    return lambda graph: Graph(graph.nodes, tuple({edge: other for edge, other in pairs}.get(edge, edge)
                                                  for edge in graph.edges), graph.output, graph.encoding)


def unweighted(graph):
    nodes = dict(graph.nodes) | {"again": Population((9,), 0.5)}
    return Graph(nodes, (*(edge for edge in graph.edges if edge.target != "out"), Edge("second", "again"),
                         Edge("again", "out")), "out", graph.encoding)


def delayed(graph):
    nodes = dict(graph.nodes) | {"late": Delay(np.ones(graph.nodes["flat"].shape_out, int))}
    return Graph(nodes, (*(edge for edge in graph.edges if edge != Edge("flat", "W_f")), Edge("flat", "late"),
                         Edge("late", "W_f")), "out", graph.encoding)


def shared(graph):
    nodes = dict(graph.nodes) | {"twin": Population((9,), 0.5)}
    return Graph(nodes, (*graph.edges, Edge("W_f", "twin")), "out", graph.encoding)


REFUSED = {
    "no leak": (wrong(first=lambda n: replace(n, beta=1.0, decay="exponential")), "first",
                "a leak beta = 1, but a core has 0 to 0.996094; .* 'linear' with beta = 0"),
    "no threshold": (wrong(first=lambda n: replace(n, theta=0.0)), "first", "g or theta is 0 or less"),
    "other constants": (wrong(first=lambda n: replace(n, beta=0.3, decay="shift")), "first", "shift = 1.7.* whole"),
    "a leak each": (wrong(first=lambda n: replace(n, beta=np.random.default_rng(0).uniform(size=n.shape))), "first",
                    "a decay each"),
    "a decay the chip lacks": (wrong(second=lambda n: replace(n, beta=0.25, decay="shift")), "second",
                               "decay shift, but a core has exponential"),
    "a synaptic current": (wrong(first=lambda n: replace(n, alpha=0.5)), "first", "a synaptic current"),
    "a reset": (wrong(first=lambda n: replace(n, reset="none")), "first", "reset none, but a core has soft, hard"),
    "a delay": (delayed, "late", "axonal delays: a Delay"),
    "a late bias": (edges((Edge("W_f", "second"), Edge("W_f", "second", True))), "second",
                    "a bias that arrives a step late"),
    "a late memory": (edges((Edge("m", "W_m"), Edge("m", "W_m", True))), "second", "a slow memory heard late"),
    "no weights": (unweighted, "again", "no weights on the way from 'second'.*Scale of ones"),
    "one for two": (shared, "W_f", "weights or a memory heard by two populations.*node of its own"),
    "no neurons at the end": (lambda graph: Graph(dict(graph.nodes) | {"y": Population((4,), 0.5, theta=None)},
                                                  (*graph.edges, Edge("out", "y")), "y", graph.encoding), "y",
                              "neurons that do not fire"),
}


@cache
def integers():
    graph, s_in = exponential()
    return constrain(graph, CAMERA, s_in).network


@cache
def exponential(seed=5, kind="spikes"):
    """A drawn graph that the chip has integers for."""
    graph, s_in = drawn(seed, kind)
    return wrong(first=lambda n: replace(n, beta=0.5, decay="exponential", theta=np.max(n.theta)))(graph), s_in


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_chip_has_not_is_refused_by_name(case):
    spoil, name, told = REFUSED[case]
    graph, _ = exponential()
    with pytest.raises(DmpnetError, match=f"node '{name}': .*{told}"):
        constrain(spoil(graph), CAMERA, np.zeros((1, 1, 1)))  # before it looks at data


def test_all_of_it_is_told_at_once():
    graph, s_in = exponential()
    for case in ("no leak", "a late memory", "no weights"):
        graph = REFUSED[case][0](graph)
    with pytest.raises(DmpnetError, match="node 'first': .*; node 'second': .*; node 'again': "):
        constrain(graph, CAMERA, s_in)
    with pytest.raises(DmpnetError, match="leave rows out"):
        constrain(exponential()[0], CAMERA, s_in, rows=True)
    with pytest.raises(DmpnetError, match="d = 3, but .* has 2 slots"):
        constrain(exponential()[0], chip.changed(CAMERA, {"limits.slots": 2}), s_in)


def test_sums_that_are_not_exact_are_refused():
    wide = {"words.W_f.bits": 40, "words.s_in.bits": 20}
    graph, s_in = exponential()
    analog = Graph(graph.nodes, graph.edges, "out", replace(graph.encoding, kind="analog"))
    with pytest.raises(DmpnetError, match=r"node 'first': sums of W_f may reach 2\^5.*fewer bits"):
        constrain(analog, chip.changed(CAMERA, wide), s_in * 0.5)


def test_a_scale_and_skips_share_the_unit_of_their_neurons():
    """Two routes to one population, one of them of the step before, and a Scale: sums as in real numbers."""
    rng = np.random.default_rng(1)
    nodes = {"in": Input((6,)), "W": Affine(rng.normal(0.3, 1, (6, 6))), "a": Population((6,), 0.5, theta=1.0),
             "V": Affine(rng.normal(0.3, 1, (6, 6))), "skip": Scale(rng.uniform(0.5, 2, 6)),
             "b": Population((6,), 0.5, theta=1.5), "out": Affine(np.ones((2, 6)))}
    graph = Graph(nodes, (Edge("in", "W"), Edge("W", "a"), Edge("a", "V"), Edge("V", "b", True),
                          Edge("in", "skip", True), Edge("skip", "b"), Edge("b", "out")), "out",
                  Encoding("spikes", 6, 40, 1e-3))
    s_in = rng.random((3, 40, 6)) < 0.2
    wide = {"words.W_f.bits": 24, "words.u.bits": 32, "words.I.bits": 40}
    made = constrain(graph, chip.changed(CAMERA, wide), s_in).network
    unit = np.abs(np.concatenate([nodes["V"].weight.ravel(), nodes["skip"].scale])).max() / (2**23 - 1)
    np.testing.assert_array_equal(made.nodes["skip"].scale, np.rint(nodes["skip"].scale / unit))
    got, want = reference.run(made, s_in, ALL), reference.run(graph, s_in, ALL)
    assert want.margin > 1e-4 and informative(want)
    for a, b in zip(got.spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(a, b)
    assert_same(simulate(made, s_in, record=ALL), got)


# the command


@pytest.mark.filterwarnings("ignore:.*not the official")
@pytest.mark.parametrize("evaluates", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_command_makes_a_graph_of_whole_numbers(evaluates, digits_to_read, tmp_path, capsys):  # noqa: F811
    name = tmp_path / "trained.npz"
    file.save(trained.of(weights.load(name)), name)
    asked = ["--evaluate", "--samples", "3", "--split", "train"]  # no validation part: nothing says how it was trained
    assert cli.main([*digits_to_read, "--chip", "dmp", *asked * evaluates]) == 0
    made = networks.named(tmp_path / "made.npz")
    assert isinstance(made, Graph) and made.integer and made.encoding.levels == 255
    record = json.loads((tmp_path / "made.json").read_text())
    assert record["fit"]["fits"] and {change["layer"] for change in record["changes"]} == {"layer1", "layer2"}
    if evaluates:
        assert all(row["spikes that differ from the reference"] == 0 < row["compared"] for row in record["accuracy"])
        assert [row["layer"] for row in record["layers"]] == ["layer1", "layer2"]
        assert all(0.9 < row["correlation"] <= 1 and 0 < row["error %"] < 40 for row in record["layers"])
    assert cli.main(["info", str(tmp_path / "made.npz")]) == 0
    assert "whole numbers" in capsys.readouterr().out


def test_the_command_refuses_before_it_reads_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    graph, _ = exponential()
    networks.save(REFUSED["a late memory"][0](graph), "late.npz")
    networks.save(graph, "net.npz")
    before = sorted(tmp_path.iterdir())
    assert cli.main(["constrain", "late.npz", "--chip", "dmp-camera", "--set", "limits.neurons=8"]) == 2
    told = capsys.readouterr()
    assert "node 'second': a slow memory heard late" in told.out and "neurons, but 8 fit" in told.out
    assert re.search("[23] of .* limits broken", told.err)
    for option in (["--rows"], ["--finetune", "3"]):
        assert cli.main(["constrain", "net.npz", "--chip", "dmp-camera", *option]) == 2
        assert f"{option[0]}: net.npz is a graph" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_calibration_in_pieces_sees_what_one_run_does(monkeypatch):
    graph, s_in = drawn(5)
    whole = reference.run(graph, s_in, ("spikes", "u", "m", "x"))
    monkeypatch.setattr(graph_integers, "PIECE", 2)
    found = graph_integers.seen(graph, s_in)
    assert found.m[0] is None is found.x[0]
    for a, b in zip([*found.spikes, found.m[1], found.x[1]], [*whole.spikes, whole.m[1], whole.x[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)  # BLAS adds up otherwise for other shapes
    for a, b in zip(found.u, whole.u, strict=True):
        np.testing.assert_allclose(a[0, 0], np.abs(b).max((0, 1)), rtol=1e-12)
