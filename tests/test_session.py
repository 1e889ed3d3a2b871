"""A converted network in the user's own Brian2 session: its clock, pieces, preferences, device, names and threads."""

import gc
import os
import re
import signal
import threading
from dataclasses import replace
from fractions import Fraction

import brian2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, defaultclock, ms, prefs
from brian2.devices.device import reset_device
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_input, random_network
from test_network import ALL, COUPLINGS, NETWORKS, assert_informative, assert_same

from dmpnet import reference
from dmpnet.brian import conversion, session
from dmpnet.brian.backends import MAKE, TWO_AT_ONCE
from dmpnet.brian.conversion import convert
from dmpnet.brian.simulation import simulate
from dmpnet.errors import BackendError, DmpnetError
from dmpnet.trained.encoding import Encoding

STATEFUL = {name: NETWORKS[name] for name in ("every constant differs", "soft reset, memory and recurrence", "dilation",
                                              "analog", "delays", "delays in layer 2, recurrence",
                                              "delays of analog input", "memory on the gain, recurrence, delays")}
BY_TURNS = [pytest.param(name, coupling, marks=[pytest.mark.slow] * ((i + j) % 2)) for i, name in enumerate(STATEFUL)
            for j, coupling in enumerate(COUPLINGS)]
"""Each with one coupling; with the other among the slow tests."""


@pytest.fixture(autouse=True)
def numpy_target():
    before, dt = prefs["codegen.target"], defaultclock.dt
    prefs["codegen.target"] = "numpy"
    yield
    prefs["codegen.target"] = before
    defaultclock.dt = dt


def example(name="every constant differs", samples=2, **more):
    """A network, its input, and what the reference makes of it."""
    network = random_network(seed=1, **(NETWORKS[name] | more))
    s_in = random_input(network, samples)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    return network, s_in, want


# in pieces


@pytest.mark.parametrize("name, coupling", BY_TURNS)
def test_a_run_in_pieces_is_one_run(name, coupling):
    network, s_in, want = example(name)
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    for steps in (1, 20):
        converted.run(steps * converted.clock.dt)
    converted.run()
    assert_same(converted.activity(), want)


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_step_by_step(coupling):
    network, s_in, want = example("delays")
    converted = convert(network, s_in, coupling=coupling)
    for _ in range(8):
        converted.run(converted.clock.dt)
    converted.run()
    np.testing.assert_array_equal(converted.activity().spikes[1], want.spikes[1])


@pytest.mark.parametrize("name, coupling", BY_TURNS)
def test_a_state_stored_within_a_sample_is_gone_on_from(name, coupling, tmp_path):
    """In memory and from a file into another network of the same kind; what was done in between leaves no trace."""
    network, s_in, want = example(name)
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    converted.run(15 * converted.clock.dt)
    converted.store()
    converted.store("file", str(tmp_path / "state"))
    converted.run(20 * converted.clock.dt)
    converted.restore()
    converted.run()
    assert_same(converted.activity(), want)
    if coupling == "synapses":
        return  # Brian2 restores the queue of a delayed synapse into the network that it is of alone
    other = convert(network, s_in, coupling=coupling, record=ALL)
    other.clock._name = converted.clock.name  # Brian2 finds states by name, and numbers clocks
    other.restore("file", str(tmp_path / "state"))
    other.run()
    assert_same(other.activity(), want)


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_what_cannot_be_restored_as_a_whole_is_left_as_it_is(coupling):
    """Brian2 finds out on its way that it does not know an object; what it had restored by then is put back."""
    network, s_in, want = example()
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    converted.run(15 * converted.clock.dt)
    converted.store()
    converted.run(5 * converted.clock.dt)
    for obj in [group for group in converted.objects if isinstance(group, brian2.NeuronGroup)]:
        converted.add(brian2.StateMonitor(obj, "i", record=[0], clock=converted.clock))
    with pytest.raises(KeyError, match="Stored state does not have"):
        converted.restore()
    with pytest.raises(KeyError, match="never"):
        converted.restore("never")
    converted.run()
    assert_same(converted.activity(), want)


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_running_on_after_the_end_changes_nothing(coupling):
    network, s_in, want = example()
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    converted.run(converted.duration + 9 * converted.clock.dt)
    assert_same(converted.activity(), want)


# read only when whole


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("missing", [1, 20, None])
def test_activity_before_the_end_is_refused(missing, coupling):
    network, s_in, _ = example()
    converted = convert(network, s_in, coupling=coupling)
    total = converted.timing.total
    if missing is not None:
        converted.run((total - missing) * converted.clock.dt)
    with pytest.raises(DmpnetError, match=f"ran {total - (missing or total)} of {total} steps, but .*; run it for"):
        converted.activity()


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_stopped_run_is_refused_and_can_be_finished(coupling):
    """As by Ctrl-C in the user's session, where Brian2 ends the step and returns."""
    network, s_in, want = example()
    converted = convert(network, s_in, coupling=coupling)
    converted.add(brian2.NetworkOperation(lambda t: converted.stop() if t > 12.5 * ms else None, clock=converted.clock,
                                          name="stops"))
    converted.run()
    with pytest.raises(DmpnetError, match="ran 14 of"):
        converted.activity()
    converted.remove(converted["stops"])
    converted.run()
    np.testing.assert_array_equal(converted.activity().spikes[1], want.spikes[1])


def test_a_run_broken_within_a_step_is_refused_until_restored():
    network, s_in, want = example()
    converted = convert(network, s_in, coupling="shared")
    converted.store()

    def failing(t):
        if t > 12.5 * ms:
            raise ArithmeticError("the user's own operation failed")

    fail = brian2.NetworkOperation(failing, clock=converted.clock, when="thresholds")
    converted.add(fail)
    with pytest.raises(Exception, match="own operation"):
        converted.run()
    converted.remove(fail)
    for call in (converted.run, converted.activity):
        with pytest.raises(DmpnetError, match="broken off within a step.*; restore an earlier state"):
            call()
    assert not Network._globally_running  # or the next Ctrl-C would be taken for a request to stop
    converted.restore()
    converted.run()
    np.testing.assert_array_equal(converted.activity().spikes[1], want.spikes[1])


def test_a_run_that_could_not_begin_can_be_mended():
    """A slip in code of the user's own is told before any step is taken."""
    network, s_in, want = example()
    converted = convert(network, s_in)
    slip = converted["fast_1"].run_regularly("u += not_there", name="slip")
    with pytest.raises(brian2.BrianObjectException):
        converted.run()
    converted["fast_1"].contained_objects.remove(slip)
    converted.run()
    np.testing.assert_array_equal(converted.activity().spikes[1], want.spikes[1])


def test_a_monitor_that_was_switched_off_is_missed():
    network, s_in, _ = example()
    converted = convert(network, s_in, record=("u",))
    converted["u_2"].active = False
    converted.run(5 * converted.clock.dt)
    converted["u_2"].active = True
    converted.run()
    with pytest.raises(DmpnetError, match="u_2: recorded .* steps, but all are needed"):
        converted.activity()


@pytest.mark.parametrize("coupling", ["synapses", "shared"])
@pytest.mark.parametrize("code", ["I_f_post += 5", "I_m_post = 5", "u_post += 5"])
def test_spikes_that_a_layer_would_not_hear_are_refused(coupling, code):
    """Its currents are made anew in every step; its membrane takes what is added."""
    network, s_in, want = example()
    converted = convert(network, s_in, coupling=coupling)
    dt, fast = converted.clock.dt, converted["fast_1"]
    source = brian2.SpikeGeneratorGroup(1, [0] * 4, np.arange(3, 7) * dt, clock=converted.clock, name="theirs")
    more = brian2.Synapses(source, fast, on_pre=code, clock=converted.clock, name="more")
    more.connect()
    converted.add(source, more)
    if code.startswith("u"):
        converted.run()
        assert converted.activity().counts[0].sum() > want.counts[0].sum()
    else:
        with pytest.raises(DmpnetError, match="more: writes I_. of fast_1, .* would be lost; add to u"):
            converted.run()


def test_spikes_that_were_not_monitored_are_missed():
    """Until an earlier state is restored; a state that was stored after it lacks them too."""
    network, s_in, want = example()
    converted = convert(network, s_in)
    converted.store("before")
    converted["spikes_1"].active = False
    converted.run(5 * converted.clock.dt)
    converted["spikes_1"].active = True
    converted.store("late")
    for name in (None, "late"):
        if name:
            converted.restore(name)
        converted.run()
        with pytest.raises(DmpnetError, match="spikes_1: not active for a part of the run, but all spikes are needed"):
            converted.activity()
    converted.restore("before")
    converted.run()
    np.testing.assert_array_equal(converted.activity().spikes[0], want.spikes[0])


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_an_interrupt_is_never_a_result(coupling, stop, monkeypatch):
    """One Ctrl-C while Brian2 is running, with its preference to end the run and return as if it were whole."""
    network, s_in, want = example("analog")
    wanted = {session.STOPS: stop} if session.STOPS in prefs else {}
    real, calls = NeuronGroup.before_run, []

    def interrupted(self, *args, **kwargs):
        if self.name == "readout":
            calls.append(threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)))
            calls[-1].start()
        return real(self, *args, **kwargs)

    monkeypatch.setattr(NeuronGroup, "before_run", interrupted)
    long = np.tile(s_in, (1, 200, 1))
    try:
        with session.preferred(wanted), pytest.raises(KeyboardInterrupt):
            simulate(network, long, coupling=coupling)
    finally:
        for call in calls:
            call.join()
    assert calls and not Network._globally_running
    monkeypatch.undo()
    prefs["codegen.target"] = "numpy"
    assert_same(simulate(network, s_in, coupling=coupling, record=ALL), want)


# how it is compiled


def test_cython_is_compiled_in_order_and_kept_apart(tmp_path, monkeypatch):
    """Without -ffast-math and in another cache than the user's, whose entries do not say how they were compiled."""
    monkeypatch.setenv("DMPNET_CACHE", str(tmp_path))
    keys = (*session.FLAGS, "codegen.runtime.cython.cache_dir", "codegen.target")
    before = {key: prefs[key] for key in keys}
    assert session.REORDERING in prefs["codegen.cpp.extra_compile_args_gcc"]
    with session.run_time("cython"):
        flags = prefs["codegen.cpp.extra_compile_args_gcc"]
        assert flags == [flag for flag in before["codegen.cpp.extra_compile_args_gcc"] if flag != "-ffast-math"]
        first = prefs["codegen.runtime.cython.cache_dir"]
        assert first.startswith(str(tmp_path)) and prefs["codegen.target"] == "cython"
    assert {key: prefs[key] for key in keys} == before
    with session.preferred({"codegen.cpp.extra_compile_args": ["-O1"]}), session.run_time("cython"):
        assert prefs["codegen.runtime.cython.cache_dir"] != first


@pytest.mark.parametrize("target, told", [
    ("numpy", "numpy"), pytest.param("cython", "cython, .*-O3 -ffast-math", marks=pytest.mark.slow)])
def test_a_converted_network_tells_how_it_is_compiled(target, told):
    network, s_in, _ = example()
    prefs["codegen.target"] = target
    assert re.match(told, convert(network, s_in).compiled_with)


# what belongs to it is asked once


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_converted_network_knows_its_coupling(coupling):
    network, s_in, want = example()
    converted = convert(network, s_in, coupling=coupling)
    converted.run(conversion.duration(network, 40))  # that of the other coupling may be longer
    if converted.steps_left:
        converted.run()
    np.testing.assert_array_equal(conversion.activity(converted, network, s_in.shape).spikes[1], want.spikes[1])


@pytest.mark.parametrize("given, told", [
    ({"coupling": "synapses"}, "coupling = 'synapses', but .* 'shared'"), ({"shape": (3, 40, 6)}, "shape = "),
    ({"record": ("u",)}, "record = u, but the converted network keeps spikes"),
    ({"network": random_network(seed=5)}, "another network")])
def test_what_disagrees_with_it_is_refused(given, told):
    network, s_in, _ = example()
    converted = convert(network, s_in, coupling="shared")
    converted.run()
    with pytest.raises(DmpnetError, match=told):
        conversion.activity(converted, **given)


# clocks


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_networks_of_other_steps_leave_each_other_alone(coupling):
    defaultclock.dt = 0.3 * ms
    made = [(example(dt=dt), dt) for dt in (1e-3, 1e-2, 2.5e-3)]
    converted = [convert(network, s_in, coupling=coupling) for (network, s_in, _), _ in made]
    defaultclock.dt = 0.7 * ms
    for ((_, _, want), dt), each in zip(made, converted, strict=True):
        each.run()
        assert float(each["fast_1"].clock.dt) == dt
        np.testing.assert_array_equal(each.activity().spikes[1], want.spikes[1])
    assert defaultclock.dt == 0.7 * ms


def test_monitors_of_the_user_follow_the_networks_clock():
    network, s_in, want = example(dt=2e-3)
    defaultclock.dt = 0.1 * ms
    converted = convert(network, s_in)
    seen = SpikeMonitor(converted["fast_2"])
    converted.add(seen)
    converted.run()
    assert seen.num_spikes == want.counts[1].sum()
    np.testing.assert_allclose(np.asarray(seen.t) / 2e-3, np.rint(np.asarray(seen.t) / 2e-3), atol=1e-9)


def test_a_changed_clock_is_refused():
    network, s_in, _ = example()
    converted = convert(network, s_in)
    converted["fast_1"].clock.dt = 0.5 * ms
    with pytest.raises(DmpnetError, match="dt = 0.0005 s, but the network was trained with steps of 0.001 s; set"):
        converted.run()


# preferences, options, device


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_single_precision_is_the_users_not_the_networks(coupling):
    network, s_in, want = example()
    prefs["core.default_float_dtype"] = np.float32
    try:
        converted = convert(network, s_in, coupling=coupling, record=ALL)
        mine = NeuronGroup(1, "v : 1")
        converted.run(profile=True, report=lambda *_: None)
        assert prefs["core.default_float_dtype"] == np.float32 and mine.variables["v"].dtype == np.float32
    finally:
        prefs["core.default_float_dtype"] = np.float64
    got = converted.activity()
    assert {array.dtype for array in (*got.u, *got.m, *got.x, got.logits)} == {np.dtype(np.float64)}
    assert_same(got, want)
    assert len(converted.profiling_info) > 5


@pytest.fixture
def standalone(tmp_path):
    """The user's own standalone device, in single precision."""
    before = {key: prefs[key] for key in ("core.default_float_dtype", MAKE)}
    prefs["core.default_float_dtype"], prefs[MAKE] = np.float32, TWO_AT_ONCE
    brian2.set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    yield brian2.get_device()
    for key, value in before.items():
        prefs[key] = value
    brian2.get_device().reinit()
    reset_device()


@pytest.mark.slow
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("name", ["delays", "memory on the gain, recurrence, delays"])
def test_on_the_users_standalone_device(name, coupling, standalone, tmp_path):
    network, s_in, want = example(name)
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    converted.run()
    with pytest.raises(DmpnetError, match="ran 0 of"):
        converted.activity()
    standalone.build(directory=str(tmp_path), compile=True, run=True, with_output=False)
    assert_same(converted.activity(), want)


@pytest.mark.slow
def test_on_the_users_standalone_device_that_builds_when_it_runs(standalone, tmp_path):
    network, s_in, want = example()
    brian2.set_device("cpp_standalone", directory=str(tmp_path), build_on_run=True)
    converted = convert(network, s_in, coupling="shared", record=ALL)
    converted["W_m_1"].w = "2*w"
    converted.run(report="text")
    louder = replace(network.layers[0], slow=replace(network.layers[0].slow, W_m=2 * network.layers[0].slow.W_m))
    assert_same(converted.activity(), reference.run(replace(network, layers=(louder, *network.layers[1:])), s_in, ALL))


def test_a_second_network_in_one_standalone_program_is_refused(standalone):
    network, s_in, _ = example()
    first = convert(network, s_in)
    with pytest.raises(BackendError, match="holds a converted network already, but names are unique"):
        convert(network, s_in)
    assert first.steps_left


# names


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_names_of_the_users_script_stay_there(coupling, caplog):
    network, s_in, want = example()
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    x = k = u = m = b = g = beta = W_f = W_m = s_in_ = I_f = T = a = I = 5.0  # noqa: F841
    converted.run()
    assert_same(converted.activity(), want)
    assert not [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_network_that_is_never_run_leaves_no_warnings(coupling, caplog):
    network, s_in, _ = example("analog")
    converted = convert(network, s_in, coupling=coupling, record=ALL)
    del converted
    gc.collect()
    assert not [record.getMessage()[:80] for record in caplog.records if record.levelname == "WARNING"]


def test_code_that_the_user_adds_still_reads_the_users_names():
    network, s_in, want = example()
    converted = convert(network, s_in)
    kick = 100.0  # noqa: F841
    converted["fast_2"].run_regularly("u += kick", when="end")
    converted["W_f_2"].w = "w*kick/100"
    converted.run()
    assert converted.activity().rates[1].mean() > 2 * want.rates[1].mean()


# threads


def test_threads_take_turns():
    cases = [example(dt=dt) for dt in (1e-3, 1e-2, 2.5e-3)]
    wrong, errors = [], []

    def work(network, s_in, want):
        try:
            for _ in range(3):
                got = simulate(network, s_in)
                wrong.append(sum(int((a != b).sum()) for a, b in zip(got.spikes, want.spikes, strict=True)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=case) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and wrong == [0] * 9


# the caller's numbers


@given(dtype=st.sampled_from([np.float16, np.float32, np.longdouble, np.uint8, np.int64, bool]),
       levels=st.integers(1, 300))
@settings(max_examples=30)
def test_levels_are_those_of_the_values_whatever_their_dtype(dtype, levels):
    """The level of a value v is the whole number nearest to levels v, in exact arithmetic."""
    values = np.linspace(0, 1, 101).astype(dtype)
    got = Encoding("analog", 1, 101, 1e-3, levels=levels).read(values[None, :, None])[0, :, 0]
    for value, level in zip(values, got, strict=True):
        exact = Fraction(float(value)) * levels
        assert got.dtype == np.float64
        assert abs(exact - int(level)) <= Fraction(1, 2) + Fraction(1, 10**9)
