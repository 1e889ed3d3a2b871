"""Networks as NIR and back: the identity, bit for bit; and what a reader without the tags is given."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from nir_graphs import active, nir

import dmpnet
from dmpnet import nir as ours
from dmpnet import reference
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
    trained,
)
from dmpnet.reference import graphs
from dmpnet.trained.encoding import Encoding


def assert_same(one, other):
    """Two graphs, bit for bit."""
    assert list(one.nodes) == list(other.nodes) and one.edges == other.edges and one.output == other.output
    assert one.provenance == other.provenance
    for a, b in ((one.encoding, other.encoding), *((one.nodes[name], other.nodes[name]) for name in one.nodes)):
        assert type(a) is type(b)
        for f in dataclasses.fields(a):
            x, y = getattr(a, f.name), getattr(b, f.name)
            assert (x is None) == (y is None) and np.shape(x) == np.shape(y) and np.array_equal(x, y), f.name


def round_trip(graph, path):
    ours.save(graph, path)
    for source in (path, ours.to_nir(graph), nir.read(path, type_check=False)):
        assert_same(graph, dmpnet.from_nir(source))
    return dmpnet.from_nir(path)


# trained networks

KINDS = {"FSNN": {}, "RSNN": {"kind": "RSNN"}, "DSNN": {"kind": "FSNN", "delay": 5}, "DMP": {"kind": "DMP"},
         "soft": {"kind": "FSNN", "reset": "soft"}, "all": {"kind": "DMP+RSNN", "delay": (3, 2), "reset": "soft"}}


def of_kind(name, **more):
    return random_network(**{"kind": "FSNN"} | KINDS[name] | more)


@pytest.mark.parametrize("name", KINDS)
def test_a_trained_network_is_a_graph_and_back(name, tmp_path):
    network = of_kind(name)
    s_in = random_input(network, 5)
    graph = trained.of(network)
    want, got = reference.run(network, s_in), graphs.run(round_trip(graph, tmp_path / "n.nir"), s_in)
    assert want.margin > 1e-9
    for one, other in zip(want.spikes, got.spikes, strict=True):
        assert np.array_equal(active(one), other)
    assert np.abs(want.logits - got.logits).max() < 1e-12
    assert_same(dmpnet.from_nir(ours.to_nir(network)), graph)


@pytest.mark.parametrize("name", ["smnist-dmp2", "shd-regen-delays", "smnist-rsnn"])
def test_a_shipped_network_is_a_graph_and_back(name, tmp_path):
    network = dmpnet.load(name)
    s_in = random_input(network, 2, steps=200, rate=0.1 if network.encoding.kind == "spikes" else 0.9)
    want, got = reference.run(network, s_in), graphs.run(round_trip(trained.of(network), tmp_path / "n.nir"), s_in)
    for one, other in zip(want.spikes, got.spikes, strict=True):
        assert np.array_equal(active(one), other)


@pytest.mark.parametrize(("how", "says"), [
    ({"d_s": 2}, "layer1: d_s = 2"), ({"acts": "gain"}, "layer1: .*acts on the gain"),
    ({"acts": "threshold"}, "layer1: .*acts on the threshold"), ({"kappa": 0.5}, "kappa = 0.5")])
def test_what_a_graph_does_not_express_is_refused(how, says):
    with pytest.raises(DmpnetError, match=says):
        trained.of(random_network(kind="DMP", **how))


def test_a_memory_that_looks_ahead_is_a_graph():
    network = random_network(kind="DMP")
    layers = [dataclasses.replace(layer, slow=dataclasses.replace(
        layer.slow, W_m=layer.slow.W_m @ layer.slow.Abar, nu=layer.slow.W_m @ layer.slow.Bbar))
        for layer in network.layers]
    ahead = dataclasses.replace(network, layers=tuple(layers))
    s_in = random_input(network, 4)
    want, got = reference.run(ahead, s_in), graphs.run(trained.of(ahead), s_in)
    assert all(np.array_equal(active(one), other) for one, other in zip(want.spikes, got.spikes, strict=True))
    assert_same(trained.of(ahead), dmpnet.from_nir(ours.to_nir(ahead)))


# who does not read the tags


@pytest.mark.parametrize("name", ["FSNN", "RSNN", "DSNN"])
def test_what_nir_expresses_needs_no_tags(name):
    """>= theta as > the number below; r, tau, a circle, Delay: other tools read all of it."""
    network = of_kind(name)
    s_in = random_input(network, 5)
    bare = stripped(ours.to_nir(network))
    got, want = graphs.run(dmpnet.from_nir(bare, network.encoding.dt), s_in), reference.run(network, s_in)
    assert all(np.array_equal(active(one), other) for one, other in zip(want.spikes, got.spikes, strict=True))


def test_a_membrane_on_the_threshold_fires_as_before():
    """u = theta: >= fires, > does not; both come back, with tags and without."""
    for strict in (False, True):
        node = Population((1,), 0.5, 1.0, theta=1.0, strict=strict)
        graph = Graph({"i": Input((1,)), "n": node, "t": Threshold(np.ones(1), strict)},
                      (Edge("i", "n"), Edge("i", "t")), "n", Encoding("analog", 1, 1, 1e-3))
        for made in (ours.to_nir(graph), stripped(ours.to_nir(graph))):
            for output in ("n", "t"):
                back = dataclasses.replace(dmpnet.from_nir(made, 1e-3), output=output)
                assert graphs.run(back, np.ones((1, 1, 1)), "readout").readout[0, 0, 0] == (not strict)


def stripped(graph):
    """Without metadata, as a tool writes it that drops what it does not know."""
    for node in (graph, *graph.nodes.values()):
        node.metadata = {}
        if isinstance(node, nir.NIRGraph) and node is not graph:
            stripped(node)
    return graph


@pytest.mark.parametrize("name", ["DMP", "soft", "all"])
def test_nobody_is_given_half_a_network(name, tmp_path):
    """Tags stripped, or not read: refused, by the node that NIR has no word for."""
    network = of_kind(name)
    ours.save(network, tmp_path / "n.nir")
    guilty = {"DMP": {"layer1.x", "layer2.x"}, "soft": {"layer1", "layer2"},
              "all": {"layer1", "layer2", "layer1.x", "layer2.x"}}[name]
    for report in (ours.report(tmp_path / "n.nir", 1e-3, tags=False),
                   ours.report(stripped(ours.to_nir(network)), 1e-3)):
        assert {row.node for row in report.refused} == guilty
        assert all("not finite" in row.says for row in report.refused)
    told = ours.report(tmp_path / "n.nir", 1e-3, tags=False).refused[0].says
    assert "by which dmpnet marks what NIR does not express" in told


def test_a_slow_memory_is_nirs_own_nodes():
    """m = A m + B x as Linear, Scale, Delay and Linear: read without tags it computes the same."""
    rng = np.random.default_rng(0)
    memory = Memory(0.3 * rng.normal(size=(4, 4)), rng.normal(size=(4, 2)))
    graph = Graph({"i": Input((2,)), "m": memory}, (Edge("i", "m"),), "m", Encoding("analog", 2, 1, 1e-3))
    x = rng.normal(size=(1, 30, 2))
    bare = dmpnet.from_nir(stripped(ours.to_nir(graph)), 1e-3)
    assert not any(isinstance(node, Memory) for node in bare.nodes.values())
    want, got = (graphs.run(each, x, "readout").readout for each in (graph, bare))
    assert np.abs(want - got).max() < 1e-12 < np.abs(want).max()


def test_a_tag_that_the_node_contradicts_is_not_believed():
    graph = ours.to_nir(of_kind("DMP"))
    graph.nodes["layer1"].tau = graph.nodes["layer1"].tau * 1.5
    with pytest.raises(DmpnetError, match="LIF 'layer1': tau is not what the tag in its metadata says"):
        dmpnet.from_nir(graph)
    graph = ours.to_nir(of_kind("DMP"))
    graph.nodes["layer1.m"].edges.pop()
    with pytest.raises(DmpnetError, match="'layer1.m': metadata 'dmpnet': its nodes or edges"):
        dmpnet.from_nir(graph)
    graph = ours.to_nir(of_kind("FSNN"))
    graph.metadata["dmpnet"] = json.dumps({"format": "other"})
    with pytest.raises(DmpnetError, match="metadata 'dmpnet' of the graph cannot be read"):
        dmpnet.from_nir(graph)


def test_dt_of_a_tagged_file_is_its_own():
    graph = ours.to_nir(of_kind("FSNN", dt=2e-3))
    assert dmpnet.from_nir(graph).encoding.dt == dmpnet.from_nir(graph, 2e-3).encoding.dt == 2e-3
    with pytest.raises(DmpnetError, match=r"dt = 0.001 s, but the file was written .* 0.002 s"):
        dmpnet.from_nir(graph, 1e-3)


# graphs of any nodes


@st.composite
def populations(draw):
    """Three neurons in any combination of conventions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    each = lambda low, high: rng.uniform(low, high, draw(st.sampled_from([(), (3,)])))  # noqa: E731
    fires = draw(st.booleans())
    late = fires and draw(st.booleans())
    return Population(
        (3,), draw(st.sampled_from([1.0, 0.0, each(0.1, 0.9)])), each(0.1, 1), draw(st.sampled_from([0.0, each(0, 1)])),
        each(0.5, 1) if fires else None, draw(st.booleans()), draw(st.sampled_from(["value", "subtract", "none"])),
        draw(st.sampled_from([0.0, each(-0.2, 0.2)])), late, draw(st.sampled_from([None, each(0.1, 0.9), 1.0])),
        draw(st.sampled_from([1.0, each(0.5, 1)])), draw(st.sampled_from([None, 0.3])),
        0 if late else draw(st.integers(0, 2)), draw(st.sampled_from([None, -0.5])),
        draw(st.sampled_from([0.0, 0.1])), draw(st.sampled_from(["exponential", "linear", "shift"])))


@given(populations())
@settings(max_examples=80, deadline=None)
def test_any_population_comes_back_or_is_refused_never_changed(node):
    """With tags it is the same, bit for bit; without them it fires as it does, or is refused."""
    graph = Graph({"i": Input((3,)), "n": node}, (Edge("i", "n"),), "n", Encoding("analog", 3, 1, 1e-3))
    made = ours.to_nir(graph)
    assert_same(graph, dmpnet.from_nir(made))
    x = np.random.default_rng(0).uniform(0, 1, (2, 50, 3))
    report = ours.report(stripped(made), 1e-3)
    if report.ok:
        want, got = (graphs.run(each, x, "readout").readout for each in (graph, dmpnet.from_nir(made, 1e-3)))
        assert np.array_equal(want > 0, got > 0) if node.fires else np.allclose(want, got, 1e-9, 1e-12)


def everything():
    """A graph with every kind of node, late edges that are no circle, and a circle."""
    rng = np.random.default_rng(1)
    nodes = {
        "i": Input((2, 8, 6)), "conv": Convolution(rng.normal(size=(4, 1, 3, 3)), (2, 8, 6), None, (1, 1),
                                                   ((1, 1), (1, 1)), (1, 1), 2),
        "same": Convolution(rng.normal(size=(2, 4, 2, 4)), (4, 8, 6), rng.normal(size=2), (), ((0, 1), (1, 2))),
        "if": Population((2, 8, 6), 1.0, 1.0, strict=True), "pool": Pool((2, 8, 6), (2, 3), mean=True),
        "flat": Flatten((2, 4, 2), 0, -1), "lines": Flatten((2, 8, 6), 1, 2),
        "pool1": Pool((2, 48), (3,), (3,)),
        "conv1": Convolution(rng.normal(size=(1, 2, 5)), (2, 16), rng.normal(size=1)),
        "w": Affine(rng.normal(size=(5, 16)), rng.normal(size=5)),
        "lif": Population((5,), rng.uniform(0.5, 0.9, 5), 0.4),
        "rec": Affine(rng.normal(size=(5, 5))), "delay": Delay(np.array([0, 1, 2, 3, 4])),
        "scale": Scale(rng.normal(size=5)), "relu": Rectify((5,)), "over": Threshold(np.full(5, 0.3), strict=False),
        "memory": Memory(0.2 * rng.normal(size=(3, 3)), rng.normal(size=(3, 5))),
        "out": Affine(rng.normal(size=(2, 3)))}
    joined = [("i", "conv"), ("conv", "same"), ("same", "if"), ("if", "pool"), ("if", "lines"), ("lines", "pool1"),
              ("pool1", "conv1"), ("pool", "flat"), ("flat", "w"), ("w", "lif"), ("rec", "lif"), ("lif", "delay"),
              ("delay", "scale"), ("scale", "relu"), ("relu", "memory"), ("over", "memory"), ("memory", "out")]
    edges = [*(Edge(*pair) for pair in joined), Edge("lif", "rec", True), Edge("lif", "over", True)]
    return Graph(nodes, tuple(edges), "out", Encoding("spikes", 96, 7, 5e-4, "mine"), {"made": "here"})


def test_every_kind_of_node_comes_back(tmp_path):
    graph = everything()
    back = round_trip(graph, tmp_path / "g.nir")
    x = np.random.default_rng(2).random((2, 40, 96)) < 0.2
    one, other = (graphs.run(each, x, ("spikes", "u", "readout")) for each in (graph, back))
    assert all(np.array_equal(a, b) for a, b in zip(one.spikes + one.u, other.spikes + other.u, strict=True))
    assert np.array_equal(one.readout, other.readout) and 0 < np.abs(one.readout).max()
    active(one.spikes[-1])
    assert nir.read(tmp_path / "g.nir", type_check=False).nodes.keys() >= graph.nodes.keys()


def test_an_imported_graph_is_the_same_once_more(tmp_path):
    """Import, export, import."""
    lif = nir.LIF(*(np.full(4, value) for value in (7e-3, 1.3, 0.1, 0.4)))
    first = dmpnet.from_nir(nir.NIRGraph.from_list(nir.Affine(np.eye(4), np.zeros(4)), lif), 1e-3)
    assert_same(first, round_trip(first, tmp_path / "g.nir"))


@pytest.mark.parametrize(("nodes", "edges", "says"), [
    ({"i": Input((2,)), "a/b": Scale(np.ones(2))}, [("i", "a/b")], "node 'a/b'"),
    ({"i": Input((2,)), "n": Scale(np.ones(2))}, [("i", "n"), ("i", "n")], "'i' -> 'n' is there twice"),
    ({"i": Input((1, 4)), "n": Convolution(np.ones((1, 1, 2)), (1, 4), padding=((2, 0),))}, [("i", "n")],
     "node 'n': padding")])
def test_what_nir_cannot_hold_is_refused(nodes, edges, says):
    graph = Graph(nodes, tuple(Edge(*pair) for pair in edges), list(nodes)[-1],
                  Encoding("analog", int(np.prod(nodes["i"].shape)), 1, 1e-3))
    with pytest.raises(DmpnetError, match=says):
        ours.to_nir(graph)
