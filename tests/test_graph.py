"""A graph of nodes: its check, its file, and what the NumPy reference makes of it, against closed forms and PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.errors import DmpnetError, WeightsError
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
from dmpnet.reference import graphs
from dmpnet.trained.encoding import Encoding


def chain(*nodes, kind="analog", dt=1e-3, late=()):
    """A graph of nodes in a row; `late` adds edges by number."""
    named = {f"n{number}": node for number, node in enumerate(nodes)}
    edges = [Edge(f"n{k}", f"n{k + 1}") for k in range(len(nodes) - 1)]
    edges += [Edge(f"n{a}", f"n{b}", True) for a, b in late]
    return Graph(named, tuple(edges), f"n{len(nodes) - 1}",
                 Encoding(kind, math.prod(nodes[0].shape_out), 1, dt))


@st.composite
def convolutions(draw, bias=True):
    """Any convolution along one or two axes that fits its input."""
    axes, groups = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    inner, outer = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(axes))  # noqa: E731
    kernel, dilation, size = each(1, 3), each(1, 2), each(6, 9)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Convolution(rng.normal(size=(groups * outer, inner, *kernel)), (groups * inner, *size),
                       rng.normal(size=groups * outer) if bias else None, each(1, 3),
                       tuple(zip(each(0, 2), each(0, 2), strict=True)), dilation, groups)


def unrolled(node):
    """The matrix of a convolution, from its definition: y[o, q] = sum w[o, c, j] x[c, q stride + j dilation - pad]."""
    out, into = node.shape_out, node.shape_in
    matrix = np.zeros((*out, *into))
    per_group = out[0] // node.groups
    for o, *q in np.ndindex(*out):
        for c, *j in np.ndindex(*node.weight.shape[1:]):
            at = [s * a + d * b - low for s, a, d, b, (low, _) in zip(node.stride, q, node.dilation, j, node.padding,
                                                                     strict=True)]
            if all(0 <= a < size for a, size in zip(at, into[1:], strict=True)):
                channel = (o // per_group) * node.weight.shape[1] + c
                matrix[(o, *q, channel, *at)] += node.weight[(o, c, *j)]
    return matrix.reshape(math.prod(out), math.prod(into))


@given(convolutions())
@settings(max_examples=60, deadline=None)
def test_a_convolution_is_the_product_with_its_unrolled_matrix(node):
    x = np.random.default_rng(0).normal(size=(2, *node.shape_in))
    want = (x.reshape(2, -1) @ unrolled(node).T).reshape(2, *node.shape_out)
    want += node.bias.reshape(-1, *(1 for _ in node.shape_out[1:]))
    got = graphs.convolved(node, x)
    assert got.shape[1:] == node.shape_out
    assert np.abs(got - want).max() < 1e-12


def test_a_pool_sums_or_averages_its_windows():
    x = np.arange(2 * 4 * 6, dtype=float).reshape(1, 2, 4, 6)
    want = x.reshape(1, 2, 2, 2, 3, 2).sum(axis=(3, 5))
    assert (graphs.pooled(Pool((2, 4, 6), (2, 2)), x) == want).all()
    assert (graphs.pooled(Pool((2, 4, 6), (2, 2), mean=True), x) == want / 4).all()
    padded = graphs.pooled(Pool((2, 4, 6), (2, 2), (2, 2), (1, 1)), np.ones_like(x))
    assert padded[0, 0, 0, 0] == 1 and padded[0, 0, 1, 1] == 4


def test_a_leaky_integrator_is_its_closed_form():
    """Constant input x to u = beta u + g x: u[k] = g x (1 - beta^(k+1)) / (1 - beta)."""
    beta, g, x = 0.9, 0.3, 1.7
    activity = graphs.run(chain(Input((1,)), Population((1,), beta, g, theta=None)), np.full((1, 50, 1), x),
                          ("readout",))
    k = np.arange(50)
    assert np.abs(activity.readout[0, :, 0] - g * x * (1 - beta**(k + 1)) / (1 - beta)).max() < 1e-14


def test_two_time_constants_are_their_closed_form():
    """An impulse through alpha, beta: u[k] = sum_j beta^(k-j) alpha^j = (alpha^(k+1) - beta^(k+1))/(alpha - beta)."""
    alpha, beta, k = 0.8, 0.6, np.arange(30)
    impulse = np.zeros((1, 30, 1))
    impulse[0, 0] = 1
    now = chain(Input((1,)), Population((1,), beta, 1.0, theta=None, alpha=alpha))
    want = (alpha**(k + 1) - beta**(k + 1)) / (alpha - beta)
    assert np.abs(graphs.run(now, impulse, "readout").readout[0, :, 0] - want).max() < 1e-14
    old = chain(Input((1,)), Population((1,), beta, 0.0, theta=None, alpha=alpha, g_before=1.0))
    got = graphs.run(old, impulse, "readout").readout[0, :, 0]
    assert got[0] == 0 and np.abs(got[1:] - want[:-1]).max() < 1e-14


@pytest.mark.parametrize(("reset", "want"), [("subtract", [3, 6, 9, 12, 15, 19]), ("value", [3, 7, 11, 15, 19]),
                                             ("none", list(range(3, 20)))])
def test_an_integrator_fires_when_its_sum_passes_theta(reset, want):
    """5/16 a step, theta 1: by subtraction spike n falls in the first step where 5/16 (k+1) >= n."""
    activity = graphs.run(chain(Input((1,)), Population((1,), 1.0, reset=reset)), np.full((1, 20, 1), 5 / 16))
    if reset == "subtract":
        assert want == [-(-16 * n // 5) - 1 for n in range(1, 7)]
    assert list(np.flatnonzero(activity.spikes[0])) == want


def test_strict_and_not_differ_at_the_threshold_alone():
    x = np.array([[[1.0], [0.99], [1.01]]])
    for strict, want in ((True, [False, False, True]), (False, [True, False, True])):
        activity = graphs.run(chain(Input((1,)), Population((1,), 0.0, strict=strict)), x)
        assert list(activity.spikes[0][0, :, 0]) == want
        told = graphs.run(chain(Input((1,)), Threshold(np.ones(1), strict)), x, "readout").readout
        assert list(told[0, :, 0]) == want


def test_a_late_reset_acts_on_the_next_step():
    """Without leak, 0.6 a step, theta 1: u = 0.6, 1.2*, then 1.8 - 1 = 0.8 (subtract) or 0 (value)."""
    x = np.full((1, 4, 1), 0.6)
    u = {reset: graphs.run(chain(Input((1,)), Population((1,), 1.0, reset=reset, late=True)), x,
                           ("spikes", "u")).u[0][0, :, 0] for reset in ("subtract", "value")}
    assert np.allclose(u["subtract"], [0.6, 1.2, 0.8, 1.4])
    assert np.allclose(u["value"], [0.6, 1.2, 0.0, 0.6])


def test_refractory_neurons_rest_for_so_many_steps():
    activity = graphs.run(chain(Input((3,)), Population((3,), 0.0, refractory=np.array([0, 1, 4]))),
                          np.ones((1, 20, 3)))
    assert [list(np.diff(np.flatnonzero(activity.spikes[0][0, :, n]))) for n in range(3)] == [
        [1] * 19, [2] * 9, [5] * 3]


def test_a_membrane_stops_at_its_floor():
    activity = graphs.run(chain(Input((1,)), Population((1,), 1.0, floor=-0.5)), np.full((1, 5, 1), -0.2), "u")
    assert np.allclose(activity.u[0][0, :, 0], [-0.2, -0.4, -0.5, -0.5, -0.5])


def test_delays_and_late_edges_bring_what_was():
    x = np.arange(1.0, 9).reshape(1, 8, 1).repeat(3, axis=2)
    got = graphs.run(chain(Input((3,)), Delay(np.array([0, 1, 5]))), x, "readout").readout[0]
    assert got.T.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 0, 1, 2, 3]]
    summing = chain(Input((1,)), Scale(np.ones(1)), late=[(1, 1)])  # y[k] = x[k] + y[k-1]
    assert graphs.run(summing, x[..., :1], "readout").readout[0, :, 0].tolist() == list(np.cumsum(range(1, 9)))


def test_a_memory_is_the_sum_of_its_powers():
    rng = np.random.default_rng(3)
    A, B = 0.4 * rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    x = rng.normal(size=(1, 6, 1))
    got = graphs.run(chain(Input((1,)), Memory(A, B)), x, "readout").readout[0]
    want = [sum(np.linalg.matrix_power(A, k - j) @ B[:, 0] * x[0, j, 0] for j in range(k + 1)) for k in range(6)]
    assert np.abs(got - want).max() < 1e-12


NODES = (Input((2, 6, 6)), Convolution(np.random.default_rng(0).normal(size=(3, 2, 3, 3)), (2, 6, 6), np.ones(3)),
         Population((3, 4, 4), np.linspace(0.1, 0.9, 48).reshape(3, 4, 4), theta=0.7, strict=True, late=True),
         Pool((3, 4, 4), (2, 2)), Flatten((3, 2, 2)), Affine(np.random.default_rng(1).normal(size=(5, 12))),
         Rectify((5,)), Delay(np.arange(5)), Population((5,), 0.5, theta=None))


def test_a_file_gives_back_the_same_graph(tmp_path):
    graph = chain(*NODES, late=[(2, 2)])
    file.save(graph, tmp_path / "net.npz")
    back = file.load(tmp_path / "net.npz")
    assert file.is_graph(tmp_path / "net.npz")
    assert back.edges == graph.edges and back.order == graph.order and back.encoding == graph.encoding
    s_in = np.random.default_rng(2).normal(size=(2, 20, 2, 6, 6))
    one, other = (graphs.run(each, s_in, ("spikes", "u", "readout")) for each in (graph, back))
    assert 0.01 < one.rates[0].mean() < 0.9
    assert (one.spikes[0] == other.spikes[0]).all() and (one.readout == other.readout).all()


@pytest.mark.parametrize(("change", "named"), [
    (lambda header: header["nodes"]["n1"].update(kind="Convolve"), "'n1'"),
    (lambda header: header["edges"].append(["n1", "n9", False]), "'n9'"),
    (lambda header: header["edges"].append(["n8", "n5", False]), "'n8'"),
    (lambda header: header.update(format="dmpnet-graph-9"), "dmpnet-graph-9"),
    (lambda header: header.pop("output"), "output"),
    (lambda header: header["nodes"].pop("n6"), "'n6'"),
])
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, change, named):
    import json

    file.save(chain(*NODES), tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as held:
        arrays = dict(held)
    header = json.loads(str(arrays["header"]))
    change(header)
    np.savez(tmp_path / "other.npz", **(arrays | {"header": np.array(json.dumps(header))}))
    with pytest.raises(WeightsError, match=named):
        file.load(tmp_path / "other.npz")


@pytest.mark.parametrize(("wrong", "words"), [
    (lambda: chain(Input((2,)), Affine(np.ones((3, 4)))), "gives (2,), but 'n1' takes (4,)"),
    (lambda: chain(Input((2,)), Affine(np.full((3, 2), np.nan))), "not finite"),
    (lambda: Population((3,), 0.5, reset="zero"), "reset"),
    (lambda: Population((3,), np.ones(2)), "beta of shape (2,)"),
    (lambda: Population((3,), 0.5, late=True, refractory=2), "refractory"),
    (lambda: Convolution(np.ones((4, 2, 3)), (3, 9)), "groups"),
    (lambda: Convolution(np.ones((4, 2, 9)), (2, 5)), "does not fit"),
    (lambda: Delay(np.array([1.5])), "whole numbers"),
    (lambda: Graph({"a": Input((1,)), "b": Input((1,))}, (), "a", Encoding("spikes", 1, 1, 1e-3)), "2 inputs"),
])
def test_what_does_not_fit_together_is_refused(wrong, words):
    with pytest.raises(DmpnetError) as caught:
        wrong()
    assert words in str(caught.value)


def test_input_that_does_not_fit_is_refused():
    graph = chain(Input((2, 3)), Scale(np.ones((2, 3))), kind="spikes")
    for s_in, words in ((np.zeros((1, 4, 5)), "takes"), (np.full((1, 4, 2, 3), 0.5), "0 and 1"),
                        (np.full((1, 4, 6), np.nan), "finite"), (np.zeros((0, 4, 6)), "no step")):
        with pytest.raises(DmpnetError, match=words):
            graphs.run(graph, s_in)
