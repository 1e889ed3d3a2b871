"""Constrained networks: integers that mean what the trained numbers meant, and the same in Brian2, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network

from dmpnet import reference
from dmpnet.arithmetic import numpy_integers
from dmpnet.brian.simulation import simulate
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import DmpnetError
from dmpnet.hardware import chip, slow_pathway
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.slow_pathway import Seen
from dmpnet.trained import swap, weights

EVERYTHING = ("spikes", "u", "m", "x", "readout")


def constrained(network, samples=4, options=None, **words):
    described = chip.changed(chip.load("dmp"), {key.replace("__", "."): value for key, value in words.items()})
    return constrain(network, described, random_input(network, samples, seed=5), **(options or {}))


def assert_same(got, want, whole=True):
    """Every quantity of every layer, step and sample; neither silent nor saturated."""
    for rate in want.rates:
        assert 0.005 < rate.mean() < 0.6, "silent or saturated: equality would show nothing"
    for name in ("spikes", "u", "m", "x"):
        for a, b in zip(getattr(got, name), getattr(want, name), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_array_equal(a, b, err_msg=name)
                assert not whole or (b == np.rint(b)).all()
    np.testing.assert_array_equal(got.readout, want.readout)
    np.testing.assert_array_equal(got.predictions, want.predictions)


CASES = {
    "published": ({}, {}),
    "soft reset": ({"reset": "soft"}, {}),
    "analog input": ({"encoding": "analog"}, {}),
    "dilated": ({"d_s": 3}, {}),
    "recurrent": ({"kind": "DMP+RSNN"}, {}),
    "no memory": ({"kind": "FSNN"}, {}),
    "delays": ({"delay": 5}, {}),
    "two blocks": ({"blocks": ((3, 10.0), (2, 30.0))}, {}),
    "linear": ({"neurons": (Neuron(0.8, 0.2, decay="linear", lam=0.1),) * 2}, {}),
    "shift": ({"neurons": (Neuron(0.75, 0.25, decay="shift", shift=2),) * 2}, {}),
    "a label every step": ({"kappa": 0.9}, {}),
    "dependency unbroken": ({}, {"datapath__dependency_breaking": False}),
    "few bits": ({}, {"words__m__bits": 5, "words__W_f__bits": 4, "words__u__bits": 8, "words__x__bits": 5}),
    "to nearest": ({}, {f"words__{name}__rounding": "nearest" for name in "xmu"}),
    "toward zero": ({}, {f"words__{name}__rounding": "zero" for name in "xmu"}),
    "at random": ({"d": (4, 6)}, {f"words__{name}__rounding": "stochastic" for name in "xmu"}),
    "beyond 32 bits": ({"d": (4, 6)}, {f"words__{name}__{key}": value for name in "xmu" for key, value in
                                       (("bits", 36), ("rounding", "floor"))} | {"words__I__bits": 48}),
    "held in all slots": ({}, {"datapath__spread": True, "words__m__bits": 5}),
    "held in all slots, carried": ({}, {"datapath__spread": True, "words__m__bits": 4,
                                        "words__m__rounding": "carried"}),
    "carried, the dependency unbroken": ({"d": (4, 6)}, {"datapath__dependency_breaking": False,
                                                         "words__m__rounding": "carried"}),
    "held in all slots, at random": ({"d": (3, 6)}, {"datapath__spread": True, "words__m__rounding": "stochastic"}),
    "accumulators saturate": ({}, {"words__I__bits": 9}),
    "accumulators wrap": ({}, {"words__I__bits": 9, "words__I__overflow": "wrap"}),
}


@pytest.mark.parametrize("coupling", ["shared", "synapses"])
@pytest.mark.parametrize("case", CASES)
def test_brian2_computes_the_same_integers(case, coupling):
    facts, words = CASES[case]
    network = random_network(**facts)
    made = constrained(network, **words).network
    s_in = random_input(network, 3, seed=9)
    want = reference.run(made, s_in, record=EVERYTHING)
    got = simulate(made, s_in, coupling=coupling, record=EVERYTHING)
    assert_same(got, want)
    if "accumulators" in case:
        assert any(counts["I"] for counts in reference.watched(made, s_in)[1]), "nothing overflowed"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", CASES)
def test_compiled_brian2_computes_the_same_integers(case, backend, tmp_path):
    facts, words = CASES[case]
    network = random_network(**facts)
    made = constrained(network, **words).network
    s_in = random_input(network, 3, seed=9)
    got = simulate(made, s_in, backend=backend, record=EVERYTHING, cache=tmp_path)
    assert_same(got, reference.run(made, s_in, record=EVERYTHING))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), bits=st.fixed_dictionaries({
    "W_f": st.integers(2, 12), "P": st.integers(2, 12), "m": st.integers(3, 20), "u": st.integers(6, 24),
    "x": st.integers(3, 20), "I": st.integers(8, 32)}), rounding=st.sampled_from(["floor", "nearest", "zero"]),
       overflow=st.sampled_from(["saturate", "wrap"]))
def test_any_words_give_the_same_integers_in_brian2(seed, bits, rounding, overflow):
    network = random_network((5, 8, 7, 3), d=3, seed=seed % 7, steps=25)
    words = {f"words__{name}__bits": value for name, value in bits.items()}
    words |= {f"words__{name}__{key}": value for name in ("x", "m", "u") for key, value in
              (("rounding", rounding), ("overflow", overflow))}
    made = constrained(network, **words).network
    s_in = random_input(network, 2, seed=seed)
    want = reference.run(made, s_in, record=EVERYTHING)
    got = simulate(made, s_in, record=EVERYTHING)
    for name in ("spikes", "u", "m", "x"):
        for a, b in zip(getattr(got, name), getattr(want, name), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def with_threshold(network, theta_u):
    first = network.layers[0]
    fixed = replace(first.fixed, theta_u=np.full_like(first.fixed.theta_u, theta_u))
    return replace(network, layers=(replace(first, fixed=fixed), *network.layers[1:]))


@pytest.mark.parametrize("above, fires", [(0, True), (1, False)])
def test_a_membrane_exactly_at_threshold_fires(above, fires):
    made = constrained(random_network((4, 6, 3), kind="FSNN")).network
    layer = made.layers[0]
    s_in = np.zeros((1, 1, 4))
    s_in[0, 0, 1] = 1
    silent = replace(made, layers=(replace(layer, b_f=np.zeros_like(layer.b_f),
                                           W_f=np.abs(layer.W_f).astype(layer.W_f.dtype)),))
    v = reference.run(with_threshold(silent, 10**6), s_in, record=("u",)).u[0][0, 0]
    exact = with_threshold(silent, int(v.max()) + above)
    for run in (reference.run, simulate):
        assert run(exact, s_in).spikes[0].any() == fires


@pytest.mark.parametrize("coupling", ["shared", "synapses"])
def test_a_memory_larger_than_the_slots_is_refused_or_split_and_then_the_same(coupling):
    network = random_network(d=5)
    with pytest.raises(DmpnetError, match="layer 1: a slow memory of d = 5, but DMP core has 2 slots.*--blocks"):
        constrained(network, limits__slots=2)
    whole, split = (constrained(network, options={"blocks": True}, limits__slots=slots).network for slots in (5, 2))
    assert [layer.slow.d for layer in split.layers] == [6, 6]
    s_in = random_input(network, 3, seed=9)
    want = reference.run(whole, s_in, record=("spikes", "u"))
    for run in (reference.run(split, s_in, record=("spikes", "u")),
                simulate(split, s_in, coupling=coupling, record=("spikes", "u"))):
        for a, b in zip(run.spikes + run.u, want.spikes + want.u, strict=True):
            np.testing.assert_array_equal(a, b)


# what the integers mean


def test_fine_words_compute_what_the_trained_network_did():
    network = random_network()
    words = {f"words__{name}__bits": 20 for name in ("W_f", "P", "nu", "Abar", "Bbar", "w_x", "W_o", "beta")}
    words |= {f"words__{name}__bits": 24 for name in ("u", "m", "x")} | {"words__I__bits": 48, "words__b__bits": 48}
    made = constrained(network, options={"rotate": False}, **words).network
    s_in = random_input(network, 4, seed=5)
    want, got = (reference.run(each, s_in, record=EVERYTHING) for each in (network, made))
    for number, layer in enumerate(made.layers):
        same = got.spikes[number] == want.spikes[number]
        assert same.mean() > 0.999  # the words round at 2^-20: only a membrane so near its threshold tells
        if same.all():
            d = want.m[number].shape[2]
            assert not got.m[number][..., d:].any(), "slots that are filled up stay 0"
            np.testing.assert_allclose((got.m[number] * layer.fixed.unit_m)[..., :d], want.m[number], atol=1e-3)
            np.testing.assert_allclose(got.u[number] * layer.fixed.unit_u, want.u[number], atol=1e-2)


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_rounding_moves_no_weight_by_more_than_half_a_unit(bits):
    network = random_network()
    made = constrained(network, words__W_f__bits=bits, words__W_o__bits=bits).network
    for before, after in zip(network.layers, made.layers, strict=True):
        unit = np.abs(before.W_f).max() / (2 ** (bits - 1) - 1)
        assert np.abs(after.W_f * unit - before.W_f).max() <= unit / 2 * (1 + 1e-9)
        assert np.abs(after.W_f).max() == 2 ** (bits - 1) - 1, "the word is used to its end"


@pytest.mark.parametrize("bits, values", [(1, {-1, 1}), (2, {-1, 0, 1})])
def test_binary_and_ternary_weights_mean_what_is_nearest(bits, values):
    """The unit of signs alone is the mean of the magnitudes: of all units, the one with the least squared error."""
    network = random_network()
    made = constrained(network, options={"clip": True}, words__W_f__bits=bits).network
    for before, after in zip(network.layers, made.layers, strict=True):
        assert set(np.unique(after.W_f)) == values
        unit = (after.fixed.unit_u / before.neuron.g * 2.0**-after.fixed.shift_f)[0]
        if bits == 1:
            assert unit == pytest.approx(np.abs(before.W_f).mean())
        error = np.abs(after.W_f * unit - before.W_f)
        for other in values:
            assert (error <= np.abs(other * unit - before.W_f) * (1 + 1e-9)).all()


def test_a_memory_of_few_bits_still_hears_its_input():
    """nu has a shift of its own: x is not as coarse as m, and nu uses its word."""
    for bits in (4, 6):
        made = constrained(random_network(), words__m__bits=bits).network
        found = reference.run(made, random_input(made, 4, seed=5), record=("x",))
        for layer, x in zip(made.layers, found.x, strict=True):
            assert np.abs(layer.slow.nu).max() >= 64 and np.abs(layer.slow.Bbar).max() >= 64
            assert x.max() > 2**12


@pytest.mark.parametrize("bits", [4, 6, 16])
def test_a_memory_of_few_bits_hears_its_input_on_a_chip_of_wide_words_too(bits):
    """Sums of 48 bits are added exactly only where their shifts are near: x must not be finer than that."""
    network = random_network()
    ideal = chip.changed(chip.load("ideal"), {"words.m.bits": bits})
    for layer in constrain(network, ideal, random_input(network, 4, seed=5)).network.layers:
        for array in (layer.slow.Bbar, layer.slow.nu):
            assert np.abs(array).max() > 2**11, "of 2^15"


@settings(max_examples=50, deadline=None)
@given(total=st.integers(-2**52, 2**52), shift=st.integers(1, 62), noise=st.integers(0, 2**16 - 1))
def test_rounding_at_random_is_exact_up_to_the_widest_sums(total, shift, noise):
    want = (total * 2**16 + noise * 2**shift) // 2 ** (shift + 16)  # Python's whole numbers have no end
    assert numpy_integers.shifted(np.int64(total), shift, "stochastic", np.int64(noise)) == want


@pytest.mark.parametrize("rounding, least, most", [
    ("nearest", -0.5, 0.5), ("floor", 0, 1 - 2**-20), ("zero", -(1 - 2**-20), 1 - 2**-20)])
def test_the_memory_rounds_once_a_step(rounding, least, most):
    """What kept and new add up to is cut off in one go: two roundings would stray twice as far."""
    made = constrained(random_network(), words__m__bits=6, words__m__rounding=rounding).network
    found = reference.run(made, random_input(made, 4, seed=5), record=("m", "x"))
    for layer, m, x in zip(made.layers, found.m, found.x, strict=True):
        fixed, slow = layer.fixed, layer.slow
        before = np.pad(m, ((0, 0), (1, 0), (0, 0)))[:, :-1]
        exact = before @ slow.Abar.T * 2.0**-fixed.shift_m + x * slow.Bbar * 2.0**-fixed.shift_B
        cut = exact - m
        assert least <= cut.min() and cut.max() <= most
        assert cut.std() > 0.2, "a cut of this size shows nothing"


def test_sums_too_far_apart_to_be_added_exactly_are_refused():
    fixed = constrained(random_network()).network.layers[0].fixed
    with pytest.raises(DmpnetError, match="shift_m = 0 and shift_B = 30, but sums of 24 bits .* at most 29 bits apart"):
        replace(fixed, shift_m=0, shift_B=30)
    assert replace(fixed, shift_m=0, shift_B=29).shifts["shift_B"] == 29


def test_sums_too_large_to_be_exact_are_refused():
    """Weights of 48 bits on 8-bit pixels: one product has 56. Of 42, six that are largest fit."""
    network = random_network(encoding="analog")
    with pytest.raises(DmpnetError, match="layer 1: sums of W_f may reach 2\\^5[5-9].*exact to 2\\^53.*fewer bits"):
        constrained(network, words__W_f__bits=48, words__I__bits=48)
    made = constrained(network, words__W_f__bits=42, words__I__bits=48, words__u__bits=24).network
    assert np.abs(made.layers[0].W_f).max() == 2**41 - 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_readout_whose_columns_make_up_for_each_other_says_more_exactly_what_the_memory_said(seed):
    network = random_network(d=(6, 8), seed=seed)
    s_in = random_input(network, 4, seed=5)
    trained = reference.run(network, s_in, record=("m",))

    def missed(compensate):
        made = constrained(network, options={"compensate": compensate}, words__P__bits=4, words__nu__bits=4).network
        fixed, slow = made.layers[0].fixed, made.layers[0].slow
        held = reference.run(made, s_in, record=("m", "x"))
        before = np.pad(held.m[0], ((0, 0), (1, 0), (0, 0)))[:, :-1]
        said = before @ slow.W_m.T * 2.0**-fixed.shift_I + held.x[0] * slow.nu * 2.0**-fixed.shift_nu
        return np.square(said * fixed.unit_u / network.layers[0].neuron.g
                         - trained.m[0] @ network.layers[0].slow.W_m.T).mean()

    assert missed(True) < missed(False)


def test_values_that_make_up_for_others_are_not_said_to_be_beyond_their_word():
    network = random_network(d=(8, 8))
    made = constrained(network, samples=8)
    at_limit = {("P", number): int((np.abs(layer.slow.W_m) == 127).sum())
                for number, layer in enumerate(made.network.layers, 1)}
    for change in made.changes:
        assert change.clipped <= at_limit.get((change.array, change.layer), change.size), change
    assert not any("values of P" in note or "values of nu" in note for note in made.notes)


def test_rows_of_their_own_round_finer():
    network = random_network()
    network = replace(network, layers=(replace(network.layers[0], W_f=network.layers[0].W_f
                                               * np.geomspace(0.05, 1, 16)[:, None]), network.layers[1]))
    one, own = (constrained(network, options={"rows": rows}, words__W_f__bits=4) for rows in (False, True))
    error = [next(change.error for change in each.changes if change.array == "W_f") for each in (one, own)]
    assert error[1] < error[0]
    assert len(set(own.network.layers[0].fixed.theta_u)) > 8, "each neuron its own threshold"


def test_nothing_saturates_on_the_calibration_samples():
    network = random_network()
    made = constrained(network, words__m__bits=6, words__u__bits=10, words__x__bits=6).network
    for counts in reference.watched(made, random_input(network, 4, seed=5))[1]:
        assert not any(counts[name] for name in "umx")


def test_a_network_that_rounding_kills_is_not_quiet_about_it():
    found = constrained(random_network(), words__W_f__bits=2, words__P__bits=2, words__nu__bits=2, words__b__bits=3)
    assert any(found.silent)
    assert any("fall silent" in note for note in found.notes)
    assert any("values of b do not fit" in note for note in found.notes)


def test_a_memory_that_rounding_kills_is_not_quiet_about_it():
    """m so much finer than x that sums of 48 bits leave nothing of Abar and P."""
    made = constrained(random_network(), words__m__bits=40, words__x__bits=4, words__I__bits=48)
    for number, layer in enumerate(made.network.layers, 1):
        for name, array in (("Abar", layer.slow.Abar), ("P", layer.slow.W_m)):
            assert any(f"layer {number}: every value of {name} became 0" in note for note in made.notes) == (
                not array.any())
    assert any("Abar" in note for note in made.notes)
    assert not any("became 0" in note for note in constrained(random_network()).notes)


def test_a_file_keeps_every_integer(tmp_path):
    made = constrained(random_network(delay=3), options={"rows": True}).network
    weights.save(made, tmp_path / "made.npz")
    back = weights.load(tmp_path / "made.npz")
    assert weights.checksum(back) == weights.checksum(made)
    assert back.layers[0].W_f.dtype == np.int8
    s_in = random_input(made, 2)
    for a, b in zip(*(reference.run(each, s_in, record=EVERYTHING).u for each in (made, back)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("other", [swap.linear, swap.shift])
def test_another_decay_in_an_integer_network_is_integers_too(other):
    swapped = other(constrained(random_network(neurons=(Neuron(0.8, 0.2), Neuron(0.7, 0.3))), words__u__bits=6).network)
    s_in = random_input(swapped, 4)
    want = reference.run(swapped, s_in, EVERYTHING)
    assert all(layer.neuron.lam % 1 == 0 for layer in swapped.layers)
    assert_same(simulate(swapped, s_in, record=EVERYTHING), want)


def test_a_leak_of_no_whole_number_is_refused():
    made = constrained(random_network(neurons=(Neuron(0.8, 0.2, decay="linear", lam=0.1),) * 2)).network
    layers = [replace(layer, neuron=replace(layer.neuron, lam=layer.neuron.lam + 0.5)) for layer in made.layers]
    with pytest.raises(DmpnetError, match=r"network: layer1 has lam = \d+\.5, but in integers"):
        replace(made, layers=tuple(layers))


@pytest.mark.parametrize("encoding, levels", [("analog", 0), ("spikes", 255)])
def test_input_of_no_whole_numbers_is_refused(encoding, levels):
    made = constrained(random_network(encoding=encoding)).network
    with pytest.raises(DmpnetError, match=f"input.levels = {levels}"):
        replace(made, encoding=replace(made.encoding, levels=levels))


@pytest.mark.parametrize("facts, options, words, named", [
    ({"acts": "gain"}, {}, {}, "layer 1: its slow memory acts on the gain.*acts = 'current'"),
    ({"neurons": (Neuron(decay="linear", lam=0.1),) * 2}, {"rows": True}, {}, "layer 1: rows.*leave rows out"),
    ({}, {"rotate": False}, {"datapath__spread": True}, r"layer 1: .* holds d = 4 in all of its .*--keep-basis"),
])
def test_what_no_chip_computes_is_refused(facts, options, words, named):
    with pytest.raises(DmpnetError, match=named):
        constrained(random_network(**facts), options=options, **words)


def test_what_a_chip_does_not_compute_is_noted():
    network = random_network()
    made = constrain(network, chip.load("ldlif-256"), random_input(network, 2))
    assert [note for note in made.notes if "exponential" in note and "linear" in note and "fit refuses" in note]
    assert not [note for note in constrained(network).notes if "fit refuses" in note]


def test_a_constrained_network_is_not_constrained_again():
    made = constrained(random_network()).network
    with pytest.raises(DmpnetError, match="integers already"):
        constrain(made, chip.load("dmp"), random_input(made, 1))
    with pytest.raises(DmpnetError, match="real numbers.*constrain it"):
        reference.watched(random_network(), random_input(made, 1))


# what comes in


@pytest.mark.parametrize("encoding, dtypes", [("spikes", ("bool", "int8", "uint8", "float32", "float16", "int64")),
                                              ("analog", ("float32", "float16"))])
def test_formats_do_not_hang_on_the_type_of_the_calibration(encoding, dtypes):
    """Values that every type holds: 0 and 1, or eighths."""
    network = random_network((5, 8, 7, 3), encoding=encoding, steps=25)
    s_in = np.ceil(8 * random_input(network, 3, seed=5)) / 8
    want = weights.checksum(constrain(network, chip.load("ideal"), s_in).network)
    for dtype in dtypes:
        assert weights.checksum(constrain(network, chip.load("ideal"), s_in.astype(dtype)).network) == want, dtype


@pytest.mark.parametrize("below, told", [(0, False), (0.004, False), (0.3, True)])
def test_input_that_levels_do_not_reach_is_told(below, told):
    """A level is a whole number from 0: what lies below is heard as nothing. One value in a hundred may."""
    network = random_network(encoding="analog")
    s_in = random_input(network, 4, seed=5)
    heard = np.flatnonzero(s_in)
    s_in.flat[heard[:round(below * len(heard))]] *= -1
    notes = [note for note in constrain(network, chip.load("dmp"), s_in).notes if "input" in note]
    assert bool(notes) == told and (not told or "30 % of the values of s_in that are not 0" in notes[0])


def test_formats_are_not_chosen_by_what_nothing_is_heard_of():
    network = random_network(encoding="analog")
    s_in = random_input(network, 2)
    with pytest.raises(DmpnetError, match="calibration: s_in is 0 everywhere, but.*; give samples"):
        constrain(network, chip.load("dmp"), 0 * s_in)
    with pytest.raises(DmpnetError, match="calibration: no value of s_in is above 0, but.*; scale it to 0 to 1"):
        constrain(network, chip.load("dmp"), -s_in)
    with pytest.raises(DmpnetError, match="calibration: s_in is 0 everywhere"):
        constrain(random_network(), chip.load("dmp"), np.zeros((1, 40, 6), bool))


@pytest.mark.parametrize("wrong, named", [(0.5, "reads spikes"), (2, "reads spikes"), (np.nan, "NaN")])
def test_the_integer_reference_reads_what_every_simulator_reads(wrong, named):
    """Half a spike is not none."""
    made = constrained(random_network()).network
    s_in = random_input(made, 1).astype(float)
    s_in[0, 3, 2] = wrong
    for run in (reference.run, reference.watched):
        with pytest.raises(DmpnetError, match=named):
            run(made, s_in)


@given(st.integers(0, 10**6))
def test_products_of_the_widest_sums_are_exact(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(-(2**15), 2**15, (3, 64))
    matrix = rng.integers(-(2**30), 2**30, (64, 5))
    np.testing.assert_array_equal(numpy_integers.product(values, matrix.astype(float)), values @ matrix)


# analog input beside recurrent spikes


def test_recurrent_weights_that_levels_of_input_leave_no_room_are_refused_by_name():
    """A spike is one of 255 levels of the same accumulator: what W_r needs there is 255 times its share."""
    network = random_network(kind="RSNN", encoding="analog", dataset="smnist")
    s_in = random_input(network, 4)
    with pytest.raises(DmpnetError, match=r"layer 1: \d+ of 256 values of W_r .*255 levels.*words.s_in"):
        constrain(network, chip.load("dmp-256"), s_in)
    wide = chip.changed(chip.load("dmp-256"), {"words.s_in.bits": 2, "words.W_r.bits": 12})
    made = constrain(network, wide, s_in).network
    layer = made.layers[0]
    unit = layer.fixed.unit_u[0] / network.layers[0].neuron.g * 2.0**-layer.fixed.shift_f
    np.testing.assert_allclose(layer.W_r * unit, network.layers[0].W_r, atol=0.51 * unit)
    np.testing.assert_allclose(layer.W_f * unit * 3, network.layers[0].W_f, atol=0.51 * unit * 3)


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 40), st.integers(0, 99))
def test_the_most_that_was_seen_is_that_of_every_step(d, N, steps, seed):
    """However many steps are taken at a time."""
    rng = np.random.default_rng(seed)
    m, W_m = rng.normal(-1, 1, (2, steps, d)), rng.normal(size=(N, d))
    seen = Seen(np.zeros((2, steps, 1)), m, np.zeros((2, steps, 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slow_pathway, "PIECE", 7)
        np.testing.assert_allclose(seen.heard(W_m), np.abs(np.einsum("nd,btd->btn", W_m, m)).max((0, 1)), rtol=1e-12)
    np.testing.assert_array_equal(seen.largest, np.abs(m).max((0, 1)))
