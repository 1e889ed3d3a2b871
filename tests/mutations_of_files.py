"""1,000 damaged files of every kind that dmpnet reads: each is read as it should be, or refused in one line.

    python tests/mutations_of_files.py [--count 1000] [--first SEED] [--only KIND ...]

prints what is neither, with the seed that makes it again, and exits with 1 if there is any. Readers run in a process of
their own that may take 500 MB more than it has; each case has 2 s of processor time.
"""

import argparse
import gzip
import json
import pickle
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import data_files
import numpy as np

SECONDS, MEMORY, LINE = 2.0, 500_000_000, 1500
EXTREMES = (0, -1, 1, 10**30, -(10**30), 10**400, 2**31, 2**53, 2**63, 1e308, 5e-324, 1e400, float("nan"), True, None,
            "", "text", "two\nlines", "x" * 10**5, [], {}, [[]], [1, "a"], {"a": 1}, 0.5)


class Slow(BaseException):
    """No reader may take this for an error of the file."""


@dataclass(frozen=True)
class Kind:
    """Files of a kind: `make` writes them into a folder, `read` is the public reader of that folder."""

    make: Callable[[Path], Any]
    read: Callable[[Path], Any]


# the kinds


def network(folder):
    from networks import random_network

    from dmpnet.trained import weights
    weights.save(random_network((3, 5, 4, 2), kind="DMP+RSNN", d_s=2, steps=9, dataset="ecg", delay=(7, 2),
                                blocks=((2, 6.0), (3, 4.0)), feed="cascade", acts="threshold", kappa=0.75),
                 folder / "network.npz")


def integer_network(folder):
    from networks import random_input, random_network

    from dmpnet.hardware import chip
    from dmpnet.hardware.constrain import constrain
    from dmpnet.trained import weights
    trained = random_network((3, 5, 4, 2), d=3, steps=9, encoding="analog", dataset="ecg")
    weights.save(constrain(trained, chip.load("ideal"), random_input(trained, 4)).network, folder / "network.npz")


def read_network(folder):
    from dmpnet.trained import network, weights
    from dmpnet.training import card
    found = weights.load(folder / "network.npz")
    network.check(found)
    network.parameters(found)
    assert card.card(found) if hasattr(card, "card") else True


def chips(folder):
    from dmpnet.disk import shipped
    shutil.copy(shipped.folder() / "chips" / "learning.toml", folder / "chip.toml")


def read_chip(folder):
    from dmpnet.hardware import chip
    assert chip.load(folder / "chip.toml").limits.neurons >= 1


def input_npy(folder):
    np.save(folder / "s_in.npy", np.random.default_rng(0).random((2, 9, 3)))


def input_npz(folder):
    np.savez_compressed(folder / "s_in.npz", s_in=np.random.default_rng(0).random((2, 9, 3)) < 0.2)


def read_input(folder):
    from dmpnet.commands import simulate
    path, = folder.iterdir()
    assert simulate.read_input(path).dtype.kind in "fiub"


def data_set(name):
    def read(folder):
        from dmpnet.data import load
        found = load(name, "test", folder)
        assert found.values.ndim == 3 and len(found) and found.checksum
    return read


def idx(folder):
    data_files.write_digits(folder, *data_files.digits())


def idx_gz(folder):
    data_files.write_digits(folder, *data_files.digits(), data_files.IMAGES + ".gz", data_files.LABELS + ".gz")


def hdf5(folder):
    data_files.write_official(folder, data_files.spoken(3, 50))


def hdf5_gz(folder):
    hdf5(folder)
    (folder / "shd_test.h5.gz").write_bytes(gzip.compress((folder / "shd_test.h5").read_bytes()))
    (folder / "shd_test.h5").unlink()


def nir_graph(folder):
    from networks import random_network

    from dmpnet.nir import exporting
    exporting.save(random_network((3, 5, 4, 2), kind="DMP+RSNN", steps=9, delay=(7, 2)), folder / "network.nir")


def read_nir(folder):
    from dmpnet import nir
    for tags in (True, False):
        report = nir.report(folder / "network.nir", tags=tags)
        assert report.rows or not report.ok
        if report.ok and tags:
            assert nir.from_nir(folder / "network.nir", 1e-3).populations


def regenerated(folder):
    data_files.write_regenerated(folder, data_files.regenerated_arrays(data_files.spoken(3, 50)))


def matlab(folder):
    data_files.write_qtdb(folder, data_files.beats(2))


def camera(folder):
    data_files.write_nmnist(folder, data_files.seen(4, 50), [True, True, True, False])


def camera_folders(folder):
    data_files.write_bins(folder, data_files.seen(4, 50))


def braille(folder):
    data_files.write_braille(folder, data_files.letters(5, 5))


def training(folder, progress=None):
    from networks import bars

    from dmpnet.training import trainer
    from dmpnet.training.recipe import Recipe
    recipe = Recipe("smnist", "dmp", (1, 6, 5, 2), d=3, theta=10.0, lr=0.01, batch=16, epochs=2, optimiser="muon")
    return trainer.Trainer(recipe, bars(), folder, progress, every=1)


def checkpoint(folder):
    def stop(done, total):
        if done == total // 2 + 2:
            raise Slow
    try:
        training(folder, stop).run()
    except Slow:
        pass
    for path in folder.iterdir():
        if path.name != "checkpoint.pt":
            path.unlink()


def read_checkpoint(folder):
    assert training(folder).resume()


def competing(folder):
    from test_learning import CLASSES, IMAGES, TINY

    from dmpnet.learning.learner import Learner
    return Learner(replace(TINY, inputs=200), IMAGES, CLASSES, folder, presentations=4, backend="numpy")


def competition(folder):
    run = competing(folder)
    run.histograms = np.zeros((1, 64), np.int64)
    run.save()


def read_competition(folder):
    assert competing(folder).resume()


def learned(folder):
    from test_learning import TINY

    from dmpnet.learning import learned, shows
    state = shows.beginning(TINY)
    learned.save(learned.Learned(TINY, state.w, state.theta, np.arange(5), {"seed": 3}), folder / "learned.npz")


def read_learned(folder):
    from dmpnet.learning import learned
    assert learned.load(folder / "learned.npz").w.shape == (200, 5)


def teaching(folder):
    from networks import random_network
    from test_learning import recordings

    from dmpnet.learning.online import OnLine
    data = recordings()
    return OnLine(random_network((8, 30, 3), kind="FSNN", steps=20), data, folder, 0.1, passes=2, piece=5)


def traces(folder):
    teaching(folder).traces()


def read_traces(folder):
    from dmpnet.learning import online
    was, online.traces = online.traces, lambda *_, **__: np.zeros((12, 30))  # made anew where they are of another run
    try:
        assert teaching(folder).traces().shape == (12, 30)
    finally:
        online.traces = was


def read_out(folder):
    from dmpnet.learning import readout
    run = teaching(folder)
    run.readout = readout.blank(3, 30)
    run._save(run.readout)
    (folder / "curve.csv").unlink()


def read_read_out(folder):
    assert teaching(folder).resume()


def runs(folder):
    from dmpnet.results.provenance import Runs
    Runs(folder / "results.json", "test", {}).add({"variant": "a", "accuracy": 0.5})
    for lock in folder.glob(".*.lock"):
        lock.unlink()  # empty: there is nothing to damage


def read_runs(folder):
    from dmpnet.results.provenance import Runs
    Runs(folder / "results.json", "test", {}).has(variant="a")


def _draw(figure, *paths):
    """As the scripts in figures/ do."""
    from dmpnet import drawing
    drawing.drawn(lambda: [figure(*paths)], [*paths], None)


def designs(folder):
    points = [{"d": 4, "N": N, "W_f": 4, "P": 4, "m": 8, "bytes": 1000 * N, "nJ": 2.0 * N, "accuracy": 0.5 + N / 100}
              for N in (8, 16, 32)]
    (folder / "results.json").write_text(json.dumps({
        "points": points, "budget": 20000, "fronts": {key: {"front": [0, 1], "knee": 1} for key in ("bytes", "nJ")}}))


def read_designs(folder):
    from dmpnet.drawing.codesign import codesign
    _draw(codesign, folder / "results.json")


def decays(folder):
    (folder / "results.json").write_text(json.dumps({"rows": [
        {"decay": name, "accuracy %": 80.0, "s.e.": 1.0} for name in ("exponential", "linear")]}))
    np.savez(folder / "traces.npz", u=np.random.default_rng(0).random((2, 80)), names=np.array(["a", "b"]), dt=0.001,
             theta_u=1.0, neuron=3)


def read_decays(folder):
    from dmpnet.drawing.decays import decays
    _draw(decays, folder / "results.json", folder / "traces.npz")


def portrait(folder):
    random = np.random.default_rng(0)
    np.savez(folder / "sample.npz", s_in=random.random((30, 3)), spikes1=random.random((30, 5)) < 0.1,
             m1=random.random((30, 2)), readout=random.random((30, 2)), logits=random.random(2), label=1, dt=0.001,
             name="network")


def read_portrait(folder):
    from dmpnet.drawing.portrait import portrait
    _draw(portrait, folder / "sample.npz")


def points(folder):
    from dmpnet.sweeps import answers, kept
    text = answers.text_of([{"d": 4, "bytes": 1000, "nJ": 2.0, "accuracy": 0.5}])
    kept.Kept(folder, "design").write("point", {"d": 4}, {"result": text, "sha256": answers.checksum(text),
                                                          "seconds": 1.0, "worker": "one"}, 0)


def read_points(folder):
    from dmpnet.sweeps.kept import Kept
    assert Kept(folder, "design").read("point") == [{"d": 4, "bytes": 1000, "nJ": 2.0, "accuracy": 0.5}]


KINDS = {
    "weights": Kind(network, read_network), "integers": Kind(integer_network, read_network),
    "chip": Kind(chips, read_chip), "npy": Kind(input_npy, read_input), "npz": Kind(input_npz, read_input),
    "idx": Kind(idx, data_set("smnist")), "idx.gz": Kind(idx_gz, data_set("smnist-pairs")),
    "h5": Kind(hdf5, data_set("shd")), "h5.gz": Kind(hdf5_gz, data_set("shd")),
    "nir": Kind(nir_graph, read_nir),
    "shd-regen": Kind(regenerated, data_set("shd-regen")), "mat": Kind(matlab, data_set("qtdb")),
    "nmnist": Kind(camera, data_set("nmnist")), "nmnist folders": Kind(camera_folders, data_set("nmnist")),
    "braille": Kind(braille, data_set("braille")), "checkpoint": Kind(checkpoint, read_checkpoint),
    "competition": Kind(competition, read_competition), "learned": Kind(learned, read_learned),
    "traces": Kind(traces, read_traces), "readout": Kind(read_out, read_read_out),
    "runs": Kind(runs, read_runs), "designs": Kind(designs, read_designs), "decays": Kind(decays, read_decays),
    "portrait": Kind(portrait, read_portrait), "points": Kind(points, read_points)}


# what is done to them


def flipped(random, content):
    content = bytearray(content)
    for at in random.integers(0, len(content), random.integers(1, 9)):
        content[at] ^= 1 << random.integers(8)
    return bytes(content)


def cut(random, content):
    return content[:random.integers(0, len(content))]


def spliced(random, content):
    a, b, c = sorted(random.integers(0, len(content), 3))
    return (content[:a] + content[b:c] + content[a:b] + content[c:], content[:b] + content[a:],
            content[:a] + bytes(b - a) + content[b:], content[:a] + content[b:])[random.integers(4)]


def emptied(random, content):
    return (b"", b"\0", bytes(len(content)), b"PK\x03\x04", pickle.dumps({"a": 1}),
            random.bytes(200))[random.integers(6)]


def declared(random, content):
    """Four or eight bytes near the start, where headers are, as the largest or smallest number."""
    size, at = int(random.choice([1, 2, 4, 8])), int(random.integers(0, min(len(content), 200)))
    return content[:at] + (b"\xff", b"\0", b"\x7f", b"\x80")[random.integers(4)] * size + content[at + size:]


def repacked(random, content):
    """Damage below the compression, where there is one."""
    try:
        return gzip.compress(BYTES[random.integers(len(BYTES))](random, gzip.decompress(content)))
    except (OSError, EOFError, zlib.error):
        return flipped(random, content)


BYTES = [flipped, cut, spliced, emptied, declared]


def tree_changed(random, tree):
    """A value anywhere in lists and dicts replaced, taken out, renamed or nested deep."""
    place, way = tree, []
    while isinstance(place, dict | list | tuple) and len(place) and (not way or random.random() < 0.85):
        key = list(place)[random.integers(len(place))] if isinstance(place, dict) else int(random.integers(len(place)))
        way.append(key)
        place = place[key]
    return _put(random, tree, way)


def _put(random, tree, way):
    if len(way) > 1:
        inner = _put(random, tree[way[0]], way[1:])
        if isinstance(tree, dict):
            return tree | {way[0]: inner}
        return type(tree)([*tree[:way[0]], inner, *tree[way[0] + 1:]])
    if not way or random.random() < 0.05:
        return EXTREMES[random.integers(len(EXTREMES))]
    how, items = random.integers(8), dict(tree) if isinstance(tree, dict) else dict(enumerate(tree))
    value = items.pop(way[0])
    if how == 0 and isinstance(tree, dict):
        items["x" + str(way[0])] = value
    elif how == 1:
        items[way[0]] = deep(int(random.choice([50, 150, 900, 3000])))
    elif how > 2:
        items[way[0]] = EXTREMES[random.integers(len(EXTREMES))]
    return items if isinstance(tree, dict) else type(tree)(items.values())


def deep(levels):
    tree: Any = 1
    for level in range(levels):
        tree = [tree] if level % 2 else {"a": tree}
    return tree


def text_of(tree):
    """JSON also of what nests too deep for json.dumps."""
    sys.setrecursionlimit(20_000)
    try:
        return json.dumps(tree, default=str)
    finally:
        sys.setrecursionlimit(1000)


def array_changed(random, array):
    shape = array.shape
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changes = [
            lambda: array.astype(random.choice(["f2", ">f4", ">i8", "u8", "i1", "c16", "U5", "S3", "bool", "f16"])),
            lambda: array.T, lambda: array[None], lambda: array.ravel(),
            lambda: array[..., :-1] if array.ndim else array, lambda: array[:0] if array.ndim else array,
            lambda: np.zeros(()), lambda: array.astype(object),
            lambda: np.full(shape, float("nan")), lambda: np.full(shape, -np.inf),
            lambda: np.full(shape, 2**63, np.uint64), lambda: np.full(shape, -(2**63)),
            lambda: np.full(shape, -1), lambda: np.zeros(shape, array.dtype),
            lambda: np.full(shape, 1e308), lambda: np.zeros(shape, [("a", "f4"), ("b", "U3")]),
            lambda: np.broadcast_to(array, (3, *shape)), lambda: np.array("text"),
            lambda: random.permutation(array.ravel())]
        try:
            return np.asarray(changes[random.integers(len(changes))]())
        except (ValueError, TypeError, OverflowError):
            return np.full(shape, "text")


def npz_changed(random, path):
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    key = str(random.choice(list(arrays)))
    how = random.integers(10)
    if how == 0:
        del arrays[key]
    elif how == 1:
        arrays["x" + key] = arrays.pop(key)
    elif how == 2:
        shape = ((3 * 10**9,), (1000, 1000, 1000), (10**9, 3), (190 * 10**6,))[random.integers(4)]
        data_files.write_bomb(path, arrays, key, shape, str(random.choice(["u1", "f4", "U1", "i2"])))
        return
    elif "header" in arrays and how < 7:
        arrays["header"] = np.array(text_of(tree_changed(random, json.loads(str(arrays["header"])))))
    else:
        arrays[key] = array_changed(random, arrays[key])
    with open(path, "wb") as file:
        (np.savez if random.random() < 0.5 else np.savez_compressed)(file, **arrays)


def json_changed(random, path):
    path.write_text(text_of(tree_changed(random, json.loads(path.read_text()))))


def toml_changed(random, path):
    """A number, a word or a line of a description becomes something else."""
    text = path.read_text()
    found = list(re.finditer(r"(?<== )(\d+|true|false|\"\w+\"|\[[^]]*\])", text))
    one = found[random.integers(len(found))]
    values = ["1e400", "inf", "nan", "10" * 200, "-1", "0", "true", '"two\\nlines"', "[" * 2000 + "]" * 2000,
              "1979-05-27", "[[1]]", "{ a = 1 }", "9" * 5000, '"""\nlines\n"""', "a.b.c", "0x7fffffffffffffffffffffff",
              "[" * 120 + "]" * 120]
    path.write_text(text[:one.start()] + values[random.integers(len(values))] + text[one.end():])


def pt_changed(random, path):
    import torch
    state = torch.load(path, weights_only=True)

    state = tree_changed(random, state)
    if random.random() < 0.3 and isinstance(state, dict) and isinstance(state.get("model"), dict) and state["model"]:
        name = str(random.choice(list(state["model"])))
        tensor = state["model"][name]
        if isinstance(tensor, torch.Tensor):
            state["model"][name] = [tensor.double(), tensor.T, tensor * float("nan"), tensor[None], tensor.to_sparse(),
                                    tensor.bool()][random.integers(6)]
    sys.setrecursionlimit(50_000)
    try:
        torch.save(state, path)
    finally:
        sys.setrecursionlimit(1000)


def h5_changed(random, path):
    import h5py
    with h5py.File(path, "r+") as file:
        key = str(random.choice(["spikes/times", "spikes/units", "labels", "extra/speaker"]))
        how = random.integers(5)
        whole = file[key][:] if not key.startswith("spikes") else np.zeros(3)
        del file[key]
        if how == 1:
            array = array_changed(random, whole)
            file[key] = array if array.dtype.kind in "fiub" else "text"
        elif how == 2:
            file.create_dataset(key, (10**9,), "u1", chunks=(1000,), compression="gzip")
        elif how == 3:
            made = file.create_dataset(key, (3,), h5py.vlen_dtype(np.dtype(str(random.choice(["f4", "u2", "i8"])))))
            for number in range(3):
                made[number] = np.array([EXTREMES[random.integers(2)], 700, 3][:random.integers(1, 4)])
        elif how == 4:
            file.create_group(key)


def nir_changed(random, path):
    """A group or an array of an HDF5 file taken out, replaced, linked elsewhere, or declared larger than the disk."""
    import h5py
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        key = names[random.integers(len(names))]
        array = file[key][()] if isinstance(file[key], h5py.Dataset) else np.zeros(3)
        del file[key]
        how = random.integers(8)
        if how == 1:
            array = array_changed(random, np.asarray(array, np.float64) if np.asarray(array).dtype.kind in "fiub"
                                  else np.arange(4.0))
            file[key] = array if array.dtype.kind in "fiub" else "text"
        elif how == 2:
            file.create_dataset(key, (10**6, 10**5), "f8", chunks=(100, 100), compression="gzip")
        elif how == 3:
            file.create_dataset(key, (3,), h5py.vlen_dtype(np.dtype("f4")))
        elif how == 4:
            file[key] = [h5py.SoftLink("/node"), h5py.ExternalLink("other.nir", "/node"), file["/"]][
                random.integers(3)]
        elif how == 5:
            file[key] = str(random.choice(["Spike", "LIF", "NIRGraph", "x" * 10**5, "{}", "a\nb"]))
        elif how == 6:
            file[key] = np.asarray(array, np.float64) * [0, -1, 1e300, np.nan][random.integers(4)] if np.asarray(
                array).dtype.kind in "fiub" else np.array([["a", "b"]], "S")
        elif how == 7:
            file.create_group(key)


def mat_changed(random, path):
    from scipy import io
    arrays = {key: value for key, value in io.loadmat(path).items() if not key.startswith("__")}
    key = str(random.choice(list(arrays)))
    array = array_changed(random, arrays[key])
    arrays[key] = array if array.dtype.kind in "fiuU" and array.dtype.itemsize < 16 else {"a": [1, [2, [3]]]}
    io.savemat(path, arrays, do_compression=bool(random.random() < 0.7))


STRUCTURED = {".npz": npz_changed, ".json": json_changed, ".toml": toml_changed, ".pt": pt_changed, ".h5": h5_changed,
              ".mat": mat_changed, ".nir": nir_changed}


def damage(random, folder, pool):
    """One file of the folder changed: its bytes, or what a sound file of its kind says; or it is another's."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[random.integers(len(files))]
    structured = STRUCTURED.get(path.suffix)
    if structured and random.random() < 0.6:
        structured(random, path)
        return structured.__name__
    if random.random() < 0.1:
        shutil.copy(pool[random.integers(len(pool))], path)
        return "another's"
    how = [*BYTES, repacked][random.integers(len(BYTES) + 1)]
    path.write_bytes(how(random, path.read_bytes()))
    return how.__name__


# the proof


def outcome(kind, folder):
    """'' for what is read or refused in one line, in time and memory; else what is wrong."""
    from dmpnet.errors import DmpnetError
    began, told = time.process_time(), ""
    try:
        kind.read(folder)
    except (DmpnetError, OSError) as error:
        told = str(error)
    except Slow:
        return "not done in 20 s"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:300]!r}"
    taken = time.process_time() - began
    if "\n" in told or len(told) > LINE:
        return f"{told.count(chr(10)) + 1} lines, {len(told)} characters: {told[:300]!r}"
    if re.search("allocate|MemoryError", told):
        return f"memory: {told[:300]!r}"
    return f"took {taken:.1f} s: {told[:200]!r}" if taken > SECONDS else ""


def work(seeds, names):
    """Cases `seeds`, a line of JSON before and after each; run in a process of its own."""
    warnings.simplefilter("ignore")
    sound = Path(tempfile.mkdtemp(prefix="sound-"))
    for name in names:
        (sound / name).mkdir()
        KINDS[name].make(sound / name)
        KINDS[name].read(sound / name)
    pool = sorted(path for path in sound.rglob("*") if path.is_file())
    with open("/proc/self/statm") as file:
        there = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (there + MEMORY,) * 2)

    def stop(*_):
        raise Slow

    signal.signal(signal.SIGALRM, stop)
    print(json.dumps({"ready": True}), flush=True)
    for seed in seeds:
        name = names[seed % len(names)]
        print(json.dumps({"seed": seed, "kind": name}), flush=True)
        with tempfile.TemporaryDirectory(prefix="case-") as folder:
            shutil.copytree(sound / name, folder, dirs_exist_ok=True)
            how = damage(np.random.default_rng(seed), Path(folder), pool)
            signal.setitimer(signal.ITIMER_REAL, 20)
            try:
                wrong = outcome(KINDS[name], Path(folder)).replace(folder, "")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps({"seed": seed, "kind": name, "how": how, "wrong": wrong}), flush=True)
    shutil.rmtree(sound)


def proof(count, first=0, names=tuple(KINDS), report=lambda wrong: None):
    """What is wrong of `count` cases, [{seed, kind, how, wrong}]; a process that dies is one, and the rest goes on."""
    found, seed, end = [], first, first + count
    while seed < end:
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen([sys.executable, __file__, "--work", str(seed), str(end), *names], text=True,
                                       stdout=subprocess.PIPE, stderr=errors)
            begun: dict[str, Any] = {}
            while line := _line(process):
                begun = json.loads(line) if line.startswith("{") else begun
                if begun.get("wrong"):
                    found.append(begun)
                    report(begun)
            if process.wait() == 0:
                return found
            errors.seek(0)
            said = errors.read()[-300:]
        if "seed" not in begun:
            raise RuntimeError(f"the sound files cannot be made or read: {said}")
        found.append({"how": ""} | begun | {"wrong": f"died with {process.returncode}: {said!r}"})
        report(found[-1])
        seed = begun["seed"] + 1
    return found


def _line(process):
    """The next line it writes, '' at its end; a process that is silent for a minute is killed."""
    if not select.select([process.stdout], [], [], 60)[0]:
        process.kill()
    return process.stdout.readline()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(range(int(sys.argv[2]), int(sys.argv[3])), sys.argv[4:])
        raise SystemExit
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    given = parser.parse_args()
    wrong = proof(given.count, given.first, given.only, lambda each: print(
        f"{each['seed']:>6}  {each['kind']:<15} {each['how']:<15} {each['wrong']}", flush=True))
    print(f"{len(wrong)} of {given.count} neither read nor refused in one line")
    raise SystemExit(bool(wrong))
