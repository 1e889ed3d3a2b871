"""Whatever a user does in a Brian2 session, in any order, converted networks spike as the reference does.

A session converts several networks, sets clocks, preferences and seeds, adds monitors, lesions, runs in pieces, stores
and restores, learns beside and within; each network that comes to its end is compared with the reference on the
weights that it had.
"""

from dataclasses import dataclass, replace
from typing import Any

import brian2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, defaultclock, ms, prefs
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from networks import random_input, random_network
from test_network import COUPLINGS

from dmpnet import plasticity, reference
from dmpnet.brian import session
from dmpnet.brian.conversion import convert
from dmpnet.brian.simulation import simulate
from dmpnet.trained.network import TrainedNetwork

STEPS = 16
KINDS: dict[str, dict[str, Any]] = {
    "memory": {"d": 2, "theta": 6.0}, "memory, dilation": {"d": 3, "theta": 8.0, "d_s": 2},
    "recurrence": {"kind": "DMP+RSNN", "reset": "soft", "d": 2, "theta": 6.0},
    "delays": {"delay": (4, 3), "d": 2, "theta": 6.0}, "analog": {"encoding": "analog", "d": 2, "theta": 6.0},
    "gain": {"acts": "gain", "kind": "DMP+RSNN", "delay": (0, 5), "d": 2, "theta": 6.0}}
NETWORKS = {name: random_network((3, 6, 5, 2), steps=STEPS, seed=2, **kind) for name, kind in KINDS.items()}
INPUTS = {name: random_input(network, 2, rate=0.4) for name, network in NETWORKS.items()}
LESIONS = ("W_f", "W_r", "W_m")
SLOW_MS = (0.3, 1.0, 2.5, 7.0)


def test_the_networks_show_something():
    for name, network in NETWORKS.items():
        want = reference.run(network, INPUTS[name])
        assert want.margin > 1e-9 and all(0.02 < rate.mean() < 0.6 for rate in want.rates)


@dataclass
class Under:
    """A converted network, the weights it has, what they were when it was stored."""

    name: str
    converted: Any
    weights: TrainedNetwork
    ran: int = 0
    stored: tuple[TrainedNetwork, int, int] | None = None
    done: bool = False


class Session(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.before = {key: prefs[key] for key in ("codegen.target", "core.default_float_dtype", session.STOPS)
                       if key in prefs}
        self.clock = defaultclock.dt
        prefs["codegen.target"] = "numpy"
        self.networks: list[Under] = []
        self.kept: dict[str, Any] = {}

    def teardown(self):
        for key, value in self.before.items():
            prefs[key] = value
        defaultclock.dt = self.clock

    def pick(self, data, **which):
        found = [each for each in self.networks if not each.done and all(
            getattr(each, key) == value for key, value in which.items())]
        return data.draw(st.sampled_from(found), label="network") if found else None

    @initialize(dt=st.sampled_from(SLOW_MS))
    def clock_is_set(self, dt):
        self.dt = dt
        defaultclock.dt = dt * ms

    @rule(dt=st.sampled_from(SLOW_MS))
    def set_clock(self, dt):
        self.clock_is_set(dt)

    @rule(single=st.booleans(), stop=st.booleans())
    def set_preferences(self, single, stop):
        self.kept = {"core.default_float_dtype": np.float32 if single else np.float64}
        if session.STOPS in prefs:
            self.kept[session.STOPS] = stop
        for key, value in self.kept.items():
            prefs[key] = value

    @rule(seed=st.integers(0, 9))
    def set_seed(self, seed):
        brian2.seed(seed)

    @precondition(lambda self: len(self.networks) < 4)
    @rule(name=st.sampled_from(sorted(NETWORKS)), coupling=st.sampled_from(COUPLINGS), dt=st.sampled_from(SLOW_MS))
    def convert(self, name, coupling, dt):
        network = replace(NETWORKS[name], encoding=replace(NETWORKS[name].encoding, dt=dt * 1e-3))
        self.networks.append(Under(name, convert(network, INPUTS[name], coupling=coupling), network))

    @rule(data=st.data(), layer=st.sampled_from([1, 2]), states=st.booleans())
    def add_monitor(self, data, layer, states):
        under = self.pick(data)
        if under is not None:
            group = under.converted[f"fast_{layer}"]
            under.converted.add(StateMonitor(group, "u", record=True) if states else SpikeMonitor(group))

    @rule(data=st.data(), layer=st.sampled_from([1, 2]), matrix=st.sampled_from(LESIONS), by=st.sampled_from([0, -1]))
    def lesion(self, data, layer, matrix, by):
        under = self.pick(data, ran=0)
        name = f"{matrix}_{layer}"
        if under is None or name not in [obj.name for obj in under.converted.objects]:
            return
        under.converted[name].w = by * np.asarray(under.converted[name].w[:])
        one = under.weights.layers[layer - 1]
        one = replace(one, slow=replace(one.slow, W_m=by * one.slow.W_m)) if matrix == "W_m" else \
            replace(one, **{matrix: by * getattr(one, matrix)})
        layers = list(under.weights.layers)
        layers[layer - 1] = one
        under.weights = replace(under.weights, layers=tuple(layers))

    @rule(data=st.data(), matrix=st.sampled_from(["W_f_1", "W_f_2", "W_r_1"]))
    def learn_within(self, data, matrix):
        """Synapses that follow a rule whose steps are 0 carry what the fixed ones carried, lesions too."""
        under = self.pick(data, ran=0, stored=None)
        if under is None or under.converted.coupling != "synapses" or matrix not in [
                obj.name for obj in under.converted.objects]:
            return
        still = plasticity.rule("pair-additive").tuned(A_plus=0, A_minus=0, w_min=-1000, w_max=1000)
        made = plasticity.make_plastic(under.converted, under.converted.trained, matrix, still, 2)
        assert made.clock is under.converted.clock

    @rule(data=st.data(), steps=st.integers(0, 9))
    def run_piece(self, data, steps):
        under = self.pick(data)
        if under is not None:
            under.converted.run(steps * under.converted.clock.dt)
            under.ran += steps

    @rule(data=st.data())
    def store(self, data):
        under = self.pick(data)
        if under is not None:
            under.converted.store()
            under.stored = under.weights, under.ran, len(under.converted.objects)

    @rule(data=st.data())
    def restore(self, data):
        """Refused, with nothing restored, once there are objects that the stored state knows nothing of."""
        under = self.pick(data)
        if under is None or under.stored is None:
            return
        weights, ran, objects = under.stored
        if len(under.converted.objects) == objects:
            under.converted.restore()
            under.weights, under.ran = weights, ran
        else:
            with pytest.raises(KeyError, match="Stored state does not have"):
                under.converted.restore()

    @rule(data=st.data())
    def finish(self, data):
        under = self.pick(data)
        if under is None:
            return
        under.converted.run()
        got, want = under.converted.activity(), reference.run(under.weights, INPUTS[under.name])
        for a, b in zip(got.spikes, want.spikes, strict=True):
            np.testing.assert_array_equal(a, b)
        under.done = under.stored is None

    @rule(name=st.sampled_from(sorted(NETWORKS)))
    def simulate_beside(self, name):
        got, want = simulate(NETWORKS[name], INPUTS[name]), reference.run(NETWORKS[name], INPUTS[name])
        for a, b in zip(got.spikes, want.spikes, strict=True):
            np.testing.assert_array_equal(a, b)

    @rule(dt=st.sampled_from([0.1, 0.5, 1.0]), steps=st.integers(1, 12))
    def learn_beside(self, dt, steps):
        """A pair of spikes under an additive rule, on a clock of its own: exp(-n dt/tau)."""
        pre = SpikeGeneratorGroup(1, [0], [10 * dt] * ms, dt=dt * ms)
        post = SpikeGeneratorGroup(1, [0], [(10 + steps) * dt] * ms, dt=dt * ms)
        plastic = plasticity.synapses(plasticity.rule("pair-additive"), pre, post, w=0.5, name="learns*")
        Network(pre, post, plastic.synapses).run(40 * dt * ms, namespace={})
        np.testing.assert_allclose(plastic.synapses.w[0] - 0.5, 0.005 * np.exp(-steps * dt / 20), rtol=1e-4)

    @rule()
    def run_something_else(self):
        """The user's own neurons, on the default clock, by a bare run."""
        brian2.start_scope()
        mine = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", method="exact", name="mine*")
        mine.v = 1
        brian2.run(10 * defaultclock.dt)
        np.testing.assert_allclose(mine.v[:], np.exp(-self.dt), rtol=1e-4)

    @invariant()
    def the_session_is_the_users(self):
        if hasattr(self, "dt"):
            assert float(defaultclock.dt / ms) == pytest.approx(self.dt, rel=1e-12)
        for key, value in self.kept.items():
            assert prefs[key] == value


pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
"""Brian2 compares its user's float32 with 1e50."""

few = settings(max_examples=3, stateful_step_count=14, suppress_health_check=list(HealthCheck), deadline=None)
many = settings(few, max_examples=250, stateful_step_count=20)


def test_any_session():
    run_state_machine_as_test(Session, settings=few)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_thousand_sessions(part):
    run_state_machine_as_test(seed(part)(type(f"Session{part}", (Session,), {})), settings=many)
