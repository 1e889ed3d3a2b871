"""Neurons with modes: closed forms and limits, and the same spikes or values in training, reference and Brian2."""

import json
from dataclasses import replace

import numpy as np
import pytest
from networks import random_input, random_network
from test_network import ALL, COUPLINGS, assert_informative, assert_same, numpy_target, run  # noqa: F401

from dmpnet import cli, reference
from dmpnet.brian.conversion import check_genn, convert
from dmpnet.brian.simulation import simulate
from dmpnet.equations.neurons import Neuron
from dmpnet.errors import BackendError, DmpnetError, WeightsError
from dmpnet.graph.trained import of
from dmpnet.hardware import chip
from dmpnet.hardware.constrain import constrain
from dmpnet.hardware.fit import fit
from dmpnet.reference.loop import rounding
from dmpnet.results import neurobench
from dmpnet.trained import swap, weights
from dmpnet.trained.adaptation import Adaptation
from dmpnet.trained.encoding import Encoding
from dmpnet.trained.layer import Layer
from dmpnet.trained.modes import Modes
from dmpnet.trained.network import TrainedNetwork, parameters

NETWORKS = {
    "C-SiLIF": {"emits": "reset"},
    "two modes, hard reset": {"emits": "reset", "reset": "hard", "n": 2},
    "three complex modes, soft reset": {"emits": "reset", "n": 3, "imaginary": True},
    "spiking SSM": {"emits": "spikes", "n": 3, "imaginary": True},
    "SSM": {"emits": "values", "n": 3, "imaginary": True},
    "SSM of analog input": {"emits": "values", "n": 2, "imaginary": True, "kind": "analog"},
    "SSM, a class at every step": {"emits": "values", "n": 2, "imaginary": True, "kappa": 0.8},
    "leaky below SSM": {"emits": "values", "n": 2, "imaginary": True, "leaky": 0},
    "leaky above SSM": {"emits": "values", "n": 2, "imaginary": True, "leaky": 1},
}


def network_of(case: str = "C-SiLIF") -> TrainedNetwork:
    """A random network whose neurons have modes, each constant another."""
    settings = {"n": 1, "reset": "soft", "imaginary": False, "kind": "spikes", "kappa": None, "leaky": None,
                **NETWORKS[case]}
    rng = np.random.default_rng(3)
    layers = []
    for number, (m, n) in enumerate(((6, 16), (16, 12))):
        def normal(mean, std, shape=(n, settings["n"])):
            return rng.normal(mean, std, shape)

        drive = 0.8 if m == 6 else 1.2
        bias = -0.5 if settings["emits"] == "values" else -0.2
        modes = Modes(rng.uniform(0.6, 0.95, (n, settings["n"])), rng.uniform(-0.5, 1.5, (n, settings["n"])),
                      normal(0.4, 0.2), normal(0, 0.2) if settings["imaginary"] else None, settings["emits"])
        layers.append(Layer(normal(0, drive, (n, m)), normal(bias, 0.1, n), Neuron(reset=settings["reset"]),
                            modes=None if settings["leaky"] == number else modes))
    return TrainedNetwork(tuple(layers), rng.normal(size=(3, 12)), rng.normal(size=3),
                          Encoding(settings["kind"], 6, 60, 1e-3), kappa=settings["kappa"])


def alone(modes: Modes, I: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """u of one neuron that is given I, and where it is active; its threshold is out of reach."""
    layer = Layer(np.ones((1, 1)), np.zeros(1), Neuron(theta_u=1e6), modes=modes)
    network = TrainedNetwork((layer,), np.ones((1, 1)), np.zeros(1), Encoding("analog", 1, len(I), 1e-3))
    found = reference.run(network, I[None, :, None], ("spikes", "u"))
    return found.u[0][0, :, 0], found.spikes[0][0, :, 0]


def row(*values: float) -> np.ndarray:
    return np.array([values])


IMPULSE = np.eye(1, 200)[0]


def test_the_answer_to_an_impulse_is_the_real_part_of_powers():
    modes = Modes(row(0.9, 0.97, 0.5), row(0.3, -1.1, np.pi), row(1.0, -0.4, 0.7), row(0.5, 0.2, 0.0), "spikes")
    B, turn = modes.B_re[0] + 1j * modes.B_im[0], modes.r[0] * np.exp(1j * modes.phi[0])
    want = (B[:, None] * turn[:, None] ** np.arange(200)).sum(0).real
    np.testing.assert_allclose(alone(modes, IMPULSE)[0], want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("r, phi", [(0.99, 0.1), (0.995, 0.37), (0.98, -0.05)])
def test_a_mode_rings_at_its_angle_and_loses_what_it_does_not_keep(r, phi):
    u, _ = alone(Modes(row(r), row(phi), row(1.0), emits="spikes"), IMPULSE)
    crossings = np.flatnonzero(np.diff(np.sign(u)))
    assert len(crossings) >= 3 and np.abs(np.diff(crossings) - np.pi / abs(phi)).max() <= 1
    k = np.arange(200)
    peaks = np.abs(np.cos(k * phi)) > 0.99  # where the real part is nearly all there is
    np.testing.assert_allclose(np.abs(u[peaks]), r ** k[peaks], rtol=0.011)


def test_a_constant_current_is_answered_by_the_sum_of_the_modes():
    """u stands at Re sum_j B_j I / (1 - r_j exp(i phi_j)); values are that where it is positive, else 0."""
    modes = Modes(row(0.9, 0.8), row(0.4, 1.0), row(0.3, 0.2), row(0.1, -0.5), "values")
    turn, B = modes.r * np.exp(1j * modes.phi), modes.B_re + 1j * modes.B_im
    for I in (1.5, -1.5):
        u, active = alone(modes, np.full(600, I))
        np.testing.assert_allclose(u[-1], (B * I / (1 - turn)).sum().real, rtol=1e-12)
        assert active[-1] == (u[-1] > 0)
    layer = Layer(np.ones((1, 1)), np.zeros(1), Neuron(), modes=modes)
    network = TrainedNetwork((layer,), 2 * np.ones((1, 1)), np.ones(1), Encoding("analog", 1, 600, 1e-3))
    read = reference.run(network, np.full((1, 600, 1), 1.5), ("readout", "u"))
    np.testing.assert_allclose(read.readout[0], 2 * np.maximum(read.u[0][0], 0) + 1)
    np.testing.assert_allclose(read.logits, read.readout.mean(1), rtol=1e-12)


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_a_mode_that_does_not_turn_is_a_leaky_membrane(reset):
    """r = beta, B = g: spike for spike a network with exponential decay."""
    leaky = random_network(seed=2, kind="FSNN", neurons=(Neuron(0.8, 0.3, 2.0, reset), Neuron(0.9, 1.0, 5.0, reset)))
    layers = [replace(layer, modes=Modes(*(np.full((layer.N, 1), value) for value in (
        layer.neuron.beta, 0.0, layer.neuron.g)))) for layer in leaky.layers]
    modes = replace(leaky, layers=tuple(layers))
    s_in = random_input(leaky, 5)
    want, got = (reference.run(each, s_in, ALL) for each in (leaky, modes))
    assert_informative(want)
    assert_same(got, want)


def test_ours_spikes_as_the_cell_of_the_authors_is_written():
    """Half of our z and B, half a spike taken from it, 2 Re z compared with 1, in complex numbers."""
    network = network_of("C-SiLIF")
    s_in = random_input(network, 4)
    want = reference.run(network, s_in)
    assert_informative(reference.run(network, s_in, ALL))
    signal = s_in.astype(float)
    for layer, spikes in zip(network.layers, want.spikes, strict=True):
        turn, b = (layer.modes.r * np.exp(1j * layer.modes.phi))[:, 0], layer.modes.B_re[:, 0] / 2
        z, s, fired = np.zeros((4, layer.N), complex), np.zeros((4, layer.N)), []
        for k in range(s_in.shape[1]):
            z = turn * (z - 0.5 * s) + b * (signal[:, k] @ layer.W_f.T + layer.b_f)
            s = (2 * z.real > 1).astype(float)
            fired.append(s)
        signal = np.stack(fired, 1)
        np.testing.assert_array_equal(signal, spikes)


@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("case", NETWORKS)
def test_brian2_rings_as_the_reference_does(case, coupling):
    network = network_of(case)
    s_in = random_input(network, 3)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    assert rounding(network, s_in) < want.margin / 100
    assert_same(run(network, s_in, coupling), want)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", NETWORKS)
def test_compiled_brian2_rings_as_the_reference_does(case, backend, tmp_path):
    """In batches of one program, which is given the constants as it is given weights."""
    network = network_of(case)
    other = replace(network, layers=tuple(replace(layer, modes=layer.modes and replace(
        layer.modes, r=0.9 * layer.modes.r)) for layer in network.layers))
    s_in = random_input(network, 3)
    for each in (network, other):
        assert_same(simulate(each, s_in, backend=backend, record=ALL, cache=tmp_path), reference.run(each, s_in, ALL))


def test_what_is_reset_is_reset_in_brian2_and_nothing_else():
    network = network_of("spiking SSM")
    s_in = random_input(network, 3)
    resets = replace(network, layers=tuple(replace(layer, modes=replace(layer.modes, emits="reset"))
                                           for layer in network.layers))
    spikes, reset = (reference.run(each, s_in).spikes for each in (network, resets))
    assert all((a != b).any() for a, b in zip(spikes, reset, strict=True))
    converted = convert(network, s_in, coupling="shared")
    converted.run()
    np.testing.assert_array_equal(converted["fast_2"].B_im_3[:12], network.layers[1].modes.B_im[:, 2])
    assert "z_im_3 = (c_3*z_im_3 + d_3*z_re_3 + B_im_3*I)" in str(converted.dynamics())


@pytest.mark.parametrize("case", ["C-SiLIF", "SSM", "leaky above SSM"])
def test_files_keep_them(case, tmp_path):
    network = network_of(case)
    weights.save(network, tmp_path / "net.npz")
    back = weights.load(tmp_path / "net.npz")
    assert weights.checksum(back) == weights.checksum(network)
    s_in = random_input(network, 2)
    for a, b in zip(reference.run(back, s_in, ALL).u, reference.run(network, s_in, ALL).u, strict=True):
        np.testing.assert_array_equal(a, b)
    assert back.kind == {"C-SiLIF": "C-SiLIF", "SSM": "SSM", "leaky above SSM": "FSNN, SSM"}[case]


def test_numbers_are_counted():
    """r, phi and B a mode: 3 numbers where B is real, else 4; 2 of them are kept from step to step."""
    for case, each in (("C-SiLIF", 3), ("SSM", 12)):
        network = network_of(case)
        leaky = replace(network, layers=tuple(replace(layer, modes=None) for layer in network.layers))
        assert parameters(network)["paper"] - parameters(leaky)["paper"] == each * (16 + 12)
        assert parameters(network)["stored"] - parameters(leaky)["stored"] == each * (16 + 12)
        assert network.layers[0].state == 2 * 16 * network.layers[0].modes.n
        more = [neurobench.of_weights(each)["footprint"] for each in (network, leaky)]
        assert more[0] - more[1] == 8 * each * (16 + 12)


def test_values_are_multiplied_and_spikes_are_added():
    s_in = random_input(network_of(), 3)
    spikes, values = (neurobench.metrics(network_of(case), s_in)["synaptic_operations"]
                      for case in ("spiking SSM", "SSM"))
    assert spikes["Effective_MACs"] == 0 < values["Effective_MACs"]
    assert values["Effective_ACs"] == 16 * s_in.sum() / 3, "of the input alone"


DAMAGED = {
    "r": (lambda r: r + 1, r"layer1.r is from .* to .*, but what a mode keeps lies in \[0, 1\); use exp\(-dt/tau\)"),
    "phi": (lambda phi: phi + 4, "layer1.phi is from .*, but a mode turns by at most pi a step.*; add or take"),
    "B_re": (lambda B: B * np.nan, "layer1.B_re has 48 values that are NaN"),
    "B_im": (lambda B: B[:, :1], r"layer1.B_im has shape \(16, 1\), but \(16, 3\) is needed here"),
    "emits": (lambda _: "bursts", "layer1.emits = 'bursts', but it is one of reset, spikes, values; choose one"),
}


@pytest.mark.parametrize("field", DAMAGED)
def test_constants_that_are_none_are_refused(field):
    network = network_of("SSM")
    layer, (damage, said) = network.layers[0], DAMAGED[field]
    with pytest.raises(WeightsError, match=said):
        replace(network, layers=(replace(layer, modes=replace(layer.modes, **{
            field: damage(getattr(layer.modes, field))})), *network.layers[1:]))


def test_damaged_files_are_refused(tmp_path):
    weights.save(network_of("SSM"), tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as arrays:
        kept = dict(arrays)
    header = json.loads(str(kept["header"]))

    def refused(said, modes=header["modes"], **changes):
        found = kept | {"header": np.array(json.dumps(header | {"modes": modes}))} | changes
        np.savez(tmp_path / "bad.npz", **{key: value for key, value in found.items() if value is not None})
        with pytest.raises(WeightsError, match=said):
            weights.load(tmp_path / "bad.npz")

    refused("key 'layer2.phi' is missing", **{"layer2.phi": None})
    refused("'layer1.B_im' is not one|'layer1.B_re' is not one", modes=[None, header["modes"][1]])
    refused("header: modes = 'SSM', but it lists something of every layer", modes="SSM")
    refused("modes of layer 1 has 'emit', did you mean 'emits'|modes of layer 1 has 'emit'", modes=[{"emit": 1}] * 2)
    refused("modes of layer 1: emits = 3, but it is", modes=[{"emits": 3}] * 2)
    refused("shorter", modes=[{"emits": "values"}])


BESIDE = {"recurrent weights": {"W_r": np.zeros((16, 16))}, "axonal delays": {"delay": np.zeros(6, int)},
          "adaptation": {"adaptation": Adaptation(*np.zeros((3, 16)))}, "a floor": {"neuron": Neuron(floor=-1.0)},
          "a slow memory": {"slow": random_network((6, 16, 3)).layers[0].slow}}


@pytest.mark.parametrize("what", BESIDE)
def test_what_modes_do_not_hear_is_refused(what):
    network = network_of("SSM")
    with pytest.raises(WeightsError, match=f"layer1 has modes and {what}, but modes hear W_f s_in . b_f alone; leave"):
        replace(network, layers=(replace(network.layers[0], **BESIDE[what]), network.layers[1]))


def test_axons_carry_no_values():
    network = network_of("leaky above SSM")
    with pytest.raises(WeightsError, match="layer2 has axonal delays, but layer1 passes on values"):
        replace(network, layers=(network.layers[0], replace(network.layers[1], delay=np.ones(16, int))))


def test_where_there_are_no_modes_they_are_refused():
    network = network_of()
    s_in = random_input(network, 2)
    with pytest.raises(DmpnetError, match="layer 1: its neurons have modes, but on a chip a membrane is one number"):
        constrain(network, chip.load("dmp"), s_in)
    needs = [need for need in fit(network, chip.load("dmp")).violations if need.rule == "modes"]
    assert [str(need) for need in needs] == [f"layer {number}: modes any, but a core has none; train without modes"
                                             for number in (1, 2)]
    with pytest.raises(DmpnetError, match="its neurons have modes, but in a graph they have none"):
        of(network)
    with pytest.raises(DmpnetError, match="membrane of layer 1: it is given for a layer whose neurons have modes"):
        simulate(network, s_in, membrane="beta*u")
    with pytest.raises(BackendError, match="layer 1 has modes, which were not tried on Brian2GeNN; run it on numpy"):
        check_genn(network, ())
    for other in (swap.linear, swap.shift, lambda each: swap.floored(each, -1.0)):
        with pytest.raises(DmpnetError, match="layer 1 has modes, but a decay and a floor are those of a leaky"):
            other(network)


def test_info_tells_of_them(tmp_path, capsys):
    weights.save(network_of("SSM"), tmp_path / "net.npz")
    assert cli.main(["info", str(tmp_path / "net.npz")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "SSM 6-16-12-3" in told and "3 a neuron, tau 2 to" in told and "values" in told and "decay" not in told
    assert "+ 3 or 4 a mode over layers" in told and "2 a mode over layers" in told


# --- training, with PyTorch ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", NETWORKS)
def test_the_trainer_takes_the_same_steps(case):
    torch = pytest.importorskip("torch")
    from dmpnet.training import model

    network = network_of(case)
    s_in = random_input(network, 8)
    want = reference.run(network, s_in, ALL)
    assert_informative(want)
    trainable, emitted = model.from_trained(network, torch.float64), []
    logits, _ = trainable(torch.from_numpy(s_in.astype(float)), spikes=emitted)
    for layer, a, spikes, u in zip(network.layers, emitted, want.spikes, want.u, strict=True):
        np.testing.assert_array_equal(a.detach().numpy() > 0, spikes)
        if layer.values:
            np.testing.assert_allclose(a.detach().numpy(), np.maximum(u, 0), atol=1e-12)
    np.testing.assert_allclose(logits.detach().numpy(), want.logits, atol=1e-12)
    logits.square().sum().backward()
    ringing = [p for p in trainable.layers if "log_A" in p]
    assert all((p[name].grad != 0).any() for p in ringing for name in ("log_dt", "log_A", "A_im", "C_re"))
    back = trainable.trained(network.encoding, {})
    for layer, before in zip(back.layers, network.layers, strict=True):
        assert (layer.modes is None) == (before.modes is None)
        for (name, a), (_, b) in zip(*(each.modes.arrays() if each.modes else () for each in (layer, before)),
                                     strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12, err_msg=name)


def slowly(drive, turn, B, neuron, emits, alpha):
    """What the layer emits, in PyTorch's complex numbers, a step after the other, gradients by PyTorch."""
    import torch

    def step(v):
        smooth = torch.sigmoid(alpha * v)
        return smooth + ((v >= 0).to(v) - smooth).detach()

    z, emitted = torch.zeros(drive.shape[0], *turn.shape, dtype=torch.complex128), []
    for k in range(drive.shape[1]):
        z = turn * z + B * drive[:, k, :, None]
        u = z.real.sum(-1)
        emitted.append(torch.relu(u) if emits == "values" else step(u - neuron.theta_u))
        fired = emitted[-1].detach()[..., None]
        if emits == "reset":
            z = z * (1 - fired) if neuron.reset == "hard" else z - neuron.theta_u / turn.shape[1] * fired
    return torch.stack(emitted, 1)


@pytest.mark.parametrize("emits, reset, n", [("reset", "soft", 1), ("reset", "hard", 2), ("reset", "soft", 3),
                                             ("spikes", "hard", 4), ("values", "hard", 4)])
def test_gradients_equal_those_of_complex_numbers_step_by_step(emits, reset, n):
    torch = pytest.importorskip("torch")
    from dmpnet.training.ringing import RingingMembranes

    rng, neuron = torch.Generator().manual_seed(4), Neuron(theta_u=1.3, reset=reset)

    def drawn(*shape, low=-1.0, high=1.0):
        return (low + (high - low) * torch.rand(*shape, generator=rng, dtype=torch.float64)).requires_grad_()

    r, phi, B_re, B_im = drawn(9, n, low=0.6, high=0.95), drawn(9, n), drawn(9, n), drawn(9, n)
    drive = drawn(3, 50, 9, low=-1.5, high=2.0)
    leaves = (drive, r, phi, B_re, B_im)
    got = RingingMembranes.apply(drive, r * torch.cos(phi), r * torch.sin(phi), B_re, B_im, neuron, emits, 4.0)
    want = slowly(drive, torch.polar(r, phi), torch.complex(B_re, B_im), neuron, emits, 4.0)
    torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
    assert 0.02 < (got > 0).double().mean() < 0.6, "silent or saturated: equality would show nothing"
    weight = torch.linspace(-1, 1, 9, dtype=torch.float64)
    near = 1e-11 if emits == "values" else 1e-8  # the surrogate's exponential is a series, to 1e-8
    for a, b in zip(*(torch.autograd.grad((each * weight).sum(), leaves) for each in (got, want)), strict=True):
        torch.testing.assert_close(a, b, rtol=near, atol=near * float(b.abs().max()))
        assert b.abs().max() > 0.01


def test_white_input_moves_the_modes_that_a_state_space_starts_with_by_as_much():
    torch = pytest.importorskip("torch")
    from dmpnet.training import modes

    torch.manual_seed(0)
    c, d, B_re, B_im = modes.values(modes.start(5, 4, "spikes", (0.01, 0.1)))
    powers = torch.complex(c, d).to(torch.complex128)[..., None] ** torch.arange(4000)
    answer = (torch.complex(B_re, B_im)[..., None] * powers).sum(1).real
    torch.testing.assert_close(answer.square().sum(1), torch.ones(5, dtype=torch.float64), rtol=1e-3, atol=0)


def test_layers_of_values_start_with_values_and_logits_of_about_one():
    """Values are not rare as spikes are: weights on them start as much smaller, the readout's too."""
    torch = pytest.importorskip("torch")
    from dmpnet.training.architecture import Architecture
    from dmpnet.training.model import SpikingNetwork

    torch.manual_seed(0)
    model = SpikingNetwork(Architecture("fsnn", (140, 128, 128, 20), modes=3, emits="values"))
    logits, rates = model((torch.rand(8, 100, 140) < 0.05).float())
    assert all(0.1 < rate.mean() < 3 for rate in rates) and 0.05 < logits.std() < 3


def test_where_some_steps_are_one_a_held_input_leaves_modes_where_single_steps_do():
    torch = pytest.importorskip("torch")
    from dmpnet.training import modes

    torch.manual_seed(0)
    p = {key: each.double() for key, each in modes.start(3, 2, "values", (0.01, 0.1)).items()}

    def reached(steps, count):
        c, d, B_re, B_im = modes.values(p, steps)
        z = torch.zeros(3, 2, dtype=torch.complex128)
        for _ in range(count):
            z = torch.complex(c, d) * z + torch.complex(B_re, B_im)
        return z

    torch.testing.assert_close(reached(4, 10), reached(1, 40), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("changes, said", [
    ({"modes": -1}, "architecture: modes = -1, but it counts modes of a neuron; set modes >= 0"),
    ({"emits": "bursts"}, "architecture: emits = 'bursts'"),
    ({"mode_dt": (0.5, 0.1)}, r"architecture: mode_dt = \(0.5, 0.1\), but time steps are positive, the shortest first"),
    ({"kind": "rsnn"}, "architecture: modes = 2 with kind = 'rsnn', but modes stand in place of a membrane"),
    ({"adaptive": True}, "modes = 2 with adaptive = True"), ({"delay_max": 3}, "modes = 2 with delay_max = 3"),
    ({"learn_decay": True}, "modes = 2 with learn_decay = True"), ({"floor": -1.0}, "modes = 2 with floor = -1.0")])
def test_recipes_say_what_does_not_go_with_modes(changes, said):
    pytest.importorskip("torch")
    from dmpnet.training.recipe import Recipe

    with pytest.raises(DmpnetError, match=said):
        Recipe("shd-regen", **{"kind": "fsnn", "sizes": (4, 3, 2), "modes": 2} | changes).architecture  # noqa: B018


def test_coarse_steps_are_those_of_modes_that_are_not_reset():
    pytest.importorskip("torch")
    from dmpnet.training.recipe import Recipe

    settings = {"kind": "fsnn", "sizes": (1, 3, 2), "modes": 2, "coarse": 4, "coarse_epochs": 3}
    assert Recipe("psmnist", emits="values", **settings).coarse == 4
    with pytest.raises(DmpnetError, match="coarse_epochs with modes that are reset"):
        Recipe("psmnist", emits="reset", **settings)


@pytest.mark.parametrize("emits, n", [("reset", 1), ("spikes", 2), ("values", 2)])
def test_they_learn_what_needs_memory_and_a_run_begins_with_what_they_learned(tmp_path, emits, n):
    pytest.importorskip("torch")
    from networks import bars

    from dmpnet.training.recipe import Recipe
    from dmpnet.training.trainer import Trainer

    recordings = bars()
    sizes = (recordings.values.shape[2], 12, 8, recordings.classes)
    recipe = Recipe("smnist", "fsnn", sizes, modes=n, emits=emits, reset="soft", lr=2e-2, batch=20, epochs=20)
    network = Trainer(recipe, recordings, tmp_path / "a").finished()
    assert network.provenance["validation_accuracy"] > 0.8
    s_in = recordings.batch(np.arange(40))
    want = reference.run(network, s_in, ALL)
    assert_same(simulate(network, s_in, record=ALL), want)
    onward = Trainer(recipe.onward(1, 1e-9), recordings, tmp_path / "b", start=network).finished()
    np.testing.assert_allclose(onward.layers[1].modes.r, network.layers[1].modes.r, atol=1e-5)
    other = {"reset": "spikes", "spikes": "values", "values": "spikes"}[emits]
    with pytest.raises(DmpnetError, match="start: a .* needs the same arrays"):
        Trainer(replace(recipe, emits=other), recordings, tmp_path / "c", start=network)


def test_rivals_are_no_larger_than_what_they_are_compared_with():
    pytest.importorskip("torch")
    from dmpnet.training.model import SpikingNetwork
    from dmpnet.training.recipes import RECIPES

    rows = {name: recipe for name, recipe in RECIPES.items() if recipe.modes}
    assert set(rows) == {"shd-regen-csilif", "shd-regen-ssm-spiking", "shd-regen-ssm", "psmnist-ssm",
                         "psmnist-ssm-spiking"}
    for name, recipe in rows.items():
        network = SpikingNetwork(recipe.architecture).trained(Encoding("analog", recipe.sizes[0], 10, 0.001), {})
        assert parameters(network)["paper"] <= (40_000 if name.startswith("shd") else 102_000), name
        assert network.kind == {"reset": "C-SiLIF", "spikes": "spiking SSM", "values": "SSM"}[recipe.emits]
