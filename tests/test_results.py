"""Results that were damaged are told in one line that names the file; what is whole is read."""

import copy
import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from dmpnet.disk import results
from dmpnet.drawing import figure
from dmpnet.errors import DmpnetError

ROOT = Path(__file__).resolve().parent.parent
FIGURES = {"decays": "decays", "constrained": "constrained", "core_costs": "core_costs", "hierarchy": "hierarchy",
           "gradient_reach": "gradient_reach", "in_memory_update": "in_memory_update", "codesign": "codesign",
           "learned_on_chip": "learned_on_chip", "local_readout": "local_readout", "on_chip_stdp": "on_chip_stdp",
           "cores": "cores"}
SHAPE = {"runs": [{"name": str, "right": float, "seed": int, "cut": (float, None)}], "by": {str: [float]}}
WHOLE = {"runs": [{"name": "a", "right": 1, "seed": 0, "cut": None},
                  {"name": "b", "right": 0.5, "seed": 1, "cut": 2.0}], "by": {"x": [1, 2.5]}, "more": "whatever"}


def places(value, at=()):
    """Every place in nested JSON."""
    yield at
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*at, key))


def put(value, at, new):
    """A copy with another value, or none, at a place."""
    if not at:
        return new
    value = copy.deepcopy(value)
    inner = value
    for key in at[:-1]:
        inner = inner[key]
    if new is Ellipsis:
        del inner[at[-1]]
    else:
        inner[at[-1]] = new
    return value


def test_what_is_whole_is_read(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(WHOLE))
    assert results.read(tmp_path / "r.json", SHAPE) == WHOLE


@pytest.mark.parametrize("at", [at for at in places({key: WHOLE[key] for key in SHAPE}) if at])
def test_every_place_that_is_needed_must_be_of_its_kind(at, tmp_path):
    for wrong in (3 if at[-1] == "name" else "text", True, float("nan"), float("inf")):
        (tmp_path / "r.json").write_text(json.dumps(put(WHOLE, at, wrong)))
        with pytest.raises(DmpnetError, match=r"r\.json: .*; make it again") as told:
            results.read(tmp_path / "r.json", SHAPE)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5000, '{"runs": 1e999}', "\x00", "null", "[]"])
def test_what_is_no_json_of_results(text, tmp_path):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(DmpnetError, match=r"r\.json: "):
        results.read(tmp_path / "r.json", SHAPE)


def call(script, stem, monkeypatch, capsys):
    """Exit code and what a figure script says; 0 if it draws. What is drawn is not written, which takes most time."""
    monkeypatch.setattr(figure, "save", lambda figure, *_: [])
    monkeypatch.setattr("sys.argv", [f"{script}.py", str(stem)])
    try:
        runpy.run_path(str(stem.parent / "figures" / f"{script}.py"), run_name="__main__")
    except SystemExit as left:
        return left.code, capsys.readouterr().err
    return 0, ""


@pytest.mark.parametrize("script", FIGURES)
@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 20))])
def test_a_figure_of_damaged_results(script, number, tmp_path, monkeypatch, capsys):
    """A value of another kind, or none, somewhere; a figure may still be drawn, if it needs no such place."""
    shutil.copytree(ROOT / "figures", tmp_path / "figures")
    shutil.copytree(ROOT / "analyses" / "results", tmp_path / "analyses" / "results")
    path = tmp_path / "analyses" / "results" / f"{FIGURES[script]}.json"
    whole, random = json.loads(path.read_text()), np.random.default_rng([number, len(script)])
    known = [at for at in places(whole) if at and at[0] not in ("arguments", "versions", "source", "chip", "report")]
    for wrong in ("text", None, [], {}, -1, Ellipsis):
        at = known[random.integers(len(known))]
        path.write_text(json.dumps(put(whole, at, wrong)))
        code, told = call(script, tmp_path / "stem", monkeypatch, capsys)
        assert code in (0, 2) and told.count("\n") == (code == 2), (at, wrong, told)
        assert code == 0 or f"{FIGURES[script]}.json: " in told, (at, wrong, told)
    path.write_text("{}")
    code, told = call(script, tmp_path / "stem", monkeypatch, capsys)
    assert code == 2 and f"{FIGURES[script]}.json: all of it has no" in told
