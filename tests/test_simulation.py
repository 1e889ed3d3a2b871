"""simulate(): the same spikes on every back end, in batches of any size, and nothing of the user's Brian2 touched."""

import importlib.util
import warnings
from dataclasses import replace
from functools import partial

import brian2
import numpy as np
import pytest
from brian2 import mV
from brian2.devices.device import reset_device
from networks import random_input, random_network
from test_network import ALL, NETWORKS, assert_informative, assert_same, dyadic_network

import dmpnet
from dmpnet import reference
from dmpnet.brian import backends, batches, simulation
from dmpnet.brian.conversion import convert
from dmpnet.brian.simulation import batch_size, simulate
from dmpnet.errors import BackendError, DataWarning, DmpnetError, WeightsError
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain

SLOW_BACKENDS = [pytest.param(name, marks=pytest.mark.slow) for name in ("cython", "cpp_standalone")]


@pytest.mark.parametrize("backend", ["numpy", *SLOW_BACKENDS])
@pytest.mark.parametrize("name", NETWORKS)
def test_spikes_equal_reference(name, backend):
    network = random_network(seed=1, **NETWORKS[name])
    s_in = random_input(network, samples=5)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert_same(simulate(network, s_in, backend=backend, record=ALL), want)


@pytest.mark.parametrize("backend", SLOW_BACKENDS)
@pytest.mark.parametrize("name", ["delays", "delays of analog input", "memory on the threshold, recurrence",
                                  "memory on the gain, recurrence, delays", "a class at every step"])
def test_synapses_equal_reference(name, backend):
    """The other coupling where it has to be compiled (on NumPy: test_network)."""
    network = random_network(seed=1, **NETWORKS[name])
    s_in = random_input(network, samples=3)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert_same(simulate(network, s_in, backend=backend, coupling="synapses", record=ALL), want)


@pytest.mark.parametrize("backend", ["numpy", *SLOW_BACKENDS])
@pytest.mark.parametrize("coupling", ["synapses", "shared"])
def test_couplings_agree_on_the_threshold_itself(coupling, backend):
    network = dyadic_network("analog")
    s_in = random_input(network, samples=3, rate=0.6).round()
    want = reference.run(network, s_in, ALL)
    assert want.margin == 0
    assert_same(simulate(network, s_in, backend=backend, coupling=coupling, record=ALL), want)


@pytest.mark.parametrize("extended", [{}, {"delay": (19, 6), "kappa": 0.5}])
@pytest.mark.parametrize("coupling", ["synapses", "shared"])
@pytest.mark.parametrize("batch", [1, 3, 4, 100])
def test_batches_need_not_divide_the_samples(batch, coupling, extended):
    network = random_network(seed=7, **extended)
    s_in = random_input(network, samples=4, steps=20)
    told = []
    got = simulate(network, s_in, coupling=coupling, record=ALL, batch=batch, progress=lambda *done: told.append(done))
    assert_same(got, reference.run(network, s_in, ALL))
    assert told == [(min(n, 4), 4) for n in range(batch, 4 + batch, batch)]


def test_only_what_is_asked_for_is_kept():
    network = random_network(seed=8)
    s_in = random_input(network, samples=2)
    got, want = simulate(network, s_in, record=()), reference.run(network, s_in)
    assert (got.spikes, got.u, got.m, got.readout) == ([], [], [], None)
    assert simulate(replace(network, kappa=0.5), s_in, record=()).readout is None
    np.testing.assert_allclose(got.logits, want.logits, atol=1e-12)
    for a, b in zip(got.counts, want.counts, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(got.rates, want.rates, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-15)


def test_the_users_brian2_is_left_as_it_was():
    group = brian2.NeuronGroup(1, "v : 1", name="mine", namespace={})
    group.run_regularly("v += 1")
    counter = brian2.Network(group)
    brian2.defaultclock.dt = 0.25 * brian2.ms
    brian2.prefs["codegen.target"] = "numpy"
    brian2.prefs["core.default_float_dtype"] = np.float32
    try:
        counter.run(1 * brian2.ms, namespace={})
        network = random_network(seed=9)
        s_in = random_input(network, samples=2)
        got = simulate(network, s_in)
        assert brian2.prefs["core.default_float_dtype"] is np.float32
        assert brian2.defaultclock.dt == 0.25 * brian2.ms and brian2.defaultclock.t == 1 * brian2.ms
        counter.run(1 * brian2.ms, namespace={})
        assert group.v[0] == 8
        np.testing.assert_array_equal(got.spikes[1], reference.run(network, s_in).spikes[1])
    finally:
        brian2.prefs["core.default_float_dtype"] = np.float64
        brian2.defaultclock.dt = 0.1 * brian2.ms


def test_a_users_standalone_device_stays_active(tmp_path):
    brian2.set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    try:
        device = brian2.get_device()
        network = random_network(seed=9, kind="FSNN")
        s_in = random_input(network, samples=1)
        got = simulate(network, s_in)
        assert brian2.get_device() is device and device.build_on_run is False
        np.testing.assert_array_equal(got.spikes[1], reference.run(network, s_in).spikes[1])
    finally:
        brian2.device.reinit()
        reset_device()


def test_nothing_is_drawn_at_random():
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    network = random_network(seed=1)
    simulate(network, random_input(network, 1))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_batch_fits_the_budget_whatever_is_recorded(monkeypatch):
    network = random_network(shape=(1, 200, 200, 10), d=60, theta=300.0, encoding="analog", steps=20)
    few = batch_size(network, (10_000, 784, 1), "numpy", "shared", ALL)
    many = batch_size(network, (10_000, 784, 1), "numpy", "shared", ())
    assert 1 <= few < many == batches.MOST
    assert few * 784 * (2 * 400 + 2 * 120) * 8 < 2 * simulation.BUDGET
    monkeypatch.setattr(simulation, "BUDGET", 1)
    assert batch_size(network, (10_000, 784, 1), "cpp_standalone", "shared", ALL, 2) == 1


def test_one_name_of_what_to_keep_is_enough():
    network = random_network(steps=6)
    seen = simulate(network, random_input(network, 2), record="u")
    assert [u.shape for u in seen.u] == [(2, 6, 16), (2, 6, 12)] and not seen.spikes


@pytest.mark.parametrize("wrong, error, says", [
    ({"backend": "cuda"}, BackendError, "'cuda'.*numpy"),
    ({"processes": 2}, BackendError, "processes = 2"),
    ({"processes": 0}, DmpnetError, "processes = 0"),
    ({"batch": 0}, DmpnetError, "batch = 0"),
    ({"batch": 2.5}, DmpnetError, "batch = 2.5, but it counts something; set a whole number >= 1"),
    ({"batch": "2"}, DmpnetError, "batch = '2'"), ({"batch": 2 * mV}, DmpnetError, "batch = 2. . mvolt"),
    ({"processes": "2"}, DmpnetError, "processes = '2'"), ({"processes": 1.5}, DmpnetError, "processes = 1.5"),
    ({"coupling": "dense"}, DmpnetError, "'dense'"),
    ({"record": ("v",)}, DmpnetError, "'v'"),
])
def test_a_wrong_request_is_named_before_any_work(wrong, error, says, monkeypatch):
    monkeypatch.setattr(simulation, "built", None)  # would fail if anything were built
    network = random_network(kind="FSNN")
    with pytest.raises(error, match=says) as caught:
        simulate(network, random_input(network, 1), **wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", [simulate, dmpnet.convert])
def test_input_has_no_unit(call):
    network = random_network(encoding="analog")
    s_in = random_input(network, 2)
    for wrong in (s_in * mV, [sample * mV for sample in s_in]):
        with pytest.raises(DmpnetError, match=f"{call.__name__}: s_in = .* has the unit volt, but it is without one; "):
            call(network, wrong)
    assert call(network, s_in * mV / mV) is not None


def test_input_of_the_reference_and_of_a_chip_has_no_unit():
    network = random_network(encoding="analog")
    s_in = random_input(network, 2)
    for wrong in (s_in * mV, [sample * mV for sample in s_in]):
        for call in (partial(reference.run, network), partial(constrain, network, chip.load("ideal"))):
            with pytest.raises(DmpnetError, match=r"input has a unit \(\w*V\), but networks read plain numbers"):
                call(wrong)
    reference.run(network, s_in * mV / mV)


def test_masked_values_tensors_with_a_gradient_and_ragged_lists_are_named():
    torch = pytest.importorskip("torch")
    network = random_network(encoding="analog")
    s_in = random_input(network, 2)
    ragged = [[[0.0] * s_in.shape[2]] * steps for steps in (3, 4)]
    for wrong, told in ((np.ma.masked_greater(s_in, 0.5), "masked values.*filled"), (ragged, "list is no array"),
                        (torch.tensor(s_in, requires_grad=True), "Tensor is no array of numbers.*grad")):
        for call in (partial(simulate, network), partial(dmpnet.convert, network), partial(reference.run, network),
                     partial(constrain, network, chip.load("ideal"))):
            with pytest.raises(DmpnetError, match=told):
                call(wrong)
    simulate(network, np.ma.asarray(s_in))


@pytest.mark.filterwarnings("ignore:.*invalid value")
def test_a_membrane_that_is_no_number_tells_no_class():
    network = random_network(encoding="analog")
    converted = dmpnet.convert(network, random_input(network, 2))
    converted["W_f_1"].w = np.nan
    converted["W_o"].w = np.nan
    converted.run()
    with pytest.raises(DmpnetError, match="readout: NaN or infinite in 2 of 2 samples, so that no class is told"):
        converted.activity()


@pytest.mark.parametrize("name", ["simulate", "convert", "fit", "constrain"])
def test_what_is_no_network_and_no_chip_is_named(name):
    call, s_in = getattr(dmpnet, name), np.zeros((1, 784, 1))
    beside = {"fit": (dmpnet.chip("dmp"),), "constrain": (dmpnet.chip("dmp"), s_in)}.get(name, (s_in,))
    with pytest.raises(DmpnetError, match=f"{name}: a str, but it takes .*; load one by its name with dmpnet.load"):
        call("smnist-dmp2", *beside)
    network = random_network()
    made = dmpnet.constrain(network, dmpnet.chip("ideal"), random_input(network, 2))
    with pytest.raises(DmpnetError, match=f"{name}: a Constrained, but it takes .*; give its `network`"):
        call(made, *beside)
    if name in ("fit", "constrain"):
        with pytest.raises(DmpnetError, match=f"{name}: chip = 'dmp', but it takes a Chip; .* with dmpnet.chip"):
            call(network, "dmp", *beside[1:])


@pytest.mark.parametrize("wrong", [None, 3, ["smnist-dmp2"]])
def test_what_is_no_name_is_named(wrong):
    for load in (dmpnet.load, dmpnet.chip, dmpnet.rule):
        with pytest.raises(DmpnetError):
            load(wrong)
    with pytest.raises(WeightsError, match="is given, but a network is loaded by its name or the path of its file"):
        dmpnet.load(wrong)


@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
def test_a_missing_compiler_is_named(backend, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    network = random_network(kind="FSNN")
    with pytest.raises(BackendError, match="'no-such-compiler' is not found.*numpy"):
        simulate(network, random_input(network, 1), backend=backend)


def test_a_missing_cython_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match="pip install cython"):
        backends.check_backend("cython")


@pytest.mark.parametrize("run", [lambda network, s_in: simulate(network, s_in, batch=1),
                                 lambda network, s_in: convert(network, s_in)])
@pytest.mark.parametrize("dataset, scale, warns", [("smnist", 255, 1), ("smnist", 0.5, 0), ("", 255, 0)])
def test_pixels_that_were_not_divided_are_told_once(run, dataset, scale, warns):
    """Of a data set whose range is known; a network of one's own may read any."""
    network = random_network((2, 9, 3), encoding="analog", steps=20, dataset=dataset)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run(network, scale * random_input(network, 3))
    said = [str(each.message) for each in told if issubclass(each.category, DataWarning)]
    assert len(said) == warns and all("divide by 255" in each for each in said)
