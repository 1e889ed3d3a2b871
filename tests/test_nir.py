"""NIR graphs as ours: every primitive against nir's own equations, conventions against the traces of the platforms."""

import math
from functools import partial

import numpy as np
import pytest
from data_files import nir_file
from hypothesis import given, settings
from hypothesis import strategies as st
from nir_graphs import FIELDS, active, chain, euler, graph, held, neuron, nir

import dmpnet
from dmpnet import nir as ours
from dmpnet.errors import DmpnetError
from dmpnet.graph import Convolution, Delay, Edge, Population
from dmpnet.nir import parts
from dmpnet.reference import graphs

DT = 1e-3


def run(made, x, record=("spikes", "readout")):
    """What is read out, (T, ...), on x (T, ...)."""
    return graphs.run(made, np.asarray(x, float)[None], record).readout[0]


def poisson(steps, n, rate=0.3, seed=0, weight=1.0):
    return weight * (np.random.default_rng(seed).random((steps, n)) < rate)


# neurons


@given(st.sampled_from(["IF", "LIF", "CubaLIF"]), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_neurons_fire_as_nirs_equations_say(kind, seed):
    """Ten neurons, each with constants of its own, 150 steps of currents."""
    rng = np.random.default_rng(seed)
    node = neuron(kind, 10, rng)
    x = rng.uniform(0, 3.0, (150, 10)) * (40 if kind == "IF" else 1)
    want = euler(node, x, DT)
    got = run(dmpnet.from_nir(chain(node), DT, integrate="current"), x)
    assert np.array_equal(active(got), want)


def test_the_current_of_the_step_before():
    rng = np.random.default_rng(1)
    node = neuron("CubaLIF", 10, rng)
    x = rng.uniform(0, 3.0, (300, 10))
    late, now = (run(dmpnet.from_nir(chain(node), DT, current=current), x) for current in ("before", "now"))
    assert np.array_equal(active(late), euler(node, x, DT, before=True))
    assert np.array_equal(now, euler(node, x, DT)) and (late != now).any()


@pytest.mark.parametrize("kind", ["I", "LI", "CubaLI"])
def test_neurons_that_do_not_fire_follow_nirs_equations(kind):
    rng = np.random.default_rng(2)
    node = neuron(kind, 6, rng)
    x = rng.normal(size=(80, 6))
    got = run(dmpnet.from_nir(chain(node), DT, integrate="current"), x)
    assert np.abs(got - euler(node, x, DT)).max() < 1e-13 < np.abs(got).max()


@pytest.mark.parametrize("kind", ["LI", "CubaLI"])
def test_the_exact_method_is_the_matrix_exponential(kind):
    rng = np.random.default_rng(3)
    node = neuron(kind, 6, rng)
    if kind == "CubaLI":
        node.tau_syn[0] = node.tau_mem[0]
    x = rng.normal(size=(80, 6))
    made = dmpnet.from_nir(chain(node), 4e-3, "exact")
    assert np.abs(run(made, x) - held(node, x, 4e-3)).max() < 1e-12
    row = next(row for row in ours.report(chain(node), 4e-3, method="exact").rows if row.node == "n0")
    assert row.how == "exact"


def test_euler_and_exact_meet_as_steps_get_short():
    """First order: a tenth of the step, a tenth of the difference."""
    node = neuron("CubaLI", 4, np.random.default_rng(4))
    off = []
    for dt in (1e-4, 1e-5):
        x = np.ones((round(0.02 / dt), 4))
        one, other = (run(dmpnet.from_nir(chain(node), dt, method), x) for method in ("euler", "exact"))
        off.append(np.abs(one - other).max())
    assert 9 < off[0] / off[1] < 11


def test_spikes_of_if_are_unit_impulses_unless_they_are_currents():
    """r = 0.4, threshold 1: of impulses the third fires, whatever dt; of currents one in 1/(0.4 dt)."""
    node = nir.IF(np.array([0.4]), np.array([1.0]))
    for dt in (1e-3, 0.1):
        assert list(np.flatnonzero(run(dmpnet.from_nir(chain(node), dt), np.ones((9, 1))))) == [2, 5, 8]
    slow = dmpnet.from_nir(chain(node), 0.5, integrate="current")
    assert list(np.flatnonzero(run(slow, np.ones((12, 1))))) == [5, 11]
    told = {row.node: row for row in ours.report(chain(node), DT).rows}["n0"]
    assert told.how == "convention" and "unit impulses" in told.says


def test_soft_reset_is_a_choice_that_is_named():
    node = nir.IF(np.array([7 / 16]), np.array([1.0]))
    got = run(dmpnet.from_nir(chain(node), DT, reset="subtract"), np.ones((10, 1)))
    assert list(np.flatnonzero(got)) == [2, 4, 6, 9]  # 21, 19, 17, 22 sixteenths
    assert "v - v_threshold" in {r.node: r.says for r in ours.report(chain(node), DT, reset="subtract").rows}["n0"]


def test_one_constant_may_stand_for_all():
    """As torch exports: tau of shape () or (1,) behind an Affine of ten."""
    for shape in ((), (1,)):
        lif = nir.LIF(*(np.full(shape, value) for value in (5e-3, 1.0, 0.0, 0.4)))
        whole = nir.LIF(*(np.full(10, value) for value in (5e-3, 1.0, 0.0, 0.4)))
        affine = nir.Affine(np.random.default_rng(0).normal(size=(10, 4)), np.zeros(10))
        x = poisson(100, 4, weight=2.0)
        edges = [("i", "a"), ("a", "n"), ("n", "o")]
        one, all_ = (graph({"i": nir.Input({"input": np.array([4])}), "a": affine, "n": each,
                            "o": nir.Output({"output": np.array([10])})}, edges) for each in (lif, whole))
        assert np.array_equal(active(run(dmpnet.from_nir(one, DT), x)), run(dmpnet.from_nir(all_, DT), x))


# the platforms


@pytest.mark.parametrize("platform", ["norse", "nengo", "snntorch"])
@pytest.mark.parametrize("backend", ["reference", "numpy", pytest.param("cython", marks=pytest.mark.slow),
                                     pytest.param("cpp_standalone", marks=pytest.mark.slow)])
def test_a_platforms_membrane_is_reproduced(platform, backend):
    trace = np.loadtxt(nir_file(f"lif_{platform}.csv"), delimiter=",")
    made = dmpnet.from_nir(nir_file("lif_norse.nir"), 1e-4, convention=platform)
    run_by = graphs.run if backend == "reference" else partial(dmpnet.simulate, backend=backend)
    found = run_by(made, trace[None, :, :1], record=("spikes", "u"))
    assert list(np.flatnonzero(found.spikes[0])) == list(np.flatnonzero(trace[:, 2])) == [460, 510, 710, 760]
    assert np.abs(found.u[0][0, :, 0] - trace[:, 1]).max() < 1e-6 * trace[:, 1].max()


def test_the_exact_trace_is_reproduced_up_to_its_first_spike():
    """It resets within the step in which v passes the threshold, a step of ours at its end."""
    trace = np.loadtxt(nir_file("lif_exact.csv"), delimiter=",")
    found = graphs.run(dmpnet.from_nir(nir_file("lif_norse.nir"), 1e-4, "exact"), trace[None, :, :1], ("spikes", "u"))
    assert list(np.flatnonzero(found.spikes[0])) == list(np.flatnonzero(trace[:, 2])) == [460, 510, 710, 760]
    assert np.abs(found.u[0][0, :460, 0] - trace[:460, 1]).max() < 1e-9 * trace[:, 1].max()


def test_snntorch_and_norse_fire_as_nir_does():
    """They move units, not spikes."""
    rng = np.random.default_rng(5)
    node = neuron("LIF", 8, rng)
    node.v_leak[:], node.v_reset[:], node.r[:] = 0, 0, 1
    x = rng.uniform(0, 3, (200, 8))
    want = active(euler(node, x, DT))
    for platform in ("norse", "snntorch"):
        assert np.array_equal(run(dmpnet.from_nir(chain(node), DT, convention=platform), x), want)


def test_sinabs_subtracts_has_a_floor_and_fires_at_the_threshold():
    node = nir.IF(np.ones(1), np.full(1, 2.0))
    made = dmpnet.from_nir(chain(node), DT, convention="sinabs")
    x = [[2.0], [-9.0], [4.0], [3.0], [0.0]]  # v = 2*, -9 -> -2, 2*, 3*, 1
    assert list(run(made, x)[:, 0]) == [1, 0, 1, 1, 0]


@pytest.mark.parametrize(("platform", "node", "says"), [
    ("norse", nir.LIF(*np.full((4, 1), 1.0), v_reset=np.full(1, 0.3)), "v_reset = 0.3, but norse takes it as 0"),
    ("nengo", nir.LIF(*np.array([[1.0], [2.0], [0.0], [1.0]])), "r = 2, but nengo takes it as 1"),
    ("nengo", nir.CubaLIF(*np.full((5, 1), 1.0)), "nengo reads no CubaLIF"),
    ("snntorch", nir.LIF(*np.full((4, 1), 1.0)), "v_leak = 1, but snntorch takes it as 0"),
    ("sinabs", nir.LIF(*np.array([[0.02], [1.0], [0.0], [1.0]])), "sinabs counts steps")])
def test_what_a_platform_drops_is_refused(platform, node, says):
    with pytest.raises(DmpnetError, match=says) as caught:
        dmpnet.from_nir(chain(node), DT, convention=platform)
    assert "'n0'" in str(caught.value) and "convention 'nir'" in str(caught.value)
    dmpnet.from_nir(chain(node), DT)


def test_a_platforms_own_choices_are_not_changed():
    with pytest.raises(DmpnetError, match="method = 'exact', but the convention norse takes 'euler'"):
        dmpnet.from_nir(chain(nir.IF(np.ones(1), np.ones(1))), DT, "exact", convention="norse")
    with pytest.raises(DmpnetError, match=r"convention = 'snntroch' \(did you mean snntorch\?\)"):
        dmpnet.from_nir(chain(nir.IF(np.ones(1), np.ones(1))), DT, convention="snntroch")


# networks of others


def test_the_recurrent_network_of_the_paper():
    """12-38-7, recurrent; dt is what its time constants tell. By nir's equations, written out here."""
    path = nir_file("braille_noDelay_bias_zero.nir")
    made, theirs = dmpnet.from_nir(path), nir.read(path, type_check=False).nodes
    assert made.encoding.dt == 1e-4 and made.shape == "12-38-7"
    x = poisson(256, 12, 0.05)
    found = graphs.run(made, x[None])
    state, spikes = {name: np.zeros((2, n)) for name, n in (("lif1.lif", 38), ("lif2", 7))}, np.zeros(38)
    for k in range(256):
        given = theirs["fc1"].weight.astype(float) @ x[k] + theirs["fc1"].bias
        given = given + theirs["lif1.w_rec"].weight.astype(float) @ spikes + theirs["lif1.w_rec"].bias
        for layer, name in enumerate(("lif1.lif", "lif2")):
            p, (i, v) = theirs[name], state[name]
            i = i + 1e-4 / p.tau_syn * (-i + p.w_in * given)
            v = v + 1e-4 / p.tau_mem * (p.v_leak - v + p.r * i)
            fired = v > p.v_threshold
            assert np.abs(v - p.v_threshold).min() > 1e-9
            assert np.array_equal(fired, found.spikes[layer][0, k]), (name, k)
            state[name] = np.array([i, np.where(fired, p.v_reset, v)])
            if name == "lif1.lif":
                spikes = fired.astype(float)
                given = theirs["fc2"].weight.astype(float) @ spikes + theirs["fc2"].bias
    active(found.spikes[0])


def test_the_convolutional_network_of_the_paper_is_read():
    report = ours.report(nir_file("cnn_sinabs.nir"), DT)
    assert report.ok and report.counts == {"exact": 10, "convention": 5, "refused": 0}
    made = dmpnet.from_nir(nir_file("cnn_sinabs.nir"), DT)
    assert made.shape == "2x34x34-16x16x16-16x16x16-8x8x8-256-10"
    activity = graphs.run(made, poisson(20, 2 * 34 * 34, 0.02)[None])
    assert all(0.001 < rate.mean() < 0.5 for rate in activity.rates)


@pytest.mark.slow
def test_the_convolutional_network_of_the_paper_classifies():
    """30 recordings of N-MNIST, events of 1 ms, one spike a step; published 97 to 98 %, polarity swapped 90, x and y
    swapped 10."""
    from data_files import data_folder

    held_ = np.load(data_folder("nmnist", "test") / "nmnist_6k_1ms.npz")
    first = np.concatenate([[0], np.cumsum(held_["n"].astype(int))])
    numbers = np.random.default_rng(0).choice(np.flatnonzero(held_["is_test"]), 30, replace=False)
    s_in = np.zeros((30, 300, 2 * 34 * 34), bool)
    for row, number in enumerate(numbers):
        part = slice(first[number], first[number + 1])
        t, code = held_["t"][part].astype(int), held_["code"][part].astype(int)
        s_in[row, t[t < 300], code[t < 300]] = True
    made = dmpnet.from_nir(nir_file("cnn_sinabs.nir"), DT)
    assert (graphs.run(made, s_in, ()).logits.argmax(1) == held_["label"][numbers]).mean() >= 0.93


# maps


def test_every_primitive_is_known():
    from nir.ir import node as _  # noqa: F401

    kinds = {name for name in nir.ir.__all__ if isinstance(getattr(nir, name, None), type)} - {"NIRNode", "NIRGraph"}
    assert kinds == set(parts.FIELDS)


def test_maps_are_what_nir_says():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(5, 4))
    W, b, s, theta = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4), rng.normal(size=4)
    for node, want in ((nir.Affine(W, b), x @ W.T + b), (nir.Linear(W), x @ W.T), (nir.Scale(s), s * x),
                       (nir.Threshold(theta), x > theta), (nir.Threshold(x[2]), x > x[2])):
        made = dmpnet.from_nir(chain(node), DT)
        assert np.allclose(run(made, x), want, 1e-13, 1e-13) and ours.report(chain(node), DT).counts["exact"] == 3


def pool_or_conv(node, shape):
    return dmpnet.from_nir(graph({"i": nir.Input({"input": np.array(shape)}), "n": node}, [("i", "n")]), DT)


def test_pools_and_convolutions_take_the_shape_of_what_reaches_them():
    x = np.random.default_rng(7).normal(size=(1, 2, 6, 8))
    pool = {"kernel_size": np.array([2, 4]), "stride": np.array([2, 4]), "padding": np.array([0, 0])}
    blocks = x.reshape(2, 3, 2, 2, 4)
    assert np.allclose(run(pool_or_conv(nir.SumPool2d(**pool), (2, 6, 8)), x)[0], blocks.sum((2, 4)).ravel())
    assert np.allclose(run(pool_or_conv(nir.AvgPool2d(**pool), (2, 6, 8)), x)[0], blocks.mean((2, 4)).ravel())
    made = pool_or_conv(nir.Conv2d(None, np.ones((4, 1, 3, 2)), (1, 2), (0, 1), 1, 2, np.zeros(4)), (2, 6, 8))
    assert made.nodes["n"].shape_out == (4, 4, 5)  # of kernels that are not square, and groups


@pytest.mark.parametrize(("padding", "pads", "out"), [
    ("same", ((1, 2), (0, 1)), (3, 6, 8)), ("valid", ((0, 0), (0, 0)), (3, 3, 7)), (1, ((1, 1), (1, 1)), (3, 5, 9))])
def test_padding_in_words_is_padding_in_numbers(padding, pads, out):
    node = nir.Conv2d((6, 8), np.ones((3, 2, 4, 2)), 1, padding, 1, 1, np.zeros(3))
    made = pool_or_conv(node, (2, 6, 8)).nodes["n"]
    assert isinstance(made, Convolution) and made.padding == pads and made.shape_out == out


def test_flatten_and_conv1d():
    made = pool_or_conv(nir.Conv1d(None, np.ones((3, 2, 2)), 2, "valid", 2, 1, np.zeros(3)), (2, 9))
    assert made.nodes["n"].shape_out == (3, 4)
    flat = pool_or_conv(nir.Flatten(None, 1, -1), (3, 4, 5))
    assert flat.nodes["n"].shape_out == (3, 20)


def test_delays_count_steps():
    node = nir.Delay(np.array([0.0, 3e-3, 5e-3], np.float32))
    x = np.random.default_rng(8).normal(size=(9, 3))
    got = run(dmpnet.from_nir(chain(node), DT), x)
    assert all(np.array_equal(got[d:, n], x[:9 - d, n]) and not got[:d, n].any() for n, d in enumerate((0, 3, 5)))
    off = chain(nir.Delay(np.array([2.4e-3])))
    with pytest.raises(DmpnetError, match=r"Delay 'n0': delay is no whole number of steps .* 0.4 of one.*round"):
        dmpnet.from_nir(off, DT)
    assert dmpnet.from_nir(off, DT, round_delays=True).nodes["n0"].steps == 2


# graphs


def recurrent(rng, n=8, bias=True):
    """input -> fc -> lif -> fc2 -> output with lif -> w_rec -> lif."""
    square = rng.normal(size=(n, n)) / n
    rec = nir.Affine(square, rng.uniform(0.2, 0.5, n)) if bias else nir.Linear(square)
    nodes = {"input": nir.Input({"input": np.array([4])}), "fc": nir.Linear(rng.normal(size=(n, 4))),
             "lif": neuron("LIF", n, rng), "w_rec": rec, "fc2": nir.Linear(rng.normal(size=(3, n))),
             "output": nir.Output({"output": np.array([3])})}
    return nodes, [("input", "fc"), ("fc", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "fc2"),
                   ("fc2", "output")]


@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_a_circle_is_cut_where_it_leaves_the_population(order):
    """Whatever the order of edges; the bias of w_rec acts in the first step, and fc2 sees the spikes of the step."""
    nodes, edges = recurrent(np.random.default_rng(9))
    made = dmpnet.from_nir(graph(nodes, [edges[k] for k in order]), DT)
    assert [edge for edge in made.edges if edge.late] == [Edge("lif", "w_rec", True)]
    x, rec, lif = poisson(60, 4, weight=3.0), nodes["w_rec"], nodes["lif"]
    v, s, want = np.zeros(8), np.zeros(8), []
    for k in range(60):
        drive = nodes["fc"].weight @ x[k] + rec.weight @ s + rec.bias
        v = v + DT / lif.tau * ((lif.v_leak - v) + lif.r * drive)
        s = (v > lif.v_threshold).astype(float)
        v = np.where(s > 0, lif.v_reset, v)
        want.append(s)
    got = graphs.run(made, x[None])
    assert np.array_equal(active(got.spikes[0][0]), np.array(want))


def test_of_two_populations_in_a_circle_the_later_one_is_late():
    """z -> b is prompt, b -> z late: told by how far they are from the input, not by name."""
    rng = np.random.default_rng(10)
    nodes = {"input": nir.Input({"input": np.array([3])}), "z": neuron("LIF", 3, rng), "w": nir.Linear(np.eye(3)),
             "b": neuron("LIF", 3, rng), "back": nir.Linear(np.eye(3)), "output": nir.Output({"output": np.array([3])})}
    edges = [("input", "z"), ("z", "w"), ("w", "b"), ("b", "back"), ("back", "z"), ("b", "output")]
    made = dmpnet.from_nir(graph(nodes, edges), DT)
    assert [edge for edge in made.edges if edge.late] == [Edge("b", "back", True)]


def test_a_delay_in_a_circle_keeps_its_steps():
    """v = x + v of d steps before, without any neuron: 1 in steps 0, d, 2d ..."""
    for d in (1, 3):
        nodes = {"input": nir.Input({"input": np.array([1])}), "sum": nir.Scale(np.ones(1)),
                 "d": nir.Delay(np.array([d * DT])), "output": nir.Output({"output": np.array([1])})}
        made = dmpnet.from_nir(graph(nodes, [("input", "sum"), ("sum", "d"), ("d", "sum"), ("sum", "output")]), DT)
        got = run(made, [[1.0]] + [[0.0]] * 9)[:, 0]
        assert list(np.flatnonzero(got)) == list(range(0, 10, d)) and set(got) <= {0.0, 1.0}
        assert isinstance(made.nodes["d"], Delay) and made.nodes["d"].steps == d - 1


def nested(levels, inside):
    """A graph around `inside`, `levels` deep."""
    shape = np.array([5])
    for level in range(levels):
        inside = graph({"in": nir.Input({"input": shape}), f"g{level}": inside,
                        "out": nir.Output({"output": shape})}, [("in", f"g{level}"), (f"g{level}", "out")])
    return inside


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_nested_graphs_are_laid_out(levels):
    rng = np.random.default_rng(11)
    rec = nir.Linear(rng.normal(size=(5, 5)) / 3)
    shape = np.array([5])
    inner = graph({"input": nir.Input({"input": shape}), "lif": neuron("LIF", 5, rng), "w_rec": rec,
                   "output": nir.Output({"output": shape})},
                  [("lif", "output"), ("w_rec", "lif"), ("input", "lif"), ("lif", "w_rec")])
    x = poisson(80, 5, weight=3.0)
    flat, deep = dmpnet.from_nir(inner, DT), dmpnet.from_nir(nested(levels, inner), DT)
    assert sorted(deep.nodes)[0].count(".") == levels - 1 or "in" in deep.nodes
    name = ".".join(f"g{level}" for level in reversed(range(levels))) + ".lif"
    assert isinstance(deep.nodes[name], Population)
    assert np.array_equal(active(run(flat, x)), run(deep, x))


def test_edges_into_one_node_add_up():
    x = np.random.default_rng(12).normal(size=(4, 2))
    nodes = {"i": nir.Input({"input": np.array([2])}), "a": nir.Scale(np.full(2, 2.0)), "b": nir.Scale(np.full(2, 3.0)),
             "sum": nir.Scale(np.ones(2)), "o": nir.Output({"output": np.array([2])})}
    edges = [("i", "a"), ("i", "b"), ("a", "sum"), ("b", "sum"), ("i", "sum"), ("sum", "o"), ("a", "o")]
    assert np.allclose(run(dmpnet.from_nir(graph(nodes, edges), DT), x), 8 * x)


def test_ends_are_found_where_they_are_not_said():
    made = dmpnet.from_nir(graph({"a": nir.Linear(np.ones((3, 2))), "b": nir.Scale(np.ones(3))}, [("a", "b")]), DT)
    assert made.nodes[made.input].shape == (2,) and made.output == "b"


def test_one_of_several_outputs_is_chosen():
    nodes = {"i": nir.Input({"input": np.array([2])}), "a": nir.Scale(np.full(2, 2.0)),
             "o1": nir.Output({"output": np.array([2])}), "o2": nir.Output({"output": np.array([2])})}
    two = graph(nodes, [("i", "a"), ("a", "o1"), ("i", "o2")])
    with pytest.raises(DmpnetError, match="2 Outputs .*choose one"):
        dmpnet.from_nir(two, DT)
    assert dmpnet.from_nir(two, DT, output="o1").output == "a" and dmpnet.from_nir(two, DT, output="o2").output == "i"


# what is refused

ONE = {"input": np.array([1])}


def lif(**changes):
    return nir.LIF(**{name: np.full(1, 1.0) for name in FIELDS["LIF"]} | changes)


def among(node, edges=(("i", "n"), ("n", "o")), **more):
    return graph({"i": nir.Input(ONE), "n": node, "o": nir.Output({"output": np.array([1])})} | more, list(edges))


class Izhikevich(nir.ir.node.NIRNode):
    def __init__(self):
        self.input_type = self.output_type = {"input": np.array([1])}


@pytest.mark.parametrize(("made", "says"), [
    (lambda: among(lif(tau=np.full(1, 5e-4))), "LIF 'n': tau = 0.0005 s is shorter than dt = 0.001 s.*method 'exact'"),
    (lambda: among(lif(tau=np.zeros(1))), "LIF 'n': tau = 0 s, but a time constant is positive"),
    (lambda: among(lif(r=np.full(1, np.nan))), "LIF 'n': r has 1 of 1 values that are not finite"),
    (lambda: among(nir.Scale(np.full(1, np.inf))), "Scale 'n': scale has 1 of 1 values that are not finite"),
    (lambda: among(nir.Affine(np.ones((1, 1)), np.ones(2))), "Affine 'n': Affine: bias of shape"),
    (lambda: among(nir.Linear(np.ones((1, 3)))), r"Linear 'n': takes \(3,\), but 'i' gives \(1,\)"),
    (lambda: among(nir.Linear(np.ones((2, 1)))), r"Output 'o': takes \(1,\), but 'n' gives \(2,\)"),
    (lambda: among(nir.Delay(np.full(1, -1e-3))), "Delay 'n': delay = -0.001 s.*set delays >= 0"),
    (lambda: among(nir.Delay(np.full(1, 1e9))), "Delay 'n': .*larger dt"),
    (lambda: among(Izhikevich()), "Izhikevich 'n': type 'Izhikevich' is none of NIR 1.0.8"),
    (lambda: among(nir.Flatten({"input": np.array([1])}, 0, 3)), "Flatten 'n'"),
    (lambda: among(nir.SumPool2d(*[np.array([2, 2])] * 3)), "SumPool2d 'n': input of shape"),
    (lambda: among(nir.Conv1d(4, np.ones((1, 1, 2)), 2, "same", 1, 1, np.zeros(1))), "Conv1d 'n': padding = 'same'"),
    (lambda: among(lif(), [("i", "n"), ("n", "x")]), "'graph': an edge 'n' -> 'x', but there is no node 'x'"),
    (lambda: among(lif(), [("i", "n"), ("i", "n"), ("n", "o")]), "the edge 'i' -> 'n' is there twice"),
    (lambda: among(lif(), [("n", "o")]), "'n': nothing leads into it"),
    (lambda: among(lif(), [("i", "n"), ("n", "i"), ("n", "o")]), "nothing leads into an Input"),
    (lambda: among(lif(), [("i", "n")]), "Output 'o': nothing leads into it"),
    (lambda: among(lif(), b=nir.Input(ONE)), "2 Inputs .*join them into one"),
    (lambda: among(nir.Scale(np.ones(1)), [("i", "n"), ("n", "m"), ("m", "n"), ("n", "o")], m=nir.Scale(np.ones(1))),
     "'m', 'n' wait for each other.*put a Delay of dt"),
    (lambda: graph({"i": nir.Input({"input": np.array([0])})}, []), "shape is whole numbers >= 1"),
    (lambda: graph({"i": nir.Input({"input": np.array([10**5, 10**5])})}, []), "a node gives at most"),
    (lambda: graph({}, []), "0 Inputs"),
])
def test_what_cannot_be_taken_is_refused_by_name(made, says):
    with pytest.raises(DmpnetError, match=says) as caught:
        dmpnet.from_nir(made(), DT)
    assert "\n" not in str(caught.value)
    assert not ours.report(made(), DT).ok


def test_all_that_is_refused_is_told_at_once():
    report = ours.report(among(lif(tau=np.zeros(1)), [("i", "n"), ("n", "m"), ("m", "o")], m=Izhikevich()), DT)
    assert {row.node for row in report.refused} == {"n", "m"} and {row.node for row in report.rows} >= {"i", "n", "m"}
    with pytest.raises(DmpnetError, match=r"\(1 more refused: 'm'\)"):
        report.refuse()


@pytest.mark.parametrize("dt", [0, -1e-3, math.nan, math.inf, "1ms"])
def test_a_step_lasts_some_time(dt):
    with pytest.raises(DmpnetError, match="dt = .* positive number of seconds"):
        dmpnet.from_nir(among(lif()), dt)


def test_dt_is_given_or_told():
    with pytest.raises(DmpnetError, match="dt is not said"):
        dmpnet.from_nir(among(lif()))
    assert "is taken for this report" in ours.report(among(lif(tau=np.full(1, 0.1)))).notes[0]
    written = nir.CubaLIF(*(np.full(3, value) for value in (4e-4, 2e-3, 20.0, 0.0, 1.0)), w_in=np.full(3, 4.0))
    assert dmpnet.from_nir(chain(written)).encoding.dt == 1e-4
