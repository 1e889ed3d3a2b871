"""Figures are functions of files: drawn from what the repository holds, twice the same bytes, without Brian2."""

import dataclasses
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from networks import random_network

from dmpnet.drawing import marks
from dmpnet.drawing.codesign import codesign
from dmpnet.drawing.decays import apart, decays
from dmpnet.drawing.portrait import portrait
from dmpnet.results import intervals
from dmpnet.trained import weights

FIGURES = Path(__file__).resolve().parent.parent / "figures"
SCRIPTS = sorted(path for path in FIGURES.glob("*.py") if path.stem != "__init__")


def test_figures_are_drawn_from_files_alone():
    """All of them, in one Python that imports neither Brian2 nor PyTorch."""
    code = ("import sys; from dmpnet.drawing import catalogue; drawn = [script.figure() for script in "
            "catalogue.named(['all'])]; assert not {'brian2', 'torch'} & set(sys.modules); print(len(drawn))")
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=FIGURES.parent)
    assert int(done.stdout) == len(SCRIPTS) - 1  # the portrait needs a run


def test_a_figure_is_written_twice_the_same(tmp_path, monkeypatch):
    for name in ("gradient_reach",):
        made = []
        for number in (1, 2):
            monkeypatch.setattr("sys.argv", [f"{name}.py", str(tmp_path / f"{name}{number}")])
            runpy.run_path(str(FIGURES / f"{name}.py"), run_name="__main__")
            made.append([(tmp_path / f"{name}{number}.{kind}").read_bytes() for kind in ("png", "pdf")])
        assert made[0] == made[1] and len(made[0][0]) > 5_000


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_figure_tells_how_it_is_called(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words, code in ([["--help"], 0], [[], 2]):
        monkeypatch.setattr("sys.argv", [script.name, *words])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(script), run_name="__main__")
        assert left.value.code == code and "STEM" in "".join(capsys.readouterr())
    assert not list(tmp_path.iterdir())


def test_a_figure_of_a_file_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["portrait.py", str(tmp_path / "none.npz"), str(tmp_path / "portrait")])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(FIGURES / "portrait.py"), run_name="__main__")
    assert left.value.code == 2 and "none.npz" in capsys.readouterr().err and not list(tmp_path.iterdir())


def run_of(variant, seed, accuracy):
    return {"variant": variant, "seed": seed, "epochs": 40, "accuracy_brian2": accuracy, "samples": 2270,
            "rates": [0.1, 0.3],
            "without_memory_brian2": None if variant == "no memory (FSNN)" else 20.0, "effective_rank": [4.0, 2.0],
            "parameters": {"paper": 39624}}


def test_variants_are_drawn(tmp_path):
    """Every panel shows every run of its group, means where it says so."""
    names = {"ablation": ["as in the table", "no memory (FSNN)"], "d": ["d 2", "d 10"],
             "theta": ["theta 5", "theta 40"], "dilation": ["d_s 1", "d_s 5"],
             "activity": ["rate weight 0", "rate weight 3"], "rank": ["rank weight 0", "rank weight 1"],
             "grid": ["d 2, theta 5", "d 10, theta 5", "d 2, theta 40"]}
    for group, variants in names.items():
        runs = [run_of(name, seed, 70.0 + 4 * number + seed) for number, name in enumerate(variants) for seed in (0, 1)]
        (tmp_path / f"variants_{group}.json").write_text(json.dumps({"runs": runs}))
    figure = runpy.run_path(str(FIGURES / "variants.py"))["variants"](tmp_path)
    parts, d, *_, grid = figure.axes
    assert list(parts.lines[0].get_xdata()) == [70, 71, 74, 75] and list(parts.lines[1].get_xdata()) == [20, 20]
    mean, = (line for line in d.lines if list(line.get_xdata()) == [2, 10])
    assert list(mean.get_ydata()) == [70.5, 74.5]
    assert [text.get_text() for text in grid.texts][:2] == ["70", "78"] and grid.texts[2].get_text() == "74"


def test_an_interval_over_samples_is_that_of_a_binomial():
    low, high = intervals.of_samples(80.0, 400)
    assert (low, high) == pytest.approx((76.08, 83.92)) and intervals.of_samples(100.0, 7) == (100, 100)
    assert intervals.of_samples(-1.0, 0) == (-1, -1)  # a damaged record is drawn where it says


def test_a_hierarchy_is_drawn(tmp_path):
    runs = [run_of(name, seed, accuracy + seed) for name, accuracy in (("no slow memory", 50.0), ("cascade", 90.0))
            for seed in (0, 1)]
    (tmp_path / "hierarchy.json").write_text(json.dumps({"runs": runs}))
    ax, = runpy.run_path(str(FIGURES / "hierarchy.py"))["hierarchy"](tmp_path / "hierarchy.json").axes
    assert [list(line.get_xdata()) for line in ax.lines[:4]] == [[50], [51], [90], [91]]
    assert ax.get_xlim()[1] < 100  # an accuracy has no more
    assert [text.get_text() for text in ax.texts[:2]] == [f"{mean} %, 39,624 parameters" for mean in (50.5, 90.5)]


@pytest.mark.parametrize("epochs, shown", [((26, 26, 24), [24]), ((3, 2, 2), [2, 2]), ((4,), [4]), ((), [])])
def test_curves_are_of_the_recipe_of_the_newest_seed(tmp_path, epochs, shown):
    for seed, length in enumerate(epochs):
        made = {"arguments": {"epochs": length, "seed": seed, "coarse_epochs": 1}, "written": f"2026-01-0{seed + 1}"}
        weights.save(dataclasses.replace(random_network(), provenance=made), tmp_path / f"seed{seed}.npz")
        (tmp_path / f"seed{seed}.curve.csv").write_text("validation_accuracy\n" + "0.5\n" * length)
    found, coarse = runpy.run_path(str(FIGURES / "curves.py"))["validation"](tmp_path)
    assert [len(run) for run in found] == shown and all((run == 50).all() for run in found)
    assert coarse == bool(epochs)


def test_costs_are_those_of_the_rule():
    """140-128-128-20: a bar a network, parameters in thousands, then state."""
    left, right = runpy.run_path(str(FIGURES / "costs.py"))["costs"]().axes
    plain, both = 140 * 128 + 128 * 128 + 128 * 20, 2 * 128
    extra = [0, 2 * 128**2, 140 + 128, *(both * d + 2 * d**2 for d in (5, 10, 30))]
    np.testing.assert_allclose([bar.get_width() for bar in left.patches], [(plain + more) / 1000 for more in extra])
    *state, by_rule = [bar.get_width() for bar in right.patches]
    assert by_rule == both * (1 + 15)  # every axon as long as the longest may be
    assert state[:2] == [both, 2 * both] and state[3:] == [both + 2 * d for d in (5, 10, 30)]
    assert both < state[2] <= both + (140 + 128) * 15


def test_memory_and_delays_are_drawn_beside_what_was_printed(tmp_path):
    rows = {"shd-regen-fsnn": 48.60, "shd-regen-dmp1": 89.00, "shd-regen-dsnn": 90.98, "shd-regen-delays": None}
    for place, row in enumerate(rows):
        (tmp_path / row).mkdir()
        for seed in (0, 1):
            (tmp_path / row / f"seed{seed}.json").write_text(json.dumps({"accuracy_brian2": 70.0 + place + 2 * seed}))
    for ax in runpy.run_path(str(FIGURES / "delays.py"))["delays"](tmp_path).axes:  # both parts of a broken axis
        drawn = [list(line.get_ydata()) for line in ax.lines if line.get_linestyle() == "None"]
        crosses = [list(line.get_ydata()) for line in ax.lines if line.get_marker() == "x"]
        for place, printed in enumerate(rows.values()):
            assert [70 + place, 72 + place] in drawn and [71 + place] in drawn
            assert printed is None or [printed] in crosses
        assert len(crosses) == 3


def seen(tmp_path, s_in, **more):
    """What `dmpnet run` keeps of a recording, of five neurons without slow memory."""
    path, draw = tmp_path / "sample.npz", np.random.default_rng(1)
    np.savez(path, s_in=s_in, spikes1=draw.random((len(s_in), 5)) < 0.2, readout=draw.random((len(s_in), 3)), label=1,
             dt=1e-3, name="network", logits=np.zeros(3), **more)
    return path


def test_input_is_white_where_it_is_0(tmp_path):
    """On both sides of it, and where no channel is silent."""
    for s_in in (np.array([[-1, 0], [1, 0]]), np.array([[0.5, 1], [1, 0.5]]), np.zeros((2, 2))):
        image, = portrait(seen(tmp_path, s_in)).axes[0].images
        colours = image.cmap(image.norm([-1.0, 0.0, 1.0]))
        assert (colours[1] == 1).all() and (colours[2] == [0, 0, 0, 1]).all()
        assert (colours[0] == 1).all() == (s_in.min() >= 0)


@pytest.mark.parametrize("order", [1, -1])
def test_the_image_hides_no_pixel_of_a_digit(tmp_path, order):
    """Permuted or not."""
    digit = np.random.default_rng(0).random((784, 1))
    figure = portrait(seen(tmp_path, digit, **({"permutation": np.arange(784)[::-1]} if order < 0 else {})))
    figure.draw_without_rendering()
    inset, = figure.axes[0].child_axes
    assert inset.get_window_extent().x0 > figure.axes[0].get_window_extent().x1
    np.testing.assert_array_equal(inset.images[0].get_array(), digit[::order].reshape(28, 28))


def test_every_design_is_drawn_and_those_that_are_named_marked(tmp_path):
    """Of twelve choices of bits; the front in steps, as what lies between two designs is had from the first."""
    points = [{"d": 2, "N": n, "W_f": n, "P": 4, "m": 8, "bytes": 1000 * n, "nJ": 10.0 * n, "samples": 400,
               "accuracy": 0.04 * n if n < 4 else 0.7 + 0.005 * n} for n in range(1, 13)]
    fronts = {name: {"front": list(range(12))} for name in ("bytes", "nJ")}
    (tmp_path / "r.json").write_text(json.dumps({"points": points, "budget": 6000, "fronts": fronts}))
    ax = codesign(tmp_path / "r.json").axes[0]
    lines = {line.get_label(): line for line in ax.lines}
    designs = [line for label, line in lines.items() if label.startswith("W_f")]
    assert len({(line.get_color(), line.get_marker()) for line in designs}) == 12
    assert lines["front"].get_drawstyle() == "steps-post"
    assert list(lines["cheapest of those within 2 s.e. of it"].get_xdata()) == [4]  # 3 costs less and classifies 12 %
    assert list(lines["most accurate within the budget"].get_xdata()) == [6]
    assert [text.get_text() for text in ax.texts] == ["d 2, N 4,\n4 bits", "d 2, N 6,\n6 bits"]


def test_every_decay_has_its_trace(tmp_path):
    """Seven with --finetune."""
    names = [f"decay {number}" for number in range(7)]
    (tmp_path / "r.json").write_text(json.dumps({"rows": [{"decay": name, "accuracy %": 90.0, "s.e.": 1.0}
                                                          for name in names]}))
    u = np.random.default_rng(0).random((7, 40))
    u[2, 10] = -40
    np.savez(tmp_path / "t.npz", u=u, names=np.array(names), neuron=3, dt=1e-3, theta_u=1.0)
    axes = np.reshape(decays(tmp_path / "r.json", tmp_path / "t.npz").axes, (7, 2))
    assert [left.get_yticklabels()[0].get_text() for left, _ in axes] == names
    for (_, right), mine in zip(axes, u, strict=True):
        trained, line, _ = right.lines  # each alone over the first, all on one scale
        np.testing.assert_array_equal(trained.get_ydata(), u[0])
        np.testing.assert_array_equal(line.get_ydata(), mine)
        assert right.get_ylim() == (-2.5, 1.2) and [text.get_text() for text in right.texts] == [
            "down to -40"] * bool(mine.min() < -2.5)


def test_traces_begin_where_they_differ():
    """Two membranes that are alike but for steps 30 to 40 of 100: those are shown."""
    u = np.zeros((2, 100))
    u[1, 30:40] = 1
    assert 20 <= apart(u, 20) <= 30 and apart(u, 100) == 0 and apart(u[:, :35], 20) == 15


def test_a_last_run_of_fewer_images_is_left_out():
    whole = runpy.run_path(str(FIGURES / "learned_on_chip.py"))["whole"]
    curve = np.array([[500, 40.0], [1000, 60], [1490, 70], [1550, 99]])
    np.testing.assert_array_equal(whole(curve), curve[:3])
    np.testing.assert_array_equal(whole(curve[:3]), curve[:3])


def test_what_is_published_is_a_cross_and_nothing_else_is():
    """In every figure, by its marks; hollow is what is of one seed."""
    ax = Figure().subplots()
    marks.published(ax, 1, 2)
    for seeds in (1, 3):
        marks.ours(ax, 1, 2, (1, 4), seeds=seeds, colour="k")
    cross, one, three = (line for line in ax.lines if line.get_marker() in "xo")
    assert cross.get_marker() == "x" and [line.get_markerfacecolor() for line in (one, three)] == ["white", "k"]
    low, high = ax.collections[0].get_segments()[0][:, 1]
    assert (low, high) == (1, 4)
    for path in SCRIPTS:
        assert not re.search(r"""(marker|fmt)="x"|, "x",|"x-""", path.read_text()), path


@pytest.mark.parametrize("name", ["rivals", "decays", "few_bits"])
def test_no_interval_ends_at_an_axis_without_a_mark(name):
    """Where an axis is not broken; in `decays`, which is, a wedge and a number say how far it goes on to the left."""
    figure, cut = runpy.run_path(str(FIGURES / f"{name}.py"))[name](), 0
    for number, ax in enumerate(figure.axes):
        ends = {"x": sorted(ax.get_xlim()), "y": sorted(ax.get_ylim())}
        spans = [segment for bars in ax.collections for segment in getattr(bars, "get_segments", list)()
                 if len(segment)]
        for along, axis in enumerate("xy"):
            low, high = ends[axis]
            values = [value for span in spans for value in span[:, along]]
            if name != "decays":
                assert all(low <= value <= high for value in values), (name, axis)
            elif axis == "x" and not number % 2:
                beyond = {f"{span[0, 0]:.1f}" for span in [*spans, *(line.get_xydata() for line in ax.lines)]
                          if len(span) == 2 and span[0, 1] == span[1, 1] and span[0, 0] < low}
                assert beyond == {text.get_text() for text in ax.texts}
                cut += len(beyond)
    assert (cut > 0) == (name == "decays") and figure.get_size_inches()[0] <= 7.2


def test_an_axis_in_errors_gives_each_tenth_of_them_as_much_room():
    ax = Figure().subplots()
    marks.in_errors(ax, (0, 90, 99))
    places = ax.transData.transform([(0, percent) for percent in (0, 90, 99)])[:, 1]
    assert places[2] - places[1] == pytest.approx(places[1] - places[0]) and places[1] > places[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "90", "99"]


def test_intervals_of_few():
    """Student's, by hand: deviation 1, t 4.303 of two degrees; of two values none."""
    low, high = intervals.student([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.3027 / 3 ** 0.5, 2 + 4.3027 / 3 ** 0.5), rel=1e-4)
    assert intervals.student([1.0, 2.0]) is None


def test_every_figure_is_in_the_list():
    listed = (FIGURES / "README.md").read_text()
    assert all(f"`{path.name}`" in listed for path in SCRIPTS)


def test_a_figure_replaces_its_own_and_no_other(tmp_path, monkeypatch, capsys):
    """By what is written in the file itself."""
    monkeypatch.setattr("sys.argv", ["costs.py", str(tmp_path / "stem")])
    for _ in range(2):
        runpy.run_path(str(FIGURES / "costs.py"), run_name="__main__")
    first = (tmp_path / "stem.png").read_bytes()
    for name, argv in (("delays.py", "delays.py"), ("costs.py", "costs.py")):
        if name == "costs.py":
            (tmp_path / "stem.pdf").write_bytes(b"mine")
        monkeypatch.setattr("sys.argv", [argv, str(tmp_path / "stem")])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(FIGURES / name), run_name="__main__")
        told = capsys.readouterr().err
        assert left.value.code == 2 and f"is there, but not as an earlier `figures/{name} of dmpnet` wrote it" in told
    assert (tmp_path / "stem.png").read_bytes() == first and (tmp_path / "stem.pdf").read_bytes() == b"mine"
