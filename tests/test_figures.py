"""Figures are functions of files: drawn from what the repository holds, twice the same bytes, without Brian2."""

import subprocess
import sys
from pathlib import Path

import pytest

FIGURES = Path(__file__).resolve().parent.parent / "figures"
FROM_THE_REPOSITORY = sorted(path for path in FIGURES.glob("*.py") if path.name != "portrait.py")  # needs a run


@pytest.mark.parametrize("script", FROM_THE_REPOSITORY, ids=lambda path: path.stem)
def test_a_figure_is_drawn_from_files_alone(script, tmp_path):
    made = []
    for number in (1, 2):
        stem = tmp_path / f"{number}"
        code = (f"import runpy, sys; sys.argv = ['figure', {str(stem)!r}]; runpy.run_path({str(script)!r}, "
                f"run_name='__main__'); assert not {{'brian2', 'torch'}} & set(sys.modules)")
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=FIGURES.parent)
        made.append([Path(f"{stem}.{kind}").read_bytes() for kind in ("png", "pdf")])
    assert made[0] == made[1] and len(made[0][0]) > 5_000


def test_every_figure_is_in_the_list():
    listed = (FIGURES / "README.md").read_text()
    assert all(f"`{path.name}`" in listed for path in FIGURES.glob("*.py"))
