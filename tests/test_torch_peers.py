"""Networks of snnTorch, SpikingJelly, Norse and Sinabs as graphs, against their own forward pass in float64.

Each library is installed by hand beside PyTorch, without its dependencies: pip install --no-deps NAME.
"""

import copy
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[train]'")
pytest.importorskip("numba", reason="needs numba: pip install '.[train]'")
from torch import nn  # noqa: E402

from dmpnet.errors import DmpnetError  # noqa: E402
from dmpnet.graph import Threshold  # noqa: E402
from dmpnet.reference import graphs  # noqa: E402
from dmpnet.torch import from_module  # noqa: E402

SAMPLES, STEPS = 100, 200
QUIET, LOUD = 0.05, 0.35  # weights are scaled until activity lies between


def peer(name):
    return pytest.importorskip(name, exc_type=ImportError, reason=f"needs {name.partition('.')[0]}: pip install "
                                                                  f"--no-deps {name.partition('.')[0]}")


def spikes_in(*shape, seed=0, rate=0.2):
    return (np.random.default_rng(seed).random((SAMPLES, STEPS, *shape)) < rate).astype(float)


def drawn(net, seed):
    """`net` in float64 and trained mode, its weights drawn, more of them above 0."""
    rng = np.random.default_rng(seed)
    for name, p in net.named_parameters():
        if name.endswith("weight") and p.ndim > 1:
            inputs = p[0].numel()
            mean, std = (0.0, 0.5) if "recurr" in name else (0.4, 2.0)
            p.data = torch.from_numpy(rng.normal(mean / inputs**0.5, std / inputs**0.5, p.shape))
    return net.double().eval()


def tuned(net, forward, s_in):
    """Weights scaled, layer by layer, until each fires between QUIET and LOUD."""
    weighted = [m for name, m in net.named_modules() if isinstance(m, (nn.Linear, nn.Conv2d)) and "recurr" not in name]
    for number, module in enumerate(weighted):
        low, high, factor, start = 0.0, 0.0, 1.0, module.weight.data.clone()
        for _ in range(16):
            module.weight.data = factor * start
            active = forward(copy.deepcopy(net), torch.from_numpy(s_in[:5]))[number].mean()
            if QUIET < active < LOUD:
                break
            low, high = (low, factor) if active >= LOUD else (factor, high)
            factor = (low * high) ** 0.5 if low and high else 2 * low or high / 2


def same_spikes(net, forward, s_in, seed=1, timed=False):
    """`forward(net, s_in)` gives what each spiking layer of net fired of s_in (B, T, ...), (B, T, ...) each."""
    with torch.no_grad():
        tuned(drawn(net, seed), forward, s_in)
        graph = from_module(net, s_in.shape[2:], 1e-3, timed=timed)
        want = forward(net, torch.from_numpy(s_in))
    got = graphs.run(graph, s_in)
    assert len(got.spikes) == len(want)
    for layer, other in zip(got.spikes, want, strict=True):
        other, active = other.reshape(layer.shape), float(other.mean())
        assert set(np.unique(other).tolist()) <= {0, 1} and 0.01 < active < 0.5, f"activity {active:.3f}"
        assert np.count_nonzero(layer != (other > 0)) == 0
    assert got.margin > 1e-11, "a membrane sits on its threshold: change the seed"
    return graph


def stepwise(spiking):
    """Every step through all modules, as snnTorch, and SpikingJelly's single-step mode, are used."""
    def forward(net, s_in):
        seen = []
        for k in range(s_in.shape[1]):
            signal, step = s_in[:, k], []
            for module in net:
                signal = module(signal).double()  # snnTorch's surrogates give float32
                if isinstance(module, spiking):
                    step.append(signal.numpy())
            seen.append(step)
        return [np.stack(each, axis=1) for each in zip(*seen, strict=True)]

    return forward


def whole(spiking, time_first):
    """Whole sequences through every module."""
    def forward(net, s_in):
        seen, signal = [], s_in.transpose(0, 1) if time_first else s_in
        for module in net:
            signal = module(signal)
            signal = (signal[0] if isinstance(signal, tuple) else signal).double()
            if isinstance(module, spiking):
                seen.append((signal.transpose(0, 1) if time_first else signal).numpy())
        return seen

    return forward


def fires(v):
    """snnTorch's step, in the precision of v: its own gives float32, which RLeaky cannot multiply by float64."""
    return (v > 0).to(v.dtype)


@pytest.mark.slow
@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("kind", ["Leaky", "Synaptic", "RLeaky"])
def test_snntorch(kind, reset, delay):
    snn = peer("snntorch")
    rest = {"init_hidden": True, "reset_mechanism": reset, "reset_delay": delay}

    def neurons(n):
        if kind == "Synaptic":
            return snn.Synaptic(alpha=0.7, beta=torch.linspace(0.5, 0.8, n), threshold=1.3, **rest)
        if kind == "RLeaky":
            return snn.RLeaky(beta=0.6, linear_features=n, threshold=1.2, spike_grad=fires, **rest)
        return snn.Leaky(beta=0.9, threshold=torch.linspace(0.8, 1.6, n), **rest)

    net = nn.Sequential(nn.Linear(20, 30), neurons(30), nn.Linear(30, 15), neurons(15))
    torch.manual_seed(1)
    graph = same_spikes(net, stepwise(snn.SpikingNeuron), spikes_in(20))
    twice = any(isinstance(node, Threshold) for node in graph.nodes.values())
    assert twice == (reset == "subtract" and not delay)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "settings"), [
    ("Leaky", {"beta": 0.9}), ("Synaptic", {"alpha": 0.6, "beta": 0.8}),
    ("RLeaky", {"beta": 0.8, "linear_features": 30, "spike_grad": fires}),
    ("RLeaky", {"beta": 0.8, "all_to_all": False, "V": -0.5, "spike_grad": fires}),
    ("Leaky", {"beta": 0.9, "learn_threshold": True, "learn_beta": True})])
def test_snntorch_as_it_comes(kind, settings):
    snn = peer("snntorch")
    net = nn.Sequential(nn.Linear(20, 30), getattr(snn, kind)(init_hidden=True, **settings))
    same_spikes(net, stepwise(snn.SpikingNeuron), spikes_in(20))


@pytest.mark.slow
@pytest.mark.parametrize("reset_delay", [True, False])
def test_snntorch_convolutions(reset_delay):
    snn = peer("snntorch")
    rest = {"init_hidden": True, "reset_delay": reset_delay}
    net = nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1),
                        snn.RLeaky(0.5, conv2d_channels=4, kernel_size=3, threshold=1.4, spike_grad=fires, **rest),
                        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 10), snn.Leaky(0.8, **rest))
    same_spikes(net, stepwise(snn.SpikingNeuron), spikes_in(2, 8, 8))


JELLY = [("IFNode", {}), ("LIFNode", {}), ("ParametricLIFNode", {}), ("IFNode", {"v_reset": None}),
         ("LIFNode", {"v_reset": None}), ("LIFNode", {"v_reset": -0.3}), ("IFNode", {"v_reset": 0.2}),
         ("LIFNode", {"decay_input": False, "tau": 3.0, "v_reset": -0.2}),
         ("ParametricLIFNode", {"decay_input": False, "v_reset": None, "v_threshold": 1.3})]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize(("kind", "settings"), JELLY, ids=str)
def test_spikingjelly(kind, settings, mode):
    neuron = peer("spikingjelly.activation_based.neuron")
    from spikingjelly.activation_based import layer

    first, second = (getattr(neuron, kind)(step_mode=mode, **settings) for _ in range(2))
    net = nn.Sequential(layer.Conv2d(2, 4, 3, padding=1, step_mode=mode), layer.BatchNorm2d(4, step_mode=mode), first,
                        layer.MaxPool2d(2, step_mode=mode), layer.Flatten(step_mode=mode),
                        layer.Linear(64, 12, step_mode=mode), second)
    torch.manual_seed(4)
    net[1].running_mean.normal_(0, 0.1), net[1].running_var.uniform_(1.0, 2.0)
    forward = whole(neuron.BaseNode, True) if mode == "m" else stepwise(neuron.BaseNode)
    same_spikes(net, forward, spikes_in(2, 8, 8))


@pytest.mark.slow
@pytest.mark.parametrize("changed", [False, True])
def test_norse(changed):
    norse = peer("norse.torch")
    p = norse.LIFParameters()
    if changed:
        p = norse.LIFParameters(tau_syn_inv=torch.tensor(120.0), tau_mem_inv=torch.tensor(80.0), v_th=torch.tensor(0.7),
                                v_leak=torch.tensor(0.1), v_reset=torch.tensor(-0.2))
    net = norse.SequentialState(norse.Lift(nn.Conv2d(2, 4, 3, 2, 1)), norse.LIF(p), nn.Flatten(2), nn.Linear(64, 20),
                                norse.LIF(p))
    same_spikes(net, whole(norse.LIF, True), spikes_in(2, 8, 8), timed=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LIF", "IAF", "LIF current", "LIF plain", "IAF reset", "LIF floor", "LIF alphas"])
def test_sinabs(kind):
    sl = peer("sinabs.layers")
    from sinabs.activation import MaxSpike, MembraneReset, SingleSpike

    settings = {"LIF": {"tau_mem": 10.0}, "IAF": {}, "LIF current": {"tau_mem": 8.0, "tau_syn": 4.0},
                "LIF plain": {"tau_mem": 8.0, "norm_input": False, "spike_fn": MaxSpike(1)},
                "IAF reset": {"reset_fn": MembraneReset(), "min_v_mem": -1.0},
                "LIF floor": {"tau_mem": torch.tensor(20.0), "min_v_mem": -0.05},
                "LIF alphas": {"tau_mem": 10.0, "train_alphas": True}}[kind]
    made = getattr(sl, kind[:3])
    net = nn.Sequential(nn.Linear(20, 30), made(**{"spike_fn": SingleSpike} | settings), nn.Linear(30, 15),
                        made(**{"spike_fn": SingleSpike} | settings))
    same_spikes(net, whole(made, False), spikes_in(20))


@pytest.mark.slow
def test_what_a_graph_does_not_have_is_refused_by_name():
    snn = peer("snntorch")
    neuron = peer("spikingjelly.activation_based.neuron")
    norse, sl = peer("norse.torch"), peer("sinabs.layers")
    for module, *words in (
            (snn.Alpha(alpha=0.9, beta=0.8, init_hidden=True), "Alpha", "Leaky"),
            (snn.Leaky(0.9, state_quant=lambda u: u), "state_quant", "False"),
            (snn.Leaky(0.9, graded_spikes_factor=0.5), "graded_spikes_factor", "weights"),
            (snn.Leaky(0.9, threshold=-0.1, reset_mechanism="zero", reset_delay=False), "threshold", ">= 0"),
            (neuron.ILIFNode(), "ILIFNode"), (neuron.KLIFNode(), "KLIFNode"),
            (norse.LIF(norse.LIFParameters(method="logistic")), "logistic", "super"),
            (norse.LIFRecurrent(4, 4), "LIFRecurrent"),
            (sl.LIF(10.0), "several spikes a step", "SingleSpike")):
        with pytest.raises(DmpnetError) as caught:
            from_module(nn.Sequential(nn.Linear(4, 4), module), (4,), 1e-3)
        assert all(word in str(caught.value) for word in words), caught.value


BLOCKS = dict(re.findall("```python (\\w+)\n(.*?)```", (Path(__file__).parents[1] / "docs" / "torch.md").read_text(),
                         re.S))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["snntorch", "spikingjelly", "norse", "sinabs"])
def test_the_page_runs(name):
    """As it stands; the modules are scaled by nothing, so that only a spike somewhere is asked for."""
    peer(name)
    torch.manual_seed(1)
    found = {"spikes": (np.random.default_rng(0).random((4, 50, 20)) < 0.5).astype(float)}
    exec(BLOCKS[name], found)
    want = graphs.run(found["graph"], found["spikes"])
    assert all((a == b).all() for a, b in zip(found["seen"].spikes, want.spikes, strict=True))
    assert found["seen"].spikes[0].shape == (4, 50, 30)
