"""A network batch by batch on processes and on a cluster: the same to the bit as in one call, and what is refused."""

import numpy as np
import pytest
from brian2 import mV

from dmpnet import cli
from dmpnet.brian.simulation import simulate
from dmpnet.disk import shipped
from dmpnet.errors import DmpnetError
from dmpnet.graph import networks
from dmpnet.sweeps import batches
from dmpnet.trained import weights

RECORD = ("spikes", "u", "m", "x", "readout")


@pytest.fixture(scope="module")
def heard():
    """A trained network and some input that makes it spike."""
    network = weights.load(shipped.path("shd-regen-dmp2/seed0"))
    s_in = np.random.default_rng(5).random((6, 12, network.encoding.channels)) < 0.1
    return network, s_in.astype(float)


def same(got, want):
    for name in ("spikes", "u", "m", "x", "counts"):
        for a, b in zip(getattr(got, name), getattr(want, name), strict=True):
            assert (a is None and b is None) or (a.dtype == b.dtype and np.array_equal(a, b)), name
    assert np.array_equal(got.logits, want.logits) and np.array_equal(got.readout, want.readout)
    for a, b in zip(got.rates, want.rates, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("processes", [1, 2])
def test_batches_are_what_one_call_gives(heard, tmp_path, processes):
    network, s_in = heard
    want = simulate(network, s_in, batch=3, record=RECORD)  # products of another batch differ in their last bits
    assert 0 < np.mean([rate.mean() for rate in want.rates]) < 0.9
    got = batches.simulated(network, s_in, batch=3, out=tmp_path, processes=processes, record=RECORD)
    same(got, want)
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_what_is_there_is_not_run_again(heard, tmp_path, monkeypatch):
    network, s_in = heard
    want = batches.simulated(network, s_in, batch=4, out=tmp_path, processes=1, record=RECORD)
    monkeypatch.setattr(batches, "simulate", None)
    same(batches.simulated(network, s_in, batch=4, out=tmp_path, processes=1, record=RECORD), want)


def test_a_network_without_slow_memory_and_a_graph(tmp_path):
    fsnn = weights.load(shipped.path("shd-regen-fsnn/seed0"))
    graph = networks.named("nmnist-conv-dmp")
    for network, record in ((fsnn, RECORD), (graph, ("spikes",))):
        s_in = np.random.default_rng(1).random((3, 4, network.encoding.channels)) < 0.05
        got, want = (run(network, s_in.astype(float), record=record) for run in (
            lambda *given, **how: batches.simulated(*given, batch=2, processes=1, **how), simulate))
        assert np.array_equal(got.logits, want.logits)
        assert all(np.array_equal(a, b) for a, b in zip(got.spikes, want.spikes, strict=True))


def test_wrong_input_is_refused_before_anything_is_sent(heard):
    network, s_in = heard
    with pytest.raises(DmpnetError, match="batch = 0"):
        batches.simulated(network, s_in, batch=0)
    with pytest.raises(DmpnetError, match="channels"):
        batches.simulated(network, s_in[:, :, :5])
    with pytest.raises(DmpnetError, match="backend"):
        batches.simulated(network, s_in, backend="fast")
    with pytest.raises(DmpnetError, match="input has a unit"):
        batches.simulated(network, s_in * mV)
    with pytest.raises(DmpnetError, match="masked values"):
        batches.simulated(network, np.ma.masked_greater(s_in, 0))


def test_binaries_beside_a_scheduler_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("in.npy", np.zeros((2, 100, 140)))
    told = ["simulate", "shd-regen-dmp2", "in.npy", "--backend", "cpp_standalone", "--processes", "2", "--scheduler",
            "tcp://127.0.0.1:1"]
    assert cli.main(told) == 2
    assert "processes = 2, but the workers of scheduler tcp://127.0.0.1:1 do the work" in capsys.readouterr().err
    assert not (tmp_path / "spikes.npz").exists()


@pytest.mark.filterwarnings("ignore:.*several workers share a process")
def test_batches_on_a_cluster(heard, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs dask: pip install '.[cluster]' in a clone")
    network, s_in = heard
    with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None,
                                   worker_dashboard_address=None) as cluster,
          distributed.Client(cluster, set_as_default=False) as client):
        got = batches.simulated(network, s_in, client, batch=2, record=RECORD)
    same(got, simulate(network, s_in, batch=2, record=RECORD))


@pytest.mark.filterwarnings("ignore:.*several workers share a process")
def test_the_command_takes_a_scheduler(heard, tmp_path, monkeypatch, capsys):
    distributed = pytest.importorskip("distributed", reason="needs dask: pip install '.[cluster]' in a clone")
    network, s_in = heard
    monkeypatch.chdir(tmp_path)
    np.save("in.npy", s_in)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://",
                                  dashboard_address=None, worker_dashboard_address=None) as cluster:
        told = ["simulate", "shd-regen-dmp2", "in.npy", "--out", "there.npz", "--scheduler", cluster.scheduler_address]
        assert cli.main(told) == 0
    assert cli.main(["simulate", "shd-regen-dmp2", "in.npy", "--out", "here.npz"]) == 0
    with np.load("there.npz") as there, np.load("here.npz") as here:
        assert there.files == here.files and all(np.array_equal(there[name], here[name]) for name in here.files)
    assert cli.main([*told[:-1], "tcp://127.0.0.1:9"]) == 2
    assert "no Dask scheduler answers" in capsys.readouterr().err
