"""The list of figures against what there is, the command that draws them, and what it calls stale."""

import io
import json
import subprocess
import tokenize
from pathlib import Path

import numpy as np
import pytest

from dmpnet import cli
from dmpnet.commands import figures
from dmpnet.disk import shipped
from dmpnet.drawing import catalogue
from dmpnet.errors import DmpnetError
from dmpnet.results import freshness, published, table

ROOT = Path(__file__).resolve().parents[1]


# the list


def test_the_list_names_every_script_and_every_result():
    scripts = {path.stem for path in (ROOT / "figures").glob("*.py")} - {"__init__"}
    results = {path.stem for path in (ROOT / "analyses" / "results").glob("*.json")}
    assert set(catalogue.scripts()) == scripts and set(catalogue.results()) == results


def test_every_figure_of_a_paper_has_ours_or_a_sentence_why_not():
    """Those of the first paper are all there: 1a to 4d, five extended, five tables."""
    scripts, names = catalogue.scripts(), [f"{each.paper}/{each.name}" for each in catalogue.printed()]
    for each in catalogue.printed():
        assert each.paper in published.of("papers") and each.shows
        assert set(each.ours) <= set(scripts) and (each.ours or each.why), each
    wanted = ["1a", "1b", "2a", "2b", "2c", "3a", "3b", "3c", "3d", "4a", "4b", "4c", "4d", "ED1", "ED2", "ED3", "ED4",
              "ED5", "table1", "ED-table1", "ED-table2", "ED-table3", "ED-table4"]
    assert {f"dmp/{name}" for name in wanted} <= set(names) and len(set(names)) == len(names)


@pytest.mark.parametrize("script", catalogue.scripts().values(), ids=lambda script: script.name)
def test_a_script_says_what_it_claims_and_reads(script):
    assert 20 < len(script.claim) <= 120 and script.claim[-1] in ".]" and script.mended
    for pattern in script.reads:
        assert script.asks or list(ROOT.glob(pattern)), pattern
    for name in script.results:
        assert name in script.doc or name.split("_")[0] in script.doc, name
    assert script.asks or not script.results or ".json" in script.doc


def test_what_makes_a_result_is_there():
    for result in catalogue.results().values():
        first, second, *_ = [*result.command.split(), ""]
        assert (ROOT / (f"dmpnet/commands/{second}.py" if first == "dmpnet" else first)).is_file(), result
        assert all((ROOT / need).exists() for need in result.needs) and result.takes
        assert result.look or "--look" not in result.command, result
        if first.startswith("analyses/") and "options.look(parser" in (ROOT / first).read_text():
            assert ("--look" in result.command) == result.look, result


def test_a_figure_is_found_by_name_and_by_what_it_stands_for():
    assert [script.name for script in catalogue.named(["dmp/1b", "costs", "schematic"])] == ["schematic", "costs"]
    assert len(catalogue.named(["all"])) == len(catalogue.scripts()) - 1
    with pytest.raises(DmpnetError, match=r"'tabel1' \(did you mean table1\?\)"):
        catalogue.named(["tabel1"])
    with pytest.raises(DmpnetError, match="'dmp/ED-table1' .* nor a figure of a paper that one stands for"):
        catalogue.named(["dmp/ED-table1"])
    with pytest.raises(DmpnetError, match="'portrait' draws SAMPLE.npz"):
        catalogue.named(["portrait"])


# published numbers


def leaves(value):
    """All numbers below a value, text that is a number too."""
    if isinstance(value, dict | list):
        return [leaf for part in (value.values() if isinstance(value, dict) else value) for leaf in leaves(part)]
    try:
        return [float(value)]
    except ValueError:
        return []


def telling(number):
    """Whether a number is its own: three digits or more, not a round one."""
    return len(f"{number:g}".replace(".", "").strip("0")) >= 3


def test_no_published_number_is_typed_twice():
    """Not in the scripts that show them, nor in what they call, nor in the rows of the table."""
    known = {number for number in leaves(published.numbers()) if telling(number)}
    assert {91.23, 48.6, 0.221, 16.7, 95.06} <= known
    files = [path for folder in ("figures", "analyses", "dmpnet/results", "dmpnet/drawing", "dmpnet/commands",
                                 "dmpnet/hardware") for path in (ROOT / folder).rglob("*.py")]
    typed = {str(path.relative_to(ROOT)): sorted(found) for path in files if (found := known & {
        float(token.string) for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type == tokenize.NUMBER and token.string.replace(".", "", 1).isdecimal()})}
    assert not typed
    rows = (ROOT / "models" / "table1.toml").read_text()
    assert not [number for number in known if f"= {number:.2f}" in rows]


def test_published_numbers_have_a_source():
    for part, found in published.numbers().items():
        if part != "papers":
            assert all(entry["source"] for entry in (found if isinstance(found, list) else [found])), part
    with pytest.raises(DmpnetError, match="'chip': no such part in published.toml, which has papers"):
        published.of("chip")


def test_rows_stand_beside_what_is_printed_of_them():
    assert published.printed("shd/dmp2") == (91.23, 40) == (table.row("shd-regen-dmp2").paper, 40)
    assert table.row("shd-regen-dmp2").size == "40K" and table.row("shd-regen-delays").size == ""
    assert published.lost_on_hardware() == pytest.approx(0.93)
    assert {other.name for other in published.literature("shd")} >= {"C-SiLIF", "state-space model"}


# the command


def test_the_command_lists_all(capsys):
    assert cli.main(["figures", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in catalogue.scripts()) and all(name in out for name in catalogue.results())
    assert "dmp/ED-table3" in out and "reconstruction" in out


def test_the_command_draws_what_is_named(tmp_path, capsys):
    """Twice the same, in the place of its own files; others are left."""
    assert cli.main(["figures", "queues", "dmp/1b", "--out", str(tmp_path)]) == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"queues.png", "queues.pdf", "schematic.png", "schematic.pdf"}
    assert cli.main(["figures", "queues", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "queues.pdf").read_bytes() == first["queues.pdf"]
    (tmp_path / "queues.png").write_bytes(b"mine")
    assert cli.main(["figures", "queues", "--out", str(tmp_path)]) == 2
    assert "queues.png is there, but not as an earlier `figures` wrote it" in capsys.readouterr().err
    assert (tmp_path / "queues.png").read_bytes() == b"mine"


@pytest.mark.slow
def test_all_figures_are_drawn_twice_the_same(tmp_path):
    for number in "12":
        assert cli.main(["figures", "all", "--out", str(tmp_path / number)]) == 0
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / number).iterdir()} for number in "12")
    assert first == second and len(first) == 2 * (len(catalogue.scripts()) - 1)
    assert min(map(len, first.values())) > 5_000


def test_what_is_stale_is_made_again_and_drawn(tmp_path, monkeypatch, capsys):
    """By its command, into the folder of the figures; what ships stays as it is, and the figure is of the new one."""
    known, drawn, asked = catalogue.results()["queues"], [], []
    before = known.path.read_bytes()

    def make(command, check, env):
        asked.append(command[1:])
        changed = json.loads(before)
        changed["rows"][0]["validation %"] = 12.5
        Path(command[command.index("--out") + 1]).write_text(json.dumps(changed))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(figures.subprocess, "run", make)
    monkeypatch.setattr(figures, "age_of", lambda result: freshness.Age(freshness.STALE, "changed"))
    monkeypatch.setattr("dmpnet.drawing.save", lambda figure, stem, by: drawn.append(figure))
    assert cli.main(["figures", "queues", "--recompute", "--data", "somewhere", "--out", str(tmp_path)]) == 0
    (script, *given), = asked
    assert script == str(shipped.folder("analyses") / "queues.py") and given[-2:] == ["--data", "somewhere"]
    assert known.path.read_bytes() == before and "queues: changed" in capsys.readouterr().out
    figure, = drawn
    assert [12.5] in [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert len(list((tmp_path / "results").glob("*.json"))) == len(catalogue.results())
    monkeypatch.setattr(figures, "age_of", lambda result: freshness.Age(freshness.PERHAPS, "its script"))
    assert cli.main(["figures", "queues", "--recompute", "--out", str(tmp_path)]) == 0 and len(asked) == 1
    assert "queues: kept; stale: perhaps, its script" in capsys.readouterr().out


def test_no_test_set_is_looked_at_without_being_asked_to(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "age_of", lambda result: freshness.Age(freshness.STALE, "changed"))
    monkeypatch.setattr(figures.subprocess, "run", lambda *_, **__: pytest.fail("was run"))
    assert cli.main(["figures", "decays", "--recompute", "--out", str(tmp_path)]) == 2
    assert "decays is stale, but made by looking at a test set; add --look" in capsys.readouterr().err


def test_a_command_that_fails_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figures, "age_of", lambda result: freshness.Age(freshness.STALE, "changed"))
    monkeypatch.setattr(figures.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 2))
    assert cli.main(["figures", "cores", "--recompute", "--out", str(tmp_path)]) == 2
    assert "cores could not be made again (dmpnet cores shd-regen-dmp2 ended with 2)" in capsys.readouterr().err


# staleness


@pytest.fixture
def repository(tmp_path):
    """A clone with a script, weights, a chip, and a result that names the commit."""
    def git(*arguments):
        return subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
                              capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "net").mkdir()
    np.savez(tmp_path / "net" / "seed0.npz", W=np.zeros(3))
    (tmp_path / "net" / "README.md").write_text("a card")
    (tmp_path / "chip.toml").write_text("bits = 8\n")
    (tmp_path / "script.py").write_text('"""What."""\nx = 1\n')
    git("add", ".")
    git("commit", "-qm", "all")
    (tmp_path / "r.json").write_text(json.dumps({"runs": [{"made": {"commit": git("rev-parse", "HEAD")}}]}))
    return tmp_path


def aged(repository):
    return freshness.age(repository / "r.json", "script.py", ["net", "chip.toml"], repository)


@pytest.mark.parametrize("file, text, stale, why", [
    ("script.py", '"""Said otherwise."""\n# and explained\nx = 1\n', "no", "as now"),
    ("script.py", '"""What."""\nx = 2\n', "perhaps", "the code of its script"),
    ("chip.toml", "# wide\nbits = 8\n", "no", "as now"),
    ("chip.toml", "bits = 8\nlater = { value = false, source = 'ours' }\n", "no", "as now"),
    ("chip.toml", "bits = 8\nlater = { value = true, source = 'ours' }\n", "yes", "changed since: chip.toml"),
    ("chip.toml", "bits = 4\n", "yes", "changed since: chip.toml"),
    ("chip.toml", "", "yes", "changed since: chip.toml"),
    ("net/README.md", "another card", "no", "as now"),
    ("net/seed0.npz", "other weights", "yes", "changed since: net/seed0.npz"),
    ("elsewhere.py", "x = 3\n", "no", "as now"),
])
def test_what_makes_a_result_stale(repository, file, text, stale, why):
    assert aged(repository).stale == "no"
    (repository / file).write_text(text)
    assert aged(repository).stale == stale and why in aged(repository).why


def test_what_cannot_be_told(repository, tmp_path_factory):
    assert "+" not in aged(repository).why
    entry = json.loads((repository / "r.json").read_text())
    entry["runs"][0]["made"]["commit"] += "+changes"
    (repository / "r.json").write_text(json.dumps(entry))
    assert aged(repository) == ("no", "as now; made with changes that no commit holds")
    for commit, why in (("0" * 40, "git does not know 000000000"), (None, "names no commit")):
        (repository / "r.json").write_text(json.dumps({"commit": commit}))
        assert aged(repository) == ("?", why)
    nowhere = tmp_path_factory.mktemp("wheel")
    assert freshness.age(repository / "r.json", "script.py", [], nowhere).stale == "?"


def test_every_shipped_result_can_be_aged():
    """Out of a clone, where there is no history to ask, each is a question mark."""
    assert {figures.age_of(result).stale for result in catalogue.results().values()} <= {"yes", "no", "perhaps", "?"}
