"""Graphs in Brian2: spike for spike the reference on every back end, kernels held once, the session untouched."""

import math
import shutil
import tracemalloc

import brian2
import numpy as np
import pytest
from brian2 import ms, mV
from graphs import informative, random_graph, random_population
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_graph import chain, convolutions, unrolled

import dmpnet
from dmpnet import reference
from dmpnet.brian import batches, graph_simulation, graphs, kernels, session, standalone
from dmpnet.brian.backends import MAKE, TWO_AT_ONCE
from dmpnet.brian.graph_wiring import names
from dmpnet.brian.simulation import simulate
from dmpnet.errors import BackendError, DmpnetError
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
)
from dmpnet.trained.encoding import Encoding

ALL = ("spikes", "u", "readout")
compiles = pytest.mark.skipif(shutil.which("g++") is None or shutil.which("make") is None,
                              reason="needs a C++ compiler: g++ and make are not found")
seeds = st.integers(0, 2**32 - 1)


def assert_same(got, want):
    """Every spike, and all else up to rounding."""
    assert len(got.spikes) == len(want.spikes) > 0
    for a, b in zip(got.spikes, want.spikes, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip([*got.counts, *got.rates], [*want.counts, *want.rates], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)
    for a, b in zip([*got.u, got.readout, got.logits], [*want.u, want.readout, want.logits], strict=True):
        assert np.abs(a - b).max() <= 1e-11 * max(1.0, np.abs(b).max())


@given(seeds, st.integers(1, 3), st.sampled_from(["spikes", "analog"]))
@settings(max_examples=12, deadline=None)
def test_any_graph_does_what_the_reference_does(seed, populations, kind):
    graph, s_in = random_graph(np.random.default_rng(seed), populations, kind)
    want = reference.run(graph, s_in, ALL)
    assume(informative(want))
    assert_same(simulate(graph, s_in, record=ALL, batch=2), want)


def everything(seed=0):
    """(graph, s_in) with every kind of node, conventions of each sort, and late edges from behind and from ahead."""
    rng = np.random.default_rng(seed)
    conv = Convolution(rng.normal(size=(4, 1, 3, 2)) / 2, (2, 7, 6), rng.normal(size=4) / 4, (2, 1), ((1, 2), (0, 1)),
                       (1, 2), groups=2)
    of, each = conv.shape_out, rng.uniform
    nodes = {
        "s": Input((2, 7, 6)), "conv": conv,
        "lif": Population(of, each(0.6, 0.9, of), 0.4, 0.05, each(0.9, 1.4, of), reset="subtract", late=True,
                          alpha=0.4, w=0.9, g_before=0.2, floor=-0.4),
        "pool": Pool(of, (2, 2), (1, 2), (1, 0), mean=True), "rows": Flatten((4, 5, 2), 1),
        "blocks": Affine(rng.normal(size=(4, 3, 10)), rng.normal(size=(4, 3)) / 10), "flat": Flatten((4, 3)),
        "delay": Delay(rng.integers(0, 4, 12)),
        "linear": Population((12,), 0.1, 0.5, theta=0.7, strict=True, u_reset=each(-0.2, 0.1, 12), decay="linear",
                             refractory=rng.integers(0, 3, 12), u_0=each(-0.3, 0.3, 12)),
        "scale": Scale(rng.normal(size=12)),
        "memory": Memory(rng.normal(size=(5, 5)) / 5, rng.normal(size=(5, 12)) / 2),
        "relu": Rectify((5,)), "over": Threshold(np.full(5, 0.4)), "W": Affine(rng.normal(size=(6, 5)) / 2),
        "shift": Population((6,), 0.25, 0.3, theta=0.6, decay="shift", reset="none"),
        "out": Affine(rng.normal(size=(3, 6))), "y": Population((3,), 0.4, 0.3, theta=None)}
    order = list(nodes)
    edges = [Edge(a, b) for a, b in zip(order, order[1:], strict=False)]
    edges += [Edge("lif", "lif", True), Edge("flat", "linear", True), Edge("linear", "delay", True),
              Edge("relu", "W"), Edge("memory", "relu", True), Edge("y", "y", True)]
    return (Graph(nodes, tuple(edges), "y", Encoding("analog", 84, 30, 1e-3)), rng.normal(size=(5, 30, 2, 7, 6)))


def test_first_membranes_are_not_heard_before_the_first_step():
    """An integrator that begins at 0.5 and hears itself a step late: u = 0.5 beta, then beta u + u."""
    graph = chain(Input((1,)), Population((1,), 0.5, theta=None, u_0=0.5), Scale(np.ones(1)), late=[(1, 1), (1, 2)])
    s_in = np.zeros((1, 4, 1))
    net = graphs.convert(graph, s_in, record="readout")
    with session.run_time("numpy"):
        net.run(namespace={})
    u = [0.25 * 1.5**k for k in range(4)]
    assert net.activity().readout[0, :, 0].tolist() == [a + b for a, b in zip(u, [0, *u], strict=False)]


def test_a_graph_of_every_kind_of_node_in_numpy():
    graph, s_in = everything()
    assert {type(node) for node in graph.nodes.values()} == {*file.KINDS.values()}
    want = reference.run(graph, s_in, ALL)
    assert informative(want) and all(0.01 < rate.mean() < 0.6 for rate in want.rates)
    assert_same(simulate(graph, s_in, record=ALL, batch=3), want)
    assert_same(simulate(graph, s_in.reshape(5, 30, -1), record=ALL), want)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with the program of `everything`, three samples: the only compilation in the default run."""
    folder = tmp_path_factory.mktemp("cache")
    graph, s_in = everything()
    assert_same(simulate(graph, s_in, backend="cpp_standalone", record=ALL, batch=3, cache=folder),
                reference.run(graph, s_in, ALL))
    return folder


@compiles
@pytest.mark.parametrize("processes", [1, 2])
def test_other_weights_and_constants_use_the_same_program(processes, cache, monkeypatch):
    monkeypatch.setattr(standalone, "_build", lambda *_: pytest.fail("compiled again"))
    graph, s_in = everything(seed=1)
    assert not np.array_equal(graph.nodes["delay"].steps, everything()[0].nodes["delay"].steps)
    want = reference.run(graph, s_in, ALL)
    assert informative(want)
    assert_same(simulate(graph, s_in, backend="cpp_standalone", record=ALL, batch=3, cache=cache,
                         processes=processes), want)


@compiles
def test_what_shapes_the_code_makes_another_program():
    def key(graph):
        return standalone.key(standalone.designed(graph_simulation.Graphed(graph), 3, 30, ALL))

    def changed(**nodes):
        return Graph(dict(graph.nodes) | nodes, graph.edges, graph.output, graph.encoding)

    graph, _ = everything()
    keys = [key(graph), key(changed(shift=Population((6,), 0.125, 0.4, theta=0.6, decay="shift"))),
            key(changed(shift=Population((6,), np.linspace(0.1, 0.2, 6), 0.4, theta=0.6, decay="shift", reset="none"))),
            key(changed(over=Threshold(np.full(5, 0.4), strict=False))),
            key(Graph(graph.nodes, graph.edges[1:], graph.output, graph.encoding)),
            key(changed(shift=Population((6,), 0.125, 0.4, c=0.1, theta=0.6, decay="shift", reset="none")))]
    assert len(set(keys)) == len(keys)
    assert key(changed(over=Threshold(np.full(5, 0.3)))) == keys[0]


@pytest.mark.slow
def test_a_graph_of_every_kind_of_node_in_cython():
    pytest.importorskip("Cython")
    graph, s_in = everything()
    assert_same(simulate(graph, s_in, backend="cython", record=ALL, batch=3), reference.run(graph, s_in, ALL))


@compiles
@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 8, 21])
def test_any_graph_in_a_compiled_program(seed, tmp_path):
    graph, s_in = random_graph(np.random.default_rng(seed), 2, "spikes")
    want = reference.run(graph, s_in, ALL)
    assert informative(want)
    assert_same(simulate(graph, s_in, backend="cpp_standalone", record=ALL, cache=tmp_path), want)


# kernels held once


class Values:
    """A variable with values."""

    def __init__(self, values):
        self.values = values

    def get_value(self):
        return self.values


def multiplied(node, x):
    """What `node`'s product in NumPy makes of x (B, ...)."""
    w, b = Values(kernels.arranged(node)), None if node.bias is None else Values(node.bias.ravel())
    product = kernels.Kernels("W", kernels.geometry(node), w, b, Values(x.ravel()), len(x))
    return product(np.arange(len(product.y))).reshape(len(x), *node.shape_out)


@given(convolutions(), st.sampled_from([0.0, 1.1]), st.sampled_from([1, 500, 4_000_000]))
@settings(max_examples=60, deadline=None)
def test_a_product_is_that_with_the_unrolled_matrix(node, sparse, columns):
    """By BLAS or as a sparse matrix, all at once or a sample and a position at a time."""
    x = np.random.default_rng(0).normal(size=(3, *node.shape_in))
    x *= x > 0.5
    want = (x.reshape(3, -1) @ unrolled(node).T).reshape(3, *node.shape_out)
    want += node.bias.reshape(-1, *(1 for _ in node.shape_out[1:]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "SPARSE", sparse)
        patch.setattr(kernels, "COLUMNS", columns)
        patch.setattr(kernels, "ALONE", columns)
        assert np.abs(multiplied(node, x) - want).max() < 1e-12


@pytest.mark.slow
@given(convolutions(), seeds)
@settings(max_examples=8, deadline=None)
def test_a_convolution_spikes_as_its_unrolled_copy(node, seed):
    rng = np.random.default_rng(seed)
    s_in = rng.random((3, 25, *node.shape_in)) < 0.3
    sums = graphs_of(node).x(s_in)
    neurons = random_population(rng, node.shape_out, max(float(sums.std()), 1e-3), float(sums.mean()))
    dense = Affine(unrolled(node), np.repeat(node.bias, math.prod(node.shape_out[1:])))
    one = chain(Input(node.shape_in), node, neurons, kind="spikes")
    flat = {f"n{k}": each for k, each in enumerate((
        Input((math.prod(node.shape_in),)), dense, Population((dense.shape_out[0],), **{
            name: value.ravel() if np.ndim(value) else value for name, value in vars(neurons).items()
            if name != "shape"})))}
    other = Graph(flat, one.edges, "n2", one.encoding)
    got = simulate(one, s_in, record=ALL)
    assume(0.01 < got.rates[0].mean() < 0.5)
    assume(reference.run(one, s_in, ALL).margin > 1e-10)
    assert_same(got, simulate(other, s_in.reshape(3, 25, -1), record=ALL))


class graphs_of:
    """The sums that a node gives."""

    def __init__(self, node):
        self.node = node

    def x(self, s_in):
        return reference.run(chain(Input(self.node.shape_in), self.node), s_in, "readout").readout


def peak(side):
    """Most memory that building and running a network on side x side pixels takes, in bytes."""
    rng = np.random.default_rng(0)
    conv = Convolution(rng.normal(size=(8, 2, 3, 3)), (2, side, side), None, 1, ((1, 1), (1, 1)))
    graph = chain(Input((2, side, side)), conv, Population(conv.shape_out, 0.8, theta=3.0), kind="spikes")
    s_in = rng.random((1, 3, 2, side, side)) < 0.2
    simulate(graph, s_in[:, :1])
    tracemalloc.start()
    try:
        assert 0.01 < simulate(graph, s_in).rates[0].mean() < 0.5
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_matrix_is_unrolled():
    """64 x 64 pixels: 8192 x 32768 float64 would take 2.1 GB, by 16 x 16 it would grow 256-fold, not 16-fold."""
    small, large = peak(16), peak(64)
    assert large < 60e6 and large < 24 * small


# a network of the user's own


def converted(record=ALL, seed=0):
    graph, s_in = everything(seed)
    return graph, s_in, graphs.convert(graph, s_in, record=record)


def test_it_is_a_network_to_be_run_in_pieces_and_brought_back():
    graph, s_in, net = converted()
    want = reference.run(graph, s_in, ALL)
    with session.run_time("numpy"):
        net.run(11e-3 * brian2.second)
        net.store("eleven")
        with pytest.raises(DmpnetError, match="11 of 30 steps"):
            net.activity()
        net.run()
        assert_same(net.activity(), want)
        net.restore("eleven")
        assert net.steps_left == 19
        net.run(5e-3 * brian2.second)
        net.run()
        assert_same(net.activity(), want)
        assert net.steps_left == 0


def test_the_users_clock_and_precision_do_not_matter():
    before = brian2.defaultclock.dt
    brian2.defaultclock.dt = 0.25 * brian2.ms
    try:
        with session.preferred({"core.default_float_dtype": np.float32, "codegen.target": "numpy"}):
            graph, s_in, net = converted()
            net.run()
            assert_same(net.activity(), reference.run(graph, s_in, ALL))
            assert brian2.defaultclock.dt == 0.25 * brian2.ms
            net.clock.dt = 1.5 * brian2.ms
            with pytest.raises(DmpnetError, match="set clock.dt back"):
                net.activity()
    finally:
        brian2.defaultclock.dt = before


def test_spikes_are_events_that_other_synapses_hear():
    graph, s_in, net = converted()
    with session.run_time("numpy"):
        listener = brian2.NeuronGroup(1, "heard : 1", clock=net.clock, name="listener")
        synapses = brian2.Synapses(net[net.groups["lif"]], listener, on_pre="heard += 1", clock=net.clock)
        synapses.connect()
        net.add(listener, synapses)
        net.run(namespace={})
        assert listener.heard[0] == net.activity().counts[0].sum() > 100


def test_weights_are_changed_by_name():
    graph, s_in, net = converted()
    other = Graph(dict(graph.nodes) | {"W": Affine(2 * graph.nodes["W"].weight)}, graph.edges, "y", graph.encoding)
    with session.run_time("numpy"):
        net["w_W"].w *= 2
        net.run(namespace={})
        got = net.activity()
    want = reference.run(other, s_in, ALL)
    assert_same(got, want)
    assert (want.spikes[2] != reference.run(graph, s_in).spikes[2]).any()


def test_what_a_step_does_can_be_read():
    _, _, net = converted()
    told = net.dynamics()
    for line in ("i_syn = alpha*i_syn + w*x", "v = beta*u + g*i_syn + g_before*i_before + c", "v = v - s*theta",
                 "s = int(v >= theta)", "y = W_conv(i)", "total += u"):
        assert line in told, told


def test_names_brian2_does_not_take_are_changed_and_stay_apart():
    nodes = {"in": Input((2,)), "a.b": Scale(np.ones(2)), "a b": Scale(np.ones(2)), "0": Scale(np.ones(2)),
             "lif": Population((2,), 0.5), "spikes_lif": Scale(np.ones(2)), "readout": Scale(np.ones(2))}
    graph = Graph(nodes, (Edge("in", "lif"),), "lif", Encoding("analog", 2, 1, 1e-3))
    found = names(graph)
    assert found["in"] == "in" and found["a.b"] == "a_b" and found["a b"] == "a_b_2" and found["0"] == "n_0"
    assert len({*found.values(), "spikes_lif", "readout"}) == len(found) + 2


def test_batches_and_their_size(monkeypatch):
    graph, s_in = everything()
    want = reference.run(graph, s_in)
    told = []
    got = simulate(graph, s_in, record="spikes", batch=2, progress=lambda *done: told.append(done))
    assert told[-1] == (5, 5) and [(a != b).sum() for a, b in zip(got.spikes, want.spikes, strict=True)] == [0, 0, 0]
    assert np.allclose(got.logits, want.logits, rtol=1e-12)
    assert graph_simulation.batch_size(graph, (5, 30), "numpy", ALL) == 5
    assert graph_simulation.batch_size(graph, (5, 30), "cpp_standalone", ALL) == 8
    monkeypatch.setattr(graph_simulation, "BUDGET", 1)
    assert graph_simulation.batch_size(graph, (5, 30), "numpy", ALL) == 1
    assert batches.fitting(1000, 10**6, 10**8, True) == 32


@pytest.mark.parametrize(("given_", "kind", "words"), [
    ({"coupling": "synapses"}, DmpnetError, "coupling = 'synapses'"),
    ({"membrane": "u = 0.9*u + I"}, DmpnetError, "membrane"),
    ({"backend": "genn"}, BackendError, "genn"), ({"record": "v"}, DmpnetError, "'v'"),
    ({"batch": 0}, DmpnetError, "batch = 0"), ({"backend": "nest"}, BackendError, "nest"),
])
def test_what_a_graph_cannot_be_run_with_is_refused(given_, kind, words):
    graph, s_in = everything()
    with pytest.raises(kind, match=words):
        simulate(graph, s_in, **given_)


def test_input_of_a_graph_has_no_unit():
    graph, s_in = everything()
    with pytest.raises(DmpnetError, match="simulate: s_in = array .* has the unit volt, but it is without one; divide"):
        simulate(graph, s_in * mV)
    with pytest.raises(DmpnetError, match="convert: s_in = array of shape .* has the unit second"):
        graphs.convert(graph, s_in * ms)


@compiles
@pytest.mark.slow
def test_a_program_of_the_users_own_holds_one_network(tmp_path):
    graph, s_in = everything()
    with session.preferred({MAKE: TWO_AT_ONCE}), brian2_standalone(tmp_path):
        net = graphs.convert(graph, s_in, record=ALL)
        assert net.steps_left == 30
        with pytest.raises(BackendError, match="holds a converted network already"):
            graphs.convert(graph, s_in)
        net.run(namespace={})
        assert_same(net.activity(), reference.run(graph, s_in, ALL))


class brian2_standalone:
    """Brian2's C++ standalone device inside the block."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        brian2.set_device("cpp_standalone", directory=str(self.folder / "project"), build_on_run=True)

    def __exit__(self, *why):
        brian2.get_device().reinit()
        brian2.set_device("runtime")


# from the command line


def test_a_graphs_file_is_loaded_shown_and_simulated(tmp_path, capsys):
    from dmpnet.cli import main

    graph, s_in = everything()
    file.save(graph, tmp_path / "net.npz")
    np.save(tmp_path / "s_in.npy", s_in)
    back = dmpnet.load(tmp_path / "net.npz")
    assert isinstance(back, Graph) and back.edges == graph.edges
    assert main(["info", str(tmp_path / "net.npz"), "--equations"]) == 0
    told = capsys.readouterr().out
    for words in ("conv", "Convolution", "2x7x6", "groups 2", "flat*", "y = W_conv(i)", "neurons that fire"):
        assert words in told, told
    assert main(["simulate", str(tmp_path / "net.npz"), str(tmp_path / "s_in.npy"), "--out",
                 str(tmp_path / "out.npz")]) == 0
    assert "linear" in capsys.readouterr().out
    want = reference.run(graph, s_in)
    with np.load(tmp_path / "out.npz") as found:
        assert (found["predictions"] == want.predictions).all()
        for number, spikes in enumerate(want.spikes, 1):
            assert (found[f"layer{number}.spikes"] == np.argwhere(spikes)).all()


def test_dmpnet_convert_takes_graphs_and_says_what_else_there_is():
    graph = dmpnet.load("nmnist-conv-dmp")
    s_in = np.random.default_rng(0).random((2, 5, 2, 34, 34)) < 0.1
    with session.run_time("numpy", 1e-3):
        net = dmpnet.convert(graph, s_in)
        net.run()
    want = reference.graphs.run(graph, s_in)
    assert all((got == other).all() for got, other in zip(net.activity().spikes, want.spikes, strict=True))
    assert 0.01 < want.spikes[0].mean() < 0.5
    for settings_, told in (({"coupling": "synapses"}, "are shared"), ({"membrane": "u"}, "own equations")):
        with pytest.raises(DmpnetError, match=told):
            dmpnet.convert(graph, s_in, **settings_)
    with pytest.raises(DmpnetError, match=r"convert: a dict, but .* dmpnet.torch.graph_of"):
        dmpnet.convert({}, s_in)
