"""Weights: one seed of each network comes with the package; the list of all, and where the others come from."""

import csv
import fnmatch
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest

import dmpnet
from dmpnet import cli
from dmpnet.commands import report
from dmpnet.data import networks
from dmpnet.disk import shipped
from dmpnet.drawing import catalogue
from dmpnet.errors import DmpnetError, WeightsError

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
ROW, GRAPH = "braille-fsnn", "nmnist-conv-dmp"


def command(*words):
    return cli.main([str(word) for word in words])


def in_clone():
    return sorted(path.relative_to(MODELS).as_posix() for path in MODELS.rglob("*.npz"))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The cache folder of an installed package, which has the list and the first seeds."""
    here = tmp_path / "dmpnet" / "models"
    here.mkdir(parents=True)
    (here / shipped.LIST).symlink_to(MODELS / shipped.LIST)
    for file in in_clone():
        if file.endswith("0.npz"):
            (here / file).parent.mkdir(parents=True)
            (here / file).symlink_to(MODELS / file)
    monkeypatch.setattr(shipped, "HERE", tmp_path / "dmpnet")
    monkeypatch.delenv(shipped.ENVIRONMENT, raising=False)
    monkeypatch.setattr(shipped.files, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "models"


def test_the_list_is_whole_and_right():
    """If not: python -c "from dmpnet.disk import shipped; shipped.write_list()" in the clone."""
    with open(MODELS / shipped.LIST, newline="") as lines:
        told = [(line["file"], line["sha256"], line["bytes"]) for line in csv.DictReader(lines)]
    assert told == [(file, sha256((MODELS / file).read_bytes()).hexdigest(), str((MODELS / file).stat().st_size))
                    for file in in_clone()]
    assert len(told) > 90 and [one.file for one in shipped.listed().values()] == in_clone()


def test_the_list_is_written_anew(tmp_path, monkeypatch):
    (tmp_path / "models" / "graphs" / "b").mkdir(parents=True)
    (tmp_path / "models" / "graphs" / "b" / "seed0.npz").write_bytes(b"b")
    monkeypatch.setattr(shipped, "HERE", tmp_path / "dmpnet")
    shipped.write_list()
    (one,) = shipped.listed().values()
    assert (one.file, one.sha256, one.bytes) == ("graphs/b/seed0.npz", sha256(b"b").hexdigest(), 1)


def test_the_package_takes_one_seed_of_each():
    """By the patterns of setup.cfg; weights do not shrink in a wheel."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")

    def meant(part, file):
        patterns = setup[f"options.{part}"]["dmpnet.models"].replace(",", " ").split()
        return any(fnmatch.fnmatch(file, pattern) and file.count("/") == pattern.count("/") for pattern in patterns)

    taken = [file for file in in_clone() if meant("package_data", file) and not meant("exclude_package_data", file)]
    folders = [PurePosixPath(file).parent for file in taken]
    assert sorted(folders) == sorted({PurePosixPath(file).parent for file in in_clone()})
    for file in taken:
        assert file.endswith("0.npz"), "`NAME` alone is the first"
    assert sum((MODELS / file).stat().st_size for file in taken) < 20e6
    assert meant("package_data", shipped.LIST) and meant("exclude_package_data", "upstream/README.md")


def test_what_is_not_at_hand_is_known_and_refused_by_name(installed):
    assert shipped.names() == sorted({file.split("/")[0] for file in in_clone() if file.count("/seed") == 1
                                      and not file.startswith("graphs")})
    assert shipped.runs(ROW) == [0, 1, 2] == shipped.runs(GRAPH, "graphs")
    assert shipped.path(ROW) == shipped.path(f"{ROW}/seed0") and dmpnet.load(ROW).layers
    for ask in (lambda: dmpnet.load(f"{ROW}/seed2"), lambda: dmpnet.load(f"{GRAPH}/seed1")):
        with pytest.raises(WeightsError, match="are not in .*models, .*cache/models; type `dmpnet data weights"):
            ask()
    with pytest.raises(WeightsError, match=f"{ROW}: all seeds are read, but the weights of 1, 2 are not at hand, "
                                           f"those of 0 are; type `dmpnet data weights {ROW} --from models`"):
        shipped.seeds(ROW)
    assert shipped.seeds("smnist-dmp1") == [0]
    with pytest.raises(WeightsError, match="has the runs seed0, seed1, seed2; choose one"):
        shipped.path(f"{ROW}/seed7")


def test_a_figure_of_all_seeds_is_left_out_and_told(installed, monkeypatch, capsys, tmp_path):
    for name in ("figures", "analyses"):
        (tmp_path / "dmpnet" / name).symlink_to(ROOT / name)
    monkeypatch.setattr("dmpnet.drawing.save", lambda figure, stem, by: stem.with_suffix(".png").write_text(by))
    assert command("figures", "learned_delays", "hierarchy", "--out", tmp_path / "o") == 2
    told = capsys.readouterr()
    chosen = catalogue.scripts()["learned_delays"]
    monkeypatch.setattr(catalogue, "named", lambda names: [chosen])
    assert "<p>learned_delays is not drawn: shd-regen-dsnn: all seeds are read" in report.drawn()
    assert "learned_delays is not drawn: shd-regen-dsnn: all seeds are read, but the weights of 1, 2, 3, 4" in told.err
    assert "type `dmpnet data weights shd-regen-dsnn --from models`, the folder of a clone" in told.err
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["hierarchy.png"]


def test_of_all_figures_those_of_all_seeds_are_left_out(installed, monkeypatch, capsys, tmp_path):
    for name in ("figures", "analyses"):
        (tmp_path / "dmpnet" / name).symlink_to(ROOT / name)
    monkeypatch.setattr("dmpnet.drawing.save", lambda figure, stem, by: stem.with_suffix(".png").write_text(by))
    some = {name: catalogue.scripts()[name] for name in ("learned_delays", "hierarchy")}
    monkeypatch.setattr(catalogue, "scripts", lambda: some)
    assert command("figures", "all", "--out", tmp_path / "o") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "learned_delays is left out: shd-regen-dsnn: all seeds are read" in out and "hierarchy.png" in out
    assert "`dmpnet data weights --from models` brings the seeds of all networks" in out
    assert "learned_delays.png" not in out and not (tmp_path / "o" / "learned_delays.png").exists()


def archive(folder, kind):
    """Of a clone in which other files lie as well."""
    path = folder / f"clone{kind}"
    members = ["README.md", *(file for file in in_clone() if ROW in file or GRAPH in file)]
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for file in members:
                packed.write(MODELS / file, f"dmpnet-main/models/{file}")
    else:
        with tarfile.open(path, "w:gz" if kind == ".tar.gz" else "w") as packed:
            for file in members:
                packed.add(MODELS / file, f"dmpnet-0.2.0/models/{file}")
    return path


SOURCES = {
    "models": lambda folder: MODELS, "clone": lambda folder: ROOT, "zip": lambda folder: archive(folder, ".zip"),
    "tar": lambda folder: archive(folder, ".tar"), "url": lambda folder: f"{MODELS.as_uri()}/",
    "url of an archive": lambda folder: archive(folder, ".tar").as_uri()}


@pytest.mark.parametrize("source", SOURCES)
def test_weights_are_brought(installed, tmp_path, source):
    where = SOURCES[source](tmp_path)
    paths = networks.bring([ROW, GRAPH], str(where))
    brought = sorted(path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file())
    assert brought == [f"{row}/seed{seed}.npz" for row in (ROW, f"graphs/{GRAPH}") for seed in (1, 2)]
    assert sorted(paths) == sorted(installed / file for file in brought)
    assert all((installed / file).read_bytes() == (MODELS / file).read_bytes() for file in brought)
    assert shipped.seeds(ROW) == [0, 1, 2] == shipped.seeds(GRAPH, "graphs")
    assert shipped.path(f"{GRAPH}/seed2", "graphs") == installed / "graphs" / GRAPH / "seed2.npz"


def test_the_command_says_what_it_brought(installed, capsys):
    assert command("data", "weights", ROW, "--from", MODELS) == 0
    assert f"2 files, 0.2 MB, fetched into {installed}" in capsys.readouterr().out
    assert dmpnet.load(f"{ROW}/seed2").provenance == dmpnet.load(MODELS / ROW / "seed2.npz").provenance
    assert command("data", "weights", ROW) == 0 and "all of it is at hand" in capsys.readouterr().out


def test_a_further_folder_counts(installed, monkeypatch):
    monkeypatch.setenv(shipped.ENVIRONMENT, str(MODELS))
    assert shipped.path(f"{ROW}/seed1") == MODELS / ROW / "seed1.npz" and not installed.exists()
    assert networks.bring() == []


def test_weights_of_another_version_are_none_of_ours(installed, tmp_path):
    """Neither in the cache folder, where they are replaced, nor where they are to be fetched from."""
    (tmp_path / "other" / ROW).mkdir(parents=True)
    for seed in (1, 2):
        (tmp_path / "other" / ROW / f"seed{seed}.npz").write_bytes((MODELS / ROW / "seed0.npz").read_bytes())
    with pytest.raises(WeightsError, match=f"{ROW}/seed1.npz: sha256 .*nothing was kept of it; take the models/"):
        networks.bring([ROW], str(tmp_path / "other"))
    assert not list(installed.rglob("*.npz"))
    (installed / ROW).mkdir(parents=True)
    (installed / ROW / "seed1.npz").write_bytes((MODELS / ROW / "seed0.npz").read_bytes())
    with pytest.raises(WeightsError, match="cache/models .another file of that name.; type"):
        shipped.path(f"{ROW}/seed1")
    networks.bring([ROW], str(MODELS))
    assert shipped.path(f"{ROW}/seed1") == installed / ROW / "seed1.npz"


@pytest.mark.parametrize("words, told", [
    (("weights",), r"\d+ files are not at hand, but no address is known.*--from: the models/ folder of a clone"),
    (("weights", "braile-fsnn"), "'braile-fsnn' .did you mean braille-fsnn\\?.: no such row"),
    (("weights", "--from", "{}/nowhere"), "--from .*nowhere: no such folder or file, and no http"),
    (("weights", "--from", "{}/empty"), r"--from .*empty: (\d+) of \1 files of weights are not there, e.g. braille"),
    (("weights", "--from", "{}/text.zip"), "--from .*text.zip: not an archive that can be read"),
    (("weights", "--from", "file:///nowhere/models"), "nowhere/models/braille-dmp2/seed1.npz: cannot be downloaded"),
    (("mnits",), "'mnits' .did you mean mnist\\?.: no such data set"),
    (("mnist", ROW), f"{ROW} is of weights, but mnist is asked for; type `dmpnet data weights {ROW}`"),
    (("--from", "x"), "--from x is of weights, but the lists is asked for"),
    (("ssc", "--data", "{}/empty"), "ssc train: asked to download, but it is not offered anywhere"),
])
def test_what_cannot_be_brought_is_told(installed, tmp_path, monkeypatch, words, told):
    monkeypatch.setattr(networks.download, "RETRIES", 0)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("a login page")
    arguments = cli.parser("data").parse_args(["data", *(word.format(tmp_path) for word in words)])
    with pytest.raises(DmpnetError, match=told):
        arguments.execute(arguments)
    assert not [path for path in installed.rglob("*") if path.is_file()]


def test_the_lists_say_what_is_at_hand(installed, tmp_path, capsys):
    (tmp_path / "nmnist").mkdir()
    (tmp_path / "nmnist" / "nmnist_6k_1ms.npz").write_bytes(bytes(2_000_000))
    assert command("data", "--data", tmp_path, "--out", tmp_path / "list.json") == 0
    out, found = capsys.readouterr().out, json.loads((tmp_path / "list.json").read_text())
    data, held = ({line[key]: line for line in found[key]} for key in ("data", "weights"))
    assert all(name in out for name in (*data, ROW, GRAPH))
    for name, at_hand, public, where in (("nmnist", "train, test, subset", "no", "dmpnet, nmnist"),
                                         ("shd-regen", "subset", "no", "dmpnet"),
                                         ("shd", "none", "dmpnet data shd", None),
                                         ("smnist", "subset", "dmpnet data mnist", "dmpnet"),
                                         ("braille", "train, test, subset", "ships", "dmpnet")):
        assert [data[name][key] for key in ("at hand", "public", "where")] == [at_hand, public, where]
    assert data["nmnist"]["MB"] > 2 and data["shd-regen"]["MB"] < 3
    for name in (ROW, GRAPH):
        assert [held[name][key] for key in ("files", "at hand", "not at hand")] == [3, 1, "seed1, seed2"]


def test_a_data_set_is_fetched_once(tmp_path, monkeypatch, capsys):
    """Both parts of what goes by a name of its files."""
    asked = []

    def fetch(url, path, md5):
        asked.append((url.rpartition("/")[2], md5))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(250_000))

    monkeypatch.setattr(networks.download, "fetch", fetch)
    assert command("data", "mnist", "--data", tmp_path) == 0
    files = dmpnet.data.DATASETS["smnist"].files
    assert sorted(asked) == sorted((file.name, file.md5) for split in ("train", "test") for file in files[split])
    assert f"4 files, 1.0 MB, fetched into {tmp_path}" in capsys.readouterr().out
    assert command("data", "psmnist", "--data", tmp_path) == 0 and len(asked) == 4


@pytest.mark.slow
def test_a_wheel_is_small_and_works_from_elsewhere(tmp_path):
    """And the source distribution has every seed: it can be what weights are fetched from."""
    source = tmp_path / "source"
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True)
    for name in done.stdout.decode().strip("\0").split("\0"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(ROOT / name, source / name) if (ROOT / name).stat().st_dev == tmp_path.stat().st_dev else (
            source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", str(source), "-w", str(tmp_path)],
                   check=True, capture_output=True)
    wheel, = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 30e6
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".npz") and "/models/" in name}
    assert inside == {f"dmpnet/models/{file}" for file in in_clone() if file.endswith("0.npz")}
    subprocess.run([sys.executable, "-c", "from setuptools.build_meta import build_sdist; build_sdist('.')"],
                   cwd=source, check=True, capture_output=True)
    sdist, = source.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        names = {name.partition("/models/")[2] for name in packed.getnames()}
    assert set(in_clone()) <= names
