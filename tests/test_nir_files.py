""".nir files and the commands: what is not whole is refused in one line, in time; `import` and `export` say all."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from data_files import REPOSITORY
from networks import random_network
from nir_graphs import chain, graph, neuron, nir

import dmpnet
from dmpnet import nir as ours
from dmpnet.cli import main
from dmpnet.commands import command
from dmpnet.errors import DmpnetError
from dmpnet.graph import file
from dmpnet.trained import weights

h5py = pytest.importorskip("h5py", reason="needs nir: pip install '.[nir]' in a clone")
DT = 1e-3


@pytest.fixture
def lif(tmp_path):
    """A file of one population of four."""
    lif = neuron("LIF", 4, np.random.default_rng(0))
    nir.write(tmp_path / "lif.nir", chain(nir.Affine(np.eye(4), np.zeros(4)), lif))
    return tmp_path / "lif.nir"


def changed(path, change):
    with h5py.File(path, "r+") as held:
        change(held)
    return path


def refused(path, *parts, **how):
    """The error of reading `path` is one line with all `parts`, within a second."""
    begun = time.perf_counter()
    with pytest.raises(DmpnetError) as caught:
        dmpnet.from_nir(path, DT, **how)
    told = str(caught.value)
    assert time.perf_counter() - begun < 1 and "\n" not in told and told.startswith(str(path))
    for part in parts:
        assert part in told, told


# files


def test_a_file_is_its_graph(lif):
    one, other = dmpnet.from_nir(lif, DT), dmpnet.from_nir(nir.read(lif), DT)
    assert one.edges == other.edges and np.array_equal(one.nodes["n1"].beta, other.nodes["n1"].beta)
    assert one.provenance["nir"]["file"] == "lif.nir" and one.provenance["nir"]["version"] == nir.version


@pytest.mark.parametrize("keep", [0, 7, 100, 2000, -200])
def test_a_truncated_file(lif, keep):
    lif.write_bytes(lif.read_bytes()[:keep])
    refused(lif, "not a whole NIR file, which is HDF5")


def test_files_of_others(tmp_path, lif):
    for name, content in (("text.nir", b"a text"), ("zip.nir", b"PK\3\4" + bytes(99)), ("none.nir", b"")):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, "not a whole NIR file")
    refused(tmp_path / "no.nir", "no such file")
    refused(tmp_path, "no such file")
    with h5py.File(tmp_path / "other.nir", "w") as held:
        held["data"] = np.arange(3)
    refused(tmp_path / "other.nir", "no group 'node', so it is not a NIR file")


def bomb(held):
    """10^13 zeros in a few bytes."""
    del held["node/nodes/n0/weight"]
    held.create_dataset("node/nodes/n0/weight", (10**7, 10**6), "f8", chunks=(1000, 1000), compression="gzip")


def dense_bomb(held):
    """A gigabyte that deflates to nothing, all of it there."""
    del held["node/nodes/n0/bias"]
    data = held.create_dataset("node/nodes/n0/bias", (1 << 27,), "f8", chunks=(1 << 20,), compression="gzip")
    data[:1 << 20] = 0


def linked(held):
    held["node/nodes/again"] = held["node/nodes"]


def elsewhere(held):
    held["node/nodes/n2"] = h5py.ExternalLink("other.nir", "/node")


def virtual(held):
    layout = h5py.VirtualLayout((4,), "f8")
    del held["node/nodes/n1/tau"]
    held.create_virtual_dataset("node/nodes/n1/tau", layout)


def put(key, value):
    def change(held):
        if key in held:
            del held[key]
        if value is not None:
            held[key] = value
    return change


@pytest.mark.parametrize(("change", "says"), [
    (bomb, ["node 'n0': weight of shape (10000000, 1000000)", "at most"]),
    (dense_bomb, ["node 'n0': bias", "at most"]), (linked, ["there twice"]), (elsewhere, ["n2", "link to elsewhere"]),
    (virtual, ["node 'n1': tau", "kept elsewhere"]),
    (put("node/nodes/n1/type", "Spike"), ["Spike 'n1': type 'Spike' is none of NIR 1.0.8"]),
    (put("node/nodes/n1/type", None), ["'n1': has no type"]),
    (put("node/nodes/n1/tau", None), ["LIF 'n1': has no tau"]),
    (put("node/nodes/n1/tau", "long"), ["LIF 'n1': tau", "array of numbers"]),
    (put("node/nodes/n1/tau", np.full(4, np.inf)), ["LIF 'n1': tau has 4 of 4 values that are not finite"]),
    (put("node/nodes/n1/tau", np.ones(3)), ["LIF 'n1': fields of (3,) and (4,)"]),
    (put("node/nodes/n1/taus", np.ones(4)), ["LIF 'n1': has 'taus' (did you mean tau?)"]),
    (put("node/nodes/n0/weight", np.ones((4, 5))), ["n0", "takes (5,)"]),
    (put("node/nodes/n0/weight", np.ones(4)), ["Affine 'n0'"]),
    (put("node/edges", np.ones((2, 2))), ["edges of 'node' are numbers"]),
    (put("node/nodes", None), ["without nodes"]), (put("node/type", "LIF"), ["lif"])])
def test_what_a_file_says_wrong_is_told_with_the_nodes_name(lif, change, says):
    refused(changed(lif, change), *says)


def test_graphs_in_each_other_without_end(tmp_path):
    with h5py.File(tmp_path / "deep.nir", "w") as held:
        place = held.create_group("node")
        for _ in range(300):
            place["type"], place["edges"] = "NIRGraph", np.zeros(0)
            place = place.create_group("nodes/a")
    refused(tmp_path / "deep.nir", "deep")


def test_edges_that_double_without_end(tmp_path):
    """Forty graphs of two ways from Input to Output in a row: 2^40 edges once they are laid out."""
    one = {"input": np.array([1])}
    wide = graph({"i": nir.Input(one), "o": nir.Output({"output": np.array([1])})}, [("i", "o")])
    split = graph({"i": nir.Input(one), "l": wide, "r": wide, "o": nir.Output({"output": np.array([1])})},
                  [("i", "l"), ("i", "r"), ("l", "o"), ("r", "o")])
    nodes = {f"g{k:02}": split for k in range(40)}
    nodes |= {"in": nir.Input(one), "out": nir.Output({"output": np.array([1])})}
    names = ["in", *sorted(nodes)[:40], "out"]
    begun = time.perf_counter()
    with pytest.raises(DmpnetError, match="over 1,000,000 edges"):
        dmpnet.from_nir(graph(nodes, list(zip(names, names[1:], strict=False))), DT)
    assert time.perf_counter() - begun < 1


def test_without_the_extra_it_says_what_to_install(lif, monkeypatch):
    for name in ("h5py", "nir"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DmpnetError, match=r"h5py is not installed.*pip install '\.\[nir\]' in a clone"):
        dmpnet.from_nir(lif, DT)
    with pytest.raises(DmpnetError, match=r"nir is not installed.*pip install '\.\[nir\]'"):
        ours.to_nir(random_network())


# commands


def test_check_answers_in_time_and_reads_nothing_else(lif, tmp_path):
    """In a fresh process, as after an installation."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "dmpnet", "import", str(lif), "--check"], capture_output=True,
                          text=True, cwd=REPOSITORY, timeout=60)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - begun < 5
    assert "LIF" in done.stdout and "convention" in done.stdout and "0 refused" in done.stdout
    assert list(tmp_path.iterdir()) == [lif]


def test_import_writes_the_network_and_its_report(lif, tmp_path, capsys):
    assert main(["import", str(lif), "--dt", "0.5ms", "--method", "exact", "--out", str(tmp_path / "n.npz")]) == 0
    made, record = file.load(tmp_path / "n.npz"), json.loads((tmp_path / "n.json").read_text())
    assert made.encoding.dt == 5e-4 and made.shape == "4-4" and record["report"]["counts"]["refused"] == 0
    assert record["report"]["convention"]["method"] == "exact" and "written" in capsys.readouterr().out
    assert main(["export", str(tmp_path / "n.npz"), "--to", "nir", "--out", str(tmp_path / "back.nir")]) == 0
    assert main(["export", str(tmp_path / "n.npz"), "--out", str(tmp_path / "back.nir")]) == 0  # its own, once more
    assert dmpnet.from_nir(tmp_path / "back.nir").edges == made.edges
    assert main(["export", str(tmp_path / "n.npz"), "--out", str(lif)]) == 2
    assert "not as an earlier `export` wrote it" in capsys.readouterr().err


def test_what_is_refused_ends_with_2_after_the_report(lif, tmp_path, capsys):
    out = tmp_path / "r.json"
    assert main(["import", str(lif), "--dt", "1s", "--check", "--out", str(out)]) == 2
    told, record = capsys.readouterr(), json.loads(out.read_text())
    assert "refused" in told.out and told.err.count("\n") == 1 and "LIF 'n1': tau" in told.err
    assert not record["ok"] and [row["node"] for row in record["nodes"] if row["how"] == "refused"] == ["n1"]
    assert main(["import", str(lif), "--dt", "1s", "--out", str(tmp_path / "n.npz")]) == 2
    assert not (tmp_path / "n.npz").exists()
    assert main(["import", str(lif), "--out", str(tmp_path / "n.npz")]) == 2
    assert "dt is not said" in capsys.readouterr().err


def test_a_trained_network_goes_out_and_comes_back(tmp_path):
    weights.save(random_network(kind="DMP"), tmp_path / "w.npz")
    out = tmp_path / "w.nir"
    assert main(["export", str(tmp_path / "w.npz"), "--out", str(out)]) == 0
    assert main(["import", str(out), "--check"]) == 0 and main(["import", str(out), "--check", "--ignore-tags"]) == 2
    assert main(["export", str(tmp_path / "w.npz"), "--out", str(tmp_path / "w.onnx")]) == 2


@pytest.mark.parametrize(("text", "found"), [("1ms", 1e-3), ("100us", 1e-4), ("0.1 ms", 1e-4), ("2s", 2.0),
                                             ("0.001", 1e-3), ("1e-3", 1e-3), ("1e-3s", 1e-3)])
def test_times_are_read(text, found):
    assert command("import").seconds(text) == found


@pytest.mark.parametrize("text", ["", "ms", "-1ms", "0", "1h", "1 m", "nan", "infms"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Exception, match="a step is a time > 0"):
        command("import").seconds(text)


@pytest.mark.parametrize("text", ["-1ms", "-.5", "-2"])
def test_a_negative_time_is_a_value_and_no_option(lif, capsys, text):
    with pytest.raises(SystemExit):
        main(["import", str(lif), "--dt", text])
    assert f"argument --dt: '{text}', but a step is a time > 0" in capsys.readouterr().err


def test_the_page_names_every_primitive_and_convention():
    from dmpnet.nir import parts

    told = (Path(REPOSITORY) / "docs" / "nir.md").read_text()
    for name in (*parts.FIELDS, *ours.CONVENTIONS):
        assert f"`{name}`" in told, name


def test_a_shipped_graph_is_exported_by_its_name(tmp_path):
    assert main(["export", "nmnist-conv-fsnn", "--out", str(tmp_path / "net.nir")]) == 0
    back, graph = dmpnet.from_nir(tmp_path / "net.nir"), dmpnet.load("nmnist-conv-fsnn")
    assert back.edges == graph.edges and back.shape == graph.shape
    assert np.array_equal(back.nodes["convolution_0"].weight, graph.nodes["convolution_0"].weight)
